package auth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// TokenLife is how long tokens of the token endpoint live.
	TokenLife = time.Hour

	maxFormBytes = 16 << 10

	// What one address may fail, and then in every failureEvery again.
	failureBurst = 10
	failureEvery = 6 * time.Second
	maxAddresses = 4096
)

// ClientCredentials answers a token endpoint (RFC 6749 section 4.4): a client
// shows its id and secret, by HTTP Basic or in the form, and gets a token of an
// hour for itself.
type ClientCredentials struct {
	// Issuer signs the tokens.
	Issuer *Issuer
	// Clients are those registered.
	Clients *Clients
	// Audiences are the host names that tokens may be meant for. With a single
	// one a request need not name it.
	Audiences []string
	// Log receives a line for every token and for every failure; nil means none.
	Log *slog.Logger

	failures failures
}

// oauthError is an error of RFC 6749 section 5.2 or RFC 8707 section 2.
type oauthError struct {
	status      int
	code        string
	description string
}

func (e *oauthError) Error() string { return e.description }

func badRequest(code, description string) error {
	return &oauthError{http.StatusBadRequest, code, description}
}

// ServeHTTP answers one request for a token.
func (c *ClientCredentials) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	w.Header().Set("Content-Type", "application/json")
	answer, err := c.grant(w, r)
	if err == nil {
		json.NewEncoder(w).Encode(answer)
		return
	}
	var refused *oauthError
	if !errors.As(err, &refused) {
		c.log().Error("cannot issue a token", "error", err)
		refused = &oauthError{http.StatusInternalServerError, "server_error", "the node cannot issue tokens now"}
	}
	switch refused.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="deconflict", charset="UTF-8"`)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(int(failureEvery/time.Second)))
	}
	w.WriteHeader(refused.status)
	json.NewEncoder(w).Encode(struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{refused.code, refused.description})
}

func (c *ClientCredentials) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

// tokenAnswer is the answer of RFC 6749 section 5.1.
type tokenAnswer struct {
	Token    string `json:"access_token"`
	Type     string `json:"token_type"`
	ExpiresS int64  `json:"expires_in"`
	Scope    string `json:"scope"`
}

func (c *ClientCredentials) grant(w http.ResponseWriter, r *http.Request) (*tokenAnswer, error) {
	form, err := readForm(w, r)
	if err != nil {
		return nil, err
	}
	id, secret, err := credentials(r, form)
	if err != nil {
		return nil, err
	}
	client, err := c.Clients.Authenticate(id, secret)
	if errors.Is(err, ErrClient) {
		return nil, c.failed(r)
	}
	if err != nil {
		return nil, err
	}
	switch form.Get("grant_type") {
	case "client_credentials":
	case "":
		return nil, badRequest("invalid_request", "found no grant_type, expected client_credentials")
	default:
		return nil, badRequest("unsupported_grant_type", "expected the grant_type client_credentials")
	}
	audience, err := c.audience(form)
	if err != nil {
		return nil, err
	}
	scopes, ok := ParseScopes(form.Get("scope"), " ")
	if !ok {
		return nil, badRequest("invalid_scope", "scope is not a list of scopes divided by spaces")
	}
	if len(scopes) == 0 {
		scopes = client.Scopes
	}
	for _, scope := range scopes {
		if !slices.Contains(client.Scopes, scope) {
			return nil, badRequest("invalid_scope", "the client is not registered for the scope "+scope)
		}
	}
	token, err := c.Issuer.MintAs(client.ID, client.Standing, audience, scopes, TokenLife)
	if err != nil {
		return nil, err
	}
	c.log().Info("issued a token", "party", client.ID, "audience", audience, "scopes", scopes)
	return &tokenAnswer{token, "Bearer", int64(TokenLife / time.Second), strings.Join(scopes, " ")}, nil
}

// readForm returns the parameters of the body. Those of the URL do not count:
// they end up in logs.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return nil, &oauthError{http.StatusMethodNotAllowed, "invalid_request", "expected POST"}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, badRequest("invalid_request", "expected the content type application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		return nil, badRequest("invalid_request", "the body is not a form of at most 16 KiB")
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			// RFC 8707 lets a client name several resources; a token here has one audience.
			if name == "resource" {
				return nil, badRequest("invalid_target", "resource is given more than once")
			}
			return nil, badRequest("invalid_request", "a parameter is given more than once")
		}
	}
	return r.PostForm, nil
}

// credentials returns the client's id and secret, given in one of the two ways
// of RFC 6749 section 2.3.1. In a Basic header both are form-encoded.
func credentials(r *http.Request, form url.Values) (id, secret string, err error) {
	missing := &oauthError{http.StatusUnauthorized, "invalid_client", "expected the client's id and secret, by HTTP Basic or as client_id and client_secret"}
	if r.Header.Get("Authorization") == "" {
		if id, secret = form.Get("client_id"), form.Get("client_secret"); id == "" || secret == "" {
			return "", "", missing
		}
		return id, secret, nil
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		return "", "", missing
	}
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	if idErr != nil || secretErr != nil {
		return "", "", missing
	}
	if form.Has("client_secret") || form.Has("client_id") && form.Get("client_id") != id {
		return "", "", badRequest("invalid_request", "credentials are given both in the header and in the body")
	}
	return id, secret, nil
}

// audience returns whom the token is for: `audience` as it is, or the host of
// the URL in `resource` (RFC 8707).
func (c *ClientCredentials) audience(form url.Values) (string, error) {
	audience, resource := form.Get("audience"), form.Get("resource")
	if resource != "" {
		host := resource
		if u, err := url.Parse(resource); err == nil && u.Host != "" {
			host = u.Hostname()
		}
		if audience != "" && audience != host {
			return "", badRequest("invalid_target", "audience and resource differ")
		}
		audience = host
	}
	if audience == "" && len(c.Audiences) == 1 {
		audience = c.Audiences[0]
	}
	if !slices.Contains(c.Audiences, audience) {
		return "", badRequest("invalid_target", "expected an audience or resource with the host name "+strings.Join(c.Audiences, " or "))
	}
	return audience, nil
}

// failed answers wrong credentials. The right ones are always let in, as a
// secret cannot be guessed: otherwise whoever shares an address with a client
// could lock it out.
func (c *ClientCredentials) failed(r *http.Request) error {
	address := sourceOf(r.RemoteAddr)
	if !c.failures.allow(address) {
		return &oauthError{http.StatusTooManyRequests, "invalid_client", "too many attempts with wrong credentials"}
	}
	c.log().Warn("wrong client credentials", "address", address)
	return &oauthError{http.StatusUnauthorized, "invalid_client", ErrClient.Error()}
}

// failures limits attempts by address.
type failures struct {
	mu        sync.Mutex
	byAddress map[string]*rate.Limiter
}

func (f *failures) allow(address string) bool { return f.limiterOf(address).Allow() }

// reserve counts an attempt before it is known whether it fails; back takes that
// back.
func (f *failures) reserve(address string, now time.Time) (back func(), ok bool) {
	r := f.limiterOf(address).ReserveN(now, 1)
	back = func() { r.CancelAt(now) }
	if r.DelayFrom(now) > 0 {
		back()
		return nil, false
	}
	return back, true
}

func (f *failures) limiterOf(address string) *rate.Limiter {
	f.mu.Lock()
	defer f.mu.Unlock()
	limiter := f.byAddress[address]
	if limiter == nil {
		// Memory is bounded; who has so many addresses is not stopped by a limit.
		if len(f.byAddress) >= maxAddresses || f.byAddress == nil {
			f.byAddress = map[string]*rate.Limiter{}
		}
		limiter = rate.NewLimiter(rate.Every(failureEvery), failureBurst)
		f.byAddress[address] = limiter
	}
	return limiter
}

// sourceOf returns the address of a peer; of IPv6 the first 64 bits, which one
// subscriber has.
func sourceOf(remote string) string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		host, _, _ := net.SplitHostPort(remote)
		return host
	}
	addr := ap.Addr().Unmap().WithZone("")
	if addr.Is6() {
		prefix, _ := addr.Prefix(64)
		return prefix.String()
	}
	return addr.String()
}
