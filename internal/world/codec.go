package world

import (
	"bytes"
	"fmt"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/statement"
)

// Encode appends an event, decided at nowNS, as the journal holds it.
func Encode(dst []byte, ev Event, nowNS int64) []byte {
	if e, ok := ev.(event.Event); ok {
		return event.Encode(dst, e, nowNS)
	}
	return airspace.Encode(dst, ev, nowNS)
}

// Readable reports why Decode would not read an event back from the text that
// Encode made of it, or would read something else; nil: it would. The journal is
// for good, and one entry that cannot be read keeps a node from starting.
//
// Events of domains are compared with what Decode reads them into
// (statement.Readable). Decoding each cost the writer of a STOP as much as the
// STOP itself; this costs a seventh of it. Events of the airspace are decoded.
func Readable(ev Event, text []byte) error {
	if e, ok := ev.(event.Event); ok {
		table := own
		if d := ofEvent[e.Type()]; d != nil {
			table = d.events
		}
		return table.Readable(e, text)
	}
	back, atNS, err := Decode(text)
	if err != nil {
		return err
	}
	if !bytes.Equal(Encode(nil, back, atNS), text) {
		return fmt.Errorf("event %s: it is read as another", ev.Type())
	}
	return nil
}

// own are the events of the world itself.
var own = event.Table{
	typeTaken:   func() event.Event { return new(Taken) },
	typeSettled: func() event.Event { return new(Settled) },
}

// Decode reads an event and when it was decided. An event of a type or version
// that is not known here is an *airspace.UnknownEventError.
func Decode(text []byte) (Event, int64, error) {
	fields, err := statement.Fields(text)
	if err != nil {
		return nil, 0, fmt.Errorf("event: %w", err)
	}
	var kind string
	var version int64
	var at statement.Instant
	for _, f := range fields {
		switch f.Name {
		case "type":
			kind = statement.NewReader(f.Value).String()
		case "v":
			version = statement.NewReader(f.Value).Int()
		case "at":
			// One that is no time is found out by whoever decodes the rest.
			_ = at.UnmarshalText([]byte(statement.NewReader(f.Value).String()))
		}
	}
	table := own
	if d := ofEvent[kind]; d != nil {
		table = d.events
	} else if own[kind] == nil {
		return airspace.Decode(text)
	}
	ev, known, err := table.Decode(kind, version, fields)
	if !known {
		return nil, 0, &airspace.UnknownEventError{Type: kind, Version: version}
	}
	return ev, int64(at), err
}
