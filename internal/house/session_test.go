package house

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/program"
)

// docs/AGREEMENTS.md is one session with a node. Its blocks are fenced as
// "```console node"; what they show is held against what the program prints as
// in other documents, but ids, hashes and keys, which differ each time, need
// only stand for one and the same thing throughout.

const sessionFence = "```console node"

var nameable = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{64}\b|key [A-Za-z0-9_-]{43}|\b[A-Z2-7]{26}\b|receipt [0-9]+`)

// session knows what the names in a document stand for in this run.
type session struct{ real map[string]string }

// same tells whether a line is as shown, and learns its names.
func (s *session) same(want, got string) bool {
	names, reals := nameable.FindAllString(want, -1), nameable.FindAllString(got, -1)
	if len(names) != len(reals) || nameable.ReplaceAllString(want, "<>") != nameable.ReplaceAllString(got, "<>") {
		return false
	}
	for i, name := range names {
		if known, ok := s.real[name]; ok && known != reals[i] {
			return false
		}
		s.real[name] = reals[i]
	}
	return true
}

// matches tells whether the lines are as shown; "..." stands for one line.
func (s *session) matches(want, got []string) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != "..." && !s.same(want[i], got[i]) {
			return false
		}
	}
	return true
}

// command puts what is real into a command.
func (s *session) command(shown string) string {
	return nameable.ReplaceAllStringFunc(shown, func(name string) string {
		if real, ok := s.real[name]; ok {
			return real
		}
		return name
	})
}

func TestAgreementsAreMadeAsShown(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	doc, err := os.ReadFile(filepath.Join(root, "docs", "AGREEMENTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	const serve = "deconflict serve --data data --builtin-issuer --clock 2031-05-05T08:00:00Z --debug-listen localhost:8081 &\n"
	if !strings.Contains(string(doc), "cp -r examples/two-operators meeting && cd meeting\n"+serve) {
		t.Fatalf("docs/AGREEMENTS.md does not start its node with %q", serve)
	}
	list, err := consoleBlocks(strings.ReplaceAll(string(doc), sessionFence+"\n", "```console\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 30 {
		t.Fatalf("found %d commands, expected those of the whole session", len(list))
	}
	built, dir := buildProgram(t), t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "examples", "two-operators"))); err != nil {
		t.Fatal(err)
	}
	url := startNode(t, built, dir)
	s := &session{map[string]string{}}
	for _, c := range list {
		got, exit := runIn(t, "export DECONFLICT_NODE="+url+"\n"+s.command(c.command), dir, built)
		if exit != c.exit || !s.matches(c.want, got) {
			t.Fatalf("$ %s\nprints, exit code %d,\n%s\nthe document shows, exit code %d,\n%s",
				c.command, exit, strings.Join(got, "\n"), c.exit, strings.Join(c.want, "\n"))
		}
	}
}

// startNode runs the document's node, on free ports.
func startNode(t *testing.T, built, dir string) (url string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(built, "deconflict"), "serve", "--data", "data", "--builtin-issuer", "--clock", "2031-05-05T08:00:00Z", "--debug-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0")
	cmd.Dir = dir
	process, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Stop(); err != nil {
			t.Error(err)
		}
	})
	if url, err = process.URL(context.Background()); err != nil {
		t.Fatal(err)
	}
	return url
}

func TestSessionsHoldNamesToOneMeaning(t *testing.T) {
	const a, b = "0f194052-03f7-4b73-923b-17f4fbf4d748", "1f194052-03f7-4b73-923b-17f4fbf4d748"
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"id " + a, "id " + b, true},
		{"id " + a + "\nid " + a, "id " + b + "\nid " + b, true},
		{"id " + a + "\nid " + a, "id " + b + "\nid " + a, false},
		{"id " + a, "at " + b, false},
		{"id " + a, "id none", false},
		{"...\nx", "any\nx", true},
		{"x", "x\ny", false},
	} {
		s := &session{map[string]string{}}
		if got := s.matches(strings.Split(c.want, "\n"), strings.Split(c.got, "\n")); got != c.ok {
			t.Errorf("%q for %q: %v", c.got, c.want, got)
		}
	}
	s := &session{map[string]string{a: b}}
	if got := s.command("show " + a); got != "show "+b {
		t.Errorf("%q", got)
	}
}
