package bench

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
)

// NodeOptions are the parameters of [Node]. Zero values stand for defaults.
type NodeOptions struct {
	N      int      // intents; default 1,000,000
	Dir    string   // where the data directory is made; default the system's for temporary files
	Reopen []string // command that runs [NodeReopen] on the directory that is its last argument
	Seed   uint64   // default 1
}

// Node builds the data directory of a node with many intents, each of one
// volume with 8 vertices and an implicit subscription of its own, and reports
// what they cost: memory, and the time to recover them from a snapshot and from
// the journal alone. The recoveries run in processes of their own.
func Node(ctx context.Context, w io.Writer, opt NodeOptions) error {
	if opt.N == 0 {
		opt.N = 1_000_000
	}
	if opt.Seed == 0 {
		opt.Seed = 1
	}
	dir, err := os.MkdirTemp(opt.Dir, "deconflict-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintf(w, "node with %d intents of one 8-vertex volume and one implicit subscription each\n%s\n", opt.N, indexMachine())
	took, bytes, err := buildNode(ctx, dir, opt)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "built in %.1f s, %.0f intents/s; journal of %.0f bytes an intent\n",
		took.Seconds(), float64(opt.N)/took.Seconds(), bytes/float64(opt.N))
	snapshot, err := reopen(ctx, dir, opt)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "recovered from a snapshot in %.2f s (%.2f s of processor time); %.0f bytes of live heap an intent; %.0f MiB resident, %.0f at most\n",
		snapshot.Seconds, snapshot.CPUSeconds, snapshot.HeapBytes/float64(opt.N), snapshot.ResidentMiB, snapshot.PeakMiB)
	if err := os.RemoveAll(filepath.Join(dir, "snapshots")); err != nil {
		return err
	}
	replay, err := reopen(ctx, dir, opt)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "replayed without one in %.2f s (%.2f s of processor time): %.0f entries/s; load average %s\n",
		replay.Seconds, replay.CPUSeconds, float64(opt.N)/replay.Seconds, loadAverage())
	return nil
}

// nodeJournal are the options of the journal of a benchmark. Its key is no
// secret, so that the process that reopens it has the same.
func nodeJournal() journal.Options {
	return journal.Options{Origin: "bench.example/deconflict", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
}

// buildNode creates the intents as requests would, many at once, and closes the
// node, which leaves a snapshot. bytes is the size of the journal.
func buildNode(ctx context.Context, dir string, opt NodeOptions) (took time.Duration, bytes float64, err error) {
	e, err := engine.Open(ctx, engine.Config{Dir: dir, Journal: nodeJournal(), SnapshotEvery: int64(opt.N) + 1})
	if err != nil {
		return 0, 0, err
	}
	at, err := newSite("spread", time.Now().Add(time.Hour), opt.Seed)
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	const workers = 128 // so that blocks are of a good size
	errs := make([]error, workers)
	var next atomic.Int64
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(opt.Seed, uint64(worker)))
			for i := next.Add(1) - 1; i < int64(opt.N) && errs[worker] == nil; i = next.Add(1) - 1 {
				errs[worker] = putIntent(ctx, e, at, int(i), rng)
			}
		})
	}
	wg.Wait()
	took = time.Since(start)
	if err := errors.Join(append(errs, e.Close(ctx))...); err != nil {
		return 0, 0, err
	}
	info, err := os.Stat(filepath.Join(dir, "journal.db"))
	if err != nil {
		return 0, 0, err
	}
	return took, float64(info.Size()), nil
}

// putIntent creates the i-th intent. Where all slots of the site are taken the
// next have the same places later.
func putIntent(ctx context.Context, e *engine.Engine, at *site, i int, rng *rand.Rand) error {
	const slots = spreadSide * spreadSide
	where := at.at(int32(i%slots), rng)
	where.after = time.Duration(i/slots) * cellPitchTime
	var wire f3548wire.Volume4D
	if err := json.Unmarshal(at.appendVolume(nil, where), &wire); err != nil {
		return err
	}
	v, err := wire.ToVolume()
	if err != nil {
		return err
	}
	coarse, err := outline.Of(&v)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("bench-uss-%d", i%10+1)
	url := "https://" + name + ".example/f3548"
	_, _, err = engine.Submit(ctx, e, airspace.PutIntent{
		By: party.ID(name), ID: randomID(rng), NewOVN: newUUID(rng),
		Outline: []outline.Volume{coarse}, State: airspace.Accepted, URL: url,
		Implicit: &airspace.ImplicitSubscription{ID: randomID(rng), URL: url}, NewVersion: newUUID(rng),
		MayPlan: true,
	})
	return err
}

func randomID(rng *rand.Rand) airspace.ID {
	var b [16]byte
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return airspace.NewID(b)
}

// NodeReopened is what [NodeReopen] found.
type NodeReopened struct {
	Entries     int64   `json:"entries"`
	Intents     int     `json:"intents"`
	Seconds     float64 `json:"seconds"`
	CPUSeconds  float64 `json:"cpu_seconds"` // on all processors
	HeapBytes   float64 `json:"heap_bytes"`  // live, by which the heap grew
	ResidentMiB float64 `json:"resident_mib"`
	PeakMiB     float64 `json:"peak_mib"`
}

// NodeReopen opens a data directory of [Node] in this process and says what it
// took. It does not close the node in good order, as that would write a
// snapshot.
func NodeReopen(ctx context.Context, dir string) (NodeReopened, error) {
	var r NodeReopened
	var e *engine.Engine
	var err error
	var cpu time.Duration
	heap, took := grown(func() {
		before := ownCPU()
		e, err = engine.Open(ctx, engine.Config{Dir: dir, Journal: nodeJournal()})
		cpu = ownCPU() - before
	})
	if err != nil {
		return r, err
	}
	r.HeapBytes, r.Seconds, r.CPUSeconds, r.Entries = heap, took.Seconds(), cpu.Seconds(), e.Head().Size
	err = e.Read(ctx, func(st *airspace.State, _ int64) { r.Intents = st.Counts().Intents })
	if u, usageErr := usageOf(os.Getpid()); usageErr == nil {
		r.ResidentMiB, r.PeakMiB = float64(u.residentKB)/1024, float64(u.peakKB)/1024
	}
	runtime.KeepAlive(e)
	return r, err
}

// reopen runs NodeReopen in a process of its own.
func reopen(ctx context.Context, dir string, opt NodeOptions) (NodeReopened, error) {
	var r NodeReopened
	cmd := exec.CommandContext(ctx, opt.Reopen[0], append(opt.Reopen[1:len(opt.Reopen):len(opt.Reopen)], dir)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("%w in %q", err, out)
	}
	if r.Intents != opt.N {
		return r, fmt.Errorf("found %d intents after recovery, expected %d", r.Intents, opt.N)
	}
	return r, nil
}
