package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

func place(t testing.TB, lat, lng float64) geodesy.LatLng {
	t.Helper()
	p, err := geodesy.NewLatLng(lat, lng)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func clock(t testing.TB, s string) int64 {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.999", "2031-05-14 "+s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}

const (
	nm = 1_852_000 // mm
	ft = 304.8     // mm
)

func route(t testing.TB, id, party string, b volume.Buffers, w ...volume.Waypoint) *volume.Entity {
	t.Helper()
	tr, err := volume.NewTrajectory(w, b)
	if err != nil {
		t.Fatal(err)
	}
	return &volume.Entity{ID: id, Party: party, Trajectories: []*volume.Trajectory{tr}}
}

// reliefAndCircle is a relief flight through another party's circle, with the
// verdict written out by hand.
func reliefAndCircle(t testing.TB) Conflict {
	a := route(t, "H-17", "Harbour Relief", volume.Buffers{LateralMM: nm, VerticalMM: 1000 * ft},
		volume.Waypoint{At: place(t, 11.6, -29.4), AltMM: 9000 * ft, TimeNS: clock(t, "09:00:00")},
		volume.Waypoint{At: place(t, 12.4, -30), AltMM: 9000 * ft, TimeNS: clock(t, "09:24:00")})
	circle, err := volume.NewCircle(place(t, 12.1, -29.7), 12*nm)
	if err != nil {
		t.Fatal(err)
	}
	b := &volume.Entity{ID: "N-204", Party: "Aldmar", Volumes: []volume.Volume4D{{
		Footprint: circle,
		Band:      volume.Band{LowerMM: 9000 * ft, UpperMM: 16000 * ft},
		Window:    volume.Window{StartNS: clock(t, "08:45:00"), EndNS: clock(t, "10:00:00")},
	}}}
	near := conflict.Approach{
		TimeNS: clock(t, "09:13:56.7"), OtherNS: clock(t, "09:13:56.7"),
		HorizontalTenthMM: -175_547_000, CentreTenthMM: 65_209_000, VerticalMM: -1000 * ft,
		A: place(t, 12.0651, -29.7483), B: place(t, 12.1, -29.7),
	}
	v := &conflict.Verdict{
		A: conflict.Ref{ID: a.ID, Party: a.Party}, B: conflict.Ref{ID: b.ID, Party: b.Party}, Conflict: true,
		Minima: conflict.Minima{LateralMM: 5 * nm, VerticalMM: 2000 * ft},
		FromNS: clock(t, "09:06:48.7"), ToNS: clock(t, "09:21:04.6"),
		Parts: []conflict.Part{{
			A: conflict.PartRef{Kind: conflict.LegPart}, B: conflict.PartRef{Kind: conflict.VolumePart},
			FromNS: clock(t, "09:06:48.7"), ToNS: clock(t, "09:21:04.6"), Closest: near,
		}},
		MinHorizontal: &near, MinVertical: &near,
		LateralShortfallTenthMM: 268_147_000, VerticalShortfallMM: 3000 * ft,
	}
	return Conflict{v, a, b}
}

// dronesCrossing is two small craft whose paths cross, in metric units.
func dronesCrossing(t testing.TB) Conflict {
	buffers := volume.Buffers{LateralMM: 15_000, VerticalMM: 8_000, TimeNS: 3e9}
	a := route(t, "survey <1> & \"north\"", "", buffers,
		volume.Waypoint{At: place(t, 47.3977, 8.5456), AltMM: 480_000, TimeNS: clock(t, "14:00:00")},
		volume.Waypoint{At: place(t, 47.3977, 8.5496), AltMM: 520_000, TimeNS: clock(t, "14:00:40")},
		volume.Waypoint{At: place(t, 47.3997, 8.5496), AltMM: 520_000, TimeNS: clock(t, "14:01:10")},
		volume.Waypoint{At: place(t, 47.3997, 8.5456), AltMM: 500_000, TimeNS: clock(t, "14:02:00")})
	b := route(t, "delivery 9", "Ridgeline Power", buffers,
		volume.Waypoint{At: place(t, 47.3960, 8.5476), AltMM: 530_000, TimeNS: clock(t, "14:00:05")},
		volume.Waypoint{At: place(t, 47.4010, 8.5477), AltMM: 480_000, TimeNS: clock(t, "14:01:00")})
	near := conflict.Approach{
		TimeNS: clock(t, "14:00:20.5"), OtherNS: clock(t, "14:00:23.5"),
		HorizontalTenthMM: -120_000, CentreTenthMM: 180_000, VerticalMM: 4_000,
		A: place(t, 47.3977, 8.54765), B: place(t, 47.39768, 8.54763),
	}
	v := &conflict.Verdict{
		A: conflict.Ref{ID: a.ID}, B: conflict.Ref{ID: b.ID, Party: b.Party}, Conflict: true, WithinTolerance: true,
		Minima: conflict.Minima{LateralMM: 50_000, VerticalMM: 20_000},
		FromNS: clock(t, "14:00:15.2"), ToNS: clock(t, "14:00:27.9"),
		Parts: []conflict.Part{{
			A: conflict.PartRef{Kind: conflict.LegPart}, B: conflict.PartRef{Kind: conflict.LegPart},
			FromNS: clock(t, "14:00:15.2"), ToNS: clock(t, "14:00:27.9"), Closest: near,
		}},
		MinHorizontal: &near, MinVertical: &near, LateralShortfallTenthMM: 620_000, VerticalShortfallMM: 16_000,
	}
	return Conflict{v, a, b}
}

// flightInHugeZone is a short flight at the edge of a zone a thousand times its
// size, without floor or end.
func flightInHugeZone(t testing.TB) Conflict {
	a := route(t, "R-31", "Ridgeline Power", volume.Buffers{LateralMM: 30_000, VerticalMM: 10_000},
		volume.Waypoint{At: place(t, -45.28, -130.50), AltMM: 900_000, TimeNS: clock(t, "02:15:00")},
		volume.Waypoint{At: place(t, -45.275, -130.49), AltMM: 940_000, TimeNS: clock(t, "02:18:00")})
	ring, err := volume.NewPolygon([]geodesy.LatLng{
		place(t, -45.278, -130.505), place(t, -45.278, -128), place(t, -44, -128), place(t, -44, -130.505),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &volume.Entity{ID: "R-1", Party: "Tarrow Fire Agency", Kind: volume.Constraint, Type: "no_entry", Volumes: []volume.Volume4D{{
		Footprint: ring,
		Band:      volume.Band{LowerMM: volume.NoFloorMM, UpperMM: 2_000_000},
		Window:    volume.Window{StartNS: clock(t, "02:00:00"), EndNS: volume.ForeverNS},
	}}}
	near := conflict.Approach{
		TimeNS: clock(t, "02:17:00"), OtherNS: clock(t, "02:17:00"), CentreTenthMM: conflict.NoDistance, VerticalMM: -1_070_000,
		A: place(t, -45.27667, -130.49333), B: place(t, -45.27667, -130.49333),
	}
	v := &conflict.Verdict{
		A: conflict.Ref{ID: b.ID, Party: b.Party, Kind: b.Kind, Type: b.Type}, B: conflict.Ref{ID: a.ID, Party: a.Party}, Conflict: true,
		FromNS: clock(t, "02:16:01"), ToNS: clock(t, "02:18:00"),
		Parts: []conflict.Part{{
			A: conflict.PartRef{Kind: conflict.VolumePart}, B: conflict.PartRef{Kind: conflict.LegPart},
			FromNS: clock(t, "02:16:01"), ToNS: clock(t, "02:18:00"), Closest: near,
		}},
		MinHorizontal: &near, MinVertical: &near,
	}
	return Conflict{v, b, a}
}

// corridorAndPolygon is two volumes with lateral buffers.
func corridorAndPolygon(t testing.TB) Conflict {
	strip, err := volume.NewCorridor([]geodesy.LatLng{place(t, 60, 20), place(t, 60.02, 20.05), place(t, 60.01, 20.09)}, 300_000)
	if err != nil {
		t.Fatal(err)
	}
	area, err := volume.NewPolygon([]geodesy.LatLng{place(t, 60.012, 20.06), place(t, 60.02, 20.07), place(t, 60.03, 20.06), place(t, 60.025, 20.03)})
	if err != nil {
		t.Fatal(err)
	}
	w := volume.Window{StartNS: clock(t, "10:00:00"), EndNS: clock(t, "11:00:00")}
	a := &volume.Entity{ID: "A", Volumes: []volume.Volume4D{{Footprint: strip, Band: volume.Band{LowerMM: 100_000, UpperMM: 220_000}, Window: w, Buffers: volume.Buffers{LateralMM: 100_000, VerticalMM: 15_000, TimeNS: 120e9}}}}
	w.StartNS, w.EndNS = w.StartNS+1800e9, w.EndNS+1800e9
	b := &volume.Entity{ID: "B", Volumes: []volume.Volume4D{{Footprint: area, Band: volume.Band{LowerMM: 180_000, UpperMM: 300_000}, Window: w, Buffers: volume.Buffers{LateralMM: 60_000}}}}
	near := conflict.Approach{TimeNS: w.StartNS, OtherNS: w.StartNS, CentreTenthMM: conflict.NoDistance, VerticalMM: -55_000, A: place(t, 60.0165, 20.0598), B: place(t, 60.0165, 20.0598)}
	v := &conflict.Verdict{
		A: conflict.Ref{ID: "A"}, B: conflict.Ref{ID: "B"}, Conflict: true, Minima: conflict.Minima{LateralMM: 200_000, VerticalMM: 30_000},
		FromNS: w.StartNS, ToNS: w.StartNS + 1920e9,
		Parts:         []conflict.Part{{A: conflict.PartRef{Kind: conflict.VolumePart}, B: conflict.PartRef{Kind: conflict.VolumePart}, FromNS: w.StartNS, ToNS: w.StartNS + 1920e9, Closest: near}},
		MinHorizontal: &near, MinVertical: &near, LateralShortfallTenthMM: 2_000_000, VerticalShortfallMM: 85_000,
	}
	return Conflict{v, a, b}
}

var nautical = Units{geodesy.NauticalMile, geodesy.Foot}

func draw(t testing.TB, opt Options, cs ...Conflict) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, cs, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wellFormed(t testing.TB, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	d.Strict = true
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
	}
}

func TestDrawings(t *testing.T) {
	for _, c := range []struct {
		name  string
		units Units
		draw  Conflict
		want  []string
	}{
		{"relief", nautical, reliefAndCircle(t), []string{
			"H-17 (Harbour Relief) and N-204 (Aldmar) conflict, 2031-05-14 09:06:48–09:21:05Z",
			"overlap 9.479 NM at 09:13:57Z (centre to centre 3.521 NM); 5 NM required, 14.479 NM short",
			"overlap 1000 ft; 2000 ft required, 3000 ft short",
			"altitude above the ellipsoid, ft", ">20 NM<",
		}},
		{"drones", Units{}, dronesCrossing(t), []string{"survey &lt;1&gt; &amp; &quot;north&quot;", "Within numeric tolerance", "50 m required, 62.00 m short"}},
		{"huge", Units{}, flightInHugeZone(t), []string{
			"R-31 (Ridgeline Power) and R-1 (Tarrow Fire Agency) [zone, no entry] conflict,",
			"R-1 (no floor)", "Lateral: inside from 02:16:01Z to 02:18:00Z; must not overlap.", ">inside from 02:16:01Z to 02:18:00Z<",
		}},
		{"volumes", Units{}, corridorAndPolygon(t), []string{"Lateral: overlap; 200 m required, 200.00 m short.", "30 m required"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			svg := draw(t, Options{Units: c.units}, c.draw)
			wellFormed(t, svg)
			for _, w := range c.want {
				if !strings.Contains(svg, w) {
					t.Errorf("missing %q", w)
				}
			}
			if again := draw(t, Options{Units: c.units}, c.draw); again != svg {
				t.Error("two drawings of the same differ")
			}
			// PICTURE_DIR keeps the drawings for a look.
			if dir := os.Getenv("PICTURE_DIR"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, c.name+".svg"), []byte(svg), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestNumberLeftOutIsStated(t *testing.T) {
	var many []Conflict
	for range 5 {
		many = append(many, reliefAndCircle(t))
	}
	svg := draw(t, Options{Units: nautical, MaxPanels: 2}, many...)
	wellFormed(t, svg)
	if want := "2 of 5 conflicts drawn; 3 not drawn."; !strings.Contains(svg, want) {
		t.Errorf("missing %q", want)
	}
	if n := strings.Count(svg, "<clipPath id=\"plan"); n != 2 {
		t.Errorf("%d plans drawn, want 2", n)
	}
	svg = draw(t, Options{})
	wellFormed(t, svg)
	if !strings.Contains(svg, "No conflict to draw.") {
		t.Error("an empty drawing does not say so")
	}
}

func TestTextCannotBecomeMarkup(t *testing.T) {
	const hostile = "</text><script>alert(1)</script>\"'&\x00\x1b[2J\u202e\ufffe\xff"
	c := reliefAndCircle(t)
	c.Verdict.A.ID, c.Verdict.A.Party, c.Verdict.B.Party = hostile, hostile, strings.Repeat("<", 500)
	svg := draw(t, Options{Units: nautical}, c)
	wellFormed(t, svg)
	if strings.Contains(svg, "<script") {
		t.Error("text became markup")
	}
	if strings.ContainsAny(svg, "\x00\x1b\u202e") {
		t.Error("control characters got through")
	}
}

func TestManyVerticesStaySmall(t *testing.T) {
	var ring []geodesy.LatLng
	for i := range volume.MaxVertices {
		ring = append(ring, geodesy.Direct(place(t, 50, 10), float64(i)*360/volume.MaxVertices, 5000))
	}
	area, err := volume.NewPolygon(ring)
	if err != nil {
		t.Fatal(err)
	}
	c := corridorAndPolygon(t)
	c.B.Volumes[0].Footprint = area
	svg := draw(t, Options{}, c)
	wellFormed(t, svg)
	if len(svg) > 400_000 {
		t.Errorf("%d bytes for a polygon of %d vertices", len(svg), volume.MaxVertices)
	}
}

// Whatever the verdict and wherever on earth, a drawing is well formed, and no
// coordinate or size is absurd.
func TestDrawsAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string, lo, hi float64) float64 { return rapid.Float64Range(lo, hi).Draw(t, label) }
		lat, lng := pick("lat", -90, 90), pick("lng", -180, 180)
		centre, err := geodesy.NewLatLng(lat, lng)
		if err != nil {
			t.Fatal(err)
		}
		size := rapid.SampledFrom([]float64{1, 30, 1000, 50_000, 1_500_000}).Draw(t, "size")
		start := clockBase + rapid.Int64Range(0, 1e15).Draw(t, "start")
		length := rapid.SampledFrom([]int64{1, 1e6, 1e9, 3600e9, 400 * 86400e9}).Draw(t, "length")
		e := [2]*volume.Entity{}
		parts := [2]conflict.PartRef{}
		for side := range e {
			if e[side], err = anyEntity(t, "id", centre, size, start, length); err != nil {
				t.Skip(err)
			}
			parts[side] = conflict.PartRef{Kind: conflict.VolumePart}
			if e[side].Trajectories != nil {
				parts[side] = conflict.PartRef{Kind: conflict.LegPart}
			}
		}
		from, to := start+length/4, start+length/2
		if e[0].Volumes != nil && e[1].Volumes != nil && e[0].Volumes[0].Window.StartNS == volume.AlwaysNS && e[1].Volumes[0].Window.StartNS == volume.AlwaysNS {
			from, to = volume.AlwaysNS, volume.ForeverNS
		}
		at := geodesy.Direct(centre, 10, size/10)
		a := conflict.Approach{TimeNS: max(from, 0), OtherNS: max(from, 0), CentreTenthMM: conflict.NoDistance, A: at, B: centre}
		v := &conflict.Verdict{
			A: conflict.Ref{ID: "one"}, B: conflict.Ref{ID: "two"}, Conflict: true,
			Minima: conflict.Minima{LateralMM: rapid.Int64Range(0, int64(size*1000)).Draw(t, "L"), VerticalMM: rapid.Int64Range(0, 1e6).Draw(t, "V")},
			FromNS: from, ToNS: to, Parts: []conflict.Part{{A: parts[0], B: parts[1], FromNS: from, ToNS: to, Closest: a}},
			MinHorizontal: &a, MinVertical: &a,
		}
		var b bytes.Buffer
		if err := Write(&b, []Conflict{{v, e[0], e[1]}}, Options{}); err != nil {
			t.Fatal(err)
		}
		if problem := absurd(&b); problem != "" {
			t.Fatal(problem)
		}
	})
}

// anyEntity draws an entity of one trajectory or volume near a centre, about
// size metres large.
func anyEntity(t *rapid.T, id string, centre geodesy.LatLng, size float64, start, length int64) (*volume.Entity, error) {
	pick := func(label string, lo, hi float64) float64 { return rapid.Float64Range(lo, hi).Draw(t, label) }
	near := func() geodesy.LatLng {
		return geodesy.Direct(centre, pick("azimuth", 0, 360), size*pick("away", 0.05, 1))
	}
	e := &volume.Entity{ID: id}
	buffers := volume.Buffers{LateralMM: rapid.Int64Range(0, int64(size*500)).Draw(t, "lateral"), VerticalMM: rapid.Int64Range(0, 1e6).Draw(t, "vertical"), TimeNS: rapid.Int64Range(0, length).Draw(t, "time")}
	if rapid.Bool().Draw(t, "trajectory") {
		tr, err := volume.NewTrajectory([]volume.Waypoint{{At: near(), AltMM: 0, TimeNS: start}, {At: near(), AltMM: 1e5, TimeNS: start + length}}, buffers)
		e.Trajectories = []*volume.Trajectory{tr}
		return e, err
	}
	var f *volume.Footprint
	var err error
	switch rapid.IntRange(0, 2).Draw(t, "shape") {
	case 0:
		f, err = volume.NewCircle(near(), int64(size*1000))
	case 1:
		f, err = volume.NewCorridor([]geodesy.LatLng{near(), near()}, int64(size*100)+1)
	default:
		f, err = volume.NewPolygon([]geodesy.LatLng{near(), near(), near()})
	}
	v := volume.Volume4D{Footprint: f, Band: volume.Band{LowerMM: 0, UpperMM: 1e5}, Window: volume.Window{StartNS: start, EndNS: start + length}, Buffers: buffers}
	if rapid.Bool().Draw(t, "unbounded") {
		v.Band.LowerMM, v.Band.UpperMM = volume.NoFloorMM, volume.NoCeilingMM
		v.Window = volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	}
	e.Volumes = []volume.Volume4D{v}
	return e, err
}

// absurd names what is not well formed or no size or coordinate in a drawing,
// "" when there is nothing.
func absurd(svg io.Reader) string {
	d := xml.NewDecoder(svg)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return ""
		}
		if err != nil {
			return err.Error()
		}
		el, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, attr := range el.Attr {
			if strings.Contains(attr.Value, "NaN") || strings.Contains(attr.Value, "Inf") {
				return fmt.Sprintf("%s %s=%q", el.Name.Local, attr.Name.Local, attr.Value)
			}
			if attr.Name.Local == "width" || attr.Name.Local == "height" || attr.Name.Local == "r" {
				if n, err := strconv.ParseFloat(attr.Value, 64); err == nil && n < 0 {
					return fmt.Sprintf("%s %s=%q", el.Name.Local, attr.Name.Local, attr.Value)
				}
			}
		}
	}
}

// clockBase is 2031-05-14T00:00:00Z.
const clockBase = 1_936_483_200_000_000_000
