package client

import (
	"crypto/ed25519"

	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
)

// GenerateKey makes a role's Ed25519 key and writes it to a new file, PKCS #8 in
// PEM, mode 0600. An existing file is never overwritten.
func GenerateKey(file string) (ed25519.PrivateKey, error) { return journal.GenerateKey(file, nil) }

// LoadKey reads a key that GenerateKey wrote. It refuses a file that others than
// its owner may read.
func LoadKey(file string) (ed25519.PrivateKey, error) { return journal.LoadKey(file) }

// PublicKey returns the form in which a party's record names a role's key.
func PublicKey(key ed25519.PrivateKey) string {
	return string(party.NewKey(key.Public().(ed25519.PublicKey)))
}
