package server

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
)

// browser is one with its cookies, on a node.
type browser struct {
	t       *testing.T
	h       http.Handler
	cookies map[string]string
}

func newBrowser(t *testing.T, h http.Handler) *browser {
	return &browser{t, h, map[string]string{}}
}

// do sends a request with all cookies, at a seat unless that is empty, and keeps
// what is set. Further headers are name, value.
func (b *browser) do(method, path, seat, body string, header ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, "http://node.example"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if seat != "" {
		r.Header.Set(seatHeader, seat)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return w
}

// signIn signs in with a body, which has to succeed.
func (b *browser) signIn(body string) *http.Cookie {
	b.t.Helper()
	w := b.do("POST", "/v1/session", "", body)
	if w.Code != http.StatusOK || len(w.Result().Cookies()) != 1 {
		b.t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Result().Cookies()[0]
}

// expect tells what an answer should have been.
func (b *browser) expect(what string, w *httptest.ResponseRecorder, status int, words string) {
	b.t.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), words) {
		b.t.Errorf("%s: %d %s, want %d with %q", what, w.Code, w.Body, status, words)
	}
}

// revocable takes the token for the party's name until all are revoked.
type revocable struct{ revoked atomic.Bool }

func (v *revocable) Verify(_ context.Context, authorization string) (auth.Identity, error) {
	name, ok := strings.CutPrefix(authorization, "Bearer ")
	switch {
	case !ok:
		return auth.Identity{}, auth.ErrNoToken
	case name == "bad" || v.revoked.Load():
		return auth.Identity{}, auth.ErrUnknownKey
	}
	return auth.Identity{Party: party.ID(name), Scopes: []string{auth.ScopeAct}, ExpiresNS: time.Now().Add(24 * time.Hour).UnixNano()}, nil
}

// seatedEdge is an edge with sessions, whose handler answers with the party.
func seatedEdge(set func(*Config)) (*edge, *revocable) {
	c := DefaultConfig()
	if set != nil {
		set(&c)
	}
	v := &revocable{}
	seats := newSeats(&c, v, nil, quiet())
	e := newEdge(&c, seats, newMetrics("test"), quiet())
	e.seats = seats
	e.handlers = func(to route) http.Handler {
		if to.area == session {
			return seats
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, err := seats.Verify(r.Context(), r.Header.Get("Authorization"))
			if err != nil {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, err.Error())
				return
			}
			_, _ = io.WriteString(w, string(id.Party))
		})
	}
	return e, v
}

// A session takes the cookie and the header; either alone does nothing.
func TestSessionTakesCookieAndHeader(t *testing.T) {
	e, verifier := seatedEdge(nil)
	b := newBrowser(t, e)
	cookie := b.signIn(`{"token":"ridge"}`)
	if cookie.Name != "deconflict-seat-a" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" ||
		cookie.Secure || cookie.MaxAge < int(auth.SessionLife/time.Second)-60 || cookie.MaxAge > int(auth.SessionLife/time.Second) || len(cookie.Value) < 22 {
		t.Errorf("cookie %+v", cookie)
	}
	b.signIn(`{"seat":"b","token":"valley"}`)
	b.expect("at seat a", b.do("POST", "/v1/acts", "a", "{}"), 200, "ridge")
	b.expect("at seat b", b.do("GET", "/v1/status", "b", ""), 200, "valley")
	b.expect("cookies alone", b.do("GET", "/v1/status", "", ""), 401, auth.ErrNoToken.Error())
	b.expect("cookies alone, F3548", b.do("PUT", "/dss/v1/subscriptions/x", "", "{}"), 401, auth.ErrNoToken.Error())
	b.expect("another seat", b.do("GET", "/v1/status", "c", ""), 401, auth.ErrNoSession.Error())
	b.expect("no seat's name", b.do("GET", "/v1/status", "A;", ""), 401, auth.ErrNoSession.Error())
	b.expect("a header alone", newBrowser(t, e).do("GET", "/v1/status", "a", ""), 401, auth.ErrNoSession.Error())
	b.expect("a token wins", b.do("GET", "/v1/status", "a", "", "Authorization", "Bearer coast"), 200, "coast")
	b.expect("a bad token is not a session", b.do("GET", "/v1/status", "a", "", "Authorization", "Bearer bad"), 401, auth.ErrUnknownKey.Error())

	swapped := newBrowser(t, e)
	swapped.cookies["deconflict-seat-c"] = b.cookies["deconflict-seat-a"]
	b.expect("a cookie under another seat's name", swapped.do("GET", "/v1/status", "c", ""), 401, auth.ErrNoSession.Error())

	b.expect("who is signed in", b.do("GET", "/v1/session", "b", ""), 200, `"party":"valley"`)
	b.expect("who, without a seat", b.do("GET", "/v1/session", "", ""), 401, "urn:deconflict:problem:no-session")

	verifier.revoked.Store(true)
	b.expect("a token that was revoked", b.do("GET", "/v1/status", "a", ""), 401, auth.ErrUnknownKey.Error())
	b.expect("its session", b.do("GET", "/v1/session", "a", ""), 401, "no-session")
	verifier.revoked.Store(false)

	old := b.cookies["deconflict-seat-b"]
	b.expect("sign out", b.do("DELETE", "/v1/session", "b", ""), 204, "")
	if _, kept := b.cookies["deconflict-seat-b"]; kept {
		t.Error("the browser keeps the cookie")
	}
	b.cookies["deconflict-seat-b"] = old
	b.expect("after signing out", b.do("GET", "/v1/status", "b", ""), 401, auth.ErrNoSession.Error())
	b.expect("the other seat", b.do("GET", "/v1/status", "a", ""), 200, "ridge")

	// Who sits down where somebody sat ends that session.
	old = b.cookies["deconflict-seat-a"]
	b.signIn(`{"token":"coast"}`)
	b.expect("the new one", b.do("GET", "/v1/status", "a", ""), 200, "coast")
	b.cookies["deconflict-seat-a"] = old
	b.expect("the old one", b.do("GET", "/v1/status", "a", ""), 401, auth.ErrNoSession.Error())
}

// A page of another site can neither act by a session nor put anybody into one.
func TestPagesOfOtherSites(t *testing.T) {
	e, _ := seatedEdge(nil)
	b := newBrowser(t, e)
	b.signIn(`{"token":"ridge"}`)
	for name, k := range map[string]struct {
		headers []string
		status  int
	}{
		"no browser":           {nil, 200},
		"own page":             {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://node.example"}, 200},
		"own page, old":        {[]string{"Origin", "http://node.example"}, 200},
		"other site":           {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://elsewhere.example"}, 403},
		"other site, old":      {[]string{"Origin", "https://elsewhere.example"}, 403},
		"other host, one site": {[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://other.node.example"}, 403},
		"opaque":               {[]string{"Origin", "null"}, 403},
	} {
		for _, ask := range []struct{ method, path, body string }{
			{"POST", "/v1/acts", "{}"},
			{"PUT", "/dss/v1/subscriptions/x", "{}"},
			{"DELETE", "/dss/v1/subscriptions/x/y", ""},
			{"POST", "/v1/session", `{"seat":"z","token":"valley"}`},
		} {
			if w := b.do(ask.method, ask.path, "a", ask.body, k.headers...); w.Code != k.status {
				t.Errorf("%s, %s %s: %d %s, want %d", name, ask.method, ask.path, w.Code, w.Body, k.status)
			}
		}
		if w := b.do("POST", "/v1/session", "", `{"seat":"y","token":"valley"}`, k.headers...); w.Code != k.status {
			t.Errorf("%s, signing in without a seat: %d", name, w.Code)
		}
		for _, seat := range []string{"", "a"} { // with a token the seat does nothing
			if w := b.do("POST", "/v1/acts", seat, "{}", append(k.headers, "Authorization", "Bearer ridge")...); w.Code != 200 {
				t.Errorf("%s, with a token of its own, seat %q: %d", name, seat, w.Code)
			}
		}
	}
	b.expect("the kind", b.do("POST", "/v1/acts", "a", "{}", "Origin", "https://elsewhere.example"), 403, "problem:cross-origin")
	b.expect("the standard's form", b.do("PUT", "/dss/v1/subscriptions/x", "a", "{}", "Origin", "https://elsewhere.example"), 403, `{"message":`)

	// Behind something that ends TLS the node goes by what others call it.
	e, _ = seatedEdge(func(c *Config) { c.BaseURL = "https://map.example" })
	b = newBrowser(t, e)
	if cookie := b.signIn(`{"token":"ridge"}`); !cookie.Secure {
		t.Error("a cookie of a page that comes by https is not marked so")
	}
	b.expect("by its public name", b.do("POST", "/v1/acts", "a", "{}", "Origin", "https://map.example"), 200, "ridge")
	b.expect("from elsewhere", b.do("POST", "/v1/acts", "a", "{}", "Origin", "https://elsewhere.example"), 403, "")
}

// Whoever signs in wrongly learns nothing, and is stopped after a while.
func TestSigningInWrongly(t *testing.T) {
	e, _ := seatedEdge(nil)
	b := newBrowser(t, e)
	for body, want := range map[string]int{
		`{"token":"bad"}`:                           401,
		`{"code":"00000-00000"}`:                    401,
		`{"code":"<script>"}`:                       401,
		`{"client_id":"ridge","client_secret":"x"}`: 401,
		`{}`:                                         400,
		`{"seat":"a"}`:                               400,
		`{"seat":"A","token":"ridge"}`:               400,
		`{"seat":"a; Path=/x","token":"ridge"}`:      400,
		`{"token":"ridge","code":"00000-00000"}`:     400,
		`{"client_id":"ridge"}`:                      400,
		`{"token":"ridge","token":"valley"}`:         400,
		`{"token":"ridge","Token":"valley"}`:         400,
		`{"token":"ridge","party":"valley"}`:         400,
		`{"token":7}`:                                400,
		`[]`:                                         400,
		`{"token":"` + strings.Repeat("x", 17<<10):   413,
		`{"token":"` + strings.Repeat("x", 9<<10):    400,
		`{"token":"ridge"`:                           400,
		`{"token":"r"}` + "\n" + `{"token":"valley"`: 400,
	} {
		w := b.do("POST", "/v1/session", "", body)
		if w.Code != want || len(w.Result().Cookies()) != 0 || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") {
			t.Errorf("%.60s: %d %s, want %d", body, w.Code, w.Body, want)
		}
		if (w.Code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("%.60s: %v", body, w.Header())
		}
	}
	b.expect("a form", b.do("POST", "/v1/session", "", `{"token":"ridge"}`, "Content-Type", "text/plain"), 400, "application/json")
	w := b.do("PUT", "/v1/session", "a", "{}")
	if b.expect("PUT", w, 405, "expected"); w.Header().Get("Allow") != "GET, HEAD, POST, DELETE" {
		t.Error(w.Header())
	}
	for range 20 {
		w = b.do("POST", "/v1/session", "", `{"code":"00000-00000"}`)
	}
	if b.expect("many codes", w, 429, "too many"); w.Header().Get("Retry-After") == "" {
		t.Error(w.Header())
	}
	b.expect("a right token meanwhile", b.do("POST", "/v1/session", "", `{"token":"ridge"}`), 200, "ridge")
}

// Who signs out hears no more of what happens.
func TestStreamsEndWithTheirSession(t *testing.T) {
	n := start(t, config(t.TempDir()))
	ask := func(method, path, body string, cookies ...*http.Cookie) *http.Response {
		r, err := http.NewRequest(method, n.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(seatHeader, "a")
		for _, c := range cookies {
			r.AddCookie(c)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	in := ask("POST", "/v1/session", `{"token":"dev:ridge:deconflict.act"}`)
	in.Body.Close()
	cookies := in.Cookies()
	if in.StatusCode != 200 || len(cookies) != 1 {
		t.Fatal(in.StatusCode, cookies)
	}
	stream := ask("GET", "/v1/events", "", cookies...)
	defer stream.Body.Close()
	if first := make([]byte, 2); stream.StatusCode != 200 {
		t.Fatal(stream.StatusCode)
	} else if _, err := io.ReadFull(stream.Body, first); err != nil || string(first) != ":\n" {
		t.Fatalf("%q %v", first, err)
	}
	if out := ask("DELETE", "/v1/session", "", cookies...); out.StatusCode != http.StatusNoContent {
		t.Fatal(out.StatusCode)
	}
	if _, err := io.ReadAll(stream.Body); err != nil {
		t.Errorf("the stream was cut, not ended: %v", err)
	}
}

// The page and what belongs to it are there without a token; what is not
// there is a problem as ever.
func TestPageIsServed(t *testing.T) {
	n := start(t, config(t.TempDir()))
	b := newBrowser(t, n.edge)
	w := b.do("GET", "/", "", "")
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || w.Header().Get("Cache-Control") != "no-cache" ||
		!strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/nothing", "/assets/none.js", "/absent.html", "/print"} {
		w := b.do("GET", path, "", "")
		b.expect(path, w, 404, "problem:not-found")
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
	b.expect("POST /", b.do("POST", "/", "", "{}"), 404, "problem:not-found")
}

// The places that this package serves itself are in the specification, with the
// problems that they answer with.
func TestSessionsAreDocumented(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	specification, doc := read("../api/openapi.yaml"), read("../../docs/API.md")
	found := 0
	for _, to := range routes {
		if strings.HasPrefix(to.path, "/v1/") && to.area != native {
			found++
			if !strings.Contains(specification, "\n  "+to.path+":\n") || !strings.Contains(doc, "`"+to.path+"`") {
				t.Errorf("%s is not in openapi.yaml and docs/API.md", to.path)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d places, want 2", found)
	}
	for _, want := range []string{"| `no-session` | 401 |", "| `cross-origin` | 403 |", "At most 100 codes", "A node keeps 10,000"} {
		if !strings.Contains(doc, want) {
			t.Errorf("docs/API.md does not say %q", want)
		}
	}
}

// issued is a node with its own issuer, and how to get tokens of it.
func issued(t *testing.T, set func(*Config)) (*node, func(who party.ID, role, person string, scopes ...string) string) {
	c := config(t.TempDir())
	c.InsecureDev, c.BuiltinIssuer = false, true
	if set != nil {
		set(&c)
	}
	n := start(t, c)
	issuer, err := auth.NewIssuer(filepath.Join(c.Data, "keys", "issuer.key"), auth.IssuerName)
	if err != nil {
		t.Fatal(err)
	}
	return n, func(who party.ID, role, person string, scopes ...string) string {
		if scopes == nil {
			scopes = []string{auth.ScopeAct, auth.ScopeRead, auth.ScopeAdmin}
		}
		token, err := issuer.MintAs(who, auth.Standing{Role: role, Person: person}, "localhost", scopes, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
}

// enrol puts a party on record that has a chief, p1, and on watch p2 and p3.
func enrol(t *testing.T, n *node, id party.ID, token string) {
	t.Helper()
	keys := make([]ed25519.PrivateKey, 3)
	holders := make([]registry.Holder, 3)
	for i := range keys {
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = byte(i + 1)
		keys[i] = ed25519.NewKeyFromSeed(seed)
		holders[i] = registry.Holder{Person: []string{"p1", "p2", "p3"}[i], Key: party.NewKey(keys[i].Public().(ed25519.PublicKey))}
	}
	c := &client.Client{BaseURL: n.URL(), Party: string(id), Origin: n.config.Origin, Token: func(context.Context) (string, error) { return token, nil }}
	if _, err := c.Act(t.Context(), "party.enrol", registry.Enrol{Party: registry.Party{
		ID: id, Kind: registry.KindThird, Names: map[string]string{"en": "A party"},
		Roles: []registry.Role{
			{Name: "chief", Level: party.Policy, Holders: holders[:1]},
			{Name: "watch", Level: party.Watch, Holders: holders[1:]},
		},
		Policies:  map[string]registry.Policy{"party.change": {K: 1, Roles: []string{"chief"}}},
		Positions: []registry.Position{{Name: "watch", Level: party.Watch, Bearers: []registry.Bearer{{Name: "data", Kind: "data"}}}},
	}}, keys[0]); err != nil {
		t.Fatal(err)
	}
}

// What somebody may make of another is never more than he is.
func TestInvitations(t *testing.T) {
	n, token := issued(t, func(c *Config) { c.Site = "island" })
	enrol(t, n, "island", token("island", "", ""))
	enrol(t, n, "ridge", token("ridge", "", ""))
	for name, k := range map[string]struct {
		party, role, person string
		ask                 string
		status              int
		want                string // party role person
	}{
		"another device":                      {"ridge", "watch", "p2", `{}`, 200, "ridge watch p2"},
		"said in full":                        {"ridge", "watch", "p2", `{"party":"ridge","role":"watch","person":"p2","life_s":60}`, 200, "ridge watch p2"},
		"a colleague's name":                  {"ridge", "watch", "p2", `{"person":"p3"}`, 403, "level policy"},
		"a higher role":                       {"ridge", "watch", "p2", `{"role":"chief"}`, 403, "at most watch"},
		"an unknown role":                     {"ridge", "watch", "p2", `{"role":"none"}`, 403, "record"},
		"a chief names":                       {"ridge", "chief", "p1", `{"role":"watch","person":"p3"}`, 200, "ridge watch p3"},
		"a chief lends":                       {"ridge", "chief", "p1", `{}`, 200, "ridge chief p1"},
		"no chief":                            {"ridge", "chief", "p2", `{"role":"watch","person":"p3"}`, 403, "level policy"},
		"the party's token":                   {"ridge", "", "", `{"role":"watch","person":"p3"}`, 200, "ridge watch p3"},
		"the party's token and its chief":     {"ridge", "", "", `{"role":"chief","person":"p1"}`, 403, "at most watch"},
		"a role alone":                        {"ridge", "watch", "", `{"person":"p3"}`, 200, "ridge watch p3"},
		"a party without a record":            {"newcomer", "", "", `{}`, 200, "newcomer  "},
		"a party without a record and a role": {"newcomer", "", "", `{"role":"watch"}`, 403, "record"},
		"another party":                       {"ridge", "chief", "p1", `{"party":"valley"}`, 403, "the caller's own"},
		"the site":                            {"island", "chief", "p1", `{"party":"valley","role":"lead","person":"v1"}`, 200, "valley lead v1"},
		"the site, alone":                     {"island", "chief", "p1", `{"party":"valley"}`, 200, "valley  "},
		"the site's watch":                    {"island", "watch", "p2", `{"party":"valley"}`, 403, "level policy"},
		"the site's token":                    {"island", "", "", `{"party":"valley"}`, 403, "level policy"},
		"the site and who is there":           {"island", "chief", "p1", `{"party":"ridge"}`, 403, "enrolled already"},
		"no party":                            {"island", "chief", "p1", `{"party":"a b"}`, 400, "printable"},
		"no role":                             {"island", "chief", "p1", `{"party":"valley","role":"\u0007"}`, 400, "printable"},
		"too short":                           {"ridge", "watch", "p2", `{"life_s":-1}`, 400, "life_s"},
		"too long":                            {"ridge", "watch", "p2", `{"life_s":86401}`, 400, "life_s"},
		"a long way too long":                 {"ridge", "watch", "p2", `{"life_s":9007199254740991}`, 400, "life_s"},
		"what is not known":                   {"ridge", "watch", "p2", `{"scopes":["deconflict.admin"]}`, 400, "scopes"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t, n.edge)
			b.signIn(`{"token":"` + token(party.ID(k.party), k.role, k.person) + `"}`)
			w := b.do("POST", "/v1/invitations", "a", k.ask)
			if w.Code != k.status {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if k.status != 200 {
				b.expect("refused", w, k.status, k.want)
				return
			}
			var made struct{ Code, Expires, URL, QR string }
			if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil {
				t.Fatal(err)
			}
			if made.URL != "http://node.example/#join="+made.Code || !strings.HasPrefix(made.QR, "<svg ") {
				t.Errorf("%+v", made)
			}
			guest := newBrowser(t, n.edge)
			w = guest.do("POST", "/v1/session", "", `{"code":"`+strings.ToLower(made.Code)+`"}`)
			var as struct {
				Party, Role, Person string
				Scopes              []string
				Expires             time.Time
			}
			if err := json.Unmarshal(w.Body.Bytes(), &as); err != nil || w.Code != 200 {
				t.Fatal(w.Code, w.Body, err)
			}
			if got := as.Party + " " + as.Role + " " + as.Person; got != k.want || !slices.Equal(as.Scopes, []string{auth.ScopeAct, auth.ScopeRead}) {
				t.Errorf("the guest is %q with %v, want %q", got, as.Scopes, k.want)
			}
			if left := time.Until(as.Expires); left > time.Hour {
				t.Errorf("the guest is in for %s, the host's token for an hour", left)
			}
			guest.expect("it is used", newBrowser(t, n.edge).do("POST", "/v1/session", "", `{"code":"`+made.Code+`"}`), 401, "used already")
			guest.expect("the guest asks", guest.do("GET", "/v1/parties/me", "a", ""), 200, `"party":"`+as.Party+`"`)
			// Nothing of it gets into the log.
			if log := n.log.String(); strings.Contains(log, made.Code) || strings.Contains(log, guest.cookies["deconflict-seat-a"]) {
				t.Error("the log has the code or the cookie")
			}
		})
	}
}

func TestWhoMayNotInvite(t *testing.T) {
	n, token := issued(t, nil)
	b := newBrowser(t, n.edge)
	b.expect("nobody", b.do("POST", "/v1/invitations", "", "{}"), 401, "no bearer token")
	b.expect("no session", b.do("POST", "/v1/invitations", "a", "{}"), 401, "no session")
	b.signIn(`{"token":"` + token("ridge", "", "", auth.ScopeRead) + `"}`)
	b.expect("who may only read", b.do("POST", "/v1/invitations", "a", "{}"), 403, auth.ScopeAct)
	b.expect("GET", b.do("GET", "/v1/invitations", "a", ""), 405, "expected POST")
	b.expect("a token in its header", b.do("POST", "/v1/invitations", "", "{}", "Authorization", "Bearer "+token("ridge", "", "")), 200, `"code":"`)
	for range auth.MaxInvitations {
		b.do("POST", "/v1/invitations", "", "{}", "Authorization", "Bearer "+token("ridge", "", ""))
	}
	b.expect("too many", b.do("POST", "/v1/invitations", "", "{}", "Authorization", "Bearer "+token("ridge", "", "")), 429, "join codes")
}

// A client of the built-in issuer signs in by its secret, and is out when it is
// taken off the list; so is whom it invited.
func TestClientsSignIn(t *testing.T) {
	n, _ := issued(t, nil)
	clients := auth.OpenClients(filepath.Join(n.config.Data, "clients.json"))
	secret, err := clients.Add("ridge", auth.Standing{}, []string{auth.ScopeAct}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b, guest := newBrowser(t, n.edge), newBrowser(t, n.edge)
	b.signIn(`{"client_id":"ridge","client_secret":"` + secret + `"}`)
	var made struct{ Code string }
	if err := json.Unmarshal(b.do("POST", "/v1/invitations", "a", "{}").Body.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	guest.signIn(`{"code":"` + made.Code + `"}`)
	guest.expect("the guest", guest.do("GET", "/v1/parties", "a", ""), 200, "")
	if err := json.Unmarshal(guest.do("POST", "/v1/invitations", "a", "{}").Body.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	second := newBrowser(t, n.edge)
	second.signIn(`{"code":"` + made.Code + `"}`)
	b.expect("sign out", b.do("DELETE", "/v1/session", "a", ""), 204, "")
	guest.expect("the guest of one who signed out", guest.do("GET", "/v1/parties", "a", ""), 200, "")
	if err := clients.Remove("ridge"); err != nil {
		t.Fatal(err)
	}
	for _, one := range []*browser{guest, second} {
		one.expect("the guest of one who was taken off the list", one.do("GET", "/v1/parties", "a", ""), 401, "no session")
	}
}

// The operator invites whom he wants.
func TestOperatorInvites(t *testing.T) {
	n, _ := issued(t, func(c *Config) { c.BaseURL = "https://node.example/" })
	code, err := n.Invite("ridge", auth.Standing{Role: "watch", Person: "p2"}, []string{auth.ScopeAct}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := n.JoinURL(code), "https://node.example/#join="+code; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	b := newBrowser(t, n.edge)
	w := b.do("POST", "/v1/session", "", `{"code":"`+code+`"}`)
	b.expect("in", w, 200, `"party":"ridge","role":"watch","person":"p2","scopes":["deconflict.act"]`)
	if c := w.Result().Cookies()[0]; !c.Secure || c.MaxAge < int(auth.SessionLife/time.Second)-60 {
		t.Errorf("%+v", c)
	}
	if _, err := n.Invite("", auth.Standing{}, []string{auth.ScopeAct}, 0); err == nil {
		t.Error("a code for nobody")
	}
}

// A party speaks for itself once its record names any key but the one that the
// node keeps.
func TestHeldByTheNode(t *testing.T) {
	record := func(keys ...party.Key) *registry.Party {
		p := &registry.Party{ID: "valley", Roles: []registry.Role{{Name: "chief"}, {Name: "watch"}}}
		for i, k := range keys {
			r := &p.Roles[i%2]
			r.Holders = append(r.Holders, registry.Holder{Person: "v", Key: k})
		}
		return p
	}
	for name, k := range map[string]struct {
		record *registry.Party
		key    party.Key
		want   bool
	}{
		"as the node made it":        {record("n", "n"), "n", true},
		"a key of its own, too":      {record("n", "n", "n", "own"), "n", false},
		"its own alone":              {record("own", "own"), "n", false},
		"somebody without a key":     {record("n", "n", ""), "n", false},
		"none that the node keeps":   {record("n", "n"), "", false},
		"none, and nobody has a key": {record("", ""), "", false},
	} {
		if got := heldBy(k.record, k.key); got != k.want {
			t.Errorf("%s: %v, want %v", name, got, k.want)
		}
	}
}
