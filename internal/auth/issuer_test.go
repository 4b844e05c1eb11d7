package auth

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/party"
)

func TestKeyFileIsMadeOnceAndKeptPrivate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "keys", "issuer.key")
	// Several processes that start on an empty directory end up with one key.
	issuers := make([]*Issuer, 3)
	var wg sync.WaitGroup
	for i := range issuers {
		wg.Go(func() {
			var err error
			if issuers[i], err = NewIssuer(name, IssuerName); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	again, err := NewIssuer(name, IssuerName)
	if err != nil {
		t.Fatal(err)
	}
	want := must(again.PublicPEM())
	for _, s := range issuers {
		if !bytes.Equal(must(s.PublicPEM()), want) {
			t.Error("found two keys, expected one")
		}
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(name)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if entries := must(os.ReadDir(filepath.Dir(name))); len(entries) != 1 {
		t.Errorf("found %d files, expected the key alone", len(entries))
	}
}

func TestKeysOfTheOperatorAreTaken(t *testing.T) {
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		want    string // empty: taken
	}{
		"PKCS #8, EC":  {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ecKey()))), 0o600, ""},
		"PKCS #8, RSA": {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(rsaKey()))), 0o400, ""},
		"PKCS #1":      {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey())), 0o600, ""},
		"SEC 1":        {block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ecKey()))), 0o600, ""},
		"for a group":  {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ecKey()))), 0o640, "found mode 0640"},
		"public":       {string(publicPEM(t)), 0o600, `type "PUBLIC KEY", expected PRIVATE KEY`},
		"small":        {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(small))), 0o600, "RSA key of 1024 bits"},
		"damaged":      {block("PRIVATE KEY", []byte("x")), 0o600, "asn1"},
		"empty":        {"", 0o600, "found no PEM block"},
	} {
		file := filepath.Join(t.TempDir(), "issuer.key")
		if err := os.WriteFile(file, []byte(c.content), c.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
		_, err := NewIssuer(file, IssuerName)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: found %v, want %q", name, err, c.want)
		}
	}
}

func TestMintRefusesWhatNoVerifierTakes(t *testing.T) {
	s := testIssuer(t, ecKey())
	scopes := []string{ScopeRead}
	for name, c := range map[string]struct {
		sub, audience string
		scopes        []string
		ttl           time.Duration
	}{
		"no party":         {"", audience, scopes, time.Hour},
		"party in words":   {"two words", audience, scopes, time.Hour},
		"no audience":      {"uss1", "", scopes, time.Hour},
		"two in a scope":   {"uss1", audience, []string{"a b"}, time.Hour},
		"empty scope":      {"uss1", audience, []string{""}, time.Hour},
		"no life":          {"uss1", audience, scopes, 0},
		"life in the past": {"uss1", audience, scopes, -time.Hour},
		"too many scopes":  {"uss1", audience, []string{strings.Repeat("s", MaxTokenBytes)}, time.Hour},
	} {
		if token, err := s.Mint(party.ID(c.sub), c.audience, c.scopes, c.ttl); err == nil || token != "" {
			t.Errorf("%s: accepted", name)
		}
	}
	a, b := must(s.Mint("uss1", audience, scopes, time.Hour)), must(s.Mint("uss1", audience, scopes, time.Hour))
	if a == b {
		t.Error("two tokens are the same")
	}
	if _, err := testVerifier(t).Verify(t.Context(), "Bearer "+must(s.Mint("uss1", audience, nil, time.Hour))); err != ErrNoScope {
		t.Errorf("token without scopes: %v", err)
	}
}

func TestIssuerNeedsAName(t *testing.T) {
	if _, err := NewIssuerWithKey(ecKey(), "", nil); err == nil {
		t.Error("accepted")
	}
}
