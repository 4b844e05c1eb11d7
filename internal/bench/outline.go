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

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/volume"
)

// OutlineOptions are the parameters of [Outline]. Zero values stand for defaults.
type OutlineOptions struct {
	Seeds  int // days of flights, seeds 1 and up; default 100
	Rounds int // the quietest counts; default 5
}

// FalseAlarms counts what coarse outlines report of pairs of flights.
type FalseAlarms struct {
	Pairs    int // pairs compared
	True     int // pairs of which the kernel says that they meet
	Reported int // pairs reported
	Missed   int // pairs that meet and are not reported
}

// Share returns the share of reported pairs that do not meet, 0 to 1.
func (f FalseAlarms) Share() float64 {
	if f.Reported == 0 {
		return 0
	}
	return float64(f.Reported-(f.True-f.Missed)) / float64(f.Reported)
}

func (f *FalseAlarms) count(meets, reported bool) {
	f.Pairs++
	if meets {
		f.True++
		if !reported {
			f.Missed++
		}
	}
	if reported {
		f.Reported++
	}
}

// slab is a flight as it is declared: one volume.
type slab struct {
	volume volume.Volume4D
	coarse outline.Volume
	cells  []s2.CellID // level 13, ascending
}

// slabs returns 60 flights of 200 m x 40 m, 30 m thick and 15 min long, with
// random headings, within 6 km x 6 km, 120 m and 1 h.
func slabs(seed uint64) ([]slab, error) {
	rng := rand.New(rand.NewPCG(seed, 0x51ab))
	corner, err := geodesy.NewLatLng(47, 8)
	if err != nil {
		return nil, err
	}
	out := make([]slab, 60)
	for i := range out {
		at := geodesy.Direct(geodesy.Direct(corner, 90, 6000*rng.Float64()), 0, 6000*rng.Float64())
		heading := 360 * rng.Float64()
		ring := make([]geodesy.LatLng, 4)
		for k, side := range [4][2]float64{{100, 20}, {-100, 20}, {-100, -20}, {100, -20}} {
			azi := math.Atan2(side[1], side[0]) * 180 / math.Pi
			ring[k] = geodesy.Direct(at, heading+azi, math.Hypot(side[0], side[1]))
		}
		f, err := volume.NewPolygon(ring)
		if err != nil {
			return nil, err
		}
		floor := rng.Int64N(90_000)
		start := rng.Int64N(45 * 60e9)
		s := slab{volume: volume.Volume4D{
			Footprint: f,
			Band:      volume.Band{LowerMM: floor, UpperMM: floor + 30_000},
			Window:    volume.Window{StartNS: start, EndNS: start + 15*60e9},
		}}
		if s.coarse, err = outline.Of(&s.volume); err != nil {
			return nil, err
		}
		s.cells = s2Level13(ring)
		out[i] = s
	}
	return out, nil
}

// s2Level13 returns the cells of level 13, about 1 km wide, that a ring covers.
func s2Level13(ring []geodesy.LatLng) []s2.CellID {
	points := make([]s2.Point, len(ring))
	for i, p := range ring {
		lat, lng := p.Degrees()
		points[i] = s2.PointFromLatLng(s2.LatLngFromDegrees(lat, lng))
	}
	loop := s2.LoopFromPoints(points)
	loop.Normalize()
	coverer := s2.RegionCoverer{MinLevel: 13, MaxLevel: 13, LevelMod: 1, MaxCells: 100}
	return coverer.Covering(loop)
}

// s2Reports tells what a DSS reports that keeps level-13 cells, exact altitudes
// and exact times.
func s2Reports(a, b *slab) bool {
	v, w := &a.volume, &b.volume
	if v.Band.LowerMM >= w.Band.UpperMM || w.Band.LowerMM >= v.Band.UpperMM ||
		v.Window.StartNS >= w.Window.EndNS || w.Window.StartNS >= v.Window.EndNS {
		return false
	}
	return slices.ContainsFunc(a.cells, func(c s2.CellID) bool { return slices.Contains(b.cells, c) })
}

// CountFalseAlarms compares all pairs of each of the given number of days of 60
// flights, seeds 1 and up, by outlines and by level-13 S2 cells.
func CountFalseAlarms(seeds int) (ours, theirs FalseAlarms, err error) {
	for seed := range uint64(seeds) {
		flights, err := slabs(seed + 1)
		if err != nil {
			return ours, theirs, err
		}
		for i := range flights {
			for k := range i {
				a, b := &flights[i], &flights[k]
				meets := volume.Volumes(&a.volume, &b.volume, volume.Need{}, false).Conflict
				ours.count(meets, a.coarse.Meets(b.coarse))
				theirs.count(meets, s2Reports(a, b))
			}
		}
	}
	return ours, theirs, nil
}

// Outline measures coarse outlines and writes a report, next to level-13 S2 cells.
// It returns an error where either misses a pair that meets.
func Outline(w io.Writer, opt OutlineOptions) error {
	if opt.Seeds == 0 {
		opt.Seeds = 100
	}
	if opt.Rounds == 0 {
		opt.Rounds = 5
	}
	fmt.Fprintf(w, "outlines; 60 flights of 200 m x 40 m, 30 m thick, 15 min, in 6 km x 6 km x 120 m x 1 h, seeds 1 to %d\n%s\n\n", opt.Seeds, indexMachine())
	ours, theirs, err := CountFalseAlarms(opt.Seeds)
	if err != nil {
		return err
	}
	rings, volumes, err := octagons(1000)
	if err != nil {
		return err
	}
	outlines := make([]outline.Volume, len(volumes))
	size := 0
	for i := range volumes {
		if outlines[i], err = outline.Of(&volumes[i]); err != nil {
			return err
		}
		size += len(outlines[i].AppendCells(nil))
	}
	of := quietest(opt.Rounds, len(volumes), func(i int) { _, _ = outline.Of(&volumes[i]) })
	s2of := quietest(opt.Rounds, len(volumes), func(i int) { s2Level13(rings[i]) })

	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "\tpairs\tmeet\treported\tmissed\tfalse alarms\tcoarsening p50 us\tp99 us\t")
	for _, r := range []struct {
		name string
		FalseAlarms
		delay
	}{{"outlines", ours, of}, {"S2 level 13", theirs, s2of}} {
		fmt.Fprintf(tab, "%s\t%d\t%d\t%d\t%d\t%.1f %%\t%.2f\t%.2f\t\n", r.name, r.Pairs, r.True, r.Reported, r.Missed, 100*r.Share(), r.p50, r.p99)
	}
	tab.Flush()
	fmt.Fprintf(w, "\ncoarsening: polygons of 8 vertices, 200 m across; %.0f bytes an outline besides altitudes and times\n", float64(size)/float64(len(volumes)))
	measureMeets(w, opt.Rounds, outlines)
	fmt.Fprintf(w, "load average at the end %s\n", loadAverage())
	if missed := ours.Missed + theirs.Missed; missed > 0 {
		return fmt.Errorf("%d pairs that meet were not reported", missed)
	}
	return nil
}

// octagons returns polygons of 8 vertices, 200 m across, around one place.
func octagons(n int) (rings [][]geodesy.LatLng, volumes []volume.Volume4D, err error) {
	rng := rand.New(rand.NewPCG(8, 200))
	home, err := geodesy.NewLatLng(47, 8)
	if err != nil {
		return nil, nil, err
	}
	for range n {
		at := geodesy.Direct(home, 360*rng.Float64(), 200*rng.Float64())
		turn := 45 * rng.Float64()
		ring := make([]geodesy.LatLng, 8)
		for k := range ring {
			ring[k] = geodesy.Direct(at, turn+float64(k)*45, 100)
		}
		f, err := volume.NewPolygon(ring)
		if err != nil {
			return nil, nil, err
		}
		rings = append(rings, ring)
		volumes = append(volumes, volume.Volume4D{Footprint: f, Band: volume.Band{UpperMM: 100_000}, Window: volume.Window{EndNS: 900e9}})
	}
	return rings, volumes, nil
}

// delay is how long one kind of operation takes, in microseconds.
type delay struct{ p50, p99 float64 }

// quietest times op on each of n inputs and returns the quietest round.
func quietest(rounds, n int, op func(i int)) delay {
	best := delay{p50: math.Inf(1)}
	took := make([]float64, n)
	for range rounds {
		for i := range n {
			start := time.Now()
			op(i)
			took[i] = float64(time.Since(start).Nanoseconds()) / 1000
		}
		slices.Sort(took)
		if p50 := took[n/2]; p50 < best.p50 {
			best = delay{p50, took[n*99/100]}
		}
	}
	return best
}

// measureMeets times comparisons of outlines whose boxes overlap, by answer.
func measureMeets(w io.Writer, rounds int, outlines []outline.Volume) {
	var pairs [2][][2]int // clear, meeting
	boxes := make([]volume.Extent, len(outlines))
	for i := range outlines {
		boxes[i] = outlines[i].Extents(nil)[0]
	}
	for i := range outlines {
		for k := range i {
			a, b := &boxes[i], &boxes[k]
			if a.LatE9Lo < b.LatE9Hi && b.LatE9Lo < a.LatE9Hi && a.LngE9Lo < b.LngE9Hi && b.LngE9Lo < a.LngE9Hi {
				answer := 0
				if outlines[i].Meets(outlines[k]) {
					answer = 1
				}
				if len(pairs[answer]) < 4000 {
					pairs[answer] = append(pairs[answer], [2]int{i, k})
				}
			}
		}
	}
	for answer, name := range []string{"apart", "found to meet"} {
		best := math.Inf(1)
		for range rounds {
			start := time.Now()
			for _, p := range pairs[answer] {
				outlines[p[0]].Meets(outlines[p[1]])
			}
			best = min(best, float64(time.Since(start).Nanoseconds())/float64(len(pairs[answer])))
		}
		fmt.Fprintf(w, "comparing outlines whose boxes overlap and that are %s: %.0f ns in the mean of %d pairs\n",
			name, best, len(pairs[answer]))
	}
}
