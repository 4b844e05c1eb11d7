package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/volume"
	"github.com/deconflict/deconflict/internal/world"
)

// Traffic is simulated craft: where each is follows from the instant alone, so
// that all who look see the same. Craft fly what is activated, along its
// declared centre lines; Free more of them fly smooth paths of their own.
type Traffic struct {
	Seed uint64
	Free int
	Box  Box // of free craft
}

// Box is a part of the earth without the antimeridian in it, in degrees.
type Box struct{ West, South, East, North float64 }

// Tracks returns where craft are, as api.Tracks.
func (t *Traffic) Tracks(st *world.State, nowNS int64) []api.Track {
	var all []api.Track
	for _, r := range st.Intent.Flown() {
		lines := r.Entity().Trajectories
		for i, line := range lines {
			craft, airborne := along(line, nowNS)
			if !airborne {
				continue
			}
			craft.ID, craft.Party, craft.Intent = fmt.Sprintf("%s-%d", r.ID, i), r.Owner, r.ID
			// Its alias is the owner's to show.
			craft.Label = "SIM-" + strings.ToUpper(r.ID[:4])
			all = append(all, craft)
		}
	}
	for i := range t.Free {
		all = append(all, t.free(i, nowNS))
	}
	return all
}

// along returns where the craft on a declared centre line is, false outside of
// its window.
func along(line *volume.Trajectory, nowNS int64) (api.Track, bool) {
	w := line.Window()
	if nowNS < w.StartNS || nowNS >= w.EndNS {
		return api.Track{}, false
	}
	const step = int64(time.Second)
	here, altMM := line.At(nowNS)
	from := min(nowNS, max(w.StartNS, w.EndNS-step))
	to := min(from+step, w.EndNS)
	a, _ := line.At(from)
	b, _ := line.At(to)
	distanceM, courseDeg, _ := geodesy.Inverse(a, b)
	return api.Track{
		At: [2]float64{float64(here.LngE9) / 1e9, float64(here.LatE9) / 1e9}, AltM: float64(altMM) / 1000,
		CourseDeg: clockwise(courseDeg), SpeedMPS: distanceM / (float64(to-from) / 1e9),
	}, true
}

// clockwise returns a course from 0 to less than 360 degrees.
func clockwise(deg float64) float64 { return math.Mod(math.Mod(deg, 360)+360, 360) }

// metresPerDegree is that of a meridian, near enough for craft that are made up.
const metresPerDegree = 111_195

// free returns where a craft is that flies a path of its own: two circles on top
// of each other, which never leave the box and have no corners.
func (t *Traffic) free(i int, nowNS int64) api.Track {
	rng := rand.New(rand.NewPCG(t.Seed, uint64(i)))
	middle := (t.Box.South + t.Box.North) / 2
	east := metresPerDegree * math.Cos(middle*math.Pi/180)
	width, height := (t.Box.East-t.Box.West)*east, (t.Box.North-t.Box.South)*metresPerDegree
	reach := min(width, height) * (0.02 + 0.18*rng.Float64()) // of both circles
	big, small := reach*0.75, reach*0.25
	x, y := reach+rng.Float64()*(width-2*reach), reach+rng.Float64()*(height-2*reach)
	speed := 12 + 50*rng.Float64()
	turn := speed / reach // radians a second of the big circle
	if rng.IntN(2) == 0 {
		turn = -turn
	}
	phase, second := rng.Float64()*2*math.Pi, rng.Float64()*2*math.Pi
	// 2.5 turns of the small circle are one of the big one: the path repeats after
	// two, and no sooner.
	s := float64(nowNS) / 1e9
	a, b := math.Mod(turn*s, 4*math.Pi)+phase, math.Mod(2.5*turn*s, 10*math.Pi)+second
	x += big*math.Cos(a) + small*math.Cos(b)
	y += big*math.Sin(a) + small*math.Sin(b)
	vx := -turn * (big*math.Sin(a) + 2.5*small*math.Sin(b))
	vy := turn * (big*math.Cos(a) + 2.5*small*math.Cos(b))
	return api.Track{
		ID: fmt.Sprintf("free-%d", i), Party: party.ID(crowdParties[i%len(crowdParties)]), Label: fmt.Sprintf("SIM-%d", i+1),
		At:   [2]float64{t.Box.West + x/east, t.Box.South + y/metresPerDegree},
		AltM: 60 + 540*rng.Float64(), CourseDeg: clockwise(math.Atan2(vx, vy) * 180 / math.Pi), SpeedMPS: math.Hypot(vx, vy),
	}
}
