package index

import (
	"slices"
	"testing"
)

func TestPairs(t *testing.T) {
	total := 0
	for seed := range uint64(60) {
		x, o := New[int32](), oracle{}
		c := newCrowd(seed)
		n := c.IntN(4 * tailCap)
		ids := []int32{1, 7, 60, 400}[seed%4] // few: many boxes of one id
		for range n {
			id, b := c.Int32N(ids), closer(c.box())
			x.Insert(id, b)
			o[id] = append(o[id], b)
			if c.IntN(10) == 0 {
				gone := c.Int32N(ids)
				x.Delete(gone)
				delete(o, gone)
			}
		}
		s, want := x.Snapshot(), o.pairs()
		for id := range ids / 2 { // later writes are not seen
			x.Replace(2*id, Everything())
		}
		total += len(want)
		for parts := range 8 {
			var got [][2]int32
			if parts == 0 {
				for a, b := range s.Pairs {
					got = append(got, [2]int32{a, b})
				}
			}
			for k := range parts {
				for a, b := range s.PairsPart(k, parts) {
					got = append(got, [2]int32{a, b})
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d, %d boxes, %d parts: got %d pairs, want %d", seed, n, parts, len(got), len(want))
			}
		}
		stop := c.IntN(len(want) + 1)
		var got [][2]int32
		for a, b := range s.Pairs {
			if len(got) == stop {
				break
			}
			got = append(got, [2]int32{a, b})
		}
		if !slices.Equal(got, want[:stop]) {
			t.Fatalf("seed %d: stopped after %d pairs, got %d", seed, stop, len(got))
		}
	}
	if total < 1000 {
		t.Errorf("only %d pairs seen", total)
	}
}

// closer moves a box of a crowd so that one in ten overlaps another.
func closer(b Box) Box {
	for a := range axes {
		if size := b.Hi[a] - b.Lo[a]; b.Lo[a] != MinCoord && b.Hi[a] != MaxCoord {
			b.Lo[a] /= 8
			b.Hi[a] = b.Lo[a] + size
		}
	}
	return b
}

func TestPairsPartOutOfRange(t *testing.T) {
	x := New[int]()
	x.Insert(1, Everything())
	x.Insert(2, Everything())
	s := x.Snapshot()
	for _, part := range [][2]int{{-1, 2}, {2, 2}, {0, 0}, {0, -1}} {
		for a, b := range s.PairsPart(part[0], part[1]) {
			t.Errorf("part %v has the pair %d, %d", part, a, b)
		}
	}
}

func TestPairsOfStrings(t *testing.T) {
	x := New[string]()
	west, east := Everything(), Everything()
	west.Hi[AxisLng], east.Lo[AxisLng] = -10, 10
	x.Insert("across", west, east) // as a shape over the antimeridian
	x.Insert("both", west, east)
	x.Insert("east", east)
	x.Insert("west", west)
	var got []string
	for a, b := range x.Snapshot().Pairs {
		got = append(got, a+"-"+b)
	}
	want := []string{"across-both", "across-east", "across-west", "both-east", "both-west"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
