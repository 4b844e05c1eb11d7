package bench

import (
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// Equal seeds give equal days, other seeds other ones.
func TestDaysAreDeterministic(t *testing.T) {
	for _, kind := range dayKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			var digests [3][]string
			for i, seed := range [3]uint64{7, 7, 8} {
				d, err := kind.generate(DayOptions{Seed: seed, Scale: 0.2})
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range slices.Concat(d.Zones, d.entities()) {
					digest := conflict.EntityDigest(e)
					digests[i] = append(digests[i], e.ID+string(digest[:]))
				}
			}
			if !slices.Equal(digests[0], digests[1]) {
				t.Error("one seed gives two days")
			}
			if slices.Equal(digests[0], digests[2]) {
				t.Error("two seeds give one day")
			}
		})
	}
}

// Each day has plans that can be judged, declared by craft that can fly them.
func TestDaysAreSound(t *testing.T) {
	for _, kind := range dayKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			d, err := kind.generate(DayOptions{Seed: 3, Scale: 0.25})
			if err != nil {
				t.Fatal(err)
			}
			if d.Name != kind.name || len(d.Plans) < 30 {
				t.Fatalf("%s: %d plans", d.Name, len(d.Plans))
			}
			seen := map[string]bool{}
			trajectories, volumes := 0, 0
			for _, e := range slices.Concat(d.Zones, d.entities()) {
				if err := conflict.Validate(e); err != nil {
					t.Error(err)
				}
				if seen[e.ID] {
					t.Errorf("two entities %s", e.ID)
				}
				seen[e.ID] = true
				trajectories += len(e.Trajectories)
				volumes += len(e.Volumes)
			}
			if trajectories == 0 || volumes == 0 {
				t.Errorf("%d trajectories, %d volumes: want both", trajectories, volumes)
			}
			for _, p := range d.Plans {
				e := p.Entity
				if e.Kind != volume.Intent {
					t.Errorf("%s is a %s", e.ID, e.Kind)
				}
				for _, r := range e.Trajectories {
					checkCraft(t, e.ID, r, p.Vehicle)
				}
			}
			for _, z := range d.Zones {
				if z.Kind != volume.Constraint || z.Type == "" {
					t.Errorf("%s is a %s of type %q", z.ID, z.Kind, z.Type)
				}
			}
		})
	}
}

// checkCraft finds legs that a craft cannot fly. Spot instants are rounded to
// milliseconds.
func checkCraft(t *testing.T, id string, r *volume.Trajectory, c resolve.Vehicle) {
	t.Helper()
	w := r.Waypoints()
	if air := r.Window().EndNS - r.Window().StartNS; air > c.EnduranceNS {
		t.Errorf("%s is in the air for %d s, longer than %d s", id, air/1e9, c.EnduranceNS/1e9)
	}
	for i := range r.Legs() {
		seconds := float64(w[i+1].TimeNS-w[i].TimeNS) / 1e9
		distanceM, _, _ := geodesy.Inverse(w[i].At, w[i+1].At)
		climb := float64(w[i+1].AltMM-w[i].AltMM) / seconds
		switch {
		case distanceM*1000/seconds > float64(c.MaxSpeedMMPS):
			t.Errorf("%s flies leg %d at %.1f m/s", id, i, distanceM/seconds)
		case climb > float64(c.ClimbMMPS) || climb < -float64(c.DescentMMPS):
			t.Errorf("%s climbs on leg %d at %.1f mm/s", id, i, climb)
		case distanceM == 0 && !c.CanStop:
			t.Errorf("%s stands still on leg %d", id, i)
		}
	}
}

// A day has conflicts to clear and flights that need not change; a larger one
// is as crowded.
func TestDaysHaveConflicts(t *testing.T) {
	for _, kind := range dayKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			d, err := kind.generate(DayOptions{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			share := conflictShare(t, d)
			t.Logf("%d plans, %d zones, %.0f %% of the plans in conflict when filed", len(d.Plans), len(d.Zones), 100*share)
			if share < 0.2 || share > 0.65 {
				t.Errorf("%.0f %% of the plans conflict", 100*share)
			}
			double, err := kind.generate(DayOptions{Seed: 1, Scale: 2})
			if err != nil {
				t.Fatal(err)
			}
			if n, want := len(double.Plans), 2*len(d.Plans); n < want*9/10 || n > want*11/10 {
				t.Errorf("twice the scale has %d plans, want %d", n, want)
			}
			if twice := conflictShare(t, double); twice < share-0.12 || twice > share+0.12 {
				t.Errorf("twice the scale: %.0f %% of the plans conflict, %.0f %% before", 100*twice, 100*share)
			}
		})
	}
}

// conflictShare is the share of plans in conflict when filed: with a zone that
// they may not enter, or with a plan filed before that was clear itself.
func conflictShare(t *testing.T, d *Day) float64 {
	t.Helper()
	all := d.entities()
	for _, z := range d.Zones {
		if !d.mayEnter(z) {
			all = append(all, z)
		}
	}
	r, err := conflict.All(t.Context(), all, conflict.Options{Minima: d.Rules.Minima, Constraints: d.Rules.Constraints})
	if err != nil {
		t.Fatal(err)
	}
	with := map[string][]string{}
	for _, v := range r.Verdicts {
		with[v.A.ID] = append(with[v.A.ID], v.B.ID)
		with[v.B.ID] = append(with[v.B.ID], v.A.ID)
	}
	accepted := map[string]bool{}
	for _, z := range d.Zones {
		accepted[z.ID] = true
	}
	n := 0
	for _, p := range d.Plans {
		if slices.ContainsFunc(with[p.Entity.ID], func(id string) bool { return accepted[id] }) {
			n++
		} else {
			accepted[p.Entity.ID] = true
		}
	}
	return float64(n) / float64(len(d.Plans))
}
