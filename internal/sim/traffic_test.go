package sim

import (
	"context"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/server"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/world"
)

var noon = time.Date(2031, 5, 7, 12, 0, 0, 0, time.UTC)

// TestFreeCraft: craft that fly paths of their own are the same for the same seed,
// stay in their box, and move as fast and where they say.
func TestFreeCraft(t *testing.T) {
	traffic := &Traffic{Seed: 7, Free: 200, Box: crowdBox}
	st := world.New()
	place := func(x api.Track) geodesy.LatLng {
		return geodesy.LatLng{LatE9: int64(x.At[1] * 1e9), LngE9: int64(x.At[0] * 1e9)}
	}
	for second := range 60 {
		now := noon.Add(time.Duration(second) * time.Minute).UnixNano()
		here, next := traffic.Tracks(st, now), traffic.Tracks(st, now+int64(time.Second))
		again := &Traffic{Seed: 7, Free: 200, Box: crowdBox}
		if !slices.Equal(here, again.Tracks(st, now)) {
			t.Fatal("the same seed gives other craft")
		}
		for i, x := range here {
			b := crowdBox
			if x.At[0] < b.West || x.At[0] > b.East || x.At[1] < b.South || x.At[1] > b.North {
				t.Fatalf("craft %d leaves the box: %v", i, x.At)
			}
			movedM, course, _ := geodesy.Inverse(place(x), place(next[i]))
			if math.Abs(movedM-x.SpeedMPS) > 0.02*x.SpeedMPS+0.5 {
				t.Errorf("craft %d moves %.1f m in a second at %.1f m/s", i, movedM, x.SpeedMPS)
			}
			if off := math.Abs(math.Remainder(course-x.CourseDeg, 360)); off > 5 {
				t.Errorf("craft %d flies %.0f° and says %.0f°", i, course, x.CourseDeg)
			}
		}
	}
	if other := (&Traffic{Seed: 8, Free: 200, Box: crowdBox}).Tracks(st, noon.UnixNano()); slices.Equal(other, traffic.Tracks(st, noon.UnixNano())) {
		t.Error("another seed gives the same craft")
	}
}

// TestCraftFlyWhatIsActivated: an activated intent has a craft on its centre line
// within its window, and no other intent has one.
func TestCraftFlyWhatIsActivated(t *testing.T) {
	c := &Crowd{Seed: 1}
	st := world.New()
	apply := func(i int, state intent.Phase) intent.Plan {
		p := c.plan(i, noon)
		d := &intent.Decided{ID: event.Env{Random: [32]byte{byte(i)}}.ID(0), Version: 1, Owner: "alder", Plan: p, State: state, Token: "token"}
		d.Start, d.End = d.Shape.Window()
		st.Apply(d, event.At{NS: noon.UnixNano(), Index: int64(i)})
		return p
	}
	flown := apply(1, intent.Activated)
	apply(2, intent.Accepted)
	points := flown.Trajectories[0].Points
	traffic := &Traffic{}
	for i, p := range points[:len(points)-1] {
		got := traffic.Tracks(st, int64(p.At))
		if len(got) != 1 || got[0].Party != "alder" {
			t.Fatalf("at point %d: %+v", i, got)
		}
		at := geodesy.LatLng{LatE9: int64(math.Round(got[0].At[1] * 1e9)), LngE9: int64(math.Round(got[0].At[0] * 1e9))}
		if off, _, _ := geodesy.Inverse(at, geodesy.LatLng{LatE9: p.LatE9, LngE9: p.LngE9}); off > 0.01 {
			t.Errorf("at point %d the craft is %.3f m off", i, off)
		}
		if got[0].SpeedMPS < 11 || got[0].SpeedMPS > 31 {
			t.Errorf("at point %d it flies %.1f m/s", i, got[0].SpeedMPS)
		}
	}
	for _, at := range []statement.Instant{points[0].At - 1, points[len(points)-1].At} {
		if got := traffic.Tracks(st, int64(at)); len(got) != 0 {
			t.Errorf("at %s: %+v, want none", at, got)
		}
	}
}

// TestCrowd: a node is filled, and one party is shown all that was declared.
func TestCrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a node")
	}
	c := &Crowd{Seed: 1, Intents: 60, Craft: 3}
	config := server.DefaultConfig()
	config.Data, config.Listen, config.BuiltinIssuer = t.TempDir(), "127.0.0.1:0", true
	srv, err := server.New(t.Context(), config, server.Options{Log: slog.New(slog.DiscardHandler), Tracks: c.Traffic().Tracks})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(running) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	issuer, err := auth.NewIssuer(filepath.Join(config.Data, "keys", "issuer.key"), auth.IssuerName)
	if err != nil {
		t.Fatal(err)
	}
	node := Node{URL: srv.URL(), Token: func(id party.ID, role, person string) (string, error) {
		return issuer.MintAs(id, auth.Standing{Role: role, Person: person}, "localhost", auth.Scopes, time.Hour)
	}}
	var most atomic.Int64
	if err := c.Fill(t.Context(), node, func(n int) {
		for {
			was := most.Load()
			if int64(n) <= was || most.CompareAndSwap(was, int64(n)) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if most.Load() != 60 {
		t.Errorf("done was told of %d flights, want 60", most.Load())
	}
	viewer := &client.Client{BaseURL: node.URL, Party: string(c.Viewer()), Token: func(context.Context) (string, error) {
		return node.Token(c.Viewer(), "watch", string(c.Viewer())+"-watch")
	}}
	var picture struct {
		Items []struct {
			Party, Shown string
			Paths        []struct{}
		}
	}
	if err := viewer.Get(t.Context(), "/v1/picture", &picture); err != nil {
		t.Fatal(err)
	}
	parties := map[string]int{}
	for _, i := range picture.Items {
		if i.Shown != "exact" || len(i.Paths) != 1 {
			t.Errorf("found %+v, want a path that is shown exactly", i)
		}
		parties[i.Party]++
	}
	if len(picture.Items) != 60 || len(parties) != len(c.Parties()) {
		t.Errorf("found %d flights of %d parties, want 60 of %d", len(picture.Items), len(parties), len(c.Parties()))
	}
}
