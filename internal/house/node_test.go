package house

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeNode runs the lines by which README.md lets two operators meet in a
// node, and the script that it names, on a free port instead of 8080.
func TestReadmeNode(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, lines, ok := strings.Cut(string(readme), "\n```sh\n")
	lines, _, closed := strings.Cut(lines, "\n```\n")
	if !ok || !closed {
		t.Fatal("README.md has no block of sh")
	}
	program := buildProgram(t)
	t.Run("README.md", func(t *testing.T) {
		port := freePort(t)
		const serve = "deconflict serve --data node --builtin-issuer &"
		if !strings.Contains(lines, serve) {
			t.Fatalf("the block does not begin with %q", serve)
		}
		script := strings.Replace(lines, serve, fmt.Sprintf(
			"deconflict serve --data node --builtin-issuer --listen 127.0.0.1:%s 2>log &\ntrap 'kill $!; wait' EXIT", port), 1)
		script = strings.Replace(script, "sleep 1", "until curl -sf localhost:8080/readyz; do sleep 0.05; done", 1)
		meets(t, strings.ReplaceAll(script, ":8080", ":"+port), program, 1)
	})
	t.Run("meet.sh", func(t *testing.T) {
		meets(t, "PORT="+freePort(t)+" sh examples/two-uss/meet.sh", program, 2)
	})
}

// meets runs a script in which one intent is refused for want of one OVN and the
// others are let in.
func meets(t *testing.T, script, program string, admitted int) {
	t.Helper()
	out, exit := runIn(t, script, linkedTree(t), program)
	text := strings.Join(out, "\n")
	if exit != 0 && !strings.Contains(script, "trap") {
		t.Errorf("exit code %d", exit)
	}
	if n := strings.Count(text, `"ovn":"`); n != admitted {
		t.Errorf("%d intents were let in, want %d", n, admitted)
	}
	if n := strings.Count(text, "the key lacks the current OVN of 1 operational intent in the way"); n != 1 {
		t.Errorf("%d intents were refused, want 1", n)
	}
	for _, shown := range []string{
		`"altitude_lower":{"value":640,`, `"altitude_upper":{"value":650,`,
		`"value":"2035-05-07T09:10:00Z"`, `"where_and_when":[{"extent":0,"box":{"volume":{"outline_polygon":`,
	} {
		if !strings.Contains(text, shown) {
			t.Errorf("README.md shows %s, the node does not", shown)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
