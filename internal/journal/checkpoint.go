package journal

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Head says how many entries a journal has and what they are.
type Head struct {
	Size int64
	Root Hash // of the tree of RFC 6962 over the leaves
}

// maxCheckpoint bounds a checkpoint, co-signatures of witnesses included.
const maxCheckpoint = 64 << 10

// signCheckpoint returns a checkpoint (C2SP tlog-checkpoint): a signed note of
// origin, size and root.
func signCheckpoint(head Head, s signer) ([]byte, error) {
	text := s.origin + "\n" + strconv.FormatInt(head.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(head.Root[:]) + "\n"
	return note.Sign(&note.Note{Text: text}, s)
}

// ParseCheckpoint verifies a checkpoint with the verifier key of its log and
// returns the head that it states.
func ParseCheckpoint(checkpoint []byte, verifierKey string) (Head, error) {
	if len(checkpoint) > maxCheckpoint {
		return Head{}, fmt.Errorf("found a checkpoint of %d bytes, expected at most %d", len(checkpoint), maxCheckpoint)
	}
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return Head{}, fmt.Errorf("verifier key %q: %w", verifierKey, err)
	}
	n, err := note.Open(checkpoint, note.VerifierList(verifier))
	if err != nil {
		return Head{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if lines[0] != verifier.Name() {
		return Head{}, fmt.Errorf("checkpoint: found the origin %q, expected %q", lines[0], verifier.Name())
	}
	return parseHead(lines)
}

// parseHead reads the lines of a checkpoint's text.
func parseHead(lines []string) (Head, error) {
	if len(lines) < 4 {
		return Head{}, fmt.Errorf("checkpoint: found %d lines, expected an origin, a size and a root", len(lines)-1)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Head{}, fmt.Errorf("checkpoint: found the size %q, expected a decimal number", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(Hash{}) {
		return Head{}, fmt.Errorf("checkpoint: found the root %q, expected base64 of 32 bytes", lines[2])
	}
	return Head{size, Hash(root)}, nil
}
