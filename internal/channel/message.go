package channel

import (
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Dispatch is a message as it was sent. Nothing of it changes afterwards.
type Dispatch struct {
	ID     string   `json:"id"`
	From   party.ID `json:"from,omitempty"` // empty: the node itself
	To     party.ID `json:"to"`
	Number int64    `json:"number"` // from this party to that one, without gaps from 1

	FromPosition string      `json:"from_position,omitempty"`
	FromRole     string      `json:"from_role,omitempty"`
	FromLevel    party.Level `json:"from_level,omitzero"`
	Person       string      `json:"person,omitempty"` // alias
	ToPosition   string      `json:"to_position"`

	Type       Type        `json:"message_type"`
	Precedence Precedence  `json:"precedence"`
	MinLevel   party.Level `json:"min_level"` // lower levels of the receiver pass it up
	Response   Response    `json:"response"`
	Ref        string      `json:"ref,omitempty"`
	Fields     []Field     `json:"fields,omitempty"`
	Language   string      `json:"language,omitempty"`
	Text       string      `json:"text,omitempty"`
	Translated Translation `json:"translation,omitzero"`
	Phrases    []string    `json:"phrases,omitempty"`
	Relay      *Relay      `json:"relay,omitempty"`
	// Screened are ids of what must not be said and was found in the texts of a
	// message that is let pass because people are at risk.
	Screened []string `json:"screened,omitempty"`

	Queued     statement.Instant `json:"queued"` // by the clock of who sent it
	RespondBy  statement.Instant `json:"respond_by"`
	ValidUntil statement.Instant `json:"valid_until,omitempty"` // zero: without end, as of STOP
	Unmanned   bool              `json:"unmanned,omitempty"`    // nobody stood the position when it was sent
	Stop       string            `json:"stop,omitempty"`        // id of the STOP that it carries or ends
}

// Ending is how a message ended. Only the first four are a person's doing, and
// only AsWilco is consent.
type Ending string

// Endings of a message.
const (
	StillOpen    Ending = ""
	AsOpened     Ending = "opened"     // it asked for no more
	AsAnswered   Ending = "answered"   // with what it asked for
	AsWilco      Ending = "wilco"      // the receiver undertook to do so
	AsReadBack   Ending = "read_back"  // its fields were read back right
	AsExpired    Ending = "expired"    // nobody dealt with it while it had a sense
	AsSuperseded Ending = "superseded" // the STOP that it carried was lifted unanswered
)

// Message is a message and what became of it.
type Message struct {
	Dispatch
	Sent      statement.Instant `json:"sent"` // and received by the node that both use
	Presented statement.Instant `json:"presented,omitempty"`
	Opened    statement.Instant `json:"opened,omitempty"`   // first, by a person
	Answered  statement.Instant `json:"answered,omitempty"` // last
	Ended     statement.Instant `json:"ended,omitempty"`
	Ending    Ending            `json:"ending,omitempty"`

	Answer     string            `json:"answer,omitempty"`     // last
	Standby    statement.Instant `json:"standby,omitempty"`    // when it was said; it counts once
	PassedUp   statement.Instant `json:"passed_up,omitempty"`  // dealt with below MinLevel
	Due        statement.Instant `json:"due"`                  // RespondBy, as extended
	Overdue    statement.Instant `json:"overdue,omitempty"`    // when the time ran out last
	Mismatches int64             `json:"mismatches,omitempty"` // read-backs that did not match
	Mismatched []string          `json:"mismatched,omitempty"` // fields of the last one
	Climb      *Climb            `json:"climb,omitempty"`      // up the ladder; nil: not begun
	Finding    string            `json:"finding,omitempty"`    // of the receiver, about the precedence
	FellBack   statement.Instant `json:"fell_back,omitempty"`  // when the ladder ended
}

// Climb is how far a message came up its ladder.
type Climb struct {
	Rungs    []terms.Rung      `json:"rungs"` // as they were when it began
	Fallback []string          `json:"fallback,omitempty"`
	Rung     int64             `json:"rung"`    // index of the one being tried; len(Rungs): all were
	Started  statement.Instant `json:"started"` // when this rung began, or its call was logged
	Until    statement.Instant `json:"until"`   // until when it is given
	// Called and Reached: a logged call, and a logged answer to it, moved Until
	// once each.
	Called  bool `json:"called,omitempty"`
	Reached bool `json:"reached,omitempty"`
}

// running returns the rung that is being tried.
func (m *Message) running() (terms.Rung, bool) {
	if m.Ended != 0 || m.Climb == nil || m.Climb.Rung >= int64(len(m.Climb.Rungs)) {
		return terms.Rung{}, false
	}
	return m.Climb.Rungs[m.Climb.Rung], true
}

// State returns how far the message came: node_received, presented, opened,
// answered or closed; expired and superseded when it ended without.
func (m *Message) State() string {
	switch {
	case m.Ending == AsExpired || m.Ending == AsSuperseded:
		return string(m.Ending)
	case m.Ended != 0:
		return "closed"
	case m.Answered != 0:
		return "answered"
	case m.Opened != 0:
		return "opened"
	case m.Presented != 0:
		return "presented"
	}
	return "node_received"
}

// Consented reports whether the receiver undertook what the message asked for,
// by a person whose level can. Nothing else is consent, and silence least.
func (m *Message) Consented() bool { return m.Ending == AsWilco }

// Blinded returns the message without the values of the fields that are read
// back, for whoever enters them from a telephone.
func (m *Message) Blinded() *Message {
	c := *m
	c.Fields = slices.Clone(m.Fields)
	for i := range c.Fields {
		if c.Fields[i].Critical() {
			c.Fields[i].Value = terms.Value{}
		}
	}
	c.Text, c.Translated = "", Translation{}
	return &c
}

// at returns whether the message is for a position: its own, one that its ladder
// reached, and every one for a STOP.
func (m *Message) at(position string) bool {
	if position == "" || m.ToPosition == position || m.Precedence == Stop {
		return true
	}
	return m.Climb != nil && slices.ContainsFunc(m.Climb.Rungs[:min(m.Climb.Rung+1, int64(len(m.Climb.Rungs)))],
		func(r terms.Rung) bool { return r.Position == position })
}

// nextNS returns when the message is next due for something, and false when it
// waits for nothing more.
func (m *Message) nextNS() (int64, bool) {
	if m.Ended != 0 {
		return 0, false
	}
	next, ok := int64(0), false
	consider := func(t statement.Instant) {
		if !ok || int64(t) < next {
			next, ok = int64(t), true
		}
	}
	if m.Overdue < m.Due {
		consider(m.Due)
	}
	if m.Climb != nil && m.FellBack == 0 {
		consider(m.Climb.Until)
	}
	if m.ValidUntil != 0 {
		consider(m.ValidUntil)
	}
	return next, ok
}

// Outcome is how an attempt to reach somebody went.
type Outcome string

// Outcomes of attempts.
const (
	Calling  Outcome = "calling"
	Reached  Outcome = "answered" // somebody spoke; the message is open until dealt with
	NoAnswer Outcome = "no_answer"
	Busy     Outcome = "busy"
	Refused  Outcome = "refused"
	Fault    Outcome = "fault"
)

var outcomes = []Outcome{Calling, Reached, NoAnswer, Busy, Refused, Fault}

func (o Outcome) check() error {
	if !slices.Contains(outcomes, o) {
		return fmt.Errorf("outcome: found %.32q, expected calling, answered, no_answer, busy, refused or fault", string(o))
	}
	return nil
}

// StopCall is a STOP and what its receivers do about it.
type StopCall struct {
	ID       string            `json:"id"`
	From     party.ID          `json:"from"`
	Where    Place             `json:"where"`
	AtRisk   string            `json:"at_risk"`
	Callback string            `json:"callback"`
	ResumeBy *Address          `json:"resume_by,omitempty"`
	At       statement.Instant `json:"at"`
	To       []Recipient       `json:"to"` // by party
	Resumed  statement.Instant `json:"resumed,omitempty"`
	Reason   string            `json:"reason,omitempty"` // of resuming
	Reviews  []Finding         `json:"reviews,omitempty"`
}

// Recipient is a party that a STOP went to, and its last answer.
type Recipient struct {
	Party   party.ID          `json:"party"`
	Message string            `json:"message"`
	Outcome string            `json:"outcome,omitempty"` // held, not_mine, unable; empty: none yet
	First   statement.Instant `json:"first,omitempty"`   // when it answered first
	Last    statement.Instant `json:"last,omitempty"`
}

// Finding is what a party found about a STOP afterwards.
type Finding struct {
	By      party.ID          `json:"by"`
	Finding string            `json:"finding"`
	At      statement.Instant `json:"at"`
}

// recipient returns the place of a party in the STOP.
func (s *StopCall) recipient(id party.ID) int {
	return slices.IndexFunc(s.To, func(r Recipient) bool { return r.Party == id })
}

// Undertaking is what a party undertook on a call.
type Undertaking struct {
	ID    string            `json:"id"`
	Call  string            `json:"call"`
	By    party.ID          `json:"by"`   // whose entry says so
	With  party.ID          `json:"with"` // the other side of the call
	Who   party.ID          `json:"who"`
	What  string            `json:"what"`
	Until statement.Instant `json:"until"`
	Late  statement.Instant `json:"late,omitempty"` // when it was found overdue
}
