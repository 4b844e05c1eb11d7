package agreement

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

const (
	north  party.ID = "northern-compact"
	east   party.ID = "eastern-league"
	sand   party.ID = "sandmere"
	aldmar party.ID = "aldmar"   // a member of north
	brevik party.ID = "brevik"   // another
	lesh   party.ID = "lesh-air" // named by east, not confirmed by itself
)

// fakeRegistry is a registry in which all are enrolled and on watch, unless said
// otherwise.
type fakeRegistry struct {
	unmanned   map[party.ID]bool
	unassigned map[party.ID]bool
}

func (f *fakeRegistry) Party(id party.ID) *registry.Party {
	kinds := map[party.ID]registry.Kind{
		north: registry.KindSignatory, east: registry.KindSignatory, sand: registry.KindSignatory, aldmar: registry.KindMember, brevik: registry.KindMember,
	}
	if kinds[id] == "" {
		return nil
	}
	p := &registry.Party{ID: id, Kind: kinds[id]}
	p.Roles = []registry.Role{{Name: "director", Level: party.Policy, Holders: []registry.Holder{{Person: "d1"}}}}
	if f.unassigned[id] {
		p.Roles[0].Holders = nil
	}
	p.Positions = []registry.Position{{Name: "watch", Level: party.Watch}, {Name: "duty-director", Level: party.Duty}}
	return p
}

func (f *fakeRegistry) OnWatch(id party.ID, position string, _ int64) []registry.Watch {
	if f.unmanned[id] {
		return nil
	}
	return []registry.Watch{{Position: position}}
}

func (f *fakeRegistry) Members(lead party.ID, _ int64) []registry.Member {
	switch lead {
	case north:
		return []registry.Member{{Lead: north, Member: aldmar, Confirmed: 1}, {Lead: north, Member: brevik, Confirmed: 1}}
	case east:
		return []registry.Member{{Lead: east, Member: lesh}}
	}
	return nil
}

func (f *fakeRegistry) LeadOf(member party.ID, _ int64) (party.ID, bool) {
	if member == aldmar || member == brevik {
		return north, true
	}
	return "", false
}

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// recorded is an event as the journal would hold it.
type recorded struct {
	text []byte
	at   event.At
}

// node runs one State as a node would: each event is applied in the form that
// the journal gives back.
type node struct {
	tb      tester
	st      *State
	reg     *fakeRegistry
	checks  map[Item]bool
	nowNS   int64
	journal []recorded
	seq     byte
	digests map[string]string // of the results of texts, by hash
}

// at is an instant in nanoseconds since 1970.
func at(text string) int64 {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

func newNode(tb tester) *node {
	return &node{
		tb: tb, st: New(), digests: map[string]string{}, nowNS: at("2026-03-01T12:00:00Z"),
		reg: &fakeRegistry{map[party.ID]bool{}, map[party.ID]bool{}},
		checks: map[Item]bool{
			Tests: false, Heads: false, Intents: false, Clocks: false, Roster: false,
		},
	}
}

func (n *node) view() View {
	return View{
		Registry: n.reg,
		Checked:  func(item Item, _ [2]party.ID, _ int64) (bool, string) { return n.checks[item], "seen" },
		Screen: func(text string) []string {
			if text == "the target" {
				return []string{"target"}
			}
			return nil
		},
	}
}

func (n *node) env() event.Env {
	n.seq++
	return event.Env{NowNS: n.nowNS, Random: [32]byte{n.seq, byte(len(n.journal)), byte(len(n.journal) >> 8)}, Node: "test"}
}

// decoded returns an event in the form that the journal gives back.
func decoded(tb tester, text []byte) event.Event {
	tb.Helper()
	members, err := statement.Fields(text)
	if err != nil {
		tb.Fatal(err)
	}
	var kind string
	for _, m := range members {
		if m.Name == "type" {
			if err := json.Unmarshal(m.Value, &kind); err != nil {
				tb.Fatal(err)
			}
		}
	}
	ev, ok, err := Events.Decode(kind, 1, members)
	if !ok || err != nil {
		tb.Fatalf("%s: known %v: %v", kind, ok, err)
	}
	return ev
}

func (n *node) apply(events []event.Event) {
	for _, ev := range events {
		r := recorded{event.Encode(nil, ev, n.nowNS), event.At{NS: n.nowNS, Index: int64(len(n.journal))}}
		n.journal = append(n.journal, r)
		n.st.Apply(decoded(n.tb, r.text), r.at)
	}
}

// settle lets what other domains brought take effect.
func (n *node) settle() {
	for range 10 {
		events := n.st.Recheck(n.view(), n.env())
		if len(events) == 0 {
			return
		}
		n.apply(events)
	}
	n.tb.Fatal("reactions without end")
}

// authority is that of a party whose policy is satisfied.
func authority(id party.ID) registry.Authority {
	return registry.Authority{
		Party: id, Role: "director", Level: party.Policy, Custody: party.Held,
		Signers: []registry.Signer{{Role: "director", Person: "d1", Level: party.Policy}},
	}
}

// names are those of the acts by their bodies.
func actOf(body any) string {
	for name, kind := range Acts {
		if fmt.Sprintf("%T", kind.New()) == fmt.Sprintf("%T", body) {
			return name
		}
	}
	return ""
}

// as lets a party do something under some authority.
func (n *node) as(by registry.Authority, body any) error {
	n.tb.Helper()
	if c, ok := body.(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return fmt.Errorf("check: %w", err)
		}
	}
	a := &party.Act{Content: body}
	a.Act, a.Party = actOf(body), by.Party
	before := ""
	watched := n.seq%4 == 0 // each time would take most of the time of the tests
	if watched {
		before = snapshot(n.tb, n.st)
	}
	events, err := n.st.Decide(a, by, n.view(), n.env())
	if watched && before != snapshot(n.tb, n.st) {
		n.tb.Fatalf("deciding %s changed the state", a.Act)
	}
	if err != nil {
		if _, ok := err.(*event.Refusal); !ok {
			n.tb.Fatalf("%s: the error is %T, want a refusal", a.Act, err)
		}
		return err
	}
	n.apply(events)
	if more := n.st.Recheck(n.view(), n.env()); len(more) > 0 {
		n.tb.Fatalf("%s left %d events to say, the first %s", a.Act, len(more), more[0].Type())
	}
	return nil
}

func (n *node) try(id party.ID, body any) error {
	n.tb.Helper()
	return n.as(authority(id), body)
}

// do lets a party do what must be allowed.
func (n *node) do(id party.ID, body any) {
	n.tb.Helper()
	if err := n.try(id, body); err != nil {
		n.tb.Fatalf("%s: %T: %v", id, body, err)
	}
}

// refused expects a refusal of a kind.
func (n *node) refused(kind event.RefusalKind, id party.ID, body any) *event.Refusal {
	n.tb.Helper()
	err := n.try(id, body)
	r, ok := err.(*event.Refusal)
	if !ok || r.Kind != kind {
		n.tb.Fatalf("%s: %T: %v, want a refusal %s", id, body, err, kind)
	}
	return r
}

// pass lets time pass, deadline by deadline.
func (n *node) pass(untilNS int64) {
	n.tb.Helper()
	for range 10_000 {
		ns, ok := n.st.Deadline()
		if !ok || ns > untilNS {
			n.nowNS = max(n.nowNS, untilNS)
			return
		}
		n.nowNS = max(n.nowNS, ns)
		events := n.st.Due(n.view(), n.env())
		if len(events) == 0 {
			n.tb.Fatalf("nothing is due at the deadline %s", statement.Instant(ns))
		}
		n.apply(events)
		n.settle()
	}
	n.tb.Fatal("deadlines without end")
}

func (n *node) legal(id string) Legal {
	n.tb.Helper()
	x, ok := n.st.Axis(id)
	if !ok {
		n.tb.Fatalf("no agreement %s", id)
	}
	return x.State
}

// last returns the last event of a type.
func last[E event.Event](n *node) E {
	n.tb.Helper()
	for _, r := range slices.Backward(n.journal) {
		if e, ok := decoded(n.tb, r.text).(E); ok {
			return e
		}
	}
	var none E
	n.tb.Fatalf("no event %T", none)
	return none
}

// count returns how many events of a type there are.
func count[E event.Event](n *node) (c int) {
	for _, r := range n.journal {
		if _, ok := decoded(n.tb, r.text).(E); ok {
			c++
		}
	}
	return c
}

func snapshot(tb tester, st *State) string {
	tb.Helper()
	text, err := json.Marshal(st)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// replayed returns the state that the journal gives.
func (n *node) replayed() *State {
	st := New()
	for _, r := range n.journal {
		st.Apply(decoded(n.tb, r.text), r.at)
	}
	return st
}

func parsed[T any](text string) T {
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err)
	}
	return v
}

const hourNS = 3600 * 1_000_000_000

func ns(v int64) *int64 { return &v }

func when(text string) *statement.Instant {
	i := statement.Instant(at(text))
	return &i
}

// m1 is a complete first version of an agreement. Its clause 9 is reserved, and
// the annex crossings has the dividing line.
func m1() *terms.Text {
	yes := true
	t := &terms.Text{
		ID: "M1", Version: 1, Kind: terms.Agreement, Title: map[string]string{"en": "Varanth Basin"},
		Tabled: statement.Instant(at("2026-03-01T12:00:00Z")), TabledBy: north,
		Parties: []party.ID{north, east}, Languages: []string{"en"}, Equal: &yes, Datum: "WGS84",
		Kinds: []string{"manned", "unmanned"}, From: when("2026-03-01T00:00:00Z"), To: when("2027-03-01T00:00:00Z"),
		Not: []string{"no_intelligence_sharing", "no_target_sharing", "no_zones_of_cooperation"},
		Clauses: parsed[[]terms.Clause](`[
{"id":"1","status":"agreed","rule":"minima","breach_class":"safety","text":{"en":"Keep {lateral_mm} or {vertical_mm} apart, at any time within {time_ns}."},
 "parameters":{"lateral_mm":9260000,"vertical_mm":609600,"time_ns":0},
 "examples":[{"given":{"first":{"position":{"lat_e9":12000000000,"lng_e9":-29500000000},"level":{"mm":3000000,"reference":"AMSL"}},
   "second":{"position":{"lat_e9":12500000000,"lng_e9":-29500000000},"level":{"mm":3000000,"reference":"AMSL"}}},"expect":"clear"}]},
{"id":"2","status":"agreed","rule":"radio","text":{"en":"Crews speak {language} on {common}, else {backup}; positions speak {languages}."},
 "parameters":{"language":"en","common":"123.450 MHz","backup":"121.500 MHz","languages":["en"]}},
{"id":"3","status":"agreed","rule":"precedence","breach_class":"procedure","text":{"en":"Acknowledge in time."},
 "parameters":{"stop_ns":60000000000,"flash_ns":180000000000,"immediate_ns":600000000000,"priority_ns":3600000000000,"standby_ns":120000000000,"flash_bytes":500},
 "examples":[{"given":{"precedence":"STOP","elapsed_ns":60000000000},"expect":"overdue"}]},
{"id":"4","status":"agreed","rule":"tests","breach_class":"procedure","text":{"en":"Call at {at_ns}."},
 "parameters":{"at_ns":[21600000000000,64800000000000],"bearers":["data","voice"],"wait_ns":120000000000},
 "examples":[{"given":{"after":"2026-03-01T07:00:00.000000000Z"},"expect":"2026-03-01T18:00:00.000000000Z"}]},
{"id":"5","status":"agreed","rule":"ladder","breach_class":"procedure","text":{"en":"Who is called."},
 "parameters":{"rungs":[{"position":"watch","bearer":"data","wait_ns":30000000000},{"position":"watch","bearer":"voice","wait_ns":30000000000},{"position":"duty-director","bearer":"voice","wait_ns":60000000000}],"fallback":["own_hold"]},
 "examples":[{"given":{"elapsed_ns":60000000000},"expect":"duty-director by voice"}]},
{"id":"6","status":"agreed","rule":"breach","breach_class":"procedure","text":{"en":"Reply within {reply_ns}."},
 "parameters":{"reply_ns":172800000000000},"examples":[{"given":{"elapsed_ns":3600000000000},"expect":"in_time"}]},
{"id":"7","status":"agreed","rule":"line","annex":"crossings","breach_class":"safety","text":{"en":"Stay {buffer_mm} from the line {name}."},
 "parameters":{"name":"Orrin","points":[{"lat_e9":11000000000,"lng_e9":-30000000000},{"lat_e9":13000000000,"lng_e9":-30000000000}],
   "left":"eastern-league","right":"northern-compact","buffer_mm":9260000,"notice_ns":3600000000000,"read_back":true},
 "examples":[{"given":{"party":"northern-compact","position":{"lat_e9":12000000000,"lng_e9":-29500000000}},"expect":"own_side"}]},
{"id":"9","status":"reserved","text":{"en":"Who may publish what, and when."}}]`),
		Annexes:             []terms.Annex{{Name: "crossings", Title: map[string]string{"en": "Crossings"}}},
		Area:                parsed[*terms.Coverage](`{"polygon":[{"lat_e9":11000000000,"lng_e9":-31000000000},{"lat_e9":11000000000,"lng_e9":-29000000000},{"lat_e9":13000000000,"lng_e9":-29000000000},{"lat_e9":13000000000,"lng_e9":-31000000000}]}`),
		Entry:               &terms.Entry{Rule: "last_signature"},
		SuspensionNoticeNS:  ns(0),
		TerminationNoticeNS: ns(14 * dayNS),
		ReviewAt:            when("2026-09-01T00:00:00Z"),
		ExpiresAt:           when("2027-03-01T00:00:00Z"),
		IncidentReplyNS:     ns(48 * hourNS),
		Handling:            &terms.Handling{Text: "parties", Publication: "none", Recording: "own_side"},
	}
	return t
}

// floor is a complete safety floor.
func floor() *terms.Text {
	t := m1()
	t.ID, t.Kind, t.Annexes, t.ExpiresAt, t.Area, t.Handling = "F1", terms.Floor, nil, nil, nil, nil
	t.Clauses = slices.DeleteFunc(t.Clauses, func(c terms.Clause) bool { return c.ID == "1" || c.ID == "2" || c.ID == "6" || c.ID == "7" })
	t.Clauses = append(t.Clauses, parsed[[]terms.Clause](`[
{"id":"10","status":"agreed","rule":"heartbeat","text":{"en":"Every {every_ns}."},"parameters":{"every_ns":60000000000,"misses":3,"clock_ns":1000000000},
 "examples":[{"given":{"elapsed_ns":60000000000},"expect":"up"}]},
{"id":"11","status":"agreed","rule":"sites","text":{"en":"Keep {radius_mm} from protected sites."},
 "parameters":{"radius_mm":3704000,"ceiling":{"mm":1524000,"reference":"AMSL"},"read_ns":1800000000000,"loaded_ns":7200000000000,"move_ns":172800000000000,"urgent_ns":86400000000000},
 "examples":[{"given":{"site":{"circle":{"centre":{"lat_e9":12360000000,"lng_e9":-29930000000},"radius_mm":100000}},
   "craft":{"position":{"lat_e9":12360000000,"lng_e9":-29930000000},"level":{"mm":300000,"reference":"AMSL"}}},"expect":"inside"}]}]`)...)
	return t
}

// following returns a version that follows another.
func following(t *terms.Text, by party.ID, change func(*terms.Text)) *terms.Text {
	c := *t
	c.Clauses = slices.Clone(t.Clauses)
	c.Version, c.Parent, c.TabledBy = t.Version+1, t.Hash(), by
	if change != nil {
		change(&c)
	}
	return &c
}

// digest is what the worked examples of a text come to.
func digest(t *terms.Text) string {
	d, err := results(t)
	if err != nil {
		panic(err)
	}
	return d
}

func propose(t *terms.Text) *Propose { return &Propose{t, digest(t)} }

func counter(t *terms.Text) *Counter { return &Counter{t, digest(t)} }

func signing(t *terms.Text) *Sign { return &Sign{t.ID, t.Hash(), digest(t)} }

// agreed brings a text into force.
func (n *node) agreed(t *terms.Text) *terms.Text {
	n.tb.Helper()
	n.do(t.TabledBy, propose(t))
	for _, id := range t.Parties {
		n.do(id, signing(t))
	}
	if got := n.legal(t.ID); got != InForce {
		x, _ := n.st.Axis(t.ID)
		n.tb.Fatalf("%s is %s, want it in force: %v", t.ID, got, x.Blocked)
	}
	return t
}
