package resolve

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// graphOf returns the graph of a drawn scene in which the plan is in conflict,
// with at most so many places beside each leg, or nil.
func graphOf(t *testing.T, s *scene, most int) *detours {
	t.Helper()
	around, err := NewSurroundings(s.others, s.rules)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := around.clear(s.own); ok || err != nil {
		return nil
	}
	d, err := newDetours(around, &s.q, s.own, 0, leeways[0])
	if err != nil {
		t.Fatal(err)
	}
	d.most = most
	for k := range d.legs {
		d.ways(k)
	}
	for i := len(d.legs) + 1; i < len(d.places); i++ {
		d.ways(i)
	}
	return d
}

// A way is closed when the decision says that its flight is in conflict, but for
// the rounding to a millisecond.
func TestWaysAreClosedAsDecided(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 7))
	shut, free := 0, 0
	check := func(s *scene, d *detours, a, b *place, leg int, takesNS, whenNS int64, spans []volume.Span) {
		p, q := a.where, b.where
		p.TimeNS, q.TimeNS = whenNS, whenNS+takesNS
		tr, err := volume.NewTrajectoryOn(d.datum, []volume.Waypoint{p, q}, d.t.Buffers())
		if err != nil {
			t.Fatal(err)
		}
		e := &volume.Entity{ID: "OWN", Trajectories: []*volume.Trajectory{tr}}
		hit := false
		for _, o := range s.others {
			one, err := conflict.Decide(e, o, s.rules.Minima)
			if err != nil {
				t.Fatal(err)
			}
			hit = hit || one
		}
		deep, out := false, true
		for _, sp := range spans {
			out = out && (whenNS <= sp.Lo || whenNS >= sp.Hi)
			// Several outward roundings may meet, so only the ends are loose.
			deep = deep || whenNS > sp.Lo+3*roundNS && whenNS < sp.Hi-3*roundNS
		}
		if out && hit || deep && !hit {
			t.Fatalf("leg %d at %d: conflict %t, closed %v", leg, whenNS, hit, spans)
		}
		if hit {
			shut++
		} else {
			free++
		}
	}
	for range 120 {
		s := drawScene(t, r)
		d := graphOf(t, s, 12)
		if d == nil {
			continue
		}
		for range 150 {
			n := d.hops[r.IntN(len(d.hops))]
			a, b := &d.places[n.from], &d.places[n.to]
			first := d.legs[n.leg].startNS - s.q.Limits.EarlierNS
			last := d.latestNS - b.toGoNS - n.takesNS
			if last < first {
				continue // too long to be flown in time
			}
			when := first + r.Int64N(last-first+1)
			spans := d.closed(&n.way)
			if len(spans) > 0 && r.IntN(2) == 0 {
				sp := spans[r.IntN(len(spans))]
				when = max(first, min(last, [2]int64{sp.Lo, sp.Hi}[r.IntN(2)]))
			}
			check(s, d, a, b, n.leg, n.takesNS, when, spans)
			if when <= d.latestNS-a.toGoNS {
				check(s, d, a, a, n.leg, 1, when, d.unsafe(n.from))
			}
		}
	}
	if shut < 1000 || free < 1000 {
		t.Errorf("%d in conflict and %d clear are too few", shut, free)
	}
}

// enumeration finds the least cost by going through all ways of a graph and, on
// each, all instants at which anything changes.
type enumeration struct {
	d    *detours
	ask  journey
	best float64
	seen int
}

// follow extends a path by every hop.
func (e *enumeration) follow(path []*hop, node int, lengthMM, freeMM int64, toll float64) {
	if lengthMM > e.ask.lengthMM+e.ask.detourMM {
		return
	}
	if node == e.ask.goal {
		e.seen++
		e.fly(path, 0, e.starts(path), float64(lengthMM-e.ask.lengthMM)/1000*e.ask.detour+toll)
		return
	}
	for _, w := range e.d.ways(node) {
		n := e.d.hops[w.id]
		free := n.lengthMM
		if len(path) > 0 && e.ask.turns {
			mm, must := e.d.turn(&path[len(path)-1].way, w)
			if must && (mm > freeMM || mm > n.lengthMM) {
				continue
			}
			free = max(0, free-mm)
		}
		e.follow(append(slices.Clone(path), n), n.to, lengthMM+n.lengthMM, free, toll+n.toll)
	}
}

// starts returns the instants at which a path may begin that matter.
func (e *enumeration) starts(path []*hop) []int64 {
	out := append(e.changes(path, 0), e.ask.leaveFromNS, e.ask.leaveToNS)
	return slices.DeleteFunc(out, func(ns int64) bool { return ns < e.ask.leaveFromNS || ns > e.ask.leaveToNS })
}

// changes returns the instants at hop i at which, without a wait from there on,
// another way opens or closes, a wait must end, or the arrival is on time.
func (e *enumeration) changes(path []*hop, i int) []int64 {
	var out []int64
	flown := int64(0)
	for _, n := range path[i:] {
		spans := e.d.closed(&n.way)
		if e.ask.canWait && n.from != e.ask.start {
			spans = slices.Concat(spans, e.d.unsafe(n.from))
		}
		for _, s := range spans {
			out = append(out, s.Lo-flown, s.Hi-flown)
		}
		flown += n.takesNS
	}
	return append(out, e.ask.dueNS-flown)
}

// fly follows a path from hop i on, entered at any of some instants.
func (e *enumeration) fly(path []*hop, i int, at []int64, cost float64) {
	if i == len(path) {
		for _, ns := range at {
			late := float64(ns-e.ask.dueNS) / 1e9
			if ns <= e.ask.latestNS {
				e.best = min(e.best, cost+max(e.ask.laterS*late, -e.ask.earlierS*late))
			}
		}
		return
	}
	var next []int64
	for _, ns := range at {
		if !inside(e.d.closed(&path[i].way), ns, ns) {
			next = append(next, ns+path[i].takesNS)
		}
	}
	if e.ask.canWait && i+1 < len(path) {
		unsafe := e.d.unsafe(path[i].to)
		var waited []int64
		for _, from := range next {
			for _, to := range e.changes(path, i+1) {
				if to > from && !inside(unsafe, from, to) {
					waited = append(waited, to)
				}
			}
		}
		next = append(next, waited...)
	}
	slices.Sort(next)
	e.fly(path, i+1, slices.Compact(next), cost)
}

// inside tells whether an instant, or a part of an interval, is in an open span.
func inside(spans []volume.Span, from, to int64) bool {
	return slices.ContainsFunc(spans, func(s volume.Span) bool { return s.Lo < to && from < s.Hi && (from < to || s.Lo < from) })
}

// On a graph of real places the search finds what going through all paths and
// instants finds.
func TestSearchIsExhaustive(t *testing.T) {
	r := rand.New(rand.NewPCG(52, 7))
	solved, blocked, waits := 0, 0, 0
	for range 500 {
		s := drawScene(t, r)
		s.q.Vehicle.EnduranceNS = 0
		d := graphOf(t, s, 5)
		if d == nil || len(d.legs) > 2 {
			continue
		}
		e := &enumeration{d: d, ask: d.journey(), best: math.Inf(1)}
		e.follow(nil, 0, 0, 0, 0)
		f := newWayfinder(d, d.journey())
		l := f.next()
		if l == nil {
			if !math.IsInf(e.best, 1) {
				t.Fatalf("nothing found, expected %g", e.best)
			}
			blocked++
			continue
		}
		solved++
		if cost, _ := f.cost(l); math.Abs(cost-e.best) > 1e-6 {
			t.Fatalf("found %g, expected %g of %d paths", cost, e.best, e.seen)
		}
		for _, stop := range f.trace(l)[1:] {
			if stop.departNS > stop.arriveNS {
				waits++
			}
		}
	}
	if solved < 100 || blocked < 10 || waits == 0 {
		t.Errorf("%d solved, %d blocked, %d waits: expected more", solved, blocked, waits)
	}
}

// A line beside the whole leg, joined at 45 degrees, is among the ways round.
func TestLinesBesideTheLeg(t *testing.T) {
	r := rand.New(rand.NewPCG(53, 7))
	lines := 0
	for range 60 {
		d := graphOf(t, drawScene(t, r), maxPlaces)
		if d == nil {
			continue
		}
		for _, n := range d.hops {
			a, b := &d.places[n.from], &d.places[n.to]
			length := d.legs[n.leg].lengthM
			near := func(x, y float64) bool { return math.Abs(x-y) < 1e-6*length }
			if !a.kept && !b.kept && near(a.along, a.beside) && near(b.along, length-b.beside) && near(a.beside, b.beside) {
				lines++
			}
		}
	}
	if lines < 20 {
		t.Errorf("%d lines beside legs, expected more", lines)
	}
}
