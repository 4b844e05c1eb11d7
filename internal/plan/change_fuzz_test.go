package plan

import (
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// FuzzChange changes what can be read: it is refused, or reads again with the
// same plans, of which the others are as before. Windows and the vertices of
// areas are those of the changed plan.
func FuzzChange(f *testing.F) {
	seed := func(text string) {
		f.Add([]byte(text), uint8(0), int16(90), int32(5000), int32(20_000), int32(60), uint8(0))
		f.Add([]byte(text), uint8(1), int16(0), int32(0), int32(0), int32(-3600), uint8(3))
		f.Add([]byte(text), uint8(0), int16(0), int32(0), int32(0), int32(0), uint8(255))
	}
	for _, cases := range changeCases(f) {
		for _, c := range cases {
			seed(c.text)
		}
	}
	for _, text := range missions(f) {
		seed(text)
	}
	seed(landing("fwLandingPattern", 1))
	f.Fuzz(func(t *testing.T, data []byte, item uint8, bearing int16, distance, lift, delay int32, path uint8) {
		if len(data) > maxFuzzBytes {
			return
		}
		opt := changeOptions()
		opt.Read.MaxBytes = 1 << 20
		file, err := Read("fuzz", data, opt.Read)
		if err != nil || int(item) >= len(file.Items) {
			return
		}
		change := &volume.Change{
			Shift:  volume.Shift{BearingDeg: int(bearing), DistanceMM: int64(distance)},
			LiftMM: int64(lift), DelayNS: int64(delay) * 1e9,
		}
		it := &file.Items[item]
		if len(it.Routes) > 0 && path > 0 {
			change.Paths = []volume.Path{fuzzPath(it.Routes[0].Points, path)}
		} else if path > 0 {
			change.Trim = volume.Trim{LaterStartNS: int64(path) * 1e9, LowerCeilingMM: int64(path)}
		}
		got, err := WriteChanged(file, data, int(item), change, opt)
		if err != nil {
			return
		}
		back, err := Read("fuzz", got.Data, opt.Read)
		if err != nil {
			t.Fatalf("%v\n%s", err, got.Data)
		}
		if back.Format != file.Format || len(back.Items) != len(file.Items) || countParts(back) != countParts(file) && file.Format != QGCPlan && file.Format != QGCWPL {
			t.Fatalf("%d plans, want %d\n%s", len(back.Items), len(file.Items), got.Data)
		}
		compareFuzzed(t, file, back, int(item), change)
	})
}

// fuzzPath keeps the points whose bits are set, and puts others between.
func fuzzPath(old []RoutePoint, bits uint8) volume.Path {
	var p volume.Path
	for i := range old {
		ns := int64(1_772_359_200+10*i) * 1e9
		if bits>>(i%8)&1 == 1 || i == 0 {
			p.Points = append(p.Points, volume.PathPoint{After: i, Kept: true, TimeNS: ns})
		}
		if bits>>((i+3)%8)&1 == 1 {
			p.Points = append(p.Points, volume.PathPoint{After: i, At: geodesy.LatLng{LatE9: 47e9, LngE9: int64(i)}, LiftMM: int64(bits), TimeNS: ns + 4e9})
		}
	}
	return p
}

// compareFuzzed compares the areas of plans before and after.
func compareFuzzed(t *testing.T, was, is *File, item int, change *volume.Change) {
	for i := range was.Items {
		move := func(p geodesy.LatLng) geodesy.LatLng { return p }
		delay := int64(0)
		if i == item {
			delay = change.DelayNS
			if change.Shift.DistanceMM != 0 && len(was.Items[i].Volumes) > 0 {
				move, _ = change.Shift.From(was.Items[i].Volumes[0].Footprint.Vertices()[0])
			}
		}
		for k := range was.Items[i].Volumes {
			a, b := &was.Items[i].Volumes[k], &is.Items[i].Volumes[k]
			for n, v := range a.Footprint.Vertices() {
				if got := b.Footprint.Vertices()[n]; got != move(v) {
					t.Fatalf("plan %d, area %d: vertex %v, want %v", i, k, got, move(v))
				}
			}
			for n, w := range a.Schedule.Windows {
				end := w.EndNS
				if end < volume.ForeverNS {
					end += delay
				}
				if got := b.Schedule.Windows[n].EndNS; got != end {
					t.Fatalf("plan %d, area %d: until %d, want %d", i, k, got, end)
				}
			}
		}
	}
}
