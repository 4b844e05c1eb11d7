package geodesy

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// The references below are Taylor series in 300-bit arithmetic.
const bigPrec = 300

func bigOf(x float64) *big.Float { return new(big.Float).SetPrec(bigPrec).SetFloat64(x) }

func bigInt(n int64) *big.Float { return new(big.Float).SetPrec(bigPrec).SetInt64(n) }

func bigMul(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bigPrec).Mul(x, y) }
func bigAdd(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bigPrec).Add(x, y) }
func bigSub(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bigPrec).Sub(x, y) }
func bigQuo(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bigPrec).Quo(x, y) }
func bigSqrt(x *big.Float) *big.Float   { return new(big.Float).SetPrec(bigPrec).Sqrt(x) }

var bigPi = func() *big.Float {
	p, _, err := big.ParseFloat("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651", 10, bigPrec, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	return p
}()

// bigSincos sums the series for x radians, |x| < 10.
func bigSincos(x *big.Float) (s, c *big.Float) {
	s, c = bigInt(0), bigInt(0)
	term := bigInt(1)
	for n := int64(1); n < 120; n++ {
		switch n % 4 {
		case 1:
			c = bigAdd(c, term)
		case 2:
			s = bigAdd(s, term)
		case 3:
			c = bigSub(c, term)
		case 0:
			s = bigSub(s, term)
		}
		term = bigQuo(bigMul(term, x), bigInt(n))
	}
	return s, c
}

// bigAtan sums the series after halving the angle until it converges quickly.
func bigAtan(x *big.Float) *big.Float {
	scale := int64(1)
	for range 6 {
		x = bigQuo(x, bigAdd(bigInt(1), bigSqrt(bigAdd(bigInt(1), bigMul(x, x)))))
		scale *= 2
	}
	sum, power, sq := bigInt(0), x, bigMul(x, x)
	for n := int64(1); n < 120; n += 2 {
		term := bigQuo(power, bigInt(n))
		if n%4 == 1 {
			sum = bigAdd(sum, term)
		} else {
			sum = bigSub(sum, term)
		}
		power = bigMul(power, sq)
	}
	return bigMul(sum, bigInt(scale))
}

func bigAtan2(y, x float64) *big.Float {
	switch {
	case x > 0 && math.Abs(y) <= x:
		return bigAtan(bigQuo(bigOf(y), bigOf(x)))
	case y != 0 && math.Abs(y) >= math.Abs(x):
		half := bigQuo(bigPi, bigInt(2))
		if y < 0 {
			half = bigMul(half, bigInt(-1))
		}
		return bigSub(half, bigAtan(bigQuo(bigOf(x), bigOf(y))))
	default:
		a := bigAtan(bigQuo(bigOf(y), bigOf(x)))
		if y < 0 {
			return bigSub(a, bigPi)
		}
		return bigAdd(a, bigPi)
	}
}

// ulps returns the error of got in units in the last place of want.
func ulps(got float64, want *big.Float) float64 {
	w, _ := want.Float64()
	if w == 0 {
		return math.Abs(got) / math.SmallestNonzeroFloat64
	}
	unit := math.Nextafter(math.Abs(w), math.Inf(1)) - math.Abs(w)
	d, _ := bigSub(bigOf(got), want).Float64()
	return math.Abs(d) / unit
}

func TestSincosE9AgainstBigArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	worst := 0.0
	for i := range 4000 {
		a := rng.Int64N(360_000_000_000) - 180_000_000_000
		if i%4 == 0 { // near the seams of the reduction
			a = (rng.Int64N(9)-4)*45_000_000_000 + rng.Int64N(2_000_001) - 1_000_000
		}
		s, c := sincosE9(a)
		rad := bigQuo(bigMul(bigInt(a), bigPi), bigInt(180_000_000_000))
		ws, wc := bigSincos(rad)
		if a%180_000_000_000 != 0 {
			worst = max(worst, ulps(s, ws))
		}
		if (a+90_000_000_000)%180_000_000_000 != 0 {
			worst = max(worst, ulps(c, wc))
		}
	}
	t.Logf("worst error %.3f ulp", worst)
	if worst > 0.85 {
		t.Errorf("worst error %.3f ulp, want at most 0.85", worst)
	}
}

func TestSincosDegAgainstBigArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	worst := 0.0
	for i := range 4000 {
		x := (rng.Float64() - 0.5) * 720
		switch i % 4 {
		case 0:
			x = (rng.Float64() - 0.5) * 1e-6
		case 1:
			x = float64(rng.IntN(17)-8)*45 + (rng.Float64()-0.5)*1e-3
		}
		s, c := SincosDeg(x)
		ws, wc := bigSincos(bigQuo(bigMul(bigOf(x), bigPi), bigInt(180)))
		worst = max(worst, ulps(s, ws), ulps(c, wc))
	}
	t.Logf("worst error %.3f ulp", worst)
	if worst > 0.85 {
		t.Errorf("worst error %.3f ulp, want at most 0.85", worst)
	}
}

func TestSincosDegExactValues(t *testing.T) {
	for n := -400; n <= 400; n++ {
		s, c := SincosDeg(float64(n) * 90)
		wantS := [4]float64{0, 1, 0, -1}[n&3]
		wantC := [4]float64{1, 0, -1, 0}[n&3]
		if s != wantS || c != wantC {
			t.Errorf("SincosDeg(%d) = %v, %v, want %v, %v", n*90, s, c, wantS, wantC)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if s, c := SincosDeg(x); !math.IsNaN(s) || !math.IsNaN(c) {
			t.Errorf("SincosDeg(%v) = %v, %v, want NaN", x, s, c)
		}
	}
	// 1e20 degrees is 1e20 mod 360 = 280 degrees exactly.
	s, c := SincosDeg(1e20)
	ws, wc := SincosDeg(280)
	if s != ws || c != wc {
		t.Errorf("SincosDeg(1e20) = %v, %v, want %v, %v", s, c, ws, wc)
	}
}

func TestSincosRadAgainstBigArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for i := range 2000 {
		x := (rng.Float64() - 0.5) * 14
		if i%2 == 0 {
			x = (rng.Float64() - 0.5) * 0.039
		}
		ws, wc := bigSincos(bigOf(x))
		check := func(name string, s, c float64) {
			es, _ := bigSub(bigOf(s), ws).Float64()
			ec, _ := bigSub(bigOf(c), wc).Float64()
			if math.Abs(es) > 1.2e-16 || math.Abs(ec) > 1.2e-16 {
				t.Fatalf("%s(%v): errors %g, %g, want at most 1.2e-16", name, x, es, ec)
			}
		}
		s, c := sincosRad(x)
		check("sincosRad", s, c)
		s, c = sincosSmall(x)
		check("sincosSmall", s, c)
	}
	for _, x := range []float64{1e5, 123456.789, 2e6, -7e8} {
		s, c := sincosRad(x)
		ws, wc := math.Sincos(x)
		tol := 2e-16 + math.Abs(x)*2e-16
		if math.Abs(s-ws) > tol || math.Abs(c-wc) > tol {
			t.Errorf("sincosRad(%v) = %v, %v, want %v, %v", x, s, c, ws, wc)
		}
	}
}

func TestAtan2AgainstBigArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	worst := 0.0
	for i := range 6000 {
		y, x := rng.Float64()*2-1, rng.Float64()*2-1
		switch i % 6 {
		case 0:
			y *= math.Ldexp(1, -rng.IntN(60))
		case 1:
			x *= math.Ldexp(1, -rng.IntN(60))
		case 2: // near the seams of the table
			y = x * (float64(rng.IntN(33)-16)/16 + (rng.Float64()-0.5)*1e-3)
		case 3: // halfway between
			y = x * ((float64(rng.IntN(32)-16)+0.5)/16 + (rng.Float64()-0.5)*1e-6)
		}
		worst = max(worst, ulps(Atan2(y, x), bigAtan2(y, x)))
	}
	t.Logf("worst error %.3f ulp", worst)
	if worst > 1.75 {
		t.Errorf("worst error %.3f ulp, want at most 1.75", worst)
	}
}

func TestAtan2SpecialValues(t *testing.T) {
	negZero := math.Copysign(0, -1)
	inf := math.Inf(1)
	values := []float64{0, negZero, 1, -1, inf, -inf, math.NaN(), math.MaxFloat64, math.SmallestNonzeroFloat64}
	for _, y := range values {
		for _, x := range values {
			got, want := Atan2(y, x), math.Atan2(y, x)
			if math.Float64bits(got) != math.Float64bits(want) && (!math.IsNaN(got) || !math.IsNaN(want)) {
				if math.Abs(got-want) <= 4.5e-16 && math.Signbit(got) == math.Signbit(want) {
					continue
				}
				t.Errorf("Atan2(%v, %v) = %v, want %v", y, x, got, want)
			}
		}
	}
}

func TestHypotCbrtAgainstLibrary(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	near := func(got, want float64) bool { return math.Abs(got-want) <= 5e-16*math.Abs(want) }
	for range 20000 {
		x := rng.Float64()*2 - 1
		y := math.Ldexp(rng.Float64()*2-1, rng.IntN(400)-200)
		if got, want := cbrt(y), math.Cbrt(y); !near(got, want) {
			t.Fatalf("cbrt(%v) = %v, want %v", y, got, want)
		}
		x *= 1e7
		if got, want := Hypot(x, 3), math.Hypot(x, 3); !near(got, want) {
			t.Fatalf("Hypot(%v, 3) = %v, want %v", x, got, want)
		}
	}
	if got := cbrt(0); got != 0 {
		t.Errorf("cbrt(0) = %v", got)
	}
}

func TestAsinAgainstBigArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 6))
	worst := 0.0
	for i := range 2000 {
		x := rng.Float64()*2 - 1
		switch i % 4 {
		case 0:
			x = math.Copysign(1-math.Ldexp(rng.Float64(), -rng.IntN(50)), x)
		case 1:
			x = math.Ldexp(x, -rng.IntN(50))
		}
		root := bigSqrt(bigSub(bigInt(1), bigMul(bigOf(x), bigOf(x))))
		// asin(x) = 2 atan(x / (1 + sqrt(1-x^2)))
		want := bigMul(bigInt(2), bigAtan(bigQuo(bigOf(x), bigAdd(bigInt(1), root))))
		worst = max(worst, ulps(Asin(x), want))
	}
	t.Logf("worst error %.3f ulp", worst)
	if worst > 1.75 {
		t.Errorf("worst error %.3f ulp, want at most 1.75", worst)
	}
	for _, x := range []float64{1.0000001, -2, math.NaN()} {
		if got := Asin(x); !math.IsNaN(got) {
			t.Errorf("Asin(%v) = %v, want NaN", x, got)
		}
	}
	if Asin(1) != math.Pi/2 || Asin(-1) != -math.Pi/2 || Asin(0) != 0 {
		t.Errorf("Asin(1), Asin(-1), Asin(0) = %v, %v, %v", Asin(1), Asin(-1), Asin(0))
	}
}
