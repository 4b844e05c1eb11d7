package plan

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// changeCase is a file whose first plan is changed.
type changeCase struct {
	name   string
	format Format
	text   string
	// slackNS is how far apart instants may be, for plans that are timed by a
	// speed: where these move sideways, the lengths of their legs change.
	slackNS int64
	// looseMM is the same for heights above the ellipsoid, and errorPart what
	// their error grows by with their height: those of flight levels follow the
	// geoid.
	looseMM   int64
	errorPart float64
	oneHeight bool // points have no heights of their own
}

func changeOptions() ChangeOptions {
	r := fuzzOptions()
	return ChangeOptions{Read: Options{SpeedMPS: 10}, Start: r.Start, Duration: r.Duration}
}

// resolveAs resolves the first plan of a file.
func resolveAs(f *File, start time.Time, duration time.Duration) (*volume.Entity, error) {
	r := fuzzOptions()
	r.Start, r.Duration = start, duration
	r.Ground = &geodesy.Ground{MM: 400_000, Ref: geodesy.W84}
	entities, err := Resolve(f, r)
	if err != nil {
		return nil, err
	}
	return entities[0], nil
}

// checkChanged checks that a change of the file gives what the change of the
// resolved plan gives, or that both are refused.
func checkChanged(t *rapid.T, c *changeCase, change *volume.Change) {
	opt := changeOptions()
	f, err := Read("plan", []byte(c.text), opt.Read)
	if err != nil {
		t.Fatal(err)
	}
	before, err := resolveAs(f, opt.Start, opt.Duration)
	if err != nil {
		t.Fatal(err)
	}
	want, errWant := change.Apply(before)
	got, err := WriteChanged(f, []byte(c.text), 0, change, opt)
	if errWant != nil {
		return // what is refused there may be written, and is refused on resolving
	}
	if err != nil {
		t.Fatalf("%+v: %v", change, err)
	}
	back, err := Read("plan", got.Data, opt.Read)
	if err != nil {
		t.Fatal(err)
	}
	if back.Format != c.format {
		t.Fatalf("written as %s", back.Format)
	}
	if len(f.Items) > 1 {
		checkOthers(t, f, back, opt)
	}
	after, err := resolveAs(back, got.Start, got.Duration)
	if err != nil {
		t.Fatalf("%v\n%s", err, got.Data)
	}
	if diff := changeDiff(plain([]*volume.Entity{want})[0], plain([]*volume.Entity{after})[0], c, change); diff != "" {
		t.Fatalf("%+v\n%s\n%s", change, diff, got.Data)
	}
}

// checkOthers checks that the other plans of a file are as before.
func checkOthers(t *rapid.T, f, back *File, opt ChangeOptions) {
	r := fuzzOptions()
	r.Start, r.Duration = opt.Start, opt.Duration
	was, err := Resolve(f, r)
	if err != nil {
		t.Fatal(err)
	}
	is, err := Resolve(back, r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain(was[1:]), plain(is[1:])); diff != "" {
		t.Fatal(diff)
	}
}

// changeDiff compares a changed plan with the changed file. Heights above the
// sea and their allowances may be tighter in the file, which is placed anew.
func changeDiff(want, got plainEntity, c *changeCase, change *volume.Change) string {
	want.Suppositions, got.Suppositions = nil, nil
	errorMM := int64(c.errorPart * 500_000)
	sideways := change.Shift.DistanceMM != 0 || len(change.Paths) > 0
	if len(want.Volumes) != len(got.Volumes) || len(want.Trajectories) != len(got.Trajectories) {
		return "another number of parts"
	}
	for i := range want.Volumes {
		w, g := &want.Volumes[i], &got.Volumes[i]
		if w.Datum.Sea && sideways {
			if g.Band.LowerMM < w.Band.LowerMM || g.Band.UpperMM > w.Band.UpperMM {
				return fmt.Sprintf("band %+v, beyond %+v", g.Band, w.Band)
			}
			g.Band = w.Band
		}
		alike(&g.Buffers.VerticalMM, w.Buffers.VerticalMM, errorMM)
		alike(&g.Band.LowerMM, w.Band.LowerMM, c.looseMM)
		alike(&g.Band.UpperMM, w.Band.UpperMM, c.looseMM)
	}
	for i := range want.Trajectories {
		w, g := &want.Trajectories[i], &got.Trajectories[i]
		if sideways {
			if g.Datum.ErrorMM > w.Datum.ErrorMM {
				return fmt.Sprintf("error %d mm, more than %d", g.Datum.ErrorMM, w.Datum.ErrorMM)
			}
			g.Datum.ErrorMM = w.Datum.ErrorMM
		}
		alike(&g.Buffers.VerticalMM, w.Buffers.VerticalMM, errorMM)
		if len(w.Waypoints) != len(g.Waypoints) {
			return fmt.Sprintf("%d waypoints, want %d", len(g.Waypoints), len(w.Waypoints))
		}
		for k := range w.Waypoints {
			alike(&g.Waypoints[k].AltMM, w.Waypoints[k].AltMM, c.looseMM)
			if len(change.Paths) < len(want.Trajectories) { // a new path has its own times
				alike(&g.Waypoints[k].TimeNS, w.Waypoints[k].TimeNS, c.slackNS)
			}
		}
	}
	return cmp.Diff(want, got)
}

// alike takes a value for the one wanted where it is within a tolerance.
func alike(got *int64, want, within int64) {
	if d := *got - want; d <= within && d >= -within {
		*got = want
	}
}

// drawChange draws a change of a plan.
func drawChange(t *rapid.T, e *volume.Entity) *volume.Change {
	c := &volume.Change{}
	some := func(part string) bool { return rapid.IntRange(0, 2).Draw(t, part) == 0 }
	if some("shift") {
		c.Shift = volume.Shift{BearingDeg: rapid.IntRange(0, 359).Draw(t, "bearing"), DistanceMM: rapid.Int64Range(1, 5_000_000).Draw(t, "distance")}
	}
	if some("lift") {
		c.LiftMM = rapid.Int64Range(-60_000, 300_000).Draw(t, "lift")
	}
	if some("delay") {
		c.DelayNS = rapid.Int64Range(-7200, 7200).Draw(t, "seconds")*1e9 + rapid.SampledFrom([]int64{0, 0, 1, 250_000_000}).Draw(t, "part of a second")
	}
	if len(e.Trajectories) == 0 && some("trim") {
		c.Trim = volume.Trim{
			LaterStartNS: rapid.Int64Range(0, 600).Draw(t, "later") * 1e9, EarlierEndNS: rapid.Int64Range(0, 600).Draw(t, "earlier") * 1e9,
			RaiseFloorMM: rapid.Int64Range(0, 20_000).Draw(t, "floor"), LowerCeilingMM: rapid.Int64Range(0, 20_000).Draw(t, "ceiling"),
		}
	}
	for i, tr := range e.Trajectories {
		if some("path") {
			c.Paths = append(c.Paths, drawPath(t, i, tr.Waypoints()))
		}
	}
	return c
}

// drawPath draws a path with new points, stays, and points left out.
func drawPath(t *rapid.T, number int, old []volume.Waypoint) volume.Path {
	p := volume.Path{Trajectory: number}
	at := old[0].TimeNS + rapid.Int64Range(-100, 100).Draw(t, "start")*1e9
	add := func(after int, kept bool, place geodesy.LatLng) {
		point := volume.PathPoint{After: after, Kept: kept, At: place, TimeNS: at}
		if rapid.IntRange(0, 3).Draw(t, "higher") == 0 {
			point.LiftMM = rapid.Int64Range(-5000, 50_000).Draw(t, "by")
		}
		for range rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "stay") {
			point.TimeNS = at
			p.Points = append(p.Points, point)
			at += rapid.Int64Range(1, 300_000).Draw(t, "time") * 1e6
		}
	}
	for i, w := range old {
		if i == 0 || i == len(old)-1 || rapid.IntRange(0, 4).Draw(t, "kept") > 0 {
			add(i, true, w.At)
		}
		for range rapid.IntRange(0, 2).Draw(t, "new points") {
			add(i, false, geodesy.Direct(w.At, float64(rapid.IntRange(0, 359).Draw(t, "azimuth")), float64(rapid.IntRange(1, 900).Draw(t, "metres"))))
		}
	}
	return p
}

const (
	lineTimes  = `"times":["2026-03-01T10:00:00Z","2026-03-01T11:05:00.5+01:00"]`
	flownLine  = `{ "type": "LineString", "bbox":[8.5,47.4,8.6,47.4], "coordinates": [ [8.5, 47.4, 500], [8.6,47.4,  600.25] ] }`
	threeLine  = "{\"type\":\"LineString\",\"coordinates\":[\n\t[179.99,-17.1],\n\t[179.99,-17.1],\n\t[-179.99,-17.2],\n\t[-179.98,-17.2]\n]}"
	manySquare = `{"type":"MultiPolygon","coordinates":[[[[8.5,47.4],[8.6,47.4],[8.6,47.5],[8.5,47.5],[8.5,47.4]]],[[[9.5,47.4],[9.6,47.4],[9.6,47.5],[9.5,47.4]]]]}`
)

var geoJSONChanges = []changeCase{
	{name: "area", text: feature(someBand+","+goodTime, aSquare)},
	{name: "areas", text: "\xef\xbb\xbf{\"bbox\":[1,2,3,4],\r\n \"type\":\"FeatureCollection\",\"features\":[" + feature(`"id":"a","version":3,"lower":"1000 ft AMSL","upper":"2000.5 ft AMSL",`+goodTime, manySquare) + "," + feature(someBand+","+goodTime, aSquare) + "]}"},
	{name: "levels", text: feature(`"lower":"FL95","upper":"FL105","start":"unbounded","end":"2026-03-01T10:00:00Z"`, aSquare), looseMM: 4000, errorPart: 0.17},
	{name: "ground floor", text: feature(`"lower":"0 m AGL","upper":"0.5 km AGL","radius_m":500`, aPoint)},
	{name: "no ceiling", text: feature(`"lower":"400 m AMSL","upper":"unbounded","half_width_m":20,`+goodTime, aFlat)},
	{name: "times", text: feature(lineTimes, flownLine)},
	{name: "times and reference", text: feature(`"altitude_reference":"AMSL","buffer_lateral_m":9,`+lineTimes, flownLine)},
	{name: "one altitude", text: feature(`"altitude":"120 m AGL",`+lineTimes, aFlat)},
	{name: "one level", text: feature(`"altitude":"FL100",`+lineTimes, aFlat), looseMM: 4000, errorPart: 0.17},
	{name: "offsets", text: feature(`"offsets_s":[0, 60.5]`, flownLine)},
	{name: "offsets from a start", text: feature(`"offsets_s":[5,60.5],"start":"2026-03-01T11:00:00+01:00"`, flownLine)},
	{name: "speed", text: feature(`"speed_mps": 20, "start":"2026-03-01T10:00:00Z","altitude":"300 ft AMSL"`, threeLine), slackNS: 5e9},
	{name: "start and end", text: feature(`"altitude":"300 ft AMSL",`+goodTime, threeLine), slackNS: 5e9},
	{name: "speed for all", text: `{"type":"Feature","geometry":` + aLine + `}`, slackNS: 5e9},
	{name: "speed for all, no properties", text: `{"type":"Feature","properties":null,"geometry":` + aLine + `}`, slackNS: 5e9},
	{name: "parts", text: `{"type":"FeatureCollection","features":[` + feature(`"id":"a","part":1,"parts":2,`+lineTimes, aLine) + "," + feature(`"id":"a","part":2,"parts":2,`+lineTimes, aLine) + `]}`},
}

func TestChangedFileIsTheChangedPlan(t *testing.T) {
	for format, cases := range changeCases(t) {
		for _, c := range cases {
			c.format = format
			t.Run(string(format)+" "+c.name, func(t *testing.T) {
				f, err := Read("plan", []byte(c.text), changeOptions().Read)
				if err != nil {
					t.Fatal(err)
				}
				opt := changeOptions()
				e, err := resolveAs(f, opt.Start, opt.Duration)
				if err != nil {
					t.Fatal(err)
				}
				rapid.Check(t, func(t *rapid.T) {
					change := drawChange(t, e)
					for i := range change.Paths {
						for k := range change.Paths[i].Points {
							if c.oneHeight {
								change.Paths[i].Points[k].LiftMM = 0
							}
						}
					}
					checkChanged(t, &c, change)
				})
			})
		}
	}
}

// realFiles returns the files of testdata that hold plans.
func realFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, pattern := range []string{"missions/*.plan", "missions/*.txt", "kml/*.kml"} {
		names, err := filepath.Glob(filepath.Join("..", "..", "testdata", filepath.FromSlash(pattern)))
		if err != nil || len(names) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(name)] = data
		}
	}
	return files
}

func TestNoChangeKeepsAllBytes(t *testing.T) {
	files := realFiles(t)
	for format, cases := range changeCases(t) {
		for _, c := range cases {
			files[string(format)+" "+c.name] = []byte(c.text)
		}
	}
	for name, data := range files {
		f, err := Read(name, data, changeOptions().Read)
		if err != nil {
			t.Fatal(err)
		}
		got, err := WriteChanged(f, data, 0, &volume.Change{}, changeOptions())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Data, data) || len(got.Notes) > 0 {
			t.Errorf("%s is not the same, or noted %q", name, got.Notes)
		}
	}
}

func TestChangesThatAFormatCannotSay(t *testing.T) {
	for _, c := range []struct {
		name, text string
		item       int
		change     volume.Change
		want       string
	}{
		{"no such plan", feature(lineTimes, aLine), 1, volume.Change{}, "found no plan number 1, expected one of 1"},
		{"trim of a path", feature(lineTimes, aLine), 0, volume.Change{Trim: volume.Trim{LaterStartNS: 1}}, "a trim of a path"},
		{"no such path", feature(lineTimes, aLine), 0, volume.Change{Paths: []volume.Path{{Trajectory: 1}}}, "path 1"},
		{"too far", feature(lineTimes, aLine), 0, volume.Change{Shift: volume.Shift{BearingDeg: 400, DistanceMM: 1}}, "0 to 359"},
		{"into space", feature(lineTimes, aLine), 0, volume.Change{LiftMM: 2e9}, "expected metres from"},
		{"nothing left", feature(someBand+","+goodTime, aSquare), 0, volume.Change{Trim: volume.Trim{EarlierEndNS: 2 * 3600 * 1e9}}, "a change that leaves no plan"},
	} {
		f, err := Read("f", []byte(c.text), changeOptions().Read)
		if err != nil {
			t.Fatal(err)
		}
		_, err = WriteChanged(f, []byte(c.text), c.item, &c.change, changeOptions())
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want an *Error with %q", c.name, err, c.want)
		}
	}
}
