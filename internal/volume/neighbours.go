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
	if out.shared && held == nil && sameRing(f, g) {
		return judgement{true, true}, lateral{a: f.spots[0].p, b: f.spots[0].p, meet: true, firm: true}
	}
	doubt := held != nil || out.meet || out.distM <= tolM
	if !firm && doubt {
		// Boundaries run along each other: a point deep inside both settles it.
		if w, ok := witness(f, g, tolM); ok {
			return judgement{true, true}, lateral{a: w.p, b: w.p, meet: true, firm: true}
		}
	}
	if held != nil {
		return judgement{true, firm}, lateral{a: held.p, b: held.p, meet: true, firm: firm}
	}
	// A gap, or an overlap, within the tolerance cannot be told from the other.
	return judgement{doubt, false}, out.lateral
}

// maxWitnesses bounds how many spots of each ring a witness is sought between.
const maxWitnesses = 10

// witness returns a point inside f and g, farther than tolM from both
// boundaries, when the middle of two or three spots of theirs is such a point.
// Where none is, an overlap is reported as within tolerance.
func witness(f, g *Footprint, tolM float64) (spot, bool) {
	spots := append(someSpots(f), someSpots(g)...)
	for i, a := range spots {
		for j, b := range spots[:i] {
			sum := a.p.Add(b.p)
			if s, ok := deepInBoth(f, g, sum.Scale(0.5), tolM); ok {
				return s, true
			}
			for _, c := range spots[:j] {
				if s, ok := deepInBoth(f, g, sum.Add(c.p).Scale(1.0/3), tolM); ok {
					return s, true
				}
			}
		}
	}
	return spot{}, false
}

// deepInBoth returns the point above or below p, and whether both areas hold it
// farther than tolM from their boundaries.
func deepInBoth(f, g *Footprint, p geodesy.Vec, tolM float64) (spot, bool) {
	s := spotOf(geodesy.FromECEF(p))
	return s, f.holds(&s) && g.holds(&s) && f.boundaryFrom(&s, tolM) > tolM && g.boundaryFrom(&s, tolM) > tolM
}

// someSpots returns up to maxWitnesses spots, evenly along the ring.
func someSpots(f *Footprint) []*spot {
	n := min(len(f.spots), maxWitnesses)
	out := make([]*spot, n)
	for i := range out {
		out[i] = &f.spots[i*len(f.spots)/n]
	}
	return out
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
	common := g.spotNumbers()
	has := func(p geodesy.Vec) bool { _, ok := common[p]; return ok }
	inChain := false
	for i := range f.spots {
		a, b := f.piece(i)
		var probe *spot
		switch {
		case !has(a.p):
			if !inChain {
				probe = a
			}
			inChain = true
		case has(b.p) && !g.hasPiece(common, a, b):
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

// spotNumbers returns the number of each spot by its place.
func (f *Footprint) spotNumbers() map[geodesy.Vec]int {
	m := make(map[geodesy.Vec]int, len(f.spots))
	for i := range f.spots {
		m[f.spots[i].p] = i
	}
	return m
}

// hasPiece tells whether the piece between a and b, either way, is one of f's,
// a ring whose spots have the given numbers.
func (f *Footprint) hasPiece(numbers map[geodesy.Vec]int, a, b *spot) bool {
	i, ok := numbers[a.p]
	j, both := numbers[b.p]
	n := len(f.spots)
	return ok && both && (j == (i+1)%n || i == (j+1)%n)
}

// sameRing tells whether two areas have the same spots and pieces.
func sameRing(f, g *Footprint) bool {
	if len(f.spots) != len(g.spots) {
		return false
	}
	numbers := g.spotNumbers()
	for i := range f.spots {
		if a, b := f.piece(i); !g.hasPiece(numbers, a, b) {
			return false
		}
	}
	return true
}
