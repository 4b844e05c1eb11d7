package outline

import (
	"math"
	"math/bits"
)

// frame is the part of the plane that a shape takes up.
type frame struct {
	y0, y1 float64 // 1e-9 degree above the south edge of row 0
	x0, x1 float64 // 1e-9 degree east of the antimeridian, counted on over turns
	round  bool    // every longitude
	any    bool
}

func (f *frame) add(p point) {
	x := p.unrolled()
	if !f.any {
		f.y0, f.y1, f.x0, f.x1, f.any = p.y, p.y, x, x, true
		return
	}
	f.y0, f.y1 = min(f.y0, p.y), max(f.y1, p.y)
	f.x0, f.x1 = min(f.x0, x), max(f.x1, x)
}

// closeRound takes in a pole: all longitudes, and the latitudes up to it.
func (f *frame) closeRound() {
	f.round = true
	if f.y0+f.y1 > 2*originE9 {
		f.y1 = originE9 + 90e9
	} else {
		f.y0 = originE9 - 90e9
	}
}

// join takes in another frame.
func (f *frame) join(g *frame) {
	if !f.any {
		*f = *g
		return
	}
	f.y0, f.y1 = min(f.y0, g.y0), max(f.y1, g.y1)
	f.x0, f.x1 = min(f.x0, g.x0), max(f.x1, g.x1)
	f.round = f.round || g.round
}

// level returns the finest level at which the frame is at most maxSpanCells
// high and wide. It grows with the frame: with its height, its width and how
// near it comes to the equator, where columns span the least longitude.
func (f *frame) level() level {
	var l level
	for l.row < maxRowLevel && f.y1-f.y0 > maxSpanCells*l.heightE9() {
		l.row++
	}
	if f.round || f.x1-f.x0 >= turnE9 {
		f.x0, f.x1, f.round = 0, turnE9, true
	}
	nearest := max(f.y0, min(f.y1, originE9))
	wide := bands[level{}.rowOf(nearest)>>bandShift].colE9
	for l.col < maxColLevel && f.x1-f.x0 > maxSpanCells*float64(wide*float64(int64(1)<<l.col)) {
		l.col++
	}
	return l
}

// strip is the rows of a canvas that lie in one band. Cells are counted from
// column base; those that reach over a whole circle are wrapped.
type strip struct {
	grid
	first, last int32 // rows, inclusive
	base        int32 // column of bit 0, in [0, cols)
	width       int32 // columns kept of each row, at most cols
	marginX     float64
}

// canvas is a bitmap of the cells that shapes touch.
type canvas struct {
	level  level
	first  int32 // first row
	rows   int32
	words  int32 // of a row
	height float64
	margin float64 // on the y axis
	strips []strip
	bits   []uint64
	flips  []uint64 // a set bit flips inside and outside from there on eastward
	y0, y1 float64  // range of the ring being drawn
}

// reset prepares the canvas for shapes within a frame.
func (c *canvas) reset(f *frame, l level) {
	c.level, c.height = l, l.heightE9()
	partsY, partsX := l.margin()
	c.margin = float64(c.height * partsY)
	c.first = l.rowOf(f.y0 - c.margin)
	last := l.rowOf(f.y1 + c.margin)
	if south := int32(southRow) >> l.row; c.first < south+capRows {
		c.first, last = south, max(last, south+capRows-1)
	}
	if north := int32(northRow) >> l.row; last > north-capRows {
		c.first, last = min(c.first, north-capRows+1), north
	}
	c.rows = last - c.first + 1
	c.strips = c.strips[:0]
	widest := int32(1)
	for row := c.first; row <= last; {
		s := strip{grid: bandOf(row, l).at(l), first: row}
		s.last = min(last, row|(1<<(bandShift-l.row)-1))
		s.marginX = float64(s.wide * partsX)
		s.place(f)
		widest = max(widest, s.width)
		c.strips = append(c.strips, s)
		row = s.last + 1
	}
	c.words = (widest + 63) / 64
	n := int(c.rows * c.words)
	if cap(c.bits) < n {
		c.bits, c.flips = make([]uint64, n), make([]uint64, n)
	}
	c.bits, c.flips = c.bits[:n], c.flips[:n]
	clear(c.bits)
	clear(c.flips)
}

// place sets which columns of a strip are kept.
func (s *strip) place(f *frame) {
	s.width = s.cols
	if f.round {
		return
	}
	turn := math.Floor(f.x0 / turnE9)
	x0, x1 := f.x0-float64(turn*turnE9), f.x1-float64(turn*turnE9)
	// Two columns more on each side cover rounding and the margin.
	base := s.column(x0) - 2
	if width := s.column(x1) + 2 - base + 1; width < s.cols {
		s.base, s.width = floorMod(base, s.cols), width
	}
}

func floorMod(a, n int32) int32 {
	if a %= n; a < 0 {
		a += n
	}
	return a
}

// slanted is a straight segment as it runs through a strip.
type slanted struct {
	y, x     float64 // the lower end
	top      float64 // height of the upper end
	slope    float64
	lo, hi   float64 // range of x, grown by the margin
	reach    float64 // by how much a row's share is grown
	turned   int32   // from columns to those counted from the strip's base
	row, end int32   // rows, the last inclusive
}

// segment marks all cells that a straight segment touches once it is grown by
// the margin, and notes which rows it crosses in the middle.
func (c *canvas) segment(a, b point) {
	if b.y < a.y || b.y == a.y && b.unrolled() < a.unrolled() {
		a, b = b, a
	}
	x2 := b.x
	if b.turn != a.turn {
		x2 += float64(turnE9 * float64(b.turn-a.turn))
	}
	slope := 0.0
	if b.y > a.y {
		slope = (x2 - a.x) / (b.y - a.y)
	}
	first := max(c.level.rowOf(a.y-c.margin), c.first)
	last := min(c.level.rowOf(b.y+c.margin), c.first+c.rows-1)
	c.y0, c.y1 = min(c.y0, a.y), max(c.y1, b.y)
	for i := range c.strips {
		s := &c.strips[i]
		if s.last < first || s.first > last {
			continue
		}
		g := slanted{
			y: a.y, x: a.x, top: b.y, slope: slope, lo: min(a.x, x2) - s.marginX, hi: max(a.x, x2) + s.marginX,
			reach: float64(math.Abs(slope)*c.margin) + s.marginX, turned: a.turn*s.cols - s.base,
			row: max(first, s.first), end: min(last, s.last),
		}
		if b.y == a.y {
			g.reach += g.hi - g.lo
		}
		if g.lo >= 0 && g.hi < turnE9-s.wide && s.column(g.lo)+g.turned >= 0 && s.column(g.hi)+g.turned < s.width {
			c.slantPlainly(s, &g)
		} else {
			c.slant(s, &g)
		}
	}
}

// slant marks what a segment touches in the rows of a strip.
func (c *canvas) slant(s *strip, g *slanted) {
	for row := g.row; row <= g.end; row++ {
		south := float64(float64(row)*c.height) - g.y
		lo, hi := g.x+float64(south*g.slope), g.x+float64((south+c.height)*g.slope)
		if g.slope < 0 {
			lo, hi = hi, lo
		}
		v0 := s.column(min(g.hi, max(g.lo, lo-g.reach))) + g.turned
		v1 := s.column(max(g.lo, min(g.hi, hi+g.reach))) + g.turned
		c.mark(s, row, v0, v1)
		if middle := float64((float64(row) + 0.5) * c.height); middle >= g.y && middle < g.top {
			c.flip(s, row, v0)
		}
	}
}

// slantPlainly is slant for the usual case of a segment that neither crosses the
// antimeridian nor reaches over what is kept of the circle. All columns of a row
// between those returned by slant are marked, so it makes no difference at which
// of them inside and outside change.
func (c *canvas) slantPlainly(s *strip, g *slanted) {
	at := (g.row - c.first) * c.words
	south := float64(float64(g.row)*c.height) - g.y
	middle := float64((float64(g.row) - 0.5) * c.height)
	x := g.x + float64(south*g.slope)
	for row := g.row; row <= g.end; row++ {
		middle += c.height
		south += c.height
		next := g.x + float64(south*g.slope)
		lo, hi := x, next
		if lo > hi {
			lo, hi = hi, lo
		}
		x = next
		if lo -= g.reach; lo < g.lo {
			lo = g.lo
		} else if lo > g.hi {
			lo = g.hi
		}
		if hi += g.reach; hi > g.hi {
			hi = g.hi
		} else if hi < g.lo {
			hi = g.lo
		}
		v0, v1 := int32(lo*s.perE9)+g.turned, int32(hi*s.perE9)+g.turned
		w0, w1 := at+v0>>6, at+v1>>6
		m0, m1 := ^uint64(0)<<(v0&63), ^uint64(0)>>(63-v1&63)
		if w0 == w1 {
			c.bits[w0] |= m0 & m1
		} else {
			c.bits[w0] |= m0
			for w := w0 + 1; w < w1; w++ {
				c.bits[w] = ^uint64(0)
			}
			c.bits[w1] |= m1
		}
		if middle >= g.y && middle < g.top {
			c.flips[w0] ^= 1 << (v0 & 63)
		}
		at += c.words
	}
}

// mark sets the cells from column v0 to v1 of a row, counted from the strip's
// base.
func (c *canvas) mark(s *strip, row, v0, v1 int32) {
	if v0 < 0 || v1 >= s.width {
		c.markAround(s, row, v0, v1)
		return
	}
	c.set(row, v0, v1)
}

// markAround is mark for what reaches over the end of the kept columns: it
// comes in again at the other end.
func (c *canvas) markAround(s *strip, row, v0, v1 int32) {
	n := min(v1-v0+1, s.cols)
	v0 = floorMod(v0, s.cols)
	v1 = v0 + n - 1
	if v0 < s.width {
		c.set(row, v0, min(v1, s.width-1))
	}
	if v1 >= s.cols {
		c.set(row, 0, min(v1-s.cols, s.width-1))
	}
}

func (c *canvas) set(row, v0, v1 int32) {
	line := c.bits[(row-c.first)*c.words:][:c.words]
	w0, w1 := v0>>6, v1>>6
	m0, m1 := ^uint64(0)<<(v0&63), ^uint64(0)>>(63-v1&63)
	if w0 == w1 {
		line[w0] |= m0 & m1
		return
	}
	line[w0] |= m0
	for w := w0 + 1; w < w1; w++ {
		line[w] = ^uint64(0)
	}
	line[w1] |= m1
}

// flip notes that a ring crosses a row at column v: from there on eastward in is
// out. Where the ring has gone round, the start of the row changes sides too.
func (c *canvas) flip(s *strip, row, v int32) {
	line := c.flips[(row-c.first)*c.words:][:c.words]
	if v < 0 || v >= s.width {
		in := floorMod(v, s.cols)
		if (v-in)/s.cols&1 != 0 {
			line[0] ^= 1
		}
		// What is kept ends where no shape is: a flip beyond has no effect.
		if v = in; v >= s.width {
			return
		}
	}
	line[v>>6] ^= 1 << (v & 63)
}

// flipRows turns inside and outside around in whole rows: a ring around a pole
// closes over it from the height y.
func (c *canvas) flipRows(y float64) {
	north := c.y0+c.y1 > 2*originE9
	for row := range c.rows {
		middle := float64((float64(c.first+row) + 0.5) * c.height)
		if north == (middle >= y) {
			c.flips[row*c.words] ^= 1
		}
	}
	if north {
		c.y1 = originE9 + 90e9
	} else {
		c.y0 = originE9 - 90e9
	}
}

// ring marks the cells that a ring and its inside touch.
func (c *canvas) ring(ring []point) {
	c.y0, c.y1 = math.Inf(1), math.Inf(-1)
	last := ring[len(ring)-1]
	for i := 1; i < len(ring); i++ {
		c.segment(ring[i-1], ring[i])
	}
	c.segment(last, ring[0].after(last))
	if !closes(ring) {
		c.flipRows(ring[0].y)
	}
	c.fill()
}

// fill marks the cells inside the ring that was drawn. A cell that no edge touches lies wholly inside or outside, as the middle of its row
// there does.
func (c *canvas) fill() {
	first := max(c.level.rowOf(c.y0-c.margin), c.first) - c.first
	last := min(c.level.rowOf(c.y1+c.margin), c.first+c.rows-1) - c.first
	for i := first * c.words; i < (last+1)*c.words; i += c.words {
		inside := uint64(0)
		for w := i; w < i+c.words; w++ {
			f := c.flips[w]
			c.flips[w] = 0
			f ^= f << 1
			f ^= f << 2
			f ^= f << 4
			f ^= f << 8
			f ^= f << 16
			f ^= f << 32
			f ^= inside
			c.bits[w] |= f
			inside = 0 - f>>63
		}
	}
}

// span is a run of columns, both inclusive.
type span struct{ lo, hi int32 }

// spans appends the marked columns of a row, counted from the antimeridian, in
// ascending order with gaps between.
func (c *canvas) spans(dst []span, s *strip, row int32) []span {
	if c.level.atPole(row) {
		return append(dst, span{0, s.cols - 1})
	}
	had := len(dst)
	line := c.bits[(row-c.first)*c.words:][:c.words]
	open, carry := int32(-1), uint64(0)
	for w, word := range line {
		// A set bit is where a run starts or one beyond where it ends.
		ends := word ^ (word<<1 | carry)
		carry = word >> 63
		for ; ends != 0; ends &= ends - 1 {
			at := int32(w<<6 + bits.TrailingZeros64(ends))
			if open < 0 {
				open = at
				continue
			}
			dst = append(dst, span{open, at - 1})
			open = -1
		}
	}
	if open >= 0 {
		dst = append(dst, span{open, s.width - 1})
	}
	return normal(dst, had, s)
}

// normal brings the spans from index had on from the strip's columns to those
// of the circle of latitude, cut at the antimeridian.
func normal(dst []span, had int, s *strip) []span {
	for i := had; i < len(dst); i++ {
		dst[i].lo = dst[i].lo + s.base
		dst[i].hi = min(dst[i].hi, s.width-1) + s.base
	}
	if len(dst) == had || dst[len(dst)-1].hi < s.cols {
		return dst
	}
	return turned(dst, had, s.cols)
}

// turned brings spans that reach over the end of the circle back to its start.
func turned(dst []span, had int, cols int32) []span {
	from := had
	for dst[from].hi < cols {
		from++
	}
	over := append([]span(nil), dst[from:]...)
	rest := append([]span(nil), dst[had:from]...)
	dst = dst[:had]
	if over[0].lo < cols {
		rest = append(rest, span{over[0].lo, cols - 1})
		over[0].lo = cols
	}
	for _, o := range over {
		dst = append(dst, span{o.lo - cols, o.hi - cols})
	}
	return append(dst, rest...)
}
