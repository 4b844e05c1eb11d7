// Package declared has the form in which parties declare places, shapes, times
// and altitudes in what they sign: JSON without floats, angles in 1e-9 degree,
// lengths in millimetres, every altitude with its reference.
package declared

import (
	"fmt"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Point is a position on WGS84.
type Point struct {
	LatE9 int64 `json:"lat_e9"` // 1e-9 degree, north positive
	LngE9 int64 `json:"lng_e9"` // 1e-9 degree, east positive
}

// LatLng returns the position, or an error that names what is out of range.
func (p Point) LatLng() (geodesy.LatLng, error) {
	if p.LatE9 < -90e9 || p.LatE9 > 90e9 || p.LngE9 < -180e9 || p.LngE9 > 180e9 {
		return geodesy.LatLng{}, fmt.Errorf("found the position lat_e9 %d, lng_e9 %d, expected -90e9 to 90e9 and -180e9 to 180e9", p.LatE9, p.LngE9)
	}
	if p.LngE9 == 180e9 {
		p.LngE9 = -180e9
	}
	return geodesy.LatLng{LatE9: p.LatE9, LngE9: p.LngE9}, nil
}

// PointOf returns the form of a position.
func PointOf(l geodesy.LatLng) Point { return Point{l.LatE9, l.LngE9} }

// Altitude is a height above a stated reference.
type Altitude struct {
	MM        int64  `json:"mm"`
	Reference string `json:"reference"` // W84: the ellipsoid; AMSL: mean sea level, EGM96
}

// Footprint is exactly one of a circle, a polygon and a corridor.
type Footprint struct {
	Circle   *Circle   `json:"circle,omitempty"`
	Polygon  []Point   `json:"polygon,omitempty"` // at least three corners, not closed
	Corridor *Corridor `json:"corridor,omitempty"`
}

// Circle is all points within a radius along the ellipsoid.
type Circle struct {
	Centre   Point `json:"centre"`
	RadiusMM int64 `json:"radius_mm"`
}

// Corridor is all points within half a width of a line.
type Corridor struct {
	Line        []Point `json:"line"`
	HalfWidthMM int64   `json:"half_width_mm"`
}
