package bench

import (
	"context"
	crand "crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// ChannelOptions are the parameters of [Channel]. Zero values stand for
// defaults where one is named.
type ChannelOptions struct {
	Command string // the node to measure, with {addr}, {data}, {key} and {audience}
	Floor   string // command of the bare program, with the same; empty: not measured

	Parties  int // each with two positions; default 100
	Rate     int // messages a second; default 1000
	Signed   int // percent of messages that a role's key signs; default 50, -1 none
	Stops    int // STOPs to all during what is measured; default 20, -1 none
	Workers  int // connections that send; default 64
	Duration time.Duration
	Warmup   time.Duration // before what is measured
	Seed     uint64        // 0: a new one, which the report names
	Rounds   int           // default 1
	Dir      string        // for data directories; default the system's for temporary files
	JSON     bool          // one JSON object a run instead of text
}

func (o *ChannelOptions) defaults() error {
	for _, d := range []struct {
		option *int
		value  int
	}{{&o.Parties, 100}, {&o.Rate, 1000}, {&o.Signed, 50}, {&o.Stops, 20}, {&o.Workers, 64}, {&o.Rounds, 1}} {
		if *d.option == 0 {
			*d.option = d.value
		}
	}
	o.Signed, o.Stops = max(0, o.Signed), max(0, o.Stops)
	if o.Duration == 0 {
		o.Duration = 20 * time.Second
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64N(1e9) + 1
	}
	switch {
	case o.Command == "" && o.Floor == "":
		return errors.New("found no command, expected a node to measure")
	case o.Parties < 2 || o.Rate < 1 || o.Workers < 1 || o.Rounds < 1 || o.Duration < 0 || o.Warmup < 0:
		return errors.New("found a number that is not positive, or fewer than 2 parties")
	case o.Signed > 100:
		return fmt.Errorf("found %d percent of signed messages, expected at most 100", o.Signed)
	}
	return nil
}

// Channel has the parties of a node send each other messages at a fixed rate,
// with the inbox of every position open, and STOPs in between, and writes how
// long each took from its sender to its receivers. The rate does not wait for
// answers: what a slow node holds up counts from when it was due to be sent. It
// measures the same with one open inbox, and, with a floor, on a program that
// only receives, checks tokens and forwards. It returns an error when something
// that was accepted did not arrive everywhere, or came twice or out of order.
func Channel(ctx context.Context, w io.Writer, opt ChannelOptions) error {
	if err := opt.defaults(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(opt.Dir, "deconflict-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := &channelling{opt: opt, w: w, dir: dir, keyPath: filepath.Join(dir, "public.pem")}
	if c.key, err = rsa.GenerateKey(crand.Reader, 2048); err != nil {
		return err
	}
	if err := writePublicKey(c.keyPath, &c.key.PublicKey); err != nil {
		return err
	}
	if err := c.head(); err != nil {
		return err
	}
	for round := range opt.Rounds {
		for _, run := range []struct {
			what, command string
			inboxes       int
		}{
			{"floor", opt.Floor, 2 * opt.Parties},
			{"node", opt.Command, 1},
			{"node", opt.Command, 2 * opt.Parties},
		} {
			if run.command == "" {
				continue
			}
			if err := c.run(ctx, run.what, run.command, run.inboxes, round); err != nil {
				return err
			}
		}
	}
	if !opt.JSON {
		c.summary()
	}
	return nil
}

// channelling is one call of [Channel].
type channelling struct {
	opt     ChannelOptions
	w       io.Writer
	dir     string
	key     *rsa.PrivateKey // of tokens
	keyPath string          // of its public half
	runs    int
	reports []*channelReport
}

// run measures one program.
func (c *channelling) run(ctx context.Context, what, command string, inboxes, round int) (err error) {
	const audience = "127.0.0.1"
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	c.runs++
	data := filepath.Join(c.dir, fmt.Sprint("data", c.runs))
	line, err := expand(command, map[string]string{"addr": addr, "data": data, "key": c.keyPath, "audience": audience})
	if err != nil {
		return err
	}
	p, err := startProcess(ctx, line, addr, data+".log")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop(), os.RemoveAll(data)) }()
	target := &url.URL{Scheme: "http", Host: addr}
	cast, err := newCast(&c.opt, c.key, target, audience)
	if err != nil {
		return err
	}
	if err := cast.enrol(); err != nil {
		return err
	}
	l := newLoad(&c.opt, cast, inboxes)
	if err := l.prepare(); err != nil {
		return err
	}
	first, last, err := l.run(ctx, p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	r := l.report(what, first, last)
	r.Round = round + 1
	c.reports = append(c.reports, r)
	if c.opt.JSON {
		err = json.NewEncoder(c.w).Encode(r)
	} else {
		r.print(c.w)
	}
	return errors.Join(err, r.fault())
}
