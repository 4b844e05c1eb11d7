package terms

import (
	"slices"

	"github.com/deconflict/deconflict/internal/party"
)

// InForce is a text that is signed and has entered into force.
type InForce struct {
	Text      *Text
	Suspended bool     // the whole of it
	Annexes   []string // that are suspended
}

// Compile joins what holds between two parties. The texts that neither bind
// both, nor bind one and protect the other, are left out. Of a part that several
// texts give, that of an agreement goes before that of a safety floor, and of two
// agreements that of the first one given; minima, lines and zones of all hold
// together. Only agreed clauses give rules. What is suspended gives none, but for
// the margin without rules and the minima, by which the node goes on to warn on
// its own account. It reads every clause anew: who asks often keeps the answer.
func Compile(inForce []InForce, pair [2]party.ID) *Rules {
	r := Default(pair)
	ordered := make([]InForce, 0, len(inForce))
	for _, f := range inForce {
		if f.Text.binds(pair) || f.Text.protects(pair) {
			ordered = append(ordered, f)
		}
	}
	slices.SortStableFunc(ordered, func(a, b InForce) int {
		return a.order() - b.order()
	})
	// What comes first must be joined last.
	for _, f := range slices.Backward(ordered) {
		f.join(r)
	}
	return r
}

// binds reports whether both parties of a pair sign the text.
func (t *Text) binds(pair [2]party.ID) bool {
	return slices.Contains(t.Parties, pair[0]) && slices.Contains(t.Parties, pair[1])
}

// protects reports whether one of a pair signs the text and it protects the other.
func (t *Text) protects(pair [2]party.ID) bool {
	return slices.Contains(t.Parties, pair[0]) && slices.Contains(t.Protects, pair[1]) ||
		slices.Contains(t.Parties, pair[1]) && slices.Contains(t.Protects, pair[0])
}

// protecting are the rules that hold towards those that a text protects: they
// ask nothing of them.
var protecting = []string{"minima", "margins", "priority", "sites"}

// order says whose parts go before those of others.
func (f InForce) order() int {
	switch {
	case f.Suspended:
		return 2
	case f.Text.Kind == Floor:
		return 1
	}
	return 0
}

func (f InForce) join(r *Rules) {
	bound := f.Text.binds(r.Pair)
	for i := range f.Text.Clauses {
		c := &f.Text.Clauses[i]
		if c.Status != Agreed || c.Rule == "" || !bound && !slices.Contains(protecting, c.Rule) {
			continue
		}
		p, complete, err := c.part()
		if err != nil || !complete {
			continue // Check and Open keep such a text from entering into force
		}
		suspended := f.Suspended || c.Annex != "" && slices.Contains(f.Annexes, c.Annex)
		r.Suspended = r.Suspended || suspended
		if m, ok := p.(*Minima); ok {
			m.Suspended = suspended
			if m.Area == nil {
				m.Area = f.Text.Area
			}
			if len(m.Kinds) == 0 {
				m.Kinds = f.Text.Kinds
			}
		} else if m, ok := p.(*Margins); ok && suspended {
			r.Margins.NoRule = m.NoRule
			continue
		} else if suspended {
			continue
		}
		p.join(r, Source{Agreement: f.Text.ID, Version: f.Text.Version, Clause: c.ID})
	}
}
