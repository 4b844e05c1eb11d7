package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// wireVolume is a Volume4D with the parts given in place of good ones.
func wireVolume(replace ...string) string {
	s := `{"volume":{"outline_polygon":{"vertices":[{"lat":47.4,"lng":8.5},{"lat":47.4,"lng":8.6},{"lat":47.5,"lng":8.6}]},` +
		`"altitude_lower":{"value":100,"reference":"W84","units":"M"},"altitude_upper":{"value":200.5,"reference":"W84","units":"M"}},` +
		`"time_start":{"value":"2026-03-01T10:00:00Z","format":"RFC3339"},"time_end":{"value":"2026-03-01T11:00:00Z","format":"RFC3339"}}`
	return strings.NewReplacer(replace...).Replace(s)
}

func wireIntent(volumes string) string {
	return `{"reference":{"id":"5a6b7c8d-0000-4000-8000-000000000001","manager":"uss1","version":4,"state":"Accepted"},"details":{"volumes":[` + volumes + `],"priority":50}}`
}

func TestF3548Refuses(t *testing.T) {
	bad := func(replace ...string) string { return wireIntent(wireVolume(replace...)) }
	checkRefusals(t, "f.json", []refusal{
		{"altitude reference", bad(`"value":100,"reference":"W84"`, `"value":100,"reference":"SFC"`), []string{"details.volumes[0].volume.altitude_lower.reference", `"SFC"`, "W84"}},
		{"altitude in feet", bad(`"value":200.5,"reference":"W84","units":"M"`, `"value":200.5,"reference":"W84","units":"FT"`), []string{"details.volumes[0].volume.altitude_upper.units", `"FT"`}},
		{"altitude as text", bad(`"value":100,`, `"value":"100",`), []string{"details.volumes[0].volume.altitude_lower.value", "a string", "a number"}},
		{"altitude out of range", bad(`"value":100,`, `"value":-8001,`), []string{"altitude_lower.value", "-8001"}},
		{"no altitude value", bad(`"value":100,`, ``), []string{"altitude_lower.value", "nothing"}},
		{"no lower altitude", bad(`"altitude_lower":{"value":100,"reference":"W84","units":"M"},`, ``), []string{"details.volumes[0].volume.altitude_lower", "all four"}},
		{"no end", bad(`,"time_end":{"value":"2026-03-01T11:00:00Z","format":"RFC3339"}`, ``), []string{"details.volumes[0].time_end", "nothing"}},
		{"local time", bad(`10:00:00Z`, `10:00:00+01:00`), []string{"time_start.value", "+01:00", "UTC"}},
		{"time format", bad(`"2026-03-01T10:00:00Z","format":"RFC3339"`, `"2026-03-01T10:00:00Z","format":"ISO"`), []string{"time_start.format", `"ISO"`}},
		{"end not after start", bad(`11:00:00Z`, `10:00:00Z`), []string{"details.volumes[0]", "end_not_after_start"}},
		{"upside down", bad(`"value":200.5`, `"value":100`), []string{"lower_not_below_upper"}},
		{"no latitude", bad(`"lat":47.5,`, ``), []string{"vertices[2].lat", "nothing"}},
		{"latitude out of range", bad(`"lat":47.5,`, `"lat":147.5,`), []string{"details.volumes[0].volume.outline_polygon.vertices[2].lat", "147.5", "swapped"}},
		{"longitude out of range", bad(`"lng":8.6}]`, `"lng":188.6}]`), []string{"vertices[2].lng", "188.6"}},
		{"repeated vertex", bad(`{"lat":47.5,"lng":8.6}]`, `{"lat":47.5,"lng":8.6},{"lat":47.4,"lng":8.5}]`), []string{"outline_polygon.vertices", "duplicate"}},
		{"no outline", bad(`"outline_polygon"`, `"outline"`), []string{"details.volumes[0].volume", "no outline"}},
		{"two outlines", bad(`"outline_polygon"`, `"outline_circle":{"center":{"lat":1,"lng":1},"radius":{"value":1,"units":"M"}},"outline_polygon"`), []string{"outline_circle and outline_polygon"}},
		{"radius unit", bad(`"outline_polygon"`, `"outline_circle":{"center":{"lat":1,"lng":1},"radius":{"value":1,"units":"NM"}},"x"`), []string{"outline_circle.radius.units", `"NM"`}},
		{"radius zero", bad(`"outline_polygon"`, `"outline_circle":{"center":{"lat":1,"lng":1},"radius":{"value":0,"units":"M"}},"x"`), []string{"outline_circle.radius.value", "more than 0"}},
		{"key in other case", bad(`"altitude_lower"`, `"Altitude_Lower"`), []string{"details.volumes[0].volume.Altitude_Lower", "the key altitude_lower"}},
		{"volumes not an array", `{"reference":{"id":"a"},"details":{"volumes":{}}}`, []string{"details.volumes", "an array"}},
		{"no volumes", wireIntent(""), []string{"details", "no volumes"}},
		{"no id", `{"reference":{},"details":{"volumes":[` + wireVolume() + `]}}`, []string{"reference.id"}},
		{"reference alone", `{"operational_intent_reference":{"id":"a"}}`, []string{"operational_intent_reference", "without details"}},
		{"empty array", `[]`, []string{"an empty array"}},
		{"mixed array", `[` + wireVolume() + `,{"details":{}}]`, []string{"[1]"}},
		{"constraint without volumes", `{"constraint":{"reference":{"id":"a"},"details":{"volumes":[],"type":"x"}}}`, []string{"constraint.details.volumes", "no volumes"}},
		{"cut", bad()[:200], []string{"line 1", "end of the file"}},
	})
}

func TestF3548Reads(t *testing.T) {
	ring := []geodesy.LatLng{{LatE9: 47_400_000_000, LngE9: 8_500_000_000}, {LatE9: 47_400_000_000, LngE9: 8_600_000_000}, {LatE9: 47_500_000_000, LngE9: 8_600_000_000}}
	polygon := plainVolume4D{
		Shape: "polygon", Vertices: ring,
		Band:   volume.Band{LowerMM: 100_000, UpperMM: 200_500},
		Window: volume.Window{StartNS: 1772359200_000_000_000, EndNS: 1772362800_000_000_000},
	}
	endless := polygon
	endless.Band = volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}
	endless.Window = volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	circle := polygon
	circle.Shape, circle.Vertices, circle.RadiusMM = "circle", []geodesy.LatLng{{LatE9: 1e9, LngE9: 2e9}}, 30_480
	const open = `{"volume":{"outline_polygon":{"vertices":[{"lat":47.4,"lng":8.5},{"lat":47.4,"lng":8.6},{"lat":47.5,"lng":8.6}]}}}`
	const id = "5a6b7c8d-0000-4000-8000-000000000001"
	intent := plainEntity{ID: id, Version: "4", Party: "uss1", Kind: "intent", Volumes: []plainVolume4D{polygon}, Suppositions: []string{}}
	ovn := intent
	ovn.Version = "o/v=n"
	bare := plainEntity{ID: "f.json", Kind: "intent", Volumes: []plainVolume4D{polygon}, Suppositions: []string{}}
	two, opened, offNominal := bare, bare, bare
	two.Volumes = []plainVolume4D{polygon, endless}
	opened.Volumes = []plainVolume4D{endless}
	offNominal.Volumes = []plainVolume4D{polygon, circle}
	zone := plainEntity{ID: "z", Party: "m", Kind: "constraint", Type: "no_entry", Volumes: []plainVolume4D{endless}, Suppositions: []string{supposeF3548Type}}
	ours := zone
	ours.Type, ours.Suppositions = "advisory", []string{}
	extents := bare
	extents.Kind, extents.Type, extents.Suppositions = "constraint", "no_entry", []string{supposeF3548Type}
	wireCircle := wireVolume(`"outline_polygon":{"vertices":[{"lat":47.4,"lng":8.5},{"lat":47.4,"lng":8.6},{"lat":47.5,"lng":8.6}]}`,
		`"outline_circle":{"center":{"lat":1,"lng":2},"radius":{"value":100,"units":"FT"}}`)
	for _, c := range []struct {
		name, text string
		want       []plainEntity
	}{
		{"intent", wireIntent(wireVolume()), []plainEntity{intent}},
		{"intent with OVN", strings.Replace(wireIntent(wireVolume()), `"version"`, `"ovn":"o/v=n","version"`, 1), []plainEntity{ovn}},
		{"answer of a USS", `{"operational_intent":` + wireIntent(wireVolume()) + `}`, []plainEntity{intent}},
		{"notification", `{"operational_intent_id":"` + id + `","operational_intent":` + wireIntent(wireVolume()) + `,"subscriptions":[]}`, []plainEntity{intent}},
		{"details", `{"volumes":[` + wireVolume() + `]}`, []plainEntity{bare}},
		{"off nominal", `{"volumes":[` + wireVolume() + `],"off_nominal_volumes":[` + wireCircle + `]}`, []plainEntity{offNominal}},
		{"volume", wireVolume(), []plainEntity{bare}},
		{"area without bounds", open, []plainEntity{opened}},
		{"volumes", `[` + wireVolume() + `,` + open + `]`, []plainEntity{two}},
		{"extents of an intent", `{"extents":[` + wireVolume() + `],"state":"Accepted","key":[],"uss_base_url":"x"}`, []plainEntity{bare}},
		{"extents of a constraint", `{"extents":[` + wireVolume() + `],"uss_base_url":"x"}`, []plainEntity{extents}},
		{"constraint", `{"constraint":{"reference":{"id":"z","manager":"m"},"details":{"volumes":[` + open + `],"type":"com.example.tfr"}}}`, []plainEntity{zone}},
		{"constraint of a known type", `{"reference":{"id":"z","manager":"m"},"details":{"volumes":[` + open + `],"type":"advisory"}}`, []plainEntity{ours}},
		{"array", `[{"operational_intent":` + wireIntent(wireVolume()) + `},{"constraint":{"reference":{"id":"z","manager":"m"},"details":{"volumes":[` + open + `]}}}]`, []plainEntity{intent, zone}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, plain(read(t, "f.json", c.text, ResolveOptions{}))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestF3548NotesWhatItDoesNotUse(t *testing.T) {
	f, err := Read("f.json", []byte(`{"operational_intent":`+wireIntent(wireVolume(`"units":"M"}},`, `"units":"M"},"colour":1},`))+`,"extra":true}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(append(f.Notes, f.Items[0].Notes...), "\n")
	for _, want := range []string{"extra is not used: true", "operational_intent.details.volumes[0].volume.colour is not used: 1", "priority 50", "state Accepted"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("notes say %q %d times:\n%s", want, strings.Count(all, want), all)
		}
	}
}
