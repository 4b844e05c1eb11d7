package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	jwksTimeout  = 5 * time.Second // of one fetch
	jwksPatience = 2 * time.Second // of a request that waits for one
	maxJWKSBytes = 256 << 10
)

// remote keeps the keys of a JWKS URL (RFC 7517 section 5) up to date. While the
// URL is down those that were fetched last stay in force.
type remote struct {
	url        string
	client     *http.Client
	every, gap time.Duration
	publish    func([]key)
	log        *slog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	ended  chan struct{}
	wake   chan struct{} // holds a token when a fetch is asked for

	mu      sync.Mutex
	began   time.Time     // of the last fetch
	pending chan struct{} // closed when the fetch under way or asked for ends; nil when there is none
	failing bool          // the last fetch failed
}

func newRemote(c Config, log *slog.Logger, publish func([]key)) (*remote, error) {
	if err := checkKeyURL(c.JWKSURL, c.InsecureDev); err != nil {
		return nil, err
	}
	client := http.Client{}
	if c.HTTPClient != nil {
		client = *c.HTTPClient
	}
	// The operator vouches for this one URL; wherever it points is another.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r := &remote{
		url: c.JWKSURL, client: &client,
		every: cmp.Or(c.JWKSEvery, 5*time.Minute), gap: cmp.Or(c.JWKSGap, 10*time.Second),
		publish: publish, log: log,
		ended: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r, nil
}

// checkKeyURL refuses a URL whose answers somebody on the way could replace.
func checkKeyURL(text string, insecure bool) error {
	const want = "expected an https URL, or http to this machine"
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return fmt.Errorf("found the JWKS URL %q, %s", text, want)
	}
	host, _ := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || host.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local && !insecure) {
		return fmt.Errorf("found the JWKS URL %q, %s", text, want)
	}
	return nil
}

// run fetches until the remote is closed.
func (r *remote) run() {
	defer close(r.ended)
	for {
		wait := r.every
		if !r.fetch() {
			wait = min(wait, r.gap)
		}
		timer := time.NewTimer(wait)
		select {
		case <-r.ctx.Done():
			timer.Stop()
			return
		case <-r.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (r *remote) close() {
	r.cancel()
	<-r.ended
}

// refresh waits for a fetch, which it asks for unless the last one was a moment
// ago: then there is nothing to wait for, however many unknown keys are named.
func (r *remote) refresh(ctx context.Context) {
	r.mu.Lock()
	done := r.pending
	if done == nil {
		if time.Since(r.began) < r.gap {
			r.mu.Unlock()
			return
		}
		done = make(chan struct{})
		r.pending = done
		r.wake <- struct{}{} // has room: fetch takes it before pending is nil again
	}
	r.mu.Unlock()
	patience := time.NewTimer(jwksPatience)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C:
	case <-ctx.Done():
	case <-r.ctx.Done():
	}
}

// fetch gets and publishes the keys once, and says whether it did.
func (r *remote) fetch() bool {
	r.mu.Lock()
	select {
	case <-r.wake: // asked for meanwhile: this is it
	default:
	}
	if r.pending == nil {
		r.pending = make(chan struct{})
	}
	r.began = time.Now()
	r.mu.Unlock()

	keys, skipped, err := r.get()
	if err == nil {
		r.publish(keys)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ctx.Err() != nil:
	case err != nil && !r.failing:
		r.log.Warn("cannot fetch the keys of the token issuer; those known stay in force", "url", r.url, "error", err)
	case err == nil && r.failing:
		r.log.Info("fetched the keys of the token issuer again", "url", r.url, "keys", len(keys))
	}
	if err == nil && len(keys) == 0 {
		r.log.Warn("the token issuer publishes no key that can be used", "url", r.url, "skipped", skipped)
	}
	r.failing = err != nil
	close(r.pending)
	r.pending = nil
	return err == nil
}

func (r *remote) get() (keys []key, skipped int, err error) {
	ctx, cancel := context.WithTimeout(r.ctx, jwksTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("found status %d, expected 200", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxJWKSBytes+1))
	if err != nil {
		return nil, 0, err
	}
	if len(data) > maxJWKSBytes {
		return nil, 0, fmt.Errorf("found more than %d bytes, expected at most that", maxJWKSBytes)
	}
	return parseJWKS(data)
}

// parseJWKS returns the keys of a set that can verify tokens and the number of
// the others: a set may hold keys for other uses, and of kinds yet to come. A
// set without keys is no error, as an issuer withdraws its keys that way.
func parseJWKS(data []byte) (keys []key, skipped int, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, 0, fmt.Errorf("the answer is not a JWK set: %w", err)
	}
	if set.Keys == nil {
		return nil, 0, errors.New("the answer is not a JWK set: found no member \"keys\"")
	}
	for _, raw := range set.Keys {
		if k, ok := parseJWK(raw); ok && len(keys) < maxKeys {
			keys = append(keys, k)
		} else {
			skipped++
		}
	}
	return keys, skipped, nil
}

func parseJWK(raw []byte) (key, bool) {
	var j jose.JSONWebKey
	if err := j.UnmarshalJSON(raw); err != nil || !j.Valid() {
		return key{}, false
	}
	// A key whose private half is published signs for anybody: newKey refuses it.
	k, err := newKey(j.KeyID, j.Key)
	if err != nil || j.Use != "" && j.Use != "sig" || j.Algorithm != "" && j.Algorithm != string(k.algorithm) {
		return key{}, false
	}
	return k, true
}
