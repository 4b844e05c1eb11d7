package geodesy

import (
	"math"
	"strconv"
)

// The ICAO standard atmosphere (ICAO Doc 7488) below 11 km.
const (
	isaTemperatureK  = 288.15                                      // at mean sea level
	isaLapseKPerM    = 0.0065                                      // decrease of temperature with height
	isaPressureHPa   = 1013.25                                     // at mean sea level
	isaGasConstant   = 287.05287                                   // J/(kg K), dry air
	isaGravity       = 9.80665                                     // m/s^2
	isaPressurePower = isaGasConstant * isaLapseKPerM / isaGravity // 0.190263

	// The range of QNH that is believed, hPa. The lowest and highest sea level
	// pressures on record are about 870 and 1084 hPa.
	minQNHHPa = 850
	maxQNHHPa = 1100

	// The stated error of a pressure altitude. Air that is 10 K warmer or
	// colder than standard stretches or shrinks heights by about 4 per cent
	// (ICAO Doc 8168, cold temperature corrections); 40 K off gives 16 per
	// cent. To this come 20 m tolerance of an altimeter (Doc 8168, serviceable
	// at +-60 ft) and 9 m for a QNH reported in whole hectopascals; rounded up.
	// A QNH that belongs to another place or time is not covered.
	pressureErrorPerCent = 16
	pressureErrorMM      = 30_000
)

// qnhHeightM is the height in the standard atmosphere, in metres, at which the
// pressure is qnhHPa: what an altimeter set to the QNH subtracts from pressure
// altitude.
func qnhHeightM(qnhHPa float64) float64 {
	x := float64(isaPressurePower * logNear1(qnhHPa/isaPressureHPa))
	return float64(-isaTemperatureK / isaLapseKPerM * expm1Small(x))
}

// logNear1 returns the natural logarithm of x in [0.8, 1.25] by the series of
// the inverse hyperbolic tangent.
func logNear1(x float64) float64 {
	z := (x - 1) / (x + 1)
	q := float64(z * z)
	sum := 0.0
	for n := 17; n >= 1; n -= 2 {
		sum = float64(q*sum) + 1/float64(n)
	}
	return float64(2 * float64(z*sum))
}

// expm1Small returns e^x-1 for |x| <= 0.1 by its Taylor series.
func expm1Small(x float64) float64 {
	sum := 1.0
	for n := 10; n >= 2; n-- {
		sum = 1 + float64(x*sum)/float64(n)
	}
	return float64(x * sum)
}

// pressureToW84 converts a pressure altitude as an altimeter does: altitude is
// pressure altitude less the standard height of the QNH.
func pressureToW84(mm int64, at LatLng, qnhHPa *float64) (Converted, error) {
	if qnhHPa == nil {
		return Converted{}, ErrNoQNH
	}
	if !(*qnhHPa >= minQNHHPa && *qnhHPa <= maxQNHHPa) {
		return Converted{}, &AltitudeRangeError{"QNH", *qnhHPa, minQNHHPa, maxQNHHPa, "hPa"}
	}
	amslMM := mm - int64(math.Round(float64(qnhHeightM(*qnhHPa)*1000)))
	height := max(amslMM, -amslMM)
	errorMM := (height*pressureErrorPerCent+99)/100 + pressureErrorMM
	c := amslToW84(amslMM, at)
	return Converted{
		MM:      c.MM,
		ErrorMM: c.ErrorMM + errorMM,
		How: "pressure altitude to AMSL by QNH " + strconv.FormatFloat(*qnhHPa, 'f', -1, 64) +
			" hPa in the standard atmosphere, error " + FormatLength(errorMM, Metre, 2) +
			" (16 % of height for temperature, and 30 m); " + c.How,
	}, nil
}
