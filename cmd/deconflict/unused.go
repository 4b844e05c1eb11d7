package main

import (
	"fmt"
	"strings"

	"github.com/deconflict/deconflict/internal/plan"
)

// unused returns the notes on what a file holds and the answer does not rest
// on.
func (s *source) unused() []string {
	out := append([]string{}, s.file.Unused...)
	for i := range s.file.Items {
		out = append(out, s.file.Items[i].Unused...)
	}
	return out
}

// unusedWords counts what is not used of a file; empty when all is.
func (s *source) unusedWords() string {
	notes := s.unused()
	if len(notes) == 0 {
		return ""
	}
	least := ""
	for _, n := range notes {
		if strings.HasPrefix(n, "more ") { // a reader stopped counting
			least = "at least "
		}
	}
	one, many := "member is", "members are"
	switch s.file.Format {
	case plan.KML, plan.KMZ, plan.GPX:
		one, many = "element is", "elements are"
	case plan.OpenAir, plan.QGCWPL:
		one, many = "entry is", "entries are"
	}
	name := s.file.Name
	if name == standardInput {
		name = "-"
	}
	return fmt.Sprintf("%s: %s%s not used (deconflict show %s names %s)", s.file.Name, least, count(len(notes), one, many), name,
		map[bool]string{true: "it", false: "them"}[len(notes) == 1])
}
