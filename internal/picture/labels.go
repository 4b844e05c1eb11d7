package picture

import (
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/volume"
)

// label writes a label near a place, at the first offset where it covers
// nothing, or else where it covers least. It stays inside the frame.
func (p *plan) label(at point, s string, size float64, colour string, offsets [][2]float64) {
	w := textWidth(s, size)
	best, bestCover := box{}, math.Inf(1)
	for _, o := range offsets {
		x := math.Max(p.frame.x0+w/2+4, math.Min(p.frame.x1-w/2-4, at.x+o[0]))
		y := math.Max(p.frame.y0+size+4, math.Min(p.frame.y1-6, at.y+o[1]))
		b := box{x - w/2, y - size, x + w/2, y + 3}
		cover := 0.0
		for _, t := range p.taken {
			cover += b.overlapArea(t)
		}
		for _, q := range p.lines {
			if b.holds(q) {
				cover += 12 // less bad than covering another label
			}
		}
		if cover < bestCover {
			best, bestCover = b, cover
		}
	}
	if math.IsInf(bestCover, 1) {
		return
	}
	p.taken = append(p.taken, best)
	p.c.text(point{(best.x0 + best.x1) / 2, best.y1 - 3}, size, "middle", colour, halo, s)
}

// noteLines remembers where lines run, so that labels keep off them.
func (p *plan) noteLines() {
	for _, f := range p.figs {
		if !f.struck {
			continue
		}
		p.lines = noted(p.lines, p.frame, p.pxAll(f.base))
	}
}

// noted adds points of the visible part of a line to dst, which is bounded.
func noted(dst []point, frame box, line []point) []point {
	for i := 1; i < len(line) && len(dst) < maxNoted; i++ {
		a, b := line[i-1], line[i]
		n := int(math.Min(200, a.distance(b)/8)) + 1
		for k := 0; k <= n; k++ {
			if q := a.towards(b, float64(k)/float64(n)); frame.holds(q) {
				dst = append(dst, q)
			}
		}
	}
	return dst
}

// maxNoted bounds how many points of lines are remembered.
const maxNoted = 4000

// around are offsets for a label beside a point.
var around = [][2]float64{{0, -10}, {0, 20}, {48, -8}, {-48, -8}, {48, 16}, {-48, 16}, {0, -26}, {0, 36}, {90, 4}, {-90, 4}, {120, 4}, {-120, 4}}

// labelFigures names each side once, at its part in conflict, and gives the
// times at the ends of trajectories.
func (p *plan) labelFigures() {
	named := [2]bool{}
	for _, f := range p.figs {
		if named[f.side] || !f.struck {
			continue
		}
		named[f.side] = true
		p.label(p.nameplace(f), p.cf.name(f.side), 14, f.colour, around)
		if f.isRoute() {
			p.labelTimes(f)
		}
	}
}

// labelTimes writes when a trajectory starts and ends, or enters and leaves the
// view.
func (p *plan) labelTimes(f *figure) {
	if len(f.stops) < 2 {
		return
	}
	for _, i := range []int{0, len(f.stops) - 1} {
		at := p.px(f.stops[i])
		if p.frame.holds(at) {
			p.label(at, Clock(f.route[i].TimeNS), 11.5, mutedColour, around)
		}
	}
}

// nameplace returns a visible place that belongs to a figure: the top of its
// outline, or the first visible point of its line.
func (p *plan) nameplace(f *figure) point {
	inner := box{p.frame.x0 + 30, p.frame.y0 + 24, p.frame.x1 - 30, p.frame.y1 - 40}
	if f.isRoute() {
		line := p.pxAll(f.base)
		total := 0.0
		var visible []point
		for i := 1; i < len(line); i++ {
			total += line[i].distance(line[i-1])
			for k := 0; k <= 8; k++ {
				if q := line[i-1].towards(line[i], float64(k)/8); inner.holds(q) {
					visible = append(visible, q)
				}
			}
		}
		if len(visible) > 0 {
			return visible[len(visible)/6]
		}
		return p.frame.middle()
	}
	top, ok := point{}, false
	consider := func(q point) {
		if inner.holds(q) && (!ok || q.y < top.y) {
			top, ok = q, true
		}
	}
	reach := f.radiusM * p.scale
	base := p.pxAll(f.base)
	if f.shape == volume.Circle {
		for a := 0.0; a < 2*math.Pi; a += math.Pi / 24 {
			consider(base[0].plus(reach*math.Cos(a), reach*math.Sin(a)))
		}
	}
	for i := 1; i < len(base); i++ {
		for k := 0; k <= 16; k++ {
			consider(base[i-1].towards(base[i], float64(k)/16).plus(0, -reach))
		}
	}
	if ok {
		return top
	}
	// No edge in sight: the view lies inside.
	return point{p.frame.middle().x, p.frame.y0 + 40}
}

// drawScaleAndNorth draws the scale bar and the north arrow over the plan.
func (p *plan) drawScaleAndNorth() {
	length, label := p.u.scaleBar(p.scale, 150)
	x, y := p.frame.x0+14, p.frame.y1-14
	p.c.rect(x-8, y-24, math.Max(length, textWidth(label, 12))+18, 32, `fill="#ffffff" fill-opacity="0.85"`)
	p.c.path(fmt.Sprintf("M%s %sv6h%sv-6", number(x), number(y-6), number(length)), `fill="none" stroke="`+inkColour+`" stroke-width="1.6"`)
	p.c.text(point{x + 4, y - 9}, 12, "start", inkColour, "", label)

	n := point{p.frame.x1 - 22, p.frame.y0 + 16}
	p.c.path(pathData([]point{n, n.plus(7, 22), n.plus(0, 16), n.plus(-7, 22)}, true), `fill="`+inkColour+`"`)
	p.c.text(n.plus(0, 36), 12, "middle", inkColour, `font-weight="bold"`, "N")
}

// drawLegend explains signs and lines below the plan: whose is what, and below
// it what the lines mean.
func (p *plan) drawLegend() {
	v := p.cf.Verdict
	const size, sign = 12.0, 40.0
	half := (p.frame.x1 - p.frame.x0) / 2
	y := p.frame.y1 + 20
	for side, id := range []string{v.A.ID, v.B.ID} {
		x := p.frame.x0 + float64(side)*half
		f := &figure{side: side, colour: sideColour(p.cf, side)}
		_, dash, _ := f.style()
		p.c.line(point{x, y - 4}, point{x + 34, y - 4}, f.colour, 2.4, dash)
		p.mark(point{x + 17, y - 4}, f, 7)
		p.c.text(point{x + sign, y}, size, "start", inkColour, "", fit(id, size, half-sign-12))
	}
	x := p.frame.x0
	y += 20
	p.c.path(pathData([]point{{x, y - 4}, {x + 30, y - 4}}, false), round(windowColour, 0.75, 9))
	p.c.text(point{x + sign, y}, size, "start", inkColour, "", "during the conflict")
	if p.required {
		x += half
		p.c.line(point{x, y - 4}, point{x + 30, y - 4}, dangerColour, 1.6, `stroke-dasharray="3 3"`)
		p.c.text(point{x + sign, y}, size, "start", inkColour, "", "required separation")
	}
}
