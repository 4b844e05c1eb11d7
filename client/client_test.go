package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

const origin = "node.example/deconflict"

// node is a fake of one, with a real journal.
type node struct {
	t       *testing.T
	journal *journal.Journal
	alter   func(*receipt) // what a lying node does to its receipts
	acts    []party.Act
	seen    []http.Header
	streams []string // what each connection to the inbox is sent
}

func newJournal(t *testing.T) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.TempDir(), journal.Options{Origin: origin, Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// fill appends events up to a number; those from fork on are others.
func fill(t *testing.T, j *journal.Journal, fork, to int64) {
	t.Helper()
	for n := j.Head().Size; n < to; n++ {
		kind := "note.put"
		if n >= fork {
			kind = "note.rewritten"
		}
		if _, err := j.Append(n, [][]byte{fmt.Appendf(nil, `{"n":%d,"text":"a<b","type":%q}`, n, kind)}); err != nil {
			t.Fatal(err)
		}
	}
}

func start(t *testing.T) (*node, *Client) {
	n := &node{t: t, journal: newJournal(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /log/checkpoint", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(n.journal.Checkpoint()) })
	mux.HandleFunc("GET /log/tile/", func(w http.ResponseWriter, r *http.Request) {
		data, err := n.journal.Tile(r.Context(), strings.TrimPrefix(r.URL.Path, "/log/"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = w.Write(data)
	})
	mux.HandleFunc("GET /v1/receipts/{index}", n.receipt)
	mux.HandleFunc("POST /v1/acts", n.act)
	mux.HandleFunc("GET /v1/inbox/{position}", n.inbox)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return n, &Client{
		BaseURL: s.URL + "/", Origin: origin, Party: "northern.example", Role: "duty", Person: "d-4",
		Token:      func(context.Context) (string, error) { return "secret", nil },
		Now:        func() time.Time { return time.Date(2031, 5, 4, 3, 2, 1, 0, time.UTC) },
		RetryAfter: time.Nanosecond,
	}
}

func (n *node) receipt(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	index, err := strconv.ParseInt(r.PathValue("index"), 10, 64)
	if err != nil || index >= n.journal.Head().Size {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"type":"urn:deconflict:problem:not-found","title":"There is nothing here","status":404,"detail":"no such entry"}`)
		return
	}
	record, err := n.journal.Get(ctx, index)
	if err != nil {
		n.t.Error(err)
	}
	out := receipt{Index: index, Checkpoint: string(n.journal.Checkpoint())}
	fields, err := statement.Fields(record.Event)
	if err != nil {
		n.t.Error(err)
	}
	for _, f := range fields[1:] { // the first is not released
		salt := journal.Salt(record.Seed, f.Name)
		out.Fields = append(out.Fields, struct {
			Name  string          `json:"name"`
			Salt  string          `json:"salt"`
			Value json.RawMessage `json:"value"`
		}{f.Name, base64.RawURLEncoding.EncodeToString(salt[:]), f.Value})
	}
	if out.Leaf, err = journal.Leaf(record.Event, record.Seed); err != nil {
		n.t.Error(err)
	}
	proof, err := n.journal.ProveInclusion(ctx, index, n.journal.Head().Size)
	if err != nil {
		n.t.Error(err)
	}
	for _, h := range proof {
		out.Proof = append(out.Proof, base64.StdEncoding.EncodeToString(h[:]))
	}
	if n.alter != nil {
		n.alter(&out)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		n.t.Error(err)
	}
}

func openLog(t *testing.T, c *Client, n *node, file string) *Log {
	t.Helper()
	l, err := OpenLog(c, file, n.journal.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// E1: a node that keeps two histories and shows each to another is found out by
// whoever kept a checkpoint, and the evidence is kept.
func TestE1Fork(t *testing.T) {
	ctx := context.Background()
	n, c := start(t)
	honest, fork := n.journal, newJournal(t)
	fill(t, honest, 1000, 300)
	file := filepath.Join(t.TempDir(), "kept", "checkpoint")
	l := openLog(t, c, n, file)
	if _, err := l.Update(ctx); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	was := honest.Head()
	fill(t, honest, 1000, 600)
	fill(t, fork, 290, 700)

	// The toy takes the node's word: a good signature and an entry under it.
	n.journal = fork
	checkpoint, err := c.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.ParseCheckpoint(checkpoint, honest.VerifierKey()); err != nil {
		t.Fatalf("expected the toy to accept the second history: %v", err)
	}

	// In another process, later: the fork is found in whatever is asked.
	l = openLog(t, c, n, file)
	defer l.Close()
	_, err = l.Update(ctx)
	var found *ForkError
	if !errors.Is(err, ErrForked) || !errors.As(err, &found) {
		t.Fatalf("found %v, want a fork", err)
	}
	for i, evidence := range [][]byte{found.Older, found.Newer} {
		head, err := journal.ParseCheckpoint(evidence, honest.VerifierKey())
		if want := []journal.Head{was, fork.Head()}[i]; err != nil || head != want {
			t.Errorf("evidence %d: found %v, %v, want %v", i, head, err, want)
		}
	}
	if _, err := l.Receipt(ctx, 5); !errors.Is(err, ErrForked) {
		t.Errorf("a receipt from the second history: found %v, want a fork", err)
	}
	// A shorter second history, and a shorter piece of the first, are told apart
	// from one that goes on.
	short := newJournal(t)
	fill(t, short, 290, 299)
	n.journal = short
	if _, err := l.Update(ctx); !errors.Is(err, ErrRolledBack) {
		t.Errorf("a shorter history: found %v", err)
	}
	if _, err := l.Receipt(ctx, 5); err == nil {
		t.Error("a receipt from a shorter second history was believed")
	}
	n.journal = honest
	if head, err := l.Update(ctx); err != nil || head.Size != 600 {
		t.Errorf("the history that goes on: found %v, %v", head, err)
	}
}

func TestReceipts(t *testing.T) {
	ctx := context.Background()
	n, c := start(t)
	fill(t, n.journal, 1000, 270)
	l := openLog(t, c, n, filepath.Join(t.TempDir(), "checkpoint"))
	defer l.Close()
	r, err := l.Receipt(ctx, 257)
	if err != nil {
		t.Fatal(err)
	}
	if r.Index != 257 || r.Type() != "note.put" || string(r.Fields["text"]) != `"a<b"` || r.Fields["n"] != nil {
		t.Errorf("found %+v", r)
	}
	// One that was made before the newest checkpoint was seen is good too.
	late := n.journal.Checkpoint()
	lateProof, err := n.journal.ProveInclusion(ctx, 9, 270)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, n.journal, 1000, 280)
	if _, err := l.Update(ctx); err != nil {
		t.Fatal(err)
	}
	older := func(r *receipt) {
		r.Checkpoint, r.Proof = string(late), nil
		for _, h := range lateProof {
			r.Proof = append(r.Proof, base64.StdEncoding.EncodeToString(h[:]))
		}
	}
	n.alter = older
	if _, err := l.Receipt(ctx, 9); err != nil {
		t.Errorf("a receipt under an older checkpoint: %v", err)
	}
	for name, alter := range map[string]func(*receipt){
		"value":       func(r *receipt) { r.Fields[0].Value = json.RawMessage(`"other"`) },
		"name":        func(r *receipt) { r.Fields[0].Name = "texu" },
		"salt":        func(r *receipt) { r.Fields[0].Salt = r.Fields[1].Salt },
		"bad salt":    func(r *receipt) { r.Fields[0].Salt = "x" },
		"order":       func(r *receipt) { slices.Reverse(r.Fields) },
		"twice":       func(r *receipt) { r.Fields = append(r.Fields, r.Fields[1]) },
		"leaf":        func(r *receipt) { r.Leaf = json.RawMessage(`["deconflict leaf v1"]`) },
		"no leaf":     func(r *receipt) { r.Leaf = json.RawMessage(`{}`) },
		"index":       func(r *receipt) { r.Index++ },
		"proof":       func(r *receipt) { r.Proof[0] = r.Proof[1] },
		"short proof": func(r *receipt) { r.Proof = r.Proof[1:] },
		"bad proof":   func(r *receipt) { r.Proof[0] = "x" },
		"checkpoint":  func(r *receipt) { r.Checkpoint = strings.Replace(r.Checkpoint, "280", "281", 1) },
	} {
		n.alter = alter
		if _, err := l.Receipt(ctx, 9); err == nil {
			t.Errorf("%s changed: found no error", name)
		}
	}
	n.alter = nil
	_, err = l.Receipt(ctx, 999)
	var p *Problem
	if !errors.As(err, &p) || p.Kind() != "not-found" || p.Status != 404 || p.Detail != "no such entry" {
		t.Errorf("found %v, want the node's problem", err)
	}
}

// act takes any good statement and answers as a node does.
func (n *node) act(w http.ResponseWriter, r *http.Request) {
	n.seen = append(n.seen, r.Header)
	var e struct {
		Statement  json.RawMessage   `json:"statement"`
		Signatures []party.Signature `json:"signatures"`
	}
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		n.t.Error(err)
	}
	a := party.Act{Text: e.Statement, Signatures: e.Signatures}
	if err := statement.Unmarshal(e.Statement, &a.Statement); err != nil { // canonical and nothing else
		n.t.Error(err)
	}
	for _, s := range e.Signatures {
		if !s.Good(a.Text) {
			n.t.Errorf("found a bad signature by %s", s.Key)
		}
	}
	n.acts = append(n.acts, a)
	switch a.Act {
	case "test.refused":
		w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, `{"type":"urn:deconflict:problem:act-stale","title":"Stale","status":200,"detail":"found version 1","details":{"missing":["a"]}}`)
	case "test.proxy":
		http.Error(w, "<html>", http.StatusBadGateway)
	default:
		fmt.Fprintf(w, `{"id":%q,"index":41,"custody":"held","missing":["a second role"],"events":[{"index":42,"fields":{"type":"test.done"}}],"later":"member"}`, a.ID)
	}
}

func TestActs(t *testing.T) {
	ctx := context.Background()
	n, c := start(t)
	file := filepath.Join(t.TempDir(), "keys", "duty.key")
	key, err := GenerateKey(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("found %v, %v, want mode 0600", info.Mode(), err)
	}
	if _, err := GenerateKey(file); err == nil {
		t.Error("a key was overwritten")
	}
	if again, err := LoadKey(file); err != nil || !again.Equal(key) {
		t.Errorf("found another key: %v", err)
	}
	type body struct {
		B string `json:"b"`
		A int    `json:"a"`
	}
	taken, err := c.Act(ctx, "test.do", body{"é<", 3}, key)
	if err != nil {
		t.Fatal(err)
	}
	if taken.Index != 41 || taken.Custody != "held" || len(taken.Missing) != 1 || len(taken.Events) != 1 || taken.Events[0].Type() != "test.done" {
		t.Errorf("found %+v", taken)
	}
	got := n.acts[0]
	if got.Act != "test.do" || string(got.Body) != `{"a":3,"b":"é<"}` || got.Party != "northern.example" || got.Role != "duty" || got.Person != "d-4" ||
		got.Node != origin || got.At.String() != "2031-05-04T03:02:01.000000000Z" || got.ID != taken.ID || len(got.ID) < 20 {
		t.Errorf("found the statement %s", got.Text)
	}
	if len(got.Signatures) != 1 || string(got.Signatures[0].Key) != PublicKey(key) {
		t.Errorf("found the signatures %v", got.Signatures)
	}
	if n.seen[0].Get("Authorization") != "Bearer secret" {
		t.Errorf("found the header %v", n.seen[0])
	}

	// Two roles sign at two places; the statement stays the same.
	text, err := c.Statement("test.do", body{})
	if err != nil {
		t.Fatal(err)
	}
	other := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	one, err1 := Sign(key, text)
	two, err2 := Sign(other, text)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(ctx, text, one); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(ctx, text, two); err != nil {
		t.Fatal(err)
	}
	if a, b := n.acts[1], n.acts[2]; !bytes.Equal(a.Text, b.Text) || a.ID == n.acts[0].ID {
		t.Errorf("found the statements %s and %s", a.Text, b.Text)
	}

	var p *Problem
	_, err = c.Act(ctx, "test.refused", body{})
	if !errors.As(err, &p) || p.Kind() != "act-stale" || p.Status != http.StatusConflict || string(p.Details) != `{"missing":["a"]}` {
		t.Errorf("found %#v", err)
	}
	_, err = c.Act(ctx, "test.proxy", body{})
	if !errors.As(err, &p) || p.Status != http.StatusBadGateway || strings.Contains(p.Error(), "html") {
		t.Errorf("found %#v", err)
	}
	if _, err := c.Act(ctx, "test.do", 1.5); err == nil {
		t.Error("a float: found no error")
	}
	c.Token = func(context.Context) (string, error) { return "", errors.New("expired") }
	if _, err := c.Act(ctx, "test.do", body{}); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("found %v", err)
	}
}
