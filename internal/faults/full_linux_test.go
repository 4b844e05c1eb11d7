package faults

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestDiskFull lets the disk of a node fill up under load. The node stops with
// code 3 and says that the disk is full; with room again it comes back whole.
func TestDiskFull(t *testing.T) {
	if !long {
		t.Skip("needs a small file system; runs with DECONFLICT_FAULTS=1")
	}
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	at := t.TempDir()
	if err := syscall.Mount("tmpfs", at, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	dir, ballast := filepath.Join(at, "data"), filepath.Join(at, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, dir)
	l, h := newLoad(7), newHistory()
	if err := l.watch(n); err != nil {
		t.Fatal(err)
	}
	const enough = 20_000 // far more than there is room for
	l.quietRun(n, enough)
	code, said := ended(t, n.Process)
	if code != 3 {
		t.Errorf("the node ended with code %d after %d changes, expected 3", code, l.acked.Load())
	}
	mustSay(t, said, "deconflict: the journal failed", "journal.db", diskFull)

	// Still no room: it refuses, or serves what there is until it has to write.
	p := launch(t, append([]string{built(t)}, serveArgs(dir)...)...)
	select {
	case <-p.Listens():
		p.Kill()
	case <-p.Ended():
		if code, said := ended(t, p); code != 2 {
			t.Errorf("with a full disk the node ended with code %d, expected 2\n%s", code, said)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	comesBack(t, l, h, dir)
}
