package f3548

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/world"
)

// pilotKey is that of the one person of each party that declares natively.
var pilotKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// act has a party act, and returns what came of it as the journal holds it.
func (n *node) act(by party.ID, act string, body any) [][]byte {
	n.t.Helper()
	raw, err := statement.Marshal(body)
	if err != nil {
		n.t.Fatal(err)
	}
	kind, ok := world.Kind(act)
	if !ok {
		n.t.Fatalf("no act %s", act)
	}
	a := &party.Act{Statement: party.Statement{
		Act: act, At: statement.Instant(n.clockNS.Load()), Body: raw, ID: fmt.Sprint(n.dss.Engine.Head().Size),
		Node: "node.example/deconflict", Party: by,
	}, Content: kind.New()}
	if err := json.Unmarshal(raw, a.Content); err != nil {
		n.t.Fatal(err)
	}
	if a.Text, err = statement.Marshal(a.Statement); err != nil {
		n.t.Fatal(err)
	}
	signature, err := party.Sign(pilotKey, a.Text)
	if err != nil {
		n.t.Fatal(err)
	}
	a.Signatures = []party.Signature{signature}
	done, err := n.dss.Engine.Act(context.Background(), a)
	if err != nil {
		n.t.Fatalf("%s: %v", act, err)
	}
	return done.Entries
}

func (n *node) enrol(by party.ID) {
	n.t.Helper()
	n.act(by, "party.enrol", registry.Enrol{Party: registry.Party{
		ID: by, Kind: registry.KindThird, Names: map[string]string{"en": string(by)},
		Roles: []registry.Role{{Name: "pilot", Level: party.Policy, Holders: []registry.Holder{
			{Person: "p1", Key: party.NewKey(pilotKey.Public().(ed25519.PublicKey))},
		}}},
		Policies:  map[string]registry.Policy{"party.change": {K: 1, Roles: []string{"pilot"}}},
		Positions: []registry.Position{{Name: "watch", Level: party.Watch, Bearers: []registry.Bearer{{Name: "data", Kind: "data"}}}},
	}})
}

// flight is a cylinder of 200 m around the corner of square(0), 120 to 180 m
// high, flown in the first hour.
func flight() intent.Plan {
	altitude := func(mm int64) *declared.Altitude { return &declared.Altitude{MM: mm, Reference: "W84"} }
	return intent.Plan{
		AircraftKind: "unmanned", Priority: intent.Priority{Rank: "routine"}, Contact: intent.Contact{Position: "watch"},
		Position: intent.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: 3000}, Time: intent.TimeBasis{Source: "gnss", ErrorNS: 1e9},
		Shape: declared.Shape{Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: declared.Point{LatE9: 45e9, LngE9: 10e9}, RadiusMM: 200_000}},
			Lower:     altitude(120_000), Upper: altitude(180_000),
			Start: statement.Instant(start.Add(time.Minute).UnixNano()), End: statement.Instant(start.Add(time.Hour).UnixNano()),
			HErrorMM: 3000, TErrorNS: 1e9,
		}}},
	}
}

// decided returns the intent that entries decide on.
func decided(t testing.TB, entries [][]byte) *intent.Decided {
	t.Helper()
	for _, text := range entries {
		ev, _, err := world.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := ev.(*intent.Decided); ok {
			return d
		}
	}
	t.Fatalf("found no intent in %s", entries)
	return nil
}

// What a party declares natively is found by another USS in the DSS at once, and
// its details are there, under the same reference, from then until it ends.
func TestNativeIntentIsFound(t *testing.T) {
	n := newNode(t, Limits{})
	n.enrol("ridgeline")
	d := decided(t, n.act("ridgeline", "intent.declare", &intent.Declare{Plan: flight()}))
	details := "/uss/v1/operational_intents/" + d.ID

	found := n.want(200, bravo, "POST", oir+"query", object{"area_of_interest": square(0, 0, time.Hour)})
	if len(found.list("operational_intent_references")) != 1 || found.str("operational_intent_references", 0, "uss_base_url") != "http://node.example" {
		t.Fatalf("found %s", found.text)
	}
	look := func(as bearer) (o f3548wire.GetOperationalIntentDetails, text string) {
		t.Helper()
		got := n.want(200, as, "GET", details, nil)
		if err := json.Unmarshal([]byte(got.text), &o); err != nil {
			t.Fatal(err)
		}
		return o, got.text
	}
	same := func(text string) {
		t.Helper()
		var told struct {
			Intent struct{ Reference object } `json:"operational_intent"`
		}
		if err := json.Unmarshal([]byte(text), &told); err != nil {
			t.Fatal(err)
		}
		if told.Intent.Reference["ovn"] == "" {
			t.Error("the details have no OVN")
		}
		delete(told.Intent.Reference, "ovn")
		ref := n.want(200, bravo, "GET", oir+d.ID, nil).at("operational_intent_reference")
		if diff := cmp.Diff(ref, map[string]any(told.Intent.Reference)); diff != "" {
			t.Errorf("the DSS and the details differ:\n%s", diff)
		}
	}
	told, text := look(bravo)
	same(text)
	if len(told.OperationalIntent.Details.Volumes) != 1 || len(told.OperationalIntent.Details.OffNominalVolumes) != 0 {
		t.Errorf("found %s", text)
	}
	v, err := told.OperationalIntent.Details.Volumes[0].ToVolume()
	if err != nil || v.Footprint.RadiusMM() < 203_000 {
		t.Errorf("the volume leaves out what the declaration adds for its errors: %s, %v", text, err)
	}

	// The OVN stands for having read it.
	body := deep(intentBody(), "https://bravo.example.net", "uss_base_url")
	if got := n.send(bravo, "PUT", oir+id(7), body); got.status != 409 || got.str("missing_operational_intents", 0, "id") != d.ID {
		t.Fatalf("found %d %s", got.status, got.text)
	}
	body["key"] = []string{told.OperationalIntent.Reference.OVN}
	n.want(201, bravo, "PUT", oir+id(7), body)

	telemetry := func(want int) {
		t.Helper()
		monitor := with("uss-bravo", auth.ScopeConformanceMonitoring)
		n.want(want, monitor, "GET", details+"/telemetry", nil)
	}
	telemetry(409)
	away := flight().Shape
	n.act("ridgeline", "intent.nonconforming", &intent.Nonconform{ID: d.ID, OffNominal: &away})
	if told, text = look(bravo); len(told.OperationalIntent.Details.OffNominalVolumes) != 1 || told.OperationalIntent.Reference.State != "Nonconforming" {
		t.Errorf("found %s", text)
	}
	same(text)
	telemetry(412)
	n.act("ridgeline", "intent.end", &intent.End{ID: d.ID})
	n.want(404, bravo, "GET", details, nil)
	telemetry(404)
	n.want(404, bravo, "GET", oir+d.ID, nil)
}

// Only what this node manages has details here.
func TestNoDetailsOfOthers(t *testing.T) {
	n := newNode(t, Limits{})
	n.create(alpha, 1, intentBody())
	n.want(404, bravo, "GET", "/uss/v1/operational_intents/"+id(1), nil)
	n.want(404, bravo, "GET", "/uss/v1/operational_intents/"+id(2), nil)
	n.want(400, bravo, "GET", "/uss/v1/operational_intents/x", nil)
	n.want(404, bravo, "GET", "/uss/v1/constraints/"+id(1), nil)
}

// Notices of other USSs are checked, and leave nothing behind.
func TestNotices(t *testing.T) {
	n := newNode(t, Limits{})
	ovn := n.create(alpha, 1, intentBody())
	n.want(201, rules, "PUT", cr+id(2), constraintBody())
	size := n.dss.Engine.Head().Size
	reference := object{"id": id(1), "manager": "uss-alpha", "ovn": ovn, "version": 1, "state": "Accepted"}
	notice := object{
		"operational_intent_id": id(1),
		"operational_intent":    object{"reference": reference, "details": object{"volumes": []object{square(0, 0, time.Hour)}, "priority": 0}},
		"subscriptions":         []object{{"subscription_id": id(9), "notification_index": 0}},
	}
	const intents = "/uss/v1/operational_intents"
	for name, c := range map[string]struct {
		as   bearer
		body any
		want int
	}{
		"a change":                 {alpha, notice, 204},
		"an end":                   {alpha, deep(notice, nil, "operational_intent"), 204},
		"of what is not known":     {bravo, deep(deep(notice, nil, "operational_intent"), id(5), "operational_intent_id"), 204},
		"of another's":             {bravo, notice, 403},
		"no id":                    {alpha, deep(notice, nil, "operational_intent_id"), 400},
		"another id":               {alpha, deep(notice, id(3), "operational_intent_id"), 400},
		"no subscriptions":         {alpha, deep(notice, []object{}, "subscriptions"), 400},
		"a bad subscription":       {alpha, deep(notice, "x", "subscriptions", 0, "subscription_id"), 400},
		"no index":                 {alpha, deep(notice, nil, "subscriptions", 0, "notification_index"), 400},
		"a negative index":         {alpha, deep(notice, -1, "subscriptions", 0, "notification_index"), 400},
		"no reference":             {alpha, deep(notice, nil, "operational_intent", "reference"), 400},
		"no OVN":                   {alpha, deep(notice, nil, "operational_intent", "reference", "ovn"), 400},
		"no details":               {alpha, deep(notice, nil, "operational_intent", "details"), 400},
		"no volumes":               {alpha, deep(notice, []object{}, "operational_intent", "details", "volumes"), 400},
		"a bad volume":             {alpha, deep(notice, []object{{}}, "operational_intent", "details", "volumes"), 400},
		"a bad off-nominal volume": {alpha, deep(notice, []object{{}}, "operational_intent", "details", "off_nominal_volumes"), 400},
		"no JSON":                  {alpha, "{", 400},
		"too many vertices": {alpha, deep(notice, []any{object{"volume": object{"outline_polygon": object{
			"vertices": make([]object, 10_001),
		}}}}, "operational_intent", "details", "volumes"), 400},
	} {
		if got := n.send(c.as, "POST", intents, c.body); got.status != c.want || (c.want == 204) != (got.text == "") {
			t.Errorf("%s: found %d %.200s, expected %d", name, got.status, got.text, c.want)
		}
	}
	constraint := object{
		"constraint_id": id(2),
		"constraint":    object{"reference": object{"id": id(2), "ovn": "x"}, "details": object{"volumes": []object{square(0, 0, time.Hour)}}},
		"subscriptions": []object{{"subscription_id": id(9), "notification_index": 3}},
	}
	for name, c := range map[string]struct {
		as   bearer
		body any
		want int
	}{
		"a change":     {rules, constraint, 204},
		"an end":       {rules, deep(constraint, nil, "constraint"), 204},
		"of another's": {with("authority-east", auth.ScopeConstraintManagement), constraint, 403},
		"no OVN":       {rules, deep(constraint, nil, "constraint", "reference", "ovn"), 400},
		"no volumes":   {rules, deep(constraint, []object{}, "constraint", "details", "volumes"), 400},
	} {
		if got := n.send(c.as, "POST", "/uss/v1/constraints", c.body); got.status != c.want {
			t.Errorf("constraint: %s: found %d %.200s, expected %d", name, got.status, got.text, c.want)
		}
	}
	if now := n.dss.Engine.Head().Size; now != size {
		t.Errorf("notices left %d entries", now-size)
	}
	report := n.want(http.StatusCreated, alpha, "POST", "/uss/v1/reports", object{"exchange": object{
		"url": "https://bravo.example.net", "method": "GET", "recorder_role": "Client", "request_time": instant(0),
	}})
	if strings.TrimSpace(report.str("report_id")) == "" {
		t.Errorf("found %s", report.text)
	}
}
