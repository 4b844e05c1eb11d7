package main

import (
	"strings"
	"testing"
)

const prefix = `"Package":"github.com/deconflict/deconflict/internal/x"`

func reportOf(t *testing.T, events string) (*report, *strings.Builder) {
	t.Helper()
	var out strings.Builder
	r := newReport(&out)
	if err := r.read(strings.NewReader(strings.ReplaceAll(events, "PKG", prefix))); err != nil {
		t.Fatal(err)
	}
	return r, &out
}

const run1 = `{"Action":"start",PKG}
{"Action":"output",PKG,"Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output",PKG,"Test":"TestA","Output":"    a_test.go:1: needs a flag\n"}
{"Action":"output",PKG,"Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip",PKG,"Test":"TestA","Elapsed":0}
{"Action":"output",PKG,"Test":"TestB","Output":"silent\n"}
{"Action":"pass",PKG,"Test":"TestB","Elapsed":0}
{"Action":"pass",PKG,"Elapsed":0.5}
`

func TestSkipsAreSaid(t *testing.T) {
	r, out := reportOf(t, run1)
	if !r.finish(nil) {
		t.Error("without a list of allowed skips every skip is allowed")
	}
	for _, want := range []string{"1 tests passed, 0 failed, 1 skipped", "skipped internal/x TestA: a_test.go:1: needs a flag"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out.String(), "silent") {
		t.Errorf("a passed test is not silent:\n%s", out)
	}
}

func TestSkipsMustBeAllowed(t *testing.T) {
	for _, c := range []struct {
		list string
		ok   bool
	}{
		{"internal/x TestA heavy", true},
		{"# nothing", false},
		{"internal/x TestA heavy\ninternal/x TestB heavy # not skipped", false},
	} {
		allowed, err := readAllowed(c.list)
		if err != nil {
			t.Fatal(err)
		}
		r, out := reportOf(t, run1)
		if ok := r.finish(allowed); ok != c.ok {
			t.Errorf("%q: %v, expected %v\n%s", c.list, ok, c.ok, out)
		}
	}
	if _, err := readAllowed("internal/x TestA"); err == nil {
		t.Error("an entry without a reason was read")
	}
}

func TestFailuresAreShown(t *testing.T) {
	_, out := reportOf(t, `not json
{"ImportPath":"y","Action":"build-output","Output":"y.go: undefined\n"}
{"Action":"output",PKG,"Test":"TestC/sub","Output":"wrong sum\n"}
{"Action":"fail",PKG,"Test":"TestC/sub","Elapsed":0}
{"Action":"fail",PKG,"Test":"TestC","Elapsed":0}
{"Action":"output",PKG,"Test":"TestHang","Output":"cut short\n"}
{"Action":"output",PKG,"Output":"panic: test timed out\n"}
{"Action":"fail",PKG,"Elapsed":9}
`)
	for _, want := range []string{"not json", "y.go: undefined", "wrong sum", "cut short", "panic: test timed out", "FAIL  github.com/deconflict/deconflict/internal/x"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
