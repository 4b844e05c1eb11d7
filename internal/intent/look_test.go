package intent

import (
	"testing"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// TestDetailsHoldTheIntent: what other USSs are told meets everything that the
// intent meets, and stays within the outline that the airspace has.
func TestDetailsHoldTheIntent(t *testing.T) {
	n := varanth(t, "06:00")
	r := n.declare(hr, h17(t))
	d, err := n.st.Details(r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d.OVN != r.Token || d.Priority == 0 || len(d.OffNominal) != 0 {
		t.Errorf("details %+v", d)
	}
	// At a place and instant of the flight a volume is there.
	at, altMM := r.Entity().Trajectories[0].At(int64(clock(t, "09:13:30")))
	spot, err := volume.NewCircle(at, 1000)
	if err != nil {
		t.Fatal(err)
	}
	craft := &volume.Entity{ID: "craft", Volumes: []volume.Volume4D{{
		Footprint: spot, Band: volume.Band{LowerMM: altMM, UpperMM: altMM + 1},
		Window: volume.Window{StartNS: int64(clock(t, "09:13:30")), EndNS: int64(clock(t, "09:13:31"))},
	}}}
	if in, err := conflict.Decide(craft, &volume.Entity{ID: "told", Volumes: d.Volumes}, conflict.Minima{}); err != nil || !in {
		t.Errorf("the flight is outside of what is told: %v, %v", in, err)
	}
	where := declared.Shape{Volumes: []declared.Volume{circle(t, 12, -29.7, 5, 9000, 9100, "09:14", "09:15")}}
	n.must(hr, &Nonconform{ID: r.ID, OffNominal: &where})
	if d, err = n.st.Details(r.ID); err != nil || len(d.OffNominal) != 1 || d.State != Nonconforming {
		t.Errorf("off nominal: %v, %+v", err, d)
	}
	n.must(hr, &End{ID: r.ID})
	if _, err := n.st.Details(r.ID); err == nil {
		t.Error("details of an intent that is over")
	}
}

// TestForeignOnesAreNotClear: an operational intent of another USS is read before
// it is flown over, by its OVN; and what is known coarsely is never called clear.
func TestForeignOnesAreNotClear(t *testing.T) {
	n := pair(t, nil)
	shape := volumes(around(t, 0))
	e, err := shape.Entity(label)
	if err != nil {
		t.Fatal(err)
	}
	o, err := outline.Of(&e.Volumes[0])
	if err != nil {
		t.Fatal(err)
	}
	foreign := airspace.NewID([16]byte{1})
	ev, _, err := airspace.PutIntent{
		By: "uss-elsewhere", ID: foreign, NewOVN: "an-ovn-of-another-uss", Outline: []outline.Volume{o},
		State: airspace.Accepted, URL: "https://uss.example", MayPlan: true,
	}.Decide(n.air, airspace.Env{NowNS: n.now})
	if err != nil {
		t.Fatal(err)
	}
	n.apply([]event.Event{Airspace{ev}})
	p := plan("other", volumes(around(t, 1)))
	r := n.refused(nc, &Declare{Plan: p}, event.Stale)
	miss := r.Details.(StaleDetails).Missing
	if len(miss) != 1 || miss[0].ID != foreign.String() || len(miss[0].Boxes) == 0 || miss[0].Against != AgainstForeign {
		t.Fatalf("missing %+v", miss)
	}
	events := n.must(nc, &Declare{Plan: p, ReadSet: []string{"an-ovn-of-another-uss"}})
	d := events[0].(*Decided)
	if v := verdict(n.st.Intent(d.ID), foreign.String()); v == nil || v.Outcome != Possible || v.Measure != nil {
		t.Errorf("against a coarse outline: %+v", v)
	}
	// What does not conform needs no key.
	n.must(nc, &Nonconform{ID: d.ID})
}

// TestLapse: an intent that nobody ends is closed, before the airspace sweeps
// it, and forgotten later. One that was superseded ends with its successor.
func TestLapse(t *testing.T) {
	n := pair(t, nil)
	a := n.declare(nc, plan("other", volumes(around(t, 0))))
	p := plan("other", volumes(around(t, 0.5)))
	p.Supersedes = a.ID
	b := n.declare(nc, p)
	n.settle()
	wantState(t, n.st.Intent(a.ID), Withdrawn)
	b = n.activate(b)
	n.now = int64(b.End) + lapseNS - 1
	n.settle()
	wantState(t, n.st.Intent(b.ID), Activated)
	n.now++
	events := n.settle()
	wantState(t, n.st.Intent(b.ID), Ended)
	if c := events[0].(*Closed); !c.Lapsed || c.Actor() != "" || n.air.Counts().Intents != 0 {
		t.Errorf("closed %+v, in the airspace %d", c, n.air.Counts().Intents)
	}
	n.now += keptNS
	q := plan("other", declared.Shape{Volumes: []declared.Volume{around(t, 0)}})
	q.Volumes[0].Start, q.Volumes[0].End = instant(n.now), instant(n.now+hourNS)
	n.declare(nc, q)
	if n.st.Intent(a.ID) != nil || n.st.Intent(b.ID) != nil {
		t.Error("what is long over is still there")
	}
	if _, ok := n.st.Deadline(); !ok {
		t.Error("nothing is ever due")
	}
}

func instant(ns int64) statement.Instant { return statement.Instant(ns) }

// TestMassReviewIsSliced: a change that concerns all is taken in slices, and
// everything is under review from the first.
func TestMassReviewIsSliced(t *testing.T) {
	n := pair(t, nil)
	n.enrol("other-party", registry.KindSignatory)
	for i := range 40 {
		n.declare(nc, plan("other", volumes(around(t, float64(i)*10))))
	}
	n.apply(n.st.Unsettle("all", Concern{}))
	for id, r := range n.st.intents {
		if r.Review == "" {
			t.Fatalf("%s is not under review", id)
		}
	}
	calls := 0
	for ns, ok := n.st.Deadline(); ok && ns <= n.now; ns, ok = n.st.Deadline() {
		events := n.st.Due(n.view(), n.env())
		if len(events) == 0 || len(events) > maxReviews {
			t.Fatalf("a slice of %d", len(events))
		}
		n.apply(events)
		calls++
	}
	if calls != 3 {
		t.Errorf("40 reviews in %d slices", calls)
	}
	here := volumes(around(t, 0))
	e, err := here.Entity(label)
	if err != nil {
		t.Fatal(err)
	}
	if events := n.st.Unsettle("near", Concern{Near: e, Owners: []party.ID{nc}}); len(events) != 1 || len(events[0].(*Unsettled).IDs) < 2 || len(events[0].(*Unsettled).IDs) > 30 {
		t.Errorf("near, of 40 over 390 NM: %v", events)
	}
	if events := n.st.Unsettle("of nobody", Concern{Owners: []party.ID{el}}); len(events) != 0 {
		t.Errorf("of nobody: %v", events)
	}
}
