package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
)

// Tokens gives tokens by which this node speaks to other USSs.
type Tokens interface {
	// Token returns one for a host, in the name of the party that manages what is
	// told, where the issuer allows that. It is empty when there is none to be had.
	Token(ctx context.Context, manager party.ID, host string) (string, error)
}

// scope is what telling of an operational intent takes.
const scope = auth.ScopeStrategicCoordination

// Own mints tokens with the node's own issuer, for subscribers that trust it.
type Own struct{ Issuer *auth.Issuer }

// Token implements Tokens.
func (o Own) Token(_ context.Context, manager party.ID, host string) (string, error) {
	return o.Issuer.Mint(manager, host, []string{scope}, 5*time.Minute)
}

// Dev gives the identities that nodes believe that were started to be tried out.
type Dev struct{}

// Token implements Tokens.
func (Dev) Token(_ context.Context, manager party.ID, _ string) (string, error) {
	return "dev:" + string(manager) + ":" + scope, nil
}

// None gives no tokens.
type None struct{}

// Token implements Tokens.
func (None) Token(context.Context, party.ID, string) (string, error) { return "", nil }

// ClientCredentials fetches tokens from an issuer (OAuth 2.0, RFC 6749 section
// 4.4). They are in the name of the client, whoever manages what is told.
type ClientCredentials struct {
	URL, ID, Secret string

	mu    sync.Mutex
	known map[string]issued // by host
}

type issued struct {
	token string
	until time.Time
}

// maxKnownTokens bounds what is kept: one for each host.
const maxKnownTokens = 4096

// Token implements Tokens.
func (c *ClientCredentials) Token(ctx context.Context, _ party.ID, host string) (string, error) {
	c.mu.Lock()
	t, ok := c.known[host]
	c.mu.Unlock()
	if ok && time.Now().Before(t.until) {
		return t.token, nil
	}
	t, err := c.fetch(ctx, host)
	if err != nil {
		return "", fmt.Errorf("token for %s: %w", host, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= maxKnownTokens {
		c.known = map[string]issued{}
	}
	c.known[host] = t
	return t.token, nil
}

func (c *ClientCredentials) fetch(ctx context.Context, host string) (issued, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}, "audience": {host}}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return issued{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// RFC 6749 section 2.3.1 has both encoded.
	r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return issued{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return issued{}, StatusError(answer.StatusCode)
	}
	var body struct {
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"` // seconds
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswerBytes)).Decode(&body); err != nil {
		return issued{}, err
	}
	if body.Token == "" || strings.ContainsAny(body.Token, " \r\n") {
		return issued{}, errors.New("found no access_token in the answer, expected one")
	}
	// A minute early, as clocks differ; one without a life is used once.
	life := time.Duration(min(max(body.Expires, 0), 86_400))*time.Second - time.Minute
	return issued{body.Token, time.Now().Add(life)}, nil
}
