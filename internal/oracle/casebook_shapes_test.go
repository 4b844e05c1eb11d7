package oracle

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func (b *book) manyVertices() {
	b.group = "polygons of 10,000 vertices"
	const why = "All 100 million pairs of edges, or none but the few that matter."
	gear := func(c spot, radius, amplitude float64, waves int) CaseVolume {
		v := polygon()
		v.Wave = &CaseWave{Centre: c, RadiusM: radius, AmplitudeM: amplitude, Waves: waves, Vertices: 10_000}
		return v
	}
	home := spot{48.2, 16.37}
	b.twice("gear-circle", "a circle in a trough of a star with 50 rays", "10,000 edges, of which two matter.", -400, -10, func(x float64) Case {
		// Trough: waves·azimuth = 180 degrees.
		return Case{A: one(gear(home, 5000, 200, 50)), B: one(circle(from(home, 3.6, 5050), -x))}
	})
	b.twice("gear-gear", "two stars with 40 rays, teeth between teeth", why, 11_000, 13_000, func(x float64) Case {
		return Case{A: one(gear(home, 6000, 300, 40)), B: one(gear(from(home, 4.5, x), 6000, 300, 40)), Need: CaseNeed{LateralM: 20}}
	})
	b.add(true, "gear-nested", "a star inside a star", "The boundaries are 700 m apart everywhere; only the inside test tells.", Case{A: one(gear(home, 6000, 100, 30)), B: one(gear(home, 5000, 100, 30))})
	b.twice("gear-flight", "a flight through the trough between two rays", "The craft is within the star's outer circle for half a minute.", -300, 60, func(x float64) Case {
		c := from(home, 3.6, 5300)
		return Case{
			A: one(gear(home, 5000, 500, 50)),
			B: flight(fix(from(home, 3.6, 8000), 50, 0), fix(from(c, 3.6, x-40), 50, 60), fix(from(home, 4.6, 8000), 50, 120)), Need: CaseNeed{LateralM: 150},
		}
	})
	b.twice("gear-round", "a polygon of 10,000 vertices for a circle of 15 km, and a true circle", "The polygon is 0.7 mm inside the circle it stands for.", 24_999, 25_001, func(x float64) Case {
		return Case{A: one(gear(home, 15_000, 0, 1)), B: one(circle(from(home, 77.4, x), 10_000))}
	})
}

func (b *book) boundaries() {
	b.group = "shared boundaries"
	l := local(spot{35.68, 139.77}, 15)
	p, q, left, right, inner := l(500, 0), l(-500, 0), l(0, -700), l(100, 600), l(0, -200)
	const touch = "Areas that share only a boundary do not conflict. Their shared vertices are given alike, so this can be told exactly."
	b.touch("boundary-edge", "two triangles with an edge in common", touch, Case{A: one(polygon(p, q, left)), B: one(polygon(q, p, right))})
	b.touch("boundary-corner", "two triangles with a corner in common", touch, Case{A: one(polygon(p, q, left)), B: one(polygon(p, l(900, 300), l(1200, -100)))})
	b.touch("boundary-notch", "a notch filled exactly", touch, Case{A: one(polygon(left, p, inner, q)), B: one(polygon(p, right, q, inner))})
	b.add(true, "boundary-same", "the same triangle, begun elsewhere and turned the other way", "All vertices and edges are shared, none crosses, no vertex is inside.", Case{A: one(polygon(p, q, left)), B: one(polygon(left, q, p))})
	b.add(true, "boundary-within", "a triangle inside another, on a common edge", "Two vertices are shared, no edges cross.", Case{A: one(polygon(p, q, left)), B: one(polygon(p, q, inner))})
	b.add(true, "boundary-diagonal", "a triangle made of three corners of a square", "No vertex of either is inside the other; one edge is the square's diagonal.", Case{
		A: one(polygon(l(300, 300), l(300, -300), l(-300, -300), l(-300, 300))), B: one(polygon(l(300, 300), l(-300, -300), l(-300, 300))),
	})
	b.touch("boundary-long", "two areas with an edge of 400 km in common, over the antimeridian", "A long shared edge: whoever cuts edges into pieces must cut both alike.", Case{
		A: one(polygon(spot{55, 177}, spot{56, -177}, spot{58, 179})), B: one(polygon(spot{56, -177}, spot{55, 177}, spot{53, -179})),
	})
}

func (b *book) minima() {
	b.group = "separations exactly at the minima"
	home := spot{10.5, 76.2}
	l := local(home, 300)
	layer := func(lower, upper float64) CaseEntity { return one(circle(home, 300).band(lower, upper)) }
	const exact = "Heights are compared exactly: what is required is enough."
	v := CaseNeed{VerticalM: 15.24}
	b.add(false, "minimum-layers", "two layers 50 ft apart with a minimum of 50 ft", exact, Case{A: layer(0, 30.48), B: layer(45.72, 60), Need: v})
	b.add(true, "minimum-layers-less", "two layers 1 mm short of 50 ft apart", exact, Case{A: layer(0, 30.481), B: layer(45.72, 60), Need: v})
	b.add(false, "minimum-touch", "one layer on the other, no minimum", exact, Case{A: layer(0, 30), B: layer(30, 60)})
	b.add(false, "minimum-ceiling", "a level flight exactly at the ceiling of a zone", exact, Case{A: flight(fix(l(-900, 0), 60, 0), fix(l(900, 0), 60, 90)), B: layer(0, 60)})
	b.add(true, "minimum-ceiling-less", "a level flight 1 mm below the ceiling of a zone", exact, Case{A: flight(fix(l(-900, 0), 59.999, 0), fix(l(900, 0), 59.999, 90)), B: layer(0, 60)})
	peak := func(top float64) CaseEntity {
		return flight(fix(l(-900, 0), 20, 0), fix(l(0, 0), top, 31), fix(l(900, 0), 20, 60))
	}
	b.add(false, "minimum-peak", "a climb that reaches the required separation at one instant", exact+" The climb is steep and its turning point is in the middle of the zone.", Case{A: peak(44.7), B: layer(60, 100), Need: CaseNeed{VerticalM: 15.3}})
	b.add(true, "minimum-peak-less", "a climb that exceeds the required separation by 1 mm for an instant", "The window is a few milliseconds long.", Case{A: peak(44.701), B: layer(60, 100), Need: CaseNeed{VerticalM: 15.3}})
	b.add(false, "minimum-cut", "a climb that reaches the required separation just as the volume ends", "At the volume's end, 10.1 s of 30.3 s into the leg, the height is exactly a third of the climb.", Case{
		A: flight(fix(l(-900, 0), 10, 0), fix(l(900, 0), 100, 30.3)),
		B: one(circle(home, 2000).band(40, 90).time("2031-05-06T08:00:00Z", clock(10.1))),
	})
}

// roundings adds climbs whose height is exactly the required separation at one
// instant that is no round number in any unit.
func (b *book) roundings() {
	b.group = "separations exactly at the minima"
	const why = "Heights at instants that are no round number are fractions; in floating point a sliver of conflict remains or appears."
	at := func(lat, lng, altM float64, when string) CaseWaypoint {
		return CaseWaypoint{Lat: lat, Lng: lng, AltM: altM, Time: caseDay + when}
	}
	through := CaseEntity{Trajectories: []CaseTrajectory{{
		Waypoints: []CaseWaypoint{
			at(-51.931332613, -67.654181314, 18.549, "09:00:44.375341518Z"), at(-51.930664443, -67.652011939, 79.127, "09:00:45.240326863Z"),
			at(-51.931016174, -67.648004191, 79.127, "09:00:46.971327452Z"),
		},
		Buffers: &CaseBuffers{LateralM: 139.489},
	}}}
	over := func(lowest float64) CaseEntity {
		return CaseEntity{Trajectories: []CaseTrajectory{{
			Waypoints: []CaseWaypoint{
				at(-51.928376688, -67.659658462, 152.437, "09:00:34.486060174Z"), at(-51.926526501, -67.654939679, lowest, "09:00:44.605926117Z"),
				at(-51.925080637, -67.650689505, 167.844, "09:00:51.801972471Z"),
			},
			Buffers: &CaseBuffers{LateralM: 59.274, TimeS: 0.972790243},
		}}}
	}
	need := CaseNeed{LateralM: 8504.638, VerticalM: 0.001}
	b.add(false, "rounding-buffered", "a climb and a descent that come within exactly 1 mm of height, 1 mm required", why, Case{A: through, B: over(79.128), Need: need})
	b.add(true, "rounding-buffered-less", "a climb and a descent that reach one height, 1 mm required", why, Case{A: through, B: over(79.127), Need: need})

	level := flight(
		at(89.994621797, 94.032985734, 233.957, "09:00:00Z"), at(89.996647716, 113.564051683, 233.957, "09:00:01.796440552Z"),
		at(89.997218527, 157.660183381, 233.957, "09:00:03.486948576Z"), at(89.997030051, -136.575149217, 233.957, "09:00:06.435890796Z"),
	)
	down := flight(
		at(89.985896737, 23.117042663, 405.595, "09:00:04.359207867Z"), at(89.985758403, 23.23174994, 342.593, "09:00:04.433122871Z"),
		at(89.985700807, 23.192708912, 340.957, "09:00:04.459011902Z"), at(89.985564895, 23.273339648, 278.031, "09:00:04.540134037Z"),
	).grow(CaseBuffers{LateralM: 106.679, VerticalM: 9.553})
	b.add(false, "rounding-last", "a descent that reaches the required separation at its last instant", why, Case{A: level, B: down, Need: CaseNeed{LateralM: 7197.368, VerticalM: 34.521}})
	b.add(true, "rounding-last-less", "a descent that is 1 mm short of the required separation at its last instant", why, Case{A: level, B: down, Need: CaseNeed{LateralM: 7197.368, VerticalM: 34.522}})

	route := CaseVolume{
		Shape:    "corridor",
		Vertices: []spot{{-70.329979648, 49.363110134}, {-70.330139165, 49.362937026}, {-70.330266586, 49.362933797}, {-70.330349187, 49.363107042}, {-70.330444628, 49.363329539}},
		RadiusM:  5.273, LowerM: 57.57, UpperM: 143.501,
		Start: caseDay + "07:58:14.971722803Z", End: caseDay + "08:58:14.971722803Z",
		Buffers: &CaseBuffers{VerticalM: 7.159, TimeS: 52.323612281},
	}
	drop := flight(
		at(-70.329598493, 49.36187036, 245.439, "09:00:02.681656087Z"), at(-70.329655511, 49.36200454, 206.628, "09:00:02.704397469Z"),
		at(-70.329685958, 49.362164143, 274.011, "09:00:02.730253857Z"), at(-70.32971908, 49.362300794, 222.718, "09:00:02.757528295Z"),
		at(-70.329755927, 49.362458689, 130.072, "09:00:02.780657710Z"),
	).grow(CaseBuffers{LateralM: 0.71})
	b.add(false, "rounding-cut", "a descent that reaches the required separation just as a volume's time is over", why, Case{A: one(route), B: drop, Need: CaseNeed{LateralM: 372.879, TimeS: 55.480182756}})
	route.UpperM = 143.502
	b.add(true, "rounding-cut-less", "a descent that is 1 mm short of the required separation just as a volume's time is over", why, Case{A: one(route), B: drop, Need: CaseNeed{LateralM: 372.879, TimeS: 55.480182756}})
}

func (b *book) geodesics() {
	b.group = "geodesic edges"
	top := polygon(spot{60, 10}, spot{60, 15.4}, spot{59.5, 15}, spot{59.5, 10.5})
	const bulge = "The edge of 300 km along the 60th parallel is a geodesic and bulges 3 km north of the parallel in the middle; a line straight in latitude and longitude, or on the Mercator map, does not."
	b.add(true, "edge-bulge", "a circle north of the parallel, south of the geodesic", bulge, Case{A: one(top), B: one(circle(spot{60.02, 12.7}, 100))})
	b.around(0.1, "edge-rim", "a circle at a geodesic edge of 300 km", bulge+" A great circle on a sphere is off by metres.", 60.02, 60.05, func(x float64) Case {
		return Case{A: one(top), B: one(circle(spot{roundE9(x), 12.7}, 500))}
	})
	b.twice("edge-short", "a circle at a geodesic edge of 20 km", "Straight in latitude and longitude is 16 m off.", 65.01, 65.04, func(x float64) Case {
		return Case{A: one(polygon(spot{65.02, 25}, spot{65.02, 25.42}, spot{64.95, 25.2})), B: one(circle(spot{roundE9(x), 25.21}, 150))}
	})
	b.around(0.2, "edge-corridor", "a corridor of 500 km beside a small box", "Its middle is 6 km from where a straight line on the map puts it.", 50.055, 50.3, func(x float64) Case {
		return Case{A: one(corridor(1000, spot{50, -100}, spot{50, -93})), B: one(box(spot{roundE9(x), -96.5}, 10, 60, 40))}
	})
	b.around(0.1, "edge-flight", "a flight of 400 km over a small zone that is open for two minutes", "Place and time along the leg both follow the geodesic.", 45.03, 45.3, func(x float64) Case {
		return Case{
			A: flight(fix(spot{45, 5}, 50, 0), fix(spot{45, 10}, 50, 3200)),
			B: one(circle(spot{roundE9(x), 7.5}, 1500).time(clock(1540), clock(1660))), Need: CaseNeed{LateralM: 500},
		}
	})
}

func (b *book) longEdges() {
	b.group = "long edges"
	const far = "Distances are measured on the ellipsoid whatever the span; a chord, a plane or a sphere are off by kilometres."
	b.around(2, "long-corridors", "two corridors of 3,000 km side by side", far, 40.4, 43, func(x float64) Case {
		return Case{A: one(corridor(10_000, spot{40, -30}, spot{42, 5})), B: one(corridor(10_000, spot{roundE9(x), -28}, spot{roundE9(x + 1.8), 4})), Need: CaseNeed{LateralM: 50_000}}
	})
	wide := polygon(spot{10, -20}, spot{12, 5}, spot{-14, 8}, spot{-12, -25})
	b.add(true, "long-inside", "a small circle in the middle of an area of 2,500 km", "Nothing is near the boundary.", Case{A: one(wide), B: one(circle(spot{0.5, -8}, 30))})
	b.around(2, "long-circle", "a circle of 300 km beside an edge of 2,800 km", far, 14, 18, func(x float64) Case {
		return Case{A: one(wide), B: one(circle(spot{roundE9(x), -7}, 300_000))}
	})
	b.around(2, "long-flights", "two airliners on tracks across the Atlantic", "Both follow geodesics over five hours; the least distance is where neither has a waypoint.", 0, 2000, func(x float64) Case {
		s := float64(int64(x*1e6)) / 1e6
		return Case{
			A:    flight(fix(spot{52, -10}, 11_000, 0), fix(spot{50, -50}, 11_000, 11_500)),
			B:    flight(fix(spot{46, -45}, 11_200, s-4000), fix(spot{54, -14}, 11_200, s+6000)),
			Need: CaseNeed{LateralM: 18_520, VerticalM: 300},
		}
	})
}

func (b *book) concave() {
	b.group = "concave and nested areas"
	l := local(spot{22.3, 114.2}, 330)
	c := polygon(l(0, 0), l(0, 1000), l(300, 1000), l(300, 300), l(700, 300), l(700, 1000), l(1000, 1000), l(1000, 0))
	b.twice("concave-circle", "a circle in the mouth of a C", "It is inside the convex hull, and its centre is level with both arms.", -250, -150, func(x float64) Case {
		return Case{A: one(c), B: one(circle(l(500, 600), -x))}
	})
	b.add(false, "concave-flight", "a flight into the mouth of a C and out again", "It is inside the convex hull for ten seconds.", Case{
		A: one(c), B: flight(fix(l(500, 2000), 50, 0), fix(l(500, 400), 50, 80), fix(l(450, 2000), 50, 160)), Need: CaseNeed{LateralM: 90},
	})
	b.add(true, "concave-arms", "a box across both arms of a C", "Two separate overlaps; no vertex of either inside the other.", Case{A: one(c), B: one(polygon(l(-100, 600), l(-100, 700), l(1100, 700), l(1100, 600)))})
	b.add(true, "nested-polygon", "a small polygon inside a large one, far from its edges", "Boundaries do not meet; distance between boundaries is 400 m.", Case{A: one(box(l(500, 500), 10, 1000, 1000)), B: one(box(l(500, 500), 40, 100, 100))})
	b.add(true, "nested-circle", "a circle inside a polygon, far from its edges", "The centre is farther from every edge than the radius.", Case{A: one(box(l(500, 500), 10, 1000, 1000)), B: one(circle(l(520, 480), 20))})
	b.add(true, "nested-around", "a polygon inside a circle that is too small to reach its centre", "The circle's centre is outside the polygon and no vertex is near the rim.", Case{A: one(circle(l(0, 0), 5000)), B: one(box(l(1000, 0), 10, 50, 50))})
}

func (b *book) spheres() {
	b.group = "sphere for ellipsoid"
	for _, k := range []struct {
		id   string
		home spot
		azi  float64
		why  string
	}{
		{"sphere-equator-north", spot{0, 20}, 0, "A sphere of the mean radius has 0.6 % too much along the meridian at the equator."},
		{"sphere-equator-east", spot{0, 20}, 90, "A sphere of the mean radius has 0.1 % too little along the equator."},
		{"sphere-60-north", spot{60, 20}, 0, "A sphere of the mean radius has 0.2 % too little along the meridian at 60 degrees."},
		{"sphere-60-east", spot{60, 20}, 90, "A sphere of the mean radius has 0.4 % too little across the meridian at 60 degrees."},
	} {
		b.twice(k.id, "two circles of 5 km with 10 km between them", k.why, 19_900, 20_100, func(x float64) Case {
			return Case{A: one(circle(k.home, 5000)), B: one(circle(from(k.home, k.azi, x), 5000)), Need: CaseNeed{LateralM: 10_000}}
		})
	}
}

func roundE9(deg float64) float64 { return float64(int64(deg*1e9)) / 1e9 }

var update = flag.Bool("update", false, "write testdata/hardcases anew")

const caseDir = "../../testdata/hardcases"

// TestHardCases checks the truth of every case in the files.
func TestHardCases(t *testing.T) {
	cases, err := Cases(caseDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 60 {
		t.Errorf("%d cases, at least 60 expected", len(cases))
	}
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.ID] || c.Why == "" || c.Title == "" || c.Truth == nil {
			t.Errorf("case %s: want an id of its own, a title, a reason and a truth", c.ID)
			continue
		}
		seen[c.ID] = true
		truth, err := c.Solve()
		if errors.Is(err, ErrUncertain) && strings.HasPrefix(c.ID, "boundary-") && !c.Truth.Conflict {
			continue // clear by construction: see touch
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if truth.Conflict != c.Truth.Conflict || (truth.DistanceM == nil) != (c.Truth.DistanceM == nil) || (truth.First == nil) != (c.Truth.First == nil) {
			t.Errorf("case %s: %+v, the file has %+v", c.ID, truth, c.Truth)
			continue
		}
		if x, y := truth.DistanceM, c.Truth.DistanceM; x != nil && (x[0] > y[1] || x[1] < y[0]) {
			t.Errorf("case %s: distance %v m, the file has %v", c.ID, *x, *y)
		}
		for _, k := range [2][2]*[2]string{{truth.First, c.Truth.First}, {truth.Last, c.Truth.Last}} {
			if x, y := k[0], k[1]; x != nil && (x[0] > y[1] || x[1] < y[0]) {
				t.Errorf("case %s: instant %v, the file has %v", c.ID, *x, *y)
			}
		}
	}
}

// TestCasebook writes the files of hard cases, with -update, and otherwise
// checks that they are what the casebook makes if DECONFLICT_CASEBOOK is set. It
// takes half a minute, most of it to place polygons of 10,000 vertices.
func TestCasebook(t *testing.T) {
	if !*update && os.Getenv("DECONFLICT_CASEBOOK") == "" {
		t.Skip("DECONFLICT_CASEBOOK is not set")
	}
	b := &book{t: t}
	files := map[string][]Case{}
	for _, c := range b.all() {
		name := strings.NewReplacer(" ", "-", ",", "").Replace(c.Group) + ".json"
		files[name] = append(files[name], c)
	}
	for name, cases := range files {
		data, err := json.MarshalIndent(cases, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		data = append(compact(data), '\n')
		path := filepath.Join(caseDir, name)
		if *update {
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if was, err := os.ReadFile(path); err != nil || !bytes.Equal(was, data) {
			t.Errorf("%s is not what the casebook makes (%v); run with -update and look at the difference", path, err)
		}
	}
}

// compact puts pairs of numbers or strings on one line.
func compact(data []byte) []byte {
	var out bytes.Buffer
	lines := bytes.Split(data, []byte("\n"))
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if bytes.HasSuffix(line, []byte("[")) && i+3 < len(lines) && bytes.HasPrefix(bytes.TrimSpace(lines[i+3]), []byte("]")) &&
			!bytes.ContainsAny(lines[i+1], "[{") {
			out.Write(line)
			out.Write(bytes.TrimSpace(lines[i+1]))
			out.WriteByte(' ')
			out.Write(bytes.TrimSpace(lines[i+2]))
			line = bytes.TrimSpace(lines[i+3])
			i += 3
		}
		out.Write(line)
		out.WriteByte('\n')
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
