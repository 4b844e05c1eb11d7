package conflict_test

import (
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// randomEntity returns an entity of one random part about size metres large,
// within a few sizes of home.
func randomEntity(tb testing.TB, rng *rand.Rand, id string, home geodesy.LatLng, size float64) *volume.Entity {
	at := func() geodesy.LatLng {
		return geodesy.Direct(home, 360*rng.Float64(), 2*size*rng.Float64())
	}
	e := &volume.Entity{ID: id}
	const second = int64(1e9)
	b := volume.Buffers{}
	if rng.IntN(2) == 0 {
		b = volume.Buffers{LateralMM: int64(50 * size * rng.Float64()), VerticalMM: rng.Int64N(2000), TimeNS: rng.Int64N(20) * second}
	}
	kind := rng.IntN(4)
	if kind == 3 {
		var w []volume.Waypoint
		now := rng.Int64N(300) * second
		for range 2 + rng.IntN(4) {
			p := at()
			if len(w) > 0 && rng.IntN(4) == 0 {
				p = w[len(w)-1].At // hover
			}
			w = append(w, volume.Waypoint{At: p, AltMM: rng.Int64N(3) * 5000, TimeNS: now})
			now += (1 + rng.Int64N(100)) * second
		}
		b.LateralMM++
		b.VerticalMM++
		tr, err := volume.NewTrajectory(w, b)
		if err != nil {
			tb.Fatal(err)
		}
		e.Trajectories = []*volume.Trajectory{tr}
		return e
	}
	var f *volume.Footprint
	err := error(nil)
	for f == nil {
		switch kind {
		case 0:
			f, err = volume.NewCircle(at(), 1+int64(size*1000*rng.Float64()))
		case 1:
			f, err = volume.NewCorridor([]geodesy.LatLng{at(), at(), at()}, 1+int64(size*200*rng.Float64()))
		case 2:
			c, n := at(), 3+rng.IntN(60)
			ring := make([]geodesy.LatLng, n)
			for i := range ring {
				ring[i] = geodesy.Direct(c, 360*float64(i)/float64(n), size*(0.2+rng.Float64()))
			}
			f, err = volume.NewPolygon(ring)
		}
		if err != nil {
			f = nil // rounding can fold tiny rings; draw again
		}
	}
	lower := rng.Int64N(3) * 5000
	start := rng.Int64N(300) * second
	e.Volumes = []volume.Volume4D{{
		Footprint: f, Buffers: b,
		Band:   volume.Band{LowerMM: lower, UpperMM: lower + 5000},
		Window: volume.Window{StartNS: start, EndNS: start + (1+rng.Int64N(200))*second},
	}}
	return e
}

// TestDecideAgreesWithJudge compares the quick decision with the full verdict,
// both ways round, over all sizes and latitudes. DECONFLICT_AGREE sets the
// number of pairs; the default is 10,000.
func TestDecideAgreesWithJudge(t *testing.T) {
	pairs := 10_000
	if n, err := strconv.Atoi(os.Getenv("DECONFLICT_AGREE")); err == nil {
		pairs = n
	}
	if testing.Short() {
		pairs = 5_000
	}
	rng := rand.New(rand.NewPCG(11, 12))
	hits := 0
	for i := range pairs {
		size := math.Pow(10, 6*rng.Float64())
		lat := []float64{0, 30, 52, -70, 85, 89.9999, -90}[rng.IntN(7)]
		home, err := geodesy.NewLatLng(lat, []float64{0, 77, 179.9999}[rng.IntN(3)])
		if err != nil {
			t.Fatal(err)
		}
		a, b := randomEntity(t, rng, "a", home, size), randomEntity(t, rng, "b", home, size)
		m := conflict.Minima{LateralMM: int64(size * 100 * rng.Float64()), VerticalMM: rng.Int64N(6000), TimeNS: rng.Int64N(2) * 5e9}
		v, err := conflict.Judge(a, b, m)
		if err != nil {
			t.Fatal(err)
		}
		w, err := conflict.Judge(b, a, m)
		if err != nil || w.Digest != v.Digest {
			t.Fatalf("pair %d: the verdict depends on the order of the two", i)
		}
		d, err := conflict.Decide(b, a, m)
		if err != nil || d != v.Conflict {
			t.Fatalf("pair %d, size %.0f m, at %v: Decide says %v, Judge %v (%+v)", i, size, home, d, v.Conflict, v.MinHorizontal)
		}
		if !d {
			continue
		}
		hits++
		if v.FromNS > v.ToNS || v.MinHorizontal == nil || v.MinVertical == nil {
			t.Fatalf("pair %d: a conflict from %d to %d with %v and %v", i, v.FromNS, v.ToNS, v.MinHorizontal, v.MinVertical)
		}
		if h := v.MinHorizontal.HorizontalTenthMM; h > m.LateralMM*10+v.ToleranceTenthMM {
			t.Fatalf("pair %d: a conflict at %d tenths of a millimetre, minimum %d mm", i, h, m.LateralMM)
		}
		if v.MinVertical.VerticalMM > m.VerticalMM {
			t.Fatalf("pair %d: a conflict with a vertical gap of %d mm, minimum %d mm", i, v.MinVertical.VerticalMM, m.VerticalMM)
		}
	}
	if hits < pairs/50 {
		t.Errorf("only %d of %d pairs conflict: the test proves little", hits, pairs)
	}
	t.Logf("%d of %d pairs conflict", hits, pairs)
}
