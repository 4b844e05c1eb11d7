package geodesy

import "math"

// Vec is a position or direction in the earth-centred, earth-fixed frame of
// WGS84, in metres: X through latitude 0, longitude 0; Z through the north
// pole. Its methods never fuse, so their bits are the same on every machine.
type Vec struct{ X, Y, Z float64 }

// Add returns v+w.
func (v Vec) Add(w Vec) Vec { return Vec{v.X + w.X, v.Y + w.Y, v.Z + w.Z} }

// Sub returns v-w.
func (v Vec) Sub(w Vec) Vec { return Vec{v.X - w.X, v.Y - w.Y, v.Z - w.Z} }

// Scale returns k*v.
func (v Vec) Scale(k float64) Vec {
	return Vec{float64(k * v.X), float64(k * v.Y), float64(k * v.Z)}
}

// Dot returns the scalar product of v and w.
func (v Vec) Dot(w Vec) float64 {
	return float64(v.X*w.X) + float64(v.Y*w.Y) + float64(v.Z*w.Z)
}

// Cross returns the vector product of v and w.
func (v Vec) Cross(w Vec) Vec {
	return Vec{
		float64(v.Y*w.Z) - float64(v.Z*w.Y),
		float64(v.Z*w.X) - float64(v.X*w.Z),
		float64(v.X*w.Y) - float64(v.Y*w.X),
	}
}

// Norm returns the length of v.
func (v Vec) Norm() float64 { return math.Sqrt(v.Dot(v)) }

// Frame is a local frame of orthogonal unit vectors at a point of the
// ellipsoid.
type Frame struct {
	Origin          Vec // the point, metres ECEF
	East, North, Up Vec // unit vectors; Up is the outward normal of the ellipsoid
}

// NewFrame returns the frame at p. At a pole, where every direction is south or
// north, East and North are as on the meridian of p's longitude.
func NewFrame(p LatLng) Frame {
	sphi, cphi := sincosE9(p.LatE9)
	slam, clam := sincosE9(p.LngE9)
	return Frame{
		Origin: surface(sphi, cphi, slam, clam),
		East:   Vec{0 - slam, clam, 0},
		North:  Vec{0 - float64(sphi*clam), 0 - float64(sphi*slam), cphi},
		Up:     Vec{float64(cphi * clam), float64(cphi * slam), sphi},
	}
}

// ENU returns the east, north and up components, in metres, of the ECEF
// position v relative to the frame's origin.
func (f Frame) ENU(v Vec) (e, n, u float64) {
	d := v.Sub(f.Origin)
	return d.Dot(f.East), d.Dot(f.North), d.Dot(f.Up)
}
