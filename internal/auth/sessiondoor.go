package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Credentials are what somebody signs in with: a token, or the id and secret of
// a registered client, or a join code.
type Credentials struct {
	Token        string `json:"token,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	Code         string `json:"code,omitempty"`
}

// Check returns an error unless there is exactly one kind of credentials.
func (c Credentials) Check() error {
	kinds := 0
	for _, given := range []bool{c.Token != "", c.ClientID != "" || c.ClientSecret != "", c.Code != ""} {
		if given {
			kinds++
		}
	}
	if kinds != 1 || (c.ClientID == "") != (c.ClientSecret == "") {
		return errors.New("expected one of token, client_id with client_secret, and code")
	}
	return nil
}

// ErrAttempts is that an address tried too many wrong credentials.
var ErrAttempts = fmt.Errorf("found too many attempts with wrong credentials from this address; expected at most %d, and then one in %s", failureBurst, failureEvery)

// AttemptsWait is when another try may be let in after ErrAttempts.
const AttemptsWait = failureEvery

// Door lets people in who sign in for a session. It may be used by several
// goroutines at once.
type Door struct {
	// Verifier verifies tokens.
	Verifier interface {
		Verify(ctx context.Context, authorization string) (Identity, error)
	}
	// Clients are those registered; nil for none.
	Clients *Clients
	// Invitations are the join codes.
	Invitations *Invitations
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Log receives a line for every failure; nil means none.
	Log *slog.Logger

	failures failures
}

// Open returns who somebody is, and what that rests on; nil for nothing but its
// own end. remote is the peer's address, host:port. Its errors are ErrAttempts, those of Verify, ErrClient,
// ErrCode, and faults of the file of clients.
func (d *Door) Open(ctx context.Context, c Credentials, remote string) (Identity, Grant, error) {
	address := sourceOf(remote)
	if c.Code != "" {
		return d.byCode(ctx, c.Code, address)
	}
	grant, err := d.grant(ctx, c)
	if err == nil {
		var id Identity
		if id, err = grant(ctx); err == nil {
			return id, grant, nil
		}
	}
	if !errors.Is(err, ErrClient) && !IsRefusal(err) {
		return Identity{}, nil, err
	}
	// As at the token endpoint, the right ones are always let in.
	if !d.failures.allow(address) {
		return Identity{}, nil, ErrAttempts
	}
	d.warn(address, err)
	return Identity{}, nil, err
}

// byCode lets somebody in by a join code. A code is short enough that trying
// many must be stopped before each is looked at.
func (d *Door) byCode(ctx context.Context, code, address string) (Identity, Grant, error) {
	back, ok := d.failures.reserve(address, d.now())
	if !ok {
		return Identity{}, nil, ErrAttempts
	}
	id, grant, err := d.Invitations.redeem(code)
	if err == nil && grant != nil {
		id, err = grant(ctx) // who invited may be gone
	}
	if err != nil {
		d.warn(address, err)
		return Identity{}, nil, err
	}
	back()
	return id, grant, nil
}

func (d *Door) grant(ctx context.Context, c Credentials) (Grant, error) {
	if c.Token != "" {
		authorization := "Bearer " + c.Token
		return func(ctx context.Context) (Identity, error) { return d.Verifier.Verify(ctx, authorization) }, nil
	}
	if d.Clients == nil {
		return nil, ErrClient
	}
	client, err := d.Clients.Authenticate(c.ClientID, c.ClientSecret)
	if err != nil {
		return nil, err
	}
	expires := d.now().Add(SessionLife).UnixNano()
	return func(context.Context) (Identity, error) {
		// Taken off the list, or given other rights, a client has to sign in anew.
		there, err := d.Clients.has(client)
		if err != nil {
			d.log().Error("cannot read the registered clients", "error", err)
		}
		if !there {
			return Identity{}, ErrNoSession
		}
		return Identity{Party: client.ID, Scopes: client.Scopes, ExpiresNS: expires, Standing: client.Standing}, nil
	}, nil
}

// has reports whether a client is registered as it was.
func (c *Clients) has(was Client) (bool, error) {
	stored, err := c.load()
	if err != nil {
		return false, err
	}
	i, known := find(stored, was.ID)
	if !known {
		return false, nil
	}
	s := &stored[i]
	return s.Created.Equal(was.Created) && s.Standing == was.Standing && slices.Equal(s.Scopes, was.Scopes), nil
}

func (d *Door) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}

func (d *Door) log() *slog.Logger {
	if d.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return d.Log
}

func (d *Door) warn(address string, err error) {
	d.log().Warn("nobody was signed in", "address", address, "error", err)
}
