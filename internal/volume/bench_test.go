package volume

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// star returns a star-shaped polygon of n vertices, about 800 m across.
func star(t testing.TB, rng *rand.Rand, centre geodesy.LatLng, n int) *Footprint {
	ring := make([]geodesy.LatLng, n)
	for i := range ring {
		ring[i] = geodesy.Direct(centre, float64(i)*360/float64(n), 200+200*rng.Float64())
	}
	f, err := NewPolygon(ring)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func starVolumes(t testing.TB, n, vertices int) []Volume4D {
	rng := rand.New(rand.NewPCG(7, uint64(vertices)))
	home := place(t, 52, 8)
	out := make([]Volume4D, n)
	for i := range out {
		c := geodesy.Direct(home, rng.Float64()*360, 700*math.Sqrt(rng.Float64()))
		out[i] = Volume4D{Footprint: star(t, rng, c, vertices), Band: Band{0, 100_000}, Window: Window{0, 1e12}}
	}
	return out
}

func BenchmarkDecideVolumes(b *testing.B) {
	for _, vertices := range []int{4, 8, 32, 100} {
		b.Run(map[int]string{4: "4", 8: "8", 32: "32", 100: "100"}[vertices], func(b *testing.B) {
			v := starVolumes(b, 256, vertices)
			hits := 0
			b.ResetTimer()
			for i := range b.N {
				if Volumes(&v[i&255], &v[(i*7+1)&255], Need{}, false).Conflict {
					hits++
				}
			}
			b.ReportMetric(float64(hits)/float64(b.N), "hit-share")
		})
	}
}

func BenchmarkDetailVolumes8(b *testing.B) {
	v := starVolumes(b, 256, 8)
	for i := range b.N {
		Volumes(&v[i&255], &v[(i*7+1)&255], Need{}, true)
	}
}

func flights(t testing.TB, n, legs int) []*Trajectory {
	rng := rand.New(rand.NewPCG(9, uint64(legs)))
	home := place(t, 52, 8)
	out := make([]*Trajectory, n)
	for i := range out {
		at := geodesy.Direct(home, rng.Float64()*360, 3000*math.Sqrt(rng.Float64()))
		w := []Waypoint{{At: at, AltMM: 100_000}}
		for k := range legs {
			leg := 200 + 600*rng.Float64()
			at = geodesy.Direct(at, rng.Float64()*360, leg)
			w = append(w, Waypoint{At: at, AltMM: 80_000 + rng.Int64N(40_000), TimeNS: w[k].TimeNS + int64(leg/12*1e9)})
		}
		tr, err := NewTrajectory(w, Buffers{LateralMM: 10_000, VerticalMM: 5_000})
		if err != nil {
			t.Fatal(err)
		}
		out[i] = tr
	}
	return out
}

func BenchmarkTrajectories10(b *testing.B) {
	for _, detail := range []bool{false, true} {
		name := "decide"
		if detail {
			name = "detail"
		}
		b.Run(name, func(b *testing.B) {
			f := flights(b, 256, 10)
			need := Need{LateralMM: 30_000, VerticalMM: 10_000}
			hits := 0
			b.ResetTimer()
			for i := range b.N {
				hit := false
				Encounters(f[i&255], f[(i*7+1)&255], need, detail, func(c Contact) bool { hit = hit || c.Conflict; return detail })
				if hit {
					hits++
				}
			}
			b.ReportMetric(float64(hits)/float64(b.N), "hit-share")
		})
	}
}
