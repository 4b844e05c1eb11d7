package conflict_test

import (
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goldenFile = "testdata/golden-verdicts.txt"

// TestGoldenVerdicts holds the digests of varied verdicts to a file. It is run
// under other architectures too: a digest covers every instant and distance, so
// one bit that differs shows. The entities are made with integers only, so that
// they are the same everywhere.
//
// A change of the file means that old verdicts can no longer be recomputed.
func TestGoldenVerdicts(t *testing.T) {
	var out strings.Builder
	for _, g := range goldenPairs(t) {
		v, err := conflict.Judge(g.a, g.b, g.m)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %s %v", hex.EncodeToString(v.Digest[:]), g.name, v.Conflict)
		if v.Conflict {
			fmt.Fprintf(&out, " %s %s", time.Unix(0, v.FromNS).UTC().Format(time.RFC3339Nano), time.Unix(0, v.ToNS).UTC().Format(time.RFC3339Nano))
		}
		if v.MinHorizontal != nil {
			fmt.Fprintf(&out, " %d", v.MinHorizontal.HorizontalTenthMM)
		}
		if v.MinVertical != nil {
			fmt.Fprintf(&out, " %d", v.MinVertical.VerticalMM)
		}
		out.WriteString("\n")
	}
	if *update {
		if err := os.WriteFile(goldenFile, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	got, lines := strings.Split(out.String(), "\n"), strings.Split(string(want), "\n")
	if len(got) != len(lines) {
		t.Fatalf("%d verdicts, %d in %s", len(got), len(lines), goldenFile)
	}
	for i := range got {
		if got[i] != lines[i] {
			t.Errorf("line %d:\n%s, want\n%s", i+1, got[i], lines[i])
		}
	}
}

type goldenPair struct {
	name string
	a, b *volume.Entity
	m    conflict.Minima
}

// goldenPairs returns pairs of all kinds at ten places and seven sizes.
func goldenPairs(t *testing.T) []goldenPair {
	t.Helper()
	kinds := [...]string{"polygon", "circle", "corridor", "flight"}
	var out []goldenPair
	n := 0
	for _, home := range []geodesy.LatLng{
		{},
		{LatE9: 30e9, LngE9: -95e9},
		{LatE9: 52e9, LngE9: 8e9},
		{LatE9: -52e9, LngE9: -180e9},
		{LatE9: 70e9, LngE9: 179.9999e9},
		{LatE9: -85e9, LngE9: 12e9},
		{LatE9: 89.9999e9, LngE9: 77e9},
		{LatE9: -90e9},
		{LatE9: 12.1e9, LngE9: -29.7e9},
		{LatE9: -30e9, LngE9: 151e9},
	} {
		for i := range kinds {
			for j := i; j < len(kinds); j++ {
				m := &goldenMaker{Rand: rand.New(rand.NewPCG(2031, uint64(n))), t: t, home: home, sizeMM: 1000}
				for range n % 7 {
					m.sizeMM *= 10
				}
				g := goldenPair{
					name: fmt.Sprintf("%03d %s/%s", n, kinds[i], kinds[j]),
					a:    m.entity("a", kinds[i]), b: m.entity("b", kinds[j]),
					m: conflict.Minima{LateralMM: m.Int64N(m.sizeMM/2) + 1, VerticalMM: m.Int64N(30_000) + 1, TimeNS: m.Int64N(2) * m.Int64N(60e9)},
				}
				out = append(out, g)
				n++
			}
		}
	}
	return out
}

// goldenMaker makes entities of about sizeMM millimetres around home.
type goldenMaker struct {
	*rand.Rand
	t      *testing.T
	home   geodesy.LatLng
	sizeMM int64
}

// compass holds sines of multiples of 22.5 degrees in thousandths.
var compass = [16]int64{0, 383, 707, 924, 1000, 924, 707, 383, 0, -383, -707, -924, -1000, -924, -707, -383}

// at returns the place about distMM millimetres from c in one of 16 directions.
func (m *goldenMaker) at(c geodesy.LatLng, dir int, distMM int64) geodesy.LatLng {
	north, east := distMM*compass[(dir+4)%16]/1000, distMM*compass[dir%16]/1000
	// 1 mm is about 9 units of 1e-9 degree; along a parallel more, by the secant
	// of the latitude.
	secant := map[int64]int64{0: 1, 12_100_000_000: 1, 30e9: 1, 52e9: 2, 70e9: 3, 85e9: 11}[max(m.home.LatE9, -m.home.LatE9)]
	if secant == 0 {
		// Next to a pole: on the meridian of the direction.
		lat := 90e9 - distMM*9
		if m.home.LatE9 < 0 {
			lat = -lat
		}
		return geodesy.LatLng{LatE9: lat, LngE9: int64(dir%16)*22_500_000_000 - 180e9}
	}
	p := geodesy.LatLng{LatE9: c.LatE9 + north*9, LngE9: c.LngE9 + east*9*secant}
	if p.LatE9 > 90e9 || p.LatE9 < -90e9 { // over the pole
		p.LatE9 = max(-1, min(1, p.LatE9))*180e9 - p.LatE9
		p.LngE9 += 180e9
	}
	p.LngE9 = ((p.LngE9+180e9)%360e9+360e9)%360e9 - 180e9
	return p
}

func (m *goldenMaker) entity(id, kind string) *volume.Entity {
	m.t.Helper()
	e := &volume.Entity{ID: id, Version: "1", Party: "party " + id}
	c := m.at(m.home, m.IntN(16), m.Int64N(m.sizeMM/2))
	buffers := volume.Buffers{LateralMM: m.Int64N(m.sizeMM / 10), VerticalMM: m.Int64N(5000)}
	const day = 1_935_738_000_000_000_000 // 2031-05-05T09:00:00Z
	if kind == "flight" {
		buffers.TimeNS = m.Int64N(2) * m.Int64N(20e9)
		now, dir := int64(day)+m.Int64N(60e9), m.IntN(16)
		var w []volume.Waypoint
		for k := range int64(4) {
			w = append(w, volume.Waypoint{At: m.at(c, dir+m.IntN(3), m.sizeMM*k/3), AltMM: m.Int64N(100_000), TimeNS: now})
			now += m.sizeMM*20_000 + m.Int64N(60e9)
		}
		u, err := volume.NewTrajectory(w, buffers)
		if err != nil {
			m.t.Fatal(err)
		}
		e.Trajectories = []*volume.Trajectory{u}
		return e
	}
	var f *volume.Footprint
	var err error
	switch kind {
	case "polygon":
		var ring []geodesy.LatLng
		for dir := m.IntN(2); dir < 16; dir += 1 + m.IntN(3) {
			ring = append(ring, m.at(c, dir, m.sizeMM/4+m.Int64N(m.sizeMM/4)))
		}
		f, err = volume.NewPolygon(ring)
	case "circle":
		f, err = volume.NewCircle(c, 1+m.Int64N(m.sizeMM/2))
	default:
		dir := m.IntN(16)
		f, err = volume.NewCorridor([]geodesy.LatLng{c, m.at(c, dir, m.sizeMM/2), m.at(c, dir+2, m.sizeMM)}, 1+m.Int64N(m.sizeMM/20))
	}
	if err != nil {
		m.t.Fatal(err)
	}
	lower, start := m.Int64N(60_000), int64(day)+m.Int64N(60e9)
	e.Volumes = []volume.Volume4D{{
		Footprint: f, Buffers: buffers,
		Band:   volume.Band{LowerMM: lower, UpperMM: lower + 1 + m.Int64N(60_000)},
		Window: volume.Window{StartNS: start, EndNS: start + 1 + m.Int64N(600e9)},
	}}
	return e
}
