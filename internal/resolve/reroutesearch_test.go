package resolve

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deconflict/deconflict/internal/volume"
)

// drawnGraph is a small graph drawn by chance, given as data.
type drawnGraph struct {
	out        [][]*way
	shut, risk [][]volume.Span // by way, by node
	room       map[[2]int]int64
	firm       map[[2]int]bool
	leastNS    []int64
	leastMM    []int64
}

func (g *drawnGraph) ways(node int) []*way          { return g.out[node] }
func (g *drawnGraph) ahead(node int) (ns, mm int64) { return g.leastNS[node], g.leastMM[node] }
func (g *drawnGraph) closed(w *way) []volume.Span   { return g.shut[w.id] }
func (g *drawnGraph) unsafe(node int) []volume.Span { return g.risk[node] }
func (g *drawnGraph) turn(in, out *way) (int64, bool) {
	k := [2]int{in.id, out.id}
	return g.room[k], g.firm[k]
}

// draw returns a graph and a journey on it. All times are multiples of tick,
// but for as much as jitter adds to the ends of spans.
func draw(r *rand.Rand, tick, jitter int64) (*drawnGraph, journey) {
	n := 3 + r.IntN(4)
	g := &drawnGraph{out: make([][]*way, n), room: map[[2]int]int64{}, firm: map[[2]int]bool{}}
	spans := func(share float64) []volume.Span {
		var out []volume.Span
		for at := int64(0); at < 24; at++ {
			if r.Float64() < share {
				to := at + 1 + r.Int64N(4)
				s := volume.Span{Lo: at * tick, Hi: to * tick}
				if jitter > 0 {
					s.Lo += r.Int64N(jitter)
					s.Hi += r.Int64N(jitter)
				}
				out = append(out, s)
			}
		}
		return normalise(out)
	}
	id := 0
	for from := range n {
		g.risk = append(g.risk, spans(0.15))
		for to := range n {
			if from == to || from == n-1 || r.Float64() < 0.35 {
				continue
			}
			w := &way{id: id, from: from, to: to, takesNS: (1 + r.Int64N(4)) * tick, lengthMM: 1000 * (1 + r.Int64N(5)), toll: float64(r.IntN(3))}
			id++
			g.out[from] = append(g.out[from], w)
			g.shut = append(g.shut, spans(0.1+0.2*r.Float64()))
		}
	}
	for a := range id {
		for b := range id {
			g.room[[2]int{a, b}], g.firm[[2]int{a, b}] = 1000*r.Int64N(4), r.IntN(3) > 0
		}
	}
	ask := journey{
		start: 0, goal: n - 1, leaveFromNS: r.Int64N(3) * tick, lengthMM: 1000 * r.Int64N(4), detourMM: 1000 * r.Int64N(14),
		canWait: r.IntN(2) > 0, turns: r.IntN(2) > 0,
		laterS: float64(1 + r.IntN(3)), earlierS: float64(r.IntN(2)), detour: float64(r.IntN(3)), maxLabels: 1e6,
	}
	ask.leaveToNS = ask.leaveFromNS + r.Int64N(8)*tick
	ask.dueNS = ask.leaveFromNS + (1+r.Int64N(8))*tick
	ask.latestNS = ask.dueNS + r.Int64N(14)*tick
	if r.IntN(3) == 0 {
		ask.aloftNS = (2 + r.Int64N(12)) * tick
	}
	g.bounds(ask.goal, r.IntN(2) > 0)
	return g, ask
}

// bounds finds the least time and length to the goal, or leaves them at 0.
func (g *drawnGraph) bounds(goal int, tight bool) {
	g.leastNS, g.leastMM = make([]int64, len(g.out)), make([]int64, len(g.out))
	if !tight {
		return
	}
	for i := range g.out {
		if i != goal {
			g.leastNS[i], g.leastMM[i] = math.MaxInt64/4, math.MaxInt64/4
		}
	}
	for range g.out {
		for i := range g.out {
			for _, w := range g.out[i] {
				g.leastNS[i] = min(g.leastNS[i], w.takesNS+g.leastNS[w.to])
				g.leastMM[i] = min(g.leastMM[i], w.lengthMM+g.leastMM[w.to])
			}
		}
	}
}

// moment is a state of the time-expanded graph.
type moment struct {
	node, by                     int
	tick, length, free, leftTick int64
}

// expanded solves a journey on the graph expanded in time: one state for every
// node, tick, way in, length flown, room left and start.
func expanded(g *drawnGraph, ask *journey, tick int64) float64 {
	best := math.Inf(1)
	shut := func(spans []volume.Span, from, to int64) bool {
		for _, s := range spans {
			if from == to && s.Lo < from && from < s.Hi || from != to && s.Lo < to && from < s.Hi {
				return true
			}
		}
		return false
	}
	last := ask.latestNS / tick
	at := make([]map[moment]float64, last+2)
	for i := range at {
		at[i] = map[moment]float64{}
	}
	reach := func(m moment, toll float64) {
		aloft := (m.tick - m.leftTick) * tick
		if m.tick > last || m.length > ask.lengthMM+ask.detourMM || ask.aloftNS > 0 && aloft > ask.aloftNS {
			return
		}
		if old, ok := at[m.tick][m]; !ok || toll < old {
			at[m.tick][m] = toll
		}
	}
	for k := ask.leaveFromNS / tick; k <= ask.leaveToNS/tick; k++ {
		reach(moment{node: ask.start, by: -1, tick: k, leftTick: k}, 0)
	}
	byID := map[int]*way{}
	for _, out := range g.out {
		for _, w := range out {
			byID[w.id] = w
		}
	}
	for k := range at {
		for m, toll := range at[k] {
			now := m.tick * tick
			if m.node == ask.goal {
				late := float64(now-ask.dueNS) / 1e9
				cost := toll + ask.detour*float64(m.length-ask.lengthMM)/1000 + max(ask.laterS*late, -ask.earlierS*late)
				best = min(best, cost)
				continue
			}
			if ask.canWait && m.by >= 0 && !shut(g.risk[m.node], now, now+tick) {
				n := m
				n.tick++
				reach(n, toll)
			}
			for _, w := range g.out[m.node] {
				if shut(g.shut[w.id], now, now) {
					continue
				}
				n := moment{w.to, w.id, m.tick + w.takesNS/tick, m.length + w.lengthMM, 0, m.leftTick}
				if ask.turns {
					n.free = w.lengthMM
					if m.by >= 0 {
						mm, must := g.turn(byID[m.by], w)
						if must && (mm > m.free || mm > w.lengthMM) {
							continue
						}
						n.free = max(0, w.lengthMM-mm)
					}
				}
				reach(n, toll+w.toll)
			}
		}
	}
	return best
}

// checkStops verifies a way found by the rules of the journey, one by one, and
// returns its cost.
func checkStops(t *testing.T, g *drawnGraph, ask *journey, stops []stop) float64 {
	t.Helper()
	first, last := stops[0], stops[len(stops)-1]
	if first.node != ask.start || last.node != ask.goal || first.departNS < ask.leaveFromNS || first.departNS > ask.leaveToNS || last.arriveNS > ask.latestNS {
		t.Fatalf("found %+v to %+v for %+v", first, last, ask)
	}
	if ask.aloftNS > 0 && last.arriveNS-first.departNS > ask.aloftNS {
		t.Fatalf("aloft from %d to %d, at most %d expected", first.departNS, last.arriveNS, ask.aloftNS)
	}
	var length, free int64
	toll := 0.0
	for i := 1; i < len(stops); i++ {
		w, from := stops[i].by, stops[i-1]
		if w.from != from.node || w.to != stops[i].node || stops[i].arriveNS-from.departNS != w.takesNS {
			t.Fatalf("way %+v from %+v to %+v", w, from, stops[i])
		}
		for _, s := range g.shut[w.id] {
			if s.Lo < from.departNS && from.departNS < s.Hi {
				t.Fatalf("way %+v left at %d, closed %v", w, from.departNS, s)
			}
		}
		if i < len(stops)-1 && stops[i].departNS != stops[i].arriveNS {
			if !ask.canWait || stops[i].departNS < stops[i].arriveNS {
				t.Fatalf("a wait at %+v", stops[i])
			}
			for _, s := range g.risk[w.to] {
				if s.Lo < stops[i].departNS && stops[i].arriveNS < s.Hi {
					t.Fatalf("a wait at %+v, unsafe %v", stops[i], s)
				}
			}
		}
		room := int64(0)
		if ask.turns && i > 1 {
			mm, must := g.turn(stops[i-1].by, w)
			if must && (mm > free || mm > w.lengthMM) {
				t.Fatalf("a turn of %d with %d and %d left", mm, free, w.lengthMM)
			}
			room = mm
		}
		free = max(0, w.lengthMM-room)
		length += w.lengthMM
		toll += w.toll
	}
	if length > ask.lengthMM+ask.detourMM {
		t.Fatalf("%d flown, %d and %d expected", length, ask.lengthMM, ask.detourMM)
	}
	late := float64(last.arriveNS-ask.dueNS) / 1e9
	return toll + ask.detour*float64(length-ask.lengthMM)/1000 + max(ask.laterS*late, -ask.earlierS*late)
}

// On data of whole ticks the graph expanded in time has the same optimum, with
// and without waits, turns and a limit of the time aloft.
func TestSearchIsTimeExpanded(t *testing.T) {
	const tick = 1_000_000_000
	r := rand.New(rand.NewPCG(41, 7))
	solved := map[[3]bool]int{}
	for range 4000 {
		g, ask := draw(r, tick, 0)
		want := expanded(g, &ask, tick)
		s := newWayfinder(g, ask)
		l := s.next()
		if l == nil {
			if !math.IsInf(want, 1) {
				t.Fatalf("nothing found, expected %g\n%+v", want, ask)
			}
			continue
		}
		cost, _ := s.cost(l)
		if math.Abs(cost-want) > 1e-9 {
			t.Fatalf("found %g, expected %g\n%+v", cost, want, ask)
		}
		if got := checkStops(t, g, &ask, s.trace(l)); math.Abs(got-cost) > 1e-9 {
			t.Fatalf("said %g, flown %g", cost, got)
		}
		solved[[3]bool{ask.canWait, ask.turns, ask.aloftNS > 0}]++
	}
	for _, wait := range []bool{false, true} {
		for _, turns := range []bool{false, true} {
			for _, aloft := range []bool{false, true} {
				if n := solved[[3]bool{wait, turns, aloft}]; n < 100 {
					t.Errorf("only %d solved with wait %t, turns %t, limit aloft %t", n, wait, turns, aloft)
				}
			}
		}
	}
}

// On any data the search is never worse than the graph expanded in time.
func TestSearchIsNeverWorse(t *testing.T) {
	const tick = 1_000_000_000
	r := rand.New(rand.NewPCG(42, 7))
	better := 0
	for range 2000 {
		g, ask := draw(r, tick, tick)
		want := expanded(g, &ask, tick)
		s := newWayfinder(g, ask)
		cost := math.Inf(1)
		if l := s.next(); l != nil {
			cost, _ = s.cost(l)
			if got := checkStops(t, g, &ask, s.trace(l)); math.Abs(got-cost) > 1e-6 {
				t.Fatalf("said %g, flown %g", cost, got)
			}
		}
		if cost > want+1e-9 {
			t.Fatalf("found %g, expected at most %g\n%+v", cost, want, ask)
		}
		if cost < want-1e-9 {
			better++
		}
	}
	if better < 100 {
		t.Errorf("only %d are better than a grid of times", better)
	}
}

// Ways come in order of cost, and each can be flown.
func TestSearchGoesOn(t *testing.T) {
	const tick = 1_000_000_000
	r := rand.New(rand.NewPCG(43, 7))
	more := 0
	for range 500 {
		g, ask := draw(r, tick, tick)
		s := newWayfinder(g, ask)
		last := math.Inf(-1)
		for l := s.next(); l != nil; l = s.next() {
			cost := checkStops(t, g, &ask, s.trace(l))
			if cost < last-1e-6 {
				t.Fatalf("found %g after %g", cost, last)
			}
			if !math.IsInf(last, -1) {
				more++
			}
			last = cost
		}
	}
	if more < 100 {
		t.Errorf("only %d further ways", more)
	}
}

// A label is worth less than a craft that may wait makes of it: here only a wait
// in the air clears, as the first way is shut late and the second early.
func TestOnlyAHoverClears(t *testing.T) {
	const s = 1_000_000_000
	g := &drawnGraph{
		out:  [][]*way{{{id: 0, from: 0, to: 1, takesNS: 5 * s, lengthMM: 1}}, {{id: 1, from: 1, to: 2, takesNS: 5 * s, lengthMM: 1}}, nil},
		shut: [][]volume.Span{{{Lo: 2 * s, Hi: 100 * s}}, {{Lo: 1 * s, Hi: 20 * s}}},
		risk: make([][]volume.Span, 3), leastNS: make([]int64, 3), leastMM: make([]int64, 3),
	}
	ask := journey{goal: 2, lengthMM: 2, leaveToNS: 50 * s, dueNS: 10 * s, latestNS: 100 * s, laterS: 1, maxLabels: 100}
	if l := newWayfinder(g, ask).next(); l != nil {
		t.Errorf("a craft that cannot stop stops: %+v", l)
	}
	ask.canWait = true
	search := newWayfinder(g, ask)
	l := search.next()
	if l == nil {
		t.Fatal("a hover clears")
	}
	stops := search.trace(l)
	if got := stops[1].departNS - stops[1].arriveNS; got != 13*s || stops[0].departNS != 2*s {
		t.Errorf("found a wait of %d from %d on, expected the shortest: 13 s after a start at 2 s", got, stops[0].departNS)
	}
	ask.aloftNS = 23*s - 1
	if l := newWayfinder(g, ask).next(); l != nil {
		t.Errorf("aloft for longer than the craft can be: %+v", l)
	}
	ask.aloftNS++
	if l := newWayfinder(g, ask).next(); l == nil {
		t.Error("23 s aloft clear")
	}
	// It would rather arrive at 40 s, but must be down 30 s after the start.
	ask.aloftNS, ask.dueNS, ask.earlierS = 30*s, 40*s, 1
	search = newWayfinder(g, ask)
	if l = search.next(); l == nil {
		t.Fatal("30 s aloft clear")
	}
	if _, at := search.cost(l); at != 32*s {
		t.Errorf("arrives at %d, expected 32 s", at)
	}
}

// The shorter way to a place may leave less room for the next turn.
func TestTurnsTakeRoomFromBothSides(t *testing.T) {
	ways := []*way{
		{id: 0, from: 0, to: 1, takesNS: 2, lengthMM: 10},
		{id: 1, from: 0, to: 2, takesNS: 1, lengthMM: 8},
		{id: 2, from: 2, to: 1, takesNS: 1, lengthMM: 8},
		{id: 3, from: 1, to: 3, takesNS: 1, lengthMM: 10},
		{id: 4, from: 3, to: 4, takesNS: 1, lengthMM: 10},
	}
	g := &drawnGraph{
		out: [][]*way{ways[:2], ways[3:4], ways[2:3], ways[4:], nil}, shut: make([][]volume.Span, 5), risk: make([][]volume.Span, 5),
		room:    map[[2]int]int64{{0, 3}: 6, {3, 4}: 6},
		firm:    map[[2]int]bool{{0, 3}: true, {3, 4}: true},
		leastNS: make([]int64, 5), leastMM: make([]int64, 5),
	}
	s := newWayfinder(g, journey{goal: 4, dueNS: 4, latestNS: 9, lengthMM: 30, detourMM: 30, turns: true, detour: 1, maxLabels: 100})
	l := s.next()
	if l == nil || l.lengthMM != 36 {
		t.Errorf("found %+v, expected the longer way of 36 mm", l)
	}
	g.room[[2]int{0, 3}] = 4
	if l := newWayfinder(g, s.ask).next(); l == nil || l.lengthMM != 30 {
		t.Errorf("found %+v, expected the way of 30 mm, which has room", l)
	}
}

func TestCovers(t *testing.T) {
	flow := []presence{{0, 10, 0, true}}
	for _, c := range []struct {
		p, q        []presence
		plain, late bool // covered, and aloft no longer
	}{
		{flow, []presence{{2, 5, 2, true}}, true, true},
		{flow, []presence{{2, 5, 5, false}}, true, false}, // at 2 it left at 5 at the latest, not at 2
		{[]presence{{0, 10, 3, false}}, flow, true, false},
		{[]presence{{0, 10, 10, false}}, flow, true, true},
		{flow, []presence{{5, 11, 0, false}}, false, false},
		{flow, []presence{{-1, 3, -9, false}}, false, false},
		{[]presence{{0, 4, 0, true}, {5, 10, 4, false}}, []presence{{3, 7, 3, false}}, true, true},
		{[]presence{{0, 4, 0, true}, {6, 10, 4, false}}, []presence{{3, 7, 3, false}}, false, false},
		{flow, nil, true, true},
	} {
		if got := covers(c.p, c.q, false); got != c.plain {
			t.Errorf("%v covers %v: %t", c.p, c.q, got)
		}
		if got := covers(c.p, c.q, true); got != c.late {
			t.Errorf("%v covers %v, aloft no longer: %t", c.p, c.q, got)
		}
	}
}
