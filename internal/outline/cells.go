package outline

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The encoded form of a set of cells. It is canonical: one set at one level has
// one encoding.
//
//	header  1 byte row level, 1 byte column level, 3 bytes first row, 2 bytes rows
//	blocks  2 bytes: rows of the block, less one, in 10 bits, and its kind in the
//	        next 2; then the rows
//
// Numbers are little-endian, "varint" is encoding/binary's. Rows follow each
// other without gaps; every row has at least one run of columns. A block holds
// as many rows as it can: those of one kind within one band.
//
//	kind 0  one run a row. First row: varints of its first column and of its
//	        length less one. Each further row is one byte: how much the steps of
//	        the first and of the last column from the row before differ from the
//	        steps before that (at first 0), plus 7, in 4 bits each, the first
//	        column's in the upper. Where one does not fit into 0 to 14, the byte
//	        is 255 and both differences follow as signed varints.
//	kind 1  2 to 32 runs a row: their number less two; as a signed varint the
//	        step of the first column from that of the row before, at first from
//	        0; then lengths less one and gaps less one in turn, as varints.
//	kind 2  more runs a row: the step as in kind 1; a varint of the number of
//	        columns from the first to the last less one; then one bit a column,
//	        lowest first, in whole bytes.
const (
	headerBytes = 7
	maxRows     = 612
	kindOne     = 0
	kindFew     = 1
	kindMany    = 2
	maxFew      = 32
	// MaxCellsBytes bounds the encoded form of any outline.
	MaxCellsBytes = 64 << 10
)

// cellsWriter encodes rows one after another.
type cellsWriter struct {
	dst      []byte
	level    level
	start    int // of the header
	block    int // of the block being written; 0: none
	kind     int
	rows     int // of the block
	total    int
	next     int32 // row
	last     span  // kind 0: the row before; else lo only
	dLo, dHi int32 // kind 0: the steps before
}

func (w *cellsWriter) begin(dst []byte, l level, first int32) {
	*w = cellsWriter{level: l, start: len(dst), next: first}
	w.dst = append(dst, l.row, l.col, byte(first), byte(first>>8), byte(first>>16), 0, 0)
}

func kindOf(runs int) int {
	switch {
	case runs == 1:
		return kindOne
	case runs <= maxFew:
		return kindFew
	}
	return kindMany
}

// add appends a row.
func (w *cellsWriter) add(runs []span) {
	kind := kindOf(len(runs))
	if w.rows == 0 || kind != w.kind || w.next&(1<<(bandShift-w.level.row)-1) == 0 {
		w.closeBlock()
		w.block, w.kind, w.last, w.dLo, w.dHi = len(w.dst), kind, span{}, 0, 0
		w.dst = append(w.dst, 0, 0)
	}
	switch kind {
	case kindOne:
		w.addOne(runs[0])
	case kindFew:
		w.dst = append(w.dst, byte(len(runs)-2))
		w.dst = binary.AppendVarint(w.dst, int64(runs[0].lo-w.last.lo))
		for i, r := range runs {
			if i > 0 {
				w.dst = binary.AppendUvarint(w.dst, uint64(r.lo-runs[i-1].hi-2))
			}
			w.dst = binary.AppendUvarint(w.dst, uint64(r.hi-r.lo))
		}
		w.last = runs[0]
	default:
		w.addMany(runs)
	}
	w.rows++
	w.total++
	w.next++
}

func (w *cellsWriter) addOne(r span) {
	if w.rows == 0 {
		w.dst = binary.AppendUvarint(w.dst, uint64(r.lo))
		w.dst = binary.AppendUvarint(w.dst, uint64(r.hi-r.lo))
		w.last = r
		return
	}
	dLo, dHi := r.lo-w.last.lo, r.hi-w.last.hi
	a, b := dLo-w.dLo, dHi-w.dHi
	if uint32(a+7) <= 14 && uint32(b+7) <= 14 {
		w.dst = append(w.dst, byte(a+7)<<4|byte(b+7))
	} else {
		w.dst = append(w.dst, 255)
		w.dst = binary.AppendVarint(w.dst, int64(a))
		w.dst = binary.AppendVarint(w.dst, int64(b))
	}
	w.last, w.dLo, w.dHi = r, dLo, dHi
}

func (w *cellsWriter) addMany(runs []span) {
	lo, hi := runs[0].lo, runs[len(runs)-1].hi
	w.dst = binary.AppendVarint(w.dst, int64(lo-w.last.lo))
	w.dst = binary.AppendUvarint(w.dst, uint64(hi-lo))
	at := len(w.dst)
	for range (hi-lo)/8 + 1 {
		w.dst = append(w.dst, 0)
	}
	for _, r := range runs {
		for c := r.lo - lo; c <= r.hi-lo; c++ {
			w.dst[at+int(c>>3)] |= 1 << (c & 7)
		}
	}
	w.last = runs[0]
}

func (w *cellsWriter) closeBlock() {
	if w.rows > 0 {
		binary.LittleEndian.PutUint16(w.dst[w.block:], uint16(w.rows-1|w.kind<<10))
	}
	w.rows = 0
}

// end returns the encoded cells.
func (w *cellsWriter) end() []byte {
	w.closeBlock()
	binary.LittleEndian.PutUint16(w.dst[w.start+5:], uint16(w.total))
	return w.dst
}

// cursor reads the rows of encoded cells that are known to be sound.
type cursor struct {
	cells    string
	level    level
	row      int32 // the row read last
	end      int32 // one beyond the last row
	at       int   // in cells
	left     int   // rows of the block that are not yet read
	kind     int
	one      span // the run of a row of kind 0; else its first column is that of the first run
	dLo, dHi int32
	buf      []span // the runs of a row of another kind
}

// open starts before the first row.
func (c *cursor) open(cells string) {
	*c = cursor{cells: cells, at: headerBytes}
	c.level = level{cells[0], cells[1]}
	c.row = int32(cells[2]) | int32(cells[3])<<8 | int32(cells[4])<<16
	c.end = c.row + (int32(cells[5]) | int32(cells[6])<<8)
	c.row--
}

// next reads the next row; false after the last.
func (c *cursor) next() bool {
	c.row++
	if c.row >= c.end {
		return false
	}
	first := c.left == 0
	if first {
		c.kind = int(c.cells[c.at+1]) >> 2
		c.left = int(c.cells[c.at]) | int(c.cells[c.at+1]&3)<<8 + 1
		c.at += 2
		c.one, c.dLo, c.dHi = span{}, 0, 0
	}
	c.left--
	switch {
	case c.kind != kindOne:
		c.several()
	case first:
		c.one.lo = int32(c.uvarint())
		c.one.hi = c.one.lo + int32(c.uvarint())
	default:
		c.step()
	}
	return true
}

// runs returns the runs of the row, in ascending order; valid until the next.
func (c *cursor) runs() []span {
	if c.kind == kindOne {
		c.buf = append(c.buf[:0], c.one)
	}
	return c.buf
}

// step moves c.one to the next row of a block of kind 0.
func (c *cursor) step() {
	b := c.cells[c.at]
	c.at++
	if b == 255 {
		c.leap()
		return
	}
	c.dLo += int32(b>>4) - 7
	c.dHi += int32(b&15) - 7
	c.one.lo += c.dLo
	c.one.hi += c.dHi
}

// leap is step for differences that do not fit into 4 bits.
func (c *cursor) leap() {
	c.dLo += int32(c.varint())
	c.dHi += int32(c.varint())
	c.one.lo += c.dLo
	c.one.hi += c.dHi
}

// several reads a row of kind 1 or 2 into c.buf.
func (c *cursor) several() {
	n := 0
	if c.kind == kindFew {
		n = int(c.cells[c.at]) + 2
		c.at++
	}
	c.one.lo += int32(c.varint())
	c.buf = c.buf[:0]
	at := c.one.lo
	if c.kind == kindFew {
		for i := range n {
			if i > 0 {
				at += int32(c.uvarint()) + 2
			}
			hi := at + int32(c.uvarint())
			c.buf = append(c.buf, span{at, hi})
			at = hi
		}
		return
	}
	width := int32(c.uvarint()) + 1
	bytes := c.cells[c.at:][:(width+7)/8]
	c.at += len(bytes)
	open, carry := int32(-1), byte(0)
	for i := range bytes {
		b := bytes[i]
		ends := b ^ (b<<1 | carry)
		carry = b >> 7
		for ; ends != 0; ends &= ends - 1 {
			k := at + int32(i<<3+bits.TrailingZeros8(ends))
			if open < 0 {
				open = k
				continue
			}
			c.buf = append(c.buf, span{open, k - 1})
			open = -1
		}
	}
	if open >= 0 {
		c.buf = append(c.buf, span{open, at + width - 1})
	}
}

func (c *cursor) uvarint() uint64 {
	b := c.cells[c.at]
	c.at++
	if b < 0x80 {
		return uint64(b)
	}
	x := uint64(b & 0x7f)
	for shift := 7; ; shift += 7 {
		b = c.cells[c.at]
		c.at++
		x |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return x
		}
	}
}

func (c *cursor) varint() int64 {
	x := c.uvarint()
	return int64(x>>1) ^ -int64(x&1)
}

// FormatError says that bytes are no outline.
type FormatError struct {
	At     int    // offset of the fault
	Detail string // what was found and what was expected
}

func (e *FormatError) Error() string { return fmt.Sprintf("outline, byte %d: %s", e.At, e.Detail) }
