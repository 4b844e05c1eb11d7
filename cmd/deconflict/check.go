package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/picture"
	"github.com/deconflict/deconflict/internal/volume"
)

const checkUsage = `Usage: deconflict check [FLAGS] FILE...

Compares every plan with every other plan and with every zone, and says who
conflicts with whom, where, when and by how much. Zones are not compared with
each other. FILE may be - for standard input; flags may stand anywhere.

Two plans conflict when both their lateral and their vertical separation fall
short at one time. Exactly the required separation is clear. Only what the files
declare is compared: silence is not clearance.

Flags:
  --against FILE              compare with this file too, but not its contents with
                              each other, nor with those of other --against files
  --minima LAT,VERT[,TIME]    required separation between plans, such as
                              5NM,2000ft,0s; none when not given: plans grown by
                              their buffers must not overlap
  --zone-minima LAT,VERT[,TIME]
                              required separation of plans from zones; none when
                              not given
` + settingsUsage + `  --json                      print the result as JSON (docs/CHECK-JSON.md)
  --geojson OUT               write places and windows of conflicts as GeoJSON
  --svg OUT                   draw plan view and altitude profile of conflicts
  --map                       then draw all on a map in the browser, served to this
                              machine alone until Ctrl-C
  --basemap FILE              with --map: draw it over this map of the area (PMTiles)

Exit codes: 0 compared and clear; 1 conflict; 2 unusable input, nothing to compare,
or an output that cannot be written; 3 internal fault.
`

// check is one run of the subcommand.
type check struct {
	settings
	against            listFlag
	minima, zoneMinima separations
	json, onMap        bool
	geojson, svg       string
	basemap            string

	sources []*source
	byID    map[string]*volume.Entity
	origin  map[string]*source
	idle    []*volume.Entity // zones not in force at the time of the plans
	units   picture.Units

	entities []*volume.Entity // those in force, which were compared
	result   conflict.Result
	nearest  nearness
}

func (c *check) flags() *flags {
	f := newFlags("check")
	c.register(f)
	f.set.Var(&c.against, "against", "a file to compare with")
	f.set.Var(&c.minima, "minima", "LATERAL,VERTICAL[,TIME], such as 5NM,2000ft,0s")
	f.set.Var(&c.zoneMinima, "zone-minima", "LATERAL,VERTICAL[,TIME], such as 50m,20m,0s")
	f.set.BoolVar(&c.json, "json", false, "print the result as JSON")
	f.set.BoolVar(&c.onMap, "map", false, "draw on a map in the browser")
	f.set.StringVar(&c.basemap, "basemap", "", "a file")
	f.set.StringVar(&c.geojson, "geojson", "", "a file to write")
	f.set.StringVar(&c.svg, "svg", "", "a file to write")
	return f
}

func runCheck(a *app, args []string) (int, error) {
	c := &check{}
	files, err := c.flags().parse(args)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, usagef("check", "found no file; expected at least one plan to check")
	}
	if c.basemap != "" && !c.onMap {
		return 0, usagef("check", "--basemap: expected it with --map alone")
	}
	if err := c.load(a, files); err != nil {
		return 0, err
	}
	if err := c.compare(a); err != nil {
		return 0, err
	}
	if err := c.write(a); err != nil {
		return 0, err
	}
	if c.onMap {
		own := func(e *volume.Entity) bool { return !c.origin[e.ID].against }
		if err := showMap(a, api.Files{Entities: c.entities, Verdicts: c.result.Verdicts, Own: own}, c.basemap); err != nil {
			return 0, err
		}
	}
	switch {
	case len(c.result.Verdicts) > 0:
		return exitConflict, nil
	case c.result.Pairs == 0:
		return exitUnusable, nil // never to be taken for clear
	}
	return exitClear, nil
}

// outputs are the files to write.
func (c *check) outputs() []output {
	return []output{{"--svg", c.svg, c.draw}, {"--geojson", c.geojson, c.writeGeoJSON}}
}

func (c *check) load(a *app, files []string) error {
	all := slices.Concat(files, c.against.values)
	if err := cmp.Or(refuseTwice("check", all), checkOutputs("check", c.outputs(), all)); err != nil {
		return err
	}
	own, err := c.read(a, files, false)
	if err != nil {
		return err
	}
	others, err := c.read(a, c.against.values, true)
	if err != nil {
		return err
	}
	c.sources = append(own, others...)
	reach := time.Duration(max(c.minima.timeNS, c.zoneMinima.timeNS))
	if err := c.resolve(c.sources, reach); err != nil {
		var usage *usageError
		if errors.As(err, &usage) {
			usage.command = "check"
		}
		return err
	}
	c.units = unitsOf(&c.minima, &c.zoneMinima, &c.buffer)
	return nil
}

// unitsOf returns the units of the first separation given, in which the answer
// is best read.
func unitsOf(given ...*separations) picture.Units {
	for _, s := range given {
		if s.text != "" {
			return s.units
		}
	}
	return picture.Units{Lateral: geodesy.Metre, Vertical: geodesy.Metre}
}

// compare decides all pairs.
func (c *check) compare(a *app) error {
	c.byID, c.origin = map[string]*volume.Entity{}, map[string]*source{}
	for _, src := range c.sources {
		for _, e := range src.entities {
			c.origin[e.ID], c.byID[e.ID] = src, e
			if len(e.Volumes) == 0 && len(e.Trajectories) == 0 {
				c.idle = append(c.idle, e)
				continue
			}
			c.entities = append(c.entities, e)
		}
	}
	if err := c.refuseBareLines(c.entities); err != nil {
		return err
	}
	progress := progressLine{a: a, what: "comparing"}
	defer progress.clear()
	plans := minimaOf(&c.minima, "--minima", "none given")
	zones := minimaOf(&c.zoneMinima, "--zone-minima", "none given for zones")
	result, err := conflict.All(context.Background(), c.entities, conflict.Options{
		Minima:      plans,
		Constraints: &zones,
		Against:     func(e *volume.Entity) bool { return c.origin[e.ID].against },
		Progress:    progress.show,
	})
	var bad *conflict.InputError
	if errors.As(err, &bad) {
		return &inputError{err}
	}
	if err != nil {
		return err
	}
	c.result = result
	c.countIdle()
	return c.findNearest()
}

// countIdle counts the pairs of zones that are not in force at the time of the
// plans: they were looked at, and cannot conflict.
func (c *check) countIdle() {
	own, against := 0, 0
	for _, e := range c.entities {
		switch {
		case e.Kind == volume.Constraint:
		case c.origin[e.ID].against:
			against++
		default:
			own++
		}
	}
	for _, e := range c.idle {
		c.result.Pairs += own
		if !c.origin[e.ID].against {
			c.result.Pairs += against
		}
	}
}

func minimaOf(s *separations, flag, otherwise string) conflict.Minima {
	m := conflict.Minima{LateralMM: s.lateralMM, VerticalMM: s.verticalMM, TimeNS: s.timeNS, Source: flag}
	if s.text == "" {
		m.Source = otherwise
	}
	return m
}

// refuseBareLines refuses to compare two paths that have no extent under minima
// that ask for none: they could never conflict, which must not read as clear.
func (c *check) refuseBareLines(entities []*volume.Entity) error {
	for _, vertical := range []bool{false, true} {
		extent, plansMM, zonesMM := "width", c.minima.lateralMM, c.zoneMinima.lateralMM
		if vertical {
			extent, plansMM, zonesMM = "height", c.minima.verticalMM, c.zoneMinima.verticalMM
		}
		var plans, zones []*volume.Entity // bare, those to check first
		for _, e := range entities {
			switch {
			case !bare(e, vertical):
			case e.Kind == volume.Constraint:
				zones = append(zones, e)
			default:
				plans = append(plans, e)
			}
		}
		refuse := func(a, b *volume.Entity, flag string) error {
			return &inputError{fmt.Errorf("%s and %s are lines without %s: found neither buffers nor minima, "+
				"expected how far craft may stray (--buffer) or the separation required (%s)", a.ID, b.ID, extent, flag)}
		}
		if plansMM == 0 && len(plans) > 1 && c.compared(plans[0], plans[1]) {
			return refuse(plans[0], plans[1], "--minima")
		}
		if zonesMM > 0 || len(plans) == 0 {
			continue
		}
		for _, z := range zones {
			if c.compared(plans[0], z) {
				return refuse(plans[0], z, "--zone-minima")
			}
		}
	}
	return nil
}

// compared tells whether two entities are a pair to decide.
func (c *check) compared(a, b *volume.Entity) bool {
	zones := a.Kind == volume.Constraint && b.Kind == volume.Constraint
	return !zones && !(c.origin[a.ID].against && c.origin[b.ID].against)
}

func bare(e *volume.Entity, vertical bool) bool {
	for _, t := range e.Trajectories {
		b := t.Buffers()
		if (vertical && b.VerticalMM == 0) || (!vertical && b.LateralMM == 0) {
			return true
		}
	}
	return false
}

// write prints the answer and then writes the files asked for, so that a place
// that cannot be written to costs nobody the answer.
func (c *check) write(a *app) error {
	answer := c.report
	if c.json {
		answer = func(a *app) error { return c.writeJSON(a.stdout) }
	}
	if err := answer(a); err != nil {
		return err
	}
	var failed []error
	for _, out := range c.outputs() {
		failed = append(failed, out.save())
	}
	return errors.Join(failed...)
}

func (c *check) draw(w io.Writer) error {
	var conflicts []picture.Conflict
	for i := range c.result.Verdicts {
		v := &c.result.Verdicts[i]
		conflicts = append(conflicts, picture.Conflict{Verdict: v, A: c.byID[v.A.ID], B: c.byID[v.B.ID]})
	}
	return picture.Write(w, conflicts, picture.Options{Units: c.units})
}
