package outline

import (
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// rounds returns how many rounds a test of random shapes makes: n, times
// DECONFLICT_OUTLINE_ROUNDS where that is set. With 20 such tests take minutes.
func rounds(t *testing.T, n int) int {
	t.Helper()
	text := os.Getenv("DECONFLICT_OUTLINE_ROUNDS")
	if text == "" {
		return n
	}
	times, err := strconv.Atoi(text)
	if err != nil || times < 1 {
		t.Fatalf("DECONFLICT_OUTLINE_ROUNDS is a whole number from 1, found %q", text)
	}
	return n * times
}

// solid returns a volume over a footprint at 0 to 100 m from 0 to 1000 s.
func solid(f *volume.Footprint) volume.Volume4D {
	return volume.Volume4D{
		Footprint: f, Band: volume.Band{UpperMM: 100_000},
		Window: volume.Window{EndNS: 1000e9},
	}
}

// must returns the outline of a valid volume.
func must(t testing.TB, v volume.Volume4D) Volume {
	t.Helper()
	o, err := Of(&v)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// star returns the corners of a ring around a place whose corners are at random
// distances up to radiusM.
func star(rng *rand.Rand, at geodesy.LatLng, corners int, radiusM float64) []geodesy.LatLng {
	ring := make([]geodesy.LatLng, corners)
	for i := range ring {
		azi := (float64(i) + 0.8*rng.Float64()) * 360 / float64(corners)
		ring[i] = geodesy.Direct(at, azi, radiusM*(0.3+0.7*rng.Float64()))
	}
	return ring
}

// anyShape returns a valid footprint of about sizeM at a place, and the
// distance from the place within which it lies.
func anyShape(rng *rand.Rand, at geodesy.LatLng, sizeM float64) (volume.Volume4D, float64) {
	for {
		var f *volume.Footprint
		var err error
		reach := sizeM
		switch rng.IntN(5) {
		case 0:
			f, err = volume.NewCircle(at, int64(sizeM*1000))
		case 1:
			line := star(rng, at, 2+rng.IntN(4), sizeM)
			half := sizeM * math.Pow(10, -2*rng.Float64())
			reach += half
			f, err = volume.NewCorridor(line, int64(half*1000)+1)
		default:
			f, err = volume.NewPolygon(star(rng, at, 3+rng.IntN(10), sizeM))
		}
		if err != nil {
			continue // a star whose corners meet, or too small to have an area
		}
		v := solid(f)
		if rng.IntN(4) == 0 {
			v.Buffers.LateralMM = rng.Int64N(int64(sizeM*200) + 1)
			reach += float64(v.Buffers.LateralMM) / 1000
		}
		return v, reach
	}
}

// speck returns the volume of a circle of a millimetre around a place.
func speck(t testing.TB, at geodesy.LatLng) volume.Volume4D {
	t.Helper()
	f, err := volume.NewCircle(at, 1)
	if err != nil {
		t.Fatal(err)
	}
	return solid(f)
}

// marks tells whether the cell that holds a place is among an outline's,
// worked out apart from the code that draws and compares.
func marks(o Volume, at geodesy.LatLng) bool {
	var c cursor
	c.open(o.cells)
	y := min(at.LatE9+originE9, (northRow+1)*rowE9-1)
	row := y / rowE9
	x := at.LngE9 + 180e9
	if x >= turnE9 {
		x -= turnE9
	}
	col := x / int64(bands[row>>bandShift].colE9)
	for c.next() {
		if int64(c.row) != row>>c.level.row {
			continue
		}
		for _, r := range c.runs() {
			if k := col >> c.level.col; int64(r.lo) <= k && k <= int64(r.hi) {
				return true
			}
		}
	}
	return false
}

// sizeAt draws a size in metres from 1 m to 300 km.
func sizeAt(rng *rand.Rand) float64 { return math.Pow(10, 5.5*rng.Float64()) }

// Every place that the kernel finds inside a volume is in a marked cell.
func TestHoldsTheShape(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	inside := 0
	for range rounds(t, 1_500) {
		at, size := anyPlace(rng), sizeAt(rng)
		v, reach := anyShape(rng, at, size)
		o := must(t, v)
		for range 12 {
			p := geodesy.Direct(at, 360*rng.Float64(), reach*rng.Float64())
			s := speck(t, p)
			if c := volume.Volumes(&v, &s, volume.Need{}, false); !c.Conflict {
				continue
			}
			inside++
			if !marks(o, p) {
				t.Fatalf("%v of %.0f m at %v, buffer %d mm: %v is inside but not marked (level %v)",
					v.Footprint.Shape(), size, at, v.Buffers.LateralMM, p, level{o.cells[0], o.cells[1]})
			}
			if so := must(t, s); !o.Meets(so) || !so.Meets(o) {
				t.Fatalf("%v at %v: marked, but a speck at %v does not meet it", v.Footprint.Shape(), at, p)
			}
		}
	}
	t.Logf("%d places inside", inside)
	if inside < 5_000 {
		t.Errorf("only %d places were inside", inside)
	}
}

// The edge itself belongs to the outline: of polygons, rims of circles and both
// sides of corridors.
func TestHoldsTheEdge(t *testing.T) {
	rng := rand.New(rand.NewPCG(25, 26))
	for range rounds(t, 800) {
		v, _ := anyShape(rng, anyPlace(rng), sizeAt(rng))
		o := must(t, v)
		f := v.Footprint
		vertices := f.Vertices()
		r := float64(f.RadiusMM()+v.Buffers.LateralMM) / 1000
		for i, p := range vertices {
			var line geodesy.Line
			switch {
			case f.Shape() == volume.Circle:
				line = geodesy.NewLine(p, 0)
			case i+1 < len(vertices):
				line = geodesy.LineBetween(p, vertices[i+1])
			case f.Shape() == volume.Polygon:
				line = geodesy.LineBetween(p, vertices[0])
			default:
				continue
			}
			for range 8 {
				s := line.DistanceM() * rng.Float64()
				side := 90.0
				if rng.IntN(2) == 0 {
					side = -90
				}
				if f.Shape() == volume.Circle {
					side = 360 * rng.Float64()
				}
				q := line.LatLng(s)
				if r > 0 {
					q = geodesy.Direct(q, line.Azimuth(s)+side, r)
				}
				if !marks(o, q) {
					t.Fatalf("%v at %v, radius %.3f m: %v on its edge is not marked", f.Shape(), p, r, q)
				}
			}
		}
	}
}

// An edge between two corners of one latitude rises towards the pole. Where that
// takes it over a row's edge by a millimetre, the row is marked.
func TestHoldsWhatRisesIntoTheNextRow(t *testing.T) {
	for _, c := range []struct {
		row               int64
		lengthE9, belowE9 int64
	}{
		{(originE9 + 60_000_000_000) / rowE9, 4_000_000, 7},
		{(originE9 + 45_000_000_000) / rowE9, 2_500_000, 4},
		{(originE9 + 75_000_000_000) / rowE9, 4_000_000, 3},
	} {
		north := c.row*rowE9 - originE9 - c.belowE9
		ring := []geodesy.LatLng{
			{LatE9: north, LngE9: 10e9},
			{LatE9: north, LngE9: 10e9 + c.lengthE9},
			{LatE9: north - 500_000, LngE9: 10e9 + c.lengthE9/2},
		}
		f, err := volume.NewPolygon(ring)
		if err != nil {
			t.Fatal(err)
		}
		o := must(t, solid(f))
		line := geodesy.LineBetween(ring[0], ring[1])
		top := line.LatLng(line.DistanceM() / 2)
		if over := top.LatE9 - north - c.belowE9; over < 2 || over > 28 {
			t.Fatalf("the edge rises %d (1e-9 degree) over the row's edge: too much or too little to tell", over)
		}
		if !marks(o, top) {
			t.Errorf("%v is on the edge of the polygon but not marked", top)
		}
	}
}

// No pair of volumes that meet is missed.
func TestMeetsWhatTheKernelFinds(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	pairs, hits, apart := 0, 0, 0
	for range rounds(t, 1_000) {
		at, size := anyPlace(rng), sizeAt(rng)
		a, reach := anyShape(rng, at, size)
		oa := must(t, a)
		for range 4 {
			// Mostly of like size and next to each other, so that edges and rims graze.
			other := size * math.Pow(10, rng.Float64()-0.7)
			to := geodesy.Direct(at, 360*rng.Float64(), (reach+other)*(0.6+0.5*rng.Float64()))
			b, _ := anyShape(rng, to, other)
			ob := must(t, b)
			pairs++
			truth := volume.Volumes(&a, &b, volume.Need{}, false)
			meets := oa.Meets(ob)
			if meets != ob.Meets(oa) {
				t.Fatalf("%v at %v and %v at %v: not symmetric", a.Footprint.Shape(), at, b.Footprint.Shape(), to)
			}
			switch {
			case truth.Conflict && !meets:
				t.Fatalf("%v of %.0f m at %v and %v of %.0f m at %v meet (firm: %v) and are missed",
					a.Footprint.Shape(), size, at, b.Footprint.Shape(), other, to, truth.Firm)
			case meets:
				hits++
			default:
				apart++
			}
		}
	}
	t.Logf("%d pairs, %d meet, %d are clear", pairs, hits, apart)
	if hits < pairs/10 || apart < pairs/10 {
		t.Errorf("of %d pairs %d meet and %d are clear: too few of one kind", pairs, hits, apart)
	}
}

// What an outline holds, and meets, agrees with its cells taken one by one.
func TestExtentsHoldEveryPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	two := 0
	for range rounds(t, 800) {
		at, size := anyPlace(rng), sizeAt(rng)
		v, reach := anyShape(rng, at, size)
		o := must(t, v)
		boxes := o.Extents(nil)
		if len(boxes) == 2 {
			two++
		}
		for range 10 {
			p := geodesy.Direct(at, 360*rng.Float64(), reach*rng.Float64())
			if !marks(o, p) {
				continue
			}
			held := false
			for _, b := range boxes {
				held = held || b.LatE9Lo <= p.LatE9 && p.LatE9 <= b.LatE9Hi && b.LngE9Lo <= p.LngE9 && p.LngE9 <= b.LngE9Hi
			}
			if !held {
				t.Fatalf("%v at %v: %v is marked but not in %v", v.Footprint.Shape(), at, p, boxes)
			}
		}
	}
	if two < 20 {
		t.Errorf("only %d outlines crossed the antimeridian", two)
	}
}
