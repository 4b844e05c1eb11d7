package terms

import (
	"fmt"
	"slices"
)

// OpenKind says why a point is open.
type OpenKind string

// Kinds of open point.
const (
	IsReserved OpenKind = "reserved" // a clause is left open on purpose; blocks nothing
	IsUnset    OpenKind = "unset"    // a parameter has no value
	IsMissing  OpenKind = "missing"  // no agreed clause has a rule that is required
	IsProposed OpenKind = "proposed" // a clause is neither agreed nor reserved
	NoExample  OpenKind = "no_example"
)

// OpenPoint is one entry of the register of open points.
type OpenPoint struct {
	Kind   OpenKind `json:"kind"`
	Clause string   `json:"clause,omitempty"`
	Name   string   `json:"name,omitempty"` // of the parameter, with its rule before it, or of the rule
}

// Blocks reports whether the text cannot enter into force with the point open.
func (p OpenPoint) Blocks() bool { return p.Kind != IsReserved }

// String says in words what is open.
func (p OpenPoint) String() string {
	switch p.Kind {
	case IsReserved:
		return fmt.Sprintf("clause %s is reserved", p.Clause)
	case IsUnset:
		if p.Clause == "" {
			return p.Name + " is not set"
		}
		return fmt.Sprintf("%s is not set (clause %s)", p.Name, p.Clause)
	case IsMissing:
		return fmt.Sprintf("no agreed clause has the rule %s", p.Name)
	case IsProposed:
		return fmt.Sprintf("clause %s is neither agreed nor reserved", p.Clause)
	}
	return fmt.Sprintf("clause %s has no worked example of the rule %s", p.Clause, p.Name)
}

// requiredRules are what a text must have agreed clauses of.
var requiredRules = map[Kind][]string{
	Agreement: {"minima", "radio", "precedence", "tests", "ladder", "breach"},
	Floor:     {"heartbeat", "precedence", "tests", "ladder", "sites"},
}

// Open returns the register of open points: first what the text itself lacks,
// then by clause, then the rules that it lacks.
func (t *Text) Open() []OpenPoint {
	var open []OpenPoint
	for _, name := range t.unsetHead() {
		open = append(open, OpenPoint{Kind: IsUnset, Name: name})
	}
	agreed := map[string]bool{}
	for i := range t.Clauses {
		c := &t.Clauses[i]
		switch c.Status {
		case Reserved:
			open = append(open, OpenPoint{Kind: IsReserved, Clause: c.ID})
			continue
		case Proposed:
			open = append(open, OpenPoint{Kind: IsProposed, Clause: c.ID})
		}
		agreed[c.Rule] = true
		for _, name := range c.unset() {
			open = append(open, OpenPoint{IsUnset, c.ID, c.Rule + "_" + name})
		}
		if k := ruleKinds[c.Rule]; k != nil && !k.plain && len(c.Examples) == 0 {
			open = append(open, OpenPoint{NoExample, c.ID, c.Rule})
		}
	}
	for _, rule := range requiredRules[t.Kind] {
		if !agreed[rule] {
			open = append(open, OpenPoint{Kind: IsMissing, Name: rule})
		}
	}
	return open
}

// unsetHead returns what of the text's own members must be set and is not.
func (t *Text) unsetHead() (names []string) {
	is := func(name string, set bool) {
		if !set {
			names = append(names, name)
		}
	}
	is("datum", t.Datum != "")
	is("equal_texts", t.Equal != nil || len(t.Languages) < 2)
	is("entry", t.Entry != nil)
	is("termination_notice_ns", t.TerminationNoticeNS != nil)
	is("incident_reply_ns", t.IncidentReplyNS != nil)
	is("review_at", t.ReviewAt != nil)
	if t.Kind == Agreement {
		is("area", t.Area != nil)
		is("aircraft_kinds", len(t.Kinds) > 0)
		is("from", t.From != nil)
		is("to", t.To != nil)
		is("expires_at", t.ExpiresAt != nil)
		is("suspension_notice_ns", t.SuspensionNoticeNS != nil)
		is("handling", t.Handling != nil)
	}
	for _, id := range requiredNot {
		is("not:"+id, slices.Contains(t.Not, id))
	}
	return names
}

// Unset says in words what keeps the text from entering into force. Nothing of
// it has a default.
func (t *Text) Unset() []string {
	var unset []string
	for _, p := range t.Open() {
		if p.Blocks() {
			unset = append(unset, p.String())
		}
	}
	return unset
}

// Reserved returns the clauses that are reserved.
func (t *Text) Reserved() []Clause {
	var reserved []Clause
	for _, c := range t.Clauses {
		if c.Status == Reserved {
			reserved = append(reserved, c)
		}
	}
	return reserved
}
