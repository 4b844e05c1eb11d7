package intent

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
)

// Acts are those of intents and zones.
var Acts = party.ActKinds{
	"intent.declare":       {New: func() any { return new(Declare) }, Level: party.Watch},
	"intent.change":        {New: func() any { return new(Change) }, Level: party.Watch},
	"intent.redeclare":     {New: func() any { return new(Redeclare) }, Level: party.Watch},
	"intent.activate":      {New: func() any { return new(Activate) }, Level: party.Watch},
	"intent.nonconforming": {New: func() any { return new(Nonconform) }},
	"intent.contingent":    {New: func() any { return new(Contingency) }},
	"intent.end":           {New: func() any { return new(End) }},
	"intent.withdraw":      {New: func() any { return new(Withdraw) }, Level: party.Watch},
	"intent.acknowledge":   {New: func() any { return new(Acknowledge) }},
	"intent.evidence":      {New: func() any { return new(Evidence) }, Level: party.Watch},
	"intent.report":        {New: func() any { return new(Report) }, Level: party.Watch},
	"intent.undertake":     {New: func() any { return new(Undertake) }, Level: party.Watch},
	"intent.told":          {New: func() any { return new(Tell) }, Level: party.Watch},
	"zone.declare":         {New: func() any { return new(ZoneDeclare) }, Level: party.Watch},
	"zone.change":          {New: func() any { return new(ZoneChange) }, Level: party.Watch},
	"zone.activate":        {New: func() any { return new(ZoneActivate) }, Level: party.Watch},
	"zone.cancel":          {New: func() any { return new(ZoneCancel) }, Level: party.Watch},
}

// Limits of bodies.
const (
	maxNameBytes = 128
	maxReadSet   = 1024
	maxCrossings = 64
	maxLinks     = 64
)

// Plan is what an intent declares. It has no place for why somebody flies, with
// what aboard, from where or under whom.
type Plan struct {
	Alias          string          `json:"alias,omitempty"`      // what crews use; no registration
	Member         party.ID        `json:"member,omitempty"`     // of a lead, who flies
	AircraftKind   string          `json:"aircraft_kind"`        // manned, unmanned or other
	CountBand      string          `json:"count_band,omitempty"` // 1, 2-4, 5-10 or more
	SizeClass      string          `json:"size_class,omitempty"` // micro, light, medium or heavy
	Mode           string          `json:"mode,omitempty"`       // VLOS, BVLOS, IFR or VFR
	declared.Shape                 // where and when
	OffNominal     *declared.Shape `json:"off_nominal,omitempty"`     // where it is or may be once it does not conform
	Coarse         bool            `json:"coarse,omitempty"`          // the shape is larger than the true one, which it contains
	Commitment     string          `json:"fine_commitment,omitempty"` // to the true one, see release.Commitment
	Priority       Priority        `json:"priority"`
	Contact        Contact         `json:"contact"`
	Crossings      []Crossing      `json:"crossings,omitempty"`
	Thresholds     *Thresholds     `json:"thresholds,omitempty"`
	ContingencyID  string          `json:"contingency_id,omitempty"` // of the procedure after a lost link
	EnduranceNS    int64           `json:"endurance_ns,omitempty"`
	Place          *Place          `json:"place,omitempty"`
	Position       PositionBasis   `json:"position"`
	Time           TimeBasis       `json:"time"`
	Links          []string        `json:"linked_ids,omitempty"` // of coordination about it
	Supersedes     string          `json:"supersedes,omitempty"` // id of an intent of the same owner
}

// Priority is a claim of rank, and what it rests on. It is signed with the act
// and audited afterwards.
type Priority struct {
	Rank  string `json:"rank"`
	Basis string `json:"basis,omitempty"`
}

// Contact is who answers for the flight.
type Contact struct {
	Position  string `json:"position"` // on the owner's roster
	Frequency string `json:"frequency,omitempty"`
	Backup    string `json:"backup,omitempty"`
	Language  string `json:"language,omitempty"`
}

// Crossing declares where and when the intent crosses a dividing line.
type Crossing struct {
	Line string            `json:"line"`
	At   declared.Point    `json:"at"`
	Time statement.Instant `json:"time"`
}

// Thresholds are how far from what is declared counts as not conforming.
type Thresholds struct {
	LateralMM  int64 `json:"lateral_mm"`
	VerticalMM int64 `json:"vertical_mm"`
	TimeNS     int64 `json:"time_ns"`
}

// Place says how far the first point declared is from a place that people know,
// so that a mistyped position shows.
type Place struct {
	Name       string         `json:"name"`
	At         declared.Point `json:"at"`
	DistanceMM int64          `json:"distance_mm"`
	ErrorMM    int64          `json:"error_mm"`
}

// PositionBasis says how positions were found. No position is without error, so
// that none is not an answer.
type PositionBasis struct {
	Method  string `json:"method"` // gnss, inertial, radar, visual or map
	Datum   string `json:"datum"`  // WGS84
	ErrorMM int64  `json:"error_mm"`
}

// TimeBasis says where times come from.
type TimeBasis struct {
	Source  string `json:"source"` // gnss, ntp, radio or manual
	ErrorNS int64  `json:"error_ns"`
}

// Declare makes an intent.
type Declare struct {
	Plan
	ReadSet []string `json:"read_set,omitempty"` // tokens of what was read: intents, zones, OVNs
}

// Change makes a new version of an intent. Token is that of the version it
// changes.
type Change struct {
	ID    string `json:"id"`
	Token string `json:"token"`
	Plan
	ReadSet []string `json:"read_set,omitempty"`
}

// Redeclare declares an intent again as it stands, as after a suspension.
type Redeclare struct {
	ID      string   `json:"id"`
	Token   string   `json:"token"`
	ReadSet []string `json:"read_set,omitempty"`
}

// Activate says that the flight begins, or that it conforms again.
type Activate struct {
	ID      string   `json:"id"`
	Token   string   `json:"token"`
	ReadSet []string `json:"read_set,omitempty"`
}

// Nonconform says that the craft is not where it was declared. It is never
// refused for what others do, and needs no token.
type Nonconform struct {
	ID         string          `json:"id"`
	OffNominal *declared.Shape `json:"off_nominal,omitempty"`
}

// Contingency says that the flight follows its contingency procedure.
type Contingency struct {
	ID         string          `json:"id"`
	OffNominal *declared.Shape `json:"off_nominal,omitempty"`
}

// End says that the flight is over.
type End struct {
	ID string `json:"id"`
}

// Withdraw takes back an intent that was not flown.
type Withdraw struct {
	ID string `json:"id"`
}

var (
	aircraftKinds = []string{"manned", "unmanned", "other"}
	countBands    = []string{"1", "2-4", "5-10", "more"}
	sizeClasses   = []string{"micro", "light", "medium", "heavy"}
	modes         = []string{"VLOS", "BVLOS", "IFR", "VFR"}
	methods       = []string{"gnss", "inertial", "radar", "visual", "map"}
	timeSources   = []string{"gnss", "ntp", "radio", "manual"}
)

// Check refuses what no state could make right.
func (b *Declare) Check() error { return cmp.Or(b.Plan.check(), checkReadSet(b.ReadSet)) }

// Check refuses what no state could make right.
func (b *Change) Check() error {
	return cmp.Or(name("id", b.ID, true), b.Plan.check(), checkReadSet(b.ReadSet))
}

// Check refuses what no state could make right.
func (b *Redeclare) Check() error { return cmp.Or(name("id", b.ID, true), checkReadSet(b.ReadSet)) }

// Check refuses what no state could make right.
func (b *Activate) Check() error { return cmp.Or(name("id", b.ID, true), checkReadSet(b.ReadSet)) }

// Check refuses what no state could make right.
func (b *Nonconform) Check() error { return cmp.Or(name("id", b.ID, true), checkShape(b.OffNominal)) }

// Check refuses what no state could make right.
func (b *Contingency) Check() error { return cmp.Or(name("id", b.ID, true), checkShape(b.OffNominal)) }

// Check refuses what no state could make right.
func (b *End) Check() error { return name("id", b.ID, true) }

// Check refuses what no state could make right.
func (b *Withdraw) Check() error { return name("id", b.ID, true) }

func (p *Plan) check() error {
	for _, c := range []struct {
		member, value string
		among         []string
		required      bool
	}{
		{"aircraft_kind", p.AircraftKind, aircraftKinds, true},
		{"count_band", p.CountBand, countBands, false},
		{"size_class", p.SizeClass, sizeClasses, false},
		{"mode", p.Mode, modes, false},
		{"position.method", p.Position.Method, methods, true},
		{"position.datum", p.Position.Datum, []string{"WGS84"}, true},
		{"time.source", p.Time.Source, timeSources, true},
	} {
		if (c.required || c.value != "") && !slices.Contains(c.among, c.value) {
			return fmt.Errorf("%s: found %q, expected one of %v", c.member, clip(c.value), c.among)
		}
	}
	err := cmp.Or(
		name("alias", p.Alias, false), name("priority.rank", p.Priority.Rank, true), text("priority.basis", p.Priority.Basis),
		name("contact.position", p.Contact.Position, true), name("contact.frequency", p.Contact.Frequency, false),
		name("contact.backup", p.Contact.Backup, false), name("contact.language", p.Contact.Language, false),
		name("contingency_id", p.ContingencyID, false), name("supersedes", p.Supersedes, false),
		within("position.error_mm", p.Position.ErrorMM, 1, 1_000_000_000),
		within("time.error_ns", p.Time.ErrorNS, 1, 3600e9),
		within("endurance_ns", p.EnduranceNS, 0, 40*24*3600e9),
		within("crossings", int64(len(p.Crossings)), 0, maxCrossings),
		within("linked_ids", int64(len(p.Links)), 0, maxLinks),
		p.checkCoarse(), checkShape(p.OffNominal),
	)
	if err != nil {
		return err
	}
	if p.Member != "" && !p.Member.Valid() {
		return fmt.Errorf("member: found %q, expected the id of a party", clip(string(p.Member)))
	}
	for i, l := range p.Links {
		if err := name(fmt.Sprintf("linked_ids[%d]", i), l, true); err != nil {
			return err
		}
	}
	for i := range p.Crossings {
		if err := name(fmt.Sprintf("crossings[%d].line", i), p.Crossings[i].Line, true); err != nil {
			return err
		}
		if _, err := p.Crossings[i].At.LatLng(); err != nil {
			return fmt.Errorf("crossings[%d].at: %w", i, err)
		}
	}
	if t := p.Thresholds; t != nil {
		err := cmp.Or(within("thresholds.lateral_mm", t.LateralMM, 1, 1e9),
			within("thresholds.vertical_mm", t.VerticalMM, 1, 1e9), within("thresholds.time_ns", t.TimeNS, 1, 24*3600e9))
		if err != nil {
			return err
		}
	}
	return cmp.Or(checkShape(&p.Shape), p.checkErrors(), p.checkBounds(), p.checkPlace())
}

func (p *Plan) checkCoarse() error {
	switch {
	case p.Coarse && !release.ValidCommitment(p.Commitment):
		return fmt.Errorf("fine_commitment: found %q, expected the commitment to the true shape, as the declared one is coarse", clip(p.Commitment))
	case !p.Coarse && p.Commitment != "":
		return fmt.Errorf("fine_commitment: found one, expected none for a shape that is not coarse")
	}
	return nil
}

// checkErrors: what grows the shape must hold what the declarer says of its own
// errors.
func (p *Plan) checkErrors() error {
	for i := range p.Volumes {
		v := &p.Volumes[i]
		if err := covers(fmt.Sprintf("volumes[%d].h_error_mm", i), v.HErrorMM, "position.error_mm", p.Position.ErrorMM); err != nil {
			return err
		}
		if err := covers(fmt.Sprintf("volumes[%d].t_error_ns", i), v.TErrorNS, "time.error_ns", p.Time.ErrorNS); err != nil {
			return err
		}
	}
	for i := range p.Trajectories {
		t := &p.Trajectories[i]
		if err := covers(fmt.Sprintf("trajectories[%d].half_width_mm", i), t.HalfWidthMM, "position.error_mm", p.Position.ErrorMM); err != nil {
			return err
		}
		if err := covers(fmt.Sprintf("trajectories[%d].t_error_ns", i), t.TErrorNS, "time.error_ns", p.Time.ErrorNS); err != nil {
			return err
		}
	}
	return nil
}

func covers(member string, found int64, of string, least int64) error {
	if found < least {
		return fmt.Errorf("%s: found %d, expected at least %s, %d", member, found, of, least)
	}
	return nil
}

// checkBounds: an intent has a floor and a ceiling.
func (p *Plan) checkBounds() error {
	for i := range p.Volumes {
		if p.Volumes[i].Lower == nil || p.Volumes[i].Upper == nil {
			return fmt.Errorf("volumes[%d]: found no lower or no upper altitude, expected both", i)
		}
	}
	return nil
}

func checkShape(s *declared.Shape) error {
	if s == nil {
		return nil
	}
	return s.Check()
}

func checkReadSet(set []string) error {
	if len(set) > maxReadSet {
		return fmt.Errorf("read_set: found %d tokens, expected at most %d", len(set), maxReadSet)
	}
	for i, t := range set {
		if err := name(fmt.Sprintf("read_set[%d]", i), t, true); err != nil {
			return err
		}
	}
	return nil
}

// name checks a short text of printable characters.
func name(member, value string, required bool) error {
	if required && value == "" {
		return fmt.Errorf("%s: found none, expected one", member)
	}
	if len(value) > maxNameBytes {
		return fmt.Errorf("%s: found %d bytes, expected at most %d", member, len(value), maxNameBytes)
	}
	for _, r := range value {
		if r < ' ' || r == 0x7f {
			return fmt.Errorf("%s: found a control character, expected printable ones", member)
		}
	}
	return screened(member, value)
}

// maxTextBytes bounds text for people.
const maxTextBytes = 4000

func text(member, value string) error {
	if len(value) > maxTextBytes {
		return fmt.Errorf("%s: found %d bytes, expected at most %d", member, len(value), maxTextBytes)
	}
	return screened(member, value)
}

// screened refuses text that says what nobody has to know to keep apart.
func screened(member, value string) error {
	if found := release.Screen(value); len(found) > 0 {
		return fmt.Errorf("%s: found %q (%s), expected only what keeps aircraft apart", member, clip(found[0].Text), found[0].ID)
	}
	return nil
}

func within(member string, value, least, most int64) error {
	if value < least || value > most {
		return fmt.Errorf("%s: found %d, expected %d to %d", member, value, least, most)
	}
	return nil
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
