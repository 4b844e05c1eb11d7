package plan

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
	"pgregory.net/rapid"
)

// arcs is an airspace of each kind of geometry.
const arcs = `*VERSION: 2.0
*WRITTEN_BY: a hand
SP 0,1,0,0,255
AC Q
AY DANGER
AN Sector *with a comment
AI 7f1c
AH FL 95
AL 1500ft AGL
V X=39:29.9N 119:46.1W
DA 10,270,290
DA 7,290,320
V D=-
DA 5, 320, 270
AC P
AN Half moon
AH UNL
AL SFC
V X=50:00:00 N 010:00:00 E
DP 50:05:00 N 010:00:00 E
DB 50:05:00 N 010:00:00 E,49:55:00 N 010:00:00 E
AC R
AN Disc
AH 4500ft MSL
AL 0
V x=50:00:00 N 010:00:00 E
DC 2.5
AC E
AY AWY
AN Airway
AH 9500ft STD
AL 600m AMSL
V W=10
DY 50:00:00 N 010:00:00 E
DY 51:00:00 N 010:00:00 E
TO Lake
SP 0,1,0,0,255
DP 50:00:00 N 010:00:00 E
V Z=5
AC X17
AN Unheard of
AA NONE
AH 1000 ALT
AL GND
DP 50.5 N 10.5 E
DP 50.5N 10.6E
DP 50.6N,10.6E
`

func TestOpenAirKinds(t *testing.T) {
	f := zonesOf(t, OpenAir, "a.txt", []byte(arcs))
	for i, want := range []struct {
		name, id, kind string
		shape          volume.Shape
		radiusMM       int64
		lower, upper   Limit
		suppose        string
	}{
		{
			"Sector", "7f1c", callFirst, volume.Polygon, 0,
			Limit{Altitude: geodesy.Altitude{MM: 457_200, Ref: geodesy.AGL}},
			Limit{Altitude: geodesy.Altitude{MM: 2_895_600, Ref: geodesy.Pressure}},
			"grown by",
		},
		{"Half moon", "", noEntry, volume.Polygon, 0, onGround, unbounded, "grown by"},
		{"Disc", "", callFirst, volume.Circle, 4_630_000, onGround, Limit{Altitude: geodesy.Altitude{MM: 1_371_600, Ref: geodesy.AMSL}}, "taken as the ground"},
		{
			"Airway", "", entryWithContact, volume.Corridor, 9_260_000,
			Limit{Altitude: geodesy.Altitude{MM: 600_000, Ref: geodesy.AMSL}},
			Limit{Altitude: geodesy.Altitude{MM: 2_895_600, Ref: geodesy.Pressure}},
			"",
		},
		{"Unheard of", "", noEntry, volume.Polygon, 0, onGround, Limit{Altitude: geodesy.Altitude{MM: 304_800, Ref: geodesy.AMSL}}, "taken as always active"},
	} {
		z := f.Items[i]
		v := z.Volumes[0]
		if z.Name != want.name || z.ID != want.id || z.Type != want.kind {
			t.Errorf("airspace %q %q %q, want %q %q %q", z.Name, z.ID, z.Type, want.name, want.id, want.kind)
		}
		if v.Footprint.Shape() != want.shape || v.Footprint.RadiusMM() != want.radiusMM {
			t.Errorf("%s: %v of %d mm, want %v of %d", z.Name, v.Footprint.Shape(), v.Footprint.RadiusMM(), want.shape, want.radiusMM)
		}
		if v.Lower != want.lower || v.Upper != want.upper {
			t.Errorf("%s: limits %v, %v, want %v, %v", z.Name, v.Lower, v.Upper, want.lower, want.upper)
		}
		if !v.Schedule.Always {
			t.Errorf("%s: schedule %v", z.Name, v.Schedule)
		}
		if want.suppose != "" {
			wantWords(t, "suppositions", z.Suppositions, want.suppose)
		}
	}
	if len(f.Items) != 5 {
		t.Errorf("%d airspaces, want 5: terrain is none", len(f.Items))
	}
	wantWords(t, "notes", f.Notes, "VERSION: 2.0", "WRITTEN_BY: a hand", "5 records are drawing styles")
	wantWords(t, "suppositions", f.Items[4].Suppositions, `"X17" is not known`, "taken as feet")
	if got := f.Items[4].Volumes[0].Footprint.Vertices(); got[2] != latLng(t, 50.6, 10.6) {
		t.Errorf("decimal degrees read as %v", got)
	}
	// The moon's arc runs clockwise: over the east, 5 minutes of latitude wide.
	moon := f.Items[1].Volumes[0].Footprint.Vertices()
	for _, p := range moon[1 : len(moon)-1] {
		d, _, _ := geodesy.Inverse(latLng(t, 50, 10), p)
		if p.LngE9 <= 10e9 || math.Abs(d-9268) > 3 {
			t.Errorf("the arc passes %v, %.1f m from its centre", p, d)
		}
	}
}

// TestArcsAreContained checks, for random arcs of all sizes and latitudes, that
// no point of the arc is farther from the edges drawn for it than the growth of
// the area, and that the growth stays small.
func TestArcsAreContained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		centre, err := geodesy.NewLatLng(rapid.Float64Range(-85, 85).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lng"))
		if err != nil {
			t.Fatal(err)
		}
		radius := math.Pow(10, rapid.Float64Range(1, math.Log10(maxArcRadiusNM*1852)).Draw(t, "log radius"))
		a := arc{
			centre: centre, fromM: radius, toM: radius,
			fromDeg: rapid.Float64Range(-360, 360).Draw(t, "from"), sweepDeg: rapid.Float64Range(-359, 359).Draw(t, "sweep"),
		}
		if math.Abs(a.sweepDeg) < 1 {
			t.Skip("next to nothing")
		}
		a.toM *= rapid.SampledFrom([]float64{1, 1, 0.999, 1.04}).Draw(t, "mismatch")
		var s openAirShape
		s.arc(a, nil, nil)
		n := len(s.ring) - 1
		for range 20 {
			k := rapid.IntRange(0, n-1).Draw(t, "edge")
			f := (float64(k) + rapid.Float64Range(0, 1).Draw(t, "along")) / float64(n)
			// Whoever draws the arc may take any radius between the two.
			r := a.fromM + rapid.Float64Range(0, 1).Draw(t, "radius taken")*(a.toM-a.fromM)
			p := geodesy.Direct(centre, a.fromDeg+f*a.sweepDeg, r)
			if d := fromEdge(p, s.ring[k], s.ring[k+1]); d*1000 > float64(s.growthMM) {
				t.Fatalf("%v of the arc is %.4f m from edge %d of %d, growth %d mm", p, d, k, n, s.growthMM)
			}
		}
		larger := math.Max(a.fromM, a.toM)
		limit := math.Max(arcErrorM, larger*2e-5) + math.Abs(a.fromM-a.toM)
		if got := float64(s.growthMM) / 1000; got > 1.02*limit+0.003 {
			t.Fatalf("growth of %.3f m for a radius of %.0f m, want at most %.3f", got, larger, limit)
		}
	})
}

// fromEdge is the distance from p to the geodesic edge, in metres, by ternary
// search.
func fromEdge(p, a, b geodesy.LatLng) float64 {
	line := geodesy.LineBetween(a, b)
	at := func(s float64) float64 {
		d, _, _ := geodesy.Inverse(p, line.LatLng(s))
		return d
	}
	lo, hi := 0.0, line.DistanceM()
	for range 80 {
		m1, m2 := lo+(hi-lo)/3, hi-(hi-lo)/3
		if at(m1) < at(m2) {
			hi = m2
		} else {
			lo = m1
		}
	}
	return at((lo + hi) / 2)
}

func TestOpenAirLimits(t *testing.T) {
	ft := func(n float64, ref geodesy.AltitudeReference) Limit {
		return Limit{Altitude: geodesy.Altitude{MM: int64(math.Round(n * 304.8)), Ref: ref}}
	}
	m := func(n int64, ref geodesy.AltitudeReference) Limit {
		return Limit{Altitude: geodesy.Altitude{MM: n * 1000, Ref: ref}}
	}
	for _, c := range []struct {
		text  string
		upper bool
		want  Limit
		ok    bool
	}{
		{"FL145", true, ft(14500, geodesy.Pressure), true},
		{"fl 65", true, ft(6500, geodesy.Pressure), true},
		{"FL065", false, ft(6500, geodesy.Pressure), true},
		{"1000ft AGL", false, ft(1000, geodesy.AGL), true},
		{"1000 FT AMSL", true, ft(1000, geodesy.AMSL), true},
		{"1000.5ftMSL", true, ft(1000.5, geodesy.AMSL), true},
		{"1500m AMSL", true, m(1500, geodesy.AMSL), true},
		{"1500 M AGL", true, m(1500, geodesy.AGL), true},
		{"300ft SFC", true, ft(300, geodesy.AGL), true},
		{"2500MSL", true, ft(2500, geodesy.AMSL), true},
		{"9500 STD", true, ft(9500, geodesy.Pressure), true},
		{"-50ft AMSL", false, ft(-50, geodesy.AMSL), true},
		{"GND", false, onGround, true},
		{"0ft AGL", false, onGround, true},
		{"0", false, onGround, true},
		{"UNLIMITED", true, unbounded, true},
		{"GND", true, Limit{}, false},
		{"UNL", false, Limit{}, false},
		{"0ft", true, Limit{}, false},
		{"FL", true, Limit{}, false},
		{"FL1450", true, Limit{}, false},
		{"FL-5", true, Limit{}, false},
		{"1000ft", true, Limit{}, false}, // above what?
		{"1000", true, Limit{}, false},
		{"1000km AMSL", true, Limit{}, false},
		{"1e9ft AMSL", true, Limit{}, false},
		{"100m AGL/423m AMSL", true, Limit{}, false},
		{"Ask on 122.8", true, Limit{}, false},
		{"NaN ft AMSL", true, Limit{}, false},
		{"", true, Limit{}, false},
	} {
		var suppose remarks
		got, ok := openAirLimit(c.text, c.upper, &suppose)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%q: %v %v, want %v %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

func TestOpenAirPositions(t *testing.T) {
	for _, c := range []struct {
		text     string
		lat, lng float64
		rest     string
		ok       bool
	}{
		{"54:25:00 N 010:40:00 E", 54 + 25.0/60, 10 + 40.0/60, "", true},
		{"53:47:06N 008:21:41E", 53 + 47.0/60 + 6.0/3600, 8 + 21.0/60 + 41.0/3600, "", true},
		{"39:29.9N 119:46.1W", 39 + 29.9/60, -(119 + 46.1/60), "", true},
		{"27:34:11.988 s, 114:03:37.008 w", -(27 + 34.0/60 + 11.988/3600), -(114 + 3.0/60 + 37.008/3600), "", true},
		{"50.25N 10.5E", 50.25, 10.5, "", true},
		{"50N 10E, 51N 10E", 50, 10, ", 51N 10E", true},
		{"90:00:00 N 180:00:00 W", 90, -180, "", true},
		{"54:60:00 N 010:40:00 E", 0, 0, "", false},
		{"54:25:60 N 010:40:00 E", 0, 0, "", false},
		{"54.5:25 N 010:40:00 E", 0, 0, "", false},
		{"91:00:00 N 010:40:00 E", 0, 0, "", false},
		{"54:25:00 N 181:00:00 E", 0, 0, "", false},
		{"54:25:00 010:40:00", 0, 0, "", false},
		{"-54:25:00 N 010:40:00 E", 0, 0, "", false},
		{"54::00 N 010:40:00 E", 0, 0, "", false},
		{"1:2:3:4 N 010:40:00 E", 0, 0, "", false},
		{"nan N 010:40:00 E", 0, 0, "", false},
		{"", 0, 0, "", false},
	} {
		p, rest, ok := openAirPosition(c.text)
		if ok != c.ok {
			t.Errorf("%q: %v %v, want %v", c.text, p, ok, c.ok)
			continue
		}
		if ok && (p != latLng(t, c.lat, c.lng) || rest != c.rest) {
			t.Errorf("%q: %v, rest %q, want %v, %q", c.text, p, rest, latLng(t, c.lat, c.lng), c.rest)
		}
	}
}

func TestOpenAirRefuses(t *testing.T) {
	const head = "AC D\nAN Zone\nAH FL95\nAL GND\n"
	const points = "DP 50:00:00 N 010:00:00 E\nDP 50:00:00 N 011:00:00 E\nDP 51:00:00 N 010:00:00 E\n"
	const centre = "V X=50:00:00 N 010:00:00 E\n"
	for _, c := range []struct {
		name, text string
		words      []string
	}{
		{"empty", "", []string{"no airspace"}},
		{"comments alone", "* hello\n\n* there\n", []string{"no airspace"}},
		{"unknown record", head + "QQ 5\n", []string{"line 5", "QQ 5", "AC, AN"}},
		{"before AC", "AN Zone\n", []string{"line 1", "AC first"}},
		{"AC without class", "AC\n", []string{"line 1", "without a value"}},
		{"AN without name", "AC D\nAN\n", []string{"line 2", "without a value"}},
		{"two names", head + "AN Other\n", []string{"line 5", "a second AN"}},
		{"two ceilings", head + "AH FL100\n", []string{"line 5", "a second floor or ceiling"}},
		{"no floor", "AC D\nAN Zone\nAH FL95\n" + points, []string{"line 1", "without a floor", `"Zone"`}},
		{"no ceiling", "AC D\nAN Zone\nAL GND\n" + points, []string{"line 1", "without a ceiling"}},
		{"no geometry", head + "AC D\n", []string{"line 1", "without geometry"}},
		{"altitude", "AC D\nAH 5000ft\n", []string{"line 2", `"5000ft"`, "4500ft AMSL"}},
		{"position", head + "DP 50:00:00 010:00:00\n", []string{"line 5", "54:25:00 N"}},
		{"rest of a position", head + "DP 50:00:00 N 010:00:00 E 5\n", []string{"line 5"}},
		{"two points", head + "DP 50:00:00 N 010:00:00 E\nDP 51:00:00 N 010:00:00 E\n", []string{"line 1", "3 vertices"}},
		{"crossing itself", head + "DP 50:00:00 N 010:00:00 E\nDP 51:00:00 N 011:00:00 E\nDP 51:00:00 N 010:00:00 E\nDP 50:00:00 N 011:00:00 E\n", []string{"line 1", `"Zone"`, "self_crossing"}},
		{"circle without centre", head + "DC 5\n", []string{"line 5", "V X="}},
		{"centre of the airspace before", head + centre + "DC 5\n" + head + "DC 5\n", []string{"line 11", "V X="}},
		{"radius 0", head + centre + "DC 0\n", []string{"line 6", "nautical miles"}},
		{"radius NaN", head + centre + "DC NaN\n", []string{"line 6", "NaN"}},
		{"radius with unit", head + centre + "DC 5km\n", []string{"line 6", "5km"}},
		{"circle in an outline", head + centre + points + "DC 5\n", []string{"line 9", "DC"}},
		{"point after a circle", head + centre + "DC 5\n" + points, []string{"line 7", "after a whole circle"}},
		{"arc of two numbers", head + centre + "DA 5, 90\n", []string{"line 6", "start bearing"}},
		{"bearing", head + centre + "DA 5, 90, east\n", []string{"line 6", "east"}},
		{"arc of nothing", head + centre + "DA 5, 90, 90\n", []string{"line 6", "equal"}},
		{"arc of one point", head + centre + "DB 50:05:00 N 010:00:00 E\n", []string{"line 6", "two positions"}},
		{"arc whose ends differ", head + centre + "DB 50:05:00 N 010:00:00 E, 49:50:00 N 010:00:00 E\n", []string{"line 6", "equally far"}},
		{"variable", head + "V Q=5\n", []string{"line 5", "Q=5"}},
		{"direction", head + "V D=left\n", []string{"line 5", "left"}},
		{"airway without width", head + "DY 50:00:00 N 010:00:00 E\nDY 51:00:00 N 010:00:00 E\n", []string{"line 1", "width"}},
		{"airway and outline", head + "V W=5\nDY 50:00:00 N 010:00:00 E\nDP 51:00:00 N 010:00:00 E\n", []string{"line 7", "mixture"}},
		{"activation", head + "AA 2025-01-01/2025-01-02\n", []string{"line 5", "2025-01-01/2025-01-02", "UTC"}},
		{"activation in local time", head + "AA 2025-01-01T12:00+01:00/NONE\n", []string{"line 5", "UTC"}},
		{"activation backwards", head + "AA 2025-01-01T12:00Z/2025-01-01T11:00Z\n", []string{"line 5", "an end after the start"}},
		{"long line", head + "AN " + strings.Repeat("x", 5000), []string{"line 5", "at most 4096"}},
		{"UTF-16", "\xff\xfeA\x00C\x00", []string{"UTF-16"}},
		{"Latin-1", "AC D\nAN Z\xfcrich\n", []string{"line 2", "0xfc"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadAs(OpenAir, "a.txt", []byte(c.text), Options{})
			wantError(t, err, append(c.words, "a.txt")...)
		})
	}
}

func TestOpenAirTime(t *testing.T) {
	for text, want := range map[string]string{
		"2023-12-16T12:00Z":    "2023-12-16T12:00:00Z",
		"2023-12-16T12:00:30Z": "2023-12-16T12:00:30Z",
		"2024-12-17T24:00Z":    "2024-12-18T00:00:00Z",
		"2023-02-30T12:00Z":    "",
		"2023-12-16T12:00":     "",
		"2023-12-16T12Z":       "",
		"2023-12-16":           "",
	} {
		got := ""
		if at, ok := openAirTime(text); ok {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestOpenAirManyVertices checks that arcs without end are refused, not drawn.
func TestOpenAirManyVertices(t *testing.T) {
	var b strings.Builder
	b.WriteString("AC D\nAN Zone\nAH FL95\nAL GND\nV X=50:00:00 N 010:00:00 E\n")
	for i := range 100_000 {
		fmt.Fprintf(&b, "DA 400,%d,%d\n", i%360, (i+350)%360)
	}
	_, err := ReadAs(OpenAir, "a.txt", []byte(b.String()), Options{})
	wantError(t, err, "more than 10000 vertices")
}

// An altitude that cannot be placed is named by its own line.
func TestOpenAirNamesTheLineOfTheLimit(t *testing.T) {
	const shape = "V X=47:00:00 N 008:00:00 E\nDC 2\n"
	for text, want := range map[string]string{
		"AC R\nAN Z\nAL 300ft AGL\nAH 900ft AMSL\n" + shape: "f.txt: line 3: ",
		"AC R\nAN Z\nAL GND\nAH FL95\n" + shape:             "f.txt: line 4: ",
		"AC R\nAH FL95\nAL 900ft AGL\n" + shape:             "f.txt: line 3: ",
		"AC R\nAL 900ft AMSL\nAH 900ft AMSL\n" + shape:      "f.txt: line 2: ",
	} {
		f, err := Read("f.txt", []byte(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Resolve(f, ResolveOptions{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want it at %q", text, err, want)
		}
	}
}
