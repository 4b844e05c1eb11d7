package f3548

import (
	"net/http"
	"testing"
	"time"
)

// A node that is short of disk space takes in nothing new, and lets what is
// there change and end. A flight out of control is always taken in.
func TestShortOfDisk(t *testing.T) {
	n := newNode(t, Limits{})
	ovn := n.create(alpha, 1, intentBody())
	full := true
	n.dss.Full = func() bool { return full }

	for _, c := range []struct {
		as   bearer
		path string
		body object
	}{
		{alpha, oir + id(2), deep(intentBody(), []object{square(9, 0, time.Hour)}, "extents")},
		{rules, cr + id(3), constraintBody()},
		{alpha, sub + id(4), subscriptionBody()},
	} {
		got := n.want(http.StatusServiceUnavailable, c.as, http.MethodPut, c.path, c.body)
		if got.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", c.path)
		}
	}
	lost := deep(intentBody(), "Contingent", "state")
	lost["new_subscription"] = object{"uss_base_url": "https://alpha.example.net/utm"}
	n.want(http.StatusCreated, watch, http.MethodPut, oir+id(5), lost)
	n.want(http.StatusOK, watch, http.MethodPut, oir+id(1)+"/"+ovn, lost)

	full = false
	n.create(alpha, 2, deep(intentBody(), []object{square(9, 0, time.Hour)}, "extents"))
}
