package registry

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
)

// snapshot is the form of a state in a snapshot; every list is sorted.
type snapshot struct {
	Parties []*Party  `json:"parties"`
	Desks   []desked  `json:"desks"`
	Members []Member  `json:"members"`
	Pending []Pending `json:"pending"`
	Hooks   []Hooking `json:"hooks,omitempty"`
}

type desked struct {
	Party    party.ID `json:"party"`
	Position string   `json:"position"`
	desk
}

// MarshalJSON implements json.Marshaler.
func (st *State) MarshalJSON() ([]byte, error) {
	s := snapshot{Parties: st.Parties()}
	for _, key := range slices.SortedFunc(maps.Keys(st.desks), deskKey.compare) {
		s.Desks = append(s.Desks, desked{key.party, key.position, *st.desks[key]})
	}
	for _, key := range slices.SortedFunc(maps.Keys(st.members), memberKey.compare) {
		s.Members = append(s.Members, *st.members[key])
	}
	for _, key := range slices.SortedFunc(maps.Keys(st.pending), pendingKey.compare) {
		s.Pending = append(s.Pending, *st.pending[key])
	}
	s.Hooks = st.Hooks()
	return json.Marshal(s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (st *State) UnmarshalJSON(data []byte) error {
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*st = *New()
	for _, p := range s.Parties {
		st.file(p)
	}
	for _, d := range s.Desks {
		st.put(deskKey{d.Party, d.Position}, d.desk)
	}
	for _, m := range s.Members {
		st.members[m.key()] = &m
	}
	for _, p := range s.Pending {
		st.pending[pendingKey{p.Party, p.Digest}] = &p
	}
	for _, h := range s.Hooks {
		st.hooks[deskKey{h.Party, h.Position}] = h
	}
	st.setDeadline()
	return nil
}
