package bearer

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/statement"
)

// deadline is one instant at which something is to happen: exactly one of its
// three last members is there.
type deadline struct {
	ns, spanNS int64 // spanNS is how long was waited for it
	test       *openTest
	watch      *watch
	line       *lineState
}

// deadlines calls each with all that is to come.
func (st *State) deadlines(each func(deadline)) {
	for _, t := range st.tests {
		each(deadline{ns: int64(t.Due), spanNS: t.Opened.WaitNS, test: t})
	}
	for d, w := range st.watches {
		if w.Next != 0 {
			each(deadline{ns: int64(w.Next), spanNS: st.awaited(d).EveryNS, watch: w})
		}
	}
	for l, s := range st.lines {
		if s.NextNS != 0 {
			each(deadline{ns: int64(s.NextNS), spanNS: st.pair(l.From, l.To).WaitNS, line: s})
		}
	}
}

// Deadline returns the earliest instant at which Due has something to do.
func (st *State) Deadline() (ns int64, ok bool) {
	st.deadlines(func(d deadline) {
		if !ok || d.ns < ns {
			ns, ok = d.ns, true
		}
	})
	return ns, ok
}

// Due returns what is due at env.NowNS, in the order of the deadlines: tests to
// begin, tests that nobody answered, heartbeats that did not come. When a
// deadline lies so far back that the node cannot have run, Woke comes alone.
func (st *State) Due(v View, env event.Env) []event.Event {
	var due []deadline
	var slept statement.Instant
	st.deadlines(func(d deadline) {
		if d.ns > env.NowNS {
			return
		}
		due = append(due, d)
		if late(d.ns, d.spanNS, env.NowNS) && (slept == 0 || d.ns < int64(slept)) {
			slept = statement.Instant(d.ns)
		}
	})
	if slept != 0 {
		return []event.Event{&Woke{Since: slept}}
	}
	slices.SortFunc(due, deadline.compare)
	events := make([]event.Event, 0, min(len(due), maxDue))
	for n, d := range due[:min(len(due), maxDue)] {
		events = append(events, st.pass(d, n, env))
	}
	return events
}

// compare orders deadlines by instant, kind and whom they concern.
func (d deadline) compare(o deadline) int {
	kind, line, test := d.name()
	kind2, line2, test2 := o.name()
	return cmp.Or(
		cmp.Compare(d.ns, o.ns),
		cmp.Compare(kind, kind2),
		cmp.Compare(line.From, line2.From),
		cmp.Compare(line.To, line2.To),
		cmp.Compare(line.Bearer, line2.Bearer),
		cmp.Compare(test, test2))
}

func (d deadline) name() (kind int, line Line, test string) {
	switch {
	case d.test != nil:
		return 0, d.test.Opened.Line, d.test.Opened.Test
	case d.watch != nil:
		return 1, Line{d.watch.Of, d.watch.To, HeartbeatBearer}, ""
	}
	return 2, d.line.Line, ""
}

// pass returns the event of a deadline that passes, the n-th of this call.
func (st *State) pass(d deadline, n int, env event.Env) event.Event {
	switch {
	case d.test != nil:
		o := &d.test.Opened
		return &Missed{Line: o.Line, Test: o.Test, Due: d.test.Due, Causes: st.announced(o.Line, d.ns)}
	case d.watch != nil:
		w := d.watch
		if w.Misses+1 < st.awaited(w.Direction).Misses {
			return &BeatMissed{Direction: w.Direction, Due: w.Next, Misses: w.Misses + 1}
		}
		return &Silenced{
			Direction: w.Direction, Since: w.Next, Last: w.Last, Misses: w.Misses + 1,
			Causes: st.ownOutage(w.Direction, d.ns),
		}
	}
	f := st.pair(d.line.From, d.line.To)
	opened := f.open(d.line.Line, n, env)
	scheduled := d.line.NextNS
	opened.Scheduled = &scheduled
	if k := int64(len(f.Positions)); k > 0 {
		opened.Position = f.Positions[f.ordinal(d.ns)%k]
	}
	return opened
}

// ownOutage returns the cause that a party announced for its own heartbeat.
func (st *State) ownOutage(d Direction, ns int64) (own []Stated) {
	for _, s := range st.announced(Line{d.Of, d.To, HeartbeatBearer}, ns) {
		if s.By == d.Of {
			own = append(own, s)
		}
	}
	return own // nil when there is none, as the journal gives it back
}
