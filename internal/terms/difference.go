package terms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Change is one difference between two versions of a text.
type Change struct {
	Clause string `json:"clause,omitempty"` // none: the text itself
	// Field is the member that changed, as text.en or parameters.buffer_mm. None:
	// the whole clause is new, or gone.
	Field string          `json:"field,omitempty"`
	From  json.RawMessage `json:"from,omitempty"` // none: it was not there
	To    json.RawMessage `json:"to,omitempty"`   // none: it is no longer there
	// Reopened tells that the clause was agreed.
	Reopened bool              `json:"reopened,omitempty"`
	At       statement.Instant `json:"at"` // when the later version was tabled
	By       party.ID          `json:"by"`
}

// String says in words what changed.
func (c Change) String() string {
	place := c.Field
	if c.Clause != "" {
		place = "clause " + c.Clause
		if c.Field != "" {
			place += " " + c.Field
		}
	}
	var s string
	switch {
	case c.From == nil:
		s = fmt.Sprintf("%s: added %s", place, clip(string(c.To)))
	case c.To == nil:
		s = fmt.Sprintf("%s: removed %s", place, clip(string(c.From)))
	default:
		s = fmt.Sprintf("%s: %s became %s", place, clip(string(c.From)), clip(string(c.To)))
	}
	if c.Reopened {
		s += ", which had been agreed"
	}
	return s
}

// unlike are the members of a text in which any two versions differ, and the
// clauses, which are compared one by one.
var unlike = []string{"clauses", "parent", "tabled", "tabled_by", "version"}

// split are the members of a clause that are compared member by member.
var split = []string{"parameters", "text"}

// Difference returns how text to differs from text from: all of it, first in the
// text itself, then clause by clause in the order of to, then the clauses that
// are gone. From these changes and the one text, the other could be written. Both
// texts have passed Check.
func Difference(from, to *Text) []Change {
	var changes []Change
	add := func(c Change) {
		c.At, c.By = to.Tabled, to.TabledBy
		changes = append(changes, c)
	}
	head, nextHead := members(from), members(to)
	for _, d := range compare(head, nextHead) {
		if !slices.Contains(unlike, d.Field) {
			add(d)
		}
	}
	forms, nextForms := elements(head, "clauses"), elements(nextHead, "clauses")
	before := map[string]int{}
	for i := range from.Clauses {
		before[from.Clauses[i].ID] = i
	}
	var fromOrder, toOrder []string
	for i := range to.Clauses {
		c := &to.Clauses[i]
		was, ok := before[c.ID]
		if !ok {
			add(Change{Clause: c.ID, To: nextForms[i]})
			continue
		}
		toOrder = append(toOrder, c.ID)
		if bytes.Equal(forms[was], nextForms[i]) {
			continue
		}
		for _, d := range compare(clauseMembers(forms[was]), clauseMembers(nextForms[i])) {
			d.Clause, d.Reopened = c.ID, from.Clauses[was].Status == Agreed
			add(d)
		}
	}
	for i := range from.Clauses {
		c := &from.Clauses[i]
		if slices.ContainsFunc(to.Clauses, func(d Clause) bool { return d.ID == c.ID }) {
			fromOrder = append(fromOrder, c.ID)
			continue
		}
		add(Change{Clause: c.ID, From: forms[i], Reopened: c.Status == Agreed})
	}
	// Where a clause was moved or put between others, the order says so.
	if !slices.Equal(fromOrder, toOrder) || !appended(from.Clauses, to.Clauses) {
		add(Change{Field: "order", From: canonical(ids(from.Clauses)), To: canonical(ids(to.Clauses))})
	}
	return changes
}

// appended reports whether all clauses that are new stand behind all others.
func appended(from, to []Clause) bool {
	was := ids(from)
	fresh := false
	for _, c := range to {
		isNew := !slices.Contains(was, c.ID)
		if fresh && !isNew {
			return false
		}
		fresh = fresh || isNew
	}
	return true
}

func ids(clauses []Clause) []string {
	list := make([]string, len(clauses))
	for i, c := range clauses {
		list[i] = c.ID
	}
	return list
}

// canonical returns the canonical form of what Check let pass.
func canonical(v any) json.RawMessage {
	text, err := statement.Marshal(v)
	if err != nil {
		return nil
	}
	return text
}

func members(v any) []statement.Field { return fields(canonical(v)) }

// fields splits a canonical object; what is none has no members.
func fields(form []byte) []statement.Field {
	all, err := statement.Fields(form)
	if err != nil {
		return nil
	}
	return all
}

// elements returns the elements of the member that is a list.
func elements(of []statement.Field, name string) [][]byte {
	for _, m := range of {
		if m.Name == name {
			list, err := statement.Elements(m.Value)
			if err == nil {
				return list
			}
		}
	}
	return nil
}

// clauseMembers are those of a clause, with parameters and languages apart.
func clauseMembers(form []byte) []statement.Field {
	var all []statement.Field
	for _, m := range fields(form) {
		if !slices.Contains(split, m.Name) {
			all = append(all, m)
			continue
		}
		for _, n := range fields(m.Value) {
			all = append(all, statement.Field{Name: m.Name + "." + n.Name, Value: n.Value})
		}
	}
	return all
}

// compare returns the differences of two lists of members in canonical order.
func compare(from, to []statement.Field) []Change {
	var changes []Change
	find := func(in []statement.Field, name string) []byte {
		for _, m := range in {
			if m.Name == name {
				return m.Value
			}
		}
		return nil
	}
	for _, m := range to {
		if was := find(from, m.Name); !bytes.Equal(was, m.Value) {
			changes = append(changes, Change{Field: m.Name, From: was, To: m.Value})
		}
	}
	for _, m := range from {
		if find(to, m.Name) == nil {
			changes = append(changes, Change{Field: m.Name, From: m.Value})
		}
	}
	return changes
}

// Follows tells whether a text is the version right after another, and if not,
// why.
func Follows(parent, next *Text) error {
	switch {
	case next.ID != parent.ID:
		return expected("id", next.ID, fmt.Sprintf("%q, the id of the text before", parent.ID))
	case next.Kind != parent.Kind:
		return expected("kind", string(next.Kind), string(parent.Kind))
	case next.Version != parent.Version+1:
		return fmt.Errorf("version: found %d, expected %d", next.Version, parent.Version+1)
	case next.Parent != parent.Hash():
		return expected("parent", next.Parent, parent.Hash()+", the hash of the version before")
	case next.Tabled < parent.Tabled:
		return fmt.Errorf("tabled: found %s, expected no earlier than the version before, %s", next.Tabled, parent.Tabled)
	}
	return nil
}
