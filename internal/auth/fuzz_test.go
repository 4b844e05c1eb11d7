package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

const maxFuzzBytes = 64 << 10

// signedByUs decides with the standard library alone whether one of the two keys
// of testVerifier signed a token.
func signedByUs(token string) bool {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(token[:dot]))
	if rsa.VerifyPKCS1v15(&rsaKey().PublicKey, crypto.SHA256, sum[:], signature) == nil {
		return true
	}
	if len(signature) != 64 {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(&ecKey().PublicKey, sum[:], r, s)
}

// Nothing is accepted but what one of the keys signed, and with the claims that
// another decoder finds in it.
func FuzzVerify(f *testing.F) {
	for _, a := range attempts(f) {
		f.Add("Bearer " + a.token)
	}
	for _, header := range []string{"", "Bearer", "Basic x", "Bearer dev:uss1:a"} {
		f.Add(header)
	}
	v := testVerifier(f)
	f.Fuzz(func(t *testing.T, header string) {
		if len(header) > maxFuzzBytes {
			t.Skip()
		}
		id, err := v.Verify(t.Context(), header)
		if err != nil {
			if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrNoToken) && !errors.Is(err, ErrNoScope) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		token := strings.TrimLeft(header[len("Bearer "):], " ")
		if !signedByUs(token) {
			t.Errorf("accepted what no key signed: %q", header)
		}
		var c struct {
			Sub, Scope string
			Exp        float64
		}
		payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err := json.Unmarshal(payload, &c); err != nil || c.Sub != string(id.Party) || c.Exp <= float64(noon.Unix()) {
			t.Errorf("%+v from %s (%v)", id, payload, err)
		}
		fields := strings.Fields(c.Scope)
		slices.Sort(fields)
		if !slices.Equal(slices.Compact(fields), id.Scopes) || len(id.Scopes) == 0 || !id.Party.Valid() {
			t.Errorf("%+v from %s", id, payload)
		}
	})
}

// What is read of key files and key sets can be verified with.
func FuzzKeys(f *testing.F) {
	f.Add(publicPEM(f))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n" + certificateOf(ecKey()) + "\n-----END CERTIFICATE-----\n"))
	f.Add([]byte(jwks(jwk("a", rsaKey().Public()), jwk("b", ecKey().Public()), jwk("c", rsaKey()), `{"kty":"oct","k":"AA"}`)))
	f.Add([]byte(`{"keys":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxFuzzBytes {
			t.Skip()
		}
		fromFile, err := parseKeys(data)
		if err != nil && fromFile != nil {
			t.Error("keys and an error")
		}
		fromSet, _, err := parseJWKS(data)
		if err != nil && fromSet != nil {
			t.Error("keys and an error")
		}
		for _, k := range slices.Concat(fromFile, fromSet) {
			if _, err := newKey(k.id, k.public); err != nil {
				t.Errorf("unusable: %v", err)
			}
		}
		if key, err := parsePrivateKey(data); err == nil && key.Public() == nil {
			t.Error("a private key without a public one")
		}
	})
}

// What is read of a client file can be written and read again.
func FuzzClients(f *testing.F) {
	f.Add([]byte(`{"version":1,"clients":[` + goodClient + `]}`))
	f.Add([]byte(`{"version":1,"clients":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxFuzzBytes {
			t.Skip()
		}
		list, err := parseClients(data)
		if err != nil {
			return
		}
		for _, c := range list {
			if !c.ID.Valid() || len(c.Scopes) == 0 || len(c.Hash) != sha256.Size {
				t.Errorf("%+v", c)
			}
		}
		again, err := parseClients(must(json.Marshal(clientFile{1, list})))
		if err != nil || len(again) != len(list) {
			t.Errorf("%d clients became %d: %v", len(list), len(again), err)
		}
	})
}

// No form gets a token without the secret, and every answer is JSON.
func FuzzTokenEndpoint(f *testing.F) {
	endpoint, secret := testEndpoint(f, audience)
	f.Add("grant_type=client_credentials&client_id=uss1&client_secret=x", "")
	f.Add("grant_type=client_credentials&scope=a&resource=https://node.example/", "Basic dXNzMTp4")
	f.Add("%zz;=&", "Basic ====")
	f.Fuzz(func(t *testing.T, body, authorization string) {
		if len(body)+len(authorization) > maxFuzzBytes || strings.Contains(body+authorization, secret) {
			t.Skip()
		}
		r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		endpoint.ServeHTTP(w, r)
		if w.Code < 400 || w.Code >= 500 || !json.Valid(w.Body.Bytes()) || strings.Contains(w.Body.String(), "access_token") {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}
