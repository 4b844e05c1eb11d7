package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// dataDirectory makes the data directory of a node that wrote six entries, and
// returns the log's verifier key with it.
func dataDirectory(t *testing.T) (dir, key string) {
	t.Helper()
	dir = t.TempDir()
	ctx := context.Background()
	at := time.Date(2031, 5, 4, 3, 0, 0, 0, time.UTC)
	e, err := engine.Open(ctx, engine.Config{
		Dir:     dir,
		Journal: journal.Options{Origin: "node.example/deconflict", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))},
		Now:     func() time.Time { at = at.Add(time.Second); return at },
	})
	if err != nil {
		t.Fatal(err)
	}
	version := map[party.ID]string{}
	for i := range 6 {
		by := []party.ID{"tarrow.example", "varanth.example"}[i%2]
		next := fmt.Sprintf("version-%d-of-%s", i, by)
		cmd := airspace.SetAvailability{By: by, USS: by, OldVersion: version[by], NewVersion: next, Availability: []airspace.Availability{airspace.Down, airspace.Normal}[i/2%2]}
		if _, _, err := engine.Submit(ctx, e, cmd); err != nil {
			t.Fatal(err)
		}
		version[by] = next
	}
	if err := e.Close(ctx); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	return dir, j.VerifierKey()
}

// logSays runs log and returns what it prints.
func logSays(t *testing.T, want int, args ...string) string {
	t.Helper()
	a, stdout, stderr := testApp()
	if code := a.main(append([]string{"log"}, args...)); code != want {
		t.Fatalf("log %v: exit code %d, want %d\n%s%s", args, code, want, stdout, stderr)
	}
	return stdout.String() + stderr.String()
}

// expect fails unless a text holds all words.
func expect(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("found %q, want it to say %q", text, w)
		}
	}
}

func TestLogOnDataDirectory(t *testing.T) {
	dir, key := dataDirectory(t)
	expect(t, logSays(t, exitClear, "fsck", dir), "is good: 6 entries of node.example/deconflict", key)
	expect(t, logSays(t, exitClear, "fsck", dir, "--key", key), "is good")
	expect(t, logSays(t, exitClear, "replay", dir), "6 entries of node.example/deconflict replayed", "same state")

	work := t.TempDir()
	all, part, hidden := filepath.Join(work, "all"), filepath.Join(work, "part"), filepath.Join(work, "hidden")
	logSays(t, exitClear, "export", dir, "--all", "-o", all)
	logSays(t, exitClear, "export", dir, "--party", "tarrow.example", "--from", "1", "--to", "5", "-o", part)
	logSays(t, exitClear, "export", dir, "-o", hidden)
	expect(t, logSays(t, exitClear, "verify", all, part, hidden, "--key", key),
		"all is good: entries 0 to 5, 6 of the 6 in the journal,", "part is good: entries 1 to 4, 4 of the 6 in the journal,", "hidden is good: entries 0 to 5, 6 of the 6 in the journal, 0 fields shown")
	expect(t, logSays(t, exitClear, "verify", part), "pack's own key")
	// Who wrote an entry is shown to that party alone; two of entries 1 to 4 are
	// tarrow's.
	for name, want := range map[string]int{all: 6, part: 2, hidden: 0} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(data, []byte(`{"name":"by"`)); n != want {
			t.Errorf("%s shows the writer of %d entries, want %d", filepath.Base(name), n, want)
		}
	}

	proof := logSays(t, exitClear, "prove", dir, "3", "--all")
	a, stdout, _ := testApp()
	a.stdin = strings.NewReader(proof)
	if code := a.main([]string{"log", "verify", "-", "--key", key}); code != exitClear {
		t.Errorf("the proof of one entry: exit code %d", code)
	}
	expect(t, stdout.String(), "- is good: entry 3, 1 of the 6 in the journal,")
	expect(t, logSays(t, exitUnusable, "prove", dir, "6"), "found entry 6 asked for, expected one of the 6 of")
	expect(t, logSays(t, exitUnusable, "export", dir, "--from", "4", "--to", "2"), "from 4 to 2")
	expect(t, logSays(t, exitUnusable, "export", dir, "-o", filepath.Join(work, "none", "x")), "cannot write")
}

// What a pack discloses is shown once it is verified, and nothing of a bad one.
func TestLogShow(t *testing.T) {
	dir, key := dataDirectory(t)
	work := t.TempDir()
	part := filepath.Join(work, "part")
	logSays(t, exitClear, "export", dir, "--party", "tarrow.example", "--from", "1", "--to", "5", "-o", part)
	text := logSays(t, exitClear, "show", part, "--key", key)
	expect(t, text, "part is good: entries 1 to 4, 4 of the 6 in the journal",
		"\n1  2031-05-04T03:00:03Z  availability.set  says of varanth.example  Down  (1 hidden)\n",
		"\n2  2031-05-04T03:00:04Z  availability.set  tarrow.example  says of tarrow.example  Normal\n")
	if n := strings.Count(text, "\n"); n != 3+4 {
		t.Errorf("found %d lines, want the pack's three and one for each entry:\n%s", n, text)
	}
	expect(t, logSays(t, exitClear, "show", part), "That is the pack's own key")

	lines := strings.Split(strings.TrimSpace(logSays(t, exitClear, "show", part, "--json", "--key", key)), "\n")
	if len(lines) != 1+4 {
		t.Fatalf("found %d lines of JSON, want 5", len(lines))
	}
	expect(t, lines[0], `"schema":"deconflict pack shown v1"`, `"key_given":true`, `"from":1,"to":5,"size":6`)
	expect(t, lines[1], `{"index":1,"members":7,"fields":{"at":"2031-05-04T03:00:03.000000000Z","availability":"Down",`)
	var entry struct {
		Index, Members int
		Fields         map[string]any
	}
	if err := json.Unmarshal([]byte(lines[2]), &entry); err != nil || entry.Index != 2 || len(entry.Fields) != entry.Members || entry.Fields["by"] != "tarrow.example" {
		t.Errorf("%s: %+v, %v", lines[2], entry, err)
	}

	hidden := filepath.Join(work, "hidden")
	logSays(t, exitClear, "export", dir, "-o", hidden)
	expect(t, logSays(t, exitClear, "show", hidden), "\n0  nothing disclosed of 7 members\n")
	expect(t, logSays(t, exitClear, "show", hidden, "--json"), `"key_given":false`, `{"index":5,"members":7,"fields":{}}`)

	pack, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	a, stdout, _ := testApp()
	a.stdin = bytes.NewReader(pack)
	if code := a.main([]string{"log", "show", "-", "--key", key}); code != exitClear {
		t.Errorf("from standard input: exit code %d", code)
	}
	if got, _ := strings.CutPrefix(stdout.String(), "-"); got != strings.TrimPrefix(text, part) {
		t.Errorf("from standard input:\n%s", stdout)
	}
	forged := bytes.Replace(pack, []byte("Normal"), []byte("Absent"), 1)
	if bytes.Equal(forged, pack) {
		t.Fatal("the pack shows no availability")
	}
	if err := os.WriteFile(part, forged, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"show", part}, {"show", part, "--json"}} {
		bad := logSays(t, exitBad, args...)
		expect(t, bad, "part is BAD, line", "Nothing of it is shown")
		if strings.Contains(bad, "availability.set") {
			t.Errorf("%v shows what a bad pack says: %s", args, bad)
		}
	}
}

// What parties wrote does not reach the terminal as it is.
func TestLogShowDisarmsTerminals(t *testing.T) {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	e := journal.PackEntry{Index: 7, Members: 3, Fields: []statement.Field{
		{Name: "id", Value: []byte(`"a\u001b[31m"`)}, {Name: "ovn", Value: []byte(`"x\n0  forged"`)}, {Name: "state", Value: []byte(`{"a":1}`)},
	}}
	if err := errors.Join(showEntry(w, &e), w.Flush()); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "7  a?[31m  {\"a\":1}  OVN x?0  forged\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLogFindsWhatIsBad(t *testing.T) {
	dir, key := dataDirectory(t)
	other, err := journal.VerifierKey("node.example/deconflict", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, logSays(t, exitBad, "fsck", dir, "--key", other), "is BAD")
	pack := logSays(t, exitClear, "export", dir, "--all")
	file := filepath.Join(t.TempDir(), "pack")
	forged := strings.Replace(pack, "varanth.example", "vorenth.example", 1)
	if forged == pack {
		t.Fatal("the pack shows no party")
	}
	if err := os.WriteFile(file, []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, logSays(t, exitBad, "verify", file, "--key", key), "pack is BAD, line 3: found the field")

	name := filepath.Join(dir, "journal.db")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("varanth.example"))
	if at < 0 {
		t.Fatal("the database holds no party")
	}
	data[at] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, logSays(t, exitBad, "fsck", dir), "journal.db is damaged, entry ", "checksum", "is BAD")
	expect(t, logSays(t, exitBad, "replay", dir), "journal.db is damaged, entry ")
	expect(t, logSays(t, exitBad, "export", dir, "-o", file), "journal.db is damaged, entry ")
	if _, err := os.Stat(file); err == nil {
		t.Error("a failed export left a pack")
	}
}
