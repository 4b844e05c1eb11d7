package intent

import (
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// searched is an option with the plan that it makes.
type searched struct {
	resolve.Option
	plan Plan
	read []string
}

// options searches as a client of a node has it searched.
func (n *node) options(by party.ID, id string) (*Ground, []searched) {
	n.t.Helper()
	reach := volume.Need{LateralMM: 40_000_000, VerticalMM: 6_000_000, TimeNS: 4 * hourNS}
	g, err := n.st.Ground(id, by, reach, n.view(), n.now)
	if err != nil {
		n.t.Fatal(err)
	}
	byID, others := map[string]*Obstacle{}, []*volume.Entity(nil)
	for i := range g.Obstacles {
		o := &g.Obstacles[i]
		byID[o.Entity.ID], others = o, append(others, o.Entity)
	}
	around, err := resolve.NewSurroundings(others, resolve.Rules{
		Minima: conflict.Minima{}, MinimaFor: func(e *volume.Entity) conflict.Minima { return byID[e.ID].Minima },
		Conditional: func(e *volume.Entity) bool { return byID[e.ID].Enter },
	})
	if err != nil {
		n.t.Fatal(err)
	}
	q := resolve.DefaultQuery(resolve.Rules{})
	q.Limits.LaterNS, q.Limits.UpMM, q.Limits.SidewaysMM, q.Count, q.NoReroute = 2*hourNS, 3_000_000, 40_000_000, 20, true
	a, err := around.Options(resolve.Plan{Entity: g.Entity}, q)
	if err != nil {
		n.t.Fatal(err)
	}
	var found []searched
	for _, o := range a.Options {
		p := g.Intent.Plan
		if p.Shape, err = declared.Of(o.Entity); err != nil {
			n.t.Fatal(err)
		}
		_, read, blocked, err := n.st.Rehearse(id, by, &p, n.view(), n.now)
		if err != nil {
			n.t.Fatal(err)
		}
		if !blocked {
			found = append(found, searched{o, p, read})
		}
	}
	return g, found
}

// take has the owner change its intent as an option says.
func (n *node) take(by party.ID, g *Ground, o *searched) ([]event.Event, error) {
	return n.try(by, &Change{ID: g.Intent.ID, Token: g.Intent.Token, Plan: o.plan, ReadSet: o.read})
}

func kindOf(found []searched, kind resolve.Kind) *searched {
	if i := slices.IndexFunc(found, func(o searched) bool { return o.Kind == kind }); i >= 0 {
		return &found[i]
	}
	return nil
}

// TestC4OptionsAreTakenAtOnce is 07:12 of the worked example: each option is one
// act, which the node judges anew. The toy, a text that says "conflict detected",
// has no way out to offer; an option that is taken after the other changed is
// refused.
func TestC4OptionsAreTakenAtOnce(t *testing.T) {
	n := varanth(t, "06:10")
	move := n.declare(hr, h17(t))
	n.at("07:10")
	first := n.declare(nc, n204(t, 9000, "08:45"))
	wantState(t, first, Proposed)
	n.at("07:12")
	g, found := n.options(nc, first.ID)
	floor, start := kindOf(found, resolve.Floor), kindOf(found, resolve.Start)
	if floor == nil || start == nil {
		t.Fatalf("options %v, want a floor and a start among them", found)
	}
	if got := floor.plan.Volumes[0].Lower.MM; got < feet(12_000) || got > feet(12_000)+100 {
		t.Errorf("the floor is %d mm, want 12,000 ft, %d", got, feet(12_000))
	}
	wantAbout(t, "start", start.plan.Volumes[0].Start, clock(t, "09:21:04"))
	for i := range g.Obstacles {
		if g.Obstacles[i].Withheld {
			t.Errorf("%s is withheld, though it is shown", g.Obstacles[i].ID)
		}
	}

	// H-17 goes higher in between: the way over it is no way any more.
	higher := h17(t)
	higher.Shape = flown(flight(t, nm, feet(1000), fix{11.60, -29.40, 10_500, "09:00"}, fix{12.40, -30.00, 10_500, "09:24"}))
	n.change(move, higher)
	if _, err := n.take(nc, g, floor); err == nil {
		t.Error("an option is taken that rests on what has changed")
	} else if kind := err.(*event.Refusal).Kind; kind != event.Stale {
		t.Errorf("a stale option is refused as %s", kind)
	}

	g, found = n.options(nc, first.ID)
	if floor = kindOf(found, resolve.Floor); floor == nil {
		t.Fatalf("options %v, want a floor among them", found)
	}
	if _, err := n.take(nc, g, floor); err != nil {
		t.Fatal(err)
	}
	second := n.st.Intent(first.ID)
	wantState(t, second, Accepted)
	if second.Version != 2 || second.Volumes[0].Lower.MM < feet(13_500) {
		t.Errorf("version %d with the floor at %d mm", second.Version, second.Volumes[0].Lower.MM)
	}
}

// TestOptionsTellNoMoreThanVerdicts: towards an intent that its owner is not
// shown, a party learns by options what the reference says, and nothing of where.
// The toy searches the true shape.
func TestOptionsTellNoMoreThanVerdicts(t *testing.T) {
	n := varanth(t, "06:10")
	n.shown = func(party.ID, party.ID, string) []string { return nil }
	move := n.declare(hr, h17(t))
	n.at("07:10")
	first := n.declare(nc, n204(t, 9000, "08:45"))
	g, found := n.options(nc, first.ID)
	var hidden *Obstacle
	for i := range g.Obstacles {
		if g.Obstacles[i].ID == move.ID {
			hidden = &g.Obstacles[i]
		}
	}
	if hidden == nil || !hidden.Withheld || len(hidden.Entity.Trajectories) > 0 {
		t.Fatalf("%+v, want H-17 withheld", hidden)
	}
	if o := kindOf(found, resolve.Floor); o != nil {
		t.Errorf("a floor is offered that tells how high H-17 is: %+v", o.Change)
	}
	start := kindOf(found, resolve.Start)
	if start == nil {
		t.Fatalf("options %v, want one after H-17", found)
	}
	if got := start.plan.Volumes[0].Start; got < move.End {
		t.Errorf("a start at %s tells when H-17, until %s, has passed", got, move.End)
	}
	if exact := h17(t); slices.ContainsFunc(found, func(o searched) bool {
		return o.plan.Volumes[0].Start < exact.Trajectories[0].Points[1].At && o.Kind == resolve.Start
	}) {
		t.Error("the toy's start is offered")
	}

	// One that is neither shown nor in conflict is not there at all.
	n.at("07:20")
	far := h17(t)
	far.Shape = flown(flight(t, nm, feet(1000), fix{11.60, -29.40, 25_000, "09:00"}, fix{12.40, -30.00, 25_000, "09:24"}))
	unseen := n.declare(hr, far)
	g, _ = n.options(nc, first.ID)
	for i := range g.Obstacles {
		if g.Obstacles[i].ID == unseen.ID {
			t.Error("an intent is found out by asking for options")
		}
	}
}
