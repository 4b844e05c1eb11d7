package api

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
)

// disc is a volume that a plan may have.
const disc = `{"volume":{"outline_circle":{"center":{"lat":47.4,"lng":8.5},"radius":{"value":100,"units":"M"}},
"altitude_lower":{"value":60,"reference":"W84","units":"M"},"altitude_upper":{"value":100,"reference":"W84","units":"M"}},
"time_start":{"value":"2051-05-07T09:05:00Z","format":"RFC3339"},"time_end":{"value":"2051-05-07T09:15:00Z","format":"RFC3339"}}`

// post asks for options.
func (n *node) post(who bearer, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/v1/options", strings.NewReader(body))
	if who != "" {
		r.Header.Set("Authorization", string(who))
	}
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	return w
}

func TestBodiesThatCannotBeUsed(t *testing.T) {
	n := newNode(t)
	change := func(old, new string) string { return `{"extents":[` + strings.Replace(disc, old, new, 1) + `]}` }
	with := func(more string) string { return `{"extents":[` + disc + `],` + more + `}` }
	foreign := n.intent("uss-bravo", n.circle(10, 10, 50)).ID.String()
	for body, want := range map[string]string{
		"":                                   "found no JSON object",
		"[]":                                 "found no JSON object",
		"{}":                                 "extents: found nothing",
		`{"extents":[]}`:                     "extents: found nothing",
		`{"extents":{}}`:                     "extents: found no array",
		`{"extents":[3]}`:                    "extents[0]: found a number",
		`{"extents":[{}]}`:                   "extents[0].volume: found nothing",
		`{"extents":[` + disc:                "found broken JSON",
		with(`"limits":3`):                   "limits: found no JSON object",
		with(`"limits":{}`) + "}":            "found more after the object",
		with(`"limits":{"up_m":1,"up_m":2}`): "limits.up_m: found the member twice",
		with(`"extents":[]`):                 "extents: found the member twice",
		with(`"limit":{}`):                   "limit: found a member that is not known",
		with(`"limits":{"up":1}`):            "limits.up: found a member that is not known",
		with(`"limits":{"up_m":-1}`):         "limits.up_m: found -1, expected a number from 0 to 20000",
		with(`"limits":{"up_m":"9"}`):        `limits.up_m: found "9", expected a number`,
		with(`"limits":{"later_s":86401}`):   "limits.later_s",
		with(`"limits":{"trim":1}`):          "limits.trim: found 1, expected true or false",
		with(`"limits":{"floor_m":100,"ceiling_m":100}`):   "limits.floor_m: found a floor at or above the ceiling",
		with(`"minima":{"lateral_m":1e9}`):                 "minima.lateral_m",
		with(`"minima":{"time_s":3601}`):                   "minima.time_s",
		with(`"weights":{"later":-1}`):                     "weights.later",
		with(`"count":0`):                                  "count: found 0, expected a whole number from 1 to 20",
		with(`"count":1.5`):                                "count: found 1.5",
		with(`"replaces":"x"`):                             "replaces: found",
		with(`"replaces":"` + foreign + `"`):               "replaces: found " + foreign + ", expected an operational intent of the caller's",
		with(`"replaces":"` + n.id().String() + `"`):       "expected an operational intent of the caller's",
		change(`"units":"M"`, `"units":"FT"`):              "extents[0].volume.outline_circle.radius.units",
		change(`"altitude_lower"`, `"unknown"`):            "extents[0].volume.altitude_lower: found nothing",
		change(`"time_end"`, `"unknown"`):                  "extents[0].time_end: found nothing",
		strings.ReplaceAll(change("", ""), "2051", "2021"): "extents: found a plan that ends at 2021-05-07T09:15:00Z",
		change(`09:15`, `09:05`):                           "extents[0]: end_not_after_start",
		change(`"value":60`, `"value":600`):                "lower_not_below_upper",
		change(`47.4`, `147.4`):                            "extents[0].volume.outline_circle.center.lat",
	} {
		w := n.post(alpha, body)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "bad-body") ||
			!strings.Contains(strings.ReplaceAll(w.Body.String(), `\"`, `"`), want) {
			t.Errorf("%s: %d %s, want %q", body, w.Code, w.Body, want)
		}
	}
	if w := n.post(alpha, with(`"limits":null,"count":null`)); w.Code != 200 {
		t.Errorf("null, which means absent: %d %s", w.Code, w.Body)
	}
}

func TestRequestsForOptionsThatAreTooMuch(t *testing.T) {
	n := newNode(t)
	square := n.circle(47.4, 8.5, 5)
	many := slices.Repeat([]outline.Volume{square}, 100)
	for range 30 {
		n.constraint("rangers", many...)
	}
	begin := strings.TrimSuffix(instant(n.beginNS), "Z")
	here := strings.NewReplacer("2051-05-07T09:05:00", begin, "2051-05-07T09:15:00Z", instant(n.beginNS+600e9)).Replace(disc)
	var ring strings.Builder
	for i := range 1001 {
		azi := float64(i) * 360 / 1001
		fmt.Fprintf(&ring, `{"lat":%.9f,"lng":%.9f},`, 40+0.01*math.Cos(azi*math.Pi/180), 0.01*math.Sin(azi*math.Pi/180))
	}
	round := strings.Replace(disc, `"outline_circle":{"center":{"lat":47.4,"lng":8.5},"radius":{"value":100,"units":"M"}}`,
		`"outline_polygon":{"vertices":[`+strings.TrimSuffix(ring.String(), ",")+`]}`, 1)
	for body, want := range map[string]string{
		`{"extents":[` + round + `]}`:                               "found more than 1000 vertices",
		`{"extents":[` + disc + strings.Repeat(","+disc, 50) + `]}`: "found 51 volumes, expected at most 50",
		strings.Repeat(" ", MaxOptionsBytes+1):                      "found a body of more than 1048576 bytes",
		`{"extents":[` + here + `]}`:                                "coarse volumes within reach of the limits",
	} {
		if w := n.post(alpha, body); w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), want) ||
			!strings.Contains(w.Body.String(), "problem:too-much") {
			t.Errorf("%.60s: %d %s, want %q", body, w.Code, w.Body, want)
		}
	}
	// The same airspace at another time is no burden.
	if w := n.post(alpha, `{"extents":[`+disc+`]}`); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestWhoMayAskForOptions(t *testing.T) {
	n := newNode(t)
	body := `{"extents":[` + disc + `]}`
	for who, want := range map[bearer]int{alpha: 200, onlooker: 403, ranger: 403, arbiter: 403, "": 401} {
		if w := n.post(who, body); w.Code != want {
			t.Errorf("%q: %d %s, want %d", who, w.Code, w.Body, want)
		}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		if w := n.do(alpha, method, "/v1/options"); w.Code != 405 || w.Header().Get("Allow") != "POST" {
			t.Errorf("%s: %d, allowed %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	if w := n.do(alpha, "POST", "/v1/options?limit=3"); w.Code != 400 {
		t.Errorf("with a parameter: %d", w.Code)
	}
}

// One party has one search at a time; others wait for a place, and are told when
// there is none.
func TestSearchesTakeTurns(t *testing.T) {
	h := &handler{searches: newSearches()}
	h.searches.places = make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(context.Background())
	ask := func(who string) *call {
		return &call{r: httptest.NewRequest("POST", "/v1/options", nil).WithContext(ctx), who: auth.Identity{Party: party.ID(who)}}
	}
	leave, err := h.searches.enter(ask("alpha"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.searches.enter(ask("alpha")); kindOf(err) != TooMany.Kind {
		t.Errorf("a second search: %v", err)
	}
	cancel() // nobody waits any longer
	if _, err := h.searches.enter(ask("bravo")); kindOf(err) != Overloaded.Kind {
		t.Errorf("a search without a place: %v", err)
	}
	leave()
	ctx = context.Background()
	for range 2 {
		if leave, err = h.searches.enter(ask("bravo")); err != nil {
			t.Fatal(err)
		}
		leave()
	}
	if len(h.searches.running) != 0 {
		t.Errorf("%d searches under way, none runs", len(h.searches.running))
	}
}

func kindOf(err error) string {
	p, _ := err.(Problem)
	return p.Kind
}

// An Accepted intent whose manager is Down is asked for by no PUT, and is not in
// the way.
func TestDownIsNotInTheWay(t *testing.T) {
	n := newNode(t)
	at := n.circle(47.4, 8.5, 300)
	n.intent("uss-bravo", at)
	plan := strings.NewReplacer("2051-05-07T09:05:00Z", instant(n.beginNS), "2051-05-07T09:15:00Z", instant(n.beginNS+600e9), `"value":100,"ref`, `"value":110,"ref`).Replace(disc)
	body := `{"extents":[` + plan + `]}`
	if w := n.post(alpha, body); !strings.Contains(w.Body.String(), `"state":"conflict possible"`) {
		t.Fatal(w.Body)
	}
	_, _, err := engine.Submit(context.Background(), n.engine, airspace.SetAvailability{By: "arbiter", USS: "uss-bravo", NewVersion: n.text(), Availability: airspace.Down})
	if err != nil {
		t.Fatal(err)
	}
	if w := n.post(alpha, body); !strings.Contains(w.Body.String(), `"state":"none known"`) {
		t.Error(w.Body)
	}
}

func FuzzOptionsQuery(f *testing.F) {
	f.Add([]byte(`{"extents":[` + disc + `],"limits":{"up_m":3,"trim":false},"minima":{"time_s":1},"weights":{"later":2},"count":3,"replaces":null}`))
	f.Add([]byte(`{"extents":[],"limits":{"floor_m":1,"ceiling_m":0}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		c := &call{r: httptest.NewRequest("POST", "/v1/options", bytes.NewReader(data))}
		q, err := c.optionsQuery()
		if err != nil {
			if kindOf(err) != BadBody.Kind && kindOf(err) != TooMuch.Kind {
				t.Errorf("%v", err)
			}
			return
		}
		if len(q.plan.Volumes) == 0 || len(q.plan.Volumes) != len(q.outlines) || q.query.Limits.FloorMM >= q.query.Limits.CeilingMM {
			t.Errorf("%+v", q)
		}
	})
}

func TestDurationsInWords(t *testing.T) {
	for ns, want := range map[int64]string{
		0: "0 s", 1e6: "0.001 s", 59e9: "59 s", 60e9: "1 min", 3_661_500e6: "1 h 1 min 1.5 s", 86_400e9: "24 h",
	} {
		if got := duration(ns); got != want {
			t.Errorf("%d ns: %q, want %q", ns, got, want)
		}
	}
}
