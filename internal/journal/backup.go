package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// Backup copies the journal of a data directory to a directory that has none:
// the database as it is at one moment, and the checkpoint that was acknowledged
// before, so that a copy that lacks an acknowledged entry is found. It changes
// nothing in dir and may run beside a node, whose blocks go on meanwhile; only
// the WAL cannot be emptied. The files are on disk when it returns, closed to
// others than their owner. It checks nothing: Fsck does.
func Backup(ctx context.Context, dir, out string) (err error) {
	out, err = filepath.Abs(out)
	if err != nil {
		return err
	}
	// First, as a checkpoint newer than the database says that entries are lost.
	mirror, err := readMirror(dir)
	if err != nil {
		return err
	}
	s, err := openStore(dir, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	file := filepath.Join(out, databaseFile)
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// SQLite takes an empty file for a new one. It does not sync what it makes
	// here.
	if _, err := s.read.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		return s.fault("copying it", err)
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if len(mirror) > 0 {
		m, err := os.OpenFile(filepath.Join(out, mirrorFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = m.Write(mirror)
		if err := errors.Join(err, m.Sync(), m.Close()); err != nil {
			return err
		}
	}
	return syncDir(out)
}
