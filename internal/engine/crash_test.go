package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
)

// The tests of this file let many callers write and read while the process
// dies again and again, at points where the disk has or has not got the last
// block. What callers were told is then held against the journal that is left.

// told is one answer, and what it has to be explained by.
type told struct {
	asked, answered int // instants: every question and answer has one of its own
	what            string
	saw             seen
	receipt         int64 // of a write that was acknowledged, otherwise -1
	version         string
	err             error
}

// unknown reports whether the answer leaves open what was done. It then tells
// nothing of the state either.
func (a *told) unknown() bool { return errors.Is(a.err, ErrStopped) }

// undone reports whether the answer says that nothing was decided.
func (a *told) undone() bool {
	return errors.Is(a.err, ErrOverloaded) || errors.Is(a.err, ErrClosed) || errors.Is(a.err, context.DeadlineExceeded)
}

// witness collects what callers are told.
type witness struct {
	mu      sync.Mutex
	instant int
	all     []told
}

// ask notes a question and its answer.
func (w *witness) ask(what string, question func(*told)) {
	a := told{what: what, receipt: -1}
	w.mu.Lock()
	w.instant++
	a.asked = w.instant
	w.mu.Unlock()
	question(&a)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.instant++
	a.answered = w.instant
	w.all = append(w.all, a)
}

// against returns what the journal does not explain.
func (w *witness) against(events [][]byte) (faults []string) {
	complain := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	wrote := map[string]int64{}  // versions, by entry
	position := map[seen]int64{} // the number of entries somebody has seen
	var s seen
	for i, event := range events {
		position[s] = int64(i)
		ev, _, err := airspace.Decode(event)
		if err != nil {
			complain("entry %d: %v", i, err)
			return faults
		}
		change := ev.(*airspace.AvailabilitySet)
		if first, twice := wrote[change.Version]; twice {
			complain("%s is entry %d and entry %d", change.Version, first, i)
		}
		wrote[change.Version] = int64(i)
		for k := range s {
			if partyOf(k) == change.USS {
				s[k] = change.Version
			}
		}
	}
	position[s] = int64(len(events))
	// steps are what was known at an instant: whoever asks later may not be
	// told less.
	type step struct {
		answered int
		size     int64
	}
	var steps []step
	for _, a := range w.all {
		index, written := wrote[a.version]
		if a.undone() && written {
			complain("%s was told %v, but is entry %d", a.what, a.err, index)
		}
		if a.unknown() || a.undone() {
			continue
		}
		if a.receipt >= 0 {
			if a.receipt >= int64(len(events)) || wrote[a.version] != a.receipt || !written {
				complain("%s got receipt %d, which the journal of %d does not have so", a.what, a.receipt, len(events))
				continue
			}
		} else if written {
			complain("%s was refused, but is entry %d", a.what, index)
		}
		at, possible := position[a.saw]
		if !possible || a.receipt >= 0 && at != a.receipt {
			complain("%s saw %v, which the journal of %d has at no or another place (%d)", a.what, a.saw, len(events), at)
			continue
		}
		steps = append(steps, step{a.answered, max(at, a.receipt+1)})
	}
	slices.SortFunc(steps, func(a, b step) int { return a.answered - b.answered })
	for i := range steps[min(1, len(steps)):] {
		steps[i+1].size = max(steps[i+1].size, steps[i].size)
	}
	for _, a := range w.all {
		at, explained := position[a.saw]
		if a.unknown() || a.undone() || !explained {
			continue
		}
		n, _ := slices.BinarySearchFunc(steps, a.asked, func(s step, asked int) int { return s.answered - asked })
		if n > 0 && steps[n-1].size > at {
			complain("%s saw %d entries when %d had been told of", a.what, at, steps[n-1].size)
		}
	}
	return faults
}

// history runs an engine through several lives on one disk, and returns what
// its callers were told that the journal does not explain.
func history(t *testing.T, seed uint64, f fault) (faults []string, d *disk, w *witness) {
	d, w = &disk{}, &witness{}
	random := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	versions := 0
	for life := range 4 {
		left := 1 + random.IntN(25) // appends until it dies
		death := []outcome{diedUnwritten, diedWritten}[random.IntN(2)]
		next := func() outcome {
			if left--; left > 0 {
				return synced
			}
			return death
		}
		cfg := Config{
			Dir: dir, BatchMax: 1 + random.IntN(8), QueueMax: 6, SnapshotEvery: int64(1 + random.IntN(30)),
		}
		e, err := open(t.Context(), cfg, d.open(next, time.Millisecond, f))
		if err != nil {
			return append(faults, fmt.Sprintf("life %d: %v", life, err)), d, w
		}
		w.ask(fmt.Sprintf("life %d", life), func(a *told) {
			a.err = e.Read(t.Context(), func(st *airspace.State, _ int64) { a.saw = see(st) })
		})
		var callers sync.WaitGroup
		for caller := range 10 {
			callers.Go(func() { live(t, e, w, rand.New(rand.NewPCG(seed, uint64(life*100+caller+2))), &versions) })
		}
		var heard int64
		callers.Go(func() {
			for size, err := e.Hub().Wait(t.Context(), 0); err == nil; size, err = e.Hub().Wait(t.Context(), size) {
				heard = size
			}
		})
		if random.IntN(4) == 0 { // an orderly end, unless it dies before
			time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
			e.Close(t.Context())
		}
		callers.Wait()
		if err := e.Close(t.Context()); err != nil && !errors.Is(err, errDied) {
			faults = append(faults, fmt.Sprintf("life %d: Close: %v", life, err))
		}
		if n := int64(len(d.events)); heard > n {
			faults = append(faults, fmt.Sprintf("life %d: the hub told of %d entries, %d are there", life, heard, n))
		}
	}
	d.open(nil, 0, f) // what a last start would find
	return append(faults, w.against(d.events)...), d, w
}

// live writes and reads until the engine ends.
func live(t *testing.T, e *Engine, w *witness, random *rand.Rand, versions *int) {
	var known seen
	for turn := 0; ; turn++ {
		var last told
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(500+random.IntN(4000))*time.Microsecond)
		switch random.IntN(4) {
		case 0:
			w.ask(fmt.Sprintf("read %d", turn), func(a *told) {
				a.err = e.Read(ctx, func(st *airspace.State, _ int64) { a.saw = see(st) })
				last = *a
			})
		case 1:
			w.ask(fmt.Sprintf("repeat %d", turn), func(a *told) {
				a.saw, _, a.err = Submit(ctx, e, set{})
				last = *a
			})
		default:
			i := random.IntN(len(known))
			w.mu.Lock()
			*versions++
			version := "v" + strconv.Itoa(*versions)
			w.mu.Unlock()
			old := known[i]
			w.ask("write "+version, func(a *told) {
				a.version = version
				a.saw, a.receipt, a.err = Submit(ctx, e, change(i, old, version))
				if refused := new(airspace.Refusal); errors.As(a.err, &refused) && a.saw[i] == old {
					t.Errorf("%s was refused as %q is not current, but it saw that it is", version, old)
				}
				last = *a
			})
			if last.err == nil {
				last.saw[i] = version
			}
		}
		cancel()
		if errors.Is(last.err, ErrStopped) || errors.Is(last.err, ErrClosed) {
			return
		}
		if !last.undone() {
			known = last.saw
		}
		if random.IntN(3) == 0 {
			time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
		}
	}
}

// seeds is how many histories run: DECONFLICT_CRASHES says how many, 25 unless
// set.
func seeds(t *testing.T) uint64 {
	if s := os.Getenv("DECONFLICT_CRASHES"); s != "" {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatalf("DECONFLICT_CRASHES=%q: %v", s, err)
		}
		return n
	}
	return 25
}

// No acknowledged write is lost, none is applied twice, and nobody is told
// anything that a later start does not find.
func TestCrashesLoseNothingThatAnybodyWasToldOf(t *testing.T) {
	kinds := map[string]int{}
	entries := 0
	for seed := range seeds(t) {
		synctest.Test(t, func(t *testing.T) {
			faults, d, w := history(t, seed, none)
			for _, fault := range faults {
				t.Errorf("seed %d: %s", seed, fault)
			}
			entries += len(d.events)
			for _, a := range w.all {
				kinds[kindOf(a)]++
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d entries; answers: %v", entries, kinds)
	for _, kind := range []string{"done", "refused", ErrStopped.Error(), ErrOverloaded.Error(), context.DeadlineExceeded.Error()} {
		if kinds[kind] == 0 {
			t.Errorf("no answer was %q: the histories are too tame", kind)
		}
	}
}

func kindOf(a told) string {
	switch refused := new(airspace.Refusal); {
	case a.err == nil:
		return "done"
	case errors.As(a.err, &refused):
		return "refused"
	}
	return a.err.Error()
}

// The check above notices disks that are broken in each way it is about.
func TestCrashCheckNoticesBrokenDisks(t *testing.T) {
	for name, f := range map[string]fault{
		"answers before the sync": earlyAnswer,
		"forgets the last entry":  forgetsLast,
		"has a block twice":       repeatsBlock,
	} {
		caught := 0
		for seed := range uint64(6) {
			synctest.Test(t, func(t *testing.T) {
				if faults, _, _ := history(t, seed, f); len(faults) > 0 {
					caught++
					if caught == 1 {
						t.Logf("%s: %s", name, faults[0])
					}
				}
			})
		}
		if caught == 0 {
			t.Errorf("a disk that %s goes unnoticed", name)
		}
	}
}
