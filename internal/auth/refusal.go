package auth

import (
	"errors"
	"fmt"
	"strings"
)

// Why a caller is not let in. Each is answered with status 401 and Challenge.
// They name the kind of fault and nothing else: whoever tries tokens learns no
// key, no audience and no time from them.
var (
	ErrNoToken = errors.New("no bearer token, expected the header Authorization: Bearer TOKEN")
	ErrNoScope = errors.New("the token carries no scope")

	// ErrInvalid is what all of the following are.
	ErrInvalid      = errors.New("invalid token")
	ErrTooLarge     = fmt.Errorf("%w: too large", ErrInvalid)
	ErrMalformed    = fmt.Errorf("%w: malformed", ErrInvalid)
	ErrAlgorithm    = fmt.Errorf("%w: algorithm not accepted", ErrInvalid)
	ErrUnknownKey   = fmt.Errorf("%w: signed with an unknown key", ErrInvalid)
	ErrSignature    = fmt.Errorf("%w: wrong signature", ErrInvalid)
	ErrMissingClaim = fmt.Errorf("%w: a required claim is missing or unusable", ErrInvalid)
	ErrAudience     = fmt.Errorf("%w: meant for another audience", ErrInvalid)
	ErrExpired      = fmt.Errorf("%w: expired", ErrInvalid)
	ErrNotYetValid  = fmt.Errorf("%w: not valid yet", ErrInvalid)
	ErrIssuedLater  = fmt.Errorf("%w: issued in the future", ErrInvalid)
)

// IsRefusal reports whether an error says that a caller is not let in, and not
// that something failed.
func IsRefusal(err error) bool {
	return errors.Is(err, ErrNoToken) || errors.Is(err, ErrNoScope) || errors.Is(err, ErrInvalid) || errors.Is(err, ErrNoSession)
}

const realm = `Bearer realm="deconflict"`

// Challenge returns the WWW-Authenticate header for an error of Verify (RFC
// 6750 section 3): without an error code when no token was given.
func Challenge(err error) string {
	if errors.Is(err, ErrNoToken) || errors.Is(err, ErrNoSession) {
		return realm
	}
	description := ErrInvalid.Error()
	if errors.Is(err, ErrInvalid) || errors.Is(err, ErrNoScope) {
		description = err.Error()
	}
	return realm + `, error="invalid_token", error_description="` + description + `"`
}

// ScopeChallenge returns the WWW-Authenticate header that goes with status 403
// when the caller has none of the scopes that an endpoint takes.
func ScopeChallenge(scopes ...string) string {
	return realm + `, error="insufficient_scope", scope="` + strings.Join(scopes, " ") + `"`
}
