package intent

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// Look is an intent as a party sees it.
type Look struct {
	// Members are those of the record that the party is shown, in canonical JSON.
	Members []byte
	// Grade is how well it is assured towards the party, and LastEvidence when
	// that was last shown: zero for a bare claim.
	Grade        terms.Grade
	LastEvidence statement.Instant
	// Notice is the class of the notice that the party had; empty until it said
	// that it received the intent.
	Notice terms.Class
	// UnderReview: the verdicts rest on what no longer holds.
	UnderReview bool
	Since       statement.Instant
}

// Look returns an intent as a party sees it, false when it sees nothing of it.
func (st *State) Look(id string, to party.ID) (Look, bool) {
	r := st.intents[id]
	if r == nil {
		return Look{}, false
	}
	var record any = r
	names := []string(nil)
	if to != r.Owner {
		i := slices.IndexFunc(r.Shown, func(s Shown) bool { return s.To == to })
		if i < 0 {
			return Look{}, false
		}
		record, names = &r.Decided, r.Shown[i].Members
	}
	fields, err := canonical(record)
	if err != nil {
		return Look{}, false
	}
	if to != r.Owner {
		fields = slices.DeleteFunc(fields, func(f statement.Field) bool { return !slices.Contains(names, f.Name) })
	}
	text, err := statement.AppendObject(nil, fields)
	if err != nil {
		return Look{}, false
	}
	l := Look{Members: text, UnderReview: r.Review != "", Since: r.Since}
	l.Grade, l.LastEvidence = st.Grade(r, to)
	for _, x := range r.Receipts {
		if x.Party == to {
			l.Notice = x.Class
		}
	}
	return l, true
}

// IDs returns the ids of the intents that a party is shown, the first after one
// given, at most so many.
func (st *State) IDs(to party.ID, after string, most int) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(st.intents)) {
		if len(ids) == most {
			break
		}
		if id > after && st.intents[id].shows(to, "id") {
			ids = append(ids, id)
		}
	}
	return ids
}

// Words that an answer about an area begins with. That nothing is declared does
// not say that nobody is there.
const (
	NoneDeclared = "none declared"
	SomeDeclared = "declared"
)

// Known is what is known of an area: never that it is clear.
type Known struct {
	Says    string            `json:"says"` // NoneDeclared or SomeDeclared
	AsOf    statement.Instant `json:"as_of"`
	IDs     []string          `json:"ids"`     // shown to who asks, by id
	Heard   []party.ID        `json:"heard"`   // parties that have anything declared anywhere now
	Reports []string          `json:"reports"` // ids of reports about the area, by hearsay
}

// Known returns what a party may know of an area and time.
func (st *State) Known(e *volume.Entity, to party.ID, nowNS int64) Known {
	k := Known{Says: NoneDeclared, AsOf: statement.Instant(nowNS), Heard: slices.Sorted(maps.Keys(st.owners))}
	for _, o := range st.near(e, volume.Need{}, func(o *Intent) bool { return o.shows(to, "volumes") }) {
		k.IDs = append(k.IDs, o.ID)
		k.Says = SomeDeclared
	}
	for _, id := range slices.Sorted(maps.Keys(st.reports)) {
		if r := st.reports[id]; r.By == to || slices.Contains(r.To, to) {
			k.Reports = append(k.Reports, id)
		}
	}
	return k
}

// Zones returns all zones, by owner and name. They must not be changed.
func (st *State) Zones() []*ZoneRecord {
	return slices.SortedFunc(maps.Values(st.zones), func(a, b *ZoneRecord) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

// Late returns how many notices of a party reached others later than agreed.
func (st *State) Late(p party.ID) int64 { return st.late[p] }

// Doubts returns the contradictions of a party's declarations that people have
// not reviewed. They must not be changed.
func (st *State) Doubts(p party.ID) []Doubt { return st.doubts[p] }

// NotRedeclared returns the intents of two parties that are not over and were
// last declared before an instant: a resumption waits for them.
func (st *State) NotRedeclared(a, b party.ID, sinceNS int64) []string {
	var ids []string
	for id, r := range st.intents {
		if !r.State.over() && (r.Owner == a || r.Owner == b) && r.State != Proposed && int64(r.Accepted) < sinceNS {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Details is an intent as other USSs are told of it, in the volumes of F3548-21.
type Details struct {
	ID         string
	Version    int64
	Owner      party.ID
	OVN        string
	State      Phase
	Volumes    []volume.Volume4D
	OffNominal []volume.Volume4D
	Priority   int // higher goes first; 0 for ranks that are not on this program's ladder
}

// Details returns the exact volumes of an intent that is in the airspace. What
// F3548-21 has no form for is enclosed.
func (st *State) Details(id string) (Details, error) {
	r := st.intents[id]
	if r == nil {
		return Details{}, fmt.Errorf("found no intent %q in the airspace", clip(id))
	}
	return r.Details()
}

// Details returns what State.Details does. A record is never changed, so that it
// may be asked when the state has gone on.
func (r *Intent) Details() (Details, error) {
	if !r.Listed {
		return Details{}, fmt.Errorf("found no intent %q in the airspace", clip(r.ID))
	}
	d := Details{ID: r.ID, Version: r.Version, Owner: r.Owner, OVN: r.Token, State: r.State, Priority: priorityOf(r.Priority.Rank)}
	var err error
	if d.Volumes, err = plainOf(&r.Shape); err == nil && r.State.offNominal() && r.OffNominal != nil {
		d.OffNominal, err = plainOf(r.OffNominal)
	}
	return d, err
}

func plainOf(s *declared.Shape) ([]volume.Volume4D, error) {
	e, err := s.Entity(label)
	if err != nil {
		return nil, err
	}
	return declared.Plain(e)
}

// priorityOf is a rank as a number of F3548-21, by this program's own ladder: the
// number knows no agreements.
func priorityOf(rank string) int {
	ranks := terms.Default([2]party.ID{}).Priority.Ranks
	for i, rung := range ranks {
		if slices.Contains(rung, rank) {
			return 10 * (len(ranks) - i)
		}
	}
	return 0
}
