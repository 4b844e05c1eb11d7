package picture

import (
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// drawPlan draws the plan view of a display.
func (d *display) drawPlan(c *canvas, frame box) {
	p := &plan{c: c, frame: frame, plane: d.plane, u: d.u}
	p.show(d.view())
	p.figs = append(p.figs, d.plan...)
	for _, o := range d.others {
		for _, f := range o.figs {
			if b := f.bounds(); b.x0 <= p.view.x1 && b.x1 >= p.view.x0 && b.y0 <= p.view.y1 && b.y1 >= p.view.y0 {
				p.figs = append(p.figs, f)
			}
		}
	}
	p.taken = []box{ // by the scale bar and the north arrow
		{frame.x0, frame.y1 - 44, frame.x0 + 180, frame.y1},
		{frame.x1 - 44, frame.y0, frame.x1, frame.y0 + 64},
	}
	c.rect(frame.x0, frame.y0, frame.x1-frame.x0, frame.y1-frame.y0, `fill="`+groundColour+`"`)
	c.clip("plan0", frame)
	for i, f := range p.figs[len(d.plan):] {
		if f.isRoute() {
			p.drawRoute(len(d.plan)+i, f)
		} else {
			p.drawShape(len(d.plan)+i, f)
		}
	}
	d.drawStruck(p)
	lines := d.drawAlternatives(p)
	d.drawDeclared(p)
	p.noteLines()
	p.lines = lines.note(p.lines)
	d.drawPlaces(p)
	p.taken = lines.drawBadges(c, d.ch.Alternatives, p.taken)
	d.labelPlan(p)
	c.add(`</g>`)
	p.drawScaleAndNorth()
	c.rect(frame.x0, frame.y0, frame.x1-frame.x0, frame.y1-frame.y0, `fill="none" stroke="`+mutedColour+`"`)
}

// view returns what is worth seeing, in metres: the plan and its alternatives
// whole, with what they conflict with unless that is larger, or, where that
// dwarfs the places of conflict and what the alternatives change, those.
func (d *display) view() box {
	whole, core := emptyBox(), emptyBox()
	for _, f := range d.plan {
		whole.join(f.bounds())
	}
	away := 0.0
	for _, figs := range d.alts {
		for i, f := range figs {
			whole.join(f.bounds())
			if i >= len(d.plan) {
				continue
			}
			for k, q := range f.corners() {
				was := d.plan[i].corners()
				switch {
				case len(was) == len(f.corners()):
					away = math.Max(away, q.distance(was[k]))
				case !contains(was, q):
					core.include(q, 0)
				}
			}
		}
	}
	for _, o := range d.others {
		if o.verdict == nil {
			continue
		}
		core.join(d.placeOf(o))
		for _, f := range o.figs {
			if b := f.bounds(); f.struck && b.diagonal() <= 1.2*whole.diagonal() {
				whole.join(b)
			}
		}
	}
	const most = 7 // times the core, beyond which detail would be lost
	if size := math.Max(core.diagonal(), 20) + 2*away; core.empty() || whole.diagonal() <= most*size {
		return whole
	}
	grow := math.Max(core.diagonal(), 20)*0.8 + 1.5*away
	return box{core.x0 - grow, core.y0 - grow, core.x1 + grow, core.y1 + grow}
}

// corners are the points that make a figure: waypoints, vertices or a centre.
func (f *figure) corners() []point {
	if f.isRoute() {
		return f.stops
	}
	return f.base
}

func contains(points []point, q point) bool {
	for _, p := range points {
		if p.distance(q) < 0.5 {
			return true
		}
	}
	return false
}

// placeOf bounds where the plan conflicts with another: the stretches flown, or
// of two areas the smaller.
func (d *display) placeOf(o other) box {
	place := emptyBox()
	if a := o.verdict.MinHorizontal; a != nil {
		place.include(d.plane.project(a.A), 0)
		place.include(d.plane.project(a.B), 0)
	}
	areas := [2]box{emptyBox(), emptyBox()}
	flown := false
	for side, figs := range [2][]*figure{d.plan, o.figs} {
		for _, f := range figs {
			switch {
			case f.isRoute():
				flown = true
				for _, q := range f.stretch(o.verdict.FromNS, o.verdict.ToNS, d.plane) {
					place.include(q, f.bufferM)
				}
			case f.struck:
				areas[side].join(f.bounds())
			}
		}
	}
	if !flown {
		if areas[1].diagonal() < areas[0].diagonal() {
			areas[0] = areas[1]
		}
		place.join(areas[0])
	}
	return place
}

// drawStruck marks what the plan flies while in conflict.
func (d *display) drawStruck(p *plan) {
	for _, f := range d.plan {
		for _, v := range d.verdicts {
			if f.isRoute() && len(f.legs) > 0 {
				p.c.path(pathData(p.pxAll(f.stretch(v.FromNS, v.ToNS, p.plane)), false), round(windowColour, 0.75, 9))
			}
		}
	}
}

// edge returns the line by which a figure is followed: its edge, or the
// middle of a corridor or route.
func (p *plan) edge(f *figure) []point {
	base := p.pxAll(f.base)
	if f.shape == volume.Circle && !f.isRoute() {
		return circleLine(base[0], f.radiusM*p.scale)
	}
	return base
}

// fill draws what a figure takes in, pale.
func (p *plan) fill(id string, f *figure, colour string, opacity float64) {
	base := p.edge(f)
	switch {
	case f.isRoute():
		if width := 2 * f.bufferM * p.scale; width > 3 {
			p.c.path(pathData(base, false), round(colour, opacity, width))
		}
	case f.shape == volume.Corridor:
		p.c.path(pathData(base, false), round(colour, opacity, 2*f.radiusM*p.scale))
		p.outline(id, pathData(base, false), colour, "none", 2*f.radiusM*p.scale, 1.4)
	default:
		p.c.path(pathData(thinned(base, maxSamples/4), true), fmt.Sprintf(`fill="%s" fill-opacity="%s"`, colour, trimmed(opacity)))
	}
}

// drawAlternatives draws the alternatives, filled only where they are elsewhere
// than declared.
func (d *display) drawAlternatives(p *plan) *strands {
	lines := newStrands(p.frame)
	for a, figs := range d.alts {
		for i, f := range figs {
			line := p.edge(f)
			lines.add(a, line, maxSamples/len(figs))
			if i < len(d.plan) && moved(line, p.edge(d.plan[i])) {
				p.fill(fmt.Sprintf("alternative%d-%d", a, i), f, alternativeColours[a], 0.06)
			}
		}
	}
	lines.draw(p.c)
	d.together = d.together || lines.shared()
	for a, figs := range d.alts {
		for i, f := range figs {
			if !f.isRoute() || i >= len(d.plan) || len(f.stops) > 60 {
				continue
			}
			for _, q := range f.stops {
				if !contains(d.plan[i].stops, q) {
					p.c.circle(p.px(q), 3, fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="1.6"`, paperColour, alternativeColours[a]))
				}
			}
		}
	}
	return lines
}

// drawDeclared draws the plan as declared over its alternatives.
func (d *display) drawDeclared(p *plan) {
	for i, f := range d.plan {
		line := thinned(p.edge(f), maxSamples/4)
		p.fill(fmt.Sprintf("declared%d", i), f, inkColour, 0.05)
		p.c.path(pathData(line, false), `fill="none" stroke="`+inkColour+`" stroke-width="1.6" stroke-linejoin="round" `+declaredDash)
		if !f.isRoute() {
			continue
		}
		if len(f.stops) <= 60 {
			for _, q := range f.stops {
				p.c.circle(p.px(q), 2.6, `fill="`+paperColour+`" stroke="`+inkColour+`" stroke-width="1.4"`)
			}
		}
		p.drawArrows(line, inkColour)
	}
}

// places returns where the plan comes closest to each that it conflicts with:
// on the path of whichever flies, else within both or between the two. Where one
// flies through an area of the other no place is closer than another.
func (d *display) places() []point {
	var out []point
	for _, v := range d.verdicts {
		a := v.MinHorizontal
		if a == nil || v.Worst < 0 || v.Worst >= len(v.Parts) || (areaOverlap(v) && !still(v)) {
			continue
		}
		own, its := d.plane.project(a.A), d.plane.project(a.B)
		w := v.Parts[v.Worst]
		switch {
		case w.A.Kind == conflict.LegPart:
			out = append(out, own)
		case w.B.Kind == conflict.LegPart:
			out = append(out, its)
		default:
			// Both are known at their bases; the radii share what is between.
			r, s := radiusOf(d.ch.Plan, w.A.Index), radiusOf(d.entity(v.B.ID), w.B.Index)
			share := 0.5
			if r+s > 0 {
				share = r / (r + s)
			}
			out = append(out, own.towards(its, share))
		}
	}
	return out
}

// entity returns one of the others as declared; nil when it is not there.
func (d *display) entity(id string) *volume.Entity {
	for _, e := range d.ch.Others {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// radiusOf returns the radius of a volume's footprint in metres, buffer
// included; 0 when there is no such volume.
func radiusOf(e *volume.Entity, i int) float64 {
	if e == nil || i < 0 || i >= len(e.Volumes) || e.Volumes[i].Footprint == nil {
		return 0
	}
	return float64(e.Volumes[i].Footprint.RadiusMM()+e.Volumes[i].Buffers.LateralMM) / 1000
}

// drawPlaces marks the places.
func (d *display) drawPlaces(p *plan) {
	for _, q := range d.places() {
		if at := p.px(q); p.frame.holds(at) {
			cross(p.c, at)
			p.taken = append(p.taken, box{at.x - 7, at.y - 7, at.x + 7, at.y + 7})
		}
	}
}

// labelPlan names the plan and the others, and gives the times of the plan.
func (d *display) labelPlan(p *plan) {
	const most = 16
	if len(d.plan) > 0 {
		f := d.plan[0]
		p.label(p.nameplace(f), d.declaredLabel(), 13, inkColour, around)
		if f.isRoute() {
			p.labelTimes(f)
		}
	}
	for _, o := range d.others[:min(most, len(d.others))] {
		for _, f := range p.figs[len(d.plan):] {
			if len(o.figs) > 0 && f == o.figs[0] {
				p.label(p.nameplace(f), o.name, 13, f.colour, around)
			}
		}
	}
}
