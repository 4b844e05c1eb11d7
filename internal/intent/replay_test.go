package intent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

var actors = []party.ID{nc, el, hr, vc, sm}

// walk does random acts on a node, and lets time pass.
type walk struct {
	*node
	rt *rapid.T
}

func (w *walk) draw(most int, what string) int { return rapid.IntRange(0, most).Draw(w.rt, what) }

// any returns a random intent, nil when there is none.
func (w *walk) any() *Intent {
	ids := slices.Sorted(maps.Keys(w.st.intents))
	if len(ids) == 0 {
		return &Intent{}
	}
	return w.st.intents[ids[w.draw(len(ids)-1, "intent")]]
}

func (w *walk) plan() Plan {
	rank := rapid.SampledFrom([]string{"humanitarian", "routine", "other"}).Draw(w.rt, "rank")
	v := circle(w.t, 12+float64(w.draw(4, "lat"))/10, -30+float64(w.draw(4, "lng"))/10, 2, 5000, 6000, "06:00", "07:00")
	v.Start += statement.Instant(int64(w.draw(6, "start")) * 10 * minuteNS)
	v.End = v.Start + 30*minuteNS
	p := plan(rank, volumes(v))
	p.Alias = "Heron"
	return p
}

// step does one thing that may be refused.
func (w *walk) step() {
	by := rapid.SampledFrom(actors).Draw(w.rt, "by")
	r := w.any()
	if w.draw(3, "own") > 0 && r.Owner != "" {
		by = r.Owner
	}
	var reads []string
	if w.draw(4, "reads") > 0 {
		reads = slices.Sorted(slices.Values(w.tokens()))
	}
	other := rapid.SampledFrom(actors).Draw(w.rt, "other")
	aside := w.plan().Shape
	acts := []any{
		&Declare{Plan: w.plan(), ReadSet: reads},
		&Declare{Plan: w.plan(), ReadSet: reads},
		&Change{ID: r.ID, Token: r.Token, Plan: w.plan(), ReadSet: reads},
		&Redeclare{ID: r.ID, Token: r.Token, ReadSet: reads},
		&Activate{ID: r.ID, Token: r.Token, ReadSet: reads},
		&Nonconform{ID: r.ID, OffNominal: &aside},
		&Contingency{ID: r.ID},
		&End{ID: r.ID},
		&Withdraw{ID: r.ID},
		&Acknowledge{ID: r.ID, Version: r.Version, Step: rapid.SampledFrom([]Step{Received, Read}).Draw(w.rt, "step")},
		&Evidence{ID: r.ID, Kind: rapid.SampledFrom([]Mark{MarkTracked, MarkContradicted, MarkReview}).Draw(w.rt, "mark")},
		&Report{About: "x", Origin: "y", Grade: "press", Shape: w.plan().Shape},
		&Undertake{ID: r.ID, Party: other, Until: statement.Instant(w.now + hourNS)},
		&Tell{ID: r.ID, Party: other},
		&ZoneDeclare{Zone: Zone{Name: fmt.Sprint("Z", w.draw(2, "name")), Kind: NoEntry, Contact: "watch", Volumes: w.plan().Volumes}},
	}
	for _, z := range w.st.Zones() {
		acts = append(acts, &ZoneActivate{ID: z.ID, Token: z.Token}, &ZoneCancel{ID: z.ID},
			&ZoneChange{ID: z.ID, Token: z.Token, Zone: Zone{Name: z.Name, Kind: NoEntry, Contact: "watch", Volumes: w.plan().Volumes}})
		if w.draw(1, "zone") == 0 {
			by = z.Owner
		}
	}
	switch w.draw(9, "what") {
	case 0:
		w.now += int64(w.draw(60, "minutes")) * minuteNS
	case 1:
		w.apply(w.st.Unsettle("a change", Concern{Owners: []party.ID{by}}))
	case 2:
		w.agree(nc, el, func(r *terms.Rules) { r.Suspended = !r.Suspended; r.Minima[0].Suspended = r.Suspended })
	default:
		_, _ = w.try(by, acts[w.draw(len(acts)-1, "act")])
	}
}

func written(t rapid.TB, st *State) []byte {
	b, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestReplayIsTheState: the events of random acts give the same state when they
// are replayed, when they are replayed on a snapshot, and whatever is done after
// a clone was taken.
func TestReplayIsTheState(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &walk{varanth(t, "06:00"), rt}
		zone := varanth(t, "06:00").plainZone()
		w.agree(nc, el, func(r *terms.Rules) { r.Zones = []terms.Zone{zone} })
		var clone *State
		var asCloned []byte
		half := &State{}
		steps := rapid.IntRange(1, 40).Draw(rt, "steps")
		for i := range steps {
			if i == steps/2 {
				clone, asCloned = w.st.Clone(), written(rt, w.st)
				if err := json.Unmarshal(asCloned, half); err != nil {
					rt.Fatal(err)
				}
				if again := written(rt, half); !bytes.Equal(again, asCloned) {
					rt.Fatalf("a snapshot reads as another state:\n%s\n%s", asCloned, again)
				}
				w.replay = half
			}
			w.step()
			w.settle()
			w.check(rt)
		}
		want := written(rt, w.st)
		if got := written(rt, clone); !bytes.Equal(got, asCloned) {
			rt.Fatalf("a clone changed with its original:\n%s\n%s", asCloned, got)
		}
		if got := written(rt, half); !bytes.Equal(got, want) {
			rt.Fatalf("a snapshot went on to another state:\n%s\n%s", want, got)
		}
		fresh := New()
		for i, ev := range w.events {
			fresh.Apply(ev, w.ats[i])
		}
		if got := written(rt, fresh); !bytes.Equal(got, want) {
			rt.Fatalf("replayed to another state:\n%s\n%s", want, got)
		}
		if a, okA := w.st.Deadline(); true {
			if b, okB := fresh.Deadline(); a != b || okA != okB {
				rt.Fatalf("deadline %d, %v and replayed %d, %v", a, okA, b, okB)
			}
		}
	})
}

func (n *node) plainZone() terms.Zone {
	v := circle(n.t, 12.5, -29.5, 5, 0, 9000, "06:00", "07:00")
	return terms.Zone{Source: m1, Name: "Z1", Type: NoEntry, Owner: nc, Footprint: v.Footprint, Lower: v.Lower, Upper: v.Upper}
}

// check holds what must be true of any state.
func (w *walk) check(rt *rapid.T) {
	live := 0
	for id, r := range w.st.intents {
		if !r.State.over() {
			live++
		}
		if (r.State == Proposed || r.State.over()) == r.Listed {
			rt.Fatalf("%s is %s and listed %v", id, r.State, r.Listed)
		}
		if r.Review != "" && w.now > 0 {
			rt.Fatalf("%s is still under review", id)
		}
		if r.Listed {
			listed, err := airspace.ParseID(id)
			if err != nil {
				rt.Fatal(err)
			}
			view, ok := w.air.Intent(listed)
			if !ok || view.OVN != r.Token || view.Manager != r.Owner {
				rt.Fatalf("%s in the airspace: %v %+v, token %s", id, ok, view, r.Token)
			}
		}
		// No two that stand meet, unless one gave way, does not conform, or
		// was accepted under rules that were suspended.
		if r.State != Accepted && r.State != Activated || len(r.NoRule) > 0 {
			continue
		}
		for _, o := range w.st.intents {
			if o.Owner == r.Owner || o.State != Accepted && o.State != Activated || len(o.NoRule) > 0 || o.ID <= id {
				continue
			}
			if lost, err := conflict.Decide(r.entity, o.entity, noRuleMinima(r.entity, o.entity)); err != nil || lost {
				rt.Fatalf("%s and %s both stand and meet: %v", id, o.ID, err)
			}
		}
	}
	if n := w.air.Counts().Intents; n > live {
		rt.Fatalf("%d in the airspace, %d not over", n, live)
	}
}

// TestEventsShowNoMoreThanIsOpened: an event shows a party only members that
// exist, and none of an intent's place to whom its owner's matrix opens none.
func TestEventsShowNoMoreThanIsOpened(t *testing.T) {
	n := varanth(t, "06:00")
	n.shown = func(owner, to party.ID, state string) []string {
		if to == hr {
			return []string{release.Reference, release.Kind}
		}
		return nil
	}
	a := n.declare(nc, n204(t, 9000, "08:45"))
	b := n.declare(el, plan("routine", volumes(circle(t, 12.10, -29.70, 1, 9000, 10000, "09:00", "10:00"))))
	wantState(t, b, Proposed)
	if v := verdict(b, a.ID); v == nil || v.Measure != nil {
		t.Errorf("who is not shown where the other is is told distances: %+v", v)
	}
	for _, ev := range n.events {
		for _, to := range []party.ID{el, hr, vc, sm, "nobody"} {
			if ev.Actor() == to {
				continue
			}
			for _, name := range ev.Release(to) {
				if name == "volumes" || name == "token" || name == "contact" {
					t.Errorf("%s shows %s to %s", ev.Type(), name, to)
				}
				if !slices.ContainsFunc(allMembers(ev), func(m string) bool { return m == name }) && name != "*" {
					t.Errorf("%s releases %s, which it does not have", ev.Type(), name)
				}
			}
		}
	}
	if _, ok := n.st.Look(a.ID, sm); ok {
		t.Error("an intent is shown to a party that nothing is opened to")
	}
	l, ok := n.st.Look(a.ID, hr)
	if !ok || bytes.Contains(l.Members, []byte("volumes")) || !bytes.Contains(l.Members, []byte("aircraft_kind")) {
		t.Errorf("shown to harbour-relief: %s", l.Members)
	}
	if l, ok := n.st.Look(a.ID, nc); !ok || !bytes.Contains(l.Members, []byte("volumes")) {
		t.Errorf("shown to its owner: %s", l.Members)
	}
}

// allMembers are the names of all members that an event may have.
func allMembers(ev event.Event) []string {
	names := slices.Clone(event.Envelope)
	var of func(t reflect.Type)
	of = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous {
				of(f.Type)
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	of(reflect.TypeOf(ev).Elem())
	return names
}
