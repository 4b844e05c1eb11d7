package conflict

import (
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Minima are the required separations of a pair. Both lateral and vertical
// separation must be lost, at instants closer than TimeNS, for a conflict.
// All are zero or more; zero lateral or vertical means that interiors may
// touch but not meet.
type Minima struct {
	LateralMM  int64
	VerticalMM int64
	TimeNS     int64
	Source     string // where the minima came from, for people: `--minima`, an agreement's clause
}

// Ref names one side of a Verdict.
type Ref struct {
	ID, Version, Party, Name string
	Kind                     volume.Kind
	Type                     string
}

// PartKind tells what a Part of an entity is.
type PartKind string

// Kinds of part.
const (
	VolumePart PartKind = "volume"
	LegPart    PartKind = "leg"
)

// PartRef names a volume (Index into Entity.Volumes) or a leg (leg Index of
// trajectory Route, from waypoint Index to Index+1) of an entity.
type PartRef struct {
	Kind  PartKind
	Route int // trajectory number; 0 for volumes
	Index int
}

// Unknown distances.
const NoDistance = int64(-1) << 62

// Approach is one instant of a pair of parts, with what separates them then.
// Distances are in tenths of a millimetre, altitudes in millimetres above the
// ellipsoid.
type Approach struct {
	TimeNS  int64 // at A; B's instant differs only when time buffers or minima are in play
	OtherNS int64 // at B
	// HorizontalTenthMM is the edge-to-edge distance of the grown shapes; it is
	// negative when they overlap and the depth is known (circles, corridors,
	// trajectories), and 0 when polygons overlap.
	HorizontalTenthMM int64
	// CentreTenthMM is the distance between centres or centre-lines, or
	// NoDistance when a polygon is involved.
	CentreTenthMM int64
	// VerticalMM is the gap between the grown altitude bands, negative when
	// they overlap.
	VerticalMM int64
	// A and B are the places between which the horizontal distance runs.
	A, B geodesy.LatLng
	// ALowerMM..AUpperMM and BLowerMM..BUpperMM are the altitudes occupied at
	// that instant without buffers (equal for a trajectory).
	ALowerMM, AUpperMM, BLowerMM, BUpperMM int64
}

// Part is one pair of parts in conflict.
type Part struct {
	A, B PartRef
	// FromNS and ToNS are the first and last instants of violation, rounded
	// outward to a millisecond.
	FromNS, ToNS    int64
	WithinTolerance bool
	// Closest is the least horizontal distance while vertical separation is
	// violated.
	Closest Approach
}

// Verdict says whether two entities conflict, and everything needed to
// recompute the answer. A is the entity whose id sorts first.
type Verdict struct {
	A, B     Ref
	Conflict bool
	// WithinTolerance is set when the whole conflict rests on the numeric
	// tolerance: the truth may be that the separation is just kept.
	WithinTolerance bool
	Minima          Minima
	// FromNS and ToNS are the first and last instant at which either side takes
	// part in a violation, over all parts and rounded outward to a millisecond.
	// Zero when clear.
	FromNS, ToNS int64
	// Parts are the pairs of parts in conflict, sorted by A's then B's part.
	Parts []Part
	// Worst is the index in Parts of the least horizontal distance.
	Worst int
	// MinHorizontal is the least horizontal distance while vertical and time
	// separation are violated; MinVertical the least vertical gap while
	// lateral and time separation are violated. Nil when there is no such
	// instant.
	MinHorizontal, MinVertical *Approach
	// LateralShortfallTenthMM and VerticalShortfallMM are what is missing at
	// MinHorizontal's instant. Not a promise that moving by it clears.
	LateralShortfallTenthMM int64
	VerticalShortfallMM     int64
	// ToleranceTenthMM bounds the lateral numeric error of this verdict.
	ToleranceTenthMM int64
	Suppositions     []string
	// InputsDigest covers the canonical entities, versions, minima and
	// suppositions; Digest covers these, the decision, instants and distances.
	InputsDigest, Digest [32]byte
}
