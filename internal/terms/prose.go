package terms

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
)

// checkPlaceholders checks that the clause's prose holds no number of its own,
// names parameters of its rule only, and the same ones in each language: then
// no two languages, and no prose and machine, can differ in a number.
func (c *Clause) checkPlaceholders(languages []string) error {
	k := ruleKinds[c.Rule]
	var names []string
	for i, l := range languages {
		found, err := placeholders(c.Text[l])
		if err != nil {
			return fmt.Errorf("text.%s: %w", l, err)
		}
		for _, n := range found {
			if !slices.Contains(k.required, n) && !slices.Contains(k.optional, n) {
				return expected("text."+l, "{"+n+"}", fmt.Sprintf("a parameter of the rule %s", c.Rule))
			}
		}
		if i > 0 && !slices.Equal(names, found) {
			return fmt.Errorf("text.%s: found the parameters %q, expected those of text.%s, %q", l, found, languages[0], names)
		}
		names = found
	}
	return nil
}

// placeholders returns the names that stand in braces, sorted, each once. A
// digit outside of braces is refused, in any script.
func placeholders(prose string) (names []string, err error) {
	rest := prose
	for {
		open := strings.IndexAny(rest, "{}")
		outside := rest
		if open >= 0 {
			outside = rest[:open]
		}
		for _, r := range outside {
			if unicode.IsNumber(r) {
				return nil, expected("prose", string(r), "numbers as {parameter} only")
			}
		}
		if open < 0 {
			slices.Sort(names)
			return slices.Compact(names), nil
		}
		name, after, closed := strings.Cut(rest[open+1:], "}")
		if rest[open] == '}' || !closed || strings.Contains(name, "{") || name == "" {
			return nil, expected("prose", rest[open:], "{parameter}, with both braces")
		}
		names = append(names, name)
		rest = after
	}
}

// Prose returns the clause in a language with its parameters filled in, as
// people read it. What is not set is shown so.
func (c *Clause) Prose(language string) string {
	var b strings.Builder
	rest := c.Text[language]
	for {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(after, "}")
		if v := c.Parameters[name]; v != nil {
			b.WriteString(display(name, v))
		} else {
			b.WriteString("[" + name + ": not set]")
		}
		rest = after
	}
}

// display writes a parameter for people. Its name tells the unit.
func display(name string, value json.RawMessage) string {
	switch name {
	case "at_ns":
		var at []int64
		if json.Unmarshal(value, &at) == nil {
			return join(at, func(ns int64) string { return fmt.Sprintf("%02d:%02d UTC", ns/hour, ns%hour/minute) })
		}
	case "rungs":
		var rungs []Rung
		if json.Unmarshal(value, &rungs) == nil {
			return join(rungs, func(r Rung) string { return r.Position + " by " + r.Bearer + " for " + duration(r.WaitNS) })
		}
	case "ranks":
		var ranks [][]string
		if json.Unmarshal(value, &ranks) == nil {
			return join(ranks, func(r []string) string { return strings.Join(r, " = ") })
		}
	case "points":
		var points []declared.Point
		if json.Unmarshal(value, &points) == nil {
			return join(points, func(p declared.Point) string { return geodesy.LatLng(p).String() })
		}
	case "ceiling", "lower", "upper":
		var a declared.Altitude
		if json.Unmarshal(value, &a) == nil {
			return geodesy.FormatLength(a.MM, geodesy.Foot, 0) + " " + a.Reference
		}
	}
	return displayPlain(name, value)
}

func displayPlain(name string, value json.RawMessage) string {
	var n int64
	var s string
	var list []string
	switch {
	case json.Unmarshal(value, &n) == nil:
		switch {
		case strings.HasSuffix(name, "_mm"):
			return length(n)
		case strings.HasSuffix(name, "_ns"):
			return duration(n)
		case strings.HasSuffix(name, "_m2s"):
			return fmt.Sprintf("%d m² s", n)
		case strings.HasSuffix(name, "_bytes"):
			return fmt.Sprintf("%d bytes", n)
		case slices.Contains(ruleKinds["margins"].required, name):
			return fmt.Sprintf("%d %%", n)
		}
		return fmt.Sprint(n)
	case json.Unmarshal(value, &s) == nil:
		return s
	case json.Unmarshal(value, &list) == nil:
		return strings.Join(list, ", ")
	}
	return string(value)
}

func join[T any](list []T, display func(T) string) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = display(v)
	}
	return strings.Join(words, ", ")
}

// length writes a length in the unit in which it is a round number.
func length(mm int64) string {
	switch {
	case mm%185_200 == 0 && mm != 0:
		return geodesy.FormatLength(mm, geodesy.NauticalMile, 1)
	case mm*10%3048 == 0:
		return geodesy.FormatLength(mm, geodesy.Foot, 0)
	}
	return geodesy.FormatLength(mm, geodesy.Metre, 3)
}

// duration writes a duration in the largest unit in which it is a whole number.
func duration(ns int64) string {
	switch {
	case ns%hour == 0 && ns != 0:
		return fmt.Sprintf("%d h", ns/hour)
	case ns%minute == 0 && ns != 0:
		return fmt.Sprintf("%d min", ns/minute)
	case ns%second == 0:
		return fmt.Sprintf("%d s", ns/second)
	case ns%1_000_000 == 0:
		return fmt.Sprintf("%d ms", ns/1_000_000)
	}
	return fmt.Sprintf("%d ns", ns)
}

// Prose returns the whole text in a language, as people read it.
func (t *Text) Prose(language string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (version %d)\n", t.Title[language], t.Version)
	for _, id := range slices.Sorted(slices.Values(t.Not)) {
		fmt.Fprintf(&b, "%s\n", NegativeScope[id])
	}
	annexes := map[string]string{}
	for _, a := range t.Annexes {
		annexes[a.Name] = a.Title[language]
	}
	for _, annex := range slices.Concat([]string{""}, slices.Sorted(maps.Keys(annexes))) {
		if annex != "" {
			fmt.Fprintf(&b, "Annex %s: %s\n", annex, annexes[annex])
		}
		for i := range t.Clauses {
			if c := &t.Clauses[i]; c.Annex == annex {
				fmt.Fprintf(&b, "%s. %s [%s]\n", c.ID, c.Prose(language), c.Status)
			}
		}
	}
	return b.String()
}
