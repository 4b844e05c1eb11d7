package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/auth"
)

// identifier finds out who calls; *auth.Verifier is one.
type identifier interface {
	Verify(ctx context.Context, authorization string) (auth.Identity, error)
}

// edge is what every request passes before the handler of its route: an id, the
// limits, the log and the metrics.
type edge struct {
	handlers  func(route) http.Handler
	verifier  identifier
	seats     *seats // nil: none
	log       *slog.Logger
	metrics   *metrics
	insecure  bool
	maxBody   int64
	parties   *limiter
	addresses *limiter
	requests  *gate
	bodies    *gate // of requests with bodies above smallBody
	streams   *gate
	packs     *gate
	ids       requestIDs
}

// smallBody is the size of a body that takes no place among the large ones. An
// intent of eight vertices has about 1 KiB.
const smallBody = 64 << 10

// largeBodyMemory is how much of the memory the bodies above smallBody may take
// together.
const largeBodyMemory = 128 << 20

// maxPacks is how many packs are written at the same time, half of them for one
// party: each keeps a processor busy, beside the writer of the journal.
const maxPacks = 4

func newEdge(c *Config, verifier identifier, m *metrics, log *slog.Logger) *edge {
	return &edge{
		verifier:  verifier,
		log:       log,
		metrics:   m,
		insecure:  c.InsecureDev,
		maxBody:   int64(c.MaxBody),
		parties:   newLimiter(c.PartyRate, c.PartyBurst, time.Now),
		addresses: newLimiter(c.AnonymousRate, c.AnonymousBurst, time.Now),
		requests:  newGate(c.MaxConcurrent, queueTimeout),
		bodies:    newGate(max(4, int(largeBodyMemory/c.MaxBody)), queueTimeout),
		streams:   newGate(c.MaxStreams, 0),
		packs:     newGate(maxPacks, queueTimeout),
		ids:       newRequestIDs(),
	}
}

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	to := routeOf(r.URL.Path)
	id := e.ids.take(r.Header.Get(requestIDHeader))
	r.Header.Set(requestIDHeader, id)
	h := w.Header()
	h.Set(requestIDHeader, id)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if e.insecure {
		h.Set("Deconflict-Insecure", "identities are not checked: started with --insecure-dev")
	}
	rec := &recorder{ResponseWriter: w}
	who := &caller{}
	defer func() {
		failure := recover()
		if failure == http.ErrAbortHandler {
			panic(failure) // the handler wants the connection cut
		}
		if failure != nil {
			e.log.Error("a request failed in a way nobody foresaw", "request", id, "failure", failure, "stack", string(debug.Stack()))
			if rec.status == 0 {
				refuse(rec, to, api.InternalFault.With("the log has more under the id of this request"))
			}
		}
		e.finish(r, rec, to, id, who, time.Since(start))
	}()
	e.admit(rec, r, to, who)
}

// caller is whom a request counts for.
type caller struct {
	party string // empty without a good token
	key   string // of limits
}

// admit applies the limits and hands the request to its handler.
func (e *edge) admit(w http.ResponseWriter, r *http.Request, to route, who *caller) {
	if to.unlimited {
		e.handlers(to).ServeHTTP(w, r)
		return
	}
	var seated *auth.Session
	if e.seats != nil {
		r, seated = e.seats.sit(r)
	}
	limiter := e.parties
	if identity, err := e.verifier.Verify(r.Context(), r.Header.Get("Authorization")); err == nil {
		who.party = string(identity.Party)
		who.key = "party " + who.party
	} else {
		who.key = "address " + addressOf(r)
		limiter = e.addresses
		if r.Header.Get("Authorization") != "" {
			e.metrics.authFailures.Inc()
		}
	}
	if wait := limiter.take(who.key); wait > 0 {
		e.metrics.limited.WithLabelValues("rate").Inc()
		p := api.TooMany.With("found more requests of " + who.key + " than the node takes in a second; expected fewer")
		p.RetryAfter = wait
		refuse(w, to, p)
		return
	}
	if e.seats != nil {
		if p := e.seats.foreign(r, to); p != nil {
			refuse(w, to, *p)
			return
		}
	}
	places := e.requests
	switch {
	case to.stream:
		places = e.streams
	case to.pack:
		places = e.packs
	}
	if !e.place(w, r, to, who, places) {
		return
	}
	defer places.leave(who.key)
	if to.stream && seated != nil {
		// Who signs out hears no more.
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer seated.OnEnd(cancel)()
		r = r.WithContext(ctx)
	}
	if r.Body != nil && r.Body != http.NoBody {
		// Without a good token no handler reads much of the body.
		if who.party != "" && (r.ContentLength < 0 || r.ContentLength > smallBody) {
			if !e.place(w, r, to, who, e.bodies) {
				return
			}
			defer e.bodies.leave(who.key)
		}
		r.Body = http.MaxBytesReader(w, r.Body, e.maxBody)
	}
	e.handlers(to).ServeHTTP(w, r)
}

// place takes a place, or answers that there is none.
func (e *edge) place(w http.ResponseWriter, r *http.Request, to route, who *caller, g *gate) bool {
	var p api.Problem
	switch g.enter(r.Context(), who.key) {
	case admitted:
		return true
	case tooMany:
		e.metrics.limited.WithLabelValues("concurrency").Inc()
		p = api.TooMany.With("found more requests of " + who.key + " at the same time than the node takes; expected fewer")
	case noPlace:
		e.metrics.limited.WithLabelValues("overload").Inc()
		p = api.Overloaded.With("nothing of the request was done")
	}
	p.RetryAfter = time.Second
	refuse(w, to, p)
	return false
}

// refuse answers in the form that the route's standard has.
func refuse(w http.ResponseWriter, to route, p api.Problem) {
	if !to.f3548 {
		p.Write(w)
		return
	}
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((p.RetryAfter+time.Second-1)/time.Second), 10))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.Status)
	body, err := json.Marshal(map[string]string{"message": p.Error()})
	if err == nil {
		_, _ = w.Write(body) // the caller went away: nobody to tell
	}
}

// finish counts and logs an answer. Neither tokens nor bodies nor queries, which
// may hold extents, get into the log.
func (e *edge) finish(r *http.Request, rec *recorder, to route, id string, who *caller, took time.Duration) {
	status := rec.status
	if status == 0 {
		status = http.StatusOK
	}
	if !to.stream && !to.pack {
		e.metrics.observe(r.Method, to.name, status, took)
		if who.party != "" {
			e.parties.charge(who.key, rec.bytes)
		}
	}
	level := slog.LevelDebug
	if status >= 500 {
		level = slog.LevelWarn
	}
	if e.log.Enabled(r.Context(), level) {
		e.log.Log(r.Context(), level, "request", "request", id, "method", knownMethod(r.Method), "route", to.name,
			"status", status, "bytes", rec.bytes, "ms", float64(took.Microseconds())/1000, "party", who.party, "from", r.RemoteAddr)
	}
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(data []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(data)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController through.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

const requestIDHeader = "X-Request-Id"

// requestIDs makes ids that no other start of the node makes.
type requestIDs struct {
	prefix string
	next   *atomic.Uint64
}

func newRequestIDs() requestIDs {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails, crypto/rand says
	return requestIDs{hex.EncodeToString(random[:]) + "-", &atomic.Uint64{}}
}

// take returns the id that the caller gave, if it is a sane one, or a new one.
func (ids requestIDs) take(given string) string {
	if given != "" && len(given) <= 64 && !strings.ContainsFunc(given, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.'
	}) {
		return given
	}
	return ids.prefix + strconv.FormatUint(ids.next.Add(1), 16)
}
