package journal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// cosignatureType is the kind of key of C2SP tlog-cosignature for Ed25519.
const cosignatureType = 0x04

// WitnessKey returns the verifier key of a witness: C2SP signed-note's text of
// name, key id and key, of the type of C2SP tlog-cosignature.
func WitnessKey(name string, public ed25519.PublicKey) (string, error) {
	if err := checkName("witness name", name); err != nil {
		return "", err
	}
	typed := append([]byte{cosignatureType}, public...)
	return fmt.Sprintf("%s+%08x+%s", name, witnessHash(name, public), base64.StdEncoding.EncodeToString(typed)), nil
}

func witnessHash(name string, public ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append(append([]byte(name), '\n', cosignatureType), public...))
	return binary.BigEndian.Uint32(sum[:])
}

// witnessVerifier verifies co-signatures as package note wants it.
type witnessVerifier struct {
	name   string
	public ed25519.PublicKey
	atS    int64 // the time that the signature states
}

// parseWitnessKey reads what WitnessKey writes.
func parseWitnessKey(text string) (*witnessVerifier, error) {
	bad := fmt.Errorf("found the witness key %.300q, expected name+hash+key of C2SP signed-note with an Ed25519 key of type 4", text)
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || checkName("witness name", parts[0]) != nil {
		return nil, bad
	}
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignatureType {
		return nil, bad
	}
	v := &witnessVerifier{name: parts[0], public: key[1:]}
	if fmt.Sprintf("%08x", v.KeyHash()) != parts[1] {
		return nil, bad
	}
	return v, nil
}

func (v *witnessVerifier) Name() string    { return v.name }
func (v *witnessVerifier) KeyHash() uint32 { return witnessHash(v.name, v.public) }

// Verify takes the timed signature of C2SP tlog-cosignature: seconds since 1970
// in 8 bytes, then the signature of Ed25519.
func (v *witnessVerifier) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	if at > 1<<63-1 {
		return false
	}
	if !ed25519.Verify(v.public, cosigned(text, int64(at)), sig[8:]) {
		return false
	}
	v.atS = int64(at)
	return true
}

// cosigned returns what a witness signs: two lines, and the text of the
// checkpoint.
func cosigned(text []byte, atS int64) []byte {
	return append(append(strconv.AppendInt([]byte("cosignature/v1\ntime "), atS, 10), '\n'), text...)
}

// Cosign appends the co-signature of a witness to a checkpoint: that it is the
// largest tree of its log that the witness verified up to atS, seconds since
// 1970. Who calls it must have verified that (Keeper.Advance), and have it on
// disk.
func Cosign(checkpoint []byte, name string, key ed25519.PrivateKey, atS int64) ([]byte, error) {
	if err := checkName("witness name", name); err != nil {
		return nil, err
	}
	if len(key) != ed25519.PrivateKeySize || atS < 0 {
		return nil, fmt.Errorf("found a key of %d bytes and the time %d, expected an Ed25519 private key and seconds since 1970", len(key), atS)
	}
	end := bytes.LastIndex(checkpoint, []byte("\n\n"))
	if end < 0 {
		return nil, errors.New("found no checkpoint, expected a text, an empty line and signatures")
	}
	public := key.Public().(ed25519.PublicKey)
	sig := binary.BigEndian.AppendUint32(nil, witnessHash(name, public))
	sig = binary.BigEndian.AppendUint64(sig, uint64(atS))
	sig = append(sig, ed25519.Sign(key, cosigned(checkpoint[:end+1], atS))...)
	line := "— " + name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
	return append(bytes.Clone(checkpoint), line...), nil
}

// ParseCosigned verifies a checkpoint with the key of its log and that of a
// witness. It returns the head and when the witness signed it, in seconds since
// 1970.
func ParseCosigned(checkpoint []byte, verifierKey, witnessKey string) (head Head, atS int64, err error) {
	if head, err = ParseCheckpoint(checkpoint, verifierKey); err != nil {
		return Head{}, 0, err
	}
	w, err := parseWitnessKey(witnessKey)
	if err != nil {
		return Head{}, 0, err
	}
	if _, err := note.Open(checkpoint, note.VerifierList(w)); err != nil {
		return Head{}, 0, fmt.Errorf("co-signature of %s: %w", w.name, err)
	}
	return head, w.atS, nil
}

// cosignedFile holds the newest co-signed checkpoint.
const cosignedFile = "cosigned"

// AddCosignature takes in a checkpoint of this journal that a witness co-signed,
// one of those whose keys are given. The newest is kept; one of the same tree by
// another witness is kept beside it. An older one than that kept is no error
// and changes nothing. It returns the head that is co-signed.
func (j *Journal) AddCosignature(ctx context.Context, checkpoint []byte, witnessKeys []string) (Head, error) {
	if j.options.ReadOnly {
		return Head{}, ErrReadOnly
	}
	head, lines, err := j.cosignatures(ctx, checkpoint, witnessKeys)
	if err != nil {
		return Head{}, err
	}
	j.cosigning.Lock()
	defer j.cosigning.Unlock()
	text, _, _ := bytes.Cut(checkpoint, []byte("\n\n"))
	kept := j.cosigned
	switch keptHead, _ := parseText(kept); {
	case kept != nil && keptHead.Size > head.Size:
		return keptHead, nil
	case kept == nil || keptHead.Size < head.Size:
		own, err := signCheckpoint(head, signer{j.options.Origin, j.options.Key})
		if err != nil {
			return Head{}, err
		}
		if ownText, _, _ := bytes.Cut(own, []byte("\n\n")); !bytes.Equal(ownText, text) {
			return Head{}, errors.New("found lines behind the root that this journal does not write")
		}
		kept = own
	}
	for _, line := range lines {
		kept = withLine(kept, line)
	}
	if len(kept) > maxCheckpoint {
		return Head{}, fmt.Errorf("found co-signatures of %d bytes with those kept, expected at most %d", len(kept), maxCheckpoint)
	}
	if err := replaceFile(filepath.Join(j.dir, cosignedFile), kept); err != nil {
		return Head{}, err
	}
	j.cosigned = kept
	return head, nil
}

// cosignatures verifies a co-signed checkpoint against the journal and returns
// the lines of the witnesses that are known.
func (j *Journal) cosignatures(ctx context.Context, checkpoint []byte, witnessKeys []string) (Head, []string, error) {
	head, err := ParseCheckpoint(checkpoint, j.verifier)
	if err != nil {
		return Head{}, nil, err
	}
	if now := j.Head().Size; head.Size > now {
		return Head{}, nil, fmt.Errorf("found a checkpoint of %d entries, expected at most the %d of this journal", head.Size, now)
	}
	root, err := j.rootAt(ctx, head.Size)
	if err != nil {
		return Head{}, nil, err
	}
	if Hash(root) != head.Root {
		return Head{}, nil, fmt.Errorf("found the root %x of the first %d entries, expected %x: %w", head.Root, head.Size, root, ErrForked)
	}
	var known []note.Verifier
	for _, text := range witnessKeys {
		w, err := parseWitnessKey(text)
		if err != nil {
			return Head{}, nil, err
		}
		known = append(known, w)
	}
	n, err := note.Open(checkpoint, note.VerifierList(known...))
	if err != nil {
		return Head{}, nil, fmt.Errorf("co-signature: %w", err)
	}
	var lines []string
	for _, s := range n.Sigs {
		lines = append(lines, "— "+s.Name+" "+s.Base64+"\n")
	}
	return head, lines, nil
}

// withLine puts a signature line in the place of one by the same key, or behind
// all others.
func withLine(checkpoint []byte, line string) []byte {
	same := func(other string) bool { return signatureKey(other) == signatureKey(line) }
	text, signatures, _ := strings.Cut(string(checkpoint), "\n\n")
	out := text + "\n\n"
	for l := range strings.Lines(signatures) {
		if !same(l) {
			out += l
		}
	}
	return []byte(out + line)
}

// signatureKey returns name and key id of a signature line.
func signatureKey(line string) string {
	name, sig, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
	const digits = 8 // of base64: 6 bytes, of which 4 are the key id
	id, err := base64.StdEncoding.DecodeString(sig[:min(digits, len(sig))])
	if err != nil || len(id) < 4 {
		return line
	}
	return fmt.Sprintf("%s %x", name, id[:4])
}

// Cosigned returns the newest checkpoint that a witness co-signed; nil when
// there is none. It may be older than Checkpoint.
func (j *Journal) Cosigned() []byte {
	j.cosigning.Lock()
	defer j.cosigning.Unlock()
	return bytes.Clone(j.cosigned)
}

// Published returns the durable head as a signed checkpoint, with what witnesses
// co-signed of it.
func (j *Journal) Published() []byte {
	now := j.now.Load()
	if kept := j.Cosigned(); kept != nil {
		if head, _ := parseText(kept); head == now.head {
			return kept
		}
	}
	return bytes.Clone(now.checkpoint)
}

// parseText returns the head of a checkpoint whose signatures were verified.
func parseText(checkpoint []byte) (Head, error) {
	text, _, _ := bytes.Cut(checkpoint, []byte("\n\n"))
	return parseHead(strings.Split(string(text)+"\n", "\n"))
}

// readCosigned returns the co-signed checkpoint of a directory; nil when there
// is none.
func readCosigned(dir string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, cosignedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxCheckpoint+1))
}

// checkCosigned refuses a journal that lacks what a witness co-signed.
func (j *Journal) checkCosigned(ctx context.Context, checkpoint []byte) error {
	if checkpoint == nil {
		return nil
	}
	was, err := ParseCheckpoint(checkpoint, j.verifier)
	if err != nil {
		return &CorruptError{cosignedFile, "as a whole", err.Error(), "a checkpoint signed by this node's key"}
	}
	if now := j.Head().Size; was.Size > now {
		return &CorruptError{
			databaseFile, fmt.Sprintf("behind entry %d", now-1), fmt.Sprintf("%d entries", now),
			fmt.Sprintf("%d, as the file %s says a witness co-signed", was.Size, cosignedFile),
		}
	}
	root, err := j.rootAt(ctx, was.Size)
	if err != nil {
		return err
	}
	if Hash(root) != was.Root {
		return &CorruptError{
			databaseFile, fmt.Sprintf("the first %d entries", was.Size), fmt.Sprintf("root %x", root),
			fmt.Sprintf("root %x, as the file %s says a witness co-signed", was.Root, cosignedFile),
		}
	}
	j.cosigned = checkpoint
	return nil
}
