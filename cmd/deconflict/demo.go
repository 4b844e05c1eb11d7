package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/server"
	"github.com/deconflict/deconflict/internal/sim"
)

const demoUsage = `Usage: deconflict demo SCENARIO [FLAGS]

Plays a scenario on a node of its own, over the node's interface alone, with the
node's time set on row by row. Each row says what happens and why it matters, and
then what was expected and seen of it. Parties, places and events are fictional.

  varanth   two coalitions, a third operator and humanitarian flights: an
            agreement, intents, a crossing read back, a line crossed, suspension,
            STOP, resumption; parts: nc, el, hr
  tarrow    a wildfire: restrictions, a displaced flight, medical traffic, a
            drone where none should be; parts: tfa, ridgeline, car, medilift,
            highmoor

With --part PARTY the play waits where that party has to say something, and you
say it: which value you counter with, whether you sign, which way out you take,
what you read back, what you answer to an offer or a STOP, whether you call one.
What you say is done for real, and the node's answer shown; Enter alone says what
is in brackets. After an answer that leads nowhere you are asked again, and then
the script goes on, so nothing is broken by trying. It also writes PARTY.toml, a profile for the other commands, so that you
may follow in another terminal: deconflict channel watch all --profile FILE.

Flags:
  --part PARTY                take the part of a party, where it is asked
  --all                       print every detail that is checked
  --step                      wait for Enter after each row
  --pace DURATION             how long a row is left to be read; 2s on a terminal,
                              else not at all
  --dir DIR                   where the node keeps its data, and profiles are
                              written; a new one is made, and removed at the end,
                              when not given

Exit codes: 0 all was as it should be, 1 something was not, 2 unusable command
line, 3 the node failed.
`

// demo is the command line of demo.
type demo struct {
	part, dir string
	step, all bool
	pace      durationFlag
}

var scenarios = map[string]func() *sim.Scenario{"varanth": sim.Varanth, "tarrow": sim.Tarrow}

func runDemo(a *app, args []string) (int, error) {
	d := &demo{}
	if a.columns > 0 {
		d.pace.d = 2 * time.Second
	}
	f := newFlags("demo")
	f.set.StringVar(&d.part, "part", "", "the id of a party")
	f.set.StringVar(&d.dir, "dir", "", "a directory")
	f.set.BoolVar(&d.step, "step", false, "")
	f.set.BoolVar(&d.all, "all", false, "")
	f.set.Var(&d.pace, "pace", "a duration such as 2s")
	rest, err := f.parse(args)
	if err != nil {
		return 0, err
	}
	if len(rest) != 1 || scenarios[rest[0]] == nil {
		return 0, usagef("demo", "found %q, expected one scenario: %s", strings.Join(rest, " "), strings.Join(sortedKeys(scenarios), ", "))
	}
	s := scenarios[rest[0]]()
	if d.part != "" && !slices.Contains(s.Parts, party.ID(d.part)) {
		parts := make([]string, len(s.Parts))
		for i, id := range s.Parts {
			parts[i] = string(id)
		}
		return 0, usagef("demo", "--part %q: expected one of %s", d.part, strings.Join(parts, ", "))
	}
	if d.dir == "" {
		if d.dir, err = os.MkdirTemp("", "deconflict-demo-"); err != nil {
			return 0, err
		}
		defer func() { _ = os.RemoveAll(d.dir) }() // it is a temporary directory
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return d.play(ctx, a, s)
}

// play runs a node and the scenario on it.
func (d *demo) play(ctx context.Context, a *app, s *sim.Scenario) (int, error) {
	node, end, err := d.node(ctx, s)
	if err != nil {
		return 0, err
	}
	defer end()
	g := &stage{w: a.stdout, in: bufio.NewReader(a.stdin), columns: a.columns, all: d.all, echo: !a.terminal}
	g.begin(s, node.URL)
	if d.part != "" {
		fmt.Fprintf(a.stdout, "To follow in another terminal: deconflict channel watch all --profile %s\n", filepath.Join(d.dir, d.part+".toml"))
	}
	rows := 0
	node.Part, node.Ask, node.Say = party.ID(d.part), g.ask, g.say
	announce := func(r *sim.Row) {
		g.flush()
		if rows++; rows > 1 {
			d.pause(ctx, g)
		}
		g.row(r, s.Instant(r.At))
	}
	err = sim.Run(ctx, s, node, announce, g.saw)
	switch {
	case errors.Is(err, context.Canceled):
		return exitUnusable, nil
	case err != nil:
		g.flush()
		return 0, err
	}
	g.end(len(s.Rows))
	if g.wrong > 0 {
		return exitConflict, nil
	}
	return exitClear, nil
}

// pause leaves a row to be read.
func (d *demo) pause(ctx context.Context, g *stage) {
	switch {
	case d.step:
		fmt.Fprint(g.w, "  [Enter]")
		_, _ = g.in.ReadString('\n') // the end of input goes on
	case d.pace.d > 0:
		select {
		case <-time.After(d.pace.d):
		case <-ctx.Done():
		}
	}
}

// node starts a node in this process, whose time the play sets.
func (d *demo) node(ctx context.Context, s *sim.Scenario) (sim.Node, func(), error) {
	c := server.DefaultConfig()
	c.Data, c.Listen, c.DebugListen = filepath.Join(d.dir, "node"), "127.0.0.1:0", "127.0.0.1:0"
	c.BuiltinIssuer, c.Clock = true, s.Begins().Format(time.RFC3339)
	c.PartyRate, c.PartyBurst = 1e5, 100_000
	srv, err := server.New(ctx, c, server.Options{Version: versionText(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return sim.Node{}, nil, err
	}
	running, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = srv.Run(running) // a failure is seen by the play, whose requests then fail
	}()
	end := func() {
		stop()
		<-ended
	}
	issuer, err := auth.NewIssuer(filepath.Join(c.Data, "keys", "issuer.key"), auth.IssuerName)
	if err != nil {
		end()
		return sim.Node{}, nil, err
	}
	token := func(id party.ID, role, person string) (string, error) {
		return issuer.MintAs(id, auth.Standing{Role: role, Person: person}, "localhost", auth.Scopes, 24*time.Hour)
	}
	if d.part != "" {
		if err := d.profile(srv.URL(), token); err != nil {
			end()
			return sim.Node{}, nil, err
		}
	}
	return sim.Node{URL: srv.URL(), Debug: srv.DebugURL(), Token: token}, end, nil
}

// profile writes a profile for who takes part.
func (d *demo) profile(url string, token func(party.ID, string, string) (string, error)) error {
	text, err := token(party.ID(d.part), "", "")
	if err != nil {
		return usagef("demo", "--part %s: %s", d.part, err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, d.part+".token"), []byte(text+"\n"), 0o600); err != nil {
		return err
	}
	profile := fmt.Sprintf("node = %q\nparty = %q\ntoken_file = %q\n", url, d.part, d.part+".token")
	return os.WriteFile(filepath.Join(d.dir, d.part+".toml"), []byte(profile), 0o600)
}
