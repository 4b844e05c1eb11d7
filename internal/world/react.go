package world

import "github.com/deconflict/deconflict/internal/event"

// React returns what follows from an event that was just applied. It must not
// go on for ever: what a reaction causes reacts in turn.
func (st *State) React(Event, event.Env) []Event { return nil }
