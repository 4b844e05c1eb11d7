package agreement

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

func (n *node) observe(clause string, of party.ID, outcome Outcome, whenNS int64) {
	n.apply(n.st.Observe(Observation{
		Source: terms.Source{Agreement: "M1", Version: 1, Clause: clause}, Party: of, Outcome: outcome, WhenNS: whenNS,
		Evidence: []string{"track 17"},
	}))
}

// TestA4BreachIsMeasured counts what was met and breached by clause, party and
// day, with evidence, and keeps to what can be seen.
func TestA4BreachIsMeasured(t *testing.T) {
	n := newNode(t)
	n.agreed(m1())
	first := at("2026-03-02T09:00:00Z")
	for day := range int64(3) {
		for range 6 {
			n.observe("7", east, Breached, first+day*dayNS)
		}
		for range 54 {
			n.observe("7", east, Met, first+day*dayNS)
		}
		n.observe("7", north, NotAssessable, first+day*dayNS)
	}
	// Toy: a log line a violation. Six a day of six flights and six of sixty are
	// the same to it.
	toy := func(outcomes []Outcome) (lines int) {
		for _, o := range outcomes {
			if o == Breached {
				lines++
			}
		}
		return lines
	}
	if toy(slices.Repeat([]Outcome{Breached}, 6)) != toy(append(slices.Repeat([]Outcome{Met}, 54), slices.Repeat([]Outcome{Breached}, 6)...)) {
		t.Fatal("the toy must not know a rate")
	}
	days, ok := n.st.Daily("M1", north, "2026-03-03", "2026-03-04")
	want := []Count{{"7", east, 54, 6, 0}, {"7", north, 0, 0, 1}}
	if !ok || len(days) != 2 || days[0].Day != "2026-03-03" || !slices.Equal(days[0].Counts, want) {
		t.Errorf("counts: %+v", days)
	}
	if _, ok := n.st.Daily("M1", sand, "", ""); ok {
		t.Error("who is not bound sees who breached")
	}
	g, _ := n.st.Agenda(n.view(), "M1", east, n.nowNS)
	if len(g.Breaches) != 21 || g.Breaches[0].Evidence[0] != "track 17" || g.Counts[0] != (Count{"7", east, 162, 18, 0}) {
		t.Errorf("agenda: %d breaches, %+v", len(g.Breaches), g.Counts)
	}
	if len(g.Open) != 1 || len(g.Uncovered) != 3 {
		t.Errorf("agenda: open %v, uncovered %v", g.Open, g.Uncovered)
	}

	// What nobody agreed cannot be breached.
	for _, o := range []Observation{
		{Party: east, Outcome: Breached},
		{Source: terms.Source{Agreement: "M1", Version: 1, Clause: "77"}, Party: east, Outcome: Breached},
		{Source: terms.Source{Agreement: "M1", Version: 3, Clause: "7"}, Party: east, Outcome: Breached},
		{Source: terms.Source{Agreement: "M1", Version: 1, Clause: "7"}, Party: sand, Outcome: Breached},
	} {
		if got := n.st.Observe(o); len(got) != 0 {
			t.Errorf("%+v: %v", o, got)
		}
	}
}

// TestA4NoMotive looks for a place where a machine or a party could state why:
// no event, act or record has one, but for texts of people.
func TestA4NoMotive(t *testing.T) {
	forbidden := []string{"motive", "intent", "intention", "deliberate", "purpose", "class", "fault", "blame", "excuse", "category"}
	seen := 0
	var look func(reflect.Type, string)
	look = func(typ reflect.Type, path string) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[State]().PkgPath() {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			seen++
			for _, word := range forbidden {
				if strings.Contains(name, word) {
					t.Errorf("%s.%s states a motive", path, name)
				}
			}
			look(f.Type, path+"."+f.Name)
		}
	}
	for name, kind := range Acts {
		look(reflect.TypeOf(kind.New()), name)
	}
	for name, empty := range Events {
		look(reflect.TypeOf(empty()), name)
	}
	look(reflect.TypeFor[agreement](), "state")
	if seen < 150 {
		t.Errorf("looked at %d members, expected all", seen)
	}
}

// TestA4QueryAndReply has a query replied to in the agreed time, or told overdue.
func TestA4QueryAndReply(t *testing.T) {
	n := newNode(t)
	n.agreed(m1())
	n.observe("7", east, Breached, n.nowNS)
	q := &Query{Agreement: "M1", To: east, Clause: "7", Observations: []string{"1"}, Text: "please account for the crossing"}
	n.refused(event.NotFound, sand, q)
	n.refused(event.Invalid, north, &Query{Agreement: "M1", To: sand, Clause: "7", Text: "t"})
	n.refused(event.NotFound, north, &Query{Agreement: "M1", To: east, Clause: "77", Text: "t"})
	n.refused(event.NotFound, north, &Query{Agreement: "M1", To: east, Clause: "7", Observations: []string{"2"}, Text: "t"})
	n.do(north, q)
	n.do(brevik, &Query{Agreement: "M1", To: east, Clause: "7", Text: "and this one"})
	asked := n.nowNS
	first, second := n.st.agreements["M1"].Queries[0], n.st.agreements["M1"].Queries[1]
	if int64(first.Due) != asked+48*hourNS {
		t.Errorf("due %s, want 48 h on", first.Due)
	}
	n.refused(event.NotAllowed, north, &Reply{"M1", first.ID, "r"})
	n.refused(event.NotFound, aldmar, &Reply{"M1", second.ID, "r"}) // it was another member's
	n.pass(asked + 48*hourNS - 1)
	if count[*Overdue](n) != 0 {
		t.Error("overdue before its time")
	}
	n.do(east, &Reply{"M1", second.ID, "a crew that strayed"})
	n.pass(asked + 48*hourNS)
	if o := last[*Overdue](n); count[*Overdue](n) != 1 || o.Query != first.ID {
		t.Errorf("overdue: %+v", o)
	}
	n.do(east, &Reply{"M1", first.ID, "here it is"})
	n.refused(event.NotNow, east, &Reply{"M1", first.ID, "again"})
	if e := last[*Replied](n); !e.Late {
		t.Error("a late reply is not marked")
	}
	g, _ := n.st.Agenda(n.view(), "M1", north, n.nowNS)
	if len(g.Queries) != 1 || g.Queries[0].ID != first.ID {
		t.Errorf("agenda: queries %+v, want the late one", g.Queries)
	}

	// Replies are due also while the agreement is suspended.
	n.do(north, &Suspend{Agreement: "M1", Reason: "r"})
	n.do(north, q)
	n.pass(n.nowNS + 48*hourNS)
	if count[*Overdue](n) != 2 {
		t.Error("suspension ends the time of a query")
	}
	for range maxQueries - 1 {
		n.do(north, &Query{Agreement: "M1", To: east, Clause: "7", Text: "t"})
	}
	n.refused(event.NotNow, north, &Query{Agreement: "M1", To: east, Clause: "7", Text: "one too many"})
}

// TestA4Bounds has hostile counts end.
func TestA4Bounds(t *testing.T) {
	n := newNode(t)
	n.agreed(m1())
	first := at("2026-03-02T09:00:00Z")
	for i := range int64(keptBreaches + 100) {
		n.observe("7", east, Breached, first+i*dayNS)
	}
	a := n.st.agreements["M1"]
	if len(a.Breaches) != keptBreaches || len(a.Days) != keptDays {
		t.Errorf("kept %d breaches and %d days", len(a.Breaches), len(a.Days))
	}
	if got, want := a.Breaches[0].ID, strconv.Itoa(101); got != want {
		t.Errorf("the oldest kept is %s, want %s", got, want)
	}
}

// TestA5WarnsAhead warns of expiry and review 30, 7 and 1 day ahead, and ends at
// the very instant.
func TestA5WarnsAhead(t *testing.T) {
	n := newNode(t)
	v1 := m1()
	v1.ReviewAt, v1.ExpiresAt = when("2026-03-21T00:00:00Z"), when("2026-04-20T00:00:00Z")
	n.agreed(v1)
	var got []string
	seen := 0
	collect := func() {
		for _, r := range n.journal[seen:] {
			if w, ok := decoded(t, r.text).(*Warned); ok {
				got = append(got, string(w.What)+" "+strconv.FormatInt(w.Days, 10)+" "+statement.Instant(r.at.NS).String()[:10])
			}
		}
		seen = len(n.journal)
	}
	n.pass(n.nowNS + 1)
	collect()
	n.pass(at("2026-04-20T00:00:00Z") - 1)
	collect()
	// It entered 20 days before the review: one warning is late, none is doubled.
	want := []string{"review 30 2026-03-01", "review 7 2026-03-14", "review 1 2026-03-20", "expiry 30 2026-03-21", "expiry 7 2026-04-13", "expiry 1 2026-04-19"}
	if !slices.Equal(got, want) {
		t.Errorf("warnings:\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n.legal("M1") != InForce {
		t.Error("expired before its time")
	}
	n.pass(at("2026-04-20T00:00:00Z"))
	if n.legal("M1") != HasExpired {
		t.Error("it does not expire")
	}
	n.refused(event.NotNow, north, propose(following(v1, north, nil)))
	if r := n.st.Rules(north, east, n.nowNS); len(r.Minima) != 0 {
		t.Error("an expired text gives rules")
	}
	if r := n.st.RulesAt(north, east, n.nowNS-1); len(r.Minima) != 1 {
		t.Error("what held before it expired is gone")
	}
}

// TestA5LateWarning gives of warnings whose time has passed the last one only.
func TestA5LateWarning(t *testing.T) {
	n := newNode(t)
	v1 := m1()
	v1.ReviewAt, v1.ExpiresAt = when("2026-03-04T00:00:00Z"), when("2026-03-04T00:00:00Z")
	n.agreed(v1)
	n.pass(n.nowNS)
	if w := last[*Warned](n); count[*Warned](n) != 2 || w.Days != 7 {
		t.Errorf("%d warnings, the last of %d days; want one each, of 7", count[*Warned](n), w.Days)
	}
}

// TestA5Review has a review set the date of the next.
func TestA5Review(t *testing.T) {
	n := newNode(t)
	n.agreed(m1())
	n.pass(at("2026-08-20T00:00:00Z"))
	n.observe("7", east, Breached, n.nowNS-dayNS)
	n.refused(event.Invalid, north, &Review{Agreement: "M1", Points: []string{"p"}, Next: 1})
	n.do(north, &Review{Agreement: "M1", Points: []string{"crossings are fewer"}, Next: *when("2027-02-01T00:00:00Z")})
	g, _ := n.st.Agenda(n.view(), "M1", east, n.nowNS)
	if len(g.Breaches) != 0 || g.Last == nil || g.Due.String()[:10] != "2027-02-01" {
		t.Errorf("agenda after the review: %+v", g)
	}
	warned := count[*Warned](n)
	n.pass(at("2027-01-02T00:00:00Z"))
	if count[*Warned](n) != warned+1 {
		t.Error("no warning of the next review")
	}
}

// TestA5SupersededRulesApply has an amendment change the rules from its entry on,
// and not for what happened before.
func TestA5SupersededRulesApply(t *testing.T) {
	n := newNode(t)
	v1 := n.agreed(m1())
	v2 := following(v1, east, func(t *terms.Text) {
		setParameter(t, "1", "lateral_mm", "18520000")
		t.Entry = &terms.Entry{Rule: "at", At: when("2026-06-01T00:00:00Z")}
	})
	// Toy: the text is edited in place.
	toy := *v1
	toy.Clauses = v2.Clauses
	if r := terms.Compile([]terms.InForce{{Text: &toy}}, terms.Pair(north, east)); r.Minima[0].LateralMM != 18520000 {
		t.Fatal("the toy must judge yesterday by today's text")
	}
	n.do(east, propose(v2))
	n.do(east, signing(v2))
	n.do(north, signing(v2))
	entry := at("2026-06-01T00:00:00Z")
	n.pass(entry + dayNS)
	for _, c := range []struct {
		ns   int64
		want int64
	}{{entry - 1, 9260000}, {entry, 18520000}, {n.nowNS, 18520000}} {
		if got := n.st.RulesAt(north, east, c.ns).Minima[0].LateralMM; got != c.want {
			t.Errorf("at %s: %d mm, want %d", statement.Instant(c.ns), got, c.want)
		}
	}
	if got := n.st.Rules(north, east, n.nowNS).Minima[0].LateralMM; got != 18520000 {
		t.Errorf("now: %d mm", got)
	}
	if reg, _ := n.st.Register("M1", north); len(reg) != 8 || reg[7].Status != terms.Reserved || reg[7].Version != 1 {
		t.Errorf("register: %+v", reg)
	}
}

// TestA5TerminationNeedsNotice ends an agreement when its notice has run.
func TestA5TerminationNeedsNotice(t *testing.T) {
	n := newNode(t)
	n.agreed(m1())
	given := n.nowNS
	n.do(east, &Terminate{Agreement: "M1", From: statement.Instant(given + dayNS), Reason: "r"})
	n.do(north, &Object{"M1", last[*Noticed](n).Notice, "it does remain in effect"})
	n.pass(given + 14*dayNS - 1)
	if n.legal("M1") != InForce {
		t.Error("it ended before the agreed notice had run")
	}
	n.pass(given + 14*dayNS)
	if n.legal("M1") != HasTerminated {
		t.Error("it goes on after the notice has run")
	}
	for _, body := range []any{
		&Suspend{Agreement: "M1", Reason: "r"}, &Terminate{Agreement: "M1", Reason: "r"},
	} {
		n.refused(event.NotNow, north, body)
	}
}
