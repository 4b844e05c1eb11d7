package journal

import (
	"context"
	"database/sql"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// headRow is the row of the table head.
type headRow struct {
	head       Head
	checkpoint []byte
	last       int64 // the highest index in table entries, -1 without any
}

func (s *store) head(ctx context.Context) (headRow, error) {
	const place = "table head"
	var r headRow
	var root []byte
	err := s.read.QueryRowContext(ctx, "SELECT size, root, checkpoint, (SELECT coalesce(max(idx), -1) FROM entries) FROM head WHERE id = 0").Scan(&r.head.Size, &root, &r.checkpoint, &r.last)
	switch {
	case isMissing(err):
		return r, &CorruptError{databaseFile, place, "no row", "one"}
	case err != nil:
		return r, s.fault(place, err)
	case len(root) != len(Hash{}) || r.head.Size < 0:
		return r, &CorruptError{databaseFile, place, fmt.Sprintf("size %d and a root of %d bytes", r.head.Size, len(root)), "a size from 0 and a root of 32 bytes"}
	case r.last != r.head.Size-1:
		return r, &CorruptError{databaseFile, "table entries", fmt.Sprintf("%d as its last entry", r.last), fmt.Sprintf("%d, as the head says", r.head.Size-1)}
	}
	r.head.Root = Hash(root)
	return r, nil
}

// check holds the columns against what the checkpoint states.
func (r *headRow) check(verifierKey string) error {
	head, err := ParseCheckpoint(r.checkpoint, verifierKey)
	if err != nil {
		return &CorruptError{databaseFile, "table head", err.Error(), "the signed head"}
	}
	if head != r.head {
		return &CorruptError{databaseFile, "table head", fmt.Sprintf("size %d and root %x", r.head.Size, r.head.Root), fmt.Sprintf("size %d and root %x as signed", head.Size, head.Root)}
	}
	return nil
}

// tail returns the leaf hashes behind the last complete tile.
func (s *store) tail(ctx context.Context, size int64) ([]byte, error) {
	const place = "the last rows of table entries"
	rows, err := s.read.QueryContext(ctx, "SELECT idx, leaf FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx", size&^(tileWidth-1), size)
	if err != nil {
		return nil, s.fault(place, err)
	}
	defer rows.Close()
	next := size &^ (tileWidth - 1)
	var leaves []byte
	for rows.Next() {
		var index int64
		var leaf sql.RawBytes
		if err := rows.Scan(&index, &leaf); err != nil {
			return nil, s.fault(place, err)
		}
		if index != next || len(leaf) != tlog.HashSize {
			return nil, &CorruptError{databaseFile, place, fmt.Sprintf("entry %d with a leaf hash of %d bytes", index, len(leaf)), fmt.Sprintf("entry %d with one of 32", next)}
		}
		leaves = append(leaves, leaf...)
		next++
	}
	if err := rows.Err(); err != nil {
		return nil, s.fault(place, err)
	}
	if next != size {
		return nil, &CorruptError{databaseFile, place, fmt.Sprintf("no entry %d", next), fmt.Sprintf("all up to %d", size-1)}
	}
	return leaves, nil
}

// tile returns a complete tile.
func (s *store) tile(ctx context.Context, level int, n int64) ([]byte, error) {
	place := fmt.Sprintf("tile %d of level %d", n, level)
	var crc uint32
	var data []byte
	err := s.read.QueryRowContext(ctx, "SELECT crc, hashes FROM tiles WHERE id = ?", tileID(level, n)).Scan(&crc, &data)
	switch {
	case isMissing(err):
		return nil, &CorruptError{databaseFile, place, "nothing", "256 hashes"}
	case err != nil:
		return nil, s.fault(place, err)
	case len(data) != tileBytes || crc != tileCRC(level, n, data):
		return nil, &CorruptError{databaseFile, place, fmt.Sprintf("%d bytes with checksum %08x", len(data), tileCRC(level, n, data)), fmt.Sprintf("%d bytes with checksum %08x", tileBytes, crc)}
	}
	return data, nil
}
