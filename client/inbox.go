package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Places to begin an inbox at, beside the index of the last entry handled.
const (
	FromStart = -1 // all that the journal holds for the position
	FromNow   = -2 // what comes in from now on
)

// Inbox follows what is addressed to a position of the party, "all" for every
// one: in order, each entry once, across lost connections. after is the index of
// the last entry that was handled, FromStart or FromNow. It ends when ctx does,
// with its error, or when the node refuses, with a *Problem; a node that cannot
// be reached, or is overloaded, is tried again and again.
func (c *Client) Inbox(ctx context.Context, position string, after int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		f := &follower{client: c, path: "/v1/inbox/" + url.PathEscape(position), last: after, yield: yield}
		for f.connect(ctx) && f.pause(ctx) {
		}
	}
}

// follower is one Inbox being read.
type follower struct {
	client   *Client
	path     string
	last     int64
	yield    func(Entry, error) bool
	failures int // in a row
}

// errStopped is the caller leaving the loop.
var errStopped = errors.New("the caller has enough")

// connect reads one connection to its end; false when there is no sense in
// another.
func (f *follower) connect(ctx context.Context) bool {
	f.failures++
	err := f.stream(ctx)
	var problem *Problem
	var broken *brokenStream
	switch {
	case errors.Is(err, errStopped):
		return false
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.As(err, &problem) && !passing(problem.Status), errors.As(err, &broken):
	default:
		return true
	}
	f.yield(Entry{}, err)
	return false
}

// stream reads one connection. Where it begins is fixed before the first, so that
// nothing is lost between two.
func (f *follower) stream(ctx context.Context) error {
	if f.last == FromNow {
		checkpoint, err := f.client.Checkpoint(ctx)
		if err != nil {
			return err
		}
		lines := strings.SplitN(string(checkpoint), "\n", 3)
		size, err := strconv.ParseInt(lines[min(1, len(lines)-1)], 10, 64)
		if err != nil || size < 0 {
			return &brokenStream{fmt.Errorf("found the checkpoint %.200q, expected a size in its second line", checkpoint)}
		}
		f.last = size - 1
	}
	answer, err := f.client.open(ctx, "GET", f.path, nil, map[string]string{
		"Accept": "text/event-stream", "Last-Event-ID": strconv.FormatInt(f.last, 10),
	})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return f.read(answer.Body)
}

// passing reports whether another try may succeed.
func passing(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// pause waits before the next try; false when ctx ended.
func (f *follower) pause(ctx context.Context) bool {
	wait := f.client.RetryAfter
	if wait == 0 {
		wait = time.Second
	}
	wait <<= max(0, min(f.failures-1, 5))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		f.yield(Entry{}, ctx.Err())
		return false
	}
}

// brokenStream is a stream that is not what a node sends.
type brokenStream struct{ error }

// maxEvent bounds one event of a stream in bytes.
const maxEvent = maxAnswer

// read reads server-sent events (WHATWG HTML section 9.2): of each block the
// id and the data count.
func (f *follower) read(body io.Reader) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), maxEvent)
	id := f.last
	var data []byte
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "id":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 {
				return &brokenStream{fmt.Errorf("inbox: found the event id %.40q, expected a journal index", value)}
			}
			id = n
		case "data":
			if data = append(data, value...); len(data) > maxEvent {
				return &brokenStream{fmt.Errorf("inbox: found an event of more than %d bytes", maxEvent)}
			}
		}
		if lines.Text() != "" {
			continue
		}
		if err := f.event(id, data); err != nil {
			return err
		}
		f.failures = 0 // a blank line is a sign of life
		data = data[:0]
	}
	return lines.Err() // what is left of a block without its end counts for nothing
}

// event hands on what a block held.
func (f *follower) event(id int64, data []byte) error {
	if id <= f.last { // seen before
		return nil
	}
	if len(data) > 0 {
		var e Entry
		if err := json.Unmarshal(data, &e); err != nil || e.Index != id {
			return &brokenStream{fmt.Errorf("inbox: found an event that is not entry %d of the journal: %.80q", id, data)}
		}
		if !f.yield(e, nil) {
			return errStopped
		}
	}
	f.last = id
	return nil
}
