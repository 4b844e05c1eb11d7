package conformance

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/program"
)

// suite is what the checks run against: one DSS, seen through one or more
// instances.
type suite struct {
	instances []instance
	key       *rsa.PrivateKey
	schemas   *schemas
	client    *http.Client
	node      *node // nil when the DSS is another's
	westDeg   float64
	tokens    sync.Map
}

// instance is one address of the DSS.
type instance struct {
	base     string
	audience string // host name without port
}

// requestLimit is how long any answer may take: what the clients of a pool wait.
const requestLimit = 10 * time.Second

func newSuite(t *testing.T) *suite {
	s := &suite{client: &http.Client{
		Timeout: requestLimit,
		// A redirect is an answer, and a wrong one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, Proxy: nil},
	}}
	t.Cleanup(s.client.CloseIdleConnections)
	if list := os.Getenv("DECONFLICT_DSS_URL"); list != "" {
		for base := range strings.SplitSeq(list, ",") {
			s.addInstance(t, base)
		}
		// Somewhere else each time, as a run that was cut short leaves something.
		s.westDeg = float64(mathrand.IntN(4000)) / 100
		s.key = readKey(t, os.Getenv("DECONFLICT_DSS_KEY"))
		s.schemas = mustSchemas(t, false)
		return s
	}
	s.schemas = mustSchemas(t, true)
	s.key = newKey(t)
	s.node = startNode(t, s.key)
	// Two names of one node stand for two instances: a token for one of them
	// must not be needed at the other.
	s.addInstance(t, s.node.base)
	s.addInstance(t, strings.Replace(s.node.base, "127.0.0.1", "localhost", 1))
	return s
}

func (s *suite) addInstance(t *testing.T, base string) {
	t.Helper()
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Hostname() == "" {
		t.Fatalf("found %q, expected the base URL of a DSS", base)
	}
	s.instances = append(s.instances, instance{u.String(), u.Hostname()})
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func readKey(t *testing.T, name string) *rsa.PrivateKey {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal("DECONFLICT_DSS_KEY: ", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatalf("%s: found no PEM block", name)
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	key, ok := any.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("%s: found %T, expected an RSA key", name, any)
	}
	return key
}

// node is the program under test.
type node struct {
	*program.Process
	base string
	dir  string // its data
}

// startNode builds the program, starts it with an empty data directory and
// waits until it says where it listens. It is stopped at the end of the test,
// and must then end well.
func startNode(t *testing.T, key *rsa.PrivateKey) *node {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "deconflict")
	if err := program.Build(t.Context(), binary); err != nil {
		t.Fatal(err)
	}
	n := &node{dir: filepath.Join(dir, "data")}
	var err error
	n.Process, err = program.Start(exec.Command(binary, "serve", "--data", n.dir, "--listen", "127.0.0.1:0",
		"--token-key", writePublicKey(t, dir, key), "--audience", "localhost", "--audience", "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Errorf("the node: %v", err)
		}
		if t.Failed() {
			t.Logf("the node said at the end:\n%s", n.Last(3000))
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if n.base, err = n.URL(ctx); err != nil {
		t.Fatal(err)
	}
	return n
}

func writePublicKey(t *testing.T, dir string, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "token.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// memoryPeakMB returns the largest resident size that the node had, in MB.
func (n *node) memoryPeakMB() (int, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", n.PID()))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewReader(io.LimitReader(f, 1<<16))
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return 0, err
		}
		var kb int
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kb); err == nil {
			return kb / 1024, nil
		}
	}
}
