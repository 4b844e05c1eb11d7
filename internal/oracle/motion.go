package oracle

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// instantS is the width in seconds at which a bracket around an instant will do.
const instantS = 1e-4

// heightMM is the width in millimetres at which a bracket around a vertical gap
// will do.
const heightMM = 0.1

// crossing is a leg that is close to a volume in time, and in time and altitude.
type crossing struct {
	leg
	near, high span
}

// passage folds in a trajectory and a volume.
func (j *judge) passage(t *volume.Trajectory, v *volume.Volume4D) {
	b := t.Buffers()
	var where []geodesy.Vec
	for _, w := range t.Waypoints() {
		where = append(where, w.At.ECEF())
	}
	p := j.pair(v.Footprint.RadiusMM()+v.Buffers.LateralMM+b.LateralMM, places(where, v.Footprint))
	slack := j.need.TimeNS + b.TimeNS + v.Buffers.TimeNS
	sea, growMM := heights(t.Datum(), v.Datum)
	growMM += b.VerticalMM + v.Buffers.VerticalMM
	p.band, p.growMM = bandOf(v, sea), growMM
	high := j.need.VerticalMM + growMM
	var all []crossing
	for _, l := range legsOf(t, sea) {
		c := crossing{leg: l, near: l.against(v, slack)}
		if c.near.empty() {
			continue
		}
		c.high = l.within(c.near, p.band.LowerMM-high, p.band.UpperMM+high)
		all = append(all, c)
	}
	p.crossings(all, t, v)
}

// crossings folds in the legs of a trajectory that are close to a volume in
// time.
func (p *pair) crossings(all []crossing, t *volume.Trajectory, v *volume.Volume4D) {
	base := outline(v.Footprint)
	inside := areaOf(v.Footprint, base)
	p.area = inside != nil
	high := strandsOf(all, func(c *crossing) span { return c.high })
	if len(high) > 0 {
		d, at := nearest([]*node{{ca: newChain(high), cb: base}}, p.settled)
		if inside != nil {
			d = inside.enter(d, high, at, p)
		}
		p.decided(d)
	}
	if p.detail != Full {
		return
	}
	if len(high) > 0 {
		p.truth.First, p.truth.Last = p.window(high, base, inside, all, t, v, p.radiusM, p.truth.First, p.truth.Last)
		p.truth.OuterFirst, p.truth.OuterLast = p.window(high, base, inside, all, t, v, p.radiusM+p.tolM, p.truth.OuterFirst, p.truth.OuterLast)
	}
	p.lowest(strandsOf(all, func(c *crossing) span { return c.near }), base, inside, all)
}

// strandsOf returns the parts of legs during spans that are not empty. Their
// index is that into all.
func strandsOf(all []crossing, during func(c *crossing) span) []strand {
	var out []strand
	for i := range all {
		s := during(&all[i])
		if s.empty() {
			continue
		}
		lo, hi := s.seconds()
		out = append(out, strand{curve: all[i].curve, lo: lo, hi: hi, index: i})
	}
	return out
}

// enter sets d, the distance of flown strands from the ring, to 0 when some of
// them are inside, and below when the separation is 0 and that is certain.
func (a *area) enter(d Interval, flown []strand, near place, p *pair) Interval {
	if d.Lo > a.doubtM() {
		for i := range flown {
			s := &flown[i]
			if a.holds(s.at(s.lo)) {
				d = Interval{}
			}
		}
	}
	if p.radiusM > 0 {
		return d
	}
	for i := range flown {
		s := &flown[i]
		for _, u := range [3]float64{s.lo, s.hi, (s.lo + s.hi) / 2} {
			if a.depth(s.at(u)) > 4*a.doubtM() {
				return Interval{-1, -1}
			}
		}
	}
	if d.Lo > p.tolM {
		return d
	}
	// Just before or after it touches the ring the craft may be inside.
	for k := 1e-6; k < 1e6; k *= 3 {
		for _, step := range [2]float64{-k, k} {
			u := near.u + step/max(near.a.rateM, 1e-9)
			if u > near.a.lo && u < near.a.hi && a.depth(near.a.at(u)) > 4*a.doubtM() {
				return Interval{-1, -1}
			}
		}
	}
	return d
}

// window folds the first and last instants at which strands are nearer than
// radiusM to a base into first and last.
func (p *pair) window(high []strand, base *chain, inside *area, all []crossing, t *volume.Trajectory, v *volume.Volume4D, radiusM float64, first, last Interval) (Interval, Interval) {
	if radiusM <= 0 {
		return Interval{first.Lo, first.Hi}, last
	}
	minimum := float64(p.need.TimeNS) / 1e9
	growT, growV := float64(t.Buffers().TimeNS)/1e9, float64(v.Buffers.TimeNS)/1e9
	start, end := p.truth.since(v.Window.StartNS)-growV, p.truth.since(v.Window.EndNS)+growV
	offset := func(s *strand) float64 { return p.truth.since(all[s.index].from.TimeNS) }
	// First the craft's own instants, then the volume's.
	for _, more := range [2][2]float64{{0, minimum}, {minimum, 0}} {
		grow, from, to := growT+more[0], start-more[1], end+more[1]
		lo, _ := extreme(nodesOf(high, base), radiusM, instantS, func(n *node) []linear {
			return []linear{{cu: 1, c: offset(n.a) - grow}, {c: from}}
		})
		hi, _ := extreme(nodesOf(high, base), radiusM, instantS, func(n *node) []linear {
			return []linear{{cu: -1, c: -offset(n.a) - grow}, {c: -to}}
		})
		first = least(first, lo)
		last = most(last, Interval{-hi.Hi, -hi.Lo})
		if inside == nil {
			continue
		}
		for i := range high {
			s := &high[i]
			if q := s.at(s.lo); inside.inside(q) {
				x := max(from, offset(s)+s.lo-grow)
				first = least(first, Interval{x, x})
			}
			if q := s.at(s.hi); inside.inside(q) {
				x := min(to, offset(s)+s.hi+grow)
				last = most(last, Interval{x, x})
			}
		}
	}
	return first, last
}

// inside is holds for points that may be next to the ring, which it does not
// count as inside.
func (a *area) inside(p geodesy.Vec) bool { return a.depth(p) > a.doubtM() }

// nodesOf returns a node for each strand with the whole of a base.
func nodesOf(flown []strand, base *chain) []*node {
	nodes := make([]*node, len(flown))
	for i := range flown {
		nodes[i] = &node{ca: newChain(flown[i : i+1]), cb: base}
	}
	return nodes
}

// lowest folds in the least vertical gap while lateral separation is lost.
func (p *pair) lowest(near []strand, base *chain, inside *area, all []crossing) {
	grow := float64(p.growMM)
	p.truth.FloorMM = p.growMM
	forms := func(s *strand) []linear {
		h, r := all[s.index].climb()
		return []linear{
			{cu: -r, c: float64(p.band.LowerMM) - h - grow},
			{cu: r, c: h - float64(p.band.UpperMM) - grow},
			{c: -grow}, // no telling how deep within the band
		}
	}
	if p.radiusM <= 0 || len(near) == 0 {
		return
	}
	lowest := func(radiusM float64) Interval {
		gap, _ := extreme(nodesOf(near, base), radiusM, heightMM, func(n *node) []linear { return forms(n.a) })
		return gap
	}
	gap, outer := lowest(p.radiusM), lowest(p.radiusM+p.tolM)
	if inside != nil {
		for i := range near {
			s := &near[i]
			for _, u := range turns(forms(s), s) {
				if inside.inside(s.at(u)) {
					x := math.Inf(-1)
					for _, l := range forms(s) {
						x = max(x, l.at(corner{u: u}))
					}
					gap = least(gap, Interval{x, x})
				}
			}
		}
	}
	p.gap(gap, least(gap, outer))
}

// turns returns the ends of a strand and where on it two of the functions are
// equal.
func turns(forms []linear, s *strand) []float64 {
	out := []float64{s.lo, s.hi}
	for i, l := range forms {
		for _, m := range forms[i+1:] {
			if u := (m.c - l.c) / (l.cu - m.cu); u > s.lo && u < s.hi {
				out = append(out, u)
			}
		}
	}
	return out
}

// gap folds in a least vertical gap.
func (p *pair) gap(gap, outer Interval) {
	t := p.truth
	t.Vertical, t.OuterVertical = least(t.Vertical, gap), least(t.OuterVertical, outer)
	t.Low = t.Low || !math.IsInf(gap.Hi, 1)
}

// encounter is a pair of legs that are close in time, with the patches of their
// instants that are so, and that are so in altitude as well.
type encounter struct {
	l, m       leg
	near, high patch
}

// meeting folds in two trajectories.
func (j *judge) meeting(t, u *volume.Trajectory) {
	bt, bu := t.Buffers(), u.Buffers()
	var where []geodesy.Vec
	for _, x := range [2]*volume.Trajectory{t, u} {
		for _, w := range x.Waypoints() {
			where = append(where, w.At.ECEF())
		}
	}
	p := j.pair(bt.LateralMM+bu.LateralMM, where)
	slack := j.need.TimeNS + bt.TimeNS + bu.TimeNS
	sea, growMM := heights(t.Datum(), u.Datum())
	p.growMM = growMM + bt.VerticalMM + bu.VerticalMM
	height := j.need.VerticalMM + p.growMM
	var all []encounter
	legs := legsOf(u, sea)
	for _, l := range legsOf(t, sea) {
		for _, m := range legs {
			e := encounter{l: l, m: m}
			if e.meet(slack, height) {
				all = append(all, e)
			}
		}
	}
	p.encounters(all, t, u)
}

// meet fills in the patches and tells whether there is any.
func (e *encounter) meet(slackNS, heightMM int64) bool {
	l, m := &e.l, &e.m
	shift := float64(m.from.TimeNS-l.from.TimeNS) / 1e9
	segment := func(s span) patch {
		if s.empty() {
			return nil
		}
		lo, hi := s.seconds()
		return patch{{lo, lo - shift}, {hi, hi - shift}}
	}
	if slackNS == 0 {
		s := l.together(m)
		if s.empty() {
			return false
		}
		e.near = segment(s)
		e.high = segment(l.closeTogether(m, s, heightMM))
		return true
	}
	if l.apartNS(m) >= slackNS {
		return false
	}
	slack := float64(slackNS) / 1e9
	e.near = rectangle(0, float64(l.lastsNS())/1e9, 0, float64(m.lastsNS())/1e9).
		cut(linear{1, -1, -shift - slack}).cut(linear{-1, 1, shift - slack})
	if len(e.near) == 0 {
		return false // thinner than rounding
	}
	if l.leastGap(m, slackNS).Cmp(rat(heightMM)) < 0 {
		h0, hr := l.climb()
		g0, gr := m.climb()
		v := float64(heightMM)
		e.high = e.near.cut(linear{hr, -gr, h0 - g0 - v}).cut(linear{-hr, gr, g0 - h0 - v})
		if len(e.high) == 0 {
			_, at := e.near.least(linear{hr, -gr, 0})
			if h0+hr*at.u < g0+gr*at.w {
				_, at = e.near.least(linear{-hr, gr, 0})
			}
			e.high = patch{at}
		}
	}
	return true
}

// encounters folds in pairs of legs that are close in time.
func (p *pair) encounters(all []encounter, t, u *volume.Trajectory) {
	nodes := func(of func(e *encounter) patch) []*node {
		var out []*node
		for i := range all {
			e := &all[i]
			if q := of(e); len(q) > 0 {
				out = append(out, &node{
					a: &strand{curve: e.l.curve, index: i}, b: &strand{curve: e.m.curve, index: i}, patch: q,
				})
			}
		}
		return out
	}
	high := func(e *encounter) patch { return e.high }
	if n := nodes(high); len(n) > 0 {
		d, _ := nearest(n, p.settled)
		p.decided(d)
		if p.detail == Full {
			p.truth.First, p.truth.Last = p.meetingWindow(func() []*node { return nodes(high) }, func() []*node { return nodes(high) }, all, t, u, p.radiusM, p.truth.First, p.truth.Last)
			p.truth.OuterFirst, p.truth.OuterLast = p.meetingWindow(func() []*node { return nodes(high) }, func() []*node { return nodes(high) }, all, t, u, p.radiusM+p.tolM, p.truth.OuterFirst, p.truth.OuterLast)
		}
	}
	if p.detail != Full {
		return
	}
	grow := float64(p.growMM)
	lowest := func(radiusM float64) Interval {
		gap, _ := extreme(nodes(func(e *encounter) patch { return e.near }), radiusM, heightMM, func(n *node) []linear {
			e := &all[n.a.index]
			h0, hr := e.l.climb()
			g0, gr := e.m.climb()
			return []linear{{hr, -gr, h0 - g0 - grow}, {-hr, gr, g0 - h0 - grow}}
		})
		return gap
	}
	p.gap(lowest(p.radiusM), lowest(p.radiusM+p.tolM))
}

// meetingWindow folds the first and last instants at which either craft takes
// part in an encounter nearer than radiusM into first and last: an instant of
// one is within its time buffer of its place, and less than the time minimum
// from such an instant of the other.
func (p *pair) meetingWindow(forFirst, forLast func() []*node, all []encounter, t, u *volume.Trajectory, radiusM float64, first, last Interval) (Interval, Interval) {
	minimum := float64(p.need.TimeNS) / 1e9
	offsets := func(n *node) (x, y float64) {
		e := &all[n.a.index]
		return p.truth.since(e.l.from.TimeNS), p.truth.since(e.m.from.TimeNS)
	}
	for _, more := range [2][2]float64{{0, minimum}, {minimum, 0}} {
		growT, growU := float64(t.Buffers().TimeNS)/1e9+more[0], float64(u.Buffers().TimeNS)/1e9+more[1]
		lo, _ := extreme(forFirst(), radiusM, instantS, func(n *node) []linear {
			x, y := offsets(n)
			return []linear{{cu: 1, c: x - growT}, {cw: 1, c: y - growU}}
		})
		hi, _ := extreme(forLast(), radiusM, instantS, func(n *node) []linear {
			x, y := offsets(n)
			return []linear{{cu: -1, c: -x - growT}, {cw: -1, c: -y - growU}}
		})
		first, last = least(first, lo), most(last, Interval{-hi.Hi, -hi.Lo})
	}
	return first, last
}
