package bench

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// FlightOptions describe a generated day of drone flights.
type FlightOptions struct {
	Seed      uint64
	Plans     int     // number of flights
	Legs      int     // legs of each
	SideM     float64 // side of the square they start in, metres
	CeilingMM int64   // highest altitude above the ellipsoid, millimetres
	HorizonS  float64 // flights start within this many seconds
}

// DefaultFlights is the day that docs/PERFORMANCE.md quotes: 10,000 flights of
// 10 legs over 40 km by 40 km, up to 120 m, within 8 hours.
func DefaultFlights() FlightOptions {
	return FlightOptions{Seed: 1, Plans: 10_000, Legs: 10, SideM: 40_000, CeilingMM: 120_000, HorizonS: 8 * 3600}
}

// Flights generates flights: each starts at a random place and time, climbs,
// flies legs of 200 m to 2 km at 8 to 20 m/s in random directions that wander
// rather than jump, and lands. Buffers are 10 m, 5 m and none in time.
func Flights(o FlightOptions) ([]*volume.Entity, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 0xf11687))
	corner, err := geodesy.NewLatLng(52, 8)
	if err != nil {
		return nil, err
	}
	const epochNS = 1_900_000_000_000_000_000 // 2030-03-17T17:46:40Z
	out := make([]*volume.Entity, o.Plans)
	for i := range out {
		at := geodesy.Direct(geodesy.Direct(corner, 90, o.SideM*rng.Float64()), 0, o.SideM*rng.Float64())
		clock := epochNS + int64(o.HorizonS*rng.Float64()*1e9)
		speed := 8 + 12*rng.Float64()
		course := 360 * rng.Float64()
		cruise := o.CeilingMM/4 + rng.Int64N(max(1, o.CeilingMM*3/4))
		w := []volume.Waypoint{{At: at, AltMM: 0, TimeNS: clock}}
		for k := range o.Legs {
			leg := 200 + 1800*rng.Float64()
			course += 60 * rng.NormFloat64()
			at = geodesy.Direct(at, math.Mod(course, 360), leg)
			clock += int64(leg / speed * 1e9)
			alt := cruise
			if k == o.Legs-1 {
				alt = 0
			}
			w = append(w, volume.Waypoint{At: at, AltMM: alt, TimeNS: clock})
		}
		tr, err := volume.NewTrajectory(w, volume.Buffers{LateralMM: 10_000, VerticalMM: 5_000})
		if err != nil {
			return nil, err
		}
		out[i] = &volume.Entity{ID: fmt.Sprintf("F%06d", i), Trajectories: []*volume.Trajectory{tr}}
	}
	return out, nil
}
