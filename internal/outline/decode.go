package outline

import (
	"encoding/binary"
	"fmt"

	"github.com/deconflict/deconflict/internal/volume"
)

// AppendCells appends the encoded cells: see cells.go for the form.
func (v Volume) AppendCells(dst []byte) []byte { return append(dst, v.cells...) }

// FromCells returns the outline of encoded cells, altitudes in metres and a
// window in nanoseconds since 1970. Only the one encoding that AppendCells gives
// is accepted. Errors are *FormatError or *volume.InvalidError.
func FromCells(cells []byte, lowerM, upperM int32, startNS, endNS int64) (Volume, error) {
	v, rest, err := parseCells(cells)
	if err != nil {
		return Volume{}, err
	}
	if len(rest) > 0 {
		return Volume{}, &FormatError{len(cells) - len(rest), "cells go on after the last row"}
	}
	return v.with(lowerM, upperM, startNS, endNS)
}

func (v Volume) with(lowerM, upperM int32, startNS, endNS int64) (Volume, error) {
	if lowerM >= upperM {
		return Volume{}, &volume.InvalidError{Reason: volume.LowerNotBelow, At: -1, Detail: fmt.Sprintf("the lower altitude must be below the upper, found %d m and %d m", lowerM, upperM)}
	}
	if startNS > endNS {
		return Volume{}, &volume.InvalidError{Reason: volume.EndNotAfterStart, At: -1, Detail: fmt.Sprintf("the end must not be before the start, found %d ns and %d ns", startNS, endNS)}
	}
	if startNS < volume.AlwaysNS || endNS > volume.ForeverNS {
		return Volume{}, &volume.InvalidError{Reason: volume.OutOfRange, At: -1, Detail: fmt.Sprintf("times %d ns to %d ns are out of range", startNS, endNS)}
	}
	v.lowerM, v.upperM, v.startNS, v.endNS = lowerM, upperM, startNS, endNS
	return v, nil
}

// boundsBytes is the length of altitudes and times in the binary form.
const boundsBytes = 4 + 4 + 8 + 8

// AppendBinary appends the outline's binary form: altitudes in metres, times in
// nanoseconds, little-endian, and the encoded cells, which end by themselves.
func (v Volume) AppendBinary(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(v.lowerM))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(v.upperM))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(v.startNS))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(v.endNS))
	return append(dst, v.cells...)
}

// ParseBinary returns the outline whose binary form data starts with, and what
// follows it. Errors are *FormatError or *volume.InvalidError.
func ParseBinary(data []byte) (v Volume, rest []byte, err error) {
	if len(data) < boundsBytes {
		return Volume{}, data, &FormatError{len(data), fmt.Sprintf("it ends within its first %d bytes", boundsBytes)}
	}
	v, rest, err = parseCells(data[boundsBytes:])
	if err != nil {
		err.(*FormatError).At += boundsBytes
		return Volume{}, data, err
	}
	v, err = v.with(int32(binary.LittleEndian.Uint32(data)), int32(binary.LittleEndian.Uint32(data[4:])),
		int64(binary.LittleEndian.Uint64(data[8:])), int64(binary.LittleEndian.Uint64(data[16:])))
	if err != nil {
		return Volume{}, data, err
	}
	return v, rest, nil
}

// parser reads encoded cells that may be anything, and checks all that the
// other code relies on.
type parser struct {
	data  []byte
	at    int
	level level
	row   int32
	err   *FormatError
	runs  []span
	last  span
	dLo   int64
	dHi   int64
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = &FormatError{p.at, fmt.Sprintf(format, args...)}
	}
}

// parseCells reads encoded cells from the start of data. Whether the encoding is
// the one that the writer gives is told by writing it again.
func parseCells(data []byte) (v Volume, rest []byte, err error) {
	p := parser{data: data}
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	p.runs = w.spans[:0]
	var again cellsWriter
	rows := p.header()
	again.begin(w.out[:0], p.level, p.row)
	for rows > 0 && p.err == nil {
		rows -= p.block(rows, &again)
	}
	out := again.end()
	w.out, w.spans = out[:0], p.runs[:0]
	if p.err != nil {
		return Volume{}, data, p.err
	}
	for i, b := range out {
		if i >= p.at || b != data[i] {
			return Volume{}, data, &FormatError{min(i, p.at), "this is not the shortest form"}
		}
	}
	if len(out) != p.at {
		return Volume{}, data, &FormatError{len(out), "this is not the shortest form"}
	}
	return Volume{cells: string(out)}, data[p.at:], nil
}

// header reads the header and returns the number of rows.
func (p *parser) header() (rows int) {
	if len(p.data) < headerBytes {
		p.fail("the header has %d bytes, found %d", headerBytes, len(p.data))
		return 0
	}
	d := p.data
	p.at = headerBytes
	p.level = level{d[0], d[1]}
	if d[0] > maxRowLevel || d[1] > maxColLevel {
		p.fail("levels are at most %d and %d, found %d and %d", maxRowLevel, maxColLevel, d[0], d[1])
		p.level = level{}
		return 0
	}
	p.row = int32(d[2]) | int32(d[3])<<8 | int32(d[4])<<16
	rows = int(d[5]) | int(d[6])<<8
	if p.row < southRow>>d[0] || int(p.row)+rows-1 > northRow>>d[0] || rows == 0 || rows > maxRows {
		p.fail("rows are 1 to %d from %d to %d, found %d from %d", maxRows, southRow>>d[0], northRow>>d[0], rows, p.row)
		return 0
	}
	return rows
}

// block reads one block of at most the given rows and returns its number of rows.
func (p *parser) block(room int, again *cellsWriter) int {
	if len(p.data)-p.at < 2 {
		p.fail("a block is missing")
		return 0
	}
	head := int(p.data[p.at]) | int(p.data[p.at+1])<<8
	rows, kind := head&1023+1, head>>10
	if rows > room || kind > kindMany {
		p.fail("a block is of kind 0 to %d with up to %d rows, found kind %d and %d rows", kindMany, room, kind, rows)
		return 0
	}
	p.at += 2
	p.last, p.dLo, p.dHi = span{}, 0, 0
	for i := range rows {
		cols := bandOf(p.row, p.level).columns(p.level)
		p.runs = p.runs[:0]
		switch kind {
		case kindOne:
			p.one(i == 0, cols)
		case kindFew:
			p.few(cols)
		default:
			p.many(cols)
		}
		if p.err == nil && kindOf(len(p.runs)) != kind {
			p.fail("a row of kind %d with %d runs", kind, len(p.runs))
		}
		if p.err != nil {
			return 0
		}
		again.add(p.runs)
		p.row++
	}
	return rows
}

// keep appends a run of columns after checking it against the circle.
func (p *parser) keep(lo, hi int64, cols int32) {
	if lo < 0 || hi < lo || hi >= int64(cols) {
		p.fail("columns are 0 to %d, found %d to %d", cols-1, lo, hi)
		return
	}
	p.runs = append(p.runs, span{int32(lo), int32(hi)})
}

func (p *parser) one(first bool, cols int32) {
	if first {
		lo := p.uvarint()
		p.keep(lo, lo+p.uvarint(), cols)
	} else {
		if p.at >= len(p.data) {
			p.fail("a row is missing")
			return
		}
		b := p.data[p.at]
		p.at++
		switch {
		case b == 255:
			p.dLo += p.varint()
			p.dHi += p.varint()
		case b>>4 > 14 || b&15 > 14:
			p.fail("steps are 0 to 14, found byte %d", b)
			return
		default:
			p.dLo += int64(b>>4) - 7
			p.dHi += int64(b&15) - 7
		}
		p.keep(int64(p.last.lo)+p.dLo, int64(p.last.hi)+p.dHi, cols)
	}
	if p.err == nil {
		p.last = p.runs[0]
	}
}

func (p *parser) few(cols int32) {
	if p.at >= len(p.data) {
		p.fail("a row is missing")
		return
	}
	n := int(p.data[p.at]) + 2
	p.at++
	if n > maxFew {
		p.fail("a row of kind 1 has at most %d runs, found %d", maxFew, n)
		return
	}
	lo := int64(p.last.lo) + p.varint()
	for i := range n {
		if i > 0 {
			lo += p.uvarint() + 2
		}
		hi := lo + p.uvarint()
		if p.keep(lo, hi, cols); p.err != nil {
			return
		}
		lo = hi
	}
	p.last = p.runs[0]
}

func (p *parser) many(cols int32) {
	lo := int64(p.last.lo) + p.varint()
	width := p.uvarint() + 1
	if lo < 0 || lo+width > int64(cols) {
		p.fail("columns are 0 to %d, found %d to %d", cols-1, lo, lo+width-1)
		return
	}
	n := int(width+7) / 8
	if n > len(p.data)-p.at {
		p.fail("a row of %d bytes is cut off", n)
		return
	}
	open := int64(-1)
	for i := int64(0); i <= width; i++ {
		set := i < width && p.data[p.at+int(i>>3)]>>(i&7)&1 != 0
		switch {
		case set && open < 0:
			open = i
		case !set && open >= 0:
			p.keep(lo+open, lo+i-1, cols)
			open = -1
		}
	}
	p.at += n
	if p.err == nil && len(p.runs) > 0 {
		p.last = p.runs[0]
	}
}

// uvarint reads a number below 2^32.
func (p *parser) uvarint() int64 {
	x, n := binary.Uvarint(p.data[p.at:])
	if n <= 0 || x >= 1<<32 {
		p.fail("a number below 2^32 is missing")
		return 0
	}
	p.at += n
	return int64(x)
}

// varint reads a signed number of magnitude below 2^31.
func (p *parser) varint() int64 {
	x := p.uvarint()
	return x>>1 ^ -(x & 1)
}
