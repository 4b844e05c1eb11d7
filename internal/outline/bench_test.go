package outline

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// octagon returns a volume of 8 corners within 100 m of a place.
func octagon(b *testing.B, at geodesy.LatLng) volume.Volume4D {
	ring := make([]geodesy.LatLng, 8)
	for i := range ring {
		ring[i] = geodesy.Direct(at, float64(i)*45+7, 100)
	}
	f, err := volume.NewPolygon(ring)
	if err != nil {
		b.Fatal(err)
	}
	return solid(f)
}

func BenchmarkOf(b *testing.B) {
	at := geodesy.LatLng{LatE9: 52e9, LngE9: 8e9}
	rng := rand.New(rand.NewPCG(1, 1))
	cases := maps.Clone(hostile())
	cases["octagon of 200 m"] = octagon(b, at)
	circle, err := volume.NewCircle(at, 100_000)
	if err != nil {
		b.Fatal(err)
	}
	cases["circle of 100 m"] = solid(circle)
	corridor, err := volume.NewCorridor(star(rng, at, 5, 1000), 20_000)
	if err != nil {
		b.Fatal(err)
	}
	cases["corridor of 2 km"] = solid(corridor)
	for name, v := range cases {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Of(&v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMeets(b *testing.B) {
	at := geodesy.LatLng{LatE9: 52e9, LngE9: 8e9}
	octagons := func(apartM float64) [2]Volume {
		return [2]Volume{
			must(b, octagon(b, at)),
			must(b, octagon(b, geodesy.Direct(at, 40, apartM))),
		}
	}
	for name, pair := range map[string][2]Volume{
		"overlap":               octagons(100),
		"boxes overlap, clear":  octagons(205),
		"apart but not in time": octagons(1000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			hits := 0
			for b.Loop() {
				if pair[0].Meets(pair[1]) {
					hits++
				}
			}
		})
	}
}
