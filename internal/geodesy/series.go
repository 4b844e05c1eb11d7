package geodesy

import "math"

// Series of C. F. F. Karney, Algorithms for geodesics, J. Geodesy 87 (2013),
// 43-55, doi:10.1007/s00190-012-0578-z, to sixth order in the flattening. The
// expansion parameter is eps = (sqrt(1+k^2)-1)/(sqrt(1+k^2)+1) with
// k = e' cos(alpha0); on WGS84 it is at most 0.00168, so the first dropped term
// is below 1e-19.

const (
	thirdFlattening = Flattening / (2 - Flattening) // n of the paper

	n1 = thirdFlattening
	n2 = n1 * n1
)

// epsOf returns the expansion parameter for the azimuth alpha0 at the node.
func epsOf(calp0 float64) float64 {
	k2 := float64(float64(calp0*calp0) * secondEccSq)
	return k2 / (float64(2*(1+math.Sqrt(1+k2))) + k2)
}

// a1 is A1 of equation (17).
func a1(e float64) float64 {
	q := float64(e * e)
	return (1 + float64(q*(1.0/4+float64(q*(1.0/64+float64(q*(1.0/256))))))) / (1 - e)
}

// a2 is A2 of equation (42).
func a2(e float64) float64 {
	q := float64(e * e)
	return float64((1 + float64(q*(1.0/4+float64(q*(9.0/64+float64(q*(25.0/256))))))) * (1 - e))
}

// a3 is A3 of equation (24).
func a3(e float64) float64 {
	return 1 + float64(e*(-(1-n1)/2+float64(e*(-(2+n1-3*n2)/8+
		float64(e*(-(1+3*n1+n2)/16+float64(e*(-(3+2*n1)/64+float64(e*(-3.0/128))))))))))
}

// c1 returns the coefficients of equation (18): the distance along the geodesic
// as a function of the arc length on the auxiliary sphere.
func c1(e float64) (c [6]float64) {
	q := float64(e * e)
	p2 := q
	p3 := float64(p2 * e)
	p4 := float64(p2 * p2)
	c[0] = float64(e * (-1.0/2 + float64(q*(3.0/16+float64(q*(-1.0/32))))))
	c[1] = float64(p2 * (-1.0/16 + float64(q*(1.0/32+float64(q*(-9.0/2048))))))
	c[2] = float64(p3 * (-1.0/48 + float64(q*(3.0/256))))
	c[3] = float64(p4 * (-5.0/512 + float64(q*(3.0/512))))
	c[4] = float64(float64(p4*e) * (-7.0 / 1280))
	c[5] = float64(float64(p4*p2) * (-7.0 / 2048))
	return c
}

// c1Inverse returns the coefficients of equation (21), the reversion of c1.
func c1Inverse(e float64) (c [6]float64) {
	q := float64(e * e)
	p2 := q
	p3 := float64(p2 * e)
	p4 := float64(p2 * p2)
	c[0] = float64(e * (1.0/2 + float64(q*(-9.0/32+float64(q*(205.0/1536))))))
	c[1] = float64(p2 * (5.0/16 + float64(q*(-37.0/96+float64(q*(1335.0/4096))))))
	c[2] = float64(p3 * (29.0/96 + float64(q*(-75.0/128))))
	c[3] = float64(p4 * (539.0/1536 + float64(q*(-2391.0/2560))))
	c[4] = float64(float64(p4*e) * (3467.0 / 7680))
	c[5] = float64(float64(p4*p2) * (38081.0 / 61440))
	return c
}

// c2 returns the coefficients of equation (43): with c1, the reduced length.
func c2(e float64) (c [6]float64) {
	q := float64(e * e)
	p2 := q
	p3 := float64(p2 * e)
	p4 := float64(p2 * p2)
	c[0] = float64(e * (1.0/2 + float64(q*(1.0/16+float64(q*(1.0/32))))))
	c[1] = float64(p2 * (3.0/16 + float64(q*(1.0/32+float64(q*(35.0/2048))))))
	c[2] = float64(p3 * (5.0/48 + float64(q*(5.0/256))))
	c[3] = float64(p4 * (35.0/512 + float64(q*(7.0/512))))
	c[4] = float64(float64(p4*e) * (63.0 / 1280))
	c[5] = float64(float64(p4*p2) * (77.0 / 2048))
	return c
}

// c3 returns the coefficients of equation (25): the longitude as a function of
// the arc length on the auxiliary sphere.
func c3(e float64) (c [5]float64) {
	q := float64(e * e)
	c[0] = float64(e * ((1-n1)/4 + float64(e*((1-n2)/8+float64(e*((3+3*n1-n2)/64+
		float64(e*((5+2*n1)/128+float64(e*(3.0/128))))))))))
	c[1] = float64(q * ((2-3*n1+n2)/32 + float64(e*((3-2*n1-3*n2)/64+
		float64(e*((3+n1)/128+float64(e*(5.0/256))))))))
	c[2] = float64(float64(q*e) * ((5-9*n1+5*n2)/192 + float64(e*((9-10*n1)/384+float64(e*(7.0/512))))))
	c[3] = float64(float64(q*q) * ((7-14*n1)/512 + float64(e*(7.0/512))))
	c[4] = float64(float64(float64(q*q)*e) * (21.0 / 2560))
	return c
}

// sum6 returns the sum of c[j-1]*sin(2*j*sigma) by Clenshaw's recurrence, from
// sine and cosine of sigma.
func sum6(s, c float64, k *[6]float64) float64 {
	x := float64(2 * float64((c-s)*(c+s)))
	b5 := k[4] + float64(x*k[5])
	b4 := (k[3] - k[5]) + float64(x*b5)
	b3 := (k[2] - b5) + float64(x*b4)
	b2 := (k[1] - b4) + float64(x*b3)
	b1 := (k[0] - b3) + float64(x*b2)
	return float64(float64(2*float64(s*c)) * b1)
}

// sum5 is sum6 for five coefficients.
func sum5(s, c float64, k *[5]float64) float64 {
	x := float64(2 * float64((c-s)*(c+s)))
	b4 := k[3] + float64(x*k[4])
	b3 := (k[2] - k[4]) + float64(x*b4)
	b2 := (k[1] - b4) + float64(x*b3)
	b1 := (k[0] - b3) + float64(x*b2)
	return float64(float64(2*float64(s*c)) * b1)
}
