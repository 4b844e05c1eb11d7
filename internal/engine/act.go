package engine

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/world"
)

// Done is what became of an act.
type Done struct {
	// Index is that of the act's first entry: its receipt.
	Index int64
	// Entries are the events that it and what followed from it wrote, from Index
	// on, as the journal holds them, and Events as they were decided. Of a repeated
	// act they are not kept: Count entries begin at Index.
	Entries  [][]byte
	Events   []world.Event
	Count    int
	Repeated bool
}

// Act has a party's act decided and returns what became of it once that is
// durable. Its errors are a *event.Refusal, durable as well, and those of
// Submit.
func (e *Engine) Act(ctx context.Context, a *party.Act) (Done, error) {
	r := &request{ctx: ctx, party: a.Party, urgent: world.Urgent(a), receipt: -1, done: make(chan struct{})}
	rand.Read(r.random[:]) // never fails
	r.decide = func(st *world.State, env event.Env) ([]world.Event, error) { return st.Act(a, env) }
	if err := e.submit(r); err != nil {
		return Done{}, err
	}
	var before *world.ErrRepeated
	if errors.As(r.err, &before) {
		return Done{Index: before.Index, Count: before.Count + 1, Repeated: true}, nil
	}
	return Done{Index: r.receipt, Entries: r.written.texts, Events: r.written.events, Count: len(r.written.texts)}, r.err
}

// Settle returns when everything that is due by the node's time is done and
// durable, with the instant of what is due next; 0 when nothing is. It is for
// clocks that are set by hand.
func (e *Engine) Settle(ctx context.Context) (nextNS int64, err error) {
	for {
		// A request, even one that changes nothing, makes the writer look at the
		// clock.
		r := &request{ctx: ctx, receipt: -1, done: make(chan struct{})}
		var due bool
		r.decide = func(st *world.State, env event.Env) ([]world.Event, error) {
			ns, ok := st.Deadline()
			if nextNS = 0; ok {
				nextNS = ns
			}
			due = ok && ns <= env.NowNS
			return nil, nil
		}
		if err := e.submit(r); err != nil || !due {
			return nextNS, err
		}
	}
}
