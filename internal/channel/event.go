package channel

import (
	"reflect"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Event is an event of the channel.
type Event interface {
	event.Event
	channelEvent()
}

// Events are the events of this package.
var Events = event.Table{
	"channel.sent":      func() event.Event { return new(Sent) },
	"channel.escalated": func() event.Event { return new(Escalated) },
	"channel.attempt":   func() event.Event { return new(Attempted) },
	"channel.opened":    func() event.Event { return new(Progressed) },
	"channel.answered":  func() event.Event { return new(Responded) },
	"channel.readback":  func() event.Event { return new(Confirmed) },
	"channel.mismatch":  func() event.Event { return new(Mismatched) },
	"channel.overdue":   func() event.Event { return new(Overdue) },
	"channel.fallback":  func() event.Event { return new(FellBack) },
	"channel.expired":   func() event.Event { return new(Expired) },
	"channel.stopped":   func() event.Event { return new(StopSent) },
	"channel.alarmed":   func() event.Event { return new(StopAlarmed) },
	"channel.held":      func() event.Event { return new(StopAnswered) },
	"channel.resumed":   func() event.Event { return new(StopLifted) },
	"channel.reviewed":  func() event.Event { return new(Reviewed) },
	"channel.called":    func() event.Event { return new(Called) },
	"channel.kept":      func() event.Event { return new(UndertakingEnded) },
	"channel.late":      func() event.Event { return new(UndertakingLate) },
}

// Between names a message and the two parties that it is between, and that see
// what becomes of it.
type Between struct {
	Message string   `json:"message"`
	From    party.ID `json:"from,omitempty"` // empty: the node itself
	To      party.ID `json:"to"`
}

// shown returns the names for the two parties, and nothing for all others.
func (b Between) shown(to party.ID, names []string) []string {
	if to != "" && (to == b.From || to == b.To) {
		return names
	}
	return nil
}

// Hand is by whom something was done. The person is an alias.
type Hand struct {
	By       party.ID      `json:"by"`
	Role     string        `json:"role,omitempty"`
	Level    party.Level   `json:"level,omitzero"`
	Position string        `json:"position,omitempty"` // where it was done
	Person   string        `json:"person,omitempty"`
	Custody  party.Custody `json:"custody,omitempty"`
}

// Actor implements event.Event.
func (h Hand) Actor() party.ID { return h.By }

// byNode is what the machine does by itself.
type byNode struct{}

// Actor implements event.Event.
func (byNode) Actor() party.ID { return "" }

// Sent: a message was sent, and received at the same time, as both sides use
// one node.
type Sent struct{ Dispatch }

// Escalated: the climb of a message's ladder begins.
type Escalated struct {
	byNode
	Between
	Reason   string       `json:"reason"` // urgent, overdue, unmanned
	Rungs    []terms.Rung `json:"rungs"`
	Fallback []string     `json:"fallback,omitempty"`
}

// Why a ladder is climbed.
const (
	ForUrgency  = "urgent"   // STOP and FLASH go to people and screens at once
	ForOverdue  = "overdue"  // nobody dealt with it in its time
	ForUnmanned = "unmanned" // nobody stands the position
)

// Attempted: somebody is or was called about a message, by the machine along the
// ladder or as a party logged it.
type Attempted struct {
	Between
	By       party.ID          `json:"by,omitempty"` // who logged it; empty: the machine
	Rung     int64             `json:"rung"`         // of the ladder; -1: beside it
	Position string            `json:"position"`
	Bearer   string            `json:"bearer"`
	Outcome  Outcome           `json:"outcome"`
	Started  statement.Instant `json:"started"`
	Ended    statement.Instant `json:"ended,omitempty"`
	Until    statement.Instant `json:"until,omitempty"` // until when the rung now has
}

// Progressed: a message was presented on a screen, or opened by a person.
type Progressed struct {
	Between
	Hand
	Step   string `json:"step"`
	Ending Ending `json:"ending,omitempty"`
}

// Responded: the receiver said something about a message.
type Responded struct {
	Between
	Hand
	Answer   string            `json:"answer"`
	Language string            `json:"language,omitempty"`
	Text     string            `json:"text,omitempty"`
	Fields   []Field           `json:"fields,omitempty"`
	PassedUp bool              `json:"passed_up,omitempty"` // said below the level that it takes
	Due      statement.Instant `json:"due,omitempty"`       // new limit, if it moved
	Until    statement.Instant `json:"until,omitempty"`     // new limit of the rung, if it moved
	Ending   Ending            `json:"ending,omitempty"`
}

// Confirmed: the receiver read a message back, and it matched.
type Confirmed struct {
	Between
	Hand
	Values   []Field           `json:"values"`
	Method   string            `json:"method"`
	Basis    string            `json:"basis"` // by what the text was understood: see basisOf
	PassedUp bool              `json:"passed_up,omitempty"`
	Due      statement.Instant `json:"due,omitempty"`
	Ending   Ending            `json:"ending,omitempty"`
}

// Mismatched: the receiver read a message back, and it did not match. The
// message counts as not delivered.
type Mismatched struct {
	Between
	Hand
	Values []Field  `json:"values"`
	Method string   `json:"method"`
	Fields []string `json:"fields"` // names of those that differ, lack or are too many
}

// Overdue: the handling time of a message ran out.
type Overdue struct {
	byNode
	Between
	Due statement.Instant `json:"due"`
}

// FellBack: the whole ladder was climbed and nobody dealt with the message. Each
// side now does what the standard phrases say.
type FellBack struct {
	byNode
	Between
	Phrases []string `json:"phrases,omitempty"`
}

// Expired: a message lost its sense before anybody dealt with it.
type Expired struct {
	byNode
	Between
}

// StopSent: a party said STOP. A message to each recipient follows.
type StopSent struct {
	Hand
	Stop       string     `json:"stop"`
	Where      Place      `json:"where"`
	AtRisk     string     `json:"at_risk"`
	Callback   string     `json:"callback"`
	ResumeBy   *Address   `json:"resume_by,omitempty"`
	Recipients []party.ID `json:"recipients"` // in order
	Messages   []string   `json:"messages"`   // to each of them
	Screened   []string   `json:"screened,omitempty"`
}

// StopAlarmed: people and screens of receivers of a STOP are called, beside the
// delivery as data: the ladders of these messages begin, with their first rung.
type StopAlarmed struct {
	byNode
	Stop       string            `json:"stop"`
	From       party.ID          `json:"from"`
	Recipients []party.ID        `json:"recipients"` // those with this ladder, in order
	Messages   []string          `json:"messages"`   // to each of them
	Rungs      []terms.Rung      `json:"rungs"`
	Fallback   []string          `json:"fallback,omitempty"`
	Started    statement.Instant `json:"started"`
	Until      statement.Instant `json:"until"` // until when the first rung has
}

// StopAnswered: a receiver of a STOP said what it does.
type StopAnswered struct {
	Between
	Hand
	Stop    string `json:"stop"`
	Outcome string `json:"outcome"`
	Note    string `json:"note,omitempty"`
}

// StopLifted: the reason for a STOP is gone. A message to each recipient
// follows.
type StopLifted struct {
	Hand
	Stop       string     `json:"stop"`
	Reason     string     `json:"reason"`
	LostMS     int64      `json:"lost_ms"`    // since the STOP
	Recipients []party.ID `json:"recipients"` // in order
	From       party.ID   `json:"from"`       // who said STOP
}

// Reviewed: a party says what it finds about a STOP or a precedence.
type Reviewed struct {
	Hand
	Of      string   `json:"of"`
	About   party.ID `json:"about"` // who sent it
	Finding string   `json:"finding"`
	Note    string   `json:"note,omitempty"`
}

// Called: a party's entry about a call by voice.
type Called struct {
	Hand
	ID           string        `json:"id"` // of the call, the same at both ends
	Entry        Call          `json:"entry"`
	Remarks      string        `json:"remarks,omitempty"` // for its own side
	Interpreters []Interpreter `json:"interpreters,omitempty"`
	Undertakings []string      `json:"undertakings,omitempty"` // ids of those of the entry
}

// UndertakingEnded: what was undertaken was done, or cannot be.
type UndertakingEnded struct {
	Hand
	Undertaking string   `json:"undertaking"`
	Outcome     string   `json:"outcome"`
	Note        string   `json:"note,omitempty"`
	With        party.ID `json:"with"` // the other side
}

// UndertakingLate: what was undertaken was not said to be done in its time.
type UndertakingLate struct {
	byNode
	Undertaking string   `json:"undertaking"`
	By          party.ID `json:"by"`
	With        party.ID `json:"with"`
}

// Type implements event.Event.
func (*Sent) Type() string { return "channel.sent" }

// Type implements event.Event.
func (*Escalated) Type() string { return "channel.escalated" }

// Type implements event.Event.
func (*Attempted) Type() string { return "channel.attempt" }

// Type implements event.Event.
func (*Progressed) Type() string { return "channel.opened" }

// Type implements event.Event.
func (*Responded) Type() string { return "channel.answered" }

// Type implements event.Event.
func (*Confirmed) Type() string { return "channel.readback" }

// Type implements event.Event.
func (*Mismatched) Type() string { return "channel.mismatch" }

// Type implements event.Event.
func (*Overdue) Type() string { return "channel.overdue" }

// Type implements event.Event.
func (*FellBack) Type() string { return "channel.fallback" }

// Type implements event.Event.
func (*Expired) Type() string { return "channel.expired" }

// Type implements event.Event.
func (*StopSent) Type() string { return "channel.stopped" }

// Type implements event.Event.
func (*StopAlarmed) Type() string { return "channel.alarmed" }

// Type implements event.Event.
func (*StopAnswered) Type() string { return "channel.held" }

// Type implements event.Event.
func (*StopLifted) Type() string { return "channel.resumed" }

// Type implements event.Event.
func (*Reviewed) Type() string { return "channel.reviewed" }

// Type implements event.Event.
func (*Called) Type() string { return "channel.called" }

// Type implements event.Event.
func (*UndertakingEnded) Type() string { return "channel.kept" }

// Type implements event.Event.
func (*UndertakingLate) Type() string { return "channel.late" }

func (*Sent) channelEvent()             {}
func (*Escalated) channelEvent()        {}
func (*Attempted) channelEvent()        {}
func (*Progressed) channelEvent()       {}
func (*Responded) channelEvent()        {}
func (*Confirmed) channelEvent()        {}
func (*Mismatched) channelEvent()       {}
func (*Overdue) channelEvent()          {}
func (*FellBack) channelEvent()         {}
func (*Expired) channelEvent()          {}
func (*StopSent) channelEvent()         {}
func (*StopAlarmed) channelEvent()      {}
func (*StopAnswered) channelEvent()     {}
func (*StopLifted) channelEvent()       {}
func (*Reviewed) channelEvent()         {}
func (*Called) channelEvent()           {}
func (*UndertakingEnded) channelEvent() {}
func (*UndertakingLate) channelEvent()  {}

// Members that the other side is shown, of events that hold more.
var (
	stoppedShown = membersBut(StopSent{}, "recipients", "messages")
	alarmedShown = membersBut(StopAlarmed{}, "recipients", "messages")
	liftedShown  = membersBut(StopLifted{}, "recipients")
	calledShown  = membersBut(Called{}, "remarks", "interpreters")
)

// membersBut returns the names of an event's members but some.
func membersBut(ev any, hidden ...string) (names []string) {
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous && name == "":
				walk(f.Type)
			case !slices.Contains(hidden, name):
				names = append(names, name)
			}
		}
	}
	walk(reflect.TypeOf(ev))
	return names
}

// Actor implements event.Event.
func (e *Sent) Actor() party.ID { return e.From }

// Actor implements event.Event.
func (e *Attempted) Actor() party.ID { return e.By }

// Position implements event.Addressed: a message belongs to its position, but
// STOP to every one.
func (e *Sent) Position(of party.ID) (name string, addressed bool) {
	return e.ToPosition, of == e.To && e.Precedence != Stop
}

// Release implements event.Event.
func (e *Sent) Release(to party.ID) []string {
	return Between{From: e.From, To: e.To}.shown(to, event.Whole)
}

// Release implements event.Event.
func (e *Escalated) Release(to party.ID) []string { return e.shown(to, event.Whole) }

// Release implements event.Event.
func (e *Attempted) Release(to party.ID) []string { return e.shown(to, event.Whole) }

// Release implements event.Event.
func (e *Progressed) Release(to party.ID) []string { return e.shown(to, event.Whole) }

// Release implements event.Event.
func (e *Responded) Release(to party.ID) []string { return e.shown(to, event.Whole) }

// Release implements event.Event.
func (e *Confirmed) Release(to party.ID) []string { return e.shown(to, event.Whole) }

// Release implements event.Event.
func (e *Mismatched) Release(to party.ID) []string { return e.shown(to, event.Whole) }

// Release implements event.Event.
func (e *Overdue) Release(to party.ID) []string { return e.shown(to, event.Whole) }

// Release implements event.Event.
func (e *FellBack) Release(to party.ID) []string { return e.shown(to, event.Whole) }

// Release implements event.Event.
func (e *Expired) Release(to party.ID) []string { return e.shown(to, event.Whole) }

// Release implements event.Event: a recipient does not see who else is one.
func (e *StopSent) Release(to party.ID) []string {
	if _, found := slices.BinarySearch(e.Recipients, to); found {
		return stoppedShown
	}
	return nil
}

// Release implements event.Event: a recipient does not see who else is one.
func (e *StopAlarmed) Release(to party.ID) []string {
	if to != "" && to == e.From {
		return event.Whole
	}
	if _, found := slices.BinarySearch(e.Recipients, to); found {
		return alarmedShown
	}
	return nil
}

// Release implements event.Event.
func (e *StopAnswered) Release(to party.ID) []string { return e.shown(to, event.Whole) }

// Release implements event.Event.
func (e *StopLifted) Release(to party.ID) []string {
	if _, found := slices.BinarySearch(e.Recipients, to); found || to == e.From {
		return liftedShown
	}
	return nil
}

// Release implements event.Event: a finding is for who is found about.
func (e *Reviewed) Release(to party.ID) []string {
	return Between{From: e.By, To: e.About}.shown(to, event.Whole)
}

// Release implements event.Event.
func (e *Called) Release(to party.ID) []string {
	return Between{From: e.By, To: e.Entry.With}.shown(to, calledShown)
}

// Release implements event.Event.
func (e *UndertakingEnded) Release(to party.ID) []string {
	return Between{From: e.By, To: e.With}.shown(to, event.Whole)
}

// Release implements event.Event.
func (e *UndertakingLate) Release(to party.ID) []string {
	return Between{From: e.By, To: e.With}.shown(to, event.Whole)
}
