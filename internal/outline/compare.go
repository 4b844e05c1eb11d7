package outline

import "math"

// until returns the end of the window for comparison: an instant lasts a
// nanosecond.
func (v *Volume) until() int64 {
	if v.endNS == v.startNS {
		return v.endNS + 1
	}
	return v.endNS
}

// Meets tells whether two outlines share a cell, metres of altitude and time.
// Windows are half-open: those that meet end to start do not overlap, and an
// instant is inside [start, end).
func (v Volume) Meets(o Volume) bool {
	if v.cells == "" || o.cells == "" ||
		v.startNS >= o.until() || o.startNS >= v.until() ||
		v.lowerM >= o.upperM || o.lowerM >= v.upperM {
		return false
	}
	return meet(v.cells, o.cells)
}

// Contains tells whether all cells, altitudes and times of o are in v.
func (v Volume) Contains(o Volume) bool {
	if v.cells == "" || o.cells == "" ||
		o.startNS < v.startNS || o.until() > v.until() ||
		o.lowerM < v.lowerM || o.upperM > v.upperM {
		return false
	}
	return holds(v.cells, o.cells)
}

// widen returns a run of columns of a level in columns of level 0. The last
// column of a circle may reach beyond its end.
func (s span) widen(l level) (lo, hi int32) {
	return s.lo << l.col, s.hi<<l.col | (1<<l.col - 1)
}

// rowsOf returns the rows of level 0 that a row of a level stands for.
func rowsOf(row int32, l level) (first, last int32) {
	return row << l.row, row<<l.row | (1<<l.row - 1)
}

// meet tells whether two sets of cells have one in common.
func meet(a, b string) bool {
	if a[0] != b[0] || a[1] != b[1] {
		return share(a, b, func(int32, level, level, []span, []span) bool { return true })
	}
	// Of one level: rows and columns compare as they are.
	var c, d cursor
	c.open(a)
	d.open(b)
	end := min(c.end, d.end)
	if c.row+1 >= end || d.row+1 >= end {
		return false
	}
	c.skip(d.row)
	d.skip(c.row)
	for c.row+1 < end {
		if c.kind == kindOne && d.kind == kindOne && c.left > 0 && d.left > 0 {
			if meetOnes(&c, &d, min(c.left, d.left, int(end-c.row-1))) {
				return true
			}
			continue
		}
		c.next()
		d.next()
		if c.kind == kindOne && d.kind == kindOne {
			if c.one.lo <= d.one.hi && d.one.lo <= c.one.hi {
				return true
			}
		} else if runsMeet(c.runs(), d.runs(), level{}, level{}) {
			return true
		}
	}
	return false
}

// skip reads on up to a row, rows of kind 0 in registers.
func (c *cursor) skip(to int32) {
	for c.row < to && c.next() {
		if c.kind != kindOne {
			continue
		}
		n := min(c.left, int(to-c.row))
		one, dLo, dHi, at := c.one, c.dLo, c.dHi, c.at
		k := 0
		for ; k < n; k++ {
			b := c.cells[at]
			if b == 255 {
				break // next reads it
			}
			at++
			dLo += int32(b>>4) - 7
			dHi += int32(b&15) - 7
			one.lo += dLo
			one.hi += dHi
		}
		c.one, c.dLo, c.dHi, c.at = one, dLo, dHi, at
		c.left -= k
		c.row += int32(k)
	}
}

// meetOnes goes through the next n rows of two blocks of kind 0 and tells whether
// they share a column in one of them. It is cursor.step for two, in registers:
// most comparisons of outlines are decided here.
func meetOnes(c, d *cursor, n int) bool {
	p, q := c.one, d.one
	pLo, pHi, qLo, qHi := c.dLo, c.dHi, d.dLo, d.dHi
	i, j := c.at, d.at
	for range n {
		x, y := c.cells[i], d.cells[j]
		i++
		j++
		if x != 255 && y != 255 {
			pLo += int32(x>>4) - 7
			pHi += int32(x&15) - 7
			qLo += int32(y>>4) - 7
			qHi += int32(y&15) - 7
			p.lo, p.hi = p.lo+pLo, p.hi+pHi
			q.lo, q.hi = q.lo+qLo, q.hi+qHi
		} else {
			c.one, c.dLo, c.dHi, c.at = p, pLo, pHi, i-1
			d.one, d.dLo, d.dHi, d.at = q, qLo, qHi, j-1
			c.step()
			d.step()
			p, pLo, pHi, i = c.one, c.dLo, c.dHi, c.at
			q, qLo, qHi, j = d.one, d.dLo, d.dHi, d.at
		}
		if p.lo <= q.hi && q.lo <= p.hi {
			return true
		}
	}
	c.one, c.dLo, c.dHi, c.at = p, pLo, pHi, i
	d.one, d.dLo, d.dHi, d.at = q, qLo, qHi, j
	c.row, d.row = c.row+int32(n), d.row+int32(n)
	c.left, d.left = c.left-n, d.left-n
	return false
}

// share walks through the rows that two sets of cells have in common, and calls
// visit where they share a column, until it returns true, which share returns.
func share(a, b string, visit func(row int32, la, lb level, a, b []span) bool) bool {
	var c, d cursor
	c.open(a)
	d.open(b)
	if !c.overlaps(&d) {
		return false
	}
	for more := c.next() && d.next(); more; {
		_, cEnd := rowsOf(c.row, c.level)
		_, dEnd := rowsOf(d.row, d.level)
		cStart, _ := rowsOf(c.row, c.level)
		dStart, _ := rowsOf(d.row, d.level)
		if cStart <= dEnd && dStart <= cEnd && runsMeet(c.runs(), d.runs(), c.level, d.level) &&
			visit(max(cStart, dStart), c.level, d.level, c.runs(), d.runs()) {
			return true
		}
		switch {
		case cEnd < dEnd:
			more = c.next()
		case dEnd < cEnd:
			more = d.next()
		default:
			more = c.next() && d.next()
		}
	}
	return false
}

// overlaps tells whether the ranges of rows of two cursors overlap.
func (c *cursor) overlaps(d *cursor) bool {
	cFirst, _ := rowsOf(c.row+1, c.level)
	dFirst, _ := rowsOf(d.row+1, d.level)
	_, cLast := rowsOf(c.end-1, c.level)
	_, dLast := rowsOf(d.end-1, d.level)
	return cFirst <= dLast && dFirst <= cLast
}

func runsMeet(a, b []span, la, lb level) bool {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		alo, ahi := a[i].widen(la)
		blo, bhi := b[j].widen(lb)
		switch {
		case ahi < blo:
			i++
		case bhi < alo:
			j++
		default:
			return true
		}
	}
	return false
}

// holds tells whether all cells of b are in a.
func holds(a, b string) bool {
	var c, d cursor
	c.open(a)
	d.open(b)
	cFirst, _ := rowsOf(c.row+1, c.level)
	dFirst, _ := rowsOf(d.row+1, d.level)
	_, cLast := rowsOf(c.end-1, c.level)
	_, dLast := rowsOf(d.end-1, d.level)
	if max(dFirst, southRow) < cFirst || min(dLast, northRow) > cLast {
		return false
	}
	for more := c.next() && d.next(); more; {
		cStart, cEnd := rowsOf(c.row, c.level)
		dStart, dEnd := rowsOf(d.row, d.level)
		if cStart <= dEnd && dStart <= cEnd && !runsHold(c.runs(), d.runs(), c.level, d.level, bandOf(d.row, d.level).cols) {
			return false
		}
		switch {
		case cEnd < dEnd:
			more = c.next()
		case dEnd < cEnd:
			more = d.next()
		default:
			more = c.next() && d.next()
		}
	}
	return true
}

// runsHold tells whether each of the runs b lies in one of the runs a, on a
// circle of the given number of columns.
func runsHold(a, b []span, la, lb level, cols int32) bool {
	i := 0
	for _, r := range b {
		lo, hi := r.widen(lb)
		hi = min(hi, cols-1)
		for ; ; i++ {
			if i == len(a) {
				return false
			}
			alo, ahi := a[i].widen(la)
			if ahi >= lo {
				if alo > lo || ahi < hi {
					return false
				}
				break
			}
		}
	}
	return true
}

// hull gathers the box around runs of columns, which may lie on both sides of
// the antimeridian.
type hull struct {
	y0, y1 int64 // 1e-9 degree above the south edge of row 0
	// What lies in the western half of the map and what in the eastern, in 1e-9
	// degree east of the antimeridian. A run over the middle is in both.
	w0, w1, e0, e1 int64
}

func newHull() hull {
	return hull{math.MaxInt64, math.MinInt64, math.MaxInt64, math.MinInt64, math.MaxInt64, math.MinInt64}
}

// add takes in rows and columns of level 0.
func (h *hull) add(firstRow, lastRow, lo, hi int32) {
	b := &bands[firstRow>>bandShift]
	h.y0 = min(h.y0, int64(firstRow)*rowE9)
	h.y1 = max(h.y1, (int64(lastRow)+1)*rowE9)
	x0, x1 := int64(lo)*int64(b.colE9), min(turnE9, (int64(hi)+1)*int64(b.colE9))
	if x0 < turnE9/2 {
		h.w0, h.w1 = min(h.w0, x0), max(h.w1, x1)
	}
	if x1 > turnE9/2 {
		h.e0, h.e1 = min(h.e0, x0), max(h.e1, x1)
	}
}
