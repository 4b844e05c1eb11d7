package outline

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goldenFile = "testdata/golden-outlines.txt"

// TestGoldenOutlines holds digests of outlines to a file. It is run under other
// architectures too. Shapes are made with integers only, so that they are the
// same everywhere.
//
// A change of the file means that outlines that are kept no longer are those
// that the program makes: what was inside an area may be found outside of it.
func TestGoldenOutlines(t *testing.T) {
	var out strings.Builder
	for _, g := range goldenShapes(t) {
		o := must(t, g.v)
		sum := sha256.Sum256(o.AppendBinary(nil))
		fmt.Fprintf(&out, "%s %d %d %d %s\n", hex.EncodeToString(sum[:]), o.cells[0], o.cells[1], len(o.cells), g.name)
	}
	if *update {
		if err := os.WriteFile(goldenFile, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	got, lines := strings.Split(out.String(), "\n"), strings.Split(string(want), "\n")
	if len(got) != len(lines) {
		t.Fatalf("%d outlines, %d in %s", len(got)-1, len(lines)-1, goldenFile)
	}
	for i := range got {
		if got[i] != lines[i] {
			t.Errorf("line %d:\n%s, want\n%s", i+1, got[i], lines[i])
		}
	}
}

type goldenShape struct {
	name string
	v    volume.Volume4D
}

// goldenShapes returns shapes of all kinds at nine places and five sizes.
func goldenShapes(t *testing.T) (all []goldenShape) {
	t.Helper()
	for _, home := range []geodesy.LatLng{
		{},
		{LatE9: 52_123_456_789, LngE9: 8_987_654_321},
		{LatE9: -33_500_000_000, LngE9: 179_999_900_000},
		{LatE9: 64_000_000_001, LngE9: -180e9},
		{LatE9: 80e9, LngE9: 15e9},
		{LatE9: -89_900_000_000, LngE9: 100e9},
		{LatE9: 89_999_500_000, LngE9: -30e9},
		{LatE9: 90e9},
		{LatE9: -90e9},
	} {
		for _, sizeMM := range []int64{3_000, 100_000, 2_500_000, 90_000_000, 1_500_000_000} {
			size := float64(sizeMM) / 1000
			ring := make([]geodesy.LatLng, 9)
			for i := range ring {
				ring[i] = geodesy.Direct(home, float64(i*40), size*float64(3+i*5%4)/6)
			}
			polygon, err := volume.NewPolygon(ring)
			if err != nil {
				t.Fatal(err)
			}
			circle, err := volume.NewCircle(home, sizeMM)
			if err != nil {
				t.Fatal(err)
			}
			corridor, err := volume.NewCorridor([]geodesy.LatLng{ring[0], ring[3], ring[4]}, sizeMM/20)
			if err != nil {
				t.Fatal(err)
			}
			grown := solid(polygon)
			grown.Buffers = volume.Buffers{LateralMM: sizeMM / 15, VerticalMM: 1234, TimeNS: 99}
			for _, g := range []goldenShape{
				{"polygon", solid(polygon)}, {"circle", solid(circle)}, {"corridor", solid(corridor)}, {"grown polygon", grown},
			} {
				g.name = fmt.Sprintf("%s of %d mm at %v", g.name, sizeMM, home)
				all = append(all, g)
			}
		}
	}
	return all
}
