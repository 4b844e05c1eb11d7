package world

import (
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
)

// domains are those that acts belong to, in the order in which they react.
var domains = []domain{
	{
		name: "registry", acts: registry.Acts, events: registry.Events,
		decide: func(st *State, a *party.Act, by registry.Authority, env event.Env) ([]Event, error) {
			return events(st.Registry.Decide(a, by, registry.View{}, env))
		},
		apply:    func(st *State, ev event.Event, at event.At) { st.Registry.Apply(ev, at) },
		deadline: func(st *State) (int64, bool) { return st.Registry.Deadline() },
		due:      func(st *State, env event.Env) []Event { return list(st.Registry.Due(registry.View{}, env)) },
		part:     func(st *State) any { return st.Registry },
		clone:    func(st, to *State) { to.Registry = st.Registry.Clone() },
	},
}

// events passes on what a domain decided.
func events(decided []event.Event, err error) ([]Event, error) { return list(decided), err }

func list(decided []event.Event) []Event {
	all := make([]Event, len(decided))
	for i, ev := range decided {
		all[i] = ev
	}
	return all
}
