package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/deconflict/deconflict/internal/airspace"
)

// verify checks a receipt as its reader would, from docs/JOURNAL.md and without
// the journal's own code: every field is in the leaf, the leaf is in the tree,
// the tree's root is in the checkpoint, and the log's key signed that.
func verify(r *receipt, verifierKey string) error {
	var leaf []string
	if err := json.Unmarshal(r.Leaf, &leaf); err != nil {
		return err
	}
	if leaf[0] != "deconflict leaf v1" {
		return fmt.Errorf("a leaf of another kind, %q", leaf[0])
	}
	for _, f := range r.Fields {
		salt, err := base64.RawURLEncoding.DecodeString(f.Salt)
		if err != nil {
			return err
		}
		text := append([]byte("deconflict field v1\n"), salt...)
		text = append(text, byte(len(f.Name)>>8), byte(len(f.Name)))
		text = append(append(text, f.Name...), f.Value...)
		sum := sha256.Sum256(text)
		if !slices.Contains(leaf[1:], base64.RawURLEncoding.EncodeToString(sum[:])) {
			return fmt.Errorf("the leaf does not hold %s", f.Name)
		}
	}
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return err
	}
	signed, err := note.Open([]byte(r.Checkpoint), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	var origin, rootText string
	var size int64
	if _, err := fmt.Sscanf(signed.Text, "%s\n%d\n%s\n", &origin, &size, &rootText); err != nil {
		return err
	}
	root, err := base64.StdEncoding.DecodeString(rootText)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, s := range r.Proof {
		h, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return err
		}
		proof = append(proof, tlog.Hash(h))
	}
	return tlog.CheckRecord(proof, size, tlog.Hash(root), r.Index, tlog.RecordHash(r.Leaf))
}

// A receipt proves its entry alone, to its owner and to whoever sees a part of
// it, and one that was changed anywhere does not.
func TestReceiptsProveTheirEntry(t *testing.T) {
	n := newNode(t)
	at := n.circle(47.4, 8.5, 100)
	for i := range 21 {
		switch i % 3 {
		case 0:
			n.intent("uss-alpha", at)
		case 1:
			n.intent("uss-bravo", at)
		case 2:
			n.subscription("uss-alpha", at)
		}
	}
	key := n.engine.Journal().VerifierKey()
	for index := range 21 {
		var r receipt
		n.get(alpha, fmt.Sprintf("/v1/receipts/%d", index), &r)
		if int(r.Index) != index || r.VerifierKey != key || len(r.Fields) == 0 {
			t.Errorf("receipt %d: %+v", index, r)
		}
		if err := verify(&r, key); err != nil {
			t.Errorf("receipt %d: %v", index, err)
		}
		whole := index%3 != 1
		var leaf []string
		if err := json.Unmarshal(r.Leaf, &leaf); err != nil {
			t.Fatal(err)
		}
		if (len(r.Fields) == len(leaf)-1) != whole {
			t.Errorf("receipt %d shows %d of %d members, want all: %v", index, len(r.Fields), len(leaf)-1, whole)
		}
		for name, change := range map[string]func(*receipt){
			"value": func(r *receipt) { r.Fields[0].Value = json.RawMessage(`"2031-01-01T00:00:00.000000000Z"`) },
			"name":  func(r *receipt) { r.Fields[0].Name = "start" },
			"salt":  func(r *receipt) { r.Fields[0].Salt = r.Fields[1].Salt },
			"leaf":  func(r *receipt) { r.Leaf = json.RawMessage(strings.Replace(string(r.Leaf), "v1", "v1 ", 1)) },
			"index": func(r *receipt) { r.Index ^= 1 },
			"proof": func(r *receipt) { r.Proof = r.Proof[1:] },
			"size":  func(r *receipt) { r.Checkpoint = strings.Replace(r.Checkpoint, "\n21\n", "\n22\n", 1) },
		} {
			bad := r
			bad.Fields, bad.Proof = slices.Clone(r.Fields), slices.Clone(r.Proof)
			change(&bad)
			if verify(&bad, key) == nil {
				t.Errorf("receipt %d with another %s verifies", index, name)
			}
		}
	}
	for _, index := range []string{"21", "-1", "x", "01", "99999999999999999999"} {
		if w := n.do(alpha, "GET", "/v1/receipts/"+index); w.Code != 404 && w.Code != 400 {
			t.Errorf("receipt %s: %d", index, w.Code)
		}
	}
}

// The seed of an entry would open all its members: no receipt holds it, nor
// the salt of a member that is not shown.
func TestReceiptsKeepTheSeed(t *testing.T) {
	n := newNode(t)
	n.intent("uss-alpha", n.circle(47.4, 8.5, 100))
	record, err := n.engine.Journal().Get(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	body := n.do(bravo, "GET", "/v1/receipts/0").Body.String()
	mac := hmac.New(sha256.New, record.Seed[:])
	mac.Write([]byte("ovn"))
	for what, secret := range map[string][]byte{"seed": record.Seed[:], "salt of the OVN": mac.Sum(nil)} {
		for _, text := range []string{base64.RawURLEncoding.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret), fmt.Sprintf("%x", secret)} {
			if strings.Contains(body, text) {
				t.Errorf("the %s is shown: %s", what, body)
			}
		}
	}
	if names := airspace.Release(record.Event, airspace.Reader{Party: "uss-bravo", Intents: true}); slices.Contains(names, "ovn") {
		t.Error("the OVN is released, so this test shows nothing")
	}
}
