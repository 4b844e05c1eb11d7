package engine

import (
	"errors"
	"testing"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/world"
)

// unread is an event that no start reads.
type unread struct {
	Word string `json:"word"`
}

func (*unread) Type() string              { return "test.unread" }
func (*unread) Actor() party.ID           { return "" }
func (*unread) Release(party.ID) []string { return nil }

// vacant is written without what its decoder asks for.
func vacant() []world.Event {
	return []world.Event{
		&channel.Sent{},               // its precedence is no precedence
		&unread{"x"},                  // of no domain
		&airspace.IntentPut{URL: "x"}, // has no state
	}
}

// An act that comes to what the journal would not give back is refused whole:
// nothing of it is applied or written, the node goes on, and starts again.
func TestNoActPoisonsTheJournal(t *testing.T) {
	cfg := onDisk(t.TempDir())
	e := openOnDisk(t, cfg)
	do := func(events ...world.Event) error {
		r := &request{ctx: t.Context(), receipt: -1, done: make(chan struct{})}
		r.decide = func(*world.State, event.Env) ([]world.Event, error) { return events, nil }
		return errors.Join(e.submit(r), r.err)
	}
	sound := &registry.Unmanned{Party: "north", Position: "watch"}
	if err := do(sound); err != nil {
		t.Fatal(err)
	}
	for _, poison := range vacant() {
		if _, _, err := world.Decode(world.Encode(nil, poison, 1)); err == nil {
			t.Fatalf("%s is read: it shows nothing", poison.Type())
		}
		before := e.Head().Size
		var refused *event.Refusal
		if err := do(sound, poison, sound); err == nil || errors.As(err, &refused) {
			t.Errorf("%s: found %v, expected a fault of the node", poison.Type(), err)
		}
		if size := e.Head().Size; size != before || e.size != size {
			t.Errorf("%s: the journal has %d entries and the state %d, expected %d", poison.Type(), size, e.size, before)
		}
		if err := do(sound); err != nil {
			t.Errorf("after %s: %v", poison.Type(), err)
		}
	}
	want := e.Head()
	stop(t, e)
	sum, err := Replay(t.Context(), cfg.Dir)
	if err != nil || sum.Size != want.Size || !sum.Agrees() {
		t.Errorf("replay: %+v, %v", sum, err)
	}
	stop(t, openOnDisk(t, cfg))
}

// What follows from an act and would not be given back is left out, and the rest
// stands.
func TestWhatFollowsAndCannotBeReadBack(t *testing.T) {
	d := &disk{}
	e := start(t, Config{}, d.open(always, 0, none))
	stop(t, e)
	for _, poison := range vacant() {
		if text, err := e.encodeFollowing(poison, 1); err == nil {
			t.Errorf("%s is written as %s", poison.Type(), text)
		}
	}
	if _, err := e.encodeFollowing(&registry.Unmanned{Position: "watch"}, 1); err != nil {
		t.Error(err)
	}
}
