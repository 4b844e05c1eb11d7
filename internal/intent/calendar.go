package intent

import (
	"cmp"
	"container/heap"
	"maps"
	"math"
	"slices"
)

// never is when something is due that is not.
const never = math.MaxInt64

// calendar knows when which id is due.
type calendar struct {
	at   map[string]int64
	heap dates // holds dates that were moved, until they come up
}

type date struct {
	ns int64
	id string
}

// set says when an id is due.
func (c *calendar) set(id string, ns int64) {
	if was, ok := c.at[id]; ok && was == ns {
		return
	}
	if ns == never {
		delete(c.at, id)
	} else {
		if c.at == nil {
			c.at = map[string]int64{}
		}
		c.at[id] = ns
		heap.Push(&c.heap, date{ns, id})
	}
	for len(c.heap) > 0 && !c.holds(c.heap[0]) {
		heap.Pop(&c.heap)
	}
	if len(c.heap) > 2*len(c.at)+64 {
		c.heap = slices.DeleteFunc(c.heap, func(d date) bool { return !c.holds(d) })
		heap.Init(&c.heap)
	}
}

func (c *calendar) holds(d date) bool {
	ns, ok := c.at[d.id]
	return ok && ns == d.ns
}

func (c *calendar) first() (ns int64, ok bool) {
	if len(c.heap) == 0 {
		return 0, false
	}
	return c.heap[0].ns, true
}

// until returns the first ids that are due at nowNS, by date and id, at most so
// many. It looks at little more of the calendar than these.
func (c *calendar) until(nowNS int64, most int) []string {
	var ids []string
	next := places{c.heap, nil}
	heap.Push(&next, 0)
	for len(next.at) > 0 && len(ids) < most {
		i := heap.Pop(&next).(int)
		if i >= len(c.heap) || c.heap[i].ns > nowNS {
			continue
		}
		// The same date may be there twice, one after the other.
		if d := c.heap[i]; c.holds(d) && (len(ids) == 0 || ids[len(ids)-1] != d.id) {
			ids = append(ids, d.id)
		}
		heap.Push(&next, 2*i+1)
		heap.Push(&next, 2*i+2)
	}
	return ids
}

// places are places in a heap of dates, of which the earliest is taken first.
type places struct {
	dates dates
	at    []int
}

func (p places) Len() int      { return len(p.at) }
func (p places) Swap(i, j int) { p.at[i], p.at[j] = p.at[j], p.at[i] }
func (p *places) Push(x any)   { p.at = append(p.at, x.(int)) }

func (p places) Less(i, j int) bool {
	a, b := p.at[i], p.at[j]
	if a >= len(p.dates) || b >= len(p.dates) {
		return a < b
	}
	return p.dates.Less(a, b)
}

func (p *places) Pop() any {
	x := p.at[len(p.at)-1]
	p.at = p.at[:len(p.at)-1]
	return x
}

func (c *calendar) clone() calendar { return calendar{maps.Clone(c.at), slices.Clone(c.heap)} }

type dates []date

func (h dates) Len() int { return len(h) }
func (h dates) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].ns, h[j].ns), cmp.Compare(h[i].id, h[j].id)) < 0
}
func (h dates) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dates) Push(x any)   { *h = append(*h, x.(date)) }

func (h *dates) Pop() any {
	old := *h
	d := old[len(old)-1]
	*h = old[:len(old)-1]
	return d
}
