package volume

import (
	"cmp"
	"math"
	"slices"
)

// Transits calls visit for the legs of a trajectory that are in conflict with a
// volume or, with detail set, that lose vertical or lateral separation from it
// during its window. Without detail the contacts hold only Conflict, and visit
// returning false ends the search. In the contacts A is the leg and B is 0.
func Transits(t *Trajectory, v *Volume4D, need Need, detail bool, visit func(Contact) bool) {
	p := newPassage(t, v, need)
	if p.apart() || !detail && p.farApart() {
		return
	}
	var c Contact
	open := false
	for i := range t.runs {
		x0, x1 := p.during(&t.runs[i])
		if x0 >= x1 {
			continue
		}
		part := p.run(i, x0, x1, detail)
		if !part.Conflict && !part.Lateral.Known && !part.Vertical.Known {
			continue
		}
		if open && part.A != c.A {
			if !visit(c) {
				return
			}
			open = false
		}
		if !open {
			c, open = part, true
			continue
		}
		c.join(&part)
	}
	if open {
		visit(c)
	}
}

// passage holds what all runs of a trajectory have in common towards a volume.
type passage struct {
	t            *Trajectory
	v            *Volume4D
	need         Need
	radius       float64 // the centre-line must be this far from the base, metres
	edges        float64 // of it, radii and buffers: from centre to edge
	vertical     vertical
	band         Band    // of the volume, as compared
	lower, upper int64   // altitudes between these are too close, mm
	from, to     float64 // instants between these count, seconds
	best         float64 // the least lateral distance so far at a height too close, metres
	whole        bool    // stays end where the decision does, not where the error of the numbers does
}

func newPassage(t *Trajectory, v *Volume4D, need Need) passage {
	p := passage{t: t, v: v, need: need, best: math.Inf(1)}
	p.edges = v.radiusM() + metres(t.buffers.LateralMM)
	p.radius = p.edges + metres(need.LateralMM)
	p.vertical = verticalOf(t.datum, v.Datum, t.buffers, v.Buffers)
	p.band = *v.band(p.vertical.sea)
	high := need.VerticalMM + p.vertical.growMM
	p.lower, p.upper = p.band.LowerMM-high, p.band.UpperMM+high
	slack := need.TimeNS + t.buffers.TimeNS + v.Buffers.TimeNS
	p.from = t.seconds(v.Window.StartNS - slack)
	p.to = t.seconds(v.Window.EndNS + slack)
	return p
}

func (p *passage) apart() bool {
	return apart(p.t.Window().grown(p.t.buffers.TimeNS), p.v.Window.grown(p.v.Buffers.TimeNS), p.need.TimeNS)
}

func (p *passage) farApart() bool {
	f := p.v.Footprint
	return p.t.middle.Sub(f.middle).Norm() > float64((p.t.reachM+f.reachM+p.radius)*(1+1e-6))
}

// during returns the part of a run that counts in time.
func (p *passage) during(r *run) (x0, x1 float64) {
	return max(r.x0, p.from), min(r.x1, p.to)
}

// high returns the part of [x0, x1] on a leg during which altitudes are too
// close; it is empty when they never are.
func (p *passage) high(leg int32, x0, x1 float64) (float64, float64) {
	w, v := p.t.waypoints[leg].height(p.vertical.sea), p.t.waypoints[leg+1].height(p.vertical.sea)
	if w == v {
		if w <= p.lower || w >= p.upper {
			return 0, 0
		}
		return x0, x1
	}
	h0, h1 := p.t.altitude(leg, x0, p.vertical.sea), p.t.altitude(leg, x1, p.vertical.sea)
	margin := max(float64(p.lower)-max(h0, h1), min(h0, h1)-float64(p.upper))
	if margin > nearMM || margin > -nearMM && p.keepsHeight(leg) {
		return 0, 0
	}
	if h0 == h1 {
		return x0, x1 // it climbs less in this time than float64 can tell
	}
	g0, g1 := (float64(p.lower)-h0)/(h1-h0), (float64(p.upper)-h0)/(h1-h0)
	f0, f1 := max(0, min(g0, g1)), min(1, max(g0, g1))
	if f0 >= f1 {
		return 0, 0
	}
	a, b := x0, x1
	if f0 > 0 {
		a = x0 + float64(f0*(x1-x0))
	}
	if f1 < 1 {
		b = x0 + float64(f1*(x1-x0))
	}
	return a, b
}

// run returns the contact of run i, between instants x0 and x1, with the volume.
func (p *passage) run(i int, x0, x1 float64, detail bool) Contact {
	r := &p.t.runs[i]
	leg := p.t.legs[i]
	c := Contact{A: int(leg)}
	f := p.v.Footprint
	middle := r.a.p.Add(r.b.p).Scale(0.5)
	c.ToleranceM = toleranceFor(middle.Sub(f.middle).Norm() + f.reachM + float64(r.lenM*0.51) + p.radius)
	h0, h1 := p.high(leg, x0, x1)
	var w stay
	if h0 < h1 {
		w = p.within(r, h0, h1, c.ToleranceM, detail)
		p.best = min(p.best, w.distM)
		c.Conflict, c.Firm = w.conflict, w.firm
		if detail && !math.IsInf(w.distM, 1) {
			c.Lateral = p.instant(leg, &w)
		}
		if c.Conflict && detail {
			c.FromNS, c.ToNS = p.window(&w)
		}
	}
	if !detail {
		return c
	}
	if h0 != x0 || h1 != x1 {
		// Look at the whole of it, not only while the height is too close.
		if !p.within(r, x0, x1, c.ToleranceM, false).conflict {
			return c
		}
		w = p.within(r, x0, x1, c.ToleranceM, true)
	}
	if !w.conflict {
		return c
	}
	p.leastHeight(r, leg, &w)
	c.Vertical = p.instant(leg, &w)
	return c
}

// leastHeight moves a stay to the instant, of those at which the craft is
// laterally too close, at which its height is nearest to the band, or deepest in it.
func (p *passage) leastHeight(r *run, leg int32, w *stay) {
	least := math.Inf(1)
	for _, s := range p.spans(r, w) {
		a, b := p.t.altitude(leg, s[0], p.vertical.sea), p.t.altitude(leg, s[1], p.vertical.sea)
		x, gap := s[0], p.gap(a)
		if end := p.gap(b); end < gap {
			x, gap = s[1], end
		}
		// Deepest is halfway up the band, if it passes there.
		middle := float64(p.band.LowerMM/2 + p.band.UpperMM/2)
		if (a < middle) != (b < middle) {
			x, gap = s[0]+float64((middle-a)/(b-a)*(s[1]-s[0])), p.gap(middle)
		}
		if gap < least {
			least, w.x = gap, x
		}
	}
	w.a, _ = r.at(w.x)
	w.distM, w.b = p.baseFrom(&w.a)
}

// spans returns the instants of a stay, which an area may hold in several
// pieces: near its edges, and between them where it holds the craft.
func (p *passage) spans(r *run, w *stay) [][2]float64 {
	slices.SortFunc(w.near, func(s, t [2]float64) int { return cmp.Compare(s[0], t[0]) })
	inside := func(x0, x1 float64) bool {
		s, _ := r.at(x0 + float64((x1-x0)*0.5))
		return x0 < x1 && p.v.Footprint.closed && p.v.Footprint.holds(&s)
	}
	var out [][2]float64
	end := w.x0
	for _, s := range w.near {
		switch {
		case len(out) > 0 && s[0] <= end:
			out[len(out)-1][1] = max(end, s[1])
		case inside(end, s[0]):
			out = append(out, [2]float64{end, s[1]})
		default:
			out = append(out, s)
		}
		end = max(end, s[1])
	}
	if inside(end, w.x1) || len(out) == 0 {
		out = append(out, [2]float64{end, w.x1})
	}
	return out
}

// gap returns the distance in millimetres of an altitude from the band,
// negative within it.
func (p *passage) gap(h float64) float64 {
	return max(float64(p.band.LowerMM)-h, h-float64(p.band.UpperMM))
}

// stay is the lateral side of a run's passage.
type stay struct {
	conflict, firm bool
	distM          float64      // least distance from the base, 0 inside it
	x              float64      // when
	a, b           spot         // where: the craft, and the base
	x0, x1         float64      // first and last instant nearer than the radius
	near           [][2]float64 // when it is nearer to single pieces of the base
}

// within finds when run r, between x0 and x1, is near the base.
func (p *passage) within(r *run, x0, x1, tolM float64, detail bool) stay {
	f := p.v.Footprint
	limit := p.radius + tolM
	w := stay{distM: math.Inf(1), x0: math.Inf(1), x1: math.Inf(-1)}
	first, _ := r.at(x0)
	last, _ := r.at(x1)
	if f.closed {
		p.insides(&w, &first, &last, x0, x1, tolM)
		if w.conflict && !detail {
			return w
		}
	}
	box := runBounds(&first, &last)
	// Beyond the radius only what is nearer than all before is of interest.
	reach := limit
	if detail && !w.conflict {
		reach = max(limit, p.best)
	}
	f.nearby(&box, reach, func(from, to int) float64 {
		for i := from; i < to; i++ {
			e := encounter{p: r, region: rectangle(x0, x1, 0, 1)}
			var edge run
			if f.isPoint() {
				edge = pointRun(f.spots[0])
				e.region = rectangle(x0, x1, 0, 0)
			} else {
				a, b := f.piece(i)
				edge = newRun(*a, *b, 0, 1)
			}
			e.q = &edge
			p.edge(&w, &e, limit, tolM, detail)
			if w.conflict && !detail {
				return -1
			}
		}
		if w.conflict || !detail {
			return limit
		}
		return max(limit, min(p.best, w.distM))
	})
	if w.conflict && !w.firm && f.closed {
		w.firm = p.deep(r, &w, tolM)
	}
	return w
}

// insides looks whether an area holds the run's ends.
func (p *passage) insides(w *stay, first, last *spot, x0, x1, tolM float64) {
	f := p.v.Footprint
	if f.holds(first) {
		w.conflict, w.distM, w.x, w.a, w.b = true, 0, x0, *first, *first
		w.x0, w.x1 = x0, x0
		w.firm = f.boundaryFrom(first, tolM) > tolM
	}
	if f.holds(last) {
		if !w.conflict {
			w.conflict, w.distM, w.x, w.a, w.b = true, 0, x1, *last, *last
			w.x0 = x1
		}
		w.x1 = x1
		w.firm = w.firm || f.boundaryFrom(last, tolM) > tolM
	}
}

// edge folds the encounter with one piece of the base into w.
func (p *passage) edge(w *stay, e *encounter, limit, tolM float64, detail bool) {
	errM := e.first()
	if e.distM > max(limit, w.distM)+errM || !detail && e.distM > limit+errM {
		return
	}
	if !detail && e.distM < p.radius-errM {
		w.conflict = true
		return
	}
	e.refine()
	if e.distM < w.distM || e.distM == w.distM && e.x < w.x {
		a, _ := e.p.at(e.x)
		b, _ := e.q.at(e.y)
		w.distM, w.x, w.a, w.b = e.distM, e.x, a, b
	}
	if e.distM >= limit {
		return
	}
	w.conflict = true
	w.firm = w.firm || e.distM < p.radius-tolM
	if detail {
		until := windowLimit(e.distM, p.radius, tolM)
		if p.whole {
			until = limit
		}
		x0, _, _ := e.least(until, 1, 0)
		x1, _, _ := e.least(until, -1, 0)
		w.x0, w.x1 = min(w.x0, x0), max(w.x1, x1)
		w.near = append(w.near, [2]float64{x0, x1})
	}
}

// deep tells whether some point of the stay lies inside the area beyond the
// tolerance. Its middle and quarters are tried; a stay that none of them proves
// is reported as within tolerance.
func (p *passage) deep(r *run, w *stay, tolM float64) bool {
	f := p.v.Footprint
	for _, k := range [3]float64{0.5, 0.25, 0.75} {
		s, _ := r.at(w.x0 + float64(k*(w.x1-w.x0)))
		if f.holds(&s) && f.boundaryFrom(&s, tolM) > tolM {
			return true
		}
	}
	return false
}

// runBounds returns a box around the geodesic piece between two spots.
func runBounds(a, b *spot) bounds {
	return pieceBounds([]spot{*a, *b}, 0)
}

// baseFrom returns the distance of a spot from the base, and the place there.
func (p *passage) baseFrom(s *spot) (float64, spot) {
	f := p.v.Footprint
	if f.isPoint() {
		return separation(s, &f.spots[0]), f.spots[0]
	}
	if f.closed && f.holds(s) {
		return 0, *s
	}
	best, at := math.Inf(1), *s
	b := bounds{s.p, s.p}
	f.nearby(&b, math.Inf(1), func(from, to int) float64 {
		for i := from; i < to; i++ {
			a, c := f.piece(i)
			if d, foot := toPiece(s, a, c); d < best {
				best, at = d, spotAt(foot)
			}
		}
		return best
	})
	return best, at
}

// instant describes the stay's instant w.x.
func (p *passage) instant(leg int32, w *stay) Closest {
	h := int64(math.Floor(p.t.altitude(leg, w.x, false) + 0.5))
	level := int64(math.Floor(p.t.altitude(leg, w.x, p.vertical.sea) + 0.5))
	ns := p.t.instant(w.x, math.Floor)
	at := Closest{
		Known: true, BaseM: w.distM, A: w.a.p, B: w.b.p,
		GapM:    w.distM - p.edges,
		GapMM:   max(p.band.LowerMM-level, level-p.band.UpperMM) - p.vertical.growMM,
		ATimeNS: ns,
		BTimeNS: min(max(ns, p.v.Window.StartNS), p.v.Window.EndNS),
		ABand:   Band{h, h},
		BBand:   p.v.Band,
	}
	if p.v.Footprint.closed {
		at.Area = true
		at.GapM = max(at.GapM, 0)
	}
	return at
}

// window returns the instants of violation of a stay.
func (p *passage) window(w *stay) (fromNS, toNS int64) {
	craft := Window{p.t.instant(w.x0, math.Floor), p.t.instant(w.x1, math.Ceil)}
	return involved(craft.grown(p.t.buffers.TimeNS), p.v.Window.grown(p.v.Buffers.TimeNS), p.need.TimeNS)
}
