package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
)

const witnessedOrigin = "node.example/deconflict"

// addEntries appends entries to a data directory, which it makes when there is
// none, under the key given for it. They differ by their author.
func addEntries(t *testing.T, dir, keyFile string, by party.ID, n int) {
	t.Helper()
	key, err := journal.LoadKey(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = journal.GenerateKey(keyFile, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Config{Dir: dir, Journal: journal.Options{Origin: witnessedOrigin, Key: key}})
	if err != nil {
		t.Fatal(err)
	}
	version := ""
	for i := range n {
		next := fmt.Sprintf("version-%d", i)
		cmd := airspace.SetAvailability{By: by, USS: by, OldVersion: version, NewVersion: next, Availability: airspace.Normal}
		if _, _, err := engine.Submit(ctx, e, cmd); err != nil {
			t.Fatal(err)
		}
		version = next
	}
	if err := e.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func verifierKey(t *testing.T, dir string) string {
	t.Helper()
	j, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	return j.VerifierKey()
}

func readText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// enrolWitness enrols the owner of a key as a witness of a node.
func enrolWitness(t *testing.T, url, keyFile string, id party.ID) {
	t.Helper()
	key, err := journal.LoadKey(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	c := &client.Client{
		BaseURL: url, Party: string(id), Origin: witnessedOrigin,
		Token: func(context.Context) (string, error) { return "dev:" + string(id) + ":deconflict.act", nil },
	}
	_, err = c.Act(t.Context(), "party.enrol", registry.Enrol{Party: registry.Party{
		ID: id, Kind: registry.KindWitness, Names: map[string]string{"en": "Mar"},
		Roles: []registry.Role{{Name: "witness", Level: party.Policy, Holders: []registry.Holder{
			{Person: "m1", Key: party.NewKey(key.Public().(ed25519.PublicKey))},
		}}},
		Policies: map[string]registry.Policy{"party.change": {K: 1, Roles: []string{"witness"}}},
	}}, key)
	if err != nil {
		t.Fatal(err)
	}
}

func readURL(t *testing.T, url string) []byte {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, answer.Status, err)
	}
	return text
}

// A witness co-signs what goes on, through the real node and from directories,
// and raises the alarm over a second history, of which it keeps the evidence.
func TestE1WitnessCommand(t *testing.T) {
	honest, forked, work := t.TempDir(), t.TempDir(), t.TempDir()
	keyFile := journal.KeyFile(honest)
	addEntries(t, honest, keyFile, "tarrow.example", 3)
	key := verifierKey(t, honest)
	dir, out := filepath.Join(work, "witness"), filepath.Join(work, "cosigned")
	run := func(want int, node string, more ...string) string {
		t.Helper()
		return logSays(t, want, append([]string{"witness", node, "--key", key, "--name", "witness.example/mar", "--dir", dir}, more...)...)
	}
	said := run(exitClear, honest, "-o", out)
	expect(t, said, "node.example/deconflict: 3 entries, the first time", "co-signed by witness.example/mar+")
	_, own, _ := strings.Cut(said, "co-signed by ")
	own = strings.TrimSpace(own)
	if head, _, err := journal.ParseCosigned([]byte(readText(t, out)), key, own); err != nil || head.Size != 3 {
		t.Errorf("found %v, %v", head, err)
	}

	// The real node, which went on.
	addEntries(t, honest, keyFile, "varanth.example", 300)
	p := startNode(t, "--data", honest, "--insecure-dev", "--origin", witnessedOrigin, "--public-log")
	said = run(exitClear, p.url)
	expect(t, said, "node.example/deconflict: 303 entries, begins with the 3 entries verified before", "— witness.example/mar ")
	enrolWitness(t, p.url, filepath.Join(dir, "witness.key"), "witness.example/mar")
	run(exitClear, p.url, "--post")
	shown := readURL(t, p.url+"/log/checkpoint")
	if head, _, err := journal.ParseCosigned(shown, key, own); err != nil || head.Size != 305 {
		t.Errorf("the node shows %s: %v", shown, err)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.end

	// A second history under the same key, longer than the first.
	addEntries(t, forked, keyFile, "ridgeline.example", 400)
	kept := filepath.Join(dir, "node.example%2Fdeconflict.checkpoint")
	before := readText(t, kept)
	said = run(exitBad, forked, "-o", filepath.Join(work, "never"))
	expect(t, said, "ALARM: the log signed two histories: node.example/deconflict. Nothing was co-signed.", "before: 305 entries", "now:    400 entries")
	if _, err := os.Stat(filepath.Join(work, "never")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("something was co-signed")
	}
	if readText(t, kept) != before {
		t.Error("what was verified is not kept any more")
	}
	evidence, err := filepath.Glob(filepath.Join(dir, "*.not-400-*"))
	if err != nil || len(evidence) != 1 {
		t.Fatalf("found the evidence %v, %v", evidence, err)
	}
	for _, name := range []string{kept, evidence[0]} {
		if _, err := journal.ParseCheckpoint([]byte(readText(t, name)), key); err != nil {
			t.Errorf("%s is no evidence: %v", name, err)
		}
	}
	// An older state put back.
	old := t.TempDir()
	addEntries(t, old, keyFile, "tarrow.example", 3)
	expect(t, run(exitBad, old), "ALARM: the log shows fewer entries than it signed before")
	// The honest one is still co-signed.
	expect(t, run(exitClear, honest), "begins with the 305 entries verified before")
}

// The co-signature is given to the node, with a token where one is needed.
func TestWitnessPosts(t *testing.T) {
	dir, work := t.TempDir(), t.TempDir()
	addEntries(t, dir, journal.KeyFile(dir), "tarrow.example", 2)
	j, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	var posted []byte
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method == "GET" && r.URL.Path == "/log/checkpoint":
			_, _ = w.Write(j.Checkpoint())
		case r.Method == "POST" && r.URL.Path == "/log/cosignature":
			posted, _ = io.ReadAll(r.Body)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer node.Close()
	token := filepath.Join(work, "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"witness", node.URL, "--key", j.VerifierKey(), "--name", "w.example", "--dir", work, "--post"}
	expect(t, logSays(t, exitUnusable, args...), "cannot read the checkpoint of "+node.URL, "401")
	said := logSays(t, exitClear, append(args, "--token", token)...)
	_, own, _ := strings.Cut(said, "co-signed by ")
	if head, _, err := journal.ParseCosigned(posted, j.VerifierKey(), strings.TrimSpace(own)); err != nil || head != j.Head() {
		t.Errorf("found %q posted: %v", posted, err)
	}
	if strings.Contains(said, "— ") {
		t.Errorf("found %q, expected no checkpoint on standard output once it was posted", said)
	}
}
