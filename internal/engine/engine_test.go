package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/party"
)

// set is a command about the availability of one of a few parties. It tells what
// it was decided against, so that a test can hold the answer against the
// journal. An empty NewVersion changes nothing.
type set airspace.SetAvailability

// seen is the version of each party's availability: with versions that are used
// once, it tells exactly which entries somebody has seen.
type seen [4]string

func partyOf(i int) party.ID { return party.ID("uss" + strconv.Itoa(i)) }

func see(st *airspace.State) (s seen) {
	for i := range s {
		s[i] = st.Availability(partyOf(i)).Version
	}
	return s
}

func (c set) Party() party.ID { return c.By }

func (c set) Decide(st *airspace.State, env airspace.Env) (airspace.Event, seen, error) {
	if c.NewVersion == "" {
		return nil, see(st), nil
	}
	ev, _, err := airspace.SetAvailability(c).Decide(st, env)
	return ev, see(st), err
}

func change(i int, old, version string) set {
	return set{By: "arbiter", USS: partyOf(i), OldVersion: old, NewVersion: version, Availability: airspace.Down}
}

// always is a disk that never fails.
func always() outcome { return synced }

func start(t *testing.T, cfg Config, j store) *Engine {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	e, err := open(t.Context(), cfg, j)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func stop(t *testing.T, e *Engine) {
	t.Helper()
	if err := e.Close(context.Background()); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// answers collects the errors that callers got.
type answers struct {
	mu  sync.Mutex
	by  map[string]error
	all sync.WaitGroup
}

// ask lets a caller of its own ask, and lets everybody go as far as they can.
func (a *answers) ask(name string, f func() error) {
	a.all.Go(func() {
		err := f()
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.by == nil {
			a.by = map[string]error{}
		}
		a.by[name] = err
	})
	synctest.Wait()
}

// now returns the answers so far.
func (a *answers) now() map[string]error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.by)
}

func (a *answers) wait() map[string]error {
	a.all.Wait()
	return a.now()
}

func TestReceiptsAreJournalIndices(t *testing.T) {
	d := &disk{}
	e := start(t, Config{}, d.open(always, 0, none))
	version := ""
	for i := range 5 {
		next := fmt.Sprint("v", i)
		_, receipt, err := Submit(t.Context(), e, change(0, version, next))
		if receipt != int64(i) || err != nil {
			t.Fatalf("write %d: receipt %d, error %v", i, receipt, err)
		}
		if size := e.Hub().Size(); size < receipt+1 {
			t.Errorf("hub says %d after receipt %d", size, receipt)
		}
		version = next
	}
	var refusal *airspace.Refusal
	if _, receipt, err := Submit(t.Context(), e, change(0, "old", "new")); receipt != -1 || !errors.As(err, &refusal) || refusal.Kind != airspace.StaleVersion {
		t.Errorf("stale write: receipt %d, error %v", receipt, err)
	}
	if got, receipt, err := Submit(t.Context(), e, set{}); receipt != -1 || err != nil || got[0] != "v4" {
		t.Errorf("repeat: %v, receipt %d, error %v", got, receipt, err)
	}
	if s := e.Stats(); s.Durable != 5 || s.Applied != 5 || s.Entries != 5 || s.Refused != 1 || s.Repeated != 1 {
		t.Errorf("stats: %+v", s)
	}
	stop(t, e)

	e = start(t, Config{}, d.open(always, 0, none))
	var got seen
	if err := e.Read(t.Context(), func(st *airspace.State, _ int64) { got = see(st) }); err != nil || got[0] != "v4" {
		t.Errorf("after a restart: %v, %v", got, err)
	}
	stop(t, e)
}

// While one block is synced the next is decided; all that comes meanwhile goes
// into it.
func TestBlocksGrowWhileTheDiskIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var blocks []int
		cfg := Config{BatchMax: 8, OnCommit: func(c Commit) { blocks = append(blocks, c.Entries) }}
		e := start(t, cfg, (&disk{}).open(always, time.Millisecond, none))
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if _, _, err := Submit(t.Context(), e, airspace.FileReport{By: "uss1", Report: fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		if fmt.Sprint(blocks) != "[1 8 8 3]" {
			t.Errorf("blocks of %v entries, want 1, then as many as fit", blocks)
		}
		stop(t, e)
	})
}

// No answer, be it of a write, a refusal, a repeat or a read, comes before what
// it rests on is durable.
func TestAnswersWaitForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		e := start(t, Config{}, d.open(always, time.Hour, none))
		var a answers
		a.ask("before", func() error { return e.Read(t.Context(), func(*airspace.State, int64) {}) })
		if _, ok := a.now()["before"]; !ok {
			t.Error("a read of what is durable waits")
		}
		a.ask("write", func() error { _, _, err := Submit(t.Context(), e, change(0, "", "a")); return err })
		a.ask("refusal", func() error { _, _, err := Submit(t.Context(), e, change(0, "", "b")); return err })
		a.ask("repeat", func() error { _, _, err := Submit(t.Context(), e, set{}); return err })
		a.ask("read", func() error {
			return e.Read(t.Context(), func(st *airspace.State, _ int64) {
				if see(st)[0] != "a" {
					t.Error("the read does not see what was decided")
				}
			})
		})
		time.Sleep(time.Hour + time.Minute) // written, not yet synced for good
		synctest.Wait()
		if early := a.now(); len(early) != 1 {
			t.Errorf("answered before the sync: %v", early)
		}
		for name, err := range a.wait() {
			if refused := errors.As(err, new(*airspace.Refusal)); refused != (name == "refusal") || err != nil && !refused {
				t.Errorf("%s: %v", name, err)
			}
		}
		stop(t, e)
	})
}

func TestAWaitingReadEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := start(t, Config{}, (&disk{}).open(always, time.Hour, none))
		go Submit(t.Context(), e, change(0, "", "a"))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := e.Read(ctx, func(*airspace.State, int64) {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline", err)
		}
		stop(t, e)
	})
}

// Overload is told before anything is decided.
func TestAFullQueueRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		e := start(t, Config{BatchMax: 1, QueueMax: 3}, d.open(always, time.Second, none))
		var a answers
		for i := range 10 {
			a.ask(fmt.Sprint(i), func() error {
				_, _, err := Submit(t.Context(), e, airspace.FileReport{By: "uss1", Report: fmt.Sprint(i)})
				return err
			})
		}
		overloaded := 0
		for name, err := range a.wait() {
			if errors.Is(err, ErrOverloaded) {
				overloaded++
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		// One is being synced, one is decided and full, three wait.
		if overloaded != 5 || len(d.events) != 5 || e.Stats().Overloaded != 5 {
			t.Errorf("%d refused, %d written, want 5 and 5", overloaded, len(d.events))
		}
		stop(t, e)
	})
}

// A command whose caller goes away before it is decided is never written; one
// that was decided is answered.
func TestCallersWhoGoAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		e := start(t, Config{BatchMax: 1}, d.open(always, time.Second, none))
		var a answers
		for _, name := range []string{"syncing", "decided", "waiting"} {
			a.ask(name, func() error {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				_, _, err := Submit(ctx, e, airspace.FileReport{By: "uss1", Report: name})
				return err
			})
		}
		errs := a.wait()
		stop(t, e)
		if errs["syncing"] != nil || errs["decided"] != nil || !errors.Is(errs["waiting"], context.DeadlineExceeded) {
			t.Errorf("errors %v", errs)
		}
		if len(d.events) != 2 || e.Stats().Dropped != 1 {
			t.Errorf("%d written, %d dropped, want 2 and 1", len(d.events), e.Stats().Dropped)
		}
		if _, _, err := Submit(cancelled(), e, set{}); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want that of the context", err)
		}
	})
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// When the disk fails, everybody who waits learns that the outcome is unknown,
// and nothing is decided any more.
func TestAFailedAppendStopsTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		died := false
		next := func() outcome {
			if died {
				t.Error("an append after one that failed")
			}
			died = true
			return diedUnwritten
		}
		var fatal []error
		e := start(t, Config{OnFatal: func(err error) { fatal = append(fatal, err) }}, (&disk{}).open(next, time.Second, none))
		errs := make([]error, 4)
		var all sync.WaitGroup
		all.Go(func() { _, _, errs[0] = Submit(t.Context(), e, change(0, "", "a")) })
		synctest.Wait()
		all.Go(func() { _, _, errs[1] = Submit(t.Context(), e, change(1, "", "b")) })
		all.Go(func() { _, _, errs[2] = Submit(t.Context(), e, change(0, "wrong", "c")) })
		all.Go(func() { errs[3] = e.Read(t.Context(), func(*airspace.State, int64) {}) })
		all.Wait()
		synctest.Wait()
		for i, err := range errs {
			if !errors.Is(err, ErrStopped) {
				t.Errorf("answer %d: %v, want ErrStopped", i, err)
			}
		}
		if _, _, err := Submit(t.Context(), e, set{}); !errors.Is(err, ErrStopped) {
			t.Errorf("a later command: %v, want ErrStopped", err)
		}
		if err := e.Read(t.Context(), func(*airspace.State, int64) {}); !errors.Is(err, ErrStopped) {
			t.Errorf("a later read: %v, want ErrStopped", err)
		}
		if len(fatal) != 1 || !errors.Is(fatal[0], errDied) {
			t.Errorf("OnFatal got %v, want the disk's error once", fatal)
		}
		if err := e.Close(t.Context()); !errors.Is(err, errDied) {
			t.Errorf("Close: %v, want the disk's error", err)
		}
		if _, err := e.Hub().Wait(t.Context(), 0); err == nil {
			t.Error("the hub tells of an entry that is not durable")
		}
	})
}

// Close answers everybody who waits, and turns away who comes later.
func TestCloseAnswersWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		e := start(t, Config{BatchMax: 2}, d.open(always, time.Second, none))
		var all sync.WaitGroup
		for i := range 9 {
			all.Go(func() {
				if _, _, err := Submit(t.Context(), e, airspace.FileReport{By: "uss1", Report: fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := e.Close(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v, want the deadline", err)
		}
		if _, _, err := Submit(t.Context(), e, set{}); !errors.Is(err, ErrClosed) {
			t.Errorf("a command while closing: %v, want ErrClosed", err)
		}
		stop(t, e)
		all.Wait()
		stop(t, e) // again
		if len(d.events) != 9 {
			t.Errorf("%d written, want 9", len(d.events))
		}
		if err := e.Read(t.Context(), func(*airspace.State, int64) {}); !errors.Is(err, ErrClosed) {
			t.Errorf("a read after Close: %v, want ErrClosed", err)
		}
	})
}

// Time never runs back: not with the clock, and not over a restart.
func TestTimeNeverRunsBack(t *testing.T) {
	d := &disk{}
	clock := time.Date(2031, 5, 4, 12, 0, 0, 0, time.UTC)
	cfg := Config{Now: func() time.Time { return clock }, Dir: t.TempDir()}
	read := func(e *Engine) (now int64) {
		t.Helper()
		if err := e.Read(t.Context(), func(_ *airspace.State, nowNS int64) { now = nowNS }); err != nil {
			t.Fatal(err)
		}
		return now
	}
	noon := clock.UnixNano()
	for range 2 {
		e := start(t, cfg, d.open(always, 0, none))
		if _, _, err := Submit(t.Context(), e, airspace.FileReport{By: "uss1", Report: "r"}); err != nil {
			t.Fatal(err)
		}
		if now := read(e); now != noon {
			t.Errorf("time %d, want noon %d", now, noon)
		}
		stop(t, e)
		clock = clock.Add(-time.Hour)
	}
	clock = time.Unix(0, noon).Add(time.Second)
	e := start(t, cfg, d.open(always, 0, none))
	if now := read(e); now != noon+int64(time.Second) {
		t.Errorf("time %d, want that of the clock again", now)
	}
	stop(t, e)
	for i, event := range d.events {
		if _, ns, err := airspace.Decode(event); ns != noon || err != nil {
			t.Errorf("entry %d: time %d, error %v, want %d", i, ns, err, noon)
		}
	}
}

type panics struct{}

func (panics) Party() party.ID { return "uss1" }

func (panics) Decide(*airspace.State, airspace.Env) (airspace.Event, int, error) { panic("boom") }

// A command that cannot be decided for a fault of the program is its caller's
// trouble alone.
func TestAPanicWhileDecidingHurtsNobodyElse(t *testing.T) {
	e := start(t, Config{}, (&disk{}).open(always, 0, none))
	if _, receipt, err := Submit(t.Context(), e, panics{}); err == nil || receipt != -1 {
		t.Errorf("receipt %d, error %v", receipt, err)
	}
	if _, receipt, err := Submit(t.Context(), e, change(0, "", "a")); err != nil || receipt != 0 {
		t.Errorf("the next command: receipt %d, error %v", receipt, err)
	}
	stop(t, e)
}
