package faults

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/deconflict/deconflict/internal/journal"
	"golang.org/x/mod/sumdb/tlog"
)

// audit holds a node against what its writers were told, after it came back.
// What has an unknown outcome is settled first: it happened as a whole or not
// at all.
type audit struct {
	node *node
	load *load

	mu     sync.Mutex
	faults []string
	// What must be there, by party.
	intents       map[string]int    // by id: version
	subscriptions map[string]string // by id: the party that owns it
}

// history is what the journal of a data directory says was done, as far as it
// was read.
type history struct {
	head     journal.Head   // read so far
	versions map[string]int // of intents
	changed  map[string]int // by subscription: puts
	changes  int            // of intents, in all
}

func newHistory() *history {
	return &history{versions: map[string]int{}, changed: map[string]int{}}
}

func (a *audit) fault(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

// check returns all that is wrong with the node and its journal.
func (l *load) check(ctx context.Context, n *node, dir string, h *history) []string {
	a := l.audit(n)
	if len(a.faults) == 0 {
		a.checkHistory(ctx, dir, h)
		a.checkWatchers(h.changes)
		a.checkReceipts()
	}
	return a.faults
}

// checkState returns what is wrong with what the node serves, when no change has
// an unknown outcome.
func (l *load) checkState(n *node) []string {
	a := l.audit(n)
	if len(a.faults) == 0 {
		a.checkWatchers(len(l.watchers[0].told))
	}
	return a.faults
}

// audit settles what is unknown and checks intents, subscriptions and queries.
func (l *load) audit(n *node) *audit {
	a := &audit{
		node: n, load: l, faults: slices.Clone(l.faults),
		intents: map[string]int{}, subscriptions: map[string]string{},
	}
	var all sync.WaitGroup
	for _, w := range l.writers {
		all.Go(func() {
			for i := range w.intents {
				a.settleIntent(w, &w.intents[i])
			}
			a.settleSubscription(w)
		})
	}
	all.Wait()
	if len(a.faults) == 0 {
		a.checkLists()
	}
	return a
}

// settleIntent finds out what became of a change with an unknown outcome, and
// checks that the intent is then as its writer knows it.
func (a *audit) settleIntent(w *writer, x *intent) {
	got, err := a.node.do(w.party, "GET", intentsPath+"/"+x.id, nil)
	if err != nil {
		a.fault("intent %s: %v", x.id, err)
		return
	}
	c := x.unknown
	x.unknown = nil
	var body intentAnswer
	switch {
	case got.status == 404 && x.version == 0:
		return
	case got.status == 404 && c != nil && c.deletes:
		a.load.happened.Add(1)
		*x = intent{id: newID()}
		return
	case got.status != 200:
		a.fault("intent %s: version %d was acknowledged, found %d %.200s", x.id, x.version, got.status, got.body)
		return
	}
	if err := json.Unmarshal(got.body, &body); err != nil {
		a.fault("intent %s: %v", x.id, err)
		return
	}
	r := &body.Intent
	switch {
	case r.Version == x.version && r.OVN == x.ovn && r.State == x.state && r.URL == x.url && r.Subscription == x.subscription:
	case c == nil || c.deletes:
		a.fault("intent %s: %+v was acknowledged, found %+v", x.id, *x, *r)
		return
	default:
		if err := x.follows(r, c); err != nil {
			a.fault("intent %s: %+v was asked for last: it %v", x.id, *c, err)
			return
		}
		a.load.happened.Add(1)
		x.take(r)
	}
	a.mu.Lock()
	a.intents[x.id] = x.version
	a.mu.Unlock()
	if x.subscription != nullID {
		a.checkImplicit(w, x)
	}
}

// checkImplicit checks the subscription that came with an intent: it is told of
// each change of it and of nothing else.
func (a *audit) checkImplicit(w *writer, x *intent) {
	var body subscriptionAnswer
	if err := a.node.read(w.party, "GET", subscriptionsPath+"/"+x.subscription, nil, 200, &body); err != nil {
		a.fault("implicit subscription of intent %s: %v", x.id, err)
		return
	}
	if s := body.Subscription; !s.Implicit || s.Index != x.version {
		a.fault("implicit subscription of intent %s of version %d: found %+v", x.id, x.version, s)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subscriptions[x.subscription] = w.party
}

func (a *audit) settleSubscription(w *writer) {
	s := &w.standing
	got, err := a.node.do(w.party, "GET", subscriptionsPath+"/"+s.id, nil)
	if err != nil {
		a.fault("subscription %s: %v", s.id, err)
		return
	}
	c := s.unknown
	s.unknown = nil
	var body subscriptionAnswer
	switch {
	case got.status == 404 && s.version == "":
		return
	case got.status == 404 && c != nil && c.deletes:
		a.load.happened.Add(1)
		*s = standing{id: newID()}
		return
	case got.status != 200:
		a.fault("subscription %s: %+v was acknowledged, found %d %.200s", s.id, *s, got.status, got.body)
		return
	}
	if err := json.Unmarshal(got.body, &body); err != nil {
		a.fault("subscription %s: %v", s.id, err)
		return
	}
	r := &body.Subscription
	switch {
	case r.Version == s.version && r.URL == s.url && r.Index == 0:
	case c == nil || c.deletes:
		a.fault("subscription %s: %+v was acknowledged, found %+v", s.id, *s, *r)
		return
	default:
		if err := s.follows(r, c); err != nil {
			a.fault("subscription %s: %+v was asked for last: it %v", s.id, *c, err)
			return
		}
		a.load.happened.Add(1)
		s.take(r)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subscriptions[s.id] = w.party
}

// checkLists checks that queries list what is there and nothing else.
func (a *audit) checkLists() {
	area := object{"area_of_interest": a.load.site.all()}
	for _, w := range a.load.watchers {
		a.subscriptions[w.id] = w.party
	}
	for _, party := range parties {
		var found intentList
		if err := a.node.read(party, "POST", intentsPath+"/query", area, 200, &found); err != nil {
			a.fault("%v", err)
			continue
		}
		versions := map[string]int{}
		for _, r := range found.Intents {
			versions[r.ID] = r.Version
		}
		a.compare("intents listed for "+party, versions, a.intents)
		var held subscriptionList
		if err := a.node.read(party, "POST", subscriptionsPath+"/query", area, 200, &held); err != nil {
			a.fault("%v", err)
			continue
		}
		own, want := map[string]int{}, map[string]int{}
		for _, s := range held.Subscriptions {
			own[s.ID] = 1
		}
		for id, owner := range a.subscriptions {
			if owner == party {
				want[id] = 1
			}
		}
		a.compare("subscriptions listed for "+party, own, want)
	}
}

func (a *audit) compare(what string, found, expected map[string]int) {
	for id, v := range expected {
		if found[id] != v {
			a.fault("%s: found %s with %d, expected %d", what, id, found[id], v)
		}
	}
	for id, v := range found {
		if _, ok := expected[id]; !ok {
			a.fault("%s: found %s with %d, expected nothing of it", what, id, v)
		}
	}
}

// checkHistory reads what was added to the journal and checks that each change
// stands in it once, and that it continues what was read before.
func (a *audit) checkHistory(ctx context.Context, dir string, h *history) {
	j, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		a.fault("journal: %v", err)
		return
	}
	defer j.Close()
	head := j.Head()
	if err := continues(ctx, j, h.head, head); err != nil {
		a.fault("journal: %v", err)
	}
	err = j.Read(ctx, h.head.Size, head.Size, func(r journal.Record) error { return h.add(&r) })
	if err != nil {
		a.fault("journal: %v", err)
	}
	h.head = head
	a.compare("intents in the journal", h.versions, a.intents)
	for _, w := range a.load.writers {
		if s := &w.standing; h.changed[s.id] != s.applied {
			a.fault("subscription %s: the journal has %d changes, expected %d", s.id, h.changed[s.id], s.applied)
		}
	}
}

// continues tells whether a journal of one head holds what it held at an
// earlier one.
func continues(ctx context.Context, j *journal.Journal, was, is journal.Head) error {
	switch {
	case was.Size == 0:
		return nil
	case was.Size > is.Size:
		return fmt.Errorf("it has %d entries, and had %d", is.Size, was.Size)
	case was.Size == is.Size:
		if was.Root != is.Root {
			return fmt.Errorf("the root of %d entries changed", was.Size)
		}
		return nil
	}
	proof, err := j.ProveConsistency(ctx, was.Size, is.Size)
	if err != nil {
		return err
	}
	tree := make(tlog.TreeProof, len(proof))
	for i := range proof {
		tree[i] = tlog.Hash(proof[i])
	}
	return tlog.CheckTree(tree, is.Size, tlog.Hash(is.Root), was.Size, tlog.Hash(was.Root))
}

// add takes in an entry.
func (h *history) add(r *journal.Record) error {
	var ev struct {
		Type    string          `json:"type"`
		ID      string          `json:"id"`
		Version json.RawMessage `json:"version"`
	}
	if err := json.Unmarshal(r.Event, &ev); err != nil {
		return err
	}
	switch ev.Type {
	case "intent.put":
		h.changes++
		h.versions[ev.ID]++
		if want := fmt.Sprint(h.versions[ev.ID]); string(ev.Version) != want {
			return fmt.Errorf("entry %d: intent %s has version %s, expected %s", r.Index, ev.ID, ev.Version, want)
		}
	case "intent.gone":
		h.changes++
		if h.versions[ev.ID] == 0 {
			return fmt.Errorf("entry %d: intent %s ends and did not exist", r.Index, ev.ID)
		}
		delete(h.versions, ev.ID)
	case "subscription.put":
		h.changed[ev.ID]++
	case "subscription.gone":
	default:
		return fmt.Errorf("entry %d: found type %s, which nobody asked for", r.Index, ev.Type)
	}
	return nil
}

// checkWatchers checks that each watcher was told of every change once: its
// index is the number of changes, and no acknowledged index is beyond it.
func (a *audit) checkWatchers(changes int) {
	for _, w := range a.load.watchers {
		var body subscriptionAnswer
		if err := a.node.read(w.party, "GET", subscriptionsPath+"/"+w.id, nil, 200, &body); err != nil {
			a.fault("%v", err)
			continue
		}
		index := body.Subscription.Index
		if index != changes {
			a.fault("subscription %s: its notification index is %d after %d changes", w.id, index, changes)
		}
		for told := range w.told {
			if told < 1 || told > index {
				a.fault("subscription %s: index %d was given out, it is at %d", w.id, told, index)
			}
		}
	}
}

// receiptsEach is how many receipts of each writer are checked.
const receiptsEach = 1

// checkReceipts has some intents' last changes proven.
func (a *audit) checkReceipts() {
	for _, w := range a.load.writers {
		checked := 0
		for i := range w.intents {
			if x := &w.intents[i]; x.version > 0 && checked < receiptsEach {
				checked++
				if err := a.checkReceipt(w, x); err != nil {
					a.fault("receipt of version %d of intent %s: %v", x.version, x.id, err)
				}
			}
		}
	}
}

// checkReceipt verifies the receipt of the last change of an intent: what it
// shows is that change, the leaf commits to it, the tree holds the leaf, and
// the node signed the tree.
func (a *audit) checkReceipt(w *writer, x *intent) error {
	var native struct {
		Intent struct {
			Modified int64 `json:"modified"`
		} `json:"intent"`
	}
	if err := a.node.read(w.party, "GET", "/v1/intents/"+x.id, nil, 200, &native); err != nil {
		return err
	}
	var r struct {
		Index  int64 `json:"index"`
		Fields []struct {
			Name  string          `json:"name"`
			Salt  string          `json:"salt"`
			Value json.RawMessage `json:"value"`
		} `json:"fields"`
		Leaf        json.RawMessage `json:"leaf"`
		Proof       []string        `json:"proof"`
		Checkpoint  string          `json:"checkpoint"`
		VerifierKey string          `json:"verifier_key"`
	}
	if err := a.node.read(w.party, "GET", fmt.Sprintf("/v1/receipts/%d", native.Intent.Modified), nil, 200, &r); err != nil {
		return err
	}
	shown := map[string]string{}
	for _, f := range r.Fields {
		salt, err := base64.RawURLEncoding.DecodeString(f.Salt)
		if err != nil || len(salt) != 32 {
			return fmt.Errorf("found the salt %q", f.Salt)
		}
		commitment := journal.Commitment(journal.Hash(salt), f.Name, f.Value)
		if !strings.Contains(string(r.Leaf), `"`+base64.RawURLEncoding.EncodeToString(commitment[:])+`"`) {
			return fmt.Errorf("the leaf does not commit to %s", f.Name)
		}
		shown[f.Name] = string(f.Value)
	}
	if shown["id"] != `"`+x.id+`"` || shown["ovn"] != `"`+x.ovn+`"` || shown["version"] != fmt.Sprint(x.version) {
		return fmt.Errorf("it shows %v", shown)
	}
	head, err := journal.ParseCheckpoint([]byte(r.Checkpoint), r.VerifierKey)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, text := range r.Proof {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	return tlog.CheckRecord(proof, head.Size, tlog.Hash(head.Root), native.Intent.Modified, tlog.RecordHash(r.Leaf))
}
