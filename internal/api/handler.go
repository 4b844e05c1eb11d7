package api

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/engine"
)

// Config says what the interface shows and to whom.
type Config struct {
	Engine    *engine.Engine
	Verifier  Verifier
	Log       *slog.Logger // nil: none
	Version   string       // of the program
	Origin    string       // name of the journal
	PublicLog bool         // /log/ needs no token
	// Ended is closed when the node stops: event streams end then. Nil: never.
	Ended <-chan struct{}
	// Mailroom delivers to inboxes. It is told of what the Engine wrote.
	Mailroom *Mailroom
	// Tracks are those of simulated craft, for event streams. Nil: none.
	Tracks Tracks
	// Clock says how good the node's clock is. Nil: nobody knows.
	Clock func() ClockQuality
}

// Verifier finds out who calls; *auth.Verifier is one.
type Verifier interface {
	Verify(ctx context.Context, authorization string) (auth.Identity, error)
}

// Scopes that open each kind of thing. Whoever may read one kind does not see
// the others. deconflict.read stands for people and programs that watch and do
// not fly; constraints stay with the scopes that the standard has for them.
var (
	intentScopes       = []string{auth.ScopeRead, auth.ScopeStrategicCoordination, auth.ScopeConformanceMonitoring}
	constraintScopes   = []string{auth.ScopeConstraintManagement, auth.ScopeConstraintProcessing}
	actScopes          = []string{auth.ScopeAct}
	planScopes         = []string{auth.ScopeStrategicCoordination}
	optionScopes       = []string{auth.ScopeStrategicCoordination, auth.ScopeAct} // of plans, of native intents
	subscriptionScopes = []string{auth.ScopeRead, auth.ScopeStrategicCoordination, auth.ScopeConstraintProcessing}
	anyScopes          = []string{
		auth.ScopeRead, auth.ScopeAct, auth.ScopeStrategicCoordination, auth.ScopeConformanceMonitoring,
		auth.ScopeConstraintManagement, auth.ScopeConstraintProcessing, auth.ScopeAvailability, auth.ScopeAdmin,
	}
)

// endpoint is a place of the interface.
type endpoint struct {
	path   string // {} stands for one element, {...} for all that remain
	public bool   // no token
	scopes []string
	serve  func(*handler, *call) error
	asked  bool // with POST; else it is read with GET or HEAD
}

func endpoints(publicLog bool) []endpoint {
	return []endpoint{
		{"/v1/intents", false, intentScopes, (*handler).intents, false},
		{"/v1/intents/{}", false, intentScopes, (*handler).intent, false},
		{"/v1/constraints", false, constraintScopes, (*handler).constraints, false},
		{"/v1/constraints/{}", false, constraintScopes, (*handler).constraint, false},
		{"/v1/subscriptions", false, subscriptionScopes, (*handler).subscriptions, false},
		{"/v1/subscriptions/{}", false, subscriptionScopes, (*handler).subscription, false},
		{"/v1/parties/me", false, anyScopes, (*handler).me, false},
		{"/v1/status", false, anyScopes, (*handler).status, false},
		{"/v1/events", false, anyScopes, (*handler).events, false},
		{"/v1/receipts/{}", false, anyScopes, (*handler).receipt, false},
		{"/v1/packs", false, anyScopes, (*handler).pack, false},
		{"/v1/options", false, optionScopes, (*handler).options, true},
		{"/v1/check", false, actScopes, (*handler).check, true},
		{"/v1/plans", false, actScopes, (*handler).plans, true},
		{"/v1/acts", false, actScopes, (*handler).act, true},
		{"/v1/inbox/{}", false, actScopes, (*handler).inbox, false},
		{"/v1/forms", false, anyScopes, (*handler).forms, false},
		{"/v1/parties", false, actScopes, viewParties, false},
		{"/v1/parties/{}", false, actScopes, viewParty, false},
		{"/v1/agreements", false, actScopes, viewAgreements, false},
		{"/v1/agreements/{}", false, actScopes, viewAgreement, false},
		{"/v1/rules/{}", false, actScopes, viewRules, false},
		{"/v1/links/{}", false, actScopes, viewLink, false},
		{"/v1/notices/{}", false, actScopes, viewNotice, false},
		{"/v1/zones", false, actScopes, viewZones, false},
		{"/v1/sites", false, actScopes, viewSites, false},
		{"/v1/declared", false, actScopes, viewDeclaredIDs, false},
		{"/v1/declared/{}", false, actScopes, viewDeclared, false},
		{"/v1/desk/{}", false, actScopes, viewDesk, false},
		{"/v1/messages/{}", false, actScopes, viewMessage, false},
		{"/v1/stops/{}", false, actScopes, viewStop, false},
		{"/v1/offers", false, actScopes, viewOffers, false},
		{"/v1/offers/{}", false, actScopes, viewOffer, false},
		{"/v1/incidents", false, actScopes, viewIncidents, false},
		{"/v1/incidents/{}", false, actScopes, viewIncident, false},
		{"/v1/heads/{}", false, actScopes, viewHeads, false},
		{"/v1/picture", false, pictureScopes, (*handler).picture, false},
		{"/v1/picture/digest", false, pictureScopes, (*handler).pictureDigest, false},
		{"/v1/openapi.yaml", true, nil, (*handler).specification, false},
		{"/log/checkpoint", publicLog, anyScopes, (*handler).checkpoint, false},
		{"/log/cosignature", publicLog, anyScopes, (*handler).cosignature, true},
		{"/log/tile/{...}", publicLog, anyScopes, (*handler).tile, false},
	}
}

// handler serves the interface.
type handler struct {
	Config
	endpoints []endpoint
	searches  *searches
	checks    places
	pictures  places
	gallery   gallery
}

// New returns the handler of /v1/ and /log/.
func New(c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &handler{Config: c, endpoints: endpoints(c.PublicLog), searches: newSearches(), checks: newPlaces(), pictures: newPlaces()}
}

// call is one request.
type call struct {
	w   http.ResponseWriter
	r   *http.Request
	who auth.Identity
	arg string // what stood for {} or {...}
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r}
	e := h.find(c)
	if e == nil {
		NotFound.With("expected one of the paths of /v1/openapi.yaml").Write(w)
		return
	}
	err := h.admit(c, e)
	if err == nil {
		err = e.takes(c)
	}
	if err == nil {
		err = e.serve(h, c)
	}
	if err != nil {
		h.fail(c, err)
	}
}

// takes refuses a method that is not the endpoint's.
func (e *endpoint) takes(c *call) error {
	switch m := c.r.Method; {
	case e.asked && m != http.MethodPost:
		c.w.Header().Set("Allow", "POST")
		return BadMethod.With("expected POST")
	case !e.asked && m != http.MethodGet && m != http.MethodHead:
		c.w.Header().Set("Allow", "GET, HEAD")
		return BadMethod.With("expected GET or HEAD: what is declared is changed with /v1/acts, or by way of F3548-21")
	}
	return nil
}

// find returns the endpoint of a path; no path is redirected or cleaned.
func (h *handler) find(c *call) *endpoint {
	for i := range h.endpoints {
		e := &h.endpoints[i]
		before, _, wild := strings.Cut(e.path, "{")
		arg, ok := strings.CutPrefix(c.r.URL.Path, before)
		switch {
		case !ok, !wild && arg != "":
		case !wild, strings.HasSuffix(e.path, "{...}"), arg != "" && !strings.Contains(arg, "/"):
			c.arg = arg
			return e
		}
	}
	return nil
}

// admit finds out who calls and whether they may.
func (h *handler) admit(c *call, e *endpoint) error {
	if e.public {
		return nil
	}
	var err error
	if c.who, err = h.Verifier.Verify(c.r.Context(), c.r.Header.Get("Authorization")); err != nil {
		c.w.Header().Set("WWW-Authenticate", auth.Challenge(err))
		return Unauthorized.With(err.Error())
	}
	if !c.who.HasAny(e.scopes...) {
		c.w.Header().Set("WWW-Authenticate", auth.ScopeChallenge(e.scopes...))
		return Forbidden.With("expected one of the scopes " + strings.Join(e.scopes, ", "))
	}
	return nil
}

// fail answers with an error.
func (h *handler) fail(c *call, err error) {
	var problem Problem
	switch {
	case errors.As(err, &problem):
	case c.r.Context().Err() != nil:
		return // nobody is there any more
	case errors.Is(err, engine.ErrStopped), errors.Is(err, engine.ErrClosed):
		problem = Stopped.With("ask again, here in a while or another node")
		problem.RetryAfter = 2 * time.Second
	default:
		h.Log.Error("a request failed", "request", c.r.Header.Get("X-Request-Id"), "path", c.r.URL.Path, "error", err)
		problem = InternalFault.With("the log has more under the id of this request")
	}
	problem.Write(c.w)
}

// answer writes a body.
func (c *call) answer(body any) error {
	data, err := encode(body)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/json")
	_, _ = c.w.Write(data) // the caller went away: nobody to tell
	return nil
}

// encode returns JSON and a line feed. Values of events keep the bytes that
// their commitments cover: json.Marshal would escape <, > and & in them.
func encode(body any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(body)
	return b.Bytes(), err
}

// body reads a body of at most so many bytes.
func (c *call) body(most int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.r.Body, most))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, TooMuch.With(fmt.Sprintf("found a body of more than %d bytes, expected fewer", long.Limit))
	case err != nil:
		return nil, BadBody.With(fmt.Sprintf("found %d bytes of it, then it ended early", len(body)))
	}
	return body, nil
}

// reader returns what the caller may see of events.
func (c *call) reader() airspace.Reader {
	return airspace.Reader{
		Party:       c.who.Party,
		Intents:     c.who.HasAny(intentScopes...),
		Constraints: c.who.HasAny(constraintScopes...),
	}
}

//go:embed openapi.yaml
var specification []byte

func (h *handler) specification(c *call) error {
	c.w.Header().Set("Content-Type", "application/yaml")
	c.w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = c.w.Write(specification)
	return nil
}
