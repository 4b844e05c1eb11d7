package volume

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
)

func ring(t testing.TB, latLng ...float64) []geodesy.LatLng {
	t.Helper()
	var r []geodesy.LatLng
	for i := 0; i < len(latLng); i += 2 {
		r = append(r, place(t, latLng[i], latLng[i+1]))
	}
	return r
}

func polygon(t testing.TB, latLng ...float64) *Footprint {
	t.Helper()
	f, err := NewPolygon(ring(t, latLng...))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func wantReason(t *testing.T, err error, want Reason) {
	t.Helper()
	var e *InvalidError
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want reason %s", err, want)
	}
	if e.Reason != want {
		t.Errorf("reason %s (%v), want %s", e.Reason, err, want)
	}
}

func TestInvalidFootprints(t *testing.T) {
	many := make([]geodesy.LatLng, MaxVertices+1)
	for i := range many {
		many[i] = geodesy.Direct(place(t, 10, 10), float64(i)*360/float64(len(many)), 1000)
	}
	for _, c := range []struct {
		name string
		ring []geodesy.LatLng
		want Reason
	}{
		{"two vertices", ring(t, 0, 0, 1, 1), TooFewVertices},
		{"too many", many, TooManyVertices},
		{"consecutive duplicate", ring(t, 0, 0, 0, 1, 0, 1, 1, 1), DuplicateVertex},
		{"closed ring", ring(t, 0, 0, 0, 1, 1, 1, 0, 0), DuplicateVertex},
		{"pinched", ring(t, 0, 0, 0, 1, 0.5, 0.5, 1, 1, 1, 0, 0.5, 0.5), DuplicateVertex},
		{"bow tie", ring(t, 0, 0, 1, 1, 1, 0, 0, 1), SelfCrossing},
		{"even bow tie", ring(t, 0, 0, 0.01, 0.01, 0.01, 0, 0, 0.01), SelfCrossing},
		{"small bow tie", ring(t, 52, 8, 52.0001, 8.0001, 52.0001, 8, 52, 8.00012), SelfCrossing},
		{"spike", ring(t, 0, 0, 0, 1, 0, 0.5, 1, 0.5), SelfCrossing},
		{"touches itself", ring(t, 0, 0, 0, 2, 1, 2, 0, 1, 1, 0), SelfCrossing},
		{"on a meridian", ring(t, 0, 5, 1, 5, 2, 5), ZeroArea},
		{"on the equator", ring(t, 0, 5, 0, 6, 0, 7), ZeroArea},
		{"two poles' worth", ring(t, 90, 0, 90, 90, 80, 0), DuplicateVertex},
		{"half the earth", ring(t, -50, 0, 50, 60, 0, 100), TooLarge},
		{"beyond the pole", []geodesy.LatLng{{LatE9: 91e9}, {}, {LngE9: 1e9}}, BadPosition},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewPolygon(c.ring)
			wantReason(t, err, c.want)
		})
	}
	_, err := NewCircle(place(t, 0, 0), 0)
	wantReason(t, err, NoRadius)
	_, err = NewCircle(place(t, 0, 0), MaxReachM*1000+1)
	wantReason(t, err, TooLarge)
	if want := fmt.Sprintf("found %d.001 m", MaxReachM); !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want it to say %q", err, want)
	}
	_, err = NewTrajectory([]Waypoint{{At: place(t, 0, 0), AltMM: geodesy.MaxAltitudeMM + 1}, {At: place(t, 1, 0), TimeNS: 1}}, Buffers{})
	wantReason(t, err, OutOfRange)
	if want := "altitude 1000000.001 m above the ellipsoid, 0 m above the sea, is out of range, expected -1000 km to 1000 km"; !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want it to say %q", err, want)
	}
	_, err = NewCorridor(ring(t, 0, 0), 1000)
	wantReason(t, err, TooFewVertices)
	_, err = NewCorridor(ring(t, 0, 0, 0, 0), 1000)
	wantReason(t, err, DuplicateVertex)
	_, err = NewCorridor(ring(t, 0, 0, 0.1, 179.9), 1000)
	wantReason(t, err, TooLarge)
}

func TestInvalidVolumesAndTrajectories(t *testing.T) {
	good := Volume4D{Footprint: polygon(t, 0, 0, 0, 1, 1, 1), Band: Band{0, 1}, Window: Window{0, 1}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[Reason]func(*Volume4D){
		NoFootprint:      func(v *Volume4D) { v.Footprint = nil },
		LowerNotBelow:    func(v *Volume4D) { v.Band.UpperMM = v.Band.LowerMM },
		EndNotAfterStart: func(v *Volume4D) { v.Window.EndNS = v.Window.StartNS },
		NegativeBuffer:   func(v *Volume4D) { v.Buffers.TimeNS = -1 },
		OutOfRange:       func(v *Volume4D) { v.Window.EndNS = math.MaxInt64 },
	} {
		v := good
		change(&v)
		wantReason(t, v.Validate(), want)
	}
	w := []Waypoint{{At: place(t, 0, 0)}, {At: place(t, 0, 1), TimeNS: 1}}
	for want, change := range map[Reason]func(*[]Waypoint, *Buffers){
		TooFewVertices:    func(w *[]Waypoint, _ *Buffers) { *w = (*w)[:1] },
		TimeNotIncreasing: func(w *[]Waypoint, _ *Buffers) { (*w)[1].TimeNS = 0 },
		BadPosition:       func(w *[]Waypoint, _ *Buffers) { (*w)[1].At.LatE9 = -91e9 },
		OutOfRange:        func(w *[]Waypoint, _ *Buffers) { (*w)[0].AltMM = math.MinInt64 },
		NegativeBuffer:    func(_ *[]Waypoint, b *Buffers) { b.LateralMM = -1 },
	} {
		ws, b := append([]Waypoint(nil), w...), Buffers{}
		change(&ws, &b)
		_, err := NewTrajectory(ws, b)
		wantReason(t, err, want)
	}
}

// meets tells whether two footprints overlap, by both sides of the decision.
func meets(t *testing.T, f, g *Footprint) (conflict, firm bool) {
	t.Helper()
	a := Volume4D{Footprint: f, Band: Band{0, 1}, Window: Window{0, 1}}
	b := Volume4D{Footprint: g, Band: Band{0, 1}, Window: Window{0, 1}}
	c := Volumes(&a, &b, Need{}, true)
	for _, quick := range []Contact{Volumes(&a, &b, Need{}, false), Volumes(&b, &a, Need{}, false), Volumes(&b, &a, Need{}, true)} {
		if quick.Conflict != c.Conflict {
			t.Errorf("one way says %v, another %v", c.Conflict, quick.Conflict)
		}
	}
	return c.Conflict, c.Firm
}

func TestNeighbours(t *testing.T) {
	// At every latitude and size: neighbours share an edge or a corner and are
	// clear; a nudge of 1 cm makes them overlap, or leaves a gap.
	for _, lat := range []float64{0, 30, 52, 70, 85, 89.99, -52, -89} {
		for _, size := range []float64{1, 10, 100, 1000, 10_000, 20_000} {
			t.Run(fmt.Sprintf("%v/%v", lat, size), func(t *testing.T) {
				mid := place(t, lat, 179.99999)
				at := func(azimuth, k float64) geodesy.LatLng { return geodesy.Direct(mid, azimuth, size*k) }
				north, south := at(0, 1), at(180, 1)
				east, west := at(90, 1), at(270, 1)
				left, err := NewPolygon([]geodesy.LatLng{south, north, west})
				if err != nil {
					t.Fatal(err)
				}
				right, _ := NewPolygon([]geodesy.LatLng{south, east, north})
				if c, _ := meets(t, left, right); c {
					t.Error("neighbours along an edge conflict")
				}
				corner, _ := NewPolygon([]geodesy.LatLng{north, at(20, 3), at(340, 3)})
				if c, _ := meets(t, left, corner); c {
					t.Error("neighbours at a corner conflict")
				}
				for _, nudge := range []float64{0.01, -0.01} {
					// To the right of the edge, which near a pole is not east.
					_, a0, a1 := geodesy.Inverse(south, north)
					s, n := geodesy.Direct(south, a0+90, nudge), geodesy.Direct(north, a1+90, nudge)
					moved, err := NewPolygon([]geodesy.LatLng{s, east, n})
					if err != nil {
						t.Fatal(err)
					}
					if c, firm := meets(t, left, moved); c != (nudge < 0) || c && !firm {
						t.Errorf("moved east by %v m: conflict %v, firm %v", nudge, c, firm)
					}
				}
				if c, firm := meets(t, left, left); !c || !firm {
					t.Errorf("a polygon against itself: conflict %v, firm %v", c, firm)
				}
				half, err := NewPolygon([]geodesy.LatLng{mid, north, west})
				if err != nil {
					t.Fatal(err)
				}
				if c, firm := meets(t, left, half); !c || !firm {
					t.Errorf("a polygon against its half: conflict %v, firm %v", c, firm)
				}
			})
		}
	}
}

// TestSharedDiagonal holds pairs whose boundaries meet only at shared vertices
// and yet overlap.
func TestSharedDiagonal(t *testing.T) {
	square := polygon(t, 10, 10, 10, 10.01, 10.01, 10.01, 10.01, 10)
	for name, f := range map[string]*Footprint{
		"triangle on the diagonal":           polygon(t, 10, 10, 10, 10.01, 10.01, 10.01),
		"diagonal and far corner":            polygon(t, 10, 10, 10.01, 10.01, 10.02, 9.99),
		"same square, turned":                polygon(t, 10.01, 10.01, 10, 10.01, 10, 10, 10.01, 10),
		"square with an added corner":        polygon(t, 10, 10, 10, 10.01, 10.01, 10.01, 10.02, 10.005, 10.01, 10),
		"square with half an edge in common": polygon(t, 10, 10, 10, 10.005, 10.005, 10.005, 10.005, 10),
	} {
		if c, firm := meets(t, square, f); !c || !firm {
			t.Errorf("%s: conflict %v, firm %v", name, c, firm)
		}
	}
	if c, _ := meets(t, square, polygon(t, 10.01, 10.01, 10.02, 10.005, 10.01, 10)); c {
		t.Error("a roof on the square conflicts")
	}
}

// TestDeepOverlaps holds overlaps that no corner of either ring shows.
func TestDeepOverlaps(t *testing.T) {
	many := make([]geodesy.LatLng, 10_000)
	for i := range many {
		many[i] = geodesy.Direct(place(t, 40, 7), float64(i)*360/10_000, 100_000)
	}
	disc, err := NewPolygon(many)
	if err != nil {
		t.Fatal(err)
	}
	if c, firm := meets(t, disc, disc); !c || !firm {
		t.Errorf("a disc of 10,000 vertices against itself: conflict %v, firm %v", c, firm)
	}
	long := polygon(t, 0, 0, 0, .03, .01, .03, .01, 0)
	stairs := polygon(t, .01, -.02, .02, -.02, .02, -.01, .03, -.01, .03, 0, .02, 0, .02, .01, .01, .01,
		0, .01, -.01, .01, -.01, 0, 0, 0, 0, -.01, 0, -.02)
	if c, firm := meets(t, long, stairs); !c || !firm {
		t.Errorf("overlap between edges that run along each other: conflict %v, firm %v", c, firm)
	}
}

// TestLimits holds that long edges and flights are refused before they take
// memory.
func TestLimits(t *testing.T) {
	var line []geodesy.LatLng
	for i := range 2000 {
		line = append(line, place(t, 0, float64(i%2)*130))
	}
	_, err := NewCorridor(line, 1000)
	wantReason(t, err, TooManyVertices)
	var w []Waypoint
	for i, p := range line {
		w = append(w, Waypoint{At: p, TimeNS: int64(i) * 1e9})
	}
	_, err = NewTrajectory(w, Buffers{})
	wantReason(t, err, TooManyVertices)
	_, err = NewTrajectory([]Waypoint{{At: line[0]}, {At: line[1], TimeNS: MaxFlightNS + 1}}, Buffers{})
	wantReason(t, err, OutOfRange)
	_, err = NewTrajectory([]Waypoint{{At: line[0], AltMM: geodesy.MaxAltitudeMM + 1}, {At: line[1], TimeNS: 1}}, Buffers{})
	wantReason(t, err, OutOfRange)
}

// TestAntimeridian holds that 180 degrees east and west are one place.
func TestAntimeridian(t *testing.T) {
	at := func(lat, lngE9 int64) geodesy.LatLng { return geodesy.LatLng{LatE9: lat * 1e9, LngE9: lngE9} }
	north, err := NewPolygon([]geodesy.LatLng{at(50, 179e9), at(50, 180e9), at(51, 180e9), at(51, 179e9)})
	if err != nil {
		t.Fatal(err)
	}
	south, err := NewPolygon([]geodesy.LatLng{at(50, 179e9), at(50, -180e9), at(49, -180e9), at(49, 179e9)})
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := meets(t, north, south); c {
		t.Error("neighbours that spell the antimeridian differently conflict")
	}
}

// TestExtentsCover checks that points within reach of a shape are inside its
// extents.
func TestExtentsCover(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	inside := func(p geodesy.LatLng, es []Extent) bool {
		for _, e := range es {
			if p.LatE9 >= e.LatE9Lo && p.LatE9 <= e.LatE9Hi && p.LngE9 >= e.LngE9Lo && p.LngE9 <= e.LngE9Hi {
				return true
			}
		}
		return false
	}
	for range 3000 {
		lat := []float64{0, 45, 80, 89.9, -60, 90, -89.99}[rng.IntN(7)]
		p := place(t, lat, []float64{0, 179.999, -179.999, 90}[rng.IntN(4)])
		size := math.Pow(10, 6*rng.Float64())
		q := geodesy.Direct(p, rng.Float64()*360, size)
		radius := math.Pow(10, 5.5*rng.Float64())
		f, err := NewCorridor([]geodesy.LatLng{p, q}, int64(radius*1000))
		if err != nil {
			t.Fatal(err)
		}
		v := Volume4D{Footprint: f, Band: Band{0, 1}, Window: Window{0, 1}}
		es := v.Extents(nil, Need{})
		line := geodesy.LineBetween(p, q)
		for range 20 {
			on := line.LatLng(rng.Float64() * line.DistanceM())
			probe := geodesy.Direct(on, rng.Float64()*360, radius)
			if !inside(probe, es) {
				t.Fatalf("corridor %v to %v, radius %.3f m: %v is outside %+v", p, q, radius, probe, es)
			}
		}
	}
	cap := polygon(t, 80, 0, 80, 120, 80, -120)
	v := Volume4D{Footprint: cap, Band: Band{0, 1}, Window: Window{0, 1}}
	if es := v.Extents(nil, Need{}); !inside(place(t, 89, 77), es) || !inside(place(t, 90, 0), es) {
		t.Errorf("polar cap's extents %+v miss the pole", es)
	}
}
