package registry

import (
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Event is an event of the registry.
type Event interface {
	event.Event
	registryEvent()
}

// Events are the registry's events, by type.
var Events = event.Table{
	"party.enrolled":   func() event.Event { return new(Enrolled) },
	"party.changed":    func() event.Event { return new(Changed) },
	"party.rostered":   func() event.Event { return new(Rostered) },
	"party.manned":     func() event.Event { return new(Manned) },
	"party.unmanned":   func() event.Event { return new(Unmanned) },
	"party.membership": func() event.Event { return new(Membership) },
	"party.cosigned":   func() event.Event { return new(Cosigned) },
	"party.completed":  func() event.Event { return new(Completed) },
	"party.lapsed":     func() event.Event { return new(Lapsed) },
	"party.hooked":     func() event.Event { return new(Hooked) },
}

// public are the members of a party's record that anybody may see: keys and
// policies must be known to check what was signed. How a position is reached
// and the contact for investigations are not among them; enrolled parties see
// those in the directory, see Show.
var public = []string{"id", "kind", "names", "lead", "languages", "roles", "policies", "positions", "area", "version", "since"}

// Enrolled is the first record of a party.
type Enrolled struct {
	Party // without addresses
	// Addresses are those of the bearers of each position, in order.
	Addresses [][]string `json:"addresses,omitempty"`
}

// Changed is a later record of a party, whole.
type Changed struct {
	Party
	Addresses [][]string `json:"addresses,omitempty"`
}

// Rostered is the watch roster of a position from now on, whole.
type Rostered struct {
	Party    party.ID `json:"party"`
	Position string   `json:"position"`
	Watches  []Watch  `json:"watches,omitempty"`
}

// Manned says that somebody stands a position again, since an instant.
type Manned struct {
	Party    party.ID          `json:"party"`
	Position string            `json:"position"`
	Since    statement.Instant `json:"since"`
}

// Unmanned says that nobody stands a position, since an instant.
type Unmanned struct {
	Party    party.ID          `json:"party"`
	Position string            `json:"position"`
	Since    statement.Instant `json:"since"`
}

// Membership is what a lead named a member for, and whether the member
// confirmed it.
type Membership struct {
	By party.ID `json:"by"` // the lead or the member
	Member
}

// Cosigned is a statement that waits for further signatures.
type Cosigned struct {
	Pending
}

// Completed says that a statement that waited has all signatures.
type Completed struct {
	Party  party.ID `json:"party"`
	ID     string   `json:"id"`
	Digest string   `json:"digest"`
}

// Lapsed says that a statement did not get its signatures in time.
type Lapsed struct {
	Party  party.ID `json:"party"`
	ID     string   `json:"id"`
	Act    string   `json:"act"`
	Digest string   `json:"digest"`
}

// Type implements event.Event.
func (*Enrolled) Type() string { return "party.enrolled" }

// Type implements event.Event.
func (*Changed) Type() string { return "party.changed" }

// Type implements event.Event.
func (*Rostered) Type() string { return "party.rostered" }

// Type implements event.Event.
func (*Manned) Type() string { return "party.manned" }

// Type implements event.Event.
func (*Unmanned) Type() string { return "party.unmanned" }

// Type implements event.Event.
func (*Membership) Type() string { return "party.membership" }

// Type implements event.Event.
func (*Cosigned) Type() string { return "party.cosigned" }

// Type implements event.Event.
func (*Completed) Type() string { return "party.completed" }

// Type implements event.Event.
func (*Lapsed) Type() string { return "party.lapsed" }

// Actor implements event.Event.
func (e *Enrolled) Actor() party.ID { return e.ID }

// Actor implements event.Event.
func (e *Changed) Actor() party.ID { return e.ID }

// Actor implements event.Event.
func (e *Rostered) Actor() party.ID { return e.Party }

// Actor implements event.Event: the node says so, not the party.
func (*Manned) Actor() party.ID { return "" }

// Actor implements event.Event: the node says so, not the party.
func (*Unmanned) Actor() party.ID { return "" }

// Actor implements event.Event.
func (e *Membership) Actor() party.ID { return e.By }

// Actor implements event.Event.
func (e *Cosigned) Actor() party.ID { return e.Party }

// Actor implements event.Event.
func (e *Completed) Actor() party.ID { return e.Party }

// Actor implements event.Event: time did it.
func (*Lapsed) Actor() party.ID { return "" }

// Release implements event.Event.
func (*Enrolled) Release(party.ID) []string { return public }

// Release implements event.Event.
func (*Changed) Release(party.ID) []string { return public }

// Release implements event.Event: who stands which watch is the party's own
// business; others learn whether anybody does.
func (e *Rostered) Release(to party.ID) []string { return own(e.Party, to) }

// Release implements event.Event: whoever may need the position must know at
// once.
func (*Manned) Release(party.ID) []string { return event.Whole }

// Release implements event.Event: whoever may need the position must know at
// once.
func (*Unmanned) Release(party.ID) []string { return event.Whole }

// Release implements event.Event: whom a lead binds is no secret from those who
// meet the member in the air.
func (*Membership) Release(party.ID) []string { return event.Whole }

// Release implements event.Event: what a party is about to say is its own.
func (e *Cosigned) Release(to party.ID) []string { return own(e.Party, to) }

// Release implements event.Event.
func (e *Completed) Release(to party.ID) []string { return own(e.Party, to) }

// Release implements event.Event.
func (e *Lapsed) Release(to party.ID) []string { return own(e.Party, to) }

func own(of, to party.ID) []string {
	if of == to {
		return event.Whole
	}
	return nil
}

func (*Enrolled) registryEvent()   {}
func (*Changed) registryEvent()    {}
func (*Rostered) registryEvent()   {}
func (*Manned) registryEvent()     {}
func (*Unmanned) registryEvent()   {}
func (*Membership) registryEvent() {}
func (*Cosigned) registryEvent()   {}
func (*Completed) registryEvent()  {}
func (*Lapsed) registryEvent()     {}

// split returns a record without addresses, and the addresses.
func split(p Party) (Party, [][]string) {
	var addresses [][]string
	var positions []Position
	for _, q := range p.Positions {
		var of []string
		var bearers []Bearer
		for _, b := range q.Bearers {
			of = append(of, b.Address)
			b.Address = ""
			bearers = append(bearers, b)
		}
		q.Bearers = bearers
		positions, addresses = append(positions, q), append(addresses, of)
	}
	p.Positions = positions
	return p, addresses
}

// join is the inverse of split.
func join(p Party, addresses [][]string) *Party {
	var positions []Position
	for i, q := range p.Positions {
		var bearers []Bearer
		for j, b := range q.Bearers {
			if i < len(addresses) && j < len(addresses[i]) {
				b.Address = addresses[i][j]
			}
			bearers = append(bearers, b)
		}
		q.Bearers = bearers
		positions = append(positions, q)
	}
	p.Positions = positions
	return &p
}
