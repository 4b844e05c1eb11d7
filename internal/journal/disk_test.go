package journal

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mount mounts a small file system of its own, which needs Linux and root.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a file system of its own needs Linux and root: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}

// TestDiskFull appends until the disk is full. The block that fails says so, no
// later one is taken even when there is room again (the database needs as much as
// the WAL once more), and opening anew finds what
// was acknowledged.
func TestDiskFull(t *testing.T) {
	for _, size := range []string{"1200k", "1500k", "2m"} {
		disk := mount(t, "size="+size)
		dir := filepath.Join(disk, "data")
		ballast := filepath.Join(disk, "ballast")
		if err := os.WriteFile(ballast, make([]byte, 800<<10), 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, dir)
		var failure error
		acknowledged := j.Head()
		for failure == nil && acknowledged.Size < 1<<20 {
			var head Head
			if head, failure = j.Append(acknowledged.Size, events(acknowledged.Size, acknowledged.Size+7)); failure == nil {
				acknowledged = head
			}
		}
		if failure == nil || !strings.Contains(failure.Error(), "full") {
			t.Fatalf("%s: found %v, want that the disk is full", size, failure)
		}
		if acknowledged.Size == 0 {
			t.Fatalf("%s: nothing was appended before the disk was full", size)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		if _, err := j.Append(acknowledged.Size, events(acknowledged.Size, acknowledged.Size+1)); err != failure {
			t.Errorf("%s: with room again: %v, want the same %v", size, err, failure)
		}
		if j.Head() != acknowledged {
			t.Errorf("%s: head %v, want %v", size, j.Head(), acknowledged)
		}
		holds(t, j, event)
		if err := j.Close(); err != nil {
			t.Errorf("%s: Close: %v", size, err)
		}
		again := open(t, dir)
		if again.Head() != acknowledged {
			t.Errorf("%s: opened anew with %v, %v was acknowledged", size, again.Head(), acknowledged)
		}
		holds(t, again, event)
		fill(t, again, acknowledged.Size+7)
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		if check, err := Fsck(t.Context(), dir, Options{}); err != nil || len(check.Damage) > 0 {
			t.Errorf("%s: %v, %v", size, check.Damage, err)
		}
	}
}

// TestReadOnlyDirectory opens a journal on a disk that cannot be written:
// reading works when nothing is left in the WAL, and says why not otherwise.
func TestReadOnlyDirectory(t *testing.T) {
	disk := mount(t, "size=20m")
	dir := filepath.Join(disk, "data")
	remount := func(mode string) {
		t.Helper()
		if out, err := exec.Command("mount", "-o", "remount,"+mode, disk).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	j := open(t, dir)
	fill(t, j, 300)
	died := keep(t, dir)
	head := j.Head()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(disk, "left")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range died {
		if err := os.WriteFile(filepath.Join(left, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	remount("ro")
	defer remount("rw")
	if j, err := Open(dir, testOptions()); err == nil || !strings.Contains(err.Error(), "read-only file system") {
		j.Close()
		t.Errorf("Open: %v", err)
	}
	ro, err := Open(dir, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if ro.Head() != head {
		t.Errorf("head %v, want %v", ro.Head(), head)
	}
	holds(t, ro, event)
	if check, err := Fsck(t.Context(), dir, Options{}); err != nil || len(check.Damage) > 0 || check.Entries != 300 {
		t.Errorf("Fsck: %v, %v", check, err)
	}
	var corrupt *CorruptError
	if _, err := Open(left, Options{ReadOnly: true}); err == nil || errors.As(err, &corrupt) || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("with a WAL that cannot be read: %v", err)
	}
}

// TestFailedMirror has the acknowledgement fail after the commit: the block may
// be there, nobody was told, and no other follows.
func TestFailedMirror(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	fill(t, j, 5)
	told := j.Head()
	if err := j.mirror.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(5, events(5, 6)); err == nil {
		t.Fatal("a block without acknowledgement was appended")
	}
	if j.Head() != told {
		t.Errorf("the head moved to %v", j.Head())
	}
	if _, err := j.Append(5, events(5, 6)); err == nil {
		t.Fatal("another block followed")
	}
	j.Close()
	if again := open(t, dir); again.Head().Size != 5 && again.Head().Size != 6 {
		t.Errorf("opened anew with %v", again.Head())
	} else {
		holds(t, again, event)
	}
}
