package engine

import (
	"context"
	"encoding/hex"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/journal"
	"golang.org/x/mod/sumdb/tlog"
)

// lookup is what deciding may look up of the journal. It reads what is durable
// only, so it never waits for the writer that it serves.
type lookup struct{ *journal.Journal }

// Entry implements event.Journal.
func (l lookup) Entry(index int64) (text []byte, leaf string, ok bool) {
	r, err := l.Get(context.Background(), index)
	if err != nil {
		return nil, "", false
	}
	bytes, err := journal.Leaf(r.Event, r.Seed)
	if err != nil {
		return nil, "", false
	}
	h := tlog.RecordHash(bytes)
	return r.Event, hex.EncodeToString(h[:]), true
}

// Root implements event.Journal.
func (l lookup) Root(size int64) (root string, ok bool) {
	h, err := l.RootAt(context.Background(), size)
	return hex.EncodeToString(h[:]), err == nil
}

// Checkpoint implements event.Journal.
func (l lookup) Checkpoint(text string, witnesses []event.Witness) (c event.Checkpoint, ok bool) {
	head, err := journal.ParseCheckpoint([]byte(text), l.VerifierKey())
	if err != nil {
		return c, false
	}
	c = event.Checkpoint{Size: head.Size, Root: hex.EncodeToString(head.Root[:]), Node: true}
	for _, w := range witnesses {
		verifier, err := journal.WitnessKey(w.Name, w.Key)
		if err != nil {
			continue
		}
		if _, _, err := journal.ParseCosigned([]byte(text), l.VerifierKey(), verifier); err == nil {
			c.Witnesses = append(c.Witnesses, w.Name)
		}
	}
	return c, true
}
