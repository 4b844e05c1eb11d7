package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// On a damaged data directory a node either refuses to start, with a message
// that names the file, or serves everything that was acknowledged all the same.
// In the latter case the journal is whole, or fsck says what is not.

// damage changes one file of a data directory.
type damage struct {
	file string // or a pattern that one file fits
	name string
	do   func(data []byte, rng *rand.Rand) []byte
}

func flip(data []byte, rng *rand.Rand) []byte {
	data[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
	return data
}

func truncate(data []byte, rng *rand.Rand) []byte { return data[:rng.IntN(len(data))] }

func zeroPage(data []byte, rng *rand.Rand) []byte {
	const page = 4096
	at := page * rng.IntN((len(data)+page-1)/page)
	clear(data[at:min(at+page, len(data))])
	return data
}

func damages(files ...string) []damage {
	var all []damage
	for _, file := range files {
		all = append(all,
			damage{file, "a bit flipped", flip},
			damage{file, "cut off", truncate},
			damage{file, "a page of zeros", zeroPage},
			damage{file, "empty", func([]byte, *rand.Rand) []byte { return nil }},
			damage{file, "gone", nil},
		)
	}
	return all
}

// TestDamageAfterKill damages the files that a killed node left, most of it in
// the WAL.
func TestDamageAfterKill(t *testing.T) {
	testDamage(t, false, damages("journal.db", "journal.db-wal", "checkpoint", "snapshots/*.snap", "keys/node.key"))
}

// TestDamageAfterStop damages the files of a node that ended in good order.
func TestDamageAfterStop(t *testing.T) {
	testDamage(t, true, damages("journal.db", "checkpoint", "snapshots/*.snap", "keys/node.key"))
}

func testDamage(t *testing.T, stopped bool, all []damage) {
	rounds := 1
	if long {
		rounds = 8
	} else {
		all = slices.DeleteFunc(all, func(d damage) bool { return d.name == "empty" || d.name == "a page of zeros" })
	}
	dir := filepath.Join(t.TempDir(), "data")
	n := start(t, dir, "--snapshot-every", "300")
	l := newLoad(4)
	if err := l.watch(n); err != nil {
		t.Fatal(err)
	}
	l.quietRun(n, 700)
	if stopped {
		if err := n.Stop(); err != nil {
			t.Fatal(err)
		}
	} else {
		n.Kill()
	}
	for _, d := range all {
		for round := range rounds {
			if round > 0 && d.do == nil || d.name == "empty" && round > 0 {
				break
			}
			t.Run(fmt.Sprintf("%s %s %d", filepath.Base(d.file), d.name, round), func(t *testing.T) {
				damaged(t, l, dir, d, rand.New(rand.NewPCG(uint64(round), 4)))
			})
		}
	}
}

// damaged damages a copy of a data directory and starts a node on it.
func damaged(t *testing.T, l *load, dir string, d damage, rng *rand.Rand) {
	copied := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(copied, "keys", "node.key")
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(copied, d.file))
	if err != nil || len(found) == 0 {
		t.Fatalf("found %v %v, expected a file %s", found, err, d.file)
	}
	file := found[len(found)-1]
	if err := d.apply(file, rng); err != nil {
		t.Fatal(err)
	}
	p := launch(t, append([]string{built(t)}, serveArgs(copied)...)...)
	select {
	case <-p.Listens():
		n := serving(t, p)
		for _, fault := range l.checkState(n) {
			t.Errorf("the node serves, and %s", fault)
		}
		// What a snapshot stands for is not read at a start: fsck tells.
		if code, said := run(t, "log", "fsck", copied); code == 1 {
			mustSay(t, said, " is damaged, ", "found ", "expected ")
			t.Log("serves, and fsck says: ", lineWith(said, "is damaged"))
			break
		} else if code != 0 {
			t.Errorf("log fsck: code %d, expected 0 or 1\n%s", code, said)
		}
		for _, fault := range l.check(t.Context(), n, copied, newHistory()) {
			t.Errorf("the node serves, fsck finds nothing, and %s", fault)
		}
	case <-p.Ended():
		code, said := ended(t, p)
		if code != 2 {
			t.Errorf("the node ended with code %d, expected 2", code)
		}
		mustSay(t, said, "deconflict: ")
		names := []string{filepath.Base(d.file), filepath.Base(file)}
		if strings.HasPrefix(d.file, "journal.db") || d.file == "checkpoint" {
			// Which of them is damaged cannot always be told.
			names = []string{"journal.db", "checkpoint"}
			mustSay(t, said, " is damaged, ", "found ", "expected ")
		}
		if !strings.Contains(said, names[0]) && !strings.Contains(said, names[1]) {
			t.Errorf("the node did not name %s:\n%s", names, said)
		}
		if strings.Contains(said, "panic") {
			t.Errorf("the node panicked:\n%s", said)
		}
		t.Log(lineWith(said, "deconflict: "))
	}
}

func (d *damage) apply(file string, rng *rand.Rand) error {
	if d.do == nil {
		return os.Remove(file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, d.do(data, rng), 0o600)
}

// lineWith returns the first line that holds a text.
func lineWith(said, text string) string {
	for line := range strings.Lines(said) {
		if strings.Contains(line, text) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// TestReadOnlyDirectory starts a node where it may not write.
func TestReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	n := start(t, data)
	l := newLoad(5)
	if err := l.watch(n); err != nil {
		t.Fatal(err)
	}
	l.quietRun(n, 50)
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	modes := func(directory, file os.FileMode) {
		t.Helper()
		err := filepath.WalkDir(data, func(path string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() {
				return os.Chmod(path, directory)
			}
			return os.Chmod(path, file)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	modes(0o500, 0o400)
	cmd := exec.Command(built(t), serveArgs(data)...)
	if os.Getuid() == 0 {
		// Nothing is read-only for root: somebody else has to try.
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		giveTo(t, nobody, data)
		for _, above := range []string{dir, filepath.Dir(dir), scratch} {
			if err := os.Chmod(above, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	code, said := refused(t, launchAs(t, cmd))
	if code != 2 {
		t.Errorf("the node ended with code %d, expected 2", code)
	}
	mustSay(t, said, data, "permission denied")
	if os.Getuid() == 0 {
		giveTo(t, 0, data)
	}
	modes(0o700, 0o600)
	comesBack(t, l, newHistory(), data)
}

// giveTo makes a data directory another user's.
func giveTo(t *testing.T, user int, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, user, user)
	})
	if err != nil {
		t.Fatal(err)
	}
}
