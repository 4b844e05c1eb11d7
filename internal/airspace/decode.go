package airspace

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

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
	if version != eventVersion {
		return nil, 0, &UnknownEventError{Type: kind, Version: version}
	}
	r := decoder{Reader: statement.NewReader(event)}
	var ev Event
	switch kind {
	case typeIntentPut:
		ev = decode(&r, intentPutMembers)
	case typeIntentGone:
		ev = decode(&r, intentGoneMembers)
	case typeConstraintPut:
		ev = decode(&r, constraintPutMembers)
	case typeConstraintGone:
		ev = decode(&r, constraintGoneMembers)
	case typeSubscriptionPut:
		ev = decode(&r, subscriptionPutMembers)
	case typeSubscriptionGone:
		ev = decode(&r, subscriptionGoneMembers)
	case typeAvailabilitySet:
		ev = decode(&r, availabilitySetMembers)
	case typeReportFiled:
		ev = decode(&r, reportFiledMembers)
	default:
		return nil, 0, &UnknownEventError{Type: kind, Version: version}
	}
	if err := r.Close(); err != nil {
		return nil, 0, fmt.Errorf("event %s: %w", kind, err)
	}
	return ev, r.atNS, nil
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

// decoder reads the members of an event.
type decoder struct {
	*statement.Reader
	atNS  int64
	cells []byte
}

// member says where a member of an event goes.
type member[E any] struct {
	name     string
	optional bool
	read     func(r *decoder, e *E)
}

// decode reads an event by the list of its members, which is in the order of
// their names as the event is. All but the optional ones must be there.
func decode[E any](r *decoder, members []member[E]) *E {
	e := new(E)
	i := 0
	for r.Begin('{'); r.More(); i++ {
		name := r.Key()
		for i < len(members) && members[i].name != name && members[i].optional {
			i++
		}
		if i == len(members) || members[i].name != name {
			r.Fail(fmt.Errorf("unexpected member %q, or one missing before it", name))
			return e
		}
		members[i].read(r, e)
	}
	for ; i < len(members); i++ {
		if !members[i].optional {
			r.Fail(fmt.Errorf("member %q is missing", members[i].name))
		}
	}
	return e
}

// common returns what all events have, among their own members.
func common[E any](own ...member[E]) []member[E] {
	all := append(own,
		member[E]{"at", false, func(r *decoder, _ *E) { r.atNS = r.Time() }},
		member[E]{"type", false, func(r *decoder, _ *E) { r.Bytes() }}, // by which the list was chosen
		member[E]{"v", false, func(r *decoder, _ *E) { r.Int() }})
	slices.SortFunc(all, func(a, b member[E]) int { return strings.Compare(a.name, b.name) })
	return all
}

var intentPutMembers = common(
	member[IntentPut]{"end", false, func(r *decoder, _ *IntentPut) { r.Time() }}, // from the outline
	member[IntentPut]{"id", false, func(r *decoder, e *IntentPut) { e.ID = r.id() }},
	member[IntentPut]{"implicit", true, func(r *decoder, e *IntentPut) { e.Implicit = r.implicit() }},
	member[IntentPut]{"manager", false, func(r *decoder, e *IntentPut) { e.Manager = party.ID(r.String()) }},
	member[IntentPut]{"notified", true, func(r *decoder, e *IntentPut) { e.Notified = r.notified() }},
	member[IntentPut]{"number", false, func(r *decoder, e *IntentPut) { e.Number = r.Int() }},
	member[IntentPut]{"outline", false, func(r *decoder, e *IntentPut) { e.Outline = r.outline() }},
	member[IntentPut]{"ovn", false, func(r *decoder, e *IntentPut) { e.OVN = r.String() }},
	member[IntentPut]{"start", false, func(r *decoder, _ *IntentPut) { r.Time() }},
	member[IntentPut]{"state", false, func(r *decoder, e *IntentPut) { e.State = r.state() }},
	member[IntentPut]{"subscription", true, func(r *decoder, e *IntentPut) { e.Subscription = r.id() }},
	member[IntentPut]{"url", false, func(r *decoder, e *IntentPut) { e.URL = r.String() }},
	member[IntentPut]{"version", false, func(r *decoder, e *IntentPut) { e.Version = r.narrow() }},
)

var intentGoneMembers = common(
	member[IntentGone]{"id", false, func(r *decoder, e *IntentGone) { e.ID = r.id() }},
	member[IntentGone]{"implicit", true, func(r *decoder, e *IntentGone) { e.Implicit = r.implicit() }},
	member[IntentGone]{"manager", false, func(r *decoder, e *IntentGone) { e.Manager = party.ID(r.String()) }},
	member[IntentGone]{"notified", true, func(r *decoder, e *IntentGone) { e.Notified = r.notified() }},
	member[IntentGone]{"number", false, func(r *decoder, e *IntentGone) { e.Number = r.Int() }},
	member[IntentGone]{"swept", true, func(r *decoder, e *IntentGone) { e.Swept = r.Bool() }},
)

var constraintPutMembers = common(
	member[ConstraintPut]{"end", false, func(r *decoder, _ *ConstraintPut) { r.Time() }},
	member[ConstraintPut]{"id", false, func(r *decoder, e *ConstraintPut) { e.ID = r.id() }},
	member[ConstraintPut]{"manager", false, func(r *decoder, e *ConstraintPut) { e.Manager = party.ID(r.String()) }},
	member[ConstraintPut]{"notified", true, func(r *decoder, e *ConstraintPut) { e.Notified = r.notified() }},
	member[ConstraintPut]{"number", false, func(r *decoder, e *ConstraintPut) { e.Number = r.Int() }},
	member[ConstraintPut]{"outline", false, func(r *decoder, e *ConstraintPut) { e.Outline = r.outline() }},
	member[ConstraintPut]{"ovn", false, func(r *decoder, e *ConstraintPut) { e.OVN = r.String() }},
	member[ConstraintPut]{"start", false, func(r *decoder, _ *ConstraintPut) { r.Time() }},
	member[ConstraintPut]{"url", false, func(r *decoder, e *ConstraintPut) { e.URL = r.String() }},
	member[ConstraintPut]{"version", false, func(r *decoder, e *ConstraintPut) { e.Version = r.narrow() }},
)

var constraintGoneMembers = common(
	member[ConstraintGone]{"id", false, func(r *decoder, e *ConstraintGone) { e.ID = r.id() }},
	member[ConstraintGone]{"manager", false, func(r *decoder, e *ConstraintGone) { e.Manager = party.ID(r.String()) }},
	member[ConstraintGone]{"notified", true, func(r *decoder, e *ConstraintGone) { e.Notified = r.notified() }},
	member[ConstraintGone]{"number", false, func(r *decoder, e *ConstraintGone) { e.Number = r.Int() }},
	member[ConstraintGone]{"swept", true, func(r *decoder, e *ConstraintGone) { e.Swept = r.Bool() }},
)

var subscriptionPutMembers = common(
	member[SubscriptionPut]{"constraints", true, func(r *decoder, e *SubscriptionPut) { e.Constraints = r.Bool() }},
	member[SubscriptionPut]{"id", false, func(r *decoder, e *SubscriptionPut) { e.ID = r.id() }},
	member[SubscriptionPut]{"intents", true, func(r *decoder, e *SubscriptionPut) { e.Intents = r.Bool() }},
	member[SubscriptionPut]{"number", false, func(r *decoder, e *SubscriptionPut) { e.Number = r.Int() }},
	member[SubscriptionPut]{"outline", false, func(r *decoder, e *SubscriptionPut) { e.Outline = r.oneOutline() }},
	member[SubscriptionPut]{"owner", false, func(r *decoder, e *SubscriptionPut) { e.Owner = party.ID(r.String()) }},
	member[SubscriptionPut]{"url", false, func(r *decoder, e *SubscriptionPut) { e.URL = r.String() }},
	member[SubscriptionPut]{"version", false, func(r *decoder, e *SubscriptionPut) { e.Version = r.String() }},
)

var subscriptionGoneMembers = common(
	member[SubscriptionGone]{"id", false, func(r *decoder, e *SubscriptionGone) { e.ID = r.id() }},
	member[SubscriptionGone]{"number", false, func(r *decoder, e *SubscriptionGone) { e.Number = r.Int() }},
	member[SubscriptionGone]{"owner", false, func(r *decoder, e *SubscriptionGone) { e.Owner = party.ID(r.String()) }},
	member[SubscriptionGone]{"swept", true, func(r *decoder, e *SubscriptionGone) { e.Swept = r.Bool() }},
)

var availabilitySetMembers = common(
	member[AvailabilitySet]{"availability", false, func(r *decoder, e *AvailabilitySet) { e.Availability = r.availability() }},
	member[AvailabilitySet]{"by", false, func(r *decoder, e *AvailabilitySet) { e.By = party.ID(r.String()) }},
	member[AvailabilitySet]{"uss", false, func(r *decoder, e *AvailabilitySet) { e.USS = party.ID(r.String()) }},
	member[AvailabilitySet]{"version", false, func(r *decoder, e *AvailabilitySet) { e.Version = r.String() }},
)

var reportFiledMembers = common(
	member[ReportFiled]{"by", false, func(r *decoder, e *ReportFiled) { e.By = party.ID(r.String()) }},
	member[ReportFiled]{"problem", false, func(r *decoder, e *ReportFiled) { e.Problem = r.String() }},
	member[ReportFiled]{"report", false, func(r *decoder, e *ReportFiled) { e.Report = r.String() }},
	member[ReportFiled]{"sha256", false, func(r *decoder, e *ReportFiled) { e.SHA256 = r.digest() }},
)

// narrow reads an integer of 32 bits.
func (r *decoder) narrow() int32 {
	n := r.Int()
	if n < math.MinInt32 || n > math.MaxInt32 {
		r.Fail(fmt.Errorf("%d does not fit 32 bits", n))
	}
	return int32(n)
}

func (r *decoder) id() ID {
	id, err := ParseID(string(r.Bytes()))
	if err != nil {
		r.Fail(err)
	}
	return id
}

func (r *decoder) state() IntentState {
	s, ok := ParseState(string(r.Bytes()))
	if !ok {
		r.Fail(errors.New("unknown state"))
	}
	return s
}

func (r *decoder) availability() Availability {
	a, ok := ParseAvailability(string(r.Bytes()))
	if !ok {
		r.Fail(errors.New("unknown availability"))
	}
	return a
}

func (r *decoder) digest() (sum [32]byte) {
	text := r.Bytes()
	if len(text) != hex.EncodedLen(len(sum)) {
		r.Fail(errors.New("expected 64 hexadecimal digits"))
		return sum
	}
	if _, err := hex.Decode(sum[:], text); err != nil {
		r.Fail(err)
	}
	return sum
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
				c.ID = r.id()
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

func (r *decoder) oneOutline() outline.Volume {
	volumes := r.outline()
	if len(volumes) != 1 {
		r.Fail(errors.New("expected one volume"))
		return outline.Volume{}
	}
	return volumes[0]
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
