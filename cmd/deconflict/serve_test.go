package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is the real program running a node.
type process struct {
	*exec.Cmd
	t   *testing.T
	url string
	out *strings.Builder // stderr; to be read after wait
	end chan struct{}
}

var listening = regexp.MustCompile(`^listening on (http://127\.0\.0\.1:\d+)$`)

// startNode starts `deconflict serve` and waits until it listens.
func startNode(t *testing.T, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// TestMain runs the program when it is called by this name.
	return startProcess(t, &exec.Cmd{Path: self, Args: append([]string{"deconflict", "serve", "--listen", "127.0.0.1:0"}, args...)})
}

// startProcess starts a command that runs a node and waits until it listens.
func startProcess(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: cmd, t: t, out: &strings.Builder{}, end: make(chan struct{})}
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.end
	})
	ready := make(chan struct{})
	go func() {
		defer close(p.end)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			p.out.WriteString(lines.Text() + "\n")
			if m := listening.FindStringSubmatch(lines.Text()); m != nil && p.url == "" {
				p.url = m[1]
				close(ready)
			}
		}
	}()
	select {
	case <-ready:
	case <-p.end:
		t.Fatalf("the node ended before it listened:\n%s", p.out)
	}
	return p
}

// wait returns the exit code, or -1 after a signal.
func (p *process) wait() int {
	<-p.end
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

// do returns the status of an answer, or 0 when none came.
func (p *process) do(method, path, body string) int {
	p.t.Helper()
	r, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer dev:uss1:deconflict.read,utm.strategic_coordination")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// A signal ends the node in good order; its directory belongs to it alone
// meanwhile.
func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := startNode(t, "--data", dir, "--insecure-dev", "--debug-listen", "127.0.0.1:0")
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/v1/status": 200, "/v1/openapi.yaml": 200, "/": 200, "/map": 404, "/metrics": 404} {
		if got := p.do("GET", path, ""); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	a, _, stderr := testApp()
	if code := a.main([]string{"serve", "--data", dir, "--insecure-dev", "--listen", "127.0.0.1:0"}); code != exitUnusable || !strings.Contains(stderr.String(), "in use by another process") {
		t.Errorf("a second node on the directory: exit code %d, %s", code, stderr)
	}
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got := p.do("GET", "/healthz", ""); got != 200 {
		t.Errorf("after SIGHUP: %d", got)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(); code != exitClear {
		t.Errorf("exit code %d after SIGTERM:\n%s", code, p.out)
	}
	for _, want := range []string{"INSECURE", `"msg":"serving"`, `"msg":"stopped"`, "metrics on http://127.0.0.1:"} {
		if !strings.Contains(p.out.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, p.out)
		}
	}
}

// A second signal does not wait for whoever is slow.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	p := startNode(t, "--data", t.TempDir(), "--insecure-dev", "--drain-timeout", "10m")
	// A request whose body never ends keeps the node from stopping.
	body, feed := io.Pipe()
	defer feed.Close()
	r, err := http.NewRequest("POST", p.url+"/dss/v1/reports", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer dev:uss1:utm.strategic_coordination")
	// The body is asked for once the node has the request in hand.
	r.Header.Set("Expect", "100-continue")
	client := http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	go func() {
		if res, err := client.Do(r); err == nil {
			res.Body.Close()
		}
	}()
	if _, err := feed.Write([]byte("{")); err != nil {
		t.Fatal(err)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// The second signal counts once the first is dealt with; until then it would
	// be one with it.
	for {
		select {
		case <-p.end:
		default:
			if err := p.Process.Signal(syscall.SIGTERM); err == nil {
				continue
			}
		}
		break
	}
	if code := p.wait(); code != -1 || strings.Contains(p.out.String(), `"msg":"stopped"`) {
		t.Errorf("exit code %d, want an end by the signal:\n%s", code, p.out)
	}
}

// A node that cannot be started says why, with exit code 2.
func TestServeRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, k := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"no trust":       {[]string{"--data", dir}, nil, "--insecure-dev believes every identity"},
		"no data":        {[]string{"--insecure-dev"}, nil, "data: found nothing"},
		"wrong key file": {[]string{"--data", dir, "--token-key", filepath.Join(dir, "none.pem")}, nil, "none.pem"},
		"wrong variable": {[]string{"--data", dir}, map[string]string{"DECONFLICT_PARTY_RATE": "fast"}, `environment: DECONFLICT_PARTY_RATE: found "fast", expected a number of 0 or more`},
		"no config":      {[]string{"--config", filepath.Join(dir, "none.toml")}, nil, "none.toml: no such file or directory"},
		"no config, env": {nil, map[string]string{"DECONFLICT_CONFIG": filepath.Join(dir, "none.toml")}, "none.toml: no such file or directory"},
		"public insecure": {
			[]string{"--data", dir, "--listen", ":0", "--insecure-dev"},
			nil,
			"flag --insecure-dev: insecure-dev: found it with the address :0, expected a loopback address",
		},
	} {
		a, stdout, stderr := testApp()
		a.getenv = func(name string) string { return k.env[name] }
		if code := a.main(append([]string{"serve"}, k.args...)); code != exitUnusable || !strings.Contains(stderr.String(), k.want) || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q, want %q", name, code, stdout, stderr, k.want)
		}
	}
}

// When the journal cannot be written any more the exit code is 3, so that a
// supervisor starts the node again, and the next start has all that anybody was
// told. Here no file may grow beyond a limit.
func TestJournalFailureIsExitThree(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to set the limit with")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "deconflict")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	p := startProcess(t, &exec.Cmd{Path: shell, Args: []string{
		"sh", "-c", `ulimit -f 1024 && exec "$0" serve --listen 127.0.0.1:0 --insecure-dev --data "$1"`, program, data,
	}})
	var told []string
	for i := range 10_000 {
		id := fmt.Sprintf("11111111-1111-4111-8111-%012d", i)
		if status := p.do("PUT", "/dss/v1/subscriptions/"+id, `{"uss_base_url":"https://uss1.example/f3548",
			"notify_for_operational_intents":true,"extents":{"volume":{"outline_circle":{
			"center":{"lat":47.4,"lng":8.5},"radius":{"value":500,"units":"M"}}}}}`); status != 200 && status != 201 {
			break
		}
		told = append(told, id)
	}
	if code := p.wait(); code != exitInternal || !strings.Contains(p.out.String(), "the journal failed") {
		t.Fatalf("exit code %d:\n%s", code, p.out)
	}
	if len(told) == 0 {
		t.Fatal("nothing was written before the limit")
	}
	p = startNode(t, "--data", data, "--insecure-dev")
	for _, id := range told {
		if status := p.do("GET", "/dss/v1/subscriptions/"+id, ""); status != 200 {
			t.Errorf("%s was written and is gone: %d", id, status)
		}
	}
}
