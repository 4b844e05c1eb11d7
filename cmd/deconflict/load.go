package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/volume"
)

// settings are the flags that supply what files leave open.
type settings struct {
	start    startFlag
	duration durationFlag
	buffer   separations
	ground   groundFlag
	qnh      qnhFlag
	speed    speedFlag
}

func (s *settings) register(f *flags) {
	f.set.Var(&s.start, "start", "the start of plans without a clock: INSTANT, or FILE=INSTANT")
	f.set.Var(&s.duration, "duration", "how long areas without a clock apply, such as 45m")
	f.set.Var(&s.buffer, "buffer", "LATERAL,VERTICAL[,TIME], such as 30m,10m,5s")
	f.set.Var(&s.ground, "ground", "ELEVATION:REFERENCE[:ERROR], such as 488m:AMSL")
	f.set.Var(&s.qnh, "qnh", "an altimeter setting in hPa, such as 1013.25")
	f.set.Var(&s.speed, "speed", "a ground speed with its unit, such as 12m/s")
}

// settingsUsage is the part of the help texts on these flags.
const settingsUsage = `  --start [FILE=]INSTANT      when plans without a clock start, RFC 3339, such as
                              2031-05-14T09:00:00Z; FILE= for one file (repeatable)
  --duration DURATION         how long areas without a clock apply, such as 45m
  --buffer LAT,VERT[,TIME]    how far craft may stray from what they declare, such
                              as 30m,10m,5s; added to the buffers of plans
  --ground ELEV:REF[:ERROR]   elevation of the ground or of home, such as 488m:AMSL
                              (references AMSL and W84)
  --qnh HPA                   altimeter setting for flight levels, such as 1013.25
  --speed SPEED               ground speed of routes that state neither times nor a
                              speed, such as 12m/s
`

// source is one file and what came of it.
type source struct {
	file     *plan.File
	against  bool             // compared with the others, not with its like
	entities []*volume.Entity // one for each item
}

// standardInput is what the name - stands for.
const standardInput = "standard input"

// read decodes files.
func (s *settings) read(a *app, names []string, against bool) ([]*source, error) {
	var out []*source
	for _, name := range names {
		file, err := s.readFile(a, name)
		if err != nil {
			return nil, &inputError{err}
		}
		out = append(out, &source{file: file, against: against})
	}
	return out, nil
}

func (s *settings) readFile(a *app, name string) (*plan.File, error) {
	opt := plan.Options{SpeedMPS: s.speed.mps}
	if name == "-" {
		return plan.ReadFrom(standardInput, a.stdin, opt)
	}
	r, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, cause(err))
	}
	defer r.Close()
	if info, err := r.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: found a directory, expected a file", name)
	}
	return plan.ReadFrom(name, r, opt)
}

// cause strips what an error of package os repeats: the operation and the path.
func cause(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}

// resolve places what the files hold in space and time. Schedules that recur
// are written out over the time of the plans, extended by reach.
func (s *settings) resolve(sources []*source, reach time.Duration) error {
	if err := s.checkStarts(sources); err != nil {
		return err
	}
	horizon, err := s.horizon(sources, reach)
	if err != nil {
		return err
	}
	seen := map[string]*source{}
	for _, src := range sources {
		opt := s.options(src.file)
		opt.Horizon = horizon
		if src.entities, err = plan.Resolve(src.file, opt); err != nil {
			return &inputError{err}
		}
		for i, e := range src.entities {
			if item := &src.file.Items[i]; len(item.Volumes) == 0 && len(item.Routes) == 0 {
				return &inputError{&plan.Error{File: src.file.Name, Place: item.Place, Found: "neither areas nor routes", Expected: "at least one"}}
			}
			first := seen[e.ID]
			if first != nil && src.file.Items[i].ID == "" {
				// Two files of one base name: the whole name tells them apart.
				e.ID = src.file.Name + strings.TrimPrefix(e.ID, filepath.Base(src.file.Name))
				first = seen[e.ID]
			}
			if first != nil {
				return &inputError{&plan.Error{
					File: src.file.Name, Place: src.file.Items[i].Place,
					Found:    fmt.Sprintf("the id %q, which is in %s too", e.ID, first.file.Name),
					Expected: "each plan and zone once",
				}}
			}
			seen[e.ID] = src
		}
	}
	return nil
}

// checkStarts refuses a start for a file that is not given.
func (s *settings) checkStarts(sources []*source) error {
	for _, name := range s.start.order {
		known := false
		for _, src := range sources {
			known = known || src.file.Name == name
		}
		if !known {
			return usagef("", "--start %s=...: found no such file among those given", name)
		}
	}
	return nil
}

func (s *settings) options(f *plan.File) plan.ResolveOptions {
	start, own := s.start.byFile[f.Name]
	if !own {
		start = s.start.all
	}
	return plan.ResolveOptions{
		Start: start, Duration: s.duration.d, Ground: s.ground.ground, QNHHPa: s.qnh.hPa,
		Buffers: volume.Buffers{LateralMM: s.buffer.lateralMM, VerticalMM: s.buffer.verticalMM, TimeNS: s.buffer.timeNS},
	}
}

// horizon returns the time within which recurring schedules matter: that of all
// plans. It is the zero Window when no schedule recurs.
func (s *settings) horizon(sources []*source, reach time.Duration) (volume.Window, error) {
	recurs := false
	h := volume.Window{StartNS: volume.ForeverNS, EndNS: volume.AlwaysNS}
	for _, src := range sources {
		// Items without recurring schedules say when; the others wait.
		part := *src.file
		part.Items = nil
		for i := range src.file.Items {
			if itemRecurs(&src.file.Items[i]) {
				recurs = true
			} else if src.file.Items[i].Kind == volume.Intent {
				part.Items = append(part.Items, src.file.Items[i])
			}
		}
		if len(part.Items) == 0 {
			continue
		}
		entities, err := plan.Resolve(&part, s.options(src.file))
		if err != nil {
			return volume.Window{}, &inputError{err}
		}
		for _, e := range entities {
			from, to := span(e)
			h.StartNS, h.EndNS = min(h.StartNS, from), max(h.EndNS, to)
		}
	}
	if !recurs || h.EndNS <= h.StartNS {
		return volume.Window{}, nil
	}
	if h.StartNS > volume.AlwaysNS {
		h.StartNS -= int64(reach)
	}
	if h.EndNS < volume.ForeverNS {
		h.EndNS += int64(reach)
	}
	return h, nil
}

func itemRecurs(item *plan.Item) bool {
	for i := range item.Volumes {
		if len(item.Volumes[i].Schedule.Recurring) > 0 {
			return true
		}
	}
	return false
}

// span returns the time an entity covers, with its time buffers.
func span(e *volume.Entity) (fromNS, toNS int64) {
	fromNS, toNS = volume.ForeverNS, volume.AlwaysNS
	include := func(w volume.Window, b volume.Buffers) {
		if w.StartNS > volume.AlwaysNS {
			w.StartNS -= b.TimeNS
		}
		if w.EndNS < volume.ForeverNS {
			w.EndNS += b.TimeNS
		}
		fromNS, toNS = min(fromNS, w.StartNS), max(toNS, w.EndNS)
	}
	for i := range e.Volumes {
		include(e.Volumes[i].Window, e.Volumes[i].Buffers)
	}
	for _, t := range e.Trajectories {
		include(t.Window(), t.Buffers())
	}
	return fromNS, toNS
}

// output is a file of results that the command line asks for.
type output struct {
	name  string // empty: not asked for
	write func(io.Writer) error
}

// save writes the file, whole or not at all as far as its making goes. It does
// not overwrite a file that was read.
func (o output) save(sources []*source) error {
	if o.name == "" {
		return nil
	}
	if info, err := os.Stat(o.name); err == nil {
		for _, src := range sources {
			if in, err := os.Stat(src.file.Name); err == nil && os.SameFile(info, in) {
				return usagef("", "%s: found a file that was read, expected another one to write", o.name)
			}
		}
	}
	var b bytes.Buffer
	if err := o.write(&b); err != nil {
		return err
	}
	if err := os.WriteFile(o.name, b.Bytes(), 0o666); err != nil {
		return fmt.Errorf("cannot write %s: %w", o.name, cause(err))
	}
	return nil
}
