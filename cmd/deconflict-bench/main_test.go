package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestSmoke runs every benchmark small. Each compares its answers with another
// method's and fails when they differ; times are not looked at.
func TestSmoke(t *testing.T) {
	for _, name := range []string{"index", "narrow", "check"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			if code := run([]string{name, "-smoke"}, &out, &errs); code != 0 {
				t.Fatalf("exit %d: %s\n%s", code, errs.String(), out.String())
			}
			if !strings.Contains(out.String(), "load average") && name != "check" {
				t.Errorf("no load average in\n%s", out.String())
			}
		})
	}
	var table, faults bytes.Buffer
	if code := run([]string{"hardcases", "-dir", "../../testdata/hardcases"}, &table, &faults); code != 0 {
		t.Errorf("hard cases: exit %d: %s\n%s", code, faults.String(), table.String())
	}
	if code := run([]string{"hardcases", "-dir", "../../testdata/hardcases", "false"}, &table, &faults); code != 3 {
		t.Errorf("a command that answers nothing: exit %d", code)
	}
	var out, errs bytes.Buffer
	if code := run([]string{"nonsense"}, &out, &errs); code != 2 || !strings.Contains(errs.String(), "usage") {
		t.Errorf("exit %d, %q", code, errs.String())
	}
}
