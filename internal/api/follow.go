package api

import (
	"bytes"
	"context"
	"errors"

	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/world"
)

// Follower reads an inbox for who is within the node. It is for one goroutine.
type Follower struct {
	mail *Mailroom
	e    *engine.Engine
	b    *inbox
	open bool
	live int64 // what comes by the inbox is all that there is from here on
	next int64 // where it left off
}

// Post is an entry of an inbox.
type Post struct {
	Index int64
	Type  string
	Text  []byte // {"index":…,"fields":{…}}
}

// Follow returns a Follower of a party's inbox of one position, or of all.
func (m *Mailroom) Follow(e *engine.Engine, who party.ID, position string) *Follower {
	if position == "all" {
		position = ""
	}
	return &Follower{mail: m, e: e, b: &inbox{party: who, position: position}}
}

// Close ends the following.
func (f *Follower) Close() {
	if f.open {
		f.mail.close(f.b)
		f.open = false
	}
}

// Next returns entries from an index on, at most so many, and where to go on. It
// waits until there is one; what it returns may still be none. Its errors are
// those of ctx and of the journal.
func (f *Follower) Next(ctx context.Context, from int64, most int) (posts []Post, next int64, err error) {
	defer func() { f.next = next }()
	if !f.open || from != f.next {
		f.Close()
		f.b = f.mail.open(f.b.party, f.b.position)
		f.open = true
		f.live = f.e.Hub().Size() // what becomes durable from here on comes by the inbox
	}
	if from < f.live {
		return f.read(ctx, from, most)
	}
	for {
		select {
		case got, ok := <-f.b.frames:
			if !ok { // too much came at once: the journal has it
				f.open = false
				f.mail.close(f.b)
				return nil, from, nil
			}
			if got.index >= from {
				return f.more(append(posts, got.post()), most)
			}
		case <-ctx.Done():
			return nil, from, ctx.Err()
		}
	}
}

// more adds what waits.
func (f *Follower) more(posts []Post, most int) ([]Post, int64, error) {
	for len(posts) < most {
		select {
		case got, ok := <-f.b.frames:
			if ok {
				posts = append(posts, got.post())
				continue
			}
			f.open = false
			f.mail.close(f.b)
		default:
		}
		break
	}
	return posts, posts[len(posts)-1].Index + 1, nil
}

// read reads from the journal.
func (f *Follower) read(ctx context.Context, from int64, most int) (posts []Post, next int64, err error) {
	next = from
	err = f.e.Journal().Read(ctx, from, min(f.live, from+maxNews), func(r journal.Record) error {
		ev, _, err := world.Decode(r.Event)
		if err != nil {
			return err
		}
		next = r.Index + 1
		if e, ok := ev.(event.Event); ok && f.b.takes(e) {
			if text := (&copier{event: e, text: r.Event, index: r.Index}).frameFor(f.b.party); text != nil {
				posts = append(posts, frame{r.Index, text}.post())
			}
		}
		if len(posts) == most {
			return errFull
		}
		return nil
	})
	if errors.Is(err, errFull) {
		err = nil
	}
	return posts, next, err
}

// post takes the form of the stream apart.
func (f frame) post() Post {
	_, rest, _ := bytes.Cut(f.text, []byte("event: "))
	kind, data, _ := bytes.Cut(rest, []byte("\ndata: "))
	return Post{f.index, string(kind), bytes.TrimSuffix(data, []byte("\n\n"))}
}
