package plan

import (
	"strings"
	"testing"
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
	{name: "track", text: kmlDoc(placemark(tracks))},
	{name: "track of ours", text: kmlDoc(placemark(fields("altitudes_from", altitudesFromW84) + tracks)), looseMM: 0},
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
