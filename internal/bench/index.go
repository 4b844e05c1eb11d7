// Package bench measures the parts whose speed matters, next to a baseline or
// a floor measured in the same run.
package bench

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/deconflict/deconflict/internal/index"
)

// IndexOptions are the parameters of [Index]. Zero values stand for defaults.
type IndexOptions struct {
	N       int    // volumes; default 1,000,000
	S2N     int    // volumes in the S2 baseline; default N; below 0 there is none
	Seed    uint64 // of volumes and queries; default 1
	Queries int    // per class and round, a twentieth of it for areas; default 20,000
	Rounds  int    // the quietest counts; default 5
	Brute   int    // queries per class checked against every volume; default 50
}

func (o *IndexOptions) setDefaults() error {
	if o.N == 0 {
		o.N = 1_000_000
	}
	if o.S2N == 0 {
		o.S2N = o.N
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Queries == 0 {
		o.Queries = 20_000
	}
	if o.Rounds == 0 {
		o.Rounds = 5
	}
	if o.Brute == 0 {
		o.Brute = 50
	}
	if o.N < 100 || o.N > 1<<30 || o.S2N > o.N || o.Queries < 20 || o.Rounds < 1 || o.Brute < 1 {
		return fmt.Errorf("index benchmark: N %d, S2N %d, queries %d, rounds %d, brute %d: want N in 100..2^30, S2N at most N, queries at least 20, the rest positive",
			o.N, o.S2N, o.Queries, o.Rounds, o.Brute)
	}
	return nil
}

// The share of volumes that came after the base was packed, and of volumes
// since removed but not yet dropped.
const (
	deltaPercent   = 10
	removedPercent = 10
)

// Index measures the broad phase at opt.N volumes and writes a report: queries
// on a packed index; on one of the same volumes with a tenth in the delta and
// another tenth removed; and on S2 coverings. It returns an error where the
// three differ in any answer, or from a scan of every volume.
func Index(w io.Writer, opt IndexOptions) error {
	if err := opt.setDefaults(); err != nil {
		return err
	}
	fmt.Fprintf(w, "broad phase, %d volumes, seed %d\n%s\n", opt.N, opt.Seed, indexMachine())
	b := newIndexBench(w, opt)
	b.build()
	if err := b.check(); err != nil {
		return err
	}
	b.measure()
	fmt.Fprintf(w, "\nload average at the end %s\n", loadAverage())
	return nil
}

// searcher is one structure under test.
type searcher struct {
	name   string
	search func(dst []uint64, q index.Box) []uint64
}

type indexBench struct {
	w         io.Writer
	opt       IndexOptions
	boxes     []index.Box // volume i is boxes[i]
	removed   []bool      // volumes that do not live
	queries   [len(queryClasses)][]index.Box
	searchers []searcher // packed, full and, where asked for, S2
	perVolume float64    // bytes, of full
}

func newIndexBench(w io.Writer, opt IndexOptions) *indexBench {
	b := &indexBench{w: w, opt: opt}
	load := newWorkload(opt.Seed)
	// N live volumes are left of these.
	total := opt.N * 100 / (100 - removedPercent)
	b.boxes = make([]index.Box, total)
	b.removed = make([]bool, total)
	for i := range b.boxes {
		b.boxes[i] = load.volume()
	}
	for _, i := range load.rng.Perm(total)[:total-opt.N] {
		b.removed[i] = true
	}
	for c, class := range queryClasses {
		for range max(opt.Queries/class.share, 1) {
			b.queries[c] = append(b.queries[c], class.draw(load))
		}
	}
	return b
}

// build makes the three structures and reports time and memory.
func (b *indexBench) build() {
	n := float64(b.opt.N)
	fmt.Fprintf(b.w, "\nbuild\n")
	var packed, full *index.Index[uint64]
	live := b.entries(0, len(b.boxes), true)
	bytes, took := grown(func() { packed = index.Build(live) })
	runtime.KeepAlive(live)
	fmt.Fprintf(b.w, "  packed      %8.2f s, %5.2f us and %5.1f bytes a volume\n", took.Seconds(), us(took)/n, bytes/n)

	// A number of inserts just below a multiple of 4096 leaves the fresh run
	// and the tail at their fullest, where queries are slowest.
	later := len(b.boxes) * deltaPercent / 100
	if later > 4*4096 {
		later -= later%4096 + 1
	}
	base := len(b.boxes) - later
	entries := b.entries(0, base, false)
	var inserts, deletes []time.Duration
	bytes, took = grown(func() {
		full = index.Build(entries)
		inserts = b.insert(full, base)
		deletes = b.remove(full)
		full.Wait()
	})
	runtime.KeepAlive(entries)
	b.perVolume = bytes / n
	fmt.Fprintf(b.w, "  full        %8.2f s in all; %5.1f bytes a live volume; %s\n", took.Seconds(), b.perVolume, full.Stats())
	fmt.Fprintf(b.w, "    insert    %d of %d: p50 %.2f, p99 %.2f, mean %.2f us, longest %.1f ms\n",
		len(inserts), len(b.boxes), at(inserts, 50), at(inserts, 99), mean(inserts), at(inserts, 100)/1e3)
	fmt.Fprintf(b.w, "    delete    %d of %d: p50 %.2f, p99 %.2f, mean %.2f us\n",
		len(deletes), len(b.boxes), at(deletes, 50), at(deletes, 99), mean(deletes))
	b.searchers = []searcher{{"packed", packed.Search}, {"full", full.Search}}
	if b.opt.S2N < 0 {
		return
	}

	var lists *s2Lists
	without := b.removed
	if b.opt.S2N < b.opt.N {
		without = slices.Clone(b.removed)
		for i, kept := 0, 0; i < len(without); i++ {
			if !without[i] {
				kept++
				without[i] = kept > b.opt.S2N
			}
		}
	}
	bytes, took = grown(func() { lists = newS2Lists(b.boxes, without, runtime.GOMAXPROCS(0)) })
	fmt.Fprintf(b.w, "  S2 L13/9/5  %8.2f s, %5.2f us and %5.1f bytes a volume and 32 for its box, %d volumes\n",
		took.Seconds(), us(took)/float64(b.opt.S2N), bytes/float64(b.opt.S2N), b.opt.S2N)
	b.searchers = append(b.searchers, searcher{"S2 L13/9/5", lists.Search})
}

// entries returns the volumes from..to-1, all or those that live.
func (b *indexBench) entries(from, to int, live bool) []index.Entry[uint64] {
	var e []index.Entry[uint64]
	for i := from; i < to; i++ {
		if !live || !b.removed[i] {
			e = append(e, index.Entry[uint64]{ID: uint64(i), Box: b.boxes[i]})
		}
	}
	return e
}

// insert adds the volumes from the given one on, one by one.
func (b *indexBench) insert(x *index.Index[uint64], from int) []time.Duration {
	took := make([]time.Duration, 0, len(b.boxes)-from)
	for i := from; i < len(b.boxes); i++ {
		start := time.Now()
		x.Insert(uint64(i), b.boxes[i])
		took = append(took, time.Since(start))
	}
	x.Wait()
	return took
}

// remove deletes the volumes that are not to live, one by one.
func (b *indexBench) remove(x *index.Index[uint64]) []time.Duration {
	var took []time.Duration
	for i, gone := range b.removed {
		if gone {
			start := time.Now()
			x.Delete(uint64(i))
			took = append(took, time.Since(start))
		}
	}
	return took
}

// check compares all answers of the structures over the same volumes, and some
// with a scan.
func (b *indexBench) check() error {
	same := b.comparable()
	fmt.Fprintf(b.w, "\nanswers: %d structures agree; %d queries a class agree with a scan of all volumes\n", len(same), b.opt.Brute)
	var errs []error
	var got, want []uint64
	for c, class := range queryClasses {
		hits, scanned := 0, 0
		for i, q := range b.queries[c] {
			want = same[0].search(want[:0], q)
			hits += len(want)
			for _, s := range same[1:] {
				if got = s.search(got[:0], q); !slices.Equal(got, want) {
					errs = append(errs, fmt.Errorf("%s query %d, %v: %s finds %d volumes, %s %d", class.name, i, q, s.name, len(got), same[0].name, len(want)))
				}
			}
			if i < b.opt.Brute {
				scanned += len(want)
				if got = b.scan(got[:0], q); !slices.Equal(got, want) {
					errs = append(errs, fmt.Errorf("%s query %d, %v: %s finds %d volumes, a scan %d", class.name, i, q, same[0].name, len(want), len(got)))
				}
			}
			if len(errs) > 10 {
				return errors.Join(errs...)
			}
		}
		fmt.Fprintf(b.w, "  %-10s %7d queries, %8d hits, %7.1f a query; %6d hits in the scanned ones\n",
			class.name, len(b.queries[c]), hits, float64(hits)/float64(len(b.queries[c])), scanned)
	}
	return errors.Join(errs...)
}

// comparable returns the structures that hold all volumes.
func (b *indexBench) comparable() []searcher {
	if b.opt.S2N == b.opt.N {
		return b.searchers
	}
	return b.searchers[:2]
}

// scan appends the volumes that overlap q by looking at every one.
func (b *indexBench) scan(dst []uint64, q index.Box) []uint64 {
	for i := range b.boxes {
		if !b.removed[i] && touch(&b.boxes[i], &q) {
			dst = append(dst, uint64(i))
		}
	}
	return dst
}

// touch reports whether closed boxes overlap.
func touch(b, o *index.Box) bool {
	return b.Lo[0] <= o.Hi[0] && o.Lo[0] <= b.Hi[0] && b.Lo[1] <= o.Hi[1] && o.Lo[1] <= b.Hi[1] &&
		b.Lo[3] <= o.Hi[3] && o.Lo[3] <= b.Hi[3] && b.Lo[2] <= o.Hi[2] && o.Lo[2] <= b.Hi[2]
}

// quantiles are of one structure, class and round, in microseconds.
type quantiles struct{ p50, p99 float64 }

// measure times every query of every class and reports the quietest round of
// each structure, ratios and bars.
func (b *indexBench) measure() {
	fmt.Fprintf(b.w, "\nquery time, p50 / p99 in us, of the quietest of %d rounds; each query timed alone, %.0f ns of it for reading the clock\n",
		b.opt.Rounds, clockNS())
	table := tabwriter.NewWriter(b.w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "  class")
	for _, s := range b.searchers {
		fmt.Fprint(table, "\t", s.name)
	}
	fmt.Fprint(table, "\tfull/packed")
	if len(b.searchers) > 2 {
		fmt.Fprint(table, "\tS2/full")
	}
	fmt.Fprintln(table)
	var congested []quantiles
	for c, class := range queryClasses {
		best := b.rounds(b.queries[c])
		if c == 0 {
			congested = best
		}
		fmt.Fprintf(table, "  %s", class.name)
		for _, q := range best {
			fmt.Fprintf(table, "\t%.2f / %.2f", q.p50, q.p99)
		}
		fmt.Fprintf(table, "\t%.2f / %.2f", best[1].p50/best[0].p50, best[1].p99/best[0].p99)
		if len(best) > 2 {
			fmt.Fprintf(table, "\t%.1f / %.1f", best[2].p50/best[1].p50, best[2].p99/best[1].p99)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	for _, class := range queryClasses {
		fmt.Fprintf(b.w, "  %s: %s\n", class.name, class.what)
	}
	if b.opt.N == 1_000_000 && b.opt.S2N == b.opt.N {
		b.bars(congested)
	}
}

// rounds returns the quietest round of each structure. The structures take
// turns, so that a change of load meets all of them.
func (b *indexBench) rounds(queries []index.Box) []quantiles {
	best := make([]quantiles, len(b.searchers))
	took := make([]time.Duration, len(queries))
	var dst []uint64
	for round := range b.opt.Rounds {
		for k, s := range b.searchers {
			for i, q := range queries {
				start := time.Now()
				dst = s.search(dst[:0], q)
				took[i] = time.Since(start)
			}
			q := quantiles{at(took, 50), at(took, 99)}
			if round == 0 || q.p50 < best[k].p50 {
				best[k] = q
			}
		}
	}
	return best
}

// bars compares the congested class with what the index is held to.
func (b *indexBench) bars(q []quantiles) {
	fmt.Fprintf(b.w, "\nbars, congested\n")
	bar := func(what string, value, limit float64, most bool) {
		verdict, sign := "met", "at most"
		if !most {
			sign = "at least"
		}
		if (most && value > limit) || (!most && value < limit) {
			verdict = "MISSED"
		}
		fmt.Fprintf(b.w, "  %-28s %6.2f, %s %g: %s\n", what, value, sign, limit, verdict)
	}
	bar("full p50, us", q[1].p50, 3, true)
	bar("full p99, us", q[1].p99, 14, true)
	bar("full over packed, p50", q[1].p50/q[0].p50, 1.7, true)
	bar("S2 over full, p50", q[2].p50/q[1].p50, 7, false)
	bar("S2 over full, p99", q[2].p99/q[1].p99, 10, false)
	bar("bytes a live volume", b.perVolume, 80, true)
}

// grown returns by how many bytes the heap has grown by what f keeps, and how
// long f took.
func grown(f func()) (bytes float64, took time.Duration) {
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	start := time.Now()
	f()
	took = time.Since(start)
	return heap() - before, took
}

// clockNS returns the median time of timing nothing.
func clockNS() float64 {
	took := make([]time.Duration, 10_000)
	for i := range took {
		start := time.Now()
		took[i] = time.Since(start)
	}
	return at(took, 50) * 1e3
}

// at returns a percentile in microseconds. It sorts the durations.
func at(d []time.Duration, percent int) float64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return us(d[min(len(d)*percent/100, len(d)-1)])
}

func mean(d []time.Duration) float64 {
	var sum time.Duration
	for _, x := range d {
		sum += x
	}
	return us(sum) / float64(max(len(d), 1))
}

func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
