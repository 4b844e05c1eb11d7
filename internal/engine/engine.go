// Package engine runs an airspace on a journal: one writer decides commands one
// after the other, a committer makes them durable block by block, and nobody is
// told anything before what it rests on is durable.
//
// The state in memory runs ahead of the journal by at most two blocks: the one
// that is being synced and the one that is being decided. Every answer, a
// refusal or a read too, waits for the block it rests on. When an append fails
// the state is ahead of the journal for good, so the engine stops and a restart
// replays.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/hub"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/world"
)

// Errors of Submit and Read. Whoever gets ErrOverloaded or ErrClosed knows that
// nothing was done. With ErrStopped it is unknown, and stays so until the node
// runs again and is asked.
var (
	ErrOverloaded = errors.New("too many commands are waiting")
	ErrClosed     = errors.New("the node is shutting down")
	ErrStopped    = errors.New("the node stopped: its journal failed, and what became of the command is unknown")
)

// Defaults of Config.
const (
	DefaultBatchMax      = 256
	DefaultQueueMax      = 4096
	DefaultSnapshotEvery = 250_000
)

// Config says how an Engine runs.
type Config struct {
	Dir     string          // data directory
	Journal journal.Options // of Dir's journal

	// BaseURL is where the node serves what other USSs ask of its intents.
	BaseURL string

	Now           func() time.Time // nil: time.Now
	BatchMax      int              // commands in a block at most; 0: DefaultBatchMax
	QueueMax      int              // commands waiting at most; 0: DefaultQueueMax
	SnapshotEvery int64            // entries between snapshots; 0: DefaultSnapshotEvery

	Log      *slog.Logger // nil: none
	OnFatal  func(error)  // told once, from a goroutine of its own, that the journal failed; nil: nobody
	OnCommit func(Commit) // told of each durable block, by the committer: must return at once; nil: nobody
	// OnWritten is told of the events of each durable block, in order, by the
	// committer: must return soon and change nothing; nil: nobody.
	OnWritten func(Written)
}

// Written is what OnWritten is told.
type Written struct {
	First  int64         // journal index of the first event
	Events []world.Event // as they were decided
	Texts  [][]byte      // as the journal holds them
}

// Commit is what OnCommit is told.
type Commit struct {
	Size    int64         // of the journal with the block
	Entries int           // in the block
	Answers int           // that the block released: those of its entries, refusals and repeats
	Took    time.Duration // of the append with its sync
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.BatchMax <= 0 {
		c.BatchMax = DefaultBatchMax
	}
	if c.QueueMax <= 0 {
		c.QueueMax = DefaultQueueMax
	}
	if c.SnapshotEvery <= 0 {
		c.SnapshotEvery = DefaultSnapshotEvery
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// store is what the engine needs of a journal.
type store interface {
	Append(expected int64, events [][]byte) (journal.Head, error)
	Head() journal.Head
	Read(ctx context.Context, from, to int64, fn func(journal.Record) error) error
	ProveConsistency(ctx context.Context, from, to int64) ([]journal.Hash, error)
	Close() error
}

// Engine is a running airspace. Its methods may be called at the same time.
type Engine struct {
	cfg       Config
	store     store
	hub       *hub.Hub
	snapshots snapshots

	queue  *queue      // to the writer
	blocks chan *block // from the writer to the committer; not buffered, so that a block grows until it is taken

	closing chan struct{} // closed: nothing new is taken in
	failed  chan struct{} // closed: the journal failed, see failure
	exited  chan struct{} // closed: writer and committer are gone
	close   func()
	finish  func() error
	failure error

	mu      sync.RWMutex // guards the four below; only the writer changes them
	state   *world.State
	size    int64    // entries that state holds
	last    *block   // holds the newest of them
	flights []flight // the entries that may not be durable yet, oldest first

	scratch []byte // of the writer, for one command

	timeNS atomic.Int64 // latest time given out
	counts counts
}

// Open starts an engine on a data directory: it loads the newest good snapshot
// and replays what the journal holds beyond it.
//
// It refuses a journal with an entry that it cannot read, naming index and
// version: then no part of the state is used. It refuses an intact snapshot
// that the journal contradicts, since that journal has lost entries that
// somebody was told of.
func Open(ctx context.Context, cfg Config) (*Engine, error) {
	j, err := journal.Open(cfg.Dir, cfg.Journal)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	e, err := open(ctx, cfg, j)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return e, nil
}

func open(ctx context.Context, cfg Config, s store) (*Engine, error) {
	cfg = cfg.withDefaults()
	e := &Engine{
		cfg:       cfg,
		store:     s,
		hub:       hub.New(),
		snapshots: snapshots{dir: filepath.Join(cfg.Dir, snapshotDir), origin: cfg.Journal.Origin, log: cfg.Log},
		queue:     newQueue(cfg.QueueMax),
		blocks:    make(chan *block),
		closing:   make(chan struct{}),
		failed:    make(chan struct{}),
		exited:    make(chan struct{}),
	}
	e.close = sync.OnceFunc(func() { close(e.closing) })
	e.finish = sync.OnceValue(e.finishOnce)
	r, err := recoverState(ctx, s, &e.snapshots)
	if err != nil {
		return nil, err
	}
	e.state, e.size = r.state, r.size
	e.timeNS.Store(r.lastNS)
	if ahead := time.Unix(0, r.lastNS).Sub(cfg.Now()); ahead > time.Minute {
		cfg.Log.Warn("the clock is behind the journal: the node's time stands still until the clock catches up",
			"behind", ahead.Round(time.Second).String())
	}
	e.last = &block{done: make(chan struct{})}
	close(e.last.done)
	e.hub.Publish(e.size)
	go e.run()
	return e, nil
}

// run ends when the engine is closed or its journal failed.
func (e *Engine) run() {
	defer close(e.exited)
	committed := make(chan struct{})
	go func() {
		defer close(committed)
		e.commit()
	}()
	e.write()
	<-committed
	e.hub.Close()
}

// Close takes in nothing more, decides what waits, makes it durable, writes a
// snapshot and closes the journal. When ctx ends before the last command is
// durable, Close returns its error and may be called again; what is durable is
// whole at any time.
func (e *Engine) Close(ctx context.Context) error {
	e.close()
	select {
	case <-e.exited:
		return e.finish()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finishOnce needs that writer and committer are gone.
func (e *Engine) finishOnce() error {
	e.snapshots.wait()
	if e.hasFailed() {
		return errors.Join(e.failure, e.store.Close())
	}
	if head := e.store.Head(); head.Size != e.snapshots.newest.Load() {
		e.snapshots.write(e.state.Freeze(), head, e.timeNS.Load())
	}
	return e.store.Close()
}

// fail stops everything. The committer calls it, once.
func (e *Engine) fail(err error) {
	e.failure = fmt.Errorf("appending to the journal: %w", err)
	close(e.failed)
	e.cfg.Log.Error("the journal failed, the node stops", "error", err)
	if e.cfg.OnFatal != nil {
		go e.cfg.OnFatal(e.failure)
	}
}

func (e *Engine) hasFailed() bool {
	select {
	case <-e.failed:
		return true
	default:
		return false
	}
}

// NowNS is the node's time in nanoseconds since 1970. It never runs back.
func (e *Engine) NowNS() int64 { return e.now() }

// now is the node's time in nanoseconds since 1970: the clock, but never before
// a time that was given out or that stands in the journal.
func (e *Engine) now() int64 {
	ns := e.cfg.Now().UnixNano()
	for {
		latest := e.timeNS.Load()
		if ns <= latest {
			return latest
		}
		if e.timeNS.CompareAndSwap(latest, ns) {
			return ns
		}
	}
}

// request is a command on its way through the writer.
type request struct {
	ctx    context.Context
	party  party.ID // whose it is: parties take turns
	urgent bool     // before all that is not
	random [32]byte // for what is new by it; zero where nothing is
	decide func(*world.State, event.Env) ([]world.Event, error)

	claimed atomic.Bool // by the writer, or by a caller who goes away
	receipt int64
	written written
	err     error         // of decide
	block   *block        // what the answer rests on; nil when nothing was decided
	done    chan struct{} // closed once the three above may be read
}

// written are the events that were decided, and those that followed from them.
type written struct {
	texts  [][]byte
	events []world.Event
}

// Submit has a command decided and returns its result once that is durable,
// with the journal index of its event, or -1 when it changed nothing.
//
// Errors are the command's own *airspace.Refusal, durable as well; ErrOverloaded
// and ErrClosed; ErrStopped; and that of ctx, if it ended before the command was
// decided, which then never will be. After that Submit does not heed ctx, as
// the outcome is near.
func Submit[R any](ctx context.Context, e *Engine, cmd airspace.Command[R]) (R, int64, error) {
	var result, none R
	r := &request{ctx: ctx, party: cmd.Party(), receipt: -1, done: make(chan struct{})}
	r.decide = func(st *world.State, env event.Env) ([]world.Event, error) {
		ev, res, err := cmd.Decide(st.Airspace, airspace.Env{NowNS: env.NowNS})
		if result = res; ev == nil || err != nil {
			return nil, err
		}
		return []world.Event{ev}, nil
	}
	if err := e.submit(r); err != nil {
		return none, -1, err
	}
	return result, r.receipt, r.err
}

// submit returns nil when r was decided and what it rests on is durable.
func (e *Engine) submit(r *request) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	select {
	case <-e.failed:
		return ErrStopped
	case <-e.closing:
		return ErrClosed
	default:
	}
	if !e.queue.push(r) {
		e.counts.overloaded.Add(1)
		return ErrOverloaded
	}
	select {
	case <-r.done:
	case <-e.exited:
	case <-r.ctx.Done():
		if r.claimed.CompareAndSwap(false, true) {
			e.counts.dropped.Add(1)
			return r.ctx.Err()
		}
		select {
		case <-r.done:
		case <-e.exited:
		}
	}
	select {
	case <-r.done:
	default: // the writer left before it came to r
		if e.hasFailed() {
			return ErrStopped
		}
		return ErrClosed
	}
	if r.block == nil {
		return r.err
	}
	return r.block.err
}

// Read runs fn on the state and returns when what fn saw is durable. fn must
// copy out what it needs, change nothing, do no input or output, and be quick:
// it holds up the writer. What fn copied must not be used when Read returns an
// error: ErrStopped, ErrClosed, or that of ctx.
func (e *Engine) Read(ctx context.Context, fn func(st *airspace.State, nowNS int64)) error {
	return e.ReadWorld(ctx, func(st *world.State, nowNS int64) { fn(st.Airspace, nowNS) })
}

// ReadWorld is Read for who looks beyond the airspace.
func (e *Engine) ReadWorld(ctx context.Context, fn func(st *world.State, nowNS int64)) error {
	select {
	case <-e.closing:
		return ErrClosed
	default:
	}
	return e.look(fn).wait(ctx)
}

// ReadIn is Read for who looks at one entity or one area only: it waits only for
// what concerns that, which is seldom anything.
func (e *Engine) ReadIn(ctx context.Context, scope airspace.Scope, fn func(st *airspace.State, nowNS int64)) error {
	select {
	case <-e.closing:
		return ErrClosed
	default:
	}
	b := e.lookIn(scope, fn)
	if b == nil {
		if e.hasFailed() {
			return ErrStopped
		}
		return nil
	}
	return b.wait(ctx)
}

// look runs fn and returns the block that holds the newest entry that fn saw.
func (e *Engine) look(fn func(st *world.State, nowNS int64)) *block {
	e.mu.RLock()
	defer e.mu.RUnlock()
	fn(e.state, e.now())
	return e.last
}

// lookIn runs fn and returns the block that holds the newest entry that is not
// durable and that what fn saw in the scope may rest on; nil when there is none.
// Without those entries fn would have seen the same.
func (e *Engine) lookIn(scope airspace.Scope, fn func(st *airspace.State, nowNS int64)) *block {
	e.mu.RLock()
	defer e.mu.RUnlock()
	fn(e.state.Airspace, e.now())
	for i := len(e.flights) - 1; i >= 0; i-- {
		if f := &e.flights[i]; f.touch.Affects(scope) {
			return f.block
		}
	}
	return nil
}

// flight is an entry that was applied and may not be durable yet.
type flight struct {
	touch airspace.Touch
	block *block
}

// land forgets the entries that are durable. The writer calls it.
func (e *Engine) land() {
	landed := 0
	for landed < len(e.flights) && e.flights[landed].block.isDone() {
		landed++
	}
	if landed == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flights = slices.Delete(e.flights, 0, landed)
}

// Head returns the durable head of the journal.
func (e *Engine) Head() journal.Head { return e.store.Head() }

// Journal returns the journal, for readers.
func (e *Engine) Journal() *journal.Journal {
	j, _ := e.store.(*journal.Journal)
	return j
}

// Hub returns the hub that tells of durable entries.
func (e *Engine) Hub() *hub.Hub { return e.hub }
