package offer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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

const minuteNS = 60 * 1_000_000_000

// at returns an instant of the tests' day.
func at(hour, minute, second int) int64 {
	return time.Date(2026, 3, 1, hour, minute, second, 0, time.UTC).UnixNano()
}

func instant(ns int64) *statement.Instant {
	i := statement.Instant(ns)
	return &i
}

// flight is an intent of the tests, with its altitudes.
type flight struct {
	Intent
	floorMM int64
}

// trial is a state with a clock, a journal and intents of its own. All that is
// applied goes through its journal form, and into a second state.
type trial struct {
	t        testing.TB
	st       *State
	replayed *State
	view     View
	flights  map[string]*flight
	hidden   map[string]bool // flights that only their owner is shown
	now      int64
	index    int64
	random   uint16
	log      []event.Event
}

// newTrial has scenario 3A at 07:10: the Compact's N-204 meets H-17 of Harbour
// Relief; the League's E-88 stands by.
func newTrial(t testing.TB) *trial {
	n := &trial{t: t, st: New(), replayed: New(), now: at(7, 10, 0), flights: map[string]*flight{
		"N-204": {Intent: Intent{Owner: "compact", Version: 1, StartNS: at(8, 45, 0), EndNS: at(10, 0, 0)}, floorMM: 9000 * 304_8 / 10},
		"H-17":  {Intent: Intent{Owner: "relief", Version: 1, StartNS: at(9, 0, 0), EndNS: at(9, 24, 0)}, floorMM: 8000 * 304_8 / 10},
		"E-88":  {Intent: Intent{Owner: "league", Version: 1, StartNS: at(9, 20, 0), EndNS: at(9, 34, 0)}},
	}}
	for id, f := range n.flights {
		f.seal(id)
	}
	rules := terms.Rules{Offers: terms.Offers{AnswerNS: 10 * minuteNS, UnresolvedNS: 15 * minuteNS}}
	n.view = View{
		Registry: registry.New(),
		Rules:    func(party.ID, party.ID) *terms.Rules { return &rules },
		Intent: func(id string) *Intent {
			if f := n.flights[id]; f != nil {
				in := f.Intent
				return &in
			}
			return nil
		},
		Shown: func(id string, to party.ID) bool { return !n.hidden[id] || n.flights[id].Owner == to },
		Volumes: func(text json.RawMessage) (string, error) {
			canonical, err := statement.Canonical(text)
			if err != nil {
				return "", err
			}
			sum := sha256.Sum256(canonical)
			return hex.EncodeToString(sum[:]), nil
		},
		Between: func(id string, floor, ceiling *Altitude) bool {
			return (floor == nil || n.flights[id].floorMM >= floor.MM) && (ceiling == nil || n.flights[id].floorMM < ceiling.MM)
		},
	}
	return n
}

// seal gives a version its digest.
func (f *flight) seal(id string) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", id, f.Version))
	f.Digest = hex.EncodeToString(sum[:])
}

func (n *trial) env() event.Env {
	n.random++
	return event.Env{NowNS: n.now, Random: [32]byte{byte(n.random), byte(n.random >> 8)}, Node: "node.example"}
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

// try decides an act, signed by a role's own key, and takes in what comes of it.
func (n *trial) try(by party.ID, body any) ([]event.Event, error) {
	n.t.Helper()
	return n.tryBy(by, party.Held, body)
}

func (n *trial) tryBy(by party.ID, custody party.Custody, body any) ([]event.Event, error) {
	n.t.Helper()
	if c, ok := body.(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return nil, event.Refuse(event.Invalid, "%v", err)
		}
	}
	a := &party.Act{Statement: party.Statement{Party: by, At: statement.Instant(n.now)}, Content: body}
	events, err := n.st.Decide(a, registry.Authority{Party: by, Custody: custody}, n.view, n.env())
	if err == nil {
		n.apply(events)
	}
	return events, err
}

func (n *trial) act(by party.ID, body any) []event.Event {
	n.t.Helper()
	events, err := n.try(by, body)
	if err != nil {
		n.t.Fatalf("%s: %+v: %v", by, body, err)
	}
	return events
}

// refused asserts that an act is refused, and why.
func (n *trial) refused(kind event.RefusalKind, by party.ID, body any) {
	n.t.Helper()
	events, err := n.try(by, body)
	n.isRefusal(kind, events, err)
}

func (n *trial) isRefusal(kind event.RefusalKind, events []event.Event, err error) {
	n.t.Helper()
	var r *event.Refusal
	if !errors.As(err, &r) || r.Kind != kind {
		n.t.Fatalf("found %d events and %v, expected a refusal %s", len(events), err, kind)
	}
}

// until lets the time run to an instant; each deadline is met at its instant.
func (n *trial) until(ns int64) []event.Event {
	n.t.Helper()
	from := len(n.log)
	for range 1000 {
		next, ok := n.st.Deadline()
		if !ok || next > ns {
			n.now = ns
			if due := n.st.Due(n.view, n.env()); len(due) != 0 {
				n.t.Fatalf("found %d events due, expected none before the deadline", len(due))
			}
			return n.log[from:]
		}
		n.now = max(n.now, next)
		due := n.st.Due(n.view, n.env())
		if len(due) == 0 {
			n.t.Fatal("found nothing due at the deadline")
		}
		n.apply(due)
	}
	n.t.Fatal("found the deadlines not moving on")
	return nil
}

// change makes a new version of an intent, and tells the state.
func (n *trial) change(id string, change func(*flight)) []event.Event {
	n.t.Helper()
	f := *n.flights[id]
	change(&f)
	f.Version++
	f.seal(id)
	n.flights[id] = &f
	events := n.st.Observe(id, n.view, n.env())
	n.apply(events)
	return events
}

// make offers what one or both do about N-204 and H-17.
func (n *trial) make(by, to party.ID, list ...Undertaking) *Made {
	n.t.Helper()
	mine, theirs := Ref{"N-204", n.flights["N-204"].Version}, Ref{"H-17", n.flights["H-17"].Version}
	if by == "relief" {
		mine, theirs = theirs, mine
	}
	return one[*Made](n.t, n.act(by, &Make{To: to, Mine: mine, Theirs: theirs, Undertakings: list}))
}

func (n *trial) status(o *Made) Status { return n.st.offers[o.Offer].Status }

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
	n.st = restored // and goes on as before
}

func snapshot(t testing.TB, st *State) []byte {
	t.Helper()
	text, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	return text
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

// one returns the only event of a type.
func one[E event.Event](t testing.TB, events []event.Event) E {
	t.Helper()
	found := find[E](events)
	if len(found) != 1 {
		t.Fatalf("found %d of %T, expected 1", len(found), *new(E))
	}
	return found[0]
}
