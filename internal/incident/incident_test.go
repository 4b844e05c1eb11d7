package incident

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

const (
	nc = party.ID("northern-compact")
	el = party.ID("eastern-league")
	hr = party.ID("harbour-relief")
	sm = party.ID("sandmere")
)

func at(clock string) statement.Instant {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-03-04 "+clock)
	if err != nil {
		panic(err)
	}
	return statement.Instant(t.UnixNano())
}

func leaf(index int64) string {
	h := sha256.Sum256(fmt.Append(nil, "leaf ", index))
	return hex.EncodeToString(h[:])
}

type bench struct {
	t    testing.TB
	st   *State
	now  statement.Instant
	acts int
	all  []event.Event
	ats  []event.At
}

func newBench(t testing.TB) *bench { return &bench{t: t, st: New(), now: at("09:29:53")} }

// view is of a journal in which each party sees all but every tenth entry.
func (b *bench) view() View {
	return View{
		Known: func(id party.ID) bool { return slices.Contains([]party.ID{nc, el, hr, sm}, id) },
		Entry: func(index int64, _ party.ID) (string, bool) { return leaf(index), index < 1000 && index%10 != 0 },
		Rules: func(x, y party.ID) *terms.Rules {
			r := terms.Default(terms.Pair(x, y))
			if x == hr || y == hr {
				r.Breach.ReplyNS = int64(24 * time.Hour)
			}
			return r
		},
	}
}

func (b *bench) env() event.Env {
	b.acts++
	e := event.Env{NowNS: int64(b.now)}
	copy(e.Random[:], fmt.Sprint(b.acts))
	return e
}

func (b *bench) apply(events []event.Event) {
	for _, ev := range events {
		at := event.At{NS: int64(b.now), Index: int64(len(b.all))}
		b.all, b.ats = append(b.all, ev), append(b.ats, at)
		b.st.Apply(ev, at)
	}
}

func (b *bench) try(by party.ID, body interface{ Check() error }) ([]event.Event, error) {
	if err := body.Check(); err != nil {
		return nil, err
	}
	a := &party.Act{Statement: party.Statement{Party: by, ID: fmt.Sprint(b.acts)}, Content: body}
	events, err := b.st.Decide(a, registry.Authority{Party: by, Level: party.Duty}, b.view(), b.env())
	if err == nil {
		b.apply(events)
	}
	return events, err
}

func (b *bench) do(by party.ID, body interface{ Check() error }) event.Event {
	b.t.Helper()
	events, err := b.try(by, body)
	if err != nil || len(events) != 1 {
		b.t.Fatalf("%s: %T: %d events, %v", by, body, len(events), err)
	}
	return events[0]
}

func (b *bench) refused(kind event.RefusalKind, by party.ID, body interface{ Check() error }) {
	b.t.Helper()
	_, err := b.try(by, body)
	var r *event.Refusal
	if !errors.As(err, &r) || r.Kind != kind {
		b.t.Fatalf("%s: %T: found %v, expected a refusal of kind %s", by, body, err, kind)
	}
}

func (b *bench) until(to statement.Instant) []event.Event {
	var out []event.Event
	for {
		ns, ok := b.st.Deadline()
		if !ok || ns > int64(to) {
			b.now = max(b.now, to)
			return out
		}
		b.now = max(b.now, statement.Instant(ns))
		events := b.st.Due(b.view(), b.env())
		if len(events) == 0 || len(events) > maxDue {
			b.t.Fatalf("%d events due", len(events))
		}
		b.apply(events)
		out = append(out, events...)
	}
}

// separation is the loss of separation of the scenario: 0.45 NM and 1,100 ft.
func separation(horizontalMM, verticalMM int64) Trigger {
	return Trigger{
		Key: "separation N-204 E-88", Kind: Separation, Parties: []party.ID{nc, el}, At: at("09:29:53"),
		Place: &declared.Point{LatE9: 12_050_000_000, LngE9: -29_900_000_000}, Altitude: &declared.Altitude{MM: 4_815_840, Reference: "AMSL"},
		Subjects: []string{"N204A", "E-88B"}, HorizontalMM: &horizontalMM, VerticalMM: &verticalMM,
		Rules:    []Judged{{Source: terms.Source{Agreement: "M1", Version: 3, Clause: "4"}, Verdict: "breached"}},
		Evidence: []Evidence{{31, leaf(31)}, {17, leaf(17)}, {31, leaf(31)}},
	}
}

func (b *bench) open(t Trigger) string {
	b.t.Helper()
	events := b.st.Open(t, b.view(), b.env())
	if len(events) != 1 {
		b.t.Fatalf("%d events, expected one incident", len(events))
	}
	b.apply(events)
	return events[0].(*Opened).Incident
}

func TestE2OpensItself(t *testing.T) {
	b := newBench(t)
	// Toy: an incident is a text that somebody writes, or does not.
	if toy := len(b.all); toy != 0 {
		t.Fatal("the toy must have nothing, as nobody has written")
	}
	id := b.open(separation(833_400, 335_280))
	in := b.st.Incident(id)
	if in.Category != "separation" {
		t.Errorf("category %s, expected separation: 0.45 NM and 1,100 ft is not within 500 ft", in.Category)
	}
	if diff := cmp.Diff([]Evidence{{17, leaf(17)}, {31, leaf(31)}}, in.Frozen); diff != "" {
		t.Errorf("frozen: %s", diff)
	}
	if in.Opening.ReplyBy != b.now+statement.Instant(48*time.Hour) {
		t.Errorf("reply by %v", in.Opening.ReplyBy)
	}
	// One cause has one incident, and what it froze stays.
	again := separation(100_000, 0)
	again.Evidence = []Evidence{{99, leaf(99)}}
	if events := b.st.Open(again, b.view(), b.env()); len(events) != 0 {
		t.Error("the same cause opened another incident")
	}
	for to, want := range map[party.ID]bool{nc: true, el: true, sm: false, hr: false, "": false} {
		if got := b.all[0].Release(to) != nil; got != want {
			t.Errorf("released to %q: %v", to, got)
		}
		if _, err := b.st.Show(id, to); (err == nil) != want {
			t.Errorf("shown to %q: %v", to, err)
		}
	}
}

func TestE2NearMidair(t *testing.T) {
	for _, c := range []struct {
		h, v int64
		want Category
	}{
		{833_400, 335_280, "separation"},
		{152_399, 0, NearMidair},
		{152_400, 0, "separation"},
		{0, 152_399, NearMidair},
		{107_763, 107_763, NearMidair},   // 152,400 / √2, rounded down
		{107_764, 107_764, "separation"}, // each below 500 ft, the distance not
		{maxReachMM, maxReachMM, "separation"},
	} {
		if got := categoryOf(Separation, &c.h, &c.v, false); got != c.want {
			t.Errorf("%d mm and %d mm: %s, expected %s", c.h, c.v, got, c.want)
		}
		if got := categoryOf(Separation, &c.h, &c.v, true); got != NearMidair {
			t.Errorf("%d mm and %d mm, and a crew says so: %s", c.h, c.v, got)
		}
	}
	if got := categoryOf(Separation, nil, nil, false); got != "separation" {
		t.Errorf("unknown distances: %s", got)
	}

	b := newBench(t)
	id := b.open(separation(833_400, 335_280))
	b.do(nc, &Account{Incident: id, Text: "saw the other late", CollisionHazard: true})
	b.do(el, &Account{Incident: id, Text: "saw the other in time"})
	if got := b.st.Incident(id).Category; got != NearMidair {
		t.Errorf("a crew says so, but the category is %s", got)
	}
	b.do(nc, &Account{Incident: id, Text: "on reflection there was room"})
	if got := b.st.Incident(id).Category; got != "separation" {
		t.Errorf("no crew says so any more, but the category is %s", got)
	}
}

func TestE1Accounts(t *testing.T) {
	b := newBench(t)
	id := b.open(separation(833_400, 335_280))
	b.do(nc, &Account{Incident: id, Text: "we called at 09:18:00", Evidence: []int64{41}})
	b.do(el, &Account{Incident: id, Text: "nobody called before 09:19:20"})
	// Toy: one text of the incident, which whoever writes last has.
	toy := ""
	for _, told := range b.st.Incident(id).Accounts {
		toy = told.Account.Text
	}
	if strings.Contains(toy, "09:18:00") {
		t.Fatal("the toy must have lost the first account")
	}
	before := *b.st.Incident(id).account(nc)
	b.do(el, &Account{Incident: id, Text: "the first call reached us at 09:18:30"})
	in := b.st.Incident(id)
	if diff := cmp.Diff(before, *in.account(nc)); diff != "" {
		t.Errorf("the league's account changed the compact's: %s", diff)
	}
	if e := in.account(el); e.Version != 2 || len(e.Earlier) != 1 {
		t.Errorf("the earlier version is forgotten: %+v", e)
	}
	if !slices.Contains(in.Frozen, Evidence{41, leaf(41)}) || len(in.Frozen) != 3 {
		t.Errorf("frozen: %v", in.Frozen)
	}
	b.refused(event.NotFound, sm, &Account{Incident: id, Text: "we saw it too"})
	b.refused(event.NotFound, nc, &Account{Incident: id, Text: "more", Evidence: []int64{40}}) // not theirs to see
}

func TestE2JointSheet(t *testing.T) {
	b := newBench(t)
	trigger := separation(833_400, 335_280)
	trigger.Parties = []party.ID{nc, el, hr}
	id := b.open(trigger)
	b.do(nc, &Propose{Incident: id, Kind: Fact, Text: "positions as in the tracks", Evidence: []int64{51}})
	b.do(nc, &Propose{Incident: id, Kind: Fact, Text: "the first call was at 09:18:00"})
	b.do(el, &Reply{Incident: id, Number: 1, Stance: Agrees})
	// Toy: two of three are a majority.
	toy := func(it Item) bool { return 2*len(it.Stances) > 3 }
	if !toy(b.st.Incident(id).Sheet[0]) {
		t.Fatal("the toy must hold the point to be agreed")
	}
	if got := b.st.Incident(id).Status(1); got != Open {
		t.Errorf("a party is silent, but the point is %s", got)
	}
	b.do(hr, &Reply{Incident: id, Number: 1, Stance: Agrees})
	b.do(el, &Reply{Incident: id, Number: 2, Stance: Disputes, Reason: "the record shows attempts at 09:18:00 and 09:18:30"})
	s, err := b.st.Show(id, el)
	if err != nil || !slices.Equal(s.AgreedPoints, []int64{1}) || !slices.Equal(s.DisputedPoints, []int64{2}) {
		t.Errorf("sheet: agreed %v, disputed %v, %v", s.AgreedPoints, s.DisputedPoints, err)
	}
	b.do(el, &Reply{Incident: id, Number: 2, Stance: Agrees})
	if e := b.do(hr, &Reply{Incident: id, Number: 2, Stance: Agrees}).(*Answered); e.Status != Agreed {
		t.Errorf("all agree, but the point is %s", e.Status)
	}
	b.refused(event.NotFound, el, &Reply{Incident: id, Number: 3, Stance: Agrees})
	if (&Reply{Incident: id, Number: 1, Stance: Disputes}).Check() == nil {
		t.Error("a dispute without a reason")
	}
}

func TestE2TimersAndClosing(t *testing.T) {
	b := newBench(t)
	id := b.open(separation(833_400, 335_280))
	opened := b.now
	b.do(nc, &Account{Incident: id, Text: "ours"})
	b.do(nc, &Undertake{Incident: id, Text: "brief crews on the line", Due: opened + statement.Instant(50*time.Hour)})
	b.refused(event.NotFound, el, &Undertake{Incident: id, Number: 1, Text: "done for them"})
	b.refused(event.Incomplete, nc, &Close{Incident: id})
	late := b.until(opened + statement.Instant(72*time.Hour))
	want := []*Overdue{
		{Head: Head{Incident: id, Parties: []party.ID{el, nc}}, What: lateAccount, Missing: []party.ID{el}, Due: opened + statement.Instant(48*time.Hour)},
		{Head: Head{Incident: id, Parties: []party.ID{el, nc}}, What: lateAction, Number: 1, Missing: []party.ID{nc}, Due: opened + statement.Instant(50*time.Hour)},
	}
	if diff := cmp.Diff([]event.Event{want[0], want[1]}, late); diff != "" {
		t.Errorf("late: %s", diff)
	}
	b.do(nc, &Undertake{Incident: id, Number: 1, Text: "briefed"})
	b.do(nc, &Close{Incident: id, Publish: true})
	b.do(el, &Account{Incident: id, Text: "theirs"})
	b.do(el, &Propose{Incident: id, Kind: Recommendation, Text: "a common frequency for both"})
	if b.st.Incident(id).closedBy(nc) {
		t.Error("a new point leaves a closing standing")
	}
	b.do(nc, &Reply{Incident: id, Number: 1, Stance: Agrees})
	b.do(nc, &Close{Incident: id, Publish: true})
	e := b.do(el, &Close{Incident: id}).(*Closed)
	if !e.Final || e.Published || !b.st.Incident(id).Over {
		t.Errorf("closed: %+v, expected final and not published, as one did not consent", e)
	}
	b.refused(event.NotNow, nc, &Account{Incident: id, Text: "more"})
	if _, ok := b.st.Deadline(); ok {
		t.Error("a closed incident has something due")
	}
	if events := b.st.Open(separation(833_400, 335_280), b.view(), b.env()); len(events) != 0 {
		t.Error("a closed cause was opened again")
	}
	// The same two may lose separation again.
	next := separation(100_000, 100_000)
	next.At = opened + statement.Instant(96*time.Hour)
	if second := b.open(next); second == id {
		t.Error("a new cause was put into a closed incident")
	}
}

func TestE2Reports(t *testing.T) {
	b := newBench(t)
	b.now = at("11:30:00")
	heading := int64(225)
	opened := b.do(hr, &Report{
		Kind: Sighted, At: at("11:29:00"), Parties: []party.ID{nc}, Text: "small aircraft, not one of ours",
		Sighting: &Sighting{Look: "four rotors", Colour: "grey", SizeMM: 1000, HeadingDeg: &heading}, Confidential: true, Evidence: []int64{3},
	}).(*Opened)
	if m := opened.Release(nc); slices.Contains(m, "by") || slices.Contains(m, "key") || slices.Contains(m, "confidential") || !slices.Contains(m, "sighting") {
		t.Errorf("released to another: %v", m)
	}
	if !slices.Equal(opened.Release(hr), event.Whole) {
		t.Error("the reporter does not see its own report")
	}
	for to, want := range map[party.ID]party.ID{hr: hr, nc: ""} {
		if s, err := b.st.Show(opened.Incident, to); err != nil || s.Opening.By != want {
			t.Errorf("shown to %s: by %q, %v", to, s.Opening.By, err)
		}
	}
	if opened.ReplyBy != b.now+statement.Instant(24*time.Hour) {
		t.Errorf("reply by %v, expected the shortest time agreed", opened.ReplyBy)
	}
	crew := b.do(nc, &Report{Kind: Crew, At: at("11:00:00"), Parties: []party.ID{el}, Text: "passed close ahead", CollisionHazard: true}).(*Opened)
	if crew.Category != NearMidair {
		t.Errorf("a crew's report is of category %s", crew.Category)
	}
	b.do(el, &Account{Incident: crew.Incident, Text: "there was room"})
	if got := b.st.Incident(crew.Incident).Category; got != NearMidair {
		t.Errorf("the other side's account took back what a crew said: %s", got)
	}
	b.refused(event.Invalid, nc, &Report{Kind: Crew, At: at("12:00:00"), Text: "to come"})
	b.refused(event.NotFound, nc, &Report{Kind: Crew, At: at("11:00:00"), Text: "x", Parties: []party.ID{"nobody"}})
	for name, body := range map[string]*Report{
		"computed kinds":       {Kind: Separation, Text: "x"},
		"a sighting of naught": {Kind: Sighted, Text: "x"},
		"no words":             {Kind: Crew},
	} {
		if body.Check() == nil {
			t.Errorf("%s passed", name)
		}
	}
}

// No form has a place for blame or motive.
func TestE2NoBlame(t *testing.T) {
	words := []string{"blame", "fault", "guilt", "motive", "intention", "deliberate", "culp", "liab", "responsib", "violat"}
	seen := map[reflect.Type]bool{}
	var visit func(reflect.Type)
	visit = func(rt reflect.Type) {
		for rt.Kind() == reflect.Pointer || rt.Kind() == reflect.Slice {
			rt = rt.Elem()
		}
		if rt.Kind() != reflect.Struct || seen[rt] {
			return
		}
		seen[rt] = true
		for i := range rt.NumField() {
			f := rt.Field(i)
			for _, w := range words {
				if strings.Contains(strings.ToLower(f.Name), w) || strings.Contains(f.Tag.Get("json"), w) {
					t.Errorf("%s has the field %s", rt, f.Name)
				}
			}
			visit(f.Type)
		}
	}
	for _, kind := range Acts {
		visit(reflect.TypeOf(kind.New()))
	}
	for _, make := range Events {
		visit(reflect.TypeOf(make()))
	}
	visit(reflect.TypeOf(Incident{}))
	if len(seen) < 15 {
		t.Errorf("looked at %d forms only", len(seen))
	}
}

// What the journal holds makes the same state again; a copy stays as it was;
// nobody but its party changes an account, and evidence only grows.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		var ids []string
		for range rapid.IntRange(1, 40).Draw(rt, "acts") {
			copied := b.st.Clone()
			before := marshal(rt, copied)
			by := rapid.SampledFrom([]party.ID{nc, el, hr}).Draw(rt, "by")
			if what := rapid.IntRange(0, 9).Draw(rt, "what"); what == 0 || len(ids) == 0 {
				trigger := separation(rapid.Int64Range(0, 300_000).Draw(rt, "h"), rapid.Int64Range(0, 300_000).Draw(rt, "v"))
				trigger.Key = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "key")
				trigger.At = b.now
				b.apply(b.st.Open(trigger, b.view(), b.env()))
			} else if what == 1 {
				b.until(b.now + statement.Instant(rapid.Int64Range(0, int64(60*time.Hour)).Draw(rt, "wait")))
			} else {
				_, _ = b.try(by, drawAct(rt, rapid.SampledFrom(ids).Draw(rt, "incident"), b.now))
			}
			for id, in := range b.st.incidents {
				old := copied.incidents[id]
				if old == nil {
					ids = append(ids, id)
					continue
				}
				for i := range old.Accounts {
					if p := old.Accounts[i].Party; p != by && !cmp.Equal(old.Accounts[i], *in.account(p)) {
						rt.Fatalf("%s changed the account of %s", by, p)
					}
				}
				for _, e := range old.Frozen {
					if !slices.Contains(in.Frozen, e) {
						rt.Fatalf("the entry %d was thawed", e.Index)
					}
				}
			}
			slices.Sort(ids)
			if !bytes.Equal(before, marshal(rt, copied)) {
				rt.Fatal("an act changed a copy")
			}
		}
		replayed := New()
		for i, ev := range b.all {
			replayed.Apply(reread(rt, ev, b.ats[i].NS), b.ats[i])
		}
		want := marshal(rt, b.st)
		if got := marshal(rt, replayed); !bytes.Equal(got, want) {
			rt.Fatalf("replayed:\n%s\nexpected:\n%s", got, want)
		}
		restored := New()
		if err := json.Unmarshal(want, restored); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(b.st, restored, cmp.AllowUnexported(State{}), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("restored: %s", diff)
		}
	})
}

func drawAct(rt *rapid.T, id string, now statement.Instant) interface{ Check() error } {
	number := rapid.Int64Range(1, 3).Draw(rt, "number")
	entries := rapid.SliceOfNDistinct(rapid.Int64Range(1, 60), 0, 3, rapid.ID).Draw(rt, "evidence")
	slices.Sort(entries)
	switch rapid.IntRange(0, 5).Draw(rt, "act") {
	case 0:
		return &Account{Incident: id, Text: "account", CollisionHazard: rapid.Bool().Draw(rt, "hazard"), Evidence: entries}
	case 1:
		return &Propose{Incident: id, Kind: Fact, Text: "fact", Evidence: entries}
	case 2:
		return &Reply{Incident: id, Number: number, Stance: rapid.SampledFrom([]Stance{Agrees, Disputes}).Draw(rt, "stance"), Reason: "so"}
	case 3:
		return &Undertake{Incident: id, Text: "action", Due: now + statement.Instant(time.Hour)}
	case 4:
		return &Undertake{Incident: id, Text: "done", Number: number}
	}
	return &Close{Incident: id, Publish: rapid.Bool().Draw(rt, "publish")}
}

func marshal(t interface{ Fatal(...any) }, st *State) []byte {
	text, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// reread returns an event as it comes back from the journal.
func reread(t interface{ Fatal(...any) }, ev event.Event, ns int64) event.Event {
	members, err := statement.Fields(event.Encode(nil, ev, ns))
	if err != nil {
		t.Fatal(err)
	}
	out, ok, err := Events.Decode(ev.Type(), 1, members)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return out
}

// No body, however made, gets past its check and then breaks a decision or an
// event's form.
func FuzzBodies(f *testing.F) {
	f.Add("incident.report", []byte(`{"at":"2026-03-04T09:00:00Z","kind":"crew","text":"close"}`))
	f.Add("incident.account", []byte(`{"incident":"x","text":"ours","horizontal_mm":3,"evidence":[1,2]}`))
	f.Add("incident.fact", []byte(`{"incident":"x","kind":"fact","text":"so"}`))
	f.Add("incident.answer", []byte(`{"incident":"x","number":1,"stance":"agrees"}`))
	f.Add("incident.action", []byte(`{"due":"2026-03-09T09:00:00Z","incident":"x","text":"do"}`))
	f.Add("incident.close", []byte(`{"incident":"x"}`))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		kind, ok := Acts[name]
		if !ok || len(text) > 64<<10 {
			return
		}
		b := newBench(t)
		id := b.open(separation(833_400, 335_280))
		text, err := statement.Canonical(bytes.ReplaceAll(text, []byte(`"incident":"x"`), []byte(`"incident":"`+id+`"`)))
		if err != nil {
			return
		}
		body := kind.New()
		if statement.Unmarshal(text, body) != nil {
			return
		}
		events, err := b.try(nc, body.(interface{ Check() error }))
		if err == nil && len(events) == 0 {
			t.Error("an act without events and without refusal")
		}
		for _, ev := range events {
			reread(t, ev, int64(b.now))
		}
	})
}
