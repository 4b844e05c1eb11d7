package server

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimiter(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	l := newLimiter(2, 3, func() time.Time { return now })
	for i := range 3 {
		if wait := l.take("a"); wait != 0 {
			t.Fatalf("request %d of the burst waits %v", i, wait)
		}
	}
	if wait := l.take("a"); wait != 500*time.Millisecond {
		t.Errorf("after the burst the wait is %v, want half a second at 2 a second", wait)
	}
	if wait := l.take("b"); wait != 0 {
		t.Errorf("another caller waits %v", wait)
	}
	now = now.Add(500 * time.Millisecond)
	if wait := l.take("a"); wait != 0 {
		t.Errorf("after the wait it is %v", wait)
	}
	if wait := l.take("a"); wait == 0 {
		t.Error("two requests after a wait for one")
	}
}

func TestNoLimit(t *testing.T) {
	l := newLimiter(0, 1, time.Now)
	for range 1000 {
		if l.take("a") != 0 {
			t.Fatal("a rate of 0 is no limit")
		}
	}
	if len(l.callers) != 0 {
		t.Error("callers are kept without a limit")
	}
}

// Invented callers cannot fill the memory, and whoever used up its burst does
// not get a new one by the trick as long as not all others are busy.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	l := newLimiter(1, 2, func() time.Time { return now })
	for range 2 {
		l.take("greedy")
	}
	for i := range 3 * maxLimited {
		if i%1000 == 0 {
			now = now.Add(time.Millisecond)
		}
		l.take(strconv.Itoa(i))
		if len(l.callers) > maxLimited {
			t.Fatalf("%d callers are kept, at most %d expected", len(l.callers), maxLimited)
		}
	}
	now = now.Add(time.Second)
	l = newLimiter(1, 1, func() time.Time { return now })
	for i := range maxLimited - 1 {
		l.take(strconv.Itoa(i))
	}
	now = now.Add(2 * time.Second)
	l.take("greedy")
	l.take("one more") // forgets those who are full again
	if l.take("greedy") == 0 {
		t.Error("a busy caller was forgotten while idle ones could be")
	}
}

func TestAddressOf(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:1234":           "192.0.2.7",
		"[::ffff:192.0.2.7]:1":     "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::1]:9": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":        "fe80::/64",
		"@":                        "@",
		"name:80":                  "name",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		if got := addressOf(r); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}

func TestGateWaitsThenRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2, time.Second)
		ctx := t.Context()
		for _, who := range []string{"a", "b"} {
			if got := g.enter(ctx, who); got != admitted {
				t.Fatalf("%s: %v", who, got)
			}
		}
		if got := g.enter(ctx, "a"); got != tooMany {
			t.Errorf("beyond its share: %v, want tooMany", got)
		}
		start := time.Now()
		if got := g.enter(ctx, "c"); got != noPlace || time.Since(start) != time.Second {
			t.Errorf("full: %v after %v, want noPlace after a second", got, time.Since(start))
		}
		go func() {
			time.Sleep(300 * time.Millisecond)
			g.leave("b")
		}()
		start = time.Now()
		if got := g.enter(ctx, "c"); got != admitted || time.Since(start) != 300*time.Millisecond {
			t.Errorf("once a place is free: %v after %v, want admitted after 0.3 s", got, time.Since(start))
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if got := g.enter(gone, "d"); got != noPlace {
			t.Errorf("a caller that went away: %v", got)
		}
		g.leave("a")
		g.leave("c")
		if g.inUse() != 0 || len(g.held) != 0 {
			t.Errorf("%d places and %d callers are left", g.inUse(), len(g.held))
		}
	})
}

// One party that takes all it can leaves places for the others.
func TestGateKeepsRoomForOthers(t *testing.T) {
	g := newGate(10, 0)
	n := 0
	for g.enter(t.Context(), "greedy") == admitted {
		n++
	}
	if n != 5 {
		t.Errorf("one party got %d of 10 places, want 5", n)
	}
	if got := g.enter(t.Context(), "other"); got != admitted {
		t.Errorf("the other party: %v", got)
	}
}

func TestGateUnderConcurrency(t *testing.T) {
	g := newGate(4, time.Minute)
	var all sync.WaitGroup
	var mu sync.Mutex
	inside, most := 0, 0
	for i := range 64 {
		all.Go(func() {
			who := fmt.Sprint("p", i%32)
			if g.enter(t.Context(), who) != admitted {
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			mu.Lock()
			inside--
			mu.Unlock()
			g.leave(who)
		})
	}
	all.Wait()
	if most > 4 || most == 0 {
		t.Errorf("%d were inside at once, at most 4 expected", most)
	}
	if g.inUse() != 0 || len(g.held) != 0 {
		t.Errorf("%d places and %d callers are left", g.inUse(), len(g.held))
	}
}

// A large answer counts as many requests, a usual one as none more.
func TestLargeAnswersCount(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(10, 20, func() time.Time { return now })
	l.charge("uss1", answerUnit-1)
	for i := range 20 {
		if wait := l.take("uss1"); wait != 0 {
			t.Fatalf("request %d waits %v", i, wait)
		}
	}
	now = now.Add(2 * time.Second) // the bucket is full again
	l.charge("uss1", 15*answerUnit)
	for i := range 5 {
		if wait := l.take("uss1"); wait != 0 {
			t.Fatalf("request %d after a large answer waits %v", i, wait)
		}
	}
	l.charge("uss1", 1<<40)
	if wait := l.take("uss1"); wait != 2*time.Second+100*time.Millisecond {
		t.Errorf("after an endless answer the wait is %v", wait)
	}
	if wait := l.take("uss2"); wait != 0 {
		t.Errorf("another party waits %v", wait)
	}
	newLimiter(0, 0, time.Now).charge("uss1", 1<<40) // no limit: nothing to count
}
