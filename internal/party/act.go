package party

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/statement"
)

// Level is how competent a role is to act for its party.
type Level uint8

// Levels, lowest first. A watch stander may always receive, and stop or hold its
// own party's traffic; what binds the party takes more.
const (
	Watch  Level = iota + 1 // stands the watch
	Duty                    // duty director
	Senior                  // general or senior manager
	Policy                  // decides what the party agrees to
)

var levelNames = [...]string{"", "watch", "duty", "senior", "policy"}

func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return ""
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Level) UnmarshalText(text []byte) error {
	i := slices.Index(levelNames[:], string(text))
	if i <= 0 {
		return fmt.Errorf("found the level %q, expected watch, duty, senior or policy", text)
	}
	*l = Level(i)
	return nil
}

// Custody says who holds the key that stands for an act.
type Custody string

// Kinds of custody.
const (
	// Held: the role's own key signed the statement; nobody else could have.
	Held Custody = "held"
	// ByNode: the node vouches that the party's token came with it.
	ByNode Custody = "node"
)

// Key is an Ed25519 public key; in JSON, base64url without padding.
type Key string

// NewKey returns the public key as a Key.
func NewKey(public ed25519.PublicKey) Key {
	return Key(base64.RawURLEncoding.EncodeToString(public))
}

// Public returns the key, or false when it is none.
func (k Key) Public() (ed25519.PublicKey, bool) {
	b, ok := decode(string(k))
	return b, ok && len(b) == ed25519.PublicKeySize
}

// decode reads the one form that bytes have: Go's decoder passes over line
// breaks, by which one key would have many names.
func decode(text string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return b, err == nil && base64.RawURLEncoding.EncodedLen(len(b)) == len(text)
}

// Statement is what a party says to a node. Its canonical form is what roles
// sign, so that it can be shown to anybody who knows their keys.
type Statement struct {
	Act  string            `json:"act"` // kind of act: domain.verb
	At   statement.Instant `json:"at"`  // by the clock of who says it
	Body json.RawMessage   `json:"body"`
	// ID is new for each act of a party: a repeated one is the same act.
	ID     string `json:"id"`
	Node   string `json:"node"` // origin of the journal that it is meant for
	Party  ID     `json:"party"`
	Person string `json:"person,omitempty"` // alias of who acts
	Role   string `json:"role,omitempty"`   // under which
}

// MaxStatementIDBytes is the length of the longest id of a statement.
const MaxStatementIDBytes = 128

// Signature is that of one role over a statement's canonical form.
type Signature struct {
	Key       Key    `json:"key"`
	Signature string `json:"signature"` // base64url without padding
}

// Act is a statement with its signatures checked, as it comes to be decided.
type Act struct {
	Statement
	// Text is the canonical form.
	Text []byte
	// Content is the body, decoded as its kind says.
	Content any
	// Signatures are good for Text; whose keys they are is for the registry.
	Signatures []Signature
	// TokenRole and TokenPerson are what the caller's token says, if it does.
	TokenRole, TokenPerson string
}

// ActKind says what an act needs.
type ActKind struct {
	// New returns a pointer to an empty body. A body may have the method
	// Check() error, which refuses what no state could make right.
	New func() any
	// Held acts need the signature of a role's own key.
	Held bool
	// Level is the least that who acts, or one of those who sign, must have.
	// Zero needs no role: the party's token is enough.
	Level Level
}

// ActKinds are the acts that a domain knows, by name.
type ActKinds map[string]ActKind

// Sign adds the signature of a role's key to a statement's canonical form.
func Sign(key ed25519.PrivateKey, text []byte) (Signature, error) {
	sig, err := statement.Sign(key, text)
	if err != nil {
		return Signature{}, err
	}
	return Signature{NewKey(key.Public().(ed25519.PublicKey)), base64.RawURLEncoding.EncodeToString(sig)}, nil
}

// Good reports whether the signature is the key's over a statement's canonical
// form.
func (s Signature) Good(text []byte) bool {
	public, ok := s.Key.Public()
	if !ok {
		return false
	}
	sig, ok := decode(s.Signature)
	return ok && statement.Verify(public, text, sig)
}
