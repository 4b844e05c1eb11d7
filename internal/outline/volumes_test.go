package outline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// volumesOf returns the volumes of an outline.
func volumesOf(t testing.TB, o Volume) []volume.Volume4D {
	t.Helper()
	all, err := o.Volumes4D(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("an outline without volumes")
	}
	for i := range all {
		if err := all[i].Validate(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// within tells whether a place is nearer than a distance to one of some volumes;
// with 0, whether it is inside.
func within(t testing.TB, all []volume.Volume4D, at geodesy.LatLng, distanceMM int64) bool {
	t.Helper()
	s := speck(t, at)
	s.Band, s.Window = volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}, volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	for i := range all {
		if volume.Volumes(&all[i], &s, volume.Need{LateralMM: distanceMM}, false).Conflict {
			return true
		}
	}
	return false
}

// The volumes of an outline hold each of its cells, and reach no more than a few
// cells beyond the shape that it was made of. Next to a pole, where columns run
// together, a cell says little about distance.
func TestVolumesHoldTheOutline(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 42))
	most, vertices, n := 0, 0, 0
	for range rounds(t, 600) {
		at := anyPlace(rng)
		size := math.Pow(10, 0.5+4.5*rng.Float64())
		v, reach := anyShape(rng, at, size)
		o := must(t, v)
		all := volumesOf(t, o)
		most = max(most, len(all))
		for i := range all {
			vertices += len(all[i].Footprint.Vertices())
			n++
		}
		for range 40 {
			p := geodesy.Direct(at, rng.Float64()*360, 1.3*reach*math.Sqrt(rng.Float64()))
			if marks(o, p) && !within(t, all, p, 0) {
				t.Fatalf("%v, %.0f m: %v is in the outline and in none of %d volumes", at, size, p, len(all))
			}
			if math.Abs(float64(p.LatE9)) > 89e9 || within(t, []volume.Volume4D{v}, p, 4*o.ReachMM()) {
				continue
			}
			if within(t, all, p, 0) {
				t.Fatalf("%v, %.0f m: %v is far from the shape and in one of %d volumes", at, size, p, len(all))
			}
		}
	}
	t.Logf("at most %d volumes, %.1f vertices in each", most, float64(vertices)/float64(n))
}

// Whoever keeps away from the volumes of another's outline by as much as its own
// outline may reach beyond its shape, does not meet the other's outline.
func TestApartFromTheVolumesIsApartFromTheOutline(t *testing.T) {
	rng := rand.New(rand.NewPCG(43, 44))
	met, grazed := 0, 0
	for range rounds(t, 3000) {
		at := anyPlace(rng)
		size := math.Pow(10, 0.5+3.5*rng.Float64())
		other, reach := anyShape(rng, at, size)
		other.Band = volume.Band{LowerMM: rng.Int64N(100_000), UpperMM: 100_000 + rng.Int64N(5000)}
		own, _ := anyShape(rng, geodesy.Direct(at, rng.Float64()*360, reach*2*rng.Float64()), size*rng.Float64()+1)
		own.Band = volume.Band{LowerMM: 99_000 + rng.Int64N(8000), UpperMM: 200_000}
		own.Window.StartNS = 999e9 + rng.Int64N(2)*1e9
		o, mine := must(t, other), must(t, own)
		if !mine.Meets(o) {
			continue
		}
		met++
		if !anyConflict(volumesOf(t, o), &own, volume.Need{LateralMM: mine.ReachMM(), VerticalMM: 1000}) {
			t.Fatalf("%v, %.0f m: outlines meet, the shape is apart from %d volumes", at, size, len(volumesOf(t, o)))
		}
		if !anyConflict([]volume.Volume4D{other}, &own, volume.Need{}) {
			grazed++
		}
	}
	if met < 100 || grazed < 10 {
		t.Errorf("%d pairs met, %d of them by their cells alone: expected more", met, grazed)
	}
}

func anyConflict(all []volume.Volume4D, v *volume.Volume4D, need volume.Need) bool {
	for i := range all {
		if volume.Volumes(&all[i], v, need, false).Conflict {
			return true
		}
	}
	return false
}

// An outline of more pieces than are kept has larger cells, and stays held.
func TestVolumesAreBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(45, 46))
	for n, l := range []level{{0, 0}, {0, 0}, {3, 5}, {14, 16}, {14, 2}} {
		var w cellsWriter
		first := int32(northRow)*3/4>>l.row - 256
		w.begin(nil, l, first)
		for row := first; row < min(first+512, int32(northRow)>>l.row-capRows); row++ {
			var runs []span
			for c := rng.Int32N(5); c < min(500, bandOf(row, l).columns(l)-2); c += 2 + rng.Int32N(4) {
				runs = append(runs, span{c, c + rng.Int32N(2)})
				c++
			}
			w.add(runs)
		}
		o, err := FromCells(w.end(), 0, 100, 5, 5)
		if err != nil {
			t.Fatal(n, err)
		}
		all, err := o.Volumes4D(nil)
		if err != nil && l.col == maxColLevel {
			continue // rows that go round the earth
		}
		if err != nil {
			t.Fatal(n, err)
		}
		if len(all) > 612 || l.row < 10 && len(all) > maxVolumes {
			t.Errorf("%d: %d volumes", n, len(all))
		}
		if w := all[0].Window; w.StartNS != 5 || w.EndNS != 6 {
			t.Errorf("an instant became %+v", w)
		}
		for range 200 {
			var c cursor
			c.open(o.cells)
			c.skip(c.row + 1 + rng.Int32N(c.end-c.row-1))
			b := bandOf(c.row, l).at(l)
			p := geodesy.LatLng{
				LatE9: int64((float64(c.row)+rng.Float64())*l.heightE9()) - originE9,
				LngE9: int64((float64(c.runs()[0].lo)+rng.Float64())*b.wide) - turnE9/2,
			}
			if marks(o, p) && !within(t, all, p, 0) {
				t.Fatalf("%d: %v is in the outline and in none of %d volumes", n, p, len(all))
			}
		}
	}
	if all, err := (Volume{}).Volumes4D(nil); err != nil || len(all) != 0 || (Volume{}).ReachMM() != 0 {
		t.Errorf("the outline of nothing has %d volumes, %v", len(all), err)
	}
}

func FuzzVolumes(f *testing.F) {
	o := must(f, speck(f, geodesy.LatLng{LatE9: 47e9, LngE9: 8e9}))
	f.Add(o.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		v, _, err := ParseBinary(data)
		if err != nil {
			return
		}
		all, err := v.Volumes4D(nil)
		if err == nil && len(all) > 612+2 {
			t.Errorf("%d volumes", len(all))
		}
	})
}

// goldenVolumes is the digest of the volumes of all golden shapes, which are the
// same on every architecture.
const goldenVolumes = "af2c86c49810ab858b1c4abc72d483d6954f39048e2dd0973887a37829c49816"

func TestGoldenVolumes(t *testing.T) {
	sum := sha256.New()
	for _, g := range goldenShapes(t) {
		all, err := must(t, g.v).Volumes4D(nil)
		fmt.Fprintln(sum, g.name, err)
		for _, v := range all {
			fmt.Fprintln(sum, v.Footprint.Vertices(), v.Footprint.RadiusMM(), v.Band, v.Window)
		}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != goldenVolumes {
		t.Errorf("found %s, expected %s", got, goldenVolumes)
	}
}
