package notify

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/f3548"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/world"
)

// Config says how a Notifier works.
type Config struct {
	Dir     string             // of the file that says how far telling got
	BaseURL string             // of this node, which need not tell itself
	Node    string             // name of the journal
	Key     ed25519.PrivateKey // of the node, which signs what hooks get
	Mail    *api.Mailroom      // of inboxes; nil: there are no hooks
	Tokens  Tokens
	// Private allows addresses that are not public, and http: for nodes that are
	// themselves within a private network.
	Private bool
	Backoff []time.Duration // before each further try; nil: five tries within a minute
	Log     *slog.Logger    // nil: none
}

// Counts are what a Notifier did.
type Counts struct {
	Told, Failed, Dropped atomic.Int64 // notices to subscribers of the airspace
	Waiting               atomic.Int64
}

// Notifier tells subscribers of the airspace of changes of native intents.
type Notifier struct {
	cfg    Config
	sender *sender
	engine *engine.Engine
	file   string
	from   int64 // where telling goes on; -1: it begins
	Counts Counts
	hooked chan struct{} // a hook was made or taken away

	mu      sync.Mutex
	ended   bool             // nothing is begun any more; needs mu, as all below
	early   []notice         // of before Run
	seen    int64            // entries up to here were looked at
	open    map[int64]int    // notices that are not settled, by the index of their entry
	targets map[string]*line // by URL
	hooks   map[hookKey]*hook
	sent    map[string]int64 // where each hook goes on, by hookKey.String
	ctx     context.Context  // ends when nothing new is begun
	posting context.Context  // ends a little later
	work    sync.WaitGroup
}

// notice is a change that one subscriber has to be told of.
type notice struct {
	index   int64
	url     string
	id      string
	manager party.ID
	by      []intent.Subscription
}

// line is what waits for one subscriber. Notices are told one after the other, so
// that their indexes rise.
type line struct {
	waiting []notice
	// down: the last one was given up. Those behind it get one try each, until
	// somebody answers again.
	down bool
}

// maxLine is how many notices may wait for one subscriber; the oldest give way.
// It can ask the DSS for what it missed.
const maxLine = 1000

// New returns a Notifier. Written may be called before Run. Its error is that of
// a file that cannot be read.
func New(c Config) (*Notifier, error) {
	if c.Backoff == nil {
		c.Backoff = defaultBackoff
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Tokens == nil {
		c.Tokens = None{}
	}
	n := &Notifier{
		cfg: c, sender: newSender(c.Private), file: filepath.Join(c.Dir, "told.json"),
		open: map[int64]int{}, targets: map[string]*line{}, hooks: map[hookKey]*hook{}, hooked: make(chan struct{}, 1),
	}
	was, known, err := readCursor(n.file)
	if err != nil {
		return nil, err
	}
	n.from = -1
	if known {
		n.from = was.Next
	}
	n.sent = was.Hooks
	return n, nil
}

// Written takes in a block that is durable; blocks come in order. It does not
// wait.
func (n *Notifier) Written(w engine.Written) {
	var found []notice
	for i, ev := range w.Events {
		if _, ok := ev.(*registry.Hooked); ok {
			select {
			case n.hooked <- struct{}{}:
			default: // it will look anyway
			}
		}
		found = append(found, noticesOf(ev, w.First+int64(i))...)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ctx == nil {
		n.early = append(n.early, found...)
		return
	}
	n.take(found, w.First+int64(len(w.Events)))
}

// noticesOf returns what has to be told of an event.
func noticesOf(ev world.Event, index int64) []notice {
	var id string
	var owner party.ID
	var to []intent.Notified
	switch e := ev.(type) {
	case *intent.Decided:
		id, owner, to = e.ID, e.Owner, e.Notified
	case *intent.Closed:
		id, owner, to = e.ID, e.Owner, e.Notified
	}
	var all []notice
	for _, s := range to {
		all = append(all, notice{index, s.URL, id, owner, s.Subscriptions})
	}
	return all
}

// take hands notices to their lines. It needs mu.
func (n *Notifier) take(found []notice, end int64) {
	for _, note := range found {
		if note.index < n.seen || note.url == n.cfg.BaseURL {
			continue
		}
		n.open[note.index]++
		n.Counts.Waiting.Add(1)
		l := n.targets[note.url]
		if l == nil {
			n.tidy()
			l = &line{}
			n.targets[note.url] = l
		}
		if len(l.waiting) >= maxLine {
			n.settled(l.waiting[0])
			l.waiting = l.waiting[1:]
			n.Counts.Dropped.Add(1)
			n.cfg.Log.Warn("a subscriber is told too slowly: the oldest notice for it is dropped", "host", host(note.url))
		}
		l.waiting = append(l.waiting, note)
		if len(l.waiting) == 1 && !n.ended {
			n.work.Go(func() { n.serve(note.url, l) })
		}
	}
	n.seen = max(n.seen, end)
}

// maxIdle is how many subscribers are remembered to be down.
const maxIdle = 10_000

// tidy keeps URLs that nobody answers at from adding up. It needs mu.
func (n *Notifier) tidy() {
	if len(n.targets) < maxIdle {
		return
	}
	for target, l := range n.targets {
		if len(l.waiting) == 0 {
			delete(n.targets, target)
		}
	}
}

// settled notes that a notice needs nothing more. It needs mu.
func (n *Notifier) settled(note notice) {
	n.Counts.Waiting.Add(-1)
	if n.open[note.index]--; n.open[note.index] == 0 {
		delete(n.open, note.index)
	}
}

// next is the index of the first entry that is not settled. It needs mu.
func (n *Notifier) next() int64 {
	first := n.seen
	for index := range n.open {
		first = min(first, index)
	}
	return first
}

// grace is how long what was sent may still be answered when the node stops, so
// that it need not be sent again.
const grace = 2 * time.Second

// Run tells until ctx ends. It first takes up what was not told before.
func (n *Notifier) Run(ctx context.Context, e *engine.Engine) error {
	n.engine = e
	size := e.Head().Size
	from := n.from
	if from < 0 || from > size {
		from = size // a new node, or one that was restored
	}
	missed, err := n.missed(ctx, from, size)
	if err != nil {
		return err
	}
	posting, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	n.mu.Lock()
	n.ctx, n.posting = ctx, posting
	n.take(missed, size)
	n.take(n.early, size)
	n.early = nil
	n.mu.Unlock()
	if n.cfg.Mail != nil {
		n.work.Go(n.serveHooks)
	}
	n.keep(ctx)
	n.mu.Lock()
	n.ended = true
	n.mu.Unlock()
	last := time.AfterFunc(grace, cut)
	defer last.Stop()
	n.work.Wait()
	return n.save()
}

// serveHooks serves hooks until the node stops.
func (n *Notifier) serveHooks() {
	for {
		n.look()
		select {
		case <-n.hooked:
		case <-n.ctx.Done():
			return
		}
	}
}

// missed returns the notices of a range of entries.
func (n *Notifier) missed(ctx context.Context, from, to int64) (found []notice, err error) {
	err = n.engine.Journal().Read(ctx, from, to, func(r journal.Record) error {
		if !bytes.Contains(r.Event, []byte(`"notified":[`)) {
			return nil // most entries need not be decoded
		}
		ev, _, err := world.Decode(r.Event)
		if err == nil {
			found = append(found, noticesOf(ev, r.Index)...)
		}
		return err
	})
	return found, err
}

// keep writes down how far it got, until ctx ends.
func (n *Notifier) keep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := n.save(); err != nil {
			n.cfg.Log.Error("how far subscribers were told cannot be written", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (n *Notifier) save() error {
	n.mu.Lock()
	c := cursor{Next: n.next(), Hooks: maps.Clone(n.sent)}
	n.mu.Unlock()
	return c.write(n.file)
}

// serve works a line off.
func (n *Notifier) serve(target string, l *line) {
	for n.ctx.Err() == nil {
		n.mu.Lock()
		note, down := l.waiting[0], l.down
		n.mu.Unlock()
		err := n.tell(target, note, down)
		if err != nil && n.ctx.Err() != nil {
			return // the next start tells it
		}
		n.mu.Lock()
		l.down = err != nil
		if len(l.waiting) > 0 && l.waiting[0].index == note.index && l.waiting[0].id == note.id {
			n.settled(note)
			l.waiting = l.waiting[1:]
		} // or it was dropped meanwhile
		done := len(l.waiting) == 0
		if done && !l.down {
			delete(n.targets, target)
		}
		n.mu.Unlock()
		if done {
			return
		}
	}
}

// tell tells one notice, with as many tries as it gets.
func (n *Notifier) tell(target string, note notice, down bool) error {
	waits := n.cfg.Backoff
	if down {
		waits = nil
	}
	tries, err := retry(n.ctx, waits, func() error { return n.try(target, note) }, func(err error) bool {
		status, ok := err.(StatusError)
		return ok && status.final() || errors.Is(err, ErrAddress)
	})
	log := n.cfg.Log.With("host", host(target), "intent", note.id, "entry", note.index, "tries", tries)
	switch {
	case err == nil:
		n.Counts.Told.Add(1)
		log.Debug("a subscriber was told")
	case n.ctx.Err() == nil:
		n.Counts.Failed.Add(1)
		log.Warn("a subscriber could not be told", "error", err)
	}
	return err
}

// try tells what is so now: the newest of what it is asked about is what a
// subscriber needs.
func (n *Notifier) try(target string, note notice) error {
	body, err := n.body(note)
	if err != nil {
		return err
	}
	token, err := n.cfg.Tokens.Token(n.posting, note.manager, host(target))
	if err != nil {
		return err
	}
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return n.sender.post(n.posting, target+"/uss/v1/operational_intents", header, body)
}

// body returns the notice as F3548-21 has it. An intent that is over is left out.
func (n *Notifier) body(note notice) ([]byte, error) {
	id, err := airspace.ParseID(note.id)
	if err != nil {
		return nil, err
	}
	var build func() (*f3548wire.OperationalIntent, error)
	var found bool
	err = n.engine.ReadWorld(n.ctx, func(st *world.State, _ int64) { build, found = f3548.Details(st, id) })
	if err != nil {
		return nil, err
	}
	told := f3548wire.PutOperationalIntentDetails{OperationalIntentID: note.id}
	if found {
		if told.OperationalIntent, err = build(); err != nil {
			return nil, fmt.Errorf("details: %w", err)
		}
	}
	for _, s := range note.by {
		told.Subscriptions = append(told.Subscriptions, f3548wire.NotifiedSubscription{SubscriptionID: s.ID, NotificationIndex: &s.Index})
	}
	return json.Marshal(told)
}
