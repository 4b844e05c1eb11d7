package index

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, o := New[int32](), oracle{}
		c := newCrowd(rapid.Uint64().Draw(t, "seed"))
		ids := rapid.Int32Range(1, 80).Draw(t, "ids") // few: many boxes of one id
		for range rapid.IntRange(0, 2*tailCap).Draw(t, "n") {
			id, b := c.Int32N(ids), c.box()
			x.Insert(id, b)
			o[id] = append(o[id], b)
			if c.IntN(10) == 0 {
				gone := c.Int32N(ids)
				x.Delete(gone)
				delete(o, gone)
			}
		}
		s := x.Snapshot()
		want := o.pairs()
		var got [][2]int32
		for a, b := range s.Pairs {
			got = append(got, [2]int32{a, b})
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %d pairs %v, want %d %v", len(got), got, len(want), want)
		}
		parts := rapid.IntRange(1, 7).Draw(t, "parts")
		got = nil
		for k := range parts {
			for a, b := range s.PairsPart(k, parts) {
				got = append(got, [2]int32{a, b})
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%d parts: got %d pairs, want %d", parts, len(got), len(want))
		}
		stop := rapid.IntRange(0, len(want)).Draw(t, "stop")
		got = nil
		for a, b := range s.Pairs {
			if len(got) == stop {
				break
			}
			got = append(got, [2]int32{a, b})
		}
		if !slices.Equal(got, want[:stop]) {
			t.Fatalf("stopped after %d pairs: got %d", stop, len(got))
		}
	})
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
