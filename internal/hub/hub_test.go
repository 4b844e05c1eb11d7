package hub

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitReturnsAtOnceWhatIsThere(t *testing.T) {
	h := New()
	h.Publish(7)
	for cursor, want := range map[int64]int64{0: 7, 6: 7} {
		if got, err := h.Wait(t.Context(), cursor); got != want || err != nil {
			t.Errorf("Wait(%d) = %d, %v, want %d", cursor, got, err, want)
		}
	}
	h.Publish(3) // old news
	if got := h.Size(); got != 7 {
		t.Errorf("size fell to %d", got)
	}
}

func TestWaitSleepsUntilTheSizePassesTheCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New()
		var woken int64
		go func() { woken, _ = h.Wait(t.Context(), 5) }()
		for size := int64(1); size <= 5; size++ {
			h.Publish(size)
			synctest.Wait()
			if woken != 0 {
				t.Fatalf("woken at size %d by %d", size, woken)
			}
		}
		h.Publish(6)
		synctest.Wait()
		if woken != 6 {
			t.Errorf("woken with %d, want 6", woken)
		}
	})
}

func TestWaitEndsWithItsContextAndWithTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := h.Wait(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline", err)
		}
		var err error
		go func() { _, err = h.Wait(t.Context(), 0) }()
		synctest.Wait()
		h.Close()
		synctest.Wait()
		if !errors.Is(err, ErrClosed) {
			t.Errorf("error %v, want ErrClosed", err)
		}
	})
}

// What was published before the hub closed is still told.
func TestAClosedHubTellsTheRest(t *testing.T) {
	h := New()
	h.Publish(4)
	h.Close()
	if size, err := h.Wait(t.Context(), 3); size != 4 || err != nil {
		t.Errorf("Wait(3) = %d, %v, want 4", size, err)
	}
	if _, err := h.Wait(t.Context(), 4); !errors.Is(err, ErrClosed) {
		t.Errorf("Wait(4): error %v, want ErrClosed", err)
	}
}

// Every reader sees sizes that grow, and the last one.
func TestReadersMissNothing(t *testing.T) {
	const last = 2000
	h := New()
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for cursor := int64(0); cursor < last; {
				size, err := h.Wait(t.Context(), cursor)
				if err != nil || size <= cursor {
					t.Errorf("Wait(%d) = %d, %v", cursor, size, err)
					return
				}
				cursor = size
			}
		})
	}
	for size := int64(1); size <= last; size++ {
		h.Publish(size)
	}
	readers.Wait()
}
