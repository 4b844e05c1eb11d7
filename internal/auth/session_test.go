package auth

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/party"
)

// clockAt is a clock that tests set.
type clockAt struct{ ns atomic.Int64 }

func newClock() *clockAt {
	c := &clockAt{}
	c.ns.Store(time.Date(2031, 5, 7, 9, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clockAt) now() time.Time          { return time.Unix(0, c.ns.Load()) }
func (c *clockAt) forward(d time.Duration) { c.ns.Add(int64(d)) }
func (c *clockAt) in(d time.Duration) int64 {
	return c.now().Add(d).UnixNano()
}

func forever(id Identity) Grant {
	return func(context.Context) (Identity, error) { return id, nil }
}

// A session lasts as long as what it rests on, 12 hours at most, and until it
// is ended.
func TestSessionsEnd(t *testing.T) {
	clock := newClock()
	s := NewSessions(clock.now)
	for name, k := range map[string]struct {
		life, want time.Duration
	}{"a short token": {time.Hour, time.Hour}, "a long one": {99 * time.Hour, SessionLife}} {
		id := Identity{Party: "ridge", Scopes: []string{ScopeAct}, ExpiresNS: clock.in(k.life)}
		secret, begun, _ := s.Begin("a", id, forever(id))
		got, err := begun.Identity(t.Context())
		if err != nil || got.ExpiresNS != clock.in(k.want) || got.Party != "ridge" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		clock.forward(k.want - 1)
		if _, err := s.Find("a", secret).Identity(t.Context()); err != nil {
			t.Errorf("%s, just before: %v", name, err)
		}
		clock.forward(1)
		if _, err := s.Find("a", secret).Identity(t.Context()); !errors.Is(err, ErrNoSession) {
			t.Errorf("%s, expired: %v", name, err)
		}
	}
	id := Identity{Party: "ridge", ExpiresNS: clock.in(time.Hour)}
	secret, begun, _ := s.Begin("a", id, forever(id))
	gone := make(chan struct{})
	begun.OnEnd(func() { close(gone) })
	first, _ := s.End("a", secret)
	second, _ := s.End("a", secret)
	if !first || second || s.Find("a", secret) != nil {
		t.Error("a session did not end once")
	}
	<-gone
	if _, err := begun.Identity(t.Context()); !errors.Is(err, ErrNoSession) {
		t.Errorf("ended: %v", err)
	}
}

// What a session rests on is asked each time.
func TestSessionsFollowTheirGrant(t *testing.T) {
	clock := newClock()
	var revoked error
	id := Identity{Party: "ridge", ExpiresNS: clock.in(time.Hour)}
	_, begun, _ := NewSessions(clock.now).Begin("a", id, func(context.Context) (Identity, error) { return id, revoked })
	if _, err := begun.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	revoked = ErrUnknownKey
	if _, err := begun.Identity(t.Context()); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("a key that was withdrawn: %v", err)
	}
}

// A secret is good for its seat alone.
func TestSeatsAreApart(t *testing.T) {
	clock := newClock()
	s := NewSessions(clock.now)
	id := Identity{Party: "ridge", ExpiresNS: clock.in(time.Hour)}
	a, _, _ := s.Begin("a", id, forever(id))
	b, _, _ := s.Begin("b", id, forever(id))
	if s.Find("b", a) != nil || s.Find("a", b) != nil || s.Find("a", "") != nil || s.Find("a", a) == nil || s.Find("b", b) == nil {
		t.Error("a secret opens another seat, or not its own")
	}
	_, _ = s.End("b", a)
	if s.Find("a", a) == nil {
		t.Error("ended under another seat")
	}
	for seat, want := range map[string]bool{"a": true, "b-2": true, strings.Repeat("x", 16): true, "": false, "A": false, "a b": false, "ä": false, strings.Repeat("x", 17): false, "a;": false} {
		if got := ValidSeat(seat); got != want {
			t.Errorf("seat %q: %v, want %v", seat, got, want)
		}
	}
}

// Whoever opens too many loses its own oldest ones, and memory stays bounded.
func TestTooManySessions(t *testing.T) {
	clock := newClock()
	s := NewSessions(clock.now)
	s.max = 10
	begin := func(who party.ID, life time.Duration) string {
		clock.forward(time.Second)
		id := Identity{Party: who, ExpiresNS: clock.in(life)}
		secret, _, _ := s.Begin("a", id, forever(id))
		return secret
	}
	quiet := begin("quiet", time.Hour)
	short := begin("short", 20*time.Second)
	var greedy []string
	for range 30 {
		greedy = append(greedy, begin("greedy", time.Hour))
	}
	if len(s.by) != 10 || s.Find("a", quiet) == nil {
		t.Errorf("%d sessions; the quiet one there: %v", len(s.by), s.Find("a", quiet) != nil)
	}
	if s.Find("a", short) != nil {
		t.Error("one that expired is kept while good ones are dropped")
	}
	for i, secret := range greedy {
		if there := s.Find("a", secret) != nil; there != (i >= 30-9) {
			t.Errorf("session %d of 30 there: %v", i, there)
		}
	}
}

// The books of sessions agree with a plain list, whatever happens.
func TestSessionsAgreeWithAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := newClock()
		s := NewSessions(clock.now)
		s.max = 6
		var secrets []string
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			clock.forward(time.Duration(rapid.IntRange(0, 20).Draw(t, "pause")) * time.Minute)
			if len(secrets) > 0 && rapid.Bool().Draw(t, "end") {
				_, _ = s.End("a", rapid.SampledFrom(secrets).Draw(t, "which"))
			} else {
				id := Identity{Party: rapid.SampledFrom([]party.ID{"p", "q", "r"}).Draw(t, "party"), ExpiresNS: clock.in(time.Hour)}
				secret, _, _ := s.Begin("a", id, forever(id))
				if secrets = append(secrets, secret); s.Find("a", secret) == nil {
					t.Fatal("the newest is not there")
				}
			}
			n, there := 0, 0
			for of, list := range s.ofParty {
				if len(list) == 0 {
					t.Fatal("a party with an empty list is kept")
				}
				for _, one := range list {
					if n++; s.by[one.key] != one || one.as.Party != of {
						t.Fatal("a session is in one book alone")
					}
				}
			}
			for _, secret := range secrets {
				if s.Find("a", secret) != nil {
					there++
				}
			}
			if n != len(s.by) || there != n || n > s.max {
				t.Fatalf("%d by party, %d by secret, %d found", n, len(s.by), there)
			}
		}
	})
}

func TestCodesAreReadAsPeopleTypeThem(t *testing.T) {
	want, ok := codeKey("K0QM1-XW2PD")
	if !ok {
		t.Fatal("refused")
	}
	for _, same := range []string{"k0qm1xw2pd", " K0QM1 - XW2PD ", "KOQMI-XW2PD", "koqml-xw2pd"} {
		if got, ok := codeKey(same); !ok || got != want {
			t.Errorf("%q is another code", same)
		}
	}
	for _, bad := range []string{"", "K0QM1-XW2P", "K0QM1-XW2PDD", "K0QM1-XW2PU", "K0QM1_XW2PD", "K0QM1-XW2P\x00", "Ｋ0QM1-XW2PD"} {
		if _, ok := codeKey(bad); ok {
			t.Errorf("%q is taken", bad)
		}
	}
	seen := map[string]bool{}
	symbols := map[rune]bool{}
	for range 2000 {
		code := newCode()
		if len(code) != 11 || code[5] != '-' || seen[code] {
			t.Fatalf("%q", code)
		}
		seen[code] = true
		for _, r := range strings.ReplaceAll(code, "-", "") {
			symbols[r] = true
		}
	}
	if len(symbols) != 32 {
		t.Errorf("%d symbols are used, want 32", len(symbols))
	}
}

func FuzzCodeKey(f *testing.F) {
	f.Add("K7QM4-XW2PD")
	f.Add("oil")
	f.Fuzz(func(t *testing.T, code string) {
		if len(code) > 64<<10 {
			return
		}
		key, ok := codeKey(code)
		if again, good := codeKey(strings.ToLower(code) + "-"); ok && strings.IndexFunc(code, func(r rune) bool { return r > '~' }) < 0 && (!good || again != key) {
			t.Errorf("%q: case and dashes count", code)
		}
	})
}

// A code is good once, also when many try it at the same time.
func TestCodesAreGoodOnce(t *testing.T) {
	v := NewInvitations(nil)
	d := &Door{Invitations: v}
	as := Identity{Party: "ridge", Scopes: []string{ScopeAct}, ExpiresNS: 1 << 62, Standing: Standing{Role: "watch", Person: "r2"}}
	for range 50 {
		code, _, err := v.Invite(as, nil, InvitationLife)
		if err != nil {
			t.Fatal(err)
		}
		var in atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				id, grant, err := d.Open(t.Context(), Credentials{Code: code}, fmt.Sprintf("192.0.2.%d:1", i))
				switch {
				case err == nil:
					in.Add(1)
					if grant != nil || id.Party != "ridge" || id.Person != "r2" {
						t.Errorf("%+v, resting on something: %v", id, grant != nil)
					}
				case !errors.Is(err, ErrCode) && !errors.Is(err, ErrAttempts):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Fatalf("%d came in by one code", in.Load())
		}
	}
	if len(v.open) != 0 || len(v.of) != 0 {
		t.Errorf("%d codes are kept, of %d parties", len(v.open), len(v.of))
	}
}

func TestCodesExpire(t *testing.T) {
	clock := newClock()
	v := NewInvitations(clock.now)
	as := Identity{Party: "ridge", Scopes: []string{ScopeAct}, ExpiresNS: clock.in(time.Hour)}
	for after, want := range map[time.Duration]error{InvitationLife - 1: nil, InvitationLife: ErrCode} {
		code, expires, err := v.Invite(as, nil, InvitationLife)
		if err != nil || !expires.Equal(clock.now().Add(InvitationLife)) {
			t.Fatal(expires, err)
		}
		clock.forward(after)
		if _, _, err := v.redeem(code); !errors.Is(err, want) {
			t.Errorf("after %s: %v, want %v", after, err, want)
		}
	}
	code, _, err := v.Invite(as, nil, 2*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	clock.forward(time.Hour)
	if _, _, err := v.redeem(code); !errors.Is(err, ErrCode) {
		t.Errorf("when who invited has expired: %v", err)
	}
}

// Open codes of a party, and of all, are bounded; those that expired count no
// more.
func TestTooManyCodes(t *testing.T) {
	clock := newClock()
	v := NewInvitations(clock.now)
	invite := func(who party.ID) error {
		_, _, err := v.Invite(Identity{Party: who, Scopes: []string{ScopeAct}, ExpiresNS: 1 << 62}, nil, time.Minute)
		return err
	}
	for range MaxInvitations {
		if err := invite("ridge"); err != nil {
			t.Fatal(err)
		}
	}
	if err := invite("ridge"); !errors.Is(err, ErrTooManyInvited) {
		t.Errorf("one more: %v", err)
	}
	if err := invite("other"); err != nil {
		t.Errorf("another party: %v", err)
	}
	for i := range maxAllInvitations {
		_ = invite(party.ID(fmt.Sprint(i)))
	}
	if len(v.open) != maxAllInvitations {
		t.Errorf("%d codes are open", len(v.open))
	}
	clock.forward(time.Minute)
	if err := invite("ridge"); err != nil || len(v.open) != 1 {
		t.Errorf("after all expired: %v, %d open", err, len(v.open))
	}
	for _, bad := range []struct {
		as   Identity
		life time.Duration
	}{
		{Identity{Scopes: []string{ScopeAct}}, time.Minute},
		{Identity{Party: "ridge"}, time.Minute},
		{Identity{Party: "ridge", Scopes: []string{ScopeAct}, Standing: Standing{Role: "\n"}}, time.Minute},
		{Identity{Party: "ridge", Scopes: []string{ScopeAct}}, 0},
		{Identity{Party: "ridge", Scopes: []string{ScopeAct}}, MaxInvitationLife + 1},
	} {
		if _, _, err := v.Invite(bad.as, nil, bad.life); err == nil {
			t.Errorf("%+v for %s: no error", bad.as, bad.life)
		}
	}
}

// Who was invited is in no longer than who invited.
func TestInvitedLeaveWithTheirHost(t *testing.T) {
	v := NewInvitations(nil)
	d := &Door{Invitations: v}
	var revoked error
	host := func(context.Context) (Identity, error) { return Identity{}, revoked }
	as := Identity{Party: "ridge", Scopes: []string{ScopeAct}, ExpiresNS: 1 << 62}
	code, _, err := v.Invite(as, host, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	_, grant, err := d.Open(t.Context(), Credentials{Code: code}, "192.0.2.1:1")
	if err != nil {
		t.Fatal(err)
	}
	late, _, err := v.Invite(as, host, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	revoked = ErrExpired
	if _, err := grant(t.Context()); !errors.Is(err, ErrExpired) {
		t.Errorf("the guest of one who left: %v", err)
	}
	if _, _, err := d.Open(t.Context(), Credentials{Code: late}, "192.0.2.1:1"); !errors.Is(err, ErrExpired) {
		t.Errorf("a code of one who left: %v", err)
	}
}

// Trying codes is stopped before they are looked at; right ones do not count.
func TestTryingCodesIsStopped(t *testing.T) {
	clock := newClock()
	v := NewInvitations(clock.now)
	d := &Door{Invitations: v, Now: clock.now}
	as := Identity{Party: "ridge", Scopes: []string{ScopeAct}, ExpiresNS: 1 << 62}
	invite := func() string {
		code, _, err := v.Invite(as, nil, MaxInvitationLife)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	try := func(code, from string) error {
		_, _, err := d.Open(t.Context(), Credentials{Code: code}, from)
		return err
	}
	const here, there = "192.0.2.1:1", "192.0.2.2:1"
	for range 3 * failureBurst {
		if err := try(invite(), here); err != nil {
			t.Fatalf("right codes are counted: %v", err)
		}
	}
	for range failureBurst {
		if err := try("00000-00000", here); !errors.Is(err, ErrCode) {
			t.Fatal(err)
		}
	}
	good := invite()
	for range 3 {
		if err := try(good, here); !errors.Is(err, ErrAttempts) {
			t.Fatalf("after %d wrong ones: %v", failureBurst, err)
		}
	}
	if err := try("00000-00000", there); !errors.Is(err, ErrCode) {
		t.Errorf("another address: %v", err)
	}
	clock.forward(failureEvery)
	if err := try(good, here); err != nil {
		t.Errorf("later: %v", err)
	}
}

// A registered client is in until it is taken off the list or given other
// rights.
func TestSessionsOfClients(t *testing.T) {
	clients := OpenClients(filepath.Join(t.TempDir(), "clients.json"))
	add := func(when time.Time, scopes ...string) string {
		secret, err := clients.Add("ridge", Standing{Role: "watch"}, scopes, when)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	clock := newClock()
	secret := add(clock.now(), ScopeAct)
	d := &Door{Clients: clients, Now: clock.now}
	id, grant, err := d.Open(t.Context(), Credentials{ClientID: "ridge", ClientSecret: secret}, "192.0.2.1:1")
	if err != nil || id.Party != "ridge" || id.Role != "watch" || !id.Has(ScopeAct) || id.ExpiresNS != clock.in(SessionLife) {
		t.Fatalf("%+v, %v", id, err)
	}
	if _, _, err := d.Open(t.Context(), Credentials{ClientID: "ridge", ClientSecret: secret + "0"}, "192.0.2.1:1"); !errors.Is(err, ErrClient) {
		t.Errorf("a wrong secret: %v", err)
	}
	if err := clients.Remove("ridge"); err != nil {
		t.Fatal(err)
	}
	if _, err := grant(t.Context()); !errors.Is(err, ErrNoSession) {
		t.Errorf("taken off the list: %v", err)
	}
	add(clock.now().Add(time.Minute), ScopeAct, ScopeRead)
	if _, err := grant(t.Context()); !errors.Is(err, ErrNoSession) {
		t.Errorf("registered anew: %v", err)
	}
	if _, _, err := (&Door{}).Open(t.Context(), Credentials{ClientID: "ridge", ClientSecret: secret}, "192.0.2.1:1"); !errors.Is(err, ErrClient) {
		t.Errorf("a node without an issuer: %v", err)
	}
}

// Wrong tokens and secrets are limited by address; the right ones always come in.
func TestWrongCredentialsAreLimited(t *testing.T) {
	v, err := NewVerifier(Config{Audiences: []string{"localhost"}, InsecureDev: true})
	if err != nil {
		t.Fatal(err)
	}
	d := &Door{Verifier: v, Invitations: NewInvitations(nil)}
	for i := range failureBurst + 2 {
		_, _, err := d.Open(t.Context(), Credentials{Token: "x.y.z"}, "192.0.2.1:1")
		if want := i >= failureBurst; errors.Is(err, ErrAttempts) != want || err == nil {
			t.Errorf("attempt %d: %v", i, err)
		}
	}
	if id, _, err := d.Open(t.Context(), Credentials{Token: "dev:ridge:deconflict.act"}, "192.0.2.1:1"); err != nil || id.Party != "ridge" {
		t.Errorf("a right one: %+v, %v", id, err)
	}
}

func TestCredentialsAreOfOneKind(t *testing.T) {
	for c, want := range map[Credentials]bool{
		{}: false, {Token: "t"}: true, {Code: "c"}: true, {ClientID: "i", ClientSecret: "s"}: true,
		{ClientID: "i"}: false, {ClientSecret: "s"}: false, {Token: "t", Code: "c"}: false,
		{Token: "t", ClientID: "i", ClientSecret: "s"}: false, {Code: "c", ClientID: "i", ClientSecret: "s"}: false,
	} {
		if err := c.Check(); (err == nil) != want {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
