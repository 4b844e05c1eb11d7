package resolve

import "github.com/deconflict/deconflict/internal/volume"

// trimLines returns the lines of giving up time or altitude. They are for plans
// of volumes that all have one window, or one band: what is left of others has
// gaps that nobody flies.
func (f *finder) trimLines() []*line {
	if !f.q.Limits.Trim || len(f.own.Trajectories) > 0 {
		return nil
	}
	first := &f.own.Volumes[0]
	oneWindow, oneBand := true, true
	for i := range f.own.Volumes {
		v := &f.own.Volumes[i]
		oneWindow = oneWindow && v.Window == first.Window
		oneBand = oneBand && v.Band == first.Band && v.SeaBand == first.SeaBand && v.Datum.Sea == first.Datum.Sea
	}
	var out []*line
	pairs := f.pairs(margin{})
	w := &f.q.Weights
	if oneWindow && !f.timeless() {
		spans := f.spansOf(pairs, f.parts, func(dst []volume.Span, a, b volume.Part, need volume.Need) []volume.Span {
			return volume.DelaySpans(dst, a, b, need, everything)
		})
		limit := (first.Window.EndNS - first.Window.StartNS) / 4 * 3
		cost := func(n int64) float64 { return float64(w.TrimTime * seconds(n)) }
		out = append(out,
			&line{
				kind: Start, limit: limit, step: timeStep, proof: timeProof, spans: rests(spans, false), cost: cost,
				change: func(n int64) volume.Change { return volume.Change{Trim: volume.Trim{LaterStartNS: n}} },
			},
			&line{
				kind: End, limit: limit, step: timeStep, proof: timeProof, spans: rests(spans, true), cost: cost,
				change: func(n int64) volume.Change { return volume.Change{Trim: volume.Trim{EarlierEndNS: n}} },
			})
	}
	if oneBand && first.Band.LowerMM > volume.NoFloorMM && first.Band.UpperMM < volume.NoCeilingMM {
		spans := f.spansOf(pairs, f.parts, volume.LiftSpans)
		declared := first.Band
		if first.Datum.Sea {
			declared = first.SeaBand
		}
		limit := (declared.UpperMM - declared.LowerMM) / 4 * 3
		cost := func(n int64) float64 { return float64(w.TrimBand * metres(n)) }
		out = append(out,
			&line{
				kind: Floor, limit: limit, step: liftStep, proof: liftProof, spans: rests(spans, false), cost: cost,
				change: func(n int64) volume.Change { return volume.Change{Trim: volume.Trim{RaiseFloorMM: n}} },
			},
			&line{
				kind: Ceiling, limit: limit, step: liftStep, proof: liftProof, spans: rests(spans, true), cost: cost,
				change: func(n int64) volume.Change { return volume.Change{Trim: volume.Trim{LowerCeilingMM: n}} },
			})
	}
	return out
}

// rests turns spans of moves into those of trims. What is in conflict as
// declared stays so until the start, or floor, has passed the far end of the
// move; what is not never comes to be.
func rests(spans []owned, against bool) []owned {
	var out []owned
	for _, s := range oneWay(spans, against) {
		if s.Lo < 0 {
			s.Lo = -1
			out = append(out, s)
		}
	}
	return out
}
