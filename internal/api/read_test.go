package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/airspace"
)

// answer is what listings have in common.
type answer struct {
	Intents       []intent       `json:"intents"`
	Constraints   []constraint   `json:"constraints"`
	Subscriptions []subscription `json:"subscriptions"`
	listing
}

const here = "bbox=8.4,47.3,8.6,47.5"

func TestListingsSayWhatTheyRestOn(t *testing.T) {
	n := newNode(t)
	n.intent("uss-alpha", n.circle(47.4, 8.5, 100))
	for path, who := range map[string]bearer{"/v1/intents": alpha, "/v1/constraints": ranger, "/v1/subscriptions": bravo} {
		var a answer
		n.get(who, path+"?"+here, &a)
		head := n.engine.Head()
		if !a.Complete || a.Next != "" || a.Basis.Node != origin || a.Basis.JournalSize != head.Size ||
			a.Basis.JournalRoot != base64Of(head.Root) || a.Basis.NodeTime == "" || !strings.Contains(a.Basis.Means, "not that the airspace is clear") {
			t.Errorf("%s: %+v", path, a.listing)
		}
		// An empty list is a list.
		if path != "/v1/intents" && !strings.Contains(n.do(who, "GET", path+"?"+here).Body.String(), `":[],"complete":true`) {
			t.Errorf("%s: no empty list", path)
		}
	}
}

// Pages together are the whole, in order, and each but the last says that it is
// not all.
func TestPages(t *testing.T) {
	n := newNode(t)
	var want []string
	for i := range 23 {
		want = append(want, n.intent("uss-alpha", n.circle(47.4+float64(i)*1e-3, 8.5, 20)).ID.String())
	}
	slices.Sort(want)
	for limit := 1; limit <= 24; limit++ {
		var got []string
		next := ""
		for {
			var a answer
			n.get(bravo, fmt.Sprintf("/v1/intents?%s&limit=%d%s", here, limit, next), &a)
			for _, v := range a.Intents {
				got = append(got, v.ID)
			}
			if len(a.Intents) > limit {
				t.Fatalf("limit %d: a page of %d", limit, len(a.Intents))
			}
			if a.Complete {
				if a.Next != "" {
					t.Errorf("limit %d: the last page names a next one", limit)
				}
				break
			}
			if a.Next != a.Intents[len(a.Intents)-1].ID {
				t.Fatalf("limit %d: next %q after %q", limit, a.Next, a.Intents[len(a.Intents)-1].ID)
			}
			next = "&after=" + a.Next
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: pages hold %d intents, want all %d in order", limit, len(got), len(want))
		}
	}
}

func TestFilters(t *testing.T) {
	n := newNode(t)
	n.intent("uss-alpha", n.circle(47.4, 8.5, 100)) // 100 to 120 m, from begin for an hour
	at := func(seconds int64) string { return instant(n.beginNS + seconds*1e9) }
	for query, want := range map[string]bool{
		here:                                           true,
		"bbox=8.6,47.3,8.8,47.5":                       false,
		"bbox=8.5013,47.3,8.6,47.5":                    true,  // 98 m east of the centre
		"bbox=8.5014,47.3,8.6,47.5":                    false, // 106 m
		here + "&lower_m=119":                          true,
		here + "&lower_m=120":                          false,
		here + "&upper_m=100":                          false,
		here + "&upper_m=101":                          true,
		here + "&lower_m=-50&upper_m=99.9":             false,
		here + "&from=" + at(3599):                     true,
		here + "&from=" + at(3600):                     false,
		here + "&to=" + at(0):                          false,
		here + "&to=" + at(1):                          true,
		here + "&from=" + at(0) + "&to=" + at(0):       true, // that instant
		here + "&from=" + at(3600) + "&to=" + at(3600): false,
	} {
		var a answer
		n.get(alpha, "/v1/intents?"+query, &a)
		if (len(a.Intents) == 1) != want {
			t.Errorf("%s: found %d, want it found: %v", query, len(a.Intents), want)
		}
	}
}

func TestParametersThatCannotBeUsed(t *testing.T) {
	n := newNode(t)
	for query, want := range map[string]string{
		"":                            "bbox: found nothing",
		"bbox=1,2,3":                  `bbox: found "1,2,3"`,
		"bbox=a,b,c,d":                "west,south,east,north",
		"bbox=NaN,0,1,1":              "west,south,east,north",
		"bbox=0,0,inf,1":              "west,south,east,north",
		"bbox=0,0,181,1":              "longitudes",
		"bbox=0,80,1,89.5":            "latitudes from -89 to 89",
		"bbox=0,1,1,1":                "south below north",
		"bbox=0,2,1,1":                "south below north",
		"bbox=1,0,1,1":                "west other than east",
		here + "&lower_m=high":        "lower_m",
		here + "&lower_m=5&upper_m=4": "the area cannot be used",
		here + "&lower_m=1e9":         "the area cannot be used",
		here + "&from=yesterday":      "from",
		here + "&from=2031-01-01T00:00:00Z&to=2030-01-01T00:00:00Z": "the area cannot be used",
		here + "&limit=0":                   "limit",
		here + "&limit=1001":                "limit",
		here + "&after=x":                   "after",
		here + "&colour=red":                `found "colour", expected only bbox`,
		here + "&" + here:                   "bbox is given 2 times",
		here + "&limit=%zz":                 "the query cannot be read",
		"bbox=" + strings.Repeat("1", 5000): "bbox: found",
	} {
		w := n.do(alpha, "GET", "/v1/intents?"+query)
		var p map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		detail, _ := p["detail"].(string)
		if w.Code != 400 || p["type"] != "urn:deconflict:problem:bad-parameter" || !strings.Contains(detail, want) || len(detail) > 400 {
			t.Errorf("%.80s: %d %s, want %q", query, w.Code, w.Body, want)
		}
	}
	for _, query := range []string{"bbox=0,0,10.1,1", "bbox=0,0,1,10.1", "bbox=1,0,0,1"} {
		if w := n.do(alpha, "GET", "/v1/intents?"+query); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/v1/status?x=1", "/v1/parties/me?x=1", "/v1/receipts/0?x=1", "/v1/events?x=1", "/v1/packs?x=1", "/v1/intents/11111111-1111-4111-8111-111111111111?x=1"} {
		if w := n.do(alpha, "GET", path); w.Code != 400 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// Whatever is declared inside a bounding box, with parallels for its edges, is
// found by it, at any latitude and over the antimeridian.
func TestBoxFindsWhatIsInside(t *testing.T) {
	n := newNode(t)
	rapid.Check(t, func(t *rapid.T) {
		// A low and wide box has fine cells and edges that sag far.
		height := rapid.OneOf(rapid.Float64Range(1e-4, 1e-2), rapid.Float64Range(1e-4, 10)).Draw(t, "height")
		width := rapid.OneOf(rapid.Float64Range(5, 10), rapid.Float64Range(1e-4, 10)).Draw(t, "width")
		south := rapid.Float64Range(-88.99, 88.99-height).Draw(t, "south")
		west := rapid.Float64Range(-180, 180).Draw(t, "west")
		// Places at the very edges are the hard ones.
		part := func(name string) float64 {
			return rapid.OneOf(rapid.Just(0.0), rapid.Just(1.0), rapid.Float64Range(0, 1)).Draw(t, name)
		}
		lat, lng := south+height*part("up"), west+width*part("along")
		east := west + width
		if east > 180 {
			east -= 360
		}
		if lng > 180 {
			lng -= 360
		}
		b, err := parseBox(fmt.Sprintf("%.9f,%.9f,%.9f,%.9f", west, south, east, south+height))
		if err != nil {
			t.Skip(err)
		}
		c := &call{r: n.request(fmt.Sprintf("/v1/intents?bbox=%.9f,%.9f,%.9f,%.9f", west, south, east, south+height))}
		q, err := c.query()
		if err != nil {
			t.Fatalf("%+v: %v", b, err)
		}
		if spot := n.circle(lat, lng, 1); !q.area.Meets(spot) {
			t.Fatalf("a circle of 1 m at %.9f, %.9f is not found by %+v", lat, lng, b)
		}
	})
}

// Between two of its points the polygon's edge rises over the parallel, most of
// all in middle latitudes: what lies there is found too.
func TestBoxHoldsItsParallels(t *testing.T) {
	n := newNode(t)
	for _, south := range []float64{45, -45.001} {
		c := &call{r: n.request(fmt.Sprintf("/v1/intents?bbox=0,%.3f,10,%.3f", south, south+0.001))}
		q, err := c.query()
		if err != nil {
			t.Fatal(err)
		}
		edge := south
		if south < 0 {
			edge += 0.001 // the edge towards the equator
		}
		for i := range steps {
			if lng := (float64(i) + 0.5) * 10 / steps; !q.area.Meets(n.circle(edge, lng, 1)) {
				t.Errorf("a circle of 1 m at %g, %g is not found", edge, lng)
			}
		}
	}
}

// The area that is asked for is not much larger than the box.
func TestBoxIsTight(t *testing.T) {
	for _, b := range []box{{8.4, 47.3, 8.6, 47.5}, {0, 0, 10, 10}, {100, 78, 110, 88}, {179, -5, 182, 5}} {
		if m := float64(b.sagMM()) / 1000; m > 15 {
			t.Errorf("%+v grows by %.1f m", b, m)
		}
		n := len(b.polygon().Vertices)
		if n != 2*steps+2 {
			t.Errorf("%+v: %d vertices", b, n)
		}
		for _, v := range b.polygon().Vertices {
			if math.Abs(*v.Lng) > 180 {
				t.Errorf("%+v: longitude %g", b, *v.Lng)
			}
		}
	}
}

func TestSingleEntities(t *testing.T) {
	n := newNode(t)
	at := n.circle(47.4, 8.5, 100)
	i, c, s := n.intent("uss-alpha", at), n.constraint("rangers", at), n.subscription("uss-alpha", at)
	var got struct {
		Intent       intent       `json:"intent"`
		Constraint   constraint   `json:"constraint"`
		Subscription subscription `json:"subscription"`
		Basis        basis        `json:"basis"`
	}
	n.get(alpha, "/v1/intents/"+i.ID.String(), &got)
	n.get(ranger, "/v1/constraints/"+strings.ToUpper(c.ID.String()), &got)
	n.get(alpha, "/v1/subscriptions/"+s.ID.String(), &got)
	if got.Intent.OVN != i.OVN || got.Intent.Manager != "uss-alpha" || got.Intent.State != "Accepted" || got.Constraint.OVN != c.OVN ||
		got.Subscription.Version != s.Version || got.Basis.JournalSize != 3 {
		t.Errorf("%+v", got)
	}
	for path, want := range map[string]int{
		"/v1/intents/11111111-1111-4111-8111-111111111111": 404,
		"/v1/intents/" + c.ID.String():                     404, // a constraint's
		"/v1/intents/x":                                    400,
		"/v1/intents/11111111-1111-1111-8111-111111111111": 400, // not of version 4
		"/v1/intents/":                                     404,
		"/v1/intents/" + i.ID.String() + "/":               404,
		"/v1/nothing":                                      404,
		"/v1/":                                             404,
		"/v1":                                              404,
		"/v1//intents":                                     404,
		"/log/tile/":                                       404,
		"/log/tile/../":                                    404,
	} {
		if w := n.do(alpha, "GET", path); w.Code != want || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %v, want %d and a problem", path, w.Code, w.Header(), want)
		}
	}
}

// What is one party's is not seen by another, by way of any place.
func TestOthersSeeReferencesOnly(t *testing.T) {
	n := newNode(t)
	at := n.circle(47.4, 8.5, 100)
	i, c, s := n.intent("uss-alpha", at), n.constraint("rangers", at), n.subscription("uss-alpha", at)
	secrets := []string{i.OVN, c.OVN, s.Version, s.ID.String()}
	everything := with("uss-bravo", intentScopes...) + "," + bearer(strings.Join(append(constraintScopes, subscriptionScopes...), ","))
	paths := []string{
		"/v1/intents?" + here, "/v1/constraints?" + here, "/v1/subscriptions?" + here, "/v1/parties/me", "/v1/status",
		"/v1/intents/" + i.ID.String(), "/v1/constraints/" + c.ID.String(), "/v1/subscriptions/" + s.ID.String(),
		"/v1/receipts/0", "/v1/receipts/1", "/v1/receipts/2", "/v1/packs", "/log/checkpoint", "/log/tile/entries/000.p/3",
	}
	for _, path := range paths {
		body := n.do(everything, "GET", path).Body.String()
		for _, secret := range secrets {
			// Its own request repeats the id in no answer.
			if strings.Contains(body, secret) {
				t.Errorf("%s shows another party %q: %s", path, secret, body)
			}
		}
		if strings.Contains(body, "cells") {
			t.Errorf("%s shows another party an outline", path)
		}
	}
	for _, ev := range n.stream(everything, "?after=-1", 2) {
		for _, secret := range append(secrets, "outline", "notified") {
			if strings.Contains(ev.data, secret) {
				t.Errorf("event %s shows another party %q: %s", ev.id, secret, ev.data)
			}
		}
	}
	if w := n.do(everything, "GET", "/v1/subscriptions/"+s.ID.String()); w.Code != 404 {
		t.Errorf("another party's subscription: %d", w.Code)
	}
	if w := n.do(everything, "GET", "/v1/receipts/2"); w.Code != 404 {
		t.Errorf("the receipt of another party's subscription: %d", w.Code)
	}
	// The owners see them: the check above would pass if nobody did.
	for who, path := range map[bearer]string{alpha: "/v1/receipts/0", ranger: "/v1/receipts/1"} {
		if body := n.do(who, "GET", path).Body.String(); !strings.Contains(body, "cells") || !strings.Contains(body, `"ovn"`) {
			t.Errorf("%s does not show the owner its own: %s", path, body)
		}
	}
}

// Each place opens to its scopes and to no other.
func TestScopes(t *testing.T) {
	n := newNode(t)
	at := n.circle(47.4, 8.5, 100)
	i, c := n.intent("uss-alpha", at), n.constraint("rangers", at)
	for _, k := range []struct {
		path string
		open []bearer
	}{
		{"/v1/intents?" + here, []bearer{alpha, onlooker}},
		{"/v1/intents/" + i.ID.String(), []bearer{alpha, onlooker}},
		{"/v1/constraints?" + here, []bearer{ranger}},
		{"/v1/constraints/" + c.ID.String(), []bearer{ranger}},
		{"/v1/subscriptions?" + here, []bearer{alpha, onlooker}},
		{"/v1/parties/me", []bearer{alpha, onlooker, ranger, arbiter}},
		{"/v1/status", []bearer{alpha, onlooker, ranger, arbiter}},
		{"/v1/packs", []bearer{alpha, onlooker, ranger, arbiter}},
		{"/v1/receipts/0", []bearer{alpha, onlooker}}, // 404 for the others: nothing is released
		{"/v1/receipts/1", []bearer{ranger}},
	} {
		for _, who := range []bearer{alpha, onlooker, ranger, arbiter, with("uss-alpha", "invented"), with("x", "interuss.pool_status.read"), "Bearer nonsense", ""} {
			w := n.do(who, "GET", k.path)
			want := http.StatusForbidden
			switch {
			case slices.Contains(k.open, who):
				want = http.StatusOK
			case who == "" || who == "Bearer nonsense":
				want = http.StatusUnauthorized
			case strings.HasPrefix(k.path, "/v1/receipts/") && slices.Contains([]bearer{alpha, onlooker, ranger, arbiter}, who):
				want = http.StatusNotFound
			}
			if w.Code != want {
				t.Errorf("%s as %q: %d, want %d", k.path, who, w.Code, want)
			}
			if (want == 401 || want == 403) != (w.Header().Get("WWW-Authenticate") != "") {
				t.Errorf("%s as %q: %d with challenge %q", k.path, who, w.Code, w.Header().Get("WWW-Authenticate"))
			}
		}
	}
	// The token is looked at before the method and the parameters.
	if w := n.do("", "POST", "/v1/intents?colour=red"); w.Code != 401 {
		t.Errorf("without a token: %d", w.Code)
	}
	if w := n.do(alpha, "POST", "/v1/intents?colour=red"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
}

func TestPublicLogIsAChoice(t *testing.T) {
	for _, public := range []bool{true, false} {
		n := newNode(t, func(c *Config) { c.PublicLog = public })
		n.intent("uss-alpha", n.circle(47.4, 8.5, 100))
		for _, path := range []string{"/log/checkpoint", "/log/tile/0/000.p/1", "/log/tile/entries/000.p/1"} {
			if w := n.do("", "GET", path); (w.Code == 200) != public || !public && w.Code != 401 {
				t.Errorf("public %v, %s without a token: %d", public, path, w.Code)
			}
			if w := n.do(arbiter, "GET", path); w.Code != 200 {
				t.Errorf("public %v, %s with a token: %d", public, path, w.Code)
			}
		}
		if w := n.do(arbiter, "GET", "/log/tile/0/000"); w.Code != 404 {
			t.Errorf("a tile that is not full yet: %d", w.Code)
		}
	}
}

func TestStatusAndMe(t *testing.T) {
	n := newNode(t)
	var status struct {
		Version     string `json:"version"`
		VerifierKey string `json:"verifier_key"`
	}
	n.get(onlooker, "/v1/status", &status)
	if status.Version != "v1.2.3" || status.VerifierKey != n.engine.Journal().VerifierKey() {
		t.Errorf("%+v", status)
	}
	var me struct {
		Party        string   `json:"party"`
		Scopes       []string `json:"scopes"`
		Availability string   `json:"uss_availability"`
	}
	n.get(alpha, "/v1/parties/me", &me)
	if me.Party != "uss-alpha" || len(me.Scopes) != 1 || me.Availability != airspace.Unknown.String() {
		t.Errorf("%+v", me)
	}
}

// FuzzQuery: whatever stands behind the question mark gives an area or a problem
// of the caller's making.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		here, here + "&lower_m=1e3&upper_m=-5", "bbox=179,-1,-179,1&from=2031-01-01T00:00:00Z&to=2031-01-01T00:00:00Z",
		"bbox=0,88,10,89&limit=7&after=11111111-1111-4111-8111-111111111111", "bbox=%31,2,3,4;x", "bbox=1e308,-1e308,0,0",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if len(raw) > 64<<10 {
			return
		}
		r := httptest.NewRequest("GET", "/v1/intents", nil)
		r.URL.RawQuery = raw
		q, err := (&call{r: r}).query()
		var p Problem
		switch {
		case err == nil:
			if cells := q.area.AppendCells(nil); len(cells) == 0 || len(cells) > 64<<10 || q.limit < 1 || q.limit > MaxPage {
				t.Fatalf("%q: %d bytes of cells, limit %d", raw, len(cells), q.limit)
			}
		case !errors.As(err, &p) || p.Status != 400 && p.Status != 413:
			t.Fatalf("%q: %v", raw, err)
		case len(p.Detail) > 1000:
			t.Fatalf("%q: an answer of %d bytes", raw, len(p.Detail))
		}
	})
}
