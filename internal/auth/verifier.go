package auth

import (
	"cmp"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/deconflict/deconflict/internal/party"
)

// MaxTokenBytes is the size of the largest token that is looked at.
const MaxTokenBytes = 8 << 10

// algorithms are all that a token may be signed with. A symmetric algorithm
// must never join them: a public key would then serve as its secret.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256}

// Config says whose tokens are accepted. At least one audience is needed, and
// at least one source of keys or InsecureDev.
type Config struct {
	// Audiences are the accepted values of `aud`, compared byte for byte; in
	// F3548-21 the host name of the URL called, without its port.
	Audiences []string
	// KeyFiles are PEM files with public keys or certificates: RSA of 2,048 to
	// 8,192 bits for RS256, EC P-256 for ES256.
	KeyFiles []string
	// PublicKeys are further keys, *rsa.PublicKey or *ecdsa.PublicKey.
	PublicKeys []crypto.PublicKey
	// JWKSURL is where an issuer publishes its keys: https, or http to this
	// machine. Empty for none.
	JWKSURL string
	// JWKSEvery is how often the keys are fetched anew; 0 means 5 minutes.
	JWKSEvery time.Duration
	// JWKSGap is the shortest time between two fetches, for whatever reason; 0
	// means 10 seconds.
	JWKSGap time.Duration
	// HTTPClient fetches the keys; nil means one of the verifier's own.
	HTTPClient *http.Client
	// Leeway is how far the clock of an issuer may be ahead, for `iat` and `nbf`;
	// 0 means 5 seconds, at most a minute. `exp` has none.
	Leeway time.Duration
	// CacheSize is how many verified tokens are remembered; 0 means 16,384.
	CacheSize int
	// InsecureDev accepts, beside proper tokens, identities that nobody vouches
	// for: `Bearer dev:PARTY:SCOPE,SCOPE`. Only for a server that listens on the
	// loopback interface alone.
	InsecureDev bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Log receives warnings; nil means none.
	Log *slog.Logger
}

// Verifier verifies bearer tokens. It may be used by several goroutines at once.
type Verifier struct {
	audiences []string
	leeway    time.Duration
	cacheSize int
	dev       bool
	now       func() time.Time
	log       *slog.Logger

	fixed  []key // of files and configuration
	keys   atomic.Pointer[keySet]
	remote *remote // nil without a JWKS URL
}

// NewVerifier returns a verifier. With a JWKS URL it starts to fetch keys in
// the background and does not wait for them: that the URL is down is no error
// (see Ready). Close stops the fetching.
func NewVerifier(c Config) (*Verifier, error) {
	if len(c.Audiences) == 0 || slices.Contains(c.Audiences, "") {
		return nil, errors.New("found no audience or an empty one, expected the host names under which the node is called")
	}
	if c.Leeway < 0 || c.Leeway > time.Minute {
		return nil, fmt.Errorf("found a leeway of %s, expected 0 to 1 minute", c.Leeway)
	}
	if len(c.KeyFiles)+len(c.PublicKeys) == 0 && c.JWKSURL == "" && !c.InsecureDev {
		return nil, errors.New("found no source of keys, expected key files or a JWKS URL")
	}
	v := &Verifier{
		audiences: slices.Clone(c.Audiences),
		leeway:    cmp.Or(c.Leeway, 5*time.Second),
		cacheSize: cmp.Or(c.CacheSize, 16384),
		dev:       c.InsecureDev,
		now:       c.Now,
	}
	if v.now == nil {
		v.now = time.Now
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	v.log = log
	for _, name := range c.KeyFiles {
		keys, err := readKeyFile(name)
		if err != nil {
			return nil, err
		}
		v.fixed = append(v.fixed, keys...)
	}
	for _, public := range c.PublicKeys {
		k, err := newKey("", public)
		if err != nil {
			return nil, err
		}
		v.fixed = append(v.fixed, k)
	}
	v.setRemote(nil)
	if c.JWKSURL != "" {
		r, err := newRemote(c, log, v.setRemote)
		if err != nil {
			return nil, err
		}
		v.remote = r
		go r.run()
	}
	if c.InsecureDev {
		log.Warn("INSECURE: anybody may call as any party without a token; for trials on this machine only")
	}
	return v, nil
}

// setRemote replaces the keys fetched from the JWKS URL. Only one goroutine
// calls it at a time.
func (v *Verifier) setRemote(fetched []key) {
	keys := slices.Concat(v.fixed, fetched)
	if old := v.keys.Load(); old == nil || !sameKeys(old.keys, keys) {
		v.keys.Store(&keySet{keys, newCache(v.cacheSize)})
	}
}

// Insecure reports whether callers without a token are let in, so that a server
// can refuse to be reached from elsewhere.
func (v *Verifier) Insecure() bool { return v.dev }

// Ready returns an error as long as there is no key to verify a token with:
// none was fetched yet, or the issuer withdrew all of them.
func (v *Verifier) Ready() error {
	if len(v.keys.Load().keys) == 0 && !v.dev {
		return errors.New("no key to verify tokens with: none was fetched from the JWKS URL")
	}
	return nil
}

// Close stops fetching keys. The verifier goes on with those it has.
func (v *Verifier) Close() {
	if v.remote != nil {
		v.remote.close()
	}
}

// Verify returns who calls, from the value of the Authorization header. All of
// its errors are those of this package, each to be answered with status 401 and
// Challenge. It waits only for keys that a token names and nobody knows yet, at
// most 2 seconds, or until ctx is done.
func (v *Verifier) Verify(ctx context.Context, authorization string) (Identity, error) {
	token, ok := bearerToken(authorization)
	if !ok {
		return Identity{}, ErrNoToken
	}
	if len(token) > MaxTokenBytes {
		return Identity{}, ErrTooLarge
	}
	now := v.now()
	if v.dev && strings.HasPrefix(token, devPrefix) {
		return devIdentity(token, now)
	}
	keys := v.keys.Load()
	sum := sha256.Sum256([]byte(token))
	if id, ok := keys.verified.get(sum, now.UnixNano()); ok {
		return id, nil
	}
	parsed, err := parseToken(token)
	if err != nil {
		return Identity{}, err
	}
	payload, err := keys.verify(parsed)
	if errors.Is(err, ErrUnknownKey) && v.remote != nil {
		v.remote.refresh(ctx)
		if newer := v.keys.Load(); newer != keys {
			keys = newer
			payload, err = keys.verify(parsed)
		}
	}
	if err != nil {
		return Identity{}, err
	}
	id, err := v.identity(payload, now)
	if err != nil {
		return Identity{}, err
	}
	keys.verified.put(sum, id)
	return id, nil
}

// bearerToken returns the token of an Authorization header (RFC 6750 section
// 2.1). The name of the scheme has no case.
func bearerToken(authorization string) (string, bool) {
	const scheme = "Bearer "
	if len(authorization) <= len(scheme) || !strings.EqualFold(authorization[:len(scheme)], scheme) {
		return "", false
	}
	return strings.TrimLeft(authorization[len(scheme):], " "), true
}

// parseToken reads a token without believing it.
func parseToken(token string) (*jose.JSONWebSignature, error) {
	// Whatever else decodes to the same bytes is not what was signed.
	for part := range strings.SplitSeq(token, ".") {
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return nil, ErrMalformed
		}
	}
	parsed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		var algorithm *jose.ErrUnexpectedSignatureAlgorithm
		if errors.As(err, &algorithm) {
			return nil, ErrAlgorithm
		}
		return nil, ErrMalformed
	}
	header := parsed.Signatures[0].Protected
	// Extensions that must be understood (RFC 7515 section 4.1.11) are not.
	if _, ok := header.ExtraHeaders["crit"]; ok {
		return nil, ErrMalformed
	}
	if typ, ok := header.ExtraHeaders[jose.HeaderType]; ok && !isAccessToken(typ) {
		return nil, ErrMalformed
	}
	return parsed, nil
}

// isAccessToken tells the types of access tokens (RFC 7519 section 5.1, RFC 9068
// section 2.1) from other things that the same issuer signs.
func isAccessToken(typ any) bool {
	s, _ := typ.(string)
	s = strings.TrimPrefix(strings.ToLower(s), "application/")
	return s == "jwt" || s == "at+jwt"
}

// verify returns the payload of a token that one of the keys signed. Keys that
// the token brings along (`jwk`, `jku`, `x5c`) are never looked at.
func (s *keySet) verify(token *jose.JSONWebSignature) ([]byte, error) {
	header := token.Signatures[0].Protected
	candidates, named := s.candidates(jose.SignatureAlgorithm(header.Algorithm), header.KeyID)
	for _, k := range candidates {
		if payload, err := token.Verify(k.public); err == nil {
			return payload, nil
		}
	}
	if named || header.KeyID == "" && len(candidates) > 0 {
		return nil, ErrSignature
	}
	return nil, ErrUnknownKey
}

// claims are those that are read (RFC 7519 section 4.1, RFC 8693 section 4.2).
// The decoder refuses a claim that is given twice, and takes names by the byte.
type claims struct {
	Subject   string           `json:"sub"`
	Audience  jwt.Audience     `json:"aud"`
	Scope     string           `json:"scope"`
	Expiry    *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	IssuedAt  *jwt.NumericDate `json:"iat"`
	// Other issuers may mean anything by these names.
	Role   any `json:"role"`
	Person any `json:"person"`
}

// standing returns what the token vouches for beside the party: all of what it
// says, or nothing when part of that is not understood.
func (c *claims) standing() Standing {
	var as Standing
	for _, said := range []struct {
		claim any
		to    *string
	}{{c.Role, &as.Role}, {c.Person, &as.Person}} {
		if said.claim == nil {
			continue
		}
		s, ok := said.claim.(string)
		if !ok || !validStanding(s) {
			return Standing{}
		}
		*said.to = s
	}
	return as
}

// identity checks the claims of a token whose signature is right.
func (v *Verifier) identity(payload []byte, now time.Time) (Identity, error) {
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Identity{}, ErrMalformed
	}
	id := Identity{Party: party.ID(c.Subject), Standing: c.standing()}
	if !id.Party.Valid() || c.Expiry == nil {
		return Identity{}, ErrMissingClaim
	}
	ahead := now.Add(v.leeway).Unix()
	switch {
	case !slices.ContainsFunc(c.Audience, func(a string) bool { return slices.Contains(v.audiences, a) }):
		// Callers are not told which audiences are expected; the operator is.
		v.log.Debug("a token is meant for another audience", "party", id.Party, "found", []string(c.Audience), "expected", v.audiences)
		return Identity{}, ErrAudience
	case now.Unix() >= int64(*c.Expiry):
		return Identity{}, ErrExpired
	case c.NotBefore != nil && int64(*c.NotBefore) > ahead:
		return Identity{}, ErrNotYetValid
	case c.IssuedAt != nil && int64(*c.IssuedAt) > ahead:
		return Identity{}, ErrIssuedLater
	}
	id.ExpiresNS = math.MaxInt64
	if seconds := int64(*c.Expiry); seconds < math.MaxInt64/int64(time.Second) {
		id.ExpiresNS = seconds * int64(time.Second)
	}
	var ok bool
	if id.Scopes, ok = ParseScopes(c.Scope, " "); !ok {
		return Identity{}, ErrMissingClaim
	}
	if len(id.Scopes) == 0 {
		return Identity{}, ErrNoScope
	}
	return id, nil
}

const devPrefix = "dev:"

// devIdentity reads `dev:PARTY:SCOPE,SCOPE`. The last colon divides, as the id
// of a party may hold colons and the scopes that the node knows hold none.
func devIdentity(token string, now time.Time) (Identity, error) {
	rest := strings.TrimPrefix(token, devPrefix)
	i := strings.LastIndexByte(rest, ':')
	if i < 0 {
		return Identity{}, ErrMalformed
	}
	id := Identity{Party: party.ID(rest[:i]), ExpiresNS: now.Add(time.Hour).UnixNano()}
	if !id.Party.Valid() {
		return Identity{}, ErrMissingClaim
	}
	var ok bool
	if id.Scopes, ok = ParseScopes(rest[i+1:], ","); !ok {
		return Identity{}, ErrMissingClaim
	}
	if len(id.Scopes) == 0 {
		return Identity{}, ErrNoScope
	}
	return id, nil
}
