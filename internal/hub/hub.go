// Package hub tells waiting readers that the journal grew.
//
// It passes on one number, the durable size. Readers fetch the entries from the
// journal at their own pace, so that the hub holds nothing for a slow one and
// a reader that was away resumes with the number it had.
package hub

import (
	"context"
	"errors"
	"sync"
)

// ErrClosed is what a reader gets that has read everything of a closed journal.
var ErrClosed = errors.New("the journal is closed")

// Hub is the durable size of a journal and those who wait for it to grow.
type Hub struct {
	mu     sync.Mutex
	size   int64
	closed bool
	grown  chan struct{} // nil while nobody waits
}

// New returns a hub of an empty journal.
func New() *Hub { return &Hub{} }

// Publish says that the journal is durable up to size entries. A size that is
// not above the last one is no news.
func (h *Hub) Publish(size int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if size > h.size {
		h.size = size
		h.wake()
	}
}

// Close ends all waiting, now and later.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.wake()
}

// wake needs mu.
func (h *Hub) wake() {
	if h.grown != nil {
		close(h.grown)
		h.grown = nil
	}
}

// Size returns the last size published.
func (h *Hub) Size() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.size
}

// ended is ready at once.
var ended = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Grown returns the size and a channel that is closed as soon as the size is
// above cursor or the hub is closed, for a reader that waits for something else
// too. Its error is ErrClosed when there is nothing left to be read. Call it
// again after the channel was closed: the size is that of the call.
func (h *Hub) Grown(cursor int64) (size int64, grown <-chan struct{}, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.size > cursor:
		return h.size, ended, nil
	case h.closed:
		return h.size, ended, ErrClosed
	case h.grown == nil:
		h.grown = make(chan struct{})
	}
	return h.size, h.grown, nil
}

// Wait blocks until the size is above cursor and returns it. Its errors are
// ErrClosed, when there is nothing left to be read, and that of ctx.
func (h *Hub) Wait(ctx context.Context, cursor int64) (int64, error) {
	for {
		size, grown, err := h.Grown(cursor)
		if err != nil {
			return 0, err
		}
		if size > cursor {
			return size, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
