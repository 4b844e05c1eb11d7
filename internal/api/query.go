package api

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/outline"
)

// Limits of a query.
const (
	// MaxSpanDegrees is how far an area may reach from south to north and from
	// west to east.
	MaxSpanDegrees = 10
	// MaxLatitudeDegrees is how near to a pole an area may come.
	MaxLatitudeDegrees = 89
	// MaxPage is how many entities an answer holds at most.
	MaxPage = 1000
)

// query is what a listing is asked for.
type query struct {
	area  outline.Volume
	after airspace.ID // the page begins behind it
	limit int
}

// parameters returns the parameters of a request; those that are not known or
// given twice are refused, so that a misspelt filter does not silently filter
// nothing.
func (c *call) parameters(known ...string) (url.Values, error) {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return nil, BadParameter.With("the query cannot be read: " + err.Error())
	}
	for name, list := range values {
		if !slices.Contains(known, name) {
			if len(known) == 0 {
				return nil, BadParameter.With(fmt.Sprintf("found %q, expected no parameter", clip(name)))
			}
			return nil, BadParameter.With(fmt.Sprintf("found %q, expected only %s", clip(name), strings.Join(known, ", ")))
		}
		if len(list) > 1 {
			return nil, BadParameter.With(fmt.Sprintf("%s is given %d times, expected once", name, len(list)))
		}
	}
	return values, nil
}

func badParameter(name, found, want string) error {
	if found == "" {
		found = "nothing"
	} else {
		found = strconv.Quote(clip(found))
	}
	return BadParameter.With(name + ": found " + found + ", expected " + want)
}

// query reads the parameters of a listing.
func (c *call) query() (*query, error) {
	p, err := c.parameters("bbox", "lower_m", "upper_m", "from", "to", "limit", "after")
	if err != nil {
		return nil, err
	}
	q := &query{limit: 100}
	if s := p.Get("limit"); p.Has("limit") {
		if q.limit, err = strconv.Atoi(s); err != nil || q.limit < 1 || q.limit > MaxPage {
			return nil, badParameter("limit", s, fmt.Sprintf("a number from 1 to %d", MaxPage))
		}
	}
	if s := p.Get("after"); p.Has("after") {
		if q.after, err = airspace.ParseID(s); err != nil {
			return nil, badParameter("after", s, "the id in the member next of the page before")
		}
	}
	b, err := parseBox(p.Get("bbox"))
	if err != nil {
		return nil, err
	}
	wire := f3548wire.Volume4D{Volume: &f3548wire.Volume3D{OutlinePolygon: b.polygon()}}
	for name, into := range map[string]**f3548wire.Altitude{"lower_m": &wire.Volume.AltitudeLower, "upper_m": &wire.Volume.AltitudeUpper} {
		if !p.Has(name) {
			continue
		}
		m, err := strconv.ParseFloat(p.Get(name), 64)
		if err != nil || math.IsNaN(m) || math.IsInf(m, 0) {
			return nil, badParameter(name, p.Get(name), "metres above the WGS84 ellipsoid, such as 120")
		}
		*into = &f3548wire.Altitude{Value: &m, Reference: f3548wire.ReferenceW84, Units: f3548wire.UnitsMetres}
	}
	for name, into := range map[string]**f3548wire.Time{"from": &wire.TimeStart, "to": &wire.TimeEnd} {
		if !p.Has(name) {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, p.Get(name))
		if err != nil {
			return nil, badParameter(name, p.Get(name), "an instant with its offset from UTC, such as 2031-05-14T09:00:00Z")
		}
		*into = &f3548wire.Time{Value: t.UTC().Format(time.RFC3339Nano), Format: f3548wire.FormatRFC3339}
	}
	shape, err := wire.ToQuery()
	if err != nil {
		return nil, BadParameter.With("the area cannot be used: " + err.Error())
	}
	shape.Buffers.LateralMM = b.sagMM()
	if q.area, err = outline.Of(&shape); err != nil {
		return nil, BadParameter.With("the area cannot be used: " + err.Error())
	}
	return q, nil
}

// box is an area between two parallels and two meridians, in degrees. East is
// above west, beyond 180 where the box crosses the antimeridian.
type box struct{ west, south, east, north float64 }

// parseBox reads a bounding box as RFC 7946 section 5 has it.
func parseBox(text string) (box, error) {
	want := "west,south,east,north in degrees, such as 8.4,47.3,8.6,47.5"
	parts := strings.Split(text, ",")
	if len(parts) != 4 {
		return box{}, badParameter("bbox", text, want)
	}
	var v [4]float64
	for i, part := range parts {
		var err error
		if v[i], err = strconv.ParseFloat(strings.TrimSpace(part), 64); err != nil || math.IsNaN(v[i]) || math.IsInf(v[i], 0) {
			return box{}, badParameter("bbox", text, want)
		}
	}
	b := box{v[0], v[1], v[2], v[3]}
	if math.Abs(b.west) > 180 || math.Abs(b.east) > 180 {
		return box{}, badParameter("bbox", text, "longitudes from -180 to 180")
	}
	if b.east < b.west {
		b.east += 360 // RFC 7946 section 5.2
	}
	if b.south < -MaxLatitudeDegrees || b.north > MaxLatitudeDegrees {
		return box{}, badParameter("bbox", text, fmt.Sprintf("latitudes from -%d to %[1]d", MaxLatitudeDegrees))
	}
	const leastDegrees = 1e-6 // 0.1 m
	if b.north-b.south < leastDegrees || b.east-b.west < leastDegrees {
		return box{}, badParameter("bbox", text, "south below north and west other than east")
	}
	if b.north-b.south > MaxSpanDegrees || b.east-b.west > MaxSpanDegrees {
		return box{}, TooLarge.With(fmt.Sprintf("found a bbox of %g by %g degrees, expected at most %d by %[3]d; ask for its parts",
			b.east-b.west, b.north-b.south, MaxSpanDegrees))
	}
	return b, nil
}

// steps is into how many edges a parallel is cut.
const steps = 32

// polygon returns the box with its parallels cut into geodesics.
func (b box) polygon() *f3548wire.Polygon {
	p := &f3548wire.Polygon{}
	add := func(lat, lng float64) {
		if lng > 180 {
			lng -= 360
		}
		p.Vertices = append(p.Vertices, f3548wire.LatLngPoint{Lat: &lat, Lng: &lng})
	}
	at := func(i int) float64 {
		if i == steps {
			return b.east
		}
		return b.west + (b.east-b.west)*float64(i)/steps
	}
	for i := range steps + 1 {
		add(b.south, at(i))
	}
	for i := range steps + 1 {
		add(b.north, at(steps-i))
	}
	return p
}

// sagMM is how far the polygon may lie inside the box, in millimetres: between
// two points of a parallel a geodesic rises over it towards the pole by
// (ℓ²/8R)·tan φ, where ℓ = R·Δλ·cos φ; that is at most R·Δλ²/16. A tenth and a
// metre more cover the ellipsoid and rounding.
func (b box) sagMM() int64 {
	const radiusM = 6_378_137
	step := (b.east - b.west) / steps * math.Pi / 180
	return int64((radiusM*step*step/16*1.1 + 1) * 1000)
}

// page returns what follows after, at most limit of them, and whether that is
// all. The list is sorted by id.
func page[V any](q *query, list []V, id func(V) airspace.ID) (part []V, complete bool) {
	from, found := slices.BinarySearchFunc(list, q.after, func(v V, after airspace.ID) int { return id(v).Compare(after) })
	if found {
		from++
	}
	rest := list[from:]
	if len(rest) <= q.limit {
		return rest, true
	}
	return rest[:q.limit], false
}

// entityID reads the id of one entity.
func (c *call) entityID() (airspace.ID, error) {
	if _, err := c.parameters(); err != nil {
		return airspace.ID{}, err
	}
	id, err := airspace.ParseID(c.arg)
	if err != nil {
		return id, BadParameter.With(err.Error())
	}
	return id, nil
}

// index reads a journal index.
func parseIndex(text string, least int64) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || strconv.FormatInt(n, 10) != text {
		return 0, errors.New("expected a journal index")
	}
	return n, nil
}

// clip keeps an answer from repeating a whole hostile input.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
