package plan

import (
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// MAVLink commands (MAV_CMD) that move the craft or bear on when it moves.
const (
	cmdWaypoint       = 16
	cmdLoiterUnlim    = 17
	cmdLoiterTurns    = 18
	cmdLoiterTime     = 19
	cmdReturnToLaunch = 20
	cmdLand           = 21
	cmdTakeoff        = 22
	cmdLoiterToAlt    = 31
	cmdSpline         = 82
	cmdVTOLTakeoff    = 84
	cmdVTOLLand       = 85
	cmdDelay          = 93
	cmdConditionDelay = 112
	cmdConditionDist  = 114
	cmdJump           = 177
	cmdChangeSpeed    = 178
	cmdLandStart      = 189
	cmdParachute      = 208
	cmdVTOLTransition = 3000
)

// payloadCommands bear neither on where the craft is nor on when. They become
// notes.
var payloadCommands = map[int]string{
	115: "yaw", 181: "relay", 182: "relay", 183: "servo", 184: "servo",
	195: "region of interest", 196: "region of interest", 197: "region of interest", 201: "region of interest",
	200: "camera", 202: "camera", 203: "camera", 204: "mount", 205: "mount", 206: "camera trigger",
	207: "geofence switch", 211: "gripper", 212: "tuning", 214: "camera trigger", 215: "resume distance", 220: "mount",
	222: "guided limits",
	530: "camera", 531: "camera", 532: "camera", 534: "camera", 1000: "gimbal", 1001: "gimbal",
	2000: "camera", 2001: "camera", 2003: "camera trigger", 2500: "video", 2501: "video",
	42600: "winch",
	// The marker of the landing sequence only matters to a mission that is broken off.
	cmdLandStart: "landing sequence marker",
}

// missionCommand is one command of a mission, from whatever file.
type missionCommand struct {
	place string // of the item
	// field names the place of one of the item's fields: "command", "frame",
	// "param1" to "param7", "autocontinue".
	field   func(name string) string
	id      int64 // what a jump refers to; 0 when it has none
	command int
	frame   int
	// params are the seven parameters; NaN for one that is not set. The last
	// three are latitude, longitude and altitude where the command has a place.
	params [7]float64
	// strayMM is how far the place may be off, for commands that are computed;
	// aheadMM by how much more the path may be longer or shorter from here on.
	strayMM, aheadMM int64
}

// refuse is the error for a command or one of its fields.
func (c *missionCommand) refuse(file, field, found, expected string) error {
	place := c.place
	if field != "" {
		place = c.field(field)
	}
	return &Error{File: file, Place: place, Found: found, Expected: expected}
}

// param returns a parameter, counted from 1, as 0 when it is not set.
func (c *missionCommand) param(n int) float64 {
	if v := c.params[n-1]; !math.IsNaN(v) {
		return v
	}
	return 0
}

// frames maps MAV_FRAME to the reference of altitudes.
var frames = map[int]geodesy.AltitudeReference{
	0: geodesy.AMSL, 5: geodesy.AMSL,
	3: geodesy.Home, 6: geodesy.Home,
	10: geodesy.AGL, 11: geodesy.AGL,
}

const (
	frameMission = 2 // no position
	expectFrame  = "one of the frames 0, 5 (above mean sea level), 3, 6 (above home), 10, 11 (above the ground)"
)

// target is the place that a command names; here is set when it names none.
type target struct {
	at          geodesy.LatLng
	here        bool // no latitude and longitude: the current place
	altitude    geodesy.Altitude
	hasAltitude bool
}

// target reads the place of a command. A latitude and longitude that are not
// set, or are both exactly 0, mean the current place; a caller that needs a
// place must refuse them.
func (c *missionCommand) target(file string) (t target, err error) {
	ref, ok := frames[c.frame]
	if !ok {
		return t, c.refuse(file, "frame", fmt.Sprintf("the frame %d", c.frame), expectFrame)
	}
	lat, lng, alt := c.params[4], c.params[5], c.params[6]
	switch {
	case math.IsNaN(lat) != math.IsNaN(lng):
		return t, c.refuse(file, "param5", "a latitude without longitude, or the reverse", "both or neither")
	case math.IsNaN(lat) || lat == 0 && lng == 0:
		t.here = true
	default:
		if t.at, err = geodesy.NewLatLng(lat, lng); err != nil || math.Abs(lng) > 180 {
			return t, c.refuse(file, "param5", fmt.Sprintf("latitude %v, longitude %v", lat, lng), "degrees within 90 and 180")
		}
	}
	if !math.IsNaN(alt) {
		mm, ok := millimetres(alt, 1)
		if !ok {
			return t, c.refuse(file, "param7", fmt.Sprintf("the altitude %v", alt), "metres, within 1000 km")
		}
		t.altitude, t.hasAltitude = geodesy.Altitude{MM: mm, Ref: ref}, true
	}
	return t, nil
}

// Bounds of a mission.
const (
	maxMissionCommands = 100_000
	maxMissionSeconds  = 30 * 24 * 3600
)

// expandJumps returns the commands in the order of execution, with every jump
// carried out as often as it says.
func expandJumps(file string, commands []missionCommand) ([]missionCommand, error) {
	jumps := false
	index := make(map[int64]int, len(commands)) // -1: not unique
	for i := range commands {
		c := &commands[i]
		jumps = jumps || c.command == cmdJump
		if _, dup := index[c.id]; dup {
			index[c.id] = -1
		} else if c.id != 0 {
			index[c.id] = i
		}
	}
	if !jumps {
		return commands, nil
	}
	var out []missionCommand
	left := make(map[int]int64) // repeats left of each jump met; -1 when it is done
	steps := 0
	for i := 0; i < len(commands); i++ {
		c := &commands[i]
		if steps++; steps > 2*maxMissionCommands || len(out) > maxMissionCommands {
			return nil, c.refuse(file, "", fmt.Sprintf("jumps that lead to more than %d commands", maxMissionCommands), "fewer")
		}
		if c.command != cmdJump {
			out = append(out, *c)
			continue
		}
		to, repeats, err := jumpTarget(file, c, index)
		if err != nil {
			return nil, err
		}
		n, met := left[i]
		if !met {
			n = repeats
		}
		if n < 0 { // autopilots differ in whether the count starts anew
			return nil, c.refuse(file, "", "a jump within the loop of another jump", "loops side by side")
		}
		left[i] = n - 1
		if n > 0 {
			i = to - 1
		}
	}
	return out, nil
}

// jumpTarget returns the index that a jump leads to, and how often.
func jumpTarget(file string, c *missionCommand, index map[int64]int) (to int, repeats int64, err error) {
	id, times := c.param(1), c.param(2)
	to, ok := index[int64(id)]
	if !ok || to < 0 || id != math.Trunc(id) {
		return 0, 0, c.refuse(file, "param1", fmt.Sprintf("a jump to item %v", id), "the number of one item of the mission")
	}
	if times < 0 || times > maxMissionCommands || times != math.Trunc(times) {
		return 0, 0, c.refuse(file, "param2", fmt.Sprintf("%v repeats", times), "0 to 100000 repeats: a mission must end")
	}
	return to, int64(times), nil
}
