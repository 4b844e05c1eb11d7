package sim

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// Actor is a party of the cast.
type Actor struct {
	*client.Client
	p    *Play
	id   party.ID
	keys map[string]ed25519.PrivateKey // by person
	last int64                         // index of the last event that was looked at
	news []client.Entry                // that it was told since the row began
	seen int64                         // index of the newest entry that its program knows of
	acts []int64                       // receipts of what it did
	kept *client.Log
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
	taken, err := a.Act(a.p.ctx, act, body, keys...)
	if err == nil {
		a.keep(taken)
		a.p.set(a.p.now) // what follows from it is done
	}
	return taken, err
}

// keep keeps the receipt of an act.
func (a *Actor) keep(taken *client.Taken) {
	a.acts = append(a.acts, taken.Index)
	a.seen = max(a.seen, taken.Index)
}

// refused does an act that must be refused for a reason, and returns the
// refusal.
func (a *Actor) refused(kind, act string, body any, signers ...string) *client.Problem {
	taken, err := a.tries(act, body, signers...)
	if err == nil {
		a.p.check(false, fmt.Sprintf("The node refuses %s of %s", act, called(a.id)), "taken, receipt ", taken.Index)
		return &client.Problem{}
	}
	var problem *client.Problem
	if !asProblem(err, &problem) {
		a.p.fail(err)
	}
	answer := problem.Title
	if problem.Detail != "" {
		answer += ": " + problem.Detail
	}
	a.p.check(problem.Kind() == kind, fmt.Sprintf("The node refuses %s of %s", act, called(a.id)), answer)
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

// watchOf is who stands the watch of a party.
func watchOf(id party.ID) string {
	if id == vc {
		return "vc-watch"
	}
	return string(id) + "-watch"
}

// turn begins a row: what parties were told before is no longer news.
func (p *Play) turn() {
	last := p.size() - 1
	for _, a := range p.actors {
		a.last, a.news = last, nil
	}
}

// inbox returns what the party was told since the row began, of some types; none
// stands for all.
func (a *Actor) inbox(types ...string) []client.Entry {
	a.fetch()
	var some []client.Entry
	for _, e := range a.news {
		if len(types) == 0 || slices.Contains(types, e.Type()) {
			some = append(some, e)
		}
	}
	return some
}

// fetch reads on in the party's inbox, up to its end.
func (a *Actor) fetch() {
	for {
		var page struct {
			Entries []client.Entry `json:"entries"`
			Next    int64          `json:"next"`
		}
		a.p.fail(a.Get(a.p.ctx, fmt.Sprintf("/v1/inbox/all?after=%d", a.last), &page))
		a.news = append(a.news, page.Entries...)
		if page.Next <= a.last {
			return
		}
		a.last = page.Next
	}
}

// news is an event that a party was told.
type news[T any] struct {
	Index int64
	At    statement.Instant
	Event T
}

// eventOf is an event of type T, as a party is told it.
type eventOf[T any] interface {
	*T
	event.Event
}

// heard returns the events of one type that the party was told in this row.
func heard[T any, E eventOf[T]](a *Actor) []news[T] {
	return those[T, E](a.p, a.inbox())
}

// came returns the first event of a type among what came of an act.
func came[T any, E eventOf[T]](p *Play, taken *client.Taken) T {
	all := those[T, E](p, taken.Events)
	if len(all) == 0 {
		var types []string
		for i := range taken.Events {
			types = append(types, taken.Events[i].Type())
		}
		var none T
		p.fail(fmt.Errorf("found the events %v, expected %s among them", types, E(&none).Type()))
	}
	return all[0].Event
}

func those[T any, E eventOf[T]](p *Play, entries []client.Entry) []news[T] {
	var all []news[T]
	for i := range entries {
		n := news[T]{Index: entries[i].Index}
		if entries[i].Type() != E(&n.Event).Type() {
			continue
		}
		text, err := json.Marshal(entries[i].Fields)
		p.fail(err)
		p.fail(json.Unmarshal(text, &n.Event))
		n.At = field[statement.Instant](p, &entries[i], "at")
		all = append(all, n)
	}
	return all
}

// only returns the one event of a type that the party was told in this row and
// that is as said; that there is one alone is checked. What is the rest of the
// sentence after "is told".
func only[T any, E eventOf[T]](a *Actor, what string, is func(*T) bool) news[T] {
	var found []news[T]
	for _, n := range heard[T, E](a) {
		if is == nil || is(&n.Event) {
			found = append(found, n)
		}
	}
	told := fmt.Sprintf("%s is told %s", called(a.id), what)
	if len(found) == 1 {
		a.p.check(true, told)
		return found[0]
	}
	a.p.check(false, told, "found ", len(found), " times, expected once")
	if len(found) == 0 {
		return news[T]{}
	}
	return found[0]
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

// look reads a place of the node's interface as the party may see it, and
// returns a member of the answer.
func look[T any](a *Actor, member, place, name string) T {
	var answer map[string]json.RawMessage
	var v T
	a.p.fail(a.Get(a.p.ctx, place+url.PathEscape(name), &answer))
	a.p.fail(json.Unmarshal(answer[member], &v))
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

// log is the party's own watch over the journal, which it keeps for itself.
func (a *Actor) log() *client.Log {
	if a.kept == nil {
		var status struct {
			Key string `json:"verifier_key"`
		}
		a.p.fail(a.Get(a.p.ctx, "/v1/status", &status))
		var err error
		a.kept, err = client.OpenLog(a.Client, filepath.Join(a.p.dir, string(a.id), "checkpoint"), status.Key)
		a.p.fail(err)
	}
	return a.kept
}

// cosign adds one person's signature to a statement.
func (a *Actor) cosign(text []byte, person string) *client.Taken {
	s, err := client.Sign(a.keys[person], text)
	a.p.fail(err)
	taken, err := a.Send(a.p.ctx, text, s)
	if err != nil {
		a.p.fail(fmt.Errorf("%s signs: %w", person, err))
	}
	a.keep(taken)
	return taken
}
