package engine

import (
	"context"
	"crypto/rand"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/world"
)

// Note writes down something that this node did itself, outside the state:
// nobody decides on it. It returns its journal index once it is durable. Its
// errors are those of Submit.
func (e *Engine) Note(ctx context.Context, ev *world.Settled) (int64, error) {
	r := &request{ctx: ctx, receipt: -1, done: make(chan struct{})}
	rand.Read(r.random[:]) // never fails
	r.decide = func(*world.State, event.Env) ([]world.Event, error) { return []world.Event{ev}, nil }
	if err := e.submit(r); err != nil {
		return -1, err
	}
	return r.receipt, r.err
}
