package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/world"
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
	// faultPause is how long it sleeps when what is due comes to nothing, which it
	// never should. What else becomes due meanwhile is late by as much at most.
	faultPause = time.Second
)

// block is what one append makes durable, with the answers that wait for it. The
// writer fills it and then leaves it to the committer.
type block struct {
	from    int64    // size of the journal before it
	events  [][]byte // slices of text
	decided []world.Event
	text    []byte
	answers []*request

	before   *world.Image // of the state before the block; nil when no snapshot is due
	beforeNS int64        // node time that goes with it

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
	r.receipt, r.written, r.err = e.decide(b, r.random, r.decide)
	switch {
	case r.err != nil:
		e.counts.refused.Add(1)
	case r.receipt < 0:
		e.counts.repeated.Add(1)
	}
	r.block = b
	b.answers = append(b.answers, r)
}

// decide carries a command out and returns the index of its first event, or -1,
// and all that it and what followed from it wrote.
//
// What was decided is encoded, and the text held to what a start would read,
// before any of it is applied: it is written whole, to be read back, or not at
// all. What follows from it is left out where that fails. Ending the process
// would let whoever finds such an act end it as often as they like.
func (e *Engine) decide(b *block, random [32]byte, decide func(*world.State, event.Env) ([]world.Event, error)) (int64, written, error) {
	env := event.Env{NowNS: e.now(), Random: random, Node: e.cfg.Journal.Origin, BaseURL: e.cfg.BaseURL}
	if j := e.Journal(); j != nil {
		env.Journal = lookup{j}
	}
	decided, texts, err := e.guarded(decide, env)
	if err != nil || len(decided) == 0 {
		return -1, written{}, err
	}
	for _, text := range texts {
		if err := fits(text); err != nil {
			return -1, written{}, err
		}
	}
	first, from := e.size, len(b.events)
	apply := func(ev world.Event) error {
		if len(texts) == 0 {
			text, err := e.encodeFollowing(ev, env.NowNS)
			if err != nil {
				return err
			}
			texts = append(texts, text)
		}
		e.apply(b, ev, texts[0], env.NowNS)
		texts = texts[1:]
		return nil
	}
	if err := e.state.Carry(decided, env, apply); err != nil {
		e.cfg.Log.Error("what follows from a command was left out in part", "type", decided[0].Type(), "error", err)
	}
	return first, written{b.events[from:], b.decided[from:]}, nil
}

// fits refuses an event that the journal does not take: a block that cannot be
// written ends the engine.
func fits(text []byte) error {
	if n := len(text); n > journal.MaxEventBytes {
		return &airspace.Refusal{
			Kind:    airspace.Invalid,
			Message: fmt.Sprintf("the change takes %d bytes in the journal, at most %d are allowed", n, journal.MaxEventBytes),
		}
	}
	return nil
}

// encodeFollowing encodes an event that follows from a command, or says why the
// journal cannot hold it or would not give it back.
func (e *Engine) encodeFollowing(ev world.Event, nowNS int64) (text []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("encoding panicked: %v", p)
		}
	}()
	text = e.encode(ev, nowNS)
	if err := world.Readable(ev, text); err != nil {
		return nil, err
	}
	return text, fits(text)
}

// encode returns an event as the journal will hold it, valid until the next
// command is decided.
func (e *Engine) encode(ev world.Event, nowNS int64) []byte {
	start := len(e.scratch)
	e.scratch = world.Encode(e.scratch, ev, nowNS)
	return e.scratch[start:len(e.scratch):len(e.scratch)]
}

// apply adds an event to the block and changes the state by it.
func (e *Engine) apply(b *block, ev world.Event, text []byte, nowNS int64) {
	// Growing the text leaves earlier events in the array they were written to.
	start := len(b.text)
	b.text = append(b.text, text...)
	b.events = append(b.events, b.text[start:len(b.text):len(b.text)])
	b.decided = append(b.decided, ev)

	touch := e.state.Touch(ev)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flights = append(e.flights, flight{touch, b})
	e.state.Apply(ev, event.At{NS: nowNS, Index: e.size})
	e.size++
	e.last = b
}

// guarded turns a panic of one command into its error: deciding changes nothing,
// so that the other parties need not suffer. A panic while applying ends the
// process.
func (e *Engine) guarded(decide func(*world.State, event.Env) ([]world.Event, error), env event.Env) (decided []world.Event, texts [][]byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			e.cfg.Log.Error("deciding a command panicked", "panic", p, "stack", string(debug.Stack()))
			decided, texts, err = nil, nil, fmt.Errorf("deciding the command panicked: %v", p)
		}
	}()
	if decided, err = decide(e.state, env); err != nil || len(decided) == 0 {
		return nil, nil, err
	}
	e.scratch = e.scratch[:0]
	for _, ev := range decided {
		texts = append(texts, e.encode(ev, env.NowNS))
	}
	if err := e.readable(decided, texts); err != nil {
		e.cfg.Log.Error("a command was refused that the journal would not give back", "error", err)
		return nil, nil, fmt.Errorf("what was decided cannot be read back: %w", err)
	}
	return decided, texts, nil
}

// readable reports why a start would not read the events of a command.
//
// One of the airspace by itself, a command of the DSS, is not asked: what it
// holds was checked when the command was made, its form is written by hand for
// each member and held to its decoder by fuzzing, and decoding it would cost a
// third of the writer.
func (e *Engine) readable(decided []world.Event, texts [][]byte) error {
	if _, ofDomain := decided[0].(event.Event); !ofDomain && len(decided) == 1 {
		return nil
	}
	for i, ev := range decided {
		if err := world.Readable(ev, texts[i]); err != nil {
			return err
		}
	}
	return nil
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
		if !e.sweepOne(b, e.state.Overdue(e.now())) {
			return faultPause
		}
		e.counts.swept.Add(1)
	}
	return 0
}

// sweepOne carries out the first of what is due that comes to anything. It
// returns false when none does, which is a fault of the program.
func (e *Engine) sweepOne(b *block, overdue []world.Due) bool {
	for _, due := range overdue {
		var random [32]byte
		rand.Read(random[:]) // never fails
		index, _, err := e.decide(b, random, due)
		if err != nil {
			e.cfg.Log.Error("a sweep failed", "error", err)
		}
		if index >= 0 {
			return true
		}
	}
	return false
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
	if e.cfg.OnWritten != nil {
		e.cfg.OnWritten(Written{First: b.from, Events: b.decided, Texts: b.events})
	}
	if e.cfg.OnCommit != nil {
		e.cfg.OnCommit(Commit{Size: head.Size, Entries: len(b.events), Answers: len(b.answers), Took: took})
	}
	return head
}
