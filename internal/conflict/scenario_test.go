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

// TestLinesOfVaranth holds the other geometry of the Varanth Basin.
func TestLinesOfVaranth(t *testing.T) {
	orrin, err := volume.NewCorridor([]geodesy.LatLng{at(t, 11, -30), at(t, 13, -30)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	line := block(t, "Orrin", orrin, 0, 60000, "00:00", "23:59")
	n204 := block(t, "N-204", circle(t, 12.10, -29.70, 12), 9000, 16000, "08:45", "10:00")

	// The western edge of N-204 is 5.63 NM from the line, 0.63 outside its
	// buffer of 5.
	v := verdict(t, n204, line, Minima{LateralMM: 5 * nm})
	if v.Conflict {
		t.Error("N-204 is inside the line's buffer")
	}
	wantNM(t, "western edge to the line", v.MinHorizontal.HorizontalTenthMM, 5.63)
	if v := verdict(t, n204, line, Minima{LateralMM: 5.65 * nm}); !v.Conflict {
		t.Error("5.65 NM is not reached")
	}

	// E-88 crosses the line, and N-204 from above.
	e88 := flight(t, "E-88", volume.Buffers{VerticalMM: feet(1000)},
		fix{12.30, -30.60, 21000, "09:20"}, fix{12.00, -29.20, 21000, "09:34"})
	v = verdict(t, e88, line, Minima{})
	if !v.Conflict {
		t.Fatal("E-88 does not cross the line")
	}
	wantTime(t, "crossing", v.FromNS, "09:26:00", 1000)
	if lat, lng := v.MinHorizontal.A.Degrees(); math.Abs(lat-12.1723) > 1e-4 || math.Abs(lng+30) > 1e-6 {
		t.Errorf("crossing at %v, want 12.1723 N 30 W", v.MinHorizontal.A)
	}
	v = verdict(t, e88, n204, Minima{VerticalMM: feet(4001)})
	wantTime(t, "over N-204 from", v.FromNS, "09:27:02", 1000)
	wantTime(t, "over N-204 to", v.ToNS, "09:31:00", 1000)
	if v := verdict(t, e88, n204, Minima{VerticalMM: feet(2000)}); v.Conflict || v.MinVertical.VerticalMM != feet(4000) {
		t.Errorf("conflict %v, gap %d mm, want clear by 4,000 ft", v.Conflict, v.MinVertical.VerticalMM)
	}
	if v := verdict(t, e88, h17(t), Minima{LateralMM: 5 * nm, VerticalMM: feet(2000)}); v.Conflict {
		t.Error("E-88 conflicts with H-17, 10,000 ft below")
	}

	// The relayed area of the third operator and the humanitarian return.
	// Its limits are parallels, so its northern and southern sides follow them:
	// a geodesic side would lie 12 m farther north in the middle.
	var box []geodesy.LatLng
	for i := range 51 {
		box = append(box, at(t, 11.25, -30.10+float64(i)*0.01))
	}
	for i := range 51 {
		box = append(box, at(t, 11.55, -29.60-float64(i)*0.01))
	}
	area, err := volume.NewPolygon(box)
	if err != nil {
		t.Fatal(err)
	}
	h18 := flight(t, "H-18", volume.Buffers{VerticalMM: feet(1000)},
		fix{12.40, -30.00, 9000, "10:10"}, fix{11.20, -29.80, 9000, "10:38"})
	v = verdict(t, h18, block(t, "SM", area, 0, 12000, "10:15", "11:00"), Minima{})
	wantTime(t, "H-18 in the area from", v.FromNS, "10:29:51", 1000)
	wantTime(t, "H-18 in the area to", v.ToNS, "10:36:50", 1000)
	if v.WithinTolerance || v.MinHorizontal.HorizontalTenthMM != 0 {
		t.Errorf("H-18 in the area: %+v", v.MinHorizontal)
	}
}

// TestDistancesOfVaranth holds the distances that need no decision.
func TestDistancesOfVaranth(t *testing.T) {
	for _, c := range []struct {
		what string
		p, q geodesy.LatLng
		nm   float64
	}{
		{"mistyped site to corrected site", at(t, 12.63, -29.93), at(t, 12.36, -29.93), 16.13},
		{"corrected site to Weir Strip", at(t, 12.36, -29.93), at(t, 12.40, -30.00), 4.75},
		{"leg of H-17", at(t, 11.60, -29.40), at(t, 12.40, -30.00), 59.4},
	} {
		d, _, _ := geodesy.Inverse(c.p, c.q)
		if got := d / 1852; math.Abs(got-c.nm) > 0.05 {
			t.Errorf("%s: %.3f NM, want %.2f", c.what, got, c.nm)
		}
	}
	d, _, _ := geodesy.Inverse(at(t, 11.60, -29.40), at(t, 12.40, -30.00))
	if kt := d / 1852 / (24.0 / 60); math.Abs(kt-148) > 1 {
		t.Errorf("H-17 flies %.1f kt, want 148", kt)
	}
}

// TestStrayTrack follows N204A, which leaves its circle westward at 300 kt.
func TestStrayTrack(t *testing.T) {
	const knots300 = 300 * 1852.0 / 3600
	cross := at(t, 12.10, -30)
	// 106 s before it crosses the line it is at 09:17:10.
	start := geodesy.Direct(cross, 90, 106*knots300)
	end := geodesy.Direct(cross, 270, 20*knots300)
	tr, err := volume.NewTrajectory([]volume.Waypoint{
		{At: start, AltMM: feet(15800), TimeNS: clock(t, "09:17:10")},
		{At: cross, AltMM: feet(15800), TimeNS: clock(t, "09:18:56")},
		{At: end, AltMM: feet(15800), TimeNS: clock(t, "09:19:16")},
	}, volume.Buffers{VerticalMM: 1})
	if err != nil {
		t.Fatal(err)
	}
	n204a := &volume.Entity{ID: "N204A", Trajectories: []*volume.Trajectory{tr}}
	n204 := block(t, "N-204", circle(t, 12.10, -29.70, 12), 9000, 16000, "08:45", "10:00")
	wantTime(t, "leaves its volume", verdict(t, n204a, n204, Minima{}).ToNS, "09:17:49", 1000)
	orrin, err := volume.NewCorridor([]geodesy.LatLng{at(t, 11, -30), at(t, 13, -30)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	line := block(t, "Orrin", orrin, 0, 60000, "00:00", "23:59")
	wantTime(t, "inside the line's buffer", verdict(t, n204a, line, Minima{LateralMM: 5 * nm}).FromNS, "09:17:56", 1000)
	wantTime(t, "crosses the line", verdict(t, n204a, line, Minima{}).FromNS, "09:18:56", 1000)
}

// TestLossOfSeparation is incident I-1: E-88B, sunk to 16,900 ft, passes 0.45 NM
// from N204A at 15,800 ft at 09:29:53.
func TestLossOfSeparation(t *testing.T) {
	e88b := flight(t, "E-88B", volume.Buffers{},
		fix{12.30, -30.60, 16900, "09:20"}, fix{12.00, -29.20, 16900, "09:34"})
	there, _ := e88b.Trajectories[0].At(clock(t, "09:29:53"))
	// N204A crosses its path at right angles to the relative velocity.
	_, course, _ := geodesy.Inverse(there, at(t, 12.00, -29.20))
	abeam := geodesy.Direct(there, course+90, 0.45*1852)
	// Flying the same course at another speed, abeam is the closest point.
	from, to := geodesy.Direct(abeam, course+180, 6000), geodesy.Direct(abeam, course, 6000)
	tr, err := volume.NewTrajectory([]volume.Waypoint{
		{At: from, AltMM: feet(15800), TimeNS: clock(t, "09:28:53")},
		{At: to, AltMM: feet(15800), TimeNS: clock(t, "09:30:53")},
	}, volume.Buffers{})
	if err != nil {
		t.Fatal(err)
	}
	n204a := &volume.Entity{ID: "N204A", Trajectories: []*volume.Trajectory{tr}}
	v := verdict(t, e88b, n204a, Minima{LateralMM: 5 * nm, VerticalMM: feet(2000)})
	if !v.Conflict {
		t.Fatal("no loss of separation")
	}
	wantNM(t, "closest", v.MinHorizontal.HorizontalTenthMM, 0.45)
	wantTime(t, "closest", v.MinHorizontal.TimeNS, "09:29:53", 50)
	if got := v.MinHorizontal.VerticalMM; got != feet(1100) {
		t.Errorf("vertical gap %d mm, want 1,100 ft", got)
	}
}

// TestTarrowRange holds the geometry of the wildfire.
func TestTarrowRange(t *testing.T) {
	ring := func(radiusNM float64) *volume.Entity {
		return block(t, "ring", circle(t, -45.20, -130.40, radiusNM), 0, 9500, "00:00", "23:59")
	}
	low := volume.Buffers{VerticalMM: feet(10)}

	r31 := flight(t, "R-31", low, fix{-45.28, -130.50, 3100, "02:15"}, fix{-45.13, -130.42, 3100, "03:00"})
	v := verdict(t, r31, ring(7), Minima{})
	wantNM(t, "R-31 from the fire", v.MinHorizontal.CentreTenthMM, 2.27)
	wantTime(t, "R-31 from the fire", v.MinHorizontal.TimeNS, "02:43:00", 1000)
	if v.FromNS != clock(t, "02:15") || v.ToNS != clock(t, "03:00") {
		t.Errorf("R-31 is in R-1 %d to %d, want the whole leg", v.FromNS, v.ToNS)
	}
	fire := at(t, -45.20, -130.40)
	d, _, _ := geodesy.Inverse(at(t, -45.28, -130.50), fire)
	wantNM(t, "R-31 at its farthest", int64(d*1e4), 6.40)
	p, _ := r31.Trajectories[0].At(clock(t, "02:31"))
	if lat, lng := p.Degrees(); math.Abs(lat+45.2267) > 1e-4 || math.Abs(lng+130.4715) > 1e-4 {
		t.Errorf("R-31 at 02:31 is at %v", p)
	}
	d, _, _ = geodesy.Inverse(p, fire)
	wantNM(t, "R-31 at 02:31", int64(d*1e4), 3.43)

	cg7 := flight(t, "CG-7", low, fix{-45.55, -130.10, 3000, "02:40"}, fix{-45.00, -130.55, 3000, "03:00"})
	for _, c := range []struct {
		radius   float64
		from, to string
	}{{12, "02:46:35", "02:59:09"}, {7, "02:49:13", "02:56:32"}, {5, "02:50:16", "02:55:29"}} {
		v := verdict(t, cg7, ring(c.radius), Minima{})
		wantTime(t, "CG-7 in", v.FromNS, c.from, 1000)
		wantTime(t, "CG-7 out", v.ToNS, c.to, 1000)
		wantNM(t, "CG-7 closest", v.MinHorizontal.CentreTenthMM, 0.46)
		wantTime(t, "CG-7 closest", v.MinHorizontal.TimeNS, "02:52:52", 1000)
	}

	// T-41 flies straight to the fire in 10 minutes, at 167 kt.
	tanker := flight(t, "T-41", low, fix{-45.50, -130.90, 5000, "02:36"}, fix{-45.20, -130.40, 5000, "02:46"})
	d, _, _ = geodesy.Inverse(at(t, -45.50, -130.90), fire)
	if kt := d / 1852 * 6; math.Abs(kt-167) > 0.5 {
		t.Errorf("T-41 flies %.2f kt, want 167", kt)
	}
	wantTime(t, "T-41 contact", verdict(t, tanker, ring(12), Minima{}).FromNS, "02:41:41", 1000)
	wantTime(t, "T-41 hold", verdict(t, tanker, ring(7), Minima{}).FromNS, "02:43:29", 1000)

	altA := flight(t, "ALT-A", low, fix{-45.55, -130.10, 3000, "02:40"},
		fix{-45.20, -130.10, 3000, "02:50"}, fix{-45.00, -130.55, 3000, "03:00"})
	v = verdict(t, altA, ring(7), Minima{})
	if !v.Conflict || v.Parts[v.Worst].A.Index+v.Parts[v.Worst].B.Index != 1 {
		t.Errorf("ALT-A: conflict %v, parts %+v; want its second leg", v.Conflict, v.Parts)
	}
	wantNM(t, "ALT-A", v.MinHorizontal.CentreTenthMM, 6.755)

	altB := flight(t, "ALT-B", low, fix{-45.55, -130.10, 3000, "02:40"},
		fix{-45.00, -130.10, 3000, "02:50"}, fix{-45.00, -130.55, 3000, "03:00"})
	if v := verdict(t, altB, ring(7), Minima{}); v.Conflict {
		t.Error("ALT-B enters the 7 NM ring")
	}
	v = verdict(t, altB, ring(12), Minima{})
	if !v.Conflict || v.WithinTolerance {
		t.Errorf("ALT-B: conflict %v within tolerance %v, want a firm conflict with the 12 NM ring", v.Conflict, v.WithinTolerance)
	}
	wantNM(t, "ALT-B", v.MinHorizontal.CentreTenthMM, 11.990)
	leg1 := flight(t, "ALT-B1", low, fix{-45.55, -130.10, 3000, "02:40"}, fix{-45.00, -130.10, 3000, "02:50"})
	v = verdict(t, leg1, ring(12), Minima{})
	wantNM(t, "ALT-B first leg", v.MinHorizontal.CentreTenthMM, 12.73)

	ml2 := flight(t, "ML-2", low, fix{-45.05, -130.30, 3000, "02:50"}, fix{-45.26, -130.34, 3000, "02:57"})
	v = verdict(t, ml2, ring(12), Minima{})
	wantNM(t, "ML-2", v.MinHorizontal.CentreTenthMM, 3.00)
	wantTime(t, "ML-2", v.MinHorizontal.TimeNS, "02:55:13", 1000)

	d, azimuth, _ := geodesy.Inverse(fire, at(t, -45.17, -130.37))
	wantNM(t, "drone seen", int64(d*1e4), 2.20)
	if math.Abs(azimuth-35) > 0.5 {
		t.Errorf("drone bears %.1f from the fire, want 035", azimuth)
	}
}
