package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/statement"
	"golang.org/x/mod/sumdb/tlog"
)

// Errors of a log that does not go on from where it was.
var (
	// ErrForked is a log that signed two histories: whoever has both
	// checkpoints can prove it.
	ErrForked = errors.New("the log signed two histories")
	// ErrRolledBack is a log that shows fewer entries than it signed before.
	ErrRolledBack = errors.New("the log shows fewer entries than it signed before")
)

// ForkError is a checkpoint that does not go on from one that was verified
// before. It is ErrForked or ErrRolledBack.
type ForkError struct {
	Reason   error
	Was, Now Head
	// Older and Newer are the two signed checkpoints, in the order in which they
	// were seen: the evidence.
	Older, Newer []byte
}

func (e *ForkError) Error() string {
	return fmt.Sprintf("%v: verified before were %d entries with root %x, found %d with root %x", e.Reason, e.Was.Size, e.Was.Root, e.Now.Size, e.Now.Root)
}

// Unwrap returns ErrForked or ErrRolledBack.
func (e *ForkError) Unwrap() error { return e.Reason }

// Tiles returns a tile of a log by its path of C2SP tlog-tiles, such as
// tile/0/x001/067.p/3.
type Tiles func(ctx context.Context, path string) ([]byte, error)

// hashReader returns a reader of hashes of a tree that trusts its head only:
// each tile is held against the root.
func (t Tiles) hashReader(ctx context.Context, head Head) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: head.Size, Hash: tlog.Hash(head.Root)}, tileReader{ctx, t})
}

// tileReader fetches tiles for package tlog, which puts the height into paths.
type tileReader struct {
	ctx   context.Context
	fetch Tiles
}

func (r tileReader) Height() int                     { return tileHeight }
func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		path := "tile/" + strings.TrimPrefix(t.Path(), "tile/"+strconv.Itoa(tileHeight)+"/")
		var err error
		if data[i], err = r.fetch(r.ctx, path); err != nil {
			return nil, err
		}
		if want := t.W * tlog.HashSize; len(data[i]) != want {
			return nil, fmt.Errorf("tile %s: found %d bytes, expected %d", path, len(data[i]), want)
		}
	}
	return data, nil
}

// CheckConsistency returns nil when the tree of a head begins with all that an
// older head covers, shown by tiles which are held against the head. It is
// ErrRolledBack or ErrForked when it does not; any other error leaves the
// question open.
func CheckConsistency(ctx context.Context, was, now Head, tiles Tiles) error {
	switch {
	case now.Size < was.Size:
		return ErrRolledBack
	case was.Size == 0 && was.Root != Hash(emptyRoot), now.Size == was.Size && now.Root != was.Root:
		return ErrForked
	case was.Size == 0 || now.Size == was.Size:
		return nil
	}
	root, err := tlog.TreeHash(was.Size, tiles.hashReader(ctx, now))
	if err != nil {
		return fmt.Errorf("cannot tell whether the tree of %d entries begins with the %d verified before: %w", now.Size, was.Size, err)
	}
	if Hash(root) != was.Root {
		return ErrForked
	}
	return nil
}

// ProveLeaf returns nil when a leaf is that of an entry under a head, shown by
// a proof of RFC 6962 section 2.1.1.
func ProveLeaf(leaf []byte, index int64, proof []Hash, head Head) error {
	if index < 0 || index >= head.Size {
		return fmt.Errorf("found entry %d, expected one of the %d under the checkpoint", index, head.Size)
	}
	list := make(tlog.RecordProof, len(proof))
	for i, h := range proof {
		list[i] = tlog.Hash(h)
	}
	return tlog.CheckRecord(list, head.Size, tlog.Hash(head.Root), index, tlog.RecordHash(leaf))
}

// Shown is a member of an event with the salt that opens its commitment.
type Shown struct {
	Name  string
	Salt  Hash
	Value []byte // canonical JSON
}

// VerifyShown returns nil when a leaf commits to all members, in their order.
func VerifyShown(leaf []byte, members []Shown) error {
	commitments, err := parseLeaf(leaf)
	if err != nil {
		return fmt.Errorf("leaf: %w", err)
	}
	return newLeafHasher().verifyShown(commitments, members)
}

// verifyShown returns nil when each member is committed to, in the order of the
// leaf.
func (l *leafHasher) verifyShown(commitments []Hash, members []Shown) error {
	at := 0
	for i, m := range members {
		if err := statement.Check(m.Value); err != nil {
			return fmt.Errorf("value of %q: %w", m.Name, err)
		}
		if len(m.Name) >= 1<<16 {
			return fmt.Errorf("found a field name of %d bytes", len(m.Name))
		}
		if i > 0 && !statement.Less(members[i-1].Name, m.Name) {
			return fmt.Errorf("found the field %q after %q, expected ascending names", m.Name, members[i-1].Name)
		}
		c := l.commitment(m.Salt, m.Name, m.Value)
		for at < len(commitments) && commitments[at] != c {
			at++
		}
		if at == len(commitments) {
			return fmt.Errorf("found the field %q with a value or salt that the leaf does not commit to in its place", m.Name)
		}
		at++
	}
	return nil
}

// Keeper holds the newest checkpoint of a log that was verified here, in a file
// of its own. Who keeps one cannot be shown another history later. Its methods
// may not be called from several goroutines at once.
type Keeper struct {
	file        string
	verifierKey string
	lock        io.Closer
	checkpoint  []byte // nil: none yet
	head        Head
}

// OpenKeeper opens the file, which need not exist, for the log of a verifier
// key. It holds a lock beside it until Close: two keepers of one file could hide
// a fork from each other.
func OpenKeeper(file, verifierKey string) (*Keeper, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	lock, err := lockFile(file + ".lock")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	k := &Keeper{file: file, verifierKey: verifierKey, lock: lock}
	if err := k.load(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return k, nil
}

func (k *Keeper) load() error {
	f, err := os.Open(k.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCheckpoint+1))
	if err != nil {
		return err
	}
	if k.head, err = ParseCheckpoint(data, k.verifierKey); err != nil {
		// Starting afresh would be what a forger wants.
		return fmt.Errorf("%s: %w", k.file, err)
	}
	k.checkpoint = data
	return nil
}

// Head returns the head that was verified last; false when there is none yet.
func (k *Keeper) Head() (Head, bool) { return k.head, k.checkpoint != nil }

// Advance verifies that a checkpoint is signed by the log and goes on from the
// one kept, and keeps it: it is on disk when Advance returns. A checkpoint that
// does not go on from it is a *ForkError, and the one kept stays. The first
// checkpoint is taken at its word.
func (k *Keeper) Advance(ctx context.Context, checkpoint []byte, tiles Tiles) (Head, error) {
	head, err := ParseCheckpoint(checkpoint, k.verifierKey)
	if err != nil {
		return Head{}, err
	}
	if k.checkpoint != nil {
		err := CheckConsistency(ctx, k.head, head, tiles)
		if errors.Is(err, ErrForked) || errors.Is(err, ErrRolledBack) {
			return Head{}, &ForkError{err, k.head, head, k.checkpoint, append([]byte(nil), checkpoint...)}
		}
		if err != nil {
			return Head{}, err
		}
		if head == k.head {
			return head, nil
		}
	}
	if err := replaceFile(k.file, checkpoint); err != nil {
		return Head{}, err
	}
	k.checkpoint, k.head = append([]byte(nil), checkpoint...), head
	return head, nil
}

// Close frees the file.
func (k *Keeper) Close() error { return k.lock.Close() }

// replaceFile writes a file whole or not at all, and makes it durable.
func replaceFile(file string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(file))
}
