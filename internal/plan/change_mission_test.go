package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

const (
	surveyItem = `{"type": "ComplexItem", "complexItemType": "survey", "version": 5, "angle": 12, "polygon": [[0, 10.002], [0.001, 10.002], [0.001, 10.003]],
		"TransectStyleComplexItem": {"version": 1, "CameraCalc": {"DistanceToSurface": 40, "CameraName": "x"}, "VisualTransectPoints": [[0, 10.002, 40], [0.001, 10.002, 40]],
		"Items": [` + `{"type": "SimpleItem", "autoContinue": true, "command": 16, "frame": 3, "params": [0, 0, 0, null, 0, 10.002, 40]},` +
		`{"type": "SimpleItem", "autoContinue": true, "command": 206, "frame": 2, "params": [25, 0, 1, 0, 0, 0, 0]},` +
		`{"type": "SimpleItem", "autoContinue": true, "command": 16, "frame": 3, "params": [0, 0, 0, null, 0.001, 10.002, 40]}]}}`
	scanItem = `{"type": "ComplexItem", "complexItemType": "StructureScan", "version": 3, "EntranceAltitude": 50,
		"ScanBottomAlt": 50, "StructureHeight": 100, "Layers": 2, "StartFromTop": true, "GimbalPitch": 0,
		"CameraCalc": {"DistanceToSurface": 50, "AdjustedFootprintFrontal": 25},
		"polygon": [[0, 10], [0.001, 10], [0.001, 10.001], [0, 10.001]]}`
	landItem = `{"type": "SimpleItem", "autoContinue": true, "command": 21, "frame": 3, "params": [0, 0, 0, null, 0, 10.001, 0]}`
	homeItem = `{"type": "SimpleItem", "autoContinue": true, "command": 20, "frame": 2, "params": [0, 0, 0, 0, 0, 0, 0]}`
)

// missionWaypoint is a waypoint with all that planners write into one.
func missionWaypoint(lng string, id int) string {
	return fmt.Sprintf(`{"type": "SimpleItem", "autoContinue": true, "AMSLAltAboveTerrain": null, "Altitude": 30, "AltitudeMode": 1,
		"command": 16, "doJumpId": %d, "frame": 3, "params": [0, 0, 0, null, 0.0005, %s, 30]}`, id, lng)
}

// missions are those whose changes are checked.
func missions(t testing.TB) map[string]string {
	out := map[string]string{
		"survey":   planText(takeoffItem+",\n"+surveyItem+",\n"+waypointItem+",\n"+landItem, "", `, "geoFence": {"version": 2, "polygons": [], "circles": []}`),
		"scan":     planText(takeoffItem+","+scanItem+","+homeItem, "", ""),
		"plain":    planText(takeoffItem+",\n"+missionWaypoint("10.001", 2)+",\n"+missionWaypoint("10.002", 3)+",\n"+missionWaypoint("10.003", 4)+",\n"+homeItem, "", ""),
		"wpl":      "QGC WPL 110\r\n0\t1\t0\t16\t0\t0\t0\t0\t0\t10\t100\t1\r\n1\t0\t3\t22\t0\t0\t0\t0\t0\t0\t30\t1\r\n2\t0\t3\t16\t5\t0\t0\t0\t0.001\t10.001\t30\t1\r\n3 0 3 178 1 6 0 0 0 0 0 1\r\n4\t0\t3\t16\t0\t0\t0\t0\t0.002\t10.001\t40.5\t1\r\n5\t0\t3\t20\t0\t0\t0\t0\t0\t0\t0\t1\r\n",
		"wpl, air": "QGC WPL 110\n0 1 3 16 0 0 0 nan 0.001 10.001 30 1\n1 0 3 19 10 0 0 0 0 0 50 1\n2 0 3 16 0 0 0 0 0.002 10.001 30 1",
	}
	for name, data := range realFiles(t) {
		if !strings.HasSuffix(name, ".kml") {
			out[name] = string(data)
		}
	}
	return out
}

// TestChangedMission checks shifts, lifts and delays: what cruises moves, the
// ground stays.
func TestChangedMission(t *testing.T) {
	for name, text := range missions(t) {
		t.Run(name, func(t *testing.T) {
			opt := changeOptions()
			f, err := Read("m", []byte(text), opt.Read)
			if err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(t *rapid.T) {
				change := &volume.Change{
					Shift:   volume.Shift{BearingDeg: rapid.IntRange(0, 359).Draw(t, "bearing"), DistanceMM: rapid.Int64Range(0, 2_000_000).Draw(t, "distance")},
					LiftMM:  rapid.Int64Range(-10_000, 100_000).Draw(t, "lift"),
					DelayNS: rapid.Int64Range(-7200e9, 7200e9).Draw(t, "delay"),
				}
				got, err := WriteChanged(f, []byte(text), 0, change, opt)
				if err != nil {
					t.Fatal(err)
				}
				back, err := Read("m", got.Data, opt.Read)
				if err != nil {
					t.Fatal(err)
				}
				if want := opt.Start.Add(time.Duration(change.DelayNS)); !got.Start.Equal(want) {
					t.Fatalf("start %v, want %v", got.Start, want)
				}
				checkMission(t, name, &f.Items[0], &back.Items[0], change)
			})
		})
	}
}

// grounded are the take-offs, landings and returns of the missions: they keep
// their places.
var grounded = map[string][]string{
	"survey": {"mission.items[0]", "mission.items[3]"},
	"scan":   {"mission.items[0]", "mission.items[2]"},
	"plain":  {"mission.items[0]", "mission.items[4]"},
	"wpl":    {"line 3", "line 7"},

	"qgroundcontrol_sample.plan": {"mission.items[0]", "mission.items[5]"},
	"mission_planner_sample.txt": {"line 5"},
}

// checkMission checks that the last point of each command is moved, or not.
func checkMission(t *rapid.T, name string, was, is *Item, change *volume.Change) {
	move := func(p geodesy.LatLng) geodesy.LatLng { return p }
	if change.Shift.DistanceMM > 0 {
		move, _ = change.Shift.From(was.Routes[0].Points[0].At)
	}
	a, b := lastPoints(was), lastPoints(is)
	if len(a) != len(b) {
		t.Fatalf("points of %d commands, want %d", len(b), len(a))
	}
	for place, p := range a {
		q := b[place]
		if !slices.Contains(grounded[name], place) {
			// The outline of a structure scan is drawn anew.
			if d, _, _ := geodesy.Inverse(q.At, move(p.At)); d > 0 && name != "scan" && !strings.Contains(name, "structured") || d > 0.1 {
				t.Fatalf("%s: at %v, want %v", place, q.At, move(p.At))
			}
			if q.Altitude != (geodesy.Altitude{MM: p.Altitude.MM + change.LiftMM, Ref: p.Altitude.Ref}) {
				t.Fatalf("%s: %v, was %v", place, q.Altitude, p.Altitude)
			}
			continue
		}
		rise := int64(0)
		if p.Altitude.MM == 30_000 || p.Altitude.MM == 50_000 { // a take-off to the first waypoint's height or below it
			rise = change.LiftMM
			if name == "survey" || name == "scan" {
				rise = max(rise, 0)
			}
		}
		if q.At != p.At || q.Altitude != (geodesy.Altitude{MM: p.Altitude.MM + rise, Ref: p.Altitude.Ref}) {
			t.Fatalf("%s: %v at %v, was %v at %v", place, q.Altitude, q.At, p.Altitude, p.At)
		}
	}
}

// lastPoints returns where each command leads to.
func lastPoints(item *Item) map[string]RoutePoint {
	out := make(map[string]RoutePoint)
	for _, r := range item.Routes {
		for _, p := range r.Points {
			out[p.Place] = p
		}
	}
	return out
}

// TestMissionOnANewPath checks that new waypoints and holds are flown where and
// as long as the path has them, and that everything else is.
func TestMissionOnANewPath(t *testing.T) {
	for _, name := range []string{"plain", "wpl", "qgroundcontrol_sample.plan"} {
		text := missions(t)[name]
		t.Run(name, func(t *testing.T) {
			opt := changeOptions()
			f, err := Read("m", []byte(text), opt.Read)
			if err != nil {
				t.Fatal(err)
			}
			e, err := resolveAs(f, opt.Start, 0)
			if err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(t *rapid.T) {
				change := &volume.Change{LiftMM: rapid.SampledFrom([]int64{0, 20_000}).Draw(t, "lift"), DelayNS: rapid.Int64Range(0, 60).Draw(t, "delay") * 1e9}
				change.Paths = []volume.Path{drawMissionPath(t, f.Items[0].Routes[0].Points, e.Trajectories[0].Waypoints())}
				got, err := WriteChanged(f, []byte(text), 0, change, opt)
				if err != nil {
					t.Fatal(err)
				}
				back, err := Read("m", got.Data, opt.Read)
				if err != nil {
					t.Fatal(err)
				}
				checkFlown(t, f.Items[0].Routes[0].Points, back.Items[0].Routes[0].Points, change)
				if want := timeOfNS(change.Paths[0].Points[0].TimeNS + change.DelayNS); !got.Start.Equal(want) {
					t.Fatalf("start %v, want %v", got.Start, want)
				}
			})
		})
	}
}

// drawMissionPath keeps all points and puts new ones and stays between.
func drawMissionPath(t *rapid.T, points []RoutePoint, old []volume.Waypoint) volume.Path {
	at := old[0].TimeNS + rapid.Int64Range(-100, 100).Draw(t, "start")*1e9
	var p volume.Path
	for i, w := range old {
		if i > 0 {
			at += w.TimeNS - old[i-1].TimeNS
		}
		p.Points = append(p.Points, volume.PathPoint{After: i, Kept: true, At: w.At, TimeNS: at})
		waypoint := i > 2 && i+1 < len(old)-1 && points[i].Place != points[i+1].Place
		if waypoint && rapid.IntRange(0, 2).Draw(t, "waits") == 0 {
			at += rapid.Int64Range(1, 100).Draw(t, "wait") * 1e8
			stay := volume.PathPoint{After: i, Kept: true, At: w.At, TimeNS: at}
			if points[i-1].Place == points[i].Place { // it holds there
				p.Points[len(p.Points)-1] = stay
			} else {
				p.Points = append(p.Points, stay)
			}
		}
		if i+1 == len(old) || points[i].Place == points[i+1].Place || i == 0 {
			continue
		}
		for n := range rapid.IntRange(0, 2).Draw(t, "new points") {
			at += rapid.Int64Range(1, 100).Draw(t, "on the way") * 1e9
			place := geodesy.Direct(w.At, float64(rapid.IntRange(0, 359).Draw(t, "azimuth")), float64(400*n+rapid.IntRange(1, 300).Draw(t, "metres"))) // two at one place are a stay
			q := volume.PathPoint{After: i, At: place, TimeNS: at}
			if i+3 < len(old) { // the return keeps the height of the last point
				q.LiftMM = rapid.Int64Range(0, 20_000).Draw(t, "by")
			}
			p.Points = append(p.Points, q)
			if rapid.Bool().Draw(t, "stays") {
				at += rapid.Int64Range(1, 100).Draw(t, "stay") * 1e8
				q.TimeNS = at
				p.Points = append(p.Points, q)
			}
		}
	}
	return p
}

// checkFlown checks that the points flown are those of the path.
func checkFlown(t *rapid.T, old, is []RoutePoint, change *volume.Change) {
	path := change.Paths[0].Points
	if len(path) != len(is) {
		t.Fatalf("%d points flown, want %d", len(is), len(path))
	}
	for k, p := range path {
		alt := old[p.After].Altitude
		if alt.MM != 0 {
			alt.MM += change.LiftMM
		}
		alt.MM += p.LiftMM
		at := p.At
		if p.Kept {
			at = old[p.After].At
		}
		if is[k].At != at || is[k].Altitude != alt {
			t.Fatalf("point %d: %v at %v, want %v at %v", k, is[k].At, is[k].Altitude, at, alt)
		}
		if k > 0 && is[k-1].At == is[k].At && is[k-1].Altitude == is[k].Altitude {
			if stay, want := is[k].Offset-is[k-1].Offset, time.Duration(p.TimeNS-path[k-1].TimeNS); stay != want {
				t.Fatalf("point %d: a stay of %v, want %v", k, stay, want)
			}
		}
	}
}

func TestMissionsKeepWhatIsNotChanged(t *testing.T) {
	text := missions(t)["survey"]
	change := &volume.Change{Shift: volume.Shift{BearingDeg: 90, DistanceMM: 100_000}, LiftMM: 15_000}
	f, err := Read("m", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := WriteChanged(f, []byte(text), 0, change, ChangeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lines := func(s string) []string {
		fields := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(", []\n\t", r) })
		return slices.DeleteFunc(fields, func(s string) bool { return s == "" })
	}
	a, b := lines(text), lines(string(got.Data))
	if len(a) != len(b) {
		t.Fatalf("%s", got.Data)
	}
	var changed []string
	for i := range a {
		if a[i] != b[i] {
			changed = append(changed, a[i]+" "+b[i])
		}
	}
	// The take-off, the survey's polygon, distance, drawing and waypoints, and
	// the waypoint; neither home, landing nor camera trigger.
	want := []string{
		"30 45", "10.002 10.002898315", "10.002 10.002898315", "10.003 10.003898315", "40 55", "10.002 10.002898315", "10.002 10.002898315",
		"10.002 10.002898315", "40 55", "10.002 10.002898315", "40 55", "10.001 10.001898315", "30 45",
	}
	changed = slices.DeleteFunc(changed, func(s string) bool { return strings.HasPrefix(s, "0") })
	if !slices.Equal(changed, want) {
		t.Errorf("changed %q\nwant %q", changed, want)
	}
}

// landings are fixed-wing and VTOL missions that end with a landing pattern.
func landing(kind string, vehicle int) string {
	start := takeoffItem
	if vehicle != 1 {
		start = strings.Replace(takeoffItem, `"command": 22`, `"command": 84`, 1)
	} else {
		start = strings.Replace(takeoffItem, "null, null, 30", "0.001, 10, 30", 1)
	}
	text := planText(start+","+waypointItem+`,{"type": "ComplexItem", "complexItemType": "`+kind+`", "version": 1, "altitudesAreRelative": true,
		"landingApproachCoordinate": [0, 10.003, 25], "landCoordinate": [0, 10, 0], "loiterRadius": 50, "useLoiterToAlt": true}`, "", "")
	return strings.Replace(text, `"vehicleType": 2`, fmt.Sprintf(`"vehicleType": %d`, vehicle), 1)
}

func TestLandingPatternsStay(t *testing.T) {
	change := &volume.Change{Shift: volume.Shift{BearingDeg: 90, DistanceMM: 100_000}, LiftMM: 15_000}
	for _, c := range []struct {
		kind    string
		vehicle int
		want    string // the approach
		note    string
	}{
		{"fwLandingPattern", 1, "[0, 10.003, 25]", "keeps its heights"},
		{"vtolLandingPattern", 20, "[0, 10.003, 40]", "home, take-off and landing stay"},
	} {
		text := landing(c.kind, c.vehicle)
		f, err := Read("m", []byte(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := WriteChanged(f, []byte(text), 0, change, ChangeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		out := string(got.Data)
		for _, want := range []string{c.want, `"landCoordinate": [0, 10, 0]`, "10.001898315, 45", `"plannedHomePosition": [0, 10, 100]`} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %s in %s", c.kind, want, out)
			}
		}
		if !strings.Contains(strings.Join(got.Notes, "\n"), c.note) {
			t.Errorf("%s: notes %q, want %q", c.kind, got.Notes, c.note)
		}
	}
}

// TestLoweredMission checks how far down waypoints and take-offs go.
func TestLoweredMission(t *testing.T) {
	wp := func(alt string) string { return strings.Replace(waypointItem, "10.001, 30", "10.001, "+alt, 1) }
	for _, c := range []struct {
		name, items string
		mm          int64
		want        []string
	}{
		{"take-off below stays", takeoffItem + "," + wp("100"), -30_000, []string{"null, null, null, 30]", "10.001, 70]"}},
		{"take-off above follows", takeoffItem + "," + wp("40"), -30_000, []string{"null, null, null, 10]", "10.001, 10]"}},
		{"other references", takeoffItem + "," + strings.Replace(wp("140"), `"frame": 3`, `"frame": 0`, 1), -30_000, []string{"null, null, null, 30]", "10.001, 110]"}},
		{"below home", takeoffItem + "," + wp("30"), -30_000, nil},
		{"below home above the sea", takeoffItem + "," + strings.Replace(wp("130"), `"frame": 3`, `"frame": 0`, 1), -30_000, nil},
		{"above the ground", takeoffItem + "," + strings.Replace(wp("20"), `"frame": 3`, `"frame": 10`, 1), -30_000, nil},
		{"downhill", takeoffItem + "," + wp("-5"), -30_000, []string{"10.001, -35]"}},
	} {
		text := planText(c.items, "", "")
		f, err := Read("m", []byte(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := WriteChanged(f, []byte(text), 0, &volume.Change{LiftMM: c.mm}, ChangeOptions{})
		if len(c.want) == 0 {
			if err == nil || !strings.Contains(err.Error(), "stays above home and ground") {
				t.Errorf("%s: error %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(string(got.Data), want) {
				t.Errorf("%s: no %s in %s", c.name, want, got.Data)
			}
		}
	}
}

// keptPoints are the first points of a path, a thousand seconds apart.
func keptPoints(n int) (p []volume.PathPoint) {
	for i := range n {
		p = append(p, volume.PathPoint{After: i, Kept: true, TimeNS: int64(i+1) * 1e12})
	}
	return p
}

// TestMissionRefusesPaths checks what waypoints cannot say.
func TestMissionRefusesPaths(t *testing.T) {
	put := func(p []volume.PathPoint, at int, q volume.PathPoint) []volume.PathPoint {
		return slices.Insert(p, at, q)
	}
	plain := missions(t)["plain"] // 0 home, 1 above it, 2 to 4 waypoints, 5 above home, 6 home
	jumps := strings.Replace(plain, homeItem, simple(177, 2, "2, 1, 0, 0, 0, 0, 0", "")+","+homeItem, 1)
	survey := missions(t)["survey"]
	lifted := keptPoints(7)
	lifted[1].LiftMM = 5
	for _, c := range []struct {
		name, text string
		points     []volume.PathPoint
		want       string
	}{
		{"left out", plain, slices.Delete(keptPoints(7), 3, 4), "mission.items[2]: found a new path that leaves this point out"},
		{"after the end", plain, put(keptPoints(7), 7, volume.PathPoint{After: 6, TimeNS: 9e12}), "a new point after the last"},
		{"in the climb", plain, put(keptPoints(7), 1, volume.PathPoint{After: 0, TimeNS: 1e12 + 1}), "within what one item flies"},
		{"in a survey", survey, put(keptPoints(6), 3, volume.PathPoint{After: 2, TimeNS: 3e12 + 1}), "an item that is no waypoint"},
		{"longer in the air over home", plain, put(keptPoints(7), 6, volume.PathPoint{After: 5, Kept: true, TimeNS: 6e12 + 1}), "mission.items[4]: found a stay of another length"},
		{"lifted take-off", plain, lifted, "mission.items[0]: found a new height of this point alone"},
		{"jumps", jumps, keptPoints(7), "a mission with jumps"},
		{"order", plain, slices.Insert(keptPoints(7), 7, volume.PathPoint{After: 2, TimeNS: 9e12}), "the order of the 7 points"},
		{"times", plain, slices.Insert(keptPoints(7), 7, volume.PathPoint{After: 6}), "times that increase"},
		{"one point", plain, keptPoints(1), "2 points or more"},
		{"no such point", plain, keptPoints(8), "the order of the 7 points"},
	} {
		f, err := Read("m", []byte(c.text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = WriteChanged(f, []byte(c.text), 0, &volume.Change{Paths: []volume.Path{{Points: c.points}}}, changeOptions())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestMissionThatWaitsBeforeItsStart(t *testing.T) {
	text := missions(t)["plain"]
	f, err := Read("m", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	opt := changeOptions()
	e, err := resolveAs(f, opt.Start, 0)
	if err != nil {
		t.Fatal(err)
	}
	points := []volume.PathPoint{{After: 0, Kept: true, TimeNS: opt.Start.UnixNano()}}
	for i, w := range e.Trajectories[0].Waypoints() {
		points = append(points, volume.PathPoint{After: i, Kept: true, TimeNS: w.TimeNS + 40e9})
	}
	got, err := WriteChanged(f, []byte(text), 0, &volume.Change{Paths: []volume.Path{{Points: points}}}, opt)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Data) != text || !got.Start.Equal(opt.Start.Add(40*time.Second)) {
		t.Errorf("start %v\n%s", got.Start, got.Data)
	}
	if want := "start 2026-03-01T10:00:40Z instead of 2026-03-01T10:00:00Z: the file has no clock"; !slices.Contains(got.Notes, want) {
		t.Errorf("notes %q, want %q", got.Notes, want)
	}
}
