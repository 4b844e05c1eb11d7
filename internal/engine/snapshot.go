package engine

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/world"
	"golang.org/x/mod/sumdb/tlog"
)

// A snapshot is a file named by the 20 digits of the number of entries it holds:
// a header line, the image of the state, and the SHA-256 of both. It is a
// shortcut and proves nothing: the journal does.

const (
	snapshotDir    = "snapshots" // within the data directory
	snapshotFormat = "deconflict snapshot v1"
	snapshotSuffix = ".snap"
	partialSuffix  = ".tmp"
	// snapshotsKept is how many snapshots stay: the newest, and one to fall back
	// on.
	snapshotsKept = 2
	// maxHeaderBytes is the length of the longest header line that is read.
	maxHeaderBytes = 4096
	// syncEvery is how many bytes of a snapshot are written between syncs. A
	// sync of one large file would hold up those of the journal.
	syncEvery = 4 << 20
)

// snapshotHeader is the first line of a snapshot.
type snapshotHeader struct {
	Format string `json:"format"`
	Origin string `json:"origin"`         // of the journal
	Root   string `json:"root"`           // of its first Size entries, hexadecimal
	Size   int64  `json:"size"`           // entries that the image holds
	TimeNS int64  `json:"time_ns,string"` // node time, nanoseconds since 1970
}

// snapshots are the snapshots of a data directory.
type snapshots struct {
	dir    string
	origin string
	log    *slog.Logger

	taken   int64 // size at which the last one was begun; of the writer
	writing sync.WaitGroup
	busy    atomic.Bool

	newest, written, failures atomic.Int64
}

// due reports whether to begin a snapshot, and supposes that this is then done.
func (s *snapshots) due(size, every int64) bool {
	if size-s.taken < every || s.busy.Load() {
		return false
	}
	s.taken = size
	return true
}

// wait returns when no snapshot is being written.
func (s *snapshots) wait() { s.writing.Wait() }

// writeAside writes a snapshot beside what else goes on. head is that of the
// journal, durable, with the entries that the image holds.
func (s *snapshots) writeAside(image *world.Image, head journal.Head, nowNS int64) {
	s.busy.Store(true)
	s.writing.Go(func() {
		defer s.busy.Store(false)
		s.write(image, head, nowNS)
	})
}

// write writes a snapshot and removes those that are not needed any more. A
// failure is logged: the journal holds everything.
func (s *snapshots) write(image *world.Image, head journal.Head, nowNS int64) {
	header := snapshotHeader{
		Format: snapshotFormat, Origin: s.origin, Root: hex.EncodeToString(head.Root[:]), Size: head.Size, TimeNS: nowNS,
	}
	err := os.MkdirAll(s.dir, 0o700)
	if err == nil {
		err = writeSnapshot(s.path(head.Size), header, image)
	}
	if err == nil {
		err = s.prune()
	}
	if err != nil {
		s.failures.Add(1)
		s.log.Error("a snapshot failed; until one succeeds, a start replays more of the journal", "size", head.Size, "error", err)
		return
	}
	s.newest.Store(head.Size)
	s.written.Add(1)
	s.log.Info("wrote a snapshot", "size", head.Size)
}

// writeSnapshot writes a snapshot under a passing name and renames it when it is
// whole and synced.
func writeSnapshot(path string, header snapshotHeader, image *world.Image) (err error) {
	partial := path + partialSuffix
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close() // unless it is
			os.Remove(partial)
		}
	}()
	line, err := json.Marshal(header)
	if err != nil {
		return err
	}
	digest := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(digest, &syncedWriter{f: f}), 1<<18)
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	if _, err := image.WriteTo(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if _, err := f.Write(digest.Sum(nil)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	// Windows renames no file that is open.
	if err := f.Close(); err != nil {
		return err
	}
	// A crash before the rename leaves a partial file, which the next start
	// removes; after it, the snapshot is whole.
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncedWriter syncs every syncEvery bytes.
type syncedWriter struct {
	f       *os.File
	pending int
}

func (w *syncedWriter) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	if w.pending += n; err == nil && w.pending >= syncEvery {
		w.pending = 0
		err = w.f.Sync()
	}
	return n, err
}

// syncDir makes the names in a folder durable. Windows cannot and need not.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// sizes returns the sizes of the snapshots there are, the newest first.
func (s *snapshots) sizes() ([]int64, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var sizes []int64
	for _, entry := range entries {
		digits, ok := strings.CutSuffix(entry.Name(), snapshotSuffix)
		if size, err := strconv.ParseInt(digits, 10, 64); ok && err == nil && len(digits) == 20 {
			sizes = append(sizes, size)
		}
	}
	slices.Sort(sizes)
	slices.Reverse(sizes)
	return sizes, nil
}

func (s *snapshots) path(size int64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%020d%s", size, snapshotSuffix))
}

// prune removes all but the newest snapshots.
func (s *snapshots) prune() error {
	sizes, err := s.sizes()
	if err != nil {
		return err
	}
	for _, size := range sizes[min(len(sizes), snapshotsKept):] {
		err = errors.Join(err, os.Remove(s.path(size)))
	}
	return err
}

// removePartial removes what a crash left of a snapshot.
func (s *snapshots) removePartial() error {
	partial, err := filepath.Glob(filepath.Join(s.dir, "*"+snapshotSuffix+partialSuffix))
	for _, path := range partial {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// errDamaged says that a snapshot cannot be used and that an older one, or the
// journal, can take its place.
var errDamaged = errors.New("damaged snapshot")

// load returns the newest state that a good snapshot holds, or an empty one when
// there is none.
//
// An intact snapshot was written after its entries were durable. If the journal
// does not hold them, it lost entries that somebody was told of: that is an
// error, and not for the program to decide.
func (s *snapshots) load(ctx context.Context, j store) (recovered, error) {
	sizes, err := s.sizes()
	if err != nil {
		return recovered{}, err
	}
	for _, size := range sizes {
		r, err := s.loadOne(ctx, j, size)
		if err == nil {
			return r, nil
		}
		if !errors.Is(err, errDamaged) {
			return recovered{}, err
		}
		s.log.Warn("a snapshot is not usable; an older one or the journal takes its place", "error", err)
	}
	return recovered{state: world.New()}, nil
}

func (s *snapshots) loadOne(ctx context.Context, j store, size int64) (recovered, error) {
	path := s.path(size)
	data, err := os.ReadFile(path)
	if err != nil {
		return recovered{}, err
	}
	header, image, err := parseSnapshot(data)
	if err == nil && header.Size != size {
		err = fmt.Errorf("its header says size %d", header.Size)
	}
	if err != nil {
		return recovered{}, fmt.Errorf("%w %s: %w", errDamaged, path, err)
	}
	if err := header.leadsTo(ctx, j); err != nil {
		return recovered{}, fmt.Errorf("snapshot %s: %w", path, err)
	}
	state, err := world.ReadState(image)
	if err != nil {
		return recovered{}, fmt.Errorf("%w %s: %w", errDamaged, path, err)
	}
	return recovered{state: state, size: size, lastNS: header.TimeNS}, nil
}

// leadsTo returns an error unless the journal begins with the entries that the
// snapshot holds.
func (h *snapshotHeader) leadsTo(ctx context.Context, j store) error {
	head := j.Head()
	if h.Size > head.Size {
		return fmt.Errorf("it holds %d entries, the journal only %d: the journal lost entries that were acknowledged; restore it, or remove the snapshot to go on without them",
			h.Size, head.Size)
	}
	root, err := hex.DecodeString(h.Root)
	if err != nil || len(root) != len(head.Root) {
		return fmt.Errorf("%w: its header names the root %q, expected 64 hexadecimal digits", errDamaged, h.Root)
	}
	proof, err := j.ProveConsistency(ctx, h.Size, head.Size)
	if err != nil {
		return err
	}
	if h.Size == head.Size && journal.Hash(root) == head.Root {
		return nil
	}
	tree := make(tlog.TreeProof, len(proof))
	for i := range proof {
		tree[i] = tlog.Hash(proof[i])
	}
	if err := tlog.CheckTree(tree, head.Size, tlog.Hash(head.Root), h.Size, tlog.Hash(root)); err != nil {
		return fmt.Errorf("it was made from a journal whose first %d entries have root %s, which is not this one (%d entries, root %x): the journal was replaced or cut back; restore it, or remove the snapshot to go on with this one",
			h.Size, h.Root, head.Size, head.Root)
	}
	return nil
}

// parseSnapshot splits a snapshot into its header and the image of the state,
// after comparing its digest.
func parseSnapshot(data []byte) (header snapshotHeader, image []byte, err error) {
	end := len(data) - sha256.Size
	if end < 0 {
		return header, nil, fmt.Errorf("it has %d bytes, less than a digest", len(data))
	}
	if sum := sha256.Sum256(data[:end]); !bytes.Equal(sum[:], data[end:]) {
		return header, nil, fmt.Errorf("its SHA-256 is %x, expected %x", sum, data[end:])
	}
	line, image, found := bytes.Cut(data[:end], []byte("\n"))
	if !found || len(line) > maxHeaderBytes {
		return header, nil, fmt.Errorf("it has no header line of at most %d bytes", maxHeaderBytes)
	}
	if err := json.Unmarshal(line, &header); err != nil {
		return header, nil, fmt.Errorf("its header: %w", err)
	}
	if header.Format != snapshotFormat {
		return header, nil, fmt.Errorf("its format is %q, expected %q", header.Format, snapshotFormat)
	}
	return header, image, nil
}
