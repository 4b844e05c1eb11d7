package world

import (
	"strings"

	"github.com/deconflict/deconflict/internal/event"
)

// React returns what follows from an event that was just applied, domain by
// domain in one order. It ends: what a reaction causes reacts in turn, and each
// step has less to say.
func (st *State) React(ev Event, env event.Env) []Event {
	e, ok := ev.(event.Event)
	if !ok {
		return nil
	}
	var follow []event.Event
	name := e.Type()
	if changesRules(name) {
		follow = append(follow, st.follow(env)...)
	}
	if !strings.HasPrefix(name, "agreement.") || changesRules(name) {
		follow = append(follow, st.Agreement.Recheck(st.agreementView(env), env)...)
	}
	return list(follow)
}

// changesRules reports whether an event may change what holds between parties.
func changesRules(name string) bool {
	switch name {
	case "agreement.entered", "agreement.suspended", "agreement.terminated", "agreement.expired",
		"agreement.resumed", "agreement.withdrawn", "party.enrolled":
		return true
	}
	return false
}

// follow has the test calls and heartbeats of each pair go by the rules that
// hold now.
func (st *State) follow(env event.Env) []event.Event {
	var events []event.Event
	view := st.bearerView(env)
	parties := st.Registry.Parties()
	for i, a := range parties {
		for _, b := range parties[i+1:] {
			events = append(events, st.Bearer.Follow(a.ID, b.ID, view)...)
		}
	}
	return events
}
