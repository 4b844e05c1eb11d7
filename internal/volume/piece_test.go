package volume

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
)

func place(t testing.TB, lat, lng float64) geodesy.LatLng {
	t.Helper()
	p, err := geodesy.NewLatLng(lat, lng)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPieceInterpolation compares points of pieces with the geodesic itself.
func TestPieceInterpolation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	worst := 0.0
	for range 20_000 {
		p := place(t, math.Asin(2*rng.Float64()-1)*180/math.Pi, rng.Float64()*360-180)
		length := math.Pow(10, rng.Float64()*4.3) // 1 m to 20 km
		q := geodesy.Direct(p, rng.Float64()*360-180, length)
		line := geodesy.LineBetween(p, q)
		r := newRun(spotOf(p), spotOf(q), 0, 1)
		f := rng.Float64()
		s, v := r.at(f)
		off := s.p.Sub(line.ECEF(f * line.DistanceM())).Norm()
		if limit := 1e-8 + 5e-9*line.DistanceM(); off > limit {
			t.Fatalf("%v to %v, %.0f m, at %.3f: off by %.3g m, limit %.3g", p, q, length, f, off, limit)
		}
		worst = max(worst, off)
		if math.Abs(v.Norm()-line.DistanceM()) > 1e-7+1e-11*length {
			t.Fatalf("speed %v, want %v", v.Norm(), line.DistanceM())
		}
	}
	t.Logf("largest deviation %.3g m", worst)
}

// TestSeparation compares distances by chord and normals with the geodesic
// inverse problem.
func TestSeparation(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	worst := map[int]float64{}
	for range 50_000 {
		p := place(t, math.Asin(2*rng.Float64()-1)*180/math.Pi, rng.Float64()*360-180)
		decade := rng.IntN(7)
		q := geodesy.Direct(p, rng.Float64()*360-180, math.Pow(10, float64(decade)+rng.Float64()))
		want, _, _ := geodesy.Inverse(p, q)
		a, b := spotOf(p), spotOf(q)
		got := separation(&a, &b)
		off := math.Abs(got - want)
		worst[decade] = max(worst[decade], off)
		if limit := 2e-8 + 1e-9*want; off > limit {
			t.Fatalf("%v to %v: %.9f m, want %.9f, off by %.3g, limit %.3g", p, q, got, want, off, limit)
		}
	}
	t.Logf("largest error by decade %v", worst)
}
