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

// Rings around circles leave them by no more than the tolerance, either way.
func TestCircleTrace(t *testing.T) {
	rng := rand.New(rand.NewPCG(27, 28))
	outside, inside := 0, 0
	for range 400 {
		at, radius := anyPlace(rng), math.Pow(10, 6*rng.Float64())
		s := shape{vertices: []geodesy.LatLng{at}, radiusM: radius}
		guess := s.guess()
		p := pen{tracer: tracer{level: guess.level()}}
		ring := p.circle(at, radius, 0)
		if len(ring) >= circleParts {
			continue // next to a cap it is as fine as it gets
		}
		for k := range 20 {
			i := rng.IntN(len(ring) - 1)
			a, b := ring[i], ring[i+1].after(ring[i])
			f := float64(k%2) / 2 // corners and the middles between
			x := math.Mod(a.unrolled()+f*(b.unrolled()-a.unrolled())+2*turnE9, turnE9)
			y := a.y + f*(b.y-a.y)
			q := geodesy.LatLng{LatE9: int64(y) - originE9, LngE9: int64(x) - turnE9/2}
			if p.level.atPole(p.level.rowOf(y)) {
				continue
			}
			d, azi, _ := geodesy.Inverse(at, q)
			dy, dx := planeGap(geodesy.Direct(at, azi, radius), x, y)
			tolY, tolX := p.level.toleranceE9(q.LatE9)
			_, cos := geodesy.SincosDeg(float64(q.LatE9) / 1e9)
			// All that adds up is less than 1/512 of a cell; rounding comes on top.
			if dy > tolY*toleranceParts/512+3 || dx > tolX*toleranceParts/512+3/cos {
				t.Fatalf("circle of %.3f m at %v, %d corners: %v is off by %.3g, %.3g, tolerance %.3g, %.3g (1e-9 degree)",
					radius, at, len(ring), q, dy, dx, tolY, tolX)
			}
			if tolM := p.level.toleranceM(at, radius); d > radius+tolM/8 {
				outside++
			} else if d < radius-tolM/8 {
				inside++
			}
		}
	}
	t.Logf("%d places clearly outside, %d inside", outside, inside)
	if outside < 500 || inside < 500 {
		t.Errorf("%d places outside and %d inside: the tolerance is not shared between both sides", outside, inside)
	}
}
