package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
)

// Who looks at one place or entity waits for what concerns it, and for nothing
// else.
func TestReadInWaitsForWhatConcernsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := start(t, Config{}, (&disk{}).open(always, time.Hour, none))
		here, there := zone(t, 1, 9*time.Hour), zone(t, 2, 9*time.Hour)
		var a answers
		a.ask("put", func() error { _, _, err := Submit(t.Context(), e, here); return err })
		scopes := map[string]airspace.Scope{
			"here":       {Kind: airspace.ConstraintKind, Area: here.Outline},
			"this":       {Kind: airspace.ConstraintKind, ID: here.ID},
			"there":      {Kind: airspace.ConstraintKind, Area: there.Outline},
			"that":       {Kind: airspace.ConstraintKind, ID: there.ID},
			"other kind": {Kind: airspace.IntentKind, Area: here.Outline},
		}
		read := func(round string) {
			for name, scope := range scopes {
				a.ask(name+round, func() error { return e.ReadIn(t.Context(), scope, func(*airspace.State, int64) {}) })
			}
		}
		read("")
		expect(t, &a, "there", "that", "other kind")

		// Availability is shown with every entity.
		a.ask("set", func() error {
			_, _, err := Submit(t.Context(), e, change(0, "", "a"))
			return err
		})
		read(" after")
		expect(t, &a, "there", "that", "other kind")
		for name, err := range a.wait() {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name := range scopes {
			a.ask(name+" at last", func() error {
				return e.ReadIn(t.Context(), scopes[name], func(*airspace.State, int64) {})
			})
			if _, ok := a.now()[name+" at last"]; !ok {
				t.Errorf("%s waits though everything is durable", name)
			}
		}
		stop(t, e)
	})
}

func expect(t *testing.T, a *answers, names ...string) {
	t.Helper()
	now := a.now()
	if len(now) != len(names) {
		t.Errorf("answered before the sync: %v, want %v", now, names)
	}
	for _, name := range names {
		if err, ok := now[name]; !ok || err != nil {
			t.Errorf("%s: answered %v, error %v", name, ok, err)
		}
	}
}

// Events that were read are forgotten once they are durable.
func TestFlightsLand(t *testing.T) {
	e := start(t, Config{}, (&disk{}).open(always, 0, none))
	version := ""
	for i := range 100 {
		next := string(rune('a' + i))
		if _, _, err := Submit(t.Context(), e, change(0, version, next)); err != nil {
			t.Fatal(err)
		}
		version = next
	}
	e.mu.RLock()
	n := len(e.flights)
	e.mu.RUnlock()
	if n > 2 {
		t.Errorf("%d entries are remembered as not durable", n)
	}
	stop(t, e)
}
