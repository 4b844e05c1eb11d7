package airspace

import (
	"slices"

	"github.com/deconflict/deconflict/internal/outline"
)

// Kind is a kind of entity.
type Kind uint8

// Kinds of entity. Others read the exported ones.
const (
	IntentKind Kind = iota + 1
	ConstraintKind
	subscriptionKind
)

// Scope is what a reader looks at: the entities of a kind that meet the area or
// have the id.
type Scope struct {
	Kind Kind
	ID   ID
	Area []outline.Volume
}

// Touch is what an event changes, as far as a Scope can tell.
type Touch struct {
	kind    Kind
	id      ID
	volumes []outline.Volume // where it was and where it is
	all     bool             // whatever the scope
}

// Touch returns what an event is about to change. It is asked before Apply.
func (st *State) Touch(ev Event) Touch {
	switch e := ev.(type) {
	case *IntentPut:
		return Touch{kind: IntentKind, id: e.ID, volumes: st.intentMoves(e.Number, e.Outline)}
	case *IntentGone:
		return Touch{kind: IntentKind, id: e.ID, volumes: st.intentMoves(e.Number, nil)}
	case *ConstraintPut:
		return Touch{kind: ConstraintKind, id: e.ID, volumes: st.constraintMoves(e.Number, e.Outline)}
	case *ConstraintGone:
		return Touch{kind: ConstraintKind, id: e.ID, volumes: st.constraintMoves(e.Number, nil)}
	case *SubscriptionGone: // intents may lose it
		return Touch{all: true}
	case *AvailabilitySet: // it is shown with every entity of that USS
		return Touch{all: true}
	}
	return Touch{}
}

func (st *State) intentMoves(n int64, to []outline.Volume) []outline.Volume {
	if old := st.intents.records.get(n); old != nil {
		return moves(old.outline, to)
	}
	return to
}

func (st *State) constraintMoves(n int64, to []outline.Volume) []outline.Volume {
	if old := st.constraints.records.get(n); old != nil {
		return moves(old.outline, to)
	}
	return to
}

// moves joins where something was and where it goes to. What stays where it is,
// as most do that change their state, is named once.
func moves(from, to []outline.Volume) []outline.Volume {
	if slices.EqualFunc(from, to, outline.Volume.Equal) {
		return to
	}
	return append(from[:len(from):len(from)], to...)
}

// Affects reports whether what is read in the scope may rest on the event. It
// may say so in vain, never the reverse.
func (t *Touch) Affects(s Scope) bool {
	if t.all {
		return true
	}
	if t.kind != s.Kind {
		return false
	}
	return t.id == s.ID || meet(t.volumes, s.Area)
}
