package index

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// oracle is the index as it is meant: a list of boxes for each id, looked at
// one by one. It tests overlap axis by axis and not by the code under test.
type oracle map[int32][]Box

func (o oracle) search(q Box) []int32 {
	var ids []int32
	for id, boxes := range o {
		if slices.ContainsFunc(boxes, func(b Box) bool { return meet(b, q) }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (o oracle) count() int {
	n := 0
	for _, boxes := range o {
		n += len(boxes)
	}
	return n
}

func (o oracle) clone() oracle {
	c := make(oracle, len(o))
	for id, boxes := range o {
		c[id] = slices.Clone(boxes)
	}
	return c
}

// pairs returns every two ids with overlapping boxes, in order.
func (o oracle) pairs() [][2]int32 {
	var all [][2]int32
	for a, boxes := range o {
		for b, others := range o {
			if a < b && slices.ContainsFunc(boxes, func(x Box) bool {
				return slices.ContainsFunc(others, func(y Box) bool { return meet(x, y) })
			}) {
				all = append(all, [2]int32{a, b})
			}
		}
	}
	slices.SortFunc(all, func(x, y [2]int32) int { return slices.Compare(x[:], y[:]) })
	return all
}

// meet reports whether two closed boxes share a point: whether on every axis
// the later of the starts is not after the earlier of the ends.
func meet(b, q Box) bool {
	for a := range 4 {
		bLo, bHi := min(b.Lo[a], b.Hi[a]), max(b.Lo[a], b.Hi[a])
		qLo, qHi := min(q.Lo[a], q.Hi[a]), max(q.Lo[a], q.Hi[a])
		if int64(max(bLo, qLo)) > int64(min(bHi, qHi)) {
			return false
		}
	}
	return true
}

func equal(t interface{ Fatalf(string, ...any) }, what string, got, want []int32) {
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %d ids %v, want %d %v", what, len(got), got, len(want), want)
	}
}

// coord draws from few values near each other, so that boxes touch and
// coincide often, and from the ends of the range.
func coord() *rapid.Generator[int32] {
	return rapid.OneOf(
		rapid.Int32Range(-20, 20),
		rapid.Int32Range(-20, 20),
		rapid.Int32(),
		rapid.SampledFrom([]int32{MinCoord, MinCoord + 1, MaxCoord - 1, MaxCoord, -900000000, 1800000000}),
	)
}

// anyBox draws any box, some of them with Lo > Hi.
func anyBox() *rapid.Generator[Box] {
	return rapid.Custom(func(t *rapid.T) Box {
		var b Box
		for a := range axes {
			b.Lo[a], b.Hi[a] = coord().Draw(t, "lo"), coord().Draw(t, "hi")
		}
		return b
	})
}

// crowd makes boxes like those of traffic in one place: mostly small, some
// large, some unbounded, many with equal corners.
type crowd struct{ *rand.Rand }

func newCrowd(seed uint64) crowd { return crowd{rand.New(rand.NewPCG(seed, 7))} }

func (c crowd) box() Box {
	var b Box
	size := [axes]int32{20_000, 30_000, 6_000, 7_200}
	span := [axes]int32{2_000_000, 3_000_000, 40_000, 600_000}
	for a := range axes {
		b.Lo[a] = c.Int32N(span[a]) / 100 * 100
		b.Hi[a] = b.Lo[a] + c.Int32N(size[a])/100*100
	}
	switch c.IntN(40) {
	case 0:
		b.Lo[AxisAlt], b.Hi[AxisAlt] = MinCoord, MaxCoord
	case 1:
		b.Hi[AxisTime] = MaxCoord
	case 2:
		b.Hi[AxisLat], b.Hi[AxisLng] = b.Lo[AxisLat]+1_000_000, b.Lo[AxisLng]+1_000_000
	}
	return b
}

func (c crowd) fill(t *testing.T, x *Index[int32], o oracle, n int) {
	t.Helper()
	for range n {
		id, b := c.Int32(), c.box()
		x.Insert(id, b)
		o[id] = append(o[id], b)
	}
}

// TestModel compares the index with the oracle over any sequence of writes,
// merges and queries, and every snapshot with the state it was taken in.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := New[int32]()
		x.freshCap = rapid.SampledFrom([]int{1, tailCap, 2 * tailCap, defaultFreshCap}).Draw(t, "freshCap")
		model := oracle{}
		type moment struct {
			snapshot *Snapshot[int32]
			model    oracle
		}
		var kept []moment
		id := rapid.Int32Range(0, 60)
		check := func(s *Snapshot[int32], model oracle, q Box) {
			dst := s.Search([]int32{-7}, q)
			if dst[0] != -7 {
				t.Fatalf("search overwrote dst")
			}
			equal(t, "search "+q.String(), dst[1:], model.search(q))
			if s.Len() != model.count() {
				t.Fatalf("Len %d, want %d", s.Len(), model.count())
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) {
				id, boxes := id.Draw(t, "id"), rapid.SliceOfN(anyBox(), 0, 3).Draw(t, "boxes")
				x.Insert(id, boxes...)
				model[id] = append(model[id], boxes...)
			},
			"insertMany": func(t *rapid.T) {
				c := newCrowd(rapid.Uint64().Draw(t, "seed"))
				for range rapid.IntRange(1, 3*tailCap).Draw(t, "n") {
					id, b := c.Int32N(3000), c.box()
					x.Insert(id, b)
					model[id] = append(model[id], b)
				}
			},
			"delete": func(t *rapid.T) {
				id := id.Draw(t, "id")
				if got, want := x.Delete(id), len(model[id]); got != want {
					t.Fatalf("deleted %d, want %d", got, want)
				}
				delete(model, id)
			},
			"deleteMany": func(t *rapid.T) {
				share := rapid.Int32Range(2, 5).Draw(t, "share")
				for id := range model {
					if id%share == 0 {
						x.Delete(id)
						delete(model, id)
					}
				}
			},
			"replace": func(t *rapid.T) {
				id, boxes := id.Draw(t, "id"), rapid.SliceOfN(anyBox(), 0, 3).Draw(t, "boxes")
				if got, want := x.Replace(id, boxes...), len(model[id]); got != want {
					t.Fatalf("replaced %d, want %d", got, want)
				}
				delete(model, id)
				if len(boxes) > 0 {
					model[id] = boxes
				}
			},
			"wait":   func(*rapid.T) { x.Wait() },
			"repack": func(*rapid.T) { x.Repack() },
			"lastWrites": func(t *rapid.T) {
				// As after four billion writes.
				x.mu.Lock()
				defer x.mu.Unlock()
				x.next.seq = max(x.next.seq, math.MaxUint32-rapid.Uint32Range(0, 3).Draw(t, "left"))
				x.publish()
			},
			"keep": func(*rapid.T) {
				kept = append(kept, moment{x.Snapshot(), model.clone()})
				kept = kept[max(0, len(kept)-3):]
			},
			"search": func(t *rapid.T) {
				check(x.Snapshot(), model, anyBox().Draw(t, "q"))
			},
			"searchLikeOne": func(t *rapid.T) {
				check(x.Snapshot(), model, newCrowd(rapid.Uint64().Draw(t, "seed")).box())
			},
			"": func(t *rapid.T) {
				check(x.Snapshot(), model, Everything())
				for _, k := range kept {
					check(k.snapshot, k.model, Everything())
				}
				x.mu.Lock()
				defer x.mu.Unlock()
				if n := len(x.next.runs); n > 4 {
					t.Fatalf("%d packed runs", n)
				}
				for _, r := range x.next.runs {
					checkRun(t, r)
				}
			},
		})
	})
}
