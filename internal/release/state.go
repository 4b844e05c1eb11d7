package release

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// State is what parties decided to show, and who looked at what of late.
// Records in it are immutable.
type State struct {
	policies map[party.ID]*policy
	looks    map[party.ID][]look
}

// policy is what a party decided about its own data.
type policy struct {
	Rows        []Row             `json:"rows"`
	RetentionNS int64             `json:"retention_ns"`
	Since       statement.Instant `json:"since"`
}

// look is one party's look at things of others.
type look struct {
	At   statement.Instant `json:"at"`
	What string            `json:"what"`
	N    int64             `json:"n"` // how many things
}

// New returns the state in which nothing is released.
func New() *State {
	return &State{policies: map[party.ID]*policy{}, looks: map[party.ID][]look{}}
}

// Clone returns a state that changes apart from this one.
func (st *State) Clone() *State {
	return &State{policies: maps.Clone(st.policies), looks: maps.Clone(st.looks)}
}

// Fields returns the groups of an owner's intent, in one of the states above,
// that a party is shown by the owner's matrix: sorted, nil for nothing. toKind
// is the kind of the party, agreements are those in force that bind both. To
// its owner an intent has no secrets. See Minimum for what an affected party is
// shown beyond that.
//
// Only the owner's matrix counts, so that nobody can pass on what was shown to
// them.
func (st *State) Fields(owner, to party.ID, toKind, state string, agreements ...string) []string {
	if owner == to {
		return slices.Clone(groups)
	}
	p := st.policies[owner]
	if p == nil {
		return nil
	}
	return fields(p.Rows, to, toKind, state, agreements)
}

// Sealed reports whether something of an owner, which ended at endedNS, is
// closed to all but its owner: the owner's retention period is over. endedNS 0
// is something that has not ended.
func (st *State) Sealed(owner party.ID, endedNS, nowNS int64) bool {
	return endedNS != 0 && nowNS-endedNS >= st.retentionNS(owner)
}

func (st *State) retentionNS(owner party.ID) int64 {
	if p := st.policies[owner]; p != nil {
		return p.RetentionNS
	}
	return DefaultRetentionNS
}

// Apply takes in an event of this package.
func (st *State) Apply(ev event.Event, at event.At) {
	switch e := ev.(type) {
	case *Changed:
		st.policies[e.Party] = &policy{Rows: e.Rows, RetentionNS: e.RetentionNS, Since: statement.Instant(at.NS)}
	case *Logged:
		kept := recent(st.looks[e.To], at.NS)
		st.looks[e.To] = append(slices.Clip(slices.Clone(kept)), look{statement.Instant(at.NS), e.What, int64(len(e.IDs))})
	}
}

// recent returns the looks that count at an instant.
func recent(looks []look, nowNS int64) []look {
	i := 0
	for i < len(looks) && nowNS-int64(looks[i].At) >= windowNS {
		i++
	}
	return looks[i:]
}

// snapshot is the form of a State in a file.
type snapshot struct {
	Policies map[party.ID]*policy `json:"policies"`
	Looks    map[party.ID][]look  `json:"looks"`
}

// MarshalJSON implements json.Marshaler.
func (st *State) MarshalJSON() ([]byte, error) { return json.Marshal(snapshot{st.policies, st.looks}) }

// UnmarshalJSON implements json.Unmarshaler.
func (st *State) UnmarshalJSON(data []byte) error {
	s := snapshot{map[party.ID]*policy{}, map[party.ID][]look{}}
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	st.policies, st.looks = s.Policies, s.Looks
	return nil
}
