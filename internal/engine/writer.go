package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/journal"
)

const (
	// maxBlockBytes is how much a block holds before it takes in nothing more.
	maxBlockBytes = 8 << 20
	// sweepSlice is how many entities a block sweeps at most, so that commands
	// get their turn when very many are due at once.
	sweepSlice = 64
	// longestSleep is how long the writer sleeps at most when nothing comes: a
	// clock that was set forward is noticed that late.
	longestSleep = time.Minute
)

// block is what one append makes durable, with the answers that wait for it. The
// writer fills it and then leaves it to the committer.
type block struct {
	from    int64    // size of the journal before it
	events  [][]byte // slices of text
	text    []byte
	answers []*request

	before   *airspace.Image // of the state before the block; nil when no snapshot is due
	beforeNS int64           // node time that goes with it

	err  error         // ErrStopped, or nil: durable
	done chan struct{} // closed once err may be read
}

func (b *block) empty() bool { return len(b.events) == 0 && len(b.answers) == 0 }

func (b *block) isDone() bool {
	select {
	case <-b.done:
		return true
	default:
		return false
	}
}

// wait blocks until the block is durable.
func (b *block) wait(ctx context.Context) error {
	if b.isDone() {
		return b.err
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write is the writer: the only goroutine that decides and applies.
func (e *Engine) write() {
	defer close(e.blocks)
	timer := time.NewTimer(longestSleep)
	defer timer.Stop()
	for {
		b := e.newBlock()
		if !e.begin(b, timer) {
			return
		}
		e.hand(b)
	}
}

func (e *Engine) newBlock() *block {
	e.land()
	b := &block{from: e.size, done: make(chan struct{})}
	if e.snapshots.due(e.size, e.cfg.SnapshotEvery) {
		b.before, b.beforeNS = e.state.Freeze(), e.timeNS.Load()
	}
	return b
}

// begin waits until the block has something in it, and takes in all that waits.
// It returns false when the engine ends.
func (e *Engine) begin(b *block, timer *time.Timer) bool {
	for !e.hasFailed() {
		sleep := e.sweep(b)
		e.takeIn(b)
		if !b.empty() {
			return true
		}
		timer.Reset(sleep)
		select {
		case <-e.queue.ready:
		case <-timer.C:
		case <-e.closing:
			return false
		case <-e.failed:
		}
	}
	return false
}

// takeIn decides what waits, as far as the block has room.
func (e *Engine) takeIn(b *block) {
	for e.hasRoom(b) {
		r := e.queue.pop()
		if r == nil {
			return
		}
		e.answer(b, r)
	}
}

// hand gives the block to the committer. While that is busy, the block grows.
func (e *Engine) hand(b *block) {
	for e.hasRoom(b) {
		select {
		case e.blocks <- b:
			return
		case <-e.queue.ready:
			e.takeIn(b)
		}
	}
	e.blocks <- b
}

func (e *Engine) hasRoom(b *block) bool {
	return len(b.answers) < e.cfg.BatchMax && len(b.text) < maxBlockBytes
}

// answer decides a request. Its answer goes with the block even when it adds
// nothing to it, since it may rest on what the block holds before it.
func (e *Engine) answer(b *block, r *request) {
	if e.hasFailed() || !r.claimed.CompareAndSwap(false, true) {
		return
	}
	if r.err = r.ctx.Err(); r.err != nil {
		e.counts.dropped.Add(1)
		close(r.done)
		return
	}
	r.receipt, r.err = e.decide(b, r.decide)
	switch {
	case r.err != nil:
		e.counts.refused.Add(1)
	case r.receipt < 0:
		e.counts.repeated.Add(1)
	}
	r.block = b
	b.answers = append(b.answers, r)
}

// decide carries a command out and returns the index of its event, or -1.
func (e *Engine) decide(b *block, decide func(*airspace.State, airspace.Env) (airspace.Event, error)) (int64, error) {
	nowNS := e.now()
	ev, err := e.guarded(decide, airspace.Env{NowNS: nowNS})
	if ev == nil || err != nil {
		return -1, err
	}
	start := len(b.text)
	text := airspace.Encode(b.text, ev, nowNS)
	if n := len(text) - start; n > journal.MaxEventBytes {
		return -1, &airspace.Refusal{
			Kind:    airspace.Invalid,
			Message: fmt.Sprintf("the change takes %d bytes in the journal, at most %d are allowed", n, journal.MaxEventBytes),
		}
	}
	// Growing the text leaves earlier events in the array they were written to.
	b.text = text
	b.events = append(b.events, text[start:len(text):len(text)])

	touch := e.state.Touch(ev)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flights = append(e.flights, flight{touch, b})
	index := e.size
	e.state.Apply(ev, airspace.At{NS: nowNS, Index: index})
	e.size++
	e.last = b
	return index, nil
}

// guarded turns a panic of one command into its error: deciding changes nothing,
// so that the other parties need not suffer. A panic while applying ends the
// process.
func (e *Engine) guarded(decide func(*airspace.State, airspace.Env) (airspace.Event, error), env airspace.Env) (ev airspace.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			e.cfg.Log.Error("deciding a command panicked", "panic", p, "stack", string(debug.Stack()))
			ev, err = nil, fmt.Errorf("deciding the command panicked: %v", p)
		}
	}()
	return decide(e.state, env)
}

// sweep carries out what is due, in a bounded slice, and returns how long nothing
// more will be.
func (e *Engine) sweep(b *block) time.Duration {
	for range sweepSlice {
		dueNS, ok := e.state.Deadline()
		if !ok {
			return longestSleep
		}
		if wait := time.Duration(dueNS - e.now()); wait > 0 {
			return min(wait, longestSleep)
		}
		index, err := e.decide(b, func(st *airspace.State, env airspace.Env) (airspace.Event, error) {
			ev, _, err := airspace.Sweep{NewVersion: rand.Text()}.Decide(st, env)
			return ev, err
		})
		if err != nil {
			e.cfg.Log.Error("a sweep failed", "error", err)
		}
		if index < 0 {
			return longestSleep
		}
		e.counts.swept.Add(1)
	}
	return 0
}

// commit is the committer: it makes block after block durable and releases the
// answers. After a failure no answer is given any more.
func (e *Engine) commit() {
	head := e.store.Head()
	for b := range e.blocks {
		if b.before != nil && e.failure == nil {
			e.snapshots.writeAside(b.before, head, b.beforeNS)
		}
		if len(b.events) > 0 && e.failure == nil {
			head = e.append(b)
		}
		if e.failure != nil {
			b.err = ErrStopped
		}
		close(b.done)
		for _, r := range b.answers {
			close(r.done)
		}
	}
}

// append makes a block durable and publishes it, or fails the engine.
func (e *Engine) append(b *block) journal.Head {
	start := time.Now()
	head, err := e.store.Append(b.from, b.events)
	took := time.Since(start)
	if want := b.from + int64(len(b.events)); err == nil && head.Size != want {
		err = fmt.Errorf("its size is %d after a block that should have made it %d", head.Size, want)
	}
	if err != nil {
		e.fail(err)
		return head
	}
	e.counts.committed(b, took)
	e.hub.Publish(head.Size)
	if e.cfg.OnCommit != nil {
		e.cfg.OnCommit(Commit{Size: head.Size, Entries: len(b.events), Answers: len(b.answers), Took: took})
	}
	return head
}
