package conflict_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mutant is a fault of the kernel, small enough to slip in: old in a file
// becomes new.
type mutant struct {
	name     string
	file     string // below internal
	old, new string
}

// mutants are faults that tests must catch. docs/PROOF.md has their table.
var mutants = []mutant{
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
}

// mutantTests are the tests that are run against mutants: those of the geometry,
// not the golden digests, which notice any change.
const mutantTests = "^(TestAgainstOracle|TestHardCases|TestTurnAboutTheAxis|TestMirrorInTheEquator|TestSwap|TestShiftInTime|TestOrderOfVertices|TestAllMissesNothing|TestAllLooksInsideRings|TestNeighbours)$"

// TestMutantsApply checks that every mutant still changes the kernel and is in
// the table of docs/PROOF.md.
func TestMutantsApply(t *testing.T) {
	table, err := os.ReadFile("../../docs/PROOF.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(mutants) < 10 {
		t.Errorf("%d mutants, at least 10 expected", len(mutants))
	}
	for _, m := range mutants {
		if _, _, err := m.apply(); err != nil {
			t.Errorf("%s: %v: give it the text that is there now", m.name, err)
		}
		if !bytes.Contains(table, []byte("| "+m.name+" |")) {
			t.Errorf("%s is not in the table of docs/PROOF.md", m.name)
		}
	}
}

// apply returns the path of the file and its text with the fault.
func (m *mutant) apply() (path string, text []byte, err error) {
	path, err = filepath.Abs(filepath.Join("..", filepath.FromSlash(m.file)))
	if err != nil {
		return "", nil, err
	}
	text, err = os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	if n := bytes.Count(text, []byte(m.old)); n != 1 {
		return "", nil, fmt.Errorf("%s has %q %d times, expected once", m.file, m.old, n)
	}
	return path, bytes.Replace(text, []byte(m.old), []byte(m.new), 1), nil
}

// TestMutants builds every mutant and expects the tests to fail, if the
// environment variable DECONFLICT_MUTANTS is set. It takes some minutes.
func TestMutants(t *testing.T) {
	if os.Getenv("DECONFLICT_MUTANTS") == "" {
		t.Skip("DECONFLICT_MUTANTS is not set")
	}
	if out, err := runMutant(t, ""); err != nil {
		t.Fatalf("the kernel as it is fails: %v\n%s", err, out)
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			path, text, err := m.apply()
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			mutated, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
			replace, err := json.Marshal(map[string]map[string]string{"Replace": {path: mutated}})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(mutated, text, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(overlay, replace, 0o644); err != nil {
				t.Fatal(err)
			}
			by := "caught"
			out, err := runMutant(t, overlay)
			if err == nil {
				by = "caught among 20,000 pairs"
				out, err = runMutant(t, overlay, "DECONFLICT_ORACLE=20000")
			}
			switch {
			case err == nil:
				t.Errorf("no test notices the mutant in %s", m.file)
			case bytes.Contains(out, []byte("[build failed]")):
				t.Errorf("the mutant does not compile:\n%s", out)
			default:
				t.Logf("%s by %s", by, strings.Join(failures(out), ", "))
			}
		})
	}
}

// runMutant runs the tests with a file replaced, and more variables set. What
// survives the short tests gets ten times as many pairs.
func runMutant(t *testing.T, overlay string, env ...string) ([]byte, error) {
	t.Helper()
	args := []string{"test", "-short", "-count=1", "-vet=off", "-timeout=5m", "-run", mutantTests}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, ".")...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "DECONFLICT_") })
	cmd.Env = append(cmd.Env, env...)
	return cmd.CombinedOutput()
}

var failed = regexp.MustCompile(`(?m)^--- FAIL: (Test\w+)`)

// failures returns the tests that failed, or what stopped them.
func failures(out []byte) []string {
	var names []string
	for _, m := range failed.FindAllSubmatch(out, -1) {
		names = append(names, string(m[1]))
	}
	if bytes.Contains(out, []byte("panic:")) {
		names = append(names, "a panic")
	}
	if bytes.Contains(out, []byte("test timed out")) {
		names = append(names, "the clock")
	}
	slices.Sort(names)
	return slices.Compact(names)
}
