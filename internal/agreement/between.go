package agreement

import (
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
