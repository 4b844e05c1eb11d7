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

// drawLongTrajectory draws legs of up to hours, which are cut when written.
func drawLongTrajectory(t *rapid.T) *volume.Trajectory {
	w := []volume.Waypoint{{At: drawPlace(t), AltMM: rapid.Int64Range(0, 9_000_000).Draw(t, "altitude")}}
	for range rapid.IntRange(1, 4).Draw(t, "legs") {
		last := w[len(w)-1]
		w = append(w, volume.Waypoint{
			At: geodesy.Direct(last.At, rapid.Float64Range(0, 360).Draw(t, "track"),
				rapid.SampledFrom([]float64{0, 1, 3000, 80_000, 1_500_000}).Draw(t, "leg")),
			AltMM:  rapid.Int64Range(0, 9_000_000).Draw(t, "altitude"),
			TimeNS: last.TimeNS + rapid.Int64Range(1, 4*3600e9).Draw(t, "lasts"),
		})
	}
	trajectory, err := volume.NewTrajectory(w, volume.Buffers{
		LateralMM:  rapid.Int64Range(1000, 9_000_000).Draw(t, "lateral"),
		VerticalMM: rapid.Int64Range(500, 900_000).Draw(t, "vertical"), TimeNS: rapid.Int64Range(0, 900e9).Draw(t, "time"),
	})
	if err != nil {
		t.Skip(err)
	}
	return trajectory
}

// What F3548-21 cannot say is written as volumes that contain it: at any
// instant a craft within its buffers is inside one of them.
func TestF3548ContainsTrajectories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trajectory := drawTrajectory(t)
		if rapid.Bool().Draw(t, "long") {
			trajectory = drawLongTrajectory(t)
		}
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

// A long leg claims at any time a part of its length; many legs stay within
// the vertices that the standard allows.
func TestF3548CutsLegs(t *testing.T) {
	straight := func(legs int, secondsALeg int64) []volume.Volume4D {
		w := make([]volume.Waypoint, legs+1)
		for i := range w {
			w[i] = volume.Waypoint{At: geodesy.LatLng{LngE9: int64(i%2) * 100_000_000}, AltMM: int64(i%2) * 160_000, TimeNS: int64(i) * secondsALeg * 1e9}
		}
		path, err := volume.NewTrajectory(w, volume.Buffers{LateralMM: 10_000, VerticalMM: 5000})
		if err != nil {
			t.Fatal(err)
		}
		list, err := plainVolumes(&volume.Entity{ID: "a", Trajectories: []*volume.Trajectory{path}})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for _, c := range []struct {
		legs        int
		secondsALeg int64
		want        int
	}{{1, 60, 1}, {1, 61, 2}, {1, 600, 10}, {1, 36_000, 16}, {3, 600, 30}, {200, 3600, 200 * 12}, {2000, 900, 2000}, {3000, 900, 3000}} {
		list := straight(c.legs, c.secondsALeg)
		if len(list) != c.want {
			t.Errorf("%d legs of %d s become %d volumes, want %d", c.legs, c.secondsALeg, len(list), c.want)
		}
		for i, v := range list {
			if i > 0 && v.Window.StartNS != list[i-1].Window.EndNS {
				t.Fatalf("volume %d begins at %d, the one before ends at %d", i, v.Window.StartNS, list[i-1].Window.EndNS)
			}
		}
		if first, last := list[0], list[len(list)-1]; first.Window.StartNS != 0 || last.Window.EndNS != int64(c.legs)*c.secondsALeg*1e9 {
			t.Errorf("from %v to %v", first.Window, last.Window)
		}
	}
	// 11.1 km and 160 m up in an hour: each volume has a sixteenth of both.
	for _, v := range straight(1, 3600) {
		vertices := v.Footprint.Vertices()
		d, _, _ := geodesy.Inverse(vertices[0], vertices[2])
		if d > 11_132.0/16+41 || v.Band.UpperMM-v.Band.LowerMM > 10_000+10_000+2 {
			t.Errorf("%v m and %v", d, v.Band)
		}
	}
}
