package outline

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/volume"
)

// anyOutline draws an outline with times and altitudes at random.
func anyOutline(t testing.TB, rng *rand.Rand) Volume {
	v, _ := anyShape(rng, anyPlace(rng), sizeAt(rng))
	v.Band.LowerMM = rng.Int64N(200_000) - 100_000
	v.Band.UpperMM = v.Band.LowerMM + 1 + rng.Int64N(100_000)
	v.Window.StartNS = rng.Int64N(2e18)
	v.Window.EndNS = v.Window.StartNS + rng.Int64N(1e15)
	if rng.IntN(4) == 0 {
		v.Window.EndNS = v.Window.StartNS
	}
	return must(t, v)
}

// Both forms are read back as they were written.
func TestFormsRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	outlines := make([]Volume, 0, 600)
	for range 500 {
		outlines = append(outlines, anyOutline(t, rng))
	}
	for _, v := range hostile() {
		outlines = append(outlines, must(t, v))
	}
	var all []byte
	for _, o := range outlines {
		got, err := FromCells(o.AppendCells(nil), o.lowerM, o.upperM, o.startNS, o.endNS)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equal(o) {
			t.Fatalf("cells of %x read as %x", o.cells, got.cells)
		}
		all = o.AppendBinary(all)
	}
	for i, o := range outlines {
		got, rest, err := ParseBinary(all)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equal(o) {
			t.Fatalf("outline %d is read as another", i)
		}
		all = rest
	}
	if len(all) > 0 {
		t.Errorf("%d bytes are left", len(all))
	}
}

// Cut short, lengthened or with a bit turned, an outline is refused or is the
// sound outline of those very bytes.
func TestDamagedFormsAreToldApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	refused, total := 0, 0
	for range 300 {
		o := anyOutline(t, rng)
		cells := o.AppendCells(nil)
		if _, err := FromCells(cells[:rng.IntN(len(cells))], 0, 1, 0, 1); err == nil {
			t.Fatal("an outline cut short is accepted")
		}
		if _, err := FromCells(append(bytes.Clone(cells), 0), 0, 1, 0, 1); err == nil {
			t.Fatal("an outline with a byte more is accepted")
		}
		for range 20 {
			bad := bytes.Clone(cells)
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
			total++
			if !checkCells(t, bad) {
				refused++
			}
		}
	}
	t.Logf("%d of %d turned bits are refused", refused, total)
	if refused == 0 || refused == total {
		t.Errorf("%d of %d turned bits are refused", refused, total)
	}
}

// checkCells tells whether bytes are accepted as cells, and fails unless they
// then are the one encoding of what they stand for and safe to work with.
func checkCells(t *testing.T, data []byte) bool {
	t.Helper()
	v, err := FromCells(data, 0, 1, 0, 1)
	if err != nil {
		var form *FormatError
		if !errors.As(err, &form) || form.At < 0 || form.At > len(data) {
			t.Fatalf("%x: %v", data, err)
		}
		return false
	}
	if got := v.AppendCells(nil); !bytes.Equal(got, data) {
		t.Fatalf("%x is accepted and written as %x", data, got)
	}
	if !v.Meets(v) || !v.Contains(v) || len(v.Extents(nil)) == 0 {
		t.Fatalf("%x does not hold itself", data)
	}
	if box, ok := v.ClipTo(v); !ok || box.LatE9Lo >= box.LatE9Hi {
		t.Fatalf("%x: clipped to itself %v, %v", data, box, ok)
	}
	if v.AreaKM2() <= 0 {
		t.Fatalf("%x has no area", data)
	}
	return true
}

func FuzzFromCells(f *testing.F) {
	rng := rand.New(rand.NewPCG(19, 20))
	for range 30 {
		f.Add(anyOutline(f, rng).AppendCells(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		checkCells(t, data)
	})
}

func FuzzParseBinary(f *testing.F) {
	rng := rand.New(rand.NewPCG(21, 22))
	for range 10 {
		f.Add(anyOutline(f, rng).AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		v, rest, err := ParseBinary(data)
		if err != nil {
			return
		}
		if got := append(v.AppendBinary(nil), rest...); !bytes.Equal(got, data) {
			t.Fatalf("%x is accepted and written as %x", data, got)
		}
	})
}

// What is wrong with cells is said, and where.
func TestFormatErrors(t *testing.T) {
	header := "000086960000" // levels 0, row 38534
	for name, c := range map[string]struct{ hex, want string }{
		"nothing":               {"", "byte 0: the header has 7 bytes, found 0"},
		"level":                 {"0f000000000100", "levels are at most 14 and 16, found 15 and 0"},
		"row beyond a pole":     {"0000ffffff0100", "rows are 1 to 612"},
		"no rows":               {"00008696990000", "found 0 from"},
		"no block":              {header[:4] + "8696980100", "byte 7: a block is missing"},
		"kind":                  {header[:4] + "8696980100000c", "found kind 3 and 1 rows"},
		"more rows than stated": {header[:4] + "86969801000100", "with up to 1 rows, found kind 0 and 2 rows"},
		"column":                {header[:4] + "86969801000000ffffffff0f00", "columns are 0 to"},
		"step":                  {header[:4] + "869698020001000500f0", "steps are 0 to 14, found byte 240"},
		"not the shortest step": {header[:4] + "869698020001000500ff0000", "not the shortest form"},
		"long number":           {header[:4] + "86969801000000850000", "not the shortest form"},
		"two blocks for one":    {header[:4] + "869698020000000500" + "00000500", "not the shortest form"},
	} {
		data, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(name, err)
		}
		if _, err = FromCells(data, 0, 1, 0, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Altitudes and times of a decoded outline are checked.
func TestFromCellsChecksBounds(t *testing.T) {
	cells := anyOutline(t, rand.New(rand.NewPCG(1, 1))).AppendCells(nil)
	for name, c := range map[string]struct {
		lower, upper int32
		start, end   int64
		reason       volume.Reason
	}{
		"upper not above lower": {5, 5, 0, 1, volume.LowerNotBelow},
		"end before start":      {0, 1, 2, 1, volume.EndNotAfterStart},
		"start out of range":    {0, 1, volume.AlwaysNS - 1, 1, volume.OutOfRange},
		"end out of range":      {0, 1, 0, volume.ForeverNS + 1, volume.OutOfRange},
	} {
		_, err := FromCells(cells, c.lower, c.upper, c.start, c.end)
		var bad *volume.InvalidError
		if !errors.As(err, &bad) || bad.Reason != c.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
}
