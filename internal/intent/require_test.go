package intent

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// pair returns a node with two parties under 5 NM or 2,000 ft.
func pair(t testing.TB, change func(*terms.Rules)) *node {
	n := newNode(t, "06:00")
	n.enrol(nc, registry.KindSignatory)
	n.enrol(el, registry.KindSignatory)
	n.agree(nc, el, func(r *terms.Rules) {
		r.Minima = []terms.Minima{{Source: m1, LateralMM: 5 * nm, VerticalMM: feet(2000)}}
		if change != nil {
			change(r)
		}
	})
	return n
}

// area is a circle of 2 NM, a distance in NM north of a fixed place, from 08:00
// to 09:00.
func around(t testing.TB, northNM float64) declared.Volume {
	return circle(t, 10+northNM/60, 20, 2, 5000, 6000, "08:00", "09:00")
}

func alias(p Plan, name string) Plan {
	p.Alias = name
	return p
}

// TestI1SaysWhereAndNothingElse: a position in free text is no declaration, and
// purpose, load and base have no place, neither as members nor in words.
func TestI1SaysWhereAndNothingElse(t *testing.T) {
	toy := func(text string) bool { // a position and a note
		var v struct {
			Lat, Lon float64
			Note     string
		}
		return json.Unmarshal([]byte(text), &v) == nil
	}
	const toyText = `{"lat":12.1,"lon":-29.7,"note":"strike training, two tankers, sensor pod"}`
	if !toy(toyText) {
		t.Fatal("the toy refuses its own form")
	}
	refuses := func(text string) error {
		c, err := statement.Canonical([]byte(text))
		if err != nil {
			return err
		}
		b := new(Declare)
		if err := statement.Unmarshal(c, b); err != nil {
			return err
		}
		return b.Check()
	}
	canonicalToy := strings.NewReplacer("12.1", "12", "-29.7", "-29").Replace(toyText)
	if refuses(canonicalToy) == nil {
		t.Error("a position and a note is taken for an intent")
	}
	good, err := json.Marshal(Declare{Plan: plan("other", volumes(around(t, 0)))})
	if err != nil {
		t.Fatal(err)
	}
	if err := refuses(string(good)); err != nil {
		t.Fatalf("a good declaration is refused: %v", err)
	}
	for _, member := range []string{"purpose", "load", "sensor", "target", "base", "crew", "note"} {
		if refuses(strings.Replace(string(good), "{", `{"`+member+`":"x",`, 1)) == nil {
			t.Errorf("the member %s is accepted", member)
		}
	}
	p := plan("other", declared.Shape{})
	p.Priority.Basis = "12.10 N 29.70 W until noon"
	if p.check() == nil {
		t.Error("an intent without volumes is accepted, its position in words")
	}
	p = plan("other", volumes(around(t, 0)))
	p.Priority.Basis = "strike on the target, with a sensor payload"
	if p.check() == nil {
		t.Error("purpose and load are accepted in words")
	}
	if denied := deniedNames(reflect.TypeFor[Decided]()); len(denied) > 0 {
		t.Errorf("members %v are on the deny-list", denied)
	}
}

func deniedNames(t reflect.Type) []string {
	var found []string
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && release.FieldDenied(name) {
			found = append(found, name)
		}
		found = append(found, deniedNames(t.Field(i).Type)...)
	}
	return found
}

// TestI2ClaimIsGraded: nothing declared is not "clear", a claim is a claim, and a
// contradiction widens what its owner needs until people of both sides looked.
func TestI2ClaimIsGraded(t *testing.T) {
	toy := func(n int) string { // green when the table is empty
		if n == 0 {
			return "clear"
		}
		return "busy"
	}
	if toy(0) != "clear" {
		t.Fatal("the toy does not call an empty table clear")
	}
	n := pair(t, func(r *terms.Rules) { r.Margins.Contradicted, r.Margins.Tracked = 200, 100 })
	shape := volumes(around(t, 0))
	e, err := shape.Entity(label)
	if err != nil {
		t.Fatal(err)
	}
	if k := n.st.Known(e, el, n.now); k.Says != NoneDeclared || strings.Contains(strings.ToLower(k.Says), "clear") || int64(k.AsOf) != n.now {
		t.Errorf("nothing declared: %+v", k)
	}

	a := n.declare(nc, alias(plan("other", volumes(around(t, 0))), "A"))
	if g, at := n.st.Grade(a, el); g != terms.Declared || at != 0 {
		t.Errorf("a new intent is %s since %d, want declared, never shown", g, at)
	}
	n.must(el, &Acknowledge{ID: a.ID, Version: 1, Step: Received})
	if g, _ := n.st.Grade(n.st.Intent(a.ID), el); g != terms.Declared {
		t.Errorf("received by a machine, it is %s", g)
	}
	n.must(el, &Acknowledge{ID: a.ID, Version: 1, Step: Read})
	if g, at := n.st.Grade(n.st.Intent(a.ID), el); g != terms.Acknowledged || int64(at) != n.now {
		t.Errorf("read by a person, it is %s at %d", g, at)
	}
	n.refused(nc, &Evidence{ID: a.ID, Kind: MarkTracked}, event.NotAllowed) // of oneself
	n.must(el, &Evidence{ID: a.ID, Kind: MarkTracked})
	if g, _ := n.st.Grade(n.st.Intent(a.ID), el); g != terms.Tracked {
		t.Errorf("tracked, it is %s", g)
	}
	n.must(el, &Evidence{ID: a.ID, Kind: MarkContradicted, Detail: "seen 3 km outside"})
	n.settle()
	if g, _ := n.st.Grade(n.st.Intent(a.ID), el); g != terms.Contradicted {
		t.Errorf("contradicted, it is %s", g)
	}

	// 7 NM between edges: beyond 5, within 10.
	later := alias(plan("other", volumes(around(t, 60+11))), "B")
	n.declare(el, alias(plan("other", volumes(around(t, 60))), "C"))
	b := n.declare(nc, later)
	wantState(t, b, Proposed)
	if v := b.Verdicts[0]; v.Required.Percent != 200 || v.Outcome != Stands {
		t.Errorf("a later intent of a contradicted owner: %+v", v)
	}
	if !slices.Contains(b.Flags, FlagDoubted) {
		t.Errorf("flags %v", b.Flags)
	}
	review := &Evidence{ID: a.ID, Kind: MarkReview}
	watch := registry.Authority{Party: nc, Person: "w1", Level: party.Watch}
	if _, err := n.tryAs(watch, review); err == nil {
		t.Error("the watch cleared a contradiction")
	}
	n.must(nc, review)
	n.settle()
	if len(n.st.Doubts(nc)) != 1 {
		t.Fatal("one side alone cleared it")
	}
	n.must(el, review)
	n.settle()
	if len(n.st.Doubts(nc)) != 0 {
		t.Fatal("both sides looked at it, and it stands")
	}
	wantState(t, n.change(b, later), Accepted)
}

// TestI3SuppositionsAreStated: positions without error, datum or known reference
// are refused, a place that does not fit is a query, and a verdict says what it
// rests on.
func TestI3SuppositionsAreStated(t *testing.T) {
	toy := func(altitude float64) bool { return altitude > 0 } // above what?
	if !toy(9000) {
		t.Fatal("the toy refuses an altitude without reference")
	}
	for name, change := range map[string]func(*Plan){
		"altitude":            func(p *Plan) { p.Volumes[0].Lower.Reference = "" },
		"reference":           func(p *Plan) { p.Volumes[0].Lower.Reference = "feet" },
		"datum":               func(p *Plan) { p.Position.Datum = "" },
		"another datum":       func(p *Plan) { p.Position.Datum = "ED50" },
		"method":              func(p *Plan) { p.Position.Method = "" },
		"position error":      func(p *Plan) { p.Position.ErrorMM = 0 },
		"error not in shape":  func(p *Plan) { p.Position.ErrorMM = 50_000 },
		"time source":         func(p *Plan) { p.Time.Source = "" },
		"time error":          func(p *Plan) { p.Time.ErrorNS = 0 },
		"clock worse than it": func(p *Plan) { p.Time.ErrorNS = 1e9 },
		"no ceiling":          func(p *Plan) { p.Volumes[0].Upper = nil },
		// 12.63 for 12.36: 16 NM off a place stated to be 5 NM away.
		"swapped digits": func(p *Plan) {
			p.Volumes[0] = circle(t, 12.63, -29.93, 1, 0, 5000, "08:00", "09:00")
			p.Place = &Place{Name: "Weir Strip", At: pt(12.40, -30.00), DistanceMM: 5 * nm, ErrorMM: nm / 2}
		},
	} {
		p := plan("other", volumes(around(t, 0)))
		if p.check() != nil {
			t.Fatal("a good plan is refused")
		}
		change(&p)
		if err := p.check(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	p := plan("other", volumes(circle(t, 12.36, -29.93, 1, 0, 5000, "08:00", "09:00")))
	p.Place = &Place{Name: "Weir Strip", At: pt(12.40, -30.00), DistanceMM: 5 * nm, ErrorMM: nm / 2}
	if err := p.check(); err != nil {
		t.Errorf("a position that fits its place is refused: %v", err)
	}

	n := pair(t, nil)
	sea := around(t, 0)
	sea.Lower.Reference, sea.Upper.Reference = "AMSL", "AMSL"
	a := n.declare(nc, alias(plan("other", volumes(sea)), "A"))
	n.must(el, &Acknowledge{ID: a.ID, Version: 1, Step: Read})
	b := n.declare(el, alias(plan("other", volumes(around(t, 2))), "B"))
	v := verdict(b, a.ID)
	if v == nil || v.Version != 1 || v.Source != m1 || v.Required.LateralMM != 5*nm || len(v.Measure.Inputs) != 64 || len(v.Measure.Digest) != 64 {
		t.Fatalf("verdict %+v", v)
	}
	if len(v.Measure.Suppositions) == 0 {
		t.Error("the verdict does not say that heights were converted")
	}
	moved := n.change(a, alias(plan("other", volumes(around(t, 0.5))), "A"))
	if len(moved.Receipts) != 0 {
		t.Error("a corrected position rests on the acknowledgement of the old one")
	}
}

// TestI4NoticeIsMeasured: the lead runs to the receipt at the other side, not
// from what the sender says; late is counted, and never dropped.
func TestI4NoticeIsMeasured(t *testing.T) {
	n := pair(t, func(r *terms.Rules) {
		r.Notice, r.Margins.Late = terms.Notice{RoutineNS: 48 * hourNS, ShortNS: hourNS}, 150
	})
	created := n.now // two hours before the start
	a := n.declare(nc, alias(plan("other", volumes(around(t, 0))), "A"))
	if _, known := receipt(a, el); known {
		t.Fatal("notice is measured before anybody received it")
	}
	n.at("07:59")
	toy := (terms.Notice{RoutineNS: 48 * hourNS, ShortNS: hourNS}).Class(int64(a.Start) - created)
	if toy != terms.Short {
		t.Fatalf("the toy calls it %s, want short by the sender's clock", toy)
	}
	events := n.must(el, &Acknowledge{ID: a.ID, Version: 1, Step: Received})
	ack := events[0].(*Acknowledged)
	if ack.Class != terms.Late || ack.LeadNS != minuteNS {
		t.Errorf("received a minute before: %s, %d ns", ack.Class, ack.LeadNS)
	}
	n.settle()
	if n.st.Late(nc) != 1 {
		t.Errorf("late notices counted: %d", n.st.Late(nc))
	}
	a = n.st.Intent(a.ID)
	wantState(t, a, Accepted) // not dropped
	// 6 NM between edges: enough, but for the margin of late notice.
	b := n.declare(el, alias(plan("other", volumes(around(t, 10))), "B"))
	if v := verdict(b, a.ID); v == nil || v.Required.Percent != 150 || v.Outcome != Stands {
		t.Errorf("beside a late one: %+v", v)
	}
	n.refused(nc, &Acknowledge{ID: a.ID, Version: 1, Step: Received}, event.NotAllowed)
	n.refused(el, &Acknowledge{ID: a.ID, Version: 2, Step: Received}, event.Stale)
}

func receipt(r *Intent, p party.ID) (Receipt, bool) {
	i := slices.IndexFunc(r.Receipts, func(x Receipt) bool { return x.Party == p })
	if i < 0 {
		return Receipt{}, false
	}
	return r.Receipts[i], true
}

// TestI5ReadBeforeWrite: a write shows that what it overlaps was read; only the
// owner writes; what does not conform is never refused.
func TestI5ReadBeforeWrite(t *testing.T) {
	toy := map[string]string{} // last write wins
	toy["A"], toy["A"] = "plan of one", "plan of another"
	if toy["A"] != "plan of another" {
		t.Fatal("the toy does not lose the first write")
	}
	n := pair(t, nil)
	a := n.declare(nc, alias(plan("other", volumes(around(t, 0))), "A"))
	overlapping := alias(plan("other", volumes(around(t, 1))), "B")
	r := n.refused(el, &Declare{Plan: overlapping}, event.Stale)
	miss := r.Details.(StaleDetails).Missing
	if len(miss) != 1 || miss[0].ID != a.ID || miss[0].Version != 1 {
		t.Fatalf("missing %+v", miss)
	}
	if text, err := json.Marshal(r.Details); err != nil || strings.Contains(string(text), a.Token) {
		t.Errorf("the refusal tells the token that stands for having read: %s", text)
	}
	old := a.Token
	a = n.change(a, alias(plan("other", volumes(around(t, 0.1))), "A"))
	n.refused(el, &Declare{Plan: overlapping, ReadSet: []string{old}}, event.Stale)
	n.refused(nc, &Change{ID: a.ID, Token: old, Plan: overlapping}, event.Stale)
	n.refused(el, &Change{ID: a.ID, Token: a.Token, Plan: overlapping}, event.NotAllowed)
	n.shown = func(owner, to party.ID, state string) []string { return nil }
	hidden := n.declare(nc, alias(plan("other", volumes(around(t, 600))), "hidden"))
	if got, want := n.refused(el, &End{ID: hidden.ID}, event.NotFound).Message, n.refused(el, &End{ID: "nothing"}, event.NotFound).Message; strings.ReplaceAll(got, hidden.ID, "nothing") != want {
		t.Errorf("a hidden intent is told from none: %q and %q", got, want)
	}

	b := n.declare(el, overlapping)
	wantState(t, b, Proposed)
	n.refused(el, &Activate{ID: b.ID, Token: b.Token}, event.NotNow)
	events := n.must(el, &Nonconform{ID: b.ID}) // without any token, over an accepted one
	if d := events[0].(*Decided); d.State != Nonconforming || !d.Listed || d.Verdicts[0].Outcome != OffNominalOwn {
		t.Errorf("what does not conform: %s, listed %v, %+v", d.State, d.Listed, d.Verdicts)
	}
	n.settle()
	n.must(el, &Contingency{ID: b.ID})
	n.refused(el, &Nonconform{ID: b.ID}, event.NotNow)
	n.must(el, &End{ID: b.ID})
	n.refused(el, &Nonconform{ID: b.ID}, event.NotNow)
	wantState(t, n.st.Intent(b.ID), Ended)
}

// TestC1EveryChangeIsJudgedAgain: what was decided is looked at again when what
// it rests on changes, flights in the air included, and both ends come to the
// same digest.
func TestC1EveryChangeIsJudgedAgain(t *testing.T) {
	n := pair(t, nil)
	a := n.activate(n.declare(nc, alias(plan("other", volumes(around(t, 0))), "A")))
	b := n.activate(n.declare(el, alias(plan("other", volumes(around(t, 10))), "B"))) // 6 NM between edges
	wantState(t, b, Activated)
	toy := b.Verdicts // decided once, at submission
	if len(toy) != 0 {
		t.Fatalf("clear at submission: %+v", toy)
	}
	n.agree(nc, el, func(r *terms.Rules) { r.Minima[0].LateralMM = 7 * nm })
	n.apply(n.st.Unsettle("the agreement changed", Concern{Owners: []party.ID{nc, el}}))
	if n.st.Intent(b.ID).Review == "" {
		t.Fatal("not under review")
	}
	n.settle()
	a, b = n.st.Intent(a.ID), n.st.Intent(b.ID)
	wantState(t, b, GivesWay) // the later of two equals
	wantState(t, a, Activated)
	va, vb := verdict(a, b.ID), verdict(b, a.ID)
	if va.Outcome != Yields || vb.Outcome != Stands || va.Measure.Digest != vb.Measure.Digest || va.Measure.Digest == "" {
		t.Errorf("the two ends do not agree:\n%+v\n%+v", va, vb)
	}
	// Wider margins alone take nobody's place.
	n.agree(nc, el, func(r *terms.Rules) { r.Minima[0].LateralMM, r.Margins.Silent = 5*nm, 200 })
	n.silent = func(of, to party.ID) bool { return of == nc }
	n.apply(n.st.Unsettle("silence", Concern{Owners: []party.ID{nc, el}}))
	n.settle()
	b = n.st.Intent(b.ID)
	wantState(t, b, Activated)
	if v := verdict(b, a.ID); v == nil || v.Outcome != MarginLost || v.Required.Percent != 200 {
		t.Errorf("under silence: %+v", v)
	}
	c := n.declare(el, alias(plan("other", volumes(around(t, 10.5))), "C"))
	wantState(t, c, Proposed) // but no new overlap

	// A proposal whose obstacle ends is told so.
	n.must(nc, &End{ID: a.ID})
	n.settle()
	if c = n.st.Intent(c.ID); len(c.Verdicts) != 0 || c.State != Proposed || c.Review != "" {
		t.Errorf("after the end: %s, %+v", c.State, c.Verdicts)
	}
}

// TestC2LadderIsAgreed: who goes first follows from ranks that are published, not
// from a number that the sender picks; between equals, who was there first.
func TestC2LadderIsAgreed(t *testing.T) {
	toy := func(mine, theirs int) bool { return mine > theirs }
	if !toy(1<<30, 5) {
		t.Fatal("the toy does not let the larger number win")
	}
	n := pair(t, func(r *terms.Rules) { r.Priority.Ranks = [][]string{{"medical", "fire"}, {"routine"}} })
	for _, c := range []struct {
		first, second string
		want          Outcome
	}{
		{"routine", "medical", Yields},
		{"medical", "routine", Stands},
		{"medical", "fire", Stands},
		{"routine", "routine", Stands},
		{"routine", "most-important-of-all", Stands},
	} {
		m := *n
		m.st, m.air = New(), newNode(t, "06:00").air
		first := m.declare(nc, alias(plan(c.first, volumes(around(t, 0))), "first"))
		second := m.declare(el, alias(plan(c.second, volumes(around(t, 1))), "second"))
		if v := verdict(second, first.ID); v.Outcome != c.want {
			t.Errorf("%s after %s: %s, want %s", c.second, c.first, v.Outcome, c.want)
		}
		first = m.st.Intent(first.ID)
		if c.want == Stands {
			wantState(t, first, Accepted)
			wantState(t, second, Proposed)
			continue
		}
		wantState(t, second, Accepted)
		wantState(t, first, GivesWay)
		if first.By != second.ID || second.Claim.Person != "w1" || second.Priority.Rank != c.second {
			t.Errorf("displaced by %s; claim %+v", first.By, second.Claim)
		}
		m.refused(nc, &Activate{ID: first.ID, Token: first.Token, ReadSet: m.tokens()}, event.NotNow)
		wantState(t, m.change(first, alias(plan(c.first, volumes(around(t, 60))), "first")), Accepted)
	}
	// One in the air is displaced with the need of an exit.
	n.activate(n.declare(nc, alias(plan("routine", volumes(around(t, 0))), "up")))
	events := n.must(el, &Declare{Plan: alias(plan("fire", volumes(around(t, 1))), "fire"), ReadSet: n.tokens()})
	i := slices.IndexFunc(events, func(ev event.Event) bool { _, ok := ev.(*Displaced); return ok })
	if i < 0 || !events[i].(*Displaced).ExitNeeded {
		t.Errorf("no exit is asked for: %v", events)
	}
}

// TestC3ZonesAreTypedAndOwned: the type says what may be done, and only an area
// that both sides agreed to binds the other.
func TestC3ZonesAreTypedAndOwned(t *testing.T) {
	toy := func(in bool) string { // a list of red polygons
		if in {
			return "conflict"
		}
		return "clear"
	}
	if toy(true) != "conflict" {
		t.Fatal("the toy knows more than red")
	}
	shape := circle(t, 10, 20, 3, 0, 9000, "07:00", "10:00")
	zone := func(name, kind string, leadNS int64) Zone {
		return Zone{Name: name, Kind: kind, Contact: "watch", Primary: "121.000 MHz", LeadNS: leadNS, Volumes: []declared.Volume{shape}}
	}
	agreed := func(name, kind string, leadNS int64) terms.Zone {
		return terms.Zone{
			Source: m1, Name: name, Type: kind, Owner: nc, Footprint: shape.Footprint, Lower: shape.Lower, Upper: shape.Upper,
			LeadNS: leadNS, Contact: "watch", Exempt: []string{"medical"},
		}
	}
	for _, c := range []struct {
		name, kind, rank string
		leadNS           int64
		agreed           bool
		want             Outcome
		state            Phase
	}{
		{"agreed no entry", NoEntry, "other", 0, true, EntryBarred, Proposed},
		{"exempt", NoEntry, "medical", 0, true, ContactNeeded, Accepted},
		{"unilateral no entry", NoEntry, "other", 0, false, Unilateral, Accepted},
		{"contact", EntryWithContact, "other", 0, true, ContactNeeded, Accepted},
		{"call first", CallFirst, "other", hourNS, true, CallNeeded, Accepted},
		{"called late", CallFirst, "other", 3 * hourNS, true, CallLate, Accepted},
		{"advisory", Advisory, "other", 0, true, AdvisoryOnly, Accepted},
		{"line by itself", DividingLine, "other", 0, false, Unilateral, Accepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := pair(t, func(r *terms.Rules) {
				if c.agreed {
					r.Zones = []terms.Zone{agreed("Z", c.kind, c.leadNS)}
				}
			})
			n.must(nc, &ZoneDeclare{Zone: zone("Z", c.kind, max(c.leadNS, 1))})
			z := n.st.Zones()[0]
			n.must(nc, &ZoneActivate{ID: z.ID, Token: z.Token})
			z = n.st.Zones()[0]
			own := n.declare(nc, plan("other", volumes(around(t, 0))))
			if v := verdict(own, z.ID); v != nil {
				t.Errorf("the owner's own zone: %+v", v)
			}
			n.must(nc, &Withdraw{ID: own.ID})
			n.refused(el, &Declare{Plan: plan(c.rank, volumes(around(t, 0)))}, event.Stale) // did not read the zone
			r := n.declare(el, plan(c.rank, volumes(around(t, 0))))
			v := verdict(r, z.ID)
			if v == nil || v.Outcome != c.want || c.agreed != (v.Source == m1) {
				t.Fatalf("verdict %+v, want %s", v, c.want)
			}
			wantState(t, r, c.state)
			// Over once it is cancelled, and once its period ends.
			n.must(nc, &ZoneCancel{ID: z.ID})
			n.settle()
			if v := verdict(n.st.Intent(r.ID), z.ID); v != nil {
				t.Errorf("after its cancellation: %+v", v)
			}
			n.refused(el, &ZoneCancel{ID: z.ID}, event.NotAllowed)
		})
	}
}

// TestX4OthersAreTold: who agreed to nothing and may be affected is listed, with
// who tells them and by when; what is not done is seen.
func TestX4OthersAreTold(t *testing.T) {
	toy := []party.ID{nc, el} // nobody else exists
	n := varanth(t, "06:00")
	far := []registry.Point{{LatE9: 60e9, LngE9: 0}, {LatE9: 60e9, LngE9: 1e9}, {LatE9: 61e9, LngE9: 0}}
	n.enrol("far-control", registry.KindService, far...)
	a := n.declare(nc, n204(t, 9000, "08:45"))
	var told []party.ID
	for _, x := range a.Tellings {
		if slices.Contains(toy, x.Party) {
			t.Errorf("%s agreed and is listed", x.Party)
		}
		told = append(told, x.Party)
		wantAbout(t, "to be told", x.Until, clock(t, "08:30"))
	}
	if want := []party.ID{sm, vc}; !slices.Equal(told, want) {
		t.Fatalf("to be told: %v, want %v", told, want)
	}
	n.must(el, &Undertake{ID: a.ID, Party: sm, Until: clock(t, "07:00")})
	n.must(nc, &Tell{ID: a.ID, Party: vc, How: "by voice"})
	n.refused(nc, &Tell{ID: a.ID, Party: vc}, event.NotNow)
	n.refused(nc, &Undertake{ID: a.ID, Party: "far-control", Until: clock(t, "07:00")}, event.NotFound)
	n.at("07:00")
	events := n.settle()
	if len(events) != 1 {
		t.Fatalf("at seven: %v", events)
	}
	o := events[0].(*Overdue)
	if o.Party != sm || o.By != el || !slices.Equal(o.Release(el), event.Whole) || o.Release(hr) != nil {
		t.Errorf("overdue %+v", o)
	}
	w := Warning(a)
	for _, want := range []string{"120600N0294200W", "12.1 NM", "9000 FT", "16000 FT", "2031-04-06 08:44:59 UTC", "2031-04-06 10:00:01 UTC"} {
		if !strings.Contains(w, want) {
			t.Errorf("the warning lacks %q:\n%s", want, w)
		}
	}
	if strings.Contains(w, string(nc)) || strings.Contains(w, "aldmar") {
		t.Errorf("the warning names the owner:\n%s", w)
	}
}

// TestP5ReportIsNobodysAct: what is said of a party warns, with its origin; it
// changes no state and no rule.
func TestP5ReportIsNobodysAct(t *testing.T) {
	toy := Accepted
	toy = Withdrawn // somebody typed "they said they stay away"
	if toy != Withdrawn {
		t.Fatal("the toy's state did not flip")
	}
	n := varanth(t, "08:05")
	h18 := n.declare(hr, plan("humanitarian", flown(flight(t, 0, feet(1000), fix{12.40, -30.00, 9000, "10:10"}, fix{11.20, -29.80, 9000, "10:38"}))))
	var ring []declared.Point
	for i := range 51 { // its limits follow parallels
		ring = append(ring, pt(11.25, -30.10+float64(i)*0.01))
	}
	for i := range 51 {
		ring = append(ring, pt(11.55, -29.60-float64(i)*0.01))
	}
	events := n.must(el, &Report{
		About: "Sandmere", Origin: "Sandmere watch", Chain: []string{"eastern-league"}, Grade: "hearsay",
		Shape: volumes(declared.Volume{
			Footprint: declared.Footprint{Polygon: ring}, Lower: ft(0), Upper: ft(12000),
			Start: clock(t, "10:15"), End: clock(t, "11:00"), HErrorMM: 1,
		}),
	})
	rep := events[0].(*Reported)
	if !slices.Equal(rep.To, []party.ID{hr}) || rep.Release(nc) != nil || !slices.Contains(rep.Release(hr), "origin") {
		t.Errorf("shown to %v", rep.To)
	}
	before := *n.st.Intent(h18.ID)
	n.settle()
	h18 = n.st.Intent(h18.ID)
	wantState(t, h18, Accepted)
	v := verdict(h18, rep.ID)
	if v == nil || v.Outcome != Hearsay || v.Outcome.blocks() {
		t.Fatalf("verdict %+v", v)
	}
	wantAbout(t, "H-18 in the area from", v.From, clock(t, "10:29:51"))
	wantAbout(t, "H-18 in the area to", v.To, clock(t, "10:36:50"))
	if before.Token != h18.Token || before.Version != h18.Version {
		t.Error("a report made a new version")
	}
	for _, r := range n.st.intents {
		if r.Owner == sm {
			t.Error("a report became an intent of the party it is about")
		}
	}
}

// TestL4OldAcceptanceDoesNotRevive: what was accepted before a suspension is
// declared again after it, and meets what was declared again before.
func TestL4OldAcceptanceDoesNotRevive(t *testing.T) {
	n := pair(t, nil)
	a := n.declare(nc, alias(plan("other", volumes(around(t, 0))), "A"))
	n.declare(el, alias(plan("other", volumes(around(t, 100))), "B"))
	n.agree(nc, el, func(r *terms.Rules) { r.Suspended, r.Minima[0].Suspended = true, true })
	n.apply(n.st.Unsettle("suspended", Concern{Owners: []party.ID{nc, el}}))
	n.settle()
	// Under a suspended text, losing its separation warns, and meeting does not
	// become right.
	c := n.declare(el, alias(plan("other", volumes(around(t, 8))), "C"))
	wantState(t, c, Accepted)
	if v := verdict(c, a.ID); v == nil || v.Outcome != NoRule {
		t.Fatalf("under suspension: %+v", v)
	}
	wantState(t, n.declare(el, alias(plan("other", volumes(around(t, 1))), "D")), Proposed)

	// In force again, the old acceptance does not count.
	toy := *n // sets the state back to active
	toy.st, toy.rules = n.st, map[[2]party.ID]*terms.Rules{}
	toy.agree(nc, el, func(r *terms.Rules) { *r = *n.rulesOf(nc, el); r.Suspended = false })
	a = n.st.Intent(a.ID)
	toy.refused(nc, &Activate{ID: a.ID, Token: a.Token, ReadSet: n.tokens()}, event.NotNow)

	n.at("07:00")
	if left := n.st.NotRedeclared(nc, el, n.now); len(left) != 3 {
		t.Errorf("to be declared again: %v", left)
	}
	n.must(el, &Redeclare{ID: c.ID, Token: n.st.Intent(c.ID).Token, ReadSet: n.tokens()})
	wantState(t, n.st.Intent(c.ID), Accepted) // A's old acceptance does not stand in its way
	n.must(nc, &Redeclare{ID: a.ID, Token: a.Token, ReadSet: n.tokens()})
	a = n.st.Intent(a.ID)
	wantState(t, a, Proposed) // the conflict that the suspension hid
	if v := verdict(a, c.ID); v.Outcome != Stands {
		t.Errorf("found in resync: %+v", v)
	}
	n.agree(nc, el, func(r *terms.Rules) {
		minima := r.Minima[0]
		minima.Suspended = false
		r.Suspended, r.Minima = false, []terms.Minima{minima}
	})
	n.apply(n.st.Unsettle("resumed", Concern{Owners: []party.ID{nc, el}}))
	n.settle()
	c = n.activate(c)
	wantState(t, c, Activated)
	if c.Anew {
		t.Error("still declared to resume what is in force")
	}
	if a.Listed || n.air.Counts().Intents != 2 {
		t.Errorf("in the airspace: %v, %d", a.Listed, n.air.Counts().Intents)
	}
}

// TestVerdictIsTheKernels: every verdict against an intent can be recomputed from
// what it names.
func TestVerdictIsTheKernels(t *testing.T) {
	n := pair(t, nil)
	a := n.declare(nc, plan("other", volumes(around(t, 0))))
	b := n.declare(el, plan("other", volumes(around(t, 3))))
	v := verdict(b, a.ID)
	again, err := conflict.Judge(a.Entity(), b.Entity(), conflict.Minima{
		LateralMM: v.Required.LateralMM, VerticalMM: v.Required.VerticalMM, TimeNS: v.Required.TimeNS, Source: m1.String(),
	})
	if err != nil {
		t.Fatal(err)
	}
	m, from, to := measureOf(&again)
	if from != v.From || to != v.To || m.Digest != v.Measure.Digest {
		t.Errorf("recomputed: %+v, found %+v", m, v.Measure)
	}
	if volume.MaxBufferMM < v.Required.LateralMM {
		t.Error("a separation beyond the kernel's bounds")
	}
}
