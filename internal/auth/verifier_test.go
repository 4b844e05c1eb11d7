package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The tests' keys are made once: RSA keys take long.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherRSA = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey    = sync.OnceValue(newECKey)
	otherEC  = sync.OnceValue(newECKey)
)

func newECKey() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// noon is when the tests take place.
var noon = time.Date(2031, 5, 14, 12, 0, 0, 0, time.UTC)

const audience = "node.example"

func testIssuer(t testing.TB, key crypto.Signer) *Issuer {
	t.Helper()
	s, err := NewIssuerWithKey(key, IssuerName, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testVerifier accepts what both keys sign, at noon.
func testVerifier(t testing.TB) *Verifier {
	t.Helper()
	v, err := NewVerifier(Config{
		Audiences:  []string{"other.example", audience},
		PublicKeys: []crypto.PublicKey{&rsaKey().PublicKey, &ecKey().PublicKey},
		Now:        func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func TestMintedTokensAreAccepted(t *testing.T) {
	v := testVerifier(t)
	for name, key := range map[string]crypto.Signer{"RS256": rsaKey(), "ES256": ecKey()} {
		token, err := testIssuer(t, key).Mint("uss1", audience, []string{ScopeConstraintManagement, ScopeStrategicCoordination}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range []string{"Bearer " + token, "bearer " + token, "BEARER  " + token} {
			id, err := v.Verify(t.Context(), header)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if id.Party != "uss1" || !id.Has(ScopeStrategicCoordination) || !id.Has(ScopeConstraintManagement) || id.Has(ScopeAdmin) ||
				id.ExpiresNS != noon.Add(time.Hour).UnixNano() {
				t.Errorf("%s: %+v", name, id)
			}
		}
	}
}

// A token says in which role and as whom its holder acts; what other issuers
// mean by those names neither counts nor keeps anybody out.
func TestStandingOfTokens(t *testing.T) {
	v := testVerifier(t)
	for as, want := range map[Standing]string{
		{}:                              "",
		{Role: "watch"}:                 "",
		{Person: "D-2"}:                 "",
		{"duty-director", "Zoé"}:        "",
		{Role: strings.Repeat("r", 64)}: "",
		{Role: strings.Repeat("r", 65)}: "found the role",
		{Role: "watch\n"}:               "found the role",
		{Person: "\u202eD-2"}:           "found the person",
		{Person: "\xff"}:                "found the person",
	} {
		token, err := testIssuer(t, ecKey()).MintAs("uss1", as, audience, []string{ScopeAct}, time.Hour)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+q: found %v, want %q", as, err, want)
			}
			continue
		}
		id, err := v.Verify(t.Context(), "Bearer "+token)
		if err != nil || id.Standing != as || !id.Has(ScopeAct) {
			t.Errorf("%+q: %+v, %v", as, id, err)
		}
		if again, err := v.Verify(t.Context(), "Bearer "+token); err != nil || again.Standing != as {
			t.Errorf("%+q: remembered as %+v, %v", as, again, err)
		}
	}
	for name, c := range map[string]struct {
		claims []string
		want   Standing
	}{
		"strings":       {[]string{`"role":"watch"`, `"person":"D-2"`}, Standing{"watch", "D-2"}},
		"null":          {[]string{`"role":null`, `"person":"D-2"`}, Standing{"", "D-2"}},
		"a list":        {[]string{`"role":["watch","policy"]`}, Standing{}},
		"an object":     {[]string{`"role":{"name":"policy"}`}, Standing{}},
		"a number":      {[]string{`"role":"policy"`, `"person":7`}, Standing{}},
		"empty":         {[]string{`"role":"policy"`, `"person":""`}, Standing{}},
		"too long":      {[]string{`"role":"policy"`, `"person":"` + strings.Repeat("p", 65) + `"`}, Standing{}},
		"other letters": {[]string{`"Role":"policy"`, `"ROLE":"policy"`}, Standing{}},
	} {
		payload := strings.TrimSuffix(claimsWith(), "}") + "," + strings.Join(c.claims, ",") + "}"
		id, err := v.Verify(t.Context(), "Bearer "+sign(rs256, payload, rsaKey()))
		if err != nil || id.Standing != c.want {
			t.Errorf("%s: found %+v, %v, want %+v", name, id.Standing, err, c.want)
		}
	}
	twice := strings.TrimSuffix(claimsWith(), "}") + `,"role":"watch","role":"policy"}`
	if id, err := v.Verify(t.Context(), "Bearer "+sign(rs256, twice, rsaKey())); err == nil {
		t.Errorf("two roles: %+v", id)
	}
}

// sign makes a token by the letter of RFC 7515, with the standard library only,
// so that it can say anything.
func sign(header, payload string, key crypto.Signer) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	sum := sha256.Sum256([]byte(signed))
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return signed + "." + encode(must(rsa.SignPKCS1v15(nil, k, crypto.SHA256, sum[:])))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
		if err != nil {
			panic(err)
		}
		return signed + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	return signed + "."
}

const rs256 = `{"alg":"RS256","typ":"JWT"}`

// claimsWith is the payload of a good token at noon, with claims replaced; one
// replaced by nothing is left out.
func claimsWith(changes ...string) string {
	list := []string{
		"iss", `"somebody"`, "sub", `"uss1"`, "aud", `"node.example"`, "scope", `"utm.strategic_coordination"`,
		"iat", at(-time.Minute), "nbf", at(-time.Minute), "exp", at(time.Hour),
	}
	var members []string
	for i := 0; i < len(list); i += 2 {
		value := list[i+1]
		for j := 0; j < len(changes); j += 2 {
			if changes[j] == list[i] {
				value = changes[j+1]
			}
		}
		if value != "" {
			members = append(members, `"`+list[i]+`":`+value)
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// at is a NumericDate so long after noon.
func at(d time.Duration) string { return strconv.FormatInt(noon.Add(d).Unix(), 10) }

// hs256 signs with a secret of the attacker's choice.
func hs256(payload string, secret []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(payload))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// certificateOf returns a self-signed certificate as `x5c` has it.
func certificateOf(key crypto.Signer) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: noon}
	return base64.StdEncoding.EncodeToString(must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)))
}

func publicPEM(t testing.TB) []byte { return must(testIssuer(t, rsaKey()).PublicPEM()) }

type attempt struct {
	name, token string
	want        error // nil: accepted
}

func attempts(t testing.TB) []attempt {
	good := claimsWith()
	jwk := string(must((&jose.JSONWebKey{Key: &otherRSA().PublicKey}).MarshalJSON()))
	valid := sign(rs256, good, rsaKey())
	parts := strings.Split(valid, ".")
	return []attempt{
		{"good", valid, nil},
		{"good, ES256", sign(`{"alg":"ES256"}`, good, ecKey()), nil},
		{"good, one audience of several", sign(rs256, claimsWith("aud", `["a.example","node.example"]`), rsaKey()), nil},
		{"good, RFC 9068 type", sign(`{"alg":"RS256","typ":"at+jwt"}`, good, rsaKey()), nil},
		{"good, key id of a key without one", sign(`{"alg":"RS256","kid":"spring"}`, good, rsaKey()), nil},
		{"good, no iat and nbf", sign(rs256, claimsWith("iat", "", "nbf", ""), rsaKey()), nil},
		{"good, clock 5 s ahead", sign(rs256, claimsWith("iat", at(5*time.Second), "nbf", at(5*time.Second)), rsaKey()), nil},
		{"good, expires in a second", sign(rs256, claimsWith("exp", at(time.Second)), rsaKey()), nil},
		{"good, fraction of a second", sign(rs256, claimsWith("exp", at(time.Second)+".5"), rsaKey()), nil},
		{"good, expires in another age", sign(rs256, claimsWith("exp", "99999999999999"), rsaKey()), nil},

		{"alg none", sign(`{"alg":"none"}`, good, nil), ErrAlgorithm},
		{"alg none, in capitals", sign(`{"alg":"NONE"}`, good, nil), ErrAlgorithm},
		{"alg none, old signature", strings.Split(sign(`{"alg":"none"}`, good, nil), ".")[0] + "." + parts[1] + "." + parts[2], ErrAlgorithm},
		{"no alg", sign(`{"typ":"JWT"}`, good, rsaKey()), ErrAlgorithm},
		{"HS256 with the public key as secret", hs256(good, publicPEM(t)), ErrAlgorithm},
		{"PS256", sign(`{"alg":"PS256"}`, good, rsaKey()), ErrAlgorithm},
		{"RS384", sign(`{"alg":"RS384"}`, good, rsaKey()), ErrAlgorithm},
		{"ES384", sign(`{"alg":"ES384"}`, good, ecKey()), ErrAlgorithm},
		{"ES256 over an RSA signature", sign(`{"alg":"ES256"}`, good, rsaKey()), ErrSignature},
		{"RS256 over an EC signature", sign(rs256, good, ecKey()), ErrSignature},

		{"wrong RSA key", sign(rs256, good, otherRSA()), ErrSignature},
		{"wrong EC key", sign(`{"alg":"ES256"}`, good, otherEC()), ErrSignature},
		{"ECDSA signature of zeros", sign(`{"alg":"ES256"}`, good, nil) + strings.Repeat("A", 86), ErrSignature},
		{"key id pointing nowhere", sign(`{"alg":"RS256","kid":"../../dev/null"}`, good, otherRSA()), ErrUnknownKey},
		{"embedded jwk", sign(`{"alg":"RS256","jwk":`+jwk+`}`, good, otherRSA()), ErrSignature},
		{"jku", sign(`{"alg":"RS256","jku":"https://attacker.example/keys"}`, good, otherRSA()), ErrSignature},
		{"x5u", sign(`{"alg":"RS256","x5u":"https://attacker.example/chain"}`, good, otherRSA()), ErrSignature},
		{"x5c", sign(`{"alg":"RS256","x5c":["`+certificateOf(otherRSA())+`"]}`, good, otherRSA()), ErrSignature},
		{"payload of another token", parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(claimsWith("sub", `"uss2"`))) + "." + parts[2], ErrSignature},
		{"no signature", parts[0] + "." + parts[1] + ".", ErrSignature},

		{"wrong audience", sign(rs256, claimsWith("aud", `"elsewhere.example"`), rsaKey()), ErrAudience},
		{"audience with a port", sign(rs256, claimsWith("aud", `"node.example:8082"`), rsaKey()), ErrAudience},
		{"audience as a part", sign(rs256, claimsWith("aud", `"node.example,x"`), rsaKey()), ErrAudience},
		{"no audience", sign(rs256, claimsWith("aud", ""), rsaKey()), ErrAudience},
		{"empty list of audiences", sign(rs256, claimsWith("aud", `[]`), rsaKey()), ErrAudience},
		{"audience null", sign(rs256, claimsWith("aud", `null`), rsaKey()), ErrMalformed},
		{"audience a number", sign(rs256, claimsWith("aud", `7`), rsaKey()), ErrMalformed},

		{"expired", sign(rs256, claimsWith("exp", at(-time.Second)), rsaKey()), ErrExpired},
		{"expires now", sign(rs256, claimsWith("exp", at(0)), rsaKey()), ErrExpired},
		{"expired before the epoch", sign(rs256, claimsWith("exp", "-1e18"), rsaKey()), ErrExpired},
		{"no exp", sign(rs256, claimsWith("exp", ""), rsaKey()), ErrMissingClaim},
		{"exp null", sign(rs256, claimsWith("exp", "null"), rsaKey()), ErrMissingClaim},
		{"exp a string", sign(rs256, claimsWith("exp", `"`+at(time.Hour)+`"`), rsaKey()), ErrMalformed},
		{"exp beyond numbers", sign(rs256, claimsWith("exp", "1e300"), rsaKey()), ErrMalformed},
		{"not yet valid", sign(rs256, claimsWith("nbf", at(6*time.Second)), rsaKey()), ErrNotYetValid},
		{"iat in the future", sign(rs256, claimsWith("iat", at(6*time.Second)), rsaKey()), ErrIssuedLater},

		{"no sub", sign(rs256, claimsWith("sub", ""), rsaKey()), ErrMissingClaim},
		{"empty sub", sign(rs256, claimsWith("sub", `""`), rsaKey()), ErrMissingClaim},
		{"sub with a space", sign(rs256, claimsWith("sub", `"uss1 uss2"`), rsaKey()), ErrMissingClaim},
		{"sub with a line end", sign(rs256, claimsWith("sub", `"uss1\n"`), rsaKey()), ErrMissingClaim},
		{"sub of 257 bytes", sign(rs256, claimsWith("sub", `"`+strings.Repeat("u", 257)+`"`), rsaKey()), ErrMissingClaim},
		{"sub a number", sign(rs256, claimsWith("sub", "1"), rsaKey()), ErrMalformed},
		{"name of a claim in capitals", sign(rs256, strings.Replace(good, `"sub"`, `"SUB"`, 1), rsaKey()), ErrMissingClaim},

		{"no scope", sign(rs256, claimsWith("scope", ""), rsaKey()), ErrNoScope},
		{"empty scope", sign(rs256, claimsWith("scope", `""`), rsaKey()), ErrNoScope},
		{"scope of spaces", sign(rs256, claimsWith("scope", `"  "`), rsaKey()), ErrNoScope},
		{"empty scope, expired", sign(rs256, claimsWith("scope", `""`, "exp", at(-time.Second)), rsaKey()), ErrExpired},
		{"scope with a tab", sign(rs256, claimsWith("scope", `"a\tb"`), rsaKey()), ErrMissingClaim},
		{"scope a list", sign(rs256, claimsWith("scope", `["utm.strategic_coordination"]`), rsaKey()), ErrMalformed},

		{"claim given twice", sign(rs256, strings.TrimSuffix(good, "}")+`,"sub":"uss2"}`, rsaKey()), ErrMalformed},
		{"header given twice", sign(`{"alg":"RS256","alg":"none"}`, good, rsaKey()), ErrMalformed},
		{"wrong type", sign(`{"alg":"RS256","typ":"dpop+jwt"}`, good, rsaKey()), ErrMalformed},
		{"type not a string", sign(`{"alg":"RS256","typ":7}`, good, rsaKey()), ErrMalformed},
		{"critical extension", sign(`{"alg":"RS256","crit":["b64"],"b64":true}`, good, rsaKey()), ErrMalformed},
		{"header not JSON", sign(`RS256`, good, rsaKey()), ErrMalformed},
		{"payload not JSON", sign(rs256, `sub=uss1`, rsaKey()), ErrMalformed},
		{"payload not an object", sign(rs256, `["uss1"]`, rsaKey()), ErrMalformed},
		{"text after the payload", sign(rs256, good+`{}`, rsaKey()), ErrMalformed},
		{"JSON serialisation", `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, ErrMalformed},
		{"two parts", parts[0] + "." + parts[1], ErrMalformed},
		{"four parts", valid + ".x", ErrMalformed},
		{"five parts, as encrypted", valid + "..", ErrMalformed},
		{"padded", valid + "==", ErrMalformed},
		{"dev token", "dev:uss1:utm.strategic_coordination", ErrMalformed},
		{"garbage", "\x00\xff", ErrMalformed},
		{"empty parts", "..", ErrAlgorithm},
		{"as large as may be", strings.Repeat("A", MaxTokenBytes), ErrMalformed},
		{"too large", strings.Repeat("A", MaxTokenBytes+1), ErrTooLarge},
		{"too large but right", sign(rs256, claimsWith("iss", `"`+strings.Repeat("i", MaxTokenBytes)+`"`), rsaKey()), ErrTooLarge},
	}
}

func TestAttempts(t *testing.T) {
	v := testVerifier(t)
	for _, a := range attempts(t) {
		// The second time the token may come from the cache: the answer is the same.
		for range 2 {
			id, err := v.Verify(t.Context(), "Bearer "+a.token)
			if !errors.Is(err, a.want) || (err == nil) != (a.want == nil) {
				t.Errorf("%s: found %v, want %v", a.name, err, a.want)
			}
			if err == nil && (id.Party != "uss1" || len(id.Scopes) != 1) || err != nil && id.Party != "" {
				t.Errorf("%s: %+v", a.name, id)
			}
		}
	}
}

func TestOtherSchemesAreNoToken(t *testing.T) {
	v := testVerifier(t)
	token := sign(rs256, claimsWith(), rsaKey())
	for _, header := range []string{"", "Bearer", "Bearer ", token, "Basic dXNzMTp4", "Bearer\t" + token, " Bearer " + token} {
		if _, err := v.Verify(t.Context(), header); !errors.Is(err, ErrNoToken) {
			t.Errorf("%.20q: %v", header, err)
		}
	}
}

// Whatever single byte of a token changes, it is refused.
func TestEveryByteCounts(t *testing.T) {
	v := testVerifier(t)
	for _, token := range []string{sign(rs256, claimsWith(), rsaKey()), sign(`{"alg":"ES256"}`, claimsWith(), ecKey())} {
		if _, err := v.Verify(t.Context(), "Bearer "+token); err != nil {
			t.Fatal(err)
		}
		for i := range len(token) {
			for _, c := range []byte("AB_.") {
				changed := token[:i] + string(c) + token[i+1:]
				if _, err := v.Verify(t.Context(), "Bearer "+changed); err == nil && changed != token {
					t.Errorf("accepted with %q as byte %d", c, i)
				}
			}
		}
	}
}

func TestChallengesTellKindsOnly(t *testing.T) {
	v := testVerifier(t)
	known := map[string]bool{
		`Bearer realm="deconflict", error="invalid_token", error_description="the token carries no scope"`: true,
	}
	for _, err := range []error{ErrInvalid, ErrTooLarge, ErrMalformed, ErrAlgorithm, ErrUnknownKey, ErrSignature, ErrMissingClaim, ErrAudience, ErrExpired, ErrNotYetValid, ErrIssuedLater} {
		known[`Bearer realm="deconflict", error="invalid_token", error_description="`+err.Error()+`"`] = true
	}
	for _, a := range attempts(t) {
		if _, err := v.Verify(t.Context(), "Bearer "+a.token); err != nil && !known[Challenge(err)] {
			t.Errorf("%s: %s", a.name, Challenge(err))
		}
	}
	if got := Challenge(ErrNoToken); got != `Bearer realm="deconflict"` {
		t.Error(got)
	}
	if got := Challenge(errors.New(`disk "7" failed`)); got != `Bearer realm="deconflict", error="invalid_token", error_description="invalid token"` {
		t.Error(got)
	}
	if got := ScopeChallenge("a", "b"); got != `Bearer realm="deconflict", error="insufficient_scope", scope="a b"` {
		t.Error(got)
	}
}

// The operator is told what the audience of a token is and what it should be;
// the caller is not, and no log holds a token.
func TestWrongAudienceIsLogged(t *testing.T) {
	var log bytes.Buffer
	v, err := NewVerifier(Config{
		Audiences: []string{audience}, Now: func() time.Time { return noon }, PublicKeys: []crypto.PublicKey{&rsaKey().PublicKey},
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	token := sign(rs256, claimsWith("aud", `"elsewhere.example"`), rsaKey())
	_, err = v.Verify(t.Context(), "Bearer "+token)
	if !errors.Is(err, ErrAudience) || strings.Contains(err.Error(), audience) {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"level=DEBUG", "found=[elsewhere.example]", "expected=[" + audience + "]", "party=uss1"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, &log)
		}
	}
	for part := range strings.SplitSeq(token, ".") {
		if strings.Contains(log.String(), part) {
			t.Errorf("the log holds a part of the token: %s", &log)
		}
	}
	log.Reset()
	// Whoever did not sign says nothing to the operator.
	if _, err := v.Verify(t.Context(), "Bearer "+sign(rs256, claimsWith("aud", `"elsewhere.example"`), otherRSA())); err == nil || log.Len() > 0 {
		t.Errorf("%v, %s", err, &log)
	}
}

func TestDevTokens(t *testing.T) {
	var log bytes.Buffer
	dev, err := NewVerifier(Config{
		Audiences: []string{audience}, InsecureDev: true, Now: func() time.Time { return noon },
		PublicKeys: []crypto.PublicKey{&rsaKey().PublicKey}, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "INSECURE") || !dev.Insecure() {
		t.Errorf("not loud: %q", &log)
	}
	for token, want := range map[string]error{
		"dev:uss1:utm.strategic_coordination": nil,
		"dev:urn:uss:1:a,b":                   nil,
		"dev:uss1:":                           ErrNoScope,
		"dev:uss1":                            ErrMalformed,
		"dev::a":                              ErrMissingClaim,
		"dev:two words:a":                     ErrMissingClaim,
		`dev:uss1:a"b`:                        ErrMissingClaim,
		"dev:" + strings.Repeat("u", MaxTokenBytes) + ":a": ErrTooLarge,
		sign(rs256, claimsWith(), rsaKey()):                nil, // proper tokens too
		sign(rs256, claimsWith(), otherRSA()):              ErrSignature,
	} {
		if _, err := dev.Verify(t.Context(), "Bearer "+token); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%.60s: found %v, want %v", token, err, want)
		}
	}
	id, err := dev.Verify(t.Context(), "Bearer dev:urn:uss:1:b,a,b")
	if err != nil || id.Party != "urn:uss:1" || strings.Join(id.Scopes, " ") != "a b" || id.ExpiresNS <= noon.UnixNano() {
		t.Errorf("%+v, %v", id, err)
	}
	if testVerifier(t).Insecure() {
		t.Error("a verifier is insecure without being told to")
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	keys := []crypto.PublicKey{&rsaKey().PublicKey}
	weak := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}
	dir := t.TempDir()
	file := func(name, content string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	good := string(publicPEM(t))
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(ecKey()))}))
	for name, c := range map[string]struct {
		config Config
		want   string // empty: accepted
	}{
		"keys at hand":        {Config{Audiences: []string{"a"}, PublicKeys: keys}, ""},
		"key file":            {Config{Audiences: []string{"a"}, KeyFiles: []string{file("good", good)}}, ""},
		"no audience":         {Config{PublicKeys: keys}, "no audience"},
		"empty audience":      {Config{Audiences: []string{"a", ""}, PublicKeys: keys}, "no audience or an empty one"},
		"no key":              {Config{Audiences: []string{"a"}}, "no source of keys"},
		"leeway":              {Config{Audiences: []string{"a"}, PublicKeys: keys, Leeway: time.Hour}, "leeway of 1h0m0s"},
		"weak key":            {Config{Audiences: []string{"a"}, PublicKeys: []crypto.PublicKey{weak}}, "RSA key of 1024 bits"},
		"other curve":         {Config{Audiences: []string{"a"}, PublicKeys: []crypto.PublicKey{must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)).Public()}}, "on P-384"},
		"other kind":          {Config{Audiences: []string{"a"}, PublicKeys: []crypto.PublicKey{[]byte("secret")}}, "kind []uint8"},
		"missing file":        {Config{Audiences: []string{"a"}, KeyFiles: []string{filepath.Join(dir, "none")}}, "no such file"},
		"private key file":    {Config{Audiences: []string{"a"}, KeyFiles: []string{file("private", private)}}, `type "PRIVATE KEY", expected PUBLIC KEY`},
		"no PEM":              {Config{Audiences: []string{"a"}, KeyFiles: []string{file("text", "key")}}, "no PEM block"},
		"cut off":             {Config{Audiences: []string{"a"}, KeyFiles: []string{file("cut", good+good[:len(good)/2])}}, "is a block cut off?"},
		"large file":          {Config{Audiences: []string{"a"}, KeyFiles: []string{file("large", strings.Repeat("x", maxKeyFileBytes+1))}}, "more than 65536 bytes"},
		"JWKS by plain http":  {Config{Audiences: []string{"a"}, JWKSURL: "http://issuer.example/keys"}, "expected an https URL"},
		"JWKS not a URL":      {Config{Audiences: []string{"a"}, JWKSURL: "issuer.example"}, "expected an https URL"},
		"JWKS of file scheme": {Config{Audiences: []string{"a"}, JWKSURL: "file://localhost/keys"}, "expected an https URL"},
	} {
		v, err := NewVerifier(c.config)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: found %v, want %q", name, err, c.want)
		}
		if err == nil {
			v.Close()
		}
	}
}

// One file may hold several keys, of every kind that is understood.
func TestKeyFileOfSeveral(t *testing.T) {
	certificate := must(base64.StdEncoding.DecodeString(certificateOf(ecKey())))
	name := filepath.Join(t.TempDir(), "keys.pem")
	data := slices.Concat(publicPEM(t),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&otherRSA().PublicKey)}))
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(Config{Audiences: []string{audience}, KeyFiles: []string{name}, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{
		sign(rs256, claimsWith(), rsaKey()), sign(rs256, claimsWith(), otherRSA()), sign(`{"alg":"ES256"}`, claimsWith(), ecKey()),
	} {
		if _, err := v.Verify(t.Context(), "Bearer "+token); err != nil {
			t.Error(err)
		}
	}
	if _, err := v.Verify(t.Context(), "Bearer "+sign(`{"alg":"ES256"}`, claimsWith(), otherEC())); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
}
