package airspace

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/volume"
)

// discs returns outlines of small circles in a square of 2 km on both sides of
// the antimeridian, at times that not all of them share.
func discs(t testing.TB, r *rand.Rand, n int) []outline.Volume {
	t.Helper()
	list := make([]outline.Volume, n)
	for i := range list {
		lng := 179.99 + r.Float64()*0.02
		if lng > 180 {
			lng -= 360
		}
		f, err := volume.NewCircle(latLng(t, -17+r.Float64()*0.02, lng), 10_000+r.Int64N(20_000))
		if err != nil {
			t.Fatal(err)
		}
		startNS := nowNS + r.Int64N(3)*minuteNS
		if list[i], err = outline.Of(&volume.Volume4D{
			Footprint: f, Band: volume.Band{LowerMM: 0, UpperMM: 100_000},
			Window: volume.Window{StartNS: startNS, EndNS: startNS + minuteNS},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// Lists so long that they are packed meet as short ones do.
func TestMeetings(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	a, b := discs(t, r, 520), discs(t, r, 520)
	if len(a)*len(b) < manyPairs {
		t.Fatal("the lists are too short for this test")
	}
	var want, got [][2]int
	for i := range a {
		for j := range b {
			if a[i].Meets(b[j]) {
				want = append(want, [2]int{i, j})
			}
		}
	}
	collect := func(i, j int) bool {
		got = append(got, [2]int{i, j})
		return true
	}
	if meetings(a, b, collect); len(want) == 0 || !slices.Equal(got, want) {
		t.Fatalf("found %d meetings, expected %d", len(got), len(want))
	}
	if got = nil; !meet(a, b) {
		t.Error("lists that meet do not")
	}
	meetings(a, b, func(i, j int) bool { return collect(i, j) && len(got) < 3 })
	if !slices.Equal(got, want[:3]) {
		t.Errorf("found %v before it was stopped, expected %v", got, want[:3])
	}
}

// However many volumes an entity has, its boxes are few, and cover all of them.
func TestBoxes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, maxBoxes, maxBoxes + 1, 500} {
		volumes := discs(t, r, n)
		all := boxes(volumes)
		if len(all) > 2*maxBoxes {
			t.Errorf("%d volumes have %d boxes, expected at most %d", n, len(all), 2*maxBoxes)
		}
		for i := range volumes {
			for _, x := range volumes[i].Extents(nil) {
				own, covered := conflict.Box(x), false
				for _, b := range all {
					covered = covered || cover(b, own) == b
				}
				if !covered {
					t.Fatalf("of %d volumes, volume %d is not covered", n, i)
				}
			}
		}
	}
}

// An implicit subscription takes in intents up to a number of volumes, so that
// one party's growing subscription does not hold up the others.
func TestStretchLimit(t *testing.T) {
	n := newNode(t)
	many := slices.Repeat([]outline.Volume{box(t, 0, 0, 30)}, maxStretch/2)
	offNominal := func(id int, volumes []outline.Volume) PutIntent {
		c := n.intent("uss1", id, volumes...)
		c.State, c.MayOffNominal = Nonconforming, true
		return c
	}
	first := offNominal(1, many)
	first.Implicit = n.implicit(90)
	shared := must(n, first).Intent.Subscription
	second := offNominal(2, many)
	second.Subscription = shared
	must(n, second)
	third := offNominal(3, many[:1])
	third.Subscription = shared
	refused(n, third, Invalid)

	// What is on it can be changed as long as it does not grow.
	again := n.change("uss1", 2, many...)
	again.MayOffNominal, again.Subscription = true, shared
	must(n, again)
	third.Subscription, third.Implicit = ID{}, n.implicit(91)
	must(n, third)
}

// A refusal names all that is in the way, but not ever more places.
func TestManyInTheWay(t *testing.T) {
	n := newNode(t)
	here := box(t, 0, 0, 30)
	crowd := maxMetAll/maxMet + 10
	for i := range crowd {
		c := n.intent("uss1", i, slices.Repeat([]outline.Volume{here}, maxMet+1)...)
		c.State, c.MayOffNominal, c.Implicit = Nonconforming, true, n.implicit(1000+i)
		must(n, c)
	}
	r := refused(n, n.intent("uss2", 5000, here), MissingKeys)
	if len(r.MissingIntents) != crowd {
		t.Fatalf("found %d intents in the way, expected %d", len(r.MissingIntents), crowd)
	}
	places := 0
	for _, m := range r.MissingIntents {
		places += len(m.Met)
	}
	if places != maxMetAll || len(r.MissingIntents[0].Met) != maxMet {
		t.Errorf("found %d places, %d of the first, expected %d and %d", places, len(r.MissingIntents[0].Met), maxMetAll, maxMet)
	}
}

// BenchmarkManyVolumes decides an intent of 10,000 volumes beside another.
func BenchmarkManyVolumes(b *testing.B) {
	n := newNode(b)
	grid := func(offM float64) []outline.Volume {
		list := make([]outline.Volume, 10_000)
		for i := range list {
			at := geodesy.Direct(latLng(b, 46, 7), 90, float64(i%100)*80+offM)
			at = geodesy.Direct(at, 0, float64(i/100)*80+offM)
			f, err := volume.NewCircle(at, 10_000)
			if err != nil {
				b.Fatal(err)
			}
			if list[i], err = outline.Of(&volume.Volume4D{
				Footprint: f, Band: volume.Band{LowerMM: 0, UpperMM: 100_000},
				Window: volume.Window{StartNS: nowNS, EndNS: nowNS + 60*minuteNS},
			}); err != nil {
				b.Fatal(err)
			}
		}
		return list
	}
	must(n, n.intent("uss1", 1, grid(0)...))
	c := n.intent("uss2", 2, grid(17)...) // the boxes overlap, the circles do not
	for b.Loop() {
		if _, _, err := c.Decide(n.st, Env{NowNS: nowNS}); err != nil {
			b.Fatal(err)
		}
	}
}

// Pages, put together, are the whole list.
func TestPages(t *testing.T) {
	n := newNode(t)
	here := box(t, 0, 0, 30)
	for i := range 7 {
		c := n.intent("uss1", 1+i*i%11*100+i, here)
		c.State, c.MayOffNominal, c.Implicit = Nonconforming, true, n.implicit(9000+i)
		must(n, c)
		must(n, PutConstraint{By: "authority", ID: newID(50 + i), NewOVN: n.opaque(), Outline: []outline.Volume{here}, URL: "https://a.example"})
	}
	for most := 1; most < 9; most++ {
		var intents []IntentView
		var constraints []ConstraintView
		for after, more := (ID{}), true; more; {
			page := n.st.IntentsAfter(here, after, most)
			if intents = append(intents, page...); len(page) > 0 {
				after = page[len(page)-1].ID
			}
			more = len(page) == most
		}
		for after, more := (ID{}), true; more; {
			page := n.st.ConstraintsAfter(here, after, most)
			if constraints = append(constraints, page...); len(page) > 0 {
				after = page[len(page)-1].ID
			}
			more = len(page) == most
		}
		if len(intents) != 7 || !slices.Equal(intents, n.st.Intents(here)) || !slices.Equal(constraints, n.st.Constraints(here)) {
			t.Fatalf("pages of %d: found %d intents and %d constraints", most, len(intents), len(constraints))
		}
	}
}
