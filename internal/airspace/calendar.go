package airspace

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"
)

// calendar knows when entities are due to be swept, to the minute. It follows
// from the entities, so that no snapshot holds it.
type calendar struct {
	pages map[int64]*page
	order minuteHeap // minutes that have a page, each once
}

// page holds what is due at a minute.
type page struct {
	entries map[entry]struct{}
	sorted  []entry // made when the page is read; may hold entries struck out since
}

// entry is an entity of a kind.
type entry struct {
	kind   Kind
	number int64
}

const minuteNS = int64(time.Minute)

// minuteOf returns the first minute that begins at or after an instant.
func minuteOf(ns int64) int64 {
	m := ns / minuteNS
	if ns%minuteNS > 0 {
		m++
	}
	return m
}

func (c *calendar) add(e entry, dueNS int64) {
	m := minuteOf(dueNS)
	p := c.pages[m]
	if p == nil {
		if c.pages == nil {
			c.pages = map[int64]*page{}
		}
		p = &page{entries: map[entry]struct{}{}}
		c.pages[m] = p
		heap.Push(&c.order, m)
	}
	p.entries[e] = struct{}{}
	p.sorted = nil
}

// remove strikes out an entry. A page that becomes empty stays until it is the
// first, as leaving the heap from the middle would cost a search.
func (c *calendar) remove(e entry, dueNS int64) {
	if p := c.pages[minuteOf(dueNS)]; p != nil {
		delete(p.entries, e)
	}
}

// due returns when the first entry is due.
func (c *calendar) due() (ns int64, ok bool) {
	for len(c.order) > 0 {
		if p := c.pages[c.order[0]]; len(p.entries) > 0 {
			return c.order[0] * minuteNS, true
		}
		delete(c.pages, c.order[0])
		heap.Pop(&c.order)
	}
	return 0, false
}

// first returns the first entry by minute, kind and number. There must be one.
func (c *calendar) first() entry {
	p := c.pages[c.order[0]]
	if p.sorted == nil {
		p.sorted = slices.SortedFunc(maps.Keys(p.entries), func(a, b entry) int {
			return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.number, b.number))
		})
	}
	for {
		if _, ok := p.entries[p.sorted[0]]; ok {
			return p.sorted[0]
		}
		p.sorted = p.sorted[1:]
	}
}

type minuteHeap []int64

func (h minuteHeap) Len() int           { return len(h) }
func (h minuteHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h minuteHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *minuteHeap) Push(x any)        { *h = append(*h, x.(int64)) }

func (h *minuteHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
