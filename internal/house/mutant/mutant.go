// Package mutant puts faults into the program, one at a time, and sees whether
// tests notice them: a test that no fault makes fail proves nothing.
package mutant

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

// Mutant is a fault small enough to slip in: Old in a file becomes New.
type Mutant struct {
	Name     string
	File     string // below internal
	Old, New string
}

// Of returns the mutants of rows: name, file below internal, the text that is
// there and what it becomes.
func Of(rows [][4]string) []Mutant {
	list := make([]Mutant, len(rows))
	for i, r := range rows {
		list[i] = Mutant{Name: r[0], File: r[1], Old: r[2], New: r[3]}
	}
	return list
}

// Suite is the tests of one package that are run against mutants, in their short
// form.
type Suite struct {
	Tests string // as for go test -run
	// More is an environment variable with its value, with which those tests are
	// run again on what survived them, and MoreWords what it has them try.
	More, MoreWords string
}

// Fit fails the test for each mutant whose text is no longer there. It runs in
// the folder of a package directly below internal.
func Fit(t *testing.T, list []Mutant) {
	t.Helper()
	for i := range list {
		if _, _, err := list[i].apply(); err != nil {
			t.Errorf("%s: %v: give it the text that is there now", list[i].Name, err)
		}
	}
}

// apply returns the path of the file and its text with the fault.
func (m *Mutant) apply() (path string, text []byte, err error) {
	path, err = filepath.Abs(filepath.Join("..", filepath.FromSlash(m.File)))
	if err != nil {
		return "", nil, err
	}
	text, err = os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	if n := bytes.Count(text, []byte(m.Old)); n != 1 {
		return "", nil, fmt.Errorf("%s has %q %d times, expected once", m.File, m.Old, n)
	}
	return path, bytes.Replace(text, []byte(m.Old), []byte(m.New), 1), nil
}

// Run builds every mutant and expects the suite to fail. It runs in the folder of
// the package whose tests these are, and takes some minutes.
func (s *Suite) Run(t *testing.T, list []Mutant) {
	t.Helper()
	if out, err := s.test(t, ""); err != nil {
		t.Fatalf("the program as it is fails: %v\n%s", err, out)
	}
	for i := range list {
		t.Run(list[i].Name, func(t *testing.T) { s.try(t, &list[i]) })
	}
}

// try runs the suite against one mutant.
func (s *Suite) try(t *testing.T, m *Mutant) {
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
	out, err := s.test(t, overlay)
	if err == nil {
		by = "caught " + s.MoreWords
		out, err = s.test(t, overlay, s.More)
	}
	switch {
	case err == nil:
		t.Errorf("no test notices the mutant in %s", m.File)
	case bytes.Contains(out, []byte("[build failed]")):
		t.Errorf("the mutant does not compile:\n%s", out)
	default:
		t.Logf("%s by %s", by, strings.Join(failures(out), ", "))
	}
}

// test runs the suite with a file replaced, and more variables set.
func (s *Suite) test(t *testing.T, overlay string, env ...string) ([]byte, error) {
	t.Helper()
	args := []string{"test", "-short", "-count=1", "-vet=off", "-timeout=5m", "-run", s.Tests}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, ".")...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DECONFLICT_") })
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
