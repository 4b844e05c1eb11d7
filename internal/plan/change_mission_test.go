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
		if i+1 == len(old) || points[i].Place == points[i+1].Place || i == 0 {
			continue
		}
		for range rapid.IntRange(0, 2).Draw(t, "new points") {
			at += rapid.Int64Range(1, 100).Draw(t, "on the way") * 1e9
			place := geodesy.Direct(w.At, float64(rapid.IntRange(0, 359).Draw(t, "azimuth")), float64(rapid.IntRange(1, 300).Draw(t, "metres")))
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
