package oracle

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// randomStrands returns two geodesics of about sizeM, that far from each other,
// somewhere on earth.
func randomStrands(r *rand.Rand, sizeM float64) (a, b *strand) {
	c := geodesy.LatLng{LatE9: int64((r.Float64() - 0.5) * 180e9), LngE9: int64((r.Float64() - 0.5) * 360e9)}
	near := func() geodesy.LatLng { return geodesy.Direct(c, 360*r.Float64(), sizeM*(0.01+r.Float64())) }
	edge := func() *strand {
		e, length := edgeBetween(near(), near())
		return &strand{curve: e, hi: length}
	}
	return edge(), edge()
}

// TestBoundsHold checks what everything rests on: nowhere in a patch is the
// distance below the bounds laid at a point of it.
func TestBoundsHold(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	tight := 0
	for i := range 4000 {
		sizeM := math.Pow(10, 6.5*r.Float64())
		a, b := randomStrands(r, sizeM)
		part := math.Pow(10, -4*r.Float64())
		u, w := r.Float64()*a.hi, r.Float64()*b.hi
		n := &node{a: a, b: b, patch: rectangle(u, min(a.hi, u+part*a.hi), w, min(b.hi, w+part*b.hi))}
		for _, bound := range n.falls() {
			for range 20 {
				c := corner{n.patch[0].u + r.Float64()*(n.patch[2].u-n.patch[0].u), n.patch[0].w + r.Float64()*(n.patch[2].w-n.patch[0].w)}
				d := look(a.at(c.u), b.at(c.w))
				low := bound.lipschitz
				if bound.ok {
					low = max(low, bound.linear.at(c))
				}
				if d.distM+d.errM < low {
					t.Fatalf("pair %d of %g m: %v m at %v, the bound from %v is %v", i, sizeM, d.distM, c, bound.corner, low)
				}
				if low > d.distM*0.999 {
					tight++
				}
			}
		}
	}
	if tight < 50_000 {
		t.Errorf("only %d of 160,000 bounds are within a thousandth of the distance", tight)
	}
}

// TestLookIsSmooth compares the two ways in which look finds a distance where
// they meet, and the directions with differences of distances.
func TestLookIsSmooth(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 2000 {
		p := geodesy.LatLng{LatE9: int64((r.Float64() - 0.5) * 180e9), LngE9: int64((r.Float64() - 0.5) * 360e9)}
		sizeM := nearM * math.Pow(10, 2*r.Float64()-1)
		l := geodesy.NewLine(p, 360*r.Float64())
		s := look(p.ECEF(), l.ECEF(sizeM))
		if math.Abs(s.distM-sizeM) > s.errM {
			t.Fatalf("%v m along a geodesic from %v are %v m", sizeM, p, s.distM)
		}
		step := sizeM / 1000
		on := l.ECEF(sizeM + step).Sub(l.ECEF(sizeM - step)).Scale(1 / (2 * step))
		off := l.ECEF(step).Sub(l.ECEF(-step)).Scale(1 / (2 * step))
		if d := on.Sub(s.to).Norm(); d > s.dirErr+1e-6 {
			t.Fatalf("the direction at the end is off by %v", d)
		}
		if d := off.Sub(s.from).Norm(); d > s.dirErr+1e-6 {
			t.Fatalf("the direction at the start is off by %v", d)
		}
	}
}

// TestNearestAgainstSamples compares nearest and extreme with plain sampling.
func TestNearestAgainstSamples(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	const n = 60
	for range 200 {
		a, b := randomStrands(r, math.Pow(10, 6*r.Float64()))
		patch := rectangle(0, a.hi, 0, b.hi)
		got, _ := nearest([]*node{{a: a, b: b, patch: patch}}, func(lo, hi float64) bool { return hi-lo < 1e-6*(1+hi) })
		least, first := math.Inf(1), math.Inf(1)
		need := got.Hi + 0.2*min(a.hi, b.hi)
		for i := range n + 1 {
			for k := range n + 1 {
				u, w := a.hi*float64(i)/n, b.hi*float64(k)/n
				d := look(a.at(u), b.at(w)).distM
				least = min(least, d)
				if d < need {
					first = min(first, u)
				}
			}
		}
		if got.Lo > least || got.Hi < least-(a.hi+b.hi)/n {
			t.Fatalf("nearest %v m, samples %v", got, least)
		}
		x, _ := extreme([]*node{{a: a, b: b, patch: patch}}, need, 1e-6*a.hi, func(*node) []linear { return []linear{{cu: 1}} })
		if x.Lo > first || x.Hi-x.Lo > 1e-5*a.hi {
			t.Fatalf("first %v, samples %v", x, first)
		}
	}
}
