package airspace

import (
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/index"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/volume"
)

// Neighbour is an intent or constraint that may be near. Its outline is shared
// with the State and must not be changed.
type Neighbour struct {
	Kind    Kind // IntentKind or ConstraintKind
	ID      ID
	Manager party.ID
	Version int32
	State   IntentState // of an intent
	Outline []outline.Volume
}

// Near returns every intent and constraint of which a box meets one of the
// extents, sorted by kind and id: whatever meets a volume within the extents is
// among them. An Accepted intent that an Accepted one may be put over, as its
// manager is Down, is not. It copies references only, so that a reader may take
// its time afterwards. Where more than most are found, it returns none, and
// false.
func (st *State) Near(extents []volume.Extent, most int) ([]Neighbour, bool) {
	boxes := make([]index.Box, len(extents))
	for i, x := range extents {
		boxes[i] = conflict.Box(x)
	}
	intents := st.intents.within(boxes, most)
	constraints := st.constraints.within(boxes, most)
	if len(intents)+len(constraints) > most {
		return nil, false
	}
	found := make([]Neighbour, 0, len(intents)+len(constraints))
	for _, n := range intents {
		if r := st.intents.records.get(n); !st.yields(r) {
			found = append(found, Neighbour{IntentKind, r.id, managerOf(r), r.version, r.state, r.outline})
		}
	}
	slices.SortFunc(found, func(a, b Neighbour) int { return a.ID.Compare(b.ID) })
	n := len(found)
	for _, c := range constraints {
		r := st.constraints.records.get(c)
		found = append(found, Neighbour{ConstraintKind, r.id, party.ID(r.manager.Value()), r.version, 0, r.outline})
	}
	slices.SortFunc(found[n:], func(a, b Neighbour) int { return a.ID.Compare(b.ID) })
	return found, true
}

// within returns the numbers of the entities that have a box which overlaps one
// of the boxes, each once; where they are more than most, some of them.
func (k *kept[T]) within(boxes []index.Box, most int) []int64 {
	var found []int64
	snapshot := k.boxes.Snapshot()
	for _, box := range boxes {
		found = snapshot.Search(found, box)
		slices.Sort(found)
		if found = slices.Compact(found); len(found) > most {
			break
		}
	}
	return found
}

// yields tells whether an intent ranks below every other: the OVN of an Accepted
// intent whose manager is Down can be had from nobody, and such an intent ranks
// lowest (F3548-21 SCD0005), so that it is not asked for.
func (st *State) yields(r *intent) bool {
	return r.state == Accepted && st.availability[managerOf(r)].state == Down
}

// Within returns those of the neighbour's volumes that may meet one of the
// extents.
func (n *Neighbour) Within(extents []volume.Extent) []outline.Volume {
	boxes := make([]index.Box, len(extents))
	for i, x := range extents {
		boxes[i] = conflict.Box(x)
	}
	var found []outline.Volume
	var buf [2]volume.Extent
	for i := range n.Outline {
		for _, x := range n.Outline[i].Extents(buf[:0]) {
			own := conflict.Box(x)
			if slices.ContainsFunc(boxes, own.Overlaps) {
				found = append(found, n.Outline[i])
				break
			}
		}
	}
	return found
}

// Meets tells whether the neighbour meets one of the volumes: whether its OVN
// has to be in the key of who declares them.
func (n *Neighbour) Meets(volumes []outline.Volume) bool { return meet(volumes, n.Outline) }

// Where returns boxes in which the neighbour meets volumes, at most so many.
func (n *Neighbour) Where(volumes []outline.Volume, most int) []Met {
	return where(volumes, n.Outline, most)
}
