package channel

import (
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// varanthLadder is that of the agreement of scenario 3A: watch, second bearer,
// duty director.
var varanthLadder = terms.Ladder{
	Rungs:    []terms.Rung{{Position: "watch", Bearer: "line 1", WaitNS: 30 * second}, {Position: "watch", Bearer: "satellite", WaitNS: 30 * second}, {Position: "duty-director", Bearer: "line 1", WaitNS: 60 * second}},
	Fallback: []string{"own_hold", "wider_margins", "common_frequency", "tell_neighbours"},
}

// expectBeforeAt checks that nothing happens until a nanosecond before an
// instant, and then what is given, with a restart between.
func expectBeforeAt(t *testing.T, d *desk, ns int64, types ...string) []event.Event {
	t.Helper()
	if evs := d.until(ns - 1); len(evs) != 0 {
		t.Fatalf("found %q before %s", typesOf(evs), statement.Instant(ns))
	}
	d.restart()
	evs := d.until(ns)
	expectTypes(t, evs, types...)
	d.restart()
	if again := d.st.Due(d.view(), d.env()); len(again) != 0 {
		t.Fatalf("found %q due again at the same instant", typesOf(again))
	}
	return evs
}

// TestH5Escalation is scenario 3A from 09:17:56 on: each rung at its exact
// nanosecond. The toy calls the same telephone again and again.
func TestH5Escalation(t *testing.T) {
	answers := func(position string) bool { return position == "duty-director" }
	toy := func(tries int) (reached bool) {
		for range tries {
			reached = reached || answers("watch")
		}
		return reached
	}
	if toy(1000) {
		t.Fatal("the toy reached somebody; it should fail")
	}

	d := newDesk(t, "2026-03-01T09:17:56Z")
	d.rules.Ladder = varanthLadder
	clock := func(s string) int64 { return instant(t, "2026-03-01T"+s+"Z") }
	evs := d.do(watchOf(north), warn(east, Flash))
	expectTypes(t, evs, "channel.sent", "channel.escalated", "channel.attempt")
	m := sent(t, evs)

	// 09:18:00: the call begins; its rung counts from there.
	d.until(clock("09:18:00"))
	d.do(watchOf(north), &Try{Message: m.ID, Position: "watch", Bearer: "line 1", Outcome: Calling, Started: statement.Instant(d.now)})
	// Said again, it gives no more time.
	d.until(clock("09:18:05"))
	d.do(watchOf(north), &Try{Message: m.ID, Position: "watch", Bearer: "line 1", Outcome: Calling, Started: statement.Instant(d.now)})

	evs = expectBeforeAt(t, d, clock("09:18:30"), "channel.attempt", "channel.attempt")
	if ended, begun := evs[0].(*Attempted), evs[1].(*Attempted); ended.Outcome != NoAnswer || ended.Position != "watch" || begun.Bearer != "satellite" || begun.Outcome != Calling {
		t.Errorf("found %+v then %+v, expected no answer, then the second bearer", ended, begun)
	}

	// 09:19:00: the operator logs that the second bearer failed: no need to wait.
	d.until(clock("09:18:59"))
	d.now = clock("09:19:00") - 1
	evs = d.do(watchOf(north), &Try{Message: m.ID, Position: "watch", Bearer: "satellite", Outcome: Fault, Started: statement.Instant(clock("09:18:31")), Ended: statement.Instant(d.now)})
	expectTypes(t, evs, "channel.attempt", "channel.attempt")
	if begun := evs[1].(*Attempted); begun.Position != "duty-director" {
		t.Errorf("found %q called, expected the duty director", begun.Position)
	}
	if len(d.st.Inbox(east, "duty-director")) != 1 {
		t.Error("expected the message in the inbox of the rung that is tried")
	}

	// 09:19:20: the duty director answers. Somebody spoke; it is not yet dealt with.
	d.until(clock("09:19:20"))
	now := statement.Instant(d.now)
	d.do(watchOf(north), &Try{Message: m.ID, Position: "duty-director", Bearer: "line 1", Outcome: Reached, Started: now - 20, Ended: now})
	if d.message(m.ID).Ended != 0 {
		t.Error("an answered telephone closed the message")
	}
	d.do(dutyOf(east), &Respond{Message: m.ID, Answer: SayRoger, Position: "duty-director"})
	if evs := d.until(d.now + 3600*second); len(evs) != 0 {
		t.Errorf("found %q after the answer", typesOf(evs))
	}
	attempts := 0
	for _, w := range d.journal {
		if a, ok := w.ev.(*Attempted); ok {
			attempts++
			if !slices.Equal(a.Release(north), event.Whole) || !slices.Equal(a.Release(east), event.Whole) {
				t.Error("expected that both sides have each attempt in their record")
			}
		}
	}
	if attempts != 8 {
		t.Errorf("found %d entries of attempts, expected 8", attempts)
	}
}

// The same without anybody acting: every rung, the end of the ladder, and then
// silence, which is no consent.
func TestH5Silence(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:17:56Z")
	d.rules.Ladder = varanthLadder
	start := d.now
	propose := &Send{To: Address{east, "watch"}, Type: TypePropose, Precedence: Flash, Text: "Stay above, we stay below.", Language: "en"}
	m := sent(t, d.do(watchOf(north), propose))
	expectBeforeAt(t, d, start+30*second, "channel.attempt", "channel.attempt")
	expectBeforeAt(t, d, start+60*second, "channel.attempt", "channel.attempt")
	evs := expectBeforeAt(t, d, start+120*second, "channel.attempt", "channel.fallback")
	if e := evs[1].(*FellBack); !slices.Equal(e.Phrases, varanthLadder.Fallback) {
		t.Errorf("found the fallback %q", e.Phrases)
	}
	expectBeforeAt(t, d, start+180*second, "channel.overdue")
	expectBeforeAt(t, d, start+MaxValidNS, "channel.expired")
	if got := d.message(m.ID); got.Consented() || got.State() != "expired" {
		t.Errorf("found %q, expected it expired and no consent", got.State())
	}
	if _, ok := d.st.Deadline(); ok {
		t.Error("expected nothing more to wait for")
	}
	if s := d.st.Statistics(east); s.Overdue != 1 || s.Unanswered != 1 || s.Expired != 1 {
		t.Errorf("found %+v, expected all of it counted", s)
	}
}

// What is not urgent climbs when its time is over.
func TestH5AfterHandlingTime(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:00:00Z")
	d.rules.Ladder = varanthLadder
	start := d.now
	m := sent(t, d.do(watchOf(north), warn(east, Immediate)))
	expectBeforeAt(t, d, start+600*second, "channel.overdue", "channel.escalated", "channel.attempt")
	expectBeforeAt(t, d, start+630*second, "channel.attempt", "channel.attempt")
	// What the receiver's side logs stands in the record and moves nothing.
	now := statement.Instant(d.now)
	d.do(watchOf(east), &Try{Message: m.ID, Position: "watch", Bearer: "satellite", Outcome: NoAnswer, Started: now, Ended: now})
	d.until(d.now + 10*second)
	d.do(watchOf(east), &Try{Message: m.ID, Position: "watch", Bearer: "satellite", Outcome: Calling, Started: statement.Instant(d.now)})
	expectBeforeAt(t, d, start+660*second, "channel.attempt", "channel.attempt")
	d.refused(event.NotFound, watchOf(harbour), &Try{Message: m.ID, Position: "watch", Bearer: "satellite", Outcome: Calling, Started: statement.Instant(d.now)})
	d.refused(event.Invalid, watchOf(north), &Try{Message: m.ID, Position: "watch", Bearer: "line 1", Outcome: Calling, Started: statement.Instant(d.now + 1)})
	expectBeforeAt(t, d, start+720*second, "channel.attempt", "channel.fallback")
}

// A node that was away for an hour does not record calls that nobody made: each
// rung has its whole time from when it begins.
func TestH5ClockJump(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:00:00Z")
	d.rules.Ladder = varanthLadder
	d.do(watchOf(north), warn(east, Flash))
	d.now += 3600 * second
	jump := d.now
	var evs []event.Event
	for {
		due := d.st.Due(d.view(), d.env())
		if len(due) == 0 {
			break
		}
		d.write(due)
		evs = append(evs, due...)
	}
	expectTypes(t, evs, "channel.overdue", "channel.attempt", "channel.attempt")
	expectBeforeAt(t, d, jump+30*second, "channel.attempt", "channel.attempt")
	expectBeforeAt(t, d, jump+90*second, "channel.attempt", "channel.fallback")
}

// A ladder without rungs falls back at once.
func TestH5NoLadder(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:00:00Z")
	d.rules.Ladder = terms.Ladder{Fallback: []string{"own_hold"}}
	expectTypes(t, d.do(watchOf(north), warn(east, Flash)), "channel.sent", "channel.escalated", "channel.fallback")
	d.restart()
}

// TestH4Stop: STOP takes one step from anybody, goes before everything, reaches
// every party, and only a person lifts it. The toy is a message with an
// exclamation mark: it needs a level, waits its turn, and expires.
func TestH4Stop(t *testing.T) {
	d := newDesk(t, "2026-03-01T11:20:00Z")
	nobody := who{party: "passing-glider"} // no record, no role
	toy := &Send{To: Address{east, "watch"}, Type: TypeWarn, Precedence: Immediate, Text: "Stop!", Language: "en"}
	if _, err := d.try(nobody, toy); err == nil {
		t.Fatal("the toy was taken from whoever has no role; it should fail")
	}
	d.do(watchOf(north), warn(east, Flash))

	call := &CallStop{Where: Place{Text: "strike mission over the field hospital, aircraft low"}, AtRisk: "people", Callback: "line 3"}
	evs := d.do(nobody, call)
	s := evs[0].(*StopSent)
	if !slices.Equal(s.Recipients, []party.ID{east, harbour, north}) {
		t.Errorf("found the recipients %q, expected all parties but the witness", s.Recipients)
	}
	if len(s.Screened) == 0 {
		t.Error("expected that what was found in the text is noted")
	}
	for _, id := range s.Recipients {
		if q := d.st.Inbox(id, "duty-director"); len(q) == 0 || q[0].Precedence != Stop {
			t.Errorf("%s: expected STOP first at every position", id)
		}
		if names := s.Release(id); len(names) == 0 || slices.Contains(names, "recipients") {
			t.Errorf("%s sees %q", id, names)
		}
	}
	if s.Release(witness) != nil {
		t.Error("the witness is told")
	}

	// Answers, by what each does, with their times. A text is no answer.
	d.now += 20 * second
	mine := d.st.StopOf(s.Stop, east)
	d.refused(event.Invalid, watchOf(east), &Respond{Message: mine.To[0].Message, Answer: SayRoger})
	d.do(watchOf(east), &Hold{Stop: s.Stop, Outcome: Held})
	d.now += 20 * second
	d.do(who{party: north}, &Hold{Stop: s.Stop, Outcome: NotMine, Note: "searching"})
	d.do(who{party: north}, &Hold{Stop: s.Stop, Outcome: Held})
	d.refused(event.NotFound, watchOf(witness), &Hold{Stop: s.Stop, Outcome: Held})
	all := d.st.StopOf(s.Stop, nobody.party)
	if len(all.To) != 3 || all.To[0].Outcome != Held || all.To[1].Outcome != "" || all.To[2].Outcome != Held || all.To[2].First != statement.Instant(d.now) {
		t.Errorf("found %+v", all.To)
	}
	if own := d.st.StopOf(s.Stop, east); len(own.To) != 1 || own.To[0].Party != east {
		t.Errorf("found %+v, expected that a recipient sees its own answer only", own.To)
	}
	d.restart()

	// Who did not answer is called along the ladder, and the handling time runs.
	start := instant(t, "2026-03-01T11:20:00Z")
	evs = d.until(start + 60*second)
	if !slices.ContainsFunc(evs, func(ev event.Event) bool {
		e, ok := ev.(*Overdue)
		return ok && e.To == harbour
	}) {
		t.Errorf("found %q, expected the STOP to %s overdue after 60 s", typesOf(evs), harbour)
	}

	// Time lifts nothing.
	d.until(start + 30*24*3600*second)
	if len(d.st.Stops(east)) != 1 || len(d.st.Inbox(harbour, "watch")) != 1 {
		t.Error("the STOP went away by itself")
	}
	d.refused(event.NotAllowed, dutyOf(east), &Resume{Stop: s.Stop, Reason: "looks clear to us"})
	d.refused(event.NotFound, dutyOf(witness), &Resume{Stop: s.Stop, Reason: "looks clear to us"})
	evs = d.do(nobody, &Resume{Stop: s.Stop, Reason: "no aircraft seen since"})
	expectTypes(t, evs[:1], "channel.resumed")
	if e := evs[0].(*StopLifted); e.LostMS != 30*24*3600*1000 {
		t.Errorf("found %d ms lost, expected 30 days", e.LostMS)
	}
	if len(d.st.Stops(east)) != 0 || d.st.Inbox(harbour, "watch")[0].Type != TypeResumed {
		t.Error("expected the STOP lifted, and everybody told")
	}
	d.refused(event.NotNow, nobody, &Resume{Stop: s.Stop, Reason: "again"})
	d.refused(event.NotNow, watchOf(harbour), &Hold{Stop: s.Stop, Outcome: Held})

	// Reviewed later, each party once, and never blocked beforehand.
	d.do(dutyOf(east), &Review{Of: s.Stop, Finding: Mistaken})
	d.refused(event.NotNow, dutyOf(east), &Review{Of: s.Stop, Finding: Mistaken})
	if got := d.st.Statistics(nobody.party); got.Stops != 1 || got.Mistaken != 1 {
		t.Errorf("found %+v", got)
	}
	d.do(nobody, call)
	d.restart()
}

// A STOP is lifted by the duty level of who said it, or by the role that it
// names.
func TestH4ResumeLevel(t *testing.T) {
	d := newDesk(t, "2026-03-01T02:56:00Z")
	call := &CallStop{
		Where: Place{Point: &declaredPoint, RadiusMM: 12_964_000}, AtRisk: "aircraft", Callback: "122.925",
		ResumeBy: &Address{harbour, "air-operations"},
	}
	s := d.do(watchOf(north), call)[0].(*StopSent)
	d.refused(event.NotAllowed, watchOf(north), &Resume{Stop: s.Stop, Reason: "none seen"})
	d.refused(event.NotAllowed, dutyOf(harbour), &Resume{Stop: s.Stop, Reason: "none seen"})
	evs := d.do(who{party: harbour, level: party.Duty, role: "air-operations"}, &Resume{Stop: s.Stop, Reason: "none seen"})
	if !slices.ContainsFunc(evs, func(ev event.Event) bool { e, ok := ev.(*Sent); return ok && e.To == north }) {
		t.Error("expected that who said STOP is told that it was lifted")
	}
	s = d.do(watchOf(north), call)[0].(*StopSent)
	d.do(dutyOf(north), &Resume{Stop: s.Stop, Reason: "none seen"})

	// Named parties only; names that are not known keep nobody from being told.
	call.To = []party.ID{harbour, "unheard-of", harbour, north}
	if s := d.do(watchOf(north), call)[0].(*StopSent); !slices.Equal(s.Recipients, []party.ID{harbour}) {
		t.Errorf("found the recipients %q", s.Recipients)
	}
	call.To = []party.ID{"unheard-of"}
	if s := d.do(watchOf(north), call)[0].(*StopSent); len(s.Recipients) != 2 {
		t.Errorf("found the recipients %q, expected all", s.Recipients)
	}
	d.restart()
}

// A STOP is taken during anything: with the limit of open messages reached, and
// no rule agreed.
func TestH4NotCrowdedOut(t *testing.T) {
	d := &desk{TB: t, st: New(), roster: newRoster(), rules: terms.Default([2]party.ID{north, east}), now: 1}
	d.st.series[direction{north, east}] = &series{last: MaxOpenFlash, open: MaxOpenFlash}
	view, by := d.view(), registry.Authority{Party: north, Level: party.Watch, Person: "w1"}
	for _, body := range []any{warn(east, Immediate), warn(east, Flash)} {
		if _, err := d.st.Decide(&party.Act{Statement: party.Statement{Party: north}, Content: body}, by, view, d.env()); err == nil {
			t.Error("expected the limit of open messages to hold")
		}
	}
	stop := &CallStop{Where: Place{Text: "strip"}, AtRisk: "people", Callback: "3", To: []party.ID{east}}
	evs, err := d.st.Decide(&party.Act{Statement: party.Statement{Party: north}, Content: stop}, by, view, d.env())
	if err != nil || sent(t, evs).Number != MaxOpenFlash+1 {
		t.Errorf("found %v, expected STOP with the next number", err)
	}
}

// What was undertaken on a call has a limit, and who undertook it says how it
// ended.
func TestUndertakings(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:20:00Z")
	start := d.now
	c := &Call{
		With: east, Purpose: "safety", Outgoing: true, Bearer: "line 1", Outcome: "taken",
		Initiated: statement.Instant(start - 60*second), Answered: statement.Instant(start - 50*second), Ended: statement.Instant(start),
		Fields: []Field{text("about", "N204A")}, Gist: map[string]string{"en": "Aircraft turned back.", "fr": "L'aéronef a fait demi-tour."},
		Caller: Speaker{"watch", party.Watch}, Answerer: Speaker{"duty-director", party.Duty},
		Interpreters: []Interpreter{{"l1", []string{"en", "fr"}}}, Readability: 4, Remarks: "long wait",
		Undertakings: []Promise{{east, "tell our crews", statement.Instant(start + 600*second)}, {north, "send the track", statement.Instant(start + 300*second)}},
	}
	e := d.do(dutyOf(north), c)[0].(*Called)
	if shown := e.Release(east); slices.Contains(shown, "remarks") || slices.Contains(shown, "interpreters") || e.Entry.Remarks != "" {
		t.Errorf("the other side sees %q", shown)
	}
	if e.Release(harbour) != nil {
		t.Error("a third party sees the call")
	}
	open := d.st.Undertakings(east)
	if len(open) != 2 || open[0].Who != north {
		t.Fatalf("found %+v, expected both, the earlier first", open)
	}
	d.refused(event.NotFound, watchOf(harbour), &Kept{Undertaking: open[0].ID, Outcome: "done"})
	d.refused(event.NotAllowed, watchOf(east), &Kept{Undertaking: open[0].ID, Outcome: "cannot"})
	expectBeforeAt(t, d, start+300*second, "channel.late")
	d.do(watchOf(north), &Kept{Undertaking: open[0].ID, Outcome: "done"})
	d.do(watchOf(east), &Kept{Undertaking: open[1].ID, Outcome: "cannot"})
	if evs := d.until(start + 3600*second); len(evs) != 0 || len(d.st.Undertakings(north)) != 0 {
		t.Errorf("found %q after both ended", typesOf(evs))
	}
	if d.st.Statistics(north).Late != 1 {
		t.Errorf("found %+v", d.st.Statistics(north))
	}

	// The other side enters the same call; nobody else's call can be named.
	theirs := *c
	theirs.Call, theirs.With, theirs.Outgoing, theirs.Undertakings = e.ID, north, false, nil
	if other := d.do(watchOf(east), &theirs)[0].(*Called); other.ID != e.ID {
		t.Errorf("found the id %s, expected %s at both ends", other.ID, e.ID)
	}
	d.refused(event.NotFound, watchOf(harbour), &theirs)
	d.restart()
}
