package outline

import (
	"cmp"
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// maxVolumes is how many volumes an outline becomes at most. One that touches
// more than so many bands of latitude, each 33 km high, has one for each of them.
const maxVolumes = 64

// Volumes4D appends volumes that together hold the outline: convex polygons over
// its cells, its altitudes in metres, its exact window (an instant lasts a
// nanosecond). What touches a pole becomes a circle around it.
//
// The volumes reach at most 3 cells beyond the outline while it can be had with
// 64 of them. An intricate one is had with larger cells, so that it grows more.
// The same outline gives the same volumes everywhere. Errors are
// *volume.InvalidError, for outlines that reach too far for a polygon or circle.
func (v Volume) Volumes4D(dst []volume.Volume4D) ([]volume.Volume4D, error) {
	if v.cells == "" {
		return dst, nil
	}
	over := volume.Volume4D{Band: bandMM(v.lowerM, v.upperM), Window: volume.Window{StartNS: v.startNS, EndNS: v.until()}}
	add := func(f *volume.Footprint) {
		over.Footprint = f
		dst = append(dst, over)
	}
	r := readRows(v.cells)
	pieces := r.pieces()
	for len(pieces) > maxVolumes && r.coarser() {
		pieces = r.pieces()
	}
	caps, err := r.caps()
	if err != nil {
		return dst, err
	}
	for _, f := range caps {
		add(f)
	}
	var m moulder
	for i := range pieces {
		f, err := m.footprint(&pieces[i], r.level)
		if err != nil {
			return dst, err
		}
		add(f)
	}
	return dst, nil
}

// ReachMM returns how far in millimetres, along the ground, the outline reaches at
// most beyond the volume that it was made of: the diagonal of a cell and a tenth.
// The tenth covers the margin that shapes are grown by, up to 18/256 of a cell.
func (v Volume) ReachMM() int64 {
	if v.cells == "" {
		return 0
	}
	// A degree of latitude is at most 111,694 m; a column is no wider than a row
	// of its level is high, to 4 parts in a thousand (a degree of longitude at
	// the equator has 111,320 m, one of latitude there 110,574 m).
	const mmPerE9 = 111_694e-6
	rows, columns := float64(int64(rowE9)<<v.cells[0]), float64(int64(rowE9)<<v.cells[1])
	return int64(math.Ceil(float64(1.1 * mmPerE9 * math.Sqrt(float64(rows*rows)+float64(columns*columns)))))
}

// rowSet holds cells row by row.
type rowSet struct {
	level level
	first int32
	rows  [][]span
}

func readRows(cells string) *rowSet {
	var c cursor
	c.open(cells)
	r := &rowSet{level: c.level, first: c.row + 1, rows: make([][]span, 0, c.end-c.row-1)}
	var all []span
	for c.next() {
		n := len(all)
		all = append(all, c.runs()...)
		r.rows = append(r.rows, all[n:len(all):len(all)])
	}
	return r
}

// capped tells whether a run of a row goes more than half round the earth, as do
// those of all that touches a pole.
func (r *rowSet) capped(i int) bool {
	cols := bandOf(r.first+int32(i), r.level).columns(r.level)
	return slices.ContainsFunc(r.rows[i], func(s span) bool { return s.hi-s.lo+1 > cols/2 })
}

// caps returns circles around the poles that hold the rows that are capped.
func (r *rowSet) caps() (caps []*volume.Footprint, err error) {
	reach := [2]int64{-90e9, 90e9} // of the caps of the south and the north, 1e-9 degree of latitude
	for i := range r.rows {
		if !r.capped(i) {
			continue
		}
		first, last := rowsOf(r.first+int32(i), r.level)
		if south, north := int64(first)*rowE9-originE9, (int64(last)+1)*rowE9-originE9; south+north > 0 {
			reach[1] = min(reach[1], south)
		} else {
			reach[0] = max(reach[0], north)
		}
	}
	for i, pole := range [2]int64{-90e9, 90e9} {
		if reach[i] == pole {
			continue
		}
		at := geodesy.LatLng{LatE9: pole}
		distanceM, _, _ := geodesy.Inverse(at, geodesy.LatLng{LatE9: reach[i]})
		f, err := volume.NewCircle(at, int64(math.Ceil(float64(distanceM*1000)))+1)
		if err != nil {
			return nil, err
		}
		caps = append(caps, f)
	}
	return caps, nil
}

// coarser merges cells, two by two where the level allows, else the runs of each
// row; false when that was done before.
func (r *rowSet) coarser() bool {
	was := r.level
	l := level{min(was.row+1, maxRowLevel), min(was.col+1, maxColLevel)}
	byRow, byCol := l.row-was.row, l.col-was.col
	if byRow+byCol == 0 {
		merged := false
		for i, runs := range r.rows {
			if len(runs) > 1 {
				r.rows[i] = []span{{runs[0].lo, runs[len(runs)-1].hi}}
				merged = true
			}
		}
		return merged
	}
	first := r.first >> byRow
	rows := make([][]span, (r.first+int32(len(r.rows))-1)>>byRow-first+1)
	for i, runs := range r.rows {
		at := (r.first+int32(i))>>byRow - first
		for _, s := range runs {
			rows[at] = append(rows[at], span{s.lo >> byCol, s.hi >> byCol})
		}
	}
	for i := range rows {
		rows[i] = joined(rows[i])
	}
	r.level, r.first, r.rows = l, first, rows
	return true
}

// joined sorts runs and joins those that touch.
func joined(runs []span) []span {
	slices.SortFunc(runs, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	out := runs[:0]
	for _, s := range runs {
		if n := len(out); n > 0 && s.lo <= out[n-1].hi+1 {
			out[n-1].hi = max(out[n-1].hi, s.hi)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// piece is a stack of rows within a band, one run each.
type piece struct {
	first int32
	runs  []span
}

// widestParts is into how many parts a circle of latitude is cut at least, so
// that no piece reaches too far.
const widestParts = 16

// pieces cuts the cells into stacks of rows that are all but convex, those that
// are capped left out. A run goes on a stack when it and the stack's last touch
// each other and no others.
func (r *rowSet) pieces() []piece {
	var all, open, next []piece // open end at the row before, in ascending order
	var runs []span
	for i := range r.rows {
		row := r.first + int32(i)
		if row&(1<<(bandShift-r.level.row)-1) == 0 {
			all, open = append(all, open...), open[:0]
		}
		runs, next = runs[:0], next[:0]
		if !r.capped(i) {
			runs = cutRuns(runs, r.rows[i], bandOf(row, r.level).columns(r.level)/widestParts+1)
		}
		k := 0
		for j, s := range runs {
			for ; k < len(open) && open[k].last().hi < s.lo; k++ {
				all = append(all, open[k])
			}
			if k < len(open) && open[k].last().touches(s) &&
				(k+1 == len(open) || !open[k+1].last().touches(s)) &&
				(j == 0 || !open[k].last().touches(runs[j-1])) &&
				(j+1 == len(runs) || !open[k].last().touches(runs[j+1])) {
				next = append(next, piece{open[k].first, append(open[k].runs, s)})
				k++
			} else {
				next = append(next, piece{row, []span{s}})
			}
		}
		all = append(all, open[k:]...)
		open, next = next, open
	}
	all = append(all, open...)
	var parts []piece
	for i := range all {
		parts = all[i].convex(parts)
	}
	return parts
}

// touches tells whether two runs share a column.
func (s span) touches(o span) bool { return s.lo <= o.hi && o.lo <= s.hi }

func (p *piece) last() span { return p.runs[len(p.runs)-1] }

// cutRuns appends runs, cut where a multiple of so many columns begins.
func cutRuns(dst, runs []span, columns int32) []span {
	for _, s := range runs {
		for end := s.lo - s.lo%columns + columns - 1; end < s.hi; end += columns {
			dst = append(dst, span{s.lo, end})
			s.lo = end + 1
		}
		dst = append(dst, s)
	}
	return dst
}

// convex appends the piece, cut into as few as it takes for each to fill its
// convex hull but for shallow bays.
func (p *piece) convex(dst []piece) []piece {
	for rest := *p; len(rest.runs) > 0; {
		fits := func(n int) bool {
			q := piece{rest.first, rest.runs[:n]}
			return q.deepestBay() <= maxBay
		}
		n := len(rest.runs)
		if !fits(n) {
			// A single row always fits.
			few, many := 1, n
			for many-few > 1 {
				if mid := (few + many) / 2; fits(mid) {
					few = mid
				} else {
					many = mid
				}
			}
			n = few
		}
		dst = append(dst, piece{rest.first, rest.runs[:n]})
		rest = piece{rest.first + int32(n), rest.runs[n:]}
	}
	return dst
}
