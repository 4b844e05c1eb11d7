// Package sim plays scenarios against a running node, over its interface alone:
// as tests, which hold each row to what it must show, and for people to watch
// and take part in. Parties, places and events are fictional.
package sim

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// Node is a running node whose time is set by hand.
type Node struct {
	URL   string
	Debug string // URL of the private listener
	// Token returns a token for a party, and for one of its roles and persons
	// where those are given.
	Token func(id party.ID, role, person string) (string, error)
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
	// Saw is told of each thing that the row had to show.
	saw func(Check)
	row *Row
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
	p := &Play{Scenario: s, ctx: ctx, node: node, actors: map[party.ID]*Actor{}, names: map[string]string{}, saw: saw}
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

// clock sets the node's time on.
func (p *Play) clock(at string) {
	to := p.instant(at)
	if to.Before(p.now) {
		p.fail(fmt.Errorf("the script goes back in time from %s to %s", p.now, to))
	}
	r, err := http.NewRequestWithContext(p.ctx, "POST", p.node.Debug+"/debug/clock", strings.NewReader(to.Format(time.RFC3339Nano)))
	p.fail(err)
	answer, err := http.DefaultClient.Do(r)
	p.fail(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	p.fail(err)
	if answer.StatusCode != http.StatusOK {
		p.fail(fmt.Errorf("setting the clock to %s: %s", at, body))
	}
	p.now = to
}

// Actor is a party of the cast.
type Actor struct {
	*client.Client
	p    *Play
	id   party.ID
	keys map[string]ed25519.PrivateKey // by person
	last int64                         // index of the last event that was looked at
}

// keyOf makes the same key for the same person each time: a play is no place
// for secrets.
func keyOf(person string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("a key of the play for " + person))
	return ed25519.NewKeyFromSeed(seed[:])
}

// join brings a party into the play and enrols it, signed by the persons.
func (p *Play) join(record registry.Party, signers ...string) *Actor {
	token, err := p.node.Token(record.ID, "", "")
	p.fail(err)
	a := &Actor{p: p, id: record.ID, keys: map[string]ed25519.PrivateKey{}, last: -1}
	a.Client = &client.Client{
		BaseURL: p.node.URL, Party: string(record.ID), Token: func(context.Context) (string, error) { return token, nil },
		Now: func() time.Time { return p.now },
	}
	if p.origin == "" {
		p.origin, err = a.ReadOrigin(p.ctx)
		p.fail(err)
	}
	a.Origin = p.origin
	for _, r := range record.Roles {
		for _, h := range r.Holders {
			a.keys[h.Person] = keyOf(h.Person)
		}
	}
	p.actors[record.ID] = a
	a.does("party.enrol", registry.Enrol{Party: record}, signers...)
	return a
}

// actor returns a party of the cast.
func (p *Play) actor(id party.ID) *Actor {
	a := p.actors[id]
	if a == nil {
		p.fail(fmt.Errorf("%s is not in the play", id))
	}
	return a
}

// does does an act that must be taken.
func (a *Actor) does(act string, body any, signers ...string) *client.Taken {
	taken, err := a.tries(act, body, signers...)
	if err != nil {
		a.p.fail(fmt.Errorf("%s, %s: %w%s", a.id, act, err, detailsOf(err)))
	}
	return taken
}

// tries does an act that may be refused.
func (a *Actor) tries(act string, body any, signers ...string) (*client.Taken, error) {
	keys := make([]ed25519.PrivateKey, len(signers))
	for i, s := range signers {
		if keys[i] = a.keys[s]; keys[i] == nil {
			a.p.fail(fmt.Errorf("%s has no %s", a.id, s))
		}
	}
	return a.Act(a.p.ctx, act, body, keys...)
}

// refused does an act that must be refused for a reason, and returns the
// refusal.
func (a *Actor) refused(kind, act string, body any, signers ...string) *client.Problem {
	taken, err := a.tries(act, body, signers...)
	if err == nil {
		a.p.check(false, fmt.Sprintf("%s of %s is refused", act, a.id), "taken, receipt ", taken.Index)
		return &client.Problem{}
	}
	var problem *client.Problem
	if !asProblem(err, &problem) {
		a.p.fail(err)
	}
	equal(a.p, fmt.Sprintf("%s of %s is refused", act, a.id), problem.Kind(), kind)
	return problem
}

func asProblem(err error, into **client.Problem) bool {
	p, ok := err.(*client.Problem)
	*into = p
	return ok
}

func detailsOf(err error) string {
	var p *client.Problem
	if !asProblem(err, &p) || len(p.Details) == 0 {
		return ""
	}
	return "\n" + string(p.Details)
}

// news returns what the party was told since it last looked, of some types; none
// stands for all.
func (a *Actor) news(types ...string) []client.Entry {
	var fresh []client.Entry
	ctx, cancel := context.WithCancel(a.p.ctx)
	defer cancel()
	head := a.p.size()
	if head == a.last+1 {
		return nil
	}
	var packed struct {
		Entries []client.Entry `json:"entries"`
	}
	a.p.fail(a.Get(ctx, fmt.Sprintf("/v1/inbox/all?after=%d", a.last), &packed))
	for _, e := range packed.Entries {
		a.last = max(a.last, e.Index)
		if len(types) == 0 || slices.Contains(types, e.Type()) {
			fresh = append(fresh, e)
		}
	}
	return fresh
}

// size is that of the node's journal.
func (p *Play) size() int64 {
	for _, a := range p.actors {
		checkpoint, err := a.Checkpoint(p.ctx)
		p.fail(err)
		lines := bytes.SplitN(checkpoint, []byte("\n"), 3)
		var n int64
		_, err = fmt.Sscan(string(lines[1]), &n)
		p.fail(err)
		return n
	}
	return 0
}

// read reads a place of the node's interface as the party may see it.
func read[T any](a *Actor, place string, name string) T {
	var v T
	a.p.fail(a.Get(a.p.ctx, place+url.PathEscape(name), &v))
	return v
}

// field reads a member of an entry.
func field[T any](p *Play, e *client.Entry, name string) T {
	var v T
	if raw, ok := e.Fields[name]; ok {
		p.fail(json.Unmarshal(raw, &v))
	}
	return v
}

// first returns the first entry of a type among what came of an act.
func first(p *Play, taken *client.Taken, kind string) *client.Entry {
	for i := range taken.Events {
		if taken.Events[i].Type() == kind {
			return &taken.Events[i]
		}
	}
	var types []string
	for i := range taken.Events {
		types = append(types, taken.Events[i].Type())
	}
	p.fail(fmt.Errorf("found the events %v, expected %s among them", types, kind))
	return nil
}

// cosign adds one person's signature to a statement.
func (a *Actor) cosign(text []byte, person string) *client.Taken {
	s, err := client.Sign(a.keys[person], text)
	a.p.fail(err)
	taken, err := a.Send(a.p.ctx, text, s)
	if err != nil {
		a.p.fail(fmt.Errorf("%s signs: %w", person, err))
	}
	return taken
}
