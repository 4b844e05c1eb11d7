package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/picture"
	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/volume"
)

// nearness says how clear a clear answer is.
type nearness struct {
	verdict  *conflict.Verdict // names both sides; nil when nothing was found
	approach *conflict.Approach
	score    float64
	apart    bool // no two are ever in force at the same time
	left     bool // too much to look for
}

// Bounds of the search for the nearest pair. It looks at all pairs and all their
// parts, which the decision itself need not.
const (
	maxNearestPairs = 2000
	maxNearestParts = 200_000
)

// findNearest looks for the pair that came nearest to a conflict, when there is
// none.
func (c *check) findNearest() error {
	if c.outcome() != outcomeClear {
		return nil
	}
	pairs, parts := c.comparedPairs()
	if c.nearest.left = pairs == nil || parts > maxNearestParts; c.nearest.left {
		return nil
	}
	c.nearest.apart = true
	for _, pair := range pairs {
		if err := c.nearest.consider(pair[0], pair[1], c.minimaFor(pair[0], pair[1])); err != nil {
			return err
		}
	}
	return nil
}

// comparedPairs returns the pairs decided, in order of their ids, and how many
// pairs of legs and edges that are; nil when there are more than maxNearestPairs.
func (c *check) comparedPairs() (pairs [][2]*volume.Entity, parts int) {
	if c.result.Pairs > maxNearestPairs {
		return nil, 0
	}
	entities := slices.Clone(c.entities)
	slices.SortFunc(entities, func(a, b *volume.Entity) int { return cmp.Compare(a.ID, b.ID) })
	pairs = [][2]*volume.Entity{}
	for i, a := range entities {
		for _, b := range entities[i+1:] {
			if c.compared(a, b) {
				pairs = append(pairs, [2]*volume.Entity{a, b})
				parts += partsOf(a) * partsOf(b)
			}
		}
	}
	return pairs, parts
}

// partsOf counts the legs of an entity and the vertices of its areas.
func partsOf(e *volume.Entity) int {
	n := 0
	for i := range e.Volumes {
		n += len(e.Volumes[i].Footprint.Vertices())
	}
	for _, t := range e.Trajectories {
		n += t.Legs()
	}
	return n
}

func (c *check) minimaFor(a, b *volume.Entity) conflict.Minima {
	m := &c.minima
	if a.Kind == volume.Constraint || b.Kind == volume.Constraint {
		m = &c.zoneMinima
	}
	return minimaOf(m, "", "")
}

// consider keeps a pair's nearest approach if none before was nearer: the least
// lateral distance while the vertical minimum is violated, the least vertical
// gap while the lateral one is, or else the least lateral distance of all.
func (n *nearness) consider(a, b *volume.Entity, m conflict.Minima) error {
	lateral, vertical, all := m, m, m
	lateral.LateralMM, vertical.VerticalMM = volume.MaxBufferMM, volume.MaxBufferMM
	all.LateralMM, all.VerticalMM = volume.MaxBufferMM, volume.MaxBufferMM
	for _, wide := range []conflict.Minima{all, lateral, vertical} {
		v, err := conflict.Judge(a, b, wide)
		if err != nil {
			return err
		}
		if !v.Conflict {
			if wide == all {
				n.apart = n.apart && !together(a, b, m.TimeNS)
				return nil
			}
			continue
		}
		n.apart = false
		near := v.MinHorizontal
		if wide == vertical {
			near = v.MinVertical
		}
		if near == nil {
			continue
		}
		if score := nearScore(near, m); n.verdict == nil || score < n.score {
			n.verdict, n.approach, n.score = &v, near, score
		}
	}
	return nil
}

// nearScore is how far an approach is from a conflict: in minima where both are
// given, else in metres.
func nearScore(a *conflict.Approach, m conflict.Minima) float64 {
	lateral := math.Max(0, metresOfTenths(a.HorizontalTenthMM))
	vertical := math.Max(0, metresOfMM(a.VerticalMM))
	if m.LateralMM > 0 && m.VerticalMM > 0 {
		return math.Max(lateral/metresOfMM(m.LateralMM), vertical/metresOfMM(m.VerticalMM))
	}
	return math.Hypot(lateral, vertical)
}

// together tells whether two entities are ever in force within a time of each
// other.
func together(a, b *volume.Entity, withinNS int64) bool {
	for _, v := range windows(a) {
		for _, w := range windows(b) {
			if v.StartNS-withinNS < w.EndNS && w.StartNS-withinNS < v.EndNS {
				return true
			}
		}
	}
	return false
}

// windows returns when the parts of an entity are in force, time buffers
// included.
func windows(e *volume.Entity) []volume.Window {
	var out []volume.Window
	for i := range e.Volumes {
		out = append(out, grown(e.Volumes[i].Window, e.Volumes[i].Buffers))
	}
	for _, t := range e.Trajectories {
		out = append(out, grown(t.Window(), t.Buffers()))
	}
	return out
}

// grown adds the time buffer to the ends of a window that has them.
func grown(w volume.Window, b volume.Buffers) volume.Window {
	if w.StartNS > volume.AlwaysNS {
		w.StartNS -= b.TimeNS
	}
	if w.EndNS < volume.ForeverNS {
		w.EndNS += b.TimeNS
	}
	return w
}

// words says how clear a clear answer is; empty when that is a warning, or when
// there was nothing to look for.
func (n *nearness) words(u picture.Units) string {
	switch {
	case n.left:
		return fmt.Sprintf("The nearest approach is not stated: it is looked for among at most %d pairs with %d pairs of legs and edges.", maxNearestPairs, maxNearestParts)
	case n.verdict != nil:
		v, a := n.verdict, n.approach
		if turned := picture.PlanFirst(v); turned != v {
			horizontal := a == v.MinHorizontal
			v, a = turned, turned.MinVertical
			if horizontal {
				a = turned.MinHorizontal
			}
		}
		return fmt.Sprintf("Nearest: %s and %s, %s.", v.A.ID, v.B.ID, u.ApproachWords(v, a))
	}
	return ""
}

// Lengths of a drone's flight that are more often a slip than a plan.
const (
	longLegM     = 500_000
	longFlightNS = 24 * 3600 * 1_000_000_000
)

// warnings lists what makes an answer worth less than it looks.
func (c *check) warnings() []string {
	out := []string{}
	if c.nearest.apart {
		out = append(out, "No two of them are in force at the same time.")
	} else if c.outcome() == outcomeClear && c.nearest.verdict == nil && !c.nearest.left {
		out = append(out, "No two of them come within "+geodesy.FormatLength(volume.MaxBufferMM, geodesy.Kilometre, 0)+" of each other.")
	}
	for _, src := range c.sources {
		if src.file.Format != plan.QGCPlan && src.file.Format != plan.QGCWPL {
			continue
		}
		for _, e := range src.entities {
			out = append(out, longFlights(e)...)
		}
	}
	return out
}

// longFlights names the legs and flights of a drone that are longer than drones
// fly.
func longFlights(e *volume.Entity) []string {
	var out []string
	for _, t := range e.Trajectories {
		points := t.Waypoints()
		for i := 1; i < len(points); i++ {
			if d, _, _ := geodesy.Inverse(points[i-1].At, points[i].At); d > longLegM {
				out = append(out, fmt.Sprintf("%s flies %s from waypoint %d to %d: is a position wrong?",
					e.ID, geodesy.FormatLength(int64(d*1000), geodesy.Kilometre, 0), i, i+1))
			}
		}
		if length := t.Window().EndNS - t.Window().StartNS; length > longFlightNS {
			out = append(out, fmt.Sprintf("%s flies for %s: is a speed wrong?", e.ID, duration(length)))
		}
	}
	return out
}
