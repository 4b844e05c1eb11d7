package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/volume"
)

const convertUsage = `Usage: deconflict convert --to FORMAT [FLAGS] FILE...

Writes the plans and zones of the files in another format: geojson, kml or f3548
(F3548-21 JSON). Times and altitudes are written as they are compared: UTC, and
metres above the WGS84 ellipsoid. What the format cannot say is an error, not
left out; so is a schedule that recurs. FILE may be - for standard input.

Flags:
  --to FORMAT                 geojson, kml or f3548
  -o OUT                      the file to write; standard output when not given
` + settingsUsage

// writers are the formats that convert writes.
var writers = map[string]func(io.Writer, []*volume.Entity) error{
	"geojson": plan.WriteGeoJSON,
	"kml":     plan.WriteKML,
	"f3548":   plan.WriteF3548,
}

const writerNames = "geojson, kml, f3548"

func convertFlags(s *settings, to, out *string) *flags {
	f := newFlags("convert")
	s.register(f)
	f.set.StringVar(to, "to", "", "one of "+writerNames)
	f.set.StringVar(out, "o", "", "a file to write")
	return f
}

func runConvert(a *app, args []string) (int, error) {
	var s settings
	var to, out string
	files, err := convertFlags(&s, &to, &out).parse(args)
	if err != nil {
		return 0, err
	}
	write, known := writers[strings.ToLower(to)]
	switch {
	case to == "":
		return 0, usagef("convert", "found no --to; expected --to with one of %s", writerNames)
	case !known:
		return 0, usagef("convert", "--to %s: expected one of %s", to, writerNames)
	case len(files) == 0:
		return 0, usagef("convert", "found no file; expected at least one")
	}
	emit := output{flag: "-o", name: out}
	if err := cmp.Or(refuseTwice("convert", files), checkOutputs("convert", []output{emit}, files)); err != nil {
		return 0, err
	}
	entities, err := s.convertible(a, files, strings.ToLower(to))
	if err != nil {
		return 0, err
	}
	emit.write = func(w io.Writer) error {
		err := write(w, entities)
		var bad *plan.Error
		if errors.As(err, &bad) {
			return &inputError{err}
		}
		return err
	}
	if out == "" {
		return exitClear, emit.write(a.stdout)
	}
	return exitClear, emit.save()
}

// convertible reads and places what can be written in a format without loss.
func (s *settings) convertible(a *app, files []string, to string) ([]*volume.Entity, error) {
	sources, err := s.read(a, files, false)
	if err != nil {
		return nil, err
	}
	for _, src := range sources {
		for i := range src.file.Items {
			if err := refuseRecurring(src.file, &src.file.Items[i], to); err != nil {
				return nil, err
			}
		}
	}
	if err := s.resolve(sources, 0); err != nil {
		var usage *usageError
		if errors.As(err, &usage) {
			usage.command = "convert"
		}
		return nil, err
	}
	var entities []*volume.Entity
	for _, src := range sources {
		for i, e := range src.entities {
			if len(e.Volumes) == 0 && len(e.Trajectories) == 0 {
				return nil, &inputError{&plan.Error{
					File: src.file.Name, Place: src.file.Items[i].Place,
					Found: e.ID + " without any area or route", Expected: "at least one; nothing was written",
				}}
			}
		}
		entities = append(entities, src.entities...)
	}
	return entities, nil
}

// refuseRecurring refuses to write an item whose schedule recurs: written out
// for some days it would read as not in force on all others.
func refuseRecurring(f *plan.File, item *plan.Item, to string) error {
	for i := range item.Volumes {
		list := item.Volumes[i].Schedule.Recurring
		if len(list) == 0 {
			continue
		}
		var when []string
		for _, r := range list {
			when = append(when, recurrence(r))
		}
		name := cmp.Or(item.ID, item.Name, "the plan or zone")
		return &inputError{&plan.Error{
			File: f.Name, Place: item.Place,
			Found:    fmt.Sprintf("%s in force again and again (%s), which %s as written here cannot hold", name, strings.Join(when, "; "), to),
			Expected: "plans and zones with windows of their own; nothing was written",
		}}
	}
	return nil
}
