package channel

import (
	"cmp"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// How long and how many of what ended are kept in memory. The journal has all.
const (
	KeepNS   = int64(24 * 3600 * 1_000_000_000)
	KeepMost = 10_000  // messages and calls of a direction
	KeepAll  = 200_000 // messages, calls and STOPs in all
	// pruneMost bounds the work that one event can find to do.
	pruneMost = 64
)

// direction is from one party to another.
type direction struct {
	from, to party.ID
}

// series is what is known of a direction.
type series struct {
	last  int64    // number of the last message
	open  int64    // messages that have not ended
	ended []string // ids of messages and calls that did, oldest first
}

// ended is something that is forgotten KeepNS after ns.
type ended struct {
	ns int64
	id string
}

// call is a call by voice that some side entered.
type call struct {
	ID      string            `json:"id"`
	Between [2]party.ID       `json:"between"` // who entered it first, and with whom
	At      statement.Instant `json:"at"`
}

// State is all that is known of the channel. Its records are never changed in
// place.
type State struct {
	messages     map[string]*Message
	series       map[direction]*series
	open         map[party.ID]map[string]struct{} // messages that have not ended, of both sides
	outgoing     map[party.ID]int                 // of them, those that a party sent
	stops        map[string]*StopCall
	standing     map[party.ID]int // STOPs of a party that were not lifted
	calls        map[string]*call
	undertakings map[string]*Undertaking
	promised     map[party.ID]int // undertakings that a party entered
	statistics   map[party.ID]*Statistics
	ended        []ended // oldest first; some may be forgotten already
	kept         int     // of them, those that are not
	live         int     // open messages
	calendar     calendar
}

// New returns the state of a channel on which nothing was said.
func New() *State {
	return &State{
		messages:     map[string]*Message{},
		series:       map[direction]*series{},
		open:         map[party.ID]map[string]struct{}{},
		outgoing:     map[party.ID]int{},
		stops:        map[string]*StopCall{},
		standing:     map[party.ID]int{},
		calls:        map[string]*call{},
		undertakings: map[string]*Undertaking{},
		promised:     map[party.ID]int{},
		statistics:   map[party.ID]*Statistics{},
	}
}

// Clone returns a copy that shares no more than records.
func (st *State) Clone() *State {
	c := &State{
		messages:     maps.Clone(st.messages),
		series:       make(map[direction]*series, len(st.series)),
		open:         make(map[party.ID]map[string]struct{}, len(st.open)),
		outgoing:     maps.Clone(st.outgoing),
		stops:        maps.Clone(st.stops),
		standing:     maps.Clone(st.standing),
		calls:        maps.Clone(st.calls),
		undertakings: maps.Clone(st.undertakings),
		promised:     maps.Clone(st.promised),
		statistics:   make(map[party.ID]*Statistics, len(st.statistics)),
		// Both go on appending: the copy to memory of its own.
		ended:    slices.Clip(st.ended),
		kept:     st.kept,
		live:     st.live,
		calendar: calendar{entries: slices.Clone(st.calendar.entries)},
	}
	for d, s := range st.series {
		c.series[d] = &series{s.last, s.open, slices.Clip(s.ended)}
	}
	for id, open := range st.open {
		c.open[id] = maps.Clone(open)
	}
	for id, s := range st.statistics {
		own := *s
		c.statistics[id] = &own
	}
	return c
}

// Statistics are counts of what a party did, and what was done to it, on the
// channel since the state began. They say how precedences are used, not why.
type Statistics struct {
	Party      party.ID `json:"party"`
	Routine    int64    `json:"routine"`  // sent
	Priority   int64    `json:"priority"` // sent
	Immediate  int64    `json:"immediate"`
	Flash      int64    `json:"flash"`
	Stops      int64    `json:"stops"`
	Received   int64    `json:"received"`
	Overdue    int64    `json:"overdue"`    // received, and not dealt with in time
	Unanswered int64    `json:"unanswered"` // received, and the whole ladder climbed
	Expired    int64    `json:"expired"`    // received, and never dealt with
	Mismatches int64    `json:"mismatches"` // own read-backs that did not match
	PassedUp   int64    `json:"passed_up"`  // own answers below the level that it took
	Mistaken   int64    `json:"mistaken"`   // findings of others about own STOPs and precedences
	Misused    int64    `json:"misused"`    // likewise
	Late       int64    `json:"late"`       // own undertakings
}

// sent counts a message by its precedence; STOP is counted once, not by
// recipient.
func (s *Statistics) sent(p Precedence) {
	switch p {
	case Routine:
		s.Routine++
	case Priority:
		s.Priority++
	case Immediate:
		s.Immediate++
	case Flash:
		s.Flash++
	}
}

func (st *State) count(id party.ID) *Statistics {
	s := st.statistics[id]
	if s == nil {
		s = &Statistics{Party: id}
		st.statistics[id] = s
	}
	return s
}

// Statistics returns the counts of a party.
func (st *State) Statistics(id party.ID) Statistics {
	if s := st.statistics[id]; s != nil {
		return *s
	}
	return Statistics{Party: id}
}

func (st *State) direction(from, to party.ID) *series {
	d := direction{from, to}
	s := st.series[d]
	if s == nil {
		s = &series{}
		st.series[d] = s
	}
	return s
}

// numbered returns what is known of a direction, for reading.
func (st *State) numbered(from, to party.ID) series {
	if s := st.series[direction{from, to}]; s != nil {
		return *s
	}
	return series{}
}

// put adds a message that is open.
func (st *State) put(m *Message) {
	st.messages[m.ID] = m
	s := st.direction(m.From, m.To)
	s.last, s.open = m.Number, s.open+1
	for _, id := range [...]party.ID{m.From, m.To} {
		if st.open[id] == nil {
			st.open[id] = map[string]struct{}{}
		}
		st.open[id][m.ID] = struct{}{}
	}
	st.live++
	st.outgoing[m.From]++
	if ns, ok := m.nextNS(); ok {
		st.calendar.add(ns, m.ID)
	}
}

// change replaces a message by what f makes of a copy.
func (st *State) change(id string, at event.At, f func(m *Message)) {
	old := st.messages[id]
	if old == nil {
		return
	}
	m := *old
	f(&m)
	st.messages[id] = &m
	if old.Ended == 0 && m.Ended != 0 {
		s := st.direction(m.From, m.To)
		s.open--
		st.live--
		if st.outgoing[m.From]--; st.outgoing[m.From] == 0 {
			delete(st.outgoing, m.From)
		}
		delete(st.open[m.From], id)
		delete(st.open[m.To], id)
		st.end(at, m.From, m.To, id)
	}
	before, _ := old.nextNS()
	if ns, ok := m.nextNS(); ok && ns != before {
		st.calendar.add(ns, id)
	}
}

// end notes that a message or call of a direction ended.
func (st *State) end(at event.At, from, to party.ID, id string) {
	s := st.direction(from, to)
	s.ended = append(s.ended, id)
	if len(s.ended) > KeepMost {
		st.forget(s.ended[0])
	}
	st.over(at, id)
}

// over notes that something ended, and forgets the oldest of too many.
func (st *State) over(at event.At, id string) {
	st.ended = append(st.ended, ended{at.NS, id})
	if st.kept++; st.kept > KeepAll {
		st.skip()
		st.forget(st.ended[0].id)
	}
	if len(st.ended) > 2*st.kept+64 {
		st.ended = slices.DeleteFunc(slices.Clone(st.ended), func(e ended) bool { return !st.knows(e.id) })
	}
}

// knows reports whether something that ended is still in memory.
func (st *State) knows(id string) bool {
	return st.messages[id] != nil || st.calls[id] != nil || st.stops[id] != nil
}

// skip drops from the front what was forgotten out of turn.
func (st *State) skip() {
	for len(st.ended) > 0 && !st.knows(st.ended[0].id) {
		st.ended = st.ended[1:]
	}
}

// forget removes something that ended. It is the oldest of its direction.
func (st *State) forget(id string) {
	if m, c := st.messages[id], st.calls[id]; m != nil {
		s := st.direction(m.From, m.To)
		s.ended = s.ended[1:]
	} else if c != nil {
		s := st.direction(c.Between[0], c.Between[1])
		s.ended = s.ended[1:]
	}
	delete(st.messages, id)
	delete(st.calls, id)
	delete(st.stops, id)
	st.kept--
}

// prune forgets some of what ended long ago.
func (st *State) prune(nowNS int64) {
	for range pruneMost {
		st.skip()
		if len(st.ended) == 0 || st.ended[0].ns > nowNS-KeepNS {
			return
		}
		st.forget(st.ended[0].id)
	}
}

// due reports whether an entry of the calendar still holds: entries are left
// behind when something moves.
func (st *State) due(e entry) bool {
	if m := st.messages[e.id]; m != nil {
		ns, ok := m.nextNS()
		return ok && ns == e.ns
	}
	u := st.undertakings[e.id]
	return u != nil && u.Late == 0 && int64(u.Until) == e.ns
}

// Deadline returns the earliest instant at which Due has something to do.
func (st *State) Deadline() (ns int64, ok bool) {
	if len(st.calendar.entries) == 0 {
		return 0, false
	}
	return st.calendar.entries[0].ns, true
}

// Message returns a message that a party sent or received; nil for none. It is
// not to be changed.
func (st *State) Message(id string, of party.ID) *Message {
	if m := st.messages[id]; m != nil && of != "" && (m.From == of || m.To == of) {
		return m
	}
	return nil
}

// Inbox returns the open messages to a party that are for a position, or for any
// if it is empty: by precedence, highest first, then as they came.
func (st *State) Inbox(of party.ID, position string) []*Message {
	return st.queue(of, func(m *Message) bool { return m.To == of && m.at(position) })
}

// Outbox returns the open messages of a party, in the order of Inbox.
func (st *State) Outbox(of party.ID) []*Message {
	return st.queue(of, func(m *Message) bool { return m.From == of })
}

func (st *State) queue(of party.ID, want func(*Message) bool) []*Message {
	list := []*Message{}
	if of == "" {
		return list
	}
	for id := range st.open[of] {
		if m := st.messages[id]; want(m) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *Message) int {
		return cmp.Or(cmp.Compare(b.Precedence, a.Precedence), cmp.Compare(a.Sent, b.Sent),
			cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Number, b.Number))
	})
	return list
}

// StopOf returns a STOP as a party may see it: its sender with all recipients
// and their answers, a recipient with its own; nil for everybody else.
func (st *State) StopOf(id string, of party.ID) *StopCall {
	s := st.stops[id]
	switch {
	case s == nil || of == "":
		return nil
	case s.From == of:
		return s
	}
	i := s.recipient(of)
	if i < 0 {
		return nil
	}
	c := *s
	c.To, c.Reviews = s.To[i:i+1:i+1], nil
	return &c
}

// Stops returns the STOPs that a party sent or received and that were not
// lifted, oldest first, each as StopOf shows it.
func (st *State) Stops(of party.ID) []*StopCall {
	list := []*StopCall{}
	for id, s := range st.stops {
		if s.Resumed != 0 {
			continue
		}
		if seen := st.StopOf(id, of); seen != nil {
			list = append(list, seen)
		}
	}
	slices.SortFunc(list, func(a, b *StopCall) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	return list
}

// Undertakings returns what is open of what was undertaken on calls of a party,
// earliest limit first.
func (st *State) Undertakings(of party.ID) []*Undertaking {
	list := []*Undertaking{}
	for _, u := range st.undertakings {
		if of != "" && (u.By == of || u.With == of) {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b *Undertaking) int { return cmp.Or(cmp.Compare(a.Until, b.Until), cmp.Compare(a.ID, b.ID)) })
	return list
}
