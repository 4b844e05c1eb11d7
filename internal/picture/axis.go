package picture

import (
	"math"
	"strconv"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// ticks returns the multiples of step within [from, to].
func ticks(from, to, step float64) []float64 {
	var out []float64
	for i := math.Ceil(from / step); i*step <= to && len(out) < 100; i++ {
		out = append(out, i*step)
	}
	return out
}

// niceStep returns the 1, 2 or 5 times a power of ten that divides span into at
// most n parts.
func niceStep(span float64, n int) float64 {
	if !(span > 0) {
		return 1
	}
	raw := span / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// niceFloor returns the largest 1, 2 or 5 times a power of ten that is at most v.
func niceFloor(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{5, 2} {
		if m*power <= v {
			return m * power
		}
	}
	return power
}

// timeSteps are the distances between instants that people count in.
var timeSteps = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour, 91 * 24 * time.Hour, 364 * 24 * time.Hour,
}

// timeTicks returns at most about n instants within [fromNS, toNS] and the
// layout in which to write them.
func timeTicks(fromNS, toNS int64, n int) (at []int64, layout string) {
	step := timeSteps[len(timeSteps)-1]
	for _, s := range timeSteps {
		if (toNS-fromNS)/int64(s) <= int64(n) {
			step = s
			break
		}
	}
	layout = "15:04"
	switch {
	case step < time.Second:
		layout = "15:04:05.000"
	case step < time.Minute:
		layout = "15:04:05"
	case step >= 24*time.Hour:
		layout = "2006-01-02"
	}
	first, rest := floorDiv(fromNS, int64(step))
	if rest > 0 {
		first++
	}
	for t := first * int64(step); t <= toNS && len(at) <= 4*n; t += int64(step) {
		at = append(at, t)
	}
	return at, layout
}

// tickLabel writes a value of a scale whose ticks are step apart.
func tickLabel(v, step float64) string {
	decimals := 0
	if step < 1 {
		decimals = int(math.Ceil(-math.Log10(step) - 1e-9))
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if s == "-0" {
		s = "0"
	}
	return s
}

// scaleBar returns a round length that takes up to maxPX at pxPerM, with its
// label in a unit of the lateral scale.
func (u Units) scaleBar(pxPerM, maxPX float64) (px float64, label string) {
	maxM := maxPX / pxPerM
	unit := u.Lateral
	switch {
	case unit == geodesy.NauticalMile && maxM < 0.2*geodesy.MetresPerNauticalMile:
		unit = geodesy.Metre
	case unit == geodesy.Foot && maxM > 2*geodesy.MetresPerNauticalMile:
		unit = geodesy.NauticalMile
	case unit != geodesy.NauticalMile && unit != geodesy.Foot:
		unit = geodesy.Metre
	}
	if unit == geodesy.Metre && maxM >= 2000 {
		unit = geodesy.Kilometre
	}
	length := niceFloor(inUnit(maxM, unit))
	metres := length / inUnit(1, unit)
	return metres * pxPerM, tickLabel(length, length) + " " + string(unit)
}
