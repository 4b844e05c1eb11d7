package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/sim"
)

const demoUsage = `Usage: deconflict demo [SCENARIO] [FLAGS]

Plays a scenario on a node of its own, over the node's interface alone, with the
node's time set on row by row. Each row says what happens and why it matters, and
then what was expected and seen of it. Parties, places and events are fictional.

  varanth   two coalitions, a third operator and humanitarian flights: an
            agreement, intents, a crossing read back, a line crossed, suspension,
            STOP, resumption; parts: nc, el, hr. Played when none is named
  tarrow    a wildfire: restrictions, a displaced flight, medical traffic, a
            drone where none should be; parts: tfa, ridgeline, car, medilift,
            highmoor
  crowd     no play: a node filled with flights of five parties in a box of
            100 km, from now on for 4 hours, and with craft that move; for
            measuring, with --intents, --tracks and --seed

On a terminal the map comes with it: open the printed address in a browser. It
shows two parties side by side; another link is printed for each party. Craft fly
what is activated, simulated and marked so. Enter then begins the play, and the
node stays after its last row until Ctrl-C.

With --part PARTY the play waits where that party has to say something, and you
say it: which value you counter with, whether you sign, which way out you take,
what you read back, what you answer to an offer or a STOP, whether you call one.
What you say is done for real, and the node's answer shown; Enter alone says what
is in brackets. After an answer that leads nowhere you are asked again, and then
the script goes on, so nothing is broken by trying. It also writes PARTY.toml, a
profile for the other commands, so that you may follow in another terminal:
deconflict channel watch all --profile FILE.

Flags:
  --part PARTY                take the part of a party, where it is asked
  --all                       print every detail that is checked
  --step                      wait for Enter after each row
  --pace DURATION             how long a row is left to be read; 2s on a terminal,
                              else not at all. Begins without Enter
  --no-wait                   begin without Enter
  --map                       the links to the map, and stay after the last row,
                              also where the output is not a terminal
  --basemap FILE              a map of the area (PMTiles), drawn under everything
  --listen HOST:PORT          where the node serves, on this machine alone; a free
                              port of 127.0.0.1 by default
  --intents N                 flights of a crowd, 1 to 20000; 1000 by default
  --tracks N                  moving craft of a crowd, 0 to 1000; 100 by default
  --seed N                    a crowd is the same for the same seed; 1 by default
  --dir DIR                   where the node keeps its data, and profiles are
                              written; a new one is made, and removed at the end,
                              when not given

Exit codes: 0 all was as it should be, 1 something was not, 2 unusable command
line, 3 the node failed.
`

// demo is the command line of demo.
type demo struct {
	part, dir, listen string
	basemap           string
	step, all         bool
	shown             bool // the map is spoken of, and the node stays at the end
	noWait            bool
	pace              durationFlag
	crowd             sim.Crowd
}

var scenarios = map[string]func() *sim.Scenario{"varanth": sim.Varanth, "tarrow": sim.Tarrow}

const (
	firstScenario = "varanth"
	crowdScenario = "crowd"
)

func runDemo(a *app, args []string) (int, error) {
	d := &demo{shown: a.terminal}
	name, err := d.parse(args)
	if err != nil {
		return 0, err
	}
	if a.columns > 0 && d.pace.d == 0 {
		d.pace.d = 2 * time.Second
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if d.dir == "" {
		if d.dir, err = os.MkdirTemp("", "deconflict-demo-"); err != nil {
			return 0, err
		}
		defer func() { _ = os.RemoveAll(d.dir) }() // it is a temporary directory
	}
	if name == crowdScenario {
		return d.fill(ctx, a)
	}
	return d.play(ctx, a, scenarios[name]())
}

// parse reads the command line and returns the name of the scenario.
func (d *demo) parse(args []string) (scenario string, err error) {
	f := newFlags("demo")
	f.set.StringVar(&d.part, "part", "", "the id of a party")
	f.set.StringVar(&d.dir, "dir", "", "a directory")
	f.set.StringVar(&d.listen, "listen", "127.0.0.1:0", "an address such as 127.0.0.1:8080")
	f.set.StringVar(&d.basemap, "basemap", "", "a file")
	f.set.BoolVar(&d.step, "step", false, "")
	f.set.BoolVar(&d.all, "all", false, "")
	f.set.BoolVar(&d.shown, "map", d.shown, "")
	f.set.BoolVar(&d.noWait, "no-wait", false, "")
	f.set.Var(&d.pace, "pace", "a duration such as 2s")
	f.set.IntVar(&d.crowd.Intents, "intents", 0, "a number of flights from 1 to 20000")
	f.set.IntVar(&d.crowd.Craft, "tracks", -1, "a number of craft from 0 to 1000")
	f.set.Uint64Var(&d.crowd.Seed, "seed", 1, "a whole number")
	rest, err := f.parse(args)
	if err != nil {
		return "", err
	}
	d.noWait = d.noWait || d.pace.d > 0
	crowded := d.crowd.Intents != 0 || d.crowd.Craft != -1
	switch {
	case len(rest) == 0 && crowded:
		rest = []string{crowdScenario}
	case len(rest) == 0:
		rest = []string{firstScenario}
	}
	if len(rest) != 1 || scenarios[rest[0]] == nil && rest[0] != crowdScenario {
		names := append(sortedKeys(scenarios), crowdScenario)
		slices.Sort(names)
		return "", usagef("demo", "found %q, expected one scenario: %s", strings.Join(rest, " "), strings.Join(names, ", "))
	}
	return rest[0], d.checkScenario(rest[0], crowded)
}

// checkScenario refuses flags that are of another scenario.
func (d *demo) checkScenario(name string, crowded bool) error {
	if name != crowdScenario {
		s := scenarios[name]()
		if crowded {
			return usagef("demo", "--intents and --tracks with %s: expected them with %s", name, crowdScenario)
		}
		if d.part != "" && !slices.Contains(s.Parts, party.ID(d.part)) {
			parts := make([]string, len(s.Parts))
			for i, id := range s.Parts {
				parts[i] = string(id)
			}
			return usagef("demo", "--part %q: expected one of %s", d.part, strings.Join(parts, ", "))
		}
		return nil
	}
	if d.part != "" {
		return usagef("demo", "--part %q: %s has no parts to take", d.part, name)
	}
	if d.crowd.Intents == 0 {
		d.crowd.Intents = 1000
	}
	if d.crowd.Craft == -1 {
		d.crowd.Craft = 100
	}
	if n := d.crowd.Intents; n < 1 || n > 20_000 {
		return usagef("demo", "--intents %d: expected 1 to 20000", n)
	}
	if n := d.crowd.Craft; n < 0 || n > 1000 {
		return usagef("demo", "--tracks %d: expected 0 to 1000", n)
	}
	return nil
}

// play runs a node and the scenario on it.
func (d *demo) play(ctx context.Context, a *app, s *sim.Scenario) (int, error) {
	node, err := d.node(ctx, s.Begins().Format(time.RFC3339), &sim.Traffic{})
	if err != nil {
		return 0, err
	}
	defer node.end()
	g := &stage{w: a.stdout, in: bufio.NewReader(a.stdin), columns: a.columns, all: d.all, echo: !a.terminal}
	if d.shown || d.part != "" {
		g.begin(s, node.URL)
	} else {
		g.begin(s, "")
	}
	if d.part != "" {
		fmt.Fprintf(a.stdout, "To follow in another terminal: deconflict channel watch all --profile %s\n", filepath.Join(d.dir, d.part+".toml"))
	}
	if d.shown {
		if err := node.links(a, s.Parts[:2], s.Parts); err != nil {
			return 0, err
		}
		if a.terminal && !d.noWait {
			fmt.Fprint(g.w, "\nOpen the map, then press Enter to begin. ")
			_, _ = g.in.ReadString('\n') // the end of input goes on
		}
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
	err = sim.Run(ctx, s, node.Node, announce, g.saw)
	switch {
	case errors.Is(err, context.Canceled):
		return exitUnusable, nil
	case err != nil:
		g.flush()
		return 0, err
	}
	g.end(len(s.Rows))
	d.stay(ctx, a)
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
