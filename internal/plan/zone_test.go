package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
	"pgregory.net/rapid"
)

// zonesOf decodes a file of constraints.
func zonesOf(t *testing.T, format Format, name string, data []byte) *File {
	t.Helper()
	f, err := ReadAs(format, name, data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range f.Items {
		if item.Kind != volume.Constraint {
			t.Errorf("%s: kind %v, want constraint", item.Place, item.Kind)
		}
	}
	return f
}

func latLng(t testing.TB, lat, lng float64) geodesy.LatLng {
	t.Helper()
	p, err := geodesy.NewLatLng(lat, lng)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	unbounded = Limit{Unbounded: true}
	onGround  = Limit{Altitude: geodesy.Altitude{Ref: geodesy.AGL}}
)

func TestED269Sample(t *testing.T) {
	f := zonesOf(t, ED269, "z.json", sample(t, "zones/cis_source_sample_ed269.json"))
	if len(f.Items) != 1 {
		t.Fatalf("%d zones, want 1", len(f.Items))
	}
	z := f.Items[0]
	if z.ID != "LSXX" || z.Name != "LSXX City Sample" || z.Party != "LSXX City Sample" || z.Type != callFirst {
		t.Errorf("zone %q %q %q %q", z.ID, z.Name, z.Party, z.Type)
	}
	if len(z.Volumes) != 1 {
		t.Fatalf("%d volumes, want 1", len(z.Volumes))
	}
	v := z.Volumes[0]
	want := []geodesy.LatLng{
		latLng(t, 46.217024450605436, 6.166485701899006), latLng(t, 46.212280093834295, 6.167929158182119),
		latLng(t, 46.214777174806045, 6.170816070746923), latLng(t, 46.21802321032931, 6.170695782723101),
	}
	if v.Footprint.Shape() != volume.Polygon || !slices.Equal(v.Footprint.Vertices(), want) {
		t.Errorf("footprint %v %v, want %v", v.Footprint.Shape(), v.Footprint.Vertices(), want)
	}
	if v.Lower != onGround || v.Upper != unbounded || !v.Schedule.Always {
		t.Errorf("limits %v, %v, schedule %v; want the ground, none and always", v.Lower, v.Upper, v.Schedule)
	}
	wantWords(t, "notes", z.Notes, "message: MSG01", "restrictionConditions: RST02", "reason: AIR_TRAFFIC", "country: CHE",
		"authority: name LSXX City Sample", "phone 0041221234567")
	if len(z.Suppositions) != 0 {
		t.Errorf("suppositions %q, want none", z.Suppositions)
	}
	wantWords(t, "notes of the file", f.Notes, "createdAt: 2022-11-30T14:50:33Z", "formatVersion: 1.0.0")
}

func TestED318Sample(t *testing.T) {
	f := zonesOf(t, ED318, "z.json", sample(t, "zones/cis_source_sample_ed318.json"))
	if len(f.Items) != 3 {
		t.Fatalf("%d zones, want 3", len(f.Items))
	}
	for i, want := range []struct {
		id, name, party string
		vertices        int
		first           geodesy.LatLng
		lower           Limit
	}{
		{"LSZB003", "LSZB Bern-Belp 2", "Skyguide", 27, latLng(t, 46.9402526, 7.4355068), Limit{Altitude: geodesy.Altitude{MM: 60_000, Ref: geodesy.AGL}}},
		{"BLns058", "Protected natural object Langmatt", "Ebenrain Centre for Agriculture, Nature and Food", 17, latLng(t, 47.4931128, 7.5380771), onGround},
		{"LSTB002", "LSTB Bellechasse (Airport perimeter)", "Segelfluggruppe Freiburg", 8, latLng(t, 46.9783049, 7.1289534), onGround},
	} {
		z := f.Items[i]
		if z.ID != want.id || z.Name != want.name || z.Party != want.party || z.Type != callFirst {
			t.Errorf("zone %q %q %q %q, want %q %q %q", z.ID, z.Name, z.Party, z.Type, want.id, want.name, want.party)
		}
		v := z.Volumes[0]
		if ring := v.Footprint.Vertices(); len(ring) != want.vertices || ring[0] != want.first {
			t.Errorf("%s: %d vertices from %v, want %d from %v", z.ID, len(ring), ring[0], want.vertices, want.first)
		}
		if v.Lower != want.lower || v.Upper != unbounded || !v.Schedule.Always {
			t.Errorf("%s: limits %v, %v, schedule %v", z.ID, v.Lower, v.Upper, v.Schedule)
		}
		wantWords(t, "suppositions", z.Suppositions, "99999")
		wantWords(t, "notes", z.Notes, "country: CHE", "restrictionConditions: The operation", "addInfo Exemption permits")
	}
	wantWords(t, "notes of the file", f.Notes, "metadata.otherGeoid: CHGeo2004", "metadata.provider: FOCA", "metadata.validFrom")
}

func TestOpenAirSample(t *testing.T) {
	f := zonesOf(t, OpenAir, "a.txt", sample(t, "zones/openair_v2_commands.txt"))
	if len(f.Items) != 8 {
		t.Fatalf("%d airspaces, want 8", len(f.Items))
	}
	ring := []geodesy.LatLng{
		latLng(t, 54+25.0/60, 10+40.0/60), latLng(t, 54+25.0/60, 10+50.0/60), latLng(t, 54+26.0/60, 10+53.0/60),
	}
	ceiling := Limit{Altitude: geodesy.Altitude{MM: 12_192_000, Ref: geodesy.AMSL}} // 40,000 ft
	for i, z := range f.Items {
		if z.Name != "TMA Todendorf-Putlos" || z.ID != "" || z.Type != entryWithContact || len(z.Volumes) != 1 {
			t.Errorf("%s: %q %q %q", z.Place, z.Name, z.ID, z.Type)
		}
		v := z.Volumes[0]
		if !slices.Equal(v.Footprint.Vertices(), ring) || v.Lower != onGround || v.Upper != ceiling {
			t.Errorf("%s: %v, %v to %v", z.Place, v.Footprint.Vertices(), v.Lower, v.Upper)
		}
		wantWords(t, "notes", z.Notes, "class: D", "type: TMA")
		if always := i != 6; v.Schedule.Always != always {
			t.Errorf("%s: always %v, want %v", z.Place, v.Schedule.Always, always)
		}
	}
	at := func(s string) int64 {
		tm, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return tm.UnixNano()
	}
	want := []volume.Window{
		{StartNS: at("2025-01-01T12:00:00Z"), EndNS: at("2025-01-01T13:00:00Z")},
		{StartNS: at("2025-01-01T14:00:00Z"), EndNS: at("2025-01-01T15:00:00Z")},
		{StartNS: volume.AlwaysNS, EndNS: at("2025-02-02T12:00:00Z")},
		{StartNS: at("2025-03-03T11:00:00Z"), EndNS: volume.ForeverNS},
	}
	if got := f.Items[6].Volumes[0].Schedule.Windows; !slices.Equal(got, want) {
		t.Errorf("activation %v, want %v", got, want)
	}
	wantWords(t, "notes", f.Items[6].Notes, "frequency: 123.505", "station: Ground Station Name", "transponder code: 7000")
	if f.Items[6].Place != "line 82" {
		t.Errorf("place %q, want the line of AC", f.Items[6].Place)
	}
}

func ed269Text(change ...string) string {
	s := `{"UASZoneList": [{"identifier": "Z1", "country": "XXX", "restriction": "PROHIBITED", "reason": [],
		"applicability": [{"permanent": "YES"}],
		"geometry": [{"uomDimensions": "FT", "lowerLimit": 100, "lowerVerticalReference": "AMSL",
			"upperLimit": "1000", "upperVerticalReference": "AGL",
			"horizontalProjection": {"type": "Circle", "center": [10, 50], "radius": 1000}}]}]}`
	return replaced(s, change)
}

func replaced(s string, change []string) string {
	for i := 0; i+1 < len(change); i += 2 {
		if !strings.Contains(s, change[i]) {
			panic("no " + change[i])
		}
		s = strings.Replace(s, change[i], change[i+1], 1)
	}
	return s
}

func TestED269Geometry(t *testing.T) {
	v := zonesOf(t, ED269, "z", []byte(ed269Text())).Items[0].Volumes[0]
	if v.Footprint.Shape() != volume.Circle || v.Footprint.RadiusMM() != 304_800 || v.Footprint.Vertices()[0] != latLng(t, 50, 10) {
		t.Errorf("circle %v of %d mm at %v", v.Footprint.Shape(), v.Footprint.RadiusMM(), v.Footprint.Vertices())
	}
	if v.Lower != (Limit{Altitude: geodesy.Altitude{MM: 30_480, Ref: geodesy.AMSL}}) || v.Upper != (Limit{Altitude: geodesy.Altitude{MM: 304_800, Ref: geodesy.AGL}}) {
		t.Errorf("limits %v, %v", v.Lower, v.Upper)
	}
	f := zonesOf(t, ED269, "z", []byte(ed269Text(`"type": "Circle", "center": [10, 50], "radius": 1000`,
		`"type": "Polygon", "center": null, "radius": null, "coordinates": [[[10, 50], [11, 50], [11, 51], [10, 50]], [[10.5, 50.1], [10.6, 50.1], [10.6, 50.1], [10.6, 50.2], [10.5, 50.1]]]`)))
	z := f.Items[0]
	if len(z.Volumes) != 2 || len(z.Volumes[1].Footprint.Vertices()) != 3 {
		t.Errorf("%d volumes, want one a ring", len(z.Volumes))
	}
	wantWords(t, "suppositions", z.Suppositions, "none as a hole")
	wantWords(t, "notes", z.Notes, "repeat the one before")
	for restriction, want := range map[string]string{
		"PROHIBITED": noEntry, "REQ_AUTHORISATION": callFirst, "CONDITIONAL": entryWithContact, "NO_RESTRICTION": advisory,
	} {
		if got := zonesOf(t, ED269, "z", []byte(ed269Text("PROHIBITED", restriction))).Items[0].Type; got != want {
			t.Errorf("%s is %q, want %q", restriction, got, want)
		}
	}
	// The other shapes of a document: a features list, and a zone alone.
	for _, text := range []string{ed269Text("UASZoneList", "features"), strings.TrimSuffix(strings.TrimPrefix(ed269Text(), `{"UASZoneList": [`), "]}")} {
		if f := zonesOf(t, ED269, "z", []byte(text)); len(f.Items) != 1 || f.Items[0].ID != "Z1" {
			t.Errorf("items %v", f.Items)
		}
	}
}

func TestED269Empty(t *testing.T) {
	f := zonesOf(t, ED269, "z", []byte(`{"UASZoneList": []}`))
	if len(f.Items) != 0 {
		t.Errorf("items %v", f.Items)
	}
	wantWords(t, "notes", f.Notes, "empty")
}

func TestED269Schedule(t *testing.T) {
	const from, to = 1_640_995_200, 1_643_673_600 // 2022-01-01 and 2022-02-01, 00:00 UTC
	window := volume.Window{StartNS: from * 1e9, EndNS: to * 1e9}
	dates := `"startDateTime": "2022-01-01T01:00:00+01:00", "endDateTime": "2022-02-01T00:00:00.00Z"`
	open := volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	h := time.Hour
	for _, c := range []struct {
		name, text string
		want       Schedule
		suppose    string
	}{
		{"permanent", `{"permanent": "YES"}`, Schedule{Always: true}, ""},
		{"permanent with a blank form", `{"permanent": "YES", "startDateTime": null, "dailyPeriod": [{"day": [], "startTime": null, "endTime": null}]}`, Schedule{Always: true}, ""},
		{"permanent with dates", `{"permanent": "YES", ` + dates + `}`, Schedule{Always: true}, "marked permanent"},
		{"dates", `{"permanent": "NO", ` + dates + `}`, Schedule{Windows: []volume.Window{window}}, ""},
		{"open start", `{"endDateTime": "2022-02-01T00:00:00Z"}`, Schedule{Windows: []volume.Window{{StartNS: volume.AlwaysNS, EndNS: window.EndNS}}}, ""},
		{"far end", `{"startDateTime": "2022-01-01T00:00:00Z", "endDateTime": "9999-12-31T23:59:59Z"}`, Schedule{Windows: []volume.Window{{StartNS: window.StartNS, EndNS: volume.ForeverNS}}}, ""},
		{"nothing", `{"permanent": "NO"}`, Schedule{Always: true}, "without times"},
		{
			"days", `{"permanent": "NO", ` + dates + `, "dailyPeriod": [{"day": ["MON", "FRI"], "startTime": "18:00Z", "endTime": "22:30:00.00Z"}]}`,
			Schedule{Recurring: []Recurrence{{Outer: window, Days: []time.Weekday{time.Monday, time.Friday}, From: 18 * h, To: 22*h + 30*time.Minute}}},
			"",
		},
		{
			"schedule for dailyPeriod", `{"schedule": [{"day": ["ANY"], "startTime": "18:00Z", "endTime": "22:00Z"}]}`,
			Schedule{Recurring: []Recurrence{{Outer: open, From: 18 * h, To: 22 * h}}},
			"",
		},
		{
			"past midnight", `{"dailyPeriod": [{"day": ["SUN"], "startTime": "22:00Z", "endTime": "02:00Z"}]}`,
			Schedule{Recurring: []Recurrence{{Outer: open, Days: []time.Weekday{time.Sunday}, From: 22 * h, To: 2 * h}}},
			"",
		},
		{
			"local clock, the day before in UTC", `{"dailyPeriod": [{"day": ["MON"], "startTime": "00:30+02:00", "endTime": "08:00+02:00"}]}`,
			Schedule{Recurring: []Recurrence{{Outer: open, Days: []time.Weekday{time.Sunday}, From: 22*h + 30*time.Minute, To: 6 * h}}},
			"",
		},
		{
			"local clock, the day after in UTC", `{"dailyPeriod": [{"day": ["SAT"], "startTime": "20:00-05:00", "endTime": "23:00-05:00"}]}`,
			Schedule{Recurring: []Recurrence{{Outer: open, Days: []time.Weekday{time.Sunday}, From: 1 * h, To: 4 * h}}},
			"",
		},
		{
			"last minute", `{"dailyPeriod": [{"day": ["SAT"], "startTime": "20:00Z", "endTime": "23:59Z"}]}`,
			Schedule{Recurring: []Recurrence{{Outer: open, Days: []time.Weekday{time.Saturday}, From: 20 * h, To: 24 * h}}},
			"last minute",
		},
		{
			"whole days", `{"dailyPeriod": [{"day": ["SAT", "SUN"]}]}`,
			Schedule{Recurring: []Recurrence{{Outer: open, Days: []time.Weekday{time.Saturday, time.Sunday}, From: 0, To: 24 * h}}},
			"",
		},
		{
			"from a time on", `{"dailyPeriod": [{"day": ["SAT"], "startTime": "12:00Z"}]}`,
			Schedule{Recurring: []Recurrence{{Outer: open, Days: []time.Weekday{time.Saturday}, From: 12 * h, To: 24 * h}}},
			"",
		},
		{
			"daylight", `{"dailyPeriod": [{"day": ["SAT"], "startEvent": "SR", "endEvent": "SS"}]}`,
			Schedule{Recurring: []Recurrence{{Outer: open, Days: []time.Weekday{time.Sunday, time.Friday, time.Saturday}, From: 0, To: 0}}},
			"daylight is not computed",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := zonesOf(t, ED269, "z", []byte(ed269Text(`{"permanent": "YES"}`, c.text))).Items[0]
			got := z.Volumes[0].Schedule
			if c.want.Always != got.Always || !slices.Equal(c.want.Windows, got.Windows) || !slices.EqualFunc(c.want.Recurring, got.Recurring, sameRecurrence) {
				t.Errorf("schedule %+v, want %+v", got, c.want)
			}
			if c.suppose != "" {
				wantWords(t, "suppositions", z.Suppositions, c.suppose)
			} else if len(z.Suppositions) != 0 {
				t.Errorf("suppositions %q, want none", z.Suppositions)
			}
		})
	}
}

func sameRecurrence(a, b Recurrence) bool {
	return a.Outer == b.Outer && slices.Equal(a.Days, b.Days) && a.From%day == b.From%day && a.To%day == b.To%day
}

// TestRecurrenceMeansTheLocalClock compares a recurrence, which counts in UTC,
// with what a clock and calendar on the spot say.
func TestRecurrenceMeansTheLocalClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minutes := func(what string, lo, hi int) time.Duration {
			return time.Duration(rapid.IntRange(lo, hi).Draw(t, what)) * 15 * time.Minute
		}
		offset := minutes("offset", -48, 56)
		from := dayTime{local: minutes("from", 0, 95), offset: offset}
		to := dayTime{local: minutes("to", 0, 96), offset: offset}
		weekday := time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday"))
		rec := recurrence(volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}, []time.Weekday{weekday}, from, to)

		at := time.Date(2026, 3, 1, 0, 7, 0, 0, time.UTC).Add(minutes("at", 0, 4*24*14))
		length := to.local - from.local
		if length <= 0 {
			length += day
		}
		local := at.Add(offset) // as the local clock shows it
		want := false
		for back := range 2 {
			begin := local.Truncate(day).AddDate(0, 0, -back).Add(from.local)
			want = want || begin.Weekday() == weekday && !local.Before(begin) && local.Before(begin.Add(length))
		}
		got := false
		for back := range 2 {
			midnight := at.Truncate(day).AddDate(0, 0, -back)
			end := rec.To
			if end <= rec.From {
				end += day
			}
			got = got || slices.Contains(rec.Days, midnight.Weekday()) && !at.Before(midnight.Add(rec.From)) && at.Before(midnight.Add(end))
		}
		if got != want {
			t.Fatalf("at %v, local %v: in force %v, want %v (%+v)", at, local, got, want, rec)
		}
	})
}

func TestED269Refuses(t *testing.T) {
	circle := `{"type": "Circle", "center": [10, 50], "radius": 1000}`
	period := func(p string) []string { return []string{`{"permanent": "YES"}`, `{"dailyPeriod": [` + p + `]}`} }
	for _, c := range []struct {
		name  string
		edit  []string
		words []string
	}{
		{"no list", []string{"UASZoneList", "zones"}, []string{"UASZoneList", "nothing"}},
		{"no zones", []string{`"UASZoneList": [`, `"features": [], "zones": [`}, []string{"features", "at least one zone"}},
		{"no identifier", []string{`"identifier": "Z1", `, ``}, []string{"UASZoneList[0].identifier"}},
		{"blank identifier", []string{`"Z1"`, `" "`}, []string{"UASZoneList[0].identifier"}},
		{"restriction", []string{"PROHIBITED", "FORBIDDEN"}, []string{"UASZoneList[0].restriction", `"FORBIDDEN"`, "PROHIBITED"}},
		{"no geometry", []string{`"geometry": [`, `"geometry": [], "geo": [`}, []string{"UASZoneList[0].geometry", "at least one"}},
		{"unit", []string{`"FT"`, `"KM"`}, []string{"geometry[0].uomDimensions", `"KM"`, "M, FT"}},
		{"reference", []string{`"AMSL"`, `"MSL"`}, []string{"geometry[0].lowerVerticalReference", `"MSL"`, "AGL, AMSL"}},
		{"no reference", []string{`, "lowerVerticalReference": "AMSL"`, ``}, []string{"geometry[0].lowerLimit", "vertical reference"}},
		{"limit as words", []string{`"1000"`, `"high"`}, []string{"geometry[0].upperLimit", `"high"`, "a number"}},
		{"limit NaN", []string{`"1000"`, `"NaN"`}, []string{"geometry[0].upperLimit", "NaN"}},
		{"limit in space", []string{`: 100,`, `: 1e8,`}, []string{"geometry[0].lowerLimit", "1e8"}},
		{"no projection", []string{`,
			"horizontalProjection": ` + circle, ``}, []string{"geometry[0].horizontalProjection", "nothing"}},
		{"unknown field of a geometry", []string{`"uomDimensions"`, `"buffer": 5, "uomDimensions"`}, []string{"geometry[0].buffer"}},
		{"shape", []string{`"Circle"`, `"Ellipse"`}, []string{"horizontalProjection.type", `"Ellipse"`}},
		{"radius 0", []string{`"radius": 1000`, `"radius": 0`}, []string{"horizontalProjection.radius", "above 0"}},
		{"radius 1e999", []string{`"radius": 1000`, `"radius": 1e999`}, []string{"horizontalProjection.radius", "1e999"}},
		{"centre swapped", []string{`[10, 50]`, `[50, 100]`}, []string{"horizontalProjection.center", "100"}},
		{"longitude 181", []string{`[10, 50]`, `[181, 50]`}, []string{"horizontalProjection.center", "181"}},
		{"circle with coordinates", []string{`"radius": 1000`, `"radius": 1000, "coordinates": []`}, []string{"horizontalProjection.coordinates"}},
		{"open ring", []string{circle, `{"type": "Polygon", "coordinates": [[[10, 50], [11, 50], [11, 51], [10, 51]]]}`}, []string{"coordinates[0][3]", "end where it begins"}},
		{"short ring", []string{circle, `{"type": "Polygon", "coordinates": [[[10, 50], [11, 50], [10, 50]]]}`}, []string{"coordinates[0]", "at least 4"}},
		{"ring crossing itself", []string{circle, `{"type": "Polygon", "coordinates": [[[10, 50], [11, 51], [11, 50], [10, 51], [10, 50]]]}`}, []string{"coordinates[0]", "self_crossing"}},
		{"permanent", []string{`"YES"`, `"MAYBE"`}, []string{"applicability[0].permanent", `"MAYBE"`}},
		{"end before start", []string{`"permanent": "YES"`, `"startDateTime": "2022-01-02T00:00:00Z", "endDateTime": "2022-01-01T00:00:00Z"`}, []string{"applicability[0].endDateTime", "after the start"}},
		{"time without offset", []string{`"permanent": "YES"`, `"startDateTime": "2022-01-02T00:00:00"`}, []string{"applicability[0].startDateTime", "RFC 3339"}},
		{"start in a far future", []string{`"permanent": "YES"`, `"startDateTime": "2999-01-02T00:00:00Z"`}, []string{"applicability[0]", "a start before"}},
		{"unknown field of a period", []string{`"permanent": "YES"`, `"permanent": "NO", "season": "SUMMER"`}, []string{"applicability[0].season"}},
		{"weekday", period(`{"day": ["Monday"]}`), []string{"dailyPeriod[0].day[0]", `"Monday"`}},
		{"local time", period(`{"day": ["MON"], "startTime": "18:00", "endTime": "19:00"}`), []string{"dailyPeriod[0].startTime", `"18:00"`, "offset"}},
		{"hour 25", period(`{"day": ["MON"], "startTime": "25:00Z", "endTime": "19:00Z"}`), []string{"dailyPeriod[0].startTime"}},
		{"after 24:00", period(`{"day": ["MON"], "startTime": "18:00Z", "endTime": "24:01Z"}`), []string{"dailyPeriod[0].endTime"}},
		{"time and event", period(`{"day": ["MON"], "startTime": "18:00Z", "startEvent": "SR"}`), []string{"dailyPeriod[0].startEvent"}},
		{"event", period(`{"day": ["MON"], "startEvent": "NOON"}`), []string{"dailyPeriod[0].startEvent", `"NOON"`}},
		{"unknown field of a daily period", period(`{"day": ["MON"], "except": "HOL"}`), []string{"dailyPeriod[0].except"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadAs(ED269, "z.json", []byte(ed269Text(c.edit...)), Options{})
			wantError(t, err, append(c.words, "z.json")...)
		})
	}
}

func ed318Text(change ...string) string {
	s := `{"type": "FeatureCollection", "metadata": {"issued": "2026-01-01T00:00:00Z"}, "features": [{"type": "Feature", "id": 7,
		"properties": {"identifier": "Z1", "country": "XXX", "type": "PROHIBITED", "variant": "COMMON",
			"zoneAuthority": [{"purpose": "AUTHORIZATION", "name": [{"text": "Amt", "lang": "de-CH"}, {"text": "Office", "lang": "en-GB"}]}]},
		"geometry": {"type": "Point", "coordinates": [10, 50], "extent": {"subType": "Circle", "radius": 250.5},
			"layer": {"upper": 400, "upperReference": "WGS84", "lower": 100, "lowerReference": "AMSL", "uom": "ft"}}}]}`
	return replaced(s, change)
}

const (
	ed318Geometry = `{"type": "Point", "coordinates": [10, 50], "extent": {"subType": "Circle", "radius": 250.5},
			"layer": {"upper": 400, "upperReference": "WGS84", "lower": 100, "lowerReference": "AMSL", "uom": "ft"}}`
	triangle = `[[[10, 50], [11, 50], [11, 51], [10, 50]]]`
)

func TestED318Geometry(t *testing.T) {
	z := zonesOf(t, ED318, "z", []byte(ed318Text())).Items[0]
	v := z.Volumes[0]
	if v.Footprint.Shape() != volume.Circle || v.Footprint.RadiusMM() != 250_500 || v.Footprint.Vertices()[0] != latLng(t, 50, 10) {
		t.Errorf("circle %v of %d mm at %v", v.Footprint.Shape(), v.Footprint.RadiusMM(), v.Footprint.Vertices())
	}
	if v.Lower != (Limit{Altitude: geodesy.Altitude{MM: 30_480, Ref: geodesy.AMSL}}) || v.Upper != (Limit{Altitude: geodesy.Altitude{MM: 121_920, Ref: geodesy.W84}}) {
		t.Errorf("limits %v, %v", v.Lower, v.Upper)
	}
	if z.Party != "Office" || z.Type != noEntry || !v.Schedule.Always {
		t.Errorf("party %q, type %q, schedule %v", z.Party, z.Type, v.Schedule)
	}
	layer := `"layer": {"upper": 50, "upperReference": "AGL", "lower": 10, "lowerReference": "AGL", "uom": "m"}`
	z = zonesOf(t, ED318, "z", []byte(ed318Text(ed318Geometry, `{"type": "GeometryCollection", "geometries": [
		{"type": "Polygon", "coordinates": `+triangle+`, `+layer+`},
		{"type": "MultiPolygon", "coordinates": [`+triangle+`, `+triangle+`]}]}`))).Items[0]
	if len(z.Volumes) != 3 || z.Volumes[0].Upper.Altitude.MM != 50_000 || z.Volumes[0].Lower.Altitude.MM != 10_000 || z.Volumes[2].Upper != unbounded {
		t.Errorf("volumes %+v", z.Volumes)
	}
	if z.Volumes[2].Place != "features[0].geometry.geometries[1]" {
		t.Errorf("place %q", z.Volumes[2].Place)
	}
	wantWords(t, "suppositions", z.Suppositions, "without a layer")
	z = zonesOf(t, ED318, "z", []byte(ed318Text(ed318Geometry, `{"type": "Polygon", "coordinates": [
		[[10, 50, 5], [11, 50], [11, 51], [10, 50, 5]], [[10.5, 50.1], [10.6, 50.1], [10.6, 50.2], [10.5, 50.1]]], `+layer+`}`))).Items[0]
	if len(z.Volumes) != 1 {
		t.Errorf("%d volumes, want the outer ring alone", len(z.Volumes))
	}
	wantWords(t, "suppositions", z.Suppositions, "holes")
	wantWords(t, "notes", z.Notes, "altitudes within coordinates")
	for kind, want := range map[string]string{
		"PROHIBITED": noEntry, "REQ_AUTHORIZATION": callFirst, "USPACE": callFirst, "CONDITIONAL": entryWithContact, "NO_RESTRICTION": advisory,
	} {
		if got := zonesOf(t, ED318, "z", []byte(ed318Text("PROHIBITED", kind))).Items[0].Type; got != want {
			t.Errorf("%s is %q, want %q", kind, got, want)
		}
	}
}

func TestED318Schedule(t *testing.T) {
	z := zonesOf(t, ED318, "z", []byte(ed318Text(`"variant": "COMMON"`, `"variant": "COMMON", "limitedApplicability": [
		{"startDateTime": "2022-01-01T00:00:00Z", "endDateTime": "2022-02-01T00:00:00Z", "schedule": [
			{"day": ["ANY"], "startTime": "16:00:00Z", "endTime": "17:00:00Z"}, {"day": ["SUN"], "startEvent": "BMCT", "endTime": "12:00:00Z"}]},
		{"startDateTime": "2023-01-01T00:00:00Z", "endDateTime": "2023-01-02T00:00:00Z"}]`))).Items[0]
	outer := volume.Window{StartNS: 1_640_995_200e9, EndNS: 1_643_673_600e9}
	want := Schedule{
		Windows: []volume.Window{{StartNS: 1_672_531_200e9, EndNS: 1_672_617_600e9}},
		Recurring: []Recurrence{
			{Outer: outer, From: 16 * time.Hour, To: 17 * time.Hour},
			{Outer: outer, Days: []time.Weekday{time.Sunday, time.Monday, time.Saturday}},
		},
	}
	got := z.Volumes[0].Schedule
	if got.Always || !slices.Equal(got.Windows, want.Windows) || !slices.EqualFunc(got.Recurring, want.Recurring, sameRecurrence) {
		t.Errorf("schedule %+v, want %+v", got, want)
	}
	wantWords(t, "suppositions", z.Suppositions, "sunrise, sunset or twilight")
}

func TestED318Refuses(t *testing.T) {
	applicability := func(s string) []string {
		return []string{`"variant": "COMMON"`, `"variant": "COMMON", "limitedApplicability": [` + s + `]`}
	}
	for _, c := range []struct {
		name  string
		edit  []string
		words []string
	}{
		{"type", []string{"FeatureCollection", "Topology"}, []string{"type", `"Topology"`}},
		{"no features", []string{`"features"`, `"zones"`}, []string{"features", "nothing"}},
		{"no properties", []string{`"properties"`, `"props"`}, []string{"features[0].properties"}},
		{"spelling of ED-269", []string{"PROHIBITED", "REQ_AUTHORISATION"}, []string{"features[0].properties.type", "REQ_AUTHORIZATION"}},
		{"point alone", []string{`"extent": {"subType": "Circle", "radius": 250.5},`, ``}, []string{"features[0].geometry.extent"}},
		{"line", []string{`"type": "Point"`, `"type": "LineString"`}, []string{"features[0].geometry.type", `"LineString"`}},
		{"extent", []string{`"subType": "Circle"`, `"subType": "Arc"`}, []string{"geometry.extent.subType", `"Arc"`}},
		{"radius", []string{`250.5`, `-1`}, []string{"geometry.extent.radius", "-1"}},
		{"unit", []string{`"uom": "ft"`, `"uom": "FL"`}, []string{"geometry.layer.uom", `"FL"`}},
		{"reference", []string{`"WGS84"`, `"QNH"`}, []string{"geometry.layer.upperReference", `"QNH"`}},
		{"other geoid", []string{`"issued"`, `"otherGeoid": "CHGeo2004", "issued"`}, []string{"geometry.layer.lower", "CHGeo2004", "EGM96"}},
		{"unknown field of a layer", []string{`"uom": "ft"`, `"uom": "ft", "slope": 3`}, []string{"geometry.layer.slope"}},
		{"unknown field of a geometry", []string{`"extent"`, `"rotation": 3, "extent"`}, []string{"geometry.rotation"}},
		{"nested collection", []string{ed318Geometry, `{"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection", "geometries": []}]}`}, []string{"geometries[0].type"}},
		{"empty collection", []string{ed318Geometry, `{"type": "GeometryCollection", "geometries": []}`}, []string{"features[0].geometry", "at least one"}},
		{"null geometry", []string{ed318Geometry, `null`}, []string{"features[0].geometry", "null", "an object"}},
		{"unknown field of a period", applicability(`{"endDateTime": "2022-01-01T00:00:00Z", "tide": "low"}`), []string{"limitedApplicability[0].tide"}},
		{"date", applicability(`{"endDateTime": "01.01.2022"}`), []string{"limitedApplicability[0].endDateTime", "RFC 3339"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadAs(ED318, "z.json", []byte(ed318Text(c.edit...)), Options{})
			wantError(t, err, append(c.words, "z.json")...)
		})
	}
}

func FuzzED269(f *testing.F) {
	fuzzJSON(f, [][]byte{
		sample(f, "zones/cis_source_sample_ed269.json"), []byte(ed269Text()),
		[]byte(ed269Text(`{"permanent": "YES"}`, `{"startDateTime": "2026-01-01T00:00:00Z", "dailyPeriod": [{"day": ["MON"], "startTime": "22:00+02:00", "endEvent": "SR"}]}`)),
	}, func(t *testing.T, data []byte) { fuzzZones(t, ED269, data) })
}

func FuzzED318(f *testing.F) {
	fuzzJSON(f, [][]byte{
		sample(f, "zones/cis_source_sample_ed318.json"), []byte(ed318Text()),
		[]byte(ed318Text(`"variant": "COMMON"`, `"limitedApplicability": [{"endDateTime": "2026-01-01T00:00:00Z", "schedule": [{"day": ["ANY"], "startTime": "16:00:00Z", "endTime": "17:00Z"}]}]`)),
	}, func(t *testing.T, data []byte) { fuzzZones(t, ED318, data) })
}

func FuzzOpenAir(f *testing.F) {
	f.Add(sample(f, "zones/openair_v2_commands.txt"))
	f.Add([]byte(arcs))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzZones(t, OpenAir, data) })
}

// fuzzZones checks what holds for every file of zones that is read: errors are
// *Error, and every volume can be placed.
func fuzzZones(t *testing.T, format Format, data []byte) {
	if len(data) > 64<<10 {
		return
	}
	f, err := ReadAs(format, "f", data, Options{})
	if err != nil {
		wantError(t, err)
		return
	}
	if _, err := Resolve(f, everythingGiven); err != nil {
		wantError(t, err) // a floor above its ceiling, an id twice
	}
	for _, item := range f.Items {
		if len(item.Volumes) == 0 || item.Type == "" {
			t.Errorf("zone %+v", item)
		}
		for _, v := range item.Volumes {
			s := v.Schedule
			if v.Footprint == nil || !s.Always && len(s.Windows)+len(s.Recurring) == 0 {
				t.Errorf("volume %+v", v)
			}
			for _, l := range []Limit{v.Lower, v.Upper} {
				if !l.Unbounded && l.Altitude.Ref == "" {
					t.Errorf("limit %+v without a reference", l)
				}
			}
			for _, w := range s.Windows {
				if w.EndNS <= w.StartNS {
					t.Errorf("window %+v", w)
				}
			}
			for _, r := range s.Recurring {
				if r.From < 0 || r.From >= day || r.To < 0 || r.To > day || r.Outer.EndNS <= r.Outer.StartNS {
					t.Errorf("recurrence %+v", r)
				}
			}
		}
	}
}
