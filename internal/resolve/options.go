package resolve

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// Options returns what the operator of a plan can do to clear it, cheapest
// first, at most one or two of each kind. Errors are *conflict.InputError, or
// wrap ErrQuery.
func (s *Surroundings) Options(p Plan, q Query) (*Answer, error) {
	f, err := newFinder(s, p, &q)
	if err != nil {
		return nil, err
	}
	a := &Answer{StartNS: f.startNS}
	if a.Conflicts, a.Conditions, err = f.judge(f.own); err != nil {
		return nil, err
	}
	considered := f.considered()
	for _, of := range considered {
		a.Considered = append(a.Considered, s.ref(of))
	}
	base, err := f.base(considered)
	if err != nil {
		return nil, err
	}
	a.Digest = base.digest(nil)
	delays := f.delaySpans()
	if err := f.checkCrowd(); err != nil {
		return nil, err
	}
	if a.Windows, err = f.windows(delays); err != nil {
		return nil, err
	}
	if len(a.Conflicts) == 0 {
		a.AnswerDigest = answerDigest(a)
		return a, nil
	}
	all, err := f.findAll(a, delays)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		var got *found
		if a.Least, got, err = f.leastViolation(a.Conflicts); err != nil {
			return nil, err
		}
		if got != nil {
			all = append(all, got)
			a.Blocked = slices.DeleteFunc(a.Blocked, func(b Blocked) bool { return b.Kind == got.kind })
		}
	}
	for _, got := range all {
		o, err := f.option(got, a.Conflicts)
		if err != nil {
			return nil, err
		}
		o.Digest = base.digest(&o.Change)
		a.Options = append(a.Options, *o)
	}
	a.AnswerDigest = answerDigest(a)
	return a, f.checkCrowd()
}

// findAll returns the options found, cheapest first, and notes in the answer
// what is blocked.
func (f *finder) findAll(a *Answer, delays []owned) ([]*found, error) {
	var all []*found
	lines := slices.Concat(f.timeLines(delays), f.liftLines(), f.trimLines())
	for _, l := range lines {
		if l.limit <= 0 {
			continue
		}
		got, err := f.least(l)
		if err != nil {
			return nil, err
		}
		if got == nil {
			a.Blocked = append(a.Blocked, f.blocked(l, a.Conflicts))
			continue
		}
		all = append(all, got)
	}
	bearings, sides, err := f.findSideways(a)
	if err != nil {
		return nil, err
	}
	all = append(all, sides...)
	below := math.Inf(1)
	for _, got := range all {
		below = min(below, got.cost)
	}
	together, err := f.combined(bearings[:min(len(bearings), combinedBearings)], below)
	if err != nil {
		return nil, err
	}
	if together != nil {
		if together, err = f.refine(together); err != nil {
			return nil, err
		}
		all = append(all, together)
	}
	around, err := f.findPath(a)
	if err != nil {
		return nil, err
	}
	if around != nil {
		all = append(all, around)
	}
	// Costs that print alike count as alike, so that the order is the same
	// everywhere.
	slices.SortStableFunc(all, func(x, y *found) int { return cmp.Compare(costMS(x.cost), costMS(y.cost)) })
	count := f.q.Count
	if count == 0 {
		count = defaultCount
	}
	return all[:min(len(all), count)], nil
}

// findSideways returns the bearings worth trying, the best first, and the shifts
// towards the best of them and towards the best that leads elsewhere.
func (f *finder) findSideways(a *Answer) ([]int, []*found, error) {
	if f.q.Limits.SidewaysMM == 0 {
		return nil, nil, nil
	}
	s := f.newSideways()
	bearings := s.bearings(a.Conflicts)
	var all []*found
	best, err := s.cheapest(bearings, nil)
	if err != nil {
		return nil, nil, err
	}
	if best != nil {
		all = append(all, best)
		other, err := s.cheapest(bearings, best)
		if err != nil {
			return nil, nil, err
		}
		if other != nil {
			all = append(all, other)
		}
	}
	if len(all) == 0 {
		a.Blocked = append(a.Blocked, f.blocked(s.line(bearings[0]), a.Conflicts))
	}
	return bearings, all, nil
}

// findPath returns the cheapest new path, or nil.
func (f *finder) findPath(a *Answer) (*found, error) {
	if f.q.NoReroute || f.q.Limits.DetourMM == 0 || len(f.own.Trajectories) == 0 {
		return nil, nil
	}
	r, err := f.s.Reroute(&f.plan, f.q)
	var bad *conflict.InputError
	if errors.As(err, &bad) {
		return nil, err
	}
	if r == nil {
		b := Blocked{Kind: Reroute, Why: err}
		for i := range a.Conflicts {
			b.By = append(b.By, f.otherSide(&a.Conflicts[i]))
		}
		a.Blocked = append(a.Blocked, b)
		return nil, nil
	}
	if f.isDelay(&r.Change) {
		return nil, nil
	}
	return &found{kind: Reroute, change: r.Change, entity: r.Entity, cost: r.CostS}, nil
}

// isDelay tells whether new paths are the old ones at other times by one amount.
func (f *finder) isDelay(c *volume.Change) bool {
	for i := range c.Paths {
		p := &c.Paths[i]
		old := f.own.Trajectories[p.Trajectory].Waypoints()
		if len(p.Points) != len(old) {
			return false
		}
		for k := range p.Points {
			at := &p.Points[k]
			if !at.Kept || at.LiftMM != 0 || at.TimeNS-old[k].TimeNS != p.Points[0].TimeNS-old[0].TimeNS {
				return false
			}
		}
	}
	return true
}

// costMS returns seconds of delay in milliseconds, rounded up.
func costMS(s float64) int64 { return int64(math.Ceil(float64(s*1000) - 1e-6)) }

// judge returns the plan's conflicts with what it may not enter, and with what it
// may on a condition, in order of id.
func (f *finder) judge(e *volume.Entity) (conflicts []conflict.Verdict, conditions []Condition, err error) {
	var mine *conflict.Subject
	for _, of := range f.s.around(e, margin{}) {
		hit, err := conflict.Decide(e, f.s.entities[of], f.s.minima(of))
		if err != nil {
			return nil, nil, err
		}
		if !hit {
			continue
		}
		if mine == nil {
			if mine, err = conflict.Prepare(e); err != nil {
				return nil, nil, err
			}
		}
		v, err := f.verdict(mine, of)
		if err != nil {
			return nil, nil, err
		}
		if f.s.free[of] {
			conditions = append(conditions, Condition{Verdict: v, Of: f.s.ref(of)})
		} else {
			conflicts = append(conflicts, v)
		}
	}
	return conflicts, conditions, nil
}

func (f *finder) verdict(mine *conflict.Subject, of int) (conflict.Verdict, error) {
	other, err := f.s.subject(of)
	if err != nil {
		return conflict.Verdict{}, err
	}
	return mine.Judge(other, f.s.minima(of))
}

// option describes what was found.
func (f *finder) option(got *found, conflicts []conflict.Verdict) (*Option, error) {
	o := &Option{Kind: got.kind, Change: got.change, Entity: got.entity, CostMS: costMS(got.cost)}
	for i := range conflicts {
		o.Clears = append(o.Clears, f.otherSide(&conflicts[i]))
	}
	still, conditions, err := f.judge(got.entity)
	if err != nil {
		return nil, err
	}
	if len(still) > 0 {
		return nil, fmt.Errorf("resolve: the accepted option %+v is in conflict", got.change)
	}
	o.Conditions = conditions
	o.Closest, err = f.closest(got.entity)
	return o, err
}

// otherSide returns the side of a verdict that is not the plan.
func (f *finder) otherSide(v *conflict.Verdict) conflict.Ref {
	if v.A.ID == f.own.ID {
		return v.B
	}
	return v.A
}

// closest returns what a plan comes closest to, of what is within twice the
// minima.
func (f *finder) closest(e *volume.Entity) (*Closeness, error) {
	need := f.s.widest()
	mine, err := conflict.Prepare(e)
	if err != nil {
		return nil, err
	}
	var best *Closeness
	least := math.Inf(1)
	m := margin{downMM: need.VerticalMM, upMM: need.VerticalMM, sidewaysMM: need.LateralMM}
	for _, of := range f.s.around(e, m) {
		if f.s.free[of] {
			continue
		}
		v, err := f.verdict(mine, of)
		if err != nil {
			return nil, err
		}
		c, share := closeness(v)
		if share < least {
			best, least = c, share
		}
	}
	return best, nil
}

// closeness returns how close two that are clear of each other come, and the
// spare separation as a share of the minima.
func closeness(v conflict.Verdict) (*Closeness, float64) {
	c := &Closeness{Verdict: v, LateralSpareMM: NotLost, VerticalSpareMM: NotLost}
	share := math.Inf(1)
	if a := v.MinHorizontal; a != nil {
		c.LateralSpareMM = max(0, a.HorizontalTenthMM/10-v.Minima.LateralMM)
		share = metres(c.LateralSpareMM) / max(1, metres(v.Minima.LateralMM))
	}
	if a := v.MinVertical; a != nil {
		c.VerticalSpareMM = max(0, a.VerticalMM-v.Minima.VerticalMM)
		share = min(share, metres(c.VerticalSpareMM)/max(1, metres(v.Minima.VerticalMM)))
	}
	return c, share
}

// considered returns the numbers of all within reach of the limits.
func (f *finder) considered() []int {
	lo, hi := f.delays()
	l := &f.q.Limits
	sideways := l.SidewaysMM
	if !f.q.NoReroute && len(f.own.Trajectories) > 0 {
		sideways = max(sideways, l.DetourMM)
	}
	return f.s.around(f.own, margin{
		earlierNS: -lo, laterNS: hi, downMM: l.DownMM, upMM: l.UpMM, sidewaysMM: sideways,
	})
}

// blocked says who stands in the way of a line: all that are in conflict with
// the plan at some amount within the limit.
func (f *finder) blocked(l *line, conflicts []conflict.Verdict) Blocked {
	b := Blocked{Kind: l.kind, Why: f.tried[l.kind]}
	var by []int
	for _, s := range l.spans {
		if s.Lo < l.limit {
			by = append(by, s.of)
		}
	}
	slices.Sort(by)
	for _, of := range slices.Compact(by) {
		b.By = append(b.By, f.s.ref(of))
	}
	if len(b.By) == 0 { // held whole by an area
		for i := range conflicts {
			b.By = append(b.By, f.otherSide(&conflicts[i]))
		}
	}
	return b
}
