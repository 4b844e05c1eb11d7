package terms

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

const nauticalMileMM = 1_852_000

func at(t testing.TB, lat, lng float64) geodesy.LatLng {
	t.Helper()
	p, err := geodesy.NewLatLng(lat, lng)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func point(lat, lng float64) declared.Point {
	return declared.Point{LatE9: int64(math.Round(lat * 1e9)), LngE9: int64(math.Round(lng * 1e9))}
}

// orrin is the meridian 30°00' W: the League works west of it, which is to the
// left going north.
var orrin = Line{
	Name: "Orrin", Points: []declared.Point{point(11, -30), point(13, -30)},
	Left: "el", Right: "nc", BufferMM: 5 * nauticalMileMM, NoticeNS: hour, ReadBack: true,
}

func TestLineGolden(t *testing.T) {
	n204, err := volume.NewCircle(at(t, 12.10, -29.70), 12*nauticalMileMM)
	if err != nil {
		t.Fatal(err)
	}
	standing, mm := orrin.Reach("nc", n204)
	if got := math.Round(float64(mm)/nauticalMileMM*100) / 100; standing != OwnSide || got != 5.63 {
		t.Errorf("N-204 is %s, %v NM from the line, want own_side, 5.63 NM", standing, got)
	}
	if standing, _ := orrin.Reach("el", n204); standing != OtherSide {
		t.Errorf("for the other party N-204 is %s, want other_side", standing)
	}
	const start = int64(1_772_600_000) * second
	e88, err := volume.NewTrajectory([]volume.Waypoint{
		{At: at(t, 12.30, -30.60), AltMM: 6_400_000, TimeNS: start},
		{At: at(t, 12.00, -29.20), AltMM: 6_400_000, TimeNS: start + 14*minute},
	}, volume.Buffers{})
	if err != nil {
		t.Fatal(err)
	}
	found := orrin.Crossings(e88)
	if len(found) != 1 {
		t.Fatalf("found %d crossings, want 1", len(found))
	}
	lat, lng := found[0].At.Degrees()
	if d := found[0].TimeNS - start - 6*minute; d < -second || d > second {
		t.Errorf("crosses %d ns off 09:26:00", d)
	}
	if math.Abs(lat-12.1723) > 0.01/60 || math.Abs(lng+30) > 1e-7 || found[0].From != "el" || found[0].To != "nc" {
		t.Errorf("crosses at %v %v from %s to %s, want 12.1723 -30 from el to nc", lat, lng, found[0].From, found[0].To)
	}
}

func TestLineStanding(t *testing.T) {
	bent := Line{
		Points: []declared.Point{point(50, 10), point(51, 10), point(51, 11)}, // north, then a turn to the right
		Left:   "a", Right: "b", BufferMM: 1_000_000,
	}
	for _, tc := range []struct {
		line     Line
		lat, lng float64
		want     Standing // for the party on the left
	}{
		{orrin, 12, -30.5, OwnSide},
		{orrin, 12, -30.05, InBuffer},
		{orrin, 12, -30, InBuffer},
		{orrin, 12, -29.99, OtherSide},
		{orrin, 14, -30.01, OwnSide}, // beyond the end it is far from the line, yet on a side
		{orrin, 14, -29.99, OtherSide},
		{bent, 50.5, 9.9, OwnSide},
		{bent, 51.1, 9.9, OwnSide}, // outside the bend
		{bent, 51.005, 9.995, InBuffer},
		{bent, 50.9, 10.1, OtherSide}, // inside it
		{bent, 51.2, 12, OwnSide},     // beyond the last end
		{bent, 50.8, 12, OtherSide},
	} {
		if got := tc.line.Standing(tc.line.Left, at(t, tc.lat, tc.lng)); got != tc.want {
			t.Errorf("%v %v is %s, want %s", tc.lat, tc.lng, got, tc.want)
		}
	}
	// Exactly the buffer away is clear.
	p := geodesy.Direct(at(t, 12, -30), 90, 5*1852+0.01)
	q := geodesy.Direct(at(t, 12, -30), 90, 5*1852-0.01)
	if orrin.Standing("nc", p) != OwnSide || orrin.Standing("nc", q) != InBuffer {
		t.Errorf("a centimetre outside the buffer is %s, inside %s", orrin.Standing("nc", p), orrin.Standing("nc", q))
	}
}

// The distance must be that of the shapes that decide conflicts, which is found
// in quite another way.
func TestLineDistanceAgreesWithShapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lat := rapid.Float64Range(-89, 89).Draw(t, "lat")
		lng := rapid.Float64Range(-180, 179).Draw(t, "lng")
		first, err := geodesy.NewLatLng(lat, lng)
		if err != nil {
			t.Fatal(err)
		}
		draw := func(name string, mostM float64) geodesy.LatLng {
			return geodesy.Direct(first, rapid.Float64Range(0, 360).Draw(t, name+" bearing"), rapid.Float64Range(100, mostM).Draw(t, name+" distance"))
		}
		second, p := draw("end", 300_000), draw("point", 300_000)
		l := Line{Points: []declared.Point{declared.PointOf(first), declared.PointOf(second)}, Left: "a", Right: "b"}
		dot, err := volume.NewCircle(p, 1)
		if err != nil {
			t.Fatal(err)
		}
		_, reach := l.Reach("a", dot)
		got := l.Side(p).DistanceMM
		// The dot is a millimetre wide; the shapes are good to 1 mm per 5 km.
		if d := got - reach; d < -130 || d > 130 {
			t.Fatalf("distance %d mm, by shapes %d mm", got, reach)
		}
	})
}

// Whoever goes over the line changes sides, as often as crossings are told.
func TestCrossingsChangeSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lat := rapid.Float64Range(-80, 80).Draw(t, "lat")
		a, _ := geodesy.NewLatLng(lat, rapid.Float64Range(-180, 179).Draw(t, "lng"))
		course := rapid.Float64Range(0, 360).Draw(t, "course")
		b := geodesy.Direct(a, course, 100_000)
		c := geodesy.Direct(b, course+rapid.Float64Range(-80, 80).Draw(t, "turn"), 100_000)
		l := Line{Points: []declared.Point{declared.PointOf(a), declared.PointOf(b), declared.PointOf(c)}, Left: "l", Right: "r"}
		var points []volume.Waypoint
		for i := range rapid.IntRange(2, 6).Draw(t, "waypoints") {
			// Near the bend, so that nobody goes round an end.
			p := geodesy.Direct(b, rapid.Float64Range(0, 360).Draw(t, "bearing"), rapid.Float64Range(10, 40_000).Draw(t, "distance"))
			points = append(points, volume.Waypoint{At: p, TimeNS: int64(i) * minute})
		}
		path, err := volume.NewTrajectory(points, volume.Buffers{})
		if err != nil {
			t.Skip(err)
		}
		from, to := l.Side(points[0].At), l.Side(points[len(points)-1].At)
		if from.DistanceMM < 10 || to.DistanceMM < 10 {
			t.Skip("begins or ends on the line")
		}
		side := from.Side
		for _, x := range l.Crossings(path) {
			if x.From != side || x.To == side {
				t.Fatalf("crosses from %s to %s, being on side %s", x.From, x.To, side)
			}
			if d := l.Side(x.At).DistanceMM; d > 5 {
				t.Fatalf("crosses %d mm from the line", d)
			}
			side = x.To
		}
		if side != to.Side {
			t.Fatalf("ends on side %s by crossings, %s by place", side, to.Side)
		}
	})
}

// What is passed over cheaply is what the exact search finds no crossing in.
func TestPassedIsNoCrossing(t *testing.T) {
	cheap, crossed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		lat := rapid.Float64Range(-89, 89).Draw(t, "lat")
		lng := rapid.Float64Range(-180, 179).Draw(t, "lng")
		first, err := geodesy.NewLatLng(lat, lng)
		if err != nil {
			t.Fatal(err)
		}
		far := rapid.SampledFrom([]float64{1e3, 1e5, 1e6, 3e6}).Draw(t, "far")
		near := func(name string) geodesy.LatLng {
			return geodesy.Direct(first, rapid.Float64Range(0, 360).Draw(t, name+" bearing"), rapid.Float64Range(1, far).Draw(t, name+" distance"))
		}
		second, from, to := near("end"), near("from"), near("to")
		s := newLeg(first, second)
		if s.passed(from.ECEF(), to.ECEF()) {
			cheap++
			if along, ok := newLeg(from, to).crossing(s); ok {
				t.Fatalf("passed over a crossing %f m along", along)
			}
			return
		}
		if _, ok := newLeg(from, to).crossing(s); ok {
			crossed++
		}
	})
	if (cheap < 10 || crossed < 10) && !testing.Short() {
		t.Errorf("passed over %d and found %d crossings, expected some of both", cheap, crossed)
	}
}
