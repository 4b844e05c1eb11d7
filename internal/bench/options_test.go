package bench

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// The benchmark runs small, all accepted plans are clear of each other, and the
// least delays agree with trying every second; it fails otherwise.
func TestOptionsSmoke(t *testing.T) {
	var out bytes.Buffer
	plot := filepath.Join(t.TempDir(), "cost.svg")
	cfg := OptionsConfig{Scale: 0.04, Days: []string{"city", "corridor", "wildfire"}, Sizes: []int{150, 200}, Queries: 6, Rounds: 1, Plot: plot}
	if err := Options(&out, cfg); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + out.String())
	for _, want := range []string{"load average", "wildfire", "every second", "considered"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("report lacks %q", want)
		}
	}
	svg, err := os.ReadFile(plot)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"ranked list, p99", ">200<"} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("the drawing lacks %q", want)
		}
	}
	if err := Options(&out, OptionsConfig{Days: []string{"sunday"}}); err == nil || !strings.Contains(err.Error(), `"sunday"`) {
		t.Errorf("an unknown day: %v", err)
	}
}

// Served plans with a conflict among them are found out.
func TestServiceFindsConflicts(t *testing.T) {
	d, err := CityDay(DayOptions{Seed: 1, Scale: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	s := &service{day: d}
	if s.accept(d.Plans[0].Entity); s.check() != nil {
		t.Errorf("one plan: %v", s.check())
	}
	copied := *d.Plans[0].Entity
	copied.ID = "copy"
	if s.accept(&copied); !errors.Is(s.check(), errUnclear) {
		t.Errorf("a plan and its copy: %v", s.check())
	}
}

// A wrong least delay is found out.
func TestAgreeOnDelay(t *testing.T) {
	for _, c := range []struct {
		exact, answer, grid int64
		ok                  bool
	}{
		{0, 0, 0, true},
		{1_500_000_001, 1_501_000_000, 2e9, true},
		{1_500_000_001, 1_501_000_000, -1, true}, // between two seconds
		{-1, -1, -1, true},
		{1_500_000_001, 1_501_000_000, 1e9, false},
		{-1, -1, 3e9, false},
		{-1, 5e9, -1, false},
		{4e9, 5e9, 5e9, false},
	} {
		if err := agreeOnDelay(c.exact, c.answer, c.grid); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Flights moved up or sideways still start, land and deliver where they did, and
// the craft can fly them.
func TestRemakeKeepsWhatIsFixed(t *testing.T) {
	for _, kind := range dayKinds {
		d, err := kind.generate(DayOptions{Seed: 5, Scale: 0.2})
		if err != nil {
			t.Fatal(err)
		}
		for i := range d.Plans {
			p := &d.Plans[i]
			for _, c := range []volume.Change{
				{LiftMM: 40_000},
				{Shift: volume.Shift{BearingDeg: 130, DistanceMM: 200_000}, DelayNS: 7e9},
				{LiftMM: -5_000, Shift: volume.Shift{BearingDeg: 10, DistanceMM: 90_000}},
			} {
				checkRemade(t, p, &c)
			}
		}
	}
}

func checkRemade(t *testing.T, p *DayPlan, c *volume.Change) {
	t.Helper()
	e, err := p.Remake(c)
	if err != nil {
		if c.LiftMM >= 0 {
			t.Errorf("%s: %v", p.Entity.ID, err)
		}
		return
	}
	for i, r := range e.Trajectories {
		checkCraft(t, e.ID, r, withoutEndurance(p.Vehicle))
		old := p.Entity.Trajectories[i].Waypoints()
		for k, w := range r.Waypoints() {
			fixed := old[k].AltMM <= p.FixedMM
			if fixed != (w.At == old[k].At && w.AltMM == old[k].AltMM) {
				t.Errorf("%s: waypoint %d at %d mm, fixed %t, was %+v and is %+v", e.ID, k, old[k].AltMM, fixed, old[k], w)
			}
			if w.TimeNS < old[k].TimeNS+c.DelayNS {
				t.Errorf("%s: waypoint %d is early", e.ID, k)
			}
		}
	}
}

func withoutEndurance(v resolve.Vehicle) resolve.Vehicle {
	v.EnduranceNS = volume.ForeverNS
	return v
}
