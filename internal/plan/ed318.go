package plan

import (
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// decodeED318 reads UAS geographical zones as EUROCAE ED-318 has them: GeoJSON
// features whose geometries carry a vertical layer.
func decodeED318(name string, root jsonValue, opt Options) (*File, error) {
	doc, err := root.object()
	if err != nil {
		return nil, err
	}
	kind, err := doc.need("type", "FeatureCollection or Feature")
	if err != nil {
		return nil, err
	}
	if err := oneOf(kind, "FeatureCollection", "Feature"); err != nil {
		return nil, err
	}
	file := &File{Name: name, Format: ED318}
	features, geoid := []jsonValue{root}, ""
	if plainText(kind) == "FeatureCollection" {
		if features, geoid, err = ed318Collection(doc, file); err != nil {
			return nil, err
		}
	}
	for _, f := range features {
		item, err := ed318Feature(f, geoid)
		if err != nil {
			return nil, err
		}
		file.Items = append(file.Items, *item)
	}
	return file, nil
}

// ed318Collection returns the features of a collection and the geoid of its
// AMSL limits, and notes what else it says.
func ed318Collection(doc *jsonObject, file *File) (features []jsonValue, geoid string, err error) {
	for _, key := range []string{"name", "title", "description"} {
		if v, ok := doc.optional(key); ok {
			file.Notes = append(file.Notes, key+": "+plainText(v))
		}
	}
	geoid, notes, err := ed318Metadata(doc)
	if err != nil {
		return nil, "", err
	}
	file.Notes = append(file.Notes, notes...)
	list, err := doc.need("features", "an array of zones")
	if err != nil {
		return nil, "", err
	}
	doc.ignore("bbox")
	file.noteUnused(doc.noteUnread()...)
	features, err = list.array()
	return features, geoid, err
}

// ed318Metadata notes what the dataset says of itself, and returns the geoid
// that its AMSL limits refer to when that is not EGM96.
func ed318Metadata(doc *jsonObject) (geoid string, notes []string, err error) {
	v, ok := doc.optional("metadata")
	if !ok {
		return "", nil, nil
	}
	meta, err := v.object()
	if err != nil {
		return "", nil, err
	}
	for _, m := range meta.members {
		if !m.isNull() {
			notes = append(notes, m.place()+": "+plainText(m))
		}
	}
	if g, ok := meta.optional("otherGeoid"); ok {
		s, err := g.text()
		if err != nil {
			return "", nil, err
		}
		if plain := strings.ToUpper(strings.ReplaceAll(s, "-", "")); plain != "" && !strings.Contains(plain, "EGM96") {
			geoid = s
		}
	}
	return geoid, notes, nil
}

var ed318Types = map[string]string{
	"PROHIBITED":        noEntry,
	"REQ_AUTHORIZATION": callFirst,
	"USPACE":            callFirst,
	"CONDITIONAL":       entryWithContact,
	"NO_RESTRICTION":    advisory,
}

// ed318Reader reads one feature.
type ed318Reader struct {
	geoid          string // of the dataset, when not EGM96
	notes, suppose remarks
}

func ed318Feature(v jsonValue, geoid string) (*Item, error) {
	feature, err := v.object()
	if err != nil {
		return nil, err
	}
	kind, err := feature.need("type", "Feature")
	if err != nil {
		return nil, err
	}
	if err := oneOf(kind, "Feature"); err != nil {
		return nil, err
	}
	r := &ed318Reader{geoid: geoid}
	properties, err := feature.need("properties", "the properties of the zone")
	if err != nil {
		return nil, err
	}
	item, schedule, err := r.properties(properties)
	if err != nil {
		return nil, err
	}
	item.Place = v.place()
	geometry, err := feature.need("geometry", "a geometry with its layer")
	if err != nil {
		return nil, err
	}
	if item.Volumes, err = r.geometry(geometry, schedule, true); err != nil {
		return nil, err
	}
	if len(item.Volumes) == 0 {
		return nil, geometry.failHere("at least one geometry")
	}
	feature.ignore("bbox", "id")
	item.Notes, item.Unused = r.notes.list, r.notes.unused
	item.noteUnused(feature.noteUnread()...)
	item.Suppositions = r.suppose.list
	return item, nil
}

func (r *ed318Reader) properties(v jsonValue) (*Item, Schedule, error) {
	p, err := v.object()
	if err != nil {
		return nil, Schedule{}, err
	}
	item := &Item{Kind: volume.Constraint}
	if item.ID, err = needText(p, "identifier", "the identifier of the zone"); err != nil {
		return nil, Schedule{}, err
	}
	if name, ok := p.optional("name"); ok {
		item.Name = plainText(name)
	}
	kind, err := p.need("type", "the type of the zone")
	if err != nil {
		return nil, Schedule{}, err
	}
	if err := oneOf(kind, "PROHIBITED", "REQ_AUTHORIZATION", "CONDITIONAL", "NO_RESTRICTION", "USPACE"); err != nil {
		return nil, Schedule{}, err
	}
	item.Type = ed318Types[plainText(kind)]
	schedule, err := r.schedule(p)
	if err != nil {
		return nil, Schedule{}, err
	}
	if item.Party, err = zoneAuthority(p, &r.notes); err != nil {
		return nil, Schedule{}, err
	}
	r.notes.addf("type: %s", plainText(kind))
	for _, key := range []string{
		"country", "variant", "restrictionConditions", "region", "reason", "otherReasonInfo",
		"regulationExemption", "message", "extendedProperties", "dataSource",
	} {
		noteMember(p, key, &r.notes)
	}
	for _, n := range p.noteUnread() {
		r.notes.unusedf("%s", n)
	}
	return item, schedule, nil
}

// schedule reads limitedApplicability; a zone without one applies always.
func (r *ed318Reader) schedule(p *jsonObject) (s Schedule, err error) {
	list, ok := p.optional("limitedApplicability")
	if !ok {
		return Schedule{Always: true}, nil
	}
	periods, err := list.array()
	if err != nil {
		return s, err
	}
	if len(periods) == 0 {
		return Schedule{Always: true}, nil
	}
	for _, e := range periods {
		period, err := e.object()
		if err != nil {
			return s, err
		}
		outer, dated, err := periodOf(period)
		if err != nil {
			return s, err
		}
		var lines []dailyPeriod
		if daily, ok := period.optional("schedule"); ok {
			if lines, err = dailyPeriodsOf(daily, &r.suppose); err != nil {
				return s, err
			}
		}
		if err := period.refuseUnread("only startDateTime, endDateTime and schedule in a limitedApplicability"); err != nil {
			return s, err
		}
		for _, l := range lines {
			s.Recurring = append(s.Recurring, l.recurrences(outer, &r.suppose)...)
		}
		switch {
		case len(lines) > 0:
		case dated:
			s.Windows = append(s.Windows, outer)
		default:
			r.suppose.addf("an applicability without times is taken to mean always")
			return Schedule{Always: true}, nil
		}
	}
	return s, nil
}

// geometry reads a Point with a circular extent, a Polygon, a MultiPolygon, or
// at the outermost level a collection of these.
func (r *ed318Reader) geometry(v jsonValue, schedule Schedule, outermost bool) ([]Volume, error) {
	g, err := v.object()
	if err != nil {
		return nil, err
	}
	kinds := []string{"Point", "Polygon", "MultiPolygon"}
	if outermost {
		kinds = append(kinds, "GeometryCollection")
	}
	kind, err := g.need("type", "one of "+strings.Join(kinds, ", "))
	if err != nil {
		return nil, err
	}
	if err := oneOf(kind, kinds...); err != nil {
		return nil, err
	}
	g.ignore("bbox")
	if plainText(kind) == "GeometryCollection" {
		return r.collection(g, schedule)
	}
	base := Volume{Place: v.place(), Schedule: schedule}
	if base.Lower, base.Upper, err = r.layer(g); err != nil {
		return nil, err
	}
	coordinates, err := g.need("coordinates", "the coordinates of the "+plainText(kind))
	if err != nil {
		return nil, err
	}
	var feet []*volume.Footprint
	switch plainText(kind) {
	case "Point":
		feet, err = r.circle(g, coordinates)
	case "Polygon":
		feet, err = r.polygon(coordinates)
	default:
		feet, err = r.polygons(coordinates)
	}
	if err != nil {
		return nil, err
	}
	if err := g.refuseUnread("only type, coordinates, layer and, in a Point, extent in a geometry"); err != nil {
		return nil, err
	}
	var out []Volume
	for _, f := range feet {
		base.Footprint = f
		out = append(out, base)
	}
	return out, nil
}

func (r *ed318Reader) collection(g *jsonObject, schedule Schedule) ([]Volume, error) {
	list, err := g.need("geometries", "an array of geometries")
	if err != nil {
		return nil, err
	}
	elems, err := list.array()
	if err != nil {
		return nil, err
	}
	var out []Volume
	for _, e := range elems {
		vols, err := r.geometry(e, schedule, false)
		if err != nil {
			return nil, err
		}
		out = append(out, vols...)
	}
	return out, g.refuseUnread("only type and geometries in a GeometryCollection")
}

// layer reads the vertical extent of a geometry.
func (r *ed318Reader) layer(g *jsonObject) (lower, upper Limit, err error) {
	v, ok := g.optional("layer")
	if !ok {
		r.suppose.addf("a geometry without a layer is taken to have neither floor nor ceiling")
		return Limit{Unbounded: true}, Limit{Unbounded: true}, nil
	}
	l, err := v.object()
	if err != nil {
		return lower, upper, err
	}
	uom, err := l.need("uom", "m or ft")
	if err != nil {
		return lower, upper, err
	}
	if err := oneOf(uom, "m", "ft"); err != nil {
		return lower, upper, err
	}
	metresPerUnit := 1.0
	if plainText(uom) == "ft" {
		metresPerUnit = geodesy.MetresPerFoot
	}
	if lower, err = r.limit(l, "lower", metresPerUnit); err != nil {
		return lower, upper, err
	}
	if upper, err = r.limit(l, "upper", metresPerUnit); err != nil {
		return lower, upper, err
	}
	return lower, upper, l.refuseUnread("only uom and the limits with their references in a layer")
}

func (r *ed318Reader) limit(l *jsonObject, which string, metresPerUnit float64) (Limit, error) {
	var ref geodesy.AltitudeReference
	if v, ok := l.optional(which + "Reference"); ok {
		if err := oneOf(v, "AGL", "AMSL", "WGS84"); err != nil {
			return Limit{}, err
		}
		ref = verticalReferences[plainText(v)]
	}
	v, ok := l.optional(which)
	if !ok {
		return Limit{Unbounded: true}, nil
	}
	value, err := v.number()
	if err != nil {
		return Limit{}, err
	}
	limit, err := zoneLimit(v, value, metresPerUnit, ref, which == "upper", &r.suppose)
	if err == nil && !limit.Unbounded && ref == geodesy.AMSL && r.geoid != "" {
		return limit, v.fail("a limit above mean sea level by the geoid "+quoteShort(r.geoid), "one by EGM96, or AGL or WGS84")
	}
	return limit, err
}

func (r *ed318Reader) circle(g *jsonObject, coordinates jsonValue) ([]*volume.Footprint, error) {
	v, err := g.need("extent", "a circular extent: a point alone is no zone")
	if err != nil {
		return nil, err
	}
	extent, err := v.object()
	if err != nil {
		return nil, err
	}
	kind, err := extent.need("subType", "Circle")
	if err != nil {
		return nil, err
	}
	if err := oneOf(kind, "Circle"); err != nil {
		return nil, err
	}
	radius, err := extent.need("radius", "the radius in metres")
	if err != nil {
		return nil, err
	}
	value, err := radius.number()
	if err != nil {
		return nil, err
	}
	if err := extent.refuseUnread("only subType and radius in an extent"); err != nil {
		return nil, err
	}
	centre, hasAltitude, err := positionOf(coordinates)
	if err != nil {
		return nil, err
	}
	if hasAltitude {
		r.notes.unusedf("altitudes within coordinates are not used: the limits of the zone count")
	}
	f, err := circleOf(radius, centre, value, 1)
	return []*volume.Footprint{f}, err
}

// polygon reads the rings of a polygon. Holes are filled: a zone larger than
// the published one hides no conflict.
func (r *ed318Reader) polygon(v jsonValue) ([]*volume.Footprint, error) {
	rings, err := v.array()
	if err != nil {
		return nil, err
	}
	if len(rings) == 0 {
		return nil, v.failHere("at least one ring")
	}
	f, err := polygonOf(rings[0], &r.notes)
	if err != nil {
		return nil, err
	}
	for _, hole := range rings[1:] {
		if _, err := polygonOf(hole, &r.notes); err != nil {
			return nil, err
		}
		r.suppose.addf("holes of a polygon are filled")
	}
	return []*volume.Footprint{f}, nil
}

func (r *ed318Reader) polygons(v jsonValue) ([]*volume.Footprint, error) {
	list, err := v.array()
	if err != nil {
		return nil, err
	}
	var out []*volume.Footprint
	for _, e := range list {
		f, err := r.polygon(e)
		if err != nil {
			return nil, err
		}
		out = append(out, f...)
	}
	return out, nil
}
