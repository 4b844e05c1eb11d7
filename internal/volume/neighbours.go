package volume

import "github.com/deconflict/deconflict/internal/geodesy"

// interiorsMeet decides whether two areas overlap. Neighbours that share only
// vertices or whole edges do not, and that is told exactly: common spots have
// the same bits, and only the others are measured against the tolerance.
func interiorsMeet(f, g *Footprint, tolM float64) (judgement, lateral) {
	limit := tolM
	out := boundaryDistance(f, g, limit, tolM, true)
	if out.firm {
		return judgement{true, true}, out.lateral
	}
	held, firm := heldChain(f, g, tolM, out.shared)
	if !firm {
		if h, ok := heldChain(g, f, tolM, out.shared); h != nil && (ok || held == nil) {
			held, firm = h, ok
		}
	}
	doubt := held != nil || out.meet || out.distM <= tolM
	if !firm && doubt || out.shared && sameRing(f, g) {
		// Boundaries run along each other: a point deep inside both settles it.
		for _, pair := range [2][2]*Footprint{{f, g}, {g, f}} {
			if w, ok := witness(pair[0], pair[1], tolM); ok {
				return judgement{true, true}, lateral{a: w.p, b: w.p, meet: true, firm: true}
			}
		}
	}
	if held != nil {
		return judgement{true, firm}, lateral{a: held.p, b: held.p, meet: true, firm: firm}
	}
	// A gap, or an overlap, within the tolerance cannot be told from the other.
	return judgement{doubt || out.shared && sameRing(f, g), false}, out.lateral
}

// maxWitnesses bounds how many corners of a ring are tried for a witness.
const maxWitnesses = 256

// witness returns a point inside f and g, farther than tolM from both
// boundaries: the middle of a corner of f, when there is such a one.
func witness(f, g *Footprint, tolM float64) (spot, bool) {
	n := len(f.spots)
	step := max(1, n/maxWitnesses)
	for i := 0; i < n; i += step {
		a, b, c := &f.spots[i], &f.spots[(i+1)%n], &f.spots[(i+2)%n]
		m := a.p.Add(b.p).Add(c.p).Scale(1.0 / 3)
		s := onEllipsoid(m, a.n.Add(b.n).Add(c.n).Scale(1.0/3))
		if f.holds(&s) && g.holds(&s) && f.boundaryFrom(&s, tolM) > tolM && g.boundaryFrom(&s, tolM) > tolM {
			return s, true
		}
	}
	return spot{}, false
}

// heldChain returns a spot of f's boundary that lies inside g, and whether it
// does so beyond the tolerance. The boundaries must not cross firmly, so that a
// chain of f between spots shared with g is inside or outside as a whole, and
// one spot of each chain is enough.
func heldChain(f, g *Footprint, tolM float64, shared bool) (held *spot, firm bool) {
	if !shared {
		if !g.holds(&f.spots[0]) {
			return nil, false
		}
		return &f.spots[0], g.boundaryFrom(&f.spots[0], tolM) > tolM
	}
	common := make(map[geodesy.Vec]bool, len(g.spots))
	for i := range g.spots {
		common[g.spots[i].p] = true
	}
	inChain := false
	for i := range f.spots {
		a, b := f.piece(i)
		var probe *spot
		switch {
		case !common[a.p]:
			if !inChain {
				probe = a
			}
			inChain = true
		case common[b.p] && !g.hasPiece(a, b):
			s := onPiece(a, b.p.Sub(a.p), b.n.Sub(a.n), 0.5)
			probe = &s
			inChain = false
		default:
			inChain = false
		}
		if probe == nil || !g.holds(probe) {
			continue
		}
		held = probe
		if g.boundaryFrom(probe, tolM) > tolM {
			return held, true
		}
	}
	return held, false
}

// boundaryFrom returns the distance in metres from s to the boundary when that
// is at most limitM, else something larger.
func (f *Footprint) boundaryFrom(s *spot, limitM float64) float64 {
	best := 2*limitM + 1
	b := bounds{s.p, s.p}
	f.nearby(&b, limitM, func(from, to int) float64 {
		for i := from; i < to; i++ {
			a, c := f.piece(i)
			d, _ := toPiece(s, a, c)
			best = min(best, d)
		}
		return limitM
	})
	return best
}

// hasPiece tells whether the piece between a and b, either way, is one of f's.
func (f *Footprint) hasPiece(a, b *spot) bool {
	for i := range f.spots {
		c, d := f.piece(i)
		if c.p == a.p && d.p == b.p || c.p == b.p && d.p == a.p {
			return true
		}
	}
	return false
}

// sameRing tells whether two areas have the same spots and pieces.
func sameRing(f, g *Footprint) bool {
	if len(f.spots) != len(g.spots) {
		return false
	}
	for i := range f.spots {
		if a, b := f.piece(i); !g.hasPiece(a, b) {
			return false
		}
	}
	return true
}
