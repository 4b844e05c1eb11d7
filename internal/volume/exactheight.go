package volume

import (
	"math"
	"math/big"
)

// Heights on a leg are rational numbers, and a climb that just reaches the
// separation is clear. Float64 decides wherever it is sure; within nearMM of the
// boundary the functions here decide exactly, on the leg's own integers.

// nearMM is far above the error of float64 heights (heights are at most 1e9 mm,
// where float64 steps are 1.2e-7 mm) and far below what anybody declares.
const nearMM = 1e-3

// exactHeight returns the height of a leg at an instant within it, as a
// fraction.
func (t *Trajectory) exactHeight(leg int32, ns int64, sea bool) *big.Rat {
	w, v := &t.waypoints[leg], &t.waypoints[leg+1]
	h, k := w.height(sea), v.height(sea)
	r := big.NewRat(1, 1).SetFrac(big.NewInt(ns-w.TimeNS), big.NewInt(v.TimeNS-w.TimeNS))
	r.Mul(r, new(big.Rat).SetInt64(k-h))
	return r.Add(r, new(big.Rat).SetInt64(h))
}

// keepsHeight tells whether legs a and b of a meeting keep the vertical
// separation at all instants that are close enough in time. The least
// difference over that convex set of instants is at a corner unless the legs
// pass through each other's level.
func (m *meeting) keepsHeight(a, b int) bool {
	t0, t1 := m.t.waypoints[a].TimeNS, m.t.waypoints[a+1].TimeNS
	u0, u1 := m.u.waypoints[b].TimeNS, m.u.waypoints[b+1].TimeNS
	slack := m.need.TimeNS + m.t.buffers.TimeNS + m.u.buffers.TimeNS
	height := new(big.Rat).SetInt64(m.height)
	above, below := true, true
	corner := func(t, u int64) {
		d := m.t.exactHeight(int32(a), t, m.vertical.sea)
		d.Sub(d, m.u.exactHeight(int32(b), u, m.vertical.sea))
		above = above && d.Cmp(height) >= 0
		below = below && d.Neg(d).Cmp(height) >= 0
	}
	for _, t := range [2]int64{t0, t1} {
		if lo, hi := max(u0, t-slack), min(u1, t+slack); lo <= hi {
			corner(t, lo)
			corner(t, hi)
		}
	}
	for _, u := range [2]int64{u0, u1} {
		if lo, hi := max(t0, u-slack), min(t1, u+slack); lo <= hi {
			corner(lo, u)
			corner(hi, u)
		}
	}
	return above || below
}

// keeps tells whether legs keep the vertical separation over a region of
// instants: by float64 where that is sure, else exactly. False leaves to the
// region's cut how much of it, if any, is too close.
func (m *meeting) keeps(r *region, a, b int) bool {
	least, most := math.Inf(1), math.Inf(-1)
	for i := range r.n {
		d := m.t.altitude(int32(a), r.x[i], m.vertical.sea) - m.u.altitude(int32(b), r.y[i], m.vertical.sea)
		least, most = min(least, d), max(most, d)
	}
	margin := max(least, 0-most) - float64(m.height)
	return margin > nearMM || margin > -nearMM && m.keepsHeight(a, b)
}

// keepsHeight tells whether a leg stays out of the volume's band, grown by what
// is required, during the instants that count.
func (p *passage) keepsHeight(leg int32) bool {
	w, v := p.t.waypoints[leg].TimeNS, p.t.waypoints[leg+1].TimeNS
	slack := p.need.TimeNS + p.t.buffers.TimeNS + p.v.Buffers.TimeNS
	from, to := max(w, p.v.Window.StartNS-slack), min(v, p.v.Window.EndNS+slack)
	if from > to {
		return true
	}
	a, b := p.t.exactHeight(leg, from, p.vertical.sea), p.t.exactHeight(leg, to, p.vertical.sea)
	lower, upper := new(big.Rat).SetInt64(p.lower), new(big.Rat).SetInt64(p.upper)
	return a.Cmp(lower) <= 0 && b.Cmp(lower) <= 0 || a.Cmp(upper) >= 0 && b.Cmp(upper) >= 0
}
