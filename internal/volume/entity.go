package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Unbounded altitudes of a Band: no floor, no ceiling.
const (
	NoFloorMM   = math.MinInt64 / 4
	NoCeilingMM = math.MaxInt64 / 4
)

// Unbounded instants of a Window: always was, always will be. They lie in 1872
// and 2067, so that differences of any two, buffers included, fit an int64.
const (
	AlwaysNS  = math.MinInt64 / 3
	ForeverNS = math.MaxInt64 / 3
)

// Band is an altitude band in millimetres above the WGS84 ellipsoid.
// UpperMM is greater than LowerMM; NoFloorMM and NoCeilingMM mean unbounded.
type Band struct {
	LowerMM, UpperMM int64
}

// Window is the half-open time window [StartNS, EndNS) in nanoseconds since
// 1970-01-01T00:00:00Z. AlwaysNS and ForeverNS mean unbounded.
type Window struct {
	StartNS, EndNS int64
}

// Buffers say how far a craft may be from its declared place. They grow the
// shape; minima apply between grown shapes. All are zero or more.
type Buffers struct {
	LateralMM  int64
	VerticalMM int64
	TimeNS     int64
}

// Volume4D is a footprint between two altitudes during a window.
type Volume4D struct {
	Footprint *Footprint
	Band      Band
	Window    Window
	Buffers   Buffers
	Datum     Datum
	SeaBand   Band // above mean sea level; only with Datum.Sea
}

// Waypoint is a place, an altitude in millimetres above the WGS84 ellipsoid
// and an instant in nanoseconds since 1970-01-01T00:00:00Z.
type Waypoint struct {
	At     geodesy.LatLng
	AltMM  int64
	TimeNS int64
	SeaMM  int64 // above mean sea level; only with the trajectory's Datum.Sea
}

// Kind tells what an Entity is.
type Kind uint8

// Kinds of entity.
const (
	Intent     Kind = iota // an operational intent: what a party will do
	Constraint             // an owned volume that others must respect
)

func (k Kind) String() string {
	if k == Constraint {
		return "constraint"
	}
	return "intent"
}

// Entity is one declared intent or constraint as the decision sees it: ids,
// and every volume and trajectory it occupies.
type Entity struct {
	ID      string // unique within the set compared
	Version string // version or OVN; empty when the source has none
	Party   string // owner; empty when the source names none
	Name    string // for people; not part of any decision
	Kind    Kind
	Type    string // constraint type: no_entry, entry_with_contact, call_first, dividing_line, advisory; empty for intents

	Volumes      []Volume4D
	Trajectories []*Trajectory

	// Suppositions say in words what had to be supposed to place the entity
	// in space and time (datum conversions, start times, speeds).
	Suppositions []string
}
