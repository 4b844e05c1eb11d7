package agreement

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// rng draws uniformly, from one seed that rapid chooses: what rapid draws itself
// leans to what is first and small, and would hardly come to a resumption.
type rng struct{ *rand.Rand }

func newRNG(t *rapid.T) rng { return rng{rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))} }

func (r rng) oneIn(n int) bool { return r.IntN(n) == 0 }

func pick[T any](r rng, of ...T) T { return of[r.IntN(len(of))] }

// wild draws an act that may fit the state, and may not.
func (n *node) wild(r rng, id string) any {
	notice, procedure, hash := "none", "none", strings.Repeat("a", 64)
	demands := int64(1)
	if a := n.st.agreements[id]; a != nil {
		if len(a.Notices) > 0 {
			x := pick(r, a.Notices...)
			notice, demands = x.ID, max(1, int64(len(x.Demands)))
		}
		if a.Procedure != nil {
			procedure = a.Procedure.ID
		}
		hash = pick(r, a.Versions...).Hash
	}
	annex := pick(r, "", "", "crossings", "ferries")
	return pick[any](
		r,
		&Sign{id, hash, digest(m1())}, &Receive{id, hash}, &Terminate{Agreement: id, Annex: annex, Reason: "r"},
		&Suspend{Agreement: id, Annex: annex, Reason: "r"}, &Object{id, notice, "no"}, &Answer{id, notice, demands, "yes"},
		&Waive{id, notice, []int64{demands}}, &Resume{Agreement: id, Annex: annex}, &Resume{Agreement: id, Procedure: procedure},
		&Withdraw{Agreement: id}, &Withdraw{Agreement: id, Notice: pick(r, notice, procedure)}, &Withdraw{Agreement: id, Version: hash},
		&Review{Agreement: id, Points: []string{"p"}, Next: statement.Instant(n.nowNS + 1 + r.Int64N(300*dayNS))},
		&Query{Agreement: id, To: pick(r, north, east), Clause: "7", Observations: []string{pick(r, "1", "2")}, Text: "q"},
	)
}

// fitting draws an act that the state asks for, so that histories go far.
func (n *node) fitting(r rng, id string, who party.ID) any {
	a := n.st.agreements[id]
	switch {
	case a == nil:
		return n.text(r, id, who)
	case a.Open != 0:
		if r.oneIn(4) {
			return n.text(r, id, who)
		}
		v := a.version(a.Open)
		if n.digests[v.Hash] == "" {
			n.digests[v.Hash] = digest(v.Text)
		}
		return &Sign{id, v.Hash, n.digests[v.Hash]}
	case a.Procedure != nil:
		for _, x := range a.Notices {
			for i, d := range x.Demands {
				if x.lifts(a.Procedure.Annex) && d.open() {
					return pick[any](r, &Answer{id, x.ID, int64(i + 1), "yes"}, &Waive{id, x.ID, []int64{int64(i + 1)}})
				}
			}
		}
		return &Resume{Agreement: id, Procedure: a.Procedure.ID, Annex: a.Procedure.Annex, Keep: a.Procedure.Keep}
	case a.legal() == InSuspension:
		return &Resume{Agreement: id, Keep: pick(r, nil, []string{"crossings"})}
	case a.annex("crossings") != nil && r.oneIn(2):
		return &Resume{Agreement: id, Annex: "crossings"}
	case a.running() && r.oneIn(8):
		for id := range n.st.agreements {
			if id == "F1" && r.oneIn(3) {
				return &Withdraw{Agreement: id}
			}
		}
		return &Terminate{Agreement: id, Annex: pick(r, "", "crossings"), Reason: "r"}
	case a.running() && !a.Floor && r.oneIn(2):
		s := &Suspend{Agreement: id, Annex: pick(r, "", "crossings"), Reason: "r", Demands: pick(r, nil, []string{"a"}, []string{"a", "b"})}
		if len(s.Demands) > 0 && r.oneIn(2) {
			s.Conditional, s.From = true, statement.Instant(n.nowNS+1+r.Int64N(10*dayNS))
			s.ReplyBy = s.From
		}
		return s
	case a.ended() || r.oneIn(2):
		for _, q := range a.Queries {
			if q.waits() && q.Of == who {
				return &Reply{id, q.ID, "r"}
			}
		}
		return &Query{Agreement: id, To: pick(r, north, east), Clause: "7", Text: "q"}
	case a.running() && !r.oneIn(3):
		return &Receive{id, a.current().Hash}
	}
	return n.text(r, id, who)
}

// text proposes or counters, now and then with something unset.
func (n *node) text(r rng, id string, who party.ID) any {
	a := n.st.agreements[id]
	text := m1()
	if id == "F1" {
		text = floor()
	}
	text.TabledBy = who
	if a != nil {
		text.Version, text.Parent = int64(len(a.Versions))+1, a.latest().Hash
	}
	if r.oneIn(4) {
		setParameter(text, "3", "stop_ns", "")
	}
	if r.oneIn(2) {
		text.Entry = &terms.Entry{Rule: "at", At: when("2026-03-20T00:00:00Z")}
	}
	if id == "M1" {
		text.SuspensionNoticeNS = ns(pick(r, 0, int64(hourNS)))
	}
	if a == nil || a.Open == 0 {
		return propose(text)
	}
	return counter(text)
}

// randomAuthority is most often that of a party whose policy is satisfied.
func randomAuthority(r rng, who party.ID) (by registry.Authority, complete bool) {
	by = authority(who)
	switch r.IntN(12) {
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
func (n *node) step(t *rapid.T, r rng) {
	before := map[string]Legal{}
	for id := range n.st.agreements {
		before[id] = n.legal(id)
	}
	had := n.st.Floor(north, east)
	moved := len(n.journal)
	switch r.IntN(12) {
	case 0:
		n.pass(n.nowNS + 1 + r.Int64N(pick(r, hourNS, hourNS, hourNS, dayNS, dayNS, dayNS, 30*int64(dayNS), 500*int64(dayNS))))
	case 1, 2:
		for item := range n.checks {
			n.checks[item] = r.oneIn(2) || n.checks[item]
		}
		n.checks[pick(r, Tests, Heads, Intents, Clocks, Roster)] = !r.oneIn(3)
		n.settle()
	case 3:
		id := pick(r, north, east)
		n.reg.unmanned[id] = !n.reg.unmanned[id] && r.oneIn(2)
		n.settle()
	case 4:
		n.observe(pick(r, "1", "7"), east, pick(r, Met, Breached, NotAssessable), n.nowNS)
	default:
		who, id := pick(r, north, east, north, east, north, east, north, east, aldmar, sand), pick(r, "M1", "M1", "F1")
		did := n.fitting(r, id, who)
		if r.oneIn(4) {
			did = n.wild(r, id)
		}
		by, complete := randomAuthority(r, who)
		binding := Acts[actOf(did)].Held || len(by.Missing) > 0
		if err := n.as(by, did); err == nil && !complete && binding {
			t.Fatalf("%T of %s was taken without its signatures", did, who)
		}
		if !complete && binding && len(n.journal) != moved {
			t.Fatalf("%T of %s did something without its signatures: %v", did, who, n.types(moved))
		}
	}
	for _, a := range n.st.agreements {
		n.invariants(t, r, a)
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
func (n *node) invariants(t *rapid.T, r rng, a *agreement) {
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
	if r.oneIn(4) {
		n.rulesFit(t, rules)
	}
	if n.st.agreements["M1"] != nil && n.legal("M1") != InForce && rules.Radio.Source.Agreement == "M1" {
		t.Fatalf("M1 is %s, and its rules hold", n.legal("M1"))
	}
	for i := 1; i < len(a.Steps); i++ {
		if a.Steps[i].From < a.Steps[i-1].From || a.Steps[i].Index < a.Steps[i-1].Index {
			t.Fatalf("history runs back: %+v", a.Steps)
		}
	}
}

// rulesFit compares the rules that are kept ready with others.
func (n *node) rulesFit(t *rapid.T, rules *terms.Rules) {
	// What was compiled before is what would be compiled anew.
	st := n.st.Clone()
	st.rules = New().rules
	if fresh := st.Rules(north, east, n.nowNS); mustText(fresh) != mustText(rules) {
		t.Fatal("the rules kept ready are stale")
	}
	if history := n.st.RulesAt(north, east, n.nowNS); mustText(history) != mustText(rules) {
		t.Fatal("the rules of now differ from the rules of the past at this instant")
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
	reached := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		n, r := newNode(t), newRNG(t)
		if r.oneIn(2) {
			n.agreed(floor())
		}
		if r.oneIn(2) {
			n.agreed(m1())
		}
		steps := 1 + r.IntN(60)
		cloneAt := r.IntN(steps)
		var clone *State
		var cloned string
		for i := range steps {
			if i == cloneAt {
				clone, cloned = n.st.Clone(), snapshot(t, n.st)
			}
			n.step(t, r)
		}
		for _, kind := range n.types(0) {
			reached[kind]++
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
	for _, kind := range Events.Types() {
		if reached[kind] == 0 {
			t.Logf("no history came to %s", kind)
		}
	}
	if testing.Short() {
		return // too few histories to expect each of them
	}
	for _, kind := range []string{"agreement.entered", "agreement.suspended", "agreement.resumed", "agreement.terminated"} {
		if reached[kind] == 0 {
			t.Errorf("no history came to %s: the test no longer looks at it", kind)
		}
	}
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
		r := newRNG(t)
		for range 15 {
			n.step(t, r)
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

// FuzzActs decodes bodies as the edge does, and decides what passes its check:
// either events or a refusal come of it, and no panic.
func FuzzActs(f *testing.F) {
	names := slices.Sorted(maps.Keys(Acts))
	for i := range names {
		for _, body := range []string{
			`{}`, `{"agreement":"M1"}`, `{"agreement":"M1","demand":16,"notice":"x","text":"t"}`, `{"agreement":"M1","version":"zz"}`,
			`{"agreement":"M1","demands":[0],"notice":"x"}`, `{"results":"","text":null}`, `{"results":"","text":{}}`,
			`{"agreement":"M1","keep":["b","a"]}`, `{"agreement":"M1","conditional":true,"reason":"r"}`, `{"agreement":"M1","annex":"x","keep":["a"]}`,
			`{"agreement":"M1","annex":"crossings","reason":"r"}`, `{"agreement":"M1","clause":"7","text":"t","to":"eastern-league"}`,
			`{"agreement":"M1","points":[]}`, `{"agreement":"M1","points":["p"],"next":"2200-01-01T00:00:00.000000000Z"}`,
			`{"agreement":"M1","from":"2200-01-01T00:00:00.000000000Z","reason":"r"}`, `{"agreement":"M1","query":"x","text":"t"}`,
		} {
			f.Add(uint8(i), []byte(body))
		}
	}
	n := newNode(f)
	n.agreed(m1())
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		if len(text) > 64<<10 {
			return
		}
		name := names[int(which)%len(names)]
		body := Acts[name].New()
		if statement.Unmarshal(text, body) != nil || body.(interface{ Check() error }).Check() != nil {
			return
		}
		for _, who := range []party.ID{north, aldmar, sand} {
			a := &party.Act{Content: body}
			a.Act, a.Party = name, who
			events, err := n.st.Decide(a, authority(who), n.view(), n.env())
			if _, refused := err.(*event.Refusal); refused == (len(events) > 0) {
				t.Fatalf("%s of %s: %d events, %v", name, who, len(events), err)
			}
			for _, ev := range events {
				event.Encode(nil, ev, n.nowNS)
			}
		}
	})
}
