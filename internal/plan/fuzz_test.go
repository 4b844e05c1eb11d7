package plan

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// maxFuzzBytes bounds the inputs of fuzzing.
const maxFuzzBytes = 64 << 10

// fuzzOptions give a reader all that files may leave open.
func fuzzOptions() ResolveOptions {
	qnh := 1013.25
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	return ResolveOptions{
		Start: start, Duration: time.Hour,
		Ground: &geodesy.Ground{MM: 400_000, Ref: geodesy.W84, ErrorMM: 2000}, QNHHPa: &qnh,
		Horizon: volume.Window{StartNS: start.UnixNano(), EndNS: start.Add(48 * time.Hour).UnixNano()},
	}
}

// fuzzReader decodes and resolves an input. What can be read must be written
// and read back the same, and what F3548-21 can say must be readable.
func fuzzReader(t *testing.T, format Format, data []byte) {
	if len(data) > maxFuzzBytes {
		return
	}
	f, err := ReadAs(format, "fuzz", data, Options{SpeedMPS: 10, MaxBytes: 1 << 20})
	if err != nil {
		return
	}
	entities, err := Resolve(f, fuzzOptions())
	if err != nil {
		return
	}
	checkRoundTrip(t, GeoJSON, entities)
	checkRoundTrip(t, KML, entities)
	for _, e := range inPlace(entities) {
		if _, err := newWireEntity(e); err != nil {
			continue
		}
		back, text, err := reread(F3548JSON, []*volume.Entity{e})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(e.ID, back[0].ID); diff != "" {
			t.Fatal(diff)
		}
	}
}

// seedFiles adds real files to the corpus.
func seedFiles(f *testing.F, pattern string) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", "testdata", filepath.FromSlash(pattern)))
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds %s: %v", pattern, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

func FuzzGeoJSON(f *testing.F) {
	times := `"times":["2026-03-01T10:00:00Z","2026-03-01T10:05:00Z"]`
	for _, s := range []string{
		feature(someBand+","+goodTime, aSquare),
		feature(`"id":"c","version":3,"party":"P","radius_m":500.5,"buffer_time_s":0.5,"lower":"FL95","upper":"unbounded"`, aPoint),
		feature(`"half_width_m":20,"lower":"0 m AGL","upper":"1000 ft AMSL","start":"unbounded","end":"unbounded","kind":"constraint","type":"advisory"`, aFlat),
		feature(times+`,"altitude_reference":"HOME","buffer_lateral_m":9`, aLine),
		feature(`"speed_mps":20,"start":"2026-03-01T10:00:00Z"`, aLine),
		feature(`"offsets_s":[0,60.5]`, aLine),
		`{"type":"FeatureCollection","features":[` + feature(`"id":"a","part":1,"parts":2,`+someBand, aSquare) + "," + feature(`"id":"a","part":2,"parts":2,`+times, aLine) + `]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzReader(t, GeoJSON, data) })
}

var kmlSeeds = []string{
	kmlDoc(placemark(kmlBand + kmlSpan + "<Polygon>" + kmlRingText + "</Polygon>")),
	kmlDoc(kmlSpan + placemark("<Polygon><extrude>1</extrude><altitudeMode>absolute</altitudeMode>"+kmlRingText+"</Polygon>")),
	kmlDoc(placemark(kmlSpan + "<LineString><altitudeMode>absolute</altitudeMode>" + kmlPath + "</LineString>")),
	kmlDoc(placemark(`<gx:Track><altitudeMode>relativeToGround</altitudeMode><when>2026-03-01T10:00:00Z</when><when>2026-03-01T10:01:00Z</when><gx:coord>8 47 5</gx:coord><gx:coord>8.01 47 7.5</gx:coord></gx:Track>`)),
	kmlDoc(placemark(fields("lower", "1 m W84", "upper", "2 m W84", "radius_m", "50", "id", "x") + "<Point><coordinates>8.5,47.4</coordinates></Point>")),
}

func FuzzKML(f *testing.F) {
	seedFiles(f, "kml/*.kml")
	for _, s := range kmlSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzReader(t, KML, data) })
}

func FuzzKMZ(f *testing.F) {
	for _, s := range kmlSeeds {
		f.Add(kmz(f, "doc.kml", s))
		f.Add(kmz(f, "files/a.png", "", "a.kml", s, "doc.kml", s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzReader(t, KMZ, data) })
}

func FuzzGPX(f *testing.F) {
	f.Add([]byte(gpxDoc(`<trk><name>a</name><trkseg>` + trkpt("47", "8", "<ele>5</ele>"+at10) + trkpt("47", "8.1", "<ele>5.5</ele>"+at11) + `</trkseg></trk>`)))
	f.Add([]byte(gpxDoc(`<wpt lat="1" lon="2"/><rte><desc>x</desc><rtept lat="47" lon="8"><ele>5</ele></rtept><rtept lat="-47" lon="179"><ele>-5</ele></rtept></rte>`)))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzReader(t, GPX, data) })
}

func FuzzF3548(f *testing.F) {
	circle := wireVolume(`"outline_polygon":{"vertices":[{"lat":47.4,"lng":8.5},{"lat":47.4,"lng":8.6},{"lat":47.5,"lng":8.6}]}`,
		`"outline_circle":{"center":{"lat":1,"lng":2},"radius":{"value":100,"units":"FT"}}`)
	for _, s := range []string{
		wireIntent(wireVolume()),
		`{"operational_intent":` + wireIntent(wireVolume()+","+circle) + `}`,
		`{"constraint":{"reference":{"id":"z","manager":"m","ovn":"o"},"details":{"volumes":[` + circle + `],"type":"advisory","geozone":{"a":1}}}}`,
		`{"extents":[` + wireVolume() + `],"state":"Accepted","key":[],"uss_base_url":"x"}`,
		`[` + wireVolume() + `,` + circle + `]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzReader(t, F3548JSON, data) })
}
