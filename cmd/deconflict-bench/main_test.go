package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// The benchmarks start this program again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"serve-floor", "channel-floor", "node-reopen"}, os.Args[1]) {
		main()
	}
	os.Exit(m.Run())
}

// The floor answers every request of a flight.
func TestServeFloor(t *testing.T) {
	var out, errs bytes.Buffer
	args := []string{"serve", "-floor", "-serve", "", "-flights", "50", "-workers", "4", "-place", "spread,same-cell", "-dir", t.TempDir()}
	if code := run(args, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s\n%s", code, errs.String(), out.String())
	}
	for _, want := range []string{"load average", "floor, spread", "floor, same-cell", "no errors", "quietest of 1 rounds"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("found no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "ERRORS") {
		t.Error(out.String())
	}
	t.Log(out.String())
	if code := run([]string{"serve", "-bystanders", "few"}, &out, &errs); code != 3 || !strings.Contains(errs.String(), `found "few" bystanders`) {
		t.Errorf("exit %d, %q", code, errs.String())
	}
}

// All intents are there after both kinds of recovery, or the run fails.
func TestNode(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"node", "-n", "700", "-dir", t.TempDir()}, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s\n%s", code, errs.String(), out.String())
	}
	for _, want := range []string{"built in", "recovered from a snapshot in", "replayed without one"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("found no %q in\n%s", want, out.String())
		}
	}
	if code := run([]string{"node-reopen", t.TempDir()}, &out, &errs); code != 0 {
		t.Errorf("an empty directory: exit %d: %s", code, errs.String())
	}
}

// TestSmoke runs every benchmark small. Each compares its answers with another
// method's, or what arrived with what was sent, and fails when they differ; times
// are not looked at.
func TestSmoke(t *testing.T) {
	for _, name := range []string{"index", "narrow", "check", "outline", "options", "channel"} {
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
