package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Sideways is a direction in which a plan may be shifted.
type Sideways struct{ towards geodesy.Vec }

// NewSideways returns the direction of shifts of plan e towards a bearing.
func NewSideways(e *Entity, bearingDeg int) Sideways {
	return Sideways{direction(Anchor(e), bearingDeg)}
}

// ShiftSpans appends the distances of a shift of a, of those in within, at which
// a and b are in conflict, as spans that may overlap. Displacement says how
// exact they are.
func ShiftSpans(dst []Span, a, b Part, need Need, to Sideways, within Span) []Span {
	all := Displacements(nil, a, b, need, max(within.Hi, -within.Lo))
	for i := range all {
		if s, ok := all[i].Span(to); ok && s.meets(within) {
			dst = append(dst, s)
		}
	}
	return dst
}

// Displacement is where a piece of b lies as seen from a piece of a, over all
// instants at which they are too close but for the lateral distance. It forbids
// one span of shifts of a in each direction.
//
// It is laid in a plane, so spans are off by about u²(u+d)/2R² for pieces of
// length u at a distance d: a micrometre at 1 km, decimetres at 20 km, and
// metres where edges are long, as what is shifted bends anew. Nor does it know
// that the error of heights grows on the way where heights above the sea meet
// others. Between spans an area that holds the other part whole is not noticed.
type Displacement struct {
	n      int
	x, y   [maxCorners]float64 // corners of a convex polygon, metres along e1, e2
	limitM float64             // the distance that is too close
	e1, e2 geodesy.Vec
}

// Displacements appends those of parts a and b that shifts of up to reachMM
// millimetres may bring too close.
func Displacements(dst []Displacement, a, b Part, need Need, reachMM int64) []Displacement {
	d := displacing{dst: dst, reachM: metres(reachMM)}
	switch {
	case a.Volume != nil && b.Volume != nil:
		d.volumes(a.Volume, b.Volume, need)
	case b.Volume != nil:
		p := newPassage(a.Route, b.Volume, need)
		d.passage(&p, a.Leg, false)
	case a.Volume != nil:
		p := newPassage(b.Route, a.Volume, need)
		d.passage(&p, b.Leg, true)
	default:
		m := newMeeting(a.Route, b.Route, need)
		d.legs(&m, a.Leg, b.Leg)
	}
	return d.dst
}

// displacing gathers displacements.
type displacing struct {
	dst    []Displacement
	reachM float64
}

func (d *displacing) legs(m *meeting, a, b int) {
	if m.radius == 0 || m.apart() {
		return
	}
	for i := m.t.starts[a]; i < m.t.starts[a+1]; i++ {
		p := &m.t.runs[i]
		for j := m.u.starts[b]; j < m.u.starts[b+1]; j++ {
			q := &m.u.runs[j]
			low, _ := m.farRuns(p, q)
			limit := m.limit(p, q, low)
			if low > limit+d.reachM {
				continue
			}
			r := m.region(p, q)
			if r.n == 0 {
				continue
			}
			if r = m.tooClose(r, a, b); r.n > 0 {
				d.add(&encounter{p: p, q: q, region: r}, limit, false)
			}
		}
	}
}

func (d *displacing) passage(p *passage, leg int, mirrored bool) {
	f := p.v.Footprint
	if p.apart() {
		return
	}
	for i := p.t.starts[leg]; i < p.t.starts[leg+1]; i++ {
		r := &p.t.runs[i]
		middle := r.a.p.Add(r.b.p).Scale(0.5)
		span := middle.Sub(f.middle).Norm() + f.reachM + float64(r.lenM*0.51) + p.radius
		x0, x1 := p.during(r)
		if x0 >= x1 {
			continue
		}
		if x0, x1 = p.high(int32(leg), x0, x1); x0 >= x1 {
			continue
		}
		limit := p.radius + toleranceFor(span)
		for k := range max(1, f.pieces()) {
			edge, until := f.run(k)
			d.add(&encounter{p: r, q: &edge, region: rectangle(x0, x1, 0, until)}, limit, mirrored)
		}
	}
}

func (d *displacing) volumes(a, b *Volume4D, need Need) {
	how := verticalOf(a.Datum, b.Datum, a.Buffers, b.Buffers)
	p, q := a.band(how.sea), b.band(how.sea)
	if apart(a.Window.grown(a.Buffers.TimeNS), b.Window.grown(b.Buffers.TimeNS), need.TimeNS) ||
		max(p.LowerMM-q.UpperMM, q.LowerMM-p.UpperMM)-how.growMM >= need.VerticalMM {
		return
	}
	f, g := a.Footprint, b.Footprint
	radius := metres(need.LateralMM) + a.radiusM() + b.radiusM()
	limit := radius + toleranceFor(f.middle.Sub(g.middle).Norm()+f.reachM+g.reachM+radius)
	for i := range max(1, f.pieces()) {
		mine, x1 := f.run(i)
		for k := range max(1, g.pieces()) {
			other, y1 := g.run(k)
			d.add(&encounter{p: &mine, q: &other, region: rectangle(0, x1, 0, y1)}, limit, false)
		}
	}
}

// run returns piece i of the base with the parameter from 0 to its second
// result; a point is a run that stands still.
func (f *Footprint) run(i int) (run, float64) {
	if f.isPoint() {
		return pointRun(f.spots[0]), 0
	}
	a, b := f.piece(i)
	return newRun(*a, *b, 0, 1), 1
}

// add appends the displacement of one encounter: a is e.p, or e.q when mirrored.
func (d *displacing) add(e *encounter, limitM float64, mirrored bool) {
	p, q := e.p, e.q
	low := float64(p.a.p.Add(p.b.p).Sub(q.a.p).Sub(q.b.p).Norm()*0.5) - float64((p.lenM+q.lenM)*0.502)
	if low > limitM+d.reachM {
		return
	}
	x, y := e.region.middle()
	m, _ := linearise(p, q, x, y)
	sp, _ := p.at(x)
	sq, _ := q.at(y)
	e1, _, _ := bearings(&sp, &sq)
	out := Displacement{n: e.region.n, limitM: limitM, e1: e1, e2: sp.n.Cross(e1)}
	for i := range e.region.n {
		wx, wy := m.at(e.region.x[i], e.region.y[i])
		if mirrored {
			wx, wy = 0-wx, 0-wy
		}
		out.x[i], out.y[i] = wx, wy
	}
	d.dst = append(d.dst, out)
}

// Span returns the shifts in a direction, in millimetres rounded outward, that
// are in conflict; ok is false when none is.
func (d *Displacement) Span(to Sideways) (s Span, ok bool) {
	ux, uy := to.towards.Dot(d.e1), to.towards.Dot(d.e2)
	k := math.Sqrt(float64(ux*ux) + float64(uy*uy))
	ux, uy = ux/k, uy/k
	// The move meets the polygon, grown by the limit, along one interval, whose
	// ends are at its grown edges.
	lo, hi := math.Inf(1), math.Inf(-1)
	last := d.n - 1
	a := [2]float64{float64(d.x[last]*ux) + float64(d.y[last]*uy), float64(d.y[last]*ux) - float64(d.x[last]*uy)}
	for i := range d.n {
		b := [2]float64{float64(d.x[i]*ux) + float64(d.y[i]*uy), float64(d.y[i]*ux) - float64(d.x[i]*uy)}
		if l, h, in := capsule(a, b, d.limitM); in {
			lo, hi = min(lo, l), max(hi, h)
		}
		a = b
	}
	if lo >= hi {
		return Span{}, false
	}
	return Span{int64(math.Floor(float64(lo * 1000))), int64(math.Ceil(float64(hi * 1000)))}, true
}

// capsule returns the part of the first axis that is nearer than r to the
// segment from a to b.
func capsule(a, b [2]float64, r float64) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	add := func(l float64) { lo, hi, ok = min(lo, l), max(hi, l), true }
	for _, p := range [2][2]float64{a, b} {
		if d := float64(r*r) - float64(p[1]*p[1]); d > 0 {
			h := math.Sqrt(d)
			add(p[0] - h)
			add(p[0] + h)
		}
	}
	dx, dy := b[0]-a[0], b[1]-a[1]
	length := math.Sqrt(float64(dx*dx) + float64(dy*dy))
	if length == 0 || dy == 0 {
		return lo, hi, ok
	}
	nx, ny := float64(r*(dy/length)), float64(r*(0-dx/length))
	for _, side := range [2]float64{1, -1} {
		// The line moved by r crosses the axis at fraction f of the segment.
		f := (0 - a[1] - float64(side*ny)) / dy
		if f >= 0 && f <= 1 {
			add(a[0] + float64(f*dx) + float64(side*nx))
		}
	}
	return lo, hi, ok
}
