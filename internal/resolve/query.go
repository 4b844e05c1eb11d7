package resolve

import (
	"errors"
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// Plan is what is to be cleared.
type Plan struct {
	Entity *volume.Entity
	// Remake returns the plan as changed, made as its operator would declare it:
	// through the file that it came from. Nil means Change.Apply.
	Remake func(c *volume.Change) (*volume.Entity, error)
}

// Limits bound the changes that an operator accepts. All are 0 or more, but for
// FloorMM and CeilingMM; a kind of change with the limit 0 is not looked for.
type Limits struct {
	EarlierNS, LaterNS int64
	DownMM, UpMM       int64
	SidewaysMM         int64
	// FloorMM and CeilingMM bound what altitudes may be changed to, not what they
	// are as declared: millimetres above mean sea level for plans declared so, else above the ellipsoid.
	// volume.NoFloorMM and NoCeilingMM: no bound.
	FloorMM, CeilingMM int64
	// DetourMM is how much longer a re-route may be.
	DetourMM int64
	// Trim says that plans of volumes may give up time or altitude, up to three
	// quarters of what they have.
	Trim bool
	// LiftStepMM and SidewaysStepMM are the steps of combinations; 0 means an
	// eighth of the limit.
	LiftStepMM, SidewaysStepMM int64
}

// Weights say what changes cost, in seconds of delay.
type Weights struct {
	Later, Earlier     float64 // a second
	Lift               float64 // a metre up or down
	Sideways           float64 // a metre
	Detour             float64 // a metre flown more
	TrimTime, TrimBand float64 // a second, a metre given up
}

// Vehicle bounds what a re-route asks of the craft. Speeds are in millimetres a
// second; 0 means as fast as the plan has it.
type Vehicle struct {
	CanStop                              bool  // it can hover (a multirotor); a fixed wing cannot
	MaxSpeedMMPS, ClimbMMPS, DescentMMPS int64 // ClimbMMPS, DescentMMPS: 0 means no change of level on the way
	TurnRadiusMM                         int64 // 0: it turns on the spot
	EnduranceNS                          int64 // longest time in the air; 0: not stated
}

// Query is what an operator asks for.
type Query struct {
	Limits  Limits
	Weights Weights
	Vehicle Vehicle
	// Count is the largest number of options; 0 means 8.
	Count int
	// NoReroute leaves out paths that are new, the only costly kind.
	NoReroute bool
}

const (
	defaultLater = 3600e9
	defaultCount = 8
	// Where minima are small, limits are at least these, in millimetres.
	leastUp, leastSideways = 120_000, 1_000_000
)

// DefaultWeights are: a second earlier is worth 1.5 s of delay, a metre up or
// down 0.5 s, a metre sideways 0.1 s, a metre flown more 0.05 s, a second given
// up 0.5 s and a metre of altitude given up 0.25 s.
func DefaultWeights() Weights {
	return Weights{Later: 1, Earlier: 1.5, Lift: 0.5, Sideways: 0.1, Detour: 0.05, TrimTime: 0.5, TrimBand: 0.25}
}

// DefaultQuery is up to an hour later, never earlier; up to five times the
// vertical minimum higher and never lower, as no terrain is known; up to three
// times the lateral minimum to the side, and ten times of detour. It trims.
func DefaultQuery(r Rules) Query {
	high, wide := r.Minima.VerticalMM, r.Minima.LateralMM
	if r.Constraints != nil {
		high, wide = max(high, r.Constraints.VerticalMM), max(wide, r.Constraints.LateralMM)
	}
	return Query{
		Limits: Limits{
			LaterNS:    defaultLater,
			UpMM:       min(maxMoveMM, max(leastUp, 5*high)),
			SidewaysMM: min(maxMoveMM, max(leastSideways, 3*wide)),
			FloorMM:    volume.NoFloorMM,
			CeilingMM:  volume.NoCeilingMM,
			DetourMM:   min(maxMoveMM, max(10*leastSideways, 10*wide)),
			Trim:       true,
		},
		Weights: DefaultWeights(),
	}
}

// Widen raises the limits to what the size of a plan suggests: as far to the
// side as it reaches from its middle, a tenth of that up, and four times that of
// detour.
func (l *Limits) Widen(e *volume.Entity) {
	reach := min(int64(volume.ReachM(e)*1000), maxMoveMM/4)
	l.UpMM = max(l.UpMM, reach/10)
	l.SidewaysMM = max(l.SidewaysMM, reach)
	l.DetourMM = max(l.DetourMM, 4*reach)
}

// ErrQuery is the cause when limits or weights cannot be used.
var ErrQuery = errors.New("limits and weights must be 0 or more and within bounds")

// maxMoveMM bounds how far a plan may be moved: 500 km.
const maxMoveMM = 500_000_000

// maxDelayNS bounds how much later or earlier a plan may be moved: 40 days.
const maxDelayNS = 40 * 24 * 3600 * 1_000_000_000

func (q *Query) validate() error {
	l, w, v := &q.Limits, &q.Weights, &q.Vehicle
	for _, ns := range [3]int64{l.EarlierNS, l.LaterNS, v.EnduranceNS} {
		if ns < 0 || ns > maxDelayNS {
			return fmt.Errorf("%w: found %d ns, expected 0 to 40 days", ErrQuery, ns)
		}
	}
	lengths := [11]int64{
		l.DownMM, l.UpMM, l.SidewaysMM, l.DetourMM, l.LiftStepMM, l.SidewaysStepMM,
		v.MaxSpeedMMPS, v.ClimbMMPS, v.DescentMMPS, v.TurnRadiusMM,
	}
	for _, mm := range lengths {
		if mm < 0 || mm > maxMoveMM {
			return fmt.Errorf("%w: found %d mm, expected 0 to 500 km", ErrQuery, mm)
		}
	}
	for _, x := range [7]float64{w.Later, w.Earlier, w.Lift, w.Sideways, w.Detour, w.TrimTime, w.TrimBand} {
		if !(x >= 0 && x <= 1e6) {
			return fmt.Errorf("%w: found the weight %v, expected 0 to 1,000,000", ErrQuery, x)
		}
	}
	if l.FloorMM >= l.CeilingMM {
		return fmt.Errorf("%w: found a floor of %d mm at or above the ceiling of %d mm", ErrQuery, l.FloorMM, l.CeilingMM)
	}
	if q.Count < 0 {
		return fmt.Errorf("%w: found a count of %d", ErrQuery, q.Count)
	}
	return nil
}

// Kind tells what an option changes.
type Kind string

// Kinds of option.
const (
	Delay    Kind = "delay"
	Advance  Kind = "advance"
	Climb    Kind = "climb"
	Descend  Kind = "descend"
	Sideways Kind = "sideways"
	Start    Kind = "start"   // begin later, end as declared
	End      Kind = "end"     // end earlier, begin as declared
	Floor    Kind = "floor"   // a higher floor, the ceiling as declared
	Ceiling  Kind = "ceiling" // a lower ceiling, the floor as declared
	Combined Kind = "combined"
	Reroute  Kind = "reroute"
)

// Option is a change that clears the plan of everything it may not enter. It
// holds only as long as what was considered stays as it is.
type Option struct {
	Kind   Kind
	Change volume.Change
	// Entity is the plan as changed. The decision found it clear.
	Entity *volume.Entity
	// CostMS is what the change is worth in milliseconds of delay.
	CostMS int64
	// Clears are those of the plan's conflicts that end, which is all of them.
	Clears []conflict.Ref
	// Closest is what the changed plan comes closest to; nil when nothing is
	// within twice the minima.
	Closest *Closeness
	// Conditions are the constraints that it enters on a condition.
	Conditions []Condition
	// Digest covers the change and all that Answer.Digest does.
	Digest [32]byte
}

// Closeness is what a plan comes closest to.
type Closeness struct {
	Verdict conflict.Verdict
	// LateralSpareMM and VerticalSpareMM are what is left over the minima where
	// the one is least while the other is lost; NotLost when the other never is.
	LateralSpareMM, VerticalSpareMM int64
}

// NotLost stands for a separation that is never all that is left.
const NotLost = math.MaxInt64

// Condition is a constraint that a plan enters on a condition, with where and
// when it does.
type Condition struct {
	Verdict conflict.Verdict
	Of      conflict.Ref // the constraint
}

// Window is a closed range of instants, in nanoseconds since 1970.
type Window struct{ FromNS, ToNS int64 }

// Blocked is a kind of change of which no amount within the limits clears the
// plan.
type Blocked struct {
	Kind Kind
	// By are those that stand in the way within the limits, in order of id.
	By []conflict.Ref
	// Why is set when the change cannot be made, rather than does not clear.
	Why error
}

// Violation is the least violation found when nothing clears a plan.
type Violation struct {
	Change    volume.Change
	Conflicts []conflict.Verdict // what is left
	// Share is how much of the required separation is missing: of each conflict
	// the smaller of both shares, and of these the greatest. Where two overlap it
	// is above 1.
	Share float64
}

// Answer is the answer to a Query.
type Answer struct {
	// Conflicts are those of the plan as declared; none: it is clear as it is.
	Conflicts  []conflict.Verdict
	Conditions []Condition // that it enters as declared
	Options    []Option    // by cost, of different kinds
	// Windows are the starts at which the plan is clear when only its times
	// move, within the limits, rounded inward to a millisecond. Its declared
	// start is StartNS.
	Windows []Window
	StartNS int64
	Blocked []Blocked
	// Least is set when there are conflicts and no options.
	Least *Violation
	// Considered are all within reach of the limits, in order of id: the answer
	// holds for these versions.
	Considered []conflict.Ref
	// Digest covers the plan as declared, the rules, the query and all
	// considered; AnswerDigest these, the windows and the options.
	Digest, AnswerDigest [32]byte
}
