package plan

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// decodeWPL reads a mission in the text format QGC WPL 110: one command a line,
// 12 numbers each.
func decodeWPL(name string, data []byte, opt Options) (*File, error) {
	text, err := textBytes(name, data)
	if err != nil {
		return nil, err
	}
	r := &wplReader{file: name}
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		if err := r.row(strings.TrimSpace(string(line))); err != nil {
			return nil, err
		}
	}
	if !r.begun {
		return nil, &Error{File: name, Found: "an empty file", Expected: wplHeader}
	}
	item, err := r.mission(opt)
	if err != nil {
		return nil, err
	}
	return &File{Name: name, Format: QGCWPL, Items: []Item{*item}}, nil
}

const wplHeader = "QGC WPL 110"

type wplReader struct {
	file     string
	line     int
	begun    bool
	commands []missionCommand
}

func (r *wplReader) fail(place, found, expected string) error {
	return &Error{File: r.file, Place: fmt.Sprintf("line %d%s", r.line, place), Found: found, Expected: expected}
}

// wplColumns names the columns. Frame to autocontinue are as in MAVLink.
var wplColumns = [12]string{
	"index", "current", "frame", "command", "param1", "param2", "param3", "param4", "param5", "param6", "param7", "autocontinue",
}

// row reads the header or one command.
func (r *wplReader) row(s string) error {
	r.line++
	switch {
	case s == "":
		return nil
	case !r.begun:
		if strings.Join(strings.Fields(s), " ") != wplHeader {
			return r.fail("", quoteShort(s), wplHeader)
		}
		r.begun = true
		return nil
	case len(r.commands) >= maxMissionCommands:
		return r.fail("", fmt.Sprintf("more than %d commands", maxMissionCommands), "fewer")
	}
	fields := strings.Fields(s)
	if len(fields) != len(wplColumns) {
		return r.fail("", fmt.Sprintf("%d columns", len(fields)), "12: "+strings.Join(wplColumns[:], ", "))
	}
	var v [12]float64
	for i, f := range fields {
		var ok bool
		if v[i], ok = parseNumber(f); ok {
			continue
		}
		if i >= 4 && i <= 10 && strings.EqualFold(f, "nan") { // not set
			v[i] = math.NaN()
			continue
		}
		return r.fail(", "+wplColumns[i], quoteShort(f), "a number")
	}
	place := fmt.Sprintf("line %d", r.line)
	c := missionCommand{place: place, field: func(name string) string { return place + ", " + name }}
	for _, w := range []struct {
		column int
		hi     float64
	}{{0, maxMissionCommands}, {1, 1}, {2, 255}, {3, math.MaxUint16}, {11, 1}} {
		if n := v[w.column]; n < 0 || n > w.hi || n != math.Trunc(n) {
			return r.fail(", "+wplColumns[w.column], fields[w.column], "a whole number from 0 to "+strconv.Itoa(int(w.hi)))
		}
	}
	if want := len(r.commands); int(v[0]) != want {
		return r.fail(", index", fields[0], strconv.Itoa(want)+": rows are counted from 0")
	}
	if v[11] != 1 {
		return r.fail(", autocontinue", fields[11], "1: without it the mission stops here until somebody acts")
	}
	c.id, c.frame, c.command = int64(v[0]), int(v[2]), int(v[3])
	copy(c.params[:], v[4:11])
	r.commands = append(r.commands, c)
	return nil
}

// mission flies the commands.
func (r *wplReader) mission(opt Options) (*Item, error) {
	if len(r.commands) == 0 {
		return nil, &Error{File: r.file, Place: "line 2", Found: "no commands", Expected: "a row of 12 columns"}
	}
	f := &flight{
		file: r.file,
		craft: craft{
			hovers: true, hoverMPS: opt.SpeedMPS, cruiseMPS: opt.SpeedMPS,
			speedPlace: "the speed given with the file", ardupilot: true,
		},
	}
	f.suppose.addf("the craft is taken to be a multicopter: the file does not tell")
	if opt.SpeedMPS > 0 {
		f.suppose.addf("where the file states no speed, it is taken as %v m/s, as given", opt.SpeedMPS)
	}
	commands := r.commands
	home, isHome, err := r.home(f)
	if err != nil {
		return nil, err
	}
	if isHome {
		commands = commands[1:]
	}
	item, err := f.mission("line 1", commands)
	if err != nil {
		return nil, err
	}
	item.Home = home
	return item, nil
}

// home reads the first row as the home position, as ArduPilot and Mission
// Planner write it: a place and its height above mean sea level. Other
// autopilots have the first command there; then isHome is false. The Home is nil
// when the row does not say how high it is.
func (r *wplReader) home(f *flight) (home *Home, isHome bool, err error) {
	c := &r.commands[0]
	if frames[c.frame] != geodesy.AMSL {
		return nil, false, nil
	}
	t, err := c.target(r.file)
	if err != nil {
		return nil, false, err
	}
	if t.here || !t.hasAltitude {
		if c.command == cmdWaypoint {
			return nil, false, c.refuse(r.file, "param5", "a home position that is not set", "latitude, longitude and height above mean sea level")
		}
		return nil, false, nil
	}
	if c.command != cmdWaypoint {
		// Read as home the row states where the ground is, read as a command
		// where the craft flies. Only without heights above home does that
		// make no difference but for the climb from the ground.
		for i := range r.commands[1:] {
			other := &r.commands[i+1]
			if ref := frames[other.frame]; other.command != cmdReturnToLaunch && (ref == geodesy.Home || ref == geodesy.AGL) {
				return nil, false, c.refuse(r.file, "command", fmt.Sprintf("the command %d in the row of the home position, beside heights above home", c.command),
					"a home position (command 16) or heights above mean sea level throughout")
			}
		}
		f.decisive.addf("%s, although its command is %d, is taken as the home position, as ArduPilot does: "+
			"a climb from the ground to its height, and the descent at the end, are not in the file", c.place, c.command)
	}
	f.home = &t.at
	if !f.statesElevation(t.altitude.MM) {
		return nil, true, nil
	}
	f.homeAlt = &t.altitude
	return &Home{At: t.at, AltMM: t.altitude.MM, Ref: geodesy.AMSL}, true, nil
}
