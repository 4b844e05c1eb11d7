package bench

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// Day is a generated day of traffic in one place, and the rules there.
// Altitudes are above the ellipsoid, which is the ground.
type Day struct {
	Name, What string
	Plans      []DayPlan        // in order of filing
	Zones      []*volume.Entity // constraints, known before any plan
	Rules      resolve.Rules
}

// DayPlan is a plan of a day, with what its craft can do and its operator
// accepts.
type DayPlan struct {
	Entity  *volume.Entity
	Vehicle resolve.Vehicle
	Limits  resolve.Limits
	// FixedMM is the altitude up to which waypoints stay where they are when the
	// flight moves up or sideways: pads, doors, water.
	FixedMM int64
}

// entities returns the plans as declared.
func (d *Day) entities() []*volume.Entity {
	out := make([]*volume.Entity, len(d.Plans))
	for i := range d.Plans {
		out[i] = d.Plans[i].Entity
	}
	return out
}

// mayEnter tells whether plans may enter a zone under a condition.
func (d *Day) mayEnter(z *volume.Entity) bool {
	if d.Rules.Conditional != nil {
		return d.Rules.Conditional(z)
	}
	return z.Type == "call_first" || z.Type == "advisory"
}

// DayOptions are the parameters of a generated day.
type DayOptions struct {
	Seed uint64
	// Scale multiplies the flights at the same density: over a larger area or
	// more days. 1 is the day described; 0 stands for 1.
	Scale float64
}

// dayKind is a kind of day and its generator.
type dayKind struct {
	name     string
	generate func(DayOptions) (*Day, error)
}

// dayKinds are the generated days in the order of the report.
var dayKinds = []dayKind{
	{"city", CityDay},
	{"corridor", CorridorDay},
	{"wildfire", WildfireDay},
}

// dayStartNS is 2031-05-07T00:00:00Z, midnight of the generated days.
const dayStartNS = 1_935_878_400_000_000_000

// traffic draws the plans of a day. The first error stays in err.
type traffic struct {
	rng    *rand.Rand
	origin geodesy.LatLng // of local metres
	filed  []filing
	err    error
}

// filing is a plan and when it was filed.
type filing struct {
	atNS int64
	DayPlan
}

// spot is a place in metres east and north of a day's origin.
type spot struct{ east, north float64 }

func (s spot) add(east, north float64) spot { return spot{s.east + east, s.north + north} }

func (s spot) distance(o spot) float64 { return math.Hypot(s.east-o.east, s.north-o.north) }

// polar returns the spot at a distance in metres and a bearing in degrees.
func (s spot) polar(bearingDeg, metres float64) spot {
	sin, cos := math.Sincos(bearingDeg * math.Pi / 180)
	return s.add(metres*sin, metres*cos)
}

// towards returns the spot a fraction of the way to another.
func (s spot) towards(o spot, f float64) spot { return s.add(f*(o.east-s.east), f*(o.north-s.north)) }

func newTraffic(o DayOptions, stream uint64, latDeg, lngDeg float64) (*traffic, error) {
	origin, err := geodesy.NewLatLng(latDeg, lngDeg)
	return &traffic{rng: rand.New(rand.NewPCG(o.Seed, stream)), origin: origin}, err
}

func (t *traffic) place(s spot) geodesy.LatLng {
	return geodesy.Direct(geodesy.Direct(t.origin, 90, s.east), 0, s.north)
}

func (t *traffic) between(lo, hi float64) float64 { return lo + (hi-lo)*t.rng.Float64() }

// hourNS returns an hour of the day, to the millisecond.
func hourNS(hour float64) int64 { return dayStartNS + int64(math.Round(hour*3.6e6))*1_000_000 }

// keep notes the first error.
func (t *traffic) keep(err error) {
	if t.err == nil {
		t.err = err
	}
}

// file adds a plan, filed leadMin minutes before it starts.
func (t *traffic) file(p DayPlan, leadMin float64) {
	t.filed = append(t.filed, filing{entityWindow(p.Entity).StartNS - int64(leadMin*60e9), p})
}

// entityWindow returns the instants from the first to the last of an entity.
func entityWindow(e *volume.Entity) volume.Window {
	w := volume.Window{StartNS: volume.ForeverNS, EndNS: volume.AlwaysNS}
	add := func(o volume.Window) { w.StartNS, w.EndNS = min(w.StartNS, o.StartNS), max(w.EndNS, o.EndNS) }
	for i := range e.Volumes {
		add(e.Volumes[i].Window)
	}
	for _, r := range e.Trajectories {
		add(r.Window())
	}
	return w
}

// next returns an id that no plan filed before has.
func (t *traffic) next(prefix string) string { return fmt.Sprintf("%s%06d", prefix, len(t.filed)) }

// finish puts the plans into a day in order of filing.
func (t *traffic) finish(d *Day) (*Day, error) {
	if t.err != nil {
		return nil, fmt.Errorf("the %s day: %w", d.Name, t.err)
	}
	slices.SortFunc(t.filed, func(a, b filing) int {
		return cmp.Or(cmp.Compare(a.atNS, b.atNS), strings.Compare(a.Entity.ID, b.Entity.ID))
	})
	for _, f := range t.filed {
		d.Plans = append(d.Plans, f.DayPlan)
	}
	return d, nil
}

// zone adds a constraint from one hour of the day to another.
func (t *traffic) zone(d *Day, kind string, f *volume.Footprint, ceilingM, fromHour, toHour float64) {
	d.Zones = append(d.Zones, &volume.Entity{
		ID: fmt.Sprintf("Z%05d", len(d.Zones)), Kind: volume.Constraint, Type: kind,
		Volumes: []volume.Volume4D{slot(f, 0, ceilingM, hourNS(fromHour), hourNS(toHour))},
	})
}

// slot is a volume from one altitude in metres to another during a window.
func slot(f *volume.Footprint, lowerM, upperM float64, startNS, endNS int64) volume.Volume4D {
	return volume.Volume4D{
		Footprint: f,
		Band:      volume.Band{LowerMM: int64(math.Round(lowerM * 1000)), UpperMM: int64(math.Round(upperM * 1000))},
		Window:    volume.Window{StartNS: startNS, EndNS: endNS},
	}
}

func (t *traffic) circle(centre spot, radiusM float64) *volume.Footprint {
	f, err := volume.NewCircle(t.place(centre), int64(radiusM*1000))
	t.keep(err)
	return f
}

func (t *traffic) corridor(line []spot, halfWidthM float64) *volume.Footprint {
	points := make([]geodesy.LatLng, len(line))
	for i, s := range line {
		points[i] = t.place(s)
	}
	f, err := volume.NewCorridor(points, int64(halfWidthM*1000))
	t.keep(err)
	return f
}

// star is a polygon round a centre, its corners between half of a radius and
// the whole away.
func (t *traffic) star(centre spot, radiusM float64, corners int) *volume.Footprint {
	ring := make([]geodesy.LatLng, corners)
	turn := t.between(0, 360)
	for i := range ring {
		ring[i] = t.place(centre.polar(turn+float64(i)*360/float64(corners), t.between(0.5, 1)*radiusM))
	}
	f, err := volume.NewPolygon(ring)
	t.keep(err)
	return f
}

// rectangle is a polygon with a side along a bearing.
func (t *traffic) rectangle(centre spot, bearingDeg, lengthM, widthM float64) *volume.Footprint {
	ring := make([]geodesy.LatLng, 4)
	for i, c := range [4][2]float64{{1, 1}, {1, -1}, {-1, -1}, {-1, 1}} {
		ring[i] = t.place(centre.polar(bearingDeg, c[0]*lengthM/2).polar(bearingDeg+90, c[1]*widthM/2))
	}
	f, err := volume.NewPolygon(ring)
	t.keep(err)
	return f
}

// path is a flight under construction.
type path struct {
	t         *traffic
	plan      DayPlan
	waypoints []volume.Waypoint
}

// startPath starts a flight of a plan that has all but an entity.
func (t *traffic) startPath(plan DayPlan, at spot, altM float64, startNS int64) *path {
	return &path{t, plan, []volume.Waypoint{{At: t.place(at), AltMM: int64(altM * 1000), TimeNS: startNS}}}
}

// to flies to a place and an altitude in metres at a ground speed in metres per
// second, slower where the craft needs longer to climb or descend.
func (p *path) to(at spot, altM, speed float64) *path {
	from := p.waypoints[len(p.waypoints)-1]
	w := volume.Waypoint{At: p.t.place(at), AltMM: int64(altM * 1000)}
	distanceM, _, _ := geodesy.Inverse(from.At, w.At)
	seconds := max(distanceM/speed, climbSeconds(&p.plan.Vehicle, w.AltMM-from.AltMM), 1)
	w.TimeNS = from.TimeNS + wholeMS(seconds)
	p.waypoints = append(p.waypoints, w)
	return p
}

// climbSeconds returns how long a craft needs to rise so far, or to sink.
func climbSeconds(v *resolve.Vehicle, riseMM int64) float64 {
	if riseMM < 0 {
		return float64(-riseMM) / float64(v.DescentMMPS)
	}
	return float64(riseMM) / float64(v.ClimbMMPS)
}

// wholeMS returns seconds as nanoseconds, rounded up to a millisecond.
func wholeMS(seconds float64) int64 { return int64(math.Ceil(seconds*1000)) * 1_000_000 }

// stay hovers.
func (p *path) stay(seconds float64) *path {
	w := p.waypoints[len(p.waypoints)-1]
	w.TimeNS += wholeMS(seconds)
	p.waypoints = append(p.waypoints, w)
	return p
}

// file files the path as a trajectory.
func (p *path) file(prefix, party string, b volume.Buffers, leadMin float64) {
	tr, err := volume.NewTrajectory(p.waypoints, b)
	if err != nil {
		p.t.keep(err)
		return
	}
	p.plan.Entity = &volume.Entity{ID: p.t.next(prefix), Party: party, Trajectories: []*volume.Trajectory{tr}}
	p.t.file(p.plan, leadMin)
}

// query is what the plan's operator asks for.
func (p *DayPlan) query() resolve.Query {
	return resolve.Query{Limits: p.Limits, Weights: resolve.DefaultWeights(), Vehicle: p.Vehicle}
}

// Remake returns the plan as its operator would declare it changed. Waypoints
// up to FixedMM stay where they are when the rest is moved up, down or
// sideways; legs that this makes too steep or too long take longer.
func (p *DayPlan) Remake(c *volume.Change) (*volume.Entity, error) {
	e, err := c.Apply(p.Entity)
	if err != nil || len(c.Paths) > 0 || c.LiftMM == 0 && c.Shift.DistanceMM == 0 {
		return e, err
	}
	for i, was := range p.Entity.Trajectories {
		if e.Trajectories[i], err = p.refly(was, e.Trajectories[i]); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (p *DayPlan) refly(was, moved *volume.Trajectory) (*volume.Trajectory, error) {
	old := was.Waypoints()
	waypoints := slices.Clone(moved.Waypoints())
	delayNS := waypoints[0].TimeNS - old[0].TimeNS
	for i := range waypoints {
		w := &waypoints[i]
		switch {
		case old[i].AltMM <= p.FixedMM:
			w.At, w.AltMM = old[i].At, old[i].AltMM
		case w.AltMM <= p.FixedMM:
			return nil, fmt.Errorf("waypoint %d would be at %d mm, expected more than %d mm", i, w.AltMM, p.FixedMM)
		}
		if i == 0 {
			continue
		}
		from := waypoints[i-1]
		distanceM, _, _ := geodesy.Inverse(from.At, w.At)
		needNS := wholeMS(max(1000*distanceM/float64(p.Vehicle.MaxSpeedMMPS), climbSeconds(&p.Vehicle, w.AltMM-from.AltMM)))
		declaredNS := old[i].TimeNS - old[i-1].TimeNS
		delayNS += max(0, needNS-declaredNS)
		w.TimeNS = old[i].TimeNS + delayNS
	}
	return volume.NewTrajectoryOn(moved.Datum(), waypoints, moved.Buffers())
}
