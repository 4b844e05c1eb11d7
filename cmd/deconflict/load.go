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

	keepData bool // keep what the files hold
}

func (s *settings) register(f *flags) {
	f.set.Var(&s.start, "start", "the start of plans without a clock: INSTANT, or FILE=INSTANT")
	f.set.Var(&s.duration, "duration", "how long areas without a clock apply, such as 45m")
	f.set.Var(&s.buffer, "buffer", "LATERAL,VERTICAL[,TIME], such as 30m,10m,5s")
	f.set.Var(&s.ground, "ground", "ELEVATION:REFERENCE[:ERROR], such as 488m:AMSL")
	f.set.Var(&s.qnh, "qnh", "an altimeter setting in hPa, such as 1013.25")
	f.set.Var(&s.speed, "speed", "a ground speed with its unit, such as 12m/s")
}

// placing returns a flag that was given and without which files can be read as
// well: it places in space or time what they hold.
func (s *settings) placing() string {
	switch {
	case !s.start.all.IsZero() || len(s.start.given) > 0:
		return "--start"
	case s.duration.d > 0:
		return "--duration"
	case s.buffer.text != "":
		return "--buffer"
	case s.ground.ground != nil:
		return "--ground"
	case s.qnh.hPa != nil:
		return "--qnh"
	}
	return ""
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
	data     []byte           // as read; only with settings.keepData
	against  bool             // compared with the others, not with its like
	entities []*volume.Entity // one for each item
}

// standardInput is what the name - stands for.
const standardInput = "standard input"

// read decodes files.
func (s *settings) read(a *app, names []string, against bool) ([]*source, error) {
	var out []*source
	for _, name := range names {
		var data bytes.Buffer
		file, err := s.readFile(a, name, &data)
		if err != nil {
			return nil, &inputError{err}
		}
		if len(file.Items) == 0 {
			return nil, &inputError{&plan.Error{File: file.Name, Found: "no plan and no zone", Expected: "at least one"}}
		}
		out = append(out, &source{file: file, data: data.Bytes(), against: against})
	}
	return out, nil
}

// refuseTwice refuses a file that is given twice, by whatever path.
func refuseTwice(cmd string, names []string) error {
	infos := make([]os.FileInfo, len(names))
	for i, name := range names {
		if name != "-" {
			infos[i], _ = os.Stat(name) // what cannot be read is refused later
		}
		for k, first := range names[:i] {
			same := first == name || infos[i] != nil && infos[k] != nil && os.SameFile(infos[i], infos[k])
			switch {
			case same && name == "-":
				return usagef(cmd, "- (%s) is given twice", standardInput)
			case same && filepath.Clean(first) == filepath.Clean(name):
				return usagef(cmd, "%s is given twice", name)
			case same:
				return usagef(cmd, "%s is given twice: it is the same file as %s", name, first)
			}
		}
	}
	return nil
}

// readFile decodes a file, and keeps its bytes in data where they are wanted.
func (s *settings) readFile(a *app, name string, data *bytes.Buffer) (*plan.File, error) {
	opt := s.readOptions()
	kept := func(r io.Reader) io.Reader {
		if s.keepData {
			return io.TeeReader(r, data)
		}
		return r
	}
	if name == "-" {
		return plan.ReadFrom(standardInput, kept(a.stdin), opt)
	}
	r, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, cause(err))
	}
	defer r.Close()
	if info, err := r.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: found a directory, expected a file", name)
	}
	return plan.ReadFrom(name, kept(r), opt)
}

func (s *settings) readOptions() plan.Options { return plan.Options{SpeedMPS: s.speed.mps} }

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
	if err := s.assignStarts(sources); err != nil {
		return err
	}
	horizon, err := s.horizon(sources, reach)
	if err != nil {
		return err
	}
	files := make([]*plan.File, len(sources))
	for i, src := range sources {
		files[i] = src.file
		for k := range src.file.Items {
			if item := &src.file.Items[k]; len(item.Volumes) == 0 && len(item.Routes) == 0 {
				return &inputError{&plan.Error{File: src.file.Name, Place: item.Place, Found: "neither areas nor routes", Expected: "at least one"}}
			}
		}
	}
	entities, err := plan.ResolveAll(files, func(f *plan.File) plan.ResolveOptions {
		opt := s.options(f)
		opt.Horizon = horizon
		return opt
	})
	if err != nil {
		return &inputError{err}
	}
	for _, src := range sources {
		n := len(src.file.Items)
		src.entities, entities = entities[:n:n], entities[n:]
	}
	return nil
}

// assignStarts finds the file that each start of a single file is for: the path
// as it was given, or its base name if no other file has it.
func (s *settings) assignStarts(sources []*source) error {
	s.start.byFile = map[string]time.Time{}
	bases := map[string]int{}
	for _, src := range sources {
		bases[filepath.Base(src.file.Name)]++
	}
	var accepted []string
	for _, src := range sources {
		accepted = append(accepted, src.file.Name)
		if base := filepath.Base(src.file.Name); base != src.file.Name && bases[base] == 1 {
			accepted = append(accepted, base)
		}
	}
	for _, given := range s.start.given {
		file := ""
		for _, src := range sources {
			if name := src.file.Name; name == given.file || filepath.Base(name) == given.file && bases[given.file] == 1 {
				file = name
				if name == given.file {
					break
				}
			}
		}
		if file == "" {
			return usagef("", "--start %s=...: found no such file among those given, expected one of %s", given.file, strings.Join(accepted, ", "))
		}
		if _, again := s.start.byFile[file]; again {
			return usagef("", "--start %s=...: found another start for that file, expected one", given.file)
		}
		s.start.byFile[file] = given.at
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
	for _, w := range windows(e) {
		fromNS, toNS = min(fromNS, w.StartNS), max(toNS, w.EndNS)
	}
	return fromNS, toNS
}

// output is a file of results that the command line asks for.
type output struct {
	flag  string
	name  string // empty: not asked for
	write func(io.Writer) error
}

// checkOutputs refuses to write one file twice, and over a file that is read.
func checkOutputs(cmd string, outputs []output, read []string) error {
	for i, out := range outputs {
		if out.name == "" {
			continue
		}
		for _, in := range read {
			if in != "-" && samePath(in, out.name) {
				return usagef(cmd, "%s %s: found a file that is read, expected another one to write", out.flag, out.name)
			}
		}
		for _, other := range outputs[:i] {
			if other.name != "" && samePath(other.name, out.name) {
				return usagef(cmd, "%s and %s: found one file, %s, for both, expected two", other.flag, out.flag, out.name)
			}
		}
	}
	return nil
}

func samePath(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// save writes the file, whole or not at all as far as its making goes. A place
// that cannot be written to is the fault of the command line.
func (o output) save() error {
	if o.name == "" {
		return nil
	}
	var b bytes.Buffer
	if err := o.write(&b); err != nil {
		return err
	}
	if err := os.WriteFile(o.name, b.Bytes(), 0o666); err != nil {
		return &inputError{fmt.Errorf("cannot write %s: %w", o.name, cause(err))}
	}
	return nil
}
