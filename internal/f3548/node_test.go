package f3548

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/journal"
)

// start is when the clock of every node in these tests begins.
var start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// node is a DSS on a real engine and journal, with a clock that stands and
// random names that are the same in every run.
type node struct {
	t       testing.TB
	dss     *DSS
	clockNS atomic.Int64
}

func newNode(t testing.TB, limits Limits) *node {
	t.Helper()
	n := &node{t: t}
	n.clockNS.Store(start.UnixNano())
	now := func() time.Time { return time.Unix(0, n.clockNS.Load()) }
	e, err := engine.Open(context.Background(), engine.Config{
		Dir:     t.TempDir(),
		Journal: journal.Options{Origin: "node.example/deconflict", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))},
		Now:     now,
		BaseURL: "http://node.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	v, err := auth.NewVerifier(auth.Config{Audiences: []string{"node.example"}, InsecureDev: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	n.dss = NewDSS(Config{
		Engine: e, Verifier: v, Limits: limits, DARID: "pool.example", Version: "v1.2.3",
		Rand: rand.NewChaCha8([32]byte{}), Now: now,
	})
	return n
}

// bearer is somebody who calls, with the scopes of its tokens.
type bearer string

func with(name string, scopes ...string) bearer {
	return bearer("Bearer dev:" + name + ":" + strings.Join(scopes, ","))
}

var (
	alpha = with("uss-alpha", auth.ScopeStrategicCoordination, auth.ScopeConstraintProcessing)
	bravo = with("uss-bravo", auth.ScopeStrategicCoordination, auth.ScopeConstraintProcessing)
	watch = with("uss-alpha", auth.ScopeStrategicCoordination, auth.ScopeConformanceMonitoring)
	rules = with("authority-west", auth.ScopeConstraintManagement)
	judge = with("arbiter", auth.ScopeAvailability)
)

// reply is an answer.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any // nil when it is no JSON object
}

// send sends a request. A body that is no string is written as JSON.
func (n *node) send(as bearer, method, path string, body any) reply {
	n.t.Helper()
	text, ok := body.(string)
	if !ok && body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			n.t.Fatal(err)
		}
		text = string(data)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(text))
	if as != "" {
		r.Header.Set("Authorization", string(as))
	}
	return n.serve(r)
}

func (n *node) serve(r *http.Request) reply {
	w := httptest.NewRecorder()
	n.dss.ServeHTTP(w, r)
	out := reply{status: w.Code, header: w.Header(), text: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &out.body); err != nil {
		out.body = nil
	}
	return out
}

// want sends a request and requires a status.
func (n *node) want(status int, as bearer, method, path string, body any) reply {
	n.t.Helper()
	got := n.send(as, method, path, body)
	if got.status != status {
		n.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got.status, status, got.text)
	}
	if got.body == nil {
		n.t.Fatalf("%s %s: no JSON object: %s", method, path, got.text)
	}
	return got
}

// at walks into an answer: names of members and positions in arrays.
func (r reply) at(path ...any) any {
	var v any = r.body
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			a, _ := v.([]any)
			if step >= len(a) {
				return nil
			}
			v = a[step]
		}
	}
	return v
}

func (r reply) str(path ...any) string {
	s, _ := r.at(path...).(string)
	return s
}

func (r reply) list(path ...any) []any {
	a, _ := r.at(path...).([]any)
	return a
}

// id returns the UUID of a number.
func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }

type object = map[string]any

func instant(offset time.Duration) object {
	return object{"value": start.Add(offset).Format(time.RFC3339Nano), "format": "RFC3339"}
}

func metres(v float64) object { return object{"value": v, "reference": "W84", "units": "M"} }

// square is a square of about 200 m whose corner lies east of a point in the
// sea by a number of squares, 100 to 200 m high, in a time from the start on.
func square(east float64, from, to time.Duration) object {
	const side = 0.002
	lat, lng := 45.0, 10+east*side
	return object{
		"volume": object{
			"outline_polygon": object{"vertices": []object{
				{"lat": lat, "lng": lng},
				{"lat": lat, "lng": lng + side},
				{"lat": lat + side, "lng": lng + side},
				{"lat": lat + side, "lng": lng},
			}},
			"altitude_lower": metres(100), "altitude_upper": metres(200),
		},
		"time_start": instant(from), "time_end": instant(to),
	}
}

func circle(radiusM float64) object {
	return object{
		"volume": object{
			"outline_circle": object{"center": object{"lat": 45.0, "lng": 10.0}, "radius": object{"value": radiusM, "units": "M"}},
			"altitude_lower": metres(100), "altitude_upper": metres(200),
		},
		"time_start": instant(0), "time_end": instant(time.Hour),
	}
}

// deep changes a copy of a body at a path of names and positions; a nil value
// removes the member.
func deep(body object, value any, path ...any) object {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	var out object
	if err := json.Unmarshal(data, &out); err != nil {
		panic(err)
	}
	var in any = out
	for _, step := range path[:len(path)-1] {
		switch step := step.(type) {
		case string:
			in = in.(object)[step]
		case int:
			in = in.([]any)[step]
		}
	}
	last := path[len(path)-1].(string)
	if value == nil {
		delete(in.(object), last)
	} else {
		in.(object)[last] = value
	}
	return out
}

func intentBody(key ...string) object {
	return object{
		"extents": []object{square(0, 0, time.Hour)}, "key": key, "state": "Accepted",
		"uss_base_url": "https://alpha.example.net/utm",
	}
}

func constraintBody() object {
	return object{"extents": []object{square(0, 0, time.Hour)}, "uss_base_url": "https://authority.example.net"}
}

func subscriptionBody() object {
	return object{
		"extents": square(0, 0, time.Hour), "uss_base_url": "https://alpha.example.net/utm",
		"notify_for_operational_intents": true,
	}
}

const (
	oir = "/dss/v1/operational_intent_references/"
	cr  = "/dss/v1/constraint_references/"
	sub = "/dss/v1/subscriptions/"
)

// create makes an intent and returns its OVN.
func (n *node) create(as bearer, number int, body object) string {
	n.t.Helper()
	return n.want(http.StatusCreated, as, http.MethodPut, oir+id(number), body).str("operational_intent_reference", "ovn")
}

func indent(text string) string {
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
		return text
	}
	return strings.TrimSpace(out.String())
}
