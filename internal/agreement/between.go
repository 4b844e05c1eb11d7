package agreement

import (
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/terms"
)

// Between returns the ids of the agreements in force that bind two parties, by
// id.
func (st *State) Between(a, b party.ID) []string {
	var ids []string
	for _, id := range st.between[terms.Pair(a, b)] {
		if g := st.agreements[id]; g.running() && g.binds(a, b) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Binds reports whether a party is a signatory of an agreement that all signed
// and that has not ended.
func (st *State) Binds(id party.ID) bool {
	for _, g := range st.agreements {
		if len(g.Steps) > 0 && !g.ended() && slices.Contains(g.Parties, id) {
			return true
		}
	}
	return false
}
