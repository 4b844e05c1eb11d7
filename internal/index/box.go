package index

import (
	"math"
	"strconv"
)

// The axes of a [Box].
const (
	AxisLat  = iota // 1e-7 degree, north positive
	AxisLng         // 1e-7 degree, east positive
	AxisAlt         // cm above the WGS84 ellipsoid
	AxisTime        // seconds since 2020-01-01T00:00:00Z
	axes
)

// Unbounded below and above, on any axis.
const (
	MinCoord = math.MinInt32
	MaxCoord = math.MaxInt32
)

// Box is a closed 4D box: boxes that share only a face, an edge or a corner
// overlap. The caller rounds outward, so that a box contains all of its shape.
//
// Axes: 0 latitude and 1 longitude in 1e-7 degree, 2 altitude in centimetres
// above the ellipsoid, 3 time in seconds since 2020-01-01T00:00:00Z. An axis
// without a bound ends at [MinCoord] or [MaxCoord]. A shape across the
// antimeridian is two boxes with one id.
//
// Where Lo > Hi on an axis the box spans the interval between the two. Such a
// box may be reported too often; it is never lost.
type Box struct{ Lo, Hi [4]int32 }

// Everything returns the box without any bound.
func Everything() Box {
	var b Box
	for a := range axes {
		b.Lo[a], b.Hi[a] = MinCoord, MaxCoord
	}
	return b
}

// Overlaps reports whether the closed boxes have a point in common.
func (b Box) Overlaps(o Box) bool {
	return b.ordered().overlaps(o.ordered())
}

// overlaps is Overlaps for boxes in order.
func (b Box) overlaps(o Box) bool {
	for a := range axes {
		if b.Lo[a] > o.Hi[a] || o.Lo[a] > b.Hi[a] {
			return false
		}
	}
	return true
}

// String returns the four intervals in the order of the axes.
func (b Box) String() string {
	s := make([]byte, 0, 96)
	for a, name := range [axes]string{"lat ", " lng ", " alt ", " time "} {
		s = append(s, name...)
		s = strconv.AppendInt(s, int64(b.Lo[a]), 10)
		s = append(s, ".."...)
		s = strconv.AppendInt(s, int64(b.Hi[a]), 10)
	}
	return string(s)
}

// ordered returns b with Lo <= Hi on every axis.
func (b Box) ordered() Box {
	for a := range axes {
		b.Lo[a], b.Hi[a] = min(b.Lo[a], b.Hi[a]), max(b.Lo[a], b.Hi[a])
	}
	return b
}

// cover returns the smallest box that contains both.
func (b Box) cover(o Box) Box {
	for a := range axes {
		b.Lo[a], b.Hi[a] = min(b.Lo[a], o.Lo[a]), max(b.Hi[a], o.Hi[a])
	}
	return b
}

// extent returns the length of a side.
func (b *Box) extent(a int) float64 { return float64(int64(b.Hi[a]) - int64(b.Lo[a])) }

// nothing is neutral for cover.
func nothing() Box {
	var b Box
	for a := range axes {
		b.Lo[a], b.Hi[a] = MaxCoord, MinCoord
	}
	return b
}
