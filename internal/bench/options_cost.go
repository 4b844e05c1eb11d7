package bench

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// errNotLeast says that a delay is in conflict, or that a lesser one is clear.
var errNotLeast = errors.New("trying every second finds another least delay")

const (
	crossingTraffic = 40
	gridStepNS      = 1e9
	gridLimitNS     = 1800e9
)

// crossing returns flights of 5 to 10 legs that cross in a square of 2 km, up to
// 120 m, within a few minutes.
func crossing(rng *rand.Rand, n int) ([]*volume.Entity, error) {
	t := &traffic{rng: rng, origin: geodesy.LatLng{LatE9: -44.2e9, LngE9: -129.4e9}}
	anywhere := func() spot { return spot{t.between(0, 2000), t.between(0, 2000)} }
	v := resolve.Vehicle{MaxSpeedMMPS: 20_000, ClimbMMPS: 4_000, DescentMMPS: 4_000}
	for range n {
		p := t.startPath(DayPlan{Vehicle: v}, anywhere(), t.between(20, 120), dayStartNS+t.rng.Int64N(300e9))
		for range 5 + t.rng.IntN(6) {
			p.to(anywhere(), t.between(20, 120), t.between(8, 20))
		}
		p.file("F", "", volume.Buffers{}, 0)
	}
	out := make([]*volume.Entity, n)
	for i, f := range t.filed {
		out[i] = f.Entity
	}
	return out, t.err
}

// leastDelays measures the least delay of plans among crossing traffic: by
// intervals, in a whole answer, and by trying every second until the decision
// says that all is clear.
func leastDelays(w io.Writer, cfg *OptionsConfig) error {
	rng := rand.New(rand.NewPCG(cfg.Seed, 0xc4055))
	rules := resolve.Rules{Minima: conflict.Minima{LateralMM: 50_000, VerticalMM: 15_000, Source: "benchmark"}}
	q := resolve.Query{
		Limits:  resolve.Limits{LaterNS: gridLimitNS, FloorMM: volume.NoFloorMM, CeilingMM: volume.NoCeilingMM},
		Weights: resolve.DefaultWeights(), NoReroute: true,
	}
	var exact, answer, grid []time.Duration
	var lateS []float64 // by how much the grid is later
	tried := 0
	for range cfg.Queries {
		set, err := crossing(rng, crossingTraffic+1)
		if err != nil {
			return err
		}
		around, err := resolve.NewSurroundings(set[1:], rules)
		if err != nil {
			return err
		}
		var exactNS, gridNS int64
		var a *resolve.Answer
		var n int
		for _, way := range []struct {
			took *[]time.Duration
			find func() error
		}{
			{&exact, func() error { exactNS = exactDelay(set[0], set[1:], rules.Minima); return nil }},
			{&answer, func() (err error) { a, err = around.Options(resolve.Plan{Entity: set[0]}, q); return err }},
			{&grid, func() (err error) { gridNS, n, err = gridDelay(set[0], set[1:], rules.Minima); return err }},
		} {
			took, err := cfg.quickest(way.find)
			if err != nil {
				return err
			}
			*way.took = append(*way.took, took)
		}
		tried += n
		if err := agreeOnDelay(exactNS, answered(a), gridNS); err != nil {
			return err
		}
		if exactNS > 0 && gridNS >= 0 {
			lateS = append(lateS, float64(gridNS-exactNS)/1e9)
		}
	}
	g50, g99 := at(grid, 50)/1e3, at(grid, 99)/1e3
	fmt.Fprintf(w, "\nleast delay of one plan among %d that cross, 5 to 10 legs in 2 km x 2 km, 50 m and 15 m; %d plans, %d delayed\n\n", crossingTraffic, cfg.Queries, len(lateS))
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "\tp50 ms\tp99 ms\tgrid/ours p50\tp99\t")
	for _, row := range []struct {
		name string
		took []time.Duration
	}{{"by intervals, every pair of legs", exact}, {"whole answer: windows, verdicts, digests", answer}} {
		p50, p99 := at(row.took, 50)/1e3, at(row.took, 99)/1e3
		fmt.Fprintf(tab, "%s\t%.3f\t%.3f\t%.1f\t%.1f\t\n", row.name, p50, p99, g50/p50, g99/p99)
	}
	fmt.Fprintf(tab, "every second by the decision, %.0f tries a plan\t%.3f\t%.3f\t\t\t\n", float64(tried)/float64(cfg.Queries), g50, g99)
	tab.Flush()
	fmt.Fprintf(w, "every second finds a delay %.2f s longer in the mean, %.0f s in the worst case\n", average(lateS), percentile(lateS, 100))
	return nil
}

// answered returns the least delay of an answer, or -1.
func answered(a *resolve.Answer) int64 {
	switch {
	case len(a.Conflicts) == 0:
		return 0
	case len(a.Options) > 0:
		return a.Options[0].Change.DelayNS
	}
	return -1
}

// agreeOnDelay compares least delays, -1 for none: the answer is rounded up and
// shown to be needed to 10 ms, and no whole second below it is clear.
func agreeOnDelay(exactNS, answerNS, gridNS int64) error {
	const slackNS = 20e6
	apart := (exactNS < 0) != (answerNS < 0) || answerNS < exactNS-slackNS || answerNS > exactNS+slackNS
	beaten := gridNS >= 0 && (answerNS < 0 || answerNS > gridNS)
	if apart || beaten {
		return fmt.Errorf("%w: %d ns by intervals, %d ns answered, %d ns every second", errNotLeast, exactNS, answerNS, gridNS)
	}
	return nil
}

// exactDelay returns the least delay that no pair of legs forbids, or -1.
func exactDelay(plan *volume.Entity, others []*volume.Entity, m conflict.Minima) int64 {
	need := volume.Need{LateralMM: m.LateralMM, VerticalMM: m.VerticalMM, TimeNS: m.TimeNS}
	var spans []volume.Span
	for _, t := range plan.Trajectories {
		for _, o := range others {
			for _, u := range o.Trajectories {
				for i := range t.Legs() {
					for j := range u.Legs() {
						spans = volume.DelaySpans(spans, volume.Part{Route: t, Leg: i}, volume.Part{Route: u, Leg: j}, need, volume.Span{Hi: gridLimitNS})
					}
				}
			}
		}
	}
	slices.SortFunc(spans, func(a, b volume.Span) int { return cmp.Compare(a.Lo, b.Lo) })
	least := int64(0)
	for _, s := range spans {
		if s.Lo < least && s.Hi > least {
			least = s.Hi
		}
	}
	if least > gridLimitNS {
		return -1
	}
	return least
}

// gridDelay returns the least delay of whole seconds at which a plan is clear,
// or -1, and how many delays were tried.
func gridDelay(plan *volume.Entity, others []*volume.Entity, m conflict.Minima) (delayNS int64, tried int, err error) {
	for delayNS = 0; delayNS <= gridLimitNS; delayNS += gridStepNS {
		tried++
		moved := *plan
		moved.Trajectories = make([]*volume.Trajectory, len(plan.Trajectories))
		for i, t := range plan.Trajectories {
			if moved.Trajectories[i], err = t.Moved(delayNS, 0); err != nil {
				return 0, tried, err
			}
		}
		clear := true
		for _, o := range others {
			hit, err := conflict.Decide(&moved, o, m)
			if err != nil {
				return 0, tried, err
			}
			if hit {
				clear = false
				break
			}
		}
		if clear {
			return delayNS, tried, nil
		}
	}
	return -1, tried, nil
}

// spread is a median and a 99th percentile in milliseconds.
type spread struct{ p50, p99 float64 }

func spreadOf(took []time.Duration) spread { return spread{at(took, 50) / 1e3, at(took, 99) / 1e3} }

// costPoint is what answers cost among so many intents.
type costPoint struct {
	intents, asked int
	conflict       int     // of the plans asked about
	considered     float64 // mean number of entities within reach
	clear          spread  // an answer about a plan that is clear
	list           spread  // about one in conflict, without a re-route
	reroute        spread  // a re-route alone, of a flight in conflict
	joint          spread  // delays for jointPlans flights at once
}

// optionCosts measures answers among more and more intents at one density.
func optionCosts(w io.Writer, cfg *OptionsConfig) ([]costPoint, error) {
	if len(cfg.Sizes) == 0 {
		return nil, nil
	}
	fmt.Fprintf(w, "\none answer in the city, which spreads over a larger area and up to %d days\n", cityMaxDays)
	fmt.Fprint(w, "list: delay, altitude, sideways, trim, combined; re-route: of flights in conflict;\njoint: the delays of such a flight and two on the same way, 10 s after each other\n\n")
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "intents\tasked\tin conflict\tconsidered\tclear p50 ms\tp99 ms\tlist p50 ms\tp99 ms\tre-route p50 ms\tp99 ms\tjoint p50 ms\tp99 ms\t")
	var out []costPoint
	for _, n := range cfg.Sizes {
		p, err := costAt(cfg, n)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(tab, "%d\t%d\t%d\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", p.intents, p.asked, p.conflict, p.considered,
			p.clear.p50, p.clear.p99, p.list.p50, p.list.p99, p.reroute.p50, p.reroute.p99, p.joint.p50, p.joint.p99)
		out = append(out, p)
	}
	return out, tab.Flush()
}

// costAt asks about more plans in a city with n intents.
func costAt(cfg *OptionsConfig, n int) (costPoint, error) {
	d, asked, err := cityDay(DayOptions{Seed: cfg.Seed, Scale: float64(n) / cityFlights}, cfg.Queries)
	if err != nil {
		return costPoint{}, err
	}
	around, err := resolve.NewSurroundings(slices.Concat(d.entities(), d.Zones), d.Rules)
	if err != nil {
		return costPoint{}, err
	}
	p := costPoint{intents: len(d.Plans), asked: len(asked)}
	runtime.GC() // what was built must not be collected while answers are measured
	var plain, list, reroutes, joint []time.Duration
	for i := range asked {
		plan := resolve.Plan{Entity: asked[i].Entity, Remake: asked[i].Remake}
		q := asked[i].query()
		q.NoReroute = true
		var a *resolve.Answer
		took, err := cfg.quickest(func() (err error) {
			a, err = around.Options(plan, q)
			return err
		})
		if err != nil {
			return p, err
		}
		p.considered += float64(len(a.Considered)) / float64(len(asked))
		if len(a.Conflicts) == 0 {
			plain = append(plain, took)
			continue
		}
		p.conflict++
		list = append(list, took)
		if len(asked[i].Entity.Trajectories) == 0 {
			continue
		}
		took, err = cfg.quickest(func() error {
			_, err := around.Reroute(&plan, &q)
			return err
		})
		switch {
		case errors.Is(err, resolve.ErrNoPath):
		case err != nil:
			return p, err
		default:
			reroutes = append(reroutes, took)
		}
		took, err = cfg.quickest(func() error { return askJointly(around, &asked[i]) })
		if err != nil {
			return p, err
		}
		joint = append(joint, took)
	}
	p.clear, p.list, p.reroute, p.joint = spreadOf(plain), spreadOf(list), spreadOf(reroutes), spreadOf(joint)
	return p, nil
}

// jointPlans is how many flights are timed together.
const jointPlans = 3

// askJointly asks for the delays of a flight and others on the same way, 10 s
// after each other.
func askJointly(around *resolve.Surroundings, p *DayPlan) error {
	plans := make([]resolve.Plan, jointPlans)
	for i := range plans {
		c := volume.Change{DelayNS: int64(i) * 10e9}
		e, err := c.Apply(p.Entity)
		if err != nil {
			return err
		}
		e.ID = fmt.Sprintf("%s-%d", e.ID, i)
		plans[i].Entity = e
	}
	_, err := around.Joint(plans, p.query())
	return err
}

// quickest runs something several times and returns its shortest time, or the
// first error.
func (c *OptionsConfig) quickest(do func() error) (time.Duration, error) {
	var best time.Duration
	for i := range c.Rounds {
		start := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		if took := time.Since(start); i == 0 || took < best {
			best = took
		}
	}
	return best, nil
}
