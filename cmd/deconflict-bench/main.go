// Command deconflict-bench measures what deconflict's users wait for, each next
// to a baseline measured in the same run. docs/PERFORMANCE.md holds the latest
// figures and says how they were taken.
//
//	deconflict-bench index [-n 1000000] [-s2n N] [-rounds 5]   broad phase against S2 coverings
//	deconflict-bench narrow [-pairs 20000] [-rounds 5]         pairs of shapes against S2 polygons
//	deconflict-bench check [-plans 10000] [-rounds 5]          a day of generated flights
//	deconflict-bench outline [-rounds 5]                       coarse outlines against S2 level-13 cells
//	deconflict-bench options [-plot OUT]                       days of plans that clear each other; cost of an answer
//	deconflict-bench all [-smoke]                              the first four after each other, and channel small
//	deconflict-bench serve [-floor] [-url U]                   load on a DSS, next to a program without domain code
//	deconflict-bench channel                                   messages between parties, and STOP, to open inboxes
//	deconflict-bench node [-n 1000000]                         memory and recovery of a node with many intents
//	deconflict-bench hardcases [-dir D] [COMMAND ARGUMENT...]  the hard cases put to this program or to another
//	deconflict-bench answer                                    one hard case from standard input
//
// With -smoke each runs small, to show that it works: the figures mean nothing.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/deconflict/deconflict/internal/bench"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"help"}
	}
	name := args[0]
	switch name {
	case "serve":
		return serve(args[1:], stdout, stderr)
	case "serve-floor":
		return serveFloor(args[1:], stderr)
	case "channel":
		return channelLoad(args[1:], stdout, stderr)
	case "channel-floor":
		return channelFloor(args[1:], stderr)
	case "options":
		return options(args[1:], stdout, stderr)
	case "node":
		return node(args[1:], stdout, stderr)
	case "node-reopen":
		if len(args) == 2 {
			return nodeReopen(args[1], stdout, stderr)
		}
	}
	flags := flag.NewFlagSet("deconflict-bench "+name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		smoke  = flags.Bool("smoke", false, "run small")
		rounds = flags.Int("rounds", 0, "rounds, of which the quietest counts; 0 means 5")
		n      = flags.Int("n", 0, "volumes of the index benchmark; 0 means 1,000,000")
		s2n    = flags.Int("s2n", 0, "volumes of its S2 baseline; 0 means as many, -1 none")
		pairs  = flags.Int("pairs", 0, "pairs a round; 0 means 20,000")
		plans  = flags.Int("plans", 0, "generated plans; 0 means 10,000")
		seeds  = flags.Int("seeds", 0, "days of flights of the outline benchmark; 0 means 100")
		dir    = flags.String("dir", "testdata/hardcases", "folder of the hard cases")
	)
	if err := flags.Parse(args[1:]); err != nil {
		return 2
	}
	if *smoke {
		*rounds, *n, *pairs, *plans, *seeds = 1, 20_000, 800, 500, 3
	}
	flights := bench.DefaultFlights()
	if *plans != 0 {
		flights.Plans = *plans
	}
	steps := map[string]func() error{
		"index": func() error {
			return bench.Index(stdout, bench.IndexOptions{N: *n, S2N: *s2n, Rounds: *rounds})
		},
		"narrow": func() error {
			return bench.Narrow(stdout, bench.NarrowOptions{Pairs: *pairs, Rounds: *rounds})
		},
		"check": func() error {
			return bench.Check(stdout, bench.CheckOptions{Flights: flights, Rounds: *rounds})
		},
		"outline": func() error {
			return bench.Outline(stdout, bench.OutlineOptions{Rounds: *rounds, Seeds: *seeds})
		},
		"channel": func() error {
			if channelLoad([]string{"-smoke"}, stdout, stderr) != 0 {
				return errors.New("channel failed")
			}
			return nil
		},
		"hardcases": func() error { return bench.HardCases(stdout, *dir, flags.Args()) },
		"answer":    func() error { return bench.AnswerOne(os.Stdin, stdout) },
	}
	order := []string{name}
	if name == "all" {
		order = []string{"index", "narrow", "check", "outline", "channel"}
	}
	for i, step := range order {
		do, ok := steps[step]
		if !ok {
			fmt.Fprintln(stderr, "usage: deconflict-bench index|narrow|check|outline|options|all|serve|channel|node|hardcases|answer [flags]; -h after a name lists its flags")
			return 2
		}
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		if err := do(); err != nil {
			fmt.Fprintln(stderr, "deconflict-bench:", err)
			return 3
		}
	}
	return 0
}
