package index

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
)

// Snapshot is the state of an [Index] after one write. It never changes, and
// any number of goroutines may use it. It keeps its memory alive: hold it for
// one task, not for hours.
type Snapshot[ID Key] struct {
	seq     uint32     // the write that made it; entries removed by a later one are seen
	live    int        // entries seen
	runs    []*run[ID] // the base first, then newer and smaller ones
	tail    *tail[ID]
	tailLen int
}

// Len returns the number of boxes.
func (s *Snapshot[ID]) Len() int { return s.live }

// Search appends to dst the id of every box that overlaps q, each id once, in
// ascending order. Nothing is left out. What dst held before stays as it is.
// It allocates only where dst has no room.
func (s *Snapshot[ID]) Search(dst []ID, q Box) []ID {
	had := len(dst)
	dst = s.collect(dst, q)
	found := dst[had:]
	slices.Sort(found)
	return dst[:had+len(slices.Compact(found))]
}

// collect is Search in no order, with repeats.
func (s *Snapshot[ID]) collect(dst []ID, q Box) []ID {
	q = q.ordered()
	p := probeOf(q)
	for _, r := range s.runs {
		dst = r.search(dst, q, &p, s.seq)
	}
	return s.tail.search(dst, s.tailLen, q, &p, s.seq)
}

// source walks the entries of a run or of the tail in ascending order of id.
type source[ID Key] struct {
	run  *run[ID]
	tail *tail[ID]
	rest []uint32 // places still to come: slots of a run, entries of the tail
	id   ID       // of rest[0]
}

func (c *source[ID]) load() {
	if len(c.rest) == 0 {
		return
	}
	if c.run != nil {
		c.id = c.run.idAt(c.rest[0])
	} else {
		c.id = c.tail.ids[c.rest[0]]
	}
}

// seek skips the entries with an id below from.
func (c *source[ID]) seek(from ID) {
	c.rest = c.rest[sort.Search(len(c.rest), func(i int) bool {
		at := source[ID]{run: c.run, tail: c.tail, rest: c.rest[i:]}
		at.load()
		return at.id >= from
	}):]
	c.load()
}

// entry returns the box at rest[0] and the write that removed it, or 0.
func (c *source[ID]) entry() (b Box, died uint32) {
	if c.run != nil {
		l, lane := c.run.at(c.rest[0])
		return l.boxes.box(int(lane)), l.died[lane].Load()
	}
	return c.tail.boxes[c.rest[0]], c.tail.died[c.rest[0]].Load()
}

func (s *Snapshot[ID]) sources() []source[ID] {
	var all []source[ID]
	for _, r := range s.runs {
		all = append(all, source[ID]{run: r, rest: r.byID})
	}
	if s.tailLen > 0 {
		order := make([]uint32, s.tailLen)
		for i := range order {
			order[i] = uint32(i)
		}
		slices.SortStableFunc(order, func(a, b uint32) int {
			return cmp.Compare(s.tail.ids[a], s.tail.ids[b])
		})
		all = append(all, source[ID]{tail: s.tail, rest: order})
	}
	for i := range all {
		all[i].load()
	}
	return all
}

// ascend calls yield with every entry the snapshot sees, in ascending order of
// id, as long as it returns true.
func (s *Snapshot[ID]) ascend(all []source[ID], yield func(ID, Box) bool) {
	for {
		var least *source[ID]
		for i := range all {
			if c := &all[i]; len(c.rest) > 0 && (least == nil || c.id < least.id) {
				least = c
			}
		}
		if least == nil {
			return
		}
		id := least.id
		b, died := least.entry()
		least.rest = least.rest[1:]
		least.load()
		if visible(died, s.seq) && !yield(id, b) {
			return
		}
	}
}

// pack returns the entries the snapshot sees as one run.
func (s *Snapshot[ID]) pack(spare chan struct{}) *run[ID] {
	n := s.tailLen
	for _, r := range s.runs {
		n += r.len()
	}
	ids := make([]ID, 0, n)
	items := make([]item, 0, n)
	s.ascend(s.sources(), func(id ID, b Box) bool {
		items = append(items, item{b, uint32(len(ids))})
		ids = append(ids, id)
		return true
	})
	return newRun(ids, items, spare)
}

// Stats describes how the boxes of an [Index] are stored.
type Stats struct {
	Live int   // boxes in the latest state
	Dead int   // removed, not yet dropped
	Runs []int // entries of the packed runs, removed ones included
	Tail int   // entries in the tail
}

func (s Stats) String() string {
	return fmt.Sprintf("%d live, %d removed; packed runs %v and %d unpacked", s.Live, s.Dead, s.Runs, s.Tail)
}

// Stats returns how the boxes are stored now.
func (x *Index[ID]) Stats() Stats {
	s := x.now.Load()
	st := Stats{Live: s.live, Dead: s.tailLen - s.live, Tail: s.tailLen}
	for _, r := range s.runs {
		st.Runs = append(st.Runs, r.len())
		st.Dead += r.len()
	}
	return st
}
