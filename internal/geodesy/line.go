package geodesy

import "math"

// Line is a geodesic that starts at a position: the series coefficients of
// Karney 2013 for it, so that points along it are cheap. The zero Line is not
// usable.
type Line struct {
	distanceM float64

	salp0, calp0 float64 // azimuth at the equator crossing (the node)
	stau1, ctau1 float64 // start in scaled distance from the node
	perM         float64 // radians of scaled distance in a metre
	toSigma      [6]float64
	toLambda     [5]float64
	lambdaScale  float64
	// toLambdaStart is what the longitude series is at the start, less the
	// start's own correction from tau to sigma.
	toLambdaStart float64
	// (sturn, cturn) is the angle from the longitude on the auxiliary sphere,
	// counted from the node, to the geographic longitude, both at the start.
	sturn, cturn float64
}

// NewLine returns the geodesic from p with azimuth aziDeg, degrees clockwise
// from north, which must be finite. At a pole the azimuth refers to p's
// meridian. Its DistanceM is 0.
func NewLine(p LatLng, aziDeg float64) Line {
	s, c := SincosDeg(aziDeg)
	return newLine(p, s, c, 0)
}

// LineBetween returns the shortest geodesic from p to q, whose length is
// DistanceM. Where several are equally short (antipodes), it is the one that
// Inverse describes.
func LineBetween(p, q LatLng) Line {
	r := solveInverse(p, q)
	return newLine(p, r.salp1, r.calp1, r.distanceM)
}

func newLine(p LatLng, salp1, calp1, distanceM float64) Line {
	sbet1, cbet1 := reducedLatitude(p.LatE9)
	slam1, clam1 := sincosE9(p.LngE9)

	l := Line{distanceM: distanceM}
	l.salp0 = float64(salp1 * cbet1)
	l.calp0 = Hypot(calp1, float64(salp1*sbet1))

	ssig1, csig1 := sbet1, float64(calp1*cbet1)
	somg1, comg1 := float64(l.salp0*sbet1), csig1
	if sbet1 == 0 && calp1 == 0 { // along the equator: count from the start
		csig1, comg1 = 1, 1
	}
	ssig1, csig1 = unit(ssig1, csig1)
	somg1, comg1 = unit(somg1, comg1)
	l.sturn = float64(slam1*comg1) - float64(clam1*somg1)
	l.cturn = float64(clam1*comg1) + float64(slam1*somg1)

	e := epsOf(l.calp0)
	toTau := c1(e)
	b11 := sum6(ssig1, csig1, &toTau)
	s, c := sincosRad(b11)
	l.stau1 = float64(ssig1*c) + float64(csig1*s)
	l.ctau1 = float64(csig1*c) - float64(ssig1*s)
	l.perM = 1 / float64(PolarRadiusM*a1(e))
	l.toSigma = c1Inverse(e)
	l.toLambda = c3(e)
	l.lambdaScale = float64(float64(-Flattening*l.salp0) * a3(e))
	l.toLambdaStart = sum5(ssig1, csig1, &l.toLambda) - b11
	return l
}

// unit scales (s, c) to length 1.
func unit(s, c float64) (float64, float64) {
	k := Hypot(s, c)
	return s / k, c / k
}

// DistanceM returns the length in metres between the two ends of a line from
// LineBetween; 0 for one from NewLine.
func (l Line) DistanceM() float64 { return l.distanceM }

// at returns, at sM metres from the start, sine and cosine of the arc length
// from the node on the auxiliary sphere, and the longitude in excess of that on
// the sphere, in radians.
func (l *Line) at(sM float64) (ssig, csig, excess float64) {
	tau := float64(sM * l.perM)
	s, c := sincosRad(tau)
	stau := float64(l.stau1*c) + float64(l.ctau1*s)
	ctau := float64(l.ctau1*c) - float64(l.stau1*s)
	d := sum6(stau, ctau, &l.toSigma)
	s, c = sincosSmall(d)
	ssig = float64(stau*c) + float64(ctau*s)
	csig = float64(ctau*c) - float64(stau*s)
	excess = float64(l.lambdaScale * ((tau + d) + (sum5(ssig, csig, &l.toLambda) - l.toLambdaStart)))
	return ssig, csig, excess
}

// sincosSmall is sincosRad, quicker for |x| < 0.02.
func sincosSmall(x float64) (s, c float64) {
	if !(math.Abs(x) < 0.02) {
		return sincosRad(x)
	}
	z := float64(x * x)
	s = x + float64(float64(x*z)*(sin3+float64(z*(sin5+float64(z*sin7)))))
	c = 1 - float64(z*(0.5-float64(z*(cos4+float64(z*(cos6+float64(z*cos8)))))))
	return s, c
}

// ECEF returns the point of the ellipsoid at sM metres from the start, in
// metres, to nanometres. A negative distance goes backwards; any finite one may
// be given. The error grows by about 1e-16 of the distance.
func (l Line) ECEF(sM float64) Vec { return l.ecef(sM) }

func (l *Line) ecef(sM float64) Vec {
	ssig, csig, excess := l.at(sM)
	// On the auxiliary sphere the point is (csig, salp0*ssig, calp0*ssig) in
	// axes through the node; the ellipsoid scales it by (a, a, b) once it is
	// turned to its geographic longitude.
	s, c := sincosSmall(excess)
	st := float64(l.sturn*c) + float64(l.cturn*s)
	ct := float64(l.cturn*c) - float64(l.sturn*s)
	y := float64(l.salp0 * ssig)
	return Vec{
		float64(EquatorialRadiusM * (float64(csig*ct) - float64(y*st))),
		float64(EquatorialRadiusM * (float64(csig*st) + float64(y*ct))),
		float64(PolarRadiusM * float64(l.calp0*ssig)),
	}
}

// LatLng returns the position at sM metres from the start, rounded to 1e-9
// degree.
func (l Line) LatLng(sM float64) LatLng {
	v := l.ecef(sM)
	const fSq = (1 - Flattening) * (1 - Flattening)
	r := Hypot(v.X, v.Y)
	if !(r <= 2*EquatorialRadiusM) {
		return LatLng{} // the distance was not finite
	}
	return LatLng{
		roundE9(Atan2(v.Z, float64(fSq*r))),
		wrapE9(roundE9(Atan2(v.Y, v.X))),
	}
}

// Azimuth returns the forward azimuth at sM metres from the start, in degrees
// clockwise from north, in (-180, 180].
func (l Line) Azimuth(sM float64) float64 {
	_, csig, _ := l.at(sM)
	return azimuthDeg(l.salp0, float64(l.calp0*csig))
}

// Direct returns the position at distanceM metres from p along the geodesic with
// azimuth aziDeg, degrees clockwise from north, rounded to 1e-9 degree (0.11
// mm). Azimuth and distance must be finite; the distance may be negative.
func Direct(p LatLng, aziDeg, distanceM float64) LatLng {
	return NewLine(p, aziDeg).LatLng(distanceM)
}
