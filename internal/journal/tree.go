package journal

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles of C2SP tlog-tiles hold 256 hashes.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	tileBytes  = tileWidth * tlog.HashSize
)

// tile is a complete tile: 256 hashes of subtrees of height 8*level.
type tile struct {
	level int
	n     int64
	data  []byte
}

// edge is the right edge of the tree: all that appending needs to know of what
// is there. Memory is 8 KiB for each level of tiles.
//
// A published edge is never changed. Its slices may share arrays with later
// edges, which only write behind their ends.
type edge struct {
	size    int64
	peaks   []tlog.Hash // roots of the perfect subtrees that size consists of, largest first
	partial [][]byte    // hashes of the incomplete last tile of each level
}

// clone returns an edge to which entries can be appended while readers use the
// one that it was made from.
func (e *edge) clone() *edge {
	return &edge{
		size:    e.size,
		peaks:   append(make([]tlog.Hash, 0, len(e.peaks)+8), e.peaks...),
		partial: append(make([][]byte, 0, len(e.partial)+1), e.partial...),
	}
}

// add appends a leaf hash and the tiles that it completes to done.
func (e *edge) add(h tlog.Hash, done []tile) []tile {
	done = e.place(0, h, done)
	e.peaks = append(e.peaks, h)
	// Each trailing one of the old size is a perfect subtree that the new leaf
	// lets merge with its right neighbour.
	for height := 1; e.size>>(height-1)&1 == 1; height++ {
		last := len(e.peaks) - 1
		e.peaks[last-1] = tlog.NodeHash(e.peaks[last-1], e.peaks[last])
		e.peaks = e.peaks[:last]
		if height%tileHeight == 0 {
			done = e.place(height/tileHeight, e.peaks[last-1], done)
		}
	}
	e.size++
	return done
}

// place puts the hash of a subtree that the next leaf completes into the last
// tile of a level.
func (e *edge) place(level int, h tlog.Hash, done []tile) []tile {
	for len(e.partial) <= level {
		e.partial = append(e.partial, nil)
	}
	data := e.partial[level]
	if data == nil {
		data = make([]byte, 0, tileBytes)
	}
	data = append(data, h[:]...)
	if len(data) < tileBytes {
		e.partial[level] = data
		return done
	}
	e.partial[level] = nil
	return append(done, tile{level, e.size >> (tileHeight * (level + 1)), data})
}

// root returns the root hash (RFC 6962 section 2.1).
func (e *edge) root() tlog.Hash {
	if e.size == 0 {
		return emptyRoot
	}
	last := len(e.peaks) - 1
	h := e.peaks[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(e.peaks[i], h)
	}
	return h
}

// emptyRoot is the root of a tree without leaves: the hash of nothing.
var emptyRoot, _ = tlog.TreeHash(0, nil)

// width returns how many hashes the incomplete last tile of a level has in a
// tree of a size.
func width(size int64, level int) int {
	return int(size >> (tileHeight * level) & (tileWidth - 1))
}

// newEdge builds the right edge of a tree. leaves are the hashes of the
// incomplete tile at level 0; load gives complete tiles.
func newEdge(size int64, leaves []byte, load func(level int, n int64) ([]byte, error)) (*edge, error) {
	if len(leaves) != width(size, 0)*tlog.HashSize {
		return nil, fmt.Errorf("found %d bytes of leaf hashes, expected %d", len(leaves), width(size, 0)*tlog.HashSize)
	}
	e := &edge{size: size}
	for level := 0; level == 0 || size>>(tileHeight*level) > 0; level++ {
		data := make([]byte, 0, tileBytes)
		if level == 0 {
			data = append(data, leaves...)
		} else {
			first := size >> (tileHeight * level) &^ (tileWidth - 1)
			for n := range int64(width(size, level)) {
				below, err := load(level-1, first+n)
				if err != nil {
					return nil, err
				}
				h := perfectRoot(below)
				data = append(data, h[:]...)
			}
		}
		e.partial = append(e.partial, data)
	}
	for level := len(e.partial) - 1; level >= 0; level-- {
		e.peaks = appendPeaks(e.peaks, e.partial[level])
	}
	return e, nil
}

// appendPeaks appends the roots of the perfect subtrees that the hashes of an
// incomplete tile form.
func appendPeaks(peaks []tlog.Hash, data []byte) []tlog.Hash {
	for len(data) > 0 {
		n := len(data) / tlog.HashSize
		take := 1 << (bits.Len(uint(n)) - 1) * tlog.HashSize
		peaks = append(peaks, perfectRoot(data[:take]))
		data = data[take:]
	}
	return peaks
}

// perfectRoot returns the root over a power of two of hashes.
func perfectRoot(data []byte) tlog.Hash {
	if len(data) == tlog.HashSize {
		return tlog.Hash(data)
	}
	half := len(data) / 2
	return tlog.NodeHash(perfectRoot(data[:half]), perfectRoot(data[half:]))
}
