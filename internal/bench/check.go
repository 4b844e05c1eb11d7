package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
)

// CheckOptions are the parameters of [Check]. Zero values stand for defaults.
type CheckOptions struct {
	Flights FlightOptions // zero Plans: DefaultFlights
	Rounds  int           // the quietest counts; default 5
}

// errCheckDiffers says that the index lost or made up a conflict.
var errCheckDiffers = errors.New("comparing through the index and comparing every pair differ")

// Check generates flights, compares each with every other as `deconflict check`
// does, and writes a report. The baseline decides every pair without an index.
func Check(w io.Writer, opt CheckOptions) error {
	if opt.Flights.Plans == 0 {
		opt.Flights = DefaultFlights()
	}
	if opt.Rounds == 0 {
		opt.Rounds = 5
	}
	o := opt.Flights
	fmt.Fprintf(w, "check %d generated plans of %d legs, %.0f km x %.0f km, up to %d m, %.0f h, seed %d\n%s\n\n",
		o.Plans, o.Legs, o.SideM/1000, o.SideM/1000, o.CeilingMM/1000, o.HorizonS/3600, o.Seed, indexMachine())
	set, err := Flights(o)
	if err != nil {
		return err
	}
	m := conflict.Minima{LateralMM: 50_000, VerticalMM: 15_000, Source: "benchmark"}
	var best time.Duration
	var result conflict.Result
	for range opt.Rounds {
		start := time.Now()
		result, err = conflict.All(context.Background(), set, conflict.Options{Minima: m})
		if err != nil {
			return err
		}
		if took := time.Since(start); best == 0 || took < best {
			best = took
		}
	}
	start := time.Now()
	hits := 0
	for i, a := range set {
		for _, b := range set[:i] {
			hit, err := conflict.Decide(a, b, m)
			if err != nil {
				return err
			}
			if hit {
				hits++
			}
		}
	}
	brute := time.Since(start)
	fmt.Fprintf(w, "minima 50 m, 15 m; buffers 10 m, 5 m each\n")
	fmt.Fprintf(w, "pairs %d, candidates %d, conflicts %d\n", result.Pairs, result.Candidates, len(result.Verdicts))
	fmt.Fprintf(w, "all verdicts %.3f s; every pair decided on one core without an index %.3f s; ratio %.1f\n",
		best.Seconds(), brute.Seconds(), brute.Seconds()/best.Seconds())
	if hits != len(result.Verdicts) {
		return fmt.Errorf("%w: %d conflicts and %d", errCheckDiffers, len(result.Verdicts), hits)
	}
	return nil
}
