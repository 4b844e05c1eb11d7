// Package airspace holds the operational intents, constraints, subscriptions
// and availabilities that a node knows, and decides what may change them.
//
// A command is decided against a State and yields an event or a Refusal; the
// event is journalled, and Apply changes the State by it. Decide and Apply are
// pure: time, ids and opaque numbers come in with the command, so that replaying
// the events of a journal gives the same State. Where somebody will be is kept
// as coarse outlines only (package outline).
//
// docs/STATES.md has the table of states.
package airspace

import (
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/volume"
)

// Env is what a command is decided in.
type Env struct {
	// NowNS is the node's time in nanoseconds since 1970; it never runs back.
	NowNS int64
}

// Command is a request that may change the State. R is what the caller is told.
type Command[R any] interface {
	// Decide returns the event that carries the command out, or nil when
	// nothing changes. Its error is a *Refusal. It changes nothing.
	Decide(st *State, env Env) (Event, R, error)
	// Party returns who sent it; empty for the node itself.
	Party() party.ID
}

// IntentState is the state of an operational intent in F3548-21.
type IntentState uint8

// States of an operational intent. Ended intents are not kept.
const (
	Accepted IntentState = iota + 1
	Activated
	Nonconforming
	Contingent
)

var stateNames = [...]string{Accepted: "Accepted", Activated: "Activated", Nonconforming: "Nonconforming", Contingent: "Contingent"}

// ParseState returns the state of a name, or false.
func ParseState(s string) (IntentState, bool) {
	for i, name := range stateNames {
		if name == s && i > 0 {
			return IntentState(i), true
		}
	}
	return 0, false
}

func (s IntentState) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return ""
}

// offNominal reports whether the state says that a craft does not do what its
// plan says.
func (s IntentState) offNominal() bool { return s == Nonconforming || s == Contingent }

// Availability is whether a USS answers, as arbitration found.
type Availability uint8

// Availabilities of F3548-21.
const (
	Unknown Availability = iota
	Normal
	Down
)

var availabilityNames = [...]string{"Unknown", "Normal", "Down"}

// ParseAvailability returns the availability of a name, or false.
func ParseAvailability(s string) (Availability, bool) {
	for i, name := range availabilityNames {
		if name == s {
			return Availability(i), true
		}
	}
	return 0, false
}

func (a Availability) String() string {
	if int(a) < len(availabilityNames) {
		return availabilityNames[a]
	}
	return ""
}

// IntentView is what the State knows of an intent. OVN is for its manager only.
type IntentView struct {
	ID             ID
	Manager        party.ID
	Availability   Availability // of the manager
	Version        int32
	State          IntentState
	OVN            string
	StartNS, EndNS int64
	URL            string
	Subscription   ID    // NullID when there is none
	Modified       int64 // journal index of the last change
}

// ConstraintView is what the State knows of a constraint. OVN is for its manager
// only.
type ConstraintView struct {
	ID             ID
	Manager        party.ID
	Availability   Availability
	Version        int32
	OVN            string
	StartNS, EndNS int64
	URL            string
	Modified       int64
}

// SubscriptionView is what the State knows of a subscription; for its owner only.
type SubscriptionView struct {
	ID             ID
	Owner          party.ID
	Version        string
	Index          int32 // notification index
	StartNS, EndNS int64
	URL            string
	Intents        bool // notify for operational intents
	Constraints    bool // notify for constraints
	Implicit       bool
	Dependents     []ID // intents that rest on it, sorted
}

// AvailabilityView is what the State knows of a USS. Version is empty for one
// that nobody has spoken of.
type AvailabilityView struct {
	USS          party.ID
	Availability Availability
	Version      string
}

// Notice says which subscription has to be told of a change, and the
// notification index that the telling carries.
type Notice struct {
	Subscription ID
	Index        int32
}

// Subscriber is a USS that has to be told of a change.
type Subscriber struct {
	URL     string
	Notices []Notice // sorted by subscription
}

// IntentChange is the answer to a change of an intent. Subscribers are sorted by
// URL.
type IntentChange struct {
	Intent      IntentView
	Subscribers []Subscriber
}

// ConstraintChange is the answer to a change of a constraint.
type ConstraintChange struct {
	Constraint  ConstraintView
	Subscribers []Subscriber
}

// SubscriptionChange is the answer to a change of a subscription, with the
// entities that meet it, as far as it asks for them, sorted by id.
type SubscriptionChange struct {
	Subscription SubscriptionView
	Intents      []IntentView
	Constraints  []ConstraintView
}

// ImplicitSubscription is what a subscription that comes with an intent needs.
type ImplicitSubscription struct {
	ID          ID // new, random
	URL         string
	Constraints bool
}

// PutIntent creates an intent or, with OVN set, changes it.
type PutIntent struct {
	By      party.ID
	ID      ID
	OVN     string // of the version to be changed; empty to create
	NewOVN  string // of the version made
	Outline []outline.Volume
	State   IntentState
	URL     string
	Key     []string // OVNs that the caller knows

	Subscription ID                    // one to rest on; zero for none
	Implicit     *ImplicitSubscription // one to be made
	NewVersion   string                // of subscriptions made or changed by this

	// What the caller's scopes allow.
	MayPlan        bool // utm.strategic_coordination
	MayOffNominal  bool // utm.conformance_monitoring_sa
	MayConstraints bool // utm.constraint_processing
}

// DeleteIntent ends an intent.
type DeleteIntent struct {
	By         party.ID
	ID         ID
	OVN        string
	NewVersion string // of a subscription that shrinks by this
}

// PutConstraint creates a constraint or, with OVN set, changes it.
type PutConstraint struct {
	By      party.ID
	ID      ID
	OVN     string
	NewOVN  string
	Outline []outline.Volume
	URL     string
}

// DeleteConstraint ends a constraint.
type DeleteConstraint struct {
	By  party.ID
	ID  ID
	OVN string
}

// PutSubscription creates a subscription or, with Version set, changes it.
type PutSubscription struct {
	By          party.ID
	ID          ID
	Version     string
	NewVersion  string
	Outline     outline.Volume // its window is that of the subscription
	URL         string
	Intents     bool
	Constraints bool
}

// DeleteSubscription ends a subscription that no intent rests on.
type DeleteSubscription struct {
	By      party.ID
	ID      ID
	Version string
}

// SetAvailability says whether a USS answers.
type SetAvailability struct {
	By           party.ID
	USS          party.ID
	OldVersion   string // of the statement it replaces; empty for the first
	NewVersion   string
	Availability Availability
}

// FileReport keeps that a problem was reported to this node. The report's body
// may hold precise extents and tokens, so that only its digest is kept.
type FileReport struct {
	By      party.ID
	Report  string // id given to the report
	SHA256  [32]byte
	Problem string // at most 1,000 bytes, as the reporter worded it
}

// Sweep removes one entity whose time has long passed: see Deadline.
type Sweep struct {
	NewVersion string // of a subscription that shrinks by this
}

// Party implements Command.
func (c PutIntent) Party() party.ID { return c.By }

// Party implements Command.
func (c DeleteIntent) Party() party.ID { return c.By }

// Party implements Command.
func (c PutConstraint) Party() party.ID { return c.By }

// Party implements Command.
func (c DeleteConstraint) Party() party.ID { return c.By }

// Party implements Command.
func (c PutSubscription) Party() party.ID { return c.By }

// Party implements Command.
func (c DeleteSubscription) Party() party.ID { return c.By }

// Party implements Command.
func (c SetAvailability) Party() party.ID { return c.By }

// Party implements Command.
func (c FileReport) Party() party.ID { return c.By }

// Party implements Command.
func (Sweep) Party() party.ID { return "" }

// RefusalKind says why a command was refused.
type RefusalKind string

// Kinds of refusal.
const (
	Invalid       RefusalKind = "invalid"        // the request does not fit the rules
	NotFound      RefusalKind = "not_found"      // no such entity
	NotOwner      RefusalKind = "not_owner"      // another party's entity
	NotAllowed    RefusalKind = "not_allowed"    // the scopes do not allow it
	Exists        RefusalKind = "exists"         // the id is taken
	StaleVersion  RefusalKind = "stale_version"  // OVN or version is not the current one
	MissingKeys   RefusalKind = "missing_keys"   // the key lacks OVNs
	MarkedDown    RefusalKind = "marked_down"    // the caller is Down
	HasDependents RefusalKind = "has_dependents" // intents rest on the subscription
)

// Missing says where and when an entity whose OVN the key lacks meets the
// caller's own volumes: a box, clipped to these and made from coarse outlines.
type Missing[V any] struct {
	View V
	Met  []Met
}

// Met is a box in space and time in which coarse outlines meet.
type Met struct {
	Volume int // which of the caller's volumes
	volume.Extent
}

// Refusal is a command's lawful "no".
type Refusal struct {
	Kind               RefusalKind
	Message            string
	MissingIntents     []Missing[IntentView]     // sorted by id, complete
	MissingConstraints []Missing[ConstraintView] // likewise
}

func (r *Refusal) Error() string { return r.Message }
