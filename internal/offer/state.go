package offer

import (
	"encoding/json"
	"maps"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

const (
	dayNS = 86400 * 1_000_000_000
	// keepNS is how long a closed offer is kept; the journal has it for ever.
	keepNS = dayNS
	// maxOpen bounds the open offers that one party has made.
	maxOpen = 256
	// maxDue bounds the events of one call of Due.
	maxDue = 64
)

// Intent is what this domain needs to know of an intent.
type Intent struct {
	Owner   party.ID
	Version int64
	Digest  string // of this version
	Volumes string // digest of its volumes, as View.Volumes makes it
	StartNS int64
	EndNS   int64
	// Activated is true from its activation on, whatever became of it since.
	Activated bool
	Ended     bool
}

// View is what this domain needs of others.
type View struct {
	Registry *registry.State
	// Rules returns what holds between two parties now; never nil.
	Rules func(a, b party.ID) *terms.Rules
	// Intent returns what is known of an intent; nil: there is none.
	Intent func(id string) *Intent
	// Shown reports whether a party is shown anything of an intent.
	Shown func(intent string, to party.ID) bool
	// Volumes checks volumes as intents declare them, and returns the digest of
	// their canonical form.
	Volumes func(text json.RawMessage) (digest string, err error)
	// Between reports whether all of an intent is between two altitudes; nil is
	// no limit.
	Between func(intent string, floor, ceiling *Altitude) bool
}

// Status is what became of an offer.
type Status string

// States of an offer; the package comment has the ways between them.
const (
	StatusOpen       Status = "open"
	StatusAccepted   Status = "accepted"
	StatusRejected   Status = "rejected"
	StatusCountered  Status = "countered"
	StatusUnresolved Status = "unresolved"
	StatusVoid       Status = "void"
	StatusComplied   Status = "complied"
	StatusFailed     Status = "failed"
)

// Offer is an offer and what became of it.
type Offer struct {
	Made
	Status    Status            `json:"status"`
	Since     statement.Instant `json:"since"`      // of the status
	ComplyBy  statement.Instant `json:"comply_by"`  // once accepted; 1970 before
	Active    []string          `json:"active"`     // intents that were activated before it was accepted
	Confirmed []party.ID        `json:"confirmed"`  // who said that what it was promised was done
	Reason    string            `json:"reason"`     // of the status, where there is one
	Countered string            `json:"counter_id"` // the offer that answered this one
}

// dispute is a conflict that is to be settled.
type dispute struct {
	Conflict  Conflict `json:"conflict"`
	Settled   string   `json:"settled"` // the offer that was accepted
	Escalated bool     `json:"escalated"`
}

// State is all that is known of offers.
type State struct {
	offers   map[string]*Offer
	disputes map[[2]string]*dispute
}

// New returns the state without offers.
func New() *State {
	return &State{offers: map[string]*Offer{}, disputes: map[[2]string]*dispute{}}
}

// Clone returns a copy that stays as it is while the original goes on.
func (st *State) Clone() *State {
	return &State{maps.Clone(st.offers), maps.Clone(st.disputes)}
}

// Apply takes an event into the state.
func (st *State) Apply(ev event.Event, at event.At) {
	now := statement.Instant(at.NS)
	switch e := ev.(type) {
	case *Conflicted:
		st.disputes[e.Conflict.key()] = &dispute{Conflict: e.Conflict}
	case *Cleared:
		delete(st.disputes, e.Conflict.key())
	case *Made:
		st.forget(at.NS)
		st.offers[e.Offer] = &Offer{Made: *e, Status: StatusOpen, Since: now, Active: []string{}, Confirmed: []party.ID{}}
		if e.Answers != "" {
			st.change(e.Answers, func(o *Offer) { o.Status, o.Since, o.Countered = StatusCountered, now, e.Offer })
		}
	case *Accepted:
		st.change(e.Offer, func(o *Offer) {
			o.Status, o.Since, o.ComplyBy, o.Active = StatusAccepted, now, e.ComplyBy, e.Active
		})
		st.settle(e.Offer, e.Offer)
	case *Rejected:
		st.change(e.Offer, func(o *Offer) { o.Status, o.Since, o.Reason = StatusRejected, now, e.Reason })
	case *Unresolved:
		st.change(e.Offer, func(o *Offer) { o.Status, o.Since = StatusUnresolved, e.Due })
	case *Voided:
		st.change(e.Offer, func(o *Offer) { o.Status, o.Since, o.Reason = StatusVoid, now, string(e.Reason) })
	case *Confirmed:
		st.change(e.Offer, func(o *Offer) { o.Confirmed = append(o.Confirmed[:len(o.Confirmed):len(o.Confirmed)], e.By) })
	case *Done:
		st.change(e.Offer, func(o *Offer) { o.Status, o.Since = StatusComplied, now })
	case *Failed:
		st.change(e.Offer, func(o *Offer) { o.Status, o.Since, o.Reason = StatusFailed, now, string(e.Reason) })
		st.settle(e.Offer, "")
	case *Escalated:
		if d := st.disputes[e.Conflict.key()]; d != nil {
			changed := *d
			changed.Escalated = true
			st.disputes[e.Conflict.key()] = &changed
		}
	}
}

// change puts a changed copy in the place of an offer.
func (st *State) change(id string, change func(*Offer)) {
	if o := st.offers[id]; o != nil {
		changed := *o
		change(&changed)
		st.offers[id] = &changed
	}
}

// settle notes on the conflict of an offer by which offer it is settled, or that
// it no longer is: then it can escalate anew.
func (st *State) settle(offer, by string) {
	o := st.offers[offer]
	if o == nil {
		return
	}
	d := st.disputes[o.Conflict.key()]
	if d == nil || d.Conflict.Sides != o.Conflict.Sides || by == "" && d.Settled != offer {
		return
	}
	changed := *d
	changed.Settled = by
	if by == "" {
		changed.Escalated = false
	}
	st.disputes[o.Conflict.key()] = &changed
}

// forget drops what has been closed for long.
func (st *State) forget(nowNS int64) {
	for id, o := range st.offers {
		if o.Status != StatusOpen && o.Status != StatusAccepted && max(int64(o.Since), int64(o.ComplyBy))+keepNS < nowNS {
			delete(st.offers, id)
		}
	}
	for key, d := range st.disputes {
		if (d.Escalated || d.Settled != "") && int64(d.Conflict.Start)+keepNS < nowNS {
			delete(st.disputes, key)
		}
	}
}
