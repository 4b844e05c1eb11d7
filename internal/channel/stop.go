package channel

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// stop tells every party that may be concerned. Nothing that can be reviewed
// later keeps it: not a level, a signature, an agreement that is suspended or
// none, nor what its text says.
func (d *decision) stop(s *CallStop) ([]event.Event, error) {
	if n := d.st.standing[d.act.Party]; n >= MaxStanding {
		return nil, event.Refuse(event.NotNow, "found %d STOPs of this party that stand, expected fewer than %d; all of them are still in force", n, MaxStanding)
	}
	found := s.screen()
	ev := &StopSent{
		Hand: d.hand(""), Stop: d.env.ID(0), Where: s.Where, AtRisk: s.AtRisk, Callback: s.Callback,
		ResumeBy: s.ResumeBy, Recipients: d.concerned(s.To), Messages: []string{}, Screened: found,
	}
	m := Dispatch{
		From: d.act.Party, FromPosition: watchPosition, FromRole: d.by.Role, FromLevel: d.by.Level, Person: d.by.Person,
		ToPosition: watchPosition, Type: TypeStop, Precedence: Stop, Fields: s.fields(), Screened: found,
		Queued: d.act.At, Stop: ev.Stop,
	}
	evs := []event.Event{ev}
	var bells alarms
	for i, id := range ev.Recipients {
		own, rules := m, d.v.Rules(m.From, id)
		own.ID, own.To = d.env.ID(1+i), id
		ev.Messages = append(ev.Messages, own.ID)
		d.st.complete(&own, rules, d.v, d.env.NowNS)
		evs = append(evs, &Sent{own})
		bells.ring(own, rules.Ladder, d.now)
	}
	return append(evs, bells.events()...), nil
}

// alarms are how the ladders of a STOP's messages begin: one event for all that
// climb the same one, as each entry has to be written before anybody hears of
// the STOP.
type alarms struct {
	of   []*StopAlarmed
	none []event.Event // of ladders without rungs
}

func (a *alarms) ring(m Dispatch, ladder terms.Ladder, now statement.Instant) {
	if len(ladder.Rungs) == 0 {
		a.none = append(a.none, escalate(m, ForUrgency, ladder, now)...)
		return
	}
	i := slices.IndexFunc(a.of, func(e *StopAlarmed) bool {
		return slices.Equal(e.Rungs, ladder.Rungs) && slices.Equal(e.Fallback, ladder.Fallback)
	})
	if i < 0 {
		i = len(a.of)
		a.of = append(a.of, &StopAlarmed{
			Stop: m.Stop, From: m.From, Rungs: ladder.Rungs, Fallback: ladder.Fallback,
			Started: now, Until: now + statement.Instant(ladder.Rungs[0].WaitNS),
		})
	}
	e := a.of[i]
	e.Recipients, e.Messages = append(e.Recipients, m.To), append(e.Messages, m.ID)
}

func (a *alarms) events() (evs []event.Event) {
	for _, e := range a.of {
		evs = append(evs, e)
	}
	return append(evs, a.none...)
}

// concerned returns the parties that a STOP goes to, in order: those named, as
// far as they are known, or all but the sender and witnesses, who never fly.
func (d *decision) concerned(named []party.ID) []party.ID {
	ids := []party.ID{}
	for _, id := range named {
		if id != d.act.Party && d.v.Registry.Party(id) != nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		for _, p := range d.v.Registry.Parties() {
			if p.ID != d.act.Party && p.Kind != registry.KindWitness {
				ids = append(ids, p.ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// fields returns the STOP as the fields of a message.
func (s *CallStop) fields() (fields []Field) {
	if p := s.Where.Point; p != nil {
		fields = append(fields, Field{Name: "where", Value: terms.Value{Position: p}})
	}
	if r := s.Where.RadiusMM; r != 0 {
		fields = append(fields, Field{Name: "radius", Value: terms.Value{LengthMM: &r}})
	}
	if text := s.Where.Text; text != "" {
		fields = append(fields, Field{Name: "place", Value: terms.Value{Text: &text}})
	}
	return append(fields,
		Field{Name: "at_risk", Value: terms.Value{Text: &s.AtRisk}},
		Field{Name: "call_back", Value: terms.Value{Text: &s.Callback}})
}

// hold answers a STOP. A party may say later that it is otherwise now.
func (d *decision) hold(h *Hold) ([]event.Event, error) {
	s := d.st.StopOf(h.Stop, d.act.Party)
	if s == nil {
		return nil, event.Refuse(event.NotFound, "found no STOP %q, expected the id of one to this party", h.Stop)
	}
	i := s.recipient(d.act.Party)
	switch {
	case i < 0:
		return nil, event.Refuse(event.NotAllowed, "found a STOP of this party, expected one to it")
	case s.Resumed != 0:
		return nil, event.Refuse(event.NotNow, "found the STOP lifted since %s", s.Resumed)
	}
	return []event.Event{&StopAnswered{
		Between: Between{s.To[i].Message, s.From, d.act.Party}, Hand: d.hand(h.Position),
		Stop: s.ID, Outcome: h.Outcome, Note: h.Note,
	}}, nil
}

// resume lifts a STOP: a role of its sender does, or of the party that it named.
// Time never does.
func (d *decision) resume(r *Resume) ([]event.Event, error) {
	s := d.st.stops[r.Stop]
	named := s != nil && s.ResumeBy != nil && s.ResumeBy.Party == d.act.Party && s.ResumeBy.Position == d.by.Role
	switch {
	case s == nil || !named && d.st.StopOf(r.Stop, d.act.Party) == nil:
		return nil, event.Refuse(event.NotFound, "found no STOP %q", r.Stop)
	case !named && s.From != d.act.Party:
		return nil, event.Refuse(event.NotAllowed, "found a STOP of %s, expected one of this party, or one that names its role: who said STOP lifts it", s.From)
	case s.Resumed != 0:
		return nil, event.Refuse(event.NotNow, "found the STOP lifted since %s", s.Resumed)
	}
	if least := d.resumeLevel(); d.by.Level < least {
		return nil, event.Refuse(event.NotAllowed, "found the level %q, expected %s or above to lift a STOP", d.by.Level, least)
	}
	if err := clean(r.screen()); err != nil {
		return nil, err
	}
	ev := &StopLifted{Hand: d.hand(""), Stop: s.ID, Reason: r.Reason, LostMS: int64(d.now-s.At) / 1_000_000, Recipients: []party.ID{}, From: s.From}
	evs := []event.Event{ev}
	m := Dispatch{
		From: d.act.Party, FromPosition: watchPosition, FromRole: d.by.Role, FromLevel: d.by.Level, Person: d.by.Person,
		ToPosition: watchPosition, Type: TypeResumed, Precedence: Immediate, Queued: d.act.At, Stop: s.ID, Ref: s.ID,
		Fields: []Field{{Name: "reason", Value: terms.Value{Text: &r.Reason}}},
	}
	for _, to := range s.To {
		ev.Recipients = append(ev.Recipients, to.Party)
	}
	for i, id := range append(slices.Clone(ev.Recipients), s.From) {
		if id == d.act.Party || id == s.From && !d.enrolled(id) {
			continue
		}
		m.ID, m.To = d.env.ID(i), id
		evs = append(evs, d.st.dispatch(m, d.v.Rules(m.From, id), d.v, d.env.NowNS)...)
	}
	return evs, nil
}

func (d *decision) enrolled(id party.ID) bool { return d.v.Registry.Party(id) != nil }

// resumeLevel is duty, or the highest level of the party's roles where it has
// none of that: whoever could say STOP has somebody who can lift it.
func (d *decision) resumeLevel() party.Level {
	var highest party.Level
	if own := d.v.Registry.Party(d.act.Party); own != nil {
		for _, r := range own.Roles {
			highest = max(highest, r.Level)
		}
	}
	return min(highest, party.Duty)
}

// review says what a party finds about a STOP that it sent or received, or about
// the precedence of a message that it received. Each party finds once.
func (d *decision) review(r *Review) ([]event.Event, error) {
	if err := clean(r.screen()); err != nil {
		return nil, err
	}
	ev := &Reviewed{Hand: d.hand(""), Of: r.Of, Finding: r.Finding, Note: r.Note}
	if seen := d.st.StopOf(r.Of, d.act.Party); seen != nil {
		s := d.st.stops[r.Of]
		if slices.ContainsFunc(s.Reviews, func(f Finding) bool { return f.By == d.act.Party }) {
			return nil, event.Refuse(event.NotNow, "found a finding of this party about the STOP already")
		}
		ev.About = s.From
		return []event.Event{ev}, nil
	}
	m := d.st.Message(r.Of, d.act.Party)
	switch {
	case m == nil || m.From == "":
		return nil, event.Refuse(event.NotFound, "found no STOP and no message of another party %q", r.Of)
	case m.To != d.act.Party:
		return nil, event.Refuse(event.NotAllowed, "found a message of this party, expected one to it")
	case m.Finding != "":
		return nil, event.Refuse(event.NotNow, "found a finding about the message already")
	}
	ev.About = m.From
	return []event.Event{ev}, nil
}
