package intent

import (
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/terms"
)

// TestOwnersOfZonesAreTold: who is shown where an intent is is told which of its
// zones it enters, when, and by what rule; nobody else is, of nothing.
func TestOwnersOfZonesAreTold(t *testing.T) {
	toy := func(in bool) []party.ID { // tells everybody of everything
		if in {
			return []party.ID{nc, el, hr}
		}
		return nil
	}
	if len(toy(true)) != 3 {
		t.Fatal("the toy keeps something back")
	}
	where := []string{release.Reference, release.VolumesExact}
	for _, c := range []struct {
		name   string
		groups []string
		aside  bool // it does not conform, and is said to be in the zone alone then
		told   bool
	}{
		{"exact", where, false, true},
		{"reference alone", []string{release.Reference, release.Alias, release.Priority, release.OffNominal}, false, false},
		{"coarse ones alone", []string{release.Reference, release.VolumesCoarse}, false, false},
		{"off nominal that is hidden", where, true, false},
		{"off nominal", append(slices.Clone(where), release.OffNominal), true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := pair(t, nil)
			n.enrol(hr, registry.KindSignatory)
			n.shown = func(owner, to party.ID, state string) []string {
				if to == el {
					return c.groups
				}
				return []string{release.Reference, release.VolumesExact, release.OffNominal}
			}
			z := n.zone(el, "works", EntryWithContact, circle(t, 10, 20, 3, 0, 9000, "07:00", "10:00"))
			own := around(t, 0)
			if c.aside {
				own = around(t, 30)
			}
			r := n.activate(n.declare(nc, plan("other", volumes(own))))
			want := Unilateral
			if c.aside {
				out := volumes(around(t, 0))
				n.must(nc, &Nonconform{ID: r.ID, OffNominal: &out})
				n.settle()
			}
			v := verdict(n.st.Intent(r.ID), z.ID)
			if v == nil {
				t.Fatal("it does not meet the zone")
			}
			s, _ := n.st.Sight(r.ID, el)
			if told := len(s.Enters) > 0; told != c.told || s.EntersPartly {
				t.Fatalf("told %+v, want %v", s.Enters, c.told)
			}
			if c.told && s.Enters[0] != (Entry{Zone: z.ID, ZoneVersion: z.Version, Outcome: want, From: v.From, To: v.To}) {
				t.Errorf("told %+v of %+v", s.Enters[0], v)
			}
			for _, to := range []party.ID{nc, hr, "nobody"} {
				if s, _ := n.st.Sight(r.ID, to); len(s.Enters) > 0 {
					t.Errorf("%s, whose zone it is not, is told %+v", to, s.Enters)
				}
			}
			n.onlyTold(nc, el, c.told)
		})
	}
}

// TestEntriesFollowTheZone: an entry is told when a zone comes to be around a
// flight, and that it is over; of a proposal nothing is told.
func TestEntriesFollowTheZone(t *testing.T) {
	n := pair(t, func(r *terms.Rules) {
		a := around(t, 0)
		r.Zones = []terms.Zone{{
			Source: m1, Name: "barred", Type: NoEntry, Owner: el, Footprint: a.Footprint, Lower: a.Lower, Upper: a.Upper, Contact: "watch", Exempt: []string{"medical"},
		}}
	})
	proposal := n.declare(nc, plan("other", volumes(around(t, 0))))
	wantState(t, proposal, Proposed)
	exempt := n.declare(nc, plan("medical", volumes(around(t, 0))))
	if s, _ := n.st.Sight(proposal.ID, el); len(s.Enters) > 0 {
		t.Errorf("of a proposal: %+v", s.Enters)
	}
	if s, _ := n.st.Sight(exempt.ID, el); len(s.Enters) != 1 || s.Enters[0].Zone != "barred" || s.Enters[0].Outcome != ContactNeeded || s.Enters[0].Source != m1 {
		t.Errorf("of one that is exempt: %+v", s.Enters)
	}
	r := n.declare(nc, plan("other", volumes(around(t, 30))))
	n.events = nil
	z := n.zone(el, "works", CallFirst, circle(t, 10.5, 20, 3, 0, 9000, "07:00", "10:00"))
	s, _ := n.st.Sight(r.ID, el)
	if len(s.Enters) != 1 || s.Enters[0].Zone != z.ID || s.Enters[0].ZoneVersion != z.Version || s.Enters[0].Outcome != Unilateral {
		t.Fatalf("a zone around it: %+v", s.Enters)
	}
	n.onlyTold(nc, el, true)
	n.events = nil
	n.must(el, &ZoneCancel{ID: z.ID})
	n.settle()
	if s, _ := n.st.Sight(r.ID, el); len(s.Enters) > 0 {
		t.Errorf("after its cancellation: %+v", s.Enters)
	}
	i := slices.IndexFunc(n.events, func(ev event.Event) bool { _, ok := ev.(*Entering); return ok })
	if i < 0 || !n.events[i].(*Entering).Over || n.events[i].(*Entering).Zone != z.ID {
		t.Errorf("nobody is told that it is over: %v", n.events)
	}
	n.events = nil
	n.apply(n.st.Unsettle("nothing", Concern{}))
	n.settle()
	n.onlyTold(nc, el, false) // a review that finds the same says nothing
}

// TestZonesAreTheLastLeftOut: of more verdicts than are listed those on zones
// stay, as their owners are told by them.
func TestZonesAreTheLastLeftOut(t *testing.T) {
	for _, c := range []struct{ intents, zones, wantZones int }{{300, 3, 3}, {256, 0, 0}, {255, 1, 1}, {0, 300, 256}, {10, 250, 250}} {
		h := &hearing{}
		for range c.intents {
			h.verdicts = append(h.verdicts, Verdict{Against: AgainstIntent})
		}
		for range c.zones {
			h.verdicts = append(h.verdicts, Verdict{Against: AgainstZone, Party: el})
		}
		h.shorten()
		r := &Intent{Decided: Decided{Owner: nc, State: Accepted, Verdicts: h.verdicts, More: h.more, Shown: []Shown{{To: el, Members: []string{"volumes"}}}}}
		all, partly := r.entries(el)
		if len(h.verdicts)+int(h.more) != c.intents+c.zones || len(all) != c.wantZones || partly != (c.wantZones < c.zones) {
			t.Errorf("%+v: %d listed and %d not, %d entries, partly %v", c, len(h.verdicts), h.more, len(all), partly)
		}
	}
}

// zone declares a zone in force, and has those near it reviewed.
func (n *node) zone(by party.ID, name, kind string, v declared.Volume) *ZoneRecord {
	n.t.Helper()
	events := n.must(by, &ZoneDeclare{Zone: Zone{Name: name, Kind: kind, Contact: "watch", Primary: "121.000 MHz", LeadNS: 1, Volumes: []declared.Volume{v}}})
	z := events[0].(*ZoneDecided)
	n.must(by, &ZoneActivate{ID: z.ID, Token: z.Token})
	n.settle()
	return n.st.Zone(z.ID)
}

// onlyTold checks to whom events of entries go.
func (n *node) onlyTold(owner, other party.ID, want bool) {
	n.t.Helper()
	told := false
	for _, ev := range n.events {
		e, ok := ev.(*Entering)
		if !ok {
			continue
		}
		told = true
		for _, to := range []party.ID{nc, el, hr, "nobody", ""} {
			if shown := len(e.Release(to)) > 0; shown != (to == owner || to == other) {
				n.t.Errorf("%q is told %v of %+v", to, shown, e)
			}
		}
	}
	if told != want {
		n.t.Errorf("told of an entry by an event %v, want %v", told, want)
	}
}
