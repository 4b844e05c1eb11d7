// Package f3548wire has the JSON forms of ASTM F3548-21: volumes, operational
// intents and constraints (this file), and what a DSS is asked and answers
// (dss.go). It converts volumes to and from the shapes of package volume. It
// knows no HTTP.
//
// Members that the standard requires and for which zero has a meaning are
// pointers, so that an absent one is told from zero. Members that the standard
// does not have are skipped by Decode.
package f3548wire

import "encoding/json"

// Values of enumerations.
const (
	FormatRFC3339 = "RFC3339"
	ReferenceW84  = "W84"
	UnitsMetres   = "M"
	UnitsFeet     = "FT"
)

// Time is an instant: RFC 3339 in UTC with Z.
type Time struct {
	Value  string `json:"value"`
	Format string `json:"format"`
}

// Radius is a distance along the ellipsoid.
type Radius struct {
	Value *float64 `json:"value"`
	Units string   `json:"units"`
}

// Altitude is a height above the WGS84 ellipsoid in metres; other references
// and units exist on the wire only to be refused.
type Altitude struct {
	Value     *float64 `json:"value"`
	Reference string   `json:"reference"`
	Units     string   `json:"units"`
}

// LatLngPoint is a place in degrees.
type LatLngPoint struct {
	Lat *float64 `json:"lat"`
	Lng *float64 `json:"lng"`
}

// Polygon has geodesic edges and encloses the smaller of two areas. The first
// vertex is not repeated.
type Polygon struct {
	Vertices []LatLngPoint `json:"vertices"`
}

// Circle is a centre and a radius.
type Circle struct {
	Center *LatLngPoint `json:"center"`
	Radius *Radius      `json:"radius"`
}

// Volume3D has exactly one outline. An absent altitude means no bound.
type Volume3D struct {
	OutlineCircle  *Circle   `json:"outline_circle,omitempty"`
	OutlinePolygon *Polygon  `json:"outline_polygon,omitempty"`
	AltitudeLower  *Altitude `json:"altitude_lower,omitempty"`
	AltitudeUpper  *Altitude `json:"altitude_upper,omitempty"`
}

// Volume4D is a Volume3D during a time. An absent time means no bound.
type Volume4D struct {
	Volume    *Volume3D `json:"volume"`
	TimeStart *Time     `json:"time_start,omitempty"`
	TimeEnd   *Time     `json:"time_end,omitempty"`
}

// OperationalIntentReference is what a DSS shows of an operational intent.
type OperationalIntentReference struct {
	ID              string `json:"id"`
	Manager         string `json:"manager,omitempty"`
	USSAvailability string `json:"uss_availability,omitempty"`
	Version         *int64 `json:"version,omitempty"`
	State           string `json:"state,omitempty"`
	OVN             string `json:"ovn,omitempty"`
	TimeStart       *Time  `json:"time_start,omitempty"`
	TimeEnd         *Time  `json:"time_end,omitempty"`
	USSBaseURL      string `json:"uss_base_url,omitempty"`
	SubscriptionID  string `json:"subscription_id,omitempty"`
}

// OperationalIntentDetails is what only the managing USS shows.
type OperationalIntentDetails struct {
	Volumes           []Volume4D `json:"volumes,omitempty"`
	OffNominalVolumes []Volume4D `json:"off_nominal_volumes,omitempty"`
	Priority          *int64     `json:"priority,omitempty"`
}

// OperationalIntent is a reference with its details.
type OperationalIntent struct {
	Reference *OperationalIntentReference `json:"reference"`
	Details   *OperationalIntentDetails   `json:"details"`
}

// ConstraintReference is what a DSS shows of a constraint.
type ConstraintReference struct {
	ID              string `json:"id"`
	Manager         string `json:"manager,omitempty"`
	USSAvailability string `json:"uss_availability,omitempty"`
	Version         *int64 `json:"version,omitempty"`
	OVN             string `json:"ovn,omitempty"`
	TimeStart       *Time  `json:"time_start,omitempty"`
	TimeEnd         *Time  `json:"time_end,omitempty"`
	USSBaseURL      string `json:"uss_base_url,omitempty"`
}

// ConstraintDetails is what only the managing USS shows. Geozone holds the
// ED-269 data of a geo-zone as it came.
type ConstraintDetails struct {
	Volumes []Volume4D      `json:"volumes"`
	Type    string          `json:"type,omitempty"`
	Geozone json.RawMessage `json:"geozone,omitempty"`
}

// Constraint is a reference with its details.
type Constraint struct {
	Reference *ConstraintReference `json:"reference"`
	Details   *ConstraintDetails   `json:"details"`
}
