package registry

import (
	"crypto/ed25519"

	"github.com/deconflict/deconflict/internal/party"
)

// Witness is a key with which a party of kind witness co-signs heads of the
// record.
type Witness struct {
	Name party.ID
	Key  ed25519.PublicKey
}

// Witnesses returns the keys of all witnesses that hold at an instant, in
// nanoseconds since 1970, by party. A witness that changes its key may have two
// for a while.
func (st *State) Witnesses(nowNS int64) []Witness {
	var all []Witness
	for _, p := range st.Parties() {
		if p.Kind != KindWitness {
			continue
		}
		for _, r := range p.Roles {
			for _, h := range r.Holders {
				if public, ok := h.Key.Public(); ok && h.Holds(nowNS) {
					all = append(all, Witness{p.ID, public})
				}
			}
		}
	}
	return all
}
