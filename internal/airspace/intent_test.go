package airspace

import (
	"fmt"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/outline"
)

func TestKey(t *testing.T) {
	n := newNode(t)
	here := box(t, 0, 0, 30)
	a := must(n, n.intent("uss1", 1, here)).Intent
	b := must(n, withKey(n.intent("uss2", 2, here), a.OVN)).Intent

	third := n.intent("uss3", 3, here)
	r := refused(n, withKey(third, b.OVN, "an OVN of something else"), MissingKeys)
	if len(r.MissingIntents) != 1 || r.MissingIntents[0].View.ID != a.ID {
		t.Fatalf("missing: %+v", r.MissingIntents)
	}
	met := r.MissingIntents[0].Met
	if len(met) != 1 || met[0].Window != here.Window() || met[0].LatE9Lo >= met[0].LatE9Hi {
		t.Errorf("met at %+v", met)
	}
	r = refused(n, third, MissingKeys)
	if len(r.MissingIntents) != 2 || r.MissingIntents[0].View.ID.Compare(r.MissingIntents[1].View.ID) > 0 {
		t.Fatalf("missing: %+v", r.MissingIntents)
	}

	// Meeting in space or in time alone needs no key.
	must(n, n.intent("uss3", 4, box(t, 0, 30, 60)))
	must(n, n.intent("uss3", 5, box(t, 500, 0, 30)))

	// A change needs no key for the version before, nor for what off-nominal
	// flights run into.
	must(n, withKey(n.change("uss1", 1, here), b.OVN))
	lost := n.change("uss2", 2, here)
	lost.State, lost.MayOffNominal, lost.Implicit = Nonconforming, true, n.implicit(90)
	must(n, lost)

	// Own intents are asked for as well.
	refused(n, n.intent("uss1", 6, here), MissingKeys)
}

func withKey(c PutIntent, key ...string) PutIntent {
	c.Key = key
	return c
}

func TestKeyOfConstraints(t *testing.T) {
	n := newNode(t)
	here := box(t, 0, 0, 30)
	zone := must(n, PutConstraint{By: "authority", ID: newID(1), NewOVN: n.opaque(), Outline: []outline.Volume{here}, URL: "https://a.example"}).Constraint
	must(n, n.intent("uss1", 2, here)) // does not process constraints

	c := withKey(n.intent("uss2", 3, here), n.st.intents.records.get(0).ovn)
	c.Implicit = n.implicit(91)
	c.Implicit.Constraints = true
	refused(n, c, NotAllowed)
	c.MayConstraints = true
	r := refused(n, c, MissingKeys)
	if len(r.MissingIntents) != 0 || len(r.MissingConstraints) != 1 || r.MissingConstraints[0].View.ID != zone.ID {
		t.Fatalf("%+v", r)
	}
	c.Key = append(c.Key, zone.OVN)
	must(n, c)
}

func TestKeyOfDown(t *testing.T) {
	n := newNode(t)
	here := box(t, 0, 0, 30)
	must(n, n.intent("uss1", 1, here))
	must(n, SetAvailability{By: "arbiter", USS: "uss1", NewVersion: n.opaque(), Availability: Down})
	mine := must(n, n.intent("uss2", 2, here)).Intent

	// Who is down may neither plan nor end; may say that it lost control.
	c := withKey(n.change("uss1", 1, here), mine.OVN)
	refused(n, c, MarkedDown)
	refused(n, DeleteIntent{By: "uss1", ID: newID(1), OVN: c.OVN}, MarkedDown)
	c.State, c.MayOffNominal, c.Implicit = Contingent, true, n.implicit(90)
	must(n, c)
	// What a silent manager flies is asked for.
	refused(n, withKey(n.intent("uss3", 3, here), mine.OVN), MissingKeys)
}

func TestOwnershipAndVersions(t *testing.T) {
	n := newNode(t)
	here := box(t, 0, 0, 30)
	first := must(n, n.intent("uss1", 1, here)).Intent
	if first.Version != 1 || first.Subscription != NullID {
		t.Errorf("first version: %+v", first)
	}
	refused(n, n.intent("uss1", 1, here), Exists)
	other := n.change("uss1", 1, here)
	other.By = "uss2"
	refused(n, other, NotOwner)
	refused(n, DeleteIntent{By: "uss2", ID: newID(1), OVN: first.OVN}, NotOwner)
	stale := n.change("uss1", 1, here)
	stale.OVN = "not the current one"
	refused(n, stale, StaleVersion)
	refused(n, DeleteIntent{By: "uss1", ID: newID(1), OVN: "not the current one"}, StaleVersion)
	unknown := n.intent("uss1", 2, here)
	unknown.OVN = first.OVN
	refused(n, unknown, StaleVersion)
	refused(n, DeleteIntent{By: "uss1", ID: newID(2), OVN: first.OVN}, NotFound)

	second := must(n, n.change("uss1", 1, here)).Intent
	if second.Version != 2 || second.OVN == first.OVN {
		t.Errorf("second version: %+v", second)
	}
	gone := must(n, DeleteIntent{By: "uss1", ID: newID(1), OVN: second.OVN}).Intent
	if gone.Version != 2 || gone.OVN != second.OVN {
		t.Errorf("an ended intent is shown as %+v", gone)
	}
	if _, ok := n.st.Intent(newID(1)); ok || len(n.st.Intents(here)) != 0 {
		t.Error("an ended intent is still there")
	}
}

func TestTimes(t *testing.T) {
	n := newNode(t)
	refused(n, n.intent("uss1", 1, box(t, 0, -30, 0)), Invalid)
	must(n, n.intent("uss1", 1, box(t, 0, -30, 1)))
	refused(n, n.intent("uss1", 2), Invalid)
}

func TestExplicitSubscriptionMustCover(t *testing.T) {
	n := newNode(t)
	wide := must(n, n.subscription("uss1", 50, box(t, 0, 0, 60))).Subscription
	must(n, n.subscription("uss2", 51, box(t, 0, 0, 60)))

	late := n.intent("uss1", 1, box(t, 0, 30, 61))
	late.Subscription = wide.ID
	refused(n, late, Invalid)
	away := n.intent("uss1", 1, box(t, 20, 0, 30))
	away.Subscription = wide.ID
	refused(n, away, Invalid)
	foreign := n.intent("uss1", 1, box(t, 0, 0, 30))
	foreign.Subscription = newID(51)
	a := refused(n, foreign, Invalid)
	foreign.Subscription = newID(99)
	if b := refused(n, foreign, Invalid); a.Message != b.Message {
		t.Errorf("%q tells that another party's subscription exists: %q", a.Message, b.Message)
	}
	fits := n.intent("uss1", 1, box(t, 0, 0, 60))
	fits.Subscription = wide.ID
	if got := must(n, fits).Intent.Subscription; got != wide.ID {
		t.Errorf("rests on %v", got)
	}

	// A subscription on which an intent rests can neither end nor shrink.
	refused(n, DeleteSubscription{By: "uss1", ID: wide.ID, Version: wide.Version}, HasDependents)
	small := n.subscription("uss1", 50, box(t, 0, 0, 59))
	small.Version = wide.Version
	refused(n, small, Invalid)
	large := n.subscription("uss1", 50, box(t, 0, 0, 90))
	large.Version = wide.Version
	got := must(n, large).Subscription
	if !slices.Equal(got.Dependents, []ID{newID(1)}) {
		t.Errorf("dependents %v", got.Dependents)
	}

	// Left without a subscription, the intent leaves the explicit one alive.
	bare := n.change("uss1", 1, box(t, 0, 0, 60))
	if got := must(n, bare).Intent.Subscription; got != NullID {
		t.Errorf("rests on %v", got)
	}
	if s, ok := n.st.Subscription(wide.ID); !ok || len(s.Dependents) != 0 {
		t.Errorf("subscription left: %+v, %v", s, ok)
	}
}

func TestImplicitSubscription(t *testing.T) {
	n := newNode(t)
	a := n.intent("uss1", 1, box(t, 0, 0, 30))
	a.Implicit = n.implicit(50)
	made := must(n, a)
	if len(made.Subscribers) != 1 || made.Subscribers[0].Notices[0] != (Notice{newID(50), 1}) {
		t.Errorf("subscribers of the first: %+v", made.Subscribers)
	}
	expectWindow(n, 50, 0, 30, 1)

	// A second intent stretches it; leaving lets it shrink; the last takes it along.
	b := n.intent("uss1", 2, box(t, 500, 20, 90))
	b.Subscription = newID(50)
	must(n, b)
	expectWindow(n, 50, 0, 90, 2)
	moved := n.change("uss1", 1, box(t, 0, 200, 230))
	moved.Implicit = n.implicit(51)
	must(n, moved)
	expectWindow(n, 50, 20, 90, 1)
	expectWindow(n, 51, 200, 230, 1)
	bare := n.change("uss1", 2, box(t, 500, 20, 90))
	must(n, bare)
	if _, ok := n.st.Subscription(newID(50)); ok {
		t.Error("an implicit subscription outlives its last intent")
	}
	view, _ := n.st.Intent(newID(1))
	end := must(n, DeleteIntent{By: "uss1", ID: newID(1), OVN: view.OVN})
	if len(end.Subscribers) != 1 || end.Subscribers[0].Notices[0].Subscription != newID(51) {
		t.Errorf("subscribers of the end: %+v", end.Subscribers)
	}
	if n.st.Counts() != (Counts{Intents: 1}) {
		t.Errorf("left: %+v", n.st.Counts())
	}

	// States that need one.
	active := n.intent("uss1", 3, box(t, 900, 0, 30))
	active.State = Activated
	refused(n, active, Invalid)
	active.Implicit, active.Subscription = n.implicit(52), newID(50)
	refused(n, active, Invalid)
	active.Subscription = ID{}
	must(n, active)
}

func expectWindow(n *node, id, fromMin, toMin, dependents int) {
	n.t.Helper()
	s, ok := n.st.Subscription(newID(id))
	if !ok || s.StartNS != nowNS+int64(fromMin)*minuteNS || s.EndNS != nowNS+int64(toMin)*minuteNS || len(s.Dependents) != dependents || !s.Implicit {
		n.t.Errorf("subscription %d is %+v (%v), want minutes %d to %d with %d dependents", id, s, ok, fromMin, toMin, dependents)
	}
}

// An OVN that a USS asked for does not come back while it could be asked for.
func TestAskedOVNsAreUsedOnce(t *testing.T) {
	n := newNode(t)
	suffix := func(minutes int) string {
		ms := (nowNS + int64(minutes)*minuteNS) / 1e6
		return fmt.Sprintf("%s_%08x-%04x-7000-8000-000000000000", newID(1), ms>>16, ms&0xffff)
	}
	put := func(ovn string) PutIntent {
		c := n.intent("uss1", 1, box(t, 0, 0, 600))
		if view, ok := n.st.Intent(c.ID); ok {
			c.OVN = view.OVN
		}
		c.NewOVN = ovn
		return c
	}
	first, second := suffix(0), suffix(1)
	must(n, put(first))
	must(n, put(second))
	refused(n, put(first), Invalid)
	must(n, put(n.opaque()))
	refused(n, put(first), Invalid)
	view, _ := n.st.Intent(newID(1))
	must(n, DeleteIntent{By: "uss1", ID: newID(1), OVN: view.OVN})
	refused(n, put(second), Invalid) // not by a new intent of that id either
	checkRecovery(t, n)

	restored, err := ReadState(written(t, n.st.Freeze()))
	if err != nil {
		t.Fatal(err)
	}
	n.st = restored
	refused(n, put(first), Invalid)

	// What nobody can ask for any more is forgotten.
	n.now += 20 * minuteNS
	must(n, put(suffix(20)))
	if len(n.st.asked.known) != 1 || len(n.st.asked.order) != 1 {
		t.Errorf("still remembered: %v", n.st.asked.order)
	}
}
