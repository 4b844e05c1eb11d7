package oracle

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// The functions in this file write the public set of hard cases. Places that
// have to be a centimetre from the decision boundary are found with the oracle;
// TestHardCases checks that what is in the files is what they write.

type book struct {
	t     *testing.T
	group string
	cases []Case
}

// add appends a case of the current group and finds its truth.
func (b *book) add(conflict bool, id, title, why string, c Case) {
	b.t.Helper()
	c.ID, c.Group, c.Title, c.Why = id, b.group, title, why
	truth, err := c.Solve()
	if err != nil {
		b.t.Errorf("%s: %v", id, err)
		return
	}
	if truth.Conflict != conflict {
		b.t.Errorf("%s: conflict %v, meant %v (distance %v)", id, truth.Conflict, conflict, *truth.DistanceM)
	}
	c.Truth = truth
	b.cases = append(b.cases, c)
}

// touch appends a case of two areas that share a boundary, vertex for vertex, and
// nothing else. The oracle can only say that it is near; the truth is clear by
// construction.
func (b *book) touch(id, title, why string, c Case) {
	b.t.Helper()
	c.ID, c.Group, c.Title, c.Why = id, b.group, title, why
	a, e, need, err := c.Entities()
	if err != nil {
		b.t.Fatal(err)
	}
	if t := Judge(a, e, need, Decide); t.Decision != Either || t.Base.Hi > 1e-7 {
		b.t.Errorf("%s: %v at %v, meant to touch", id, t.Decision, t.Base)
	}
	c.Truth = &CaseTruth{DistanceM: &[2]float64{}}
	b.cases = append(b.cases, c)
}

// twice appends a case that is 1 cm clear and the same 1 cm in conflict. The
// separation left grows with x.
func (b *book) twice(id, title, why string, lo, hi float64, c func(x float64) Case) {
	b.t.Helper()
	b.around(0.01, id, title, why, lo, hi, c)
}

func (b *book) around(byM float64, id, title, why string, lo, hi float64, c func(x float64) Case) {
	b.t.Helper()
	for _, k := range []struct {
		clear bool
		by    float64
		name  string
		word  string
	}{{true, byM, "clear", "clear"}, {false, -byM, "near", "too near"}} {
		x := b.find(lo, hi, k.by, c)
		words := fmt.Sprintf("%g cm %s", byM*100, k.word)
		if byM >= 1 {
			words = fmt.Sprintf("%g m %s", byM, k.word)
		}
		b.add(!k.clear, id+"-"+k.name, title+", "+words, why, c(x))
	}
}

// find returns where between lo and hi the separation left is by metres, or a
// little more in size.
func (b *book) find(lo, hi, by float64, c func(x float64) Case) float64 {
	b.t.Helper()
	left := func(x float64) float64 {
		k := c(x)
		a, e, need, err := k.Entities()
		if err != nil {
			b.t.Fatal(err)
		}
		t := Judge(a, e, need, Lateral)
		if !t.Lateral {
			b.t.Fatalf("%v: no lateral separation at %v", k.Title, x)
		}
		return t.Base.Lo - k.Need.LateralM - edgesM(a) - edgesM(e)
	}
	if left(lo) > by || left(hi) < by {
		b.t.Fatalf("%s: separation left from %v to %v, %v looked for", b.group, left(lo), left(hi), by)
	}
	for range 60 {
		mid := (lo + hi) / 2
		if left(mid) < by {
			lo = mid
		} else {
			hi = mid
		}
	}
	if by < 0 {
		return lo
	}
	return hi
}

// edgesM returns the radius and lateral buffer of an entity of one part.
func edgesM(e *volume.Entity) float64 {
	mm := int64(0)
	for i := range e.Volumes {
		mm = e.Volumes[i].Footprint.RadiusMM() + e.Volumes[i].Buffers.LateralMM
	}
	for _, t := range e.Trajectories {
		mm = t.Buffers().LateralMM
	}
	return float64(mm) / 1000
}

type spot = [2]float64

func latLng(p spot) geodesy.LatLng {
	at, err := geodesy.NewLatLng(p[0], p[1])
	if err != nil {
		panic(err)
	}
	return at
}

func fromLatLng(p geodesy.LatLng) spot {
	lat, lng := p.Degrees()
	return spot{lat, lng}
}

// from returns the place at an azimuth and a distance.
func from(p spot, aziDeg, distM float64) spot {
	return fromLatLng(geodesy.Direct(latLng(p), aziDeg, distM))
}

// local returns a function that gives places by metres along an azimuth and to
// its right.
func local(home spot, aziDeg float64) func(along, right float64) spot {
	return func(along, right float64) spot {
		return from(home, aziDeg+math.Atan2(right, along)*180/math.Pi, math.Hypot(along, right))
	}
}

const caseDay = "2031-05-06T"

// clock returns the instant s seconds after 09:00.
func clock(s float64) string {
	at := time.Date(2031, 5, 6, 9, 0, 0, 0, time.UTC).Add(time.Duration(math.Round(s*1e6)) * time.Microsecond)
	return at.Format("2006-01-02T15:04:05.999999999Z07:00")
}

// mm rounds metres to millimetres.
func mm(m float64) float64 { return math.Round(m*1000) / 1000 }

func one(v CaseVolume) CaseEntity { return CaseEntity{Volumes: []CaseVolume{v}} }

// volumeOf returns a volume from 0 to 100 m, from 09:00 to 10:00.
func volumeOf(shape string, radiusM float64, at ...spot) CaseVolume {
	return CaseVolume{Shape: shape, Vertices: at, RadiusM: mm(radiusM), LowerM: 0, UpperM: 100, Start: clock(0), End: clock(3600)}
}

func polygon(at ...spot) CaseVolume                 { return volumeOf("polygon", 0, at...) }
func circle(c spot, radiusM float64) CaseVolume     { return volumeOf("circle", radiusM, c) }
func corridor(halfM float64, at ...spot) CaseVolume { return volumeOf("corridor", halfM, at...) }
func flight(w ...CaseWaypoint) CaseEntity {
	return CaseEntity{Trajectories: []CaseTrajectory{{Waypoints: w}}}
}
func (v CaseVolume) band(lo, hi float64) CaseVolume  { v.LowerM, v.UpperM = lo, hi; return v }
func (v CaseVolume) time(from, to string) CaseVolume { v.Start, v.End = from, to; return v }

func (e CaseEntity) grow(b CaseBuffers) CaseEntity {
	for i := range e.Volumes {
		e.Volumes[i].Buffers = &b
	}
	for i := range e.Trajectories {
		e.Trajectories[i].Buffers = &b
	}
	return e
}

// fix is a waypoint.
func fix(p spot, altM, s float64) CaseWaypoint {
	return CaseWaypoint{Lat: p[0], Lng: p[1], AltM: altM, Time: clock(s)}
}

// box returns a rectangle around a place.
func box(home spot, aziDeg, longM, wideM float64) CaseVolume {
	l := local(home, aziDeg)
	return polygon(l(longM/2, wideM/2), l(-longM/2, wideM/2), l(-longM/2, -wideM/2), l(longM/2, -wideM/2))
}

func (b *book) rims() {
	b.group = "circle rims against small boxes"
	const why = "The box is where a 64-sided polygon instead of the circle is farthest from the rim, by %s. A polygon inside the circle misses the conflict, one around it makes a false alarm, and a sphere puts the rim elsewhere."
	for _, p := range []struct {
		id     string
		home   spot
		radius float64
		side   float64 // of the 64 sides
	}{
		{"rim-equator", spot{0.3, 10.2}, 5000, 11.5},
		{"rim-47", spot{47.4, 8.5}, 500, 3.5},
		{"rim-78", spot{78.2, 15.6}, 20000, 40.5},
		{"rim-antimeridian", spot{-33.9, 179.99}, 12000, 16.5},
	} {
		azi := p.side * 360 / 64
		why := fmt.Sprintf(why, fmt.Sprintf("%.1f m", p.radius*(1-math.Cos(math.Pi/64))))
		corner := func(x float64) Case {
			c := from(p.home, azi, p.radius+x)
			return Case{A: one(circle(p.home, p.radius)), B: one(polygon(c, from(c, azi-40, 30), from(c, azi, 50), from(c, azi+40, 30)))}
		}
		b.twice(p.id+"-corner", fmt.Sprintf("corner of a box at the rim of a circle of %g m", p.radius), why, -1, 1, corner)
		edge := func(x float64) Case {
			l := local(from(p.home, azi, p.radius+x), azi)
			return Case{A: one(circle(p.home, p.radius)), B: one(polygon(l(0, 20), l(40, 20), l(40, -20), l(0, -20)))}
		}
		b.twice(p.id+"-edge", fmt.Sprintf("edge of a box touching a circle of %g m", p.radius), why, -1, 1, edge)
	}
}

func (b *book) slivers() {
	b.group = "slivers"
	l := local(spot{52.1, 4.9}, 63)
	needle := func(right float64) CaseVolume {
		return polygon(l(-2000, right), l(2000, right+0.01), l(2000, right-0.01))
	}
	b.twice("sliver-circle", "a needle 4 km long and 2 cm wide beside a circle", "The needle has almost no area, and its ends are far from where it comes near.",
		50, 52, func(x float64) Case {
			return Case{A: one(needle(x)), B: one(circle(l(100, 0), 51))}
		})
	m := local(spot{-41.3, 174.8}, 110)
	b.add(true, "sliver-cross", "two needles 2 km long and 4 cm wide cross", "No vertex of either is inside the other, and the common area is a few square centimetres.", Case{
		A: one(polygon(m(-1000, 0.02), m(1000, 0.02), m(1000, -0.02), m(-1000, -0.02))),
		B: one(polygon(m(0.02, -1000), m(0.02, 1000), m(-0.02, 1000), m(-0.02, -1000))),
	})
	slot := func(x float64) Case {
		// A block with a slot 10 cm wide, and a needle 6 cm wide in it.
		u := polygon(l(-300, 0.05), l(300, 0.05), l(300, 200), l(-500, 200), l(-500, -200), l(300, -200), l(300, -0.05), l(-300, -0.05))
		return Case{A: one(u), B: one(polygon(l(-250, x+0.03), l(-250, x-0.03), l(900, x-0.03), l(900, x+0.03)))}
	}
	b.add(false, "sliver-slot-clear", "a needle 6 cm wide in a slot 10 cm wide, 2 cm free on both sides", "Bounding boxes, convex hulls and samples all overlap.", slot(0))
	b.add(true, "sliver-slot-near", "a needle 6 cm wide in a slot 10 cm wide, overlapping 1 cm on one side", "Only a strip of 1 cm is common, along 550 m.", slot(0.03))
	b.twice("sliver-flight", "a flight along a needle, 25 m away", "The nearest place changes along the needle as the craft passes.", 24, 26, func(x float64) Case {
		return Case{
			A: one(needle(0)), B: flight(fix(l(-2500, x), 50, 0), fix(l(2500, x+0.001), 50, 300)),
			Need: CaseNeed{LateralM: 25},
		}
	})
}

func (b *book) climbs() {
	b.group = "climbs crossing stacked layers"
	l := local(spot{39.74, -104.99}, 205)
	// 4 km in 200 s, from 0 to 120 m: 3 cm of height a metre of track.
	climb := flight(fix(l(0, 0), 0, 100), fix(l(4000, 0), 120, 300))
	layer := func(from, to, lower, upper float64) CaseEntity {
		return one(polygon(l(from, -300), l(to, -300), l(to, 300), l(from, 300)).band(lower, upper))
	}
	const box4D = "The box around the leg, its heights and its times overlaps the layer; the craft does not."
	b.add(false, "climb-above", "a climb is above a layer before it gets there", box4D, Case{A: climb, B: layer(3100, 4200, 60, 90)})
	b.add(true, "climb-into", "a climb enters a layer and leaves it through the top", "The window begins at the edge and ends in height.", Case{A: climb, B: layer(2900, 4200, 60, 90)})
	b.add(false, "climb-between", "a climb passes between two layers 12 m apart where they overlap", box4D+" Twice.", Case{
		A: climb, B: CaseEntity{Volumes: []CaseVolume{layer(600, 1490, 45, 100).Volumes[0], layer(1700, 4000, 0, 33).Volumes[0]}},
	})
	b.twice("climb-edge", "a climb reaches the required height at the edge of a layer", "Height and track decide together: the answer turns on 0.3 mm of height.", 3095, 3105, func(x float64) Case {
		return Case{A: climb, B: layer(x, 4200, 60, 90), Need: CaseNeed{VerticalM: 3, LateralM: 0.5}}
	})
	// Two craft change levels while their tracks cross.
	down := func(top float64) CaseEntity {
		return flight(fix(l(2000, -2000), top, 100), fix(l(2000, 2000), top-120, 300))
	}
	b.add(false, "climb-through-clear", "one climbs, one descends, tracks cross, 30 m apart in height then", "Both occupy the same heights and the same place, never at once.", Case{
		A: climb, B: down(150), Need: CaseNeed{LateralM: 100, VerticalM: 25},
	})
	b.add(true, "climb-through-near", "one climbs, one descends, tracks cross, 30 m apart in height where they cross but less before", "At the crossing point vertical separation is kept; a little later, still laterally too near, it is not.", Case{
		A: climb, B: down(150), Need: CaseNeed{LateralM: 300, VerticalM: 25},
	})
}

func (b *book) windows() {
	b.group = "back-to-back windows"
	home := spot{51.47, -0.45}
	here := func(from, to string) CaseEntity { return one(circle(home, 200).time(from, to)) }
	const open = "Windows are half-open and times are compared exactly."
	b.add(false, "window-meet", "one window ends as the other begins", open, Case{A: here(clock(0), clock(600)), B: here(clock(600), clock(1200))})
	b.add(true, "window-nanosecond", "windows overlap by a nanosecond", open, Case{A: here(clock(0), caseDay+"09:10:00.000000001Z"), B: here(clock(600), clock(1200))})
	b.add(false, "window-minimum", "a gap of exactly the time minimum", open, Case{A: here(clock(0), clock(600)), B: here(clock(660), clock(1200)), Need: CaseNeed{TimeS: 60}})
	b.add(true, "window-minimum-less", "a gap a nanosecond short of the time minimum", open, Case{A: here(clock(0), caseDay+"09:10:00.000000001Z"), B: here(clock(660), clock(1200)), Need: CaseNeed{TimeS: 60}})
	b.add(false, "window-buffers", "a gap of exactly the two time buffers", "Both buffers count, once each.", Case{
		A: here(clock(0), clock(600)).grow(CaseBuffers{TimeS: 20}), B: here(clock(650), clock(1200)).grow(CaseBuffers{TimeS: 30}),
	})
	b.add(true, "window-zones", "overlap hidden by time zones", "Read without their offsets the windows are two hours apart.", Case{
		A: here("2031-05-06T10:00:00+01:00", "2031-05-06T10:10:00+01:00"), B: here("2031-05-06T12:09:59.999+03:00", "2031-05-06T12:30:00+03:00"),
	})
	l := local(home, 20)
	b.add(false, "window-landing", "a flight lands in a volume as it begins", "The last instant of a flight is not part of it.", Case{
		A: flight(fix(l(-3000, 0), 90, 0), fix(l(0, 0), 50, 300)), B: here(clock(300), clock(900)),
	})
	b.add(true, "window-landing-late", "a flight lands in a volume 1 ms after it begins", "A window of 1 ms.", Case{
		A: flight(fix(l(-3000, 0), 90, 0), fix(l(0, 0), 50, 300.001)), B: here(clock(300), clock(900)),
	})
}

func (b *book) routes() {
	b.group = "routes whose legs are elsewhere at that time"
	l := local(spot{-33.45, -70.66}, 35)
	east := func(delay float64) CaseEntity {
		return flight(fix(l(0, -3000), 80, delay), fix(l(0, 3000), 80, delay+300))
	}
	north := flight(fix(l(-3000, 0), 80, 0), fix(l(3000, 0), 80, 300))
	const same = "The paths cross, and the windows overlap."
	b.add(false, "route-later", "routes cross, one craft five seconds later", same, Case{A: north, B: east(5), Need: CaseNeed{LateralM: 50, VerticalM: 10}})
	b.add(true, "route-buffer", "routes cross, one craft five seconds later with a time buffer of three each", same+" Each buffer alone would not do.", Case{
		A: flight(fix(l(-3000, 0), 80, 0), fix(l(3000, 0), 80, 300)).grow(CaseBuffers{TimeS: 3}), B: east(5).grow(CaseBuffers{TimeS: 3}), Need: CaseNeed{LateralM: 5, VerticalM: 10},
	})
	b.twice("route-cross", "routes cross at right angles, one craft later", same+" The closest approach is when neither is at the crossing.", 0, 20, func(x float64) Case {
		return Case{A: north, B: east(math.Round(x*1e6) / 1e6), Need: CaseNeed{LateralM: 100, VerticalM: 10}}
	})
	b.twice("route-follow", "one craft follows another on the same route and gains on it", "The tracks are the same line; only time separates them.", 0, 100, func(x float64) Case {
		s := math.Round(x*1e6) / 1e6
		return Case{A: north, B: flight(fix(l(-3000, 0), 80, s+20), fix(l(3000, 0), 80, s+310)), Need: CaseNeed{LateralM: 250, VerticalM: 10}}
	})
	b.twice("route-formation", "two craft fly side by side for 20 km", "The distance is nearly constant for a quarter of an hour; its least value is at an end because meridians converge.", 140, 160, func(x float64) Case {
		k := local(spot{60.1, 24.9}, 0)
		p, q := spot{60.1, 24.9}, k(0, x)
		return Case{
			A:    flight(fix(p, 80, 0), fix(from(p, 0, 20000), 80, 900)),
			B:    flight(fix(q, 80, 0), fix(from(q, 0.2, 20000), 80, 900)),
			Need: CaseNeed{LateralM: 150, VerticalM: 10},
		}
	})
	b.add(false, "route-turn", "head-on on one route, one craft turns off first", "The route of each is within the other's for minutes.", Case{
		A:    north,
		B:    flight(fix(l(3000, 0), 80, 0), fix(l(800, 0), 80, 110), fix(l(800, 3000), 80, 260)),
		Need: CaseNeed{LateralM: 300, VerticalM: 10},
	})
	hover := func(until float64) CaseEntity {
		return flight(fix(l(-200, 0), 80, 0), fix(l(0, 0), 80, 20), fix(l(0, 0), 80, until), fix(l(0, 900), 80, until+30))
	}
	b.add(false, "route-hover", "a craft hovers on the other's route and leaves in time", "A hover is a leg without length.", Case{A: north, B: hover(125), Need: CaseNeed{LateralM: 200, VerticalM: 10}})
	b.add(true, "route-hover-late", "a craft hovers on the other's route and leaves too late", "A hover is a leg without length.", Case{A: north, B: hover(141), Need: CaseNeed{LateralM: 200, VerticalM: 10}})
	b.add(false, "route-fence", "a flight passes a zone outside its hours", "It is in the zone's area before and would be again after.", Case{
		A: flight(fix(l(-3000, 0), 80, 0), fix(l(3000, 0), 80, 300), fix(l(3000, 500), 80, 325), fix(l(-3000, 500), 80, 625)),
		B: one(circle(l(0, 250), 400).time(clock(180), clock(450))),
	})
}

func (b *book) places() {
	b.group = "poles and the antimeridian"
	const pole = "Longitude says nothing there, and a box in latitude and longitude is no box."
	four := polygon(spot{89.9, 0}, spot{89.9, 90}, spot{89.9, 180}, spot{89.9, -90})
	b.add(true, "pole-inside", "a small circle at the pole, inside a square around it", pole, Case{A: one(four), B: one(circle(spot{90, 0}, 5))})
	b.twice("pole-square", "a circle beside an edge of a square around the pole", "The edges are geodesics: between its corners the square ends 3 km before the parallel through them.", 89.90, 89.925, func(x float64) Case {
		return Case{A: one(four), B: one(circle(spot{math.Round((89.905+89.925-x)*1e9) / 1e9, 45}, 100))}
	})
	three := polygon(spot{89.9, 0}, spot{89.9, 80}, spot{89.9, 160})
	b.twice("pole-outside", "a circle on the pole beside a triangle that spans 160 degrees of longitude", "The triangle leaves the pole out, by 1.9 km.", -5000, -100, func(x float64) Case {
		return Case{A: one(three), B: one(circle(spot{90, 30}, -x))}
	})
	b.add(true, "pole-flight", "a flight over the north pole through a circle on it", "The leg is a straight line through the pole; its longitude jumps by 180 degrees.", Case{
		A: flight(fix(spot{89.99, 17}, 50, 0), fix(spot{89.99, -163}, 50, 200)), B: one(circle(spot{90, 0}, 100)),
	})
	b.twice("pole-flight-past", "a flight past the south pole beside a circle on it", "The leg spans 170 degrees of longitude.", -200, -10, func(x float64) Case {
		return Case{A: flight(fix(spot{-89.99, 0}, 50, 0), fix(spot{-89.99, 170}, 50, 200)), B: one(circle(spot{-90, 0}, -x))}
	})
	b.add(true, "pole-one-point", "two circles on the south pole given with different longitudes", "At a pole every longitude is the same place.", Case{
		A: one(circle(spot{-90, 0}, 1)), B: one(circle(spot{-90, 120}, 1)),
	})
	b.add(true, "antimeridian-one-point", "two circles at 180 degrees east and west", "180 and -180 are the same meridian.", Case{
		A: one(circle(spot{-17, 180}, 1)), B: one(circle(spot{-17, -180}, 1)),
	})
	wide := polygon(spot{-16, 179}, spot{-18, 179}, spot{-18, -179}, spot{-16, -179})
	b.add(false, "antimeridian-wide", "a box over the antimeridian and a circle on the other side of the earth", "Read as a range of longitudes the box spans 358 degrees.", Case{A: one(wide), B: one(circle(spot{-17, 0}, 100_000))})
	b.add(true, "antimeridian-inside", "a circle inside a box over the antimeridian", "The centre's longitude is not between those of the box.", Case{A: one(wide), B: one(circle(spot{-17, 179.999}, 10))})
	boxes := func(x float64) Case {
		return Case{A: one(box(spot{66, 179.9989}, 5, 200, 100)), B: one(box(from(spot{66, -179.9989}, 95, x), 5, 200, 80))}
	}
	apart := b.find(-40, 40, 0.01, boxes)
	const opposite = "Their longitudes differ by nearly 360 degrees."
	b.add(false, "antimeridian-boxes-clear", "two boxes 1 cm apart on either side of the antimeridian", opposite, boxes(apart))
	b.add(true, "antimeridian-boxes-near", "two boxes overlapping by 1 cm at the antimeridian", opposite, boxes(apart-0.02))
	b.add(true, "antimeridian-corridor", "a flight across a corridor along the antimeridian", "Longitudes of the two are opposite until they meet.", Case{
		A: one(corridor(20, spot{-20, 180}, spot{-19, -180})), B: flight(fix(spot{-19.5, 179.9}, 50, 0), fix(spot{-19.5, -179.9}, 50, 600)),
	})
}

// all writes the whole book. The groups from manyVertices on are in
// casebook_shapes_test.go.
func (b *book) all() []Case {
	for _, f := range []func(){
		b.rims, b.slivers, b.climbs, b.windows, b.routes, b.places,
		b.manyVertices, b.boundaries, b.minima, b.roundings, b.geodesics, b.longEdges, b.concave, b.spheres,
	} {
		f()
	}
	return b.cases
}
