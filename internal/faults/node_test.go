package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/program"
)

// long tells whether the long form of the tests was asked for.
var long = os.Getenv("DECONFLICT_FAULTS") != ""

// patience is far longer than anything here should take.
const patience = 60 * time.Second

var scratch string // directory of what all tests use

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "deconflict-faults"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

var buildOnce = sync.OnceValues(func() (string, error) {
	file := filepath.Join(scratch, "deconflict")
	return file, program.Build(context.Background(), file)
})

// built returns the program, built once.
func built(t *testing.T) string {
	t.Helper()
	file, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// node is a running `deconflict serve`.
type node struct {
	*program.Process
	base     string
	http     *http.Client
	recorder *recorder // of all answers; nil: none
}

// serveArgs is the command line of a node that believes who its callers say
// they are.
func serveArgs(dir string, flags ...string) []string {
	return append([]string{
		"serve", "--data", dir, "--listen", "127.0.0.1:0", "--insecure-dev",
		"--party-rate", "0", "--anonymous-rate", "0", "--min-free-disk", "0",
	}, flags...)
}

// launch starts a command line, and sees to it that it is gone when the test
// ends.
func launch(t *testing.T, command ...string) *program.Process {
	t.Helper()
	return launchAs(t, exec.Command(command[0], command[1:]...))
}

func launchAs(t *testing.T, cmd *exec.Cmd) *program.Process {
	t.Helper()
	p, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s said at the end:\n%s", filepath.Base(cmd.Path), p.Last(3000))
		}
	})
	return p
}

// serving waits until a started node listens.
func serving(t *testing.T, p *program.Process) *node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	base, err := p.URL(ctx)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &node{Process: p, base: base, http: &http.Client{Transport: transport, Timeout: patience}}
}

// start starts a node on a data directory.
func start(t *testing.T, dir string, flags ...string) *node {
	t.Helper()
	return serving(t, launch(t, append([]string{built(t)}, serveArgs(dir, flags...)...)...))
}

// refused starts a node that must not come up, and returns its exit code and
// what it said.
func refused(t *testing.T, p *program.Process) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if url, err := p.URL(ctx); err == nil {
		t.Fatalf("the node serves at %s, expected it to refuse to start", url)
	}
	return ended(t, p)
}

// ended waits for a program that ends by itself.
func ended(t *testing.T, p *program.Process) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	code, err := p.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return code, p.Said()
}

// run runs a subcommand that ends by itself.
func run(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	return ended(t, launch(t, append([]string{built(t)}, args...)...))
}

// answer is what came back.
type answer struct {
	status int
	body   []byte
}

// object is a JSON object to be sent.
type object map[string]any

// do sends a request of a party. An error means that its outcome is unknown.
// Nothing is ever sent twice: the transport repeats neither PUT nor DELETE.
func (n *node) do(party, method, path string, body any) (answer, error) {
	var text io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		text = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, n.base+path, text)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer dev:"+party+":utm.strategic_coordination")
	s := seen{method: method, path: path}
	if n.recorder != nil {
		n.recorder.begin(&s)
		req.Header.Set("X-Request-Id", s.name) // comes back in the head of the answer
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := n.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	s.answer = answer{res.StatusCode, data}
	if err == nil && n.recorder != nil {
		n.recorder.end(s)
	}
	return s.answer, err
}

// read sends a request that must be answered with the status, and decodes the
// answer unless into is nil.
func (n *node) read(party, method, path string, body any, status int, into any) error {
	a, err := n.do(party, method, path, body)
	if err != nil {
		return err
	}
	if a.status != status {
		return fmt.Errorf("%s %s as %s: found %d %.300s, expected %d", method, path, party, a.status, a.body, status)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("%s %s as %s: %w in %.300s", method, path, party, err, a.body)
	}
	return nil
}
