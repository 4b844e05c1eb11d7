package airspace

import (
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/index"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/volume"
)

// maxBoxes is how many boxes an entity has in an index, and how many a search
// for it takes. Of an entity with more volumes each box covers several that
// follow each other: what is found is looked at volume by volume anyway, and
// writing thousands of boxes would keep everybody else from the index.
const maxBoxes = 64

// boxes returns index boxes that cover the volumes, at most maxBoxes or a few
// more.
func boxes(volumes []outline.Volume) []index.Box {
	return appendBoxes(make([]index.Box, 0, min(len(volumes), maxBoxes)), volumes)
}

func appendBoxes(all []index.Box, volumes []outline.Volume) []index.Box {
	var buf [2]volume.Extent
	each := (len(volumes) + maxBoxes - 1) / maxBoxes
	for len(volumes) > 0 {
		n := min(each, len(volumes))
		var sides [2]index.Box // a volume over the antimeridian has a box on each side
		sum := sides[:0]
		for i := range volumes[:n] {
			for side, x := range volumes[i].Extents(buf[:0]) {
				if b := conflict.Box(x); side < len(sum) {
					sum[side] = cover(sum[side], b)
				} else {
					sum = append(sum, b)
				}
			}
		}
		all = append(all, sum...)
		volumes = volumes[n:]
	}
	return all
}

func cover(a, b index.Box) index.Box {
	for i := range a.Lo {
		a.Lo[i], a.Hi[i] = min(a.Lo[i], b.Lo[i]), max(a.Hi[i], b.Hi[i])
	}
	return a
}

// manyPairs is from how many pairs on it takes less time to pack the boxes of
// one side than to compare each pair.
const manyPairs = 1 << 18

// meetings calls visit with the positions of every a and b that meet, ascending,
// until it returns false. A party may declare thousands of volumes, so that the
// time must not grow with the number of pairs.
func meetings(a, b []outline.Volume, visit func(i, j int) bool) {
	if len(a)*len(b) < manyPairs {
		for i := range a {
			for j := range b {
				if a[i].Meets(b[j]) && !visit(i, j) {
					return
				}
			}
		}
		return
	}
	var buf [2]volume.Extent
	entries := make([]index.Entry[int32], 0, len(b))
	for j := range b {
		for _, x := range b[j].Extents(buf[:0]) {
			entries = append(entries, index.Entry[int32]{ID: int32(j), Box: conflict.Box(x)})
		}
	}
	packed := index.Build(entries).Snapshot()
	var near []int32
	for i := range a {
		near = near[:0]
		extents := a[i].Extents(buf[:0])
		for _, x := range extents {
			near = packed.Search(near, conflict.Box(x))
		}
		if len(extents) > 1 {
			slices.Sort(near)
			near = slices.Compact(near)
		}
		for _, j := range near {
			if a[i].Meets(b[j]) && !visit(i, int(j)) {
				return
			}
		}
	}
}

// meet reports whether any of a meets any of b.
func meet(a, b []outline.Volume) bool {
	found := false
	meetings(a, b, func(int, int) bool {
		found = true
		return false
	})
	return found
}
