package house

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/volume"
)

// docs/UNITS.md must state the factors and limits that the program uses.
func TestUnitsDocument(t *testing.T) {
	doc := string(readFile(t, "docs/UNITS.md"))
	lengths, err := table(doc, "## Lengths")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range lengths {
		stated, ok := new(big.Rat).SetString(strings.TrimSuffix(c[1], " mm"))
		if !ok {
			t.Errorf("found %q, expected a number of mm", c[1])
			continue
		}
		// A thousand of a unit, as foot has tenths of a millimetre.
		mm, err := geodesy.ParseLength("1000" + c[0])
		if err != nil || stated.Mul(stated, big.NewRat(1000, 1)).Cmp(big.NewRat(mm, 1)) != 0 {
			t.Errorf("%s is %d/1000 mm (%v), the document says %s", c[0], mm, err, c[1])
		}
	}
	for _, want := range []string{
		"| " + thousands(volume.MaxVertices) + " |",
		"| " + thousands(volume.MaxWaypoints) + " |",
		"| " + thousands(volume.MaxReachM/1000) + " km |",
		"| " + thousands(volume.MaxEdgeM/1000) + " km |",
		"| " + thousands(volume.MaxBufferMM/1_000_000) + " km, " + thousands(volume.MaxBufferNS/86_400_000_000_000) + " days |",
		"| " + thousands(geodesy.MaxAltitudeMM/1_000_000) + " km |",
		fmt.Sprintf("| %d MiB |", plan.DefaultMaxBytes>>20),
		fmt.Sprintf("| nesting of JSON and XML | %d |", plan.DefaultMaxDepth),
		"| " + geodesy.FormatLength(geodesy.GeoidErrorMM, geodesy.Metre, 2) + " |",
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("docs/UNITS.md does not say %q", want)
		}
	}
}

// thousands writes n with commas.
func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
