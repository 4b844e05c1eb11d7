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
// who reported it in confidence, and of one around another party what it and that
// party said; otherwise there is none. Its error is a
// *event.Refusal.
func (st *State) Show(id string, to party.ID) (*Shown, error) {
	in := st.incidents[id]
	if in == nil || !slices.Contains(in.Opening.Parties, to) {
		return nil, event.Refuse(event.NotFound, "found no incident %q that you are involved in", clip(id))
	}
	out := &Shown{Incident: in.seenBy(to), Left: in.left(to)}
	if o := &out.Opening; o.By != to {
		o.Key = ""
		if o.Confidential {
			o.By, o.Confidential = "", false
		}
	}
	for i := range out.Sheet {
		n := out.Sheet[i].Number
		switch out.Sheet[i].status(in.answerers(out.Sheet[i].By, to)) {
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

// seenBy returns the incident as one involved sees it.
func (in *Incident) seenBy(to party.ID) Incident {
	out := *in
	around := in.Opening.Around
	if around == "" || around == to {
		return out
	}
	hidden := func(by party.ID) bool { return !in.sees(to, by) }
	out.Opening.Parties = sorted([]party.ID{to, around})
	out.Accounts = slices.DeleteFunc(slices.Clone(in.Accounts), func(t Told) bool { return hidden(t.Party) })
	out.Actions = slices.DeleteFunc(slices.Clone(in.Actions), func(a Action) bool { return hidden(a.Owner) })
	out.Closings = slices.DeleteFunc(slices.Clone(in.Closings), func(c Closing) bool { return hidden(c.Party) })
	out.Sheet = slices.DeleteFunc(slices.Clone(in.Sheet), func(it Item) bool { return hidden(it.By) })
	for i := range out.Sheet {
		it := &out.Sheet[i]
		it.Stances = slices.DeleteFunc(slices.Clone(it.Stances), func(s Stood) bool { return hidden(s.Party) })
		it.Late = it.Late && it.stance(to) == ""
	}
	out.AccountsTold = in.AccountsTold && out.account(to) == nil
	out.Category = in.Opening.Category
	indices := map[int64]bool{}
	for _, t := range out.Accounts {
		if t.Account.CollisionHazard {
			out.Category = NearMidair
		}
		for _, index := range t.Account.Evidence {
			indices[index] = true
		}
	}
	for _, e := range in.Opening.Evidence {
		indices[e.Index] = true
	}
	for _, it := range out.Sheet {
		for _, e := range it.Evidence {
			indices[e.Index] = true
		}
	}
	out.Frozen = slices.DeleteFunc(slices.Clone(in.Frozen), func(e Evidence) bool { return !indices[e.Index] })
	return out
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
