package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/deconflict/deconflict/internal/bench"
)

// nodeCommand starts the node of this project.
const nodeCommand = "bin/deconflict serve --data {data} --listen {addr} --token-key {key} --audience {audience} --party-rate 0"

// serve runs the load generator.
func serve(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("deconflict-bench serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var opt bench.ServeOptions
	flags.StringVar(&opt.URL, "url", "", "base URL of a running DSS; without it a server is started")
	flags.StringVar(&opt.Command, "serve", nodeCommand, "command that starts the server, with {addr}, {data} (a new directory), {key} (PEM of the public key of tokens) and {audience}; empty: measure the floor alone")
	flags.StringVar(&opt.Key, "key", "", "PEM file with the RSA private key that signs tokens; default: a new one for a started server")
	flags.StringVar(&opt.Audience, "audience", "", "of the tokens; default: the host name of the URL")
	places := flags.String("place", "spread", "spread, same-cell, congested: one or several with commas")
	bystanders := flags.String("bystanders", "0", "intents that stay during the run: a number or several with commas")
	flags.IntVar(&opt.Workers, "workers", 32, "connections that are busy at once")
	flags.IntVar(&opt.Parties, "parties", 10, "USSs that they play")
	flags.StringVar(&opt.Subscription, "subscription", "implicit", "implicit or none: what a create asks for")
	flags.DurationVar(&opt.Duration, "duration", 10*time.Second, "of what is measured")
	flags.DurationVar(&opt.Warmup, "warmup", 2*time.Second, "before what is measured")
	flags.IntVar(&opt.Flights, "flights", 0, "so many flights instead of a duration, all of them measured")
	flags.Uint64Var(&opt.Seed, "seed", 0, "of places and ids; 0 means a new one")
	flags.IntVar(&opt.Rounds, "rounds", 1, "rounds, of which the quietest counts")
	flags.BoolVar(&opt.Verify, "verify", false, "read back every acknowledged create and delete at the end")
	flags.IntVar(&opt.PID, "pid", 0, "process of the server, for its processor time and memory; default: who listens on the port")
	flags.StringVar(&opt.Dir, "dir", "", "where data directories are made; default: the system's for temporary files")
	flags.BoolVar(&opt.JSON, "json", false, "one JSON object a run")
	floor := flags.Bool("floor", false, "measure a program without domain code first, and give the ratio")
	procs := flags.Int("procs", 1, "processors for the generator itself")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	err := func() (err error) {
		opt.Places = strings.Split(*places, ",")
		if opt.Bystanders, err = numbers(*bystanders); err != nil {
			return err
		}
		if *floor {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			opt.Floor = self + " serve-floor -listen {addr} -data {data} -key {key} -audience {audience}"
		}
		// The generator shares the processors with the server.
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(*procs))
		defer debug.SetGCPercent(debug.SetGCPercent(400))
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return bench.Serve(ctx, stdout, opt)
	}()
	if err != nil {
		fmt.Fprintln(stderr, "deconflict-bench:", err)
		return 3
	}
	return 0
}

// numbers reads a list with commas.
func numbers(list string) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("found %q bystanders, expected numbers with commas", list)
		}
		out = append(out, n)
	}
	return out, nil
}

// serveFloor is the program that -floor starts.
func serveFloor(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("deconflict-bench serve-floor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var opt bench.FloorOptions
	flags.StringVar(&opt.Listen, "listen", "127.0.0.1:0", "address")
	flags.StringVar(&opt.Dir, "data", "", "directory of its database")
	flags.StringVar(&opt.Key, "key", "", "PEM file with the RSA public key of tokens")
	flags.StringVar(&opt.Audience, "audience", "", "of tokens")
	flags.IntVar(&opt.EntryBytes, "entry-bytes", 0, "made durable by a create or update; 0 means 880")
	flags.IntVar(&opt.EndBytes, "end-bytes", 0, "made durable by a delete; 0 means 410")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench.Floor(ctx, opt); err != nil {
		fmt.Fprintln(stderr, "deconflict-bench:", err)
		return 3
	}
	return 0
}

// node measures what many intents cost a node.
func node(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("deconflict-bench node", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var opt bench.NodeOptions
	flags.IntVar(&opt.N, "n", 1_000_000, "intents")
	flags.StringVar(&opt.Dir, "dir", "", "where the data directory is made; default: the system's for temporary files")
	flags.Uint64Var(&opt.Seed, "seed", 1, "of places and ids")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	self, err := os.Executable()
	if err == nil {
		opt.Reopen = []string{self, "node-reopen"}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = bench.Node(ctx, stdout, opt)
	}
	if err != nil {
		fmt.Fprintln(stderr, "deconflict-bench:", err)
		return 3
	}
	return 0
}

// nodeReopen is the program that node starts to recover its data directory.
func nodeReopen(dir string, stdout, stderr io.Writer) int {
	r, err := bench.NodeReopen(context.Background(), dir)
	if err == nil {
		err = json.NewEncoder(stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(stderr, "deconflict-bench:", err)
		return 3
	}
	return 0
}
