package registry

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// View is what the registry needs from other domains.
type View struct {
	// Bound says in words what a party does that its kind entitles it to and that
	// is not over, empty for nothing. Nil: nobody does anything.
	Bound func(party.ID) string
}

// Acts are what a party may say about itself.
//
// A record changes by the party's own policy and at the level that decides what
// it agrees to, as who may change the keys may do everything. So do members
// come to be bound, and so is what it is told sent elsewhere. A roster is the
// duty director's.
var Acts = party.ActKinds{
	"party.enrol":  {New: func() any { return new(Enrol) }, Held: true},
	"party.change": {New: func() any { return new(Change) }, Held: true, Level: party.Policy},
	"party.roster": {New: func() any { return new(Roster) }, Level: party.Duty},
	"party.member": {New: func() any { return new(Name) }, Held: true, Level: party.Policy},
	"party.hook":   {New: func() any { return new(Hook) }, Held: true, Level: party.Policy},
}

// Enrol is the body of party.enrol: the party's first record.
type Enrol struct {
	Party Party `json:"party"`
}

// Change is the body of party.change: the party's record, whole.
type Change struct {
	Party Party `json:"party"`
	From  int64 `json:"from"` // version that it replaces
}

// Roster is the body of party.roster: who stands a position from now on, whole.
type Roster struct {
	Position string  `json:"position"`
	Watches  []Watch `json:"watches"`
}

// Name is the body of party.member. Said by the lead, it names a member; said
// by the member, it confirms what was named, or part of it. Either may narrow by
// itself what is confirmed: fewer kinds of aircraft, or a shorter time. Wider
// terms hold once they are confirmed, and the former ones until then.
type Name struct {
	Lead     party.ID          `json:"lead"`
	Member   party.ID          `json:"member"`
	Aircraft []string          `json:"aircraft"`
	From     statement.Instant `json:"from"`
	To       statement.Instant `json:"to,omitzero"`
}

// Decide returns what comes of an act that is authorized. Its error is a
// *event.Refusal.
func (st *State) Decide(a *party.Act, by Authority, v View, env event.Env) ([]event.Event, error) {
	switch body := a.Content.(type) {
	case *Enrol:
		return st.enrol(a, body, env)
	case *Change:
		return st.change(a, body, v, env)
	case *Roster:
		return st.decideRoster(a, body)
	case *Name:
		return st.decideMember(a, body, env)
	case *Hook:
		return st.decideHook(a, body)
	}
	return nil, event.Refuse(event.Invalid, "%s is not an act of the registry", a.Act)
}

func (st *State) enrol(a *party.Act, body *Enrol, env event.Env) ([]event.Event, error) {
	if st.parties[a.Party] != nil {
		return nil, event.Refuse(event.NotNow, "found %s enrolled already; expected party.change to change its record", a.Party)
	}
	record, err := filed(a, body.Party, env)
	if err != nil {
		return nil, err
	}
	record.Version, record.Since = 1, statement.Instant(env.NowNS)
	shown, addresses := split(record)
	return []event.Event{&Enrolled{shown, addresses}}, nil
}

// filed returns the record that a party states about itself.
func filed(a *party.Act, p Party, env event.Env) (Party, error) {
	if p.ID != a.Party {
		return Party{}, event.Refuse(event.NotAllowed, "found the record of %.300q, expected that of %s: nobody speaks for another", string(p.ID), a.Party)
	}
	if err := p.changeable(env.NowNS); err != nil {
		return Party{}, event.Refuse(event.Invalid, "%s", err)
	}
	return p, nil
}

func (st *State) change(a *party.Act, body *Change, v View, env event.Env) ([]event.Event, error) {
	old := st.parties[a.Party]
	if old == nil {
		return nil, event.Refuse(event.NotFound, "found no record of %s; expected party.enrol first", a.Party)
	}
	if body.From != old.Version {
		return nil, event.Refuse(event.Stale, "found a change of version %d, expected version %d, which holds now", body.From, old.Version)
	}
	record, err := filed(a, body.Party, env)
	if err != nil {
		return nil, err
	}
	if record.Kind != old.Kind {
		if err := st.leaves(old, v, env.NowNS); err != nil {
			return nil, err
		}
	}
	record.Version, record.Since = old.Version+1, old.Since
	shown, addresses := split(record)
	events := []event.Event{&Changed{shown, addresses}}
	// Nobody stays on watch who lost the role for it.
	for _, key := range st.desksOf(a.Party) {
		watches := st.desks[key].Watches
		if record.Position(key.position) == nil && len(watches) > 0 {
			events = append(events, &Rostered{Party: a.Party, Position: key.position})
			continue
		}
		backed := slices.DeleteFunc(slices.Clone(watches), func(w Watch) bool {
			return int64(w.To) > env.NowNS && record.backs(&w, max(int64(w.From), env.NowNS)) != nil
		})
		if len(backed) < len(watches) {
			events = append(events, &Rostered{a.Party, key.position, backed})
		}
	}
	return events, nil
}

// leaves refuses that a party gives up its kind while others count on it: who
// became a witness would have signed, or be in the air, and hear of no STOP.
func (st *State) leaves(p *Party, v View, nowNS int64) error {
	if m := st.Membership(p.ID, nowNS); m != nil {
		return event.Refuse(event.NotNow, "found a membership under %s, expected none of who changes its kind: end it first", m.Lead)
	}
	if v.Bound != nil {
		if found := v.Bound(p.ID); found != "" {
			return event.Refuse(event.NotNow, "found %s, expected nothing of who changes its kind: end it first", found)
		}
	}
	return nil
}

// desksOf returns the positions of a party that have a roster, by name.
func (st *State) desksOf(id party.ID) []deskKey {
	var keys []deskKey
	for key := range st.desks {
		if key.party == id {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, deskKey.compare)
	return keys
}

func (st *State) decideRoster(a *party.Act, body *Roster) ([]event.Event, error) {
	p := st.parties[a.Party]
	if p == nil || p.Position(body.Position) == nil {
		return nil, event.Refuse(event.NotFound, "found the position %q, expected one of the party's record", body.Position)
	}
	watches := slices.Clone(body.Watches)
	for i := range watches {
		w := &watches[i]
		w.Position = body.Position
		if err := p.backs(w, int64(w.From)); err != nil {
			return nil, event.Refuse(event.Invalid, "watches[%d]: %s", i, err)
		}
	}
	slices.SortStableFunc(watches, compareWatches)
	return []event.Event{&Rostered{a.Party, body.Position, watches}}, nil
}

// maxNamed is how many members of one lead may not have confirmed what they were
// named for.
const maxNamed = 1024

// named returns how many members of a lead have not.
func (st *State) named(lead party.ID) (n int) {
	for key := range st.members {
		if key.lead == lead && !key.confirmed {
			n++
		}
	}
	return n
}

func (st *State) decideMember(a *party.Act, body *Name, env event.Env) ([]event.Event, error) {
	m := Member{Lead: body.Lead, Member: body.Member, Aircraft: body.Aircraft, From: body.From, To: body.To}
	holds := st.members[memberKey{body.Lead, body.Member, true}]
	named := st.members[memberKey{body.Lead, body.Member, false}]
	switch a.Party {
	case body.Lead:
		if st.Kind(a.Party) == KindMember {
			return nil, event.Refuse(event.NotAllowed, "a party of kind member leads nobody")
		}
		if m.within(holds) {
			m.Confirmed = holds.Confirmed
		}
		if n := st.named(body.Lead); named == nil && n >= maxNamed {
			return nil, event.Refuse(event.NotNow, "found %d members that were named and did not confirm, expected fewer than %d", n, maxNamed)
		}
	case body.Member:
		if p := st.parties[a.Party]; p == nil || p.Kind != KindMember || p.Lead != body.Lead {
			return nil, event.Refuse(event.NotAllowed, "found a record that does not say member of %s, expected one that does", body.Lead)
		}
		if !m.within(holds) && !m.within(named) {
			return nil, event.Refuse(event.NotFound, "found nothing so wide named by %s; a member confirms or narrows what its lead named", body.Lead)
		}
		for _, o := range st.members {
			if o.Member == m.Member && o.Lead != m.Lead && o.Confirmed != 0 && o.overlaps(&m) {
				return nil, event.Refuse(event.Conflict, "found a membership confirmed for the same time, expected one lead at a time")
			}
		}
		m.Confirmed = statement.Instant(env.NowNS)
	default:
		return nil, event.Refuse(event.NotAllowed, "a membership is said by its lead and its member only")
	}
	return []event.Event{&Membership{a.Party, m}}, nil
}
