package auth

import (
	"crypto"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// A token that was verified is refused from the second of its expiry on, also
// when nothing but the clock changed.
func TestCachedTokensExpire(t *testing.T) {
	now := noon
	v, err := NewVerifier(Config{
		Audiences: []string{audience}, PublicKeys: []crypto.PublicKey{&rsaKey().PublicKey},
		Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	token := "Bearer " + sign(rs256, claimsWith("exp", at(time.Minute)), rsaKey())
	for _, step := range []struct {
		after time.Duration
		want  error
	}{
		{0, nil},
		{0, nil},
		{59*time.Second + 999*time.Millisecond, nil},
		{time.Minute, ErrExpired},
		{time.Minute, ErrExpired},
		{time.Hour, ErrExpired},
		{59 * time.Second, nil}, // a clock set back
	} {
		now = noon.Add(step.after)
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, step.want) {
			t.Errorf("after %s: %v, want %v", step.after, err, step.want)
		}
	}
}

func TestCacheIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	const size = 64
	c := newCache(size)
	expiry := Identity{Party: "uss1", ExpiresNS: 10}
	name := func(i int) (d digest) { copy(d[:], fmt.Sprint(i)); return d }
	c.put(name(-1), expiry)
	for i := range 10 * size {
		c.put(name(i), expiry)
		if n := len(c.young) + len(c.old); n > size {
			t.Fatalf("found %d entries, expected at most %d", n, size)
		}
		if _, ok := c.get(name(-1), 9); !ok {
			t.Fatalf("forgot after %d others what is used all the time", i)
		}
	}
	if _, ok := c.get(name(0), 9); ok {
		t.Error("still knows what was not used for long")
	}
	if _, ok := c.get(name(10*size-1), 9); !ok {
		t.Error("forgot the last entry")
	}
	if _, ok := c.get(name(10*size-1), 10); ok {
		t.Error("returned an expired entry")
	}
}

// A hit must cost next to nothing: one copy of the token, which is hashed.
func TestHitCopiesTheTokenAndNoMore(t *testing.T) {
	v := testVerifier(t)
	token := "Bearer " + sign(rs256, claimsWith(), rsaKey())
	n := testing.AllocsPerRun(100, func() {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	})
	if n > 1 {
		t.Errorf("found %v allocations, expected at most 1", n)
	}
}

// Tokens of different parties, verified at once through a cache that is too
// small, are never mixed up.
func TestConcurrentCallersKeepTheirIdentity(t *testing.T) {
	v, err := NewVerifier(Config{
		Audiences: []string{audience}, PublicKeys: []crypto.PublicKey{&ecKey().PublicKey},
		Now: func() time.Time { return noon }, CacheSize: 8,
	})
	if err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for i := range 16 {
		tokens = append(tokens, "Bearer "+sign(`{"alg":"ES256"}`, claimsWith("sub", fmt.Sprintf(`"uss%d"`, i)), ecKey()))
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for n := range 200 {
				i := (n*7 + worker) % len(tokens)
				id, err := v.Verify(t.Context(), tokens[i])
				if err != nil || string(id.Party) != fmt.Sprintf("uss%d", i) {
					t.Errorf("token of uss%d: %q, %v", i, id.Party, err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkVerify(b *testing.B) {
	v := testVerifier(b)
	token := "Bearer " + must(testIssuer(b, rsaKey()).Mint("uss1", audience, []string{ScopeStrategicCoordination}, time.Hour))
	for name, key := range map[string]crypto.Signer{"RS256": rsaKey(), "ES256": ecKey()} {
		issuer := testIssuer(b, key)
		b.Run("first/"+name, func(b *testing.B) {
			token := must(issuer.Mint("uss1", audience, []string{ScopeStrategicCoordination}, time.Hour))
			for b.Loop() {
				parsed, err := parseToken(token)
				if err != nil {
					b.Fatal(err)
				}
				payload, err := v.keys.Load().verify(parsed)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := v.identity(payload, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
