package picture

import (
	"fmt"
	"math"
	"strings"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// plan is one plan view being drawn.
type plan struct {
	c     *canvas
	frame box
	plane plane
	view  box // metres shown
	scale float64
	panel int
	u     Units
	cf    Conflict
	figs  []*figure
	taken []box   // where labels and marks already are
	lines []point // points of lines that labels should not cover

	required bool // the required separation is drawn
}

func (p *plan) px(q point) point {
	m := p.view.middle()
	f := p.frame.middle()
	return point{f.x + (q.x-m.x)*p.scale, f.y - (q.y-m.y)*p.scale}
}

func (p *plan) pxAll(qs []point) []point {
	out := make([]point, len(qs))
	for i, q := range qs {
		out[i] = p.px(q)
	}
	return out
}

func drawPlan(c *canvas, frame box, panel int, cf Conflict, u Units) {
	p := &plan{c: c, frame: frame, panel: panel, u: u, cf: cf}
	p.plane.centre = centreOf(cf)
	p.figs = figures(cf, p.plane)
	p.chooseView()
	p.taken = []box{ // by the scale bar and the north arrow
		{frame.x0, frame.y1 - 44, frame.x0 + 180, frame.y1},
		{frame.x1 - 44, frame.y0, frame.x1, frame.y0 + 64},
	}

	c.rect(frame.x0, frame.y0, frame.x1-frame.x0, frame.y1-frame.y0, `fill="`+groundColour+`"`)
	c.clip(fmt.Sprintf("plan%d", panel), frame)
	for i, f := range p.figs {
		if !f.isRoute() {
			p.drawShape(i, f)
		}
	}
	for i, f := range p.figs {
		if f.isRoute() {
			p.drawRoute(i, f)
		}
	}
	p.noteLines()
	p.drawRequired()
	p.drawClosest()
	p.labelFigures()
	c.add(`</g>`)
	p.drawScaleAndNorth()
	c.rect(frame.x0, frame.y0, frame.x1-frame.x0, frame.y1-frame.y0, `fill="none" stroke="`+mutedColour+`"`)
	p.drawLegend()
}

// centreOf returns the place around which a conflict is drawn.
func centreOf(cf Conflict) geodesy.LatLng {
	if a := cf.Verdict.MinHorizontal; a != nil {
		return a.A
	}
	return firstPlace(cf.A, cf.B)
}

// firstPlace returns the first place of the first entity that has any.
func firstPlace(entities ...*volume.Entity) geodesy.LatLng {
	for _, e := range entities {
		if len(e.Trajectories) > 0 {
			return e.Trajectories[0].Waypoints()[0].At
		}
		if len(e.Volumes) > 0 {
			return e.Volumes[0].Footprint.Vertices()[0]
		}
	}
	return geodesy.LatLng{}
}

// chooseView shows both sides whole when neither dwarfs the place of the
// conflict, and otherwise that place with its surroundings.
func (p *plan) chooseView() {
	whole, core := emptyBox(), emptyBox()
	bySide := [2]box{emptyBox(), emptyBox()}
	for _, f := range p.figs {
		if !f.struck {
			continue
		}
		b := f.bounds()
		whole.join(b)
		bySide[f.side].join(b)
		if f.isRoute() {
			for _, q := range f.stretch(f.from, f.to, p.plane) {
				core.include(q, f.bufferM)
			}
		}
	}
	for _, q := range p.closestPlaces() {
		core.include(q, 0)
	}
	// Two volumes: the smaller is the place.
	small := bySide[0]
	if bySide[1].diagonal() < small.diagonal() || small.empty() {
		small = bySide[1]
	}
	if p.bothVolumes() && !small.empty() {
		core.join(small)
	}
	const most = 7 // times the core, beyond which detail would be lost
	view := whole
	if d := math.Max(core.diagonal(), 20); whole.diagonal() > most*d {
		view = core
		grow := math.Max(core.diagonal(), 20) * 0.8
		view.x0, view.x1, view.y0, view.y1 = view.x0-grow, view.x1+grow, view.y0-grow, view.y1+grow
	}
	p.show(view)
}

// show fits a view, in metres, into the frame with some air around it.
func (p *plan) show(view box) {
	if view.empty() {
		view = box{-10, -10, 10, 10}
	}
	w, h := math.Max(view.x1-view.x0, 5)*1.16, math.Max(view.y1-view.y0, 5)*1.16
	p.scale = math.Min((p.frame.x1-p.frame.x0)/w, (p.frame.y1-p.frame.y0)/h)
	m := view.middle()
	w, h = (p.frame.x1-p.frame.x0)/p.scale, (p.frame.y1-p.frame.y0)/p.scale
	p.view = box{m.x - w/2, m.y - h/2, m.x + w/2, m.y + h/2}
}

func (p *plan) bothVolumes() bool {
	for _, f := range p.figs {
		if f.struck && f.isRoute() {
			return false
		}
	}
	return true
}

func (p *plan) closestPlaces() []point {
	a := p.cf.Verdict.MinHorizontal
	if a == nil {
		return nil
	}
	return []point{p.plane.project(a.A), p.plane.project(a.B)}
}

// style returns colour, dash and opacity of a figure: A solid, B dashed, parts
// that take no part in the conflict pale.
func (f *figure) style() (colour, dash string, strength float64) {
	strength = 1
	switch {
	case f.near:
		strength = 0.65
	case !f.struck:
		strength = 0.35
	}
	if f.side == 1 {
		dash = `stroke-dasharray="9 4"`
	}
	return f.colour, dash, strength
}

// drawShape draws a volume's footprint and, paler, its lateral buffer.
func (p *plan) drawShape(i int, f *figure) {
	colour, dash, strength := f.style()
	p.c.add(`<g opacity="%s">`, number(strength))
	defer p.c.add(`</g>`)
	buffer := 2 * f.bufferM * p.scale
	base := p.pxAll(f.base)
	switch f.shape {
	case volume.Circle:
		r := f.radiusM * p.scale
		if buffer > 1 {
			p.c.circle(base[0], r+buffer/2, fmt.Sprintf(`fill="%s" fill-opacity="0.1"`, colour))
		}
		p.c.circle(base[0], r, fmt.Sprintf(`fill="%s" fill-opacity="0.16" stroke="%s" stroke-width="1.8" %s`, colour, colour, dash))
	case volume.Corridor:
		d := pathData(base, false)
		width := 2 * f.radiusM * p.scale
		if buffer > 1 {
			p.c.path(d, round(colour, 0.1, width+buffer))
		}
		p.c.path(d, round(colour, 0.18, width))
		p.outline(fmt.Sprintf("edge%d-%d", p.panel, i), d, colour, "none", width, 1.8)
		p.c.path(d, fmt.Sprintf(`fill="none" stroke="%s" stroke-width="1" stroke-dasharray="2 4"`, colour))
	default:
		d := pathData(base, true)
		if buffer > 1 {
			p.c.path(d, round(colour, 0.1, buffer))
		}
		p.c.path(d, fmt.Sprintf(`fill="%s" fill-opacity="0.16" stroke="%s" stroke-width="1.8" stroke-linejoin="round" %s`, colour, colour, dash))
	}
}

// round returns the attributes of a translucent stroke with round ends: all
// points within half its width of the path.
func round(colour string, opacity, width float64) string {
	return fmt.Sprintf(`fill="none" stroke="%s" stroke-opacity="%s" stroke-width="%s" stroke-linecap="round" stroke-linejoin="round"`,
		colour, trimmed(opacity), number(width))
}

func trimmed(v float64) string { return fmt.Sprintf("%.2g", v) }

// outline draws the edge of a round stroke: the stroke less a narrower one, and
// less what the path encloses when inside is black rather than none.
func (p *plan) outline(id, d, colour, inside string, width, edge float64) {
	if width <= edge || d == "" {
		return
	}
	p.c.add(`<mask id="%s" maskUnits="userSpaceOnUse" x="%s" y="%s" width="%s" height="%s"><path d="%s" %s/><path d="%s" %s/></mask>`, id,
		number(p.frame.x0), number(p.frame.y0), number(p.frame.x1-p.frame.x0), number(p.frame.y1-p.frame.y0),
		d, round("#ffffff", 1, width), d, strings.Replace(round("#000000", 1, width-2*edge), `fill="none"`, `fill="`+inside+`"`, 1))
	p.c.add(`<g mask="url(#%s)"><path d="%s" %s/></g>`, id, d, round(colour, 1, width))
}

// drawRoute draws a trajectory: its lateral buffer, its line with arrows, the
// stretch flown during the violation, and its waypoints.
func (p *plan) drawRoute(i int, f *figure) {
	colour, dash, strength := f.style()
	p.c.add(`<g opacity="%s">`, number(strength))
	defer p.c.add(`</g>`)
	line := p.pxAll(f.base)
	d := pathData(line, false)
	if width := 2 * f.bufferM * p.scale; width > 2 {
		p.c.path(d, round(colour, 0.14, width))
		p.outline(fmt.Sprintf("edge%d-%d", p.panel, i), d, colour, "none", width, 0.7)
	}
	if f.struck {
		stretch := p.pxAll(f.stretch(f.from, f.to, p.plane))
		p.c.path(pathData(stretch, false), round(windowColour, 0.75, 9))
	}
	p.c.path(d, fmt.Sprintf(`fill="none" stroke="%s" stroke-width="2.2" stroke-linejoin="round" %s`, colour, dash))
	stops := p.pxAll(f.stops)
	if len(stops) <= 60 {
		for _, s := range stops {
			p.c.circle(s, 2.6, fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="1.4"`, paperColour, colour))
		}
	}
	p.drawArrows(line, colour)
}

// drawArrows puts arrow heads along the visible part of a line.
func (p *plan) drawArrows(line []point, colour string) {
	const every = 130
	travelled, next := 0.0, every*0.45
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		l := a.distance(b)
		if l > 1e5 { // far off the drawing
			continue
		}
		for next <= travelled+l {
			at := a.towards(b, (next-travelled)/l)
			next += every
			if !p.frame.holds(at) {
				continue
			}
			ux, uy := (b.x-a.x)/l, (b.y-a.y)/l
			tip := at.plus(7*ux, 7*uy)
			left, right := at.plus(-5*ux-5*uy, -5*uy+5*ux), at.plus(-5*ux+5*uy, -5*uy-5*ux)
			p.c.path(pathData([]point{tip, left, right}, true), fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="0.8"`, colour, paperColour))
		}
		travelled += l
	}
}

// drawRequired draws the edge that must not have been crossed: where the middle
// of the mover has to stay outside, around the other side.
func (p *plan) drawRequired() {
	v := p.cf.Verdict
	a := v.MinHorizontal
	if a == nil {
		return
	}
	mover, other := p.worst()
	if mover == nil || other == nil {
		return
	}
	if !mover.isRoute() && other.isRoute() {
		mover, other = other, mover
	}
	if v.Minima.LateralMM == 0 {
		return // the shapes themselves must not overlap
	}
	clearance := float64(v.Minima.LateralMM) / 1000
	if mover.isRoute() || mover.shape == volume.Circle {
		clearance += mover.reachM()
	}
	if clearance*p.scale < 3 {
		return
	}
	const thin = `fill="none" stroke="` + dangerColour + `" stroke-width="1.6" stroke-dasharray="3 3"`
	reach := (clearance + other.reachM()) * p.scale
	var top point
	switch {
	case other.isRoute():
		at := p.px(p.placeOf(other))
		p.c.circle(at, reach, thin)
		top = at.plus(0, -reach)
	case other.shape == volume.Circle:
		at := p.px(other.base[0])
		p.c.circle(at, reach, thin)
		top = at.plus(0, -reach)
	default:
		base := p.pxAll(other.base)
		d := pathData(base, other.shape == volume.Polygon)
		inside := "none"
		if other.shape == volume.Polygon {
			inside = "#000000"
		}
		p.outline(fmt.Sprintf("required%d", p.panel), d, dangerColour, inside, 2*reach, 1.4)
		for i, q := range base {
			if i == 0 || q.y < top.y {
				top = q
			}
		}
		top = top.plus(0, -reach)
	}
	p.required = true
	label := "required separation " + p.u.minimum(v.Minima.LateralMM, p.u.Lateral)
	if p.frame.holds(top.plus(0, 8)) {
		p.label(top, label, 11.5, dangerColour, [][2]float64{{0, -6}, {0, 14}, {60, -6}, {-60, -6}})
	}
}

// worst returns the figures of the pair of parts that came closest.
func (p *plan) worst() (a, b *figure) {
	v := p.cf.Verdict
	if v.Worst < 0 || v.Worst >= len(v.Parts) {
		return nil, nil
	}
	find := func(side int, ref conflict.PartRef) *figure {
		for _, f := range p.figs {
			if f.side != side || !f.struck {
				continue
			}
			e := p.cf.A
			if side == 1 {
				e = p.cf.B
			}
			if ref.Kind == conflict.VolumePart && ref.Index < len(e.Volumes) && f.volume == &e.Volumes[ref.Index] {
				return f
			}
			if ref.Kind == conflict.LegPart && f.isRoute() && f.legs[ref.Index] {
				return f
			}
		}
		return nil
	}
	part := v.Parts[v.Worst]
	return find(0, part.A), find(1, part.B)
}

// placeOf returns where a figure is at closest approach: a trajectory's
// position, or the nearest place of a volume.
func (p *plan) placeOf(f *figure) point {
	a := p.cf.Verdict.MinHorizontal
	at, ns := a.A, a.TimeNS
	if f.side == 1 {
		at, ns = a.B, a.OtherNS
	}
	if f.isRoute() {
		if q, ok := f.positionAt(ns, p.plane); ok {
			return q
		}
	}
	return p.plane.project(at)
}

// drawClosest marks both sides at closest approach and the line between them.
func (p *plan) drawClosest() {
	a, b := p.worst()
	if a == nil || b == nil || p.cf.Verdict.MinHorizontal == nil {
		return
	}
	pa, pb := p.px(p.placeOf(a)), p.px(p.placeOf(b))
	if areaOverlap(p.cf.Verdict) {
		p.label(p.insidePlace(a, b), closestWords(p.cf.Verdict), 12, inkColour, around)
		return
	}
	size := 7.0
	if pa.distance(pb) > 3 {
		p.c.line(pa, pb, inkColour, 1.4, `stroke-dasharray="2 2"`)
	} else {
		size = 11 // seen behind the disc
	}
	p.mark(pb, b, size)
	p.mark(pa, a, size)
	reach := 12.0
	for _, q := range []point{pa, pb} {
		p.taken = append(p.taken, box{q.x - 7, q.y - 7, q.x + 7, q.y + 7})
	}
	mid := pa.towards(pb, 0.5)
	p.label(mid, closestWords(p.cf.Verdict), 12, inkColour,
		[][2]float64{{0, -reach - 4}, {0, reach + 14}, {70, -reach}, {-70, -reach}, {70, reach + 8}, {-70, reach + 8}, {0, -40}, {0, 48}, {90, 4}, {-90, 4}})
}

// insidePlace returns where an overlap is named: the middle of the stretch that
// a trajectory flies in it, or a place that both sides have.
func (p *plan) insidePlace(a, b *figure) point {
	for _, f := range []*figure{a, b} {
		if f.isRoute() {
			if stretch := p.pxAll(f.stretch(f.from, f.to, p.plane)); len(stretch) > 0 {
				return stretch[len(stretch)/2]
			}
		}
	}
	return p.px(p.placeOf(a))
}

// closestWords names the closest approach on a drawing: when it is, or from when
// to when one side is inside the other.
func closestWords(v *conflict.Verdict) string {
	a := v.MinHorizontal
	at, other := Clock(a.TimeNS), Clock(a.OtherNS)
	switch {
	case areaOverlap(v) && v.Minima.LateralMM == 0:
		return insideWords(v)
	case areaOverlap(v):
		return "overlap"
	case still(v):
		return "closest"
	case at != other:
		return "closest " + at + " and " + other
	}
	return "closest " + at
}

// mark draws the sign of a side: a disc for A, a diamond for B; volumes get an
// open sign at their nearest place.
func (p *plan) mark(at point, f *figure, size float64) {
	fill := f.colour
	if !f.isRoute() {
		fill = paperColour
	}
	attributes := fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="2"`, fill, f.colour)
	if f.isRoute() {
		attributes = fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="1.5"`, fill, paperColour)
	}
	if f.side == 0 {
		p.c.circle(at, 5.5, attributes)
		return
	}
	p.c.path(pathData([]point{at.plus(0, -size), at.plus(size, 0), at.plus(0, size), at.plus(-size, 0)}, true), attributes)
}
