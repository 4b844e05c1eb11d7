package engine

import (
	"testing"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/world"
)

// What is due is carried out although something that is due longer cannot be:
// it panics, comes to nothing, or cannot be written down.
func TestAFaultHoldsUpNothingElseThatIsDue(t *testing.T) {
	d := &disk{}
	e := start(t, Config{}, d.open(always, 0, none))
	stop(t, e) // the writer is done: the test takes its place
	b := e.newBlock()
	due := func(events ...world.Event) world.Due {
		return func(*world.State, event.Env) ([]world.Event, error) { return events, nil }
	}
	faults := []world.Due{
		func(*world.State, event.Env) ([]world.Event, error) { panic("a fault") },
		due(),
		due(&registry.Enrolled{Party: registry.Party{Version: 1 << 60}}), // no canonical form holds it
	}
	if e.sweepOne(b, faults) || !b.empty() {
		t.Errorf("faults alone wrote %d entries", len(b.events))
	}
	if !e.sweepOne(b, append(faults, due(&registry.Unmanned{Party: "uss0", Position: "watch"}))) || len(b.events) != 1 {
		t.Errorf("found %d entries, want that of what can be carried out", len(b.events))
	}
}

// An event that follows from a command and does not fit the journal is told, and
// not handed on to it.
func TestWhatFollowsAndCannotBeWritten(t *testing.T) {
	d := &disk{}
	e := start(t, Config{}, d.open(always, 0, none))
	stop(t, e)
	if _, err := e.encodeFollowing(&registry.Unmanned{Position: "watch"}, 1); err != nil {
		t.Error(err)
	}
	if _, err := e.encodeFollowing(&registry.Enrolled{Party: registry.Party{Version: 1 << 60}}, 1); err == nil {
		t.Error("an event without a canonical form has one")
	}
	long := &registry.Unmanned{Position: string(make([]byte, 5<<20))}
	if _, err := e.encodeFollowing(long, 1); err == nil {
		t.Error("an event is taken that the journal does not take")
	} else if _, ok := err.(*airspace.Refusal); !ok {
		t.Errorf("found %T, want a refusal", err)
	}
}
