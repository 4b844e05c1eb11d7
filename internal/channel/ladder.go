package channel

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// dueMost bounds how many events one call of Due returns.
const (
	dueMost    = 64
	perMessage = 4 // most events of one message at once
)

// Due returns the events that are due at env.NowNS: at most 64. Applying them
// moves Deadline on. A rung that was to begin while the node was away begins
// now: a call that nobody made is not recorded, and each rung has its whole
// time.
func (st *State) Due(v View, env event.Env) (evs []event.Event) {
	now := statement.Instant(env.NowNS)
	for _, e := range st.calendar.until(env.NowNS, dueMost/perMessage, st.due) {
		if u := st.undertakings[e.id]; u != nil {
			evs = append(evs, &UndertakingLate{Undertaking: u.ID, By: u.By, With: u.With})
			continue
		}
		evs = append(evs, st.messages[e.id].due(v, now)...)
	}
	return evs
}

func (m *Message) due(v View, now statement.Instant) (evs []event.Event) {
	if m.ValidUntil != 0 && m.ValidUntil <= now {
		return []event.Event{&Expired{Between: between(m)}}
	}
	if m.Overdue < m.Due && m.Due <= now {
		evs = append(evs, &Overdue{Between: between(m), Due: m.Due})
		if m.Climb == nil {
			return append(evs, m.climbLate(v, now)...)
		}
	}
	if m.Climb == nil || m.FellBack != 0 || m.Climb.Until > now {
		return evs
	}
	if rung, running := m.running(); running {
		evs = append(evs, &Attempted{
			Between: between(m), Rung: m.Climb.Rung, Position: rung.Position, Bearer: rung.Bearer,
			Outcome: NoAnswer, Started: m.Climb.Started, Ended: now,
		})
	}
	return append(evs, m.next(now)...)
}

// climbLate begins the ladder of a message that nobody dealt with in its time.
// One that was passed up need not go to those again who cannot deal with it.
func (m *Message) climbLate(v View, now statement.Instant) []event.Event {
	ladder := v.Rules(m.From, m.To).Ladder
	if to := v.Registry.Party(m.To); m.PassedUp != 0 && to != nil {
		ladder.Rungs = slices.DeleteFunc(slices.Clone(ladder.Rungs), func(r terms.Rung) bool {
			p := to.Position(r.Position)
			return p != nil && p.Level < m.MinLevel
		})
	}
	return escalate(m.Dispatch, ForOverdue, ladder, now)
}

// escalate begins a ladder.
func escalate(m Dispatch, reason string, ladder terms.Ladder, now statement.Instant) []event.Event {
	rungs := ladder.Rungs
	if rungs == nil {
		rungs = []terms.Rung{}
	}
	begin := &Escalated{Between: Between{m.ID, m.From, m.To}, Reason: reason, Rungs: rungs, Fallback: ladder.Fallback}
	return []event.Event{begin, rungAt(begin.Between, rungs, ladder.Fallback, 0, now)}
}

// next goes on to the rung after the one that is tried.
func (m *Message) next(now statement.Instant) []event.Event {
	return []event.Event{rungAt(between(m), m.Climb.Rungs, m.Climb.Fallback, m.Climb.Rung+1, now)}
}

// rungAt begins a rung, or falls back when there is none.
func rungAt(b Between, rungs []terms.Rung, fallback []string, rung int64, now statement.Instant) event.Event {
	if rung >= int64(len(rungs)) {
		return &FellBack{Between: b, Phrases: fallback}
	}
	r := rungs[rung]
	return &Attempted{
		Between: b, Rung: rung, Position: r.Position, Bearer: r.Bearer, Outcome: Calling,
		Started: now, Until: now + statement.Instant(r.WaitNS),
	}
}

// try logs an attempt. What the sender's side logs about the rung that is tried
// counts: a call gives the rung its time from when it began, an answered one
// from when it ended, each once; a failed one ends the rung.
func (d *decision) try(t *Try) ([]event.Event, error) {
	m := d.st.Message(t.Message, d.act.Party)
	if m == nil {
		return nil, event.Refuse(event.NotFound, "found no message %q, expected the id of one from or to this party", t.Message)
	}
	if t.Started > d.now || t.Ended > d.now || t.Started < m.Sent {
		return nil, event.Refuse(event.Invalid, "found an attempt from %s, expected one after the message was sent, %s, and not in the future", t.Started, m.Sent)
	}
	ev := &Attempted{
		Between: between(m), By: d.act.Party, Rung: -1, Position: t.Position, Bearer: t.Bearer,
		Outcome: t.Outcome, Started: t.Started, Ended: t.Ended,
	}
	rung, running := m.running()
	if !running || d.act.Party != m.From || rung.Position != t.Position || rung.Bearer != t.Bearer {
		return []event.Event{ev}, nil
	}
	ev.Rung = m.Climb.Rung
	wait := statement.Instant(rung.WaitNS)
	switch t.Outcome {
	case Calling:
		if !m.Climb.Called {
			ev.Until = max(m.Climb.Until, t.Started+wait)
		}
	case Reached:
		if !m.Climb.Reached {
			ev.Until = max(m.Climb.Until, t.Ended+wait)
		}
	default:
		return append([]event.Event{ev}, m.next(d.now)...), nil
	}
	return []event.Event{ev}, nil
}
