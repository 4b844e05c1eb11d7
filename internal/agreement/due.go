package agreement

import (
	"cmp"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/statement"
)

// Warning is what a warning is about.
type Warning string

// What is warned of ahead.
const (
	WarnExpiry Warning = "expiry"
	WarnReview Warning = "review"
)

const dayNS = 24 * 3600 * 1_000_000_000

// warnDays are how many days ahead warnings are given.
var warnDays = []int64{30, 7, 1}

// maxDue bounds the events of one call of Due.
const maxDue = 64

// due is what the clock brings next for an agreement.
type due struct {
	ns   int64 // zero: nothing
	what dueKind
	id   string // of the notice or query
	n    int64  // version, or days
}

// dueKind orders what falls on the same instant.
type dueKind uint8

const (
	dueEntry dueKind = iota + 1
	dueNotice
	dueDemands
	dueExpiry
	dueQuery
	dueWarnExpiry
	dueWarnReview
)

// nextDue finds what the clock brings next.
func (a *agreement) nextDue() due {
	var next due
	offer := func(at statement.Instant, d due) {
		d.ns = int64(at)
		if next.ns == 0 || cmp.Or(cmp.Compare(d.ns, next.ns), cmp.Compare(d.what, next.what)) < 0 {
			next = d
		}
	}
	for _, n := range a.Pending {
		if v := a.version(n); a.Blocked == nil || a.Blocked.Version < n {
			offer(entersAt(v.Text, v.Complete), due{what: dueEntry, n: n})
		}
	}
	if a.Blocked != nil { // what is blocked may expire before its obstacles are gone
		v := a.version(a.Blocked.Version)
		if at := expiresAt(v.Text); at != 0 && !slices.Contains(a.Blocked.Reasons, hasExpired(at)) {
			offer(at, due{what: dueEntry, n: v.Number})
		}
	}
	for _, n := range a.Notices {
		if !n.Ended && !n.Effective {
			offer(n.From, due{what: dueNotice, id: n.ID})
		}
		if !n.Ended && !n.Overdue && n.ReplyBy != 0 && slices.ContainsFunc(n.Demands, Demand.open) {
			offer(n.ReplyBy, due{what: dueDemands, id: n.ID})
		}
	}
	for _, q := range a.Queries {
		if q.waits() && !q.Overdue {
			offer(q.Due, due{what: dueQuery, id: q.ID})
		}
	}
	if !a.running() {
		return next
	}
	if at := expiresAt(a.current().Text); at != 0 {
		offer(at, due{what: dueExpiry})
		if days, ok := nextWarning(a.Warned[WarnExpiry]); ok {
			offer(at-statement.Instant(days*dayNS), due{what: dueWarnExpiry, n: days})
		}
	}
	if a.Review != 0 {
		if days, ok := nextWarning(a.Warned[WarnReview]); ok {
			offer(a.Review-statement.Instant(days*dayNS), due{what: dueWarnReview, n: days})
		}
	}
	return next
}

// nextWarning returns how many days ahead the warning after that of last days is
// given. Zero last days: none was given yet.
func nextWarning(last int64) (days int64, ok bool) {
	for _, days := range warnDays {
		if last == 0 || days < last {
			return days, true
		}
	}
	return 0, false
}

// warn returns a warning, by the days that are really left: of warnings whose
// time has passed only the last is given.
func (a *agreement) warn(what Warning, at statement.Instant, to head, nowNS int64) event.Event {
	days := int64(0)
	for _, d := range warnDays {
		if last := a.Warned[what]; (last == 0 || d < last) && int64(at)-d*dayNS <= nowNS {
			days = d
		}
	}
	return &Warned{head: to, What: what, Days: days, Due: at}
}

// Deadline returns the earliest instant, in nanoseconds since 1970, at which Due
// has something to do.
func (st *State) Deadline() (ns int64, ok bool) {
	for _, a := range st.agreements {
		if a.due.ns != 0 && (!ok || a.due.ns < ns) {
			ns, ok = a.due.ns, true
		}
	}
	return ns, ok
}

// Due returns what is due, in the order in which it fell due: at most one step of
// each agreement, as each is decided on what the one before left.
func (st *State) Due(v View, env event.Env) []event.Event {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(st.agreements)) {
		if ns := st.agreements[id].due.ns; ns != 0 && ns <= env.NowNS {
			ids = append(ids, id)
		}
	}
	slices.SortStableFunc(ids, func(x, y string) int { return cmp.Compare(st.agreements[x].due.ns, st.agreements[y].due.ns) })
	var events []event.Event
	for _, id := range ids[:min(len(ids), maxDue)] {
		events = append(events, st.agreements[id].fall(v, env))
	}
	return events
}

// fall returns the event of what is due.
func (a *agreement) fall(v View, env event.Env) event.Event {
	to := v.all(a, env.NowNS)
	switch d := a.due; d.what {
	case dueEntry:
		return a.enter(a.version(d.n), statement.Instant(d.ns), v, env)
	case dueNotice:
		return takeEffect(a.notice(d.id), to)
	case dueDemands:
		return &Overdue{head: to, Notice: d.id}
	case dueQuery:
		return &Overdue{head: signatories(a), Query: d.id}
	case dueExpiry:
		return &Expired{head: to, From: statement.Instant(d.ns)}
	case dueWarnExpiry:
		return a.warn(WarnExpiry, expiresAt(a.current().Text), to, env.NowNS)
	default:
		return a.warn(WarnReview, a.Review, to, env.NowNS)
	}
}
