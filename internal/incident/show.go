package incident

import (
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// Shown is what a party involved sees of an incident: each account as it was
// given, and the joint sheet by where its points stand.
type Shown struct {
	Incident
	AgreedPoints   []int64 `json:"agreed,omitempty"`
	DisputedPoints []int64 `json:"disputed,omitempty"`
	OpenPoints     []int64 `json:"open,omitempty"`
	Left           []Left  `json:"left,omitempty"` // for the party to do
}

// Show returns what a party may see of an incident: all, when it is involved, but
// who reported it in confidence; otherwise there is none. Its error is a
// *event.Refusal.
func (st *State) Show(id string, to party.ID) (*Shown, error) {
	in := st.incidents[id]
	if in == nil || !slices.Contains(in.Opening.Parties, to) {
		return nil, event.Refuse(event.NotFound, "found no incident %q that you are involved in", clip(id))
	}
	out := &Shown{Incident: *in, Left: in.left(to)}
	if o := &out.Opening; o.By != to {
		o.Key = ""
		if o.Confidential {
			o.By, o.Confidential = "", false
		}
	}
	for i := range in.Sheet {
		n := in.Sheet[i].Number
		switch in.Status(n) {
		case Agreed:
			out.AgreedPoints = append(out.AgreedPoints, n)
		case Disputed:
			out.DisputedPoints = append(out.DisputedPoints, n)
		default:
			out.OpenPoints = append(out.OpenPoints, n)
		}
	}
	return out, nil
}

// IDs returns the ids of the incidents that a party is shown, sorted.
func (st *State) IDs(to party.ID) []string {
	ids := []string{}
	for _, id := range slices.Sorted(maps.Keys(st.incidents)) {
		if _, err := st.Show(id, to); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}
