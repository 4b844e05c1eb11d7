package picture

import (
	"reflect"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// One statement has one unit and one precision, so that what is apart and what
// is short add up to what is required.
func TestStatementsAddUp(t *testing.T) {
	verdict := func(gap, centre, lateral, vertical, needV int64) *conflict.Verdict {
		a := &conflict.Approach{HorizontalTenthMM: gap, CentreTenthMM: centre, VerticalMM: vertical}
		return &conflict.Verdict{
			Minima: conflict.Minima{LateralMM: lateral, VerticalMM: needV}, MinHorizontal: a, MinVertical: a,
			LateralShortfallTenthMM: 10*lateral - gap, VerticalShortfallMM: needV - vertical,
			Parts: []conflict.Part{{A: conflict.PartRef{Kind: conflict.LegPart}, B: conflict.PartRef{Kind: conflict.LegPart}}},
		}
	}
	const none = conflict.NoDistance
	air := Units{geodesy.NauticalMile, geodesy.Foot}
	for _, c := range []struct{ got, want string }{
		{Units{}.LateralWords(verdict(60_900, none, 50_000, 0, 0)), "6.09 m apart at 00:00:00Z; 50 m required, 43.91 m short"},
		{Units{}.LateralWords(verdict(60_900, 20_060_900, 50_000, 0, 0)), "6.09 m apart at 00:00:00Z (centre to centre 2006.09 m); 50 m required, 43.91 m short"},
		{Units{}.LateralWords(verdict(60_900, none, 5_000_000, 0, 0)), "0.006 km apart at 00:00:00Z; 5 km required, 4.994 km short"},
		{air.LateralWords(verdict(50_000, none, 9_260_000, 0, 0)), "0.002 NM apart at 00:00:00Z; 5 NM required, 4.998 NM short"},
		{Units{}.VerticalWords(verdict(0, none, 1, 6_090, 50_000)), "6.09 m apart; 50 m required, 43.91 m short"},
		{Units{}.VerticalWords(verdict(0, none, 1, 0, 20_000)), "bands touch; 20 m required, 20.0 m short"},
		{Units{}.VerticalWords(verdict(0, none, 1, -1_500_000, 20_000)), "overlap 1500 m; 20 m required, 1520 m short"},
		{air.VerticalWords(verdict(0, none, 1, -304_800, 609_600)), "overlap 1000 ft; 2000 ft required, 3000 ft short"},
	} {
		if c.got != c.want {
			t.Errorf("got  %q\nwant %q", c.got, c.want)
		}
	}
}

func TestInsideSaysFromWhenToWhen(t *testing.T) {
	at := func(s string) int64 { return clock(t, s) }
	part := func(kind conflict.PartKind, from, to string) conflict.Part {
		return conflict.Part{A: conflict.PartRef{Kind: kind}, B: conflict.PartRef{Kind: conflict.VolumePart}, FromNS: at(from), ToNS: at(to)}
	}
	leg := conflict.LegPart
	for _, c := range []struct {
		parts []conflict.Part
		want  string
	}{
		{[]conflict.Part{part(leg, "09:00:00.5", "09:01:00.5")}, "inside from 09:00:00Z to 09:01:01Z; must not overlap"},
		{[]conflict.Part{part(leg, "09:01:00", "09:02:00"), part(leg, "09:00:00", "09:01:00")}, "inside from 09:00:00Z to 09:02:00Z; must not overlap"},
		{[]conflict.Part{part(leg, "09:00:00", "09:01:00"), part(leg, "09:05:00", "09:06:00")}, "inside at times from 09:00:00Z to 09:06:00Z; must not overlap"},
		{[]conflict.Part{part(conflict.VolumePart, "09:00:00", "09:01:00")}, "overlap from 09:00:00Z to 09:01:00Z; must not overlap"},
	} {
		v := &conflict.Verdict{
			FromNS: c.parts[0].FromNS, ToNS: c.parts[0].ToNS, Parts: c.parts,
			MinHorizontal: &conflict.Approach{TimeNS: at("09:00:30"), OtherNS: at("09:00:30"), CentreTenthMM: conflict.NoDistance},
		}
		for _, p := range c.parts {
			v.FromNS, v.ToNS = min(v.FromNS, p.FromNS), max(v.ToNS, p.ToNS)
		}
		if got := (Units{}).LateralWords(v); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}

// Turned round, a verdict says the same of the other side; turned twice, it is
// the same. Only a zone before a plan is turned.
func TestPlanFirst(t *testing.T) {
	v := flightInHugeZone(t).Verdict
	v.MinHorizontal.OtherNS++
	v.MinHorizontal.ALowerMM, v.MinHorizontal.BLowerMM = 1, 2
	got := PlanFirst(v)
	if got.A != v.B || got.B != v.A || got.Parts[0].A != v.Parts[0].B || got.MinHorizontal.TimeNS != v.MinHorizontal.OtherNS ||
		got.MinHorizontal.A != v.MinHorizontal.B || got.MinHorizontal.ALowerMM != 2 {
		t.Errorf("%+v", got)
	}
	if PlanFirst(got) != got {
		t.Error("a plan before a zone is turned")
	}
	back := *got
	back.A.Kind, back.B.Kind = volume.Constraint, volume.Intent
	again := PlanFirst(&back)
	again.A, again.B = v.A, v.B
	if !reflect.DeepEqual(again, v) {
		t.Errorf("turned twice:\n%+v\n%+v", again, v)
	}
}
