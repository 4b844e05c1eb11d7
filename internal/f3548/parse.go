package f3548

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/volume"
)

// firstRead is how much memory a body is given before any of it has come.
const firstRead = 16 << 10

// read reads the body.
func (d *DSS) read(c *call) ([]byte, error) {
	limit := d.Limits.BodyBytes
	if c.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	body := make([]byte, 0, max(512, min(c.ContentLength+1, firstRead)))
	from := http.MaxBytesReader(nil, c.Body, limit)
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		var tooLarge *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF):
			return body, nil
		case errors.As(err, &tooLarge):
			return nil, tooLarge
		case err != nil:
			return nil, refuse(http.StatusBadRequest, "the body ended early: found %d bytes of it", len(body))
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// decode reads the body into a message.
func (d *DSS) decode(c *call, into f3548wire.Message) error {
	body, err := d.read(c)
	if err != nil {
		return err
	}
	return f3548wire.Decode(body, into)
}

// parseID reads an id that stands in a member or in a path.
func parseID(place, text string) (airspace.ID, error) {
	if text == "" {
		return airspace.ID{}, refuse(http.StatusBadRequest, "%s: found nothing, expected a UUID of version 4", place)
	}
	id, err := airspace.ParseID(text)
	if err != nil {
		return id, refuse(http.StatusBadRequest, "%s: %v", place, err)
	}
	return id, nil
}

// entityID reads the id in the path. The null id means "no subscription" in
// answers, so that nothing can have it.
func (c *call) entityID() (airspace.ID, error) { return parseID("id in the path", c.path[0]) }

func (c *call) newEntityID() (airspace.ID, error) {
	id, err := c.entityID()
	if err == nil && id == airspace.NullID {
		err = refuse(http.StatusBadRequest, "id in the path: %s means none and names nothing", id)
	}
	return id, err
}

// versionInPath reads the OVN or version in the path.
func (c *call) versionInPath(what string) (string, error) {
	if c.path[1] == "" {
		return "", refuse(http.StatusBadRequest, "the %s in the path is empty: expected that of the current version", what)
	}
	return c.path[1], nil
}

// baseURL checks the URL of a USS, to which others append /uss/v1/…, and returns
// a copy that holds no other memory.
func baseURL(place, text string) (string, error) {
	const expected = "the base URL of a USS, such as https://uss.example.net/utm"
	bad := func(found string) error {
		return &f3548wire.FieldError{Path: place, Found: found, Expected: expected}
	}
	if text == "" {
		return "", bad("nothing")
	}
	if len(text) > 2048 {
		return "", bad("more than 2,048 characters")
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return "", bad(quote(text))
		}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return "", bad(quote(text))
	case u.User != nil:
		return "", bad("a URL with a user") // it would be shown to everybody
	case strings.ContainsAny(text, "?#"):
		return "", bad("a URL with a query or fragment")
	case strings.HasSuffix(text, "/"):
		return "", bad("a URL that ends in /")
	}
	return strings.Clone(text), nil
}

// maxOutlineBytes is how much the coarse outlines of one entity may take. A
// flight takes about 100 bytes a volume, 10,000 circles take 390 kB; thousands
// of long slivers would take more than the writer should spend on one party.
const maxOutlineBytes = 1 << 20

// needs says which bounds a volume must have.
type needs struct{ altitudes, times bool }

// outlines coarsens the extents of an entity. They must not be larger than
// limitKM2 together, where what overlaps counts as often.
func (d *DSS) outlines(ctx context.Context, extents []f3548wire.Volume4D, need needs, limitKM2 float64) ([]outline.Volume, error) {
	if len(extents) == 0 {
		return nil, &f3548wire.FieldError{Path: "extents", Found: "nothing", Expected: "at least one volume"}
	}
	if err := d.fewVertices(extents); err != nil {
		return nil, err
	}
	volumes := make([]outline.Volume, len(extents))
	areaKM2, size := 0.0, 0
	var cells []byte
	for i := range extents {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := need.check(&extents[i])
		var v volume.Volume4D
		if err == nil {
			v, err = extents[i].ToVolume()
		}
		if err == nil {
			volumes[i], err = coarse(&extents[i], &v)
		}
		if err != nil {
			return nil, f3548wire.Within(fmt.Sprintf("extents[%d]", i), err)
		}
		if areaKM2 += volumes[i].AreaKM2(); areaKM2 > limitKM2 {
			return nil, tooLarge("extents", areaKM2, limitKM2)
		}
		cells = volumes[i].AppendCells(cells[:0])
		if size += len(cells); size > maxOutlineBytes {
			return nil, refuse(http.StatusRequestEntityTooLarge, "extents: the volumes are too intricate: their coarse outlines take more than %d bytes", maxOutlineBytes)
		}
	}
	return volumes, nil
}

// area coarsens the area of a query.
func (d *DSS) area(c *call) (outline.Volume, error) {
	const path = "area_of_interest"
	var q f3548wire.Query
	if err := d.decode(c, &q); err != nil {
		return outline.Volume{}, err
	}
	if q.AreaOfInterest == nil {
		return outline.Volume{}, &f3548wire.FieldError{Path: path, Found: "nothing", Expected: "a volume"}
	}
	v, err := q.AreaOfInterest.ToQuery()
	var o outline.Volume
	if err == nil {
		o, err = coarse(q.AreaOfInterest, &v)
	}
	if err != nil {
		return o, f3548wire.Within(path, err)
	}
	if areaKM2 := o.AreaKM2(); areaKM2 > d.Limits.QueryKM2 {
		return o, tooLarge(path, areaKM2, d.Limits.QueryKM2)
	}
	return o, nil
}

// coarse returns the coarse outline, which is all that is kept of a volume
// (DSS0010).
func coarse(wire *f3548wire.Volume4D, v *volume.Volume4D) (outline.Volume, error) {
	if circle := wire.Volume.OutlineCircle; circle != nil && circle.Radius.Units != f3548wire.UnitsMetres {
		return outline.Volume{}, &f3548wire.FieldError{
			Path: "volume.outline_circle.radius.units", Found: quote(circle.Radius.Units), Expected: f3548wire.UnitsMetres,
		}
	}
	o, err := outline.Of(v)
	if err != nil {
		return o, &f3548wire.FieldError{Path: "volume", Err: err}
	}
	return o, nil
}

// fewVertices keeps a request from costing much more than it may mean.
func (d *DSS) fewVertices(extents []f3548wire.Volume4D) error {
	n := 0
	for i := range extents {
		n++
		if v := extents[i].Volume; v != nil && v.OutlinePolygon != nil {
			n += len(v.OutlinePolygon.Vertices) - 1
		}
	}
	if n > d.Limits.Vertices {
		return &f3548wire.FieldError{
			Path: "extents", Found: fmt.Sprintf("%d vertices", n),
			Expected: fmt.Sprintf("at most %d over all volumes, a circle counting as one", d.Limits.Vertices),
		}
	}
	return nil
}

func (need needs) check(v *f3548wire.Volume4D) error {
	for _, m := range []struct {
		path   string
		absent bool
	}{
		{"volume", v.Volume == nil},
		{"volume.altitude_lower", need.altitudes && v.Volume != nil && v.Volume.AltitudeLower == nil},
		{"volume.altitude_upper", need.altitudes && v.Volume != nil && v.Volume.AltitudeUpper == nil},
		{"time_start", need.times && v.TimeStart == nil},
		{"time_end", need.times && v.TimeEnd == nil},
	} {
		if m.absent {
			return &f3548wire.FieldError{Path: m.path, Found: "nothing", Expected: "a bound"}
		}
	}
	return nil
}

func tooLarge(place string, areaKM2, limitKM2 float64) error {
	return refuse(http.StatusRequestEntityTooLarge, "%s: found an area of %.1f km² or more, expected at most %.0f km²", place, areaKM2, limitKM2)
}

// checkSuffix checks a requested_ovn_suffix: a UUID of version 7 (RFC 9562)
// made about now. That it is a new one is decided with the intent, which
// remembers those made about now.
func (d *DSS) checkSuffix(text string) error {
	bad := &f3548wire.FieldError{Path: "requested_ovn_suffix", Found: quote(text), Expected: "a UUID of version 7 made in the last minutes"}
	const version = 14 // place of the version's digit
	if len(text) <= version || text[version] != '7' {
		return bad
	}
	id, err := airspace.ParseID(text[:version] + "4" + text[version+1:])
	if err != nil {
		return bad
	}
	ms := int64(0)
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	if off := d.Now().Sub(time.UnixMilli(ms)); off.Abs() > time.Duration(airspace.SuffixWindowNS) {
		return bad
	}
	return nil
}

// opaque are the random names that a change may need.
type opaque struct {
	ovn, version string
	id           airspace.ID
}

// draw makes names of 16 random bytes each.
func (d *DSS) draw() (opaque, error) {
	var random [48]byte
	if _, err := io.ReadFull(d.Rand, random[:]); err != nil {
		return opaque{}, fmt.Errorf("drawing random names: %w", err)
	}
	return opaque{
		ovn:     base64.RawURLEncoding.EncodeToString(random[:16]),
		version: base64.RawURLEncoding.EncodeToString(random[16:32]),
		id:      airspace.NewID([16]byte(random[32:])),
	}, nil
}
