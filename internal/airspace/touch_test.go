package airspace

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
)

// What an event does not affect reads the same before and after it.
func TestTouch(t *testing.T) {
	var spots []outline.Volume
	for east := range 5 {
		spots = append(spots, box(t, float64(east)*80, 0, 30), box(t, float64(east)*80, 20, 50))
	}
	rapid.Check(t, func(r *rapid.T) {
		n := newNode(r)
		m := &model{map[ID]modelIntent{}, map[ID]modelConstraint{}, map[ID]*modelSubscription{}}
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			before := readings(n, spots)
			events := len(n.events)
			st := n.st
			old := recovered(t, n)
			if rapid.IntRange(0, 9).Draw(r, "availability") == 0 {
				uss := party.ID(rapid.SampledFrom([]string{"uss1", "uss2"}).Draw(r, "uss"))
				must(n, SetAvailability{
					By: "arbiter", USS: uss, OldVersion: st.Availability(uss).Version, NewVersion: n.opaque(), Availability: Normal,
				})
			} else {
				m.step(n, r, spots)
			}
			if len(n.events) != events+1 {
				continue
			}
			ev, _, err := Decode(n.events[events])
			if err != nil {
				t.Fatal(err)
			}
			touch := old.Touch(ev)
			for i, reading := range readings(n, spots) {
				if reading.differs(before[i]) && !touch.Affects(reading.scope) {
					r.Fatalf("%s changes what is read in %+v, unnoticed", ev.Type(), reading.scope)
				}
			}
		}
	})
}

// reading is what a reader sees in a scope.
type reading struct {
	scope       Scope
	intents     []IntentView
	constraints []ConstraintView
}

func (r *reading) differs(o reading) bool {
	return !slices.Equal(r.intents, o.intents) || !slices.Equal(r.constraints, o.constraints)
}

func readings(n *node, spots []outline.Volume) []reading {
	var all []reading
	for _, area := range spots {
		all = append(all,
			reading{scope: Scope{Kind: IntentKind, Area: []outline.Volume{area}}, intents: n.st.Intents(area)},
			reading{scope: Scope{Kind: ConstraintKind, Area: []outline.Volume{area}}, constraints: n.st.Constraints(area)})
	}
	for id := range 50 {
		i := reading{scope: Scope{Kind: IntentKind, ID: newID(id)}}
		if view, ok := n.st.Intent(newID(id)); ok {
			i.intents = []IntentView{view}
		}
		c := reading{scope: Scope{Kind: ConstraintKind, ID: newID(id)}}
		if view, ok := n.st.Constraint(newID(id)); ok {
			c.constraints = []ConstraintView{view}
		}
		all = append(all, i, c)
	}
	return all
}

// recovered returns the state before the next event.
func recovered(t *testing.T, n *node) *State {
	st, err := ReadState(written(t, n.st.Freeze()))
	if err != nil {
		t.Fatal(err)
	}
	return st
}
