package outline

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// nested is a volume that lies in another.
type nested struct {
	how      string
	in, hold volume.Volume4D
}

// anyNested draws a pair of which one holds the other, at a random place.
func anyNested(t *testing.T, rng *rand.Rand) (n nested, ok bool) {
	at, size := anyPlace(rng), math.Pow(10, 1+4.5*rng.Float64())
	polygon := func(ring []geodesy.LatLng) volume.Volume4D {
		f, err := volume.NewPolygon(ring)
		if err != nil {
			return volume.Volume4D{}
		}
		return solid(f)
	}
	circle := func(at geodesy.LatLng, r float64) volume.Volume4D {
		f, err := volume.NewCircle(at, int64(r*1000))
		if err != nil {
			t.Fatal(err)
		}
		return solid(f)
	}
	around := func(k int, r float64) []geodesy.LatLng {
		ring := make([]geodesy.LatLng, k)
		for i := range ring {
			ring[i] = geodesy.Direct(at, (float64(i)+0.7*rng.Float64())*360/float64(k), r)
		}
		return ring
	}
	switch rng.IntN(8) {
	case 0:
		n = nested{"circle in circle", circle(at, size*(0.2+0.79*rng.Float64())), circle(at, size)}
	case 1:
		n = nested{"corners on circles, one smaller", polygon(around(4+rng.IntN(20), size*0.999)), circle(at, size)}
	case 2: // some corners of a convex polygon
		ring := around(5+rng.IntN(20), size)
		some := slices.Clone(ring)
		for len(some) > 3 && rng.IntN(6) > 0 {
			k := rng.IntN(len(some))
			some = slices.Delete(some, k, k+1)
		}
		n = nested{"some corners of a polygon", polygon(some), polygon(ring)}
	case 3: // the same with a buffer
		a, _ := anyShape(rng, at, size)
		b := a
		b.Buffers.LateralMM += 10 + rng.Int64N(int64(size*100))
		n = nested{"less buffer", a, b}
	case 4: // round a corner of a corridor
		line := star(rng, at, 3, size)
		half := int64(size*20) + 1
		f, err := volume.NewCorridor(line, half)
		if err != nil {
			return n, false
		}
		g, err := volume.NewCircle(line[1], half)
		if err != nil {
			t.Fatal(err)
		}
		n = nested{"end of a corridor", solid(g), solid(f)}
	case 5: // a leg of a corridor
		line := star(rng, at, 4, size)
		half := int64(size*20) + 1
		f, err := volume.NewCorridor(line, half)
		if err != nil {
			return n, false
		}
		g, err := volume.NewCorridor(line[1:3], half)
		if err != nil {
			return n, false
		}
		n = nested{"leg of a corridor", solid(g), solid(f)}
	case 6: // shrunken towards the middle
		size = min(size, 20_000)
		ring := around(4+rng.IntN(8), size)
		small := make([]geodesy.LatLng, len(ring))
		k := 0.5 + 0.49*rng.Float64()
		for i, p := range ring {
			_, azi, _ := geodesy.Inverse(at, p)
			small[i] = geodesy.Direct(at, azi, size*k)
		}
		n = nested{"shrunken polygon", polygon(small), polygon(ring)}
	default: // a circle in a polygon
		ring := around(5+rng.IntN(8), size)
		near := size
		for i, p := range ring {
			l := geodesy.LineBetween(p, ring[(i+1)%len(ring)])
			for s := range 400 {
				d, _, _ := geodesy.Inverse(at, l.LatLng(l.DistanceM()*float64(s)/400))
				near = min(near, d)
			}
		}
		n = nested{"circle in a polygon", circle(at, near*0.99), polygon(ring)}
	}
	return n, n.in.Footprint != nil && n.hold.Footprint != nil
}

// What lies in a volume has its cells among the volume's.
func TestOutlinesAreMonotone(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	count := map[string]int{}
	for range rounds(t, 2_500) {
		n, ok := anyNested(t, rng)
		if !ok {
			continue
		}
		in, hold := must(t, n.in), must(t, n.hold)
		count[n.how]++
		if !hold.Contains(in) {
			t.Errorf("%s: %v %v in %v %v (levels %v and %v)", n.how, n.in.Footprint.Shape(), n.in.Footprint.Vertices(),
				n.hold.Footprint.Shape(), n.hold.Footprint.Vertices(), []byte(in.cells[:2]), []byte(hold.cells[:2]))
		}
		if !in.Meets(hold) || !hold.Meets(in) {
			t.Fatalf("%s: they do not meet", n.how)
		}
	}
	t.Log(count)
	for _, how := range []string{"circle in circle", "some corners of a polygon", "less buffer", "leg of a corridor"} {
		if count[how] < 150 {
			t.Errorf("only %d of %q", count[how], how)
		}
	}
}
