package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// limitFlags are what an operator accepts and what the craft can do.
type limitFlags struct {
	later, earlier, endurance              spanFlag
	up, down, sideways, detour, turnRadius lengthFlag
	floor, ceiling                         lengthFlag
	climb, descent, speed                  speedFlag
	noTrim, hover                          bool
	weights                                weightsFlag
	enter                                  enterFlag
}

func (l *limitFlags) register(f *flags) {
	f.set.Var(&l.later, "later", "a duration of 0 or more, such as 90m")
	f.set.Var(&l.earlier, "earlier", "a duration of 0 or more, such as 15m")
	f.set.Var(&l.endurance, "endurance", "a duration of 0 or more, such as 25m")
	f.set.Var(&l.up, "up", "a length of 0 or more, such as 3000ft")
	f.set.Var(&l.down, "down", "a length of 0 or more, such as 500ft")
	f.set.Var(&l.sideways, "sideways", "a length of 0 or more, such as 2NM")
	f.set.Var(&l.detour, "detour", "a length of 0 or more, such as 10NM")
	f.set.Var(&l.turnRadius, "turn-radius", "a length of 0 or more, such as 150m")
	l.floor.signed, l.ceiling.signed = true, true
	f.set.Var(&l.floor, "floor", "an altitude, such as 500ft")
	f.set.Var(&l.ceiling, "ceiling", "an altitude, such as 12000ft")
	f.set.Var(&l.climb, "climb-rate", "a speed, such as 3m/s")
	f.set.Var(&l.descent, "descent-rate", "a speed, such as 2m/s")
	f.set.Var(&l.speed, "max-speed", "a speed, such as 25m/s")
	f.set.BoolVar(&l.noTrim, "no-trim", false, "give up neither time nor altitude")
	f.set.BoolVar(&l.hover, "hover", false, "it can stop in the air")
	f.set.Var(&l.weights, "weights", "NAME=X,..., such as later=1,lift=0.5")
	f.set.Var(&l.enter, "enter", "types of zone, or none")
}

// apply sets in a query what is given.
func (l *limitFlags) apply(q *resolve.Query) {
	set := func(into *int64, given bool, n int64) {
		if given {
			*into = n
		}
	}
	set(&q.Limits.LaterNS, l.later.given, l.later.ns)
	set(&q.Limits.EarlierNS, l.earlier.given, l.earlier.ns)
	set(&q.Vehicle.EnduranceNS, l.endurance.given, l.endurance.ns)
	set(&q.Limits.UpMM, l.up.given, l.up.mm)
	set(&q.Limits.DownMM, l.down.given, l.down.mm)
	set(&q.Limits.SidewaysMM, l.sideways.given, l.sideways.mm)
	set(&q.Limits.DetourMM, l.detour.given, l.detour.mm)
	set(&q.Vehicle.TurnRadiusMM, l.turnRadius.given, l.turnRadius.mm)
	set(&q.Limits.FloorMM, l.floor.given, l.floor.mm)
	set(&q.Limits.CeilingMM, l.ceiling.given, l.ceiling.mm)
	q.Vehicle.ClimbMMPS = int64(l.climb.mps * 1000)
	q.Vehicle.DescentMMPS = int64(l.descent.mps * 1000)
	q.Vehicle.MaxSpeedMMPS = int64(l.speed.mps * 1000)
	q.Limits.Trim = !l.noTrim
	q.Vehicle.CanStop = l.hover
	l.weights.apply(&q.Weights)
}

// spanFlag is a duration of 0 or more.
type spanFlag struct {
	given bool
	ns    int64
}

func (f *spanFlag) String() string { return time.Duration(f.ns).String() }

// Set reads the flag's value.
func (f *spanFlag) Set(v string) error {
	d, err := parseDuration(v)
	if err != nil || d < 0 || d > 40*24*time.Hour {
		return errValue("a duration from 0 to 40 days with its unit, such as 45m or 1h30m")
	}
	f.given, f.ns = true, int64(d)
	return nil
}

// lengthFlag is a length of 0 or more, or an altitude.
type lengthFlag struct {
	given, signed bool
	mm            int64
}

func (f *lengthFlag) String() string { return geodesy.FormatLength(f.mm, geodesy.Metre, 3) }

// Set reads the flag's value.
func (f *lengthFlag) Set(v string) error {
	mm, err := geodesy.ParseLength(v)
	if err != nil {
		return errValue("a length with its unit, such as 500ft (" + err.Error() + ")")
	}
	if !f.signed && mm < 0 || max(mm, -mm) > 500_000_000 {
		return errValue("a length from 0 to 500 km with its unit, such as 500ft or 2NM")
	}
	f.given, f.mm = true, mm
	return nil
}

// applyFlag is the number of an option and the file to write it to: a flag of
// two values.
type applyFlag struct {
	given bool
	n     int
	out   string
}

func (f *applyFlag) String() string { return f.out }

// Set reads the first value.
func (f *applyFlag) Set(v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return errValue("the number of an option and a file to write, such as 2 changed.plan")
	}
	f.given, f.n = true, n
	return nil
}

// setSecond reads the second value.
func (f *applyFlag) setSecond(v string) { f.out = v }

// enterFlag tells the types of zone that may be entered on a condition.
type enterFlag struct {
	given bool
	types []string
}

func (f *enterFlag) String() string { return strings.Join(f.types, ",") }

// zoneTypes are those that --enter may name.
var zoneTypes = []string{"no_entry", "entry_with_contact", "call_first", "dividing_line", "advisory"}

// Set reads the flag's value.
func (f *enterFlag) Set(v string) error {
	f.given = true
	if v == "none" {
		return nil
	}
	for _, t := range strings.Split(v, ",") {
		if !slices.Contains(zoneTypes, t) {
			return errValue("none, or some of " + strings.Join(zoneTypes, ", "))
		}
		f.types = append(f.types, t)
	}
	return nil
}

// allows tells whether a zone may be entered on a condition.
func (f *enterFlag) allows(e *volume.Entity) bool {
	if !f.given {
		return e.Type == "call_first" || e.Type == "advisory"
	}
	return slices.Contains(f.types, e.Type)
}

// weightsFlag is what changes cost.
type weightsFlag struct {
	text string
	set  []func(*resolve.Weights)
}

func (f *weightsFlag) String() string { return f.text }

// weightOf finds a weight by the name it has in the flag.
var weightOf = map[string]func(*resolve.Weights) *float64{
	"later":     func(w *resolve.Weights) *float64 { return &w.Later },
	"earlier":   func(w *resolve.Weights) *float64 { return &w.Earlier },
	"lift":      func(w *resolve.Weights) *float64 { return &w.Lift },
	"sideways":  func(w *resolve.Weights) *float64 { return &w.Sideways },
	"detour":    func(w *resolve.Weights) *float64 { return &w.Detour },
	"trim-time": func(w *resolve.Weights) *float64 { return &w.TrimTime },
	"trim-band": func(w *resolve.Weights) *float64 { return &w.TrimBand },
}

// Set reads the flag's value.
func (f *weightsFlag) Set(v string) error {
	const want = errValue("NAME=X,... with the names later, earlier, lift, sideways, detour, trim-time and trim-band, and X from 0 to 1000000")
	f.text = v
	for _, part := range strings.Split(v, ",") {
		name, number, _ := strings.Cut(part, "=")
		at := weightOf[name]
		x, err := strconv.ParseFloat(number, 64)
		if at == nil || err != nil || !(x >= 0 && x <= 1e6) {
			return want
		}
		f.set = append(f.set, func(w *resolve.Weights) { *at(w) = x })
	}
	return nil
}

func (f *weightsFlag) apply(w *resolve.Weights) {
	for _, set := range f.set {
		set(w)
	}
}
