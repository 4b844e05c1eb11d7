package plan

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// endless gives one byte over and over.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// checkBounded checks that an input is refused with an *Error that says want,
// and that no more than limit bytes were allocated over all.
func checkBounded(t *testing.T, r io.Reader, want string, limit uint64) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ReadFrom("f", r, Options{})
	runtime.ReadMemStats(&after)
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want an *Error with %q", err, want)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > limit {
		t.Errorf("%d MB allocated, at most %d expected", used>>20, limit>>20)
	}
}

func TestHugeFilesAreRefusedWithinBounds(t *testing.T) {
	const hundredMB = 100 << 20
	for _, c := range []struct {
		name string
		fill byte
	}{{"zeros", 0}, {"spaces", ' '}} {
		t.Run(c.name, func(t *testing.T) {
			checkBounded(t, io.LimitReader(endless(c.fill), hundredMB), "more than 64 MiB", 192<<20)
		})
	}
	t.Run("zeros within the limit", func(t *testing.T) {
		checkBounded(t, io.LimitReader(endless(0), 60<<20), "binary data", 192<<20)
	})
	t.Run("spaces within the limit", func(t *testing.T) {
		checkBounded(t, io.LimitReader(endless(' '), 60<<20), "an empty file", 192<<20)
	})
	t.Run("brackets within the limit", func(t *testing.T) {
		checkBounded(t, io.LimitReader(endless('['), 20<<20), "nesting deeper than 64", 640<<20)
	})
	t.Run("values", func(t *testing.T) {
		checkBounded(t, strings.NewReader(`{"volumes":[`+strings.Repeat("0,", maxJSONValues)), "more than 8388608 values", 640<<20)
	})
	t.Run("a string without end", func(t *testing.T) {
		checkBounded(t, io.MultiReader(strings.NewReader(`{"a":"`), io.LimitReader(endless('x'), 20<<20)), "string without end", 256<<20)
	})
}

func TestManyElementsAreRefusedWithinBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds with the race detector")
	}
	checkBounded(t, strings.NewReader("<kml>"+strings.Repeat("<a/>", maxXMLElements)), "more than 2097152 elements", 2<<30)
}

func TestHostileTextIsRefused(t *testing.T) {
	deep := 100_000
	checkRefusals(t, "f", []refusal{
		{"empty", "", []string{"an empty file"}},
		{"white space", " \n\t", []string{"an empty file"}},
		{"a sentence", "Dear colleague,\nplease find", []string{`"Dear colleague,"`, "GeoJSON"}},
		{"an image", "\x89PNG\r\n\x1a\n\x00\x00", []string{"binary data"}},
		{"JSON of something else", `{"name":"x","version":2}`, []string{"keys name, version"}},
		{"JSON number", `[1,2]`, []string{"none of the known"}},
		{"XML of something else", `<!-- x --><html><body/></html>`, []string{"<html>"}},
		{"document type before KML", `<!DOCTYPE kml><kml/>`, []string{"DOCTYPE"}},
		{"billion laughs", billionLaughs, []string{"DOCTYPE"}},
		{"deep JSON arrays", strings.Repeat("[", deep), []string{"nesting deeper than 64"}},
		{"deep JSON objects", strings.Repeat(`{"features":`, deep), []string{"nesting deeper than 64"}},
		{"deep folders", "<kml>" + strings.Repeat("<Folder>", deep), []string{"nesting deeper than 64"}},
		{"deep geometries", `<kml><Placemark>` + strings.Repeat("<MultiGeometry>", deep), []string{"nesting deeper than 64"}},
		{"deep tracks", "<gpx>" + strings.Repeat("<trk>", deep), []string{"nesting deeper than 64"}},
		{"UTF-16 GeoJSON", "\xff\xfe{\x00}\x00", []string{"UTF-16"}},
		{"UTF-16 KML", "\xfe\xff\x00<\x00k", []string{"UTF-16"}},
		{"Latin-1 GeoJSON", "{\"type\":\"Feature\",\n\"properties\":{\"name\":\"Z\xfcrich\"}}", []string{"line 2", "0xfc"}},
		{"Latin-1 KML", "<kml><name>Z\xfcrich</name></kml>", []string{"line 1", "0xfc"}},
		{"declared Latin-1", `<?xml version="1.0" encoding="ISO-8859-1"?><kml/>`, []string{"ISO-8859-1"}},
		{"NaN", feature(someBand+`,"radius_m":NaN`, aPoint), []string{"line 1", "NaN"}},
		{"Infinity", feature(someBand, `{"type":"Point","coordinates":[Infinity,0]}`), []string{"Infinity"}},
		{"a number of 10^5 digits", feature(someBand+`,"radius_m":1`+strings.Repeat("0", deep), aPoint), []string{"radius_m"}},
		{"a large exponent", feature(someBand+`,"radius_m":1e-999999999`, aPoint), []string{"radius_m"}},
		{"a long id", feature(`"id":"`+strings.Repeat("x", deep)+`",`+someBand+","+goodTime, aSquare), []string{"at most 512 bytes"}},
	})
}

// Everything a good file can be cut to is refused or read, never a panic; and
// but for white space at the end no shorter file is taken for the whole.
func TestTruncatedFiles(t *testing.T) {
	for name, text := range map[string]string{
		"f.geojson": `{"type":"FeatureCollection","features":[` + feature(someBand+","+goodTime, aSquare) + `]}`,
		"f.kml":     kmlDoc(placemark(kmlBand + kmlSpan + "<Polygon>" + kmlRingText + "</Polygon>")),
		"f.gpx":     gpxDoc(`<trk><trkseg>` + trkpt("47", "8", "<ele>5</ele>"+at10) + trkpt("47", "8.1", "<ele>5</ele>"+at11) + `</trkseg></trk>`),
		"f.json":    wireIntent(wireVolume()),
		"f.kmz":     string(kmz(t, "doc.kml", kmlDoc(placemark(kmlBand+kmlSpan+"<Polygon>"+kmlRingText+"</Polygon>")))),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Read(name, []byte(text), Options{}); err != nil {
				t.Fatal(err)
			}
			for n := range len(text) {
				if _, err := Read(name, []byte(text[:n]), Options{}); err == nil {
					t.Fatalf("read from the first %d of %d bytes", n, len(text))
				}
			}
		})
	}
}

// A byte changed anywhere never makes a reader panic.
func TestDamagedFiles(t *testing.T) {
	archive := kmz(t, "doc.kml", kmlDoc(placemark(kmlBand+kmlSpan+"<Polygon>"+kmlRingText+"</Polygon>")))
	for i := range archive {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			damaged := bytes.Clone(archive)
			damaged[i] ^= flip
			if f, err := Read("f.kmz", damaged, Options{MaxBytes: 1 << 20}); err == nil {
				_, _ = Resolve(f, ResolveOptions{})
			}
		}
	}
}

// A small file must not cause work without end: here long paths between areas
// with many corners.
func TestFlightFoldersAreBounded(t *testing.T) {
	var ring strings.Builder
	for i := range 9000 {
		p := geodesy.Direct(geodesy.LatLng{}, float64(i)*360/9000, 1000)
		ring.WriteString(formatScaled(p.LngE9, 9) + "," + formatScaled(p.LatE9, 9) + ",100 ")
		if i == 8999 {
			p = geodesy.Direct(geodesy.LatLng{}, 0, 1000)
			ring.WriteString(formatScaled(p.LngE9, 9) + "," + formatScaled(p.LatE9, 9) + ",100")
		}
	}
	area := "<Polygon><altitudeMode>absolute</altitudeMode><outerBoundaryIs><LinearRing><coordinates>" + ring.String() + "</coordinates></LinearRing></outerBoundaryIs></Polygon>"
	text := kmlDoc("<Folder><name>flight: f</name><Placemark><name>alt: a</name>" + area + "</Placemark><Placemark><name>speed: a (0.5)</name>" + area + "</Placemark>" +
		placemark("<LineString><coordinates>0,0 0.8,0</coordinates></LineString>") + "</Folder>")
	checkRefusals(t, "f.kml", []refusal{{"corners", text, []string{"too many corners"}}})
}

// Files of many zones are refused, or take less work for each: what is left out
// is allowed for, which TestBandsContainTheDeclaredSurface holds for few looks too.
func TestManyZonesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("AC R\n")
	b.WriteString(strings.Repeat("AL 9ft AMSL\nAH 99ft AMSL\nV X=1:00:00 N 1:00:00 E\nDC 2\nAC R\n", maxParts))
	b.WriteString("AL 9ft AMSL\nAH 99ft AMSL\nV X=1:00:00 N 1:00:00 E\nDC 2\n")
	checkRefusals(t, "f.txt", []refusal{{"zones", b.String(), []string{"100001 areas and paths", "at most 100000"}}})
	for parts, want := range map[int]int{0: 1000, 1: 1000, 10_000: 1000, 20_000: 500, 100_000: 100, 1_000_000: 32} {
		f := &File{Items: []Item{{Volumes: make([]Volume, parts/2), Routes: make([]Route, parts-parts/2)}}}
		if got := geoidLooks(f); got != want {
			t.Errorf("%d looks for each of %d parts, want %d", got, parts, want)
		}
	}
}
