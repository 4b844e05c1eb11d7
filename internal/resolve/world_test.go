package resolve

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// world draws a plan, what it must fit into and what is asked: anywhere on
// earth, at the poles and the antimeridian more often than chance has it, from
// 200 m to 100 km wide.
type world struct {
	*rand.Rand
	seed    uint64
	at      geodesy.LatLng
	sizeM   float64
	lengthS float64 // what happens takes about so long
	heights int64   // altitudes are below this, in millimetres

	// Everything is a multiple of these, so that slots fit exactly, or they are 1.
	tickNS, levelMM int64

	sea   int // of 3, how many parts are declared above mean sea level
	rules Rules
	query Query

	plan   *volume.Entity
	others []*volume.Entity
}

// worldStartNS is 2031-05-05T09:00:00Z.
const worldStartNS = 1_935_738_000_000_000_000

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 17)), seed: seed, tickNS: 1, levelMM: 1}
	w.sizeM = [4]float64{200, 2_000, 20_000, 70_000}[w.IntN(4)] * (0.7 + 0.8*w.Float64())
	w.lengthS = 40 * math.Sqrt(w.sizeM/200)
	w.at = geodesy.LatLng{LatE9: int64((w.Float64()*160 - 80) * 1e9), LngE9: int64((w.Float64()*360 - 180) * 1e9)}
	switch w.IntN(6) {
	case 0:
		w.at.LngE9 = 180e9 - 1
	case 1:
		w.at = geodesy.Direct(geodesy.LatLng{LatE9: 90e9 * int64(1-2*w.IntN(2))}, w.Float64()*360, w.Float64()*w.sizeM)
	}
	if w.IntN(3) == 0 {
		w.tickNS, w.levelMM = int64(w.lengthS/20)*1e9, 5_000
	}
	if w.IntN(5) == 0 {
		w.sea = 2 + w.IntN(2)
	}
	w.drawRules()
	w.heights = int64(2+w.IntN(5))*max(w.rules.Minima.VerticalMM, w.rules.Constraints.VerticalMM) + 40_000
	w.plan = w.entity("plan", 0)
	if len(w.plan.Trajectories) == 0 && w.IntN(4) > 0 {
		w.enlarge()
	}
	for i := range 1 + w.IntN(10) {
		w.others = append(w.others, w.entity(fmt.Sprintf("%c%d", "aq"[w.IntN(2)], i), 1+w.IntN(3)))
	}
	w.drawQuery()
	return w
}

// upTo draws from 0 to n, 0 one time in three.
func (w *world) upTo(n int64) int64 {
	if w.IntN(3) == 0 {
		return 0
	}
	return w.Int64N(n + 1)
}

func (w *world) minima() conflict.Minima {
	m := conflict.Minima{
		LateralMM:  w.upTo(int64(w.sizeM * 200)),
		VerticalMM: 1_000 + w.level(30_000),
	}
	if w.IntN(3) == 0 {
		m.TimeNS = w.instant(w.lengthS / 8)
	}
	return m
}

func (w *world) drawRules() {
	w.rules.Minima = w.minima()
	if w.levelMM > 1 {
		w.rules.Minima.VerticalMM = w.levelMM + w.level(30_000)
	}
	same := w.rules.Minima
	w.rules.Constraints = &same
	if w.IntN(2) == 0 {
		other := w.minima()
		w.rules.Constraints = &other
	}
}

func (w *world) drawQuery() {
	l, u := &w.query.Limits, &w.query.Weights
	length := int64(w.lengthS * 1e9)
	*l = Limits{
		EarlierNS: w.upTo(2 * length), LaterNS: w.upTo(3 * length),
		DownMM: w.upTo(w.heights), UpMM: w.upTo(w.heights),
		SidewaysMM: w.upTo(int64(w.sizeM * 1000)),
		FloorMM:    volume.NoFloorMM, CeilingMM: volume.NoCeilingMM,
		Trim: w.IntN(4) > 0,
	}
	if w.IntN(4) == 0 {
		l.FloorMM = -w.level(w.heights)
		l.CeilingMM = w.levelMM + w.level(2*w.heights)
	}
	// Grids of few nodes, so that all of them can be tried.
	l.LiftStepMM, l.SidewaysStepMM = w.heights/int64(1+w.IntN(3)), int64(w.sizeM*1000)/int64(1+w.IntN(3))
	*u = DefaultWeights()
	if w.IntN(3) == 0 {
		*u = Weights{
			Later: w.Float64(), Earlier: w.Float64(), Lift: w.Float64(), Sideways: w.Float64(),
			TrimTime: w.Float64(), TrimBand: w.Float64(),
		}
	}
	w.query.NoReroute = true
	w.query.Count = 100
}

// level draws an altitude, or a distance of altitudes, up to a limit in
// millimetres.
func (w *world) level(limit int64) int64 { return w.Int64N(limit/w.levelMM+1) * w.levelMM }

// instant draws a time of 0 to s seconds in nanoseconds.
func (w *world) instant(s float64) int64 { return w.Int64N(int64(s*1e9)/w.tickNS+1) * w.tickNS }

// near draws a place within a share of the world's size.
func (w *world) near(share float64) geodesy.LatLng {
	return geodesy.Direct(w.at, w.Float64()*360, w.Float64()*w.sizeM*share)
}

func (w *world) buffers() volume.Buffers {
	b := volume.Buffers{LateralMM: 1 + w.Int64N(int64(w.sizeM*30))}
	if w.levelMM == 1 {
		b.VerticalMM = w.Int64N(5_000)
	}
	if w.IntN(3) == 0 {
		b.TimeNS = w.instant(w.lengthS / 20)
	}
	return b
}

// geoidMM returns the height of the geoid in millimetres.
func geoidMM(p geodesy.LatLng) int64 { return int64(math.Round(geodesy.GeoidHeightM(p) * 1000)) }

// trajectory draws legs of which some climb, some hover.
func (w *world) trajectory() *volume.Trajectory {
	datum := volume.Datum{Sea: w.IntN(3) < w.sea}
	points := make([]volume.Waypoint, 2+w.IntN(4))
	ns, alt := worldStartNS+w.instant(w.lengthS), w.level(w.heights)
	for i := range points {
		p := volume.Waypoint{At: w.near(1), AltMM: alt, TimeNS: ns}
		if i > 0 && w.IntN(5) == 0 {
			p.At = points[i-1].At
		}
		if datum.Sea {
			p.SeaMM, p.AltMM = alt, alt+geoidMM(p.At)
		}
		points[i] = p
		if w.IntN(2) == 0 {
			alt = w.level(w.heights)
		}
		ns += w.tickNS + int64(w.lengthS*1e8) + w.instant(w.lengthS/2)
	}
	if datum.Sea {
		datum.ErrorMM = 1_000 + int64(w.sizeM)
	}
	t, err := volume.NewTrajectoryOn(datum, points, w.buffers())
	if err != nil {
		panic(err)
	}
	return t
}

func (w *world) footprint() *volume.Footprint {
	for {
		var f *volume.Footprint
		var err error
		switch w.IntN(3) {
		case 0:
			f, err = volume.NewCircle(w.near(1), 1+w.Int64N(int64(w.sizeM*300)))
		case 1:
			f, err = volume.NewCorridor([]geodesy.LatLng{w.near(1), w.near(1), w.near(1)}[:2+w.IntN(2)], 1+w.Int64N(int64(w.sizeM*100)))
		default:
			// A star: not convex, never crossing itself.
			c, ring := w.near(1), []geodesy.LatLng{}
			n, turn := 4+w.IntN(7), w.Float64()*360
			for k := range n {
				ring = append(ring, geodesy.Direct(c, turn+float64(k)*360/float64(n), w.sizeM*(0.05+0.5*w.Float64())))
			}
			f, err = volume.NewPolygon(ring)
		}
		if err == nil {
			return f
		}
	}
}

// volume draws a volume, of a constraint one without some of its bounds now and
// then.
func (w *world) volume(zone bool) volume.Volume4D {
	v := volume.Volume4D{Footprint: w.footprint(), Datum: volume.Datum{Sea: w.IntN(3) < w.sea}}
	w.frame(&v, zone)
	return v
}

// frame draws all but the footprint of a volume.
func (w *world) frame(v *volume.Volume4D, zone bool) {
	v.Buffers = w.buffers()
	lower, start := w.level(w.heights), worldStartNS+w.instant(2*w.lengthS)
	v.Band = volume.Band{LowerMM: lower, UpperMM: lower + max(w.levelMM, 1_000) + w.level(w.heights/3)}
	v.Window = volume.Window{StartNS: start, EndNS: start + max(w.tickNS, 1_000_000) + w.instant(w.lengthS)}
	if w.IntN(8) == 0 || zone && w.IntN(3) == 0 {
		switch w.IntN(5) {
		case 0:
			v.Band.LowerMM = volume.NoFloorMM
		case 1:
			v.Band.UpperMM = volume.NoCeilingMM
		case 2:
			v.Window.StartNS = volume.AlwaysNS
		case 3:
			v.Window.EndNS = volume.ForeverNS
		default:
			v.Band = volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}
		}
	}
	w.refer(v)
}

// refer gives a volume that is declared above mean sea level its heights above
// the ellipsoid.
func (w *world) refer(v *volume.Volume4D) {
	if !v.Datum.Sea {
		return
	}
	v.SeaBand = v.Band
	v.Datum.ErrorMM = 1_000
	geoid := geoidMM(v.Footprint.Vertices()[0])
	if v.Band.LowerMM > volume.NoFloorMM {
		v.Band.LowerMM += geoid - int64(w.sizeM)
	}
	if v.Band.UpperMM < volume.NoCeilingMM {
		v.Band.UpperMM += geoid + int64(w.sizeM)
	}
}

// entity draws a plan, number 0, or another: 1 a zone, 2 and 3 intents.
func (w *world) entity(id string, what int) *volume.Entity {
	e := &volume.Entity{ID: id, Version: "1"}
	if what == 1 {
		e.Kind = volume.Constraint
		e.Type = [5]string{"no_entry", "entry_with_contact", "call_first", "dividing_line", "advisory"}[w.IntN(5)]
	}
	switch {
	case what > 1 && w.IntN(5) < 3 || what == 0 && w.IntN(2) == 0:
		e.Trajectories = append(e.Trajectories, w.trajectory())
		if w.IntN(8) == 0 {
			e.Trajectories = append(e.Trajectories, w.trajectory())
		}
		if w.IntN(12) == 0 {
			e.Volumes = append(e.Volumes, w.volume(false))
		}
	default:
		v := w.volume(what == 1)
		e.Volumes = append(e.Volumes, v)
		for range w.IntN(3) {
			next := w.volume(what == 1)
			if w.IntN(3) > 0 { // of one window and one band
				next.Band, next.SeaBand, next.Window, next.Datum = v.Band, v.SeaBand, v.Window, v.Datum
				if next.Datum.Sea {
					next.Band = next.SeaBand
					w.refer(&next)
				}
			}
			e.Volumes = append(e.Volumes, next)
		}
	}
	return e
}

// enlarge gives the volumes of the plan more time and altitude, of which they can
// give up some.
func (w *world) enlarge() {
	high, long := w.level(w.heights), w.instant(w.lengthS)
	for i := range w.plan.Volumes {
		v := &w.plan.Volumes[i]
		if v.Band.UpperMM < volume.NoCeilingMM {
			v.Band.UpperMM += high
			if v.Datum.Sea {
				v.SeaBand.UpperMM += high
			}
		}
		if v.Window.EndNS < volume.ForeverNS {
			v.Window.EndNS += long
		}
	}
}

// conditional tells whether the plan may enter an entity.
func (w *world) conditional(e *volume.Entity) bool {
	return e.Kind == volume.Constraint && (e.Type == "call_first" || e.Type == "advisory")
}

// minimaTo returns those between the plan and an entity.
func (w *world) minimaTo(e *volume.Entity) conflict.Minima {
	if e.Kind == volume.Constraint {
		return *w.rules.Constraints
	}
	return w.rules.Minima
}

// hits is the decision about a plan and every one of the others, near or far:
// the ids of those it conflicts with, of which it may enter some.
func (w *world) hits(t *testing.T, e *volume.Entity) (blocking, entered []string) {
	t.Helper()
	for _, o := range w.others {
		hit, err := conflict.Decide(e, o, w.minimaTo(o))
		if err != nil {
			t.Fatalf("seed %d: %v", w.seed, err)
		}
		switch {
		case hit && w.conditional(o):
			entered = append(entered, o.ID)
		case hit:
			blocking = append(blocking, o.ID)
		}
	}
	return blocking, entered
}

// clear tells whether a plan conflicts with nothing that it may not enter.
func (w *world) clear(t *testing.T, e *volume.Entity) bool {
	t.Helper()
	for _, o := range w.others {
		if w.conditional(o) {
			continue
		}
		hit, err := conflict.Decide(e, o, w.minimaTo(o))
		if err != nil {
			t.Fatalf("seed %d: %v", w.seed, err)
		}
		if hit {
			return false
		}
	}
	return true
}

// ask returns the answer of package resolve.
func (w *world) ask(t *testing.T) *Answer {
	t.Helper()
	s, err := NewSurroundings(w.others, w.rules)
	if err != nil {
		t.Fatalf("seed %d: %v", w.seed, err)
	}
	a, err := s.Options(Plan{Entity: w.plan}, w.query)
	if err != nil {
		t.Fatalf("seed %d: %v", w.seed, err)
	}
	return a
}

// finder returns what finds the options.
func (w *world) finder(t *testing.T) *finder {
	t.Helper()
	s, err := NewSurroundings(w.others, w.rules)
	if err != nil {
		t.Fatalf("seed %d: %v", w.seed, err)
	}
	f, err := newFinder(s, Plan{Entity: w.plan}, &w.query)
	if err != nil {
		t.Fatalf("seed %d: %v", w.seed, err)
	}
	return f
}

// worldsToTry returns how many worlds a test tries and the first one's seed. The
// environment variables DECONFLICT_OPTIONS_ROUNDS and DECONFLICT_OPTIONS_FIRST
// set them: 10,000 worlds take some minutes.
func worldsToTry(t *testing.T, usual int) (first, n uint64) {
	t.Helper()
	if testing.Short() {
		usual /= 4
	}
	number := func(name string, otherwise uint64) uint64 {
		s := os.Getenv(name)
		if s == "" {
			return otherwise
		}
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatalf("%s is a number, found %q", name, s)
		}
		return n
	}
	return number("DECONFLICT_OPTIONS_FIRST", 0), number("DECONFLICT_OPTIONS_ROUNDS", uint64(usual))
}
