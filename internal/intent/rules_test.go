package intent

import (
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// TestC2LadderIsAgreed: who goes first follows from ranks that are published, not
// from a number that the sender picks; between equals, who was there first.
func TestC2LadderIsAgreed(t *testing.T) {
	toy := func(mine, theirs int) bool { return mine > theirs }
	if !toy(1<<30, 5) {
		t.Fatal("the toy does not let the larger number win")
	}
	n := pair(t, func(r *terms.Rules) { r.Priority.Ranks = [][]string{{"medical", "fire"}, {"routine"}} })
	for _, c := range []struct {
		first, second string
		want          Outcome
	}{
		{"routine", "medical", Yields},
		{"medical", "routine", Stands},
		{"medical", "fire", Stands},
		{"routine", "routine", Stands},
		{"routine", "most-important-of-all", Stands},
	} {
		m := *n
		m.st, m.air = New(), newNode(t, "06:00").air
		first := m.declare(nc, alias(plan(c.first, volumes(around(t, 0))), "first"))
		second := m.declare(el, alias(plan(c.second, volumes(around(t, 1))), "second"))
		if v := verdict(second, first.ID); v.Outcome != c.want {
			t.Errorf("%s after %s: %s, want %s", c.second, c.first, v.Outcome, c.want)
		}
		first = m.st.Intent(first.ID)
		if c.want == Stands {
			wantState(t, first, Accepted)
			wantState(t, second, Proposed)
			continue
		}
		wantState(t, second, Accepted)
		wantState(t, first, GivesWay)
		if first.By != second.ID || second.Claim.Person != "w1" || second.Priority.Rank != c.second {
			t.Errorf("displaced by %s; claim %+v", first.By, second.Claim)
		}
		m.refused(nc, &Activate{ID: first.ID, Token: first.Token, ReadSet: m.tokens()}, event.NotNow)
		wantState(t, m.change(first, alias(plan(c.first, volumes(around(t, 60))), "first")), Accepted)
	}
	// One in the air is displaced with the need of an exit.
	n.activate(n.declare(nc, alias(plan("routine", volumes(around(t, 0))), "up")))
	events := n.must(el, &Declare{Plan: alias(plan("fire", volumes(around(t, 1))), "fire"), ReadSet: n.tokens()})
	i := slices.IndexFunc(events, func(ev event.Event) bool { _, ok := ev.(*Displaced); return ok })
	if i < 0 || !events[i].(*Displaced).ExitNeeded {
		t.Errorf("no exit is asked for: %v", events)
	}
}

// TestC3ZonesAreTypedAndOwned: the type says what may be done, and only an area
// that both sides agreed to binds the other.
func TestC3ZonesAreTypedAndOwned(t *testing.T) {
	toy := func(in bool) string { // a list of red polygons
		if in {
			return "conflict"
		}
		return "clear"
	}
	if toy(true) != "conflict" {
		t.Fatal("the toy knows more than red")
	}
	shape := circle(t, 10, 20, 3, 0, 9000, "07:00", "10:00")
	zone := func(name, kind string, leadNS int64) Zone {
		return Zone{Name: name, Kind: kind, Contact: "watch", Primary: "121.000 MHz", LeadNS: leadNS, Volumes: []declared.Volume{shape}}
	}
	agreed := func(name, kind string, leadNS int64) terms.Zone {
		return terms.Zone{
			Source: m1, Name: name, Type: kind, Owner: nc, Footprint: shape.Footprint, Lower: shape.Lower, Upper: shape.Upper,
			LeadNS: leadNS, Contact: "watch", Exempt: []string{"medical"},
		}
	}
	for _, c := range []struct {
		name, kind, rank string
		leadNS           int64
		agreed           bool
		want             Outcome
		state            Phase
	}{
		{"agreed no entry", NoEntry, "other", 0, true, EntryBarred, Proposed},
		{"exempt", NoEntry, "medical", 0, true, ContactNeeded, Accepted},
		{"unilateral no entry", NoEntry, "other", 0, false, Unilateral, Accepted},
		{"contact", EntryWithContact, "other", 0, true, ContactNeeded, Accepted},
		{"call first", CallFirst, "other", hourNS, true, CallNeeded, Accepted},
		{"called late", CallFirst, "other", 3 * hourNS, true, CallLate, Accepted},
		{"advisory", Advisory, "other", 0, true, AdvisoryOnly, Accepted},
		{"line by itself", DividingLine, "other", 0, false, Unilateral, Accepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := pair(t, func(r *terms.Rules) {
				if c.agreed {
					r.Zones = []terms.Zone{agreed("Z", c.kind, c.leadNS)}
				}
			})
			n.must(nc, &ZoneDeclare{Zone: zone("Z", c.kind, max(c.leadNS, 1))})
			z := n.st.Zones()[0]
			n.must(nc, &ZoneActivate{ID: z.ID, Token: z.Token})
			z = n.st.Zones()[0]
			own := n.declare(nc, plan("other", volumes(around(t, 0))))
			if v := verdict(own, z.ID); v != nil {
				t.Errorf("the owner's own zone: %+v", v)
			}
			n.must(nc, &Withdraw{ID: own.ID})
			n.refused(el, &Declare{Plan: plan(c.rank, volumes(around(t, 0)))}, event.Stale) // did not read the zone
			r := n.declare(el, plan(c.rank, volumes(around(t, 0))))
			v := verdict(r, z.ID)
			if v == nil || v.Outcome != c.want || c.agreed != (v.Source == m1) {
				t.Fatalf("verdict %+v, want %s", v, c.want)
			}
			wantState(t, r, c.state)
			// Over once it is cancelled, and once its period ends.
			n.must(nc, &ZoneCancel{ID: z.ID})
			n.settle()
			if v := verdict(n.st.Intent(r.ID), z.ID); v != nil {
				t.Errorf("after its cancellation: %+v", v)
			}
			n.refused(el, &ZoneCancel{ID: z.ID}, event.NotAllowed)
		})
	}
}

// TestX4OthersAreTold: who agreed to nothing and may be affected is listed, with
// who tells them and by when; what is not done is seen.
func TestX4OthersAreTold(t *testing.T) {
	toy := []party.ID{nc, el} // nobody else exists
	n := varanth(t, "06:00")
	far := []registry.Point{{LatE9: 60e9, LngE9: 0}, {LatE9: 60e9, LngE9: 1e9}, {LatE9: 61e9, LngE9: 0}}
	n.enrol("far-control", registry.KindService, far...)
	a := n.declare(nc, n204(t, 9000, "08:45"))
	var told []party.ID
	for _, x := range a.Tellings {
		if slices.Contains(toy, x.Party) {
			t.Errorf("%s agreed and is listed", x.Party)
		}
		told = append(told, x.Party)
		wantAbout(t, "to be told", x.Until, clock(t, "08:30"))
	}
	if want := []party.ID{sm, vc}; !slices.Equal(told, want) {
		t.Fatalf("to be told: %v, want %v", told, want)
	}
	n.must(el, &Undertake{ID: a.ID, Party: sm, Until: clock(t, "07:00")})
	n.must(nc, &Tell{ID: a.ID, Party: vc, How: "by voice"})
	n.refused(nc, &Tell{ID: a.ID, Party: vc}, event.NotNow)
	n.refused(nc, &Undertake{ID: a.ID, Party: "far-control", Until: clock(t, "07:00")}, event.NotFound)
	n.at("07:00")
	events := n.settle()
	if len(events) != 1 {
		t.Fatalf("at seven: %v", events)
	}
	o := events[0].(*Overdue)
	if o.Party != sm || o.By != el || !slices.Equal(o.Release(el), event.Whole) || o.Release(hr) != nil {
		t.Errorf("overdue %+v", o)
	}
	w := Warning(a)
	for _, want := range []string{"120600N0294200W", "12.1 NM", "9000 FT", "16000 FT", "2031-04-06 08:44:59 UTC", "2031-04-06 10:00:01 UTC"} {
		if !strings.Contains(w, want) {
			t.Errorf("the warning lacks %q:\n%s", want, w)
		}
	}
	if strings.Contains(w, string(nc)) || strings.Contains(w, "aldmar") {
		t.Errorf("the warning names the owner:\n%s", w)
	}
}

// TestP5ReportIsNobodysAct: what is said of a party warns, with its origin; it
// changes no state and no rule.
func TestP5ReportIsNobodysAct(t *testing.T) {
	toy := Accepted
	toy = Withdrawn // somebody typed "they said they stay away"
	if toy != Withdrawn {
		t.Fatal("the toy's state did not flip")
	}
	n := varanth(t, "08:05")
	h18 := n.declare(hr, plan("humanitarian", flown(flight(t, 0, feet(1000), fix{12.40, -30.00, 9000, "10:10"}, fix{11.20, -29.80, 9000, "10:38"}))))
	var ring []declared.Point
	for i := range 51 { // its limits follow parallels
		ring = append(ring, pt(11.25, -30.10+float64(i)*0.01))
	}
	for i := range 51 {
		ring = append(ring, pt(11.55, -29.60-float64(i)*0.01))
	}
	events := n.must(el, &Report{
		About: "Sandmere", Origin: "Sandmere watch", Chain: []string{"eastern-league"}, Grade: "hearsay",
		Shape: volumes(declared.Volume{
			Footprint: declared.Footprint{Polygon: ring}, Lower: ft(0), Upper: ft(12000),
			Start: clock(t, "10:15"), End: clock(t, "11:00"), HErrorMM: 1,
		}),
	})
	rep := events[0].(*Reported)
	if !slices.Equal(rep.To, []party.ID{hr}) || rep.Release(nc) != nil || !slices.Contains(rep.Release(hr), "origin") {
		t.Errorf("shown to %v", rep.To)
	}
	before := *n.st.Intent(h18.ID)
	n.settle()
	h18 = n.st.Intent(h18.ID)
	wantState(t, h18, Accepted)
	v := verdict(h18, rep.ID)
	if v == nil || v.Outcome != Hearsay || v.Outcome.blocks() {
		t.Fatalf("verdict %+v", v)
	}
	wantAbout(t, "H-18 in the area from", v.From, clock(t, "10:29:51"))
	wantAbout(t, "H-18 in the area to", v.To, clock(t, "10:36:50"))
	if before.Token != h18.Token || before.Version != h18.Version {
		t.Error("a report made a new version")
	}
	for _, r := range n.st.intents {
		if r.Owner == sm {
			t.Error("a report became an intent of the party it is about")
		}
	}
}

// TestL4OldAcceptanceDoesNotRevive: what was accepted before a suspension is
// declared again after it, and meets what was declared again before.
func TestL4OldAcceptanceDoesNotRevive(t *testing.T) {
	n := pair(t, nil)
	a := n.declare(nc, alias(plan("other", volumes(around(t, 0))), "A"))
	n.declare(el, alias(plan("other", volumes(around(t, 100))), "B"))
	n.agree(nc, el, func(r *terms.Rules) { r.Suspended, r.Minima[0].Suspended = true, true })
	n.apply(n.st.Unsettle("suspended", Concern{Owners: []party.ID{nc, el}}))
	n.settle()
	// Under a suspended text, losing its separation warns, and meeting does not
	// become right.
	c := n.declare(el, alias(plan("other", volumes(around(t, 8))), "C"))
	wantState(t, c, Accepted)
	if v := verdict(c, a.ID); v == nil || v.Outcome != NoRule {
		t.Fatalf("under suspension: %+v", v)
	}
	wantState(t, n.declare(el, alias(plan("other", volumes(around(t, 1))), "D")), Proposed)

	// In force again, the old acceptance does not count.
	toy := *n // sets the state back to active
	toy.st, toy.rules = n.st, map[[2]party.ID]*terms.Rules{}
	toy.agree(nc, el, func(r *terms.Rules) { *r = *n.rulesOf(nc, el); r.Suspended = false })
	a = n.st.Intent(a.ID)
	toy.refused(nc, &Activate{ID: a.ID, Token: a.Token, ReadSet: n.tokens()}, event.NotNow)

	n.at("07:00")
	if left := n.st.NotRedeclared(nc, el, n.now); len(left) != 3 {
		t.Errorf("to be declared again: %v", left)
	}
	n.must(el, &Redeclare{ID: c.ID, Token: n.st.Intent(c.ID).Token, ReadSet: n.tokens()})
	wantState(t, n.st.Intent(c.ID), Accepted) // A's old acceptance does not stand in its way
	n.must(nc, &Redeclare{ID: a.ID, Token: a.Token, ReadSet: n.tokens()})
	a = n.st.Intent(a.ID)
	wantState(t, a, Proposed) // the conflict that the suspension hid
	if v := verdict(a, c.ID); v.Outcome != Stands {
		t.Errorf("found in resync: %+v", v)
	}
	n.agree(nc, el, func(r *terms.Rules) {
		minima := r.Minima[0]
		minima.Suspended = false
		r.Suspended, r.Minima = false, []terms.Minima{minima}
	})
	n.apply(n.st.Unsettle("resumed", Concern{Owners: []party.ID{nc, el}}))
	n.settle()
	c = n.activate(c)
	wantState(t, c, Activated)
	if c.Anew {
		t.Error("still declared to resume what is in force")
	}
	if a.Listed || n.air.Counts().Intents != 2 {
		t.Errorf("in the airspace: %v, %d", a.Listed, n.air.Counts().Intents)
	}
}

// TestVerdictIsTheKernels: every verdict against an intent can be recomputed from
// what it names.
func TestVerdictIsTheKernels(t *testing.T) {
	n := pair(t, nil)
	a := n.declare(nc, plan("other", volumes(around(t, 0))))
	b := n.declare(el, plan("other", volumes(around(t, 3))))
	v := verdict(b, a.ID)
	again, err := conflict.Judge(a.Entity(), b.Entity(), conflict.Minima{
		LateralMM: v.Required.LateralMM, VerticalMM: v.Required.VerticalMM, TimeNS: v.Required.TimeNS, Source: m1.String(),
	})
	if err != nil {
		t.Fatal(err)
	}
	m, from, to := measureOf(&again)
	if from != v.From || to != v.To || m.Digest != v.Measure.Digest {
		t.Errorf("recomputed: %+v, found %+v", m, v.Measure)
	}
	if volume.MaxBufferMM < v.Required.LateralMM {
		t.Error("a separation beyond the kernel's bounds")
	}
}

// TestCoarseIsCapped: a coarse shape needs a commitment to the true one, is
// flagged, and takes no more airspace and time than is agreed.
func TestCoarseIsCapped(t *testing.T) {
	n := pair(t, nil)
	p := plan("other", volumes(around(t, 0)))
	p.Coarse = true
	n.refused(nc, &Declare{Plan: p}, event.Invalid)
	p.Commitment = "d5jqvqlXaFrKt4tPxYB2m2f0l9n8k7j6h5g4f3e2d1c"
	a := n.declare(nc, p)
	if !slices.Contains(a.Flags, FlagCoarse) || !a.shows(el, "fine_commitment") {
		t.Errorf("flags %v, shown %v", a.Flags, a.Shown)
	}
	// 2 NM around a point for an hour: 43.1 km2, 155e9 m2 s, and the outline's edge.
	for _, c := range []struct {
		limit int64
		ok    bool
	}{{150_000_000_000, false}, {160_000_000_000, true}} {
		n.agree(nc, el, func(r *terms.Rules) { r.Coarse = terms.Coarse{Source: m1, AreaTimeM2S: c.limit} })
		_, err := n.try(nc, &Declare{Plan: p})
		if (err == nil) != c.ok {
			t.Errorf("under a cap of %d m2 s: %v", c.limit, err)
		}
	}
}

// TestSiteMustBeRead: an intent over a protected site that its owner did not
// acknowledge is not accepted; once it did, it is warned.
func TestSiteMustBeRead(t *testing.T) {
	n := pair(t, nil)
	site := Site{ID: "S-1", Version: 2, Owner: hr}
	n.sites = func(*volume.Entity, party.ID) []Site { return []Site{site} }
	a := n.declare(nc, plan("other", volumes(around(t, 0))))
	wantState(t, a, Proposed)
	if v := verdict(a, "S-1"); v.Outcome != SiteUnread || v.Version != 2 || v.Party != hr {
		t.Errorf("verdict %+v", v)
	}
	site.Acknowledged = true
	a = n.change(a, plan("other", volumes(around(t, 0))))
	wantState(t, a, Accepted)
	if v := verdict(a, "S-1"); v.Outcome != SiteKnown {
		t.Errorf("verdict %+v", v)
	}
	// A site that is told of later does not take an accepted flight's place.
	site.Acknowledged = false
	n.apply(n.st.Unsettle("a notice", Concern{Owners: []party.ID{nc}}))
	n.settle()
	wantState(t, n.st.Intent(a.ID), Accepted)
}

// TestLineBuffer: what comes nearer to a dividing line than its buffer, or lies
// beyond it, is known beforehand, and accepted: it is a breach to be, not a
// conflict.
func TestLineBuffer(t *testing.T) {
	n := varanth(t, "06:00")
	for _, c := range []struct {
		lng  float64
		by   party.ID
		want Outcome
	}{
		{-29.70, nc, ""},
		{-29.89, nc, InsideBuffer},
		{-30.30, nc, BeyondLine},
		{-29.98, nc, BeyondLine},
		{-30.30, el, ""},
		{-30.11, el, InsideBuffer},
		{-29.70, el, BeyondLine},
	} {
		r := n.declare(c.by, plan("routine", volumes(circle(t, 12, c.lng, 2, 30000, 31000, "08:00", "09:00"))))
		wantState(t, r, Accepted)
		got := Outcome("")
		if v := verdict(r, "Orrin"); v != nil {
			got = v.Outcome
		}
		if got != c.want {
			t.Errorf("%s at %.2f: %q, want %q", c.by, c.lng, got, c.want)
		}
		n.must(c.by, &Withdraw{ID: r.ID})
	}
	p := e88(t)
	for want, change := range map[Outcome]func(){
		CrossUnsaid:    func() { p.Crossings = nil },
		CrossElsewhere: func() { p.Crossings[0].Time = clock(t, "09:36") },
		CrossLate:      func() { n.now = int64(clock(t, "08:30")) },
	} {
		was := n.now
		p = e88(t)
		change()
		r := n.declare(el, p)
		if v := verdict(r, "Orrin"); v == nil || v.Outcome != want {
			t.Errorf("want %s, found %+v", want, v)
		}
		n.must(el, &Withdraw{ID: r.ID})
		n.now = was
	}
}
