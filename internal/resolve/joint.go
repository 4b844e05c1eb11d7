package resolve

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// MaxJointPlans is the largest number of plans that Joint takes.
const MaxJointPlans = 256

// JointAnswer says by how much to move the plans of one party in time.
type JointAnswer struct {
	// Conflicts are those of the plans as declared, with others and with each
	// other; none: they are clear as they are.
	Conflicts []conflict.Verdict
	// Plans are all plans with their delays, in order of id. The decision found
	// each clear of everything around and of the others. Empty: no delays were
	// found, and Blocked says why.
	Plans []JointPlan
	// CostMS is the sum of the costs, BoundMS a sum that no delays within the
	// limits go below: both in milliseconds of delay.
	CostMS, BoundMS int64
	// Exact says that no delays cost less or, when there are none, that no delays
	// within the limits clear the plans. It may be unset where more than a few
	// plans come up against each other.
	Exact   bool
	Blocked []JointBlocked
	// Considered are all others within reach of the limits, in order of id: the
	// answer holds for these versions.
	Considered []conflict.Ref
}

// JointPlan is a plan moved in time.
type JointPlan struct {
	// Change moves the plan in time, or is zero.
	Change volume.Change
	// Entity is the plan as changed.
	Entity *volume.Entity
	CostMS int64
	// Conditions are the constraints that it enters on a condition.
	Conditions []Condition
	// Digest covers the plan, its change, the rules, everything considered for
	// it and the other plans as changed.
	Digest [32]byte
}

// JointBlocked is a set of plans for which no delays were found together. One
// alone has no clear delay within the limits.
type JointBlocked struct {
	Plans []string       // ids, in order
	By    []conflict.Ref // the others that stand in the way, in order of id
	Why   error          // set when a plan cannot be moved in time
}

// joint is the work on several plans.
type joint struct {
	s      *Surroundings
	q      *Query
	finds  []*finder // in order of id
	group  *Surroundings
	spans  [][]owned // of each plan: delays in conflict with others
	timing *timing
	// hit tells the conflicts as declared: of a plan and, if not the same, another.
	hit  map[[2]int]bool
	wide bool // more than single milliseconds had to be forbidden in the end
}

// Joint returns delays, within the query's limits of time, by which several
// plans of one party are clear of everything and of each other, at the least sum
// of costs; of equally cheap ones those that come first when compared plan by
// plan in order of id. Errors are *conflict.InputError, or wrap ErrQuery.
func (s *Surroundings) Joint(plans []Plan, q Query) (*JointAnswer, error) {
	j, err := s.newJoint(plans, &q)
	if err != nil {
		return nil, err
	}
	a := &JointAnswer{Considered: j.considered()}
	if a.Conflicts, err = j.judge(); err != nil {
		return nil, err
	}
	found := times{delays: make([]int64, len(plans)), proven: true}
	if len(a.Conflicts) > 0 {
		j.forbid()
		for _, f := range j.finds {
			if err := f.checkCrowd(); err != nil {
				return nil, err
			}
		}
		found = j.timing.solve()
	}
	least := found.bound
	// The spans end within microseconds of the decision, and a file may round.
	// What the decision refuses is forbidden too.
	var changed []*volume.Entity
	for round := 0; found.delays != nil; round++ {
		if round == maxRefusals {
			found.delays, found.proven = nil, false
			break
		}
		var ok bool
		if changed, ok, err = j.accept(found.delays, round); err != nil {
			return nil, err
		}
		if ok {
			break
		}
		found = j.timing.solve()
	}
	if a.Exact = found.proven && !j.wide; a.Exact {
		least = found.bound
	}
	if found.delays == nil {
		a.Blocked = j.blocked(found.stuck)
		return a, nil
	}
	a.BoundMS = milliseconds(least)
	a.CostMS = milliseconds(j.timing.sum(found.delays))
	a.Plans, err = j.answer(found.delays, changed)
	return a, err
}

// milliseconds returns a cost in milliseconds of delay, rounded up.
func milliseconds(cost int64) int64 { return (cost + thousandth - 1) / thousandth }

// thousandth is the part of a weight that is one unit of delayCost.
const thousandth = 1000

// maxRefusals bounds how often the decision may refuse what was found. In the
// first quarter single milliseconds are forbidden, later more and more.
const maxRefusals = 40

// newJoint validates plans and query.
func (s *Surroundings) newJoint(plans []Plan, q *Query) (*joint, error) {
	if len(plans) == 0 || len(plans) > MaxJointPlans {
		return nil, fmt.Errorf("%w: found %d plans, expected 1 to %d", ErrQuery, len(plans), MaxJointPlans)
	}
	j := &joint{s: s, q: q, hit: map[[2]int]bool{}}
	entities := make([]*volume.Entity, len(plans))
	for i, p := range plans {
		f, err := newFinder(s, p, q)
		if err != nil {
			return nil, err
		}
		j.finds = append(j.finds, f)
		entities[i] = p.Entity
	}
	slices.SortFunc(j.finds, func(f, g *finder) int { return cmp.Compare(f.own.ID, g.own.ID) })
	var err error
	if j.group, err = NewSurroundings(entities, s.rules); err != nil {
		return nil, err
	}
	for i, e := range j.group.entities {
		for _, other := range j.group.entities[:i] {
			if err := conflict.Comparable(other, e, s.rules.Minima); err != nil {
				return nil, err
			}
		}
	}
	cost, err := q.delayCost(len(plans))
	if err != nil {
		return nil, err
	}
	// Limits are rounded inward.
	lo, hi := -(q.Limits.EarlierNS / timeStep), q.Limits.LaterNS/timeStep
	j.timing = newTiming(lo, hi, cost, make([]spanSet, len(plans)))
	return j, nil
}

// delayCost returns the weights of time in whole thousandths, so that sums come
// out the same in every order; none is 0, so that nothing moves for nothing.
func (q *Query) delayCost(plans int) (delayCost, error) {
	c := delayCost{
		later:   max(1, int64(math.Round(float64(q.Weights.Later*thousandth)))),
		earlier: max(1, int64(math.Round(float64(q.Weights.Earlier*thousandth)))),
	}
	most := max(float64(c.later)*float64(q.Limits.LaterNS), float64(c.earlier)*float64(q.Limits.EarlierNS)) / timeStep
	if most*float64(plans) > math.MaxInt64/4 {
		return c, fmt.Errorf("%w: the weights of %d plans' time add up beyond all use", ErrQuery, plans)
	}
	return c, nil
}

// considered returns all others within reach of the limits of time.
func (j *joint) considered() []conflict.Ref {
	var all []int
	for _, f := range j.finds {
		all = append(all, f.withinTime()...)
	}
	slices.Sort(all)
	var out []conflict.Ref
	for _, of := range slices.Compact(all) {
		out = append(out, j.s.ref(of))
	}
	return out
}

// withinTime returns the numbers of all within reach of the limits of time.
func (f *finder) withinTime() []int {
	lo, hi := f.delays()
	return f.s.around(f.own, margin{earlierNS: -lo, laterNS: hi})
}

// judge returns the conflicts of the plans as declared: of each with the others
// around, then with the plans after it.
func (j *joint) judge() ([]conflict.Verdict, error) {
	var out []conflict.Verdict
	for i, f := range j.finds {
		conflicts, _, err := f.judge(f.own)
		if err != nil {
			return nil, err
		}
		out = append(out, conflicts...)
		j.hit[[2]int{i, i}] = len(conflicts) > 0
		err = j.group.against(i, func(other int) error {
			mine, err := j.group.subject(i)
			if err != nil {
				return err
			}
			its, err := j.group.subject(other)
			if err != nil {
				return err
			}
			v, err := mine.Judge(its, j.s.rules.Minima)
			out = append(out, v)
			j.hit[[2]int{i, other}] = true
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// against calls visit for the entities after number i that it is in conflict
// with, all being intents.
func (s *Surroundings) against(i int, visit func(other int) error) error {
	for _, other := range s.around(s.entities[i], margin{}) {
		if other <= i {
			continue
		}
		hit, err := conflict.Decide(s.entities[i], s.entities[other], s.rules.Minima)
		if err != nil {
			return err
		}
		if !hit {
			continue
		}
		if err := visit(other); err != nil {
			return err
		}
	}
	return nil
}

// forbid fills the timing with what the spans forbid. What is clear as declared
// is not forbidden.
func (j *joint) forbid() {
	t := j.timing
	for i, f := range j.finds {
		spans := f.spansWithin(f.pairs(margin{earlierNS: -t.lo * timeStep, laterNS: t.hi * timeStep}), t.lo, t.hi)
		j.spans = append(j.spans, spans)
		t.own[i] = wholeMilliseconds(spans, !j.hit[[2]int{i, i}])
		if f.timeless() {
			t.own[i] = normalise(append(t.own[i], volume.Span{Lo: t.lo - 1}, volume.Span{Hi: t.hi + 1}))
		}
		for _, l := range j.coupled(i) {
			// Spans are of i's delay less the other's.
			bans := wholeMilliseconds(l.spans, !j.hit[[2]int{i, l.other}])
			if len(bans) > 0 {
				t.couple(i, l.other, mirrored(bans))
			}
		}
	}
}

// spansWithin returns the delays in conflict from lo to hi milliseconds.
func (f *finder) spansWithin(pairs []pair, lo, hi int64) []owned {
	within := volume.Span{Lo: (lo - 1) * timeStep, Hi: (hi + 1) * timeStep}
	return f.spansOf(pairs, f.parts, func(dst []volume.Span, a, b volume.Part, need volume.Need) []volume.Span {
		return volume.DelaySpans(dst, a, b, need, within)
	})
}

// coupling is what a plan's delay may not exceed another's by.
type coupling struct {
	other int
	spans []owned
}

// coupled returns the plans after number i that it can come up against, in
// order.
func (j *joint) coupled(i int) []coupling {
	reach := j.timing.hi - j.timing.lo
	f := *j.finds[i]
	f.s = j.group
	pairs := f.pairs(margin{earlierNS: reach * timeStep, laterNS: reach * timeStep})
	pairs = slices.DeleteFunc(pairs, func(p pair) bool { return p.other.of <= i })
	spans := f.spansWithin(pairs, -reach, reach)
	slices.SortStableFunc(spans, func(a, b owned) int { return cmp.Compare(a.of, b.of) })
	var out []coupling
	for len(spans) > 0 {
		n := 1
		for n < len(spans) && spans[n].of == spans[0].of {
			n++
		}
		out = append(out, coupling{spans[0].of, spans[:n:n]})
		spans = spans[n:]
	}
	return out
}

// wholeMilliseconds returns the union of spans rounded outward to milliseconds,
// without 0 if that is known to be clear.
func wholeMilliseconds(all []owned, clear bool) spanSet {
	spans := make([]volume.Span, 0, len(all)+1)
	for _, s := range all {
		lo, hi := floorTo(s.Lo, timeStep)/timeStep, -(floorTo(-s.Hi, timeStep) / timeStep)
		if clear && lo < 0 && hi > 0 {
			spans = append(spans, volume.Span{Lo: lo}, volume.Span{Hi: hi})
			continue
		}
		spans = append(spans, volume.Span{Lo: lo, Hi: hi})
	}
	return normalise(spans)
}

// accept returns the plans with their delays and true if the decision finds them
// clear. If not, it forbids what is refused.
func (j *joint) accept(delays []int64, round int) ([]*volume.Entity, bool, error) {
	t := j.timing
	ok := true
	width := int64(1) << min(max(0, round-maxRefusals/4), pushes+1)
	refused := func(bans spanSet, at int64) spanSet {
		ok = false
		j.wide = j.wide || width > 1
		return normalise(append(slices.Clone(bans), volume.Span{Lo: at - width, Hi: at + width}))
	}
	changed := make([]*volume.Entity, len(j.finds))
	for i, f := range j.finds {
		changed[i] = f.own
		if delays[i] != 0 {
			c := volume.Change{DelayNS: delays[i] * timeStep}
			if changed[i] = f.remake(Delay, &c); changed[i] == nil {
				ok = false
				t.own[i] = normalise(append(t.own[i], volume.Span{Lo: t.lo - 1}, volume.Span{Hi: t.hi + 1}))
				continue
			}
		}
		clear, err := j.s.clear(changed[i])
		if err != nil {
			return nil, false, err
		}
		if !clear {
			t.own[i] = refused(t.own[i], delays[i])
		}
	}
	if !ok {
		return nil, false, nil
	}
	group, err := NewSurroundings(changed, j.s.rules)
	if err != nil {
		return nil, false, err
	}
	for i := range changed {
		err := group.against(i, func(other int) error {
			t.recouple(i, other, refused(t.between(i, other), delays[other]-delays[i]))
			return nil
		})
		if err != nil {
			return nil, false, err
		}
	}
	return changed, ok, nil
}

// answer describes the plans as changed.
func (j *joint) answer(delays []int64, changed []*volume.Entity) ([]JointPlan, error) {
	digests := make([]consideration, len(changed))
	for i, e := range changed {
		digests[i] = consideration{digest: conflict.EntityDigest(e)}
	}
	out := make([]JointPlan, len(changed))
	for i, f := range j.finds {
		p := &out[i]
		p.Change.DelayNS = delays[i] * timeStep
		p.Entity = changed[i]
		p.CostMS = milliseconds(j.timing.cost.of(delays[i]))
		var err error
		if _, p.Conditions, err = f.judge(p.Entity); err != nil {
			return nil, err
		}
		b, err := f.base(f.withinTime())
		if err != nil {
			return nil, err
		}
		b.considered = slices.Concat(b.considered, digests[:i], digests[i+1:])
		p.Digest = b.digest(&p.Change)
	}
	return out, nil
}

// blocked describes sets of plans without delays.
func (j *joint) blocked(stuck [][]int) []JointBlocked {
	if len(stuck) == 0 { // refused again and again
		stuck = j.timing.components()
	}
	var out []JointBlocked
	for _, set := range stuck {
		var b JointBlocked
		var by []int
		for _, i := range set {
			f := j.finds[i]
			b.Plans = append(b.Plans, f.own.ID)
			b.Why = cmp.Or(b.Why, f.tried[Delay])
			for _, s := range j.spans[i] {
				by = append(by, s.of)
			}
		}
		slices.Sort(by)
		for _, of := range slices.Compact(by) {
			b.By = append(b.By, j.s.ref(of))
		}
		out = append(out, b)
	}
	return out
}
