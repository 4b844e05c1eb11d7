package f3548wire

// What USSs ask and tell each other.

// GetOperationalIntentDetails answers a look at the details of an operational
// intent.
type GetOperationalIntentDetails struct {
	OperationalIntent OperationalIntent `json:"operational_intent"`
}

// NotifiedSubscription is one by which a USS is told of a change: the index
// counts what it is told by that subscription.
type NotifiedSubscription struct {
	SubscriptionID    string `json:"subscription_id"`
	NotificationIndex *int64 `json:"notification_index"`
}

// PutOperationalIntentDetails tells a subscriber of a change. Without an
// operational intent it has ended. Its reference has the OVN.
type PutOperationalIntentDetails struct {
	OperationalIntentID string                 `json:"operational_intent_id"`
	OperationalIntent   *OperationalIntent     `json:"operational_intent,omitempty"`
	Subscriptions       []NotifiedSubscription `json:"subscriptions"`
}

// PutConstraintDetails tells a subscriber of a change. Without a constraint it
// has ended.
type PutConstraintDetails struct {
	ConstraintID  string                 `json:"constraint_id"`
	Constraint    *Constraint            `json:"constraint,omitempty"`
	Subscriptions []NotifiedSubscription `json:"subscriptions"`
}

// maxNotified is how many subscriptions one notice may name.
const maxNotified = 10_000

var notifiedFields = fields[NotifiedSubscription]{
	textField("subscription_id", func(m *NotifiedSubscription) *string { return &m.SubscriptionID }),
	wholeField("notification_index", func(m *NotifiedSubscription) **int64 { return &m.NotificationIndex }),
}

var putIntentDetailsFields = fields[PutOperationalIntentDetails]{
	textField("operational_intent_id", func(m *PutOperationalIntentDetails) *string { return &m.OperationalIntentID }),
	messageField("operational_intent", func(m *PutOperationalIntentDetails) **OperationalIntent { return &m.OperationalIntent }, intentFields),
	shortListField("subscriptions", maxNotified, nil, func(m *PutOperationalIntentDetails) *[]NotifiedSubscription { return &m.Subscriptions }, notifiedFields.read),
}

var putConstraintDetailsFields = fields[PutConstraintDetails]{
	textField("constraint_id", func(m *PutConstraintDetails) *string { return &m.ConstraintID }),
	messageField("constraint", func(m *PutConstraintDetails) **Constraint { return &m.Constraint }, constraintFields),
	shortListField("subscriptions", maxNotified, nil, func(m *PutConstraintDetails) *[]NotifiedSubscription { return &m.Subscriptions }, notifiedFields.read),
}

func (m *PutOperationalIntentDetails) read(s *scanner) error {
	return putIntentDetailsFields.read(s, m)
}

func (m *PutConstraintDetails) read(s *scanner) error { return putConstraintDetailsFields.read(s, m) }
