package notice

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// Parties of the tests. Harbour Relief gives notice; the others are told.
const (
	hr = party.ID("harbour-relief")
	nc = party.ID("northern-compact")
	el = party.ID("eastern-league")
	sm = party.ID("sandmere")
)

// at returns an instant of the day of the scenario.
func at(clock string) statement.Instant {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-03-04 "+clock)
	if err != nil {
		panic(err)
	}
	return statement.Instant(t.UnixNano())
}

// bench runs acts against a state as the node would.
type bench struct {
	t     testing.TB
	st    *State
	now   statement.Instant
	acts  int
	sites terms.Sites
	log   []entry
}

type entry struct {
	ev event.Event
	at event.At
}

func newBench(t testing.TB) *bench {
	return &bench{t: t, st: New(), now: at("05:00:00"), sites: terms.Sites{
		RadiusMM: 2 * 1_852_000, Ceiling: &declared.Altitude{MM: 1_524_000, Reference: "AMSL"},
		ReadNS: int64(30 * time.Minute), LoadedNS: int64(2*time.Hour + 38*time.Minute),
		MoveNS: int64(48 * time.Hour), UrgentNS: int64(24 * time.Hour),
	}}
}

func (b *bench) view() View {
	return View{
		Known: func(id party.ID) bool { return slices.Contains([]party.ID{hr, nc, el, sm}, id) },
		Sites: func(_, _ party.ID) terms.Sites { return b.sites },
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
		at := event.At{NS: int64(b.now), Index: int64(len(b.log))}
		b.log = append(b.log, entry{ev, at})
		b.st.Apply(ev, at)
	}
}

// try decides an act of a person on watch and applies what comes of it.
func (b *bench) try(by party.ID, body any) ([]event.Event, error) {
	return b.tryAs(registry.Authority{Party: by, Role: "watch", Level: party.Watch, Custody: party.ByNode}, body)
}

func (b *bench) tryAs(as registry.Authority, body any) ([]event.Event, error) {
	if c, ok := body.(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return nil, err
		}
	}
	events, err := b.st.Decide(&party.Act{Statement: party.Statement{Party: as.Party}, Content: body}, as, b.view(), b.env())
	if err == nil {
		b.apply(events)
	}
	return events, err
}

// do is try of an act that must succeed.
func (b *bench) do(by party.ID, body any) []event.Event {
	b.t.Helper()
	events, err := b.try(by, body)
	if err != nil {
		b.t.Fatalf("%s: %T: %v", by, body, err)
	}
	return events
}

// refused is try of an act that must be refused in a way.
func (b *bench) refused(kind event.RefusalKind, by party.ID, body any) {
	b.t.Helper()
	_, err := b.try(by, body)
	var r *event.Refusal
	if !errors.As(err, &r) || r.Kind != kind {
		b.t.Fatalf("%s: %T: found %v, expected a refusal of kind %s", by, body, err, kind)
	}
}

// until lets time pass and everything due on the way happen at its instant.
func (b *bench) until(to statement.Instant) []event.Event {
	var all []event.Event
	for {
		ns, ok := b.st.Deadline()
		if !ok || ns > int64(to) {
			b.now = max(b.now, to)
			return all
		}
		b.now = max(b.now, statement.Instant(ns))
		events := b.st.Due(b.view(), b.env())
		if len(events) == 0 || len(events) > maxDue {
			b.t.Fatalf("%d events due at %v, expected 1 to %d", len(events), b.now, maxDue)
		}
		b.apply(events)
		all = append(all, events...)
	}
}

func of[T any](events []event.Event) []T {
	var out []T
	for _, ev := range events {
		if e, ok := ev.(T); ok {
			out = append(out, e)
		}
	}
	return out
}

func deg(lat, lng float64) declared.Point {
	return declared.Point{LatE9: int64(lat*1e6+0.5*sign(lat)) * 1000, LngE9: int64(lng*1e6+0.5*sign(lng)) * 1000}
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}

// hospital is site S-1, "5 NM from Weir Strip".
func hospital(point declared.Point, sources ...Source) Content {
	return Content{
		Name: "S-1", Kind: Static, Function: "health", Persons: "101-1000",
		Point: &point, ErrorMM: 30_000, Sources: sources,
		Footprint: &declared.Footprint{Circle: &declared.Circle{Centre: point, RadiusMM: 120_000}},
		Place:     &Place{Name: "Weir Strip", Point: deg(12.40, -30.00), DistanceMM: 5 * 1_852_000},
		Contact:   Contact{Address: "+999 5550", StopCall: "HARBOUR STOP"},
		ValidFrom: at("05:00:00"), ReviewBy: at("23:00:00"),
	}
}

func source(method string, p declared.Point, errorMM int64) Source {
	return Source{Method: method, At: at("04:00:00"), ErrorMM: errorMM, Datum: "WGS84", Point: p}
}

// flight is the movement H-17.
func flight() Content {
	point := func(lat, lng float64, clock string) declared.TimedPoint {
		p := deg(lat, lng)
		return declared.TimedPoint{LatE9: p.LatE9, LngE9: p.LngE9, Alt: declared.Altitude{MM: 2_743_200, Reference: "AMSL"}, At: at(clock)}
	}
	return Content{
		Name: "H-17", Kind: Movement, Function: "relief", Persons: "1-10",
		Contact:   Contact{Address: "+999 5551", StopCall: "HARBOUR STOP"},
		ValidFrom: at("09:00:00"), ValidTo: at("09:24:00"),
		Way: &Way{
			Means: "air", Craft: 1, Look: "white, twin turboprop", CallSigns: []string{"HARBOUR 17"},
			Routes: []declared.Trajectory{{
				Points:      []declared.TimedPoint{point(11.60, -29.40, "09:00:00"), point(12.40, -30.00, "09:24:00")},
				HalfWidthMM: 1_852_000, VErrorMM: 304_800,
			}},
		},
	}
}

// wrong and right are the position of S-1 as first typed and as corrected.
var wrong, right = deg(12.63, -29.93), deg(12.36, -29.93)

// told declares a good S-1 to the given recipients and returns its id.
func (b *bench) told(to ...party.ID) string {
	b.t.Helper()
	events := b.do(hr, &Declare{Content: hospital(right, source("gnss", right, 10_000), source("map", right, 50_000)), Consent: to})
	d := of[*Declared](events)[0]
	if d.HeldUntil != 0 {
		b.t.Fatalf("held back: %+v", d.Doubts)
	}
	return d.Notice
}

func TestX1WrongPosition(t *testing.T) {
	// Toy: a name and coordinates in range are a notice.
	toy := func(c Content) bool { _, err := c.Point.LatLng(); return c.Name != "" && err == nil }
	typed := hospital(wrong, source("gnss", wrong, 10_000))
	if !toy(typed) {
		t.Fatal("the toy refuses what it should let pass")
	}

	b := newBench(t)
	b.now = at("05:40:00")
	events := b.do(hr, &Declare{Content: typed, Consent: []party.ID{nc, el}})
	d := of[*Declared](events)[0]
	if len(events) != 1 || len(d.Recipients) != 0 || d.Release(nc) != nil || d.Release(sm) != nil {
		t.Fatalf("a doubtful notice went out: %+v", d)
	}
	kinds := map[string]Doubt{}
	for _, doubt := range d.Doubts {
		kinds[doubt.Kind] = doubt
	}
	far := kinds[PlaceDistance]
	if len(far.Suspects) == 0 || far.Suspects[0].Point != right || !strings.Contains(far.Suspects[0].Slip, "digits of the latitude swapped") {
		t.Fatalf("suspects %+v, expected 12.36 N by swapped digits", far.Suspects)
	}
	if got := far.Suspects[0].FarMM; got/18520 != 1612 { // 16.12 NM
		t.Errorf("it lies %s from what was typed, expected 16.1 NM", nm(got))
	}
	if got := distanceMM(right, typed.Place.Point); nm(got) != "4.75 NM" {
		t.Errorf("the suspect lies %s from the strip, expected 4.75 NM", nm(got))
	}
	if _, ok := kinds[SourceTooFew]; !ok {
		t.Error("one source without a reason passed")
	}

	b.now = at("05:52:00")
	events = b.do(hr, &Correct{Notice: d.Notice, Version: 1, Content: hospital(right, source("gnss", right, 10_000), source("imagery", right, 40_000))})
	v2 := of[*Declared](events)[0]
	if v2.Version != 2 || !slices.Equal(v2.Recipients, []party.ID{el, nc}) || len(v2.Doubts) != 0 {
		t.Fatalf("corrected: %+v", v2)
	}
	for to, want := range map[party.ID]bool{nc: true, el: true, sm: false, hr: true} {
		if got := v2.Release(to) != nil; got != want {
			t.Errorf("v2 released to %s: %v, expected %v", to, got, want)
		}
	}
	if len(of[*Sent](events)) != 2 {
		t.Errorf("%d terms sent, expected 2", len(of[*Sent](events)))
	}
}

func TestX1Doubts(t *testing.T) {
	off := deg(12.37, -29.93) // 0.6 NM north
	two := []Source{source("gnss", right, 10_000), source("map", right, 50_000)}
	for name, c := range map[string]struct {
		change func(*Content)
		want   []string
	}{
		"nothing":                     {func(*Content) {}, nil},
		"one source, with a reason":   {func(c *Content) { c.Sources, c.SingleSource = two[:1], "no map of the area" }, nil},
		"twice the same instrument":   {func(c *Content) { c.Sources = []Source{two[0], two[0]} }, []string{SourceTooFew}},
		"sources apart":               {func(c *Content) { c.Sources[1] = source("map", off, 50_000) }, []string{SourceDisagrees, SourcesDisagree}},
		"sources apart within errors": {func(c *Content) { c.Sources[1] = source("map", off, 1_200_000) }, nil},
		"bearing":                     {func(c *Content) { b := int64(300); c.Place.BearingDeg = &b }, []string{PlaceBearing}},
		"right bearing":               {func(c *Content) { b := int64(120); c.Place.BearingDeg = &b }, nil},
		"outside the footprint":       {func(c *Content) { c.Footprint.Circle.Centre = off }, []string{OutsideFootprint}},
	} {
		t.Run(name, func(t *testing.T) {
			content := hospital(right, slices.Clone(two)...)
			c.change(&content)
			if err := content.check(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range content.doubts() {
				got = append(got, d.Kind)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	fast := flight()
	fast.Way.Routes[0].Points[1].LatE9 = 21_400_000_000 // 12.40 with two digits swapped
	if d := fast.doubts(); len(d) != 1 || d[0].Kind != LegSpeed {
		t.Errorf("a leg at 800 m/s: %+v", d)
	}
}

// Every single slip that the query can name must be found again, wherever the
// site is, in each notation.
func TestX1Slips(t *testing.T) {
	place := Place{Name: "Weir Strip", DistanceMM: 9_260_000}
	for _, c := range []struct {
		typed, meant declared.Point
	}{
		{deg(12.63, -29.93), deg(12.36, -29.93)},
		{deg(12.36, -29.39), deg(12.36, -29.93)},
		{deg(-29.93, 12.36), deg(12.36, -29.93)},
		{deg(12.36, 29.93), deg(12.36, -29.93)},
		{deg(-12.36, -29.93), deg(12.36, -29.93)},
		{deg(0.5, -92.3), deg(5.0, -92.3)},
		{deg(12.30, -29.93), deg(12.03, -29.93)}, // a zero that was typed
		// 12°21.6' typed as 12°26.1'; 29°55'48" typed as 29°55'84" is no angle.
		{deg(12.435, -29.93), deg(12.36, -29.93)},
	} {
		place.Point = declared.Point{LatE9: c.meant.LatE9 + 83_000_000, LngE9: c.meant.LngE9} // 5 NM north
		content := Content{Point: &c.typed, Place: &place}
		d := content.placeDoubts()
		if len(d) == 0 {
			t.Errorf("%v: no doubt", c.typed)
			continue
		}
		if !slices.ContainsFunc(d[0].Suspects, func(s Suspect) bool { return s.Point == c.meant }) {
			t.Errorf("%v: suspects %+v, expected %v", c.typed, d[0].Suspects, c.meant)
		}
	}
}

func TestX1Refused(t *testing.T) {
	good := func() Content {
		return hospital(right, source("gnss", right, 10_000), source("map", right, 50_000))
	}
	for name, c := range map[string]struct {
		change func(*Content)
		want   string
	}{
		"datum":       {func(c *Content) { c.Sources[0].Datum = "ED50" }, "content.sources[0].datum"},
		"point only":  {func(c *Content) { c.Footprint = nil }, "content.footprint"},
		"tiny circle": {func(c *Content) { c.Footprint.Circle.RadiusMM = 1 }, "content.footprint"},
		"no review":   {func(c *Content) { c.ReviewBy = 0 }, "content.review_by"},
		"altitude":    {func(c *Content) { c.Roof = &declared.Altitude{MM: 1, Reference: "AGL"} }, "content.roof.reference"},
		"latitude":    {func(c *Content) { c.Point.LatE9 = 91e9 }, "content.point"},
		"function":    {func(c *Content) { c.Function = "depot" }, "content.function"},
		"no sources":  {func(c *Content) { c.Sources = nil }, "content.sources"},
	} {
		content := good()
		c.change(&content)
		if err := (&Declare{Content: content}).Check(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, expected an error about %s", name, err, c.want)
		}
	}
	var body Declare
	if err := statement.Unmarshal([]byte(`{"consent":[],"content":{"target":"x"}}`), &body); err == nil {
		t.Error("an unknown member was accepted")
	}
}

func TestX1CorrectionTellsHolders(t *testing.T) {
	b := newBench(t)
	id := b.told(nc, el)
	for _, s := range []*Step{{Step: GotIt}, {Step: Read}, {Step: Checked}, {Step: Passed, Cells: 6}, {Step: Loaded, Cells: 6}} {
		s.Notice, s.Version = id, 1
		b.do(nc, s)
	}
	b.do(el, &Step{Notice: id, Version: 1, Step: GotIt})

	moved := deg(12.361, -29.93)
	c := hospital(moved, source("gnss", moved, 10_000), source("map", moved, 50_000))
	events := b.do(hr, &Correct{Notice: id, Version: 1, Content: c})
	if len(of[*Sent](events)) != 2 {
		t.Fatal("a correction must go to every holder")
	}
	b.do(nc, &Step{Notice: id, Version: 2, Step: GotIt})
	// Toy: who received the new version does not have the old one any more.
	toy := func(r *Recipient) bool { return r.Has(GotIt) }
	n := b.st.Notice(id)
	if !toy(n.recipient(nc)) {
		t.Fatal("the toy must think that the compact is up to date")
	}
	want := []Holder{{el, 1, GotIt}, {nc, 1, Loaded}}
	if diff := cmp.Diff(want, n.OldHolders()); diff != "" {
		t.Errorf("holders of the old version: %s", diff)
	}
	b.do(el, &Step{Notice: id, Version: 2, Step: GotIt})
	for _, s := range []*Step{{Step: Read}, {Step: Checked}, {Step: Passed, Cells: 6}, {Step: Loaded, Cells: 5}} {
		s.Notice, s.Version = id, 2
		b.do(nc, s)
	}
	if diff := cmp.Diff([]Holder{{nc, 1, Loaded}}, b.st.Notice(id).OldHolders()); diff != "" {
		t.Errorf("with one cell still on the old version: %s", diff)
	}
	b.do(nc, &Step{Notice: id, Version: 2, Step: Loaded, Cells: 6})
	if got := b.st.Notice(id).OldHolders(); len(got) != 0 {
		t.Errorf("old version replaced everywhere, found holders %v", got)
	}
	b.refused(event.Stale, nc, &Step{Notice: id, Version: 1, Step: InForce})
}

// A doubtful correction takes nothing away from those who have a version, but
// tells them that it is in question.
func TestX1DoubtfulCorrection(t *testing.T) {
	b := newBench(t)
	id := b.told(nc)
	events := b.do(hr, &Correct{Notice: id, Version: 1, Content: hospital(wrong, source("gnss", wrong, 10_000), source("map", wrong, 50_000))})
	d := of[*Declared](events)[0]
	if members := d.Release(nc); members == nil || slices.Contains(members, "content") || !slices.Contains(members, "held_until") {
		t.Errorf("released to a holder: %v, expected that a version is held, without its content", members)
	}
	s, err := b.st.Show(id, nc)
	if err != nil || !s.InQuestion || *s.Content.Point != right || s.Version != 1 {
		t.Errorf("shown to a holder: %+v, %v", s, err)
	}
	b.do(hr, &End{Notice: id, Version: 2, Reason: "closed"})
	if s, _ := b.st.Show(id, nc); *s.Content.Point != right {
		t.Error("the end of a notice showed a version that was held back")
	}
}

// While a doubtful correction is held back, planning goes by what was told, and
// nobody is called late for a version that is in question.
func TestX1WhileInQuestion(t *testing.T) {
	b := newBench(t)
	b.now = at("06:00:00")
	id := b.told(nc)
	b.now = at("06:10:00")
	b.do(hr, &Correct{Notice: id, Version: 1, Content: hospital(wrong, source("gnss", wrong, 10_000), source("map", wrong, 50_000))})
	e, err := (&declared.Shape{Volumes: []declared.Volume{{
		Footprint: declared.Footprint{Circle: &declared.Circle{Centre: right, RadiusMM: 100_000}}, Start: at("09:00:00"), End: at("10:00:00"),
	}}}).Entity(declared.Label{ID: "N-303"})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.st.SitesNear(nc, e, b.sites); len(got) != 1 || !got[0].InQuestion || got[0].Version != 1 {
		t.Errorf("sites: %+v", got)
	}
	events := b.until(at("07:10:00"))
	if late := of[*Overdue](events); len(late) != 0 {
		t.Errorf("late for a version in question: %+v", late[0])
	}
	if got := b.st.SitesNear(nc, e, b.sites); len(of[*Distributed](events)) != 1 || len(got) != 0 {
		t.Errorf("after it went out: %+v", got)
	}
	b.do(hr, &Correct{Notice: id, Version: 2, Content: hospital(right, source("gnss", right, 10_000), source("map", right, 50_000))})
	b.do(hr, &Revoke{Notice: id, To: nc})
	if got := b.st.SitesNear(nc, e, b.sites); len(got) != 0 {
		t.Errorf("sites shown after the revocation: %+v", got)
	}
}

// Of several old versions the one that got furthest is what people go by.
func TestX1OldestInHand(t *testing.T) {
	b := newBench(t)
	id := b.told(nc)
	for _, s := range []*Step{{Step: GotIt}, {Step: Read}, {Step: Checked}, {Step: Passed, Cells: 6}, {Step: Loaded, Cells: 6}} {
		s.Notice, s.Version = id, 1
		b.do(nc, s)
	}
	for version := range int64(3) {
		c := hospital(right, source("gnss", right, 10_000), source("map", right, 50_000))
		c.Persons = persons[version]
		b.do(hr, &Correct{Notice: id, Version: version + 1, Content: c})
		b.do(nc, &Step{Notice: id, Version: version + 2, Step: GotIt})
	}
	if diff := cmp.Diff([]Holder{{nc, 1, Loaded}}, b.st.Notice(id).OldHolders()); diff != "" {
		t.Error(diff)
	}
}

func TestX1ReviewAndEnd(t *testing.T) {
	b := newBench(t)
	id := b.told(nc)
	due := of[*ReviewDue](b.until(at("23:30:00")))
	if len(due) != 1 || due[0].Due != at("23:00:00") || due[0].Release(hr) == nil || due[0].Release(nc) != nil {
		t.Fatalf("review: %+v", due)
	}
	ended := of[*Ended](b.do(hr, &End{Notice: id, Version: 1, Reason: "moved"}))[0]
	if ended.Release(nc) == nil || ended.Release(el) != nil {
		t.Error("the end goes to those who have the notice, and to nobody else")
	}
	if got := b.st.Notice(id).OldHolders(); len(got) != 1 || got[0].Party != nc {
		t.Errorf("holders of an ended notice: %v", got)
	}
	b.do(nc, &Step{Notice: id, Version: 1, Step: Dropped})
	if got := b.st.Notice(id).OldHolders(); len(got) != 0 {
		t.Errorf("dropped, but still held: %v", got)
	}
	b.refused(event.NotNow, hr, &End{Notice: id, Version: 1, Reason: "moved"})
	if _, ok := b.st.Deadline(); ok {
		t.Error("an ended notice has something due")
	}
}

func TestX2ReceiptChain(t *testing.T) {
	b := newBench(t)
	b.now = at("05:52:00")
	id := b.told(nc, el)
	n := func() *Notice { return b.st.Notice(id) }
	// Toy: delivered is disseminated.
	if toy := n().recipient(nc).SentAt != 0; !toy {
		t.Fatal("the toy must hold the notice to be with the crews")
	}
	step := func(by party.ID, l Link, cells int64) {
		t.Helper()
		b.do(by, &Step{Notice: id, Version: 1, Step: l, Cells: cells})
	}
	step(nc, GotIt, 0)
	step(el, GotIt, 0)
	b.refused(event.NotNow, nc, &Step{Notice: id, Version: 1, Step: Loaded, Cells: 6})
	if _, err := b.tryAs(registry.Authority{Party: nc, Custody: party.ByNode}, &Step{Notice: id, Version: 1, Step: Read}); err == nil {
		t.Error("a program without a role has read the notice")
	}
	b.now = at("06:00:00")
	step(el, Read, 0)
	step(el, Checked, 0)
	step(el, Passed, 2)
	step(el, Loaded, 2)
	step(nc, Read, 0)
	step(nc, Checked, 0)
	step(nc, Passed, 6)
	step(nc, Loaded, 5) // one cell is missing

	alarms := b.until(at("08:29:59"))
	if len(alarms) != 0 {
		t.Fatalf("alarms before the time: %+v", alarms)
	}
	alarms = b.until(at("08:41:00"))
	late := of[*Overdue](alarms)
	if len(alarms) != 1 || late[0].To != nc || late[0].Link != Loaded || late[0].Due != at("08:30:00") {
		t.Fatalf("alarms: %+v, expected one of %s at 08:30", alarms, nc)
	}
	if e := b.log[len(b.log)-1]; e.at.NS != int64(at("08:30:00")) {
		t.Errorf("the alarm came at %v", statement.Instant(e.at.NS))
	}
	for to, want := range map[party.ID]bool{hr: true, nc: true, el: false, sm: false} {
		if got := late[0].Release(to) != nil; got != want {
			t.Errorf("alarm released to %s: %v", to, got)
		}
	}
	step(nc, Loaded, 6)
	r := n().recipient(nc)
	if !r.Has(Loaded) || r.Steps[4].At != at("08:41:00") || r.Steps[4].Cells != 6 {
		t.Errorf("chain: %+v", r.Steps)
	}
	b.refused(event.NotNow, nc, &Step{Notice: id, Version: 1, Step: Loaded, Cells: 7})
	step(nc, InForce, 0)
	b.refused(event.NotFound, sm, &Step{Notice: id, Version: 1, Step: GotIt})
}

func TestX2NobodyReads(t *testing.T) {
	b := newBench(t)
	b.now = at("06:00:00")
	b.told(nc)
	late := of[*Overdue](b.until(at("12:00:00")))
	if len(late) != 2 || late[0].Link != Read || late[0].Due != at("06:30:00") || late[1].Link != Loaded || late[1].Due != at("08:38:00") {
		t.Errorf("alarms: %+v", late)
	}
}

func TestX2SitesNear(t *testing.T) {
	b := newBench(t)
	id := b.told(nc)
	intent := func(lat float64, lowerMM int64, from, to string) declared.Shape {
		return declared.Shape{Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: deg(lat, -29.93), RadiusMM: 1_852_000}},
			Lower:     &declared.Altitude{MM: lowerMM, Reference: "AMSL"}, Upper: &declared.Altitude{MM: lowerMM + 1_000_000, Reference: "AMSL"},
			Start: at(from), End: at(to),
		}}}
	}
	near := func(to party.ID, s declared.Shape) []Met {
		t.Helper()
		e, err := s.Entity(declared.Label{ID: "N-300", Party: string(to)})
		if err != nil {
			t.Fatal(err)
		}
		return b.st.SitesNear(to, e, b.sites)
	}
	over := intent(12.36, 300_000, "09:00:00", "10:00:00")
	// Toy: the notice was delivered, so the planner knows.
	if b.st.Notice(id).recipient(nc).SentAt == 0 {
		t.Fatal("the toy must hold the site to be known")
	}
	want := Met{Notice: id, Notifier: hr, Name: "S-1", Version: 1, Rule: true}
	if diff := cmp.Diff([]Met{want}, near(nc, over)); diff != "" {
		t.Error(diff)
	}
	b.do(nc, &Step{Notice: id, Version: 1, Step: GotIt})
	b.do(nc, &Step{Notice: id, Version: 1, Step: Read})
	want.Acknowledged = true
	if diff := cmp.Diff([]Met{want}, near(nc, over)); diff != "" {
		t.Error(diff)
	}
	for name, c := range map[string]struct {
		to   party.ID
		s    declared.Shape
		want int
	}{
		"another party's business":  {el, over, 0},
		"above 5,000 ft":            {nc, intent(12.36, 1_600_000, "09:00:00", "10:00:00"), 0},
		"at 5,000 ft less a metre":  {nc, intent(12.36, 1_523_000, "09:00:00", "10:00:00"), 1},
		"3 NM and its extent away":  {nc, intent(12.36+3.2/60, 300_000, "09:00:00", "10:00:00"), 0},
		"just within":               {nc, intent(12.36+3.0/60, 300_000, "09:00:00", "10:00:00"), 1},
		"before the notice applies": {nc, intent(12.36, 300_000, "04:00:00", "05:00:00"), 0},
	} {
		if got := near(c.to, c.s); len(got) != c.want {
			t.Errorf("%s: %+v, expected %d", name, got, c.want)
		}
	}
	b.do(hr, &End{Notice: id, Version: 1, Reason: "closed"})
	if got := near(nc, over); len(got) != 0 {
		t.Errorf("after the end: %+v", got)
	}
}

func TestX3NotAPermit(t *testing.T) {
	b := newBench(t)
	b.now = at("06:10:00")
	events := b.do(hr, &Declare{Content: flight(), Consent: []party.ID{nc, el}})
	d, sent := of[*Declared](events)[0], of[*Sent](events)
	if d.HeldUntil != 0 || len(sent) != 2 {
		t.Fatalf("not told at once: %+v", d)
	}
	if s := sent[0]; s.LeadS != (2*60+50)*60 || s.Lead != terms.Short || s.TargetS != 48*3600 {
		t.Errorf("lead %d s, %s, target %d s, expected 2 h 50, short, 48 h", s.LeadS, s.Lead, s.TargetS)
	}
	// Toy: a permit workflow, in which the mover waits for everybody's leave.
	toy := func(n *Notice) bool {
		for i := range n.Recipients {
			if n.Recipients[i].Answer != "approved" {
				return false
			}
		}
		return true
	}
	n := b.st.Notice(d.Notice)
	if toy(n) {
		t.Fatal("the toy must hold the movement")
	}
	if _, flies := n.Flight(); !flies {
		t.Error("without answers the movement does not count")
	}
	for _, word := range []Answer{"approved", "denied", "approve", "deny", "permit"} {
		if (&Reply{Notice: d.Notice, Version: 1, Answer: word, Reason: "x"}).Check() == nil {
			t.Errorf("the answer %q is possible", word)
		}
	}
	if (&Reply{Notice: d.Notice, Version: 1, Answer: CannotAvoid}).Check() == nil {
		t.Error("cannot_avoid without a reason")
	}
	urgent := newBench(t)
	urgent.now = at("08:50:00")
	if s := of[*Sent](urgent.do(hr, &Declare{Content: flight(), Consent: []party.ID{nc}}))[0]; s.ReadBy != at("09:00:00") || s.LoadedBy != at("09:00:00") {
		t.Errorf("read by %v, loaded by %v, expected before the start", s.ReadBy, s.LoadedBy)
	}
	b.do(el, &Reply{Notice: d.Notice, Version: 1, Answer: CannotAvoid, Reason: "tanker track is fixed until 09:30"})
	if _, flies := b.st.Notice(d.Notice).Flight(); !flies {
		t.Error("an answer held the movement")
	}
	risk := of[*Risk](b.until(at("09:00:00")))
	if len(risk) != 1 || !slices.Equal(risk[0].Unread, []party.ID{el, nc}) || !slices.Equal(risk[0].CannotAvoid, []party.ID{el}) {
		t.Fatalf("risk: %+v", risk)
	}
	if risk[0].Release(nc) != nil || risk[0].Release(hr) == nil {
		t.Error("who has not read is the mover's to know")
	}
	late := of[*Overdue](b.until(at("09:24:00")))
	if last := late[len(late)-1]; last.Link != arrived || last.Release(nc) == nil || last.Release(sm) != nil {
		t.Errorf("no word of arrival: %+v", last)
	}
	b.do(hr, &End{Notice: d.Notice, Version: 1, Reason: "arrived"})
}

// The legs of a notice are what conflicts are computed with: the golden conflict
// of H-17 and N-204 under 5 NM or 2,000 ft.
func TestX3FlightConflicts(t *testing.T) {
	b := newBench(t)
	b.now = at("06:10:00")
	id := of[*Declared](b.do(hr, &Declare{Content: flight(), Consent: []party.ID{nc}}))[0].Notice
	shape, _ := b.st.Notice(id).Flight()
	move, err := shape.Entity(declared.Label{ID: "H-17", Party: string(hr)})
	if err != nil {
		t.Fatal(err)
	}
	n204 := func(floorMM int64) *volume.Entity {
		e, err := (&declared.Shape{Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: deg(12.10, -29.70), RadiusMM: 12 * 1_852_000}},
			Lower:     &declared.Altitude{MM: floorMM, Reference: "AMSL"}, Upper: &declared.Altitude{MM: 4_876_800, Reference: "AMSL"},
			Start: at("08:45:00"), End: at("10:00:00"),
		}}}).Entity(declared.Label{ID: "N-204", Party: string(nc)})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	minima := conflict.Minima{LateralMM: 5 * 1_852_000, VerticalMM: 609_600}
	v, err := conflict.Judge(move, n204(2_743_200), minima)
	if err != nil {
		t.Fatal(err)
	}
	for what, d := range map[string]statement.Instant{
		"from": statement.Instant(v.FromNS) - at("09:06:49"), "to": statement.Instant(v.ToNS) - at("09:21:04"),
	} {
		if d < -1e9 || d > 1e9 {
			t.Errorf("%s is %v off the golden instant", what, time.Duration(d))
		}
	}
	if clash, err := conflict.Decide(move, n204(3_657_600), minima); err != nil || clash {
		t.Errorf("with a floor of 12,000 ft: %v, %v", clash, err)
	}
	b.do(hr, &End{Notice: id, Version: 1, Reason: "cancelled"})
	if _, flies := b.st.Notice(id).Flight(); flies {
		t.Error("a cancelled movement flies")
	}
}

// A convoy is protected along its road, while it is under way.
func TestX2Convoy(t *testing.T) {
	b := newBench(t)
	c := flight()
	c.Way.Means = "ground"
	c.Way.Routes[0].Points[1].At = at("12:00:00")
	c.Way.Routes[0].HalfWidthMM = 0
	c.ValidTo = at("12:00:00")
	c.Protect = &Protect{RadiusMM: 5 * 1_852_000}
	id := of[*Declared](b.do(hr, &Declare{Content: c, Consent: []party.ID{nc}}))[0].Notice
	if _, flies := b.st.Notice(id).Flight(); flies {
		t.Error("a convoy flies")
	}
	for name, q := range map[string]struct {
		lat, lng float64
		from, to string
		want     []Met
	}{
		"over the road":    {12.00, -29.70, "10:00:00", "10:10:00", []Met{{Notice: id, Notifier: hr, Name: "H-17", Version: 1, Rule: true}}},
		"4 NM beside it":   {12.04, -29.65, "10:00:00", "10:10:00", []Met{{Notice: id, Notifier: hr, Name: "H-17", Version: 1}}},
		"after it passed":  {12.00, -29.70, "12:00:00", "13:00:00", nil},
		"nowhere near":     {20.00, -29.70, "10:00:00", "10:10:00", nil},
		"before it starts": {12.00, -29.70, "08:00:00", "09:00:00", nil},
	} {
		e, err := (&declared.Shape{Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: deg(q.lat, q.lng), RadiusMM: 100_000}},
			Lower:     &declared.Altitude{MM: 600_000, Reference: "AMSL"}, Upper: &declared.Altitude{MM: 900_000, Reference: "AMSL"},
			Start: at(q.from), End: at(q.to),
		}}}).Entity(declared.Label{ID: "N-301"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(q.want, b.st.SitesNear(nc, e, b.sites)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// The quick test by boxes never loses a site that the exact test finds.
func TestX2SitesNearAgreesWithExact(t *testing.T) {
	b := newBench(t)
	for range 5 {
		b.told(nc)
	}
	rapid.Check(t, func(rt *rapid.T) {
		shape := declared.Shape{Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{
				Centre:   declared.Point{LatE9: rapid.Int64Range(12_200_000_000, 12_500_000_000).Draw(rt, "lat"), LngE9: rapid.Int64Range(-30_100_000_000, -29_800_000_000).Draw(rt, "lng")},
				RadiusMM: rapid.Int64Range(1, 5_000_000).Draw(rt, "radius"),
			}},
			Start: at("09:00:00"), End: at("10:00:00"),
		}}}
		e, err := shape.Entity(declared.Label{ID: "N-302"})
		if err != nil {
			rt.Fatal(err)
		}
		rule := b.sites
		rule.RadiusMM = rapid.Int64Range(0, 20_000_000).Draw(rt, "rule")
		want := 0
		for _, s := range b.st.sites {
			if tooNear(s.under(rule), e, rule.RadiusMM) {
				want++
			}
		}
		if got := b.st.SitesNear(nc, e, rule); len(got) != want {
			rt.Fatalf("%d sites, expected %d", len(got), want)
		}
	})
}

func TestX3Leads(t *testing.T) {
	for _, c := range []struct {
		before    time.Duration
		emergency bool
		want      terms.Class
	}{
		{48 * time.Hour, false, terms.Routine},
		{48*time.Hour - 1, false, terms.Short},
		{24 * time.Hour, true, terms.Routine},
		{24*time.Hour - 1, true, terms.Short},
		{1, true, terms.Short},
		{0, false, terms.AfterFact},
		{-time.Minute, true, terms.AfterFact},
	} {
		b := newBench(t)
		content := flight()
		content.Emergency = c.emergency
		b.now = content.ValidFrom - statement.Instant(c.before)
		if s := of[*Sent](b.do(hr, &Declare{Content: content, Consent: []party.ID{nc}})); s[0].Lead != c.want {
			t.Errorf("%v ahead, emergency %v: %s, expected %s", c.before, c.emergency, s[0].Lead, c.want)
		}
	}
}

// What is held back goes out with its doubts when nobody answers the query, or
// at once when the notifier stands by it.
func TestX3NeverHeldForGood(t *testing.T) {
	b := newBench(t)
	b.now = at("05:40:00")
	typed := hospital(wrong, source("gnss", wrong, 10_000), source("map", wrong, 50_000))
	id := of[*Declared](b.do(hr, &Declare{Content: typed, Consent: []party.ID{nc}}))[0].Notice
	if events := b.until(at("06:39:59")); len(events) != 0 {
		t.Fatalf("before the hour: %+v", events)
	}
	out := of[*Distributed](b.until(at("06:40:00")))
	if len(out) != 1 || len(out[0].Doubts) == 0 || !slices.Contains(out[0].Release(nc), "doubts") {
		t.Fatalf("after the hour: %+v", out)
	}

	b.refused(event.NotNow, hr, &Correct{Notice: id, Version: 1, Content: typed, Confirm: "surveyed twice"})
	second := of[*Declared](b.do(hr, &Declare{Content: typed, Consent: []party.ID{nc}}))[0]
	b.refused(event.NotNow, hr, &Correct{Notice: second.Notice, Version: 1, Content: typed})
	v2 := of[*Declared](b.do(hr, &Correct{Notice: second.Notice, Version: 1, Content: typed, Confirm: "there are two strips of that name"}))[0]
	if v2.HeldUntil != 0 || !slices.Contains(v2.Recipients, nc) || v2.Confirm == "" {
		t.Errorf("confirmed: %+v", v2)
	}
	// A reason for one doubt is none for another.
	other := hospital(deg(13.63, -29.93), source("gnss", wrong, 10_000), source("map", wrong, 50_000))
	v3 := of[*Declared](b.do(hr, &Correct{Notice: second.Notice, Version: 2, Content: other, Confirm: "as before"}))[0]
	if v3.HeldUntil == 0 || v3.Confirm != "" {
		t.Errorf("a new doubt was confirmed with an old reason: %+v", v3)
	}

	// A movement is never held beyond its start.
	fast := flight()
	fast.Way.Routes[0].Points[1].LatE9 = 21_400_000_000
	b.now = at("08:50:00")
	held := of[*Declared](b.do(hr, &Declare{Content: fast, Consent: []party.ID{nc}}))[0]
	if held.HeldUntil != at("09:00:00") {
		t.Errorf("held until %v", held.HeldUntil)
	}
	b.now = at("09:10:00")
	if late := of[*Declared](b.do(hr, &Declare{Content: fast, Consent: []party.ID{nc}}))[0]; late.HeldUntil != 0 {
		t.Error("a movement under way was held back")
	}
}

func TestD3Consent(t *testing.T) {
	b := newBench(t)
	// Toy: a public layer of sites.
	toy := func(st *State) int { return len(st.notices) }
	id := b.told(nc)
	if toy(b.st) != 1 {
		t.Fatal("the toy must list the site for anybody")
	}
	for _, id := range []string{id, "no such notice"} {
		_, err := b.st.Show(id, sm)
		_, other := b.st.Show("another", sm)
		if err == nil || strings.ReplaceAll(err.Error(), id, "") != strings.ReplaceAll(other.Error(), "another", "") {
			t.Errorf("%s: %v tells more than %v", id, err, other)
		}
	}
	for by, body := range map[party.ID]any{
		sm: &Reply{Notice: id, Version: 1, Answer: Received},
		el: &End{Notice: id, Version: 1, Reason: "closed"},
		nc: &Consent{Notice: id, To: []party.ID{sm}}, // a recipient passes nothing on
	} {
		b.refused(event.NotFound, by, body)
	}
	events := b.do(hr, &Consent{Notice: id, To: []party.ID{el}})
	if d := of[*Distributed](events); len(d) != 1 || d[0].Release(el) == nil || d[0].Release(nc) != nil || d[0].Release(sm) != nil {
		t.Errorf("consent to %s: %+v", el, d)
	}
	if slices.Contains(of[*Distributed](events)[0].Release(el), "recipients") {
		t.Error("recipients learn of each other")
	}

	revoked := of[*Revoked](b.do(hr, &Revoke{Notice: id, To: nc, Reason: "no longer party to the work"}))[0]
	if revoked.Release(nc) == nil || revoked.Release(el) != nil || revoked.Had != 1 {
		t.Errorf("revoked: %+v", revoked)
	}
	s, err := b.st.Show(id, nc)
	if err != nil || !s.Revoked || s.Content != nil {
		t.Errorf("shown after the revocation: %+v, %v", s, err)
	}
	if r := b.st.Notice(id).recipient(nc); r.RevokedAt == 0 {
		t.Error("who had the notice is forgotten")
	}
	moved := deg(12.361, -29.93)
	c := hospital(moved, source("gnss", moved, 10_000), source("map", moved, 50_000))
	if d := of[*Declared](b.do(hr, &Correct{Notice: id, Version: 1, Content: c}))[0]; d.Release(nc) != nil || d.Release(el) == nil {
		t.Error("a correction goes to those with consent")
	}
	b.do(nc, &Step{Notice: id, Version: 1, Step: Dropped})
	b.refused(event.NotFound, hr, &Consent{Notice: id, To: []party.ID{"nobody"}})

	// Who was never told does not learn of a notice by its revocation.
	held := of[*Declared](b.do(hr, &Declare{Content: hospital(wrong, source("gnss", wrong, 10_000)), Consent: []party.ID{sm}}))[0]
	if e := of[*Revoked](b.do(hr, &Revoke{Notice: held.Notice, To: sm}))[0]; e.Release(sm) != nil {
		t.Errorf("released to a party that never knew: %+v", e)
	}
}

func TestD3NotInBulk(t *testing.T) {
	b := newBench(t)
	for range MaxNear + 1 {
		b.told(nc)
	}
	var r *event.Refusal
	if _, err := b.st.Near(nc, right, MaxNearMM); !errors.As(err, &r) {
		t.Errorf("more than %d sites were listed", MaxNear)
	}
	if _, err := b.st.Near(nc, right, MaxNearMM+1); !errors.As(err, &r) {
		t.Error("too large an area was answered")
	}
	if got, err := b.st.Near(el, right, MaxNearMM); err != nil || len(got) != 0 {
		t.Errorf("sites of others: %v, %v", got, err)
	}
	if got, err := b.st.Near(nc, deg(20, 20), MaxNearMM); err != nil || len(got) != 0 {
		t.Errorf("sites elsewhere: %v, %v", got, err)
	}
}

// Every door by which a notice leaves has the wording.
func TestX3WordingAtEveryDoor(t *testing.T) {
	b := newBench(t)
	id := b.told(nc)
	b.do(nc, &Reply{Notice: id, Version: 1, Answer: Received})
	b.do(hr, &Revoke{Notice: id, To: nc})
	b.do(hr, &Consent{Notice: id, To: []party.ID{el}})
	b.until(at("23:59:00"))
	b.do(hr, &End{Notice: id, Version: 1, Reason: "closed"})
	b.now = at("08:00:00")
	b.do(hr, &Declare{Content: flight(), Consent: []party.ID{nc}})
	held := hospital(wrong, source("gnss", wrong, 10_000))
	held.ReviewBy += statement.Instant(48 * time.Hour)
	b.do(hr, &Declare{Content: held, Consent: []party.ID{nc}})
	b.until(b.now + statement.Instant(48*time.Hour))
	seen := map[string]bool{}
	for _, e := range b.log {
		seen[e.ev.Type()] = true
		text := event.Encode(nil, e.ev, e.at.NS)
		if !bytes.Contains(text, []byte(`"wording":"`+Wording+`"`)) {
			t.Errorf("%s leaves without the wording: %s", e.ev.Type(), text)
		}
		for _, to := range []party.ID{nc, el} {
			if m := e.ev.Release(to); m != nil && m[0] != "*" && !slices.Contains(m, "wording") {
				t.Errorf("%s to %s: members %v lack the wording", e.ev.Type(), to, m)
			}
		}
	}
	for _, name := range Events.Types() {
		if !seen[name] {
			t.Errorf("%s was not tried", name)
		}
	}
	for id := range b.st.notices {
		for _, to := range []party.ID{hr, nc, el} {
			if s, err := b.st.Show(id, to); err == nil {
				if text, _ := json.Marshal(s); !bytes.Contains(text, []byte(Wording)) {
					t.Errorf("%s shown to %s without the wording", id, to)
				}
			}
		}
	}
	for _, words := range []string{"duties under law are unchanged", "not a request for leave", "Safety is not guaranteed"} {
		if !strings.Contains(Wording, words) {
			t.Errorf("the wording lacks %q", words)
		}
	}
}
