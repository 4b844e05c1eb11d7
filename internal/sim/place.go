package sim

import (
	"math"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/statement"
)

// Units of the script in millimetres.
const (
	mmOfNM   = 1_852_000
	mmOfFoot = 304.8
)

func nm(n float64) int64   { return int64(math.Round(n * mmOfNM)) }
func feet(n float64) int64 { return int64(math.Round(n * mmOfFoot)) }

// at is a place in degrees.
func at(lat, lng float64) declared.Point {
	return declared.Point{LatE9: int64(math.Round(lat * 1e9)), LngE9: int64(math.Round(lng * 1e9))}
}

// sea is an altitude in feet above mean sea level.
func sea(ft float64) declared.Altitude { return declared.Altitude{MM: feet(ft), Reference: "AMSL"} }

func seaAt(ft float64) *declared.Altitude {
	a := sea(ft)
	return &a
}

// apart returns how far two places are from each other, in millimetres.
func apart(a, b declared.Point) int64 {
	d, _, _ := geodesy.Inverse(geodesy.LatLng(a), geodesy.LatLng(b))
	return int64(math.Round(d * 1000))
}

// toward returns the place so far from another in a direction, in nautical miles
// and degrees from true north.
func toward(from declared.Point, bearingDeg, miles float64) declared.Point {
	return declared.PointOf(geodesy.Direct(geodesy.LatLng(from), bearingDeg, miles*mmOfNM/1000))
}

// leastMM and leastNS are errors that are too small to matter: none is without.
const (
	leastMM = 1
	leastNS = 1
)

// around is a volume about a place, between heights in feet.
func (p *Play) around(centre declared.Point, miles, floor, ceiling float64, from, to string) declared.Volume {
	return declared.Volume{
		Footprint: declared.Footprint{Circle: &declared.Circle{Centre: centre, RadiusMM: nm(miles)}},
		Lower:     seaAt(floor), Upper: seaAt(ceiling), Start: p.at(from), End: p.at(to), HErrorMM: leastMM, TErrorNS: leastNS,
	}
}

// fix is a place that is passed at a height, in feet, and a time.
type fix struct {
	declared.Point
	ft float64
	at statement.Instant
}

// flight is a way through fixes, with a half width in miles and a band in feet.
func flight(halfWidth, band float64, fixes ...fix) declared.Trajectory {
	t := declared.Trajectory{HalfWidthMM: max(nm(halfWidth), leastMM), VErrorMM: feet(band), TErrorNS: leastNS}
	for _, f := range fixes {
		t.Points = append(t.Points, declared.TimedPoint{LatE9: f.LatE9, LngE9: f.LngE9, Alt: sea(f.ft), At: f.at})
	}
	return t
}
