package engine

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/deconflict/deconflict/internal/journal"
)

// Backup copies what an engine keeps in a data directory, the journal and the
// newest snapshot, to a directory that has neither. It may run beside the
// engine. The copy is not checked: see journal.Fsck.
func Backup(ctx context.Context, dir, out string) error {
	// First, as a snapshot of more entries than the journal has says that entries
	// are lost.
	if err := copySnapshot(dir, out); err != nil {
		return err
	}
	return journal.Backup(ctx, dir, out)
}

// copySnapshot copies the newest snapshot, if there is one.
func copySnapshot(dir, out string) error {
	from, to := snapshots{dir: filepath.Join(dir, snapshotDir)}, snapshots{dir: filepath.Join(out, snapshotDir)}
	for {
		sizes, err := from.sizes()
		if err != nil || len(sizes) == 0 {
			return err
		}
		source, err := os.Open(from.path(sizes[0]))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a newer one took its place
		}
		if err != nil {
			return err
		}
		err = os.MkdirAll(to.dir, 0o700)
		if err == nil {
			err = copyFile(to.path(sizes[0]), source)
		}
		return errors.Join(err, source.Close())
	}
}

// copyFile writes a new file for its owner alone.
func copyFile(name string, from io.Reader) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(name)))
}
