package channel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Acts are what parties do on the channel. STOP and its answers take any
// credential of a party, so that nobody is kept from them. Beyond the level
// given here, each type of message has its own.
var Acts = party.ActKinds{
	"channel.send":     {New: func() any { return new(Send) }, Level: party.Watch},
	"channel.open":     {New: func() any { return new(Open) }},
	"channel.answer":   {New: func() any { return new(Respond) }, Level: party.Watch},
	"channel.readback": {New: func() any { return new(SayBack) }, Level: party.Watch},
	"channel.attempt":  {New: func() any { return new(Try) }},
	"channel.stop":     {New: func() any { return new(CallStop) }},
	"channel.hold":     {New: func() any { return new(Hold) }},
	"channel.resume":   {New: func() any { return new(Resume) }}, // see decision.resumeLevel
	"channel.review":   {New: func() any { return new(Review) }, Level: party.Duty},
	"channel.call":     {New: func() any { return new(Call) }, Level: party.Watch},
	"channel.kept":     {New: func() any { return new(Kept) }, Level: party.Watch},
}

// Address is a position of a party. There is no way to address a person.
type Address struct {
	Party    party.ID `json:"party"`
	Position string   `json:"position"`
}

// watchPosition is where messages go that name no position.
const watchPosition = "watch"

// Send is the body of channel.send: a message from a position of the party to
// one of another party.
type Send struct {
	To         Address     `json:"to"`
	From       string      `json:"from,omitempty"` // position to answer to; empty: watch
	Type       Type        `json:"type"`
	Precedence Precedence  `json:"precedence"`
	Fields     []Field     `json:"fields,omitempty"`
	Ref        string      `json:"ref,omitempty"`      // id of the message or record that it is about
	Language   string      `json:"language,omitempty"` // of Text
	Text       string      `json:"text,omitempty"`     // original
	Translated Translation `json:"translation,omitzero"`
	Phrases    []string    `json:"phrases,omitempty"` // ids of standard phrases
	Relay      *Relay      `json:"relay,omitempty"`   // of a RELAY, and of nothing else
	// Response may ask for more than the type does, not for less.
	Response Response `json:"response,omitempty"`
	// ValidUntil is when the message loses its sense; at most MaxValidNS ahead,
	// which is also what holds when it is not given.
	ValidUntil statement.Instant `json:"valid_until,omitempty"`

	screening screening
}

// Translation is what somebody or something made of an original text, which is
// kept beside it.
type Translation struct {
	Language string `json:"language"`
	Text     string `json:"text"`
	By       string `json:"by"`      // alias of the linguist, or name of the program
	Machine  bool   `json:"machine"` // made by a program
}

// Relay says where a report came from. What is relayed is nobody's act but the
// relaying party's.
type Relay struct {
	Origin string   `json:"origin"`          // who is said to have said it
	Chain  []string `json:"chain,omitempty"` // through whom, first to last
	Grade  string   `json:"grade"`           // confirmed, probable, hearsay
}

var grades = []string{"confirmed", "probable", "hearsay"}

// MaxValidNS is how long a message can be open: 7 days, a choice of this
// program. It bounds what a node keeps of messages that nobody deals with.
const MaxValidNS = int64(7 * 24 * 3600 * 1_000_000_000)

// Check implements the check of bodies.
func (s *Send) Check() error {
	switch k, known := kinds[s.Type]; {
	case !known:
		return fmt.Errorf("type: found %.32q, expected the type of a message", string(s.Type))
	case s.Precedence < Routine:
		return errors.New("precedence: found none, expected ROUTINE, PRIORITY, IMMEDIATE or FLASH")
	case k.own != "":
		return fmt.Errorf("type: found %s, which is said by the act %s", s.Type, k.own)
	case s.Precedence > k.highest:
		return fmt.Errorf("precedence: found %s for %s, expected at most %s", s.Precedence, s.Type, k.highest)
	}
	return screened(s.screen,
		checkText("to.party", string(s.To.Party), 1, party.MaxIDBytes),
		checkText("to.position", s.To.Position, 1, maxShortBytes),
		checkText("from", s.From, 0, maxShortBytes),
		checkText("ref", s.Ref, 0, maxShortBytes),
		s.checkContent(), checkFields(s.Fields), s.checkNeeds(), s.checkRelay())
}

func (s *Send) screen() []string {
	return s.screening.look(append(textsOf(s.Fields), s.Text, s.Translated.Text)...)
}

func (s *Send) checkContent() error {
	if s.Text == "" && len(s.Fields) == 0 && len(s.Phrases) == 0 {
		return errors.New("found no fields, phrases and text, expected at least one")
	}
	if (s.Text == "") != (s.Language == "") || s.Text != "" && !isTag(s.Language) {
		return fmt.Errorf("language: found %.40q, expected the language tag of the text, and none without text", s.Language)
	}
	if len(s.Phrases) > maxPhrases {
		return fmt.Errorf("phrases: found %d, expected at most %d", len(s.Phrases), maxPhrases)
	}
	for _, id := range s.Phrases {
		if _, ok := phrases[id]; !ok {
			return fmt.Errorf("phrases: found %.40q, expected ids of standard phrases", id)
		}
	}
	if err := checkText("text", s.Text, 0, MaxTextBytes); err != nil {
		return err
	}
	return s.Translated.check(s.Text)
}

func (t *Translation) check(original string) error {
	if *t == (Translation{}) {
		return nil
	}
	if original == "" || !isTag(t.Language) {
		return fmt.Errorf("translation: found the language %.40q, expected a language tag, and an original text", t.Language)
	}
	return errors.Join(checkText("translation.text", t.Text, 1, MaxTextBytes), checkText("translation.by", t.By, 1, maxShortBytes))
}

func (s *Send) checkNeeds() error {
	for _, need := range kinds[s.Type].needs {
		if !slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Kind() == need }) {
			return fmt.Errorf("fields: found none of the kind %q, expected at least one in a %s", need, s.Type)
		}
	}
	asked, least := slices.Index(responses, s.Response), slices.Index(responses, kinds[s.Type].response)
	if s.Response != "" && asked < least {
		return fmt.Errorf("response: found %q, expected %q or more for a %s", s.Response, responses[least], s.Type)
	}
	if s.Response == ReadBack && !slices.ContainsFunc(s.Fields, Field.Critical) {
		return errors.New("response: found read_back without a field that can be read back, expected a position, level, time, frequency, length or cancellation")
	}
	return nil
}

func (s *Send) checkRelay() error {
	if (s.Relay != nil) != (s.Type == TypeRelay) {
		return errors.New("relay: expected in a RELAY, and in nothing else")
	}
	if s.Relay == nil {
		return nil
	}
	if !slices.Contains(grades, s.Relay.Grade) {
		return fmt.Errorf("relay.grade: found %.32q, expected confirmed, probable or hearsay", s.Relay.Grade)
	}
	if len(s.Relay.Chain) > maxRelay {
		return fmt.Errorf("relay.chain: found %d, expected at most %d", len(s.Relay.Chain), maxRelay)
	}
	for _, link := range s.Relay.Chain {
		if err := checkText("relay.chain", link, 1, maxShortBytes); err != nil {
			return err
		}
	}
	return checkText("relay.origin", s.Relay.Origin, 1, maxShortBytes)
}

// Open is the body of channel.open: how far a message came at its receiver.
type Open struct {
	Message  string `json:"message"`
	Step     string `json:"step"` // presented: on a screen; opened: by a person
	Position string `json:"position,omitempty"`
}

// Steps of channel.open.
const (
	StepPresented = "presented"
	StepOpened    = "opened"
)

// Check implements the check of bodies.
func (o *Open) Check() error {
	if o.Step != StepPresented && o.Step != StepOpened {
		return fmt.Errorf("step: found %.32q, expected presented or opened", o.Step)
	}
	return errors.Join(checkID("message", o.Message), checkText("position", o.Position, 0, maxShortBytes))
}

// Words of channel.answer.
const (
	SayRoger   = "roger"   // received; closes nothing that asks for more
	SayWilco   = "wilco"   // will do so
	SayUnable  = "unable"  // will not, or cannot
	SayStandby = "standby" // wait; once, and not for ever
	SayReply   = "reply"   // an answer in substance
)

var words = []string{SayRoger, SayWilco, SayUnable, SayStandby, SayReply}

// Respond is the body of channel.answer.
type Respond struct {
	Message  string  `json:"message"`
	Answer   string  `json:"answer"` // roger, wilco, unable, standby, reply
	Position string  `json:"position,omitempty"`
	Language string  `json:"language,omitempty"`
	Text     string  `json:"text,omitempty"`
	Fields   []Field `json:"fields,omitempty"`

	screening screening
}

// Check implements the check of bodies.
func (r *Respond) Check() error {
	if !slices.Contains(words, r.Answer) {
		return fmt.Errorf("answer: found %.32q, expected roger, wilco, unable, standby or reply", r.Answer)
	}
	if r.Answer == SayReply && r.Text == "" && len(r.Fields) == 0 {
		return errors.New("found a reply without text and fields, expected at least one")
	}
	if r.Text != "" && !isTag(r.Language) {
		return fmt.Errorf("language: found %.40q, expected the language tag of the text", r.Language)
	}
	return screened(r.screen, checkID("message", r.Message), checkText("position", r.Position, 0, maxShortBytes),
		checkText("language", r.Language, 0, maxLanguageLen),
		checkText("text", r.Text, 0, MaxTextBytes), checkFields(r.Fields))
}

func (r *Respond) screen() []string {
	return r.screening.look(append(textsOf(r.Fields), r.Text)...)
}

// SayBack is the body of channel.readback: the critical fields of a message as
// its receiver understood them.
type SayBack struct {
	Message  string  `json:"message"`
	Values   []Field `json:"values"`
	Method   string  `json:"method"` // entered: with the message in view; blind: without its values, as after a telephone call
	Position string  `json:"position,omitempty"`
}

// Methods of channel.readback.
const (
	Entered = "entered"
	Blind   = "blind"
)

// Check implements the check of bodies.
func (s *SayBack) Check() error {
	if s.Method != Entered && s.Method != Blind {
		return fmt.Errorf("method: found %.32q, expected entered or blind", s.Method)
	}
	return errors.Join(checkID("message", s.Message), checkText("position", s.Position, 0, maxShortBytes), checkFields(s.Values))
}

// Try is the body of channel.attempt: that somebody was called about a message,
// as either side logs it.
type Try struct {
	Message  string            `json:"message"`
	Position string            `json:"position"`
	Bearer   string            `json:"bearer"`
	Outcome  Outcome           `json:"outcome"`
	Started  statement.Instant `json:"started"`
	Ended    statement.Instant `json:"ended,omitempty"` // not while calling
}

// Check implements the check of bodies.
func (t *Try) Check() error {
	if (t.Ended == 0) != (t.Outcome == Calling) || t.Ended != 0 && t.Ended < t.Started {
		return errors.New("ended: expected at or after started, and none while calling")
	}
	return errors.Join(checkID("message", t.Message), t.Outcome.check(),
		checkText("position", t.Position, 1, maxShortBytes), checkText("bearer", t.Bearer, 1, maxShortBytes))
}

func checkID(name, id string) error { return checkText(name, id, 1, maxShortBytes) }

// Place is where a STOP is about: a point with a radius, a text, or both.
type Place struct {
	Point    *declared.Point `json:"point,omitempty"`
	RadiusMM int64           `json:"radius_mm,omitempty"`
	Text     string          `json:"text,omitempty"`
}

func (p *Place) check() error {
	if p.Point == nil && p.Text == "" {
		return errors.New("where: expected a point or a text")
	}
	if p.Point != nil {
		if _, err := p.Point.LatLng(); err != nil {
			return fmt.Errorf("where: %w", err)
		}
	}
	if p.RadiusMM < 0 || p.RadiusMM > maxCountOrHz || p.Point == nil && p.RadiusMM != 0 {
		return fmt.Errorf("where: found the radius %d mm, expected one from 0 about a point", p.RadiusMM)
	}
	return checkText("where", p.Text, 0, maxValueBytes)
}
