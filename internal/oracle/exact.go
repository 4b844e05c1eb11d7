package oracle

import (
	"math/big"
	"slices"

	"github.com/deconflict/deconflict/internal/volume"
)

// leg is one leg of a trajectory.
type leg struct {
	from, to volume.Waypoint
	curve    curve
	index    int
}

// legsOf returns the legs of a trajectory, with heights above the sea in place
// of those above the ellipsoid if sea is set.
func legsOf(t *volume.Trajectory, sea bool) []leg {
	w := t.Waypoints()
	if sea {
		w = slices.Clone(w)
		for i := range w {
			w[i].AltMM = w[i].SeaMM
		}
	}
	legs := make([]leg, len(w)-1)
	for i := range legs {
		legs[i] = leg{w[i], w[i+1], flown(w[i], w[i+1]), i}
	}
	return legs
}

// lastsNS is the leg's duration.
func (l *leg) lastsNS() int64 { return l.to.TimeNS - l.from.TimeNS }

func (l *leg) level() bool { return l.from.AltMM == l.to.AltMM }

// climb returns the altitude in millimetres as a function of seconds since the
// leg's start.
func (l *leg) climb() (h0, rate float64) {
	return float64(l.from.AltMM), float64(l.to.AltMM-l.from.AltMM) / (float64(l.lastsNS()) / 1e9)
}

// altitude returns the exact altitude in millimetres at ns nanoseconds after the
// leg's start.
func (l *leg) altitude(ns *big.Rat) *big.Rat {
	h := new(big.Rat).Mul(ns, big.NewRat(l.to.AltMM-l.from.AltMM, l.lastsNS()))
	return h.Add(h, rat(l.from.AltMM))
}

// reaches returns when the leg is at an altitude, in nanoseconds since its
// start, which may be outside it. The leg must not be level.
func (l *leg) reaches(altMM int64) *big.Rat {
	return new(big.Rat).Mul(rat(altMM-l.from.AltMM), big.NewRat(l.lastsNS(), l.to.AltMM-l.from.AltMM))
}

func rat(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

// span is an interval of nanoseconds since the start of a leg.
type span struct{ lo, hi *big.Rat }

func (s span) empty() bool { return s.lo.Cmp(s.hi) >= 0 }

// clip narrows the span to [a, b], in either order.
func (s *span) clip(a, b *big.Rat) {
	if a.Cmp(b) > 0 {
		a, b = b, a
	}
	if a.Cmp(s.lo) > 0 {
		s.lo = a
	}
	if b.Cmp(s.hi) < 0 {
		s.hi = b
	}
}

// seconds returns the ends in seconds.
func (s span) seconds() (lo, hi float64) {
	f := func(r *big.Rat) float64 {
		v, _ := new(big.Rat).Quo(r, rat(1e9)).Float64()
		return v
	}
	return f(s.lo), f(s.hi)
}

// against returns when a leg is close in time to a volume.
func (l *leg) against(v *volume.Volume4D, slackNS int64) span {
	s := span{rat(0), rat(l.lastsNS())}
	s.clip(rat(v.Window.StartNS-slackNS-l.from.TimeNS), rat(v.Window.EndNS+slackNS-l.from.TimeNS))
	return s
}

// within narrows a span to when the leg is strictly between two altitudes.
func (l *leg) within(s span, lowerMM, upperMM int64) span {
	switch {
	case !l.level():
		s.clip(l.reaches(lowerMM), l.reaches(upperMM))
	case l.from.AltMM <= lowerMM || l.from.AltMM >= upperMM:
		s.hi = s.lo
	}
	return s
}

// together returns when two legs are flown at the same time, in nanoseconds
// since the start of l.
func (l *leg) together(m *leg) span {
	s := span{rat(0), rat(l.lastsNS())}
	shift := m.from.TimeNS - l.from.TimeNS
	s.clip(rat(shift), rat(shift+m.lastsNS()))
	return s
}

// closeTogether narrows a span of simultaneous flight to when altitudes differ
// by less than heightMM.
func (l *leg) closeTogether(m *leg, s span, heightMM int64) span {
	shift := rat(m.from.TimeNS - l.from.TimeNS)
	// The difference of altitudes is d0 + r·t.
	r := new(big.Rat).Sub(big.NewRat(l.to.AltMM-l.from.AltMM, l.lastsNS()), big.NewRat(m.to.AltMM-m.from.AltMM, m.lastsNS()))
	d0 := new(big.Rat).Sub(l.altitude(rat(0)), m.altitude(new(big.Rat).Neg(shift)))
	if r.Sign() == 0 {
		if d0.Abs(d0).Cmp(rat(heightMM)) >= 0 {
			s.hi = s.lo
		}
		return s
	}
	solve := func(h int64) *big.Rat {
		return new(big.Rat).Quo(new(big.Rat).Sub(rat(h), d0), r)
	}
	if heightMM == 0 {
		s.hi = s.lo
		return s
	}
	s.clip(solve(-heightMM), solve(heightMM))
	return s
}

// apartNS returns how far apart in time two legs are at least.
func (l *leg) apartNS(m *leg) int64 {
	return max(0, l.from.TimeNS-m.to.TimeNS, m.from.TimeNS-l.to.TimeNS)
}

// moments returns the corners of the set of pairs of instants of two legs less
// than slackNS apart, each in nanoseconds since the start of its leg. The set
// must have an inside.
func (l *leg) moments(m *leg, slackNS int64) [][2]int64 {
	a1, b1 := l.lastsNS(), m.lastsNS()
	shift := m.from.TimeNS - l.from.TimeNS
	var out [][2]int64
	keep := func(x, y int64) {
		if x >= 0 && x <= a1 && y >= 0 && y <= b1 && max(y+shift-x, x-y-shift) <= slackNS {
			out = append(out, [2]int64{x, y})
		}
	}
	for _, x := range [2]int64{0, a1} {
		keep(x, 0)
		keep(x, b1)
		keep(x, x-shift+slackNS)
		keep(x, x-shift-slackNS)
	}
	for _, y := range [2]int64{0, b1} {
		keep(y+shift+slackNS, y)
		keep(y+shift-slackNS, y)
	}
	return out
}

// leastGap returns the exact least difference of altitudes in millimetres over
// the pairs of instants less than slackNS apart.
func (l *leg) leastGap(m *leg, slackNS int64) *big.Rat {
	var low, high *big.Rat
	for _, p := range l.moments(m, slackNS) {
		d := new(big.Rat).Sub(l.altitude(rat(p[0])), m.altitude(rat(p[1])))
		if low == nil || d.Cmp(low) < 0 {
			low = d
		}
		if high == nil || d.Cmp(high) > 0 {
			high = d
		}
	}
	switch {
	case low.Sign() > 0:
		return low
	case high.Sign() < 0:
		return high.Neg(high)
	}
	return rat(0)
}

// heights says how the heights of two parts are compared: above the sea when
// both are declared so, and how much is added to buffers and minimum.
func heights(a, b volume.Datum) (sea bool, addMM int64) {
	if a.Sea && b.Sea {
		return true, 0
	}
	return false, a.ErrorMM + b.ErrorMM
}

// bandOf returns a volume's band above the sea or the ellipsoid.
func bandOf(v *volume.Volume4D, sea bool) volume.Band {
	if sea {
		return v.SeaBand
	}
	return v.Band
}
