// Package index finds which 4D boxes overlap a box: the broad phase of
// conflict detection, for up to some ten million volumes.
//
// An [Index] has one writer at a time and any number of readers, which take no
// lock. Every write makes a [Snapshot]; a reader works on the newest one, or
// keeps one to ask it several questions. An answer holds every id whose box
// overlaps the query, once, in ascending order. It depends on the boxes alone:
// not on the order they came in, nor on how they are packed.
//
// # Structure
//
// Entries lie in packed runs and an unpacked tail:
//
//	base   all but the newest
//	delta  newer ones, at most an eighth of the base or so
//	fresh  the last few thousand
//	tail   the last 128 at most, in the order they came
//
// A packed run is a tree of fan-out 16 for each of three size classes (see
// pack.go). The writer packs a full tail together with the fresh run, which
// takes about a millisecond; larger runs are merged in the background while
// readers and the writer go on (see merge.go). A removed entry is marked with
// the number of the write that removed it, and dropped at the next merge.
//
// With integer ids an entry takes about 50 bytes: 34 for its share of the
// boxes, 8 for the id, 4 for the mark, 4 for the order by id that finds what
// to delete. A merge needs twice as much again for what it merges.
package index

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Key is what an id may be. Floating point is missing because NaN has no place
// in an order. Integers are best: strings cost the garbage collector a visit
// to every leaf, and 8 bytes more a volume.
type Key interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~string
}

// Entry is a box and the id of what it belongs to.
type Entry[ID Key] struct {
	ID  ID
	Box Box
}

// Index is a set of boxes with ids; several boxes may have one id. Make one
// with [New] or [Build]. All methods may be called by any goroutine.
type Index[ID Key] struct {
	now atomic.Pointer[Snapshot[ID]]

	mu   sync.Mutex   // held by writes
	next Snapshot[ID] // the write in progress; equals *now between writes
	job  *job[ID]     // the merge under way in the background, or nil
	idle sync.Cond    // job became nil

	freshCap int // see merge.go
}

// New returns an empty index.
func New[ID Key]() *Index[ID] {
	x := &Index[ID]{freshCap: defaultFreshCap}
	x.idle.L = &x.mu
	x.next = Snapshot[ID]{seq: firstSeq, tail: new(tail[ID])}
	x.publish()
	return x
}

// firstSeq is the number of the first write; 0 is kept for "not removed".
const firstSeq = 1

// Build returns an index of the entries, packed on all processors. It sorts
// entries and does not keep them.
func Build[ID Key](entries []Entry[ID]) *Index[ID] {
	slices.SortFunc(entries, func(a, b Entry[ID]) int { return cmp.Compare(a.ID, b.ID) })
	ids := make([]ID, len(entries))
	items := make([]item, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
		items[i] = item{e.Box.ordered(), uint32(i)}
	}
	x := New[ID]()
	if len(entries) > 0 {
		x.next.runs = []*run[ID]{newRun(ids, items, processors())}
		x.next.live = len(entries)
		x.publish()
	}
	return x
}

// processors returns room for a goroutine on every processor but the caller's.
func processors() chan struct{} {
	return make(chan struct{}, runtime.GOMAXPROCS(0)-1)
}

// Snapshot returns the state after the latest write.
func (x *Index[ID]) Snapshot() *Snapshot[ID] { return x.now.Load() }

// Search is [Snapshot.Search] in the latest state.
func (x *Index[ID]) Search(dst []ID, q Box) []ID { return x.now.Load().Search(dst, q) }

// Len returns the number of boxes in the latest state.
func (x *Index[ID]) Len() int { return x.now.Load().live }

// Insert adds boxes to those of id. Readers see all of them or none.
func (x *Index[ID]) Insert(id ID, boxes ...Box) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.begin()
	x.add(id, boxes)
	x.publish()
}

// Delete removes all boxes of id and returns how many there were.
func (x *Index[ID]) Delete(id ID) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.begin()
	n := x.remove(id)
	x.publish()
	x.maintain()
	return n
}

// Replace puts boxes in the place of all boxes of id and returns how many
// there were. A reader sees the old ones or the new ones, never both or none.
func (x *Index[ID]) Replace(id ID, boxes ...Box) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.begin()
	n := x.remove(id)
	x.add(id, boxes)
	x.publish()
	x.maintain()
	return n
}

// begin starts a write.
func (x *Index[ID]) begin() {
	if x.next.seq == math.MaxUint32 {
		x.repack()
	}
	x.next.seq++
}

// add appends boxes to the tail.
func (x *Index[ID]) add(id ID, boxes []Box) {
	for _, b := range boxes {
		if x.next.tailLen == tailCap {
			x.packTail()
		}
		x.next.tail.set(x.next.tailLen, id, b.ordered())
		x.next.tailLen++
		x.next.live++
	}
}

// remove marks the boxes of id as removed by this write.
func (x *Index[ID]) remove(id ID) int {
	n := x.next.tail.kill(x.next.tailLen, id, x.next.seq)
	for _, r := range x.next.runs {
		n += r.kill(id, x.next.seq)
	}
	if x.job != nil {
		x.job.removed = append(x.job.removed, removal[ID]{id, x.next.seq})
	}
	x.next.live -= n
	return n
}

// publish shows the state to readers.
func (x *Index[ID]) publish() {
	s := x.next
	x.now.Store(&s)
}
