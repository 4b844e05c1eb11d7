package agreement

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// randomBody draws an act that may fit the state, and may not.
func (n *node) randomBody(t *rapid.T, id string, who party.ID) any {
	a := n.st.agreements[id]
	notice, procedure, observation := "none", "none", "1"
	var demands int64
	if a != nil {
		for _, x := range a.Notices {
			if rapid.Bool().Draw(t, "this notice") {
				notice, demands = x.ID, int64(len(x.Demands))
			}
		}
		if a.Procedure != nil {
			procedure = a.Procedure.ID
		}
	}
	annex := rapid.SampledFrom([]string{"", "", "crossings"}).Draw(t, "annex")
	later := statement.Instant(n.nowNS + rapid.Int64Range(1, 40*dayNS).Draw(t, "later"))
	switch rapid.IntRange(0, 13).Draw(t, "act") {
	case 0, 1:
		return n.randomText(t, id, who)
	case 2, 3:
		if a != nil && a.Open != 0 {
			return signing(a.version(a.Open).Text)
		}
	case 4:
		s := &Suspend{Agreement: id, Annex: annex, Reason: "r", Demands: rapid.SampledFrom([][]string{nil, {"a"}, {"a", "b"}}).Draw(t, "demands")}
		if len(s.Demands) > 0 && rapid.Bool().Draw(t, "conditional") {
			s.Conditional, s.From, s.ReplyBy = true, later, later
		}
		return s
	case 5:
		return &Terminate{Agreement: id, Annex: annex, Reason: "r"}
	case 6:
		return &Object{id, notice, "no"}
	case 7:
		return &Answer{id, notice, max(1, demands), "yes"}
	case 8:
		return &Waive{id, notice, []int64{max(1, rapid.Int64Range(0, demands).Draw(t, "demand"))}}
	case 9, 10:
		r := &Resume{Agreement: id, Annex: annex}
		if procedure != "none" {
			r.Procedure, r.Annex, r.Keep = procedure, a.Procedure.Annex, a.Procedure.Keep
		}
		return r
	case 11:
		w := &Withdraw{Agreement: id, Notice: rapid.SampledFrom([]string{"", notice, procedure}).Draw(t, "what")}
		if a != nil && a.Open != 0 && rapid.Bool().Draw(t, "version") {
			w.Notice, w.Version = "", a.version(a.Open).Hash
		}
		return w
	case 12:
		if a != nil && a.Current != 0 {
			return &Receive{id, a.current().Hash}
		}
	}
	if rapid.Bool().Draw(t, "review") {
		return &Review{Agreement: id, Points: []string{"p"}, Next: later}
	}
	return &Query{Agreement: id, To: east, Clause: "7", Observations: []string{observation}, Text: "q"}
}

// randomText proposes or counters, now and then with something unset.
func (n *node) randomText(t *rapid.T, id string, who party.ID) any {
	a := n.st.agreements[id]
	text := m1()
	if id == "F1" {
		text = floor()
	}
	text.TabledBy = who
	if a != nil {
		text.Version, text.Parent = int64(len(a.Versions))+1, a.latest().Hash
	}
	if rapid.IntRange(0, 2).Draw(t, "unset") == 0 {
		setParameter(text, "3", "stop_ns", "")
	}
	if rapid.Bool().Draw(t, "later entry") {
		text.Entry = &terms.Entry{Rule: "at", At: when("2026-03-20T00:00:00Z")}
	}
	text.SuspensionNoticeNS = nil
	if id == "M1" {
		text.SuspensionNoticeNS = ns(rapid.SampledFrom([]int64{0, hourNS}).Draw(t, "suspension notice"))
	}
	if a == nil || a.Open == 0 {
		return propose(text)
	}
	return counter(text)
}

// randomAuthority is most often that of a party whose policy is satisfied.
func randomAuthority(t *rapid.T, who party.ID) (by registry.Authority, complete bool) {
	by = authority(who)
	switch rapid.IntRange(0, 7).Draw(t, "authority") {
	case 0:
		by.Missing = []string{"1 signature"}
	case 1:
		by.Custody = party.ByNode
	default:
		return by, true
	}
	return by, false
}

// step lets anything happen, and checks what must hold whatever happens.
func (n *node) step(t *rapid.T) {
	before := map[string]Legal{}
	for id := range n.st.agreements {
		before[id] = n.legal(id)
	}
	had := n.st.Floor(north, east)
	moved := len(n.journal)
	var did any
	complete, clock := true, false
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		clock = true
		n.pass(n.nowNS + rapid.Int64Range(1, 30*dayNS).Draw(t, "pass"))
	case 1:
		item := rapid.SampledFrom([]Item{Tests, Heads, Intents, Clocks, Roster}).Draw(t, "item")
		n.checks[item] = rapid.IntRange(0, 3).Draw(t, "holds") > 0
		n.settle()
	case 2:
		id := rapid.SampledFrom([]party.ID{north, east}).Draw(t, "manned")
		n.reg.unmanned[id] = !n.reg.unmanned[id]
		n.settle()
	case 3:
		n.observe(rapid.SampledFrom([]string{"1", "7"}).Draw(t, "clause"), east, rapid.SampledFrom([]Outcome{Met, Breached, NotAssessable}).Draw(t, "outcome"), n.nowNS)
	default:
		who := rapid.SampledFrom([]party.ID{north, east, north, east, aldmar, sand}).Draw(t, "who")
		did = n.randomBody(t, rapid.SampledFrom([]string{"M1", "F1"}).Draw(t, "agreement"), who)
		var by registry.Authority
		by, complete = randomAuthority(t, who)
		if err := n.as(by, did); err == nil && !complete && (Acts[actOf(did)].Held || len(by.Missing) > 0) {
			t.Fatalf("%T of %s was taken without its signatures", did, who)
		}
	}
	for id, a := range n.st.agreements {
		n.invariants(t, a)
		if !clock && did != nil && !complete && Acts[actOf(did)].Held && before[id] != "" && before[id] != n.legal(id) {
			t.Fatalf("%T moved %s from %s to %s without its signatures", did, id, before[id], n.legal(id))
		}
	}
	// The floor goes only by a withdrawal from it, and its notice.
	if had != nil {
		if n.st.Floor(north, east) == nil {
			if had.Ends == 0 || int64(had.Ends) > n.nowNS {
				t.Fatalf("the floor ended without a withdrawal: %v", n.types(moved))
			}
		} else {
			n.floorHolds()
		}
	}
}

func (n *node) types(from int) (names []string) {
	for _, r := range n.journal[from:] {
		names = append(names, decoded(n.tb, r.text).Type())
	}
	return names
}

// invariants are what holds of every agreement at all times.
func (n *node) invariants(t *rapid.T, a *agreement) {
	x := a.axis()
	if x.Version != 0 {
		v := a.current()
		if unset := v.Text.Unset(); len(unset) > 0 {
			t.Fatalf("%s came into force with %v", a.ID, unset)
		}
		for _, id := range a.Parties {
			if v.Signed[id] == nil {
				t.Fatalf("%s came into force without the signature of %s", a.ID, id)
			}
		}
	} else if x.State != Draft && x.State != FullySigned {
		t.Fatalf("%s is %s with no version in force", a.ID, x.State)
	}
	standing := slices.ContainsFunc(a.Notices, func(n *NoticeRecord) bool { return n.lifts("") })
	if a.running() && (x.State == InSuspension) != standing {
		t.Fatalf("%s is %s, and a suspension in effect stands: %v", a.ID, x.State, standing)
	}
	if a.Floor && x.State == InSuspension {
		t.Fatal("the floor is suspended")
	}
	rules := n.st.Rules(north, east, n.nowNS)
	if n.st.agreements["M1"] != nil && n.legal("M1") != InForce && rules.Radio.Source.Agreement == "M1" {
		t.Fatalf("M1 is %s, and its rules hold", n.legal("M1"))
	}
	// What was compiled before is what would be compiled anew.
	st := n.st.Clone()
	st.rules = New().rules
	if fresh := st.Rules(north, east, n.nowNS); mustText(fresh) != mustText(rules) {
		t.Fatal("the rules kept ready are stale")
	}
	if history := n.st.RulesAt(north, east, n.nowNS); mustText(history) != mustText(rules) {
		t.Fatal("the rules of now differ from the rules of the past at this instant")
	}
	for i := 1; i < len(a.Steps); i++ {
		if a.Steps[i].From < a.Steps[i-1].From || a.Steps[i].Index < a.Steps[i-1].Index {
			t.Fatalf("history runs back: %+v", a.Steps)
		}
	}
}

func mustText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestAnyHistory lets parties, clock and other domains do anything, and replays
// it: the journal gives the same state, a snapshot too, and a clone taken on the
// way is left alone.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := newNode(t)
		if rapid.Bool().Draw(t, "with a floor") {
			n.agreed(floor())
		}
		if rapid.Bool().Draw(t, "with an agreement") {
			n.agreed(m1())
		}
		steps := rapid.IntRange(1, 40).Draw(t, "steps")
		cloneAt := rapid.IntRange(0, steps-1).Draw(t, "clone")
		var clone *State
		var cloned string
		for i := range steps {
			if i == cloneAt {
				clone, cloned = n.st.Clone(), snapshot(t, n.st)
			}
			n.step(t)
		}
		if snapshot(t, clone) != cloned {
			t.Fatal("what came later changed a clone")
		}
		whole := snapshot(t, n.st)
		if snapshot(t, n.replayed()) != whole {
			t.Fatal("replay gives another state")
		}
		var read State
		if err := json.Unmarshal([]byte(whole), &read); err != nil {
			t.Fatal(err)
		}
		if snapshot(t, &read) != whole {
			t.Fatal("a snapshot of a snapshot differs")
		}
		sameBehaviour(t, n.st, &read)
	})
}

// sameBehaviour compares what is derived and not written.
func sameBehaviour(t *rapid.T, a, b *State) {
	t.Helper()
	ans, aok := a.Deadline()
	bns, bok := b.Deadline()
	if ans != bns || aok != bok || !maps.Equal(a.waiting, b.waiting) || mustText(a.Rules(north, east, 0)) != mustText(b.Rules(north, east, 0)) {
		t.Fatalf("a state read from its snapshot behaves otherwise: deadline %d and %d, waiting %v and %v", ans, bns, a.waiting, b.waiting)
	}
	for pair, ids := range a.between {
		if len(ids) > 0 && !slices.Equal(ids, b.between[pair]) {
			t.Fatalf("between %v: %v and %v", pair, ids, b.between[pair])
		}
	}
}

// TestUnsetNeverEnters takes a complete text, unsets something that is required,
// and has everybody sign.
func TestUnsetNeverEnters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := m1()
		i := rapid.IntRange(0, len(text.Clauses)-2).Draw(t, "clause") // clause 9 has no rule
		required, _ := terms.Parameters(text.Clauses[i].Rule)
		setParameter(text, text.Clauses[i].ID, rapid.SampledFrom(required).Draw(t, "parameter"), "")
		n := newNode(t)
		n.do(north, propose(text))
		for _, id := range []party.ID{east, north} {
			n.refused(event.Incomplete, id, signing(text))
		}
		n.pass(n.nowNS + 400*dayNS)
		n.settle()
		if n.legal("M1") != Draft || len(n.st.Rules(north, east, n.nowNS).Minima) != 0 {
			t.Fatal("an incomplete text gives rules")
		}
		// Even if all had signed, it would not enter.
		ver := *n.st.agreements["M1"].version(1)
		a := *n.st.agreements["M1"]
		if _, blocked := a.enter(&ver, 0, n.view(), n.env()).(*Blocked); !blocked {
			t.Fatal("entry does not look at what is unset")
		}
	})
}

// TestReleaseToTheBoundOnly has every event of any history be nothing to who is
// not bound.
func TestReleaseToTheBoundOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := newNode(t)
		n.agreed(m1())
		for range 20 {
			n.step(t)
		}
		signed := false
		for _, r := range n.journal {
			ev := decoded(t, r.text)
			if ev.Release(sand) != nil || ev.Release(lesh) != nil || ev.Release("") != nil {
				t.Fatalf("%s is released to who is not bound", ev.Type())
			}
			_, proposal := ev.(*Proposed)
			if (proposal || !signed) && ev.Release(aldmar) != nil {
				if _, entered := ev.(*Entered); !entered {
					t.Fatalf("%s of a draft is released to a member", ev.Type())
				}
			}
			if _, ok := ev.(*Entered); ok {
				signed = true
			}
			if ev.Release(north) == nil || ev.Release(east) == nil {
				t.Fatalf("%s is hidden from a signatory", ev.Type())
			}
		}
	})
}

// TestBodiesAreChecked has no body whatever decide without a refusal or an event,
// and none panic.
func TestBodiesAreChecked(t *testing.T) {
	n := newNode(t)
	n.agreed(m1())
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(Acts))).Draw(t, "act")
		body := Acts[name].New()
		text := rapid.SampledFrom([]string{
			`{}`, `{"agreement":"M1"}`, `{"agreement":"M1","notice":"x","demand":99}`, `{"agreement":"M1","version":"zz"}`,
			`{"agreement":"M1","notice":"x","demands":[0]}`, `{"text":null,"results":""}`, `{"text":{},"results":""}`,
			`{"agreement":"M1","keep":["b","a"]}`, `{"agreement":"M1","reason":"r","conditional":true}`, `{"agreement":"M1","annex":"x","keep":["a"]}`,
			`{"agreement":"M1","to":"","clause":"7","text":"t"}`, `{"agreement":"M1","points":[]}`, `{"agreement":"M1","points":[""]}`,
		}).Draw(t, "body")
		if err := json.Unmarshal([]byte(text), body); err != nil {
			t.Skip()
		}
		a := &party.Act{Content: body}
		a.Act, a.Party = name, rapid.SampledFrom([]party.ID{north, aldmar, sand}).Draw(t, "who")
		if body.(interface{ Check() error }).Check() != nil {
			return
		}
		events, err := n.st.Decide(a, authority(a.Party), n.view(), n.env())
		if (err == nil) != (len(events) > 0) {
			t.Fatalf("%s: %d events, %v", name, len(events), err)
		}
	})
}
