package bench

import (
	"slices"
	"sync"

	"github.com/golang/geo/s2"

	"github.com/deconflict/deconflict/internal/index"
)

// s2Lists is the usual way to find volumes: every volume is listed under the
// S2 cells that cover it, a query reads the lists of its own cells and filters
// what it finds in four dimensions. Volumes are covered at the level that fits
// their size, so that a large constraint does not fill thousands of lists; one
// level for all, as commonly deployed, does worse.
type s2Lists struct {
	boxes []index.Box
	lists map[s2.CellID][]uint32
}

// The levels, finest first: cells of about 1, 18 and 280 km.
var s2Levels = [...]struct {
	level int
	sideM float64 // longest side of a volume on this level
}{{13, 8e3}, {9, 130e3}, {5, 1e9}}

// newS2Lists covers the boxes that are not marked, on the given number of
// goroutines. A volume's id is its place in boxes.
func newS2Lists(boxes []index.Box, without []bool, workers int) *s2Lists {
	l := &s2Lists{boxes: boxes, lists: make(map[s2.CellID][]uint32)}
	const batch = 1 << 14
	for from := 0; from < len(boxes); from += batch {
		part := boxes[from:min(from+batch, len(boxes))]
		cells := make([][]s2.CellID, len(part))
		var wg sync.WaitGroup
		for worker := range workers {
			wg.Go(func() {
				for i := worker; i < len(part); i += workers {
					if !without[from+i] {
						cells[i] = s2Covering(s2Rect(part[i]), s2LevelOf(part[i]))
					}
				}
			})
		}
		wg.Wait()
		for i, of := range cells {
			for _, c := range of {
				l.lists[c] = append(l.lists[c], uint32(from+i))
			}
		}
	}
	return l
}

func s2LevelOf(b index.Box) int {
	side := float64(max(b.Hi[index.AxisLat]-b.Lo[index.AxisLat], b.Hi[index.AxisLng]-b.Lo[index.AxisLng])) * metrePerE7
	for _, l := range s2Levels {
		if side <= l.sideM {
			return l.level
		}
	}
	return s2Levels[len(s2Levels)-1].level
}

// s2Rect returns the rectangle of a box with a margin of 1e-7 degree, so that
// rounding in S2 cannot lose a cell that the box touches.
func s2Rect(b index.Box) s2.Rect {
	at := func(p [4]int32, margin float64) s2.LatLng {
		return s2.LatLngFromDegrees(
			(float64(p[index.AxisLat])+margin)/1e7, (float64(p[index.AxisLng])+margin)/1e7)
	}
	return s2.RectFromLatLng(at(b.Lo, -1)).AddPoint(at(b.Hi, 1))
}

func s2Covering(r s2.Rect, level int) []s2.CellID {
	rc := s2.RegionCoverer{MinLevel: level, MaxLevel: level, LevelMod: 1, MaxCells: 8}
	return rc.Covering(r)
}

// Search appends the ids of all boxes that overlap q, in ascending order. The
// cells of the coarser levels are the parents of the finest: one covering
// costs less than three.
func (l *s2Lists) Search(dst []uint64, q index.Box) []uint64 {
	had := len(dst)
	cells := s2Covering(s2Rect(q), s2Levels[0].level)
	for k, lv := range s2Levels {
		if k > 0 {
			for i, c := range cells {
				cells[i] = c.Parent(lv.level)
			}
			cells = slices.Compact(cells) // in order, as their children were
		}
		for _, c := range cells {
			for _, v := range l.lists[c] {
				if touch(&l.boxes[v], &q) {
					dst = append(dst, uint64(v))
				}
			}
		}
	}
	found := dst[had:]
	slices.Sort(found)
	return dst[:had+len(slices.Compact(found))]
}
