package airspace

import (
	"fmt"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/volume"
)

func discs(t testing.TB, n int, off float64) []outline.Volume {
	side := 100
	var out []outline.Volume
	for i := range n {
		lat := 46.0 + (float64(i/side)*40+off)/111_000
		lng := 7.0 + (float64(i%side)*40+off)/77_000
		c, err := geodesy.NewLatLng(lat, lng)
		if err != nil {
			t.Fatal(err)
		}
		f, err := volume.NewCircle(c, 5000)
		if err != nil {
			t.Fatal(err)
		}
		v := volume.Volume4D{Footprint: f, Band: volume.Band{LowerMM: 0, UpperMM: 100_000}, Window: volume.Window{StartNS: nowNS, EndNS: nowNS + 3600e9}}
		o, err := outline.Of(&v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

func TestZZ(t *testing.T) {
	n := newNode(t)
	here := box(t, 0, 0, 30)
	c := n.intent("uss1", 1, here)
	c.Outline = discs(t, 10000, 0)
	must(n, c)
	d := n.intent("uss2", 2, here)
	d.Outline = discs(t, 10000, 20)
	start := time.Now()
	_, _, err := d.Decide(n.st, Env{NowNS: nowNS})
	fmt.Println("10k x 10k disjoint:", time.Since(start), err != nil)
	start = time.Now()
	d.Outline = c.Outline
	_, _, err = d.Decide(n.st, Env{NowNS: nowNS})
	fmt.Println("10k x 10k same:", time.Since(start), err != nil)
	// implicit chain
	m := newNode(t)
	first := m.intent("uss1", 1, here)
	first.Outline = discs(t, 1000, 0)
	first.Implicit = m.implicit(900)
	sub := must(m, first).Intent.Subscription
	var ovns []string
	ovns = append(ovns, m.st.intents.records.get(0).ovn)
	for i := range 200 {
		x := m.intent("uss1", 2+i, here)
		x.Outline = discs(t, 1000, 0)
		x.Subscription = sub
		x.Key = ovns
		start = time.Now()
		must(m, x)
		ovns = append(ovns, m.st.intents.records.get(int64(i+1)).ovn)
		if i%50 == 49 {
			fmt.Println("implicit", i, time.Since(start))
		}
	}
}
