package journal

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// small returns events that cost little, to fill tiles with.
func small(t testing.TB, j *Journal, to int64) {
	t.Helper()
	for from := j.Head().Size; from < to; {
		var list [][]byte
		for ; from < to && len(list) < 1000; from++ {
			list = append(list, fmt.Appendf(nil, `{"n":%d}`, from))
		}
		if _, err := j.Append(j.Head().Size, list); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEdge holds the right edge, grown and rebuilt, against package tlog for
// sizes up to beyond a tile of tiles.
func TestEdge(t *testing.T) {
	const last = 256*256 + 700
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		list := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			list[i] = stored[index]
		}
		return list, nil
	})
	tiles := map[int64][]byte{}
	load := func(level int, n int64) ([]byte, error) {
		if data := tiles[tileID(level, n)]; data != nil {
			return data, nil
		}
		return nil, fmt.Errorf("no tile %d of level %d", n, level)
	}
	e := &edge{}
	for n := range int64(last) {
		var done []tile
		if n%3 == 0 {
			e = e.clone()
		}
		h := tlog.RecordHash(fmt.Append(nil, n))
		done = e.add(h, done)
		add, err := tlog.StoredHashesForRecordHash(n, h, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, add...)
		for _, tile := range done {
			tiles[tileID(tile.level, tile.n)] = tile.data
		}
		// Every small size, those near the borders of tiles, and some between.
		if n > 2000 && n < last-1000 && n%256 > 1 && n%256 < 254 && n%997 != 0 {
			continue
		}
		want, err := tlog.TreeHash(n+1, reader)
		if err != nil {
			t.Fatal(err)
		}
		if e.root() != want {
			t.Fatalf("size %d: root %v, want %v", n+1, e.root(), want)
		}
		if n%7 != 0 || n > 2000 && n < last-1000 && n%49 != 0 {
			continue
		}
		var leaves []byte
		if len(e.partial) > 0 {
			leaves = e.partial[0]
		}
		again, err := newEdge(n+1, leaves, load)
		if err != nil {
			t.Fatal(err)
		}
		if again.root() != want {
			t.Fatalf("size %d: rebuilt root %v, want %v", n+1, again.root(), want)
		}
		for level, data := range again.partial {
			if level < len(e.partial) && string(data) != string(e.partial[level]) || level >= len(e.partial) && len(data) > 0 {
				t.Fatalf("size %d: level %d is rebuilt otherwise", n+1, level)
			}
		}
	}
	for id, data := range tiles {
		level, n := int(id>>56), id&(1<<56-1)
		want, err := tlog.ReadTileData(tlog.Tile{H: tileHeight, L: level, N: n, W: tileWidth}, reader)
		if err != nil || string(want) != string(data) {
			t.Fatalf("tile %d of level %d differs: %v", n, level, err)
		}
	}
}

func TestProofs(t *testing.T) {
	j := open(t, t.TempDir())
	small(t, j, 256*256+300)
	ctx, now := t.Context(), j.Head().Size
	rng := rand.New(seeds())
	for range 300 {
		size := 1 + rng.Int64N(now)
		if rng.IntN(3) == 0 {
			size = max(1, min(now, size&^255+rng.Int64N(3)-1))
		}
		root, err := j.rootAt(ctx, size)
		if err != nil {
			t.Fatal(err)
		}
		index := rng.Int64N(size)
		r, err := j.Get(ctx, index)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := Leaf(r.Event, r.Seed)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := j.ProveInclusion(ctx, index, size)
		if err != nil {
			t.Fatal(err)
		}
		hash := tlog.RecordHash(leaf)
		if err := tlog.CheckRecord(hashes(proof), size, root, index, hash); err != nil {
			t.Fatalf("entry %d of %d: %v", index, size, err)
		}
		hash[3] ^= 1
		if tlog.CheckRecord(hashes(proof), size, root, index, hash) == nil {
			t.Fatalf("entry %d of %d: another leaf is proven too", index, size)
		}
		old := 1 + rng.Int64N(size)
		oldRoot, err := j.rootAt(ctx, old)
		if err != nil {
			t.Fatal(err)
		}
		proof, err = j.ProveConsistency(ctx, old, size)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(hashes(proof), size, root, old, oldRoot); err != nil {
			t.Fatalf("trees of %d and %d: %v", old, size, err)
		}
	}
	if root, err := j.rootAt(ctx, now); err != nil || root != j.Head().Root {
		t.Fatalf("the root at the head is %x, %v; want %x", root, err, j.Head().Root)
	}
	for _, c := range [][2]int64{{-1, 5}, {5, 5}, {now, now + 1}} {
		if _, err := j.ProveInclusion(ctx, c[0], c[1]); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("ProveInclusion%v: %v", c, err)
		}
	}
	for _, c := range [][2]int64{{-1, 5}, {6, 5}, {5, now + 1}} {
		if _, err := j.ProveConsistency(ctx, c[0], c[1]); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("ProveConsistency%v: %v", c, err)
		}
	}
}

func hashes(proof []Hash) []tlog.Hash {
	var list []tlog.Hash
	for _, h := range proof {
		list = append(list, h)
	}
	return list
}

// TestTiles reads the whole tree from its tiles alone, as a client of
// tlog-tiles does.
func TestTiles(t *testing.T) {
	j := open(t, t.TempDir())
	small(t, j, 256*256+300)
	ctx, head := t.Context(), j.Head()
	reader := tlog.TileHashReader(tlog.Tree{N: head.Size, Hash: head.Root}, tiles(func(tile tlog.Tile) ([]byte, error) {
		return j.Tile(ctx, tileName(fmt.Sprint(tile.L), tile.N, tile.W))
	}))
	for _, index := range []int64{0, 255, 256, 65535, 65536, head.Size - 1} {
		proof, err := tlog.ProveRecord(head.Size, index, reader)
		if err != nil {
			t.Fatal(err)
		}
		n := index >> 8
		bundle, err := j.Tile(ctx, tileName("entries", n, int(min(256, head.Size-n<<8))))
		if err != nil {
			t.Fatal(err)
		}
		for range index & 255 {
			bundle = bundle[2+binary.BigEndian.Uint16(bundle):]
		}
		leaf := bundle[2:][:binary.BigEndian.Uint16(bundle)]
		if err := tlog.CheckRecord(proof, head.Size, head.Root, index, tlog.RecordHash(leaf)); err != nil {
			t.Errorf("entry %d: %v", index, err)
		}
		r, err := j.Get(ctx, index)
		if err != nil {
			t.Fatal(err)
		}
		salt := Salt(r.Seed, "n")
		c := Commitment(salt, "n", fmt.Append(nil, index))
		if want := `["deconflict leaf v1","` + base64.RawURLEncoding.EncodeToString(c[:]) + `"]`; string(leaf) != want {
			t.Errorf("entry %d: leaf %s, want %s", index, leaf, want)
		}
	}
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "tile/8/000", "tile/00/000", "tile/-1/000", "tile/0/0", "tile/0/0000",
		"tile/0/+01", "tile/0/x000/000", "tile/0/x001", "tile/0/001/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
		"tile/0/000.p/", "tile/0/000.p/1.p/1", "tile/0/000/", "tile/entries/x000/001", "tile/data/000", "/tile/0/000", "tile/0/257",
		"tile/0/257.p/45", "tile/1/001.p/2", "tile/2/000", "tile/2/000.p/2", "tile/3/000.p/1", "tile/entries/257.p/45",
		"tile/0/x999/x999/x999/x999/x999/999", "tile/7/000.p/1", strings.Repeat("tile/0/", 100),
	} {
		if data, err := j.Tile(ctx, path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q gives %d bytes, %v", path, len(data), err)
		}
	}
	for path, want := range map[string]int{
		"tile/0/000": 8192, "tile/0/000.p/1": 32, "tile/0/256.p/44": 44 * 32, "tile/0/257.p/44": 44 * 32,
		"tile/1/000": 8192, "tile/1/001.p/1": 32, "tile/2/000.p/1": 32,
	} {
		data, err := j.Tile(ctx, path)
		if err != nil || len(data) != want {
			t.Errorf("%q gives %d bytes, %v; want %d", path, len(data), err, want)
		}
	}
}

// tiles is a tlog.TileReader.
type tiles func(tlog.Tile) ([]byte, error)

func (tiles) Height() int                     { return tileHeight }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (read tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range list {
		data, err := read(t)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// tileName writes a path of C2SP tlog-tiles.
func tileName(level string, n int64, width int) string {
	name := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		name = fmt.Sprintf("x%03d/", n%1000) + name
	}
	if width < tileWidth {
		name += fmt.Sprintf(".p/%d", width)
	}
	return "tile/" + level + "/" + name
}

func FuzzTilePath(f *testing.F) {
	f.Add("tile/0/x001/x234/067.p/255")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, path string) {
		p, ok := parseTilePath(path)
		if !ok {
			return
		}
		level := fmt.Sprint(p.level)
		if p.entries {
			level = "entries"
		}
		if back := tileName(level, p.n, p.width); back != path {
			t.Fatalf("%q is written %q", path, back)
		}
	})
}

// TestRangeProof proves ranges of small trees exhaustively.
func TestRangeProof(t *testing.T) {
	j := open(t, t.TempDir())
	small(t, j, 40)
	ctx := t.Context()
	var leaves []tlog.Hash
	if err := j.Read(ctx, 0, 40, func(r Record) error {
		h, err := newLeafHasher().leafHash(r.Event, r.Seed)
		leaves = append(leaves, h)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for size := int64(0); size <= 40; size++ {
		root, err := j.rootAt(ctx, size)
		if err != nil {
			t.Fatal(err)
		}
		for from := int64(0); from <= size; from++ {
			for to := from; to <= size; to++ {
				proof, err := j.rangeProof(ctx, from, to, size)
				if err != nil {
					t.Fatal(err)
				}
				next := from
				got, err := rangeRoot(from, to, size, func() (tlog.Hash, error) {
					next++
					return leaves[next-1], nil
				}, func() (tlog.Hash, error) {
					h := proof[0]
					proof = proof[1:]
					return h, nil
				})
				if err != nil || Hash(got) != root || next != to || len(proof) != 0 {
					t.Fatalf("%d to %d of %d: root %v, %v; %d leaves used, %d hashes left", from, to, size, got, err, next-from, len(proof))
				}
			}
		}
	}
}
