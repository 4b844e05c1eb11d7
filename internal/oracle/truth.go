package oracle

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Decision is what the truth allows an implementation to answer.
type Decision uint8

// Decisions.
const (
	// Clear: separation is kept, by more than the tolerance laterally.
	Clear Decision = iota
	// Conflict: separation is lost.
	Conflict
	// Either: separation is kept, by no more than the tolerance laterally, or
	// what is missing or left is too little to be certified.
	Either
)

func (d Decision) String() string {
	return [...]string{"clear", "conflict", "either"}[d]
}

// TolerancePerM is the lateral over-report that is allowed in metres for a metre
// of the pair's span: 1 mm in 5 km.
const TolerancePerM = 1.0 / 5_000_000

// Detail says how much Judge finds out.
type Detail uint8

// Details.
const (
	Lateral Detail = iota // Lateral, in no hurry for a decision: the cheapest
	Decide                // and Decision
	Full                  // and the window, and the least vertical gap
)

// Truth is what is certain of a pair. Every interval holds the true value.
type Truth struct {
	Decision Decision
	// SpanM is the pair's span in metres: the largest distance between two
	// places of the two footprints, and the required separation. ToleranceM is
	// the over-report that this allows.
	SpanM, ToleranceM float64
	// Base is the least distance in metres between the bases (centres,
	// centre-lines, areas) while vertical and time separation are lost, and Gap
	// that less radii and buffers. They mean something if Lateral is set.
	Base, Gap Interval
	Lateral   bool
	Area      bool // an area is involved in Base: what overlaps has no depth
	// Vertical is the least vertical gap in millimetres between grown bands
	// while lateral and time separation are lost.
	Vertical Interval
	// OuterVertical is the same for a separation greater by ToleranceM.
	OuterVertical Interval
	// Low is set when that gap means something. A flight within a volume's band
	// has the gap -FloorMM, for it is not said how deep it is.
	Low     bool
	FloorMM int64
	// First and Last are the first and last instants of violation in nanoseconds
	// since 1970, as OriginNS plus the interval in seconds. Outer is the same for
	// a separation greater by ToleranceM. They mean something for conflicts;
	// what could not be certified is infinite.
	OriginNS    int64
	First, Last Interval
	OuterFirst  Interval
	OuterLast   Interval
}

// Judge returns the truth about two entities, which must be valid, under the
// minima need.
func Judge(a, b *volume.Entity, need volume.Need, detail Detail) Truth {
	t := Truth{
		Base: Interval{math.Inf(1), math.Inf(1)}, Gap: Interval{math.Inf(1), math.Inf(1)},
		First: Interval{math.Inf(1), math.Inf(1)}, Last: Interval{math.Inf(-1), math.Inf(-1)},
		OuterFirst: Interval{math.Inf(1), math.Inf(1)}, OuterLast: Interval{math.Inf(-1), math.Inf(-1)},
		Vertical: Interval{math.Inf(1), math.Inf(1)}, OuterVertical: Interval{math.Inf(1), math.Inf(1)},
		OriginNS: origin(a, b),
	}
	j := judge{need: need, detail: detail, truth: &t}
	j.all(a, b)
	return t
}

// judgeUntil finds out whether the bases come nearer than limitM, no more, and
// that only if it is not much work.
func judgeUntil(a, b *volume.Entity, need volume.Need, limitM float64) Truth {
	t := Truth{Base: Interval{math.Inf(1), math.Inf(1)}, OriginNS: origin(a, b)}
	left := 3000
	j := judge{need: need, truth: &t, until: func(lo, hi float64) bool {
		left--
		return hi < limitM || lo >= limitM || left < 0
	}}
	j.all(a, b)
	return t
}

func (j *judge) all(a, b *volume.Entity) {
	for i := range a.Volumes {
		for k := range b.Volumes {
			j.volumes(&a.Volumes[i], &b.Volumes[k])
		}
		for _, u := range b.Trajectories {
			j.passage(u, &a.Volumes[i])
		}
	}
	for _, u := range a.Trajectories {
		for k := range b.Volumes {
			j.passage(u, &b.Volumes[k])
		}
		for _, w := range b.Trajectories {
			j.meeting(u, w)
		}
	}
}

// origin returns an instant near what the entities declare.
func origin(a, b *volume.Entity) int64 {
	for _, e := range [2]*volume.Entity{a, b} {
		for _, t := range e.Trajectories {
			return t.Waypoints()[0].TimeNS
		}
	}
	for _, e := range [2]*volume.Entity{a, b} {
		for i := range e.Volumes {
			if s := e.Volumes[i].Window.StartNS; s != volume.AlwaysNS {
				return s
			}
		}
	}
	return 0
}

// judge folds pairs of parts into a truth.
type judge struct {
	need   volume.Need
	detail Detail
	truth  *Truth
	until  func(lo, hi float64) bool // when a bracket around the distance will do; nil: when narrow
}

// pair is what a pair of parts has in common.
type pair struct {
	*judge
	edgesM  float64 // radii and buffers
	radiusM float64 // the bases must be this far apart
	tolM    float64
	area    bool
	growMM  int64       // vertical buffers and errors
	band    volume.Band // of the volume that a flight passes
}

func (j *judge) pair(edgesMM int64, places []geodesy.Vec) *pair {
	p := &pair{judge: j, edgesM: float64(edgesMM) / 1000, radiusM: float64(edgesMM+j.need.LateralMM) / 1000}
	spanM := spread(places) + p.radiusM
	p.tolM = TolerancePerM * spanM
	j.truth.SpanM = max(j.truth.SpanM, spanM)
	j.truth.ToleranceM = max(j.truth.ToleranceM, p.tolM)
	return p
}

// spread returns the largest distance between places in metres, or somewhat
// less.
func spread(places []geodesy.Vec) float64 {
	at, far := places[0], 0.0
	for range 4 {
		from := at
		best := 0.0
		for _, p := range places {
			if d := p.Sub(from).Norm(); d > best {
				best, at = d, p
			}
		}
		far = max(far, best)
	}
	return far
}

func places(dst []geodesy.Vec, f *volume.Footprint) []geodesy.Vec {
	for _, v := range f.Vertices() {
		dst = append(dst, v.ECEF())
	}
	return dst
}

// settled tells whether a bracket around a distance will do: when it is not much
// wider than the errors of the distance, or than a twentieth of the tolerance.
func (p *pair) settled(lo, hi float64) bool {
	if p.until != nil && p.until(lo, hi) {
		return true
	}
	k := min(1, hi/nearM)
	return hi-lo <= max(3e-8+3e-7*k*k*k, p.tolM/20)
}

// decided folds in a pair whose bases come as near as base.
func (p *pair) decided(base Interval) {
	t := p.truth
	t.Lateral = true
	t.Area = t.Area || p.area
	t.Base = least(t.Base, base)
	gap := Interval{base.Lo - p.edgesM, base.Hi - p.edgesM}
	if p.area {
		gap = Interval{max(0, gap.Lo), max(0, gap.Hi)}
	}
	t.Gap = least(t.Gap, gap)
	switch {
	case base.Hi < p.radiusM:
		t.Decision = Conflict
	case base.Lo < p.radiusM+p.tolM && t.Decision == Clear:
		t.Decision = Either
	}
}

func least(a, b Interval) Interval { return Interval{min(a.Lo, b.Lo), min(a.Hi, b.Hi)} }

func most(a, b Interval) Interval { return Interval{max(a.Lo, b.Lo), max(a.Hi, b.Hi)} }

// volumes folds in two volumes.
func (j *judge) volumes(v, w *volume.Volume4D) {
	t := j.truth
	hv, hw := v.Buffers.TimeNS, w.Buffers.TimeNS
	from := max(v.Window.StartNS-hv, w.Window.StartNS-hw)
	to := min(v.Window.EndNS+hv, w.Window.EndNS+hw)
	p := j.pair(v.Footprint.RadiusMM()+w.Footprint.RadiusMM()+v.Buffers.LateralMM+w.Buffers.LateralMM,
		places(places(nil, v.Footprint), w.Footprint))
	if from-to >= j.need.TimeNS {
		return
	}
	sea, growMM := heights(v.Datum, w.Datum)
	x, y := bandOf(v, sea), bandOf(w, sea)
	gapMM := max(x.LowerMM-y.UpperMM, y.LowerMM-x.UpperMM) - v.Buffers.VerticalMM - w.Buffers.VerticalMM - growMM
	high := gapMM < j.need.VerticalMM
	if !high && j.detail != Full {
		return
	}
	base := p.footprints(v.Footprint, w.Footprint)
	if base.Hi < p.radiusM {
		t.Vertical, t.Low = least(t.Vertical, Interval{float64(gapMM), float64(gapMM)}), true
		t.OuterVertical = least(t.OuterVertical, t.Vertical)
	}
	if !high {
		return
	}
	p.decided(base)
	if base.Hi < p.radiusM {
		first, last := p.bothWindows(v.Window, w.Window, hv, hw)
		t.First, t.Last = least(t.First, Interval{first, first}), most(t.Last, Interval{last, last})
		t.OuterFirst, t.OuterLast = least(t.OuterFirst, t.First), most(t.OuterLast, t.Last)
	}
}

// bothWindows returns the first and last instant of either window, grown by its
// buffer, that is less than the time minimum from one of the other.
func (p *pair) bothWindows(v, w volume.Window, hv, hw int64) (first, last float64) {
	first, last = math.Inf(1), math.Inf(-1)
	for _, side := range [2][2]volume.Window{
		{{StartNS: v.StartNS - hv, EndNS: v.EndNS + hv}, {StartNS: w.StartNS - hw, EndNS: w.EndNS + hw}},
		{{StartNS: w.StartNS - hw, EndNS: w.EndNS + hw}, {StartNS: v.StartNS - hv, EndNS: v.EndNS + hv}},
	} {
		mine, other := side[0], side[1]
		first = min(first, max(p.truth.since(mine.StartNS), p.truth.since(other.StartNS-p.need.TimeNS)))
		last = max(last, min(p.truth.since(mine.EndNS), p.truth.since(other.EndNS+p.need.TimeNS)))
	}
	return first, last
}

// since returns an instant in seconds since the origin.
func (t *Truth) since(ns int64) float64 { return float64(ns-t.OriginNS) / 1e9 }

// footprints returns the distance of two bases; negative when two areas whose
// interiors need only not meet surely do.
func (p *pair) footprints(f, g *volume.Footprint) Interval {
	x, y := outline(f), outline(g)
	d, _ := nearest([]*node{{ca: x, cb: y}}, p.settled)
	in, out := areaOf(f, x), areaOf(g, y)
	p.area = in != nil || out != nil
	if out != nil && d.Lo > out.doubtM() && out.holds(x.strands[0].at(x.strands[0].lo)) ||
		in != nil && d.Lo > in.doubtM() && in.holds(y.strands[0].at(y.strands[0].lo)) {
		d = Interval{}
	}
	if p.radiusM > 0 || in == nil || out == nil || d.Lo > p.tolM || p.detail == Lateral {
		return d
	}
	if d == (Interval{}) || in.overlap(out) || out.overlap(in) {
		return Interval{-1, -1}
	}
	return d
}
