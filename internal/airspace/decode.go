package airspace

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// UnknownEventError says that an event's type or version is not known to this
// program, which must then not go on without it.
type UnknownEventError struct {
	Type    string
	Version int64
}

func (e *UnknownEventError) Error() string {
	return fmt.Sprintf("event %q of version %d is unknown here; known is version %d of %s",
		e.Type, e.Version, eventVersion, "the types in docs/STATES.md")
}

// Decode reads an event and when it was decided.
func Decode(event []byte) (Event, int64, error) {
	kind, version, err := typeOf(event)
	if err != nil {
		return nil, 0, err
	}
	ev := newEvent(kind)
	if ev == nil || version != eventVersion {
		return nil, 0, &UnknownEventError{Type: kind, Version: version}
	}
	r := decoder{Reader: statement.NewReader(event)}
	r.event(ev)
	if err := r.Close(); err != nil {
		return nil, 0, fmt.Errorf("event %s: %w", kind, err)
	}
	return ev, r.atNS, nil
}

func newEvent(kind string) Event {
	switch kind {
	case typeIntentPut:
		return new(IntentPut)
	case typeIntentGone:
		return new(IntentGone)
	case typeConstraintPut:
		return new(ConstraintPut)
	case typeConstraintGone:
		return new(ConstraintGone)
	case typeSubscriptionPut:
		return new(SubscriptionPut)
	case typeSubscriptionGone:
		return new(SubscriptionGone)
	case typeAvailabilitySet:
		return new(AvailabilitySet)
	case typeReportFiled:
		return new(ReportFiled)
	}
	return nil
}

// typeOf returns the type and version of an event.
func typeOf(event []byte) (kind string, version int64, err error) {
	fields, err := statement.Fields(event)
	if err != nil {
		return "", 0, fmt.Errorf("event: %w", err)
	}
	for _, f := range fields {
		switch f.Name {
		case "type":
			kind = statement.NewReader(f.Value).String()
		case "v":
			version = statement.NewReader(f.Value).Int()
		}
	}
	return kind, version, nil
}

// decoder reads the members of an event, each into the field of that name.
type decoder struct {
	*statement.Reader
	atNS  int64
	cells []byte
}

// members names, for each type of event, where its members go. Each member's
// function is called when it is there; all but the optional ones must be.
type member struct {
	name     string
	optional bool
	read     func()
}

func (r *decoder) event(ev Event) {
	members := append(r.members(ev),
		member{name: "at", read: func() { r.atNS = r.Time() }},
		member{name: "type", read: func() { _ = r.String() }},
		member{name: "v", read: func() { r.Int() }})
	seen := 0
	r.Begin('{')
	for r.More() {
		name := r.Key()
		i := 0
		for i < len(members) && members[i].name != name {
			i++
		}
		if i == len(members) {
			r.Fail(fmt.Errorf("unknown member %q", name))
			return
		}
		members[i].read()
		seen |= 1 << i
	}
	for i := range members {
		if seen&(1<<i) == 0 && !members[i].optional {
			r.Fail(fmt.Errorf("member %q is missing", members[i].name))
		}
	}
}

func (r *decoder) members(ev Event) []member {
	switch e := ev.(type) {
	case *IntentPut:
		return []member{
			{"end", false, func() { r.Time() }}, // from the outline
			{"id", false, r.id(&e.ID)},
			{"implicit", true, func() { e.Implicit = r.implicit() }},
			{"manager", false, r.party(&e.Manager)},
			{"notified", true, func() { e.Notified = r.notified() }},
			{"number", false, r.int(&e.Number)},
			{"outline", false, func() { e.Outline = r.outline() }},
			{"ovn", false, r.text(&e.OVN)},
			{"start", false, func() { r.Time() }},
			{"state", false, r.state(&e.State)},
			{"subscription", true, r.id(&e.Subscription)},
			{"url", false, r.text(&e.URL)},
			{"version", false, r.int32(&e.Version)},
		}
	case *IntentGone:
		return []member{
			{"id", false, r.id(&e.ID)},
			{"implicit", true, func() { e.Implicit = r.implicit() }},
			{"manager", false, r.party(&e.Manager)},
			{"notified", true, func() { e.Notified = r.notified() }},
			{"number", false, r.int(&e.Number)},
			{"swept", true, r.flag(&e.Swept)},
		}
	case *ConstraintPut:
		return []member{
			{"end", false, func() { r.Time() }},
			{"id", false, r.id(&e.ID)},
			{"manager", false, r.party(&e.Manager)},
			{"notified", true, func() { e.Notified = r.notified() }},
			{"number", false, r.int(&e.Number)},
			{"outline", false, func() { e.Outline = r.outline() }},
			{"ovn", false, r.text(&e.OVN)},
			{"start", false, func() { r.Time() }},
			{"url", false, r.text(&e.URL)},
			{"version", false, r.int32(&e.Version)},
		}
	case *ConstraintGone:
		return []member{
			{"id", false, r.id(&e.ID)},
			{"manager", false, r.party(&e.Manager)},
			{"notified", true, func() { e.Notified = r.notified() }},
			{"number", false, r.int(&e.Number)},
			{"swept", true, r.flag(&e.Swept)},
		}
	case *SubscriptionPut:
		return []member{
			{"constraints", true, r.flag(&e.Constraints)},
			{"id", false, r.id(&e.ID)},
			{"intents", true, r.flag(&e.Intents)},
			{"number", false, r.int(&e.Number)},
			{"outline", false, r.oneOutline(&e.Outline)},
			{"owner", false, r.party(&e.Owner)},
			{"url", false, r.text(&e.URL)},
			{"version", false, r.text(&e.Version)},
		}
	case *SubscriptionGone:
		return []member{
			{"id", false, r.id(&e.ID)},
			{"number", false, r.int(&e.Number)},
			{"owner", false, r.party(&e.Owner)},
			{"swept", true, r.flag(&e.Swept)},
		}
	case *AvailabilitySet:
		return []member{
			{"availability", false, r.availability(&e.Availability)},
			{"by", false, r.party(&e.By)},
			{"uss", false, r.party(&e.USS)},
			{"version", false, r.text(&e.Version)},
		}
	case *ReportFiled:
		return []member{
			{"by", false, r.party(&e.By)},
			{"problem", false, r.text(&e.Problem)},
			{"report", false, r.text(&e.Report)},
			{"sha256", false, r.digest(&e.SHA256)},
		}
	}
	return nil
}

func (r *decoder) text(to *string) func() { return func() { *to = r.String() } }
func (r *decoder) int(to *int64) func()   { return func() { *to = r.Int() } }
func (r *decoder) flag(to *bool) func()   { return func() { *to = r.Bool() } }

func (r *decoder) party(to *party.ID) func() {
	return func() { *to = party.ID(r.String()) }
}

func (r *decoder) int32(to *int32) func() { return func() { *to = r.narrow() } }

// narrow reads an integer of 32 bits.
func (r *decoder) narrow() int32 {
	n := r.Int()
	if n < math.MinInt32 || n > math.MaxInt32 {
		r.Fail(fmt.Errorf("%d does not fit 32 bits", n))
	}
	return int32(n)
}

func (r *decoder) id(to *ID) func() {
	return func() {
		id, err := ParseID(string(r.Bytes()))
		if err != nil {
			r.Fail(err)
		}
		*to = id
	}
}

func (r *decoder) state(to *IntentState) func() {
	return func() {
		s, ok := ParseState(string(r.Bytes()))
		if !ok {
			r.Fail(errors.New("unknown state"))
		}
		*to = s
	}
}

func (r *decoder) availability(to *Availability) func() {
	return func() {
		a, ok := ParseAvailability(string(r.Bytes()))
		if !ok {
			r.Fail(errors.New("unknown availability"))
		}
		*to = a
	}
}

func (r *decoder) digest(to *[32]byte) func() {
	return func() {
		text := r.Bytes()
		if len(text) != 64 {
			r.Fail(errors.New("expected 64 hexadecimal digits"))
			return
		}
		if _, err := hex.Decode(to[:], text); err != nil {
			r.Fail(err)
		}
	}
}

func (r *decoder) implicit() (changes []ImplicitChange) {
	for r.Begin('['); r.More(); {
		var c ImplicitChange
		for r.Begin('{'); r.More(); {
			switch name := r.Key(); name {
			case "constraints":
				c.Constraints = r.Bool()
			case "dropped":
				c.Dropped = r.Bool()
			case "id":
				r.id(&c.ID)()
			case "number":
				c.Number = r.Int()
			case "url":
				c.URL = r.String()
			case "version":
				c.Version = r.String()
			default:
				r.Fail(fmt.Errorf("unknown member %q", name))
			}
		}
		changes = append(changes, c)
	}
	return changes
}

func (r *decoder) notified() (notices []Notified) {
	for r.Begin('['); r.More(); {
		n := Notified{Number: r.Int()}
		if !r.More() {
			r.Fail(errors.New("a subscription's number without its index"))
			return nil
		}
		n.Index = r.narrow()
		notices = append(notices, n)
	}
	return notices
}

func (r *decoder) oneOutline(to *outline.Volume) func() {
	return func() {
		volumes := r.outline()
		if len(volumes) != 1 {
			r.Fail(errors.New("expected one volume"))
			return
		}
		*to = volumes[0]
	}
}

func (r *decoder) outline() (volumes []outline.Volume) {
	for r.Begin('['); r.More(); {
		volumes = append(volumes, r.volume())
	}
	return volumes[:len(volumes):len(volumes)]
}

func (r *decoder) volume() outline.Volume {
	var startNS, endNS int64
	lower, upper := int32(math.MinInt32), int32(math.MaxInt32)
	for r.Begin('{'); r.More(); {
		switch name := r.Key(); name {
		case "cells":
			cells, err := base64.RawURLEncoding.Strict().AppendDecode(r.cells[:0], r.Bytes())
			if err != nil {
				r.Fail(err)
			}
			r.cells = cells
		case "end":
			endNS = r.Time()
		case "lower_m":
			lower = r.narrow()
		case "start":
			startNS = r.Time()
		case "upper_m":
			upper = r.narrow()
		default:
			r.Fail(fmt.Errorf("unknown member %q", name))
		}
	}
	if r.Err() != nil {
		return outline.Volume{}
	}
	v, err := outline.FromCells(r.cells, lower, upper, startNS, endNS)
	if err != nil {
		r.Fail(err)
	}
	return v
}
