package incident

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
)

// Acts are the acts of this domain. Anybody may report and tell; what a party
// agrees to, takes on or closes takes its duty level.
var Acts = party.ActKinds{
	"incident.report":  {New: func() any { return new(Report) }},
	"incident.account": {New: func() any { return new(Account) }},
	"incident.fact":    {New: func() any { return new(Propose) }, Level: party.Duty},
	"incident.answer":  {New: func() any { return new(Reply) }, Level: party.Duty},
	"incident.action":  {New: func() any { return new(Undertake) }, Level: party.Duty},
	"incident.close":   {New: func() any { return new(Close) }, Level: party.Duty},
}

// Bounds of bodies and records.
const (
	maxTextBytes = 4000
	maxNameBytes = 200
	maxParties   = 16
	maxListed    = 32
	maxEvidence  = 256  // entries of one act or trigger
	maxFrozen    = 1024 // entries of an incident
	maxFacts     = 64
	maxActions   = 64
	maxReachMM   = 1_000_000_000 // 1,000 km
)

// Kind is what opened an incident.
type Kind string

// Kinds of trigger.
const (
	Separation Kind = "separation" // computed loss of separation
	Crew       Kind = "crew"       // a crew says so
	Stop       Kind = "stop"
	Breach     Kind = "breach" // of a rule of an agreement
	SiteHarm   Kind = "site_harm"
	Sighted    Kind = "sighting" // of an unknown aircraft
)

// reported are the kinds that people open; the others the node does.
var reported = []Kind{Crew, SiteHarm, Sighted}

// Report opens an incident by people.
type Report struct {
	Kind     Kind               `json:"kind"` // crew, site_harm or sighting
	At       statement.Instant  `json:"at"`
	Place    *declared.Point    `json:"place,omitempty"`
	Altitude *declared.Altitude `json:"altitude,omitempty"`
	Parties  []party.ID         `json:"parties,omitempty"`  // others involved
	Subjects []string           `json:"subjects,omitempty"` // intents, aliases and notices
	Text     string             `json:"text"`
	// CollisionHazard is what a crew says: that there was a danger of collision.
	CollisionHazard bool      `json:"collision_hazard,omitempty"`
	Sighting        *Sighting `json:"sighting,omitempty"`
	NonParties      []string  `json:"non_parties,omitempty"` // affected beside the parties
	Evidence        []int64   `json:"evidence,omitempty"`    // journal indices, ascending
	// Confidential keeps from the others which of the parties reported.
	Confidential bool `json:"confidential,omitempty"`
}

// Sighting is how an unknown aircraft looked.
type Sighting struct {
	Look       string          `json:"look"`
	Colour     string          `json:"colour,omitempty"`
	SizeMM     int64           `json:"size_mm,omitempty"`
	HeadingDeg *int64          `json:"heading_deg,omitempty"` // true
	Operator   *declared.Point `json:"operator,omitempty"`    // where seen
}

// Account is what a party says happened. A later one replaces it; the earlier
// stay in the journal.
type Account struct {
	Incident        string   `json:"incident"`
	Text            string   `json:"text"`
	Language        string   `json:"language,omitempty"` // BCP 47; empty: English
	CollisionHazard bool     `json:"collision_hazard,omitempty"`
	HorizontalMM    *int64   `json:"horizontal_mm,omitempty"`     // closest, as reported
	VerticalMM      *int64   `json:"vertical_mm,omitempty"`       // closest, as reported
	FirstSightingMM *int64   `json:"first_sighting_mm,omitempty"` // distance
	Evasive         string   `json:"evasive,omitempty"`           // what was done to avoid
	Radio           []Radio  `json:"radio,omitempty"`
	Weather         string   `json:"weather,omitempty"` // and light
	Harm            string   `json:"harm,omitempty"`    // to people, aircraft and sites
	LostS           int64    `json:"lost_s,omitempty"`  // time lost to operations
	Measures        string   `json:"measures,omitempty"`
	NonParties      []string `json:"non_parties,omitempty"` // that were affected, and whether told
	Evidence        []int64  `json:"evidence,omitempty"`    // journal indices, ascending
}

// Radio is a radio call.
type Radio struct {
	At        statement.Instant `json:"at"`
	Frequency string            `json:"frequency"`
	Text      string            `json:"text"`
}

// Point is what kind of point a joint sheet has.
type Point string

// Kinds of point.
const (
	Fact           Point = "fact"
	Cause          Point = "cause" // contributing
	Recommendation Point = "recommendation"
)

var points = []Point{Fact, Cause, Recommendation}

// Propose puts a point on the joint sheet.
type Propose struct {
	Incident string  `json:"incident"`
	Kind     Point   `json:"kind"`
	Text     string  `json:"text"`
	Evidence []int64 `json:"evidence,omitempty"`
}

// Reply agrees to a point or disputes it.
type Reply struct {
	Incident string `json:"incident"`
	Number   int64  `json:"number"` // of the point, from 1
	Stance   Stance `json:"stance"`
	Reason   string `json:"reason,omitempty"`
}

// Stance is how a party stands to a point.
type Stance string

// Stances.
const (
	Agrees   Stance = "agrees"
	Disputes Stance = "disputes"
)

// Undertake takes on an action of the party's own, or says that it is done.
// Nobody can give another party one: that is a recommendation.
type Undertake struct {
	Incident string            `json:"incident"`
	Number   int64             `json:"number,omitempty"` // of the action that is done; 0: a new one
	Text     string            `json:"text"`             // what, or how it was done
	Due      statement.Instant `json:"due,omitempty"`    // of a new one
}

// Close says that a party has nothing more to do about an incident.
type Close struct {
	Incident string `json:"incident"`
	Publish  bool   `json:"publish,omitempty"` // it consents to the joint sheet being published
}

// Check refuses what no state could make right.
func (b *Report) Check() error {
	if !slices.Contains(reported, b.Kind) {
		return fmt.Errorf("kind: found %q, expected crew, site_harm or sighting", clip(string(b.Kind)))
	}
	if (b.Sighting != nil) != (b.Kind == Sighted) {
		return errors.New("sighting: expected it with the kind sighting, and with no other")
	}
	if b.Place != nil {
		if _, err := b.Place.LatLng(); err != nil {
			return fmt.Errorf("place: %w", err)
		}
	}
	if b.Altitude != nil {
		if _, err := b.Altitude.Convert(); err != nil {
			return fmt.Errorf("altitude.%w", err)
		}
	}
	if len(b.Parties) > maxParties {
		return fmt.Errorf("parties: found %d, expected at most %d", len(b.Parties), maxParties)
	}
	for i, id := range b.Parties {
		if !id.Valid() || slices.Contains(b.Parties[:i], id) {
			return fmt.Errorf("parties[%d]: found %q, expected the id of a party, once", i, clip(string(id)))
		}
	}
	return cmp.Or(prose("text", b.Text, 1), declared.CheckTexts("subjects", b.Subjects, maxListed, 1, maxNameBytes), declared.CheckTexts("non_parties", b.NonParties, maxListed, 1, maxNameBytes),
		evidence(b.Evidence), b.Sighting.check())
}

func (s *Sighting) check() error {
	if s == nil {
		return nil
	}
	if h := s.HeadingDeg; h != nil && (*h < 0 || *h > 360) {
		return fmt.Errorf("sighting.heading_deg: found %d, expected 0 to 360", *h)
	}
	if s.Operator != nil {
		if _, err := s.Operator.LatLng(); err != nil {
			return fmt.Errorf("sighting.operator: %w", err)
		}
	}
	return cmp.Or(prose("sighting.look", s.Look, 1), prose("sighting.colour", s.Colour, 0), length("sighting.size_mm", &s.SizeMM))
}

// Check refuses what no state could make right.
func (b *Account) Check() error {
	if len(b.Radio) > maxListed {
		return fmt.Errorf("radio: found %d, expected at most %d", len(b.Radio), maxListed)
	}
	for i, r := range b.Radio {
		if err := cmp.Or(declared.CheckText(fmt.Sprintf("radio[%d].frequency", i), r.Frequency, 1, maxNameBytes), prose(fmt.Sprintf("radio[%d].text", i), r.Text, 0)); err != nil {
			return err
		}
	}
	if b.LostS < 0 || b.LostS > 366*86400 {
		return fmt.Errorf("lost_s: found %d, expected 0 to %d", b.LostS, 366*86400)
	}
	return cmp.Or(prose("text", b.Text, 1), declared.CheckText("language", b.Language, 0, 35),
		length("horizontal_mm", b.HorizontalMM), length("vertical_mm", b.VerticalMM), length("first_sighting_mm", b.FirstSightingMM),
		prose("evasive", b.Evasive, 0), prose("weather", b.Weather, 0), prose("harm", b.Harm, 0), prose("measures", b.Measures, 0),
		declared.CheckTexts("non_parties", b.NonParties, maxListed, 1, maxNameBytes), evidence(b.Evidence))
}

// Check refuses what no state could make right.
func (b *Propose) Check() error {
	if !slices.Contains(points, b.Kind) {
		return fmt.Errorf("kind: found %q, expected fact, cause or recommendation", clip(string(b.Kind)))
	}
	return cmp.Or(prose("text", b.Text, 1), evidence(b.Evidence))
}

// Check refuses what no state could make right.
func (b *Reply) Check() error {
	least := 0
	switch b.Stance {
	case Agrees:
	case Disputes:
		least = 1
	default:
		return fmt.Errorf("stance: found %q, expected agrees or disputes", clip(string(b.Stance)))
	}
	return prose("reason", b.Reason, least)
}

// Check refuses what no state could make right.
func (b *Undertake) Check() error {
	if (b.Number == 0) != (b.Due != 0) || b.Number < 0 {
		return errors.New("number, due: expected the number of an action that is done, or when a new one is due")
	}
	return prose("text", b.Text, 1)
}

// Check refuses what no state could make right.
func (b *Close) Check() error { return declared.CheckText("incident", b.Incident, 1, maxNameBytes) }

// prose is text of people, which must also say nothing that is no matter of
// safety.
func prose(path, s string, least int) error {
	if err := declared.CheckText(path, s, least, maxTextBytes); err != nil {
		return err
	}
	if found := release.Screen(s); len(found) > 0 {
		return fmt.Errorf("%s: found %q, expected nothing about %s: an incident is for learning how to keep apart", path, clip(found[0].Text), found[0].ID)
	}
	return nil
}

func evidence(indices []int64) error {
	if len(indices) > maxEvidence {
		return fmt.Errorf("evidence: found %d entries, expected at most %d", len(indices), maxEvidence)
	}
	for i, index := range indices {
		if index < 0 || i > 0 && index <= indices[i-1] {
			return fmt.Errorf("evidence[%d]: found %d, expected ascending journal indices of 0 or more", i, index)
		}
	}
	return nil
}

func length(path string, mm *int64) error {
	if mm != nil && (*mm < 0 || *mm > maxReachMM) {
		return fmt.Errorf("%s: found %d, expected 0 to %d", path, *mm, int64(maxReachMM))
	}
	return nil
}

// clip keeps an error from repeating a whole hostile input.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}
