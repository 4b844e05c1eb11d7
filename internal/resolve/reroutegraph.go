package resolve

import (
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Instants of a new path are whole milliseconds, where the plan's are.
const roundNS = 1_000_000

// place is a node: a waypoint of the plan, or a place on the way round one leg.
type place struct {
	after   int // the waypoint, or the one before
	kept    bool
	at      geodesy.LatLng
	liftMM  int64           // above waypoint after
	levelMM int64           // above the profile of the plan
	along   float64         // metres along the leg after the waypoint
	beside  float64         // metres from the leg
	where   volume.Waypoint // as the path will have it, without a time
	toGoNS  int64           // bounds from below what is left to the end
	toGoMM  int64
}

// flown is a leg of the plan.
type flown struct {
	line    geodesy.Line
	lengthM float64
	startNS int64
	takesNS int64
	riseMM  int64
	speed   float64 // on the way round, metres a second; 0 for a hover
	opened  bool    // the places on the way round are found
	round   []int   // those places
}

// hop is a way with what tells when it is closed.
type hop struct {
	way
	leg             int
	direct          bool // a leg of the plan
	leaves, arrives float64
	checked         bool
	shut            spanSet
}

// detours is the graph of ways round what is near a trajectory. It grows where
// the search comes.
type detours struct {
	s        *Surroundings
	q        *Query
	route    int
	leeway   leeway
	t        *volume.Trajectory
	alone    *volume.Entity // with that trajectory only
	datum    volume.Datum   // of new paths, whatever they are
	latestNS int64
	most     int // places on the way round a leg
	legs     []flown
	places   []place // the waypoints first
	hops     []*hop  // by the number of the way
	out      [][]*way
	known    []bool // out is found
	risks    map[int]spanSet
	refused  bool // a path found was not clear as declared
}

func newDetours(s *Surroundings, q *Query, e *volume.Entity, route int, room leeway) (*detours, error) {
	alone := *e
	alone.Volumes, alone.Trajectories = nil, e.Trajectories[route:route+1]
	d := &detours{s: s, q: q, route: route, leeway: room, t: e.Trajectories[route], alone: &alone, most: maxPlaces, risks: map[int]spanSet{}}
	w := d.t.Waypoints()
	d.legs, d.places = make([]flown, len(w)-1), make([]place, len(w))
	last := len(w) - 1
	longest := 0
	for k := last; k >= 0; k-- {
		d.places[k] = place{after: k, kept: true, at: w[k].At, where: w[k], along: math.Inf(-1)}
		if k == last {
			continue
		}
		l := &d.legs[k]
		*l = flown{line: geodesy.LineBetween(w[k].At, w[k+1].At), startNS: w[k].TimeNS, takesNS: w[k+1].TimeNS - w[k].TimeNS}
		l.lengthM = l.line.DistanceM()
		l.riseMM = d.altMM(&w[k+1]) - d.altMM(&w[k])
		l.speed = l.lengthM / (float64(l.takesNS) / 1e9)
		if v := q.Vehicle.MaxSpeedMMPS; v > 0 {
			l.speed = min(l.speed, float64(v)/1000)
		}
		if l.lengthM > d.legs[longest].lengthM {
			longest = k
		}
		d.places[k].toGoNS = d.places[k+1].toGoNS + l.takesNS
		d.places[k].toGoMM = d.places[k+1].toGoMM + int64(math.Floor(l.lengthM*1000))
	}
	d.out, d.known = make([][]*way, len(w)), make([]bool, len(w))
	round := float64(q.Limits.DetourMM) / 1000
	d.latestNS = d.t.Window().EndNS + q.Limits.LaterNS
	// Heights of a new path are known as its longest leg lets them be. No leg of
	// it is longer than the plan's longest with the whole detour.
	far := place{after: longest, at: geodesy.Direct(w[longest].At, 0, d.legs[longest].lengthM+round)}
	t, err := d.along([]place{d.places[longest], far})
	if err != nil {
		return nil, err
	}
	d.datum = t.Datum()
	return d, nil
}

// altMM returns an altitude as Limits count.
func (d *detours) altMM(w *volume.Waypoint) int64 {
	if d.t.Datum().Sea {
		return w.SeaMM
	}
	return w.AltMM
}

// along returns a path through places, a second apart, as a change makes it.
func (d *detours) along(places []place) (*volume.Trajectory, error) {
	points := make([]volume.PathPoint, len(places))
	for i := range places {
		p := &places[i]
		points[i] = volume.PathPoint{After: p.after, Kept: p.kept, At: p.at, LiftMM: p.liftMM, TimeNS: d.legs[0].startNS + int64(i)*1e9}
	}
	c := volume.Change{Paths: []volume.Path{{Points: points}}}
	e, err := c.Apply(d.alone)
	if err != nil {
		return nil, err
	}
	return e.Trajectories[0], nil
}

// ahead is of wayGraph.
func (d *detours) ahead(node int) (ns, mm int64) { return d.places[node].toGoNS, d.places[node].toGoMM }

// ways is of wayGraph.
func (d *detours) ways(node int) []*way {
	if d.known[node] || node == len(d.legs) {
		return d.out[node]
	}
	d.known[node] = true
	k := d.places[node].after
	if node < len(d.legs) {
		direct := d.addDirect(k)
		if len(d.closed(&direct.way)) == 0 || d.legs[k].speed == 0 {
			return d.out[node]
		}
		d.open(k, direct)
	} else {
		d.addHop(node, k+1)
	}
	for _, to := range d.legs[k].round {
		if d.places[to].along > d.places[node].along {
			d.addHop(node, to)
		}
	}
	return d.out[node]
}

// addDirect adds a leg of the plan.
func (d *detours) addDirect(k int) *hop {
	l := &d.legs[k]
	n := &hop{leg: k, direct: true, leaves: l.line.Azimuth(0), arrives: l.line.Azimuth(l.lengthM)}
	n.way = way{from: k, to: k + 1, takesNS: l.takesNS, lengthMM: d.places[k].toGoMM - d.places[k+1].toGoMM}
	d.add(n)
	return n
}

func (d *detours) add(n *hop) {
	n.id = len(d.hops)
	d.hops = append(d.hops, n)
	d.out[n.from] = append(d.out[n.from], &n.way)
}

// addHop adds the way between two places of a leg, unless the craft cannot fly
// it.
func (d *detours) addHop(from, to int) {
	a, b := &d.places[from], &d.places[to]
	k := a.after
	l := &d.legs[k]
	lengthM, leaves, arrives := geodesy.Inverse(a.at, b.at)
	if lengthM == 0 {
		return
	}
	n := &hop{leg: k, leaves: leaves, arrives: arrives}
	n.way = way{from: from, to: to, takesNS: ceilTo(int64(lengthM/l.speed*1e9), roundNS), lengthMM: int64(math.Ceil(lengthM * 1000))}
	rise := d.altMM(&b.where) - d.altMM(&a.where)
	if !d.climbs(l, rise, n.takesNS) {
		return
	}
	level := math.Abs(float64(a.levelMM)+float64(b.levelMM)) / 2000
	n.toll = float64(d.q.Weights.Lift * level * (float64(n.lengthMM) / float64(max(1, d.places[0].toGoMM))))
	d.add(n)
}

// climbs tells whether the craft can rise by so much in a time on the way round
// a leg: as steeply as the leg, or as stated.
func (d *detours) climbs(l *flown, riseMM, takesNS int64) bool {
	up, down := float64(d.q.Vehicle.ClimbMMPS), float64(d.q.Vehicle.DescentMMPS)
	own := float64(l.riseMM) / (float64(l.takesNS) / 1e9)
	up, down = max(up, own), max(down, -own)
	s := float64(takesNS) / 1e9
	const round = 2 // altitudes are rounded to a millimetre
	return float64(riseMM) <= float64(up*s)+round && float64(-riseMM) <= float64(down*s)+round
}

// turn is of wayGraph: a turn by an angle flown by the radius takes
// radius·tan(angle/2) of both ways. What the plan itself turns is its own.
func (d *detours) turn(in, out *way) (mm int64, must bool) {
	a, b := d.hops[in.id], d.hops[out.id]
	if in.lengthMM == 0 || out.lengthMM == 0 {
		return 0, false
	}
	_, c := geodesy.SincosDeg(b.leaves - a.arrives)
	must = !a.direct || !b.direct
	if c <= -1+1e-9 {
		return math.MaxInt64 / 4, must
	}
	tan := math.Sqrt(max(0, 1-c) / (1 + c))
	return int64(math.Ceil(float64(float64(d.q.Vehicle.TurnRadiusMM) * tan))), must
}

// closed is of wayGraph.
func (d *detours) closed(w *way) []volume.Span {
	n := d.hops[w.id]
	if !n.checked {
		n.checked = true
		a, b := &d.places[w.from], &d.places[w.to]
		n.shut = d.shutAt(n.leg, a, b, w.takesNS, b.toGoNS+w.takesNS)
	}
	return n.shut
}

// unsafe is of wayGraph.
func (d *detours) unsafe(node int) []volume.Span {
	spans, ok := d.risks[node]
	if !ok {
		p := &d.places[node]
		spans = d.shutAt(min(p.after, len(d.legs)-1), p, p, roundNS, p.toGoNS)
		for i := range spans {
			spans[i].Hi += roundNS
		}
		spans = normalise(spans)
		d.risks[node] = spans
	}
	return spans
}

// shutAt returns the instants at which the flight from a to b may not begin.
func (d *detours) shutAt(leg int, a, b *place, takesNS, toGoNS int64) spanSet {
	var spans []volume.Span
	start := d.legs[leg].startNS
	for _, h := range d.hits(leg, a, b, takesNS, toGoNS) {
		for _, s := range h.spans {
			spans = append(spans, volume.Span{Lo: floorTo(s.Lo+start-d.leeway.ns, roundNS), Hi: ceilTo(s.Hi+start+d.leeway.ns, roundNS)})
		}
	}
	return normalise(spans)
}

// hit is a part that a flight comes too near, with the delays at which it does.
type hit struct {
	neighbour
	spans []volume.Span // after the declared start of the leg
	mine  volume.Part   // the flight, begun at that start
}

// hits returns what the flight from a to b on the way round a leg comes too near
// at some time that it may be flown.
func (d *detours) hits(leg int, a, b *place, takesNS, toGoNS int64) []hit {
	start := d.legs[leg].startNS
	p, q := a.where, b.where
	p.TimeNS, q.TimeNS = start, start+takesNS
	t, err := volume.NewTrajectoryOn(d.datum, []volume.Waypoint{p, q}, d.t.Buffers())
	if err != nil {
		return []hit{{spans: []volume.Span{everything}}} // beyond what can be declared
	}
	within := volume.Span{Lo: -d.q.Limits.EarlierNS - 1, Hi: max(0, d.latestNS-toGoNS-start) + 1}
	mine := volume.Part{Route: t}
	var out []hit
	for _, n := range d.s.nearby(nil, d.s.boxes([]volume.Part{mine}, margin{earlierNS: -within.Lo, laterNS: within.Hi})...) {
		if d.s.conditional(n.of) {
			continue
		}
		if spans := volume.DelaySpans(nil, mine, n.part, d.s.need(n.of), within); len(spans) > 0 {
			out = append(out, hit{n, spans, mine})
		}
	}
	return out
}

// ceilTo rounds up to a multiple of step.
func ceilTo(n, step int64) int64 { return -floorTo(-n, step) }

// open finds the places on the way round a leg.
func (d *detours) open(k int, direct *hop) {
	if !d.legs[k].opened {
		d.legs[k].opened = true
		d.addRound(k, d.placesRound(k, direct))
	}
}

// addRound adds places on the way round a leg, but for those out of bounds.
func (d *detours) addRound(k int, found []place) {
	if len(found) == 0 {
		return
	}
	t, err := d.along(slices.Concat(d.places[k:k+1], found))
	if err != nil {
		return
	}
	l := &d.legs[k]
	for i := range found {
		p := found[i]
		p.where = t.Waypoints()[i+1]
		if alt := d.altMM(&p.where); p.levelMM != 0 && (alt < d.q.Limits.FloorMM || alt > d.q.Limits.CeilingMM) {
			continue
		}
		before, _, _ := geodesy.Inverse(d.places[k].at, p.at)
		after, _, _ := geodesy.Inverse(p.at, d.places[k+1].at)
		if longer := float64(d.q.Limits.DetourMM) / 1000; before+after > l.lengthM+longer || p.beside > 0.999*longer {
			continue
		}
		p.toGoMM = d.places[k+1].toGoMM + int64(math.Floor(after*1000))
		p.toGoNS = d.places[k+1].toGoNS + int64(math.Floor(after/l.speed*1e9))
		l.round = append(l.round, len(d.places))
		d.places = append(d.places, p)
		d.out, d.known = append(d.out, nil), append(d.known, false)
	}
}

// near returns the graph of the places of a path and others next to them, a share
// of their distance from the leg away.
func (d *detours) near(stops []stop, share float64) *detours {
	n := *d
	n.legs, n.places = slices.Clone(d.legs), slices.Clone(d.places[:len(d.legs)+1])
	n.hops, n.out, n.known = nil, make([][]*way, len(n.places)), make([]bool, len(n.places))
	n.risks = map[int]spanSet{}
	for k := range n.legs {
		n.legs[k].opened, n.legs[k].round = true, nil
	}
	for i := 0; i < len(stops); {
		k := d.places[stops[i].node].after
		v := survey{d: &n, k: k}
		for ; i < len(stops) && d.places[stops[i].node].after == k; i++ {
			if p := &d.places[stops[i].node]; !p.kept {
				v.l = &n.legs[k]
				v.vary(p, share)
			}
		}
		n.addRound(k, v.found)
	}
	return &n
}
