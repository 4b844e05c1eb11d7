package index

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// While a writer moves, adds and removes, readers find each resident: a
// Replace is never seen half done, a merge in the background loses nothing and
// brings nothing back, and a snapshot does not change.
func TestReadersDuringWrites(t *testing.T) {
	const (
		residents = 500 // ids below always have a place west and a place east
		passers   = 300 // ids above come and go elsewhere
		readers   = 3
	)
	writes := 20_000
	if testing.Short() {
		writes = 4_000
	}
	x := New[int32]()
	x.freshCap = 2 * tailCap
	c := newCrowd(1)
	places := func() (west, east Box) {
		west, east = c.box(), c.box()
		west.Lo[AxisLng], west.Hi[AxisLng] = -200-c.Int32N(100), -200
		east.Lo[AxisLng], east.Hi[AxisLng] = -50, -50+c.Int32N(50)
		return west, east
	}
	all := make([]int32, residents)
	for i := range all {
		all[i] = int32(i)
		west, east := places()
		x.Insert(int32(i), west, east)
	}

	west, east, elsewhere := Everything(), Everything(), Everything()
	west.Hi[AxisLng] = -200
	east.Lo[AxisLng], east.Hi[AxisLng] = -199, -1
	elsewhere.Lo[AxisLng] = 50

	var done atomic.Bool
	var wg sync.WaitGroup
	var reads atomic.Int64
	for range readers {
		wg.Go(func() {
			var dst, again []int32
			for !done.Load() {
				s := x.Snapshot()
				for name, q := range map[string]Box{"west": west, "east": east} {
					if dst = s.Search(dst[:0], q); !slices.Equal(dst, all) {
						t.Errorf("a reader found %d residents in the %s, want %d", len(dst), name, residents)
						return
					}
				}
				dst = s.Search(dst[:0], elsewhere)
				if want := s.Len() - 2*residents; len(dst) != want {
					t.Errorf("a reader found %d passers, want %d", len(dst), want)
					return
				}
				if again = s.Search(again[:0], elsewhere); !slices.Equal(dst, again) {
					t.Errorf("a snapshot changed its answer")
					return
				}
				reads.Add(1)
			}
		})
	}

	here := make(map[int32]bool)
	for i := range writes {
		west, east := places()
		x.Replace(c.Int32N(residents), west, east)
		passer := residents + c.Int32N(passers)
		if x.Delete(passer) == 0 {
			b := c.box()
			b.Lo[AxisLng], b.Hi[AxisLng] = 50, 60
			x.Insert(passer, b)
		}
		here[passer] = !here[passer]
		if i%1500 == 1499 {
			x.Repack()
		}
	}
	x.Wait()
	done.Store(true)
	wg.Wait()
	if reads.Load() == 0 {
		t.Error("no reader came to an end")
	}
	var want []int32
	for id, is := range here {
		if is {
			want = append(want, id)
		}
	}
	slices.Sort(want)
	equal(t, "passers at the end", x.Search(nil, elsewhere), want)
	equal(t, "residents at the end", x.Search(nil, east), all)
}
