package picture

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	planfile "github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/volume"
)

// example reads all entities of an example file.
func example(t testing.TB, name string) []*volume.Entity {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../examples", name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := planfile.Read(name, data, planfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	es, err := planfile.Resolve(f, planfile.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return es
}

// judged returns a choice about a plan with its verdicts on others.
func judged(t testing.TB, e *volume.Entity, m conflict.Minima, others ...*volume.Entity) Choice {
	t.Helper()
	c := Choice{Plan: e, Others: others}
	for _, o := range others {
		v, err := conflict.Judge(e, o, m)
		if err != nil {
			t.Fatal(err)
		}
		c.Verdicts = append(c.Verdicts, v)
	}
	return c
}

// changed adds alternatives that change the plan.
func (c Choice) changed(t testing.TB, texts []string, changes ...volume.Change) Choice {
	t.Helper()
	for i, change := range changes {
		e, err := change.Apply(c.Plan)
		if err != nil {
			t.Fatal(err)
		}
		c.Alternatives = append(c.Alternatives, Alternative{Number: i + 1, Text: texts[i%len(texts)], Cost: fmt.Sprintf("worth %d min", 4+9*i), Entity: e})
	}
	return c
}

const minuteNS = int64(60e9)

var feet = func(n float64) int64 { return int64(n * ft) }

func varanth(t testing.TB) Choice {
	m := conflict.Minima{LateralMM: 5 * nm, VerticalMM: feet(2000)}
	return judged(t, example(t, "varanth/n-204.geojson")[0], m, example(t, "varanth/h-17.geojson")[0], example(t, "varanth/e-88.geojson")[0]).
		changed(t, []string{"floor 3,000 ft higher: 12,000 to 16,000 ft", "36 min later: 09:21 to 10:36"},
			volume.Change{Trim: volume.Trim{RaiseFloorMM: feet(3000)}}, volume.Change{DelayNS: 36*minuteNS + 5e9})
}

func varanthShift(t testing.TB) Choice {
	m := conflict.Minima{LateralMM: 5 * nm, VerticalMM: feet(2000)}
	return judged(t, example(t, "varanth/n-204.geojson")[0], m, example(t, "varanth/h-17.geojson")[0], example(t, "varanth/orrin.geojson")[0]).
		changed(t, []string{"20 NM to the north-east", "7,000 ft higher", "10 NM to the east and 20 min later, which is a longer way of saying the same, so that the text has to be broken into lines where there are spaces, as often as the page is too narrow for it"},
			volume.Change{Shift: volume.Shift{BearingDeg: 53, DistanceMM: 20 * nm}}, volume.Change{LiftMM: feet(3000)},
			volume.Change{Shift: volume.Shift{BearingDeg: 80, DistanceMM: 15 * nm}, DelayNS: 20 * minuteNS},
			volume.Change{LiftMM: feet(-9000)}, volume.Change{DelayNS: 30 * minuteNS}, volume.Change{DelayNS: -65 * minuteNS},
			volume.Change{Trim: volume.Trim{RaiseFloorMM: feet(3000)}}, volume.Change{Trim: volume.Trim{LaterStartNS: 36 * minuteNS}})
}

func tarrow(t testing.TB) Choice {
	c := judged(t, example(t, "tarrow/cg-7.geojson")[0], conflict.Minima{}, example(t, "tarrow/rings.geojson")...)
	c = c.changed(t, []string{"31 min later", "7,000 ft higher"}, volume.Change{LiftMM: feet(6600)}, volume.Change{DelayNS: 13 * minuteNS})
	b := example(t, "tarrow/alt-b.geojson")[0]
	c.Alternatives = append(c.Alternatives, Alternative{Number: 3, Text: "by way of 45.00° S 130.10° W, 14.2 NM longer", Cost: "worth 6 min", Entity: b})
	return c
}

// drones is a short flight that gives way by metres.
func drones(t testing.TB) Choice {
	c := dronesCrossing(t)
	ch := judged(t, c.A, c.Verdict.Minima, c.B)
	return ch.changed(t, []string{"20 m to the north", "30 s later", "20 m higher"},
		volume.Change{Shift: volume.Shift{DistanceMM: 20_000}}, volume.Change{DelayNS: 30e9}, volume.Change{LiftMM: 20_000},
		volume.Change{Paths: []volume.Path{{Points: []volume.PathPoint{
			{After: 0, Kept: true, TimeNS: clock(t, "14:00:00")},
			{After: 0, At: place(t, 47.3972, 8.5476), TimeNS: clock(t, "14:00:25")},
			{After: 1, Kept: true, TimeNS: clock(t, "14:00:50")},
			{After: 2, Kept: true, TimeNS: clock(t, "14:01:20")},
			{After: 3, Kept: true, TimeNS: clock(t, "14:02:10")},
		}}}})
}

// smallInLarge is a small conflict at the edge of a large area.
func smallInLarge(t testing.TB) Choice {
	c := flightInHugeZone(t)
	return judged(t, c.B, conflict.Minima{}, c.A).changed(t, []string{"600 m to the south-west", "2 min later"},
		volume.Change{Shift: volume.Shift{BearingDeg: 225, DistanceMM: 600_000}}, volume.Change{DelayNS: 120e9})
}

func areas(t testing.TB) Choice {
	c := corridorAndPolygon(t)
	return judged(t, c.A, c.Verdict.Minima, c.B).changed(t, []string{"1.2 km to the south", "400 m higher", "30 min earlier"},
		volume.Change{Shift: volume.Shift{BearingDeg: 180, DistanceMM: 1_200_000}}, volume.Change{LiftMM: 400_000}, volume.Change{DelayNS: -30 * minuteNS})
}

func drawChoice(t testing.TB, opt Options, c Choice) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteChoice(&b, c, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestChoices(t *testing.T) {
	for _, c := range []struct {
		name  string
		units Units
		draw  Choice
		want  []string
	}{
		{"varanth", nautical, varanth(t), []string{"floor 3,000 ft higher"}},
		{"varanth-shift", nautical, varanthShift(t), nil},
		{"tarrow", nautical, tarrow(t), nil},
		{"drones-choice", Units{}, drones(t), nil},
		{"small-in-large", Units{}, smallInLarge(t), nil},
		{"areas", Units{}, areas(t), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			svg := drawChoice(t, Options{Units: c.units}, c.draw)
			wellFormed(t, svg)
			for _, w := range c.want {
				if !strings.Contains(svg, w) {
					t.Errorf("missing %q", w)
				}
			}
			if dir := os.Getenv("PICTURE_DIR"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, c.name+".svg"), []byte(svg), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
