package resolve

import (
	"errors"
	"fmt"

	"github.com/deconflict/deconflict/internal/volume"
)

// Rerouted is a new path for one trajectory of a plan.
type Rerouted struct {
	Change volume.Change
	Entity *volume.Entity // the plan as changed; the decision found it clear
	// CostS is what it costs in seconds of delay: what it arrives later or
	// earlier than declared, what it flies more, and the mean height above or
	// below the declared profile, over the whole length.
	CostS float64
	// Nodes and Labels are what was looked at.
	Nodes, Labels int
}

// ErrNoPath is the cause when a plan has no path that could be changed so as to
// clear it.
var ErrNoPath = errors.New("no single path to change")

const (
	// maxLabels bounds a search, besides what the legs of the plan themselves
	// need.
	maxLabels = 50_000
	// maxTries bounds how many paths are put to the decision.
	maxTries = 8
)

// leeway is by how much more than required a path keeps away: metres beside what
// it goes round, nanoseconds from when it is closed, and altitudes rounded away
// to a multiple of millimetres.
type leeway struct {
	besideM float64
	ns, mm  int64
}

// leeways are those tried. The first covers the rounding of positions to 1e-7
// degree and of instants to a nanosecond; the second what the file of a plan may
// make of a path.
var leeways = [2]leeway{{0.05, 1_000, 100}, {2, 1_000_000_000, 1_000}}

// Reroute finds the cheapest new path for the one trajectory of a plan that is in
// conflict. It keeps all waypoints, in order, and flies round, over or under
// what is in the way between two of them, at the ground speed of the leg that it
// leaves. A craft that can stop may wait at waypoints and on the way round.
//
// It starts and arrives no later than the limit of delay and stays within the
// limit of detour beside its legs. It is nil when there is no such path; it is
// the best of a graph of places at the required distance and next to them, not
// of all paths. Errors are *conflict.InputError, or wrap ErrQuery or ErrNoPath,
// or tell why a path found cannot be declared.
func (s *Surroundings) Reroute(p *Plan, q *Query) (*Rerouted, error) {
	if err := q.validate(); err != nil {
		return nil, err
	}
	if q.Limits.DetourMM == 0 {
		return nil, nil
	}
	route, err := s.blockedRoute(p.Entity)
	if err != nil {
		return nil, err
	}
	remake := p.Remake
	if remake == nil {
		remake = func(c *volume.Change) (*volume.Entity, error) { return c.Apply(p.Entity) }
	}
	for _, room := range leeways {
		d, err := newDetours(s, q, p.Entity, route, room)
		if err != nil {
			return nil, err
		}
		if err := d.passable(); err != nil {
			return nil, err
		}
		best, stops, err := d.cheapest(remake)
		if best != nil {
			return best.improved(d, stops, remake)
		}
		if err != nil || !d.refused {
			return nil, err
		}
	}
	return nil, nil
}

// improved returns a path as good as r, or better. The places on the way round
// are as good as a few guesses: others next to those of r may be better.
func (r *Rerouted) improved(d *detours, stops []stop, remake remaker) (*Rerouted, error) {
	best, nodes, labels := r, r.Nodes, r.Labels
	for _, share := range [3]float64{1. / 4, 1. / 8, 1. / 16} {
		d = d.near(stops, share)
		next, better, err := d.cheapest(remake)
		if err != nil {
			return nil, err
		}
		if next == nil {
			break
		}
		nodes, labels = nodes+next.Nodes, labels+next.Labels
		if next.CostS < best.CostS {
			best = next
		}
		stops = better
	}
	best.Nodes, best.Labels = nodes, labels
	return best, nil
}

// remaker makes a plan as changed.
type remaker func(*volume.Change) (*volume.Entity, error)

// cheapest returns the cheapest path of the graph that the decision finds clear,
// and its nodes.
func (d *detours) cheapest(remake remaker) (*Rerouted, []stop, error) {
	finder := newWayfinder(d, d.journey())
	var refused error
	for range maxTries {
		l := finder.next()
		if l == nil {
			break
		}
		stops := finder.trace(l)
		c := volume.Change{Paths: []volume.Path{{Trajectory: d.route, Points: d.points(stops)}}}
		e, err := remake(&c)
		if err != nil {
			refused = fmt.Errorf("the plan cannot be changed so: %w", err)
			continue
		}
		if ok, err := d.s.clear(e); err != nil {
			return nil, nil, err
		} else if ok {
			cost, _ := finder.cost(l)
			return &Rerouted{Change: c, Entity: e, CostS: cost, Nodes: len(d.places), Labels: finder.labels}, stops, nil
		}
		d.refused = true // as its file rounds it
	}
	return nil, nil, refused
}

// passable refuses a plan with a waypoint at which no craft can ever be.
func (d *detours) passable() error {
	for k := range d.places {
		p := &d.places[k]
		lo, hi := p.where.TimeNS-d.q.Limits.EarlierNS, d.latestNS-p.toGoNS
		if spans := spanSet(d.unsafe(k)); spans.from(lo) > hi {
			return fmt.Errorf("%w: at waypoint %d it is in conflict whenever it passes", ErrNoPath, k+1)
		}
	}
	return nil
}

// blockedRoute returns the number of the only trajectory in conflict.
func (s *Surroundings) blockedRoute(e *volume.Entity) (int, error) {
	rest := *e
	rest.Trajectories = nil
	if len(e.Volumes) > 0 {
		if ok, err := s.clear(&rest); err != nil {
			return -1, err
		} else if !ok {
			return -1, fmt.Errorf("%w: volumes of the plan are in conflict", ErrNoPath)
		}
	}
	rest.Volumes = nil
	blocked := -1
	for i := range e.Trajectories {
		rest.Trajectories = e.Trajectories[i : i+1]
		ok, err := s.clear(&rest)
		if err != nil {
			return -1, err
		}
		if ok {
			continue
		}
		if blocked >= 0 {
			return -1, fmt.Errorf("%w: trajectories %d and %d are in conflict", ErrNoPath, blocked, i)
		}
		blocked = i
	}
	if blocked < 0 {
		return -1, fmt.Errorf("%w: no trajectory is in conflict", ErrNoPath)
	}
	return blocked, nil
}

// journey says what is sought on the graph.
func (d *detours) journey() journey {
	w, v, n := &d.q.Weights, &d.q.Vehicle, len(d.legs)
	from := d.t.Window().StartNS
	return journey{
		start: 0, goal: n,
		leaveFromNS: from - d.q.Limits.EarlierNS, leaveToNS: from + d.q.Limits.LaterNS,
		dueNS: d.t.Window().EndNS, latestNS: d.latestNS,
		lengthMM: d.places[0].toGoMM, detourMM: d.q.Limits.DetourMM,
		aloftNS: v.EnduranceNS, canWait: v.CanStop, turns: v.TurnRadiusMM > 0,
		laterS: w.Later, earlierS: w.Earlier, detour: w.Detour,
		maxLabels: maxLabels + 4*n,
	}
}

// points returns the points of a path along nodes. A wait is two points at one
// place.
func (d *detours) points(stops []stop) []volume.PathPoint {
	var out []volume.PathPoint
	for i, s := range stops {
		p := &d.places[s.node]
		point := volume.PathPoint{After: p.after, Kept: p.kept, At: p.at, LiftMM: p.liftMM, TimeNS: s.arriveNS}
		if i == 0 {
			point.TimeNS = s.departNS
		}
		out = append(out, point)
		if i > 0 && i < len(stops)-1 && s.departNS > s.arriveNS {
			point.TimeNS = s.departNS
			out = append(out, point)
		}
	}
	return out
}
