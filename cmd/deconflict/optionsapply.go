package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/volume"
)

// changed writes a plan with a change in its own format.
func (o *optionsCommand) changed(e *volume.Entity, c *volume.Change) (*plan.ChangedFile, error) {
	src := o.origin[e.ID]
	return plan.WriteChanged(src.file, src.data, slices.Index(src.entities, e), c, o.changeOptions(src.file))
}

// changeOptions are what a file was read and resolved with.
func (o *optionsCommand) changeOptions(f *plan.File) plan.ChangeOptions {
	opt := o.options(f)
	return plan.ChangeOptions{Read: o.readOptions(), Start: opt.Start, Duration: opt.Duration}
}

// remaker returns a function that changes a plan as its file would declare it,
// so that what is checked is what would be written. What the file cannot hold is
// not offered.
func (o *optionsCommand) remaker(e *volume.Entity) func(*volume.Change) (*volume.Entity, error) {
	src := o.origin[e.ID]
	item := slices.Index(src.entities, e)
	return func(c *volume.Change) (*volume.Entity, error) {
		out, err := o.changed(e, c)
		if err != nil {
			return nil, err
		}
		opt := o.options(src.file)
		opt.Start, opt.Duration = out.Start, out.Duration
		alone := *out.File
		alone.Items = alone.Items[item : item+1]
		entities, err := plan.Resolve(&alone, opt)
		if err != nil {
			return nil, err
		}
		again := entities[0]
		again.ID = e.ID // a name made of the number in the file is another alone
		return again, nil
	}
}

// applyOption writes the plan with an option taken.
func (o *optionsCommand) applyOption(a *app, e *volume.Entity, c *volume.Change) error {
	out, err := o.changed(e, c)
	if err != nil {
		return &inputError{fmt.Errorf("cannot write option %d: %w", o.apply.n, err)}
	}
	if in, to := filepath.Ext(o.origin[e.ID].file.Name), filepath.Ext(o.apply.out); to != "" && in != "" && !strings.EqualFold(in, to) {
		fmt.Fprintf(a.stderr, "deconflict: %s: written as %s, the format of the plan\n", o.apply.out, o.origin[e.ID].file.Format)
	}
	for _, note := range out.Notes {
		fmt.Fprintf(a.stderr, "deconflict: %s: %s\n", o.apply.out, printable(note))
	}
	return output{"--apply", o.apply.out, bytesWriter(out.Data)}.save()
}

// bytesWriter returns a function that writes data.
func bytesWriter(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}
