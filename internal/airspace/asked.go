package airspace

import (
	"strconv"
	"time"
)

// SuffixWindowNS is how far the time in an OVN suffix that a USS asks for may be
// from now, in nanoseconds.
const SuffixWindowNS = 5 * int64(time.Minute)

// asked remembers the OVNs that USSs asked for, for as long as they could ask
// for them again: an OVN that came back would let somebody's key pass for
// knowledge of a plan that they never saw.
type asked struct {
	known map[string]struct{}
	order []askedOVN // as they came
}

type askedOVN struct {
	ovn     string
	untilNS int64
}

// add remembers an OVN, and forgets those that nobody can ask for any more.
func (a *asked) add(o askedOVN, nowNS int64) {
	for len(a.order) > 0 && a.order[0].untilNS < nowNS {
		delete(a.known, a.order[0].ovn)
		a.order = a.order[1:]
	}
	if a.known == nil {
		a.known = map[string]struct{}{}
	}
	a.known[o.ovn] = struct{}{}
	a.order = append(a.order, o)
}

// used reports whether the OVN was asked for before.
func (a *asked) used(ovn string) bool {
	_, ok := a.known[ovn]
	return ok
}

// askedFor tells by its form whether the OVN of an intent was asked for: the
// id, "_" and a UUID of version 7, whose first 48 bits are milliseconds since
// 1970 (RFC 9562).
func askedFor(id ID, ovn string) (o askedOVN, ok bool) {
	const idLen = 36
	if len(ovn) != idLen+1+idLen || ovn[idLen] != '_' || ovn[:idLen] != id.String() {
		return o, false
	}
	suffix := ovn[idLen+1:]
	ms, err := strconv.ParseInt(suffix[:8]+suffix[9:13], 16, 64)
	if err != nil {
		return o, false
	}
	return askedOVN{ovn, ms*int64(time.Millisecond) + SuffixWindowNS}, true
}
