package plan

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
	"pgregory.net/rapid"
)

// sample reads one of the real files of the repository.
func sample(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// onePlan decodes a file that holds one item.
func onePlan(t *testing.T, format Format, name string, data []byte, opt Options) *Item {
	t.Helper()
	f, err := ReadAs(format, name, data, opt)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Items) != 1 {
		t.Fatalf("%d items, want 1", len(f.Items))
	}
	if f.Items[0].Kind != volume.Intent {
		t.Errorf("kind %v, want intent", f.Items[0].Kind)
	}
	return &f.Items[0]
}

// step is a point that a flight is expected to reach.
type step struct {
	lat, lng float64
	altM     float64
	ref      geodesy.AltitudeReference
	after    time.Duration // since the step before
}

// along is the time of a leg by its length and a speed in metres a second.
func along(lat1, lng1, lat2, lng2, mps float64) time.Duration {
	p, err := geodesy.NewLatLng(lat1, lng1)
	if err != nil {
		panic(err)
	}
	q, err := geodesy.NewLatLng(lat2, lng2)
	if err != nil {
		panic(err)
	}
	d, _, _ := geodesy.Inverse(p, q)
	return time.Duration(d / mps * 1e9)
}

// checkRoute compares points with steps, times to a microsecond.
func checkRoute(t *testing.T, points []RoutePoint, steps []step) {
	t.Helper()
	if len(points) != len(steps) {
		t.Fatalf("%d points, want %d: %v", len(points), len(steps), points)
	}
	at := time.Duration(0)
	for i, s := range steps {
		at += s.after
		p := points[i]
		want, err := geodesy.NewLatLng(s.lat, s.lng)
		if err != nil {
			t.Fatal(err)
		}
		if p.At != want {
			t.Errorf("point %d (%s) at %v, want %v", i, p.Place, p.At, want)
		}
		if a := (geodesy.Altitude{MM: int64(math.Round(s.altM * 1000)), Ref: s.ref}); p.Altitude != a {
			t.Errorf("point %d (%s) at altitude %v, want %v", i, p.Place, p.Altitude, a)
		}
		if d := (p.Offset - at).Abs(); d > time.Microsecond {
			t.Errorf("point %d (%s) at offset %v, want %v", i, p.Place, p.Offset, at)
		}
		if !p.Time.IsZero() {
			t.Errorf("point %d has the time %v, want none: the file has no clock", i, p.Time)
		}
	}
}

const home = geodesy.Home

func TestQGCPlanSample(t *testing.T) {
	item := onePlan(t, QGCPlan, "sample.plan", sample(t, "missions/qgroundcontrol_sample.plan"), Options{})
	if len(item.Routes) != 1 {
		t.Fatalf("%d routes, want 1", len(item.Routes))
	}
	// A quadcopter at hoverSpeed 5 m/s; climb 3 m/s, descent 1 m/s.
	checkRoute(t, item.Routes[0].Points, []step{
		{47.3977507, 8.5456075, 0, home, 0},
		{47.3977507, 8.5456075, 50, home, 50 * time.Second / 3},
		{47.39777106, 8.5466122, 50, home, along(47.3977507, 8.5456075, 47.39777106, 8.5466122, 5)},
		{47.39827377, 8.54660532, 50, home, along(47.39777106, 8.5466122, 47.39827377, 8.54660532, 5)},
		{47.39827842, 8.54560824, 50, home, along(47.39827377, 8.54660532, 47.39827842, 8.54560824, 5)},
		{47.3977507, 8.5456075, 50, home, along(47.39827842, 8.54560824, 47.3977507, 8.5456075, 5)},
		{47.3977507, 8.5456075, 0, home, 50 * time.Second},
	})
	if item.Routes[0].Buffers != (volume.Buffers{}) {
		t.Errorf("buffers %v, want none", item.Routes[0].Buffers)
	}
	at, _ := geodesy.NewLatLng(47.3977507, 8.5456075)
	if want := (Home{At: at, AltMM: 488931, Ref: geodesy.AMSL}); item.Home == nil || *item.Home != want {
		t.Errorf("home %v, want %v", item.Home, want)
	}
	wantWords(t, "suppositions", item.Suppositions, "climb is taken as 3 m/s", "descent is taken as 1 m/s", "return to launch")
	wantWords(t, "notes", item.Notes, "1 of command 2000 (camera), which moves nothing")
}

// wantWords checks that each word occurs in one of the sentences.
func wantWords(t *testing.T, what string, sentences []string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(strings.Join(sentences, "\n"), w) {
			t.Errorf("%s lack %q: %q", what, w, sentences)
		}
	}
}

func TestQGCPlanSurvey(t *testing.T) {
	item := onePlan(t, QGCPlan, "survey.plan", sample(t, "missions/qgroundcontrol_sample_with_survey.plan"), Options{})
	// The flown points as published in the file, latitude and longitude.
	flown := [][2]float64{
		{47.39801775617688, 8.545149580000002}, // home
		{47.397705960554916, 8.546339694155481},
		{47.39770596118868, 8.546206836516207},
		{47.39770596219769, 8.545744326765641},
		{47.39770596214361, 8.54561146912636},
		{47.397481131760195, 8.545631605677352},
		{47.39748113179102, 8.545764462749732},
		{47.3974811307771, 8.54620924114824},
		{47.39748113014056, 8.546342098220613},
	}
	steps := []step{
		{flown[0][0], flown[0][1], 0, home, 0},
		{flown[0][0], flown[0][1], 50, home, 50 * time.Second / 3},
	}
	for i := 1; i < len(flown); i++ {
		a, b := flown[i-1], flown[i]
		steps = append(steps, step{b[0], b[1], 50, home, along(a[0], a[1], b[0], b[1], 5)})
	}
	if len(item.Routes) != 1 {
		t.Fatalf("%d routes, want 1", len(item.Routes))
	}
	checkRoute(t, item.Routes[0].Points, steps)
	wantWords(t, "suppositions", item.Suppositions, "no take-off", "ends in the air")
	if p := item.Routes[0].Points[2].Place; p != "mission.items[1].TransectStyleComplexItem.Items[0]" {
		t.Errorf("place %q", p)
	}
}

// TestQGCPlanStructure proves the flown outline from the file's own corners:
// every flown edge is parallel to the structure's and 50 m outside it.
func TestQGCPlanStructure(t *testing.T) {
	item := onePlan(t, QGCPlan, "scan.plan", sample(t, "missions/qgroundcontrol_sample_with_structured_scan.plan"), Options{})
	corners := make([]geodesy.LatLng, 4)
	for i, c := range [][2]float64{
		{47.39817545923646, 8.546361558007561},
		{47.398093903224094, 8.546896356125728},
		{47.39753072646259, 8.546657108174259},
		{47.39763558527823, 8.546187715955966},
	} {
		corners[i], _ = geodesy.NewLatLng(c[0], c[1])
	}
	if len(item.Routes) != 2 {
		t.Fatalf("%d routes, want the climb over home and the scan", len(item.Routes))
	}
	scan := item.Routes[1].Points
	// From home to the entrance, two rounds of four corners and back to the
	// first, and out. The climb between layers is part of no round.
	alts := []int64{50000, 50000, 87500, 87500, 87500, 87500, 87500, 62500, 62500, 62500, 62500, 62500, 50000}
	if len(scan) != len(alts) {
		t.Fatalf("%d points, want %d: %v", len(scan), len(alts), scan)
	}
	for i, p := range scan {
		if want := (geodesy.Altitude{MM: alts[i], Ref: home}); p.Altitude != want {
			t.Errorf("point %d at %v, want %v", i, p.Altitude, want)
		}
	}
	offLine := func(p, a, b geodesy.LatLng) float64 { // metres left of the line
		_, azi, _ := geodesy.Inverse(a, b)
		d, to, _ := geodesy.Inverse(a, p)
		return -d * math.Sin((to-azi)*math.Pi/180)
	}
	for round, first := range []int{2, 7} {
		ring := scan[first : first+5]
		if ring[0].At != ring[4].At {
			t.Errorf("round %d ends at %v, want its start %v", round, ring[4].At, ring[0].At)
		}
		for i := range 4 {
			a, b := corners[i], corners[(i+1)%4]
			for _, p := range []geodesy.LatLng{ring[i].At, ring[i+1].At} {
				if d := offLine(p, a, b); math.Abs(d-50) > 0.01 {
					t.Errorf("round %d: corner %v is %.3f m outside edge %d, want 50", round, p, d, i)
				}
			}
		}
	}
	// Legs at 5 m/s; down from layer to layer at 1 m/s, up at 3 m/s.
	for i := 1; i < len(scan); i++ {
		d, _, _ := geodesy.Inverse(scan[i-1].At, scan[i].At)
		want := d / 5
		if dz := float64(scan[i].Altitude.MM-scan[i-1].Altitude.MM) / 1000; dz > 0 {
			want = math.Max(want, dz/3)
		} else {
			want = math.Max(want, -dz)
		}
		if got := (scan[i].Offset - scan[i-1].Offset).Seconds(); math.Abs(got-want) > 1e-6 {
			t.Errorf("leg %d takes %.6f s, want %.6f", i, got, want)
		}
	}
	if b := item.Routes[1].Buffers; b.LateralMM < 1000 || b.LateralMM > 3000 || b.TimeNS <= 0 {
		t.Errorf("buffers %+v, want a lateral one of some metres for the outline and one in time", b)
	}
	wantWords(t, "suppositions", item.Suppositions, "structure scan at mission.items[1]", "first corner")
}

func TestWPLSample(t *testing.T) {
	data := sample(t, "missions/mission_planner_sample.txt")
	item := onePlan(t, QGCWPL, "sample.txt", data, Options{SpeedMPS: 4})
	if len(item.Routes) != 1 {
		t.Fatalf("%d routes, want 1", len(item.Routes))
	}
	amsl := geodesy.AMSL
	checkRoute(t, item.Routes[0].Points, []step{
		{47.3978101, 8.5455380, 15, amsl, 0},
		{47.3977992, 8.5454669, 15, amsl, along(47.3978101, 8.5455380, 47.3977992, 8.5454669, 4)},
		{47.3977883, 8.5453958, 15, amsl, along(47.3977992, 8.5454669, 47.3977883, 8.5453958, 4)},
		{47.3978101, 8.5455380, 15, amsl, along(47.3977883, 8.5453958, 47.3978101, 8.5455380, 4)},
	})
	if item.Home == nil || item.Home.AltMM != 15000 || item.Home.Ref != amsl {
		t.Errorf("home %v, want 15 m AMSL", item.Home)
	}
	wantWords(t, "suppositions", item.Suppositions, "line 2, although its command is 22", "4 m/s", "multicopter")

	_, err := ReadAs(QGCWPL, "sample.txt", data, Options{})
	wantError(t, err, "line 3", "no speed", "--speed")
}

// wantError checks that err is an *Error whose text holds the words.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want an *Error", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
	if e.File == "" || e.Expected == "" && e.Err == nil {
		t.Errorf("error %+v names no file or no expectation", e)
	}
}

// commandsOf builds commands from rows of command, frame and parameters.
func commandsOf(rows ...[]float64) []missionCommand {
	var out []missionCommand
	for i, r := range rows {
		c := missionCommand{
			place: "c" + string(rune('0'+i)), id: int64(i + 1),
			command: int(r[0]), frame: int(r[1]),
		}
		c.field = func(name string) string { return c.place + "." + name }
		copy(c.params[:], r[2:])
		out = append(out, c)
	}
	return out
}

// On this meridian at the equator a thousandth of a degree of longitude is
// 111.319 m.
const (
	lat0, lng0 = 0.0, 10.0
	lng1       = 10.001
)

func flightFrom(craft craft) *flight {
	at, _ := geodesy.NewLatLng(lat0, lng0)
	alt := geodesy.Altitude{MM: 100_000, Ref: geodesy.AMSL}
	return &flight{file: "f", craft: craft, home: &at, homeAlt: &alt}
}

var (
	copter = craft{hovers: true, hoverMPS: 10, cruiseMPS: 20}
	plane  = craft{wings: true, hoverMPS: 10, cruiseMPS: 20}
	vtol   = craft{hovers: true, wings: true, hoverMPS: 10, cruiseMPS: 20}
)

var nan = math.NaN()

func TestFlight(t *testing.T) {
	leg10 := along(lat0, lng0, lat0, lng1, 10)
	leg20 := along(lat0, lng0, lat0, lng1, 20)
	takeoff := []float64{22, 3, 0, 0, 0, nan, nan, nan, 30}
	there := []float64{16, 3, 0, 0, 0, nan, lat0, lng1, 30}
	start := []step{{lat0, lng0, 0, home, 0}, {lat0, lng0, 30, home, 10 * time.Second}}
	after := func(s ...step) []step { return append(append([]step(nil), start...), s...) }
	out := step{lat0, lng1, 30, home, leg10}
	back := step{lat0, lng0, 30, home, leg10}
	for _, c := range []struct {
		name  string
		craft craft
		rows  [][]float64
		want  []step
	}{
		{"waypoint", copter, [][]float64{takeoff, there}, after(out)},
		{
			"hold", copter,
			[][]float64{takeoff, {16, 3, 12.5, 0, 0, nan, lat0, lng1, 30}},
			after(out, step{lat0, lng1, 30, home, 12500 * time.Millisecond}),
		},
		{
			"land here", copter,
			[][]float64{takeoff, there, {21, 3, 0, 0, 0, nan, nan, nan, nan}},
			after(out, step{lat0, lng1, 0, home, 30 * time.Second}),
		},
		{
			"land there, below home", copter,
			[][]float64{takeoff, {21, 3, 0, 0, 0, nan, lat0, lng1, -10}},
			after(out, step{lat0, lng1, -10, home, 40 * time.Second}),
		},
		{
			"a landing altitude above home ends at home", copter,
			[][]float64{takeoff, {21, 3, 0, 0, 0, nan, lat0, lng1, 25}},
			after(out, step{lat0, lng1, 0, home, 30 * time.Second}),
		},
		{
			"return", copter,
			[][]float64{takeoff, there, {20, 2}},
			after(out, back, step{lat0, lng0, 0, home, 30 * time.Second}),
		},
		{
			"steep leg", copter,
			[][]float64{takeoff, {16, 3, 0, 0, 0, nan, lat0, lng1, 330}},
			after(step{lat0, lng1, 330, home, 100 * time.Second}),
		},
		{
			"AMSL is compared through home", copter,
			[][]float64{takeoff, {16, 0, 0, 0, 0, nan, lat0, lng1, 430}},
			after(step{lat0, lng1, 430, geodesy.AMSL, 100 * time.Second}),
		},
		{
			"terrain", copter,
			[][]float64{takeoff, {16, 10, 0, 0, 0, nan, lat0, lng1, 30}},
			after(step{lat0, lng1, 30, geodesy.AGL, leg10}),
		},
		{
			"speed", copter,
			[][]float64{takeoff, {178, 2, 1, 20, -1}, there, {178, 2, 1, -2}, {16, 3, 0, 0, 0, nan, lat0, lng0, 30}},
			after(step{lat0, lng1, 30, home, leg20}, back),
		},
		{
			"rates", copter,
			[][]float64{{178, 2, 2, 6}, {178, 2, 3, 5}, takeoff, {21, 3, 0, 0, 0, nan, nan, nan, 0}},
			[]step{start[0], {lat0, lng0, 30, home, 5 * time.Second}, {lat0, lng0, 0, home, 6 * time.Second}},
		},
		{
			"delay on the ground and in the air", copter,
			[][]float64{{93, 2, 7}, takeoff, {93, 2, 9}},
			[]step{{lat0, lng0, 0, home, 7 * time.Second}, {lat0, lng0, 30, home, 10 * time.Second}, {lat0, lng0, 30, home, 9 * time.Second}},
		},
		{
			"loiter time", copter,
			[][]float64{takeoff, {19, 3, 60, 0, 25, 0, lat0, lng1, 30}},
			after(out, step{lat0, lng1, 30, home, time.Minute}),
		},
		{
			"loiter to altitude", copter,
			[][]float64{takeoff, {31, 3, 0, 25, 0, 0, lat0, lng1, 90}},
			after(out, step{lat0, lng1, 90, home, 20 * time.Second}),
		},
		{"no take-off", copter, [][]float64{there}, after(out)},
		{
			"plane climbs out", plane,
			[][]float64{{22, 3, 15, 0, 0, nan, lat0, lng1, 30}, {21, 3, 0, 0, 0, nan, lat0, lng0, 0}},
			[]step{start[0], {lat0, lng1, 30, home, leg20}, {lat0, lng0, 0, home, leg20}},
		},
		{
			"VTOL", vtol,
			[][]float64{{84, 3, 0, 0, 0, nan, nan, nan, 30}, there, {85, 3, 0, 0, 0, nan, lat0, lng0, 0}},
			after(step{lat0, lng1, 30, home, leg20}, step{lat0, lng0, 30, home, leg20}, step{lat0, lng0, 0, home, 30 * time.Second}),
		},
		{
			"VTOL goes back to hovering", vtol,
			[][]float64{{84, 3, 0, 0, 0, nan, nan, nan, 30}, {3000, 2, 3}, there, {3000, 2, 4}, {16, 3, 0, 0, 0, nan, lat0, lng0, 30}},
			after(out, step{lat0, lng0, 30, home, leg20}),
		},
		{
			"jump", copter,
			[][]float64{takeoff, there, {16, 3, 0, 0, 0, nan, lat0, lng0, 30}, {177, 2, 2, 2}, there},
			after(out, back, out, back, out, back, out),
		},
		{
			"take off again", copter,
			[][]float64{takeoff, {21, 3, 0, 0, 0, nan, nan, nan, 0}, takeoff},
			after(step{lat0, lng0, 0, home, 30 * time.Second}, step{lat0, lng0, 30, home, 10 * time.Second}),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := flightFrom(c.craft)
			item, err := f.mission("m", commandsOf(c.rows...))
			if err != nil {
				t.Fatal(err)
			}
			if len(item.Routes) != 1 {
				t.Fatalf("%d routes, want 1: %+v", len(item.Routes), item.Routes)
			}
			checkRoute(t, item.Routes[0].Points, c.want)
		})
	}
}

func TestFlightRefuses(t *testing.T) {
	takeoff := []float64{22, 3, 0, 0, 0, nan, nan, nan, 30}
	upright := []float64{84, 3, 0, 0, 0, nan, nan, nan, 30}
	there := []float64{16, 3, 0, 0, 0, nan, lat0, lng1, 30}
	climbOut := []float64{22, 3, 0, 0, 0, nan, lat0, lng1, 30}
	for _, c := range []struct {
		name  string
		craft craft
		rows  [][]float64
		words []string
	}{
		{"unknown command", copter, [][]float64{takeoff, {4711, 3}}, []string{"c1.command", "the command 4711"}},
		{"loiter without end", copter, [][]float64{takeoff, {17, 3, 0, 0, 0, 0, lat0, lng1, 30}}, []string{"c1.command", "without end"}},
		{"spline", copter, [][]float64{takeoff, {82, 3, 0, 0, 0, 0, lat0, lng1, 30}}, []string{"c1.command", "spline"}},
		{"local frame", copter, [][]float64{takeoff, {16, 1, 0, 0, 0, 0, 5, 5, 30}}, []string{"c1.frame", "frame 1"}},
		{"mission frame", copter, [][]float64{takeoff, {16, 2, 0, 0, 0, 0, lat0, lng1, 30}}, []string{"c1.frame", "frame 2"}},
		{"no position", copter, [][]float64{takeoff, {16, 3, 0, 0, 0, 0, nan, nan, 30}}, []string{"c1.param5", "latitude"}},
		{"null island", copter, [][]float64{takeoff, {16, 3, 0, 0, 0, 0, 0, 0, 30}}, []string{"c1.param5", "both 0"}},
		{"half a position", copter, [][]float64{takeoff, {16, 3, 0, 0, 0, 0, 1, nan, 30}}, []string{"c1.param5"}},
		{"latitude 91", copter, [][]float64{takeoff, {16, 3, 0, 0, 0, 0, 91, 0, 30}}, []string{"c1.param5", "91"}},
		{"longitude 181", copter, [][]float64{takeoff, {16, 3, 0, 0, 0, 0, 1, 181, 30}}, []string{"c1.param5", "181"}},
		{"no altitude", copter, [][]float64{takeoff, {16, 3, 0, 0, 0, 0, 1, 10, nan}}, []string{"c1.param7", "no altitude"}},
		{"altitude beyond", copter, [][]float64{takeoff, {16, 3, 0, 0, 0, 0, 1, 10, 1e9}}, []string{"c1.param7", "1e+09"}},
		{"altitude 0 on ArduPilot", craft{hovers: true, hoverMPS: 5, ardupilot: true}, [][]float64{takeoff, {16, 3, 0, 0, 0, 0, 0, 10, 0}}, []string{"c1.param7", "altitude 0"}},
		{"negative hold", copter, [][]float64{takeoff, {16, 3, -1, 0, 0, 0, lat0, lng1, 30}}, []string{"c1.param1", "-1 seconds"}},
		{"hold on wings", plane, [][]float64{climbOut, {16, 3, 5, 0, 0, 0, 0, lng0, 30}}, []string{"c1.param1", "wings"}},
		{"turns without radius", copter, [][]float64{takeoff, {18, 3, 2, 0, 0, 0, lat0, lng1, 30}}, []string{"c1.param3", "no radius"}},
		{"no turns", copter, [][]float64{takeoff, {18, 3, 0, 0, 20, 0, lat0, lng1, 30}}, []string{"c1.param1", "0 turns"}},
		{"loiter on wings without radius", plane, [][]float64{climbOut, {19, 3, 30, 0, 0, 0, lat0, lng0, 30}}, []string{"c1.param3", "no radius"}},
		{"return on wings", plane, [][]float64{climbOut, {20, 2}}, []string{"c1.command", "circles without end"}},
		{"take-off on wings without a place", plane, [][]float64{takeoff}, []string{"c0.param5", "wings"}},
		{"climb in place on wings", plane, [][]float64{climbOut, {16, 3, 0, 0, 0, nan, lat0, lng1, 60}}, []string{"c1.param7", "climb in place"}},
		{"upright take-off on wings", plane, [][]float64{upright}, []string{"c0.command", "upright"}},
		{"plain take-off of a VTOL", vtol, [][]float64{takeoff}, []string{"c0.command", "VTOL"}},
		{"plain landing of a VTOL on wings", vtol, [][]float64{upright, {21, 3, 0, 0, 0, nan, lat0, lng1, 0}}, []string{"c1.command", "VTOL"}},
		{"transition of a multicopter", copter, [][]float64{{3000, 2, 4}}, []string{"c0.command", "two modes"}},
		{"transition to nothing", vtol, [][]float64{upright, {3000, 2, 2}}, []string{"c1.param1", "the mode 2"}},
		{"take-off in the air", copter, [][]float64{takeoff, takeoff}, []string{"c1.command", "in the air"}},
		{"landing on the ground", copter, [][]float64{{21, 3, 0, 0, 0, 0, lat0, lng1, 0}}, []string{"c0.command", "on the ground"}},
		{"waypoint after landing", copter, [][]float64{takeoff, {21, 3, 0, 0, 0, nan, nan, nan, 0}, there}, []string{"c2.command", "after a landing"}},
		{"waypoint after return", copter, [][]float64{takeoff, there, {20, 2}, there}, []string{"c3.command", "after the end"}},
		{"delay until a time of day", copter, [][]float64{takeoff, {93, 2, -1, 12, 30, 0}}, []string{"c1.param1", "time of day"}},
		{"speed 0", copter, [][]float64{takeoff, {178, 2, 1, 0}}, []string{"c1.param2", "0.01 to 5000"}},
		{"relative speed", copter, [][]float64{takeoff, {178, 2, 1, 5, 0, 1}}, []string{"c1.param2", "absolute"}},
		{"kind of speed", copter, [][]float64{takeoff, {178, 2, 9, 5}}, []string{"c1.param1", "9"}},
		{"speed after a condition", copter, [][]float64{takeoff, {112, 2, 5}, {178, 2, 1, 5}}, []string{"c2.command", "condition at c1"}},
		{"parachute", copter, [][]float64{takeoff, {208, 2, 2}}, []string{"c1.param1", "parachute"}},
		{"jump to nowhere", copter, [][]float64{takeoff, {177, 2, 9, 1}}, []string{"c1.param1", "item 9"}},
		{"endless jump", copter, [][]float64{takeoff, there, {177, 2, 2, -1}}, []string{"c2.param2", "-1 repeats"}},
		{"many jumps", copter, [][]float64{takeoff, there, {177, 2, 1, 100000}}, []string{"c", "more than 100000"}},
		{"loop in a loop", copter, [][]float64{takeoff, there, {177, 2, 2, 1}, {177, 2, 2, 1}}, []string{"c2", "within the loop"}},
		{"long hold", copter, [][]float64{takeoff, {16, 3, 2e6, 0, 0, 0, lat0, lng1, 30}, {16, 3, 2e6, 0, 0, 0, lat0, lng1, 30}}, []string{"c2", "30 days"}},
		{"half the earth", craft{hovers: true, hoverMPS: 3000}, [][]float64{takeoff, {16, 3, 0, 0, 0, 0, lat0, -170, 30}}, []string{"c1.param5", "leg of"}},
		{"no speed", craft{hovers: true}, [][]float64{takeoff, there}, []string{"c1", "no speed"}},
		{"nothing flies", copter, [][]float64{{2000, 2}}, []string{"nothing flies"}},
		{"acceptance radius", copter, [][]float64{takeoff, {16, 3, 0, 1e9, 0, 0, lat0, lng1, 30}}, []string{"c1.param2", "1e+09"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := flightFrom(c.craft).mission("m", commandsOf(c.rows...))
			wantError(t, err, c.words...)
		})
	}
}

// TestFlightWithoutElevation checks that a climb from the ground to a height
// above sea level is not guessed.
func TestFlightWithoutElevation(t *testing.T) {
	f := flightFrom(copter)
	f.homeAlt = nil
	_, err := f.mission("m", commandsOf([]float64{22, 0, 0, 0, 0, nan, nan, nan, 500}))
	wantError(t, err, "c0.param7", "elevation")
	f = flightFrom(copter)
	f.home, f.homeAlt = nil, nil
	item, err := f.mission("m", commandsOf([]float64{22, 3, 0, 0, 0, nan, lat0, lng0, 30}, []float64{16, 3, 0, 0, 0, nan, lat0, lng1, 30}))
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, "suppositions", item.Suppositions, "take-off position is taken as the home position")
	f = flightFrom(copter)
	f.home, f.homeAlt = nil, nil
	if item, err = f.mission("m", commandsOf([]float64{16, 0, 0, 0, 0, nan, lat0, lng0, 500}, []float64{16, 0, 0, 0, 0, nan, lat0, lng1, 500})); err != nil {
		t.Fatal(err)
	}
	wantWords(t, "suppositions", item.Suppositions, "starts in the air at its first point")
}

// TestCircleBuffers checks that a loiter stands for the disc that it fills.
func TestCircleBuffers(t *testing.T) {
	f := flightFrom(plane)
	item, err := f.mission("m", commandsOf(
		[]float64{22, 3, 0, 0, 0, nan, lat0, lng1, 30},
		[]float64{18, 3, 3, 0, -80, 0, lat0, 10.02, 30},
		[]float64{16, 3, 0, 0, 0, nan, lat0, 10.05, 30},
		[]float64{16, 3, 0, 0, 0, nan, lat0, 10.06, 30},
	))
	if err != nil {
		t.Fatal(err)
	}
	turn := 2 * math.Pi * 80 / 20
	ahead := 2 * 80.0 / 20
	want := []struct {
		lateralMM int64
		timeS     float64
		points    int
	}{
		{0, 0, 2},                 // take-off
		{80_000, ahead, 3},        // to the circle, and the circle
		{80_000, ahead + turn, 2}, // away from it
		{0, ahead + turn, 2},
	}
	if len(item.Routes) != len(want) {
		t.Fatalf("%d routes, want %d: %+v", len(item.Routes), len(want), item.Routes)
	}
	for i, w := range want {
		r := item.Routes[i]
		if r.Buffers.LateralMM != w.lateralMM || math.Abs(float64(r.Buffers.TimeNS)/1e9-w.timeS) > 1e-6 || len(r.Points) != w.points {
			t.Errorf("route %d: %d points with %+v, want %d with %d mm, %.6f s", i, len(r.Points), r.Buffers, w.points, w.lateralMM, w.timeS)
		}
	}
	loiter := item.Routes[1].Points
	if got := (loiter[2].Offset - loiter[1].Offset).Seconds(); math.Abs(got-3*turn) > 1e-6 || loiter[1].At != loiter[2].At {
		t.Errorf("loiter of %.6f s, want %.6f in place", got, 3*turn)
	}
}

// TestAcceptanceRadiusIsSound flies the corners as an autopilot may, turning to
// the next point anywhere within the acceptance radius, and checks that the
// routes with their buffers hold every place it passes.
func TestAcceptanceRadiusIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 5).Draw(t, "waypoints")
		f := flightFrom(craft{hovers: true, hoverMPS: 10})
		rows := [][]float64{{22, 3, 0, 0, 0, nan, nan, nan, 30}}
		radius := make([]float64, n)
		places := []geodesy.LatLng{*f.home}
		for i := range n {
			radius[i] = rapid.Float64Range(0, 20).Draw(t, "radius")
			lat := rapid.Float64Range(-0.002, 0.002).Draw(t, "lat")
			lng := rapid.Float64Range(9.998, 10.002).Draw(t, "lng")
			rows = append(rows, []float64{16, 3, 0, radius[i], 0, nan, lat, lng, 30})
			p, err := geodesy.NewLatLng(lat, lng)
			if err != nil {
				t.Fatal(err)
			}
			places = append(places, p)
			if d, _, _ := geodesy.Inverse(places[i], p); d < 50 {
				t.Skip("legs shorter than the radii")
			}
		}
		item, err := f.mission("m", commandsOf(rows...))
		if err != nil {
			t.Fatal(err)
		}
		now, at := 10.0, places[0] // after the climb of 30 m
		for i := 1; i <= n; i++ {
			d, azi, _ := geodesy.Inverse(at, places[i])
			stop := d
			if i < n {
				stop -= radius[i-1] * rapid.Float64Range(0, 1).Draw(t, "cut")
			}
			for k := range 9 {
				s := stop * float64(k) / 8
				p := geodesy.Direct(at, azi, s)
				if !held(item.Routes, p, now+s/10) {
					t.Fatalf("at %.3f s the craft at %v is outside every route: %+v", now+s/10, p, item.Routes)
				}
			}
			now += stop / 10
			at = geodesy.Direct(at, azi, stop)
		}
	})
}

// held tells whether a route may be at p at an instant, in seconds.
func held(routes []Route, p geodesy.LatLng, at float64) bool {
	for _, r := range routes {
		slack := float64(r.Buffers.TimeNS)/1e9 + 1e-6
		for i := 1; i < len(r.Points); i++ {
			a, b := r.Points[i-1], r.Points[i]
			from, to := a.Offset.Seconds(), b.Offset.Seconds()
			lo, hi := math.Max(from, at-slack), math.Min(to, at+slack)
			if lo > hi {
				continue
			}
			line := geodesy.LineBetween(a.At, b.At)
			for k := range 201 {
				s := lo + (hi-lo)*float64(k)/200
				q := line.LatLng(line.DistanceM() * (s - from) / (to - from))
				step := (hi - lo) / 200 * 10 // metres between samples
				if d, _, _ := geodesy.Inverse(p, q); d <= float64(r.Buffers.LateralMM)/1000+step+0.001 {
					return true
				}
			}
		}
	}
	return false
}
