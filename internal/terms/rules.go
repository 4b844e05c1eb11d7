package terms

import (
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
)

// Source says where a rule comes from. The zero Source is this program's own
// rule, which holds where nothing is agreed.
type Source struct {
	Agreement string `json:"agreement,omitempty"`
	Version   int64  `json:"version,omitempty"`
	Clause    string `json:"clause,omitempty"`
}

// Rules are what holds between two parties at an instant, joined from all that
// is in force between them. Each part names its source.
type Rules struct {
	Pair [2]party.ID `json:"pair"` // in order

	// Suspended tells that an agreement between the two, or an annex, is
	// suspended: margins are at least Margins.NoRule.
	Suspended bool `json:"suspended"`

	Minima     []Minima   `json:"minima"`     // none: no separation is agreed
	Margins    Margins    `json:"margins"`    // on the minima
	Notice     Notice     `json:"notice"`     // lead times
	Lines      []Line     `json:"lines"`      // dividing lines
	Zones      []Zone     `json:"zones"`      // agreed areas
	Priority   Priority   `json:"priority"`   // who yields
	Precedence Precedence `json:"precedence"` // handling times of messages
	Ladder     Ladder     `json:"ladder"`     // who is called when nobody answers
	ReadBack   ReadBack   `json:"read_back"`  // which messages, how closely
	Tests      Tests      `json:"tests"`      // test calls
	Heartbeat  Heartbeat  `json:"heartbeat"`
	Offers     Offers     `json:"offers"` // deadlines of offers and answers
	Breach     Breach     `json:"breach"`
	Sites      Sites      `json:"sites"` // protected sites
	Coarse     Coarse     `json:"coarse"`
	Radio      Radio      `json:"radio"`
	Record     Record     `json:"record"`
}

// Minima are the separations required between craft of the two parties: both
// lateral and vertical must be lost, closer in time than TimeNS, for a conflict.
type Minima struct {
	Source     Source    `json:"source"`
	Kinds      []string  `json:"kinds,omitempty"` // of aircraft, of either side; none: all
	Area       *Coverage `json:"area,omitempty"`  // where they hold; nil: where the agreement does
	LateralMM  int64     `json:"lateral_mm"`
	VerticalMM int64     `json:"vertical_mm"`
	TimeNS     int64     `json:"time_ns"`
	// Suspended minima bind nobody. The node goes on to warn by them, as
	// aircraft do not keep clear of each other by themselves the moment that a
	// text is suspended.
	Suspended bool `json:"suspended,omitempty"`
}

// Coverage is an area between two altitudes; nil altitudes are unbounded.
type Coverage struct {
	Polygon []declared.Point   `json:"polygon"`
	Lower   *declared.Altitude `json:"lower,omitempty"`
	Upper   *declared.Altitude `json:"upper,omitempty"`
}

// Margins widen minima, in percent of them: 100 leaves them, 200 doubles them.
// By the assurance of an intent, and 100 or more each.
type Margins struct {
	Source       Source `json:"source"`
	Declared     int64  `json:"declared"`     // nobody acknowledged it yet
	Acknowledged int64  `json:"acknowledged"` // read by a person at the other side
	Tracked      int64  `json:"tracked"`      // flown as declared, by its track
	Contradicted int64  `json:"contradicted"` // evidence speaks against it
	Late         int64  `json:"late"`         // told later than agreed
	NoRule       int64  `json:"no_rule"`      // the agreement is suspended
	Silent       int64  `json:"silent"`       // its party does not answer
}

// Notice says how long before its start an intent should be known to the other
// side: at least RoutineNS is routine, at least ShortNS short, anything before
// the start late, later still after the fact.
type Notice struct {
	Source    Source `json:"source"`
	RoutineNS int64  `json:"routine_ns"`
	ShortNS   int64  `json:"short_ns"`
}

// Line is a dividing line. A party works on its side of it only, outside the
// buffer; a crossing needs notice and, with ReadBack, that it is read back.
type Line struct {
	Source   Source           `json:"source"`
	Name     string           `json:"name"`
	Points   []declared.Point `json:"points"` // at least two
	Left     party.ID         `json:"left"`   // works to the left of the line, seen along it
	Right    party.ID         `json:"right"`
	BufferMM int64            `json:"buffer_mm"` // on either side
	NoticeNS int64            `json:"notice_ns"` // of a crossing
	ReadBack bool             `json:"read_back"` // of a crossing
}

// Zone is an agreed area of a type: no_entry, entry_with_contact, call_first,
// advisory.
type Zone struct {
	Source    Source             `json:"source"`
	Name      string             `json:"name"`
	Type      string             `json:"type"`
	Owner     party.ID           `json:"owner"`
	Footprint declared.Footprint `json:"footprint"`
	Lower     *declared.Altitude `json:"lower,omitempty"`
	Upper     *declared.Altitude `json:"upper,omitempty"`
	LeadNS    int64              `json:"lead_ns"`          // to call first by
	Contact   string             `json:"contact"`          // position that controls it
	Primary   string             `json:"primary"`          // frequency
	Secondary string             `json:"secondary"`        // frequency
	Exempt    []string           `json:"exempt,omitempty"` // ranks that may always enter, with contact
}

// Priority is the ladder of ranks, highest first; the ranks that stand together
// are equal. Between equal ranks, who was accepted earlier stands. A rank that
// is not listed is below all that are.
type Priority struct {
	Source Source     `json:"source"`
	Ranks  [][]string `json:"ranks"`
}

// Precedence holds the handling times of messages: from sending to a person's
// acknowledgement. A routine message has until the next test call.
type Precedence struct {
	Source      Source `json:"source"`
	StopNS      int64  `json:"stop_ns"`
	FlashNS     int64  `json:"flash_ns"`
	ImmediateNS int64  `json:"immediate_ns"`
	PriorityNS  int64  `json:"priority_ns"`
	StandbyNS   int64  `json:"standby_ns"`  // how much STANDBY adds, once
	FlashBytes  int64  `json:"flash_bytes"` // a FLASH message is no longer
}

// Ladder is who is tried when a message is not acknowledged in its time.
type Ladder struct {
	Source   Source   `json:"source"`
	Rungs    []Rung   `json:"rungs"`
	Fallback []string `json:"fallback"` // what each side then does, as ids of standard phrases
}

// Rung is one step of a ladder.
type Rung struct {
	Position string `json:"position"`
	Bearer   string `json:"bearer"`
	WaitNS   int64  `json:"wait_ns"`
}

// ReadBack says which types of message are read back and how closely the fields
// must agree.
type ReadBack struct {
	Source     Source   `json:"source"`
	Types      []string `json:"types"`
	PositionMM int64    `json:"position_mm"`
	LevelMM    int64    `json:"level_mm"`
	TimeNS     int64    `json:"time_ns"`
	HeldKey    bool     `json:"held_key"` // a read-back needs the role's own key
}

// Tests are the test calls: at times of day in UTC, over every bearer, both
// ways.
type Tests struct {
	Source  Source   `json:"source"`
	AtNS    []int64  `json:"at_ns"` // since midnight UTC, ascending
	Bearers []string `json:"bearers"`
	WaitNS  int64    `json:"wait_ns"` // for the answer
}

// Heartbeat is how often each side says that it lives, and after how many missed
// ones it counts as silent.
type Heartbeat struct {
	Source  Source `json:"source"`
	EveryNS int64  `json:"every_ns"`
	Misses  int64  `json:"misses"`
	ClockNS int64  `json:"clock_ns"` // offset of clocks above which an alarm is raised
}

// Offers are the deadlines of proposals about a conflict.
type Offers struct {
	Source Source `json:"source"`
	// AnswerNS is how long an offer stands; after it the conflict is unresolved.
	AnswerNS int64 `json:"answer_ns"`
	// UnresolvedNS before the start an unresolved conflict goes up the ladder.
	UnresolvedNS int64 `json:"unresolved_ns"`
}

// Breach is how breaches are answered.
type Breach struct {
	Source  Source `json:"source"`
	ReplyNS int64  `json:"reply_ns"` // to a query
}

// Sites says what keeps clear of a protected site, and by when a notice is
// loaded in planning after it was received.
type Sites struct {
	Source   Source             `json:"source"`
	RadiusMM int64              `json:"radius_mm"`
	Ceiling  *declared.Altitude `json:"ceiling,omitempty"`
	ReadNS   int64              `json:"read_ns"`
	LoadedNS int64              `json:"loaded_ns"`
	MoveNS   int64              `json:"move_ns"`   // target lead of a movement
	UrgentNS int64              `json:"urgent_ns"` // target lead in an emergency
}

// Coarse caps how much airspace a party's coarse volumes may take.
type Coarse struct {
	Source      Source `json:"source"`
	AreaTimeM2S int64  `json:"area_time_m2s"` // square metres times seconds of one intent; 0: no coarse volumes
}

// Radio is what crews use among themselves.
type Radio struct {
	Source    Source   `json:"source"`
	Language  string   `json:"language"`
	Common    string   `json:"common"`
	Backup    string   `json:"backup"`
	Languages []string `json:"languages"` // of the positions
}

// Record says how the record is kept.
type Record struct {
	Source  Source `json:"source"`
	Witness bool   `json:"witness"` // checkpoints count once a witness co-signed them
}
