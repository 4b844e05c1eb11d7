package geodesy

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func hPa(x float64) *float64 { return &x }

func TestToW84(t *testing.T) {
	zurich := LatLng{47_397_750_700, 8_545_607_000}
	geoid := int64(math.Round(GeoidHeightM(zurich) * 1000))
	if geoid < 47_000 || geoid > 48_500 {
		t.Fatalf("geoid height %d mm", geoid)
	}
	for _, c := range []struct {
		name    string
		a       Altitude
		d       Datum
		mm, err int64
		how     []string // in this order
	}{
		{"ellipsoid", Altitude{500_000, W84}, Datum{}, 500_000, 0, nil},
		{
			"sea level",
			Altitude{500_000, AMSL},
			Datum{},
			500_000 + geoid,
			1160,
			[]string{"AMSL", "EGM96", "15-minute", "bilinear", "1.16 m"},
		},
		{
			"ground above the ellipsoid",
			Altitude{120_000, AGL},
			Datum{Ground: &Ground{455_000, W84, 2_000}},
			575_000, 2_000,
			[]string{"AGL", "W84", "455 m", "2 m"},
		},
		{
			"ground above sea level",
			Altitude{120_000, AGL},
			Datum{Ground: &Ground{408_000, AMSL, 3_000}},
			528_000 + geoid, 4_160,
			[]string{"AGL", "408 m", "3 m", "EGM96", "1.16 m"},
		},
		{
			"home below sea level",
			Altitude{50_000, Home},
			Datum{Ground: &Ground{-3_500, W84, 0}},
			46_500, 0,
			[]string{"HOME", "-3.5 m", "0 m"},
		},
		{
			"flight level at standard pressure",
			Altitude{3_048_000, Pressure},
			Datum{QNHHPa: hPa(1013.25)},
			3_048_000 + geoid, 1160 + 30_000 + 487_680,
			[]string{"QNH 1013.25 hPa", "standard atmosphere", "517.68 m", "EGM96"},
		},
	} {
		got, err := c.a.ToW84(zurich, c.d)
		if err != nil || got.MM != c.mm || got.ErrorMM != c.err {
			t.Errorf("%s: %+v, %v, want %d mm, error %d mm", c.name, got, err, c.mm, c.err)
		}
		rest := got.How
		for _, w := range c.how {
			_, after, ok := strings.Cut(rest, w)
			if !ok {
				t.Errorf("%s: %q does not say %q", c.name, got.How, w)
			}
			rest = after
		}
		if c.how == nil && got.How != "" {
			t.Errorf("%s: %q", c.name, got.How)
		}
	}
}

// Heights of pressures in the ICAO standard atmosphere (Doc 7488, table 1):
// a QNH equal to the pressure at a height lowers the altitude by that height.
func TestQNHHeightAgainstStandardAtmosphere(t *testing.T) {
	for _, c := range []struct{ qnh, heightM float64 }{
		{1013.25, 0},
		{898.746, 1000},
		{954.608, 500},
		{1000, 110.88},
		{1074.78, -500},
	} {
		if got := qnhHeightM(c.qnh); !(math.Abs(got-c.heightM) <= 0.05) {
			t.Errorf("standard height of %v hPa is %v m, want %v", c.qnh, got, c.heightM)
		}
		// The same relation by the library's functions.
		want := 288.15 / 0.0065 * (1 - math.Pow(c.qnh/1013.25, 287.05287*0.0065/9.80665))
		if got := qnhHeightM(c.qnh); !(math.Abs(got-want) <= 1e-9) {
			t.Errorf("standard height of %v hPa is %v m, by math.Pow %v", c.qnh, got, want)
		}
	}
	for qnh := 850.0; qnh <= 1100; qnh += 0.25 {
		want := 288.15 / 0.0065 * (1 - math.Pow(qnh/1013.25, 287.05287*0.0065/9.80665))
		if got := qnhHeightM(qnh); !(math.Abs(got-want) <= 1e-9) {
			t.Fatalf("standard height of %v hPa is %v m, by math.Pow %v", qnh, got, want)
		}
	}
}

// A higher QNH means a higher altitude at the same pressure altitude, by about
// 8.3 m a hectopascal near the standard pressure.
func TestPressureAltitudeRisesWithQNH(t *testing.T) {
	at := LatLng{47e9, 8e9}
	low, err := Altitude{1_000_000, Pressure}.ToW84(at, Datum{QNHHPa: hPa(1013)})
	if err != nil {
		t.Fatal(err)
	}
	high, err := Altitude{1_000_000, Pressure}.ToW84(at, Datum{QNHHPa: hPa(1014)})
	if err != nil {
		t.Fatal(err)
	}
	if d := high.MM - low.MM; d < 8_250 || d > 8_400 {
		t.Errorf("1 hPa raises the altitude by %d mm", d)
	}
}

func TestToW84Refuses(t *testing.T) {
	at := LatLng{47e9, 8e9}
	unknown := new(*UnknownReferenceError)
	outOfRange := new(*AltitudeRangeError)
	for _, c := range []struct {
		name string
		a    Altitude
		d    Datum
		as   any   // target of errors.As
		is   error // or of errors.Is
		says string
	}{
		{"no reference", Altitude{0, ""}, Datum{}, unknown, nil, `altitude reference "": want one of W84, AMSL, AGL, HOME, QNE/FL`},
		{"unknown reference", Altitude{0, "NAVD88"}, Datum{}, unknown, nil, `"NAVD88"`},
		{"lower case", Altitude{0, "amsl"}, Datum{}, unknown, nil, `"amsl"`},
		{"long reference", Altitude{0, AltitudeReference(strings.Repeat("x", 1e6))}, Datum{}, unknown, nil, `xxx..."`},
		{"no ground", Altitude{0, AGL}, Datum{QNHHPa: hPa(1000)}, nil, ErrNoGround, "AGL"},
		{"no home", Altitude{0, Home}, Datum{}, nil, ErrNoGround, "HOME"},
		{"ground over ground", Altitude{0, AGL}, Datum{Ground: &Ground{0, AGL, 0}}, unknown, nil, `ground elevation reference "AGL": want one of W84, AMSL`},
		{"ground over nothing", Altitude{0, AGL}, Datum{Ground: &Ground{}}, unknown, nil, "W84, AMSL"},
		{"negative error", Altitude{0, AGL}, Datum{Ground: &Ground{0, W84, -1}}, outOfRange, nil, "error of the ground elevation"},
		{"huge error", Altitude{0, AGL}, Datum{Ground: &Ground{0, W84, math.MaxInt64}}, outOfRange, nil, "error of the ground elevation"},
		{"huge ground", Altitude{0, AGL}, Datum{Ground: &Ground{math.MaxInt64, W84, 0}}, outOfRange, nil, "ground elevation"},
		{"huge altitude", Altitude{math.MaxInt64, W84}, Datum{}, outOfRange, nil, "altitude 9223372036854776 m: want -1000000 to 1000000 m"},
		{"huge depth", Altitude{math.MinInt64, AMSL}, Datum{}, outOfRange, nil, "altitude"},
		{"no QNH", Altitude{0, Pressure}, Datum{Ground: &Ground{0, W84, 0}}, nil, ErrNoQNH, "QNH"},
		{"QNH in inches", Altitude{0, Pressure}, Datum{QNHHPa: hPa(29.92)}, outOfRange, nil, "QNH 29.92 hPa: want 850 to 1100 hPa"},
		{"QNH not a number", Altitude{0, Pressure}, Datum{QNHHPa: hPa(math.NaN())}, outOfRange, nil, "QNH NaN"},
		{"QNH infinite", Altitude{0, Pressure}, Datum{QNHHPa: hPa(math.Inf(1))}, outOfRange, nil, "QNH +Inf"},
	} {
		got, err := c.a.ToW84(at, c.d)
		switch {
		case err == nil:
			t.Errorf("%s: converted to %+v", c.name, got)
			continue
		case c.as != nil && !errors.As(err, c.as):
			t.Errorf("%s: error is a %T: %v", c.name, err, err)
		case c.is != nil && !errors.Is(err, c.is):
			t.Errorf("%s: error %v, want %v", c.name, err, c.is)
		case !strings.Contains(err.Error(), c.says) || len(err.Error()) > 300:
			t.Errorf("%s: error %q does not say %q", c.name, err, c.says)
		}
		if got != (Converted{}) {
			t.Errorf("%s: %+v beside the error", c.name, got)
		}
	}
}

// A conversion shifts altitudes: differences within one reference at one place
// stay, and stated errors are never negative.
func TestToW84PreservesDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := anyLatLng().Draw(t, "at")
		ref := rapid.SampledFrom(altitudeReferences).Draw(t, "ref")
		qnh := rapid.Float64Range(850, 1100).Draw(t, "qnh")
		d := Datum{
			Ground: &Ground{
				rapid.Int64Range(-500_000, 9_000_000).Draw(t, "ground"),
				rapid.SampledFrom([]AltitudeReference{W84, AMSL}).Draw(t, "ground ref"),
				rapid.Int64Range(0, 50_000).Draw(t, "ground error"),
			},
			QNHHPa: &qnh,
		}
		a := rapid.Int64Range(-500_000, 20_000_000).Draw(t, "a")
		b := rapid.Int64Range(-500_000, 20_000_000).Draw(t, "b")
		ca, err := Altitude{a, ref}.ToW84(at, d)
		if err != nil {
			t.Fatal(err)
		}
		cb, err := Altitude{b, ref}.ToW84(at, d)
		if err != nil {
			t.Fatal(err)
		}
		if ca.MM-cb.MM != a-b {
			t.Fatalf("%d and %d become %d and %d", a, b, ca.MM, cb.MM)
		}
		if ca.ErrorMM < 0 || cb.ErrorMM < 0 {
			t.Fatalf("errors %d, %d", ca.ErrorMM, cb.ErrorMM)
		}
		if (ca.How == "") != (ref == W84) {
			t.Fatalf("%s: how %q", ref, ca.How)
		}
	})
}
