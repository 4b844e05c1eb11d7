package bearer

import (
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// LineView is one direction of a bearer as people read it.
type LineView struct {
	Line
	Condition Condition         `json:"condition"`
	Cause     Cause             `json:"cause"`
	Since     statement.Instant `json:"since"`
	Stated    []Stated          `json:"stated"` // causes, by who states them
	Last      []Result          `json:"last"`   // tests, oldest first, at most 16
	Next      statement.Instant `json:"next"`   // scheduled test; 1970: none
	Skipped   int64             `json:"skipped"`
}

// BearerView is a bearer between two parties: as bad as the worse of its lines.
// One that carries text is SILENT while a heartbeat is, for it is what the
// heartbeats come over.
type BearerView struct {
	Bearer    string            `json:"bearer"`
	Condition Condition         `json:"condition"`
	Cause     Cause             `json:"cause"`
	Since     statement.Instant `json:"since"`
	Lines     [2]LineView       `json:"lines"`
}

// BeatView is one party's heartbeat as the other counts on it.
type BeatView struct {
	Direction
	Condition Condition         `json:"condition"`
	Cause     Cause             `json:"cause"`
	Since     statement.Instant `json:"since"`
	Stated    []Stated          `json:"stated"`
	Last      statement.Instant `json:"last"` // heartbeat; 1970: never
	Seen      int64             `json:"seen"`
	Misses    int64             `json:"misses"`
	// Until is the journal index that the party has to read up to, in RESYNC:
	// it missed the entries behind Seen.
	Until int64 `json:"until,omitempty"`
}

// Link is how two parties can reach each other.
type Link struct {
	Pair       [2]party.ID  `json:"pair"`
	Heartbeats [2]BeatView  `json:"heartbeats"` // of each, in the order of Pair
	Bearers    []BearerView `json:"bearers"`    // by name
}

// Link returns how two parties can reach each other, as far as is known.
func (st *State) Link(a, b party.ID) Link {
	link := Link{Pair: terms.Pair(a, b), Bearers: []BearerView{}}
	a, b = link.Pair[0], link.Pair[1]
	silent := (*BeatView)(nil)
	for i, d := range [2]Direction{{a, b}, {b, a}} {
		link.Heartbeats[i] = st.beatView(d)
		if h := &link.Heartbeats[i]; h.Condition == Silent && (silent == nil || h.Since < silent.Since) {
			silent = h
		}
	}
	var names []string
	for l := range st.lines {
		if terms.Pair(l.From, l.To) == link.Pair && !slices.Contains(names, l.Bearer) {
			names = append(names, l.Bearer)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		v := BearerView{Bearer: name, Lines: [2]LineView{st.lineView(Line{a, b, name}), st.lineView(Line{b, a, name})}}
		worse := &v.Lines[0]
		if v.Lines[1].Condition.worse(worse.Condition) {
			worse = &v.Lines[1]
		}
		v.Condition, v.Cause, v.Since = worse.Condition, worse.Cause, worse.Since
		if silent != nil && slices.Contains(st.pair(a, b).Data, name) {
			v.Condition, v.Cause, v.Since = Silent, silent.Cause, silent.Since
		}
		link.Bearers = append(link.Bearers, v)
	}
	return link
}

// worse orders the conditions of lines.
func (c Condition) worse(than Condition) bool {
	order := []Condition{Up, NotKnown, Degraded, Silent}
	return slices.Index(order, c) > slices.Index(order, than)
}

func (st *State) lineView(l Line) LineView {
	s := st.lines[l]
	if s == nil {
		s = &lineState{Line: l, Condition: NotKnown}
	}
	return LineView{
		Line: l, Condition: s.Condition, Cause: agreed(s.Stated), Since: s.Since,
		Stated: orEmpty(s.Stated), Last: orEmpty(s.Results), Next: s.NextNS, Skipped: s.Skipped,
	}
}

func (st *State) beatView(d Direction) BeatView {
	w := st.watches[d]
	if w == nil {
		w = &watch{Direction: d, Condition: NotKnown}
	}
	return BeatView{
		Direction: d, Condition: w.Condition, Cause: agreed(w.Stated), Since: w.Since,
		Stated: orEmpty(w.Stated), Last: w.Last, Seen: w.Seen, Misses: w.Misses, Until: w.Until,
	}
}

// agreed returns the cause that all who state one state; Unknown when nobody
// does, or they differ.
func agreed(list []Stated) Cause {
	if len(list) == 0 {
		return Unknown
	}
	for _, s := range list {
		if s.Cause != list[0].Cause {
			return Unknown
		}
	}
	return list[0].Cause
}

// Standing returns how a party's heartbeats stand towards another: UNKNOWN, UP,
// SILENT or RESYNC.
func (st *State) Standing(of, to party.ID) Condition {
	if w := st.watches[Direction{of, to}]; w != nil {
		return w.Condition
	}
	return NotKnown
}

// Silent reports whether the consequences of silence hold: the party is SILENT
// towards the other, or back but in RESYNC. One that never sent a heartbeat is
// not silent; nobody knows (Standing is UNKNOWN).
func (st *State) Silent(of, to party.ID) bool {
	c := st.Standing(of, to)
	return c == Silent || c == Resync
}

// ClockErrorNS returns by how much more a party's times may be wrong than its
// clock is agreed to be: the measured offset and the stated error when they are
// above the limit; else 0.
func (st *State) ClockErrorNS(id party.ID) int64 {
	if r := st.clocks[id]; r != nil && r.Alarm() {
		return r.BoundNS()
	}
	return 0
}

// ClockOf returns the last reading of a party's clock; false when there is
// none.
func (st *State) ClockOf(id party.ID) (Reading, bool) {
	if r := st.clocks[id]; r != nil {
		return *r, true
	}
	return Reading{}, false
}

// LastBeat returns a party's last heartbeat, or nil. It must not be changed.
func (st *State) LastBeat(id party.ID) *Beat { return st.beats[id] }

// Untested returns the lines between two parties that tests are agreed for and
// that had no good test since an instant, in order. None is what resuming an
// agreement asks for.
func (st *State) Untested(a, b party.ID, sinceNS int64) []Line {
	f := st.pair(a, b)
	var list []Line
	for _, bearer := range f.Bearers {
		for _, l := range [2]Line{{f.Pair[0], f.Pair[1], bearer}, {f.Pair[1], f.Pair[0], bearer}} {
			if !slices.ContainsFunc(st.lineView(l).Last, func(r Result) bool {
				return r.Outcome == Good && int64(r.At) >= sinceNS
			}) {
				list = append(list, l)
			}
		}
	}
	return list
}

// OpenTest is a test call that waits for its answer.
type OpenTest struct {
	Opened
	Begun statement.Instant `json:"begun"`
	Due   statement.Instant `json:"due"`
}

// OpenTests returns the open test calls from and to a party, in the order in
// which they are due. A challenge that is spoken is left out for who is called.
func (st *State) OpenTests(id party.ID) []OpenTest {
	list := []OpenTest{}
	for _, t := range st.tests {
		if id != t.Opened.From && id != t.Opened.To {
			continue
		}
		o := OpenTest{t.Opened, t.Begun, t.Due}
		if id == o.To && !o.Shown {
			o.Challenge = ""
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(x, y OpenTest) int {
		return deadline{ns: int64(x.Due), test: &openTest{Opened: x.Opened}}.compare(deadline{ns: int64(y.Due), test: &openTest{Opened: y.Opened}})
	})
	return list
}
