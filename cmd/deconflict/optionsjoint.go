package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/deconflict/deconflict/internal/picture"
	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// runJoint finds delays for several plans at once.
func (o *optionsCommand) runJoint(a *app) (int, error) {
	if o.svg != "" {
		return 0, usagef("options", "--svg: found %d plans, expected one to draw: name it with --plan", len(o.own))
	}
	answer, err := o.around.Joint(o.plans, o.query)
	if err != nil {
		return 0, inputFault(err)
	}
	if o.apply.given && (o.apply.n != 1 || len(answer.Plans) == 0) {
		return 0, usagef("options", "--apply %d: found %s for several plans, expected its number", o.apply.n, count(min(1, len(answer.Plans)), "answer", "answers"))
	}
	r := &jointReport{o: o, answer: answer}
	print := r.text
	if o.json {
		print = r.json
	}
	if err := print(a); err != nil {
		return 0, err
	}
	if o.apply.given {
		if err := o.applyJoint(a, answer); err != nil {
			return 0, err
		}
	}
	if len(answer.Plans) == 0 {
		return exitConflict, nil
	}
	return exitClear, nil
}

// applyJoint writes the files of all plans with their delays: one file as OUT,
// several under their names into the directory OUT.
func (o *optionsCommand) applyJoint(a *app, answer *resolve.JointAnswer) error {
	changes := map[string]*volume.Change{}
	for i := range answer.Plans {
		p := &answer.Plans[i]
		changes[p.Entity.ID] = &p.Change
	}
	var own []*source
	for _, src := range o.sources {
		if !src.against {
			own = append(own, src)
		}
	}
	if len(own) > 1 {
		if err := os.MkdirAll(o.apply.out, 0o777); err != nil {
			return &inputError{fmt.Errorf("cannot write %s: %w", o.apply.out, cause(err))}
		}
	}
	seen := map[string]bool{}
	for _, src := range own {
		name := o.apply.out
		if len(own) > 1 {
			base := filepath.Base(src.file.Name)
			if name = filepath.Join(name, base); seen[base] {
				return &inputError{fmt.Errorf("cannot write %s: found two files of this name, expected one", name)}
			}
			seen[base] = true
			if samePath(src.file.Name, name) {
				return &inputError{fmt.Errorf("cannot write %s: it is a file that is read", name)}
			}
		}
		if err := o.applyAll(a, src, name, changes); err != nil {
			return err
		}
	}
	return nil
}

// applyAll writes one file with the changes of all its plans.
func (o *optionsCommand) applyAll(a *app, src *source, name string, changes map[string]*volume.Change) error {
	f, data := src.file, src.data
	starts := map[string]bool{}
	for i, e := range src.entities {
		c := changes[e.ID]
		if c == nil {
			continue
		}
		out, err := plan.WriteChanged(f, data, i, c, o.changeOptions(src.file))
		if err != nil {
			return &inputError{fmt.Errorf("cannot write %s: %w", name, err)}
		}
		for _, note := range out.Notes {
			fmt.Fprintf(a.stderr, "deconflict: %s: %s\n", name, printable(note))
		}
		starts[out.Start.String()] = true
		f, data = out.File, out.Data
	}
	if len(starts) > 1 {
		return &inputError{fmt.Errorf("cannot write %s: its plans have no clock of their own, and would start at different times", name)}
	}
	return output{"--apply", name, bytesWriter(data)}.save()
}

// jointReport shows an answer for several plans.
type jointReport struct {
	o      *optionsCommand
	answer *resolve.JointAnswer
}

func (r *jointReport) text(a *app) error {
	w := bufio.NewWriter(a.stdout)
	rows := make([][]column, len(r.answer.Conflicts))
	for i := range r.answer.Conflicts {
		rows[i] = r.o.columns(picture.PlanFirst(&r.answer.Conflicts[i]))
	}
	if a.columns > 0 {
		printFolded(w, a, rows)
	} else {
		printLines(w, a, rows)
	}
	r.printAnswer(w, a)
	s := fmt.Sprintf("Within reach of the limits: %s of %d. The answer holds for their versions only.",
		count(len(r.answer.Considered), "entity", "entities"), len(r.o.others))
	fmt.Fprintln(w, wrap(s, a.columns, 2))
	fmt.Fprintln(w, wrap(r.o.rule(anyZone(r.answer.Considered)), a.columns, 0))
	r.o.printIdle(w)
	r.o.printSuppositions(w, a)
	r.o.printUnused(w, a)
	return w.Flush()
}

func (r *jointReport) printAnswer(w *bufio.Writer, a *app) {
	n := len(r.o.own)
	switch {
	case len(r.answer.Conflicts) == 0:
		fmt.Fprintf(w, "%s as declared of what was given and of each other. Whoever is not in these files was not compared.\n",
			a.style(styleBold, fmt.Sprintf("All %d plans are clear", n)))
		return
	case len(r.answer.Plans) == 0:
		why := "No delays were found within the limits that clear all plans"
		if r.answer.Exact {
			why = "No delays within the limits clear all plans"
		}
		fmt.Fprintf(w, "\n%s: %s.\n", a.style(styleBad, "NOTHING"), why)
	default:
		total := fmt.Sprintf("What clears the %d plans, worth %s of delay together", n, shortDuration(r.answer.CostMS*1e6))
		if r.answer.Exact {
			total += ", the least there is:"
		} else {
			total += fmt.Sprintf("; the least is not below %s:", shortDuration(r.answer.BoundMS*1e6))
		}
		fmt.Fprintf(w, "\n%s\n", a.style(styleBold, wrap(total, a.columns, 2)))
		for i := range r.answer.Plans {
			p := &r.answer.Plans[i]
			line := p.Entity.ID + ": " + r.words(p)
			fmt.Fprintf(w, "  %s\n", wrap(printable(line), a.columns, 4))
		}
	}
	for _, b := range r.answer.Blocked {
		s := "Not cleared: " + strings.Join(b.Plans, ", ") + because(b.By, b.Why)
		fmt.Fprintln(w, wrap(printable(s)+".", a.columns, 2))
	}
}

// words says what one plan has to do.
func (r *jointReport) words(p *resolve.JointPlan) string {
	if p.Change.IsZero() {
		return "as declared"
	}
	one := &optionsReport{o: r.o, plan: r.o.byID[p.Entity.ID]}
	return one.changeWords(resolve.Delay, &p.Change, p.Entity)
}

type jointJSON struct {
	Schema     string          `json:"schema"`
	Outcome    string          `json:"outcome"`
	Conflicts  []conflictJSON  `json:"conflicts"`
	Plans      []jointPlanJSON `json:"plans"`
	CostS      float64         `json:"cost_s"`
	BoundS     float64         `json:"bound_s"`
	Exact      bool            `json:"exact"`
	Blocked    []jointBlocked  `json:"blocked"`
	Limits     limitsJSON      `json:"limits"`
	Considered []sideJSON      `json:"considered"`
	Version    string          `json:"version"`
}

type jointPlanJSON struct {
	Plan       sideJSON        `json:"plan"`
	Words      string          `json:"words"`
	CostS      float64         `json:"cost_s"`
	Change     changeJSON      `json:"change"`
	Conditions []conditionJSON `json:"conditions"`
	From       *string         `json:"from"`
	To         *string         `json:"to"`
	Digest     string          `json:"digest"`
}

type jointBlocked struct {
	Plans []string   `json:"plans"`
	By    []sideJSON `json:"by"`
	Why   string     `json:"why"`
}

// jointSchema names the form of the JSON on several plans.
const jointSchema = "deconflict.options.joint/1"

func (r *jointReport) json(a *app) error {
	one := &optionsReport{o: r.o}
	out := jointJSON{
		Schema: jointSchema, Outcome: outcomeOptions, Conflicts: one.conflictsJSON(r.answer.Conflicts),
		Plans: []jointPlanJSON{}, CostS: float64(r.answer.CostMS) / 1e3, BoundS: float64(r.answer.BoundMS) / 1e3,
		Exact: r.answer.Exact, Blocked: []jointBlocked{}, Limits: limitsOf(&r.o.query.Limits),
		Considered: sides(r.answer.Considered), Version: versionText(),
	}
	switch {
	case len(r.answer.Conflicts) == 0:
		out.Outcome = outcomePlanClear
	case len(r.answer.Plans) == 0:
		out.Outcome = outcomeBlocked
	}
	for i := range r.answer.Plans {
		p := &r.answer.Plans[i]
		from, to := span(p.Entity)
		one.plan = r.o.byID[p.Entity.ID]
		out.Plans = append(out.Plans, jointPlanJSON{
			Plan: entitySide(p.Entity), Words: r.words(p), CostS: float64(p.CostMS) / 1e3, Change: changeOf(&p.Change),
			Conditions: one.conditionsJSON(p.Conditions), From: instant(from), To: instant(to), Digest: fmt.Sprintf("%x", p.Digest),
		})
	}
	for _, b := range r.answer.Blocked {
		out.Blocked = append(out.Blocked, jointBlocked{b.Plans, sides(b.By), errText(b.Why)})
	}
	return encodeJSON(a.stdout, out)
}

// errText returns what an error says, or nothing.
func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
