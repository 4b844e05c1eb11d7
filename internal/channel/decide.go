package channel

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Roster is what the channel asks the registry.
type Roster interface {
	Party(id party.ID) *registry.Party // nil: unknown
	Parties() []*registry.Party        // by id
	OnWatch(id party.ID, position string, nowNS int64) []registry.Watch
}

// View is what the channel needs to know from elsewhere.
type View struct {
	Registry Roster
	// Rules are what holds between two parties; never nil. Either may be empty,
	// for the node.
	Rules func(a, b party.ID) *terms.Rules
}

// Limits of what a party can have open at once: for messages in one direction,
// and to all parties together, so that nobody fills the memory of the node with
// what is not dealt with. FLASH has more, so that lesser messages cannot crowd it
// out.
const (
	MaxOpen         = 1000
	MaxOpenFlash    = 2000
	MaxOpenAll      = 5000
	MaxOpenAllFlash = 10_000
	MaxStanding     = 1000 // STOPs of a party that were not lifted
	MaxUndertakings = 1000 // that a party entered
)

// maxAheadNS is how far what a party reports may be ahead of the node's clock.
const maxAheadNS = int64(5 * time.Minute)

// Decide returns the events of an act, and changes nothing. Its error is a
// *event.Refusal.
func (st *State) Decide(a *party.Act, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	d := decision{st, a, by, v, env, statement.Instant(env.NowNS)}
	switch body := a.Content.(type) {
	case *Send:
		return d.send(body)
	case *Open:
		return d.open(body)
	case *Respond:
		return d.respond(body)
	case *SayBack:
		return d.sayBack(body)
	case *Try:
		return d.try(body)
	case *CallStop:
		return d.stop(body)
	case *Hold:
		return d.hold(body)
	case *Resume:
		return d.resume(body)
	case *Review:
		return d.review(body)
	case *Call:
		return d.call(body)
	case *Kept:
		return d.kept(body)
	}
	return nil, event.Refuse(event.Invalid, "found the act %q, expected one of the channel", a.Act)
}

// decision is one act being decided.
type decision struct {
	st  *State
	act *party.Act
	by  registry.Authority
	v   View
	env event.Env
	now statement.Instant
}

func (d *decision) hand(position string) Hand {
	return Hand{By: d.act.Party, Role: d.by.Role, Level: d.by.Level, Position: position, Person: d.by.Person, Custody: d.by.Custody}
}

// person refuses what only a person can do, when no person does it.
func (d *decision) person(what string) error {
	if d.by.Person == "" {
		return event.Refuse(event.Incomplete, "found nobody who %s, expected the alias of a person in the statement or the token", what)
	}
	return nil
}

// screening is what was found in the texts of a body and must not be exchanged.
// A body's Check looks, at the edge, so that the single writer need not.
type screening struct {
	done  bool
	found []string // ids, sorted
}

// look returns what is found in texts, which are the same each time.
func (s *screening) look(texts ...string) []string {
	if s.done {
		return s.found
	}
	for _, text := range texts {
		for _, f := range release.Screen(text) {
			s.found = append(s.found, f.ID)
		}
	}
	slices.Sort(s.found)
	s.found, s.done = slices.Compact(s.found), true
	return s.found
}

// screened joins the errors of a body, and looks at its texts if there are none.
func screened(look func() []string, errs ...error) error {
	err := errors.Join(errs...)
	if err == nil {
		look()
	}
	return err
}

// clean refuses what was found.
func clean(found []string) error {
	if len(found) == 0 {
		return nil
	}
	return &event.Refusal{Kind: event.NotAllowed, Message: "found in the text what is not exchanged on the channel; say where and when, and nothing else", Details: map[string]any{"found": found}}
}

// textsOf returns what somebody wrote freely in fields.
func textsOf(fields []Field) (texts []string) {
	for _, f := range fields {
		if f.Text != nil {
			texts = append(texts, *f.Text)
		}
	}
	return texts
}

func (d *decision) send(s *Send) ([]event.Event, error) {
	k := kinds[s.Type]
	if d.by.Level < k.sender {
		return nil, event.Refuse(event.NotAllowed, "found the level %q, expected %s or above to send %s", d.by.Level, k.sender, s.Type)
	}
	if err := d.addressed(s); err != nil {
		return nil, err
	}
	rules := d.v.Rules(d.act.Party, s.To.Party)
	if most := int(rules.Precedence.FlashBytes); s.Precedence == Flash && most > 0 && s.bytes() > most {
		return nil, event.Refuse(event.Invalid, "found %d bytes of text, expected at most %d in a FLASH", s.bytes(), most)
	}
	if s.ValidUntil != 0 && (s.ValidUntil <= d.now || int64(s.ValidUntil) > d.env.NowNS+MaxValidNS) {
		return nil, event.Refuse(event.Invalid, "found valid_until %s, expected after now, %s, and at most 7 days ahead", s.ValidUntil, d.now)
	}
	if err := d.room(s); err != nil {
		return nil, err
	}
	found := s.screen()
	if s.Precedence < Flash && len(found) > 0 {
		return nil, clean(found)
	}
	m := Dispatch{
		ID: d.env.ID(0), From: d.act.Party, To: s.To.Party,
		FromPosition: cmp.Or(s.From, watchPosition), FromRole: d.by.Role, FromLevel: d.by.Level, Person: d.by.Person,
		ToPosition: s.To.Position, Type: s.Type, Precedence: s.Precedence, Response: s.Response, Ref: s.Ref,
		Fields: s.Fields, Language: s.Language, Text: s.Text, Translated: s.Translated, Phrases: s.Phrases,
		Relay: s.Relay, Screened: found, Queued: d.act.At, ValidUntil: s.ValidUntil,
	}
	return d.st.dispatch(m, rules, d.v, d.env.NowNS), nil
}

// room refuses a message beyond what the party can have open.
func (d *decision) room(s *Send) error {
	most, mostAll := int64(MaxOpen), MaxOpenAll
	if s.Precedence == Flash {
		most, mostAll = MaxOpenFlash, MaxOpenAllFlash
	}
	if open := d.st.numbered(d.act.Party, s.To.Party).open; open >= most {
		return event.Refuse(event.NotNow, "found %d open messages to %s, expected fewer than %d; only what is more urgent is still taken", open, s.To.Party, most)
	}
	if open := d.st.outgoing[d.act.Party]; open >= mostAll {
		return event.Refuse(event.NotNow, "found %d open messages of %s, expected fewer than %d; only what is more urgent is still taken", open, d.act.Party, mostAll)
	}
	return nil
}

// bytes returns the length of what has to be read in a message.
func (s *Send) bytes() int {
	n := max(len(s.Text), len(s.Translated.Text))
	for _, text := range textsOf(s.Fields) {
		n += len(text)
	}
	return n
}

func (d *decision) addressed(s *Send) error {
	if s.To.Party == d.act.Party {
		return event.Refuse(event.Invalid, "found the own party as the receiver, expected another")
	}
	to := d.v.Registry.Party(s.To.Party)
	if to == nil {
		return event.Refuse(event.NotFound, "found no party %q, expected one that enrolled", s.To.Party)
	}
	if to.Position(s.To.Position) == nil {
		return event.Refuse(event.NotFound, "found no position %q of %s, expected one of its record", s.To.Position, s.To.Party)
	}
	if own := d.v.Registry.Party(d.act.Party); s.From != "" && (own == nil || own.Position(s.From) == nil) {
		return event.Refuse(event.NotFound, "found no position %q, expected one of the party's own record", s.From)
	}
	return nil
}

// dispatch completes a message and returns the events of sending it: FLASH climbs
// its ladder at once, beside the delivery as data, and so does what is for a
// position that nobody stands.
func (st *State) dispatch(m Dispatch, rules *terms.Rules, v View, nowNS int64) []event.Event {
	st.complete(&m, rules, v, nowNS)
	evs := []event.Event{&Sent{m}}
	switch {
	case m.Precedence >= Flash:
		evs = append(evs, escalate(m, ForUrgency, rules.Ladder, statement.Instant(nowNS))...)
	case m.Unmanned:
		evs = append(evs, escalate(m, ForUnmanned, rules.Ladder, statement.Instant(nowNS))...)
	}
	return evs
}

// complete fills in what follows from the type of a message, from the rules, and
// from who stands the position.
func (st *State) complete(m *Dispatch, rules *terms.Rules, v View, nowNS int64) {
	k := kinds[m.Type]
	m.Number = st.numbered(m.From, m.To).last + 1
	m.MinLevel = k.receiver
	m.Response = stronger(k.response, m.Response)
	if slices.Contains(rules.ReadBack.Types, string(m.Type)) && slices.ContainsFunc(m.Fields, Field.Critical) {
		m.Response = ReadBack
	}
	m.RespondBy = respondBy(rules, m.Precedence, nowNS)
	if m.ValidUntil == 0 && m.Precedence != Stop {
		m.ValidUntil = statement.Instant(nowNS + MaxValidNS)
	}
	m.Unmanned = len(v.Registry.OnWatch(m.To, m.ToPosition, nowNS)) == 0
}

func stronger(a, b Response) Response {
	return responses[max(slices.Index(responses, a), slices.Index(responses, b))]
}

// Note is a message of the node itself.
type Note struct {
	To         Address
	Type       Type
	Precedence Precedence
	Fields     []Field
	Ref        string
	Text       string // in English
	Phrases    []string
}

// Notify returns the events of a message of the node itself to a party. n is a
// number of Env.ID that nothing else of the act has. They have to be applied
// before the next message to the party is decided, as they number it.
func (st *State) Notify(note Note, v View, env event.Env, n int) []event.Event {
	m := Dispatch{
		ID: env.ID(n), To: note.To.Party, ToPosition: cmp.Or(note.To.Position, watchPosition), Type: note.Type,
		Precedence: note.Precedence, Fields: note.Fields, Ref: note.Ref, Text: note.Text, Phrases: note.Phrases,
		Queued: statement.Instant(env.NowNS),
	}
	if note.Text != "" {
		m.Language = "en"
	}
	return st.dispatch(m, v.Rules("", note.To.Party), v, env.NowNS)
}

// received returns a message that the acting party is to deal with.
func (d *decision) received(id string) (*Message, error) {
	m := d.st.Message(id, d.act.Party)
	switch {
	case m == nil:
		return nil, event.Refuse(event.NotFound, "found no message %q, expected the id of one to this party", id)
	case m.To != d.act.Party:
		return nil, event.Refuse(event.NotAllowed, "found a message from this party, expected one to it: only its receiver deals with it")
	case m.Ended != 0:
		return nil, event.Refuse(event.NotNow, "found the message %s since %s, expected an open one", m.State(), m.Ended)
	}
	return m, nil
}

func between(m *Message) Between { return Between{m.ID, m.From, m.To} }

func (d *decision) open(o *Open) ([]event.Event, error) {
	m, err := d.received(o.Message)
	if err != nil {
		return nil, err
	}
	ev := &Progressed{Between: between(m), Hand: d.hand(o.Position), Step: o.Step}
	if o.Step == StepPresented {
		if m.Presented != 0 {
			return nil, event.Refuse(event.NotNow, "found the message presented since %s", m.Presented)
		}
		return []event.Event{ev}, nil
	}
	if err := d.person("opens the message"); err != nil {
		return nil, err
	}
	if m.Opened != 0 {
		return nil, event.Refuse(event.NotNow, "found the message opened since %s", m.Opened)
	}
	if m.Response == None {
		ev.Ending = AsOpened
	}
	return []event.Event{ev}, nil
}

// ending returns how an answer ends a message that asks for a response. A ROGER
// ends none that asks for more, and no word one that is to be read back.
func ending(asked Response, answer string) Ending {
	switch asked {
	case None, Roger:
		if answer != SayStandby {
			return AsAnswered
		}
	case WilcoUnable:
		switch answer {
		case SayWilco:
			return AsWilco
		case SayUnable:
			return AsAnswered
		}
	case Reply:
		if answer == SayReply || answer == SayUnable {
			return AsAnswered
		}
	}
	return StillOpen
}

func (d *decision) respond(r *Respond) ([]event.Event, error) {
	m, err := d.received(r.Message)
	if err != nil {
		return nil, err
	}
	if m.Type == TypeStop {
		return nil, event.Refuse(event.Invalid, "found an answer to a STOP, expected channel.hold: held, not_mine or unable")
	}
	if err := d.person("answers"); err != nil {
		return nil, err
	}
	if err := clean(r.screen()); err != nil {
		return nil, err
	}
	ev := &Responded{
		Between: between(m), Hand: d.hand(r.Position),
		Answer: r.Answer, Language: r.Language, Text: r.Text, Fields: r.Fields,
	}
	rules := d.v.Rules(m.From, m.To)
	switch {
	case r.Answer == SayStandby:
		d.standby(m, rules, ev)
	case d.by.Level < m.MinLevel:
		ev.PassedUp, ev.Due = true, d.passUp(m, rules)
	default:
		ev.Ending = ending(m.Response, r.Answer)
	}
	return []event.Event{ev}, nil
}

// standby gives a message its limit of standing by, once, and only while its
// time still runs. Somebody spoke, so the ladder waits as long.
func (d *decision) standby(m *Message, rules *terms.Rules, ev *Responded) {
	more := statement.Instant(rules.Precedence.StandbyNS)
	if m.Standby != 0 || m.Due <= d.now {
		return
	}
	ev.Due = m.Due + more
	if _, running := m.running(); running {
		ev.Until = max(m.Climb.Until, d.now+more)
	}
}

// passUp returns the limit of a message that was passed up to who can deal with
// it: the handling time once more, from now, and once.
func (d *decision) passUp(m *Message, rules *terms.Rules) statement.Instant {
	if m.PassedUp != 0 {
		return 0
	}
	return max(m.Due, respondBy(rules, m.Precedence, d.env.NowNS))
}
