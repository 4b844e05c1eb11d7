package f3548wire

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// The range of altitudes of the standard, in metres.
const (
	minAltitudeM = -8000
	maxAltitudeM = 100000
)

// ToVolume converts to the shapes of package volume. An absent altitude or
// time means no bound. Altitudes are rounded to a millimetre, away from the
// volume: a floor down, a ceiling up. Errors are *FieldError with paths that
// begin below v.
func (v *Volume4D) ToVolume() (volume.Volume4D, error) {
	out, err := v.convert()
	if err != nil {
		return out, err
	}
	if err := out.Validate(); err != nil {
		return out, &FieldError{Err: err}
	}
	return out, nil
}

// ToQuery converts as ToVolume does, and also takes a volume that ends when it
// starts: it asks about that instant.
func (v *Volume4D) ToQuery() (volume.Volume4D, error) {
	out, err := v.convert()
	if err != nil {
		return out, err
	}
	check := out
	if check.Window.StartNS == check.Window.EndNS {
		check.Window.EndNS++
	}
	if err := check.Validate(); err != nil {
		return out, &FieldError{Err: err}
	}
	return out, nil
}

func (v *Volume4D) convert() (volume.Volume4D, error) {
	out := volume.Volume4D{
		Band:   volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM},
		Window: volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS},
	}
	if v.Volume == nil {
		return out, &FieldError{Path: "volume", Found: "nothing", Expected: "a volume"}
	}
	var err error
	if out.Footprint, err = v.Volume.footprint(); err != nil {
		return out, err
	}
	if a := v.Volume.AltitudeLower; a != nil {
		m, err := a.metres("volume.altitude_lower")
		if err != nil {
			return out, err
		}
		out.Band.LowerMM = int64(math.Floor(cleanMM(m)))
	}
	if a := v.Volume.AltitudeUpper; a != nil {
		m, err := a.metres("volume.altitude_upper")
		if err != nil {
			return out, err
		}
		out.Band.UpperMM = int64(math.Ceil(cleanMM(m)))
	}
	if v.TimeStart != nil {
		if out.Window.StartNS, err = v.TimeStart.NS("time_start"); err != nil {
			return out, err
		}
	}
	if v.TimeEnd != nil {
		if out.Window.EndNS, err = v.TimeEnd.NS("time_end"); err != nil {
			return out, err
		}
	}
	return out, nil
}

// cleanMM returns metres in millimetres, without the dust that a decimal
// fraction has as a binary one.
func cleanMM(m float64) float64 {
	mm := float64(m * 1000)
	if r := math.Round(mm); math.Abs(mm-r) < 1e-6 {
		return r
	}
	return mm
}

func (a *Altitude) metres(path string) (float64, error) {
	switch {
	case a.Value == nil:
		return 0, &FieldError{Path: path + ".value", Found: "nothing", Expected: "metres above the WGS84 ellipsoid"}
	case a.Reference != ReferenceW84:
		return 0, &FieldError{Path: path + ".reference", Found: quoted(a.Reference), Expected: ReferenceW84}
	case a.Units != UnitsMetres:
		return 0, &FieldError{Path: path + ".units", Found: quoted(a.Units), Expected: UnitsMetres}
	case !(*a.Value >= minAltitudeM && *a.Value <= maxAltitudeM):
		return 0, &FieldError{Path: path + ".value", Found: number(*a.Value), Expected: "-8000 to 100000 metres"}
	}
	return *a.Value, nil
}

// NS returns the instant in nanoseconds since 1970-01-01T00:00:00Z. The path
// begins the path of the error.
func (t *Time) NS(path string) (int64, error) {
	const expected = "a date and time in UTC such as 2026-03-01T10:00:00Z"
	if t.Format != FormatRFC3339 {
		return 0, &FieldError{Path: path + ".format", Found: quoted(t.Format), Expected: FormatRFC3339}
	}
	bad := &FieldError{Path: path + ".value", Found: quoted(t.Value), Expected: expected}
	if !strings.HasSuffix(t.Value, "Z") || strings.ContainsRune(t.Value, ',') || len(t.Value) < len("2006-01-02T15:04:05Z") || len(t.Value) > 64 || t.Value[13] != ':' {
		return 0, bad
	}
	at, err := time.Parse(time.RFC3339Nano, t.Value)
	if err != nil {
		return 0, bad
	}
	const second = int64(time.Second)
	if s := at.Unix(); s <= volume.AlwaysNS/second || s >= volume.ForeverNS/second {
		bad.Expected = "a time from " + NewTime(volume.AlwaysNS).Value + " to " + NewTime(volume.ForeverNS).Value
		return 0, bad
	}
	return at.UnixNano(), nil
}

// NewTime returns an instant given in nanoseconds since 1970-01-01T00:00:00Z.
func NewTime(ns int64) *Time {
	return &Time{Value: time.Unix(0, ns).UTC().Format(time.RFC3339Nano), Format: FormatRFC3339}
}

// NewAltitude returns an altitude given in millimetres above the ellipsoid.
func NewAltitude(mm int64) *Altitude {
	m := float64(mm) / 1000
	return &Altitude{Value: &m, Reference: ReferenceW84, Units: UnitsMetres}
}

// NewPoint returns a place.
func NewPoint(p geodesy.LatLng) LatLngPoint {
	lat, lng := p.Degrees()
	return LatLngPoint{Lat: &lat, Lng: &lng}
}

func (p *LatLngPoint) latLng(path string) (geodesy.LatLng, error) {
	for _, c := range []struct {
		name  string
		value *float64
		limit float64
	}{{"lat", p.Lat, 90}, {"lng", p.Lng, 180}} {
		if c.value == nil {
			return geodesy.LatLng{}, &FieldError{Path: path + "." + c.name, Found: "nothing", Expected: "degrees"}
		}
		if !(math.Abs(*c.value) <= c.limit) {
			expected := number(-c.limit) + " to " + number(c.limit) + " degrees"
			if c.name == "lat" && math.Abs(*c.value) <= 180 && p.Lng != nil && math.Abs(*p.Lng) <= 90 {
				expected += " (lat and lng are probably swapped)"
			}
			return geodesy.LatLng{}, &FieldError{Path: path + "." + c.name, Found: number(*c.value), Expected: expected}
		}
	}
	at, err := geodesy.NewLatLng(*p.Lat, *p.Lng)
	if err != nil {
		return at, &FieldError{Path: path, Err: err}
	}
	return at, nil
}

func (v *Volume3D) footprint() (*volume.Footprint, error) {
	switch {
	case v.OutlineCircle != nil && v.OutlinePolygon != nil:
		return nil, &FieldError{Path: "volume", Found: "outline_circle and outline_polygon", Expected: "one of them"}
	case v.OutlineCircle != nil:
		return v.OutlineCircle.footprint("volume.outline_circle")
	case v.OutlinePolygon != nil:
		return v.OutlinePolygon.footprint("volume.outline_polygon")
	}
	return nil, &FieldError{Path: "volume", Found: "no outline", Expected: "outline_circle or outline_polygon"}
}

func (c *Circle) footprint(path string) (*volume.Footprint, error) {
	switch {
	case c.Center == nil:
		return nil, &FieldError{Path: path + ".center", Found: "nothing", Expected: "a place"}
	case c.Radius == nil:
		return nil, &FieldError{Path: path + ".radius", Found: "nothing", Expected: "a radius"}
	case c.Radius.Value == nil:
		return nil, &FieldError{Path: path + ".radius.value", Found: "nothing", Expected: "a number above 0"}
	}
	at, err := c.Center.latLng(path + ".center")
	if err != nil {
		return nil, err
	}
	radiusM := *c.Radius.Value
	switch c.Radius.Units {
	case UnitsMetres:
	case UnitsFeet:
		radiusM = float64(radiusM * geodesy.MetresPerFoot)
	default:
		return nil, &FieldError{Path: path + ".radius.units", Found: quoted(c.Radius.Units), Expected: UnitsMetres + " or " + UnitsFeet}
	}
	if !(radiusM > 0 && radiusM <= volume.MaxReachM) {
		return nil, &FieldError{Path: path + ".radius.value", Found: number(*c.Radius.Value), Expected: "more than 0 and at most 5,000 km"}
	}
	f, err := volume.NewCircle(at, int64(math.Ceil(cleanMM(radiusM))))
	if err != nil {
		return nil, &FieldError{Path: path, Err: err}
	}
	return f, nil
}

func (p *Polygon) footprint(path string) (*volume.Footprint, error) {
	ring := make([]geodesy.LatLng, len(p.Vertices))
	for i := range p.Vertices {
		var err error
		if ring[i], err = p.Vertices[i].latLng(path + ".vertices[" + strconv.Itoa(i) + "]"); err != nil {
			return nil, err
		}
	}
	f, err := volume.NewPolygon(ring)
	if err != nil {
		return nil, &FieldError{Path: path + ".vertices", Err: err}
	}
	return f, nil
}

// number writes a number for a message.
func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// quoted writes a text for a message.
func quoted(text string) string { return strconv.Quote(brief(text)) }

// FromVolume returns the wire form of a volume without buffers whose footprint
// is a polygon or a circle. Unbounded altitudes and times are left out. What
// the standard cannot say is a *FieldError.
func FromVolume(v *volume.Volume4D) (Volume4D, error) {
	if v.Buffers != (volume.Buffers{}) {
		return Volume4D{}, &FieldError{Found: "buffers", Expected: "a volume without buffers"}
	}
	out := Volume4D{Volume: &Volume3D{}}
	vertices := v.Footprint.Vertices()
	switch v.Footprint.Shape() {
	case volume.Circle:
		centre := NewPoint(vertices[0])
		radiusM := float64(v.Footprint.RadiusMM()) / 1000
		out.Volume.OutlineCircle = &Circle{Center: &centre, Radius: &Radius{Value: &radiusM, Units: UnitsMetres}}
	case volume.Polygon:
		ring := make([]LatLngPoint, len(vertices))
		for i, p := range vertices {
			ring[i] = NewPoint(p)
		}
		out.Volume.OutlinePolygon = &Polygon{Vertices: ring}
	default:
		return Volume4D{}, &FieldError{Path: "volume", Found: "a " + v.Footprint.Shape().String(), Expected: "a polygon or circle"}
	}
	for _, a := range []struct {
		path    string
		mm      int64
		bounded bool
		into    **Altitude
	}{
		{"volume.altitude_lower", v.Band.LowerMM, v.Band.LowerMM > volume.NoFloorMM, &out.Volume.AltitudeLower},
		{"volume.altitude_upper", v.Band.UpperMM, v.Band.UpperMM < volume.NoCeilingMM, &out.Volume.AltitudeUpper},
	} {
		if !a.bounded {
			continue
		}
		if a.mm < minAltitudeM*1000 || a.mm > maxAltitudeM*1000 {
			return Volume4D{}, &FieldError{Path: a.path, Found: number(float64(a.mm) / 1000), Expected: "-8000 to 100000 metres"}
		}
		*a.into = NewAltitude(a.mm)
	}
	if v.Window.StartNS > volume.AlwaysNS {
		out.TimeStart = NewTime(v.Window.StartNS)
	}
	if v.Window.EndNS < volume.ForeverNS {
		out.TimeEnd = NewTime(v.Window.EndNS)
	}
	return out, nil
}
