package geodesy

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The vectors were interpolated in exact arithmetic in the grid as published;
// the embedded grid is rounded to centimetres.
func TestGeoidHeightAgainstPublishedGrid(t *testing.T) {
	rows := table(t, "testdata/geoid.tsv")
	if len(rows) < 1000 {
		t.Fatalf("only %d vectors", len(rows))
	}
	worst := 0.0
	for i, r := range rows {
		p := e9(t, r["lat"], r["lng"])
		d := math.Abs(GeoidHeightM(p) - number(t, r["height"]))
		worst = max(worst, d)
		if !(d <= 0.005_001) {
			t.Errorf("row %d: height at %v is %v, want %s", i+1, p, GeoidHeightM(p), r["height"])
		}
	}
	t.Logf("worst difference %.4f m", worst)
}

// The heights that NGA publishes with its EGM96 interpolation program
// (OUTINTPT.DAT), by splines in the 15-minute grid, and the height at Timbuktu
// from the GeographicLib manual, from the 5-minute grid.
func TestGeoidHeightAgainstPublishedHeights(t *testing.T) {
	for _, c := range []struct{ lat, lng, want float64 }{
		{38.6281550, 269.7791550, -31.628},
		{-14.6212170, 305.0211140, -2.969},
		{46.8743190, 102.4487290, -43.575},
		{-23.6174460, 133.8747120, 15.871},
		{38.6254730, 359.9995000, 50.066},
		{-0.4667440, 0.0023000, 17.329},
		{16 + 46.0/60 + 33.0/3600, -(3 + 34.0/3600), 28.7068},
	} {
		p, err := NewLatLng(c.lat, c.lng)
		if err != nil {
			t.Fatal(err)
		}
		if d := math.Abs(GeoidHeightM(p) - c.want); !(d <= 0.1) {
			t.Errorf("height at %v is %v, want %v", p, GeoidHeightM(p), c.want)
		}
	}
}

func TestGeoidHeightIsContinuous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyLatLng().Draw(t, "p")
		q := LatLng{
			min(max(p.LatE9+rapid.Int64Range(-100, 100).Draw(t, "dlat"), -90e9), 90e9),
			wrapE9(p.LngE9 + rapid.Int64Range(-100, 100).Draw(t, "dlng")),
		}
		// The steepest slope of the grid is below 30 m a degree.
		if d := math.Abs(GeoidHeightM(p) - GeoidHeightM(q)); !(d <= 1e-5) {
			t.Fatalf("heights at %v and %v differ by %v", p, q, d)
		}
		if h := GeoidHeightM(p); !(h >= -107 && h <= 86) {
			t.Fatalf("height at %v is %v", p, h)
		}
	})
}

func TestGeoidHeightAtPolesAndAntimeridian(t *testing.T) {
	for _, lat := range []int64{-90e9, 90e9} {
		want := GeoidHeightM(LatLng{lat, 0})
		for lng := int64(-180e9); lng < 180e9; lng += 17e9 {
			if got := GeoidHeightM(LatLng{lat, lng}); got != want {
				t.Errorf("height at the pole %v along %v is %v, along 0 it is %v", lat, lng, got, want)
			}
		}
	}
	for lat := int64(-90e9); lat <= 90e9; lat += 1e9 {
		west, east := GeoidHeightM(LatLng{lat, -180e9}), GeoidHeightM(LatLng{lat, 180e9})
		if west != east {
			t.Errorf("at %v: %v at 180 W, %v at 180 E", lat, west, east)
		}
	}
}

func TestUnpackGeoidRefusesTruncation(t *testing.T) {
	if _, err := unpackGeoid(egm96Packed[:len(egm96Packed)/2]); err == nil {
		t.Error("half a grid was accepted")
	}
	if _, err := unpackGeoid(nil); err == nil {
		t.Error("an empty grid was accepted")
	}
}
