package geodesy

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// anyLatLng draws positions everywhere, with poles, equator, antimeridian and
// places within a metre of them well represented.
func anyLatLng() *rapid.Generator[LatLng] {
	return rapid.Custom(func(t *rapid.T) LatLng {
		lat := rapid.OneOf(
			rapid.Int64Range(-90e9, 90e9),
			rapid.SampledFrom([]int64{-90e9, -45e9, 0, 45e9, 90e9}),
			rapid.Int64Range(90e9-10_000, 90e9),
			rapid.Int64Range(-10_000, 10_000),
		).Draw(t, "lat")
		lng := rapid.OneOf(
			rapid.Int64Range(-180e9, 180e9-1),
			rapid.SampledFrom([]int64{-180e9, -90e9, 0, 90e9, 180e9 - 1}),
			rapid.Int64Range(-10_000, 10_000),
		).Draw(t, "lng")
		return LatLng{lat, lng}
	})
}

func TestNewLatLng(t *testing.T) {
	for _, c := range []struct {
		lat, lng float64
		want     LatLng
	}{
		{0, 0, LatLng{}},
		{47.3977507, 8.5456070, LatLng{47_397_750_700, 8_545_607_000}},
		{-33.9, -70.5, LatLng{-33_900_000_000, -70_500_000_000}},
		{90, 12, LatLng{90e9, 12e9}},
		{-90, -180, LatLng{-90e9, -180e9}},
		{0, 180, LatLng{0, -180e9}},
		{0, 181, LatLng{0, -179e9}},
		{0, -181, LatLng{0, 179e9}},
		{0, 360, LatLng{}},
		{0, -360, LatLng{}},
		{0, 359.5, LatLng{0, -500_000_000}},
		{0, 179.99999999999, LatLng{0, -180e9}},
		{math.Copysign(0, -1), math.Copysign(0, -1), LatLng{}},
		{0.5e-9, -0.5e-9, LatLng{1, -1}},
		{0.49e-9, -0.49e-9, LatLng{}},
	} {
		got, err := NewLatLng(c.lat, c.lng)
		if err != nil || got != c.want {
			t.Errorf("NewLatLng(%v, %v) = %v, %v, want %v", c.lat, c.lng, got, err, c.want)
		}
	}
}

func TestNewLatLngRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		lat, lng float64
		field    string
	}{
		{nan, 0, "latitude"},
		{0, nan, "longitude"},
		{inf, 0, "latitude"},
		{-inf, 0, "latitude"},
		{0, inf, "longitude"},
		{0, -inf, "longitude"},
		{90.0000000001, 0, "latitude"},
		{-91, 0, "latitude"},
		{0, 360.0000001, "longitude"},
		{0, -361, "longitude"},
		{1e300, 0, "latitude"},
	} {
		got, err := NewLatLng(c.lat, c.lng)
		var pe *PositionError
		if !errors.As(err, &pe) || pe.Field != c.field || got != (LatLng{}) {
			t.Errorf("NewLatLng(%v, %v) = %v, %v, want a PositionError of the %s", c.lat, c.lng, got, err, c.field)
		}
	}
	_, err := NewLatLng(95.5, 0)
	if want := "latitude 95.5: want a number from -90 to 90 degrees"; err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

func TestLatLngString(t *testing.T) {
	for _, c := range []struct {
		p    LatLng
		want string
	}{
		{LatLng{}, "0N 0E"},
		{LatLng{47_397_750_700, 8_545_607_000}, "47.3977507N 8.545607E"},
		{LatLng{-1, -180e9}, "0.000000001S 180W"},
		{LatLng{-90e9, 179_999_999_999}, "90S 179.999999999E"},
	} {
		if got := c.p.String(); got != c.want {
			t.Errorf("String of %d %d = %q, want %q", c.p.LatE9, c.p.LngE9, got, c.want)
		}
	}
}

func TestDegreesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyLatLng().Draw(t, "p")
		q, err := NewLatLng(p.Degrees())
		if err != nil || q != p {
			t.Fatalf("NewLatLng(%v.Degrees()) = %v, %v", p, q, err)
		}
	})
}

// bigECEF evaluates the definition of the surface point in 300-bit arithmetic.
func bigECEF(p LatLng) [3]*big.Float {
	rad := func(e9 int64) *big.Float {
		return bigQuo(bigMul(bigInt(e9), bigPi), bigInt(180_000_000_000))
	}
	f := bigQuo(bigInt(1_000_000_000), bigInt(298_257_223_563))
	e2 := bigMul(f, bigSub(bigInt(2), f))
	sphi, cphi := bigSincos(rad(p.LatE9))
	slam, clam := bigSincos(rad(p.LngE9))
	n := bigQuo(bigInt(6378137), bigSqrt(bigSub(bigInt(1), bigMul(e2, bigMul(sphi, sphi)))))
	r := bigMul(n, cphi)
	return [3]*big.Float{
		bigMul(r, clam), bigMul(r, slam),
		bigMul(bigMul(n, bigSub(bigInt(1), e2)), sphi),
	}
}

func TestECEFAgainstBigArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	worst := 0.0
	for i := range 1000 {
		p := LatLng{rng.Int64N(180_000_000_001) - 90_000_000_000, rng.Int64N(360_000_000_000) - 180_000_000_000}
		if i%10 == 0 {
			p.LatE9 = 90_000_000_000 - int64(i)
		}
		v, w := p.ECEF(), bigECEF(p)
		for k, got := range []float64{v.X, v.Y, v.Z} {
			d, _ := bigSub(bigOf(got), w[k]).Float64()
			worst = max(worst, math.Abs(d))
		}
	}
	t.Logf("worst error of a coordinate %.3g m", worst)
	if worst > 2.5e-9 {
		t.Errorf("worst error of a coordinate %.3g m, want at most 2.5e-9", worst)
	}
}

func TestECEFKnownPoints(t *testing.T) {
	for _, c := range []struct {
		p    LatLng
		want Vec
	}{
		{LatLng{0, 0}, Vec{EquatorialRadiusM, 0, 0}},
		{LatLng{0, 90e9}, Vec{0, EquatorialRadiusM, 0}},
		{LatLng{0, -180e9}, Vec{-EquatorialRadiusM, 0, 0}},
		{LatLng{90e9, 123e9}, Vec{0, 0, PolarRadiusM}},
		{LatLng{-90e9, 0}, Vec{0, 0, -PolarRadiusM}},
	} {
		if d := c.p.ECEF().Sub(c.want).Norm(); d > 1e-9 {
			t.Errorf("ECEF of %v = %v, want %v", c.p, c.p.ECEF(), c.want)
		}
	}
	if got, want := PolarRadiusM, 6356752.314245179; math.Abs(got-want) > 1e-9 {
		t.Errorf("polar radius %v, want %v", got, want)
	}
}

func TestNormalAndFrame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyLatLng().Draw(t, "p")
		f := NewFrame(p)
		if f.Origin != p.ECEF() || f.Up != p.Normal() {
			t.Fatalf("frame %v, want origin %v and up %v", f, p.ECEF(), p.Normal())
		}
		if d := NormalAt(p.ECEF()).Sub(f.Up).Norm(); !(d <= 4e-16) {
			t.Fatalf("NormalAt differs by %g", d)
		}
		for _, c := range []struct {
			name string
			got  float64
			want float64
		}{
			{"E.E", f.East.Norm(), 1},
			{"N.N", f.North.Norm(), 1},
			{"U.U", f.Up.Norm(), 1},
			{"E.N", f.East.Dot(f.North), 0},
			{"N.U", f.North.Dot(f.Up), 0},
			{"U.E", f.Up.Dot(f.East), 0},
			{"ExN.U", f.East.Cross(f.North).Dot(f.Up), 1},
		} {
			if !(math.Abs(c.got-c.want) <= 5e-16) {
				t.Fatalf("%s = %v, want %v", c.name, c.got, c.want)
			}
		}
		// A step north or east raises the right coordinate.
		if math.Abs(float64(p.LatE9)) < 89e9 {
			q := LatLng{p.LatE9 + 1000, wrapE9(p.LngE9 + 1000)}
			e, n, u := f.ENU(q.ECEF())
			if !(e > 0 && n > 0 && math.Abs(u) < 1e-8) {
				t.Fatalf("ENU of a step to the north-east = %v, %v, %v", e, n, u)
			}
		}
	})
}

// The normal is perpendicular to the surface: differences to neighbours are
// tangent to second order.
func TestFrameUpIsPerpendicularToSurface(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyLatLng().Draw(t, "p")
		azi := rapid.Float64Range(-180, 180).Draw(t, "azi")
		q := NewLine(p, azi).ECEF(10)
		_, _, u := NewFrame(p).ENU(q)
		// A chord of 10 m sags by 10^2/(2R): 7.8 to 7.9 micrometres.
		if !(u <= -7.8e-6 && u >= -7.91e-6) {
			t.Fatalf("10 m away the surface is %g m above the tangent plane", u)
		}
	})
}

func TestFromECEFInvertsECEF(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyLatLng().Draw(t, "p")
		h := rapid.Float64Range(-100e3, 100e3).Draw(t, "height")
		q := FromECEF(p.ECEF().Add(p.Normal().Scale(h)))
		if d := q.LatE9 - p.LatE9; d < -1 || d > 1 {
			t.Fatalf("at height %v latitude of %v comes back as %v", h, p, q)
		}
		if h == 0 && q.LatE9 != p.LatE9 {
			t.Fatalf("latitude of %v comes back as %v", p, q)
		}
		// Near the pole the longitude is only as good as the metre.
		_, clat := SincosDeg(float64(p.LatE9) / 1e9)
		if d := float64(wrapE9(q.LngE9-p.LngE9)) * clat; math.Abs(d) > 1 {
			t.Fatalf("at height %v longitude of %v comes back as %v", h, p, q)
		}
	})
}

func TestFromECEFOnTheAxisAndBeyond(t *testing.T) {
	for _, c := range []struct {
		v    Vec
		want LatLng
	}{
		{Vec{0, 0, PolarRadiusM}, LatLng{90e9, 0}},
		{Vec{0, 0, -PolarRadiusM - 5000}, LatLng{-90e9, 0}},
		{Vec{-EquatorialRadiusM, 0, 0}, LatLng{0, -180e9}},
		{Vec{-EquatorialRadiusM, math.Copysign(0, -1), 0}, LatLng{0, -180e9}},
		{Vec{math.NaN(), 0, 0}, LatLng{}},
		{Vec{0, math.Inf(1), 0}, LatLng{}},
		{Vec{}, LatLng{}},
	} {
		if got := FromECEF(c.v); got != c.want {
			t.Errorf("FromECEF(%v) = %v, want %v", c.v, got, c.want)
		}
	}
}

func TestNormalAtSlightlyOffTheSurface(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 1000 {
		p := LatLng{rng.Int64N(180_000_000_001) - 90_000_000_000, rng.Int64N(360_000_000_000) - 180_000_000_000}
		const h = 100
		d := NormalAt(p.ECEF().Add(p.Normal().Scale(h))).Sub(p.Normal()).Norm()
		if !(d <= 7e-10*h) {
			t.Fatalf("normal %v m above %v is off by %g rad, want at most %g", h, p, d, 7e-10*h)
		}
	}
}
