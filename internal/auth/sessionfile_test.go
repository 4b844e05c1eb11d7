package auth

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/party"
)

func reopen(t interface {
	Helper()
	Fatal(...any)
}, file string, clock *clockAt,
) *Sessions {
	t.Helper()
	s, err := OpenSessions(file, clock.now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Whatever happens to the node, and whenever: a session that stands by itself is
// there after it, as it was, until it expires or is ended, and no other is.
func TestSessionsOutliveTheNode(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		type one struct {
			secret, seat string
			id           Identity
			ends         int64
			standing     bool
		}
		n++
		file := filepath.Join(dir, strconv.Itoa(n))
		clock := newClock()
		s := reopen(t, file, clock)
		var there []one
		for range rapid.IntRange(1, 14).Draw(t, "steps") {
			switch what := rapid.SampledFrom([]string{"begin", "begin", "end", "wait", "killed"}).Draw(t, "what"); {
			case what == "begin":
				id := Identity{
					Party: rapid.SampledFrom([]party.ID{"ridge", "kestrel"}).Draw(t, "party"), Scopes: []string{ScopeAct, ScopeRead},
					ExpiresNS: clock.in(time.Duration(rapid.IntRange(1, 30).Draw(t, "hours")) * time.Hour),
					Standing:  Standing{Role: rapid.SampledFrom([]string{"", "watch"}).Draw(t, "role")},
				}
				b := one{seat: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "seat"), id: id, standing: rapid.Bool().Draw(t, "standing")}
				var grant Grant
				if !b.standing {
					grant = forever(id)
				}
				var err error
				if b.secret, _, err = s.Begin(b.seat, id, grant); err != nil {
					t.Fatal(err)
				}
				b.ends = min(id.ExpiresNS, clock.in(SessionLife))
				there = append(there, b)
			case what == "end" && len(there) > 0:
				i := rapid.IntRange(0, len(there)-1).Draw(t, "which")
				if ended, err := s.End(there[i].seat, there[i].secret); !ended || err != nil {
					t.Fatal("not ended", err)
				}
				there = slices.Delete(there, i, i+1)
			case what == "wait":
				clock.forward(time.Duration(rapid.IntRange(0, 9).Draw(t, "hours")) * time.Hour)
			case what == "killed":
				if rapid.Bool().Draw(t, "while it writes") {
					if err := os.WriteFile(file+".new", []byte(`{"version":1,"sess`), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				s = reopen(t, file, clock)
				there = slices.DeleteFunc(there, func(o one) bool { return !o.standing || o.ends <= clock.in(0) })
				if len(s.by) != len(there) {
					t.Fatalf("%d sessions are there, want %d", len(s.by), len(there))
				}
			}
			for _, o := range there {
				got := s.Find(o.seat, o.secret)
				if got == nil {
					t.Fatal("a session is gone")
				}
				id, err := got.Identity(t.Context())
				want := o.id
				want.ExpiresNS = o.ends
				if over := o.ends <= clock.in(0); over != errors.Is(err, ErrNoSession) || !over && !reflect.DeepEqual(id, want) {
					t.Fatalf("%+v, %v, want %+v", id, err, want)
				}
			}
		}
	})
}

// Who reads the file is not signed in by what it says, and nobody but the node's
// user reads it.
func TestSessionFileHasNoSecret(t *testing.T) {
	clock := newClock()
	file := filepath.Join(t.TempDir(), "sessions.json")
	s := reopen(t, file, clock)
	secret, _, err := s.Begin("a", Identity{Party: "ridge", Scopes: []string{ScopeAct}, ExpiresNS: clock.in(time.Hour)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil || bytes.Contains(data, []byte(secret)) || !bytes.Contains(data, []byte(`"ridge"`)) {
		t.Errorf("%s, %v", data, err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// A clock that was set back by a day gives nobody a day more.
	clock.forward(-24 * time.Hour)
	if id, err := reopen(t, file, clock).Find("a", secret).Identity(t.Context()); err != nil || id.ExpiresNS != clock.in(SessionLife) {
		t.Errorf("%+v, %v", id, err)
	}
}

// A file that is damaged lets nobody in, and keeps nobody from signing in.
func TestDamagedSessionFile(t *testing.T) {
	clock := newClock()
	file := filepath.Join(t.TempDir(), "sessions.json")
	as := Identity{Party: "ridge", Scopes: []string{ScopeAct}, ExpiresNS: clock.in(time.Hour)}
	if _, _, err := reopen(t, file, clock).Begin("a", as, nil); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", string(good[:len(good)/2]), string(good) + "{}", strings.Replace(string(good), `"version":1`, `"version":2`, 1),
		strings.Replace(string(good), `"party":"ridge"`, `"party":""`, 1), strings.Replace(string(good), `"scopes"`, `"rights"`, 1),
		strings.Replace(string(good), `["deconflict.act"]`, `[]`, 1), strings.Replace(string(good), `"key":"`, `"key":"AAAA`, 1),
	} {
		if bad == string(good) {
			t.Fatal("nothing was damaged")
		}
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenSessions(file, clock.now)
		if err == nil || len(s.by) != 0 {
			t.Errorf("%s: %d sessions, %v", bad, len(s.by), err)
		}
		secret, _, err := s.Begin("a", as, nil)
		if err != nil || reopen(t, file, clock).Find("a", secret) == nil {
			t.Errorf("after %s nobody can sign in: %v", bad, err)
		}
	}
}

// Where nothing can be written people are signed in all the same, and are told
// when a signing out may not last.
func TestSessionsWithoutADisk(t *testing.T) {
	clock := newClock()
	s := reopen(t, filepath.Join(t.TempDir(), "gone", "sessions.json"), clock)
	secret, begun, err := s.Begin("a", Identity{Party: "ridge", Scopes: []string{ScopeAct}, ExpiresNS: clock.in(time.Hour)}, nil)
	if err == nil {
		t.Fatal("written where there is no folder")
	}
	if _, err := begun.Identity(t.Context()); err != nil || s.Find("a", secret) != begun {
		t.Error("not signed in", err)
	}
	if ended, err := s.End("a", secret); !ended || err == nil || s.Find("a", secret) != nil {
		t.Error(ended, err)
	}
}

func FuzzSessionFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"sessions":[{"key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","party":"ridge","scopes":["deconflict.act"],"expires_ns":1,"role":"watch"}]}`))
	f.Add([]byte(`{"version":1,"sessions":[]}`))
	f.Add([]byte(`{"version":1,"sessions":[{"key":""}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			t.Skip("longer than is tried")
		}
		list, err := parseSessions(data)
		for _, one := range list {
			if err != nil || len(one.Key) != 32 || !one.Party.Valid() || len(one.Scopes) == 0 {
				t.Errorf("%+v, %v", one, err)
			}
		}
	})
}
