package api

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/world"
)

// mailed is an engine with a mailroom.
func mailed(t *testing.T) (*engine.Engine, *Mailroom) {
	t.Helper()
	mail := NewMailroom()
	e, err := engine.Open(context.Background(), engine.Config{
		Dir: t.TempDir(), Journal: journal.Options{Origin: origin, Key: testKey("node")}, OnWritten: mail.Written,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
		mail.Close()
	})
	return e, mail
}

// settle writes entries for two parties in turn.
func settle(t testing.TB, e *engine.Engine, count int) {
	t.Helper()
	for i := range count {
		to := []party.ID{"north", "south"}[i%2]
		if _, err := e.Note(context.Background(), &world.Settled{Party: to, Position: "watch", Outcome: world.Delivered}); err != nil {
			t.Error(err)
		}
	}
}

// A Follower is given each entry that is released to its party once, in order,
// whether it came before, while it reads from the journal, or after; also when
// it falls behind and when it goes back.
func TestFollowerMissesNothing(t *testing.T) {
	e, mail := mailed(t)
	settle(t, e, 100)
	written := make(chan struct{})
	go func() {
		defer close(written)
		settle(t, e, 400)
	}()
	f := mail.Follow(e, "north", "all")
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	collect := func(from int64, until int64) (got []int64) {
		t.Helper()
		for from < until {
			posts, next, err := f.Next(ctx, from, 7)
			if err != nil || next < from || len(posts) > 7 {
				t.Fatalf("from %d: found %d entries, next %d, %v", from, len(posts), next, err)
			}
			for _, p := range posts {
				if p.Index < from || p.Index >= next || p.Type != "hook.settled" || !bytes.HasPrefix(p.Text, fmt.Appendf(nil, `{"index":%d,"fields":{`, p.Index)) {
					t.Fatalf("found %d %s %s within %d to %d", p.Index, p.Type, p.Text, from, next)
				}
				got = append(got, p.Index)
			}
			from = next
		}
		return got
	}
	// North's entries are the even ones.
	want := func(from, to int64) (all []int64) {
		for i := from; i < to; i++ {
			if i%2 == 0 {
				all = append(all, i)
			}
		}
		return all
	}
	if got := collect(0, 499); !slices.Equal(got, want(0, 499)) {
		t.Errorf("found the entries %v", got)
	}
	<-written
	if got := collect(250, 499); !slices.Equal(got, want(250, 499)) {
		t.Errorf("going back, found the entries %v", got)
	}
	// One that falls behind is cut off, and reads on from the journal.
	f.Close()
	if _, _, err := f.Next(ctx, 498, 7); err != nil {
		t.Fatal(err)
	}
	for range inboxFrames + 1 {
		hand(map[*inbox]bool{f.b: true}, &world.Settled{Party: "north"}, frame{})
	}
	if !f.b.lost {
		t.Fatal("the inbox was not cut off")
	}
	size := e.Head().Size
	settle(t, e, 20)
	if got := collect(size, size+19); !slices.Equal(got, want(size, size+19)) {
		t.Errorf("after it was cut off, found the entries %v", got)
	}
}
