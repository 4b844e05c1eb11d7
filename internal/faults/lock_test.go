package faults

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestSecondProcess starts a second node on the data directory of a running
// one: it refuses with code 2, says who holds the directory, and the first goes
// on undisturbed.
func TestSecondProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	n := start(t, dir)
	l, h := newLoad(6), newHistory()
	if err := l.watch(n); err != nil {
		t.Fatal(err)
	}
	l.quietRun(n, 50)
	code, said := refused(t, launch(t, append([]string{built(t)}, serveArgs(dir)...)...))
	if code != 2 {
		t.Errorf("the second node ended with code %d, expected 2", code)
	}
	mustSay(t, said, dir, "in use by another process", fmt.Sprint(n.PID()))
	l.quietRun(n, 50)
	for _, fault := range l.check(t.Context(), n, dir, h) {
		t.Error(fault)
	}
}
