package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/statement"
)

// seatHeader names the session by which a request is made. A page of another
// site cannot send it, so none can use the cookie.
const seatHeader = "Deconflict-Seat"

const (
	cookiePrefix   = "deconflict-seat-"
	defaultSeat    = "a"
	maxSessionBody = 16 << 10
)

// Problems of sessions.
var (
	noSession   = api.Problem{Kind: "no-session", Title: "Nobody is signed in", Status: http.StatusUnauthorized}
	crossOrigin = api.Problem{Kind: "cross-origin", Title: "Another site's page asks", Status: http.StatusForbidden}
)

// seats are the sessions of browsers: who signs in, and whom a request is made
// by that has a seat and no token.
type seats struct {
	verifier identifier // of tokens
	sessions *auth.Sessions
	door     *auth.Door
	origins  *http.CrossOriginProtection
	secure   bool   // browsers reach the node by https
	node     string // name of the journal
	held     bool   // the node's time is set by hand
	log      *slog.Logger
	joined   func(context.Context, auth.Identity) // by a code; may be nil
}

// newSeats returns the sessions of a node that others reach at base; empty:
// where it listens. clients may be nil.
func newSeats(c *Config, verifier identifier, clients *auth.Clients, log *slog.Logger) *seats {
	s := &seats{
		verifier: verifier,
		sessions: openSessions(c.Data, log),
		door:     &auth.Door{Verifier: verifier, Clients: clients, Invitations: auth.NewInvitations(nil), Log: log},
		origins:  http.NewCrossOriginProtection(),
		node:     c.Origin,
		held:     c.Clock != "",
		log:      log,
	}
	// Behind something that ends TLS the header Host may be another.
	if base, err := url.Parse(c.BaseURL); err == nil && base.Host != "" {
		s.secure = base.Scheme == "https"
		_ = s.origins.AddTrustedOrigin(base.Scheme + "://" + base.Host) // of a URL that was checked
	}
	return s
}

// openSessions returns the sessions that outlived the node's last end; none
// without a data directory.
func openSessions(dir string, log *slog.Logger) *auth.Sessions {
	if dir == "" {
		return auth.NewSessions(nil)
	}
	sessions, err := auth.OpenSessions(filepath.Join(dir, "sessions.json"), nil)
	if err != nil {
		log.Error("the sessions of browsers cannot be read: people have to sign in anew", "error", err)
	}
	return sessions
}

// seatKey is where the context of a request has its session: a *auth.Session,
// nil if the seat has none.
type seatKey struct{}

// sit finds the session of a request that names a seat and brings no token.
func (s *seats) sit(r *http.Request) (*http.Request, *auth.Session) {
	seat := r.Header.Get(seatHeader)
	if seat == "" || r.Header.Get("Authorization") != "" {
		return r, nil
	}
	session := s.find(r, seat)
	return r.WithContext(context.WithValue(r.Context(), seatKey{}, session)), session
}

func (s *seats) find(r *http.Request, seat string) *auth.Session {
	if !auth.ValidSeat(seat) {
		return nil
	}
	cookie, err := r.Cookie(cookiePrefix + seat)
	if err != nil {
		return nil
	}
	return s.sessions.Find(seat, cookie.Value)
}

// Verify implements identifier: by the session that sit found, else by the
// token.
func (s *seats) Verify(ctx context.Context, authorization string) (auth.Identity, error) {
	session, seated := ctx.Value(seatKey{}).(*auth.Session)
	switch {
	case authorization != "" || !seated:
		return s.verifier.Verify(ctx, authorization)
	case session == nil:
		return auth.Identity{}, auth.ErrNoSession
	}
	return session.Identity(ctx)
}

// foreign tells that a page of another site made a request that would change
// something for whoever's browser it is.
func (s *seats) foreign(r *http.Request, to route) *api.Problem {
	if _, seated := r.Context().Value(seatKey{}).(*auth.Session); !seated && to.area != session {
		return nil
	}
	if s.origins.Check(r) == nil {
		return nil
	}
	p := crossOrigin.With(fmt.Sprintf("found a request from %.200q, expected one from a page of this node", r.Header.Get("Origin")))
	return &p
}

// ServeHTTP answers /v1/session.
func (s *seats) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var err error
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		err = s.show(w, r)
	case http.MethodPost:
		err = s.signIn(w, r)
	case http.MethodDelete:
		err = s.signOut(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST, DELETE")
		err = api.BadMethod.With("expected GET, HEAD, POST or DELETE")
	}
	if err != nil {
		fail(w, r, err, s.log)
	}
}

// fail answers with a problem, or logs what failed.
func fail(w http.ResponseWriter, r *http.Request, err error, log *slog.Logger) {
	var p api.Problem
	if !errors.As(err, &p) {
		log.Error("a request failed", "request", r.Header.Get(requestIDHeader), "path", r.URL.Path, "error", err)
		p = api.InternalFault.With("the log has more under the id of this request")
	}
	if p.Status == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "" {
		w.Header().Set("WWW-Authenticate", auth.Challenge(auth.ErrNoToken))
	}
	p.Write(w)
}

// readBody reads a small JSON object into v, strictly.
func readBody(r *http.Request, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return api.BadBody.With("expected the content type application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxSessionBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return api.TooMuch.With(fmt.Sprintf("found a body of more than %d bytes, expected fewer", long.Limit))
	case err != nil:
		return api.BadBody.With(fmt.Sprintf("found %d bytes of it, then it ended early", len(body)))
	}
	text, err := statement.Canonical(body)
	if err == nil {
		err = statement.Unmarshal(text, v)
	}
	if err != nil {
		return api.BadBody.With(err.Error())
	}
	return nil
}

func (s *seats) signIn(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		Seat string `json:"seat,omitempty"`
		auth.Credentials
	}
	if err := readBody(r, &ask); err != nil {
		return err
	}
	seat := cmp.Or(ask.Seat, defaultSeat)
	if !auth.ValidSeat(seat) {
		return api.BadBody.With(fmt.Sprintf("found the seat %.80q, expected 1 to 16 of a-z, 0-9 and -", seat))
	}
	if err := ask.Credentials.Check(); err != nil {
		return api.BadBody.With(err.Error())
	}
	id, grant, err := s.door.Open(r.Context(), ask.Credentials, r.RemoteAddr)
	switch {
	case errors.Is(err, auth.ErrAttempts):
		p := api.TooMany.With(err.Error())
		p.RetryAfter = auth.AttemptsWait
		return p
	case errors.Is(err, auth.ErrClient), errors.Is(err, auth.ErrCode), auth.IsRefusal(err):
		return api.Unauthorized.With(err.Error())
	case err != nil:
		return err
	}
	// Whoever sat there before has left.
	if old, err := r.Cookie(cookiePrefix + seat); err == nil {
		if _, err := s.sessions.End(seat, old.Value); err != nil { // the code is spent: let in all the same
			s.log.Error("a session that ended cannot be taken off the list, and comes back with the node's next start", "error", err)
		}
	}
	secret, begun, err := s.sessions.Begin(seat, id, grant)
	if err != nil {
		s.log.Error("a session cannot be written down, and ends with the node", "error", err)
	}
	if id, err = begun.Identity(r.Context()); err != nil {
		return api.Unauthorized.With(err.Error())
	}
	if ask.Code != "" && s.joined != nil {
		s.joined(r.Context(), id)
	}
	life := time.Until(time.Unix(0, id.ExpiresNS))
	http.SetCookie(w, s.cookie(r, seat, secret, max(1, int(life/time.Second))))
	s.log.Info("signed in", "party", id.Party, "role", id.Role, "person", id.Person, "seat", seat)
	return s.answer(w, id)
}

// cookie returns what a browser keeps, or with a negative age forgets.
func (s *seats) cookie(r *http.Request, seat, secret string, ageS int) *http.Cookie {
	return &http.Cookie{
		Name: cookiePrefix + seat, Value: secret, Path: "/", MaxAge: ageS,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.secure || r.TLS != nil,
	}
}

func (s *seats) show(w http.ResponseWriter, r *http.Request) error {
	session, _ := r.Context().Value(seatKey{}).(*auth.Session)
	if session == nil {
		return noSession.With("expected the header " + seatHeader + " and the cookie of that seat, from POST /v1/session")
	}
	id, err := session.Identity(r.Context())
	if err != nil {
		return noSession.With(err.Error())
	}
	return s.answer(w, id)
}

func (s *seats) signOut(w http.ResponseWriter, r *http.Request) error {
	seat := r.Header.Get(seatHeader)
	if !auth.ValidSeat(seat) {
		return noSession.With("expected the header " + seatHeader + " with the seat to leave")
	}
	http.SetCookie(w, s.cookie(r, seat, "", -1)) // whatever becomes of the rest
	if cookie, err := r.Cookie(cookiePrefix + seat); err == nil {
		if _, err := s.sessions.End(seat, cookie.Value); err != nil {
			return fmt.Errorf("signed out, but the node's next start brings the session back: %w", err)
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// answer says who is signed in.
func (s *seats) answer(w http.ResponseWriter, id auth.Identity) error {
	return writeJSON(w, struct {
		Party   string   `json:"party"`
		Role    string   `json:"role"`
		Person  string   `json:"person"`
		Scopes  []string `json:"scopes"`
		Expires string   `json:"expires"`
		Node    string   `json:"node"`
		Mode    string   `json:"mode"`
		// Rehearsal tells a page not to let the node's time go on by itself.
		Rehearsal bool `json:"rehearsal,omitempty"`
	}{string(id.Party), id.Role, id.Person, id.Scopes, timeText(time.Unix(0, id.ExpiresNS)), s.node, "node", s.held})
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func writeJSON(w http.ResponseWriter, body any) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, b.String()) // the caller went away: nobody to tell
	return nil
}
