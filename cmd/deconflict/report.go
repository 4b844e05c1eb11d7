package main

import (
	"bufio"
	"fmt"
	"math"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/picture"
	"github.com/deconflict/deconflict/internal/volume"
)

// column is one piece of the line on a conflict.
type column struct{ label, text string }

// report prints the answer for people: one line a conflict, folded by column
// when the width of the terminal is known, then what was compared and what was
// supposed.
func (c *check) report(a *app) error {
	w := bufio.NewWriter(a.stdout)
	rows := make([][]column, len(c.result.Verdicts))
	for i := range c.result.Verdicts {
		rows[i] = c.columns(picture.PlanFirst(&c.result.Verdicts[i]))
	}
	if a.columns > 0 {
		printFolded(w, a, rows)
	} else {
		printLines(w, a, rows)
	}
	c.printSummary(w, a)
	c.printSuppositions(w, a)
	c.printUnused(w, a)
	if c.result.Pairs > 0 {
		fmt.Fprintln(w, wrap(fmt.Sprintf("Digest of this comparison: inputs %.6x, answer %.6x (first 12 hexadecimal digits; --json has all)",
			c.result.InputsDigest, c.result.Digest), a.columns, 2))
	}
	return w.Flush()
}

func (c *check) columns(v *conflict.Verdict) []column {
	cols := []column{
		{"", picture.Who(v.A) + " with " + picture.Who(v.B)},
		{"when", picture.Span(v.FromNS, v.ToNS)},
		{"where", c.where(v)},
		{"lateral", c.units.LateralWords(v)},
		{"vertical", c.units.VerticalWords(v)},
	}
	if v.WithinTolerance {
		cols = append(cols, column{"note", "within the numeric tolerance of " +
			geodesy.FormatLength((v.ToleranceTenthMM+9)/10, geodesy.Millimetre, 0) + ": the separation may just be kept"})
	}
	for i := range cols {
		cols[i].text = printable(cols[i].text)
	}
	return cols
}

// where gives the place of closest approach and its bearing and distance from
// the nearest point that the plan or zone itself names.
func (c *check) where(v *conflict.Verdict) string {
	p := placeOf(c, v)
	if p == nil {
		return "place not known"
	}
	s := degrees(p.at)
	if p.from == "" {
		return s
	}
	if p.distanceM < 0.5 {
		return s + ", at " + p.from
	}
	return fmt.Sprintf("%s, %s %03d° true from %s", s, c.offset(p.distanceM), int(math.Round(p.bearingDeg))%360, p.from)
}

// offset writes a distance from a known point, as it is read on a chart.
func (c *check) offset(m float64) string {
	mm := int64(math.Round(m * 1000))
	switch {
	case c.units.Lateral == geodesy.NauticalMile && mm >= 185_200:
		return geodesy.FormatLength(mm, geodesy.NauticalMile, 1)
	case mm >= 10_000_000:
		return geodesy.FormatLength(mm, geodesy.Kilometre, 1)
	}
	return geodesy.FormatLength(mm, geodesy.Metre, 0)
}

// place is where a conflict is closest, and where that is from a point known to
// its owner.
type place struct {
	at         geodesy.LatLng
	from       string // such as `waypoint 2 of H-17`
	fromAt     geodesy.LatLng
	bearingDeg float64 // true, 0 to 360
	distanceM  float64
}

// placeOf describes the place of closest approach of a verdict on the side that
// moves, if one does; nil when there is none.
func placeOf(c *check, v *conflict.Verdict) *place {
	near := v.MinHorizontal
	if near == nil || len(v.Parts) == 0 {
		return nil
	}
	part := v.Parts[v.Worst]
	e, ref, at := c.byID[v.A.ID], part.A, near.A
	if ref.Kind != conflict.LegPart && part.B.Kind == conflict.LegPart {
		e, ref, at = c.byID[v.B.ID], part.B, near.B
	}
	p := &place{at: at, distanceM: math.Inf(1)}
	consider := func(name string, from geodesy.LatLng) {
		d, azi, _ := geodesy.Inverse(from, at)
		if d >= p.distanceM {
			return
		}
		if azi < 0 {
			azi += 360
		}
		p.from, p.fromAt, p.bearingDeg, p.distanceM = name, from, azi, d
	}
	if ref.Kind == conflict.LegPart {
		points := e.Trajectories[ref.Route].Waypoints()
		for i := ref.Index; i <= ref.Index+1 && i < len(points); i++ {
			consider(fmt.Sprintf("waypoint %d of %s", i+1, e.ID), points[i].At)
		}
		return p
	}
	footprint := e.Volumes[ref.Index].Footprint
	name := map[volume.Shape]string{volume.Polygon: "vertex %d of %s", volume.Circle: "the centre of %[2]s", volume.Corridor: "point %d of %s"}[footprint.Shape()]
	for i, at := range footprint.Vertices() {
		consider(fmt.Sprintf(name, i+1, e.ID), at)
	}
	return p
}

// degrees writes a position to 1e-5 degree, about a metre.
func degrees(p geodesy.LatLng) string {
	lat, lng := p.Degrees()
	return fmt.Sprintf("%.5f%s %.5f%s", math.Abs(lat), hemisphere(lat, "N", "S"), math.Abs(lng), hemisphere(lng, "E", "W"))
}

func hemisphere(deg float64, positive, negative string) string {
	if deg < 0 {
		return negative
	}
	return positive
}

// aligned is how many columns are padded; the later ones are too long for it to
// help.
const aligned = 3

// printLines prints one line a conflict, the first columns aligned.
func printLines(w *bufio.Writer, a *app, rows [][]column) {
	var width []int
	for _, row := range rows {
		for i, col := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(labelled(col)))
		}
	}
	for _, row := range rows {
		w.WriteString(a.style(styleBad, "CONFLICT"))
		for i, col := range row {
			s := labelled(col)
			w.WriteString("  " + s)
			if i < aligned && i < len(row)-1 {
				w.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(s)))
			}
		}
		w.WriteByte('\n')
	}
}

func labelled(col column) string {
	if col.label == "" || col.label == "when" || col.label == "where" {
		return col.text
	}
	return col.label + ": " + col.text
}

// printFolded prints one column a line.
func printFolded(w *bufio.Writer, a *app, rows [][]column) {
	const indent = 12
	for _, row := range rows {
		for _, col := range row {
			if col.label == "" {
				fmt.Fprintf(w, "%s    %s\n", a.style(styleBad, "CONFLICT"), a.style(styleBold, wrap(col.text, a.columns, indent)))
				continue
			}
			fmt.Fprintf(w, "  %-10s%s\n", col.label, wrap(col.text, a.columns, indent))
		}
	}
}

// printSummary says what was compared, by what rule, and what was not.
func (c *check) printSummary(w *bufio.Writer, a *app) {
	plans, zones := 0, 0
	for _, e := range c.byID {
		if e.Kind == volume.Constraint {
			zones++
		} else {
			plans++
		}
	}
	n := len(c.result.Verdicts)
	if n > 0 {
		w.WriteByte('\n')
	}
	line := fmt.Sprintf("%s (%s, %s), %s compared, %s.", count(len(c.byID), "entity", "entities"),
		count(plans, "plan", "plans"), count(zones, "zone", "zones"), count(c.result.Pairs, "pair", "pairs"), count(n, "conflict", "conflicts"))
	switch {
	case c.result.Pairs == 0:
		fmt.Fprintf(w, "%s: this is no clearance. Give another plan or zone, or --against FILE.\n", a.style(styleBad, "NOTHING COMPARED"))
	case n == 0:
		fmt.Fprintf(w, "%s among the plans and zones given. Whoever is not in these files was not compared.\n", a.style(styleBold, "No conflict"))
	}
	fmt.Fprintln(w, wrap(line, a.columns, 0))
	if c.result.Pairs > 0 {
		fmt.Fprintln(w, wrap(c.rule(zones > 0), a.columns, 0))
	}
	if zones > 1 {
		fmt.Fprintln(w, "Zones were not compared with each other.")
	}
	c.printIdle(w)
	if s := c.nearest.words(c.units); s != "" {
		fmt.Fprintln(w, wrap(printable(s), a.columns, 2))
	}
	for _, s := range c.warnings() {
		fmt.Fprintf(w, "%s %s\n", a.style(styleBad, "Warning:"), wrap(printable(s), a.columns, 2))
	}
}

// printIdle names the zones that recur and are not in force while the plans are.
func (c *check) printIdle(w *bufio.Writer) {
	for _, e := range c.idle {
		fmt.Fprintf(w, "%s is not in force at the time of the plans.\n", printable(e.ID))
	}
}

// rule says which minima held.
func (c *check) rule(zones bool) string {
	words := func(s *separations, flag string) string {
		if s.text == "" {
			return "none given (" + flag + "), so that they must not overlap"
		}
		t := geodesy.FormatLength(s.lateralMM, s.units.Lateral, 4) + " lateral or " + geodesy.FormatLength(s.verticalMM, s.units.Vertical, 4) + " vertical"
		if s.timeNS > 0 {
			t += ", within " + duration(s.timeNS)
		}
		return t
	}
	s := "Minima between plans: " + words(&c.minima, "--minima") + "."
	if zones {
		s += " From zones: " + words(&c.zoneMinima, "--zone-minima") + "."
	}
	return s
}

// maxSuppositions bounds the suppositions printed for people, who would not
// read thousands that differ in a number.
const maxSuppositions = 40

// printSuppositions lists what had to be supposed, each with whom it concerns.
func (c *check) printSuppositions(w *bufio.Writer, a *app) {
	ids := map[string][]string{}
	var order []string
	for _, src := range c.sources {
		for _, e := range src.entities {
			for _, s := range e.Suppositions {
				if ids[s] == nil {
					order = append(order, s)
				}
				ids[s] = append(ids[s], e.ID)
			}
		}
	}
	if len(order) == 0 {
		return
	}
	fmt.Fprintln(w, "Supposed:")
	for i, s := range order {
		if i == maxSuppositions {
			fmt.Fprintf(w, "  and %s that --json lists\n", count(len(order)-i, "more", "more"))
			break
		}
		fmt.Fprintf(w, "  %s\n", wrap(printable(s+" ("+names(ids[s])+")"), a.columns, 4))
	}
}

// printUnused says how much of each file the answer does not rest on.
func (c *check) printUnused(w *bufio.Writer, a *app) {
	title := "Not used:\n"
	for _, src := range c.sources {
		if s := src.unusedWords(); s != "" {
			fmt.Fprintf(w, "%s  %s\n", title, wrap(printable(s), a.columns, 4))
			title = ""
		}
	}
}

// names lists ids, or counts them when there are many.
func names(ids []string) string {
	sort.Strings(ids)
	if len(ids) > 8 {
		return fmt.Sprintf("%d entities", len(ids))
	}
	return strings.Join(ids, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
