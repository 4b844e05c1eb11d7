package journal

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// KeyFile returns the file of a node's key in a data directory.
func KeyFile(dir string) string { return filepath.Join(dir, "keys", "node.key") }

// maxKeyBytes is far above the size of a key file.
const maxKeyBytes = 16 << 10

// GenerateKey makes an Ed25519 key and writes it to a new file, PKCS #8 in PEM,
// readable by its owner alone. An existing file is never overwritten. random is
// the source; nil means the system's.
func GenerateKey(file string, random io.Reader) (ed25519.PrivateKey, error) {
	if random == nil {
		random = rand.Reader
	}
	_, key, err := ed25519.GenerateKey(random)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	// A journal signed by a key that a power failure took is worth little.
	err = errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(file)))
	if err != nil {
		return nil, errors.Join(err, os.Remove(file))
	}
	return key, nil
}

// LoadKey reads a key that GenerateKey wrote. It refuses a file that others
// than its owner may read.
func LoadKey(file string) (ed25519.PrivateKey, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && ownersOnly {
		return nil, fmt.Errorf("%s: found mode %04o, expected 0600: others could sign in this node's name", file, mode)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyBytes))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s: found no PEM block PRIVATE KEY", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: found a key of type %T, expected Ed25519", file, parsed)
	}
	return key, nil
}

// VerifierKey returns the text of C2SP signed-note by which others know the key
// of a log: name, hash of the key, key.
func VerifierKey(origin string, public ed25519.PublicKey) (string, error) {
	if err := checkOrigin(origin); err != nil {
		return "", err
	}
	return note.NewEd25519VerifierKey(origin, public)
}

// checkOrigin refuses names of logs that a checkpoint cannot carry.
func checkOrigin(origin string) error { return checkName("log origin", origin) }

// checkName refuses what cannot stand in a checkpoint and its signatures.
func checkName(what, name string) error {
	if name == "" || len(name) > 256 || !utf8.ValidString(name) || strings.Contains(name, "+") ||
		strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fmt.Errorf("found the %s %q, expected 1 to 256 bytes without spaces, controls or '+', like node.example/deconflict", what, name)
	}
	return nil
}

// signer signs checkpoints as package note wants it.
type signer struct {
	origin string
	key    ed25519.PrivateKey
}

func (s signer) Name() string                    { return s.origin }
func (s signer) KeyHash() uint32                 { return keyHash(s.origin, s.key.Public().(ed25519.PublicKey)) }
func (s signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// keyHash is the key id of C2SP signed-note for Ed25519.
func keyHash(name string, public ed25519.PublicKey) uint32 {
	const ed25519Signature = 1
	sum := sha256.Sum256(append(append([]byte(name), '\n', ed25519Signature), public...))
	return binary.BigEndian.Uint32(sum[:])
}
