package resolve

import (
	"math"

	"github.com/deconflict/deconflict/internal/conflict"
)

// samples is how many amounts of each kind of change are looked at for the least
// violation.
const samples = 16

// leastViolation returns the change, of the declared plan and evenly spaced
// amounts of each kind, that leaves the least share of the separation missing;
// of several the cheapest. Should one of them leave nothing missing, as the
// bearings of shifts are not all searched, it returns that as found.
func (f *finder) leastViolation(declared []conflict.Verdict) (*Violation, *found, error) {
	best := &Violation{Conflicts: declared, Share: missing(declared)}
	lines := append(f.timeLines(nil), f.liftLines()...)
	if s := f.q.Limits.SidewaysMM; s > 0 {
		sides := &sideways{f: f, known: map[int]*line{}}
		for b := 0; b < 360; b += 45 {
			lines = append(lines, sides.line(b))
		}
	}
	cost := 0.0
	for _, l := range lines {
		for k := int64(1); k <= samples && l.limit > 0; k++ {
			n := l.limit / samples * k
			c := l.change(n)
			e := f.remake(l.kind, &c)
			if e == nil {
				continue
			}
			left, _, err := f.judge(e)
			if err != nil {
				return nil, nil, err
			}
			if len(left) == 0 {
				got, err := f.tighten(l, &found{kind: l.kind, n: n, change: c, entity: e, cost: l.cost(n)})
				return nil, got, err
			}
			share := missing(left)
			if share < best.Share || share == best.Share && l.cost(n) < cost {
				best = &Violation{Change: c, Conflicts: left, Share: share}
				cost = l.cost(n)
			}
		}
	}
	return best, nil, nil
}

// missing returns the share of the required separation that is missing: of each
// conflict the smaller of the lateral and the vertical share, and of all
// conflicts the greatest. Where two overlap it is above 1, but for areas, whose
// overlap has no depth.
func missing(conflicts []conflict.Verdict) float64 {
	worst := 0.0
	for i := range conflicts {
		v := &conflicts[i]
		share := math.Inf(1)
		if a := v.MinHorizontal; a != nil && v.Minima.LateralMM > 0 {
			share = min(share, shareOf(v.Minima.LateralMM*10-a.HorizontalTenthMM, v.Minima.LateralMM*10))
		}
		if a := v.MinVertical; a != nil && v.Minima.VerticalMM > 0 {
			share = min(share, shareOf(v.Minima.VerticalMM-a.VerticalMM, v.Minima.VerticalMM))
		}
		if math.IsInf(share, 1) {
			share = 1 // nothing required but not to overlap
		}
		worst = max(worst, share)
	}
	return worst
}

// shareOf returns short/required, 0 or more.
func shareOf(short, required int64) float64 { return max(0, float64(short)/float64(required)) }
