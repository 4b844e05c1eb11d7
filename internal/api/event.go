package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/world"
)

const (
	// heartbeatEvery is how often a silent stream says where it is, so that both
	// ends and what lies between them know that it lives.
	heartbeatEvery = 15 * time.Second
	// writeLimit is how long a reader may take for what is sent at once. Slower
	// ones are cut off and resume from the journal.
	writeLimit = 10 * time.Second
	// streamPortion is how many entries are read from the journal at a time, and
	// streamBytes after how much of them a reader is sent what there is: an entry
	// may have 4 MiB, and each reader has memory of its own.
	streamPortion = 256
	streamBytes   = 256 << 10
)

// errFull ends the reading of a portion that is large enough.
var errFull = errors.New("enough for now")

// entry is what a reader is told of one journal entry.
type entry struct {
	Index  int64                      `json:"index"`
	Fields map[string]json.RawMessage `json:"fields"`
}

// released returns what the reader may see of an entry, and the event's type;
// nil when that is nothing.
func released(record *journal.Record, reader airspace.Reader) (*entry, string, error) {
	names := world.Release(record.Event, reader)
	if len(names) == 0 {
		return nil, "", nil
	}
	fields, err := statement.Fields(record.Event)
	if err != nil {
		return nil, "", err
	}
	return entryOf(record.Index, fields, names)
}

// entryOf returns an entry with the members that have one of the names, and the
// event's type.
func entryOf(index int64, fields []statement.Field, names []string) (*entry, string, error) {
	var err error
	ev, kind := &entry{index, map[string]json.RawMessage{}}, "entry"
	for _, f := range fields {
		if !slices.Contains(names, f.Name) {
			continue
		}
		ev.Fields[f.Name] = f.Value
		if f.Name == "type" {
			if kind, err = statement.Unquote(f.Value); err != nil {
				return nil, "", err
			}
		}
	}
	return ev, kind, nil
}

// after returns the index that the stream begins behind. A client that was cut
// off says so itself; that wins over the URL, which stays the same.
func (h *handler) after(c *call) (int64, error) {
	p, err := c.parameters("after")
	if err != nil {
		return 0, err
	}
	name, text := "after", p.Get("after")
	if last := c.r.Header.Get("Last-Event-ID"); last != "" {
		name, text = "Last-Event-ID", last
	} else if !p.Has("after") {
		return h.Engine.Head().Size - 1, nil
	}
	after, err := parseIndex(text, -1)
	if err != nil {
		return 0, badParameter(name, text, "the journal index of the last event that you have, or -1 for all")
	}
	if size := h.Engine.Head().Size; after >= size {
		return 0, badParameter(name, text, "an index below the journal's size "+strconv.FormatInt(size, 10)+": this is another journal, or an older copy of it")
	}
	return after, nil
}

// events streams what happens (server-sent events, WHATWG HTML section 9.2).
func (h *handler) events(c *call) error {
	after, err := h.after(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	header := c.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // or a proxy holds events back
	s := &stream{call: c, handler: h, reader: c.reader(), out: http.NewResponseController(c.w), cursor: after + 1, told: after}
	if c.r.Method == http.MethodHead {
		return nil
	}
	// The connection outlives the limits of an ordinary request; each write has
	// its own.
	if err := s.out.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if s.send([]byte(":\n\n")) == nil {
		s.run(ctx)
	}
	return nil
}

// stream is one reader of events.
type stream struct {
	call    *call
	handler *handler
	reader  airspace.Reader
	out     *http.ResponseController
	cursor  int64 // index of the next entry to look at
	told    int64 // last index that the reader heard of
	buf     []byte
}

// run sends entries until the reader goes away or is too slow, its token
// expires, or the node stops.
func (s *stream) run(ctx context.Context) {
	expires := time.NewTimer(time.Until(time.Unix(0, s.call.who.ExpiresNS)))
	defer expires.Stop()
	heartbeat := time.NewTicker(heartbeatEvery)
	defer heartbeat.Stop()
	var tracks <-chan time.Time // nil: never
	if s.handler.Tracks != nil {
		t := time.NewTicker(tracksEvery)
		defer t.Stop()
		tracks = t.C
	}
	for {
		size, grown, err := s.handler.Engine.Hub().Grown(s.cursor)
		if err != nil { // the journal is closed and read to its end
			return
		}
		if size > s.cursor {
			if err := s.portion(ctx, min(size, s.cursor+streamPortion)); err != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.handler.Ended:
			return
		case <-expires.C:
			return
		case <-heartbeat.C:
			if s.send(s.place([]byte(":\n"))) != nil {
				return
			}
		case <-tracks:
			if s.sendTracks(ctx) != nil {
				return
			}
		case <-grown:
		}
	}
}

// portion sends what the reader may see of the entries up to to, or of fewer
// when they are large.
func (s *stream) portion(ctx context.Context, to int64) error {
	if s.buf = s.buf[:0]; cap(s.buf) > 2*streamBytes {
		s.buf = nil
	}
	err := s.handler.Engine.Journal().Read(ctx, s.cursor, to, func(record journal.Record) error {
		ev, kind, err := released(&record, s.reader)
		if err != nil || ev == nil {
			return err
		}
		data, err := encode(ev)
		if err != nil {
			return err
		}
		s.buf = append(strconv.AppendInt(append(s.buf, "id: "...), record.Index, 10), "\nevent: "...)
		s.buf = append(append(s.buf, kind...), "\ndata: "...)
		s.buf = append(append(s.buf, data...), '\n') // after the line feed of data
		s.told = record.Index
		if len(s.buf) >= streamBytes {
			to = record.Index + 1
			return errFull
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFull) {
		if ctx.Err() == nil {
			s.handler.Log.Error("an event stream failed", "request", s.call.r.Header.Get("X-Request-Id"), "error", err)
		}
		return err
	}
	s.cursor = to
	if len(s.buf) == 0 {
		return nil
	}
	return s.send(s.buf)
}

// place appends the id of the last entry that was looked at, so that a reader to
// whom little is released does not resume far behind. An id without data is no
// event.
func (s *stream) place(buf []byte) []byte {
	if s.cursor-1 > s.told {
		s.told = s.cursor - 1
		buf = append(strconv.AppendInt(append(buf, "id: "...), s.told, 10), '\n')
	}
	return append(buf, '\n')
}

// send writes at once, within writeLimit.
func (s *stream) send(data []byte) error {
	if err := s.out.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.call.w.Write(data); err != nil {
		return err
	}
	return s.out.Flush()
}
