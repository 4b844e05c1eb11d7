package journal

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Tile returns what C2SP tlog-tiles keeps under a path: "tile/L/N" holds the
// hashes of a tile, "tile/entries/N" the leaves of 256 entries, each with its
// length as two bytes before it. An incomplete tile ends in ".p/W" with W
// hashes or leaves. A path of another form, or beyond the durable head, is
// fs.ErrNotExist. Leaves hold commitments only, so every tile may be public.
func (j *Journal) Tile(ctx context.Context, path string) ([]byte, error) {
	t, ok := parseTilePath(path)
	if !ok {
		return nil, fmt.Errorf("found the tile path %q, expected tile/L/N or tile/entries/N of C2SP tlog-tiles: %w", path, fs.ErrNotExist)
	}
	e := j.now.Load().edge
	have := e.size >> (tileHeight * t.level)
	if have>>tileHeight < t.n || have-t.n<<tileHeight < int64(t.width) {
		return nil, fmt.Errorf("found the tile %q asked for, expected one of a tree of %d entries: %w", path, e.size, fs.ErrNotExist)
	}
	if t.entries {
		return j.bundle(ctx, t.n<<tileHeight, int64(t.width))
	}
	data, err := j.tileData(ctx, e, t.level, t.n)
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), data[:t.width*tlog.HashSize]...), nil
}

// bundle returns the leaves of count entries from first on.
func (j *Journal) bundle(ctx context.Context, first, count int64) ([]byte, error) {
	var data []byte
	l := newLeafHasher()
	err := j.Read(ctx, first, first+count, func(r Record) error {
		leaf, err := l.leaf(r.Event, r.Seed)
		if err != nil {
			return &CorruptError{databaseFile, fmt.Sprintf("entry %d", r.Index), err.Error(), "the event that was appended"}
		}
		data = binary.BigEndian.AppendUint16(data, uint16(len(leaf)))
		data = append(data, leaf...)
		return nil
	})
	return data, err
}

// tilePath is a path of C2SP tlog-tiles.
type tilePath struct {
	entries bool
	level   int // 0 to 7: no more has a tree of 2^63 entries
	n       int64
	width   int // 1 to 256
}

// parseTilePath accepts a path only in the one form that it is written in.
func parseTilePath(path string) (t tilePath, ok bool) {
	rest, found := strings.CutPrefix(path, "tile/")
	if !found || len(path) > 100 {
		return t, false
	}
	level, rest, _ := strings.Cut(rest, "/")
	if level == "entries" {
		t.entries = true
	} else if len(level) == 1 && level[0] >= '0' && level[0] <= '7' {
		t.level = int(level[0] - '0')
	} else {
		return t, false
	}
	t.width = tileWidth
	number, width, partial := strings.Cut(rest, ".p/")
	if partial {
		w, err := strconv.Atoi(width)
		if err != nil || w < 1 || w >= tileWidth || strconv.Itoa(w) != width {
			return t, false
		}
		t.width = w
	}
	parts := strings.Split(number, "/")
	for i, part := range parts {
		if i < len(parts)-1 {
			if part, found = strings.CutPrefix(part, "x"); !found {
				return t, false
			}
		}
		if len(part) != 3 || strings.Trim(part, "0123456789") != "" || i == 0 && part == "000" && len(parts) > 1 || len(parts) > 6 {
			return t, false
		}
		digits, _ := strconv.ParseInt(part, 10, 64)
		t.n = t.n*1000 + digits
	}
	return t, t.n < 1<<54
}
