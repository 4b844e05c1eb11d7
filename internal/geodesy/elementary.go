package geodesy

import "math"

// The elementary functions below exist because the bodies of math.Sin, math.Cos
// and math.Atan2 may be fused (or be assembly) on some machines, so that their
// last bit differs between them. Here every product that enters a sum is
// written float64(x*y), which the language forbids to fuse: the bits of a
// result are the same on every architecture. A product that a function returns
// is written so too, for it may be inlined into a sum; and so is a division by
// a power of two, which compiles to a product.
//
// Coefficients are plain Taylor coefficients; ranges are reduced until the first
// dropped term is far below a unit in the last place.

const (
	radPerDeg = math.Pi / 180
	degPerRad = 180 / math.Pi
	radPerE9  = radPerDeg / 1e9 // radians in 1e-9 degree

	// radPerE9Hi holds the first 17 bits of radPerE9. A reduced angle has at
	// most 36 bits (45e9 < 2^36), so their product is exact.
	radPerE9Hi = 0x1.330ap-36
	radPerE9Lo = radPerE9 - radPerE9Hi

	// radPerDegHi holds the first 24 bits of radPerDeg: exact when multiplied
	// by either part of a float64 split at 24 bits.
	radPerDegHi = 0x1.1df46ap-6
	radPerDegLo = radPerDeg - radPerDegHi

	// pi/2 in three parts. The first two have at most 33 bits, so that their
	// multiples below 2^20 are exact.
	halfPi1 = 0x1.921fb544p+0
	halfPi2 = 0x1.0b4611a6p-34
	halfPi3 = math.Pi/2 - halfPi1 - halfPi2

	quarterE9 = 90e9 // a right angle in 1e-9 degree
)

// Taylor coefficients of (sin(x)-x)/x^3 and (cos(x)-1+x^2/2)/x^4 in x^2. For
// |x| <= pi/4 the first dropped terms are below 1e-19 and 3e-18.
const (
	sin3  = -1.0 / 6
	sin5  = 1.0 / 120
	sin7  = -1.0 / 5040
	sin9  = 1.0 / 362880
	sin11 = -1.0 / 39916800
	sin13 = 1.0 / 6227020800
	sin15 = -1.0 / 1307674368000
	sin17 = 1.0 / 355687428096000

	cos4  = 1.0 / 24
	cos6  = -1.0 / 720
	cos8  = 1.0 / 40320
	cos10 = -1.0 / 3628800
	cos12 = 1.0 / 479001600
	cos14 = -1.0 / 87178291200
	cos16 = 1.0 / 20922789888000
)

// sincosOctant returns sine and cosine of x+tail, |x| <= 0.8, where tail is
// what x lost to rounding. Pairs of terms shorten the chain of dependent
// operations (Estrin's scheme).
func sincosOctant(x, tail float64) (s, c float64) {
	z := float64(x * x)
	z2 := float64(z * z)
	z4 := float64(z2 * z2)
	ps := (sin3 + float64(sin5*z)) + float64(z2*(sin7+float64(sin9*z)))
	ps += float64(z4 * ((sin11 + float64(sin13*z)) + float64(z2*(sin15+float64(sin17*z)))))
	pc := (cos4 + float64(cos6*z)) + float64(z2*(cos8+float64(cos10*z)))
	pc += float64(z4 * ((cos12 + float64(cos14*z)) + float64(z2*cos16)))

	half := float64(0.5 * z)
	w := 1 - half
	s = x + (float64(float64(x*z)*ps) + float64(tail*w))
	c = w + (((1 - w) - half) + (float64(z2*pc) - float64(x*tail)))
	return s, c
}

// rotateQuarter turns (s, c), the sine and cosine of an angle, by q right
// angles. Subtraction from zero keeps a negative zero out of the result.
func rotateQuarter(s, c float64, q int64) (float64, float64) {
	switch q & 3 {
	case 0:
		return s, c
	case 1:
		return c, 0 - s
	case 2:
		return 0 - s, 0 - c
	default:
		return 0 - c, s
	}
}

// sincosE9 returns sine and cosine of an angle in 1e-9 degree, each within one
// unit in the last place. The reduction to within 45 degrees is exact.
func sincosE9(a int64) (s, c float64) {
	q := (a + quarterE9/2) / quarterE9
	r := a - q*quarterE9
	if r < -quarterE9/2 {
		r += quarterE9
		q--
	}
	f := float64(r)
	hi := float64(f * radPerE9Hi)
	lo := float64(f * radPerE9Lo)
	x := hi + lo
	s, c = sincosOctant(x, (hi-x)+lo)
	return rotateQuarter(s, c, q)
}

// SincosDeg returns sine and cosine of x degrees, each within one unit in the
// last place. The reduction is exact: multiples of 90 degrees give exactly 0, 1
// and -1. A NaN or an infinity gives NaN.
func SincosDeg(x float64) (s, c float64) {
	if !(math.Abs(x) <= 1<<40) {
		x = math.Mod(x, 360) // exact; NaN for an infinity
		if math.IsNaN(x) {
			return x, x
		}
	}
	n := math.Floor(float64(x*(1.0/90)) + 0.5)
	r := x - float64(n*90) // exact: both are multiples of the smaller unit
	a := float64(float32(r))
	b := r - a
	hi := float64(a * radPerDegHi)
	lo := float64(b*radPerDegHi) + float64(r*radPerDegLo)
	y := hi + lo
	s, c = sincosOctant(y, (hi-y)+lo)
	return rotateQuarter(s, c, int64(n))
}

// sincosRad returns sine and cosine of x radians with an absolute error of
// about 1e-16 for |x| < 1e6; beyond, the error of rounding x to degrees is
// added. A NaN or an infinity gives NaN.
func sincosRad(x float64) (s, c float64) {
	if !(math.Abs(x) < 1e6) {
		return SincosDeg(float64(x * degPerRad))
	}
	n := math.Floor(float64(x*(2/math.Pi)) + 0.5)
	r := x - float64(n*halfPi1)
	w := float64(n * halfPi2)
	y := r - w
	e := ((r - y) - w) - float64(n*halfPi3)
	z := y + e
	s, c = sincosOctant(z, (y-z)+e)
	return rotateQuarter(s, c, int64(n))
}

// atanHi and atanLo hold the arctangent of i/16 as an unevaluated sum, computed
// to 50 digits.
var (
	atanHi = [17]float64{
		0x0p+0, 0x1.ff55bb72cfdeap-5, 0x1.fd5ba9aac2f6ep-4, 0x1.7b97b4bce5b02p-3,
		0x1.f5b75f92c80ddp-3, 0x1.362773707ebccp-2, 0x1.6f61941e4def1p-2, 0x1.a64eec3cc23fdp-2,
		0x1.dac670561bb4fp-2, 0x1.0657e94db30d0p-1, 0x1.1e00babdefeb4p-1, 0x1.345f01cce37bbp-1,
		0x1.4978fa3269ee1p-1, 0x1.5d58987169b18p-1, 0x1.700a7c5784634p-1, 0x1.819d0b7158a4dp-1,
		0x1.921fb54442d18p-1,
	}
	atanLo = [17]float64{
		0x0p+0, -0x1.c934d86d23f1dp-60, -0x1.cd37686760c17p-59, 0x1.347b0b4f881cap-58,
		0x1.8ab6e3cf7afbdp-57, -0x1.963a544b672d8p-57, -0x1.c63aae6f6e918p-56, -0x1.24dec1b50b7ffp-56,
		0x1.a2b7f222f65e2p-56, -0x1.d5b495f6349e6p-56, -0x1.928df287a668fp-58, 0x1.1021137c71102p-55,
		0x1.2419a87f2a458p-56, 0x1.0028e4bc5e7cap-57, -0x1.8c34d25aadef6p-56, -0x1.bf76229d3b917p-56,
		0x1.1a62633145c07p-55,
	}
)

const (
	piHi = 0x1.921fb54442d18p+1
	piLo = math.Pi - piHi
)

// Atan2 returns the angle of the point (x, y) in radians, in [-pi, pi], within
// two units in the last place. Zeros keep their signs as in IEEE 754:
// Atan2(-0, -1) is -pi. A NaN argument gives NaN.
func Atan2(y, x float64) float64 {
	ax, ay := math.Abs(x), math.Abs(y)
	if !(ax <= math.MaxFloat64 && ay <= math.MaxFloat64) {
		return atan2NotFinite(y, x)
	}
	num, den := ay, ax
	swap := ay > ax
	if swap {
		num, den = ax, ay
	}
	var t float64
	if den != 0 {
		t = num / den
	}
	// atan(t) = atan(c) + atan((t-c)/(1+t*c)) with c the nearest sixteenth.
	i := int(float64(16*t) + 0.5)
	z := t
	if i != 0 {
		c := float64(float64(i) * (1.0 / 16))
		z = (num - float64(c*den)) / (den + float64(c*num))
	}
	// |z| <= 1/31: the first dropped term is below 1e-20 of z.
	v := float64(z * z)
	p := -1.0/3 + float64(v*(1.0/5+float64(v*(-1.0/7+float64(v*(1.0/9+float64(v*(-1.0/11))))))))
	w := atanLo[i] + float64(float64(z*v)*p)

	var r float64
	switch {
	case !swap && !math.Signbit(x):
		r = atanHi[i] + (z + w)
	case !swap:
		s := piHi - atanHi[i]
		r = s + ((((piHi - s) - atanHi[i]) + piLo) - (z + w))
	case !math.Signbit(x):
		s := piHi/2 - atanHi[i]
		r = s + ((((piHi/2 - s) - atanHi[i]) + piLo/2) - (z + w))
	default:
		s := piHi/2 + atanHi[i]
		r = s + ((((piHi/2 - s) + atanHi[i]) + piLo/2) + (z + w))
	}
	return math.Copysign(r, y)
}

// atan2NotFinite answers for an infinity or a NaN among the arguments.
func atan2NotFinite(y, x float64) float64 {
	if math.IsNaN(x) || math.IsNaN(y) {
		return math.NaN()
	}
	one := func(v float64) float64 {
		if math.IsInf(v, 0) {
			return math.Copysign(1, v)
		}
		return math.Copysign(0, v)
	}
	return Atan2(one(y), one(x))
}

// Asin returns the arcsine of x in radians, in [-pi/2, pi/2], within two units
// in the last place. Arguments outside [-1, 1] give NaN.
func Asin(x float64) float64 {
	return Atan2(x, math.Sqrt(float64((1-x)*(1+x))))
}

// Hypot returns the square root of x*x+y*y. It does not guard against overflow
// or underflow of the squares: it is meant for lengths and ratios.
func Hypot(x, y float64) float64 {
	return math.Sqrt(float64(x*x) + float64(y*y))
}

// cbrt returns the cube root of x, within a few units in the last place, for
// finite x that are zero or normal.
func cbrt(x float64) float64 {
	if x == 0 {
		return x
	}
	a := math.Abs(x)
	// A third of the exponent (and of the fraction, taken as a logarithm)
	// gives 4 good bits; each Halley step triples them.
	const bias = 1023 << 52
	t := math.Float64frombits((math.Float64bits(a)-bias)/3 + bias)
	if a < 1 {
		t = math.Float64frombits(bias - (bias-math.Float64bits(a))/3)
	}
	for range 3 {
		c := float64(float64(t*t) * t)
		t -= float64(t * ((c - a) / (float64(2*c) + a)))
	}
	return math.Copysign(t, x)
}
