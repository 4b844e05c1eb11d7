package main

import (
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// basisOf is what an answer rests on, as far as it matters here.
type basisOf struct {
	NodeTime time.Time `json:"node_time"`
}

// lengthUnit is the unit in which a length is a round number.
func lengthUnit(mm int64) geodesy.LengthUnit {
	switch {
	case mm%185_200 == 0 && mm != 0:
		return geodesy.NauticalMile
	case mm*10%3048 == 0:
		return geodesy.Foot
	}
	return geodesy.Metre
}

// lengthWords writes a length in the unit in which it is a round number.
func lengthWords(mm int64) string { return geodesy.FormatLength(mm, lengthUnit(mm), 3) }

// placeWords writes a position to 1e-5 degree.
func placeWords(latE9, lngE9 int64) string {
	return degrees(geodesy.LatLng{LatE9: latE9, LngE9: lngE9})
}
