package journal

import (
	"fmt"
	"io"
	"slices"
)

// Append adds a block of events behind expected entries and returns the new
// head once the block is on disk: one transaction, one fsync. Events are
// canonical JSON objects within the limits of Leaf; nothing of them is kept in
// memory.
//
// When expected is not the size of the head, the error is ErrHeadMoved and
// nothing changed. After any other error nobody can know what is on disk: every
// later Append fails with the same error, and only opening anew tells.
func (j *Journal) Append(expected int64, events [][]byte) (Head, error) {
	j.writing.Lock()
	defer j.writing.Unlock()
	head := j.Head()
	switch {
	case j.failed != nil:
		return head, j.failed
	case j.options.ReadOnly:
		return head, ErrReadOnly
	case expected != head.Size:
		return head, fmt.Errorf("%w: it has %d entries, expected %d", ErrHeadMoved, head.Size, expected)
	case len(events) == 0:
		return head, nil
	}
	next, written, err := j.block(events)
	if err != nil {
		j.failed = fmt.Errorf("journal: no block can be appended after %w", err)
		return head, j.failed
	}
	j.now.Store(next)
	j.tip = next.edge
	j.checkpointer.wrote(written)
	return next.head, nil
}

// block hashes and writes events. It returns what is durable then, and about
// how many bytes went to the WAL.
func (j *Journal) block(events [][]byte) (*durable, int64, error) {
	j.seeds = slices.Grow(j.seeds[:0], len(events)*len(Hash{}))[:len(events)*len(Hash{})]
	if _, err := io.ReadFull(j.options.Rand, j.seeds); err != nil {
		return nil, 0, fmt.Errorf("drawing seeds: %w", err)
	}
	e := j.tip.clone()
	rows := make([]entryRow, len(events))
	clear(j.done)
	j.done = j.done[:0]
	var written int64
	for i, event := range events {
		r := &rows[i]
		r.index, r.seed, r.event = e.size, j.seeds[i*len(Hash{}):][:len(Hash{})], event
		var err error
		if r.leaf, err = j.hasher.leafHash(event, Hash(r.seed)); err != nil {
			return nil, 0, fmt.Errorf("entry %d: %w", r.index, err)
		}
		r.crc = entryCRC(r.index, r.seed, event)
		j.done = e.add(r.leaf, j.done)
		written += int64(len(event)) + 128
	}
	head := Head{e.size, e.root()}
	checkpoint, err := signCheckpoint(head, signer{j.options.Origin, j.options.Key})
	if err != nil {
		return nil, 0, err
	}
	if err := j.store.block(rows, j.done, head, checkpoint); err != nil {
		return nil, 0, err
	}
	// A mirror that cannot be written could not tell of a loss later.
	if _, err := j.mirror.WriteAt(checkpoint, 0); err != nil {
		return nil, 0, fmt.Errorf("writing the file %s: %w", mirrorFile, err)
	}
	const pages = 5 * 4096 // the head, and what is written twice as it fills up
	return &durable{head, checkpoint, e}, written + pages + int64(len(j.done))*tileBytes, nil
}
