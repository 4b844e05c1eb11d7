package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/deconflict/deconflict/internal/party"
)

const (
	// SessionLife is how long a session lasts at most: a watch, with its handover.
	SessionLife = 12 * time.Hour

	maxSessions  = 10_000
	maxSeatBytes = 16
)

// ErrNoSession is that somebody calls by a session that there is not, any more
// or ever.
var ErrNoSession = errors.New("no session, expected to sign in with POST /v1/session")

// Grant says whom somebody acts as now, and fails once what that rests on does
// not hold any more. It may be called by several goroutines at once.
type Grant func(context.Context) (Identity, error)

// Sessions are who is signed in by a browser, which keeps a random secret and
// shows it with each request. Those that rest on a token or a client end with
// the node. Those that rest on nothing else are in a file, if there is one, so
// that a power cut locks nobody out whose join code is spent. It may be used by
// several goroutines at once.
type Sessions struct {
	now  func() time.Time
	max  int
	file string // empty: in memory alone

	writing sync.Mutex // of the file; taken before mu

	mu      sync.Mutex
	by      map[digest]*Session
	ofParty map[party.ID][]*Session // oldest first
}

// Session is one of them.
type Session struct {
	key       digest
	as        Identity // when it began
	expiresNS int64
	grant     Grant // nil: it stands by itself
	now       func() time.Time

	ended context.Context
	end   context.CancelFunc
}

// NewSessions returns none yet. A nil clock means time.Now.
func NewSessions(now func() time.Time) *Sessions {
	if now == nil {
		now = time.Now
	}
	return &Sessions{now: now, max: maxSessions, by: map[digest]*Session{}, ofParty: map[party.ID][]*Session{}}
}

// ValidSeat reports whether s can name a seat, one of several sessions of one
// browser: 1 to 16 of a-z, 0-9 and -.
func ValidSeat(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= maxSeatBytes
}

// keyOf is what the node keeps of a secret. A secret is good for its seat alone.
func keyOf(seat, secret string) digest {
	return sha256.Sum256([]byte("deconflict session v1\n" + seat + "\n" + secret))
}

// Begin opens a session of an identity, as long as its grant holds, until the
// identity expires and for 12 hours at most. A nil grant holds for ever. When
// there are 10,000 already, the party that has most loses its oldest. An error
// is that the session could not be written down: it is good, and ends with the
// node.
func (s *Sessions) Begin(seat string, id Identity, grant Grant) (secret string, begun *Session, err error) {
	secret = rand.Text()
	now := s.now()
	begun = s.session(keyOf(seat, secret), id, grant, min(id.ExpiresNS, now.Add(SessionLife).UnixNano()))
	s.mu.Lock()
	s.makeRoom(now.UnixNano())
	s.add(begun)
	s.mu.Unlock()
	if grant == nil {
		err = s.write()
	}
	return secret, begun, err
}

func (s *Sessions) session(key digest, id Identity, grant Grant, expiresNS int64) *Session {
	one := &Session{key: key, as: id, grant: grant, now: s.now, expiresNS: expiresNS}
	one.ended, one.end = context.WithCancel(context.Background())
	return one
}

func (s *Sessions) add(one *Session) {
	s.by[one.key] = one
	s.ofParty[one.as.Party] = append(s.ofParty[one.as.Party], one)
}

func (s *Sessions) makeRoom(nowNS int64) {
	if len(s.by) < s.max {
		return
	}
	for _, one := range s.by {
		if nowNS >= one.expiresNS {
			s.remove(one)
		}
	}
	if len(s.by) < s.max {
		return
	}
	var most []*Session
	for _, list := range s.ofParty {
		if len(list) > len(most) || len(list) == len(most) && list[0].expiresNS < most[0].expiresNS {
			most = list
		}
	}
	s.remove(most[0])
}

func (s *Sessions) remove(one *Session) {
	delete(s.by, one.key)
	rest := slices.DeleteFunc(slices.Clone(s.ofParty[one.as.Party]), func(o *Session) bool { return o == one })
	if s.ofParty[one.as.Party] = rest; len(rest) == 0 {
		delete(s.ofParty, one.as.Party)
	}
	one.end()
}

// Find returns the session of a secret, or nil. It may have expired.
func (s *Sessions) Find(seat, secret string) *Session {
	key := keyOf(seat, secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[key]
}

// Any reports whether somebody of a party is signed in.
func (s *Sessions) Any(of party.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	nowNS := s.now().UnixNano()
	return slices.ContainsFunc(s.ofParty[of], func(one *Session) bool { return nowNS < one.expiresNS })
}

// End ends the session of a secret, if there is one, and reports whether there
// was. An error is that this could not be written down: the session is over, and
// comes back with the node's next start.
func (s *Sessions) End(seat, secret string) (ended bool, err error) {
	key := keyOf(seat, secret)
	s.mu.Lock()
	one := s.by[key]
	if one != nil {
		s.remove(one)
	}
	s.mu.Unlock()
	if one != nil && one.grant == nil {
		err = s.write()
	}
	return one != nil, err
}

// Identity returns who acts by the session, and until when at most. Its errors
// are those of this package, as Verify's.
func (s *Session) Identity(ctx context.Context) (Identity, error) {
	if s.ended.Err() != nil || s.now().UnixNano() >= s.expiresNS {
		return Identity{}, ErrNoSession
	}
	id := s.as
	if s.grant != nil {
		var err error
		if id, err = s.grant(ctx); err != nil {
			return Identity{}, err
		}
	}
	id.ExpiresNS = min(id.ExpiresNS, s.expiresNS)
	return id, nil
}

// Grant returns what the session rests on; nil: nothing but its own end.
func (s *Session) Grant() Grant { return s.grant }

// OnEnd calls f once the session was ended; not when it expires. stop makes it
// not do so.
func (s *Session) OnEnd(f func()) (stop func() bool) { return context.AfterFunc(s.ended, f) }
