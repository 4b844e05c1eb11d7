package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/deconflict/deconflict/internal/bench"
	"github.com/deconflict/deconflict/internal/program"
)

// channelLoad measures how long messages between parties take.
func channelLoad(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("deconflict-bench channel", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var opt bench.ChannelOptions
	flags.StringVar(&opt.Command, "serve", nodeCommand, "command that starts the node, with {addr}, {data} (a new directory), {key} (PEM of the public key of tokens) and {audience}; empty: measure the floor alone")
	flags.IntVar(&opt.Parties, "parties", 100, "parties, each with two positions")
	flags.IntVar(&opt.Rate, "rate", 1000, "messages a second")
	flags.IntVar(&opt.Signed, "signed", 50, "percent of messages that a role's key signs; -1 for none")
	flags.IntVar(&opt.Stops, "stops", 20, "STOPs to all parties during what is measured; -1 for none")
	flags.IntVar(&opt.Workers, "workers", 64, "connections that send")
	flags.DurationVar(&opt.Duration, "duration", 20*time.Second, "of what is measured")
	flags.DurationVar(&opt.Warmup, "warmup", 2*time.Second, "before what is measured")
	flags.Uint64Var(&opt.Seed, "seed", 0, "of who sends to whom; 0 means a new one")
	flags.IntVar(&opt.Rounds, "rounds", 1, "rounds, of which the quietest counts")
	flags.StringVar(&opt.Dir, "dir", "", "where data directories are made; default: the system's for temporary files")
	flags.BoolVar(&opt.JSON, "json", false, "one JSON object a run")
	floor := flags.Bool("floor", true, "measure a program that only passes messages on as well")
	procs := flags.Int("procs", 1, "processors for the generator itself")
	smoke := flags.Bool("smoke", false, "run small, on a node that is built for it unless -serve names one")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	built := false
	flags.Visit(func(f *flag.Flag) { built = built || f.Name == "serve" })
	err := func() error {
		if *smoke {
			opt.Parties, opt.Rate, opt.Stops, opt.Workers, opt.Duration, opt.Warmup = 4, 100, 3, 8, time.Second, 100*time.Millisecond
		}
		if *smoke && !built {
			dir, err := os.MkdirTemp("", "deconflict-bench")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			node := filepath.Join(dir, "deconflict")
			if err := program.Build(context.Background(), node); err != nil {
				return err
			}
			opt.Command = strings.Replace(nodeCommand, "bin/deconflict", node, 1)
		}
		if *floor {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			opt.Floor = self + " channel-floor -listen {addr} -key {key} -audience {audience}"
		}
		// The generator shares the processors with the node.
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(*procs))
		defer debug.SetGCPercent(debug.SetGCPercent(400))
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return bench.Channel(ctx, stdout, opt)
	}()
	if err != nil {
		fmt.Fprintln(stderr, "deconflict-bench:", err)
		return 3
	}
	return 0
}

// channelFloor is the program that -floor starts.
func channelFloor(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("deconflict-bench channel-floor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var opt bench.FloorOptions
	flags.StringVar(&opt.Listen, "listen", "127.0.0.1:0", "address")
	flags.StringVar(&opt.Key, "key", "", "PEM file with the RSA public key of tokens")
	flags.StringVar(&opt.Audience, "audience", "", "of tokens")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench.ChannelFloor(ctx, opt); err != nil {
		fmt.Fprintln(stderr, "deconflict-bench:", err)
		return 3
	}
	return 0
}
