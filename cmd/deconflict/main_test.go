package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	version = "v0.0.0-test"
	testscript.Main(m, map[string]func(){"deconflict": main, "named": named})
}

// TestScripts runs the transcripts in testdata/script against the real program,
// with copies of the shipped examples and of real missions and zones beside them. UPDATE_SCRIPTS=1 rewrites the
// expected output; read the difference before you commit it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			for _, dir := range []string{"examples", "testdata/missions", "testdata/zones"} {
				if err := os.CopyFS(filepath.Join(env.WorkDir, filepath.Base(dir)), os.DirFS(filepath.Join("../..", dir))); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "same": same, "node": node, "clock": clock},
	})
}

// exits runs a program and checks its exit code: `exits 2 deconflict check`.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT]...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// same checks that lines matching a pattern are equal in two files:
// `same verdict_digest a.json b.json`.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: [!] same WORD FILE FILE")
	}
	var found [2]string
	for i, name := range args[1:] {
		for _, line := range strings.Split(ts.ReadFile(name), "\n") {
			if strings.Contains(line, args[0]) {
				found[i] += strings.TrimSpace(line) + "\n"
			}
		}
		if found[i] == "" {
			ts.Fatalf("%s: no line with %q", name, args[0])
		}
	}
	if (found[0] == found[1]) == neg {
		ts.Fatalf("%s:\n%s%s:\n%s", args[1], found[0], args[2], found[1])
	}
}

// testApp is the program with its output caught.
func testApp() (a *app, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return &app{stdin: strings.NewReader(""), stdout: stdout, stderr: stderr, getenv: func(string) string { return "" }}, stdout, stderr
}

// failing is a writer whose disk is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFailureToAnswerIsInternal(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"version"}, {"show", "../../examples/varanth/h-17.geojson"}, {"check", "../../examples/varanth/h-17.geojson", "../../examples/varanth/n-204.geojson"}} {
		a, _, stderr := testApp()
		a.stdout = failing{}
		if code := a.main(args); code != exitInternal || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%v: exit code %d, stderr %q", args, code, stderr)
		}
	}
}

// panicking is input that makes the program fail in a way nobody foresaw.
type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("unforeseen") }

func TestPanicIsReportedAsInternal(t *testing.T) {
	a, _, stderr := testApp()
	a.stdin = panicking{}
	if code := a.main([]string{"show", "-"}); code != exitInternal {
		t.Errorf("exit code %d, want %d", code, exitInternal)
	}
	if !strings.Contains(stderr.String(), "internal fault: unforeseen") {
		t.Errorf("stderr %q", stderr)
	}
}

// Every flag of a command stands in its help text, and every flag in the help
// text exists.
func TestHelpNamesEveryFlag(t *testing.T) {
	c := &check{}
	var s settings
	type command struct {
		usage string
		flags *flags
	}
	commandsWithFlags := []command{{checkUsage, c.flags()}, {optionsUsage, (&optionsCommand{}).flags()}, {convertUsage, convertFlags(&s, new(string), new(string))}, {showUsage, showFlags(&s, new(bool), new(bool), new(string))}, {tokenUsage, (&tokenRequest{}).flags()}, {serveUsage, (&serveCommand{}).flags()}}
	for domain, usage := range map[string]string{
		"party": partyUsage, "agreement": agreementUsage, "channel": channelUsage, "intent": intentUsage, "zone": zoneUsage, "offer": offerUsage,
		"notice": noticeUsage, "bearer": bearerUsage, "incident": incidentUsage, "release": releaseUsage, "record": recordUsage, "act": actFileUsage,
	} {
		commandsWithFlags = append(commandsWithFlags, command{usage, (&actFlags{domain: domain}).flags()})
	}
	for _, k := range commandsWithFlags {
		documented := map[string]bool{}
		for _, line := range strings.Split(k.usage, "\n") {
			if word := strings.Fields(line + " x")[0]; strings.HasPrefix(line, "  -") {
				documented[strings.TrimLeft(word, "-")] = true
			}
		}
		k.flags.set.VisitAll(func(f *flag.Flag) {
			if !documented[f.Name] {
				t.Errorf("%s: %s is not in the help text", k.flags.command, dashed(f.Name))
			}
			delete(documented, f.Name)
		})
		for name := range documented {
			t.Errorf("%s: the help text names %s, which does not exist", k.flags.command, dashed(name))
		}
	}
}

// On a terminal the answer has colour, unless NO_COLOR is set; elsewhere never.
func TestColour(t *testing.T) {
	for _, colour := range []bool{false, true} {
		a, stdout, _ := testApp()
		a.colour = colour
		a.main([]string{"check", "../../examples/varanth/h-17.geojson", "../../examples/varanth/n-204.geojson", "--minima", "5NM,2000ft"})
		if got := strings.Contains(stdout.String(), "\x1b["); got != colour {
			t.Errorf("colour %v: escape sequences %v", colour, got)
		}
	}
}

func TestProgressIsShownOnTerminalsOnly(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		a, _, stderr := testApp()
		a.progress = terminal
		a.main([]string{"check", "../../examples/varanth/h-17.geojson", "../../examples/varanth/n-204.geojson"})
		if got := strings.Contains(stderr.String(), "comparing: 100 %"); got != terminal {
			t.Errorf("terminal %v: stderr %q", terminal, stderr)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"check", "show", "convert", "version", "help"}
	for typed, want := range map[string]string{"chek": "check", "vers": "version", "hlep": "help", "frobnicate": "", "x": "", "conv": "convert"} {
		if got := nearest(typed, names); got != want {
			t.Errorf("%s: %q, want %q", typed, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	got := wrap("one two three four", 9, 2)
	if want := "one two\n  three\n  four"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, line := range strings.Split(got, "\n") {
		if len(line) > 9 {
			t.Errorf("%q is longer than 9", line)
		}
	}
	if got := wrap("one two", 0, 2); got != "one two" {
		t.Errorf("width 0: %q", got)
	}
}

func TestPrintableDisarmsTerminals(t *testing.T) {
	if got := printable("a\x1b[31m\nb\u202ec\xffd é"); got != "a?[31m?b?c?d é" {
		t.Errorf("%q", got)
	}
}
