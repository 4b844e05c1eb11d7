package conflict_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/deconflict/deconflict/internal/house/mutant"
)

// mutants are faults that tests must catch. docs/PROOF.md has their table.
var mutants = mutant.Of([][4]string{
	{"sphere for ellipsoid", "volume/piece.go", "return spot{ll.ECEF(), ll.Normal()}", "return spot{ll.Normal().Scale(6371008.8), ll.Normal()}"},
	{"straight chords for long edges", "volume/piece.go", "const maxPieceM = 20_000", "const maxPieceM = 2_000_000"},
	{"swapped axes of the velocity", "volume/solve.go", "m.ax, m.ay = 0-vp.Dot(e1), 0-vp.Dot(e2)", "m.ay, m.ax = 0-vp.Dot(e1), 0-vp.Dot(e2)"},
	{"no refinement on the ellipsoid", "volume/solve.go", "const maxRounds = 12", "const maxRounds = 1"},
	{"wrong half-plane", "volume/solve.go", "if qv <= 0 {", "if qv >= 0 {"},
	{"vertical at most for less than", "volume/contact.go", "high := gap < need.VerticalMM", "high := gap <= need.VerticalMM"},
	{"level flight at the ceiling", "volume/transit.go", "w >= p.upper {", "w > p.upper {"},
	{"climbs compared in float64 only", "volume/exactheight.go", "return margin > nearMM || margin > -nearMM && m.keepsHeight(a, b)", "return margin > 0"},
	{"windows that meet", "volume/contact.go", "min(a.EndNS, b.EndNS) >= timeNS", "min(a.EndNS, b.EndNS) > timeNS"},
	{"tolerance on the wrong side", "volume/relation.go", "return judgement{l.distM < radiusM+tolM,", "return judgement{l.distM < radiusM-tolM,"},
	{"tolerance five times as large", "volume/shape.go", "return float64(1e-7 * max(spanM, 1))", "return float64(5e-7 * max(spanM, 1))"},
	{"second vertical buffer forgotten", "volume/datum.go", "growMM: p.VerticalMM + q.VerticalMM}", "growMM: p.VerticalMM + p.VerticalMM}"},
	{"second lateral buffer forgotten", "volume/encounter.go", "metres(need.LateralMM + t.buffers.LateralMM + u.buffers.LateralMM)", "metres(need.LateralMM + t.buffers.LateralMM)"},
	{"time buffer forgotten", "volume/encounter.go", "float64(need.TimeNS+t.buffers.TimeNS+u.buffers.TimeNS) / 1e9", "float64(need.TimeNS+t.buffers.TimeNS) / 1e9"},
	{"circle as a polygon of 64 sides", "volume/shape.go", "return metres(v.Footprint.radiusMM + v.Buffers.LateralMM)", "return metres(v.Footprint.radiusMM)*0.998795 + metres(v.Buffers.LateralMM)"},
	{"boxes end at the antimeridian", "volume/extent.go", "e.LngE9Lo, e.LngE9Hi = -180e9, int64", "e.LngE9Lo, e.LngE9Hi = 180e9, int64"},
	{"minimum forgotten in the search for candidates", "volume/extent.go", "margin := v.radiusM() + metres(half(need.LateralMM))", "margin := v.radiusM()"},
	{"pole forgotten in the search for candidates", "volume/extent.go", "if f.holds(&pole) {", "if f.holds(&pole) && !f.closed {"},
	{"inside test inverted", "volume/relation.go", "return winding != 0", "return winding == 0"},
	{"crossing edges overlooked", "volume/relation.go", "if mid <= half {", "if mid <= 0 {"},
	{"last leg dropped", "volume/encounter.go", "first := 0\n\tfor a := range t.Legs() {", "first := 0\n\tfor a := range t.Legs() - 1 {"},
	{"climb ignored", "volume/trajectory.go", "\tif h == k {\n\t\treturn float64(h)\n", "\tif true {\n\t\treturn float64(h)\n"},
	{"window rounded inward", "conflict/pair.go", "FromNS: floorMS(c.FromNS), ToNS: ceilMS(c.ToNS),", "FromNS: ceilMS(c.FromNS), ToNS: floorMS(c.ToNS),"},
	{"plane too large", "volume/planar.go", "const planarSpanM = 2_500", "const planarSpanM = 250_000"},
	{"planes decided too near the boundary", "volume/planar.go", "clearM := radiusM + float64(3*tolM)", "clearM := float64(radiusM * 0.999)"},
	{"neighbours compared by their edges only", "volume/neighbours.go", "held = probe\n", "held = nil\n"},
})

// TestMutantsApply checks that every mutant still changes the kernel.
func TestMutantsApply(t *testing.T) {
	mutant.Fit(t, mutants)
	table, err := os.ReadFile("../../docs/PROOF.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(mutants) < 10 {
		t.Errorf("%d mutants, at least 10 expected", len(mutants))
	}
	for _, m := range mutants {
		if !bytes.Contains(table, []byte("| "+m.Name+" |")) {
			t.Errorf("%s is not in the table of docs/PROOF.md", m.Name)
		}
	}
}

// TestMutants builds every mutant and expects the tests to fail, if the
// environment variable DECONFLICT_MUTANTS is set. It takes some minutes.
func TestMutants(t *testing.T) {
	if os.Getenv("DECONFLICT_MUTANTS") == "" {
		t.Skip("DECONFLICT_MUTANTS is not set")
	}
	suite := mutant.Suite{
		Tests: "^(TestAgainstOracle|TestHardCases|TestTurnAboutTheAxis|TestMirrorInTheEquator|TestSwap|TestShiftInTime|TestOrderOfVertices|TestAllMissesNothing|TestAllLooksInsideRings|TestNeighbours)$",
		More:  "DECONFLICT_ORACLE=20000", MoreWords: "among 20,000 pairs",
	}
	suite.Run(t, mutants)
}
