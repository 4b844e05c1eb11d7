package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/picture"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// changeWords says what an option asks of the operator. Amounts are rounded
// outward; --json has them exact.
func (r *optionsReport) changeWords(kind resolve.Kind, c *volume.Change, changed *volume.Entity) string {
	u := r.o.units
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	if c.Shift.DistanceMM > 0 {
		add("move %s towards %03d° true", u.Amount(c.Shift.DistanceMM), c.Shift.BearingDeg)
	}
	for i := range c.Paths {
		words = append(words, r.pathWords(&c.Paths[i], changed))
	}
	lower, upper, reference := levels(changed)
	switch {
	case c.LiftMM > 0:
		add("%s higher%s", u.Level(c.LiftMM, true), within(u, lower, upper, true, reference))
	case c.LiftMM < 0:
		add("%s lower%s", u.Level(-c.LiftMM, true), within(u, lower, upper, false, reference))
	}
	if n := c.Trim.RaiseFloorMM; n > 0 {
		add("floor at %s%s, %s higher", u.Level(lower, true), reference, u.Level(n, true))
	}
	if n := c.Trim.LowerCeilingMM; n > 0 {
		add("ceiling at %s%s, %s lower", u.Level(upper, false), reference, u.Level(n, true))
	}
	from, to := span(changed)
	if n := c.Trim.LaterStartNS; n > 0 {
		add("start at %s, %s later, end as declared", instantUp(from), shortDuration(n))
	}
	if n := c.Trim.EarlierEndNS; n > 0 {
		add("end at %s, %s earlier, start as declared", instantDown(to), shortDuration(n))
	}
	switch {
	case c.DelayNS > 0:
		add("start at %s, %s later", instantUp(from), shortDuration(c.DelayNS))
	case c.DelayNS < 0:
		add("start at %s, %s earlier", instantDown(from), shortDuration(-c.DelayNS))
	}
	return strings.Join(words, "; ")
}

// pathWords says where a new path leads.
func (r *optionsReport) pathWords(p *volume.Path, changed *volume.Entity) string {
	u := r.o.units
	old := r.plan.Trajectories[p.Trajectory]
	longer := length(changed.Trajectories[p.Trajectory]) - length(old)
	lower, upper, reference := levels(changed)
	level := lower == upper
	s := "fly via"
	points := 0
	for i, at := range p.Points {
		if at.Kept {
			continue
		}
		if i > 0 && !p.Points[i-1].Kept && p.Points[i-1].At == at.At {
			s += fmt.Sprintf(" (wait %s)", shortDuration(at.TimeNS-p.Points[i-1].TimeNS))
			continue
		}
		if points++; points > 1 {
			s += ","
		}
		s += " " + exactDegrees(at.At)
		if !level {
			s += " at " + u.Level(heightOf(changed.Trajectories[p.Trajectory], i), true) + reference
		}
	}
	if points == 0 {
		s = "wait on the way"
	}
	if longer > 0 {
		s += fmt.Sprintf(", %s longer", u.Amount(longer))
	}
	if late := p.Points[len(p.Points)-1].TimeNS - old.Window().EndNS; late >= int64(time.Second) {
		s += fmt.Sprintf(", arriving %s later", shortDuration(late))
	}
	if wait := p.Points[0].TimeNS - old.Window().StartNS; wait != 0 {
		s += ", start at " + instantUp(p.Points[0].TimeNS)
	}
	return s
}

// heightOf returns the altitude of waypoint i as levels counts it.
func heightOf(t *volume.Trajectory, i int) int64 {
	if w := t.Waypoints()[i]; t.Datum().Sea {
		return w.SeaMM
	}
	return t.Waypoints()[i].AltMM
}

// exactDegrees writes a position to 1e-7 degree, about a centimetre: new paths
// pass what they go round by less than a metre.
func exactDegrees(p geodesy.LatLng) string {
	lat, lng := p.Degrees()
	return fmt.Sprintf("%.7f%s %.7f%s", math.Abs(lat), hemisphere(lat, "N", "S"), math.Abs(lng), hemisphere(lng, "E", "W"))
}

// length returns the length of a path in millimetres.
func length(t *volume.Trajectory) int64 {
	m := 0.0
	w := t.Waypoints()
	for i := 1; i < len(w); i++ {
		d, _, _ := geodesy.Inverse(w[i-1].At, w[i].At)
		m += d
	}
	return int64(m * 1000)
}

// within says between which levels a plan then is: one that rose may be rounded
// up, one that sank down.
func within(u picture.Units, lower, upper int64, rose bool, reference string) string {
	switch {
	case lower == upper:
		return ": " + u.Level(lower, rose) + reference
	case upper-lower < volume.NoCeilingMM/2:
		return ": " + u.Level(lower, rose) + reference + " to " + u.Level(upper, rose) + reference
	}
	return ""
}

// levels returns the least and greatest altitude of a plan in millimetres and
// what they are counted from.
func levels(e *volume.Entity) (lower, upper int64, reference string) {
	lower, upper, reference = volume.NoCeilingMM, volume.NoFloorMM, " AMSL"
	sea := true
	for i := range e.Volumes {
		sea = sea && e.Volumes[i].Datum.Sea
	}
	for _, t := range e.Trajectories {
		sea = sea && t.Datum().Sea
	}
	for i := range e.Volumes {
		b := e.Volumes[i].Band
		if sea {
			b = e.Volumes[i].SeaBand
		}
		lower, upper = min(lower, b.LowerMM), max(upper, b.UpperMM)
	}
	for _, t := range e.Trajectories {
		for _, w := range t.Waypoints() {
			mm := w.AltMM
			if sea {
				mm = w.SeaMM
			}
			lower, upper = min(lower, mm), max(upper, mm)
		}
	}
	if !sea {
		reference = " W84"
	}
	return lower, upper, reference
}

// instantUp writes an instant rounded up to the second, with the exact one where
// that is another.
func instantUp(ns int64) string { return roundedInstant(ns, int64(time.Second)-1) }

// instantDown writes an instant rounded down to the second, likewise.
func instantDown(ns int64) string { return roundedInstant(ns, 0) }

func roundedInstant(ns, add int64) string {
	t := time.Unix(0, ns+add).UTC().Truncate(time.Second)
	s := t.Format("15:04:05Z")
	if exact := time.Unix(0, ns).UTC(); !exact.Equal(t) {
		s += exact.Format(" (exactly 15:04:05.000Z)")
	}
	return s
}

// shortDuration writes a length of time to the second, rounded up; below ten
// seconds to the millisecond.
func shortDuration(ns int64) string {
	if ns >= 10e9 {
		ns = (ns + 1e9 - 1) / 1e9 * 1e9
	}
	return duration(ns)
}

// closestWords says what an option comes closest to.
func (r *optionsReport) closestWords(c *resolve.Closeness) string {
	if c == nil {
		return ""
	}
	v := &c.Verdict
	a := v.MinHorizontal
	lateral := share(c.LateralSpareMM, v.Minima.LateralMM)
	if a == nil || v.MinVertical != nil && share(c.VerticalSpareMM, v.Minima.VerticalMM) < lateral {
		a = v.MinVertical
	}
	if a == nil {
		return ""
	}
	return "comes closest to " + picture.Who(r.other(v)) + ": " + r.o.units.ApproachWords(v, a)
}

func share(spare, required int64) float64 { return float64(spare) / float64(max(required, 1000)) }

// other returns the side of a verdict that is not the plan.
func (r *optionsReport) other(v *conflict.Verdict) conflict.Ref {
	if v.A.ID == r.plan.ID {
		return v.B
	}
	return v.A
}

// conditionWords says on what condition a zone is entered.
func (r *optionsReport) conditionWords(c *resolve.Condition) string {
	v := &c.Verdict
	lateral, _, _ := strings.Cut(r.o.units.LateralWords(v), ";") // without what a conflict would be short of
	return fmt.Sprintf("%s: %s, %s; %s", conditionAsk(c.Of.Type), picture.Who(c.Of), picture.Span(v.FromNS, v.ToNS), lateral)
}

// conditionAsk says what entering a zone of a type asks for.
func conditionAsk(zoneType string) string {
	switch zoneType {
	case "call_first":
		return "call first"
	case "entry_with_contact":
		return "make contact before entry"
	case "advisory":
		return "take note"
	}
	return "needs leave to enter"
}
