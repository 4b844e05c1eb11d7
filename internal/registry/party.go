package registry

import (
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Kind says what a party is to the others, and so which acts are its to do: see
// Allowed.
type Kind string

// Kinds of party.
const (
	// KindSignatory makes agreements, for itself and the members that it leads.
	KindSignatory Kind = "signatory"
	// KindMember acts under the agreements of its lead.
	KindMember Kind = "member"
	// KindNotifier gives notice of protected sites and movements, and may fly.
	KindNotifier Kind = "notifier"
	// KindService serves all who fly in an area: air traffic services, fire command.
	KindService Kind = "service"
	// KindThird operates in the same airspace without an agreement.
	KindThird Kind = "third"
	// KindUnknown is whoever has a token and said no more.
	KindUnknown Kind = "unknown"
	// KindWitness co-signs the record and takes no side.
	KindWitness Kind = "witness"
)

// Kinds are all kinds of party.
var Kinds = []Kind{KindSignatory, KindMember, KindNotifier, KindService, KindThird, KindUnknown, KindWitness}

// Party is what a party said about itself: who may act for it and how it is
// reached. Records are never changed in place.
type Party struct {
	ID        party.ID          `json:"id"`
	Kind      Kind              `json:"kind"`
	Names     map[string]string `json:"names"`          // by language
	Lead      party.ID          `json:"lead,omitempty"` // of a member
	Languages []string          `json:"languages,omitempty"`
	Roles     []Role            `json:"roles"`
	// Policies say, by kind of act, who must sign it together. "party.change" has
	// one always: it is how the record itself changes.
	Policies  map[string]Policy `json:"policies"`
	Positions []Position        `json:"positions,omitempty"`
	Contact   string            `json:"contact,omitempty"` // for investigations
	Area      []Point           `json:"area,omitempty"`    // of interest: corners of a polygon; none: everywhere

	Version int64             `json:"version,omitempty"` // 1 when enrolled; the node counts
	Since   statement.Instant `json:"since,omitzero"`    // when it enrolled; the node says
}

// Point is a position on WGS84, of the same form as declared.Point.
type Point struct {
	LatE9 int64 `json:"lat_e9"` // 1e-9 degree, north positive
	LngE9 int64 `json:"lng_e9"` // 1e-9 degree, east positive
}

// Role is a competence to act for a party, and who has it.
type Role struct {
	Name    string      `json:"name"`
	Level   party.Level `json:"level"`
	Holders []Holder    `json:"holders,omitempty"` // none: nobody may act under it
}

// Holder is a person in a role. The person is an alias: real names have no place
// here.
type Holder struct {
	Person  string            `json:"person"`
	Key     party.Key         `json:"key,omitempty"` // none: acts by the party's token only
	From    statement.Instant `json:"from,omitzero"` // zero: since ever
	To      statement.Instant `json:"to,omitzero"`   // first instant after; zero: open
	Revoked statement.Instant `json:"revoked,omitzero"`
}

// Holds reports whether the person has the role at an instant, in nanoseconds
// since 1970.
func (h Holder) Holds(nowNS int64) bool { return h.covers(nowNS, nowNS+1) }

// covers reports whether the person has the role in all of a half-open window.
func (h Holder) covers(fromNS, toNS int64) bool {
	return fromNS >= int64(h.From) && (h.To == 0 || toNS <= int64(h.To)) && (h.Revoked == 0 || toNS <= int64(h.Revoked))
}

// Policy takes K distinct persons who sign in K distinct roles of those named.
type Policy struct {
	K     int      `json:"k"`
	Roles []string `json:"roles"`
}

// Position is where messages go: a desk, never a named person.
type Position struct {
	Name    string      `json:"name"`
	Level   party.Level `json:"level"` // least of who stands it
	Bearers []Bearer    `json:"bearers"`
}

// Bearer is a way by which a position is reached.
type Bearer struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"` // data, voice or radio
	Address string `json:"address,omitempty"`
}

// Role returns the role with a name, nil for none.
func (p *Party) Role(name string) *Role {
	if i := slices.IndexFunc(p.Roles, func(r Role) bool { return r.Name == name }); i >= 0 {
		return &p.Roles[i]
	}
	return nil
}

// Position returns the position with a name, nil for none.
func (p *Party) Position(name string) *Position {
	if i := slices.IndexFunc(p.Positions, func(q Position) bool { return q.Name == name }); i >= 0 {
		return &p.Positions[i]
	}
	return nil
}

// Assigned reports whether somebody has the role at an instant.
func (r *Role) Assigned(nowNS int64) bool {
	return slices.ContainsFunc(r.Holders, func(h Holder) bool { return h.Holds(nowNS) })
}

// holder returns whether a person has the role in all of a half-open window.
func (r *Role) holder(person string, fromNS, toNS int64) bool {
	return slices.ContainsFunc(r.Holders, func(h Holder) bool { return h.Person == person && h.covers(fromNS, toNS) })
}

// Unassigned returns the names of the roles that nobody has at an instant, in
// the order of the record.
func (p *Party) Unassigned(nowNS int64) []string {
	var names []string
	for i := range p.Roles {
		if r := &p.Roles[i]; !r.Assigned(nowNS) {
			names = append(names, r.Name)
		}
	}
	return names
}
