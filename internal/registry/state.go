package registry

import (
	"cmp"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// State is all that is known of the parties. Its records are never changed in
// place, so that a Clone may share them.
type State struct {
	parties map[party.ID]*Party
	byID    []*Party // the same, in order: every act has somebody go through them
	desks   map[deskKey]*desk
	members map[memberKey]*Member
	pending map[pendingKey]*Pending
	hooks   map[deskKey]Hooking

	deadlineNS int64 // earliest of all, see Deadline; 0: none
}

// New returns a state in which nobody is enrolled.
func New() *State {
	return &State{
		parties: map[party.ID]*Party{}, byID: []*Party{},
		desks:   map[deskKey]*desk{},
		members: map[memberKey]*Member{},
		pending: map[pendingKey]*Pending{},
		hooks:   map[deskKey]Hooking{},
	}
}

// Clone returns a state that no longer changes with this one.
func (st *State) Clone() *State {
	c := *st
	c.parties, c.desks = maps.Clone(st.parties), maps.Clone(st.desks)
	c.members, c.pending, c.hooks = maps.Clone(st.members), maps.Clone(st.pending), maps.Clone(st.hooks)
	return &c
}

// Party returns the record of a party, nil when it is not enrolled. It must not
// be modified.
func (st *State) Party(id party.ID) *Party { return st.parties[id] }

// Kind returns the kind of a party, KindUnknown when it is not enrolled.
func (st *State) Kind(id party.ID) Kind {
	if p := st.parties[id]; p != nil {
		return p.Kind
	}
	return KindUnknown
}

// Parties returns all records, by id. Neither they nor the list must be
// modified.
func (st *State) Parties() []*Party { return st.byID }

// file puts a party's record in the place of the one before. The list is made
// anew, as others may hold the old one.
func (st *State) file(p *Party) {
	st.parties[p.ID] = p
	i, found := slices.BinarySearchFunc(st.byID, p.ID, func(q *Party, id party.ID) int { return cmp.Compare(q.ID, id) })
	st.byID = slices.Clone(st.byID)
	if found {
		st.byID[i] = p
	} else {
		st.byID = slices.Insert(st.byID, i, p)
	}
}

// Apply takes in an event of the registry.
func (st *State) Apply(ev event.Event, at event.At) {
	switch e := ev.(type) {
	case *Enrolled:
		st.file(join(e.Party, e.Addresses))
	case *Changed:
		st.file(join(e.Party, e.Addresses))
	case *Rostered:
		st.roster(e, at.NS)
	case *Manned:
		st.announce(e.Party, e.Position, true, e.Since)
	case *Unmanned:
		st.announce(e.Party, e.Position, false, e.Since)
	case *Membership:
		st.member(e.Member)
	case *Cosigned:
		p := e.Pending
		st.pending[pendingKey{p.Party, p.Digest}] = &p
	case *Completed:
		delete(st.pending, pendingKey{e.Party, e.Digest})
	case *Hooked:
		st.hook(e, at.Index)
	case *Lapsed:
		delete(st.pending, pendingKey{e.Party, e.Digest})
	}
	st.setDeadline()
}

func (st *State) setDeadline() {
	st.deadlineNS = 0
	earliest := func(ns int64) {
		if ns != 0 && (st.deadlineNS == 0 || ns < st.deadlineNS) {
			st.deadlineNS = ns
		}
	}
	for _, d := range st.desks {
		earliest(d.nextNS)
	}
	for _, p := range st.pending {
		earliest(int64(p.Expires))
	}
}

// Deadline returns the earliest instant at which Due has something to do.
func (st *State) Deadline() (ns int64, ok bool) { return st.deadlineNS, st.deadlineNS != 0 }

// maxDue bounds the events of one call of Due.
const maxDue = 64

// Due returns what is due at env.NowNS: positions that became manned or
// unmanned, and statements whose signatures did not come.
func (st *State) Due(_ View, env event.Env) []event.Event {
	if st.deadlineNS == 0 || st.deadlineNS > env.NowNS {
		return nil
	}
	var events []event.Event
	for _, key := range slices.SortedFunc(maps.Keys(st.desks), deskKey.compare) {
		d := st.desks[key]
		if d.nextNS == 0 || d.nextNS > env.NowNS {
			continue
		}
		if len(events) == maxDue {
			return events
		}
		since := statement.Instant(d.nextNS)
		if d.Manned {
			events = append(events, &Unmanned{key.party, key.position, since})
		} else {
			events = append(events, &Manned{key.party, key.position, since})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(st.pending), pendingKey.compare) {
		if len(events) == maxDue {
			return events
		}
		if p := st.pending[key]; int64(p.Expires) <= env.NowNS {
			events = append(events, &Lapsed{p.Party, p.ID, p.Act, p.Digest})
		}
	}
	return events
}
