package registry

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

const (
	// CosignNS is how long a statement waits for co-signatures, from its `at`, in
	// nanoseconds.
	CosignNS = 14 * dayNS

	// maxPending is how many statements of one party may wait at once.
	maxPending = 32
)

// Pending is a statement that some have signed who must, and others not yet.
// Whoever still has to signs Text.
type Pending struct {
	Party      party.ID          `json:"party"`
	ID         string            `json:"id"` // of the statement
	Act        string            `json:"act"`
	Text       string            `json:"text"`   // the statement's canonical form
	Digest     string            `json:"digest"` // SHA-256 of Text, in hexadecimal
	Signatures []party.Signature `json:"signatures"`
	Missing    []string          `json:"missing"` // in words
	Expires    statement.Instant `json:"expires"`
}

type pendingKey struct {
	party  party.ID
	digest string
}

func (k pendingKey) compare(o pendingKey) int {
	return cmp.Or(cmp.Compare(k.party, o.party), cmp.Compare(k.digest, o.digest))
}

func pendingKeyOf(a *party.Act) pendingKey {
	return pendingKey{a.Party, fmt.Sprintf("%x", sha256.Sum256(a.Text))}
}

// Cosigned returns the event of an act whose authority lacks co-signatures. The
// same statement sent again with further ones adds up: Authorize counts those
// that came before.
func (st *State) Cosigned(a *party.Act, by Authority) event.Event {
	return &Cosigned{Pending{
		Party: a.Party, ID: a.ID, Act: a.Act, Text: string(a.Text), Digest: pendingKeyOf(a).digest,
		Signatures: by.Signatures, Missing: by.Missing, Expires: a.At + CosignNS,
	}}
}

// Completed returns the event that goes before those of an act that waited and
// now has all its signatures; nil when it never waited.
func (st *State) Completed(a *party.Act) event.Event {
	key := pendingKeyOf(a)
	if st.pending[key] == nil {
		return nil
	}
	return &Completed{a.Party, a.ID, key.digest}
}

// Waits reports whether a statement waits for co-signatures, so that sending it
// again is not the repetition of an act.
func (st *State) Waits(a *party.Act) bool { return st.pending[pendingKeyOf(a)] != nil }

// Pending returns the statements of a party that wait for co-signatures, oldest
// first.
func (st *State) Pending(id party.ID) []Pending {
	var list []Pending
	for key, p := range st.pending {
		if key.party == id {
			list = append(list, *p)
		}
	}
	slices.SortFunc(list, func(a, b Pending) int {
		return cmp.Or(cmp.Compare(a.Expires, b.Expires), cmp.Compare(a.Digest, b.Digest))
	})
	return list
}

func (st *State) pendingOf(id party.ID) int {
	n := 0
	for key := range st.pending {
		if key.party == id {
			n++
		}
	}
	return n
}
