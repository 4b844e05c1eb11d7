package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// Limits of one try.
const (
	tryTimeout     = 10 * time.Second
	maxAnswerBytes = 64 << 10 // read of an answer, so that the connection can be used again
	maxInFlight    = 256      // tries at the same time, to all together
)

// defaultBackoff is how long to wait before each further try: five tries within
// a minute.
var defaultBackoff = []time.Duration{time.Second, 4 * time.Second, 15 * time.Second, 40 * time.Second}

// ErrAddress is that a URL leads to where nothing is sent.
var ErrAddress = errors.New("the address is not one that this node sends to")

// StatusError is an answer that is no success.
type StatusError int

func (e StatusError) Error() string {
	return fmt.Sprintf("found status %d, expected 2xx", int(e))
}

// final reports whether another try would get the same answer.
func (e StatusError) final() bool {
	return e < 500 && e != http.StatusRequestTimeout && e != http.StatusTooManyRequests
}

// sender posts to URLs that others chose. It follows no redirect, uses no proxy
// and no cookie, and reads little of what is answered.
type sender struct {
	client  *http.Client
	private bool
	places  chan struct{}
}

func newSender(private bool) *sender {
	s := &sender{private: private, places: make(chan struct{}, maxInFlight)}
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		return s.mayDial(address)
	}}
	s.client = &http.Client{
		Timeout: tryTimeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
			MaxIdleConns: maxInFlight, MaxIdleConnsPerHost: 2, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// mayDial checks an address once its name is resolved, so that a name that
// leads elsewhere the second time does not help.
func (s *sender) mayDial(address string) error {
	if s.private {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if ip := at.Addr().Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip) {
		return fmt.Errorf("%w: %s is not public", ErrAddress, ip)
	}
	return nil
}

// shared is the address space of carriers (RFC 6598), which is as little public
// as a private one.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// mayReach checks a URL before anything is sent.
func (s *sender) mayReach(target string) error {
	u, err := url.Parse(target)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http", u.User != nil:
		return fmt.Errorf("%w: expected an http or https URL without a user", ErrAddress)
	case u.Scheme == "http" && !s.private:
		return fmt.Errorf("%w: found http, expected https: what is told would cross the network readable", ErrAddress)
	}
	return nil
}

// post sends a body once. Its error is a StatusError for an answer that is no
// success.
func (s *sender) post(ctx context.Context, target string, header http.Header, body []byte) error {
	if err := s.mayReach(target); err != nil {
		return err
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return ctx.Err()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	maps.Copy(r.Header, header)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "deconflict")
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	// What does not end soon costs its connection and nothing else.
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswerBytes)
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return StatusError(answer.StatusCode)
	}
	return nil
}

// retry tries until it succeeds, the waits are used up, the error is final, or
// ctx ends. It returns how often it tried.
func retry(ctx context.Context, waits []time.Duration, try func() error, final func(error) bool) (tries int, err error) {
	for {
		tries++
		if err = try(); err == nil || ctx.Err() != nil || final(err) || tries > len(waits) {
			return tries, err
		}
		if !sleep(ctx, waits[tries-1]) {
			return tries, ctx.Err()
		}
	}
}

// sleep reports whether it was not ended by ctx.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// host returns the name in a URL, without port: what tokens name as their
// audience, and all that logs and the journal say of where something went.
func host(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
