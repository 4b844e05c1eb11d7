package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Entry is what the node shows of one entry of its journal.
type Entry struct {
	Index  int64                      `json:"index"`
	Fields map[string]json.RawMessage `json:"fields"` // members of the event that are released to the party
}

// Type returns the type of the event; empty when that is not shown.
func (e *Entry) Type() string {
	var kind string
	_ = json.Unmarshal(e.Fields["type"], &kind) // not a string: no type
	return kind
}

// Taken is the node's answer to an act that it took.
type Taken struct {
	ID    string `json:"id"`
	Index int64  `json:"index"` // of its first entry in the journal: the receipt
	// Repeated is set when the same statement was taken before.
	Repeated bool `json:"repeated"`
	// Custody is held when the party's own keys signed, node when the node
	// vouches for it. Empty: the node does not say.
	Custody string `json:"custody"`
	// Missing are the signatures that the act still needs, in words. It has no
	// effect before they are there: send the statement with them.
	Missing []string `json:"missing"`
	Events  []Entry  `json:"events"` // what came of it, as far as it is released
}

// Statement returns an act's canonical form, which roles sign: see Sign and
// Send. body is the act's body; it must have no floats.
func (c *Client) Statement(act string, body any) ([]byte, error) {
	content, err := statement.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("body of %s: %w", act, err)
	}
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	return statement.Marshal(party.Statement{
		Act: act, At: statement.Instant(now().UnixNano()), Body: content, ID: rand.Text(),
		Node: c.Origin, Party: party.ID(c.Party), Person: c.Person, Role: c.Role,
	})
}

// Signature is that of one role's key over a statement. Its JSON can be carried
// from who signs to who sends.
type Signature struct {
	Key       string `json:"key"`       // public key, base64url
	Signature string `json:"signature"` // base64url
}

// Sign signs a statement.
func Sign(key ed25519.PrivateKey, text []byte) (Signature, error) {
	s, err := party.Sign(key, text)
	return Signature{string(s.Key), s.Signature}, err
}

// Send sends a statement with signatures. Sending the same statement again is
// safe: it adds signatures, or gives the answer of the first time.
func (c *Client) Send(ctx context.Context, text []byte, signatures ...Signature) (*Taken, error) {
	if signatures == nil {
		signatures = []Signature{}
	}
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false) // what is signed is sent byte for byte
	err := e.Encode(struct {
		Statement  json.RawMessage `json:"statement"`
		Signatures []Signature     `json:"signatures"`
	}{text, signatures})
	if err != nil {
		return nil, err
	}
	data, err := c.fetch(ctx, "POST", "/v1/acts", body.Bytes())
	if err != nil {
		return nil, err
	}
	taken := new(Taken)
	if err := json.Unmarshal(data, taken); err != nil {
		return nil, fmt.Errorf("answer to an act: %w", err)
	}
	return taken, nil
}

// Act does an act: it makes the statement, has the keys sign it and sends it.
// When the outcome is not known, as after a lost connection, the act may have
// been done: who must know uses Statement and Send, and sends again.
func (c *Client) Act(ctx context.Context, act string, body any, keys ...ed25519.PrivateKey) (*Taken, error) {
	text, err := c.Statement(act, body)
	if err != nil {
		return nil, err
	}
	signatures := make([]Signature, len(keys))
	for i, key := range keys {
		if signatures[i], err = Sign(key, text); err != nil {
			return nil, err
		}
	}
	return c.Send(ctx, text, signatures...)
}

// WithID puts another id into a statement that nobody signed yet. An act that is
// sent again with the same id is not done twice.
func WithID(text []byte, id string) ([]byte, error) {
	var s party.Statement
	if err := statement.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	s.ID = id
	return statement.Marshal(s)
}
