package offer

import (
	"encoding/json"
	"fmt"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Acts are the acts of this domain. Accepting takes a role's own key, and so
// does offering what one will do oneself (see Decide).
var Acts = party.ActKinds{
	"offer.make":     {New: func() any { return new(Make) }, Level: party.Watch},
	"offer.counter":  {New: func() any { return new(Counter) }, Level: party.Watch},
	"offer.accept":   {New: func() any { return new(Accept) }, Held: true, Level: party.Watch},
	"offer.reject":   {New: func() any { return new(Reject) }, Level: party.Watch},
	"offer.fail":     {New: func() any { return new(Fail) }, Level: party.Watch},
	"offer.complied": {New: func() any { return new(Complied) }, Level: party.Watch},
}

const (
	maxTextBytes    = 4000
	maxUndertakings = 16
	maxVolumesBytes = 32 << 10
	// maxAltitudeMM is 100 km, above all that these rules are for.
	maxAltitudeMM = 100_000_000
	// maxAnswerNS bounds how long an offer can stand (7 days).
	maxAnswerNS = 7 * dayNS
)

// Ref names a version of an intent.
type Ref struct {
	Intent  string `json:"intent"`
	Version int64  `json:"version"`
}

func (r Ref) check(name string) error {
	if err := checkID(name+".intent", r.Intent); err != nil {
		return err
	}
	if r.Version < 1 || r.Version > statement.MaxInteger {
		return fmt.Errorf("%s.version: found %d, expected 1 or more", name, r.Version)
	}
	return nil
}

// Kind is what somebody does about a conflict.
type Kind string

// Kinds of undertaking.
const (
	TimeShift Kind = "time_shift" // flies within NotBefore and NotAfter
	Level     Kind = "level"      // flies between Floor and Ceiling
	Reroute   Kind = "reroute"    // flies in Volumes instead
	Split     Kind = "split"      // flies in Volumes, in parts
	HoldMine  Kind = "hold_mine"  // does not activate before NotBefore, or while the other intent lasts
	Other     Kind = "other"      // as Text says; done when the other party says so
)

// Altitude is a height above a stated reference.
type Altitude struct {
	MM        int64  `json:"mm"`
	Reference string `json:"reference"` // W84: the ellipsoid; AMSL: mean sea level, EGM96
}

func (a *Altitude) check(name string) error {
	if a == nil {
		return nil
	}
	if a.Reference != "W84" && a.Reference != "AMSL" {
		return fmt.Errorf("%s.reference: found %q, expected W84 or AMSL", name, short(a.Reference))
	}
	if a.MM < -maxAltitudeMM || a.MM > maxAltitudeMM {
		return fmt.Errorf("%s.mm: found %d, expected at most %d either way", name, a.MM, maxAltitudeMM)
	}
	return nil
}

// Undertaking is one thing that one party does about its own intent. Where it is
// in fields, they bind; Text explains.
type Undertaking struct {
	By        party.ID           `json:"by"` // owner of the intent
	Kind      Kind               `json:"kind"`
	Intent    string             `json:"intent"` // one of the two in conflict
	NotBefore *statement.Instant `json:"not_before,omitempty"`
	NotAfter  *statement.Instant `json:"not_after,omitempty"`
	Floor     *Altitude          `json:"floor,omitempty"`
	Ceiling   *Altitude          `json:"ceiling,omitempty"`
	// Volumes are those that the intent then has, as intents declare them.
	Volumes json.RawMessage `json:"volumes,omitempty"`
	Text    string          `json:"text,omitempty"`
}

func (u *Undertaking) check() error {
	if !u.By.Valid() {
		return fmt.Errorf("by: found %q, expected the id of a party", short(string(u.By)))
	}
	if err := checkID("intent", u.Intent); err != nil {
		return err
	}
	window, level, volumes := u.NotBefore != nil || u.NotAfter != nil, u.Floor != nil || u.Ceiling != nil, len(u.Volumes) > 0
	fits, expected := false, ""
	switch u.Kind {
	case TimeShift:
		fits, expected = window && !level && !volumes, "not_before or not_after, and no other limits"
	case Level:
		fits, expected = level && !window && !volumes, "floor or ceiling, and no other limits"
	case Reroute, Split:
		fits, expected = volumes && !window && !level, "volumes, and no other limits"
	case HoldMine:
		fits, expected = u.NotAfter == nil && !level && !volumes, "not_before at most"
	case Other:
		fits, expected = u.Text != "" && !window && !level && !volumes, "a text, and no limits"
	default:
		return fmt.Errorf("kind: found %q, expected time_shift, level, reroute, split, hold_mine or other", short(string(u.Kind)))
	}
	if !fits {
		return fmt.Errorf("found an undertaking of the kind %s, expected it to have %s", u.Kind, expected)
	}
	if u.NotBefore != nil && u.NotAfter != nil && *u.NotAfter <= *u.NotBefore {
		return fmt.Errorf("not_after: found %s, expected later than not_before, %s", u.NotAfter, u.NotBefore)
	}
	if err := u.Floor.check("floor"); err != nil {
		return err
	}
	if err := u.Ceiling.check("ceiling"); err != nil {
		return err
	}
	if u.Floor != nil && u.Ceiling != nil && u.Floor.Reference == u.Ceiling.Reference && u.Ceiling.MM <= u.Floor.MM {
		return fmt.Errorf("ceiling: found %d mm, expected above the floor, %d mm", u.Ceiling.MM, u.Floor.MM)
	}
	if len(u.Volumes) > maxVolumesBytes {
		return fmt.Errorf("volumes: found %d bytes, expected at most %d", len(u.Volumes), maxVolumesBytes)
	}
	return checkText("text", u.Text)
}

// Make offers another party who does what about a conflict.
type Make struct {
	To           party.ID           `json:"to"`
	Mine         Ref                `json:"mine"`
	Theirs       Ref                `json:"theirs"`
	Undertakings []Undertaking      `json:"undertakings"`
	AnswerBy     *statement.Instant `json:"answer_by,omitempty"` // none: as the rules between the two say
	Text         string             `json:"text,omitempty"`
}

// Check refuses what no state could make right.
func (b *Make) Check() error {
	if !b.To.Valid() {
		return fmt.Errorf("to: found %q, expected the id of a party", short(string(b.To)))
	}
	if err := b.Mine.check("mine"); err != nil {
		return err
	}
	if err := b.Theirs.check("theirs"); err != nil {
		return err
	}
	if b.Mine.Intent == b.Theirs.Intent {
		return fmt.Errorf("theirs.intent: found the same intent as mine, expected another")
	}
	return checkOffer(b.Undertakings, b.Text)
}

// Counter answers an offer by another one.
type Counter struct {
	Offer        string             `json:"offer"`
	Undertakings []Undertaking      `json:"undertakings"`
	AnswerBy     *statement.Instant `json:"answer_by,omitempty"`
	Text         string             `json:"text,omitempty"`
}

// Check refuses what no state could make right.
func (b *Counter) Check() error {
	if err := checkID("offer", b.Offer); err != nil {
		return err
	}
	return checkOffer(b.Undertakings, b.Text)
}

func checkOffer(list []Undertaking, text string) error {
	if len(list) == 0 || len(list) > maxUndertakings {
		return fmt.Errorf("undertakings: found %d, expected 1 to %d", len(list), maxUndertakings)
	}
	for i := range list {
		if err := list[i].check(); err != nil {
			return fmt.Errorf("undertakings[%d]: %w", i, err)
		}
	}
	return checkText("text", text)
}

// Accept says yes to exactly what was offered.
type Accept struct {
	Offer  string `json:"offer"`
	Digest string `json:"digest"` // of the offer, as its event has it
}

// Check refuses what no state could make right.
func (b *Accept) Check() error {
	if err := checkID("offer", b.Offer); err != nil {
		return err
	}
	if len(b.Digest) != 64 {
		return fmt.Errorf("digest: found %q, expected the 64 hexadecimal digits that the offer has", short(b.Digest))
	}
	return nil
}

// Reject says no.
type Reject struct {
	Offer  string `json:"offer"`
	Reason string `json:"reason,omitempty"`
}

// Check refuses what no state could make right.
func (b *Reject) Check() error { return checkAnswer(b.Offer, b.Reason) }

// Fail says that what was accepted cannot be done.
type Fail struct {
	Offer  string `json:"offer"`
	Reason string `json:"reason"`
}

// Check refuses what no state could make right.
func (b *Fail) Check() error {
	if b.Reason == "" {
		return fmt.Errorf("reason: found none, expected why what was accepted cannot be done")
	}
	return checkAnswer(b.Offer, b.Reason)
}

// Complied says that what was accepted is done. About what only people can
// judge, the word of the party that it was promised to counts.
type Complied struct {
	Offer string `json:"offer"`
}

// Check refuses what no state could make right.
func (b *Complied) Check() error { return checkID("offer", b.Offer) }

func checkAnswer(offer, reason string) error {
	if err := checkID("offer", offer); err != nil {
		return err
	}
	return checkText("reason", reason)
}

func checkID(name, id string) error {
	if len(id) == 0 || len(id) > party.MaxStatementIDBytes {
		return fmt.Errorf("%s: found an id of %d bytes, expected 1 to %d", name, len(id), party.MaxStatementIDBytes)
	}
	return nil
}

func checkText(name, text string) error {
	if len(text) > maxTextBytes {
		return fmt.Errorf("%s: found %d bytes, expected at most %d", name, len(text), maxTextBytes)
	}
	return nil
}

// short keeps an error from repeating a whole hostile input.
func short(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
