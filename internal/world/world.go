// Package world puts the domains together as one state: it dispatches acts and
// events, lets domains react to each other in one fixed order, and knows when
// something is due.
//
// An act is decided by one domain against the whole state. Its events are
// applied one after the other; after each, other domains react with events of
// their own, which join the same block of the journal.
package world

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/offer"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/record"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
)

// Event is an event of any domain, that of the airspace included.
type Event interface {
	Type() string
	Actor() party.ID
}

// State is all that is known at one journal index. Apply alone changes it.
type State struct {
	Airspace  *airspace.State
	Registry  *registry.State
	Agreement *agreement.State
	Intent    *intent.State
	Channel   *channel.State
	Offer     *offer.State
	Incident  *incident.State
	Record    *record.State
	Bearer    *bearer.State
	Notice    *notice.State
	Release   *release.State

	taken   taken
	entries int64 // of the journal that this is the state of

	deadlines []deadline // of the domains, in their order; the airspace is last
}

// deadline is when a domain is next due for something, as long as none of its
// events is applied. Some domains have to look at all that they hold to know it,
// which is too much for every message that another domain takes.
type deadline struct {
	ns        int64
	ok, known bool
}

// New returns a State in which nothing is known.
func New() *State {
	return &State{
		Airspace:  airspace.NewState(),
		Registry:  registry.New(),
		Agreement: agreement.New(),
		Intent:    intent.New(),
		Channel:   channel.New(),
		Offer:     offer.New(),
		Incident:  incident.New(),
		Record:    record.New(),
		Bearer:    bearer.New(),
		Notice:    notice.New(),
		Release:   release.New(),
		taken:     newTaken(),
		deadlines: make([]deadline, len(domains)+1),
	}
}

// ofAct and ofEvent find the domain of an act and of an event.
var ofAct, ofEvent = map[string]*domain{}, map[string]*domain{}

// index fills them.
func index() {
	for i := range domains {
		d := &domains[i]
		d.number = i
		for name := range d.acts {
			if ofAct[name] != nil {
				panic("act " + name + " has two domains")
			}
			ofAct[name] = d
		}
		for name := range d.events {
			if ofEvent[name] != nil {
				panic("event " + name + " has two domains")
			}
			ofEvent[name] = d
		}
	}
}

// Kind returns what an act of a name needs, or false when there is none.
func Kind(act string) (party.ActKind, bool) {
	d := ofAct[act]
	if d == nil {
		return party.ActKind{}, false
	}
	return d.acts[act], true
}

// Apply changes the state by an event that was decided against it. It cannot
// fail.
func (st *State) Apply(ev Event, at event.At) {
	st.entries = at.Index + 1
	switch e := ev.(type) {
	case *Taken:
		st.taken.add(e, at)
	case *Settled: // is for the record
	case event.Event:
		d := ofEvent[e.Type()]
		d.apply(st, e, at)
		st.deadlines[d.number].known = false
	default:
		st.Airspace.Apply(ev, airspace.At{NS: at.NS, Index: at.Index})
		st.deadlines[len(domains)].known = false
	}
}

// Deadline returns the earliest instant at which something is due. Like Apply and
// Due it is for the one goroutine that changes the state.
func (st *State) Deadline() (ns int64, ok bool) {
	for i := range st.deadlines {
		if at, has := st.deadline(i); has && (!ok || at < ns) {
			ns, ok = at, true
		}
	}
	return ns, ok
}

// deadline returns the deadline of a domain, or of the airspace behind the last,
// and asks for it where it is not known.
func (st *State) deadline(i int) (ns int64, ok bool) {
	d := &st.deadlines[i]
	if !d.known {
		if i < len(domains) {
			d.ns, d.ok = domains[i].deadline(st)
		} else {
			d.ns, d.ok = st.Airspace.Deadline()
		}
		d.known = true
	}
	return d.ns, d.ok
}

// Due decides what is due in one domain.
type Due func(st *State, env event.Env) ([]Event, error)

// Overdue returns what is due at an instant, by domain, longest due first. Each
// is carried out by itself, so that the fault of one domain holds up no other:
// the ladder of a STOP above all.
func (st *State) Overdue(nowNS int64) []Due {
	var numbers []int
	for i := range st.deadlines {
		if ns, ok := st.deadline(i); ok && ns <= nowNS {
			numbers = append(numbers, i)
		}
	}
	slices.SortStableFunc(numbers, func(a, b int) int { return cmp.Compare(st.deadlines[a].ns, st.deadlines[b].ns) })
	overdue := make([]Due, len(numbers))
	for k, i := range numbers {
		overdue[k] = sweep
		if i < len(domains) {
			overdue[k] = func(st *State, env event.Env) ([]Event, error) { return list(domains[i].due(st, env)), nil }
		}
	}
	return overdue
}

// sweep ends what is over in the airspace.
func sweep(st *State, env event.Env) ([]Event, error) {
	ev, _, err := airspace.Sweep{NewVersion: env.ID(0)}.Decide(st.Airspace, airspace.Env{NowNS: env.NowNS})
	if ev == nil || err != nil {
		return nil, err
	}
	return []Event{ev}, nil
}

// Touch returns what an event is about to change of the airspace.
func (st *State) Touch(ev Event) airspace.Touch {
	if _, ok := ev.(event.Event); ok {
		return airspace.Touch{}
	}
	return st.Airspace.Touch(ev)
}

// list passes on what a domain decided.
func list(decided []event.Event) []Event {
	all := make([]Event, len(decided))
	for i, ev := range decided {
		all[i] = ev
		if of, ok := ev.(intent.Airspace); ok {
			all[i] = of.Event
		}
	}
	return all
}
