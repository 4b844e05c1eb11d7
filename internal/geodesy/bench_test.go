package geodesy

import (
	"math/rand/v2"
	"testing"
)

// benchPairs are 512 pairs of positions about as far apart as span degrees.
func benchPairs(span int64) [][2]LatLng {
	rng := rand.New(rand.NewPCG(9, 9))
	pairs := make([][2]LatLng, 512)
	for i := range pairs {
		p := LatLng{rng.Int64N(120e9) - 60e9, rng.Int64N(360e9) - 180e9}
		q := LatLng{p.LatE9 + rng.Int64N(2*span) - span, wrapE9(p.LngE9 + rng.Int64N(2*span) - span)}
		pairs[i] = [2]LatLng{p, q}
	}
	return pairs
}

func BenchmarkInverse(b *testing.B) {
	for _, c := range []struct {
		name   string
		spanE9 int64
	}{{"1km", 1e7}, {"100km", 1e9}, {"3000km", 3e10}} {
		b.Run(c.name, func(b *testing.B) {
			pairs := benchPairs(c.spanE9)
			for i := 0; b.Loop(); i++ {
				p := &pairs[i%len(pairs)]
				Inverse(p[0], p[1])
			}
		})
	}
}

func BenchmarkLatLngECEF(b *testing.B) {
	pairs := benchPairs(1e9)
	for i := 0; b.Loop(); i++ {
		pairs[i%len(pairs)][0].ECEF()
	}
}

func BenchmarkFromECEF(b *testing.B) {
	v := LatLng{47e9, 8e9}.ECEF()
	for b.Loop() {
		FromECEF(v)
	}
}

func BenchmarkNewLine(b *testing.B) {
	p := LatLng{47e9, 8e9}
	for b.Loop() {
		NewLine(p, 33)
	}
}

func BenchmarkLineECEF(b *testing.B) {
	l := NewLine(LatLng{47e9, 8e9}, 33)
	s := 0.0
	for b.Loop() {
		l.ECEF(s)
		s += 10
	}
}

func BenchmarkLineLatLng(b *testing.B) {
	l := NewLine(LatLng{47e9, 8e9}, 33)
	for b.Loop() {
		l.LatLng(10000)
	}
}

func BenchmarkGeoidHeightM(b *testing.B) {
	pairs := benchPairs(1e9)
	for i := 0; b.Loop(); i++ {
		GeoidHeightM(pairs[i%len(pairs)][0])
	}
}

func BenchmarkToW84(b *testing.B) {
	p := LatLng{47e9, 8e9}
	for b.Loop() {
		if _, err := (Altitude{500_000, AMSL}).ToW84(p, Datum{}); err != nil {
			b.Fatal(err)
		}
	}
}
