package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

const optionsUsage = `Usage: deconflict options [FLAGS] PLAN... [--against FILE]...

Finds the smallest changes that clear a plan of everything it conflicts with:
later, higher, to the side, with less time or altitude, on another path, or
several of these. Nobody else has to move. Each option is checked, before it is
shown, by the decision that 'check' makes, on the plan as it would be written.
It holds only for the versions it was computed against.

With several plans, of one file or of several, it finds the delays that clear
them all, of everything and of each other, at the least cost together. --plan
takes one of them and leaves the others as they are.

Flags:
  --against FILE              what the plan must keep away from (repeatable)
  --plan ID                   the plan to change, when PLAN holds several
  --minima LAT,VERT[,TIME]    required separation from other plans, such as
                              5NM,2000ft,0s; none when not given
  --zone-minima LAT,VERT[,TIME]
                              required separation from zones; none when not given
  --enter TYPES               types of zone that may be entered on a condition, which
                              is then stated; call_first,advisory when not given;
                              none for none
What changes are acceptable; 0 rules a kind out:
  --later DURATION            how much later; 1h when not given
  --earlier DURATION          how much earlier; 0 when not given
  --up LENGTH                 how much higher; when not given five times the vertical
                              minimum, a tenth of how far the plan reaches from its
                              middle, or 120m, whichever is most
  --down LENGTH               how much lower; 0 when not given, as no terrain is known
  --floor ALTITUDE            nothing is lowered below this, in the plan's own reference
  --ceiling ALTITUDE          nothing is raised above this, in the plan's own reference
  --sideways LENGTH           how far to the side; when not given three times the
                              lateral minimum, the plan's reach, or 1km, whichever is
                              most
  --detour LENGTH             how much longer another path may be; when not given ten
                              times the lateral minimum, four times the plan's reach,
                              or 10km, whichever is most
  --no-trim                   give up neither time nor altitude of areas
What the craft can do, for other paths:
  --hover                     it can stop in the air; else it cannot
  --turn-radius LENGTH        0 when not given
  --climb-rate SPEED          no climb on the way when not given
  --descent-rate SPEED        no descent on the way when not given
  --max-speed SPEED           as fast as the plan when not given
  --endurance DURATION        longest time in the air; not bounded when not given
  --weights NAME=X,...        what changes cost in seconds of delay: later=1 and
                              earlier=1.5 a second, lift=0.5, sideways=0.1 and
                              detour=0.05 a metre, trim-time=0.5 a second given up,
                              trim-band=0.25 a metre given up
What to do with the answer:
  --count N                   the largest number of options; 8 when not given
  --apply N OUT               write the plan with option N, in its own format; of
                              plans from several files all, into the directory OUT
  --json                      print the answer as JSON (docs/OPTIONS-JSON.md)
  --svg OUT                   draw the plan and its options
` + settingsUsage + `
Lengths are given in the units of --minima, --zone-minima or --buffer, the first of
them that is given, such as 0NM,0ft; else in metres.

Exit codes: 0 the plan is clear as it is, or an option clears it; 1 nothing within
the limits clears it; 2 unusable input, nothing to compare with, or an output that
cannot be written; 3 internal fault.
`

// optionsCommand is one run of the subcommand. What reads and compares files it
// has from check.
type optionsCommand struct {
	check
	planID string
	limits limitFlags
	apply  applyFlag
	count  countFlag

	own    []*volume.Entity // the plans to change
	others []*volume.Entity
	around *resolve.Surroundings
	query  resolve.Query
	plans  []resolve.Plan // of own
}

func (o *optionsCommand) flags() *flags {
	f := newFlags("options")
	o.register(f)
	f.set.Var(&o.against, "against", "a file with what the plan must keep away from")
	f.set.StringVar(&o.planID, "plan", "", "the id of a plan")
	f.set.Var(&o.minima, "minima", "LATERAL,VERTICAL[,TIME], such as 5NM,2000ft,0s")
	f.set.Var(&o.zoneMinima, "zone-minima", "LATERAL,VERTICAL[,TIME], such as 50m,20m,0s")
	o.limits.register(f)
	f.set.Var(&o.count, "count", "a number of options, 1 to 100")
	f.set.Var(&o.apply, "apply", "the number of an option and a file to write")
	f.set.BoolVar(&o.json, "json", false, "print the answer as JSON")
	f.set.StringVar(&o.svg, "svg", "", "a file to write")
	return f
}

func runOptions(a *app, args []string) (int, error) {
	o := &optionsCommand{count: countFlag{8}}
	o.keepData = true
	files, err := o.flags().parse(args)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, usagef("options", "found no file; expected a plan to clear")
	}
	if err := o.prepare(a, files); err != nil {
		return 0, err
	}
	if len(o.own) > 1 {
		return o.runJoint(a)
	}
	answer, err := o.around.Options(o.plans[0], o.query)
	if err != nil {
		return 0, inputFault(err)
	}
	return o.answer(a, answer)
}

// inputFault makes a fault of plans or limits one of the input.
func inputFault(err error) error {
	var bad *conflict.InputError
	if errors.As(err, &bad) || errors.Is(err, resolve.ErrQuery) {
		return &inputError{err}
	}
	return err
}

// prepare reads the files and indexes what the plans must fit into.
func (o *optionsCommand) prepare(a *app, files []string) error {
	all := slices.Concat(files, o.against.values)
	outputs := []output{{"--svg", o.svg, nil}, {"--apply", o.apply.out, nil}}
	if err := cmp.Or(refuseTwice("options", all), checkOutputs("options", outputs, all)); err != nil {
		return err
	}
	own, err := o.read(a, files, false)
	if err != nil {
		return err
	}
	others, err := o.read(a, o.against.values, true)
	if err != nil {
		return err
	}
	o.sources = append(own, others...)
	rules := o.rules()
	o.query = resolve.DefaultQuery(rules)
	o.limits.apply(&o.query)
	if o.query.Count = int(o.count.n); o.count.n < 1 || o.count.n > 100 {
		return usagef("options", "--count %d: expected a number from 1 to 100", o.count.n)
	}
	reach := max(o.minima.timeNS, o.zoneMinima.timeNS) + o.query.Limits.LaterNS + o.query.Limits.EarlierNS
	if err := o.resolve(o.sources, time.Duration(reach)); err != nil {
		var usage *usageError
		if errors.As(err, &usage) {
			usage.command = "options"
		}
		return err
	}
	o.units = unitsOf(&o.minima, &o.zoneMinima, &o.buffer)
	if err := o.choose(); err != nil {
		return err
	}
	for _, e := range o.own {
		o.query.Limits.Widen(e)
	}
	o.limits.apply(&o.query)
	o.keepAboveGround()
	if o.around, err = resolve.NewSurroundings(o.others, rules); err != nil {
		return inputFault(err)
	}
	for _, e := range o.own {
		o.plans = append(o.plans, resolve.Plan{Entity: e, Remake: o.remaker(e)})
	}
	return nil
}

// keepAboveGround has a ground that is given bound what is lowered, where the
// plans count their altitudes as it does.
func (o *optionsCommand) keepAboveGround() {
	g := o.ground.ground
	if g == nil || o.limits.floor.given {
		return
	}
	for _, e := range o.own {
		if _, _, reference := levels(e); reference != " "+string(g.Ref) {
			return
		}
	}
	o.query.Limits.FloorMM = g.MM
}

// rules are the minima and the zones that may be entered.
func (o *optionsCommand) rules() resolve.Rules {
	zones := minimaOf(&o.zoneMinima, "--zone-minima", "none given for zones")
	return resolve.Rules{
		Minima: minimaOf(&o.minima, "--minima", "none given"), Constraints: &zones,
		Conditional: o.limits.enter.allows,
	}
}

// choose tells the plans to change from what they must keep away from.
func (o *optionsCommand) choose() error {
	o.byID, o.origin = map[string]*volume.Entity{}, map[string]*source{}
	var ids []string
	for _, src := range o.sources {
		for _, e := range src.entities {
			o.byID[e.ID], o.origin[e.ID] = e, src
			mine := e.Kind == volume.Intent && !src.against
			if mine {
				ids = append(ids, e.ID)
			}
			switch {
			case mine && (o.planID == "" || o.planID == e.ID):
				o.own = append(o.own, e)
			case len(e.Volumes) == 0 && len(e.Trajectories) == 0:
				o.idle = append(o.idle, e)
			default:
				o.others = append(o.others, e)
			}
		}
	}
	switch {
	case len(ids) == 0:
		return &inputError{errors.New("found zones only, expected a plan to clear")}
	case len(o.own) == 0:
		return usagef("options", "--plan %s: found no such plan, expected one of %s", o.planID, strings.Join(ids, ", "))
	}
	for _, e := range o.own {
		if len(e.Volumes) == 0 && len(e.Trajectories) == 0 {
			return &inputError{fmt.Errorf("%s: found a plan that is never in force", e.ID)}
		}
	}
	if len(o.others)+len(o.idle) == 0 && len(o.own) == 1 {
		return &inputError{errors.New("nothing to compare with, which is no clearance: give other plans or zones, --against FILE")}
	}
	return o.refuseBareLines(slices.Concat(o.own, o.others))
}

// answer prints and writes what was found for one plan.
func (o *optionsCommand) answer(a *app, answer *resolve.Answer) (int, error) {
	if o.apply.given && (o.apply.n < 1 || o.apply.n > len(answer.Options)) {
		return 0, usagef("options", "--apply %d: found %s, expected one of their numbers", o.apply.n, count(len(answer.Options), "option", "options"))
	}
	r := &optionsReport{o: o, answer: answer, plan: o.own[0]}
	print := r.text
	if o.json {
		print = r.json
	}
	if err := print(a); err != nil {
		return 0, err
	}
	failed := []error{output{"--svg", o.svg, r.draw}.save()}
	if o.apply.given {
		failed = append(failed, o.applyOption(a, o.own[0], &answer.Options[o.apply.n-1].Change))
	}
	if err := errors.Join(failed...); err != nil {
		return 0, err
	}
	if len(answer.Conflicts) > 0 && len(answer.Options) == 0 {
		return exitConflict, nil
	}
	return exitClear, nil
}
