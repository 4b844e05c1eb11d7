package outline

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Lengths in cells of a hull.
const (
	// maxBay is how deep a bay may be that the hull of a piece fills. Cells along
	// a straight edge leave bays of up to √2.
	maxBay = 1.5
	// maxCorner is how far a corner may be from the hull where two edges are
	// lengthened to meet, in place of those between them.
	maxCorner = 0.75
	// outward is how far edges are moved outward. It makes up for geodesics
	// that leave the straight segment between their ends by up to maxSag.
	outward = 0.125
	maxSag  = 0.0625
	// maxHalvings bounds how often an edge is halved for that: cells are at least
	// a five-hundredth of what they cover, so that a few always do.
	maxHalvings = 12
)

// corner is a corner of cells: column and row counted from a piece's first.
type corner struct{ x, y int64 }

// cross is positive where the way from a over b to c turns left.
func cross(a, b, c corner) int64 { return (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x) }

// west returns the corners of the piece's hull on its western side, upward; with
// side -1 those on the eastern side, mirrored.
func (p *piece) west(side int64) []corner {
	var hull []corner
	for i := range p.runs {
		x := p.edge(i, side)
		for _, c := range [2]corner{{x, int64(i)}, {x, int64(i) + 1}} {
			if n := len(hull); n > 0 && hull[n-1].y == c.y {
				if hull[n-1].x <= c.x {
					continue
				}
				hull = hull[:n-1]
			}
			for len(hull) > 1 && cross(hull[len(hull)-2], hull[len(hull)-1], c) >= 0 {
				hull = hull[:len(hull)-1]
			}
			hull = append(hull, c)
		}
	}
	return hull
}

// edge returns where row i begins in the west, or with side -1, mirrored, in the
// east.
func (p *piece) edge(i int, side int64) int64 {
	if side > 0 {
		return int64(p.runs[i].lo)
	}
	return -int64(p.runs[i].hi) - 1
}

// deepestBay returns how far in cells the hull's edges are from the innermost
// corners between rows.
func (p *piece) deepestBay() float64 {
	deepest := 0.0
	for _, side := range [2]int64{1, -1} {
		hull := p.west(side)
		at := 0
		for i := 1; i < len(p.runs); i++ {
			inner := corner{max(p.edge(i-1, side), p.edge(i, side)), int64(i)}
			for hull[at+1].y < inner.y {
				at++
			}
			depth := inner.from(hull[at], hull[at+1])
			if hull[at+1].y == inner.y && at+2 < len(hull) {
				depth = min(depth, inner.from(hull[at+1], hull[at+2]))
			}
			deepest = max(deepest, depth)
		}
	}
	return deepest
}

// from returns the distance of a corner from the line through two others.
func (c corner) from(a, b corner) float64 {
	dx, dy := float64(b.x-a.x), float64(b.y-a.y)
	return math.Abs(float64(cross(a, b, c))) / math.Sqrt(float64(dx*dx)+float64(dy*dy))
}

// hull returns the corners of the piece's convex hull, counter-clockwise from the
// south-western one on.
func (p *piece) hull() []corner {
	west, east := p.west(1), p.west(-1)
	ring := []corner{west[0]}
	for _, c := range east {
		ring = append(ring, corner{-c.x, c.y})
	}
	for i := len(west) - 1; i > 0; i-- {
		ring = append(ring, west[i])
	}
	return ring
}

// vertex is a place in the plane of cells.
type vertex struct{ x, y float64 }

// line is the edge of a hull: what is inside lies to its left.
type line struct {
	at     vertex
	dx, dy float64 // of length 1
}

func lineOf(a, b corner) line {
	dx, dy := float64(b.x-a.x), float64(b.y-a.y)
	n := math.Sqrt(float64(dx*dx) + float64(dy*dy))
	dx, dy = dx/n, dy/n
	return line{vertex{float64(a.x) + float64(outward*dy), float64(a.y) - float64(outward*dx)}, dx, dy}
}

// meets returns where two edges meet once lengthened; false where the second does
// not turn left of the first.
func (l *line) meets(m *line) (vertex, bool) {
	turn := float64(l.dx*m.dy) - float64(l.dy*m.dx)
	if turn < 1e-9 {
		return vertex{}, false
	}
	ax, ay := m.at.x-l.at.x, m.at.y-l.at.y
	s := (float64(ax*m.dy) - float64(ay*m.dx)) / turn
	return vertex{l.at.x + float64(s*l.dx), l.at.y + float64(s*l.dy)}, true
}

// near tells whether a vertex is within maxCorner of a corner.
func (v vertex) near(c corner) bool {
	dx, dy := v.x-float64(c.x), v.y-float64(c.y)
	return float64(dx*dx)+float64(dy*dy) <= maxCorner*maxCorner
}

// around returns a convex polygon around a hull with as few vertices as going
// round once finds, each within maxCorner of the hull.
func around(ring []corner) []vertex {
	n := len(ring)
	lines := make([]line, n)
	for i := range ring {
		lines[i] = lineOf(ring[i], ring[(i+1)%n])
	}
	var out []vertex
	for at := 0; at < n; {
		// The next edge to keep is the farthest that meets this one near the hull.
		// The one that follows always does: it turns left by a right angle at most.
		best, where := at+1, vertex{}
		for to := at + 1; to <= n; to++ {
			v, ok := lines[at].meets(&lines[to%n])
			if !ok {
				break
			}
			nearHull := to == at+1
			for k := at + 1; k <= to && !nearHull; k++ {
				nearHull = v.near(ring[k%n])
			}
			if !nearHull {
				break
			}
			best, where = to, v
		}
		out = append(out, where)
		at = best
	}
	return out
}

// moulder makes footprints of pieces.
type moulder struct {
	level  level
	height float64 // of a cell, 1e-9 degree
	wide   float64
	row    float64 // the piece's first
	ring   []geodesy.LatLng
}

// footprint returns a polygon that holds a piece.
func (m *moulder) footprint(p *piece, l level) (*volume.Footprint, error) {
	m.level, m.row = l, float64(p.first)
	m.height, m.wide = l.heightE9(), bandOf(p.first, l).at(l).wide
	m.ring = m.ring[:0]
	corners := around(p.hull())
	for i, a := range corners {
		m.edge(a, corners[(i+1)%len(corners)], maxHalvings)
	}
	return volume.NewPolygon(m.ring)
}

// edge appends the places from a on, up to but without b, between which geodesics
// stay within maxSag of the straight segment.
func (m *moulder) edge(a, b vertex, cuts int) {
	p, q := m.place(a), m.place(b)
	c := bend(p, q)
	sagY, sagX := math.Abs(c.y)+c.ty, math.Abs(c.x)+c.tx
	if cuts > 0 && (sagY > float64(maxSag*m.height) || sagX > float64(maxSag*m.wide)) {
		middle := vertex{(a.x + b.x) / 2, (a.y + b.y) / 2}
		m.edge(a, middle, cuts-1)
		m.edge(middle, b, cuts-1)
		return
	}
	m.ring = append(m.ring, p)
}

// place returns the nearest place that has a position.
func (m *moulder) place(v vertex) geodesy.LatLng {
	lat := math.Floor(float64((v.y+m.row)*m.height)+0.5) - originE9
	lng := math.Floor(float64(v.x*m.wide)+0.5) - turnE9/2
	if lng >= turnE9/2 {
		lng -= turnE9
	} else if lng < -turnE9/2 {
		lng += turnE9
	}
	return geodesy.LatLng{LatE9: int64(max(-90e9, min(90e9, lat))), LngE9: int64(lng)}
}
