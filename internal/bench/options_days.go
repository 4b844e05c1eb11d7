package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// errUnclear says that plans were accepted that are in conflict.
var errUnclear = errors.New("plans that were accepted are in conflict")

// optionDays files the plans of each day in order, first come, first served:
// once with delays alone, once with all options, of which the cheapest is taken.
func optionDays(w io.Writer, cfg *OptionsConfig) error {
	if len(cfg.Days) == 0 {
		return nil
	}
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "day\tchanges\tplans\tin conflict\tcleared %\tdelay s\tp95 s\tfarther m\taltitude m\tcost s\tleft %\tp50 ms\tp99 ms\t")
	var kinds []string
	for _, name := range cfg.Days {
		i := slices.IndexFunc(dayKinds, func(k dayKind) bool { return k.name == name })
		if i < 0 {
			return fmt.Errorf("found a day %q, expected city, corridor or wildfire", name)
		}
		d, err := dayKinds[i].generate(DayOptions{Seed: cfg.Seed, Scale: cfg.Scale})
		if err != nil {
			return err
		}
		for _, all := range [2]bool{false, true} {
			served, err := serveDay(d, all)
			if err != nil {
				return fmt.Errorf("the %s day: %w", name, err)
			}
			served.row(tab)
			if all {
				kinds = append(kinds, fmt.Sprintf("%s: %s", d.Name, served.kinds()))
			}
		}
	}
	tab.Flush()
	fmt.Fprintln(w, "\nof the plans in conflict when filed; delay, distance, altitude and cost are means over those")
	fmt.Fprintln(w, "cleared, left is the median share of the separation that is missing where nothing clears;")
	fmt.Fprintln(w, "more than 100 is an overlap; kinds of the changes that were taken:")
	for _, k := range kinds {
		fmt.Fprintln(w, "  "+k)
	}
	return nil
}

// service is what became of a day's plans.
type service struct {
	day      *Day
	all      bool // every kind of change, not delays alone
	accepted []timed
	conflict int // plans in conflict when filed

	taken                              map[resolve.Kind]int
	delayS, fartherM, altitudeM, costS []float64       // of what was taken
	leftShare                          []float64       // of what was not cleared
	took                               []time.Duration // of answers about plans in conflict
}

// timed is an entity and its window.
type timed struct {
	entity *volume.Entity
	window volume.Window
}

// serveDay files a day's plans.
func serveDay(d *Day, all bool) (*service, error) {
	s := &service{day: d, all: all, taken: map[resolve.Kind]int{}}
	for i := range d.Plans {
		if err := s.file(&d.Plans[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Plans[i].Entity.ID, err)
		}
	}
	return s, s.check()
}

// query is what the operator of a plan asks for.
func (s *service) query(p *DayPlan) resolve.Query {
	q := p.query()
	if !s.all {
		q.Limits = resolve.Limits{LaterNS: p.Limits.LaterNS, FloorMM: volume.NoFloorMM, CeilingMM: volume.NoCeilingMM}
		q.NoReroute = true
	}
	return q
}

// file puts a plan to those accepted before and takes the cheapest option.
func (s *service) file(p *DayPlan) error {
	around, err := s.around(p)
	if err != nil {
		return err
	}
	q := s.query(p)
	start := time.Now()
	a, err := around.Options(resolve.Plan{Entity: p.Entity, Remake: p.Remake}, q)
	took := time.Since(start)
	if err != nil {
		return err
	}
	if len(a.Conflicts) == 0 {
		s.accept(p.Entity)
		return nil
	}
	s.conflict++
	s.took = append(s.took, took)
	if len(a.Options) > 0 {
		s.take(p, &a.Options[0])
	} else {
		s.leftShare = append(s.leftShare, a.Least.Share)
	}
	return nil
}

// reachNS is how much longer than its delay a changed plan may take.
const reachNS = 3600e9

// around indexes what is accepted and may matter to a plan: all in the hours
// that it may come to.
func (s *service) around(p *DayPlan) (*resolve.Surroundings, error) {
	w := entityWindow(p.Entity)
	from, to := w.StartNS-p.Limits.EarlierNS-reachNS, w.EndNS+p.Limits.LaterNS+reachNS
	near := slices.Clone(s.day.Zones)
	for _, o := range s.accepted {
		if o.window.EndNS > from && o.window.StartNS < to {
			near = append(near, o.entity)
		}
	}
	return resolve.NewSurroundings(near, s.day.Rules)
}

func (s *service) accept(e *volume.Entity) {
	s.accepted = append(s.accepted, timed{e, entityWindow(e)})
}

// take accepts a plan as changed and notes by how much.
func (s *service) take(p *DayPlan, o *resolve.Option) {
	s.accept(o.Entity)
	s.taken[o.Kind]++
	s.costS = append(s.costS, float64(o.CostMS)/1000)
	s.delayS = append(s.delayS, max(0, arrivalS(o.Entity)-arrivalS(p.Entity)))
	s.fartherM = append(s.fartherM, lengthM(o.Entity)-lengthM(p.Entity))
	liftMM := max(o.Change.LiftMM, -o.Change.LiftMM)
	for _, path := range o.Change.Paths {
		for _, point := range path.Points {
			liftMM = max(liftMM, point.LiftMM, -point.LiftMM)
		}
	}
	s.altitudeM = append(s.altitudeM, float64(liftMM)/1000)
}

// arrivalS is when a plan ends, in seconds.
func arrivalS(e *volume.Entity) float64 { return float64(entityWindow(e).EndNS-dayStartNS) / 1e9 }

// lengthM is how far a plan flies in metres, as far as it says.
func lengthM(e *volume.Entity) float64 {
	sum := 0.0
	for _, t := range e.Trajectories {
		w := t.Waypoints()
		for i := range t.Legs() {
			m, _, _ := geodesy.Inverse(w[i].At, w[i+1].At)
			sum += m
		}
	}
	return sum
}

// check compares all that was accepted with each other and with the zones.
func (s *service) check() error {
	var all []*volume.Entity
	for _, z := range s.day.Zones {
		if !s.day.mayEnter(z) {
			all = append(all, z)
		}
	}
	for _, o := range s.accepted {
		all = append(all, o.entity)
	}
	r, err := conflict.All(context.Background(), all, conflict.Options{Minima: s.day.Rules.Minima, Constraints: s.day.Rules.Constraints})
	if err != nil {
		return err
	}
	if len(r.Verdicts) > 0 {
		v := &r.Verdicts[0]
		return fmt.Errorf("%w: %d pairs, of which the first is %s and %s", errUnclear, len(r.Verdicts), v.A.ID, v.B.ID)
	}
	return nil
}

// row writes what became of the plans in conflict.
func (s *service) row(w io.Writer) {
	name := "delay"
	if s.all {
		name = "all"
	}
	p95 := percentile(s.delayS, 95)
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%.1f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.2f\t%.2f\t\n",
		s.day.Name, name, len(s.day.Plans), s.conflict, 100*float64(len(s.costS))/math.Max(1, float64(s.conflict)),
		average(s.delayS), p95, average(s.fartherM), average(s.altitudeM), average(s.costS),
		100*percentile(s.leftShare, 50), at(s.took, 50)/1e3, at(s.took, 99)/1e3)
}

// kinds says how often each kind of change was taken.
func (s *service) kinds() string {
	names := slices.SortedFunc(maps.Keys(s.taken), func(a, b resolve.Kind) int {
		if s.taken[a] != s.taken[b] {
			return s.taken[b] - s.taken[a]
		}
		return strings.Compare(string(a), string(b))
	})
	var out []string
	for _, k := range names {
		out = append(out, fmt.Sprintf("%s %d", k, s.taken[k]))
	}
	return strings.Join(out, ", ")
}
