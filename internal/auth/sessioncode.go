package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/deconflict/deconflict/internal/party"
)

const (
	// InvitationLife is how long a join code is good for, unless somebody says
	// otherwise.
	InvitationLife = 10 * time.Minute
	// MaxInvitationLife is the longest.
	MaxInvitationLife = 24 * time.Hour

	// MaxInvitations is how many join codes of one party may be open.
	MaxInvitations = 100

	maxAllInvitations = 10_000

	// codeSymbols are Douglas Crockford's base 32: no I, L, O and U. Ten of them
	// hold 50 bits; of 10,000 open codes, who tries a thousand a second for all of
	// 10 minutes finds one with a chance of 1 in 180,000.
	codeSymbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength  = 10
)

// Why nobody is let in by a code, or can be invited.
var (
	ErrCode           = errors.New("found no such join code: wrong, used already, too old, or made before the node was last started")
	ErrTooManyInvited = fmt.Errorf("found too many join codes that wait to be used; expected fewer than %d of a party", MaxInvitations)
)

// Invitations are the join codes that nobody used yet, by which people sign in
// without a token: each once. They are in memory alone. It may be used by
// several goroutines at once.
type Invitations struct {
	now func() time.Time

	mu   sync.Mutex
	open map[digest]invitation
	of   map[party.ID]int
}

type invitation struct {
	as        Identity
	by        Grant // nil: the operator's
	expiresNS int64
}

// NewInvitations returns none yet. A nil clock means time.Now.
func NewInvitations(now func() time.Time) *Invitations {
	if now == nil {
		now = time.Now
	}
	return &Invitations{now: now, open: map[digest]invitation{}, of: map[party.ID]int{}}
}

// Invite returns a code, such as K7QM4-XW2PD, by which somebody once gets a
// session of an identity, within life of now. Whoever comes by it acts for as
// long as by holds and the identity does not expire; a nil by holds for ever.
func (v *Invitations) Invite(as Identity, by Grant, life time.Duration) (code string, expires time.Time, err error) {
	if !as.Party.Valid() || len(as.Scopes) == 0 {
		return "", time.Time{}, fmt.Errorf("found the party %.300q with %d scopes, expected a party and at least one scope", string(as.Party), len(as.Scopes))
	}
	if err := as.Standing.Check(); err != nil {
		return "", time.Time{}, err
	}
	if life < time.Second || life > MaxInvitationLife {
		return "", time.Time{}, fmt.Errorf("found a life of %s, expected 1 s to %s", life, MaxInvitationLife)
	}
	as.Scopes = slices.Clone(as.Scopes)
	code = newCode()
	key, _ := codeKey(code)
	now := v.now()
	expires = now.Add(life)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of[as.Party] >= MaxInvitations || len(v.open) >= maxAllInvitations {
		v.sweep(now.UnixNano())
	}
	if v.of[as.Party] >= MaxInvitations || len(v.open) >= maxAllInvitations {
		return "", time.Time{}, ErrTooManyInvited
	}
	v.open[key] = invitation{as, by, expires.UnixNano()}
	v.of[as.Party]++
	return code, expires, nil
}

func (v *Invitations) sweep(nowNS int64) {
	for key, one := range v.open {
		if nowNS >= one.expiresNS {
			v.remove(key, one)
		}
	}
}

func (v *Invitations) remove(key digest, one invitation) {
	delete(v.open, key)
	if v.of[one.as.Party]--; v.of[one.as.Party] == 0 {
		delete(v.of, one.as.Party)
	}
}

// redeem takes a code out and returns whom it makes somebody and what that rests
// on, nil for nothing, or ErrCode.
func (v *Invitations) redeem(code string) (Identity, Grant, error) {
	key, ok := codeKey(code)
	if !ok {
		return Identity{}, nil, ErrCode
	}
	v.mu.Lock()
	one, found := v.open[key]
	if found {
		v.remove(key, one)
	}
	nowNS := v.now().UnixNano()
	v.mu.Unlock()
	if !found || nowNS >= one.expiresNS || nowNS >= one.as.ExpiresNS {
		return Identity{}, nil, ErrCode
	}
	as, by := one.as, one.by
	if by == nil {
		return as, nil, nil
	}
	return as, func(ctx context.Context) (Identity, error) {
		if _, err := by(ctx); err != nil {
			return Identity{}, err
		}
		return as, nil
	}, nil
}

func newCode() string {
	var random [codeLength]byte
	rand.Read(random[:])
	var b strings.Builder
	for i, r := range random {
		if i == codeLength/2 {
			b.WriteByte('-')
		}
		b.WriteByte(codeSymbols[r%byte(len(codeSymbols))]) // 32 of 256: each as often
	}
	return b.String()
}

// codeKey is what the node keeps of a code. People read codes aloud and type
// them: case, dashes and spaces do not count, and O is 0, I and L are 1.
func codeKey(code string) (digest, bool) {
	symbols := make([]byte, 0, codeLength)
	for i := range len(code) {
		c := code[i]
		switch {
		case c == '-' || c == ' ':
			continue
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		switch c {
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if len(symbols) == codeLength || strings.IndexByte(codeSymbols, c) < 0 {
			return digest{}, false
		}
		symbols = append(symbols, c)
	}
	return sha256.Sum256(append([]byte("deconflict join code v1\n"), symbols...)), len(symbols) == codeLength
}
