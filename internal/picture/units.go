package picture

import (
	"math"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// tenthMM gives the length of the units used here in tenths of a millimetre
// (exact: 1 NM = 1852 m, 1 ft = 0.3048 m).
var tenthMM = map[geodesy.LengthUnit]int64{
	geodesy.Metre:        10_000,
	geodesy.Kilometre:    10_000_000,
	geodesy.NauticalMile: 18_520_000,
	geodesy.Foot:         3_048,
}

// inUnit returns a length in metres in the unit.
func inUnit(metres float64, u geodesy.LengthUnit) float64 {
	return metres / (float64(tenthMM[u]) / 1e4)
}

// Units are the units in which distances are written for people. The zero
// value writes metric units.
type Units struct {
	Lateral  geodesy.LengthUnit // geodesy.Metre, NauticalMile or Foot
	Vertical geodesy.LengthUnit // Metre or Foot
}

// orMetric puts metres where a unit is open.
func (u Units) orMetric() Units {
	if u.Lateral == "" {
		u.Lateral = geodesy.Metre
	}
	if u.Vertical == "" {
		u.Vertical = geodesy.Metre
	}
	return u
}

// Gap writes a lateral distance given in tenths of a millimetre, rounded down,
// so that a distance just short of a limit never reads as the limit.
func (u Units) Gap(gap int64) string { return u.lateralScale(gap).down(gap) }

// GapVertical writes a vertical distance given in millimetres, rounded down.
func (u Units) GapVertical(mm int64) string { return u.verticalScale(mm).down(10 * mm) }

// scale is the unit and the decimals of all lengths of one statement, so that
// they can be added up and compared at sight.
type scale struct {
	unit     geodesy.LengthUnit
	decimals int
}

// down writes a length in tenths of a millimetre rounded down: a distance.
func (s scale) down(tenthsMM int64) string { return fixed(tenthsMM, s.unit, s.decimals, false) }

// up writes a length in tenths of a millimetre rounded up: a shortfall.
func (s scale) up(tenthsMM int64) string { return fixed(tenthsMM, s.unit, s.decimals, true) }

// lateralScale chooses unit and decimals by the largest of the lengths, in
// tenths of a millimetre: fine enough to tell a conflict from its absence at
// that size.
func (u Units) lateralScale(tenthsMM ...int64) scale {
	size := int64(0)
	for _, l := range tenthsMM {
		size = max(size, l, -l)
	}
	switch {
	case u.Lateral == geodesy.NauticalMile && size >= tenthMM[geodesy.NauticalMile]/100:
		return scale{geodesy.NauticalMile, 3}
	case u.Lateral == geodesy.Foot && size < 10*tenthMM[geodesy.Foot]:
		return scale{geodesy.Foot, 2}
	case u.Lateral == geodesy.Foot && size < tenthMM[geodesy.NauticalMile]:
		return scale{geodesy.Foot, 0}
	case u.Lateral == geodesy.Foot:
		return scale{geodesy.NauticalMile, 3}
	case size >= tenthMM[geodesy.Kilometre]:
		return scale{geodesy.Kilometre, 3}
	}
	return scale{geodesy.Metre, 2}
}

// verticalScale chooses the decimals by the smallest of the lengths that is not
// 0, in millimetres.
func (u Units) verticalScale(mm ...int64) scale {
	size := int64(math.MaxInt64)
	for _, l := range mm {
		if l != 0 {
			size = min(size, max(l, -l))
		}
	}
	s := scale{unit: u.Vertical}
	if s.unit != geodesy.Foot {
		s.unit = geodesy.Metre
	}
	switch {
	case size < 10_000:
		s.decimals = 2
	case size < 100_000:
		s.decimals = 1
	}
	return s
}

// fixed writes tenths of a millimetre in a unit with so many decimals, rounded
// down or up in exact integers. Lengths beyond 2e14 tenths of a millimetre
// (20,000 km) do not occur.
func fixed(length int64, u geodesy.LengthUnit, decimals int, up bool) string {
	scale := int64(1)
	for range decimals {
		scale *= 10
	}
	per := tenthMM[u]
	// Whole units and the rest apart, so that the product stays within int64.
	whole, rest := floorDiv(length, per)
	n, left := floorDiv(rest*scale, per)
	if up && left > 0 {
		n++
	}
	n += whole * scale
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := sign + strconv.FormatInt(n/scale, 10)
	if decimals > 0 {
		frac := strconv.FormatInt(n%scale, 10)
		s += "." + strings.Repeat("0", decimals-len(frac)) + frac
	}
	return s + " " + string(u)
}

// floorDiv divides with the quotient rounded down; the rest is in [0, d).
func floorDiv(n, d int64) (q, r int64) {
	q, r = n/d, n%d
	if r < 0 {
		q, r = q-1, r+d
	}
	return q, r
}

// Amount writes how far something is to be moved sideways, in millimetres,
// rounded up.
func (u Units) Amount(mm int64) string { return u.lateralScale(10 * mm).up(10 * mm) }

// Level writes an altitude in millimetres, fine enough to be flown: to a
// centimetre or a tenth of a foot, rounded up, as for what keeps above others, or
// down, as for what keeps below.
func (u Units) Level(mm int64, up bool) string {
	s := scale{geodesy.Metre, 2}
	if u.Vertical == geodesy.Foot {
		s = scale{geodesy.Foot, 1}
	}
	text, unit, _ := strings.Cut(fixed(10*mm, s.unit, s.decimals, up), " ")
	return strings.TrimRight(strings.TrimRight(text, "0"), ".") + " " + unit
}
