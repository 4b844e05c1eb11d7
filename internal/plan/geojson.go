package plan

import (
	"strconv"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// supposeRFC7946 is the default that RFC 7946 section 3.1.1 gives.
const supposeRFC7946 = "altitudes in GeoJSON coordinates without altitude_reference taken as metres above the WGS84 ellipsoid, as RFC 7946 has it"

// decodeGeoJSON reads RFC 7946 with the properties of docs/FORMATS.md.
func decodeGeoJSON(name string, root jsonValue, opt Options) (*File, error) {
	o, err := root.object()
	if err != nil {
		return nil, err
	}
	r := geoJSONReader{file: &File{Name: name, Format: GeoJSON}, opt: opt, parts: newPartSet(name)}
	switch typ := memberText(o, "type"); typ {
	case "FeatureCollection":
		err = r.collection(o)
	case "Feature":
		err = r.feature(root)
	default:
		v, ok := o.get("type")
		switch {
		case !ok:
			err = o.missing("type", "FeatureCollection or Feature")
		case isGeoJSONType(typ):
			err = v.failHere("a Feature or FeatureCollection (a geometry alone says neither how high nor when)")
		default:
			err = v.failHere("FeatureCollection or Feature")
		}
	}
	if err != nil {
		return nil, err
	}
	if r.file.Items, err = r.parts.items(); err != nil {
		return nil, err
	}
	return r.file, nil
}

type geoJSONReader struct {
	file  *File
	opt   Options
	parts *partSet
}

func (r *geoJSONReader) collection(o *jsonObject) error {
	v, err := o.need("features", "an array of features")
	if err != nil {
		return err
	}
	features, err := v.array()
	if err != nil {
		return err
	}
	if err := checkCRS(o); err != nil {
		return err
	}
	o.ignore("type", "bbox", "name")
	r.file.noteUnused(o.noteUnread()...)
	for _, f := range features {
		if err := r.feature(f); err != nil {
			return err
		}
	}
	return nil
}

// checkCRS accepts the crs member of GeoJSON before RFC 7946 when it names
// WGS84 in longitude-latitude order, which is what RFC 7946 prescribes.
func checkCRS(o *jsonObject) error {
	crs, ok := o.optional("crs")
	if !ok {
		return nil
	}
	name := ""
	if c, err := crs.object(); err == nil {
		if v, ok := c.optional("properties"); ok {
			if p, err := v.object(); err == nil {
				name = memberText(p, "name")
			}
		}
	}
	switch name {
	case "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326":
		return nil
	}
	return crs.fail("the coordinate reference system "+quoteShort(name), "WGS84 longitude and latitude, the only one of RFC 7946")
}

func (r *geoJSONReader) feature(v jsonValue) error {
	o, err := v.object()
	if err != nil {
		return err
	}
	typ, err := o.need("type", `"Feature"`)
	if err != nil {
		return err
	}
	if s, err := typ.text(); err != nil || s != "Feature" {
		return typ.failHere(`"Feature"`)
	}
	if err := checkCRS(o); err != nil {
		return err
	}
	geometry, err := o.need("geometry", "a geometry or null")
	if err != nil {
		return err
	}
	place := placeOr(o.place(), "feature")
	src := &geoJSONSource{feature: o}
	if v, ok := o.optional("properties"); ok {
		if src.props, err = v.object(); err != nil {
			return err
		}
	}
	if geometry.isNull() {
		if err := refuseNearMisses(src); err != nil {
			return err
		}
		if name := sayingMore(src); name != "" {
			return geometry.fail("null beside the property "+name, "a geometry for what the properties describe")
		}
		r.file.noteUnused(place + " has no geometry and is not used")
		return nil
	}
	p, err := readProperties(src)
	if err != nil {
		return err
	}
	item := p.item(place)
	if err := r.geometry(geometry, p, &item); err != nil {
		return err
	}
	o.ignore("bbox", "properties")
	item.noteUnused(o.noteUnread()...)
	if src.props != nil {
		item.noteUnused(src.props.noteUnread()...)
	}
	return r.parts.add(item, p)
}

// placeOr names the whole document when a place is empty.
func placeOr(place, whole string) string {
	if place == "" {
		return whole
	}
	return place
}

func (r *geoJSONReader) geometry(v jsonValue, p *properties, item *Item) error {
	o, err := v.object()
	if err != nil {
		return err
	}
	typ, err := o.need("type", "a geometry type")
	if err != nil {
		return err
	}
	name, err := typ.text()
	if err != nil {
		return err
	}
	if name == "GeometryCollection" {
		return typ.failHere("one geometry a feature (several features may share an id through part and parts)")
	}
	if !isGeoJSONType(name) || name == "Feature" || name == "FeatureCollection" {
		return typ.failHere("Point, LineString, Polygon, MultiPoint, MultiLineString or MultiPolygon")
	}
	c, err := o.need("coordinates", "coordinates")
	if err != nil {
		return err
	}
	o.ignore("bbox")
	item.noteUnused(o.noteUnread()...)
	shapes := []jsonValue{c}
	single := name
	if multi, found := cutMulti(name); found {
		single = multi
		if shapes, err = c.array(); err != nil {
			return err
		}
		if len(shapes) == 0 {
			return c.failHere("at least one " + single)
		}
	}
	if single == "LineString" && p.halfWidthMM == 0 {
		if single != name {
			return typ.failHere("a LineString for a route; a MultiLineString needs half_width_m, which makes it corridors")
		}
		return r.route(c, p, item)
	}
	return r.volumes(single, shapes, p, item)
}

func cutMulti(name string) (single string, found bool) {
	if len(name) > 5 && name[:5] == "Multi" {
		return name[5:], true
	}
	return name, false
}

// volumes reads footprints of one kind, which all have the same limits.
func (r *geoJSONReader) volumes(shape string, shapes []jsonValue, p *properties, item *Item) error {
	no := []string{propAltitude, propAltitudeReference, propSpeedMPS, propTimes, propOffsetsS}
	switch shape {
	case "Point":
		no = append(no, propHalfWidthM)
		if p.radiusMM == 0 {
			return p.src.bad(propRadiusM, "nothing", "the radius of the circle around the Point in metres")
		}
	case "LineString":
		no = append(no, propRadiusM)
	case "Polygon":
		no = append(no, propRadiusM, propHalfWidthM)
	}
	if err := p.refuse("an area from a "+shape, no...); err != nil {
		return err
	}
	for _, v := range shapes {
		f, high, err := footprintOf(shape, v, p)
		if err != nil {
			return err
		}
		if high {
			item.noteUnused(v.place() + ": third coordinates are not used: lower and upper say how high")
		}
		vol, err := p.volumeWith(v.place(), f)
		if err != nil {
			return err
		}
		item.Volumes = append(item.Volumes, vol)
	}
	return nil
}

// footprintOf reads the coordinates of one Point, LineString or Polygon as an
// area. It reports whether there are third coordinates.
func footprintOf(shape string, v jsonValue, p *properties) (f *volume.Footprint, high bool, err error) {
	switch shape {
	case "Point":
		at, third, err := geoJSONPosition(v)
		if err != nil {
			return nil, false, err
		}
		f, err = volume.NewCircle(at, p.radiusMM)
		return f, third.exists(), v.wrap(err)
	case "LineString":
		line, high, err := geoJSONLine(v)
		if err != nil {
			return nil, false, err
		}
		f, err = volume.NewCorridor(line, p.halfWidthMM)
		return f, high, v.wrap(err)
	}
	rings, err := v.array()
	if err != nil {
		return nil, false, err
	}
	if len(rings) == 0 {
		return nil, false, v.failHere("a ring")
	}
	if len(rings) > 1 {
		return nil, false, rings[1].fail("a hole in the polygon", "one ring (a footprint has no holes; describe the parts around the hole)")
	}
	ring, high, err := geoJSONLine(rings[0])
	if err != nil {
		return nil, false, err
	}
	if len(ring) < 4 {
		return nil, false, rings[0].failHere("a ring of at least 4 positions, the last one repeating the first")
	}
	last := len(ring) - 1
	if ring[last] != ring[0] {
		return nil, false, rings[0].fail("a ring from "+ring[0].String()+" to "+ring[last].String(), "a ring that ends where it begins")
	}
	f, err = volume.NewPolygon(ring[:last])
	return f, high, rings[0].wrap(err)
}

// geoJSONPosition reads one position, longitude first, and returns its third
// coordinate as it stands.
func geoJSONPosition(v jsonValue) (at geodesy.LatLng, third jsonValue, err error) {
	c, err := v.numbers(2, 3)
	if err != nil {
		return at, third, err
	}
	if at, err = checkedLatLng(c[1], c[0]); err != nil {
		return at, third, v.wrap(err)
	}
	if len(c) == 3 {
		elems, err := v.array()
		if err != nil {
			return at, third, err
		}
		third = elems[2]
	}
	return at, third, nil
}

// geoJSONLine reads an array of positions and reports whether any has a third
// coordinate.
func geoJSONLine(v jsonValue) (line []geodesy.LatLng, high bool, err error) {
	elems, err := v.array()
	if err != nil {
		return nil, false, err
	}
	if len(elems) > volume.MaxVertices+1 {
		return nil, false, v.failHere("at most " + strconv.Itoa(volume.MaxVertices) + " positions")
	}
	line = make([]geodesy.LatLng, len(elems))
	for i, e := range elems {
		var third jsonValue
		if line[i], third, err = geoJSONPosition(e); err != nil {
			return nil, false, err
		}
		high = high || third.exists()
	}
	return line, high, nil
}

// route reads a LineString as a path flown.
func (r *geoJSONReader) route(c jsonValue, p *properties, item *Item) error {
	if err := p.refuse("a route (a LineString without half_width_m)", propLower, propUpper, propRadiusM); err != nil {
		return err
	}
	elems, err := c.array()
	if err != nil {
		return err
	}
	if len(elems) < 2 {
		return c.failHere("at least 2 positions")
	}
	points := make([]RoutePoint, len(elems))
	for i, e := range elems {
		at, third, err := geoJSONPosition(e)
		if err != nil {
			return err
		}
		alt, err := p.pointAltitude(e, third)
		if err != nil {
			return err
		}
		points[i] = RoutePoint{Place: e.place(), At: at, Altitude: alt}
	}
	if p.altitude == nil && p.reference == "" {
		item.Suppositions = append(item.Suppositions, supposeRFC7946)
	}
	if points, err = p.timeRoute(r.file.Name, r.opt, points, item); err != nil {
		return err
	}
	item.Routes = append(item.Routes, Route{Place: c.place(), Points: points, Buffers: p.buffers})
	return nil
}

// pointAltitude returns the altitude of one position: its third coordinate, or
// the property altitude for all.
func (p *properties) pointAltitude(position, third jsonValue) (geodesy.Altitude, error) {
	switch {
	case p.altitude != nil && third.exists():
		return geodesy.Altitude{}, third.failHere("no third coordinate beside the property altitude")
	case p.altitude != nil && p.reference != "":
		return geodesy.Altitude{}, p.src.bad(propAltitudeReference, "both altitude and altitude_reference", "one of them")
	case p.altitude != nil:
		return *p.altitude, nil
	case !third.exists():
		return geodesy.Altitude{}, position.failHere("a third coordinate (metres), or the property altitude")
	}
	literal, err := third.literal()
	if err != nil {
		return geodesy.Altitude{}, err
	}
	mm, ok := scaleDecimal(literal, 3)
	if !ok || mm < -geodesy.MaxAltitudeMM || mm > geodesy.MaxAltitudeMM {
		return geodesy.Altitude{}, third.failHere(expectMetres)
	}
	ref := p.reference
	if ref == "" {
		ref = geodesy.W84
	}
	return geodesy.Altitude{MM: mm, Ref: ref}, nil
}
