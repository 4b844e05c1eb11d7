package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/world"
)

// Summary is what Replay found.
type Summary struct {
	Origin string
	Size   int64        // entries in the journal
	Root   journal.Hash // of all of them
	State  [32]byte     // SHA-256 of the state that the entries make
	Counts airspace.Counts
	Took   time.Duration // for the replay from the first entry

	// The shortcut of a start: the newest good snapshot and the entries after
	// it. SnapshotSize is 0 when there is no snapshot.
	SnapshotSize  int64
	SnapshotState [32]byte
}

// Agrees reports whether the snapshot leads to the same state as the journal.
func (s Summary) Agrees() bool { return s.State == s.SnapshotState }

// Replay replays the whole journal of a data directory, without changing it,
// and compares the state with that of a start from the newest snapshot.
func Replay(ctx context.Context, dir string) (sum Summary, err error) {
	j, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		return Summary{}, fmt.Errorf("opening the journal: %w", err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	sum, err = replayAll(ctx, j, filepath.Join(dir, snapshotDir))
	sum.Origin = j.Origin()
	return sum, err
}

func replayAll(ctx context.Context, j store, snapshotDir string) (Summary, error) {
	head := j.Head()
	sum := Summary{Size: head.Size, Root: head.Root}
	start := time.Now()
	whole := recovered{state: world.New()}
	if err := whole.replay(ctx, j, head.Size); err != nil {
		return Summary{}, err
	}
	sum.Took = time.Since(start)
	sum.Counts = whole.state.Counts()
	var err error
	if sum.State, err = digest(whole.state); err != nil {
		return Summary{}, err
	}
	whole.state = nil
	s := snapshots{dir: snapshotDir, log: slog.New(slog.DiscardHandler)}
	short, err := s.load(ctx, j)
	if err != nil {
		return Summary{}, err
	}
	if sum.SnapshotSize = short.size; short.size == 0 {
		sum.SnapshotState = sum.State
		return sum, nil
	}
	if err := short.replay(ctx, j, head.Size); err != nil {
		return Summary{}, err
	}
	sum.SnapshotState, err = digest(short.state)
	return sum, err
}

// digest returns the SHA-256 of a state's image.
func digest(st *world.State) (sum [32]byte, err error) {
	h := sha256.New()
	if _, err := st.Freeze().WriteTo(h); err != nil {
		return sum, err
	}
	return [32]byte(h.Sum(nil)), nil
}
