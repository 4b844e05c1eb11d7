package registry

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()

// foreign are acts of other domains as the registry sees them: a name, and what
// it takes.
var foreign = party.ActKinds{
	"agreement.sign":  {New: func() any { return new(struct{}) }, Held: true, Level: party.Policy},
	"intent.declare":  {New: func() any { return new(struct{}) }, Level: party.Watch},
	"notice.declare":  {New: func() any { return new(struct{}) }, Level: party.Watch},
	"channel.answer":  {New: func() any { return new(struct{}) }},
	"channel.hold":    {New: func() any { return new(struct{}) }, Level: party.Watch},
	Stop:              {New: func() any { return new(struct{}) }},
	"offer.accept":    {New: func() any { return new(struct{}) }, Level: party.Duty},
	"nothing.of-that": {New: func() any { return new(struct{}) }},
}

func kindOf(act string) party.ActKind {
	if k, ok := Acts[act]; ok {
		return k
	}
	return foreign[act]
}

// node is a registry fed as the single writer does it, and its journal.
type node struct {
	t       testing.TB
	st      *State
	nowNS   int64
	journal []entry
	said    int
}

type entry struct {
	text []byte
	at   event.At
}

// newNode returns a node whose journal is replayed at the end of the test.
func newNode(t testing.TB) *node {
	n := &node{t: t, st: New(), nowNS: noon}
	t.Cleanup(func() {
		if !t.Failed() {
			n.checkReplay()
		}
	})
	return n
}

// said is a statement under way.
type said struct {
	party.Act
	keys []string
}

func (n *node) say(by party.ID, act string, body any, change ...func(*said)) *said {
	n.said++
	text, err := statement.Marshal(body)
	if err != nil {
		n.t.Fatal(err)
	}
	s := &said{}
	s.Statement = party.Statement{
		Act: act, At: statement.Instant(n.nowNS), Body: text, ID: fmt.Sprintf("s-%d", n.said), Node: "node", Party: by,
	}
	for _, f := range change {
		f(s)
	}
	return s
}

// signed has keys, by the names of their owners, sign what is said.
func signed(keys ...string) func(*said) { return func(s *said) { s.keys = keys } }

// as has the statement claim a role.
func as(role, person string) func(*said) {
	return func(s *said) { s.Role, s.Person = role, person }
}

// token has the caller's token say a role.
func token(role, person string) func(*said) {
	return func(s *said) { s.TokenRole, s.TokenPerson = role, person }
}

func privateKey(owner string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(owner))
	return ed25519.NewKeyFromSeed(seed[:])
}

func keyOf(owner string) party.Key {
	return party.NewKey(privateKey(owner).Public().(ed25519.PublicKey))
}

// edge does what the door does before an act is decided.
func (n *node) edge(s *said) (*party.Act, error) {
	a := s.Act
	var err error
	if a.Text, err = statement.Marshal(a.Statement); err != nil {
		n.t.Fatal(err)
	}
	a.Signatures = nil
	for _, owner := range s.keys {
		sig, err := party.Sign(privateKey(owner), a.Text)
		if err != nil || !sig.Good(a.Text) {
			n.t.Fatalf("signature of %s: %v", owner, err)
		}
		a.Signatures = append(a.Signatures, sig)
	}
	a.Content = kindOf(a.Statement.Act).New()
	if err := statement.Unmarshal(a.Body, a.Content); err != nil {
		return nil, event.Refuse(event.Invalid, "%s", err)
	}
	if c, ok := a.Content.(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return nil, event.Refuse(event.Invalid, "%s", err)
		}
	}
	return &a, nil
}

// do has a statement decided and applied.
func (n *node) do(s *said) (Authority, []event.Event, error) {
	a, err := n.edge(s)
	if err != nil {
		return Authority{}, nil, err
	}
	by, err := n.st.Authorize(a, kindOf(a.Statement.Act), n.nowNS)
	if err != nil {
		return by, nil, err
	}
	if len(by.Missing) > 0 {
		return by, n.apply(n.st.Cosigned(a, by)), nil
	}
	var events []event.Event
	done := n.st.Completed(a)
	if n.st.Waits(a) != (done != nil) {
		n.t.Fatalf("%s waits: %v, completed by %v", a.ID, n.st.Waits(a), done)
	}
	if done != nil {
		events = append(events, done)
	}
	if _, ours := Acts[a.Statement.Act]; ours {
		before := n.snapshot(n.st)
		decided, err := n.st.Decide(a, by, View{}, n.env())
		if after := n.snapshot(n.st); after != before {
			n.t.Fatalf("deciding %s changed the state\n%s\n%s", a.Statement.Act, before, after)
		}
		if err != nil {
			return by, nil, err
		}
		events = append(events, decided...)
	}
	return by, n.apply(events...), nil
}

func (n *node) env() event.Env { return event.Env{NowNS: n.nowNS, Node: "node"} }

// apply journals events and takes in what a reader of the journal would.
func (n *node) apply(events ...event.Event) []event.Event {
	for _, ev := range events {
		e := entry{event.Encode(nil, ev, n.nowNS), event.At{NS: n.nowNS, Index: int64(len(n.journal))}}
		n.journal = append(n.journal, e)
		n.st.Apply(decode(n.t, e), e.at)
	}
	return events
}

func decode(t testing.TB, e entry) event.Event {
	members, err := statement.Fields(e.text)
	if err != nil {
		t.Fatal(err)
	}
	var kind string
	for _, m := range members {
		if m.Name == "type" {
			kind = strings.Trim(string(m.Value), `"`)
		}
	}
	ev, ok, err := Events.Decode(kind, 1, members)
	if !ok || err != nil {
		t.Fatalf("%s: known %v, %v", e.text, ok, err)
	}
	if _, ours := ev.(Event); !ours {
		t.Fatalf("%T is no event of the registry", ev)
	}
	return ev
}

// must does what must be accepted whole.
func (n *node) must(s *said) []event.Event {
	n.t.Helper()
	by, events, err := n.do(s)
	if err != nil || len(by.Missing) > 0 {
		n.t.Fatalf("%s of %s: %v, missing %q", s.Statement.Act, s.Party, err, by.Missing)
	}
	return events
}

// refused does what must be refused, for a reason of which words are given.
func (n *node) refused(kind event.RefusalKind, words string, s *said) {
	n.t.Helper()
	before := n.snapshot(n.st)
	by, _, err := n.do(s)
	var r *event.Refusal
	if !errors.As(err, &r) {
		n.t.Errorf("%s of %s: found %+v, %v, expected the refusal %q", s.Statement.Act, s.Party, by, err, words)
		return
	}
	if r.Kind != kind || !strings.Contains(r.Message, words) {
		n.t.Errorf("%s of %s: found %s: %s; expected %s: %s", s.Statement.Act, s.Party, r.Kind, r.Message, kind, words)
	}
	if n.snapshot(n.st) != before {
		n.t.Errorf("%s of %s: refused, and changed the state", s.Statement.Act, s.Party)
	}
}

// wait lets time pass to an instant and everything fall due on the way, each at
// its own instant.
func (n *node) wait(untilNS int64) []event.Event {
	n.t.Helper()
	var fired []event.Event
	for {
		ns, ok := n.st.Deadline()
		if !ok || ns > untilNS {
			break
		}
		n.nowNS = max(n.nowNS, ns-1)
		if ns > n.nowNS {
			if early := n.st.Due(View{}, n.env()); early != nil {
				n.t.Fatalf("%d events 1 ns before their time", len(early))
			}
		}
		n.nowNS = max(n.nowNS, ns)
		due := n.st.Due(View{}, n.env())
		if len(due) == 0 || len(due) > maxDue {
			n.t.Fatalf("%d events due at the deadline, expected 1 to %d", len(due), maxDue)
		}
		fired = append(fired, n.apply(due...)...)
	}
	n.nowNS = max(n.nowNS, untilNS)
	return fired
}

func (n *node) snapshot(st *State) string {
	text, err := json.Marshal(st)
	if err != nil {
		n.t.Fatal(err)
	}
	return string(text)
}

// checkReplay compares the state with its journal replayed, and with a
// snapshot of itself.
func (n *node) checkReplay() {
	want := n.snapshot(n.st)
	replayed := New()
	for _, e := range n.journal {
		replayed.Apply(decode(n.t, e), e.at)
	}
	restored := New()
	if err := json.Unmarshal([]byte(want), restored); err != nil {
		n.t.Fatal(err)
	}
	for how, st := range map[string]*State{"replayed": replayed, "restored": restored} {
		if found := n.snapshot(st); found != want {
			n.t.Errorf("%s:\n%s\nexpected\n%s", how, found, want)
		}
		foundNS, foundOK := st.Deadline()
		if wantNS, wantOK := n.st.Deadline(); foundNS != wantNS || foundOK != wantOK {
			n.t.Errorf("%s: found the deadline %d, expected %d", how, foundNS, wantNS)
		}
	}
}
