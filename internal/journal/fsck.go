package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// maxDamage is how many faults one check tells of.
const maxDamage = 20

// Check is what Fsck found.
type Check struct {
	Origin  string
	Key     string // verifier key that the head was verified with
	Head    Head
	Entries int64   // entries that were read
	Damage  []error // *CorruptError each; at most 20
}

// Fsck reads a whole journal and holds everything in it against everything
// else: the database's own structure, each entry against its checksum and leaf
// hash, each tile against the entries, the root, its signature, and the
// acknowledged checkpoint. It changes nothing and may run beside a node. What
// is wrong is in Damage; the error says that the check could not be made.
// Options as for Open with ReadOnly.
func Fsck(ctx context.Context, dir string, o Options) (Check, error) {
	f := &checker{}
	mirror, err := readMirror(dir)
	if err != nil {
		return f.Check, err
	}
	j := &Journal{dir: dir, options: o, hasher: newLeafHasher()}
	j.options.ReadOnly = true
	defer j.release()
	if j.store, err = openStore(dir, true); err != nil {
		return f.Check, err
	}
	if err := f.run(ctx, j, mirror); err != nil {
		return f.Check, err
	}
	return f.Check, nil
}

type checker struct{ Check }

// found keeps damage and passes on any other error.
func (f *checker) found(err error) error {
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) {
		return err
	}
	if len(f.Damage) < maxDamage {
		f.Damage = append(f.Damage, corrupt)
	}
	return nil
}

func (f *checker) run(ctx context.Context, j *Journal, mirror []byte) error {
	if err := f.found(f.structure(ctx, j.store)); err != nil {
		return err
	}
	if err := j.identify(len(mirror) > 0); err != nil {
		return f.found(err)
	}
	f.Origin, f.Key = j.options.Origin, j.verifier
	row, err := j.store.head(ctx)
	if err != nil {
		if err := f.found(err); err != nil {
			return err
		}
	} else if err := f.found(row.check(j.verifier)); err != nil {
		return err
	}
	f.Head = row.head
	e := &edge{}
	if err := f.found(f.entries(ctx, j, e)); err != nil {
		return err
	}
	if e.size != f.Head.Size {
		return nil // said already
	}
	if root := Hash(e.root()); root != f.Head.Root {
		if err := f.found(&CorruptError{databaseFile, "table entries", fmt.Sprintf("a tree with root %x", root), fmt.Sprintf("root %x, as the head says", f.Head.Root)}); err != nil {
			return err
		}
	}
	j.now.Store(&durable{f.Head, row.checkpoint, e})
	return f.found(j.checkMirror(ctx, mirror))
}

// structure has SQLite check its pages.
func (f *checker) structure(ctx context.Context, s *store) error {
	rows, err := s.read.QueryContext(ctx, fmt.Sprintf("PRAGMA integrity_check(%d)", maxDamage))
	if err != nil {
		return s.fault("its pages", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return s.fault("its pages", err)
		}
		if text == "ok" {
			continue
		}
		if err := f.found(&CorruptError{databaseFile, "its pages", text, "an intact SQLite database"}); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.fault("its pages", err)
	}
	return nil
}

// entries reads all entries and tiles and grows the tree from them.
func (f *checker) entries(ctx context.Context, j *Journal, e *edge) error {
	for e.size < f.Head.Size && len(f.Damage) < maxDamage {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := j.store.entryRows(ctx, e.size, f.Head.Size)
		if err != nil {
			return err
		}
		for i := range rows {
			r := &rows[i]
			if r.index != e.size {
				return &CorruptError{databaseFile, "table entries", fmt.Sprintf("entry %d behind entry %d", r.index, e.size-1), fmt.Sprintf("entry %d", e.size)}
			}
			if err := f.found(f.entry(j.hasher, r)); err != nil {
				return err
			}
			for _, t := range e.add(r.leaf, nil) {
				if err := f.found(f.tile(ctx, j.store, t)); err != nil {
					return err
				}
			}
			f.Entries++
		}
	}
	return nil
}

// entryRows reads some rows, in the order of their indexes.
func (s *store) entryRows(ctx context.Context, from, to int64) ([]entryRow, error) {
	place := fmt.Sprintf("entry %d or the next ones", from)
	rows, err := s.read.QueryContext(ctx, "SELECT idx, seed, leaf, crc, event FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?", from, to, portionEntries)
	if err != nil {
		return nil, s.fault(place, err)
	}
	defer rows.Close()
	var list []entryRow
	for read := 0; read < portionBytes && rows.Next(); {
		var r entryRow
		var leaf []byte
		if err := rows.Scan(&r.index, &r.seed, &leaf, &r.crc, &r.event); err != nil {
			return nil, s.fault(place, err)
		}
		if len(leaf) != tlog.HashSize {
			return nil, &CorruptError{databaseFile, fmt.Sprintf("entry %d", r.index), fmt.Sprintf("a leaf hash of %d bytes", len(leaf)), "32"}
		}
		r.leaf = tlog.Hash(leaf)
		list = append(list, r)
		read += len(r.event)
	}
	if err := rows.Err(); err != nil {
		return nil, s.fault(place, err)
	}
	if len(list) == 0 {
		return nil, &CorruptError{databaseFile, "table entries", fmt.Sprintf("nothing from entry %d on", from), fmt.Sprintf("entries up to %d", to-1)}
	}
	return list, nil
}

func (f *checker) entry(l *leafHasher, r *entryRow) error {
	place := fmt.Sprintf("entry %d", r.index)
	if sum := entryCRC(r.index, r.seed, r.event); sum != r.crc {
		return &CorruptError{databaseFile, place, fmt.Sprintf("checksum %08x", sum), fmt.Sprintf("%08x", r.crc)}
	}
	if len(r.seed) != len(Hash{}) {
		return &CorruptError{databaseFile, place, fmt.Sprintf("a seed of %d bytes", len(r.seed)), "32"}
	}
	h, err := l.leafHash(r.event, Hash(r.seed))
	if err != nil {
		return &CorruptError{databaseFile, place, err.Error(), "the event that was appended"}
	}
	if h != r.leaf {
		return &CorruptError{databaseFile, place, fmt.Sprintf("leaf hash %x", Hash(h)), fmt.Sprintf("%x", Hash(r.leaf))}
	}
	return nil
}

func (f *checker) tile(ctx context.Context, s *store, want tile) error {
	data, err := s.tile(ctx, want.level, want.n)
	if err != nil {
		return err
	}
	if !bytes.Equal(data, want.data) {
		return &CorruptError{databaseFile, fmt.Sprintf("tile %d of level %d", want.n, want.level), "other hashes", "those of the entries"}
	}
	return nil
}
