package world

import (
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
)

// domain is what the world knows of one domain beside the airspace.
type domain struct {
	name   string
	number int // its place in domains
	acts   party.ActKinds
	events event.Table

	decide   func(st *State, a *party.Act, by registry.Authority, env event.Env) ([]event.Event, error)
	apply    func(st *State, ev event.Event, at event.At)
	deadline func(st *State) (ns int64, ok bool)
	due      func(st *State, env event.Env) []event.Event
	// part is the domain's state, which reads and writes itself as JSON; clone
	// copies it for a snapshot.
	part  func(st *State) any
	clone func(st, to *State)
}

// machine is the state S of a domain that sees the others as a V.
type machine[S, V any] interface {
	Clone() S
	Decide(a *party.Act, by registry.Authority, v V, env event.Env) ([]event.Event, error)
	Apply(ev event.Event, at event.At)
	// Deadline returns the instant, in nanoseconds since 1970, at which Due next
	// has events.
	Deadline() (ns int64, ok bool)
	Due(v V, env event.Env) []event.Event
}

// enter makes the entry of a domain: field is its state in a State, view what it
// sees of the others.
func enter[S machine[S, V], V any](
	name string, acts party.ActKinds, events event.Table, field func(*State) *S, view func(*State, event.Env) V,
) domain {
	return domain{
		name: name, acts: acts, events: events,
		decide: func(st *State, a *party.Act, by registry.Authority, env event.Env) ([]event.Event, error) {
			return (*field(st)).Decide(a, by, view(st, env), env)
		},
		apply:    func(st *State, ev event.Event, at event.At) { (*field(st)).Apply(ev, at) },
		deadline: func(st *State) (int64, bool) { return (*field(st)).Deadline() },
		due:      func(st *State, env event.Env) []event.Event { return (*field(st)).Due(view(st, env), env) },
		part:     func(st *State) any { return *field(st) },
		clone:    func(st, to *State) { *field(to) = (*field(st)).Clone() },
	}
}
