package journal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// kept is a journal's files as a crash at some moment would leave them.
type kept map[string][]byte

// keep copies the files of an open journal. Without a power failure these are
// what the next process sees.
func keep(t testing.TB, dir string) kept {
	t.Helper()
	files := kept{}
	for _, name := range []string{databaseFile, walFile, mirrorFile} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err == nil {
			files[name] = data
		}
	}
	return files
}

func (k kept) restore(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range k {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// with returns the files with one of them changed.
func (k kept) with(name string, data []byte) kept {
	changed := kept{}
	for n, d := range k {
		changed[n] = d
	}
	changed[name] = data
	return changed
}

// holds tells whether a journal's entries are the first of those that were
// appended, and all that its head says.
func holds(t testing.TB, j *Journal, appended func(int64) []byte) {
	t.Helper()
	n := int64(0)
	err := j.Read(t.Context(), 0, j.Head().Size, func(r Record) error {
		if !bytes.Equal(r.Event, appended(r.Index)) {
			return fmt.Errorf("entry %d is %s", r.Index, r.Event)
		}
		n++
		return nil
	})
	if err != nil || n != j.Head().Size {
		t.Fatalf("read %d of %d entries: %v", n, j.Head().Size, err)
	}
}

// TestTornWAL cuts the WAL at every length between before and after a block, and
// fills the rest with what a disk may hold there. Opening gives exactly before
// or after.
func TestTornWAL(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	fill(t, j, 250)
	before := keep(t, dir)
	headBefore := j.Head()
	if _, err := j.Append(250, events(250, 260)); err != nil { // completes a tile
		t.Fatal(err)
	}
	headAfter := j.Head()
	after := keep(t, dir)
	from, to := len(before[walFile]), len(after[walFile])
	if to-from < 5000 || !bytes.Equal(before[databaseFile], after[databaseFile]) {
		t.Fatalf("the WAL grew from %d to %d bytes", from, to)
	}
	rng := rand.New(seeds())
	seen := map[int64]int{}
	for cut := from; cut <= to; cut += 1 + rng.IntN(2000) {
		if to-cut < 900 && rng.IntN(4) == 0 {
			cut = to
		}
		wal := bytes.Clone(after[walFile][:cut])
		switch rng.IntN(3) {
		case 1:
			wal = append(wal, make([]byte, to-cut)...)
		case 2: // later pages were written, this one was not
			wal = append(append(wal, make([]byte, min(600, to-cut))...), after[walFile][min(to, cut+600):]...)
		}
		crashed := before.with(walFile, wal).restore(t)
		again, err := Open(crashed, testOptions())
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", cut, to, err)
		}
		switch head := again.Head(); head {
		case headBefore, headAfter:
			seen[head.Size]++
		default:
			t.Fatalf("cut at %d of %d: head %v", cut, to, head)
		}
		holds(t, again, event)
		fill(t, again, again.Head().Size+3)
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		if check, err := Fsck(t.Context(), crashed, Options{}); err != nil || len(check.Damage) > 0 {
			t.Fatalf("cut at %d of %d, then appended to: %v, %v", cut, to, check.Damage, err)
		}
	}
	whole := before.with(walFile, after[walFile]).restore(t)
	if again := open(t, whole); again.Head() != headAfter {
		t.Fatalf("with the whole WAL the head is %v", again.Head())
	}
	if seen[headBefore.Size] < 10 {
		t.Fatalf("found heads %v", seen)
	}
}

// judge opens damaged files. It returns nothing when all that was acknowledged
// is there and right, or the words of a CorruptError from Open, Read or Fsck;
// anything else fails the test.
func judge(t *testing.T, what string, k kept, head Head) string {
	t.Helper()
	dir := k.restore(t)
	check, err := Fsck(t.Context(), dir, Options{})
	var corrupt *CorruptError
	if err != nil && !errors.As(err, &corrupt) {
		t.Fatalf("%s: Fsck: %v", what, err)
	}
	told := err != nil || len(check.Damage) > 0
	j, err := Open(dir, testOptions())
	if err != nil {
		if !errors.As(err, &corrupt) && !strings.Contains(err.Error(), "expected") {
			t.Fatalf("%s: Open: %v", what, err)
		}
		// What is damaged stays as it is, so that it can be looked into.
		for name, data := range keep(t, dir) {
			if !bytes.Equal(data, k[name]) {
				t.Fatalf("%s: Open failed and changed %s", what, name)
			}
		}
		return err.Error()
	}
	defer j.Close()
	if j.Head() != head {
		t.Fatalf("%s: opened with head %v, %v was acknowledged", what, j.Head(), head)
	}
	err = j.Read(t.Context(), 0, head.Size, func(r Record) error {
		if !bytes.Equal(r.Event, event(r.Index)) {
			t.Fatalf("%s: entry %d reads as %s", what, r.Index, r.Event)
		}
		return nil
	})
	if err != nil {
		if !errors.As(err, &corrupt) {
			t.Fatalf("%s: Read: %v", what, err)
		}
		if !told {
			t.Fatalf("%s: Read finds %v, Fsck finds nothing", what, err)
		}
		return err.Error()
	}
	if told {
		return fmt.Sprint(check.Damage)
	}
	return ""
}

// TestDamage flips bits and cuts files all over a closed journal and over one
// whose process died. Each time all acknowledged entries are there and right, or
// an error says what is wrong.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	fill(t, j, 300)
	died := keep(t, dir)
	head := j.Head()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	closed := keep(t, dir)
	if len(closed[walFile]) != 0 || len(died[walFile]) == 0 {
		t.Fatalf("the WAL has %d bytes when closed, %d when not", len(closed[walFile]), len(died[walFile]))
	}
	for name, k := range map[string]kept{"died": died, "closed": closed} {
		if told := judge(t, name, k, head); told != "" {
			t.Fatalf("undamaged, %s: %s", name, told)
		}
	}
	rounds := 25
	if os.Getenv("DECONFLICT_DAMAGE") != "" { // many rounds; minutes
		rounds = 5000
	}
	rng := rand.New(seeds())
	told := map[string]int{}
	damage := func(state string, k kept, name string) {
		data := k[name]
		if len(data) == 0 {
			return
		}
		for range rounds {
			at := rng.IntN(len(data))
			changed := bytes.Clone(data)
			what := fmt.Sprintf("%s, %s, bit flipped at %d", state, name, at)
			if rng.IntN(4) == 0 {
				changed = changed[:at]
				what = fmt.Sprintf("%s, %s cut at %d", state, name, at)
			} else {
				changed[at] ^= 1 << rng.IntN(8)
			}
			if judge(t, what, k.with(name, changed), head) != "" {
				told[state+" "+name]++
			}
		}
	}
	damage("died", died, walFile)
	damage("died", died, databaseFile)
	damage("died", died, mirrorFile)
	damage("closed", closed, databaseFile)
	damage("closed", closed, mirrorFile)
	t.Logf("damage told of %d: %v", rounds, told)
	// A WAL holds superseded pages, and nothing but entries and tiles is in the
	// rest of the pages: most damage counts.
	if told["died "+walFile] < rounds/3 || told["closed "+databaseFile] < rounds/2 {
		t.Errorf("damage told of %d: %v", rounds, told)
	}
}

// TestLossIsNoticed takes whole files away, or puts older ones in their place.
func TestLossIsNoticed(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	fill(t, j, 100)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	old := keep(t, dir)
	j = open(t, dir)
	fill(t, j, 300)
	now := keep(t, dir)
	for what, k := range map[string]kept{
		"without WAL":            now.with(walFile, nil),
		"with an empty database": now.with(databaseFile, nil),
		"with an old database":   old.with(mirrorFile, now[mirrorFile]),
	} {
		var corrupt *CorruptError
		if j, err := Open(k.restore(t), testOptions()); !errors.As(err, &corrupt) {
			t.Errorf("%s: %v, %v", what, j.Head(), err)
		}
	}
	// The state before is not evidence of loss when nothing says otherwise.
	if j, err := Open(old.restore(t), testOptions()); err != nil {
		t.Error(err)
	} else {
		j.Close()
	}
}

// TestForgery changes entries as somebody with SQLite but without the key can.
func TestForgery(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	fill(t, j, 600)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	good := keep(t, dir)
	forged := event(599)
	forged[len(forged)-20] ^= 1
	crc := func(i int64) int64 {
		var seed []byte
		db, err := sql.Open("sqlite", filepath.Join(dir, databaseFile))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.QueryRow("SELECT seed FROM entries WHERE idx = ?", i).Scan(&seed); err != nil {
			t.Fatal(err)
		}
		return int64(entryCRC(i, seed, forged))
	}
	for what, change := range map[string]struct {
		query string
		args  []any
		want  string
	}{
		"an event with its checksum": {"UPDATE entries SET event = ?, crc = ? WHERE idx = 5", []any{forged, crc(5)}, "entry 5"},
		"an entry removed":           {"DELETE FROM entries WHERE idx = 300", nil, "expected entry 300"},
		"the last entry removed":     {"DELETE FROM entries WHERE idx = 599", nil, "expected 599"},
		"an entry added":             {"INSERT INTO entries SELECT 600, seed, leaf, crc, event FROM entries WHERE idx = 599", nil, "600 as its last entry"},
		"the size":                   {"UPDATE head SET size = 599", nil, "599"},
		"the root":                   {"UPDATE head SET root = zeroblob(32)", nil, "as signed"},
		"the checkpoint":             {"UPDATE head SET checkpoint = CAST(replace(CAST(checkpoint AS TEXT), '600', '601') AS BLOB)", nil, "head"},
		"no head":                    {"DELETE FROM head", nil, "no row"},
		"a tile":                     {"UPDATE tiles SET hashes = zeroblob(8192) WHERE id = 1", nil, "tile 1 of level 0"},
		"a tile removed":             {"DELETE FROM tiles WHERE id = 0", nil, "tile 0 of level 0"},
		"a leaf hash":                {"UPDATE entries SET leaf = zeroblob(32) WHERE idx = 550", nil, "root"},
		"the format":                 {"UPDATE meta SET value = 'v9' WHERE name = 'format'", nil, "format"},
	} {
		forgedDir := good.restore(t)
		db, err := sql.Open("sqlite", filepath.Join(forgedDir, databaseFile))
		if err != nil {
			t.Fatal(err)
		}
		if result, err := db.Exec(change.query, change.args...); err != nil {
			t.Fatalf("%s: %v", what, err)
		} else if n, _ := result.RowsAffected(); n != 1 {
			t.Fatalf("%s: %d rows changed", what, n)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		check, err := Fsck(t.Context(), forgedDir, Options{})
		if text := fmt.Sprint(check.Damage, err); !strings.Contains(text, change.want) {
			t.Errorf("%s: Fsck finds %s, want %q", what, text, change.want)
		}
		if what == "an event with its checksum" || what == "an entry removed" {
			continue // Open does not read all entries
		}
		j, err := Open(forgedDir, testOptions())
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) {
			t.Errorf("%s: Open: %v", what, err)
		}
		if err == nil {
			j.Close()
		}
	}
}

const lockedDirectory = "DECONFLICT_TEST_LOCKED"

// TestLocked has a second process try the directory; the test runs itself as
// that process.
func TestLocked(t *testing.T) {
	if dir := os.Getenv(lockedDirectory); dir != "" {
		_, err := Open(dir, testOptions())
		fmt.Println("second process:", errors.Is(err, ErrLocked), err)
		return
	}
	dir := t.TempDir()
	j := open(t, dir)
	if _, err := Open(dir, testOptions()); !errors.Is(err, ErrLocked) {
		t.Errorf("the same process again: %v", err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestLocked$", "-test.v")
	cmd.Env = append(os.Environ(), lockedDirectory+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "second process: true") {
		t.Errorf("%v: %s", err, out)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

// TestReadersBesideWriter reads, proves and checks while blocks are appended and
// the WAL starts over.
func TestReadersBesideWriter(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	const target = 2 << 20
	j.checkpointer.target = target
	ctx, cancel := context.WithCancel(t.Context())
	block := [][]byte{[]byte(`{"text":"` + strings.Repeat("x", 100_000) + `"}`)}
	failed := make(chan error, 1)
	go func() {
		rng := rand.New(seeds())
		for ctx.Err() == nil {
			size := j.Head().Size
			if size == 0 {
				continue
			}
			err := j.Read(ctx, rng.Int64N(size), size, func(r Record) error {
				if !bytes.Equal(r.Event, block[0]) {
					return fmt.Errorf("entry %d is %.60s", r.Index, r.Event)
				}
				return nil
			})
			if err == nil {
				_, err = j.ProveInclusion(ctx, rng.Int64N(size), size)
			}
			if err == nil {
				var ro *Journal
				if ro, err = Open(dir, Options{ReadOnly: true}); err == nil {
					err = ro.Close()
				}
			}
			if err != nil && ctx.Err() == nil {
				failed <- err
				return
			}
		}
		failed <- nil
	}()
	for range 200 {
		if _, err := j.Append(j.Head().Size, block); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	// How often the readers were in the way is a matter of chance. Without them
	// the WAL starts over each time it reaches its target.
	walSize := func() int64 {
		info, err := os.Stat(filepath.Join(dir, walFile))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	was := walSize()
	for range 200 {
		if _, err := j.Append(j.Head().Size, block); err != nil {
			t.Fatal(err)
		}
	}
	if grown := walSize() - was; grown > 3*target {
		t.Errorf("the WAL grew by %d bytes while 20 MB were written, expected about %d at most", grown, target)
	}
}
