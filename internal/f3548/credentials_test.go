package f3548

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
)

var allScopes = []string{
	auth.ScopeStrategicCoordination, auth.ScopeConstraintManagement, auth.ScopeConstraintProcessing,
	auth.ScopeConformanceMonitoring, auth.ScopeAvailability, auth.ScopePoolStatus, auth.ScopeVersions,
	auth.ScopeRead, auth.ScopeAdmin,
}

// opens are the scopes of each operation as the standard lists them, written
// down again here so that a slip in the routes shows.
var opens = map[string]string{
	"POST /dss/v1/operational_intent_references/query":        "SC CMSA",
	"GET /dss/v1/operational_intent_references/{id}":          "SC CMSA",
	"PUT /dss/v1/operational_intent_references/{id}":          "SC CMSA",
	"PUT /dss/v1/operational_intent_references/{id}/{ovn}":    "SC CMSA",
	"DELETE /dss/v1/operational_intent_references/{id}/{ovn}": "SC CMSA",
	"POST /dss/v1/constraint_references/query":                "CM CP",
	"GET /dss/v1/constraint_references/{id}":                  "CM CP",
	"PUT /dss/v1/constraint_references/{id}":                  "CM",
	"PUT /dss/v1/constraint_references/{id}/{ovn}":            "CM",
	"DELETE /dss/v1/constraint_references/{id}/{ovn}":         "CM",
	"POST /dss/v1/subscriptions/query":                        "SC CP",
	"GET /dss/v1/subscriptions/{id}":                          "SC CP",
	"PUT /dss/v1/subscriptions/{id}":                          "SC CP",
	"PUT /dss/v1/subscriptions/{id}/{version}":                "SC CP",
	"DELETE /dss/v1/subscriptions/{id}/{version}":             "SC CP",
	"GET /dss/v1/uss_availability/{uss}":                      "AA SC CMSA",
	"PUT /dss/v1/uss_availability/{uss}":                      "AA",
	"POST /dss/v1/reports":                                    "SC CM CP CMSA AA",
	"GET /uss/v1/operational_intents/{id}":                    "SC",
	"GET /uss/v1/operational_intents/{id}/telemetry":          "CMSA",
	"POST /uss/v1/operational_intents":                        "SC",
	"GET /uss/v1/constraints/{id}":                            "CP",
	"POST /uss/v1/constraints":                                "CM",
	"POST /uss/v1/reports":                                    "SC CM CP CMSA AA",
	"GET /aux/v1/pool":                                        "POOL",
	"GET /aux/v1/version":                                     "POOL VERSIONS",
	"GET /versions/{system}":                                  "VERSIONS",
}

var short = map[string]string{
	"SC": auth.ScopeStrategicCoordination, "CM": auth.ScopeConstraintManagement, "CP": auth.ScopeConstraintProcessing,
	"CMSA": auth.ScopeConformanceMonitoring, "AA": auth.ScopeAvailability, "POOL": auth.ScopePoolStatus, "VERSIONS": auth.ScopeVersions,
}

// Every operation answers 401 without a token, with a bad one and with one of no
// scope; 403 with every scope that does not open it, whatever the body and the
// path; and with one that does, neither.
func TestCredentials(t *testing.T) {
	n := newNode(t, Limits{})
	if len(routes) != len(opens) {
		t.Fatalf("%d operations, %d in the table", len(routes), len(opens))
	}
	for _, to := range routes {
		name := to.method + " " + to.path
		listed, ok := opens[name]
		if !ok {
			t.Errorf("%s is not in the table", name)
		}
		path := strings.NewReplacer("{id}", "no-uuid", "{ovn}", "", "{version}", "", "{uss}", "%20", "{system}", "elsewhere").Replace(to.path)
		check := func(as bearer, want int) {
			got := n.send(as, to.method, path, "{broken")
			if got.status != want || got.str("message") == "" {
				t.Errorf("%s as %q: status %d, want %d: %s", name, as, got.status, want, got.text)
			}
			if got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s as %q: no challenge", name, as)
			}
		}
		for _, as := range []bearer{"", "Bearer nonsense", "Basic dXNlcjpwYXNz", "Bearer dev:uss-alpha:", "Bearer dev::" + bearer(auth.ScopeRead)} {
			check(as, http.StatusUnauthorized)
		}
		for _, scope := range allScopes {
			as := with("uss-alpha", scope)
			if !slices.ContainsFunc(strings.Fields(listed), func(s string) bool { return short[s] == scope }) {
				check(as, http.StatusForbidden)
				continue
			}
			got := n.send(as, to.method, path, "{broken")
			if got.status == http.StatusUnauthorized || got.status == http.StatusForbidden {
				t.Errorf("%s as %q: status %d: %s", name, as, got.status, got.text)
			}
		}
	}
	if size := n.dss.Engine.Head().Size; size != 0 {
		t.Errorf("refused requests left %d entries", size)
	}
}

// Scopes that a member of the body needs are checked too.
func TestScopesOfMembers(t *testing.T) {
	n := newNode(t, Limits{})
	planner := with("uss-alpha", auth.ScopeStrategicCoordination)
	monitor := with("uss-alpha", auth.ScopeConformanceMonitoring)
	processor := with("uss-alpha", auth.ScopeConstraintProcessing)
	implicit := object{"uss_base_url": "https://alpha.example.net", "notify_for_constraints": true}
	offNominal := deep(intentBody(), object{"uss_base_url": "https://alpha.example.net"}, "new_subscription")
	for i, c := range []struct {
		name string
		as   bearer
		path string
		body object
		want int
	}{
		{"Nonconforming without the scope", planner, oir, deep(offNominal, "Nonconforming", "state"), 403},
		{"Contingent without the scope", planner, oir, deep(offNominal, "Contingent", "state"), 403},
		{"Accepted with only the off-nominal scope", monitor, oir, intentBody(), 403},
		{"Nonconforming with the scope", monitor, oir, deep(offNominal, "Nonconforming", "state"), 201},
		{"constraints of an implicit subscription without the scope", planner, oir, deep(intentBody(), implicit, "new_subscription"), 403},
		{"constraints of an implicit subscription", alpha, oir, deep(intentBody(), implicit, "new_subscription"), 201},
		{"subscription to constraints without the scope", planner, sub, deep(subscriptionBody(), true, "notify_for_constraints"), 403},
		{"subscription to intents without the scope", processor, sub, subscriptionBody(), 403},
		{"subscription to both", alpha, sub, deep(subscriptionBody(), true, "notify_for_constraints"), 200},
	} {
		path := c.path + id(i+1)
		if c.path == oir {
			c.body["extents"] = []object{square(float64(2*i), 0, time.Hour)}
		}
		if got := n.send(c.as, http.MethodPut, path, c.body); got.status != c.want {
			t.Errorf("%s: status %d, want %d: %s", c.name, got.status, c.want, got.text)
		}
		if got := n.send(alpha, http.MethodGet, path, nil); (got.status == 404) != (c.want == 403) {
			t.Errorf("%s: afterwards %d: %s", c.name, got.status, got.text)
		}
	}
}
