package offer

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// image is a snapshot of a State, in order.
type image struct {
	Offers   []*Offer   `json:"offers"`
	Disputes []*dispute `json:"disputes"`
}

// MarshalJSON returns the snapshot of the state. Equal states have equal
// snapshots.
func (st *State) MarshalJSON() ([]byte, error) {
	return statement.Marshal(image{st.sorted(), st.open()})
}

// UnmarshalJSON replaces the state by that of a snapshot.
func (st *State) UnmarshalJSON(text []byte) error {
	var m image
	if err := statement.Reread(text, &m); err != nil {
		return err
	}
	*st = *New()
	for _, o := range m.Offers {
		st.offers[o.Offer] = o
	}
	for _, d := range m.Disputes {
		st.disputes[d.Conflict.key()] = d
	}
	return nil
}

// Get returns an offer that a party is in, or nil. It must not be changed.
func (st *State) Get(id string, to party.ID) *Offer {
	o, err := st.find(id, to)
	if err != nil {
		return nil
	}
	return o
}

// List returns the offers that a party is in, open ones first, the latest first
// among each. They must not be changed.
func (st *State) List(to party.ID) []*Offer {
	list := slices.DeleteFunc(st.sorted(), func(o *Offer) bool { return to != o.From && to != o.To })
	slices.SortStableFunc(list, func(a, b *Offer) int {
		if x, y := a.Status == StatusOpen, b.Status == StatusOpen; x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Since, a.Since)
	})
	return list
}

// Open is a conflict that is to be settled, or was.
type Open struct {
	Conflict
	Settled   string `json:"settled"` // the offer that was accepted; empty: none
	Escalated bool   `json:"escalated"`
}

// Conflicts returns the conflicts that a party is in, by the ids of the
// intents.
func (st *State) Conflicts(to party.ID) []Open {
	list := []Open{}
	for _, d := range st.open() {
		if d.Conflict.Release(to) != nil {
			list = append(list, Open{d.Conflict, d.Settled, d.Escalated})
		}
	}
	return list
}
