package f3548

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/auth"
)

// route is one operation. Its path has elements in braces that are left open.
type route struct {
	method string
	path   string
	scopes []string // any of which opens it
	status int      // of success
	serve  func(*DSS, *call) (any, error)
}

// The scopes that open operations, as the standard lists them for each.
var (
	planning        = []string{auth.ScopeStrategicCoordination, auth.ScopeConformanceMonitoring}
	subscribing     = []string{auth.ScopeConstraintProcessing, auth.ScopeStrategicCoordination}
	readingRules    = []string{auth.ScopeConstraintManagement, auth.ScopeConstraintProcessing}
	managingRules   = []string{auth.ScopeConstraintManagement}
	processingRules = []string{auth.ScopeConstraintProcessing}
	coordinating    = []string{auth.ScopeStrategicCoordination}
	monitoring      = []string{auth.ScopeConformanceMonitoring}
	arbitrating     = []string{auth.ScopeAvailability}
	asking          = []string{auth.ScopeAvailability, auth.ScopeStrategicCoordination, auth.ScopeConformanceMonitoring}
	reporting       = []string{
		auth.ScopeConstraintManagement, auth.ScopeConstraintProcessing, auth.ScopeStrategicCoordination,
		auth.ScopeConformanceMonitoring, auth.ScopeAvailability,
	}
	pooling    = []string{auth.ScopePoolStatus}
	versioning = []string{auth.ScopeVersions}
	// InterUSS leaves open which scope opens the version; either shows that the
	// caller has business here.
	versioningOrPooling = []string{auth.ScopePoolStatus, auth.ScopeVersions}
)

const (
	intents       = "/dss/v1/operational_intent_references"
	constraints   = "/dss/v1/constraint_references"
	subscriptions = "/dss/v1/subscriptions"
)

var routes = []route{
	{http.MethodPost, intents + "/query", planning, http.StatusOK, (*DSS).queryIntents},
	{http.MethodGet, intents + "/{id}", planning, http.StatusOK, (*DSS).getIntent},
	{http.MethodPut, intents + "/{id}", planning, http.StatusCreated, (*DSS).createIntent},
	{http.MethodPut, intents + "/{id}/{ovn}", planning, http.StatusOK, (*DSS).updateIntent},
	{http.MethodDelete, intents + "/{id}/{ovn}", planning, http.StatusOK, (*DSS).deleteIntent},

	{http.MethodPost, constraints + "/query", readingRules, http.StatusOK, (*DSS).queryConstraints},
	{http.MethodGet, constraints + "/{id}", readingRules, http.StatusOK, (*DSS).getConstraint},
	{http.MethodPut, constraints + "/{id}", managingRules, http.StatusCreated, (*DSS).createConstraint},
	{http.MethodPut, constraints + "/{id}/{ovn}", managingRules, http.StatusOK, (*DSS).updateConstraint},
	{http.MethodDelete, constraints + "/{id}/{ovn}", managingRules, http.StatusOK, (*DSS).deleteConstraint},

	{http.MethodPost, subscriptions + "/query", subscribing, http.StatusOK, (*DSS).querySubscriptions},
	{http.MethodGet, subscriptions + "/{id}", subscribing, http.StatusOK, (*DSS).getSubscription},
	{http.MethodPut, subscriptions + "/{id}", subscribing, http.StatusOK, (*DSS).createSubscription},
	{http.MethodPut, subscriptions + "/{id}/{version}", subscribing, http.StatusOK, (*DSS).updateSubscription},
	{http.MethodDelete, subscriptions + "/{id}/{version}", subscribing, http.StatusOK, (*DSS).deleteSubscription},

	{http.MethodGet, "/dss/v1/uss_availability/{uss}", asking, http.StatusOK, (*DSS).getAvailability},
	{http.MethodPut, "/dss/v1/uss_availability/{uss}", arbitrating, http.StatusOK, (*DSS).setAvailability},
	{http.MethodPost, "/dss/v1/reports", reporting, http.StatusCreated, (*DSS).fileReport},

	{http.MethodGet, "/uss/v1/operational_intents/{id}", coordinating, http.StatusOK, (*DSS).getDetails},
	{http.MethodGet, "/uss/v1/operational_intents/{id}/telemetry", monitoring, http.StatusOK, (*DSS).getTelemetry},
	{http.MethodPost, "/uss/v1/operational_intents", coordinating, http.StatusNoContent, (*DSS).hearIntent},
	{http.MethodGet, "/uss/v1/constraints/{id}", processingRules, http.StatusOK, (*DSS).getConstraintDetails},
	{http.MethodPost, "/uss/v1/constraints", managingRules, http.StatusNoContent, (*DSS).hearConstraint},
	{http.MethodPost, "/uss/v1/reports", reporting, http.StatusCreated, (*DSS).fileReport},

	{http.MethodGet, "/aux/v1/pool", pooling, http.StatusOK, (*DSS).pool},
	{http.MethodGet, "/aux/v1/version", versioningOrPooling, http.StatusOK, (*DSS).version},
	{http.MethodGet, "/versions/{system}", versioning, http.StatusOK, (*DSS).systemVersion},
}

// elements are those of the paths of routes.
var elements = func() [][]string {
	list := make([][]string, len(routes))
	for i := range routes {
		list[i] = strings.Split(routes[i].path, "/")
	}
	return list
}()

// maxElements is the number of elements of the longest path, with the empty one
// before the first slash.
const maxElements = 6

// find returns the route of a request and the open elements of its path. Paths
// are taken as they are: no redirect, no cleaning, and an empty element is an
// element, which the operation refuses.
func find(r *http.Request) (*route, []string, error) {
	given := strings.SplitN(r.URL.EscapedPath(), "/", maxElements+1)
	var allowed []string
	for i := range routes {
		to := &routes[i]
		if !fits(elements[i], given) {
			continue
		}
		if to.method != r.Method {
			allowed = append(allowed, to.method)
			continue
		}
		open, err := opened(elements[i], given)
		return to, open, err
	}
	if allowed == nil {
		return nil, nil, refuse(http.StatusNotFound, "there is nothing at this path")
	}
	slices.Sort(allowed)
	return nil, nil, &refusal{
		status:  http.StatusMethodNotAllowed,
		message: "found method " + quote(r.Method) + ", expected " + words(allowed),
		allow:   words(allowed),
	}
}

func isOpen(element string) bool { return strings.HasPrefix(element, "{") }

func fits(pattern, given []string) bool {
	if len(given) != len(pattern) {
		return false
	}
	for i, e := range pattern {
		if !isOpen(e) && e != given[i] {
			return false
		}
	}
	return true
}

// opened returns the elements that the pattern leaves open, unescaped.
func opened(pattern, given []string) ([]string, error) {
	var open []string
	for i, e := range pattern {
		if !isOpen(e) {
			continue
		}
		text, err := url.PathUnescape(given[i])
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "path element %s: %v", e, err)
		}
		open = append(open, text)
	}
	return open, nil
}
