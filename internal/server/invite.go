package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/world"
)

// joinFragment is what follows the node's address for whoever joins. A fragment
// is not sent, so no log on the way has the code.
const joinFragment = "/#join="

// Invite returns a join code, such as K7QM4-XW2PD, with which one person signs
// in once, within life (0: 10 minutes), and then acts for a party under scopes
// for at most 12 hours. It is the operator's door: nothing is asked.
func (s *Server) Invite(to party.ID, as auth.Standing, scopes []string, life time.Duration) (code string, err error) {
	if life == 0 {
		life = auth.InvitationLife
	}
	id := auth.Identity{Party: to, Scopes: scopes, ExpiresNS: math.MaxInt64, Standing: as}
	code, _, err = s.seats.door.Invitations.Invite(id, nil, life)
	return code, err
}

// JoinURL returns where a person with a join code goes.
func (s *Server) JoinURL(code string) string { return s.baseURL() + joinFragment + code }

// invitation is what is asked for. What is left out is as with who asks.
type invitation struct {
	Party  string `json:"party,omitempty"`
	Role   string `json:"role,omitempty"`
	Person string `json:"person,omitempty"`
	LifeS  int64  `json:"life_s,omitempty"`
}

// serveInvitations answers /v1/invitations.
func (s *Server) serveInvitations(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		api.BadMethod.With("expected POST").Write(w)
		return
	}
	if err := s.invite(w, r); err != nil {
		fail(w, r, err, s.log)
	}
}

func (s *Server) invite(w http.ResponseWriter, r *http.Request) error {
	by, err := s.seats.Verify(r.Context(), r.Header.Get("Authorization"))
	if err != nil {
		w.Header().Set("WWW-Authenticate", auth.Challenge(err))
		return api.Unauthorized.With(err.Error())
	}
	if !by.Has(auth.ScopeAct) {
		w.Header().Set("WWW-Authenticate", auth.ScopeChallenge(auth.ScopeAct))
		return api.Forbidden.With("expected the scope " + auth.ScopeAct)
	}
	var ask invitation
	if err := readBody(r, &ask); err != nil {
		return err
	}
	life := time.Duration(ask.LifeS) * time.Second
	if ask.LifeS == 0 {
		life = auth.InvitationLife
	} else if most := int64(auth.MaxInvitationLife / time.Second); ask.LifeS < 1 || ask.LifeS > most {
		return api.BadBody.With(fmt.Sprintf("found a life_s of %d, expected 1 to %d", ask.LifeS, most))
	}
	as, err := s.invited(r.Context(), by, &ask)
	if err != nil {
		return err
	}
	code, expires, err := s.seats.door.Invitations.Invite(as, s.seats.grantOf(r), life)
	if errors.Is(err, auth.ErrTooManyInvited) {
		p := api.TooMany.With(err.Error())
		p.RetryAfter = time.Minute
		return p
	}
	if err != nil {
		return api.BadBody.With(err.Error())
	}
	join := s.reachedAt(r) + joinFragment + code
	drawn, err := qrSVG(join)
	if err != nil {
		return err
	}
	s.log.Info("invited", "by", by.Party, "party", as.Party, "role", as.Role, "person", as.Person)
	return writeJSON(w, struct {
		Code    string `json:"code"`
		Expires string `json:"expires"`
		URL     string `json:"url"`
		QR      string `json:"qr"`
		// Fingerprint is what whoever joins compares; without TLS there is none.
		Fingerprint string `json:"fingerprint,omitempty"`
	}{code, timeText(expires), join, drawn, s.fingerprint()})
}

// reachedAt returns the node's address as who asks has it: a node that listens
// everywhere does not know what others call it.
func (s *Server) reachedAt(r *http.Request) string {
	if s.config.BaseURL != "" || r.Host == "" {
		return s.baseURL()
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// grantOf returns what a request rests on, so that whom its maker invites is in
// for no longer than the maker. For somebody who was invited that is what the
// session rests on, so that chains do not grow.
func (s *seats) grantOf(r *http.Request) auth.Grant {
	if session, _ := r.Context().Value(seatKey{}).(*auth.Session); session != nil {
		return session.Grant()
	}
	authorization := r.Header.Get("Authorization")
	return func(ctx context.Context) (auth.Identity, error) { return s.verifier.Verify(ctx, authorization) }
}

// invited returns whom an invitation makes somebody: never more than who
// invites, and for no longer.
func (s *Server) invited(ctx context.Context, by auth.Identity, ask *invitation) (auth.Identity, error) {
	as := auth.Identity{
		Party: by.Party, ExpiresNS: by.ExpiresNS,
		Scopes: slices.DeleteFunc(slices.Clone(by.Scopes), func(scope string) bool { return scope == auth.ScopeAdmin }),
	}
	if other := party.ID(ask.Party); other != "" && other != by.Party {
		as.Party = other
		as.Standing = auth.Standing{Role: ask.Role, Person: ask.Person}
		if err := as.Check(); err != nil {
			return as, api.BadBody.With(err.Error())
		}
		if !other.Valid() {
			return as, api.BadBody.With(fmt.Sprintf("found the party %.300q, expected 1 to %d printable ASCII characters without spaces", ask.Party, party.MaxIDBytes))
		}
		return as, s.mayInviteOthers(ctx, by, other)
	}
	var err error
	as.Standing, err = s.colleague(ctx, by, ask)
	return as, err
}

// mayInviteOthers refuses unless a site's party asks for one that is new, or for
// one that has nothing to speak for itself with: the node alone keeps its keys,
// and nobody of it is signed in. Without the latter a night's sleep would end a
// party.
func (s *Server) mayInviteOthers(ctx context.Context, by auth.Identity, other party.ID) error {
	if s.config.Site == "" || string(by.Party) != s.config.Site {
		return api.Forbidden.With(fmt.Sprintf("found the party %s, expected the caller's own, %s: only the party of the node's site invites others", other, by.Party))
	}
	var key party.Key
	if s.keeps != nil {
		key = s.keeps(other)
	}
	level, known, kept := party.Level(0), false, false
	err := s.engine.ReadWorld(ctx, func(st *world.State, nowNS int64) {
		level = levelNow(st, by, nowNS)
		p := st.Registry.Party(other)
		known, kept = p != nil, p != nil && heldBy(p, key)
	})
	switch {
	case err != nil:
		return err
	case level < party.Policy:
		return api.Forbidden.With("found no role of level policy in the token, expected one: it takes that to invite another party")
	case known && !kept:
		return api.Forbidden.With(fmt.Sprintf("%s is enrolled already, with keys of its own: its own people invite others", other))
	case known && s.seats.sessions.Any(other):
		return api.Forbidden.With(fmt.Sprintf("%s is enrolled already, and somebody of it is signed in: its own people invite others", other))
	}
	return nil
}

// heldBy reports whether a key is the only one that a party's record names.
func heldBy(p *registry.Party, key party.Key) bool {
	if key == "" {
		return false
	}
	for _, r := range p.Roles {
		for _, h := range r.Holders {
			if h.Key != key {
				return false
			}
		}
	}
	return true
}

// colleague returns the standing that somebody of the caller's own party gets: a
// role of the caller's level or below. Who is not the caller is named by who
// speaks for the party, by level or because the token names nobody.
func (s *Server) colleague(ctx context.Context, by auth.Identity, ask *invitation) (auth.Standing, error) {
	as := by.Standing
	if ask.Person != "" {
		as.Person = ask.Person
	}
	if ask.Role != "" {
		as.Role = ask.Role
	}
	if err := as.Check(); err != nil {
		return as, api.BadBody.With(err.Error())
	}
	if as == by.Standing {
		return as, nil
	}
	var own, asked party.Level
	err := s.engine.ReadWorld(ctx, func(st *world.State, nowNS int64) {
		own, asked = levelNow(st, by, nowNS), levelOf(st, by.Party, as.Role)
	})
	if err != nil {
		return as, err
	}
	if by.Role == "" {
		own = party.Watch // as for its statements
	}
	switch {
	case as.Person != by.Person && by.Person != "" && own < party.Policy:
		return as, api.Forbidden.With(fmt.Sprintf("found the person %.80q, expected %q as in the token, or a role of level policy in it", as.Person, by.Person))
	case as.Role == by.Role:
		return as, nil
	case asked == 0:
		return as, api.Forbidden.With(fmt.Sprintf("found the role %.80q, expected one of the party's record", as.Role))
	case asked > own:
		return as, api.Forbidden.With(fmt.Sprintf("found the role %.80q of level %s, expected at most %s, the caller's own", as.Role, asked, own))
	}
	return as, nil
}

// levelOf returns the level of a role of a party, 0 if there is none.
func levelOf(st *world.State, id party.ID, role string) party.Level {
	if p := st.Registry.Party(id); p != nil {
		if r := p.Role(role); r != nil {
			return r.Level
		}
	}
	return 0
}

// levelNow is levelOf for who calls, who has to hold the role now.
func levelNow(st *world.State, by auth.Identity, nowNS int64) party.Level {
	p := st.Registry.Party(by.Party)
	if p == nil {
		return 0
	}
	r := p.Role(by.Role)
	if r == nil {
		return 0
	}
	for _, h := range r.Holders {
		if (by.Person == "" || h.Person == by.Person) && h.Holds(nowNS) {
			return r.Level
		}
	}
	return 0
}
