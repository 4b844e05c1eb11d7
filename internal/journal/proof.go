package journal

import (
	"context"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"
)

// ProveInclusion returns the proof (RFC 6962 section 2.1.1) that entry index is
// in the tree of the first size entries, lowest hash first. Ranges beyond the
// durable head are fs.ErrNotExist.
func (j *Journal) ProveInclusion(ctx context.Context, index, size int64) ([]Hash, error) {
	if now := j.Head().Size; index < 0 || index >= size || size > now {
		return nil, fmt.Errorf("found entry %d in a tree of %d asked for, expected an entry below the size and a size of at most %d: %w", index, size, now, fs.ErrNotExist)
	}
	proof, err := tlog.ProveRecord(size, index, j.hashes(ctx))
	return plain(proof), err
}

// ProveConsistency returns the proof (RFC 6962 section 2.1.2) that the first
// from entries of the tree of the first to entries are the tree of from
// entries. From 0 and from to itself it is empty.
func (j *Journal) ProveConsistency(ctx context.Context, from, to int64) ([]Hash, error) {
	if now := j.Head().Size; from < 0 || from > to || to > now {
		return nil, fmt.Errorf("found trees of %d and %d asked for, expected ascending sizes of at most %d: %w", from, to, now, fs.ErrNotExist)
	}
	if from == 0 || from == to {
		return nil, nil
	}
	proof, err := tlog.ProveTree(to, from, j.hashes(ctx))
	return plain(proof), err
}

func plain[P ~[]tlog.Hash](proof P) []Hash {
	var list []Hash
	for _, h := range proof {
		list = append(list, Hash(h))
	}
	return list
}

// rangeProof returns the hashes that lead from the leaves from (included) to to
// (excluded) to the root of a tree: see rangeRoot.
func (j *Journal) rangeProof(ctx context.Context, from, to, size int64) ([]Hash, error) {
	reader := j.hashes(ctx)
	var proof []Hash
	var walk func(lo, hi int64) error
	walk = func(lo, hi int64) error {
		switch {
		case lo >= from && hi <= to:
			return nil
		case hi <= from || lo >= to:
			h, err := subtree(lo, hi, reader)
			proof = append(proof, Hash(h))
			return err
		}
		middle := lo + split(hi-lo)
		if err := walk(lo, middle); err != nil {
			return err
		}
		return walk(middle, hi)
	}
	if size == 0 {
		return nil, nil
	}
	return proof, walk(0, size)
}

// rangeRoot computes the root of a tree of size leaves from the leaf hashes of
// a range and the hashes of all subtrees outside of it, both in order. Those
// subtrees are the largest that RFC 6962 section 2.1 splits the tree into.
func rangeRoot(from, to, size int64, leaf, other func() (tlog.Hash, error)) (tlog.Hash, error) {
	var walk func(lo, hi int64) (tlog.Hash, error)
	walk = func(lo, hi int64) (tlog.Hash, error) {
		switch {
		case hi <= from || lo >= to:
			return other()
		case hi-lo == 1:
			return leaf()
		}
		middle := lo + split(hi-lo)
		left, err := walk(lo, middle)
		if err != nil {
			return left, err
		}
		right, err := walk(middle, hi)
		return tlog.NodeHash(left, right), err
	}
	if size == 0 {
		return emptyRoot, nil
	}
	return walk(0, size)
}

// split is the largest power of two below n, which is at least 2.
func split(n int64) int64 {
	k := int64(1)
	for 2*k < n {
		k *= 2
	}
	return k
}

// subtree returns the hash over the leaves lo to hi, which RFC 6962 has as a
// subtree: lo is a multiple of a power of two not below hi-lo.
func subtree(lo, hi int64, reader tlog.HashReader) (tlog.Hash, error) {
	n := hi - lo
	if n&(n-1) == 0 {
		level := 0
		for n>>level > 1 {
			level++
		}
		list, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(level, lo>>level)})
		if err != nil {
			return tlog.Hash{}, err
		}
		return list[0], nil
	}
	middle := lo + split(n)
	left, err := subtree(lo, middle, reader)
	if err != nil {
		return left, err
	}
	right, err := subtree(middle, hi, reader)
	return tlog.NodeHash(left, right), err
}

// RootAt returns the root of the tree of the first size entries, which are
// durable.
func (j *Journal) RootAt(ctx context.Context, size int64) (Hash, error) {
	if now := j.Head().Size; size < 0 || size > now {
		return Hash{}, fmt.Errorf("found the size %d asked for, expected at most %d", size, now)
	}
	return j.rootAt(ctx, size)
}
