package engine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/volume"
	"github.com/deconflict/deconflict/internal/world"
)

// square returns the outline of a square of about 200 m, n of them to a row, in
// a window given from now.
func square(t testing.TB, n int, now time.Time, from, to time.Duration) outline.Volume {
	t.Helper()
	lat, lng := 46_500_000_000+int64(n/1000)*2_000_000, 7_000_000_000+int64(n%1000)*3_000_000
	var ring []geodesy.LatLng
	for _, d := range [][2]int64{{0, 0}, {0, 2_600_000}, {1_800_000, 2_600_000}, {1_800_000, 0}} {
		p, err := geodesy.NewLatLng(float64(lat+d[0])/1e9, float64(lng+d[1])/1e9)
		if err != nil {
			t.Fatal(err)
		}
		ring = append(ring, p)
	}
	f, err := volume.NewPolygon(ring)
	if err != nil {
		t.Fatal(err)
	}
	v, err := outline.Of(&volume.Volume4D{
		Footprint: f,
		Band:      volume.Band{LowerMM: 50_000, UpperMM: 80_000},
		Window:    volume.Window{StartNS: now.Add(from).UnixNano(), EndNS: now.Add(to).UnixNano()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func idOf(n int) airspace.ID {
	return airspace.NewID([16]byte{14: byte(n >> 8), 15: byte(n), 13: byte(n >> 16)})
}

// zone is a constraint that ends after a time.
func zone(t testing.TB, n int, ends time.Duration) airspace.PutConstraint {
	return airspace.PutConstraint{
		By: "authority", ID: idOf(n), NewOVN: fmt.Sprintf("ovn-of-zone-%08d", n), URL: "https://authority.example",
		Outline: []outline.Volume{square(t, n, time.Now(), 0, ends)},
	}
}

func constraints(t *testing.T, e *Engine) (n int) {
	t.Helper()
	if err := e.Read(t.Context(), func(st *airspace.State, _ int64) { n = st.Counts().Constraints }); err != nil {
		t.Fatal(err)
	}
	return n
}

// What nobody ended is swept when it is due, without anybody asking: after a
// restart too, and in the order of its deadlines when the clock leaps.
func TestSweepsComeWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := time.Duration(airspace.ConstraintKeptNS)
		d := &disk{}
		cfg := Config{Dir: t.TempDir()}
		e := start(t, cfg, d.open(always, time.Millisecond, none))
		began := time.Now()
		for i, ends := range []time.Duration{3 * time.Hour, time.Hour, 2 * time.Hour} {
			if _, _, err := Submit(t.Context(), e, zone(t, i, ends)); err != nil {
				t.Fatal(err)
			}
		}
		at := func(after time.Duration) {
			time.Sleep(time.Until(began.Add(after)))
			synctest.Wait()
		}
		for _, step := range []struct {
			after time.Duration
			left  int
		}{
			{kept + time.Hour - time.Minute, 3},
			{kept + time.Hour + time.Minute, 2},
			{kept + 2*time.Hour - time.Minute, 2},
			{kept + 2*time.Hour + time.Minute, 1},
		} {
			if at(step.after); constraints(t, e) != step.left {
				t.Errorf("after %v: %d left, want %d", step.after, constraints(t, e), step.left)
			}
		}
		stop(t, e)
		at(kept + 4*time.Hour)
		e = start(t, cfg, d.open(always, time.Millisecond, none))
		time.Sleep(time.Second)
		if n := constraints(t, e); n != 0 {
			t.Errorf("%d left after a restart, want none", n)
		}
		stop(t, e)
		var swept []airspace.ID
		for _, event := range d.events[3:] {
			ev, _, err := airspace.Decode(event)
			if err != nil {
				t.Fatal(err)
			}
			swept = append(swept, ev.(*airspace.ConstraintGone).ID)
		}
		if want := []airspace.ID{idOf(1), idOf(2), idOf(0)}; fmt.Sprint(swept) != fmt.Sprint(want) {
			t.Errorf("swept %v, want %v", swept, want)
		}
	})
}

// Thousands that are due at once do not keep others waiting, and go nevertheless.
func TestSweepsGoInSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		e := start(t, Config{Dir: t.TempDir(), SnapshotEvery: 1 << 40}, d.open(always, time.Millisecond, none))
		const many = 500
		var a answers
		for i := range many {
			zone := zone(t, i, time.Hour)
			a.all.Go(func() {
				if _, _, err := Submit(t.Context(), e, zone); err != nil {
					t.Error(err)
				}
			})
		}
		a.all.Wait()
		due := time.Now().Add(time.Hour + time.Duration(airspace.ConstraintKeptNS)).Truncate(time.Minute)
		time.Sleep(time.Until(due) + time.Millisecond) // half way through the sync of the first slice
		_, receipt, err := Submit(t.Context(), e, change(0, "", "a"))
		if behind := receipt - many; err != nil || behind < sweepSlice || behind > 3*sweepSlice {
			t.Errorf("a command came after %d sweeps (%v), want one to three slices of %d", behind, err, sweepSlice)
		}
		time.Sleep(time.Minute)
		if n := constraints(t, e); n != 0 {
			t.Errorf("%d left, want none", n)
		}
		stop(t, e)
	})
}

// The writer sleeps on a timer, which does not notice that the clock was set. So
// it looks at the clock from time to time.
func TestAClockThatIsSetForwardIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var leap atomic.Int64
		cfg := Config{Now: func() time.Time { return time.Now().Add(time.Duration(leap.Load())) }}
		e := start(t, cfg, (&disk{}).open(always, 0, none))
		if _, _, err := Submit(t.Context(), e, zone(t, 0, time.Hour)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		leap.Store(int64(100 * time.Hour))
		time.Sleep(2 * longestSleep)
		synctest.Wait()
		if n := e.Stats().Swept; n != 1 {
			t.Errorf("%d swept, want 1", n)
		}
		stop(t, e)
	})
}

// A context that has ended is heeded by the writer too, before its caller had a
// chance to go away.
func TestTheWriterLooksAtTheContext(t *testing.T) {
	d := &disk{}
	e := start(t, Config{}, d.open(always, 0, none))
	r := &request{ctx: cancelled(), receipt: -1, done: make(chan struct{})}
	r.decide = func(*world.State, event.Env) ([]world.Event, error) {
		t.Error("the command was decided")
		return nil, nil
	}
	e.queue.push(r)
	<-r.done
	if !errors.Is(r.err, context.Canceled) || r.block != nil {
		t.Errorf("error %v, block %v", r.err, r.block)
	}
	stop(t, e)
}
