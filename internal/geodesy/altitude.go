package geodesy

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// AltitudeReference says what an altitude is measured from.
type AltitudeReference string

// The altitude references that can be converted. There are no others: anything
// else is refused with an *UnknownReferenceError.
const (
	W84      AltitudeReference = "W84"    // above the WGS84 ellipsoid
	AMSL     AltitudeReference = "AMSL"   // above mean sea level, taken as the EGM96 geoid
	AGL      AltitudeReference = "AGL"    // above the ground below
	Home     AltitudeReference = "HOME"   // above the home or take-off position
	Pressure AltitudeReference = "QNE/FL" // pressure altitude or flight level, 1013.25 hPa
)

// altitudeReferences lists them in the order that errors do.
var altitudeReferences = []AltitudeReference{W84, AMSL, AGL, Home, Pressure}

// Altitude is a height in millimetres above its reference.
type Altitude struct {
	MM  int64
	Ref AltitudeReference
}

// Ground is the elevation of the ground below a position, or of the home or
// take-off position.
type Ground struct {
	MM      int64             // elevation, millimetres
	Ref     AltitudeReference // W84 or AMSL
	ErrorMM int64             // its stated error, millimetres, >= 0
}

// Datum is what is known at a position to convert altitudes with.
type Datum struct {
	Ground *Ground  // for AGL and Home; nil if unknown
	QNHHPa *float64 // for Pressure: altimeter setting, hPa; nil if unknown
}

// Converted is an altitude above the ellipsoid.
type Converted struct {
	MM      int64  // millimetres above the WGS84 ellipsoid
	ErrorMM int64  // stated error of the conversion, millimetres, >= 0
	How     string // the conversion in words, with its error; empty for W84
}

// MaxAltitudeMM bounds the magnitude of every altitude and elevation that is
// converted: 1,000 km.
const MaxAltitudeMM = 1_000_000_000

var (
	// ErrNoGround reports an altitude above ground or home without a stated
	// elevation of it.
	ErrNoGround = errors.New("altitude above ground or home needs a stated ground elevation")
	// ErrNoQNH reports a pressure altitude without a QNH.
	ErrNoQNH = errors.New("pressure altitude or flight level needs a QNH")
)

// UnknownReferenceError reports an altitude reference that cannot be converted.
type UnknownReferenceError struct {
	What     string              // "altitude" or "ground elevation"
	Found    AltitudeReference   // as given, cut short if long
	Expected []AltitudeReference // what could be converted
}

// unknownReference keeps a long reference out of the error.
func unknownReference(what string, found AltitudeReference, expected []AltitudeReference) error {
	if len(found) > maxQuantityBytes {
		found = AltitudeReference(strings.ToValidUTF8(string(found[:maxQuantityBytes]), "") + "...")
	}
	return &UnknownReferenceError{what, found, slices.Clone(expected)}
}

// Error names the reference found and the ones expected.
func (e *UnknownReferenceError) Error() string {
	want := make([]string, len(e.Expected))
	for i, r := range e.Expected {
		want[i] = string(r)
	}
	return fmt.Sprintf("%s reference %q: want one of %s", e.What, string(e.Found), strings.Join(want, ", "))
}

// AltitudeRangeError reports a value of a conversion outside its range.
type AltitudeRangeError struct {
	What     string  // such as "altitude"
	Found    float64 // the value
	Min, Max float64 // the range, inclusive
	Unit     string  // of all three
}

// Error names the value found and the range expected.
func (e *AltitudeRangeError) Error() string {
	plain := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	return fmt.Sprintf("%s %s %s: want %s to %s %s", e.What, plain(e.Found), e.Unit, plain(e.Min), plain(e.Max), e.Unit)
}

// ToW84 converts a to an altitude above the ellipsoid at the position at, with
// what d knows. It never guesses: it returns an *UnknownReferenceError for a
// reference it does not know, ErrNoGround or ErrNoQNH where d lacks what is
// needed, and an *AltitudeRangeError for a value out of range.
func (a Altitude) ToW84(at LatLng, d Datum) (Converted, error) {
	if err := checkAltitude("altitude", a.MM); err != nil {
		return Converted{}, err
	}
	switch a.Ref {
	case W84:
		return Converted{MM: a.MM}, nil
	case AMSL:
		return amslToW84(a.MM, at), nil
	case AGL, Home:
		return aboveGround(a, at, d.Ground)
	case Pressure:
		return pressureToW84(a.MM, at, d.QNHHPa)
	default:
		return Converted{}, unknownReference("altitude", a.Ref, altitudeReferences)
	}
}

func checkAltitude(what string, mm int64) error {
	if mm < -MaxAltitudeMM || mm > MaxAltitudeMM {
		return &AltitudeRangeError{what, float64(mm) / 1000, -MaxAltitudeMM / 1000, MaxAltitudeMM / 1000, "m"}
	}
	return nil
}

func amslToW84(mm int64, at LatLng) Converted {
	n := int64(math.Round(float64(GeoidHeightM(at) * 1000)))
	return Converted{
		MM:      mm + n,
		ErrorMM: GeoidErrorMM,
		How: "AMSL to W84 by the EGM96 15-minute grid, bilinear: geoid height " +
			FormatLength(n, Metre, 2) + ", error " + FormatLength(GeoidErrorMM, Metre, 2),
	}
}

func aboveGround(a Altitude, at LatLng, g *Ground) (Converted, error) {
	if g == nil {
		return Converted{}, fmt.Errorf("%s: %w", a.Ref, ErrNoGround)
	}
	if err := checkAltitude("ground elevation", g.MM); err != nil {
		return Converted{}, err
	}
	if g.ErrorMM < 0 || g.ErrorMM > MaxAltitudeMM {
		return Converted{}, &AltitudeRangeError{
			"error of the ground elevation", float64(g.ErrorMM) / 1000, 0, MaxAltitudeMM / 1000, "m",
		}
	}
	var ground Converted
	switch g.Ref {
	case W84:
		ground = Converted{MM: g.MM}
	case AMSL:
		ground = amslToW84(g.MM, at)
	default:
		return Converted{}, unknownReference("ground elevation", g.Ref, altitudeReferences[:2])
	}
	how := string(a.Ref) + " to " + string(g.Ref) + " by the stated elevation " +
		FormatLength(g.MM, Metre, 2) + ", error " + FormatLength(g.ErrorMM, Metre, 2)
	if ground.How != "" {
		how += "; " + ground.How
	}
	return Converted{
		MM:      a.MM + ground.MM,
		ErrorMM: g.ErrorMM + ground.ErrorMM,
		How:     how,
	}, nil
}
