package plan

import (
	"archive/zip"
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// kmlDoc wraps features into a document.
func kmlDoc(features string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>` + features + `</Document></kml>`
}

// fields makes ExtendedData of name, value pairs.
func fields(pairs ...string) string {
	var b strings.Builder
	b.WriteString("<ExtendedData>")
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteString(`<Data name="` + pairs[i] + `"><value>` + pairs[i+1] + `</value></Data>`)
	}
	b.WriteString("</ExtendedData>")
	return b.String()
}

func placemark(inside string) string { return "<Placemark><name>P</name>" + inside + "</Placemark>" }

const (
	kmlRingText = `<outerBoundaryIs><LinearRing><coordinates>8.5,47.4,700 8.6,47.4,700 8.6,47.5,700 8.5,47.4,700</coordinates></LinearRing></outerBoundaryIs>`
	kmlPath     = `<coordinates>8.5,47.4,700 8.6,47.4,800</coordinates>`
	kmlSpan     = `<TimeSpan><begin>2026-03-01T10:00:00Z</begin><end>2026-03-01T11:00:00Z</end></TimeSpan>`
)

var kmlBand = fields("lower", "100 m W84", "upper", "200 m W84")

func TestKMLRefuses(t *testing.T) {
	track := func(inside string) string {
		return placemark(`<gx:Track><altitudeMode>absolute</altitudeMode>` + inside + `</gx:Track>`)
	}
	cases := []refusal{
		{"other root namespace", `<kml xmlns="urn:x"/>`, []string{`"urn:x"`, "KML 2.2"}},
		{"network link", `<NetworkLink><Link><href>http://example.net/a.kml</href></Link></NetworkLink>`, []string{"NetworkLink", "http://example.net/a.kml", "given beside"}},
		{"flat polygon", placemark(kmlSpan + "<Polygon>" + kmlRingText + "</Polygon>"), []string{"Placemark/Polygon", "without thickness", "lower and upper"}},
		{"extruded but clamped", placemark(kmlSpan + "<Polygon><extrude>1</extrude>" + kmlRingText + "</Polygon>"), []string{"without thickness"}},
		{"hole", placemark(kmlBand + kmlSpan + "<Polygon>" + kmlRingText + "<innerBoundaryIs/></Polygon>"), []string{"innerBoundaryIs", "a hole"}},
		{"no ring", placemark(kmlBand + "<Polygon/>"), []string{"Polygon", "outerBoundaryIs"}},
		{"open ring", placemark(kmlBand + kmlSpan + "<Polygon>" + strings.Replace(kmlRingText, "8.5,47.4,700</c", "8.5,47.3,700</c", 1) + "</Polygon>"), []string{"ends where it begins"}},
		{"no coordinates", placemark("<LineString/>"), []string{"LineString", "<coordinates>"}},
		{"one position", placemark("<LineString><coordinates>8,47,5</coordinates></LineString>"), []string{"1 positions", "at least 2"}},
		{"bad number", placemark("<LineString><coordinates>8,47,5 8.1,NaN,5</coordinates></LineString>"), []string{"coordinates[2]", "8.1,NaN,5", "longitude,latitude"}},
		{"infinite", placemark("<LineString><coordinates>8,47,5 8.1,47,1e999</coordinates></LineString>"), []string{"coordinates[2]", "1e999"}},
		{"spaces after commas", placemark("<LineString><coordinates>8, 47, 5 8.1, 47, 5</coordinates></LineString>"), []string{"coordinates[1]", `"8,"`}},
		{"latitude out of range", placemark("<LineString><coordinates>8,47,5 8.1,97,5</coordinates></LineString>"), []string{"coordinates[2]", "latitude 97"}},
		{"swapped", placemark("<LineString><coordinates>39.07,-112.5,5 39.08,-112.5,5</coordinates></LineString>"), []string{"coordinates[1]", "swapped"}},
		{"path without times", placemark("<LineString><altitudeMode>absolute</altitudeMode>" + kmlPath + "</LineString>"), []string{"field times", "--speed"}},
		{"path without altitude", placemark(kmlSpan + "<LineString><altitudeMode>absolute</altitudeMode><coordinates>8,47 8.1,47</coordinates></LineString>"), []string{"coordinates[1]", "no altitude"}},
		{"path on the ground", placemark(kmlSpan + "<LineString><coordinates>8,47 8.1,47,0</coordinates></LineString>"), []string{"--ground"}},
		{"clamped altitudes", placemark(kmlSpan + "<LineString>" + kmlPath + "</LineString>"), []string{"coordinates[1]", "700 m", "clampToGround", "absolute or relativeToGround"}},
		{"clamped altitudes, said so", placemark(kmlSpan + "<LineString><altitudeMode>clampToGround</altitudeMode><coordinates>8,47,0 8.1,47,-3</coordinates></LineString>"), []string{"coordinates[2]", "-3 m", "clampToGround"}},
		{"clamped track", placemark("<gx:Track><when>2026-03-01T10:00:00Z</when><when>2026-03-01T10:01:00Z</when><gx:coord>8 47 5</gx:coord><gx:coord>8.1 47 5</gx:coord></gx:Track>"), []string{"Track/coord[1]", "5 m", "clampToGround"}},
		{"sea floor", placemark(kmlSpan + "<LineString><gx:altitudeMode>relativeToSeaFloor</gx:altitudeMode>" + kmlPath + "</LineString>"), []string{"altitudeMode", `"relativeToSeaFloor"`}},
		{"two altitude modes", placemark(kmlSpan + "<LineString><altitudeMode>absolute</altitudeMode><altitudeMode>absolute</altitudeMode>" + kmlPath + "</LineString>"), []string{"second altitudeMode"}},
		{"two geometries", placemark(kmlBand + kmlSpan + "<Point/><Polygon>" + kmlRingText + "</Polygon>"), []string{"several geometries"}},
		{"two paths", placemark(kmlSpan + "<MultiGeometry><LineString><altitudeMode>absolute</altitudeMode>" + kmlPath + "</LineString><LineString>" + kmlPath + "</LineString></MultiGeometry>"), []string{"second path"}},
		{"time stamp of an area", placemark(kmlBand + "<TimeStamp><when>2026-03-01T10:00:00Z</when></TimeStamp><Polygon>" + kmlRingText + "</Polygon>"), []string{"TimeStamp for an area"}},
		{"time without offset", placemark("<TimeSpan><begin>2026-03-01T10:00:00</begin></TimeSpan>"), []string{"begin", "offset"}},
		{"a year", placemark("<TimeSpan><begin>2026</begin></TimeSpan>"), []string{"begin", `"2026"`}},
		{"backwards", placemark("<TimeSpan><begin>2026-03-01T10:00:00Z</begin><end>2026-03-01T10:00:00Z</end></TimeSpan>"), []string{"TimeSpan", "not after"}},
		{"two times", placemark(kmlSpan + kmlSpan), []string{"second time"}},
		{"time and field differ", placemark(kmlSpan + fields("lower", "1 m W84", "upper", "2 m W84", "start", "2026-03-01T09:00:00Z") + "<Polygon>" + kmlRingText + "</Polygon>"), []string{"field start", "TimeSpan"}},
		{"field twice", placemark(fields("lower", "1 m W84", "lower", "2 m W84")), []string{`"lower"`, "second time"}},
		{"field without value", placemark(`<ExtendedData><Data name="x"/></ExtendedData>`), []string{"<value>", `"x"`}},
		{"bad field", placemark(fields("lower", "high", "upper", "2 m W84") + "<Polygon>" + kmlRingText + "</Polygon>"), []string{"field lower", `"high"`}},
		{"fields without geometry", placemark(kmlBand), []string{"no geometry"}},
		{"instants and positions", track("<when>2026-03-01T10:00:00Z</when>"), []string{"1 when and 0 gx:coord"}},
		{"empty track", track(""), []string{"empty track"}},
		{"empty position", track("<when>2026-03-01T10:00:00Z</when><gx:coord></gx:coord>"), []string{"coord", "separated by spaces"}},
		{"track that stands still", track("<when>2026-03-01T10:00:00Z</when><when>2026-03-01T10:00:00Z</when><gx:coord>8 47 5</gx:coord><gx:coord>8.1 47 5</gx:coord>"), []string{"coord[2]", "time_not_increasing"}},
		{"limits of a track", placemark(kmlBand + "<gx:Track/>"), []string{"field lower", "a track"}},
	}
	for i, c := range cases {
		if !strings.HasPrefix(c.text, "<kml") {
			cases[i].text = kmlDoc(c.text)
		}
	}
	checkRefusals(t, "f.kml", cases)
}

func TestKMLAreasAndTimes(t *testing.T) {
	e := read(t, "f.kml", kmlDoc(
		"<Folder><name>F</name>"+kmlSpan+
			placemark(kmlBand+"<Polygon>"+kmlRingText+"</Polygon>")+
			"<Folder>"+strings.Replace(placemark(kmlBand+"<TimeSpan><begin>2026-03-02T10:00:00+02:00</begin></TimeSpan><Polygon>"+kmlRingText+"</Polygon>"), ">P<", ">Q<", 1)+"</Folder>"+
			strings.Replace(placemark("<Polygon><extrude>1</extrude><altitudeMode>relativeToGround</altitudeMode>"+kmlRingText+"</Polygon>"), ">P<", ">R<", 1)+
			strings.Replace(placemark(fields("lower", "1 m W84", "upper", "2 m W84", "radius_m", "50")+"<Point><coordinates>8.5,47.4</coordinates></Point>"), ">P<", ">S<", 1)+
			"</Folder>",
	), ResolveOptions{Ground: &geodesy.Ground{MM: 400_000, Ref: geodesy.W84, ErrorMM: 3000}})
	if len(e) != 4 {
		t.Fatalf("%d entities", len(e))
	}
	span := volume.Window{StartNS: 1772359200_000_000_000, EndNS: 1772362800_000_000_000}
	for i, want := range []struct {
		id     string
		window volume.Window
		band   volume.Band
		buffer int64
		shape  volume.Shape
	}{
		{"f.kml#P", span, volume.Band{LowerMM: 100_000, UpperMM: 200_000}, 0, volume.Polygon},
		{"f.kml#Q", volume.Window{StartNS: 1772438400_000_000_000, EndNS: volume.ForeverNS}, volume.Band{LowerMM: 100_000, UpperMM: 200_000}, 0, volume.Polygon},
		{"f.kml#R", span, volume.Band{LowerMM: volume.NoFloorMM, UpperMM: 1_100_000}, 3000, volume.Polygon},
		{"f.kml#S", span, volume.Band{LowerMM: 1000, UpperMM: 2000}, 0, volume.Circle},
	} {
		v := e[i].Volumes[0]
		if e[i].ID != want.id || v.Window != want.window || v.Band != want.band || v.Buffers.VerticalMM != want.buffer || v.Footprint.Shape() != want.shape {
			t.Errorf("entity %d: %s %v %v %v %s", i, e[i].ID, v.Window, v.Band, v.Buffers, v.Footprint.Shape())
		}
	}
}

func TestKMLPaths(t *testing.T) {
	e := read(t, "f.kml", kmlDoc(
		strings.Replace(placemark(kmlSpan+"<LineString><altitudeMode>absolute</altitudeMode>"+kmlPath+"</LineString>"), ">P<", ">span<", 1)+
			strings.Replace(placemark("<TimeStamp><when>2026-03-01T10:00:00Z</when></TimeStamp>"+fields("speed_mps", "10", "altitude_reference", "W84")+"<LineString><altitudeMode>absolute</altitudeMode>"+kmlPath+"</LineString>"), ">P<", ">speed<", 1)+
			strings.Replace(placemark(`<gx:MultiTrack><gx:interpolate>1</gx:interpolate>
			<gx:Track><altitudeMode>relativeToGround</altitudeMode><when>2026-03-01T10:00:00Z</when><gx:coord>8 47 5</gx:coord></gx:Track>
			<gx:Track><altitudeMode>relativeToGround</altitudeMode><when>2026-03-01T10:01:00Z</when><gx:coord>8.01 47 7.5</gx:coord></gx:Track></gx:MultiTrack>`), ">P<", ">track<", 1),
	), ResolveOptions{Ground: &geodesy.Ground{MM: 400_000, Ref: geodesy.W84}})
	if len(e) != 3 {
		t.Fatalf("%d entities", len(e))
	}
	span := e[0].Trajectories[0].Waypoints()
	if span[1].TimeNS-span[0].TimeNS != int64(time.Hour) {
		t.Errorf("span lasts %d ns", span[1].TimeNS-span[0].TimeNS)
	}
	// Zurich lies some 47 m of geoid above the ellipsoid.
	if up := span[0].AltMM - 700_000; up < 46_000 || up > 49_000 {
		t.Errorf("absolute altitude placed %d mm above its number", up)
	}
	all := strings.Join(e[0].Suppositions, "\n")
	for _, want := range []string{supposeConstantSpeed, "EGM96", "stated error of 1.16 m added", "bend of the geoid"} {
		if !strings.Contains(all, want) {
			t.Errorf("suppositions do not say %q:\n%s", want, all)
		}
	}
	speed := e[1].Trajectories[0]
	if w := speed.Waypoints(); w[0].AltMM != 700_000 || w[0].TimeNS != 1772359200_000_000_000 {
		t.Errorf("begins at %v", w[0])
	}
	if speed.Buffers().VerticalMM != 0 {
		t.Errorf("W84 has the buffer %d", speed.Buffers().VerticalMM)
	}
	if w := e[2].Trajectories[0].Waypoints(); len(w) != 2 || w[0].AltMM != 405_000 || w[1].AltMM != 407_500 {
		t.Errorf("track %v", w)
	}
}

func TestKMLNotes(t *testing.T) {
	f, err := Read("f.kml", []byte(kmlDoc(
		placemark("<Point><coordinates>8,47</coordinates></Point>")+
			"<GroundOverlay/><gx:Tour/><Placemark/><Wobble/>"+
			placemark(kmlBand[:len(kmlBand)-len("</ExtendedData>")]+`<Data name="colour"><value>red</value></Data></ExtendedData><description>Ask first.</description><Polygon>`+kmlRingText+"</Polygon>"),
	)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(f.Notes, "\n")
	for _, item := range f.Items {
		all += "\n" + strings.Join(item.Notes, "\n")
	}
	for _, want := range []string{"is a point, not flown", "GroundOverlay", "Tour", "no path and no area", "Wobble", `"colour" is not used: "red"`, "Ask first."} {
		if !strings.Contains(all, want) {
			t.Errorf("notes do not say %q:\n%s", want, all)
		}
	}
}

// Values at a place between areas, from the description of the convention:
// areas 10, 50 and 100 m away with 10, 20 and 30 give 13.08.
func TestFlightAreasWeighByDistance(t *testing.T) {
	square := func(east, value float64) flightArea {
		return flightArea{value: value, east: []float64{east, east + 5, east + 5, east}, north: []float64{-5, -5, 5, 5}}
	}
	areas := []flightArea{square(10, 10), square(50, 20), square(100, 30)}
	for _, c := range []struct{ e, n, want float64 }{
		{0, 0, 1.7 / 0.13}, {12, 1, 10}, {9.95, 0, 10}, {52, -4, 20}, {104.99, 4.99, 30},
	} {
		if got := between(areas, c.e, c.n); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("at %v, %v: %v, want %v", c.e, c.n, got, c.want)
		}
	}
}

func TestRealFlightFolders(t *testing.T) {
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for file, want := range map[string]struct {
		flights      []string
		party        string
		loMM, hiMM   int64 // altitudes AMSL of its areas
		loMPS, hiMPS float64
	}{
		"dcdemo.kml": {[]string{"test_flight_north", "test_flight_tights", "test_flight_zigzagsouth"}, "OP-d7p4o3l2", 116_000, 150_000, 1.2, 9},
		"rid.kml":    {[]string{"south u", "dairy circle"}, "EXAMPLE_OPERATOR1", 529_000, 655_000, 5, 30},
		"zurich.kml": {[]string{"train tracks", "ETA"}, "CHE-RP-f39mqfitkh9e5", 450_000, 655_000, 5, 60},
	} {
		t.Run(file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "kml", file))
			if err != nil {
				t.Fatal(err)
			}
			e := read(t, file, string(data), ResolveOptions{Start: start})
			if len(e) != len(want.flights) {
				t.Fatalf("%d flights, want %d", len(e), len(want.flights))
			}
			if e[0].Party != want.party {
				t.Errorf("party %q", e[0].Party)
			}
			for i, name := range want.flights {
				if e[i].ID != file+"#"+name || len(e[i].Trajectories) != 1 {
					t.Fatalf("%q has %d trajectories", e[i].ID, len(e[i].Trajectories))
				}
				w := e[i].Trajectories[0].Waypoints()
				if w[0].TimeNS != start.UnixNano() {
					t.Errorf("%s starts at %d", name, w[0].TimeNS)
				}
				for k := 1; k < len(w); k++ {
					amslMM := w[k].AltMM - geoidMM(w[k].At)
					if amslMM < want.loMM-2 || amslMM > want.hiMM+2 {
						t.Fatalf("%s flies at %d mm, areas are at %d to %d", name, amslMM, want.loMM, want.hiMM)
					}
					d, _, _ := geodesy.Inverse(w[k-1].At, w[k].At)
					mps := d / (float64(w[k].TimeNS-w[k-1].TimeNS) / 1e9)
					if mps < want.loMPS*0.99 || mps > want.hiMPS*1.01 {
						t.Fatalf("%s flies %v m/s at %d, areas say %v to %v", name, mps, k, want.loMPS, want.hiMPS)
					}
				}
			}
		})
	}
}

func TestFlightFolderRefuses(t *testing.T) {
	area := func(name, mode string) string {
		return "<Placemark><name>" + name + "</name><Polygon>" + mode + kmlRingText + "</Polygon></Placemark>"
	}
	const absolute = "<altitudeMode>absolute</altitudeMode>"
	path := placemark("<LineString>" + kmlPath + "</LineString>")
	cases := []refusal{
		{"no path", area("alt: a", absolute), []string{`flight: f`, "without a path"}},
		{"two paths", path + path, []string{"second path"}},
		{"no speeds", path + area("alt: a", absolute), []string{"speed:", "--speed"}},
		{"no altitudes", path + area("speed: a (5)", ""), []string{"without altitudes"}},
		{"clamped altitude", path + area("alt: a", ""), []string{"alt: area without an altitude"}},
		{"mixed altitudes", path + area("alt: a", absolute) + area("alt: b", "<altitudeMode>relativeToGround</altitudeMode>"), []string{"other than in the alt: areas before"}},
		{"speed without number", path + area("speed: fast", ""), []string{`"speed: fast"`, "brackets"}},
		{"speed zero", path + area("speed: a (0)", ""), []string{"0.01 to 5000"}},
		{"something else", path + area("zone", absolute), []string{`"zone"`, "alt: ..."}},
		{"a folder inside", path + "<Folder/>", []string{"<Folder>", "placemarks only"}},
	}
	for i, c := range cases {
		cases[i].text = kmlDoc("<Folder><name>flight: f</name>" + c.text + "</Folder>")
	}
	checkRefusals(t, "f.kml", cases)
}

// kmz packs files into an archive.
func kmz(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		w, err := z.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestKMZ(t *testing.T) {
	good := kmlDoc(placemark(kmlBand + kmlSpan + "<Polygon>" + kmlRingText + "</Polygon>"))
	f, err := Read("f.kmz", kmz(t, "a.kml", "not KML", "files/x.png", "", "doc.kml", good), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Format != KMZ || len(f.Items) != 1 {
		t.Fatalf("%s with %d items", f.Format, len(f.Items))
	}
	if all := strings.Join(f.Notes, "\n"); !strings.Contains(all, `"a.kml"`) || !strings.Contains(all, "1 other entries") {
		t.Errorf("notes %q", all)
	}
	broken := kmz(t, "doc.kml", good)
	checkRefusals(t, "f.kmz", []refusal{
		{"no document", string(kmz(t, "a.txt", "x")), []string{"without a .kml file"}},
		{"out of the archive", string(kmz(t, "../doc.kml", good)), []string{`"../doc.kml"`, "inside the archive"}},
		{"absolute", string(kmz(t, "/etc/doc.kml", good)), []string{`"/etc/doc.kml"`}},
		{"backslashes", string(kmz(t, `..\doc.kml`, good)), []string{"inside the archive"}},
		{"truncated", string(broken[:len(broken)-30]), []string{"broken zip"}},
		{"damaged", strings.Replace(string(broken), "PK\x01\x02", "PK\x01\x03", 1), []string{"broken zip"}},
		{"error inside", string(kmz(t, "doc.kml", kmlDoc("<NetworkLink/>"))), []string{"f.kmz/doc.kml", "NetworkLink"}},
		{"gzip", "\x1f\x8b\x08\x00", []string{"gzip"}},
	})
}

func TestKMZBombs(t *testing.T) {
	opt := Options{MaxBytes: 1 << 20}
	bomb := kmz(t, "doc.kml", strings.Repeat(" ", 32<<20))
	_, err := Read("f.kmz", bomb, opt)
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "more than 1 MiB when unpacked") {
		t.Errorf("bomb of %d bytes: %v", len(bomb), err)
	}
	var many []string
	for range maxKMZEntries + 1 {
		many = append(many, "x", "")
	}
	if _, err := Read("f.kmz", kmz(t, many...), opt); err == nil || !strings.Contains(err.Error(), "4096 files") {
		t.Errorf("many entries: %v", err)
	}
}
