package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/journal"
)

// node is a running Server.
type node struct {
	*Server
	t    *testing.T
	log  *logBuffer
	stop func() error // ends it and returns what Run did
}

// logBuffer is a log that is read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// config returns that of a node for tests.
func config(dir string) Config {
	c := DefaultConfig()
	c.Data, c.Listen, c.InsecureDev = dir, "127.0.0.1:0", true
	c.MinFreeDisk = 0
	return c
}

// start runs a node until the test ends or stop is called.
func start(t *testing.T, c Config) *node {
	t.Helper()
	n := &node{t: t, log: &logBuffer{}}
	s, err := New(t.Context(), c, Options{Version: "test", Log: slog.New(slog.NewJSONHandler(n.log, nil)), Getenv: env(nil)})
	if err != nil {
		t.Fatal(err)
	}
	n.Server = s
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	n.stop = sync.OnceValue(func() error {
		cancel()
		return <-ran
	})
	t.Cleanup(func() { _ = n.stop() })
	return n
}

// do sends a request as a party with scopes and returns status and body.
func (n *node) do(method, path, party string, body string) (int, string) {
	n.t.Helper()
	r, err := http.NewRequest(method, n.URL()+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	if party != "" {
		r.Header.Set("Authorization", "Bearer dev:"+party+":utm.strategic_coordination,utm.constraint_processing")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// subscribe creates the subscription whose id ends in i.
func (n *node) subscribe(party string, i int) {
	n.t.Helper()
	id := fmt.Sprintf("11111111-1111-4111-8111-%012d", i)
	status, body := n.do("PUT", "/dss/v1/subscriptions/"+id, party, `{"uss_base_url":"https://`+party+`.example/f3548",
		"notify_for_operational_intents":true,"extents":{"volume":{"outline_circle":{
		"center":{"lat":47.4,"lng":8.5},"radius":{"value":100,"units":"M"}}}}}`)
	if status != http.StatusOK && status != http.StatusCreated {
		n.t.Fatalf("subscription: %d %s", status, body)
	}
}

func TestNodeKeepsWhatItWasTold(t *testing.T) {
	dir := t.TempDir()
	n := start(t, config(dir))
	n.subscribe("uss1", 1)
	if status, body := n.do("GET", "/v1/subscriptions/11111111-1111-4111-8111-000000000001", "uss1", ""); status != 200 {
		t.Fatal(status, body)
	}
	if _, err := New(t.Context(), config(dir), Options{Log: quiet(), Getenv: env(nil)}); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("a second process on the directory: %v", err)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	snapshots, err := os.ReadDir(filepath.Join(dir, "snapshots"))
	if err != nil || len(snapshots) != 1 {
		t.Errorf("%d snapshots after the end, %v, want 1", len(snapshots), err)
	}
	n = start(t, config(dir))
	if status, body := n.do("GET", "/v1/subscriptions/11111111-1111-4111-8111-000000000001", "uss1", ""); status != 200 {
		t.Error(status, body)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	// Continued under another key, nobody could hold it to its word.
	if err := os.Remove(journal.KeyFile(dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), config(dir), Options{Log: quiet(), Getenv: env(nil)}); err == nil || !strings.Contains(err.Error(), "restore the key") {
		t.Errorf("a journal without its key: %v", err)
	}
}

func TestUnusableStarts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]struct {
		set  func(*Config)
		want string
	}{
		"address in use":      {func(c *Config) { c.Listen = taken.Addr().String() }, "listen: found " + taken.Addr().String() + ", bind: address already in use"},
		"debug in use":        {func(c *Config) { c.DebugListen = taken.Addr().String() }, "debug-listen: found 127.0.0.1:"},
		"data is a file":      {func(c *Config) { c.Data = file }, "not a directory"},
		"no such key":         {func(c *Config) { c.InsecureDev, c.TokenKey = false, []string{file + ".pem"} }, "no such file"},
		"key without a key":   {func(c *Config) { c.InsecureDev, c.TokenKey = false, []string{file} }, "keys of token issuers: "},
		"no such certificate": {func(c *Config) { c.TLSCert, c.TLSKey = file+".pem", file }, "certificate "},
		"bad configuration":   {func(c *Config) { c.InsecureDev = false }, "no key to check tokens with"},
	} {
		c := config(t.TempDir())
		k.set(&c)
		s, err := New(t.Context(), c, Options{Log: quiet(), Getenv: env(nil)})
		if err == nil {
			t.Errorf("%s: no error", name)
			_ = s.Close()
			continue
		}
		if !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s: %v, want %q", name, err, k.want)
		}
		// A failed start holds nothing: the directory can be used.
		if c.Data != file {
			again, err := New(t.Context(), config(c.Data), Options{Log: quiet(), Getenv: env(nil)})
			if err != nil {
				t.Errorf("%s, then a good start: %v", name, err)
				continue
			}
			if err := again.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// Requests under way are finished, streams end, and then the node stops.
func TestStopDrains(t *testing.T) {
	n := start(t, config(t.TempDir()))
	r, err := http.NewRequest("GET", n.URL()+"/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer dev:uss1:deconflict.read")
	stream, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if line, err := bufio.NewReader(stream.Body).ReadString('\n'); err != nil || line != ":\n" {
		t.Fatalf("%q %v", line, err)
	}
	// A request whose body comes only after the node was told to stop.
	body, feed := io.Pipe()
	put, err := http.NewRequest("PUT", n.URL()+"/dss/v1/subscriptions/11111111-1111-4111-8111-000000000009", body)
	if err != nil {
		t.Fatal(err)
	}
	put.Header.Set("Authorization", "Bearer dev:uss1:utm.strategic_coordination")
	answered := make(chan int, 1)
	go func() {
		res, err := http.DefaultClient.Do(put)
		if err != nil {
			answered <- 0
			return
		}
		res.Body.Close()
		answered <- res.StatusCode
	}()
	if _, err := io.WriteString(feed, `{"uss_base_url":"https://uss1.example","notify_for_operational_intents":true,`); err != nil {
		t.Fatal(err)
	}
	for n.edge.requests.inUse() == 0 { // the server has begun with it
		if status, _ := n.do("GET", "/healthz", "", ""); status != 200 {
			t.Fatal(status)
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- n.stop() }()
	if _, err := io.ReadAll(stream.Body); err != nil {
		t.Errorf("the stream was cut, not ended: %v", err)
	}
	if !slices.Contains(n.unready(), "the node is stopping") {
		t.Errorf("while stopping: %v", n.unready())
	}
	_, _ = io.WriteString(feed, `"extents":{"volume":{"outline_circle":{"center":{"lat":47.4,"lng":8.5},"radius":{"value":100,"units":"M"}}}}}`)
	feed.Close()
	if status := <-answered; status != 200 && status != 201 {
		t.Errorf("the request under way: %d", status)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// When the journal fails the node ends with an error of its own, so that it is
// started again, and says so meanwhile.
func TestJournalFailureIsFatal(t *testing.T) {
	s, err := New(t.Context(), config(t.TempDir()), Options{Log: quiet(), Getenv: env(nil)})
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("input/output error")
	s.fail(cause)
	if !slices.Contains(s.unready(), "the journal failed") || s.alive(t.Context()) == nil {
		t.Errorf("faults %v, alive %v", s.unready(), s.alive(t.Context()))
	}
	if err := s.Run(t.Context()); !errors.Is(err, ErrFatal) || !errors.Is(err, cause) {
		t.Errorf("%v, want ErrFatal with its cause", err)
	}
}

func TestReady(t *testing.T) {
	n := start(t, config(t.TempDir()))
	if status, body := n.do("GET", "/readyz", "", ""); status != 200 || body != `{"ready":true,"faults":[]}`+"\n" {
		t.Errorf("%d %s", status, body)
	}
	if err := n.alive(t.Context()); err != nil {
		t.Error(err)
	}
	n = start(t, func() Config {
		c := config(t.TempDir())
		c.MinFreeDisk = math.MaxInt64
		return c
	}())
	if status, body := n.do("GET", "/readyz", "", ""); status != 503 || body != `{"ready":false,"faults":["too little disk space"]}`+"\n" {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := n.do("GET", "/healthz", "", ""); status != 200 {
		t.Errorf("health: %d", status)
	}
}

func TestDebugListener(t *testing.T) {
	c := config(t.TempDir())
	c.DebugListen = "127.0.0.1:0"
	n := start(t, c)
	n.subscribe("uss1", 1)
	n.do("GET", "/v1/status", "", "")
	n.do("GET", "/invented/by-somebody", "uss1", "")
	get := func(url string) (int, string) {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	_, body := get(n.DebugURL() + "/metrics")
	for _, want := range []string{
		`deconflict_http_requests_total{method="PUT",route="/dss/v1/subscriptions/{}",status="200"} 1`,
		`deconflict_http_requests_total{method="GET",route="/v1/status",status="401"} 1`,
		`deconflict_http_requests_total{method="GET",route="other",status="404"} 1`,
		"deconflict_journal_entries 1\n", "deconflict_journal_block_entries_count 1\n", "deconflict_ready 1\n",
		`deconflict_http_limited_total{reason="rate"} 0`, "go_goroutines ", `deconflict_build_info{version="test"} 1`,
		"deconflict_event_streams 0\n", "deconflict_engine_waiting 0\n", "deconflict_clock_behind_seconds 0\n",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics lack %q", want)
		}
	}
	if strings.Contains(body, "by-somebody") {
		t.Error("a path that somebody invented is in the metrics")
	}
	if status, _ := get(n.DebugURL() + "/debug/pprof/"); status != 200 {
		t.Errorf("pprof: %d", status)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		if status, _ := n.do("GET", path, "uss1", ""); status != 404 {
			t.Errorf("%s on the public listener: %d", path, status)
		}
	}
}

// Metrics and OPERATING.md name the same things.
func TestMetricsAreDocumented(t *testing.T) {
	s, err := New(t.Context(), config(t.TempDir()), Options{Log: quiet(), Getenv: env(nil)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.metrics.observe("GET", "/v1/status", 200, time.Second)
	families, err := s.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/OPERATING.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{"deconflict_certificate_ends_seconds": true} // with TLS
	for _, f := range families {
		there[f.GetName()] = true
		if strings.HasPrefix(f.GetName(), "deconflict_") && !bytes.Contains(doc, []byte("`"+f.GetName()+"`")) {
			t.Errorf("docs/OPERATING.md does not name %s", f.GetName())
		}
	}
	for _, name := range regexp.MustCompile("`(deconflict_[a-z_]+)`").FindAllSubmatch(doc, -1) {
		if !there[string(name[1])] {
			t.Errorf("docs/OPERATING.md names %s, which does not exist", name[1])
		}
	}
}

// Every setting stands in the table of docs/OPERATING.md with its default.
func TestSettingsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/OPERATING.md")
	if err != nil {
		t.Fatal(err)
	}
	for i := range Settings {
		s := &Settings[i]
		row := regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(s.Key()) + "` \\| (.*?) \\|").FindSubmatch(doc)
		switch {
		case row == nil:
			t.Errorf("docs/OPERATING.md has no row for %s", s.Key())
		case s.Default() != "" && string(row[1]) != "`"+s.Default()+"`", s.Default() == "" && string(row[1]) != "–":
			t.Errorf("docs/OPERATING.md: %s: default %s, the program has %q", s.Key(), row[1], s.Default())
		}
	}
}

// Each path of the specification has a name of its own in metrics and logs.
func TestSpecifiedPathsAreRoutes(t *testing.T) {
	n := start(t, config(t.TempDir()))
	status, doc := n.do("GET", "/v1/openapi.yaml", "", "")
	if status != 200 {
		t.Fatal(status)
	}
	paths := regexp.MustCompile(`(?m)^  (/[^:]+):$`).FindAllStringSubmatch(doc, -1)
	if len(paths) < 10 {
		t.Fatalf("found %d paths", len(paths))
	}
	for _, m := range paths {
		want := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(m[1], "{}")
		if want == "/log/tile/{}" {
			want = "/log/" // its elements are many
		}
		if got := routeOf(m[1]).name; got != want {
			t.Errorf("%s is counted as %q, want %q", m[1], got, want)
		}
	}
}

func TestServesTLS(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t)
	c := config(filepath.Join(dir, "data"))
	c.TLSCert, c.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	ca.issue(c.TLSCert, c.TLSKey)
	n := start(t, c)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.pool()}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	res, err := client.Get(n.URL() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || res.ProtoMajor != 2 || !strings.HasPrefix(n.URL(), "https://") {
		t.Errorf("%s: %d over HTTP/%d", n.URL(), res.StatusCode, res.ProtoMajor)
	}
}

// The issuer in the node gives a registered client a token that the node takes.
func TestBuiltinIssuer(t *testing.T) {
	c := config(t.TempDir())
	c.InsecureDev, c.BuiltinIssuer = false, true
	n := start(t, c)
	status, body := n.do("GET", "/.well-known/jwks.json", "", "")
	var keySet struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal([]byte(body), &keySet); err != nil || status != 200 || len(keySet.Keys) != 1 || keySet.Keys[0]["d"] != nil {
		t.Errorf("%d %s %v", status, body, err)
	}
	res, err := http.PostForm(n.URL()+"/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"uss1"}, "client_secret": {"guess"}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 401 {
		t.Errorf("an unknown client: %d", res.StatusCode)
	}
	issuer, err := n.issuer()
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.Mint("uss1", "localhost", []string{"deconflict.read"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("GET", n.URL()+"/v1/parties/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	me, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer me.Body.Close()
	if me.StatusCode != 200 {
		t.Errorf("with the node's own token: %d", me.StatusCode)
	}
	if status, _ := n.do("GET", "/v1/parties/me", "uss1", ""); status != 401 {
		t.Errorf("a claimed identity: %d, want 401", status)
	}
}

// Without the built-in issuer its endpoints are not there.
func TestNoIssuerByDefault(t *testing.T) {
	n := start(t, config(t.TempDir()))
	for _, path := range []string{"/.well-known/jwks.json", "/oauth/token"} {
		if status, _ := n.do("GET", path, "", ""); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// Headers above the limit are refused before anything is made of them.
func TestLargeHeaders(t *testing.T) {
	n := start(t, config(t.TempDir()))
	r, err := http.NewRequest("GET", n.URL()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Large", strings.Repeat("x", 2*maxHeaderBytes))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d", res.StatusCode)
	}
}
