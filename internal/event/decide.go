package event

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Env is what an act is decided in, beside the state. Deciding is pure: time and
// randomness come in here.
type Env struct {
	// NowNS is the node's time in nanoseconds since 1970; it never runs back.
	NowNS int64
	// Random is new for each act.
	Random [32]byte
	// Node is the origin of the node's journal, BaseURL where it serves what
	// other USSs ask of it.
	Node, BaseURL string
	// Journal is what is durable of it; nil: nothing is known of it.
	Journal Journal
}

// Journal is what deciding may look up in the node's own journal.
type Journal interface {
	// Entry returns an entry and the hash of its leaf, in hexadecimal; false when
	// it is not durable.
	Entry(index int64) (text []byte, leaf string, ok bool)
	// Root returns the root of the first entries, in hexadecimal; false when there
	// are fewer.
	Root(size int64) (root string, ok bool)
	// Checkpoint reads a signed note: the head that it states, whether this
	// node's key signed it, and which of the witnesses did, by name. False: it is
	// none.
	Checkpoint(text string, witnesses []Witness) (c Checkpoint, ok bool)
}

// Witness is a key that co-signs checkpoints, and whose it is. A witness that
// changes its key has two for a while.
type Witness struct {
	Name string
	Key  ed25519.PublicKey
}

// Checkpoint is a head of a journal with who signed it.
type Checkpoint struct {
	Size      int64
	Root      string   // in hexadecimal
	Node      bool     // signed by the node itself
	Witnesses []string // in any order
}

// ID returns the n-th new UUID of version 4 of the act.
func (e Env) ID(n int) string {
	b := sha256.Sum256(binary.BigEndian.AppendUint64(append([]byte("deconflict id\n"), e.Random[:]...), uint64(n)))
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// RefusalKind says why an act was refused.
type RefusalKind string

// Kinds of refusal.
const (
	Invalid    RefusalKind = "invalid"     // the act does not fit the rules, whatever the state
	NotFound   RefusalKind = "not-found"   // nothing that the caller may know of has that name
	NotAllowed RefusalKind = "not-allowed" // not this party's, role's or level's to do
	NotNow     RefusalKind = "not-now"     // the state does not allow it
	Stale      RefusalKind = "stale"       // made against an older version
	Conflict   RefusalKind = "conflict"    // with what others were promised
	Incomplete RefusalKind = "incomplete"  // something required is not there yet
	Reused     RefusalKind = "reused"      // the id of another act
)

// Refusal is an act's lawful "no". It must tell nothing that the caller may not
// know.
type Refusal struct {
	Kind    RefusalKind
	Message string // what was found and what was expected
	// Details are for programs, in JSON: missing items, verdicts. Nil for none.
	Details any
}

func (r *Refusal) Error() string { return r.Message }

// Refuse returns a Refusal.
func Refuse(kind RefusalKind, format string, args ...any) *Refusal {
	return &Refusal{Kind: kind, Message: fmt.Sprintf(format, args...)}
}
