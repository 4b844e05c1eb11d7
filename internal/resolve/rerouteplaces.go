package resolve

import (
	"cmp"
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

const (
	maxObstacles = 6  // that the places of a leg go round
	maxPlaces    = 96 // on the way round a leg
	maxAbreast   = 4  // lines beside a leg, on either side
	maxLevels    = 2  // above a leg, and as many below
)

// corner is a place in the terms of a leg: metres along it, and to its right.
type corner struct {
	along, right float64
	at           geodesy.LatLng
}

// obstacle is what a leg must go round, or over, or under.
type obstacle struct {
	of       int
	volume   *volume.Volume4D
	route    *volume.Trajectory // nil: a volume
	corners  []corner           // at the required distance
	declared bool               // in the way of the leg at the times declared
	from, to float64            // metres along the leg, where it is then
	lifts    spanSet            // of the leg that it forbids then
}

// survey gathers the places on the way round leg k.
type survey struct {
	d         *detours
	k         int
	l         *flown
	obstacles []obstacle
	found     []place
}

// placesRound returns the places on the way round a leg: corners round each
// obstacle at the required distance, one place on each side with both waypoints
// in free sight, lines beside the leg, and levels over and under.
func (d *detours) placesRound(k int, direct *hop) []place {
	v := &survey{d: d, k: k, l: &d.legs[k]}
	a, b := &d.places[k], &d.places[k+1]
	v.meet(d.hits(k, a, b, direct.takesNS, direct.takesNS+b.toGoNS), direct)
	// What is in the way of going round is gone round as well.
	for _, o := range slices.Clone(v.obstacles) {
		for _, c := range v.outermost(&o) {
			p := v.place(c, 0)
			if d.locate(k, &p) != nil {
				continue
			}
			for _, way := range [2][2]*place{{a, &p}, {&p, b}} {
				lengthM, _, _ := geodesy.Inverse(way[0].at, way[1].at)
				if takes := int64(lengthM / v.l.speed * 1e9); takes > 0 {
					v.meet(d.hits(k, way[0], way[1], takes, takes+b.toGoNS), nil)
				}
			}
		}
	}

	v.levels()
	v.apexes()
	v.corners()
	v.abreast()
	return v.found
}

// locate finds where a place on the way round leg k is in a changed plan.
func (d *detours) locate(k int, p *place) error {
	t, err := d.along([]place{d.places[k], *p})
	if err == nil {
		p.where = t.Waypoints()[1]
	}
	return err
}

// on returns the corner at a distance along the leg and to its right, in metres.
func (v *survey) on(along, right float64) corner {
	at := v.l.line.LatLng(along)
	if right != 0 {
		at = geodesy.Direct(at, v.l.line.Azimuth(along)+90, right)
	}
	return corner{along, right, at}
}

// cornerAt returns the corner at a place.
func (v *survey) cornerAt(at geodesy.LatLng) corner {
	distM, azimuth, _ := geodesy.Inverse(v.d.places[v.k].at, at)
	s, c := geodesy.SincosDeg(azimuth - v.l.line.Azimuth(0))
	return corner{float64(distM * c), float64(distM * s), at}
}

// place returns a corner as a node, levelMM above the profile of the leg.
// Positions have 1e-7 degree, a centimetre, as most formats of plans do.
func (v *survey) place(c corner, levelMM int64) place {
	share := max(0, min(1, c.along/v.l.lengthM))
	at := geodesy.LatLng{LatE9: nearest(c.at.LatE9, 100), LngE9: nearest(c.at.LngE9, 100)}
	if at.LngE9 == 180e9 {
		at.LngE9 = -180e9
	}
	lift := int64(math.Round(float64(share * float64(v.l.riseMM))))
	return place{after: v.k, along: c.along, beside: math.Abs(c.right), at: at, liftMM: lift + levelMM, levelMM: levelMM}
}

// nearest rounds to a multiple of unit.
func nearest(n, unit int64) int64 { return floorTo(n+unit/2, unit) }

// add adds a place unless there is one.
func (v *survey) add(c corner, levelMM int64) {
	p := v.place(c, levelMM)
	same := func(o place) bool { return o.at == p.at && o.levelMM == p.levelMM }
	if len(v.found) < v.d.most && !slices.ContainsFunc(v.found, same) {
		v.found = append(v.found, p)
	}
}

// meet adds what a flight meets; what is in the way at the times declared comes
// first. Direct is set when the flight is the leg as declared.
func (v *survey) meet(hits []hit, direct *hop) {
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(distance(a.spans), distance(b.spans)) })
	for i := range hits {
		h := &hits[i]
		known := func(o obstacle) bool {
			return o.of == h.of && o.volume == h.part.Volume && o.route == h.part.Route
		}
		if h.mine.Route == nil || len(v.obstacles) == maxObstacles || slices.ContainsFunc(v.obstacles, known) {
			continue
		}
		o := obstacle{of: h.of, volume: h.part.Volume, route: h.part.Route, from: 1}
		flight, near := v.encounter(h)
		if direct != nil && distance(h.spans) == 0 {
			o.declared, o.from, o.to = true, near[0].along, near[1].along
			o.lifts = v.lifts(h)
		}
		if o.route != nil {
			o.corners = v.beside(h, flight, near)
		}
		v.obstacles = append(v.obstacles, o)
	}
}

// distance returns how far a delay of 0 is from the spans.
func distance(spans []volume.Span) int64 {
	least := int64(math.MaxInt64)
	for _, s := range spans {
		least = min(least, max(0, s.Lo, -s.Hi))
	}
	return least
}

// encounter returns the flight of a hit with the delay nearest to 0 at which it
// is too near, and the first and last place at which it then is.
func (v *survey) encounter(h *hit) (*volume.Trajectory, [2]corner) {
	d, need := v.d, v.d.s.need(h.of)
	delay := int64(0)
	if off := distance(h.spans); off > 0 {
		for _, s := range h.spans {
			if max(0, s.Lo, -s.Hi) == off {
				delay = s.Lo/2 + s.Hi/2
				delay = max(-d.q.Limits.EarlierNS, min(d.latestNS-v.l.startNS, delay))
			}
		}
	}
	t, err := h.mine.Route.Moved(delay, 0)
	if err != nil {
		t = h.mine.Route
	}
	w := t.Window()
	from, to := w.EndNS, w.StartNS
	visit := func(c volume.Contact) bool {
		if c.Conflict {
			from, to = min(from, c.FromNS), max(to, c.ToNS)
		}
		return true
	}
	if h.part.Volume != nil {
		volume.Transits(t, h.part.Volume, need, true, visit)
	} else {
		volume.Encounters(t, h.part.Route, need, true, visit)
	}
	if from > to {
		from, to = w.StartNS, w.EndNS
	}
	first, _ := t.At(from)
	last, _ := t.At(to)
	return t, [2]corner{v.cornerAt(first), v.cornerAt(last)}
}

// lifts returns the lifts of the leg as declared that a part forbids.
func (v *survey) lifts(h *hit) spanSet {
	need := v.d.s.need(h.of)
	if h.part.Volume != nil {
		return normalise(volume.LiftSpans(nil, h.mine, h.part, need))
	}
	var spans []volume.Span
	for leg := range h.part.Route.Legs() {
		spans = volume.LiftSpans(spans, h.mine, volume.Part{Route: h.part.Route, Leg: leg}, need)
	}
	return normalise(spans)
}

// requiredM returns how far the centre-line of the plan must be from the base of
// a volume, or from the centre-line of another trajectory.
func (v *survey) requiredM(of int, buffers volume.Buffers, radiusMM int64) float64 {
	return float64(v.d.s.need(of).LateralMM+v.d.t.Buffers().LateralMM+buffers.LateralMM+radiusMM) / 1000
}

// beside returns corners beside the place at which a flight meets traffic: as far
// to the side as the whole flight would have to be, a little less, as the way
// round takes time, and more; and the required distance away.
func (v *survey) beside(h *hit, flight *volume.Trajectory, near [2]corner) []corner {
	required := v.requiredM(h.of, h.part.Route.Buffers(), 0)
	within := volume.Span{Lo: int64(-3000 * required), Hi: int64(3000 * required)}
	w := flight.Waypoints()
	_, azimuth, _ := geodesy.Inverse(w[0].At, w[1].At)
	to := volume.NewSideways(&volume.Entity{Trajectories: []*volume.Trajectory{flight}}, int(math.Floor(azimuth+450))%360)
	var spans []volume.Span
	for leg := range h.part.Route.Legs() {
		spans = volume.ShiftSpans(spans, volume.Part{Route: flight}, volume.Part{Route: h.part.Route, Leg: leg}, v.d.s.need(h.of), to, within)
	}
	shift := normalise(spans)
	middle := float64((near[0].along + near[1].along) / 2)
	half := float64(max(near[1].along-near[0].along, required) / 2)
	right, left := float64(shift.from(0))/1000, float64(shift.upTo(0))/1000
	var out []corner
	for _, off := range [10]float64{
		float64(1.02 * right), float64(1.02 * left), float64(1.01 * required), float64(-1.01 * required), right / 2, left / 2,
		float64(1.35 * right), float64(1.35 * left), float64(2 * required), float64(-2 * required),
	} {
		for _, along := range [3]float64{middle - half, middle, middle + half} {
			out = append(out, v.on(max(0, min(v.l.lengthM, along)), near[0].right+off))
		}
	}
	return out
}

// outermost returns the corners of an obstacle farthest to either side.
func (v *survey) outermost(o *obstacle) []corner {
	c := o.corners
	if o.route == nil {
		c = v.hull(o, 8)
	}
	if len(c) == 0 {
		return nil
	}
	side := func(a, b corner) int { return cmp.Compare(a.right, b.right) }
	return []corner{slices.MinFunc(c, side), slices.MaxFunc(c, side)}
}

// corners adds the corners of all obstacles. The fewer there are, the finer.
func (v *survey) corners() {
	most, sides := 0, max(8, min(24, 48/max(1, len(v.obstacles))))
	for i := range v.obstacles {
		o := &v.obstacles[i]
		if o.route == nil {
			o.corners = v.hull(o, sides)
		}
		most = max(most, len(o.corners))
	}
	for n := range most {
		for i := range v.obstacles {
			if c := v.obstacles[i].corners; n < len(c) {
				v.add(c[n], 0)
			}
		}
	}
}

// apexes adds, for either side of each obstacle, the place from which the
// straight ways to both waypoints pass it.
func (v *survey) apexes() {
	for i := range v.obstacles {
		o := &v.obstacles[i]
		corners := o.corners
		if o.route == nil {
			corners = v.hull(o, 16)
		}
		for _, side := range [2]float64{1, -1} {
			if c, ok := v.apex(corners, side); ok {
				v.add(c, 0)
			}
		}
	}
}

func (v *survey) apex(corners []corner, side float64) (corner, bool) {
	var top corner
	for _, c := range corners {
		if side*c.right > side*top.right {
			top = c
		}
	}
	length, out := v.l.lengthM, 0.0
	for _, c := range corners {
		if side*c.right <= 0 {
			continue
		}
		if c.along <= 0 || c.along >= length {
			return corner{}, false
		}
		reach := top.along / c.along
		if c.along > top.along {
			reach = (length - top.along) / (length - c.along)
		}
		out = max(out, float64(side*c.right*reach))
	}
	return v.on(top.along, side*(float64(out*1.002)+0.1)), out > 0
}

// abreast adds lines beside the leg, joined at 45 degrees to its ends.
func (v *survey) abreast() {
	for _, side := range [2]float64{1, -1} {
		var offsets []float64
		for i := range v.obstacles {
			o := &v.obstacles[i]
			if o.route == nil && len(o.corners) > 0 {
				c := slices.MaxFunc(o.corners, func(a, b corner) int { return cmp.Compare(side*a.right, side*b.right) })
				offsets = append(offsets, side*c.right)
				continue
			}
			for _, c := range o.corners {
				offsets = append(offsets, side*c.right)
			}
		}
		slices.Sort(offsets)
		offsets = slices.CompactFunc(offsets, func(a, b float64) bool { return math.Abs(b-a) < 1 })
		lines := 0
		for _, off := range offsets {
			if off <= 0 || off > v.l.lengthM/2 || lines == maxAbreast {
				continue
			}
			lines++
			v.add(v.on(off, side*off), 0)
			v.add(v.on(v.l.lengthM-off, side*off), 0)
		}
	}
}

// levels adds places over and under each obstacle, and where the craft leaves
// the leg's profile and comes back to it.
func (v *survey) levels() {
	up, down := v.d.q.Vehicle.ClimbMMPS, v.d.q.Vehicle.DescentMMPS
	if up == 0 || down == 0 {
		return
	}
	for _, level := range v.choices() {
		before, after := up, down
		if level < 0 {
			before, after = down, up
		}
		ramp := float64(max(level, -level)) * v.l.speed * 1.001
		for i := range v.obstacles {
			o := &v.obstacles[i]
			if !o.declared || o.lifts.at(level) >= 0 {
				continue
			}
			pad := 2.0
			if o.route != nil {
				pad += (o.to - o.from) / 10
			}
			from, to := o.from-pad, o.to+pad
			for _, c := range [2]float64{from - ramp/float64(before), to + ramp/float64(after)} {
				if c > 0 && c < v.l.lengthM {
					v.add(v.on(c, 0), 0)
				}
			}
			for _, c := range [2]float64{from, to} {
				if c > 0 && c < v.l.lengthM {
					v.add(v.on(c, 0), level)
				}
			}
		}
	}
}

// choices returns the least levels up and down that clear all obstacles, and
// those that clear one, rounded outward.
func (v *survey) choices() []int64 {
	var all []volume.Span
	var ups, downs []int64
	consider := func(u spanSet) {
		ups = append(ups, ceilTo(u.from(0), v.d.leeway.mm))
		downs = append(downs, floorTo(u.upTo(0), v.d.leeway.mm))
	}
	for i := range v.obstacles {
		all = append(all, v.obstacles[i].lifts...)
	}
	consider(normalise(slices.Clone(all)))
	for i := range v.obstacles {
		consider(v.obstacles[i].lifts)
	}
	var out []int64
	l := &v.d.q.Limits
	for _, levels := range [2][]int64{ups, downs} {
		n := 0
		for _, h := range levels {
			if h != 0 && h <= l.UpMM && h >= -l.DownMM && n < maxLevels && !slices.Contains(out, h) {
				out = append(out, h)
				n++
			}
		}
	}
	return out
}

// vary adds a place and those next to it.
func (v *survey) vary(p *place, share float64) {
	v.found = append(v.found, *p)
	c := v.cornerAt(p.at)
	step := float64(share * math.Abs(c.right))
	if p.levelMM != 0 {
		v.add(v.on(max(0, c.along-step), c.right), p.levelMM)
		v.add(v.on(min(v.l.lengthM, c.along+step), c.right), p.levelMM)
		return
	}
	for _, along := range [3]float64{-step, 0, step} {
		for _, right := range [3]float64{-step, 0, step} {
			v.add(v.on(max(0, min(v.l.lengthM, c.along+along)), c.right+right), 0)
		}
	}
}
