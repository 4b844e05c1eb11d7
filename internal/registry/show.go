package registry

import (
	"slices"

	"github.com/deconflict/deconflict/internal/party"
)

// Shown is what one party may see of another.
type Shown struct {
	Party
	Desks   []Desk   `json:"desks,omitempty"`   // in the order of the positions
	Members []Member `json:"members,omitempty"` // named by it, by id
}

// Desk says whether a position is manned, and by somebody of which level who
// speaks what. Who that is stays with the party.
type Desk struct {
	Position  string      `json:"position"`
	Manned    bool        `json:"manned"`
	Level     party.Level `json:"level,omitzero"` // highest of those on watch
	Languages []string    `json:"languages,omitempty"`
	Linguist  bool        `json:"linguist"`
}

// Show returns what a party may see of another at an instant in nanoseconds
// since 1970; false when that is not enrolled. How to reach its positions, and
// its contact for investigations, are for enrolled parties only.
func (st *State) Show(id, to party.ID, nowNS int64) (Shown, bool) {
	p := st.parties[id]
	if p == nil {
		return Shown{}, false
	}
	shown := Shown{Party: *p, Members: st.Members(id, nowNS)}
	if st.parties[to] == nil {
		shown.Party, _ = split(*p)
		shown.Contact = ""
	}
	for _, q := range p.Positions {
		shown.Desks = append(shown.Desks, st.desk(id, q.Name, nowNS))
	}
	return shown, true
}

func (st *State) desk(id party.ID, position string, nowNS int64) Desk {
	d := Desk{Position: position}
	for _, w := range st.OnWatch(id, position, nowNS) {
		d.Manned = true
		d.Level = max(d.Level, w.Level)
		d.Linguist = d.Linguist || w.Linguist
		d.Languages = append(d.Languages, w.Languages...)
	}
	slices.Sort(d.Languages)
	d.Languages = slices.Compact(d.Languages)
	return d
}
