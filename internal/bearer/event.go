package bearer

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Event is an event of this domain.
type Event interface {
	event.Event
	bearerEvent()
}

// Events are the events of this domain.
var Events = event.Table{
	"bearer.followed":      func() event.Event { return new(Followed) },
	"bearer.test_opened":   func() event.Event { return new(Opened) },
	"bearer.test_answered": func() event.Event { return new(Answered) },
	"bearer.test_missed":   func() event.Event { return new(Missed) },
	"bearer.shared":        func() event.Event { return new(Shared) },
	"bearer.beat":          func() event.Event { return new(Beat) },
	"bearer.beat_missed":   func() event.Event { return new(BeatMissed) },
	"bearer.silent":        func() event.Event { return new(Silenced) },
	"bearer.returned":      func() event.Event { return new(Returned) },
	"bearer.resynced":      func() event.Event { return new(Resynced) },
	"bearer.clock_alarm":   func() event.Event { return new(ClockAlarm) },
	"bearer.cause_stated":  func() event.Event { return new(CauseStated) },
	"bearer.announced":     func() event.Event { return new(Announced) },
	"bearer.woke":          func() event.Event { return new(Woke) },
}

// byNode is embedded in events that no party's act causes.
type byNode struct{}

// Actor implements event.Event: nobody.
func (byNode) Actor() party.ID { return "" }

// Line is one direction of a bearer: From calls, To hears.
type Line struct {
	From   party.ID `json:"from"`
	To     party.ID `json:"to"`
	Bearer string   `json:"bearer"`
}

// Release shows what is about a line to its two parties.
func (l Line) Release(to party.ID) []string {
	if to == l.From || to == l.To {
		return event.Whole
	}
	return nil
}

// Followed says what is watched between two parties from now on: the rules in
// force between them, as this domain uses them.
type Followed struct {
	byNode
	Pair [2]party.ID `json:"pair"`
	// EveryNS is the period of heartbeats, 0: none are expected. After Misses
	// missed ones a party is silent. ClockNS is the limit of clock offsets.
	EveryNS int64 `json:"every_ns"`
	Misses  int64 `json:"misses"`
	ClockNS int64 `json:"clock_ns"`
	// AtNS are the times of day of tests, ascending, on each of Bearers. Data are
	// those that carry text: their challenge is shown, not spoken.
	AtNS    []int64  `json:"at_ns"`
	Bearers []string `json:"bearers"`
	Data    []string `json:"data"`
	WaitNS  int64    `json:"wait_ns"` // for the answer to a test
	// Positions are called in turn, so that tests exercise the ladder.
	Positions []string `json:"positions"`
}

// Opened says that a test call is to be made now.
type Opened struct {
	Line
	Test      string             `json:"test"`
	Challenge string             `json:"challenge"`
	Shown     bool               `json:"shown"`               // the called party sees the challenge: the bearer carries text
	Scheduled *statement.Instant `json:"scheduled,omitempty"` // its place in the schedule; none: called for by From
	Position  string             `json:"position,omitempty"`  // to be called
	WaitNS    int64              `json:"wait_ns"`
}

// Outcome is how a test call went.
type Outcome string

// Outcomes.
const (
	Good     Outcome = "good"
	Poor     Outcome = "degraded" // understood, but hard to read
	Failed   Outcome = "failed"   // the challenge was not understood
	NoAnswer Outcome = "missed"
)

// Reading is one comparison of a party's clock with the node's.
type Reading struct {
	// OffsetNS is the node's time less the stated one, the way of the message
	// included; within 100 days.
	OffsetNS int64  `json:"offset_ns"`
	ErrorNS  int64  `json:"error_ns"` // stated bound of the party's own error
	Source   string `json:"source"`
	LimitNS  int64  `json:"limit_ns"` // strictest that is agreed; 0: none
}

// BoundNS returns how far the clock may be from UTC as the node knows it.
func (r *Reading) BoundNS() int64 { return max(r.OffsetNS, -r.OffsetNS) + r.ErrorNS }

// Alarm reports whether the clock may be further off than agreed.
func (r *Reading) Alarm() bool { return r.LimitNS > 0 && r.BoundNS() > r.LimitNS }

// Answered closes a test call.
type Answered struct {
	Line
	Test        string  `json:"test"`
	Outcome     Outcome `json:"outcome"`
	Readability int64   `json:"readability"`
	DelayMS     int64   `json:"delay_ms"`
	Position    string  `json:"position"`  // that answered
	OnRoster    bool    `json:"on_roster"` // somebody stands this position's watch
	TookNS      int64   `json:"took_ns"`   // from opening to answer
	// Causes are what was announced for this time, when the outcome is not good.
	Causes []Stated `json:"causes,omitempty"`
	Clock  *Reading `json:"clock,omitempty"`
}

// Missed closes a test call that nobody answered in its time.
type Missed struct {
	byNode
	Line
	Test   string            `json:"test"`
	Due    statement.Instant `json:"due"`
	Causes []Stated          `json:"causes,omitempty"`
}

// Stated is a cause as one party states it.
type Stated struct {
	By    party.ID `json:"by"`
	Cause Cause    `json:"cause"`
	Text  string   `json:"text,omitempty"`
}

// Beat is a heartbeat that came in.
type Beat struct {
	Party      party.ID      `json:"party"`
	To         party.ID      `json:"to,omitempty"`
	State      string        `json:"state"`
	Seen       int64         `json:"seen"`
	Checkpoint string        `json:"checkpoint,omitempty"`
	Custody    party.Custody `json:"custody"`
	Clock      *Reading      `json:"clock"`
}

// Direction is who is heard by whom.
type Direction struct {
	Of party.ID `json:"of"`
	To party.ID `json:"to"`
}

// Release shows what is about a heartbeat to its two parties.
func (d Direction) Release(to party.ID) []string {
	if to == d.Of || to == d.To {
		return event.Whole
	}
	return nil
}

// Shared says that a party lets another count on its heartbeats with which it has
// no agreement, and by which rules. Nothing is counted the other way.
type Shared struct {
	Direction
	EveryNS int64 `json:"every_ns"`
	Misses  int64 `json:"misses"`
	ClockNS int64 `json:"clock_ns"`
}

// BeatMissed says that a heartbeat did not come, and that the party is not
// silent yet.
type BeatMissed struct {
	byNode
	Direction
	Due    statement.Instant `json:"due"`
	Misses int64             `json:"misses"` // in a row
}

// Silenced says that a party counts as silent.
type Silenced struct {
	byNode
	Direction
	Since  statement.Instant `json:"since"` // when the last heartbeat missed was due
	Last   statement.Instant `json:"last"`  // heartbeat that came
	Misses int64             `json:"misses"`
	Causes []Stated          `json:"causes,omitempty"`
}

// Returned says that a silent party is heard again. It missed the entries of
// the journal behind Seen, up to this event's own.
type Returned struct {
	Direction
	Since statement.Instant `json:"since"` // silent
	Seen  int64             `json:"seen"`
}

// Resynced says that a party that was silent has read what it missed.
type Resynced struct {
	Direction
	Seen int64 `json:"seen"`
}

// ClockAlarm says that a party's clock may be further off than agreed, or that
// it no longer is.
type ClockAlarm struct {
	Party    party.ID   `json:"party"`
	Raised   bool       `json:"raised"`
	Clock    Reading    `json:"clock"`
	Partners []party.ID `json:"partners"` // who is told
}

// CauseStated is a party's word on why a line failed or a party is silent.
type CauseStated struct {
	Line
	Stated Stated `json:"stated"`
}

// Announced is a party's word that it will not be reached: To will not reach
// From on the bearer.
type Announced struct {
	Line
	Begin  statement.Instant `json:"begin"`
	Until  statement.Instant `json:"until"`
	Stated Stated            `json:"stated"`
}

// Woke says that the node did not run: deadlines since Since passed unwatched.
// No miss is counted; all that is awaited has one full period from now.
type Woke struct {
	byNode
	Since statement.Instant `json:"since"`
}

// Type implements event.Event.
func (*Followed) Type() string { return "bearer.followed" }

// Type implements event.Event.
func (*Opened) Type() string { return "bearer.test_opened" }

// Type implements event.Event.
func (*Answered) Type() string { return "bearer.test_answered" }

// Type implements event.Event.
func (*Missed) Type() string { return "bearer.test_missed" }

// Type implements event.Event.
func (*Shared) Type() string { return "bearer.shared" }

// Type implements event.Event.
func (*Beat) Type() string { return "bearer.beat" }

// Type implements event.Event.
func (*BeatMissed) Type() string { return "bearer.beat_missed" }

// Type implements event.Event.
func (*Silenced) Type() string { return "bearer.silent" }

// Type implements event.Event.
func (*Returned) Type() string { return "bearer.returned" }

// Type implements event.Event.
func (*Resynced) Type() string { return "bearer.resynced" }

// Type implements event.Event.
func (*ClockAlarm) Type() string { return "bearer.clock_alarm" }

// Type implements event.Event.
func (*CauseStated) Type() string { return "bearer.cause_stated" }

// Type implements event.Event.
func (*Announced) Type() string { return "bearer.announced" }

// Type implements event.Event.
func (*Woke) Type() string { return "bearer.woke" }

// Actor is who called for the test; the node when it was scheduled.
func (e *Opened) Actor() party.ID {
	if e.Scheduled != nil {
		return ""
	}
	return e.From
}

// Actor implements event.Event.
func (e *Answered) Actor() party.ID { return e.To }

// Actor implements event.Event.
func (e *Shared) Actor() party.ID { return e.Of }

// Actor implements event.Event.
func (e *Beat) Actor() party.ID { return e.Party }

// Actor implements event.Event.
func (e *Returned) Actor() party.ID { return e.Of }

// Actor implements event.Event.
func (e *Resynced) Actor() party.ID { return e.Of }

// Actor implements event.Event.
func (e *ClockAlarm) Actor() party.ID { return e.Party }

// Actor implements event.Event.
func (e *CauseStated) Actor() party.ID { return e.Stated.By }

// Actor implements event.Event.
func (e *Announced) Actor() party.ID { return e.From }

// Release shows an event to the two parties whose line or rules it is about.
func (e *Followed) Release(to party.ID) []string {
	if slices.Contains(e.Pair[:], to) {
		return event.Whole
	}
	return nil
}

// Release keeps a spoken challenge from the party that is called: else it could
// answer without having heard it.
func (e *Opened) Release(to party.ID) []string {
	if to == e.To && !e.Shown {
		return []string{"bearer", "from", "position", "scheduled", "shown", "test", "to", "wait_ns"}
	}
	return e.Line.Release(to)
}

// Release implements event.Event.
func (e *Answered) Release(to party.ID) []string {
	if to == e.From {
		return []string{"bearer", "causes", "delay_ms", "from", "on_roster", "outcome", "position", "readability", "test", "to", "took_ns"}
	}
	return e.Line.Release(to)
}

// Release shows a heartbeat to the party that it is addressed to; what follows
// from it is in other events.
func (e *Beat) Release(to party.ID) []string {
	if to == e.Party || to == e.To {
		return event.Whole
	}
	return nil
}

// Release tells those who count on the party, and not who else does.
func (e *ClockAlarm) Release(to party.ID) []string {
	switch {
	case to == e.Party:
		return event.Whole
	case slices.Contains(e.Partners, to):
		return []string{"clock", "party", "raised"}
	}
	return nil
}

// Release tells everybody that the node did not run.
func (*Woke) Release(party.ID) []string { return event.Whole }

func (*Followed) bearerEvent()    {}
func (*Opened) bearerEvent()      {}
func (*Answered) bearerEvent()    {}
func (*Missed) bearerEvent()      {}
func (*Shared) bearerEvent()      {}
func (*Beat) bearerEvent()        {}
func (*BeatMissed) bearerEvent()  {}
func (*Silenced) bearerEvent()    {}
func (*Returned) bearerEvent()    {}
func (*Resynced) bearerEvent()    {}
func (*ClockAlarm) bearerEvent()  {}
func (*CauseStated) bearerEvent() {}
func (*Announced) bearerEvent()   {}
func (*Woke) bearerEvent()        {}
