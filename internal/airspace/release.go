package airspace

import (
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Reader is who asks for events, and what its scopes open.
type Reader struct {
	Party       party.ID
	Intents     bool
	Constraints bool
}

// released are the members of each type of event that F3548-21 shows to
// everybody who may read entities of that kind: those of a reference without
// its OVN. What is not listed is for the party whose event it is.
var released = map[string][]string{
	typeIntentPut:       {"at", "end", "id", "manager", "start", "state", "subscription", "type", "url", "v", "version"},
	typeIntentGone:      {"at", "id", "manager", "swept", "type", "v"},
	typeConstraintPut:   {"at", "end", "id", "manager", "start", "type", "url", "v", "version"},
	typeConstraintGone:  {"at", "id", "manager", "swept", "type", "v"},
	typeAvailabilitySet: {"at", "availability", "type", "uss", "v", "version"},
}

// Release returns the names of the event's members that the reader may see, in
// order; nil for none. A party sees all of what is its own.
func Release(event []byte, reader Reader) []string {
	fields, err := statement.Fields(event)
	if err != nil {
		return nil
	}
	var kind string
	var own bool
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
		switch f.Name {
		case "type":
			kind = statement.NewReader(f.Value).String()
		case "manager", "owner", "by":
			own = own || party.ID(statement.NewReader(f.Value).String()) == reader.Party
		}
	}
	if own {
		return all
	}
	open := reader.Intents
	if kind == typeConstraintPut || kind == typeConstraintGone {
		open = reader.Constraints
	}
	if !open {
		return nil
	}
	return present(all, released[kind])
}

// present returns the wanted names that are there.
func present(all, wanted []string) []string {
	var names []string
	for _, name := range all {
		if slices.Contains(wanted, name) {
			names = append(names, name)
		}
	}
	return names
}
