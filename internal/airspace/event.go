package airspace

import (
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
)

// Event is something that was decided. Events are what the journal holds: their
// form never changes once written. A new form gets a new version, and the old
// one is upgraded when it is read.
type Event interface {
	// Type names the event in the journal.
	Type() string
	// Actor is the party that caused it; empty for the node itself.
	Actor() party.ID
}

// At is where and when an event stands in the journal.
type At struct {
	NS    int64 // when it was decided, nanoseconds since 1970
	Index int64 // journal index
}

// Entities are numbered in the order of their making, each kind for itself. A
// number is never used again. The index of boxes and lists of notices go by it.

// IntentPut says that an intent was created or changed.
type IntentPut struct {
	Number       int64
	ID           ID
	Manager      party.ID
	Version      int32
	OVN          string
	State        IntentState
	URL          string
	Outline      []outline.Volume
	Subscription ID // zero for none
	Implicit     []ImplicitChange
	Notified     []Notified
}

// IntentGone says that an intent ended.
type IntentGone struct {
	Number   int64
	ID       ID
	Manager  party.ID
	Swept    bool // by the node, long after its end
	Implicit []ImplicitChange
	Notified []Notified
}

// ImplicitChange is what a change of an intent does to an implicit subscription.
// Its extent is not stated: it is the union of the intents that rest on it.
type ImplicitChange struct {
	Number      int64
	ID          ID
	URL         string
	Constraints bool
	Version     string
	Dropped     bool // no intent rests on it any more
}

// Notified is a notification index that a change gave out.
type Notified struct {
	Number int64 // of the subscription
	Index  int32
}

// ConstraintPut says that a constraint was created or changed.
type ConstraintPut struct {
	Number   int64
	ID       ID
	Manager  party.ID
	Version  int32
	OVN      string
	URL      string
	Outline  []outline.Volume
	Notified []Notified
}

// ConstraintGone says that a constraint ended.
type ConstraintGone struct {
	Number   int64
	ID       ID
	Manager  party.ID
	Swept    bool
	Notified []Notified
}

// SubscriptionPut says that an explicit subscription was created or changed.
type SubscriptionPut struct {
	Number      int64
	ID          ID
	Owner       party.ID
	Version     string
	URL         string
	Intents     bool
	Constraints bool
	Outline     outline.Volume
}

// SubscriptionGone says that an explicit subscription ended.
type SubscriptionGone struct {
	Number int64
	ID     ID
	Owner  party.ID
	Swept  bool
}

// AvailabilitySet says what arbitration found about a USS.
type AvailabilitySet struct {
	By           party.ID
	USS          party.ID
	Availability Availability
	Version      string
}

// ReportFiled says that a problem was reported. SHA256 is the digest of the
// report as it came.
type ReportFiled struct {
	By      party.ID
	Report  string
	SHA256  [32]byte
	Problem string
}

// Types of events.
const (
	typeIntentPut        = "intent.put"
	typeIntentGone       = "intent.gone"
	typeConstraintPut    = "constraint.put"
	typeConstraintGone   = "constraint.gone"
	typeSubscriptionPut  = "subscription.put"
	typeSubscriptionGone = "subscription.gone"
	typeAvailabilitySet  = "availability.set"
	typeReportFiled      = "report.filed"
)

// Type implements Event.
func (*IntentPut) Type() string { return typeIntentPut }

// Type implements Event.
func (*IntentGone) Type() string { return typeIntentGone }

// Type implements Event.
func (*ConstraintPut) Type() string { return typeConstraintPut }

// Type implements Event.
func (*ConstraintGone) Type() string { return typeConstraintGone }

// Type implements Event.
func (*SubscriptionPut) Type() string { return typeSubscriptionPut }

// Type implements Event.
func (*SubscriptionGone) Type() string { return typeSubscriptionGone }

// Type implements Event.
func (*AvailabilitySet) Type() string { return typeAvailabilitySet }

// Type implements Event.
func (*ReportFiled) Type() string { return typeReportFiled }

// Actor implements Event.
func (e *IntentPut) Actor() party.ID { return e.Manager }

// Actor implements Event.
func (e *IntentGone) Actor() party.ID { return unlessSwept(e.Manager, e.Swept) }

// Actor implements Event.
func (e *ConstraintPut) Actor() party.ID { return e.Manager }

// Actor implements Event.
func (e *ConstraintGone) Actor() party.ID { return unlessSwept(e.Manager, e.Swept) }

// Actor implements Event.
func (e *SubscriptionPut) Actor() party.ID { return e.Owner }

// Actor implements Event.
func (e *SubscriptionGone) Actor() party.ID { return unlessSwept(e.Owner, e.Swept) }

// Actor implements Event.
func (e *AvailabilitySet) Actor() party.ID { return e.By }

// Actor implements Event.
func (e *ReportFiled) Actor() party.ID { return e.By }

func unlessSwept(p party.ID, swept bool) party.ID {
	if swept {
		return ""
	}
	return p
}
