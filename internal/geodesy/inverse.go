package geodesy

import "math"

// The inverse problem after Karney 2013, section 4: the points are brought into
// a canonical position (first point in the south and at least as far from the
// equator as the second, second point to the east), the azimuth at the first
// point is solved for by Newton's method on the longitude at which the geodesic
// meets the second point's latitude, and the result is mapped back.

const (
	tinyCos = 1e-150 // stands for the cosine of a latitude of 90 degrees

	ulp1   = 0x1p-52 // spacing of float64 at 1
	rootU  = 0x1p-26 // its square root
	thresh = 1000 * rootU
	// shortArc is the arc below which a sphere of suitable radius solves the
	// problem to full accuracy: 0.1*rootU/sqrt(f/2).
	shortArc = 3.64e-8
)

// inverseSolution is a geodesic between two points: its length in metres and
// the sine and cosine of its azimuths at both.
type inverseSolution struct {
	distanceM                  float64
	salp1, calp1, salp2, calp2 float64
}

// Inverse returns the length in metres of the shortest geodesic from p to q and
// its forward azimuths at p and at q, degrees clockwise from north in (-180,
// 180]. The length is good to 15 nm. Azimuths of coincident points are 0; at a
// pole they refer to the given longitude. Where several geodesics are equally
// short it describes one of them, always the same: that which leaves p to the
// east rather than to the west.
func Inverse(p, q LatLng) (distanceM, azi1Deg, azi2Deg float64) {
	r := solveInverse(p, q)
	return r.distanceM, azimuthDeg(r.salp1, r.calp1), azimuthDeg(r.salp2, r.calp2)
}

func azimuthDeg(s, c float64) float64 {
	a := float64(Atan2(s, c)*degPerRad) + 0
	if a == -180 {
		return 180
	}
	return a
}

// reducedLatitude returns sine and cosine of the reduced latitude, the cosine
// never below tinyCos. Opposite latitudes give exactly opposite sines.
func reducedLatitude(latE9 int64) (s, c float64) {
	s, c = sincosE9(max(latE9, -latE9))
	s = float64((1 - Flattening) * s)
	k := Hypot(s, c)
	s, c = s/k, max(c/k, tinyCos)
	if latE9 < 0 {
		s = -s
	}
	return s, c
}

// arc is an inverse problem in canonical position together with the latest
// trial geodesic.
type arc struct {
	sbet1, cbet1, sbet2, cbet2 float64 // reduced latitudes
	dn1, dn2                   float64 // sqrt(1+e'^2 sin^2 beta)
	lam12, slam12, clam12      float64 // longitude difference, [0, pi]

	inverseSolution
	ssig1, csig1, ssig2, csig2 float64 // arc lengths from the node
	sig12, eps                 float64
}

func solveInverse(p, q LatLng) inverseSolution {
	if p == q {
		return inverseSolution{calp1: 1, calp2: 1}
	}
	dlng := wrapE9(q.LngE9 - p.LngE9)
	sinSign := 1.0
	if dlng < 0 {
		dlng = -dlng
		if dlng != 2*quarterE9 {
			sinSign = -1
		}
	}
	lat1, lat2 := p.LatE9, q.LatE9
	cosSign := 1.0
	swapped := max(lat1, -lat1) < max(lat2, -lat2)
	if swapped {
		lat1, lat2 = lat2, lat1
		cosSign = -cosSign
	}
	if lat1 >= 0 {
		lat1, lat2 = -lat1, -lat2
		cosSign = -cosSign
	}

	var g arc
	g.sbet1, g.cbet1 = reducedLatitude(lat1)
	g.sbet2, g.cbet2 = reducedLatitude(lat2)
	g.dn1 = math.Sqrt(1 + float64(secondEccSq*float64(g.sbet1*g.sbet1)))
	g.dn2 = math.Sqrt(1 + float64(secondEccSq*float64(g.sbet2*g.sbet2)))
	g.slam12, g.clam12 = sincosE9(dlng)
	g.lam12 = float64(float64(dlng) * radPerE9)
	meridional := (lat1 == -quarterE9 || g.slam12 == 0) && g.meridian()
	switch {
	case meridional:
	case lat1 == 0 && float64(dlng) <= (1-Flattening)*2*quarterE9:
		g.salp1, g.salp2 = 1, 1
		g.distanceM = float64(EquatorialRadiusM * g.lam12)
	default:
		g.general()
	}

	r := g.inverseSolution
	if swapped {
		r.salp1, r.salp2 = r.salp2, r.salp1
		r.calp1, r.calp2 = r.calp2, r.calp1
	}
	r.salp1, r.salp2 = float64(r.salp1*sinSign), float64(r.salp2*sinSign)
	r.calp1, r.calp2 = float64(r.calp1*cosSign), float64(r.calp2*cosSign)
	return r
}

// setArc computes sig12 from the arc lengths of the two points.
func (g *arc) setArc() {
	s := float64(g.csig1*g.ssig2) - float64(g.ssig1*g.csig2)
	c := float64(g.csig1*g.csig2) + float64(g.ssig1*g.ssig2)
	g.sig12 = Atan2(max(s, 0), c)
}

// distance is equation (7): the length of the trial geodesic in metres.
func (g *arc) distance() float64 {
	k := c1(g.eps)
	b12 := sum6(g.ssig2, g.csig2, &k) - sum6(g.ssig1, g.csig1, &k)
	return float64(PolarRadiusM * float64(a1(g.eps)*(g.sig12+b12)))
}

// reducedLength is equation (38) in units of b.
func (g *arc) reducedLength() float64 {
	p, q := a1(g.eps), a2(g.eps)
	k, m := c1(g.eps), c2(g.eps)
	for i := range k {
		k[i] = float64(p*k[i]) - float64(q*m[i])
	}
	j12 := float64((p-q)*g.sig12) + (sum6(g.ssig2, g.csig2, &k) - sum6(g.ssig1, g.csig1, &k))
	return (float64(g.dn2*float64(g.csig1*g.ssig2)) - float64(g.dn1*float64(g.ssig1*g.csig2))) -
		float64(float64(g.csig1*g.csig2)*j12)
}

// meridian solves for points on one meridian (or a pole). It reports false where
// the meridian is not the shortest way, which is so near the antipode.
func (g *arc) meridian() bool {
	g.salp1, g.calp1 = g.slam12, g.clam12
	g.salp2, g.calp2 = 0, 1
	g.ssig1, g.csig1 = g.sbet1, float64(g.calp1*g.cbet1)
	g.ssig2, g.csig2 = g.sbet2, float64(g.calp2*g.cbet2)
	g.setArc()
	g.eps = thirdFlattening
	if g.sig12 >= 1 && g.reducedLength() < 0 {
		return false
	}
	g.distanceM = g.distance()
	return true
}

// general solves for points neither on a meridian nor on the equator.
func (g *arc) general() {
	if g.start() {
		return
	}
	g.solve()
	g.distanceM = g.distance()
}

// start chooses the azimuth at the first point to begin with. It reports true if
// the points are so near that it has solved the problem.
func (g *arc) start() bool {
	sinDiff := float64(g.sbet2*g.cbet1) - float64(g.cbet2*g.sbet1)
	cosDiff := float64(g.cbet2*g.cbet1) + float64(g.sbet2*g.sbet1)
	sinSum := float64(g.sbet2*g.cbet1) + float64(g.cbet2*g.sbet1)

	// On the sphere the longitude difference is omega. For shorter lines the
	// ellipsoid's is taken into account at the mean latitude (equation (48)).
	somg, comg := g.slam12, g.clam12
	short := cosDiff >= 0 && sinDiff < 0.5 && float64(g.cbet2*g.lam12) < 0.5
	var dnMean float64
	if short {
		m := float64((g.sbet1 + g.sbet2) * (g.sbet1 + g.sbet2))
		m /= m + float64((g.cbet1+g.cbet2)*(g.cbet1+g.cbet2))
		dnMean = math.Sqrt(1 + float64(secondEccSq*m))
		somg, comg = sincosRad(g.lam12 / float64((1-Flattening)*dnMean))
	}
	g.salp1 = float64(g.cbet2 * somg)
	if comg >= 0 {
		g.calp1 = sinDiff + float64(float64(g.cbet2*g.sbet1)*(float64(somg*somg)/(1+comg)))
	} else {
		g.calp1 = sinSum - float64(float64(g.cbet2*g.sbet1)*(float64(somg*somg)/(1-comg)))
	}
	ssig := Hypot(g.salp1, g.calp1)
	csig := float64(g.sbet1*g.sbet2) + float64(float64(g.cbet1*g.cbet2)*comg)

	if short && ssig < shortArc {
		g.salp2 = float64(g.cbet1 * somg)
		versine := 1 - comg // without cancellation, or a quotient of zeros
		if comg >= 0 {
			versine = float64(somg*somg) / (1 + comg)
		}
		g.calp2 = sinDiff - float64(float64(g.cbet1*g.sbet2)*versine)
		g.salp1, g.calp1 = unit(g.salp1, g.calp1)
		g.salp2, g.calp2 = unit(g.salp2, g.calp2)
		g.distanceM = float64(float64(PolarRadiusM*Atan2(ssig, csig)) * dnMean)
		return true
	}
	if csig < 0 && ssig < float64(6*thirdFlattening*math.Pi*float64(g.cbet1*g.cbet1)) {
		g.startNearAntipode(sinSum)
	}
	if g.salp1 > 0 {
		g.salp1, g.calp1 = unit(g.salp1, g.calp1)
	} else {
		g.salp1, g.calp1 = 1, 0
	}
	return false
}

// startNearAntipode chooses the first azimuth for nearly antipodal points from
// the plane problem of equations (53) to (57): the second point at (x, y) in
// units of the astroid that the geodesics from the first envelop.
func (g *arc) startNearAntipode(sinSum float64) {
	beyond := Atan2(-g.slam12, -g.clam12) // lam12 - pi
	k2 := float64(float64(g.sbet1*g.sbet1) * secondEccSq)
	e := k2 / (float64(2*(1+math.Sqrt(1+k2))) + k2)
	lamScale := float64(float64(Flattening*math.Pi*g.cbet1) * a3(e))
	x := beyond / lamScale
	y := sinSum / float64(lamScale*g.cbet1)
	if y > -200*ulp1 && x > -1-thresh {
		// On the arc of the equator or near it, where the astroid solution
		// is singular.
		g.salp1 = min(1, -x)
		g.calp1 = 0 - math.Sqrt(float64((1-g.salp1)*(1+g.salp1)))
		return
	}
	k := astroid(x, y)
	somg, comg := sincosRad(float64(lamScale * float64(-x*(k/(1+k)))))
	comg = -comg
	g.salp1 = float64(g.cbet2 * somg)
	g.calp1 = sinSum - float64(float64(g.cbet2*g.sbet1)*(float64(somg*somg)/(1-comg)))
}

// astroid returns the positive root k of equation (55),
// k^4 + 2 k^3 - (x^2+y^2-1) k^2 - 2 y^2 k - y^2 = 0, by the closed form of the
// resolvent cubic (equations (56) and (57)).
func astroid(x, y float64) float64 {
	p, q := float64(x*x), float64(y*y)
	r := (p + q - 1) / 6
	if q == 0 && r <= 0 {
		return 0 // on the inner part of the cusp line: due west-east
	}
	s := float64(float64(p*q) / 4)
	r2 := float64(r * r)
	r3 := float64(r2 * r)
	disc := float64(s * (s + float64(2*r3)))
	u := r
	if disc >= 0 {
		t3 := s + r3
		t3 += math.Copysign(math.Sqrt(disc), t3) // the sign that does not cancel
		t := cbrt(t3)
		u += t
		if t != 0 {
			u += r2 / t
		}
	} else {
		_, c := sincosRad(Atan2(math.Sqrt(-disc), -(s+r3)) / 3)
		u += float64(float64(2*r) * c)
	}
	v := math.Sqrt(float64(u*u) + q)
	uv := u + v
	if u < 0 {
		uv = q / (v - u)
	}
	w := (uv - q) / float64(2*v)
	return uv / (math.Sqrt(uv+float64(w*w)) + w)
}

// trial follows the geodesic that leaves the first point with (salp1, calp1) to
// the second point's latitude. It returns by how much the longitude there
// exceeds lam12, in radians, and the derivative of that by the azimuth.
func (g *arc) trial() (excess, slope float64) {
	if g.sbet1 == 0 && g.calp1 == 0 {
		g.calp1 = -tinyCos // along the equator: break the tie
	}
	salp0 := float64(g.salp1 * g.cbet1)
	calp0 := Hypot(g.calp1, float64(g.salp1*g.sbet1))

	csig1 := float64(g.calp1 * g.cbet1)
	somg1 := float64(salp0 * g.sbet1)
	comg1 := csig1
	g.ssig1, g.csig1 = unit(g.sbet1, csig1)

	// Near the equator latitudes may differ while their cosines do not.
	g.salp2, g.calp2 = g.salp1, math.Abs(g.calp1)
	if g.cbet2 != g.cbet1 {
		g.salp2 = salp0 / g.cbet2
	}
	if g.cbet2 != g.cbet1 || math.Abs(g.sbet2) != -g.sbet1 {
		// cos^2(beta2) - cos^2(beta1) without cancellation.
		d := float64((g.sbet1 - g.sbet2) * (g.sbet1 + g.sbet2))
		if g.cbet1 < -g.sbet1 {
			d = float64((g.cbet2 - g.cbet1) * (g.cbet1 + g.cbet2))
		}
		g.calp2 = math.Sqrt(float64(csig1*csig1)+d) / g.cbet2
	}
	csig2 := float64(g.calp2 * g.cbet2)
	somg2 := float64(salp0 * g.sbet2)
	comg2 := csig2
	g.ssig2, g.csig2 = unit(g.sbet2, csig2)
	g.setArc()

	// omega12 - lam12 on the sphere, from products only up to one Atan2.
	so := max(float64(comg1*somg2)-float64(somg1*comg2), 0)
	co := float64(comg1*comg2) + float64(somg1*somg2)
	eta := Atan2(float64(so*g.clam12)-float64(co*g.slam12), float64(co*g.clam12)+float64(so*g.slam12))

	g.eps = epsOf(calp0)
	k := c3(g.eps)
	b := sum5(g.ssig2, g.csig2, &k) - sum5(g.ssig1, g.csig1, &k)
	excess = eta - float64(float64(Flattening*salp0)*float64(a3(g.eps)*(g.sig12+b)))

	if g.calp2 == 0 {
		return excess, -2 * (1 - Flattening) * g.dn1 / g.sbet1
	}
	return excess, float64(g.reducedLength()*(1-Flattening)) / float64(g.calp2*g.cbet2)
}

// solve finds the azimuth at the first point by Newton's method, with bisection
// where Newton leaves the bracket (Karney 2013, section 4).
func (g *arc) solve() {
	const (
		newtonSteps = 20
		maxSteps    = newtonSteps + 53 + 10
	)
	// Bracket: the excess increases with the azimuth from (0) to (pi).
	slo, clo := tinyCos, 1.0
	shi, chi := tinyCos, -1.0
	settled, halved := false, false
	for step := range maxSteps {
		v, dv := g.trial()
		tol := ulp1
		if settled {
			tol = 8 * ulp1
		}
		if halved || !(math.Abs(v) >= tol) {
			return
		}
		if v > 0 && (step > newtonSteps || g.calp1/g.salp1 > chi/shi) {
			shi, chi = g.salp1, g.calp1
		} else if v < 0 && (step > newtonSteps || g.calp1/g.salp1 < clo/slo) {
			slo, clo = g.salp1, g.calp1
		}
		if step < newtonSteps && dv > 0 {
			d := -v / dv
			if math.Abs(d) < math.Pi {
				s, c := sincosRad(d)
				ns := float64(g.salp1*c) + float64(g.calp1*s)
				if ns > 0 {
					g.calp1 = float64(g.calp1*c) - float64(g.salp1*s)
					g.salp1 = ns
					g.salp1, g.calp1 = unit(g.salp1, g.calp1)
					settled = math.Abs(v) <= 16*ulp1
					continue
				}
			}
		}
		g.salp1, g.calp1 = unit((slo+shi)/2, (clo+chi)/2)
		settled = false
		halved = math.Abs(slo-g.salp1)+(clo-g.calp1) < ulp1 ||
			math.Abs(g.salp1-shi)+(g.calp1-chi) < ulp1
	}
}
