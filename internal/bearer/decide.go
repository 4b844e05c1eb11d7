package bearer

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Decide returns what an act brings about, or a *event.Refusal.
func (st *State) Decide(a *party.Act, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	switch body := a.Content.(type) {
	case *TestCall:
		return st.decideTest(body, a.Party, v, env)
	case *Answer:
		return st.decideAnswer(body, a, v, env)
	case *Heartbeat:
		return st.decideHeartbeat(body, a, by, v, env)
	case *StateCause:
		return st.decideCause(body, a.Party)
	case *Announce:
		return st.decideAnnounce(body, a.Party, v, env)
	}
	return nil, event.Refuse(event.Invalid, "found the act %q, which is none about bearers", a.Act)
}

// Follow returns the event that is due when the rules between two parties are no
// longer those that are followed; none when they are, nor between two parties
// that never had test calls and have none now. Whoever changes rules, or brings
// two parties together, calls it in the same block.
func (st *State) Follow(a, b party.ID, v View) []event.Event {
	if a == b {
		return nil
	}
	f, changed := st.followed(a, b, v)
	if never := st.pairs[f.Pair] == nil && len(f.AtNS) == 0; !changed || never {
		return nil
	}
	return []event.Event{f}
}

// followed returns what is to be followed between two parties: test calls and
// heartbeats are for those who agreed on something, so that nobody is called twice
// a day, or watched, by whom it has nothing to do with.
func (st *State) followed(a, b party.ID, v View) (f *Followed, changed bool) {
	r := v.Rules(a, b)
	f = &Followed{
		Pair:      terms.Pair(a, b),
		EveryNS:   r.Heartbeat.EveryNS,
		Misses:    max(r.Heartbeat.Misses, 1),
		ClockNS:   max(r.Heartbeat.ClockNS, 0),
		AtNS:      slices.Compact(slices.Sorted(slices.Values(r.Tests.AtNS))),
		Bearers:   slices.Compact(slices.Sorted(slices.Values(r.Tests.Bearers))),
		WaitNS:    max(r.Tests.WaitNS, secondNS),
		Data:      []string{},
		Positions: []string{},
	}
	if f.EveryNS > 0 {
		f.EveryNS = max(f.EveryNS, secondNS)
	}
	f.AtNS = slices.DeleteFunc(f.AtNS, func(at int64) bool { return at < 0 || at >= dayNS })
	if !slices.Contains(v.Partners(a), b) {
		f.EveryNS, f.ClockNS, f.AtNS = 0, 0, nil
	}
	f.AtNS, f.Bearers = orEmpty(f.AtNS), orEmpty(f.Bearers)
	for _, bearer := range f.Bearers {
		if carriesText(bearer, f.Pair, v) {
			f.Data = append(f.Data, bearer)
		}
	}
	for _, rung := range r.Ladder.Rungs {
		if !slices.Contains(f.Positions, rung.Position) {
			f.Positions = append(f.Positions, rung.Position)
		}
	}
	was := st.pairs[f.Pair]
	return f, was == nil || !was.equal(f)
}

func (e *Followed) equal(o *Followed) bool {
	return e.EveryNS == o.EveryNS && e.Misses == o.Misses && e.ClockNS == o.ClockNS && e.WaitNS == o.WaitNS &&
		slices.Equal(e.AtNS, o.AtNS) && slices.Equal(e.Bearers, o.Bearers) &&
		slices.Equal(e.Data, o.Data) && slices.Equal(e.Positions, o.Positions)
}

// orEmpty makes a list that is written as [] of none.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// kindData is the kind of bearers that carry text.
const kindData = "data"

// carriesText reports whether a bearer is one of text: a position of either
// party says so, or its name does.
func carriesText(bearer string, pair [2]party.ID, v View) bool {
	for _, id := range pair {
		if b := bearerOf(id, bearer, v); b != nil {
			return b.Kind == kindData
		}
	}
	return bearer == kindData
}

// bearerOf returns a party's bearer of a name, or nil.
func bearerOf(id party.ID, name string, v View) *registry.Bearer {
	p := v.Registry.Party(id)
	if p == nil {
		return nil
	}
	for _, position := range p.Positions {
		for i := range position.Bearers {
			if position.Bearers[i].Name == name {
				return &position.Bearers[i]
			}
		}
	}
	return nil
}

func (st *State) decideTest(b *TestCall, from party.ID, v View, env event.Env) ([]event.Event, error) {
	if b.To == from || v.Registry.Party(b.To) == nil {
		return nil, event.Refuse(event.NotFound, "to: found %q, expected another party that is enrolled here", short(string(b.To)))
	}
	if !st.linked(from, b.To, v) {
		return nil, event.Refuse(event.NotAllowed, "to: found %s, expected a party with which there is an agreement, or which has its heartbeats go to %s", b.To, from)
	}
	f, _ := st.followed(from, b.To, v)
	if !slices.Contains(f.Bearers, b.Bearer) && bearerOf(b.To, b.Bearer, v) == nil {
		return nil, event.Refuse(event.NotFound, "bearer: found %q, expected one that is agreed for tests or that a position of %s has", b.Bearer, b.To)
	}
	line := Line{from, b.To, b.Bearer}
	for _, t := range st.tests {
		if t.Opened.Line == line && t.Opened.Scheduled == nil {
			return nil, event.Refuse(event.NotNow, "found a test of this line open until %s, expected one at a time", t.Due)
		}
	}
	opened := f.open(line, 0, env)
	opened.Shown = carriesText(b.Bearer, f.Pair, v)
	return []event.Event{opened}, nil
}

// linked reports whether a party has something to do with another: it has or had
// an agreement with it, or the other lets it count on its heartbeats.
func (st *State) linked(id, other party.ID, v View) bool {
	return slices.Contains(v.Partners(id), other) || st.pairs[terms.Pair(id, other)] != nil || st.shares[Direction{other, id}] != nil
}

// open returns the n-th test that is opened by an act or tick.
func (e *Followed) open(l Line, n int, env event.Env) *Opened {
	return &Opened{
		Line: l, Test: env.ID(2 * n), Challenge: newChallenge(env.ID(2*n + 1)),
		Shown: slices.Contains(e.Data, l.Bearer), WaitNS: e.WaitNS,
	}
}

func (st *State) decideAnswer(b *Answer, a *party.Act, v View, env event.Env) ([]event.Event, error) {
	t := st.tests[b.Test]
	if t == nil || t.Opened.To != a.Party {
		return nil, event.Refuse(event.NotFound, "test: found no open test %q that calls %s", short(b.Test), a.Party)
	}
	if int64(t.Due) <= env.NowNS {
		return nil, event.Refuse(event.NotNow, "test: found the answer after %s, when the test was to be answered", t.Due)
	}
	e := &Answered{
		Line: t.Opened.Line, Test: b.Test, Outcome: Good,
		Readability: b.Readability, DelayMS: b.DelayMS, Position: b.Position,
		OnRoster: b.Position != "" && len(v.Registry.OnWatch(a.Party, b.Position, env.NowNS)) > 0,
		// The node may have slept longer than a canonical integer can say.
		TookNS: min(env.NowNS-int64(t.Begun), statement.MaxInteger),
	}
	switch {
	case !sameChallenge(t.Opened.Challenge, b.Challenge):
		e.Outcome = Failed
	case b.Readability < 3:
		e.Outcome = Poor
	}
	if e.Outcome != Good {
		e.Causes = st.announced(e.Line, env.NowNS)
	}
	events := []event.Event{e}
	if b.Clock != nil {
		e.Clock = st.read(a, b.Clock, nil, env)
		events = append(events, st.alarm(a.Party, e.Clock, st.counting(a.Party))...)
	}
	return events, nil
}

func (st *State) decideHeartbeat(b *Heartbeat, a *party.Act, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	if v.Head > 0 && b.Seen > v.Head {
		return nil, event.Refuse(event.Invalid, "seen: found the index %d, expected at most %d, that of the last entry", b.Seen, v.Head)
	}
	events, news, err := st.told(b.To, a.Party, v)
	if err != nil {
		return nil, err
	}
	partners := st.counting(a.Party)
	for _, e := range news {
		if !slices.Contains(partners, e.To) {
			partners = append(partners, e.To)
		}
	}
	slices.Sort(partners)
	clock := b.Clock
	if clock == nil {
		clock = &Clock{Source: "unknown"}
	}
	beat := &Beat{
		Party: a.Party, To: b.To, State: b.State, Seen: b.Seen, Checkpoint: b.Checkpoint,
		Custody: by.Custody, Clock: st.read(a, clock, news, env),
	}
	events = append(events, beat)
	events = append(events, st.alarm(a.Party, beat.Clock, partners)...)
	for _, to := range partners {
		w := st.watches[Direction{a.Party, to}]
		if w == nil || b.To != "" && b.To != to {
			continue
		}
		switch {
		case w.Condition == Silent:
			events = append(events, &Returned{Direction: w.Direction, Since: w.Since, Seen: b.Seen})
		case w.Condition == Resync && b.Seen >= w.Until:
			events = append(events, &Resynced{Direction: w.Direction, Seen: b.Seen})
		}
	}
	return events, nil
}

// MaxShared is with how many parties a party may share its heartbeats beyond
// those that it has an agreement with.
const MaxShared = 256

// told returns what is due before a heartbeat that is for one party, or for all
// who count on its sender: what is watched from now on, and with whom it is new.
func (st *State) told(to, by party.ID, v View) (events []event.Event, news []Shared, err error) {
	partners := v.Partners(by)
	who := partners
	if to != "" {
		if to == by || v.Registry.Party(to) == nil {
			return nil, nil, event.Refuse(event.NotFound, "to: found %q, expected another party that is enrolled here", short(string(to)))
		}
		who = []party.ID{to}
	}
	for _, id := range who {
		d := Direction{by, id}
		if slices.Contains(partners, id) {
			if f, changed := st.followed(by, id, v); changed {
				events, news = append(events, f), append(news, Shared{d, f.EveryNS, f.Misses, f.ClockNS})
			}
			continue
		}
		h := v.Rules(by, id).Heartbeat
		s := &Shared{d, max(h.EveryNS, secondNS), max(h.Misses, 1), max(h.ClockNS, 0)}
		if was := st.shares[d]; was != nil && *was == *s {
			continue
		} else if was == nil && len(st.sharing[by]) >= MaxShared {
			return nil, nil, event.Refuse(event.NotNow, "to: found %d parties that count on %s without an agreement, expected fewer than %d", MaxShared, by, MaxShared)
		}
		events, news = append(events, s), append(news, *s)
	}
	return events, news, nil
}

// read compares the clock by which an act was stated with the node's. The limit
// is the strictest that the party agreed to, in what is followed and in news.
func (st *State) read(a *party.Act, c *Clock, news []Shared, env event.Env) *Reading {
	offset := min(max(env.NowNS-int64(a.At), -maxOffsetNS), maxOffsetNS)
	r := &Reading{OffsetNS: offset, ErrorNS: c.ErrorNS, Source: c.Source}
	limit := func(clockNS int64) {
		if clockNS > 0 && (r.LimitNS == 0 || clockNS < r.LimitNS) {
			r.LimitNS = clockNS
		}
	}
	for _, id := range st.counting(a.Party) {
		d := Direction{a.Party, id}
		if !slices.ContainsFunc(news, func(n Shared) bool { return n.Direction == d }) {
			limit(st.awaited(d).ClockNS)
		}
	}
	for _, n := range news {
		limit(n.ClockNS)
	}
	return r
}

// alarm returns the event that is due when a reading raises or ends the alarm
// about a party's clock.
func (st *State) alarm(id party.ID, r *Reading, partners []party.ID) []event.Event {
	was := st.clocks[id]
	if raised := was != nil && was.Alarm(); raised == r.Alarm() {
		return nil
	}
	return []event.Event{&ClockAlarm{Party: id, Raised: r.Alarm(), Clock: *r, Partners: orEmpty(partners)}}
}

func (st *State) decideCause(b *StateCause, by party.ID) ([]event.Event, error) {
	line := Line{b.From, b.To, b.Bearer}
	notFound := event.Refuse(event.NotFound, "found no %s from %q to %q that concerns %s", b.Bearer, short(string(b.From)), short(string(b.To)), by)
	if by != b.From && by != b.To {
		return nil, notFound
	}
	condition := NotKnown
	if b.Bearer == HeartbeatBearer {
		w := st.watches[Direction{b.From, b.To}]
		if w == nil {
			return nil, notFound
		}
		condition = w.Condition
	} else {
		s := st.lines[line]
		if s == nil {
			return nil, notFound
		}
		condition = s.Condition
	}
	if condition == Up || condition == NotKnown {
		return nil, event.Refuse(event.NotNow, "found the %s from %s to %s %s, expected one whose failure has a cause", b.Bearer, b.From, b.To, condition)
	}
	return []event.Event{&CauseStated{Line: line, Stated: Stated{by, b.Cause, b.Text}}}, nil
}

func (st *State) decideAnnounce(b *Announce, by party.ID, v View, env event.Env) ([]event.Event, error) {
	if b.To == by || v.Registry.Party(b.To) == nil {
		return nil, event.Refuse(event.NotFound, "to: found %q, expected another party that is enrolled here", short(string(b.To)))
	}
	if !st.linked(by, b.To, v) && st.shares[Direction{by, b.To}] == nil {
		return nil, event.Refuse(event.NotAllowed, "to: found %s, expected a party with which there is an agreement, or that counts on the heartbeats of %s", b.To, by)
	}
	if int64(b.Until) <= env.NowNS {
		return nil, event.Refuse(event.Invalid, "until: found %s, expected an instant to come: what was missed already has its cause stated by bearer.cause", b.Until)
	}
	if b.Bearer != HeartbeatBearer {
		f, _ := st.followed(by, b.To, v)
		if !slices.Contains(f.Bearers, b.Bearer) && bearerOf(by, b.Bearer, v) == nil {
			return nil, event.Refuse(event.NotFound, "bearer: found %q, expected one that is agreed for tests or that a position of %s has", b.Bearer, by)
		}
	}
	return []event.Event{&Announced{Line: Line{by, b.To, b.Bearer}, Begin: b.From, Until: b.Until, Stated: Stated{by, b.Cause, b.Text}}}, nil
}

// announced returns the causes that either end of a line announced for an
// instant.
func (st *State) announced(l Line, ns int64) []Stated {
	var list []Stated
	for _, key := range [2]Line{l, {l.To, l.From, l.Bearer}} {
		if o := st.outages[key]; o != nil && int64(o.Begin) <= ns && ns < int64(o.Until) {
			list = append(list, o.Stated)
		}
	}
	return list
}
