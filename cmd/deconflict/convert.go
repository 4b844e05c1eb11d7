package main

import (
	"errors"
	"io"
	"strings"

	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/volume"
)

const convertUsage = `Usage: deconflict convert --to FORMAT [FLAGS] FILE...

Writes the plans and zones of the files in another format: geojson, kml or f3548
(F3548-21 JSON). Times and altitudes are written as they are compared: UTC, and
metres above the WGS84 ellipsoid. What the format cannot say is an error, not
left out. FILE may be - for standard input.

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
	sources, err := s.read(a, files, false)
	if err != nil {
		return 0, err
	}
	if err := s.resolve(sources, 0); err != nil {
		var usage *usageError
		if errors.As(err, &usage) {
			usage.command = "convert"
		}
		return 0, err
	}
	var entities []*volume.Entity
	for _, src := range sources {
		entities = append(entities, src.entities...)
	}
	emit := func(w io.Writer) error {
		err := write(w, entities)
		var bad *plan.Error
		if errors.As(err, &bad) {
			return &inputError{err}
		}
		return err
	}
	if out == "" {
		return exitClear, emit(a.stdout)
	}
	return exitClear, output{out, emit}.save(sources)
}
