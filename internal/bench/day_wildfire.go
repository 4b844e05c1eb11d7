package bench

import (
	"math"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// The places round a fire, in metres from the air base.
var (
	fireBase      = spot{0, 0}
	fireHelibase  = spot{24_000, 6_000}
	fireReservoir = spot{31_000, 22_000}
	firePond      = spot{46_000, 3_000}
	fireStart     = spot{36_000, 9_000}
)

const nauticalMileM = 1852

// fireLimits are what operators of flights round a fire accept, holdLimits of
// those that hold a volume over it.
var (
	fireLimits = resolve.Limits{
		LaterNS: 3600e9, DownMM: 300_000, UpMM: 600_000, FloorMM: volume.NoFloorMM, CeilingMM: 3_000_000,
		SidewaysMM: 3_000_000, DetourMM: 15_000_000, LiftStepMM: 150_000, SidewaysStepMM: 1_000_000,
	}
	holdLimits = resolve.Limits{
		LaterNS: 3600e9, DownMM: 300_000, UpMM: 300_000, CeilingMM: 3_000_000, Trim: true,
	}
	scoutLimits = resolve.Limits{LaterNS: 3600e9, CeilingMM: 3_000_000, Trim: true}
)

// WildfireDay generates a day of crewed and uncrewed craft round a fire that
// moves some 7 km: tankers that run between their base and the fire, scoopers
// and helicopters that fetch water from a reservoir and a pond, mapping drones and
// lookouts that hold a volume, and small drones at the edge of the fire. Two
// rings round the fire are to be entered after a call and with contact, and a
// chemical works is closed. All keep 1 NM or 500 ft of each other.
// A larger scale is more days.
func WildfireDay(o DayOptions) (*Day, error) {
	scale := o.Scale
	if scale == 0 {
		scale = 1
	}
	t, err := newTraffic(o, 0xf14e, -38.6, -121.2)
	if err != nil {
		return nil, err
	}
	w := &wildfire{traffic: t, days: max(1, int(math.Round(scale)))}
	d := &Day{
		Name: "wildfire", What: "tankers, helicopters and drones round a fire",
		Rules: resolve.Rules{
			Minima:      conflict.Minima{LateralMM: 1_852_000, VerticalMM: 152_400, Source: "benchmark"},
			Constraints: &conflict.Minima{Source: "benchmark"},
			Conditional: func(e *volume.Entity) bool { return e.Type != "no_entry" },
		},
	}
	w.zones(d)
	for _, kind := range []struct {
		craft, runs int // how many of them, and how often each flies a day
		fly         func(hour float64)
	}{
		{5, 10, w.tanker},
		{3, 8, w.scooper},
		{6, 6, w.helicopter},
		{4, 5, w.mapper},
		{2, 5, w.lookout},
		{2, 6, w.scout},
	} {
		runs := max(1, int(math.Round(float64(kind.runs)*scale/float64(w.days))))
		for range w.days * kind.craft {
			day := 24 * float64(t.rng.IntN(w.days))
			for k := range runs {
				kind.fly(day + 6.5 + 13.5*(float64(k)+t.between(0.1, 0.9))/float64(runs))
			}
		}
	}
	return t.finish(d)
}

// wildfire draws the flights round a fire.
type wildfire struct {
	*traffic
	days int
}

// fire returns the middle of the fire: it moves north-east at 600 m an hour
// from 6 o'clock on, and starts anew each day.
func fire(hour float64) spot {
	return fireStart.polar(50, 600*max(0, math.Mod(hour, 24)-6))
}

// edge returns a place on the fire's front or flanks.
func (w *wildfire) edge(hour float64) spot {
	return fire(hour).polar(50, w.between(-1000, 1500)).polar(140, w.between(-2200, 2200))
}

func (w *wildfire) zones(d *Day) {
	for day := range w.days {
		for h := 24.0 * float64(day); h < 24*float64(day+1); h += 3 {
			w.zone(d, "call_first", w.circle(fire(h+1.5), 12*nauticalMileM), 3000, h, h+3)
			w.zone(d, "entry_with_contact", w.circle(fire(h+1.5), 6*nauticalMileM), 3000, h, h+3)
		}
		h := 24 * float64(day)
		w.zone(d, "no_entry", w.circle(spot{27_900, 20_200}, 900), 900, h, h+24) // a chemical works
	}
}

// tanker drops on the fire and returns.
func (w *wildfire) tanker(hour float64) {
	c := resolve.Vehicle{MaxSpeedMMPS: 140_000, ClimbMMPS: 12_000, DescentMMPS: 15_000, TurnRadiusMM: 1_500_000, EnduranceNS: 4 * 3600e9}
	out := 1350 + 150*float64(w.rng.IntN(3))
	drop := w.edge(hour)
	along := w.between(0, 360)
	p := w.startPath(DayPlan{Vehicle: c, Limits: fireLimits, FixedMM: 60_000}, fireBase, 0, hourNS(hour))
	p.to(spot{18_000, 2000}, out, 110).to(drop.polar(along, -6000), 400, 105)
	p.to(drop.polar(along, -1000), 60, 70).to(drop.polar(along, 1000), 60, 65)
	p.to(drop.polar(along, 6000), out-300, 90).to(spot{17_000, -2500}, out-300, 115).to(fireBase, 0, 100)
	p.file("T", "Cinder Air Response", volume.Buffers{LateralMM: 100_000, VerticalMM: 20_000}, w.between(10, 60))
}

// scooper skims the reservoir and drops on the fire, three times.
func (w *wildfire) scooper(hour float64) {
	c := resolve.Vehicle{MaxSpeedMMPS: 95_000, ClimbMMPS: 7_000, DescentMMPS: 8_000, TurnRadiusMM: 800_000, EnduranceNS: 3 * 3600e9}
	p := w.startPath(DayPlan{Vehicle: c, Limits: fireLimits, FixedMM: 150_000}, fireBase, 0, hourNS(hour))
	p.to(spot{14_000, 7000}, 700, 75)
	level := 350 + 50*float64(w.rng.IntN(3))
	for range 3 {
		drop := w.edge(hour)
		p.to(fireReservoir.add(-3500, 800), 150, 65).to(fireReservoir.add(-800, 0), 5, 45).to(fireReservoir.add(900, 0), 5, 38)
		p.to(fireReservoir.add(4500, -2500), level, 60).to(drop.add(500, 2500), 120, 60)
		p.to(drop, 50, 50).to(drop.add(-2500, -800), level, 60)
	}
	p.to(spot{16_000, 3000}, 900, 80).to(fireBase, 0, 75)
	p.file("S", "Cinder Air Response", volume.Buffers{LateralMM: 80_000, VerticalMM: 20_000}, w.between(10, 60))
}

// helicopter carries water in a bucket, three times.
func (w *wildfire) helicopter(hour float64) {
	c := resolve.Vehicle{CanStop: true, MaxSpeedMMPS: 60_000, ClimbMMPS: 7_000, DescentMMPS: 6_000, EnduranceNS: 2 * 3600e9}
	p := w.startPath(DayPlan{Vehicle: c, Limits: fireLimits, FixedMM: 50_000}, fireHelibase, 0, hourNS(hour))
	p.to(fireHelibase.add(500, 1500), 150, 30)
	water, side := firePond, -1000.0
	if w.rng.IntN(3) == 0 {
		water, side = fireReservoir.add(0, -1500), 1000
	}
	dip := water.add(w.between(-500, 500), w.between(-300, 300))
	flank := w.edge(hour)
	for range 3 {
		drop := flank.add(w.between(-400, 400), side+w.between(-400, 400))
		p.to(dip.add(-700, 0), 150, 45).to(dip, 20, 20).stay(35)
		p.to(dip.add(600, 200), 200, 25).to(drop.add(0, side), 200, 38).to(drop, 45, 20).stay(12)
		p.to(drop.add(-700, side), 220, 30)
	}
	p.to(fireHelibase.add(900, 900), 150, 45).to(fireHelibase, 0, 20)
	p.file("R", "Kestrel Rotor Group", volume.Buffers{LateralMM: 50_000, VerticalMM: 15_000}, w.between(10, 45))
}

// mapper holds a box over a sector of the fire.
func (w *wildfire) mapper(hour float64) {
	c := resolve.Vehicle{MaxSpeedMMPS: 35_000, ClimbMMPS: 4_000, DescentMMPS: 4_000, TurnRadiusMM: 200_000, EnduranceNS: 3 * 3600e9}
	floorM := 700 + 100*float64(w.rng.IntN(4))
	f := w.rectangle(w.edge(hour), w.between(0, 180), w.between(2500, 4500), w.between(1500, 3000))
	e := &volume.Entity{ID: w.next("M"), Party: "Isobar Mapping", Volumes: []volume.Volume4D{
		slot(f, floorM, floorM+120, hourNS(hour), hourNS(hour+w.between(0.3, 0.7))),
	}}
	w.file(DayPlan{Entity: e, Vehicle: c, Limits: holdLimits}, w.between(30, 300))
}

// lookout circles above everybody.
func (w *wildfire) lookout(hour float64) {
	c := resolve.Vehicle{MaxSpeedMMPS: 90_000, ClimbMMPS: 6_000, DescentMMPS: 8_000, TurnRadiusMM: 900_000, EnduranceNS: 5 * 3600e9}
	e := &volume.Entity{ID: w.next("L"), Party: "Cinder Air Response", Volumes: []volume.Volume4D{
		slot(w.circle(fire(hour+0.7), 5000), 2100, 2300, hourNS(hour), hourNS(hour+w.between(1, 1.6))),
	}}
	w.file(DayPlan{Entity: e, Vehicle: c, Limits: holdLimits}, w.between(60, 300))
}

// scout looks at the edge of the fire from below.
func (w *wildfire) scout(hour float64) {
	c := resolve.Vehicle{CanStop: true, MaxSpeedMMPS: 18_000, ClimbMMPS: 5_000, DescentMMPS: 4_000, EnduranceNS: 40 * 60e9}
	e := &volume.Entity{ID: w.next("D"), Party: "Ridge Crews", Volumes: []volume.Volume4D{
		slot(w.circle(w.edge(hour), w.between(250, 500)), 0, 110, hourNS(hour), hourNS(hour+w.between(0.2, 0.4))),
	}}
	w.file(DayPlan{Entity: e, Vehicle: c, Limits: scoutLimits}, w.between(3, 20))
}
