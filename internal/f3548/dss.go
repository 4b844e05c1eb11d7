// Package f3548 serves ASTM F3548-21 over HTTP: as a DSS, references to
// operational intents and constraints, subscriptions, availability of USSs and
// reports, with the endpoints of InterUSS beside them that tell of the pool and
// of versions; as a USS, the details of what parties declare natively.
//
// A request is identified, then authorised, then parsed, then decided, in this
// order, so that nobody learns from the fault of a body what its token does not
// open. docs/F3548.md says which requirement is met where.
package f3548

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/engine"
)

// Limits bound what one request may ask for. Zero means the default.
type Limits struct {
	BodyBytes       int64         // default 4 MiB
	KeyEntries      int           // OVNs in a key; default 100,000
	Vertices        int           // over all extents, a circle counting as one; default 10,000 (OPIN0020)
	IntentKM2       float64       // area of all extents of an operational intent; default 10,000
	ConstraintKM2   float64       // of a constraint; default 10,000
	SubscriptionKM2 float64       // of a subscription; default 5,000
	QueryKM2        float64       // of a query; default 5,000
	Wait            time.Duration // until a request is decided or dropped; default 9 s, just less than clients wait
}

func (l Limits) withDefaults() Limits {
	set(&l.BodyBytes, 4<<20)
	set(&l.KeyEntries, 100_000)
	set(&l.Vertices, 10_000)
	set(&l.IntentKM2, 10_000)
	set(&l.ConstraintKM2, 10_000)
	set(&l.SubscriptionKM2, 5_000)
	set(&l.QueryKM2, 5_000)
	set(&l.Wait, 9*time.Second)
	return l
}

func set[T int | int64 | float64 | time.Duration](value *T, otherwise T) {
	if *value <= 0 {
		*value = otherwise
	}
}

// Verifier finds out who calls; *auth.Verifier is one.
type Verifier interface {
	Verify(ctx context.Context, authorization string) (auth.Identity, error)
}

// Config says how a DSS runs. Engine and Verifier are required.
type Config struct {
	Engine   *engine.Engine
	Verifier Verifier
	Limits   Limits
	DARID    string // names the airspace representation; the same at every instance of a pool
	Version  string // of this program

	// Full tells that the node is short of disk space: it takes in nothing new
	// but off-nominal flights, so that what is there can still be changed and
	// ended. nil: never.
	Full func() bool

	Log  *slog.Logger     // nil: none
	Rand io.Reader        // of OVNs and versions; nil: crypto/rand
	Now  func() time.Time // nil: time.Now
}

// DSS is an http.Handler for /dss/v1/, /uss/v1/, /aux/v1/ and /versions/.
type DSS struct {
	Config
}

// NewDSS returns a DSS.
func NewDSS(c Config) *DSS {
	c.Limits = c.Limits.withDefaults()
	if c.Full == nil {
		c.Full = func() bool { return false }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &DSS{c}
}

// call is one request on its way.
type call struct {
	*http.Request
	caller auth.Identity
	path   []string // the elements that the route leaves open
	// receipt is the journal index of what the request changed; -1: nothing.
	receipt int64
}

// receiptHeader carries the receipt of a write that succeeded: its journal
// index. The standard's bodies have no place for it.
const receiptHeader = "Deconflict-Receipt"

// submit has a command decided, and keeps its receipt for the answer.
func submit[R any](d *DSS, c *call, cmd airspace.Command[R]) (result R, err error) {
	result, c.receipt, err = engine.Submit(c.Context(), d.Engine, cmd)
	return result, err
}

// ServeHTTP implements http.Handler.
func (d *DSS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to, path, err := find(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	caller, err := d.Verifier.Verify(r.Context(), r.Header.Get("Authorization"))
	if err != nil {
		w.Header().Set("WWW-Authenticate", auth.Challenge(err))
		d.fail(w, r, refuse(http.StatusUnauthorized, "%v", err))
		return
	}
	if !caller.HasAny(to.scopes...) {
		w.Header().Set("WWW-Authenticate", auth.ScopeChallenge(to.scopes...))
		d.fail(w, r, refuse(http.StatusForbidden, "the token opens %s, expected one of %s", words(caller.Scopes), words(to.scopes)))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), d.Limits.Wait)
	defer cancel()
	c := &call{Request: r.WithContext(ctx), caller: caller, path: path, receipt: -1}
	body, err := to.serve(d, c)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	if c.receipt >= 0 {
		w.Header().Set(receiptHeader, strconv.FormatInt(c.receipt, 10))
	}
	if to.status == http.StatusNoContent {
		w.WriteHeader(to.status)
		return
	}
	d.answer(w, r, to.status, body)
}
