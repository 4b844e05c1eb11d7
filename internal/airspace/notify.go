package airspace

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/outline"
)

// notify gathers the subscriptions that have to be told of a change.
type notify struct {
	st       *State
	nowNS    int64
	of       Kind // what changes
	notified []Notified
	notices  []notice
}

// notice is a Notice and where it goes.
type notice struct {
	url string
	Notice
}

// meeting adds every subscription that meets the volumes, those before and those
// after the change.
func (t *notify) meeting(volumes []outline.Volume) {
	for _, n := range t.st.subscriptions.near(volumes) {
		s := t.st.subscriptions.records.get(n)
		wants := t.of == IntentKind && s.intents || t.of == ConstraintKind && s.constraints
		if wants && s.endNS > t.nowNS && meet(volumes, s.outline) {
			t.add(n, s.id, s.url.Value())
		}
	}
}

// changed adds implicit subscriptions that are made or stretched by this very
// change: they cover the intent from now on.
func (t *notify) changed(changes []ImplicitChange) {
	for i := range changes {
		c := &changes[i]
		already := slices.ContainsFunc(t.notified, func(n Notified) bool { return n.Number == c.Number })
		if !c.Dropped && !already {
			t.add(c.Number, c.ID, c.URL)
		}
	}
	slices.SortFunc(t.notified, func(a, b Notified) int { return cmp.Compare(a.Number, b.Number) })
}

func (t *notify) add(number int64, id ID, url string) {
	// What is kept is the index plus one, 0 for a subscription that is made now.
	next := max(t.st.notices.get(number), 1)
	t.notified = append(t.notified, Notified{number, next})
	t.notices = append(t.notices, notice{url, Notice{id, next}})
}

// subscribers returns the notices by URL.
func (t *notify) subscribers() []Subscriber {
	slices.SortFunc(t.notices, func(a, b notice) int {
		return cmp.Or(cmp.Compare(a.url, b.url), a.Subscription.Compare(b.Subscription))
	})
	var all []Subscriber
	for _, n := range t.notices {
		if len(all) == 0 || all[len(all)-1].URL != n.url {
			all = append(all, Subscriber{URL: n.url})
		}
		last := &all[len(all)-1]
		last.Notices = append(last.Notices, n.Notice)
	}
	return all
}

func refuse(kind RefusalKind, format string, args ...any) error {
	return &Refusal{Kind: kind, Message: fmt.Sprintf(format, args...)}
}
