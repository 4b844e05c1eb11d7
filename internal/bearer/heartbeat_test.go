package bearer

import (
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Scenario 3B, 04:30: the Centre is silent after three misses; on its return it
// is not as before until it has read what it missed.
func TestH7Silence(t *testing.T) {
	// The toy shows what it last heard: nothing heard, nothing changed.
	toy := func(lastNS, _ int64) Condition {
		if lastNS == 0 {
			return NotKnown
		}
		return Up
	}
	n := newTrial(t)
	n.now = at(4, 26, 0)
	if n.st.Standing("tarrow-centre", "compact") != NotKnown || n.st.Silent("tarrow-centre", "compact") {
		t.Fatal("found a party that never sent a heartbeat other than UNKNOWN")
	}
	n.beat("tarrow-centre", 0)
	n.until(at(4, 26, 59))
	n.beat("tarrow-centre", 3)
	last := n.now
	silentAt := last + 3*minuteNS
	n.until(silentAt - 1)
	if got := n.st.Standing("tarrow-centre", "compact"); got != Up {
		t.Fatalf("found %s one nanosecond before the third miss, expected UP", got)
	}
	if missed := find[*BeatMissed](n.log); len(missed) != 4 { // two by each of the two others
		t.Fatalf("found %d misses, expected 4", len(missed))
	}
	n.until(silentAt)
	if toy(last, n.now) != Up {
		t.Fatal("the toy does not show who is silent as working, so it shows nothing")
	}
	for _, to := range []party.ID{"compact", "league"} {
		if got := n.st.Standing("tarrow-centre", to); got != Silent || !n.st.Silent("tarrow-centre", to) {
			t.Fatalf("found %s at the third miss, expected SILENT", got)
		}
	}
	for _, s := range find[*Silenced](n.log) {
		if int64(s.Since) != silentAt || int64(s.Last) != last || s.Misses != 3 || len(s.Causes) != 0 {
			t.Errorf("found %+v, expected silent since %s, cause unknown", s, statement.Instant(silentAt))
		}
		if !slices.Equal(s.Release(s.To), event.Whole) || !slices.Equal(s.Release(s.Of), event.Whole) {
			t.Error("the silence is not announced to both")
		}
	}
	if n.st.Silent("compact", "tarrow-centre") {
		t.Error("found silent who never sent a heartbeat")
	}
	if data := n.st.Link("compact", "tarrow-centre"); len(data.Bearers) == 0 || bearerOfLink(t, data, "data").Condition != Silent || bearerOfLink(t, data, "phone").Condition == Silent {
		t.Errorf("found %+v, expected the data bearer SILENT and the phone not", data.Bearers)
	}

	n.until(silentAt + 10*minuteNS)
	events := n.beat("tarrow-centre", 3)
	returned := find[*Returned](events)
	if len(returned) != 2 || returned[0].Seen != 3 || int64(returned[0].Since) != silentAt {
		t.Fatalf("found %+v, expected a return to both", returned)
	}
	h := n.st.beatView(Direction{"tarrow-centre", "compact"})
	if h.Condition != Resync || h.Seen != 3 || h.Until <= 3 || !n.st.Silent("tarrow-centre", "compact") {
		t.Fatalf("found %+v, expected RESYNC from behind 3, with the consequences of silence still on", h)
	}
	n.now += minuteNS / 2
	n.beat("tarrow-centre", h.Until-1)
	if got := n.st.Standing("tarrow-centre", "compact"); got != Resync {
		t.Fatalf("found %s of who has not read all that it missed, expected RESYNC", got)
	}
	n.now += minuteNS / 2
	n.beat("tarrow-centre", h.Until)
	if got := n.st.Standing("tarrow-centre", "compact"); got != Up {
		t.Fatalf("found %s of who read all that it missed, expected UP", got)
	}
	n.check()
}

// The deadline counts from the last heartbeat, wherever the node was restarted.
func TestH7DeadlineSurvivesRestart(t *testing.T) {
	n := newTrial(t)
	n.beat("league", 0)
	from := n.now
	for k := range int64(6) {
		n.until(from + k*minuteNS/2)
		n.restore()
		n.replayed = n.st.Clone()
	}
	n.until(from + 3*minuteNS - 1)
	if n.st.Standing("league", "compact") != Up {
		t.Error("found the party silent too early")
	}
	n.until(from + 3*minuteNS)
	if n.st.Standing("league", "compact") != Silent {
		t.Error("found the party not silent at its deadline")
	}
}

// A node that slept cannot know who was silent: everybody has a full period.
func TestH7SleepIsNotSilence(t *testing.T) {
	toy := func(lastNS, nowNS int64) bool { return nowNS-lastNS >= 3*minuteNS }
	for _, sleep := range []int64{90 * secondNS, 10 * minuteNS, 3 * 60 * minuteNS, 40 * dayNS} {
		n := newTrial(t)
		n.beat("league", 0)
		n.beat("compact", 0)
		last := n.now
		n.now += sleep
		n.restore()
		n.replayed = n.st.Clone()
		n.settle()
		woke := n.now
		if sleep >= 3*minuteNS && !toy(last, woke) {
			t.Fatal("the toy does not declare silence, so it shows nothing")
		}
		if len(find[*Woke](n.log)) != 1 || len(find[*Silenced](n.log)) != 0 || len(find[*BeatMissed](n.log)) != 0 || len(find[*Missed](n.log)) != 0 {
			t.Fatalf("slept %d s: found %d wakings, silence %d, misses %d, expected the waking alone", sleep/secondNS,
				len(find[*Woke](n.log)), len(find[*Silenced](n.log)), len(find[*BeatMissed](n.log)))
		}
		n.until(woke + minuteNS - 1)
		if len(find[*BeatMissed](n.log)) != 0 {
			t.Fatal("found a miss within one period of waking")
		}
		n.beat("league", 0)
		n.until(woke + 3*minuteNS)
		if n.st.Standing("league", "compact") != Up || n.st.Standing("compact", "league") != Silent {
			t.Errorf("slept %d s: found %s who came back and %s who did not, expected UP and SILENT", sleep/secondNS,
				n.st.Standing("league", "compact"), n.st.Standing("compact", "league"))
		}
		n.check()
	}
}

// Tests that were to begin while the node slept are passed over and counted;
// those that were open may still be answered.
func TestH6SleepOverTests(t *testing.T) {
	n := newTrial(t)
	n.follow("league", "compact")
	opened := find[*Opened](n.until(at(6, 0, 0)))
	n.now = at(19, 0, 0) + dayNS
	n.settle()
	if len(find[*Missed](n.log)) != 0 || len(find[*Opened](n.log)) != 6 {
		t.Fatal("found tests missed or opened for a time at which the node slept")
	}
	v := n.st.lineView(opened[0].Line)
	if v.Skipped != 3 || int64(v.Next) != at(6, 0, 0)+2*dayNS {
		t.Errorf("found %d skipped and the next at %s, expected 3 and the next morning", v.Skipped, v.Next)
	}
	n.until(n.now + 5*minuteNS - 1)
	n.answer(opened[0], 5)
	if missed := find[*Missed](n.until(n.now + 1)); len(missed) != 5 {
		t.Errorf("found %d missed one wait after waking, expected 5", len(missed))
	}
	n.check()
}

// A forward step of the clock that no sleep explains fires deadlines in order.
func TestH7DeadlinesFireInOrder(t *testing.T) {
	n := newTrial(t)
	n.now = at(5, 58, 30)
	n.beat("league", 0)
	n.now += secondNS
	n.beat("compact", 0)
	n.until(at(5, 59, 29)) // before the first misses, of 05:59:30 and :31
	n.now = at(5, 59, 40)  // late by less than a quarter of a minute
	n.settle()
	missed := find[*BeatMissed](n.log)
	if len(missed) != 4 || missed[0].Of != "league" || missed[1].Of != "league" || missed[2].Of != "compact" {
		t.Fatalf("found %d misses, expected those of the League before those of the Compact", len(missed))
	}
	n.until(at(6, 0, 30))
	n.now = at(6, 0, 35)
	n.settle()
	if late := find[*BeatMissed](n.log); len(late) != 8 {
		t.Fatalf("found %d misses, expected the second ones of both", len(late))
	}
	for _, m := range find[*BeatMissed](n.log) {
		if m.Of == "league" && int64(m.Due) != at(5, 58, 30)+m.Misses*minuteNS {
			t.Errorf("found miss %d due %s: the periods drift", m.Misses, m.Due)
		}
	}
	n.check()
}

// A heartbeat to one party tells the others nothing.
func TestH7HeartbeatToOne(t *testing.T) {
	n := newTrial(t)
	n.follow("league", "tarrow-centre")
	n.act("league", &Heartbeat{To: "compact", State: digest, Seen: 0})
	if n.st.Standing("league", "compact") != Up || n.st.Standing("league", "tarrow-centre") != NotKnown {
		t.Error("found the heartbeat counted by whom it was not for")
	}
	n.refused(event.NotFound, "league", &Heartbeat{To: "nobody", State: digest})
	n.view.Head = 10
	n.refused(event.Invalid, "league", &Heartbeat{To: "compact", State: digest, Seen: 11})
	n.refused(event.Invalid, "league", &Heartbeat{State: "none"})
	n.act("league", &Heartbeat{To: "compact", State: digest, Seen: 10})
	if b := n.st.LastBeat("league"); b == nil || b.Seen != 10 || b.Custody != party.Held {
		t.Errorf("found the last heartbeat %+v", b)
	}
	n.check()
}

// A clock that is off is an alarm, and enlarges the margins of time.
func TestE3ClockOffset(t *testing.T) {
	// The toy takes the sender's word for when it is.
	toy := func(stated statement.Instant, _ int64) int64 { return int64(stated) }
	n := newTrial(t)
	send := func(offsetNS, errorNS int64) []event.Event {
		a := &party.Act{Statement: party.Statement{Party: "league", At: statement.Instant(n.now - offsetNS)}, Content: &Heartbeat{State: digest, Clock: &Clock{"ntp", errorNS}}}
		if offsetNS != 0 && toy(a.At, n.now) == n.now {
			t.Fatal("the toy sees the offset, so it shows nothing")
		}
		events, err := n.st.Decide(a, registry.Authority{Party: "league", Custody: party.ByNode}, n.view, n.env())
		if err != nil {
			t.Fatal(err)
		}
		n.apply(events)
		n.now += secondNS
		return events
	}
	steps := []struct {
		offsetNS, errorNS int64
		alarms, raised    bool
		marginNS          int64
	}{
		{0, 0, false, false, 0},
		{secondNS, 0, false, false, 0}, // exactly the limit
		{secondNS + 1, 0, true, true, secondNS + 1},
		{-3 * secondNS, 0, false, true, 3 * secondNS}, // still off
		{0, secondNS, true, false, 0},
		{1, secondNS, true, true, secondNS + 1}, // its own stated error counts
		{200 * dayNS, 0, false, true, maxOffsetNS},
		{5, 5, true, false, 0},
	}
	for i, s := range steps {
		alarms := find[*ClockAlarm](send(s.offsetNS, s.errorNS))
		if (len(alarms) == 1) != s.alarms || s.alarms && alarms[0].Raised != s.raised {
			t.Errorf("step %d: found the alarms %+v, expected one: %v, raised: %v", i, alarms, s.alarms, s.raised)
		}
		if got := n.st.ClockErrorNS("league"); got != s.marginNS {
			t.Errorf("step %d: found a margin of %d ns, expected %d", i, got, s.marginNS)
		}
		for _, a := range alarms {
			if len(a.Release("compact")) != 3 || a.Release("nobody") != nil {
				t.Errorf("step %d: the alarm is shown to %v, %v", i, a.Release("compact"), a.Release("nobody"))
			}
		}
	}
	if _, ok := n.st.ClockOf("compact"); ok || n.st.ClockErrorNS("compact") != 0 {
		t.Error("found a reading of a clock that nobody read")
	}
	n.check()
}

// What a party announced about its own heartbeat is the cause of its silence;
// what others announced about theirs is not. Back to normal, it is forgotten.
func TestH7AnnouncedSilence(t *testing.T) {
	for by, want := range map[party.ID]Cause{"league": Technical, "compact": Unknown} {
		n := newTrial(t)
		n.beat("league", 0)
		other := party.ID("compact")
		if by == other {
			other = "league"
		}
		n.act(by, &Announce{To: other, Bearer: HeartbeatBearer, From: statement.Instant(n.now), Until: statement.Instant(n.now + 60*minuteNS), Cause: Technical})
		n.until(n.now + 4*minuteNS)
		if h := n.st.beatView(Direction{"league", "compact"}); h.Condition != Silent || h.Cause != want {
			t.Errorf("announced by %s: found %s for the cause %s, expected SILENT, %s", by, h.Condition, h.Cause, want)
		}
		n.beat("league", n.index)
		n.beat("league", n.index)
		if h := n.st.beatView(Direction{"league", "compact"}); h.Condition != Up || h.Cause != Unknown || len(h.Stated) != 0 {
			t.Errorf("announced by %s: found %+v, expected UP and no cause", by, h)
		}
		n.check()
	}
}

// The strictest limit that a party agreed to holds for its clock.
func TestE3StrictestLimit(t *testing.T) {
	n := newTrial(t)
	rules := n.view.Rules
	n.view.Rules = func(a, b party.ID) *terms.Rules {
		r := rules(a, b)
		if a == "tarrow-centre" || b == "tarrow-centre" {
			r.Heartbeat.ClockNS = secondNS / 10
		}
		return r
	}
	for range 2 { // with rules that are new, and with those followed
		n.beat("league", 0)
		if r, ok := n.st.ClockOf("league"); !ok || r.LimitNS != secondNS/10 {
			t.Errorf("found the limit %d ns, expected that of the stricter agreement", r.LimitNS)
		}
	}
}
