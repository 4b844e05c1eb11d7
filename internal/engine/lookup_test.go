package engine

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
)

// A witness that changes its key has two for a while: a head that either
// co-signed is witnessed, and one that a stranger co-signed is not.
func TestCheckpointKnowsBothKeysOfAWitness(t *testing.T) {
	e, err := Open(t.Context(), Config{Dir: t.TempDir(), Journal: journal.Options{Origin: "node.example/deconflict", Key: roleKey("node")}})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, e)
	var known []event.Witness
	for _, key := range []string{"old", "new"} {
		known = append(known, event.Witness{Name: "mar", Key: roleKey(party.ID("mar " + key)).Public().(ed25519.PublicKey)})
	}
	for key, want := range map[string][]string{"mar old": {"mar"}, "mar new": {"mar"}, "stranger": nil} {
		cosigned, err := journal.Cosign(e.Journal().Checkpoint(), "mar", roleKey(party.ID(key)), 1_900_000_000)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := lookup{e.Journal()}.Checkpoint(string(cosigned), known)
		if !ok || !c.Node || !slices.Equal(c.Witnesses, want) {
			t.Errorf("%s: %s, want the witnesses %v", key, fmt.Sprint(c, ok), want)
		}
	}
}
