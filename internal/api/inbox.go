package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/world"
)

// Mailroom hands what is durable to the inboxes that are open. The general
// stream of events has each reader read the journal for itself; with hundreds
// of inboxes and a thousand messages a second, of which each concerns two, that
// would be a hundred times the work.
type Mailroom struct {
	written chan engine.Written
	ended   chan struct{}
	mu      sync.Mutex
	inboxes map[party.ID]map[*inbox]bool
}

// NewMailroom returns a Mailroom that works until it is closed.
func NewMailroom() *Mailroom {
	m := &Mailroom{
		written: make(chan engine.Written, 64), ended: make(chan struct{}),
		inboxes: map[party.ID]map[*inbox]bool{},
	}
	go m.run()
	return m
}

// Close ends the deliveries.
func (m *Mailroom) Close() { close(m.ended) }

// Written takes in a block that is durable; blocks come in order.
func (m *Mailroom) Written(w engine.Written) {
	select {
	case m.written <- w:
	case <-m.ended:
	}
}

func (m *Mailroom) run() {
	for {
		select {
		case w := <-m.written:
			m.deliver(w)
		case <-m.ended:
			return
		}
	}
}

// inboxFrames is how many events may wait for a reader; a slower one is cut off
// and resumes from the journal.
const inboxFrames = 4096

// inbox is an open stream of one position.
type inbox struct {
	party    party.ID
	position string // empty: all of the party
	frames   chan frame
	lost     bool // something did not fit: the reader is cut off; needs mu
}

// frame is an event in the form of the stream.
type frame struct {
	index int64
	text  []byte
}

func (m *Mailroom) open(who party.ID, position string) *inbox {
	b := &inbox{party: who, position: position, frames: make(chan frame, inboxFrames)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inboxes[who] == nil {
		m.inboxes[who] = map[*inbox]bool{}
	}
	m.inboxes[who][b] = true
	return b
}

func (m *Mailroom) close(b *inbox) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.inboxes[b.party], b)
	if len(m.inboxes[b.party]) == 0 {
		delete(m.inboxes, b.party)
	}
}

func (m *Mailroom) deliver(w engine.Written) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, ev := range w.Events {
		e, ok := ev.(event.Event)
		if !ok {
			continue // of the airspace: /v1/events has it
		}
		for who, open := range m.inboxes {
			f := frame{index: w.First + int64(i)}
			for b := range open {
				if b.lost || !b.takes(e) {
					continue
				}
				if f.text == nil {
					if f.text = encodeFrame(e, w.Texts[i], f.index, who); f.text == nil {
						break // nothing of it is released to this party
					}
				}
				select {
				case b.frames <- f:
				default:
					b.lost = true
					close(b.frames)
				}
			}
		}
	}
}

// takes reports whether an event belongs into the inbox, if it is released to
// its party: what is addressed to a position goes there alone.
func (b *inbox) takes(e event.Event) bool {
	if b.position == "" {
		return true
	}
	to, ok := e.(event.Addressed)
	if !ok {
		return true
	}
	position, addressed := to.Position(b.party)
	return !addressed || position == b.position
}

// encodeFrame returns an event as the stream has it for a party; nil when
// nothing of it is released.
func encodeFrame(e event.Event, text []byte, index int64, who party.ID) []byte {
	shown := shownTo(e, text, who)
	if shown == nil {
		return nil
	}
	buf := strconv.AppendInt([]byte("id: "), index, 10)
	buf = append(append(buf, "\nevent: "...), e.Type()...)
	buf = strconv.AppendInt(append(buf, "\ndata: {\"index\":"...), index, 10)
	buf = append(append(buf, `,"fields":`...), shown...)
	return append(buf, "}\n\n"...)
}

// shownTo returns the members of an event that a party may see, as an object;
// nil for none. The whole is the text itself, which is what most see.
func shownTo(e event.Event, text []byte, who party.ID) []byte {
	shown := text
	if names := e.Release(who); e.Actor() != who && (len(names) != 1 || names[0] != event.Whole[0]) {
		members, err := statement.Fields(text)
		if err != nil {
			return nil
		}
		released := world.ReleaseOf(e, members, who)
		if len(released) == 0 {
			return nil
		}
		own := map[string]json.RawMessage{}
		for _, m := range members {
			if slices.Contains(released, m.Name) {
				own[m.Name] = m.Value
			}
		}
		if shown, err = encode(own); err != nil {
			return nil
		}
		shown = shown[:len(shown)-1] // the line feed
	}
	return shown
}

// maxNews is how many entries of the journal one answer of an inbox looks at.
const maxNews = 10_000

// news answers with what an inbox holds beyond an index, for those who ask now
// and then instead of listening. The journal may hold more: next is where to go
// on.
func (h *handler) news(c *call, after int64, position string) error {
	var entries bytes.Buffer
	b := &inbox{party: c.who.Party, position: position}
	next, to := after, min(h.Engine.Hub().Size(), after+1+maxNews)
	err := h.Engine.Journal().Read(c.r.Context(), after+1, to, func(r journal.Record) error {
		ev, _, err := world.Decode(r.Event)
		if err != nil {
			return err
		}
		next = r.Index
		if e, ok := ev.(event.Event); ok && b.takes(e) {
			if shown := shownTo(e, r.Event, b.party); shown != nil {
				if entries.Len() > 0 {
					entries.WriteByte(',')
				}
				fmt.Fprintf(&entries, `{"index":%d,"fields":%s}`, r.Index, shown)
			}
		}
		if entries.Len() > streamBytes {
			return errFull
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFull) {
		return err
	}
	return c.answer(struct {
		Entries json.RawMessage `json:"entries"`
		Next    int64           `json:"next"` // index of the last entry looked at
	}{json.RawMessage("[" + entries.String() + "]"), next})
}

// inbox streams what concerns one position of the caller's party, or answers
// with it to who prefers JSON.
func (h *handler) inbox(c *call) error {
	after, err := h.after(c)
	if err != nil {
		return err
	}
	position := c.arg
	if position == "all" {
		position = ""
	}
	if c.r.Header.Get("Accept") == "application/json" {
		return h.news(c, after, position)
	}
	header := c.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // or a proxy holds events back
	if c.r.Method == http.MethodHead {
		return nil
	}
	s := &stream{call: c, handler: h, reader: c.reader(), out: http.NewResponseController(c.w), cursor: after + 1, told: after}
	if err := s.out.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	b := h.Mailroom.open(c.who.Party, position)
	defer h.Mailroom.close(b)
	if s.send([]byte(":\n\n")) == nil && h.catchUp(c.r.Context(), s, b) == nil {
		s.live(c.r.Context(), b)
	}
	return nil
}

// catchUp sends what the journal holds for the inbox beyond the cursor. What
// becomes durable meanwhile waits in the inbox.
func (h *handler) catchUp(ctx context.Context, s *stream, b *inbox) error {
	to := h.Engine.Hub().Size()
	for s.cursor < to {
		var buf []byte
		from := s.cursor
		err := h.Engine.Journal().Read(ctx, from, min(to, from+streamPortion), func(r journal.Record) error {
			s.cursor = r.Index + 1
			ev, _, err := world.Decode(r.Event)
			if err != nil {
				return err
			}
			if e, ok := ev.(event.Event); ok && b.takes(e) {
				buf = append(buf, encodeFrame(e, r.Event, r.Index, b.party)...)
			}
			return nil
		})
		if err == nil && len(buf) > 0 {
			err = s.send(buf)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// live sends what comes in, until the reader goes away or is too slow, its
// token expires, or the node stops.
func (s *stream) live(ctx context.Context, b *inbox) {
	expires := time.NewTimer(time.Until(time.Unix(0, s.call.who.ExpiresNS)))
	defer expires.Stop()
	heartbeat := time.NewTicker(heartbeatEvery)
	defer heartbeat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.handler.Ended:
			return
		case <-expires.C:
			return
		case <-heartbeat.C:
			if s.send([]byte(":\n\n")) != nil {
				return
			}
		case f, ok := <-b.frames:
			if !ok || s.forward(f, b) != nil {
				return
			}
		}
	}
}

// forward sends a frame and those that wait behind it at once.
func (s *stream) forward(f frame, b *inbox) error {
	s.buf = s.buf[:0]
	for {
		if f.index >= s.cursor { // or it was sent from the journal
			s.buf = append(s.buf, f.text...)
			s.cursor = f.index + 1
		}
		if len(s.buf) >= streamBytes {
			break
		}
		select {
		case next, ok := <-b.frames:
			if ok {
				f = next
				continue
			}
		default:
		}
		break
	}
	if len(s.buf) == 0 {
		return nil
	}
	return s.send(s.buf)
}
