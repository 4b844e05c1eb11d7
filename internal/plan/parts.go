package plan

import (
	"fmt"
	"slices"
	"strconv"
)

// partSet collects the features of a file into Items. Features that carry
// `part` and `parts` are parts of one Item with their common id; any other id
// stands for itself and must be unique in the file.
type partSet struct {
	file  string
	order []*partGroup
	byID  map[string]*partGroup
}

type partGroup struct {
	parts int64
	have  map[int64]Item
	first Item
}

func newPartSet(file string) *partSet {
	return &partSet{file: file, byID: make(map[string]*partGroup)}
}

func (s *partSet) add(item Item, p *properties) error {
	g := s.byID[item.ID]
	if item.ID == "" {
		g = nil
	}
	fail := func(found, expected string) error {
		return &Error{File: s.file, Place: item.Place, Found: found, Expected: expected}
	}
	if g == nil {
		g = &partGroup{parts: max(p.parts, 1), have: map[int64]Item{max(p.part, 1): item}, first: item}
		s.order = append(s.order, g)
		if item.ID != "" {
			s.byID[item.ID] = g
		}
		if p.parts == 0 {
			g.parts = 0 // nothing may join it
		}
		return nil
	}
	f := &g.first
	_, dup := g.have[p.part]
	switch {
	case g.parts == 0 || p.parts == 0:
		return fail("the id "+quoteShort(item.ID)+" a second time (first at "+f.Place+")", "each id once, or part and parts")
	case g.parts != p.parts:
		return fail("part of "+strconv.FormatInt(p.parts, 10), "part of "+strconv.FormatInt(g.parts, 10)+" as at "+f.Place)
	case dup:
		return fail("part "+strconv.FormatInt(p.part, 10)+" of "+quoteShort(item.ID)+" a second time", "each part once")
	case item.Version != f.Version || item.Party != f.Party || item.Name != f.Name || item.Kind != f.Kind || item.Type != f.Type:
		return fail("another version, party, name, kind or type than at "+f.Place, "the same in all parts of "+quoteShort(item.ID))
	}
	g.have[p.part] = item
	return nil
}

// items returns the Items in the order of their first parts.
func (s *partSet) items() ([]Item, error) {
	items := make([]Item, 0, len(s.order))
	for _, g := range s.order {
		if g.parts == 0 {
			items = append(items, g.first)
			continue
		}
		if int64(len(g.have)) != g.parts {
			return nil, &Error{
				File: s.file, Place: g.first.Place,
				Found:    fmt.Sprintf("%d of %d parts of %s", len(g.have), g.parts, quoteShort(g.first.ID)),
				Expected: "all of them in the file",
			}
		}
		items = append(items, g.merge())
	}
	return items, nil
}

// merge joins the parts in their order.
func (g *partGroup) merge() Item {
	whole := g.have[1]
	for n := int64(2); n <= g.parts; n++ {
		part := g.have[n]
		whole.Volumes = append(whole.Volumes, part.Volumes...)
		whole.Routes = append(whole.Routes, part.Routes...)
		whole.Notes = append(whole.Notes, part.Notes...)
		whole.Unused = append(whole.Unused, part.Unused...)
		for _, s := range part.Suppositions {
			if !slices.Contains(whole.Suppositions, s) {
				whole.Suppositions = append(whole.Suppositions, s)
			}
		}
	}
	return whole
}
