// Package client speaks with a deconflict node: it signs and sends what a party
// does, follows what is addressed to a position, and keeps the node honest by
// verifying its journal.
//
// A Client may be used by several goroutines at once. Nothing in this package
// retries what may have an effect: whoever does not know the outcome of an act
// sends the same statement again (Client.Send), which never counts twice.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// Client speaks with one node for one party.
type Client struct {
	// BaseURL is where the node listens, like https://node.example.
	BaseURL string
	// Token returns a bearer token for a request. Nil: none is sent.
	Token func(ctx context.Context) (string, error)
	// Origin is the name of the node's journal. It stands in every statement, so
	// that none can be used at another node.
	Origin string
	// Party is who acts. Role and Person say under which role, and by whom; they
	// may be empty.
	Party, Role, Person string
	// HTTP carries requests; nil means http.DefaultClient. It must not limit how
	// long an answer takes as a whole, or Inbox is cut off each time.
	HTTP *http.Client
	// Now is the clock that statements are dated by; nil means time.Now.
	Now func() time.Time
	// RetryAfter is how long Inbox waits before it connects again, doubled with
	// each failure up to 32 times; 0 means one second.
	RetryAfter time.Duration
}

// maxAnswer bounds an answer in bytes. A journal entry has at most 4 MiB.
const maxAnswer = 16 << 20

// Problem is a node's answer that it did not do what was asked (RFC 9457).
type Problem struct {
	Type   string `json:"type"` // urn:deconflict:problem:KIND
	Title  string `json:"title"`
	Status int    `json:"status"` // of HTTP
	Detail string `json:"detail"` // what was found and what was expected
	// Instance is the request's id, under which the node's log has more.
	Instance string          `json:"instance"`
	Details  json.RawMessage `json:"details"` // for programs; may be nil
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return fmt.Sprintf("%s (HTTP status %d)", p.Title, p.Status)
	}
	return fmt.Sprintf("%s: %s (HTTP status %d)", p.Title, p.Detail, p.Status)
}

// Kind returns the last part of the problem's type, such as act-not-now.
func (p *Problem) Kind() string { return p.Type[strings.LastIndexByte(p.Type, ':')+1:] }

// open sends a request and returns its answer if that is good. The caller closes
// its body.
func (c *Client) open(ctx context.Context, method, path string, body []byte, header map[string]string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.BaseURL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	if c.Token != nil {
		token, err := c.Token(ctx)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	carrier := c.HTTP
	if carrier == nil {
		carrier = http.DefaultClient
	}
	answer, err := carrier.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 == 2 {
		return answer, nil
	}
	defer answer.Body.Close()
	return nil, problemOf(answer)
}

// problemOf reads an answer that is not good.
func problemOf(answer *http.Response) *Problem {
	p := &Problem{}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil || kind != "application/problem+json" || json.Unmarshal(data, p) != nil {
		p = &Problem{Title: "The node answered " + answer.Status}
	}
	p.Status = answer.StatusCode // what counts is what was sent, not what was written
	return p
}

// fetch sends a request and returns the body of a good answer.
func (c *Client) fetch(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	answer, err := c.open(ctx, method, path, body, map[string]string{"Accept": "application/json"})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err == nil && len(data) > maxAnswer {
		err = fmt.Errorf("%s: found an answer of more than %d bytes", path, maxAnswer)
	}
	return data, err
}
