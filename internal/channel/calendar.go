package channel

import (
	"cmp"
	"slices"
)

// calendar holds when what is due, in a heap. What moves or ends leaves its old
// entry behind; tidy removes those. It follows from the records, so that no
// snapshot holds it.
type calendar struct {
	entries []entry
}

type entry struct {
	ns int64
	id string // of a message or an undertaking
}

func (e entry) compare(f entry) int {
	return cmp.Or(cmp.Compare(e.ns, f.ns), cmp.Compare(e.id, f.id))
}

func (c *calendar) add(ns int64, id string) {
	c.entries = append(c.entries, entry{ns, id})
	for i := len(c.entries) - 1; i > 0; {
		up := (i - 1) / 2
		if c.entries[up].compare(c.entries[i]) <= 0 {
			break
		}
		c.entries[up], c.entries[i] = c.entries[i], c.entries[up]
		i = up
	}
}

// tidy leaves an entry that holds in front, and less than half of those that do
// not altogether: live is about how many there are that do.
func (c *calendar) tidy(live int, holds func(entry) bool) {
	if len(c.entries) > 2*live+64 {
		c.entries = slices.DeleteFunc(c.entries, func(e entry) bool { return !holds(e) })
		// An ordered list is a heap.
		slices.SortFunc(c.entries, entry.compare)
		c.entries = slices.Compact(c.entries)
	}
	for len(c.entries) > 0 && !holds(c.entries[0]) {
		c.pop()
	}
}

func (c *calendar) pop() {
	last := len(c.entries) - 1
	c.entries[0] = c.entries[last]
	c.entries[last] = entry{}
	c.entries = c.entries[:last]
	for i := 0; ; {
		least := i
		for _, down := range [...]int{2*i + 1, 2*i + 2} {
			if down < last && c.entries[down].compare(c.entries[least]) < 0 {
				least = down
			}
		}
		if least == i {
			return
		}
		c.entries[i], c.entries[least] = c.entries[least], c.entries[i]
		i = least
	}
}

// until returns up to most different entries that hold and are due at nowNS, in
// order, and changes nothing.
func (c *calendar) until(nowNS int64, most int, holds func(entry) bool) (due []entry) {
	// The front of the walk down the heap: below an entry are only later ones.
	var front []int
	step := func(i int) {
		if i < len(c.entries) && c.entries[i].ns <= nowNS {
			at, _ := slices.BinarySearchFunc(front, i, func(a, b int) int { return c.entries[a].compare(c.entries[b]) })
			front = slices.Insert(front, at, i)
		}
	}
	step(0)
	for len(front) > 0 && len(due) < most {
		i := front[0]
		front = front[1:]
		e := c.entries[i]
		if holds(e) && (len(due) == 0 || due[len(due)-1] != e) {
			due = append(due, e)
		}
		step(2*i + 1)
		step(2*i + 2)
	}
	return due
}
