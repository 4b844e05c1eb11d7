package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/airspace"
)

// fill writes n entries.
func fill(t testing.TB, e *Engine, n int) {
	t.Helper()
	for i := range n {
		if _, _, err := Submit(t.Context(), e, airspace.FileReport{By: "uss1", Report: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func snapshotFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "snapshots"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// lives runs a data directory through starts and stops; each writes a
// snapshot.
func lives(t *testing.T, d *disk, dir string, entries ...int) {
	t.Helper()
	for _, n := range entries {
		e := start(t, Config{Dir: dir}, d.open(always, 0, none))
		fill(t, e, n-1)
		if _, _, err := Submit(t.Context(), e, change(0, versionOf(t, e), fmt.Sprint("v", len(d.events)))); err != nil {
			t.Fatal(err)
		}
		stop(t, e)
	}
}

func versionOf(t *testing.T, e *Engine) (version string) {
	t.Helper()
	if err := e.Read(t.Context(), func(st *airspace.State, _ int64) { version = see(st)[0] }); err != nil {
		t.Fatal(err)
	}
	return version
}

func TestTheNewestTwoSnapshotsStay(t *testing.T) {
	d, dir := &disk{}, t.TempDir()
	lives(t, d, dir, 3, 4, 5)
	want := []string{"00000000000000000007.snap", "00000000000000000012.snap"}
	if got := snapshotFiles(t, dir); !slices.Equal(got, want) {
		t.Errorf("snapshots %v, want %v", got, want)
	}
	// A stop at the same size writes none.
	e := start(t, Config{Dir: dir}, d.open(always, 0, none))
	stop(t, e)
	if n := e.Stats().Snapshots; n != 0 {
		t.Errorf("%d snapshots of what has one", n)
	}
}

// Snapshots are written while the engine runs, and what they hold is durable.
func TestSnapshotsAreWrittenAside(t *testing.T) {
	d, dir := &disk{}, t.TempDir()
	e := start(t, Config{Dir: dir, SnapshotEvery: 10}, d.open(always, 0, none))
	fill(t, e, 35)
	e.snapshots.wait()
	if s := e.Stats(); s.Snapshots == 0 || s.SnapshotFailures != 0 || s.SnapshotSize < 10 || s.SnapshotSize > 35 {
		t.Errorf("stats %+v", s)
	}
	stop(t, e)
}

// A damaged snapshot is passed over, for the older one or for the journal; the
// state is the same.
func TestDamagedSnapshotsArePassedOver(t *testing.T) {
	for name, harm := range map[string]func([]byte) []byte{
		"empty":               func([]byte) []byte { return nil },
		"half":                func(b []byte) []byte { return b[:len(b)/2] },
		"without its end":     func(b []byte) []byte { return b[:len(b)-1] },
		"longer":              func(b []byte) []byte { return append(b, 0) },
		"a bit in the header": func(b []byte) []byte { b[5] ^= 1; return b },
		"a bit in the image":  func(b []byte) []byte { b[len(b)-40] ^= 1; return b },
		"a bit in the digest": func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := &disk{}, t.TempDir()
			lives(t, d, dir, 3, 4)
			s := snapshots{dir: filepath.Join(dir, "snapshots"), log: Config{}.withDefaults().Log}
			for _, step := range []struct{ damaged, from int64 }{{0, 7}, {7, 3}, {3, 0}} {
				if step.damaged > 0 {
					data, err := os.ReadFile(s.path(step.damaged))
					if err == nil {
						err = os.WriteFile(s.path(step.damaged), harm(data), 0o600)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				r, err := s.load(t.Context(), d.open(always, 0, none))
				if err != nil || r.size != step.from {
					t.Fatalf("loaded %d entries, %v; want %d", r.size, err, step.from)
				}
				if err := r.replay(t.Context(), d.open(always, 0, none), 7); err != nil || see(r.state.Airspace)[0] != "v6" {
					t.Errorf("from %d: %v, %v", step.from, see(r.state.Airspace), err)
				}
			}
		})
	}
}

// Every truncation and every flipped bit of a snapshot is noticed.
func TestEveryDamageOfASnapshotIsNoticed(t *testing.T) {
	d, dir := &disk{}, t.TempDir()
	lives(t, d, dir, 2)
	s := snapshots{dir: filepath.Join(dir, "snapshots")}
	data, err := os.ReadFile(s.path(2))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := parseSnapshot(data); err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if _, _, err := parseSnapshot(data[:n]); err == nil {
			t.Errorf("cut to %d of %d bytes: no error", n, len(data))
		}
		for bit := range 8 {
			harmed := bytes.Clone(data)
			harmed[n] ^= 1 << bit
			if _, _, err := parseSnapshot(harmed); err == nil {
				t.Errorf("bit %d of byte %d flipped: no error", bit, n)
			}
		}
	}
}

// A journal that lacks what an intact snapshot holds has lost what somebody was
// told of. The program does not go on as if nothing had been.
func TestAJournalThatContradictsASnapshotIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(d *disk)
		says string
	}{
		"cut back":              {func(d *disk) { d.events = d.events[:6] }, "the journal only 6"},
		"cut back and grown":    {func(d *disk) { d.events = append(d.events[:6], d.events[0], d.events[1]) }, "replaced or cut back"},
		"another of its length": {func(d *disk) { d.events[2] = d.events[1] }, "replaced or cut back"},
	} {
		d, dir := &disk{}, t.TempDir()
		lives(t, d, dir, 3, 4)
		c.harm(d)
		cfg := Config{Dir: dir}
		_, err := open(t.Context(), cfg, d.open(always, 0, none))
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "0007.snap") {
			t.Errorf("%s: error %v, want one that names the file and %q", name, err, c.says)
		}
	}
}

// A crash while a snapshot is written leaves a partial file and nothing else.
func TestPartialSnapshotsGo(t *testing.T) {
	d, dir := &disk{}, t.TempDir()
	lives(t, d, dir, 3)
	partial := filepath.Join(dir, "snapshots", "00000000000000000009.snap.tmp")
	foreign := filepath.Join(dir, "snapshots", "notes.txt")
	for _, name := range []string{partial, foreign} {
		if err := os.WriteFile(name, []byte("deconflict"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lives(t, d, dir, 1)
	if got := snapshotFiles(t, dir); !slices.Equal(got, []string{"00000000000000000003.snap", "00000000000000000004.snap", "notes.txt"}) {
		t.Errorf("files %v", got)
	}
}

// A snapshot that cannot be written is a warning: the journal has everything.
func TestAFailedSnapshotHurtsNobody(t *testing.T) {
	d, dir := &disk{}, t.TempDir()
	e := start(t, Config{Dir: dir, SnapshotEvery: 2}, d.open(always, 0, none))
	if err := os.WriteFile(filepath.Join(dir, "snapshots"), nil, 0o600); err != nil { // in the folder's place
		t.Fatal(err)
	}
	fill(t, e, 9)
	if err := e.Close(context.Background()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if s := e.Stats(); s.SnapshotFailures == 0 || s.Snapshots != 0 || s.Durable != 9 {
		t.Errorf("stats %+v", s)
	}
}

func FuzzParseSnapshot(f *testing.F) {
	f.Add([]byte(`{"format":"deconflict snapshot v1","origin":"o","root":"00","size":1,"time_ns":"2"}` + "\nimage"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			t.Skip()
		}
		header, image, err := parseSnapshot(sealed(data))
		if _, _, bare := parseSnapshot(data); bare == nil {
			t.Error("accepted without a digest") // it would have to end in its own SHA-256
		}
		if err == nil && !bytes.HasSuffix(data, image) {
			t.Error("the image is not what follows the header")
		}
		// What no snapshot says, no journal is taken for.
		err = header.leadsTo(t.Context(), (&disk{}).open(always, 0, none))
		if err == nil && header.Size != 0 {
			t.Errorf("an empty journal was taken for one of %d entries", header.Size)
		}
		if err != nil && header.Size < 0 && !errors.Is(err, errDamaged) {
			t.Errorf("size %d: %v", header.Size, err)
		}
	})
}

// sealed adds the digest.
func sealed(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(bytes.Clone(data), sum[:]...)
}
