package picture

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// otherColour is that of other parties' plans beside alternatives, which have
// the colours.
const otherColour = "#6e6e6e"

// maxOtherPoints bounds the vertices and waypoints of what is drawn beside
// alternatives; what goes beyond it is left out, the first entity excepted.
const maxOtherPoints = 50_000

// display is a Choice being drawn.
type display struct {
	ch       Choice
	u        Units
	above    string // what altitudes are above
	plane    plane
	verdicts []*conflict.Verdict // the plan is A
	plan     []*figure
	others   []other
	alts     [][]*figure // those of alternatives to draw

	leftOut  int  // others not drawn
	together bool // alternatives share lines
	given    int  // alternatives
}

// other is an entity beside the plan.
type other struct {
	name    string
	verdict *conflict.Verdict // nil when clear of the plan as declared
	figs    []*figure
}

func newDisplay(ch Choice, u Units) *display {
	d := &display{ch: ch, u: u, given: len(ch.Alternatives)}
	d.ch.Alternatives = ch.Alternatives[:min(len(ch.Alternatives), maxAlternatives)]
	d.verdicts, _ = ch.conflicts()
	others := d.chooseOthers()

	entities := append([]*volume.Entity{ch.Plan}, others...)
	for _, a := range d.ch.Alternatives {
		if a.Entity == nil {
			a.Entity = &volume.Entity{}
		}
		entities = append(entities, a.Entity)
	}
	d.above = inSharedDatum(entities)
	d.plane.centre = firstPlace(entities...)
	if len(d.verdicts) > 0 && d.verdicts[0].MinHorizontal != nil {
		d.plane.centre = d.verdicts[0].MinHorizontal.A
	}
	d.plan = figuresOf(entities[0], 0, d.verdicts, d.plane)
	for _, f := range d.plan {
		f.colour, f.struck = inkColour, true
	}
	for i, e := range entities[1 : 1+len(others)] {
		d.others = append(d.others, d.otherOf(e, others[i]))
	}
	for _, e := range entities[1+len(others):] {
		// In the order of the plan's own figures, so that they correspond.
		d.alts = append(d.alts, figuresOf(e, 0, d.verdicts, d.plane))
	}
	return d
}

// chooseOthers returns the others to draw, those in conflict first in the order
// of their verdicts.
func (d *display) chooseOthers() []*volume.Entity {
	byID := map[string]*volume.Entity{}
	for _, e := range d.ch.Others {
		byID[e.ID] = e
	}
	var out []*volume.Entity
	points, seen := 0, map[string]bool{}
	add := func(e *volume.Entity) {
		if e == nil || seen[e.ID] {
			return
		}
		seen[e.ID] = true
		n := points + pointsOf(e)
		if len(out) >= maxOthers || (n > maxOtherPoints && len(out) > 0) {
			d.leftOut++
			return
		}
		out, points = append(out, e), n
	}
	for _, v := range d.verdicts {
		add(byID[v.B.ID])
	}
	for _, e := range d.ch.Others {
		add(e)
	}
	return out
}

func pointsOf(e *volume.Entity) int {
	n := 0
	for i := range e.Volumes {
		if f := e.Volumes[i].Footprint; f != nil {
			n += len(f.Vertices())
		}
	}
	for _, t := range e.Trajectories {
		n += len(t.Waypoints())
	}
	return n
}

// otherOf projects an entity beside the plan; its id is that of declared, which
// is the same with the heights that were declared.
func (d *display) otherOf(e, declared *volume.Entity) other {
	o := other{name: shorten(declared.ID, 30)}
	for _, v := range d.verdicts {
		if v.B.ID == declared.ID {
			o.verdict = v
			break
		}
	}
	var verdicts []*conflict.Verdict
	if o.verdict != nil {
		verdicts = append(verdicts, o.verdict)
	}
	o.figs = figuresOf(e, 1, verdicts, d.plane)
	for _, f := range o.figs {
		f.side, f.near = 0, o.verdict == nil
		f.colour = otherColour
		if e.Kind == volume.Constraint {
			f.colour = zoneColour
		}
	}
	return o
}

// moved tells whether a line differs to the eye from the declared one.
func moved(line, declared []point) bool {
	if len(line) != len(declared) {
		return true
	}
	for i := range line {
		if line[i].distance(declared[i]) > 1.5 {
			return true
		}
	}
	return false
}

// note says what is not on the drawing.
func (d *display) note() string {
	s := "Times are UTC."
	if n := len(d.ch.Alternatives); n < d.given {
		s = fmt.Sprintf("%d of %d alternatives drawn. ", n, d.given) + s
	}
	if d.leftOut > 0 {
		s = fmt.Sprintf("%d others not drawn. ", d.leftOut) + s
	}
	return s
}

// drawSigns explains the lines from height y on and returns where it ends.
func (d *display) drawSigns(c *canvas, y float64) float64 {
	const size, sign, gap = 12.0, 40.0, 26.0
	x := float64(margin)
	item := func(label string, draw func(at point)) {
		w := sign + textWidth(label, size)
		if x > margin && x+w > pageWidth-margin {
			x, y = margin, y+20
		}
		draw(point{x, y - 4})
		c.text(point{x + sign, y}, size, "start", inkColour, "", label)
		x += w + gap
	}
	rule := func(colour, dash string) func(point) {
		return func(at point) { c.line(at, at.plus(32, 0), colour, 2.2, dash) }
	}
	item(shorten(d.ch.Plan.ID, 30)+" as declared", rule(inkColour, declaredDash))
	var plans, zones bool
	for _, o := range d.others {
		for _, f := range o.figs {
			plans, zones = plans || f.colour == otherColour, zones || f.colour == zoneColour
		}
	}
	if plans {
		item("others' plans", rule(otherColour, ""))
	}
	if zones {
		item("zones", rule(zoneColour, ""))
	}
	if d.together {
		item("several alternatives on one line", func(at point) {
			for i := range 4 {
				from := at.plus(float64(i)*strandTurn, 0)
				c.line(from, from.plus(strandTurn, 0), alternativeColours[i%2], 2.8, "")
			}
		})
	}
	if len(d.verdicts) > 0 {
		item("in conflict", func(at point) {
			c.path(pathData([]point{at, at.plus(30, 0)}, false), round(windowColour, 0.75, 9))
		})
	}
	if len(d.places()) > 0 {
		item("closest in conflict", func(at point) { cross(c, at.plus(17, 0)) })
	}
	return y + 32
}

// declaredDash is the line of the plan as declared.
const declaredDash = `stroke-dasharray="7 5"`

// declaredLabel names the plan as declared on the drawing, where room is short.
func (d *display) declaredLabel() string {
	if utf8.RuneCountInString(d.ch.Plan.ID) > 12 {
		return "as declared"
	}
	return d.ch.Plan.ID + " as declared"
}

// cross marks a place of conflict.
func cross(c *canvas, at point) {
	for _, style := range []string{`stroke="` + paperColour + `" stroke-width="5"`, `stroke="` + dangerColour + `" stroke-width="2.4"`} {
		c.path(strings.Join([]string{
			pathData([]point{at.plus(-5, -5), at.plus(5, 5)}, false), pathData([]point{at.plus(-5, 5), at.plus(5, -5)}, false),
		}, ""), `fill="none" stroke-linecap="round" `+style)
	}
}

// circleLine returns points around a circle.
func circleLine(at point, r float64) []point {
	n := int(math.Max(24, math.Min(maxSamples/2, 2*math.Pi*r/strandStep)))
	out := make([]point, 0, n+1)
	for i := range n {
		a := 2 * math.Pi * float64(i) / float64(n)
		out = append(out, at.plus(r*math.Sin(a), -r*math.Cos(a)))
	}
	return append(out, out[0])
}
