package volume_test

import (
	"math/rand/v2"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// world draws small plans round one place, with everything that decides drawn
// at random too.
type world struct {
	*rand.Rand
	at   geodesy.LatLng
	need volume.Need
}

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 4))}
	w.at = geodesy.LatLng{LatE9: int64((w.Float64()*160 - 80) * 1e9), LngE9: int64((w.Float64()*360 - 180) * 1e9)}
	w.need = volume.Need{LateralMM: w.Int64N(100_000), VerticalMM: 5_000 + w.Int64N(20_000)}
	if w.IntN(3) == 0 {
		w.need.TimeNS = w.Int64N(20e9)
	}
	return w
}

func (w *world) place() geodesy.LatLng {
	return geodesy.Direct(w.at, w.Float64()*360, w.Float64()*1500)
}

func (w *world) buffers() volume.Buffers {
	b := volume.Buffers{LateralMM: 1 + w.Int64N(30_000), VerticalMM: w.Int64N(5_000)}
	if w.IntN(3) == 0 {
		b.TimeNS = w.Int64N(5e9)
	}
	return b
}

func (w *world) altMM() int64 { return w.Int64N(100_000) }

func (w *world) trajectory(t *testing.T) *volume.Trajectory {
	t.Helper()
	n := 2 + w.IntN(4)
	points := make([]volume.Waypoint, n)
	ns, alt := w.Int64N(300e9), w.altMM()
	for i := range points {
		points[i] = volume.Waypoint{At: w.place(), AltMM: alt, TimeNS: ns}
		if i > 0 && w.IntN(5) == 0 {
			points[i].At = points[i-1].At // a hover
		}
		if w.IntN(2) == 0 {
			alt = w.altMM()
		}
		ns += 1e9 + w.Int64N(120e9)
	}
	tr, err := volume.NewTrajectory(points, w.buffers())
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func (w *world) volume(t *testing.T) *volume.Volume4D {
	t.Helper()
	var f *volume.Footprint
	var err error
	switch w.IntN(3) {
	case 0:
		f, err = volume.NewCircle(w.place(), 1+w.Int64N(300_000))
	case 1:
		f, err = volume.NewCorridor([]geodesy.LatLng{w.place(), w.place(), w.place()}, 1+w.Int64N(100_000))
	default:
		// A star: not convex, never crossing itself.
		c, ring := w.place(), []geodesy.LatLng{}
		n := 5 + w.IntN(6)
		for k := range n {
			ring = append(ring, geodesy.Direct(c, float64(k)*360/float64(n), 50+w.Float64()*500))
		}
		f, err = volume.NewPolygon(ring)
	}
	if err != nil {
		t.Fatal(err)
	}
	lower, start := w.altMM(), w.Int64N(600e9)
	b := w.buffers()
	b.TimeNS = min(b.TimeNS, 2e9)
	return &volume.Volume4D{
		Footprint: f, Buffers: b,
		Band:   volume.Band{LowerMM: lower, UpperMM: lower + 1 + w.Int64N(30_000)},
		Window: volume.Window{StartNS: start, EndNS: start + 1 + w.Int64N(200e9)},
	}
}

func (w *world) entity(t *testing.T) *volume.Entity {
	t.Helper()
	e := &volume.Entity{}
	if w.IntN(2) == 0 {
		e.Volumes = []volume.Volume4D{*w.volume(t)}
	} else {
		e.Trajectories = []*volume.Trajectory{w.trajectory(t)}
	}
	return e
}

func parts(e *volume.Entity) (out []volume.Part) {
	for i := range e.Volumes {
		out = append(out, volume.Part{Volume: &e.Volumes[i]})
	}
	for _, r := range e.Trajectories {
		for leg := range r.Legs() {
			out = append(out, volume.Part{Route: r, Leg: leg})
		}
	}
	return out
}

// inConflict decides by the measures of pairs, as package conflict does.
func inConflict(a, b *volume.Entity, need volume.Need) (hit bool) {
	stop := func(c volume.Contact) bool { hit = hit || c.Conflict; return !hit }
	switch {
	case len(a.Volumes) > 0 && len(b.Volumes) > 0:
		return volume.Volumes(&a.Volumes[0], &b.Volumes[0], need, false).Conflict
	case len(b.Volumes) > 0:
		volume.Transits(a.Trajectories[0], &b.Volumes[0], need, false, stop)
	case len(a.Volumes) > 0:
		volume.Transits(b.Trajectories[0], &a.Volumes[0], need, false, stop)
	default:
		volume.Encounters(a.Trajectories[0], b.Trajectories[0], need, false, stop)
	}
	return hit
}

// TestSpansAgreeWithTheDecision moves one of two random plans by random amounts
// and by amounts next to the ends of the spans: within a span they are in
// conflict, outside all spans they are not.
func TestSpansAgreeWithTheDecision(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 500
	}
	var tried, within int
	for seed := range rounds {
		w := newWorld(uint64(seed))
		a, b := w.entity(t), w.entity(t)
		bearing := w.IntN(360)
		to := volume.NewSideways(a, bearing)
		for _, way := range []struct {
			name   string
			margin int64 // what the spans may be off by
			reach  int64
			spans  func(p, q volume.Part, dst []volume.Span) []volume.Span
			change func(n int64) volume.Change
		}{
			{"delay", 2_000, 900e9, func(p, q volume.Part, dst []volume.Span) []volume.Span {
				return volume.DelaySpans(dst, p, q, w.need, volume.Span{Lo: -900e9, Hi: 900e9})
			}, func(n int64) volume.Change { return volume.Change{DelayNS: n} }},
			{"lift", 1, 200_000, func(p, q volume.Part, dst []volume.Span) []volume.Span {
				return volume.LiftSpans(dst, p, q, w.need)
			}, func(n int64) volume.Change { return volume.Change{LiftMM: n} }},
			{"shift", 5, 3_000_000, func(p, q volume.Part, dst []volume.Span) []volume.Span {
				return volume.ShiftSpans(dst, p, q, w.need, to, volume.Span{Lo: 0, Hi: 3_000_000})
			}, func(n int64) volume.Change {
				return volume.Change{Shift: volume.Shift{BearingDeg: bearing, DistanceMM: n}}
			}},
		} {
			var spans []volume.Span
			for _, p := range parts(a) {
				for _, q := range parts(b) {
					spans = way.spans(p, q, spans)
				}
			}
			moves := []int64{w.Int64N(way.reach), w.Int64N(way.reach)}
			for _, s := range spans {
				moves = append(moves, s.Lo-way.margin, s.Lo+2*way.margin, s.Hi-2*way.margin, s.Hi+way.margin, s.Lo+(s.Hi-s.Lo)/2)
			}
			for _, n := range moves {
				if way.name == "shift" && n < 0 || n > way.reach || n < -way.reach {
					continue
				}
				inside, near := false, false
				for _, s := range spans {
					inside = inside || s.Lo+way.margin < n && n < s.Hi-way.margin
					near = near || s.Lo-way.margin < n && n < s.Hi+way.margin
				}
				if inside != near {
					continue
				}
				change := way.change(n)
				moved, err := change.Apply(a)
				if err != nil {
					t.Fatal(err)
				}
				got := inConflict(moved, b, w.need)
				tried++
				if got {
					within++
				}
				// One area may hold the other whole between spans of a shift.
				if got && !inside && !(way.name == "shift" && len(a.Volumes)+len(b.Volumes) > 0) || !got && inside {
					t.Fatalf("seed %d: %s by %d: conflict %v, spans %v", seed, way.name, n, got, spans)
				}
			}
		}
	}
	t.Logf("%d moves tried, %d in conflict", tried, within)
	if within < tried/10 || within > tried*9/10 {
		t.Errorf("%d of %d moves in conflict: the test tries too little of one kind", within, tried)
	}
}
