package plan

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

const seaFile = `{"type": "FeatureCollection", "features": [
 {"type": "Feature", "id": "area", "properties": {"lower": "9000 ft AMSL", "upper": "10000 ft AMSL",
  "start": "2031-05-07T09:00:00Z", "end": "2031-05-07T10:00:00Z"},
  "geometry": {"type": "Polygon", "coordinates": [[[-30, 12], [-29, 12], [-29, 13], [-30, 12]]]}},
 {"type": "Feature", "id": "low", "properties": {"lower": "unbounded", "upper": "10000 ft AMSL", "radius_m": 5000,
  "start": "2031-05-07T09:00:00Z", "end": "2031-05-07T10:00:00Z"},
  "geometry": {"type": "Point", "coordinates": [-29.3, 12.3]}},
 {"type": "Feature", "id": "path", "properties": {"altitude_reference": "HOME", "buffer_lateral_m": 10,
  "times": ["2031-05-07T09:00:00Z", "2031-05-07T09:20:00Z"]},
  "geometry": {"type": "LineString", "coordinates": [[-30, 12, 100], [-29, 13, 200]]}},
 {"type": "Feature", "id": "mixed", "properties": {"lower": "0 m W84", "upper": "10000 ft AMSL", "radius_m": 5000,
  "start": "2031-05-07T09:00:00Z", "end": "2031-05-07T10:00:00Z"},
  "geometry": {"type": "Point", "coordinates": [-29.3, 12.3]}}
]}`

func readSea(t *testing.T, text string) []*volume.Entity {
	t.Helper()
	f, err := Read("sea.geojson", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := Resolve(f, ResolveOptions{Ground: &geodesy.Ground{MM: 40_000, Ref: geodesy.AMSL, ErrorMM: 3000}, Start: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestHeightsAboveTheSea holds that heights whose distance from mean sea level
// is known keep it, beside their place above the ellipsoid.
func TestHeightsAboveTheSea(t *testing.T) {
	list := readSea(t, seaFile)
	area, low, path, mixed := &list[0].Volumes[0], &list[1].Volumes[0], list[2].Trajectories[0], &list[3].Volumes[0]
	datum := volume.Datum{Sea: true, ErrorMM: geodesy.GeoidErrorMM}
	if area.Datum != datum || area.SeaBand != (volume.Band{LowerMM: 2_743_200, UpperMM: 3_048_000}) || area.Buffers.VerticalMM != 0 {
		t.Errorf("area: %+v", area)
	}
	if low.Datum != datum || low.SeaBand != (volume.Band{LowerMM: volume.NoFloorMM, UpperMM: 3_048_000}) {
		t.Errorf("area without a floor: %+v", low)
	}
	// The error of the ground's elevation is the path's own.
	w := path.Waypoints()
	if !path.Datum().Sea || path.Buffers().VerticalMM != 3000 || w[0].SeaMM != 140_000 || w[1].SeaMM != 240_000 {
		t.Errorf("path: %+v %+v", path.Datum(), w)
	}
	if got := w[0].AltMM - w[0].SeaMM - geoidMM(w[0].At); got != 0 {
		t.Errorf("path's first point is %d mm from the geoid and its height", got)
	}
	if mixed.Datum != (volume.Datum{}) || mixed.Buffers.VerticalMM != geodesy.GeoidErrorMM {
		t.Errorf("limits of two references: %+v", mixed)
	}
}

// TestHeightsAboveTheSeaAreWritten holds that what is written is read back as
// the same, digests included.
func TestHeightsAboveTheSeaAreWritten(t *testing.T) {
	list := readSea(t, seaFile)
	for name, write := range map[string]func(io.Writer, []*volume.Entity) error{"GeoJSON": WriteGeoJSON, "KML": WriteKML} {
		var b bytes.Buffer
		if err := write(&b, list); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "AMSL") {
			t.Errorf("%s: no heights above the sea in\n%s", name, b.String())
		}
		again := readSea(t, b.String())
		if len(again) != len(list) {
			t.Fatalf("%s: %d entities, want %d", name, len(again), len(list))
		}
		for i := range list {
			if conflict.EntityDigest(again[i]) != conflict.EntityDigest(list[i]) {
				t.Errorf("%s: %s reads back as another:\n%+v\n%+v", name, list[i].ID, list[i], again[i])
			}
		}
	}
}
