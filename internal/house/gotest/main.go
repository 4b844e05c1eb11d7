// Command gotest runs go test and says at the end what was skipped and why,
// which go test itself keeps to itself. Tests that pass are silent.
//
//	gotest [-allow FILE] ARGUMENTS OF GO TEST
//
// With -allow a skip is a failure unless FILE names it. A line of FILE holds a
// package below the top of the module, a test and the reason, parted by blanks;
// # begins a comment. An entry whose test is not skipped is a failure too, so
// that the list stays true.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func main() {
	code, err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		code = 2
	}
	os.Exit(code)
}

func run(args []string, out io.Writer) (code int, err error) {
	var allowed map[string]string
	if len(args) >= 2 && args[0] == "-allow" {
		data, err := os.ReadFile(args[1])
		if err != nil {
			return 0, err
		}
		if allowed, err = readAllowed(string(data)); err != nil {
			return 0, fmt.Errorf("%s: %w", args[1], err)
		}
		args = args[2:]
	}
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	r := newReport(out)
	readErr := r.read(events)
	_, _ = io.Copy(io.Discard, events) // so that Wait does not wait for ever
	waitErr := cmd.Wait()
	var exit *exec.ExitError
	if waitErr != nil && !errors.As(waitErr, &exit) {
		return 0, waitErr
	}
	if readErr != nil {
		return 0, readErr
	}
	ok := r.finish(allowed)
	if waitErr != nil || !ok {
		return 1, nil
	}
	return 0, nil
}

// readAllowed returns the reasons of the allowed skips by package and test.
func readAllowed(text string) (map[string]string, error) {
	allowed := map[string]string{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if line == "" {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return nil, fmt.Errorf("found %q, expected package, test and reason", line)
		}
		allowed[fields[0]+" "+fields[1]] = strings.Join(fields[2:], " ")
	}
	return allowed, nil
}

// event is one line of go test -json (go doc test2json).
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// report gathers events.
type report struct {
	out      io.Writer
	output   map[string]*strings.Builder // of running and failed tests, by package and test
	skipped  []string                    // package and test
	reason   map[string]string
	failed   []string // package and test
	passed   int
	packages int
}

func newReport(out io.Writer) *report {
	return &report{out: out, output: map[string]*strings.Builder{}, reason: map[string]string{}}
}

func (r *report) read(events io.Reader) error {
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				fmt.Fprint(r.out, line) // the go command's own words
			} else {
				r.add(e)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) add(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		if r.output[key] == nil {
			r.output[key] = &strings.Builder{}
		}
		r.output[key].WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(e, key)
		}
	}
}

func (r *report) endTest(e event, key string) {
	top := !strings.Contains(e.Test, "/")
	switch e.Action {
	case "pass":
		if top {
			r.passed++
		}
		delete(r.output, key)
	case "skip":
		if !top && strings.HasPrefix(e.Test, "Fuzz") {
			break // a seed that the target does not take
		}
		r.skipped = append(r.skipped, key)
		if text := r.output[key]; text != nil {
			r.reason[key] = said(text.String())
		}
		delete(r.output, key)
	case "fail":
		if top {
			r.failed = append(r.failed, key)
		}
	}
}

// said returns what a test logged, on one line, without the frame that go test
// puts around it.
func said(output string) string {
	var words []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			words = append(words, line)
		}
	}
	return strings.Join(words, " ")
}

// endPackage prints a package's line, and what its failed tests and those cut
// short said.
func (r *report) endPackage(e event) {
	if e.Action == "skip" {
		return // no tests
	}
	r.packages++
	if e.Action == "pass" {
		fmt.Fprintf(r.out, "ok    %-64s %6.1f s\n", e.Package, e.Elapsed)
		delete(r.output, e.Package+" ")
		return
	}
	var keys []string
	for key := range r.output {
		if strings.HasPrefix(key, e.Package+" ") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	slices.Reverse(keys) // the package's own words come last
	for _, key := range keys {
		fmt.Fprint(r.out, r.output[key])
		delete(r.output, key)
	}
	fmt.Fprintf(r.out, "FAIL  %-64s %6.1f s\n", e.Package, e.Elapsed)
}

// short returns package and test without the module's name.
func short(key string) string {
	_, rest, found := strings.Cut(key, "/deconflict/deconflict/")
	if !found {
		return key
	}
	return rest
}

// finish prints the sums and returns whether the skips are as allowed; nil
// allows all.
func (r *report) finish(allowed map[string]string) bool {
	fmt.Fprintf(r.out, "\n%d packages with tests: %d tests passed, %d failed, %d skipped\n",
		r.packages, r.passed, len(r.failed), len(r.skipped))
	slices.Sort(r.failed)
	slices.Sort(r.skipped)
	for _, key := range r.failed {
		fmt.Fprintf(r.out, "  failed %s\n", short(key))
	}
	ok, used := true, map[string]bool{}
	for _, key := range r.skipped {
		reason := r.reason[key]
		if allowed != nil {
			why, found := allowed[short(key)]
			if found {
				reason = "allowed: " + why
				used[short(key)] = true
			} else {
				reason = "NOT ALLOWED: " + reason
				ok = false
			}
		}
		fmt.Fprintf(r.out, "  skipped %s: %s\n", short(key), reason)
	}
	for key := range allowed {
		if !used[key] {
			fmt.Fprintf(r.out, "  STALE: %s is among the allowed skips and was not skipped\n", key)
			ok = false
		}
	}
	return ok
}
