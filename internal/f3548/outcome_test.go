package f3548

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/journal"
)

// A request that ends before it is decided changes nothing and is told so.
func TestDroppedRequest(t *testing.T) {
	n := newNode(t, Limits{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "PUT", oir+id(1), strings.NewReader(createText(t)))
	r.Header.Set("Authorization", string(alpha))
	got := n.serve(r)
	if got.status != http.StatusGatewayTimeout || !strings.Contains(got.str("message"), "nothing was done") {
		t.Errorf("status %d: %s", got.status, got.text)
	}
	n.want(404, alpha, "GET", oir+id(1), nil)

	n.dss.Limits.Wait = time.Nanosecond
	if got := n.send(alpha, "PUT", oir+id(1), intentBody()); got.status != http.StatusGatewayTimeout {
		t.Errorf("status %d: %s", got.status, got.text)
	}
}

// An outcome that is not known is not passed off as a refusal.
func TestUnknownOutcome(t *testing.T) {
	e, err := engine.Open(context.Background(), engine.Config{
		Dir:     t.TempDir(),
		Journal: journal.Options{Origin: "node.example/deconflict", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))},
	})
	if err != nil {
		t.Fatal(err)
	}
	n := newNode(t, Limits{})
	n.dss.Engine = e
	n.dss.Now = time.Now
	body := subscriptionBody()
	body["extents"].(object)["time_start"], body["extents"].(object)["time_end"] = nil, nil
	n.want(200, alpha, "PUT", sub+id(1), body)
	if err := e.Journal().Close(); err != nil {
		t.Fatal(err)
	}
	got := n.want(503, alpha, "PUT", sub+id(2), body)
	if !strings.Contains(got.str("message"), "not known") || got.header.Get("Retry-After") == "" {
		t.Error(got.text)
	}
	if err := e.Close(context.Background()); err == nil {
		t.Error("a failed engine closes without error")
	}
	got = n.want(503, alpha, "PUT", sub+id(2), body)
	if got.header.Get("Retry-After") == "" {
		t.Error(got.text)
	}
}

func TestErrorsAsAnswers(t *testing.T) {
	for _, c := range []struct {
		err   error
		want  int
		retry bool
	}{
		{engine.ErrOverloaded, 503, true},
		{engine.ErrClosed, 503, true},
		{engine.ErrStopped, 503, true},
		{context.DeadlineExceeded, 504, true},
		{&airspace.Refusal{Kind: "a kind that nobody knows"}, 500, false},
		{errors.New("disk /var/lib/secret is full"), 500, false},
	} {
		var log bytes.Buffer
		d := NewDSS(Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		w := httptest.NewRecorder()
		d.fail(w, httptest.NewRequest("GET", "/", nil), c.err)
		if w.Code != c.want || (w.Header().Get("Retry-After") != "") != c.retry {
			t.Errorf("%v: status %d, Retry-After %q", c.err, w.Code, w.Header().Get("Retry-After"))
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v is told: %s", c.err, w.Body)
		}
		if (log.Len() > 0) != (c.want == 500) {
			t.Errorf("%v: log %q", c.err, &log)
		}
	}
	for kind := range statuses {
		if got := asRefusal(&airspace.Refusal{Kind: kind, Message: "m"}); got == nil || got.message != "m" {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}

// Without randomness nothing is made.
func TestNoRandomness(t *testing.T) {
	n := newNode(t, Limits{})
	n.dss.Rand = iotest.ErrReader(errors.New("no entropy"))
	n.want(500, alpha, "PUT", oir+id(1), intentBody())
	n.want(404, alpha, "GET", oir+id(1), nil)
}

// A body that ends early is not read as a shorter one.
func TestBodyEndsEarly(t *testing.T) {
	n := newNode(t, Limits{})
	r := httptest.NewRequest("PUT", oir+id(1), iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(createText(t)))))
	r.Header.Set("Authorization", string(alpha))
	if got := n.serve(r); got.status != 400 || !strings.Contains(got.str("message"), "ended early") {
		t.Errorf("status %d: %s", got.status, got.text)
	}
	// Whatever length is promised, what comes counts.
	r = httptest.NewRequest("PUT", oir+id(1), strings.NewReader(createText(t)))
	r.ContentLength = 5 << 20
	r.Header.Set("Authorization", string(alpha))
	if got := n.serve(r); got.status != 413 {
		t.Errorf("status %d: %s", got.status, got.text)
	}
	r = httptest.NewRequest("PUT", oir+id(1), iotest.OneByteReader(strings.NewReader(createText(t))))
	r.ContentLength = -1
	r.Header.Set("Authorization", string(alpha))
	if got := n.serve(r); got.status != 201 {
		t.Errorf("status %d: %s", got.status, got.text)
	}
}
