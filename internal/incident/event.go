package incident

import (
	"slices"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Event is an event of this domain.
type Event interface {
	event.Event
	incidentEvent()
}

// Events are the events of this domain, by type.
var Events = event.Table{
	"incident.opened":    func() event.Event { return new(Opened) },
	"incident.accounted": func() event.Event { return new(Accounted) },
	"incident.proposed":  func() event.Event { return new(Proposed) },
	"incident.answered":  func() event.Event { return new(Answered) },
	"incident.undertook": func() event.Event { return new(Undertook) },
	"incident.closed":    func() event.Event { return new(Closed) },
	"incident.overdue":   func() event.Event { return new(Overdue) },
}

// Head is what all events of this domain have in common.
type Head struct {
	By       party.ID   `json:"by,omitempty"` // who caused it; empty: the node
	Incident string     `json:"incident"`
	Parties  []party.ID `json:"parties"` // involved, sorted, as far as who caused it sees them
	// Around is the party that called a STOP. It and each other party are shown what
	// the two say, and no other is shown that, nor who else is involved. Empty: all
	// involved are shown the same.
	Around party.ID `json:"around,omitempty"`
}

// Actor implements event.Event.
func (h *Head) Actor() party.ID { return h.By }

// Form implements event.Versioned: 2 came with Around.
func (h *Head) Form() (own, newest int64) {
	if h.Around != "" {
		return 2, 2
	}
	return 1, 2
}

// shown returns what a party sees of an event: an incident is the business of
// those involved. part is what those around a party are shown.
func (h *Head) shown(to party.ID, part []string) []string {
	switch {
	case !slices.Contains(h.Parties, to):
		return nil
	case h.Around == "" || h.Around == to || h.By == to:
		return event.Whole
	}
	return part
}

// Members that those around a party are shown: nothing that tells who the others
// are, or how they stand.
var (
	openedPart    = []string{"incident", "around", "kind", "category", "when", "place", "altitude", "subjects", "text", "evidence", "reply_by"}
	accountedPart = []string{"incident", "around", "by", "version", "account", "evidence"}
	proposedPart  = []string{"incident", "around", "by", "number", "kind", "text", "evidence", "reply_by"}
	answeredPart  = []string{"incident", "around", "by", "number", "stance", "reason"}
	undertookPart = []string{"incident", "around", "by", "number", "text", "due", "done"}
	closedPart    = []string{"incident", "around", "by", "publish"}
	overduePart   = []string{"incident", "around", "what", "number", "due"}
)

func (*Head) incidentEvent() {}

// Evidence is an entry of the journal that an incident rests on.
type Evidence struct {
	Index int64  `json:"index"`
	Leaf  string `json:"leaf"` // hash of the leaf, RFC 6962, in hex
}

// Judged is how a rule stood when the incident opened.
type Judged struct {
	Source  terms.Source `json:"source"`
	Verdict string       `json:"verdict"` // met, breached or not_assessable
}

// Opened opens an incident with what was known then.
type Opened struct {
	Head
	Key      string             `json:"key"` // of the cause; one has one incident
	Kind     Kind               `json:"kind"`
	Category Category           `json:"category"`
	At       statement.Instant  `json:"when"`
	Place    *declared.Point    `json:"place,omitempty"`
	Altitude *declared.Altitude `json:"altitude,omitempty"`
	Subjects []string           `json:"subjects,omitempty"`
	// HorizontalMM and VerticalMM are the closest approach as computed; nil where
	// nothing was.
	HorizontalMM *int64            `json:"horizontal_mm,omitempty"`
	VerticalMM   *int64            `json:"vertical_mm,omitempty"`
	Rules        []Judged          `json:"rules,omitempty"`
	NonParties   []string          `json:"non_parties,omitempty"`
	Text         string            `json:"text,omitempty"`
	Sighting     *Sighting         `json:"sighting,omitempty"`
	Evidence     []Evidence        `json:"evidence,omitempty"` // frozen
	ReplyBy      statement.Instant `json:"reply_by"`           // for each party's account
	Confidential bool              `json:"confidential,omitempty"`
}

// Type implements event.Event.
func (*Opened) Type() string { return "incident.opened" }

// Release implements event.Event. Who reported in confidence stays unnamed.
func (e *Opened) Release(to party.ID) []string {
	if to != "" && to == e.By {
		return event.Whole
	}
	if !slices.Contains(e.Parties, to) {
		return nil
	}
	if e.Around != "" && e.Around != to {
		return openedPart
	}
	members := []string{
		"incident", "parties", "kind", "category", "when", "place", "altitude", "subjects", "horizontal_mm", "vertical_mm",
		"rules", "non_parties", "text", "sighting", "evidence", "reply_by", "around",
	}
	if e.Confidential {
		return members
	}
	return append(members, "by")
}

// Accounted is a party's account.
type Accounted struct {
	Head
	Version  int64      `json:"version"`
	Account  Account    `json:"account"`
	Evidence []Evidence `json:"evidence,omitempty"` // that it adds
	Category Category   `json:"category"`           // with this account
}

// Type implements event.Event.
func (*Accounted) Type() string { return "incident.accounted" }

// Release implements event.Event.
func (e *Accounted) Release(to party.ID) []string { return e.shown(to, accountedPart) }

// Proposed puts a point on the joint sheet.
type Proposed struct {
	Head
	Number   int64             `json:"number"`
	Kind     Point             `json:"kind"`
	Text     string            `json:"text"`
	Evidence []Evidence        `json:"evidence,omitempty"`
	ReplyBy  statement.Instant `json:"reply_by"`
}

// Type implements event.Event.
func (*Proposed) Type() string { return "incident.proposed" }

// Release implements event.Event.
func (e *Proposed) Release(to party.ID) []string { return e.shown(to, proposedPart) }

// Answered is a party's stance to a point.
type Answered struct {
	Head
	Number int64  `json:"number"`
	Stance Stance `json:"stance"`
	Reason string `json:"reason,omitempty"`
	// Status is that of the point with this answer.
	Status Status `json:"status"`
}

// Type implements event.Event.
func (*Answered) Type() string { return "incident.answered" }

// Release implements event.Event.
func (e *Answered) Release(to party.ID) []string { return e.shown(to, answeredPart) }

// Undertook is an action that a party took on, or has done.
type Undertook struct {
	Head
	Number int64             `json:"number"`
	Text   string            `json:"text"`
	Due    statement.Instant `json:"due,omitempty"`
	Done   bool              `json:"done,omitempty"`
}

// Type implements event.Event.
func (*Undertook) Type() string { return "incident.undertook" }

// Release implements event.Event.
func (e *Undertook) Release(to party.ID) []string { return e.shown(to, undertookPart) }

// Closed says that a party is through; with Final all are.
type Closed struct {
	Head
	Publish bool `json:"publish,omitempty"`
	Final   bool `json:"final,omitempty"`
	// Published is set when all consented to publish the joint sheet.
	Published bool `json:"published,omitempty"`
}

// Type implements event.Event.
func (*Closed) Type() string { return "incident.closed" }

// Release implements event.Event.
func (e *Closed) Release(to party.ID) []string { return e.shown(to, closedPart) }

// Overdue says what is late, and whose it is.
type Overdue struct {
	Head
	What    string            `json:"what"`             // account, point or action
	Number  int64             `json:"number,omitempty"` // of the point or the action
	Missing []party.ID        `json:"missing"`
	Due     statement.Instant `json:"due"`
}

// Type implements event.Event.
func (*Overdue) Type() string { return "incident.overdue" }

// Release implements event.Event: those around a party are told what is late of
// their own.
func (e *Overdue) Release(to party.ID) []string {
	if e.Around != "" && e.Around != to && !slices.Contains(e.Missing, to) {
		return nil
	}
	return e.shown(to, overduePart)
}
