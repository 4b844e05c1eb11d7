package plan

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// refusal is an input and what its error must say.
type refusal struct {
	name, text string
	want       []string
}

// checkRefusals checks that each input is refused with an *Error that names the
// file and says what the case wants.
func checkRefusals(t *testing.T, file string, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, err := Read(file, []byte(c.text), Options{})
			if err == nil {
				_, err = Resolve(f, ResolveOptions{})
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want an *Error", err)
			}
			for _, w := range append(c.want, file) {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error\n%s\ndoes not say %q", err, w)
				}
			}
		})
	}
}

// feature makes a Feature of properties and a geometry.
func feature(properties, geometry string) string {
	return `{"type":"Feature","properties":{` + properties + `},"geometry":` + geometry + `}`
}

const (
	aPoint   = `{"type":"Point","coordinates":[8.5,47.4]}`
	aLine    = `{"type":"LineString","coordinates":[[8.5,47.4,500],[8.6,47.4,600]]}`
	aFlat    = `{"type":"LineString","coordinates":[[8.5,47.4],[8.6,47.4]]}`
	aSquare  = `{"type":"Polygon","coordinates":[[[8.5,47.4],[8.6,47.4],[8.6,47.5],[8.5,47.5],[8.5,47.4]]]}`
	someBand = `"lower":"100 m W84","upper":"200 m W84"`
	someTime = `"start":"2026-03-01T10:00:00Z","end":"2026-03-01T11:00:00+01:00"`
	goodTime = `"start":"2026-03-01T10:00:00Z","end":"2026-03-01T12:00:00+01:00"`
)

func TestGeoJSONRefuses(t *testing.T) {
	checkRefusals(t, "f.geojson", []refusal{
		{"bare geometry", aPoint, []string{"type", `"Point"`, "neither how high nor when"}},
		{"no type", `{"features": []}`, []string{"expected"}},
		{"features not an array", `{"type":"FeatureCollection","features":{}}`, []string{"features: found an object", "an array"}},
		{"no features", `{"type":"FeatureCollection"}`, []string{"features: found nothing"}},
		{"feature not a feature", `{"type":"FeatureCollection","features":[{"type":"Point"}]}`, []string{"features[0].type", `"Point"`}},
		{"no geometry member", `{"type":"Feature","properties":{}}`, []string{"geometry: found nothing"}},
		{"geometry collection", feature(``, `{"type":"GeometryCollection","geometries":[]}`), []string{"geometry.type", "GeometryCollection", "one geometry a feature"}},
		{"unknown geometry", feature(``, `{"type":"Curve","coordinates":[]}`), []string{"geometry.type", `"Curve"`}},
		{"other reference system", `{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"EPSG:3857"}},"features":[]}`, []string{"crs", "EPSG:3857", "WGS84"}},
		{"hole", feature(someBand+","+goodTime, `{"type":"Polygon","coordinates":[[[0,0],[3,0],[3,3],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]}`), []string{"coordinates[1]", "a hole"}},
		{"open ring", feature(someBand+","+goodTime, `{"type":"Polygon","coordinates":[[[0,0],[3,0],[3,3],[0,3]]]}`), []string{"coordinates[0]", "ends where it begins"}},
		{"two corners", feature(someBand+","+goodTime, `{"type":"Polygon","coordinates":[[[0,0],[3,0],[0,0]]]}`), []string{"at least 4 positions"}},
		{"crossing ring", feature(someBand+","+goodTime, `{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}`), []string{"coordinates[0]", "cross"}},
		{"no rings", feature(someBand+","+goodTime, `{"type":"Polygon","coordinates":[]}`), []string{"coordinates", "a ring"}},
		{"latitude out of range", feature(someBand+`,"radius_m":5,`+goodTime, `{"type":"Point","coordinates":[8,91]}`), []string{"latitude 91", "-90 to 90"}},
		{"swapped", feature(someBand+`,"radius_m":5,`+goodTime, `{"type":"Point","coordinates":[47.4,-122.3]}`), []string{"latitude -122.3", "swapped"}},
		{"longitude out of range", feature(someBand+`,"radius_m":5,`+goodTime, `{"type":"Point","coordinates":[190,8]}`), []string{"longitude 190", "-180 to 180"}},
		{"position of one", feature(someBand+`,"radius_m":5,`+goodTime, `{"type":"Point","coordinates":[8]}`), []string{"geometry.coordinates", "2 to 3 numbers"}},
		{"position of text", feature(someBand+`,"radius_m":5,`+goodTime, `{"type":"Point","coordinates":["8",9]}`), []string{"geometry.coordinates[0]", `"8"`, "a number"}},
		{"huge number", feature(someBand+`,"radius_m":5,`+goodTime, `{"type":"Point","coordinates":[1e999,9]}`), []string{"1e999"}},
		{"point without radius", feature(someBand+","+goodTime, aPoint), []string{"properties.radius_m", "nothing"}},
		{"radius zero", feature(someBand+`,"radius_m":0,`+goodTime, aPoint), []string{"properties.radius_m", "more than 0"}},
		{"radius with unit", feature(someBand+`,"radius_m":"5 m",`+goodTime, aPoint), []string{"properties.radius_m", `"5 m"`, "a number"}},
		{"radius of a polygon", feature(someBand+`,"radius_m":5,`+goodTime, aSquare), []string{"properties.radius_m", "no such property of an area from a Polygon"}},
		{"no lower", feature(`"upper":"5 m W84",`+goodTime, aSquare), []string{"properties.lower", "nothing", "unbounded"}},
		{"lower without reference", feature(`"lower":"5 m","upper":"9 m W84",`+goodTime, aSquare), []string{"properties.lower", `"5 m"`, "AMSL"}},
		{"lower without unit", feature(`"lower":"5 W84","upper":"9 m W84",`+goodTime, aSquare), []string{"properties.lower", `"5 W84"`}},
		{"lower as a number", feature(`"lower":5,"upper":"9 m W84",`+goodTime, aSquare), []string{"properties.lower", "found 5", "a string"}},
		{"unknown reference", feature(`"lower":"5 m LOCAL","upper":"9 m W84",`+goodTime, aSquare), []string{"properties.lower", "LOCAL"}},
		{"wrong unit", feature(`"lower":"5 fathoms W84","upper":"9 m W84",`+goodTime, aSquare), []string{"properties.lower", "fathoms"}},
		{"upside down", feature(`"lower":"9 m W84","upper":"5 m W84",`+goodTime, aSquare), []string{"lower_not_below_upper"}},
		{"flat", feature(`"lower":"9 m W84","upper":"9 m W84",`+goodTime, aSquare), []string{"lower_not_below_upper"}},
		{"flat above the sea", feature(`"lower":"9 m AMSL","upper":"9 m AMSL",`+goodTime, aSquare), []string{"lower_not_below_upper"}},
		{"only a start", feature(someBand+`,"start":"2026-03-01T10:00:00Z"`, aSquare), []string{"properties.end", "nothing"}},
		{"only an end", feature(someBand+`,"end":"2026-03-01T10:00:00Z"`, aSquare), []string{"properties.start", "nothing"}},
		{"end before start", feature(someBand+","+someTime, aSquare), []string{"properties.end", "after the start"}},
		{"time without offset", feature(someBand+`,"start":"2026-03-01T10:00:00","end":"unbounded"`, aSquare), []string{"properties.start", "offset"}},
		{"a date", feature(someBand+`,"start":"2026-03-01","end":"unbounded"`, aSquare), []string{"properties.start", "2026-03-01"}},
		{"no clock", feature(someBand, aSquare), []string{"--start"}},
		{"kind", feature(`"kind":"zone",`+someBand, aSquare), []string{"properties.kind", `"zone"`}},
		{"constraint without type", feature(`"kind":"constraint",`+someBand+","+goodTime, aSquare), []string{"properties.type", "no_entry"}},
		{"unknown type", feature(`"kind":"constraint","type":"TFR",`+someBand+","+goodTime, aSquare), []string{"properties.type", `"TFR"`}},
		{"type of an intent", feature(`"type":"no_entry",`+someBand+","+goodTime, aSquare), []string{"properties.type", "kind"}},
		{"negative buffer", feature(`"buffer_lateral_m":-1,`+someBand+","+goodTime, aSquare), []string{"properties.buffer_lateral_m", "0 or more"}},
		{"empty id", feature(`"id":"",`+someBand+","+goodTime, aSquare), []string{"properties.id", "empty"}},
		{"two ids", `{"type":"Feature","id":"a","properties":{"id":"b"},"geometry":` + aSquare + `}`, []string{"properties.id", `"b"`, `"a"`}},
		{"id twice", `{"type":"FeatureCollection","features":[` + feature(`"id":"a",`+someBand+","+goodTime, aSquare) + `,` + feature(`"id":"a",`+someBand+","+goodTime, aSquare) + `]}`, []string{"features[1]", `"a"`, "features[0]"}},
		{"part missing", feature(`"id":"a","part":1,"parts":2,`+someBand+","+goodTime, aSquare), []string{"1 of 2 parts"}},
		{"part without parts", feature(`"id":"a","part":1,`+someBand+","+goodTime, aSquare), []string{"properties.parts"}},
		{"part without id", feature(`"part":1,"parts":1,`+someBand+","+goodTime, aSquare), []string{"properties.id"}},
		{"part beyond parts", feature(`"id":"a","part":3,"parts":2,`+someBand+","+goodTime, aSquare), []string{"properties.part"}},
		{"a billion parts", feature(`"id":"a","part":1,"parts":1000000000,`+someBand+","+goodTime, aSquare), []string{"1 of 1000000000 parts"}},
	})
}

func TestGeoJSONRoutesRefuse(t *testing.T) {
	const times = `"times":["2026-03-01T10:00:00Z","2026-03-01T10:05:00Z"]`
	checkRefusals(t, "f.geojson", []refusal{
		{"no times", feature(``, aLine), []string{"properties.times", "speed_mps", "--speed"}},
		{"one time", feature(`"times":["2026-03-01T10:00:00Z"]`, aLine), []string{"properties.times", "1 times", "2, one a position"}},
		{"bad time", feature(`"times":["2026-03-01T10:00:00Z","later"]`, aLine), []string{"properties.times[1]", `"later"`}},
		{"times that stand still", feature(`"times":["2026-03-01T10:00:00Z","2026-03-01T10:00:00Z"]`, aLine), []string{"geometry.coordinates[1]", "time_not_increasing"}},
		{"times and speed", feature(`"speed_mps":5,`+times, aLine), []string{"properties.times", "alone"}},
		{"offsets and speed", feature(`"speed_mps":5,"offsets_s":[0,1]`, aLine), []string{"offsets_s"}},
		{"negative offset", feature(`"offsets_s":[-1,1]`, aLine), []string{"properties.offsets_s[0]", "-1"}},
		{"speed zero", feature(`"speed_mps":0`, aLine), []string{"properties.speed_mps", "0.01 to 5000"}},
		{"no altitude", feature(times, aFlat), []string{"geometry.coordinates[0]", "third coordinate"}},
		{"two altitudes", feature(`"altitude":"5 m W84",`+times, aLine), []string{"coordinates[0][2]", "altitude"}},
		{"altitude unbounded", feature(`"altitude":"unbounded",`+times, aFlat), []string{"properties.altitude"}},
		{"altitude reference", feature(`"altitude_reference":"MSL",`+times, aLine), []string{"properties.altitude_reference", `"MSL"`, "AMSL"}},
		{"too high", feature(times, `{"type":"LineString","coordinates":[[8,47,1e9],[9,47,5]]}`), []string{"coordinates[0][2]", "1e9"}},
		{"limits of a route", feature(someBand+","+times, aLine), []string{"properties.lower", "route"}},
		{"above ground without ground", feature(`"altitude_reference":"AGL",`+times, aLine), []string{"--ground"}},
		{"flight level without QNH", feature(`"altitude":"FL95",`+times, aFlat), []string{"--qnh"}},
		{"offsets without start", feature(`"offsets_s":[0,60]`, aLine), []string{"--start"}},
		{"climb on the spot at a speed", feature(`"speed_mps":5`, `{"type":"LineString","coordinates":[[8,47,5],[8,47,50],[9,47,50]]}`), []string{"coordinates[1]", "on the spot"}},
		{"departure unbounded", feature(`"start":"unbounded","speed_mps":5`, aLine), []string{"properties.start"}},
		{"end without start", feature(`"end":"2026-03-01T10:00:00Z"`, aLine), []string{"properties.start"}},
		{"one position", feature(times, `{"type":"LineString","coordinates":[[8,47,5]]}`), []string{"at least 2 positions"}},
		{"several routes in one", feature(times, `{"type":"MultiLineString","coordinates":[[[8,47,5],[9,47,5]]]}`), []string{"half_width_m"}},
	})
}

// read reads and resolves a text that must be good.
func read(t *testing.T, file, text string, opt ResolveOptions) []*volume.Entity {
	t.Helper()
	f, err := Read(file, []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	entities, err := Resolve(f, opt)
	if err != nil {
		t.Fatal(err)
	}
	return entities
}

func TestGeoJSONAreas(t *testing.T) {
	const start, end = 1772359200_000_000_000, 1772362800_000_000_000
	window := volume.Window{StartNS: start, EndNS: end}
	band := volume.Band{LowerMM: 100_000, UpperMM: 200_000}
	e := read(t, "f.geojson", `{"type":"FeatureCollection","features":[`+strings.Join([]string{
		feature(`"id":"c","version":3,"party":" P  1 ","name":"N","radius_m":500.5,"buffer_time_s":0.000000001,`+someBand+","+goodTime, aPoint),
		feature(`"half_width_m":20,"lower":"unbounded","upper":"1000 ft W84","start":"unbounded","end":"unbounded"`, aFlat),
		feature(`"kind":"constraint","type":"call_first","lower":"0 m AGL","upper":"unbounded","start":"2026-03-01T10:00:00Z","end":"9999-12-31T23:59:59Z"`,
			`{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[5,0],[6,0],[6,1],[5,0]]]]}`),
	}, ",")+`]}`, ResolveOptions{Buffers: volume.Buffers{LateralMM: 7}})
	got := plain(e)
	at := func(lat, lng float64) geodesy.LatLng {
		p, err := geodesy.NewLatLng(lat, lng)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	forever := volume.Window{StartNS: start, EndNS: volume.ForeverNS}
	noFloor := volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}
	want := []plainEntity{
		{
			ID: "c", Version: "3", Party: "P 1", Name: "N", Kind: "intent", Suppositions: []string{},
			Volumes: []plainVolume4D{{
				Shape: "circle", Vertices: []geodesy.LatLng{at(47.4, 8.5)}, RadiusMM: 500_500, Band: band, Window: window,
				Buffers: volume.Buffers{LateralMM: 7, TimeNS: 1},
			}},
		},
		{
			ID: "f.geojson#2", Kind: "intent", Suppositions: []string{},
			Volumes: []plainVolume4D{{
				Shape: "corridor", Vertices: []geodesy.LatLng{at(47.4, 8.5), at(47.4, 8.6)}, RadiusMM: 20_000,
				Band:    volume.Band{LowerMM: volume.NoFloorMM, UpperMM: 304_800},
				Window:  volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS},
				Buffers: volume.Buffers{LateralMM: 7},
			}},
		},
		{
			ID: "f.geojson#3", Kind: "constraint", Type: "call_first", Suppositions: []string{supposeGroundFloor},
			Volumes: []plainVolume4D{
				{Shape: "polygon", Vertices: []geodesy.LatLng{at(0, 0), at(0, 1), at(1, 1)}, Band: noFloor, Window: forever},
				{Shape: "polygon", Vertices: []geodesy.LatLng{at(0, 5), at(0, 6), at(1, 6)}, Band: noFloor, Window: forever},
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGeoJSONRouteTimes(t *testing.T) {
	begin := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	minute := int64(time.Minute)
	distanceM, _, _ := geodesy.Inverse(geodesy.LatLng{LatE9: 47.4e9, LngE9: 8.5e9}, geodesy.LatLng{LatE9: 47.4e9, LngE9: 8.6e9})
	bySpeed := int64(distanceM / 20 * 1e9)
	for _, c := range []struct {
		name, properties string
		opt              Options
		resolve          ResolveOptions
		from, lasts      int64
		suppose          string
	}{
		{name: "times", properties: `"times":["2026-03-01T10:00:00Z","2026-03-01T10:05:00Z"]`, from: begin.UnixNano(), lasts: 5 * minute},
		{name: "offsets from start", properties: `"start":"2026-03-01T10:00:00Z","offsets_s":[60,90.5]`, from: begin.UnixNano() + minute, lasts: minute/2 + 5e8},
		{name: "offsets", properties: `"offsets_s":[0,60]`, resolve: ResolveOptions{Start: begin}, from: begin.UnixNano(), lasts: minute, suppose: "start 2026-03-01T10:00:00Z given"},
		{name: "speed from start", properties: `"start":"2026-03-01T10:00:00Z","speed_mps":20`, from: begin.UnixNano(), lasts: bySpeed},
		{name: "speed of all files", properties: ``, opt: Options{SpeedMPS: 20}, resolve: ResolveOptions{Start: begin}, from: begin.UnixNano(), lasts: bySpeed, suppose: "given"},
		{name: "start and end", properties: `"start":"2026-03-01T10:00:00Z","end":"2026-03-01T10:01:00Z"`, from: begin.UnixNano(), lasts: minute, suppose: supposeConstantSpeed},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Read("f.geojson", []byte(feature(c.properties, aLine)), c.opt)
			if err != nil {
				t.Fatal(err)
			}
			entities, err := Resolve(f, c.resolve)
			if err != nil {
				t.Fatal(err)
			}
			w := entities[0].Trajectories[0].Waypoints()
			if w[0].TimeNS != c.from {
				t.Errorf("begins at %d, want %d", w[0].TimeNS, c.from)
			}
			if lasts := w[1].TimeNS - w[0].TimeNS; lasts-c.lasts > 1 || c.lasts-lasts > 1 {
				t.Errorf("lasts %d ns, want %d", lasts, c.lasts)
			}
			if w[0].AltMM != 500_000 || w[1].AltMM != 600_000 {
				t.Errorf("altitudes %d, %d", w[0].AltMM, w[1].AltMM)
			}
			if all := strings.Join(entities[0].Suppositions, "\n"); !strings.Contains(all, supposeRFC7946) || !strings.Contains(all, c.suppose) {
				t.Errorf("suppositions %q", all)
			}
		})
	}
}

func TestGeoJSONNotesWhatItDoesNotUse(t *testing.T) {
	f, err := Read("f.geojson", []byte(`{"type":"FeatureCollection","generator":"x","features":[
		{"type":"Feature","properties":{},"geometry":null},
		{"type":"Feature","title":"y","properties":{"rating":5,"stroke":"red",`+someBand+`,"start":null},"geometry":
		{"type":"Polygon","coordinates":[[[0,0,9],[3,0,9],[3,3,9],[0,0,9]]]}}]}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(append(f.Notes, f.Items[0].Notes...), "\n")
	for _, want := range []string{
		`generator is not used: "x"`, "features[0] has no geometry", `features[1].title is not used: "y"`,
		"features[1].properties.rating is not used: 5", "properties.stroke", "third coordinates are not used",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("notes do not say %q:\n%s", want, all)
		}
	}
}

func TestGeoJSONParts(t *testing.T) {
	part := func(n, lower string) string {
		return feature(`"id":"a","party":"P","part":`+n+`,"parts":3,"lower":"`+lower+` m W84","upper":"99 m W84",`+goodTime, aSquare)
	}
	e := read(t, "f.geojson", `{"type":"FeatureCollection","features":[`+part("3", "3")+","+part("1", "1")+","+part("2", "2")+`]}`, ResolveOptions{})
	if len(e) != 1 || len(e[0].Volumes) != 3 {
		t.Fatalf("%d entities", len(e))
	}
	for i, v := range e[0].Volumes {
		if v.Band.LowerMM != int64(i+1)*1000 {
			t.Errorf("part %d has the floor %d", i+1, v.Band.LowerMM)
		}
	}
	checkRefusals(t, "f.geojson", []refusal{
		{"a part twice", `{"type":"FeatureCollection","features":[` + part("1", "1") + "," + part("1", "2") + `]}`, []string{"part 1", "second time"}},
		{
			"parts that differ", `{"type":"FeatureCollection","features":[` + part("1", "1") + "," + strings.Replace(part("2", "2"), `"P"`, `"Q"`, 1) + `]}`,
			[]string{"features[1]", "another version, party"},
		},
	})
}
