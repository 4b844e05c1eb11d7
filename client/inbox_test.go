package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// inbox sends the next of the node's streams and hangs up.
func (n *node) inbox(w http.ResponseWriter, r *http.Request) {
	n.seen = append(n.seen, r.Header)
	if r.PathValue("position") != "duty director" {
		n.t.Errorf("found the position %q", r.PathValue("position"))
	}
	if len(n.streams) == 0 {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"type":"urn:deconflict:problem:forbidden","title":"No more"}`)
		return
	}
	next := n.streams[0]
	n.streams = n.streams[1:]
	if next == "busy" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, next)
}

func frame(index int64) string {
	return fmt.Sprintf("id: %d\nevent: test.done\ndata: {\"index\":%d,\"fields\":{\"type\":\"test.done\"}}\n\n", index, index)
}

func TestInbox(t *testing.T) {
	n, c := start(t)
	fill(t, n.journal, 1000, 4)
	n.streams = []string{
		":\n\n" + frame(5) + frame(7) + "id: 8\ndata: {\"index\":8,", // cut off within an entry
		"busy",
		":\n\n" + frame(8) + ":\nid: 11\n\n", // a sign of life says how far the node looked
		frame(11) + frame(12) + frame(12) + "retry: 5\n\n" + "id: 13\r\ndata:{\"index\":13,\"fields\":{}}\r\n\r\n",
	}
	var got []int64
	var last error
	for e, err := range c.Inbox(context.Background(), "duty director", FromNow) {
		if err != nil {
			last = err
			break
		}
		got = append(got, e.Index)
	}
	if want := []int64{5, 7, 8, 12, 13}; !slices.Equal(got, want) {
		t.Errorf("found the entries %v, want %v", got, want)
	}
	var p *Problem
	if !errors.As(last, &p) || p.Kind() != "forbidden" {
		t.Errorf("found the end %v, want the node's refusal", last)
	}
	var resumed []string
	for _, h := range n.seen {
		resumed = append(resumed, h.Get("Last-Event-ID"))
	}
	if want := []string{"3", "7", "7", "11", "13"}; !slices.Equal(resumed, want) {
		t.Errorf("found the connections resumed at %v, want %v", resumed, want)
	}
}

func TestInboxEnds(t *testing.T) {
	n, c := start(t)
	for name, stream := range map[string]string{
		"an id that is none":     "id: x\ndata: {}\n\n",
		"another entry's index":  "id: 3\ndata: {\"index\":4}\n\n",
		"data that is not JSON":  "id: 3\ndata: {\n\n",
		"an id below all others": "id: -5\n\n",
	} {
		n.streams = []string{stream, frame(9)}
		for e, err := range c.Inbox(context.Background(), "duty director", FromStart) {
			if err == nil {
				t.Errorf("%s: found entry %d", name, e.Index)
			}
			break
		}
	}
	// Leaving the loop ends it.
	n.streams, n.seen = []string{frame(1) + frame(2), frame(3)}, nil
	for range c.Inbox(context.Background(), "duty director", 0) {
		break
	}
	if len(n.seen) != 1 {
		t.Errorf("found %d connections after one entry was enough", len(n.seen))
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n.streams = []string{frame(1), "busy", "busy"}
	var last error
	for _, err := range c.Inbox(ctx, "duty director", 0) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("found the end %v, want that of the context", last)
	}
}

// Whatever a node sends, entries come in ascending order and once.
func FuzzInbox(f *testing.F) {
	f.Add(":\n\n"+frame(5)+"id: 6\n\n"+frame(7), int64(3))
	f.Add("data: {}\n\nid: 99999999999999999999\n", int64(-1))
	f.Fuzz(func(t *testing.T, text string, after int64) {
		if len(text) > 64<<10 || after < FromStart {
			return
		}
		last := after
		reader := &follower{last: after, yield: func(e Entry, err error) bool {
			if err != nil || e.Index <= last {
				t.Errorf("found entry %d (%v) after %d", e.Index, err, last)
			}
			last = e.Index
			return true
		}}
		_ = reader.read(strings.NewReader(text))
		if reader.last < last {
			t.Errorf("found the place %d behind entry %d", reader.last, last)
		}
	})
}
