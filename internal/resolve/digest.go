package resolve

import (
	"crypto/sha256"
	"math"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// base is what an answer was computed from.
type base struct {
	considered []consideration
	plan       [32]byte
	rules      Rules
	query      *Query
}

// consideration is one of those considered.
type consideration struct {
	digest      [32]byte
	conditional bool
	minima      *conflict.Minima // nil: those that hold towards all of its kind
}

func (f *finder) base(considered []int) (*base, error) {
	b := &base{plan: conflict.EntityDigest(f.own), rules: f.s.rules, query: f.q}
	for _, of := range considered {
		u, err := f.s.subject(of)
		if err != nil {
			return nil, err
		}
		c := consideration{u.Digest(), f.s.free[of], nil}
		if f.s.rules.MinimaFor != nil {
			c.minima = &f.s.minimas[of]
		}
		b.considered = append(b.considered, c)
	}
	return b, nil
}

// digest returns the SHA-256 of the canonical form of what was computed from and
// of a change, if there is one.
func (b *base) digest(c *volume.Change) [32]byte {
	var w statement.Writer
	w.Begin('{')
	if c != nil {
		w.Key("change")
		writeChange(&w, c)
	}
	w.Key("considered")
	w.Begin('[')
	for _, c := range b.considered {
		w.Begin('{')
		w.Key("digest")
		w.Hex(c.digest[:])
		w.Key("may_be_entered")
		w.Bool(c.conditional)
		if c.minima != nil {
			w.Key("minima")
			writeMinima(&w, c.minima)
		}
		w.End('}')
	}
	w.End(']')
	w.Key("constraint_minima")
	writeMinima(&w, b.rules.Constraints)
	w.Key("minima")
	writeMinima(&w, &b.rules.Minima)
	w.Key("plan")
	w.Hex(b.plan[:])
	w.Key("query")
	writeQuery(&w, b.query)
	w.End('}')
	return sha256.Sum256(w.Buf)
}

// answerDigest returns the SHA-256 of what was computed from, of the windows and
// of the options, in order.
func answerDigest(a *Answer) [32]byte {
	var w statement.Writer
	w.Begin('{')
	w.Key("clear_starts")
	w.Begin('[')
	for _, s := range a.Windows {
		w.Begin('[')
		w.Time(s.FromNS)
		w.Time(s.ToNS)
		w.End(']')
	}
	w.End(']')
	w.Key("inputs")
	w.Hex(a.Digest[:])
	w.Key("options")
	w.Begin('[')
	for i := range a.Options {
		w.Begin('{')
		w.Key("change")
		writeChange(&w, &a.Options[i].Change)
		w.Key("cost_ms")
		w.Int(a.Options[i].CostMS)
		w.End('}')
	}
	w.End(']')
	w.End('}')
	return sha256.Sum256(w.Buf)
}

// writeQuery writes what was asked; weights in millionths.
func writeQuery(w *statement.Writer, q *Query) {
	l, v := &q.Limits, &q.Vehicle
	w.Begin('{')
	numbers(w, []number{
		{"ceiling_mm", l.CeilingMM},
		{"climb_mm_s", v.ClimbMMPS},
		{"count", int64(q.Count)},
		{"descent_mm_s", v.DescentMMPS},
		{"detour_mm", l.DetourMM},
		{"down_mm", l.DownMM},
		{"earlier_ns", l.EarlierNS},
		{"endurance_ns", v.EnduranceNS},
		{"floor_mm", l.FloorMM},
	})
	w.Key("hover")
	w.Bool(v.CanStop)
	numbers(w, []number{
		{"later_ns", l.LaterNS},
		{"lift_step_mm", l.LiftStepMM},
		{"max_speed_mm_s", v.MaxSpeedMMPS},
	})
	w.Key("no_reroute")
	w.Bool(q.NoReroute)
	numbers(w, []number{
		{"sideways_mm", l.SidewaysMM},
		{"sideways_step_mm", l.SidewaysStepMM},
	})
	w.Key("trim")
	w.Bool(l.Trim)
	numbers(w, []number{{"turn_radius_mm", v.TurnRadiusMM}, {"up_mm", l.UpMM}})
	w.Key("weights_millionths")
	w.Begin('[')
	t := &q.Weights
	for _, x := range [7]float64{t.Later, t.Earlier, t.Lift, t.Sideways, t.Detour, t.TrimTime, t.TrimBand} {
		w.Int(int64(math.Round(float64(x * 1e6))))
	}
	w.End(']')
	w.End('}')
}

// number is a member of an object.
type number struct {
	name string
	n    int64
}

// numbers writes members. Bounds that stand for none are null.
func numbers(w *statement.Writer, list []number) {
	for _, m := range list {
		w.Key(m.name)
		if m.n <= volume.NoFloorMM || m.n >= volume.NoCeilingMM {
			w.Null()
			continue
		}
		w.Int(m.n)
	}
}

func writeMinima(w *statement.Writer, m *conflict.Minima) {
	w.Begin('{')
	w.Key("lateral_mm")
	w.Int(m.LateralMM)
	w.Key("time_ns")
	w.Int(m.TimeNS)
	w.Key("vertical_mm")
	w.Int(m.VerticalMM)
	w.End('}')
}

func writeChange(w *statement.Writer, c *volume.Change) {
	w.Begin('{')
	numbers(w, []number{
		{"delay_ns", c.DelayNS},
		{"earlier_end_ns", c.Trim.EarlierEndNS},
		{"later_start_ns", c.Trim.LaterStartNS},
		{"lift_mm", c.LiftMM},
		{"lower_ceiling_mm", c.Trim.LowerCeilingMM},
	})
	w.Key("paths")
	w.Begin('[')
	for i := range c.Paths {
		writePath(w, &c.Paths[i])
	}
	w.End(']')
	w.Key("raise_floor_mm")
	w.Int(c.Trim.RaiseFloorMM)
	w.Key("shift_bearing_deg")
	w.Int(int64(c.Shift.BearingDeg))
	w.Key("shift_mm")
	w.Int(c.Shift.DistanceMM)
	w.End('}')
}

func writePath(w *statement.Writer, p *volume.Path) {
	w.Begin('{')
	w.Key("points")
	w.Begin('[')
	for i := range p.Points {
		point := &p.Points[i]
		w.Begin('{')
		w.Key("after")
		w.Int(int64(point.After))
		w.Key("kept")
		w.Bool(point.Kept)
		w.Key("lat_e9")
		w.Int(point.At.LatE9)
		w.Key("lift_mm")
		w.Int(point.LiftMM)
		w.Key("lng_e9")
		w.Int(point.At.LngE9)
		w.Key("time")
		w.Time(point.TimeNS)
		w.End('}')
	}
	w.End(']')
	w.Key("trajectory")
	w.Int(int64(p.Trajectory))
	w.End('}')
}
