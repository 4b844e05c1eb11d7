package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/outline"
)

func (n *node) request(target string) *http.Request { return httptest.NewRequest("GET", target, nil) }

// told is one event of a stream.
type told struct{ id, kind, data string }

// follow opens a stream over a real connection; next waits for an event and
// returns false at the end of the stream.
func (n *node) follow(ctx context.Context, who bearer, query, lastEventID string) (next func() (told, bool)) {
	n.t.Helper()
	s := httptest.NewServer(n.handler)
	n.t.Cleanup(s.Close)
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/v1/events"+query, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Authorization", string(who))
	if lastEventID != "" {
		r.Header.Set("Last-Event-ID", lastEventID)
	}
	res, err := s.Client().Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		n.t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	return func() (ev told, ok bool) {
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				ev.id = value
			case "event":
				ev.kind = value
			case "data":
				ev.data = value
			case "":
				if ev.data != "" {
					return ev, true
				}
			}
		}
		return ev, false
	}
}

// stream returns the next count events.
func (n *node) stream(who bearer, query string, count int) (list []told) {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	next := n.follow(ctx, who, query, "")
	for range count {
		ev, ok := next()
		if !ok {
			n.t.Fatalf("the stream ended after %d of %d events", len(list), count)
		}
		list = append(list, ev)
	}
	return list
}

func TestEventsTellWhatIsReleased(t *testing.T) {
	n := newNode(t)
	at := n.circle(47.4, 8.5, 100)
	n.intent("uss-alpha", at)       // 0
	n.subscription("uss-alpha", at) // 1
	n.constraint("rangers", at)     // 2
	n.intent("uss-bravo", at)       // 3
	for _, k := range []struct {
		who  bearer
		want string
	}{
		{alpha, "0 intent.put own, 1 subscription.put own, 3 intent.put"},
		{bravo, "0 intent.put, 3 intent.put own"},
		{ranger, "2 constraint.put own"},
		{onlooker, "0 intent.put, 3 intent.put"},
		{with("uss-bravo", append(intentScopes, constraintScopes...)...), "0 intent.put, 2 constraint.put, 3 intent.put own"},
	} {
		var got []string
		for _, ev := range n.stream(k.who, "?after=-1", strings.Count(k.want, ",")+1) {
			var e struct {
				Index  int64                      `json:"index"`
				Fields map[string]json.RawMessage `json:"fields"`
			}
			if err := json.Unmarshal([]byte(ev.data), &e); err != nil {
				t.Fatal(err)
			}
			if strconv.FormatInt(e.Index, 10) != ev.id || string(e.Fields["type"]) != strconv.Quote(ev.kind) {
				t.Errorf("event %+v", ev)
			}
			line := ev.id + " " + ev.kind
			if e.Fields["outline"] != nil {
				line += " own"
			}
			got = append(got, line)
		}
		if strings.Join(got, ", ") != k.want {
			t.Errorf("%s: %s, want %s", k.who, strings.Join(got, ", "), k.want)
		}
	}
}

// Values keep the bytes that their commitments cover.
func TestEventsDoNotEscape(t *testing.T) {
	n := newNode(t)
	n.intent("uss-alpha", n.circle(47.4, 8.5, 100))
	if ev := n.stream(alpha, "?after=-1", 1)[0]; !strings.Contains(ev.data, `"url":"https://uss-alpha.example/a?b=<c>&d"`) {
		t.Error(ev.data)
	}
}

// While two write, a reader that is cut off again and again and resumes sees
// every event once, in order.
func TestStreamResumes(t *testing.T) {
	n := newNode(t)
	const each = 40
	var writers sync.WaitGroup
	for _, w := range []string{"uss-alpha", "uss-bravo"} {
		spot := n.circle(47.4, 8.5, 10)
		if w == "uss-bravo" {
			spot = n.circle(47.4, 8.6, 10)
		}
		writers.Go(func() {
			for range each {
				n.subscriptionOf(w, spot)
			}
		})
	}
	var got []string
	both := []bearer{alpha, bravo}
	last := map[bearer]string{}
	for len(got) < 2*each {
		for _, who := range both {
			if mine := len(slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !strings.HasPrefix(s, string(who)) })); mine == each {
				continue
			}
			ctx, cancel := context.WithCancel(t.Context())
			next := n.follow(ctx, who, "?after=-1", last[who])
			for range 7 {
				ev, ok := next()
				if !ok {
					t.Fatal("the stream ended")
				}
				got = append(got, string(who)+" "+ev.id)
				last[who] = ev.id
				if strings.Count(strings.Join(got, "\n"), string(who)) == each {
					break
				}
			}
			cancel()
		}
	}
	writers.Wait()
	seen := map[string]bool{}
	before := map[string]int{}
	for _, s := range got {
		i := strings.LastIndexByte(s, ' ')
		index, err := strconv.Atoi(s[i+1:])
		if err != nil {
			t.Fatal(err)
		}
		if at, ok := before[s[:i]]; seen[s[i+1:]] || ok && index <= at {
			t.Fatalf("%s came twice or out of order", s)
		}
		seen[s[i+1:]], before[s[:i]] = true, index
	}
	if len(seen) != 2*each {
		t.Errorf("%d events, want %d", len(seen), 2*each)
	}
}

func TestWhereAStreamBegins(t *testing.T) {
	n := newNode(t)
	for range 3 {
		n.subscriptionOf("uss-alpha", n.circle(47.4, 8.5, 10))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	fromNow := n.follow(ctx, alpha, "", "")
	header := n.follow(ctx, alpha, "?after=0", "1")
	n.subscriptionOf("uss-alpha", n.circle(47.4, 8.5, 10))
	if ev, _ := fromNow(); ev.id != "3" {
		t.Errorf("without a parameter: begins at %s, want 3", ev.id)
	}
	if ev, _ := header(); ev.id != "2" {
		t.Errorf("Last-Event-ID 1 with after=0: begins at %s, want 2", ev.id)
	}
	for query, want := range map[string]int{"?after=-2": 400, "?after=x": 400, "?after=4": 400, "?after=01": 400, "?after=3": 200} {
		ctx, cancel := context.WithCancel(t.Context())
		r := n.request("/v1/events" + query).WithContext(ctx)
		r.Header.Set("Authorization", string(alpha))
		w := httptest.NewRecorder()
		cancel()
		n.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", query, w.Code, want)
		}
	}
	if w := n.do(alpha, "HEAD", "/v1/events"); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d %q", w.Code, w.Body)
	}
}

// pipe is a connection to a reader of events that takes what it is given, or
// from some time on nothing.
type pipe struct {
	header   http.Header
	mu       sync.Mutex
	buf      strings.Builder
	stuck    bool
	deadline time.Time
}

func (p *pipe) Header() http.Header { return p.header }
func (p *pipe) WriteHeader(int)     {}
func (p *pipe) Flush()              {}

func (p *pipe) SetReadDeadline(time.Time) error { return nil }

func (p *pipe) SetWriteDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deadline = t
	return nil
}

func (p *pipe) Write(data []byte) (int, error) {
	p.mu.Lock()
	stuck, wait := p.stuck, time.Until(p.deadline)
	if !stuck {
		p.buf.Write(data)
	}
	p.mu.Unlock()
	if stuck {
		time.Sleep(wait)
		return 0, os.ErrDeadlineExceeded
	}
	return len(data), nil
}

// take returns what was written since the last time.
func (p *pipe) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.buf.Reset()
	return p.buf.String()
}

// inBubble runs a stream of alpha in a bubble of fake time.
func inBubble(t *testing.T, run func(t *testing.T, n *node, p *pipe, done <-chan struct{})) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		p := &pipe{header: http.Header{}}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		r := n.request("/v1/events").WithContext(ctx)
		r.Header.Set("Authorization", string(alpha))
		go func() {
			defer close(done)
			n.handler.ServeHTTP(p, r)
		}()
		synctest.Wait()
		run(t, n, p, done)
		cancel()
		<-done
	})
}

// A silent stream shows that it lives, and how far it is, so that a reader to
// whom nothing is released does not resume far behind.
func TestHeartbeat(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node, p *pipe, _ <-chan struct{}) {
		p.take()
		time.Sleep(heartbeatEvery + time.Second)
		synctest.Wait()
		if got := p.take(); got != ":\n\n" {
			t.Errorf("after a silence: %q", got)
		}
		n.subscriptionOf("uss-bravo", n.circle(47.4, 8.5, 10))
		synctest.Wait()
		if got := p.take(); got != "" {
			t.Errorf("another party's subscription: %q", got)
		}
		time.Sleep(heartbeatEvery)
		synctest.Wait()
		if got := p.take(); got != ":\nid: 0\n\n" {
			t.Errorf("after an entry that is not released: %q", got)
		}
	})
}

func TestSlowReaderIsCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node, p *pipe, done <-chan struct{}) {
		p.mu.Lock()
		p.stuck = true
		p.mu.Unlock()
		start := time.Now()
		n.subscriptionOf("uss-alpha", n.circle(47.4, 8.5, 10))
		<-done
		if took := time.Since(start); took != writeLimit {
			t.Errorf("cut off after %v, want %v", took, writeLimit)
		}
	})
}

func TestStreamEndsWithItsToken(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node, p *pipe, done <-chan struct{}) {
		start := time.Now()
		<-done
		if took := time.Since(start); took != time.Hour { // as long as such a token lives
			t.Errorf("ended after %v, want an hour", took)
		}
	})
}

func TestStreamEndsWithTheNode(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node, p *pipe, done <-chan struct{}) {
		close(n.ended)
		<-done
	})
}

// forever is a Verifier whose tokens never end.
type forever struct{}

func (forever) Verify(context.Context, string) (auth.Identity, error) {
	return auth.Identity{Party: "uss-alpha", Scopes: []string{auth.ScopeRead}, ExpiresNS: 1<<63 - 1}, nil
}

// A token without an end in sight does not end the stream at once.
func TestStreamWithALongToken(t *testing.T) {
	n := newNode(t, func(c *Config) { c.Verifier = forever{} })
	n.subscriptionOf("uss-alpha", n.circle(47.4, 8.5, 10))
	if ev := n.stream(alpha, "?after=-1", 1)[0]; ev.id != "0" {
		t.Errorf("%+v", ev)
	}
}

func TestEventsOfAClosedNode(t *testing.T) {
	n := newNode(t)
	n.subscriptionOf("uss-alpha", n.circle(47.4, 8.5, 10))
	next := n.follow(t.Context(), alpha, "?after=-1", "")
	if _, ok := next(); !ok {
		t.Fatal("no event")
	}
	if err := n.engine.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if ev, ok := next(); ok {
		t.Errorf("after the end: %+v", ev)
	}
	if w := n.do(alpha, "GET", "/v1/status"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("a read of a closed node: %d", w.Code)
	}
}

// measuring is an answer that notes the largest piece it was sent.
type measuring struct {
	httptest.ResponseRecorder
	largest int
	last    string // what is in the last piece
	end     func()
}

func (m *measuring) Write(data []byte) (int, error) {
	m.largest = max(m.largest, len(data))
	n, err := m.ResponseRecorder.Write(data)
	if strings.Contains(string(data), m.last) {
		m.end()
	}
	return n, err
}

// A reader of large entries is sent them piece by piece: what waits to be sent
// is bounded, however much the journal holds.
func TestLargeEventsInPieces(t *testing.T) {
	n := newNode(t)
	at := n.circle(47.4, 8.5, 300)
	const entries = 24
	for range entries {
		n.constraint("rangers", slices.Repeat([]outline.Volume{at}, 100)...)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := &measuring{ResponseRecorder: *httptest.NewRecorder(), last: "id: " + strconv.Itoa(entries-1) + "\n", end: cancel}
	r := n.request("/v1/events?after=-1").WithContext(ctx)
	r.Header.Set("Authorization", string(ranger))
	n.handler.ServeHTTP(w, r)
	if got := strings.Count(w.Body.String(), "\nevent: "); got != entries {
		t.Errorf("found %d events, expected %d", got, entries)
	}
	if one := w.Body.Len() / entries; w.Body.Len() < 2*streamBytes || w.largest > streamBytes+2*one {
		t.Errorf("found a piece of %d bytes of %d, expected at most %d and an event of %d", w.largest, w.Body.Len(), streamBytes, one)
	}
}
