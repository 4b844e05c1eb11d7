package picture

import (
	"fmt"
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
	s := ""
	switch h := a.HorizontalTenthMM; {
	case h < 0:
		s = "overlap " + u.Short(-h)
	case h == 0:
		s = "overlap"
	default:
		s = u.Gap(h) + " apart"
	}
	s += " at " + Clock(a.TimeNS)
	if c := a.CentreTenthMM; c >= 0 && c != a.HorizontalTenthMM {
		s += " (centre to centre " + u.Gap(c) + ")"
	}
	if v.Minima.LateralMM > 0 {
		return s + "; " + u.minimum(v.Minima.LateralMM, u.Lateral) + " required, " + u.Short(v.LateralShortfallTenthMM) + " short"
	}
	return s + "; must not overlap"
}

// VerticalWords says in words how far a pair in conflict is apart in altitude at the
// least, what is required and what is missing. It returns "" when the verdict
// has no such instant.
func (u Units) VerticalWords(v *conflict.Verdict) string {
	a := v.MinVertical
	if a == nil {
		return ""
	}
	s := ""
	switch g := a.VerticalMM; {
	case unbounded(g):
		s = "overlap without limit"
	case g < 0:
		s = "overlap " + u.ShortVertical(-g)
	case g == 0:
		s = "bands touch"
	default:
		s = u.GapVertical(g) + " apart"
	}
	if h := v.MinHorizontal; h == nil || h.VerticalMM != a.VerticalMM {
		s += " at " + Clock(a.TimeNS) // at another instant than the lateral one
	}
	switch {
	case v.Minima.VerticalMM == 0:
		return s + "; must not overlap"
	case unbounded(a.VerticalMM):
		return s + "; " + u.minimum(v.Minima.VerticalMM, u.Vertical) + " required"
	}
	return s + "; " + u.minimum(v.Minima.VerticalMM, u.Vertical) + " required, " + u.ShortVertical(v.Minima.VerticalMM-a.VerticalMM) + " short"
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

// Clock writes an instant as a time of day to the nearest second, such as
// 09:13:57Z.
func Clock(ns int64) string {
	return time.Unix(0, ns).UTC().Round(time.Second).Format("15:04:05Z")
}

// Span writes a window for people: the first instant rounded down and the last
// rounded up to the second, the date once when both fall on the same day.
func Span(fromNS, toNS int64) string {
	const second = int64(time.Second)
	from, _ := floorDiv(fromNS, second)
	to, rest := floorDiv(toNS, second)
	if rest > 0 {
		to++
	}
	const date, clock = "2006-01-02", "15:04:05Z"
	a, b := time.Unix(from, 0).UTC(), time.Unix(to, 0).UTC()
	first, last := a.Format(date+" "+clock), b.Format(date+" "+clock)
	switch {
	case fromNS <= volume.AlwaysNS && toNS >= volume.ForeverNS:
		return "at all times"
	case fromNS <= volume.AlwaysNS:
		return "until " + last
	case toNS >= volume.ForeverNS:
		return "from " + first
	case a.Format(date) == b.Format(date):
		return fmt.Sprintf("%s %s–%s", a.Format(date), a.Format("15:04:05"), b.Format(clock))
	}
	return first + "–" + last
}

// Who names one side of a verdict: its id, and its party when known.
func Who(r conflict.Ref) string {
	if r.Party == "" {
		return r.ID
	}
	return r.ID + " (" + r.Party + ")"
}
