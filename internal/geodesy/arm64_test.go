package geodesy

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// unfused lists the packages whose results must have the same bits on every
// architecture. A package joins by being added here.
var unfused = []string{
	"github.com/deconflict/deconflict/internal/geodesy",
	"github.com/deconflict/deconflict/internal/volume",
	"github.com/deconflict/deconflict/internal/conflict",
	"github.com/deconflict/deconflict/internal/outline",
	"github.com/deconflict/deconflict/internal/resolve",
}

var (
	fusedInstruction = regexp.MustCompile(`\b(FN?M(ADD|SUB)[SDH]|VFML[AS])\b`)
	textSymbol       = regexp.MustCompile(`^TEXT (\S+)\(SB\)`)
	mathCall         = regexp.MustCompile(`\bmath\.([A-Za-z0-9]+)(\(SB\)|\b)`)
)

// exactMath are the functions of package math that may be called: what they
// return is exact, so that it cannot differ.
var exactMath = map[string]bool{"Mod": true, "mod": true, "archFloor": true, "archCeil": true}

// arm64Faults disassembles the arm64 build of a package and returns its fused
// instructions and its calls of inexact functions of package math. Every line
// disassembled is counted.
func arm64Faults(t *testing.T, pkg string) (faults []string, lines int) {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-f", "{{.Export}}", pkg)
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	archive, err := list.Output()
	if err != nil {
		t.Fatalf("build %s for arm64: %v\n%s", pkg, err, stderrOf(err))
	}
	out, err := exec.Command("go", "tool", "objdump", strings.TrimSpace(string(archive))).Output()
	if err != nil {
		t.Fatalf("disassemble %s: %v\n%s", pkg, err, stderrOf(err))
	}
	scan := bufio.NewScanner(bytes.NewReader(out))
	scan.Buffer(nil, 1<<20)
	function := ""
	for scan.Scan() {
		line := scan.Text()
		if m := textSymbol.FindStringSubmatch(line); m != nil {
			function = m[1]
			continue
		}
		lines++
		m := mathCall.FindStringSubmatch(line)
		if fusedInstruction.MatchString(line) || m != nil && !exactMath[m[1]] {
			faults = append(faults, function+": "+strings.Join(strings.Fields(line), " "))
		}
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return faults, lines
}

func stderrOf(err error) string {
	if e, ok := err.(*exec.ExitError); ok {
		return string(e.Stderr)
	}
	return ""
}

func TestArm64BuildDoesNotFuse(t *testing.T) {
	if testing.Short() {
		t.Skip("builds for another architecture")
	}
	for _, pkg := range unfused {
		faults, lines := arm64Faults(t, pkg)
		if lines < 1000 {
			t.Errorf("%s: only %d instructions disassembled", pkg, lines)
		}
		for _, f := range faults {
			t.Errorf("%s: %s", pkg, f)
		}
	}
}

// The test above would find nothing if the disassembly changed its form: so a
// package with known faults must show them.
func TestArm64CheckFindsFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("builds for another architecture")
	}
	faults, _ := arm64Faults(t, "./testdata/fused")
	all := strings.Join(faults, "\n")
	for _, want := range []string{"FMADDD", "math.sin"} {
		if !strings.Contains(strings.ToLower(all), strings.ToLower(want)) {
			t.Errorf("no %s among the faults found:\n%s", want, all)
		}
	}
}
