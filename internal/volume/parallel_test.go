package volume

import (
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
)

func waypointOf(lat, lng, alt, ns int64) Waypoint {
	return Waypoint{At: geodesy.LatLng{LatE9: lat, LngE9: lng}, AltMM: alt, TimeNS: ns}
}

func fly(t testing.TB, b Buffers, w ...Waypoint) *Trajectory {
	t.Helper()
	tr, err := NewTrajectory(w, b)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestSameRoute holds craft that fly one route with time between them: their
// directions are parallel, so that where they are nearest is not one point but
// a line of them.
func TestSameRoute(t *testing.T) {
	const start = 1935738000000000000
	a := fly(t, Buffers{LateralMM: 84, VerticalMM: 9840, TimeNS: 28418186},
		waypointOf(29994302246, 112326520948, 119771, start), waypointOf(29994300604, 112326514210, 179780, start+204844833),
		waypointOf(29994299164, 112326511207, 113003, start+293548401))
	b := fly(t, Buffers{},
		waypointOf(29994302246, 112326520948, 109160, start), waypointOf(29994300604, 112326514210, 169169, start+204844833),
		waypointOf(29994299164, 112326511207, 102392, start+293548401))
	from, to, hit := int64(1)<<62, int64(0), false
	Encounters(a, b, Need{LateralMM: 706, VerticalMM: 12507}, true, func(c Contact) bool {
		if c.Conflict {
			from, to, hit = min(from, c.FromNS), max(to, c.ToNS), true
		}
		return true
	})
	if !hit || from != start || to != start+293548401 {
		t.Errorf("formation flight: conflict %v from %d to %d, want the whole flight from %d", hit, from, to, int64(start))
	}

	c := fly(t, Buffers{LateralMM: 120611, TimeNS: 71630930262},
		waypointOf(88269275, 6872931954, 204644, 1935738039851016788), waypointOf(74440138, 6858807996, 204644, 1935738267818582926),
		waypointOf(33546448, 6838881324, 204644, 1935738807132029141), waypointOf(12600852, 6806326730, 204644, 1935739277223370417))
	d := fly(t, Buffers{LateralMM: 16804, VerticalMM: 2263, TimeNS: 1875793461},
		waypointOf(88269275, 6872931954, 166314, 1935738647084922308), waypointOf(74440138, 6858807996, 171627, 1935738669607578695),
		waypointOf(33546448, 6838881324, 242974, 1935738680709110254))
	vertical := int64(1) << 62
	hit = false
	Encounters(c, d, Need{VerticalMM: 1, TimeNS: 52373951769}, true, func(c Contact) bool {
		hit = hit || c.Conflict
		if c.Vertical.Known {
			vertical = min(vertical, c.Vertical.GapMM)
		}
		return true
	})
	if !hit || vertical > 0 {
		t.Errorf("overtaking on one route: conflict %v, least gap %d mm, want one and at most 0", hit, vertical)
	}
}

func hits(t *testing.T, a, b any, need Need) (hit bool) {
	t.Helper()
	for _, detail := range []bool{false, true} {
		found := false
		visit := func(c Contact) bool { found = found || c.Conflict; return true }
		if v, ok := b.(*Volume4D); ok {
			Transits(a.(*Trajectory), v, need, detail, visit)
		} else {
			Encounters(a.(*Trajectory), b.(*Trajectory), need, detail, visit)
		}
		if detail && found != hit {
			t.Errorf("decision %v, with detail %v", hit, found)
		}
		hit = found
	}
	return hit
}

// TestSteepJump holds a climb of 100 m within nanoseconds, late in a long
// flight, with time buffers.
func TestSteepJump(t *testing.T) {
	const day = 86_400_000_000_000
	for _, jump := range []int64{1, 10, 100, 1e6, 1e9} {
		a := fly(t, Buffers{TimeNS: 1e9}, waypointOf(10e9, 10e9, 0, 0), waypointOf(10e9, 10e9, 0, day),
			waypointOf(10e9, 10e9, 100_000, day+jump))
		b := fly(t, Buffers{}, waypointOf(10e9, 10e9, 50_000, day-5e9), waypointOf(10e9, 10e9, 50_000, day+5e9))
		if !hits(t, a, b, Need{LateralMM: 1000, VerticalMM: 10}) {
			t.Errorf("a jump in %d ns through the other's level is clear", jump)
		}
	}
}

// TestSlowClimb holds a climb too slow to show in a short common window.
func TestSlowClimb(t *testing.T) {
	const day = 86_400_000_000_000
	disc, err := NewCircle(geodesy.LatLng{LatE9: 10e9, LngE9: 10e9}, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	a := fly(t, Buffers{}, waypointOf(10e9, 10e9, 1_000_000, 0), waypointOf(10e9, 10e9, 1_000_001, 30*day))
	for _, ns := range []int64{1, 1000, 1e6, 1e9} {
		v := &Volume4D{Footprint: disc, Band: Band{0, 5_000_000}, Window: Window{10 * day, 10*day + ns}}
		if !hits(t, a, v, Need{}) {
			t.Errorf("a window of %d ns deep inside the band is clear", ns)
		}
		v.Band = Band{0, 1_000_000}
		if hits(t, a, v, Need{}) {
			t.Errorf("a window of %d ns above the band conflicts", ns)
		}
	}
}

// TestLastNanosecond holds that flights up to the longest allowed are compared
// to the nanosecond.
func TestLastNanosecond(t *testing.T) {
	disc, err := NewCircle(geodesy.LatLng{LatE9: 10e9, LngE9: 10e9}, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	a := fly(t, Buffers{}, waypointOf(10e9, 10e9, 1000, 0), waypointOf(10e9, 10e9, 1000, MaxFlightNS))
	for start, want := range map[int64]bool{MaxFlightNS - 1: true, MaxFlightNS: false} {
		v := &Volume4D{Footprint: disc, Band: Band{0, 5000}, Window: Window{start, start + 1e9}}
		if got := hits(t, a, v, Need{}); got != want {
			t.Errorf("a window from %d ns before the end: conflict %v, want %v", MaxFlightNS-start, got, want)
		}
	}
}

// TestConcaveArea holds that the least vertical gap is looked for only where
// the craft is laterally too close: not between the arms of a U.
func TestConcaveArea(t *testing.T) {
	u := &Volume4D{
		Footprint: polygon(t, -.1, 0, -.1, .04, .1, .04, .1, .03, -.05, .03, -.05, .01, .1, .01, .1, 0),
		Band:      Band{500_000, 510_000}, Window: Window{0, 1e12},
	}
	a := fly(t, Buffers{}, waypointOf(0, -.01e9, 0, 0), waypointOf(0, .05e9, 1_010_000, 600e9))
	var least Closest
	Transits(a, u, Need{LateralMM: 1000, VerticalMM: 10_000}, true, func(c Contact) bool {
		if c.Conflict {
			t.Error("conflict between the arms")
		}
		least = c.Vertical
		return true
	})
	// It leaves the first arm, 0.01 degree wide, a third of the way along.
	if !least.Known || least.BaseM > 1.01 || least.GapMM < 160_000 || least.GapMM > 165_000 {
		t.Errorf("least vertical gap %d mm at %.1f m, want about 163,000 mm within 1 m", least.GapMM, least.BaseM)
	}
}
