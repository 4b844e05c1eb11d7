package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/deconflict/deconflict/internal/world"
)

// MaxPackEntries is how many entries a pack may hold. That many take a processor
// a few seconds. A longer range is refused, never cut.
const MaxPackEntries = 100_000

// pack streams an export pack (docs/JOURNAL.md) of what is released to the
// caller, so that a party takes its part of the log away.
func (h *handler) pack(c *call) error {
	p, err := c.parameters("from", "to")
	if err != nil {
		return err
	}
	from, to, err := packRange(p, h.Engine.Journal().Head().Size)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/jsonl")
	if c.r.Method == http.MethodHead {
		return nil
	}
	control := http.NewResponseController(c.w)
	// The connection outlives the limits of an ordinary request; each write has
	// its own.
	if err := control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	ctx, cancel := context.WithDeadline(c.r.Context(), time.Unix(0, c.who.ExpiresNS))
	defer cancel()
	reader := c.reader()
	out := &packWriter{call: c, control: control}
	err = h.Engine.Journal().Export(ctx, out, from, to, func(_ int64, event []byte) []string {
		return world.Release(event, reader)
	})
	if err == nil {
		return nil
	}
	if !out.begun {
		c.w.Header().Del("Content-Type")
		return err
	}
	if ctx.Err() == nil && !out.failed {
		h.Log.Error("a pack failed", "request", c.r.Header.Get("X-Request-Id"), "error", err)
	}
	// The status is sent: only an answer without its end tells that it is not
	// whole.
	panic(http.ErrAbortHandler)
}

// packRange reads which entries of a journal of a size are asked for: all when
// nothing is said.
func packRange(p url.Values, size int64) (from, to int64, err error) {
	to = size
	for _, end := range []struct {
		name string
		into *int64
	}{{"from", &from}, {"to", &to}} {
		if !p.Has(end.name) {
			continue
		}
		text := p.Get(end.name)
		if *end.into, err = parseIndex(text, 0); err != nil || *end.into > size {
			return 0, 0, badParameter(end.name, text, fmt.Sprintf("a number from 0 to the journal's size %d", size))
		}
	}
	switch {
	case from > to:
		return 0, 0, BadParameter.With(fmt.Sprintf("found from=%d and to=%d, expected from, the first entry, not above to, which is behind the last", from, to))
	case to-from > MaxPackEntries:
		return 0, 0, BadParameter.With(fmt.Sprintf("found %d entries asked for, expected at most %d in a pack: begin with from=%d&to=%d and go on from there",
			to-from, MaxPackEntries, from, from+MaxPackEntries))
	}
	return from, to, nil
}

// packWriter gives each write its own time.
type packWriter struct {
	call          *call
	control       *http.ResponseController
	begun, failed bool
}

// Write implements io.Writer.
func (w *packWriter) Write(data []byte) (int, error) {
	if err := w.control.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	w.begun = true
	n, err := w.call.w.Write(data)
	w.failed = err != nil
	return n, err
}
