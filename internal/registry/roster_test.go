package registry

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// turn is a watch of a holder of the compact, in hours after noon.
func turn(person string, from, to int64) Watch {
	return Watch{Person: person, Level: party.Watch, From: hours(from), To: hours(to), Languages: []string{"en"}}
}

// director has the token that sets rosters.
func director(s *said) { token("duty-director", "D-1")(s) }

// words are what fired, for comparison.
func words(events []event.Event) []string {
	var list []string
	for _, ev := range events {
		switch e := ev.(type) {
		case *Manned:
			list = append(list, fmt.Sprintf("manned %s %d h", e.Position, (int64(e.Since)-noon)/hourNS))
		case *Unmanned:
			list = append(list, fmt.Sprintf("unmanned %s %d h", e.Position, (int64(e.Since)-noon)/hourNS))
		default:
			list = append(list, ev.Type())
		}
	}
	return list
}

// Messages go to a desk, so everybody learns at the instant when nobody is at
// it, and who holds what level is what the record says.
func TestP4RosterAndUnmanned(t *testing.T) {
	n := newNode(t)
	n.enrol(compact(), small("eastern-league", KindSignatory))
	id := party.ID("northern-compact")

	// The toy: one number to call, which is there whether anybody is at it or not.
	contact := func() bool { return n.st.Party(id).Position("watch").Bearers[0].Address != "" }
	if !contact() || n.st.Manned(id, "watch", n.nowNS) {
		t.Fatal("the toy knows that nobody is there")
	}

	for name, c := range map[string]struct {
		watch    Watch
		position string
		refusal  string
	}{
		"no such position": {turn("W-1", 0, 8), "tower", `found the position "tower"`},
		"a stranger":       {turn("V-9", 0, 8), "watch", `found "V-9", expected a person who has a role of level watch`},
		"too low":          {turn("D-1", 0, 8), "duty-director", "found level watch, expected duty or above for duty-director"},
		"level not had":    {Watch{Person: "W-1", Level: party.Duty, From: hours(0), To: hours(8)}, "duty-director", `found "W-1", expected a person who has a role of level duty`},
		"no end":           {Watch{Person: "W-1", Level: party.Watch, From: hours(0)}, "watch", "expected an end"},
		"no time":          {turn("W-1", 8, 8), "watch", "expected an end"},
		"for ever":         {turn("W-1", 0, 24*32), "watch", "at most 31 days after the start"},
		"another position": {Watch{Position: "duty-director", Person: "W-1", Level: party.Watch, From: hours(0), To: hours(8)}, "watch", `expected none or "watch"`},
	} {
		_, _, err := n.do(n.say(id, "party.roster", Roster{c.position, []Watch{c.watch}}, director))
		if err == nil || !strings.Contains(err.Error(), c.refusal) {
			t.Errorf("%s: %v, expected %q", name, err, c.refusal)
		}
	}
	if fired := n.wait(noon + hourNS); fired != nil {
		t.Errorf("without a roster: %q", words(fired))
	}
	n.nowNS = noon + hourNS
	n.must(n.say(id, "party.roster", Roster{"watch", []Watch{turn("W-2", 14, 20), turn("W-1", 0, 8), turn("W-3", 8, 12)}}, director))
	n.must(n.say(id, "party.roster", Roster{"duty-director", []Watch{{Person: "D-1", Level: party.Duty, From: hours(2), To: hours(4)}}}, director))
	fired := n.wait(noon + 30*hourNS)
	if found, want := words(fired), []string{
		"manned watch 1 h", // when it was said
		"manned duty-director 2 h", "unmanned duty-director 4 h", "unmanned watch 12 h", "manned watch 14 h", "unmanned watch 20 h",
	}; !slices.Equal(found, want) {
		t.Errorf("found %q, expected %q", found, want)
	}
	if _, ok := n.st.Deadline(); ok {
		t.Error("a deadline is left")
	}
	for at, want := range map[int64]string{0: "W-1", 7: "W-1", 8: "W-3", 11: "W-3", 12: "", 13: "", 14: "W-2", 20: ""} {
		var on []string
		for _, w := range n.st.OnWatch(id, "watch", noon+at*hourNS) {
			on = append(on, w.Person)
		}
		if strings.Join(on, " ") != want || n.st.Manned(id, "watch", noon+at*hourNS) != (want != "") {
			t.Errorf("%d h: found %q, expected %q", at, on, want)
		}
	}
	for _, ev := range fired {
		if !slices.Equal(ev.Release("eastern-league"), event.Whole) || ev.Actor() != "" {
			t.Errorf("%s is kept from others", ev.Type())
		}
	}
}

// Who loses the role for it is off the roster from that instant.
func TestP4RevokedPersonIsOffWatch(t *testing.T) {
	n := newNode(t)
	n.enrol(compact())
	id := party.ID("northern-compact")
	n.must(n.say(id, "party.roster", Roster{"watch", []Watch{turn("W-1", 0, 8), turn("W-3", 8, 12), turn("W-1", 12, 20)}}, director))
	n.wait(noon + 2*hourNS)
	changed := compact()
	changed.Roles[0].Holders[0].Revoked = hours(2)
	events := n.must(n.say(id, "party.change", Change{changed, 1}, signed("A-1", "F-1")))
	if len(events) != 2 || events[1].Type() != "party.rostered" {
		t.Fatalf("%q", words(events))
	}
	if found, want := words(n.wait(noon+30*hourNS)), []string{"unmanned watch 2 h", "manned watch 8 h", "unmanned watch 12 h"}; !slices.Equal(found, want) {
		t.Errorf("found %q, expected %q", found, want)
	}
	// A position that is gone is manned by nobody.
	n.must(n.say(id, "party.roster", Roster{"watch", []Watch{turn("W-2", 30, 40)}}, director))
	n.wait(noon + 31*hourNS)
	changed.Positions = changed.Positions[1:]
	n.must(n.say(id, "party.change", Change{changed, 2}, signed("A-1", "F-1")))
	if found, want := words(n.wait(noon+50*hourNS)), []string{"unmanned watch 31 h"}; !slices.Equal(found, want) {
		t.Errorf("found %q, expected %q", found, want)
	}
	if len(n.st.desks) != 0 {
		t.Errorf("%d desks are left", len(n.st.desks))
	}
}

// However rosters are replaced and however late the node looks, what was told
// is what the rosters said, each change once.
func TestUnmannedIsToldOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := newNode(t)
		n.enrol(compact())
		id := party.ID("northern-compact")
		told := false
		listen := func(events []event.Event) {
			for _, ev := range events {
				_, manned := ev.(*Manned)
				if manned == told {
					rt.Fatalf("told %v twice", told)
				}
				told = manned
			}
		}
		for range rapid.IntRange(1, 6).Draw(rt, "rosters") {
			hour := (n.nowNS - noon) / hourNS
			watches := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Watch {
				from := hour + rapid.Int64Range(-3, 12).Draw(t, "from")
				return turn(rapid.SampledFrom([]string{"W-1", "W-2", "W-3"}).Draw(t, "person"), from, from+rapid.Int64Range(1, 8).Draw(t, "long"))
			}), 0, 5).Draw(rt, "watches")
			n.must(n.say(id, "party.roster", Roster{"watch", watches}, director))
			from := n.nowNS
			until := from + rapid.Int64Range(0, 20).Draw(rt, "wait")*hourNS
			if rapid.Bool().Draw(rt, "asleep") { // the node looks only at the end
				n.nowNS = until
				for ns, ok := n.st.Deadline(); ok && ns <= until; ns, ok = n.st.Deadline() {
					listen(n.apply(n.st.Due(View{}, n.env())...))
				}
			} else {
				listen(n.wait(until))
			}
			want := slices.ContainsFunc(watches, func(w Watch) bool { return int64(w.From) <= until && until < int64(w.To) })
			if told != want || n.st.Manned(id, "watch", until) != want {
				rt.Fatalf("told %v, expected %v", told, want)
			}
		}
		n.checkReplay()
	})
}

// No call of Due says more than it may, and every call gets on.
func TestDueIsBounded(t *testing.T) {
	n := newNode(t)
	p := small("eastern-league", KindSignatory)
	for i := range maxPositions {
		q := desks()[0]
		q.Name = fmt.Sprintf("desk-%d", i)
		p.Positions = append(p.Positions[:min(i, len(p.Positions))], q)
	}
	n.enrol(p)
	for range 3 {
		q := p
		q.ID += "-x"
		n.enrol(q2(q))
		p = q
	}
	for _, q := range n.st.Parties() {
		for _, pos := range q.Positions {
			w := Watch{Person: "eastern-league", Level: party.Watch, From: hours(1), To: hours(2)}
			n.must(n.say(q.ID, "party.roster", Roster{pos.Name, []Watch{w}}, token("manager", "eastern-league")))
		}
	}
	if fired := n.wait(noon + 3*hourNS); len(fired) != 4*maxPositions*2 {
		t.Errorf("%d events, expected %d", len(fired), 4*maxPositions*2)
	}
}

// q2 lets the key of another sign for a copy of its record.
func q2(p Party) Party {
	p.Roles = slices.Clone(p.Roles)
	p.Roles = append(p.Roles, Role{"clerk", party.Policy, []Holder{holder(string(p.ID))}})
	p.Policies = map[string]Policy{"party.change": {1, []string{"manager", "clerk"}}}
	return p
}

// A lead names, a member confirms, and the world sees which of both there is.
func TestP2MembersOnBothWords(t *testing.T) {
	n := newNode(t)
	n.enrol(small("northern-compact", KindSignatory), small("aldmar", KindMember), small("sandmere", KindThird))
	lead, member := party.ID("northern-compact"), party.ID("aldmar")

	// The toy: a coalition is a name that others show.
	names := map[party.ID]string{"aldmar": "Northern Compact", "sandmere": "Northern Compact"}
	covered := func(id party.ID) bool { return names[id] == "Northern Compact" }
	if !covered("aldmar") || !covered("sandmere") {
		t.Fatal("the toy refuses those who only say so")
	}
	leadOf := func(h int64) string {
		id, ok := n.st.LeadOf(member, noon+h*hourNS)
		if ok != (id != "") {
			t.Errorf("%q, %v", id, ok)
		}
		return string(id)
	}
	if leadOf(0) != "" { // its record says so, nobody else does
		t.Error("covered by its own word")
	}
	terms := func(from, to int64, kinds ...string) Name {
		name := Name{lead, member, kinds, hours(from), 0}
		if to > 0 {
			name.To = hours(to)
		}
		return name
	}
	say := func(by party.ID, body Name) *said { return n.say(by, "party.member", body, signed(string(by))) }

	n.refused(event.NotFound, "found nothing so wide named", say(member, terms(0, 100, "manned")))
	n.refused(event.NotAllowed, "by its lead and its member only", say("northern-compact", Name{"sandmere", member, []string{"manned"}, hours(0), 0}))
	n.refused(event.NotAllowed, "not for a party of kind third", say("sandmere", Name{"sandmere", member, []string{"manned"}, hours(0), 0}))
	n.refused(event.Incomplete, "found no signature", n.say(lead, "party.member", terms(0, 100, "manned"), token("manager", "")))
	n.refused(event.NotAllowed, "expected level policy", n.say(lead, "party.member", terms(0, 100, "manned"), signed("northern-compact/watch")))

	n.must(say(lead, terms(0, 100, "manned")))
	if list := n.st.Members(lead, noon); len(list) != 1 || list[0].Member != member || list[0].Confirmed != 0 || leadOf(0) != "" {
		t.Errorf("bound by its lead's word alone: %+v, %q", list, leadOf(0))
	}
	n.refused(event.NotFound, "found nothing so wide named", say(member, terms(0, 100, "manned", "unmanned")))
	n.refused(event.NotFound, "found nothing so wide named", say(member, terms(0, 101, "manned")))
	n.refused(event.NotFound, "found nothing so wide named", say(member, terms(0, 0, "manned")))
	n.nowNS++
	n.must(say(member, terms(0, 100, "manned")))
	for h, want := range map[int64]string{-1: "", 0: "northern-compact", 99: "northern-compact", 100: ""} {
		if leadOf(h) != want {
			t.Errorf("%d h: lead %q, expected %q", h, leadOf(h), want)
		}
	}
	// Wider terms wait for the member, and what holds goes on holding.
	n.must(say(lead, terms(0, 0, "manned", "unmanned")))
	if m := n.st.Membership(member, noon); m == nil || !slices.Equal(m.Aircraft, []string{"manned"}) || m.To != hours(100) {
		t.Errorf("%+v", m)
	}
	if list := n.st.Members(lead, noon); len(list) != 1 || list[0].Confirmed == 0 {
		t.Errorf("%+v", list)
	}
	if list := n.st.Members(lead, noon+200*hourNS); len(list) != 1 || list[0].Confirmed != 0 {
		t.Errorf("%+v", list)
	}
	n.must(say(member, terms(0, 0, "manned", "unmanned")))
	if m := n.st.Membership(member, noon+200*hourNS); m == nil || len(m.Aircraft) != 2 {
		t.Errorf("%+v", m)
	}
	// Either may narrow, and end, by itself.
	n.must(say(lead, terms(0, 300, "unmanned")))
	if m := n.st.Membership(member, noon); m == nil || m.To != hours(300) || !slices.Equal(m.Aircraft, []string{"unmanned"}) {
		t.Errorf("%+v", m)
	}
	n.refused(event.NotFound, "found nothing so wide named", say(member, terms(0, 0, "manned", "unmanned")))
	n.must(say(member, terms(0, 2, "unmanned")))
	if leadOf(1) != "northern-compact" || leadOf(2) != "" {
		t.Error("the member's end does not hold")
	}

	// A party has one lead at a time.
	n.must(say(lead, terms(2, 100, "manned")))
	n.must(say(member, terms(2, 100, "manned")))
	n.enrol(small("eastern-league", KindSignatory))
	n.must(n.say("eastern-league", "party.member", Name{"eastern-league", member, []string{"manned"}, hours(50), 0}, signed("eastern-league")))
	turned := small("aldmar", KindMember)
	turned.Lead = "eastern-league"
	n.must(n.say(member, "party.change", Change{turned, 1}, signed("aldmar")))
	n.refused(event.Conflict, "expected one lead at a time", n.say(member, "party.member", Name{"eastern-league", member, []string{"manned"}, hours(50), 0}, signed("aldmar")))
	n.must(n.say(member, "party.member", Name{"eastern-league", member, []string{"manned"}, hours(100), 0}, signed("aldmar")))
	if leadOf(99) != "northern-compact" || leadOf(100) != "eastern-league" {
		t.Errorf("%q, %q", leadOf(99), leadOf(100))
	}
	n.refused(event.NotAllowed, "leads nobody", n.say(member, "party.member", Name{member, "sandmere", []string{"manned"}, hours(0), 0}, signed("aldmar")))
}

// Whatever leads and members say, nobody is bound by one side, and never to two
// leads at once.
func TestMembershipTakesBoth(t *testing.T) {
	leads := []party.ID{"northern-compact", "eastern-league"}
	rapid.Check(t, func(rt *rapid.T) {
		n := newNode(t)
		n.enrol(small(leads[0], KindSignatory), small(leads[1], KindSignatory), small("aldmar", KindMember))
		named := map[party.ID][]Member{}
		version := int64(1)
		for range rapid.IntRange(1, 15).Draw(rt, "acts") {
			lead := rapid.SampledFrom(leads).Draw(rt, "lead")
			from := rapid.Int64Range(0, 5).Draw(rt, "from")
			body := Name{lead, "aldmar", rapid.SampledFrom([][]string{{"manned"}, {"unmanned"}, {"manned", "unmanned"}}).Draw(rt, "kinds"), hours(from), hours(from + rapid.Int64Range(0, 5).Draw(rt, "long"))}
			m := Member{Lead: lead, Member: "aldmar", Aircraft: body.Aircraft, From: body.From, To: body.To}
			switch rapid.IntRange(0, 2).Draw(rt, "who") {
			case 0:
				n.must(n.say(lead, "party.member", body, signed(string(lead))))
				named[lead] = append(named[lead], m)
			case 1:
				n.do(n.say("aldmar", "party.member", body, signed("aldmar")))
			case 2:
				p := small("aldmar", KindMember)
				p.Lead = lead
				n.must(n.say("aldmar", "party.change", Change{p, version}, signed("aldmar")))
				version++
			}
			for h := range int64(12) {
				bound := 0
				for _, lead := range leads {
					for _, m := range n.st.Members(lead, noon+h*hourNS) {
						if m.Confirmed == 0 {
							continue
						}
						bound++
						if !slices.ContainsFunc(named[lead], func(o Member) bool { return m.within(&o) }) {
							rt.Fatalf("%+v was never named", m)
						}
						if found, _ := n.st.LeadOf("aldmar", noon+h*hourNS); found != lead {
							rt.Fatalf("lead %q, expected %q", found, lead)
						}
					}
				}
				if _, ok := n.st.LeadOf("aldmar", noon+h*hourNS); bound > 1 || ok != (bound == 1) {
					rt.Fatalf("%d leads at %d h", bound, h)
				}
			}
		}
		n.checkReplay()
	})
}
