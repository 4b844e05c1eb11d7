package agreement

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// kept are the kinds of message and act that a safety floor must keep.
var kept = []string{
	"HEARTBEAT", "STOP", "HOLDING", "WARN", "SITE-NOTICE", "MOVE-NOTICE", "INCIDENT", "TEST",
	"bearer.heartbeat", "bearer.test", "channel.stop", "channel.hold", "notice.declare", "notice.step", "incident.report", "agreement.resume",
	"intent.contingent",
}

func (n *node) floorHolds() {
	n.tb.Helper()
	f := n.st.Floor(east, north)
	for _, kind := range kept {
		if !f.Keeps(kind) {
			n.tb.Fatalf("the floor does not keep %s", kind)
		}
	}
}

// TestL1SuspensionIsOnePartysRight has one party suspend, by its own act alone,
// at receipt and the agreed notice.
func TestL1SuspensionIsOnePartysRight(t *testing.T) {
	n := newNode(t)
	v1 := m1()
	v1.SuspensionNoticeNS = ns(2 * hourNS)
	n.agreed(v1)
	begun := n.nowNS
	n.nowNS += hourNS
	received := n.nowNS
	n.do(east, &Suspend{Agreement: "M1", Reason: "loss of separation", Demands: []string{"an inquiry in 48 h"}, ReplyBy: statement.Instant(received + 48*hourNS)})
	n.refused(event.NotNow, east, &Suspend{Agreement: "M1", Reason: "again"})
	id := last[*Noticed](n).Notice
	n.pass(received + 2*hourNS - 1)
	if got := n.legal("M1"); got != InForce {
		t.Errorf("%s before the notice has run, want in force", got)
	}
	x, _ := n.st.Axis("M1")
	if len(x.Coming) != 1 || x.Coming[0].By != east {
		t.Errorf("coming: %+v", x.Coming)
	}
	n.pass(received + 2*hourNS)
	x, _ = n.st.Axis("M1")
	if x.State != InSuspension || x.By != east || int64(x.Since) != received+2*hourNS {
		t.Errorf("%s by %s since %s", x.State, x.By, x.Since)
	}
	if got := last[*Suspended](n); n.journal[x.Evidence].at.Index != x.Evidence || got.Notice != id {
		t.Errorf("evidence %d, notice %s", x.Evidence, got.Notice)
	}

	// Toy: suspending deletes the agreement, and so what held before it.
	toy := n.replayed()
	delete(toy.agreements, "M1")
	toy.between = New().between
	if r := toy.RulesAt(north, east, begun); r.Ladder.Source != (terms.Source{}) {
		t.Fatal("the toy must have forgotten what held")
	}
	// The text is still there, and so is what held before.
	d, _ := n.st.Get(n.view(), "M1", north, n.nowNS)
	if d.Text.Hash() != v1.Hash() || d.Notices[0].Reason != "loss of separation" {
		t.Error("the text or the reason is gone")
	}
	now, before := n.st.Rules(north, east, n.nowNS), n.st.RulesAt(north, east, begun)
	if !now.Suspended || now.Ladder.Source != (terms.Source{}) || !now.Minima[0].Suspended {
		t.Errorf("rules of a suspended agreement: %+v", now)
	}
	if before.Suspended || before.Ladder.Source.Agreement != "M1" {
		t.Errorf("rules of before: %+v", before)
	}

	// No other act than a resumption brings it back.
	n.refused(event.NotNow, east, &Withdraw{Agreement: "M1", Notice: id})
	n.do(north, &Answer{"M1", id, 1, "an inquiry is under way"})
	n.do(east, &Waive{"M1", id, []int64{1}})
	v2 := following(v1, north, nil)
	n.do(north, propose(v2))
	n.do(north, signing(v2))
	n.do(east, signing(v2))
	if got := n.legal("M1"); got != InSuspension {
		t.Errorf("%s after demands and an amendment were settled, want suspended", got)
	}
}

// TestL1Annex suspends and ends an annex on its own.
func TestL1Annex(t *testing.T) {
	n := newNode(t)
	n.agreed(m1())
	n.refused(event.NotFound, north, &Suspend{Agreement: "M1", Annex: "ferries", Reason: "r"})
	n.do(north, &Suspend{Agreement: "M1", Annex: "crossings", Reason: "repeated crossings"})
	r := n.st.Rules(north, east, n.nowNS)
	if n.legal("M1") != InForce || len(r.Lines) != 0 || len(r.Minima) != 1 || r.Minima[0].Suspended {
		t.Errorf("%s, lines %v, minima %v", n.legal("M1"), r.Lines, r.Minima)
	}
	n.do(east, &Terminate{Agreement: "M1", Annex: "crossings", Reason: "of no use"})
	n.pass(n.nowNS + 14*dayNS)
	x, _ := n.st.Axis("M1")
	if x.State != InForce || len(x.Annexes) != 1 || x.Annexes[0].State != HasTerminated {
		t.Errorf("%+v", x)
	}
	if r := n.st.Rules(north, east, n.nowNS); r.Suspended {
		t.Error("an annex that has ended counts as suspended")
	}
	n.refused(event.NotNow, north, &Resume{Agreement: "M1", Annex: "crossings"})
	n.refused(event.NotNow, north, &Suspend{Agreement: "M1", Annex: "crossings", Reason: "r"})
}

// TestL1EndTakesAllWithIt has nothing that was under way outlast an agreement.
func TestL1EndTakesAllWithIt(t *testing.T) {
	n := newNode(t)
	v1 := n.agreed(m1())
	v2 := following(v1, east, func(t *terms.Text) { t.Entry = &terms.Entry{Rule: "at", At: when("2026-06-01T00:00:00Z")} })
	n.do(east, propose(v2))
	n.do(east, signing(v2))
	n.do(north, signing(v2))
	n.do(north, propose(following(v2, north, nil)))
	n.do(east, &Suspend{Agreement: "M1", Reason: "r"})
	n.do(east, &Resume{Agreement: "M1"})
	n.do(north, &Terminate{Agreement: "M1", Reason: "r"})
	n.pass(n.nowNS + 14*dayNS)
	x, _ := n.st.Axis("M1")
	if x.State != HasTerminated || x.Resuming != "" || len(x.Coming) != 0 || n.st.agreements["M1"].Open != 0 {
		t.Errorf("%+v", x)
	}
	n.pass(at("2028-01-01T00:00:00Z"))
	if n.legal("M1") != HasTerminated || len(n.st.Rules(north, east, n.nowNS).Minima) != 0 {
		t.Error("a version that was signed before comes into force after the end")
	}
}

// TestL1Conditional has a suspension that only follows if its demands are not
// waived.
func TestL1Conditional(t *testing.T) {
	for _, waived := range []bool{true, false} {
		n := newNode(t)
		n.agreed(m1())
		from := n.nowNS + 24*hourNS
		s := &Suspend{Agreement: "M1", From: statement.Instant(from), Conditional: true, Reason: "r", Demands: []string{"a", "b"}}
		n.do(east, s)
		id := last[*Noticed](n).Notice
		n.refused(event.NotAllowed, north, &Waive{"M1", id, []int64{1}})
		n.do(north, &Answer{"M1", id, 1, "yes"}) // is not for who answers to judge
		n.do(north, &Answer{"M1", id, 2, "yes"})
		n.do(east, &Waive{"M1", id, []int64{2}})
		if waived {
			n.do(east, &Waive{"M1", id, []int64{1}})
		}
		n.pass(from)
		want := InSuspension
		if waived {
			want = InForce
		}
		if got := n.legal("M1"); got != want {
			t.Errorf("waived %v: %s, want %s", waived, got, want)
		}
	}
}

// TestL2ObjectionStandsBeside shows who contests a suspension, and leaves it in
// effect.
func TestL2ObjectionStandsBeside(t *testing.T) {
	n := newNode(t)
	n.agreed(m1())
	n.do(east, &Suspend{Agreement: "M1", Reason: "r"})
	id := last[*Noticed](n).Notice
	n.refused(event.NotAllowed, east, &Object{"M1", id, "r"})
	n.refused(event.Invalid, north, &Object{"M1", id, "the target"})
	n.nowNS += hourNS
	n.do(north, &Object{"M1", id, "the memorandum is still in effect"})
	// Toy: one light, which the last to speak sets.
	light := InForce
	for _, r := range n.journal {
		switch decoded(t, r.text).(type) {
		case *Suspended:
			light = InSuspension
		case *Objected:
			light = InForce
		}
	}
	x, _ := n.st.Axis("M1")
	if light == x.State {
		t.Fatal("the toy must believe the last to speak")
	}
	if x.State != InSuspension || x.By != east {
		t.Errorf("an objection changed the state: %+v", x)
	}
	if len(x.Contested) != 1 || x.Contested[0].By != north || decoded(t, n.journal[x.Contested[0].Index].text).Type() != "agreement.objected" {
		t.Errorf("contested: %+v", x.Contested)
	}
	if decoded(t, n.journal[x.Evidence].text).Type() != "agreement.suspended" {
		t.Error("the state has no evidence")
	}
	// It says nothing of whether anybody answers.
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"link", "up", "silent", "bearer"} {
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		if _, mixed := members[word]; mixed {
			t.Errorf("the legal axis has a member %s", word)
		}
	}
}

// TestL3FloorSurvives has nothing that is done to an agreement reach the floor.
func TestL3FloorSurvives(t *testing.T) {
	// Toy: suspension closes the socket.
	toy := func(legal Legal) bool { return legal == InForce }
	n := newNode(t)
	n.agreed(floor())
	n.agreed(m1())
	n.do(east, &Suspend{Agreement: "M1", Reason: "r"})
	if toy(n.legal("M1")) {
		t.Fatal("the toy must be cut off by the suspension")
	}
	n.floorHolds()
	r := n.st.Rules(north, east, n.nowNS)
	if r.Sites.Source.Agreement != "F1" || r.Heartbeat.Source.Agreement != "F1" || r.Tests.Source.Agreement != "F1" {
		t.Errorf("rules of the floor under suspension: sites %v, heartbeat %v, tests %v", r.Sites.Source, r.Heartbeat.Source, r.Tests.Source)
	}
	n.refused(event.NotAllowed, east, &Suspend{Agreement: "F1", Reason: "r"})
	n.refused(event.NotAllowed, east, &Terminate{Agreement: "F1", Reason: "r"})
	n.refused(event.Invalid, east, &Withdraw{Agreement: "M1"})
	n.do(east, &Terminate{Agreement: "M1", Reason: "r"})
	n.pass(at("2028-01-01T00:00:00Z"))
	if n.legal("M1") != HasTerminated {
		t.Fatal("the agreement goes on")
	}
	n.floorHolds()

	n.do(east, &Withdraw{Agreement: "F1"})
	n.floorHolds() // until the notice has run
	f := n.st.Floor(north, east)
	if int64(f.Ends) != n.nowNS+14*dayNS {
		t.Errorf("ends %s", f.Ends)
	}
	n.do(east, &Withdraw{Agreement: "F1", Notice: last[*Noticed](n).Notice}) // thought better of it
	if n.st.Floor(north, east).Ends != 0 {
		t.Error("a withdrawal that was taken back still ends the floor")
	}
	n.do(east, &Withdraw{Agreement: "F1"})
	n.pass(n.nowNS + 14*dayNS)
	if n.st.Floor(north, east) != nil || n.st.Floor(north, east).Keeps("STOP") {
		t.Error("the floor outlives the withdrawal from it")
	}
}

// TestL4ResumptionIsAProcedure brings an agreement back by the whole checklist.
func TestL4ResumptionIsAProcedure(t *testing.T) {
	n := newNode(t)
	n.agreed(m1())
	n.do(east, &Suspend{Agreement: "M1", Reason: "r", Demands: []string{"an inquiry"}})
	id := last[*Noticed](n).Notice
	n.refused(event.NotFound, east, &Resume{Agreement: "M1", Keep: []string{"ferries"}})
	n.refused(event.NotNow, east, &Resume{Agreement: "M1", Annex: "crossings"})
	n.nowNS = at("2026-03-06T09:00:00Z")
	n.do(east, &Resume{Agreement: "M1", Keep: []string{"crossings"}})
	p := last[*ResumptionOpened](n).Procedure
	// Toy: who asks to resume sets the status back.
	if toy := InForce; toy == n.legal("M1") {
		t.Fatal("in force with nothing checked, as the toy is")
	}
	n.refused(event.NotNow, north, &Resume{Agreement: "M1"})
	n.refused(event.Invalid, north, &Resume{Agreement: "M1", Procedure: p}) // other terms
	n.do(north, &Resume{Agreement: "M1", Procedure: p, Keep: []string{"crossings"}})

	phase := func() Phase { x, _ := n.st.Axis("M1"); return x.Resuming }
	bring := func(items ...Item) {
		for _, item := range items {
			if n.legal("M1") != InSuspension {
				t.Fatalf("in force before %s holds", item)
			}
			n.checks[item] = true
			n.settle()
		}
	}
	bring(Tests, Heads)
	if phase() != PhaseBegun {
		t.Errorf("phase %s without clocks", phase())
	}
	bring(Clocks)
	if phase() != PhaseData {
		t.Errorf("phase %s, want data", phase())
	}
	n.checks[Heads] = false // fell apart again
	n.settle()
	if phase() != PhaseBegun {
		t.Errorf("phase %s with heads that differ", phase())
	}
	bring(Heads, Intents, Roster)
	if phase() != PhaseNotices || n.legal("M1") != InSuspension {
		t.Errorf("phase %s, want notices; demands are open", phase())
	}
	n.nowNS = at("2026-03-06T09:40:00Z")
	n.do(north, &Answer{"M1", id, 1, "positions are agreed"})

	x, _ := n.st.Axis("M1")
	if x.State != InForce || x.Since.String() != "2026-03-06T09:40:00.000000000Z" || len(x.Annexes) != 1 || x.Annexes[0].State != InSuspension {
		t.Errorf("%+v, want it in force since 09:40, crossings suspended", x)
	}
	e := last[*Resumed](n)
	if int64(e.Fresh) != at("2026-03-06T09:00:00Z") || count[*Resumed](n) != 1 {
		t.Errorf("acceptances from before %s count, want none from before the procedure", e.Fresh)
	}
	if r := n.st.Rules(north, east, n.nowNS); len(r.Lines) != 0 || r.Minima[0].Suspended {
		t.Error("the annex is back, or the minima are not")
	}

	// The annex comes back by a procedure of its own.
	n.do(north, &Resume{Agreement: "M1", Annex: "crossings"})
	n.do(east, &Resume{Agreement: "M1", Annex: "crossings", Procedure: last[*ResumptionOpened](n).Procedure})
	if r := n.st.Rules(north, east, n.nowNS); len(r.Lines) != 1 {
		t.Error("the annex did not resume")
	}
}

// TestL4EachItemIsNeeded leaves out one item at a time.
func TestL4EachItemIsNeeded(t *testing.T) {
	for _, left := range Items {
		n := newNode(t)
		n.agreed(m1())
		n.do(east, &Suspend{Agreement: "M1", Reason: "r", Demands: []string{"a"}})
		id := last[*Noticed](n).Notice
		for item := range n.checks {
			n.checks[item] = item != left
		}
		if left != Demands {
			n.do(east, &Waive{"M1", id, []int64{1}})
		}
		n.do(east, &Resume{Agreement: "M1"})
		p := last[*ResumptionOpened](n).Procedure
		if left != Signatures {
			n.do(north, &Resume{Agreement: "M1", Procedure: p})
		}
		if got := n.legal("M1"); got != InSuspension {
			t.Errorf("%s without %s", got, left)
		}
		d, _ := n.st.Get(n.view(), "M1", north, n.nowNS)
		for _, item := range d.Resuming.Items {
			if item.OK != (item.Item != left) {
				t.Errorf("without %s: %s is %v", left, item.Item, item.OK)
			}
		}
	}
}

// TestL4SignatureGoesWithNewSuspension voids the signature of who suspends anew.
func TestL4SignatureGoesWithNewSuspension(t *testing.T) {
	n := newNode(t)
	n.agreed(m1())
	n.do(east, &Suspend{Agreement: "M1", Reason: "r"})
	n.do(north, &Resume{Agreement: "M1"})
	clone, before := n.st.Clone(), snapshot(t, n.st)
	n.do(north, &Suspend{Agreement: "M1", Annex: "crossings", Reason: "r"})
	if snapshot(t, clone) != before {
		t.Error("a clone lost the signature too")
	}
	for item := range n.checks {
		n.checks[item] = true
	}
	n.do(east, &Resume{Agreement: "M1", Procedure: last[*ResumptionOpened](n).Procedure})
	if got := n.legal("M1"); got != InSuspension {
		t.Errorf("%s, want it suspended until north signs again", got)
	}
	n.do(north, &Resume{Agreement: "M1", Procedure: last[*ResumptionOpened](n).Procedure})
	if got := n.legal("M1"); got != InForce {
		t.Errorf("%s, want it in force", got)
	}
	if x, _ := n.st.Axis("M1"); !slices.ContainsFunc(x.Annexes, func(a AnnexState) bool { return a.Annex == "crossings" }) {
		t.Error("the annex that north suspended came back with the rest")
	}
	n.do(east, &Suspend{Agreement: "M1", Reason: "r"})
	n.do(east, &Resume{Agreement: "M1"})
	n.do(east, &Withdraw{Agreement: "M1", Notice: last[*ResumptionOpened](n).Procedure})
	if x, _ := n.st.Axis("M1"); x.Resuming != "" {
		t.Error("a resumption goes on that was called off")
	}
}
