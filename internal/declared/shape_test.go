package declared

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

const (
	hourNS = int64(3600e9)
	dayNS  = 24 * hourNS
	// base is 2031-04-06T00:00:00Z.
	base = int64(1933200000e9)
)

func circleAt(latE9, lngE9, radiusMM int64) Volume {
	return Volume{
		Footprint: Footprint{Circle: &Circle{Point{latE9, lngE9}, radiusMM}},
		Lower:     &Altitude{100_000, "AMSL"}, Upper: &Altitude{900_000, "AMSL"},
		Start: statement.Instant(base), End: statement.Instant(base + hourNS), HErrorMM: 5000,
	}
}

// draw returns any shape that can be placed.
func draw(t *rapid.T) Shape {
	reference := rapid.SampledFrom([]string{"W84", "AMSL"})
	point := func() Point {
		return Point{rapid.Int64Range(-89e9, 89e9).Draw(t, "lat"), rapid.Int64Range(-180e9, 180e9-1).Draw(t, "lng")}
	}
	var s Shape
	for range rapid.IntRange(0, 3).Draw(t, "volumes") {
		p := point()
		v := circleAt(p.LatE9, p.LngE9, rapid.Int64Range(1, 50_000_000).Draw(t, "radius"))
		if rapid.Bool().Draw(t, "corridor") {
			q := Point{p.LatE9 / 2, p.LngE9 / 2}
			v.Footprint = Footprint{Corridor: &Corridor{[]Point{p, {q.LatE9 + 1e9, q.LngE9}}, 2_000}}
		}
		ref := reference.Draw(t, "ref")
		v.Lower.Reference, v.Upper.Reference = ref, ref
		if rapid.Bool().Draw(t, "no floor") {
			v.Lower = nil
		}
		v.VErrorMM = rapid.Int64Range(0, 10_000).Draw(t, "v error")
		v.TErrorNS = rapid.Int64Range(0, dayNS).Draw(t, "t error")
		s.Volumes = append(s.Volumes, v)
	}
	for range rapid.IntRange(0, 2).Draw(t, "trajectories") {
		tr := Trajectory{HalfWidthMM: 10_000, VErrorMM: 2_000}
		ref, at, p := reference.Draw(t, "ref"), base, point()
		for range rapid.IntRange(2, 5).Draw(t, "points") {
			at += rapid.Int64Range(60e9, hourNS).Draw(t, "step")
			p.LatE9 = max(-89e9, min(89e9, p.LatE9+rapid.Int64Range(-1e9, 1e9).Draw(t, "north")))
			tr.Points = append(tr.Points, TimedPoint{p.LatE9, p.LngE9, Altitude{rapid.Int64Range(0, 9e6).Draw(t, "alt"), ref}, statement.Instant(at)})
		}
		s.Trajectories = append(s.Trajectories, tr)
	}
	return s
}

// TestRoundTrip: what is declared is what Of declares again, to the millimetre,
// the nanosecond and the reference, by way of JSON.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t)
		e, err := s.Entity(Label{ID: "a", Version: "1", Party: "p"})
		if err != nil {
			if len(s.Volumes)+len(s.Trajectories) > 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		back, err := Of(e)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(s, back); d != "" {
			t.Fatalf("declared (-) and declared again (+):\n%s", d)
		}
		text, err := statement.Marshal(back)
		if err != nil {
			t.Fatal(err)
		}
		var read Shape
		if err := statement.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		again, err := read.Entity(Label{ID: "a", Version: "1", Party: "p"})
		if err != nil {
			t.Fatal(err)
		}
		if conflict.EntityDigest(e) != conflict.EntityDigest(again) {
			t.Fatal("the entity changed on its way through JSON")
		}
	})
}

func TestErrorsNameTheMember(t *testing.T) {
	whole := func(change func(*Shape)) Shape {
		s := Shape{
			Volumes: []Volume{circleAt(1e9, 1e9, 1000)},
			Trajectories: []Trajectory{{Points: []TimedPoint{
				{1e9, 1e9, Altitude{0, "W84"}, statement.Instant(base)},
				{2e9, 1e9, Altitude{0, "W84"}, statement.Instant(base + hourNS)},
			}}},
		}
		change(&s)
		return s
	}
	for _, c := range []struct {
		name   string
		change func(*Shape)
		want   []string
	}{
		{"nothing", func(s *Shape) { *s = Shape{} }, []string{"found 0", "expected 1"}},
		{"feet above what", func(s *Shape) { s.Volumes[0].Upper.Reference = "feet" }, []string{"volumes[0].upper.reference", `"feet"`, "W84 or AMSL"}},
		{"above ground", func(s *Shape) { s.Trajectories[0].Points[1].Alt.Reference = "AGL" }, []string{"trajectories[0].points[1].alt.reference", `"AGL"`}},
		{"upper below lower", func(s *Shape) { s.Volumes[0].Upper.MM = 1 }, []string{"volumes[0].lower", "below"}},
		{"end before start", func(s *Shape) { s.Volumes[0].End = s.Volumes[0].Start }, []string{"volumes[0]"}},
		{"no radius", func(s *Shape) { s.Volumes[0].Footprint.Circle.RadiusMM = 0 }, []string{"volumes[0].footprint.circle"}},
		{"two footprints", func(s *Shape) { s.Volumes[0].Footprint.Polygon = []Point{{}, {}, {}} }, []string{"volumes[0].footprint", "found 2", "expected one"}},
		{"latitude", func(s *Shape) { s.Volumes[0].Footprint.Circle.Centre.LatE9 = 91e9 }, []string{"volumes[0].footprint.circle.centre", "91000000000"}},
		{"one point", func(s *Shape) { s.Trajectories[0].Points = s.Trajectories[0].Points[:1] }, []string{"trajectories[0].points", "found 1"}},
		{"time runs back", func(s *Shape) { s.Trajectories[0].Points[1].At = statement.Instant(base) }, []string{"trajectories[0].points[1]"}},
		{"negative error", func(s *Shape) { s.Volumes[0].HErrorMM = -1 }, []string{"volumes[0]"}},
		{"too many", func(s *Shape) { s.Volumes = make([]Volume, MaxParts+1) }, []string{"found 258"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := whole(c.change)
			err := s.Check()
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("found %q, expected it to name %q", err, want)
				}
			}
		})
	}
	s := whole(func(*Shape) {})
	if err := s.Check(); err != nil {
		t.Errorf("a good shape is refused: %v", err)
	}
	if from, to := s.Window(); int64(from) != base || int64(to) != base+hourNS {
		t.Errorf("window %v to %v", from, to)
	}
}

func TestUnlimitedCannotBeDeclared(t *testing.T) {
	s := Shape{Volumes: []Volume{circleAt(1e9, 1e9, 1000)}}
	e, err := s.Entity(Label{ID: "a", Kind: volume.Constraint, Type: "no_entry"})
	if err != nil {
		t.Fatal(err)
	}
	e.Volumes[0].Window.EndNS = volume.ForeverNS
	if _, err := Of(e); err == nil {
		t.Error("a volume without end was declared")
	}
}

// FuzzShape: any JSON is refused or placed; what is placed is declared again.
func FuzzShape(f *testing.F) {
	s := Shape{Volumes: []Volume{circleAt(1e9, 1e9, 1000)}}
	seed, err := json.Marshal(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"trajectories":[{"points":[{"lat_e9":0,"lng_e9":0,"alt":{"mm":0,"reference":"W84"},"at":"2031-04-06T00:00:00Z"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		text, err := statement.Canonical(data)
		if err != nil {
			return
		}
		var s Shape
		if statement.Unmarshal(text, &s) != nil {
			return
		}
		e, err := s.Entity(Label{ID: "a"})
		if err != nil {
			return
		}
		if err := conflict.Validate(e); err != nil {
			t.Fatalf("placed what cannot be judged: %v", err)
		}
		if _, err := Of(e); err != nil && !strings.Contains(err.Error(), "no start or no end") {
			t.Fatalf("placed what cannot be declared: %v", err)
		}
	})
}
