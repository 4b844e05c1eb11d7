package picture

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/geodesy"
)

func TestDistancesRoundTowardsDanger(t *testing.T) {
	nautical := Units{geodesy.NauticalMile, geodesy.Foot}
	for _, c := range []struct{ got, want string }{
		{nautical.Gap(222_054_800), "11.990 NM"},                        // the boundary case: not 12.0
		{nautical.Gap(222_239_999), "11.999 NM"},                        // 0.1 mm inside 12 NM
		{nautical.Gap(222_240_000), "12.000 NM"},                        // exactly
		{nautical.Gap(-175_545_000), "-9.479 NM"},                       // deeper, not shallower
		{nautical.lateralScale(92_600_001).up(92_600_001), "5.001 NM"},  // a shortfall is never understated
		{nautical.lateralScale(10).up(10), "0.01 m"},                    // small ones in metres
		{nautical.GapVertical(609_599), "1999 ft"},                      // 1 mm short of 2000 ft
		{nautical.GapVertical(609_600), "2000 ft"},                      // exactly
		{nautical.GapVertical(-304_800), "-1000 ft"},                    // overlap
		{nautical.verticalScale(2_001).up(20_010), "6.57 ft"},           // 6.565 ft
		{nautical.Level(3_657_600, true), "12000 ft"},                   // exactly
		{nautical.Level(457_210, true), "1500.1 ft"},                    // above: higher
		{nautical.Level(457_190, false), "1499.9 ft"},                   // below: lower
		{Units{}.Level(441_349, false), "441.34 m"},                     //
		{Units{}.Level(-441_349, true), "-441.34 m"},                    //
		{nautical.Amount(26_815_810), "14.480 NM"},                      // moved no less
		{Units{}.Gap(299_999), "29.99 m"},                               // just under 30 m
		{Units{}.Gap(123_456_789), "12.345 km"},                         //
		{Units{}.GapVertical(9_999), "9.99 m"},                          //
		{Units{}.verticalScale(99_901).up(999_010), "100.0 m"},          //
		{Units{geodesy.Foot, geodesy.Foot}.Gap(3_048_000), "1000 ft"},   //
		{Units{geodesy.Foot, geodesy.Foot}.Gap(37_040_000), "2.000 NM"}, // long ones in NM
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// Whatever is written down lies on the side of danger of the true value and
// within one unit of the last decimal.
func TestFixedRounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64Range(-2e14, 2e14).Draw(t, "tenthMM")
		u := rapid.SampledFrom([]geodesy.LengthUnit{geodesy.Metre, geodesy.Kilometre, geodesy.NauticalMile, geodesy.Foot}).Draw(t, "unit")
		decimals := rapid.IntRange(0, 4).Draw(t, "decimals")
		up := rapid.Bool().Draw(t, "up")
		number, _, _ := strings.Cut(fixed(v, u, decimals, up), " ")
		written, ok := new(big.Rat).SetString(number)
		if !ok {
			t.Fatalf("not a number: %q", number)
		}
		off := written.Sub(written, big.NewRat(v, tenthMM[u]))
		if up {
			off.Neg(off)
		}
		last := big.NewRat(1, 1)
		for range decimals {
			last.Quo(last, big.NewRat(10, 1))
		}
		if off.Sign() > 0 || off.Neg(off).Cmp(last) >= 0 {
			t.Fatalf("%d in %s with %d decimals, up %v: %q", v, u, decimals, up, number)
		}
	})
}
