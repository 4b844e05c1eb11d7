package api

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// testKey returns the same key for the same name.
func testKey(name string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return ed25519.NewKeyFromSeed(seed)
}

// send posts a body.
func (n *node) send(who bearer, target string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", target, bytes.NewReader(body))
	if who != "" {
		r.Header.Set("Authorization", string(who))
	}
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	return w
}

// act has a party do something, signed by a key.
func (n *node) act(by party.ID, act, id string, body any, key ed25519.PrivateKey) *httptest.ResponseRecorder {
	n.t.Helper()
	raw, err := statement.Marshal(body)
	if err != nil {
		n.t.Fatal(err)
	}
	text, err := statement.Marshal(party.Statement{
		Act: act, At: statement.Instant(time.Now().UnixNano()), Body: raw, ID: id, Node: origin, Party: by,
	})
	if err != nil {
		n.t.Fatal(err)
	}
	sig, err := party.Sign(key, text)
	if err != nil {
		n.t.Fatal(err)
	}
	signed, err := json.Marshal(map[string]any{"statement": json.RawMessage(text), "signatures": []party.Signature{sig}})
	if err != nil {
		n.t.Fatal(err)
	}
	return n.send(with(string(by), auth.ScopeAct), "/v1/acts", signed)
}

func (n *node) enrol(by party.ID, kind registry.Kind) {
	n.t.Helper()
	key := testKey(string(by))
	w := n.act(by, "party.enrol", "enrol", registry.Enrol{Party: registry.Party{
		ID: by, Kind: kind, Names: map[string]string{"en": string(by)},
		Roles: []registry.Role{{Name: "chief", Level: party.Policy, Holders: []registry.Holder{
			{Person: "c1", Key: party.NewKey(key.Public().(ed25519.PublicKey))},
		}}},
		Policies: map[string]registry.Policy{"party.change": {K: 1, Roles: []string{"chief"}}},
	}}, key)
	if w.Code != http.StatusOK {
		n.t.Fatalf("%s: %d %s", by, w.Code, w.Body)
	}
}

// Only what an enrolled witness signed is taken in and shown, whoever brings it.
func TestCosignature(t *testing.T) {
	n := newNode(t)
	j := n.engine.Journal()
	n.enrol("north", registry.KindSignatory)
	sign := func(name string) []byte {
		t.Helper()
		signed, err := journal.Cosign(j.Checkpoint(), name, testKey(name), time.Now().Unix())
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	refused := func(body []byte, status int, kind string) {
		t.Helper()
		if w := n.send("", "/log/cosignature", body); w.Code != status || !strings.Contains(w.Body.String(), "problem:"+kind+`"`) {
			t.Errorf("found %d %s, expected %d %s", w.Code, w.Body, status, kind)
		}
	}
	refused(sign("mar"), 400, "bad-cosignature") // no witness at all
	n.enrol("mar", registry.KindWitness)
	refused(sign("north"), 400, "bad-cosignature") // no witness
	refused(j.Checkpoint(), 400, "bad-cosignature")
	refused([]byte("nothing\n"), 400, "bad-cosignature")
	refused(bytes.Repeat([]byte("x"), maxCosignedBytes+1), 413, "too-much")
	if w := n.do("", "GET", "/log/cosignature"); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
		t.Errorf("found %d", w.Code)
	}

	signed := sign("mar")
	key, err := journal.WitnessKey("mar", testKey("mar").Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	if w := n.send("", "/log/cosignature", signed); w.Code != 200 || !strings.Contains(w.Body.String(), `{"journal_size":`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	shown := n.do("", "GET", "/log/checkpoint").Body.Bytes()
	if head, _, err := journal.ParseCosigned(shown, j.VerifierKey(), key); err != nil || head != j.Head() {
		t.Errorf("shown is %s: %v", shown, err)
	}
	before := j.Head()
	n.enrol("south", registry.KindSignatory)
	shown = n.do("", "GET", "/log/checkpoint").Body.Bytes()
	if head, err := journal.ParseCheckpoint(shown, j.VerifierKey()); err != nil || head.Size <= before.Size {
		t.Errorf("the journal grew, shown is still %s: %v", shown, err)
	}

	// The same key signed another history.
	other, err := journal.Open(t.TempDir(), journal.Options{Origin: origin, Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := j.Read(context.Background(), 1, 2, func(r journal.Record) error {
		_, err := other.Append(0, [][]byte{r.Event})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	forked, err := journal.Cosign(other.Checkpoint(), "mar", testKey("mar"), time.Now().Unix())
	if err != nil {
		t.Fatal(err)
	}
	refused(forked, 409, "forked")
}

func TestCosignatureNeedsATokenOfAPrivateLog(t *testing.T) {
	n := newNode(t, func(c *Config) { c.PublicLog = false })
	if w := n.send("", "/log/cosignature", nil); w.Code != http.StatusUnauthorized {
		t.Errorf("found %d", w.Code)
	}
}
