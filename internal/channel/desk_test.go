package channel

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Parties of the tests: two coalitions, a notifier without an agreement, a
// witness.
const (
	north   party.ID = "northern-compact"
	east    party.ID = "eastern-league"
	harbour party.ID = "harbour-relief"
	witness party.ID = "institute-of-mar"
)

// roster is a registry of a few parties.
type roster struct {
	parties []*registry.Party
	watch   map[Address][]registry.Watch
}

func (r *roster) Party(id party.ID) *registry.Party {
	for _, p := range r.parties {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (r *roster) Parties() []*registry.Party { return r.parties }

func (r *roster) OnWatch(id party.ID, position string, nowNS int64) (on []registry.Watch) {
	for _, w := range r.watch[Address{id, position}] {
		if nowNS >= int64(w.From) && (w.To == 0 || nowNS < int64(w.To)) {
			on = append(on, w)
		}
	}
	return on
}

func newRoster() *roster {
	r := &roster{watch: map[Address][]registry.Watch{}}
	for _, id := range []party.ID{east, harbour, north} {
		r.parties = append(r.parties, &registry.Party{
			ID: id, Kind: registry.KindSignatory, Languages: []string{"en"},
			Roles: []registry.Role{{Name: "watch", Level: party.Watch}, {Name: "duty-director", Level: party.Duty}},
			Positions: []registry.Position{
				{Name: "watch", Level: party.Watch}, {Name: "duty-director", Level: party.Duty},
			},
		})
		r.watch[Address{id, "watch"}] = []registry.Watch{{Position: "watch", Person: "w1", Level: party.Watch, Languages: []string{"en"}}}
	}
	r.parties = append(r.parties, &registry.Party{ID: witness, Kind: registry.KindWitness})
	return r
}

// desk drives a state as the node does, and keeps its journal.
type desk struct {
	testing.TB
	st      *State
	now     int64
	roster  *roster
	rules   *terms.Rules
	acts    int
	journal []written
}

type written struct {
	text []byte
	at   event.At
	ev   event.Event
}

func newDesk(t testing.TB, start string) *desk {
	d := &desk{TB: t, st: New(), roster: newRoster(), rules: terms.Default([2]party.ID{north, east})}
	d.now = instant(t, start)
	return d
}

func instant(t testing.TB, text string) int64 {
	var at statement.Instant
	if err := at.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return int64(at)
}

func (d *desk) view() View {
	return View{Registry: d.roster, Rules: func(_, _ party.ID) *terms.Rules { return d.rules }}
}

func (d *desk) env() event.Env {
	d.acts++
	return event.Env{NowNS: d.now, Random: [32]byte{byte(d.acts), byte(d.acts >> 8), byte(d.acts >> 16)}}
}

// write journals events and applies them as they read back from the journal.
func (d *desk) write(evs []event.Event) {
	d.Helper()
	for _, ev := range evs {
		text := event.Encode(nil, ev, d.now)
		at := event.At{NS: d.now, Index: int64(len(d.journal))}
		back := decode(d, text)
		d.st.Apply(back, at)
		d.journal = append(d.journal, written{text, at, back})
	}
}

func decode(t testing.TB, text []byte) event.Event {
	t.Helper()
	members, err := statement.Fields(text)
	if err != nil {
		t.Fatal(err)
	}
	kind := ""
	for _, m := range members {
		if m.Name == "type" {
			kind, _ = statement.Unquote(m.Value)
		}
	}
	ev, ok, err := Events.Decode(kind, 1, members)
	if !ok || err != nil {
		t.Fatalf("%s: %v %v", text, ok, err)
	}
	return ev
}

// who says under which authority an act is done.
type who struct {
	party  party.ID
	level  party.Level
	person string
	held   bool
	role   string
}

func watchOf(id party.ID) who { return who{party: id, level: party.Watch, person: "w1", role: "watch"} }

func dutyOf(id party.ID) who {
	return who{party: id, level: party.Duty, person: "d1", role: "duty-director"}
}

// try does an act and returns its events.
func (d *desk) try(w who, body any) ([]event.Event, error) {
	d.Helper()
	if c, ok := body.(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return nil, event.Refuse(event.Invalid, "%v", err)
		}
	}
	by := registry.Authority{Party: w.party, Role: w.role, Person: w.person, Level: w.level, Custody: party.ByNode}
	if w.held {
		by.Custody = party.Held
	}
	a := &party.Act{Statement: party.Statement{Party: w.party, At: statement.Instant(d.now)}, Content: body}
	before := d.snapshot()
	evs, err := d.st.Decide(a, by, d.view(), d.env())
	if !bytes.Equal(before, d.snapshot()) {
		d.Fatalf("deciding %T changed the state", body)
	}
	var refusal *event.Refusal
	if err != nil && !errors.As(err, &refusal) {
		d.Fatalf("%T: found the error %v, expected a refusal", body, err)
	}
	d.write(evs)
	return evs, err
}

func (d *desk) do(w who, body any) []event.Event {
	d.Helper()
	evs, err := d.try(w, body)
	if err != nil {
		d.Fatalf("%T: %v", body, err)
	}
	return evs
}

func (d *desk) refused(kind event.RefusalKind, w who, body any) {
	d.Helper()
	_, err := d.try(w, body)
	var refusal *event.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != kind {
		d.Errorf("%T: found %v, expected a refusal of kind %s", body, err, kind)
	}
}

// until lets the node's clock run, with all that is due on the way, and returns
// the events.
func (d *desk) until(ns int64) (evs []event.Event) {
	d.Helper()
	for range 10_000 {
		next, ok := d.st.Deadline()
		if !ok || next > ns {
			d.now = max(d.now, ns)
			return evs
		}
		d.now = max(d.now, next)
		due := d.st.Due(d.view(), d.env())
		if len(due) == 0 || len(due) > dueMost {
			d.Fatalf("found %d events due at the deadline %d, expected 1 to %d", len(due), next, dueMost)
		}
		d.write(due)
		evs = append(evs, due...)
	}
	d.Fatal("deadlines do not move on")
	return nil
}

func (d *desk) snapshot() []byte {
	d.Helper()
	text, err := json.Marshal(d.st)
	if err != nil {
		d.Fatal(err)
	}
	return text
}

// restart replaces the state by its own snapshot, as a node does that starts
// again, and checks that nothing was lost and that the journal gives the same.
func (d *desk) restart() {
	d.Helper()
	text := d.snapshot()
	back := New()
	if err := json.Unmarshal(text, back); err != nil {
		d.Fatal(err)
	}
	replayed := New()
	for _, w := range d.journal {
		replayed.Apply(decode(d, w.text), w.at)
	}
	for what, st := range map[string]*State{"snapshot": back, "journal": replayed} {
		again, err := json.Marshal(st)
		if err != nil {
			d.Fatal(err)
		}
		if !bytes.Equal(again, text) {
			d.Fatalf("the %s gives\n%s\nexpected\n%s", what, again, text)
		}
		ns, ok := st.Deadline()
		if wantNS, want := d.st.Deadline(); ns != wantNS || ok != want {
			d.Fatalf("the %s gives the deadline %d %v, expected %d %v", what, ns, ok, wantNS, want)
		}
	}
	d.st = back
}

// sent returns the message that events sent first.
func sent(t testing.TB, evs []event.Event) *Sent {
	t.Helper()
	for _, ev := range evs {
		if e, ok := ev.(*Sent); ok {
			return e
		}
	}
	t.Fatal("found no message sent")
	return nil
}

func typesOf(evs []event.Event) (names []string) {
	for _, ev := range evs {
		names = append(names, ev.Type())
	}
	return names
}

func expectTypes(t testing.TB, evs []event.Event, want ...string) {
	t.Helper()
	if got := typesOf(evs); !slices.Equal(got, want) {
		t.Errorf("found the events %q, expected %q", got, want)
	}
}

func (d *desk) message(id string) *Message {
	d.Helper()
	m := d.st.messages[id]
	if m == nil {
		d.Fatalf("found no message %s", id)
	}
	return m
}

var declaredPoint = declared.Point{LatE9: 45_170_000_000, LngE9: -130_370_000_000}

const second = int64(time.Second)

func position(name string, latE9, lngE9 int64) Field {
	return Field{Name: name, Value: terms.Value{Position: &declared.Point{LatE9: latE9, LngE9: lngE9}}}
}

func level(name string, mm int64) Field {
	return Field{Name: name, Value: terms.Value{Level: &declared.Altitude{MM: mm, Reference: "AMSL"}}}
}

func at(name string, ns int64) Field {
	i := statement.Instant(ns)
	return Field{Name: name, Value: terms.Value{At: &i}}
}

func text(name, s string) Field { return Field{Name: name, Value: terms.Value{Text: &s}} }

func cancels(name string) Field {
	yes := true
	return Field{Name: name, Value: terms.Value{Yes: &yes}}
}

// crossing is the crossing notice of a flight over the line, at 09:26.
func crossing(d *desk) *Send {
	return &Send{
		To: Address{north, "watch"}, Type: TypeCrossingNotice, Precedence: Priority,
		Fields: []Field{
			text("flight", "E-88"), position("cross_point", 12_172_300_000, -30_000_000_000),
			at("cross_time", instant(d, "2026-03-01T09:26:00Z")), level("cross_level", 6_096_000),
		},
	}
}

func warn(to party.ID, p Precedence) *Send {
	return &Send{To: Address{to, "watch"}, Type: TypeWarn, Precedence: p, Phrases: []string{"my_aircraft_outside"}}
}
