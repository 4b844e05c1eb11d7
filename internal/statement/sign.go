package statement

import "crypto/ed25519"

// signedPrefix keeps a signature over a statement from counting as one over
// anything else that the same key signs, such as a checkpoint.
const signedPrefix = "deconflict statement v1\n"

// Sign returns the Ed25519 signature (RFC 8032) of a canonical statement, over
// a prefix of its own and the statement's bytes. It refuses what is not one
// canonical object.
func Sign(key ed25519.PrivateKey, statement []byte) ([]byte, error) {
	if _, err := Fields(statement); err != nil {
		return nil, err
	}
	return ed25519.Sign(key, signed(statement)), nil
}

// Verify reports whether signature is that of a canonical statement by the
// owner of the public key.
func Verify(public ed25519.PublicKey, statement, signature []byte) bool {
	if len(public) != ed25519.PublicKeySize {
		return false
	}
	if _, err := Fields(statement); err != nil {
		return false
	}
	return ed25519.Verify(public, signed(statement), signature)
}

func signed(statement []byte) []byte {
	return append([]byte(signedPrefix), statement...)
}
