package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// What a node has beside the DSS must not tell what the DSS does not.
var nativeChecks = []check{
	{ids: "isolation", what: "the native interface tells no more than the DSS", run: nativeTold, own: true},
	{ids: "isolation", what: "events and receipts show what a reference shows", run: eventsTold, own: true},
	{ids: "isolation", what: "the published log tells nothing", run: logTold, own: true},
}

const scopeRead = "deconflict.read"

// secretive is a party with an intent, a constraint and subscriptions that
// another must not learn more of than the standard shows.
func (p *probe) secretive() (alder uss, made []change, watch subscribed) {
	p.Helper()
	alder = p.uss("uss-alder-"+newID()[:8], append([]string{scopeRead}, allScopes...)...)
	volume, digits := p.tellTale()
	for _, d := range digits[:len(digits)-2] {
		p.keep(d, alder.name, "a coordinate")
	}
	extents := []any{volume}
	watch = alder.putSubscription(newID(), "", alder.watch(here).set("extents", volume))
	p.keep(watch.ID, alder.name, "a subscription")
	first := alder.putIntent(newID(), "", alder.intent().set("extents", extents))
	second := alder.putIntent(newID(), "", alder.implicit().set("extents", extents).set("key", []string{first.OVN}))
	constraint := alder.putConstraint(newID(), "", alder.constraint().set("extents", extents))
	return alder, []change{first, second, constraint}, watch
}

// get reads anything, looks for leaks, and returns the answer.
func (p *probe) get(u uss, path string, want ...int) *answer {
	p.Helper()
	token := p.s.token(p.T, claims{"sub": u.name, "scope": u.scopes, "aud": p.s.instances[u.at].audience})
	a := p.exchange(u.at, "GET", path, "Bearer "+token, nil)
	if !slices.Contains(want, a.status) {
		p.Fatalf("GET %s as %s: found %d %s, expected %v", path, u.name, a.status, cutText(string(a.body), 500), want)
	}
	for _, leak := range leaks(*p.secrets, u.name, path, a.body) {
		p.Errorf("GET %s as %s: %d: %s", path, u.name, a.status, leak)
	}
	return a
}

func nativeTold(p *probe) {
	alder, made, watch := p.secretive()
	birch := p.uss("uss-birch", append([]string{scopeRead}, allScopes...)...)
	area := fmt.Sprintf("?limit=1000&bbox=%.3f,%.3f,%.3f,%.3f", p.patch.lngDeg, p.patch.latDeg, p.patch.lngDeg+0.05, p.patch.latDeg+0.05)
	for _, path := range []string{"/v1/intents", "/v1/constraints", "/v1/subscriptions"} {
		own := p.get(alder, path+area, 200)
		other := p.get(birch, path+area, 200)
		owned, shown := bytes.Contains(own.body, []byte(watch.ID)), bytes.Contains(other.body, []byte(made[0].ID))
		if path == "/v1/subscriptions" && !owned || path == "/v1/intents" && !shown {
			p.Errorf("GET %s: the search looks at the wrong place: %s", path, cutText(string(other.body), 300))
		}
	}
	p.get(birch, "/v1/intents/"+made[0].ID, 200)
	p.get(birch, "/v1/constraints/"+made[2].ID, 200)
	p.get(birch, "/v1/subscriptions/"+watch.ID, 403, 404)
	p.get(birch, "/v1/parties/me", 200)
	p.get(birch, "/v1/status", 200)
	// Scopes open here what they open there.
	p.get(birch.with(scopeStrategic), "/v1/constraints/"+made[2].ID, 403)
	p.get(birch.with(scopeArbitration), "/v1/intents/"+made[0].ID, 403)
	p.get(birch.with(""), "/v1/intents/"+made[0].ID, 401)
	p.get(birch.with(""), "/v1/status", 401)
}

// event is what the stream says of an entry of the journal.
type event struct {
	Index  int64                      `json:"index"`
	Fields map[string]json.RawMessage `json:"fields"`
}

// events reads the stream from the beginning until an entry tells of an id.
func (p *probe) events(u uss, until string) (list []event) {
	p.Helper()
	req, err := http.NewRequestWithContext(p.Context(), "GET", p.s.instances[0].base+"/v1/events?after=-1", nil)
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.s.token(p.T, claims{"sub": u.name, "scope": u.scopes, "aud": p.s.instances[0].audience}))
	res, err := p.s.client.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		for _, leak := range leaks(*p.secrets, u.name, "", lines.Bytes()) {
			p.Errorf("events as %s: %s", u.name, leak)
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
			var e event
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				p.Fatalf("events: %v: %s", err, cutText(data, 300))
			}
			if e.Fields == nil {
				continue // says only how far the stream is
			}
			list = append(list, e)
			if strings.Contains(data, until) {
				return list
			}
		}
	}
	p.Fatalf("events as %s: the stream ended (%v) before it told of %s", u.name, lines.Err(), until)
	return nil
}

// shownToAll are the members of an event that a reference shows to everybody.
var shownToAll = []string{
	"at", "availability", "end", "id", "manager", "start", "state", "subscription", "swept", "type", "url", "uss", "v", "version",
}

func eventsTold(p *probe) {
	alder, made, watch := p.secretive()
	last := made[2].ID
	birch := p.uss("uss-birch-"+newID()[:8], append([]string{scopeRead}, allScopes...)...)
	own := map[int64]event{}
	for _, e := range p.events(alder, last) {
		if bytes.Contains(encode(p.T, e), []byte(alder.name)) {
			own[e.Index] = e
		}
	}
	// Implicit subscriptions ride in the entry of their intent.
	if len(own) != 4 {
		p.Errorf("found %d events of one's own, expected 4", len(own))
	}
	shown := 0
	for _, e := range p.events(birch, last) {
		for name := range e.Fields {
			if !slices.Contains(shownToAll, name) {
				p.Errorf("entry %d shows %s to %s: %s", e.Index, name, birch.name, cutText(string(encode(p.T, e)), 500))
			}
		}
		if mine, ok := own[e.Index]; ok {
			shown++
			receipt := p.get(birch, fmt.Sprint("/v1/receipts/", e.Index), 200)
			for _, hidden := range slices.Sorted(maps.Keys(mine.Fields)) {
				value := mine.Fields[hidden]
				if _, open := e.Fields[hidden]; !open && len(value) > 20 && bytes.Contains(receipt.body, value) {
					p.Errorf("the receipt of entry %d tells %s", e.Index, hidden)
				}
			}
		}
	}
	if shown != 3 {
		p.Errorf("found %d events of another, expected 3: the subscription is not for others", shown)
	}
	for index, e := range own {
		if bytes.Contains(encode(p.T, e), []byte(watch.ID)) && !bytes.Contains(encode(p.T, e), []byte(made[0].ID)) {
			p.get(birch, fmt.Sprint("/v1/receipts/", index), 403, 404)
		}
		// Whose scopes open nothing is told nothing.
		p.get(birch.with(scopeArbitration), fmt.Sprint("/v1/receipts/", index), 403, 404)
	}
}

func logTold(p *probe) {
	_, made, _ := p.secretive()
	for _, c := range made {
		p.keep(c.ID, c.Manager, "an id")
		p.keep(c.Manager, c.Manager, "a name")
		p.keep(c.USSBaseURL, c.Manager, "a base URL")
	}
	birch := p.uss("uss-birch", scopeRead)
	checkpoint := p.get(birch, "/log/checkpoint", 200)
	lines := strings.Split(string(checkpoint.body), "\n")
	var size int64
	if _, err := fmt.Sscan(lines[1], &size); err != nil || size == 0 {
		p.Fatalf("found checkpoint %q", checkpoint.body)
	}
	read := 0
	for at := int64(0); at < size; at += 256 {
		name := fmt.Sprintf("%03d", at/256)
		if rest := size - at; rest < 256 {
			name += fmt.Sprintf(".p/%d", rest)
		}
		read += len(p.get(birch, "/log/tile/entries/"+name, 200).body)
		p.get(birch, "/log/tile/0/"+name, 200)
	}
	if read == 0 {
		p.Error("found empty tiles")
	}
}
