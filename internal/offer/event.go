package offer

import (
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Event is an event of this domain.
type Event interface {
	event.Event
	offerEvent()
}

// Events are the events of this domain.
var Events = event.Table{
	"offer.conflict":   func() event.Event { return new(Conflicted) },
	"offer.cleared":    func() event.Event { return new(Cleared) },
	"offer.made":       func() event.Event { return new(Made) },
	"offer.accepted":   func() event.Event { return new(Accepted) },
	"offer.rejected":   func() event.Event { return new(Rejected) },
	"offer.unresolved": func() event.Event { return new(Unresolved) },
	"offer.void":       func() event.Event { return new(Voided) },
	"offer.confirmed":  func() event.Event { return new(Confirmed) },
	"offer.complied":   func() event.Event { return new(Done) },
	"offer.failed":     func() event.Event { return new(Failed) },
	"offer.escalate":   func() event.Event { return new(Escalated) },
}

// byNode is embedded in events that no party's act causes.
type byNode struct{}

// Actor implements event.Event: nobody.
func (byNode) Actor() party.ID { return "" }

// Side is one intent of a conflict.
type Side struct {
	Owner   party.ID `json:"owner"`
	Intent  string   `json:"intent"`
	Version int64    `json:"version"`
	Digest  string   `json:"digest"` // of this version
}

// Conflict is of two versions of two parties' intents, in order of their ids.
type Conflict struct {
	Sides [2]Side `json:"sides"`
	// Start is when the earlier of the two intents begins.
	Start statement.Instant `json:"start"`
	// EscalateAt is when the conflict goes up the ladder unless it is settled.
	EscalateAt statement.Instant `json:"escalate_at"`
}

// Release shows a conflict to its two parties.
func (c *Conflict) Release(to party.ID) []string {
	if to == c.Sides[0].Owner || to == c.Sides[1].Owner {
		return event.Whole
	}
	return nil
}

// key names the conflict whatever the versions.
func (c *Conflict) key() [2]string { return [2]string{c.Sides[0].Intent, c.Sides[1].Intent} }

// Between are the two parties of an offer.
type Between struct {
	From party.ID `json:"from"` // who made the offer
	To   party.ID `json:"to"`
}

// Release shows an offer to its two parties.
func (b Between) Release(to party.ID) []string {
	if to == b.From || to == b.To {
		return event.Whole
	}
	return nil
}

// Conflicted says that a conflict is to be settled.
type Conflicted struct {
	byNode
	Conflict `json:"conflict"`
}

// Cleared says that a conflict is no more.
type Cleared struct {
	byNode
	Conflict `json:"conflict"`
	Reason   Reason `json:"reason"`
}

// Reason is why an offer or conflict came to its end.
type Reason string

// Reasons.
const (
	Changed      Reason = "changed"       // an intent has another version
	Ended        Reason = "ended"         // an intent is no more
	Settled      Reason = "settled"       // another offer was accepted
	Clear        Reason = "clear"         // the two do not conflict any longer
	NotDone      Reason = "not_done"      // what was accepted was not done in time
	Broken       Reason = "broken"        // an intent was activated otherwise than was accepted
	Undone       Reason = "undone"        // done, and changed again
	NotConfirmed Reason = "not_confirmed" // the other party did not say that it was done
	Declared     Reason = "declared"      // the party said that it cannot be done
)

// Made is an offer, or a counter-offer.
type Made struct {
	Between
	Offer        string            `json:"offer"`
	Answers      string            `json:"answers,omitempty"` // the offer that this counters
	Conflict     Conflict          `json:"conflict"`
	Undertakings []Undertaking     `json:"undertakings"`
	AnswerBy     statement.Instant `json:"answer_by"` // before this instant
	Text         string            `json:"text,omitempty"`
	Digest       string            `json:"digest"` // SHA-256 of all else here, in hexadecimal
}

// Accepted says that the addressee said yes.
type Accepted struct {
	Between
	Offer  string `json:"offer"`
	Digest string `json:"digest"`
	// ComplyBy is when all that was accepted is to be done.
	ComplyBy statement.Instant `json:"comply_by"`
	// Active are the intents that were activated already: they change in flight.
	Active []string `json:"active"`
}

// Rejected says that the addressee said no.
type Rejected struct {
	Between
	Offer  string `json:"offer"`
	Reason string `json:"reason,omitempty"`
}

// Unresolved says that nobody answered in time. It is not consent.
type Unresolved struct {
	byNode
	Between
	Offer string            `json:"offer"`
	Due   statement.Instant `json:"due"`
}

// Voided says that an offer lost its object before it was answered.
type Voided struct {
	byNode
	Between
	Offer  string `json:"offer"`
	Reason Reason `json:"reason"`
}

// Confirmed is a party's word that what it was promised was done.
type Confirmed struct {
	Between
	Offer string   `json:"offer"`
	By    party.ID `json:"by"`
}

// Done says that all that was accepted is done.
type Done struct {
	byNode
	Between
	Offer string `json:"offer"`
}

// Failed says that something that was accepted is not done.
type Failed struct {
	Between
	Offer  string   `json:"offer"`
	By     party.ID `json:"by"` // whose undertaking it is
	Reason Reason   `json:"reason"`
	Text   string   `json:"text,omitempty"`
}

// Escalated says that a conflict is not settled and soon begins: it goes up the
// ladder, and to the crews.
type Escalated struct {
	byNode
	Conflict `json:"conflict"`
}

// Type implements event.Event.
func (*Conflicted) Type() string { return "offer.conflict" }

// Type implements event.Event.
func (*Cleared) Type() string { return "offer.cleared" }

// Type implements event.Event.
func (*Made) Type() string { return "offer.made" }

// Type implements event.Event.
func (*Accepted) Type() string { return "offer.accepted" }

// Type implements event.Event.
func (*Rejected) Type() string { return "offer.rejected" }

// Type implements event.Event.
func (*Unresolved) Type() string { return "offer.unresolved" }

// Type implements event.Event.
func (*Voided) Type() string { return "offer.void" }

// Type implements event.Event.
func (*Confirmed) Type() string { return "offer.confirmed" }

// Type implements event.Event.
func (*Done) Type() string { return "offer.complied" }

// Type implements event.Event.
func (*Failed) Type() string { return "offer.failed" }

// Type implements event.Event.
func (*Escalated) Type() string { return "offer.escalate" }

// Actor implements event.Event.
func (e *Made) Actor() party.ID { return e.From }

// Actor implements event.Event.
func (e *Accepted) Actor() party.ID { return e.To }

// Actor implements event.Event.
func (e *Rejected) Actor() party.ID { return e.To }

// Actor implements event.Event.
func (e *Confirmed) Actor() party.ID { return e.By }

// Actor is who said that it cannot be done; the node where it found so itself.
func (e *Failed) Actor() party.ID {
	if e.Reason == Declared {
		return e.By
	}
	return ""
}

func (*Conflicted) offerEvent() {}
func (*Cleared) offerEvent()    {}
func (*Made) offerEvent()       {}
func (*Accepted) offerEvent()   {}
func (*Rejected) offerEvent()   {}
func (*Unresolved) offerEvent() {}
func (*Voided) offerEvent()     {}
func (*Confirmed) offerEvent()  {}
func (*Done) offerEvent()       {}
func (*Failed) offerEvent()     {}
func (*Escalated) offerEvent()  {}
