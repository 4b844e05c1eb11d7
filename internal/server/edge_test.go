package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
)

// named takes the token for the name of the party; "bad" is not accepted.
type named struct{}

func (named) Verify(_ context.Context, authorization string) (auth.Identity, error) {
	name, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok || name == "bad" {
		return auth.Identity{}, auth.ErrNoToken
	}
	return auth.Identity{Party: party.ID(name), Scopes: []string{auth.ScopeRead}}, nil
}

// testEdge is an edge before one handler, with its log.
func testEdge(handler http.HandlerFunc, set func(*Config)) (*edge, *bytes.Buffer) {
	c := DefaultConfig()
	if set != nil {
		set(&c)
	}
	log := &bytes.Buffer{}
	e := newEdge(&c, named{}, newMetrics("test"), slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	e.handlers = func(route) http.Handler { return handler }
	return e, log
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

// do sends a request and returns the answer.
func do(e *edge, method, target, token string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

func TestRequestID(t *testing.T) {
	var seen string
	e, _ := testEdge(func(w http.ResponseWriter, r *http.Request) { seen = r.Header.Get("X-Request-Id") }, nil)
	made := map[string]bool{}
	for given, keep := range map[string]bool{
		"abc-1.2_X": true, strings.Repeat("x", 64): true,
		"": false, strings.Repeat("x", 65): false, "a b": false, "a\nb": false, "<script>": false, "é": false,
	} {
		r := httptest.NewRequest("GET", "/v1/status", nil)
		r.Header["X-Request-Id"] = []string{given}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		got := w.Header().Get("X-Request-Id")
		if got != seen || (got == given) != keep || got == "" {
			t.Errorf("given %q: answered %q, the handler saw %q", given, got, seen)
		}
		if made[got] {
			t.Errorf("the id %q was given out twice", got)
		}
		made[got] = true
	}
}

// Two starts of a node do not give out the same ids.
func TestRequestIDsOfTwoStarts(t *testing.T) {
	if a, b := newRequestIDs().take(""), newRequestIDs().take(""); a == b {
		t.Errorf("both begin with %q", a)
	}
}

func TestPanicBecomesAProblem(t *testing.T) {
	e, log := testEdge(func(http.ResponseWriter, *http.Request) { panic("unforeseen") }, nil)
	w := do(e, "GET", "/v1/status", "uss1", nil)
	var problem map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
		t.Fatal(err)
	}
	if w.Code != 500 || problem["type"] != "urn:deconflict:problem:internal" || strings.Contains(w.Body.String(), "unforeseen") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if problem["instance"] != "urn:deconflict:request:"+w.Header().Get("X-Request-Id") {
		t.Errorf("instance %v", problem["instance"])
	}
	if !strings.Contains(log.String(), "unforeseen") || !strings.Contains(log.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("log %s", log)
	}
	if e.requests.inUse() != 0 {
		t.Error("the place was not given back")
	}
	// A handler that wants its connection cut gets it.
	e.handlers = func(route) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("ErrAbortHandler was swallowed")
		}
	}()
	do(e, "GET", "/v1/status", "uss1", nil)
}

// A party beyond its rate gets 429 in the form of the interface it uses; others
// and health checks go on.
// Who gets a large answer waits for it with the requests after it.
func TestLargeAnswersAreCharged(t *testing.T) {
	size := 0
	large := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) }
	for _, c := range []struct{ bytes, next int }{{answerUnit - 1, 200}, {3 * answerUnit, 429}} {
		e, _ := testEdge(large, func(c *Config) { c.PartyRate, c.PartyBurst = 0.001, 3 })
		size = c.bytes
		if w := do(e, "GET", "/v1/intents", "uss1", nil); w.Code != 200 {
			t.Fatal(w.Code)
		}
		if w := do(e, "GET", "/v1/status", "uss1", nil); w.Code != c.next {
			t.Errorf("after %d bytes: %d, want %d", c.bytes, w.Code, c.next)
		}
		if w := do(e, "GET", "/v1/status", "uss2", nil); w.Code != 200 {
			t.Errorf("another party: %d", w.Code)
		}
	}
}

func TestRateLimit(t *testing.T) {
	e, _ := testEdge(ok, func(c *Config) {
		c.PartyRate, c.PartyBurst = 0.001, 2
		c.AnonymousRate, c.AnonymousBurst = 0.001, 1
	})
	for range 2 {
		if w := do(e, "GET", "/v1/status", "uss1", nil); w.Code != 200 {
			t.Fatal(w.Code)
		}
	}
	w := do(e, "GET", "/v1/status", "uss1", nil)
	if w.Code != 429 || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	w = do(e, "GET", "/dss/v1/subscriptions/x", "uss1", nil)
	var body map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 429 || body["message"] == "" || len(body) != 1 {
		t.Errorf("%d %s %v", w.Code, w.Body, err)
	}
	if w := do(e, "GET", "/v1/status", "uss2", nil); w.Code != 200 {
		t.Errorf("another party: %d", w.Code)
	}
	if w := do(e, "GET", "/v1/status", "", nil); w.Code != 200 {
		t.Errorf("first without a token: %d", w.Code)
	}
	if w := do(e, "GET", "/v1/status", "bad", nil); w.Code != 429 {
		t.Errorf("second without a good token: %d, want 429: both are one address", w.Code)
	}
	for range 5 {
		if w := do(e, "GET", "/healthz", "", nil); w.Code != 200 {
			t.Errorf("health: %d", w.Code)
		}
	}
}

func TestConcurrencyLimit(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	e, _ := testEdge(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/status" {
			inside <- struct{}{}
			<-leave
		}
	}, func(c *Config) { c.MaxConcurrent, c.MaxStreams = 2, 2 })
	e.requests.wait = 0
	for _, who := range []string{"uss1", "uss2"} {
		go do(e, "GET", "/v1/status", who, nil)
		<-inside
	}
	if w := do(e, "GET", "/v1/intents", "uss1", nil); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("a party that holds its share: %d", w.Code)
	}
	w := do(e, "GET", "/dss/v1/subscriptions/x", "uss3", nil)
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "nothing of the request was done") {
		t.Errorf("no place left: %d %s", w.Code, w.Body)
	}
	if w := do(e, "GET", "/v1/events", "uss3", nil); w.Code != 200 {
		t.Errorf("a stream while requests are full: %d", w.Code)
	}
	leave <- struct{}{}
	leave <- struct{}{}
}

// Packs take places of their own, so that however many are asked for the others
// are answered.
func TestPacksTakePlaces(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	e, _ := testEdge(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/packs" {
			inside <- struct{}{}
			<-leave
		}
	}, func(c *Config) { c.MaxConcurrent = 2 })
	e.packs.wait = 0
	for i := range maxPacks {
		go do(e, "GET", "/v1/packs", []string{"uss1", "uss2"}[i%2], nil)
		<-inside
	}
	if w := do(e, "GET", "/v1/packs", "uss1", nil); w.Code != 429 {
		t.Errorf("one pack more of a party with its share: %d, want 429", w.Code)
	}
	if w := do(e, "GET", "/v1/packs", "uss3", nil); w.Code != 503 {
		t.Errorf("one pack more: %d, want 503", w.Code)
	}
	for _, path := range []string{"/v1/status", "/v1/events"} {
		if w := do(e, "GET", path, "uss1", nil); w.Code != 200 {
			t.Errorf("%s beside packs: %d", path, w.Code)
		}
	}
	close(leave)
}

func TestBodyLimit(t *testing.T) {
	var got error
	e, _ := testEdge(func(w http.ResponseWriter, r *http.Request) { _, got = io.ReadAll(r.Body) }, func(c *Config) { c.MaxBody = 100 })
	do(e, "POST", "/dss/v1/reports", "uss1", strings.NewReader(strings.Repeat("x", 100)))
	if got != nil {
		t.Errorf("a body of the limit: %v", got)
	}
	do(e, "POST", "/dss/v1/reports", "uss1", strings.NewReader(strings.Repeat("x", 101)))
	var tooLarge *http.MaxBytesError
	if !errors.As(got, &tooLarge) {
		t.Errorf("a body above the limit: %v", got)
	}
}

// Large bodies share an amount of memory; small ones pass beside them, and
// whoever has no good token takes none of it.
func TestLargeBodiesTakePlaces(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	e, _ := testEdge(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > smallBody && r.Header.Get("Authorization") == "Bearer uss1" {
			inside <- struct{}{}
			<-leave
		}
	}, func(c *Config) { c.MaxBody = 64 << 20 })
	e.bodies.wait = 0
	large := func() io.Reader { return strings.NewReader(strings.Repeat("x", smallBody+1)) }
	for range cap(e.bodies.places) / 2 {
		go do(e, "POST", "/dss/v1/reports", "uss1", large())
		<-inside
	}
	if w := do(e, "POST", "/dss/v1/reports", "uss1", large()); w.Code != 429 {
		t.Errorf("one large body too many: %d", w.Code)
	}
	if w := do(e, "POST", "/dss/v1/reports", "uss1", strings.NewReader("{}")); w.Code != 200 {
		t.Errorf("a small body: %d", w.Code)
	}
	if w := do(e, "POST", "/dss/v1/reports", "uss2", large()); w.Code != 200 {
		t.Errorf("a large body of another party: %d", w.Code)
	}
	before := e.bodies.inUse()
	if w := do(e, "POST", "/dss/v1/reports", "bad", large()); w.Code != 200 || e.bodies.inUse() != before {
		t.Errorf("a large body without a token: %d, %d places taken, want %d", w.Code, e.bodies.inUse(), before)
	}
	for range before {
		leave <- struct{}{}
	}
}

// What a party sends does not get into the log.
func TestLogHoldsNoSecrets(t *testing.T) {
	e, log := testEdge(ok, nil)
	r := httptest.NewRequest("POST", "/v1/intents?bbox=8.4,47.3,8.6,47.5", strings.NewReader("a body with places"))
	r.Header.Set("Authorization", "Bearer uss1")
	r.Header.Set("Cookie", "session")
	e.ServeHTTP(httptest.NewRecorder(), r)
	for _, secret := range []string{"Bearer", "8.4", "places", "session"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q: %s", secret, log)
		}
	}
	for _, want := range []string{`"route":"/v1/intents"`, `"status":200`, `"party":"uss1"`, `"bytes":2`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s: %s", want, log)
		}
	}
}

func TestInsecureNodesSaySo(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		e, _ := testEdge(ok, func(c *Config) { c.InsecureDev = insecure })
		for _, target := range []string{"/v1/status", "/healthz", "/dss/v1/reports", "/nothing"} {
			if got := do(e, "GET", target, "", nil).Header().Get("Deconflict-Insecure") != ""; got != insecure {
				t.Errorf("%s: insecure %v, header %v", target, insecure, got)
			}
		}
	}
}

func TestRefusalsOfF3548HaveAMessage(t *testing.T) {
	w := httptest.NewRecorder()
	refuse(w, routeOf("/dss/v1/reports"), api.Overloaded.With("later"))
	if w.Code != 503 || w.Header().Get("Content-Type") != "application/json" || w.Body.String() != `{"message":"The node has more to do than it can: later"}` {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestRouteOf(t *testing.T) {
	for path, want := range map[string]string{
		"/healthz": "/healthz", "/healthz/": "other", "/": "/", "": "other",
		"/print": "other", "/assets/index-1.js": "/assets/", "/assets/": "/assets/", "/assets": "other",
		"/v1/session": "/v1/session", "/v1/session/x": "/v1/", "/v1/invitations": "/v1/invitations",
		"/dss/v1/operational_intent_references/query":   "/dss/v1/operational_intent_references/query",
		"/dss/v1/operational_intent_references/abc":     "/dss/v1/operational_intent_references/{}",
		"/dss/v1/operational_intent_references/abc/ovn": "/dss/v1/operational_intent_references/{}/{}",
		"/dss/v1/operational_intent_references//ovn":    "/dss/v1/operational_intent_references/{}/{}",
		"/dss/v1/operational_intent_references/a/b/c":   "/dss/",
		"/dss/v1//":               "/dss/",
		"/aux/v1/pool":            "/aux/",
		"/versions/dss":           "/versions/",
		"/v1/events":              "/v1/events",
		"/v1/eventsx":             "/v1/",
		"/log/tile/0/x001/000":    "/log/",
		"/log/checkpoint":         "/log/checkpoint",
		"//dss/v1/reports":        "other",
		"/oauth/token":            "/oauth/token",
		"/.well-known/jwks.json":  "/.well-known/jwks.json",
		"/dss/v1/reports":         "/dss/v1/reports",
		"/dss/v1/reports/":        "/dss/",
		"dss/v1/reports":          "other",
		"/dss":                    "other",
		"/v1/intents/../openapi":  "/v1/",
		"/v1/receipts/9999999999": "/v1/receipts/{}",
		"/v1/packs":               "/v1/packs",
	} {
		if got := routeOf(path).name; got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// BenchmarkEdge is what a request costs beside its handler.
func BenchmarkEdge(b *testing.B) {
	c := DefaultConfig()
	c.PartyRate = 1e9
	e := newEdge(&c, named{}, newMetrics("test"), quiet())
	e.handlers = func(route) http.Handler { return http.HandlerFunc(ok) }
	r := httptest.NewRequest("PUT", "/dss/v1/operational_intent_references/11111111-1111-4111-8111-111111111111", nil)
	r.Header.Set("Authorization", "Bearer uss1")
	b.ReportAllocs()
	for b.Loop() {
		r.Header.Del(requestIDHeader)
		e.ServeHTTP(httptest.NewRecorder(), r)
	}
}
