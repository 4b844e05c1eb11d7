package plan

import (
	"errors"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// wplFrom is a mission that climbs 30 m above a home of the given elevation.
func wplFrom(elevation string) string {
	return "QGC WPL 110\n0\t1\t0\t16\t0\t0\t0\t0\t47\t8\t" + elevation + "\t1\n" +
		"1\t0\t3\t22\t0\t0\t0\tnan\t0\t0\t30\t1\n2\t0\t3\t16\t0\t0\t0\tnan\t47.001\t8\t30\t1\n"
}

// planFrom is the same as a QGroundControl plan.
func planFrom(home string) string {
	return strings.Replace(planText(takeoffItem+","+waypointItem, "", ""),
		`"plannedHomePosition": [0, 10, 100]`, `"plannedHomePosition": `+home, 1)
}

// What a file says of home holds for its heights above home, whatever
// elevation is given for all files.
func TestHomeInTheFileCountsBeforeTheGivenGround(t *testing.T) {
	for _, c := range []struct {
		ground *geodesy.Ground
		words  string // of the supposition; empty: none
	}{
		{nil, ""},
		{&geodesy.Ground{MM: 101_000, Ref: geodesy.AMSL}, ""},
		{&geodesy.Ground{MM: 98_999, Ref: geodesy.AMSL}, "the given elevation of 98.999 m AMSL is not used"},
		{&geodesy.Ground{MM: 600_000, Ref: geodesy.AMSL, ErrorMM: 500}, "the given elevation of 600 m AMSL ± 0.5 m is not used"},
		{&geodesy.Ground{MM: 100_000, Ref: geodesy.W84}, "the given elevation of 100 m W84 is not used"},
	} {
		f, err := Read("f.txt", []byte(wplFrom("100")), Options{SpeedMPS: 5})
		if err != nil {
			t.Fatal(err)
		}
		list, err := Resolve(f, ResolveOptions{Start: everythingGiven.Start, Ground: c.ground})
		if err != nil {
			t.Fatal(err)
		}
		path := list[0].Trajectories[0]
		if w := path.Waypoints(); w[0].SeaMM != 100_000 || w[1].SeaMM != 130_000 || path.Buffers().VerticalMM != 0 {
			t.Errorf("ground %v: from %d to %d mm above the sea, ±%d, want 100 m to 130 m",
				c.ground, w[0].SeaMM, w[1].SeaMM, path.Buffers().VerticalMM)
		}
		said := strings.Join(list[0].Suppositions, "\n")
		if !strings.Contains(said, "counted from the elevation of home in the file, 100 m AMSL") ||
			strings.Contains(said, "is not used") != (c.words != "") || !strings.Contains(said, c.words) {
			t.Errorf("ground %v: supposed\n%s\nwant %q", c.ground, said, c.words)
		}
	}
}

// An elevation of 0 is one that nobody knows: without another nothing is placed.
func TestHomeElevationZeroIsNotStated(t *testing.T) {
	for name, text := range map[string]string{"f.txt": wplFrom("0"), "f.plan": planFrom("[0, 10, 0]")} {
		f, err := Read(name, []byte(text), Options{SpeedMPS: 5})
		if err != nil {
			t.Fatal(err)
		}
		if f.Items[0].Home != nil {
			t.Errorf("%s: home %v, want none", name, f.Items[0].Home)
		}
		if _, err := Resolve(f, ResolveOptions{Start: everythingGiven.Start}); !errors.Is(err, ErrNeedGround) {
			t.Errorf("%s: error %v, want %v", name, err, ErrNeedGround)
		}
		list, err := Resolve(f, ResolveOptions{Start: everythingGiven.Start, Ground: &geodesy.Ground{MM: 400_000, Ref: geodesy.AMSL}})
		if err != nil {
			t.Fatal(err)
		}
		if w := list[0].Trajectories[0].Waypoints(); w[0].SeaMM != 400_000 {
			t.Errorf("%s: from %d mm above the sea, want from the given 400 m", name, w[0].SeaMM)
		}
		wantWords(t, name, list[0].Suppositions, supposeNoElevation, "counted from the given elevation of 400 m AMSL")
	}
}

// A plan without a home must not be flown from the Gulf of Guinea.
func TestPlanWithoutHomeIsRefused(t *testing.T) {
	for _, home := range []string{"[0, 0, 0]", "[0, 0, 12]", "[0, 0]", "[-0.0, 0, null]"} {
		_, err := ReadAs(QGCPlan, "f.plan", []byte(planFrom(home)), Options{})
		wantError(t, err, "f.plan: mission.plannedHomePosition", "not set", "the place of take-off")
	}
}
