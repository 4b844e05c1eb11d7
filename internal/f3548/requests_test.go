package f3548

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// An empty element of a path is an element that says nothing: it is refused, not
// redirected and not taken for another operation.
func TestPaths(t *testing.T) {
	n := newNode(t, Limits{})
	ovn := n.create(alpha, 1, intentBody())
	for _, c := range []struct {
		as           bearer
		method, path string
		want         int
	}{
		{alpha, "PUT", oir + id(1) + "/", 400},
		{alpha, "DELETE", oir + id(1) + "/", 400},
		{alpha, "PUT", oir + id(2) + "/", 400},
		{rules, "PUT", cr + id(2) + "/", 400},
		{rules, "DELETE", cr + id(2) + "/", 400},
		{alpha, "PUT", sub + id(2) + "/", 400},
		{alpha, "DELETE", sub + id(2) + "/", 400},
		{alpha, "PUT", oir, 400},
		{alpha, "PUT", oir + "/" + ovn, 400},
		{alpha, "GET", oir, 400},
		{alpha, "GET", oir + "query", 400},
		{judge, "PUT", "/dss/v1/uss_availability/", 400},
		{judge, "GET", "/dss/v1/uss_availability/a%20b", 400},
		{alpha, "GET", oir + "%zz", 400},
		{alpha, "GET", oir + id(1) + "/" + ovn, 405},
		{alpha, "POST", oir + id(1), 405},
		{alpha, "PATCH", oir + id(1), 405},
		{alpha, "HEAD", oir + id(1), 405},
		{"", "GET", "/dss/v1/reports", 405},
		{alpha, "GET", "//dss/v1/operational_intent_references/" + id(1), 404},
		{alpha, "GET", "/dss//v1/operational_intent_references/" + id(1), 404},
		{alpha, "GET", "/dss/v1/operational_intent_references", 404},
		{alpha, "GET", "/dss/v1/../v1/operational_intent_references/" + id(1), 404},
		{alpha, "DELETE", oir + id(1) + "/" + ovn + "/", 404},
		{alpha, "GET", oir + id(1) + "%2F", 400},
		{alpha, "GET", "/dss/v1/", 404},
		{alpha, "GET", "/dss/v1/operational_intent_references/" + strings.Repeat("/", 10000), 404},
		{with("a", "interuss.versioning.read_system_versions"), "GET", "/versions/elsewhere", 404},
		{alpha, "GET", oir + strings.ToUpper(id(1)), 200},
	} {
		r, err := http.NewRequest(c.method, "http://node.example"+c.path, strings.NewReader("{}"))
		if err != nil { // a path that no client of Go can send
			r, _ = http.NewRequest(c.method, "http://node.example", nil)
			r.URL.Path, r.URL.RawPath = c.path, c.path
		}
		r.Header.Set("Authorization", string(c.as))
		got := n.serve(r)
		if got.status != c.want || got.header.Get("Location") != "" {
			t.Errorf("%s %.80s: status %d, want %d: %s", c.method, c.path, got.status, c.want, got.text)
		}
		if c.want >= 400 && got.str("message") == "" {
			t.Errorf("%s %.80s: no message: %s", c.method, c.path, got.text)
		}
		if c.want == 405 && got.header.Get("Allow") == "" {
			t.Errorf("%s %.80s: no Allow", c.method, c.path)
		}
	}
	if size := n.dss.Engine.Head().Size; size != 1 {
		t.Errorf("refused requests left %d entries", size-1)
	}
}

type badRequest struct {
	name string
	body any
	want int
	says string
}

func manyVertices(n int) object {
	v := square(0, 0, time.Hour)
	ring := make([]object, n)
	for i := range ring { // a comb, whose teeth do not cross
		ring[i] = object{"lat": 45 + float64(i)*1e-7, "lng": 10 + float64(i%2)*1e-4}
	}
	v["volume"].(object)["outline_polygon"] = object{"vertices": ring}
	return v
}

// extentFaults are what may be wrong with a volume of an entity.
func extentFaults(body object, place ...any) []badRequest {
	at := func(value any, path ...any) object {
		return deep(body, value, append(append([]any{}, place...), path...)...)
	}
	bow := []object{{"lat": 45.0, "lng": 10.0}, {"lat": 45.001, "lng": 10.001}, {"lat": 45.001, "lng": 10.0}, {"lat": 45.0, "lng": 10.001}}
	return []badRequest{
		{"no volume", at(nil, "volume"), 400, "volume: found nothing"},
		{"no outline", at(nil, "volume", "outline_polygon"), 400, "found no outline"},
		{"AMSL", at("AMSL", "volume", "altitude_lower", "reference"), 400, `altitude_lower.reference: found "AMSL", expected W84`},
		{"SFC", at("SFC", "volume", "altitude_upper", "reference"), 400, `altitude_upper.reference: found "SFC", expected W84`},
		{"feet", at("FT", "volume", "altitude_lower", "units"), 400, `altitude_lower.units: found "FT", expected M`},
		{"altitude as text", at("100", "volume", "altitude_lower", "value"), 400, "altitude_lower.value: found a string, expected a number"},
		{"lower equals upper", at(200, "volume", "altitude_lower", "value"), 400, "lower_not_below_upper"},
		{"lower above upper", at(300, "volume", "altitude_lower", "value"), 400, "lower_not_below_upper"},
		{"too high", at(1e6, "volume", "altitude_upper", "value"), 400, "-8000 to 100000"},
		{"two vertices", at(bow[:2], "volume", "outline_polygon", "vertices"), 400, "too_few_vertices"},
		{"crossing edges", at(bow, "volume", "outline_polygon", "vertices"), 400, "self_crossing"},
		{"repeated vertex", at(append(bow[:1:1], bow...), "volume", "outline_polygon", "vertices"), 400, "duplicate_vertex"},
		{"both outlines", at(circle(10)["volume"].(object)["outline_circle"], "volume", "outline_circle"), 400, "one of them"},
		{"end equals start", at(instant(0), "time_end"), 400, "end_not_after_start"},
		{"end before start", at(instant(-time.Hour), "time_end"), 400, "end_not_after_start"},
		{"offset in time", at(object{"value": "2026-03-01T10:00:00+01:00", "format": "RFC3339"}, "time_start"), 400, "time_start.value"},
		{"other format of time", at(object{"value": "2026-03-01T10:00:00Z", "format": "ISO"}, "time_start"), 400, "time_start.format"},
		{"no such day", at(object{"value": "2026-02-30T10:00:00Z", "format": "RFC3339"}, "time_start"), 400, "time_start.value"},
	}
}

func urlFaults(body object) []badRequest {
	out := []badRequest{{"no URL", deep(body, nil, "uss_base_url"), 400, "uss_base_url: found nothing"}}
	for _, bad := range []string{
		"", "uss.example.net", "ftp://uss.example.net", "https://", "https://user:word@uss.example.net", "https://uss.example.net/?a=b",
		"https://uss.example.net/#x", "https://uss.example.net/utm/", "https://uss.example.net/ü", "https://uss.example.net/\n",
		"https://uss.example.net/" + strings.Repeat("a", 2048), "javascript:alert(1)", "https:///utm",
	} {
		out = append(out, badRequest{fmt.Sprintf("URL %.40q", bad), deep(body, bad, "uss_base_url"), 400, "uss_base_url: found"})
	}
	return out
}

func (n *node) refuses(t *testing.T, as bearer, method, path string, list []badRequest) {
	t.Helper()
	before := n.dss.Engine.Head().Size
	for _, c := range list {
		got := n.send(as, method, path, c.body)
		if got.status != c.want || !strings.Contains(got.str("message"), c.says) {
			t.Errorf("%s: status %d, want %d and %q: %.300s", c.name, got.status, c.want, c.says, got.text)
		}
		if len(got.text) > 2000 {
			t.Errorf("%s: answer of %d bytes", c.name, len(got.text))
		}
	}
	if size := n.dss.Engine.Head().Size; size != before {
		t.Errorf("refused requests left %d entries", size-before)
	}
}

func TestBadIntents(t *testing.T) {
	n := newNode(t, Limits{})
	body := intentBody()
	keys := make([]string, 100_001)
	for i := range keys {
		keys[i] = "k"
	}
	list := append(extentFaults(body, "extents", 0), urlFaults(body)...)
	n.refuses(t, alpha, "PUT", oir+id(1), append(list, []badRequest{
		{"nothing", "", 400, "expected"},
		{"no object", "[]", 400, "found an array, expected an object"},
		{"broken", `{"extents":`, 400, "line 1: found broken JSON"},
		{"text behind", `{} {}`, 400, "broken JSON"},
		{"not UTF-8", "{\"state\":\"\xff\"}", 400, "UTF-8"},
		{"NaN", `{"extents":NaN}`, 400, "broken JSON"},
		{"a member twice", `{"state":"Accepted","state":"Accepted"}`, 400, "state: found the member twice"},
		{"deep", `{"x":` + strings.Repeat("[", 100_000), 400, "nesting deeper than 64"},
		{"large", `{"x":"` + strings.Repeat("a", 4<<20) + `"}`, 413, "more than 4194304 bytes"},
		{"long key", deep(body, keys, "key"), 413, "key: found 100001 OVNs"},
		{"key of numbers", deep(body, []int{1}, "key"), 400, "key[0]: found a number, expected a string"},
		{"no extents", deep(body, nil, "extents"), 400, "extents: found nothing"},
		{"empty extents", deep(body, []object{}, "extents"), 400, "extents: found nothing"},
		{"no floor", deep(body, nil, "extents", 0, "volume", "altitude_lower"), 400, "extents[0].volume.altitude_lower: found nothing"},
		{"no ceiling", deep(body, nil, "extents", 0, "volume", "altitude_upper"), 400, "extents[0].volume.altitude_upper: found nothing"},
		{"no start", deep(body, nil, "extents", 0, "time_start"), 400, "extents[0].time_start: found nothing"},
		{"no end", deep(body, nil, "extents", 0, "time_end"), 400, "extents[0].time_end: found nothing"},
		{"the past", deep(body, []object{square(0, -2*time.Hour, -time.Hour)}, "extents"), 400, "in the past"},
		{"radius in feet", deep(body, []object{deep(circle(100), "FT", "volume", "outline_circle", "radius", "units")}, "extents"), 400, `radius.units: found "FT", expected M`},
		{"too many vertices", deep(body, []object{manyVertices(10_001)}, "extents"), 400, "10001 vertices"},
		{"too many vertices together", deep(body, []object{manyVertices(9_000), manyVertices(1_001)}, "extents"), 400, "10001 vertices"},
		{"1,000 km circle", deep(body, []object{circle(1e6)}, "extents"), 413, "found an area of"},
		{"too large together", deep(body, []object{circle(40e3), circle(40e3)}, "extents"), 413, "found an area of"},
		{"no state", deep(body, nil, "state"), 400, "state: found nothing"},
		{"unknown state", deep(body, "Flying", "state"), 400, `state: found "Flying"`},
		{"Ended", deep(body, "Ended", "state"), 400, "DELETE ends an intent"},
		{"Activated without subscription", deep(body, "Activated", "state"), 400, "needs subscription_id or new_subscription"},
		{"subscription that is no id", deep(body, "mine", "subscription_id"), 400, "subscription_id"},
		{"subscription that is not there", deep(body, id(9), "subscription_id"), 400, "no subscription of the caller"},
		{"implicit subscription without URL", deep(body, object{}, "new_subscription"), 400, "new_subscription.uss_base_url: found nothing"},
		{"suffix that is no UUID", deep(body, "suffix", "requested_ovn_suffix"), 400, "requested_ovn_suffix"},
		{"empty suffix", deep(body, "", "requested_ovn_suffix"), 400, "requested_ovn_suffix"},
		{"suffix of version 6", deep(body, "1f0b7e6a-1c5d-6b3a-8f21-0123456789ab", "requested_ovn_suffix"), 400, "requested_ovn_suffix"},
		{"suffix of another variant", deep(body, suffix(start, '7', '1'), "requested_ovn_suffix"), 400, "requested_ovn_suffix"},
		{"suffix of the past", deep(body, suffix(start.Add(-6*time.Minute), '7', '8'), "requested_ovn_suffix"), 400, "requested_ovn_suffix"},
		{"suffix of the future", deep(body, suffix(start.Add(6*time.Minute), '7', '8'), "requested_ovn_suffix"), 400, "requested_ovn_suffix"},
	}...))
	n.refuses(t, alpha, "PUT", oir+"0", []badRequest{{"no UUID", body, 400, "not a UUID"}})
	n.refuses(t, alpha, "PUT", oir+"00000000-0000-1000-8000-000000000001", []badRequest{{"UUID of version 1", body, 400, "not of version 4"}})
	n.refuses(t, alpha, "PUT", oir+id(0), []badRequest{{"null id", body, 400, "names nothing"}})
}

// suffix is a UUID of a version and variant that was made at a time.
func suffix(at time.Time, version, variant byte) string {
	ms := fmt.Sprintf("%012x", at.UnixMilli())
	return ms[:8] + "-" + ms[8:] + "-" + string(version) + "abc-" + string(variant) + "def-0123456789ab"
}

func TestBadConstraints(t *testing.T) {
	n := newNode(t, Limits{})
	body := constraintBody()
	list := append(extentFaults(body, "extents", 0), urlFaults(body)...)
	n.refuses(t, rules, "PUT", cr+id(1), append(list, []badRequest{
		{"no start", deep(body, nil, "extents", 0, "time_start"), 400, "extents[0].time_start: found nothing"},
		{"the past", deep(body, []object{square(0, -2*time.Hour, -time.Hour)}, "extents"), 400, "in the past"},
		{"too large", deep(body, []object{circle(60e3)}, "extents"), 413, "found an area of"},
	}...))
}

func TestBadSubscriptions(t *testing.T) {
	n := newNode(t, Limits{})
	body := subscriptionBody()
	list := append(extentFaults(body, "extents"), urlFaults(body)...)
	n.refuses(t, alpha, "PUT", sub+id(1), append(list, []badRequest{
		{"no extents", deep(body, nil, "extents"), 400, "extents: found nothing"},
		{"several extents", deep(body, []object{square(0, 0, time.Hour)}, "extents"), 400, "extents: found an array, expected an object"},
		{"neither kind", deep(body, nil, "notify_for_operational_intents"), 400, "of operational intents, of constraints or of both"},
		{"24 h 10 min", deep(body, square(0, 0, 24*time.Hour+10*time.Minute), "extents"), 400, "24 hours"},
		{"the past", deep(body, square(0, -2*time.Hour, -time.Hour), "extents"), 400, "in the past"},
		{"too large", deep(body, circle(50e3), "extents"), 400, "found an area of"},
	}...))
	n.refuses(t, alpha, "PUT", sub+id(0), []badRequest{{"null id", body, 400, "names nothing"}})
}

func TestBadQueries(t *testing.T) {
	n := newNode(t, Limits{})
	body := object{"area_of_interest": square(0, 0, time.Hour)}
	var list []badRequest
	for _, c := range extentFaults(body, "area_of_interest") {
		if c.name != "end equals start" {
			list = append(list, c)
		}
	}
	list = append(list, []badRequest{
		{"nothing", "", 400, "expected"},
		{"no area", object{}, 400, "area_of_interest: found nothing"},
		{"1 by 1 degree", deep(body, []object{{"lat": 45, "lng": 10}, {"lat": 45, "lng": 11}, {"lat": 46, "lng": 11}, {"lat": 46, "lng": 10}}, "area_of_interest", "volume", "outline_polygon", "vertices"), 413, "found an area of"},
	}...)
	n.refuses(t, alpha, "POST", oir+"query", list)
	n.refuses(t, rules, "POST", cr+"query", list)
	n.refuses(t, alpha, "POST", sub+"query", list)
}

func TestBadAvailabilityAndReports(t *testing.T) {
	n := newNode(t, Limits{})
	n.refuses(t, judge, "PUT", "/dss/v1/uss_availability/uss-alpha", []badRequest{
		{"no old version", object{"availability": "Down"}, 400, "old_version: found nothing"},
		{"unknown", object{"old_version": "", "availability": "Asleep"}, 400, `availability: found "Asleep"`},
		{"wrong old version", object{"old_version": "x", "availability": "Down"}, 409, "not the current version"},
	})
	exchange := object{"url": "https://bravo.example.net/uss/v1/x", "method": "GET", "recorder_role": "Client", "request_time": instant(0)}
	list := []badRequest{
		{"no exchange", object{}, 400, "exchange: found nothing"},
		{"exchange that is no object", object{"exchange": "x"}, 400, "exchange: found a string"},
		{"role", object{"exchange": deep(exchange, "Bystander", "recorder_role")}, 400, "exchange.recorder_role"},
		{"time", object{"exchange": deep(exchange, object{"value": "now", "format": "RFC3339"}, "request_time")}, 400, "exchange.request_time.value"},
		{"code as text", object{"exchange": deep(exchange, "500", "response_code")}, 400, "exchange.response_code: found a string"},
		{"code of 34 bits", object{"exchange": deep(exchange, 1<<33, "response_code")}, 400, "exchange.response_code"},
		{"headers as text", object{"exchange": deep(exchange, "a: b", "headers")}, 400, "exchange.headers: found a string, expected an array"},
		{"response time", object{"exchange": deep(exchange, object{"value": "later", "format": "RFC3339"}, "response_time")}, 400, "exchange.response_time.value"},
	}
	for name := range exchange {
		list = append(list, badRequest{"no " + name, object{"exchange": deep(exchange, nil, name)}, 400, "exchange." + name + ": found"})
	}
	n.refuses(t, alpha, "POST", "/dss/v1/reports", list)
}
