package geodesy

import (
	"fmt"
	"math/big"
	"strings"
)

// Conversion factors, all exact by definition.
const (
	MetresPerFoot          = 0.3048
	MetresPerNauticalMile  = 1852.0
	MetresPerSecondPerKnot = MetresPerNauticalMile / 3600
	MetresPerStatuteMile   = 1609.344
)

// LengthUnit is a unit of length as it is written: case matters.
type LengthUnit string

// The units of length that are read and written.
const (
	Millimetre   LengthUnit = "mm"
	Centimetre   LengthUnit = "cm"
	Metre        LengthUnit = "m"
	Kilometre    LengthUnit = "km"
	Foot         LengthUnit = "ft"
	NauticalMile LengthUnit = "NM"
	StatuteMile  LengthUnit = "mi"
)

// MaxLengthMM bounds the magnitude of what ParseLength accepts: a million km.
const MaxLengthMM = 1_000_000_000_000

// maxQuantityBytes bounds the text of a quantity: nothing sensible is longer.
const maxQuantityBytes = 48

// ratio is an exact factor num/den.
type ratio struct {
	unit     string
	num, den int64
}

// lengthUnits are in millimetres, in the order that errors list them.
var lengthUnits = []ratio{
	{"m", 1000, 1},
	{"ft", 3048, 10},
	{"NM", 1_852_000, 1},
	{"km", 1_000_000, 1},
	{"cm", 10, 1},
	{"mm", 1, 1},
	{"mi", 1_609_344, 1},
}

// speedUnits are in millimetres a second.
var speedUnits = []ratio{
	{"m/s", 1000, 1},
	{"kt", 1_852_000, 3600},
	{"km/h", 1_000_000, 3600},
	{"ft/min", 3048, 600},
	{"mph", 1_609_344, 3600},
}

// QuantityError reports a length or speed that cannot be read.
type QuantityError struct {
	What  string // "length" or "speed"
	Found string // the text, cut short if long
	Want  string // what was expected
}

// Error names the text found and what was expected.
func (e *QuantityError) Error() string {
	return fmt.Sprintf("%s %q: want %s", e.What, e.Found, e.Want)
}

// ParseLength reads a decimal number with its unit, such as "5NM", "1000ft",
// "30 m" or "-1.5km", and returns it in millimetres, rounded halves away from
// zero. Units are mm, cm, m, km, ft, NM and mi; case matters, as nm is not NM. A
// number without a unit is refused, except zero. The magnitude is at most
// MaxLengthMM. All errors are *QuantityError.
func ParseLength(s string) (mm int64, err error) {
	return parseQuantity("length", s, lengthUnits, MaxLengthMM)
}

// ParseSpeed reads a decimal number with its unit, such as "12m/s", "450 kt",
// "90km/h", "500ft/min" or "30mph", and returns it in millimetres a second,
// under the rules of ParseLength. The magnitude is at most 100 km/s.
func ParseSpeed(s string) (mmPerS int64, err error) {
	return parseQuantity("speed", s, speedUnits, 100_000_000)
}

func parseQuantity(what, s string, units []ratio, limit int64) (int64, error) {
	fail := func(want string) (int64, error) {
		found := s
		if len(found) > maxQuantityBytes {
			found = strings.ToValidUTF8(found[:maxQuantityBytes], "") + "..."
		}
		return 0, &QuantityError{what, found, want}
	}
	if len(s) > maxQuantityBytes {
		return fail(fmt.Sprintf("at most %d characters", maxQuantityBytes))
	}
	end := numberEnd(s)
	if end == 0 {
		return fail("a decimal number with its unit, such as " + exampleQuantity(units))
	}
	number, unit := s[:end], strings.TrimLeft(s[end:], " ")
	v, ok := new(big.Rat).SetString(number)
	if !ok {
		return fail("a decimal number with its unit, such as " + exampleQuantity(units))
	}
	if unit == "" {
		if v.Sign() == 0 {
			return 0, nil
		}
		return fail("a unit after the number: one of " + unitNames(units))
	}
	for _, u := range units {
		if u.unit != unit {
			continue
		}
		v.Mul(v, big.NewRat(u.num, u.den))
		if n, ok := roundRat(v, limit); ok {
			return n, nil
		}
		return fail(fmt.Sprintf("at most %d m in magnitude", limit/1000))
	}
	return fail("one of the units " + unitNames(units) + " (case matters)")
}

// numberEnd returns the length of the decimal number that s begins with: an
// optional sign, digits, and an optional point and digits; 0 if there is none.
func numberEnd(s string) int {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	digits := func() int {
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i - start
	}
	if digits() == 0 {
		return 0
	}
	if i < len(s) && s[i] == '.' {
		i++
		if digits() == 0 {
			return 0
		}
	}
	return i
}

// roundRat rounds v to an integer, halves away from zero; false beyond limit.
func roundRat(v *big.Rat, limit int64) (int64, bool) {
	num := new(big.Int).Abs(v.Num())
	num.Lsh(num, 1).Add(num, v.Denom())
	num.Quo(num, new(big.Int).Lsh(v.Denom(), 1))
	if !num.IsInt64() || num.Int64() > limit {
		return 0, false
	}
	return num.Int64() * int64(v.Sign()), true
}

func unitNames(units []ratio) string {
	names := make([]string, len(units))
	for i, u := range units {
		names[i] = u.unit
	}
	return strings.Join(names, ", ")
}

func exampleQuantity(units []ratio) string {
	return "30" + units[0].unit
}

// FormatLength writes mm millimetres in the unit u with at most the given number
// of decimals (0 to 9), rounded halves away from zero, trailing zeros dropped:
// "1.5 km". An unknown unit is written in metres.
func FormatLength(mm int64, u LengthUnit, decimals int) string {
	f := lengthUnits[0]
	for _, k := range lengthUnits {
		if k.unit == string(u) {
			f = k
		}
	}
	return formatScaled(mm, f.den, f.num, decimals) + " " + f.unit
}

// FormatFlightLevel writes a pressure altitude as a flight level, to the nearest
// hundred feet: "FL085". Below the 1013.25 hPa level it is negative: "FL-005".
func FormatFlightLevel(mm int64) string {
	const mmPerLevel = 30_480
	n := (max(mm, -mm) + mmPerLevel/2) / mmPerLevel
	if mm < 0 && n != 0 {
		return fmt.Sprintf("FL-%03d", n)
	}
	return fmt.Sprintf("FL%03d", n)
}

// formatScaled writes v*num/den with at most the given number of decimals,
// rounded halves away from zero, without trailing zeros.
func formatScaled(v, num, den int64, decimals int) string {
	decimals = min(max(decimals, 0), 9)
	scale := int64(1)
	for range decimals {
		scale *= 10
	}
	n := new(big.Int).Mul(big.NewInt(v), big.NewInt(num))
	n.Mul(n, big.NewInt(2*scale))
	negative := n.Sign() < 0
	n.Abs(n).Add(n, big.NewInt(den)).Quo(n, big.NewInt(2*den))
	digits := n.String()
	if n.Sign() == 0 {
		return "0"
	}
	if decimals > 0 {
		if len(digits) <= decimals {
			digits = strings.Repeat("0", decimals+1-len(digits)) + digits
		}
		whole, frac := digits[:len(digits)-decimals], strings.TrimRight(digits[len(digits)-decimals:], "0")
		digits = whole
		if frac != "" {
			digits += "." + frac
		}
	}
	if negative {
		return "-" + digits
	}
	return digits
}
