package intent

import (
	"encoding/hex"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// Outcome says what follows from a verdict.
type Outcome string

// Outcomes. Those of the first group keep an intent from being accepted.
const (
	Stands          Outcome = "stands"             // the other was there first or ranks higher
	EntryBarred     Outcome = "no_entry"           // an agreed zone
	SiteUnread      Outcome = "unacknowledged"     // a protected site that the owner did not acknowledge
	TooMuch         Outcome = "not_judged"         // too intricate to be judged, so not clear
	Yields          Outcome = "yields"             // the other ranks lower and is displaced
	WasDisplaced    Outcome = "displaced"          // the other has given way already
	Lapsed          Outcome = "lapsed"             // the other was accepted under rules that were suspended since
	OffNominalOwn   Outcome = "off_nominal"        // this one does not conform: told, not refused
	OtherOffNominal Outcome = "other_off_nominal"  // the other does not conform, and met one accepted before: told, displaces nobody
	MarginLost      Outcome = "margin"             // of one accepted before: separation holds, its margin does not
	NoRule          Outcome = "no_rule"            // separation of a suspended agreement is lost: a warning
	ContactNeeded   Outcome = "contact"            // may enter once contact is made
	CallNeeded      Outcome = "call_first"         // by From less the lead
	CallLate        Outcome = "call_late"          // that time is over
	Leaving         Outcome = "leaving"            // a zone that came into force around it in the air, and that it leaves sooner than declared before
	AdvisoryOnly    Outcome = "advisory"           // known, binds nobody
	Unilateral      Outcome = "unilateral"         // claimed by its owner alone, agreed by nobody
	CrossDeclared   Outcome = "crossing"           // of a line, declared and in time
	CrossLate       Outcome = "crossing_late"      // declared with less notice than agreed
	CrossElsewhere  Outcome = "crossing_elsewhere" // declared, but crosses at another place or time
	CrossUnsaid     Outcome = "crossing_undeclared"
	InsideBuffer    Outcome = "buffer"     // of a line, on the own side
	BeyondLine      Outcome = "other_side" // of a line
	SiteKnown       Outcome = "site"       // a protected site, acknowledged
	Hearsay         Outcome = "hearsay"    // by a report
	Possible        Outcome = "possible"   // of a foreign intent only the coarse outline is known
)

// blocks: an intent with such a verdict is not accepted.
func (o Outcome) blocks() bool {
	return o == Stands || o == EntryBarred || o == SiteUnread || o == TooMuch
}

// What a verdict is against.
const (
	AgainstIntent  = "intent"
	AgainstZone    = "zone"
	AgainstLine    = "line"
	AgainstSite    = "site"
	AgainstReport  = "report"
	AgainstForeign = "foreign"
)

// Verdict says how an intent stands to one other thing.
type Verdict struct {
	Against  string            `json:"against"`
	ID       string            `json:"id"` // name of an agreed zone or a line
	Version  int64             `json:"version,omitempty"`
	Party    party.ID          `json:"party,omitempty"` // whose it is
	Outcome  Outcome           `json:"outcome"`
	Source   terms.Source      `json:"source"`             // of the rule; zero: this program's own
	Required *Required         `json:"required,omitempty"` // separation, margins included
	From     statement.Instant `json:"from,omitzero"`
	To       statement.Instant `json:"to,omitzero"`
	Measure  *Measure          `json:"measure,omitempty"` // nil: the owner is not shown where the other is
}

// Required is a separation that is required.
type Required struct {
	LateralMM  int64 `json:"lateral_mm"`
	VerticalMM int64 `json:"vertical_mm"`
	TimeNS     int64 `json:"time_ns"`
	Percent    int64 `json:"percent"` // of what is agreed, by the assurance of both
}

// Measure is what was found, as package conflict states it: distances in tenths
// of a millimetre, altitudes in millimetres, from edge to edge.
type Measure struct {
	At                      statement.Instant `json:"at,omitzero"` // closest
	HorizontalTenthMM       *int64            `json:"horizontal_tenth_mm,omitempty"`
	CentreTenthMM           *int64            `json:"centre_tenth_mm,omitempty"`
	VerticalMM              *int64            `json:"vertical_mm,omitempty"`
	LateralShortfallTenthMM int64             `json:"lateral_shortfall_tenth_mm,omitempty"`
	VerticalShortfallMM     int64             `json:"vertical_shortfall_mm,omitempty"`
	Place                   *declared.Point   `json:"place,omitempty"`
	WithinTolerance         bool              `json:"within_tolerance,omitempty"`
	Suppositions            []string          `json:"suppositions,omitempty"`
	Inputs                  string            `json:"inputs,omitempty"` // digests, SHA-256 in hex
	Digest                  string            `json:"digest,omitempty"`
}

// measureOf returns what a verdict found, and its window.
func measureOf(c *conflict.Verdict) (*Measure, statement.Instant, statement.Instant) {
	m := &Measure{
		LateralShortfallTenthMM: bounded(c.LateralShortfallTenthMM), VerticalShortfallMM: bounded(c.VerticalShortfallMM),
		WithinTolerance: c.WithinTolerance, Suppositions: c.Suppositions,
		Inputs: hex.EncodeToString(c.InputsDigest[:]), Digest: hex.EncodeToString(c.Digest[:]),
	}
	if h := c.MinHorizontal; h != nil {
		m.At = statement.Instant(h.TimeNS)
		m.HorizontalTenthMM, m.CentreTenthMM, m.VerticalMM = known(h.HorizontalTenthMM), known(h.CentreTenthMM), known(h.VerticalMM)
		p := declared.PointOf(h.A)
		m.Place = &p
	}
	return m, statement.Instant(c.FromNS), statement.Instant(c.ToNS)
}

// known drops distances that are unbounded or unknown, which no canonical form
// can hold.
func known(n int64) *int64 {
	if n > statement.MaxInteger || n < -statement.MaxInteger {
		return nil
	}
	return &n
}

func bounded(n int64) int64 { return max(-statement.MaxInteger, min(statement.MaxInteger, n)) }

// requiredOf returns the minima as they stand in a verdict.
func requiredOf(m conflict.Minima, percent int64) *Required {
	return &Required{m.LateralMM, m.VerticalMM, m.TimeNS, percent}
}

// bare is what interiors that must not meet come to for lines without extent.
const bareMM = 1

// noRuleMinima hold where nothing is agreed: interiors must not meet.
func noRuleMinima(a, b *volume.Entity) conflict.Minima {
	m := conflict.Minima{Source: "no rule is agreed"}
	if conflict.Comparable(a, b, m) != nil {
		m.LateralMM, m.VerticalMM = bareMM, bareMM
	}
	return m
}
