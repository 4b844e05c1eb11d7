package bench

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
)

// OptionsConfig are the parameters of [Options].
type OptionsConfig struct {
	Seed    uint64   // 0 stands for 1
	Scale   float64  // of the days; 0 stands for 1
	Days    []string // of city, corridor, wildfire
	Sizes   []int    // intents around a plan, for the cost of one answer
	Queries int      // plans asked about among so many; 0 stands for 200
	Rounds  int      // of each question, of which the quickest counts; 0 stands for 3
	Plot    string   // file for a drawing of the cost; empty: none
}

// Options measures what the ranked options are worth on days of traffic, next
// to delays alone, and what an answer costs, next to trying every second, and
// writes a report. One processor is used. It returns an error where an accepted
// plan is in conflict or a delay is not the least.
func Options(w io.Writer, cfg OptionsConfig) error {
	cfg.Seed = cmp.Or(cfg.Seed, 1)
	cfg.Queries = cmp.Or(cfg.Queries, 200)
	cfg.Rounds = cmp.Or(cfg.Rounds, 3)
	if cfg.Plot != "" && len(cfg.Sizes) == 0 {
		return errors.New("a drawing of the cost: found no numbers of intents, expected sizes")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	fmt.Fprintf(w, "options, seed %d; single answers: the quickest of %d rounds\n%s\n\n", cfg.Seed, cfg.Rounds, indexMachine())
	if err := optionDays(w, &cfg); err != nil {
		return err
	}
	if err := leastDelays(w, &cfg); err != nil {
		return err
	}
	points, err := optionCosts(w, &cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nload average at the end %s\n", loadAverage())
	if cfg.Plot == "" {
		return nil
	}
	return os.WriteFile(cfg.Plot, plotCosts(points), 0o644)
}

// percentile returns a percentile of figures, 0 for none. It sorts them.
func percentile(x []float64, percent int) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return x[min(len(x)*percent/100, len(x)-1)]
}

// average returns the mean of figures, 0 for none.
func average(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(1, len(x)))
}
