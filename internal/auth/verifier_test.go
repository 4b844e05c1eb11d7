package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"testing"
	"time"
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
