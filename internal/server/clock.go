package server

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/deconflict/deconflict/internal/api"
)

// A rehearsal plays what takes days in minutes, or in a test: the node's time
// then stands still until it is set on, on the private listener. Tokens expire
// by the real clock.

// rehearsalClock is a time that is set by hand.
type rehearsalClock struct{ ns atomic.Int64 }

func newRehearsalClock(start time.Time) *rehearsalClock {
	c := &rehearsalClock{}
	c.ns.Store(start.UnixNano())
	return c
}

func (c *rehearsalClock) now() time.Time { return time.Unix(0, c.ns.Load()) }

// serveClock moves the node's time on to the instant in the body, deadline by
// deadline, and answers when all that became due is durable.
func (s *Server) serveClock(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64))
	if err != nil {
		api.BadBody.With("expected a time as 2026-03-01T16:40:00Z").Write(w)
		return
	}
	text := strings.TrimSpace(string(body))
	to, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		api.BadBody.With(fmt.Sprintf("found the time %q, expected one as 2026-03-01T16:40:00Z", text)).Write(w)
		return
	}
	if now := s.clock.now(); to.Before(now) {
		api.BadBody.With(fmt.Sprintf("found the time %s, expected one not before the node's, %s: time never runs back", text, now.UTC().Format(time.RFC3339Nano))).Write(w)
		return
	}
	for {
		due, err := s.engine.Settle(r.Context())
		if err != nil {
			api.Stopped.With(err.Error()).Write(w)
			return
		}
		at := to.UnixNano()
		if due > 0 && due < at {
			at = due
		}
		s.clock.ns.Store(max(at, s.clock.ns.Load()))
		if at == to.UnixNano() {
			if _, err := s.engine.Settle(r.Context()); err != nil {
				api.Stopped.With(err.Error()).Write(w)
				return
			}
			fmt.Fprintln(w, to.UTC().Format(time.RFC3339Nano))
			return
		}
	}
}
