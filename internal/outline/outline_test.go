package outline

import (
	"errors"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// over returns the outline of one small circle with altitudes and a window.
func over(t *testing.T, band volume.Band, window volume.Window) Volume {
	t.Helper()
	f, err := volume.NewCircle(geodesy.LatLng{LatE9: 47e9, LngE9: 8e9}, 50_000)
	if err != nil {
		t.Fatal(err)
	}
	return must(t, volume.Volume4D{Footprint: f, Band: band, Window: window})
}

func TestAltitudesGoOutwardToMetres(t *testing.T) {
	for _, c := range []struct {
		band         volume.Band
		lower, upper int32
	}{
		{volume.Band{LowerMM: 1, UpperMM: 2}, 0, 1},
		{volume.Band{LowerMM: -1, UpperMM: 1}, -1, 1},
		{volume.Band{LowerMM: -1000, UpperMM: 2000}, -1, 2},
		{volume.Band{LowerMM: -1001, UpperMM: 2001}, -2, 3},
		{volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}, NoFloorM, NoCeilingM},
		{volume.Band{LowerMM: volume.NoFloorMM + 1, UpperMM: volume.NoCeilingMM - 1}, NoFloorM, NoCeilingM},
	} {
		o := over(t, c.band, volume.Window{EndNS: 1})
		if lower, upper := o.BandM(); lower != c.lower || upper != c.upper {
			t.Errorf("%+v: %d to %d m, want %d to %d", c.band, lower, upper, c.lower, c.upper)
		}
	}
}

// Buffers and the error of heights grow an outline; what has no bound keeps none.
func TestBuffersGrowAltitudesAndTimes(t *testing.T) {
	f, err := volume.NewCircle(geodesy.LatLng{LatE9: 47e9}, 50_000)
	if err != nil {
		t.Fatal(err)
	}
	v := volume.Volume4D{
		Footprint: f, Band: volume.Band{UpperMM: 100_000}, Window: volume.Window{StartNS: 1000, EndNS: 2000},
		Buffers: volume.Buffers{VerticalMM: 4500, TimeNS: 300}, Datum: volume.Datum{ErrorMM: 501},
	}
	o := must(t, v)
	if lower, upper := o.BandM(); lower != -6 || upper != 106 {
		t.Errorf("%d to %d m, want -6 to 106", lower, upper)
	}
	if w := o.Window(); w != (volume.Window{StartNS: 700, EndNS: 2300}) {
		t.Errorf("window %+v, want 700 to 2300", w)
	}
	v.Window = volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	v.Band = volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}
	o = must(t, v)
	if lower, upper := o.BandM(); o.Window() != v.Window || lower != NoFloorM || upper != NoCeilingM {
		t.Errorf("%+v, %d to %d m: buffers gave the unbounded a bound", o.Window(), lower, upper)
	}
	v.Window.StartNS, v.Window.EndNS = 5, 4
	var bad *volume.InvalidError
	if _, err := Of(&v); !errors.As(err, &bad) || bad.Reason != volume.EndNotAfterStart {
		t.Errorf("end before start: %v", err)
	}
}

func TestMeetsInAltitudeAndTime(t *testing.T) {
	band, window := volume.Band{UpperMM: 10_000}, volume.Window{StartNS: 100, EndNS: 200}
	a := over(t, band, window)
	for _, c := range []struct {
		name           string
		band           volume.Band
		window         volume.Window
		meets, contain bool
	}{
		{"the same", band, window, true, true},
		{"above, touching", volume.Band{LowerMM: 10_000, UpperMM: 11_000}, window, false, false},
		{"above by less than a metre", volume.Band{LowerMM: 9_999, UpperMM: 11_000}, window, true, false},
		{"below, touching", volume.Band{LowerMM: -5, UpperMM: 0}, window, false, false},
		{"no bounds", volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}, window, true, false},
		{"inside", volume.Band{LowerMM: 3_000, UpperMM: 4_000}, volume.Window{StartNS: 150, EndNS: 160}, true, true},
		{"before, end to start", band, volume.Window{StartNS: 50, EndNS: 100}, false, false},
		{"after, end to start", band, volume.Window{StartNS: 200, EndNS: 250}, false, false},
		{"over its start", band, volume.Window{StartNS: 50, EndNS: 101}, true, false},
		{"over its end", band, volume.Window{StartNS: 199, EndNS: 201}, true, false},
		{"instant before", band, volume.Window{StartNS: 99, EndNS: 99}, false, false},
		{"instant of the start", band, volume.Window{StartNS: 100, EndNS: 100}, true, true},
		{"last instant", band, volume.Window{StartNS: 199, EndNS: 199}, true, true},
		{"instant of the end", band, volume.Window{StartNS: 200, EndNS: 200}, false, false},
	} {
		b := over(t, c.band, c.window)
		if a.Meets(b) != c.meets || b.Meets(a) != c.meets {
			t.Errorf("%s: meets %v and %v, want %v", c.name, a.Meets(b), b.Meets(a), c.meets)
		}
		if got := a.Contains(b); got != c.contain {
			t.Errorf("%s: contains %v, want %v", c.name, got, c.contain)
		}
		if box, ok := a.ClipTo(b); ok != c.meets {
			t.Errorf("%s: clipped %v, want %v", c.name, ok, c.meets)
		} else if ok && (box.Window.StartNS < 100 || box.Window.EndNS > 200 || box.Band.LowerMM < 0 || box.Band.UpperMM > 10_000) {
			t.Errorf("%s: clipped to %+v", c.name, box)
		}
	}
	instant := over(t, band, volume.Window{StartNS: 150, EndNS: 150})
	if !instant.Meets(instant) || !instant.Contains(instant) {
		t.Error("an instant does not hold itself")
	}
}

// What two outlines have in common is told no wider than either, and holds what
// truly is common.
func TestClipTo(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	clipped, over := 0, 0
	for range rounds(t, 800) {
		at, size := anyPlace(rng), sizeAt(rng)
		a, reach := anyShape(rng, at, size)
		b, _ := anyShape(rng, geodesy.Direct(at, 360*rng.Float64(), reach*rng.Float64()), size)
		oa, ob := must(t, a), must(t, b)
		box, ok := oa.ClipTo(ob)
		if ok != oa.Meets(ob) {
			t.Fatalf("clipped %v, meets %v", ok, oa.Meets(ob))
		}
		if !ok {
			continue
		}
		clipped++
		if box.LngE9Lo > box.LngE9Hi {
			over++
		}
		for range 20 {
			p := geodesy.Direct(at, 360*rng.Float64(), reach*rng.Float64())
			inLng := box.LngE9Lo <= p.LngE9 && p.LngE9 <= box.LngE9Hi
			if box.LngE9Lo > box.LngE9Hi {
				inLng = box.LngE9Lo <= p.LngE9 || p.LngE9 <= box.LngE9Hi
			}
			in := inLng && box.LatE9Lo <= p.LatE9 && p.LatE9 <= box.LatE9Hi
			if !in && marks(oa, p) && marks(ob, p) {
				t.Fatalf("%v is in both but not in %+v", p, box)
			}
		}
		for _, o := range []Volume{oa, ob} {
			for _, e := range o.Extents(nil) {
				if box.LatE9Hi < e.LatE9Lo || box.LatE9Lo > e.LatE9Hi {
					t.Fatalf("%+v is outside of %+v", box, e)
				}
			}
		}
	}
	if clipped < 250 || over < 5 {
		t.Errorf("%d pairs met, %d over the antimeridian: too few", clipped, over)
	}
}

// The zero Volume covers nothing.
func TestZeroVolume(t *testing.T) {
	var zero Volume
	a := over(t, volume.Band{UpperMM: 10_000}, volume.Window{EndNS: 200})
	if zero.Meets(a) || a.Meets(zero) || a.Contains(zero) || zero.Contains(a) || zero.Meets(zero) {
		t.Error("it meets or contains")
	}
	if len(zero.Extents(nil)) != 0 || zero.AreaKM2() != 0 {
		t.Error("it has an extent")
	}
}

func TestVolumeIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Volume{}); n > 48 {
		t.Errorf("a Volume takes %d bytes beside its cells, want at most 48", n)
	}
}
