package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/server"
)

// running is a whole node, as people run it.
type running struct {
	t      *testing.T
	url    string
	serial int
	begin  time.Time // of everything that tests declare
}

func run(t *testing.T) *running {
	t.Helper()
	c := server.DefaultConfig()
	c.Data, c.Listen, c.InsecureDev, c.MinFreeDisk, c.PartyRate = t.TempDir(), "127.0.0.1:0", true, 0, 0
	s, err := server.New(t.Context(), c, server.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &running{t: t, url: s.URL(), begin: time.Now().Add(time.Hour).Truncate(time.Second).UTC()}
}

const (
	planning = "utm.strategic_coordination"
	both     = planning + ",utm.constraint_processing"
	zoning   = "utm.constraint_management"
)

// do sends a body as JSON and decodes the answer.
func (n *running) do(method, path, who, scopes string, body, into any) (status int, text string) {
	n.t.Helper()
	var data []byte
	switch b := body.(type) {
	case nil:
	case string:
		data = []byte(b)
	default:
		var err error
		if data, err = json.Marshal(body); err != nil {
			n.t.Fatal(err)
		}
	}
	r, err := http.NewRequest(method, n.url+path, bytes.NewReader(data))
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer dev:"+who+":"+scopes)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	if into != nil && res.StatusCode < 300 {
		if err := json.Unmarshal(out, into); err != nil {
			n.t.Fatalf("%v in %s", err, out)
		}
	}
	return res.StatusCode, string(out)
}

func (n *running) id() string {
	n.serial++
	return fmt.Sprintf("11111111-1111-4111-8111-%012d", n.serial)
}

// putIntent declares an intent and rests it on a subscription for constraints
// too, so that a PUT asks for their OVNs.
func (n *running) putIntent(who, id string, extents []f3548wire.Volume4D, key []string) (status int, ovn, text string) {
	n.t.Helper()
	var out f3548wire.ChangeOperationalIntentReference
	status, text = n.do("PUT", "/dss/v1/operational_intent_references/"+id, who, both, f3548wire.PutOperationalIntentReference{
		Extents: extents, Key: key, State: "Accepted", USSBaseURL: "https://" + who + ".example",
		NewSubscription: &f3548wire.ImplicitSubscription{USSBaseURL: "https://" + who + ".example", NotifyForConstraints: true},
	}, &out)
	return status, out.OperationalIntentReference.OVN, text
}

func (n *running) mustIntent(who, id string, extents []f3548wire.Volume4D, key ...string) (ovn string) {
	n.t.Helper()
	status, ovn, text := n.putIntent(who, id, extents, key)
	if status != http.StatusCreated {
		n.t.Fatalf("%d %s", status, text)
	}
	return ovn
}

func (n *running) mustConstraint(who, id string, extents []f3548wire.Volume4D) (ovn string) {
	n.t.Helper()
	var out f3548wire.ChangeConstraintReference
	status, text := n.do("PUT", "/dss/v1/constraint_references/"+id, who, zoning,
		f3548wire.PutConstraintReference{Extents: extents, USSBaseURL: "https://" + who + ".example"}, &out)
	if status != http.StatusCreated {
		n.t.Fatalf("%d %s", status, text)
	}
	return out.ConstraintReference.OVN
}

// circle is a volume around a place, in seconds from the begin.
func (n *running) circle(at geodesy.LatLng, radiusM, lowerM, upperM float64, fromS, toS int64) f3548wire.Volume4D {
	centre := f3548wire.NewPoint(at)
	return n.bounded(f3548wire.Volume3D{
		OutlineCircle: &f3548wire.Circle{Center: &centre, Radius: &f3548wire.Radius{Value: &radiusM, Units: "M"}},
	}, lowerM, upperM, fromS, toS)
}

func (n *running) bounded(v f3548wire.Volume3D, lowerM, upperM float64, fromS, toS int64) f3548wire.Volume4D {
	v.AltitudeLower = &f3548wire.Altitude{Value: &lowerM, Reference: "W84", Units: "M"}
	v.AltitudeUpper = &f3548wire.Altitude{Value: &upperM, Reference: "W84", Units: "M"}
	return f3548wire.Volume4D{
		Volume:    &v,
		TimeStart: f3548wire.NewTime(n.begin.Add(time.Duration(fromS) * time.Second).UnixNano()),
		TimeEnd:   f3548wire.NewTime(n.begin.Add(time.Duration(toS) * time.Second).UnixNano()),
	}
}

// ref, answer and problem are what of an answer the tests look at.
type ref struct{ Kind, ID, Manager string }

type answer struct {
	State     string
	Coarse    bool
	Withheld  bool
	Conflicts []struct {
		ref
		OutlinesMeet bool `json:"outlines_meet"`
		From, To     string
		Where        []json.RawMessage
	}
	Options []struct {
		Kind, Words, Digest string
		CostS               float64 `json:"cost_s"`
		Change              map[string]float64
		Extents             []f3548wire.Volume4D
		Clears              []ref
		Closest             *ref
	}
	Start      string
	FreeStarts []struct{ From, To string } `json:"free_starts"`
	Blocked    []struct {
		Kind     string
		By       []ref
		Withheld bool
		Why      string
	}
	Least *struct {
		Words string
		Share float64
		By    []ref
	} `json:"least_violation"`
	Considered    []ref
	Digest, Means string
	Basis         struct {
		JournalSize int64 `json:"journal_size"`
	}
}

// ask asks for options, which must come.
func (n *running) ask(who, scopes string, body any) (a answer) {
	n.t.Helper()
	if status, text := n.do("POST", "/v1/options", who, scopes, body, &a); status != http.StatusOK {
		n.t.Fatalf("%d %s", status, text)
	}
	return a
}

// question is the body of a request.
type question struct {
	Extents  []f3548wire.Volume4D `json:"extents"`
	Replaces string               `json:"replaces,omitempty"`
	Minima   map[string]float64   `json:"minima,omitempty"`
	Limits   map[string]any       `json:"limits,omitempty"`
	Count    int                  `json:"count,omitempty"`
}

var harbour = geodesy.LatLng{LatE9: 47_400_000_000, LngE9: 8_500_000_000}

// A plan that conflicts is put to the node, and the first option goes into a PUT
// as it came.
func TestAnOptionGoesIntoAPut(t *testing.T) {
	n := run(t)
	north := n.id()
	n.mustIntent("north", north, []f3548wire.Volume4D{n.circle(harbour, 300, 50, 110, 0, 600)})
	plan := []f3548wire.Volume4D{n.circle(geodesy.Direct(harbour, 90, 200), 150, 60, 100, 300, 900)}
	south := n.id()
	if status, _, text := n.putIntent("south", south, plan, nil); status != http.StatusConflict {
		t.Fatalf("the plan as it is: %d %s", status, text)
	}
	a := n.ask("south", planning, question{Extents: plan, Minima: map[string]float64{"lateral_m": 30, "vertical_m": 15}})
	if a.State != "conflict possible" || !a.Coarse || len(a.Conflicts) != 1 || a.Conflicts[0].ID != north || a.Conflicts[0].Manager != "north" ||
		!a.Conflicts[0].OutlinesMeet || len(a.Conflicts[0].Where) != 1 || a.Withheld {
		t.Errorf("%+v", a)
	}
	if len(a.Considered) != 1 || len(a.Digest) != 64 || a.Basis.JournalSize < 1 || !strings.Contains(a.Means, "A PUT with its key decides") {
		t.Errorf("%+v", a)
	}
	if len(a.FreeStarts) != 1 || a.FreeStarts[0].From != n.begin.Add(600*time.Second).Format(time.RFC3339) {
		t.Errorf("starts %+v, begin %s", a.FreeStarts, n.begin)
	}
	kinds := map[string]bool{}
	for i, o := range a.Options {
		kinds[o.Kind] = true
		if i > 0 && o.CostS < a.Options[i-1].CostS {
			t.Errorf("option %d is cheaper than the one before", i)
		}
		if len(o.Clears) != 1 || o.Words == "" || len(o.Digest) != 64 || len(o.Extents) != 1 {
			t.Errorf("%+v", o)
		}
		if o.Kind == "delay" && (o.Change["delay_s"] != 300 || o.Words != "5 min later") {
			t.Errorf("%+v", o)
		}
		if o.Kind == "climb" && (o.Change["lift_m"] != 65 || o.Words != "65 m higher" || o.CostS != 32.5) {
			t.Errorf("%+v", o)
		}
	}
	for _, kind := range []string{"delay", "climb", "sideways"} {
		if !kinds[kind] {
			t.Errorf("no option of kind %s among %v", kind, kinds)
		}
	}
	ovn := n.mustIntent("south", south, a.Options[0].Extents)

	// Its own intent is in no way to the one that is to take its place.
	a = n.ask("south", planning, question{Extents: a.Options[0].Extents, Replaces: south})
	if a.State != "none known" || len(a.Options) != 0 || len(a.Conflicts) != 0 || len(a.Considered) != 1 {
		t.Errorf("%+v", a)
	}
	if a = n.ask("south", planning, question{Extents: plan}); len(a.Conflicts) != 2 {
		t.Errorf("%+v", a.Conflicts)
	}
	if status, text := n.do("DELETE", "/dss/v1/operational_intent_references/"+south+"/"+ovn, "south", planning, nil, nil); status != 200 {
		t.Fatal(status, text)
	}
}

// A constraint is avoided whether or not the caller may read constraints, and
// named only to who may.
func TestConstraintsAreAvoidedAndNamedToReaders(t *testing.T) {
	n := run(t)
	zone := n.id()
	n.mustConstraint("rangers", zone, []f3548wire.Volume4D{n.circle(harbour, 300, 0, 400, 0, 600)})
	plan := []f3548wire.Volume4D{n.circle(harbour, 100, 60, 100, 100, 500)}
	for scopes, named := range map[string]bool{planning: false, both: true} {
		var a answer
		body := question{Extents: plan, Limits: map[string]any{"trim": false}}
		status, text := n.do("POST", "/v1/options", "south", scopes, body, &a)
		if status != 200 || a.State != "conflict possible" || len(a.Options) == 0 {
			t.Fatalf("%s: %d %s", scopes, status, text)
		}
		if a.Withheld == named || (len(a.Conflicts) == 1) != named || (len(a.Considered) == 1) != named {
			t.Errorf("%s: %+v", scopes, a)
		}
		if strings.Contains(text, zone) != named || strings.Contains(text, "rangers") != named {
			t.Errorf("%s: %s", scopes, text)
		}
		for _, o := range a.Options {
			if (len(o.Clears) == 1) != named || o.Closest != nil && !named {
				t.Errorf("%s: %+v", scopes, o)
			}
		}
		// Nothing within reach clears it; who stands in the way is said likewise.
		body.Limits = map[string]any{"trim": false, "later_s": 60, "up_m": 10, "sideways_m": 10}
		a = answer{}
		status, text = n.do("POST", "/v1/options", "south", scopes, body, &a)
		if status != 200 || len(a.Options) != 0 || len(a.Blocked) != 3 || a.Least == nil || a.Least.Share <= 0 || len(a.FreeStarts) != 0 {
			t.Fatalf("%s: %d %s", scopes, status, text)
		}
		if strings.Contains(text, zone) != named || (len(a.Least.By) == 1) != named || a.Blocked[0].Withheld == named {
			t.Errorf("%s: %s", scopes, text)
		}
	}
}

// worlds returns in how many random worlds options are tried: 200, or a tenth of
// DECONFLICT_OPTIONS_ROUNDS where that is more.
func worlds(t *testing.T) int {
	t.Helper()
	given := os.Getenv("DECONFLICT_OPTIONS_ROUNDS")
	if given == "" {
		return 200
	}
	n, err := strconv.Atoi(given)
	if err != nil {
		t.Fatalf("DECONFLICT_OPTIONS_ROUNDS=%s: %v", given, err)
	}
	return max(200, n/10)
}

// Whatever is around: each option is accepted by a PUT with an empty key, and
// the plan as declared is refused exactly when its outlines are said to meet
// others.
func TestOptionsAreAccepted(t *testing.T) {
	n := run(t)
	rng := rand.New(rand.NewPCG(51, 52))
	offered, refused, blocked := 0, 0, 0
	for k := range worlds(t) {
		// Worlds lie all over the earth, some of them on the antimeridian; up to
		// 97 × 25 of them are apart.
		at := geodesy.LatLng{LatE9: -72e9 + int64(k%25)*6e9 + rng.Int64N(4e9), LngE9: -180e9 + int64(k%97)*3_700_000_000}
		// In large ones cells are larger, and change as a plan is moved.
		scale := []float64{1, 1, 1, 10}[rng.IntN(4)]
		n.world(rng, at, scale)
		plan := make([]f3548wire.Volume4D, 1+rng.IntN(3))
		for i := range plan {
			plan[i] = n.anyVolume(rng, geodesy.Direct(at, 90, float64(i)*300*scale), 100*scale, 1000*scale)
		}
		q := question{Extents: plan, Count: 20, Limits: map[string]any{"down_m": 40, "earlier_s": 1800, "sideways_m": 1000 * scale}}
		if rng.IntN(2) == 0 {
			q.Minima = map[string]float64{"lateral_m": 50 * rng.Float64(), "vertical_m": 20 * rng.Float64(), "time_s": float64(rng.IntN(30))}
		}
		a := n.ask("south", both, q)
		meets := slices.ContainsFunc(a.Conflicts, func(c struct {
			ref
			OutlinesMeet bool `json:"outlines_meet"`
			From, To     string
			Where        []json.RawMessage
		},
		) bool {
			return c.OutlinesMeet
		})
		if status := n.try(plan); (status == http.StatusConflict) != meets {
			t.Fatalf("world %d: the plan as declared: %d, outlines meet: %v", k, status, meets)
		}
		if meets {
			refused++
		}
		for i, o := range a.Options {
			if status := n.try(o.Extents); status != http.StatusCreated {
				t.Fatalf("world %d at %v: option %d, %s: %d", k, at, i, o.Words, status)
			}
		}
		offered += len(a.Options)
		if a.State == "conflict possible" && len(a.Options) == 0 {
			blocked++
		}
		if w := a.FreeStarts; len(w) > 0 {
			// The far end of a window, which nobody looked at but the search.
			from, err := time.Parse(time.RFC3339Nano, w[rng.IntN(len(w))].To)
			start, err2 := time.Parse(time.RFC3339Nano, a.Start)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if status := n.try(later(plan, from.Sub(start))); status != http.StatusCreated {
				t.Fatalf("world %d at %v: started at %v: %d", k, at, from, status)
			}
		}
	}
	t.Logf("%d options, %d plans refused as declared, %d that nothing clears", offered, refused, blocked)
	if offered < 3*refused || refused < worlds(t)/4 {
		t.Errorf("%d options for %d refused plans: the test says little", offered, refused)
	}
}

// world declares intents and constraints around a place.
func (n *running) world(rng *rand.Rand, at geodesy.LatLng, scale float64) {
	n.t.Helper()
	var key []string
	for range 1 + rng.IntN(10) {
		extents := make([]f3548wire.Volume4D, 1+rng.IntN(2))
		for i := range extents {
			extents[i] = n.anyVolume(rng, geodesy.Direct(at, rng.Float64()*360, 1200*scale*rng.Float64()), 30*scale, 600*scale)
		}
		if rng.IntN(4) == 0 {
			key = append(key, n.mustConstraint("rangers", n.id(), extents))
		} else {
			key = append(key, n.mustIntent("north", n.id(), extents, key...))
		}
	}
}

// anyVolume returns a circle or a polygon of some size.
func (n *running) anyVolume(rng *rand.Rand, at geodesy.LatLng, least, most float64) f3548wire.Volume4D {
	radiusM := least + (most-least)*rng.Float64()*rng.Float64()
	lowerM, fromS := float64(rng.IntN(1200))/10, int64(rng.IntN(1800))
	v := n.circle(at, radiusM, lowerM, lowerM+5+float64(rng.IntN(600))/10, fromS, fromS+60+int64(rng.IntN(1200)))
	if rng.IntN(2) == 0 {
		v.Volume.OutlineCircle = nil
		v.Volume.OutlinePolygon = &f3548wire.Polygon{}
		corners := 3 + rng.IntN(5)
		for i := range corners {
			azi := (float64(i) + 0.8*rng.Float64()) * 360 / float64(corners)
			v.Volume.OutlinePolygon.Vertices = append(v.Volume.OutlinePolygon.Vertices, f3548wire.NewPoint(geodesy.Direct(at, azi, radiusM*(0.5+0.5*rng.Float64()))))
		}
	}
	return v
}

// try declares a plan with an empty key and, where that was accepted, ends it
// again.
func (n *running) try(extents []f3548wire.Volume4D) int {
	n.t.Helper()
	id := n.id()
	status, ovn, text := n.putIntent("south", id, extents, nil)
	switch status {
	case http.StatusCreated:
		if status, text := n.do("DELETE", "/dss/v1/operational_intent_references/"+id+"/"+ovn, "south", planning, nil, nil); status != 200 {
			n.t.Fatal(status, text)
		}
	case http.StatusConflict:
	default:
		n.t.Fatal(status, text)
	}
	return status
}

func later(plan []f3548wire.Volume4D, by time.Duration) []f3548wire.Volume4D {
	moved := slices.Clone(plan)
	for i := range moved {
		for _, at := range []**f3548wire.Time{&moved[i].TimeStart, &moved[i].TimeEnd} {
			ns, err := (*at).NS("")
			if err != nil {
				panic(err)
			}
			*at = f3548wire.NewTime(ns + int64(by))
		}
	}
	return moved
}

// A plan is not moved to before now, however much earlier it may start.
func TestNoOptionLiesInThePast(t *testing.T) {
	n := run(t)
	soon := int64(time.Until(n.begin.Add(-2*time.Minute)) / time.Second) // two minutes from now on, before the begin
	n.mustIntent("north", n.id(), []f3548wire.Volume4D{n.circle(harbour, 300, 50, 110, -soon+60, -soon+3600)})
	a := n.ask("south", planning, question{
		Extents: []f3548wire.Volume4D{n.circle(harbour, 150, 60, 100, -soon, -soon+90)},
		Limits:  map[string]any{"earlier_s": 3600, "later_s": 0, "up_m": 0, "sideways_m": 0, "trim": false},
	})
	if len(a.Options) != 1 || a.Options[0].Kind != "advance" || a.Options[0].Change["delay_s"] != -30 {
		t.Errorf("%+v", a.Options)
	}
	if len(a.FreeStarts) != 1 {
		t.Fatalf("starts %+v", a.FreeStarts)
	}
	from, err := time.Parse(time.RFC3339Nano, a.FreeStarts[0].From)
	if err != nil || from.Before(time.Now().Add(-time.Minute)) {
		t.Errorf("it may start at %s: %v", a.FreeStarts[0].From, err)
	}
}
