package conformance

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"time"
)

var tokenChecks = []check{
	{ids: "rule/tokens", what: "tokens that open", run: goodTokens},
	{ids: "rule/tokens rule/credentials", what: "tokens that do not open", run: badTokens},
	{ids: "rule/tokens", what: "each host name is an audience", run: audiences},
	{ids: "rule/tokens oir/response DSS0210,2b", what: "the subject is the manager", run: subjectIsManager},
}

// tryToken reads an unknown intent: 404 says that the token opened.
func (p *probe) tryToken(authorization string, want ...int) {
	p.Helper()
	p.send(0, "GET", intentsPath+"/"+newID(), authorization, "somebody", nil, want...)
}

func goodTokens(p *probe) {
	audience := p.s.instances[0].audience
	for name, c := range map[string]claims{
		"plain":              {},
		"audiences":          {"aud": []string{"dss.example", audience}},
		"more scopes":        {"scope": scopePool + " " + scopeStrategic + " " + scopeForeign},
		"not before is past": {"nbf": time.Now().Add(-time.Minute).Unix()},
		"no jti":             {"jti": nil},
		"no iat":             {"iat": nil},
		"unknown claims":     {"groups": []string{"x"}, "client_id": "y"},
	} {
		p.each(name, func(p *probe) {
			p.tryToken("Bearer "+p.s.token(p.T, c), 404)
		})
	}
}

func badTokens(p *probe) {
	s, now := p.s, time.Now()
	header := object{"alg": "RS256", "typ": "JWT"}
	good := s.token(p.T, claims{})
	parts := strings.Split(good, ".")
	unsigned := segment(encode(p.T, object{"alg": "none"})) + "." + parts[1] + "."
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		p.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	symmetric := segment(encode(p.T, object{"alg": "HS256", "typ": "JWT"})) + "." + parts[1]
	mac := hmac.New(sha256.New, public)
	mac.Write([]byte(symmetric))
	symmetric += "." + segment(mac.Sum(nil))
	for name, authorization := range map[string]string{
		"nothing":             "",
		"no scheme":           good,
		"Basic":               "Basic dXNzOnNlY3JldA==",
		"empty":               "Bearer ",
		"garbage":             "Bearer x.y.z",
		"two parts":           "Bearer " + parts[0] + "." + parts[1],
		"another key":         "Bearer " + sign(p.T, newKey(p.T), header, s.fill(claims{})),
		"alg none":            "Bearer " + unsigned,
		"alg none, signed":    "Bearer " + unsigned + parts[2],
		"HMAC of the key":     "Bearer " + symmetric,
		"expired":             "Bearer " + s.token(p.T, claims{"exp": now.Add(-time.Minute).Unix()}),
		"no expiry":           "Bearer " + s.token(p.T, claims{"exp": nil}),
		"not yet":             "Bearer " + s.token(p.T, claims{"nbf": now.Add(10 * time.Minute).Unix()}),
		"another audience":    "Bearer " + s.token(p.T, claims{"aud": "dss.example"}),
		"audience with port":  "Bearer " + s.token(p.T, claims{"aud": s.instances[0].audience + ":8082"}),
		"no audience":         "Bearer " + s.token(p.T, claims{"aud": nil}),
		"no subject":          "Bearer " + s.token(p.T, claims{"sub": nil}),
		"empty subject":       "Bearer " + s.token(p.T, claims{"sub": ""}),
		"no scope":            "Bearer " + s.token(p.T, claims{"scope": nil}),
		"empty scope":         "Bearer " + s.token(p.T, claims{"scope": ""}),
		"payload of another":  "Bearer " + parts[0] + "." + segment(encode(p.T, s.fill(claims{"sub": "uss-birch"}))) + "." + parts[2],
		"critical extensions": "Bearer " + sign(p.T, s.key, header.set("crit", []string{"x"}).set("x", 1), s.fill(claims{})),
	} {
		p.each(name, func(p *probe) { p.tryToken(authorization, 401) })
	}
	// A server may refuse so large a header before it looks at it.
	p.each("oversized", func(p *probe) {
		a := p.exchange(0, "GET", intentsPath+"/"+newID(), "Bearer "+s.token(p.T, claims{"x": strings.Repeat("x", 100_000)}), nil)
		if !a.is(401, 431) {
			p.Errorf("found %d, expected 401 or 431", a.status)
		}
	})
}

func audiences(p *probe) {
	for i := range p.s.instances {
		p.uss("uss-alder").on(i).do("GET", intentsPath+"/"+newID(), nil, 404)
	}
}

func subjectIsManager(p *probe) {
	for _, name := range []string{"uss-alder", "org.example:uss/2", "https://issuer.example/clients/7", strings.Repeat("u", 200)} {
		alder := p.uss(name)
		made := alder.putIntent(newID(), "", p.uss("uss-alder").intent(here))
		p.equal("manager", made.Manager, name)
		p.equal("manager as read by another", p.uss("uss-birch").getIntent(made.ID).Manager, name)
		alder.deleteIntent(made.ID, made.OVN)
	}
}
