package intent

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
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
	a = n.st.Intent(a.ID)
	wantState(t, a, Accepted) // it takes nobody's place by not conforming
	if v := verdict(a, b.ID); v == nil || v.Outcome != OtherOffNominal {
		t.Errorf("beside it: %+v", v)
	}
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
