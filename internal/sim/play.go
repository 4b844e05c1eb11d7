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
	// Say is told what happens within a row, a sentence for an event. Nil: nobody
	// reads it.
	Say func(at time.Time, text string)
}

// Row is one line of a scenario: what happens, and what must be seen.
type Row struct {
	At    string // as D-2 16:40, or 09:17:49 on D
	Event string
	Tell  string // why it matters, for who has never seen it; may be empty
	Play  func(p *Play)
}

// Scenario is a play with its cast.
type Scenario struct {
	Name  string
	About string
	Day   time.Time  // midnight UTC of D
	Start string     // when the node's time begins
	Parts []party.ID // that have something to say
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
	of  bool   // what is checked is a part of what was checked before
	dir string // where parties keep what they know of the journal

	beating []party.ID // whose programs send heartbeats
	next    time.Time  // when they send the next
}

// Check is one thing that a row must show.
type Check struct {
	Row  *Row
	What string // a sentence, as it was expected
	Got  string // what was seen, where that says more
	Part bool   // it says more of what was checked before it
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
	c := Check{Row: p.row, What: what, Part: p.of, OK: ok}
	for _, v := range got {
		c.Got += words(v)
	}
	p.saw(c)
}

// part is the play where what is checked says more of what was checked before.
func (p *Play) part() *Play {
	q := *p
	q.of = true
	return &q
}

// beside is the play for the i-th of parties that see the same: what the first
// has shown is not told again.
func (p *Play) beside(i int) *Play {
	if i == 0 {
		return p
	}
	return p.part()
}

// say tells what happens now.
func (p *Play) say(format string, a ...any) {
	if p.node.Say != nil {
		p.node.Say(p.now, fmt.Sprintf(format, a...))
	}
}

// equal checks that what was seen is what was expected. The sentence ends in it.
func equal[T comparable](p *Play, what string, got, want T) {
	text := strings.TrimSpace(what + " " + words(got))
	if got == want {
		p.check(true, text)
		return
	}
	p.check(false, strings.TrimSpace(what+" "+words(want)), "found ", got)
}

// none checks that there is nothing of what the sentence denies.
func none(p *Play, what string, n int) {
	if n == 0 {
		p.check(true, what)
		return
	}
	p.check(false, what, "found ", n)
}

// about checks that an instant is as in the script, to the second.
func (p *Play) about(what string, got statement.Instant, want string) {
	off := time.Duration(got - p.at(want))
	if off.Abs() <= time.Second {
		p.check(true, what+" "+words(got))
		return
	}
	p.check(false, what+" "+words(p.at(want)), "found ", got)
}

// miles checks that a distance is as in the script, to a hundredth of a nautical
// mile.
func (p *Play) miles(what string, mm int64, want float64) {
	got := float64(mm) / mmOfNM
	if math.Abs(got-want) < 0.01 {
		p.check(true, fmt.Sprintf("%s %.2f NM", what, got))
		return
	}
	p.check(false, fmt.Sprintf("%s %.2f NM", what, want), fmt.Sprintf("found %.3f NM", got))
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
