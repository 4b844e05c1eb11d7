package bench

import (
	"math"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// The city of a day of parcels, at scale 1.
const (
	cityFlights  = 2000
	citySideM    = 10_000
	cityDepots   = 10
	cityMaxDays  = 7
	cityJobShare = 0.06 // area jobs among the flights
	padRingM     = 110  // pads lie on a circle round the middle of a depot
	cityPads     = 8
)

// cityCraft is a multirotor.
var cityCraft = resolve.Vehicle{CanStop: true, MaxSpeedMMPS: 20_000, ClimbMMPS: 4_000, DescentMMPS: 3_000, EnduranceNS: 45 * 60e9}

// parcelLimits and jobLimits are what operators accept: parcels fly below
// 120 m, and a job is where it is.
var (
	parcelLimits = resolve.Limits{
		LaterNS: 3600e9, DownMM: 50_000, UpMM: 80_000, FloorMM: volume.NoFloorMM, CeilingMM: 120_000,
		SidewaysMM: 300_000, DetourMM: 2_000_000, LiftStepMM: 25_000, SidewaysStepMM: 100_000,
	}
	jobLimits = resolve.Limits{LaterNS: 3600e9, CeilingMM: 120_000, Trim: true}
)

// cityLevelsM are the cruising levels, of which one is 25 m above the other:
// just clear of each other.
var cityLevelsM = [...]float64{40, 65, 90, 115}

// CityDay generates a day of parcel drones and area jobs over a city: about
// 2,000 flights on 10 km x 10 km with rush hours at noon and in the evening.
// Parcels are flown out from a depot to a door and back, at one of four levels;
// area jobs are surveys and inspections that hold a volume for up to three
// hours and are mostly filed long before. Zones without entry stand over
// hospitals all day, over schools at times, and over a stadium in the evening.
// A larger scale spreads over up to 7 days, then over a larger area.
func CityDay(o DayOptions) (*Day, error) {
	d, _, err := cityDay(o, 0)
	return d, err
}

// cityDay is CityDay with some more flights, which are not filed.
func cityDay(o DayOptions, more int) (*Day, []DayPlan, error) {
	scale := o.Scale
	if scale == 0 {
		scale = 1
	}
	t, err := newTraffic(o, 0xc17e, -44.2, -129.4)
	if err != nil {
		return nil, nil, err
	}
	days := max(1, min(cityMaxDays, int(math.Cbrt(scale))))
	area := scale / float64(days)
	c := &city{
		traffic: t, sideM: citySideM * math.Sqrt(area), area: area, days: days,
	}
	d := &Day{
		Name: "city", What: "parcel drones and area jobs",
		Rules: resolve.Rules{
			Minima:      conflict.Minima{LateralMM: 50_000, VerticalMM: 20_000, Source: "benchmark"},
			Constraints: &conflict.Minima{Source: "benchmark"},
		},
	}
	c.zones(d)
	for range c.many(cityDepots) {
		c.depots = append(c.depots, c.free(600))
	}
	n := int(math.Round(cityFlights * scale))
	for range n + more {
		if t.rng.Float64() < cityJobShare {
			c.job()
		} else {
			c.parcel()
		}
	}
	later := make([]DayPlan, more)
	for i, f := range t.filed[n:] {
		later[i] = f.DayPlan
	}
	t.filed = t.filed[:n]
	d, err = t.finish(d)
	return d, later, err
}

// city draws a city's flights.
type city struct {
	*traffic
	sideM  float64
	area   float64 // in areas of scale 1
	days   int
	depots []spot
	closed []closure
}

// closure is a zone that nobody plans a door or a depot in.
type closure struct {
	at      spot
	radiusM float64
}

// many returns how many there are of something of which there are n at scale 1.
func (c *city) many(n int) int { return max(1, int(math.Round(float64(n)*c.area))) }

func (c *city) anywhere() spot { return spot{c.between(0, c.sideM), c.between(0, c.sideM)} }

// free returns a place outside all zones, by a margin in metres.
func (c *city) free(marginM float64) spot {
	s := c.anywhere()
	for range 50 {
		if c.isFree(s, marginM) {
			break
		}
		s = c.anywhere()
	}
	return s
}

func (c *city) isFree(s spot, marginM float64) bool {
	for _, z := range c.closed {
		if s.distance(z.at) < z.radiusM+marginM {
			return false
		}
	}
	return true
}

// isFreeLine tells whether a straight flight keeps out of all zones that are
// always closed, with 20 m for buffers.
func (c *city) isFreeLine(a, b spot) bool {
	for _, z := range c.closed {
		length := max(a.distance(b), 1)
		along := ((z.at.east-a.east)*(b.east-a.east) + (z.at.north-a.north)*(b.north-a.north)) / length
		if a.towards(b, max(0, min(1, along/length))).distance(z.at) < z.radiusM+20 {
			return false
		}
	}
	return true
}

func (c *city) zones(d *Day) {
	add := func(kind string, radiusM, ceilingM, from, to float64, closed bool) {
		at := c.anywhere()
		f := c.circle(at, radiusM)
		for day := range c.days {
			c.zone(d, kind, f, ceilingM, 24*float64(day)+from, 24*float64(day)+to)
		}
		if closed {
			c.closed = append(c.closed, closure{at, radiusM})
		}
	}
	for range c.many(3) { // hospitals, over which rescue helicopters come and go
		add("no_entry", 300, 300, 0, 24, true)
	}
	for range c.many(4) { // schools
		add("no_entry", 200, 120, 7.5, 8.5, false)
		add("no_entry", 200, 120, 12, 13, false)
	}
	for range c.many(1) { // a match
		add("no_entry", 900, 300, 17.5, 21.5, false)
	}
	for range c.many(2) { // a harbour office
		add("call_first", 700, 120, 6, 20, false)
	}
}

// rush returns an hour between 6 and 22: two in five flights are spread over
// the day, the others come around noon and in the evening.
func (c *city) rush() float64 {
	day := 24 * float64(c.rng.IntN(c.days))
	for {
		var h float64
		switch p := c.rng.Float64(); {
		case p < 0.4:
			h = c.between(7, 21)
		case p < 0.7:
			h = 12.2 + 0.7*c.rng.NormFloat64()
		default:
			h = 18.5 + 0.8*c.rng.NormFloat64()
		}
		if h >= 6 && h <= 22 {
			return day + h
		}
	}
}

// parcel flies from a depot to a door and back.
func (c *city) parcel() {
	depot := c.depots[c.rng.IntN(len(c.depots))]
	pad := depot.polar(float64(c.rng.IntN(cityPads))*360/cityPads, padRingM)
	door := c.door(pad)
	speed := c.between(11, 17)
	out, back := c.level(), c.level()
	p := c.startPath(DayPlan{Vehicle: cityCraft, Limits: parcelLimits, FixedMM: 15_000}, pad, 0, hourNS(c.rush()))
	p.to(pad, out, speed).to(door, out, speed).to(door, 15, speed).stay(c.between(15, 40))
	p.to(door, back, speed).to(pad, back, speed).to(pad, 0, speed)
	p.file("P", "Lantern Parcels", volume.Buffers{LateralMM: 8_000, VerticalMM: 2_000, TimeNS: 2e9}, c.between(3, 20))
}

// door returns a place within reach of a pad, the way to which is open all day:
// operators plan around what never changes.
func (c *city) door(pad spot) spot {
	for range 200 {
		s := pad.polar(c.between(0, 360), 4500*math.Sqrt(c.between(0.02, 1)))
		if s.east > 0 && s.north > 0 && s.east < c.sideM && s.north < c.sideM && c.isFreeLine(pad, s) {
			return s
		}
	}
	return pad.add(250, 250)
}

func (c *city) level() float64 {
	switch p := c.rng.Float64(); {
	case p < 0.2:
		return cityLevelsM[0]
	case p < 0.6:
		return cityLevelsM[1]
	case p < 0.9:
		return cityLevelsM[2]
	default:
		return cityLevelsM[3]
	}
}

// job holds one volume or two, one after the other.
func (c *city) job() {
	at := c.free(0)
	hours := c.between(0.4, 3)
	from := c.rush()
	lead := c.between(180, 1500)
	if c.rng.IntN(4) == 0 {
		lead = c.between(10, 60)
	}
	e := &volume.Entity{ID: c.next("J"), Party: "Plumb Line Surveys"}
	switch c.rng.IntN(3) {
	case 0: // a roof or a mast
		e.Volumes = append(e.Volumes, slot(c.circle(at, c.between(60, 220)), 0, c.between(30, 75), hourNS(from), hourNS(from+hours/2)))
	case 1: // a survey
		f := c.star(at, c.between(150, 420), 5+c.rng.IntN(5))
		e.Volumes = append(e.Volumes, slot(f, 30, c.between(55, 100), hourNS(from), hourNS(from+hours)))
	default: // a survey in two parts
		bearing, length := c.between(0, 360), c.between(300, 700)
		for i := range 2 {
			f := c.rectangle(at.polar(bearing, float64(i)*length*0.9), bearing, length, 0.6*length)
			start := from + float64(i)*hours/2
			e.Volumes = append(e.Volumes, slot(f, 30, 80, hourNS(start), hourNS(start+hours/2+0.05)))
		}
	}
	c.file(DayPlan{Entity: e, Vehicle: cityCraft, Limits: jobLimits}, lead)
}
