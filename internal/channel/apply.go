package channel

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Apply takes an event into the state. What does not fit, which none that Decide
// or Due gave does, changes nothing.
func (st *State) Apply(ev event.Event, at event.At) {
	st.prune(at.NS)
	now := statement.Instant(at.NS)
	switch e := ev.(type) {
	case *Sent:
		st.put(&Message{Dispatch: e.Dispatch, Sent: now, Due: e.RespondBy})
		st.count(e.From).sent(e.Precedence)
		st.count(e.To).Received++
	case *Escalated:
		st.change(e.Message, at, func(m *Message) {
			m.Climb = &Climb{Rungs: e.Rungs, Fallback: e.Fallback, Started: now, Until: now}
		})
	case *Attempted:
		st.attempted(e, at)
	case *Progressed:
		st.change(e.Message, at, func(m *Message) {
			if m.Presented == 0 {
				m.Presented = now
			}
			if e.Step == StepOpened && m.Opened == 0 {
				m.Opened = now
			}
			m.endAs(e.Ending, now)
		})
	case *Responded:
		st.responded(e, at)
	case *Confirmed:
		st.change(e.Message, at, func(m *Message) {
			m.answeredBy(now, e.PassedUp, e.Due)
			m.endAs(e.Ending, now)
		})
		if e.PassedUp {
			st.count(e.By).PassedUp++
		}
	case *Mismatched:
		st.change(e.Message, at, func(m *Message) {
			m.opened(now)
			m.Mismatches++
			m.Mismatched = e.Fields
		})
		st.count(e.By).Mismatches++
	case *Overdue:
		st.change(e.Message, at, func(m *Message) { m.Overdue = now })
		st.count(e.To).Overdue++
	case *FellBack:
		st.change(e.Message, at, func(m *Message) {
			m.FellBack = now
			if m.Climb != nil {
				c := *m.Climb
				c.Rung = int64(len(c.Rungs))
				m.Climb = &c
			}
		})
		st.count(e.To).Unanswered++
	case *Expired:
		st.change(e.Message, at, func(m *Message) { m.endAs(AsExpired, now) })
		st.count(e.To).Expired++
	default:
		st.applyRest(ev, at)
	}
	st.calendar.tidy(st.live+len(st.undertakings), st.due)
}

// applyRest is Apply for STOP, calls and undertakings.
func (st *State) applyRest(ev event.Event, at event.At) {
	now := statement.Instant(at.NS)
	switch e := ev.(type) {
	case *StopSent:
		s := &StopCall{ID: e.Stop, From: e.By, Where: e.Where, AtRisk: e.AtRisk, Callback: e.Callback, ResumeBy: e.ResumeBy, At: now}
		for i, id := range e.Recipients {
			s.To = append(s.To, Recipient{Party: id, Message: e.Messages[i]})
		}
		st.stops[e.Stop] = s
		st.standing[e.By]++
		st.count(e.By).Stops++
	case *StopAlarmed:
		for _, id := range e.Messages {
			st.change(id, at, func(m *Message) {
				m.Climb = &Climb{Rungs: e.Rungs, Fallback: e.Fallback, Started: e.Started, Until: e.Until}
			})
		}
	case *StopAnswered:
		st.stopAnswered(e, at)
	case *StopLifted:
		st.stopLifted(e, at)
	case *Reviewed:
		st.reviewed(e, now)
	case *Called:
		st.called(e, at)
	case *UndertakingEnded:
		if u := st.undertakings[e.Undertaking]; u != nil {
			st.drop(u)
		}
	case *UndertakingLate:
		if u := st.undertakings[e.Undertaking]; u != nil {
			late := *u
			late.Late = now
			st.undertakings[u.ID] = &late
			st.count(u.Who).Late++
		}
	}
}

// opened notes that a person dealt with the message, who must have seen it.
func (m *Message) opened(now statement.Instant) {
	if m.Presented == 0 {
		m.Presented = now
	}
	if m.Opened == 0 {
		m.Opened = now
	}
}

func (m *Message) answeredBy(now statement.Instant, passedUp bool, due statement.Instant) {
	m.opened(now)
	m.Answered = now
	if passedUp && m.PassedUp == 0 {
		m.PassedUp = now
	}
	if due != 0 {
		m.Due = due
	}
}

func (m *Message) endAs(e Ending, now statement.Instant) {
	if e != StillOpen {
		m.Ended, m.Ending = now, e
	}
}

func (st *State) responded(e *Responded, at event.At) {
	now := statement.Instant(at.NS)
	st.change(e.Message, at, func(m *Message) {
		m.answeredBy(now, e.PassedUp, e.Due)
		m.Answer = e.Answer
		if e.Answer == SayStandby && m.Standby == 0 {
			m.Standby = now
		}
		if e.Until != 0 && m.Climb != nil {
			c := *m.Climb
			c.Until = e.Until
			m.Climb = &c
		}
		m.endAs(e.Ending, now)
	})
	if e.PassedUp {
		st.count(e.By).PassedUp++
	}
}

// attempted moves the climb: the machine's own attempt begins its rung, one that
// a party logged moves the limit of the rung when the event says so.
func (st *State) attempted(e *Attempted, at event.At) {
	if e.Rung < 0 || e.Until == 0 {
		return
	}
	st.change(e.Message, at, func(m *Message) {
		if m.Climb == nil {
			return
		}
		c := *m.Climb
		switch {
		case e.By == "":
			c.Rung, c.Called, c.Reached = e.Rung, false, false
		case e.Outcome == Calling:
			c.Called = true
		default:
			c.Reached = true
		}
		c.Started, c.Until = e.Started, e.Until
		m.Climb = &c
	})
}

// stop replaces a STOP by what f makes of a copy with recipients of its own.
func (st *State) stop(id string, f func(s *StopCall)) {
	if old := st.stops[id]; old != nil {
		s := *old
		s.To = slices.Clone(old.To)
		f(&s)
		st.stops[id] = &s
	}
}

func (st *State) stopAnswered(e *StopAnswered, at event.At) {
	now := statement.Instant(at.NS)
	st.stop(e.Stop, func(s *StopCall) {
		if i := s.recipient(e.By); i >= 0 {
			r := &s.To[i]
			if r.First == 0 {
				r.First = now
			}
			r.Outcome, r.Last = e.Outcome, now
		}
	})
	st.change(e.Message, at, func(m *Message) {
		if m.Ended == 0 {
			m.answeredBy(now, false, 0)
			m.Answer = e.Outcome
			m.endAs(AsAnswered, now)
		}
	})
}

// stopLifted ends a STOP, and the messages about it that nobody answered.
func (st *State) stopLifted(e *StopLifted, at event.At) {
	now := statement.Instant(at.NS)
	st.stop(e.Stop, func(s *StopCall) { s.Resumed, s.Reason = now, e.Reason })
	s := st.stops[e.Stop]
	if s == nil {
		return
	}
	if st.standing[s.From]--; st.standing[s.From] <= 0 {
		delete(st.standing, s.From)
	}
	for _, r := range s.To {
		st.change(r.Message, at, func(m *Message) {
			if m.Ended == 0 {
				m.endAs(AsSuperseded, now)
			}
		})
	}
	st.over(at, e.Stop)
}

func (st *State) reviewed(e *Reviewed, now statement.Instant) {
	st.stop(e.Of, func(s *StopCall) {
		s.Reviews = append(slices.Clone(s.Reviews), Finding{By: e.By, Finding: e.Finding, At: now})
	})
	if m := st.messages[e.Of]; m != nil {
		reviewed := *m
		reviewed.Finding = e.Finding
		st.messages[e.Of] = &reviewed
	}
	switch e.Finding {
	case Mistaken:
		st.count(e.About).Mistaken++
	case Misused:
		st.count(e.About).Misused++
	}
}

func (st *State) called(e *Called, at event.At) {
	if st.calls[e.ID] == nil {
		c := &call{e.ID, [2]party.ID{e.By, e.Entry.With}, statement.Instant(at.NS)}
		st.calls[e.ID] = c
		st.end(at, e.By, e.Entry.With, e.ID)
	}
	for i, id := range e.Undertakings {
		p := e.Entry.Undertakings[i]
		u := &Undertaking{ID: id, Call: e.ID, By: e.By, With: e.Entry.With, Who: p.Who, What: p.What, Until: p.By}
		st.undertakings[id] = u
		st.promised[e.By]++
		st.calendar.add(int64(u.Until), id)
	}
}

func (st *State) drop(u *Undertaking) {
	delete(st.undertakings, u.ID)
	if st.promised[u.By]--; st.promised[u.By] <= 0 {
		delete(st.promised, u.By)
	}
}
