package conflict

import (
	"math"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// The scenarios are those of the project's two worked examples: "Varanth
// Basin", two coalitions and humanitarian flights, and "Tarrow Range", a
// wildfire. The numbers were computed on WGS84 by other means and are met
// within 1 s and 0.005 NM.

const (
	nm   = 1_852_000 // mm
	foot = 304.8     // mm
)

func at(t *testing.T, lat, lng float64) geodesy.LatLng {
	t.Helper()
	p, err := geodesy.NewLatLng(lat, lng)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func clock(t *testing.T, s string) int64 {
	t.Helper()
	for _, layout := range []string{"15:04:05.999", "15:04"} {
		if v, err := time.Parse(layout, s); err == nil {
			return v.AddDate(2031, 4, 6).UnixNano()
		}
	}
	t.Fatalf("bad clock %q", s)
	return 0
}

func feet(ft float64) int64 { return int64(math.Round(ft * foot)) }

type fix struct {
	lat, lng float64
	ft       float64
	at       string
}

func flight(t *testing.T, id string, b volume.Buffers, fixes ...fix) *volume.Entity {
	t.Helper()
	var w []volume.Waypoint
	for _, f := range fixes {
		w = append(w, volume.Waypoint{At: at(t, f.lat, f.lng), AltMM: feet(f.ft), TimeNS: clock(t, f.at)})
	}
	tr, err := volume.NewTrajectory(w, b)
	if err != nil {
		t.Fatal(err)
	}
	return &volume.Entity{ID: id, Trajectories: []*volume.Trajectory{tr}}
}

func block(t *testing.T, id string, f *volume.Footprint, lower, upper float64, from, to string) *volume.Entity {
	t.Helper()
	return &volume.Entity{ID: id, Volumes: []volume.Volume4D{{
		Footprint: f, Band: volume.Band{LowerMM: feet(lower), UpperMM: feet(upper)},
		Window: volume.Window{StartNS: clock(t, from), EndNS: clock(t, to)},
	}}}
}

func circle(t *testing.T, lat, lng, radiusNM float64) *volume.Footprint {
	t.Helper()
	f, err := volume.NewCircle(at(t, lat, lng), int64(math.Round(radiusNM*nm)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func verdict(t *testing.T, a, b *volume.Entity, m Minima) Verdict {
	t.Helper()
	v, err := Judge(a, b, m)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := Decide(b, a, m); err != nil || d != v.Conflict {
		t.Fatalf("Decide says %v, %v; Judge says %v", d, err, v.Conflict)
	}
	return v
}

func wantTime(t *testing.T, what string, ns int64, want string, withinMS int64) {
	t.Helper()
	if d := ns - clock(t, want); d > withinMS*1e6 || d < -withinMS*1e6 {
		t.Errorf("%s at %s, want %s within %d ms", what, time.Unix(0, ns).UTC().Format("15:04:05.000"), want, withinMS)
	}
}

func wantNM(t *testing.T, what string, tenthMM int64, want float64) {
	t.Helper()
	if got := float64(tenthMM) / 10 / nm; math.Abs(got-want) > 0.005 {
		t.Errorf("%s %.4f NM, want %.3f", what, got, want)
	}
}

func h17(t *testing.T) *volume.Entity {
	// 8,000 to 10,000 ft.
	return flight(t, "H-17", volume.Buffers{VerticalMM: feet(1000)}, fix{11.60, -29.40, 9000, "09:00"}, fix{12.40, -30.00, 9000, "09:24"})
}

// TestMoveNoticeAgainstCircle is conflict C-1 of the Varanth Basin: the
// humanitarian move H-17 and the intent N-204.
func TestMoveNoticeAgainstCircle(t *testing.T) {
	n204 := block(t, "N-204", circle(t, 12.10, -29.70, 12), 9000, 16000, "08:45", "10:00")
	v := verdict(t, h17(t), n204, Minima{})
	if !v.Conflict || v.WithinTolerance {
		t.Fatalf("conflict %v within tolerance %v, want a firm conflict", v.Conflict, v.WithinTolerance)
	}
	wantTime(t, "inside 12 NM", v.FromNS, "09:09:19", 1000)
	wantTime(t, "outside 12 NM", v.ToNS, "09:18:34", 1000)
	wantNM(t, "centre-line to centre", v.MinHorizontal.CentreTenthMM, 3.521)
	wantTime(t, "closest", v.MinHorizontal.TimeNS, "09:13:56.7", 100)

	// With 5 NM of margin and the 1 NM half width of the move: 18 NM.
	wide := h17(t)
	tr, err := volume.NewTrajectory(wide.Trajectories[0].Waypoints(), volume.Buffers{LateralMM: nm, VerticalMM: feet(1000)})
	if err != nil {
		t.Fatal(err)
	}
	wide.Trajectories[0] = tr
	v = verdict(t, wide, n204, Minima{LateralMM: 5 * nm, VerticalMM: feet(2000)})
	wantTime(t, "inside 18 NM", v.FromNS, "09:06:48.7", 100)
	wantTime(t, "outside 18 NM", v.ToNS, "09:21:04.6", 100)

	// Floor at 12,000 ft: 2,000 ft above the move's 10,000.
	clear := block(t, "N-204", circle(t, 12.10, -29.70, 12), 12000, 16000, "08:45", "10:00")
	if v := verdict(t, wide, clear, Minima{LateralMM: 5 * nm, VerticalMM: feet(2000)}); v.Conflict {
		t.Errorf("floor 12,000 ft conflicts: %+v", v.MinVertical)
	}
	late := block(t, "N-204", circle(t, 12.10, -29.70, 12), 9000, 16000, "09:21:05", "10:00")
	if v := verdict(t, wide, late, Minima{LateralMM: 5 * nm, VerticalMM: feet(2000)}); v.Conflict {
		t.Errorf("start at 09:21:05 conflicts until %v", v.ToNS)
	}
	early := block(t, "N-204", circle(t, 12.10, -29.70, 12), 9000, 16000, "09:21:04", "10:00")
	if v := verdict(t, wide, early, Minima{LateralMM: 5 * nm, VerticalMM: feet(2000)}); !v.Conflict {
		t.Error("start at 09:21:04 is clear")
	}
}
