package volume

import (
	"math"
)

// This file finds by how much a part may not be moved: later, higher or
// sideways. Two runs have positions that are affine in their own times x and y,
// so the pairs (x, y) at which they are too close make a convex set, and the
// delay y-x, the difference of altitudes and the move in one direction are
// linear on it: each forbids exactly one open interval. Its ends are found on
// the ellipsoid by the models of solve.go, with the number that decides.

// Part is a volume, or one leg of a trajectory.
type Part struct {
	Volume *Volume4D // nil: the leg
	Route  *Trajectory
	Leg    int
}

// Span is an open interval of moves: nanoseconds of delay, millimetres of lift,
// or millimetres sideways. Lo is less than Hi.
type Span struct{ Lo, Hi int64 }

// cutS is how far beyond the delays of interest spans are sure to go on, in
// seconds.
const cutS = 1

// meets tells whether two spans have a move in common.
func (s Span) meets(o Span) bool { return s.Lo < o.Hi && o.Lo < s.Hi }

// mirrored returns the span of the opposite moves.
func (s Span) mirrored() Span { return Span{-s.Hi, -s.Lo} }

// DelaySpans appends the delays of a, of those in within, at which a and b are
// in conflict, as spans that may overlap. They are rounded outward to a
// nanosecond; more than a second beyond within they may end early.
func DelaySpans(dst []Span, a, b Part, need Need, within Span) []Span {
	switch {
	case a.Volume != nil && b.Volume != nil:
		return volumeDelays(dst, a.Volume, b.Volume, need, within)
	case b.Volume != nil:
		p := newPassage(a.Route, b.Volume, need)
		return p.delays(dst, a.Leg, within)
	case a.Volume != nil:
		p := newPassage(b.Route, a.Volume, need)
		from := len(dst)
		dst = p.delays(dst, b.Leg, within.mirrored())
		mirror(dst[from:])
		return dst
	}
	m := newMeeting(a.Route, b.Route, need)
	return m.delays(dst, a.Leg, b.Leg, within)
}

// LiftSpans appends the lifts of a at which a and b are in conflict, as spans
// that may overlap, rounded outward to a millimetre.
func LiftSpans(dst []Span, a, b Part, need Need) []Span {
	switch {
	case a.Volume != nil && b.Volume != nil:
		return volumeLifts(dst, a.Volume, b.Volume, need)
	case b.Volume != nil:
		p := newPassage(a.Route, b.Volume, need)
		return p.lifts(dst, a.Leg)
	case a.Volume != nil:
		p := newPassage(b.Route, a.Volume, need)
		from := len(dst)
		dst = p.lifts(dst, b.Leg)
		mirror(dst[from:])
		return dst
	}
	m := newMeeting(a.Route, b.Route, need)
	return m.lifts(dst, a.Leg, b.Leg)
}

func mirror(spans []Span) {
	for i, s := range spans {
		spans[i] = s.mirrored()
	}
}

// volumeDelays is DelaySpans for two volumes.
func volumeDelays(dst []Span, a, b *Volume4D, need Need, within Span) []Span {
	slack := need.TimeNS + a.Buffers.TimeNS + b.Buffers.TimeNS
	s := Span{b.Window.StartNS - a.Window.EndNS - slack, b.Window.EndNS - a.Window.StartNS + slack}
	if !s.meets(within) {
		return dst
	}
	how := verticalOf(a.Datum, b.Datum, a.Buffers, b.Buffers)
	p, q := a.band(how.sea), b.band(how.sea)
	if max(p.LowerMM-q.UpperMM, q.LowerMM-p.UpperMM)-how.growMM >= need.VerticalMM || !besideEachOther(a, b, need) {
		return dst
	}
	return append(dst, s)
}

// volumeLifts is LiftSpans for two volumes.
func volumeLifts(dst []Span, a, b *Volume4D, need Need) []Span {
	if apart(a.Window.grown(a.Buffers.TimeNS), b.Window.grown(b.Buffers.TimeNS), need.TimeNS) || !besideEachOther(a, b, need) {
		return dst
	}
	how := verticalOf(a.Datum, b.Datum, a.Buffers, b.Buffers)
	p, q := a.band(how.sea), b.band(how.sea)
	high := need.VerticalMM + how.growMM
	return append(dst, Span{q.LowerMM - p.UpperMM - high, q.UpperMM - p.LowerMM + high})
}

// besideEachOther tells whether two volumes are laterally too close.
func besideEachOther(a, b *Volume4D, need Need) bool {
	f, g := a.Footprint, b.Footprint
	radius := metres(need.LateralMM) + a.radiusM() + b.radiusM()
	span := f.middle.Sub(g.middle).Norm() + f.reachM + g.reachM + radius
	tolM := toleranceFor(span)
	if conflict, decided := judgePlanar(f, g, radius, span, tolM); decided {
		return conflict
	}
	j, _ := judge(f, g, radius, tolM)
	return j.conflict
}

// farRuns tells whether two runs are farther apart than m allows, and bounds
// their distance from below.
func (m *meeting) farRuns(p, q *run) (lowM float64, far bool) {
	lowM = float64(p.a.p.Add(p.b.p).Sub(q.a.p).Sub(q.b.p).Norm()*0.5) - float64((p.lenM+q.lenM)*0.502)
	reach := float64(m.radius*(1+1e-6)) + 1e-6
	if lowM > reach {
		return lowM, true
	}
	// Most pairs that are left pass each other farther off than that tells, and
	// laying a model costs twenty times as much as this. Pieces rise above their
	// chords by less than a thousandth of their length.
	reach += float64((p.lenM + q.lenM) * 0.001)
	return lowM, chordsApart(p, q) > float64(reach*reach)
}

// chordsApart returns the square of the least distance between the chords of two
// runs in square metres.
func chordsApart(p, q *run) float64 {
	u, v, w := p.b.p.Sub(p.a.p), q.b.p.Sub(q.a.p), p.a.p.Sub(q.a.p)
	uu, vv, uw, vw := u.Dot(u), v.Dot(v), u.Dot(w), v.Dot(w)
	s, t := 0.0, 0.0 // fractions of the chords
	switch {
	case uu == 0 && vv == 0:
	case uu == 0:
		t = min(1, max(0, vw/vv))
	case vv == 0:
		s = min(1, max(0, (0-uw)/uu))
	default:
		uv := u.Dot(v)
		if det := float64(uu*vv) - float64(uv*uv); det > float64(1e-12*uu)*vv {
			s = min(1, max(0, (float64(uv*vw)-float64(uw*vv))/det))
		}
		switch t = (float64(uv*s) + vw) / vv; {
		case t < 0:
			t, s = 0, min(1, max(0, (0-uw)/uu))
		case t > 1:
			t, s = 1, min(1, max(0, (uv-uw)/uu))
		}
	}
	d := w.Add(u.Scale(s)).Sub(v.Scale(t))
	return d.Dot(d)
}

// limit returns the distance below which two runs are in conflict.
func (m *meeting) limit(p, q *run, lowM float64) float64 {
	return m.radius + toleranceFor(lowM+float64((p.lenM+q.lenM)*1.01)+m.radius)
}

// settledM is when the ends of spans stay: laying a model is most of the cost,
// and one laid a millimetre away is right to far below a micrometre.
const settledM = 1e-3

// nearer tells whether the runs of an encounter come nearer than limit, and
// prepares it for least.
func (e *encounter) nearer(limit float64) bool {
	e.settledM = settledM
	errM := e.first()
	if e.distM > limit+errM {
		return false
	}
	if e.distM < limit-errM {
		return true
	}
	e.refine()
	return e.distM < limit
}

// delays is DelaySpans for leg a of t and leg b of u.
func (m *meeting) delays(dst []Span, a, b int, within Span) []Span {
	slackNS := m.need.TimeNS + m.t.buffers.TimeNS + m.u.buffers.TimeNS
	w, v := m.t.waypoints, m.u.waypoints
	loosest := Span{v[b].TimeNS - w[a+1].TimeNS - slackNS, v[b+1].TimeNS - w[a].TimeNS + slackNS}
	if !loosest.meets(within) || m.radius == 0 {
		return dst
	}
	lo, hi := float64(within.Lo)/1e9-m.slack-cutS, float64(within.Hi)/1e9+m.slack+cutS
	for i := m.t.starts[a]; i < m.t.starts[a+1]; i++ {
		p := &m.t.runs[i]
		for j := m.u.starts[b]; j < m.u.starts[b+1]; j++ {
			q := &m.u.runs[j]
			low, far := m.farRuns(p, q)
			if far {
				continue
			}
			// The delay is y + offset - x, less or more by the slack.
			r := rectangle(p.x0, p.x1, q.x0, q.x1)
			if q.x0+m.offset-p.x1 < lo || q.x1+m.offset-p.x0 > hi {
				r.cut(1, -1, m.offset-lo)
				r.cut(-1, 1, hi-m.offset)
			}
			if r.n == 0 {
				continue
			}
			if r = m.tooClose(r, a, b); r.n == 0 {
				continue
			}
			e := encounter{p: p, q: q, region: r}
			limit := m.limit(p, q, low)
			if !e.nearer(limit) {
				continue
			}
			x0, y0, _ := e.least(limit, -1, 1)
			x1, y1, _ := e.least(limit, 1, -1)
			dst = append(dst, Span{
				m.u.instant(y0, math.Floor) - m.t.instant(x0, math.Ceil) - slackNS,
				m.u.instant(y1, math.Ceil) - m.t.instant(x1, math.Floor) + slackNS,
			})
		}
	}
	return dst
}

// lifts is LiftSpans for leg a of t and leg b of u.
func (m *meeting) lifts(dst []Span, a, b int) []Span {
	if m.radius == 0 || m.height == 0 || m.apart() {
		return dst
	}
	for i := m.t.starts[a]; i < m.t.starts[a+1]; i++ {
		p := &m.t.runs[i]
		for j := m.u.starts[b]; j < m.u.starts[b+1]; j++ {
			q := &m.u.runs[j]
			low, far := m.farRuns(p, q)
			if far {
				continue
			}
			e := encounter{p: p, q: q, region: m.region(p, q)}
			limit := m.limit(p, q, low)
			if e.region.n == 0 || !e.nearer(limit) {
				continue
			}
			lo, hi := m.heightsApart(&e, a, b, limit)
			dst = append(dst, Span{-m.height - hi, m.height - lo})
		}
	}
	return dst
}

// heightsApart returns the least and greatest altitude of t above u, outward to
// a millimetre, while e's runs are nearer than limit.
func (m *meeting) heightsApart(e *encounter, a, b int, limit float64) (lo, hi int64) {
	sea := m.vertical.sea
	w, v := m.t.waypoints[a].height(sea), m.u.waypoints[b].height(sea)
	if w == m.t.waypoints[a+1].height(sea) && v == m.u.waypoints[b+1].height(sea) {
		return w - v, w - v
	}
	a1, b1 := m.t.climb(int32(a), sea), m.u.climb(int32(b), sea)
	x0, y0, _ := e.least(limit, a1, 0-b1)
	x1, y1, _ := e.least(limit, 0-a1, b1)
	low := m.t.altitude(int32(a), x0, sea) - m.u.altitude(int32(b), y0, sea)
	high := m.t.altitude(int32(a), x1, sea) - m.u.altitude(int32(b), y1, sea)
	return int64(math.Floor(min(low, high))), int64(math.Ceil(max(low, high)))
}

// stays calls visit for the times of run i between x0 and x1 at which it is
// laterally too close.
func (p *passage) stays(i int32, x0, x1 float64, visit func(x0, x1 float64)) {
	r := &p.t.runs[i]
	f := p.v.Footprint
	middle := r.a.p.Add(r.b.p).Scale(0.5)
	tolM := toleranceFor(middle.Sub(f.middle).Norm() + f.reachM + float64(r.lenM*0.51) + p.radius)
	w := p.within(r, x0, x1, tolM, true)
	if !w.conflict {
		return
	}
	for _, s := range p.spans(r, &w) {
		visit(s[0], s[1])
	}
}

// farRun tells whether a run never comes near the base.
func (p *passage) farRun(r *run) bool {
	f := p.v.Footprint
	middle := r.a.p.Add(r.b.p).Scale(0.5)
	return middle.Sub(f.middle).Norm() > float64((float64(r.lenM*0.51)+f.reachM+p.radius)*(1+1e-6))
}

// toTheLimit has stays end where the decision does.
func (p *passage) toTheLimit() {
	p.whole, p.best = true, 0
}

// delays is DelaySpans for a leg and the volume.
func (p *passage) delays(dst []Span, leg int, within Span) []Span {
	p.toTheLimit()
	slackNS := p.need.TimeNS + p.t.buffers.TimeNS + p.v.Buffers.TimeNS
	from, to := p.v.Window.StartNS-slackNS, p.v.Window.EndNS+slackNS
	w := p.t.waypoints
	if loosest := (Span{from - w[leg+1].TimeNS, to - w[leg].TimeNS}); !loosest.meets(within) {
		return dst
	}
	lo, hi := float64(within.Lo)/1e9-cutS, float64(within.Hi)/1e9+cutS
	for i := p.t.starts[leg]; i < p.t.starts[leg+1]; i++ {
		r := &p.t.runs[i]
		x0, x1 := max(r.x0, p.from-hi), min(r.x1, p.to-lo)
		if x0 >= x1 || p.farRun(r) {
			continue
		}
		if x0, x1 = p.high(int32(leg), x0, x1); x0 >= x1 {
			continue
		}
		p.stays(i, x0, x1, func(x0, x1 float64) {
			dst = append(dst, Span{from - p.t.instant(x1, math.Ceil), to - p.t.instant(x0, math.Floor)})
		})
	}
	return dst
}

// lifts is LiftSpans for a leg and the volume.
func (p *passage) lifts(dst []Span, leg int) []Span {
	p.toTheLimit()
	if p.apart() {
		return dst
	}
	sea := p.vertical.sea
	for i := p.t.starts[leg]; i < p.t.starts[leg+1]; i++ {
		r := &p.t.runs[i]
		x0, x1 := p.during(r)
		if x0 >= x1 || p.farRun(r) {
			continue
		}
		p.stays(i, x0, x1, func(x0, x1 float64) {
			a, b := p.t.altitude(int32(leg), x0, sea), p.t.altitude(int32(leg), x1, sea)
			dst = append(dst, Span{p.lower - int64(math.Ceil(max(a, b))), p.upper - int64(math.Floor(min(a, b)))})
		})
	}
	return dst
}
