package resolve

import (
	"container/heap"
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/volume"
)

// This file finds the cheapest way through a graph whose ways are closed at
// some instants. A label is a way to reach a node together with every instant
// at which the craft can be there, rather than the earliest one alone: a craft
// that cannot stop must not always arrive as early as it can. It is safe
// interval path planning (Phillips and Likhachev 2011) with sets of intervals,
// and exact on its graph for craft that can wait and for those that cannot.

// way is a direct flight between two nodes.
type way struct {
	id       int // of the graph, from 0 on
	from, to int
	takesNS  int64 // more than 0
	lengthMM int64
	toll     float64 // what it costs besides time and length, seconds of delay
}

// wayGraph is what a search runs on. Instants are nanoseconds since 1970. All
// spans are open, sorted and disjoint.
type wayGraph interface {
	// ways returns the ways out of a node.
	ways(node int) []*way
	// ahead bounds from below the time and length from a node to the goal.
	ahead(node int) (ns, mm int64)
	// closed returns the instants at which a way must not be entered.
	closed(w *way) []volume.Span
	// unsafe returns the instants at which no craft may wait at a node.
	unsafe(node int) []volume.Span
	// turn returns how much of both ways a turn from one to the other takes, and
	// whether it must fit.
	turn(in, out *way) (mm int64, must bool)
}

// journey says what is sought on a graph.
type journey struct {
	start, goal              int
	leaveFromNS, leaveToNS   int64 // the start may be left at these instants
	dueNS, latestNS          int64 // arrival as declared, and the latest one, which is no earlier
	lengthMM, detourMM       int64 // declared length, and how much more may be flown
	aloftNS                  int64 // longest time between start and goal; 0: no limit
	canWait, turns           bool  // may wait at nodes; turns take room
	laterS, earlierS, detour float64
	maxLabels                int
}

// presence is an interval of instants at which a craft can be at a node.
type presence struct {
	fromNS, toNS int64 // both included
	leftNS       int64 // the latest start for being there at fromNS
	flows        bool  // a later instant has a later start; else the craft waits
}

// left returns the latest start for being there at an instant.
func (p *presence) left(ns int64) int64 {
	if p.flows {
		return p.leftNS + ns - p.fromNS
	}
	return p.leftNS
}

// label is a way to reach a node.
type label struct {
	node     int
	by       *way // nil at the start
	before   *label
	lengthMM int64
	freeMM   int64 // of the way in, what an earlier turn has left
	toll     float64
	arrivals []presence // instants of arrival
	times    []presence // with those after a wait
	bound    float64    // no completion is cheaper
	order    int        // of making, to break ties
	known    bool       // times are found; else bound counts those of before
	dead     bool       // another label is as good
}

// stop is a node of a way found: arrival and departure differ by the wait.
type stop struct {
	node               int
	by                 *way
	arriveNS, departNS int64
}

// wayfinder is one run over a graph; next returns ways from the cheapest on.
type wayfinder struct {
	graph  wayGraph
	ask    journey
	open   frontier
	at     map[[2]int][]*label // labels at a node, by the way in where turns matter
	labels int
}

func newWayfinder(g wayGraph, ask journey) *wayfinder {
	s := &wayfinder{graph: g, ask: ask, at: map[[2]int][]*label{}}
	first := &label{node: ask.start, known: true}
	first.times = []presence{{ask.leaveFromNS, ask.leaveToNS, ask.leaveFromNS, true}}
	first.arrivals = first.times
	s.push(first, first.times, 0)
	return s
}

// next returns the cheapest way to the goal that was not returned yet and is
// not as good as one that was. It is nil when there is none, or when maxLabels
// have been made.
func (s *wayfinder) next() *label {
	for len(s.open) > 0 && s.labels <= s.ask.maxLabels {
		l := heap.Pop(&s.open).(*label)
		switch {
		case l.dead:
		case !l.known:
			s.learn(l)
		case l.node == s.ask.goal:
			return l
		default:
			s.extend(l)
		}
	}
	return nil
}

// push queues a label whose times, less delayNS, are among times.
func (s *wayfinder) push(l *label, times []presence, delayNS int64) {
	ns, mm := s.graph.ahead(l.node)
	if l.lengthMM+mm > s.ask.lengthMM+s.ask.detourMM {
		return
	}
	late := s.lateness(times, ns+delayNS, l.node == s.ask.goal)
	if math.IsInf(late, 1) {
		return
	}
	l.bound = late + l.toll + float64(s.ask.detour*(float64(l.lengthMM+mm-s.ask.lengthMM)/1000))
	l.order = s.labels
	s.labels++
	heap.Push(&s.open, l)
}

// lateness bounds from below what the arrival at the goal costs after one of
// times, and aheadNS or more. At the goal it is what the arrival costs.
func (s *wayfinder) lateness(times []presence, aheadNS int64, atGoal bool) float64 {
	best := math.Inf(1)
	for i := range times {
		at := nearestTo(&times[i], s.ask.dueNS-aheadNS) + aheadNS
		if !atGoal {
			at = max(at, s.ask.dueNS) // what is early may take longer
		}
		if at <= s.ask.latestNS {
			best = min(best, s.ask.offTime(at))
		}
	}
	return best
}

// nearestTo returns the instant of p nearest to an instant.
func nearestTo(p *presence, ns int64) int64 { return max(p.fromNS, min(p.toNS, ns)) }

// offTime returns the cost of an arrival at the goal.
func (j *journey) offTime(ns int64) float64 {
	if ns >= j.dueNS {
		return float64(j.laterS * (float64(ns-j.dueNS) / 1e9))
	}
	return float64(j.earlierS * (float64(j.dueNS-ns) / 1e9))
}

// extend queues the ways on from a label. When they are open is found once
// their turn has come.
func (s *wayfinder) extend(l *label) {
	for _, w := range s.graph.ways(l.node) {
		free := w.lengthMM
		if s.ask.turns && l.by != nil {
			mm, must := s.graph.turn(l.by, w)
			if must && (mm > l.freeMM || mm > free) {
				continue
			}
			free = max(0, free-mm)
		}
		n := &label{node: w.to, by: w, before: l, lengthMM: l.lengthMM + w.lengthMM, freeMM: free, toll: l.toll + w.toll}
		if !s.useless(n) {
			s.push(n, l.times, w.takesNS)
		}
	}
}

// learn finds when a label can be reached, and queues it again unless another is
// as good.
func (s *wayfinder) learn(l *label) {
	s.reach(l, s.graph.closed(l.by))
	if len(l.times) == 0 {
		return
	}
	l.known = true
	aloft := s.ask.aloftNS > 0
	key := s.key(l)
	kept := s.at[key][:0]
	for _, o := range s.at[key] {
		if !l.dead && o.asGood(l, aloft) {
			l.dead = true
		}
		if !l.dead && l.asGood(o, aloft) {
			o.dead = true
			continue
		}
		kept = append(kept, o)
	}
	if !l.dead {
		kept = append(kept, l)
		s.push(l, l.times, 0)
	}
	s.at[key] = kept
}

// key returns what labels have in common that can take each other's place.
func (s *wayfinder) key(l *label) [2]int {
	if s.ask.turns {
		return [2]int{l.node, l.by.id}
	}
	return [2]int{l.node, -1}
}

// useless tells whether another label is as good as l would be if its way in were
// never closed.
func (s *wayfinder) useless(l *label) bool {
	others := s.at[s.key(l)]
	if len(others) == 0 {
		return false
	}
	s.reach(l, nil)
	return slices.ContainsFunc(others, func(o *label) bool { return o.asGood(l, s.ask.aloftNS > 0) })
}

// reach finds when a label can be reached by a way that is closed at times.
func (s *wayfinder) reach(l *label, closed []volume.Span) {
	ns, _ := s.graph.ahead(l.node)
	latest, aloft := s.ask.latestNS-ns, s.ask.aloftNS
	if aloft > 0 {
		aloft = max(1, aloft-ns)
	}
	l.arrivals = fly(l.before.times, closed, l.by.takesNS, latest, aloft)
	l.times = l.arrivals
	if s.ask.canWait && l.node != s.ask.goal {
		l.times = wait(l.arrivals, s.graph.unsafe(l.node), latest, aloft)
	}
}

// asGood tells whether whatever follows m can as well follow l, at no higher
// cost. Both are at one node, and came by one way where turns matter.
func (l *label) asGood(m *label, aloft bool) bool {
	return l.lengthMM <= m.lengthMM && l.toll <= m.toll && l.freeMM >= m.freeMM && covers(l.times, m.times, aloft)
}

// covers tells whether p has every instant of q and, where the time aloft is
// limited, has been aloft no longer.
func covers(p, q []presence, aloft bool) bool {
	i := 0
	for k := range q {
		for at := q[k].fromNS; at <= q[k].toNS; {
			for i < len(p) && p[i].toNS < at {
				i++
			}
			if i == len(p) || p[i].fromNS > at {
				return false
			}
			end := min(p[i].toNS, q[k].toNS)
			if aloft && (p[i].left(at) < q[k].left(at) || p[i].left(end) < q[k].left(end)) {
				return false
			}
			at = end + 1
		}
	}
	return true
}

// fly returns the arrivals by a way, up to the latest, when it is entered at one
// of times at which it is not closed. A craft is aloft for at most aloftNS; 0 is
// no limit.
func fly(times []presence, closed []volume.Span, takesNS, latestNS, aloftNS int64) []presence {
	var out []presence
	first := 0
	for i := range times {
		p := &times[i]
		from := p.fromNS
		enter := func(to int64) {
			n := presence{from + takesNS, min(to+takesNS, latestNS), p.left(from), p.flows}
			if aloftNS > 0 {
				if n.fromNS-n.leftNS > aloftNS {
					return
				}
				if !n.flows {
					n.toNS = min(n.toNS, n.leftNS+aloftNS)
				}
			}
			if n.fromNS <= n.toNS {
				out = append(out, n)
			}
		}
		for first < len(closed) && closed[first].Hi <= from {
			first++
		}
		for k := first; k < len(closed) && closed[k].Lo < p.toNS; k++ {
			if from <= closed[k].Lo {
				enter(closed[k].Lo)
			}
			from = max(from, closed[k].Hi)
		}
		if from <= p.toNS {
			enter(p.toNS)
		}
	}
	return out
}

// wait returns when a craft that arrives at one of times can be there, when it
// may stay wherever it is not unsafe.
func wait(times []presence, unsafe []volume.Span, latestNS, aloftNS int64) []presence {
	var out []presence
	add := func(p presence) {
		if n := len(out) - 1; aloftNS == 0 && n >= 0 && out[n].toNS+1 == p.fromNS {
			out[n].toNS = p.toNS // since when makes no difference
			return
		}
		out = append(out, p)
	}
	k := 0
	for i, p := range times {
		add(p)
		for k < len(unsafe) && unsafe[k].Hi <= p.toNS {
			k++
		}
		until, left := latestNS, p.left(p.toNS)
		if k < len(unsafe) {
			until = min(until, unsafe[k].Lo)
		}
		if aloftNS > 0 {
			until = min(until, left+aloftNS)
		}
		if i+1 < len(times) {
			until = min(until, times[i+1].fromNS-1)
		}
		if until > p.toNS {
			add(presence{p.toNS + 1, until, left, false})
		}
	}
	return out
}

// cost returns what a way to the goal costs, and the arrival that makes it so.
func (s *wayfinder) cost(l *label) (cost float64, arriveNS int64) {
	cost = math.Inf(1)
	for i := range l.times {
		at := nearestTo(&l.times[i], s.ask.dueNS)
		if c := s.ask.offTime(at); c < cost {
			cost, arriveNS = c, at
		}
	}
	return cost + l.toll + float64(s.ask.detour*(float64(l.lengthMM-s.ask.lengthMM)/1000)), arriveNS
}

// trace returns the nodes of a way to the goal in order, with the latest times
// that lead to the cheapest arrival: what can be waited for on the ground is.
func (s *wayfinder) trace(l *label) []stop {
	_, at := s.cost(l)
	var back []stop
	for ; l != nil; l = l.before {
		here := stop{node: l.node, by: l.by, arriveNS: at, departNS: at}
		for i := len(l.arrivals) - 1; i >= 0; i-- {
			if p := &l.arrivals[i]; p.fromNS <= at {
				here.arriveNS = min(at, p.toNS)
				break
			}
		}
		back = append(back, here)
		if l.by != nil {
			at = here.arriveNS - l.by.takesNS
		}
	}
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	return back
}

// frontier is a heap of labels by bound.
type frontier []*label

func (q frontier) Len() int { return len(q) }

func (q frontier) Less(i, j int) bool {
	if q[i].bound != q[j].bound {
		return q[i].bound < q[j].bound
	}
	return q[i].order < q[j].order
}

func (q frontier) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push adds a label; heap calls it.
func (q *frontier) Push(x any) { *q = append(*q, x.(*label)) }

// Pop removes the last label; heap calls it.
func (q *frontier) Pop() any {
	old := *q
	l := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return l
}
