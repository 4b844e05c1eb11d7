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

// until returns the ids that are due at nowNS, by date and id.
func (c *calendar) until(nowNS int64) []string {
	var found []date
	var walk func(i int)
	walk = func(i int) {
		if i >= len(c.heap) || c.heap[i].ns > nowNS {
			return
		}
		if c.holds(c.heap[i]) {
			found = append(found, c.heap[i])
		}
		walk(2*i + 1)
		walk(2*i + 2)
	}
	walk(0)
	slices.SortFunc(found, func(a, b date) int { return cmp.Or(cmp.Compare(a.ns, b.ns), cmp.Compare(a.id, b.id)) })
	ids := make([]string, 0, len(found))
	for _, d := range found {
		ids = append(ids, d.id)
	}
	return slices.Compact(ids)
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
