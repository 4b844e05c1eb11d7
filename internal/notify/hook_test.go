package notify

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/world"
)

// entry is one of what a hook is sent.
type entry struct {
	Index  int64
	Fields map[string]json.RawMessage
}

func (e entry) kind() (kind string) {
	_ = json.Unmarshal(e.Fields["type"], &kind)
	return kind
}

// hooked is the other end of a hook, which keeps the entries that it took.
func hooked(t testing.TB, answer func() int) (*httptest.Server, chan entry) {
	t.Helper()
	taken := make(chan entry, 10_000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // cut off
		}
		if !VerifyHook(key.Public().(ed25519.PublicKey), body, r.Header.Get(HookHeader)) {
			t.Errorf("the signature %q is not good", r.Header.Get(HookHeader))
		}
		if VerifyHook(key.Public().(ed25519.PublicKey), append(body, ' '), r.Header.Get(HookHeader)) {
			t.Error("the signature is good for another body")
		}
		var d struct {
			Node, Party, Position string
			Entries               []entry
		}
		if err := json.Unmarshal(body, &d); err != nil {
			t.Error(err)
		}
		if d.Node != origin || d.Party != "ridgeline" || len(d.Entries) == 0 || len(d.Entries) > maxHookEntries {
			t.Errorf("found a delivery of %s to %s with %d entries", d.Node, d.Party, len(d.Entries))
		}
		if status := answer(); status >= 300 {
			w.WriteHeader(status)
			return
		}
		for _, e := range d.Entries {
			taken <- e
		}
	}))
	t.Cleanup(s.Close)
	return s, taken
}

// withMail has a notifier serve hooks.
func withMail(t testing.TB) func(*Config) {
	mail := api.NewMailroom()
	t.Cleanup(mail.Close)
	return func(c *Config) { c.Mail = mail }
}

// settled returns what the journal says became of deliveries.
func (n *node) settled() (all []*world.Settled) {
	n.Helper()
	err := n.engine.Journal().Read(context.Background(), 0, n.engine.Head().Size, func(r journal.Record) error {
		ev, _, err := world.Decode(r.Event)
		if s, ok := ev.(*world.Settled); ok {
			all = append(all, s)
		}
		return err
	})
	if err != nil {
		n.Fatal(err)
	}
	return all
}

// waitSettled waits until the journal says that something was settled.
func (n *node) waitSettled(outcome world.Outcome) *world.Settled {
	n.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		size := n.engine.Head().Size
		for _, s := range n.settled() {
			if s.Outcome == outcome {
				return s
			}
		}
		if _, err := n.engine.Hub().Wait(ctx, size); err != nil {
			n.Fatalf("nothing was %s: %v", outcome, err)
		}
	}
}

// What comes into an inbox is sent to its hook, signed and in order, also after
// failures, and the journal says what became of it.
func TestHookIsSentWhatComesIn(t *testing.T) {
	var failures atomic.Int64
	failures.Store(2)
	end, taken := hooked(t, func() int {
		if failures.Add(-1) >= 0 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	n := startNode(t, t.TempDir(), withMail(t))
	n.enrol("ridgeline")
	n.enrol("sandmere")
	n.act("ridgeline", "intent.declare", &intent.Declare{Plan: flight(0)}) // before the hook
	n.act("ridgeline", "party.hook", &registry.Hook{Position: "all", URL: end.URL + "/in?key=secret"})
	n.act("sandmere", "intent.declare", &intent.Declare{Plan: flight(500_000)}) // none of its business
	d := n.decided(n.act("ridgeline", "intent.declare", &intent.Declare{Plan: flight(1_000_000)}))

	last := int64(-1)
	for seen := ""; seen != "intent.decided"; {
		e := hear(t, taken)
		if e.Index <= last {
			t.Errorf("found entry %d after %d", e.Index, last)
		}
		last = e.Index
		if seen = e.kind(); seen == "intent.decided" && !strings.Contains(string(e.Fields["id"]), d.ID) {
			t.Errorf("found %s", e.Fields)
		}
	}
	s := n.waitSettled(world.Delivered)
	if s.Party != "ridgeline" || s.Host != "127.0.0.1" || s.Tries != 3 || s.First > s.Last || s.Count == 0 || s.Count > s.Last-s.First+1 {
		t.Errorf("found %+v", s)
	}
	// The hook is taken away.
	n.act("ridgeline", "party.hook", &registry.Hook{Position: "all"})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for n.notifier.serves() > 0 { // it learns of it a moment later
		if ctx.Err() != nil {
			t.Fatal("the hook is served although it was taken away")
		}
		runtime.Gosched()
	}
	n.stop()
}

// serves counts the hooks that are served.
func (n *Notifier) serves() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.hooks)
}

// A hook that nobody answers is in the journal, and is sent everything once
// somebody does, also after a restart.
func TestHookThatFails(t *testing.T) {
	var well atomic.Bool
	end, taken := hooked(t, func() int {
		if well.Load() {
			return http.StatusOK
		}
		return http.StatusNotFound
	})
	dir := t.TempDir()
	n := startNode(t, dir, withMail(t))
	n.enrol("ridgeline")
	n.act("ridgeline", "party.hook", &registry.Hook{Position: "watch", URL: end.URL})
	d := n.decided(n.act("ridgeline", "intent.declare", &intent.Declare{Plan: flight(0)}))
	if s := n.waitSettled(world.Failed); s.Tries != 5 || s.Position != "watch" {
		t.Errorf("found %+v", s)
	}
	n.stop()
	well.Store(true)
	serial := n.serial
	n = startNode(t, dir, withMail(t))
	n.serial = serial
	for kind := ""; kind != "intent.decided"; {
		e := hear(t, taken)
		if kind = e.kind(); kind == "hook.settled" {
			t.Error("a hook is sent what became of it")
		}
		if kind == "intent.decided" && !strings.Contains(string(e.Fields["id"]), d.ID) {
			t.Errorf("found %s", e.Fields)
		}
	}
	n.waitSettled(world.Delivered)
}

// Many messages make few entries about their delivery.
func TestOutcomesAreSummedUp(t *testing.T) {
	end, taken := hooked(t, func() int { return http.StatusOK })
	n := startNode(t, t.TempDir(), withMail(t))
	n.enrol("ridgeline")
	n.act("ridgeline", "party.hook", &registry.Hook{Position: "all", URL: end.URL})
	d := n.decided(n.act("ridgeline", "intent.declare", &intent.Declare{Plan: flight(0)}))
	const many = 200
	for range many {
		d = n.decided(n.act("ridgeline", "intent.redeclare", &intent.Redeclare{ID: d.ID, Token: d.Token}))
	}
	var indexes []int64
	for version := int64(0); version <= many; {
		e := hear(t, taken)
		indexes = append(indexes, e.Index)
		if e.kind() == "intent.decided" {
			_ = json.Unmarshal(e.Fields["version"], &version)
		}
	}
	if !slices.IsSorted(indexes) || len(slices.Compact(indexes)) != len(indexes) {
		t.Errorf("found the entries %v", indexes)
	}
	n.waitSettled(world.Delivered)
	// Each takes at least two entries; all of them at most one outcome a second.
	if counted := len(n.settled()); counted > many/4 {
		t.Errorf("found %d outcomes of %d deliveries", counted, many)
	}
}
