package f3548wire

import "encoding/json"

// What Decode reads of each message. A test compares these names with the tags
// of the structs.

var timeFields = fields[Time]{
	textField("value", func(m *Time) *string { return &m.Value }),
	textField("format", func(m *Time) *string { return &m.Format }),
}

var radiusFields = fields[Radius]{
	numberField("value", func(m *Radius) **float64 { return &m.Value }),
	textField("units", func(m *Radius) *string { return &m.Units }),
}

var altitudeFields = fields[Altitude]{
	numberField("value", func(m *Altitude) **float64 { return &m.Value }),
	textField("reference", func(m *Altitude) *string { return &m.Reference }),
	textField("units", func(m *Altitude) *string { return &m.Units }),
}

var pointFields = fields[LatLngPoint]{
	numberField("lat", func(m *LatLngPoint) **float64 { return &m.Lat }),
	numberField("lng", func(m *LatLngPoint) **float64 { return &m.Lng }),
}

var polygonFields = fields[Polygon]{
	shortListField("vertices", maxVertices, nil, func(m *Polygon) *[]LatLngPoint { return &m.Vertices }, pointFields.read),
}

var circleFields = fields[Circle]{
	messageField("center", func(m *Circle) **LatLngPoint { return &m.Center }, pointFields),
	messageField("radius", func(m *Circle) **Radius { return &m.Radius }, radiusFields),
}

var volume3DFields = fields[Volume3D]{
	messageField("outline_circle", func(m *Volume3D) **Circle { return &m.OutlineCircle }, circleFields),
	messageField("outline_polygon", func(m *Volume3D) **Polygon { return &m.OutlinePolygon }, polygonFields),
	messageField("altitude_lower", func(m *Volume3D) **Altitude { return &m.AltitudeLower }, altitudeFields),
	messageField("altitude_upper", func(m *Volume3D) **Altitude { return &m.AltitudeUpper }, altitudeFields),
}

var volume4DFields = fields[Volume4D]{
	messageField("volume", func(m *Volume4D) **Volume3D { return &m.Volume }, volume3DFields),
	messageField("time_start", func(m *Volume4D) **Time { return &m.TimeStart }, timeFields),
	messageField("time_end", func(m *Volume4D) **Time { return &m.TimeEnd }, timeFields),
}

var intentReferenceFields = fields[OperationalIntentReference]{
	textField("id", func(m *OperationalIntentReference) *string { return &m.ID }),
	textField("manager", func(m *OperationalIntentReference) *string { return &m.Manager }),
	textField("uss_availability", func(m *OperationalIntentReference) *string { return &m.USSAvailability }),
	wholeField("version", func(m *OperationalIntentReference) **int64 { return &m.Version }),
	textField("state", func(m *OperationalIntentReference) *string { return &m.State }),
	textField("ovn", func(m *OperationalIntentReference) *string { return &m.OVN }),
	messageField("time_start", func(m *OperationalIntentReference) **Time { return &m.TimeStart }, timeFields),
	messageField("time_end", func(m *OperationalIntentReference) **Time { return &m.TimeEnd }, timeFields),
	textField("uss_base_url", func(m *OperationalIntentReference) *string { return &m.USSBaseURL }),
	textField("subscription_id", func(m *OperationalIntentReference) *string { return &m.SubscriptionID }),
}

var intentDetailsFields = fields[OperationalIntentDetails]{
	listField("volumes", func(m *OperationalIntentDetails) *[]Volume4D { return &m.Volumes }, volume4DFields.read),
	listField("off_nominal_volumes", func(m *OperationalIntentDetails) *[]Volume4D { return &m.OffNominalVolumes }, volume4DFields.read),
	wholeField("priority", func(m *OperationalIntentDetails) **int64 { return &m.Priority }),
}

var intentFields = fields[OperationalIntent]{
	messageField("reference", func(m *OperationalIntent) **OperationalIntentReference { return &m.Reference }, intentReferenceFields),
	messageField("details", func(m *OperationalIntent) **OperationalIntentDetails { return &m.Details }, intentDetailsFields),
}

var constraintReferenceFields = fields[ConstraintReference]{
	textField("id", func(m *ConstraintReference) *string { return &m.ID }),
	textField("manager", func(m *ConstraintReference) *string { return &m.Manager }),
	textField("uss_availability", func(m *ConstraintReference) *string { return &m.USSAvailability }),
	wholeField("version", func(m *ConstraintReference) **int64 { return &m.Version }),
	textField("ovn", func(m *ConstraintReference) *string { return &m.OVN }),
	messageField("time_start", func(m *ConstraintReference) **Time { return &m.TimeStart }, timeFields),
	messageField("time_end", func(m *ConstraintReference) **Time { return &m.TimeEnd }, timeFields),
	textField("uss_base_url", func(m *ConstraintReference) *string { return &m.USSBaseURL }),
}

var constraintDetailsFields = fields[ConstraintDetails]{
	listField("volumes", func(m *ConstraintDetails) *[]Volume4D { return &m.Volumes }, volume4DFields.read),
	textField("type", func(m *ConstraintDetails) *string { return &m.Type }),
	rawField("geozone", func(m *ConstraintDetails) *json.RawMessage { return &m.Geozone }),
}

var constraintFields = fields[Constraint]{
	messageField("reference", func(m *Constraint) **ConstraintReference { return &m.Reference }, constraintReferenceFields),
	messageField("details", func(m *Constraint) **ConstraintDetails { return &m.Details }, constraintDetailsFields),
}

var implicitFields = fields[ImplicitSubscription]{
	textField("uss_base_url", func(m *ImplicitSubscription) *string { return &m.USSBaseURL }),
	flagField("notify_for_constraints", func(m *ImplicitSubscription) *bool { return &m.NotifyForConstraints }),
}

var putIntentFields = fields[PutOperationalIntentReference]{
	shortListField("extents", maxExtents, nil, func(m *PutOperationalIntentReference) *[]Volume4D { return &m.Extents }, volume4DFields.read),
	shortListField("key", maxKey, ErrKeyTooLong, func(m *PutOperationalIntentReference) *[]string { return &m.Key }, stringElement),
	textField("state", func(m *PutOperationalIntentReference) *string { return &m.State }),
	textField("uss_base_url", func(m *PutOperationalIntentReference) *string { return &m.USSBaseURL }),
	textField("subscription_id", func(m *PutOperationalIntentReference) *string { return &m.SubscriptionID }),
	messageField("new_subscription", func(m *PutOperationalIntentReference) **ImplicitSubscription { return &m.NewSubscription }, implicitFields),
	optionalField("requested_ovn_suffix", func(m *PutOperationalIntentReference) **string { return &m.RequestedOVNSuffix }),
}

var putConstraintFields = fields[PutConstraintReference]{
	shortListField("extents", maxExtents, nil, func(m *PutConstraintReference) *[]Volume4D { return &m.Extents }, volume4DFields.read),
	textField("uss_base_url", func(m *PutConstraintReference) *string { return &m.USSBaseURL }),
}

var putSubscriptionFields = fields[PutSubscription]{
	messageField("extents", func(m *PutSubscription) **Volume4D { return &m.Extents }, volume4DFields),
	textField("uss_base_url", func(m *PutSubscription) *string { return &m.USSBaseURL }),
	flagField("notify_for_operational_intents", func(m *PutSubscription) *bool { return &m.NotifyForOperationalIntents }),
	flagField("notify_for_constraints", func(m *PutSubscription) *bool { return &m.NotifyForConstraints }),
}

var queryFields = fields[Query]{
	messageField("area_of_interest", func(m *Query) **Volume4D { return &m.AreaOfInterest }, volume4DFields),
}

var setAvailabilityFields = fields[SetAvailability]{
	optionalField("old_version", func(m *SetAvailability) **string { return &m.OldVersion }),
	textField("availability", func(m *SetAvailability) *string { return &m.Availability }),
}

var errorReportFields = fields[ErrorReport]{
	textField("report_id", func(m *ErrorReport) *string { return &m.ReportID }),
	rawField("exchange", func(m *ErrorReport) *json.RawMessage { return &m.Exchange }),
}

var exchangeFields = fields[Exchange]{
	textField("url", func(m *Exchange) *string { return &m.URL }),
	textField("method", func(m *Exchange) *string { return &m.Method }),
	listField("headers", func(m *Exchange) *[]string { return &m.Headers }, stringElement),
	textField("recorder_role", func(m *Exchange) *string { return &m.RecorderRole }),
	messageField("request_time", func(m *Exchange) **Time { return &m.RequestTime }, timeFields),
	textField("request_body", func(m *Exchange) *string { return &m.RequestBody }),
	messageField("response_time", func(m *Exchange) **Time { return &m.ResponseTime }, timeFields),
	textField("response_body", func(m *Exchange) *string { return &m.ResponseBody }),
	wholeField("response_code", func(m *Exchange) **int64 { return &m.ResponseCode }),
	textField("problem", func(m *Exchange) *string { return &m.Problem }),
}

func (m *Volume4D) read(s *scanner) error                 { return volume4DFields.read(s, m) }
func (m *OperationalIntent) read(s *scanner) error        { return intentFields.read(s, m) }
func (m *OperationalIntentDetails) read(s *scanner) error { return intentDetailsFields.read(s, m) }
func (m *Constraint) read(s *scanner) error               { return constraintFields.read(s, m) }
func (m *ConstraintDetails) read(s *scanner) error        { return constraintDetailsFields.read(s, m) }

func (m *PutOperationalIntentReference) read(s *scanner) error {
	return putIntentFields.read(s, m)
}
func (m *PutConstraintReference) read(s *scanner) error { return putConstraintFields.read(s, m) }
func (m *PutSubscription) read(s *scanner) error        { return putSubscriptionFields.read(s, m) }
func (m *Query) read(s *scanner) error                  { return queryFields.read(s, m) }
func (m *SetAvailability) read(s *scanner) error        { return setAvailabilityFields.read(s, m) }
func (m *ErrorReport) read(s *scanner) error            { return errorReportFields.read(s, m) }
func (m *Exchange) read(s *scanner) error               { return exchangeFields.read(s, m) }
