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
