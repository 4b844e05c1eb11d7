package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Need is the separation that a pair must keep: millimetres and nanoseconds, all
// zero or more, at most MaxBufferMM and MaxBufferNS.
type Need struct {
	LateralMM, VerticalMM, TimeNS int64
}

// Contact is what a pair of parts comes to: two volumes, two legs, or a leg and
// a volume.
type Contact struct {
	A, B int // the volume's index as given by the caller, or the leg's

	Conflict bool
	// Firm is set when the lateral side does not rest on the tolerance.
	Firm bool
	// FromNS and ToNS are the first and last instant at which either side takes
	// part in a violation, time buffers included.
	FromNS, ToNS int64
	// ToleranceM is the lateral tolerance of the pair.
	ToleranceM float64

	// Lateral is the least lateral distance while vertical and time separation
	// are violated; Vertical the least vertical gap while lateral and time
	// separation are. Known says whether there is such an instant.
	Lateral, Vertical Closest
}

// Closest is one instant of a Contact.
type Closest struct {
	Known            bool
	ATimeNS, BTimeNS int64       // the instants of the two sides
	BaseM            float64     // between bases: centres, centre-lines, areas; 0 when they meet
	GapM             float64     // between edges of the grown shapes; negative when they overlap and no area is involved
	Area             bool        // an area is involved: BaseM is no distance of centres
	GapMM            int64       // vertical, between grown bands; negative when they overlap
	A, B             geodesy.Vec // the places on the ellipsoid
	ABand, BBand     Band        // altitudes occupied at that instant, without buffers
}

// Volumes returns the contact of two volumes. Both must be valid. With detail
// unset only Conflict is sure to be set.
func Volumes(a, b *Volume4D, need Need, detail bool) Contact {
	var c Contact
	first, second := a.Window.grown(a.Buffers.TimeNS), b.Window.grown(b.Buffers.TimeNS)
	if apart(first, second, need.TimeNS) {
		return c
	}
	how := verticalOf(a.Datum, b.Datum, a.Buffers, b.Buffers)
	p, q := a.band(how.sea), b.band(how.sea)
	gap := max(p.LowerMM-q.UpperMM, q.LowerMM-p.UpperMM) - how.growMM
	high := gap < need.VerticalMM
	if !high && !detail {
		return c
	}
	f, g := a.Footprint, b.Footprint
	radius := metres(need.LateralMM) + a.radiusM() + b.radiusM()
	span := f.middle.Sub(g.middle).Norm() + f.reachM + g.reachM + radius
	c.ToleranceM = toleranceFor(span)
	if !detail {
		if conflict, decided := judgePlanar(f, g, radius, span, c.ToleranceM); decided {
			c.Conflict = conflict
			return c
		}
		j, _ := judge(f, g, radius, c.ToleranceM)
		c.Conflict = j.conflict
		return c
	}
	j, l := judge(f, g, radius, c.ToleranceM)
	if math.IsInf(l.distM, 1) || !j.conflict {
		l = baseDistance(f, g, math.Inf(1), c.ToleranceM)
	}
	c.Conflict, c.Firm = j.conflict && high, j.firm
	c.FromNS, c.ToNS = involved(first, second, need.TimeNS)
	from := max(first.StartNS, second.StartNS)
	at := Closest{
		Known: true, BaseM: l.distM, A: l.a, B: l.b, GapMM: gap,
		GapM:    l.distM - a.radiusM() - b.radiusM(),
		ABand:   a.Band,
		BBand:   b.Band,
		ATimeNS: max(a.Window.StartNS, min(from, a.Window.EndNS)),
		BTimeNS: max(b.Window.StartNS, min(from, b.Window.EndNS)),
	}
	if f.closed || g.closed {
		at.Area = true
		at.GapM = max(at.GapM, 0)
	}
	if high {
		c.Lateral = at
	}
	if j.conflict {
		c.Vertical = at
	}
	return c
}

// grown returns the window longer by ns at both ends.
func (w Window) grown(ns int64) Window { return Window{w.StartNS - ns, w.EndNS + ns} }

// apart tells whether no instants of two windows are less than timeNS from each
// other, or the same when timeNS is 0.
func apart(a, b Window, timeNS int64) bool {
	return max(a.StartNS, b.StartNS)-min(a.EndNS, b.EndNS) >= timeNS
}

// involved returns the first and last instant that belongs to one of two
// windows and is less than timeNS from one of the other: what they have in
// common when timeNS is 0.
func involved(a, b Window, timeNS int64) (fromNS, toNS int64) {
	fromNS = min(max(a.StartNS, b.StartNS-timeNS), max(b.StartNS, a.StartNS-timeNS))
	toNS = max(min(a.EndNS, b.EndNS+timeNS), min(b.EndNS, a.EndNS+timeNS))
	return fromNS, toNS
}
