// Package geodesy holds the earth: positions on the WGS84 ellipsoid, geodesics
// between them, earth-centred and local frames, the EGM96 geoid, units and
// altitude references.
//
// Its results have the same bits on every architecture: see elementary.go.
package geodesy

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The WGS84 ellipsoid (NGA.STND.0036, table 3.1: a and 1/f are defining).
const (
	// EquatorialRadiusM is the semi-major axis a in metres.
	EquatorialRadiusM = 6378137.0
	// Flattening is (a-b)/a.
	Flattening = 1 / 298.257223563
	// PolarRadiusM is the semi-minor axis b in metres.
	PolarRadiusM = EquatorialRadiusM * (1 - Flattening)

	eccSq       = Flattening * (2 - Flattening) // (a^2-b^2)/a^2
	secondEccSq = eccSq / (1 - eccSq)           // (a^2-b^2)/b^2
)

// LatLng is a geodetic position on the WGS84 ellipsoid in integer 1e-9 degree
// (0.11 mm). LatE9 is in [-90e9, 90e9], north positive. LngE9 is in
// [-180e9, 180e9), east positive; at a pole it is kept as given and says only
// which meridian a direction refers to.
type LatLng struct{ LatE9, LngE9 int64 }

// PositionError reports a latitude or longitude that is no position.
type PositionError struct {
	Field string  // "latitude" or "longitude"
	Deg   float64 // the value found, degrees
	Max   float64 // the largest magnitude allowed, degrees
}

// Error names the field, the value found and the range expected.
func (e *PositionError) Error() string {
	return fmt.Sprintf("%s %v: want a number from -%v to %v degrees", e.Field, e.Deg, e.Max, e.Max)
}

// NewLatLng returns the position at latDeg, lngDeg degrees, rounded to 1e-9
// degree, halves away from zero. Latitude must be in [-90, 90]. Longitude may be
// in [-360, 360] and is brought into [-180, 180); both 180 and -180 give -180.
// Anything else, NaN and infinities included, is a *PositionError.
func NewLatLng(latDeg, lngDeg float64) (LatLng, error) {
	if !(math.Abs(latDeg) <= 90) {
		return LatLng{}, &PositionError{"latitude", latDeg, 90}
	}
	if !(math.Abs(lngDeg) <= 360) {
		return LatLng{}, &PositionError{"longitude", lngDeg, 360}
	}
	return LatLng{
		LatE9: int64(math.Round(float64(latDeg * 1e9))),
		LngE9: wrapE9(int64(math.Round(float64(lngDeg * 1e9)))),
	}, nil
}

// wrapE9 brings an angle in 1e-9 degree into [-180e9, 180e9).
func wrapE9(a int64) int64 {
	a %= 4 * quarterE9
	if a < -2*quarterE9 {
		return a + 4*quarterE9
	}
	if a >= 2*quarterE9 {
		return a - 4*quarterE9
	}
	return a
}

// Degrees returns latitude and longitude in degrees, each the float64 nearest
// to the exact decimal.
func (p LatLng) Degrees() (latDeg, lngDeg float64) {
	return float64(p.LatE9) / 1e9, float64(p.LngE9) / 1e9
}

// String returns the exact position, latitude first, such as
// "47.3977507N 8.545607E".
func (p LatLng) String() string {
	return formatE9(p.LatE9, "N", "S") + " " + formatE9(p.LngE9, "E", "W")
}

func formatE9(a int64, positive, negative string) string {
	hemisphere, u := positive, uint64(a)
	if a < 0 {
		hemisphere, u = negative, -u
	}
	s := strconv.FormatUint(u/1e9, 10)
	if frac := u % 1e9; frac != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%09d", frac), "0")
	}
	return s + hemisphere
}

// surface returns the point of the ellipsoid whose geodetic latitude and
// longitude have the given sines and cosines.
func surface(sphi, cphi, slam, clam float64) Vec {
	n := EquatorialRadiusM / math.Sqrt(1-float64(float64(eccSq*sphi)*sphi))
	r := float64(n * cphi)
	return Vec{float64(r * clam), float64(r * slam), float64(float64((1-eccSq)*n) * sphi)}
}

// ECEF returns the point of the ellipsoid at p (height 0), in metres. The error
// of rounding is about 2 nm.
func (p LatLng) ECEF() Vec {
	sphi, cphi := sincosE9(p.LatE9)
	slam, clam := sincosE9(p.LngE9)
	return surface(sphi, cphi, slam, clam)
}

// Normal returns the outward unit normal of the ellipsoid at p: the geodetic
// vertical.
func (p LatLng) Normal() Vec {
	sphi, cphi := sincosE9(p.LatE9)
	slam, clam := sincosE9(p.LngE9)
	return Vec{float64(cphi * clam), float64(cphi * slam), sphi}
}

// NormalAt returns the outward unit normal at a point on the ellipsoid, or
// within metres of it: the direction of (x/a^2, y/a^2, z/b^2), whose error is
// below 7e-10 rad per metre of height. The earth's centre gives NaN.
func NormalAt(surface Vec) Vec {
	const zScale = 1 / ((1 - Flattening) * (1 - Flattening))
	d := Vec{surface.X, surface.Y, float64(surface.Z * zScale)}
	k := d.Norm()
	return Vec{d.X / k, d.Y / k, d.Z / k}
}

// FromECEF returns the position below v, rounded to 1e-9 degree. The point v, in
// metres, must be finite and within 100 km of the surface. On the axis, and for
// a vector that is not finite, the longitude (or both angles) is 0.
//
// It iterates Bowring's formula (Survey Review 23, 1976) for the reduced
// latitude. Within 100 km of the surface the second round already leaves less
// than 1e-15 rad; a third costs little.
func FromECEF(v Vec) LatLng {
	r := Hypot(v.X, v.Y)
	if !(r+math.Abs(v.Z) <= math.MaxFloat64) {
		return LatLng{}
	}
	lngE9 := int64(0)
	if r > 0 {
		lngE9 = wrapE9(roundE9(Atan2(v.Y, v.X)))
	}
	// (s, c) is the direction of the reduced latitude, (num, den) that of the
	// geodetic one.
	s, c := v.Z, float64((1-Flattening)*r)
	var num, den float64
	for range 3 {
		k := Hypot(s, c)
		if k == 0 {
			return LatLng{0, lngE9}
		}
		s, c = s/k, c/k
		num = v.Z + float64(secondEccSq*PolarRadiusM*float64(float64(s*s)*s))
		den = r - float64(eccSq*EquatorialRadiusM*float64(float64(c*c)*c))
		s, c = float64((1-Flattening)*num), den
	}
	return LatLng{roundE9(Atan2(num, den)), lngE9}
}

// roundE9 returns an angle of radians in integer 1e-9 degree.
func roundE9(rad float64) int64 {
	return int64(math.Round(float64(rad * (degPerRad * 1e9))))
}
