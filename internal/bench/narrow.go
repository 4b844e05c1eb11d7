package bench

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/golang/geo/s2"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// NarrowOptions are the parameters of [Narrow]. Zero values stand for defaults.
type NarrowOptions struct {
	Seed   uint64 // default 1
	Pairs  int    // pairs a round; default 20,000
	Rounds int    // the quietest counts; default 5
}

func (o *NarrowOptions) setDefaults() {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Pairs == 0 {
		o.Pairs = 20_000
	}
	if o.Rounds == 0 {
		o.Rounds = 5
	}
}

// Narrow measures decisions and verdicts on pairs and writes a report, next to
// S2 polygons on the same shapes. It returns an error where S2 and the kernel
// disagree on a pair that is not within a metre of the boundary.
func Narrow(w io.Writer, opt NarrowOptions) error {
	opt.setDefaults()
	fmt.Fprintf(w, "pairs, seed %d, %d pairs, p50 and mean of the quietest of %d rounds\n%s\n\n", opt.Seed, opt.Pairs, opt.Rounds, indexMachine())
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "what\tconflicts\tp50 us\tmean us\tS2 p50 us\tS2/ours\t")
	for _, vertices := range []int{4, 8, 32, 100} {
		if err := narrowPolygons(tab, opt, vertices); err != nil {
			return err
		}
	}
	if err := narrowVerdict(tab, opt); err != nil {
		return err
	}
	if err := narrowFlights(tab, opt); err != nil {
		return err
	}
	tab.Flush()
	fmt.Fprintf(w, "\nload average at the end %s\n", loadAverage())
	return nil
}

// starPolygons returns star-shaped polygons about 800 m across around one
// place, so that about half of the pairs overlap, and the same in S2.
func starPolygons(rng *rand.Rand, n, vertices int) (ours []*conflict.Subject, theirs []*s2.Polygon, err error) {
	home, err := geodesy.NewLatLng(52, 8)
	if err != nil {
		return nil, nil, err
	}
	for i := range n {
		c := geodesy.Direct(home, rng.Float64()*360, 700*math.Sqrt(rng.Float64()))
		ring := make([]geodesy.LatLng, vertices)
		points := make([]s2.Point, vertices)
		for k := range ring {
			// Anticlockwise, as S2 wants it.
			ring[k] = geodesy.Direct(c, 0-float64(k)*360/float64(vertices), 200+200*rng.Float64())
			lat, lng := ring[k].Degrees()
			points[k] = s2.PointFromLatLng(s2.LatLngFromDegrees(lat, lng))
		}
		f, err := volume.NewPolygon(ring)
		if err != nil {
			return nil, nil, err
		}
		s, err := conflict.Prepare(&volume.Entity{ID: fmt.Sprintf("P%05d", i), Volumes: []volume.Volume4D{{
			Footprint: f, Band: volume.Band{UpperMM: 100_000}, Window: volume.Window{EndNS: 1e12},
		}}})
		if err != nil {
			return nil, nil, err
		}
		ours = append(ours, s)
		theirs = append(theirs, s2.PolygonFromLoops([]*s2.Loop{s2.LoopFromPoints(points)}))
	}
	return ours, theirs, nil
}

// timing is what one kind of operation takes, of the quietest round.
type timing struct {
	p50, mean float64 // microseconds
	hits      int
}

// measure times op on pairs of numbers below n.
func measure(opt NarrowOptions, n int, op func(i, j int) bool) timing {
	best := timing{p50: math.Inf(1)}
	took := make([]float64, 0, opt.Pairs/8+1)
	for range opt.Rounds {
		rng := rand.New(rand.NewPCG(opt.Seed, 99))
		took = took[:0]
		var t timing
		total := 0.0
		// Eight operations a reading keep the clock's own 40 ns out of it.
		for done := 0; done < opt.Pairs; done += 8 {
			var ij [16]int
			for k := range ij {
				ij[k] = rng.IntN(n)
			}
			start := time.Now()
			for k := 0; k < 16; k += 2 {
				if op(ij[k], ij[k+1]) {
					t.hits++
				}
			}
			us := float64(time.Since(start).Nanoseconds()) / 8 / 1000
			took = append(took, us)
			total += us
		}
		slices.Sort(took)
		t.p50, t.mean = took[len(took)/2], total/float64(len(took))
		if t.p50 < best.p50 {
			best = t
		}
	}
	return best
}

func narrowPolygons(w io.Writer, opt NarrowOptions, vertices int) error {
	ours, theirs, err := starPolygons(rand.New(rand.NewPCG(opt.Seed, uint64(vertices))), 256, vertices)
	if err != nil {
		return err
	}
	if err := compareWithS2(ours, theirs); err != nil {
		return err
	}
	a := measure(opt, len(ours), func(i, j int) bool {
		hit, _ := conflict.Decide(ours[i].Entity(), ours[j].Entity(), conflict.Minima{})
		return hit
	})
	b := measure(opt, len(ours), func(i, j int) bool { return theirs[i].Intersects(theirs[j]) })
	fmt.Fprintf(w, "decide %d-vertex polygons\t%d\t%.3f\t%.3f\t%.3f\t%.1f\t\n", vertices, a.hits, a.p50, a.mean, b.p50, b.p50/a.p50)
	return nil
}

// compareWithS2 compares decisions with S2's on all pairs farther than a metre
// from the boundary either way: S2's sphere moves edges less than that here.
func compareWithS2(ours []*conflict.Subject, theirs []*s2.Polygon) error {
	for i := range ours {
		for j := range i {
			v, err := ours[i].Judge(ours[j], conflict.Minima{LateralMM: 1000})
			if err != nil {
				return err
			}
			if s2says := theirs[i].Intersects(theirs[j]); s2says && !v.Conflict {
				return fmt.Errorf("polygons %d and %d: S2 says they meet, the kernel that 1 m is between them", i, j)
			} else if !s2says && v.Conflict && v.MinHorizontal.HorizontalTenthMM == 0 {
				return fmt.Errorf("polygons %d and %d: the kernel says they meet, S2 that they do not", i, j)
			}
		}
	}
	return nil
}

func narrowVerdict(w io.Writer, opt NarrowOptions) error {
	ours, _, err := starPolygons(rand.New(rand.NewPCG(opt.Seed, 8)), 256, 8)
	if err != nil {
		return err
	}
	t := measure(opt, len(ours), func(i, j int) bool {
		v, _ := ours[i].Judge(ours[j], conflict.Minima{})
		return v.Conflict
	})
	fmt.Fprintf(w, "verdict with digests, 8-vertex polygons\t%d\t%.3f\t%.3f\t\t\t\n", t.hits, t.p50, t.mean)
	return nil
}

func narrowFlights(w io.Writer, opt NarrowOptions) error {
	// A small square and a short time, so that flights do meet.
	flights, err := Flights(FlightOptions{Seed: opt.Seed, Plans: 256, Legs: 10, SideM: 2000, CeilingMM: 120_000, HorizonS: 120})
	if err != nil {
		return err
	}
	var subjects []*conflict.Subject
	for _, e := range flights {
		s, err := conflict.Prepare(e)
		if err != nil {
			return err
		}
		subjects = append(subjects, s)
	}
	m := conflict.Minima{LateralMM: 50_000, VerticalMM: 15_000}
	t := measure(opt, len(flights), func(i, j int) bool {
		hit, _ := conflict.Decide(flights[i], flights[j], m)
		return hit
	})
	fmt.Fprintf(w, "decide 10-leg trajectories\t%d\t%.3f\t%.3f\t\t\t\n", t.hits, t.p50, t.mean)
	t = measure(opt, len(flights), func(i, j int) bool {
		v, _ := subjects[i].Judge(subjects[j], m)
		return v.Conflict
	})
	fmt.Fprintf(w, "verdict with digests, 10-leg trajectories\t%d\t%.3f\t%.3f\t\t\t\n", t.hits, t.p50, t.mean)
	return nil
}
