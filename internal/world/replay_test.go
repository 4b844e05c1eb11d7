package world

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// circle is the body of an intent of two nautical miles about a place, an hour
// from noon on.
func circle(lngE9 int64) json.RawMessage {
	at := func(minutes int64) string { return statement.Instant(noonNS + minutes*60e9).String() }
	return json.RawMessage(fmt.Sprintf(`{"aircraft_kind":"manned","contact":{"position":"watch"},
"position":{"datum":"WGS84","error_mm":50000,"method":"gnss"},"priority":{"rank":"other"},"time":{"error_ns":1000000,"source":"gnss"},
"volumes":[{"footprint":{"circle":{"centre":{"lat_e9":46000000000,"lng_e9":%d},"radius_mm":3704000}},
"lower":{"mm":300000,"reference":"W84"},"upper":{"mm":600000,"reference":"W84"},"start":%q,"end":%q}]}`, lngE9, at(60), at(120)))
}

// The state at any instant can be made again from the journal, and each decision
// comes out again as it was, byte for byte. The toy keeps the last state only:
// what it would decide then it decides otherwise now.
func TestE3StateAtAnyInstant(t *testing.T) {
	n := newNode(t)
	type decided struct {
		act   *party.Act
		env   event.Env
		first int
		texts [][]byte
	}
	var done []decided
	do := func(by party.ID, act, id string, body any, persons ...string) {
		t.Helper()
		a := saying(t, by, act, id, body, persons...)
		env := event.Env{NowNS: n.nowNS, Random: [32]byte{1, byte(len(n.entries))}, Node: here}
		d := decided{act: a, env: env, first: len(n.entries)}
		n.mustAct(a)
		d.texts = n.entries[d.first:]
		done = append(done, d)
		n.nowNS += 1e9
	}
	for _, id := range []party.ID{"north", "south"} {
		do(id, "party.enrol", "enrol", registry.Enrol{Party: recordOf(id)}, string(id)+"-a")
	}
	do("north", "intent.declare", "n1", circle(7_000_000_000), "north-a")
	do("south", "intent.declare", "s1", circle(7_010_000_000), "south-a") // in the way of the first
	do("south", "intent.declare", "s2", circle(8_000_000_000), "south-a")
	do("north", "channel.stop", "n2", json.RawMessage(`{"at_risk":"people","callback":"line 1","where":{"text":"the harbour"}}`))

	first, _, err := Decode(done[2].texts[1])
	if err != nil {
		t.Fatal(err)
	}
	do("north", "intent.withdraw", "n3", intent.Withdraw{ID: first.(*intent.Decided).ID}, "north-a")

	// The toy: decided on the state of today, not on that of then.
	again, err := n.st.Act(withID(t, done[3].act, "again"), done[3].env)
	if err == nil && len(again) > 1 && bytes.Equal(Encode(nil, again[1], done[3].env.NowNS), done[3].texts[1]) {
		t.Error("the toy decides the same: the test shows nothing")
	}
	for _, d := range done {
		then := New()
		for i, text := range n.entries[:d.first] {
			ev, at, err := Decode(text)
			if err != nil {
				t.Fatal(err)
			}
			then.Apply(ev, event.At{NS: at, Index: int64(i)})
		}
		var texts [][]byte
		decision, err := then.Act(d.act, d.env)
		if err != nil {
			t.Fatalf("%s: %v", d.act.Act, err)
		}
		if err := then.Carry(decision, d.env, func(ev Event) error {
			text := Encode(nil, ev, d.env.NowNS)
			then.Apply(ev, event.At{NS: d.env.NowNS, Index: int64(d.first + len(texts))})
			texts = append(texts, text)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(texts) != len(d.texts) {
			t.Fatalf("%s: %d events, were %d", d.act.Act, len(texts), len(d.texts))
		}
		for i := range texts {
			if !bytes.Equal(texts[i], d.texts[i]) {
				t.Errorf("%s decides\n%s\nit was\n%s", d.act.Act, texts[i], d.texts[i])
			}
		}
	}
}

// withID is an act with another id.
func withID(t *testing.T, a *party.Act, id string) *party.Act {
	t.Helper()
	b := *a
	b.ID = id
	var err error
	if b.Text, err = statement.Marshal(b.Statement); err != nil {
		t.Fatal(err)
	}
	s, err := party.Sign(keyOf("south-a"), b.Text)
	if err != nil {
		t.Fatal(err)
	}
	b.Signatures = []party.Signature{s}
	return &b
}
