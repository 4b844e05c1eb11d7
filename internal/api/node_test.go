package api

import (
	"context"
	"crypto/ed25519"
	cryptorand "crypto/rand"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/volume"
)

const origin = "node.example/deconflict"

// node is the interface on a real engine and journal.
type node struct {
	t       testing.TB
	engine  *engine.Engine
	handler http.Handler
	ended   chan struct{}
	random  *rand.ChaCha8
	beginNS int64 // of everything that tests declare
}

func newNode(t testing.TB, set ...func(*Config)) *node {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Config{
		Dir:     t.TempDir(),
		Journal: journal.Options{Origin: origin, Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	v, err := auth.NewVerifier(auth.Config{Audiences: []string{"node.example"}, InsecureDev: true})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{
		t: t, engine: e, ended: make(chan struct{}), random: rand.NewChaCha8([32]byte{}),
		beginNS: time.Now().Add(time.Hour).Truncate(time.Second).UnixNano(),
	}
	c := Config{Engine: e, Verifier: v, Version: "v1.2.3", Origin: origin, PublicLog: true, Ended: n.ended}
	for _, f := range set {
		f(&c)
	}
	n.handler = New(c)
	return n
}

// id returns a new id.
func (n *node) id() airspace.ID {
	var b [16]byte
	_, _ = n.random.Read(b[:])
	return airspace.NewID(b)
}

// text returns an OVN or a version that nothing else has.
func (n *node) text() string { return fmt.Sprintf("ovn-%020d", n.random.Uint64()) }

// circle is an outline of a radius around a place, from 100 to 120 m, for an
// hour.
func (n *node) circle(lat, lng float64, radiusM int64) outline.Volume {
	n.t.Helper()
	at, err := geodesy.NewLatLng(lat, lng)
	if err != nil {
		n.t.Fatal(err)
	}
	f, err := volume.NewCircle(at, radiusM*1000)
	if err != nil {
		n.t.Fatal(err)
	}
	o, err := outline.Of(&volume.Volume4D{
		Footprint: f, Band: volume.Band{LowerMM: 100_000, UpperMM: 120_000},
		Window: volume.Window{StartNS: n.beginNS, EndNS: n.beginNS + int64(time.Hour)},
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return o
}

// intent declares an intent with a subscription of its own and returns it.
func (n *node) intent(by party.ID, at outline.Volume) airspace.IntentView {
	n.t.Helper()
	change, _, err := engine.Submit(context.Background(), n.engine, airspace.PutIntent{
		By: by, ID: n.id(), NewOVN: n.text(), Outline: []outline.Volume{at}, State: airspace.Accepted,
		URL: "https://" + string(by) + ".example/a?b=<c>&d", Key: n.keys(at), MayPlan: true,
		Implicit: &airspace.ImplicitSubscription{ID: n.id(), URL: "https://" + string(by) + ".example/s"}, NewVersion: n.text(),
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return change.Intent
}

// keys returns the OVNs of what is in the way.
func (n *node) keys(at outline.Volume) (keys []string) {
	err := n.engine.Read(context.Background(), func(st *airspace.State, _ int64) {
		for _, v := range st.Intents(at) {
			keys = append(keys, v.OVN)
		}
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return keys
}

func (n *node) constraint(by party.ID, at ...outline.Volume) airspace.ConstraintView {
	n.t.Helper()
	change, _, err := engine.Submit(context.Background(), n.engine, airspace.PutConstraint{
		By: by, ID: n.id(), NewOVN: n.text(), Outline: at, URL: "https://" + string(by) + ".example/c",
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return change.Constraint
}

func (n *node) subscription(by party.ID, at outline.Volume) airspace.SubscriptionView {
	n.t.Helper()
	change, _, err := engine.Submit(context.Background(), n.engine, airspace.PutSubscription{
		By: by, ID: n.id(), NewVersion: n.text(), Outline: at, URL: "https://" + string(by) + ".example/s", Intents: true,
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return change.Subscription
}

// subscriptionOf is subscription for several goroutines at once.
func (n *node) subscriptionOf(by string, at outline.Volume) {
	var b [16]byte
	_, _ = cryptorand.Read(b[:])
	_, _, err := engine.Submit(context.Background(), n.engine, airspace.PutSubscription{
		By: party.ID(by), ID: airspace.NewID(b), NewVersion: cryptorand.Text(), Outline: at, URL: "https://" + by + ".example/s", Intents: true,
	})
	if err != nil {
		n.t.Error(err)
	}
}

// bearer is somebody who calls; empty without a token.
type bearer string

func with(name string, scopes ...string) bearer {
	return bearer("Bearer dev:" + name + ":" + strings.Join(scopes, ","))
}

var (
	alpha    = with("uss-alpha", auth.ScopeStrategicCoordination)
	bravo    = with("uss-bravo", auth.ScopeStrategicCoordination)
	ranger   = with("rangers", auth.ScopeConstraintManagement)
	onlooker = with("onlooker", auth.ScopeRead)
	arbiter  = with("arbiter", auth.ScopeAvailability)
)

func (n *node) do(who bearer, method, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	if who != "" {
		r.Header.Set("Authorization", string(who))
	}
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	return w
}

// get reads JSON that must be there.
func (n *node) get(who bearer, target string, into any) {
	n.t.Helper()
	w := n.do(who, "GET", target)
	if w.Code != http.StatusOK {
		n.t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		n.t.Fatalf("%s: %v in %s", target, err, w.Body)
	}
}
