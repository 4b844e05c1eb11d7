package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/web"
)

// area is which handler serves a path.
type area uint8

const (
	nowhere area = iota
	health
	ready
	dss
	native // api
	token  // the built-in issuer's
	keys
	session
	invitations
	page    // the map
	basemap // what it may be drawn over
)

// route is where a path leads. Its name has no ids in it, so that there are few.
type route struct {
	name      string
	area      area
	f3548     bool // errors are in the form of F3548-21
	stream    bool // stays open
	pack      bool // takes long
	unlimited bool
}

// routes are the places that have a name of their own in metrics and logs; {}
// stands for one element of the path. The others of an area share one name.
var routes = []struct {
	path string
	route
}{
	{"/", route{area: page}},
	{web.BasemapPath, route{area: basemap}},
	{"/healthz", route{area: health, unlimited: true}},
	{"/readyz", route{area: ready, unlimited: true}},
	{"/oauth/token", route{area: token}},
	{"/.well-known/jwks.json", route{area: keys}},
	{"/dss/v1/operational_intent_references/query", route{area: dss, f3548: true}},
	{"/dss/v1/operational_intent_references/{}", route{area: dss, f3548: true}},
	{"/dss/v1/operational_intent_references/{}/{}", route{area: dss, f3548: true}},
	{"/dss/v1/constraint_references/query", route{area: dss, f3548: true}},
	{"/dss/v1/constraint_references/{}", route{area: dss, f3548: true}},
	{"/dss/v1/constraint_references/{}/{}", route{area: dss, f3548: true}},
	{"/dss/v1/subscriptions/query", route{area: dss, f3548: true}},
	{"/dss/v1/subscriptions/{}", route{area: dss, f3548: true}},
	{"/dss/v1/subscriptions/{}/{}", route{area: dss, f3548: true}},
	{"/dss/v1/uss_availability/{}", route{area: dss, f3548: true}},
	{"/dss/v1/reports", route{area: dss, f3548: true}},
	{"/uss/v1/operational_intents", route{area: dss, f3548: true}},
	{"/uss/v1/operational_intents/{}", route{area: dss, f3548: true}},
	{"/uss/v1/operational_intents/{}/telemetry", route{area: dss, f3548: true}},
	{"/uss/v1/constraints", route{area: dss, f3548: true}},
	{"/uss/v1/constraints/{}", route{area: dss, f3548: true}},
	{"/uss/v1/reports", route{area: dss, f3548: true}},
	{"/v1/intents", route{area: native}},
	{"/v1/intents/{}", route{area: native}},
	{"/v1/constraints", route{area: native}},
	{"/v1/constraints/{}", route{area: native}},
	{"/v1/subscriptions", route{area: native}},
	{"/v1/subscriptions/{}", route{area: native}},
	{"/v1/parties/me", route{area: native}},
	{"/v1/status", route{area: native}},
	{"/v1/events", route{area: native, stream: true}},
	{"/v1/receipts/{}", route{area: native}},
	{"/v1/packs", route{area: native, pack: true}},
	{"/v1/options", route{area: native}},
	{"/v1/check", route{area: native}},
	{"/v1/plans", route{area: native}},
	{"/v1/acts", route{area: native}},
	{"/v1/inbox/{}", route{area: native, stream: true}},
	{"/v1/forms", route{area: native}},
	{"/v1/parties", route{area: native}},
	{"/v1/parties/{}", route{area: native}},
	{"/v1/agreements", route{area: native}},
	{"/v1/agreements/{}", route{area: native}},
	{"/v1/rules/{}", route{area: native}},
	{"/v1/links/{}", route{area: native}},
	{"/v1/notices/{}", route{area: native}},
	{"/v1/zones", route{area: native}},
	{"/v1/sites", route{area: native}},
	{"/v1/declared", route{area: native}},
	{"/v1/declared/{}", route{area: native}},
	{"/v1/desk/{}", route{area: native}},
	{"/v1/messages/{}", route{area: native}},
	{"/v1/stops/{}", route{area: native}},
	{"/v1/offers", route{area: native}},
	{"/v1/offers/{}", route{area: native}},
	{"/v1/incidents", route{area: native}},
	{"/v1/incidents/{}", route{area: native}},
	{"/v1/heads/{}", route{area: native}},
	{"/v1/session", route{area: session}},
	{"/v1/invitations", route{area: invitations}},
	{"/v1/picture", route{area: native}},
	{"/v1/picture/digest", route{area: native}},
	{"/v1/openapi.yaml", route{area: native}},
	{"/log/checkpoint", route{area: native}},
	{"/log/cosignature", route{area: native}},
}

// areas are the beginnings of paths.
var areas = []struct {
	prefix string
	route
}{
	{"/dss/", route{name: "/dss/", area: dss, f3548: true}},
	{"/uss/", route{name: "/uss/", area: dss, f3548: true}},
	{"/aux/", route{name: "/aux/", area: dss, f3548: true}},
	{"/versions/", route{name: "/versions/", area: dss, f3548: true}},
	{"/v1/", route{name: "/v1/", area: native}},
	{"/log/", route{name: "/log/", area: native}},
	{"/assets/", route{name: "/assets/", area: page}},
}

// byElements are the routes by the number of their path's elements.
var byElements = func() map[int][]int {
	m := map[int][]int{}
	for i := range routes {
		n := strings.Count(routes[i].path, "/")
		routes[i].name = routes[i].path
		m[n] = append(m[n], i)
	}
	return m
}()

// routeOf finds the route of a path. No path is redirected or cleaned.
func routeOf(path string) route {
	for _, i := range byElements[strings.Count(path, "/")] {
		if fits(routes[i].path, path) {
			return routes[i].route
		}
	}
	for i := range areas {
		if strings.HasPrefix(path, areas[i].prefix) {
			return areas[i].route
		}
	}
	return route{name: "other"}
}

// fits compares paths of as many elements.
func fits(pattern, path string) bool {
	for pattern != "" {
		p, patternRest, _ := strings.Cut(pattern, "/")
		e, pathRest, _ := strings.Cut(path, "/")
		if p != e && p != "{}" {
			return false
		}
		pattern, path = patternRest, pathRest
	}
	return path == ""
}

// knownMethod keeps invented methods out of metrics.
func knownMethod(m string) string {
	if slices.Contains([]string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodHead, http.MethodOptions, http.MethodPatch}, m) {
		return m
	}
	return "other"
}
