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
	parcel  []addressed // what deliver has for one party
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

// deliver gives each party all of a block at once, so that its readers are woken
// once: a STOP is several entries to everybody, and they share the processors with
// whoever waits for it.
func (m *Mailroom) deliver(w engine.Written) {
	copiers := make([]copier, 0, len(w.Events))
	for i, ev := range w.Events {
		if e, ok := ev.(event.Event); ok { // /v1/events has those of the airspace
			copiers = append(copiers, copier{event: e, text: w.Texts[i], index: w.First + int64(i)})
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for who, open := range m.inboxes {
		m.parcel = m.parcel[:0]
		for i := range copiers {
			c := &copiers[i]
			if text := c.frameFor(who); text != nil {
				m.parcel = append(m.parcel, addressed{frame{c.index, text}, c.event})
			}
		}
		for _, a := range m.parcel {
			hand(open, a.event, a.frame)
		}
	}
	clear(m.parcel[:cap(m.parcel)])
}

// addressed is a frame with its event, which says to which position it goes.
type addressed struct {
	frame frame
	event event.Event
}

// hand puts a frame into the inboxes of a party that take the event.
func hand(open map[*inbox]bool, e event.Event, f frame) {
	for b := range open {
		if b.lost || !b.takes(e) {
			continue
		}
		select {
		case b.frames <- f:
		default:
			b.lost = true
			close(b.frames)
		}
	}
}

// copier makes the frames of one event. A STOP goes to everybody, and most of
// those who see an event see the same of it: what is the same is made once.
type copier struct {
	event   event.Event
	text    []byte // as the journal holds it
	index   int64
	members []statement.Field // of the text, once they are needed

	names []string // of the members that were shown last
	shown []byte   // they, as an object
	last  []byte   // that, as a frame; nil: not made yet
}

// shownTo returns the members of the event that a party may see, as an object;
// nil for none. The whole is the text itself, which is what most see.
func (c *copier) shownTo(who party.ID) []byte {
	names := c.event.Release(who)
	if who != "" && c.event.Actor() == who {
		names = event.Whole
	}
	switch {
	case len(names) == 0:
		return nil
	case c.shown != nil && slices.Equal(names, c.names):
		return c.shown
	case names[0] == event.Whole[0]:
		c.shown = c.text
	default:
		c.shown = c.part(names)
	}
	c.names, c.last = names, nil
	return c.shown
}

// part returns an object of the members that have one of the names.
func (c *copier) part(names []string) []byte {
	if c.members == nil {
		var err error
		if c.members, err = statement.Fields(c.text); err != nil {
			return nil // the journal holds no such thing
		}
	}
	var own []statement.Field
	for _, m := range c.members {
		if slices.Contains(names, m.Name) || slices.Contains(event.Envelope, m.Name) {
			own = append(own, m)
		}
	}
	text, err := statement.AppendObject(nil, own)
	if err != nil {
		return nil
	}
	return text
}

// frameFor returns the event as the stream has it for a party; nil when nothing
// of it is released.
func (c *copier) frameFor(who party.ID) []byte {
	shown := c.shownTo(who)
	if shown == nil {
		return nil
	}
	if c.last == nil {
		buf := make([]byte, 0, len(shown)+128)
		buf = strconv.AppendInt(append(buf, "id: "...), c.index, 10)
		buf = append(append(buf, "\nevent: "...), c.event.Type()...)
		buf = strconv.AppendInt(append(buf, "\ndata: {\"index\":"...), c.index, 10)
		buf = append(append(buf, `,"fields":`...), shown...)
		c.last = append(buf, "}\n\n"...)
	}
	return c.last
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
			if shown := (&copier{event: e, text: r.Event}).shownTo(b.party); shown != nil {
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
				buf = append(buf, (&copier{event: e, text: r.Event, index: r.Index}).frameFor(b.party)...)
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
