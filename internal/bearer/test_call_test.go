package bearer

import (
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// answer answers an open test as heard, at a readability.
func (n *trial) answer(o *Opened, readability int64) []event.Event {
	n.t.Helper()
	return n.act(o.To, &Answer{Test: o.Test, Challenge: o.Challenge, Readability: readability, DelayMS: 300, Position: "watch"})
}

func bearerOfLink(t *testing.T, link Link, name string) BearerView {
	t.Helper()
	i := slices.IndexFunc(link.Bearers, func(b BearerView) bool { return b.Bearer == name })
	if i < 0 {
		t.Fatalf("found no bearer %s in %+v", name, link)
	}
	return link.Bearers[i]
}

// A line that answers is not a line over which people understand each other: a
// machine that plays what was once recorded answers too.
func TestH6TestCalls(t *testing.T) {
	// The toy takes any answer for a working line, as a ping does.
	toy := func(answered bool) Condition {
		if answered {
			return Up
		}
		return Degraded
	}
	n := newTrial(t)
	n.follow("league", "compact")
	opened := find[*Opened](n.until(at(6, 0, 0)))
	if len(opened) != 6 {
		t.Fatalf("found %d tests at 06:00, expected 3 bearers both ways", len(opened))
	}
	i := slices.IndexFunc(opened, func(o *Opened) bool { return o.Line == Line{"league", "compact", "phone"} })
	recorded := opened[i].Challenge
	n.answer(opened[i], 5)

	evening := find[*Opened](n.until(at(18, 0, 0)))
	evening = slices.DeleteFunc(evening, func(o *Opened) bool { return o.Line != Line{"league", "compact", "phone"} })
	if len(evening) != 1 {
		t.Fatalf("found %d tests of the line at 18:00, expected 1", len(evening))
	}
	answered := find[*Answered](n.act("compact", &Answer{Test: evening[0].Test, Challenge: recorded, Readability: 5, Position: "watch"}))
	if toy(len(answered) == 1) != Up {
		t.Fatal("the toy does not take the recording, so it shows nothing")
	}
	if answered[0].Outcome != Failed {
		t.Errorf("found the recording %s, expected failed", answered[0].Outcome)
	}
	if got := bearerOfLink(t, n.st.Link("compact", "league"), "phone"); got.Condition != Degraded || got.Cause != Unknown {
		t.Errorf("found the phone %s for the cause %s, expected DEGRADED, unknown", got.Condition, got.Cause)
	}
	n.check()
}

// Scenario 3A, D 06:00: three bearers both ways, five of six good, the
// satellite from the League to the Compact of readability 2.
func TestH6Golden(t *testing.T) {
	n := newTrial(t)
	n.follow("league", "compact")
	n.until(at(6, 0, 0))
	opened := find[*Opened](n.log)
	for k, o := range opened {
		if *o.Scheduled != statement.Instant(at(6, 0, 0)) {
			t.Errorf("%v: scheduled for %s, expected 06:00", o.Line, o.Scheduled)
		}
		for _, other := range opened[:k] {
			if o.Challenge == other.Challenge || o.Test == other.Test {
				t.Errorf("%v and %v have the same challenge or id", o.Line, other.Line)
			}
		}
		n.now += secondNS
		readability := int64(5)
		if (o.Line == Line{"league", "compact", "satellite"}) {
			readability = 2
		}
		n.answer(o, readability)
	}
	good := 0
	for _, a := range find[*Answered](n.log) {
		if a.Outcome == Good {
			good++
		}
	}
	if good != 5 {
		t.Errorf("found %d good, expected 5 of 6", good)
	}
	link := n.st.Link("league", "compact")
	for name, want := range map[string]Condition{"data": Up, "phone": Up, "satellite": Degraded} {
		if got := bearerOfLink(t, link, name); got.Condition != want || got.Cause != Unknown {
			t.Errorf("%s: found %s, cause %s, expected %s, unknown", name, got.Condition, got.Cause, want)
		}
	}
	if left := n.st.Untested("league", "compact", at(6, 0, 0)); len(left) != 1 || left[0] != (Line{"league", "compact", "satellite"}) {
		t.Errorf("found untested %v, expected the satellite from the League", left)
	}
	n.check()
}

// Every deadline holds to the nanosecond, and across a restart.
func TestH6MissedAtItsInstant(t *testing.T) {
	for _, restart := range []bool{false, true} {
		n := newTrial(t)
		n.follow("league", "compact")
		if early := n.until(at(6, 0, 0) - 1); len(find[*Opened](early)) != 0 {
			t.Fatal("found a test before 06:00")
		}
		opened := find[*Opened](n.until(at(6, 0, 0)))
		if len(opened) != 6 {
			t.Fatalf("found %d tests at 06:00, expected 6", len(opened))
		}
		if restart {
			n.restore()
			n.replayed = n.st.Clone()
		}
		due := at(6, 5, 0)
		if early := n.until(due - 1); len(early) != 0 {
			t.Fatalf("found %d events before the answers are due", len(early))
		}
		n.answer(opened[0], 4) // one nanosecond before
		n.now = due
		n.refused(event.NotNow, opened[1].To, &Answer{Test: opened[1].Test, Challenge: opened[1].Challenge, Readability: 5})
		missed := find[*Missed](n.until(due))
		if len(missed) != 5 {
			t.Fatalf("found %d missed, expected 5", len(missed))
		}
		for _, m := range missed {
			if int64(m.Due) != due {
				t.Errorf("%v: due %s", m.Line, m.Due)
			}
			for _, id := range []party.ID{m.From, m.To} {
				if !slices.Equal(m.Release(id), event.Whole) {
					t.Errorf("%v: the miss is not announced to %s", m.Line, id)
				}
			}
			if m.Release("tarrow-centre") != nil {
				t.Errorf("%v: the miss is shown to a party that it does not concern", m.Line)
			}
		}
		n.refused(event.NotFound, opened[1].To, &Answer{Test: opened[1].Test, Challenge: opened[1].Challenge, Readability: 5})
		n.check()
	}
}

// The cause is unknown until it is stated, and stays so while the two differ.
func TestH6Cause(t *testing.T) {
	n := newTrial(t)
	n.follow("league", "compact")
	n.until(at(6, 5, 0))
	line := Line{"league", "compact", "phone"}
	cause := func() Cause { return n.st.lineView(line).Cause }
	if cause() != Unknown {
		t.Fatalf("found the cause %s, expected unknown", cause())
	}
	body := &StateCause{From: "league", To: "compact", Bearer: "phone", Cause: Technical}
	n.refused(event.NotFound, "tarrow-centre", body)
	n.act("league", body)
	if cause() != Technical {
		t.Errorf("found the cause %s, expected technical", cause())
	}
	n.act("compact", &StateCause{From: "league", To: "compact", Bearer: "phone", Cause: Deliberate})
	if v := n.st.lineView(line); v.Cause != Unknown || len(v.Stated) != 2 {
		t.Errorf("found the cause %s of %v, expected unknown where two differ", v.Cause, v.Stated)
	}
	n.act("league", &StateCause{From: "league", To: "compact", Bearer: "phone", Cause: Deliberate})
	if v := n.st.lineView(line); v.Cause != Deliberate || len(v.Stated) != 2 {
		t.Errorf("found the cause %s of %v, expected deliberate", v.Cause, v.Stated)
	}
	opened := find[*Opened](n.act("league", &TestCall{To: "compact", Bearer: "phone"}))
	n.answer(opened[0], 3)
	if v := n.st.lineView(line); v.Condition != Up || len(v.Stated) != 0 {
		t.Errorf("found %s with causes %v after a good test, expected UP without", v.Condition, v.Stated)
	}
	n.refused(event.NotNow, "league", body)

	n.act("league", &Announce{To: "compact", Bearer: "phone", From: statement.Instant(at(17, 0, 0)), Until: statement.Instant(at(19, 0, 0)), Cause: Technical})
	n.until(at(18, 5, 0))
	if v := n.st.lineView(line); v.Condition != Degraded || v.Cause != Technical || v.Stated[0].By != "league" {
		t.Errorf("found %s, cause %s, expected DEGRADED for the cause announced", v.Condition, v.Cause)
	}
	if v := n.st.lineView(Line{"league", "compact", "satellite"}); v.Cause != Unknown {
		t.Errorf("found the cause %s of a bearer that nothing was announced for", v.Cause)
	}
	n.check()
}

// Who is called must have heard the challenge: it is told it over no other way.
func TestH6ChallengeIsHeard(t *testing.T) {
	n := newTrial(t)
	n.follow("league", "compact")
	for _, o := range find[*Opened](n.until(at(6, 0, 0))) {
		sees := slices.Equal(o.Release(o.To), event.Whole) || slices.Contains(o.Release(o.To), "challenge")
		if sees != (o.Bearer == "data") {
			t.Errorf("%v: the called party sees the challenge: %v", o.Line, sees)
		}
		if !slices.Equal(o.Release(o.From), event.Whole) {
			t.Errorf("%v: the caller does not see the challenge", o.Line)
		}
		for _, open := range n.st.OpenTests(o.To) {
			if open.Test == o.Test && (open.Challenge != "") != (o.Bearer == "data") {
				t.Errorf("%v: found the challenge %q in what the called party sees", o.Line, open.Challenge)
			}
		}
		n.refused(event.NotFound, "tarrow-centre", &Answer{Test: o.Test, Challenge: o.Challenge, Readability: 5})
		n.refused(event.NotFound, o.From, &Answer{Test: o.Test, Challenge: o.Challenge, Readability: 5})
	}
	said := newChallenge("x")
	for heard, same := range map[string]bool{said: true, " " + said + ".": true, said + "s": false, said[1:]: false, "": false} {
		if sameChallenge(said, heard) != same {
			t.Errorf("%q heard as %q: expected the same: %v", said, heard, same)
		}
	}
}

// Scheduled tests go to the rungs of the ladder in turn; who answered is kept.
func TestH6ExercisesTheLadder(t *testing.T) {
	n := newTrial(t)
	n.follow("league", "compact")
	called := map[string]int{}
	for day := range int64(3) {
		for _, hour := range []int64{6, 18} {
			for _, o := range find[*Opened](n.until(at(hour, 0, 0) + day*dayNS)) {
				called[o.Position]++
				n.answer(o, 5)
			}
		}
	}
	if called["watch"] != 18 || called["duty-director"] != 18 {
		t.Errorf("found the calls %v, expected 18 to each position", called)
	}
	if last := n.st.lineView(Line{"league", "compact", "phone"}).Last; len(last) != 6 || last[0].Position != "watch" {
		t.Errorf("found the trend %v, expected 6 results with who answered", last)
	}
	if left := n.st.Untested("league", "compact", n.now+1); len(left) != 6 {
		t.Errorf("found %d lines without a test since now, expected all 6", len(left))
	}
	for day := range int64(10) {
		n.until(at(20, 0, 0) + (3+day)*dayNS)
	}
	if last := n.st.lineView(Line{"league", "compact", "phone"}).Last; len(last) != maxResults || last[0].Outcome != NoAnswer {
		t.Errorf("found %d results, expected the last %d", len(last), maxResults)
	}
}

func TestTestCallsAreRefused(t *testing.T) {
	n := newTrial(t)
	n.follow("league", "compact")
	n.refused(event.NotFound, "league", &TestCall{To: "nobody", Bearer: "phone"})
	n.refused(event.NotFound, "league", &TestCall{To: "league", Bearer: "phone"})
	n.refused(event.NotFound, "league", &TestCall{To: "compact", Bearer: "pigeon"})
	n.refused(event.Invalid, "league", &TestCall{To: "compact", Bearer: "No Bearer"})
	n.act("league", &TestCall{To: "compact", Bearer: "phone"})
	n.refused(event.NotNow, "league", &TestCall{To: "compact", Bearer: "phone"})
	n.refused(event.NotFound, "league", &Announce{To: "nobody", Bearer: "phone", From: 0, Until: 1 << 60, Cause: Technical})
	n.refused(event.Invalid, "league", &Announce{To: "compact", Bearer: "phone", From: 0, Until: 1, Cause: Technical})
}

// Rules that change take effect at once, and only then make an event.
func TestFollowTakesNewRules(t *testing.T) {
	n := newTrial(t)
	n.follow("league", "compact")
	if again := n.st.Follow("compact", "league", n.view); len(again) != 0 {
		t.Fatalf("found %d events for the same rules, expected none", len(again))
	}
	n.rules.Tests.AtNS = []int64{7 * 60 * minuteNS}
	n.rules.Tests.Bearers = []string{"phone"}
	n.follow("league", "compact")
	opened := find[*Opened](n.until(at(18, 0, 0)))
	if len(opened) != 2 || int64(*opened[0].Scheduled) != at(7, 0, 0) {
		t.Fatalf("found %d tests, expected the 2 of 07:00", len(opened))
	}
	n.rules.Tests.AtNS = nil
	n.follow("league", "compact")
	if _, ok := n.st.Deadline(); ok {
		t.Error("found a deadline where no tests are agreed and nobody is heard")
	}
	n.check()
}
