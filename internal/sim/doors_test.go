package sim

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/server"
	"github.com/deconflict/deconflict/internal/statement"
)

// secret is a marked value that a party said, and who may come to know it.
type secret struct {
	marks  []string // any of them in an answer gives it away
	what   string
	owner  party.ID
	to     map[party.ID]bool // beside the owner
	listed bool              // of an intent in the airspace, whose details are open to other USSs
	unsaid bool              // refused, so that even its owner is not told it again
}

// answer is what came through a door, and to whom.
type answer struct {
	reader party.ID
	door   string
	body   string
}

// Readers beside the parties. F3548-21 has a USS give the details of its
// intents to any other: that is a door of its own, with a scope of its own.
const (
	anonymous party.ID = "(no token)"
	stranger  party.ID = "stranger" // has a token and is not enrolled
	foreign   party.ID = "uss"      // another USS
	operator  party.ID = "(log and metrics)"
)

// doors is a node in this process, with everything that was said to it and that
// it answered.
type doors struct {
	*testing.T
	url, debug string
	origin     string
	log        *lockedBuffer
	hooks      *hooks
	rng        *rand.Rand
	parties    []party.ID
	secrets    []*secret
	answers    []answer
	ids        map[string][]string // by the door that takes them
	marked     int
	entries    int64
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// openDoors runs a node that writes the most verbose log there is.
func openDoors(t *testing.T, seed uint64) *doors {
	t.Helper()
	d := &doors{T: t, log: &lockedBuffer{}, rng: rand.New(rand.NewPCG(seed, 1)), ids: map[string][]string{}}
	c := server.DefaultConfig()
	c.Data, c.Listen, c.DebugListen, c.InsecureDev, c.MinFreeDisk, c.PartyRate = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", true, 0, 0
	s, err := server.New(t.Context(), c, server.Options{
		Version: "test", Log: slog.New(slog.NewJSONHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Getenv: func(string) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
	d.url, d.debug = s.URL(), s.DebugURL()
	var about struct {
		Basis struct {
			Node string `json:"node"`
		} `json:"basis"`
	}
	d.read(stranger, "GET", "/v1/parties", nil, &about)
	if d.origin = about.Basis.Node; d.origin == "" {
		t.Fatal("the node does not say its name")
	}
	return d
}

// scopes are what a reader's token opens.
func scopes(of party.ID) string {
	if of == foreign {
		return strings.Join([]string{auth.ScopeStrategicCoordination, auth.ScopeConformanceMonitoring, auth.ScopeConstraintProcessing}, ",")
	}
	return strings.Join([]string{auth.ScopeAct, auth.ScopeRead, auth.ScopeConstraintProcessing}, ",")
}

// read goes through a door and keeps what came of it. It returns the status.
func (d *doors) read(who party.ID, method, path string, body []byte, into any) int {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, d.url+path, bytes.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	if who != anonymous {
		r.Header.Set("Authorization", "Bearer dev:"+string(who)+":"+scopes(who))
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		d.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		d.Fatalf("%s: %v", path, err)
	}
	var header strings.Builder
	_ = a.Header.Write(&header)
	d.answers = append(d.answers, answer{who, method + " " + path, header.String() + string(text)})
	if into != nil && a.StatusCode < 300 {
		if err := json.Unmarshal(text, into); err != nil {
			d.Fatalf("%s: %v in %s", path, err, text)
		}
	}
	return a.StatusCode
}

// outcome is what a party is answered to an act.
type outcome struct {
	status int
	Index  int64 `json:"index"`
	Events []struct {
		Index  int64                      `json:"index"`
		Fields map[string]json.RawMessage `json:"fields"`
	} `json:"events"`
}

// member returns a string among the events that came of an act.
func (o *outcome) member(kind, name string) string {
	for _, e := range o.Events {
		var k, v string
		if json.Unmarshal(e.Fields["type"], &k) == nil && k == kind && json.Unmarshal(e.Fields[name], &v) == nil {
			return v
		}
	}
	return ""
}

// says has a party do an act, signed by the persons.
func (d *doors) says(by party.ID, act string, body any, persons ...string) *outcome {
	d.Helper()
	raw, err := statement.Marshal(body)
	if err != nil {
		d.Fatal(err)
	}
	d.marked++
	s := party.Statement{
		Act: act, At: statement.Instant(time.Now().UnixNano()), Body: raw, ID: fmt.Sprintf("act-%d", d.marked), Node: d.origin, Party: by,
	}
	text, err := statement.Marshal(s)
	if err != nil {
		d.Fatal(err)
	}
	send := struct {
		Statement  json.RawMessage   `json:"statement"`
		Signatures []party.Signature `json:"signatures,omitempty"`
	}{Statement: text}
	for _, p := range persons {
		signature, err := party.Sign(signingKey(p), text)
		if err != nil {
			d.Fatal(err)
		}
		send.Signatures = append(send.Signatures, signature)
	}
	request, err := json.Marshal(send)
	if err != nil {
		d.Fatal(err)
	}
	o := &outcome{}
	o.status = d.read(by, "POST", "/v1/acts", request, o)
	for _, e := range o.Events {
		d.entries = max(d.entries, e.Index+1)
	}
	return o
}

// does is says for an act that must be taken.
func (d *doors) does(by party.ID, act string, body any) *outcome {
	d.Helper()
	o := d.says(by, act, body, string(by)+"-chief")
	if o.status != http.StatusOK {
		d.Fatalf("%s of %s: %s", act, by, d.answers[len(d.answers)-1].body)
	}
	return o
}

// keep makes a value a secret of a party, shared with others.
func (d *doors) keep(owner party.ID, what string, to []party.ID, marks ...string) *secret {
	s := &secret{marks: marks, what: what, owner: owner, to: map[party.ID]bool{}}
	for _, id := range to {
		s.to[id] = true
	}
	d.secrets = append(d.secrets, s)
	return s
}

// word returns a text that stands nowhere else, as a secret.
func (d *doors) word(owner party.ID, what string, to ...party.ID) string {
	b := []byte("mark")
	for range 12 {
		b = append(b, 'a'+byte(d.rng.IntN(26)))
	}
	d.keep(owner, what, to, string(b))
	return string(b)
}

// e9 returns an angle near a whole number of degrees, in 1e-9 degree, that
// stands nowhere else, with how it looks in answers: as it is, and in degrees.
// Ten digits count, so that rounding to millimetres does not hide it.
func (d *doors) e9(deg int64) (angle int64, marks []string) {
	fraction := 100_000_000 + d.rng.Int64N(300_000_000)
	angle = deg*1_000_000_000 + fraction
	if deg < 0 {
		angle = deg*1_000_000_000 - fraction
	}
	whole := strconv.FormatInt(max(deg, -deg), 10)
	digits := strconv.FormatInt(fraction, 10)[:8]
	return angle, []string{whole + digits, whole + "." + digits}
}

// some returns each other party with an even chance.
func (d *doors) some(but party.ID) (list []party.ID) {
	for _, p := range d.parties {
		if p != but && d.rng.IntN(2) == 0 {
			list = append(list, p)
		}
	}
	return list
}

// one returns another party.
func (d *doors) one(but party.ID) party.ID {
	others := slices.DeleteFunc(slices.Clone(d.parties), func(p party.ID) bool { return p == but })
	return others[d.rng.IntN(len(others))]
}

// leaks returns what came through doors to whom it is denied.
func (d *doors) leaks(answers []answer) (found []string) {
	for _, s := range d.secrets {
		for i := range answers {
			a := &answers[i]
			if a.reader == s.owner || s.to[a.reader] || a.reader == foreign && s.listed {
				continue
			}
			for _, m := range s.marks {
				if at := strings.Index(a.body, m); at >= 0 {
					found = append(found, fmt.Sprintf("%s learns %s of %s by %s: …%s…", a.reader, s.what, s.owner, a.door, a.body[max(0, at-120):min(len(a.body), at+60)]))
					break
				}
			}
		}
	}
	return found
}

// TestD1DeniedFieldsLeaveByNoDoor has parties do random things, each value of
// which is marked with who may know it, and then everybody reads whatever the
// node has to say: answers, refusals, streams, views, proofs, errors. Those who
// run the node read its log, at its most verbose, and its metrics. The toy shows
// everybody the full record. DECONFLICT_DOORS is how many random histories are
// played; 1 without it.
func TestD1DeniedFieldsLeaveByNoDoor(t *testing.T) {
	if testing.Short() {
		t.Skip("plays on a node with a disk")
	}
	histories := 1
	if n, err := strconv.Atoi(os.Getenv("DECONFLICT_DOORS")); err == nil {
		histories = n
	}
	for seed := range uint64(histories) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := openDoors(t, seed)
			d.enrolAll()
			d.hookAll()
			for range 50 {
				d.step()
			}
			d.readAll()
			toy := slices.Clone(d.answers)
			for i := range toy {
				toy[i].reader = stranger
			}
			told := strings.Join(d.leaks(toy), "\n")
			for _, s := range d.secrets {
				if !s.unsaid && !strings.Contains(told, "learns "+s.what+" of "+string(s.owner)) {
					t.Errorf("%s of %s, %v, is not told to anybody: marking it shows nothing", s.what, s.owner, s.marks)
				}
			}
			for i, leak := range d.leaks(d.answers) {
				if i < 20 {
					t.Error(leak)
				}
			}
			t.Logf("%d secrets, %d answers, %d entries", len(d.secrets), len(d.answers), d.entries)
		})
	}
}

// readAll has everybody go through every door.
func (d *doors) readAll() {
	d.Helper()
	// All see a zone: who has seen it has seen all that came before.
	last := d.does("vc", "zone.declare", d.zone("the end")).member("zone.decided", "id")
	d.hooksHave(last)
	d.everyDoorIsTried()
	readers := append(slices.Clone(d.parties), anonymous, stranger, foreign)
	for _, who := range readers {
		for _, path := range d.paths() {
			d.read(who, "GET", path, nil, nil)
		}
		area := `{"area_of_interest":{"volume":{"outline_circle":{"center":{"lat":12.3,"lng":-30.3},"radius":{"value":90000,"units":"M"}}}}}`
		d.read(who, "POST", "/dss/v1/operational_intent_references/query", []byte(area), nil)
		d.read(who, "POST", "/dss/v1/subscriptions/query", []byte(area), nil)
		for _, asked := range []string{"/v1/options", "/v1/check", "/v1/plans"} {
			d.read(who, "POST", asked, []byte(d.plan()), nil)
		}
		d.read(who, "POST", "/v1/acts", []byte(`{"statement":{"act":"intent.end","body":{"ID":1}}}`), nil)
		if who != anonymous {
			d.stream(who, "/v1/events?after=-1", last)
		}
		if slices.Contains(d.parties, who) || who == stranger {
			d.stream(who, "/v1/inbox/all?after=-1", last)
		}
	}
	for _, id := range d.ids["/v1/declared/"] {
		d.tryOthers(id)
		for _, who := range d.parties {
			d.read(who, "POST", "/v1/options", []byte(`{"intent":"`+id+`","limits":{"down_m":2000,"earlier_s":600}}`), nil)
		}
	}
	metrics, err := http.Get(d.debug + "/metrics")
	if err != nil {
		d.Fatal(err)
	}
	defer metrics.Body.Close()
	text, err := io.ReadAll(metrics.Body)
	if err != nil {
		d.Fatal(err)
	}
	d.answers = append(d.answers, answer{operator, "metrics", string(text)}, answer{operator, "log", d.log.String()})
}

// stream reads a stream of events up to the entry of a zone.
func (d *doors) stream(who party.ID, path, last string) {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), "GET", d.url+path, nil)
	if err != nil {
		d.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer dev:"+string(who)+":"+scopes(who))
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		d.Fatal(err)
	}
	defer a.Body.Close()
	var text []byte
	if a.StatusCode != http.StatusOK {
		return // refused to this reader: it was recorded as an ordinary answer
	}
	for buf := make([]byte, 64<<10); !bytes.Contains(text, []byte(last)); {
		n, err := a.Body.Read(buf)
		text = append(text, buf[:n]...)
		if err != nil {
			d.Fatalf("%s to %s ended before its end: %v", path, who, err)
		}
	}
	d.answers = append(d.answers, answer{who, "SSE " + path, string(text)})
}

// everyDoorIsTried holds the paths that are read against the specification: a
// door that is added later is tried too, or this fails.
func (d *doors) everyDoorIsTried() {
	d.Helper()
	var tried []string
	for _, p := range d.paths() {
		p, _, _ = strings.Cut(p, "?")
		tried = append(tried, p)
	}
	tried = append(tried, "/v1/options", "/v1/check", "/v1/plans", "/v1/acts", "/log/cosignature")
	d.read(anonymous, "GET", "/v1/openapi.yaml", nil, nil)
	said := d.answers[len(d.answers)-1].body
	places := regexp.MustCompile(`(?m)^  (/[^:]*):`).FindAllStringSubmatch(said, -1)
	if len(places) < 20 {
		d.Fatalf("found %d places in the specification", len(places))
	}
	for _, m := range places {
		form := regexp.MustCompile(`^` + regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(m[1], `.+`) + `$`)
		if !slices.ContainsFunc(tried, form.MatchString) {
			d.Errorf("the door %s is not tried", m[1])
		}
	}
}

// signingKey is that of a person, the same each time.
func signingKey(person string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, person)
	return ed25519.NewKeyFromSeed(seed)
}

func publicKey(person string) party.Key {
	return party.NewKey(signingKey(person).Public().(ed25519.PublicKey))
}
