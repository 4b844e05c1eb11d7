// Package event has what the events of the domains share: what one is, and its
// form in the journal.
//
// An event is a struct of one domain. Its form is the canonical JSON object of
// the struct with three members more: at, when it was decided; type; and v, the
// version of the form. What is decided is in the event, so that a later program
// replays it the same.
package event

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Event is something that was decided. Its exported fields are its members in
// the journal, by their json tags; at, type and v are taken.
type Event interface {
	// Type names the event in the journal: domain.verb in the past.
	Type() string
	// Actor is the party that caused it; empty for the node itself.
	Actor() party.ID
	// Release returns the names of the members that a party may see, or Whole.
	// Nil is nothing, not even that the event exists. The Actor sees all.
	Release(to party.ID) []string
}

// Whole stands for all members of an event.
var Whole = []string{"*"}

// At is where and when an event stands in the journal.
type At struct {
	NS    int64 // when it was decided, nanoseconds since 1970
	Index int64 // journal index
}

// Versioned is an event whose form has changed since its first version. One that
// has none of what is new keeps the version that it had, so that earlier programs
// read it.
type Versioned interface {
	// Form returns the version of the form that this event has, and the newest
	// that its type can have, both from 1 to 9.
	Form() (own, newest int64)
}

// versionOf returns the version of the form of an event, and the newest of its
// type: 1, unless it is Versioned.
func versionOf(ev Event) (own, newest int64) {
	if e, ok := ev.(Versioned); ok {
		return e.Form()
	}
	return 1, 1
}

// Envelope are the members that every event has.
var Envelope = []string{"at", "type", "v"}

// Table makes an empty event of each type that a domain knows.
type Table map[string]func() Event

// Types returns the types, sorted.
func (t Table) Types() []string {
	types := make([]string, 0, len(t))
	for name := range t {
		types = append(types, name)
	}
	slices.Sort(types)
	return types
}

// Decode reads an event of a type of the table. ok is false when the type or
// the version is not known here.
func (t Table) Decode(kind string, v int64, members []statement.Field) (ev Event, ok bool, err error) {
	make := t[kind]
	if make == nil {
		return nil, false, nil
	}
	ev = make()
	if _, newest := versionOf(ev); v < 1 || v > newest {
		return nil, false, nil
	}
	own := members[:0:0]
	for _, m := range members {
		if !slices.Contains(Envelope, m.Name) {
			own = append(own, m)
		}
	}
	text, err := statement.AppendObject(nil, own)
	if err != nil {
		return nil, true, err
	}
	if err := statement.Reread(text, ev); err != nil {
		return nil, true, fmt.Errorf("event %s: %w", kind, err)
	}
	if own, _ := versionOf(ev); own != v {
		return nil, true, fmt.Errorf("event %s: found what is of version %d, expected version %d as it says", kind, own, v)
	}
	return ev, true, nil
}

// Readable reports why Decode would not read an event back from the text that
// Encode made of it; nil: it would.
func (t Table) Readable(ev Event, text []byte) error {
	make := t[ev.Type()]
	if make == nil {
		return fmt.Errorf("event %s: found no domain that reads it", ev.Type())
	}
	read := make()
	if want, found := reflect.TypeOf(read), reflect.TypeOf(ev); found != want {
		return fmt.Errorf("event %s: found a %v, expected a %v as is read", ev.Type(), found, want)
	}
	_, newest := versionOf(read)
	if own, _ := versionOf(ev); own < 1 || own > newest {
		return fmt.Errorf("event %s: found version %d, expected one from 1 to %d", ev.Type(), own, newest)
	}
	if err := statement.Readable(text, reflect.TypeOf(ev), Envelope...); err != nil {
		return fmt.Errorf("event %s: %w", ev.Type(), err)
	}
	return nil
}

// Addressed is an event that belongs to one position of a party rather than to
// all of it.
type Addressed interface {
	// Position returns the position of the party that the event is for, or false
	// when it is not for one.
	Position(of party.ID) (name string, addressed bool)
}
