package plan

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// changeCases are the files whose changes are checked, by their formats.
func changeCases(t testing.TB) map[Format][]changeCase {
	archive := string(kmz(t, "files/a.png", "not a picture", "doc.kml", kmlChanges[0].text))
	return map[Format][]changeCase{
		GeoJSON: geoJSONChanges, KML: kmlChanges, GPX: gpxChanges, F3548JSON: f3548Changes,
		KMZ: {{name: "archive", text: archive}},
	}
}

const (
	tracks = `<gx:Track><altitudeMode>absolute</altitudeMode>
	<when>2026-03-01T10:00:00Z</when>
	<when>2026-03-01T11:01:00+01:00</when>
	<gx:coord>8 47 5</gx:coord>
	<gx:coord>8.01 47 7.5</gx:coord>
</gx:Track>`
	absolute = "<altitudeMode>absolute</altitudeMode>"
)

var kmlChanges = []changeCase{
	{name: "area", text: kmlDoc(placemark(kmlBand+kmlSpan+"<Polygon>"+kmlRingText+"</Polygon>") + placemark(kmlBand+kmlSpan+"<Polygon>"+kmlRingText+"</Polygon>"))},
	{name: "extruded", text: kmlDoc(kmlSpan + placemark("<Polygon><extrude>1</extrude>"+absolute+kmlRingText+"</Polygon>") + placemark("<Point><coordinates>8,47</coordinates></Point>"))},
	{name: "circle", text: "\xef\xbb\xbf" + kmlDoc(placemark(fields("lower", "100 m AGL", "upper", "1500 ft AGL", "radius_m", "50", "id", "x", "version", "2")+"<Point><coordinates>\r\n  8.5,47.4\r\n</coordinates></Point>"))},
	{name: "corridor", text: kmlDoc(placemark(fields("lower", "1 m AMSL", "upper", "unbounded", "half_width_m", "50", "start", "2026-03-01T10:00:00Z", "end", "unbounded") + "<LineString>" + kmlPath + "</LineString>"))},
	{name: "span", text: kmlDoc(placemark(kmlSpan + "<LineString>" + absolute + kmlPath + "</LineString>")), slackNS: 5e9},
	{name: "span of the folder", text: kmlDoc("<Folder>" + kmlSpan + placemark("<description>d</description><Style/><LineString>"+absolute+kmlPath+"</LineString>") + "</Folder>"), slackNS: 5e9},
	{name: "departure", text: kmlDoc(placemark("<TimeStamp><when>2026-03-01T10:00:00Z</when></TimeStamp>" + fields("speed_mps", "20") + "<LineString>" + absolute + kmlPath + "</LineString>")), slackNS: 5e9},
	{name: "times", text: kmlDoc(placemark(fields("times", "2026-03-01T10:00:00Z 2026-03-01T10:05:00Z", "altitude_reference", "W84") + "<LineString>" + absolute + kmlPath + "</LineString>"))},
	{name: "offsets", text: kmlDoc(placemark(fields("offsets_s", "10\n100.5", "start", "2026-03-01T10:00:00Z") + "<LineString>" + absolute + kmlPath + "</LineString>"))},
	{name: "no clock", text: kmlDoc(placemark("<LineString>" + absolute + "<coordinates><!-- c -->8.5,47.4,700 8.6,47.4,800</coordinates></LineString>")), slackNS: 5e9},
	{name: "one altitude", text: kmlDoc(placemark(fields("altitude", "120 m AGL", "times", "2026-03-01T10:00:00Z 2026-03-01T10:05:00Z") + "<LineString><tessellate>1</tessellate>" + kmlPath + "</LineString>")), oneHeight: true},
	{name: "path of ours", text: kmlDoc(placemark(fields("altitudes_from", altitudesFromW84, "times", "2026-03-01T10:00:00Z 2026-03-01T10:05:00Z") + "<LineString>" + absolute + kmlPath + "</LineString>"))},
	{name: "track", text: kmlDoc(placemark(tracks))},
	{name: "track of ours", text: kmlDoc(placemark(fields("altitudes_from", altitudesFromW84) + tracks))},
	{name: "tracks", text: kmlDoc(placemark("<gx:MultiTrack>" + tracks + strings.ReplaceAll(tracks, "T1", "T2") + "</gx:MultiTrack>"))},
	{name: "joined tracks", text: kmlDoc(placemark("<gx:MultiTrack><gx:interpolate>1</gx:interpolate>" + tracks + strings.ReplaceAll(strings.ReplaceAll(tracks, "T1", "T2"), "8.0", "8.2") + "</gx:MultiTrack>"))},
	{name: "prefixed", text: strings.NewReplacer(
		"<?", "<?", "<gx:", "<gx:", "</gx:", "</gx:", "</", "</k:", "<", "<k:", "xmlns=", "xmlns:k=").Replace(kmlDoc("<Folder>" + kmlSpan + placemark("<LineString>"+absolute+kmlPath+"</LineString>") + "</Folder>")), slackNS: 5e9},
}

var gpxChanges = []changeCase{
	{name: "track", text: gpxDoc("<metadata><bounds minlat='1'/></metadata><trk><name>a</name><trkseg>\n\t" + trkpt("47", "8", "<ele>5</ele>"+at10) + "\n\t" + trkpt("47", "8.1", "<ele> 5.5 </ele>"+at11+"<sat>5</sat>") + "\n</trkseg><trkseg/></trk>")},
	{name: "route", text: gpxDoc(`<wpt lat="1" lon="2"/><rte><desc>x</desc>` + "<rtept\n lon = '179.99'\tlat='47' ><ele>5</ele></rtept>" + `<rtept lat="46.9" lon="-179.99" x:lat="3"><ele>-5</ele></rtept></rte>`), slackNS: 5e9},
}

var f3548Changes = []changeCase{
	{name: "intent", text: wireIntent(wireVolume())},
	{name: "with reference", text: `{"operational_intent":` + strings.Replace(wireIntent(wireVolume()+","+wireCircle), `"state"`,
		`"ovn":"o","time_start":{"value":"2026-03-01T10:00:00Z","format":"RFC3339"},"time_end":{"value":"2026-03-01T11:00:00Z","format":"RFC3339"},"state"`, 1) + `}`},
	{name: "constraint", text: `[{"constraint":{"reference":{"id":"z","manager":"m"},"details":{"volumes":[` + wireCircle + `],"type":"advisory"}}}]`},
	{name: "volumes", text: "[" + wireVolume() + "," + wireCircle + "]"},
	{name: "volume", text: wireVolume()},
	{name: "extents", text: `{"extents":[` + wireVolume() + `],"state":"Accepted"}`},
}

var wireCircle = wireVolume(`"outline_polygon":{"vertices":[{"lat":47.4,"lng":8.5},{"lat":47.4,"lng":8.6},{"lat":47.5,"lng":8.6}]}`,
	`"outline_circle":{"center":{"lat":1,"lng":2},"radius":{"value":100,"units":"M"}}`)

// scalars are numbers and instants of a file.
var scalars = regexp.MustCompile(`[-+]?[0-9][-+:.0-9TZ]*`)

// TestOnlyWhatChangesIsWritten checks that a change of one kind touches nothing
// but numbers and instants, and those by as much as it says.
func TestOnlyWhatChangesIsWritten(t *testing.T) {
	texts := make(map[string]string)
	for format, cases := range changeCases(t) {
		for _, c := range cases {
			if format != KMZ {
				texts[string(format)+" "+c.name] = c.text
			}
		}
	}
	maps.Copy(texts, missions(t))
	for name, data := range realFiles(t) {
		texts[name] = string(data)
	}
	// What is left out or added, which these have.
	added := map[string][]string{
		"shift": {"geojson areas", "geojson times", "geojson times and reference", "geojson offsets", "geojson offsets from a start"},
		"lift":  {"geojson levels", "geojson one level"},
		"delay": {"kml extruded", "kml span of the folder", "kml prefixed"},
	}
	for kind, change := range map[string]*volume.Change{
		"shift": {Shift: volume.Shift{BearingDeg: 77, DistanceMM: 250_000}},
		"lift":  {LiftMM: 12_500},
		"delay": {DelayNS: 75e9},
	} {
		for name, text := range texts {
			if slices.Contains(added[kind], name) {
				continue
			}
			f, err := Read(name, []byte(text), changeOptions().Read)
			if err != nil {
				t.Fatal(err)
			}
			got, err := WriteChanged(f, []byte(text), 0, change, changeOptions())
			if err != nil {
				t.Fatal(err)
			}
			if a, b := scalars.ReplaceAllString(text, "#"), scalars.ReplaceAllString(string(got.Data), "#"); a != b {
				t.Errorf("%s, %s: %s", kind, name, cmp.Diff(a, b))
				continue
			}
			was, is := scalars.FindAllString(text, -1), scalars.FindAllString(string(got.Data), -1)
			for i := range was {
				if was[i] != is[i] && !changedBy(kind, was[i], is[i]) {
					t.Errorf("%s, %s: %s became %s", kind, name, was[i], is[i])
				}
			}
		}
	}
}

// changedBy tells whether a number or instant changed as a kind of change has
// it: by less than 0.01 degrees, by 12.5 metres (41.01 feet), or by 75 seconds.
func changedBy(kind, was, is string) bool {
	if kind == "delay" {
		a, errA := time.Parse(time.RFC3339Nano, was)
		b, errB := time.Parse(time.RFC3339Nano, is)
		return errA == nil && errB == nil && b.Sub(a) == 75*time.Second
	}
	a, _ := strconv.ParseFloat(was, 64)
	b, _ := strconv.ParseFloat(is, 64)
	d := b - a
	if kind == "lift" {
		return d > 12.499 && d < 12.501 || d > 41.009 && d < 41.011 || was == "0.5" && is == "0.5125" // kilometres
	}
	return d > -0.01 && d < 0.01
}

// TestFlightFolderMovesAsAWhole checks the real flight folders: their points are
// made anew from what is moved.
func TestFlightFolderMovesAsAWhole(t *testing.T) {
	opt := changeOptions()
	change := &volume.Change{Shift: volume.Shift{BearingDeg: 200, DistanceMM: 150_000}, LiftMM: 7_000, DelayNS: 3e9}
	for name, data := range realFiles(t) {
		if !strings.HasSuffix(name, ".kml") {
			continue
		}
		f, err := Read(name, data, opt.Read)
		if err != nil {
			t.Fatal(err)
		}
		for i := range f.Items {
			got, err := WriteChanged(f, data, i, change, opt)
			if err != nil {
				t.Fatal(err)
			}
			back, err := Read(name, got.Data, opt.Read)
			if err != nil {
				t.Fatal(err)
			}
			for k := range f.Items {
				a, b := f.Items[k].Routes[0].Points, back.Items[k].Routes[0].Points
				first, last := [2]RoutePoint{a[0], b[0]}, [2]RoutePoint{a[len(a)-1], b[len(b)-1]}
				rise, at := int64(0), func(p geodesy.LatLng) geodesy.LatLng { return p }
				if k == i {
					rise = change.LiftMM
					at, _ = change.Shift.From(a[0].At)
				}
				for _, p := range [][2]RoutePoint{first, last} {
					// A millimetre more or less where altitudes are means of several areas.
					if d := p[1].Altitude.MM - p[0].Altitude.MM - rise; p[1].At != at(p[0].At) || d > 2 || d < -2 {
						t.Errorf("%s, plan %d after a change of %d: %v at %v, was %v at %v", name, k, i, p[1].Altitude, p[1].At, p[0].Altitude, p[0].At)
					}
				}
			}
			if !got.Start.Equal(opt.Start.Add(3 * time.Second)) {
				t.Errorf("%s: start %v", name, got.Start)
			}
			_, err = WriteChanged(f, data, i, &volume.Change{Paths: []volume.Path{{Points: []volume.PathPoint{{Kept: true}, {After: 1, Kept: true, TimeNS: 1}}}}}, opt)
			if err == nil || !strings.Contains(err.Error(), "flight folder") {
				t.Errorf("%s: a new path: %v", name, err)
			}
		}
	}
}

func TestChangedArchiveKeepsOtherEntries(t *testing.T) {
	data := kmz(t, "files/a.png", "not a picture", "other.kml", kmlChanges[1].text, "doc.kml", kmlChanges[0].text)
	f, err := Read("f.kmz", data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := WriteChanged(f, data, 0, &volume.Change{DelayNS: 1e9}, ChangeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []string{"files/a.png", "other.kml"} {
		if a, b := entry(t, data, keep), entry(t, got.Data, keep); !bytes.Equal(a, b) || len(a) == 0 {
			t.Errorf("%s is another", keep)
		}
	}
	if a, b := entry(t, data, "doc.kml"), entry(t, got.Data, "doc.kml"); bytes.Equal(a, b) || !bytes.Contains(b, []byte("10:00:01Z")) {
		t.Errorf("doc.kml: %s", b)
	}
}

// entry returns the content of a file in an archive.
func entry(t *testing.T, data []byte, name string) []byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(archive, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestWhatGoesWithAChange checks what the reader does not use and others do.
func TestWhatGoesWithAChange(t *testing.T) {
	insert := volume.PathPoint{After: 2, At: geodesy.LatLng{LatE9: 1e6, LngE9: 10_001_500_000}, TimeNS: 3.5e12}
	for _, c := range []struct {
		name, text string
		change     volume.Change
		want, note string
	}{
		{
			"times of a reference", f3548Changes[1].text,
			volume.Change{DelayNS: 60e9, Trim: volume.Trim{EarlierEndNS: 30e9}},
			`"time_start":{"value":"2026-03-01T10:01:00Z","format":"RFC3339"},"time_end":{"value":"2026-03-01T11:00:30Z","format":"RFC3339"},"state"`,
			"operational_intent.reference.ovn is that of the plan before the change",
		},
		{
			"ids of items", missions(t)["plain"],
			volume.Change{Paths: []volume.Path{{Points: slices.Insert(keptPoints(7), 3, insert)}}},
			`"doJumpId": 5, "frame": 3, "params": [0, 0, 0, null, 0.001, 10.0015, 30]}`, "start 1970-01-01T00:16:40Z instead of 2026-03-01T10:00:00Z: the file has no clock",
		},
		{
			"a bbox at the end", feature(lineTimes, strings.Replace(aLine, `]}`, `],"bbox":[8.5,47.4,8.6,47.4]}`, 1)),
			volume.Change{Shift: volume.Shift{DistanceMM: 1}},
			`[8.6,47.400000009,600]]}}`, "geometry.bbox is left out: it no longer holds",
		},
		{
			"a version", feature(`"version":3,`+lineTimes, aLine),
			volume.Change{LiftMM: 1},
			`"version":3`, "the version is still 3: give the changed plan one of its own",
		},
	} {
		f, err := Read("f", []byte(c.text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := WriteChanged(f, []byte(c.text), 0, &c.change, changeOptions())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !strings.Contains(string(got.Data), c.want) || !slices.Contains(got.Notes, c.note) {
			t.Errorf("%s: no %s in\n%s\nor no %q in %q", c.name, c.want, got.Data, c.note, got.Notes)
		}
	}
}
