package conflict_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// starSet returns intents whose one volume is a star of 8 vertices, about 800 m
// across, in a place where about half of the pairs overlap.
func starSet(tb testing.TB, n int) []*volume.Entity {
	rng := rand.New(rand.NewPCG(7, 8))
	home, err := geodesy.NewLatLng(52, 8)
	if err != nil {
		tb.Fatal(err)
	}
	out := make([]*volume.Entity, n)
	for i := range out {
		c := geodesy.Direct(home, rng.Float64()*360, 700*math.Sqrt(rng.Float64()))
		ring := make([]geodesy.LatLng, 8)
		for k := range ring {
			ring[k] = geodesy.Direct(c, float64(k)*45, 200+200*rng.Float64())
		}
		f, err := volume.NewPolygon(ring)
		if err != nil {
			tb.Fatal(err)
		}
		out[i] = &volume.Entity{ID: fmt.Sprintf("S%03d", i), Volumes: []volume.Volume4D{{
			Footprint: f, Band: volume.Band{UpperMM: 100_000}, Window: volume.Window{EndNS: 1e12},
		}}}
	}
	return out
}

func BenchmarkDecide8(b *testing.B) {
	set := starSet(b, 256)
	for i := range b.N {
		if _, err := conflict.Decide(set[i&255], set[(i*7+1)&255], conflict.Minima{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJudge8(b *testing.B) {
	var set []*conflict.Subject
	for _, e := range starSet(b, 256) {
		s, err := conflict.Prepare(e)
		if err != nil {
			b.Fatal(err)
		}
		set = append(set, s)
	}
	for i := range b.N {
		if _, err := set[i&255].Judge(set[(i*7+1)&255], conflict.Minima{}); err != nil {
			b.Fatal(err)
		}
	}
}
