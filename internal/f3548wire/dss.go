package f3548wire

import "encoding/json"

// ImplicitSubscription is the subscription that a DSS makes along with an
// operational intent.
type ImplicitSubscription struct {
	USSBaseURL           string `json:"uss_base_url"`
	NotifyForConstraints bool   `json:"notify_for_constraints,omitempty"`
}

// PutOperationalIntentReference asks to create or change an operational intent.
// RequestedOVNSuffix is an extension of InterUSS: the OVN is then the id of the
// intent, an underscore and the suffix.
type PutOperationalIntentReference struct {
	Extents            []Volume4D            `json:"extents"`
	Key                []string              `json:"key,omitempty"`
	State              string                `json:"state"`
	USSBaseURL         string                `json:"uss_base_url"`
	SubscriptionID     string                `json:"subscription_id,omitempty"`
	NewSubscription    *ImplicitSubscription `json:"new_subscription,omitempty"`
	RequestedOVNSuffix *string               `json:"requested_ovn_suffix,omitempty"`
}

// PutConstraintReference asks to create or change a constraint.
type PutConstraintReference struct {
	Extents    []Volume4D `json:"extents"`
	USSBaseURL string     `json:"uss_base_url"`
}

// PutSubscription asks to create or change a subscription.
type PutSubscription struct {
	Extents                     *Volume4D `json:"extents"`
	USSBaseURL                  string    `json:"uss_base_url"`
	NotifyForOperationalIntents bool      `json:"notify_for_operational_intents,omitempty"`
	NotifyForConstraints        bool      `json:"notify_for_constraints,omitempty"`
}

// Query asks for what meets an area.
type Query struct {
	AreaOfInterest *Volume4D `json:"area_of_interest,omitempty"`
}

// SetAvailability asks to state whether a USS answers.
type SetAvailability struct {
	OldVersion   *string `json:"old_version"`
	Availability string  `json:"availability"`
}

// ErrorReport tells a server of a problem with an exchange. ReportID is the
// server's. Exchange is kept as it came.
type ErrorReport struct {
	ReportID string          `json:"report_id,omitempty"`
	Exchange json.RawMessage `json:"exchange"`
}

// Exchange is the exchange of an ErrorReport: a request and what came of it.
type Exchange struct {
	URL          string   `json:"url"`
	Method       string   `json:"method"`
	Headers      []string `json:"headers,omitempty"`
	RecorderRole string   `json:"recorder_role"` // Client or Server
	RequestTime  *Time    `json:"request_time"`
	RequestBody  string   `json:"request_body,omitempty"`
	ResponseTime *Time    `json:"response_time,omitempty"`
	ResponseBody string   `json:"response_body,omitempty"`
	ResponseCode *int64   `json:"response_code,omitempty"`
	Problem      string   `json:"problem,omitempty"`
}

// Subscription is what a DSS shows of a subscription to its owner.
type Subscription struct {
	ID                          string   `json:"id"`
	Version                     string   `json:"version"`
	NotificationIndex           int32    `json:"notification_index"`
	TimeStart                   *Time    `json:"time_start,omitempty"`
	TimeEnd                     *Time    `json:"time_end,omitempty"`
	USSBaseURL                  string   `json:"uss_base_url"`
	NotifyForOperationalIntents bool     `json:"notify_for_operational_intents"`
	NotifyForConstraints        bool     `json:"notify_for_constraints"`
	ImplicitSubscription        bool     `json:"implicit_subscription"`
	DependentOperationalIntents []string `json:"dependent_operational_intents"`
}

// SubscriptionState is a subscription that a change has to be told to.
type SubscriptionState struct {
	SubscriptionID    string `json:"subscription_id"`
	NotificationIndex int32  `json:"notification_index"`
}

// SubscriberToNotify is a USS that a change has to be told to.
type SubscriberToNotify struct {
	Subscriptions []SubscriptionState `json:"subscriptions"`
	USSBaseURL    string              `json:"uss_base_url"`
}

// ChangeOperationalIntentReference answers a change of an operational intent.
type ChangeOperationalIntentReference struct {
	Subscribers                []SubscriberToNotify       `json:"subscribers"`
	OperationalIntentReference OperationalIntentReference `json:"operational_intent_reference"`
}

// GetOperationalIntentReference answers a look at an operational intent.
type GetOperationalIntentReference struct {
	OperationalIntentReference OperationalIntentReference `json:"operational_intent_reference"`
}

// QueryOperationalIntentReferences answers a query for operational intents.
type QueryOperationalIntentReferences struct {
	OperationalIntentReferences []OperationalIntentReference `json:"operational_intent_references"`
}

// ChangeConstraintReference answers a change of a constraint.
type ChangeConstraintReference struct {
	Subscribers         []SubscriberToNotify `json:"subscribers"`
	ConstraintReference ConstraintReference  `json:"constraint_reference"`
}

// GetConstraintReference answers a look at a constraint.
type GetConstraintReference struct {
	ConstraintReference ConstraintReference `json:"constraint_reference"`
}

// QueryConstraintReferences answers a query for constraints.
type QueryConstraintReferences struct {
	ConstraintReferences []ConstraintReference `json:"constraint_references"`
}

// ChangeSubscription answers a PUT of a subscription, with the entities that
// meet it of the kinds that it asks for.
type ChangeSubscription struct {
	Subscription                Subscription                 `json:"subscription"`
	OperationalIntentReferences []OperationalIntentReference `json:"operational_intent_references"`
	ConstraintReferences        []ConstraintReference        `json:"constraint_references"`
}

// GetSubscription answers a look at a subscription, and its deletion.
type GetSubscription struct {
	Subscription Subscription `json:"subscription"`
}

// QuerySubscriptions answers a query for subscriptions.
type QuerySubscriptions struct {
	Subscriptions []Subscription `json:"subscriptions"`
}

// AvailabilityStatus says whether a USS answers.
type AvailabilityStatus struct {
	USS          string `json:"uss"`
	Availability string `json:"availability"`
}

// Availability answers what is known of a USS. Version is empty when nothing is.
type Availability struct {
	Version string             `json:"version"`
	Status  AvailabilityStatus `json:"status"`
}

// AirspaceConflict answers a request whose key lacks OVNs. It lists every entity
// whose OVN is missing. Conflicts is an extension: where and when each meets the
// volumes of the request.
type AirspaceConflict struct {
	Message                   string                       `json:"message"`
	MissingOperationalIntents []OperationalIntentReference `json:"missing_operational_intents"`
	MissingConstraints        []ConstraintReference        `json:"missing_constraints"`
	Conflicts                 []Conflict                   `json:"conflicts"`
}

// Kinds of entity in a Conflict.
const (
	KindOperationalIntent = "operational_intent"
	KindConstraint        = "constraint"
)

// Conflict says where and when one entity meets the volumes of a request.
type Conflict struct {
	ID           string    `json:"id"`
	Kind         string    `json:"kind"`
	WhereAndWhen []Meeting `json:"where_and_when"`
}

// Meeting is the box in space and time in which the coarse outlines of an entity
// and of one volume of a request meet. Extent is the position of that volume in
// the extents of the request, from 0.
type Meeting struct {
	Extent int      `json:"extent"`
	Box    Volume4D `json:"box"`
}

// Error is the body of every other answer that is not a success.
type Error struct {
	Message string `json:"message"`
}
