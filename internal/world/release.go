package world

import (
	"slices"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Release returns the names of an entry's members that the reader may see, in
// order; nil for none.
func Release(text []byte, reader airspace.Reader) []string {
	fields, err := statement.Fields(text)
	if err != nil {
		return nil
	}
	kind := typeOf(fields)
	if own[kind] == nil && ofEvent[kind] == nil {
		return airspace.Release(text, reader)
	}
	ev, _, err := Decode(text)
	if err != nil {
		return nil
	}
	return ReleaseOf(ev.(event.Event), fields, reader.Party)
}

// ReleaseOf returns the names among the members of an event that a party may
// see.
func ReleaseOf(ev event.Event, members []statement.Field, to party.ID) []string {
	shown := ev.Release(to)
	if to != "" && ev.Actor() == to {
		shown = event.Whole
	}
	if len(shown) == 0 {
		return nil
	}
	whole := shown[0] == event.Whole[0]
	var names []string
	for _, m := range members {
		if whole || slices.Contains(shown, m.Name) || slices.Contains(event.Envelope, m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}

func typeOf(members []statement.Field) string {
	for _, m := range members {
		if m.Name == "type" {
			return statement.NewReader(m.Value).String()
		}
	}
	return ""
}
