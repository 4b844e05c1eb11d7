package bearer

import (
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

const (
	secondNS = 1_000_000_000
	dayNS    = 86400 * secondNS

	// lateParts sets when a deadline found in the past means that the node did
	// not run: a running node comes to each within milliseconds, so being late by
	// a quarter of what was waited for is far more than it can be.
	lateParts = 4

	// maxResults is how many of the last tests of a line are kept for its trend.
	maxResults = 16
	// maxDue bounds the events of one call of Due.
	maxDue = 64
)

// View is what this domain needs of others.
type View struct {
	Registry *registry.State
	// Rules returns what holds between two parties now; never nil.
	Rules func(a, b party.ID) *terms.Rules
	// Partners returns who counts on a party's heartbeats, in order: those it has
	// an agreement or a safety floor with, and who else should be warned of its
	// silence.
	Partners func(id party.ID) []party.ID
	// Head is the index of the last entry of the journal; 0: not known.
	Head int64
}

// Condition is how well a line or bearer works.
type Condition string

// Conditions, as far as is known.
const (
	NotKnown Condition = "UNKNOWN" // never tested, never heard of
	Up       Condition = "UP"
	Degraded Condition = "DEGRADED" // the last test was not good
	Silent   Condition = "SILENT"   // heartbeats are missing
	// Resync is a party that was silent, is heard again, and has not yet read all
	// that it missed.
	Resync Condition = "RESYNC"
)

// Result is how one test went.
type Result struct {
	Test        string            `json:"test"`
	At          statement.Instant `json:"at"`
	Outcome     Outcome           `json:"outcome"`
	Readability int64             `json:"readability"` // 0: not answered
	DelayMS     int64             `json:"delay_ms"`
	Position    string            `json:"position"`
}

// lineState is what is known of a line.
type lineState struct {
	Line
	Condition Condition         `json:"condition"`
	Since     statement.Instant `json:"since"`
	Stated    []Stated          `json:"stated"`
	Results   []Result          `json:"results"` // oldest first
	NextNS    statement.Instant `json:"next"`    // scheduled test; 0: none
	Skipped   int64             `json:"skipped"` // scheduled tests that fell into the node's own absence
}

// openTest is a test call that waits for its answer.
type openTest struct {
	Opened Opened            `json:"opened"`
	Begun  statement.Instant `json:"begun"`
	Due    statement.Instant `json:"due"`
}

// watch is what is known of a party's heartbeats as one other counts on them.
type watch struct {
	Direction
	Condition Condition         `json:"condition"`
	Since     statement.Instant `json:"since"`
	Stated    []Stated          `json:"stated"`
	Last      statement.Instant `json:"last"`   // heartbeat that came
	Seen      int64             `json:"seen"`   // as it said
	Misses    int64             `json:"misses"` // in a row
	Next      statement.Instant `json:"next"`   // is due; 0: nothing is awaited
	Until     int64             `json:"until"`  // index to have read, in RESYNC
}

// State is all that is known of lines and heartbeats.
type State struct {
	pairs    map[[2]party.ID]*Followed
	partners map[party.ID][]party.ID // of pairs
	lines    map[Line]*lineState
	tests    map[string]*openTest
	watches  map[Direction]*watch
	shares   map[Direction]*Shared
	sharing  map[party.ID][]party.ID // with whom, of shares
	beats    map[party.ID]*Beat      // last of each
	clocks   map[party.ID]*Reading
	outages  map[Line]*Announced // last announced of each
}

// New returns the state in which nothing is known.
func New() *State {
	return &State{
		pairs:    map[[2]party.ID]*Followed{},
		partners: map[party.ID][]party.ID{},
		lines:    map[Line]*lineState{},
		tests:    map[string]*openTest{},
		watches:  map[Direction]*watch{},
		shares:   map[Direction]*Shared{},
		sharing:  map[party.ID][]party.ID{},
		beats:    map[party.ID]*Beat{},
		clocks:   map[party.ID]*Reading{},
		outages:  map[Line]*Announced{},
	}
}

// Clone returns a copy that stays as it is while the original goes on.
func (st *State) Clone() *State {
	return &State{
		pairs:    maps.Clone(st.pairs),
		partners: maps.Clone(st.partners),
		lines:    maps.Clone(st.lines),
		tests:    maps.Clone(st.tests),
		watches:  maps.Clone(st.watches),
		shares:   maps.Clone(st.shares),
		sharing:  maps.Clone(st.sharing),
		beats:    maps.Clone(st.beats),
		clocks:   maps.Clone(st.clocks),
		outages:  maps.Clone(st.outages),
	}
}

// Apply takes an event into the state.
func (st *State) Apply(ev event.Event, at event.At) {
	now := statement.Instant(at.NS)
	switch e := ev.(type) {
	case *Followed:
		st.follow(e, at.NS)
	case *Opened:
		st.tests[e.Test] = &openTest{Opened: *e, Begun: now, Due: now + statement.Instant(e.WaitNS)}
		if l := st.lines[e.Line]; l != nil && e.Scheduled != nil {
			changed := *l
			changed.NextNS = st.nextTest(e.Line, int64(*e.Scheduled))
			st.lines[e.Line] = &changed
		}
	case *Answered:
		st.closeTest(e.Line, Result{e.Test, now, e.Outcome, e.Readability, e.DelayMS, e.Position}, e.Causes)
		if e.Clock != nil {
			st.clocks[e.To] = e.Clock
		}
	case *Missed:
		st.closeTest(e.Line, Result{Test: e.Test, At: e.Due, Outcome: NoAnswer}, e.Causes)
	case *Shared:
		st.share(e)
		if st.watches[e.Direction] == nil {
			st.watches[e.Direction] = &watch{Direction: e.Direction, Condition: NotKnown, Since: now}
		}
	case *Beat:
		st.beat(e, now)
	case *BeatMissed:
		st.changeWatch(e.Direction, func(w *watch) {
			w.Misses = e.Misses
			w.Next = e.Due + statement.Instant(st.awaited(e.Direction).EveryNS)
		})
	case *Silenced:
		st.changeWatch(e.Direction, func(w *watch) {
			w.Condition, w.Since, w.Stated, w.Misses, w.Next, w.Until = Silent, e.Since, e.Causes, e.Misses, 0, 0
		})
	case *Returned:
		st.changeWatch(e.Direction, func(w *watch) { w.Condition, w.Since, w.Until = Resync, now, at.Index })
	case *Resynced:
		st.changeWatch(e.Direction, func(w *watch) { w.Condition, w.Since, w.Stated, w.Until = Up, now, nil, 0 })
	case *ClockAlarm:
		st.clocks[e.Party] = &e.Clock
	case *CauseStated:
		st.stateCause(e)
	case *Announced:
		st.outages[e.Line] = e
	case *Woke:
		st.wake(at.NS)
	}
}

// pair returns what is followed between two parties, or an empty record.
func (st *State) pair(a, b party.ID) *Followed {
	if f := st.pairs[terms.Pair(a, b)]; f != nil {
		return f
	}
	return &Followed{}
}

// awaited returns what is expected of the heartbeats of one party as another
// counts on them: what both agreed, else what the one offered.
func (st *State) awaited(d Direction) Shared {
	if f := st.pair(d.Of, d.To); f.EveryNS > 0 || f.ClockNS > 0 {
		return Shared{d, f.EveryNS, f.Misses, f.ClockNS}
	}
	if s := st.shares[d]; s != nil {
		return *s
	}
	return Shared{Direction: d}
}

// counting returns who counts on a party's heartbeats and clock, in order.
func (st *State) counting(id party.ID) []party.ID {
	all := slices.Concat(st.partners[id], st.sharing[id])
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(to party.ID) bool {
		s := st.awaited(Direction{id, to})
		return s.EveryNS == 0 && s.ClockNS == 0
	})
}

func (st *State) share(s *Shared) {
	if st.shares[s.Direction] == nil {
		st.sharing[s.Of] = append(slices.Clone(st.sharing[s.Of]), s.To)
	}
	st.shares[s.Direction] = s
}

func (st *State) follow(e *Followed, nowNS int64) {
	if st.pairs[e.Pair] == nil {
		for i, id := range e.Pair {
			list := append(slices.Clone(st.partners[id]), e.Pair[1-i])
			slices.Sort(list)
			st.partners[id] = list
		}
	}
	st.pairs[e.Pair] = e
	for i, from := range e.Pair {
		to := e.Pair[1-i]
		d := Direction{from, to}
		if st.watches[d] == nil {
			st.watches[d] = &watch{Direction: d, Condition: NotKnown, Since: statement.Instant(nowNS)}
		}
		if e.EveryNS == 0 {
			st.changeWatch(d, func(w *watch) {
				w.Condition, w.Since, w.Stated, w.Misses, w.Next, w.Until = NotKnown, statement.Instant(nowNS), nil, 0, 0, 0
			})
		}
		for _, bearer := range e.Bearers {
			l := Line{from, to, bearer}
			if st.lines[l] == nil {
				st.lines[l] = &lineState{Line: l, Condition: NotKnown, Since: statement.Instant(nowNS)}
			}
		}
	}
	for l, s := range st.lines {
		if terms.Pair(l.From, l.To) == e.Pair {
			changed := *s
			changed.NextNS = st.nextTest(l, nowNS)
			st.lines[l] = &changed
		}
	}
}

// nextTest returns when the schedule has the first test of a line later than an
// instant; 0: never.
func (st *State) nextTest(l Line, afterNS int64) statement.Instant {
	f := st.pair(l.From, l.To)
	if len(f.AtNS) == 0 || !slices.Contains(f.Bearers, l.Bearer) {
		return 0
	}
	midnight := midnightNS(afterNS)
	for _, at := range f.AtNS {
		if midnight+at > afterNS {
			return statement.Instant(midnight + at)
		}
	}
	return statement.Instant(midnight + dayNS + f.AtNS[0])
}

// ordinal counts the tests that the schedule has on each line up to an instant.
func (e *Followed) ordinal(ns int64) int64 {
	midnight := midnightNS(ns)
	n := midnight / dayNS * int64(len(e.AtNS))
	for _, at := range e.AtNS {
		if midnight+at <= ns {
			n++
		}
	}
	return n
}

// midnightNS returns the beginning of an instant's day in UTC.
func midnightNS(ns int64) int64 {
	since := ns % dayNS
	if since < 0 {
		since += dayNS
	}
	return ns - since
}

func (st *State) closeTest(l Line, r Result, causes []Stated) {
	delete(st.tests, r.Test)
	s := st.lines[l]
	if s == nil {
		s = &lineState{Line: l, Condition: NotKnown}
	}
	changed := *s
	condition := Up
	if r.Outcome != Good {
		condition = Degraded
	}
	if changed.Condition != condition {
		changed.Condition, changed.Since, changed.Stated = condition, r.At, causes
	}
	from := max(0, len(s.Results)+1-maxResults)
	changed.Results = append(slices.Clone(s.Results[from:]), r)
	st.lines[l] = &changed
}

func (st *State) beat(e *Beat, now statement.Instant) {
	st.beats[e.Party] = e
	if e.Clock != nil {
		st.clocks[e.Party] = e.Clock
	}
	for _, to := range st.counting(e.Party) {
		d := Direction{e.Party, to}
		every := st.awaited(d).EveryNS
		if e.To != "" && e.To != to || every == 0 {
			continue
		}
		st.changeWatch(d, func(w *watch) {
			w.Last, w.Seen, w.Misses, w.Next = now, e.Seen, 0, now+statement.Instant(every)
			if w.Condition == NotKnown {
				w.Condition, w.Since = Up, now
			}
		})
	}
}

// changeWatch puts a changed copy in the place of a watch.
func (st *State) changeWatch(d Direction, change func(*watch)) {
	if w := st.watches[d]; w != nil {
		changed := *w
		change(&changed)
		st.watches[d] = &changed
	}
}

func (st *State) stateCause(e *CauseStated) {
	with := func(list []Stated) []Stated {
		list = slices.Clone(list)
		list = slices.DeleteFunc(list, func(s Stated) bool { return s.By == e.Stated.By })
		return append(list, e.Stated)
	}
	if e.Bearer == HeartbeatBearer {
		st.changeWatch(Direction{e.From, e.To}, func(w *watch) { w.Stated = with(w.Stated) })
		return
	}
	if s := st.lines[e.Line]; s != nil {
		changed := *s
		changed.Stated = with(s.Stated)
		st.lines[e.Line] = &changed
	}
}

// wake gives everything that is awaited one full period, and passes over the
// tests that were to begin meanwhile.
func (st *State) wake(nowNS int64) {
	now := statement.Instant(nowNS)
	for d, w := range st.watches {
		if w.Next != 0 {
			st.changeWatch(d, func(w *watch) {
				w.Next = max(w.Next, now+statement.Instant(st.awaited(d).EveryNS))
			})
		}
	}
	for id, t := range st.tests {
		changed := *t
		changed.Due = max(t.Due, now+statement.Instant(t.Opened.WaitNS))
		st.tests[id] = &changed
	}
	for l, s := range st.lines {
		if s.NextNS == 0 || !late(int64(s.NextNS), st.pair(l.From, l.To).WaitNS, nowNS) {
			continue
		}
		f, changed := st.pair(l.From, l.To), *s
		changed.NextNS = st.nextTest(l, nowNS)
		changed.Skipped += f.ordinal(nowNS) - f.ordinal(int64(s.NextNS)) + 1
		st.lines[l] = &changed
	}
}

// late reports whether a deadline, which waited spanNS, is so far in the past
// that the node cannot have run when it passed.
func late(deadlineNS, spanNS, nowNS int64) bool { return nowNS-deadlineNS > spanNS/lateParts }
