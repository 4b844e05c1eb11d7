package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
)

func gpxDoc(inside string) string {
	return `<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">` + inside + `</gpx>`
}

func trkpt(lat, lon, rest string) string {
	return `<trkpt lat="` + lat + `" lon="` + lon + `">` + rest + `</trkpt>`
}

const (
	at10 = "<time>2026-03-01T10:00:00Z</time>"
	at11 = "<time>2026-03-01T11:00:00.5Z</time>"
)

func TestGPXRefuses(t *testing.T) {
	cases := []refusal{
		{"no latitude", `<trk><trkseg><trkpt lon="8"/></trkseg></trk>`, []string{"gpx/trk/trkseg/trkpt", "no attribute lat"}},
		{"bad latitude", `<trk><trkseg>` + trkpt("47N", "8", "") + `</trkseg></trk>`, []string{`lat="47N"`}},
		{"latitude out of range", `<trk><trkseg>` + trkpt("97", "108", "<ele>5</ele>") + `</trkseg></trk>`, []string{"trkpt", "latitude 97"}},
		{"swapped", `<trk><trkseg>` + trkpt("-122.4", "37.7", "<ele>5</ele>") + `</trkseg></trk>`, []string{"swapped"}},
		{"no elevation", `<trk><trkseg>` + trkpt("47", "8", "") + `</trkseg></trk>`, []string{"no <ele>"}},
		{"bad elevation", `<trk><trkseg>` + trkpt("47", "8", "<ele>INF</ele>") + `</trkseg></trk>`, []string{"ele", `"INF"`}},
		{"huge elevation", `<trk><trkseg>` + trkpt("47", "8", "<ele>1e12</ele>") + `</trkseg></trk>`, []string{"ele", `"1e12"`}},
		{"bad time", `<trk><trkseg>` + trkpt("47", "8", "<ele>5</ele><time>10:00</time>") + `</trkseg></trk>`, []string{"time", `"10:00"`}},
		{"some times", `<trk><trkseg>` + trkpt("47", "8", "<ele>5</ele>"+at10) + trkpt("47", "9", "<ele>5</ele>") + `</trkseg></trk>`, []string{"trkpt[2]", "all or none"}},
		{"no times", `<rte><rtept lat="47" lon="8"><ele>5</ele></rtept></rte>`, []string{"gpx/rte", "--speed"}},
		{"one point", `<trk><trkseg>` + trkpt("47", "8", "<ele>5</ele>"+at10) + `</trkseg></trk>`, []string{"at least 2 waypoints"}},
		{"time stands still", `<trk><trkseg>` + trkpt("47", "8", "<ele>5</ele>"+at10) + trkpt("47", "9", "<ele>5</ele>"+at10) + `</trkseg></trk>`, []string{"trkpt[2]", "time_not_increasing"}},
	}
	for i, c := range cases {
		cases[i].text = gpxDoc(c.text)
	}
	cases = append(cases,
		refusal{"other root", `<gpx xmlns="urn:x"/>`, []string{`"urn:x"`, "GPX/1/1"}},
		refusal{"truncated", gpxDoc(`<trk><trkseg>`)[:105], []string{"end of the file"}},
	)
	checkRefusals(t, "f.gpx", cases)
}

func TestGPXTracks(t *testing.T) {
	e := read(t, "f.gpx", gpxDoc(`<metadata><name>x</name></metadata><wpt lat="1" lon="2"/>
		<trk><name>out</name><trkseg>`+trkpt("47", "8", "<ele>450.5</ele>"+at10+"<sat>7</sat>")+trkpt("47", "8.1", "<ele>500</ele>"+at11)+`</trkseg>
		<trkseg/></trk>`), ResolveOptions{})
	w := e[0].Trajectories[0].Waypoints()
	first := geodesy.LatLng{LatE9: 47e9, LngE9: 8e9}
	if len(e) != 1 || e[0].ID != "f.gpx#out" || len(w) != 2 || w[0].At != first || w[0].AltMM != 450_500+geoidMM(first) {
		t.Errorf("%s: %v", e[0].ID, w)
	}
	if lasts := w[1].TimeNS - w[0].TimeNS; lasts != int64(time.Hour)+5e8 {
		t.Errorf("lasts %d ns", lasts)
	}
	if all := strings.Join(e[0].Suppositions, "\n"); !strings.Contains(all, supposeGPX) || !strings.Contains(all, "EGM96") {
		t.Errorf("suppositions %q", all)
	}
}

func TestGPXNotesAndSpeed(t *testing.T) {
	text := gpxDoc(`<wpt lat="1" lon="2"/><wpt lat="1" lon="2"/><extensions/><rte><desc>Mind the mast</desc>
		<rtept lat="47" lon="8"><ele>5</ele><hdop>1</hdop></rtept><rtept lat="47" lon="8"><ele>5</ele></rtept><rtept lat="47" lon="8.1"><ele>5</ele></rtept></rte>`)
	f, err := Read("f.gpx", []byte(text), Options{SpeedMPS: 10})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(append(f.Notes, f.Items[0].Notes...), "\n")
	for _, want := range []string{"2 waypoints (wpt)", "gpx/extensions", "<hdop>", "Mind the mast"} {
		if !strings.Contains(all, want) {
			t.Errorf("notes do not say %q:\n%s", want, all)
		}
	}
	points := f.Items[0].Routes[0].Points
	d, _, _ := geodesy.Inverse(points[0].At, points[len(points)-1].At)
	if len(points) != 2 || points[1].Offset-time.Duration(d/10*1e9) > 1 || points[1].Offset-time.Duration(d/10*1e9) < -1 {
		t.Errorf("points %v for %v m", points, d)
	}
	twice := strings.Replace(text, "<rte>", "<trk><trkseg>", 1)
	twice = strings.Replace(strings.ReplaceAll(twice, "rtept", "trkpt"), "</rte>", "</trkseg><trkseg>"+trkpt("1", "1", "<ele>5</ele>")+"</trkseg></trk>", 1)
	if _, err := Read("f.gpx", []byte(twice), Options{SpeedMPS: 10}); err == nil || !strings.Contains(err.Error(), "second segment without times") {
		t.Errorf("two segments without times: %v", err)
	}
}
