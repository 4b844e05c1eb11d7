package f3548wire

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

const intent = `{"reference":{"id":"5a6b7c8d-0000-4000-8000-000000000001","manager":"uss1","uss_availability":"Normal","version":4,
"state":"Accepted","ovn":"o","time_start":{"value":"2026-03-01T10:00:00Z","format":"RFC3339"},"time_end":{"value":"2026-03-01T11:00:00Z","format":"RFC3339"},
"uss_base_url":"https://uss1.example.net","subscription_id":"5a6b7c8d-0000-4000-8000-000000000002"},
"details":{"volumes":[{"volume":{"outline_circle":{"center":{"lat":0,"lng":8.5},"radius":{"value":100,"units":"FT"}},
"altitude_lower":{"value":0,"reference":"W84","units":"M"},"altitude_upper":{"value":200.0005,"reference":"W84","units":"M"}},
"time_start":{"value":"2026-03-01T10:00:00.5Z","format":"RFC3339"}}],"priority":0}}`

func TestIntentKeepsItsMembers(t *testing.T) {
	var in OperationalIntent
	if err := Decode([]byte(intent), &in); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := errors.Join(json.Unmarshal(text, &got), json.Unmarshal([]byte(intent), &want)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestToVolumeRoundsOutward(t *testing.T) {
	var in OperationalIntent
	if err := Decode([]byte(intent), &in); err != nil {
		t.Fatal(err)
	}
	v, err := in.Details.Volumes[0].ToVolume()
	if err != nil {
		t.Fatal(err)
	}
	if v.Band != (volume.Band{LowerMM: 0, UpperMM: 200_001}) || v.Footprint.RadiusMM() != 30_480 {
		t.Errorf("band %v, radius %d mm", v.Band, v.Footprint.RadiusMM())
	}
	if v.Window != (volume.Window{StartNS: 1772359200_500_000_000, EndNS: volume.ForeverNS}) {
		t.Errorf("window %v", v.Window)
	}
}

func TestDecodeNamesTheMember(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{`"value":200.0005`, `"value":"200"`, "details.volumes[0].volume.altitude_upper.value: found a string, expected a number"},
		{`"lat":0`, `"lat":[0]`, "details.volumes[0].volume.outline_circle.center.lat: found an array, expected a number"},
		{`"version":4`, `"version":4.5`, "reference.version: found 4.5, expected a whole number"},
		{`"lng":8.5`, `"lng":1e999`, "details.volumes[0].volume.outline_circle.center.lng: found 1e999, expected a number"},
		{`"volumes":[{`, `"volumes":[7,{`, "details.volumes[0]: found a number, expected an object"},
		{`"priority":0`, `"priority":{}`, "details.priority: found an object, expected a whole number"},
		{`"manager":"uss1"`, `"manager":true`, "reference.manager: found true or false, expected a string"},
		{`"details":{`, `"details":[{`, "details: found an array, expected an object"},
		{`"priority":0}}`, `"priority":0}]`, "line 6: found broken JSON, expected a comma or } at byte"},
		{`"priority":0`, `"priority":0,"priority":1`, "details.priority: found the member twice, expected once"},
		{`"priority":0`, "\"priority\":0,\"x\":\"\xff\"", "line 6: found bytes that are not UTF-8"},
		{`"priority":0`, `"x":` + strings.Repeat("[", 63), "details.x" + strings.Repeat("[0]", 62) + ": found nesting deeper than 64, expected less"},
	} {
		var in OperationalIntent
		err := Decode([]byte(strings.Replace(intent, c.from, c.to, 1)), &in)
		var f *FieldError
		if !errors.As(err, &f) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.to, err, c.want)
		}
	}
	var in OperationalIntent
	err := Decode([]byte("[]"), &in)
	if err == nil || err.Error() != "found an array, expected an object" {
		t.Errorf("an array: %v", err)
	}
}

func TestFromVolumeRefusesWhatTheStandardLacks(t *testing.T) {
	circle, err := volume.NewCircle(geodesy.LatLng{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	corridor, err := volume.NewCorridor([]geodesy.LatLng{{}, {LatE9: 1e9}}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	band := volume.Band{LowerMM: 0, UpperMM: 1000}
	window := volume.Window{StartNS: 0, EndNS: 1}
	for name, v := range map[string]volume.Volume4D{
		"buffers":  {Footprint: circle, Band: band, Window: window, Buffers: volume.Buffers{LateralMM: 1}},
		"corridor": {Footprint: corridor, Band: band, Window: window},
		"too low":  {Footprint: circle, Band: volume.Band{LowerMM: -8_000_001, UpperMM: 0}, Window: window},
		"too high": {Footprint: circle, Band: volume.Band{LowerMM: 0, UpperMM: 100_000_001}, Window: window},
	} {
		if _, err := FromVolume(&v); err == nil {
			t.Errorf("%s is written", name)
		}
	}
}

// Whatever is converted to the wire and back is the same volume.
func TestVolumesSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		centre := geodesy.LatLng{
			LatE9: rapid.Int64Range(-89e9, 89e9).Draw(t, "lat"),
			LngE9: rapid.Int64Range(-180e9, 180e9-1).Draw(t, "lng"),
		}
		f, err := volume.NewCircle(centre, rapid.Int64Range(1, 5_000_000_000).Draw(t, "radius"))
		if rapid.Bool().Draw(t, "polygon") {
			var ring []geodesy.LatLng
			n := rapid.IntRange(3, 12).Draw(t, "corners")
			for i := range n {
				ring = append(ring, geodesy.Direct(centre, float64(i*360)/float64(n), rapid.Float64Range(50, 100).Draw(t, "corner")))
			}
			f, err = volume.NewPolygon(ring)
		}
		if err != nil {
			t.Skip(err)
		}
		lower := rapid.Int64Range(-8_000_000, 99_999_999).Draw(t, "lower")
		start := rapid.Int64Range(-2e18, 2e18).Draw(t, "start")
		v := volume.Volume4D{
			Footprint: f,
			Band:      volume.Band{LowerMM: lower, UpperMM: rapid.Int64Range(lower+1, 100_000_000).Draw(t, "upper")},
			Window:    volume.Window{StartNS: start, EndNS: start + rapid.Int64Range(1, 1e15).Draw(t, "duration")},
		}
		wire, err := FromVolume(&v)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(wire)
		if err != nil {
			t.Fatal(err)
		}
		var read Volume4D
		if err := Decode(text, &read); err != nil {
			t.Fatal(err)
		}
		back, err := read.ToVolume()
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if back.Band != v.Band || back.Window != v.Window || back.Footprint.Shape() != f.Shape() || back.Footprint.RadiusMM() != f.RadiusMM() ||
			!cmp.Equal(back.Footprint.Vertices(), f.Vertices()) {
			t.Fatalf("%v %v becomes %v %v\n%s", v.Band, v.Window, back.Band, back.Window, text)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(intent))
	f.Add([]byte(`{"details":{"volumes":[{"volume":{"outline_polygon":{"vertices":[{"lat":1,"lng":2},{"lat":1,"lng":3},{"lat":2,"lng":3}]}}}]}}`))
	f.Add([]byte(`{"details":{"volumes":[{},{"time_start":[]}]},"reference":{"version":"4"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		var in OperationalIntent
		if err := Decode(data, &in); err != nil {
			var field *FieldError
			if !errors.As(err, &field) {
				t.Fatalf("error %v is no *FieldError", err)
			}
			return
		}
		if in.Details == nil {
			return
		}
		for i := range in.Details.Volumes {
			v, err := in.Details.Volumes[i].ToVolume()
			if err != nil {
				var field *FieldError
				if !errors.As(err, &field) {
					t.Fatalf("error %v is no *FieldError", err)
				}
				continue
			}
			wire, err := FromVolume(&v)
			if err != nil {
				t.Fatalf("cannot write what was read: %v", err)
			}
			back, err := wire.ToVolume()
			if err != nil || back.Band != v.Band || back.Window != v.Window {
				t.Fatalf("%v %v becomes %v %v, %v", v.Band, v.Window, back.Band, back.Window, err)
			}
		}
	})
}
