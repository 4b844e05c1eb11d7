package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/server"
	"github.com/deconflict/deconflict/internal/statement"
)

// device is a browser that believes one certificate, by its fingerprint.
type device struct {
	t    *testing.T
	url  string
	http *http.Client
}

func newDevice(t *testing.T, url, print string) *device {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, // as a person does, who compares the fingerprint
		VerifyConnection: func(s tls.ConnectionState) error {
			if got := server.Fingerprint(s.PeerCertificates[0].Raw); got != print {
				return fmt.Errorf("found the fingerprint %s, expected %s", got, print)
			}
			return s.PeerCertificates[0].VerifyHostname("localhost")
		},
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &device{t, url, &http.Client{Jar: jar, Transport: transport}}
}

// ask asks the node as a page does, and reads the answer.
func (d *device) ask(method, path string, body, into any) int {
	d.t.Helper()
	text, err := statement.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, bytes.NewReader(text))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Deconflict-Seat", "a")
	answer, err := d.http.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		d.t.Logf("%s %s: %d %s", method, path, answer.StatusCode, said)
	} else if into != nil {
		if err := json.Unmarshal(said, into); err != nil {
			d.t.Errorf("%s %s: %v", method, path, err)
		}
	}
	return answer.StatusCode
}

func (d *device) must(method, path string, body, into any) {
	d.t.Helper()
	if got := d.ask(method, path, body, into); got != http.StatusOK {
		d.t.Fatalf("%s %s: answered %d", method, path, got)
	}
}

func (d *device) act(act string, body any) {
	d.t.Helper()
	d.must("POST", "/v1/acts", map[string]any{"statement": map[string]any{"act": act, "body": body, "person": "first", "role": "watch"}}, nil)
}

// startSite starts a site on its directory and returns what it printed.
func startSite(t *testing.T, dir string) (url, print, code string, stop func()) {
	t.Helper()
	e := server.NewEffective()
	for name, value := range map[string]string{"site": "ember", "data": dir, "listen": "127.0.0.1:0", "log-level": "error"} {
		if err := e.Flag(name, []string{value}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.ForSite(); err != nil {
		t.Fatal(err)
	}
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		_, err := serve(ctx, &app{stdout: w, stderr: io.Discard, getenv: func(string) string { return "" }}, &e.Config)
		_ = w.Close()
		ended <- err
	}()
	var said strings.Builder
	for buffer := make([]byte, 4096); !strings.Contains(said.String(), "Clock: "); {
		n, err := r.Read(buffer)
		said.Write(buffer[:n])
		if err != nil {
			t.Fatalf("the site ended: %v\n%s", <-ended, said.String())
		}
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	one := func(pattern string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(said.String())
		if m == nil {
			t.Fatalf("found no %s in\n%s", pattern, said.String())
		}
		return m[1]
	}
	return strings.Replace(one(`(https://\S+)/`), "127.0.0.1", "localhost", 1), one(`((?:[0-9A-F]{2}:){31}[0-9A-F]{2})`), one(`Join code.*: (\S+)`), sync.OnceFunc(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestSite: one word makes a node with TLS, to which two devices come by codes
// alone: whoever is invited under a new name is enrolled, declares, is seen, and
// is heard. The next start has all that is there.
func TestSite(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a node")
	}
	dir := filepath.Join(t.TempDir(), "ember")
	url, print, code, stop := startSite(t, dir)
	defer stop()
	tower, crew := newDevice(t, url, print), newDevice(t, url, print)
	if got := crew.ask("POST", "/v1/session", map[string]string{"code": "00000-00000"}, nil); got != http.StatusUnauthorized {
		t.Errorf("a wrong code is answered %d", got)
	}
	var session struct{ Party, Role string }
	tower.must("POST", "/v1/session", map[string]string{"code": code}, &session)
	if session.Party != "ember" || session.Role != "chief" {
		t.Errorf("the first device is %+v", session)
	}
	var invitation struct{ Code, URL, QR, Fingerprint string }
	tower.must("POST", "/v1/invitations", map[string]string{"party": "kestrel"}, &invitation)
	if want := url + "/#join=" + invitation.Code; invitation.URL != want {
		t.Errorf("the link is %s, want %s", invitation.URL, want)
	}
	if invitation.Fingerprint != print {
		t.Errorf("who invites is told the fingerprint %q, want %q", invitation.Fingerprint, print)
	}
	crew.must("POST", "/v1/session", map[string]string{"code": invitation.Code}, &session)
	if session.Party != "kestrel" {
		t.Errorf("the second device is %+v", session)
	}
	now := time.Now()
	corner := func(ns time.Duration, lat int64) declared.TimedPoint {
		return declared.TimedPoint{LatE9: lat, LngE9: -30e9, Alt: declared.Altitude{MM: 120_000, Reference: "W84"}, At: statement.Instant(now.Add(ns).UnixNano())}
	}
	crew.act("intent.declare", intent.Declare{Plan: intent.Plan{
		Alias: "K1", AircraftKind: "unmanned",
		Shape: declared.Shape{Trajectories: []declared.Trajectory{{
			Points: []declared.TimedPoint{corner(time.Hour, 12e9), corner(2*time.Hour, 12.1e9)}, HalfWidthMM: 50_000, VErrorMM: 10_000, TErrorNS: 1e9,
		}}},
		Priority: intent.Priority{Rank: "other"}, Contact: intent.Contact{Position: "watch"},
		Position: intent.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: 5000}, Time: intent.TimeBasis{Source: "gnss", ErrorNS: 1e6},
	}})
	var picture struct {
		Items []struct{ Name, Party, Shown string }
	}
	tower.must("GET", "/v1/picture", nil, &picture)
	if len(picture.Items) != 1 || picture.Items[0].Name != "K1" || picture.Items[0].Party != "kestrel" || picture.Items[0].Shown != "exact" {
		t.Errorf("the site is shown %+v", picture.Items)
	}
	where := declared.Point{LatE9: 12e9, LngE9: -30e9}
	crew.act("channel.stop", channel.CallStop{Where: channel.Place{Point: &where, RadiusMM: 1e6, Text: "Smoke over the strip."}, AtRisk: "aircraft", Callback: "line 1"})
	var inbox json.RawMessage
	tower.must("GET", "/v1/inbox/all?after=-1", nil, &inbox)
	if !bytes.Contains(inbox, []byte("Smoke over the strip.")) {
		t.Errorf("the site hears nothing of a STOP: %s", inbox)
	}
	var status struct {
		Clock struct{ Source string }
	}
	tower.must("GET", "/v1/status", nil, &status)
	if status.Clock.Source != "system" {
		t.Errorf("the clock is said to be %q", status.Clock.Source)
	}
	if got := tower.ask("POST", "/v1/invitations", map[string]string{"party": "kestrel"}, nil); got != http.StatusForbidden {
		t.Errorf("a party that is enrolled is invited by another: %d", got)
	}
	stop()

	again, samePrint, code, stopAgain := startSite(t, dir)
	defer stopAgain()
	if samePrint != print {
		t.Errorf("the second start has the fingerprint %s, the first had %s", samePrint, print)
	}
	// Nobody who came by a code has to sign in anew; cookies know no ports.
	tower.url, crew.url = again, again
	crew.must("GET", "/v1/session", nil, &session)
	if session.Party != "kestrel" {
		t.Errorf("after the second start the second device is %+v", session)
	}
	if got := crew.ask("DELETE", "/v1/session", nil, nil); got != http.StatusNoContent {
		t.Errorf("signing out is answered %d", got)
	}
	if got := crew.ask("GET", "/v1/session", nil, nil); got != http.StatusUnauthorized {
		t.Errorf("signed out, and asked who it is: %d", got)
	}
	tower.must("GET", "/v1/session", nil, &session)
	if session.Party != "ember" || session.Role != "chief" {
		t.Errorf("after the second start the first device is %+v", session)
	}
	// Of kestrel nobody is signed in any more, and it has no key of its own.
	tower.must("POST", "/v1/invitations", map[string]string{"party": "kestrel"}, &invitation)
	back := newDevice(t, again, print)
	back.must("POST", "/v1/session", map[string]string{"code": invitation.Code}, &session)
	if session.Party != "kestrel" {
		t.Errorf("who comes back is %+v", session)
	}
	if got := tower.ask("POST", "/v1/invitations", map[string]string{"party": "kestrel"}, nil); got != http.StatusForbidden {
		t.Errorf("a party of which somebody is signed in is invited by another: %d", got)
	}
	third := newDevice(t, again, print)
	third.must("POST", "/v1/session", map[string]string{"code": code}, &session)
	tower.must("GET", "/v1/picture", nil, &picture)
	if len(picture.Items) != 1 {
		t.Errorf("after the second start the site is shown %+v", picture.Items)
	}
}

// TestCertificateOfSite: it names where the site is reached, holds for a year, and
// is made anew when it has ended.
func TestCertificateOfSite(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "c"), filepath.Join(dir, "k")
	now := time.Now()
	read := func(at time.Time) *tls.Certificate {
		t.Helper()
		if err := makeCertificate(cert, key, "ember", at); err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return &pair
	}
	first := read(now)
	for _, name := range []string{"localhost", "127.0.0.1", "[::1]"} {
		if err := first.Leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	for _, ip := range lanAddresses() {
		if err := first.Leaf.VerifyHostname(ip.String()); err != nil {
			t.Error(err)
		}
	}
	if same := read(now.AddDate(0, 11, 0)); !bytes.Equal(same.Leaf.Raw, first.Leaf.Raw) {
		t.Error("a certificate that holds was made anew")
	}
	if next := read(now.AddDate(1, 1, 0)); bytes.Equal(next.Leaf.Raw, first.Leaf.Raw) {
		t.Error("a certificate that has ended stays")
	}
}
