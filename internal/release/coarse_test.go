package release

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/volume"
)

// solid returns a volume over a footprint at 0 to 100 m from 0 to 1000 s.
func solid(t *testing.T, f *volume.Footprint, err error) volume.Volume4D {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return volume.Volume4D{Footprint: f, Band: volume.Band{UpperMM: 100_000}, Window: volume.Window{EndNS: 1000e9}}
}

func polygon(t *testing.T, ring ...geodesy.LatLng) volume.Volume4D {
	t.Helper()
	f, err := volume.NewPolygon(ring)
	return solid(t, f, err)
}

func circle(t *testing.T, at geodesy.LatLng, radiusMM int64) volume.Volume4D {
	t.Helper()
	f, err := volume.NewCircle(at, radiusMM)
	return solid(t, f, err)
}

// box returns a rectangle, in metres to the south-west and north-east of a
// place.
func box(t *testing.T, at geodesy.LatLng, westM, southM, eastM, northM float64) volume.Volume4D {
	t.Helper()
	corner := func(eastM, northM float64) geodesy.LatLng {
		return geodesy.Direct(at, math.Atan2(eastM, northM)*180/math.Pi, math.Hypot(eastM, northM))
	}
	return polygon(t, corner(westM, southM), corner(eastM, southM), corner(eastM, northM), corner(westM, northM))
}

func volumes(v ...volume.Volume4D) *volume.Entity { return &volume.Entity{Volumes: v} }

// inRing tells whether a ring winds around a place: the sum of the angles under
// which it is seen. It shares nothing with Contains but the geodesics.
func inRing(ring []geodesy.LatLng, p geodesy.LatLng) bool {
	sum := 0.0
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		line := geodesy.LineBetween(a, b)
		const steps = 12 // so that an edge turns by less than half a circle
		for s := range steps {
			_, from, _ := geodesy.Inverse(p, line.LatLng(line.DistanceM()*float64(s)/steps))
			_, to, _ := geodesy.Inverse(p, line.LatLng(line.DistanceM()*float64(s+1)/steps))
			sum += math.Remainder(to-from, 360)
		}
	}
	return math.Abs(sum) > 180
}

// outside returns how many of the sampled points of a grown fine volume are not
// in a coarse one.
func outside(rng *rand.Rand, coarse, fine *volume.Volume4D, samples int) (n int) {
	ring := fine.Footprint.Vertices()
	growM := float64(fine.Footprint.RadiusMM()+fine.Buffers.LateralMM) / 1000
	for range samples {
		k := rng.IntN(len(ring))
		p := ring[k]
		if len(ring) > 1 {
			line := geodesy.LineBetween(p, ring[(k+1)%len(ring)])
			p = line.LatLng(line.DistanceM() * rng.Float64())
		}
		if growM > 0 {
			p = geodesy.Direct(p, rng.Float64()*360, growM)
		}
		in := false
		if c := coarse.Footprint; c.Shape() == volume.Circle {
			d, _, _ := geodesy.Inverse(c.Vertices()[0], p)
			in = d <= float64(c.RadiusMM())/1000+1e-5 // a position is good to 0.1 mm
		} else {
			in = inRing(c.Vertices(), p)
		}
		if !in {
			n++
		}
	}
	return n
}

// rounded is the toy: coordinates with fewer digits pass for a coarse volume.
func rounded(t *testing.T, v volume.Volume4D, stepE9 int64) volume.Volume4D {
	t.Helper()
	ring := make([]geodesy.LatLng, 0, 4)
	round := func(e9 int64) int64 { return int64(math.Round(float64(e9)/float64(stepE9))) * stepE9 }
	for _, p := range v.Footprint.Vertices() {
		ring = append(ring, geodesy.LatLng{LatE9: round(p.LatE9), LngE9: round(p.LngE9)})
	}
	return polygon(t, ring...)
}

// D2: a coarse volume counts only if it holds the fine one.
func TestD2CoarseHoldsFine(t *testing.T) {
	at := geodesy.LatLng{LatE9: 12_104_900_000, LngE9: -29_704_900_000}
	fine := box(t, at, 0, 0, 2500, 1400)

	// The toy: two decimals of a degree are "coarser", so they pass. The rounded
	// area misses where the craft may be.
	toy := rounded(t, fine, 10_000_000)
	rng := rand.New(rand.NewPCG(1, 2))
	if n := outside(rng, &toy, &fine, 400); n < 40 {
		t.Fatalf("rounding moved only %d of 400 places out of the area, expected the toy to fail", n)
	}
	if err := Contains([]volume.Volume4D{toy}, volumes(fine)); err == nil {
		t.Error("a rounded area that the craft leaves was accepted")
	}

	good := box(t, at, -500, -500, 3000, 2000)
	if err := Contains([]volume.Volume4D{good}, volumes(fine)); err != nil {
		t.Errorf("a coarse volume around the fine one was refused: %v", err)
	}

	// What was committed to is what is opened.
	text, other := []byte(`{"volumes":[1]}`), []byte(`{"volumes":[2]}`)
	salt := "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	commitment, err := Commitment(text, salt)
	if err != nil || !ValidCommitment(commitment) {
		t.Fatalf("found the commitment %q, %v", commitment, err)
	}
	if err := Open(commitment, text, salt); err != nil {
		t.Error(err)
	}
	if err := Open(commitment, other, salt); !errors.Is(err, ErrNotCommitted) {
		t.Errorf("other volumes were opened: %v", err)
	}
	if err := Open(commitment, text, "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"); !errors.Is(err, ErrNotCommitted) {
		t.Errorf("another salt opened it: %v", err)
	}
	for name, bad := range map[string][2]string{"short salt": {`{}`, "AAEC"}, "not canonical": {`{ }`, salt}, "empty": {``, salt}} {
		if _, err := Commitment([]byte(bad[0]), bad[1]); err == nil {
			t.Errorf("%s: found no error", name)
		}
	}
}

// The commitment has a fixed form, which whoever opens it computes on their own:
// printf 'deconflict fine volumes v1\n' and the 32 bytes 0 to 31 and {} through
// sha256sum.
func TestCommitmentForm(t *testing.T) {
	got, err := Commitment([]byte(`{}`), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	if want := "UNOx_mlbiN3ub3xqqqRyRHmYJqKbrFjApxuSawDC0Ac"; err != nil || got != want {
		t.Errorf("found %q, %v, want %q", got, err, want)
	}
}

func TestContainsEachDimension(t *testing.T) {
	at := geodesy.LatLng{LatE9: 45e9, LngE9: 179_990_000_000} // over the antimeridian
	coarse := box(t, at, -3000, -3000, 3000, 3000)
	change := func(f func(*volume.Volume4D)) volume.Volume4D {
		v := box(t, at, -1000, -1000, 1000, 1000)
		f(&v)
		return v
	}
	line := []geodesy.LatLng{geodesy.Direct(at, 300, 1500), geodesy.Direct(at, 120, 1500)}
	corridor := func(halfMM int64) volume.Volume4D {
		f, err := volume.NewCorridor(line, halfMM)
		return solid(t, f, err)
	}
	for name, c := range map[string]struct {
		fine volume.Volume4D
		good bool
	}{
		"inside":                 {change(func(*volume.Volume4D) {}), true},
		"grown to 1 cm":          {change(func(v *volume.Volume4D) { v.Buffers.LateralMM = 1_999_990 }), true},
		"grown beyond":           {change(func(v *volume.Volume4D) { v.Buffers.LateralMM = 2_000_010 }), false},
		"earlier by a ns":        {change(func(v *volume.Volume4D) { v.Window.StartNS-- }), false},
		"time buffer":            {change(func(v *volume.Volume4D) { v.Buffers.TimeNS = 1 }), false},
		"time buffer at the end": {change(func(v *volume.Volume4D) { v.Window.StartNS, v.Buffers.TimeNS = 10, 10 }), false},
		"time buffer with room":  {change(func(v *volume.Volume4D) { v.Window.StartNS, v.Window.EndNS, v.Buffers.TimeNS = 10, 990e9, 10 }), true},
		"higher by a mm":         {change(func(v *volume.Volume4D) { v.Band.UpperMM++ }), false},
		"vertical buffer":        {change(func(v *volume.Volume4D) { v.Buffers.VerticalMM = 1 }), false},
		"error of heights":       {change(func(v *volume.Volume4D) { v.Datum.ErrorMM = 1 }), false},
		"corridor":               {corridor(900_000), true},
		"wide corridor":          {corridor(1_900_000), false},
		"circle":                 {circle(t, at, 2_999_990), true},
		"circle beyond":          {circle(t, at, 3_000_010), false},
		"around it":              {box(t, at, -9000, -9000, 9000, 9000), false},
		"far away":               {circle(t, geodesy.Direct(at, 10, 50_000), 1000), false},
		"touching from outside":  {box(t, at, 3000, -1000, 4000, 1000), false},
		"1 cm outside":           {box(t, at, 3000.01, -1000, 4000, 1000), false},
		"the coarse one itself":  {coarse, false}, // its edge is within the tolerance: refused, on the safe side
	} {
		if err := Contains([]volume.Volume4D{coarse}, volumes(c.fine)); (err == nil) != c.good {
			t.Errorf("%s: found %v, want good %v", name, err, c.good)
		}
	}
	round := circle(t, at, 2_000_000)
	for name, c := range map[string]struct {
		fine volume.Volume4D
		good bool
	}{
		"concentric":      {circle(t, at, 1_999_999), true},
		"equal":           {circle(t, at, 2_000_000), false},
		"off by 500 m":    {circle(t, geodesy.Direct(at, 77, 500), 1_499_990), true},
		"off and larger":  {circle(t, geodesy.Direct(at, 77, 500), 1_500_010), false},
		"corners inside":  {box(t, at, -1400, -1400, 1400, 1400), true},
		"corners outside": {box(t, at, -1420, -1420, 1420, 1420), false},
		"corridor":        {corridor(499_990), true},
		"wide corridor":   {corridor(500_010), false},
	} {
		if err := Contains([]volume.Volume4D{round}, volumes(c.fine)); (err == nil) != c.good {
			t.Errorf("circle, %s: found %v, want good %v", name, err, c.good)
		}
	}
	if Contains(nil, volumes(round)) == nil || Contains([]volume.Volume4D{round}, volumes()) == nil ||
		Contains([]volume.Volume4D{corridor(1000)}, volumes(round)) == nil {
		t.Error("nothing coarse, nothing fine or a coarse corridor: found no error")
	}
}

// Two bands above mean sea level compare as they stand; with one of them above
// the ellipsoid the error of the other counts.
func TestContainsSeaLevels(t *testing.T) {
	at := geodesy.LatLng{LatE9: 10e9, LngE9: 20e9}
	sea := func(v volume.Volume4D, lower, upper int64) volume.Volume4D {
		v.Datum = volume.Datum{Sea: true, ErrorMM: 2000}
		v.SeaBand = volume.Band{LowerMM: lower, UpperMM: upper}
		return v
	}
	coarse := circle(t, at, 2_000_000)
	fine := circle(t, at, 1_000_000)
	if err := Contains([]volume.Volume4D{sea(coarse, 0, 1000)}, volumes(sea(fine, 0, 1000))); err != nil {
		t.Errorf("equal levels above the sea: %v", err)
	}
	if Contains([]volume.Volume4D{sea(coarse, 0, 1000)}, volumes(sea(fine, 0, 1001))) == nil {
		t.Error("1 mm above the coarse ceiling: found no error")
	}
	if Contains([]volume.Volume4D{sea(coarse, 0, 1000)}, volumes(fine)) == nil {
		t.Error("heights known to 2 m passed as exact")
	}
}

func TestContainsTrajectories(t *testing.T) {
	at := geodesy.LatLng{LatE9: -45_200_000_000, LngE9: -130_400_000_000}
	way := func(eastM float64, altMM, ns int64) volume.Waypoint {
		return volume.Waypoint{At: geodesy.Direct(at, 90, eastM), AltMM: altMM, TimeNS: ns}
	}
	fly := func(b volume.Buffers, points ...volume.Waypoint) *volume.Entity {
		tr, err := volume.NewTrajectory(points, b)
		if err != nil {
			t.Fatal(err)
		}
		return &volume.Entity{Trajectories: []*volume.Trajectory{tr}}
	}
	west, east := box(t, at, -100, -500, 2000, 500), box(t, at, 1000, -500, 4100, 500)
	both := []volume.Volume4D{west, east}
	hover := fly(volume.Buffers{LateralMM: 50_000}, way(100, 50_000, 10), way(100, 50_000, 20))
	if err := Contains(both, hover); err != nil {
		t.Errorf("hover: %v", err)
	}
	if err := Contains(both, fly(volume.Buffers{LateralMM: 50_000}, way(0, 50_000, 10), way(1500, 60_000, 100e9), way(4000, 50_000, 200e9))); err != nil {
		t.Errorf("a waypoint where the volumes overlap: %v", err)
	}
	if Contains(both, fly(volume.Buffers{LateralMM: 50_000}, way(0, 50_000, 10), way(4000, 50_000, 200e9))) == nil {
		t.Error("a leg that lies in no volume alone: found no error")
	}
	if Contains(both, fly(volume.Buffers{LateralMM: 600_000}, way(500, 50_000, 10), way(600, 50_000, 200e9))) == nil {
		t.Error("a buffer wider than the volume: found no error")
	}
	if Contains(both, fly(volume.Buffers{}, way(500, 50_000, 10), way(600, 150_000, 200e9))) == nil {
		t.Error("a climb above the ceiling: found no error")
	}
}

// What is accepted lies inside, by another way of looking and by the outlines;
// what lies inside with room is accepted.
func TestContainsIsSafeAndUseful(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	accepted, refused := 0, 0
	for range 400 {
		at := geodesy.LatLng{LatE9: rng.Int64N(178e9) - 89e9, LngE9: rng.Int64N(360e9) - 180e9}
		sizeM := math.Pow(10, 1.5+3*rng.Float64())
		star := func(scale float64) []geodesy.LatLng {
			ring := make([]geodesy.LatLng, 3+rng.IntN(8))
			for i := range ring {
				azi := (float64(i) + 0.8*rng.Float64()) * 360 / float64(len(ring))
				ring[i] = geodesy.Direct(at, azi, sizeM*scale*(0.4+0.6*rng.Float64()))
			}
			return ring
		}
		f, err := volume.NewPolygon(star(1))
		if err != nil {
			continue
		}
		coarse := solid(t, f, err)
		if rng.IntN(4) == 0 {
			coarse = circle(t, at, int64(sizeM*1000))
		}
		scale := 0.1 + rng.Float64()
		var fine volume.Volume4D
		switch rng.IntN(3) {
		case 0:
			f, err = volume.NewCircle(geodesy.Direct(at, rng.Float64()*360, sizeM*0.3*rng.Float64()), int64(sizeM*300*scale)+1)
		case 1:
			f, err = volume.NewCorridor(star(scale)[:2], int64(sizeM*10)+1)
		default:
			f, err = volume.NewPolygon(star(scale))
		}
		if err != nil {
			continue
		}
		fine = solid(t, f, err)
		fine.Buffers.LateralMM = rng.Int64N(int64(sizeM * 20))
		out := outside(rng, &coarse, &fine, 40)
		if Contains([]volume.Volume4D{coarse}, volumes(fine)) != nil {
			refused++
			continue
		}
		accepted++
		if out > 0 {
			t.Errorf("accepted, but %d of 40 places lie outside: %v in %v", out, fine.Footprint.Vertices(), coarse.Footprint.Vertices())
		}
		a, err := outline.Of(&coarse)
		if err != nil {
			t.Fatal(err)
		}
		b, err := outline.Of(&fine)
		if err != nil {
			t.Fatal(err)
		}
		if !a.Contains(b) {
			t.Errorf("accepted, but the outline reaches out: %v in %v", fine.Footprint.Vertices(), coarse.Footprint.Vertices())
		}
	}
	if accepted < 60 || refused < 60 {
		t.Errorf("found %d accepted and %d refused, want enough of both to mean something", accepted, refused)
	}
	for range 100 {
		at := geodesy.LatLng{LatE9: rng.Int64N(178e9) - 89e9, LngE9: rng.Int64N(360e9) - 180e9}
		ring, small := make([]geodesy.LatLng, 6), make([]geodesy.LatLng, 6)
		sizeM := math.Pow(10, 1.5+3*rng.Float64())
		for i := range ring {
			azi, d := float64(i)*60+50*rng.Float64(), sizeM*(0.5+0.5*rng.Float64())
			ring[i], small[i] = geodesy.Direct(at, azi, d), geodesy.Direct(at, azi, d*0.98)
		}
		if err := Contains([]volume.Volume4D{polygon(t, ring...)}, volumes(polygon(t, small...))); err != nil {
			t.Errorf("a star around itself, 2 %% larger, was refused: %v", err)
		}
	}
}

func TestAreaTime(t *testing.T) {
	at := geodesy.LatLng{LatE9: 45e9}
	got, err := AreaTimeM2S([]volume.Volume4D{box(t, at, 0, 0, 2000, 1000), box(t, at, 0, 0, 1000, 1000)})
	if want := 3e6 * 1000.0; err != nil || math.Abs(float64(got)-want) > 0.02*want {
		t.Errorf("found %d, %v, want about %.0f", got, err, want)
	}
	endless := box(t, at, 0, 0, 4e6, 4e6)
	endless.Window = volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	if got, err := AreaTimeM2S([]volume.Volume4D{endless}); err != nil || got != 1<<53 {
		t.Errorf("found %d, %v, want the largest integer", got, err)
	}
}
