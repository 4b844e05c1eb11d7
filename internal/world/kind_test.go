package world

import (
	"errors"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/registry"
)

// A party changes its kind once nothing is left that others count on. The toy
// lets it become a witness in the air, and no STOP to all reaches it.
func TestAPartyKeepsItsKindWhileOthersCountOnIt(t *testing.T) {
	n := newNode(t)
	n.mustAct(saying(t, "north", "party.enrol", "enrol", registry.Enrol{Party: recordOf("north")}, "north-a"))
	e := n.mustAct(saying(t, "north", "intent.declare", "i", circle(7_000_000_000), "north-a"))
	declared := e[1].(*intent.Decided)
	witness := recordOf("north")
	witness.Kind = registry.KindWitness
	change := registry.Change{Party: witness, From: 1}
	_, err := n.act(saying(t, "north", "party.change", "c1", change, "north-a", "north-b"))
	var refusal *event.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != event.NotNow {
		t.Errorf("found %v, want it refused for now", err)
	}
	same := recordOf("north")
	same.Names["en"] = "North"
	n.mustAct(saying(t, "north", "party.change", "c2", registry.Change{Party: same, From: 1}, "north-a", "north-b"))
	n.mustAct(saying(t, "north", "intent.withdraw", "w", intent.Withdraw{ID: declared.ID}, "north-a"))
	change.From = 2
	n.mustAct(saying(t, "north", "party.change", "c3", change, "north-a", "north-b"))
	if got := n.st.Registry.Kind("north"); got != registry.KindWitness {
		t.Errorf("found the kind %s", got)
	}
}
