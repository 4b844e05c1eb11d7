// Package server runs a node: it puts the parts together as the configuration
// says, serves them over HTTP, and takes care of what any service needs: TLS,
// limits, logs, metrics, health, and an end in good order.
package server

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/f3548"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/notify"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/web"
)

// ErrFatal is that the journal failed: the process must end, and its next start
// replays what is durable.
var ErrFatal = errors.New("the journal failed")

// Options are what a node gets from the process it runs in.
type Options struct {
	Version string
	Log     *slog.Logger
	Getenv  func(string) string // for the supervisor; nil: os.Getenv
	Tracks  api.Tracks          // of simulated craft; nil: none
	// Joined is told of who signs in by a join code, before the answer. Nil: nobody
	// is.
	Joined func(context.Context, auth.Identity)
	// Keeps returns the key that the operator keeps for a party, empty for none. Nil:
	// for nobody.
	Keeps func(party.ID) party.Key
}

// Server is a node. New makes it, Run serves until it ends.
type Server struct {
	config      Config
	log         *slog.Logger
	engine      *engine.Engine
	verifier    *auth.Verifier
	seats       *seats
	edge        *edge
	metrics     *metrics
	mailroom    *api.Mailroom
	notifier    *notify.Notifier
	clock       *rehearsalClock // nil: the real one
	certificate *certificate    // nil without TLS
	supervisor  supervisor
	keeps       func(party.ID) party.Key // may be nil

	listener      net.Listener
	http          *http.Server
	debugListener net.Listener // nil without one
	debug         *http.Server

	streams  context.Context // ends before the listeners are shut
	hangUp   context.CancelFunc
	draining atomic.Bool
	fatal    atomic.Pointer[error]
	failed   chan struct{} // closed when fatal is set
}

// New opens the data directory and the listeners. Its errors are those of a
// configuration or a data directory that cannot be used.
func New(ctx context.Context, c Config, o Options) (s *Server, err error) {
	if err := c.check(func(string) string { return "" }); err != nil {
		return nil, err
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	s = &Server{
		config:     c,
		log:        o.Log,
		metrics:    newMetrics(o.Version),
		mailroom:   api.NewMailroom(),
		supervisor: newSupervisor(o.Getenv),
		keeps:      o.Keeps,
		failed:     make(chan struct{}),
	}
	s.streams, s.hangUp = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			s.abandon()
			s = nil
		}
	}()
	// What others reach the node by stands in its intents, so it is known first.
	if err := s.bind(); err != nil {
		return s, err
	}
	if err := s.openEngine(ctx); err != nil {
		return s, err
	}
	if err := s.wire(o); err != nil {
		return s, err
	}
	return s, s.listen()
}

// abandon closes what New opened before it failed.
func (s *Server) abandon() {
	s.hangUp()
	if s.listener != nil {
		_ = s.listener.Close()
	}
	if s.debugListener != nil {
		_ = s.debugListener.Close()
	}
	if s.verifier != nil {
		s.verifier.Close()
	}
	if s.engine != nil {
		_ = s.engine.Close(context.Background()) // the error that led here counts
	}
	s.mailroom.Close()
}

// openEngine loads the state.
func (s *Server) openEngine(ctx context.Context) error {
	key, err := nodeKey(s.config.Data, s.log)
	if err != nil {
		return fmt.Errorf("key of the node: %w", err)
	}
	if err := s.openNotifier(key); err != nil {
		return err
	}
	var now func() time.Time
	if s.config.Clock != "" {
		start, err := time.Parse(time.RFC3339, s.config.Clock)
		if err != nil {
			return fmt.Errorf("clock: %w", err)
		}
		s.clock = newRehearsalClock(start)
		now = s.clock.now
		s.log.Warn("a rehearsal: the node's time is set by hand", "time", s.config.Clock)
	}
	s.engine, err = engine.Open(ctx, engine.Config{
		Dir:           s.config.Data,
		BaseURL:       s.baseURL(),
		Now:           now,
		OnWritten:     s.written,
		Journal:       journal.Options{Origin: s.config.Origin, Key: key},
		SnapshotEvery: int64(s.config.SnapshotEvery),
		Log:           s.log,
		OnFatal:       s.fail,
		OnCommit:      s.metrics.committed,
	})
	return err
}

// nodeKey reads the key that signs the journal, or makes one at the first start.
func nodeKey(dir string, log *slog.Logger) (ed25519.PrivateKey, error) {
	file := journal.KeyFile(dir)
	key, err := journal.LoadKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		// A journal whose key is lost must not be continued under another one
		// without anybody noticing.
		if _, err := os.Stat(filepath.Join(dir, "journal.db")); err == nil {
			return nil, fmt.Errorf("%s is missing, but there is a journal: restore the key from the backup", file)
		}
		if key, err = journal.GenerateKey(file, nil); err == nil {
			log.Info("a new node: its key was made", "file", file)
		}
	}
	return key, err
}

// fail notes the journal's failure; the engine calls it once.
func (s *Server) fail(err error) {
	s.fatal.Store(&err)
	close(s.failed)
}

// wire puts the handlers together.
func (s *Server) wire(o Options) error {
	issuer, err := s.issuer()
	if err != nil {
		return err
	}
	verify := auth.Config{
		Audiences: s.config.Audience, KeyFiles: s.config.TokenKey, JWKSURL: s.config.JWKSURL,
		InsecureDev: s.config.InsecureDev, Log: s.log,
	}
	if issuer != nil {
		verify.PublicKeys = []crypto.PublicKey{issuer.Public()}
	}
	if s.verifier, err = auth.NewVerifier(verify); err != nil {
		return fmt.Errorf("keys of token issuers: %w", err)
	}
	var clients *auth.Clients
	if issuer != nil {
		clients = auth.OpenClients(filepath.Join(s.config.Data, "clients.json"))
	}
	s.seats = newSeats(&s.config, s.verifier, clients, s.log)
	s.seats.joined = o.Joined
	s.edge = newEdge(&s.config, s.seats, s.metrics, s.log)
	s.edge.seats = s.seats
	files, err := web.Handler(http.HandlerFunc(serveNowhere))
	if err != nil {
		return err
	}
	ground, err := web.OpenBasemap(s.config.Basemap)
	if err != nil {
		return &ConfigError{Name: "basemap", Err: err}
	}
	handlers := map[area]http.Handler{
		nowhere:     files, // it has an icon and the like
		page:        files,
		basemap:     ground,
		session:     s.seats,
		invitations: http.HandlerFunc(s.serveInvitations),
		health:      http.HandlerFunc(serveHealth),
		ready:       http.HandlerFunc(s.serveReady),
		dss: f3548.NewDSS(f3548.Config{
			Engine: s.engine, Verifier: s.seats, Log: s.log, DARID: s.config.Origin, Version: o.Version,
			Limits: f3548.Limits{BodyBytes: int64(s.config.MaxBody)}, Full: s.diskFull(),
		}),
		native: api.New(api.Config{
			Engine: s.engine, Verifier: s.seats, Log: s.log, Version: o.Version,
			Origin: s.config.Origin, PublicLog: s.config.PublicLog, Ended: s.streams.Done(), Mailroom: s.mailroom, Tracks: o.Tracks, Clock: s.clockQuality,
		}),
	}
	if issuer != nil {
		keySet, err := issuer.JWKS()
		if err != nil {
			return err
		}
		handlers[keys] = serveKeys(keySet)
		handlers[token] = &auth.ClientCredentials{
			Issuer: issuer, Clients: clients,
			Audiences: s.config.Audience, Log: s.log,
		}
	}
	s.edge.handlers = func(to route) http.Handler {
		if h := handlers[to.area]; h != nil {
			return h
		}
		return handlers[nowhere]
	}
	return nil
}

// issuer returns the node's own issuer, or nil.
func (s *Server) issuer() (*auth.Issuer, error) {
	if !s.config.BuiltinIssuer {
		return nil, nil
	}
	issuer, err := auth.NewIssuer(filepath.Join(s.config.Data, "keys", "issuer.key"), auth.IssuerName)
	if err != nil {
		return nil, fmt.Errorf("key of the builtin issuer: %w", err)
	}
	return issuer, nil
}

func serveNowhere(w http.ResponseWriter, r *http.Request) {
	api.NotFound.With("see /v1/openapi.yaml for what there is").Write(w)
}

// serveKeys answers with the built-in issuer's key set.
func serveKeys(keySet []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			api.BadMethod.With("expected GET").Write(w)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "max-age=300")
		_, _ = w.Write(keySet)
	})
}

// bind opens the listeners. Who connects waits until Run.
func (s *Server) bind() (err error) {
	if s.listener, err = net.Listen("tcp", s.config.Listen); err != nil {
		return cannotListen("listen", s.config.Listen, err)
	}
	if s.config.DebugListen == "" {
		return nil
	}
	if s.debugListener, err = net.Listen("tcp", s.config.DebugListen); err != nil {
		return cannotListen("debug-listen", s.config.DebugListen, err)
	}
	return nil
}

// baseURL is where other USSs reach this node.
func (s *Server) baseURL() string {
	if s.config.BaseURL != "" {
		return strings.TrimRight(s.config.BaseURL, "/")
	}
	u := url.URL{Scheme: "http", Host: s.listener.Addr().String()}
	if s.config.TLSCert != "" {
		u.Scheme = "https"
	}
	return u.String()
}

// listen makes the servers.
func (s *Server) listen() (err error) {
	// The standard library's own words come at the level of an attacker's whim:
	// failed handshakes and half requests.
	quiet := slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	s.http = &http.Server{
		Handler:           s.edge,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          quiet,
	}
	if s.config.TLSCert != "" {
		if s.certificate, err = newCertificate(s.config.TLSCert, s.config.TLSKey, s.log); err != nil {
			return err
		}
		if s.http.TLSConfig, err = s.certificate.tlsConfig(s.config.TLSClientCA); err != nil {
			return err
		}
	}
	s.metrics.watch(s)
	if s.config.DebugListen == "" {
		return nil
	}
	// No write timeout: a CPU profile takes as long as it is asked for.
	s.debug = &http.Server{Handler: s.debugHandler(), ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, ErrorLog: quiet}
	return nil
}

// cannotListen names the setting and its address once: the error of package net
// begins with both.
func cannotListen(setting, address string, err error) error {
	var e *net.OpError
	if errors.As(err, &e) {
		err = e.Err
	}
	return &ConfigError{Name: setting, Found: address, Err: err}
}

// debugHandler serves what is for the operator alone.
func (s *Server) debugHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.HandleFunc("GET /healthz", serveHealth)
	mux.HandleFunc("GET /readyz", s.serveReady)
	if s.clock != nil {
		mux.HandleFunc("POST /debug/clock", s.serveClock)
	}
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// URL returns where the node can be reached from this machine.
func (s *Server) URL() string {
	u := url.URL{Scheme: "http", Host: s.listener.Addr().String()}
	if s.certificate != nil {
		u.Scheme = "https"
	}
	return u.String()
}

// Handler returns what answers requests, for who asks from within the process.
func (s *Server) Handler() http.Handler { return s.edge }

// DebugURL returns where metrics and profiles are; empty without them.
func (s *Server) DebugURL() string {
	if s.debugListener == nil {
		return ""
	}
	return "http://" + s.debugListener.Addr().String()
}

// heapReserve is memory that is never written and so takes none, but that the
// garbage collector counts: a node that knows little has a heap of a few MiB,
// which would be collected dozens of times a second under load. With the reserve
// a request costs 12 to 20 % less processor time; with 64 MiB it costs more
// again, as the garbage no longer fits the caches.
const heapReserve = 24 << 20

// Run serves until ctx ends or the journal fails, and closes the node. Its error
// is ErrFatal, wrapped, after the latter.
func (s *Server) Run(ctx context.Context) error {
	reserve := make([]byte, heapReserve)
	defer runtime.KeepAlive(reserve)
	working, stop := context.WithCancel(context.Background())
	var aside sync.WaitGroup
	// Without a certificate there is nothing to read again, but the signal must
	// not end the node.
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	if s.certificate != nil {
		aside.Go(func() { s.certificate.watch(working, again) })
	}
	aside.Go(func() { s.supervisor.live(working, s.alive, s.log) })
	aside.Go(s.tellOthers)
	broken := make(chan error, 2)
	aside.Go(func() { broken <- s.serve() })
	if s.debug != nil {
		aside.Go(func() { broken <- s.debug.Serve(s.debugListener) })
	}
	s.log.Info("serving", "url", s.URL(), "debug", s.DebugURL(), "data", s.config.Data,
		"entries", s.engine.Head().Size, "verifier_key", s.engine.Journal().VerifierKey(), "trust", s.config.describeTrust(), "map", web.Built())
	if s.config.readable() {
		s.log.Warn("plain-http: tokens can be read on the network between this address and whatever ends TLS; whoever reads one acts as its party until it expires", "listen", s.config.Listen)
	}
	if err := s.supervisor.tell("READY=1"); err != nil {
		s.log.Error("the supervisor cannot be told", "error", err)
	}
	var err error
	select {
	case <-ctx.Done():
	case <-s.failed:
	case err = <-broken:
		err = fmt.Errorf("the listener failed: %w", err)
	}
	err = errors.Join(err, s.end(stop, &aside))
	if fatal := s.fatal.Load(); fatal != nil {
		return fmt.Errorf("%w: %w", ErrFatal, *fatal)
	}
	return err
}

func (s *Server) serve() error {
	if s.certificate != nil {
		return s.http.ServeTLS(s.listener, "", "")
	}
	return s.http.Serve(s.listener)
}

// end takes in no more requests, lets those that run finish, and closes the
// engine, which writes a snapshot.
func (s *Server) end(stop context.CancelFunc, aside *sync.WaitGroup) error {
	s.draining.Store(true)
	s.log.Info("stopping", "requests", s.edge.requests.inUse(), "streams", s.edge.streams.inUse())
	if err := s.supervisor.tell("STOPPING=1"); err != nil {
		s.log.Error("the supervisor cannot be told", "error", err)
	}
	s.hangUp()
	drain, cancel := context.WithTimeout(context.Background(), s.config.DrainTimeout)
	defer cancel()
	if err := s.http.Shutdown(drain); err != nil {
		s.log.Warn("requests were cut off", "error", err)
		_ = s.http.Close()
	}
	if s.debug != nil {
		_ = s.debug.Close()
	}
	s.verifier.Close()
	// The snapshot may take as long as it needs: a second signal ends the wait.
	err := s.engine.Close(context.Background())
	s.mailroom.Close()
	stop()
	aside.Wait()
	s.log.Info("stopped", "entries", s.engine.Head().Size)
	return err
}

// Close ends a node that was not run.
func (s *Server) Close() error {
	s.hangUp()
	err := s.listener.Close()
	if s.debugListener != nil {
		err = errors.Join(err, s.debugListener.Close())
	}
	s.verifier.Close()
	err = errors.Join(err, s.engine.Close(context.Background()))
	s.mailroom.Close()
	return err
}

// NewLog returns the node's log: records of JSON, or text for people where
// format or a terminal says so.
func NewLog(c *Config, w io.Writer, terminal bool) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "text" || c.LogFormat == "auto" && terminal {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}
