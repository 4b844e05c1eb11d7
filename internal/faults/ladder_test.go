package faults

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// caller sends messages and calls STOP; hearers have inboxes.
const caller = "alpha"

var hearers = []string{"bravo", "charlie", "delta", "echo", "foxtrot", "golf"}

// TestKillOnTheChannel kills a node (SIGKILL) again and again while ladders
// climb, messages wait to be read back and STOPs go out to many, and holds what
// comes back against what the caller was answered and what inboxes had. The
// node's time is set by hand, so that each deadline is known to the nanosecond:
// a rung lasts as long as it was agreed to, whatever was killed meanwhile.
func TestKillOnTheChannel(t *testing.T) {
	rounds := 3
	if long {
		rounds = 12
	}
	w := newWire(t)
	for range rounds {
		w.round()
		if t.Failed() {
			return
		}
	}
	// Nobody is left waiting: each ladder ends.
	w.advance(time.Hour)
	w.readAll()
	w.checkLadders(true)
	w.Process.Kill()
	fsck(t, w.dir)
	t.Logf("%d acts acknowledged, %d with unknown outcome; %d messages, %d rungs, %d came to the end", w.taken, w.unknowns, w.messages, w.rungs, w.fallbacks)
	if w.messages < 10*rounds || w.rungs < w.messages || w.fallbacks == 0 {
		t.Error("too little happened to tell")
	}
}

// wire is a node with parties that talk.
type wire struct {
	*node
	*testing.T
	dir, debug string
	origin     string
	clock      time.Time // that the node acknowledged
	rng        *rand.Rand
	serial     int

	mu       sync.Mutex
	acked    map[string]*act
	unknown  []*act
	inboxes  map[string]map[int64]string // by party and index
	answered map[string]map[string]bool  // messages, by who answered
	taken    int
	unknowns int

	messages, rungs, fallbacks int
}

// act is one that was sent, with its answer.
type act struct {
	by, id string
	body   []byte
	asked  int // times that it was sent again
	answer struct {
		Index    int64   `json:"index"`
		Repeated bool    `json:"repeated"`
		Events   []entry `json:"events"`
	}
}

type entry struct {
	Index  int64           `json:"index"`
	Fields json.RawMessage `json:"fields"`
}

func newWire(t *testing.T) *wire {
	w := &wire{
		T: t, dir: filepath.Join(t.TempDir(), "data"), clock: time.Date(2031, 5, 5, 8, 0, 0, 0, time.UTC),
		rng: rand.New(rand.NewPCG(7, 7)), acked: map[string]*act{}, inboxes: map[string]map[int64]string{}, answered: map[string]map[string]bool{},
	}
	w.begin()
	for _, id := range append([]string{caller}, hearers...) {
		w.inboxes[id], w.answered[id] = map[int64]string{}, map[string]bool{}
		w.enrol(id)
	}
	return w
}

// begin starts the node, with the time that it acknowledged last.
func (w *wire) begin() {
	w.Helper()
	w.node = start(w.T, w.dir, "--clock", w.clock.Format(time.RFC3339Nano), "--debug-listen", "127.0.0.1:0", "--snapshot-every", "50")
	if a, err := w.call(caller, "GET", "/v1/parties", nil); err != nil || a.status != http.StatusOK {
		w.Fatalf("%d %s %v", a.status, a.body, err)
	} else {
		var about struct{ Basis struct{ Node string } }
		if err := json.Unmarshal(a.body, &about); err != nil {
			w.Fatal(err)
		}
		w.origin = about.Basis.Node
	}
	said := regexp.MustCompile(`metrics on (\S+)/metrics`).FindStringSubmatch(w.Said())
	if said == nil {
		w.Fatal("the program does not say where its private listener is")
	}
	w.debug = said[1]
}

func (w *wire) call(by, method, path string, body []byte) (answer, error) {
	r, err := http.NewRequest(method, w.base+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer dev:"+by+":deconflict.act")
	r.Header.Set("Accept", "application/json")
	return w.send(r)
}

func (w *wire) send(r *http.Request) (answer, error) {
	res, err := w.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, data}, err
}

// enrol has a party enrol, signed by its chief.
func (w *wire) enrol(id string) {
	w.Helper()
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, id)
	key := ed25519.NewKeyFromSeed(seed)
	bearers := []object{{"name": "data", "kind": "data"}, {"name": "voice", "kind": "voice"}}
	text, err := statement.Marshal(object{
		"act": "party.enrol", "at": statement.Instant(w.clock.UnixNano()), "id": "enrol", "node": w.origin, "party": id,
		"body": object{"party": object{
			"id": id, "kind": "signatory", "names": object{"en": id}, "languages": []string{"en"}, "contact": "line 1", "version": 0,
			"roles": []object{{"name": "chief", "level": "policy", "holders": []object{{
				"person": id + "-chief", "key": base64.RawURLEncoding.EncodeToString(key.Public().(ed25519.PublicKey)),
			}}}},
			"policies": object{"party.change": object{"k": 1, "roles": []string{"chief"}}},
			"positions": []object{
				{"name": "watch", "level": "watch", "bearers": bearers}, {"name": "duty-director", "level": "duty", "bearers": bearers},
			},
		}},
	})
	if err != nil {
		w.Fatal(err)
	}
	signed, err := party.Sign(key, text)
	if err != nil {
		w.Fatal(err)
	}
	body, err := json.Marshal(object{"statement": json.RawMessage(text), "signatures": []party.Signature{signed}})
	if err != nil {
		w.Fatal(err)
	}
	if a, err := w.call(id, "POST", "/v1/acts", body); err != nil || a.status != http.StatusOK {
		w.Fatalf("%s does not enrol: %d %s %v", id, a.status, a.body, err)
	}
}

// says has a party do an act; false when the node is gone.
func (w *wire) says(by, kind string, body object) bool {
	w.mu.Lock()
	w.serial++
	a := &act{by: by, id: fmt.Sprintf("%s-%d", by, w.serial)}
	w.mu.Unlock()
	var err error
	a.body, err = json.Marshal(object{"statement": object{"act": kind, "body": body, "id": a.id, "role": "chief", "person": by + "-chief"}})
	if err != nil {
		w.Error(err)
		return false
	}
	got, err := w.call(by, "POST", "/v1/acts", a.body)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil || got.status >= 500:
		w.unknown = append(w.unknown, a)
		return false
	case got.status == http.StatusConflict: // it ended meanwhile
		return true
	case got.status != http.StatusOK:
		w.Errorf("%s of %s: %d %s", kind, by, got.status, got.body)
		return false
	}
	if err := json.Unmarshal(got.body, &a.answer); err != nil {
		w.Error(err)
		return false
	}
	w.acked[a.id] = a
	w.taken++
	return true
}

// advance sets the node's time on; false when the node is gone.
func (w *wire) advance(by time.Duration) bool {
	to := w.clock.Add(by)
	r, err := http.NewRequest("POST", w.debug+"/debug/clock", strings.NewReader(to.Format(time.RFC3339Nano)))
	if err != nil {
		w.Error(err)
		return false
	}
	a, err := w.send(r)
	if err != nil || a.status != http.StatusOK {
		return false
	}
	w.clock = to
	return true
}

// round has all talk until the node is killed, starts it again and looks.
func (w *wire) round() {
	w.Helper()
	stop, ticks := make(chan struct{}), make(chan struct{}, 1)
	kill := sync.OnceFunc(func() {
		close(stop)
		w.Process.Kill()
	})
	acts, after := 20+w.rng.IntN(60), time.Duration(w.rng.IntN(4000))*time.Microsecond
	var all sync.WaitGroup
	all.Go(func() {
		for n := 0; w.speak(n); n++ {
			select {
			case ticks <- struct{}{}:
			default:
			}
			if n == acts {
				// In the midst of what comes next.
				time.AfterFunc(after, kill)
			}
		}
		kill()
	})
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-ticks:
				if !w.advance(7 * time.Second) {
					return
				}
			}
		}
	})
	for _, id := range hearers {
		all.Go(func() { w.hear(id, stop) })
	}
	all.Wait()
	w.begin()
	w.sendAgain()
	w.readAll()
	w.checkNumbers()
	w.checkLadders(false)
}

// speak sends one message, or a STOP to all.
func (w *wire) speak(n int) bool {
	where := object{"lat_e9": 46_000_000_000, "lng_e9": 7_000_000_000}
	if n%6 == 5 {
		return w.says(caller, "channel.stop", object{"at_risk": "people", "callback": "line 7", "where": object{"text": "the ridge"}, "to": hearers})
	}
	response := []string{"reply", "read_back"}[n%2]
	return w.says(caller, "channel.send", object{
		"to": object{"party": hearers[n%len(hearers)], "position": "watch"}, "type": "QUERY", "precedence": "FLASH", "response": response,
		"language": "en", "text": "where are you", "fields": []object{{"name": "where", "position": where}},
	})
}

// hear follows an inbox, and answers what asks for a reply, and STOPs.
func (w *wire) hear(id string, stop <-chan struct{}) {
	for next := int64(-1); ; {
		select {
		case <-stop:
			return
		default:
		}
		list, to, err := w.news(id, next)
		if err != nil {
			return
		}
		next = to
		for _, e := range list {
			m, ok := lineOf(e.Fields)
			if !ok || m.Type != "channel.sent" || m.To != id || w.answered[id][m.ID] {
				continue
			}
			kind, body := "channel.answer", object{"message": m.ID, "answer": "reply", "language": "en", "text": "here"}
			switch {
			case m.Stop != "" && m.Stop[0] < '8': // about half of them
				kind, body = "channel.hold", object{"stop": m.Stop, "outcome": "held"}
			case m.Response != "reply" || m.Stop != "":
				continue
			}
			w.answered[id][m.ID] = true
			if !w.says(id, kind, body) {
				return
			}
		}
	}
}

// news reads an inbox on from an index, and keeps what came.
func (w *wire) news(id string, after int64) (list []entry, next int64, err error) {
	a, err := w.call(id, "GET", fmt.Sprintf("/v1/inbox/all?after=%d", after), nil)
	if err != nil || a.status != http.StatusOK {
		return nil, after, errors.Join(err, fmt.Errorf("the inbox: %d", a.status))
	}
	var got struct {
		Entries []entry
		Next    int64
	}
	if err := json.Unmarshal(a.body, &got); err != nil {
		return nil, after, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range got.Entries {
		if was, known := w.inboxes[id][e.Index]; known && was != string(e.Fields) {
			w.Errorf("entry %d in the inbox of %s was\n%s\nand is\n%s", e.Index, id, was, e.Fields)
		}
		w.inboxes[id][e.Index] = string(e.Fields)
	}
	return got.Entries, got.Next, nil
}

// readAll reads all inboxes from their beginning: what was there must be there.
func (w *wire) readAll() {
	w.Helper()
	for id, had := range w.inboxes {
		before := slices.Sorted(maps.Keys(had))
		there := map[int64]bool{}
		for next := int64(-1); ; {
			list, to, err := w.news(id, next)
			if err != nil {
				w.Fatal(err)
			}
			for _, e := range list {
				there[e.Index] = true
			}
			if to == next {
				break
			}
			next = to
		}
		for _, index := range before {
			if !there[index] {
				w.Errorf("entry %d is gone from the inbox of %s: %s", index, id, had[index])
			}
		}
	}
}

// sendAgain sends the acts of the last rounds again. What was acknowledged was done, once, and has
// its receipt; what has an unknown outcome is done now, if it was not.
func (w *wire) sendAgain() {
	w.Helper()
	again := func(a *act) *act {
		got, err := w.call(a.by, "POST", "/v1/acts", a.body)
		repeated := &act{by: a.by, id: a.id, body: a.body}
		if err == nil && got.status == http.StatusConflict && a.answer.Events == nil {
			return nil // what it answers has ended
		}
		if err != nil || got.status != http.StatusOK || json.Unmarshal(got.body, &repeated.answer) != nil {
			w.Fatalf("%s again: %d %s %v", a.id, got.status, got.body, err)
		}
		return repeated
	}
	for _, id := range slices.Sorted(maps.Keys(w.acked)) {
		a := w.acked[id]
		if r := again(a); !r.answer.Repeated || r.answer.Index != a.answer.Index {
			w.Errorf("%s was acknowledged as entry %d, and is %+v", a.id, a.answer.Index, r.answer)
		}
		receipt, err := w.call(a.by, "GET", fmt.Sprintf("/v1/receipts/%d", a.answer.Index), nil)
		if err != nil || receipt.status != http.StatusOK || !strings.Contains(string(receipt.body), `"value":"`+a.id+`"`) {
			w.Errorf("the receipt of %s: %d %.300s %v", a.id, receipt.status, receipt.body, err)
		}
		if a.asked++; a.asked == 3 {
			delete(w.acked, id)
		}
	}
	for _, a := range w.unknown {
		if r := again(a); r != nil {
			w.acked[a.id] = r
		}
	}
	w.unknowns += len(w.unknown)
	w.unknown = nil
}

// line is what the checks need of an entry of an inbox.
type line struct {
	Type, ID, Stop, From, To, Message, Response, By, Outcome, Ending string
	Number, Rung                                                     int64
	Started, Ended                                                   time.Time
}

// lineOf reads an entry of the channel; false for others.
func lineOf(fields []byte) (l line, ok bool) {
	if !bytes.Contains(fields, []byte(`"type":"channel.`)) {
		return l, false
	}
	return l, json.Unmarshal(fields, &l) == nil
}

// lines are the entries of the channel in an inbox, in order.
func (w *wire) lines(id string) (list []line) {
	w.Helper()
	for _, index := range slices.Sorted(maps.Keys(w.inboxes[id])) {
		if l, ok := lineOf([]byte(w.inboxes[id][index])); ok {
			list = append(list, l)
		}
	}
	return list
}

// checkNumbers holds that messages are numbered without gaps, that each act made
// one, and that a STOP came to all.
func (w *wire) checkNumbers() {
	w.Helper()
	sent, stops := map[string]int{}, map[string]int{}
	for _, id := range hearers {
		want := int64(1)
		for _, l := range w.lines(id) {
			if l.Type != "channel.sent" || l.To != id || l.From != caller {
				continue
			}
			if l.Number != want {
				w.Errorf("%s has message %d where %d was to come", id, l.Number, want)
			}
			want = l.Number + 1
			sent[l.ID]++
			if l.Stop != "" {
				stops[l.Stop]++
			}
		}
	}
	w.messages = len(sent)
	for id, times := range sent {
		if times != 1 {
			w.Errorf("message %s came %d times", id, times)
		}
	}
	for id, times := range stops {
		if times != len(hearers) {
			w.Errorf("STOP %s came to %d of %d", id, times, len(hearers))
		}
	}
	for _, a := range w.acked {
		for _, e := range a.answer.Events {
			if l, ok := lineOf(e.Fields); ok && l.Type == "channel.sent" && l.From == caller && sent[l.ID] != 1 {
				w.Errorf("message %s was acknowledged and never came", l.ID)
			}
		}
	}
}

// waits are how long the rungs of the ladder last that parties without an
// agreement have.
var waits = []time.Duration{30 * time.Second, 30 * time.Second, time.Minute}

// checkLadders holds that each ladder is climbed rung by rung, each for its whole
// time and no longer, and comes to its end once; done: that it came there, unless
// somebody dealt with the message.
func (w *wire) checkLadders(done bool) {
	w.Helper()
	w.rungs, w.fallbacks = 0, 0
	for _, id := range hearers {
		rung, ends, dealt := map[string]int64{}, map[string]int{}, map[string]bool{}
		var open []string
		for _, l := range w.lines(id) {
			switch {
			case l.Type == "channel.sent" && l.To == id && l.From == caller:
				open = append(open, l.ID)
			case l.Type == "channel.attempt" && l.By == "" && l.Outcome != "calling":
				w.rungs++
				if l.Rung != rung[l.Message] || l.Rung >= int64(len(waits)) {
					w.Errorf("message %s: rung %d where %d was to come", l.Message, l.Rung, rung[l.Message])
				} else if took := l.Ended.Sub(l.Started); took != waits[l.Rung] {
					w.Errorf("message %s: rung %d took %s, expected %s", l.Message, l.Rung, took, waits[l.Rung])
				}
				rung[l.Message]++
			case l.Type == "channel.fallback":
				w.fallbacks++
				ends[l.Message]++
			case l.Type == "channel.answered" && l.Ending != "", l.Type == "channel.held":
				dealt[l.Message] = true
			}
		}
		for _, m := range open {
			if ends[m] > 1 || dealt[m] && ends[m] > 0 && rung[m] < int64(len(waits)) {
				w.Errorf("message %s came to the end of its ladder %d times after %d rungs", m, ends[m], rung[m])
			}
			if done && !dealt[m] && (ends[m] != 1 || rung[m] != int64(len(waits))) {
				w.Errorf("message %s, which nobody dealt with, came to the end of its ladder %d times after %d rungs", m, ends[m], rung[m])
			}
		}
	}
}
