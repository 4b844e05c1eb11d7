package main

import (
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/bench"
)

// options measures what the ranked options are worth and cost.
func options(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("deconflict-bench options", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var cfg bench.OptionsConfig
	flags.Uint64Var(&cfg.Seed, "seed", 0, "of the days; 0 means 1")
	flags.Float64Var(&cfg.Scale, "scale", 0, "flights of the days, as a multiple; 0 means 1")
	days := flags.String("days", "city,corridor,wildfire", "days to file, with commas")
	sizes := flags.String("n", "1000,10000,100000", "intents around a plan, with commas; 1000000 takes 4 GB and a minute")
	flags.IntVar(&cfg.Queries, "queries", 0, "plans asked about among each number of intents; 0 means 200")
	flags.IntVar(&cfg.Rounds, "rounds", 0, "rounds of each of them, of which the quickest counts; 0 means 3")
	flags.StringVar(&cfg.Plot, "plot", "", "SVG file for a drawing of the cost")
	smoke := flags.Bool("smoke", false, "run small")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *smoke {
		*sizes, cfg.Scale, cfg.Queries, cfg.Rounds = "150,200", 0.04, 6, 1
	}
	if *days != "" {
		cfg.Days = strings.Split(*days, ",")
	}
	var err error
	if cfg.Sizes, err = sizesOf(*sizes); err == nil {
		err = bench.Options(stdout, cfg)
	}
	if err != nil {
		fmt.Fprintln(stderr, "deconflict-bench:", err)
		return 3
	}
	return 0
}

// sizesOf reads numbers of intents with commas.
func sizesOf(list string) ([]int, error) {
	if list == "" {
		return nil, nil
	}
	var out []int
	for part := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 100 || n > 10_000_000 {
			return nil, fmt.Errorf("found %q intents, expected numbers of 100 to 10,000,000 with commas", part)
		}
		out = append(out, n)
	}
	return out, nil
}
