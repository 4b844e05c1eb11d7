package volume

import (
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// TestHeightsAboveTheSea holds that levels declared above mean sea level are
// compared as declared, and any other pair above the ellipsoid with the errors
// of conversion.
func TestHeightsAboveTheSea(t *testing.T) {
	f, err := NewCircle(place(t, 12, -30), 2_000_000)
	if err != nil {
		t.Fatal(err)
	}
	const geoidMM = -25_000
	block := func(sea bool, lower, upper int64) *Volume4D {
		v := &Volume4D{Footprint: f, Window: Window{0, 1e12}, Band: Band{lower, upper}}
		if sea {
			v.Datum = Datum{Sea: true, ErrorMM: 1160}
			v.SeaBand = v.Band
			// Placed on the ellipsoid the band also covers the geoid's slope.
			v.Band = Band{lower + geoidMM - 100, upper + geoidMM + 100}
		} else {
			v.Band = Band{lower + geoidMM, upper + geoidMM}
		}
		return v
	}
	flight := func(sea bool, from, to int64) *Trajectory {
		w := []Waypoint{
			{At: place(t, 12, -30.01), AltMM: from + geoidMM, SeaMM: from},
			{At: place(t, 12, -29.99), AltMM: to + geoidMM, SeaMM: to, TimeNS: 1e11},
		}
		d := Datum{}
		if sea {
			d = Datum{Sea: true, ErrorMM: 1160}
		}
		tr, err := NewTrajectoryOn(d, w, Buffers{LateralMM: 1})
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	conflicts := func(a, b any, verticalMM int64) (hit bool) {
		need := Need{LateralMM: 1000, VerticalMM: verticalMM}
		visit := func(c Contact) bool { hit = hit || c.Conflict; return true }
		switch a := a.(type) {
		case *Volume4D:
			hit = Volumes(a, b.(*Volume4D), need, true).Conflict
		case *Trajectory:
			if v, ok := b.(*Volume4D); ok {
				Transits(a, v, need, true, visit)
			} else {
				Encounters(a, b.(*Trajectory), need, true, visit)
			}
		}
		return hit
	}
	for _, c := range []struct {
		name string
		a, b any
		// The gap is 100 m: least minimum, in mm, that makes a conflict.
		least int64
	}{
		{"two volumes above the sea", block(true, 0, 100_000), block(true, 200_000, 300_000), 100_001},
		{"two volumes above the ellipsoid", block(false, 0, 100_000), block(false, 200_000, 300_000), 100_001},
		{"a volume of each", block(true, 0, 100_000), block(false, 200_000, 300_000), 100_001 - 1160 - 100},
		{"flight and volume above the sea", flight(true, 300_000, 400_000), block(true, 0, 200_000), 100_001},
		{"level flight and volume above the sea", flight(true, 300_000, 300_000), block(true, 0, 200_000), 100_001},
		{"flight above the sea, volume above the ellipsoid", flight(true, 300_000, 300_000), block(false, 0, 200_000), 100_001 - 1160},
		{"two flights above the sea", flight(true, 300_000, 300_000), flight(true, 400_000, 400_000), 100_001},
		{"two climbs above the sea", flight(true, 300_000, 200_000), flight(true, 400_000, 500_000), 100_001},
		{"a flight of each", flight(true, 300_000, 300_000), flight(false, 400_000, 400_000), 100_001 - 1160},
	} {
		if conflicts(c.a, c.b, c.least-1) {
			t.Errorf("%s: a minimum of %d mm conflicts", c.name, c.least-1)
		}
		if !conflicts(c.a, c.b, c.least) {
			t.Errorf("%s: a minimum of %d mm is clear", c.name, c.least)
		}
	}
}

// TestClimbThatJustReaches holds climbs whose height is exactly the required
// separation at one instant, where float64 leaves a sliver of conflict.
func TestClimbThatJustReaches(t *testing.T) {
	w := func(lat, lng, alt, ns int64) Waypoint {
		return Waypoint{At: geodesy.LatLng{LatE9: lat, LngE9: lng}, AltMM: alt, TimeNS: ns}
	}
	a, err := NewTrajectory([]Waypoint{
		w(-51931332613, -67654181314, 18549, 1935738044375341518), w(-51930664443, -67652011939, 79127, 1935738045240326863),
		w(-51931016174, -67648004191, 79127, 1935738046971327452),
	}, Buffers{LateralMM: 139489})
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewTrajectory([]Waypoint{
		w(-51928376688, -67659658462, 152437, 1935738034486060174), w(-51926526501, -67654939679, 79128, 1935738044605926117),
		w(-51925080637, -67650689505, 167844, 1935738051801972471),
	}, Buffers{LateralMM: 59274, TimeNS: 972790243})
	if err != nil {
		t.Fatal(err)
	}
	for verticalMM, want := range map[int64]bool{1: false, 2: true} {
		hit := false
		Encounters(a, b, Need{LateralMM: 8504638, VerticalMM: verticalMM}, true, func(c Contact) bool {
			hit = hit || c.Conflict
			return true
		})
		if hit != want {
			t.Errorf("minimum %d mm: conflict %v, want %v", verticalMM, hit, want)
		}
	}
}
