package notice

import (
	"encoding/json"
	"maps"
	"slices"
)

// MarshalJSON implements json.Marshaler: all notices, by id.
func (st *State) MarshalJSON() ([]byte, error) {
	list := make([]*Notice, 0, len(st.notices))
	for _, id := range slices.Sorted(maps.Keys(st.notices)) {
		list = append(list, st.notices[id])
	}
	return json.Marshal(list)
}

// UnmarshalJSON implements json.Unmarshaler.
func (st *State) UnmarshalJSON(text []byte) error {
	var list []*Notice
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	*st = *New()
	for _, n := range list {
		st.put(n)
	}
	return nil
}
