package volume

import "testing"

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
