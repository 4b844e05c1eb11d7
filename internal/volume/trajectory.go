package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Limits of a trajectory.
const (
	// MaxWaypoints is the largest number of waypoints.
	MaxWaypoints = 100_000
	// MaxFlightNS is the longest time from the first waypoint to the last, 40
	// days in nanoseconds: up to 48 days float64 seconds tell any two
	// nanoseconds apart.
	MaxFlightNS = 40 * 24 * 3600 * 1_000_000_000
	// maxRuns bounds the runs that long legs are cut into.
	maxRuns = 200_000
)

// Trajectory is a craft's timed path: geodesic legs flown at constant ground
// speed and constant rate of climb between waypoints. Two waypoints at one
// place are a hover. It is immutable and safe for concurrent use.
type Trajectory struct {
	waypoints []Waypoint
	buffers   Buffers
	datum     Datum

	// runs are the legs cut to at most maxPieceM, with time as the parameter,
	// in seconds since the first waypoint.
	runs   []run
	legs   []int32 // the leg of each run
	starts []int32 // the first run of each leg, and the number of runs
	middle geodesy.Vec
	reachM float64
}

// NewTrajectory returns the trajectory through the waypoints, whose times must
// increase and whose altitudes are exact above the ellipsoid. Errors are
// *InvalidError.
func NewTrajectory(waypoints []Waypoint, b Buffers) (*Trajectory, error) {
	return NewTrajectoryOn(Datum{}, waypoints, b)
}

// NewTrajectoryOn is NewTrajectory for altitudes known as the datum says.
func NewTrajectoryOn(d Datum, waypoints []Waypoint, b Buffers) (*Trajectory, error) {
	if len(waypoints) < 2 {
		return nil, invalid(TooFewVertices, -1, "a trajectory needs at least 2 waypoints, found %d", len(waypoints))
	}
	if len(waypoints) > MaxWaypoints {
		return nil, invalid(TooManyVertices, -1, "a trajectory has at most %d waypoints, found %d", MaxWaypoints, len(waypoints))
	}
	if err := b.validate(); err != nil {
		return nil, err
	}
	if err := d.validate(); err != nil {
		return nil, err
	}
	t := &Trajectory{waypoints: append([]Waypoint(nil), waypoints...), buffers: b, datum: d}
	for i := range t.waypoints {
		t.waypoints[i].At = canonical(t.waypoints[i].At)
	}
	for i, w := range waypoints {
		if err := w.validate(i); err != nil {
			return nil, err
		}
		if i == 0 {
			continue
		}
		if w.TimeNS <= waypoints[i-1].TimeNS {
			return nil, invalid(TimeNotIncreasing, i, "a waypoint must be later than the one before it")
		}
		if w.TimeNS-waypoints[0].TimeNS > MaxFlightNS {
			return nil, invalid(OutOfRange, i, "a trajectory lasts at most 40 days, found one from %s to %s",
				instantText(waypoints[0].TimeNS), instantText(w.TimeNS))
		}
		if err := t.addLeg(i - 1); err != nil {
			return nil, err
		}
	}
	t.starts = append(t.starts, int32(len(t.runs)))
	spots := make([]spot, 0, len(t.runs)+1)
	for i := range t.runs {
		spots = append(spots, t.runs[i].a)
	}
	spots = append(spots, t.runs[len(t.runs)-1].b)
	t.middle, t.reachM = ball(spots)
	return t, nil
}

// validate checks waypoint number i by itself.
func (w *Waypoint) validate(i int) error {
	if err := checkPosition(w.At, i); err != nil {
		return err
	}
	if outOfRange(w.AltMM) || outOfRange(w.SeaMM) {
		return invalid(OutOfRange, i, "altitude %s m above the ellipsoid, %s m above the sea, is out of range, expected -%d km to %[3]d km", metresText(w.AltMM), metresText(w.SeaMM), geodesy.MaxAltitudeMM/1_000_000)
	}
	if w.TimeNS < AlwaysNS || w.TimeNS > ForeverNS {
		return invalid(OutOfRange, i, "time %s is out of range", instantText(w.TimeNS))
	}
	return nil
}

// addLeg appends the runs of leg i.
func (t *Trajectory) addLeg(i int) error {
	t.starts = append(t.starts, int32(len(t.runs)))
	from, to := t.waypoints[i], t.waypoints[i+1]
	x0, x1 := t.seconds(from.TimeNS), t.seconds(to.TimeNS)
	a, b := spotOf(from.At), spotOf(to.At)
	if a.p == b.p {
		t.runs = append(t.runs, run{a: a, b: a, x0: x0, x1: x1})
		t.legs = append(t.legs, int32(i))
		return nil
	}
	inner, err := cutEdge(from.At, to.At, i, maxRuns-len(t.runs))
	if err != nil {
		return err
	}
	n := len(inner) + 1
	for k, s := range append(inner, b) {
		next := x1
		if k+1 < n {
			next = x0 + float64((x1-x0)*(float64(k+1)/float64(n)))
		}
		start := x0
		if k > 0 {
			start = t.runs[len(t.runs)-1].x1
		}
		t.runs = append(t.runs, newRun(a, s, start, next))
		t.legs = append(t.legs, int32(i))
		a = s
	}
	return nil
}

// seconds returns an instant in seconds since the first waypoint.
func (t *Trajectory) seconds(ns int64) float64 {
	return secondsBetween(t.waypoints[0].TimeNS, ns)
}

// secondsBetween returns to-from in seconds, to the nanosecond up to 48 days.
// Differences of instants between AlwaysNS and ForeverNS fit an int64.
func secondsBetween(from, to int64) float64 { return float64(to-from) / 1e9 }

// legSpan returns when leg i begins and ends, in seconds since the first
// waypoint.
func (t *Trajectory) legSpan(i int) (x0, x1 float64) {
	return t.runs[t.starts[i]].x0, t.runs[t.starts[i+1]-1].x1
}

// Waypoints returns the waypoints. The caller must not change them.
func (t *Trajectory) Waypoints() []Waypoint { return t.waypoints }

// Buffers returns the trajectory's buffers.
func (t *Trajectory) Buffers() Buffers { return t.buffers }

// Datum returns how the altitudes are known.
func (t *Trajectory) Datum() Datum { return t.datum }

// Window returns the instants from the first to the last waypoint, without the
// time buffer.
func (t *Trajectory) Window() Window {
	return Window{t.waypoints[0].TimeNS, t.waypoints[len(t.waypoints)-1].TimeNS}
}

// altitude returns the altitude in millimetres at x seconds on a leg. At the
// waypoints it is exact.
func (t *Trajectory) altitude(leg int32, x float64, sea bool) float64 {
	w, v := &t.waypoints[leg], &t.waypoints[leg+1]
	h, k := w.height(sea), v.height(sea)
	if h == k {
		return float64(h)
	}
	x0, x1 := t.seconds(w.TimeNS), t.seconds(v.TimeNS)
	f := (x - x0) / (x1 - x0)
	if f == 1 {
		return float64(k)
	}
	return float64(h) + float64(f*float64(k-h))
}

// climb returns a leg's rate of climb in millimetres per second.
func (t *Trajectory) climb(leg int32, sea bool) float64 {
	w, v := &t.waypoints[leg], &t.waypoints[leg+1]
	return float64(v.height(sea)-w.height(sea)) / (t.seconds(v.TimeNS) - t.seconds(w.TimeNS))
}

// At returns where the craft is declared to be at an instant: the place on the
// ellipsoid and the altitude in millimetres. Instants outside the window give
// the nearest waypoint.
func (t *Trajectory) At(timeNS int64) (geodesy.LatLng, int64) {
	w := t.Window()
	first, last := t.waypoints[0], t.waypoints[len(t.waypoints)-1]
	if timeNS <= w.StartNS {
		return first.At, first.AltMM
	}
	if timeNS >= w.EndNS {
		return last.At, last.AltMM
	}
	x := t.seconds(timeNS)
	i := t.runAt(x)
	s, _ := t.runs[i].at(x)
	return geodesy.FromECEF(s.p), int64(math.Floor(t.altitude(t.legs[i], x, false) + 0.5))
}

// runAt returns the run whose span holds x.
func (t *Trajectory) runAt(x float64) int {
	lo, hi := 0, len(t.runs)-1
	for lo < hi {
		mid := (lo + hi) / 2
		if t.runs[mid].x1 > x {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
