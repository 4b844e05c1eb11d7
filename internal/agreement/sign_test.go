package agreement

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/terms"
)

// setParameter sets or, without a value, unsets a parameter of a clause.
func setParameter(t *terms.Text, clause, name, value string) {
	i := slices.IndexFunc(t.Clauses, func(c terms.Clause) bool { return c.ID == clause })
	c := t.Clauses[i]
	p := map[string]json.RawMessage{}
	for k, v := range c.Parameters {
		p[k] = v
	}
	delete(p, name)
	if value != "" {
		p[name] = json.RawMessage(value)
	}
	c.Parameters = p
	t.Clauses[i] = c
}

// TestA2EntersCompleteAndSigned follows the days before an agreement: a counter
// text, a parameter left unset, signatures anew.
func TestA2EntersCompleteAndSigned(t *testing.T) {
	n := newNode(t)
	v1 := m1()
	n.do(north, propose(v1))
	n.do(north, signing(v1))
	n.refused(event.NotNow, east, propose(following(v1, east, nil))) // one proposal at a time

	v2 := following(v1, east, func(t *terms.Text) { setParameter(t, "7", "buffer_mm", "5556000") })
	n.do(east, counter(v2))
	n.refused(event.Stale, north, signing(v1)) // the counter took its place
	v3 := following(v2, north, func(t *terms.Text) { setParameter(t, "2", "language", "") })
	n.refused(event.Stale, north, counter(following(v1, north, nil)))
	n.do(north, counter(v3))

	// Toy: a text is active once it is there.
	if toy := n.st.agreements["M1"].Open != 0; !toy || len(v3.Unset()) == 0 {
		t.Fatal("the toy must be active with a text that lacks its radio language")
	}
	r := n.refused(event.Incomplete, north, signing(v3))
	if want := "version 3 cannot enter into force: radio_language is not set (clause 2)"; r.Message != want {
		t.Errorf("refused with %q, want %q", r.Message, want)
	}
	v4 := following(v3, east, func(t *terms.Text) { setParameter(t, "2", "language", `"en"`) })
	n.do(east, counter(v4))

	n.nowNS = at("2026-03-02T16:20:00Z")
	n.do(north, signing(v4))
	if got := n.legal("M1"); got != Draft {
		t.Errorf("%s with one of two signatures, want a draft", got)
	}
	if r := n.st.Rules(north, east, n.nowNS); len(r.Minima) != 0 {
		t.Error("a text that one party signed gives rules")
	}
	n.refused(event.NotNow, north, signing(v4))
	n.nowNS = at("2026-03-02T16:40:00Z")
	n.do(east, signing(v4))

	e := last[*Entered](n)
	if e.From.String() != "2026-03-02T16:40:00.000000000Z" || e.Version != 4 || e.Hash != v4.Hash() {
		t.Errorf("entered: %+v", e)
	}
	if want := []party.ID{aldmar, brevik, lesh}; !slices.Equal(e.Uncovered, want) {
		t.Errorf("uncovered: %v, want %v", e.Uncovered, want)
	}
	open, _ := n.st.OpenPoints("M1", east)
	if len(open) != 1 || open[0].Kind != terms.IsReserved || open[0].Clause != "9" {
		t.Errorf("open points: %v, want clause 9 reserved", open)
	}
	changes, ok := n.st.Differences("M1", 1, 3, north)
	if !ok || len(changes) != 2 {
		t.Errorf("from version 1 to 3: %v, want the buffer and the language", changes)
	}
	if r := n.st.Rules(north, east, n.nowNS); len(r.Minima) != 1 || r.Minima[0].Source != (terms.Source{Agreement: "M1", Version: 4, Clause: "1"}) {
		t.Errorf("rules: %+v", r.Minima)
	}
	if _, ok := n.st.Get(n.view(), "M1", sand, n.nowNS); ok {
		t.Error("who is not bound sees the agreement")
	}
}

// TestA2SignatureBindsResults has a signature count only with the results of the
// worked examples.
func TestA2SignatureBindsResults(t *testing.T) {
	n := newNode(t)
	v1 := m1()
	other := following(v1, north, func(t *terms.Text) {
		setParameter(t, "6", "reply_ns", "60000000000")
		t.Clauses = slices.Clone(t.Clauses)
		i := slices.IndexFunc(t.Clauses, func(c terms.Clause) bool { return c.ID == "6" })
		t.Clauses[i].Examples = []terms.Example{{Given: json.RawMessage(`{"elapsed_ns":60000000000}`), Expect: "overdue"}}
	})
	if digest(other) == digest(v1) {
		t.Fatal("two sets of examples have the same results")
	}
	// Toy: a signature under the text alone. It says the same of a text whose
	// examples nobody ran.
	toy := func(s *Sign) string { return s.Agreement + s.Version }
	wrong := &Sign{"M1", v1.Hash(), digest(other)}
	if toy(wrong) != toy(signing(v1)) {
		t.Fatal("the toy must not tell the two signatures apart")
	}
	n.refused(event.Incomplete, north, &Propose{v1, digest(other)})
	n.do(north, propose(v1))
	n.refused(event.Incomplete, east, wrong)
	n.do(east, signing(v1))
	if e := last[*Signed](n); e.Hash != v1.Hash() || e.Results != digest(v1) || !slices.Equal(e.Roles, []string{"director"}) {
		t.Errorf("signed: %+v", e)
	}
}

// TestA2EntryWaits has a signed text wait for its instant, and for those who
// must be there.
func TestA2EntryWaits(t *testing.T) {
	t.Run("instant", func(t *testing.T) {
		n := newNode(t)
		v1 := m1()
		v1.Entry = &terms.Entry{Rule: "at", At: when("2026-03-05T00:00:00Z")}
		n.do(north, propose(v1))
		n.do(north, signing(v1))
		n.do(east, signing(v1))
		n.pass(at("2026-03-05T00:00:00Z") - 1)
		if got := n.legal("M1"); got != FullySigned {
			t.Errorf("%s before the instant, want signed", got)
		}
		n.pass(at("2026-03-05T00:00:00Z"))
		if got := n.legal("M1"); got != InForce {
			t.Errorf("%s at the instant, want in force", got)
		}
		if r := n.st.RulesAt(north, east, at("2026-03-05T00:00:00Z")-1); len(r.Minima) != 0 {
			t.Error("rules hold before the instant")
		}
	})
	for name, missing := range map[string]func(*fakeRegistry) map[party.ID]bool{
		"nobody stands the position watch of eastern-league, which the ladder names": func(f *fakeRegistry) map[party.ID]bool { return f.unmanned },
		"nobody has the role director of eastern-league":                             func(f *fakeRegistry) map[party.ID]bool { return f.unassigned },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			missing(n.reg)[east] = true
			v1 := m1()
			n.do(north, propose(v1))
			n.do(east, signing(v1))
			n.do(north, signing(v1))
			x, _ := n.st.Axis("M1")
			if x.State != FullySigned || !slices.Contains(x.Blocked, name) {
				t.Fatalf("%s, blocked by %q", x.State, x.Blocked)
			}
			if ns, ok := n.st.Deadline(); ok && ns <= n.nowNS {
				t.Error("the clock goes on trying what others must bring")
			}
			n.nowNS += hourNS
			n.settle()
			if count[*Blocked](n) != 1 {
				t.Error("the same obstacle is told twice")
			}
			delete(missing(n.reg), east)
			n.settle()
			if got, e := n.legal("M1"), last[*Entered](n); got != InForce || int64(e.From) != n.nowNS {
				t.Errorf("%s from %s once somebody is there, want in force now", got, e.From)
			}
		})
	}
}

// pact is a text between other parties, without the line between two of them.
func pact(id string, by party.ID, parties ...party.ID) *terms.Text {
	t := m1()
	t.ID, t.TabledBy, t.Parties = id, by, parties
	t.Clauses = slices.DeleteFunc(t.Clauses, func(c terms.Clause) bool { return c.ID == "7" })
	return t
}

// TestA2Refusals is a table of what cannot be proposed or signed.
func TestA2Refusals(t *testing.T) {
	n := newNode(t)
	n.refused(event.NotAllowed, north, propose(pact("M2", east, east, sand)))
	n.refused(event.Invalid, east, propose(pact("M2", north, north, east))) // says that north tables it
	n.refused(event.Invalid, north, propose(pact("M2", north, north, "nobody")))
	n.refused(event.Invalid, north, propose(pact("M2", north, north, aldmar)))
	n.refused(event.Stale, north, propose(following(pact("M2", north, north, east), north, nil)))

	v1 := m1()
	n.do(north, propose(v1))
	r := n.refused(event.Conflict, sand, propose(pact("M1", sand, east, sand)))
	if strings.Contains(r.Message, "northern") {
		t.Errorf("the refusal tells who agreed: %s", r)
	}
	n.refused(event.NotFound, sand, counter(pact("M1", sand, east, sand)))
	for _, outsider := range []party.ID{sand, aldmar} { // a draft is not for members
		unknown := n.refused(event.NotFound, outsider, &Sign{"M8", v1.Hash(), digest(v1)})
		hidden := n.refused(event.NotFound, outsider, signing(v1))
		if strings.ReplaceAll(hidden.Message, "M1", "M8") != unknown.Message {
			t.Errorf("%s tells one that is hidden from one that is not there: %q, %q", outsider, hidden, unknown)
		}
	}
	n.refused(event.Invalid, north, counter(following(v1, north, func(t *terms.Text) { t.Parties = []party.ID{north, east, sand} })))
	n.refused(event.NotAllowed, east, &Withdraw{Agreement: "M1", Version: v1.Hash()})
	n.do(north, &Withdraw{Agreement: "M1", Version: v1.Hash()})
	n.refused(event.NotNow, east, signing(v1))
	n.refused(event.NotNow, east, counter(following(v1, east, nil)))

	past := following(v1, north, func(t *terms.Text) {
		t.ReviewAt, t.ExpiresAt = when("2026-02-01T00:00:00Z"), when("2026-02-02T00:00:00Z")
	})
	n.do(north, propose(past))
	n.refused(event.NotNow, north, signing(past))
}

// TestPolicyCompleteOnly has no act move the legal state without its signatures.
func TestPolicyCompleteOnly(t *testing.T) {
	n := newNode(t)
	v1 := n.agreed(m1())
	f := n.agreed(floor())
	for name, spoil := range map[string]func(*registry.Authority){
		"missing co-signature": func(a *registry.Authority) { a.Missing = []string{"1 signature more"} },
		"by token":             func(a *registry.Authority) { a.Custody = party.ByNode },
		"by the watch":         func(a *registry.Authority) { a.Level = party.Watch },
	} {
		for _, body := range []any{
			signing(v1), &Suspend{Agreement: "M1", Reason: "r"}, &Terminate{Agreement: "M1", Reason: "r"},
			&Withdraw{Agreement: f.ID}, &Resume{Agreement: "M1"}, &Waive{"M1", "x", []int64{1}},
		} {
			by := authority(north)
			spoil(&by)
			before := snapshot(t, n.st)
			if r, ok := n.as(by, body).(*event.Refusal); !ok || r.Kind != event.Incomplete {
				t.Errorf("%s: %T: %v, want it incomplete", name, body, r)
			}
			if snapshot(t, n.st) != before {
				t.Errorf("%s: %T changed the state", name, body)
			}
		}
	}
}

// TestP2TermsReceived follows the terms to the members of a signatory.
func TestP2TermsReceived(t *testing.T) {
	// Toy: a coalition is a name, so whoever flies under it is covered.
	toy := func(lead party.ID) bool { return lead == north }
	n := newNode(t)
	v1 := n.agreed(m1())
	if !toy(north) || len(n.st.Uncovered(aldmar, north, east)) == 0 {
		t.Fatal("the toy must cover a member that never saw the terms")
	}
	n.refused(event.NotFound, lesh, &Receive{"M1", v1.Hash()}) // named, and not confirmed by itself
	n.refused(event.NotFound, sand, &Receive{"M1", v1.Hash()})
	n.refused(event.NotAllowed, north, &Receive{"M1", v1.Hash()})
	n.refused(event.Stale, aldmar, &Receive{"M1", strings.Repeat("a", 64)})
	n.do(aldmar, &Receive{"M1", v1.Hash()})
	n.refused(event.NotNow, aldmar, &Receive{"M1", v1.Hash()})
	if got := n.st.Uncovered(aldmar, north, east); len(got) != 0 {
		t.Errorf("uncovered by %v after it received the terms", got)
	}
	if got := n.st.Uncovered(brevik, north, east); len(got) != 1 {
		t.Errorf("another member is covered by what aldmar said: %v", got)
	}
	d, ok := n.st.Get(n.view(), "M1", aldmar, n.nowNS)
	if !ok || d.Text.Hash() != v1.Hash() || len(d.Versions) != 0 {
		t.Error("a member sees the terms that bind it, and not what was negotiated")
	}
	n.refused(event.NotAllowed, aldmar, &Suspend{Agreement: "M1", Reason: "r"})

	v2 := following(v1, east, func(t *terms.Text) { setParameter(t, "1", "lateral_mm", "18520000") })
	n.do(east, propose(v2))
	n.do(east, signing(v2))
	n.do(north, signing(v2))
	if e := last[*Entered](n); !slices.Contains(e.Uncovered, aldmar) {
		t.Errorf("version 2 entered with %v uncovered, want aldmar among them", e.Uncovered)
	}
	if got := n.st.Uncovered(aldmar, north, east); !slices.Equal(got, []terms.Source{{Agreement: "M1", Version: 2}}) {
		t.Errorf("new terms: uncovered by %v, want version 2", got)
	}
}

// TestViewsByReader shows an agreement to who is bound by it, and how much.
func TestViewsByReader(t *testing.T) {
	n := newNode(t)
	v1 := m1()
	n.do(north, propose(v1))
	sees := func(id party.ID) []string {
		var ids []string
		for _, s := range n.st.List(n.view(), id, n.nowNS) {
			ids = append(ids, s.ID)
		}
		return ids
	}
	if !slices.Equal(sees(north), []string{"M1"}) || !slices.Equal(sees(east), []string{"M1"}) || sees(aldmar) != nil || sees(sand) != nil {
		t.Errorf("a draft is seen by north %v, east %v, aldmar %v, sand %v", sees(north), sees(east), sees(aldmar), sees(sand))
	}
	n.reg.unmanned[east] = true
	n.do(north, signing(v1))
	n.do(east, signing(v1))
	d, ok := n.st.Get(n.view(), "M1", aldmar, n.nowNS)
	if !ok || d.Legal.State != FullySigned || d.Text.Hash() != v1.Hash() || d.Versions != nil {
		t.Errorf("a member sees %+v of what its lead signed", d)
	}
	delete(n.reg.unmanned, east)
	n.settle()
	v2 := following(v1, east, func(t *terms.Text) { setParameter(t, "2", "language", "") })
	n.do(east, propose(v2))
	d, _ = n.st.Get(n.view(), "M1", north, n.nowNS)
	if d.Text.Hash() != v1.Hash() || d.Proposal.Hash() != v2.Hash() || len(d.Versions) != 2 || len(d.Versions[0].Signed) != 2 {
		t.Errorf("a signatory sees %+v", d)
	}
	if d, _ := n.st.Get(n.view(), "M1", aldmar, n.nowNS); d.Proposal != nil || d.Open != 0 {
		t.Error("a member sees what is negotiated")
	}
	for _, id := range []party.ID{aldmar, sand} {
		_, differences := n.st.Differences("M1", 1, 2, id)
		_, points := n.st.OpenPoints("M1", id)
		_, register := n.st.Register("M1", id)
		_, agenda := n.st.Agenda(n.view(), "M1", id, n.nowNS)
		if differences || points || register || agenda {
			t.Errorf("%s sees what is for signatories", id)
		}
	}
	if _, ok := n.st.Differences("M1", 1, 3, north); ok {
		t.Error("a version that is not there has differences")
	}
}

// TestCloneKeepsItsAgreements adds agreements of one pair to a state and not to
// its clones.
func TestCloneKeepsItsAgreements(t *testing.T) {
	n := newNode(t)
	var clones []*State
	ids := []string{"G", "F", "E", "D", "C", "B", "A"} // each goes before those there
	for _, id := range ids {
		clones = append(clones, n.st.Clone())
		n.agreed(pact(id, north, north, east))
	}
	for i, clone := range clones {
		want := slices.Sorted(slices.Values(ids[:i]))
		if got := clone.Between(east, north); !slices.Equal(got, want) {
			t.Errorf("a clone of %d agreements has %v, want %v", i, got, want)
		}
	}
}
