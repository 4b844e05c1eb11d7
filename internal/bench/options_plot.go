package bench

import (
	"bytes"
	"fmt"
	"math"
)

// Sizes of the drawing and its margins, in pixels.
const (
	plotWidth, plotHeight                    = 760, 420
	plotLeft, plotRight, plotTop, plotBottom = 80, 150, 56, 60
)

// curve is a line of the drawing.
type curve struct {
	name, colour, dash string
	of                 func(*costPoint) float64 // milliseconds; 0: not measured
}

// Colours after Okabe and Ito, dashes for who cannot tell them.
var curves = []curve{
	{"ranked list, p99", "#0072b2", "6 4", func(p *costPoint) float64 { return p.list.p99 }},
	{"ranked list, p50", "#0072b2", "none", func(p *costPoint) float64 { return p.list.p50 }},
	{"re-route, p99", "#d55e00", "6 4", func(p *costPoint) float64 { return p.reroute.p99 }},
	{"re-route, p50", "#d55e00", "none", func(p *costPoint) float64 { return p.reroute.p50 }},
	{"three at once, p99", "#00805d", "6 4", func(p *costPoint) float64 { return p.joint.p99 }},
	{"three at once, p50", "#00805d", "none", func(p *costPoint) float64 { return p.joint.p50 }},
}

// plot maps decades of intents and milliseconds to the drawing.
type plot struct {
	b              bytes.Buffer
	x0, x1, y0, y1 float64 // decades
}

// plotCosts draws the time of one answer over the number of intents, both on
// logarithmic axes, as SVG.
func plotCosts(points []costPoint) []byte {
	d := &plot{x0: math.Inf(1), x1: math.Inf(-1), y0: math.Inf(1), y1: math.Inf(-1)}
	for i := range points {
		x := math.Log10(float64(points[i].intents))
		d.x0, d.x1 = min(d.x0, x), max(d.x1, x)
		for _, c := range curves {
			if ms := c.of(&points[i]); ms > 0 {
				d.y0, d.y1 = min(d.y0, math.Floor(math.Log10(ms))), max(d.y1, math.Ceil(math.Log10(ms)))
			}
		}
	}
	d.x1, d.y1 = max(d.x1, d.x0+1), max(d.y1, d.y0+1)
	fmt.Fprintf(&d.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif" role="img">`+"\n", plotWidth, plotHeight)
	fmt.Fprintln(&d.b, "<title>Time of one answer over the number of intents</title>")
	fmt.Fprintln(&d.b, `<rect width="100%" height="100%" fill="#ffffff"/>`)
	d.text(24, 32, 15, "start", "#1a1a1a", "An answer costs what is near the plan, not what exists")
	d.axes(points)
	ends := d.labels(&points[len(points)-1])
	for i, c := range curves {
		d.curve(points, &c, ends[i])
	}
	fmt.Fprintln(&d.b, "</svg>")
	return d.b.Bytes()
}

func (d *plot) x(intents int) float64 {
	return plotLeft + (math.Log10(float64(intents))-d.x0)/(d.x1-d.x0)*(plotWidth-plotLeft-plotRight)
}

func (d *plot) y(ms float64) float64 {
	return plotHeight - plotBottom - (math.Log10(ms)-d.y0)/(d.y1-d.y0)*(plotHeight-plotTop-plotBottom)
}

func (d *plot) text(x, y, size float64, anchor, colour, s string) {
	fmt.Fprintf(&d.b, `<text x="%.1f" y="%.1f" font-size="%g" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, size, anchor, colour, s)
}

func (d *plot) axes(points []costPoint) {
	for e := d.y0; e <= d.y1; e++ {
		ms := math.Pow(10, e)
		fmt.Fprintf(&d.b, `<path d="M%d %.1fH%d" stroke="#dedede"/>`+"\n", plotLeft, d.y(ms), plotWidth-plotRight)
		d.text(plotLeft-8, d.y(ms)+4, 12, "end", "#5c5c5c", fmt.Sprintf("%g ms", ms))
	}
	for i := range points {
		x := d.x(points[i].intents)
		fmt.Fprintf(&d.b, `<path d="M%.1f %dV%d" stroke="#dedede"/>`+"\n", x, plotTop, plotHeight-plotBottom)
		d.text(x, plotHeight-plotBottom+20, 12, "middle", "#5c5c5c", grouped(points[i].intents))
	}
	d.text((plotLeft+plotWidth-plotRight)/2, plotHeight-16, 12, "middle", "#5c5c5c", "intents, at one density")
}

// labels returns the heights of the names of the curves: at their ends, but
// never over each other.
func (d *plot) labels(last *costPoint) []float64 {
	const apart = 15
	out := make([]float64, len(curves))
	for i := range curves {
		out[i] = math.Inf(1)
		if ms := curves[i].of(last); ms > 0 {
			out[i] = d.y(ms)
		}
	}
	for range curves {
		for i := range out {
			for j := range out {
				if gap := out[j] - out[i]; i != j && math.Abs(gap) < apart && (gap > 0 || gap == 0 && j > i) {
					out[j] = out[i] + apart
				}
			}
		}
	}
	return out
}

func (d *plot) curve(points []costPoint, c *curve, labelY float64) {
	var path []byte
	for i := range points {
		ms := c.of(&points[i])
		if ms <= 0 {
			continue
		}
		x, y := d.x(points[i].intents), d.y(ms)
		path = fmt.Appendf(path, "%c%.1f %.1f", "ML"[min(1, len(path))], x, y)
		fmt.Fprintf(&d.b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x, y, c.colour)
	}
	if len(path) == 0 {
		return
	}
	fmt.Fprintf(&d.b, `<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`+"\n", path, c.colour, c.dash)
	if !math.IsInf(labelY, 1) {
		d.text(plotWidth-plotRight+12, labelY+4, 12, "start", c.colour, c.name)
	}
}

// grouped writes a number with commas.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
