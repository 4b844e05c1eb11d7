package plan

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// decodeOpenAir reads airspace in OpenAir text, of the original kind and of
// version 2.
func decodeOpenAir(name string, data []byte, opt Options) (*File, error) {
	text, err := textBytes(name, data)
	if err != nil {
		return nil, err
	}
	r := &openAirReader{file: &File{Name: name, Format: OpenAir}}
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		r.line++
		if err := r.record(line); err != nil {
			return nil, err
		}
	}
	if err := r.finish(); err != nil {
		return nil, err
	}
	if len(r.file.Items) == 0 {
		return nil, &Error{File: name, Found: "no airspace", Expected: "records from AC to the geometry of an airspace"}
	}
	if r.drawing > 0 {
		r.notes.addf("%d records are drawing styles, label places and terrain", r.drawing)
	}
	r.file.Notes = r.notes.list
	return r.file, nil
}

// maxOpenAirLine bounds a line, in bytes.
const maxOpenAirLine = 4096

type openAirReader struct {
	file    *File
	line    int
	space   *openAirSpace // open airspace, nil before the first
	terrain bool          // within a terrain block, which says nothing of airspace
	drawing int           // records of styles, labels and terrain
	notes   remarks
}

// openAirSpace is one airspace while its records are read.
type openAirSpace struct {
	line                  int // of AC
	class, kind, name, id string
	lower, upper          *Limit
	limitPlaces           map[bool]string // of AL, and of AH (true)
	active                []volume.Window
	unknownActivation     bool
	shape                 openAirShape
	notes, suppose        remarks
}

func (r *openAirReader) fail(found, expected string) error {
	return &Error{File: r.file.Name, Place: "line " + strconv.Itoa(r.line), Found: found, Expected: expected}
}

// record reads one line.
func (r *openAirReader) record(line []byte) error {
	if len(line) > maxOpenAirLine {
		return r.fail("a line of "+strconv.Itoa(len(line))+" bytes", "at most "+strconv.Itoa(maxOpenAirLine))
	}
	s := strings.TrimSpace(string(line))
	if strings.HasPrefix(s, "*VERSION") || strings.HasPrefix(s, "*WRITTEN_BY") {
		r.notes.addf("%s", strings.TrimPrefix(s, "*"))
	}
	if i := strings.IndexByte(s, '*'); i >= 0 {
		s = strings.TrimSpace(s[:i])
	}
	if s == "" {
		return nil
	}
	word, value := s, ""
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		word, value = s[:i], strings.TrimSpace(s[i:])
	}
	switch word = strings.ToUpper(word); word {
	case "AC":
		return r.start(value)
	case "TO", "TC":
		r.terrain = true
		r.drawing++
		return nil
	case "SP", "SB", "TX", "AT":
		r.drawing++
		return nil
	case "V", "DP", "DA", "DB", "DC", "DY":
		if r.terrain {
			r.drawing++
			return nil
		}
	case "AN", "AY", "AI", "AF", "AG", "AX", "TP", "AA", "AH", "AL":
		r.terrain = false
	default:
		return r.fail("the record "+quoteShort(s), "AC, AN, AY, AI, AF, AG, AX, AA, AH, AL, AT, TP, V, DP, DA, DB, DC, DY, "+
			"SP, SB, TO, TC, TX or a comment (*)")
	}
	if r.space == nil {
		return r.fail("the record "+quoteShort(s), "AC first: it begins an airspace")
	}
	if value == "" {
		return r.fail("the record "+word+" without a value", "a value")
	}
	return r.attribute(word, value)
}

// start finishes the open airspace and begins another.
func (r *openAirReader) start(class string) error {
	if class == "" {
		return r.fail("the record AC without a value", "the class of the airspace")
	}
	if err := r.finish(); err != nil {
		return err
	}
	r.terrain = false
	r.space = &openAirSpace{line: r.line, class: strings.ToUpper(class), limitPlaces: make(map[bool]string, 2)}
	return nil
}

// attribute reads a record of the open airspace.
func (r *openAirReader) attribute(word, value string) error {
	a := r.space
	once := func(into *string) error {
		if *into != "" {
			return r.fail("a second "+word, "one "+word+" an airspace")
		}
		*into = value
		return nil
	}
	switch word {
	case "AN":
		return once(&a.name)
	case "AI":
		return once(&a.id)
	case "AY":
		value = strings.ToUpper(value)
		return once(&a.kind)
	case "AF":
		a.notes.addf("frequency: %s", value)
	case "AG":
		a.notes.addf("station: %s", value)
	case "AX", "TP":
		a.notes.addf("transponder code: %s", value)
	case "AA":
		return r.activation(value)
	case "AH":
		return r.limit(&a.upper, value, true)
	case "AL":
		return r.limit(&a.lower, value, false)
	default:
		return r.geometry(word, value)
	}
	return nil
}

// finish turns the open airspace into an item.
func (r *openAirReader) finish() error {
	a := r.space
	if a == nil {
		return nil
	}
	r.space = nil
	place := "line " + strconv.Itoa(a.line)
	missing := func(what string) error {
		found := "an airspace without " + what
		if a.name != "" {
			found += " (" + quoteShort(a.name) + ")"
		}
		return &Error{File: r.file.Name, Place: place, Found: found, Expected: "one"}
	}
	switch {
	case a.lower == nil:
		return missing("a floor (AL)")
	case a.upper == nil:
		return missing("a ceiling (AH)")
	case a.shape.empty():
		return missing("geometry (DP, DA, DB, DC or DY)")
	}
	foot, growthMM, err := a.shape.footprint(&a.notes)
	if err != nil {
		return &Error{File: r.file.Name, Place: place, Found: "the airspace " + quoteShort(a.name), Expected: "a valid area", Err: err}
	}
	if growthMM > 0 {
		a.suppose.addf("arcs are drawn as straight edges and the area is grown by %s m, "+
			"the most that an edge can lie within its arc", formatScaled(growthMM, 3))
	}
	item := Item{
		Place: place, ID: a.id, Name: a.name, Kind: volume.Constraint, Type: a.constraintType(),
		Volumes: []Volume{{
			Place: place, Footprint: foot, Lower: *a.lower, Upper: *a.upper, Schedule: a.schedule(),
			LowerPlace: a.limitPlaces[false], UpperPlace: a.limitPlaces[true],
			Buffers: volume.Buffers{LateralMM: growthMM},
		}},
	}
	a.notes.addf("class: %s", a.class)
	if a.kind != "" {
		a.notes.addf("type: %s", a.kind)
	}
	item.Notes, item.Suppositions = a.notes.list, a.suppose.list
	r.file.Items = append(r.file.Items, item)
	return nil
}

// openAirTypes says what a class (AC) or type (AY) asks of those who come.
var openAirTypes = map[string]string{
	"P": noEntry, "GP": noEntry, "PROHIBITED": noEntry, "TFR": noEntry, "OFR": noEntry,
	"R": callFirst, "RESTRICTED": callFirst, "TRA": callFirst, "TSA": callFirst, "TRAFR": callFirst,
	"MTA": callFirst, "MTR": callFirst, "Q": callFirst, "DANGER": callFirst, "N": callFirst,
	"A": entryWithContact, "B": entryWithContact, "C": entryWithContact, "D": entryWithContact,
	"CTR": entryWithContact, "CTA": entryWithContact, "TMA": entryWithContact, "ATZ": entryWithContact,
	"MATZ": entryWithContact, "MCTR": entryWithContact, "ADIZ": entryWithContact, "RMZ": entryWithContact,
	"TIZ": entryWithContact, "HTZ": entryWithContact, "AWY": entryWithContact,
	"UTA": entryWithContact, "LTA": entryWithContact,
	"E": advisory, "F": advisory, "G": advisory, "UNC": advisory, "UNCLASSIFIED": advisory, "NONE": advisory,
	"TMZ": advisory, "TRZ": advisory, "TIA": advisory, "FIR": advisory, "UIR": advisory, "FIS": advisory,
	"ACCSEC": advisory, "VFRSEC": advisory, "VFRR": advisory, "ALERT": advisory, "WARNING": advisory,
	"ASRA": advisory, "GSEC": advisory, "W": advisory, "WAVE": advisory, "GLIDING": advisory,
}

// constraintType returns the stricter of what class and type ask for. What is
// in no list is taken to ask for the most.
func (a *openAirSpace) constraintType() string {
	t := ""
	for _, word := range []string{a.class, a.kind} {
		if word == "" {
			continue
		}
		of, ok := openAirTypes[word]
		if !ok {
			of = noEntry
			a.suppose.addf("the class or type %s is not known and is taken as %s", quoteShort(word), noEntry)
		}
		t = stricter(t, of)
	}
	return t
}

// schedule returns when the airspace is active. One without activation times,
// or whose times come by other ways (NOTAM), is taken as always active.
func (a *openAirSpace) schedule() Schedule {
	if a.unknownActivation {
		a.suppose.addf("activation times that the file leaves open (AA NONE) are taken as always active")
		return Schedule{Always: true}
	}
	if len(a.active) == 0 {
		return Schedule{Always: true}
	}
	return Schedule{Windows: a.active}
}

// activation reads `start/end` in UTC; NONE stands for an end that is not known.
func (r *openAirReader) activation(value string) error {
	const expected = "start/end in UTC such as 2023-12-16T12:00Z/2023-12-16T13:00Z, or NONE for either"
	from, to, both := strings.Cut(value, "/")
	if !both && value != "NONE" {
		return r.fail("the activation "+quoteShort(value), expected)
	}
	w := volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	if !both || from == "NONE" && to == "NONE" {
		r.space.unknownActivation = true
		return nil
	}
	for _, end := range []struct {
		text string
		into *int64
	}{{from, &w.StartNS}, {to, &w.EndNS}} {
		if end.text == "NONE" {
			continue
		}
		t, ok := openAirTime(end.text)
		if !ok {
			return r.fail("the activation "+quoteShort(value), expected)
		}
		*end.into = instantNS(t)
	}
	if w.EndNS <= w.StartNS {
		return r.fail("the activation "+quoteShort(value), "an end after the start")
	}
	r.space.active = append(r.space.active, w)
	return nil
}

// openAirTime reads a date and time of UTC, with or without seconds. 24:00 is
// the end of the day.
func openAirTime(s string) (time.Time, bool) {
	date, clock, found := strings.Cut(s, "T")
	if !found || !strings.HasSuffix(clock, "Z") {
		return time.Time{}, false
	}
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return time.Time{}, false
	}
	t, ok := parseDayTime(clock)
	return d.Add(t.local), ok
}

const expectOpenAirLimit = "an altitude such as 4500ft AMSL, 1500m AGL, FL95, 9500ft STD, GND (floor) or UNL (ceiling)"

// limit reads a floor or ceiling.
func (r *openAirReader) limit(into **Limit, value string, upper bool) error {
	if *into != nil {
		return r.fail("a second floor or ceiling", "one of each an airspace")
	}
	l, ok := openAirLimit(value, upper, &r.space.suppose)
	if !ok {
		return r.fail("the altitude "+quoteShort(value), expectOpenAirLimit)
	}
	*into = &l
	r.space.limitPlaces[upper] = "line " + strconv.Itoa(r.line)
	return nil
}

var openAirReferences = map[string]geodesy.AltitudeReference{
	"AMSL": geodesy.AMSL, "MSL": geodesy.AMSL, "ALT": geodesy.AMSL,
	"AGL": geodesy.AGL, "GND": geodesy.AGL, "SFC": geodesy.AGL, "ASFC": geodesy.AGL,
	"STD": geodesy.Pressure,
}

// openAirLimit reads an altitude: GND or SFC, UNL, a flight level, or a number
// with unit and reference in any spacing. A number without a unit is in feet,
// as the format has it; one without a reference is not accepted.
func openAirLimit(value string, upper bool, suppose *remarks) (Limit, bool) {
	s := strings.ToUpper(strings.Join(strings.Fields(value), ""))
	switch s {
	case "GND", "SFC":
		return Limit{Altitude: geodesy.Altitude{Ref: geodesy.AGL}}, !upper
	case "0", "0FT", "0M":
		suppose.addf("a floor of 0 without a reference is taken as the ground")
		return Limit{Altitude: geodesy.Altitude{Ref: geodesy.AGL}}, !upper
	case "UNL", "UNLIM", "UNLIMITED":
		return Limit{Unbounded: true}, upper
	}
	if level, ok := strings.CutPrefix(s, "FL"); ok {
		n, err := strconv.ParseUint(level, 10, 16)
		if err != nil || len(level) > 3 {
			return Limit{}, false
		}
		return Limit{Altitude: geodesy.Altitude{MM: int64(n) * flightLevelMM, Ref: geodesy.Pressure}}, true
	}
	end := 0
	for end < len(s) && strings.IndexByte("0123456789.-", s[end]) >= 0 {
		end++
	}
	n, ok := parseNumber(s[:end])
	if !ok {
		return Limit{}, false
	}
	word, metresPerUnit := s[end:], geodesy.MetresPerFoot
	ref, ok := openAirReferences[word] // before the units: MSL begins with M
	switch {
	case ok:
		suppose.addf("altitudes without a unit are taken as feet")
	case strings.HasPrefix(word, "FT"):
		ref = openAirReferences[word[2:]]
	case strings.HasPrefix(word, "M"):
		metresPerUnit = 1
		ref = openAirReferences[word[1:]]
	}
	mm, fits := millimetres(n, metresPerUnit)
	if ref == "" || !fits {
		return Limit{}, false
	}
	return Limit{Altitude: geodesy.Altitude{MM: mm, Ref: ref}}, true
}
