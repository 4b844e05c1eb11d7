package notice

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Times of this program's own, design values.
const (
	// HoldNS is how long a doubtful version is held back for the notifier to
	// answer, and no longer than until a movement starts. Then it goes out with
	// its doubts, since a hold without an end would be a refusal.
	HoldNS = int64(time.Hour)
	// lostNS after it should have arrived a movement that nobody ended lapses.
	lostNS = 24 * int64(time.Hour)
)

// maxDue bounds the events of one call of Due.
const maxDue = 64

// Whats of a deadline.
const (
	dueHold = iota
	dueRead
	dueLoaded
	dueReview
	dueRisk
	dueArrival
	dueEnd
)

// deadline is something that a notice will have due.
type deadline struct {
	ns   int64
	what int
	to   party.ID
}

// deadlines returns what a notice has due, in order.
func (n *Notice) deadlines() []deadline {
	if n.Standing == Over {
		return nil
	}
	var out []deadline
	add := func(at statement.Instant, what int, to party.ID) {
		out = append(out, deadline{int64(at), what, to})
	}
	if n.Standing == Held {
		add(n.HeldUntil, dueHold, "")
	}
	for i := range n.Recipients {
		r := &n.Recipients[i]
		if !r.active() || r.Version != n.Version {
			continue
		}
		if !r.ReadTold && !r.Has(Read) {
			add(r.ReadBy, dueRead, r.Party)
		}
		if !r.LoadedTold && !r.Has(Loaded) {
			add(r.LoadedBy, dueLoaded, r.Party)
		}
	}
	c := n.Content
	if c.ReviewBy != 0 && !n.ReviewTold {
		add(c.ReviewBy, dueReview, "")
	}
	switch {
	case c.Kind.Moves() && n.Standing == Told:
		if !n.RiskTold {
			add(c.ValidFrom, dueRisk, "")
		}
		if !n.ArrivalTold {
			add(c.ValidTo, dueArrival, "")
		}
		add(c.ValidTo+statement.Instant(lostNS), dueEnd, "")
	case !c.Kind.Moves() && c.ValidTo != 0:
		add(c.ValidTo, dueEnd, "")
	}
	slices.SortStableFunc(out, func(a, b deadline) int { return cmp.Or(cmp.Compare(a.ns, b.ns), cmp.Compare(a.what, b.what)) })
	return out
}

// nextNS returns when the notice has something due, 0 for never.
func (n *Notice) nextNS() int64 {
	if all := n.deadlines(); len(all) > 0 {
		return max(all[0].ns, 1)
	}
	return 0
}

// Deadline returns the earliest instant at which Due has something to do.
func (st *State) Deadline() (ns int64, ok bool) { return st.due.first, st.due.first != 0 }

// Due returns what is due, in the order in which it became so: at most 64
// events, and of a notice only what was first.
func (st *State) Due(v View, env event.Env) []event.Event {
	var ids []string
	for id, ns := range st.due.at {
		if ns <= env.NowNS {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(st.due.at[a], st.due.at[b]), cmp.Compare(a, b))
	})
	var out []event.Event
	for _, id := range ids {
		n := st.notices[id]
		all := n.deadlines()
		for _, d := range all {
			if d.ns != all[0].ns {
				break
			}
			events := n.fall(d, v, env)
			if len(out)+len(events) > maxDue {
				return out
			}
			out = append(out, events...)
			if d.what == dueHold {
				break // what else is due rests on it
			}
		}
	}
	return out
}

// fall returns what happens at a deadline.
func (n *Notice) fall(d deadline, v View, env event.Env) []event.Event {
	h := n.head("")
	switch d.what {
	case dueHold:
		events := []event.Event{&Distributed{Head: h, Content: *n.Content, Doubts: n.Doubts, Confirm: n.Confirm, Recipients: n.Consent}}
		return append(events, n.send("", n.Consent, v, env)...)
	case dueRead:
		return []event.Event{&Overdue{Head: h, To: d.to, Link: Read, Due: statement.Instant(d.ns)}}
	case dueLoaded:
		return []event.Event{&Overdue{Head: h, To: d.to, Link: Loaded, Due: statement.Instant(d.ns)}}
	case dueReview:
		return []event.Event{&ReviewDue{Head: h, Due: statement.Instant(d.ns)}}
	case dueRisk:
		unread, cannot := n.Risks()
		return []event.Event{&Risk{Head: h, Unread: unread, CannotAvoid: cannot}}
	case dueArrival:
		return []event.Event{&Overdue{Head: h, Link: arrived, Due: statement.Instant(d.ns), Others: n.holders()}}
	}
	return []event.Event{&Ended{Head: h, Reason: "expired", Recipients: n.holders()}}
}

// Risks returns which recipients have not read the present version, and which
// cannot avoid. Neither holds a mover; both are shown.
func (n *Notice) Risks() (unread, cannotAvoid []party.ID) {
	for i := range n.Recipients {
		r := &n.Recipients[i]
		if !r.active() {
			continue
		}
		if r.Version != n.Version || !r.Has(Read) {
			unread = append(unread, r.Party)
		}
		if r.Answer == CannotAvoid {
			cannotAvoid = append(cannotAvoid, r.Party)
		}
	}
	return unread, cannotAvoid
}

// calendar knows when each notice next has something due.
type calendar struct {
	at    map[string]int64
	first int64 // the earliest; 0: nothing is due
}

func (c *calendar) clone() calendar { return calendar{maps.Clone(c.at), c.first} }

// set puts a notice at an instant, or takes it out when ns is 0.
func (c *calendar) set(id string, ns int64) {
	old := c.at[id]
	if ns == 0 {
		delete(c.at, id)
	} else {
		c.at[id] = ns
	}
	switch {
	case ns != 0 && (c.first == 0 || ns <= c.first):
		c.first = ns
	case old == c.first:
		c.first = 0
		for _, ns := range c.at {
			if c.first == 0 || ns < c.first {
				c.first = ns
			}
		}
	}
}
