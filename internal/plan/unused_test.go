package plan

import (
	"slices"
	"strings"
	"testing"
)

// What a file says and nobody uses can be told from what merely describes.
func TestUnusedIsToldFromDescriptions(t *testing.T) {
	line := "<LineString><altitudeMode>absolute</altitudeMode>" + kmlPath + "</LineString>"
	for _, c := range []struct {
		name, text   string
		unused, told []string // begin of notes
	}{
		{
			"f.geojson", `{"type":"FeatureCollection","generator":"x","features":[{"type":"Feature","properties":{},"geometry":null},
			{"type":"Feature","title":"y","properties":{"stroke":"red",` + someBand + `},"geometry":{"type":"Polygon","coordinates":[[[0,0,9],[3,0,9],[3,3,9],[0,0,9]]]}}]}`,
			[]string{"generator is", "features[0] has no geometry", "features[1].title", "features[1].properties.stroke", "features[1].geometry.coordinates:"},
			nil,
		},
		{
			"f.kml", kmlDoc(placemark("<Point><coordinates>8,47</coordinates></Point>") + "<gx:Tour/><Wobble/>" +
				placemark(kmlSpan+fields("colour", "red")+"<description>Nothing is not used here</description><MultiGeometry><Point/>"+line+"</MultiGeometry>")),
			[]string{"kml/Document/Placemark", "kml/Document/Tour", "kml/Document/Wobble", "points of the placemark", `the field "colour"`},
			[]string{"description: Nothing is not used here"},
		},
		{
			"f.gpx", gpxDoc(`<wpt lat="1" lon="2"/><trk><desc>fast</desc><trkseg>` + trkpt("47", "8", "<ele>5</ele><sat>7</sat>"+at10) + trkpt("47", "8.1", "<ele>5</ele>"+at11) + `</trkseg></trk>`),
			[]string{"<sat> of points", "1 waypoints"},
			[]string{"desc: fast"},
		},
		{
			"f.json", strings.Replace(wireIntent(wireVolume()), `"priority"`, `"colour":1,"priority"`, 1),
			[]string{"details.colour is not used"},
			[]string{"priority 50", "state Accepted"},
		},
		{
			"f.plan", planText(takeoffItem+","+waypointItem, `, "weather": 1`, `, "rallyPoints": {"version": 2, "points": [[0, 10, 5]]}, "extra": 2`),
			[]string{"mission.weather", "rally point", "extra is not used"},
			[]string{"written by QGroundControl"},
		},
		{"f.txt", "AC R\nAN Z\nAF 123.4\nAL GND\nAH FL95\nV X=47:00:00 N 008:00:00 E\nDC 2\n", nil, []string{"class: R", "frequency: 123.4"}},
	} {
		f, err := Read(c.name, []byte(c.text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		notes, unused := f.Notes, f.Unused
		for _, item := range f.Items {
			notes, unused = append(notes, item.Notes...), append(unused, item.Unused...)
		}
		if len(unused) != len(c.unused) || len(notes) != len(c.unused)+len(c.told) {
			t.Errorf("%s: unused %q of notes %q, want %q and %q", c.name, unused, notes, c.unused, c.told)
		}
		begins := func(list []string, with string) bool {
			return slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(s, with) })
		}
		for _, want := range c.unused {
			if !begins(unused, want) || !begins(notes, want) {
				t.Errorf("%s: %q is not among the unused %q and the notes %q", c.name, want, unused, notes)
			}
		}
		for _, want := range c.told {
			if begins(unused, want) || !begins(notes, want) {
				t.Errorf("%s: %q is among the unused %q, or not among the notes %q", c.name, want, unused, notes)
			}
		}
	}
}
