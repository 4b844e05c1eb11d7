package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/deconflict/deconflict/internal/journal"
	"golang.org/x/mod/sumdb/tlog"
)

// disk is what is left of a journal when its process dies.
type disk struct {
	mu     sync.Mutex
	events [][]byte
}

// outcome is what becomes of an append.
type outcome int

const (
	synced        outcome = iota
	diedUnwritten         // the process dies, nothing is on disk
	diedWritten           // the process dies, all is on disk
)

var errDied = errors.New("the disk died")

// fault is how a diskJournal is broken, to see whether the tests notice.
type fault int

const (
	none         fault = iota
	earlyAnswer        // an append returns before its sync, which comes with the next append
	forgetsLast        // opening finds all but the newest entry
	repeatsBlock       // the block of an append that died is on disk twice
)

// diskJournal is a journal on a disk that forgets all that was not synced. Its
// appends take time, during which everybody else runs on as far as they can
// (tests run it in a bubble of testing/synctest).
type diskJournal struct {
	disk    *disk
	next    func() outcome
	takes   time.Duration
	fault   fault
	mu      sync.Mutex
	written [][]byte // more than the disk has only while an append is under way
	died    bool
}

func (d *disk) open(next func() outcome, takes time.Duration, f fault) *diskJournal {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f == forgetsLast && len(d.events) > 0 {
		d.events = d.events[:len(d.events)-1]
	}
	return &diskJournal{disk: d, next: next, takes: takes, fault: f, written: bytesOf(d.events)}
}

func bytesOf(events [][]byte) [][]byte {
	list := make([][]byte, len(events))
	for i, e := range events {
		list[i] = bytes.Clone(e)
	}
	return list
}

// Append is one write and one sync.
func (j *diskJournal) Append(expected int64, events [][]byte) (journal.Head, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.died {
		return journal.Head{}, errDied
	}
	if expected != int64(len(j.written)) {
		return headOf(j.written), journal.ErrHeadMoved
	}
	if j.fault == earlyAnswer {
		j.sync() // what the last append left out
	}
	time.Sleep(j.takes)
	block := bytesOf(events)
	j.written = append(j.written, block...)
	result := j.next()
	if result == synced && j.fault == earlyAnswer {
		return headOf(j.written), nil
	}
	if result != diedUnwritten {
		if result == diedWritten && j.fault == repeatsBlock {
			j.written = append(j.written, block...)
		}
		j.sync()
	}
	time.Sleep(j.takes)
	if result != synced {
		j.died = true
		return journal.Head{}, errDied
	}
	return headOf(j.written), nil
}

func (j *diskJournal) sync() {
	j.disk.mu.Lock()
	defer j.disk.mu.Unlock()
	j.disk.events = append(j.disk.events[:0:0], j.written...)
}

func (j *diskJournal) Head() journal.Head {
	j.disk.mu.Lock()
	defer j.disk.mu.Unlock()
	return headOf(j.disk.events)
}

func (j *diskJournal) ProveConsistency(_ context.Context, from, to int64) ([]journal.Hash, error) {
	j.disk.mu.Lock()
	defer j.disk.mu.Unlock()
	if from == to {
		return nil, nil
	}
	proof, err := tlog.ProveTree(to, from, treeOf(j.disk.events))
	list := make([]journal.Hash, len(proof))
	for i := range proof {
		list[i] = journal.Hash(proof[i])
	}
	return list, err
}

func (j *diskJournal) Read(ctx context.Context, from, to int64, fn func(journal.Record) error) error {
	j.disk.mu.Lock()
	events := bytesOf(j.disk.events[from:to])
	j.disk.mu.Unlock()
	for i, event := range events {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := fn(journal.Record{Index: from + int64(i), Event: event})
		clear(event) // what is handed out is only lent
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *diskJournal) Close() error { return nil }

// hashes are all the hashes of a tree, as package tlog numbers them.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(h)) {
			return nil, fmt.Errorf("hash %d asked of a tree of %d", index, len(h))
		}
		list[i] = h[index]
	}
	return list, nil
}

// treeOf returns the tree of the events themselves, without salts.
func treeOf(events [][]byte) hashes {
	var tree hashes
	for i, e := range events {
		more, err := tlog.StoredHashes(int64(i), e, tree)
		if err != nil {
			panic(err)
		}
		tree = append(tree, more...)
	}
	return tree
}

func headOf(events [][]byte) journal.Head {
	root, err := tlog.TreeHash(int64(len(events)), treeOf(events))
	if err != nil {
		panic(err)
	}
	return journal.Head{Size: int64(len(events)), Root: journal.Hash(root)}
}
