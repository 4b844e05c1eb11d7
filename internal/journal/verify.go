package journal

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/deconflict/deconflict/internal/statement"
	"golang.org/x/mod/sumdb/tlog"
)

// maxPackLine is the limit of docs/JOURNAL.md, line feed included. It is above
// the line of the largest entry: its event as strings, in which quotes and
// backslashes double, its salts and its leaf.
const maxPackLine = 9 << 20

// PackError is a pack that does not prove what it says.
type PackError struct {
	Line int64 // from 1
	Err  error
}

func (e *PackError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *PackError) Unwrap() error { return e.Err }

// Pack is what a verified pack says as a whole.
type Pack struct {
	Key      string // verifier key that the checkpoint was verified with
	From, To int64  // entries in the pack, To excluded
	Head     Head
	Fields   int64 // members shown
}

// PackEntry is one entry of a pack. Fields are those shown.
type PackEntry struct {
	Index   int64
	Fields  []statement.Field
	Members int // members that the event has
}

// VerifyPack reads a pack and verifies all it says: every shown member against
// its leaf, the leaves against the root, the root against the checkpoint and
// its signature. verifierKey is the key of the log, known from elsewhere; with
// an empty one that of the pack's header is taken, which proves only that the
// pack is of one piece. fn, unless nil, is called for each entry, before the
// whole is known to be good: what it saw counts only when VerifyPack returns no
// error. What the pack does not prove is a *PackError. Memory is bounded by the
// longest line.
func VerifyPack(r io.Reader, verifierKey string, fn func(PackEntry) error) (Pack, error) {
	p := &packReader{lines: bufio.NewReaderSize(r, 64<<10), hasher: newLeafHasher(), fn: fn}
	if err := p.header(verifierKey); err != nil {
		return p.pack, p.fault(err)
	}
	root, err := rangeRoot(p.pack.From, p.pack.To, p.pack.Head.Size, p.entry, p.sibling)
	if err != nil {
		return p.pack, p.fault(err)
	}
	if len(p.proof) > 0 {
		p.at = 1
		return p.pack, p.fault(fmt.Errorf("found %d hashes too many in the proof", len(p.proof)))
	}
	return p.pack, p.fault(p.end(Hash(root)))
}

type packReader struct {
	lines  *bufio.Reader
	at     int64
	buffer []byte
	pack   Pack
	proof  []tlog.Hash
	next   int64
	hasher *leafHasher
	fn     func(PackEntry) error
}

// callerError is an error of the caller's own function or of its reader.
type callerError struct{ error }

func (p *packReader) fault(err error) error {
	var own callerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	}
	return &PackError{p.at, err}
}

// line reads the next line without its end.
func (p *packReader) line() ([]byte, error) {
	p.at++
	p.buffer = p.buffer[:0]
	for {
		part, err := p.lines.ReadSlice('\n')
		p.buffer = append(p.buffer, part...)
		switch {
		case len(p.buffer) > maxPackLine:
			return nil, fmt.Errorf("found a line above %d bytes", maxPackLine)
		case err == nil:
			return p.buffer[:len(p.buffer)-1], nil
		case errors.Is(err, io.EOF):
			return nil, errors.New("found the end of the pack, expected a whole line")
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, callerError{err}
		}
	}
}

// object splits a line into members with exactly these names, in this order.
func object(line []byte, names ...string) ([]statement.Field, error) {
	fields, err := statement.Fields(line)
	if err != nil {
		return nil, err
	}
	for i := range max(len(fields), len(names)) {
		switch {
		case i == len(fields):
			return nil, fmt.Errorf("found no member %q", names[i])
		case i == len(names):
			return nil, fmt.Errorf("found the member %q, which has no meaning here", fields[i].Name)
		case fields[i].Name != names[i]:
			return nil, fmt.Errorf("found the member %q, expected %q", fields[i].Name, names[i])
		}
	}
	return fields, nil
}

func (p *packReader) header(verifierKey string) error {
	line, err := p.line()
	if err != nil {
		return err
	}
	fields, err := object(line, "format", "from", "key", "proof", "size", "to")
	if err != nil {
		return err
	}
	if string(fields[0].Value) != strconv.Quote(packFormat) {
		return fmt.Errorf("found the format %.60s, expected %q", fields[0].Value, packFormat)
	}
	for i, into := range map[int]*int64{1: &p.pack.From, 4: &p.pack.Head.Size, 5: &p.pack.To} {
		if *into, err = strconv.ParseInt(string(fields[i].Value), 10, 64); err != nil {
			return fmt.Errorf("found %s %.60s, expected an integer", fields[i].Name, fields[i].Value)
		}
	}
	if pk := &p.pack; pk.From < 0 || pk.From > pk.To || pk.To > pk.Head.Size {
		return fmt.Errorf("found the range from %d to %d of %d entries, expected it to lie within", pk.From, pk.To, pk.Head.Size)
	}
	p.next = p.pack.From
	if p.pack.Key, err = statement.Unquote(fields[2].Value); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if verifierKey != "" && verifierKey != p.pack.Key {
		return fmt.Errorf("found a pack of the log %.300s, expected one of %s", p.pack.Key, verifierKey)
	}
	proof, err := parseHashArray(fields[3].Value)
	if err != nil {
		return fmt.Errorf("proof: %w", err)
	}
	for _, h := range proof {
		p.proof = append(p.proof, tlog.Hash(h))
	}
	return nil
}

// sibling gives the next hash of the proof.
func (p *packReader) sibling() (tlog.Hash, error) {
	if len(p.proof) == 0 {
		p.at = 1
		return tlog.Hash{}, errors.New("found too few hashes in the proof")
	}
	h := p.proof[0]
	p.proof = p.proof[1:]
	return h, nil
}

// entry verifies the next line and returns its leaf hash.
func (p *packReader) entry() (tlog.Hash, error) {
	var none tlog.Hash
	line, err := p.line()
	if err != nil {
		return none, err
	}
	names := []string{"index", "leaf"}
	if fields, err := statement.Fields(line); err == nil && len(fields) > 0 && fields[0].Name == "fields" {
		names = []string{"fields", "index", "leaf"}
	}
	members, err := object(line, names...)
	if err != nil {
		return none, err
	}
	index, leaf := members[len(members)-2].Value, members[len(members)-1].Value
	if string(index) != strconv.FormatInt(p.next, 10) {
		return none, fmt.Errorf("found the index %.60s, expected %d", index, p.next)
	}
	commitments, err := parseLeaf(leaf)
	if err != nil {
		return none, fmt.Errorf("leaf: %w", err)
	}
	e := PackEntry{Index: p.next, Members: len(commitments)}
	if len(members) == 3 {
		if e.Fields, err = p.fields(members[0].Value, commitments); err != nil {
			return none, err
		}
		p.pack.Fields += int64(len(e.Fields))
	}
	p.next++
	if p.fn != nil {
		if err := p.fn(e); err != nil {
			return none, callerError{err}
		}
	}
	return tlog.RecordHash(leaf), nil
}

// fields verifies the shown members of an entry: each is committed to, and they
// are in the order of the leaf.
func (p *packReader) fields(value []byte, commitments []Hash) ([]statement.Field, error) {
	list, err := statement.Elements(value)
	if err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	if len(list) == 0 {
		return nil, errors.New("fields: found none, expected at least one or no member fields")
	}
	shown := make([]Shown, len(list))
	for i, element := range list {
		members, err := object(element, "name", "salt", "value")
		if err != nil {
			return nil, fmt.Errorf("fields: %w", err)
		}
		m := &shown[i]
		if m.Name, err = statement.Unquote(members[0].Value); err != nil {
			return nil, fmt.Errorf("name of a field: %w", err)
		}
		if m.Salt, err = parseHash(members[1].Value); err != nil {
			return nil, fmt.Errorf("salt of %q: %w", m.Name, err)
		}
		text, err := statement.Unquote(members[2].Value)
		if err != nil {
			return nil, fmt.Errorf("value of %q: %w", m.Name, err)
		}
		m.Value = []byte(text)
	}
	if err := p.hasher.verifyShown(commitments, shown); err != nil {
		return nil, err
	}
	out := make([]statement.Field, len(shown))
	for i, m := range shown {
		out[i] = statement.Field{Name: m.Name, Value: m.Value}
	}
	return out, nil
}

// end verifies the checkpoint and that nothing follows.
func (p *packReader) end(root Hash) error {
	line, err := p.line()
	if err != nil {
		return err
	}
	members, err := object(line, "checkpoint")
	if err != nil {
		return err
	}
	checkpoint, err := statement.Unquote(members[0].Value)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	head, err := ParseCheckpoint([]byte(checkpoint), p.pack.Key)
	if err != nil {
		return err
	}
	if head.Size != p.pack.Head.Size {
		return fmt.Errorf("found a checkpoint of %d entries, expected the %d of the header", head.Size, p.pack.Head.Size)
	}
	if head.Root != root {
		return fmt.Errorf("found the root %x in the checkpoint, but the leaves and the proof give %x", head.Root, root)
	}
	p.pack.Head = head
	if b, err := p.lines.ReadByte(); err == nil {
		p.at++
		return fmt.Errorf("found %q behind the checkpoint, expected the end", b)
	} else if !errors.Is(err, io.EOF) {
		return callerError{err}
	}
	return nil
}

// parseLeaf returns the commitments of a leaf.
func parseLeaf(leaf []byte) ([]Hash, error) {
	list, err := statement.Elements(leaf)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || string(list[0]) != strconv.Quote(leafName) {
		return nil, fmt.Errorf("found %.60s, expected %q first", leaf, leafName)
	}
	if len(list)-1 > MaxMembers {
		return nil, fmt.Errorf("found %d commitments, expected at most %d", len(list)-1, MaxMembers)
	}
	return parseHashes(list[1:])
}

func parseHashArray(value []byte) ([]Hash, error) {
	list, err := statement.Elements(value)
	if err != nil {
		return nil, err
	}
	return parseHashes(list)
}

func parseHashes(list [][]byte) ([]Hash, error) {
	var all []Hash
	for _, element := range list {
		h, err := parseHash(element)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

var strictURL = base64.RawURLEncoding.Strict()

// parseHash decodes a string of base64url without padding.
func parseHash(value []byte) (Hash, error) {
	if len(value) == 45 && value[0] == '"' {
		// Line ends, which the decoder skips, cannot stand in canonical JSON.
		if b, err := strictURL.DecodeString(string(value[1:44])); err == nil && len(b) == len(Hash{}) {
			return Hash(b), nil
		}
	}
	return Hash{}, fmt.Errorf("found %.60s, expected 32 bytes in base64url", value)
}
