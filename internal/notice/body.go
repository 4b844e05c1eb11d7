package notice

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
	"github.com/deconflict/deconflict/internal/volume"
)

// Acts are the acts of this domain. None needs a signature by a role's own key:
// who has people in danger must be able to say so with what is at hand.
var Acts = party.ActKinds{
	"notice.declare": {New: func() any { return new(Declare) }},
	"notice.correct": {New: func() any { return new(Correct) }},
	"notice.end":     {New: func() any { return new(End) }},
	"notice.consent": {New: func() any { return new(Consent) }},
	"notice.revoke":  {New: func() any { return new(Revoke) }},
	"notice.step":    {New: func() any { return new(Step) }},
	"notice.reply":   {New: func() any { return new(Reply) }},
}

// Bounds of bodies.
const (
	maxTextBytes  = 4000
	maxNameBytes  = 200
	maxRecipients = 32
	maxRoutes     = 16
	maxVertices   = 1000 // of the footprint, and of all routes together
	maxListed     = 32
	maxCells      = 10_000
	// minExtentMM is half the extent that a footprint has at least: less is a
	// point, and nobody lives in a point.
	minExtentMM = 5_000
	// maxReachMM bounds radii, errors and stated distances: 500 km.
	maxReachMM = 500_000_000
)

// Kind is what a notice is about.
type Kind string

// Kinds of notice.
const (
	Static         Kind = "static"         // a site that stays
	Movement       Kind = "movement"       // people or goods under way
	Evacuation     Kind = "evacuation"     // people brought away
	Infrastructure Kind = "infrastructure" // water works, power, roads
	LandingSite    Kind = "landing_site"   // a temporary one
)

var kinds = []Kind{Static, Movement, Evacuation, Infrastructure, LandingSite}

// Moves reports whether the notice is of somebody under way.
func (k Kind) Moves() bool { return k == Movement || k == Evacuation }

var (
	functions = []string{"health", "water", "food", "shelter", "school", "power", "worship", "relief", "evacuation", "landing", "other"}
	persons   = []string{"unknown", "none", "1-10", "11-100", "101-1000", "1001-10000", "over-10000"}
	methods   = []string{"gnss", "survey", "map", "imagery", "address", "witness"}
	means     = []string{"air", "ground", "water"}
)

// Declare declares a notice. The node gives it its id.
type Declare struct {
	Content Content    `json:"content"`
	Consent []party.ID `json:"consent"` // who is told; nobody else is
}

// Correct replaces the content of a notice. With Confirm, the notifier's reason,
// it stands by what the node's checks hold to be doubtful.
type Correct struct {
	Notice  string  `json:"notice"`
	Version int64   `json:"version"` // that is corrected
	Content Content `json:"content"`
	Confirm string  `json:"confirm,omitempty"`
}

// End ends a notice.
type End struct {
	Notice  string `json:"notice"`
	Version int64  `json:"version"`
	Reason  string `json:"reason"`             // moved, closed, arrived or cancelled
	MovedTo string `json:"moved_to,omitempty"` // the notice of the new place
}

// Consent adds recipients.
type Consent struct {
	Notice string     `json:"notice"`
	To     []party.ID `json:"to"`
}

// Revoke takes back the consent that a party knows of a notice. It cannot make
// anybody forget; who had it stays on record.
type Revoke struct {
	Notice string   `json:"notice"`
	To     party.ID `json:"to"`
	Reason string   `json:"reason,omitempty"`
}

// Step says how far a notice got at its recipient.
type Step struct {
	Notice  string `json:"notice"`
	Version int64  `json:"version"`
	Step    Link   `json:"step"`
	Cells   int64  `json:"cells,omitempty"` // how many cells it was passed to, or have it loaded
}

// Reply is a recipient's answer: none of them is a leave or a refusal.
type Reply struct {
	Notice  string `json:"notice"`
	Version int64  `json:"version"`
	Answer  Answer `json:"answer"`
	Reason  string `json:"reason,omitempty"`
}

// Answer is what a recipient can say to a notice.
type Answer string

// Answers. There is no approval and no denial among them.
const (
	Received      Answer = "received"
	QueryPosition Answer = "query_position"
	HazardAdvised Answer = "hazard_advised"
	CannotAvoid   Answer = "cannot_avoid"
)

var answers = []Answer{Received, QueryPosition, HazardAdvised, CannotAvoid}

// Content is what a notice says, in one version.
type Content struct {
	Name      string `json:"name"` // the notifier's own, such as S-1
	Kind      Kind   `json:"kind"`
	Function  string `json:"function"` // at this time
	Persons   string `json:"persons"`  // band
	Emergency bool   `json:"emergency,omitempty"`

	Point        *declared.Point     `json:"point,omitempty"` // reference point of the footprint
	ErrorMM      int64               `json:"error_mm"`        // of the reference point
	Footprint    *declared.Footprint `json:"footprint,omitempty"`
	Sources      []Source            `json:"sources,omitempty"`
	SingleSource string              `json:"single_source,omitempty"` // why there are not two
	Place        *Place              `json:"place,omitempty"`
	Codes        []string            `json:"codes,omitempty"` // administrative
	Roof         *declared.Altitude  `json:"roof,omitempty"`
	Look         string              `json:"look,omitempty"` // markings and lights, from the air

	Contact   Contact           `json:"contact"`
	ValidFrom statement.Instant `json:"valid_from"`
	ValidTo   statement.Instant `json:"valid_to,omitempty"`  // a site may be open-ended
	ReviewBy  statement.Instant `json:"review_by,omitempty"` // a site's, always

	Protect *Protect `json:"protect,omitempty"`
	Way     *Way     `json:"way,omitempty"`
}

// Source is one measurement of the reference point.
type Source struct {
	Method  string            `json:"method"` // gnss, survey, map, imagery, address or witness
	At      statement.Instant `json:"at"`
	ErrorMM int64             `json:"error_mm"`
	Datum   string            `json:"datum"` // WGS84
	Point   declared.Point    `json:"point"`
}

// Place is a place with a name, by which people check a coordinate.
type Place struct {
	Name       string         `json:"name"`
	Point      declared.Point `json:"point"`       // of the name, from a gazetteer
	DistanceMM int64          `json:"distance_mm"` // from it to the reference point, as stated
	ErrorMM    int64          `json:"error_mm"`    // of the named point and the statement together
	// BearingDeg is from the named place to the reference point, true; nil when
	// not stated.
	BearingDeg *int64 `json:"bearing_deg,omitempty"`
}

// Contact is who answers for a notice, day and night.
type Contact struct {
	Address   string `json:"address"`
	Frequency string `json:"frequency,omitempty"`
	StopCall  string `json:"stop_call"` // what to say for the activity around it to be held
}

// Protect is the volume about the footprint that the notifier asks others to
// keep clear of.
type Protect struct {
	RadiusMM int64              `json:"radius_mm"`
	Floor    *declared.Altitude `json:"floor,omitempty"`
	Ceiling  *declared.Altitude `json:"ceiling,omitempty"`
}

// Way is how a movement goes.
type Way struct {
	Means       string                `json:"means"` // air, ground or water
	Routes      []declared.Trajectory `json:"routes"`
	Craft       int64                 `json:"craft"` // vehicles or aircraft
	Look        string                `json:"look"`
	CallSigns   []string              `json:"call_signs"`
	Frequencies []string              `json:"frequencies,omitempty"`
	Holds       []Hold                `json:"holds,omitempty"`
}

// Hold is a place where a movement can wait.
type Hold struct {
	Name  string         `json:"name"`
	Point declared.Point `json:"point"`
}

// Check refuses what no state could make right.
func (b *Declare) Check() error {
	if err := checkParties("consent", b.Consent); err != nil {
		return err
	}
	return b.Content.check()
}

// Check refuses what no state could make right.
func (b *Correct) Check() error {
	return cmp.Or(checkVersion(b.Version), checkProse("confirm", b.Confirm, 0), b.Content.check())
}

// Check refuses what no state could make right.
func (b *End) Check() error {
	return cmp.Or(checkVersion(b.Version),
		oneOf("reason", b.Reason, []string{"moved", "closed", "arrived", "cancelled"}),
		declared.CheckText("moved_to", b.MovedTo, 0, maxNameBytes))
}

// Check refuses what no state could make right.
func (b *Consent) Check() error {
	if len(b.To) == 0 {
		return errors.New("to: found nobody, expected at least one party")
	}
	return checkParties("to", b.To)
}

// Check refuses what no state could make right.
func (b *Revoke) Check() error {
	return cmp.Or(checkParties("to", []party.ID{b.To}), checkProse("reason", b.Reason, 0))
}

// Check refuses what no state could make right.
func (b *Step) Check() error {
	switch b.Step {
	case Passed, Loaded:
		if b.Cells < 1 || b.Cells > maxCells {
			return fmt.Errorf("cells: found %d, expected how many cells, 1 to %d", b.Cells, maxCells)
		}
	default:
		if b.Cells != 0 {
			return fmt.Errorf("cells: found %d with the step %s, expected none", b.Cells, b.Step)
		}
	}
	return checkVersion(b.Version)
}

// Check refuses what no state could make right.
func (b *Reply) Check() error {
	least := 1
	if b.Answer == Received {
		least = 0
	}
	return cmp.Or(checkVersion(b.Version), oneOf("answer", b.Answer, answers), checkProse("reason", b.Reason, least))
}

func (c *Content) check() error {
	if err := cmp.Or(
		declared.CheckText("content.name", c.Name, 1, maxNameBytes),
		oneOf("content.kind", c.Kind, kinds),
		oneOf("content.function", c.Function, functions),
		oneOf("content.persons", c.Persons, persons),
		checkProse("content.look", c.Look, 0),
		checkProse("content.single_source", c.SingleSource, 0),
		declared.CheckTexts("content.codes", c.Codes, maxListed, 1, maxNameBytes),
		declared.CheckText("content.contact.address", c.Contact.Address, 1, maxNameBytes),
		declared.CheckText("content.contact.frequency", c.Contact.Frequency, 0, maxNameBytes),
		declared.CheckText("content.contact.stop_call", c.Contact.StopCall, 1, maxNameBytes),
		checkReach("content.error_mm", c.ErrorMM, 0),
		checkAltitude("content.roof", c.Roof),
		c.Protect.check(),
		c.checkTimes(),
	); err != nil {
		return err
	}
	if c.Kind == Movement && c.Way == nil {
		return errors.New("content.way: found none, expected the way of a movement")
	}
	if !c.Kind.Moves() && c.Way != nil {
		return fmt.Errorf("content.way: found one, expected none of a notice of kind %s", c.Kind)
	}
	if c.Way == nil && c.Footprint == nil {
		return errors.New("content.footprint: found none, expected a circle or a polygon: a point is not a place where people are")
	}
	return cmp.Or(c.Way.check(c), c.checkSite())
}

func (c *Content) checkTimes() error {
	switch {
	case c.ValidTo != 0 && c.ValidTo <= c.ValidFrom:
		return fmt.Errorf("content.valid_to: found %v, expected later than valid_from, %v", c.ValidTo, c.ValidFrom)
	case c.Kind.Moves() && c.ValidTo == 0:
		return fmt.Errorf("content.valid_to: found none, expected the end of the %s", c.Kind)
	case !c.Kind.Moves() && c.ReviewBy == 0:
		return errors.New("content.review_by: found none, expected when the notifier looks at the site again")
	}
	return nil
}

func (c *Content) checkSite() error {
	if (c.Point == nil) != (c.Footprint == nil) {
		return errors.New("content.point, content.footprint: found one without the other, expected both or neither")
	}
	if c.Point == nil {
		if len(c.Sources) > 0 || c.Place != nil {
			return errors.New("content.sources, content.place: found them without content.point, which they measure")
		}
		return nil
	}
	if _, err := c.Point.LatLng(); err != nil {
		return fmt.Errorf("content.point: %w", err)
	}
	if n := len(c.Footprint.Polygon); n > maxVertices || c.Footprint.Corridor != nil {
		return fmt.Errorf("content.footprint: found a corridor or %d corners, expected a circle or at most %d corners", n, maxVertices)
	}
	f, err := c.Footprint.Build()
	if err != nil {
		return fmt.Errorf("content.footprint: %w", err)
	}
	if r := f.RadiusMM(); f.Shape() != volume.Polygon && r < minExtentMM {
		return fmt.Errorf("content.footprint: found a radius of %d mm, expected at least %d: a point is not a place where people are", r, int64(minExtentMM))
	}
	if len(c.Sources) == 0 || len(c.Sources) > maxListed {
		return fmt.Errorf("content.sources: found %d, expected 1 to %d", len(c.Sources), maxListed)
	}
	for i := range c.Sources {
		if err := c.Sources[i].check(); err != nil {
			return fmt.Errorf("content.sources[%d].%w", i, err)
		}
	}
	return c.Place.check()
}

func (s *Source) check() error {
	if err := cmp.Or(oneOf("method", s.Method, methods), checkReach("error_mm", s.ErrorMM, 0)); err != nil {
		return err
	}
	if s.Datum != "WGS84" {
		return fmt.Errorf("datum: found %q, expected WGS84: a position on another datum may be off by hundreds of metres", clip(s.Datum))
	}
	if _, err := s.Point.LatLng(); err != nil {
		return fmt.Errorf("point: %w", err)
	}
	return nil
}

func (p *Place) check() error {
	if p == nil {
		return nil
	}
	if _, err := p.Point.LatLng(); err != nil {
		return fmt.Errorf("content.place.point: %w", err)
	}
	if b := p.BearingDeg; b != nil && (*b < 0 || *b > 360) {
		return fmt.Errorf("content.place.bearing_deg: found %d, expected 0 to 360", *b)
	}
	return cmp.Or(declared.CheckText("content.place.name", p.Name, 1, maxNameBytes),
		checkReach("content.place.distance_mm", p.DistanceMM, 0), checkReach("content.place.error_mm", p.ErrorMM, 0))
}

func (p *Protect) check() error {
	if p == nil {
		return nil
	}
	return cmp.Or(checkReach("content.protect.radius_mm", p.RadiusMM, 0),
		checkAltitude("content.protect.floor", p.Floor), checkAltitude("content.protect.ceiling", p.Ceiling))
}

func (w *Way) check(c *Content) error {
	if w == nil {
		return nil
	}
	if err := cmp.Or(
		oneOf("content.way.means", w.Means, means),
		checkProse("content.way.look", w.Look, 1),
		declared.CheckTexts("content.way.call_signs", w.CallSigns, maxListed, 1, maxNameBytes),
		declared.CheckTexts("content.way.frequencies", w.Frequencies, maxListed, 1, maxNameBytes),
	); err != nil {
		return err
	}
	if w.Craft < 1 || w.Craft > 10_000 {
		return fmt.Errorf("content.way.craft: found %d, expected 1 to 10000", w.Craft)
	}
	if len(w.Holds) > maxListed {
		return fmt.Errorf("content.way.holds: found %d, expected at most %d", len(w.Holds), maxListed)
	}
	for i, h := range w.Holds {
		if _, err := h.Point.LatLng(); err != nil {
			return fmt.Errorf("content.way.holds[%d].point: %w", i, err)
		}
		if err := declared.CheckText(fmt.Sprintf("content.way.holds[%d].name", i), h.Name, 1, maxNameBytes); err != nil {
			return err
		}
	}
	vertices := 0
	for i := range w.Routes {
		vertices += len(w.Routes[i].Points)
	}
	if len(w.Routes) == 0 || len(w.Routes) > maxRoutes || vertices > maxVertices {
		return fmt.Errorf("content.way.routes: found %d with %d points, expected 1 to %d with at most %d points", len(w.Routes), vertices, maxRoutes, maxVertices)
	}
	shape := declared.Shape{Trajectories: w.Routes}
	if err := shape.Check(); err != nil {
		return fmt.Errorf("content.way.routes: %w", err)
	}
	if from, to := shape.Window(); from < c.ValidFrom || to > c.ValidTo {
		return fmt.Errorf("content.way.routes: found %v to %v, expected within valid_from to valid_to, %v to %v", from, to, c.ValidFrom, c.ValidTo)
	}
	return nil
}

// checkProse is checkText of a free text of people, which must also say nothing
// that is no matter of safety.
func checkProse(path, s string, least int) error {
	if err := declared.CheckText(path, s, least, maxTextBytes); err != nil {
		return err
	}
	if found := release.Screen(s); len(found) > 0 {
		return fmt.Errorf("%s: found %q, expected nothing about %s: others do not need it to keep clear", path, clip(found[0].Text), found[0].ID)
	}
	return nil
}

func checkReach(path string, mm, least int64) error {
	if mm < least || mm > maxReachMM {
		return fmt.Errorf("%s: found %d mm, expected %d to %d", path, mm, least, int64(maxReachMM))
	}
	return nil
}

func checkAltitude(path string, a *declared.Altitude) error {
	if a == nil {
		return nil
	}
	if _, err := a.Convert(); err != nil {
		return fmt.Errorf("%s.%w", path, err)
	}
	return nil
}

func checkVersion(v int64) error {
	if v < 1 {
		return fmt.Errorf("version: found %d, expected 1 or more", v)
	}
	return nil
}

func checkParties(path string, ids []party.ID) error {
	if len(ids) > maxRecipients {
		return fmt.Errorf("%s: found %d parties, expected at most %d", path, len(ids), maxRecipients)
	}
	for i, id := range ids {
		if !id.Valid() {
			return fmt.Errorf("%s[%d]: found %q, expected the id of a party", path, i, clip(string(id)))
		}
		if slices.Contains(ids[:i], id) {
			return fmt.Errorf("%s[%d]: found %q again, expected each party once", path, i, id)
		}
	}
	return nil
}

func oneOf[T ~string](path string, v T, list []T) error {
	if slices.Contains(list, v) {
		return nil
	}
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return fmt.Errorf("%s: found %q, expected one of %s", path, clip(string(v)), strings.Join(words, ", "))
}

// clip keeps an error from repeating a whole hostile input.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}
