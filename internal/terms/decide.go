package terms

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// The functions of this file are what the machine decides by. Worked examples
// run the same ones.

// String names the source for people.
func (s Source) String() string {
	if s.Agreement == "" {
		return "this program's own rule"
	}
	return fmt.Sprintf("%s version %d, clause %s", s.Agreement, s.Version, s.Clause)
}

// Covers reports whether the minima hold between craft of two kinds. A kind
// that is not known is covered by all minima.
func (m Minima) Covers(kindA, kindB string) bool {
	return len(m.Kinds) == 0 || kindA == "" || kindB == "" ||
		slices.Contains(m.Kinds, kindA) || slices.Contains(m.Kinds, kindB)
}

// Widened returns the minima widened to percent of them, rounded up and no
// wider than a verdict allows. Their Source names the clause and the percentage.
func (m Minima) Widened(percent int64) conflict.Minima {
	source := m.Source.String()
	if m.Suspended {
		source += " (suspended)"
	}
	if percent != 100 {
		source += fmt.Sprintf(", widened to %d %%", percent)
	}
	return conflict.Minima{
		LateralMM:  widened(m.LateralMM, percent, volume.MaxBufferMM),
		VerticalMM: widened(m.VerticalMM, percent, volume.MaxBufferMM),
		TimeNS:     widened(m.TimeNS, percent, volume.MaxBufferNS),
		Source:     source,
	}
}

func widened(n, percent, most int64) int64 {
	hi, lo := bits.Mul64(uint64(max(n, 0)), uint64(max(percent, 100)))
	lo, carry := bits.Add64(lo, 99, 0)
	if hi += carry; hi >= 100 {
		return most
	}
	quotient, _ := bits.Div64(hi, lo, 100)
	return int64(min(quotient, uint64(most)))
}

// Grade is how well it is assured that an intent will be flown as declared.
type Grade string

// Grades of assurance.
const (
	Declared     Grade = "declared"     // a claim that nobody acknowledged
	Acknowledged Grade = "acknowledged" // read by a person at the other side
	Tracked      Grade = "tracked"      // flown as declared, by its track
	Contradicted Grade = "contradicted" // evidence speaks against it
)

// Conditions are what else widens the margin of an intent.
type Conditions struct {
	Late   bool // told later than agreed
	NoRule bool // the agreement is suspended
	Silent bool // its party does not answer
}

// Of returns the margin for an intent in percent of the minima: the widest of
// what its grade and the conditions ask for, and 100 at least. A grade that is
// not known counts as contradicted.
func (m Margins) Of(grade Grade, c Conditions) int64 {
	var percent int64
	switch grade {
	case Declared:
		percent = m.Declared
	case Acknowledged:
		percent = m.Acknowledged
	case Tracked:
		percent = m.Tracked
	default:
		percent = m.Contradicted
	}
	if c.Late {
		percent = max(percent, m.Late)
	}
	if c.NoRule {
		percent = max(percent, m.NoRule)
	}
	if c.Silent {
		percent = max(percent, m.Silent)
	}
	return max(percent, 100)
}

// Class is how a notice stands to its start.
type Class string

// Classes of notice.
const (
	Routine   Class = "routine"
	Short     Class = "short"
	Late      Class = "late"
	AfterFact Class = "after_the_fact"
)

// Class returns the class of a notice that the other side received leadNS before
// what it announces starts. A lead of zero or less is after the fact.
func (n Notice) Class(leadNS int64) Class {
	switch {
	case leadNS <= 0:
		return AfterFact
	case leadNS >= n.RoutineNS:
		return Routine
	case leadNS >= n.ShortNS:
		return Short
	}
	return Late
}

// MoveClass returns the class of the notice of a movement of people who are
// protected. Its lead time is a target: what misses it is short, and late only
// when it comes after the start.
func (s Sites) MoveClass(leadNS int64, emergency bool) Class {
	target := s.MoveNS
	if emergency {
		target = s.UrgentNS
	}
	switch {
	case leadNS <= 0:
		return AfterFact
	case leadNS >= target:
		return Routine
	}
	return Short
}

// Compare returns 1 when rank a goes before rank b, -1 when b goes before a, and
// 0 when they are equal.
func (p Priority) Compare(a, b string) int {
	return min(max(p.rung(b)-p.rung(a), -1), 1)
}

// Known reports whether a rank is listed.
func (p Priority) Known(rank string) bool { return p.rung(rank) < len(p.Ranks) }

func (p Priority) rung(rank string) int {
	for i, rung := range p.Ranks {
		if slices.Contains(rung, rank) {
			return i
		}
	}
	return len(p.Ranks)
}

// Precedences of messages, as they stand in messages.
const (
	PrecedenceStop      = "STOP"
	PrecedenceFlash     = "FLASH"
	PrecedenceImmediate = "IMMEDIATE"
	PrecedencePriority  = "PRIORITY"
	PrecedenceRoutine   = "ROUTINE"
)

// HandlingNS returns the time from sending to a person's acknowledgement. ok is
// false for a routine message, which has until the next test call, and for what
// is no precedence.
func (p Precedence) HandlingNS(precedence string) (ns int64, ok bool) {
	switch precedence {
	case PrecedenceStop:
		return p.StopNS, true
	case PrecedenceFlash:
		return p.FlashNS, true
	case PrecedenceImmediate:
		return p.ImmediateNS, true
	case PrecedencePriority:
		return p.PriorityNS, true
	}
	return 0, false
}

// At returns the index of the rung that is tried once nobody answered for
// elapsedNS, and len(Rungs) when all were and the fallback holds.
func (l Ladder) At(elapsedNS int64) int {
	for i, r := range l.Rungs {
		if elapsedNS < r.WaitNS {
			return i
		}
		elapsedNS -= r.WaitNS
	}
	return len(l.Rungs)
}

// EndNS returns how long the whole ladder takes.
func (l Ladder) EndNS() (ns int64) {
	for _, r := range l.Rungs {
		ns += r.WaitNS
	}
	return ns
}

const dayNS = 24 * 3600 * 1_000_000_000

// Next returns the first instant of a test call after afterNS, in nanoseconds
// since 1970. ok is false when there are no test calls.
func (t Tests) Next(afterNS int64) (ns int64, ok bool) {
	if len(t.AtNS) == 0 {
		return 0, false
	}
	midnight := afterNS - ((afterNS%dayNS)+dayNS)%dayNS
	for _, at := range t.AtNS {
		if midnight+at > afterNS {
			return midnight + at, true
		}
	}
	return midnight + dayNS + t.AtNS[0], true
}

// SilentNS returns after how long without a heartbeat a side is silent.
func (h Heartbeat) SilentNS() int64 { return h.EveryNS * h.Misses }

// Allows reports whether a coarse volume of an area in square metres and a
// duration may be declared.
func (c Coarse) Allows(areaM2, durationNS int64) bool {
	if areaM2 < 0 || durationNS < 0 {
		return false
	}
	hi, lo := bits.Mul64(uint64(areaM2), uint64(durationNS))
	capHi, capLo := bits.Mul64(uint64(max(c.AreaTimeM2S, 0)), 1_000_000_000)
	return hi < capHi || hi == capHi && lo <= capLo
}

// Volume returns the zone from an instant to another.
func (z Zone) Volume(from, to statement.Instant) declared.Volume {
	return declared.Volume{Footprint: z.Footprint, Lower: z.Lower, Upper: z.Upper, Start: from, End: to}
}

// Entry returns what a craft of a rank must do to be inside the zone: no_entry,
// entry_with_contact, call_first or advisory. An exempt rank may always enter,
// with contact.
func (z Zone) Entry(rank string) string {
	if (z.Type == NoEntry || z.Type == CallFirst) && slices.Contains(z.Exempt, rank) {
		return EntryWithContact
	}
	return z.Type
}

// Volume returns what keeps clear around a protected site from an instant to
// another: its footprint widened by the radius, up to the ceiling.
func (s Sites) Volume(site declared.Footprint, from, to statement.Instant) declared.Volume {
	return declared.Volume{Footprint: site, Upper: s.Ceiling, Start: from, End: to, HErrorMM: s.RadiusMM}
}
