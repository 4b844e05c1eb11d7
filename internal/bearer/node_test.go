package bearer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

const minuteNS = 60 * secondNS

// dayD is the midnight with which the tests' day begins.
var dayD = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixNano()

// at returns an instant of the tests' day.
func at(hour, minute, second int64) int64 {
	return dayD + hour*60*minuteNS + minute*minuteNS + second*secondNS
}

// trial is a state with a clock and a journal of its own. All that is applied
// goes through its journal form, and into a second state.
type trial struct {
	t        testing.TB
	st       *State
	replayed *State
	view     View
	rules    terms.Rules
	now      int64
	index    int64
	random   byte
	log      []event.Event
}

var enrolled = []party.ID{"compact", "league", "tarrow-centre"}

func newTrial(t testing.TB) *trial {
	n := &trial{t: t, st: New(), replayed: New(), now: at(5, 0, 0)}
	n.rules = terms.Rules{
		Tests:     terms.Tests{AtNS: []int64{6 * 60 * minuteNS, 18 * 60 * minuteNS}, Bearers: []string{"data", "phone", "satellite"}, WaitNS: 5 * minuteNS},
		Heartbeat: terms.Heartbeat{EveryNS: minuteNS, Misses: 3, ClockNS: secondNS},
		Ladder:    terms.Ladder{Rungs: []terms.Rung{{Position: "watch", Bearer: "phone"}, {Position: "watch", Bearer: "satellite"}, {Position: "duty-director", Bearer: "phone"}}},
	}
	reg := registry.New()
	for i, id := range enrolled {
		p := registry.Party{ID: id, Kind: registry.KindSignatory}
		for _, position := range []string{"watch", "duty-director"} {
			p.Positions = append(p.Positions, registry.Position{Name: position, Level: party.Watch, Bearers: []registry.Bearer{
				{Name: "data", Kind: "data"}, {Name: "phone", Kind: "voice"}, {Name: "satellite", Kind: "voice"},
			}})
		}
		reg.Apply(&registry.Enrolled{Party: p}, event.At{NS: n.now, Index: int64(i)})
	}
	n.view = View{
		Registry: reg,
		Rules:    func(party.ID, party.ID) *terms.Rules { r := n.rules; return &r },
		Partners: func(id party.ID) []party.ID {
			var others []party.ID
			for _, o := range enrolled {
				if o != id {
					others = append(others, o)
				}
			}
			return others
		},
	}
	return n
}

func (n *trial) env() event.Env {
	n.random++
	return event.Env{NowNS: n.now, Random: [32]byte{n.random, byte(n.index), byte(n.index >> 8)}, Node: "node.example"}
}

// apply takes events in, by way of their journal form.
func (n *trial) apply(events []event.Event) {
	n.t.Helper()
	for _, ev := range events {
		n.index++
		n.log = append(n.log, ev)
		n.st.Apply(ev, event.At{NS: n.now, Index: n.index})
		n.replayed.Apply(reread(n.t, ev, n.now), event.At{NS: n.now, Index: n.index})
	}
}

// reread returns an event as the journal gives it back.
func reread(t testing.TB, ev event.Event, nowNS int64) event.Event {
	t.Helper()
	text := event.Encode(nil, ev, nowNS)
	members, err := statement.Fields(text)
	if err != nil {
		t.Fatal(err)
	}
	back, ok, err := Events.Decode(ev.Type(), 1, members)
	if !ok || err != nil {
		t.Fatalf("%s: decoded %v, %v", text, ok, err)
	}
	if again := event.Encode(nil, back, nowNS); !bytes.Equal(text, again) {
		t.Fatalf("wrote %s, then %s", text, again)
	}
	return back
}

// try decides an act and takes in what comes of it.
func (n *trial) try(by party.ID, body any) ([]event.Event, error) {
	n.t.Helper()
	if c, ok := body.(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return nil, event.Refuse(event.Invalid, "%v", err)
		}
	}
	a := &party.Act{Statement: party.Statement{Party: by, At: statement.Instant(n.now)}, Content: body}
	events, err := n.st.Decide(a, registry.Authority{Party: by, Custody: party.Held}, n.view, n.env())
	if err == nil {
		n.apply(events)
	}
	return events, err
}

func (n *trial) act(by party.ID, body any) []event.Event {
	n.t.Helper()
	events, err := n.try(by, body)
	if err != nil {
		n.t.Fatalf("%s: %T: %v", by, body, err)
	}
	return events
}

// refused asserts that an act is refused, and why.
func (n *trial) refused(kind event.RefusalKind, by party.ID, body any) {
	n.t.Helper()
	events, err := n.try(by, body)
	var r *event.Refusal
	if !errors.As(err, &r) || r.Kind != kind {
		n.t.Fatalf("%s: %+v: found %d events and %v, expected a refusal %s", by, body, len(events), err, kind)
	}
}

// until lets the time run to an instant; each deadline is met at its instant.
func (n *trial) until(ns int64) []event.Event {
	n.t.Helper()
	from := len(n.log)
	for {
		next, ok := n.st.Deadline()
		if !ok || next > ns {
			break
		}
		n.now = max(n.now, next)
		n.settle()
	}
	n.now = ns
	return n.log[from:]
}

// settle takes in all that is due now.
func (n *trial) settle() {
	n.t.Helper()
	for range 1000 {
		next, ok := n.st.Deadline()
		if !ok || next > n.now {
			if due := n.st.Due(n.view, n.env()); len(due) != 0 {
				n.t.Fatalf("found %d events due, expected none before the deadline", len(due))
			}
			return
		}
		due := n.st.Due(n.view, n.env())
		if len(due) == 0 {
			n.t.Fatal("found nothing due at the deadline")
		}
		n.apply(due)
	}
	n.t.Fatal("found the deadlines not moving on")
}

func (n *trial) beat(by party.ID, seen int64) []event.Event {
	n.t.Helper()
	return n.act(by, &Heartbeat{State: digest, Seen: seen})
}

var digest = fmt.Sprintf("%064x", 1)

func (n *trial) follow(a, b party.ID) {
	n.t.Helper()
	n.apply(n.st.Follow(a, b, n.view))
}

// snapshot returns the snapshot of a state.
func snapshot(t testing.TB, st *State) []byte {
	t.Helper()
	text, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// check asserts that replay and a restored snapshot are the state itself.
func (n *trial) check() {
	n.t.Helper()
	text := snapshot(n.t, n.st)
	if got := snapshot(n.t, n.replayed); !bytes.Equal(text, got) {
		n.t.Fatalf("replayed to %s, expected %s", got, text)
	}
	restored := New()
	if err := json.Unmarshal(text, restored); err != nil {
		n.t.Fatal(err)
	}
	if got := snapshot(n.t, restored); !bytes.Equal(text, got) {
		n.t.Fatalf("restored to %s, expected %s", got, text)
	}
}

// restore goes on with a state that was written and read again.
func (n *trial) restore() {
	n.t.Helper()
	n.check()
	restored := New()
	if err := json.Unmarshal(snapshot(n.t, n.st), restored); err != nil {
		n.t.Fatal(err)
	}
	n.st = restored
}

// find returns the events of a type.
func find[E event.Event](events []event.Event) []E {
	var found []E
	for _, ev := range events {
		if e, ok := ev.(E); ok {
			found = append(found, e)
		}
	}
	return found
}
