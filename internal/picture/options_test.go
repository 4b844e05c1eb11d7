package picture

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
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
		changed(t, []string{
			"20 NM to the north-east", "3,000 ft higher",
			"15 NM to the east and 20 min later, which is said at length here, so that the text has to be broken into lines where there are spaces, as often as the page is too narrow for it",
			"9,000 ft lower", "30 min later", "65 min earlier", "floor 3,000 ft higher", "36 min later, same end",
		},
			volume.Change{Shift: volume.Shift{BearingDeg: 53, DistanceMM: 20 * nm}}, volume.Change{LiftMM: feet(3000)},
			volume.Change{Shift: volume.Shift{BearingDeg: 80, DistanceMM: 15 * nm}, DelayNS: 20 * minuteNS},
			volume.Change{LiftMM: feet(-9000)}, volume.Change{DelayNS: 30 * minuteNS}, volume.Change{DelayNS: -65 * minuteNS},
			volume.Change{Trim: volume.Trim{RaiseFloorMM: feet(3000)}}, volume.Change{Trim: volume.Trim{LaterStartNS: 36 * minuteNS}})
}

func tarrow(t testing.TB) Choice {
	c := judged(t, example(t, "tarrow/cg-7.geojson")[0], conflict.Minima{}, example(t, "tarrow/rings.geojson")...)
	c = c.changed(t, []string{"6,600 ft higher", "13 min later"}, volume.Change{LiftMM: feet(6600)}, volume.Change{DelayNS: 13 * minuteNS})
	b := example(t, "tarrow/alt-b.geojson")[0]
	c.Alternatives = append(c.Alternatives, Alternative{Number: 3, Text: "by way of 45.00° S 130.10° W, 14.2 NM longer", Cost: "worth 6 min", Entity: b})
	return c
}

// drones is a short flight that gives way by metres.
func drones(t testing.TB) Choice {
	c := dronesCrossing(t)
	ch := judged(t, c.A, c.Verdict.Minima, c.B)
	return ch.changed(t, []string{"20 m to the north", "30 s later", "20 m higher", "by way of 47.3972° N 8.5476° E"},
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

// longRoute is a long flight that gives way to a small zone by metres.
func longRoute(t testing.TB) Choice {
	a := route(t, "Ridgeline inspection 2031/05/14 north", "Ridgeline Power", volume.Buffers{LateralMM: 10_000, VerticalMM: 10_000},
		volume.Waypoint{At: place(t, 47, 8), AltMM: 480_000, TimeNS: clock(t, "14:00:00")},
		volume.Waypoint{At: place(t, 47.2, 8.5), AltMM: 520_000, TimeNS: clock(t, "14:30:00")},
		volume.Waypoint{At: place(t, 47.3, 8.5), AltMM: 520_000, TimeNS: clock(t, "14:40:00")})
	circle, err := volume.NewCircle(place(t, 47.25, 8.4995), 60_000)
	if err != nil {
		t.Fatal(err)
	}
	zone := &volume.Entity{ID: "pylon", Kind: volume.Constraint, Type: "no_entry", Volumes: []volume.Volume4D{{
		Footprint: circle, Band: volume.Band{LowerMM: volume.NoFloorMM, UpperMM: 530_000},
		Window: volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS},
	}}}
	c := judged(t, a, conflict.Minima{LateralMM: 10_000, VerticalMM: 5_000}, zone)
	via := func(lng float64) volume.Change {
		return volume.Change{Paths: []volume.Path{{Points: []volume.PathPoint{
			{After: 0, Kept: true, TimeNS: clock(t, "14:00:00")},
			{After: 1, Kept: true, TimeNS: clock(t, "14:30:00")},
			{After: 1, At: place(t, 47.248, lng), TimeNS: clock(t, "14:34:55")},
			{After: 1, At: place(t, 47.252, lng), TimeNS: clock(t, "14:35:25")},
			{After: 2, Kept: true, TimeNS: clock(t, "14:40:20")},
		}}}}
	}
	return c.changed(t, []string{"60 m to the east", "30 m higher", "by way of 47.248° N 8.5012° E", "a longer way round"},
		volume.Change{Shift: volume.Shift{BearingDeg: 90, DistanceMM: 60_000}}, volume.Change{LiftMM: 30_000}, via(8.5012), via(8.4978))
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
		{"varanth", nautical, varanth(t), []string{
			">N-204 (Northern Compact (member Aldmar)): 2 alternatives<",
			">As declared in conflict with H-17 (Harbour Relief), 2031-05-07 09:06:48–09:21:05Z<",
			">floor 3,000 ft higher: 12,000 to 16,000 ft<", ">36 min later: 09:21 to 10:36<", ">worth 13 min<",
			"altitude above mean sea level, ft", ">E-88<", ">several alternatives on one line<",
		}},
		// The dividing line has no limits of altitude, so it does not keep the
		// others from being drawn above the sea.
		{"varanth-shift", nautical, varanthShift(t), []string{
			"altitude above mean sea level, ft", ">Orrin (no floor, no ceiling)<", ">zones<", ">others&#39; plans<",
			"15 NM to the east and 20 min later, which", ">36 min later, same end<",
		}},
		{"tarrow", nautical, tarrow(t), []string{
			">As declared in conflict with RING-7 (Tarrow Fire Agency) [zone, entry with contact], 2031-05-07 02:49:12–02:56:33Z<",
			">RING-12 (no floor)<", ">RING-5<", ">02:40:00Z<", ">03:00:00Z<",
		}},
		{"drones-choice", Units{}, drones(t), []string{"survey &lt;1&gt; &amp; &quot;north&quot;: 4 alternatives", ">100 m<"}},
		{"small-in-large", Units{}, smallInLarge(t), []string{">R-1<", ">R-1 (no floor)<", ">200 m<"}},
		{"long-route", Units{}, longRoute(t), []string{">500 m<", ">pylon (no floor)<", ">14:35:00<"}},
		{"areas", Units{}, areas(t), []string{">2 km<", ">closest in conflict<"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			svg := drawChoice(t, Options{Units: c.units}, c.draw)
			wellFormed(t, svg)
			for _, w := range c.want {
				if !strings.Contains(svg, w) {
					t.Errorf("missing %q", w)
				}
			}
			// Each number stands once on the plan, once on the profile and in the list.
			for i := range c.draw.Alternatives {
				if n := strings.Count(svg, fmt.Sprintf(`font-weight="bold">%d</text>`, i+1)); n != 3 {
					t.Errorf("number %d is drawn %d times, want 3", i+1, n)
				}
			}
			if again := drawChoice(t, Options{Units: c.units}, c.draw); again != svg {
				t.Error("two drawings of the same differ")
			}
			// PICTURE_DIR keeps the drawings for a look.
			if dir := os.Getenv("PICTURE_DIR"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, c.name+".svg"), []byte(svg), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A verdict on the plan reads the same whichever side of it the plan is on.
func TestPlanIsOnEitherSide(t *testing.T) {
	c := tarrow(t)
	want := drawChoice(t, Options{}, c)
	for i := range c.Verdicts {
		c.Verdicts[i] = *turned(&c.Verdicts[i])
	}
	if got := drawChoice(t, Options{}, c); got != want {
		t.Error("the drawing differs when the verdicts are turned round")
	}
}

func TestWhatIsLeftOutOfAChoiceIsStated(t *testing.T) {
	if err := WriteChoice(&bytes.Buffer{}, Choice{}, Options{}); !errors.Is(err, ErrNoPlan) {
		t.Errorf("no plan: %v", err)
	}
	c := varanth(t)
	for len(c.Alternatives) < 11 {
		c.Alternatives = append(c.Alternatives, c.Alternatives[0])
	}
	for i := range 70 {
		e := *c.Others[0]
		e.ID = fmt.Sprint("other ", i)
		c.Others = append(c.Others, &e)
	}
	svg := drawChoice(t, Options{}, c)
	wellFormed(t, svg)
	for _, want := range []string{"8 of 11 alternatives drawn.", "12 others not drawn.", "11 alternatives<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("missing %q", want)
		}
	}
	svg = drawChoice(t, Options{}, Choice{Plan: c.Plan, Alternatives: []Alternative{{Number: 1, Text: "only said"}}})
	wellFormed(t, svg)
	for _, want := range []string{"As declared it conflicts with nothing drawn here.", ">only said<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("missing %q", want)
		}
	}
}

func TestTextOfAChoiceCannotBecomeMarkup(t *testing.T) {
	const hostile = "</text><script>alert(1)</script>\"'&\x00\x1b[2J\u202e\ufffe\xff"
	c := varanth(t)
	p, o := *c.Plan, *c.Others[0]
	p.ID, p.Party, o.ID, o.Party = hostile, strings.Repeat("<", 500), hostile+"2", hostile
	c.Plan, c.Others = &p, []*volume.Entity{&o}
	c.Verdicts[0].A, c.Verdicts[0].B = refOf(&o), refOf(&p)
	c.Verdicts[0] = *turned(turned(&c.Verdicts[0]))
	c.Alternatives[0].Text = strings.Repeat(hostile, 20_000)
	c.Alternatives[0].Cost = strings.Repeat(hostile, 20_000)
	svg := drawChoice(t, Options{}, c)
	wellFormed(t, svg)
	if strings.Contains(svg, "<script") || strings.ContainsAny(svg, "\x00\x1b\u202e") {
		t.Error("text became markup")
	}
	if !strings.Contains(svg, "in conflict with &lt;/text&gt;") {
		t.Error("the conflict is not named")
	}
	if len(svg) > 100_000 {
		t.Errorf("%d bytes", len(svg))
	}
}

// Plans of many vertices and waypoints stay small drawings.
func TestManyVerticesOfAChoiceStaySmall(t *testing.T) {
	var ring []geodesy.LatLng
	var points []volume.Waypoint
	for i := range volume.MaxVertices {
		at := geodesy.Direct(place(t, 50, 10), float64(i)*360/volume.MaxVertices, 5000+float64(i%2)*200)
		ring = append(ring, at)
		points = append(points, volume.Waypoint{At: at, AltMM: int64(100_000 + i%7*10_000), TimeNS: clock(t, "10:00:00") + int64(i)*1e9})
	}
	area, err := volume.NewPolygon(ring)
	if err != nil {
		t.Fatal(err)
	}
	p := route(t, "A", "", volume.Buffers{LateralMM: 5000, VerticalMM: 5000, TimeNS: 1e9}, points...)
	p.Volumes = []volume.Volume4D{{Footprint: area, Band: volume.Band{UpperMM: 200_000}, Window: volume.Window{StartNS: clock(t, "10:00:00"), EndNS: clock(t, "13:00:00")}}}
	c := Choice{Plan: p, Others: []*volume.Entity{p, p}}
	texts := []string{"x"}
	var changes []volume.Change
	for i := range maxAlternatives {
		changes = append(changes, volume.Change{LiftMM: int64(i) * 20_000})
	}
	svg := drawChoice(t, Options{}, c.changed(t, texts, changes...))
	wellFormed(t, svg)
	if len(svg) > 1_800_000 {
		t.Errorf("%d bytes", len(svg))
	}
}

// Lines of alternatives that coincide are all seen, in equal parts, and none of
// the way is without colour.
func TestStrandsTakeTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string) float64 { return rapid.Float64Range(0, 500).Draw(t, label) }
		line := []point{{pick("x0"), pick("y0")}, {pick("x1"), pick("y1")}}
		if line[0].distance(line[1]) < 150 {
			t.Skip("short")
		}
		s := newStrands(box{0, 0, 500, 500})
		n := rapid.IntRange(1, maxAlternatives).Draw(t, "n")
		for i := range n {
			s.add(i, line, maxSamples)
		}
		seen := make([]float64, n)
		total := 0.0
		for _, r := range s.runs {
			for i := 1; i < len(r.pts); i++ {
				l := r.pts[i-1].distance(r.pts[i])
				if r.of == 0 {
					total += l
				}
				if s.turn(r.of, r.pts[i-1], r.pts[i]) == r.of {
					seen[r.of] += l
				}
			}
		}
		sum := 0.0
		for i, l := range seen {
			sum += l
			// A turn at most, on either side of an equal share, and a step for
			// each turn: lines are drawn in whole steps, which may favour one
			// alternative at every turn.
			share := total / float64(n)
			if slack := 2*strandTurn*math.Sqrt2 + share*strandStep/strandTurn; l < share-slack || l > share+slack {
				t.Errorf("alternative %d is seen along %.1f of %.1f pixels, of %d", i, l, total, n)
			}
		}
		if math.Abs(sum-total) > 0.01 {
			t.Errorf("%.2f of %.2f pixels are coloured", sum, total)
		}
	})
}

// What is cut to a box is within it, on the segment, and all of it that is.
func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string) float64 {
			return float64(rapid.IntRange(-10, 20).Draw(t, label))
		}
		b := box{0, 0, 10, 10}
		p, q := point{pick("px"), pick("py")}, point{pick("qx"), pick("qy")}
		from, to, ok := b.cut(p, q)
		grown := box{-1e-9, -1e-9, 10 + 1e-9, 10 + 1e-9}
		if ok && (!grown.holds(from) || !grown.holds(to)) {
			t.Fatalf("%v to %v is not within", from, to)
		}
		for k := range 101 {
			at := p.towards(q, float64(k)/100)
			if inside := b.holds(at); inside && !ok {
				t.Fatalf("%v is within, but nothing was found", at)
			} else if inside && math.Abs(from.distance(at)+at.distance(to)-from.distance(to)) > 1e-6 {
				t.Fatalf("%v is within, but not from %v to %v", at, from, to)
			}
		}
	})
}

func TestWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.SampledFrom([]rune("aMW 漢é\xff  ")), 0, 80, -1).Draw(t, "text")
		width := rapid.Float64Range(20, 200).Draw(t, "width")
		lines := wrap(s, 10, width)
		for _, l := range lines {
			if textWidth(l, 10) > width && utf8.RuneCountInString(l) > 1 {
				t.Fatalf("%q is %.0f wide, want at most %.0f", l, textWidth(l, 10), width)
			}
		}
		if got, want := strings.Join(strings.Fields(strings.Join(lines, "")), ""), strings.Join(strings.Fields(s), ""); got != want {
			t.Fatalf("%q became %q", want, got)
		}
	})
}

// White digits on the colours of alternatives, and these on paper, have a
// contrast of 4.5 or more (WCAG 2.2, success criterion 1.4.3).
func TestAlternativeColoursHaveContrast(t *testing.T) {
	luminance := func(colour string) float64 {
		n, err := strconv.ParseUint(colour[1:], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		part := func(v uint64) float64 {
			c := float64(v&0xff) / 255
			if c <= 0.04045 {
				return c / 12.92
			}
			return math.Pow((c+0.055)/1.055, 2.4)
		}
		return 0.2126*part(n>>16) + 0.7152*part(n>>8) + 0.0722*part(n)
	}
	seen := map[string]bool{}
	for _, c := range append(alternativeColours[:], otherColour) {
		if contrast := (luminance(paperColour) + 0.05) / (luminance(c) + 0.05); contrast < 4.5 || seen[c] {
			t.Errorf("%s has a contrast of %.2f on paper", c, contrast)
		}
		seen[c] = true
	}
}

// Whatever the plan and wherever on earth, a drawing is well formed, and no
// coordinate or size is absurd.
func TestDrawsAnyChoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string, lo, hi float64) float64 { return rapid.Float64Range(lo, hi).Draw(t, label) }
		centre, err := geodesy.NewLatLng(pick("lat", -90, 90), pick("lng", -180, 180))
		if err != nil {
			t.Fatal(err)
		}
		size := rapid.SampledFrom([]float64{1, 30, 1000, 50_000, 1_500_000}).Draw(t, "size")
		length := rapid.SampledFrom([]int64{1, 1e6, 1e9, 3600e9, 400 * 86400e9}).Draw(t, "length")
		start := clockBase + rapid.Int64Range(0, 1e15).Draw(t, "start")
		made := func(id string) *volume.Entity {
			e, err := anyEntity(t, id, centre, size, start, length)
			if err != nil {
				t.Skip(err)
			}
			return e
		}
		p := made("one")
		c := Choice{Plan: p}
		m := conflict.Minima{LateralMM: rapid.Int64Range(0, int64(size*1000)).Draw(t, "L"), VerticalMM: rapid.Int64Range(0, 1e6).Draw(t, "V")}
		for _, id := range []string{"two", "three"} {
			o := made(id)
			v, err := conflict.Judge(p, o, m)
			if err != nil {
				t.Skip(err)
			}
			c.Others, c.Verdicts = append(c.Others, o), append(c.Verdicts, v)
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "alternatives") {
			change := volume.Change{
				Shift:   volume.Shift{BearingDeg: rapid.IntRange(0, 359).Draw(t, "bearing"), DistanceMM: rapid.Int64Range(0, int64(size*1000)).Draw(t, "distance")},
				LiftMM:  rapid.Int64Range(-1e6, 1e6).Draw(t, "lift"),
				DelayNS: rapid.Int64Range(-2*length, 2*length).Draw(t, "delay"),
			}
			e, err := change.Apply(p)
			if err != nil {
				t.Skip(err)
			}
			c.Alternatives = append(c.Alternatives, Alternative{Number: i + 1, Text: "changed", Entity: e})
		}
		var b bytes.Buffer
		if err := WriteChoice(&b, c, Options{}); err != nil {
			t.Fatal(err)
		}
		if problem := absurd(&b); problem != "" {
			t.Fatal(problem)
		}
	})
}
