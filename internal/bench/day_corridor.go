package bench

import (
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// The valley of a day of long hauls, at scale 1. A larger scale is more days.
const (
	valleyM        = 120_000
	valleyBendM    = 15_000 // it bends so often
	valleyHauls    = 220
	valleyCrossing = 90
	valleySurveys  = 70
)

// valleyCraft is a fixed wing.
var valleyCraft = resolve.Vehicle{
	MaxSpeedMMPS: 36_000, ClimbMMPS: 3_000, DescentMMPS: 3_000, TurnRadiusMM: 150_000, EnduranceNS: 3 * 3600e9,
}

// haulLimits are what operators of flights accept, surveyLimits of inspections:
// the line is where it is.
var (
	haulLimits = resolve.Limits{
		LaterNS: 3600e9, DownMM: 150_000, UpMM: 210_000, FloorMM: volume.NoFloorMM, CeilingMM: 600_000,
		SidewaysMM: 1_000_000, DetourMM: 10_000_000, LiftStepMM: 70_000, SidewaysStepMM: 250_000, Trim: true,
	}
	surveyLimits = resolve.Limits{LaterNS: 3600e9, CeilingMM: 600_000, Trim: true}
)

// CorridorDay generates a day of fixed-wing drones in a valley of 120 km: long
// hauls both ways, some declared as trajectories and some as the corridor
// volumes of F3548-21, inspections of a power line that winds through the
// valley, and traffic across. None of them can hover. Two zones without entry
// stand in the way for some hours, one of them across the whole valley.
func CorridorDay(o DayOptions) (*Day, error) {
	scale := o.Scale
	if scale == 0 {
		scale = 1
	}
	t, err := newTraffic(o, 0xc0441d, -46.3, -133.8)
	if err != nil {
		return nil, err
	}
	v := &valley{traffic: t, days: max(1, int(math.Round(scale)))}
	v.bearings = []float64{60, 85, 70, 40, 75, 100, 80, 55, 65}
	d := &Day{
		Name: "corridor", What: "fixed-wing drones along and across a valley",
		Rules: resolve.Rules{
			Minima:      conflict.Minima{LateralMM: 250_000, VerticalMM: 50_000, Source: "benchmark"},
			Constraints: &conflict.Minima{LateralMM: 50_000, Source: "benchmark"},
		},
	}
	v.zones(d)
	for range int(math.Round(valleyHauls * scale)) {
		v.haul()
	}
	for range int(math.Round(valleySurveys * scale)) {
		v.survey()
	}
	for range int(math.Round(valleyCrossing * scale)) {
		v.crossing()
	}
	return t.finish(d)
}

// valley draws the flights of a valley.
type valley struct {
	*traffic
	days     int
	bearings []float64 // of each stretch of valleyBendM
}

// at returns the place so many metres along the valley and right of its middle.
func (v *valley) at(along, right float64) spot {
	var s spot
	i := 0
	for ; along > valleyBendM && i+1 < len(v.bearings); i++ {
		s = s.polar(v.bearings[i], valleyBendM)
		along -= valleyBendM
	}
	return s.polar(v.bearings[i], along).polar(v.bearings[i]+90, right)
}

// powerLine returns how far right of the middle the power line runs.
func powerLine(along float64) float64 { return 1200 * math.Sin(along/11_000) }

func (v *valley) zones(d *Day) {
	for day := range v.days {
		h := 24 * float64(day)
		v.zone(d, "no_entry", v.circle(v.at(45_000, 500), 1500), 260, h+9.5, h+14)                     // works on a dam
		v.zone(d, "no_entry", v.rectangle(v.at(82_000, 0), v.bearings[5], 800, 9000), 155, h+12, h+13) // blasting
		v.zone(d, "no_entry", v.circle(v.at(63_000, -2200), 700), 500, h, h+24)                        // a hospital
		for _, end := range [2]float64{0, valleyM} {
			v.zone(d, "call_first", v.circle(v.at(end, 0), 4000), 900, h, h+24)
		}
	}
}

func (v *valley) hour(from, to float64) float64 {
	return 24*float64(v.rng.IntN(v.days)) + v.between(from, to)
}

// level returns a cruising level in metres. Most keep to those of their
// direction.
func (v *valley) level(back bool) float64 {
	if v.rng.IntN(4) == 0 {
		back = !back
	}
	level := 120 + 140*float64(v.rng.IntN(3))
	if back {
		level += 70
	}
	return level
}

// haul flies the length of the valley, most of them right of its middle.
func (v *valley) haul() {
	back := v.rng.IntN(2) == 0
	right := math.Abs(600 + 250*v.rng.NormFloat64())
	if v.rng.IntN(3) == 0 {
		right = 150 * v.rng.NormFloat64()
	}
	if back {
		right = -right
	}
	spots := []spot{v.at(0, right), v.at(4000, right)}
	for s := valleyBendM; s < valleyM; s += valleyBendM {
		spots = append(spots, v.at(float64(s), right))
	}
	spots = append(spots, v.at(valleyM-4000, right), v.at(valleyM, right))
	if back {
		slices.Reverse(spots)
	}
	level, speed := v.level(back), v.between(23, 33)
	p := v.startPath(DayPlan{Vehicle: valleyCraft, Limits: haulLimits}, spots[0], 0, hourNS(v.hour(5.5, 20)))
	for _, s := range spots[1 : len(spots)-1] {
		p.to(s, level, speed)
	}
	p.to(spots[len(spots)-1], 0, speed)
	if lead := v.between(15, 240); v.rng.IntN(4) > 0 {
		p.file("H", "Farrow Freight", volume.Buffers{LateralMM: 40_000, VerticalMM: 10_000, TimeNS: 5e9}, lead)
	} else {
		p.plan.Entity = &volume.Entity{ID: v.next("V"), Party: "Osier Lines", Volumes: v.stretches(p, spots)}
		p.plan.Limits.FloorMM = 0
		v.file(p.plan, lead)
	}
}

// stretches declares a path as volumes: thirds of its legs, each while the
// craft is there and two minutes more on either side.
func (v *valley) stretches(p *path, spots []spot) []volume.Volume4D {
	const parts, slackNS = 3, 120e9
	var out []volume.Volume4D
	for i, w := range p.waypoints[1:] {
		from := p.waypoints[i]
		lowerM := max(0, float64(min(from.AltMM, w.AltMM))/1000-20)
		upperM := float64(max(from.AltMM, w.AltMM))/1000 + 20
		for k := range int64(parts) {
			a, b := spots[i].towards(spots[i+1], float64(k)/parts), spots[i].towards(spots[i+1], float64(k+1)/parts)
			startNS := from.TimeNS + (w.TimeNS-from.TimeNS)*k/parts
			endNS := from.TimeNS + (w.TimeNS-from.TimeNS)*(k+1)/parts
			out = append(out, slot(v.corridor([]spot{a, b}, 150), lowerM, upperM, startNS-slackNS, endNS+slackNS))
		}
	}
	return out
}

// survey inspects 10 to 30 km of the power line in stretches of 3 km.
func (v *valley) survey() {
	length := v.between(10_000, 30_000)
	from := v.between(0, valleyM-length)
	speed := v.between(16, 22)
	startNS := hourNS(v.hour(7, 17))
	e := &volume.Entity{ID: v.next("S"), Party: "Plumb Line Surveys"}
	const step = 3000.0
	for s := 0.0; s < length; s += step {
		to := min(s+step, length)
		points := []spot{}
		for k := range 4 {
			a := from + s + (to-s)*float64(k)/3
			points = append(points, v.at(a, powerLine(a)))
		}
		a, b := startNS+int64(s/speed*1e9), startNS+int64(to/speed*1e9)
		e.Volumes = append(e.Volumes, slot(v.corridor(points, 120), 20, 90, a-90e9, b+90e9))
	}
	v.file(DayPlan{Entity: e, Vehicle: valleyCraft, Limits: surveyLimits}, v.between(120, 1400))
}

// crossing flies from one side of the valley to the other, at one altitude or
// on a climb.
func (v *valley) crossing() {
	s := v.between(10_000, valleyM-10_000)
	side := float64(9000 - 18_000*v.rng.IntN(2))
	from, to := v.at(s, side), v.at(s+v.between(-5000, 5000), -side)
	level := 90 + 10*float64(v.rng.IntN(45))
	other := level
	if v.rng.IntN(2) == 0 {
		other = 90 + 10*float64(v.rng.IntN(45))
	}
	p := v.startPath(DayPlan{Vehicle: valleyCraft, Limits: haulLimits}, from, level, hourNS(v.hour(6, 20)))
	p.to(to, other, v.between(20, 30))
	p.file("X", "Tarn Couriers", volume.Buffers{LateralMM: 30_000, VerticalMM: 10_000, TimeNS: 5e9}, v.between(5, 90))
}
