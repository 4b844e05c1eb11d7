package api

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// says sends an act as it stands.
func (n *node) says(who, body string) (status int, kind, detail string) {
	n.t.Helper()
	r := httptest.NewRequest("POST", "/v1/acts", strings.NewReader(body))
	r.Header.Set("Authorization", string(with(who, auth.ScopeAct)))
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	var p struct {
		Type, Detail string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		n.t.Fatalf("%v in %s", err, w.Body)
	}
	return w.Code, strings.TrimPrefix(p.Type, "urn:deconflict:problem:"), p.Detail
}

// keyOf is that of a person, the same each time.
func keyOf(person string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, person)
	return ed25519.NewKeyFromSeed(seed)
}

// statementOf is a statement of now with what it is to differ in.
func (n *node) statementOf(by, act, body string, change func(*party.Statement)) party.Statement {
	n.t.Helper()
	s := party.Statement{
		Act: act, At: statement.Instant(n.engine.NowNS()), Body: json.RawMessage(body), ID: n.text(), Node: origin, Party: party.ID(by),
	}
	if change != nil {
		change(&s)
	}
	return s
}

// signed is a statement with signatures of persons.
func (n *node) signed(s party.Statement, persons ...string) string {
	n.t.Helper()
	text, err := statement.Marshal(s)
	if err != nil {
		n.t.Fatal(err)
	}
	signatures := []party.Signature{}
	for _, p := range persons {
		one, err := party.Sign(keyOf(p), text)
		if err != nil {
			n.t.Fatal(err)
		}
		signatures = append(signatures, one)
	}
	list, err := json.Marshal(signatures)
	if err != nil {
		n.t.Fatal(err)
	}
	return fmt.Sprintf(`{"statement":%s,"signatures":%s}`, text, list)
}

// enrols has a party enrol with one chief.
func (n *node) enrols(id string) {
	n.t.Helper()
	body := fmt.Sprintf(`{"party":{"id":%q,"kind":"signatory","names":{"en":%[1]q},"languages":["en"],"contact":"c","version":0,
		"roles":[{"name":"chief","level":"policy","holders":[{"person":"%[1]s-chief","key":%q}]}],
		"policies":{"party.change":{"k":1,"roles":["chief"]}},
		"positions":[{"name":"watch","level":"watch","bearers":[{"name":"data","kind":"data"}]}]}}`, id, publicOf(id+"-chief"))
	text, err := statement.Canonical([]byte(body))
	if err != nil {
		n.t.Fatal(err)
	}
	if status, _, detail := n.says(id, n.signed(n.statementOf(id, "party.enrol", string(text), nil), id+"-chief")); status != http.StatusOK {
		n.t.Fatalf("%s does not enrol: %s", id, detail)
	}
}

func publicOf(person string) party.Key {
	return party.NewKey(keyOf(person).Public().(ed25519.PublicKey))
}

const beat = `{"seen":0,"state":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`

// Whatever is sent as an act is refused for what is wrong with it, in words that
// are not of the program, and costs no more than some times its size.
func TestHostileActs(t *testing.T) {
	n := newNode(t)
	n.enrols("alpha")
	act := func(name, body string) string { return `{"statement":{"act":"` + name + `","body":` + body + `}}` }
	beating := func(member string) string { return act("bearer.heartbeat", `{"state":"a",`+member+`}`) }
	for name, c := range map[string]struct {
		body         string
		status       int
		kind, detail string
	}{
		"nothing":            {``, 400, "bad-body", "found the end"},
		"half":               {`{"statement":{"act":"channel.st`, 400, "bad-body", "found the end"},
		"null":               {`null`, 400, "bad-body", "statement"},
		"an array":           {`[]`, 400, "bad-body", "found an array, expected an object"},
		"two values":         {`{"statement":{}}{}`, 400, "bad-body", "expected the end"},
		"a byte order mark":  {"\xef\xbb\xbf{}", 400, "bad-body", "byte"},
		"another case":       {`{"Statement":{}}`, 400, "bad-body", `expected "statement"`},
		"a member twice":     {`{"statement":{},"statement":{}}`, 400, "bad-body", "twice"},
		"twice by escapes":   {act("x", `{"a":1,"\u0061":2}`), 400, "bad-body", "twice"},
		"no act":             {`{"statement":{}}`, 400, "invalid-act", "docs/ACTS.md"},
		"an unknown act":     {act(strings.Repeat("x", 10_000), `{}`), 400, "invalid-act", "docs/ACTS.md"},
		"another body":       {act("channel.stop", `"x"`), 400, "invalid-act", "found a string, expected an object"},
		"another kind":       {act("channel.send", `{"precedence":3}`), 400, "invalid-act", "precedence: found a number"},
		"arrays within":      {act("channel.send", strings.Repeat("[", 300_000)+strings.Repeat("]", 300_000)), 400, "bad-body", "depth 65"},
		"objects within":     {act("channel.send", strings.Repeat(`{"a":`, 150_000)+"1"+strings.Repeat("}", 150_000)), 400, "bad-body", "depth 65"},
		"a fraction":         {beating(`"seen":1.5`), 400, "bad-body", "1.5"},
		"an exponent":        {beating(`"seen":1e400`), 400, "bad-body", "1e400"},
		"beyond 2^53":        {beating(`"seen":9007199254740993`), 400, "bad-body", "9007199254740993"},
		"a million digits":   {beating(`"seen":` + strings.Repeat("9", 1_000_000)), 400, "bad-body", "99…"},
		"no UTF-8":           {act("bearer.test", "{\"to\":\"a\xff\",\"bearer\":\"data\"}"), 400, "bad-body", "0xff"},
		"half a surrogate":   {act("bearer.test", `{"to":"a\ud83d","bearer":"data"}`), 400, "bad-body", `\ud83d`},
		"a text of 1 MB":     {act("channel.send", `{"text":"`+strings.Repeat("x", 1_000_000)+`"}`), 400, "invalid-act", ""},
		"more than 1 MiB":    {act("channel.send", `{"text":"`+strings.Repeat("x", 1<<20)+`"}`), 413, "too-much", "1048576"},
		"10^4 signatures":    {`{"statement":{},"signatures":[` + strings.Repeat(`{"key":"","signature":""},`, 9_999) + `{"key":"","signature":""}]}`, 400, "bad-body", "10000 signatures"},
		"10^5 members":       {`{"statement":{"body":{` + manyMembers(80_000) + `}}}`, 400, "invalid-act", ""},
		"a time of no use":   {`{"statement":{"act":"channel.stop","at":"9999-99-99T00:00:00Z","body":{}}}`, 400, "bad-body", "9999"},
		"more than it knows": {`{"statement":{"act":"channel.stop","body":{},"custody":"held"}}`, 400, "bad-body", `"custody"`},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			status, kind, detail := n.says("alpha", c.body)
			runtime.ReadMemStats(&after)
			if status != c.status || kind != c.kind || !strings.Contains(detail, c.detail) {
				t.Errorf("found %d %s %q, expected %d %s and %q", status, kind, detail, c.status, c.kind, c.detail)
			}
			for _, word := range []string{"Go ", "json:", "struct", "party.", "nil", "EOF"} {
				if strings.Contains(detail, word) {
					t.Errorf("%q speaks of the program", detail)
				}
			}
			if len(detail) > 1000 {
				t.Errorf("found a detail of %d bytes", len(detail))
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
				t.Errorf("it took %d bytes of memory", took)
			}
		})
	}
}

func manyMembers(n int) string {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `"k%d":1,`, i)
	}
	return b.String()[:b.Len()-1]
}

// A statement counts for who signed it, for the node that it names, and once.
func TestForgedActs(t *testing.T) {
	n := newNode(t)
	n.enrols("alpha")
	n.enrols("bravo")
	const chief = "alpha-chief"
	heartbeat := func(change func(*party.Statement)) party.Statement {
		return n.statementOf("alpha", "bearer.heartbeat", beat, change)
	}
	first := heartbeat(nil)
	told := func(what, who, body string, status int, kind string) {
		t.Helper()
		if s, k, detail := n.says(who, body); s != status || k != kind {
			t.Errorf("%s: found %d %s %q, expected %d %s", what, s, k, detail, status, kind)
		}
	}
	told("the first", "alpha", n.signed(first, chief), 200, "")
	told("it again", "alpha", n.signed(first, chief), 200, "")
	told("another body under its id", "alpha", n.signed(heartbeat(func(s *party.Statement) {
		s.ID, s.Body = first.ID, json.RawMessage(strings.Replace(beat, `"seen":0`, `"seen":1`, 1))
	}), chief), 422, "act-reused")
	told("its id of another party", "bravo", n.signed(n.statementOf("bravo", "bearer.heartbeat", beat, func(s *party.Statement) { s.ID = first.ID }), "bravo-chief"), 200, "")
	told("it with the token of another", "bravo", n.signed(first, chief), 403, "act-not-allowed")
	told("a key of another party", "alpha", n.signed(heartbeat(nil), "bravo-chief"), 403, "act-not-allowed")
	told("a key of another party beside the own", "alpha", n.signed(heartbeat(nil), chief, "bravo-chief"), 403, "act-not-allowed")
	told("the name of another person", "alpha", n.signed(heartbeat(func(s *party.Statement) { s.Role, s.Person = "chief", "bravo-chief" }), chief), 403, "act-not-allowed")
	told("one meant for another node", "alpha", n.signed(heartbeat(func(s *party.Statement) { s.Node = "elsewhere.example/deconflict" }), chief), 400, "invalid-act")
	// The node's name is in what is signed: with another one the signature breaks.
	told("one for another node with this one's name put in", "alpha",
		strings.Replace(n.signed(heartbeat(func(s *party.Statement) { s.Node = "elsewhere.example/deconflict" }), chief), "elsewhere.example", "node.example", 1), 400, "bad-signature")
	told("17 signatures", "alpha", n.signed(heartbeat(nil), strings.Split(strings.Repeat(chief+" ", 17), " ")[:17]...), 400, "bad-body")
	told("one of 1900", "alpha", n.signed(heartbeat(func(s *party.Statement) { s.At = -2_208_988_800_000_000_000 }), chief), 409, "act-stale")
}

// STOP is taken from who cannot sign or write: the token stands for it.
func TestStopIsTakenHoweverItIsWritten(t *testing.T) {
	n := newNode(t)
	n.enrols("alpha")
	const body = `{"at_risk":"people","callback":"line 7","where":{"text":"the ridge"}}`
	stop := n.statementOf("alpha", "channel.stop", body, nil)
	good := n.signed(stop, "alpha-chief")
	for name, text := range map[string]string{
		"a signature of another text": strings.Replace(good, "line 7", "line 8", 1),
		"no signature at all":         fmt.Sprintf(`{"statement":{"act":"channel.stop","body":%s},"signatures":[{"key":"?","signature":"?"}]}`, body),
		"the key of nobody":           n.signed(n.statementOf("alpha", "channel.stop", body, nil), "nobody"),
		"no UTF-8":                    "{\"statement\":{\"act\":\"channel.stop\",\"body\":" + strings.Replace(body, "ridge", "ridg\xe9", 1) + "}}",
		"half a surrogate":            "{\"statement\":{\"act\":\"channel.stop\",\"body\":" + strings.Replace(body, "ridge", `ridge \ud83d`, 1) + "}}",
		"a clock of 1900":             n.signed(n.statementOf("alpha", "channel.stop", body, func(s *party.Statement) { s.At = -2_208_988_800_000_000_000 }), "alpha-chief"),
	} {
		if status, kind, detail := n.says("alpha", text); status != http.StatusOK {
			t.Errorf("%s: found %d %s %q, expected it to be taken", name, status, kind, detail)
		}
	}
}
