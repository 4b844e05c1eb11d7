package plan

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNamesThatAreProbablyOurs(t *testing.T) {
	for name, want := range map[string]string{
		"buffer_lateral_ft": propBufferLateralM, "buffer_vertical": propBufferVerticalM, "buffer_time_min": propBufferTimeS,
		"buffer_": propBufferTimeS, "Buffer_Lateral_M": propBufferLateralM, "bufer_lateral_m": propBufferLateralM,
		"buffer-lateral-m": propBufferLateralM, "buffer_lateral_nautical_miles": propBufferLateralM,
		"radius": propRadiusM, "radius_km": propRadiusM, "radiusNM": propRadiusM, "raduis_m": propRadiusM, "half_width_ft": propHalfWidthM,
		"altitude_m": propAltitude, "altitudeMode": propAltitude, "altitude_ref": propAltitude, "altitude_referance": propAltitudeReference,
		"lowerLimit": propLower, "upper_ft": propUpper, "lowr": propLower, "uppre": propUpper,
		"speed": propSpeedMPS, "speed_kt": propSpeedMPS, "sped_mps": propSpeedMPS,
		"Kind": propKind, "TYPE": propType, "Name": propName, "ID": propID, "strat": propStart, "time": propTimes, "offset_s": propOffsetsS,
		// Names of others.
		"kinds": "", "state": "", "layer": "", "owner": "", "power": "", "tower": "", "colour": "", "stroke": "", "stroke-width": "",
		"fill-opacity": "", "description": "", "title": "", "note": "", "date": "", "path": "", "user": "", "status": "", "buffer": "",
		"": "", strings.Repeat("x", 100_000): "",
	} {
		if got := meantProperty(name); got != want {
			t.Errorf("%q is taken for %q, want %q", cutRunes(name, 40), got, want)
		}
	}
	for _, name := range knownProperties {
		if got := meantProperty(name); got != "" {
			t.Errorf("the known %q is taken for %q", name, got)
		}
	}
}

// Two slips of the keyboard, or one swap of neighbours, never hide a buffer, a
// radius or an altitude.
func TestSlipsInLongNamesAreFound(t *testing.T) {
	long := []string{propBufferLateralM, propBufferVerticalM, propBufferTimeS, propRadiusM, propHalfWidthM, propAltitudeReference, propOffsetsS, propSpeedMPS}
	rapid.Check(t, func(t *rapid.T) {
		name := []byte(rapid.SampledFrom(long).Draw(t, "name"))
		slips := rapid.IntRange(0, 2).Draw(t, "slips")
		if slips == 0 {
			at := rapid.IntRange(0, len(name)-2).Draw(t, "swap at")
			name[at], name[at+1] = name[at+1], name[at]
		}
		for range slips {
			at := rapid.IntRange(0, len(name)-2).Draw(t, "at")
			letter := rapid.ByteRange('a', 'z').Draw(t, "letter")
			switch rapid.IntRange(0, 2).Draw(t, "slip") {
			case 0:
				name[at] = letter
			case 1:
				name = append(name[:at], name[at+1:]...)
			default:
				name = append(name[:at], append([]byte{letter}, name[at:]...)...)
			}
		}
		for _, known := range knownProperties {
			if string(name) == known {
				t.Skip("a slip back")
			}
		}
		if meantProperty(string(name)) == "" {
			t.Fatalf("%q passes as the name of another", name)
		}
	})
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "acb", 1}, {"abc", "abd", 1}, {"abc", "bc", 1}, {"ca", "abc", 3}, {"kitten", "sitting", 3}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q in %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestNearMissesAreRefused(t *testing.T) {
	path := func(properties string) string {
		return feature(`"times":["2026-03-01T10:00:00Z","2026-03-01T10:09:00Z"],"altitude":"90 m AMSL",`+properties, aFlat)
	}
	bare := func(properties string) string {
		return `{"type":"Feature","properties":{` + properties + `},"geometry":null}`
	}
	checkRefusals(t, "f.geojson", []refusal{
		{"another unit", path(`"buffer_lateral_ft":900`), []string{"properties.buffer_lateral_ft", "not known", "the name buffer_lateral_m"}},
		{"a slip", path(`"buffer_latreal_m":900`), []string{"properties.buffer_latreal_m", "the name buffer_lateral_m"}},
		{"another case", path(`"Party":"A"`), []string{"properties.Party", "the name party"}},
		{"a radius in another unit", feature(someBand+","+goodTime+`,"radius_km":3`, aPoint), []string{"properties.radius_km", "the name radius_m"}},
		{"a point without a radius", feature(someBand+","+goodTime, aPoint), []string{"properties.radius_m", "nothing"}},
		{"an intent without geometry", bare(`"kind":"intent"`), []string{"geometry", "null beside the property kind"}},
		{"limits without geometry", bare(`"name":"a","lower":"1 m AMSL"`), []string{"geometry", "null beside the property lower"}},
		{"a slip without geometry", bare(`"radius":9`), []string{"properties.radius", "the name radius_m"}},
	})
	f, err := Read("f.geojson", []byte(bare(`"name":"Read me","note":"made by hand","lower":null`)), Options{})
	if err != nil || len(f.Items) != 0 || !strings.Contains(strings.Join(f.Notes, "\n"), "has no geometry and is not used") {
		t.Errorf("a feature that is only a note: %v %+v", err, f)
	}
	line := "<LineString><altitudeMode>absolute</altitudeMode>" + kmlPath + "</LineString>"
	kml := func(inside string) string { return kmlDoc(placemark(inside)) }
	checkRefusals(t, "f.kml", []refusal{
		{"another unit", kml(kmlSpan + fields("buffer_lateral_ft", "900") + line), []string{"field buffer_lateral_ft", "the name buffer_lateral_m"}},
		{"another case", kml(kmlSpan + fields("Kind", "constraint") + line), []string{"field Kind", "the name kind"}},
		{"a radius in another unit", kml(kmlSpan + fields("radius_nm", "2") + "<Point><coordinates>8,47</coordinates></Point>"), []string{"field radius_nm", "the name radius_m"}},
		{"a constraint that is a point", kml(fields("kind", "constraint", "type", "no_entry") + "<Point><coordinates>8,47</coordinates></Point>"), []string{"no geometry for them", "radius_m"}},
	})
	// Empty fields say nothing.
	if _, err := Read("f.kml", []byte(kml(kmlSpan+fields("buffer_lateral_ft", "", "tessellate", "-1")+line)), Options{}); err != nil {
		t.Error(err)
	}
}
