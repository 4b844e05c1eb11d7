package plan

import (
	"fmt"
	"math"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// seconds converts seconds into a duration, rounded to nanoseconds.
func seconds(s float64) time.Duration { return time.Duration(math.Round(s * 1e9)) }

// seconds reads a parameter that is a time in seconds.
func (f *flight) seconds(c *missionCommand, n int) (time.Duration, error) {
	s := c.param(n)
	if !(s >= 0 && s <= maxMissionSeconds) {
		return 0, c.refuse(f.file, fmt.Sprintf("param%d", n), fmt.Sprintf("%v seconds", s), "0 to 30 days, in seconds")
	}
	return seconds(s), nil
}

// maxMissionRadiusM bounds acceptance and loiter radii.
const maxMissionRadiusM = 100_000

// metres reads a parameter that is a radius in metres; its sign says which way
// round and does not matter. It is rounded up to millimetres.
func (f *flight) metres(c *missionCommand, n int) (int64, error) {
	r := math.Abs(c.param(n))
	if !(r <= maxMissionRadiusM) {
		return 0, c.refuse(f.file, fmt.Sprintf("param%d", n), fmt.Sprintf("the radius %v", c.param(n)), "metres, at most 100 km")
	}
	return int64(math.Ceil(r * 1000)), nil
}

// speed returns the speed over the ground in the present mode.
func (f *flight) speed(c *missionCommand) (float64, error) {
	v := f.speedMPS
	if v == 0 {
		v = f.craft.hoverMPS
		if f.winged {
			v = f.craft.cruiseMPS
		}
	}
	if v == 0 {
		return 0, &Error{
			File: f.file, Place: c.place, Found: "no speed for this leg",
			Expected: "a change of speed (command 178) before it, or a speed for all files (--speed)",
		}
	}
	if !plausibleSpeed(v) {
		return 0, &Error{File: f.file, Place: f.craft.speedPlace, Found: fmt.Sprintf("the speed %v", v), Expected: expectSpeed}
	}
	return v, nil
}

// rise returns by how many millimetres an altitude is above the present one,
// for the time it takes. It reports false when that is not known: between
// heights above sea level and above home, where home's elevation is not known.
func (f *flight) rise(to geodesy.Altitude) (int64, bool) {
	if to.Ref == f.alt.Ref {
		return to.MM - f.alt.MM, true
	}
	above := func(a geodesy.Altitude) (int64, bool) { // above home
		if a.Ref != geodesy.AMSL {
			return a.MM, true
		}
		if f.homeAlt == nil {
			return 0, false
		}
		return a.MM - f.homeAlt.MM, true
	}
	a, okA := above(f.alt)
	b, okB := above(to)
	if okA && okB && (f.alt.Ref == geodesy.AGL || to.Ref == geodesy.AGL) {
		f.suppose.addf("for the time that a change of height takes, the ground is taken to be level with home")
	}
	return b - a, okA && okB
}

// riseTime returns the time of a change of height at the rate of climb or
// descent.
func (f *flight) riseTime(mm int64) time.Duration {
	if mm == 0 {
		return 0
	}
	rate, supposed, word := f.climbMPS, supposedClimbMPS, "climb"
	if mm < 0 {
		rate, supposed, word, mm = f.descentMPS, supposedDescentMPS, "descent", -mm
	}
	if rate == 0 {
		rate = supposed
		f.suppose.addf("the rate of %s is taken as %v m/s: the file states none", word, supposed)
	}
	return seconds(float64(mm) / 1000 / rate)
}

// climb changes height over the present place.
func (f *flight) climb(c *missionCommand, to geodesy.Altitude) error {
	mm, ok := f.rise(to)
	if !ok {
		return c.refuse(f.file, "param7", "a climb between the ground and a height above sea level, without home's elevation in the file",
			"an altitude above home, or home with its elevation (exactly 0 is taken as not stated)")
	}
	t := f.riseTime(mm)
	if t == 0 {
		f.alt = to
		return nil
	}
	f.moveTo(c, f.at, to, t)
	return nil
}

// hover stays for a time.
func (f *flight) hover(c *missionCommand, stay time.Duration) {
	if stay > 0 {
		f.moveTo(c, f.at, f.alt, stay)
	}
}

// flyTo flies a leg. At its end the craft is within tolMM of the place.
func (f *flight) flyTo(c *missionCommand, at geodesy.LatLng, to geodesy.Altitude, tolMM int64) error {
	distanceM, _, _ := geodesy.Inverse(f.at, at)
	if distanceM > volume.MaxEdgeM {
		return c.refuse(f.file, "param5", fmt.Sprintf("a leg of %.0f km", distanceM/1000), fmt.Sprintf("at most %d km", volume.MaxEdgeM/1000))
	}
	if distanceM == 0 && f.winged {
		if mm, ok := f.rise(to); !ok || mm != 0 {
			return c.refuse(f.file, "param7", "a climb in place by a craft on wings", "a loiter to altitude (command 31)")
		}
	}
	if distanceM > 0 || tolMM > 0 {
		v, err := f.speed(c)
		if err != nil {
			return err
		}
		// A craft that turns off up to tolMM early, or goes to a point within
		// tolMM instead, strays from the straight line by no more than that.
		// From there it flies on up to tolMM sooner, and up to tolMM longer or
		// shorter.
		ahead := 2 * tolMM
		if c.strayMM > 0 {
			ahead += c.aheadMM - 2*c.strayMM // counted once for all
		}
		f.slack += seconds(float64(ahead) / 1000 / v)
		f.tolMM = max(f.tolMM, tolMM)
		if distanceM > 0 {
			if err := f.leg(c, at, to, max(seconds(distanceM/v), 1)); err != nil {
				return err
			}
		}
	}
	if distanceM == 0 {
		if err := f.climb(c, to); err != nil {
			return err
		}
	}
	f.tolMM = tolMM
	return nil
}

// leg flies a leg that takes the given time, or longer where the change of
// height takes longer.
func (f *flight) leg(c *missionCommand, at geodesy.LatLng, to geodesy.Altitude, t time.Duration) error {
	switch mm, ok := f.rise(to); {
	case !ok:
		f.suppose.addf("legs between heights above sea level and above home take the time of their length alone")
	case !f.winged:
		if rise := f.riseTime(mm); rise > t {
			f.suppose.addf("a leg whose change of height takes longer than its length takes that time")
			t = rise
		}
	}
	if t > maxMissionSeconds*time.Second {
		return c.refuse(f.file, "", "a leg of more than 30 days", "a faster or shorter one")
	}
	f.moveTo(c, at, to, t)
	return nil
}

// moveTo adds a point to the routes. A change of buffers starts a new route,
// as buffers belong to whole routes.
func (f *flight) moveTo(c *missionCommand, at geodesy.LatLng, to geodesy.Altitude, t time.Duration) {
	buffers := volume.Buffers{LateralMM: f.tolMM, TimeNS: int64(f.slack)}
	from := RoutePoint{Place: f.place, At: f.at, Altitude: f.alt, Offset: f.now}
	f.now += t
	f.at, f.alt, f.place = at, to, c.place
	point := RoutePoint{Place: c.place, At: at, Altitude: to, Offset: f.now}
	if n := len(f.routes); n > 0 {
		last := &f.routes[n-1]
		if end := last.Points[len(last.Points)-1]; last.Buffers == buffers && sameSpot(end, from) {
			last.Points = append(last.Points, point)
			return
		}
	}
	f.routes = append(f.routes, Route{Place: from.Place, Points: []RoutePoint{from, point}, Buffers: buffers})
}

// sameSpot tells whether two points are the same in space and time.
func sameSpot(a, b RoutePoint) bool {
	return a.At == b.At && a.Altitude == b.Altitude && a.Offset == b.Offset
}
