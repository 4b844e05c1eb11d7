package intent

import (
	"cmp"
	"slices"
)

// Flown returns the intents that are flown, by id: activated, or no longer
// conforming. They must not be changed.
func (st *State) Flown() []*Intent {
	var all []*Intent
	for _, r := range st.intents {
		if r.State == Activated || r.State.offNominal() {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *Intent) int { return cmp.Compare(a.ID, b.ID) })
	return all
}
