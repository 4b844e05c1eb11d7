package sim

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// crowdParties are those of a crowd; the first is shown what all declare.
var crowdParties = []string{"alder", "birch", "cedar", "dogwood", "elm"}

// crowdBox is where a crowd flies: 100 km by 100 km of the sea.
var crowdBox = Box{West: -30.4595, South: 11.5504, East: -29.5405, North: 12.4496}

// crowdWorkers is how many acts are under way at the same time while a node is
// filled: its writer puts what comes together into one block of the journal.
const crowdWorkers = 64

// crowdHours is in how many hours from now the flights of a crowd begin.
const crowdHours = 4

// Crowd is a node filled with flights of several parties in a box of 100 km,
// beginning now and in the hours after, and craft that move among them.
type Crowd struct {
	Seed    uint64
	Intents int
	Craft   int
}

// Viewer returns the party that is shown all of a crowd.
func (*Crowd) Viewer() party.ID { return party.ID(crowdParties[0]) }

// Parties returns all of its parties.
func (*Crowd) Parties() []party.ID {
	all := make([]party.ID, len(crowdParties))
	for i, id := range crowdParties {
		all[i] = party.ID(id)
	}
	return all
}

// Traffic returns its craft.
func (c *Crowd) Traffic() *Traffic { return &Traffic{Seed: c.Seed, Free: c.Craft, Box: crowdBox} }

// Fill enrols the parties and declares the flights at a node that runs by the
// real clock. done is told now and then how many there are, from several
// goroutines.
func (c *Crowd) Fill(ctx context.Context, node Node, done func(n int)) error {
	pool := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: crowdWorkers}}
	defer pool.CloseIdleConnections()
	cast := make([]*client.Client, len(crowdParties))
	for i, id := range crowdParties {
		var err error
		if cast[i], err = enrolled(ctx, node, pool, party.ID(id)); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	begins := time.Now()
	var next, declared atomic.Int64
	var workers sync.WaitGroup
	for range crowdWorkers {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= c.Intents {
					return
				}
				by := cast[i%len(cast)]
				if err := declareRead(ctx, by, c.plan(i, begins)); err != nil {
					cancel(fmt.Errorf("flight %d of %s: %w%s", i, by.Party, err, detailsOf(err)))
					return
				}
				done(int(declared.Add(1)))
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// declareRead declares a flight, having read those that it meets, as many as come
// up meanwhile.
func declareRead(ctx context.Context, by *client.Client, p intent.Plan) error {
	d := intent.Declare{Plan: p}
	for try := 0; ; try++ {
		_, err := by.Act(ctx, "intent.declare", d)
		var problem *client.Problem
		if err == nil || !errors.As(err, &problem) || problem.Kind() != "act-stale" || try == crowdTries {
			return err
		}
		var checked struct {
			ReadSet []string `json:"read_set"`
		}
		if err := by.Ask(ctx, "/v1/check", map[string]any{"plan": p}, &checked); err != nil {
			return err
		}
		d.ReadSet = checked.ReadSet
	}
}

// crowdTries is how often a flight is declared anew because another came first.
const crowdTries = 10

// enrolled enrols a party of a crowd, which shows all it declares to the others.
func enrolled(ctx context.Context, node Node, pool *http.Client, id party.ID) (*client.Client, error) {
	name := string(id)
	token, err := node.Token(id, "watch", name+"-watch")
	if err != nil {
		return nil, err
	}
	by := &client.Client{BaseURL: node.URL, Party: name, HTTP: pool, Token: func(context.Context) (string, error) { return token, nil }}
	if by.Origin, err = by.ReadOrigin(ctx); err != nil {
		return nil, err
	}
	record := registry.Party{
		ID: id, Kind: registry.KindThird, Names: map[string]string{"en": string(name[0]-'a'+'A') + name[1:]}, Languages: []string{"en"},
		Roles:     []registry.Role{holds("chief", party.Policy, name+"-chief"), holds("watch", party.Watch, name+"-watch")},
		Policies:  map[string]registry.Policy{"party.change": all(1, "chief")},
		Positions: []registry.Position{{Name: "watch", Level: party.Watch, Bearers: []registry.Bearer{{Name: "data", Kind: "data"}}}},
	}
	shown := release.Set{Purpose: release.Purpose, Rows: []release.Row{{
		To: release.Recipient{Kind: string(registry.KindThird)}, Shown: true,
		Groups: []string{release.Alias, release.Kind, release.OffNominal, release.Priority, release.Reference, release.VolumesExact},
		States: []string{release.StateProposed, release.StateAccepted, release.StateActivated, release.StateOffNominal, release.StateEnded},
	}}}
	acts := []struct {
		act  string
		body any
	}{{"party.enrol", registry.Enrol{Party: record}}, {"release.set", shown}}
	chief := *by // its token names nobody: the key does
	own, err := node.Token(id, "", "")
	chief.Token = func(context.Context) (string, error) { return own, err }
	for _, a := range acts {
		if _, err := chief.Act(ctx, a.act, a.body, ed25519.PrivateKey(keyOf(name+"-chief"))); err != nil {
			return nil, fmt.Errorf("%s: %w%s", a.act, err, detailsOf(err))
		}
	}
	return by, nil
}

// plan returns the i-th flight of a crowd that begins at an instant: two to four
// legs of some kilometres at one height.
func (c *Crowd) plan(i int, begins time.Time) intent.Plan {
	rng := rand.New(rand.NewPCG(c.Seed, 1<<32+uint64(i)))
	within := func(lo, hi float64) float64 { return lo + (hi-lo)*rng.Float64() }
	b := &crowdBox
	place := geodesy.LatLng(at(within(b.South, b.North), within(b.West, b.East)))
	course, speed := within(0, 360), within(12, 30)
	// None is to be over before all are declared, however busy the machine is.
	when := begins.Add(time.Duration(float64(crowdHours*time.Hour)*rng.Float64()) + 3*time.Minute)
	height := declared.Altitude{MM: int64(math.Round(within(60, 1500))) * 1000, Reference: string(geodesy.W84)}
	line := declared.Trajectory{HalfWidthMM: 50_000, VErrorMM: 10_000, TErrorNS: int64(time.Second)}
	for n := 2 + rng.IntN(3); ; n-- {
		line.Points = append(line.Points, declared.TimedPoint{
			LatE9: place.LatE9, LngE9: place.LngE9, Alt: height, At: statement.Instant(when.UnixNano()),
		})
		if n == 0 {
			break
		}
		lengthM := within(3000, 6000)
		place = geodesy.Direct(place, course, lengthM)
		when = when.Add(time.Duration(lengthM / speed * float64(time.Second)))
		course += within(-60, 60)
	}
	return intent.Plan{
		Alias: fmt.Sprintf("%s-%d", crowdParties[i%len(crowdParties)], i), AircraftKind: "unmanned", CountBand: "1", SizeClass: "light", Mode: "BVLOS",
		Shape:    declared.Shape{Trajectories: []declared.Trajectory{line}},
		Priority: intent.Priority{Rank: terms.RankOther}, Contact: intent.Contact{Position: "watch", Language: "en"},
		Position: intent.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: 5000},
		Time:     intent.TimeBasis{Source: "gnss", ErrorNS: int64(time.Millisecond)},
	}
}
