package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"pgregory.net/rapid"
)

const (
	northern = party.ID("northern.example")
	eastern  = party.ID("eastern.example")
	harbour  = party.ID("harbour.example")
	hour     = int64(3600e9)
	day      = 24 * hour
)

// world is a State with the journal that led to it.
type world struct {
	st     *State
	now    int64
	events [][]byte
	at     []event.At
	things map[string]Thing
}

func newWorld() *world { return &world{st: New(), now: 1_900_000_000e9, things: map[string]Thing{}} }

// act decides, records and applies.
func (w *world) act(by party.ID, body any) ([]event.Event, error) {
	a := &party.Act{Content: body}
	a.Party = by
	view := View{Thing: func(what, id string, to party.ID) (Thing, bool) {
		thing, ok := w.things[what+" "+id]
		return thing, ok
	}}
	events, err := w.st.Decide(a, registry.Authority{Party: by}, view, event.Env{NowNS: w.now})
	for _, ev := range events {
		at := event.At{NS: w.now, Index: int64(len(w.events))}
		w.events, w.at = append(w.events, event.Encode(nil, ev, w.now)), append(w.at, at)
		w.st.Apply(ev, at)
	}
	return events, err
}

func (w *world) mustAct(t *testing.T, by party.ID, body any) []event.Event {
	t.Helper()
	events, err := w.act(by, body)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func set(rows ...Row) *Set { return &Set{Purpose: Purpose, Rows: rows} }

func row(to Recipient, shown bool, state string, groups ...string) Row {
	return Row{To: to, Groups: groups, States: []string{state}, Shown: shown}
}

// D1: nothing leaves unless its owner opened that group, for that recipient, in
// that state.
func TestD1DenyByDefault(t *testing.T) {
	// The toy shows the whole record to everyone: it leaks to a party of which
	// nobody ever spoke.
	toy := func(owner, to party.ID) []string { return groups }
	if !slices.Contains(toy(northern, harbour), VolumesExact) {
		t.Fatal("expected the toy to leak")
	}

	w := newWorld()
	for _, state := range states {
		if got := w.st.Fields(northern, eastern, "signatory", state); len(got) > 0 {
			t.Errorf("%s: found %v shown before anything was released", state, got)
		}
	}
	w.mustAct(t, northern, set(
		row(Recipient{Agreement: "m1"}, true, StateAccepted, Reference, VolumesCoarse),
		row(Recipient{Kind: "service"}, true, StateActivated, VolumesExact, Contact),
		row(Recipient{Party: harbour}, true, StateAccepted, VolumesExact, Contact),
		row(Recipient{Party: "sandmere.example"}, false, StateAccepted, VolumesCoarse),
	))
	for _, c := range []struct {
		to          party.ID
		kind, state string
		agreements  []string
		want        []string
	}{
		{eastern, "signatory", StateAccepted, []string{"m1"}, []string{Reference, VolumesCoarse}},
		{eastern, "signatory", StateAccepted, nil, nil}, // the agreement does not bind both
		{eastern, "signatory", StateAccepted, []string{"m2"}, nil},
		{eastern, "signatory", StateActivated, []string{"m1"}, nil},
		{"control.example", "service", StateActivated, nil, []string{Contact, VolumesExact}},
		{"control.example", "service", StateAccepted, nil, nil},
		{"control.example", "third", StateActivated, nil, nil},
		{harbour, "notifier", StateAccepted, []string{"m1"}, []string{Contact, Reference, VolumesCoarse, VolumesExact}},
		{"sandmere.example", "third", StateAccepted, []string{"m1"}, []string{Reference}}, // closed for this one
		{northern, "signatory", StateProposed, nil, groups},                               // one's own
		{eastern, "signatory", "no such state", []string{"m1"}, nil},
	} {
		if got := w.st.Fields(northern, c.to, c.kind, c.state, c.agreements...); !slices.Equal(got, c.want) {
			t.Errorf("%s (%s) in %s under %v: found %v, want %v", c.to, c.kind, c.state, c.agreements, got, c.want)
		}
	}

	// Nothing is passed on: what others open is theirs only.
	w.mustAct(t, harbour, set(row(Recipient{Party: "sandmere.example"}, true, StateAccepted, groups...)))
	if got := w.st.Fields(northern, "sandmere.example", "third", StateAccepted); len(got) > 0 {
		t.Errorf("found %v of northern shown by harbour's word", got)
	}

	// A new matrix takes the place of the old one whole.
	w.mustAct(t, northern, set())
	if got := w.st.Fields(northern, harbour, "notifier", StateAccepted, "m1"); len(got) > 0 {
		t.Errorf("found %v shown after all was taken back", got)
	}
}

// I5, D1: who is affected by an intent that does not do what it said sees where
// it is and whom to call, and no more than that.
func TestD1SafetyMinimum(t *testing.T) {
	if got, want := Minimum(StateOffNominal), []string{Contact, OffNominal, Reference}; !slices.Equal(got, want) {
		t.Errorf("off nominal: found %v, want %v", got, want)
	}
	for _, state := range []string{StateProposed, StateAccepted, StateActivated, StateEnded} {
		if got, want := Minimum(state), []string{Reference}; !slices.Equal(got, want) {
			t.Errorf("%s: found %v, want %v", state, got, want)
		}
	}
}

// Who sees which event is part of what is released.
func TestD1EventsAreReleasedToWhomTheyConcern(t *testing.T) {
	changed := &Changed{Party: northern}
	logged := &Logged{To: eastern, Owner: harbour}
	for _, c := range []struct {
		ev   event.Event
		to   party.ID
		want bool
	}{
		{changed, eastern, false}, {logged, eastern, true}, {logged, harbour, true}, {logged, northern, false},
	} {
		if got := len(c.ev.Release(c.to)) > 0; got != c.want {
			t.Errorf("%s to %s: found %v, want %v", c.ev.Type(), c.to, got, c.want)
		}
	}
}

func kindOf(err error) event.RefusalKind {
	var r *event.Refusal
	if errors.As(err, &r) {
		return r.Kind
	}
	return ""
}

// D3: protected sites cannot be copied in bulk, every look is logged for the
// owner to see, and what is over is sealed.
func TestD3LooksAreCountedAndSealed(t *testing.T) {
	w := newWorld()
	var ids []string
	for i := range 200 {
		id := fmt.Sprintf("site-%03d", i)
		ids = append(ids, id)
		w.things[Site+" "+id] = Thing{Owner: harbour}
	}
	// The toy is a map layer: one request gives all sites.
	toy := func() []string { return ids }
	if len(toy()) <= MaxLooks {
		t.Fatal("expected the toy to give away more than may be looked at")
	}
	if err := (&Look{IDs: ids, Purpose: Purpose, What: Site}).Check(); err == nil {
		t.Error("200 sites in one look: found no error")
	}
	seen := 0
	var err error
	for err == nil {
		var events []event.Event
		events, err = w.act(eastern, &Look{IDs: ids[seen : seen+8], Purpose: Purpose, What: Site})
		if err == nil {
			seen += 8
			if len(events) != 1 || events[0].(*Logged).Owner != harbour || len(events[0].(*Logged).IDs) != 8 {
				t.Fatalf("found the events %v, want one that tells harbour of 8 sites", events)
			}
		}
		w.now += 1e9
	}
	if seen != MaxLooks || kindOf(err) != event.NotNow {
		t.Errorf("found %d sites looked at within an hour, then %v; want %d, then not now", seen, err, MaxLooks)
	}
	// Another party, and another sort, have their own count; an hour later
	// there is room again.
	w.mustAct(t, northern, &Look{IDs: ids[:1], Purpose: Purpose, What: Site})
	w.things[History+" n-204"] = Thing{Owner: northern}
	w.mustAct(t, eastern, &Look{IDs: []string{"n-204"}, Purpose: Purpose, What: History})
	w.now += hour
	w.mustAct(t, eastern, &Look{IDs: ids[seen : seen+8], Purpose: Purpose, What: Site})

	// One's own things are neither counted nor logged.
	if events := w.mustAct(t, harbour, &Look{IDs: ids[:16], Purpose: Purpose, What: Site}); len(events) != 0 {
		t.Errorf("found %v for a look at one's own", events)
	}
}

func TestD3OwnersAreToldApart(t *testing.T) {
	w := newWorld()
	w.things[Site+" a"], w.things[Site+" b"] = Thing{Owner: northern}, Thing{Owner: harbour}
	events := w.mustAct(t, eastern, &Look{IDs: []string{"b", "a"}, Purpose: Purpose, What: Site})
	if len(events) != 2 {
		t.Fatalf("found %d events, want one an owner", len(events))
	}
	for i, want := range []*Logged{
		{IDs: []string{"b"}, Owner: harbour, Purpose: Purpose, To: eastern, What: Site},
		{IDs: []string{"a"}, Owner: northern, Purpose: Purpose, To: eastern, What: Site},
	} {
		if !reflect.DeepEqual(events[i], want) {
			t.Errorf("found %+v, want %+v", events[i], want)
		}
	}
}

func TestD3RetentionSeals(t *testing.T) {
	w := newWorld()
	look := func() error {
		_, err := w.act(eastern, &Look{IDs: []string{"s-1"}, Purpose: Purpose, What: Site})
		return err
	}
	absent := look()
	ended := w.now
	w.things[Site+" s-1"] = Thing{Owner: harbour, EndedNS: ended}
	w.now = ended + 30*day - 1
	if err := look(); err != nil {
		t.Errorf("the last nanosecond of 30 days: %v", err)
	}
	w.now++
	if err := look(); err == nil || err.Error() != absent.Error() || kindOf(err) != event.NotFound {
		t.Errorf("after 30 days found %v, want the words for what is not there: %v", err, absent)
	}
	if !w.st.Sealed(harbour, ended, w.now) || w.st.Sealed(harbour, 0, w.now) {
		t.Error("found an ended thing open or one that goes on sealed")
	}
	w.things[Site+" s-1"] = Thing{Owner: harbour, EndedNS: ended, Frozen: true}
	if err := look(); err != nil {
		t.Errorf("evidence of an open incident: %v", err)
	}
	w.things[Site+" s-1"] = Thing{Owner: harbour, EndedNS: ended}
	w.mustAct(t, harbour, &Set{Purpose: Purpose, RetentionNS: 90 * day})
	if err := look(); err != nil {
		t.Errorf("kept for 90 days by its owner: %v", err)
	}
	w.mustAct(t, harbour, &Set{Purpose: Purpose, RetentionNS: hour})
	if err := look(); kindOf(err) != event.NotFound {
		t.Errorf("kept for an hour by its owner: %v", err)
	}
}

func TestBodiesAreChecked(t *testing.T) {
	good := row(Recipient{Kind: "service"}, true, StateAccepted, Reference)
	with := func(f func(*Row)) *Set {
		r := good
		f(&r)
		return set(r)
	}
	look := func(f func(*Look)) *Look {
		l := &Look{IDs: []string{"a"}, Purpose: Purpose, What: Site}
		f(l)
		return l
	}
	if err := set(good).Check(); err != nil {
		t.Error(err)
	}
	if err := look(func(*Look) {}).Check(); err != nil {
		t.Error(err)
	}
	for name, body := range map[string]interface{ Check() error }{
		"no purpose":        &Set{Rows: []Row{good}},
		"another purpose":   &Set{Purpose: "planning"},
		"no recipient":      with(func(r *Row) { r.To = Recipient{} }),
		"two recipients":    with(func(r *Row) { r.To.Party = harbour }),
		"a bad party":       with(func(r *Row) { r.To = Recipient{Party: "a b"} }),
		"an unknown kind":   with(func(r *Row) { r.To.Kind = "friend" }),
		"no group":          with(func(r *Row) { r.Groups = nil }),
		"an unknown group":  with(func(r *Row) { r.Groups = []string{"purpose"} }),
		"a group twice":     with(func(r *Row) { r.Groups = []string{Kind, Kind} }),
		"no state":          with(func(r *Row) { r.States = nil }),
		"an unknown state":  with(func(r *Row) { r.States = []string{"draft"} }),
		"too many rows":     set(slices.Repeat([]Row{good}, maxRows+1)...),
		"short retention":   &Set{Purpose: Purpose, RetentionNS: hour - 1},
		"long retention":    &Set{Purpose: Purpose, RetentionNS: 11 * 366 * day},
		"look, no purpose":  look(func(l *Look) { l.Purpose = "" }),
		"look, no id":       look(func(l *Look) { l.IDs = nil }),
		"look, an empty id": look(func(l *Look) { l.IDs = []string{""} }),
		"look, an id twice": look(func(l *Look) { l.IDs = []string{"a", "a"} }),
		"look at what":      look(func(l *Look) { l.What = "all" }),
	} {
		if body.Check() == nil {
			t.Errorf("%s: found no error", name)
		}
	}
}

// drawBody draws a body that passes its check.
func drawBody(t *rapid.T) any {
	if rapid.Bool().Draw(t, "look") {
		return &Look{IDs: some(t, "ids", []string{"a", "b", "c", "d"}), Purpose: Purpose, What: rapid.SampledFrom([]string{Site, History}).Draw(t, "what")}
	}
	return drawSet(t)
}

func some(t *rapid.T, label string, of []string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 1, 3, rapid.ID[string]).Draw(t, label)
}

func drawSet(t *rapid.T) *Set {
	s := set()
	for range rapid.IntRange(0, 4).Draw(t, "rows") {
		to := rapid.SampledFrom([]Recipient{{Party: eastern}, {Party: harbour}, {Kind: "service"}, {Kind: "member"}, {Agreement: "m1"}}).Draw(t, "to")
		s.Rows = append(s.Rows, Row{To: to, Groups: some(t, "groups", groups), States: some(t, "states", states), Shown: rapid.IntRange(0, 3).Draw(t, "shown") > 0})
	}
	s.RetentionNS = rapid.SampledFrom([]int64{0, hour, 90 * day}).Draw(t, "retention")
	return s
}

// The state after a replay of the journal, and that of a snapshot, are the state.
func TestReplayIsState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for id, owner := range map[string]party.ID{"a": northern, "b": eastern, "c": harbour} {
			w.things[Site+" "+id], w.things[History+" "+id] = Thing{Owner: owner}, Thing{Owner: owner, EndedNS: w.now}
		}
		var earlier *State
		var then []byte
		for i := range rapid.IntRange(1, 30).Draw(t, "acts") {
			if i == 10 {
				earlier = w.st.Clone()
				then = mustJSON(t, earlier)
			}
			body := drawBody(t)
			if err := body.(interface{ Check() error }).Check(); err != nil {
				t.Fatal(err)
			}
			_, _ = w.act(rapid.SampledFrom([]party.ID{northern, eastern, harbour}).Draw(t, "by"), body)
			w.now += rapid.Int64Range(0, hour).Draw(t, "wait")
		}
		now := mustJSON(t, w.st)
		if earlier != nil && string(mustJSON(t, earlier)) != string(then) {
			t.Fatal("a clone changed with the state that it was made of")
		}
		replayed := New()
		for i, text := range w.events {
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
				t.Fatalf("%s: %v, %v", text, ok, err)
			}
			if _, own := ev.(Event); !own {
				t.Fatalf("%s is no event of this package", kind)
			}
			replayed.Apply(ev, w.at[i])
		}
		if got := mustJSON(t, replayed); string(got) != string(now) {
			t.Fatalf("replay leads to %s, want %s", got, now)
		}
		restored := New()
		if err := json.Unmarshal(now, restored); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(restored, replayed) {
			t.Fatalf("the snapshot leads to %s, want %s", mustJSON(t, restored), now)
		}
	})
}

func mustJSON(t *rapid.T, st *State) []byte {
	text, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A party never sees a group that no row opened for it, whatever the rows are.
func TestFieldsNeedARow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		body := drawSet(t)
		if _, err := w.act(northern, body); err != nil {
			t.Fatal(err)
		}
		to := rapid.SampledFrom([]party.ID{eastern, harbour, "other.example"}).Draw(t, "to")
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		state := rapid.SampledFrom(states).Draw(t, "state")
		agreements := rapid.SliceOfN(rapid.SampledFrom([]string{"m1", "m2"}), 0, 1).Draw(t, "agreements")
		shown := w.st.Fields(northern, to, kind, state, agreements...)
		for _, g := range groups {
			opened, closed := 0, 0
			for _, r := range body.Rows {
				about := r.To.Party == to || r.To.Kind == kind || len(agreements) > 0 && r.To.Agreement == agreements[0]
				if about && slices.Contains(r.Groups, g) && slices.Contains(r.States, state) {
					if r.Shown {
						opened++
					} else {
						closed++
					}
				}
			}
			if want := opened > 0 && closed == 0; slices.Contains(shown, g) != want {
				t.Fatalf("%s to %s (%s, %v) in %s: found shown %v, want %v by %+v", g, to, kind, agreements, state, shown, want, body.Rows)
			}
		}
	})
}
