package conflict

import (
	"math"

	"github.com/deconflict/deconflict/internal/index"
	"github.com/deconflict/deconflict/internal/volume"
)

// epochS is 2020-01-01T00:00:00Z, from which index boxes count seconds.
const epochS = 1_577_836_800

// Box returns an extent as an index box (1e-7 degree, centimetres, seconds since
// 2020), rounded outward; bounds beyond the box's range become unbounded.
func Box(x volume.Extent) index.Box {
	return index.Box{
		Lo: [4]int32{
			down(x.LatE9Lo, 100, 0), down(x.LngE9Lo, 100, 0),
			down(x.Band.LowerMM, 10, 0), down(x.Window.StartNS, 1e9, epochS),
		},
		Hi: [4]int32{
			up(x.LatE9Hi, 100, 0), up(x.LngE9Hi, 100, 0),
			up(x.Band.UpperMM, 10, 0), up(x.Window.EndNS, 1e9, epochS),
		},
	}
}

// down returns n/unit - origin, rounded down and clamped.
func down(n, unit, origin int64) int32 { return clamp(floorDiv(n, unit) - origin) }

// up returns n/unit - origin, rounded up and clamped.
func up(n, unit, origin int64) int32 { return clamp(-floorDiv(-n, unit) - origin) }

func floorDiv(n, unit int64) int64 {
	q := n / unit
	if n%unit < 0 {
		q--
	}
	return q
}

func clamp(n int64) int32 { return int32(max(math.MinInt32, min(math.MaxInt32, n))) }
