package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	// RFC 7518 section 3.3 requires 2,048 bits of RSA keys. The upper bound keeps
	// the cost of one verification small.
	minRSABits = 2048
	maxRSABits = 8192

	maxKeys         = 32 // of one source, so that a token without a key id costs little
	maxKeyFileBytes = 64 << 10
)

// key is a public key that signs tokens.
type key struct {
	id        string // JWK key id; empty when it fits any
	algorithm jose.SignatureAlgorithm
	public    publicKey
}

// publicKey is what both kinds of public key of the standard library have.
type publicKey interface{ Equal(crypto.PublicKey) bool }

// newKey checks that tokens may be signed with a key.
func newKey(id string, public crypto.PublicKey) (key, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return key{}, fmt.Errorf("found an RSA key of %d bits, expected %d to %d", bits, minRSABits, maxRSABits)
		}
		if k.E < 3 || k.E%2 == 0 {
			return key{}, fmt.Errorf("found an RSA key with exponent %d, expected an odd number from 3", k.E)
		}
		return key{id, jose.RS256, k}, nil
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return key{}, fmt.Errorf("found an EC key on %s, expected P-256", k.Curve.Params().Name)
		}
		return key{id, jose.ES256, k}, nil
	}
	return key{}, fmt.Errorf("found a key of kind %T, expected RSA or EC P-256", public)
}

// keySet is an immutable set of keys, with the tokens that were verified by it.
type keySet struct {
	keys     []key
	verified *cache
}

// candidates returns the keys that may have signed a token; named is whether
// one of the set's keys has the token's key id. A key without an id fits every
// token, and a token without one every key.
func (s *keySet) candidates(algorithm jose.SignatureAlgorithm, id string) (list []key, named bool) {
	for _, k := range s.keys {
		if k.algorithm != algorithm {
			continue
		}
		if k.id == "" || id == "" || k.id == id {
			list = append(list, k)
		}
		named = named || k.id == id
	}
	return list, named
}

func sameKeys(a, b []key) bool {
	return slices.EqualFunc(a, b, func(x, y key) bool {
		return x.id == y.id && x.algorithm == y.algorithm && x.public.Equal(y.public)
	})
}

// readKeyFile returns the keys of a PEM file. They have no id.
func readKeyFile(name string) ([]key, error) {
	data, err := readSmall(name, maxKeyFileBytes)
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return keys, nil
}

// parseKeys reads public keys and certificates in PEM. A certificate only
// carries its key here: who put the file there vouches for it, so its names and
// dates say nothing.
func parseKeys(data []byte) ([]key, error) {
	var keys []key
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		public, err := parseKeyBlock(block)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", len(keys)+1, err)
		}
		k, err := newKey("", public)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", len(keys)+1, err)
		}
		if keys = append(keys, k); len(keys) > maxKeys {
			return nil, fmt.Errorf("found more than %d keys", maxKeys)
		}
	}
	switch {
	case len(keys) == 0:
		return nil, errors.New("found no PEM block, expected a public key or a certificate")
	case len(bytes.TrimSpace(data)) > 0:
		return nil, errors.New("found text after the last PEM block, expected nothing; is a block cut off?")
	}
	return keys, nil
}

func parseKeyBlock(block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return c.PublicKey, nil
	}
	return nil, fmt.Errorf("found a PEM block of type %.40q, expected PUBLIC KEY or CERTIFICATE", block.Type)
}

// readSmall reads a file of at most limit bytes.
func readSmall(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: found more than %d bytes, expected at most that", name, limit)
	}
	return data, nil
}
