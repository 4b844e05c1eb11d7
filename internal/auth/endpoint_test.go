package auth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testEndpoint is a token endpoint where uss1 is registered.
func testEndpoint(t testing.TB, audiences ...string) (endpoint *ClientCredentials, secret string) {
	t.Helper()
	clients := OpenClients(filepath.Join(t.TempDir(), "clients.json"))
	secret, err := clients.Add("uss1", Standing{}, []string{ScopeStrategicCoordination, ScopeConstraintProcessing}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return &ClientCredentials{Issuer: testIssuer(t, rsaKey()), Clients: clients, Audiences: audiences}, secret
}

// post sends a form; a header value of "id:secret" goes by HTTP Basic.
func post(h http.Handler, basic string, form url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id, secret, ok := strings.Cut(basic, ":"); ok {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEndpointIssuesWhatTheVerifierTakes(t *testing.T) {
	endpoint, secret := testEndpoint(t, audience)
	v := testVerifier(t)
	for name, c := range map[string]struct {
		basic string
		form  url.Values
		scope string
	}{
		"basic, all scopes": {"uss1:" + secret, url.Values{}, "utm.constraint_processing utm.strategic_coordination"},
		"form, one scope": {
			"",
			url.Values{"client_id": {"uss1"}, "client_secret": {secret}, "scope": {ScopeStrategicCoordination}, "audience": {audience}},
			ScopeStrategicCoordination,
		},
		"resource as a URL": {
			"uss1:" + secret,
			url.Values{"client_id": {"uss1"}, "resource": {"https://node.example:8082/dss"}, "scope": {ScopeConstraintProcessing}},
			ScopeConstraintProcessing,
		},
		"resource as a host": {"uss1:" + secret, url.Values{"resource": {audience}, "scope": {"  " + ScopeConstraintProcessing}}, ScopeConstraintProcessing},
	} {
		c.form.Set("grant_type", "client_credentials")
		w := post(endpoint, c.basic, c.form)
		var answer tokenAnswer
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
			t.Errorf("%s: status %d, %s", name, w.Code, w.Body)
			continue
		}
		if answer.Type != "Bearer" || answer.ExpiresS != 3600 || answer.Scope != c.scope || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %+v, %v", name, answer, w.Header())
		}
		id, err := v.Verify(t.Context(), "Bearer "+answer.Token)
		if err != nil || id.Party != "uss1" || strings.Join(id.Scopes, " ") != c.scope || id.ExpiresNS != noon.Add(time.Hour).UnixNano() {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

// A client that is registered for a role gets tokens of that role, whatever it
// asks for.
func TestEndpointVouchesForStanding(t *testing.T) {
	endpoint, _ := testEndpoint(t, audience)
	as := Standing{"duty-director", "D-2"}
	secret, err := endpoint.Clients.Add("uss2", as, []string{ScopeAct}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := endpoint.Clients.List(); err != nil || len(list) != 2 || list[0].Standing != (Standing{}) || list[1].Standing != as {
		t.Errorf("%+v, %v", list, err)
	}
	w := post(endpoint, "uss2:"+secret, url.Values{"grant_type": {"client_credentials"}, "role": {"minister"}, "person": {"M-1"}})
	var answer tokenAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, %s", w.Code, w.Body)
	}
	if id, err := testVerifier(t).Verify(t.Context(), "Bearer "+answer.Token); err != nil || id.Party != "uss2" || id.Standing != as {
		t.Errorf("%+v, %v", id, err)
	}
	if _, err := endpoint.Clients.Add("uss3", Standing{Role: "two\nlines"}, []string{ScopeAct}, noon); err == nil {
		t.Error("a role of two lines: registered")
	}
}

func TestEndpointRefuses(t *testing.T) {
	endpoint, secret := testEndpoint(t, audience, "uss2.example")
	good := func(changes ...string) url.Values {
		form := url.Values{"grant_type": {"client_credentials"}, "audience": {audience}}
		for i := 0; i < len(changes); i += 2 {
			if form.Set(changes[i], changes[i+1]); changes[i+1] == "" {
				form.Del(changes[i])
			}
		}
		return form
	}
	right := "uss1:" + secret
	if w := post(endpoint, right, good()); w.Code != http.StatusOK {
		t.Fatalf("status %d, %s", w.Code, w.Body)
	}
	for name, c := range map[string]struct {
		basic  string
		form   url.Values
		change func(*http.Request)
		status int
		code   string
	}{
		"wrong secret":      {"uss1:" + strings.Repeat("0", 64), good(), nil, 401, "invalid_client"},
		"unknown client":    {"uss9:" + secret, good(), nil, 401, "invalid_client"},
		"empty secret":      {"uss1:", good(), nil, 401, "invalid_client"},
		"no credentials":    {"", good(), nil, 401, "invalid_client"},
		"id only":           {"", good("client_id", "uss1"), nil, 401, "invalid_client"},
		"in the URL":        {"", good(), func(r *http.Request) { r.URL.RawQuery = "client_id=uss1&client_secret=" + secret }, 401, "invalid_client"},
		"bearer":            {"", good("client_id", "uss1", "client_secret", secret), func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 401, "invalid_client"},
		"both ways":         {right, good("client_secret", secret), nil, 400, "invalid_request"},
		"two identities":    {right, good("client_id", "uss2"), nil, 400, "invalid_request"},
		"no grant type":     {right, good("grant_type", ""), nil, 400, "invalid_request"},
		"other grant type":  {right, good("grant_type", "password"), nil, 400, "unsupported_grant_type"},
		"scope not its own": {right, good("scope", ScopeStrategicCoordination+" "+ScopeConstraintManagement), nil, 400, "invalid_scope"},
		"scope misspelt":    {right, good("scope", "a\"b"), nil, 400, "invalid_scope"},
		"no audience":       {right, good("audience", ""), nil, 400, "invalid_target"},
		"other audience":    {right, good("audience", "elsewhere.example"), nil, 400, "invalid_target"},
		"other resource":    {right, good("audience", "", "resource", "https://elsewhere.example/"), nil, 400, "invalid_target"},
		"two audiences":     {right, good("resource", "https://uss2.example/"), nil, 400, "invalid_target"},
		"repeated resource": {right, url.Values{"grant_type": {"client_credentials"}, "resource": {audience, audience}}, nil, 400, "invalid_target"},
		"repeated scope":    {right, url.Values{"grant_type": {"client_credentials"}, "audience": {audience}, "scope": {"a", "b"}}, nil, 400, "invalid_request"},
		"GET":               {right, good(), func(r *http.Request) { r.Method = http.MethodGet }, 405, "invalid_request"},
		"JSON":              {right, good(), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 400, "invalid_request"},
		"large":             {right, good("scope", strings.Repeat("s", maxFormBytes)), nil, 400, "invalid_request"},
		"not a form":        {right, nil, func(r *http.Request) { r.Body = http.NoBody; r.URL.RawQuery = "%zz" }, 400, "invalid_request"},
	} {
		change := c.change
		if change == nil {
			change = func(*http.Request) {}
		}
		// Each from its own address, so that no limit interferes.
		endpoint.failures = failures{}
		w := post(endpoint, c.basic, c.form, change)
		var answer struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != c.status || answer.Error != c.code || answer.Description == "" {
			t.Errorf("%s: status %d, %s", name, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "access_token") || strings.Contains(w.Body.String(), secret) {
			t.Errorf("%s: %s", name, w.Body)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); (w.Code == 401) != strings.HasPrefix(challenge, "Basic ") {
			t.Errorf("%s: status %d with the challenge %q", name, w.Code, challenge)
		}
	}
}

// An unknown client and a wrong secret get the same answer, byte for byte.
func TestEndpointTellsNoClientIDs(t *testing.T) {
	endpoint, _ := testEndpoint(t, audience)
	form := url.Values{"grant_type": {"client_credentials"}}
	a, b := post(endpoint, "uss1:x", form), post(endpoint, "uss9:x", form)
	if a.Body.String() != b.Body.String() || a.Code != b.Code {
		t.Errorf("%d %s, %d %s", a.Code, a.Body, b.Code, b.Body)
	}
}

func TestFailuresAreLimitedByAddress(t *testing.T) {
	endpoint, secret := testEndpoint(t, audience)
	form := url.Values{"grant_type": {"client_credentials"}}
	from := func(address string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = address } }
	for i := range 30 {
		w := post(endpoint, "uss1:x", form, from("192.0.2.7:1234"))
		if i < failureBurst && w.Code != 401 || w.Code != 401 && w.Code != 429 {
			t.Fatalf("failure %d: status %d", i+1, w.Code)
		}
		if i == 29 && (w.Code != 429 || w.Header().Get("Retry-After") == "") {
			t.Errorf("status %d, %v", w.Code, w.Header())
		}
	}
	if w := post(endpoint, "uss1:x", form, from("192.0.2.8:1234")); w.Code != 401 {
		t.Errorf("another address: status %d", w.Code)
	}
	if w := post(endpoint, "uss1:"+secret, form, from("192.0.2.7:1234")); w.Code != 200 {
		t.Errorf("the right secret from the same address: status %d", w.Code)
	}
	// One subscriber has 2^64 addresses of IPv6.
	for i := range 30 {
		last := post(endpoint, "uss1:x", form, from("[2001:db8:0:7::"+string("123456789abcdef"[i%15])+"]:1234"))
		if i == 29 && last.Code != 429 {
			t.Errorf("addresses of one network: status %d", last.Code)
		}
	}
}

func TestMemoryOfFailuresIsBounded(t *testing.T) {
	var f failures
	for i := range 3 * maxAddresses {
		f.allow(sourceOf(fmt.Sprintf("10.0.%d.%d:1", i/256, i%256)))
		if len(f.byAddress) > maxAddresses {
			t.Fatalf("found %d addresses", len(f.byAddress))
		}
	}
}

// A file that cannot be read is the node's fault, and its reason the operator's
// alone.
func TestEndpointWithBrokenFile(t *testing.T) {
	endpoint, secret := testEndpoint(t, audience)
	if err := os.WriteFile(endpoint.Clients.path, []byte(`{"version":1,"clients":[{"id":"uss1"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w := post(endpoint, "uss1:"+secret, url.Values{"grant_type": {"client_credentials"}})
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"server_error"`) || strings.Contains(w.Body.String(), "clients") {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
}
