package channel

import (
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Precedence says how soon a message has to be dealt with: by urgency, not by
// importance.
type Precedence uint8

// Precedences, lowest first. A higher one goes before all lower ones.
const (
	Routine Precedence = iota + 1
	Priority
	Immediate
	Flash
	// Stop is that of STOP alone.
	Stop
)

var precedenceNames = [...]string{
	"", terms.PrecedenceRoutine, terms.PrecedencePriority, terms.PrecedenceImmediate,
	terms.PrecedenceFlash, terms.PrecedenceStop,
}

func (p Precedence) String() string {
	if int(p) < len(precedenceNames) {
		return precedenceNames[p]
	}
	return ""
}

// MarshalText implements encoding.TextMarshaler.
func (p Precedence) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Precedence) UnmarshalText(text []byte) error {
	i := slices.Index(precedenceNames[:], string(text))
	if i <= 0 {
		return fmt.Errorf("found the precedence %.32q, expected ROUTINE, PRIORITY, IMMEDIATE, FLASH or STOP", text)
	}
	*p = Precedence(i)
	return nil
}

// noTestsNS is the handling time of a routine message where no test calls are
// agreed: a day, as there would be a test call at least once a day.
const noTestsNS = int64(24 * 3600 * 1_000_000_000)

// respondBy returns until when a message sent at nowNS is to be dealt with.
func respondBy(r *terms.Rules, p Precedence, nowNS int64) statement.Instant {
	if ns, ok := r.Precedence.HandlingNS(p.String()); ok {
		return statement.Instant(nowNS + ns)
	}
	if ns, ok := r.Tests.Next(nowNS); ok {
		return statement.Instant(ns)
	}
	return statement.Instant(nowNS + noTestsNS)
}

// Response is what a message asks its receiver for.
type Response string

// Responses, weakest first.
const (
	None        Response = "none"         // that a person opens it
	Roger       Response = "roger"        // that a person says it was received
	WilcoUnable Response = "wilco_unable" // whether the receiver will do what it undertakes or is asked
	Reply       Response = "reply"        // an answer in substance
	ReadBack    Response = "read_back"    // its critical fields, said back
)

var responses = []Response{None, Roger, WilcoUnable, Reply, ReadBack}

// Force is what is done by saying something to another party. To order is not
// among them.
type Force string

// Forces of messages and phrases.
const (
	Inform    Force = "inform"    // says what is so
	Advise    Force = "advise"    // says what the sender thinks would help
	Request   Force = "request"   // asks; "no" is an answer
	Warn      Force = "warn"      // says what danger is seen
	Undertake Force = "undertake" // says what the sender will do
	HoldOwn   Force = "hold_own"  // says that the sender holds its own
	AskToHold Force = "stop"      // STOP: asks each receiver to hold its own
)

// Type is a type of message.
type Type string

// The types of messages. There are no others.
const (
	TypeIntent         Type = "INTENT"
	TypeChange         Type = "CHANGE"
	TypeCancel         Type = "CANCEL"
	TypeCrossingNotice Type = "CROSSING-NOTICE"
	TypeConflict       Type = "CONFLICT"
	TypePropose        Type = "PROPOSE"
	TypeCounter        Type = "COUNTER"
	TypeAccept         Type = "ACCEPT"
	TypeReject         Type = "REJECT"
	TypeUnresolved     Type = "UNRESOLVED"
	TypeWarn           Type = "WARN"
	TypeStop           Type = "STOP"
	TypeHolding        Type = "HOLDING"
	TypeResumed        Type = "RESUMED"
	TypeSiteNotice     Type = "SITE-NOTICE"
	TypeMoveNotice     Type = "MOVE-NOTICE"
	TypeSighting       Type = "SIGHTING"
	TypeQuery          Type = "QUERY"
	TypeReply          Type = "REPLY"
	TypeIncident       Type = "INCIDENT"
	TypeSuspend        Type = "SUSPEND"
	TypeResume         Type = "RESUME"
	TypeTest           Type = "TEST"
	TypeHeartbeat      Type = "HEARTBEAT"
	TypeRelay          Type = "RELAY"
	TypeAdmin          Type = "ADMIN"
)

// kind is what holds for a type of message.
type kind struct {
	force    Force
	sender   party.Level // least level that may send it
	receiver party.Level // least level that can deal with it; lower ones pass it up
	response Response    // the least that is asked for
	highest  Precedence
	needs    []string // kinds of value of which it has at least one each
	own      string   // the act that sends it, when channel.send does not
}

// kinds holds every type. Whoever stands the watch may say and receive what
// keeps aircraft apart; what binds a party takes a higher level on either side.
var kinds = map[Type]kind{
	TypeIntent:         {force: Inform, sender: party.Watch, receiver: party.Watch, response: Roger, highest: Flash},
	TypeChange:         {force: Inform, sender: party.Watch, receiver: party.Watch, response: Roger, highest: Flash},
	TypeCancel:         {force: Inform, sender: party.Watch, receiver: party.Watch, response: ReadBack, highest: Flash, needs: []string{kindCancel}},
	TypeCrossingNotice: {force: Inform, sender: party.Watch, receiver: party.Watch, response: ReadBack, highest: Flash, needs: []string{kindPosition, kindTime}},
	TypeConflict:       {force: Inform, sender: party.Watch, receiver: party.Watch, response: Roger, highest: Flash},
	TypePropose:        {force: Request, sender: party.Watch, receiver: party.Duty, response: WilcoUnable, highest: Flash},
	TypeCounter:        {force: Request, sender: party.Watch, receiver: party.Duty, response: WilcoUnable, highest: Flash},
	TypeAccept:         {force: Undertake, sender: party.Duty, receiver: party.Watch, response: Roger, highest: Flash},
	TypeReject:         {force: Inform, sender: party.Watch, receiver: party.Watch, response: Roger, highest: Flash},
	TypeUnresolved:     {force: Inform, sender: party.Watch, receiver: party.Duty, response: Roger, highest: Flash},
	TypeWarn:           {force: Warn, sender: party.Watch, receiver: party.Watch, response: Roger, highest: Flash},
	TypeStop:           {force: AskToHold, receiver: party.Watch, response: WilcoUnable, highest: Stop, own: "channel.stop"},
	TypeHolding:        {force: HoldOwn, receiver: party.Watch, response: None, highest: Flash, own: "channel.hold"},
	TypeResumed:        {force: Inform, sender: party.Duty, receiver: party.Watch, response: Roger, highest: Immediate, own: "channel.resume"},
	TypeSiteNotice:     {force: Inform, sender: party.Watch, receiver: party.Watch, response: ReadBack, highest: Flash, needs: []string{kindPosition}},
	TypeMoveNotice:     {force: Inform, sender: party.Watch, receiver: party.Watch, response: ReadBack, highest: Flash, needs: []string{kindPosition, kindTime}},
	TypeSighting:       {force: Warn, sender: party.Watch, receiver: party.Watch, response: Roger, highest: Flash, needs: []string{kindPosition, kindTime}},
	TypeQuery:          {force: Request, sender: party.Watch, receiver: party.Watch, response: Reply, highest: Flash},
	TypeReply:          {force: Inform, sender: party.Watch, receiver: party.Watch, response: Roger, highest: Flash},
	TypeIncident:       {force: Inform, sender: party.Watch, receiver: party.Duty, response: Roger, highest: Immediate},
	TypeSuspend:        {force: Inform, sender: party.Policy, receiver: party.Policy, response: Roger, highest: Immediate},
	TypeResume:         {force: Request, sender: party.Policy, receiver: party.Policy, response: WilcoUnable, highest: Immediate},
	TypeTest:           {force: Request, receiver: party.Watch, response: Reply, highest: Routine, own: "bearer.test"},
	TypeHeartbeat:      {force: Inform, receiver: party.Watch, response: None, highest: Routine, own: "bearer.heartbeat"},
	TypeRelay:          {force: Inform, sender: party.Watch, receiver: party.Watch, response: Roger, highest: Flash},
	TypeAdmin:          {force: Request, sender: party.Watch, receiver: party.Senior, response: Roger, highest: Priority},
}

// Force returns what a message of the type does; empty for what is no type.
func (t Type) Force() Force { return kinds[t].force }

// MinLevel returns the least level at which a message of the type is dealt with.
func (t Type) MinLevel() party.Level { return kinds[t].receiver }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Type) UnmarshalText(text []byte) error {
	if _, ok := kinds[Type(text)]; !ok {
		return fmt.Errorf("found the type of message %.32q, expected one of the closed list, as WARN or CROSSING-NOTICE", text)
	}
	*t = Type(text)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Response) UnmarshalText(text []byte) error {
	if !slices.Contains(responses, Response(text)) {
		return fmt.Errorf("found the response %.32q, expected none, roger, wilco_unable, reply or read_back", text)
	}
	*r = Response(text)
	return nil
}
