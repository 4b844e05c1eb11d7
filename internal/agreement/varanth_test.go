package agreement

import (
	"crypto/ed25519"
	"crypto/sha256"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// staff is a party of the Varanth Basin with real keys and a real registry.
type staff struct {
	*node
	reg   *registry.State
	party registry.Party
}

func keyOf(id party.ID, role string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(string(id) + " " + role))
	return ed25519.NewKeyFromSeed(seed[:])
}

// enrol puts a party into the registry whose act signing takes all of its roles.
func enrol(n *node, reg *registry.State, id party.ID, signing ...string) *staff {
	p := registry.Party{ID: id, Kind: registry.KindSignatory, Policies: map[string]registry.Policy{
		"agreement.sign": {K: len(signing), Roles: signing},
	}}
	for _, role := range signing {
		p.Roles = append(p.Roles, registry.Role{Name: role, Level: party.Policy, Holders: []registry.Holder{
			{Person: role + "-1", Key: party.NewKey(keyOf(id, role).Public().(ed25519.PublicKey))},
		}})
	}
	for _, name := range []string{"watch", "duty-director"} {
		p.Positions = append(p.Positions, registry.Position{Name: name, Level: party.Watch})
		reg.Apply(&registry.Rostered{Party: id, Position: name, Watches: []registry.Watch{
			{Position: name, Person: "w", From: *when("2026-03-01T00:00:00Z"), To: *when("2027-03-02T00:00:00Z")},
		}}, event.At{NS: n.nowNS})
	}
	reg.Apply(&registry.Enrolled{Party: p}, event.At{NS: n.nowNS})
	return &staff{n, reg, p}
}

// act says something with the signatures of some roles. It returns what is
// missing.
func (s *staff) act(statementID string, body any, roles ...string) (missing []string, err error) {
	a := &party.Act{Content: body}
	text, err := statement.Marshal(body)
	if err != nil {
		s.tb.Fatal(err)
	}
	a.Statement = party.Statement{Act: actOf(body), At: statement.Instant(at("2026-03-01T12:00:00Z")), Body: text, ID: statementID, Node: "test", Party: s.party.ID}
	if a.Text, err = statement.Marshal(a.Statement); err != nil {
		s.tb.Fatal(err)
	}
	for _, role := range roles {
		sig, err := party.Sign(keyOf(s.party.ID, role), a.Text)
		if err != nil {
			s.tb.Fatal(err)
		}
		a.Signatures = append(a.Signatures, sig)
	}
	by, err := s.reg.Authorize(a, Acts[a.Act], s.nowNS)
	if err != nil {
		return nil, err
	}
	if len(by.Missing) > 0 {
		s.reg.Apply(s.reg.Cosigned(a, by), event.At{NS: s.nowNS})
		return by.Missing, nil
	}
	view := s.view()
	view.Registry = s.reg
	events, err := s.st.Decide(a, by, view, s.env())
	if err != nil {
		return nil, err
	}
	s.apply(events)
	return nil, nil
}

// must is act for what must be done at once.
func (s *staff) must(body any, roles ...string) {
	s.tb.Helper()
	if missing, err := s.act("x", body, roles...); err != nil || len(missing) > 0 {
		s.tb.Fatalf("%s: %T: missing %q: %v", s.party.ID, body, missing, err)
	}
}

func varanth(t *testing.T, name string) *terms.Text {
	t.Helper()
	data, err := os.ReadFile("../sim/texts/varanth-" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := terms.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestVaranthEntersIntoForce is the days D-3 and D-2 of the Varanth Basin: three
// versions, a parameter left unset, three of three and two of two signatures, in
// force at the last one.
func TestVaranthEntersIntoForce(t *testing.T) {
	n, reg := newNode(t), registry.New()
	nc := enrol(n, reg, "nc", "commander", "legal", "safety")
	el := enrol(n, reg, "el", "minister", "chief")
	reg.Apply(&registry.Membership{By: "nc", Member: registry.Member{Lead: "nc", Member: "aldmar", From: *when("2026-03-01T00:00:00Z"), Confirmed: 1}}, event.At{})
	v := map[string]*terms.Text{}
	for _, name := range []string{"v1", "v2", "v3", "v4"} {
		v[name] = varanth(t, name)
	}
	nc.must(propose(v["v1"]), "safety")
	el.must(counter(v["v2"]), "chief")
	nc.must(counter(v["v3"]), "safety")

	changes, ok := n.st.Differences("M1", 1, 3, "el")
	buffer := slices.ContainsFunc(changes, func(c terms.Change) bool { return c.Clause == "4" && strings.HasSuffix(c.Field, "buffer_mm") })
	if !ok || !buffer {
		t.Errorf("the differences from version 1 to 3 lack the buffer: %v", changes)
	}
	_, err := nc.act("s3", signing(v["v3"]), "commander", "legal", "safety")
	if r, ok := err.(*event.Refusal); !ok || r.Kind != event.Incomplete || !strings.Contains(r.Message, "cannot enter into force: radio_language is not set") {
		t.Fatalf("signing version 3: %v", err)
	}
	el.must(counter(v["v4"]), "chief")

	// Each role signs for itself; none of them alone binds the party.
	n.nowNS = at("2026-03-02T11:00:00Z")
	for _, role := range []string{"commander", "legal"} {
		if missing, err := nc.act("s4", signing(v["v4"]), role); err != nil || len(missing) == 0 {
			t.Fatalf("%s alone: missing %q, %v", role, missing, err)
		}
		if count[*Signed](n) != 0 {
			t.Fatalf("%s alone signed for the party", role)
		}
	}
	if missing, err := nc.act("s4", signing(v["v4"]), "safety"); err != nil || len(missing) > 0 {
		t.Fatalf("the last role: missing %q, %v", missing, err)
	}
	if missing, err := el.act("s", signing(v["v4"]), "minister"); err != nil || len(missing) == 0 || n.legal("M1") != Draft {
		t.Fatalf("%s with one of two signatures of el: missing %q, %v", n.legal("M1"), missing, err)
	}
	n.nowNS = at("2026-03-02T11:40:00Z")
	if missing, err := el.act("s", signing(v["v4"]), "chief"); err != nil || len(missing) > 0 {
		t.Fatalf("the last signature: missing %q, %v", missing, err)
	}
	x, _ := n.st.Axis("M1")
	if x.State != InForce || int64(x.Since) != n.nowNS {
		t.Fatalf("%s since %s, blocked by %q; want it in force at the last signature", x.State, x.Since, x.Blocked)
	}
	if e := last[*Signed](n); !slices.Equal(e.Roles, []string{"chief", "minister"}) {
		t.Errorf("signed for el by %v", e.Roles)
	}
	if e := last[*Entered](n); !slices.Equal(e.Uncovered, []party.ID{"aldmar"}) {
		t.Errorf("uncovered: %v, want aldmar", e.Uncovered)
	}
	open, _ := n.st.OpenPoints("M1", "nc")
	if len(open) != 1 || open[0].Clause != "9" || open[0].Kind != terms.IsReserved {
		t.Errorf("open points: %v, want clause 9 reserved", open)
	}

	// The rules hold between the two, and towards whom the text protects.
	r := n.st.Rules("el", "nc", n.nowNS)
	if m := r.Minima[0]; m.LateralMM != 5*1852000 || m.VerticalMM != 609600 || r.Lines[0].BufferMM != 5*1852000 {
		t.Errorf("minima %+v, buffer %d", m, r.Lines[0].BufferMM)
	}
	if r := n.st.Rules("nc", "hr", n.nowNS); len(r.Minima) != 1 || len(r.Lines) != 0 {
		t.Errorf("towards a protected party: minima %v, lines %v", r.Minima, r.Lines)
	}
	if n.st.Floor("nc", "hr") != nil {
		t.Error("a protected party has a floor that it did not sign")
	}
	if r := n.st.RulesAt("el", "nc", n.nowNS-1); len(r.Minima) != 0 {
		t.Error("the rules hold before the last signature")
	}
}
