package plan

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// planText wraps items, and what else the mission and the file say.
func planText(items, mission, more string) string {
	return `{"fileType": "Plan", "version": 1, "groundStation": "QGroundControl", "mission": {
		"version": 2, "vehicleType": 2, "firmwareType": 12, "cruiseSpeed": 20, "hoverSpeed": 10,
		"globalPlanAltitudeMode": 1, "plannedHomePosition": [0, 10, 100]` + mission + `,
		"items": [` + items + `]}` + more + `}`
}

// simple writes a SimpleItem.
func simple(command, frame int, params, more string) string {
	return fmt.Sprintf(`{"type": "SimpleItem", "autoContinue": true, "command": %d, "frame": %d, "params": [%s]%s}`,
		command, frame, params, more)
}

const (
	takeoffItem  = `{"type": "SimpleItem", "autoContinue": true, "command": 22, "frame": 3, "params": [0, 0, 0, null, null, null, 30]}`
	waypointItem = `{"type": "SimpleItem", "autoContinue": true, "command": 16, "frame": 3, "params": [0, 0, 0, null, 0, 10.001, 30]}`
)

func TestQGCPlanRefuses(t *testing.T) {
	wp := takeoffItem + "," + waypointItem
	scan := func(change, to string) string {
		s := `{"type": "ComplexItem", "complexItemType": "StructureScan", "version": 3, "EntranceAltitude": 50,
			"ScanBottomAlt": 50, "StructureHeight": 100, "Layers": 2, "StartFromTop": true, "GimbalPitch": 0,
			"CameraCalc": {"DistanceToSurface": 50, "AdjustedFootprintFrontal": 25},
			"polygon": [[0, 10], [0.001, 10], [0.001, 10.001], [0, 10.001]]}`
		if !strings.Contains(s, change) {
			panic(change)
		}
		return strings.Replace(s, change, to, 1)
	}
	survey := func(drawn, items string) string {
		return `{"type": "ComplexItem", "complexItemType": "survey", "version": 5, "TransectStyleComplexItem": {"version": 1,
			"VisualTransectPoints": [` + drawn + `], "Items": [` + items + `]}}`
	}
	mode := func(m, frame int, more string) string {
		return takeoffItem + "," + simple(16, frame, "0, 0, 0, null, 0, 10.001, 30", fmt.Sprintf(`, "AltitudeMode": %d%s`, m, more))
	}
	for _, c := range []struct {
		name, text string
		words      []string
	}{
		{"other file", `{"fileType": "Params", "version": 1}`, []string{"fileType", `"Params"`, "Plan"}},
		{"other version", strings.Replace(planText(wp, "", ""), `"version": 1`, `"version": 3`, 1), []string{"version", "3", "the version 1"}},
		{"no mission", `{"fileType": "Plan", "version": 1}`, []string{"mission", "nothing"}},
		{"empty mission", planText("", "", ""), []string{"mission", "nothing flies"}},
		{"boat", strings.Replace(planText(wp, "", ""), `"vehicleType": 2`, `"vehicleType": 11`, 1), []string{"mission.vehicleType", "11"}},
		{"speed 0", strings.Replace(planText(wp, "", ""), `"hoverSpeed": 10`, `"hoverSpeed": 0`, 1), []string{"mission.hoverSpeed", "0.01 to 5000"}},
		{"speed as text", strings.Replace(planText(wp, "", ""), `"hoverSpeed": 10`, `"hoverSpeed": "10 kt"`, 1), []string{"mission.hoverSpeed", `"10 kt"`, "a number"}},
		{"no speed", strings.Replace(planText(wp, "", ""), `"hoverSpeed": 10,`, ``, 1), []string{"mission.items[1]", "no speed"}},
		{"home of one number", strings.Replace(planText(wp, "", ""), `[0, 10, 100]`, `[0]`, 1), []string{"mission.plannedHomePosition", "latitude, longitude"}},
		{"home at latitude 95", strings.Replace(planText(wp, "", ""), `[0, 10, 100]`, `[95, 10, 100]`, 1), []string{"mission.plannedHomePosition", "95"}},
		{"item without type", planText(`{"command": 16}`, "", ""), []string{"mission.items[0].type"}},
		{"unknown item", planText(`{"type": "Loop"}`, "", ""), []string{"mission.items[0].type", `"Loop"`}},
		{"six parameters", planText(simple(16, 3, "0,0,0,0,0,10", ""), "", ""), []string{"mission.items[0].params", "an array of 6", "7 parameters"}},
		{"parameter as text", planText(simple(16, 3, `0,0,0,0,"0N",10,30`, ""), "", ""), []string{"mission.items[0].params[4]", `"0N"`}},
		{"parameter NaN", planText(simple(16, 3, `0,0,0,NaN,0,10,30`, ""), "", ""), []string{"mission.items[0].params", "NaN"}},
		{"parameter 1e999", planText(simple(16, 3, `0,0,0,0,1e999,10,30`, ""), "", ""), []string{"mission.items[0].params[4]", "1e999"}},
		{"command as text", planText(strings.Replace(waypointItem, "16", `"WAYPOINT"`, 1), "", ""), []string{"mission.items[0].command", "WAYPOINT"}},
		{"unknown command", planText(wp+","+simple(4242, 3, "0,0,0,0,0,0,0", ""), "", ""), []string{"mission.items[2].command", "4242"}},
		{"frame", planText(takeoffItem+","+simple(16, 8, "0,0,0,0,0,10.001,30", ""), "", ""), []string{"mission.items[1].frame", "the frame 8"}},
		{"no altitude", planText(takeoffItem+","+simple(16, 3, "0,0,0,0,0,10.001,null", ""), "", ""), []string{"mission.items[1].params[6]", "no altitude"}},
		{"stops", planText(strings.Replace(waypointItem, "true", "false", 1), "", ""), []string{"mission.items[0].autoContinue", "somebody acts"}},
		{"unknown field of an item", planText(simple(16, 3, "0,0,0,0,0,10.001,30", `, "altitude": 7`), "", ""), []string{"mission.items[0].altitude", "7"}},
		{"mode against frame", planText(mode(1, 0, ""), "", ""), []string{"mission.items[1].AltitudeMode", "frame 0"}},
		{"mode against frame, terrain", planText(mode(4, 3, ""), "", ""), []string{"mission.items[1].AltitudeMode", "frame 3"}},
		{"unknown mode", planText(mode(7, 3, ""), "", ""), []string{"mission.items[1].AltitudeMode", "7"}},
		{"altitude against parameter", planText(mode(1, 3, `, "Altitude": 40`), "", ""), []string{"mission.items[1].Altitude", "40", "30", "the same"}},
		{"terrain altitude against parameter", planText(mode(3, 0, `, "Altitude": 30, "AMSLAltAboveTerrain": 500`), "", ""), []string{"mission.items[1].AMSLAltAboveTerrain", "500"}},
		{"duplicate key", planText(wp, `, "hoverSpeed": 3`, ""), []string{"mission", `"hoverSpeed" a second time`}},
		{"complex item", planText(`{"type": "ComplexItem", "complexItemType": "Helix"}`, "", ""), []string{"mission.items[0].complexItemType", `"Helix"`}},
		{"survey without commands", planText(survey("", ""), "", ""), []string{"TransectStyleComplexItem.Items", "at least one"}},
		{"survey not flown as drawn", planText(survey("[0, 10.001], [0, 10.0011]", waypointItem), "", ""), []string{"VisualTransectPoints[1]", "no command flies to"}},
		{"survey drawn in another order", planText(survey("[0.001, 10], [0, 10.001]", waypointItem+","+simple(16, 3, "0,0,0,null,0.001,10,30", "")), "", ""), []string{"VisualTransectPoints[1]"}},
		{"survey version", planText(strings.Replace(survey("", waypointItem), `"version": 1`, `"version": 9`, 1), "", ""), []string{"TransectStyleComplexItem.version", "1 or 2"}},
		{"layers", planText(scan(`"Layers": 2`, `"Layers": 3`), "", ""), []string{"mission.items[0].Layers", "3", "2, which"}},
		{"counterclockwise", planText(scan(`[0.001, 10], [0.001, 10.001], [0, 10.001]`, `[0, 10.001], [0.001, 10.001], [0.001, 10]`), "", ""), []string{"mission.items[0].polygon", "counterclockwise"}},
		{"two corners", planText(scan(`, [0.001, 10.001], [0, 10.001]`, ``), "", ""), []string{"mission.items[0].polygon", "3 to"}},
		{"equal corners", planText(scan(`[0.001, 10]`, `[0, 10]`), "", ""), []string{"mission.items[0].polygon", "equal corners"}},
		{"huge structure", planText(scan(`[0.001, 10.001]`, `[1, 10.001]`), "", ""), []string{"mission.items[0].polygon", "10000 m"}},
		{"no distance", planText(scan(`"DistanceToSurface": 50,`, ``), "", ""), []string{"mission.items[0].CameraCalc.DistanceToSurface", "nothing"}},
		{"unknown field of a scan", planText(scan(`"GimbalPitch"`, `"Spiral"`), "", ""), []string{"mission.items[0].Spiral"}},
		{"scan version", planText(scan(`"version": 3`, `"version": 4`), "", ""), []string{"mission.items[0].version", "the version 3"}},
		{"fence crossing itself", planText(wp, "", `, "geoFence": {"version": 2, "polygons": [{"polygon": [[0, 0], [1, 1], [0, 1], [1, 0]]}]}`), []string{"geoFence.polygons[0].polygon", "cross"}},
		{"fence without radius", planText(wp, "", `, "geoFence": {"version": 2, "circles": [{"circle": {"center": [0, 0], "radius": 0}}]}`), []string{"geoFence.circles[0].circle.radius"}},
		{"fence version", planText(wp, "", `, "geoFence": {"version": 1}`), []string{"geoFence.version"}},
		{"rally point", planText(wp, "", `, "rallyPoints": {"version": 2, "points": [[0, "x"]]}`), []string{"rallyPoints.points[0][1]"}},
		{"UTF-16", "\xff\xfe{\x00", []string{"UTF-16"}},
		{"deep", strings.Repeat("[", 1000), []string{"nesting deeper than 64"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadAs(QGCPlan, "f.plan", []byte(c.text), Options{})
			wantError(t, err, append(c.words, "f.plan")...)
		})
	}
}

func TestQGCPlanNotes(t *testing.T) {
	text := planText(takeoffItem+","+waypointItem, `, "novelty": 5`, `, "extra": "x",
		"geoFence": {"version": 2, "breachReturn": [0, 10, 50], "polygons": [
			{"version": 1, "inclusion": true, "polygon": [[-1, 9], [-1, 11], [1, 11], [1, 9]]},
			{"version": 1, "inclusion": false, "polygon": [[0.1, 9], [0.1, 9.1], [0.2, 9]]}],
			"circles": [{"version": 1, "inclusion": false, "circle": {"center": [0.5, 10], "radius": 20.5}}]},
		"rallyPoints": {"version": 2, "points": [[0.01, 10, 20]]}`)
	f, err := ReadAs(QGCPlan, "f.plan", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, "notes", f.Notes, "mission.novelty is not used: 5", `extra is not used: "x"`, "1 inclusion polygons", "1 exclusion polygons",
		"1 exclusion circles", "rally point at 0.01N 10E", "return to 0N 10E", "QGroundControl")
	if len(f.Items[0].Volumes) != 0 {
		t.Errorf("geofences became %d volumes", len(f.Items[0].Volumes))
	}
}

func TestQGCPlanWithoutHomeElevation(t *testing.T) {
	text := strings.Replace(planText(takeoffItem+","+waypointItem, "", ""), "[0, 10, 100]", "[0, 10, null]", 1)
	item := onePlan(t, QGCPlan, "f.plan", []byte(text), Options{})
	if item.Home != nil {
		t.Errorf("home %v, want none: its elevation is not known", item.Home)
	}
	if got := item.Routes[0].Points[0].Altitude; got != (geodesy.Altitude{Ref: home}) {
		t.Errorf("starts at %v, want 0 above home", got)
	}
}

func TestLandingPatterns(t *testing.T) {
	pattern := func(kind, more string) string {
		return `{"type": "ComplexItem", "complexItemType": "` + kind + `", "version": 2, "altitudesAreRelative": true,
			"landingApproachCoordinate": [0, 10.01, 40], "landCoordinate": [0, 10.005, 0], "loiterRadius": 75,
			"loiterClockwise": false, "stopTakingPhotos": true, "stopVideoPhotos": true, "valueSetIsDistance": false` + more + `}`
	}
	climbOut := simple(22, 3, "15, 0, 0, null, 0, 10.02, 40", "")
	legs := func(mps float64) (out, in, down time.Duration) {
		return along(0, 10, 0, 10.02, mps), along(0, 10.02, 0, 10.01, mps), along(0, 10.01, 0, 10.005, mps)
	}
	t.Run("fixed wing, waypoint", func(t *testing.T) {
		text := strings.Replace(planText(climbOut+","+pattern("fwLandingPattern", `, "useLoiterToAlt": false`), "", ""), `"vehicleType": 2`, `"vehicleType": 1`, 1)
		item := onePlan(t, QGCPlan, "f.plan", []byte(text), Options{})
		out, in, down := legs(20)
		if len(item.Routes) != 1 {
			t.Fatalf("%d routes, want 1", len(item.Routes))
		}
		checkRoute(t, item.Routes[0].Points, []step{
			{0, 10, 0, home, 0}, {0, 10.02, 40, home, out}, {0, 10.01, 40, home, in}, {0, 10.005, 0, home, down},
		})
	})
	t.Run("fixed wing, circle and speed", func(t *testing.T) {
		text := strings.Replace(planText(climbOut+","+pattern("fwLandingPattern", `, "useDoChangeSpeed": true, "finalApproachSpeed": 10`), "", ""), `"vehicleType": 2`, `"vehicleType": 1`, 1)
		item := onePlan(t, QGCPlan, "f.plan", []byte(text), Options{})
		last := item.Routes[len(item.Routes)-1]
		if last.Buffers.LateralMM != 75_000 {
			t.Errorf("final approach with %d mm, want the radius of 75 m", last.Buffers.LateralMM)
		}
		_, _, down := legs(10)
		if got := last.Points[1].Offset - last.Points[0].Offset; (got - down).Abs() > time.Microsecond {
			t.Errorf("final approach takes %v, want %v", got, down)
		}
	})
	t.Run("VTOL", func(t *testing.T) {
		text := strings.Replace(planText(simple(84, 3, "0, 0, 0, null, null, null, 40", "")+","+pattern("vtolLandingPattern", `, "useLoiterToAlt": false`), "", ""), `"vehicleType": 2`, `"vehicleType": 20`, 1)
		item := onePlan(t, QGCPlan, "f.plan", []byte(text), Options{})
		_, _, down := legs(20)
		checkRoute(t, item.Routes[0].Points, []step{
			{0, 10, 0, home, 0},
			{0, 10, 40, home, 40 * time.Second / 3},
			{0, 10.01, 40, home, along(0, 10, 0, 10.01, 20)},
			{0, 10.005, 40, home, down},
			{0, 10.005, 0, home, 40 * time.Second},
		})
	})
	for _, c := range []struct {
		name, from, to string
		words          []string
	}{
		{"no approach", `"landingApproachCoordinate": [0, 10.01, 40], `, ``, []string{"mission.items[1].landingApproachCoordinate"}},
		{"no altitude", `[0, 10.005, 0]`, `[0, 10.005]`, []string{"mission.items[1].landCoordinate", "altitude"}},
		{"no reference", `"altitudesAreRelative": true,`, ``, []string{"mission.items[1].altitudesAreRelative"}},
		{"two references", `"altitudesAreRelative": true,`, `"loiterAltitudeRelative": true, "landAltitudeRelative": false,`, []string{"mission.items[1]", "one reference"}},
		{"no radius", `"loiterRadius": 75,`, ``, []string{"landingApproachCoordinate", "no radius"}},
		{"unknown field", `"loiterRadius"`, `"flare": 1, "loiterRadius"`, []string{"mission.items[1].flare"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(planText(climbOut+","+pattern("fwLandingPattern", ""), "", ""), `"vehicleType": 2`, `"vehicleType": 1`, 1)
			if !strings.Contains(text, c.from) {
				t.Fatalf("%q is not in the text", c.from)
			}
			_, err := ReadAs(QGCPlan, "f.plan", []byte(strings.Replace(text, c.from, c.to, 1)), Options{})
			wantError(t, err, c.words...)
		})
	}
}

func TestWPLRefuses(t *testing.T) {
	const head = "QGC WPL 110\n0\t1\t0\t16\t0\t0\t0\t0\t0\t10\t100\t1\n1\t0\t3\t22\t0\t0\t0\t0\t0\t0\t30\t1\n"
	for _, c := range []struct {
		name, text string
		words      []string
	}{
		{"empty", "", []string{"empty", "QGC WPL 110"}},
		{"other version", "QGC WPL 120\n", []string{"line 1", "QGC WPL 120", "QGC WPL 110"}},
		{"no commands", "QGC WPL 110\n", []string{"line 2", "no commands"}},
		{"columns", head + "2\t0\t3\t16\t0\t0\n", []string{"line 4", "6 columns", "12"}},
		{"text", head + "2\t0\t3\tWP\t0\t0\t0\t0\t0\t10\t30\t1\n", []string{"line 4, command", `"WP"`}},
		{"NaN position", head + "2\t0\t3\t16\t0\t0\t0\t0\tnan\tnan\t30\t1\n", []string{"line 4, param5", "latitude"}},
		{"NaN frame", head + "2\t0\tnan\t16\t0\t0\t0\t0\t0\t10\t30\t1\n", []string{"line 4, frame"}},
		{"infinite", head + "2\t0\t3\t16\t0\t0\t0\t0\tinf\t10\t30\t1\n", []string{"line 4, param5", `"inf"`}},
		{"1e999", head + "2\t0\t3\t16\t0\t0\t0\t0\t1e999\t10\t30\t1\n", []string{"line 4, param5", "1e999"}},
		{"hexadecimal", head + "2\t0\t3\t16\t0\t0\t0\t0\t0x1p4\t10\t30\t1\n", []string{"line 4, param5", "0x1p4"}},
		{"fraction of a command", head + "2\t0\t3\t16.5\t0\t0\t0\t0\t0\t10\t30\t1\n", []string{"line 4, command", "whole number"}},
		{"row missing", head + "3\t0\t3\t16\t0\t0\t0\t0\t0\t10\t30\t1\n", []string{"line 4, index", "3", "2"}},
		{"stops", head + "2\t0\t3\t16\t0\t0\t0\t0\t0\t10\t30\t0\n", []string{"line 4, autocontinue", "somebody acts"}},
		{"frame", head + "2\t0\t1\t16\t0\t0\t0\t0\t0\t10\t30\t1\n", []string{"line 4, frame", "frame 1"}},
		{"command", head + "2\t0\t3\t999\t0\t0\t0\t0\t0\t10\t30\t1\n", []string{"line 4, command", "999"}},
		{"altitude 0", head + "2\t0\t3\t16\t0\t0\t0\t0\t1\t10\t0\t1\n", []string{"line 4, param7", "altitude 0"}},
		{"home not set", "QGC WPL 110\n0\t1\t0\t16\t0\t0\t0\t0\t0\t0\t0\t1\n", []string{"line 2, param5", "home"}},
		{
			"take-off as home beside heights above home", "QGC WPL 110\n0\t1\t0\t22\t0\t0\t0\t0\t0\t10\t500\t1\n1\t0\t3\t16\t0\t0\t0\t0\t0\t10.1\t30\t1\n",
			[]string{"line 2, command", "22", "heights above home"},
		},
		{"UTF-16", "\xff\xfeQ\x00", []string{"UTF-16"}},
		{"Latin-1", "QGC WPL 110\n\xe9", []string{"line 2", "0xe9"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadAs(QGCWPL, "f.txt", []byte(c.text), Options{SpeedMPS: 5})
			wantError(t, err, append(c.words, "f.txt")...)
		})
	}
}

// TestWPLLikePlan checks that both formats mean the same by the same commands.
func TestWPLLikePlan(t *testing.T) {
	const rows = "QGC WPL 110\r\n" +
		"0\t1\t0\t16\t0\t0\t0\t0\t0\t10\t100\t1\r\n" +
		"1\t0\t3\t22\t0\t0\t0\tnan\t0\t0\t30\t1\r\n" +
		"2\t0\t3\t16\t4\t0\t0\tnan\t0\t10.001\t30\t1\r\n" +
		"3\t0\t2\t177\t2\t1\t0\t0\t0\t0\t0\t1\r\n" +
		"4\t0\t3\t20\t0\t0\t0\t0\t0\t0\t0\t1\r\n\r\n"
	item := onePlan(t, QGCWPL, "f.txt", []byte(rows), Options{SpeedMPS: 10})
	plan := planText(takeoffItem+","+
		simple(16, 3, "4, 0, 0, null, 0, 10.001, 30", `, "doJumpId": 2`)+","+
		simple(177, 2, "2, 1, 0, 0, 0, 0, 0", `, "doJumpId": 3`)+","+simple(20, 2, "0, 0, 0, 0, 0, 0, 0", ""), "", "")
	like := onePlan(t, QGCPlan, "f.plan", []byte(plan), Options{})
	a, b := item.Routes[0].Points, like.Routes[0].Points
	if len(a) != len(b) || len(a) != 7 {
		t.Fatalf("%d and %d points, want 7: %v", len(a), len(b), a)
	}
	for i := range a {
		if !sameSpot(a[i], b[i]) {
			t.Errorf("point %d: %v in WPL, %v in the plan", i, a[i], b[i])
		}
	}
	if *item.Home != *like.Home {
		t.Errorf("home %v in WPL, %v in the plan", item.Home, like.Home)
	}
}

// TestTruncated cuts the real JSON files at every byte of their beginning and
// end, and at every 17th between: none is read.
func TestTruncated(t *testing.T) {
	for path, format := range map[string]Format{
		"missions/qgroundcontrol_sample_with_structured_scan.plan": QGCPlan,
		"zones/cis_source_sample_ed269.json":                       ED269,
		"zones/cis_source_sample_ed318.json":                       ED318,
	} {
		data := bytes.TrimSpace(sample(t, path))
		for n := range data {
			if n > 3000 && n < len(data)-500 && n%17 != 0 {
				continue
			}
			_, err := ReadAs(format, "f", data[:n], Options{})
			wantError(t, err, "f: ")
		}
	}
}

// TestMissionsTooLarge checks that size is refused before anything is read.
func TestMissionsTooLarge(t *testing.T) {
	big := bytes.Repeat([]byte(" "), 100<<20)
	for name, format := range map[string]Format{
		"plan": QGCPlan, "wpl": QGCWPL, "ed269": ED269, "ed318": ED318, "openair": OpenAir,
	} {
		_, err := ReadAs(format, name, big, Options{})
		wantError(t, err, "more than 64 MiB")
	}
	rows := "QGC WPL 110\n" + strings.Repeat("0\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0\t1\n", 10)
	_, err := ReadAs(QGCWPL, "f", []byte(rows), Options{MaxBytes: 50})
	wantError(t, err, "more than 50 bytes")
}

func FuzzQGCPlan(f *testing.F) {
	var texts [][]byte
	for _, name := range []string{"qgroundcontrol_sample.plan", "qgroundcontrol_sample_with_survey.plan", "qgroundcontrol_sample_with_structured_scan.plan"} {
		texts = append(texts, sample(f, "missions/"+name))
	}
	texts = append(texts, []byte(planText(takeoffItem+","+waypointItem, "", "")))
	fuzzJSON(f, texts, func(t *testing.T, data []byte) { fuzzMission(t, QGCPlan, data) })
}

var jsonToken = regexp.MustCompile(`-?[0-9][-+.eE0-9]*|"[^"]*"|null|true|false|\[[^][]*\]`)

// fuzzJSON runs check on whatever the fuzzer makes of texts, and on texts in
// which one value or key is replaced by what the fuzzer likes.
func fuzzJSON(f *testing.F, texts [][]byte, check func(*testing.T, []byte)) {
	for i, text := range texts {
		f.Add(text, uint8(i), uint16(0), "")
		f.Add([]byte(nil), uint8(i), uint16(40*i), "-1")
		f.Add([]byte(nil), uint8(i), uint16(17*i+3), "null")
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint8, token uint16, with string) {
		if len(data)+len(with) > 64<<10 {
			return
		}
		check(t, data)
		text := texts[int(which)%len(texts)]
		tokens := jsonToken.FindAllIndex(text, -1)
		at := tokens[int(token)%len(tokens)]
		check(t, slices.Concat(text[:at[0]], []byte(with), text[at[1]:]))
	})
}

func FuzzWPL(f *testing.F) {
	f.Add(sample(f, "missions/mission_planner_sample.txt"))
	f.Add([]byte("QGC WPL 110\n0 1 0 16 0 0 0 0 0 10 100 1\n1 0 3 22 0 0 0 nan 0 0 30 1\n2 0 3 18 4 0 20 nan 0 10.001 30 1\n3 0 2 177 2 1 0 0 0 0 0 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzMission(t, QGCWPL, data) })
}

// everythingGiven supplies all that files leave open.
var everythingGiven = ResolveOptions{
	Start:    time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC),
	Duration: time.Hour,
	Ground:   &geodesy.Ground{MM: 500_000, Ref: geodesy.AMSL},
	QNHHPa:   new(float64),
	Horizon:  volume.Window{StartNS: 1_772_000_000e9, EndNS: 1_773_000_000e9},
}

func init() { *everythingGiven.QNHHPa = 1013.25 }

// TestSamplesResolve reads the real files without naming their format, and
// places them.
func TestSamplesResolve(t *testing.T) {
	for _, c := range []struct {
		path         string
		format       Format
		entities     int
		trajectories int
		volumes      int
	}{
		{"missions/qgroundcontrol_sample.plan", QGCPlan, 1, 1, 0},
		{"missions/qgroundcontrol_sample_with_survey.plan", QGCPlan, 1, 1, 0},
		{"missions/qgroundcontrol_sample_with_structured_scan.plan", QGCPlan, 1, 2, 0},
		{"missions/mission_planner_sample.txt", QGCWPL, 1, 1, 0},
		{"zones/cis_source_sample_ed269.json", ED269, 1, 0, 1},
		{"zones/cis_source_sample_ed318.json", ED318, 3, 0, 3},
		{"zones/openair_v2_commands.txt", OpenAir, 8, 0, 11},
	} {
		f, err := Read(c.path, sample(t, c.path), Options{SpeedMPS: 5})
		if err != nil {
			t.Fatal(err)
		}
		if f.Format != c.format {
			t.Errorf("%s is read as %s, want %s", c.path, f.Format, c.format)
		}
		entities, err := Resolve(f, everythingGiven)
		if err != nil {
			t.Fatal(err)
		}
		trajectories, volumes := 0, 0
		for _, e := range entities {
			trajectories += len(e.Trajectories)
			volumes += len(e.Volumes)
		}
		if len(entities) != c.entities || trajectories != c.trajectories || volumes != c.volumes {
			t.Errorf("%s: %d entities, %d trajectories, %d volumes; want %d, %d, %d",
				c.path, len(entities), trajectories, volumes, c.entities, c.trajectories, c.volumes)
		}
	}
}

// TestHomeElevationIsUsed places a plan by the elevation in the file alone.
func TestHomeElevationIsUsed(t *testing.T) {
	f, err := Read("s.plan", sample(t, "missions/qgroundcontrol_sample.plan"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	entities, err := Resolve(f, ResolveOptions{Start: everythingGiven.Start})
	if err != nil {
		t.Fatal(err)
	}
	points := entities[0].Trajectories[0].Waypoints()
	first, second := points[0], points[1]
	want := 488_931 + int64(math.Round(geodesy.GeoidHeightM(first.At)*1000))
	if first.AltMM != want || second.AltMM != want+50_000 {
		t.Errorf("from %d to %d mm above the ellipsoid, want from %d, 50 m up", first.AltMM, second.AltMM, want)
	}
	if start := everythingGiven.Start.UnixNano(); first.TimeNS != start || second.TimeNS != start+16_666_666_667 {
		t.Errorf("at %d and %d, want %d and 16.67 s later", first.TimeNS, second.TimeNS, start)
	}
	wantWords(t, "suppositions", entities[0].Suppositions, "the elevation of home in the file", "488.931 m AMSL")
}

// fuzzMission checks what holds for every mission that is read: errors are
// *Error, times never run back, and what follows begins where the last ended
// or later.
func fuzzMission(t *testing.T, format Format, data []byte) {
	if len(data) > 64<<10 {
		return
	}
	f, err := ReadAs(format, "f", data, Options{SpeedMPS: 10})
	if err != nil {
		wantError(t, err)
		return
	}
	if _, err := Resolve(f, everythingGiven); err != nil {
		t.Errorf("a mission that is read cannot be placed: %v", err)
	}
	for _, item := range f.Items {
		if len(item.Routes) == 0 {
			t.Errorf("item %s without routes", item.Place)
		}
		at := time.Duration(0)
		for _, r := range item.Routes {
			if len(r.Points) < 2 || r.Points[0].Offset < at || r.Buffers.LateralMM < 0 || r.Buffers.TimeNS < 0 {
				t.Fatalf("route %+v after %v", r, at)
			}
			at = r.Points[0].Offset
			for _, p := range r.Points[1:] {
				if p.Offset <= at || p.Altitude.Ref == "" {
					t.Fatalf("point %+v after %v", p, at)
				}
				at = p.Offset
			}
		}
	}
}
