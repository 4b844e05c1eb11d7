package plan

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// edit puts a text in the place of the bytes [from, to) of a file.
type edit struct {
	from, to int
	text     string
}

// edits are what changes in a file; all other bytes stay.
type edits []edit

func (e *edits) replace(from, to int, text string) { *e = append(*e, edit{from, to, text}) }

// apply returns data[from:to] with those edits made that lie within. Of edits
// that overlap, such as one made twice, the first counts.
func (e edits) apply(data []byte, from, to int) []byte {
	sorted := slices.Clone(e)
	slices.SortStableFunc(sorted, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	var b bytes.Buffer
	b.Grow(to - from)
	at := from
	for _, x := range sorted {
		if x.from < at || x.to > to {
			continue
		}
		b.Write(data[at:x.from])
		b.WriteString(x.text)
		at = x.to
	}
	b.Write(data[at:to])
	return b.Bytes()
}

// list is a list within a file: the texts between its elements are kept.
type list struct {
	head, separator, tail string
}

// listOf takes the texts around elements at the given extents, of which there is
// at least one, from data[from:to]. Without a second element the separator is
// the one given.
func listOf(data []byte, from, to int, elements [][2]int, separator string) list {
	last := elements[len(elements)-1]
	l := list{head: string(data[from:elements[0][0]]), separator: separator, tail: string(data[last[1]:to])}
	if len(elements) > 1 {
		l.separator = string(data[elements[0][1]:elements[1][0]])
	}
	return l
}

func (l list) join(elements []string) string {
	return l.head + strings.Join(elements, l.separator) + l.tail
}
