package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

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

Exit codes: 0 compared and clear; 1 conflict; 2 unusable input, or nothing to
compare; 3 internal fault.
`

// check is one run of the subcommand.
type check struct {
	settings
	against            listFlag
	minima, zoneMinima separations
	json               bool
	geojson, svg       string

	sources []*source
	byID    map[string]*volume.Entity
	origin  map[string]*source
	idle    []*volume.Entity // zones not in force at the time of the plans
	units   picture.Units
	result  conflict.Result
}

func (c *check) flags() *flags {
	f := newFlags("check")
	c.register(f)
	f.set.Var(&c.against, "against", "a file to compare with")
	f.set.Var(&c.minima, "minima", "LATERAL,VERTICAL[,TIME], such as 5NM,2000ft,0s")
	f.set.Var(&c.zoneMinima, "zone-minima", "LATERAL,VERTICAL[,TIME], such as 50m,20m,0s")
	f.set.BoolVar(&c.json, "json", false, "print the result as JSON")
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
	if err := c.load(a, files); err != nil {
		return 0, err
	}
	if err := c.compare(a); err != nil {
		return 0, err
	}
	if err := c.write(a); err != nil {
		return 0, err
	}
	switch {
	case len(c.result.Verdicts) > 0:
		return exitConflict, nil
	case c.result.Pairs == 0:
		return exitUnusable, nil // never to be taken for clear
	}
	return exitClear, nil
}

func (c *check) load(a *app, files []string) error {
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
	c.units = picture.Units{Lateral: geodesy.Metre, Vertical: geodesy.Metre}
	for _, s := range []*separations{&c.minima, &c.zoneMinima, &c.buffer} {
		if s.text != "" {
			c.units = s.units
			break
		}
	}
	return nil
}

// compare decides all pairs.
func (c *check) compare(a *app) error {
	c.byID, c.origin = map[string]*volume.Entity{}, map[string]*source{}
	var entities []*volume.Entity
	for _, src := range c.sources {
		for _, e := range src.entities {
			c.origin[e.ID], c.byID[e.ID] = src, e
			if len(e.Volumes) == 0 && len(e.Trajectories) == 0 {
				c.idle = append(c.idle, e)
				continue
			}
			entities = append(entities, e)
		}
	}
	if err := c.refuseBareLines(entities); err != nil {
		return err
	}
	progress := progressLine{a: a, what: "comparing"}
	defer progress.clear()
	plans := minimaOf(&c.minima, "--minima", "none given")
	zones := minimaOf(&c.zoneMinima, "--zone-minima", "none given for zones")
	result, err := conflict.All(context.Background(), entities, conflict.Options{
		Minima:      plans,
		Constraints: &zones,
		Against:     func(e *volume.Entity) bool { return c.origin[e.ID].against },
		Progress:    progress.show,
	})
	var bad *conflict.InputError
	if errors.As(err, &bad) {
		return &inputError{err}
	}
	c.result = result
	c.countIdle(entities)
	return err
}

// countIdle counts the pairs of zones that are not in force at the time of the
// plans: they were looked at, and cannot conflict.
func (c *check) countIdle(entities []*volume.Entity) {
	own, against := 0, 0
	for _, e := range entities {
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
		if (vertical && c.minima.verticalMM > 0) || (!vertical && c.minima.lateralMM > 0) {
			continue
		}
		var first *volume.Entity // one of the plans to check, if there is one
		var rest []*volume.Entity
		for _, e := range entities {
			if !bare(e, vertical) {
				continue
			}
			if first == nil && !c.origin[e.ID].against {
				first = e
			} else {
				rest = append(rest, e)
			}
		}
		if first != nil && len(rest) > 0 {
			return &inputError{fmt.Errorf("%s and %s are lines without %s: found neither buffers nor minima, "+
				"expected how far craft may stray (--buffer) or the separation required (--minima)",
				first.ID, rest[0].ID, map[bool]string{false: "width", true: "height"}[vertical])}
		}
	}
	return nil
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

// write prints the answer and writes the files asked for.
func (c *check) write(a *app) error {
	for _, out := range []output{{c.svg, c.draw}, {c.geojson, c.writeGeoJSON}} {
		if err := out.save(c.sources); err != nil {
			return err
		}
	}
	if c.json {
		return c.writeJSON(a.stdout)
	}
	return c.report(a)
}

func (c *check) draw(w io.Writer) error {
	var conflicts []picture.Conflict
	for i := range c.result.Verdicts {
		v := &c.result.Verdicts[i]
		conflicts = append(conflicts, picture.Conflict{Verdict: v, A: c.byID[v.A.ID], B: c.byID[v.B.ID]})
	}
	return picture.Write(w, conflicts, picture.Options{Units: c.units})
}
