package outline

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// The outline of a shape below a kilometre reaches on average at most 2 m
// beyond its edge. For a random direction the mean is (|cos| + |sin|) metres over
// cells of 2 m: 1.27.
func TestGrowth(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, lat := range []float64{0, 35, -52, 70, -88} {
		sum, count := 0.0, 0
		for range 150 {
			at, err := geodesy.NewLatLng(lat+0.4*rng.Float64(), 360*rng.Float64()-180)
			if err != nil {
				t.Fatal(err)
			}
			r := 20 + 400*rng.Float64()
			ring := make([]geodesy.LatLng, 8)
			for i := range ring {
				ring[i] = geodesy.Direct(at, float64(i)*45+20*rng.Float64(), r)
			}
			f, err := volume.NewPolygon(ring)
			if err != nil {
				t.Fatal(err)
			}
			o := must(t, solid(f))
			for i, p := range ring {
				// Outward from a place on an edge until no cell is marked.
				q := ring[(i+1)%8]
				d, azi, _ := geodesy.Inverse(p, q)
				from := geodesy.Direct(p, azi, d*rng.Float64())
				out := 0.0
				for marks(o, geodesy.Direct(from, azi-90, out)) {
					out += 0.05
				}
				sum += out
				count++
				if out > 6 {
					t.Errorf("%v: the outline reaches %.2f m beyond an edge", from, out)
				}
			}
		}
		mean := sum / float64(count)
		t.Logf("latitude %v: %.2f m", lat, mean)
		if mean > 2 || mean < 0.5 {
			t.Errorf("latitude %v: mean growth %.2f m", lat, mean)
		}
	}
}

// comb returns a ring of the given number of corners with long teeth from south
// to north.
func comb(corners int, at geodesy.LatLng, sizeE9 int64) []geodesy.LatLng {
	ring := make([]geodesy.LatLng, 0, corners)
	n := int64(corners-2) / 2
	for i := range n {
		x := at.LngE9 + sizeE9*i/n
		if i%2 == 0 {
			ring = append(ring, geodesy.LatLng{LatE9: at.LatE9, LngE9: x}, geodesy.LatLng{LatE9: at.LatE9 + sizeE9, LngE9: x})
		} else {
			ring = append(ring, geodesy.LatLng{LatE9: at.LatE9 + sizeE9, LngE9: x}, geodesy.LatLng{LatE9: at.LatE9, LngE9: x})
		}
	}
	return append(ring,
		geodesy.LatLng{LatE9: at.LatE9 - sizeE9/10, LngE9: at.LngE9 + sizeE9},
		geodesy.LatLng{LatE9: at.LatE9 - sizeE9/10, LngE9: at.LngE9 - sizeE9/10})
}

// hostile returns valid volumes made to cost much.
var hostile = sync.OnceValue(func() map[string]volume.Volume4D {
	all := map[string]volume.Volume4D{}
	add := func(name string) func(f *volume.Footprint, err error) {
		return func(f *volume.Footprint, err error) {
			if err != nil {
				panic(fmt.Sprintf("%s: %v", name, err))
			}
			all[name] = solid(f)
		}
	}
	add("comb of 10,000 corners, 900 m")(volume.NewPolygon(comb(10_000, geodesy.LatLng{LatE9: 10e9, LngE9: 20e9}, 8e6)))
	add("comb of 10,000 corners, 100 km")(volume.NewPolygon(comb(10_000, geodesy.LatLng{LatE9: 50e9, LngE9: 20e9}, 900e6)))
	add("comb of 1,000 corners, 900 m")(volume.NewPolygon(comb(1_000, geodesy.LatLng{LatE9: 10e9, LngE9: 20e9}, 8e6)))
	add("comb of 300 corners, 900 m")(volume.NewPolygon(comb(300, geodesy.LatLng{LatE9: 10e9, LngE9: 20e9}, 8e6)))
	add("comb of 120 corners over bands")(volume.NewPolygon(comb(120, geodesy.LatLng{LatE9: 10e9, LngE9: 20e9}, 800e6)))
	add("circle of 1,000 km")(volume.NewCircle(geodesy.LatLng{LatE9: 40e9}, 1_000_000_000))
	add("circle of 1,000 km at the pole")(volume.NewCircle(geodesy.LatLng{LatE9: 89e9}, 1_000_000_000))
	add("circle of 5,000 km at the antimeridian")(volume.NewCircle(geodesy.LatLng{LngE9: -180e9}, 5_000_000_000))
	add("circle through the pole")(volume.NewCircle(geodesy.LatLng{LatE9: 89_990_000_000}, 1_117_000))
	rng := rand.New(rand.NewPCG(1, 1))
	ring := star(rng, geodesy.LatLng{LatE9: 60e9}, 10_000, 50_000)
	add("star of 10,000 corners, 50 km")(volume.NewPolygon(ring))
	add("star of 10,000 corners at the pole")(volume.NewPolygon(star(rng, geodesy.LatLng{LatE9: -90e9}, 10_000, 50_000)))
	add("corridor of 5,000 km")(volume.NewCorridor([]geodesy.LatLng{{LatE9: 60e9, LngE9: -40e9}, {LatE9: 60e9, LngE9: 50e9}}, 1000_000))
	return all
})

// What is made to cost much stays small, and can be compared.
func TestHostileShapesAreBounded(t *testing.T) {
	for name, v := range hostile() {
		o := must(t, v)
		t.Logf("%s: %d bytes, %.3g km2", name, len(o.cells), o.AreaKM2())
		if len(o.cells) > MaxCellsBytes {
			t.Errorf("%s: %d bytes", name, len(o.cells))
		}
		if !o.Meets(o) || !o.Contains(o) {
			t.Errorf("%s: it does not hold itself", name)
		}
	}
}

// An outline does not depend on which corner comes first or which way round
// they run.
func TestOrderMakesNoDifference(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for range rounds(t, 1_000) {
		at, size := anyPlace(rng), sizeAt(rng)
		ring := star(rng, at, 3+rng.IntN(12), size)
		f, err := volume.NewPolygon(ring)
		if err != nil {
			continue
		}
		want := must(t, solid(f))
		k := rng.IntN(len(ring))
		other := append(slices.Clone(ring[k:]), ring[:k]...)
		if rng.IntN(2) == 0 {
			slices.Reverse(other)
		}
		g, err := volume.NewPolygon(other)
		if err != nil {
			t.Fatal(err)
		}
		if got := must(t, solid(g)); !got.Equal(want) {
			t.Fatalf("a ring of %d corners of %.0f m at %v differs when it starts at %d", len(ring), size, at, k)
		}
	}
}

// The area of outlines of large shapes is that of the shapes.
func TestAreaKM2(t *testing.T) {
	for _, c := range []struct {
		at geodesy.LatLng
		rM float64
	}{
		{geodesy.LatLng{LatE9: 0, LngE9: 179_999_999_999}, 100_000},
		{geodesy.LatLng{LatE9: 90e9}, 100_000},
		{geodesy.LatLng{LatE9: -89_500_000_000, LngE9: 5e9}, 100_000},
		{geodesy.LatLng{LatE9: 52e9, LngE9: 5e9}, 5_000},
	} {
		f, err := volume.NewCircle(c.at, int64(c.rM*1000))
		if err != nil {
			t.Fatal(err)
		}
		got, want := must(t, solid(f)).AreaKM2(), math.Pi*c.rM*c.rM/1e6
		if got < 0.99*want || got > 1.03*want {
			t.Errorf("circle of %.0f m at %v: %.5g km2, want about %.5g", c.rM, c.at, got, want)
		}
	}
}
