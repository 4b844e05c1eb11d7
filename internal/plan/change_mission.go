package plan

import (
	"fmt"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// missionChange is what a change does to the commands of a mission. What it does
// to single commands is kept by their places.
type missionChange struct {
	*changer
	commands []missionCommand
	at       map[string]int // index of a command
	riseMM   map[string]int64
	holdNS   map[string]int64           // how much longer the hold
	before   map[string][]insertedPoint // waypoints to be put before a command
}

// insertedPoint is a new waypoint, otherwise like one of the file.
type insertedPoint struct {
	like     string
	at       geodesy.LatLng
	altitude geodesy.Altitude
	holdNS   int64
}

// mission plans the change of a mission of the given commands. copied tells at
// what place a command stands that may be copied.
func (c *changer) mission(commands []missionCommand, copied func(place string) bool) (*missionChange, error) {
	m := &missionChange{
		changer: c, commands: commands, at: make(map[string]int),
		riseMM: make(map[string]int64), holdNS: make(map[string]int64), before: make(map[string][]insertedPoint),
	}
	jumps := false
	for i := range commands {
		if _, dup := m.at[commands[i].place]; !dup {
			m.at[commands[i].place] = i
		}
		jumps = jumps || commands[i].command == cmdJump
	}
	if jumps && len(c.change.Paths) > 0 {
		return nil, c.fail("a new path for a mission with jumps", "a mission without")
	}
	for i := range c.item.Routes {
		if points, isNew := c.path(i); isNew {
			p := missionPath{missionChange: m, route: &c.item.Routes[i], points: points, copied: copied}
			if err := p.write(i == 0); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// cruises tells whether a command is part of what moves: waypoints and loiters.
// The craft starts and lands where it did.
func (c *missionCommand) cruises() bool {
	switch c.command {
	case cmdWaypoint, cmdLoiterTurns, cmdLoiterTime, cmdLoiterToAlt:
		_, placed := frames[c.frame]
		return placed
	}
	return false
}

// altitude returns the altitude of a command, false when it has none.
func (m *missionChange) altitude(i int) (geodesy.Altitude, bool) {
	t, err := m.commands[i].target(m.file.Name)
	return t.altitude, err == nil && t.hasAltitude
}

// rise returns by how much the altitude of a command changes. A take-off rises
// with the rest; it is lowered no further than to the point after it. What flew
// above home or ground goes on to.
func (m *missionChange) rise(i int) (int64, error) {
	c := &m.commands[i]
	was, ok := m.altitude(i)
	if !ok {
		return 0, nil
	}
	mm := m.change.LiftMM + m.riseMM[c.place]
	switch {
	case c.command == cmdTakeoff || c.command == cmdVTOLTakeoff:
		return m.riseOfTakeoff(i, was)
	case !c.cruises() || mm == 0:
		return 0, nil
	}
	groundMM, known := int64(0), was.Ref != geodesy.AMSL
	if home := m.item.Home; !known && home != nil {
		groundMM, known = home.AltMM, true
	}
	if known && was.MM > groundMM && was.MM+mm <= groundMM {
		return 0, c.refuse(m.file.Name, "param7", formatAltitude(was)+" and a change by "+formatScaled(mm, 3)+" m", "a waypoint that stays above home and ground")
	}
	return mm, nil
}

func (m *missionChange) riseOfTakeoff(i int, was geodesy.Altitude) (int64, error) {
	if m.change.LiftMM >= 0 {
		return m.change.LiftMM, nil
	}
	for next := i + 1; next < len(m.commands); next++ {
		if !m.commands[next].cruises() {
			continue
		}
		if to, ok := m.altitude(next); ok && to.Ref == was.Ref {
			mm, err := m.rise(next)
			return min(0, to.MM+mm-was.MM), err
		}
		break
	}
	return 0, nil
}

// isPlain tells whether a command is a waypoint, which may be copied.
func (m *missionChange) isPlain(place string) bool {
	i, ok := m.at[place]
	return ok && m.commands[i].command == cmdWaypoint
}

// missionPath writes a new path into a mission: as waypoints and holds.
type missionPath struct {
	*missionChange
	route  *Route
	points []changedPoint
	copied func(place string) bool
}

func (p *missionPath) refuse(place, found, expected string) error {
	return &Error{File: p.file.Name, Place: place, Found: found, Expected: expected}
}

func (p *missionPath) write(first bool) error {
	if err := p.checkKept(); err != nil {
		return err
	}
	if first {
		p.out.Start = timeOfNS(p.points[0].timeNS)
	}
	for i := 0; i < len(p.points); {
		end := i + 1
		for end < len(p.points) && p.points[end].at == p.points[i].at && p.points[end].altitude == p.points[i].altitude {
			end++
		}
		stay := p.points[end-1].timeNS - p.points[i].timeNS
		kept := -1
		for _, q := range p.points[i:end] {
			if q.kept {
				kept = q.of
			}
		}
		var err error
		switch {
		case kept < 0:
			err = p.insert(p.points[i], stay)
		case kept == 0 && first: // it waits on the ground
			p.out.Start = p.out.Start.Add(timeOfNS(stay).Sub(timeOfNS(p.stay(0))))
		default:
			err = p.stayLonger(kept, stay-p.stay(kept))
		}
		if err != nil {
			return err
		}
		i = end
	}
	return nil
}

// checkKept checks that the new path passes all points of the old, and notes
// which are lifted.
func (p *missionPath) checkKept() error {
	kept := make([]bool, len(p.route.Points))
	for _, q := range p.points {
		if !q.kept {
			continue
		}
		old := &p.route.Points[q.of]
		kept[q.of] = true
		rise := q.altitude.MM - p.lifted(old.Altitude).MM
		was, seen := p.riseMM[old.Place]
		if rise == 0 && !seen {
			continue
		}
		if !p.isPlain(old.Place) || !p.copied(old.Place) || seen && was != rise {
			return p.refuse(old.Place, "a new height of this point alone", "a waypoint (command 16) of its own")
		}
		p.riseMM[old.Place] = rise
	}
	for i := range kept {
		same := func(j int) bool {
			return j >= 0 && j < len(kept) && kept[j] && p.sameSpot(i, j)
		}
		if !kept[i] && !same(i-1) && !same(i+1) {
			return p.refuse(p.route.Points[i].Place, "a new path that leaves this point out", "one with all points of the mission")
		}
	}
	return nil
}

func (p *missionPath) sameSpot(i, j int) bool {
	a, b := &p.route.Points[i], &p.route.Points[j]
	return a.At == b.At && a.Altitude == b.Altitude
}

// stay returns how long the old path stays at the spot of a point.
func (p *missionPath) stay(i int) int64 {
	from, to := i, i
	for from > 0 && p.sameSpot(from-1, i) {
		from--
	}
	for to+1 < len(p.route.Points) && p.sameSpot(to+1, i) {
		to++
	}
	return int64(p.route.Points[to].Offset - p.route.Points[from].Offset)
}

// stayLonger changes the hold of the waypoint that a point belongs to.
func (p *missionPath) stayLonger(of int, ns int64) error {
	if ns == 0 {
		return nil
	}
	place := p.route.Points[of].Place
	if !p.isPlain(place) || !p.copied(place) {
		return p.refuse(place, "a stay of another length", "it at a waypoint (command 16) of its own")
	}
	if hold := seconds(p.commands[p.at[place]].param(1)); int64(hold)+p.holdNS[place]+ns < 0 {
		return p.refuse(place, fmt.Sprintf("a hold of %v that is to be shorter by %v", hold, timeOfNS(-ns).Sub(timeOfNS(0))), "a hold that is long enough")
	}
	p.holdNS[place] += ns
	return nil
}

// insert puts a new waypoint before the command that ends its leg: commands
// between the two, such as a change of speed, are carried out at the leg's start.
func (p *missionPath) insert(q changedPoint, holdNS int64) error {
	if q.of+1 >= len(p.route.Points) {
		return p.refuse(p.route.Points[q.of].Place, "a new point after the last", "one between two points")
	}
	from, to := p.route.Points[q.of].Place, p.route.Points[q.of+1].Place
	if from == to {
		return p.refuse(from, "a new point within what one item flies", "one between two waypoints (command 16) of the mission")
	}
	for _, like := range []string{from, to} {
		if !p.isPlain(like) || !p.copied(like) {
			continue
		}
		if c := &p.commands[p.at[like]]; frames[c.frame] == q.altitude.Ref {
			p.before[to] = append(p.before[to], insertedPoint{like: like, at: q.at, altitude: q.altitude, holdNS: holdNS})
			return nil
		}
	}
	return p.refuse(from, "a new point after an item that is no waypoint", "one beside a waypoint (command 16) of its own, with altitudes above the same reference")
}
