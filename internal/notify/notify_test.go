package notify

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/world"
)

const (
	origin  = "node.example/deconflict"
	baseURL = "http://node.example"
)

// key is that of the one person of each party in these tests, and of the node.
var key = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

var start = time.Date(2031, 5, 7, 9, 0, 0, 0, time.UTC)

// node is an engine that tells others.
type node struct {
	testing.TB
	dir      string
	engine   *engine.Engine
	notifier *Notifier
	stop     func()
	serial   int
}

// quick are waits of tests: as many as there are, and none to speak of.
var quick = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond}

func startNode(t testing.TB, dir string, set ...func(*Config)) *node {
	t.Helper()
	n := &node{TB: t, dir: dir}
	c := Config{Dir: dir, BaseURL: baseURL, Private: true, Backoff: quick, Tokens: Dev{}, Node: origin, Key: key}
	for _, f := range set {
		f(&c)
	}
	var err error
	if n.notifier, err = New(c); err != nil {
		t.Fatal(err)
	}
	n.engine, err = engine.Open(context.Background(), engine.Config{
		Dir: dir, BaseURL: baseURL, Now: func() time.Time { return start },
		Journal: journal.Options{Origin: origin, Key: key}, OnWritten: func(w engine.Written) {
			if c.Mail != nil {
				c.Mail.Written(w)
			}
			n.notifier.Written(w)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.notifier.Run(ctx, n.engine) }()
	stopped := false
	n.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := n.engine.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(n.stop)
	return n
}

// act has a party act, signed.
func (n *node) act(by party.ID, act string, body any) [][]byte {
	n.Helper()
	raw, err := statement.Marshal(body)
	if err != nil {
		n.Fatal(err)
	}
	kind, ok := world.Kind(act)
	if !ok {
		n.Fatalf("no act %s", act)
	}
	n.serial++
	a := &party.Act{Statement: party.Statement{
		Act: act, At: statement.Instant(start.UnixNano()), Body: raw, ID: fmt.Sprint(n.serial), Node: origin, Party: by,
	}, Content: kind.New()}
	if err := json.Unmarshal(raw, a.Content); err != nil {
		n.Fatal(err)
	}
	if a.Text, err = statement.Marshal(a.Statement); err != nil {
		n.Fatal(err)
	}
	signature, err := party.Sign(key, a.Text)
	if err != nil {
		n.Fatal(err)
	}
	a.Signatures = []party.Signature{signature}
	done, err := n.engine.Act(context.Background(), a)
	if err != nil {
		n.Fatalf("%s: %v", act, err)
	}
	return done.Entries
}

func (n *node) enrol(by party.ID) {
	n.Helper()
	n.act(by, "party.enrol", registry.Enrol{Party: registry.Party{
		ID: by, Kind: registry.KindThird, Names: map[string]string{"en": string(by)},
		Roles: []registry.Role{{Name: "pilot", Level: party.Policy, Holders: []registry.Holder{
			{Person: "p1", Key: party.NewKey(key.Public().(ed25519.PublicKey))},
		}}},
		Policies:  map[string]registry.Policy{"party.change": {K: 1, Roles: []string{"pilot"}}},
		Positions: []registry.Position{{Name: "watch", Level: party.Watch, Bearers: []registry.Bearer{{Name: "data", Kind: "data"}}}},
	}})
}

// flight is a cylinder from a minute after the start on.
func flight(lifted int64) intent.Plan {
	altitude := func(mm int64) *declared.Altitude { return &declared.Altitude{MM: mm + lifted, Reference: "W84"} }
	return intent.Plan{
		AircraftKind: "unmanned", Priority: intent.Priority{Rank: "routine"}, Contact: intent.Contact{Position: "watch"},
		Position: intent.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: 3000}, Time: intent.TimeBasis{Source: "gnss", ErrorNS: 1e9},
		Shape: declared.Shape{Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: declared.Point{LatE9: 45e9, LngE9: 10e9}, RadiusMM: 200_000}},
			Lower:     altitude(120_000), Upper: altitude(180_000),
			Start: statement.Instant(start.Add(time.Minute).UnixNano()), End: statement.Instant(start.Add(time.Hour).UnixNano()),
			HErrorMM: 3000, TErrorNS: 1e9,
		}}},
	}
}

// decided returns the intent that entries decide on.
func (n *node) decided(entries [][]byte) *intent.Decided {
	n.Helper()
	for _, text := range entries {
		ev, _, err := world.Decode(text)
		if err != nil {
			n.Fatal(err)
		}
		if d, ok := ev.(*intent.Decided); ok {
			return d
		}
	}
	n.Fatalf("found no intent in %s", entries)
	return nil
}

// subscribe has a USS subscribe to where flight is, and returns the id.
func (n *node) subscribe(by party.ID, url string) airspace.ID {
	n.Helper()
	n.serial++
	plan := flight(0)
	e, err := plan.Shape.Entity(declared.Label{ID: "x"})
	if err != nil {
		n.Fatal(err)
	}
	at, err := outline.Of(&e.Volumes[0])
	if err != nil {
		n.Fatal(err)
	}
	id := airspace.NewID([16]byte{15: byte(n.serial)})
	_, _, err = engine.Submit(context.Background(), n.engine, airspace.PutSubscription{
		By: by, ID: id, NewVersion: fmt.Sprintf("version-%016d", n.serial), Outline: at, URL: url, Intents: true,
	})
	if err != nil {
		n.Fatal(err)
	}
	return id
}

// told is what a subscriber was sent.
type told struct {
	path, token string
	body        f3548wire.PutOperationalIntentDetails
}

// subscriber is a USS that keeps what it is told.
func subscriber(t testing.TB, answer func(w http.ResponseWriter, r *http.Request)) (*httptest.Server, chan told) {
	t.Helper()
	heard := make(chan told, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		m := told{path: r.URL.Path, token: r.Header.Get("Authorization")}
		if err == nil {
			err = f3548wire.Decode(text, &m.body)
		}
		if err != nil {
			t.Errorf("%v in %s", err, text)
		}
		heard <- m
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s, heard
}

// hear waits for what a subscriber is told next.
func hear[T any](t testing.TB, from <-chan T) (m T) {
	t.Helper()
	select {
	case m = <-from:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came within 30 s")
	}
	return m
}

// A subscriber is told of each change, with rising indexes, what is so, the OVN
// included; and of the end.
func TestSubscriberIsTold(t *testing.T) {
	n := startNode(t, t.TempDir())
	n.enrol("ridgeline")
	uss, heard := subscriber(t, nil)
	id := n.subscribe("uss-bravo", uss.URL+"/utm")

	expect := func(index int64, intentID, ovn, state string) {
		t.Helper()
		m := hear(t, heard)
		if m.path != "/utm/uss/v1/operational_intents" || m.token != "Bearer dev:ridgeline:utm.strategic_coordination" {
			t.Errorf("found a notice at %s with %q", m.path, m.token)
		}
		by := m.body.Subscriptions
		if len(by) != 1 || by[0].SubscriptionID != id.String() || *by[0].NotificationIndex != index || m.body.OperationalIntentID != intentID {
			t.Errorf("found a notice of %s by %+v, expected index %d", m.body.OperationalIntentID, by, index)
		}
		switch o := m.body.OperationalIntent; {
		case o == nil:
			if ovn != "" {
				t.Error("found an end, expected a change")
			}
		case o.Reference.OVN != ovn || o.Reference.State != state || o.Reference.USSBaseURL != baseURL || len(o.Details.Volumes) != 1:
			t.Errorf("found %+v %+v, expected the OVN %s", o.Reference, o.Details, ovn)
		}
	}
	d := n.decided(n.act("ridgeline", "intent.declare", &intent.Declare{Plan: flight(0)}))
	expect(1, d.ID, d.Token, "Accepted")
	d = n.decided(n.act("ridgeline", "intent.change", &intent.Change{ID: d.ID, Token: d.Token, Plan: flight(10_000)}))
	expect(2, d.ID, d.Token, "Accepted")
	d = n.decided(n.act("ridgeline", "intent.activate", &intent.Activate{ID: d.ID, Token: d.Token}))
	expect(3, d.ID, d.Token, "Activated")
	n.act("ridgeline", "intent.end", &intent.End{ID: d.ID})
	expect(4, d.ID, "", "")
	n.stop()
	if got := n.notifier.Counts.Told.Load(); got != 4 {
		t.Errorf("counted %d notices told, expected 4", got)
	}
}

// What was not told when the node stopped is told after the next start, and what
// was told is not.
func TestTellingGoesOnAfterARestart(t *testing.T) {
	var well atomic.Bool
	uss, heard := subscriber(t, func(w http.ResponseWriter, r *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	dir := t.TempDir()
	n := startNode(t, dir, func(c *Config) { c.Backoff = []time.Duration{time.Hour} })
	n.enrol("ridgeline")
	n.subscribe("uss-bravo", uss.URL)
	d := n.decided(n.act("ridgeline", "intent.declare", &intent.Declare{Plan: flight(0)}))
	hear(t, heard) // the first try
	n.stop()
	well.Store(true)
	serial := n.serial
	n = startNode(t, dir)
	n.serial = serial
	if m := hear(t, heard); *m.body.Subscriptions[0].NotificationIndex != 1 {
		t.Errorf("found %+v", m.body)
	}
	n.act("ridgeline", "intent.withdraw", &intent.Withdraw{ID: d.ID})
	hear(t, heard)
	n.stop()
	n = startNode(t, dir)
	n.serial = serial + 10
	n.act("ridgeline", "intent.declare", &intent.Declare{Plan: flight(0)})
	if m := hear(t, heard); *m.body.Subscriptions[0].NotificationIndex != 3 {
		t.Errorf("found %+v, expected nothing twice", m.body)
	}
}

// Those who do not answer, or answer without an end, hold up nobody.
func TestBadSubscribersHoldUpNobody(t *testing.T) {
	release := make(chan struct{})
	n := startNode(t, t.TempDir())
	n.enrol("ridgeline")
	elsewhere, lured := subscriber(t, nil)
	for i, bad := range []http.HandlerFunc{
		func(w http.ResponseWriter, r *http.Request) { <-release }, // says nothing
		func(w http.ResponseWriter, r *http.Request) { // never ends
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		},
		func(w http.ResponseWriter, r *http.Request) { // leads elsewhere
			http.Redirect(w, r, elsewhere.URL+"/", http.StatusTemporaryRedirect)
		},
		func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
	} {
		s := httptest.NewServer(bad)
		t.Cleanup(s.Close)
		n.subscribe(party.ID(fmt.Sprintf("uss-%d", i)), s.URL)
	}
	n.subscribe("uss-dead", "http://127.0.0.1:1")
	uss, heard := subscriber(t, nil)
	n.subscribe("uss-bravo", uss.URL)
	t.Cleanup(func() { close(release) })
	for i := range int64(3) {
		d := n.decided(n.act("ridgeline", "intent.declare", &intent.Declare{Plan: flight(i * 200_000)}))
		if i == 0 {
			if m := hear(t, heard); m.body.OperationalIntentID != d.ID {
				t.Errorf("found %+v", m.body)
			}
		}
	}
	select {
	case m := <-lured:
		t.Errorf("a redirect was followed: %+v", m)
	default:
	}
}

// Addresses that are not public get nothing unless the node itself is private,
// whatever name leads to them.
func TestAddresses(t *testing.T) {
	uss, heard := subscriber(t, nil)
	public, private := newSender(false), newSender(true)
	for _, target := range []string{
		uss.URL, strings.Replace(uss.URL, "127.0.0.1", "localhost", 1), "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/",
		"https://192.168.0.1/", "https://169.254.169.254/", "https://[fd00::1]/", "https://[::ffff:127.0.0.1]/", "https://100.64.0.1/",
		"https://0.0.0.0/", "https://224.0.0.1/", "ftp://uss.example/", "https://user@uss.example/", "https:///x", "://",
	} {
		if err := public.post(t.Context(), target, nil, nil); err == nil || !strings.Contains(err.Error(), ErrAddress.Error()) {
			t.Errorf("%s: found %v, expected a refusal", target, err)
		}
	}
	select {
	case <-heard:
		t.Error("something was sent to a private address")
	default:
	}
	for _, ok := range []string{"203.0.113.7:443", "[2001:db8::1]:443", "8.8.8.8:80"} {
		if err := public.mayDial(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	if err := private.post(t.Context(), uss.URL, http.Header{}, []byte(`{}`)); err != nil {
		t.Error(err)
	}
}
