package auth

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/deconflict/deconflict/internal/party"
)

// IssuerName is the `iss` of the tokens that a node issues.
const IssuerName = "deconflict"

// Issuer issues tokens, for a set-up without an identity provider. It may be
// used by several goroutines at once.
type Issuer struct {
	name   string
	key    crypto.Signer
	public key
	signer jose.Signer
	now    func() time.Time
}

// NewIssuer returns an issuer that signs with the private key of a PEM file and
// puts name into `iss`. A file that does not exist is created with a new RSA key
// of 2,048 bits, which RFC 7518 section 3.3 requires and every F3548-21 party
// takes; its folder is created too. A file that others can read is refused.
func NewIssuer(keyFile, name string) (*Issuer, error) {
	key, err := loadPrivateKey(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createPrivateKey(keyFile); err != nil {
			return nil, err
		}
		key, err = loadPrivateKey(keyFile)
	}
	if err != nil {
		return nil, err
	}
	return NewIssuerWithKey(key, name, nil)
}

// NewIssuerWithKey returns an issuer that signs with a key that is at hand: RSA
// of 2,048 to 8,192 bits, or EC P-256. A nil clock means time.Now.
func NewIssuerWithKey(private crypto.Signer, name string, now func() time.Time) (*Issuer, error) {
	if name == "" {
		return nil, errors.New("found no name of the issuer, expected one")
	}
	public, err := newKey("", private.Public())
	if err != nil {
		return nil, err
	}
	thumbprint, err := (&jose.JSONWebKey{Key: public.public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	public.id = base64.RawURLEncoding.EncodeToString(thumbprint)
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: public.algorithm, Key: jose.JSONWebKey{Key: private, KeyID: public.id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &Issuer{name, private, public, signer, now}, nil
}

// Public returns the key that verifies the issuer's tokens, for
// Config.PublicKeys.
func (s *Issuer) Public() crypto.PublicKey { return s.key.Public() }

// PublicPEM returns the same key as a PEM block, for the key files of others.
func (s *Issuer) PublicPEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(s.Public())
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// JWKS returns the issuer's key as a JWK set (RFC 7517 section 5). Its id is its
// thumbprint (RFC 7638).
func (s *Issuer) JWKS() ([]byte, error) {
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{
		Key: s.public.public, KeyID: s.public.id, Algorithm: string(s.public.algorithm), Use: "sig",
	}}})
}

// Mint returns a token by which a party may act under scopes towards one
// audience for ttl, of which full seconds count. Without scopes the token says
// so and is good for nothing.
func (s *Issuer) Mint(sub party.ID, audience string, scopes []string, ttl time.Duration) (string, error) {
	return s.MintAs(sub, Standing{}, audience, scopes, ttl)
}

// MintAs is Mint for somebody who acts in a role of the party, as a person, or
// both.
func (s *Issuer) MintAs(sub party.ID, as Standing, audience string, scopes []string, ttl time.Duration) (string, error) {
	if !sub.Valid() {
		return "", fmt.Errorf("found the party %.300q, expected 1 to %d printable ASCII characters without spaces", string(sub), party.MaxIDBytes)
	}
	if audience == "" {
		return "", errors.New("found no audience, expected the host name under which the token will be used")
	}
	for _, scope := range scopes {
		if !ValidScope(scope) {
			return "", fmt.Errorf("found the scope %.300q, expected printable ASCII without spaces, quotation marks and backslashes", scope)
		}
	}
	if err := as.Check(); err != nil {
		return "", err
	}
	if ttl < time.Second {
		return "", fmt.Errorf("found a life of %s, expected at least 1 s", ttl)
	}
	now := s.now().Unix()
	said := map[string]any{
		"iss": s.name, "sub": sub, "aud": audience, "scope": strings.Join(scopes, " "),
		"iat": now, "nbf": now, "exp": now + int64(ttl/time.Second), "jti": rand.Text(),
	}
	if as.Role != "" {
		said["role"] = as.Role
	}
	if as.Person != "" {
		said["person"] = as.Person
	}
	payload, err := json.Marshal(said)
	if err != nil {
		return "", err
	}
	signed, err := s.signer.Sign(payload)
	if err != nil {
		return "", err
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		return "", err
	}
	if len(token) > MaxTokenBytes {
		return "", fmt.Errorf("found a token of %d bytes, expected at most %d: too many scopes", len(token), MaxTokenBytes)
	}
	return token, nil
}

// loadPrivateKey reads a private key in PEM: PKCS #8, PKCS #1 or SEC 1.
func loadPrivateKey(name string) (crypto.Signer, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	// Windows has no such bits.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s: found mode %04o, by which others can use the private key, expected 0600", name, mode)
	}
	data, err := readSmall(name, maxKeyFileBytes)
	if err != nil {
		return nil, err
	}
	key, err := parsePrivateKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

func parsePrivateKey(data []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("found no PEM block, expected a private key")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("found a PEM block of type %.40q, expected PRIVATE KEY", block.Type)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("found a key of kind %T, expected RSA or EC P-256", key)
	}
	return signer, nil
}

// createPrivateKey writes a new key, unless another process does at the same
// time: then that one's stays.
func createPrivateKey(name string) error {
	key, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// A name that exists is a whole key: the file gets it when it is complete.
	f, err := os.CreateTemp(dir, filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := writeAndSync(f, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return err
	}
	if err := os.Link(f.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func writeAndSync(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes the names in a folder durable. Windows cannot and need not.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
