package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// LateralWords says in words how far a pair in conflict is apart sideways at its
// closest, what is required and what is missing. It returns "" when the verdict
// has no such instant.
func (u Units) LateralWords(v *conflict.Verdict) string {
	a := v.MinHorizontal
	if a == nil {
		return ""
	}
	gap, needed := a.HorizontalTenthMM, 10*v.Minima.LateralMM
	scale := u.lateralScale(gap, needed, v.LateralShortfallTenthMM)
	s := ""
	switch {
	case areaOverlap(v) && needed == 0:
		s = insideWords(v)
	case gap < 0:
		s = "overlap " + scale.up(-gap)
	case gap == 0:
		s = "overlap"
	default:
		s = scale.down(gap) + " apart"
	}
	if !areaOverlap(v) && !still(v) {
		s += " at " + instants(v, a)
	}
	if c := a.CentreTenthMM; c >= 0 && c != gap {
		s += " (centre to centre " + scale.down(c) + ")"
	}
	if needed == 0 {
		return s + "; must not overlap"
	}
	return s + "; " + geodesy.FormatLength(v.Minima.LateralMM, scale.unit, 4) + " required, " + scale.up(v.LateralShortfallTenthMM) + " short"
}

// VerticalWords says in words how far a pair in conflict is apart in altitude at the
// least, what is required and what is missing. It returns "" when the verdict
// has no such instant.
func (u Units) VerticalWords(v *conflict.Verdict) string {
	a := v.MinVertical
	if a == nil {
		return ""
	}
	gap, needed := a.VerticalMM, v.Minima.VerticalMM
	scale := u.verticalScale(gap)
	if needed > 0 {
		scale = u.verticalScale(gap, needed-gap)
	}
	s := ""
	switch {
	case unbounded(gap):
		s = "overlap without limit"
	case gap < 0:
		s = "overlap " + scale.up(-10*gap)
	case gap == 0:
		s = "bands touch"
	default:
		s = scale.down(10*gap) + " apart"
	}
	if h := v.MinHorizontal; !unbounded(gap) && !still(v) && (h == nil || h.VerticalMM != gap) {
		s += " at " + instants(v, a) // at another instant than the lateral one
	}
	switch {
	case needed == 0:
		return s + "; must not overlap"
	case unbounded(gap):
		return s + "; " + u.minimum(needed, u.Vertical) + " required"
	}
	return s + "; " + u.minimum(needed, u.Vertical) + " required, " + scale.up(10*(needed-gap)) + " short"
}

// ApproachWords says how far a pair that is clear is apart at an approach, and
// when.
func (u Units) ApproachWords(v *conflict.Verdict, a *conflict.Approach) string {
	lateral, vertical := "overlapping laterally", "overlapping vertically"
	if a.HorizontalTenthMM > 0 {
		lateral = u.Gap(a.HorizontalTenthMM) + " apart laterally"
	}
	switch {
	case a.VerticalMM == 0:
		vertical = "touching vertically"
	case a.VerticalMM > 0:
		vertical = u.GapVertical(a.VerticalMM)
		if a.HorizontalTenthMM <= 0 {
			vertical += " apart"
		}
		vertical += " vertically"
	}
	s := lateral + " and " + vertical
	if !still(v) {
		s += " at " + instants(v, a)
	}
	return s
}

// instants writes when an approach is: both times, with whose they are, where
// they differ to the second.
func instants(v *conflict.Verdict, a *conflict.Approach) string {
	at, other := Clock(a.TimeNS), Clock(a.OtherNS)
	if at == other {
		return at
	}
	return at + " (" + shorten(v.A.ID, 30) + ") and " + other + " (" + shorten(v.B.ID, 30) + ")"
}

// still tells whether nothing moves where a pair is closest, so that no instant
// is closer than another.
func still(v *conflict.Verdict) bool {
	if v.Worst < 0 || v.Worst >= len(v.Parts) {
		return false
	}
	p := &v.Parts[v.Worst]
	return p.A.Kind == conflict.VolumePart && p.B.Kind == conflict.VolumePart
}

// areaOverlap tells whether one side is within an area of the other of which
// the depth is not known, so that one instant there is as close as another.
func areaOverlap(v *conflict.Verdict) bool {
	a := v.MinHorizontal
	return a != nil && a.HorizontalTenthMM == 0 && a.CentreTenthMM == conflict.NoDistance
}

// insideWords says from when to when a pair overlaps that needs no more than
// not to.
func insideWords(v *conflict.Verdict) string {
	s := "inside "
	if still(v) {
		s = "overlap "
	}
	if !unbroken(v.Parts) {
		s += "at times "
	}
	from, to := v.FromNS <= volume.AlwaysNS, v.ToNS >= volume.ForeverNS
	if from && to {
		return s + "at all times"
	}
	if from || to {
		return s + Span(v.FromNS, v.ToNS)
	}
	first, last := wholeSeconds(v.FromNS, v.ToNS)
	layout := clockLayout
	if first.Format(time.DateOnly) != last.Format(time.DateOnly) {
		layout = time.DateOnly + " " + clockLayout
	}
	return s + "from " + first.Format(layout) + " to " + last.Format(layout)
}

// unbroken tells whether the violations of the parts follow without a gap.
func unbroken(parts []conflict.Part) bool {
	sorted := slices.Clone(parts)
	slices.SortFunc(sorted, func(p, q conflict.Part) int { return cmp.Compare(p.FromNS, q.FromNS) })
	for i := 1; i < len(sorted); i++ {
		if sorted[i].FromNS > sorted[i-1].ToNS {
			return false
		}
		sorted[i].ToNS = max(sorted[i].ToNS, sorted[i-1].ToNS)
	}
	return true
}

// minimum writes a required separation exactly, as far as four decimals go.
func (u Units) minimum(mm int64, unit geodesy.LengthUnit) string {
	if unit == geodesy.Metre && mm >= 10_000_000 {
		unit = geodesy.Kilometre
	}
	return geodesy.FormatLength(mm, unit, 4)
}

// unbounded tells whether a gap comes from a band without floor or ceiling.
func unbounded(mm int64) bool {
	return mm <= volume.NoFloorMM/2 || mm >= volume.NoCeilingMM/2
}

const clockLayout = "15:04:05Z"

// Clock writes an instant as a time of day to the nearest second, such as
// 09:13:57Z.
func Clock(ns int64) string {
	return time.Unix(0, ns).UTC().Round(time.Second).Format(clockLayout)
}

// wholeSeconds rounds a window outward to the second.
func wholeSeconds(fromNS, toNS int64) (from, to time.Time) {
	const second = int64(time.Second)
	first, _ := floorDiv(fromNS, second)
	last, rest := floorDiv(toNS, second)
	if rest > 0 {
		last++
	}
	return time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC()
}

// Span writes a window for people: the first instant rounded down and the last
// rounded up to the second, the date once when both fall on the same day.
func Span(fromNS, toNS int64) string {
	a, b := wholeSeconds(fromNS, toNS)
	first, last := a.Format(time.DateOnly+" "+clockLayout), b.Format(time.DateOnly+" "+clockLayout)
	switch {
	case fromNS <= volume.AlwaysNS && toNS >= volume.ForeverNS:
		return "at all times"
	case fromNS <= volume.AlwaysNS:
		return "until " + last
	case toNS >= volume.ForeverNS:
		return "from " + first
	case a.Format(time.DateOnly) == b.Format(time.DateOnly):
		return fmt.Sprintf("%s %s–%s", a.Format(time.DateOnly), a.Format(time.TimeOnly), b.Format(clockLayout))
	}
	return first + "–" + last
}

// Who names one side of a verdict: its id, its party when known, and for a zone
// what kind it is: R-1 (Tarrow Fire Agency) [zone, no entry].
func Who(r conflict.Ref) string { return nameOf(r) + zoneOf(r) }

func nameOf(r conflict.Ref) string {
	if r.Party == "" {
		return r.ID
	}
	return r.ID + " (" + r.Party + ")"
}

func zoneOf(r conflict.Ref) string {
	switch {
	case r.Kind != volume.Constraint:
		return ""
	case r.Type == "":
		return " [zone]"
	}
	return " [zone, " + strings.ReplaceAll(r.Type, "_", " ") + "]"
}

// PlanFirst returns a verdict on a plan and a zone with the plan as A, whatever
// the order of their ids: people ask what a plan runs into. Any other verdict
// is returned as it is.
func PlanFirst(v *conflict.Verdict) *conflict.Verdict {
	if v.A.Kind != volume.Constraint || v.B.Kind == volume.Constraint {
		return v
	}
	return turned(v)
}

// turned returns a verdict with its sides exchanged.
func turned(v *conflict.Verdict) *conflict.Verdict {
	turned := *v
	turned.A, turned.B = v.B, v.A
	turned.MinHorizontal, turned.MinVertical = turnedApproach(v.MinHorizontal), turnedApproach(v.MinVertical)
	turned.Parts = slices.Clone(v.Parts)
	for i := range turned.Parts {
		p := &turned.Parts[i]
		p.A, p.B = p.B, p.A
		p.Closest = *turnedApproach(&p.Closest)
	}
	return &turned
}

// turnedApproach returns an approach with its sides exchanged.
func turnedApproach(a *conflict.Approach) *conflict.Approach {
	if a == nil {
		return nil
	}
	t := *a
	t.TimeNS, t.OtherNS = a.OtherNS, a.TimeNS
	t.A, t.B = a.B, a.A
	t.ALowerMM, t.AUpperMM, t.BLowerMM, t.BUpperMM = a.BLowerMM, a.BUpperMM, a.ALowerMM, a.AUpperMM
	return &t
}
