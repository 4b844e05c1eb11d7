package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
)

// openNode opens a data directory with its own key, which it makes if needed.
func openNode(t *testing.T, dir string) *engine.Engine {
	t.Helper()
	key, err := journal.LoadKey(journal.KeyFile(dir))
	if os.IsNotExist(err) {
		key, err = journal.GenerateKey(journal.KeyFile(dir), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(context.Background(), engine.Config{
		Dir: dir, Journal: journal.Options{Origin: "node.example/deconflict", Key: key}, SnapshotEvery: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// writeOn has a party write until it is told to stop.
func writeOn(t *testing.T, e *engine.Engine, by party.ID, stop <-chan struct{}) {
	version := ""
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		next := fmt.Sprintf("version-%d-of-%s", i, by)
		cmd := airspace.SetAvailability{By: by, USS: by, OldVersion: version, NewVersion: next, Availability: airspace.Normal}
		if _, _, err := engine.Submit(context.Background(), e, cmd); err != nil {
			t.Error(err)
			return
		}
		version = next
	}
}

// A backup taken under writes is whole: it has all that was acknowledged before
// it began, is closed to others, and a node starts from it and goes on.
func TestBackupUnderWrites(t *testing.T) {
	dir, out := filepath.Join(t.TempDir(), "node"), filepath.Join(t.TempDir(), "copy")
	e := openNode(t, dir)
	stop, parties := make(chan struct{}), sync.WaitGroup{}
	for i := range 3 {
		parties.Go(func() { writeOn(t, e, party.ID(fmt.Sprintf("uss-%d.example", i)), stop) })
	}
	for e.Head().Size < 200 {
		if _, grown, err := e.Hub().Grown(e.Head().Size); err != nil {
			t.Fatal(err)
		} else {
			<-grown
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "clients.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := e.Head()
	said := logSays(t, exitClear, "backup", dir, out)
	expect(t, said, "is a good copy of", "entries of node.example/deconflict", e.Journal().VerifierKey())
	close(stop)
	parties.Wait()
	after := e.Head()
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}

	copied := openNode(t, out)
	head := copied.Head()
	if head.Size < before.Size || head.Size > after.Size {
		t.Errorf("the copy has %d entries, want from %d to %d", head.Size, before.Size, after.Size)
	}
	again, end := make(chan struct{}), sync.WaitGroup{}
	end.Go(func() { writeOn(t, copied, "uss-later.example", again) })
	if _, grown, err := copied.Hub().Grown(head.Size); err != nil {
		t.Error(err)
	} else {
		<-grown
	}
	close(again)
	end.Wait()
	if err := copied.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	expect(t, logSays(t, exitClear, "replay", out), "same state")

	left, err := filepath.Glob(out + ".partial-*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// What is in a backup is for its owner alone, and nothing of the directory is
// missing.
func TestBackupIsClosedToOthers(t *testing.T) {
	dir, out := filepath.Join(t.TempDir(), "node"), filepath.Join(t.TempDir(), "copy")
	e := openNode(t, dir)
	stop, parties := make(chan struct{}), sync.WaitGroup{}
	parties.Go(func() { writeOn(t, e, "uss.example", stop) })
	if _, grown, err := e.Hub().Grown(0); err != nil {
		t.Fatal(err)
	} else {
		<-grown
	}
	close(stop)
	parties.Wait()
	if err := e.Close(context.Background()); err != nil { // which writes a snapshot
		t.Fatal(err)
	}
	for _, name := range []string{"clients.json", "keys/issuer.key"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	logSays(t, exitClear, "backup", dir, out)
	kept := map[string]fs.FileMode{}
	err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		name, _ := filepath.Rel(out, path)
		kept[name] = info.Mode().Perm()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range kept {
		want := fs.FileMode(0o600)
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.IsDir() {
			want = 0o700
		}
		if mode != want {
			t.Errorf("%s has mode %04o, want %04o", name, mode, want)
		}
	}
	if snapshots, _ := filepath.Glob(filepath.Join(out, "snapshots", "*.snap")); len(snapshots) != 1 {
		t.Errorf("found the snapshots %v, want the newest", snapshots)
	}
	for _, name := range []string{"journal.db", "checkpoint", "clients.json", "keys/node.key", "keys/issuer.key"} {
		if _, ok := kept[filepath.FromSlash(name)]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	expect(t, logSays(t, exitUnusable, "backup", dir, out), "cannot make", "it exists")
}

// A damaged journal is not backed up as if it were good, and leaves nothing.
func TestBackupOfADamagedJournal(t *testing.T) {
	dir, _ := dataDirectory(t)
	parent := t.TempDir()
	// The file checkpoint of a journal that has more entries than this one.
	other := filepath.Join(parent, "other")
	e := openSigned(t, other)
	stop, parties := make(chan struct{}), sync.WaitGroup{}
	parties.Go(func() { writeOn(t, e, "uss.example", stop) })
	for e.Head().Size <= 6 {
		if _, grown, err := e.Hub().Grown(e.Head().Size); err != nil {
			t.Fatal(err)
		} else {
			<-grown
		}
	}
	close(stop)
	parties.Wait()
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	newer, err := os.ReadFile(filepath.Join(other, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "checkpoint"), newer, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(parent, "copy")
	expect(t, logSays(t, exitBad, "backup", dir, out), "cannot be backed up, as the copy is BAD", "as the file checkpoint says were acknowledged")
	if left, _ := filepath.Glob(out + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	expect(t, logSays(t, exitUnusable, "backup", filepath.Join(parent, "none"), out), "found no journal in")
	if left, _ := filepath.Glob(out + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// openSigned opens a data directory with the key of dataDirectory.
func openSigned(t *testing.T, dir string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Config{
		Dir:     dir,
		Journal: journal.Options{Origin: "node.example/deconflict", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
