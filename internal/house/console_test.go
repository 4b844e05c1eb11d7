package house

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// What README.md and docs/*.md show is what the program prints. A document
// shows it in blocks fenced as ```console:
//
//	```console
//	$ deconflict check examples/a.geojson examples/b.geojson
//	a and b conflict ...
//	...
//	[exit 1]
//	$ deconflict version | cut -d' ' -f1
//	deconflict
//	```
//
// Each line that begins with "$ " is a command; one that ends in a backslash
// goes on in the next. The lines up to the next command or the end of the block
// are exactly what it prints, on stdout and stderr together. A line that is
// just "..." stands for any lines, none included. An exit code other than 0 is
// the last line, "[exit 1]".
//
// Commands, with a variable set before them if need be, run in sh, in a folder that holds links to the files at the top of
// the project, so that what they write stays out of it. "deconflict" and "go
// run ./cmd/deconflict" are run, both with a program built once. Those in
// notRun are not: other tests and the CI run them. Any other command fails.
var notRun = []string{"make", "go test", "go build", "go install", "git clone", "cd"}

// goRun is replaced by the program, which is what go run would build.
const goRun = "go run ./cmd/deconflict"

// shown is one command of a document and what it is said to print.
type shown struct {
	command string
	want    []string
	exit    int
}

// setting is a variable set for one command, such as the width of the terminal.
var setting = regexp.MustCompile(`^[A-Z]+=\S+ `)

var exitLine = regexp.MustCompile(`^\[exit (\d+)\]$`)

// consoleBlocks returns the commands of a document's console blocks.
func consoleBlocks(doc string) ([]shown, error) {
	var list []shown
	inside, more := false, false
	for line := range strings.Lines(doc) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "```") {
			if more {
				return nil, fmt.Errorf("%q: found the end of the block after a backslash, expected the rest", list[len(list)-1].command)
			}
			inside = !inside && line == "```console"
			continue
		}
		if !inside {
			continue
		}
		last := len(list) - 1
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case more:
			list[last].command += "\n" + line
			more = strings.HasSuffix(line, `\`)
		case isCommand:
			list = append(list, shown{command: command})
			more = strings.HasSuffix(command, `\`)
		case last < 0:
			return nil, fmt.Errorf("found %q, expected a command: \"$ ...\"", line)
		default:
			list[last].want = append(list[last].want, line)
		}
	}
	for i := range list {
		s := &list[i]
		if n := len(s.want); n > 0 {
			if m := exitLine.FindStringSubmatch(s.want[n-1]); m != nil {
				fmt.Sscan(m[1], &s.exit)
				s.want = s.want[:n-1]
			}
		}
	}
	return list, nil
}

// matches tells whether the lines are as shown; "..." stands for any.
func matches(want, got []string) bool {
	for len(want) > 0 && want[0] != "..." {
		if len(got) == 0 || got[0] != want[0] {
			return false
		}
		want, got = want[1:], got[1:]
	}
	if len(want) == 0 {
		return len(got) == 0
	}
	for n := range len(got) + 1 {
		if matches(want[1:], got[n:]) {
			return true
		}
	}
	return false
}

// begins tells whether a command line begins with the words.
func begins(command, words string) bool {
	return command == words || strings.HasPrefix(command, words+" ")
}

func TestDocumentsShowWhatIsPrinted(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	if _, err := os.Stat(filepath.Join(root, "README.md")); errors.Is(err, os.ErrNotExist) {
		t.Skip("there is no README.md yet")
	}
	program := buildProgram(t)
	for _, f := range projectFiles(t) {
		if f.name != "README.md" && (path.Dir(f.name) != "docs" || path.Ext(f.name) != ".md") {
			continue
		}
		list, err := consoleBlocks(string(f.data))
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		t.Run(path.Base(f.name), func(t *testing.T) {
			dir := linkedTree(t)
			for _, s := range list {
				if what := fault(t, s, dir, program); what != "" {
					t.Errorf("$ %s\n%s", s.command, what)
				}
			}
		})
	}
}

// buildProgram returns the folder of a fresh build.
func buildProgram(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := goCommand("build", "-o", filepath.Join(dir, "deconflict"), "./cmd/deconflict").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return dir
}

// linkedTree returns a folder with a link to everything at the top.
func linkedTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.Symlink(filepath.Join(top, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// fault runs a command of a document and returns what is wrong with what the
// document shows; empty when nothing is.
func fault(t *testing.T, s shown, dir, program string) string {
	t.Helper()
	for _, words := range notRun {
		if begins(s.command, words) {
			return ""
		}
	}
	command, byGo := s.command, begins(s.command, goRun)
	switch {
	case byGo:
		command = "deconflict" + strings.TrimPrefix(s.command, goRun)
	case !begins(strings.TrimPrefix(s.command, setting.FindString(s.command)), "deconflict"):
		return fmt.Sprintf("this command is neither run nor among those left to others: %q", notRun)
	}
	got, exit := runIn(t, command, dir, program)
	if byGo && exit != 0 {
		// go run says so itself, and exits with 1 whatever the program did.
		got, exit = append(got, fmt.Sprintf("exit status %d", exit)), 1
	}
	if exit != s.exit || !matches(s.want, got) {
		return fmt.Sprintf("prints, exit code %d,\n%s\nthe document shows, exit code %d,\n%s",
			exit, strings.Join(got, "\n"), s.exit, strings.Join(s.want, "\n"))
	}
	return ""
}

// runIn runs a command line and returns the lines that it prints and its exit
// code.
func runIn(t *testing.T, command, dir, program string) (lines []string, exit int) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + program + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + dir, "LANG=C.UTF-8", "TZ=UTC", "NO_COLOR=1",
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		exit = failed.ExitCode()
	} else if err != nil {
		t.Fatalf("$ %s\n%v", command, err)
	}
	text := strings.TrimSuffix(out.String(), "\n")
	if text == "" {
		return nil, exit
	}
	return strings.Split(text, "\n"), exit
}

func TestConsoleBlocks(t *testing.T) {
	const doc = "# X\n```sh\n$ not this\n```\n```console\n$ deconflict a \\\n    b\none\n...\n\n[exit 2]\n$ make test\n```\n"
	list, err := consoleBlocks(doc)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].command != "deconflict a \\\n    b" || list[0].exit != 2 || len(list[0].want) != 3 ||
		list[1].command != "make test" || list[1].want != nil {
		t.Errorf("found %+v", list)
	}
	for _, bad := range []string{"```console\nprinted\n```\n", "```console\n$ deconflict \\\n```\n"} {
		if list, err := consoleBlocks(bad); err == nil {
			t.Errorf("%q: found no fault in %+v", bad, list)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a b", "a b", true},
		{"a b", "a", false},
		{"a", "a b", false},
		{"a ...", "a", true},
		{"a ... d", "a b c d", true},
		{"a ... d", "a b c", false},
		{"... c ...", "a b c d", true},
		{"...", "", true},
		{"b ...", "a b", false},
	} {
		if got := matches(strings.Fields(c.want), strings.Fields(c.got)); got != c.ok {
			t.Errorf("want %q, got %q: %v", c.want, c.got, got)
		}
	}
}

// A document that shows something else must fail, or the test above proves
// nothing. The program is a stand-in.
func TestFaultsAreFound(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	program := t.TempDir()
	script := "#!/bin/sh\necho out; echo err >&2; exit 3\n"
	if err := os.WriteFile(filepath.Join(program, "deconflict"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		block string
		ok    bool
	}{
		{"$ deconflict check\nout\nerr\n[exit 3]", true},
		{"$ deconflict check\nout\nerr", false},
		{"$ deconflict check\nout\n[exit 3]", false},
		{"$ deconflict check\n...\n[exit 3]", true},
		{"$ deconflict check; echo more\nout\nerr\nmore", true},
		{"$ go run ./cmd/deconflict check\nout\nerr\nexit status 3\n[exit 1]", true},
		{"$ go run ./cmd/deconflict check\nout\nerr\n[exit 3]", false},
		{"$ make test", true},
		{"$ rm -r x", false},
		{"$ deconflicted", false},
	} {
		list, err := consoleBlocks("```console\n" + c.block + "\n```\n")
		if err != nil || len(list) != 1 {
			t.Fatalf("%q: found %v, %v", c.block, list, err)
		}
		if what := fault(t, list[0], t.TempDir(), program); (what == "") != c.ok {
			t.Errorf("%q: %q", c.block, what)
		}
	}
}
