package world

import (
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// Settled says what became of sending a party what came into its inbox. One
// event stands for all that was sent in a second or more.
type Settled struct {
	Party    party.ID `json:"party"`
	Position string   `json:"position"`
	Host     string   `json:"host"` // of the hook's URL, of which the rest may be secret
	Outcome  Outcome  `json:"outcome"`
	First    int64    `json:"first"` // journal index of the first entry that it is about
	Last     int64    `json:"last"`  // and of the last
	Count    int64    `json:"count"` // of the entries between that are the party's
	Tries    int64    `json:"tries"` // most that any of it took so far
}

// Outcome is what became of sending something.
type Outcome string

// Outcomes.
const (
	Delivered Outcome = "delivered" // the other end said that it has it
	// Failed: nobody took it in as many tries as are soon made. It is tried on, so
	// that Delivered may follow.
	Failed Outcome = "failed"
)

// typeSettled is that of Settled.
const typeSettled = "hook.settled"

// Type implements event.Event.
func (*Settled) Type() string { return typeSettled }

// Actor implements event.Event: the node says so.
func (*Settled) Actor() party.ID { return "" }

// Release implements event.Event.
func (e *Settled) Release(to party.ID) []string {
	if to == e.Party {
		return event.Whole
	}
	return nil
}
