package resolve_test

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

// mutant is a fault of the search, small enough to slip in: old in a file
// becomes new.
type mutant struct {
	name     string
	file     string // below internal
	old, new string
}

// mutants are faults that tests must catch. As the decision accepts every
// option, none of them makes an option that is in conflict: they lose options,
// or make them dearer than they need be.
var mutants = []mutant{
	{"amounts not rounded up", "resolve/single.go", "return (n + l.step - 1) / l.step * l.step", "return n"},
	{"spans that touch joined", "resolve/surroundings.go", "s.Lo < out[n-1].Hi {", "s.Lo <= out[n-1].Hi {"},
	{"minimum in time forgotten in delays", "volume/spans.go", "slackNS := m.need.TimeNS + m.t.buffers.TimeNS + m.u.buffers.TimeNS", "slackNS := m.t.buffers.TimeNS + m.u.buffers.TimeNS"},
	{"buffers forgotten in lifts", "volume/spans.go", "dst = append(dst, Span{-m.height - hi, m.height - lo})", "dst = append(dst, Span{-m.need.VerticalMM - hi, m.need.VerticalMM - lo})"},
	{"combinations never earlier", "resolve/combined.go", "Lo: -affordable(-lo, w.Earlier, left), Hi", "Lo: 0 * lo, Hi"},
	{"combinations stop at the first", "resolve/combined.go", "if got != nil && got.cost < below {", "if got != nil && best == nil {"},
	{"windows rounded outward", "resolve/windows.go", "from, to = -floorTo(-from, timeStep), floorTo(to, timeStep)", "from, to = floorTo(from, timeStep), -floorTo(-to, timeStep)"},
	{"zones of a condition as obstacles", "resolve/surroundings.go", "s.free[i] = e.Kind == volume.Constraint && r.Conditional(e)", "s.free[i] = false"},
	{"minima of intents towards constraints", "resolve/surroundings.go", "return *s.rules.Constraints", "return s.rules.Minima"},
	{"half of the shift forgotten in the search for what is near", "resolve/surroundings.go", "need.LateralMM += 2 * m.sidewaysMM", "need.LateralMM += m.sidewaysMM / 2"},
	{"delay forgotten in the search for what is near", "resolve/surroundings.go", "x.Window.EndNS+m.laterNS", "x.Window.EndNS"},
	{"ceiling forgotten", "resolve/finder.go", "hi = min(hi, max(0, l.CeilingMM-f.maxAltMM))", "hi = max(0, hi)"},
	{"no way to the least amount", "resolve/single.go", "return f.tighten(l, got)", "return got, nil"},
	{"trims that what comes later hinders", "resolve/trim.go", "if s.Lo < 0 {", "if true {"},
	{"the first bearing for the best", "resolve/sideways.go", "SidewaysMM || best != nil && guess >= best.n", "SidewaysMM || best != nil"},
	{"a hair of a conflict as an area", "resolve/sideways.go", "got != nil {\n\t\t\tl.guess = l.step\n", "got != nil {\n\t\t\tl.guess = -1\n"},
	{"few raises", "resolve/single.go", "const raises = 24", "const raises = 1"},
	{"an advance at the price of a delay", "resolve/single.go", "float64(w.Earlier * seconds(n))", "float64(w.Later * seconds(n))"},
	{"the greatest violation for the least", "resolve/violation.go", "share < best.Share ||", "share > best.Share ||"},
	{"the farthest for the closest", "resolve/options.go", "if share < least {", "if share < least && best == nil {"},
	{"shifts of the other side", "volume/sideways.go", "wx, wy = 0-wx, 0-wy", "wx, wy = 0-wx, wy"},
}

// mutantTests are the tests that are run against mutants.
const mutantTests = "^Test(SlotThatFitsExactly|OptionsAreExact|NoGridFindsCheaper|CombinedIsTheBestOfTheGrid|WindowsAreExact|Hair.*|TrafficNeverHelps|LeastViolation|Closest|NamesDoNotMatter|Varanth|Tarrow)$"

// TestMutantsApply checks that every mutant still changes the search.
func TestMutantsApply(t *testing.T) {
	for _, m := range mutants {
		if _, _, err := m.apply(); err != nil {
			t.Errorf("%s: %v: give it the text that is there now", m.name, err)
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
		t.Fatalf("the search as it is fails: %v\n%s", err, out)
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
				by = "caught in 2,000 worlds"
				out, err = runMutant(t, overlay, "DECONFLICT_OPTIONS_ROUNDS=2000")
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
// survives the short tests gets more worlds.
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
