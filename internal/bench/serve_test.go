package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// fakeDSS keeps operational intents in a map and decides with the exact shapes.
// Each fault spoils one request in faultEvery.
type fakeDSS struct {
	fault string

	mu      sync.Mutex
	intents map[string]*fakeIntent
	ended   map[string]*fakeIntent // with the fault "deletes come back"
	number  int
	calls   map[string]int // by method and route
	tokens  map[string]bool
}

const faultEvery = 7

type fakeIntent struct {
	ref    floorReference
	entity *volume.Entity
}

func newFakeDSS(fault string) *fakeDSS {
	return &fakeDSS{
		fault: fault, intents: map[string]*fakeIntent{}, ended: map[string]*fakeIntent{},
		calls: map[string]int{}, tokens: map[string]bool{},
	}
}

// faulty reports whether this call is one that the fault spoils.
func (s *fakeDSS) faulty(fault, call string) bool {
	s.calls[call]++
	return s.fault == fault && s.calls[call]%faultEvery == 0
}

func (s *fakeDSS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := subjectOf(r)
	s.tokens[sub] = true
	rest, ok := strings.CutPrefix(r.URL.Path, "/base"+intentPath)
	if !ok || sub == "" {
		http.Error(w, `{"message":"no"}`, http.StatusUnauthorized)
		return
	}
	if s.faulty("connections break", "any") {
		panic(http.ErrAbortHandler)
	}
	id, ovn, _ := strings.Cut(rest, "/")
	switch {
	case r.Method == "POST" && rest == "query":
		s.query(w, r)
	case r.Method == "PUT":
		s.put(w, r, sub, id, ovn)
	case r.Method == "GET":
		s.get(w, id)
	case r.Method == "DELETE":
		s.delete(w, id, ovn)
	}
}

// subjectOf reads the token without checking it.
func subjectOf(r *http.Request) string {
	parts := strings.Split(r.Header.Get("Authorization"), ".")
	if len(parts) != 3 {
		return ""
	}
	var claims struct{ Sub, Scope, Aud string }
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(data, &claims) != nil || claims.Scope != strategicCoordination || claims.Aud != "127.0.0.1" {
		return ""
	}
	return claims.Sub
}

func (s *fakeDSS) put(w http.ResponseWriter, r *http.Request, sub, id, ovn string) {
	var body floorPut
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil || len(body.Extents) != 1 {
		http.Error(w, fmt.Sprintf(`{"message":%q}`, err), http.StatusBadRequest)
		return
	}
	old := s.intents[id]
	v, err := body.Extents[0].ToVolume()
	switch {
	case err != nil:
		http.Error(w, fmt.Sprintf(`{"message":%q}`, err), http.StatusBadRequest)
		return
	case (old == nil) != (ovn == "") || old != nil && (old.ref.OVN != ovn || old.ref.Manager != sub):
		http.Error(w, `{"message":"wrong OVN"}`, http.StatusConflict)
		return
	case body.State == "Activated" && body.SubscriptionID == "" && body.NewSubscription == nil:
		http.Error(w, `{"message":"no subscription"}`, http.StatusBadRequest)
		return
	case s.faulty("some writes fail", "put"):
		http.Error(w, `{"message":"disk full"}`, http.StatusInternalServerError)
		return
	}
	entity := &volume.Entity{ID: id, Volumes: []volume.Volume4D{v}}
	if missing := s.missing(entity, body.Key); len(missing) > 0 {
		answerFloor(w, http.StatusConflict, map[string]any{"message": "more to know", "missing_operational_intents": missing})
		return
	}
	s.number++
	ref := floorSample
	ref.ID, ref.Manager, ref.State, ref.URL = id, sub, body.State, body.URL
	ref.OVN = fmt.Sprintf("ovn-%012d", s.number)
	ref.SubscriptionID = body.SubscriptionID
	if body.NewSubscription != nil {
		ref.SubscriptionID = fmt.Sprintf("5f1b2a3c-0d4e-4f5a-9b6c-%012d", s.number)
	}
	status := http.StatusCreated
	if old != nil {
		status = http.StatusOK
	}
	if old != nil && s.faulty("updates do not stick", "update") {
		answerFloor(w, status, floorChange{Reference: ref})
		return
	}
	s.intents[id] = &fakeIntent{ref, entity}
	if old == nil && s.faulty("creates are lost", "create") {
		delete(s.intents, id)
	}
	answerFloor(w, status, floorChange{Reference: ref, Subscribers: []floorSubscriber{{URL: ref.URL}}})
}

// missing lists the intents that the entity meets and whose OVN is not in key.
func (s *fakeDSS) missing(entity *volume.Entity, key []string) (refs []floorReference) {
	known := map[string]bool{}
	for _, ovn := range key {
		known[ovn] = true
	}
	for _, o := range s.intents {
		if hit, err := conflict.Decide(entity, o.entity, conflict.Minima{}); o.entity.ID != entity.ID && (hit || err != nil) && !known[o.ref.OVN] {
			hidden := o.ref
			hidden.OVN = "Available from USS"
			refs = append(refs, hidden)
		}
	}
	return refs
}

func (s *fakeDSS) query(w http.ResponseWriter, r *http.Request) {
	var body floorQuery
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, `{}`, http.StatusBadRequest)
		return
	}
	v, err := body.Area.ToVolume()
	if err != nil {
		http.Error(w, `{}`, http.StatusBadRequest)
		return
	}
	refs := s.missing(&volume.Entity{ID: "area", Volumes: []volume.Volume4D{v}}, nil)
	if s.faulty("queries leave out", "query") {
		refs = nil
	}
	answerFloor(w, http.StatusOK, floorAnswer{References: refs})
}

func (s *fakeDSS) get(w http.ResponseWriter, id string) {
	i := s.intents[id]
	if i == nil {
		i = s.ended[id]
	}
	if i == nil {
		http.Error(w, `{"message":"not found"}`, http.StatusNotFound)
		return
	}
	answerFloor(w, http.StatusOK, map[string]any{"operational_intent_reference": i.ref})
}

func (s *fakeDSS) delete(w http.ResponseWriter, id, ovn string) {
	i := s.intents[id]
	if i == nil || i.ref.OVN != ovn {
		http.Error(w, `{"message":"wrong OVN"}`, http.StatusConflict)
		return
	}
	delete(s.intents, id)
	if s.faulty("deletes come back", "delete") {
		s.ended[id] = i
	}
	answerFloor(w, http.StatusOK, floorChange{Reference: i.ref})
}

// testKey returns a file with a private key.
var testKey = sync.OnceValues(func() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})), nil
})

// drive runs the generator against a fake and returns its report.
func drive(t *testing.T, dss *fakeDSS, change func(*ServeOptions)) (*serveReport, error) {
	t.Helper()
	server := httptest.NewUnstartedServer(dss)
	server.Config.ErrorLog = nil
	server.Start()
	defer server.Close()
	text, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(key, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	opt := ServeOptions{
		URL: server.URL + "/base", Key: key, Dir: t.TempDir(),
		Workers: 8, Parties: 3, Flights: 200, Seed: 7, Verify: true, JSON: true,
	}
	change(&opt)
	var out bytes.Buffer
	err = Serve(context.Background(), &out, opt)
	if out.Len() == 0 {
		return nil, err
	}
	var r serveReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	return &r, err
}

// On a server without faults every request is accepted, in every place, all
// that was acknowledged is read back, and nothing stays behind.
func TestServeFlies(t *testing.T) {
	for _, place := range []string{"spread", "same-cell", "congested"} {
		for _, subscription := range []string{"implicit", "none"} {
			t.Run(place+" "+subscription, func(t *testing.T) {
				t.Parallel()
				dss := newFakeDSS("")
				r, err := drive(t, dss, func(o *ServeOptions) {
					o.Places, o.Bystanders, o.Subscription = []string{place}, []int{40}, subscription
				})
				if err != nil {
					t.Fatal(err)
				}
				kept := 200 / keepEvery
				if want := 4*200 - kept; r.Accepted != want || len(r.Errors) > 0 || r.Unknown > 0 {
					t.Errorf("accepted %d, expected %d; errors %v, unknown %d", r.Accepted, want, r.Errors, r.Unknown)
				}
				if (r.Refused > 0) != (place == "congested") {
					t.Errorf("%d 409 rounds in %s", r.Refused, place)
				}
				if r.Read != 200+40 || len(r.Wrong) > 0 {
					t.Errorf("read back %d, wrong %v", r.Read, r.Wrong)
				}
				if len(dss.intents) > 0 {
					t.Errorf("%d intents stay behind", len(dss.intents))
				}
				if len(dss.tokens) != 3 {
					t.Errorf("%d parties called, expected 3", len(dss.tokens))
				}
			})
		}
	}
}

// A server that loses what it acknowledged is found out; one that fails openly
// is counted, and what it did acknowledge is still read back.
func TestServeNotices(t *testing.T) {
	for _, c := range []struct {
		fault string
		lost  bool
	}{
		{"creates are lost", true},
		{"updates do not stick", true},
		{"deletes come back", true},
		{"queries leave out", true},
		{"some writes fail", false},
		{"connections break", false},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			r, err := drive(t, newFakeDSS(c.fault), func(o *ServeOptions) {
				if c.fault == "connections break" {
					o.Verify = false // as reading back breaks too
				}
			})
			if r == nil {
				t.Fatal(err)
			}
			if errors.Is(err, errLost) != c.lost {
				t.Errorf("found the error %v, expected a loss: %v", err, c.lost)
			}
			if !c.lost && len(r.Errors) == 0 {
				t.Errorf("no errors counted: %+v", r)
			}
			if c.fault == "connections break" && r.Unknown == 0 {
				t.Error("no flight with an unknown outcome")
			}
		})
	}
}

func TestServeMeasuresForATime(t *testing.T) {
	r, err := drive(t, newFakeDSS(""), func(o *ServeOptions) {
		o.Flights, o.Duration, o.Warmup = 0, 200*time.Millisecond, 50*time.Millisecond
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Accepted == 0 || r.Seconds <= 0 || len(r.Ops) != 4 {
		t.Errorf("found %+v", r)
	}
}

func TestServeSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(o *ServeOptions)
	}{
		{"answered 401, expected 200", func(o *ServeOptions) { o.Audience = "elsewhere" }},
		{`found the place "moon"`, func(o *ServeOptions) { o.Places = []string{"moon"} }},
		{`found the subscription "all"`, func(o *ServeOptions) { o.Subscription = "all" }},
		{"found a URL and no key", func(o *ServeOptions) { o.Key = "" }},
		{`found the URL "ftp://x"`, func(o *ServeOptions) { o.URL = "ftp://x" }},
		{"no such file", func(o *ServeOptions) { o.Key = "absent.pem" }},
		{"expected it for 30000 bystanders", func(o *ServeOptions) { o.Places, o.Bystanders = []string{"same-cell"}, []int{30_000} }},
		{"ended before it accepted", func(o *ServeOptions) { o.URL, o.Command = "", "false {addr}" }},
		{"found neither a URL nor a command", func(o *ServeOptions) { o.URL = "" }},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			if _, err := drive(t, newFakeDSS(""), c.change); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found the error %v", err)
			}
		})
	}
}
