package engine

import (
	"sync/atomic"
	"time"
)

// counts are what Stats adds up.
type counts struct {
	blocks, entries, swept         atomic.Int64
	refused, repeated              atomic.Int64
	dropped, overloaded, appendsNS atomic.Int64
}

func (c *counts) committed(b *block, took time.Duration) {
	c.blocks.Add(1)
	c.entries.Add(int64(len(b.events)))
	c.appendsNS.Add(int64(took))
}

// Stats is a look at an Engine. Counts are since Open.
type Stats struct {
	Durable int64 // entries in the journal
	Applied int64 // entries in the state; more than Durable while a block is under way
	Waiting int   // commands in the queue
	TimeNS  int64 // node time last given out, nanoseconds since 1970

	Blocks     int64         // made durable
	Entries    int64         // in them
	AppendTime time.Duration // spent on them
	Swept      int64         // entities removed after their time
	Refused    int64         // commands
	Repeated   int64         // commands that changed nothing
	Dropped    int64         // commands whose caller went away before they were decided
	Overloaded int64         // commands turned away as too many were waiting

	Snapshots        int64 // written
	SnapshotFailures int64
	SnapshotSize     int64 // entries that the newest snapshot holds; 0 without one
}

// Stats returns what the engine did so far.
func (e *Engine) Stats() Stats {
	e.mu.RLock()
	applied := e.size
	e.mu.RUnlock()
	return Stats{
		Durable:          e.hub.Size(),
		Applied:          applied,
		Waiting:          e.queue.len(),
		TimeNS:           e.timeNS.Load(),
		Blocks:           e.counts.blocks.Load(),
		Entries:          e.counts.entries.Load(),
		AppendTime:       time.Duration(e.counts.appendsNS.Load()),
		Swept:            e.counts.swept.Load(),
		Refused:          e.counts.refused.Load(),
		Repeated:         e.counts.repeated.Load(),
		Dropped:          e.counts.dropped.Load(),
		Overloaded:       e.counts.overloaded.Load(),
		Snapshots:        e.snapshots.written.Load(),
		SnapshotFailures: e.snapshots.failures.Load(),
		SnapshotSize:     e.snapshots.newest.Load(),
	}
}
