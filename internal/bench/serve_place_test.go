package bench

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/golang/geo/s2"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/volume"
)

// drawn returns n flights of a place, as their readers see them.
func drawn(t *testing.T, place string, n int) (wire []f3548wire.Volume4D, entities []*volume.Entity) {
	t.Helper()
	s, err := newSite(place, time.Date(2031, 5, 7, 9, 0, 0, 0, time.UTC), 3)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	taken := map[int32]bool{}
	for range n {
		slot, ok := s.take()
		if !ok || slot != noSlot && taken[slot] {
			t.Fatalf("slot %d, room %v: found taken", slot, ok)
		}
		taken[slot] = true
		var v f3548wire.Volume4D
		if err := json.Unmarshal(s.appendVolume(nil, s.at(slot, rng)), &v); err != nil {
			t.Fatal(err)
		}
		shape, err := v.ToVolume()
		if err != nil {
			t.Fatal(err)
		}
		wire = append(wire, v)
		entities = append(entities, &volume.Entity{ID: newUUID(rng), Volumes: []volume.Volume4D{shape}})
	}
	return wire, entities
}

// Flights meet in the congested place only, not even within the 4 m by which
// two outlines may be coarsened in the others.
func TestPlacesMeetOrNot(t *testing.T) {
	for _, c := range []struct {
		place   string
		n       int
		lateral int64
	}{{"spread", 2000, 4000}, {"same-cell", 2000, 4000}, {"congested", 200, 0}} {
		_, entities := drawn(t, c.place, c.n)
		m := conflict.Minima{LateralMM: c.lateral, VerticalMM: c.lateral / 2, Source: "coarsening"}
		hits := 0
		for i, a := range entities {
			for _, b := range entities[:i] {
				hit, err := conflict.Decide(a, b, m)
				if err != nil {
					t.Fatal(err)
				}
				if hit {
					hits++
				}
			}
		}
		if (hits > 0) != (c.place == "congested") {
			t.Errorf("%s: %d of %d pairs meet", c.place, hits, c.n*(c.n-1)/2)
		}
		if perFlight := 2 * float64(hits) / float64(c.n); c.place == "congested" && (perFlight < 5 || perFlight > 60) {
			t.Errorf("congested: a flight meets %.1f of %d, expected 5 to 60", perFlight, c.n)
		}
	}
}

func TestSameCellIsOneCell(t *testing.T) {
	wire, _ := drawn(t, "same-cell", cellColumns*cellRows*cellLayers)
	cells := map[s2.CellID]bool{}
	for _, v := range wire {
		for _, p := range v.Volume.OutlinePolygon.Vertices {
			cells[s2.CellIDFromLatLng(s2.LatLngFromDegrees(*p.Lat, *p.Lng)).Parent(13)] = true
		}
	}
	if len(cells) != 1 {
		t.Errorf("found %d cells of level 13, expected 1", len(cells))
	}
}

// All slots are given out once, and again when they come back.
func TestSiteGivesOutEachSlotOnce(t *testing.T) {
	s, err := newSite("same-cell", time.Now(), 1)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int32]bool{}
	for slot, ok := s.take(); ok; slot, ok = s.take() {
		if seen[slot] {
			t.Fatalf("slot %d twice", slot)
		}
		seen[slot] = true
	}
	if want := cellColumns * cellRows * cellLayers * cellWindows; len(seen) != want {
		t.Errorf("found %d slots, expected %d", len(seen), want)
	}
	s.give(17)
	if slot, ok := s.take(); !ok || slot != 17 {
		t.Errorf("found %d, %v", slot, ok)
	}
}
