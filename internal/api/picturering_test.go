package api

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// drawn tells whether a place is in one of the areas, whichever turn they are
// drawn in.
func drawn(areas []area, at geodesy.LatLng) bool {
	for _, a := range areas {
		for turn := -2; turn <= 2; turn++ {
			x, y := float64(at.LngE9)+float64(turn)*turnE9, float64(at.LatE9)
			if a.outer.winding(x, y) == 0 {
				continue
			}
			in := true
			for _, h := range a.holes {
				in = in && h.winding(x, y) == 0
			}
			if in {
				return true
			}
		}
	}
	return false
}

func drawPlace(t *rapid.T, maxLat int64) geodesy.LatLng {
	at := geodesy.LatLng{LatE9: rapid.Int64Range(-maxLat*1e9, maxLat*1e9).Draw(t, "lat"), LngE9: rapid.Int64Range(-180e9, 180e9-1).Draw(t, "lng")}
	if rapid.IntRange(0, 3).Draw(t, "antimeridian") == 0 {
		at.LngE9 = rapid.Int64Range(-180e9, -180e9+1e6).Draw(t, "west")
	}
	return at
}

// walked draws a line that turns at random, with legs of some widths.
func walked(t *rapid.T, from geodesy.LatLng, wideM float64, least, most int) []geodesy.LatLng {
	line := []geodesy.LatLng{from}
	az := rapid.Float64Range(0, 360).Draw(t, "azimuth")
	for range rapid.IntRange(least, most).Draw(t, "legs") {
		az += rapid.Float64Range(-175, 175).Draw(t, "turn")
		line = append(line, geodesy.Direct(line[len(line)-1], az, wideM*rapid.Float64Range(0.3, 25).Draw(t, "leg")))
	}
	return line
}

// TestCirclesAreDrawnAround: every place of a circle is in its ring, and no
// corner is more than 1 % (and the rounding of short ones) outside.
func TestCirclesAreDrawnAround(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := drawPlace(t, 78)
		radiusM := math.Pow(10, rapid.Float64Range(0, 5.5).Draw(t, "log radius"))
		r := circleRing(at, radiusM)
		for i := range 97 {
			if p := geodesy.Direct(at, float64(i)*360/97, radiusM*0.9999); !drawn([]area{{outer: r}}, p) {
				t.Fatalf("%v of the circle of %g m around %v is not drawn", p, radiusM, at)
			}
		}
		for _, s := range r {
			d, _, _ := geodesy.Inverse(at, onGlobe(s))
			if d > radiusM*1.01+0.1 {
				t.Fatalf("a corner is %g m from the centre of a circle of %g m", d, radiusM)
			}
		}
		if r.areaE18() <= 0 {
			t.Fatal("the ring is clockwise")
		}
	})
}

func onGlobe(s spot) geodesy.LatLng {
	for s.x < -180e9 {
		s.x += turnE9
	}
	for s.x >= 180e9 {
		s.x -= turnE9
	}
	return geodesy.LatLng{LatE9: s.y, LngE9: s.x}
}

// TestCorridorsAndGrownPolygonsAreDrawnAround: what is within the width of a line
// or the error of a polygon is drawn, and nothing that is more than 1 % further;
// in one piece, which may have holes.
func TestCorridorsAndGrownPolygonsAreDrawnAround(t *testing.T) {
	whole, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		wideM := math.Pow(10, rapid.Float64Range(0.5, 3.7).Draw(t, "log width"))
		line := walked(t, drawPlace(t, 75), wideM, 1, 6)
		var f *volume.Footprint
		var err error
		growMM := int64(0)
		if rapid.Bool().Draw(t, "polygon") {
			if f, err = volume.NewPolygon(line); err != nil {
				return // it crosses itself
			}
			growMM = int64(wideM * 1000)
			line = append(line, line[0])
		} else if f, err = volume.NewCorridor(line, int64(wideM*1000)); err != nil {
			t.Fatal(err)
		}
		areas := areasOf(f, growMM)
		if all++; len(areas) == 1 {
			whole++
		}
		var along []geodesy.LatLng
		for i := 1; i < len(line); i++ {
			l := geodesy.LineBetween(line[i-1], line[i])
			n := math.Ceil(l.DistanceM()/wideM*8) + 1
			for k := 0.0; k <= n; k++ {
				along = append(along, l.LatLng(l.DistanceM()*k/n))
			}
		}
		for i := range 200 {
			p := along[i*len(along)/200]
			q := geodesy.Direct(p, float64(i*77), wideM*0.9999)
			if !drawn(areas, q) {
				t.Fatalf("%v, %g m from %v of the line, is not drawn", q, wideM, p)
			}
		}
		for _, v := range f.Vertices() {
			if !drawn(areas, v) {
				t.Fatalf("the corner %v is not drawn", v)
			}
		}
		for _, a := range areas {
			if f.Shape() == volume.Polygon && len(areas) > 1 {
				break // the polygon itself is one of them
			}
			for _, s := range a.outer {
				nearM := math.Inf(1)
				for _, p := range along {
					d, _, _ := geodesy.Inverse(p, onGlobe(s))
					nearM = min(nearM, d)
				}
				if slack := wideM * 0.01; nearM > math.Hypot(wideM, wideM/16)+slack+0.1 {
					t.Fatalf("a corner is %g m from the line of %g m", nearM, wideM)
				}
			}
		}
	})
	if whole*10 < all*9 {
		t.Errorf("%d of %d are drawn in one piece", whole, all)
	}
}

// TestLoopHasHole: the ground that a corridor goes round is not drawn.
func TestLoopHasHole(t *testing.T) {
	at := geodesy.LatLng{LatE9: 10e9, LngE9: 179_950_000_000}
	var line []geodesy.LatLng
	for i := range 9 {
		line = append(line, geodesy.Direct(at, float64(i)*45, 20_000))
	}
	f, err := volume.NewCorridor(line, 500_000)
	if err != nil {
		t.Fatal(err)
	}
	areas := areasOf(f, 0)
	if len(areas) != 1 || len(areas[0].holes) != 1 || drawn(areas, at) || !drawn(areas, line[3]) {
		t.Errorf("%d areas, holes %d, middle drawn %v, line drawn %v", len(areas), len(areas[0].holes), drawn(areas, at), drawn(areas, line[3]))
	}
	back := append(line[:4:4], line[2], line[1], line[0])
	if f, err = volume.NewCorridor(back, 500_000); err != nil {
		t.Fatal(err)
	}
	if areas = areasOf(f, 0); !drawn(areas, line[0]) || !drawn(areas, line[3]) {
		t.Error("a line there and back is not drawn")
	}
}

// TestPolesAndAntimeridianAreDrawn: whatever can be declared is drawn as rings
// whose corners are less than half a turn apart, but for the way to a pole.
func TestPolesAndAntimeridianAreDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := geodesy.LatLng{LatE9: rapid.SampledFrom([]int64{-90e9, -89.9e9, -80e9, 0, 80e9, 89.999e9, 90e9}).Draw(t, "lat"), LngE9: rapid.Int64Range(-180e9, 180e9-1).Draw(t, "lng")}
		wideM := math.Pow(10, rapid.Float64Range(0, 6).Draw(t, "log width"))
		line := []geodesy.LatLng{at, {LatE9: rapid.Int64Range(-90e9, 90e9).Draw(t, "to lat"), LngE9: rapid.Int64Range(-180e9, 180e9-1).Draw(t, "to lng")}}
		line = append(line, geodesy.LatLng{LatE9: rapid.Int64Range(-90e9, 90e9).Draw(t, "third lat"), LngE9: rapid.Int64Range(-180e9, 180e9-1).Draw(t, "third lng")})
		var f *volume.Footprint
		var err error
		switch rapid.IntRange(0, 2).Draw(t, "shape") {
		case 0:
			f, err = volume.NewCircle(at, int64(wideM*1000))
		case 1:
			f, err = volume.NewCorridor(line, int64(wideM*1000))
		case 2:
			f, err = volume.NewPolygon(line)
		}
		if err != nil {
			return
		}
		v := volume.Volume4D{Footprint: f, Band: volume.Band{UpperMM: 1}, Window: volume.Window{EndNS: 1e9}}
		v.Buffers.LateralMM = rapid.Int64Range(0, 1e6).Draw(t, "error")
		d := drawEntity(&volume.Entity{ID: "e", Volumes: []volume.Volume4D{v}}, 1, 0)
		var out []struct {
			Ring [][2]float64 `json:"ring"`
		}
		if err := json.Unmarshal(d.volumes, &out); err != nil || len(out) == 0 {
			t.Fatalf("%v: %.200s", err, d.volumes)
		}
		for _, o := range out {
			for i := 1; i < len(o.Ring); i++ {
				a, b := o.Ring[i-1], o.Ring[i]
				// Half a turn itself is a ring around a pole; degrees are told to 1e-9.
				if math.Abs(a[0]-b[0]) > 180+1e-9 && math.Abs(a[1]) < 90 && math.Abs(b[1]) < 90 && i < len(o.Ring)-1 {
					t.Fatalf("from %v to %v", a, b)
				}
			}
		}
	})
}
