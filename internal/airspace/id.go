package airspace

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// ID is the identifier of an intent, a constraint or a subscription: a UUID of
// version 4 (RFC 9562).
type ID [16]byte

// NullID stands for "no subscription" in an intent reference of F3548-21, whose
// schema requires a value.
var NullID = ID{6: 0x40, 8: 0x80}

// ParseID reads a UUID of version 4 in its usual form, in either case.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, fmt.Errorf("%q is not a UUID: expected 8-4-4-4-12 hexadecimal digits", clip(s))
	}
	digits := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return ID{}, fmt.Errorf("%q is not a UUID: expected 8-4-4-4-12 hexadecimal digits", clip(s))
	}
	if id[6]>>4 != 4 || id[8]>>6 != 2 {
		return ID{}, fmt.Errorf("%q is a UUID, but not of version 4", clip(s))
	}
	return id, nil
}

// NewID makes an id of 16 random bytes.
func NewID(random [16]byte) ID {
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	return random
}

// String returns the id in lower case.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[:], id[:4])
	b[8] = '-'
	hex.Encode(b[9:], id[4:6])
	b[13] = '-'
	hex.Encode(b[14:], id[6:8])
	b[18] = '-'
	hex.Encode(b[19:], id[8:10])
	b[23] = '-'
	hex.Encode(b[24:], id[10:])
	return string(b[:])
}

// Compare orders ids as their text does.
func (id ID) Compare(o ID) int { return bytes.Compare(id[:], o[:]) }

// clip keeps an error from repeating a whole hostile input.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
