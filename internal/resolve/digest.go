package resolve

import (
	"crypto/sha256"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// base is what an answer was computed from, in canonical form.
type base struct {
	considered [][32]byte
	plan       [32]byte
	rules      Rules
}

func (f *finder) base(considered []int) (*base, error) {
	b := &base{plan: conflict.EntityDigest(f.own), rules: f.s.rules}
	for _, of := range considered {
		u, err := f.s.subject(of)
		if err != nil {
			return nil, err
		}
		b.considered = append(b.considered, u.Digest())
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
	for i := range b.considered {
		w.Hex(b.considered[i][:])
	}
	w.End(']')
	w.Key("constraint_minima")
	writeMinima(&w, b.rules.Constraints)
	w.Key("minima")
	writeMinima(&w, &b.rules.Minima)
	w.Key("plan")
	w.Hex(b.plan[:])
	w.End('}')
	return sha256.Sum256(w.Buf)
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
	fields := []struct {
		name string
		n    int64
	}{
		{"delay_ns", c.DelayNS},
		{"earlier_end_ns", c.Trim.EarlierEndNS},
		{"later_start_ns", c.Trim.LaterStartNS},
		{"lift_mm", c.LiftMM},
		{"lower_ceiling_mm", c.Trim.LowerCeilingMM},
	}
	w.Begin('{')
	for _, f := range fields {
		w.Key(f.name)
		w.Int(f.n)
	}
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
