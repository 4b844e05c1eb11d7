package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/picture"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// optionsReport shows an answer.
type optionsReport struct {
	o      *optionsCommand
	answer *resolve.Answer
	plan   *volume.Entity
}

// text prints the answer for people.
func (r *optionsReport) text(a *app) error {
	w := bufio.NewWriter(a.stdout)
	r.printConflicts(w, a)
	r.printOptions(w, a)
	r.printWindows(w, a)
	r.printBlocked(w, a)
	r.printRest(w, a)
	return w.Flush()
}

func (r *optionsReport) printConflicts(w *bufio.Writer, a *app) {
	if len(r.answer.Conflicts) == 0 {
		r.printClear(w, a)
		return
	}
	rows := make([][]column, len(r.answer.Conflicts))
	for i := range r.answer.Conflicts {
		rows[i] = r.o.columns(picture.PlanFirst(&r.answer.Conflicts[i]))
	}
	if a.columns > 0 {
		printFolded(w, a, rows)
	} else {
		printLines(w, a, rows)
	}
	w.WriteByte('\n')
}

// printClear says that the plan is clear as declared, and what that is worth.
func (r *optionsReport) printClear(w *bufio.Writer, a *app) {
	id := a.style(styleBold, printable(r.plan.ID))
	switch {
	case len(r.answer.Conditions) > 0:
		fmt.Fprintf(w, "%s is clear as declared on a condition. --enter none finds ways that keep out.\n", id)
		r.printConditions(w, a, r.answer.Conditions, "  ")
	case len(r.answer.Considered) == 0:
		fmt.Fprintf(w, "%s meets nothing: of what was given nothing is within reach of it and of the limits, in space and time.\n", id)
	default:
		fmt.Fprintf(w, "%s is clear as declared of what was given.\n", id)
	}
	fmt.Fprintln(w, "Whoever is not in these files was not compared.")
}

func (r *optionsReport) printConditions(w *bufio.Writer, a *app, list []resolve.Condition, indent string) {
	for i := range list {
		fmt.Fprintf(w, "%s%s\n", indent, wrap(printable(r.conditionWords(&list[i])), a.columns, len(indent)+2))
	}
}

func (r *optionsReport) printOptions(w *bufio.Writer, a *app) {
	switch {
	case len(r.answer.Conflicts) == 0:
		return
	case len(r.answer.Options) == 0:
		fmt.Fprintf(w, "%s within the limits clears it.\n", a.style(styleBad, "NOTHING"))
		r.printLeast(w, a)
		return
	}
	fmt.Fprintln(w, a.style(styleBold, "What clears it, the smallest change first:"))
	for i := range r.answer.Options {
		o := &r.answer.Options[i]
		line := fmt.Sprintf("%s [worth %s of delay]", r.changeWords(o.Kind, &o.Change, o.Entity), shortDuration(o.CostMS*1e6))
		fmt.Fprintf(w, "%3d  %s\n", i+1, a.style(styleBold, wrap(printable(line), a.columns, 5)))
		if s := r.closestWords(o.Closest); s != "" {
			fmt.Fprintf(w, "     %s\n", wrap(printable(s), a.columns, 7))
		}
		r.printConditions(w, a, o.Conditions, "     ")
	}
	if r.lowers() {
		fmt.Fprintln(w, wrap("No terrain is known: whether what is lowered stays clear of the ground is for you to see.", a.columns, 2))
	}
}

// lowers tells whether an option moves the plan down.
func (r *optionsReport) lowers() bool {
	return slices.ContainsFunc(r.answer.Options, func(o resolve.Option) bool { return o.Change.LiftMM < 0 })
}

// printLeast says what comes nearest to clearing the plan.
func (r *optionsReport) printLeast(w *bufio.Writer, a *app) {
	v := r.answer.Least
	s := "The least violation found is that of the plan as declared"
	if !v.Change.IsZero() {
		if changed, err := v.Change.Apply(r.plan); err == nil {
			s = "The least violation found: " + r.changeWords("", &v.Change, changed)
		}
	}
	fmt.Fprintln(w, wrap(printable(s+". It leaves:"), a.columns, 2))
	for i := range v.Conflicts {
		left := &v.Conflicts[i]
		line := picture.Who(r.other(left)) + ", lateral: " + r.o.units.LateralWords(left) + ", vertical: " + r.o.units.VerticalWords(left)
		fmt.Fprintf(w, "  %s\n", wrap(printable(line), a.columns, 4))
	}
}

// printWindows says when the plan may start if only its times move.
func (r *optionsReport) printWindows(w *bufio.Writer, a *app) {
	l := &r.o.query.Limits
	if l.LaterNS+l.EarlierNS == 0 || r.answer.StartNS <= volume.AlwaysNS {
		return
	}
	between := fmt.Sprintf("from %s to %s", clockUp(r.answer.StartNS-l.EarlierNS), clockDown(r.answer.StartNS+l.LaterNS))
	var free []string
	for _, win := range r.answer.Windows {
		from, to := clockUp(win.FromNS), clockDown(win.ToNS)
		switch {
		case to < from: // less than a second; --json has it
		case to == from:
			free = append(free, from)
		default:
			free = append(free, from+"–"+to)
		}
	}
	s := "Clear starts " + between + ", when only its times move: " + strings.Join(free, ", ") + "."
	if len(free) == 0 {
		s = "No clear start " + between + ", when only its times move."
	}
	fmt.Fprintln(w, wrap(s, a.columns, 2))
}

func clockUp(ns int64) string {
	return time.Unix(0, ns+int64(time.Second)-1).UTC().Format("15:04:05Z")
}

func clockDown(ns int64) string { return time.Unix(0, ns).UTC().Format("15:04:05Z") }

// kindWords are what kinds of change are called.
var kindWords = map[resolve.Kind]string{
	resolve.Delay: "later", resolve.Advance: "earlier", resolve.Climb: "higher", resolve.Descend: "lower",
	resolve.Sideways: "to the side", resolve.Start: "a later start alone", resolve.End: "an earlier end alone",
	resolve.Floor: "a higher floor alone", resolve.Ceiling: "a lower ceiling alone",
	resolve.Combined: "several of these", resolve.Reroute: "another path",
}

// printBlocked says which kinds of change do not help, and why.
func (r *optionsReport) printBlocked(w *bufio.Writer, a *app) {
	for i := range r.answer.Blocked {
		b := &r.answer.Blocked[i]
		s := "Not cleared by " + kindWords[b.Kind] + because(b.By, b.Why)
		fmt.Fprintln(w, wrap(printable(s)+".", a.columns, 2))
	}
}

// because says who stands in the way, and why a change cannot be made.
func because(by []conflict.Ref, why error) string {
	s := ""
	if len(by) > 0 {
		var ids []string
		for _, ref := range by {
			ids = append(ids, ref.ID)
		}
		s = ", because of " + names(ids)
	}
	if why != nil {
		s += " (" + why.Error() + ")"
	}
	return s
}

// printRest says what the answer rests on.
func (r *optionsReport) printRest(w *bufio.Writer, a *app) {
	plans, zones := 0, 0
	for _, ref := range r.answer.Considered {
		if ref.Kind == volume.Constraint {
			zones++
		} else {
			plans++
		}
	}
	s := fmt.Sprintf("Within reach of the limits: %s and %s of %s. The answer holds for their versions only.",
		count(plans, "plan", "plans"), count(zones, "zone", "zones"), count(len(r.o.others), "entity", "entities"))
	fmt.Fprintln(w, wrap(s, a.columns, 2))
	fmt.Fprintln(w, wrap(r.o.rule(anyZone(r.answer.Considered)), a.columns, 0))
	r.o.printIdle(w)
	r.o.printSuppositions(w, a)
	r.o.printUnused(w, a)
	fmt.Fprintln(w, wrap(fmt.Sprintf("Digest of this search: inputs %.6x, answer %.6x (first 12 hexadecimal digits; --json has all)",
		r.answer.Digest, r.answer.AnswerDigest), a.columns, 2))
}

// anyZone tells whether there is a zone among those considered.
func anyZone(refs []conflict.Ref) bool {
	return slices.ContainsFunc(refs, func(r conflict.Ref) bool { return r.Kind == volume.Constraint })
}

// pictureWords says what an option asks, with the zones to call first.
func (r *optionsReport) pictureWords(o *resolve.Option) string {
	s := r.changeWords(o.Kind, &o.Change, o.Entity)
	for i := range o.Conditions {
		s += "; " + conditionAsk(o.Conditions[i].Of.Type) + ": " + picture.Who(o.Conditions[i].Of)
	}
	return s
}

// draw draws the plan and its options.
func (r *optionsReport) draw(w io.Writer) error {
	ch := picture.Choice{Plan: r.plan, Verdicts: r.answer.Conflicts}
	seen := map[string]bool{}
	other := func(ref conflict.Ref) {
		if e := r.o.byID[ref.ID]; e != nil && !seen[ref.ID] {
			seen[ref.ID] = true
			ch.Others = append(ch.Others, e)
		}
	}
	for i := range r.answer.Conflicts {
		other(r.other(&r.answer.Conflicts[i]))
	}
	for i := range r.answer.Options {
		o := &r.answer.Options[i]
		ch.Alternatives = append(ch.Alternatives, picture.Alternative{
			Number: i + 1, Text: r.pictureWords(o),
			Cost: "worth " + shortDuration(o.CostMS*1e6), Entity: o.Entity,
		})
		if o.Closest != nil {
			other(r.other(&o.Closest.Verdict))
		}
		for k := range o.Conditions {
			other(o.Conditions[k].Of)
		}
	}
	return picture.WriteChoice(w, ch, picture.Options{Units: r.o.units})
}
