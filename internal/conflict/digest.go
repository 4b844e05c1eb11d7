package conflict

import (
	"crypto/sha256"
	"sync"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// Digests cover canonical JSON (package statement): angles in 1e-9 degree,
// lengths in 0.1 mm where they are results and in mm where they are inputs,
// instants as RFC 3339 strings with nine decimals. Names of entities and
// whatever else has no part in the decision stay out.

// EntityDigest returns the SHA-256 of an entity's canonical form: id, version,
// party, kind, type, volumes and trajectories.
func EntityDigest(e *volume.Entity) [32]byte {
	return digest(func(w *statement.Writer) { writeEntity(w, e) })
}

// writers keeps buffers between digests.
var writers = sync.Pool{New: func() any { return &statement.Writer{Buf: make([]byte, 0, 2048)} }}

// digest returns the SHA-256 of what write writes.
func digest(write func(*statement.Writer)) [32]byte {
	w := writers.Get().(*statement.Writer)
	w.Reset()
	write(w)
	sum := sha256.Sum256(w.Buf)
	writers.Put(w)
	return sum
}

func writeEntity(w *statement.Writer, e *volume.Entity) {
	w.Begin('{')
	w.Key("id")
	w.String(e.ID)
	w.Key("kind")
	w.String(e.Kind.String())
	w.Key("party")
	w.String(e.Party)
	w.Key("trajectories")
	w.Begin('[')
	for _, t := range e.Trajectories {
		writeTrajectory(w, t)
	}
	w.End(']')
	w.Key("type")
	w.String(e.Type)
	w.Key("version")
	w.String(e.Version)
	w.Key("volumes")
	w.Begin('[')
	for i := range e.Volumes {
		writeVolume(w, &e.Volumes[i])
	}
	w.End(']')
	w.End('}')
}

func writeBuffers(w *statement.Writer, b volume.Buffers) {
	w.Key("buffers")
	w.Begin('{')
	w.Key("lateral_mm")
	w.Int(b.LateralMM)
	w.Key("time_ns")
	w.Int(b.TimeNS)
	w.Key("vertical_mm")
	w.Int(b.VerticalMM)
	w.End('}')
}

func writeTrajectory(w *statement.Writer, t *volume.Trajectory) {
	w.Begin('{')
	writeBuffers(w, t.Buffers())
	d := t.Datum()
	w.Key("error_mm")
	w.Int(d.ErrorMM)
	w.Key("sea")
	w.Bool(d.Sea)
	w.Key("waypoints")
	w.Begin('[')
	for _, p := range t.Waypoints() {
		w.Begin('[')
		w.Int(p.At.LatE9)
		w.Int(p.At.LngE9)
		w.Int(p.AltMM)
		if d.Sea {
			w.Int(p.SeaMM)
		}
		w.Time(p.TimeNS)
		w.End(']')
	}
	w.End(']')
	w.End('}')
}

func writeVolume(w *statement.Writer, v *volume.Volume4D) {
	w.Begin('{')
	writeBuffers(w, v.Buffers)
	w.Key("end")
	writeBound(w, v.Window.EndNS, volume.AlwaysNS, volume.ForeverNS, w.Time)
	w.Key("error_mm")
	w.Int(v.Datum.ErrorMM)
	w.Key("lower_mm")
	writeBound(w, v.Band.LowerMM, volume.NoFloorMM, volume.NoCeilingMM, w.Int)
	w.Key("radius_mm")
	w.Int(v.Footprint.RadiusMM())
	w.Key("sea_band_mm")
	if v.Datum.Sea {
		writeBand(w, v.SeaBand.LowerMM, v.SeaBand.UpperMM)
	} else {
		w.Null()
	}
	w.Key("shape")
	w.String(v.Footprint.Shape().String())
	w.Key("start")
	writeBound(w, v.Window.StartNS, volume.AlwaysNS, volume.ForeverNS, w.Time)
	w.Key("upper_mm")
	writeBound(w, v.Band.UpperMM, volume.NoFloorMM, volume.NoCeilingMM, w.Int)
	w.Key("vertices")
	w.Begin('[')
	for _, p := range v.Footprint.Vertices() {
		writePlace(w, p)
	}
	w.End(']')
	w.End('}')
}

// writeBound writes a value, or null for no bound.
func writeBound(w *statement.Writer, n, low, high int64, write func(int64)) {
	if n <= low || n >= high {
		w.Null()
		return
	}
	write(n)
}

func writePlace(w *statement.Writer, p geodesy.LatLng) {
	w.Begin('[')
	w.Int(p.LatE9)
	w.Int(p.LngE9)
	w.End(']')
}

// inputsDigest covers what the verdict was computed from.
func inputsDigest(v *Verdict, a, b [32]byte) [32]byte {
	return digest(func(w *statement.Writer) { writeInputs(w, v, a, b) })
}

func writeInputs(w *statement.Writer, v *Verdict, a, b [32]byte) {
	w.Begin('{')
	w.Key("entities")
	w.Begin('[')
	w.Hex(a[:])
	w.Hex(b[:])
	w.End(']')
	w.Key("minima")
	writeMinima(w, &v.Minima)
	w.Key("suppositions")
	w.Begin('[')
	for _, s := range v.Suppositions {
		w.String(s)
	}
	w.End(']')
	w.End('}')
}

func writeMinima(w *statement.Writer, m *Minima) {
	w.Begin('{')
	w.Key("lateral_mm")
	w.Int(m.LateralMM)
	w.Key("source")
	w.String(m.Source)
	w.Key("time_ns")
	w.Int(m.TimeNS)
	w.Key("vertical_mm")
	w.Int(m.VerticalMM)
	w.End('}')
}

// inputsDigest covers the entities of a set in order of id, each with whether
// the others are compared against it and with its suppositions, and the minima.
func (s *set) inputsDigest() [32]byte {
	return digest(func(w *statement.Writer) {
		w.Begin('{')
		w.Key("constraint_minima")
		writeMinima(w, s.opt.Constraints)
		w.Key("entities")
		w.Begin('[')
		for i, u := range s.subjects {
			w.Begin('{')
			w.Key("against")
			w.Bool(s.class[i].against)
			w.Key("entity")
			w.Hex(u.digest[:])
			w.Key("suppositions")
			w.Begin('[')
			for _, p := range u.entity.Suppositions {
				w.String(p)
			}
			w.End(']')
			w.End('}')
		}
		w.End(']')
		w.Key("minima")
		writeMinima(w, &s.opt.Minima)
		w.End('}')
	})
}

// resultDigest covers the inputs of a set and the verdicts in their order.
func resultDigest(r *Result) [32]byte {
	return digest(func(w *statement.Writer) {
		w.Begin('{')
		w.Key("inputs")
		w.Hex(r.InputsDigest[:])
		w.Key("pairs")
		w.Int(int64(r.Pairs))
		w.Key("verdicts")
		w.Begin('[')
		for i := range r.Verdicts {
			w.Hex(r.Verdicts[i].Digest[:])
		}
		w.End(']')
		w.End('}')
	})
}

// verdictDigest covers the inputs digest and every result.
func verdictDigest(v *Verdict) [32]byte {
	return digest(func(w *statement.Writer) { writeVerdict(w, v) })
}

func writeVerdict(w *statement.Writer, v *Verdict) {
	w.Begin('{')
	w.Key("conflict")
	w.Bool(v.Conflict)
	w.Key("from")
	writeWhen(w, v.Conflict, v.FromNS)
	w.Key("inputs")
	w.Hex(v.InputsDigest[:])
	w.Key("min_horizontal")
	writeApproach(w, v.MinHorizontal)
	w.Key("min_vertical")
	writeApproach(w, v.MinVertical)
	w.Key("parts")
	w.Begin('[')
	for i := range v.Parts {
		writePart(w, &v.Parts[i])
	}
	w.End(']')
	w.Key("to")
	writeWhen(w, v.Conflict, v.ToNS)
	w.Key("tolerance_tenth_mm")
	w.Int(v.ToleranceTenthMM)
	w.Key("within_tolerance")
	w.Bool(v.WithinTolerance)
	w.End('}')
}

func writeWhen(w *statement.Writer, known bool, ns int64) {
	if !known {
		w.Null()
		return
	}
	// Buffers and minima move a bound without limit outward only.
	writeBound(w, ns, volume.AlwaysNS, volume.ForeverNS, w.Time)
}

func writePart(w *statement.Writer, p *Part) {
	w.Begin('{')
	w.Key("a")
	writePartRef(w, p.A)
	w.Key("b")
	writePartRef(w, p.B)
	w.Key("closest")
	writeApproach(w, &p.Closest)
	w.Key("from")
	writeWhen(w, true, p.FromNS)
	w.Key("to")
	writeWhen(w, true, p.ToNS)
	w.Key("within_tolerance")
	w.Bool(p.WithinTolerance)
	w.End('}')
}

func writePartRef(w *statement.Writer, p PartRef) {
	w.Begin('[')
	w.String(string(p.Kind))
	w.Int(int64(p.Route))
	w.Int(int64(p.Index))
	w.End(']')
}

func writeApproach(w *statement.Writer, a *Approach) {
	if a == nil {
		w.Null()
		return
	}
	w.Begin('{')
	w.Key("a")
	writePlace(w, a.A)
	w.Key("a_band_mm")
	writeBand(w, a.ALowerMM, a.AUpperMM)
	w.Key("a_time")
	writeWhen(w, true, a.TimeNS)
	w.Key("b")
	writePlace(w, a.B)
	w.Key("b_band_mm")
	writeBand(w, a.BLowerMM, a.BUpperMM)
	w.Key("b_time")
	writeWhen(w, true, a.OtherNS)
	w.Key("centre_tenth_mm")
	if a.CentreTenthMM == NoDistance {
		w.Null()
	} else {
		w.Int(a.CentreTenthMM)
	}
	w.Key("horizontal_tenth_mm")
	w.Int(a.HorizontalTenthMM)
	w.Key("vertical_mm")
	writeBound(w, a.VerticalMM, volume.NoFloorMM/2, volume.NoCeilingMM/2, w.Int)
	w.End('}')
}

func writeBand(w *statement.Writer, lower, upper int64) {
	w.Begin('[')
	writeBound(w, lower, volume.NoFloorMM, volume.NoCeilingMM, w.Int)
	writeBound(w, upper, volume.NoFloorMM, volume.NoCeilingMM, w.Int)
	w.End(']')
}
