package conformance

import (
	"slices"
	"strings"
)

// Scopes of the standard, and those of InterUSS for what lies beside it.
const (
	scopeStrategic   = "utm.strategic_coordination"
	scopeManagement  = "utm.constraint_management"
	scopeProcessing  = "utm.constraint_processing"
	scopeConformance = "utm.conformance_monitoring_sa"
	scopeArbitration = "utm.availability_arbitration"
	scopePool        = "interuss.pool_status.read"
	scopeVersions    = "interuss.versioning.read_system_versions"
	scopeForeign     = "interuss.flight_planning.direct_automated_test"
)

var allScopes = []string{
	scopeStrategic, scopeManagement, scopeProcessing, scopeConformance, scopeArbitration,
	scopePool, scopeVersions, scopeForeign,
}

// operation is one endpoint.
type operation struct {
	name   string
	method string
	path   string   // with {id}, {ovn}, {version}, {uss} or {system}
	scopes []string // alternatives, joined by a blank where several are needed at once
	// The schema of the success, and of 409 where it is not ErrorResponse.
	success  int
	schema   string
	conflict string
	refusals []int // documented besides 400, 401, 403 and 429
	beside   bool  // not of the standard
}

const (
	intentsPath       = "/dss/v1/operational_intent_references"
	constraintsPath   = "/dss/v1/constraint_references"
	subscriptionsPath = "/dss/v1/subscriptions"
	availabilityPath  = "/dss/v1/uss_availability"
	reportsPath       = "/dss/v1/reports"
)

var (
	intentReaders     = []string{scopeStrategic, scopeConformance}
	intentWriters     = []string{scopeStrategic, scopeStrategic + " " + scopeProcessing, scopeConformance}
	constraintReaders = []string{scopeManagement, scopeProcessing}
	constraintWriters = []string{scopeManagement}
	subscribing       = []string{scopeStrategic, scopeProcessing}
)

var operations = []operation{
	{name: "query intents", method: "POST", path: intentsPath + "/query", scopes: intentReaders, success: 200, schema: "QueryOperationalIntentReferenceResponse", refusals: []int{413}},
	{name: "get intent", method: "GET", path: intentsPath + "/{id}", scopes: intentReaders, success: 200, schema: "GetOperationalIntentReferenceResponse", refusals: []int{404}},
	{name: "create intent", method: "PUT", path: intentsPath + "/{id}", scopes: intentWriters, success: 201, schema: "ChangeOperationalIntentReferenceResponse", conflict: "AirspaceConflictResponse", refusals: []int{409, 412, 413}},
	{name: "update intent", method: "PUT", path: intentsPath + "/{id}/{ovn}", scopes: intentWriters, success: 200, schema: "ChangeOperationalIntentReferenceResponse", conflict: "AirspaceConflictResponse", refusals: []int{409, 412, 413}},
	{name: "delete intent", method: "DELETE", path: intentsPath + "/{id}/{ovn}", scopes: intentReaders, success: 200, schema: "ChangeOperationalIntentReferenceResponse", refusals: []int{404, 409, 412}},
	{name: "query constraints", method: "POST", path: constraintsPath + "/query", scopes: constraintReaders, success: 200, schema: "QueryConstraintReferencesResponse", refusals: []int{413}},
	{name: "get constraint", method: "GET", path: constraintsPath + "/{id}", scopes: constraintReaders, success: 200, schema: "GetConstraintReferenceResponse", refusals: []int{404}},
	{name: "create constraint", method: "PUT", path: constraintsPath + "/{id}", scopes: constraintWriters, success: 201, schema: "ChangeConstraintReferenceResponse", refusals: []int{409, 413}},
	{name: "update constraint", method: "PUT", path: constraintsPath + "/{id}/{ovn}", scopes: constraintWriters, success: 200, schema: "ChangeConstraintReferenceResponse", refusals: []int{409, 413}},
	{name: "delete constraint", method: "DELETE", path: constraintsPath + "/{id}/{ovn}", scopes: constraintWriters, success: 200, schema: "ChangeConstraintReferenceResponse", refusals: []int{404, 409}},
	{name: "query subscriptions", method: "POST", path: subscriptionsPath + "/query", scopes: subscribing, success: 200, schema: "QuerySubscriptionsResponse", refusals: []int{413}},
	{name: "get subscription", method: "GET", path: subscriptionsPath + "/{id}", scopes: subscribing, success: 200, schema: "GetSubscriptionResponse", refusals: []int{404}},
	{name: "create subscription", method: "PUT", path: subscriptionsPath + "/{id}", scopes: subscribing, success: 200, schema: "PutSubscriptionResponse", refusals: []int{409}},
	{name: "update subscription", method: "PUT", path: subscriptionsPath + "/{id}/{version}", scopes: subscribing, success: 200, schema: "PutSubscriptionResponse", refusals: []int{409}},
	{name: "delete subscription", method: "DELETE", path: subscriptionsPath + "/{id}/{version}", scopes: subscribing, success: 200, schema: "DeleteSubscriptionResponse", refusals: []int{404, 409}},
	{name: "report", method: "POST", path: reportsPath, scopes: []string{scopeManagement, scopeProcessing, scopeStrategic, scopeConformance, scopeArbitration}, success: 201, schema: "ErrorReport"},
	{name: "set availability", method: "PUT", path: availabilityPath + "/{uss}", scopes: []string{scopeArbitration}, success: 200, schema: "UssAvailabilityStatusResponse"},
	{name: "get availability", method: "GET", path: availabilityPath + "/{uss}", scopes: []string{scopeArbitration, scopeStrategic, scopeConformance}, success: 200, schema: "UssAvailabilityStatusResponse"},
	{name: "pool", method: "GET", path: "/aux/v1/pool", scopes: []string{scopePool}, success: 200, schema: "PoolStatus", beside: true},
	{name: "auxiliary version", method: "GET", path: "/aux/v1/version", scopes: []string{scopeVersions, scopePool}, success: 200, schema: "Version", beside: true},
	{name: "version", method: "GET", path: "/versions/{system}", scopes: []string{scopeVersions}, success: 200, schema: "SystemVersion", beside: true},
}

// operationOf returns the operation that a request is for, nil when there is
// none. An empty path element fits no parameter.
func operationOf(method, path string) *operation {
	elements := strings.Split(path, "/")
	for i := range operations {
		o := &operations[i]
		pattern := strings.Split(o.path, "/")
		if o.method == method && slices.EqualFunc(pattern, elements, func(p, e string) bool {
			return p == e || strings.HasPrefix(p, "{") && e != "" && e != "query"
		}) {
			return o
		}
	}
	return nil
}

// schemaOf returns the schema of a response by its status.
func (o *operation) schemaOf(status int) string {
	switch {
	case o == nil || status >= 400 && (status != 409 || o.conflict == ""):
		return "ErrorResponse"
	case status == 409:
		return o.conflict
	}
	return o.schema
}

// fits tells whether a token with these scopes, parted by blanks, opens the
// operation.
func (o *operation) fits(scopes string) bool {
	have := strings.Fields(scopes)
	return slices.ContainsFunc(o.scopes, func(need string) bool {
		return !slices.ContainsFunc(strings.Fields(need), func(s string) bool { return !slices.Contains(have, s) })
	})
}
