package conformance

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// object is a JSON object to be sent.
type object map[string]any

// set returns a copy with one member more, or another.
func (o object) set(name string, value any) object {
	c := object{}
	for k, v := range o {
		c[k] = v
	}
	c[name] = value
	return c
}

// drop returns a copy without a member.
func (o object) drop(name string) object {
	c := o.set(name, nil)
	delete(c, name)
	return c
}

// probe is one check while it runs: a test with a piece of airspace of its own.
type probe struct {
	*testing.T
	s       *suite
	patch   patch
	began   time.Time
	secrets *[]secret
	made    *inventory
}

// secret is text that only one party may be told.
type secret struct {
	text, owner, what string
}

// each runs a part of a check as a subtest.
func (p *probe) each(name string, run func(p *probe)) {
	p.Helper()
	p.Run(name, func(t *testing.T) {
		sub := *p
		sub.T = t
		run(&sub)
	})
}

// fork returns the check for another goroutine.
func (p *probe) fork() *probe {
	c := *p
	c.secrets = &[]secret{}
	return &c
}

// keep notes a text that must not reach any other party.
func (p *probe) keep(text, owner, what string) {
	if len(text) >= 8 && !strings.Contains(text, "Available from") {
		*p.secrets = append(*p.secrets, secret{text, owner, what})
	}
}

// uss is one operator's system as the DSS knows it: by the subject and the
// scopes of its tokens.
type uss struct {
	p      *probe
	name   string
	scopes string // parted by blanks
	at     int    // instance that it talks to
}

func (p *probe) uss(name string, scopes ...string) uss {
	if scopes == nil {
		scopes = []string{scopeStrategic}
	}
	return uss{p: p, name: name, scopes: strings.Join(scopes, " ")}
}

// with returns the same USS with other scopes.
func (u uss) with(scopes ...string) uss {
	u.scopes = strings.Join(scopes, " ")
	return u
}

// on returns the same USS talking to another instance.
func (u uss) on(i int) uss {
	u.at = i % len(u.p.s.instances)
	return u
}

// in returns the same USS in a part of the check.
func (u uss) in(p *probe) uss {
	u.p = p
	return u
}

func (u uss) baseURL() string { return "https://" + u.name + ".example/utm" }

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	p      *probe
	what   string
}

// into decodes a body that fits its schema.
func (a *answer) into(v any) {
	a.p.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.p.Fatalf("%s: %v", a.what, err)
	}
}

func (a *answer) is(statuses ...int) bool { return slices.Contains(statuses, a.status) }

// do sends a request with a good token. The status must be one of those given.
func (u uss) do(method, path string, body any, want ...int) *answer {
	u.p.Helper()
	token := u.p.s.token(u.p.T, claims{"sub": u.name, "scope": u.scopes, "aud": u.p.s.instances[u.at].audience})
	return u.p.send(u.at, method, path, "Bearer "+token, u.name, body, want...)
}

// send makes any request, and checks what holds for every answer: it comes in
// time, has one of the statuses, is no redirect and no failure of the DSS, is
// JSON that fits its schema, and holds nobody else's secrets.
func (p *probe) send(at int, method, path, authorization, party string, body any, want ...int) *answer {
	p.Helper()
	data := encode(p.T, body)
	a := p.exchange(at, method, path, authorization, data)
	a.what = fmt.Sprintf("%s %s as %s", method, cutText(path, 160), party)
	if !slices.Contains(want, a.status) {
		p.Fatalf("%s: found %d %s, expected %v\nsent %s", a.what, a.status, cutText(string(a.body), 500), want, cutText(string(data), 700))
	}
	for _, fault := range append(p.s.faults(a, method, path), leaks(*p.secrets, party, path+string(data), a.body)...) {
		p.Errorf("%s: %d: %s", a.what, a.status, fault)
	}
	p.learn(a, method, path, party)
	return a
}

// leaks returns what an answer to a party tells of another's secrets. What the
// party said itself is no secret to it.
func leaks(secrets []secret, party, sent string, body []byte) (list []string) {
	for _, s := range secrets {
		if s.owner != party && !strings.Contains(sent, s.text) && bytes.Contains(body, []byte(s.text)) {
			list = append(list, fmt.Sprintf("tells %s of %s: %s", s.what, s.owner, cutText(string(body), 500)))
		}
	}
	return list
}

// exchange makes a request and reads the answer.
func (p *probe) exchange(at int, method, path, authorization string, data []byte) *answer {
	p.Helper()
	var body io.Reader
	if data != nil {
		body = bytes.NewReader(data)
	}
	// Not the context of the test, which ends before what clears up after it.
	req, err := http.NewRequestWithContext(context.Background(), method, p.s.instances[at].base+path, body)
	if err != nil {
		p.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	if data != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := p.s.client.Do(req)
	if err != nil {
		p.Fatalf("%s %s: %v", method, cutText(path, 160), err)
	}
	defer res.Body.Close()
	a := &answer{status: res.StatusCode, header: res.Header, p: p}
	if a.body, err = io.ReadAll(io.LimitReader(res.Body, 256<<20)); err != nil {
		p.Fatalf("%s %s: %v", method, cutText(path, 160), err)
	}
	return a
}

// rootsOfDSS are where every answer is as the standard has it. Elsewhere a node
// may answer in a form of its own.
var rootsOfDSS = []string{"/dss/", "/aux/", "/versions/"}

// faults holds an answer against what is true of every answer, and against its
// schema.
func (s *suite) faults(a *answer, method, path string) (list []string) {
	if a.status < 200 || a.status >= 300 && a.status < 400 || a.status >= 500 {
		return []string{"no answer may have this status: " + cutText(string(a.body), 500)}
	}
	kind := a.header.Get("Content-Type")
	inside := slices.ContainsFunc(rootsOfDSS, func(root string) bool { return strings.HasPrefix(path, root) })
	if !inside && strings.HasPrefix(kind, "application/problem+json") {
		return nil
	}
	if !strings.HasPrefix(kind, "application/json") {
		list = append(list, fmt.Sprintf("found content type %q, expected application/json", kind))
	}
	value, err := parseJSON(a.body)
	if err != nil {
		return append(list, fmt.Sprintf("found %s: %v", cutText(string(a.body), 500), err))
	}
	o := operationOf(method, strings.SplitN(path, "?", 2)[0])
	list = append(list, s.schemas.check(o.schemaOf(a.status), value)...)
	if a.status >= 400 {
		object, _ := value.(map[string]any)
		if message, _ := object["message"].(string); message == "" {
			list = append(list, fmt.Sprintf("found %s, expected a message", cutText(string(a.body), 500)))
		}
	}
	if a.status == http.StatusUnauthorized && a.header.Get("WWW-Authenticate") == "" {
		list = append(list, "found no WWW-Authenticate (RFC 9110 section 11.6.1)")
	}
	return list
}

// inventory is what a check has made and not deleted.
type inventory struct {
	mu    sync.Mutex
	items map[string]item // by path
}

type item struct {
	version, party string
}

// note follows a write.
func (v *inventory) note(method, path, version, party string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch path = strings.Join(strings.Split(path, "/")[:5], "/"); method {
	case "PUT":
		v.items[path] = item{version, party}
	case "DELETE":
		delete(v.items, path)
	}
}

// clear deletes what is left, so that a DSS is as it was and a check can be run
// again. Subscriptions come last, as intents depend on them.
func (p *probe) clear() {
	for _, path := range slices.Sorted(maps.Keys(p.made.items)) {
		i := p.made.items[path]
		token := p.s.token(p.T, claims{"sub": i.party, "scope": strings.Join(allScopes, " "), "aud": p.s.instances[0].audience})
		p.exchange(0, "DELETE", path+"/"+i.version, "Bearer "+token, nil)
	}
}

// learn notes what only this party may know, OVNs and versions of
// subscriptions, and what there is to be deleted.
func (p *probe) learn(a *answer, method, path, party string) {
	if a.status >= 300 || len(a.body) > 1<<16 || !strings.HasPrefix(path, "/dss/v1/") {
		return
	}
	var seen struct {
		Intent       reference    `json:"operational_intent_reference"`
		Constraint   reference    `json:"constraint_reference"`
		Subscription subscription `json:"subscription"`
	}
	a.into(&seen)
	for _, r := range []reference{seen.Intent, seen.Constraint} {
		if r.Manager == party {
			p.keep(r.OVN, party, "the OVN")
			p.made.note(method, path, r.OVN, party)
		}
	}
	if s := seen.Subscription; s.ID != "" {
		p.keep(s.Version, party, "the version of a subscription")
		p.made.note(method, path, s.Version, party)
	}
}

// encode returns a body: bytes and text as they are, nil for none, anything
// else as JSON.
func encode(t *testing.T, body any) []byte {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case []byte:
		return b
	case string:
		return []byte(b)
	}
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// claims are those of a token.
type claims map[string]any

// token returns a signed token. What the claims leave open is as it should be;
// a claim of nil is left out.
func (s *suite) token(t *testing.T, c claims) string {
	t.Helper()
	key := fmt.Sprint(c["sub"], "|", c["aud"], "|", c["scope"])
	if len(c) == 3 {
		if token, ok := s.tokens.Load(key); ok {
			return token.(string)
		}
	}
	token := sign(t, s.key, object{"alg": "RS256", "typ": "JWT"}, s.fill(c))
	if len(c) == 3 {
		s.tokens.Store(key, token)
	}
	return token
}

func (s *suite) fill(c claims) object {
	all := object{
		"iss": "https://issuer.example", "sub": "uss-alder", "aud": s.instances[0].audience, "scope": scopeStrategic,
		"exp": time.Now().Add(50 * time.Minute).Unix(), "iat": time.Now().Add(-time.Second).Unix(), "jti": newID(),
	}
	for k, v := range c {
		all[k] = v
		if v == nil {
			delete(all, k)
		}
	}
	return all
}

// sign returns a JSON Web Token with an RS256 signature (RFC 7515, RFC 7518).
func sign(t *testing.T, key *rsa.PrivateKey, header, payload object) string {
	t.Helper()
	signed := segment(encode(t, header)) + "." + segment(encode(t, payload))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + segment(signature)
}

func segment(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// newID returns a random UUID of version 4.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return formatUUID(b)
}

func formatUUID(b [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
