package auth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// jwksURL is a token issuer on the other side of a fake wire.
type jwksURL struct {
	mu      sync.Mutex
	status  int
	body    string
	hang    bool // answers never
	fetches int
}

func (u *jwksURL) RoundTrip(r *http.Request) (*http.Response, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fetches++
	if u.hang {
		u.mu.Unlock()
		<-r.Context().Done()
		u.mu.Lock()
		return nil, r.Context().Err()
	}
	if u.status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: u.status, Header: http.Header{"Location": {"https://elsewhere.example/keys"}}, Body: io.NopCloser(strings.NewReader(u.body)), Request: r}, nil
}

func (u *jwksURL) set(status int, body string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.status, u.body, u.hang = status, body, false
}

func (u *jwksURL) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.fetches
}

// jwk is one key of a set. Changes replace or add members.
func jwk(id string, public any, changes ...string) string {
	var members map[string]any
	data := must((&jose.JSONWebKey{Key: public, KeyID: id}).MarshalJSON())
	if err := json.Unmarshal(data, &members); err != nil {
		panic(err)
	}
	for i := 0; i < len(changes); i += 2 {
		members[changes[i]] = changes[i+1]
	}
	return string(must(json.Marshal(members)))
}

func jwks(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// spring and summer are what an issuer signs with before and after a rotation.
func spring() string { return sign(`{"alg":"RS256","kid":"spring"}`, claimsWith(), rsaKey()) }
func summer() string { return sign(`{"alg":"ES256","kid":"summer"}`, claimsWith(), ecKey()) }

// remoteVerifier fetches keys from u, inside a bubble of synctest.
func remoteVerifier(t *testing.T, u *jwksURL, log io.Writer) *Verifier {
	t.Helper()
	v, err := NewVerifier(Config{
		Audiences: []string{audience}, JWKSURL: "https://issuer.example/keys", HTTPClient: &http.Client{Transport: u},
		JWKSEvery: 5 * time.Minute, JWKSGap: 10 * time.Second,
		Now: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func expect(t *testing.T, when string, v *Verifier, token string, want error) {
	t.Helper()
	if _, err := v.Verify(t.Context(), "Bearer "+token); !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Errorf("%s: found %v, want %v", when, err, want)
	}
}

func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		u := &jwksURL{}
		v := remoteVerifier(t, u, &log)
		defer v.Close()
		expect(t, "down from the start", v, spring(), ErrUnknownKey)
		if v.Ready() == nil {
			t.Error("ready without a key")
		}
		u.set(http.StatusOK, jwks(jwk("spring", rsaKey().Public())))
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if err := v.Ready(); err != nil {
			t.Error(err)
		}
		expect(t, "up", v, spring(), nil)

		// Down for a day, in every way: the keys that are known stay in force.
		for _, answer := range []struct {
			status int
			body   string
		}{
			{0, ""},
			{http.StatusInternalServerError, jwks()},
			{http.StatusFound, jwks()},
			{http.StatusNotFound, jwks()},
			{http.StatusOK, ""},
			{http.StatusOK, "<html>"},
			{http.StatusOK, `{}`},
			{http.StatusOK, `{"keys":null}`},
			{http.StatusOK, `{"keys":{}}`},
			{http.StatusOK, jwks() + strings.Repeat(" ", maxJWKSBytes)},
		} {
			u.set(answer.status, answer.body)
			before := u.count()
			time.Sleep(3 * time.Hour)
			synctest.Wait()
			if u.count() == before {
				t.Errorf("%+.60v: did not try again", answer)
			}
			expect(t, "down", v, sign(`{"alg":"RS256","kid":"spring"}`, claimsWith("jti", `"`+answer.body[:min(len(answer.body), 1)]+`"`), rsaKey()), nil)
		}
		u.set(http.StatusOK, jwks(jwk("spring", rsaKey().Public())))
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := strings.Count(log.String(), "cannot fetch"); n != 2 {
			t.Errorf("found %d lines about two outages, expected one for each:\n%s", n, &log)
		}
	})
}

// A token of a new key is accepted at once, without a wait for the next round.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &jwksURL{status: http.StatusOK, body: jwks(jwk("spring", rsaKey().Public()))}
		v := remoteVerifier(t, u, io.Discard)
		defer v.Close()
		synctest.Wait()
		expect(t, "spring", v, spring(), nil)
		time.Sleep(time.Minute)
		u.set(http.StatusOK, jwks(jwk("spring", rsaKey().Public()), jwk("summer", ecKey().Public())))
		began := time.Now()
		expect(t, "summer", v, summer(), nil)
		expect(t, "spring again", v, spring(), nil)
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited %s for an issuer that answers at once", waited)
		}

		// A key withdrawn takes its tokens along, also those verified before.
		u.set(http.StatusOK, jwks(jwk("summer", ecKey().Public())))
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		expect(t, "spring withdrawn", v, spring(), ErrUnknownKey)
		expect(t, "summer", v, summer(), nil)
		u.set(http.StatusOK, jwks())
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		expect(t, "all withdrawn", v, summer(), ErrUnknownKey)
		if v.Ready() == nil {
			t.Error("ready without a key")
		}
	})
}

// Whoever invents key ids cannot make the node bother the issuer, nor wait.
func TestUnknownKeyIDsCauseOneFetchPerGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &jwksURL{status: http.StatusOK, body: jwks(jwk("spring", rsaKey().Public()))}
		v := remoteVerifier(t, u, io.Discard)
		defer v.Close()
		synctest.Wait()
		time.Sleep(time.Minute)
		before, began := u.count(), time.Now()
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for i := range 25 {
					token := sign(`{"alg":"ES256","kid":"`+string(rune('a'+worker))+string(rune('a'+i))+`"}`, claimsWith(), otherEC())
					expect(t, "invented", v, token, ErrUnknownKey)
				}
			})
		}
		wg.Wait()
		if n := u.count() - before; n != 1 {
			t.Errorf("found %d fetches within a moment, expected 1", n)
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited %s", waited)
		}
	})
}

// An issuer that accepts connections and says nothing delays a request by two
// seconds at most, and others not at all.
func TestIssuerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &jwksURL{status: http.StatusOK, body: jwks(jwk("spring", rsaKey().Public()))}
		v := remoteVerifier(t, u, io.Discard)
		defer v.Close()
		synctest.Wait()
		time.Sleep(time.Minute)
		u.mu.Lock()
		u.hang = true
		u.mu.Unlock()

		began := time.Now()
		expect(t, "unknown", v, summer(), ErrUnknownKey)
		if waited := time.Since(began); waited != jwksPatience {
			t.Errorf("waited %s, expected %s", waited, jwksPatience)
		}
		began = time.Now()
		expect(t, "known", v, spring(), nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := v.Verify(ctx, "Bearer "+summer()); !errors.Is(err, ErrUnknownKey) {
			t.Error(err)
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("a known key, and a caller who left, waited %s", waited)
		}
		time.Sleep(jwksTimeout)
		u.set(http.StatusOK, jwks(jwk("summer", ecKey().Public())))
		time.Sleep(time.Minute)
		synctest.Wait()
		expect(t, "back", v, summer(), nil)
	})
}

func TestCloseDuringAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := remoteVerifier(t, &jwksURL{hang: true}, io.Discard)
		synctest.Wait()
		began := time.Now()
		v.Close()
		expect(t, "closed", v, summer(), ErrUnknownKey)
		began = began.Add(time.Hour)
		time.Sleep(time.Hour)
		expect(t, "closed for long", v, summer(), ErrUnknownKey)
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited %s", waited)
		}
	})
}

func TestParseJWKS(t *testing.T) {
	weak := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	many := make([]string, 40)
	for i := range many {
		many[i] = jwk("k", ecKey().Public())
	}
	for name, c := range map[string]struct {
		set           string
		usable, other int
	}{
		"both kinds":         {jwks(jwk("a", rsaKey().Public()), jwk("b", ecKey().Public())), 2, 0},
		"with alg and use":   {jwks(jwk("a", rsaKey().Public(), "alg", "RS256", "use", "sig")), 1, 0},
		"without an id":      {jwks(jwk("", rsaKey().Public())), 1, 0},
		"other members":      {`{"keys":[` + jwk("a", rsaKey().Public(), "note", "y") + `],"more":1}`, 1, 0},
		"none":               {jwks(), 0, 0},
		"for encryption":     {jwks(jwk("a", rsaKey().Public(), "use", "enc")), 0, 1},
		"another algorithm":  {jwks(jwk("a", rsaKey().Public(), "alg", "PS256"), jwk("b", rsaKey().Public(), "alg", "RSA-OAEP")), 0, 2},
		"symmetric":          {jwks(`{"kty":"oct","k":"c2VjcmV0","kid":"a"}`), 0, 1},
		"private half shown": {jwks(jwk("a", ecKey()), jwk("b", rsaKey())), 0, 2},
		"weak":               {jwks(jwk("a", weak)), 0, 1},
		"another curve":      {jwks(jwk("a", p384.Public())), 0, 1},
		"not on the curve":   {jwks(jwk("a", ecKey().Public(), "x", "AAAA")), 0, 1},
		"kind yet to come":   {jwks(`{"kty":"XYZ"}`, `7`, `null`, jwk("a", rsaKey().Public())), 1, 3},
		"many":               {jwks(many...), maxKeys, 40 - maxKeys},
	} {
		keys, skipped, err := parseJWKS([]byte(c.set))
		if err != nil || len(keys) != c.usable || skipped != c.other {
			t.Errorf("%s: found %d and %d others (%v), want %d and %d", name, len(keys), skipped, err, c.usable, c.other)
		}
	}
}

// Over a real connection, beside a key file: what an issuer publishes verifies
// what it signs, and a redirect is not followed.
func TestIssuerOverHTTP(t *testing.T) {
	issuer := testIssuer(t, ecKey())
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { w.Write(must(issuer.JWKS())) })
	mux.Handle("/moved", http.RedirectHandler("/keys", http.StatusFound))
	server := httptest.NewServer(mux)
	defer server.Close()
	token := must(issuer.Mint("uss1", audience, []string{ScopeRead}, time.Hour))
	for path, want := range map[string]error{"/keys": nil, "/moved": ErrUnknownKey} {
		v, err := NewVerifier(Config{
			Audiences: []string{audience}, JWKSURL: server.URL + path, PublicKeys: []crypto.PublicKey{&rsaKey().PublicKey},
			Now: func() time.Time { return noon },
		})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, path, v, token, want)
		expect(t, path+" and the key at hand", v, sign(rs256, claimsWith(), rsaKey()), nil)
		v.Close()
	}
}
