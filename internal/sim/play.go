// Package sim plays scenarios against a running node, over its interface alone:
// as tests, which hold each row to what it must show, and for people to watch
// and take part in. Parties, places and events are fictional.
package sim

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Node is a running node whose time is set by hand.
type Node struct {
	URL   string
	Debug string // URL of the private listener
	// Token returns a token for a party, and for one of its roles and persons
	// where those are given.
	Token func(id party.ID, role, person string) (string, error)
	// Restart stops the node and starts it again on what it wrote, with its time
	// set to an instant. Nil: the play goes on without.
	Restart func(at time.Time) error
	// Verify has a pack of the journal verified by the program. Nil: none is.
	Verify func(pack []byte) error
	// Part is the party whose part somebody takes, and Ask asks them what it says;
	// answer is what the script says. Without, the script is followed.
	Part party.ID
	Ask  func(question, answer string) string
}

// Row is one line of a scenario: what happens, and what must be seen.
type Row struct {
	At    string // as D-2 16:40, or 09:17:49 on D
	Event string
	Play  func(p *Play)
}

// Scenario is a play with its cast.
type Scenario struct {
	Name  string
	About string
	Day   time.Time // midnight UTC of D
	Start string    // when the node's time begins
	Rows  []Row
}

// Play is a scenario that is being played.
type Play struct {
	*Scenario
	ctx    context.Context
	node   Node
	origin string
	now    time.Time
	actors map[party.ID]*Actor
	names  map[string]string // ids of what was made, by what the script calls it
	// entries are indices of entries that the script comes back to.
	entries map[string]int64
	// Saw is told of each thing that the row had to show.
	saw func(Check)
	row *Row
	dir string // where parties keep what they know of the journal

	beating []party.ID // whose programs send heartbeats
	next    time.Time  // when they send the next
}

// Check is one thing that a row must show.
type Check struct {
	Row  *Row
	What string
	Got  string // what was seen, where that says more
	OK   bool
}

// fault is a play that cannot go on; Run recovers it.
type fault struct{ err error }

// Run plays a scenario. Each row is announced before it is played; checks are
// told as they are made. Its error says why the play could not go on.
func Run(ctx context.Context, s *Scenario, node Node, announce func(*Row), saw func(Check)) (err error) {
	p := &Play{Scenario: s, ctx: ctx, node: node, actors: map[party.ID]*Actor{}, names: map[string]string{}, entries: map[string]int64{}, saw: saw}
	if p.dir, err = os.MkdirTemp("", "play"); err != nil {
		return err
	}
	defer func() {
		for _, a := range p.actors {
			if a.kept != nil {
				err = errors.Join(err, a.kept.Close())
			}
		}
		err = errors.Join(err, os.RemoveAll(p.dir))
	}()
	defer func() {
		if f, ok := recover().(fault); ok {
			err = f.err
			if p.row != nil {
				err = fmt.Errorf("%s, %s: %w", p.row.At, p.row.Event, err)
			}
		}
	}()
	p.now = p.instant(s.Start)
	for i := range s.Rows {
		p.row = &s.Rows[i]
		announce(p.row)
		p.turn()
		p.clock(p.row.At)
		p.row.Play(p)
	}
	return nil
}

func (p *Play) fail(err error) {
	if err != nil {
		panic(fault{err})
	}
}

// check tells that something was or was not seen.
func (p *Play) check(ok bool, what string, got ...any) {
	c := Check{Row: p.row, What: what, OK: ok}
	if len(got) > 0 {
		c.Got = fmt.Sprint(got...)
	}
	p.saw(c)
}

// equal checks that what was seen is what was expected.
func equal[T comparable](p *Play, what string, got, want T) {
	p.check(got == want, what, got)
	if got != want {
		p.check(false, what, "expected ", want)
	}
}

// about checks that an instant is as in the script, to the second.
func (p *Play) about(what string, got statement.Instant, want string) {
	off := time.Duration(got - p.at(want))
	p.check(off.Abs() <= time.Second, what, got, ", expected ", want)
}

// miles checks that a distance is as in the script, to a hundredth of a nautical
// mile.
func (p *Play) miles(what string, mm int64, want float64) {
	got := float64(mm) / mmOfNM
	p.check(math.Abs(got-want) < 0.01, what, fmt.Sprintf("%.3f NM, expected %.2f", got, want))
}

// instant reads a time of the script: 09:17:49, D 09:17, D-2 16:40.
func (p *Play) instant(at string) time.Time {
	day := p.Day
	if d, rest, ok := strings.Cut(at, " "); ok {
		var n int
		if d != "D" {
			_, err := fmt.Sscanf(d, "D%d", &n)
			p.fail(err)
		}
		day, at = day.AddDate(0, 0, n), rest
	}
	for _, layout := range []string{"15:04", "15:04:05", "15:04:05.999999999"} {
		if t, err := time.Parse(layout, at); err == nil {
			return day.Add(t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)))
		}
	}
	p.fail(fmt.Errorf("found the time %q in the script", at))
	return day
}

// at is an instant of the script as statements have it.
func (p *Play) at(text string) statement.Instant {
	return statement.Instant(p.instant(text).UnixNano())
}
