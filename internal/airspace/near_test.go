package airspace

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/volume"
)

// Of what is near a plan, exactly that meets it whose OVN a PUT asks for.
func TestNearFindsWhatAPutAsksFor(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	n := newNode(t)
	for i := range 200 {
		by := party.ID("uss1")
		if i%5 == 0 {
			by = "uss2" // Down later on: its intents yield
		}
		c := n.intent(by, i, discs(t, r, 1+r.IntN(3))...)
		for _, v := range n.st.Intents(anywhere(t)) {
			c.Key = append(c.Key, v.OVN)
		}
		must(n, c)
	}
	for i := range 80 {
		must(n, PutConstraint{By: "authority", ID: newID(i), NewOVN: n.opaque(), Outline: discs(t, r, 1), URL: "https://a.example"})
	}
	must(n, SetAvailability{By: "arbiter", USS: "uss2", NewVersion: n.opaque(), Availability: Down})

	asked, near := 0, 0
	for range 100 {
		own := discs(t, r, 5+r.IntN(20))
		var extents []volume.Extent
		for _, o := range own {
			extents = o.Extents(extents)
		}
		c := n.intent("uss3", 1000, own...)
		c.Implicit, c.MayConstraints = n.implicit(1001), true
		c.Implicit.Constraints = true
		var want []ID
		_, refusal := do(&node{t: t, st: n.st, now: n.now}, undecided{c})
		if refusal != nil {
			for _, m := range refusal.MissingIntents {
				want = append(want, m.View.ID)
			}
			for _, m := range refusal.MissingConstraints {
				want = append(want, m.View.ID)
			}
		}
		found, complete := n.st.Near(extents, 280)
		if !complete {
			t.Fatal("280 entities are more than 280")
		}
		var got []ID
		for i := range found {
			nb := &found[i]
			inside := Neighbour{Outline: nb.Within(extents)}
			if nb.Meets(own) != inside.Meets(own) {
				t.Fatal("what meets is not among the volumes within the extents")
			}
			if !nb.Meets(own) {
				continue
			}
			got = append(got, nb.ID)
			if len(nb.Where(own, 3)) == 0 {
				t.Error("it meets, but nowhere")
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("met %v, a PUT asks for %v", got, want)
		}
		asked, near = asked+len(want), near+len(found)
	}
	if asked < 100 || near <= asked {
		t.Errorf("%d asked for of %d near: the test says little", asked, near)
	}
	if found, complete := n.st.Near(anywhere(t).Extents(nil), 10); complete || found != nil {
		t.Errorf("%d found where 10 are too many", len(found))
	}
}

// undecided is a command of which nothing becomes.
type undecided struct{ PutIntent }

func (u undecided) Decide(st *State, env Env) (Event, IntentChange, error) {
	_, change, err := u.PutIntent.Decide(st, env)
	return nil, change, err
}

// anywhere is an outline that holds all discs.
func anywhere(t testing.TB) outline.Volume {
	t.Helper()
	f, err := volume.NewCircle(latLng(t, -16.99, 180), 10_000_000)
	if err != nil {
		t.Fatal(err)
	}
	o, err := outline.Of(&volume.Volume4D{
		Footprint: f, Band: volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM},
		Window: volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}
