package release

import (
	"fmt"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// Acts are what parties do about release. What a party shows is decided by
// people who may bind it; looking takes the party's token only.
var Acts = party.ActKinds{
	"release.set":  {New: func() any { return new(Set) }, Held: true, Level: party.Senior},
	"release.look": {New: func() any { return new(Look) }},
}

// Events are the events of this package.
var Events = event.Table{
	"release.changed": func() event.Event { return new(Changed) },
	"release.logged":  func() event.Event { return new(Logged) },
}

// Limits and defaults.
const (
	// DefaultRetentionNS is how long others may look at something of a party
	// after it ended, unless the party says otherwise: 30 days.
	DefaultRetentionNS = int64(30 * 24 * time.Hour)
	minRetentionNS     = int64(time.Hour)
	maxRetentionNS     = int64(10 * 366 * 24 * time.Hour)
	// MaxLook is how many things one look may name.
	MaxLook = 16
	// MaxLooks is how many things of one sort a party may look at in an hour:
	// enough to work with, too few to copy all that is protected.
	MaxLooks = 64
	windowNS = int64(time.Hour)
)

// What can be looked at one by one and is counted.
const (
	Site    = "site"    // a notice of a protected site or movement, whole
	History = "history" // former versions and states of an intent or a notice
)

// Set is the body of release.set: all that the party shows, instead of what it
// showed before.
type Set struct {
	Purpose string `json:"purpose"`
	Rows    []Row  `json:"rows"`
	// RetentionNS is how long others may look at something of the party after
	// it ended: from one hour to ten years; 0 is DefaultRetentionNS.
	RetentionNS int64 `json:"retention_ns"`
}

// Check implements the check of bodies.
func (s *Set) Check() error {
	if err := checkPurpose(s.Purpose); err != nil {
		return err
	}
	if len(s.Rows) > maxRows {
		return fmt.Errorf("rows: found %d, expected at most %d", len(s.Rows), maxRows)
	}
	for i := range s.Rows {
		if err := s.Rows[i].check(); err != nil {
			return fmt.Errorf("rows[%d].%w", i, err)
		}
	}
	if n := s.RetentionNS; n != 0 && (n < minRetentionNS || n > maxRetentionNS) {
		return fmt.Errorf("retention_ns: found %d, expected 0 or %d to %d (one hour to ten years)", n, minRetentionNS, maxRetentionNS)
	}
	return nil
}

// Look is the body of release.look: a party looks at things of others, in
// words that are logged before it sees them.
type Look struct {
	IDs     []string `json:"ids"`
	Purpose string   `json:"purpose"`
	What    string   `json:"what"`
}

// Check implements the check of bodies.
func (l *Look) Check() error {
	if err := checkPurpose(l.Purpose); err != nil {
		return err
	}
	if l.What != Site && l.What != History {
		return fmt.Errorf("what: found %.80q, expected %q or %q", l.What, Site, History)
	}
	if len(l.IDs) == 0 || len(l.IDs) > MaxLook {
		return fmt.Errorf("ids: found %d, expected 1 to %d", len(l.IDs), MaxLook)
	}
	for i, id := range l.IDs {
		if id == "" || len(id) > maxNameBytes {
			return fmt.Errorf("ids[%d]: found %d bytes, expected 1 to %d", i, len(id), maxNameBytes)
		}
		if slices.Contains(l.IDs[:i], id) {
			return fmt.Errorf("ids[%d]: found %q twice, expected each once", i, id)
		}
	}
	return nil
}

func checkPurpose(purpose string) error {
	if purpose != Purpose {
		return fmt.Errorf("purpose: found %.80q, expected %q, the only one for which anything is released", purpose, Purpose)
	}
	return nil
}

// Event is an event of this package.
type Event interface {
	event.Event
	releaseEvent()
}

// Changed says what a party shows from now on. It is nobody else's business:
// who is shown less than others would learn it.
type Changed struct {
	Party       party.ID `json:"party"`
	Purpose     string   `json:"purpose"`
	RetentionNS int64    `json:"retention_ns"`
	Rows        []Row    `json:"rows"`
}

// Logged says that a party looked at things of one owner. The owner sees it.
type Logged struct {
	IDs     []string `json:"ids"`
	Owner   party.ID `json:"owner"`
	Purpose string   `json:"purpose"`
	To      party.ID `json:"to"`
	What    string   `json:"what"`
}

// Type implements event.Event.
func (*Changed) Type() string { return "release.changed" }

// Actor implements event.Event.
func (e *Changed) Actor() party.ID { return e.Party }

// Release implements event.Event.
func (e *Changed) Release(party.ID) []string { return nil }

func (*Changed) releaseEvent() {}

// Type implements event.Event.
func (*Logged) Type() string { return "release.logged" }

// Actor implements event.Event.
func (e *Logged) Actor() party.ID { return e.To }

// Release implements event.Event.
func (e *Logged) Release(to party.ID) []string {
	if to == e.To || to == e.Owner {
		return event.Whole
	}
	return nil
}

func (*Logged) releaseEvent() {}

// Thing is something that can be looked at.
type Thing struct {
	Owner   party.ID
	EndedNS int64 // nanoseconds since 1970; 0: it has not ended
	// Frozen things are evidence of an incident that is not closed: they stay
	// open to those who may see them.
	Frozen bool
}

// View is what this package asks of others.
type View struct {
	// Thing returns what has a name; false when there is none, or none that the
	// party may know of.
	Thing func(what, id string, to party.ID) (Thing, bool)
}

// Decide returns the events of an act. Errors are *event.Refusal.
func (st *State) Decide(a *party.Act, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	switch body := a.Content.(type) {
	case *Set:
		retention := body.RetentionNS
		if retention == 0 {
			retention = DefaultRetentionNS
		}
		rows := body.Rows
		if rows == nil {
			rows = []Row{}
		}
		return []event.Event{&Changed{Party: by.Party, Purpose: body.Purpose, RetentionNS: retention, Rows: rows}}, nil
	case *Look:
		return st.look(body, by.Party, v, env)
	}
	return nil, event.Refuse(event.Invalid, "found the act %.80q, expected release.set or release.look", a.Act)
}

// look logs what a party is about to be shown, one event for each owner but
// itself. What is sealed and what is not there are refused in the same words.
func (st *State) look(l *Look, to party.ID, v View, env event.Env) ([]event.Event, error) {
	byOwner := map[party.ID]*Logged{}
	var owners []party.ID
	asked := 0
	for _, id := range l.IDs {
		thing, ok := v.Thing(l.What, id, to)
		if !ok || thing.Owner != to && !thing.Frozen && st.Sealed(thing.Owner, thing.EndedNS, env.NowNS) {
			return nil, event.Refuse(event.NotFound, "found no %s %q that is open to you", l.What, id)
		}
		if thing.Owner == to {
			continue
		}
		e := byOwner[thing.Owner]
		if e == nil {
			e = &Logged{Owner: thing.Owner, Purpose: l.Purpose, To: to, What: l.What}
			byOwner[thing.Owner] = e
			owners = append(owners, thing.Owner)
		}
		e.IDs = append(e.IDs, id)
		asked++
	}
	if used, freeNS := st.used(to, l.What, env.NowNS); used+asked > MaxLooks {
		return nil, event.Refuse(event.NotNow, "found %d more asked for after %d looked at within an hour (%s), expected at most %d together; the next is free at %s",
			asked, used, l.What, MaxLooks, statement.Instant(freeNS))
	}
	slices.Sort(owners)
	events := make([]event.Event, len(owners))
	for i, owner := range owners {
		events[i] = byOwner[owner]
	}
	return events, nil
}

// used returns how many things of a sort a party looked at in the last hour,
// and when the first of them no longer counts.
func (st *State) used(to party.ID, what string, nowNS int64) (n int, freeNS int64) {
	freeNS = nowNS
	for _, l := range recent(st.looks[to], nowNS) {
		if l.What != what {
			continue
		}
		if n == 0 {
			freeNS = int64(l.At) + windowNS
		}
		n += int(l.N)
	}
	return n, freeNS
}

// Deadline implements the deadline of domains: nothing here falls due.
func (st *State) Deadline() (ns int64, ok bool) { return 0, false }

// Due implements what falls due in domains: nothing.
func (st *State) Due(View, event.Env) []event.Event { return nil }
