package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// mirrorFile holds the checkpoint of the last acknowledged block.
//
// SQLite takes a damaged frame of its WAL for the torn end of a write that was
// never acknowledged, and drops it and all behind it without a word. So each
// block, once durable and before anybody hears of it, also leaves its
// checkpoint here. The file is written in place and not synced: it survives the
// death of the process, and after a power failure it may be older than the
// journal but never newer.
const mirrorFile = "checkpoint"

// readMirror returns the acknowledged checkpoint; nothing when there is none or
// when a power failure came before the system wrote it.
func readMirror(dir string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, mirrorFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCheckpoint+1))
	if len(bytes.Trim(data, "\x00")) == 0 {
		return nil, err
	}
	return data, err
}

// openMirror opens the file for writing and puts a checkpoint into it.
func openMirror(dir string, checkpoint []byte) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, mirrorFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteAt(checkpoint, 0)
	err = errors.Join(err, f.Truncate(int64(len(checkpoint))), f.Sync(), syncDir(dir))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// checkMirror refuses a journal that lacks what was acknowledged, or holds
// something else in its place.
func (j *Journal) checkMirror(ctx context.Context, mirror []byte) error {
	if len(mirror) == 0 {
		return nil
	}
	was, err := ParseCheckpoint(mirror, j.verifier)
	if err != nil {
		return &CorruptError{mirrorFile, "as a whole", err.Error(), "a checkpoint signed by this node's key"}
	}
	head := j.Head()
	if was.Size > head.Size {
		return &CorruptError{
			walFile, fmt.Sprintf("behind entry %d", head.Size-1),
			fmt.Sprintf("%d entries in it and %s", head.Size, databaseFile),
			fmt.Sprintf("%d, as the file %s says were acknowledged", was.Size, mirrorFile),
		}
	}
	root, err := j.rootAt(ctx, was.Size)
	if err != nil {
		return err
	}
	if root != was.Root {
		return &CorruptError{
			databaseFile, fmt.Sprintf("the first %d entries", was.Size), fmt.Sprintf("root %x", root),
			fmt.Sprintf("root %x, as the file %s says was acknowledged", was.Root, mirrorFile),
		}
	}
	return nil
}

// rootAt returns the root of the tree of the first size entries.
func (j *Journal) rootAt(ctx context.Context, size int64) (Hash, error) {
	if size == 0 {
		return emptyRoot, nil
	}
	return tlog.TreeHash(size, j.hashes(ctx))
}
