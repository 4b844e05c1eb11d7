package journal

import (
	"context"
	"sync"
)

// walTarget is about how many bytes lie in the WAL when it is copied into the
// database (SQLite calls that a checkpoint). Once all is copied the WAL starts
// over, so it stays a little above the target: 3,000 blocks of 32 entries, 78 MB
// in all, and a target of 8 MiB had it grow to 8.7 MB. Each new start costs the
// writer one fsync of the database, measured at 7 to 15 ms on a disk where one of
// the WAL takes 0.5 ms, as the file has grown; so the target is as large as a
// start after a crash lets it be, which reads the whole WAL.
const walTarget = 32 << 20

// walCheckpointer copies the WAL beside the writer.
type walCheckpointer struct {
	j       *Journal
	wake    chan struct{}
	quit    chan struct{}
	stopped sync.WaitGroup
	target  int64
	pending int64 // bytes since the WAL started over; guarded by j.writing
}

func startCheckpointer(j *Journal) *walCheckpointer {
	c := &walCheckpointer{j: j, wake: make(chan struct{}, 1), quit: make(chan struct{}), target: walTarget}
	c.stopped.Go(c.run)
	return c
}

// stop waits for the copying to end.
func (c *walCheckpointer) stop() {
	close(c.quit)
	c.stopped.Wait()
}

// wrote counts what a block added. The caller holds j.writing.
func (c *walCheckpointer) wrote(bytes int64) {
	c.pending += bytes
	if c.pending < c.target {
		return
	}
	c.pending = 0
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *walCheckpointer) run() {
	for {
		select {
		case <-c.quit:
			return
		case <-c.wake:
			c.restart()
		}
	}
}

// restart copies the WAL and has it start over. Most is copied while blocks are
// appended. What was appended meanwhile is copied while the writer waits: by
// then it is little. The writer also waits for readers that began before, which
// read no more than a portion; after 50 ms (the timeout of the connection) the
// WAL grows instead, and a quarter of the target later it is tried again.
func (c *walCheckpointer) restart() {
	const few = 256 // pages, 1 MiB
	for range 3 {
		left, _, err := c.j.store.copyWAL("PASSIVE")
		if err != nil {
			c.fail(err)
			return
		}
		if left <= few {
			break
		}
	}
	c.j.writing.Lock()
	_, hindered, err := c.j.store.copyWAL("RESTART")
	if hindered {
		c.pending = max(c.pending, c.target-c.target/4)
	}
	c.j.writing.Unlock()
	if err != nil {
		c.fail(err)
	}
}

// fail poisons the journal: a database that cannot be written cannot be trusted
// to be read.
func (c *walCheckpointer) fail(err error) {
	c.j.writing.Lock()
	defer c.j.writing.Unlock()
	if c.j.failed == nil {
		c.j.failed = err
	}
}

// copyWAL copies what it can. It returns how many pages are left, and whether
// readers kept it from its end.
func (s *store) copyWAL(mode string) (left int64, hindered bool, err error) {
	var busy, inLog, copied int64
	err = s.backup.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &inLog, &copied)
	if err != nil {
		return 0, false, s.fault("copying the WAL", err)
	}
	return inLog - copied, busy != 0, nil
}

// emptyWAL copies everything and cuts the WAL to nothing.
func (s *store) emptyWAL() error {
	_, _, err := s.copyWAL("TRUNCATE")
	return err
}
