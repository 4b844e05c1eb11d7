package notice

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/declared"
)

// notation is one way in which people write an angle: a whole number of its
// smallest unit, by digits.
type notation struct {
	name  string
	units []int64 // from degrees down: how many of the next a unit has
	width []int   // digits of each below degrees
}

// notations, most common first: degrees with decimals, degrees and minutes with
// decimals, degrees, minutes and seconds with a decimal.
var notations = []notation{
	{"degrees", []int64{1e9}, []int{9}},
	{"degrees and minutes", []int64{60, 1000}, []int{2, 3}},
	{"degrees, minutes and seconds", []int64{60, 60, 10}, []int{2, 2, 1}},
}

// scale returns how many of the smallest unit a degree has.
func (n notation) scale() int64 {
	s := int64(1)
	for _, u := range n.units {
		s *= u
	}
	return s
}

// digits writes the magnitude of an angle, or reports false when it was not
// written in this notation.
func (n notation) digits(magnitudeE9 int64, degreeDigits int) ([]byte, bool) {
	scale := n.scale()
	total := (magnitudeE9/1e9)*scale + ((magnitudeE9%1e9)*scale+5e8)/1e9
	if d := n.angleE9(total) - magnitudeE9; d > 1 || d < -1 {
		return nil, false
	}
	var tail []byte
	for i := len(n.units) - 1; i >= 0; i-- {
		tail = append(fmt.Appendf(nil, "%0*d", n.width[i], total%n.units[i]), tail...)
		total /= n.units[i]
	}
	return append(fmt.Appendf(nil, "%0*d", degreeDigits, total), tail...), true
}

// angleE9 returns a number of the smallest unit as an angle.
func (n notation) angleE9(total int64) int64 {
	scale := n.scale()
	return (total/scale)*1e9 + ((total%scale)*1e9+scale/2)/scale
}

// read is the reverse of digits. It reports false for sixty minutes and more.
func (n notation) read(digits []byte, degreeDigits int) (magnitudeE9 int64, ok bool) {
	number := func(from, to int) (v int64) {
		for _, d := range digits[from:to] {
			v = 10*v + int64(d-'0')
		}
		return v
	}
	total, at := number(0, degreeDigits), degreeDigits
	for i, u := range n.units {
		v := number(at, at+n.width[i])
		if v >= u {
			return 0, false
		}
		total, at = total*u+v, at+n.width[i]
	}
	return n.angleE9(total), true
}

// swapped visits each angle that comes of swapping two neighbouring digits. Of
// the zeros that end a number one may have been typed, no more.
func (n notation) swapped(angleE9 int64, degreeDigits int, visit func(int64)) {
	sign := int64(1)
	if angleE9 < 0 {
		sign = -1
	}
	digits, ok := n.digits(sign*angleE9, degreeDigits)
	if !ok {
		return
	}
	last := len(digits) - 1
	for last > 0 && digits[last] == '0' {
		last--
	}
	for i := range min(last+1, len(digits)-1) {
		if digits[i] == digits[i+1] {
			continue
		}
		other := slices.Clone(digits)
		other[i], other[i+1] = other[i+1], other[i]
		if m, ok := n.read(other, degreeDigits); ok {
			visit(sign * m)
		}
	}
}

// maxSuspects bounds how many slips a query names.
const maxSuspects = 8

// suspects returns the single slips of typing in the reference point that make
// it agree with the subject: agrees tells, and by how much it is then off. Of
// the notations only the first that explains anything counts.
func (c *Content) suspects(subject string, agrees func(declared.Point) (offMM int64, ok bool)) []Suspect {
	typed := *c.Point
	var out []Suspect
	try := func(slip string, p declared.Point) {
		if _, err := p.LatLng(); err != nil || p == typed {
			return
		}
		if slices.ContainsFunc(out, func(s Suspect) bool { return s.Point == p }) {
			return
		}
		if off, ok := agrees(p); ok {
			out = append(out, Suspect{Slip: slip, Point: p, FarMM: distanceMM(typed, p), OffMM: off, Fits: subject})
		}
	}
	try("latitude and longitude swapped", declared.Point{LatE9: typed.LngE9, LngE9: typed.LatE9})
	try("sign of the latitude", declared.Point{LatE9: -typed.LatE9, LngE9: typed.LngE9})
	try("sign of the longitude", declared.Point{LatE9: typed.LatE9, LngE9: -typed.LngE9})
	try("signs of both", declared.Point{LatE9: -typed.LatE9, LngE9: -typed.LngE9})
	for _, n := range notations {
		before := len(out)
		n.swapped(typed.LatE9, 2, func(lat int64) {
			try("two digits of the latitude swapped, in "+n.name, declared.Point{LatE9: lat, LngE9: typed.LngE9})
		})
		n.swapped(typed.LngE9, 3, func(lng int64) {
			try("two digits of the longitude swapped, in "+n.name, declared.Point{LatE9: typed.LatE9, LngE9: lng})
		})
		if len(out) > before {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b Suspect) int { return cmp.Compare(a.OffMM, b.OffMM) })
	return out[:min(len(out), maxSuspects)]
}
