package outline

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// anyPlace returns a place anywhere, a third of the time next to a pole.
func anyPlace(rng *rand.Rand) geodesy.LatLng {
	lat := rng.Int64N(180e9+1) - 90e9
	if rng.IntN(3) == 0 {
		lat = 90e9 - int64(math.Pow(10, 10*rng.Float64()))
		if rng.IntN(2) == 0 {
			lat = -lat
		}
	}
	lng := rng.Int64N(360e9) - 180e9
	if rng.IntN(3) == 0 {
		lng = -180e9 + rng.Int64N(1000)
	}
	return geodesy.LatLng{LatE9: lat, LngE9: lng}
}

// planeGap returns how far apart on each axis, in 1e-9 degree, a place and a
// point of the plane are.
func planeGap(at geodesy.LatLng, x, y float64) (dy, dx float64) {
	p := pointOf(at)
	dx = math.Mod(math.Abs(p.x-x), turnE9)
	return math.Abs(p.y - y), min(dx, turnE9-dx)
}

// The parabola of bend stays within its own bound of the geodesic, but for the
// rounding of positions to 1e-9 degree.
func TestTraceError(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	worstY, worstX, used := 0.0, 0.0, 0
	for range 200_000 {
		p := anyPlace(rng)
		q := geodesy.Direct(p, 360*rng.Float64(), math.Pow(10, 1+5.5*rng.Float64()))
		if !inOrder(p, q) {
			p, q = q, p
		}
		c := bend(p, q)
		l := level{uint8(rng.IntN(maxRowLevel + 1)), uint8(rng.IntN(maxColLevel + 1))}
		tr := tracer{level: l}
		n := tr.parts(&c, p, q)
		if n == 0 || l.atPole(l.rowOf(float64(p.LatE9+originE9))) {
			continue
		}
		used++
		line := geodesy.LineBetween(p, q)
		a, b := pointOf(p), pointOf(q)
		b = b.after(a)
		for k := 1; k < 8; k++ {
			// The geodesic is compared where it has the same share of arc.
			f := float64(k) / 8
			h := 4 * f * (1 - f)
			y := a.y + f*(b.y-a.y) + h*c.y
			x := a.x + f*(b.unrolled()-a.unrolled()) + h*c.x
			dy, dx := planeGap(line.LatLng(line.DistanceM()*f), x, y)
			_, cos := geodesy.SincosDeg((y - originE9) / 1e9)
			if dy > c.ty+1.5 || dx > c.tx+1.5/cos {
				t.Fatalf("%v to %v, %.0f m: off by %.3g, %.3g at %v, bound %.3g, %.3g", p, q, line.DistanceM(), dy, dx, f, c.ty, c.tx)
			}
			if dy > 100 {
				worstY = max(worstY, dy/c.ty)
			}
			if dx > 100/cos {
				worstX = max(worstX, dx/c.tx)
			}
		}
	}
	t.Logf("%d pieces, at most %.2f and %.2f of the bound", used, worstY, worstX)
	if used < 20_000 {
		t.Errorf("only %d pieces were short enough", used)
	}
}
