package journal

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"
)

// A long query would keep SQLite from reusing its WAL. So reads go in portions
// of at most so many entries and, but for the last entry, bytes.
const (
	portionEntries = 1024
	portionBytes   = 1 << 20
)

// Read calls fn with the entries from (included) to to (excluded) in order, all
// durable. A record's Event is valid only during the call. Damage of an entry
// ends it with a *CorruptError, an error of fn with that error.
func (j *Journal) Read(ctx context.Context, from, to int64, fn func(Record) error) error {
	if size := j.Head().Size; from < 0 || from > to || to > size {
		return fmt.Errorf("found the range from %d to %d, expected one within 0 to %d: %w", from, to, size, fs.ErrNotExist)
	}
	var p portion
	for from < to {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := j.store.portion(ctx, from, to, &p); err != nil {
			return err
		}
		for i := range p.records {
			if err := fn(p.records[i]); err != nil {
				return err
			}
		}
		from += int64(len(p.records))
	}
	return nil
}

// portion is what one query reads.
type portion struct {
	records []Record
	bytes   []byte
}

// portion reads at least one entry from from on.
func (s *store) portion(ctx context.Context, from, to int64, p *portion) error {
	place := func(index int64) string { return fmt.Sprintf("entry %d", index) }
	rows, err := s.read.QueryContext(ctx, "SELECT idx, seed, crc, event FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?", from, to, portionEntries)
	if err != nil {
		return s.fault(place(from), err)
	}
	defer rows.Close()
	p.records, p.bytes = p.records[:0], p.bytes[:0]
	next := from
	for len(p.bytes) < portionBytes && rows.Next() {
		var index int64
		var crc uint32
		var seed, event sql.RawBytes
		if err := rows.Scan(&index, &seed, &crc, &event); err != nil {
			return s.fault(place(next), err)
		}
		if index != next {
			break
		}
		if sum := entryCRC(index, seed, event); sum != crc || len(seed) != len(Hash{}) {
			return &CorruptError{databaseFile, place(index), fmt.Sprintf("checksum %08x", sum), fmt.Sprintf("%08x", crc)}
		}
		// A full array stays where it is for the records that point into it.
		at := len(p.bytes)
		p.bytes = append(p.bytes, event...)
		p.records = append(p.records, Record{index, Hash(seed), p.bytes[at:len(p.bytes):len(p.bytes)]})
		next++
	}
	if err := rows.Err(); err != nil {
		return s.fault(place(next), err)
	}
	if next == from {
		return &CorruptError{databaseFile, place(from), "nothing", "an entry, as the head says"}
	}
	return nil
}

// Get returns one durable entry, after checking it against its leaf hash.
// Without such an entry the error is fs.ErrNotExist.
func (j *Journal) Get(ctx context.Context, index int64) (Record, error) {
	if size := j.Head().Size; index < 0 || index >= size {
		return Record{}, fmt.Errorf("found entry %d asked for, expected one of the %d: %w", index, size, fs.ErrNotExist)
	}
	place := fmt.Sprintf("entry %d", index)
	var seed, leaf, event []byte
	err := j.store.read.QueryRowContext(ctx, "SELECT seed, leaf, event FROM entries WHERE idx = ?", index).Scan(&seed, &leaf, &event)
	switch {
	case isMissing(err):
		return Record{}, &CorruptError{databaseFile, place, "nothing", "an entry, as the head says"}
	case err != nil:
		return Record{}, j.store.fault(place, err)
	case len(seed) != len(Hash{}):
		return Record{}, &CorruptError{databaseFile, place, fmt.Sprintf("a seed of %d bytes", len(seed)), "32"}
	}
	h, err := newLeafHasher().leafHash(event, Hash(seed))
	if err != nil {
		return Record{}, &CorruptError{databaseFile, place, err.Error(), "the event that was appended"}
	}
	if string(leaf) != string(h[:]) {
		return Record{}, &CorruptError{databaseFile, place, fmt.Sprintf("leaf hash %x", Hash(h)), fmt.Sprintf("%x", leaf)}
	}
	return Record{index, Hash(seed), event}, nil
}

// hashes reads stored hashes of the tree as package tlog numbers them, from
// the tiles that hold them.
func (j *Journal) hashes(ctx context.Context) tlog.HashReader {
	e := j.now.Load().edge
	cache := map[tlog.Tile][]byte{}
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		list := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			t := tlog.TileForIndex(tileHeight, index)
			key := tlog.Tile{L: t.L, N: t.N}
			data, have := cache[key]
			if !have {
				var err error
				if data, err = j.tileData(ctx, e, t.L, t.N); err != nil {
					return nil, err
				}
				cache[key] = data
			}
			var err error
			if list[i], err = tlog.HashFromTile(t, data, index); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
}

// tileData returns all hashes of a tile that a tree has.
func (j *Journal) tileData(ctx context.Context, e *edge, level int, n int64) ([]byte, error) {
	complete := e.size >> (tileHeight * (level + 1))
	switch {
	case n < complete:
		return j.store.tile(ctx, level, n)
	case n == complete && level < len(e.partial):
		return e.partial[level], nil
	}
	return nil, fs.ErrNotExist
}
