package record

import (
	"encoding/hex"
	"fmt"

	"github.com/deconflict/deconflict/internal/party"
)

// Acts are the acts of this domain. An entry is counter-signed with a role's own
// key, since the node must not be able to do it in a party's place.
var Acts = party.ActKinds{
	"record.countersign": {New: func() any { return new(Countersign) }, Held: true},
	"record.head":        {New: func() any { return new(Head) }},
}

// Bounds of bodies.
const (
	maxEntries         = 256
	maxCheckpointBytes = 8 << 10
	hashBytes          = 32
)

// Countersign says that the party has these entries of the journal.
type Countersign struct {
	Entries []Entry `json:"entries"` // indices ascending
}

// Entry is an entry of the journal by its leaf.
type Entry struct {
	Index int64  `json:"index"`
	Leaf  string `json:"leaf"` // hash of the leaf, RFC 6962, in hex
}

// Head says which head of the journal the party's client verified.
type Head struct {
	Size int64  `json:"size"`
	Root string `json:"root"` // in hex
	// Checkpoint is the signed note that says so, with the signature of the node
	// and of witnesses. Without it the head is the party's word.
	Checkpoint string `json:"checkpoint,omitempty"`
}

// Check refuses what no state could make right.
func (b *Countersign) Check() error {
	if len(b.Entries) == 0 || len(b.Entries) > maxEntries {
		return fmt.Errorf("entries: found %d, expected 1 to %d", len(b.Entries), maxEntries)
	}
	last := int64(-1)
	for i, e := range b.Entries {
		if e.Index <= last {
			return fmt.Errorf("entries[%d].index: found %d after %d, expected ascending indices of 0 or more", i, e.Index, last)
		}
		if err := checkHash(e.Leaf); err != nil {
			return fmt.Errorf("entries[%d].leaf: %w", i, err)
		}
		last = e.Index
	}
	return nil
}

// Check refuses what no state could make right.
func (b *Head) Check() error {
	if b.Size < 1 {
		return fmt.Errorf("size: found %d, expected 1 or more", b.Size)
	}
	if err := checkHash(b.Root); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if len(b.Checkpoint) > maxCheckpointBytes {
		return fmt.Errorf("checkpoint: found %d bytes, expected at most %d", len(b.Checkpoint), maxCheckpointBytes)
	}
	return nil
}

// checkHash wants one form, so that equal hashes are equal strings.
func checkHash(s string) error {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != hashBytes || hex.EncodeToString(b) != s {
		return fmt.Errorf("found %d characters, expected %d of lower-case hex", len(s), 2*hashBytes)
	}
	return nil
}
