package picture

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/volume"
)

// profile is one altitude–time profile being drawn.
type profile struct {
	c            *canvas
	frame        box
	panel        int
	u            Units
	cf           Conflict
	above        string // what altitudes are above
	figs         []*figure
	fromNS, toNS int64
	low, high    float64 // metres
	taken        []box
	lines        []point // points of lines that labels should not cover
}

func (p *profile) x(ns int64) float64 {
	return p.frame.x0 + (p.frame.x1-p.frame.x0)*float64(ns-p.fromNS)/float64(p.toNS-p.fromNS)
}

// y places an altitude in metres; one without limit lies beyond the frame.
func (p *profile) y(m float64) float64 {
	y := p.frame.y1 - (p.frame.y1-p.frame.y0)*(m-p.low)/(p.high-p.low)
	return math.Max(p.frame.y0-50, math.Min(p.frame.y1+50, y))
}

func drawProfile(c *canvas, frame box, panel int, cf Conflict, u Units, above string) {
	p := &profile{c: c, frame: frame, panel: panel, u: u, cf: cf, above: above}
	p.figs = figures(cf, plane{centreOf(cf)})
	p.chooseTimes()
	p.chooseAltitudes()
	c.rect(frame.x0, frame.y0, frame.x1-frame.x0, frame.y1-frame.y0, `fill="`+groundColour+`"`)
	p.drawAxes()
	c.clip(fmt.Sprintf("profile%d", panel), frame)
	p.shade(cf.Verdict.FromNS, cf.Verdict.ToNS)
	for _, f := range p.figs {
		if f.isRoute() {
			p.drawRoute(f)
		} else {
			p.drawBand(f)
		}
	}
	p.drawRequired()
	p.drawClosest()
	p.labelFigures()
	c.add(`</g>`)
	c.rect(frame.x0, frame.y0, frame.x1-frame.x0, frame.y1-frame.y0, `fill="none" stroke="`+mutedColour+`"`)
}

// window returns the time a figure covers, time buffer included.
func (f *figure) window() (fromNS, toNS int64) {
	if !f.isRoute() {
		w := f.volume.Window
		if w.StartNS > volume.AlwaysNS {
			w.StartNS -= f.buffer.TimeNS
		}
		if w.EndNS < volume.ForeverNS {
			w.EndNS += f.buffer.TimeNS
		}
		return w.StartNS, w.EndNS
	}
	return f.route[0].TimeNS - f.buffer.TimeNS, f.route[len(f.route)-1].TimeNS + f.buffer.TimeNS
}

// chooseTimes shows both sides whole when that leaves the conflict wide enough
// to read, and otherwise the conflict with as much again on each side.
func (p *profile) chooseTimes() {
	v := p.cf.Verdict
	from, to := v.FromNS, v.ToNS
	if to <= from || from <= volume.AlwaysNS || to >= volume.ForeverNS {
		from, to = p.bounded()
	}
	span := max(to-from, int64(2*time.Second))
	wholeFrom, wholeTo := from, to
	for _, f := range p.figs {
		if !f.struck {
			continue
		}
		a, b := f.window()
		if a > volume.AlwaysNS {
			wholeFrom = min(wholeFrom, a)
		}
		if b < volume.ForeverNS {
			wholeTo = max(wholeTo, b)
		}
	}
	const most = 7
	pad := span * 9 / 10
	if (wholeTo-wholeFrom)/most <= span {
		from, to = wholeFrom, wholeTo
		pad = (to - from) / 20
	}
	p.fromNS, p.toNS = from-max(pad, int64(time.Second)), to+max(pad, int64(time.Second))
}

// bounded returns the extent of all instants that are stated; an hour of 1970
// when there are none.
func (p *profile) bounded() (from, to int64) {
	from, to = math.MaxInt64, math.MinInt64
	for _, f := range p.figs {
		a, b := f.window()
		for _, t := range []int64{a, b} {
			if t > volume.AlwaysNS && t < volume.ForeverNS {
				from, to = min(from, t), max(to, t)
			}
		}
	}
	if from > to {
		return 0, int64(time.Hour)
	}
	return from, max(to, from+int64(time.Second))
}

// chooseAltitudes spans what both sides occupy in the time shown, bands without
// limit left out, with some air around it.
func (p *profile) chooseAltitudes() {
	low, high := math.Inf(1), math.Inf(-1)
	for _, f := range p.figs {
		if f.struck {
			l, h := p.altitudesOf(f)
			low, high = math.Min(low, l), math.Max(high, h)
		}
	}
	p.span(low, high, p.cf.Verdict.Minima.VerticalMM)
}

// span chooses the altitudes shown around those from low to high, in metres,
// with room for a required separation where that is not much larger.
func (p *profile) span(low, high float64, needMM int64) {
	if low > high {
		low, high = 0, 100
	}
	pad := math.Max((high-low)*0.18, 2)
	if v := float64(needMM) / 1000; v < 3*(high-low) {
		pad = math.Max(pad, v*1.4)
	}
	p.low, p.high = low-pad, high+pad
}

// altitudesOf returns the altitudes in metres that a figure takes in the time
// shown, vertical buffer included; low is above high when there are none.
func (p *profile) altitudesOf(f *figure) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	r := float64(f.buffer.VerticalMM) / 1000
	include := func(m float64) { low, high = math.Min(low, m-r), math.Max(high, m+r) }
	if !f.isRoute() {
		for _, mm := range []int64{f.volume.Band.LowerMM, f.volume.Band.UpperMM} {
			if !unbounded(mm) {
				include(float64(mm) / 1000)
			}
		}
		return low, high
	}
	for i := 0; i+1 < len(f.route); i++ {
		a, b := f.route[i], f.route[i+1]
		if b.TimeNS >= p.fromNS && a.TimeNS <= p.toNS {
			include(altitudeAt(a, b, max(a.TimeNS, p.fromNS)))
			include(altitudeAt(a, b, min(b.TimeNS, p.toNS)))
		}
	}
	return low, high
}

// altitudeAt returns the altitude in metres on the leg from a to b at an instant.
func altitudeAt(a, b volume.Waypoint, ns int64) float64 {
	share := 0.0
	if b.TimeNS > a.TimeNS {
		share = float64(ns-a.TimeNS) / float64(b.TimeNS-a.TimeNS)
	}
	return (float64(a.AltMM) + float64(b.AltMM-a.AltMM)*share) / 1000
}

func (p *profile) drawAxes() {
	unit := p.u.Vertical
	step := niceStep(inUnit(p.high-p.low, unit), 8)
	for _, v := range ticks(inUnit(p.low, unit), inUnit(p.high, unit), step) {
		y := p.y(v / inUnit(1, unit))
		p.c.line(point{p.frame.x0, y}, point{p.frame.x1, y}, gridColour, 1, "")
		p.c.text(point{p.frame.x0 - 7, y + 4}, 12, "end", inkColour, "", tickLabel(v, step))
	}
	middle := point{p.frame.x0 - 62, (p.frame.y0 + p.frame.y1) / 2}
	p.c.text(middle, 12.5, "middle", inkColour, fmt.Sprintf(`transform="rotate(-90 %s %s)"`, number(middle.x), number(middle.y)),
		"altitude above "+p.above+", "+string(unit))
	at, layout := timeTicks(p.fromNS, p.toNS, 6)
	for _, t := range at {
		x := p.x(t)
		p.c.line(point{x, p.frame.y0}, point{x, p.frame.y1}, gridColour, 1, "")
		if x < p.frame.x0+14 || x > p.frame.x1-14 {
			continue // its label would run out of the frame
		}
		p.c.text(point{x, p.frame.y1 + 17}, 12, "middle", inkColour, "", time.Unix(0, t).UTC().Format(layout))
	}
	p.c.text(point{(p.frame.x0 + p.frame.x1) / 2, p.frame.y1 + 36}, 12.5, "middle", inkColour, "",
		"time UTC, "+time.Unix(0, p.fromNS).UTC().Format("2006-01-02"))
}

// shade marks a time of conflict.
func (p *profile) shade(fromNS, toNS int64) {
	x0 := math.Max(p.x(max(fromNS, p.fromNS)), p.frame.x0)
	x1 := math.Min(p.x(min(toNS, p.toNS)), p.frame.x1)
	if x1-x0 < 1.5 {
		x1 = x0 + 1.5
	}
	p.c.rect(x0, p.frame.y0, x1-x0, p.frame.y1-p.frame.y0, `fill="`+windowColour+`" fill-opacity="0.33"`)
	p.c.line(point{x0, p.frame.y0}, point{x0, p.frame.y1}, dangerColour, 1, "")
	p.c.line(point{x1, p.frame.y0}, point{x1, p.frame.y1}, dangerColour, 1, "")
	label := "conflict"
	w := textWidth(label, 12)
	x := math.Max(p.frame.x0+w/2+4, math.Min(p.frame.x1-w/2-4, (x0+x1)/2))
	p.c.text(point{x, p.frame.y0 + 16}, 12, "middle", dangerColour, halo, label)
	p.taken = append(p.taken, box{x - w/2, p.frame.y0, x + w/2, p.frame.y0 + 20})
}

// drawBand draws a volume as its window times its altitudes, and, paler, its
// buffers.
func (p *profile) drawBand(f *figure) {
	colour, dash, strength := f.style()
	v := f.volume
	x0, x1 := p.clampX(v.Window.StartNS), p.clampX(v.Window.EndNS)
	y0, y1 := p.edgeY(v.Band.UpperMM, 0), p.edgeY(v.Band.LowerMM, 0)
	p.c.add(`<g opacity="%s">`, number(strength))
	defer p.c.add(`</g>`)
	from, to := f.window()
	if f.buffer.VerticalMM > 0 || f.buffer.TimeNS > 0 {
		bx0, bx1 := p.clampX(from), p.clampX(to)
		by0, by1 := p.edgeY(v.Band.UpperMM, f.buffer.VerticalMM), p.edgeY(v.Band.LowerMM, -f.buffer.VerticalMM)
		p.c.rect(bx0, by0, bx1-bx0, by1-by0, fmt.Sprintf(`fill="%s" fill-opacity="0.1"`, colour))
	}
	p.c.rect(x0, y0, x1-x0, y1-y0, fmt.Sprintf(`fill="%s" fill-opacity="0.16" stroke="%s" stroke-width="1.8" %s`, colour, colour, dash))
}

// clampX keeps far instants just outside the frame.
func (p *profile) clampX(ns int64) float64 {
	span := p.toNS - p.fromNS
	switch {
	case ns < p.fromNS-span/10:
		ns = p.fromNS - span/10
	case ns > p.toNS+span/10:
		ns = p.toNS + span/10
	}
	return p.x(ns)
}

func (p *profile) edgeY(mm, moreMM int64) float64 {
	switch {
	case mm <= volume.NoFloorMM/2:
		return p.frame.y1 + 50
	case mm >= volume.NoCeilingMM/2:
		return p.frame.y0 - 50
	}
	return p.y(float64(mm+moreMM) / 1000)
}

// drawRoute draws a trajectory's altitude with its vertical and time buffers.
func (p *profile) drawRoute(f *figure) {
	colour, dash, strength := f.style()
	p.c.add(`<g opacity="%s">`, number(strength))
	defer p.c.add(`</g>`)
	line, reach := p.track(f, f.route)
	p.c.path(reach, `fill="`+colour+`" fill-opacity="0.16"`)
	p.c.path(pathData(line, false), fmt.Sprintf(`fill="none" stroke="%s" stroke-width="2.2" stroke-linejoin="round" %s`, colour, dash))
}

// track returns the altitudes of a route over time, and the path data of all
// that lies within the figure's vertical and time buffers of them.
func (p *profile) track(f *figure, route []volume.Waypoint) (line []point, within string) {
	r, b := float64(f.buffer.VerticalMM)/1000, f.buffer.TimeNS
	span := p.toNS - p.fromNS
	var reach strings.Builder
	for i := 0; i+1 < len(route); i++ {
		a, z := route[i], route[i+1]
		// Only what is near the frame: far ends would lose the slope.
		from, to := max(a.TimeNS, p.fromNS-span-b), min(z.TimeNS, p.toNS+span+b)
		if from >= to {
			continue
		}
		var corners []point
		for _, ns := range []int64{from, to} {
			m := altitudeAt(a, z, ns)
			line = append(line, point{p.x(ns), p.y(m)})
			for _, shift := range []int64{-b, b} {
				corners = append(corners, point{p.x(ns + shift), p.y(m - r)}, point{p.x(ns + shift), p.y(m + r)})
			}
		}
		if r > 0 || b > 0 {
			reach.WriteString(pathData(hull(corners), true))
		}
	}
	return line, reach.String()
}

// hull returns the convex hull of the points (Andrew's monotone chain).
func hull(pts []point) []point {
	sort.Slice(pts, func(i, j int) bool {
		if pts[i].x != pts[j].x {
			return pts[i].x < pts[j].x
		}
		return pts[i].y < pts[j].y
	})
	half := func(pts []point) []point {
		var out []point
		for _, q := range pts {
			for len(out) >= 2 {
				a, b := out[len(out)-2], out[len(out)-1]
				if (b.x-a.x)*(q.y-a.y)-(b.y-a.y)*(q.x-a.x) > 0 {
					break
				}
				out = out[:len(out)-1]
			}
			out = append(out, q)
		}
		return out[:len(out)-1]
	}
	lower := half(pts)
	back := make([]point, len(pts))
	for i, q := range pts {
		back[len(pts)-1-i] = q
	}
	return append(lower, half(back)...)
}

// drawRequired draws the altitudes from which the other side has to keep off:
// around a volume if there is one, else around B.
func (p *profile) drawRequired() {
	need := p.cf.Verdict.Minima.VerticalMM
	if need == 0 {
		return
	}
	var around *figure
	for _, f := range p.figs {
		if f.struck && (around == nil || (around.isRoute() && (!f.isRoute() || f.side == 1))) {
			around = f
		}
	}
	if around == nil {
		return
	}
	const thin = `fill="none" stroke="` + dangerColour + `" stroke-width="1.6" stroke-dasharray="3 3"`
	label := "required separation " + p.u.minimum(need, p.u.Vertical)
	reach := need + around.buffer.VerticalMM
	for _, sign := range []int64{1, -1} {
		var line []point
		if around.isRoute() {
			for i := 0; i+1 < len(around.route); i++ {
				a, z := around.route[i], around.route[i+1]
				from, to := max(a.TimeNS, p.fromNS), min(z.TimeNS, p.toNS)
				for _, ns := range []int64{from, to} {
					if from < to {
						line = append(line, point{p.x(ns), p.y(altitudeAt(a, z, ns) + float64(sign*reach)/1000)})
					}
				}
			}
		} else {
			edge := around.volume.Band.UpperMM
			if sign < 0 {
				edge = around.volume.Band.LowerMM
			}
			if unbounded(edge) {
				continue
			}
			y := p.edgeY(edge, sign*reach)
			from, to := around.window()
			line = []point{{p.clampX(from), y}, {p.clampX(to), y}}
		}
		p.c.path(pathData(line, false), thin)
		if len(line) > 0 && p.frame.holds(line[0].plus(math.Max(0, p.frame.x0-line[0].x), 0)) {
			x := math.Max(line[0].x, p.frame.x0) + 6 + textWidth(label, 11)/2
			p.label(point{x, line[0].y}, label, 11, dangerColour, [][2]float64{{0, -5}, {0, 14}})
		}
	}
}

// drawClosest marks the instant of the least lateral distance.
func (p *profile) drawClosest() {
	a := p.cf.Verdict.MinHorizontal
	if a == nil || areaOverlap(p.cf.Verdict) || still(p.cf.Verdict) || a.TimeNS < p.fromNS || a.TimeNS > p.toNS {
		return
	}
	x := p.x(a.TimeNS)
	p.c.line(point{x, p.frame.y0 + 20}, point{x, p.frame.y1}, inkColour, 1.2, `stroke-dasharray="2 3"`)
	if other := p.x(a.OtherNS); math.Abs(other-x) > 2 && p.frame.holds(point{other, p.frame.y1}) {
		p.c.line(point{other, p.frame.y0 + 20}, point{other, p.frame.y1}, inkColour, 1.2, `stroke-dasharray="2 3"`)
	}
	p.label(point{x, p.frame.y1 - 8}, closestWords(p.cf.Verdict), 11.5, inkColour, [][2]float64{{0, 0}, {70, 0}, {-70, 0}, {0, -18}})
}

// labelFigures names both sides at their altitude.
func (p *profile) labelFigures() {
	named := [2]bool{}
	for _, f := range p.figs {
		if named[f.side] || !f.struck {
			continue
		}
		named[f.side] = true
		// A towards the left, B towards the right, so that they part.
		share := int64(1)
		if f.side == 1 {
			share = 3
		}
		p.labelFigure(f, p.cf.name(f.side), share)
	}
}

// labelFigure names a figure at its altitude, share quarters into the time of
// it that is seen, with the limits that its band does not have.
func (p *profile) labelFigure(f *figure, name string, share int64) {
	from, to := f.window()
	from, to = max(from, p.fromNS), min(to, p.toNS)
	at := from + (to-from)/4
	if share == 3 {
		at = to - (to-from)/4
	}
	x := p.x(at)
	y := p.frame.y0 + 60
	if f.isRoute() {
		for i := 0; i+1 < len(f.route); i++ {
			a, b := f.route[i], f.route[i+1]
			if at >= a.TimeNS && at <= b.TimeNS {
				y = p.y(altitudeAt(a, b, at))
			}
		}
	} else {
		noFloor, noCeiling := f.volume.Band.LowerMM <= volume.NoFloorMM/2, f.volume.Band.UpperMM >= volume.NoCeilingMM/2
		switch {
		case noFloor && noCeiling:
			name += " (no floor, no ceiling)"
		case noFloor:
			name += " (no floor)"
		case noCeiling:
			name += " (no ceiling)"
		}
		if !noCeiling {
			y = p.edgeY(f.volume.Band.UpperMM, 0)
		}
	}
	p.label(point{x, y}, name, 13.5, f.colour, [][2]float64{{0, -8}, {0, 20}, {110, -8}, {-110, -8}, {110, 20}, {-110, 20}, {0, 40}})
}

// label is the plan view's placing of labels, in this frame.
func (p *profile) label(at point, s string, size float64, colour string, offsets [][2]float64) {
	q := &plan{c: p.c, frame: p.frame, taken: p.taken, lines: p.lines}
	q.label(at, s, size, colour, offsets)
	p.taken = q.taken
}
