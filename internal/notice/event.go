package notice

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Wording stands in every notice, event and view of this package, so that nobody
// takes one for more than it is.
const Wording = "This is a notice, not a request for leave, and nothing here grants or denies any. All duties under law are unchanged. Safety is not guaranteed."

// Event is an event of this domain.
type Event interface {
	event.Event
	noticeEvent()
}

// Events are the events of this domain, by type.
var Events = event.Table{
	"notice.declared":    func() event.Event { return new(Declared) },
	"notice.distributed": func() event.Event { return new(Distributed) },
	"notice.sent":        func() event.Event { return new(Sent) },
	"notice.consented":   func() event.Event { return new(Consented) },
	"notice.revoked":     func() event.Event { return new(Revoked) },
	"notice.stepped":     func() event.Event { return new(Stepped) },
	"notice.replied":     func() event.Event { return new(Replied) },
	"notice.ended":       func() event.Event { return new(Ended) },
	"notice.overdue":     func() event.Event { return new(Overdue) },
	"notice.review_due":  func() event.Event { return new(ReviewDue) },
	"notice.risk":        func() event.Event { return new(Risk) },
}

// Head is what all events of this domain have in common.
type Head struct {
	By       party.ID `json:"by,omitempty"` // who caused it; empty: the node
	Notice   string   `json:"notice"`
	Notifier party.ID `json:"notifier"`
	Version  int64    `json:"version"`
	Wording  string   `json:"wording"`
}

// headMembers are the members of a Head.
var headMembers = []string{"by", "notice", "notifier", "version", "wording"}

// Actor implements event.Event.
func (h *Head) Actor() party.ID { return h.By }

func (*Head) noticeEvent() {}

// toAny releases members to the notifier, who sees all, and to a list.
func (h *Head) toAny(to party.ID, list []party.ID, members ...string) []string {
	switch {
	case to == h.Notifier:
		return event.Whole
	case !slices.Contains(list, to):
		return nil
	case len(members) == 0:
		return event.Whole
	}
	return append(slices.Clone(headMembers), members...)
}

// Declared is a new version of a notice. Without recipients it is held back: the
// doubts are a query to the notifier.
type Declared struct {
	Head
	Content Content    `json:"content"`
	Consent []party.ID `json:"consent"`
	Doubts  []Doubt    `json:"doubts,omitempty"`
	Confirm string     `json:"confirm,omitempty"` // why the notifier stands by it
	// HeldUntil is when it goes out with its doubts if nobody answers them.
	HeldUntil statement.Instant `json:"held_until,omitempty"`
	// Recipients are told of the content with this event.
	Recipients []party.ID `json:"recipients,omitempty"`
	// Holders have an older version. While this one is held back they learn
	// that the one they have is in question.
	Holders []party.ID `json:"holders,omitempty"`
}

// Type implements event.Event.
func (*Declared) Type() string { return "notice.declared" }

// Release implements event.Event. Who else is told is nobody else's business.
func (e *Declared) Release(to party.ID) []string {
	if slices.Contains(e.Recipients, to) {
		return e.toAny(to, e.Recipients, "content", "doubts", "confirm")
	}
	return e.toAny(to, e.Holders, "held_until")
}

// Distributed brings the present version to further recipients: those whom the
// notifier added, or all when a version was held back for long enough.
type Distributed struct {
	Head
	Content    Content    `json:"content"`
	Doubts     []Doubt    `json:"doubts,omitempty"`
	Confirm    string     `json:"confirm,omitempty"`
	Recipients []party.ID `json:"recipients"`
}

// Type implements event.Event.
func (*Distributed) Type() string { return "notice.distributed" }

// Release implements event.Event.
func (e *Distributed) Release(to party.ID) []string {
	return e.toAny(to, e.Recipients, "content", "doubts", "confirm")
}

// Sent says on what terms a version went to one recipient.
type Sent struct {
	Head
	To party.ID `json:"to"`
	// LeadS is from receipt at the recipient's door to the start of a movement,
	// in seconds; negative when it came after.
	LeadS    int64             `json:"lead_s,omitempty"`
	TargetS  int64             `json:"target_s,omitempty"` // of the lead; not a condition
	Lead     terms.Class       `json:"lead,omitempty"`     // of a movement: routine, short or after_the_fact
	ReadBy   statement.Instant `json:"read_by"`
	LoadedBy statement.Instant `json:"loaded_by"`
}

// Type implements event.Event.
func (*Sent) Type() string { return "notice.sent" }

// Release implements event.Event.
func (e *Sent) Release(to party.ID) []string { return e.toAny(to, []party.ID{e.To}) }

// Consented adds parties to those who are told.
type Consented struct {
	Head
	To []party.ID `json:"to"`
}

// Type implements event.Event.
func (*Consented) Type() string { return "notice.consented" }

// Release implements event.Event. Recipients learn of it by what they are sent.
func (e *Consented) Release(to party.ID) []string { return e.toAny(to, nil) }

// Revoked tells a recipient to drop a notice.
type Revoked struct {
	Head
	To     party.ID `json:"to"`
	Reason string   `json:"reason,omitempty"`
	Had    int64    `json:"had,omitempty"` // version that the recipient had; 0: none
}

// Type implements event.Event.
func (*Revoked) Type() string { return "notice.revoked" }

// Release implements event.Event.
func (e *Revoked) Release(to party.ID) []string {
	if e.Had == 0 { // it never knew
		return e.toAny(to, nil)
	}
	return e.toAny(to, []party.ID{e.To})
}

// Stepped is a step of a notice in its recipient's house.
type Stepped struct {
	Head
	Step  Link  `json:"step"`
	Cells int64 `json:"cells,omitempty"`
}

// Type implements event.Event.
func (*Stepped) Type() string { return "notice.stepped" }

// Release implements event.Event.
func (e *Stepped) Release(to party.ID) []string { return e.toAny(to, []party.ID{e.By}) }

// Replied is a recipient's answer.
type Replied struct {
	Head
	Answer Answer `json:"answer"`
	Reason string `json:"reason,omitempty"`
}

// Type implements event.Event.
func (*Replied) Type() string { return "notice.replied" }

// Release implements event.Event.
func (e *Replied) Release(to party.ID) []string { return e.toAny(to, []party.ID{e.By}) }

// Ended ends a notice.
type Ended struct {
	Head
	Reason     string     `json:"reason"` // moved, closed, arrived, cancelled or expired
	MovedTo    string     `json:"moved_to,omitempty"`
	Recipients []party.ID `json:"recipients,omitempty"` // who have it
}

// Type implements event.Event.
func (*Ended) Type() string { return "notice.ended" }

// Release implements event.Event.
func (e *Ended) Release(to party.ID) []string {
	return e.toAny(to, e.Recipients, "reason", "moved_to")
}

// Overdue is an alarm at both ends: a link of a recipient's chain is late. For a
// movement that should have arrived, To is empty and Link is "arrived".
type Overdue struct {
	Head
	To   party.ID          `json:"to,omitempty"`
	Link Link              `json:"link"`
	Due  statement.Instant `json:"due"`
	// Others are told too that a movement has not arrived.
	Others []party.ID `json:"others,omitempty"`
}

// Type implements event.Event.
func (*Overdue) Type() string { return "notice.overdue" }

// Release implements event.Event.
func (e *Overdue) Release(to party.ID) []string {
	if e.To != "" {
		return e.toAny(to, []party.ID{e.To})
	}
	return e.toAny(to, e.Others, "link", "due")
}

// ReviewDue asks the notifier to look at a site again.
type ReviewDue struct {
	Head
	Due statement.Instant `json:"due"`
}

// Type implements event.Event.
func (*ReviewDue) Type() string { return "notice.review_due" }

// Release implements event.Event.
func (e *ReviewDue) Release(to party.ID) []string { return e.toAny(to, nil) }

// Risk shows a mover, at the start, who has not read the notice and who cannot
// avoid it. It holds nobody.
type Risk struct {
	Head
	Unread      []party.ID `json:"unread,omitempty"`
	CannotAvoid []party.ID `json:"cannot_avoid,omitempty"`
}

// Type implements event.Event.
func (*Risk) Type() string { return "notice.risk" }

// Release implements event.Event.
func (e *Risk) Release(to party.ID) []string { return e.toAny(to, nil) }
