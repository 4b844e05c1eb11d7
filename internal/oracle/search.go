package oracle

import (
	"container/heap"
	"math"
)

// Interval holds the truth between its ends.
type Interval struct{ Lo, Hi float64 }

// node is a part of a search: a patch of two strands, or (patch nil) two ranges
// of strands that stand for all their pairs.
type node struct {
	low  float64 // the objective is at least this
	a, b *strand
	patch
	ca, cb *chain
	ba, bb int // balls of ca and cb
}

type queue []*node

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].low < q[j].low }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*node)) }
func (q *queue) Pop() any {
	old := *q
	n := old[len(old)-1]
	*q = old[:len(old)-1]
	return n
}

// place is a pair of points found by a search.
type place struct {
	a, b *strand
	corner
}

// search looks for the least of an objective over patches of strands.
type search struct {
	queue queue
	hi    float64 // the least value found
	at    place   // where
	evals int
	limit int // evaluations at most
	add   func(*node)
}

// defaultEvals bounds a search. Hardly any needs a tenth of it.
const defaultEvals = 400_000

// nearest returns an interval around the least distance in metres over all the
// patches of the nodes given. It ends early when stop, given a bracket, says so.
func nearest(nodes []*node, stop func(lo, hi float64) bool) (Interval, place) {
	s := &search{hi: math.Inf(1), limit: defaultEvals}
	s.add = s.addNearest
	for _, n := range nodes {
		s.add(n)
	}
	for len(s.queue) > 0 && s.evals < s.limit {
		n := heap.Pop(&s.queue).(*node)
		if n.low >= s.hi || stop(n.low, s.hi) {
			return Interval{min(n.low, s.hi), s.hi}, s.at
		}
		s.split(n)
	}
	lo := s.hi
	if len(s.queue) > 0 {
		lo = min(lo, s.queue[0].low)
	}
	return Interval{lo, s.hi}, s.at
}

// split replaces a node by its halves.
func (s *search) split(n *node) {
	if n.patch != nil {
		p, q := n.halve(n.a.rateM, n.b.rateM)
		for _, h := range [2]patch{p, q} {
			if len(h) > 0 {
				s.add(&node{low: n.low, a: n.a, b: n.b, patch: h})
			}
		}
		return
	}
	x, y := &n.ca.balls[n.ba], &n.cb.balls[n.bb]
	switch {
	case x.left == 0 && y.left == 0:
		a, b := &n.ca.strands[x.from], &n.cb.strands[y.from]
		s.add(&node{low: n.low, a: a, b: b, patch: rectangle(a.lo, a.hi, b.lo, b.hi)})
	case y.left == 0 || x.left != 0 && x.reachM >= y.reachM:
		s.add(&node{low: n.low, ca: n.ca, cb: n.cb, ba: x.left, bb: n.bb})
		s.add(&node{low: n.low, ca: n.ca, cb: n.cb, ba: x.right, bb: n.bb})
	default:
		s.add(&node{low: n.low, ca: n.ca, cb: n.cb, ba: n.ba, bb: y.left})
		s.add(&node{low: n.low, ca: n.ca, cb: n.cb, ba: n.ba, bb: y.right})
	}
}

// apartM is a lower bound of the distance in metres of two ranges: a chord is
// never longer than the geodesic.
func (n *node) apartM() float64 {
	x, y := &n.ca.balls[n.ba], &n.cb.balls[n.bb]
	return max(0, x.middle.Sub(y.middle).Norm()-x.reachM-y.reachM-1e-8)
}

// bound is a lower bound of the distance over a patch that is linear in the two
// parameters, laid at a point of the patch.
type bound struct {
	linear
	corner
	slope
	lipschitz float64 // another bound, constant
	ok        bool    // whether the linear one holds
}

// lay returns the bound laid at c.
func (n *node) lay(c corner) bound {
	s := slopeAt(&n.a.curve, &n.b.curve, c.u, c.w)
	reach := n.reachM(c, n.a.rateM, n.b.rateM)
	out := bound{corner: c, slope: s, lipschitz: s.distM - s.errM - math.Sqrt2*reach}
	if s.dirErr > 1 {
		return out
	}
	out.cu, out.cw = s.du*n.a.rateM, s.dw*n.b.rateM
	out.c = s.distM - s.errM - dip(s.distM, reach) - math.Sqrt2*reach*s.dirErr - out.cu*c.u - out.cw*c.w
	out.ok = !math.IsInf(out.c, -1)
	return out
}

// falls returns bounds laid at the centre of the patch and, where that tells
// it, near the place where the distance is least: there a bound is tight.
func (n *node) falls() [2]bound {
	first := n.lay(n.centre())
	second := first
	if first.ok && len(n.patch) > 1 {
		c := first.corner
		x := linear{first.cu, first.cw, first.distM - first.cu*c.u - first.cw*c.w}
		y := linear{cu: first.leftU * n.a.rateM, cw: first.leftW * n.b.rateM}
		y.c = -y.cu*c.u - y.cw*c.w
		second = n.lay(n.shortest(x, y))
	}
	return [2]bound{first, second}
}

func (s *search) addNearest(n *node) {
	if n.patch == nil {
		n.low = max(n.low, n.apartM())
		if n.low < s.hi {
			heap.Push(&s.queue, n)
		}
		return
	}
	n.low = max(n.low, 0)
	for _, b := range n.falls() {
		s.evals++
		s.found(n, b.corner, b.distM+b.errM)
		n.low = max(n.low, b.lipschitz)
		if b.ok {
			low, _ := n.least(b.linear)
			n.low = max(n.low, low)
		}
	}
	if n.low < s.hi {
		heap.Push(&s.queue, n)
	}
}

func (s *search) found(n *node, at corner, value float64) {
	if value < s.hi {
		s.hi, s.at = value, place{n.a, n.b, at}
	}
}

// reach is a search for the least of an objective over those points of the
// patches whose distance is below needM.
type reach struct {
	search
	needM float64
	goal  func(n *node) []linear // the objective is the greatest of these
	eps   float64
	stuck float64 // the least lower bound of a patch too small to halve
}

// extreme returns an interval around the least value of the objective, the
// greatest of goal's functions, where the distance is below needM, to within
// eps. Hi is infinite when no point that near was found, Lo when there is none.
func extreme(nodes []*node, needM, eps float64, goal func(n *node) []linear) (Interval, place) {
	r := &reach{needM: needM, goal: goal, eps: eps, stuck: math.Inf(1)}
	r.hi, r.limit = math.Inf(1), defaultEvals
	r.add = r.addNear
	for _, n := range nodes {
		r.add(n)
	}
	for len(r.queue) > 0 && r.evals < r.limit {
		if low := min(r.queue[0].low, r.stuck); low >= r.hi-eps {
			return Interval{min(low, r.hi), r.hi}, r.at
		}
		r.split(heap.Pop(&r.queue).(*node))
	}
	lo := min(r.hi, r.stuck)
	if len(r.queue) > 0 {
		lo = min(lo, r.queue[0].low)
	}
	return Interval{lo, r.hi}, r.at
}

// value returns the objective at a pair of parameters.
func (r *reach) value(forms []linear, c corner) float64 {
	v := math.Inf(-1)
	for _, l := range forms {
		v = max(v, l.at(c))
	}
	return v
}

// bound returns the least value of the objective over a patch and where it is:
// at a corner, or where two of its functions are equal on an edge.
func (r *reach) bound(forms []linear, p patch) (low float64, at corner) {
	low = math.Inf(1)
	try := func(c corner) {
		if v := r.value(forms, c); v < low {
			low, at = v, c
		}
	}
	for i := range p {
		a, b := p[i], p[(i+1)%len(p)]
		try(a)
		for k := range forms {
			for _, m := range forms[k+1:] {
				l := forms[k]
				x, y := l.at(a)-m.at(a), l.at(b)-m.at(b)
				if x < 0 && y > 0 || x > 0 && y < 0 {
					f := x / (x - y)
					try(corner{a.u + f*(b.u-a.u), a.w + f*(b.w-a.w)})
				}
			}
		}
	}
	return low, at
}

func (r *reach) addNear(n *node) {
	if n.patch == nil {
		if n.apartM() < r.needM {
			if n.low == 0 {
				n.low = math.Inf(-1)
			}
			heap.Push(&r.queue, n)
		}
		return
	}
	inside := -1      // of two points of the patch, which is surely near enough
	doubtful := false // whether the whole patch is next to the need
	bounds := n.falls()
	for i, b := range bounds {
		r.evals++
		if b.distM+b.errM < r.needM {
			inside = i
		}
		if b.lipschitz >= r.needM {
			return
		}
		if b.ok {
			b.c -= r.needM
			if n.patch = n.cut(b.linear); len(n.patch) == 0 {
				return
			}
			low, _ := n.least(b.linear)
			doubtful = doubtful || low > -4*b.errM
		}
	}
	forms := r.goal(n)
	for _, b := range bounds {
		if b.distM+b.errM < r.needM {
			r.found(n, b.corner, r.value(forms, b.corner))
		}
	}
	doubtful = doubtful && inside < 0
	var at corner
	n.low, at = r.bound(forms, n.patch)
	if n.low >= r.hi-r.eps {
		r.stuck = min(r.stuck, n.low)
		return
	}
	if r.near(n, at) {
		r.found(n, at, r.value(forms, at))
	} else if inside >= 0 {
		r.home(n, forms, bounds[inside].corner, at)
	}
	if doubtful || n.reachM(n.centre(), n.a.rateM, n.b.rateM) < 1e-8 {
		r.stuck = min(r.stuck, n.low)
		return
	}
	heap.Push(&r.queue, n)
}

// near tells whether the points at a pair of parameters are surely nearer than
// the need.
func (r *reach) near(n *node, c corner) bool {
	r.evals++
	d := look(n.a.at(c.u), n.b.at(c.w))
	return d.distM+d.errM < r.needM
}

// home looks between a pair of parameters that is near enough and a better one
// that is not for one that is both.
func (r *reach) home(n *node, forms []linear, in, out corner) {
	for range 12 {
		mid := corner{(in.u + out.u) / 2, (in.w + out.w) / 2}
		if r.near(n, mid) {
			in = mid
			r.found(n, mid, r.value(forms, mid))
		} else {
			out = mid
		}
	}
}
