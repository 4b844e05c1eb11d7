package picture

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/volume"
)

// drawProfile draws the altitude–time profile of a display.
func (d *display) drawProfile(c *canvas, frame box) {
	p := &profile{c: c, frame: frame, u: d.u, above: d.above}
	d.chooseTimes(p)
	d.chooseAltitudes(p)
	c.rect(frame.x0, frame.y0, frame.x1-frame.x0, frame.y1-frame.y0, `fill="`+groundColour+`"`)
	p.drawAxes()
	c.clip("profile0", frame)
	for _, w := range d.windows() {
		if w.EndNS > p.fromNS && w.StartNS < p.toNS {
			p.shade(w.StartNS, w.EndNS)
		}
	}
	drawn := map[string]bool{} // rings of one height are one band
	for _, o := range d.others {
		for _, f := range o.figs {
			line, _ := p.course(f)
			if f.isRoute() {
				p.drawRoute(f)
			} else if band := f.colour + pathData(line, true); !drawn[band] {
				drawn[band] = true
				p.drawBand(f)
			}
			p.lines = noted(p.lines, frame, line)
		}
	}
	lines := newStrands(frame)
	for a, figs := range d.alts {
		for i, f := range figs {
			line, within := p.course(f)
			lines.add(a, line, maxSamples/len(figs))
			if i < len(d.plan) {
				if declared, _ := p.course(d.plan[i]); moved(line, declared) {
					c.path(within, fmt.Sprintf(`fill="%s" fill-opacity="0.06"`, alternativeColours[a]))
				}
			}
		}
	}
	lines.draw(c)
	d.together = d.together || lines.shared()
	for _, f := range d.plan {
		line, within := p.course(f)
		c.path(within, `fill="`+inkColour+`" fill-opacity="0.05"`)
		c.path(pathData(line, false), `fill="none" stroke="`+inkColour+`" stroke-width="1.6" stroke-linejoin="round" `+declaredDash)
		p.lines = noted(p.lines, frame, line)
	}
	p.lines = lines.note(p.lines)
	p.taken = lines.drawBadges(c, d.ch.Alternatives, p.taken)
	d.labelProfile(p)
	c.add(`</g>`)
	c.rect(frame.x0, frame.y0, frame.x1-frame.x0, frame.y1-frame.y0, `fill="none" stroke="`+mutedColour+`"`)
}

// windows returns the times of conflict, those that meet as one.
func (d *display) windows() []volume.Window {
	var all, out []volume.Window
	for _, v := range d.verdicts {
		all = append(all, volume.Window{StartNS: v.FromNS, EndNS: v.ToNS})
	}
	slices.SortFunc(all, func(a, b volume.Window) int {
		switch {
		case a.StartNS < b.StartNS:
			return -1
		case a.StartNS > b.StartNS:
			return 1
		}
		return 0
	})
	for _, w := range all {
		if n := len(out); n > 0 && w.StartNS <= out[n-1].EndNS {
			out[n-1].EndNS = max(out[n-1].EndNS, w.EndNS)
			continue
		}
		out = append(out, w)
	}
	return out
}

// course returns the line by which a figure is followed over time, and the path
// data of all that it takes in, buffers included.
func (p *profile) course(f *figure) (line []point, within string) {
	if f.isRoute() {
		return p.track(f, p.seen(f.route))
	}
	v := f.volume
	corners := func(fromNS, toNS, moreMM int64) []point {
		x0, x1 := p.clampX(fromNS), p.clampX(toNS)
		y0, y1 := p.edgeY(v.Band.UpperMM, moreMM), p.edgeY(v.Band.LowerMM, -moreMM)
		return []point{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}, {x0, y0}}
	}
	from, to := f.window()
	return corners(v.Window.StartNS, v.Window.EndNS, 0), pathData(corners(from, to, f.buffer.VerticalMM), true)
}

// seen leaves out waypoints that cannot be told apart on the drawing.
func (p *profile) seen(route []volume.Waypoint) []volume.Waypoint {
	const most = 800
	for gap := 0.5; len(route) > most; gap *= 2 {
		kept := route[:1:1]
		for i, w := range route[1:] {
			last := kept[len(kept)-1]
			dx, dy := p.x(w.TimeNS)-p.x(last.TimeNS), p.y(float64(w.AltMM)/1000)-p.y(float64(last.AltMM)/1000)
			if i == len(route)-2 || math.Hypot(dx, dy) >= gap {
				kept = append(kept, w)
			}
		}
		route = kept
	}
	return route
}

// extent returns the stated times of figures; from is after to when none is.
func extent(figs []*figure) (fromNS, toNS int64) {
	fromNS, toNS = volume.ForeverNS, volume.AlwaysNS
	for _, f := range figs {
		from, to := f.window()
		if from > volume.AlwaysNS {
			fromNS, toNS = min(fromNS, from), max(toNS, from)
		}
		if to < volume.ForeverNS {
			fromNS, toNS = min(fromNS, to), max(toNS, to)
		}
	}
	return fromNS, toNS
}

// chooseTimes shows the plan and its alternatives whole, or, where that would
// dwarf the conflicts and what the alternatives change, those.
func (d *display) chooseTimes(p *profile) {
	from, to := extent(d.plan)
	wholeFrom, wholeTo := from, to
	away := int64(0)
	for _, figs := range d.alts {
		a, b := extent(figs)
		if a > b {
			continue
		}
		if from <= to {
			away = max(away, a-from, from-a, b-to, to-b)
		}
		wholeFrom, wholeTo = min(wholeFrom, a), max(wholeTo, b)
	}
	var core []volume.Window
	for _, w := range d.windows() {
		if w.StartNS > volume.AlwaysNS && w.EndNS < volume.ForeverNS {
			core = append(core, w)
		}
	}
	pad := (wholeTo - wholeFrom) / 20
	if len(core) > 0 {
		first, last := core[0].StartNS, core[len(core)-1].EndNS
		span := max(last-first, int64(2*time.Second)) + 2*away
		const most = 7
		if wholeFrom > wholeTo || (wholeTo-wholeFrom)/most > span {
			wholeFrom, wholeTo, pad = first-away, last+away, span*9/10
		}
	}
	if wholeFrom > wholeTo {
		wholeFrom, wholeTo = 0, int64(time.Hour)
	}
	p.fromNS, p.toNS = wholeFrom-max(pad, int64(time.Second)), wholeTo+max(pad, int64(time.Second))
}

// chooseAltitudes spans what the plan and its alternatives take in the time
// shown, and of what they conflict with as much as leaves that wide enough.
func (d *display) chooseAltitudes(p *profile) {
	low, high := math.Inf(1), math.Inf(-1)
	include := func(figs []*figure) {
		for _, f := range figs {
			l, h := p.altitudesOf(f)
			low, high = math.Min(low, l), math.Max(high, h)
		}
	}
	include(d.plan)
	for _, figs := range d.alts {
		include(figs)
	}
	need := int64(0)
	for _, v := range d.verdicts {
		need = max(need, v.Minima.VerticalMM)
	}
	own := math.Max(high-low, math.Max(3*float64(need)/1000, 30))
	unlimited := low > high
	l, h := low, high
	for _, o := range d.others {
		if o.verdict != nil {
			include(o.figs)
		}
	}
	if !unlimited && high-low > 3*own {
		low, high = math.Max(low, l-own), math.Min(high, h+own)
	}
	p.span(low, high, need)
}

// labelProfile names the plan and what it conflicts with at their altitudes.
func (d *display) labelProfile(p *profile) {
	const most = 8
	if len(d.plan) > 0 {
		p.labelFigure(d.plan[0], d.declaredLabel(), 1)
	}
	for _, o := range d.others[:min(most, len(d.others))] {
		if len(o.figs) == 0 {
			continue
		}
		f := o.figs[0]
		from, to := f.window()
		low, high := p.altitudesOf(f)
		if f.volume != nil && f.volume.Band.LowerMM <= volume.NoFloorMM/2 {
			low = math.Inf(-1)
		}
		if f.volume != nil && f.volume.Band.UpperMM >= volume.NoCeilingMM/2 {
			high = math.Inf(1)
		}
		if from < p.toNS && to > p.fromNS && low < p.high && high > p.low {
			p.labelFigure(f, o.name, 3)
		}
	}
}
