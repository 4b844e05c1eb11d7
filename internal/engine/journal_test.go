package engine

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/outline"
)

// The tests and benchmarks of this file run on a journal on disk.

func onDisk(dir string) Config {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return Config{Dir: dir, Journal: journal.Options{Origin: "node.example/deconflict", Key: key}}
}

func openOnDisk(t testing.TB, cfg Config) *Engine {
	t.Helper()
	e, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// planned is an intent with a subscription of its own, in a place and at a time
// that it shares with few others.
func planned(t testing.TB, n int, now time.Time) airspace.PutIntent {
	operator := "operator" + strconv.Itoa(n%16)
	begins := time.Hour + time.Duration(n%997)*time.Second
	return airspace.PutIntent{
		By: partyOf(n % 16), ID: idOf(n), NewOVN: fmt.Sprintf("ovn-of-flight-%08d", n), NewVersion: fmt.Sprintf("version-%08d", n),
		Outline: []outline.Volume{square(t, n, now, begins, begins+15*time.Minute)},
		State:   airspace.Accepted, URL: "https://" + operator + ".example/uss/v1", MayPlan: true,
		Implicit: &airspace.ImplicitSubscription{ID: idOf(n | 1<<23), URL: "https://" + operator + ".example/uss/v1"},
	}
}

// fly lets a number of callers put intents, each waiting for its answer.
func fly(t testing.TB, e *Engine, plans []airspace.PutIntent, callers int) {
	t.Helper()
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for i := c; i < len(plans); i += callers {
				if _, _, err := Submit(t.Context(), e, plans[i]); err != nil {
					t.Errorf("flight %d: %v", i, err)
					return
				}
			}
		})
	}
	all.Wait()
}

func plans(t testing.TB, from, to int) (list []airspace.PutIntent) {
	now := time.Now()
	for n := from; n < to; n++ {
		list = append(list, planned(t, n, now))
	}
	return list
}

// Through stops, a snapshot and a start without one, the state is that which the
// journal makes.
func TestReplayAgreesWithTheSnapshot(t *testing.T) {
	dir := t.TempDir()
	cfg := onDisk(dir)
	cfg.SnapshotEvery = 100
	e := openOnDisk(t, cfg)
	all := plans(t, 0, 400)
	fly(t, e, all[:300], 16)
	gone := 0
	for i := 0; i < 300; i += 3 {
		if _, _, err := Submit(t.Context(), e, airspace.DeleteIntent{By: all[i].By, ID: all[i].ID, OVN: all[i].NewOVN, NewVersion: "later"}); err != nil {
			t.Fatal(err)
		}
		gone++
	}
	stop(t, e)
	e = openOnDisk(t, cfg)
	if from := e.Stats(); from.Durable != 400 || from.SnapshotSize != 400 {
		t.Errorf("after a restart: %+v", from)
	}
	cfg.SnapshotEvery = 1 << 40
	fly(t, e, all[300:], 16)
	if err := os.Remove(filepath.Join(dir, "snapshots", fmt.Sprintf("%020d.snap", 400))); err != nil {
		t.Fatal(err)
	}
	head := e.Head()
	stop(t, e)
	sum, err := Replay(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if !sum.Agrees() || sum.Size != 500 || sum.Root != head.Root || sum.Counts.Intents != 400-gone || sum.SnapshotSize != 500 {
		t.Errorf("replay: %+v", sum)
	}
	if err := os.RemoveAll(filepath.Join(dir, "snapshots")); err != nil {
		t.Fatal(err)
	}
	bare, err := Replay(t.Context(), dir)
	if err != nil || bare.State != sum.State || bare.SnapshotSize != 0 || !bare.Agrees() {
		t.Errorf("replay without a snapshot: %+v, %v", bare, err)
	}
}

func TestASecondEngineIsRefused(t *testing.T) {
	cfg := onDisk(t.TempDir())
	e := openOnDisk(t, cfg)
	if second, err := Open(t.Context(), cfg); err == nil {
		second.Close(context.Background())
		t.Error("two engines run on one data directory")
	}
	stop(t, e)
}

// BenchmarkWrite is one intent with its subscription by one of 32 callers, each
// of whom waits for its answer.
func BenchmarkWrite(b *testing.B) {
	e := openOnDisk(b, onDisk(b.TempDir()))
	all := plans(b, 0, b.N)
	b.ResetTimer()
	fly(b, e, all, 32)
	b.StopTimer()
	s := e.Stats()
	b.ReportMetric(float64(s.Entries)/float64(s.Blocks), "entries/block")
	b.ReportMetric(float64(s.AppendTime.Microseconds())/float64(s.Blocks), "µs/append")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	if err := e.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRecovery starts from a journal of DECONFLICT_INTENTS intents, 20,000
// unless set: once by replay alone, once from a snapshot.
func BenchmarkRecovery(b *testing.B) {
	n := 20_000
	if s := os.Getenv("DECONFLICT_INTENTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	dir := b.TempDir()
	record(b, dir, n)
	snapshots := filepath.Join(dir, "snapshots")
	b.Run("replay", func(b *testing.B) {
		for b.Loop() {
			if err := os.RemoveAll(snapshots); err != nil {
				b.Fatal(err)
			}
			reopen(b, dir, n)
		}
	})
	b.Run("snapshot", func(b *testing.B) {
		openAndStop(b, dir) // leaves one
		for b.Loop() {
			reopen(b, dir, n)
		}
	})
}

func openAndStop(b *testing.B, dir string) {
	b.Helper()
	if err := openOnDisk(b, onDisk(dir)).Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// record writes a journal of n intents in large blocks.
func record(b *testing.B, dir string, n int) {
	b.Helper()
	cfg := onDisk(dir)
	j, err := journal.Open(dir, cfg.Journal)
	if err != nil {
		b.Fatal(err)
	}
	st := airspace.NewState()
	now := time.Now()
	for size := int64(0); size < int64(n); {
		var events [][]byte
		for range min(1000, n-int(size)) {
			index := size + int64(len(events))
			ev, _, err := planned(b, int(index), now).Decide(st, airspace.Env{NowNS: now.UnixNano()})
			if err != nil {
				b.Fatal(err)
			}
			events = append(events, airspace.Encode(nil, ev, now.UnixNano()))
			st.Apply(ev, airspace.At{NS: now.UnixNano(), Index: index})
		}
		head, err := j.Append(size, events)
		if err != nil {
			b.Fatal(err)
		}
		size = head.Size
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
}

// reopen times a start, and not the stop that writes the snapshot.
func reopen(b *testing.B, dir string, n int) {
	b.Helper()
	began := time.Now()
	e := openOnDisk(b, onDisk(dir))
	b.ReportMetric(float64(n)/time.Since(began).Seconds(), "entries/s")
	b.StopTimer()
	defer b.StartTimer()
	if e.Head().Size != int64(n) {
		b.Fatalf("%d entries, want %d", e.Head().Size, n)
	}
	began = time.Now()
	if err := e.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.Logf("stop with its snapshot: %v", time.Since(began))
}
