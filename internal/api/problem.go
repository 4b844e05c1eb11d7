// Package api serves the node's own read interface under /v1 and the journal
// under /log: what is declared, what happened, and the proofs of both. Writing
// is the business of F3548-21 (package f3548).
//
// docs/API.md explains it, openapi.yaml specifies it.
package api

import (
	"net/http"
	"strconv"
	"time"
)

// Problem is an error answer outside F3548-21 (RFC 9457). Its fields other than
// Kind are members of the same name.
type Problem struct {
	// Kind is the last part of the member type, urn:deconflict:problem:KIND.
	Kind   string
	Title  string // one per kind
	Status int    // of HTTP
	Detail string // what was found and what was expected
	// RetryAfter tells when another try may succeed; 0 says nothing.
	RetryAfter time.Duration
	// Details are for programs; nil for none.
	Details any
}

// Kinds of problems that more than one place reports.
var (
	Unauthorized  = Problem{Kind: "unauthorized", Title: "Who calls is not known", Status: http.StatusUnauthorized}
	Forbidden     = Problem{Kind: "forbidden", Title: "The token does not allow it", Status: http.StatusForbidden}
	NotFound      = Problem{Kind: "not-found", Title: "There is nothing here", Status: http.StatusNotFound}
	BadMethod     = Problem{Kind: "method-not-allowed", Title: "The method does not fit the place", Status: http.StatusMethodNotAllowed}
	BadParameter  = Problem{Kind: "bad-parameter", Title: "A parameter cannot be used", Status: http.StatusBadRequest}
	TooLarge      = Problem{Kind: "too-large", Title: "The area is too large", Status: http.StatusRequestEntityTooLarge}
	TooMany       = Problem{Kind: "too-many-requests", Title: "Too many requests", Status: http.StatusTooManyRequests}
	Overloaded    = Problem{Kind: "overloaded", Title: "The node has more to do than it can", Status: http.StatusServiceUnavailable}
	Stopped       = Problem{Kind: "stopped", Title: "The node is stopping", Status: http.StatusServiceUnavailable}
	InternalFault = Problem{Kind: "internal", Title: "The node failed", Status: http.StatusInternalServerError}
)

// With returns the problem with a detail.
func (p Problem) With(detail string) Problem {
	p.Detail = detail
	return p
}

func (p Problem) Error() string { return p.Title + ": " + p.Detail }

// Write answers with the problem. The member instance is the id of the request,
// under which the node's log has more.
func (p Problem) Write(w http.ResponseWriter) {
	body := struct {
		Type     string `json:"type"`
		Title    string `json:"title"`
		Status   int    `json:"status"`
		Detail   string `json:"detail,omitempty"`
		Instance string `json:"instance,omitempty"`
		Details  any    `json:"details,omitempty"`
	}{"urn:deconflict:problem:" + p.Kind, p.Title, p.Status, p.Detail, "", p.Details}
	h := w.Header()
	if id := h.Get("X-Request-Id"); id != "" {
		body.Instance = "urn:deconflict:request:" + id
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.RetryAfter+time.Second-1)/time.Second), 10))
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	data, err := encode(body)
	if err != nil { // what details hold always can
		return
	}
	_, _ = w.Write(data) // the caller went away: nobody to tell
}
