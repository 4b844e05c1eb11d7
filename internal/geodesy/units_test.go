package geodesy

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseLength(t *testing.T) {
	for _, c := range []struct {
		s  string
		mm int64
	}{
		{"5NM", 9_260_000},
		{"1000ft", 304_800},
		{"30m", 30_000},
		{"1.5km", 1_500_000},
		{"30 m", 30_000},
		{"+30  m", 30_000},
		{"-12.5ft", -3_810},
		{"0", 0},
		{"-0", 0},
		{"0.000", 0},
		{"0NM", 0},
		{"25cm", 250},
		{"7mm", 7},
		{"1mi", 1_609_344},
		{"0.5mm", 1},
		{"-0.5mm", -1},
		{"0.4999999999mm", 0},
		{"1ft", 305}, // 304.8
		{"1000000km", 1_000_000_000_000},
		{"0.0000000000000000000000000000000001m", 0},
	} {
		mm, err := ParseLength(c.s)
		if err != nil || mm != c.mm {
			t.Errorf("ParseLength(%q) = %d, %v, want %d", c.s, mm, err, c.mm)
		}
	}
}

func TestParseLengthRefuses(t *testing.T) {
	for _, c := range []struct{ s, says string }{
		{"", "a decimal number with its unit, such as 30m"},
		{"30", "a unit after the number: one of m, ft, NM, km, cm, mm, mi"},
		{"-1.5", "a unit after the number"},
		{"30 ", "a unit after the number"},
		{"5nm", "one of the units"},
		{"5 nmi", "one of the units"},
		{"30M", "case matters"},
		{"30m ", "one of the units"},
		{" 30m", "a decimal number"},
		{"m", "a decimal number"},
		{".5m", "a decimal number"},
		{"5.m", "a decimal number"},
		{"1e3m", "one of the units"},
		{"0x10m", "one of the units"},
		{"1/2m", "one of the units"},
		{"1_000m", "one of the units"},
		{"1,5km", "one of the units"},
		{"--5m", "a decimal number"},
		{"NaNm", "a decimal number"},
		{"Infkm", "a decimal number"},
		{"1000000.001km", "at most 1000000000 m in magnitude"},
		{"99999999999999999999999999999999999NM", "at most 1000000000 m"},
		{strings.Repeat("9", 1000) + "m", "at most 48 characters"},
		{"５m", "a decimal number"},
	} {
		mm, err := ParseLength(c.s)
		var e *QuantityError
		if !errors.As(err, &e) || mm != 0 {
			t.Errorf("ParseLength(%.60q) = %d, %v, want a QuantityError", c.s, mm, err)
			continue
		}
		if !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "length ") || len(err.Error()) > 300 {
			t.Errorf("ParseLength(%.60q): %q does not say %q", c.s, err, c.says)
		}
	}
}

func TestParseSpeed(t *testing.T) {
	for _, c := range []struct {
		s  string
		mm int64
	}{
		{"12m/s", 12_000},
		{"450 kt", 231_500},
		{"1kt", 514}, // 514.44
		{"90km/h", 25_000},
		{"500ft/min", 2_540},
		{"30mph", 13_411}, // 13,411.2
		{"0", 0},
		{"-5m/s", -5_000},
	} {
		mm, err := ParseSpeed(c.s)
		if err != nil || mm != c.mm {
			t.Errorf("ParseSpeed(%q) = %d, %v, want %d", c.s, mm, err, c.mm)
		}
	}
	for _, s := range []string{"12", "12m", "12 knots", "12KT", "100001m/s", ""} {
		mm, err := ParseSpeed(s)
		var e *QuantityError
		if !errors.As(err, &e) || e.What != "speed" || mm != 0 {
			t.Errorf("ParseSpeed(%q) = %d, %v, want a QuantityError", s, mm, err)
		}
	}
}

func TestFormatLength(t *testing.T) {
	for _, c := range []struct {
		mm       int64
		u        LengthUnit
		decimals int
		want     string
	}{
		{0, Metre, 2, "0 m"},
		{1_500_000, Kilometre, 3, "1.5 km"},
		{9_260_000, NauticalMile, 2, "5 NM"},
		{304_800, Foot, 0, "1000 ft"},
		{-3_810, Foot, 1, "-12.5 ft"},
		{47_384, Metre, 2, "47.38 m"},
		{47_385, Metre, 2, "47.39 m"},
		{-47_385, Metre, 2, "-47.39 m"},
		{4, Metre, 2, "0 m"},
		{-4, Metre, 2, "0 m"},
		{5, Metre, 2, "0.01 m"},
		{123, Millimetre, 9, "123 mm"},
		{6_520_692, NauticalMile, 3, "3.521 NM"},
		{1_000, "furlong", 1, "1 m"},
		{1_234, Metre, -3, "1 m"},
		{1_234, Metre, 99, "1.234 m"},
		{math.MaxInt64, Metre, 3, "9223372036854775.807 m"},
		{math.MinInt64, Millimetre, 9, "-9223372036854775808 mm"},
	} {
		if got := FormatLength(c.mm, c.u, c.decimals); got != c.want {
			t.Errorf("FormatLength(%d, %s, %d) = %q, want %q", c.mm, c.u, c.decimals, got, c.want)
		}
	}
}

func TestFormatFlightLevel(t *testing.T) {
	for _, c := range []struct {
		mm   int64
		want string
	}{
		{2_590_800, "FL085"},
		{0, "FL000"},
		{10_058_400, "FL330"},
		{15_239, "FL000"},
		{15_240, "FL001"},
		{-15_239, "FL000"},
		{-152_400, "FL-005"},
	} {
		if got := FormatFlightLevel(c.mm); got != c.want {
			t.Errorf("FormatFlightLevel(%d) = %q, want %q", c.mm, got, c.want)
		}
	}
}

func TestLengthRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mm := rapid.Int64Range(-MaxLengthMM, MaxLengthMM).Draw(t, "mm")
		// Nine decimals resolve a millimetre in every unit.
		u := rapid.SampledFrom([]LengthUnit{Millimetre, Centimetre, Metre, Kilometre, Foot, NauticalMile, StatuteMile}).Draw(t, "unit")
		s := FormatLength(mm, u, 9)
		got, err := ParseLength(s)
		if err != nil || got != mm {
			t.Fatalf("%d mm is written %q and read %d, %v", mm, s, got, err)
		}
	})
}

func TestFactors(t *testing.T) {
	for _, c := range []struct {
		s      string
		factor float64
	}{
		{"1000000ft", 1e6 * MetresPerFoot},
		{"1000NM", 1e3 * MetresPerNauticalMile},
		{"1000mi", 1e3 * MetresPerStatuteMile},
	} {
		if mm, err := ParseLength(c.s); err != nil || float64(mm) != c.factor*1000 {
			t.Errorf("ParseLength(%q) = %d, %v, want %v m", c.s, mm, err, c.factor)
		}
	}
	if got := 3600 * MetresPerSecondPerKnot; got != MetresPerNauticalMile {
		t.Errorf("a knot for an hour is %v m", got)
	}
}

func FuzzParseQuantity(f *testing.F) {
	for _, s := range []string{"5NM", "1000ft", "-1.5km", "0", "30", "12 m/s", "1e9m", "500ft/min", "\xff", "+.m"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 64<<10 {
			t.Skip()
		}
		for _, parse := range []struct {
			read  func(string) (int64, error)
			limit int64
		}{{ParseLength, MaxLengthMM}, {ParseSpeed, 100_000_000}} {
			v, err := parse.read(s)
			if err != nil {
				var e *QuantityError
				if !errors.As(err, &e) || v != 0 || len(err.Error()) > 600 {
					t.Fatalf("%q: %d, %v", s, v, err)
				}
				continue
			}
			if v < -parse.limit || v > parse.limit {
				t.Fatalf("%q: %d is beyond the limit", s, v)
			}
		}
		if mm, err := ParseLength(s); err == nil {
			if again, err := ParseLength(FormatLength(mm, Millimetre, 0)); err != nil || again != mm {
				t.Fatalf("%q: %d mm comes back as %d, %v", s, mm, again, err)
			}
		}
	})
}
