package volume

import "math"

// Encounters calls visit for the pairs of legs of two trajectories that are in
// conflict or, with detail set, that lose vertical or lateral separation at
// close enough instants. Without detail the contacts hold only Conflict, and
// visit returning false ends the search.
func Encounters(t, u *Trajectory, need Need, detail bool, visit func(Contact) bool) {
	m := newMeeting(t, u, need)
	if m.apart() {
		return
	}
	if !detail && m.farApart() {
		return
	}
	// Legs are in order of time on both sides: those of u that end before one
	// of t can matter never matter again.
	first := 0
	for a := range t.Legs() {
		p0, p1 := t.legSpan(a)
		for first < u.Legs() && m.endOf(first) < p0 {
			first++
		}
		for b := first; b < u.Legs(); b++ {
			if q0, _ := u.legSpan(b); q0+m.offset-m.slack > p1 {
				break
			}
			c := m.legs(a, b, detail)
			if (c.Conflict || c.Lateral.Known || c.Vertical.Known) && !visit(c) {
				return
			}
		}
	}
}

// LegPairs returns how many pairs of legs of two trajectories come close enough
// in time to be compared.
func LegPairs(t, u *Trajectory, need Need) int {
	m := newMeeting(t, u, need)
	n, first, next := 0, 0, 0
	for a := range t.Legs() {
		p0, p1 := t.legSpan(a)
		for first < u.Legs() && m.endOf(first) < p0 {
			first++
		}
		for next = max(next, first); next < u.Legs(); next++ {
			if q0, _ := u.legSpan(next); q0+m.offset-m.slack > p1 {
				break
			}
		}
		n += next - first
	}
	return n
}

// endOf returns when leg b of u last matters, in t's seconds.
func (m *meeting) endOf(b int) float64 {
	_, q1 := m.u.legSpan(b)
	return q1 + m.offset + m.slack
}

// legs returns the contact of leg a of t with leg b of u.
func (m *meeting) legs(a, b int, detail bool) Contact {
	c := Contact{A: a, B: b}
	for i := m.t.starts[a]; i < m.t.starts[a+1]; i++ {
		p := &m.t.runs[i]
		for j := m.u.starts[b]; j < m.u.starts[b+1]; j++ {
			q := &m.u.runs[j]
			if q.x1+m.offset+m.slack < p.x0 {
				continue
			}
			if q.x0+m.offset-m.slack > p.x1 {
				break
			}
			m.runs(int(i), int(j), detail, &c)
			if c.Conflict && !detail {
				return c
			}
		}
	}
	return c
}

// join folds the contact of another pair of runs of the same legs into c. The
// tolerance is that of the runs that the answer rests on.
func (c *Contact) join(d *Contact) {
	rests := d.Conflict
	if d.Conflict {
		if c.Conflict {
			c.FromNS, c.ToNS = min(c.FromNS, d.FromNS), max(c.ToNS, d.ToNS)
		} else {
			c.FromNS, c.ToNS = d.FromNS, d.ToNS
		}
		c.Conflict = true
		c.Firm = c.Firm || d.Firm
	}
	if d.Lateral.Known && (!c.Lateral.Known || d.Lateral.BaseM < c.Lateral.BaseM) {
		c.Lateral, rests = d.Lateral, true
	}
	if d.Vertical.Known && (!c.Vertical.Known || d.Vertical.GapMM < c.Vertical.GapMM) {
		c.Vertical, rests = d.Vertical, true
	}
	if rests {
		c.ToleranceM = max(c.ToleranceM, d.ToleranceM)
	}
}

// meeting holds what all runs of a pair of trajectories have in common.
type meeting struct {
	t, u     *Trajectory
	need     Need
	offset   float64 // u's first waypoint less t's, seconds
	slack    float64 // instants this far apart still count, seconds
	radius   float64 // centre-lines must be this far apart, metres
	vertical vertical
	height   int64   // altitudes must be this far apart, mm
	best     float64 // the least lateral distance found so far, metres
}

func newMeeting(t, u *Trajectory, need Need) meeting {
	m := meeting{t: t, u: u, need: need, best: math.Inf(1)}
	m.offset = secondsBetween(t.waypoints[0].TimeNS, u.waypoints[0].TimeNS)
	m.slack = float64(need.TimeNS+t.buffers.TimeNS+u.buffers.TimeNS) / 1e9
	m.radius = metres(need.LateralMM + t.buffers.LateralMM + u.buffers.LateralMM)
	m.vertical = verticalOf(t.datum, u.datum, t.buffers, u.buffers)
	m.height = need.VerticalMM + m.vertical.growMM
	return m
}

// apart tells whether the windows are far enough apart in time.
func (m *meeting) apart() bool {
	return apart(m.t.Window().grown(m.t.buffers.TimeNS), m.u.Window().grown(m.u.buffers.TimeNS), m.need.TimeNS)
}

// farApart tells whether the paths never come near, whatever the time.
func (m *meeting) farApart() bool {
	return m.t.middle.Sub(m.u.middle).Norm() > float64((m.t.reachM+m.u.reachM+m.radius)*(1+1e-6))
}

// region returns the parameters of runs p and q that are close enough in time.
func (m *meeting) region(p, q *run) region {
	if m.slack == 0 {
		from, to := max(p.x0, q.x0+m.offset), min(p.x1, q.x1+m.offset)
		var r region
		if from < to {
			r.add(from, from-m.offset)
			r.add(to, to-m.offset)
		}
		return r
	}
	r := rectangle(p.x0, p.x1, q.x0, q.x1)
	r.cut(1, -1, m.offset+m.slack)
	r.cut(-1, 1, m.slack-m.offset)
	if r.n < 3 {
		return region{}
	}
	return r
}

// runs folds the contact of run i of t with run j of u into that of their legs.
func (m *meeting) runs(i, j int, detail bool, legs *Contact) {
	p, q := &m.t.runs[i], &m.u.runs[j]
	low, far := m.farRuns(p, q)
	if far && (!detail || low > max(m.best, float64(m.radius*(1+1e-6))+1e-6)) {
		return
	}
	free := m.region(p, q)
	if free.n == 0 {
		return
	}
	near := m.tooClose(free, legs.A, legs.B)
	if near.n == 0 && !detail {
		return
	}
	c := Contact{A: legs.A, B: legs.B}
	c.ToleranceM = toleranceFor(low + float64((p.lenM+q.lenM)*1.01) + m.radius)
	e := encounter{p: p, q: q, region: near}
	if near.n > 0 {
		m.lateral(&e, &c, detail)
	}
	if detail && low <= m.radius+c.ToleranceM {
		e.region = free
		m.leastHeight(&e, &c)
	}
	legs.join(&c)
}

// tooClose returns the part of a region in which altitudes are too close.
func (m *meeting) tooClose(r region, a, b int) region {
	sea := m.vertical.sea
	w, v := m.t.waypoints[a].height(sea), m.u.waypoints[b].height(sea)
	level := w == m.t.waypoints[a+1].height(sea) && v == m.u.waypoints[b+1].height(sea)
	if level {
		if max(w-v, v-w) >= m.height {
			return region{}
		}
		return r
	}
	if m.height == 0 {
		return region{}
	}
	if m.keeps(&r, a, b) {
		return region{}
	}
	if r.n == 2 {
		return m.tooCloseTogether(r, a, b)
	}
	// Heights at the corners, not coefficients of a climb: a steep one late in a
	// long flight would drown in c1·x.
	n := r.n
	for _, sign := range [2]float64{1, -1} {
		var v [maxCorners]float64
		for i := range r.n {
			d := m.t.altitude(int32(a), r.x[i], sea) - m.u.altitude(int32(b), r.y[i], sea)
			v[i] = float64(sign*d) - float64(m.height)
		}
		r.keep(&v)
	}
	if r.n < min(n, 3) {
		return region{}
	}
	return r
}

// tooCloseTogether is tooClose for simultaneous instants. Fractions between the
// exact altitudes at the ends keep a climb that just reaches the separation at
// a waypoint clear.
func (m *meeting) tooCloseTogether(r region, a, b int) region {
	sea := m.vertical.sea
	d0 := m.t.altitude(int32(a), r.x[0], sea) - m.u.altitude(int32(b), r.y[0], sea)
	d1 := m.t.altitude(int32(a), r.x[1], sea) - m.u.altitude(int32(b), r.y[1], sea)
	if d0 == d1 {
		if math.Abs(d0) >= float64(m.height) {
			return region{}
		}
		return r
	}
	g0, g1 := (0-float64(m.height)-d0)/(d1-d0), (float64(m.height)-d0)/(d1-d0)
	f0, f1 := max(0, min(g0, g1)), min(1, max(g0, g1))
	if f0 >= f1 {
		return region{}
	}
	return r.slice(f0, f1)
}

// slice returns the part of a segment between two fractions.
func (r *region) slice(f0, f1 float64) region {
	var s region
	for _, f := range [2]float64{f0, f1} {
		switch f {
		case 0:
			s.add(r.x[0], r.y[0])
		case 1:
			s.add(r.x[1], r.y[1])
		default:
			s.add(r.x[0]+float64(f*(r.x[1]-r.x[0])), r.y[0]+float64(f*(r.y[1]-r.y[0])))
		}
	}
	return s
}

// lateral fills in whether and when runs are too close.
func (m *meeting) lateral(e *encounter, c *Contact, detail bool) {
	errM := e.first()
	limit := m.radius + c.ToleranceM
	if !detail {
		if e.distM > limit+errM {
			return
		}
		if e.distM < limit-c.ToleranceM-errM {
			c.Conflict = true
			return
		}
	}
	e.refine()
	c.Conflict = e.distM < limit && m.radius > 0
	if !detail {
		return
	}
	c.Firm = e.distM < m.radius-c.ToleranceM
	m.best = min(m.best, e.distM)
	c.Lateral = m.closest(e, c)
	if c.Conflict {
		c.FromNS, c.ToNS = m.window(e, windowLimit(e.distM, m.radius, c.ToleranceM))
	}
}

// closest describes the instant at which e's runs are nearest.
func (m *meeting) closest(e *encounter, c *Contact) Closest {
	p, _ := e.p.at(e.x)
	q, _ := e.q.at(e.y)
	return m.instant(e.x, e.y, p, q, e.distM, c)
}

func (m *meeting) instant(x, y float64, p, q spot, distM float64, c *Contact) Closest {
	sea := m.vertical.sea
	gap := math.Abs(m.t.altitude(int32(c.A), x, sea) - m.u.altitude(int32(c.B), y, sea))
	a, b := m.t.altitude(int32(c.A), x, false), m.u.altitude(int32(c.B), y, false)
	at := Closest{
		Known: true, A: p.p, B: q.p, BaseM: distM,
		GapM:    distM - metres(m.t.buffers.LateralMM+m.u.buffers.LateralMM),
		GapMM:   int64(math.Floor(gap+0.5)) - m.vertical.growMM,
		ATimeNS: m.t.instant(x, math.Floor),
		BTimeNS: m.u.instant(y, math.Floor),
	}
	at.ABand.LowerMM = int64(math.Floor(a + 0.5))
	at.BBand.LowerMM = int64(math.Floor(b + 0.5))
	at.ABand.UpperMM, at.BBand.UpperMM = at.ABand.LowerMM, at.BBand.LowerMM
	return at
}

// instant returns x seconds after the first waypoint as an instant, rounded to
// a nanosecond by round.
func (t *Trajectory) instant(x float64, round func(float64) float64) int64 {
	return t.waypoints[0].TimeNS + int64(round(float64(x*1e9)))
}

// window returns the first and last instant at which either craft takes part in
// a violation: the runs are nearer than limit, and each craft, within its time
// buffer of the instant, is at its place.
func (m *meeting) window(e *encounter, limit float64) (fromNS, toNS int64) {
	if m.slack == 0 {
		x0, _, _ := e.least(limit, 1, 0)
		x1, _, _ := e.least(limit, -1, 0)
		return m.t.instant(x0, math.Floor), m.t.instant(x1, math.Ceil)
	}
	// An instant of t's lies within its buffer of x and, as one of u's is less
	// than the time minimum away, within u's buffer and that minimum of y; an
	// instant of u's the other way round.
	fromNS, toNS = m.windowOf(e, limit, m.t.buffers.TimeNS, m.u.buffers.TimeNS+m.need.TimeNS)
	if m.need.TimeNS > 0 {
		from, to := m.windowOf(e, limit, m.t.buffers.TimeNS+m.need.TimeNS, m.u.buffers.TimeNS)
		fromNS, toNS = min(fromNS, from), max(toNS, to)
	}
	return fromNS, toNS
}

// windowOf returns the first and last instant that lies within growT of x and
// within growU of y for parameters at which the runs are nearer than limit: the
// least of max(x-growT, y+offset-growU) and the greatest of min(x+growT,
// y+offset+growU). Each is looked for where the one term decides and where the
// other does.
func (m *meeting) windowOf(e *encounter, limit float64, growT, growU int64) (fromNS, toNS int64) {
	shift := float64(growT-growU) / 1e9
	fromNS = max(m.t.instant(e.x, math.Floor)-growT, m.u.instant(e.y, math.Floor)-growU)
	toNS = min(m.t.instant(e.x, math.Ceil)+growT, m.u.instant(e.y, math.Ceil)+growU)
	if x, _, ok := e.within(-1, 1, 0-m.offset-shift).least(limit, 1, 0); ok {
		fromNS = min(fromNS, m.t.instant(x, math.Floor)-growT)
	}
	if _, y, ok := e.within(1, -1, m.offset+shift).least(limit, 0, 1); ok {
		fromNS = min(fromNS, m.u.instant(y, math.Floor)-growU)
	}
	if x, _, ok := e.within(1, -1, m.offset-shift).least(limit, -1, 0); ok {
		toNS = max(toNS, m.t.instant(x, math.Ceil)+growT)
	}
	if _, y, ok := e.within(-1, 1, shift-m.offset).least(limit, 0, -1); ok {
		toNS = max(toNS, m.u.instant(y, math.Ceil)+growU)
	}
	return fromNS, toNS
}

// leastHeight fills in the least vertical gap while runs are laterally too
// close.
func (m *meeting) leastHeight(e *encounter, c *Contact) {
	e.first()
	e.refine()
	limit := m.radius + c.ToleranceM
	if e.distM >= limit {
		return
	}
	sea := m.vertical.sea
	a1, b1 := m.t.climb(int32(c.A), sea), m.u.climb(int32(c.B), sea)
	x, y := e.x, e.y
	if a1 != 0 || b1 != 0 {
		x0, y0, _ := e.least(limit, a1, 0-b1)
		x1, y1, _ := e.least(limit, 0-a1, b1)
		h0 := m.t.altitude(int32(c.A), x0, sea) - m.u.altitude(int32(c.B), y0, sea)
		h1 := m.t.altitude(int32(c.A), x1, sea) - m.u.altitude(int32(c.B), y1, sea)
		switch {
		case h0 >= 0:
			x, y = x0, y0
		case h1 <= 0:
			x, y = x1, y1
		default: // they cross in between; the set is convex
			f := h0 / (h0 - h1)
			x, y = x0+float64(f*(x1-x0)), y0+float64(f*(y1-y0))
		}
	}
	p, _ := e.p.at(x)
	q, _ := e.q.at(y)
	c.Vertical = m.instant(x, y, p, q, separation(&p, &q), c)
}
