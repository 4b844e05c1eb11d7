package plan

import (
	"fmt"
	"math"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Rates that a mission does not state, in metres per second. They are those
// that the common autopilots have as their defaults for climbs and landings of
// multicopters, to the nearest metre per second.
const (
	supposedClimbMPS   = 3.0
	supposedDescentMPS = 1.0
)

// craft says how a vehicle moves, as far as a file tells it.
type craft struct {
	hovers     bool // can stand still and climb upright
	wings      bool // flies on wings after a transition, or always
	hoverMPS   float64
	cruiseMPS  float64
	speedPlace string // where the speeds stand, or should
	ardupilot  bool   // may be flown by ArduPilot
}

// flight flies a mission: it turns commands into timed routes.
type flight struct {
	file  string
	craft craft

	home    *geodesy.LatLng   // nil: not known
	homeAlt *geodesy.Altitude // AMSL elevation of home; nil: not known

	at       geodesy.LatLng
	alt      geodesy.Altitude
	place    string // of the command that led here
	now      time.Duration
	started  bool
	airborne bool
	ended    string // place of the command that ended the mission
	winged   bool   // flies on wings now

	speedMPS, climbMPS, descentMPS float64 // as commanded; 0: not

	// The craft is within tolMM of its place once it is at `at`, and up to
	// slack ahead of or behind the clock.
	tolMM int64
	slack time.Duration

	routes []Route
	// decisive are suppositions on which much hangs; they are said before the
	// others, which nearly every mission has.
	decisive, suppose remarks

	payload map[int]int // how many of each payload command
	pending *missionCommand
}

// fly carries out commands in order.
func (f *flight) fly(commands []missionCommand) error {
	f.payload = make(map[int]int)
	f.winged = f.craft.wings && !f.craft.hovers
	for i := range commands {
		c := &commands[i]
		if err := f.do(c); err != nil {
			return err
		}
		if max(f.now, f.slack) > maxMissionSeconds*time.Second {
			return c.refuse(f.file, "", "a mission of more than 30 days", "a shorter one")
		}
	}
	if f.airborne && f.ended == "" {
		f.decisive.addf("the plan ends in the air, at its last point: where the craft goes from there is not in the file")
	}
	f.suppose.addf("legs are flown straight, at an even speed, without wind; a change of height is spread evenly over its leg")
	return nil
}

func (f *flight) do(c *missionCommand) error {
	if name, ok := payloadCommands[c.command]; ok && name != "" {
		f.payload[c.command]++
		return nil
	}
	switch c.command {
	case cmdParachute:
		if c.param(1) >= 2 {
			return c.refuse(f.file, "param1", "the release of a parachute", "a parachute that stays where it is")
		}
		f.payload[c.command]++
		return nil
	case cmdConditionDelay, cmdConditionDist:
		f.payload[c.command]++
		f.pending = c
		return nil
	case cmdChangeSpeed, cmdVTOLTransition:
		if f.pending != nil {
			return c.refuse(f.file, "command", fmt.Sprintf("a change of speed or mode that waits for the condition at %s", f.pending.place),
				"one that takes place at a waypoint")
		}
		if c.command == cmdChangeSpeed {
			return f.changeSpeed(c)
		}
		return f.transition(c)
	}
	if f.ended != "" {
		return c.refuse(f.file, "command", fmt.Sprintf("the command %d after the end of the mission at %s", c.command, f.ended), "nothing that flies")
	}
	f.pending = nil
	return f.navigate(c)
}

// navigate carries out a command that moves the craft.
func (f *flight) navigate(c *missionCommand) error {
	switch c.command {
	case cmdTakeoff, cmdVTOLTakeoff:
		return f.takeoff(c)
	case cmdWaypoint:
		return f.waypoint(c)
	case cmdLoiterTime, cmdLoiterTurns, cmdLoiterToAlt:
		return f.loiter(c)
	case cmdLand, cmdVTOLLand:
		return f.land(c)
	case cmdReturnToLaunch:
		return f.goHome(c)
	case cmdDelay:
		return f.delay(c)
	case cmdLoiterUnlim:
		return c.refuse(f.file, "command", "loitering without end (command 17)", "loitering for a time or a number of turns: a mission must end")
	case cmdSpline:
		return c.refuse(f.file, "command", "a spline (command 82), whose course the autopilot chooses", "waypoints with straight legs (command 16)")
	}
	return c.refuse(f.file, "command", fmt.Sprintf("the command %d", c.command), "a command that docs/FORMATS.md lists")
}

// begin puts the craft where the flight starts, if it is not there yet: on the
// ground at home or else, without a known home, where the first command is.
func (f *flight) begin(c *missionCommand, t target) error {
	if f.started {
		return nil
	}
	f.started, f.place = true, c.place
	switch {
	case f.home != nil:
		f.at, f.alt = *f.home, geodesy.Altitude{Ref: geodesy.Home}
	case t.here:
		return c.refuse(f.file, "param5", "no latitude and longitude, and no home position in the file", "either")
	case c.command == cmdTakeoff || c.command == cmdVTOLTakeoff:
		f.at, f.alt = t.at, geodesy.Altitude{Ref: geodesy.Home}
		home := t.at
		f.home = &home
		f.decisive.addf("the take-off position is taken as the home position: the file states none")
	default:
		f.at, f.alt, f.airborne = t.at, t.altitude, true
		f.decisive.addf("the plan starts in the air at its first point: the file states neither home nor take-off")
	}
	return nil
}

// liftOff begins the flight before a command that presumes it is under way.
func (f *flight) liftOff(c *missionCommand, t target) error {
	if f.airborne {
		return nil
	}
	if f.started {
		return c.refuse(f.file, "command", fmt.Sprintf("the command %d after a landing", c.command), "a take-off (command 22 or 84)")
	}
	if err := f.begin(c, t); err != nil || f.airborne {
		return err
	}
	f.airborne = true
	if f.winged {
		f.decisive.addf("the plan has no take-off: the craft is taken to climb from home straight to the first point")
		return nil
	}
	f.decisive.addf("the plan has no take-off: the craft is taken to climb upright over home to the height of the first point")
	return f.climb(c, t.altitude)
}

// needPlace refuses a command that needs a place, or an altitude, of its own.
func (f *flight) needPlace(c *missionCommand, t target) error {
	if t.here {
		return c.refuse(f.file, "param5", "no latitude and longitude (not set, or both 0)", "both")
	}
	return f.needAltitude(c, t)
}

func (f *flight) needAltitude(c *missionCommand, t target) error {
	if !t.hasAltitude {
		return c.refuse(f.file, "param7", "no altitude", "an altitude in metres")
	}
	// ArduPilot takes 0 above home or ground to mean the present height.
	if f.craft.ardupilot && t.altitude.MM == 0 && t.altitude.Ref != geodesy.AMSL {
		return c.refuse(f.file, "param7", "the altitude 0, which autopilots read differently", "the altitude meant")
	}
	return nil
}

func (f *flight) takeoff(c *missionCommand) error {
	t, err := c.target(f.file)
	if err != nil {
		return err
	}
	if f.airborne {
		return c.refuse(f.file, "command", "a take-off in the air", "a take-off from the ground")
	}
	if err := f.needAltitude(c, t); err != nil {
		return err
	}
	if err := f.begin(c, t); err != nil {
		return err
	}
	switch {
	case c.command == cmdVTOLTakeoff && !f.craft.hovers:
		return c.refuse(f.file, "command", "an upright take-off (command 84) of a craft that cannot hover", "command 22")
	case c.command == cmdTakeoff && f.craft.hovers && f.craft.wings:
		return c.refuse(f.file, "command", "a take-off (command 22) of a VTOL craft, which autopilots do differently", "command 84")
	}
	f.airborne = true
	if f.winged {
		if t.here || t.at == f.at {
			return c.refuse(f.file, "param5", "a take-off on wings without a place to climb to", "latitude and longitude ahead of the start")
		}
		return f.flyTo(c, t.at, t.altitude, 0)
	}
	if err := f.climb(c, t.altitude); err != nil {
		return err
	}
	if c.command == cmdVTOLTakeoff && f.craft.wings {
		f.winged, f.speedMPS = true, 0
	}
	if t.here || t.at == f.at {
		return nil
	}
	f.suppose.addf("a take-off is taken to climb upright over its start, and then to fly to the take-off point")
	return f.flyTo(c, t.at, t.altitude, 0)
}

func (f *flight) waypoint(c *missionCommand) error {
	t, err := c.target(f.file)
	if err != nil {
		return err
	}
	if err := f.needPlace(c, t); err != nil {
		return err
	}
	if err := f.liftOff(c, t); err != nil {
		return err
	}
	hold, err := f.seconds(c, 1)
	if err != nil {
		return err
	}
	if hold > 0 && f.winged {
		return c.refuse(f.file, "param1", "a hold at a waypoint by a craft on wings", "a loiter (command 18 or 19) with its radius")
	}
	// Within the acceptance radius the craft turns to the next point; a pass
	// radius leads it past this one at a distance.
	accept, err := f.metres(c, 2)
	if err != nil {
		return err
	}
	pass, err := f.metres(c, 3)
	if err != nil {
		return err
	}
	if accept > 0 || pass > 0 {
		f.suppose.addf("where the file states an acceptance or pass radius, the legs beside the waypoint are widened by it")
	}
	if err := f.flyTo(c, t.at, t.altitude, max(accept, pass)+c.strayMM); err != nil {
		return err
	}
	f.hover(c, hold)
	return nil
}

// loiter circles over a place, or stands there: the craft is anywhere within
// the radius.
func (f *flight) loiter(c *missionCommand) error {
	t, err := c.target(f.file)
	if err != nil {
		return err
	}
	if err := f.needAltitude(c, t); err != nil {
		return err
	}
	if err := f.liftOff(c, t); err != nil {
		return err
	}
	if t.here {
		t.at = f.at
	}
	radiusParam := 3
	if c.command == cmdLoiterToAlt {
		radiusParam = 2
	}
	radiusMM, err := f.metres(c, radiusParam)
	if err != nil {
		return err
	}
	if radiusMM == 0 && (f.winged || c.command == cmdLoiterTurns) {
		return c.refuse(f.file, fmt.Sprintf("param%d", radiusParam), "no radius: the autopilot's own, which is not in the file", "the radius in metres")
	}
	if !f.winged && c.command != cmdLoiterTurns {
		radiusMM = 0 // a craft that hovers stands over the place
	}
	arrival := t.altitude
	if c.command == cmdLoiterToAlt {
		arrival = f.alt
	}
	if err := f.flyTo(c, t.at, arrival, radiusMM); err != nil {
		return err
	}
	return f.circle(c, t.altitude, radiusMM)
}

// circle spends the time of a loiter over the present place.
func (f *flight) circle(c *missionCommand, to geodesy.Altitude, radiusMM int64) error {
	turn := time.Duration(0)
	if radiusMM > 0 {
		v, err := f.speed(c)
		if err != nil {
			return err
		}
		turn = seconds(2 * math.Pi * float64(radiusMM) / 1000 / v)
		f.suppose.addf("a craft that circles is taken to be anywhere within the radius, and to leave up to one turn late")
	}
	switch c.command {
	case cmdLoiterToAlt:
		if err := f.climb(c, to); err != nil {
			return err
		}
	case cmdLoiterTurns:
		n := math.Abs(c.param(1))
		if !(n > 0 && n <= 10_000) {
			return c.refuse(f.file, "param1", fmt.Sprintf("%v turns", n), "a number of turns up to 10000")
		}
		stay := n * turn.Seconds()
		if stay > maxMissionSeconds {
			return c.refuse(f.file, "param1", fmt.Sprintf("%v turns that take more than 30 days", n), "fewer")
		}
		f.hover(c, seconds(stay))
	default:
		stay, err := f.seconds(c, 1)
		if err != nil {
			return err
		}
		f.hover(c, stay)
	}
	f.slack += turn
	return nil
}

func (f *flight) land(c *missionCommand) error {
	t, err := c.target(f.file)
	if err != nil {
		return err
	}
	if !f.airborne {
		return c.refuse(f.file, "command", "a landing on the ground", "a take-off before it")
	}
	if t.here {
		t.at = f.at
	}
	if f.winged && f.craft.hovers && c.command == cmdLand {
		return c.refuse(f.file, "command", "a landing (command 21) of a VTOL craft on wings, which autopilots do differently", "command 85")
	}
	if f.winged && !f.craft.hovers {
		if !t.hasAltitude {
			return c.refuse(f.file, "param7", "no altitude", "the altitude of the landing")
		}
		if err := f.flyTo(c, t.at, t.altitude, 0); err != nil {
			return err
		}
	} else {
		if err := f.flyTo(c, t.at, f.alt, 0); err != nil {
			return err
		}
		f.winged = false
		if err := f.climb(c, f.groundAt(t)); err != nil {
			return err
		}
	}
	f.airborne = false
	return nil
}

// groundAt returns where a landing ends: at the altitude stated, or at the
// height of home when that is lower or nothing is stated.
func (f *flight) groundAt(t target) geodesy.Altitude {
	ground := geodesy.Altitude{Ref: geodesy.Home}
	switch {
	case !t.hasAltitude:
		f.suppose.addf("landings without an altitude are taken to end at the height of home")
		return ground
	case t.altitude.Ref == geodesy.AMSL && f.homeAlt != nil:
		return geodesy.Altitude{MM: min(t.altitude.MM, f.homeAlt.MM), Ref: geodesy.AMSL}
	case t.altitude.Ref == geodesy.AMSL:
		return t.altitude
	}
	return geodesy.Altitude{MM: min(t.altitude.MM, 0), Ref: t.altitude.Ref}
}

func (f *flight) goHome(c *missionCommand) error {
	if !f.airborne {
		return c.refuse(f.file, "command", "a return to launch on the ground", "a take-off before it")
	}
	if f.home == nil {
		return c.refuse(f.file, "command", "a return to launch without a home position in the file", "a landing at a stated place")
	}
	if !f.craft.hovers {
		return c.refuse(f.file, "command", "a return to launch of a craft on wings, which then circles without end", "a landing")
	}
	if err := f.flyTo(c, *f.home, f.alt, 0); err != nil {
		return err
	}
	f.winged = false
	f.suppose.addf("a return to launch is taken to keep its height as far as home and to land there upright: " +
		"the height at which the craft returns is not in the file")
	ground := geodesy.Altitude{Ref: geodesy.Home}
	if f.alt.Ref == geodesy.AMSL && f.homeAlt != nil {
		ground = *f.homeAlt
	}
	if err := f.climb(c, ground); err != nil {
		return err
	}
	f.airborne, f.ended = false, c.place
	return nil
}

func (f *flight) delay(c *missionCommand) error {
	if c.params[0] == -1 || c.param(2) > 0 || c.param(3) > 0 || c.param(4) > 0 {
		return c.refuse(f.file, "param1", "a delay until a time of day", "a delay in seconds")
	}
	stay, err := f.seconds(c, 1)
	if err != nil {
		return err
	}
	switch {
	case !f.airborne: // it waits on the ground
		f.now += stay
	case f.winged:
		return c.refuse(f.file, "command", "a delay (command 93) of a craft that does not hover", "a loiter with its time")
	default:
		f.hover(c, stay)
	}
	return nil
}

func (f *flight) transition(c *missionCommand) error {
	if !f.craft.hovers || !f.craft.wings {
		return c.refuse(f.file, "command", "a transition (command 3000) of a craft that has no two modes", "a VTOL craft")
	}
	switch c.param(1) {
	case 3:
		f.winged = false
	case 4:
		f.winged = true
	default:
		return c.refuse(f.file, "param1", fmt.Sprintf("the mode %v", c.param(1)), "3 (multicopter) or 4 (fixed wing)")
	}
	f.speedMPS = 0
	return nil
}

func (f *flight) changeSpeed(c *missionCommand) error {
	into := &f.speedMPS
	switch c.param(1) {
	case 0:
		f.suppose.addf("airspeeds are taken as speeds over the ground")
	case 1:
	case 2:
		into = &f.climbMPS
	case 3:
		into = &f.descentMPS
	default:
		return c.refuse(f.file, "param1", fmt.Sprintf("the kind of speed %v", c.param(1)), "0 (air), 1 (ground), 2 (climb) or 3 (descent)")
	}
	switch v := c.param(2); {
	case v == -1: // no change
	case v == -2: // the vehicle's own
		*into = 0
	case !plausibleSpeed(v) || c.param(4) != 0:
		return c.refuse(f.file, "param2", fmt.Sprintf("the speed %v (relative: %v)", v, c.param(4)), expectSpeed+", absolute")
	default:
		*into = v
	}
	return nil
}
