package intent

import (
	"testing"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
)

// BenchmarkDeclare decides a declaration against 10,000 intents of others, of
// which some are near, with its outline for the airspace.
func BenchmarkDeclare(b *testing.B) {
	n := pair(b, nil)
	for i := range 10_000 {
		v := circle(b, 10+float64(i%100)*0.1, 20+float64(i/100)*0.1, 1, 5000, 6000, "08:00", "09:00")
		d := &Decided{ID: event.Env{Random: [32]byte{byte(i), byte(i >> 8)}}.ID(0), Version: 1, Owner: nc, Plan: plan("other", volumes(v)), State: Accepted, Token: "t"}
		d.Start, d.End = d.Shape.Window()
		n.st.Apply(d, event.At{NS: n.now, Index: int64(i)})
	}
	by := registry.Authority{Party: el}
	for name, body := range map[string]*Declare{
		"clear":    {Plan: plan("other", volumes(circle(b, 14.95, 24.95, 1, 9000, 9500, "08:00", "09:00")))},
		"conflict": {Plan: plan("other", volumes(circle(b, 14.95, 24.95, 1, 5000, 6000, "08:00", "09:00"))), ReadSet: []string{"t"}},
		"flight": {Plan: plan("other", declared.Shape{Trajectories: []declared.Trajectory{
			flight(b, 100_000, feet(100), fix{11, 21, 9500, "08:00"}, fix{14, 24, 9500, "08:30"}, fix{18, 20, 9500, "09:00"}),
		}})},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := n.st.Decide(&party.Act{Content: body}, by, n.view(), n.env()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkZones decides a declaration under an agreement with zones above mean
// sea level.
func BenchmarkZones(b *testing.B) {
	n := tarrow(b, "02:00")
	body := &Declare{Plan: low(b, "CG-7", "training", fix{-45.55, -130.10, 3000, "02:40"}, fix{-45.00, -130.55, 3000, "03:00"})}
	for b.Loop() {
		if _, err := n.st.Decide(&party.Act{Content: body}, registry.Authority{Party: car}, n.view(), n.env()); err != nil {
			b.Fatal(err)
		}
	}
}
