package main

import (
	"flag"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/picture"
)

// flags are the flags of one subcommand. They may stand before, between and
// after the other arguments; -- ends them.
type flags struct {
	command string
	set     *flag.FlagSet
}

// repeatable is a flag's value that may be given more than once.
type repeatable interface{ repeatable() }

// pairValue is a flag's value of two arguments: the second follows the first.
type pairValue interface{ setSecond(v string) }

func newFlags(cmd string) *flags {
	f := &flags{cmd, flag.NewFlagSet(cmd, flag.ContinueOnError)}
	f.set.SetOutput(io.Discard)
	return f
}

// parse sets the flags and returns the other arguments in order.
func (f *flags) parse(args []string) (rest []string, err error) {
	given := map[string]bool{}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(rest, args[i+1:]...), nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			rest = append(rest, arg)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		known := f.set.Lookup(name)
		if known == nil {
			return nil, f.unknown(arg, name)
		}
		if b, ok := known.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			if !hasValue {
				value = "true"
			}
		} else if !hasValue {
			if i++; i == len(args) {
				return nil, usagef(f.command, "%s: found nothing; expected %s", dashed(name), known.Usage)
			}
			value = args[i]
		}
		if _, ok := known.Value.(repeatable); given[name] && !ok {
			return nil, usagef(f.command, "%s is given twice, expected once", dashed(name))
		}
		given[name] = true
		if err := known.Value.Set(value); err != nil {
			return nil, usagef(f.command, "%s %s: %s", dashed(name), value, err)
		}
		if two, ok := known.Value.(pairValue); ok {
			if i++; i >= len(args) || args[i] == "" || args[i][0] == '-' {
				return nil, usagef(f.command, "%s %s: found nothing after it; expected %s", dashed(name), value, known.Usage)
			}
			two.setSecond(args[i])
		}
	}
	return rest, nil
}

func (f *flags) unknown(arg, name string) error {
	var names []string
	f.set.VisitAll(func(g *flag.Flag) { names = append(names, g.Name) })
	if near := nearest(name, names); near != "" {
		return usagef(f.command, "no flag %s; did you mean %s?", arg, dashed(near))
	}
	for i, n := range names {
		names[i] = dashed(n)
	}
	return usagef(f.command, "no flag %s; expected one of %s", arg, strings.Join(names, ", "))
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// nearest returns the name that is at most two edits away from what was typed,
// or begins with it; empty when there is none or more than one.
func nearest(typed string, names []string) string {
	best, at, several := "", 3, false
	for _, n := range names {
		d := edits(typed, n)
		if len(typed) >= 3 && strings.HasPrefix(n, typed) {
			d = 0
		}
		switch {
		case d < at:
			best, at, several = n, d, false
		case d == at:
			several = true
		}
	}
	if several || at >= len(typed) {
		return ""
	}
	return best
}

// edits is the number of single-byte insertions, deletions and replacements
// that turn a into b (Levenshtein), counted up to 3.
func edits(a, b string) int {
	if len(a) > len(b)+2 || len(b) > len(a)+2 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return min(row[len(b)], 3)
}

// errValue is a flag's value that cannot be used: what was expected.
type errValue string

func (e errValue) Error() string { return "expected " + string(e) }

// separations is a flag of lateral and vertical lengths and a time, such as
// 5NM,2000ft,0s. The time may be left out.
type separations struct {
	text                  string
	lateralMM, verticalMM int64
	timeNS                int64
	units                 picture.Units
}

func (s *separations) String() string { return s.text }

// Set reads the flag's value.
func (s *separations) Set(v string) error {
	const want = errValue("LATERAL,VERTICAL[,TIME], each 0 or more with its unit, such as 5NM,2000ft or 30m,10m,5s")
	parts := strings.Split(v, ",")
	if len(parts) < 2 || len(parts) > 3 {
		return want
	}
	next := separations{text: v}
	for i, into := range []*int64{&next.lateralMM, &next.verticalMM} {
		mm, err := geodesy.ParseLength(strings.TrimSpace(parts[i]))
		if err != nil {
			return errValue(string(want) + " (" + err.Error() + ")")
		}
		if mm < 0 {
			return want
		}
		*into = mm
	}
	next.units = picture.Units{Lateral: unitOf(parts[0]), Vertical: unitOf(parts[1])}
	if len(parts) == 3 {
		d, err := parseDuration(strings.TrimSpace(parts[2]))
		if err != nil || d < 0 {
			return want
		}
		next.timeNS = int64(d)
	}
	*s = next
	return nil
}

// unitOf returns the unit in which answers to a length are best read.
func unitOf(length string) geodesy.LengthUnit {
	switch {
	case strings.HasSuffix(length, "NM"):
		return geodesy.NauticalMile
	case strings.HasSuffix(length, "ft"):
		return geodesy.Foot
	}
	return geodesy.Metre
}

// parseDuration is time.ParseDuration that takes a bare zero too.
func parseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	return time.ParseDuration(s)
}

// durationFlag is a positive duration.
type durationFlag struct{ d time.Duration }

func (f *durationFlag) String() string { return f.d.String() }

// Set reads the flag's value.
func (f *durationFlag) Set(v string) error {
	d, err := parseDuration(v)
	if err != nil || d <= 0 {
		return errValue("a duration above 0 with its unit, such as 45m or 1h30m")
	}
	f.d = d
	return nil
}

// startFlag holds when plans without a clock start: for all files, or for one.
type startFlag struct {
	all    time.Time
	given  []fileStart
	byFile map[string]time.Time // by the name of the file, once the files are known
}

// fileStart is the start of one file, under the name given with the flag.
type fileStart struct {
	file string
	at   time.Time
}

func (f *startFlag) repeatable() {}

func (f *startFlag) String() string { return "" }

// Set reads the flag's value, which may be given again for another file.
func (f *startFlag) Set(v string) error {
	const want = errValue("an instant with its offset from UTC, such as 2031-05-14T09:00:00Z, or FILE=INSTANT")
	file, instant := "", v
	if i := strings.LastIndexByte(v, '='); i >= 0 {
		file, instant = v[:i], v[i+1:]
		if file == "" {
			return want
		}
	}
	t, err := time.Parse(time.RFC3339Nano, instant)
	if err != nil || t.Year() < 1970 || t.Year() > 2100 {
		return want
	}
	t = t.UTC()
	if file == "" {
		if !f.all.IsZero() {
			return errValue("one start for all files (FILE=INSTANT gives one to a single file)")
		}
		f.all = t
		return nil
	}
	for _, g := range f.given {
		if g.file == file {
			return errValue("one start for " + file)
		}
	}
	f.given = append(f.given, fileStart{file, t})
	return nil
}

// groundFlag is a stated ground or home elevation, such as 488m:AMSL or
// 488m:W84:5m, the last its error.
type groundFlag struct{ ground *geodesy.Ground }

func (f *groundFlag) String() string { return "" }

// Set reads the flag's value.
func (f *groundFlag) Set(v string) error {
	const want = errValue("ELEVATION:REFERENCE[:ERROR] with the reference AMSL or W84, such as 488m:AMSL or 1600ft:AMSL:20ft")
	parts := strings.Split(v, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return want
	}
	g := &geodesy.Ground{}
	switch parts[1] {
	case "AMSL":
		g.Ref = geodesy.AMSL
	case "W84":
		g.Ref = geodesy.W84
	default:
		return want
	}
	var err error
	if g.MM, err = geodesy.ParseLength(parts[0]); err != nil {
		return errValue(string(want) + " (" + err.Error() + ")")
	}
	if len(parts) == 3 {
		if g.ErrorMM, err = geodesy.ParseLength(parts[2]); err != nil || g.ErrorMM < 0 {
			return want
		}
	}
	f.ground = g
	return nil
}

// qnhFlag is an altimeter setting in hectopascals.
type qnhFlag struct{ hPa *float64 }

func (f *qnhFlag) String() string { return "" }

// Set reads the flag's value.
func (f *qnhFlag) Set(v string) error {
	hPa, err := strconv.ParseFloat(strings.TrimSuffix(v, "hPa"), 64)
	if err != nil || math.IsNaN(hPa) || hPa < 850 || hPa > 1100 {
		return errValue("an altimeter setting from 850 to 1100 hPa, such as 1013.25")
	}
	f.hPa = &hPa
	return nil
}

// speedFlag is a ground speed.
type speedFlag struct{ mps float64 }

func (f *speedFlag) String() string { return "" }

// Set reads the flag's value.
func (f *speedFlag) Set(v string) error {
	mmps, err := geodesy.ParseSpeed(v)
	if err != nil {
		return errValue("a ground speed with its unit, such as 12m/s or 110kt (" + err.Error() + ")")
	}
	if mmps <= 0 {
		return errValue("a ground speed above 0, such as 12m/s")
	}
	f.mps = float64(mmps) / 1000
	return nil
}

// listFlag collects the values of a flag that may be given more than once.
type listFlag struct{ values []string }

func (f *listFlag) repeatable() {}

func (f *listFlag) String() string { return strings.Join(f.values, ",") }

// Set adds a value.
func (f *listFlag) Set(v string) error {
	f.values = append(f.values, v)
	return nil
}
