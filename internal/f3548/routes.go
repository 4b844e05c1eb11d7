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

	elements []string // of path
}

// The scopes that open operations, as the standard lists them for each.
var (
	planning      = []string{auth.ScopeStrategicCoordination, auth.ScopeConformanceMonitoring}
	subscribing   = []string{auth.ScopeConstraintProcessing, auth.ScopeStrategicCoordination}
	readingRules  = []string{auth.ScopeConstraintManagement, auth.ScopeConstraintProcessing}
	managingRules = []string{auth.ScopeConstraintManagement}
	arbitrating   = []string{auth.ScopeAvailability}
	asking        = []string{auth.ScopeAvailability, auth.ScopeStrategicCoordination, auth.ScopeConformanceMonitoring}
	reporting     = []string{
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
	{http.MethodPost, intents + "/query", planning, http.StatusOK, (*DSS).queryIntents, nil},
	{http.MethodGet, intents + "/{id}", planning, http.StatusOK, (*DSS).getIntent, nil},
	{http.MethodPut, intents + "/{id}", planning, http.StatusCreated, (*DSS).createIntent, nil},
	{http.MethodPut, intents + "/{id}/{ovn}", planning, http.StatusOK, (*DSS).updateIntent, nil},
	{http.MethodDelete, intents + "/{id}/{ovn}", planning, http.StatusOK, (*DSS).deleteIntent, nil},

	{http.MethodPost, constraints + "/query", readingRules, http.StatusOK, (*DSS).queryConstraints, nil},
	{http.MethodGet, constraints + "/{id}", readingRules, http.StatusOK, (*DSS).getConstraint, nil},
	{http.MethodPut, constraints + "/{id}", managingRules, http.StatusCreated, (*DSS).createConstraint, nil},
	{http.MethodPut, constraints + "/{id}/{ovn}", managingRules, http.StatusOK, (*DSS).updateConstraint, nil},
	{http.MethodDelete, constraints + "/{id}/{ovn}", managingRules, http.StatusOK, (*DSS).deleteConstraint, nil},

	{http.MethodPost, subscriptions + "/query", subscribing, http.StatusOK, (*DSS).querySubscriptions, nil},
	{http.MethodGet, subscriptions + "/{id}", subscribing, http.StatusOK, (*DSS).getSubscription, nil},
	{http.MethodPut, subscriptions + "/{id}", subscribing, http.StatusOK, (*DSS).createSubscription, nil},
	{http.MethodPut, subscriptions + "/{id}/{version}", subscribing, http.StatusOK, (*DSS).updateSubscription, nil},
	{http.MethodDelete, subscriptions + "/{id}/{version}", subscribing, http.StatusOK, (*DSS).deleteSubscription, nil},

	{http.MethodGet, "/dss/v1/uss_availability/{uss}", asking, http.StatusOK, (*DSS).getAvailability, nil},
	{http.MethodPut, "/dss/v1/uss_availability/{uss}", arbitrating, http.StatusOK, (*DSS).setAvailability, nil},
	{http.MethodPost, "/dss/v1/reports", reporting, http.StatusCreated, (*DSS).fileReport, nil},

	{http.MethodGet, "/aux/v1/pool", pooling, http.StatusOK, (*DSS).pool, nil},
	{http.MethodGet, "/aux/v1/version", versioningOrPooling, http.StatusOK, (*DSS).version, nil},
	{http.MethodGet, "/versions/{system}", versioning, http.StatusOK, (*DSS).systemVersion, nil},
}

func init() {
	for i := range routes {
		routes[i].elements = strings.Split(routes[i].path, "/")
	}
}

// maxElements is the number of elements of the longest path, with the empty one
// before the first slash.
const maxElements = 6

// find returns the route of a request and the open elements of its path. Paths
// are taken as they are: no redirect, no cleaning, and an empty element is an
// element, which the operation refuses.
func find(r *http.Request) (*route, []string, error) {
	elements := strings.SplitN(r.URL.EscapedPath(), "/", maxElements+1)
	var allowed []string
	for i := range routes {
		to := &routes[i]
		if !to.fits(elements) {
			continue
		}
		if to.method != r.Method {
			allowed = append(allowed, to.method)
			continue
		}
		open, err := to.open(elements)
		return to, open, err
	}
	if allowed == nil {
		return nil, nil, refuse(http.StatusNotFound, "there is nothing at this path")
	}
	slices.Sort(allowed)
	return nil, nil, &refusal{
		status:  http.StatusMethodNotAllowed,
		message: "found method " + quote(r.Method) + ", expected " + words(allowed),
		allow:   strings.Join(slices.Compact(allowed), ", "),
	}
}

func isOpen(element string) bool { return strings.HasPrefix(element, "{") }

func (to *route) fits(elements []string) bool {
	if len(elements) != len(to.elements) {
		return false
	}
	for i, e := range to.elements {
		if !isOpen(e) && e != elements[i] {
			return false
		}
	}
	return true
}

// open returns the open elements, unescaped.
func (to *route) open(elements []string) ([]string, error) {
	var open []string
	for i, e := range to.elements {
		if !isOpen(e) {
			continue
		}
		text, err := url.PathUnescape(elements[i])
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "path element %s: %v", e, err)
		}
		open = append(open, text)
	}
	return open, nil
}
