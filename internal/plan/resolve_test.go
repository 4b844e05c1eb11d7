package plan

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// zoneItem is an area of some kilometres without a schedule.
func zoneItem(t testing.TB) Item {
	t.Helper()
	f, err := volume.NewCircle(geodesy.LatLng{LatE9: 47e9, LngE9: 8e9}, 5_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return Item{Place: "zone", Volumes: []Volume{{
		Footprint: f,
		Lower:     Limit{Altitude: geodesy.Altitude{MM: 100_000, Ref: geodesy.W84}},
		Upper:     Limit{Altitude: geodesy.Altitude{MM: 200_000, Ref: geodesy.W84}},
	}}}
}

func resolveOne(t *testing.T, item Item, r ResolveOptions) (*volume.Entity, error) {
	t.Helper()
	e, err := Resolve(&File{Name: "dir/f.x", Items: []Item{item}}, r)
	if err != nil {
		return nil, err
	}
	return e[0], nil
}

func TestResolveNeedsWhatTheFileLeavesOpen(t *testing.T) {
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	limit := func(ref geodesy.AltitudeReference) func(*Item) {
		return func(i *Item) {
			i.Volumes[0].Schedule.Always = true
			i.Volumes[0].Upper.Altitude = geodesy.Altitude{MM: 900_000, Ref: ref}
		}
	}
	for _, c := range []struct {
		name string
		edit func(*Item)
		opt  ResolveOptions
		want error
	}{
		{"start and duration", func(*Item) {}, ResolveOptions{}, errNeedWindow{}},
		{"start", func(*Item) {}, ResolveOptions{Duration: time.Hour}, ErrNeedStart},
		{"duration", func(*Item) {}, ResolveOptions{Start: start}, ErrNeedDuration},
		{"start of offsets", func(i *Item) { i.Volumes[0].Schedule.Offsets = []OffsetWindow{{0, time.Hour}} }, ResolveOptions{}, ErrNeedStart},
		{"horizon", func(i *Item) {
			i.Volumes[0].Schedule.Recurring = []Recurrence{{Outer: volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}, To: time.Hour}}
		}, ResolveOptions{}, ErrNeedHorizon},
		{"ground", limit(geodesy.AGL), ResolveOptions{}, ErrNeedGround},
		{"home", limit(geodesy.Home), ResolveOptions{}, geodesy.ErrNoGround},
		{"QNH", limit(geodesy.Pressure), ResolveOptions{}, ErrNeedQNH},
	} {
		t.Run(c.name, func(t *testing.T) {
			item := zoneItem(t)
			c.edit(&item)
			_, err := resolveOne(t, item, c.opt)
			var e *Error
			if !errors.Is(err, c.want) || !errors.As(err, &e) || e.File != "dir/f.x" || e.Place != "zone" {
				t.Errorf("error %v, want %v at the zone", err, c.want)
			}
		})
	}
	item := zoneItem(t)
	_, err := resolveOne(t, item, ResolveOptions{})
	if !errors.Is(err, ErrNeedStart) || !errors.Is(err, ErrNeedDuration) || !strings.Contains(err.Error(), "--start, --duration") {
		t.Errorf("an area without a clock: error %v, want one that asks for start and duration at once", err)
	}
	limit("DEPTH")(&item)
	_, err = resolveOne(t, item, ResolveOptions{})
	var unknown *geodesy.UnknownReferenceError
	if !errors.As(err, &unknown) {
		t.Errorf("unknown reference: %v", err)
	}
}

func TestResolveAddsBuffersToIntentsOnly(t *testing.T) {
	item := zoneItem(t)
	item.Volumes[0].Schedule.Always = true
	item.Volumes[0].Buffers = volume.Buffers{LateralMM: 1, VerticalMM: 2, TimeNS: 3}
	given := ResolveOptions{Buffers: volume.Buffers{LateralMM: 10, VerticalMM: 20, TimeNS: 30}}
	e, err := resolveOne(t, item, given)
	if err != nil {
		t.Fatal(err)
	}
	if got := (volume.Buffers{LateralMM: 11, VerticalMM: 22, TimeNS: 33}); e.Volumes[0].Buffers != got {
		t.Errorf("intent has %v", e.Volumes[0].Buffers)
	}
	item.Kind, item.Type = volume.Constraint, noEntry
	if e, err = resolveOne(t, item, given); err != nil {
		t.Fatal(err)
	}
	if e.Volumes[0].Buffers != item.Volumes[0].Buffers {
		t.Errorf("constraint has %v", e.Volumes[0].Buffers)
	}
}

func TestIDsAreStableAndUnique(t *testing.T) {
	named := func(names ...string) []Item {
		var items []Item
		for _, n := range names {
			id, name, _ := strings.Cut(n, "/")
			item := zoneItem(t)
			item.ID, item.Name = id, name
			item.Volumes[0].Schedule.Always = true
			items = append(items, item)
		}
		return items
	}
	files := []*File{
		{Name: "a/one.x", Items: named("/")},
		{Name: "b/one.x", Items: named("/n", "/m", "/m", "own/")},
		{Name: "two.x", Items: named("/", "three.x#2/", "/four")},
		{Name: "three.x", Items: named("/", "/")},
		{Name: "five.x", Items: named("/  odd \n name ")},
		{Name: "five.x", Items: named("/odd name")},
	}
	entities, err := ResolveAll(files, func(*File) ResolveOptions { return ResolveOptions{} })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entities {
		got = append(got, e.ID)
	}
	want := []string{
		"a/one.x", "b/one.x#n", "b/one.x#2", "b/one.x#3", "own",
		"two.x#1", "three.x#2", "two.x#four", "three.x#1", "three.x#2~2",
		"five.x#odd name", "five.x#odd name~2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	files = []*File{{Name: "a", Items: named("x/")}, {Name: "b", Items: named("x/")}}
	if _, err := ResolveAll(files, func(*File) ResolveOptions { return ResolveOptions{} }); err == nil || !strings.Contains(err.Error(), `b: zone: found the id "x", already used at a: zone`) {
		t.Errorf("the same id in two files: %v", err)
	}
}

func TestRecurringSchedules(t *testing.T) {
	at := func(day, hour int) int64 { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC).UnixNano() }
	always := volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	window := func(d1, h1, d2, h2 int) volume.Window {
		return volume.Window{StartNS: at(d1, h1), EndNS: at(d2, h2)}
	}
	// 2 March 2026 is a Monday.
	for _, c := range []struct {
		name    string
		rec     []Recurrence
		horizon volume.Window
		want    []volume.Window
	}{
		{"days of the week", []Recurrence{{always, []time.Weekday{time.Monday, time.Friday}, 8 * time.Hour, 10 * time.Hour}}, window(1, 0, 9, 0), []volume.Window{window(2, 8, 2, 10), window(6, 8, 6, 10)}},
		{"past midnight", []Recurrence{{always, []time.Weekday{time.Monday}, 22 * time.Hour, 2 * time.Hour}}, window(3, 1, 3, 5), []volume.Window{window(2, 22, 3, 2)}},
		{"the day of the horizon", []Recurrence{{always, nil, 8 * time.Hour, 10 * time.Hour}}, window(3, 0, 4, 0), []volume.Window{window(3, 8, 3, 10)}},
		{"ends where the days of the horizon start", []Recurrence{{always, []time.Weekday{time.Monday}, 8 * time.Hour, 24 * time.Hour}}, window(3, 5, 3, 6), nil},
		{"whole days of the horizon", []Recurrence{{always, nil, 8 * time.Hour, 10 * time.Hour}}, window(2, 10, 3, 7), []volume.Window{window(2, 8, 2, 10), window(3, 8, 3, 10)}},
		{"joined", []Recurrence{{always, nil, 0, 12 * time.Hour}, {always, nil, 12 * time.Hour, 24 * time.Hour}}, window(2, 5, 3, 6), []volume.Window{window(2, 0, 4, 0)}},
		{"outer window", []Recurrence{{window(2, 9, 3, 9), nil, 8 * time.Hour, 10 * time.Hour}}, window(1, 0, 9, 0), []volume.Window{window(2, 9, 2, 10), window(3, 8, 3, 9)}},
		{"outer window elsewhere", []Recurrence{{window(12, 9, 13, 9), nil, 8 * time.Hour, 10 * time.Hour}}, window(1, 0, 9, 0), nil},
		{"whole days", []Recurrence{{always, nil, 0, 24 * time.Hour}}, volume.Window{}, []volume.Window{always}},
		{"whole days from midnight", []Recurrence{{window(2, 9, 3, 9), nil, 12 * time.Hour, 12 * time.Hour}}, volume.Window{}, []volume.Window{window(2, 9, 3, 9)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			item := zoneItem(t)
			item.Volumes[0].Schedule.Recurring = c.rec
			e, err := resolveOne(t, item, ResolveOptions{Horizon: c.horizon})
			if err != nil {
				t.Fatal(err)
			}
			var got []volume.Window
			for _, v := range e.Volumes {
				got = append(got, v.Window)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(c.want) == 0 && !strings.Contains(strings.Join(e.Suppositions, "\n"), supposeNotInForce) {
				t.Errorf("suppositions %q", e.Suppositions)
			}
		})
	}
	item := zoneItem(t)
	item.Volumes[0].Schedule.Recurring = []Recurrence{{Outer: always, To: time.Hour}}
	if _, err := resolveOne(t, item, ResolveOptions{Horizon: volume.Window{StartNS: 0, EndNS: at(1, 0)}}); err == nil || !strings.Contains(err.Error(), "days") {
		t.Errorf("a horizon of 56 years: %v", err)
	}
}

// A zone on the same days is the same whatever the hours of the comparison.
func TestRecurringIsTheSameAllDay(t *testing.T) {
	item := zoneItem(t)
	item.Volumes[0].Schedule.Recurring = []Recurrence{{
		Outer: volume.Window{StartNS: time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC).UnixNano(), EndNS: volume.ForeverNS},
		From:  9 * time.Hour, To: 16 * time.Hour,
	}}
	digests := make(map[string]bool)
	for _, hours := range [][2]int64{{0, 1}, {5, 6}, {8, 24}, {0, 24}, {13, 15}, {23, 24}} {
		midnight := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC).UnixNano()
		e, err := resolveOne(t, item, ResolveOptions{Horizon: volume.Window{StartNS: midnight + hours[0]*3600e9, EndNS: midnight + hours[1]*3600e9}})
		if err != nil {
			t.Fatal(err)
		}
		if len(e.Volumes) != 1 {
			t.Errorf("hours %v: %d volumes, want 1", hours, len(e.Volumes))
		}
		digests[fmt.Sprint(conflict.EntityDigest(e))] = true
	}
	if len(digests) != 1 {
		t.Errorf("%d digests of one zone on one day", len(digests))
	}
}

// Every instant inside the horizon is in force exactly when the clock and the
// weekday say so.
func TestRecurringAgreesWithTheCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hour := func(label string) time.Duration {
			return time.Duration(rapid.IntRange(0, 24).Draw(t, label)) * time.Hour
		}
		rec := Recurrence{
			Outer: volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS},
			From:  hour("from") % day, To: hour("to"),
		}
		for d := time.Sunday; d <= time.Saturday; d++ {
			if rapid.Bool().Draw(t, "weekday") {
				rec.Days = append(rec.Days, d)
			}
		}
		start := rapid.Int64Range(-400_000, 400_000).Draw(t, "start hour") * int64(time.Hour)
		h := volume.Window{StartNS: start, EndNS: start + rapid.Int64Range(1, 400).Draw(t, "hours")*int64(time.Hour)}
		r := itemResolver{opt: &ResolveOptions{Horizon: h}}
		windows, err := r.recurring([]Recurrence{rec})
		if err != nil {
			t.Fatal(err)
		}
		for ns := h.StartNS; ns < h.EndNS; ns += int64(30 * time.Minute) {
			in := false
			for _, w := range windows {
				in = in || ns >= w.StartNS && ns < w.EndNS
			}
			if want := inForce(rec, time.Unix(0, ns).UTC()); in != want {
				t.Fatalf("%v at %v: in force %v, want %v (%v)", rec, time.Unix(0, ns).UTC(), in, want, windows)
			}
		}
	})
}

// inForce decides by the calendar of package time.
func inForce(r Recurrence, at time.Time) bool {
	on := func(d time.Weekday) bool {
		if len(r.Days) == 0 {
			return true
		}
		for _, x := range r.Days {
			if x == d {
				return true
			}
		}
		return false
	}
	clock := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	yesterday := at.AddDate(0, 0, -1).Weekday()
	if r.To > r.From {
		return on(at.Weekday()) && clock >= r.From && clock < r.To
	}
	return on(at.Weekday()) && clock >= r.From || on(yesterday) && clock < r.To
}

func TestGeoidSlopeIsBounded(t *testing.T) {
	const cellM = 27_640.0 // the shortest quarter degree of latitude
	steepest := 0.0
	for lat := int64(-357); lat < 357; lat++ {
		_, c := geodesy.SincosDeg(float64(lat) / 4)
		_, north := geodesy.SincosDeg(float64(lat+1) / 4)
		wideM := 27_820 * math.Min(c, north)
		for lng := int64(-720); lng < 720; lng++ {
			n := func(dLat, dLng int64) float64 {
				return geodesy.GeoidHeightM(geodesy.LatLng{LatE9: (lat + dLat) * nodeE9, LngE9: wrapNode(lng+dLng) * nodeE9})
			}
			a, b, d := n(0, 0), n(0, 1), n(1, 0)
			steepest = max(steepest, math.Hypot((b-a)/wideM, (d-a)/cellM))
		}
	}
	if steepest >= geoidSlope || steepest < geoidSlope/2 {
		t.Errorf("the steepest slope is %v, geoidSlope %v", steepest, geoidSlope)
	}
}

// The band of an area above the sea contains the declared surface at every
// point of the area, and does not exceed it by much.
func TestBandsContainTheDeclaredSurface(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, centre := drawStar(t)
		over := geoidOver{footprint: f, maxLooks: rapid.SampledFrom([]int{minGeoidLooks, 100, maxGeoidLooks}).Draw(t, "looks")}
		lo, hi := over.lowest(), over.highest()
		inside := pointsInside(t, f, centre)
		seenLo, seenHi := int64(math.MaxInt64), int64(math.MinInt64)
		for _, p := range inside {
			mm := geoidMM(p)
			seenLo, seenHi = min(seenLo, mm), max(seenHi, mm)
		}
		if seenLo < lo || seenHi > hi {
			t.Fatalf("geoid from %d to %d mm over the area, taken as %d to %d", seenLo, seenHi, lo, hi)
		}
		if over.maxLooks == maxGeoidLooks && f.Shape() == volume.Circle && f.RadiusMM() < 100_000_000 && (seenLo-lo > 3000 || hi-seenHi > 3000) {
			t.Fatalf("geoid from %d to %d mm over the area, taken as %d to %d", seenLo, seenHi, lo, hi)
		}
	})
}

// The deepest hollow of the geoid, south of Ceylon, lies inside a square whose
// corners and sides are far above it.
func TestBandsReachTheNodesInside(t *testing.T) {
	deepest, at := 0.0, geodesy.LatLng{}
	for lat := int64(0); lat <= 40; lat++ {
		for lng := int64(300); lng <= 330; lng++ {
			p := geodesy.LatLng{LatE9: lat * nodeE9, LngE9: lng * nodeE9}
			if n := geodesy.GeoidHeightM(p); n < deepest {
				deepest, at = n, p
			}
		}
	}
	for _, halfE9 := range []int64{400_000_000, 1_100_000_000, 8_000_000_000} {
		square, err := volume.NewPolygon([]geodesy.LatLng{
			{LatE9: at.LatE9 - halfE9, LngE9: at.LngE9 - halfE9},
			{LatE9: at.LatE9 - halfE9, LngE9: at.LngE9 + halfE9},
			{LatE9: at.LatE9 + halfE9, LngE9: at.LngE9 + halfE9},
			{LatE9: at.LatE9 + halfE9, LngE9: at.LngE9 - halfE9},
		})
		if err != nil {
			t.Fatal(err)
		}
		over := geoidOver{footprint: square, maxLooks: maxGeoidLooks}
		if lo := over.lowest(); lo > geoidMM(at) || lo < geoidMM(at)-1500 {
			t.Errorf("square of %d: lowest geoid %d mm, at the hollow %d", 2*halfE9, lo, geoidMM(at))
		}
	}
}

// pointsInside draws points of a footprint.
func pointsInside(t *rapid.T, f *volume.Footprint, centre geodesy.LatLng) []geodesy.LatLng {
	var points []geodesy.LatLng
	vertices, radiusM := f.Vertices(), float64(f.RadiusMM())/1000
	for range 60 {
		i := rapid.IntRange(0, len(vertices)-1).Draw(t, "vertex")
		base := vertices[i]
		if len(vertices) > 1 {
			l := geodesy.LineBetween(base, vertices[(i+1)%len(vertices)])
			if i == len(vertices)-1 && f.Shape() == volume.Corridor {
				l = geodesy.LineBetween(base, base)
			}
			base = l.LatLng(l.DistanceM() * rapid.Float64Range(0, 1).Draw(t, "along"))
		}
		if f.Shape() == volume.Polygon {
			l := geodesy.LineBetween(centre, base)
			base = l.LatLng(l.DistanceM() * rapid.Float64Range(0, 1).Draw(t, "from the centre"))
		} else {
			base = geodesy.Direct(base, rapid.Float64Range(0, 360).Draw(t, "azimuth"), radiusM*rapid.Float64Range(0, 1).Draw(t, "out"))
		}
		points = append(points, base)
	}
	return points
}

// Between two points above the sea the path that keeps its height above the
// geoid stays within the vertical buffer of the straight one.
func TestRoutesAllowForTheGeoid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawPlace(t)
		b := geodesy.Direct(a, rapid.Float64Range(0, 360).Draw(t, "track"), rapid.SampledFrom([]float64{50, 3000, 80_000, 2_000_000}).Draw(t, "leg"))
		alt := geodesy.Altitude{MM: 1_000_000, Ref: geodesy.AMSL}
		item := Item{Routes: []Route{{Points: []RoutePoint{{At: a, Altitude: alt}, {At: b, Altitude: alt, Offset: time.Hour}}}}}
		e, err := Resolve(&File{Name: "f", Items: []Item{item}}, ResolveOptions{Start: time.Unix(0, 0)})
		if err != nil {
			t.Skip(err)
		}
		trajectory := e[0].Trajectories[0]
		w, l := trajectory.Waypoints(), geodesy.LineBetween(a, b)
		for k := range 200 {
			part := float64(k) / 199
			straight := float64(w[0].AltMM) + part*float64(w[1].AltMM-w[0].AltMM)
			declared := float64(alt.MM + geoidMM(l.LatLng(l.DistanceM()*part)))
			if off := math.Abs(straight - declared); off+geodesy.GeoidErrorMM > float64(trajectory.Datum().ErrorMM)+1 {
				t.Fatalf("%v of the way the path is %v mm off, the error %d mm", part, off, trajectory.Datum().ErrorMM)
			}
		}
	})
}
