package intent

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// TestNearLosesNobody: whatever conflicts under a separation is found within it,
// as every pair compared says, however long and aslant the legs are, and in a
// clone, which has no index.
func TestNearLosesNobody(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		shape := func() declared.Shape {
			if rapid.Bool().Draw(rt, "flown") {
				tr := declared.Trajectory{HalfWidthMM: 50_000, VErrorMM: 10_000}
				at := clock(t, "08:00") + statement.Instant(rapid.Int64Range(0, hourNS).Draw(rt, "start"))
				for range rapid.IntRange(2, 4).Draw(rt, "points") {
					p := pt(rapid.Float64Range(-80, 80).Draw(rt, "lat"), rapid.Float64Range(-20, 20).Draw(rt, "lng"))
					at += statement.Instant(rapid.Int64Range(minuteNS, 3*hourNS).Draw(rt, "leg"))
					tr.Points = append(tr.Points, declared.TimedPoint{
						LatE9: p.LatE9, LngE9: p.LngE9, At: at,
						Alt: declared.Altitude{MM: rapid.Int64Range(0, 3e6).Draw(rt, "alt"), Reference: rapid.SampledFrom([]string{"W84", "AMSL"}).Draw(rt, "ref")},
					})
				}
				return flown(tr)
			}
			return volumes(circle(t, rapid.Float64Range(-80, 80).Draw(rt, "lat"), rapid.Float64Range(-20, 20).Draw(rt, "lng"), 100, 0, 9000, "08:00", "10:00"))
		}
		st := New()
		for i := range 12 {
			d := &Decided{ID: event.Env{Random: [32]byte{byte(i)}}.ID(0), Owner: nc, Plan: plan("other", shape()), State: Accepted, Token: "t"}
			d.Start, d.End = d.Shape.Window()
			st.Apply(d, event.At{NS: int64(clock(t, "06:00"))})
		}
		s := shape()
		own, err := s.Entity(declared.Label{ID: "own"})
		if err != nil {
			rt.Skip(err)
		}
		need := volume.Need{LateralMM: 100 * nm, VerticalMM: feet(2000), TimeNS: hourNS / 2}
		for _, x := range []*State{st, st.Clone()} {
			found := map[string]bool{}
			for _, o := range x.near(own, need, func(*Intent) bool { return true }) {
				found[o.ID] = true
			}
			for id, o := range x.intents {
				lost, err := conflict.Decide(own, o.entity, conflict.Minima{LateralMM: need.LateralMM, VerticalMM: need.VerticalMM, TimeNS: need.TimeNS})
				if err == nil && lost && !found[id] {
					rt.Fatalf("%s conflicts and is not found", id)
				}
			}
		}
	})
}
