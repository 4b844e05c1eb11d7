package world

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

const (
	here   = "node.example/deconflict"
	noonNS = int64(1_900_000_000_000_000_000)
)

// keyOf returns a key that is the same for the same name.
func keyOf(name string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return ed25519.NewKeyFromSeed(seed)
}

// saying makes an act of a party, signed by the keys of persons.
func saying(t testing.TB, by party.ID, act, id string, body any, persons ...string) *party.Act {
	t.Helper()
	raw, err := statement.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	a := &party.Act{Statement: party.Statement{Act: act, At: statement.Instant(noonNS), Body: raw, ID: id, Node: here, Party: by}}
	if a.Text, err = statement.Marshal(a.Statement); err != nil {
		t.Fatal(err)
	}
	for _, p := range persons {
		s, err := party.Sign(keyOf(p), a.Text)
		if err != nil {
			t.Fatal(err)
		}
		a.Signatures = append(a.Signatures, s)
	}
	kind, ok := Kind(act)
	if !ok {
		t.Fatalf("no act %s", act)
	}
	a.Content = kind.New()
	if err := json.Unmarshal(raw, a.Content); err != nil {
		t.Fatal(err)
	}
	return a
}

// recordOf is a party with two roles of level policy, both of which must sign a
// change.
func recordOf(id party.ID) registry.Party {
	role := func(name, person string) registry.Role {
		return registry.Role{Name: name, Level: party.Policy, Holders: []registry.Holder{
			{Person: person, Key: party.NewKey(keyOf(person).Public().(ed25519.PublicKey))},
		}}
	}
	return registry.Party{
		ID: id, Kind: registry.KindSignatory, Names: map[string]string{"en": string(id)},
		Roles:    []registry.Role{role("chief", string(id)+"-a"), role("deputy", string(id)+"-b")},
		Policies: map[string]registry.Policy{"party.change": {K: 2, Roles: []string{"chief", "deputy"}}},
		Positions: []registry.Position{
			{Name: "watch", Level: party.Watch, Bearers: []registry.Bearer{{Name: "data", Kind: "data"}}},
		},
	}
}

// node applies what it decides, as the engine does, and keeps the entries.
type node struct {
	testing.TB
	st      *State
	entries [][]byte
	nowNS   int64
}

func newNode(t testing.TB) *node { return &node{TB: t, st: New(), nowNS: noonNS} }

func (n *node) act(a *party.Act) ([]Event, error) {
	n.Helper()
	env := event.Env{NowNS: n.nowNS, Random: [32]byte{1, byte(len(n.entries))}, Node: here}
	decided, err := n.st.Act(a, env)
	if err != nil {
		return nil, err
	}
	var all []Event
	if err := n.st.Carry(decided, env, func(ev Event) error { n.apply(ev); all = append(all, ev); return nil }); err != nil {
		n.Fatal(err)
	}
	return all, nil
}

func (n *node) apply(ev Event) {
	n.Helper()
	text := Encode(nil, ev, n.nowNS)
	back, at, err := Decode(text)
	if err != nil || at != n.nowNS {
		n.Fatalf("%s: read back at %d, %v", text, at, err)
	}
	if again := Encode(nil, back, at); !bytes.Equal(again, text) {
		n.Fatalf("%s is read as\n%s", text, again)
	}
	if err := Readable(ev, text); err != nil {
		n.Fatalf("%s is read, but said not to be: %v", text, err)
	}
	n.st.Apply(ev, event.At{NS: n.nowNS, Index: int64(len(n.entries))})
	n.entries = append(n.entries, text)
}

// image returns the state as a snapshot has it.
func image(t testing.TB, st *State) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := st.Freeze().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// replayed is the state that the entries make.
func (n *node) replayed() *State {
	n.Helper()
	st := New()
	for i, text := range n.entries {
		ev, at, err := Decode(text)
		if err != nil {
			n.Fatal(err)
		}
		st.Apply(ev, event.At{NS: at, Index: int64(i)})
	}
	return st
}

func types(events []Event) (names []string) {
	for _, ev := range events {
		names = append(names, ev.Type())
	}
	return names
}

func (n *node) mustAct(a *party.Act, want ...string) []Event {
	n.Helper()
	events, err := n.act(a)
	if err != nil {
		n.Fatal(err)
	}
	if got := types(events); len(want) > 0 && !slices.Equal(got, want) {
		n.Fatalf("%s caused %v, want %v", a.Act, got, want)
	}
	return events
}

func TestAnActIsTakenOnce(t *testing.T) {
	n := newNode(t)
	enrol := saying(t, "north", "party.enrol", "1", registry.Enrol{Party: recordOf("north")}, "north-a")
	n.mustAct(enrol)
	first := len(n.entries)

	var before *ErrRepeated
	if _, err := n.act(enrol); !errors.As(err, &before) || before.Index != 0 || before.Count != first-1 {
		t.Errorf("the same act again: %v", err)
	}
	other := saying(t, "north", "party.enrol", "1", registry.Enrol{Party: recordOf("south")}, "south-a")
	var refusal *event.Refusal
	if _, err := n.act(other); !errors.As(err, &refusal) || refusal.Kind != event.Reused {
		t.Errorf("another act with the same id: %v", err)
	}
	elsewhere := saying(t, "south", "party.enrol", "1", registry.Enrol{Party: recordOf("south")}, "south-a")
	elsewhere.Node = "another.example/node"
	if _, err := n.act(elsewhere); !errors.As(err, &refusal) || refusal.Kind != event.Invalid {
		t.Errorf("an act for another node: %v", err)
	}
	if len(n.entries) != first {
		t.Errorf("%d entries, want %d", len(n.entries), first)
	}
	if st, err := ReadState(image(t, n.st)); err != nil || !bytes.Equal(image(t, st), image(t, n.st)) {
		t.Errorf("the snapshot is not the state: %v", err)
	} else if _, err := st.Act(enrol, event.Env{NowNS: n.nowNS, Node: here}); !errors.As(err, &before) {
		t.Errorf("a restart forgets the act: %v", err)
	}
	if !bytes.Equal(image(t, n.replayed()), image(t, n.st)) {
		t.Error("the entries do not make the state")
	}
}

func TestAnActWaitsForItsSignatures(t *testing.T) {
	n := newNode(t)
	n.mustAct(saying(t, "north", "party.enrol", "1", registry.Enrol{Party: recordOf("north")}, "north-a"))
	changed := recordOf("north")
	changed.Names["en"] = "North"
	body := registry.Change{Party: changed, From: 1}
	n.mustAct(saying(t, "north", "party.change", "2", body, "north-a"), "party.cosigned")
	if got := n.st.Registry.Party("north").Names["en"]; got != "north" {
		t.Errorf("one signature of two made it %q", got)
	}
	n.mustAct(saying(t, "north", "party.change", "2", body, "north-b"), "act.taken", "party.completed", "party.changed")
	if got := n.st.Registry.Party("north").Names["en"]; got != "North" {
		t.Errorf("both signatures left it %q", got)
	}
	taken, _, _ := Decode(n.entries[len(n.entries)-3])
	if got := taken.(*Taken).Signatures; len(got) != 2 {
		t.Errorf("the act shows %d signatures, want both", len(got))
	}
	var before *ErrRepeated
	if _, err := n.act(saying(t, "north", "party.change", "2", body, "north-b")); !errors.As(err, &before) {
		t.Errorf("the last signature again: %v", err)
	}
}
