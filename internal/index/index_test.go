package index

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

// Boxes are closed on every axis: what touches overlaps, what is one unit
// apart does not. In the tail, in a packed leaf and below inner nodes.
func TestTouching(t *testing.T) {
	at := Box{Lo: [4]int32{-5, 10, 100, 1000}, Hi: [4]int32{5, 20, 200, 2000}}
	for _, others := range []int{0, tailCap, 20 * tailCap} {
		x := New[int]()
		x.Insert(1, at)
		far := Box{Lo: [4]int32{1e6, 1e6, 1e6, 1e6}, Hi: [4]int32{2e6, 2e6, 2e6, 2e6}}
		for i := range others {
			x.Insert(100+i, far)
		}
		for a := range axes {
			for _, c := range []struct {
				lo, hi int32
				want   bool
			}{
				{at.Hi[a], at.Hi[a] + 7, true},
				{at.Hi[a] + 1, at.Hi[a] + 7, false},
				{at.Lo[a] - 7, at.Lo[a], true},
				{at.Lo[a] - 7, at.Lo[a] - 1, false},
				{at.Lo[a], at.Lo[a], true},
				{at.Hi[a], at.Hi[a], true},
				{at.Hi[a] + 1, at.Hi[a] + 1, false},
				{at.Lo[a] + 1, at.Hi[a] - 1, true},
				{at.Hi[a] + 7, at.Hi[a], true}, // Lo > Hi: the interval between
				{at.Lo[a], at.Lo[a] - 7, true},
				{MinCoord, MaxCoord, true},
				{MinCoord, at.Lo[a], true},
				{MinCoord, at.Lo[a] - 1, false},
				{at.Hi[a], MaxCoord, true},
				{at.Hi[a] + 1, MaxCoord, false},
			} {
				q := at
				q.Lo[a], q.Hi[a] = c.lo, c.hi
				q.Lo[(a+1)%4] = q.Hi[(a+1)%4] // and a face on another axis
				got := slices.Contains(x.Search(nil, q), 1)
				if got != c.want || at.Overlaps(q) != c.want || q.Overlaps(at) != c.want {
					t.Errorf("%d others, axis %d, %v: got %v, Overlaps %v and %v, want %v",
						others, a, q, got, at.Overlaps(q), q.Overlaps(at), c.want)
				}
			}
		}
	}
}

// The ends of the range are values like others.
func TestExtremes(t *testing.T) {
	corner := func(v int32) Box {
		return Box{Lo: [4]int32{v, v, v, v}, Hi: [4]int32{v, v, v, v}}
	}
	boxes := map[int]Box{
		1: corner(MinCoord), 2: corner(MaxCoord), 3: corner(MinCoord + 1), 4: corner(MaxCoord - 1),
		5: corner(0), 6: Everything(), 7: {Lo: corner(0).Lo, Hi: corner(MaxCoord).Hi}, 8: {Lo: corner(MinCoord).Lo, Hi: corner(-1).Hi},
		9: {Lo: corner(MaxCoord).Lo, Hi: corner(MinCoord).Hi}, // everything, turned round
	}
	x := New[int]()
	for round := range 3 {
		for id, b := range boxes {
			x.Replace(id, b)
		}
		for id, q := range boxes {
			var want []int
			for other, b := range boxes {
				if meet(b, q) {
					want = append(want, other)
				}
			}
			slices.Sort(want)
			if got := x.Search(nil, q); !slices.Equal(got, want) {
				t.Errorf("round %d, query %d: got %v, want %v", round, id, got, want)
			}
		}
		x.Repack()
	}
}

// Equal sets of boxes give equal answers, whatever their history.
func TestAnswersDoNotDependOnHistory(t *testing.T) {
	c := newCrowd(5)
	const n = 3000
	entries := make([]Entry[int32], n)
	for i := range entries {
		entries[i] = Entry[int32]{c.Int32N(n), c.box()}
	}
	built := Build(slices.Clone(entries)).Snapshot()
	histories := map[string]*Index[int32]{}
	for seed := range uint64(3) {
		x := New[int32]()
		x.freshCap = 1 << (4 * seed)
		shuffled := slices.Clone(entries)
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for i, e := range shuffled {
			x.Insert(e.ID, e.Box)
			if i%3 == 0 { // a passing one
				x.Insert(n+1, c.box())
				x.Delete(n + 1)
			}
		}
		histories[fmt.Sprintf("shuffled %d", seed)] = x
	}
	for range 300 {
		q := c.box()
		want := built.Search(nil, q)
		for name, x := range histories {
			equal(t, name, x.Search(nil, q), want)
		}
	}
	var want [][2]int32
	for a, b := range built.Pairs {
		want = append(want, [2]int32{a, b})
	}
	for name, x := range histories {
		var got [][2]int32
		for a, b := range x.Snapshot().Pairs {
			got = append(got, [2]int32{a, b})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d pairs, want %d", name, len(got), len(want))
		}
	}
}

// TestLongHistory is TestModel for one long history with all sizes of runs.
func TestLongHistory(t *testing.T) {
	x, o := New[int32](), oracle{}
	x.freshCap = 4 * tailCap
	c := newCrowd(9)
	most := 0
	steps := 40_000
	if testing.Short() {
		steps = 15_000
	}
	for i := range steps {
		switch id, b := c.Int32N(15_000), c.box(); c.IntN(4) {
		case 0:
			if got, want := x.Delete(id), len(o[id]); got != want {
				t.Fatalf("step %d: deleted %d, want %d", i, got, want)
			}
			delete(o, id)
		case 1:
			other := c.box()
			x.Replace(id, b, other)
			o[id] = []Box{b, other}
		default:
			x.Insert(id, b)
			o[id] = append(o[id], b)
		}
		if i%400 == 0 {
			q := c.box()
			equal(t, q.String(), x.Search(nil, q), o.search(q))
			most = max(most, len(x.Stats().Runs))
		}
	}
	equal(t, "everything", x.Search(nil, Everything()), o.search(Everything()))
	if x.Len() != o.count() || most < 3 {
		t.Errorf("%d boxes, want %d; at most %d runs", x.Len(), o.count(), most)
	}
	x.Wait()
	for _, r := range x.Snapshot().runs {
		checkRun(t, r)
	}
}

func TestSearchDoesNotAllocate(t *testing.T) {
	c := newCrowd(6)
	x := New[int32]()
	c.fill(t, x, oracle{}, 3*defaultFreshCap+50)
	x.Wait()
	dst := make([]int32, 0, x.Len())
	for range 20 {
		q := c.box()
		if n := testing.AllocsPerRun(10, func() { dst = x.Search(dst[:0], q) }); n > 0 {
			t.Fatalf("%v allocations", n)
		}
	}
}

// Removed entries do not pile up, and the number of runs stays small.
func TestChurn(t *testing.T) {
	c := newCrowd(7)
	x := New[int32]()
	x.freshCap = 2 * tailCap
	for i := range int32(60_000) {
		x.Replace(i%2000, c.box())
		if i%1000 == 0 {
			x.Wait()
		}
	}
	x.Wait()
	st := x.Stats()
	if st.Live != 2000 || x.Len() != 2000 {
		t.Errorf("%d live, want 2000", st.Live)
	}
	if limit := 2000/(deadShare-1) + x.freshCap + tailCap; st.Dead > limit {
		t.Errorf("%s: more than %d removed", st, limit)
	}
	if len(st.Runs) > 4 {
		t.Errorf("%s: too many runs", st)
	}
	x.Repack()
	if st := x.Stats(); st.Dead != 0 || len(st.Runs) != 1 || st.Tail != 0 {
		t.Errorf("after Repack: %s", st)
	}
	for i := range int32(2000) {
		x.Delete(i)
	}
	x.Repack()
	if st := x.Stats(); st.Live != 0 || len(st.Runs) != 0 {
		t.Errorf("after deleting all: %s", st)
	}
	if got := x.Search(nil, Everything()); len(got) > 0 {
		t.Errorf("after deleting all: found %v", got)
	}
}

// The zero snapshot of a new index answers too.
func TestEmpty(t *testing.T) {
	for _, x := range []*Index[string]{New[string](), Build[string](nil)} {
		if got := x.Search(nil, Everything()); len(got) > 0 || x.Len() != 0 || x.Delete("a") != 0 {
			t.Errorf("found %v", got)
		}
		x.Insert("a")
		x.Replace("b")
		x.Wait()
		x.Repack()
		for a, b := range x.Snapshot().Pairs {
			t.Errorf("pair %s, %s", a, b)
		}
	}
}

// TestTenMillion packs 10^7 boxes, 2 GB at the peak and some ten seconds, and
// checks memory and answers. It runs where INDEX_TEN_MILLION is set.
func TestTenMillion(t *testing.T) {
	if os.Getenv("INDEX_TEN_MILLION") == "" {
		t.Skip("INDEX_TEN_MILLION is not set")
	}
	const n = 10_000_000
	c := newCrowd(8)
	entries := make([]Entry[uint32], n)
	boxes := make([]Box, n)
	for i := range entries {
		b := c.box()
		for a := AxisLat; a <= AxisLng; a++ { // over a continent
			by := c.Int32N(400_000_000)
			b.Lo[a], b.Hi[a] = b.Lo[a]+by, b.Hi[a]+by
		}
		boxes[i] = b
		entries[i] = Entry[uint32]{uint32(i), b}
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, start := heap(), time.Now()
	x := Build(entries)
	took := time.Since(start)
	perBox := float64(heap()-before) / n
	runtime.KeepAlive(entries)
	t.Logf("packed in %v, %.1f bytes a box", took, perBox)
	if perBox > 80 {
		t.Errorf("%.1f bytes a box", perBox)
	}
	for i := range 100 {
		x.Replace(uint32(i), boxes[i+1])
		boxes[i] = boxes[i+1]
	}
	for range 30 {
		q := boxes[c.IntN(n)]
		var want []uint32
		for i := range boxes {
			if meet(boxes[i], q) {
				want = append(want, uint32(i))
			}
		}
		if got := x.Search(nil, q); !slices.Equal(got, want) {
			t.Fatalf("%v: got %d, want %d", q, len(got), len(want))
		}
	}
}
