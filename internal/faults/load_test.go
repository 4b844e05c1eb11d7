package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// The load is made by writers who each change intents and subscriptions of
// their own, one request at a time, and remember what they were told. So at any
// moment at most one change of a writer has an unknown outcome, and all others
// must be there.

const (
	writers        = 12
	intentsEach    = 5
	urlOfPartyForm = "https://%s.example/%d"
)

var parties = []string{"alpha", "bravo", "charlie", "delta"}

// change is one request to change something.
type change struct {
	deletes    bool
	state, url string // that the thing will have
	implicit   bool   // a subscription is made with the intent
}

// intent is what its writer knows of an operational intent.
type intent struct {
	id, state, url, ovn, subscription string

	version int     // 0: it does not exist
	unknown *change // that was sent and not answered
}

// standing is what its writer knows of a subscription.
type standing struct {
	id, url, version string // no version: it does not exist
	applied          int
	unknown          *change
}

// writer is one client of a party.
type writer struct {
	party     string
	first     int // its first place
	intents   []intent
	standing  standing
	rng       *rand.Rand
	urls      int
	lastIndex map[string]int // by watch: that it was told last
}

// watcher is a subscription of a party to all that the writers do.
type watcher struct {
	party, id string
	told      map[int]string // by notification index: the intent that was changed
}

// target is something that a party may read.
type target struct{ party, path string }

// load is all that was told to the writers of one data directory.
type load struct {
	site     site
	writers  []*writer
	watchers []*watcher
	acked    atomic.Int64
	happened atomic.Int64 // changes of unknown outcome that turned out to have been made

	hot atomic.Pointer[target] // what is being changed

	mu     sync.Mutex
	faults []string // answers that must not come
}

func newLoad(seed uint64) *load {
	l := &load{site: newSite()}
	for i := range writers {
		w := &writer{
			party: parties[i%len(parties)], first: i * intentsEach,
			rng: rand.New(rand.NewPCG(seed, uint64(i))), lastIndex: map[string]int{},
		}
		for range intentsEach {
			w.intents = append(w.intents, intent{id: newID()})
		}
		w.standing.id = newID()
		l.writers = append(l.writers, w)
	}
	return l
}

// watch makes the watchers, before the first intent.
func (l *load) watch(n *node) error {
	for _, party := range parties {
		w := &watcher{party, newID(), map[int]string{}}
		err := n.read(party, "PUT", subscriptionsPath+"/"+w.id, watch(l.site.all(), "https://"+party+".example/watch"), 200, nil)
		if err != nil {
			return err
		}
		l.watchers = append(l.watchers, w)
	}
	return nil
}

func (l *load) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

// run has the writers write until the node is gone or stop is closed. reached is
// called once, when so many changes were acknowledged.
func (l *load) run(n *node, stop <-chan struct{}, acks int64, reached func()) {
	goal := l.acked.Load() + acks
	var all sync.WaitGroup
	for _, w := range l.writers {
		all.Go(func() {
			for l.step(n, w) {
				if l.acked.Add(1) == goal {
					reached()
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	all.Wait()
}

// step makes one change. It returns false when the writer cannot go on.
func (l *load) step(n *node, w *writer) bool {
	if w.rng.IntN(5) == 0 {
		return l.changeSubscription(n, w)
	}
	return l.changeIntent(n, w, w.rng.IntN(intentsEach))
}

// next draws a change of an intent that the node must carry out.
func (w *writer) next(x *intent) *change {
	w.urls++
	c := &change{url: fmt.Sprintf(urlOfPartyForm, w.party, w.urls)}
	switch {
	case x.version == 0:
		c.state, c.implicit = "Accepted", w.rng.IntN(2) == 0
	case w.rng.IntN(4) == 0:
		c.deletes = true
	case x.state == "Activated" || w.rng.IntN(3) == 0 && x.subscription != nullID:
		c.state = "Activated"
	default:
		c.state = "Accepted"
	}
	return c
}

// request returns what is sent for a change.
func (l *load) request(w *writer, i int, c *change) (method, path string, body any) {
	x := &w.intents[i]
	path = intentsPath + "/" + x.id
	if x.version > 0 {
		path += "/" + x.ovn
	}
	if c.deletes {
		return "DELETE", path, nil
	}
	put := l.site.intent(w.first+i, c.state, c.url)
	switch {
	case c.implicit:
		put["new_subscription"] = object{"uss_base_url": c.url, "notify_for_constraints": false}
	case x.version > 0 && x.subscription != nullID:
		put["subscription_id"] = x.subscription
	}
	return "PUT", path, put
}

func (l *load) changeIntent(n *node, w *writer, i int) bool {
	x := &w.intents[i]
	c := w.next(x)
	method, path, body := l.request(w, i, c)
	l.hot.Store(&target{w.party, intentsPath + "/" + x.id})
	a, err := n.do(w.party, method, path, body)
	if err != nil || a.status >= 500 {
		x.unknown = c
		return false
	}
	want := 200
	if x.version == 0 {
		want = 201
	}
	var got intentAnswer
	if a.status == want {
		err = json.Unmarshal(a.body, &got)
	}
	if a.status != want || err != nil {
		l.fault("%s %s: found %d %.300s (%v), expected %d", method, path, a.status, a.body, err, want)
		return false
	}
	l.noteTold(w, x, &got)
	if c.deletes {
		*x = intent{id: newID()}
		return true
	}
	if err := x.follows(&got.Intent, c); err != nil {
		l.fault("%s %s: the answer %v", method, path, err)
		return false
	}
	x.take(&got.Intent)
	return true
}

// follows tells whether what a node shows is what the change makes of the
// intent.
func (x *intent) follows(r *reference, c *change) error {
	switch {
	case r.ID != x.id:
		return fmt.Errorf("has id %s, expected %s", r.ID, x.id)
	case r.Version != x.version+1:
		return fmt.Errorf("has version %d, expected %d", r.Version, x.version+1)
	case r.State != c.state || r.URL != c.url:
		return fmt.Errorf("has state %s and URL %s, expected %s and %s", r.State, r.URL, c.state, c.url)
	case r.OVN == "" || r.OVN == x.ovn:
		return fmt.Errorf("has OVN %q after %q, expected another", r.OVN, x.ovn)
	case c.implicit == (r.Subscription == nullID) && x.version == 0:
		return fmt.Errorf("has subscription %s, expected one: %t", r.Subscription, c.implicit)
	case x.version > 0 && r.Subscription != x.subscription:
		return fmt.Errorf("has subscription %s, expected %s", r.Subscription, x.subscription)
	}
	return nil
}

func (x *intent) take(r *reference) {
	x.version, x.ovn, x.state, x.url, x.subscription = r.Version, r.OVN, r.State, r.URL, r.Subscription
}

// noteTold keeps whom an acknowledged change told of it: every watcher, once,
// with an index that nobody else was given.
func (l *load) noteTold(w *writer, x *intent, a *intentAnswer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	indices := map[string]int{}
	for _, s := range a.Subscribers {
		for _, sub := range s.Subscriptions {
			if indices[sub.ID] != 0 {
				l.faults = append(l.faults, fmt.Sprintf("intent %s: subscription %s is named twice", x.id, sub.ID))
			}
			indices[sub.ID] = sub.Index
		}
	}
	for _, watch := range l.watchers {
		index := indices[watch.id]
		if other := watch.told[index]; other != "" {
			l.faults = append(l.faults, fmt.Sprintf("subscription %s: index %d was given to changes of %s and %s", watch.id, index, other, x.id))
		}
		if index <= w.lastIndex[watch.id] {
			l.faults = append(l.faults, fmt.Sprintf("subscription %s: index %d after %d", watch.id, index, w.lastIndex[watch.id]))
		}
		watch.told[index], w.lastIndex[watch.id] = x.id, index
	}
}

func (l *load) changeSubscription(n *node, w *writer) bool {
	s := &w.standing
	w.urls++
	c := &change{deletes: s.version != "" && w.rng.IntN(4) == 0, url: fmt.Sprintf(urlOfPartyForm, w.party, w.urls)}
	method, path := "PUT", subscriptionsPath+"/"+s.id
	l.hot.Store(&target{w.party, path})
	if s.version != "" {
		path += "/" + s.version
	}
	// Places behind those of all intents, so that it is told of nothing.
	body := any(watch(l.site.place(writers*intentsEach+w.first), c.url))
	if c.deletes {
		method, body = "DELETE", nil
	}
	a, err := n.do(w.party, method, path, body)
	if err != nil || a.status >= 500 {
		s.unknown = c
		return false
	}
	var got subscriptionAnswer
	if a.status == 200 {
		err = json.Unmarshal(a.body, &got)
	}
	if a.status != 200 || err != nil {
		l.fault("%s %s: found %d %.300s (%v), expected 200", method, path, a.status, a.body, err)
		return false
	}
	if c.deletes {
		*s = standing{id: newID()}
		return true
	}
	if err := s.follows(&got.Subscription, c); err != nil {
		l.fault("%s %s: the answer %v", method, path, err)
		return false
	}
	s.take(&got.Subscription)
	return true
}

func (s *standing) follows(r *subscription, c *change) error {
	switch {
	case r.ID != s.id:
		return fmt.Errorf("has id %s, expected %s", r.ID, s.id)
	case r.URL != c.url:
		return fmt.Errorf("has URL %s, expected %s", r.URL, c.url)
	case r.Version == "" || r.Version == s.version:
		return fmt.Errorf("has version %q after %q, expected another", r.Version, s.version)
	case r.Index != 0:
		return fmt.Errorf("has notification index %d, expected 0", r.Index)
	}
	return nil
}

func (s *standing) take(r *subscription) {
	s.version, s.url = r.Version, r.URL
	s.applied++
}
