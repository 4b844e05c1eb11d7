package intent

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// TestCheckIsDeclare: where everything is shown to a party, a draft is blocked if
// and only if its declaration is not accepted, with the same verdicts, and the
// tokens that it names suffice; a draft of a change likewise.
func TestCheckIsDeclare(t *testing.T) {
	blocked, clear := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w := &walk{varanth(t, "06:00"), rt}
		zone := w.plainZone()
		w.agree(nc, el, func(r *terms.Rules) { r.Zones = append(r.Zones, zone) })
		for range rapid.IntRange(0, 15).Draw(rt, "steps") {
			w.step()
			w.settle()
		}
		p := w.plan()
		d := Draft{By: rapid.SampledFrom(actors).Draw(rt, "by"), Plan: &p}
		for _, r := range w.st.intents {
			if !r.State.over() && !r.shows(d.By, "volumes") {
				return
			}
		}
		var old *Intent
		if own := w.openOf(d.By); len(own) > 0 && rapid.Bool().Draw(rt, "change") {
			old = w.st.intents[own[w.draw(len(own)-1, "old")]]
			d.Replaces = old.ID
		}
		trial, err := w.st.Try(d, w.view(), w.now)
		if err != nil {
			w.refusedToo(rt, d, old, err)
			return
		}
		var act any = &Declare{Plan: p, ReadSet: trial.ReadSet}
		if old != nil {
			act = &Change{ID: old.ID, Token: old.Token, Plan: p, ReadSet: trial.ReadSet}
		}
		events, err := w.try(d.By, act)
		if trial.Blocked {
			blocked++
		} else {
			clear++
		}
		var refusal *event.Refusal
		var verdicts []Verdict
		switch {
		case err == nil:
			made := events[0].(*Decided)
			if trial.Blocked != (made.State == Proposed) {
				rt.Fatalf("blocked %v, and declared it is %s", trial.Blocked, made.State)
			}
			verdicts = made.Verdicts
		case errors.As(err, &refusal) && refusal.Kind == event.Conflict:
			if !trial.Blocked || old == nil {
				rt.Fatalf("blocked %v, and refused: %v", trial.Blocked, err)
			}
			verdicts, _ = refusal.Details.([]Verdict)
		default:
			rt.Fatalf("refused: %v", err)
		}
		if a, b := inWords(trial.Verdicts), inWords(verdicts); a != b {
			rt.Fatalf("checked %s\ndeclared %s", a, b)
		}
	})
	if (blocked == 0 || clear == 0) && !testing.Short() {
		t.Errorf("%d were blocked and %d not: one of them was not tried", blocked, clear)
	}
}

// inWords writes verdicts with what is measured rounded: a draft has another id
// than its declaration, so that a pair is measured from its other side.
func inWords(list []Verdict) string {
	list = slices.Clone(list)
	for i := range list {
		if m := list[i].Measure; m != nil {
			list[i].Measure = &Measure{At: m.At / 1e6 * 1e6, LateralShortfallTenthMM: m.LateralShortfallTenthMM / 100, VerticalShortfallMM: m.VerticalShortfallMM}
			if m.At != 0 && m.At%1e6 > 1e6-10 {
				list[i].Measure.At += 1e6
			}
		}
	}
	text, _ := json.Marshal(list)
	if len(list) == 0 {
		return "none"
	}
	return string(text)
}

// openOf are the ids of a party's intents that can be changed.
func (n *node) openOf(by party.ID) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(n.st.intents)) {
		if r := n.st.intents[id]; r.Owner == by && !r.State.over() && !r.State.offNominal() {
			ids = append(ids, id)
		}
	}
	return ids
}

func (w *walk) refusedToo(rt *rapid.T, d Draft, old *Intent, err error) {
	var act any = &Declare{Plan: *d.Plan, ReadSet: w.tokens()}
	if old != nil {
		act = &Change{ID: old.ID, Token: old.Token, Plan: *d.Plan, ReadSet: w.tokens()}
	}
	_, declared := w.try(d.By, act)
	var a, b *event.Refusal
	if !errors.As(err, &a) || !errors.As(declared, &b) || a.Kind != b.Kind {
		rt.Fatalf("checked: %v; declared: %v", err, declared)
	}
}

// TestDraftTellsNothingOfHiddenOnes: against what a party is not shown a draft is
// not judged; the declaration is.
func TestDraftTellsNothingOfHiddenOnes(t *testing.T) {
	n := pair(t, nil)
	n.shown = func(party.ID, party.ID, string) []string { return nil }
	n.declare(nc, plan("other", volumes(around(t, 0))))
	p := plan("other", volumes(around(t, 0)))
	trial, err := n.st.Try(Draft{By: el, Plan: &p}, n.view(), n.now)
	if err != nil || trial.Blocked || len(trial.Verdicts) != 0 || len(trial.ReadSet) != 0 || trial.Known {
		t.Errorf("%+v, %v", trial, err)
	}
	g, err := n.st.DraftGround(Draft{By: el, Plan: &p}, volume.Need{LateralMM: 1e7}, n.view(), n.now)
	if err != nil || len(g.Obstacles) != 0 {
		t.Errorf("%+v, %v", g, err)
	}
	wantState(t, n.declare(el, p), Proposed)
	own, err := n.st.Try(Draft{By: nc, Plan: &p}, n.view(), n.now)
	if err != nil || own.Blocked {
		t.Errorf("against its own: %+v, %v", own, err)
	}
	for name, d := range map[string]Draft{
		"another's": {By: nc, Plan: &p, Replaces: n.openOf(el)[0]}, "none": {By: nc, Plan: &p, Replaces: "x"}, "empty": {By: nc, Plan: &Plan{}},
	} {
		if _, err := n.st.Try(d, n.view(), n.now); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}

// TestSightIsWithinLook: whatever the matrices open and the parties do, all that
// can be drawn of an intent for a party is among the members that the party is
// shown; and what is shown is drawn.
func TestSightIsWithinLook(t *testing.T) {
	groups := []string{
		release.Alias, release.Contact, release.Kind, release.OffNominal, release.Priority, release.Reference, release.VolumesCoarse, release.VolumesExact,
	}
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w := &walk{varanth(t, "06:00"), rt}
		seed := rapid.Uint32().Draw(rt, "matrix")
		w.shown = func(owner, to party.ID, state string) []string {
			h := fnv.New32a()
			fmt.Fprint(h, seed, owner, to, state)
			var open []string
			for i, g := range groups {
				if h.Sum32()>>i&1 == 1 {
					open = append(open, g)
				}
			}
			return open
		}
		// A zone of random owner in the way of most that is declared.
		_, _ = w.try(rapid.SampledFrom(actors).Draw(rt, "zone owner"), &ZoneDeclare{Zone: Zone{
			Name: "wide", Kind: EntryWithContact, Contact: "watch", Volumes: []declared.Volume{circle(t, 12.2, -29.8, 12, 0, 9000, "06:00", "10:00")},
		}})
		for range 3 {
			_, _ = w.try(rapid.SampledFrom(actors).Draw(rt, "flies"), &Declare{Plan: w.plan(), ReadSet: w.tokens()})
		}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			w.step()
			w.settle()
		}
		for _, to := range append([]party.ID{"stranger"}, actors...) {
			w.sightsWithin(rt, to, seen)
		}
		w.entriesWithin(rt, seen)
	})
	for _, what := range []string{"own", "drawn", "withheld", "off nominal", "entry", "entry told"} {
		if seen[what] == 0 && !testing.Short() {
			t.Errorf("nothing was %s", what)
		}
	}
}

func (w *walk) sightsWithin(rt *rapid.T, to party.ID, seen map[string]int) {
	all := map[string]Sight{}
	for _, s := range w.st.Sights(to, nil) {
		all[s.ID] = s
	}
	for id, r := range w.st.intents {
		l, found := w.st.Look(id, to)
		var members map[string]json.RawMessage
		if found {
			if err := json.Unmarshal(l.Members, &members); err != nil {
				rt.Fatal(err)
			}
		}
		s, drawn := all[id]
		if want := members["id"] != nil && !r.State.over(); drawn != want {
			rt.Fatalf("%s for %s: drawn %v, want %v", id, to, drawn, want)
		}
		if one, ok := w.st.Sight(id, to); ok != drawn || ok && inJSON(one) != inJSON(s) {
			rt.Fatalf("%s for %s alone is %+v", id, to, one)
		}
		if !drawn {
			continue
		}
		off := r.State.offNominal() && members["off_nominal"] != nil
		for name, there := range map[string]bool{
			"alias": s.Alias != "", "aircraft_kind": s.AircraftKind != "", "priority": s.Rank != "", "state": s.State != "", "owner": s.Owner != "",
			"verdicts": len(s.Verdicts) > 0, "volumes": s.Where != nil && s.OffVolume > 0,
		} {
			if there && members[name] == nil {
				rt.Fatalf("%s for %s: %s is drawn and not shown: %s", id, to, name, l.Members)
			}
		}
		if want := members["volumes"] != nil || off; (s.Where != nil) != want {
			rt.Fatalf("%s for %s: where it is drawn %v, shown %v", id, to, s.Where != nil, want)
		}
		if s.Where != nil && len(s.Where.Volumes) > s.OffVolume && !off {
			rt.Fatalf("%s for %s: where it is off nominal is drawn and not shown", id, to)
		}
		if s.Own != (r.Owner == to) || s.Grade != l.Grade || s.Notice != l.Notice || s.UnderReview != l.UnderReview {
			rt.Fatalf("%s for %s: %+v, look %+v", id, to, s, l)
		}
		w.entriesAre(rt, to, r, &s, members["volumes"] != nil && (!r.State.offNominal() || off || r.OffNominal == nil), seen)
		switch {
		case s.Own:
			seen["own"]++
		case s.Where == nil:
			seen["withheld"]++
		default:
			seen["drawn"]++
		}
		if off && s.Where != nil && len(s.Where.Volumes) > s.OffVolume {
			seen["off nominal"]++
		}
	}
}

// entriesAre compares the zones of its own that a party is told another's intent
// enters with those that it does, by the kernel: all of them where the party is
// shown all of where it is, else none.
func (w *walk) entriesAre(rt *rapid.T, to party.ID, r *Intent, s *Sight, whole bool, seen map[string]int) {
	var want, got []string
	if whole && !s.Own && r.State != Proposed {
		for _, z := range w.st.Zones() {
			if z.Owner != to || z.State == ZoneOver {
				continue
			}
			if meets, err := conflict.Decide(s.Where, z.Entity(), conflict.Minima{}); err == nil && meets {
				want = append(want, z.ID)
			}
		}
	}
	for _, e := range s.Enters {
		if w.st.Zone(e.Zone) != nil { // else it stands in the agreement
			got = append(got, e.Zone)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if r.Review == "" && !slices.Equal(got, want) || len(got) > 0 && !whole {
		rt.Fatalf("%s of %s, %s: %s is told that it enters %q, want %q", r.ID, r.Owner, r.State, to, got, want)
	}
	seen["entry"] += len(got)
}

// entriesWithin holds what owners of zones were told by events to what they were
// shown of that version.
func (w *walk) entriesWithin(rt *rapid.T, seen map[string]int) {
	decided := map[string]*Decided{}
	for _, ev := range w.events {
		switch e := ev.(type) {
		case *Decided:
			decided[e.ID] = e
		case *Entering:
			d := decided[e.ID]
			for _, to := range append([]party.ID{"stranger"}, actors...) {
				if to != e.Owner && len(e.Release(to)) > 0 && (to != e.Party || !slices.Contains(d.Release(to), "volumes")) {
					rt.Fatalf("%s is told of %+v, and is shown %q of it", to, e, d.Release(to))
				}
			}
			seen["entry told"]++
		}
	}
}

func inJSON(s Sight) string {
	s.Where = nil
	text, _ := json.Marshal(s)
	return string(text)
}
