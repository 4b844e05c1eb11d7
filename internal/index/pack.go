package index

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"sync"
)

// Query units: the size of a typical query on each axis. All extents are
// compared in these.
const (
	unitLateralM = 750
	unitAltCM    = 60 * 100
	unitTimeS    = 45 * 60

	// latPerM is 1e-7 degrees of latitude in a metre: a quarter meridian of
	// WGS84 is 10,001,966 m.
	latPerM = 90e7 / 10_001_966.0
)

// item is an entry on its way into a packed tree. rank is its place in the
// order by id.
type item struct {
	box  Box
	rank uint32
}

// centre2 is twice the centre of the box on an axis.
func (it *item) centre2(axis int) int64 {
	return int64(it.box.Lo[axis]) + int64(it.box.Hi[axis])
}

// arrange permutes items so that each aligned block of 16, 256, 4096, ...
// items is a compact group: it halves the items again and again, at a multiple
// of the block size, on the axis that separates them best (see splitAxis). The
// last block of each size may be short.
//
// spare has room for one token for each further goroutine that may be started.
func arrange(items []item, block int, spare chan struct{}) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for len(items) > fanout {
		for block >= len(items) {
			block /= fanout
		}
		blocks := (len(items) + block - 1) / block
		at := (blocks + 1) / 2 * block
		selectNth(items, at, splitAxis(items))
		left, leftBlock := items[:at], block
		items = items[at:]
		if len(left) >= parallelItems {
			select {
			case spare <- struct{}{}:
				wg.Go(func() {
					arrange(left, leftBlock, spare)
					<-spare
				})
				continue
			default:
			}
		}
		arrange(left, leftBlock, spare)
	}
}

// parallelItems is the size from which a part is worth a goroutine: about 10
// ms of work.
const parallelItems = 1 << 15

// topBlock returns the power of the fan-out to start arrange with.
func topBlock(n int) int {
	block := fanout
	for block < n {
		block *= fanout
	}
	return block
}

// splitAxis returns the axis on which the centres spread most, measured in
// typical box plus typical query: two boxes further apart than that are never
// met by one query. Without the size of the boxes in it, months-long volumes
// would be split by their start for ever, which separates nothing: with one
// long volume in twenty, a query in a crowded place visited 80 nodes, now 26.
func splitAxis(items []item) int {
	var lo, hi [axes]int64
	var size [axes]float64
	for a := range axes {
		lo[a], hi[a] = math.MaxInt64, math.MinInt64
	}
	for i := range items {
		it := &items[i]
		for a := range axes {
			c := it.centre2(a)
			lo[a], hi[a] = min(lo[a], c), max(hi[a], c)
			size[a] += it.box.extent(a)
		}
	}
	scale := scales((lo[AxisLat] + hi[AxisLat]) / 4)
	best, most := 0, -1.0
	for a := range axes {
		spread := float64(hi[a]-lo[a]) / 2 * scale[a]
		typical := size[a]/float64(len(items))*scale[a] + 1
		if spread/typical > most {
			best, most = a, spread/typical
		}
	}
	return best
}

// scales returns, for each axis, query units per unit of the axis at a
// latitude in 1e-7 degree. It shapes the tree and never an answer, so its last
// bits do not matter.
func scales(lat int64) [axes]float64 {
	perLat := 1 / (unitLateralM * latPerM)
	shrink := math.Cos(float64(lat) * (math.Pi / 180e7))
	return [axes]float64{perLat, perLat * max(shrink, 0.01), 1.0 / unitAltCM, 1.0 / unitTimeS}
}

// selectNth permutes items so that none of items[:n] has a greater centre on
// axis than any of items[n:]. Time is O(len(items)) but for inputs made to
// defeat the choice of pivot, which are sorted instead.
func selectNth(items []item, n, axis int) {
	selectWithin(items, n, axis, 2*bits.Len(uint(len(items))))
}

// selectWithin is selectNth that sorts what is left after some rounds.
func selectWithin(items []item, n, axis, rounds int) {
	for ; n > 0 && n < len(items); rounds-- {
		if rounds == 0 || len(items) <= 12 {
			slices.SortFunc(items, func(a, b item) int {
				return cmp.Compare(a.centre2(axis), b.centre2(axis))
			})
			return
		}
		lt, gt := partition(items, pivot(items, axis), axis)
		switch {
		case n <= lt:
			items = items[:lt]
		case n >= gt:
			items, n = items[gt:], n-gt
		default:
			return
		}
	}
}

// pivot returns the median of nine evenly spaced centres.
func pivot(items []item, axis int) int64 {
	var c [9]int64
	for i := range c {
		c[i] = items[(2*i+1)*len(items)/18].centre2(axis)
	}
	slices.Sort(c[:])
	return c[4]
}

// partition puts centres of at most p before those of at least p: items[:lt]
// are at most p, items[gt:] at least p, and what is between equals p. It swaps equal items as Hoare did, so that many
// equal centres still halve.
func partition(items []item, p int64, axis int) (lt, gt int) {
	i, j := 0, len(items)-1
	for {
		for items[i].centre2(axis) < p {
			i++
		}
		for items[j].centre2(axis) > p {
			j--
		}
		if i >= j {
			break
		}
		items[i], items[j] = items[j], items[i]
		i++
		j--
	}
	if i == j {
		return i, i + 1
	}
	return i, i
}

// The size classes. Each has a tree of its own, because one volume of a
// country or of a season widens every node above it. With all in one tree a
// query in a crowded place visits two to three times the nodes.
//
// Altitude does not count: it is seldom what separates volumes, so a volume
// without a ceiling is no burden to its neighbours.
const (
	classSmall = iota
	classLong  // small, but there for long
	classWide
	classes
)

// classLimit is the longest side of a small box, in query units: 6 km and 6 h.
const classLimit = 8

// class returns the size class of a box.
func class(b Box) int {
	scale := scales((int64(b.Lo[AxisLat]) + int64(b.Hi[AxisLat])) / 2)
	switch {
	case b.extent(AxisLat)*scale[AxisLat] > classLimit, b.extent(AxisLng)*scale[AxisLng] > classLimit:
		return classWide
	case b.extent(AxisTime)*scale[AxisTime] > classLimit:
		return classLong
	}
	return classSmall
}

// byClass permutes items so that each class is one stretch, and returns these.
func byClass(items []item) [classes][]item {
	var parts [classes][]item
	for c := range classes {
		n := 0
		for i := range items {
			if class(items[i].box) == c {
				items[n], items[i] = items[i], items[n]
				n++
			}
		}
		parts[c], items = items[:n:n], items[n:]
	}
	return parts
}
