package index

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// checkRun fails unless a run is sound: each node's lane is exactly the box
// around its child, every entry is in one leaf and in byID, byID is in order,
// and every lane without an entry is dead.
func checkRun[ID Key](t fataler, r *run[ID]) {
	t.Helper()
	used := make(map[uint32]bool)
	for i, slot := range r.byID {
		if used[slot] {
			t.Fatalf("slot %d is twice in byID", slot)
		}
		used[slot] = true
		if i > 0 && r.idAt(r.byID[i-1]) > r.idAt(slot) {
			t.Fatalf("byID is not in order at %d", i)
		}
	}
	for slot := range uint32(len(r.leaves) * fanout) {
		if l, lane := r.at(slot); !used[slot] && l.died[lane].Load() != firstSeq {
			t.Fatalf("slot %d has no entry and is not dead", slot)
		}
	}
	reached := make(map[uint32]bool)
	for i := range r.trees {
		tree := &r.trees[i]
		if got := checkNode(t, r, tree, tree.height, 0, reached); got != tree.bounds {
			t.Fatalf("tree %d: bounds %v, want %v", i, tree.bounds, got)
		}
	}
	if len(reached) != len(r.leaves) {
		t.Fatalf("%d leaves reached of %d", len(reached), len(r.leaves))
	}
}

// checkNode checks a node and what is below and returns the box around it.
func checkNode[ID Key](t fataler, r *run[ID], tr *tree, level int, i uint32, reached map[uint32]bool) Box {
	t.Helper()
	if level == 0 {
		reached[tr.start[0]+i] = true
		return r.leaves[tr.start[0]+i].boxes.bounds()
	}
	n := &r.inner[tr.start[level]+i]
	all := nothing()
	for lane := range uint32(fanout) {
		child := i*fanout + lane
		if child >= tr.count[level-1] {
			if n.box(int(lane)) != nothing() {
				t.Fatalf("level %d node %d lane %d has no child but a box", level, i, lane)
			}
			continue
		}
		b := checkNode(t, r, tr, level-1, child, reached)
		if n.box(int(lane)) != b {
			t.Fatalf("level %d node %d lane %d is %v, child %v", level, i, lane, n.box(int(lane)), b)
		}
		all = all.cover(b)
	}
	return all
}

func TestSelectNth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Int32Range(0, 5), rapid.Int32()), 1, 300).Draw(t, "values")
		switch rapid.IntRange(0, 3).Draw(t, "order") {
		case 0:
			slices.Sort(values)
		case 1:
			slices.Sort(values)
			slices.Reverse(values)
		}
		axis := rapid.IntRange(0, axes-1).Draw(t, "axis")
		items := make([]item, len(values))
		for i, v := range values {
			items[i].box.Lo[axis], items[i].box.Hi[axis] = v, v
			items[i].rank = uint32(i)
		}
		n := rapid.IntRange(0, len(items)).Draw(t, "n")
		// After no round, or few, it has to give up and sort.
		selectWithin(items, n, axis, rapid.SampledFrom([]int{0, 1, 2, 40}).Draw(t, "rounds"))
		slices.Sort(values)
		got := make([]int32, len(items))
		seen := make([]bool, len(items))
		for i := range items {
			got[i] = items[i].box.Lo[axis]
			seen[items[i].rank] = true
		}
		if slices.Contains(seen, false) {
			t.Fatalf("an item was lost")
		}
		slices.Sort(got[:n])
		slices.Sort(got[n:])
		if !slices.Equal(got, values) {
			t.Fatalf("the first %d are not the least: %v", n, got)
		}
	})
}

// A packed run is sound at sizes around the powers of the fan-out, where
// levels begin, whatever the classes of its boxes.
func TestPackSizes(t *testing.T) {
	for _, n := range []int{0, 1, 2, 15, 16, 17, 255, 256, 257, 272, 4095, 4096, 4097, 5000} {
		for _, wide := range []int{0, 1, 3} { // every how many boxes one is wide
			c := newCrowd(uint64(n))
			entries := make([]Entry[int32], n)
			o := oracle{}
			for i := range entries {
				b := c.box()
				if wide > 0 && i%wide == 0 {
					b.Hi[AxisLat] = b.Lo[AxisLat] + 5_000_000
				}
				entries[i] = Entry[int32]{c.Int32N(int32(n)), b}
				o[entries[i].ID] = append(o[entries[i].ID], b)
			}
			x := Build(entries)
			for _, r := range x.Snapshot().runs {
				if r.len() != n {
					t.Fatalf("%d entries of %d", r.len(), n)
				}
				checkRun(t, r)
			}
			for range 20 {
				q := c.box()
				equal(t, q.String(), x.Search(nil, q), o.search(q))
			}
			equal(t, "everything", x.Search(nil, Everything()), o.search(Everything()))
		}
	}
}

// Packing on all processors gives the same tree as on one.
func TestPackParallel(t *testing.T) {
	c := newCrowd(1)
	items := make([]item, 3*parallelItems)
	for i := range items {
		items[i] = item{c.box(), uint32(i)}
	}
	alone := slices.Clone(items)
	arrange(alone, topBlock(len(items)), nil)
	arrange(items, topBlock(len(items)), make(chan struct{}, 7))
	if !slices.Equal(alone, items) {
		t.Fatal("not the same order")
	}
}

// visited counts the nodes that a query reads.
func visited[ID Key](s *Snapshot[ID], q Box) int {
	p, n := probeOf(q), 0
	for _, r := range s.runs {
		for i := range r.trees {
			if t := &r.trees[i]; t.bounds.overlaps(q) {
				n += visitedBelow(r, t, t.height, 0, &p)
			}
		}
	}
	return n
}

func visitedBelow[ID Key](r *run[ID], t *tree, level int, i uint32, p *probe) int {
	if level == 0 {
		return 1
	}
	n, m := 1, r.inner[t.start[level]+i].mask(p)
	for lane := range uint32(fanout) {
		if child := i*fanout + lane; m>>lane&1 == 1 && child < t.count[level-1] {
			n += visitedBelow(r, t, level-1, child, p)
		}
	}
	return n
}

// Large volumes, long ones and ones without a ceiling must not make queries
// for the others dear. Counted in nodes, so that the load of the machine has
// no say; the limits are a tenth above what was counted.
func TestBigVolumesHurtNobody(t *testing.T) {
	const n = 50_000
	small := func(c crowd) Box {
		var b Box
		for a, v := range [axes]struct{ span, size int32 }{{3e6, 20e3}, {3e6, 30e3}, {20e3, 6e3}, {600e3, 7200}} {
			b.Lo[a] = c.Int32N(v.span)
			b.Hi[a] = b.Lo[a] + c.Int32N(v.size)
		}
		return b
	}
	season := func(c crowd, b *Box) {
		b.Lo[AxisTime] -= c.Int32N(90 * 86400)
		b.Hi[AxisTime] += c.Int32N(90 * 86400)
	}
	for _, k := range []struct {
		name  string
		every int // one in so many is odd
		odd   func(crowd, *Box)
		most  float64 // nodes a query
	}{
		{"none", n + 1, nil, 5},
		{"as large as a country", 200, func(_ crowd, b *Box) { b.Hi[AxisLat] += 5e6; b.Hi[AxisLng] += 5e6 }, 7},
		{"there for a season", 20, season, 8.3},
		{"large and there for a season", 20, func(c crowd, b *Box) {
			season(c, b)
			if c.IntN(10) == 0 {
				b.Hi[AxisLat] += 5e6
				b.Hi[AxisLng] += 5e6
			}
		}, 15.5},
		{"for ever", 20, func(_ crowd, b *Box) { b.Lo[AxisTime], b.Hi[AxisTime] = MinCoord, MaxCoord }, 8.3},
		{"no ceiling", 3, func(_ crowd, b *Box) { b.Lo[AxisAlt], b.Hi[AxisAlt] = MinCoord, MaxCoord }, 5},
		{"everywhere for ever", 200, func(_ crowd, b *Box) { *b = Everything() }, 23.5},
	} {
		c := newCrowd(3)
		entries := make([]Entry[uint32], n)
		for i := range entries {
			entries[i] = Entry[uint32]{uint32(i), small(c)}
			if i%k.every == k.every-1 {
				k.odd(c, &entries[i].Box)
			}
		}
		s := Build(entries).Snapshot()
		sum, hits := 0, 0
		var dst []uint32
		for range 1000 {
			q := small(c)
			sum += visited(s, q)
			dst = s.Search(dst[:0], q)
			hits += len(dst)
		}
		got := float64(sum) / 1000
		t.Logf("%-30s %.1f nodes and %.1f hits a query", k.name, got, float64(hits)/1000)
		if got > k.most {
			t.Errorf("%s: %.1f nodes a query, want at most %.1f", k.name, got, k.most)
		}
	}
}
