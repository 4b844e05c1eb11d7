package engine

import (
	"context"
	"fmt"
	"runtime"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/world"
)

// recovered is a state and the journal it stands for.
type recovered struct {
	state  *world.State
	size   int64 // entries that state holds
	lastNS int64 // the latest node time known
}

// recoverState brings the state to where the journal is.
func recoverState(ctx context.Context, j store, s *snapshots) (recovered, error) {
	if err := s.removePartial(); err != nil {
		return recovered{}, err
	}
	r, err := s.load(ctx, j)
	if err != nil {
		return recovered{}, err
	}
	s.newest.Store(r.size)
	s.taken = r.size
	return r, r.replay(ctx, j, j.Head().Size)
}

// Entries are decoded in pieces of this many entries or bytes, whichever comes
// first.
const (
	pieceEntries = 256
	pieceBytes   = 1 << 20
)

// rebuildRatio is how many entities the index takes in anew in the time in which
// it follows one entry: about ten were measured.
const rebuildRatio = 10

// piece is a run of journal entries on its way from the journal through a
// decoder to the state.
type piece struct {
	from    int64
	text    []byte
	ends    []int // of each entry in text
	events  []world.Event
	timesNS []int64
	err     error         // of the first entry that cannot be read
	decoded chan struct{} // closed once the three above may be read
}

// replay applies the entries from r.size up to size. After an error the state is
// good for nothing.
//
// One goroutine reads, several decode, this one applies in order.
func (r *recovered) replay(ctx context.Context, j store, size int64) error {
	counts := r.state.Counts()
	if known := int64(counts.Intents + counts.Constraints + counts.Subscriptions); (size-r.size)*rebuildRatio > known {
		r.state.HoldIndex()
		defer r.state.BuildIndex()
	}
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	var (
		inOrder = make(chan *piece, 4*workers)
		toDo    = make(chan *piece, 4*workers)
		readErr error
		ended   = make(chan struct{})
	)
	for range workers {
		go func() {
			for p := range toDo {
				p.decode()
			}
		}()
	}
	go func() {
		defer close(ended)
		defer close(inOrder)
		defer close(toDo)
		readErr = readPieces(ctx, j, r.size, size, func(p *piece) error {
			for _, to := range []chan *piece{toDo, inOrder} {
				select {
				case to <- p:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	}()
	err := r.applyAll(inOrder)
	cancel()
	<-ended
	if err == nil {
		err = readErr
	}
	if err == nil && r.size != size {
		err = fmt.Errorf("the journal gave entries up to %d, expected %d", r.size, size)
	}
	return err
}

// applyAll applies pieces until there are no more or one holds an error.
func (r *recovered) applyAll(pieces <-chan *piece) error {
	for p := range pieces {
		<-p.decoded
		for i, ev := range p.events {
			r.state.Apply(ev, event.At{NS: p.timesNS[i], Index: r.size})
			r.size++
			r.lastNS = max(r.lastNS, p.timesNS[i])
		}
		if p.err != nil {
			return p.err
		}
	}
	return nil
}

// readPieces reads the entries [from, to) and hands them out in pieces.
func readPieces(ctx context.Context, j store, from, to int64, hand func(*piece) error) error {
	if from == to {
		return nil
	}
	p := newPiece(from)
	next := from
	err := j.Read(ctx, from, to, func(rec journal.Record) error {
		if rec.Index != next {
			return fmt.Errorf("the journal gave entry %d, expected %d", rec.Index, next)
		}
		next++
		p.text = append(p.text, rec.Event...)
		p.ends = append(p.ends, len(p.text))
		if len(p.ends) < pieceEntries && len(p.text) < pieceBytes {
			return nil
		}
		full := p
		p = newPiece(next)
		return hand(full)
	})
	if err != nil {
		return err
	}
	return hand(p)
}

func newPiece(from int64) *piece {
	return &piece{from: from, ends: make([]int, 0, pieceEntries), decoded: make(chan struct{})}
}

// decode decodes the entries up to the first that cannot be read.
func (p *piece) decode() {
	defer close(p.decoded)
	p.events = make([]world.Event, 0, len(p.ends))
	p.timesNS = make([]int64, 0, len(p.ends))
	start := 0
	for i, end := range p.ends {
		ev, ns, err := world.Decode(p.text[start:end:end])
		start = end
		if err != nil {
			p.err = fmt.Errorf("journal entry %d: %w", p.from+int64(i), err)
			return
		}
		p.events = append(p.events, ev)
		p.timesNS = append(p.timesNS, ns)
	}
}
