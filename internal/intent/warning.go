package intent

import (
	"fmt"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/statement"
)

// Warning drafts a warning of an intent for those who are no party to it, in
// the manner of a NOTAM: what is reserved, where, how high and when. It names no
// owner and no reason. Numbers are rounded so that what is warned of holds what
// is declared, errors included.
func Warning(r *Intent) string {
	var b strings.Builder
	fmt.Fprintf(&b, "AIRSPACE WARNING %s\n", strings.ToUpper(r.ID[:min(8, len(r.ID))]))
	for i := range r.Volumes {
		v := &r.Volumes[i]
		fmt.Fprintf(&b, "%d) FLT ACT %s\n   %s TO %s\n   %s TO %s\n", i+1, areaWords(&v.Footprint, v.HErrorMM),
			floorWords(v.Lower, v.VErrorMM), ceilingWords(v.Upper, v.VErrorMM), fromWords(v.Start, v.TErrorNS), toWords(v.End, v.TErrorNS))
	}
	for i := range r.Trajectories {
		t := &r.Trajectories[i]
		first, last := t.Points[0], t.Points[len(t.Points)-1]
		low, high := first.Alt, first.Alt
		var line []declared.Point
		for _, p := range t.Points {
			line = append(line, declared.Point{LatE9: p.LatE9, LngE9: p.LngE9})
			if p.Alt.MM < low.MM {
				low = p.Alt
			}
			if p.Alt.MM > high.MM {
				high = p.Alt
			}
		}
		fmt.Fprintf(&b, "%d) FLT ACT WI %s EITHER SIDE OF LINE %s\n   %s TO %s\n   %s TO %s\n", len(r.Volumes)+i+1,
			lengthWords(t.HalfWidthMM), lineWords(line), floorWords(&low, t.VErrorMM), ceilingWords(&high, t.VErrorMM),
			fromWords(first.At, t.TErrorNS), toWords(last.At, t.TErrorNS))
	}
	if r.Contact.Frequency != "" {
		fmt.Fprintf(&b, "CTC FREQ %s\n", r.Contact.Frequency)
	}
	b.WriteString("THIS NOTICE IS NOT AN ENDORSEMENT AND ASKS FOR NO CLEARANCE\n")
	return b.String()
}

func areaWords(f *declared.Footprint, errorMM int64) string {
	switch {
	case f.Circle != nil:
		return fmt.Sprintf("WI %s RADIUS OF %s", lengthWords(f.Circle.RadiusMM+errorMM), pointWords(f.Circle.Centre))
	case f.Corridor != nil:
		return fmt.Sprintf("WI %s EITHER SIDE OF LINE %s", lengthWords(f.Corridor.HalfWidthMM+errorMM), lineWords(f.Corridor.Line))
	}
	return fmt.Sprintf("WI %s OF AREA %s", lengthWords(errorMM), lineWords(f.Polygon))
}

func lineWords(points []declared.Point) string {
	var words []string
	for _, p := range points {
		words = append(words, pointWords(p))
	}
	return strings.Join(words, " - ")
}

// pointWords writes a position in degrees, minutes and seconds, to the nearest
// second: at most 22 m off.
func pointWords(p declared.Point) string {
	return angleWords(p.LatE9, 2, "N", "S") + angleWords(p.LngE9, 3, "E", "W")
}

func angleWords(e9 int64, digits int, plus, minus string) string {
	side := plus
	if e9 < 0 {
		side, e9 = minus, -e9
	}
	s := (e9*3600 + 500_000_000) / 1_000_000_000
	return fmt.Sprintf("%0*d%02d%02d%s", digits, s/3600, s/60%60, s%60, side)
}

// lengthWords writes a distance in tenths of a nautical mile, rounded up with
// what positions are rounded by.
func lengthWords(mm int64) string {
	const tenthMM, positionMM = 185_200, 22_000
	tenths := (mm + positionMM + tenthMM - 1) / tenthMM
	return fmt.Sprintf("%d.%d NM", tenths/10, tenths%10)
}

// Feet are written whole, 304.8 mm each.
func floorWords(a *declared.Altitude, errorMM int64) string {
	if a == nil {
		return "SFC"
	}
	return fmt.Sprintf("%d FT %s", floorDiv((a.MM-errorMM)*10, 3048), reference(a))
}

func ceilingWords(a *declared.Altitude, errorMM int64) string {
	if a == nil {
		return "UNL"
	}
	return fmt.Sprintf("%d FT %s", -floorDiv(-(a.MM+errorMM)*10, 3048), reference(a))
}

// reference is a reference as NOTAMs have it.
func reference(a *declared.Altitude) string {
	if a.Reference == string(geodesy.AMSL) {
		return "AMSL"
	}
	return "ABV WGS84"
}

func floorDiv(n, unit int64) int64 {
	q := n / unit
	if n%unit < 0 {
		q--
	}
	return q
}

func fromWords(t statement.Instant, errorNS int64) string {
	return secondWords(floorDiv(int64(t)-errorNS, 1e9))
}

func toWords(t statement.Instant, errorNS int64) string {
	return secondWords(-floorDiv(-int64(t)-errorNS, 1e9))
}

func secondWords(s int64) string {
	return time.Unix(s, 0).UTC().Format("2006-01-02 15:04:05") + " UTC"
}
