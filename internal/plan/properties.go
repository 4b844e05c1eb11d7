package plan

import (
	"errors"
	"math/big"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Names of the properties that say what GeoJSON and KML alone cannot. They are
// the same in both: members of `properties` in GeoJSON, Data of ExtendedData
// in KML. docs/FORMATS.md describes them.
const (
	propID                = "id"
	propVersion           = "version"
	propParty             = "party"
	propName              = "name"
	propKind              = "kind"
	propType              = "type"
	propLower             = "lower"
	propUpper             = "upper"
	propStart             = "start"
	propEnd               = "end"
	propRadiusM           = "radius_m"
	propHalfWidthM        = "half_width_m"
	propAltitude          = "altitude"
	propAltitudeReference = "altitude_reference"
	propSpeedMPS          = "speed_mps"
	propTimes             = "times"
	propOffsetsS          = "offsets_s"
	propBufferLateralM    = "buffer_lateral_m"
	propBufferVerticalM   = "buffer_vertical_m"
	propBufferTimeS       = "buffer_time_s"
	propPart              = "part"
	propParts             = "parts"
	propSuppositions      = "suppositions"
)

// unboundedWord says that a limit or an end of a window does not exist.
const unboundedWord = "unbounded"

// propertySource gives access to the properties of one feature. Each reader
// reports absence by false and a value that cannot be used by an *Error.
type propertySource interface {
	// given returns the names of all properties that have a value, known or not,
	// in the order of the file. It marks none as read.
	given() []string
	has(name string) bool
	str(name string) (string, bool, error)
	// num returns the decimal literal of a number.
	num(name string) (string, bool, error)
	list(name string) ([]string, bool, error)
	// bad is the error for a property whose value was read but cannot be used.
	bad(name, found, expected string) error
}

// properties are the decoded properties of one feature.
type properties struct {
	src propertySource

	id, version, party, name, typ string
	kind                          volume.Kind
	kindGiven                     bool

	lower, upper *Limit
	start, end   *int64 // AlwaysNS and ForeverNS for unbounded

	radiusMM, halfWidthMM int64 // 0 when absent

	altitude  *geodesy.Altitude
	reference geodesy.AltitudeReference // empty when absent

	speedMPS float64 // 0 when absent
	buffers  volume.Buffers

	part, parts int64 // 0 when absent

	suppositions []string
}

// readProperties decodes all properties but those that only a line has (times).
func readProperties(src propertySource) (*properties, error) {
	if err := refuseNearMisses(src); err != nil {
		return nil, err
	}
	p := &properties{src: src}
	for _, read := range []func() error{
		p.readIdentity, p.readKind, p.readLimits, p.readWindow, p.readSizes, p.readBuffers, p.readParts,
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *properties) readIdentity() (err error) {
	for _, f := range []struct {
		name string
		into *string
	}{{propID, &p.id}, {propVersion, &p.version}, {propParty, &p.party}, {propName, &p.name}} {
		s, ok, err := p.src.str(f.name)
		if err != nil {
			return err
		}
		if len(s) > maxTidyBytes && f.name != propName {
			return p.src.bad(f.name, quoteShort(s), "at most "+strconv.Itoa(maxTidyBytes)+" bytes")
		}
		s = tidy(s)
		if ok && s == "" && f.name != propName {
			return p.src.bad(f.name, "an empty text", "a text or no such property")
		}
		*f.into = s
	}
	p.suppositions, _, err = p.src.list(propSuppositions)
	return err
}

// constraintTypes are the types of volume.Entity.
var constraintTypes = []string{noEntry, entryWithContact, callFirst, "dividing_line", advisory}

func isConstraintType(s string) bool {
	for _, t := range constraintTypes {
		if s == t {
			return true
		}
	}
	return false
}

func (p *properties) readKind() error {
	kind, ok, err := p.src.str(propKind)
	if err != nil {
		return err
	}
	switch {
	case !ok, kind == "intent":
		p.kind = volume.Intent
	case kind == "constraint":
		p.kind = volume.Constraint
	default:
		return p.src.bad(propKind, quoteShort(kind), "intent or constraint")
	}
	p.kindGiven = ok
	if p.typ, ok, err = p.src.str(propType); err != nil {
		return err
	}
	expected := "one of " + strings.Join(constraintTypes, ", ")
	switch {
	case p.kind == volume.Constraint && !ok:
		return p.src.bad(propType, "nothing", expected)
	case p.kind == volume.Constraint && !isConstraintType(p.typ):
		return p.src.bad(propType, quoteShort(p.typ), expected)
	case p.kind == volume.Intent && ok:
		return p.src.bad(propType, quoteShort(p.typ), "no such property of an intent (set kind to constraint)")
	}
	return nil
}

func (p *properties) readLimits() error {
	for _, f := range []struct {
		name string
		into **Limit
	}{{propLower, &p.lower}, {propUpper, &p.upper}} {
		s, ok, err := p.src.str(f.name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		limit, err := parseLimit(s)
		if err != nil {
			return p.src.bad(f.name, quoteShort(s), expectLimit)
		}
		*f.into = &limit
	}
	s, ok, err := p.src.str(propAltitude)
	if err != nil {
		return err
	}
	if ok {
		limit, err := parseLimit(s)
		if err != nil || limit.Unbounded {
			return p.src.bad(propAltitude, quoteShort(s), expectAltitude)
		}
		p.altitude = &limit.Altitude
	}
	if s, ok, err = p.src.str(propAltitudeReference); err != nil {
		return err
	}
	if ok {
		if p.reference, ok = parseReference(s); !ok {
			return p.src.bad(propAltitudeReference, quoteShort(s), "one of "+referenceNames)
		}
	}
	return nil
}

func (p *properties) readWindow() error {
	for _, f := range []struct {
		name      string
		into      **int64
		unbounded int64
	}{{propStart, &p.start, volume.AlwaysNS}, {propEnd, &p.end, volume.ForeverNS}} {
		s, ok, err := p.src.str(f.name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		ns := f.unbounded
		if s != unboundedWord {
			t, err := parseTime(s)
			if err != nil {
				return p.src.bad(f.name, quoteShort(s), expectTime+" or "+unboundedWord)
			}
			// An instant beyond what a window can hold becomes its bound: that
			// only makes the window longer.
			if ns = instantNS(t); ns == volume.AlwaysNS+volume.ForeverNS-f.unbounded {
				return p.src.bad(f.name, quoteShort(s), "a time of this age")
			}
		}
		*f.into = &ns
	}
	return nil
}

func (p *properties) readSizes() error {
	for _, f := range []struct {
		name string
		into *int64
	}{{propRadiusM, &p.radiusMM}, {propHalfWidthM, &p.halfWidthMM}} {
		n, ok, err := p.scaled(f.name, 3, "metres")
		if err != nil {
			return err
		}
		if ok && n <= 0 {
			return p.src.bad(f.name, "no length above 0.0005 m", "more than 0 metres")
		}
		*f.into = n
	}
	s, ok, err := p.src.num(propSpeedMPS)
	if err != nil || !ok {
		return err
	}
	if p.speedMPS, ok = parseNumber(s); !ok || !plausibleSpeed(p.speedMPS) {
		return p.src.bad(propSpeedMPS, shorten(s), expectSpeed)
	}
	return nil
}

// Speeds between these are believed, in metres per second: from a drifting
// balloon to well above any aircraft.
const (
	minSpeedMPS = 0.01
	maxSpeedMPS = 5000
	expectSpeed = "a speed from 0.01 to 5000 metres per second"
)

func plausibleSpeed(mps float64) bool { return mps >= minSpeedMPS && mps <= maxSpeedMPS }

func (p *properties) readBuffers() error {
	for _, f := range []struct {
		name   string
		into   *int64
		digits int
		unit   string
	}{
		{propBufferLateralM, &p.buffers.LateralMM, 3, "metres"},
		{propBufferVerticalM, &p.buffers.VerticalMM, 3, "metres"},
		{propBufferTimeS, &p.buffers.TimeNS, 9, "seconds"},
	} {
		n, _, err := p.scaled(f.name, f.digits, f.unit)
		if err != nil {
			return err
		}
		if n < 0 {
			return p.src.bad(f.name, "less than 0", "0 or more "+f.unit)
		}
		*f.into = n
	}
	return nil
}

func (p *properties) readParts() error {
	part, hasPart, err := p.scaled(propPart, 0, "a number of features")
	if err != nil {
		return err
	}
	parts, hasParts, err := p.scaled(propParts, 0, "a number of features")
	switch {
	case err != nil:
		return err
	case hasPart && !hasParts:
		return p.src.bad(propParts, "nothing", "how many parts there are, as `part` is given")
	case hasParts && !hasPart:
		return p.src.bad(propPart, "nothing", "which part this is, as `parts` is given")
	case hasPart && (part < 1 || part > parts):
		return p.src.bad(propPart, strconv.FormatInt(part, 10), "1 to `parts`")
	case hasPart && p.id == "":
		return p.src.bad(propID, "nothing", "the id that the parts share")
	}
	p.part, p.parts = part, parts
	return nil
}

// scaled reads a number as an integer of 10^-digits of its unit.
func (p *properties) scaled(name string, digits int, unit string) (int64, bool, error) {
	s, ok, err := p.src.num(name)
	if err != nil || !ok {
		return 0, false, err
	}
	n, fits := scaleDecimal(s, digits)
	if !fits {
		return 0, false, p.src.bad(name, shorten(s), "a number of "+unit+" in a sensible range")
	}
	return n, true, nil
}

// volumeWith makes a volume of a footprint from the limits and the window.
func (p *properties) volumeWith(place string, f *volume.Footprint) (Volume, error) {
	v := Volume{Place: place, Footprint: f, Buffers: p.buffers}
	for _, m := range []struct {
		name string
		have *Limit
		into *Limit
	}{{propLower, p.lower, &v.Lower}, {propUpper, p.upper, &v.Upper}} {
		if m.have == nil {
			return Volume{}, p.src.bad(m.name, "nothing", expectLimit)
		}
		*m.into = *m.have
	}
	var err error
	v.Schedule, err = p.schedule()
	return v, err
}

// schedule makes a schedule of start and end; neither means a plan without a clock.
func (p *properties) schedule() (Schedule, error) {
	switch {
	case p.start == nil && p.end == nil:
		return Schedule{}, nil
	case p.start == nil:
		return Schedule{}, p.src.bad(propStart, "nothing", "a start beside `end` ("+expectTime+" or "+unboundedWord+")")
	case p.end == nil:
		return Schedule{}, p.src.bad(propEnd, "nothing", "an end beside `start` ("+expectTime+" or "+unboundedWord+")")
	case *p.start == volume.AlwaysNS && *p.end == volume.ForeverNS:
		return Schedule{Always: true}, nil
	}
	w := volume.Window{StartNS: *p.start, EndNS: *p.end}
	if w.EndNS <= w.StartNS {
		return Schedule{}, p.src.bad(propEnd, "an end that is not after the start", "an end after the start")
	}
	return Schedule{Windows: []volume.Window{w}}, nil
}

// refuse is the error for the first of some properties that is given although
// it has no meaning for what the feature is.
func (p *properties) refuse(what string, names ...string) error {
	for _, name := range names {
		if p.src.has(name) {
			return p.src.bad(name, "a value", "no such property of "+what)
		}
	}
	return nil
}

// item starts an Item with the identity.
func (p *properties) item(place string) Item {
	return Item{
		Place: place, ID: p.id, Version: p.version, Party: p.party, Name: p.name,
		Kind: p.kind, Type: p.typ, Suppositions: p.suppositions,
	}
}

const (
	referenceNames = "W84, AMSL, AGL, HOME, QNE"
	expectAltitude = "an altitude with unit and reference, such as 120 m AMSL or FL95 (references " + referenceNames + ")"
	expectLimit    = expectAltitude + ", or " + unboundedWord
)

var errLimit = errors.New("not an altitude with unit and reference")

// parseReference reads the name of an altitude reference.
func parseReference(s string) (geodesy.AltitudeReference, bool) {
	switch s {
	case "W84":
		return geodesy.W84, true
	case "AMSL":
		return geodesy.AMSL, true
	case "AGL":
		return geodesy.AGL, true
	case "HOME":
		return geodesy.Home, true
	case "QNE":
		return geodesy.Pressure, true
	}
	return "", false
}

// parseLimit reads `120 m AMSL`, `4000 ft QNE`, `FL95` or `unbounded`.
func parseLimit(s string) (Limit, error) {
	if s == unboundedWord {
		return Limit{Unbounded: true}, nil
	}
	if level, found := strings.CutPrefix(s, "FL"); found {
		level = strings.TrimPrefix(level, " ")
		n, err := strconv.ParseUint(level, 10, 16)
		if err != nil || len(level) > 3 {
			return Limit{}, errLimit
		}
		return Limit{Altitude: geodesy.Altitude{MM: int64(n) * flightLevelMM, Ref: geodesy.Pressure}}, nil
	}
	at := strings.LastIndexByte(s, ' ')
	if at < 0 {
		return Limit{}, errLimit
	}
	ref, ok := parseReference(s[at+1:])
	if !ok || s[:at] == "0" { // zero still needs its unit here
		return Limit{}, errLimit
	}
	mm, err := geodesy.ParseLength(s[:at])
	if err != nil || mm < -geodesy.MaxAltitudeMM || mm > geodesy.MaxAltitudeMM {
		return Limit{}, errLimit
	}
	return Limit{Altitude: geodesy.Altitude{MM: mm, Ref: ref}}, nil
}

// flightLevelMM is a hundred feet in millimetres.
const flightLevelMM = 30_480

// formatLimit writes an altitude above a reference, or unbounded, so that
// parseLimit reads the same.
func formatLimit(mm int64, ref geodesy.AltitudeReference) string {
	if mm <= volume.NoFloorMM || mm >= volume.NoCeilingMM {
		return unboundedWord
	}
	return formatScaled(mm, 3) + " m " + string(ref)
}

// formatScaled writes n times 10^-digits exactly, without trailing zeros.
func formatScaled(n int64, digits int) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	if len(s) <= digits {
		s = strings.Repeat("0", digits+1-len(s)) + s
	}
	whole, part := s[:len(s)-digits], strings.TrimRight(s[len(s)-digits:], "0")
	if part == "" {
		return sign + whole
	}
	return sign + whole + "." + part
}

// scaleDecimal reads a decimal literal as an integer of 10^-digits, rounded
// halves away from zero. It is exact, and false for what does not fit 2^62 or
// has more than 64 characters.
func scaleDecimal(s string, digits int) (int64, bool) {
	f, ok := parseNumber(s)
	if !ok || len(s) > 64 || f > 1e19 || f < -1e19 {
		return 0, false
	}
	if f > -1e-30 && f < 1e-30 {
		return 0, true // also keeps tiny exponents away from big.Rat
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, false
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
	num := new(big.Int).Abs(r.Num())
	num.Lsh(num, 1).Add(num, r.Denom())
	num.Quo(num, new(big.Int).Lsh(r.Denom(), 1))
	if num.BitLen() > 62 {
		return 0, false
	}
	return num.Int64() * int64(r.Sign()), true
}
