package index

import "sync/atomic"

// tailCap is how many entries are kept unpacked at most. To scan them costs a
// query about 0.1 us.
const tailCap = 128

// tail holds the newest entries in the order they came. The writer fills entry
// i before it publishes a snapshot that counts it; a reader looks at no entry
// beyond its snapshot's count. A full tail is packed and left to its readers.
type tail[ID Key] struct {
	// lo and notHi repeat the latitudes: most entries are elsewhere, and a
	// scan of these two arrays finds that out.
	lo, notHi [tailCap]int32
	boxes     [tailCap]Box
	died      [tailCap]atomic.Uint32
	ids       [tailCap]ID
}

func (t *tail[ID]) set(i int, id ID, b Box) {
	t.lo[i], t.notHi[i] = b.Lo[AxisLat], ^b.Hi[AxisLat]
	t.boxes[i], t.ids[i] = b, id
}

// search appends the ids of the entries among the first n that overlap q and
// that a snapshot of write seq sees.
func (t *tail[ID]) search(dst []ID, n int, q Box, p *probe, seq uint32) []ID {
	lo := t.lo[:n]
	notHi := t.notHi[:len(lo)]
	qlo, qhi := p.lo[AxisLat], p.notHi[AxisLat]
	for i := range lo {
		if (int64(lo[i])+qhi)&(int64(notHi[i])+qlo) >= 0 {
			continue
		}
		if t.boxes[i].overlaps(q) && visible(t.died[i].Load(), seq) {
			dst = append(dst, t.ids[i])
		}
	}
	return dst
}

// kill marks the live entries of id among the first n as removed by write seq
// and returns how many there were.
func (t *tail[ID]) kill(n int, id ID, seq uint32) int {
	killed := 0
	for i := range n {
		if t.ids[i] == id && t.died[i].Load() == 0 {
			t.died[i].Store(seq)
			killed++
		}
	}
	return killed
}
