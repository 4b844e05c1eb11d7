package offer

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// progress is how far an undertaking is.
type progress int

const (
	pending progress = iota
	kept
	broken
)

// progress tells how far an undertaking of an accepted offer is. Nothing is left
// to do once either intent ended.
func (o *Offer) progress(u *Undertaking, v View, env event.Env) progress {
	var own *Intent
	for _, s := range o.Conflict.Sides {
		in := v.Intent(s.Intent)
		if in == nil || in.Ended {
			return kept
		}
		if s.Intent == u.Intent {
			own = in
		}
	}
	switch {
	case own == nil:
		return pending
	case u.Kind == HoldMine:
		switch {
		case env.NowNS >= min(o.holdUntilNS(u, v), int64(o.ComplyBy)):
			return kept
		case own.Activated:
			return broken
		}
		return pending
	case u.Kind == Other:
		if slices.Contains(o.Confirmed, o.other(u.By)) {
			return kept
		}
		return pending
	case u.met(own, v):
		return kept
	case own.Activated && !slices.Contains(o.Active, u.Intent):
		return broken
	}
	return pending
}

// met reports whether an intent is as an undertaking says that it will be.
func (u *Undertaking) met(in *Intent, v View) bool {
	switch {
	case u.NotBefore != nil && in.StartNS < int64(*u.NotBefore), u.NotAfter != nil && in.EndNS > int64(*u.NotAfter):
		return false
	case len(u.Volumes) > 0:
		digest, err := v.Volumes(u.Volumes)
		return err == nil && digest == in.Volumes
	case u.Floor != nil || u.Ceiling != nil:
		return v.Between(u.Intent, u.Floor, u.Ceiling)
	}
	return true
}

// other returns the other party of an offer.
func (b Between) other(id party.ID) party.ID {
	if id == b.From {
		return b.To
	}
	return b.From
}

// watch returns what has become of an accepted offer, none when it goes on.
func (o *Offer) watch(v View, env event.Env) []event.Event {
	over := env.NowNS >= int64(o.ComplyBy)
	done := true
	for i := range o.Undertakings {
		u := &o.Undertakings[i]
		reason := Broken
		switch o.progress(u, v, env) {
		case kept:
			continue
		case pending:
			done = false
			if !over && o.Status == StatusAccepted {
				continue
			}
			switch {
			case o.Status == StatusComplied:
				reason = Undone
			case u.Kind == Other:
				reason = NotConfirmed
			default:
				reason = NotDone
			}
		case broken:
		}
		return []event.Event{&Failed{Between: o.Between, Offer: o.Offer, By: u.By, Reason: reason}}
	}
	if done && o.Status == StatusAccepted {
		return []event.Event{&Done{Between: o.Between, Offer: o.Offer}}
	}
	return nil
}

// Observe returns what follows from the present state of an intent, for whoever
// changes intents to call in the same block: open offers about another version
// are void, conflicts of another version are closed, and what was accepted is
// done, or is not.
func (st *State) Observe(intent string, v View, env event.Env) []event.Event {
	var events []event.Event
	in := v.Intent(intent)
	for _, o := range st.sorted() {
		i := slices.IndexFunc(o.Conflict.Sides[:], func(s Side) bool { return s.Intent == intent })
		if i < 0 {
			continue
		}
		switch o.Status {
		case StatusOpen:
			if reason, gone := o.Conflict.Sides[i].gone(in); gone {
				events = append(events, &Voided{Between: o.Between, Offer: o.Offer, Reason: reason})
			}
		case StatusAccepted:
			events = append(events, o.watch(v, env)...)
		case StatusComplied:
			if env.NowNS < int64(o.ComplyBy) {
				events = append(events, o.watch(v, env)...)
			}
		}
	}
	for _, d := range st.open() {
		for _, s := range d.Conflict.Sides {
			if s.Intent != intent {
				continue
			}
			if reason, gone := s.gone(in); gone {
				events = append(events, &Cleared{Conflict: d.Conflict, Reason: reason})
			}
		}
	}
	return events
}

// gone reports whether a version of an intent is no longer the current one.
func (s *Side) gone(in *Intent) (Reason, bool) {
	switch {
	case in == nil || in.Ended:
		return Ended, true
	case in.Version != s.Version:
		return Changed, true
	}
	return "", false
}

// Meet returns what follows when two intents are found in conflict: it is opened
// here, so that it goes up the ladder even if nobody makes an offer. Call it
// behind Observe.
func (st *State) Meet(a, b string, v View) []event.Event {
	x, y := v.Intent(a), v.Intent(b)
	if a == b || x == nil || y == nil || x.Ended || y.Ended || x.Owner == y.Owner {
		return nil
	}
	return st.meet(newConflict(a, x, b, y, v))
}

// Clear returns what follows when two intents no longer conflict although
// neither changed, as when minima did: open offers are void.
func (st *State) Clear(a, b string) []event.Event {
	d := st.disputes[[2]string{min(a, b), max(a, b)}]
	if d == nil {
		return nil
	}
	var events []event.Event
	for _, o := range st.sorted() {
		if o.Status == StatusOpen && o.Conflict.key() == d.Conflict.key() {
			events = append(events, &Voided{Between: o.Between, Offer: o.Offer, Reason: Clear})
		}
	}
	return append(events, &Cleared{Conflict: d.Conflict, Reason: Clear})
}

// open returns the conflicts by the ids of their intents.
func (st *State) open() []*dispute {
	list := make([]*dispute, 0, len(st.disputes))
	for _, d := range st.disputes {
		list = append(list, d)
	}
	slices.SortFunc(list, func(x, y *dispute) int {
		a, b := x.Conflict.key(), y.Conflict.key()
		return slices.Compare(a[:], b[:])
	})
	return list
}

// escalates returns when a conflict goes up the ladder, if it still may.
func (d *dispute) escalates() (ns int64, ok bool) {
	return int64(d.Conflict.EscalateAt), !d.Escalated && d.Settled == ""
}

// deadline returns when something is due about an offer.
func (o *Offer) deadline() (ns int64, ok bool) {
	switch o.Status {
	case StatusOpen:
		return int64(o.AnswerBy), true
	case StatusAccepted:
		return int64(o.ComplyBy), true
	}
	return 0, false
}

// Deadline returns the earliest instant at which Due has something to do.
func (st *State) Deadline() (ns int64, ok bool) {
	take := func(at int64, is bool) {
		if is && (!ok || at < ns) {
			ns, ok = at, true
		}
	}
	for _, o := range st.offers {
		take(o.deadline())
	}
	for _, d := range st.disputes {
		take(d.escalates())
	}
	return ns, ok
}

// Due returns what is due at env.NowNS, in the order of the deadlines: offers
// that nobody answered, accepted ones whose time is up, conflicts that go up the
// ladder.
func (st *State) Due(v View, env event.Env) []event.Event {
	type due struct {
		ns      int64
		name    string
		offer   *Offer
		dispute *dispute
	}
	var list []due
	for _, o := range st.offers {
		if ns, ok := o.deadline(); ok && ns <= env.NowNS {
			list = append(list, due{ns: ns, name: o.Offer, offer: o})
		}
	}
	for _, d := range st.disputes {
		if ns, ok := d.escalates(); ok && ns <= env.NowNS {
			list = append(list, due{ns: ns, name: d.Conflict.Sides[0].Intent + " " + d.Conflict.Sides[1].Intent, dispute: d})
		}
	}
	slices.SortFunc(list, func(a, b due) int { return cmp.Or(cmp.Compare(a.ns, b.ns), cmp.Compare(a.name, b.name)) })
	var events []event.Event
	for _, d := range list[:min(len(list), maxDue)] {
		switch {
		case d.dispute != nil:
			events = append(events, &Escalated{Conflict: d.dispute.Conflict})
		case d.offer.Status == StatusOpen:
			events = append(events, &Unresolved{Between: d.offer.Between, Offer: d.offer.Offer, Due: statement.Instant(d.ns)})
		default:
			events = append(events, d.offer.watch(v, env)...)
		}
	}
	return events
}
