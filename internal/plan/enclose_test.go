package plan

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// insideFootprint decides by geodesics alone whether a point is in a circle, or
// in a convex polygon whose corners run one way around.
func insideFootprint(f *volume.Footprint, p geodesy.LatLng) bool {
	vertices := f.Vertices()
	if f.Shape() == volume.Circle {
		d, _, _ := geodesy.Inverse(vertices[0], p)
		return d <= float64(f.RadiusMM())/1000
	}
	left, right := false, false
	for i, a := range vertices {
		_, edge, _ := geodesy.Inverse(a, vertices[(i+1)%len(vertices)])
		_, toP, _ := geodesy.Inverse(a, p)
		turn := toP - edge
		for turn > 180 {
			turn -= 360
		}
		for turn < -180 {
			turn += 360
		}
		left, right = left || turn < 0, right || turn > 0
	}
	return !left || !right
}

func TestEnclosingLegsContainTheirSurroundings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlace(t)
		q := geodesy.Direct(p, rapid.Float64Range(0, 360).Draw(t, "track"),
			rapid.SampledFrom([]float64{0, 0.005, 0.02, 1, 100, 10_000, 400_000, 1_900_000}).Draw(t, "leg")*rapid.Float64Range(0.5, 1).Draw(t, "share"))
		radiusMM := rapid.SampledFrom([]int64{1, 1000, 50_000, 3_704_000, 200_000_000}).Draw(t, "radius")
		f, err := encloseLeg(p, q, radiusMM)
		if err != nil {
			t.Fatal(err)
		}
		l := geodesy.LineBetween(p, q)
		radiusM := float64(radiusMM) / 1000
		for range 60 {
			along := l.DistanceM() * rapid.SampledFrom([]float64{0, 1, 0.5, rapid.Float64Range(0, 1).Draw(t, "along")}).Draw(t, "where")
			azimuth := l.Azimuth(along) + rapid.SampledFrom([]float64{0, 90, -90, 180, rapid.Float64Range(0, 360).Draw(t, "azimuth")}).Draw(t, "out")
			at := geodesy.Direct(l.LatLng(along), azimuth, radiusM)
			if !insideFootprint(f, at) {
				t.Fatalf("%v, %v m from the leg %v to %v, is outside its polygon %v", at, radiusM, p, q, f.Vertices())
			}
		}
		// And the polygon is not much larger: no corner is farther than the
		// diagonal of the widened square.
		for _, v := range f.Vertices() {
			d1, _, _ := geodesy.Inverse(v, p)
			d2, _, _ := geodesy.Inverse(v, q)
			if f.Shape() == volume.Polygon && min(d1, d2) > 1.42*(radiusM*1.002+0.02) {
				t.Fatalf("corner %v is %v m from the nearer end for %v m", v, min(d1, d2), radiusM)
			}
		}
	})
}

// What F3548-21 cannot say is written as volumes that contain it: at any
// instant a craft within its buffers is inside one of them.
func TestF3548ContainsTrajectories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trajectory := drawTrajectory(t)
		e := &volume.Entity{ID: "e", Trajectories: []*volume.Trajectory{trajectory}}
		var b bytes.Buffer
		if err := WriteF3548(&b, []*volume.Entity{e}); err != nil {
			t.Skip(err)
		}
		f, err := Read("f.json", b.Bytes(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		back, err := Resolve(f, ResolveOptions{})
		if err != nil {
			t.Fatal(err)
		}
		buffers, w := trajectory.Buffers(), trajectory.Waypoints()
		for range 20 {
			i := rapid.IntRange(0, len(w)-2).Draw(t, "leg")
			part := rapid.Float64Range(0, 1).Draw(t, "part")
			l := geodesy.LineBetween(w[i].At, w[i+1].At)
			at := geodesy.Direct(l.LatLng(l.DistanceM()*part), rapid.Float64Range(0, 360).Draw(t, "out"), float64(buffers.LateralMM)/1000)
			altMM := w[i].AltMM + int64(part*float64(w[i+1].AltMM-w[i].AltMM)) + rapid.SampledFrom([]int64{-1, 0, 1}).Draw(t, "up")*buffers.VerticalMM
			ns := w[i].TimeNS + int64(part*float64(w[i+1].TimeNS-w[i].TimeNS)) + rapid.SampledFrom([]int64{-1, 0, 1}).Draw(t, "late")*buffers.TimeNS
			in := false
			for _, v := range back[0].Volumes {
				in = in || v.Band.LowerMM <= altMM && altMM <= v.Band.UpperMM && v.Window.StartNS <= ns && ns <= v.Window.EndNS && insideFootprint(v.Footprint, at)
			}
			if !in {
				t.Fatalf("at %d ns the craft may be at %v, %d mm, which no volume contains", ns, at, altMM)
			}
		}
	})
}

func TestF3548GrowsVolumesByTheirBuffers(t *testing.T) {
	text := `{"type":"Feature","id":"a","properties":{"buffer_lateral_m":30,"buffer_vertical_m":5,"buffer_time_s":60,"half_width_m":20,` + someBand + `,` + goodTime + `},"geometry":` + aFlat + `}`
	circle := strings.Replace(strings.Replace(text, aFlat, aPoint, 1), "half_width_m", "radius_m", 1)
	polygon := strings.Replace(strings.Replace(text, aFlat, aSquare, 1), `"half_width_m":20,`, "", 1)
	const start, end = 1772359200_000_000_000, 1772362800_000_000_000
	for name, c := range map[string]struct {
		text    string
		volumes int
	}{"corridor": {text, 1}, "circle": {circle, 1}, "polygon": {polygon, 5}} {
		t.Run(name, func(t *testing.T) {
			back, written, err := reread(F3548JSON, read(t, "f", c.text, ResolveOptions{}))
			if err != nil {
				t.Fatalf("%v\n%s", err, written)
			}
			if len(back[0].Volumes) != c.volumes {
				t.Fatalf("%d volumes, want %d", len(back[0].Volumes), c.volumes)
			}
			for _, v := range back[0].Volumes {
				if v.Band != (volume.Band{LowerMM: 95_000, UpperMM: 205_000}) || v.Buffers != (volume.Buffers{}) ||
					v.Window != (volume.Window{StartNS: start - 60e9, EndNS: end + 60e9}) {
					t.Errorf("%v %v %v", v.Band, v.Window, v.Buffers)
				}
				if name == "circle" && v.Footprint.RadiusMM() != 50_000 {
					t.Errorf("radius %d", v.Footprint.RadiusMM())
				}
			}
		})
	}
}

func TestF3548RefusesWhatItCannotSay(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unbounded intent": {feature(`"id":"a","lower":"unbounded","upper":"9 m W84",`+goodTime, aSquare), `"a" in F3548-21: found a volume without limit`},
		"too high":         {feature(`"id":"a","lower":"9 m W84","upper":"200 km W84",`+goodTime, aSquare), "volume 1: volume.altitude_upper: found 200000"},
		"too wide":         {feature(`"id":"a","half_width_m":250000,`+someBand+","+goodTime, aFlat), "volume 1: found a leg 250 km to either side"},
		"too long": {
			feature(`"id":"a","half_width_m":2,`+someBand+","+goodTime, `{"type":"LineString","coordinates":[[0,0],[40,0]]}`),
			"volume 1: found a leg of 4453 km",
		},
	} {
		var b bytes.Buffer
		err := WriteF3548(&b, read(t, "f", c.text, ResolveOptions{}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if b.Len() > 0 {
			t.Errorf("%s: %d bytes written", name, b.Len())
		}
	}
}
