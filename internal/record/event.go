package record

import (
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// Event is an event of this domain.
type Event interface {
	event.Event
	recordEvent()
}

// Events are the events of this domain, by type.
var Events = event.Table{
	"record.countersigned": func() event.Event { return new(Countersigned) },
	"record.verified":      func() event.Event { return new(Verified) },
	"record.fork":          func() event.Event { return new(Fork) },
}

// Countersigned says that a party has entries that one origin caused.
type Countersigned struct {
	By      party.ID      `json:"by"`
	Role    string        `json:"role,omitempty"`
	Custody party.Custody `json:"custody"`
	Origin  party.ID      `json:"origin,omitempty"` // empty: the node
	Entries []Entry       `json:"entries"`
}

// Type implements event.Event.
func (*Countersigned) Type() string { return "record.countersigned" }

// Actor implements event.Event.
func (e *Countersigned) Actor() party.ID { return e.By }

// Release implements event.Event. Who has an entry is for whom it comes from to
// know, and for nobody else.
func (e *Countersigned) Release(to party.ID) []string {
	if to == e.By || to == e.Origin && to != "" {
		return event.Whole
	}
	return nil
}

func (*Countersigned) recordEvent() {}

// Verified says which head of the journal a party's client verified. It agrees
// with the journal.
type Verified struct {
	By      party.ID      `json:"by"`
	Custody party.Custody `json:"custody"`
	Size    int64         `json:"size"`
	Root    string        `json:"root"`
	// Witnesses are those whose co-signature stands on the checkpoint.
	Witnesses []string `json:"witnesses,omitempty"`
}

// Type implements event.Event.
func (*Verified) Type() string { return "record.verified" }

// Actor implements event.Event.
func (e *Verified) Actor() party.ID { return e.By }

// Release implements event.Event. Heads are there to be compared.
func (e *Verified) Release(party.ID) []string { return event.Whole }

func (*Verified) recordEvent() {}

// Kinds of fork.
const (
	OtherRoot = "root"  // another root at a size that the journal has
	Beyond    = "size"  // a head beyond the journal: entries are gone
	OtherLeaf = "entry" // another entry at an index
)

// Fork is an alarm to everybody: a party was shown another journal than this, or
// says so. With the node's own signature on it the claim is proven.
type Fork struct {
	By      party.ID      `json:"by"`
	Custody party.Custody `json:"custody"`
	Kind    string        `json:"kind"`
	// Number is the size of the head, or the index of the entry.
	Number  int64  `json:"number"`
	Claimed string `json:"claimed"` // hash that the party was shown, in hex
	Ours    string `json:"ours,omitempty"`
	// Proven is set when the node signed the head that the party was shown.
	Proven     bool   `json:"proven,omitempty"`
	Checkpoint string `json:"checkpoint,omitempty"`
}

// Type implements event.Event.
func (*Fork) Type() string { return "record.fork" }

// Actor implements event.Event.
func (e *Fork) Actor() party.ID { return e.By }

// Release implements event.Event: what the node may not hide. What leaf an entry
// has is public.
func (e *Fork) Release(party.ID) []string { return event.Whole }

func (*Fork) recordEvent() {}

// same reports whether two forks are one claim.
func (e *Fork) same(o *Fork) bool {
	return e.By == o.By && e.Kind == o.Kind && e.Number == o.Number && e.Claimed == o.Claimed && e.Proven == o.Proven
}
