package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// lateral is what separates two bases, and what that means for a pair.
type lateral struct {
	distM float64     // 0 when they meet
	a, b  geodesy.Vec // the places between which the distance runs
	meet  bool        // the bases cross, or one holds the other
	firm  bool        // meet, beyond the tolerance
}

// judgement is a lateral decision: conflict, and whether it is firm, that is
// beyond the tolerance.
type judgement struct{ conflict, firm bool }

// orient returns, in square metres, twice the signed area of a, b, c seen from
// above: positive when c lies left of the geodesic from a to b. The plane
// through a and b along the mean normal holds the geodesic but for less than
// 0.1 mm at maxPieceM; divided by the length of ab it is the offset of c.
func orient(a, b, c *spot) float64 {
	return b.p.Sub(a.p).Cross(c.p.Sub(a.p)).Dot(a.n.Add(b.n)) / 2
}

// crossing tells whether pieces ab and cd cross at a point inside both, and
// firm whether every end is farther than tolM from the other piece's line.
func crossing(a, b, c, d *spot, tolM float64) (cross, firm bool) {
	o1, o2 := orient(a, b, c), orient(a, b, d)
	if !(o1 > 0 && o2 < 0 || o1 < 0 && o2 > 0) {
		return false, false
	}
	o3, o4 := orient(c, d, a), orient(c, d, b)
	if !(o3 > 0 && o4 < 0 || o3 < 0 && o4 > 0) {
		return false, false
	}
	ab, cd := tolM*b.p.Sub(a.p).Norm(), tolM*d.p.Sub(c.p).Norm()
	firm = min(math.Abs(o1), math.Abs(o2)) > ab && min(math.Abs(o3), math.Abs(o4)) > cd
	return true, firm
}

// toPiece returns the distance in metres from p to the piece ab and the place on
// the piece. p's foot is found by Newton steps along the tangent.
func toPiece(p, a, b *spot) (distM float64, foot geodesy.Vec) {
	chord := b.p.Sub(a.p)
	c2 := chord.Dot(chord)
	f := min(1, max(0, p.p.Sub(a.p).Dot(chord)/c2))
	turn := b.n.Sub(a.n)
	c := math.Sqrt(c2)
	for range maxRounds {
		s := *a
		switch f {
		case 0:
		case 1:
			s = *b
		default:
			s = onPiece(a, chord, turn, f)
		}
		t := chord.Sub(s.n.Scale(chord.Dot(s.n)))
		w := p.p.Sub(s.p)
		// Seen along the chord to a point an angle X away, a step on the arc
		// looks shorter by cos X = 1 - |w|²/2R².
		seen := max(0.1, 1-float64(w.Dot(w)*(0.5/(6_371_000.0*6_371_000.0))))
		next := f + w.Dot(t)/float64(float64(t.Norm()*c)*seen)
		next = min(1, max(0, next))
		if math.Abs(next-f)*c < stepM {
			return separation(p, &s), s.p
		}
		f = next
	}
	s := onPiece(a, chord, turn, f)
	return separation(p, &s), s.p
}

// judge decides whether bases are nearer than radiusM (their own radii,
// buffers and the minimum), or, when that is 0, whether their interiors meet.
func judge(f, g *Footprint, radiusM, tolM float64) (judgement, lateral) {
	if radiusM == 0 {
		return interiorsMeet(f, g, tolM)
	}
	l := baseDistance(f, g, radiusM+tolM, tolM)
	return judgement{l.distM < radiusM+tolM, l.firm || l.distM < radiusM-tolM}, l
}

// baseDistance returns what separates the bases of f and g when their distance
// is below limitM; beyond it distM may be infinite.
func baseDistance(f, g *Footprint, limitM, tolM float64) lateral {
	if f.isPoint() && g.isPoint() {
		return lateral{distM: separation(&f.spots[0], &g.spots[0]), a: f.spots[0].p, b: g.spots[0].p}
	}
	l := boundaryDistance(f, g, limitM, tolM, false).lateral
	if l.firm {
		return l
	}
	if s := heldSpot(f, g); s != nil {
		l = lateral{a: s.p, b: s.p, meet: true, firm: l.distM > tolM}
	}
	return l
}

// heldSpot returns a spot of one base that the other, an area, holds. It is
// meant for bases whose boundaries do not cross, so one spot of each will do.
func heldSpot(f, g *Footprint) *spot {
	if g.closed && g.holds(&f.spots[0]) {
		return &f.spots[0]
	}
	if f.closed && f.holds(&g.spots[0]) {
		return &g.spots[0]
	}
	return nil
}

// boundary is the result of boundaryDistance.
type boundary struct {
	lateral
	// shared is set when the bases have a spot in common.
	shared bool
}

// boundaryDistance is baseDistance without regard to insides.
// With apart set, common spots are noted but count as no distance: only other
// spots do, which is what telling neighbours from overlaps needs.
func boundaryDistance(f, g *Footprint, limitM, tolM float64, apart bool) boundary {
	out := boundary{lateral: lateral{distM: math.Inf(1)}}
	nearer := func(d float64, a, b geodesy.Vec) {
		if d < out.distM {
			out.distM, out.a, out.b = d, a, b
		}
	}
	pairsNearby(f, g, limitM, func(f0, f1, g0, g1 int) float64 {
		for i := f0; i < f1; i++ {
			if f.isPoint() {
				for j := g0; j < g1; j++ {
					c, d := g.piece(j)
					dist, foot := toPiece(&f.spots[0], c, d)
					nearer(dist, f.spots[0].p, foot)
				}
				continue
			}
			a, b := f.piece(i)
			for j := g0; j < g1; j++ {
				if g.isPoint() {
					dist, foot := toPiece(&g.spots[0], a, b)
					nearer(dist, foot, g.spots[0].p)
					continue
				}
				c, d := g.piece(j)
				piecePair([4]*spot{a, b, c, d}, &out, min(limitM, out.distM), tolM, apart)
				if out.firm {
					return -1 // nothing is nearer than crossing
				}
			}
		}
		return min(limitM, out.distM)
	})
	return out
}

// piecePair folds the distance between the pieces from s[0] to s[1] and from
// s[2] to s[3] into out. The least distance of pieces that do not cross is at an
// end of one of them.
func piecePair(s [4]*spot, out *boundary, limitM, tolM float64, apart bool) {
	a, b, c, d := s[0], s[1], s[2], s[3]
	// A chord between midpoints, less both halves, is a lower bound; pieces
	// rise above their chords by less than a thousandth of their length.
	mid := float64(a.p.Add(b.p).Sub(c.p).Sub(d.p).Norm() * 0.5)
	half := float64((b.p.Sub(a.p).Norm() + d.p.Sub(c.p).Norm()) * 0.502)
	if mid-half > limitM {
		return
	}
	if mid <= half {
		if cross, firm := crossing(a, b, c, d, tolM); cross {
			if firm || !out.meet {
				out.a = crossingPoint(a, b, c, d)
				out.b = out.a
			}
			out.firm = out.firm || firm
			out.meet, out.distM = true, 0
			return
		}
	}
	if apartBy(a, b, c, d, limitM) || apartBy(c, d, a, b, limitM) {
		return
	}
	ends := [4][3]*spot{{a, c, d}, {b, c, d}, {c, a, b}, {d, a, b}}
	for k := range ends {
		e := &ends[k]
		if apart && (e[0].p == e[1].p || e[0].p == e[2].p) {
			out.shared = true
			continue
		}
		dist, foot := toPiece(e[0], e[1], e[2])
		if dist >= out.distM {
			continue
		}
		out.distM, out.a, out.b = dist, e[0].p, foot
		if k >= 2 {
			out.a, out.b = foot, e[0].p
		}
	}
}

// apartBy tells whether c and d lie on one side of the line through a and b,
// both farther than limitM from it; then so does all between them.
func apartBy(a, b, c, d *spot, limitM float64) bool {
	o1, o2 := orient(a, b, c), orient(a, b, d)
	far := float64(b.p.Sub(a.p).Norm()*limitM*1.001) + 1e-6
	return o1 > far && o2 > far || o1 < -far && o2 < -far
}

// crossingPoint returns the place where pieces ab and cd, known to cross, do.
func crossingPoint(a, b, c, d *spot) geodesy.Vec {
	o1, o2 := orient(c, d, a), orient(c, d, b)
	return onPiece(a, b.p.Sub(a.p), b.n.Sub(a.n), o1/(o1-o2)).p
}

// holds tells whether the point s is inside the ring. It counts how the ring
// winds around s in the tangent plane at s, where directions to spots are true
// however far they are; s must not lie on the ring. A point half as far again
// from the middle as the ring reaches cannot be inside, but its antipode can.
func (f *Footprint) holds(s *spot) bool {
	if s.p.Sub(f.middle).Norm() > 1.5*f.reachM {
		return false
	}
	e1 := anyTangent(s.n)
	e2 := s.n.Cross(e1)
	winding := 0
	w := f.spots[len(f.spots)-1].p.Sub(s.p)
	px, py := w.Dot(e1), w.Dot(e2)
	for i := range f.spots {
		w = f.spots[i].p.Sub(s.p)
		qx, qy := w.Dot(e1), w.Dot(e2)
		if (py > 0) != (qy > 0) {
			side := float64(px*qy) - float64(qx*py)
			if qy > py && side > 0 {
				winding++
			} else if qy < py && side < 0 {
				winding--
			}
		}
		px, py = qx, qy
	}
	return winding != 0
}
