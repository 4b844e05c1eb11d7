package plan

import (
	"math"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// decodeED269 reads UAS geographical zones as EUROCAE ED-269 has them: a
// UASZoneList, a list of features as in its first edition, or zones alone.
func decodeED269(name string, root jsonValue, opt Options) (*File, error) {
	file := &File{Name: name, Format: ED269}
	zones, err := ed269Zones(root, file)
	if err != nil {
		return nil, err
	}
	for _, z := range zones {
		item, err := ed269Zone(z)
		if err != nil {
			return nil, err
		}
		file.Items = append(file.Items, *item)
	}
	return file, nil
}

// ed269Zones finds the zones of a document, and notes what else it says.
func ed269Zones(root jsonValue, file *File) ([]jsonValue, error) {
	if root.kind() == jsonArray {
		return root.array()
	}
	doc, err := root.object()
	if err != nil {
		return nil, err
	}
	if _, alone := doc.get("identifier"); alone {
		return []jsonValue{root}, nil
	}
	list, ok := doc.get("UASZoneList")
	if other, both := doc.get("features"); !ok {
		list, ok = other, both
	} else if both {
		return nil, other.failHere("no features beside UASZoneList")
	}
	if !ok {
		return nil, doc.missing("UASZoneList", "the list of zones of an ED-269 file")
	}
	for _, key := range []string{"title", "description", "formatVersion", "createdAt"} {
		if v, ok := doc.optional(key); ok {
			file.Notes = append(file.Notes, key+": "+plainText(v))
		}
	}
	file.noteUnused(doc.noteUnread()...)
	zones, err := list.array()
	if err == nil && len(zones) == 0 {
		if _, named := doc.get("UASZoneList"); !named {
			return nil, list.failHere("at least one zone: `features` alone do not tell ED-269 from other formats")
		}
		file.Notes = append(file.Notes, "the list of zones is empty")
	}
	return zones, err
}

var ed269Types = map[string]string{
	"PROHIBITED":        noEntry,
	"REQ_AUTHORISATION": callFirst,
	"CONDITIONAL":       entryWithContact,
	"NO_RESTRICTION":    advisory,
}

func ed269Zone(v jsonValue) (*Item, error) {
	zone, err := v.object()
	if err != nil {
		return nil, err
	}
	item := &Item{Place: v.place(), Kind: volume.Constraint}
	if item.ID, err = needText(zone, "identifier", "the identifier of the zone"); err != nil {
		return nil, err
	}
	if name, ok := zone.optional("name"); ok {
		if item.Name, err = name.text(); err != nil {
			return nil, err
		}
	}
	restriction, err := zone.need("restriction", "PROHIBITED, REQ_AUTHORISATION, CONDITIONAL or NO_RESTRICTION")
	if err != nil {
		return nil, err
	}
	if err := oneOf(restriction, "PROHIBITED", "REQ_AUTHORISATION", "CONDITIONAL", "NO_RESTRICTION"); err != nil {
		return nil, err
	}
	item.Type = ed269Types[plainText(restriction)]

	var notes, suppose remarks
	schedule, err := ed269Schedule(zone, &suppose)
	if err != nil {
		return nil, err
	}
	geometry, err := zone.need("geometry", "an array of volumes")
	if err != nil {
		return nil, err
	}
	volumes, err := geometry.array()
	if err != nil {
		return nil, err
	}
	if len(volumes) == 0 {
		return nil, geometry.failHere("at least one volume")
	}
	for _, g := range volumes {
		vols, err := ed269Geometry(g, schedule, &notes, &suppose)
		if err != nil {
			return nil, err
		}
		item.Volumes = append(item.Volumes, vols...)
	}
	if item.Party, err = zoneAuthority(zone, &notes); err != nil {
		return nil, err
	}
	notes.addf("restriction: %s", plainText(restriction))
	for _, key := range []string{
		"title", "country", "type", "restrictionConditions", "region", "reason", "otherReasonInfo",
		"regulationExemption", "uSpaceClass", "message", "exception", "extendedProperties",
	} {
		noteMember(zone, key, &notes)
	}
	item.Notes, item.Unused = notes.list, notes.unused
	item.noteUnused(zone.noteUnread()...)
	item.Suppositions = suppose.list
	return item, nil
}

// ed269Schedule reads when a zone applies.
func ed269Schedule(zone *jsonObject, suppose *remarks) (s Schedule, err error) {
	list, ok := zone.optional("applicability")
	if !ok {
		suppose.addf("a zone without applicability is taken to apply always")
		return Schedule{Always: true}, nil
	}
	periods, err := list.array()
	if err != nil {
		return s, err
	}
	if len(periods) == 0 {
		suppose.addf("a zone without applicability is taken to apply always")
		return Schedule{Always: true}, nil
	}
	for _, p := range periods {
		if err := ed269Period(p, &s, suppose); err != nil {
			return s, err
		}
	}
	if s.Always {
		return Schedule{Always: true}, nil
	}
	return s, nil
}

func ed269Period(v jsonValue, s *Schedule, suppose *remarks) error {
	p, err := v.object()
	if err != nil {
		return err
	}
	permanent := false
	if flag, ok := p.optional("permanent"); ok {
		if err := oneOf(flag, "YES", "NO"); err != nil {
			return err
		}
		permanent = plainText(flag) == "YES"
	}
	outer, dated, err := periodOf(p)
	if err != nil {
		return err
	}
	daily, ok := p.optional("dailyPeriod")
	if schedule, both := p.optional("schedule"); !ok {
		daily, ok = schedule, both
	} else if both {
		return schedule.failHere("no schedule beside dailyPeriod")
	}
	var lines []dailyPeriod
	if ok {
		if lines, err = dailyPeriodsOf(daily, suppose); err != nil {
			return err
		}
	}
	if err := p.refuseUnread("only permanent, startDateTime, endDateTime and dailyPeriod in an applicability"); err != nil {
		return err
	}
	switch {
	case permanent:
		if dated || len(lines) > 0 {
			suppose.addf("a zone marked permanent is taken to apply always, although %s also states times", p.place())
		}
		s.Always = true
	case len(lines) > 0:
		for _, l := range lines {
			s.Recurring = append(s.Recurring, l.recurrences(outer, suppose)...)
		}
	case dated:
		s.Windows = append(s.Windows, outer)
	default:
		suppose.addf("an applicability without times is taken to mean always")
		s.Always = true
	}
	return nil
}

// dailyPeriodsOf reads the lines of a timetable that are not left blank.
func dailyPeriodsOf(v jsonValue, suppose *remarks) ([]dailyPeriod, error) {
	elems, err := v.array()
	if err != nil {
		return nil, err
	}
	var lines []dailyPeriod
	for _, e := range elems {
		p, ok, err := dailyPeriodOf(e, suppose)
		if err != nil {
			return nil, err
		}
		if ok {
			lines = append(lines, p)
		}
	}
	return lines, nil
}

// ed269Geometry reads one volume of a zone; a polygon of several rings yields
// one volume a ring.
func ed269Geometry(v jsonValue, schedule Schedule, notes, suppose *remarks) ([]Volume, error) {
	g, err := v.object()
	if err != nil {
		return nil, err
	}
	uom, err := g.need("uomDimensions", "M or FT")
	if err != nil {
		return nil, err
	}
	if err := oneOf(uom, "M", "FT"); err != nil {
		return nil, err
	}
	metresPerUnit := 1.0
	if plainText(uom) == "FT" {
		metresPerUnit = geodesy.MetresPerFoot
	}
	lower, err := ed269Limit(g, "lower", metresPerUnit, suppose)
	if err != nil {
		return nil, err
	}
	upper, err := ed269Limit(g, "upper", metresPerUnit, suppose)
	if err != nil {
		return nil, err
	}
	projection, err := g.need("horizontalProjection", "a Circle or Polygon")
	if err != nil {
		return nil, err
	}
	feet, err := ed269Projection(projection, metresPerUnit, notes, suppose)
	if err != nil {
		return nil, err
	}
	if err := g.refuseUnread("only uomDimensions, limits with their references and horizontalProjection in a geometry"); err != nil {
		return nil, err
	}
	var out []Volume
	for _, f := range feet {
		out = append(out, Volume{Place: v.place(), Footprint: f, Lower: lower, Upper: upper, Schedule: schedule})
	}
	return out, nil
}

// ed269Limit reads the lower or upper limit; null means none.
func ed269Limit(g *jsonObject, which string, metresPerUnit float64, suppose *remarks) (Limit, error) {
	var ref geodesy.AltitudeReference
	r, hasRef := g.optional(which + "VerticalReference")
	if hasRef {
		if err := oneOf(r, "AGL", "AMSL", "WGS84", "W84"); err != nil {
			return Limit{}, err
		}
		ref = verticalReferences[plainText(r)]
	}
	v, ok := g.optional(which + "Limit")
	if !ok {
		return Limit{Unbounded: true}, nil
	}
	value, err := numberOrText(v)
	if err != nil {
		return Limit{}, err
	}
	return zoneLimit(v, value, metresPerUnit, ref, which == "upper", suppose)
}

var verticalReferences = map[string]geodesy.AltitudeReference{
	"AGL": geodesy.AGL, "AMSL": geodesy.AMSL, "WGS84": geodesy.W84, "W84": geodesy.W84,
}

// zoneLimit makes a Limit of a value read at v. An empty reference is refused
// unless the value means no limit.
func zoneLimit(v jsonValue, value, metresPerUnit float64, ref geodesy.AltitudeReference, upper bool, suppose *remarks) (Limit, error) {
	if upper && value >= endlessLimit {
		suppose.addf(supposeEndless)
		return Limit{Unbounded: true}, nil
	}
	mm, ok := millimetres(value, metresPerUnit)
	if !ok {
		return Limit{}, v.failHere("a limit within 1000 km")
	}
	if ref == "" {
		return Limit{}, v.failHere("a vertical reference beside the limit: AGL, AMSL or WGS84")
	}
	return Limit{Altitude: geodesy.Altitude{MM: mm, Ref: ref}}, nil
}

// numberOrText reads a number, or a string that holds one.
func numberOrText(v jsonValue) (float64, error) {
	if v.kind() != jsonString {
		return v.number()
	}
	s, err := v.text()
	if err != nil {
		return 0, err
	}
	f, ok := parseNumber(strings.TrimSpace(s))
	if !ok {
		return 0, v.failHere("a number")
	}
	return f, nil
}

// ed269Projection reads a Circle or a Polygon. The standard does not say
// whether further rings of a Polygon are holes or more areas; one footprint a
// ring covers both readings.
func ed269Projection(v jsonValue, metresPerUnit float64, notes, suppose *remarks) ([]*volume.Footprint, error) {
	p, err := v.object()
	if err != nil {
		return nil, err
	}
	kind, err := p.need("type", "Circle or Polygon")
	if err != nil {
		return nil, err
	}
	if err := oneOf(kind, "Circle", "Polygon"); err != nil {
		return nil, err
	}
	var out []*volume.Footprint
	if plainText(kind) == "Circle" {
		f, err := ed269Circle(p, metresPerUnit, notes)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	} else {
		coordinates, err := p.need("coordinates", "rings of positions")
		if err != nil {
			return nil, err
		}
		rings, err := coordinates.array()
		if err != nil {
			return nil, err
		}
		if len(rings) == 0 {
			return nil, coordinates.failHere("at least one ring")
		}
		if len(rings) > 1 {
			suppose.addf("every ring of a polygon is taken as an area of its own, none as a hole")
		}
		for _, r := range rings {
			f, err := polygonOf(r, notes)
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		}
	}
	// Some publishers leave the fields of the other shape, as null.
	for _, key := range []string{"center", "radius", "coordinates"} {
		if other, ok := p.get(key); ok && plainText(kind) == "Polygon" && key != "coordinates" && !other.isNull() {
			return nil, other.failHere("no " + key + " in a Polygon")
		} else if ok && plainText(kind) == "Circle" && key == "coordinates" && !other.isNull() {
			return nil, other.failHere("no coordinates in a Circle")
		}
	}
	return out, p.refuseUnread("only type, coordinates, center and radius in a horizontal projection")
}

func ed269Circle(p *jsonObject, metresPerUnit float64, notes *remarks) (*volume.Footprint, error) {
	c, err := p.need("center", "the centre, longitude first")
	if err != nil {
		return nil, err
	}
	centre, hasAltitude, err := positionOf(c)
	if err != nil {
		return nil, err
	}
	if hasAltitude {
		notes.unusedf("altitudes within coordinates are not used: the limits of the zone count")
	}
	r, err := p.need("radius", "the radius in the unit of uomDimensions")
	if err != nil {
		return nil, err
	}
	value, err := numberOrText(r)
	if err != nil {
		return nil, err
	}
	return circleOf(r, centre, value, metresPerUnit)
}

// circleOf makes a circle of a radius read at v. The radius is rounded up.
func circleOf(v jsonValue, centre geodesy.LatLng, radius, metresPerUnit float64) (*volume.Footprint, error) {
	mm := math.Ceil(radius * metresPerUnit * 1000)
	if !(mm >= 1 && mm <= volume.MaxReachM*1000) {
		return nil, v.failHere("a radius above 0 and of at most 5000 km")
	}
	f, err := volume.NewCircle(centre, int64(mm))
	return f, v.wrap(err)
}

// polygonOf makes a polygon of the ring at v.
func polygonOf(v jsonValue, notes *remarks) (*volume.Footprint, error) {
	ring, err := ringOf(v, notes)
	if err != nil {
		return nil, err
	}
	f, err := volume.NewPolygon(ring)
	return f, v.wrap(err)
}

// zoneAuthority notes every authority and returns the name of the first.
func zoneAuthority(zone *jsonObject, notes *remarks) (string, error) {
	v, ok := zone.optional("zoneAuthority")
	if !ok {
		return "", nil
	}
	list, err := v.array()
	if err != nil {
		return "", err
	}
	first := ""
	for _, e := range list {
		a, err := e.object()
		if err != nil {
			return "", err
		}
		if name, ok := a.optional("name"); ok && first == "" {
			first = plainText(name)
		}
		var parts []string
		for _, m := range a.members {
			if !m.isNull() {
				parts = append(parts, a.keyOf(m)+" "+plainText(m))
			}
		}
		notes.addf("authority: %s", strings.Join(parts, ", "))
	}
	return first, nil
}

// needText reads a string that must be there and not be blank.
func needText(o *jsonObject, key, expected string) (string, error) {
	v, err := o.need(key, expected)
	if err != nil {
		return "", err
	}
	s, err := v.text()
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(s) == "" {
		return "", v.failHere(expected)
	}
	return s, nil
}

// noteMember notes a member that is there, not null and not empty.
func noteMember(o *jsonObject, key string, notes *remarks) {
	if v, ok := o.optional(key); ok {
		if s := plainText(v); s != "" {
			notes.addf("%s: %s", key, s)
		}
	}
}

// maxNoteText bounds the text that one note takes from a file, in bytes.
const maxNoteText = 2000

// plainText writes a value for people: a string as it is; a text in several
// languages as the English one, else the first; lists with commas.
func plainText(v jsonValue) string { return cutRunes(plainTextOf(v, 4), maxNoteText) }

func plainTextOf(v jsonValue, depth int) string {
	switch v.kind() {
	case jsonString:
		s, err := v.text()
		if err != nil {
			return ""
		}
		return s
	case jsonArray:
		elems, err := v.array()
		if err != nil || depth == 0 {
			return v.describe()
		}
		if s, ok := inOneLanguage(elems); ok {
			return s
		}
		var parts []string
		for _, e := range elems {
			parts = append(parts, plainTextOf(e, depth-1))
		}
		return strings.Join(parts, ", ")
	case jsonObjectKind:
		o, err := v.object()
		if err != nil || depth == 0 {
			return v.describe()
		}
		var parts []string
		for _, m := range o.members {
			parts = append(parts, o.keyOf(m)+" "+plainTextOf(m, depth-1))
		}
		return strings.Join(parts, ", ")
	default:
		return v.describe()
	}
}

// inOneLanguage picks from a list of {text, lang} the English text, else the
// first. It reports false for any other list.
func inOneLanguage(elems []jsonValue) (string, bool) {
	picked, ok := "", false
	for _, e := range elems {
		if e.kind() != jsonObjectKind {
			return "", false
		}
		o, err := e.object()
		if err != nil {
			return "", false
		}
		lang, hasLang := o.optional("lang")
		text, hasText := o.optional("text")
		if !hasLang || lang.kind() != jsonString || hasText && text.kind() != jsonString {
			return "", false
		}
		if !hasText {
			continue
		}
		if strings.HasPrefix(plainTextOf(lang, 0), "en") {
			return plainTextOf(text, 0), true
		}
		if !ok {
			picked, ok = plainTextOf(text, 0), true
		}
	}
	return picked, ok
}
