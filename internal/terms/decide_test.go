package terms

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

func TestNoticeClass(t *testing.T) {
	n := Notice{RoutineNS: 12 * hour, ShortNS: hour}
	for lead, want := range map[int64]Class{
		12 * hour: Routine, 12*hour - 1: Short, hour: Short, hour - 1: Late, 1: Late, 0: AfterFact, -1: AfterFact,
		math.MinInt64: AfterFact, math.MaxInt64: Routine,
	} {
		if got := n.Class(lead); got != want {
			t.Errorf("a lead of %d ns is %s, want %s", lead, got, want)
		}
	}
	s := Default(Pair("a", "b")).Sites
	// Two hours and fifty minutes before a movement miss the target, and no more.
	for _, tc := range []struct {
		lead      int64
		emergency bool
		want      Class
	}{
		{170 * minute, false, Short},
		{48 * hour, false, Routine},
		{24 * hour, false, Short},
		{24 * hour, true, Routine},
		{1, true, Short},
		{0, true, AfterFact},
	} {
		if got := s.MoveClass(tc.lead, tc.emergency); got != tc.want {
			t.Errorf("a movement told %d ns before is %s, want %s", tc.lead, got, tc.want)
		}
	}
}

func TestMargins(t *testing.T) {
	m := Margins{Declared: 120, Acknowledged: 110, Tracked: 100, Contradicted: 200, Late: 150, NoRule: 180, Silent: 170}
	for _, tc := range []struct {
		grade Grade
		c     Conditions
		want  int64
	}{
		{Declared, Conditions{}, 120},
		{Acknowledged, Conditions{}, 110},
		{Tracked, Conditions{}, 100},
		{Contradicted, Conditions{}, 200},
		{"green", Conditions{}, 200},
		{Tracked, Conditions{Late: true}, 150},
		{Tracked, Conditions{Late: true, Silent: true}, 170},
		{Tracked, Conditions{Late: true, Silent: true, NoRule: true}, 180},
		{Contradicted, Conditions{Late: true, Silent: true, NoRule: true}, 200},
	} {
		if got := m.Of(tc.grade, tc.c); got != tc.want {
			t.Errorf("%s with %+v is %d %%, want %d", tc.grade, tc.c, got, tc.want)
		}
	}
	if got := (Margins{}).Of(Declared, Conditions{}); got != 100 {
		t.Errorf("margins that are not set narrow minima to %d %%", got)
	}
}

// Widening never narrows, and rounds up exactly.
func TestWidened(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Minima{
			LateralMM:  rapid.Int64Range(0, volume.MaxBufferMM).Draw(t, "lateral"),
			VerticalMM: rapid.Int64Range(0, 1_000_000).Draw(t, "vertical"),
			TimeNS:     rapid.Int64Range(0, volume.MaxBufferNS).Draw(t, "time"),
		}
		percent := rapid.Int64Range(0, math.MaxInt64).Draw(t, "percent")
		w := m.Widened(percent)
		if err := w.Validate(); err != nil {
			t.Fatal(err)
		}
		check := func(n, got, most int64) {
			exact := new(big.Int).Mul(big.NewInt(n), big.NewInt(max(percent, 100)))
			exact.Add(exact, big.NewInt(99)).Div(exact, big.NewInt(100))
			if want := big.NewInt(most); exact.Cmp(want) > 0 {
				exact = want
			}
			if exact.Cmp(big.NewInt(got)) != 0 {
				t.Fatalf("%d at %d %% is %d, want %s", n, percent, got, exact)
			}
		}
		check(m.LateralMM, w.LateralMM, volume.MaxBufferMM)
		check(m.VerticalMM, w.VerticalMM, volume.MaxBufferMM)
		check(m.TimeNS, w.TimeNS, volume.MaxBufferNS)
	})
}

func TestMinimaCovers(t *testing.T) {
	all, some := Minima{}, Minima{Kinds: []string{"unmanned"}}
	for _, tc := range []struct {
		m    Minima
		a, b string
		want bool
	}{
		{all, "manned", "balloon", true},
		{some, "manned", "unmanned", true},
		{some, "manned", "manned", false},
		{some, "manned", "", true}, // not known: covered
	} {
		if got := tc.m.Covers(tc.a, tc.b); got != tc.want {
			t.Errorf("%v covers %q and %q: %v", tc.m.Kinds, tc.a, tc.b, got)
		}
	}
}

func TestPriority(t *testing.T) {
	p := Default(Pair("a", "b")).Priority
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{RankEmergency, RankMedical, 1},
		{RankMedical, RankFire, 0},
		{RankHumanitarian, RankState, 1},
		{RankState, RankRescue, -1},
		{RankOther, "9999", 1}, // a rank of the sender's own is below all
		{"x", "y", 0},
	} {
		if got := p.Compare(tc.a, tc.b); got != tc.want {
			t.Errorf("%s to %s is %d, want %d", tc.a, tc.b, got, tc.want)
		}
		if got := p.Compare(tc.b, tc.a); got != -tc.want {
			t.Errorf("%s to %s is %d, want %d", tc.b, tc.a, got, -tc.want)
		}
	}
}

func TestLadder(t *testing.T) {
	l := Default(Pair("a", "b")).Ladder
	for elapsed, want := range map[int64]int{-1: 0, 0: 0, 30*second - 1: 0, 30 * second: 1, minute: 2, 2*minute - 1: 2, 2 * minute: 3, math.MaxInt64: 3} {
		if got := l.At(elapsed); got != want {
			t.Errorf("after %d ns the rung is %d, want %d", elapsed, got, want)
		}
	}
	if l.EndNS() != 2*minute {
		t.Errorf("the ladder takes %d ns", l.EndNS())
	}
}

// The next test call is after the instant, within a day, and at a time of day of
// the list with none between.
func TestNextTestCall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.SliceOfNDistinct(rapid.Int64Range(0, dayNS-1), 1, 6, rapid.ID).Draw(t, "at")
		calls := Tests{AtNS: at}
		for i := range at { // ascending
			for j := i + 1; j < len(at); j++ {
				if at[j] < at[i] {
					at[i], at[j] = at[j], at[i]
				}
			}
		}
		after := rapid.Int64Range(-1<<61, 1<<61).Draw(t, "after")
		next, ok := calls.Next(after)
		if !ok || next <= after || next > after+dayNS {
			t.Fatalf("after %d comes %d", after, next)
		}
		due := func(ns int64) bool {
			for _, a := range at {
				if ((ns-a)%dayNS+dayNS)%dayNS == 0 {
					return true
				}
			}
			return false
		}
		if !due(next) {
			t.Fatalf("%d is no time of a call", next)
		}
		for _, a := range at { // the day before, this and the next
			for d := int64(-1); d <= 1; d++ {
				x := after - ((after%dayNS)+dayNS)%dayNS + d*dayNS + a
				if x > after && x < next {
					t.Fatalf("%d is before %d", x, next)
				}
			}
		}
	})
	if _, ok := (Tests{}).Next(0); ok {
		t.Error("found a call where there are none")
	}
}

func TestCoarseAllows(t *testing.T) {
	c := Coarse{AreaTimeM2S: 36_000_000_000_000}
	for _, tc := range []struct {
		area, duration int64
		want           bool
	}{
		{1_000_000_000, 10 * hour, true},
		{1_000_000_000, 10*hour + 1, false},
		{1_000_000_001, 10 * hour, false},
		{math.MaxInt64, math.MaxInt64, false}, // the product needs 126 bits
		{math.MaxInt64, 0, true},
		{-1, 1, false},
	} {
		if got := c.Allows(tc.area, tc.duration); got != tc.want {
			t.Errorf("%d m² for %d ns: %v", tc.area, tc.duration, got)
		}
	}
	if (Coarse{}).Allows(1, 1) {
		t.Error("without a rule a coarse volume is allowed")
	}
}

func ptr[T any](v T) *T { return &v }

func TestReadBackMatch(t *testing.T) {
	r := ReadBack{PositionMM: 100_000, LevelMM: 30_480, TimeNS: 30 * second}
	instant := func(s string) Value {
		var at statement.Instant
		if err := at.UnmarshalText([]byte(s)); err != nil {
			t.Fatal(err)
		}
		return Value{At: &at}
	}
	level := func(mm int64, ref string) Value { return Value{Level: &declared.Altitude{MM: mm, Reference: ref}} }
	place := func(lat, lng float64) Value { p := point(lat, lng); return Value{Position: &p} }
	for _, tc := range []struct {
		what       string
		sent, back Value
		want       bool
	}{
		{"ten minutes off", instant("2026-03-04T09:26:00Z"), instant("2026-03-04T09:36:00Z"), false},
		{"the time", instant("2026-03-04T09:26:00Z"), instant("2026-03-04T09:26:30Z"), true},
		{"a nanosecond more than the tolerance", instant("2026-03-04T09:26:00Z"), instant("2026-03-04T09:26:30.000000001Z"), false},
		{"the level", level(6_096_000, "AMSL"), level(6_065_520, "AMSL"), true},
		{"another reference", level(6_096_000, "AMSL"), level(6_096_000, "W84"), false},
		{"extreme levels", level(math.MinInt64, "W84"), level(math.MaxInt64, "W84"), false},
		{"the place", place(12.36, -29.93), place(12.3605, -29.93), true},
		{"digits swapped", place(12.63, -29.93), place(12.36, -29.93), false},
		{"across the date line", place(0, 180), place(0, -179.9995), true},
		{"no place", place(91, 0), place(91, 0), false},
		{"frequency", Value{FrequencyHz: ptr(int64(118_950_000))}, Value{FrequencyHz: ptr(int64(118_955_000))}, false},
		{"altimeter setting", Value{PressurePa: ptr(int64(101_325))}, Value{PressurePa: ptr(int64(101_325))}, true},
		{"another setting", Value{PressurePa: ptr(int64(101_325))}, Value{PressurePa: ptr(int64(102_325))}, false},
		{"count", Value{Count: ptr(int64(2))}, Value{Count: ptr(int64(2))}, true},
		{"length", Value{LengthMM: ptr(int64(2))}, Value{LengthMM: ptr(int64(3))}, false},
		{"yes and no", Value{Yes: ptr(true)}, Value{Yes: ptr(false)}, false},
		{"as spoken", Value{Text: ptr("N-204 A")}, Value{Text: ptr("n204a")}, true},
		{"a point in a number", Value{Text: ptr("12.5")}, Value{Text: ptr("125")}, false},
		{"nothing said", Value{Text: ptr("")}, Value{Text: ptr("")}, false},
		{"only marks", Value{Text: ptr("-")}, Value{Text: ptr("--")}, false},
		{"another kind", Value{Count: ptr(int64(2))}, Value{LengthMM: ptr(int64(2))}, false},
		{"no value", Value{}, Value{}, false},
		{"two values", Value{Count: ptr(int64(2)), Yes: ptr(true)}, Value{Count: ptr(int64(2)), Yes: ptr(true)}, false},
	} {
		if got := r.Match(tc.sent, tc.back); got != tc.want {
			t.Errorf("%s: match %v, want %v", tc.what, got, tc.want)
		}
	}
}

// What holds where nothing is agreed must itself be a rule that could be agreed.
func TestDefaultIsSound(t *testing.T) {
	r := Default(Pair("b", "a"))
	if r.Pair[0] != "a" || len(r.Minima) != 0 || len(r.Lines) != 0 || r.Suspended {
		t.Errorf("found %+v", r)
	}
	for _, p := range []part{&r.Margins, &r.Notice, &r.Priority, &r.Precedence, &r.Ladder, &r.ReadBack, &r.Tests, &r.Heartbeat, &r.Offers, &r.Breach, &r.Sites, &r.Coarse} {
		if err := p.check(nil); err != nil {
			t.Errorf("%T: %v", p, err)
		}
	}
	for name, want := range map[string]int64{PrecedenceStop: minute, PrecedenceFlash: 3 * minute, PrecedenceImmediate: 10 * minute, PrecedencePriority: hour} {
		if got, ok := r.Precedence.HandlingNS(name); !ok || got != want {
			t.Errorf("%s is handled in %d ns, want %d", name, got, want)
		}
	}
	if _, ok := r.Precedence.HandlingNS(PrecedenceRoutine); ok {
		t.Error("a routine message has a handling time of its own")
	}
	if r.Heartbeat.SilentNS() != 3*minute || r.Breach.ReplyNS != 48*hour || r.Margins.NoRule != 200 || r.Coarse.Allows(1, 1) {
		t.Errorf("found %+v", r)
	}
}

func TestZonesAndSites(t *testing.T) {
	tarrow := text(t, "tarrow")
	zones := Compile([]InForce{{Text: tarrow}}, Pair("tfa", "car")).Zones
	if len(zones) != 2 {
		t.Fatalf("found %d zones", len(zones))
	}
	var ring, r1 Zone
	for _, z := range zones {
		if z.Name == "R-1" {
			r1 = z
		} else {
			ring = z
		}
	}
	at := func(lat, lng float64, ft int64) Craft {
		return Craft{Position: point(lat, lng), Level: declared.Altitude{MM: ft * 3048 / 10, Reference: "AMSL"}}
	}
	for _, tc := range []struct {
		what  string
		zone  Zone
		craft Craft
		want  bool
	}{
		{"R-31 at 02:31, 3.43 NM out", r1, at(-45.2267, -130.4715, 3100), true},
		{"above R-1", r1, at(-45.2267, -130.4715, 9500), false},
		{"just below its top", r1, at(-45.2267, -130.4715, 9499), true},
		{"between the rings", r1, at(-45.05, -130.30, 4000), false},
		{"between the rings", ring, at(-45.05, -130.30, 4000), true},
	} {
		got, err := tc.craft.inside(tc.zone.Volume(0, 1))
		if err != nil || got != tc.want {
			t.Errorf("%s: inside %v, %v", tc.what, got, err)
		}
	}
	if r1.Entry(RankMedical) != EntryWithContact || r1.Entry("utility") != NoEntry || ring.Entry("utility") != EntryWithContact {
		t.Errorf("entry is %s, %s, %s", r1.Entry(RankMedical), r1.Entry("utility"), ring.Entry("utility"))
	}
}
