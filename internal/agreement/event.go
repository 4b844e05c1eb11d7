package agreement

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Event is an event of this package.
type Event interface {
	event.Event
	agreementEvent()
}

// Events makes an empty event of each type.
var Events = event.Table{
	"agreement.proposed":          func() event.Event { return new(Proposed) },
	"agreement.signed":            func() event.Event { return new(Signed) },
	"agreement.blocked":           func() event.Event { return new(Blocked) },
	"agreement.entered":           func() event.Event { return new(Entered) },
	"agreement.withdrawn":         func() event.Event { return new(Withdrawn) },
	"agreement.terms_received":    func() event.Event { return new(Received) },
	"agreement.noticed":           func() event.Event { return new(Noticed) },
	"agreement.suspended":         func() event.Event { return new(Suspended) },
	"agreement.lapsed":            func() event.Event { return new(Lapsed) },
	"agreement.terminated":        func() event.Event { return new(Terminated) },
	"agreement.expired":           func() event.Event { return new(Expired) },
	"agreement.objected":          func() event.Event { return new(Objected) },
	"agreement.answered":          func() event.Event { return new(Answered) },
	"agreement.waived":            func() event.Event { return new(Waived) },
	"agreement.resumption_opened": func() event.Event { return new(ResumptionOpened) },
	"agreement.resumption_joined": func() event.Event { return new(ResumptionJoined) },
	"agreement.checked":           func() event.Event { return new(Checked) },
	"agreement.phased":            func() event.Event { return new(Phased) },
	"agreement.resumed":           func() event.Event { return new(Resumed) },
	"agreement.observed":          func() event.Event { return new(Observed) },
	"agreement.queried":           func() event.Event { return new(Queried) },
	"agreement.replied":           func() event.Event { return new(Replied) },
	"agreement.overdue":           func() event.Event { return new(Overdue) },
	"agreement.reviewed":          func() event.Event { return new(Reviewed) },
	"agreement.warned":            func() event.Event { return new(Warned) },
}

// head is what every event says: which agreement, and who is bound by it and so
// may know.
type head struct {
	Agreement string     `json:"agreement"`
	To        []party.ID `json:"to"`
}

func (head) agreementEvent() {}

// Release implements event.Event: who is bound sees all, others nothing.
func (h *head) Release(to party.ID) []string {
	if slices.Contains(h.To, to) {
		return event.Whole
	}
	return nil
}

// Proposed says that a version was tabled.
type Proposed struct {
	head
	Version int64       `json:"version"`
	Hash    string      `json:"hash"`
	By      party.ID    `json:"by"`
	Counter bool        `json:"counter"` // in the place of another
	Text    *terms.Text `json:"text"`
	Results string      `json:"results"` // digest of what its worked examples came to
}

// Type implements event.Event.
func (*Proposed) Type() string { return "agreement.proposed" }

// Actor implements event.Event.
func (e *Proposed) Actor() party.ID { return e.By }

// Signed says that a party bound itself to a version.
type Signed struct {
	head
	Version  int64    `json:"version"`
	Hash     string   `json:"hash"`
	Results  string   `json:"results"` // digest of what its worked examples came to
	By       party.ID `json:"by"`
	Roles    []string `json:"roles"`    // that signed for it
	Complete bool     `json:"complete"` // all parties have signed now
}

// Type implements event.Event.
func (*Signed) Type() string { return "agreement.signed" }

// Actor implements event.Event.
func (e *Signed) Actor() party.ID { return e.By }

// Blocked says why a version that all signed is not in force though its time
// has come.
type Blocked struct {
	head
	Version int64    `json:"version"`
	Reasons []string `json:"reasons"`
}

// Type implements event.Event.
func (*Blocked) Type() string { return "agreement.blocked" }

// Actor implements event.Event.
func (*Blocked) Actor() party.ID { return "" }

// Entered says that a version came into force.
type Entered struct {
	head
	Version   int64             `json:"version"`
	Hash      string            `json:"hash"`
	From      statement.Instant `json:"from"`
	Uncovered []party.ID        `json:"uncovered,omitempty"` // members that did not receive its terms
}

// Type implements event.Event.
func (*Entered) Type() string { return "agreement.entered" }

// Actor implements event.Event.
func (*Entered) Actor() party.ID { return "" }

// Withdrawn says that a party took back its proposal, notice or part in a
// resumption.
type Withdrawn struct {
	head
	Version int64    `json:"version,omitempty"`
	Notice  string   `json:"notice,omitempty"`
	By      party.ID `json:"by"`
}

// Type implements event.Event.
func (*Withdrawn) Type() string { return "agreement.withdrawn" }

// Actor implements event.Event.
func (e *Withdrawn) Actor() party.ID { return e.By }

// Received says that a member received the terms of a version.
type Received struct {
	head
	Version int64    `json:"version"`
	Hash    string   `json:"hash"`
	Member  party.ID `json:"member"`
	Lead    party.ID `json:"lead"`
}

// Type implements event.Event.
func (*Received) Type() string { return "agreement.terms_received" }

// Actor implements event.Event.
func (e *Received) Actor() party.ID { return e.Member }

// Noticed says that a party gave notice of suspension or termination.
type Noticed struct {
	head
	Notice      string            `json:"notice"` // its id
	What        NoticeKind        `json:"what"`
	Annex       string            `json:"annex,omitempty"`
	By          party.ID          `json:"by"`
	From        statement.Instant `json:"from"` // when it takes effect
	Conditional bool              `json:"conditional,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Demands     []string          `json:"demands,omitempty"`
	ReplyBy     statement.Instant `json:"reply_by,omitempty"`
}

// Type implements event.Event.
func (*Noticed) Type() string { return "agreement.noticed" }

// Actor implements event.Event.
func (e *Noticed) Actor() party.ID { return e.By }

// Suspended says that a suspension took effect.
type Suspended struct {
	head
	Notice string            `json:"notice"`
	Annex  string            `json:"annex,omitempty"`
	By     party.ID          `json:"by"`
	From   statement.Instant `json:"from"`
}

// Type implements event.Event.
func (*Suspended) Type() string { return "agreement.suspended" }

// Actor implements event.Event. A suspension takes effect by the node's clock,
// on the notice of the party.
func (*Suspended) Actor() party.ID { return "" }

// Lapsed says that a conditional suspension did not take effect, as all its
// demands were waived.
type Lapsed struct {
	head
	Notice string `json:"notice"`
}

// Type implements event.Event.
func (*Lapsed) Type() string { return "agreement.lapsed" }

// Actor implements event.Event.
func (*Lapsed) Actor() party.ID { return "" }

// Terminated says that an agreement, or one annex, ended on a party's notice.
type Terminated struct {
	head
	Notice string            `json:"notice"`
	Annex  string            `json:"annex,omitempty"`
	By     party.ID          `json:"by"`
	From   statement.Instant `json:"from"`
}

// Type implements event.Event.
func (*Terminated) Type() string { return "agreement.terminated" }

// Actor implements event.Event.
func (*Terminated) Actor() party.ID { return "" }

// Expired says that an agreement ran out.
type Expired struct {
	head
	From statement.Instant `json:"from"`
}

// Type implements event.Event.
func (*Expired) Type() string { return "agreement.expired" }

// Actor implements event.Event.
func (*Expired) Actor() party.ID { return "" }

// Objected says that a party contests a notice.
type Objected struct {
	head
	Notice string   `json:"notice"`
	By     party.ID `json:"by"`
	Text   string   `json:"text"`
}

// Type implements event.Event.
func (*Objected) Type() string { return "agreement.objected" }

// Actor implements event.Event.
func (e *Objected) Actor() party.ID { return e.By }

// Answered says what a party answered to a demand.
type Answered struct {
	head
	Notice string   `json:"notice"`
	Demand int64    `json:"demand"`
	By     party.ID `json:"by"`
	Text   string   `json:"text"`
	Late   bool     `json:"late"` // after the time that the demand gave
}

// Type implements event.Event.
func (*Answered) Type() string { return "agreement.answered" }

// Actor implements event.Event.
func (e *Answered) Actor() party.ID { return e.By }

// Waived says which demands a party gave up.
type Waived struct {
	head
	Notice  string   `json:"notice"`
	Demands []int64  `json:"demands"`
	By      party.ID `json:"by"`
}

// Type implements event.Event.
func (*Waived) Type() string { return "agreement.waived" }

// Actor implements event.Event.
func (e *Waived) Actor() party.ID { return e.By }

// ResumptionOpened says that a party opened the procedure of resumption. It
// counts as its signature.
type ResumptionOpened struct {
	head
	Procedure string   `json:"procedure"`
	Annex     string   `json:"annex,omitempty"`
	Keep      []string `json:"keep,omitempty"`
	By        party.ID `json:"by"`
}

// Type implements event.Event.
func (*ResumptionOpened) Type() string { return "agreement.resumption_opened" }

// Actor implements event.Event.
func (e *ResumptionOpened) Actor() party.ID { return e.By }

// ResumptionJoined says that another party signed the resumption.
type ResumptionJoined struct {
	head
	Procedure string   `json:"procedure"`
	By        party.ID `json:"by"`
}

// Type implements event.Event.
func (*ResumptionJoined) Type() string { return "agreement.resumption_joined" }

// Actor implements event.Event.
func (e *ResumptionJoined) Actor() party.ID { return e.By }

// Checked says that an item of the checklist of a resumption came to hold, or
// no longer holds.
type Checked struct {
	head
	Procedure string   `json:"procedure"`
	Item      Item     `json:"item"`
	OK        bool     `json:"ok"`
	Evidence  []string `json:"evidence"`
}

// Type implements event.Event.
func (*Checked) Type() string { return "agreement.checked" }

// Actor implements event.Event.
func (*Checked) Actor() party.ID { return "" }

// Phased says how far a resumption is.
type Phased struct {
	head
	Procedure string `json:"procedure"`
	Phase     Phase  `json:"phase"`
}

// Type implements event.Event.
func (*Phased) Type() string { return "agreement.phased" }

// Actor implements event.Event.
func (*Phased) Actor() party.ID { return "" }

// Resumed says that an agreement or an annex is in force again.
type Resumed struct {
	head
	Procedure string            `json:"procedure"`
	Annex     string            `json:"annex,omitempty"`
	Keep      []string          `json:"keep,omitempty"` // annexes that stay suspended
	From      statement.Instant `json:"from"`
	// Fresh is when the procedure began: acceptances from before it do not
	// revive, and are to be given anew.
	Fresh statement.Instant `json:"fresh"`
}

// Type implements event.Event.
func (*Resumed) Type() string { return "agreement.resumed" }

// Actor implements event.Event.
func (*Resumed) Actor() party.ID { return "" }

// Observed says that a party met or breached a clause, or that it cannot be
// told. Why it did is not for a machine to say: there is no member for it.
type Observed struct {
	head
	ID       string            `json:"id"`
	Version  int64             `json:"version"`
	Clause   string            `json:"clause"`
	Party    party.ID          `json:"party"`
	Outcome  Outcome           `json:"outcome"`
	When     statement.Instant `json:"when"`
	Evidence []string          `json:"evidence"`
}

// Type implements event.Event.
func (*Observed) Type() string { return "agreement.observed" }

// Actor implements event.Event.
func (*Observed) Actor() party.ID { return "" }

// Queried says that a party asked another about what was observed.
type Queried struct {
	head
	ID           string            `json:"id"`
	By           party.ID          `json:"by"`
	Of           party.ID          `json:"of"`
	Clause       string            `json:"clause"`
	Observations []string          `json:"observations,omitempty"`
	Text         string            `json:"text"`
	Due          statement.Instant `json:"due"`
}

// Type implements event.Event.
func (*Queried) Type() string { return "agreement.queried" }

// Actor implements event.Event.
func (e *Queried) Actor() party.ID { return e.By }

// Replied says what was replied to a query.
type Replied struct {
	head
	Query string   `json:"query"`
	By    party.ID `json:"by"`
	Text  string   `json:"text"`
	Late  bool     `json:"late"`
}

// Type implements event.Event.
func (*Replied) Type() string { return "agreement.replied" }

// Actor implements event.Event.
func (e *Replied) Actor() party.ID { return e.By }

// Overdue says that the time of a query, or of the demands of a notice, passed
// without a reply.
type Overdue struct {
	head
	Query  string `json:"query,omitempty"`
	Notice string `json:"notice,omitempty"`
}

// Type implements event.Event.
func (*Overdue) Type() string { return "agreement.overdue" }

// Actor implements event.Event.
func (*Overdue) Actor() party.ID { return "" }

// Reviewed says that a party recorded a review.
type Reviewed struct {
	head
	By     party.ID          `json:"by"`
	Points []string          `json:"points"`
	Next   statement.Instant `json:"next,omitempty"`
}

// Type implements event.Event.
func (*Reviewed) Type() string { return "agreement.reviewed" }

// Actor implements event.Event.
func (e *Reviewed) Actor() party.ID { return e.By }

// Warned says that the expiry or the review of an agreement is near.
type Warned struct {
	head
	What Warning           `json:"what"`
	Days int64             `json:"days"` // at most so many are left
	Due  statement.Instant `json:"due"`
}

// Type implements event.Event.
func (*Warned) Type() string { return "agreement.warned" }

// Actor implements event.Event.
func (*Warned) Actor() party.ID { return "" }
