package intent

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/index"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// snapshot is the form of a State, by id.
type snapshot struct {
	Intents []*Intent            `json:"intents"`
	Zones   []ZoneDecided        `json:"zones"`
	Reports []Reported           `json:"reports"`
	Doubts  map[party.ID][]Doubt `json:"doubts"`
	Late    map[party.ID]int64   `json:"late"`
	Closed  []string             `json:"closed"` // in the order of their end
}

// MarshalJSON implements json.Marshaler. Equal states have equal bytes.
func (st *State) MarshalJSON() ([]byte, error) {
	s := snapshot{Doubts: st.doubts, Late: st.late, Closed: st.closed}
	for _, id := range slices.Sorted(maps.Keys(st.intents)) {
		s.Intents = append(s.Intents, st.intents[id])
	}
	for _, id := range slices.Sorted(maps.Keys(st.zones)) {
		s.Zones = append(s.Zones, st.zones[id].ZoneDecided)
	}
	for _, id := range slices.Sorted(maps.Keys(st.reports)) {
		s.Reports = append(s.Reports, st.reports[id].Reported)
	}
	return json.Marshal(s)
}

// UnmarshalJSON implements json.Unmarshaler. What follows from the records is
// made again.
func (st *State) UnmarshalJSON(data []byte) error {
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*st = *New()
	var entries []index.Entry[string]
	for _, r := range s.Intents {
		r.place()
		st.intents[r.ID] = r
		st.due.set(r.ID, r.dueNS())
		if !r.State.over() {
			st.owners[r.Owner]++
		}
		for _, b := range r.boxes {
			entries = append(entries, index.Entry[string]{ID: r.ID, Box: b})
		}
	}
	st.boxes = index.Build(entries)
	for i := range s.Zones {
		st.fileZone(&s.Zones[i])
	}
	for i := range s.Reports {
		st.reports[s.Reports[i].ID] = newReport(&s.Reports[i])
	}
	if s.Doubts != nil {
		st.doubts = s.Doubts
	}
	if s.Late != nil {
		st.late = s.Late
	}
	st.closed = s.Closed
	return nil
}

// fileZone files a version of a zone. One that is cancelled is kept, so that a
// zone that an agreement names stays out of force.
func (st *State) fileZone(e *ZoneDecided) {
	z := &ZoneRecord{ZoneDecided: *e}
	st.zones[e.ID] = z
	if e.State == ZoneOver {
		st.due.set(e.ID, never)
		return
	}
	z.entity = e.Zone.entity(e.ID, e.Owner)
	_, end := (&declared.Shape{Volumes: e.Volumes}).Window()
	st.due.set(e.ID, int64(end))
}

// canonical returns the members of a record in canonical form.
func canonical(v any) ([]statement.Field, error) {
	text, err := statement.Marshal(v)
	if err != nil {
		return nil, err
	}
	return statement.Fields(text)
}
