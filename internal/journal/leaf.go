package journal

import (
	"crypto/sha256"
	"encoding"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/deconflict/deconflict/internal/statement"
	"golang.org/x/mod/sumdb/tlog"
)

// Limits of an entry. A leaf with the most members stays below 64 KiB, which is
// what an entry bundle of C2SP tlog-tiles can hold.
const (
	MaxEventBytes = 4 << 20
	MaxMembers    = 1024
)

const (
	fieldPrefix = "deconflict field v1\n"
	leafName    = "deconflict leaf v1"
)

// Hash is a SHA-256 digest.
type Hash = [32]byte

// Salt returns the salt of a member: HMAC-SHA256 (RFC 2104) of its name under
// the entry's seed. Whoever knows some salts of an entry learns nothing about
// the others.
func Salt(seed Hash, name string) Hash {
	l := newLeafHasher()
	l.setSeed(seed)
	return l.salt(name)
}

// Commitment returns what a leaf says of one member: SHA-256 over a prefix, the
// salt, the name with its length, and the value in canonical JSON.
func Commitment(salt Hash, name string, value []byte) Hash {
	l := newLeafHasher()
	return l.commitment(salt, name, value)
}

// Leaf returns the bytes that the Merkle tree covers for an entry: a canonical
// JSON array with the name of the format and one commitment for each top-level
// member of the event, in their order, in base64url without padding. The event
// has to be one canonical JSON object of at most MaxEventBytes and MaxMembers.
func Leaf(event []byte, seed Hash) ([]byte, error) {
	l := newLeafHasher()
	leaf, err := l.leaf(event, seed)
	return append([]byte(nil), leaf...), err
}

// leafHasher computes leaves; its buffers are reused. Salts are HMAC written
// out: package hmac allocates for each key, and every entry has a key of its
// own. A test compares the two.
type leafHasher struct {
	fields       []statement.Field
	digest       resumable
	inner, outer []byte // states of SHA-256 behind the padded seed
	message      []byte
	sum          []byte
	out          []byte // one byte for the prefix of a leaf hash, then the leaf
}

// resumable is what the SHA-256 of the standard library can do.
type resumable interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

func newLeafHasher() *leafHasher { return &leafHasher{digest: sha256.New().(resumable)} }

// sha256 is sha256.Sum256 without its allocation.
func (l *leafHasher) sha256(data []byte) Hash {
	l.digest.Reset()
	l.digest.Write(data)
	l.sum = l.digest.Sum(l.sum[:0])
	return Hash(l.sum)
}

func (l *leafHasher) setSeed(seed Hash) {
	l.inner = l.padded(l.inner, seed, 0x36)
	l.outer = l.padded(l.outer, seed, 0x5c)
}

// padded returns the state behind the first block of HMAC's inner or outer
// hash.
func (l *leafHasher) padded(state []byte, seed Hash, pad byte) []byte {
	l.message = l.message[:0]
	for _, b := range seed {
		l.message = append(l.message, b^pad)
	}
	for len(l.message) < sha256.BlockSize {
		l.message = append(l.message, pad)
	}
	l.digest.Reset()
	l.digest.Write(l.message)
	state, err := l.digest.AppendBinary(state[:0])
	if err != nil {
		panic(err) // the standard library says that this never fails
	}
	return state
}

func (l *leafHasher) salt(name string) Hash {
	l.message = append(l.message[:0], name...)
	l.resume(l.inner)
	l.resume(l.outer)
	return Hash(l.sum)
}

// resume hashes the message on from a state, and makes the sum the message.
func (l *leafHasher) resume(state []byte) {
	if err := l.digest.UnmarshalBinary(state); err != nil {
		panic(err) // a state that AppendBinary wrote
	}
	l.digest.Write(l.message)
	l.sum = l.digest.Sum(l.sum[:0])
	l.message = append(l.message[:0], l.sum...)
}

func (l *leafHasher) commitment(salt Hash, name string, value []byte) Hash {
	l.message = append(l.message[:0], fieldPrefix...)
	l.message = append(l.message, salt[:]...)
	l.message = binary.BigEndian.AppendUint16(l.message, uint16(len(name)))
	l.message = append(l.message, name...)
	l.message = append(l.message, value...)
	return l.sha256(l.message)
}

// leaf returns the leaf of an event; it is valid until the next call.
func (l *leafHasher) leaf(event []byte, seed Hash) ([]byte, error) {
	if len(event) > MaxEventBytes {
		return nil, fmt.Errorf("found an event of %d bytes, expected at most %d", len(event), MaxEventBytes)
	}
	var err error
	if l.fields, err = statement.AppendFields(l.fields[:0], event); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	if len(l.fields) > MaxMembers {
		return nil, fmt.Errorf("found an event of %d members, expected at most %d", len(l.fields), MaxMembers)
	}
	l.setSeed(seed)
	l.out = append(l.out[:0], 0) // RFC 6962 section 2.1: the prefix of a leaf
	l.out = append(l.out, `["`+leafName+`"`...)
	for _, f := range l.fields {
		if len(f.Name) > 1<<16-1 {
			return nil, fmt.Errorf("found a member name of %d bytes, expected at most %d", len(f.Name), 1<<16-1)
		}
		c := l.commitment(l.salt(f.Name), f.Name, f.Value)
		l.out = append(l.out, `,"`...)
		l.out = base64.RawURLEncoding.AppendEncode(l.out, c[:])
		l.out = append(l.out, '"')
	}
	l.out = append(l.out, ']')
	return l.out[1:], nil
}

// leafHash returns the hash of an event's leaf, as tlog.RecordHash does.
func (l *leafHasher) leafHash(event []byte, seed Hash) (tlog.Hash, error) {
	if _, err := l.leaf(event, seed); err != nil {
		return tlog.Hash{}, err
	}
	return tlog.Hash(l.sha256(l.out)), nil
}
