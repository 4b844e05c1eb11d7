package picture

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/deconflict/deconflict/internal/volume"
)

// Colours after Okabe and Ito (Color Universal Design, 2008): the pair stays
// apart for every common kind of colour vision, and line style and label carry
// the same distinction without colour.
const (
	inkColour    = "#1a1a1a"
	mutedColour  = "#5c5c5c"
	gridColour   = "#dedede"
	paperColour  = "#ffffff"
	groundColour = "#fbfbf8"
	windowColour = "#f0d000"
	dangerColour = "#8a2b00"
	fontFamily   = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
)

// Colours of the sides: a zone is always of one hue, and plans have two others.
var (
	planColours = [2]string{"#0072b2", "#00805d"} // of A and of B
	zoneColour  = "#d55e00"
)

// sideColour returns the colour of a side, 0 for A and 1 for B.
func sideColour(cf Conflict, side int) string {
	ref := cf.Verdict.A
	if side == 1 {
		ref = cf.Verdict.B
	}
	if ref.Kind == volume.Constraint {
		return zoneColour
	}
	return planColours[side]
}

// point is a place on the drawing or in a local plane.
type point struct{ x, y float64 }

func (p point) plus(x, y float64) point  { return point{p.x + x, p.y + y} }
func (p point) distance(q point) float64 { return math.Hypot(q.x-p.x, q.y-p.y) }
func (p point) towards(q point, t float64) point {
	return point{p.x + (q.x-p.x)*t, p.y + (q.y-p.y)*t}
}

// canvas collects SVG elements. Every string that did not originate here goes
// through escape.
type canvas struct{ b strings.Builder }

// number writes a coordinate to a tenth of a pixel.
func number(v float64) string {
	// Far off the drawing the exact place no longer matters, and renderers
	// choke on huge coordinates.
	v = math.Round(math.Max(-1e6, math.Min(1e6, v))*10) / 10
	if v == 0 {
		v = 0 // no minus sign
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// escape makes text safe in SVG content and attributes, and drops what XML 1.0
// does not allow.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF || unicode.Is(unicode.C, r):
			b.WriteByte(' ') // controls, and marks that turn the direction of text round
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// shorten cuts text that would not fit to n runes, one of them an ellipsis. It
// keeps the end, where ids made of file names differ.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	tail := (n - 1) / 3
	return strings.TrimRight(string(r[:n-1-tail]), " ") + "…" + strings.TrimLeft(string(r[len(r)-tail:]), " ")
}

// add writes one line of markup; its arguments must be safe.
func (c *canvas) add(format string, args ...any) {
	fmt.Fprintf(&c.b, format, args...)
	c.b.WriteByte('\n')
}

// text writes a line of text. Anchor is start, middle or end.
func (c *canvas) text(at point, size float64, anchor, colour, extra, s string) {
	c.add(`<text x="%s" y="%s" font-size="%s" text-anchor="%s" fill="%s"%s>%s</text>`,
		number(at.x), number(at.y), number(size), anchor, colour, spaced(extra), escape(s))
}

// halo is the extra attribute that keeps text legible over lines.
const halo = `stroke="#ffffff" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke"`

func (c *canvas) line(a, b point, colour string, width float64, extra string) {
	c.add(`<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s" stroke-width="%s"%s/>`,
		number(a.x), number(a.y), number(b.x), number(b.y), colour, number(width), spaced(extra))
}

func (c *canvas) rect(x, y, w, h float64, extra string) {
	c.add(`<rect x="%s" y="%s" width="%s" height="%s"%s/>`, number(x), number(y), number(w), number(h), spaced(extra))
}

func (c *canvas) path(d, extra string) {
	if d != "" {
		c.add(`<path d="%s"%s/>`, d, spaced(extra))
	}
}

func (c *canvas) circle(at point, r float64, extra string) {
	c.add(`<circle cx="%s" cy="%s" r="%s"%s/>`, number(at.x), number(at.y), number(r), spaced(extra))
}

// clip begins a group of which only what is in the frame is seen.
func (c *canvas) clip(id string, frame box) {
	c.add(`<clipPath id="%s"><rect x="%s" y="%s" width="%s" height="%s"/></clipPath>`, id,
		number(frame.x0), number(frame.y0), number(frame.x1-frame.x0), number(frame.y1-frame.y0))
	c.add(`<g clip-path="url(#%s)">`, id)
}

func spaced(extra string) string {
	if extra == "" {
		return ""
	}
	return " " + extra
}

// pathData writes a polyline, leaving out points that would not move the pen by
// a third of a pixel, so that 10,000 vertices stay a small drawing.
func pathData(pts []point, closed bool) string {
	var b strings.Builder
	last := point{math.Inf(1), 0}
	for i, p := range pts {
		if i > 0 && i < len(pts)-1 && p.distance(last) < 1.0/3 {
			continue
		}
		op := byte('L')
		if i == 0 {
			op = 'M'
		}
		b.WriteByte(op)
		b.WriteString(number(p.x))
		b.WriteByte(' ')
		b.WriteString(number(p.y))
		last = p
	}
	if closed && len(pts) > 0 {
		b.WriteByte('Z')
	}
	return b.String()
}

// writeTo writes the finished drawing.
func (c *canvas) writeTo(w io.Writer, width, height float64, title string) error {
	_, err := fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" font-family="%s" role="img">
<title>%s</title>
<rect width="100%%" height="100%%" fill="%s"/>
%s</svg>
`, number(width), number(height), number(width), number(height), fontFamily, escape(title), paperColour, c.b.String())
	return err
}

// textWidth estimates the width of a line of text in the font family used.
func textWidth(s string, size float64) float64 {
	ems := 0.0
	for _, r := range s {
		switch {
		case r >= 0x1100: // Hangul and what follows, East Asian scripts among it
			ems++
		case unicode.IsUpper(r):
			ems += 0.7
		default:
			ems += 0.6
		}
	}
	return ems * size
}

// fit shortens text until it is no wider than width.
func fit(s string, size, width float64) string {
	short := s
	for n := utf8.RuneCountInString(s); n > 1 && textWidth(short, size) > width; {
		n--
		short = shorten(s, n)
	}
	return short
}

// box is an upright rectangle.
type box struct{ x0, y0, x1, y1 float64 }

func emptyBox() box {
	return box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
}

func (b *box) include(p point, r float64) {
	b.x0, b.x1 = math.Min(b.x0, p.x-r), math.Max(b.x1, p.x+r)
	b.y0, b.y1 = math.Min(b.y0, p.y-r), math.Max(b.y1, p.y+r)
}

func (b *box) join(o box) {
	b.x0, b.x1 = math.Min(b.x0, o.x0), math.Max(b.x1, o.x1)
	b.y0, b.y1 = math.Min(b.y0, o.y0), math.Max(b.y1, o.y1)
}

func (b box) empty() bool { return b.x0 > b.x1 }
func (b box) diagonal() float64 {
	if b.empty() {
		return 0
	}
	return math.Hypot(b.x1-b.x0, b.y1-b.y0)
}
func (b box) middle() point      { return point{(b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2} }
func (b box) holds(p point) bool { return p.x >= b.x0 && p.x <= b.x1 && p.y >= b.y0 && p.y <= b.y1 }

func (b box) overlapArea(o box) float64 {
	return math.Max(0, math.Min(b.x1, o.x1)-math.Max(b.x0, o.x0)) * math.Max(0, math.Min(b.y1, o.y1)-math.Max(b.y0, o.y0))
}
