// Package auth decides who calls and what they may ask for: it verifies bearer
// tokens, and issues them where a node brings its own issuer.
package auth

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/deconflict/deconflict/internal/party"
)

// Scopes of ASTM F3548-21, of the InterUSS interfaces beside it, and of the
// node's own interface.
const (
	ScopeStrategicCoordination = "utm.strategic_coordination"
	ScopeConstraintManagement  = "utm.constraint_management"
	ScopeConstraintProcessing  = "utm.constraint_processing"
	ScopeConformanceMonitoring = "utm.conformance_monitoring_sa"
	ScopeAvailability          = "utm.availability_arbitration"

	ScopePoolStatus = "interuss.pool_status.read"
	ScopeVersions   = "interuss.versioning.read_system_versions"

	ScopeRead  = "deconflict.read"
	ScopeAct   = "deconflict.act"
	ScopeAdmin = "deconflict.admin"
)

// Scopes are all that an interface of the node takes.
var Scopes = []string{
	ScopeStrategicCoordination, ScopeConstraintManagement, ScopeConstraintProcessing, ScopeConformanceMonitoring, ScopeAvailability,
	ScopePoolStatus, ScopeVersions, ScopeRead, ScopeAct, ScopeAdmin,
}

// Identity is who calls, as a token that was verified says it.
type Identity struct {
	Party party.ID
	// Scopes are sorted, each once, and never empty. They are shared between
	// requests: read only.
	Scopes []string
	// ExpiresNS is when the token expires, in nanoseconds since 1970 UTC.
	ExpiresNS int64
	// Standing is what the token vouches for beside the party.
	Standing
}

// Standing is in which role of the party, and as which person, a caller acts.
// Either may be empty: nobody vouches for it.
type Standing struct {
	Role   string `json:"role,omitempty"`
	Person string `json:"person,omitempty"` // alias
}

// maxStandingBytes is the length of the longest role or person.
const maxStandingBytes = 64

// Check returns an error unless both are empty or short printable text.
func (s Standing) Check() error {
	const want = "found the %s %.80q, expected 1 to %d bytes of printable text"
	if s.Role != "" && !validStanding(s.Role) {
		return fmt.Errorf(want, "role", s.Role, maxStandingBytes)
	}
	if s.Person != "" && !validStanding(s.Person) {
		return fmt.Errorf(want, "person", s.Person, maxStandingBytes)
	}
	return nil
}

func validStanding(s string) bool {
	return s != "" && len(s) <= maxStandingBytes && utf8.ValidString(s) &&
		strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// Has reports whether the caller may act under a scope.
func (id Identity) Has(scope string) bool { return slices.Contains(id.Scopes, scope) }

// HasAny reports whether the caller may act under at least one of the scopes.
func (id Identity) HasAny(scopes ...string) bool { return slices.ContainsFunc(scopes, id.Has) }

// ValidScope reports whether s is one scope as RFC 6749 section 3.3 spells it:
// printable ASCII without space, quotation mark and backslash.
func ValidScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// ParseScopes splits scopes at a separator and returns them sorted, each once;
// ok is false when one of them is not spelled as a scope.
func ParseScopes(text, separator string) (scopes []string, ok bool) {
	for s := range strings.SplitSeq(text, separator) {
		if s == "" {
			continue
		}
		if !ValidScope(s) {
			return nil, false
		}
		scopes = append(scopes, s)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes), true
}
