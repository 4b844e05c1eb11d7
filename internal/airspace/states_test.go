package airspace

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/statement"
)

// section returns the cells of the table under a heading of docs/STATES.md.
func section(t *testing.T, heading string) (head []string, rows [][]string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/STATES.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/STATES.md has no section %q", heading)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		if head == nil {
			head = cells
		} else {
			rows = append(rows, cells)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("section %q of docs/STATES.md has no table", heading)
	}
	return head, rows
}

// Each cell of the table of intents is tried, with each set of scopes.
func TestIntentStatesAsDocumented(t *testing.T) {
	head, rows := section(t, "Operational intents")
	if len(rows) != 5 || len(head) != 6 {
		t.Fatalf("the table has %d rows and %d columns", len(rows), len(head))
	}
	for _, row := range rows {
		for i, to := range head[1:] {
			for scopes := range 4 {
				plan, conformance := scopes&1 != 0, scopes&2 != 0
				want := row[i+1] == "yes" && (plan || to == "ended") || row[i+1] == "conformance" && conformance
				if got := intentMay(t, row[0], to, plan, conformance); got != want {
					t.Errorf("%s to %s with planning %v, conformance %v: got %v, documented %q", row[0], to, plan, conformance, got, row[i+1])
				}
			}
		}
	}
}

func intentMay(t *testing.T, from, to string, plan, conformance bool) bool {
	n := newNode(t)
	here := box(t, 0, 0, 30)
	c := n.intent("uss1", 1, here)
	c.Implicit = n.implicit(50)
	if from != "(none)" {
		for _, step := range pathTo(t, from) {
			c.State, c.MayOffNominal = step, true
			c.OVN = must(n, c).Intent.OVN
			c.NewOVN = n.opaque()
			c.Implicit = n.implicit(60 + int(step))
		}
	}
	if to == "ended" {
		_, refusal := do(n, DeleteIntent{By: "uss1", ID: c.ID, OVN: c.OVN})
		return refusal == nil
	}
	c.State, _ = ParseState(to)
	c.MayPlan, c.MayOffNominal = plan, conformance
	_, refusal := do(n, c)
	return refusal == nil
}

func pathTo(t *testing.T, state string) []IntentState {
	s, ok := ParseState(state)
	if !ok {
		t.Fatalf("docs/STATES.md names a state %q", state)
	}
	return []IntentState{s}
}

func TestEventsAsDocumented(t *testing.T) {
	_, rows := section(t, "Events")
	var documented, known []string
	for _, row := range rows {
		if row[1] != "1" {
			t.Errorf("event %s has no version %s", row[0], row[1])
		}
		documented = append(documented, row[0])
	}
	for _, ev := range goldenEvents(t) {
		known = append(known, ev.Type())
	}
	slices.Sort(documented)
	slices.Sort(known)
	if !slices.Equal(documented, known) {
		t.Errorf("documented %v, known %v", documented, known)
	}
}

// fullEvents are events of each type with every member that it can have.
func fullEvents(t *testing.T) []Event {
	all := goldenEvents(t)
	put := all[0].(*IntentPut)
	for _, ev := range all {
		switch e := ev.(type) {
		case *IntentGone:
			e.Implicit = put.Implicit
		case *ConstraintGone:
			e.Swept, e.Notified = true, put.Notified
		case *SubscriptionPut:
			e.Intents, e.Constraints = true, true
		case *SubscriptionGone:
			e.Swept = true
		}
	}
	return all
}

// The table of members names the members of each event, no more and no less, and
// what others see of them.
func TestMembersAsDocumented(t *testing.T) {
	_, rows := section(t, "Members of events")
	for _, ev := range fullEvents(t) {
		fields, err := statement.Fields(Encode(nil, ev, nowNS))
		if err != nil {
			t.Fatal(err)
		}
		var members, shown, documented, open []string
		for _, f := range fields {
			members = append(members, f.Name)
		}
		for _, name := range released[ev.Type()] {
			if slices.Contains(members, name) {
				shown = append(shown, name)
			}
		}
		for _, row := range rows {
			name, in := strings.Trim(row[0], "`"), row[1]
			here := strings.Contains(in, ev.Type())
			if strings.HasPrefix(in, "all") {
				here = !here
			}
			if !here {
				continue
			}
			documented = append(documented, name)
			if row[3] == "yes" && len(shown) > 0 {
				open = append(open, name)
			}
		}
		if !slices.Equal(documented, members) {
			t.Errorf("%s: documented %v, has %v", ev.Type(), documented, members)
		}
		if !slices.Equal(open, shown) {
			t.Errorf("%s: documented that others see %v, they see %v", ev.Type(), open, shown)
		}
	}
}

func TestAvailabilityAsDocumented(t *testing.T) {
	head, rows := section(t, "Availability of a USS")
	for _, row := range rows {
		for i, to := range head[1:] {
			n := newNode(t)
			from, ok := ParseAvailability(row[0])
			if !ok {
				t.Fatalf("docs/STATES.md names an availability %q", row[0])
			}
			have := must(n, SetAvailability{By: "arbiter", USS: "uss1", NewVersion: "first", Availability: from})
			next, _ := ParseAvailability(to)
			set := SetAvailability{By: "arbiter", USS: "uss1", OldVersion: have.Version, NewVersion: "second", Availability: next}
			if _, refusal := do(n, set); (refusal == nil) != (row[i+1] == "arbitration") {
				t.Errorf("%s to %s: %v", row[0], to, refusal)
			}
			refused(n, set, StaleVersion)
			set.OldVersion = ""
			refused(n, set, StaleVersion)
		}
	}
	if got := NewState().Availability("uss9"); got != (AvailabilityView{USS: "uss9"}) {
		t.Errorf("a USS that nobody spoke of: %+v", got)
	}
}

func TestConstraintsAsDocumented(t *testing.T) {
	section(t, "Constraints") // must be there
	n := newNode(t)
	here := box(t, 0, 0, 30)
	put := PutConstraint{By: "authority", ID: newID(1), NewOVN: n.opaque(), Outline: []outline.Volume{here}, URL: "https://a.example"}
	refused(n, DeleteConstraint{By: "authority", ID: newID(1), OVN: "any"}, NotFound)
	watch := n.subscription("uss1", 50, box(t, 0, 0, 600))
	watch.Constraints = true
	must(n, watch)
	deaf := n.subscription("uss1", 51, box(t, 0, 0, 600))
	must(n, deaf)

	first := must(n, put)
	if len(first.Subscribers) != 1 || len(first.Subscribers[0].Notices) != 1 || first.Subscribers[0].Notices[0] != (Notice{newID(50), 1}) {
		t.Errorf("subscribers: %+v", first.Subscribers)
	}
	refused(n, put, Exists)
	put.OVN = first.Constraint.OVN
	foreign := put
	foreign.By = "uss1"
	refused(n, foreign, NotOwner)
	stale := put
	stale.OVN = "another"
	refused(n, stale, StaleVersion)
	put.NewOVN, put.Outline = n.opaque(), []outline.Volume{box(t, 9000, 0, 30)}
	second := must(n, put) // away from the subscription: it is told because of where it was
	if second.Constraint.Version != 2 || len(second.Subscribers) != 1 {
		t.Errorf("moved: %+v", second)
	}
	refused(n, DeleteConstraint{By: "uss1", ID: newID(1), OVN: second.Constraint.OVN}, NotOwner)
	refused(n, DeleteConstraint{By: "authority", ID: newID(1), OVN: first.Constraint.OVN}, StaleVersion)
	if gone := must(n, DeleteConstraint{By: "authority", ID: newID(1), OVN: second.Constraint.OVN}); len(gone.Subscribers) != 0 {
		t.Errorf("ended away from everybody, told %+v", gone.Subscribers)
	}
}

func TestSubscriptionRules(t *testing.T) {
	section(t, "Subscriptions")
	n := newNode(t)
	c := n.subscription("uss1", 50, box(t, 0, 0, 24*60))
	deaf := c
	deaf.Intents = false
	refused(n, deaf, Invalid)
	first := must(n, c).Subscription
	if first.Index != 0 || first.Implicit {
		t.Errorf("%+v", first)
	}
	refused(n, c, Exists)
	refused(n, n.subscription("uss1", 51, box(t, 0, 0, 24*60+1)), Invalid)
	refused(n, n.subscription("uss1", 51, box(t, 0, -10, 0)), Invalid)
	c.Version, c.NewVersion = first.Version, n.opaque()
	foreign := c
	foreign.By = "uss2"
	refused(n, foreign, NotOwner)
	second := must(n, c).Subscription
	if second.Version == first.Version {
		t.Error("a change keeps the version")
	}
	refused(n, c, StaleVersion)
	unknown := n.subscription("uss1", 52, box(t, 0, 0, 30))
	unknown.Version = second.Version
	refused(n, unknown, StaleVersion)
	refused(n, DeleteSubscription{By: "uss2", ID: c.ID, Version: second.Version}, NotOwner)
	refused(n, DeleteSubscription{By: "uss1", ID: c.ID, Version: first.Version}, StaleVersion)
	must(n, DeleteSubscription{By: "uss1", ID: c.ID, Version: second.Version})
	refused(n, DeleteSubscription{By: "uss1", ID: c.ID, Version: second.Version}, NotFound)
}

// What nobody ends, the node ends, at the time that docs/STATES.md names.
func TestSweep(t *testing.T) {
	n := newNode(t)
	if _, ok := n.st.Deadline(); ok {
		t.Error("something is due where nothing is")
	}
	a := n.intent("uss1", 1, box(t, 0, 0, 30))
	a.Implicit = n.implicit(50)
	must(n, a)
	must(n, n.subscription("uss1", 51, box(t, 0, 0, 60)))
	b := n.intent("uss1", 2, box(t, 0, 30, 60))
	b.Subscription = newID(51)
	must(n, b)
	must(n, PutConstraint{By: "authority", ID: newID(3), NewOVN: n.opaque(), Outline: []outline.Volume{box(t, 0, 0, 90)}, URL: "https://a.example"})

	for _, step := range []struct {
		minute int
		want   Counts // after it
	}{
		{61, Counts{2, 1, 1}}, // the explicit subscription, though an intent rests on it
		{24*60 + 30, Counts{1, 1, 0}},
		{24*60 + 60, Counts{0, 1, 0}},
		{24*60 + 90, Counts{}},
	} {
		due, ok := n.st.Deadline()
		if want := nowNS + int64(step.minute)*minuteNS; !ok || due != want {
			t.Fatalf("next due %v (%v), want minute %d", time.Unix(0, due).UTC(), ok, step.minute)
		}
		n.now = due - 1
		if must(n, Sweep{}) {
			t.Errorf("swept before minute %d", step.minute)
		}
		n.now = due
		if !must(n, Sweep{}) || must(n, Sweep{}) {
			t.Errorf("minute %d: want one sweep", step.minute)
		}
		if got := n.st.Counts(); got != step.want {
			t.Errorf("after minute %d: %+v, want %+v", step.minute, got, step.want)
		}
	}
}
