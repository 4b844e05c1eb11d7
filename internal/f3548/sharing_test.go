package f3548

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every intent whose OVN is missing is listed, each with a place that lies in
// the caller's own volumes; with all OVNs the intent is made.
func TestKeyRule(t *testing.T) {
	n := newNode(t, Limits{})
	const others = 40
	var ovns []string
	for i := range others {
		body := intentBody(ovns...)
		body["extents"] = []object{square(float64(i)/others, time.Duration(i)*time.Minute, 2*time.Hour)}
		ovns = append(ovns, n.create(alpha, 100+i, body))
	}
	mine := []object{square(0.5, 0, time.Hour), square(0.5, time.Hour, 3*time.Hour), square(30, 0, time.Hour)}
	body := intentBody()
	body["extents"], body["uss_base_url"] = mine, "https://bravo.example.net/utm"
	for known := range others + 1 {
		body["key"] = append([]string{"one that nothing has"}, ovns[:known]...)
		if known == others {
			n.create(bravo, 1, body)
			return
		}
		got := n.want(http.StatusConflict, bravo, "PUT", oir+id(1), body)
		missing, conflicts := got.list("missing_operational_intents"), got.list("conflicts")
		if len(missing) != others-known || len(conflicts) != others-known || got.list("missing_constraints") == nil || got.str("message") == "" {
			t.Fatalf("with %d of %d OVNs %d are missing, %d placed: %s", known, others, len(missing), len(conflicts), got.text)
		}
		for i := range missing {
			if want := id(100 + known + i); got.str("missing_operational_intents", i, "id") != want || got.str("conflicts", i, "id") != want {
				t.Fatalf("%s is not listed: %s", want, got.text)
			}
			if got.at("missing_operational_intents", i, "ovn") != nil {
				t.Fatalf("the OVN is told: %s", got.text)
			}
			if got.str("conflicts", i, "kind") != "operational_intent" || len(got.list("conflicts", i, "where_and_when")) != 2 {
				t.Fatalf("conflict %d: %v", i, got.at("conflicts", i))
			}
			for j := range 2 {
				inOwn(t, mine, got, "conflicts", i, "where_and_when", j)
			}
		}
	}
}

// inOwn requires that a meeting lies in the volume of the request that it names,
// grown by at most the width of a cell of the outlines.
func inOwn(t *testing.T, own []object, got reply, at ...any) {
	t.Helper()
	path := func(more ...any) []any { return append(slices.Clone(at), more...) }
	number, ok := got.at(path("extent")...).(float64)
	if !ok || int(number) >= len(own) {
		t.Fatalf("no extent: %v", got.at(at...))
	}
	mine := own[int(number)]
	const cell = 0.00005 // degrees; cells are about 2 m wide
	ring := mine["volume"].(object)["outline_polygon"].(object)["vertices"].([]object)
	for i := range 4 {
		lat, _ := got.at(path("box", "volume", "outline_polygon", "vertices", i, "lat")...).(float64)
		lng, _ := got.at(path("box", "volume", "outline_polygon", "vertices", i, "lng")...).(float64)
		if lat < ring[0]["lat"].(float64)-cell || lat > ring[2]["lat"].(float64)+cell ||
			lng < ring[0]["lng"].(float64)-cell || lng > ring[2]["lng"].(float64)+cell {
			t.Fatalf("%v,%v lies outside %v", lat, lng, ring)
		}
	}
	if from, to := got.str(path("box", "time_start", "value")...), got.str(path("box", "time_end", "value")...); from < mine["time_start"].(object)["value"].(string) || to > mine["time_end"].(object)["value"].(string) || from >= to {
		t.Fatalf("%s to %s lies outside %v", from, to, mine)
	}
	lower, _ := got.at(path("box", "volume", "altitude_lower", "value")...).(float64)
	upper, _ := got.at(path("box", "volume", "altitude_upper", "value")...).(float64)
	if lower != 100 || upper != 200 {
		t.Fatalf("%v to %v m, want 100 to 200", lower, upper)
	}
}

// Constraints count in the key of whoever is told of constraints.
func TestKeyRuleForConstraints(t *testing.T) {
	n := newNode(t, Limits{})
	ovn := n.want(201, rules, "PUT", cr+id(1), constraintBody()).str("constraint_reference", "ovn")
	body := deep(intentBody(), object{"uss_base_url": "https://alpha.example.net", "notify_for_constraints": true}, "new_subscription")
	got := n.want(409, alpha, "PUT", oir+id(2), body)
	if got.str("missing_constraints", 0, "id") != id(1) || got.str("conflicts", 0, "kind") != "constraint" || len(got.list("missing_operational_intents")) != 0 {
		t.Fatal(got.text)
	}
	body["key"] = []string{ovn}
	n.create(alpha, 2, body)
	delete(body, "new_subscription")
	body["key"] = []string{n.want(200, alpha, "GET", oir+id(2), nil).str("operational_intent_reference", "ovn")}
	n.create(alpha, 3, body)
}

// What one party is told never holds what is another's: OVNs, subscriptions and
// their versions.
func TestIsolation(t *testing.T) {
	n := newNode(t, Limits{})
	var secrets []string
	body := deep(intentBody(), object{"uss_base_url": "https://alpha.example.net/implicit"}, "new_subscription")
	made := n.want(201, alpha, "PUT", oir+id(1), body)
	secrets = append(secrets, made.str("operational_intent_reference", "ovn"))
	implicit := made.str("operational_intent_reference", "subscription_id")
	secrets = append(secrets, n.want(200, alpha, "GET", sub+implicit, nil).str("subscription", "version"))
	secrets = append(secrets, n.want(200, alpha, "PUT", sub+id(5), subscriptionBody()).str("subscription", "version"))
	rule := n.want(201, rules, "PUT", cr+id(1), constraintBody())
	secrets = append(secrets, rule.str("constraint_reference", "ovn"))
	for _, s := range secrets {
		if len(s) < 16 {
			t.Fatalf("%q is no secret: %v", s, secrets)
		}
	}
	query := object{"area_of_interest": square(0, 0, time.Hour)}
	other := intentBody("guess")
	other["uss_base_url"] = "https://bravo.example.net"
	told := deep(subscriptionBody(), true, "notify_for_constraints")
	told["uss_base_url"] = "https://bravo.example.net"
	for _, c := range []struct {
		method, path string
		body         any
		want         int
	}{
		{"GET", oir + id(1), nil, 200},
		{"POST", oir + "query", query, 200},
		{"PUT", oir + id(2), other, 409},
		{"PUT", oir + id(1), other, 409},
		{"PUT", oir + id(1) + "/guess-guess-guess", other, 403},
		{"PUT", oir + id(1) + "/" + secrets[0], other, 403},
		{"DELETE", oir + id(1) + "/" + secrets[0], nil, 403},
		{"DELETE", oir + id(1) + "/guess-guess-guess", nil, 403},
		{"GET", cr + id(1), nil, 200},
		{"POST", cr + "query", query, 200},
		{"GET", sub + implicit, nil, 403},
		{"GET", sub + id(5), nil, 403},
		{"PUT", sub + id(5), told, 409},
		{"PUT", sub + id(5) + "/guess", told, 403},
		{"PUT", sub + id(5) + "/" + secrets[2], told, 403},
		{"DELETE", sub + id(5) + "/guess", nil, 403},
		{"DELETE", sub + id(5) + "/" + secrets[2], nil, 403},
		{"POST", sub + "query", query, 200},
		{"PUT", oir + id(2), deep(other, id(5), "subscription_id"), 400},
		{"PUT", oir + id(2), deep(other, implicit, "subscription_id"), 400},
		{"PUT", sub + id(6), told, 200},
	} {
		got := n.send(bravo, c.method, c.path, c.body)
		if got.status != c.want {
			t.Errorf("%s %s: status %d, want %d: %s", c.method, c.path, got.status, c.want, got.text)
		}
		for _, s := range secrets {
			if strings.Contains(got.text, s) {
				t.Errorf("%s %s tells %s: %s", c.method, c.path, s, got.text)
			}
		}
		if c.path == sub+"query" && len(got.list("subscriptions")) != 0 {
			t.Errorf("another's subscriptions are listed: %s", got.text)
		}
	}
	after := n.want(200, alpha, "GET", oir+id(1), nil)
	if after.str("operational_intent_reference", "ovn") != secrets[0] {
		t.Errorf("the intent was changed by another: %s", after.text)
	}
	// That a subscription is another's is not told from that it does not exist.
	one := n.send(bravo, "PUT", oir+id(2), deep(other, id(5), "subscription_id"))
	none := n.send(bravo, "PUT", oir+id(2), deep(other, id(77), "subscription_id"))
	if one.text != none.text {
		t.Errorf("%s differs from %s", one.text, none.text)
	}
}

// A USS that is marked Down may not plan, and others see that it is.
func TestDown(t *testing.T) {
	n := newNode(t, Limits{})
	ovn := n.create(alpha, 1, intentBody())
	version := n.want(200, judge, "PUT", "/dss/v1/uss_availability/uss-alpha", object{"old_version": "", "availability": "Down"}).str("version")
	n.want(412, alpha, "PUT", oir+id(2), intentBody(ovn))
	n.want(412, alpha, "PUT", oir+id(1)+"/"+ovn, intentBody())
	n.want(412, alpha, "DELETE", oir+id(1)+"/"+ovn, nil)
	if got := n.want(200, bravo, "GET", oir+id(1), nil); got.str("operational_intent_reference", "uss_availability") != "Down" {
		t.Error(got.text)
	}
	off := deep(intentBody(), object{"uss_base_url": "https://alpha.example.net"}, "new_subscription")
	n.want(200, watch, "PUT", oir+id(1)+"/"+ovn, deep(off, "Nonconforming", "state"))
	n.want(409, judge, "PUT", "/dss/v1/uss_availability/uss-alpha", object{"old_version": "", "availability": "Normal"})
	n.want(200, judge, "PUT", "/dss/v1/uss_availability/uss-alpha", object{"old_version": version, "availability": "Normal"})
}

// An OVN may be asked for; it then is exactly the id and the suffix.
func TestRequestedOVN(t *testing.T) {
	n := newNode(t, Limits{})
	first := suffix(start.Add(-4*time.Minute), '7', '8')
	if ovn := n.create(alpha, 1, deep(intentBody(), first, "requested_ovn_suffix")); ovn != id(1)+"_"+first {
		t.Errorf("OVN %s", ovn)
	}
	again := deep(intentBody(), first, "requested_ovn_suffix")
	n.refuses(t, alpha, "PUT", oir+id(1)+"/"+id(1)+"_"+first, []badRequest{{"the same OVN", again, 400, "that of the current OVN"}})
	second := suffix(start.Add(4*time.Minute), '7', 'b')
	got := n.want(200, alpha, "PUT", oir+id(1)+"/"+id(1)+"_"+first, deep(again, second, "requested_ovn_suffix"))
	if ovn := got.str("operational_intent_reference", "ovn"); ovn != id(1)+"_"+second {
		t.Errorf("OVN %s", ovn)
	}
}

// Start and end of a subscription may each be left open.
func TestOpenSubscriptions(t *testing.T) {
	n := newNode(t, Limits{})
	for i, c := range []struct {
		from, to   time.Duration
		start, end bool
		wantFrom   time.Duration
		wantTo     time.Duration
	}{
		{time.Hour, 2 * time.Hour, true, true, time.Hour, 2 * time.Hour},
		{time.Hour, 0, true, false, time.Hour, 25 * time.Hour},
		{0, 2 * time.Hour, false, true, 0, 2 * time.Hour},
		{0, 0, false, false, 0, 24 * time.Hour},
		{-time.Minute, 24*time.Hour - time.Minute, true, true, -time.Minute, 24*time.Hour - time.Minute},
	} {
		area := square(0, c.from, c.to)
		if !c.start {
			delete(area, "time_start")
		}
		if !c.end {
			delete(area, "time_end")
		}
		got := n.want(200, alpha, "PUT", sub+id(i+1), deep(subscriptionBody(), area, "extents"))
		from, to := got.str("subscription", "time_start", "value"), got.str("subscription", "time_end", "value")
		if from != instant(c.wantFrom)["value"] || to != instant(c.wantTo)["value"] {
			t.Errorf("%+v: from %s to %s", c, from, to)
		}
	}
	// Without altitudes it reaches from the ground to the sky.
	high := square(0, 0, time.Hour)
	high["volume"].(object)["altitude_lower"], high["volume"].(object)["altitude_upper"] = metres(90_000), metres(90_001)
	flat := square(0, 0, time.Hour)
	delete(flat["volume"].(object), "altitude_lower")
	delete(flat["volume"].(object), "altitude_upper")
	n.want(200, alpha, "PUT", sub+id(9), deep(subscriptionBody(), flat, "extents"))
	got := n.want(200, alpha, "POST", sub+"query", object{"area_of_interest": high})
	if list := got.list("subscriptions"); len(list) != 1 || got.str("subscriptions", 0, "id") != id(9) {
		t.Error(got.text)
	}
}

// A query whose start equals its end asks about that instant, and one without
// bounds about all there is.
func TestQueries(t *testing.T) {
	n := newNode(t, Limits{})
	n.create(alpha, 1, intentBody())
	at := func(area object) string {
		t.Helper()
		got := n.want(200, bravo, "POST", oir+"query", object{"area_of_interest": area})
		var ids []string
		for i := range got.list("operational_intent_references") {
			ids = append(ids, got.str("operational_intent_references", i, "id"))
		}
		if got.list("operational_intent_references") == nil {
			t.Errorf("no list: %s", got.text)
		}
		return strings.Join(ids, " ")
	}
	open := square(0, 0, 0)
	delete(open, "time_start")
	delete(open, "time_end")
	delete(open["volume"].(object), "altitude_lower")
	delete(open["volume"].(object), "altitude_upper")
	for i, c := range []struct {
		area object
		want string
	}{
		{square(0, 0, time.Hour), id(1)},
		{square(0, 0, 0), id(1)},
		{square(0, time.Hour, time.Hour), ""},
		{square(0, time.Hour-1, time.Hour-1), id(1)},
		{square(0, time.Hour, 2*time.Hour), ""},
		{square(0, -time.Hour, 0), ""},
		{square(1.1, 0, time.Hour), ""},
		{open, id(1)},
		{circle(1), id(1)},
	} {
		if got := at(c.area); got != c.want {
			t.Errorf("area %d: %q, want %q", i, got, c.want)
		}
	}
}

// Subscribers of a change are told by URL with their notification indices.
func TestSubscribers(t *testing.T) {
	n := newNode(t, Limits{})
	for i, as := range []bearer{alpha, bravo, bravo} {
		body := subscriptionBody()
		body["uss_base_url"] = fmt.Sprintf("https://uss-%d.example.net", min(i, 1))
		n.want(200, as, "PUT", sub+id(i+1), body)
	}
	got := n.want(201, alpha, "PUT", oir+id(1), intentBody())
	if len(got.list("subscribers")) != 2 || got.str("subscribers", 1, "uss_base_url") != "https://uss-1.example.net" ||
		got.str("subscribers", 1, "subscriptions", 1, "subscription_id") != id(3) || got.at("subscribers", 1, "subscriptions", 1, "notification_index") != 1.0 {
		t.Error(got.text)
	}
	if got := n.want(200, bravo, "GET", sub+id(3), nil); got.at("subscription", "notification_index") != 1.0 {
		t.Error(got.text)
	}
}
