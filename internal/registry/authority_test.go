package registry

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// An act counts only when as many distinct persons as the policy says signed it
// in distinct roles of the policy.
func TestP1PolicyOfSignatures(t *testing.T) {
	n := newNode(t)
	n.enrol(compact())

	// The toys: a token with a flag, and as many signatures as the number says.
	admin := func(s *said) bool { return s.TokenRole == "air" }
	count := func(s *said) bool { return len(s.keys) >= 3 }
	twice := n.say("northern-compact", "agreement.sign", struct{}{}, token("air", "A-1"), signed("X-1", "X-1", "S-1"))
	if !admin(twice) || !count(twice) {
		t.Fatal("the toys refuse what they should be fooled by")
	}

	for name, c := range map[string]struct {
		keys    []string
		missing string // empty: complete
		refusal string
	}{
		"all three":                     {keys: []string{"A-1", "F-1", "S-1"}},
		"in another order":              {keys: []string{"S-1", "A-1", "F-1"}},
		"one in two roles, with others": {keys: []string{"X-1", "F-1", "S-1"}},
		"the other way round":           {keys: []string{"X-1", "A-1", "S-1"}},
		"a fourth beside":               {keys: []string{"A-1", "F-1", "S-1", "W-1"}},
		"one person, two roles":         {keys: []string{"X-1", "S-1"}, missing: "1 signature more"},
		"one key three times":           {keys: []string{"A-1", "A-1", "A-1"}, missing: "2 signatures more"},
		"two persons of one role":       {keys: []string{"A-1", "X-1", "S-1"}},
		"two":                           {keys: []string{"F-1", "S-1"}, missing: "1 signature more"},
		"nobody":                        {refusal: "found no signature; agreement.sign takes those of 3 persons in distinct roles of air, foreign, security"},
		"none that counts":              {keys: []string{"W-1", "D-1"}, refusal: "found no signature in the roles"},
		"a stranger beside":             {keys: []string{"A-1", "F-1", "S-1", "somebody"}, refusal: "expected keys of the party's record"},
	} {
		m := newNode(t)
		m.enrol(compact())
		s := m.say("northern-compact", "agreement.sign", struct{}{}, signed(c.keys...), token("air", "A-1"))
		by, _, err := m.do(s)
		switch {
		case c.refusal != "":
			if err == nil || !strings.Contains(err.Error(), c.refusal) {
				t.Errorf("%s: found %v, expected %q", name, err, c.refusal)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case c.missing == "" && len(by.Missing) > 0 || c.missing != "" && !strings.Contains(strings.Join(by.Missing, "; "), c.missing):
			t.Errorf("%s: missing %q, expected %q", name, by.Missing, c.missing)
		case by.Custody != party.Held || by.Level != party.Policy:
			t.Errorf("%s: %+v", name, by)
		}
	}
}

// Signatures may come one after the other, over days, each from its own place.
func TestP1SignaturesAddUp(t *testing.T) {
	n := newNode(t)
	n.enrol(compact())
	s := n.say("northern-compact", "agreement.sign", struct{}{}, signed("A-1"), as("air", "A-1"))
	digest := func() string {
		if list := n.st.Pending("northern-compact"); len(list) == 1 {
			return list[0].Text
		}
		return ""
	}
	if by, _, err := n.do(s); err != nil || !slices.Equal(by.Missing, []string{"2 signatures more, by other persons in other roles of air, foreign, security"}) {
		t.Fatalf("%+v, %v", by, err)
	}
	first := digest()
	if first == "" || !strings.Contains(first, `"id":"`+s.ID+`"`) {
		t.Fatalf("waiting: %q", first)
	}
	n.wait(noon + 3*dayNS) // far older than another statement may be
	s.keys = []string{"S-1"}
	if by, _, err := n.do(s); err != nil || len(by.Missing) != 1 || len(by.Signatures) != 2 || by.Role != "air" || by.Person != "A-1" {
		t.Fatalf("%+v, %v", by, err)
	}
	if digest() != first {
		t.Error("the text that waits changed")
	}
	// The same again, as after a lost answer.
	if by, _, err := n.do(s); err != nil || len(by.Missing) != 1 || len(by.Signatures) != 2 {
		t.Fatalf("%+v, %v", by, err)
	}
	s.keys = []string{"F-1"}
	events := n.must(s)
	if len(events) != 1 || events[0].Type() != "party.completed" || digest() != "" {
		t.Errorf("%v, still waiting: %q", events, digest())
	}
	// It is done: the same statement, all signed, is now only old.
	s.keys = []string{"A-1", "F-1", "S-1"}
	n.refused(event.Stale, "expected at most 24 h before", s)
}

// A signature that came earlier counts by the record of now.
func TestP1RevokedWhileWaiting(t *testing.T) {
	n := newNode(t)
	n.enrol(compact())
	s := n.say("northern-compact", "agreement.sign", struct{}{}, signed("A-1", "F-1"))
	if _, _, err := n.do(s); err != nil {
		t.Fatal(err)
	}
	n.wait(noon + hourNS)
	changed := compact()
	changed.Roles[2].Holders[0].Revoked = statement.Instant(n.nowNS)
	n.must(n.say("northern-compact", "party.change", Change{changed, 1}, signed("F-1", "S-1")))
	s.keys = []string{"S-1"}
	if by, _, err := n.do(s); err != nil || len(by.Missing) != 1 || len(by.Signatures) != 2 {
		t.Errorf("%+v, %v", by, err)
	}
	s.keys = []string{"A-1"}
	n.refused(event.NotAllowed, "is not valid now", s)
	s.keys = []string{"X-1"}
	n.must(s)
}

func TestP1WaitingEnds(t *testing.T) {
	n := newNode(t)
	n.enrol(compact())
	s := n.say("northern-compact", "agreement.sign", struct{}{}, signed("A-1"))
	if _, _, err := n.do(s); err != nil {
		t.Fatal(err)
	}
	if ns, ok := n.st.Deadline(); !ok || ns != noon+CosignNS {
		t.Errorf("deadline %d, %v", ns, ok)
	}
	n.wait(noon + CosignNS - 1)
	if len(n.st.Pending("northern-compact")) != 1 {
		t.Fatal("gone too early")
	}
	fired := n.wait(noon + CosignNS)
	if len(fired) != 1 || fired[0].Type() != "party.lapsed" || len(n.st.Pending("northern-compact")) != 0 {
		t.Errorf("%v", fired)
	}
	s.keys = []string{"A-1", "F-1", "S-1"}
	n.refused(event.Stale, "expected at most 24 h", s)
	for range maxPending {
		n.do(n.say("northern-compact", "agreement.sign", struct{}{}, signed("A-1")))
	}
	n.refused(event.NotNow, "found 32 statements that wait", n.say("northern-compact", "agreement.sign", struct{}{}, signed("A-1")))
	n.must(n.say("northern-compact", "agreement.sign", struct{}{}, signed("A-1", "F-1", "S-1")))
	if fired := n.wait(noon + 2*CosignNS); len(fired) != maxPending {
		t.Errorf("%d lapsed", len(fired))
	}
}

// Distinct is the largest number of roles that distinct persons can fill, as
// trying all ways shows.
func TestDistinctIsLargest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles := []string{"a", "b", "c", "d", "e"}[:rapid.IntRange(1, 5).Draw(t, "roles")]
		signers := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Signer {
			return Signer{Role: rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "role"), Person: rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "person")}
		}), 0, 10).Draw(t, "signers")
		var try func(roles []string, used string) int
		try = func(roles []string, used string) int {
			if len(roles) == 0 {
				return 0
			}
			best := try(roles[1:], used)
			for _, s := range signers {
				if s.Role == roles[0] && !strings.Contains(used, s.Person) {
					best = max(best, 1+try(roles[1:], used+s.Person))
				}
			}
			return best
		}
		if found, want := distinct(roles, signers), try(roles, ""); found != want {
			t.Fatalf("found %d, expected %d", found, want)
		}
	})
}

// The record is the party's own: only its policy changes it, and it can always
// be changed.
func TestP1RecordIsTheParties(t *testing.T) {
	n := newNode(t)
	bare := compact()
	delete(bare.Policies, "party.change")
	locked := compact()
	locked.Roles[4].Holders = nil
	locked.Policies["party.change"] = Policy{3, []string{"air", "foreign", "security"}}
	expired := compact()
	for i := range expired.Roles {
		for j := range expired.Roles[i].Holders {
			expired.Roles[i].Holders[j].To = hours(0)
		}
	}
	low := compact()
	low.Policies["party.change"] = Policy{1, []string{"watch"}}
	shared := compact()
	shared.Roles[4].Holders[0].Key = keyOf("A-1")

	id := party.ID("northern-compact")
	n.refused(event.Incomplete, "found no signature", n.say(id, "party.enrol", Enrol{compact()}, token("air", "A-1")))
	n.refused(event.NotAllowed, "expected keys of the party's record", n.say(id, "party.enrol", Enrol{compact()}, signed("somebody")))
	n.refused(event.NotAllowed, "found no signature in the roles", n.say(id, "party.enrol", Enrol{compact()}, signed("W-1")))
	n.refused(event.NotAllowed, "nobody speaks for another", n.say("eastern-league", "party.enrol", Enrol{compact()}, signed("A-1")))
	n.refused(event.Invalid, "found none for party.change", n.say(id, "party.enrol", Enrol{bare}, signed("A-1")))
	n.refused(event.Invalid, "found keys of 2 persons in distinct roles, expected 3", n.say(id, "party.enrol", Enrol{locked}, signed("A-1")))
	n.refused(event.NotAllowed, "is not valid now", n.say(id, "party.enrol", Enrol{expired}, signed("A-1")))
	n.refused(event.Invalid, "found nobody with a key and level policy", n.say(id, "party.enrol", Enrol{low}, signed("W-1")))
	n.refused(event.Invalid, `found that of "A-1", expected one of "S-1"'s own`, n.say(id, "party.enrol", Enrol{shared}, signed("A-1")))
	n.must(n.say(id, "party.enrol", Enrol{compact()}, signed("A-1")))
	n.refused(event.NotNow, "expected party.change", n.say(id, "party.enrol", Enrol{compact()}, signed("A-1")))

	// Somebody with the party's token alone can change nothing.
	n.refused(event.Incomplete, "takes those of 2 persons", n.say(id, "party.change", Change{compact(), 1}, token("air", "A-1")))
	if by, _, err := n.do(n.say(id, "party.change", Change{compact(), 1}, signed("X-1"))); err != nil || len(by.Missing) != 1 {
		t.Errorf("%+v, %v", by, err)
	}
	next := compact()
	next.Kind = KindService
	n.refused(event.Stale, "found a change of version 7, expected version 1", n.say(id, "party.change", Change{next, 7}, signed("A-1", "S-1")))
	n.refused(event.Invalid, "expected neither", n.say(id, "party.change", Change{*n.st.Party(id), 1}, signed("A-1", "S-1")))
	n.nowNS++
	n.must(n.say(id, "party.change", Change{next, 1}, signed("A-1", "S-1")))
	if p := n.st.Party(id); p.Version != 2 || p.Kind != KindService || p.Since != hours(0) {
		t.Errorf("%+v", p)
	}
	n.enrol(small("eastern-league", KindSignatory))
	n.refused(event.NotAllowed, "nobody speaks for another", n.say("eastern-league", "party.change", Change{next, 1}, signed("eastern-league")))
}

// Each kind of party has its own rights, and STOP is everybody's.
func TestP3RightsByKind(t *testing.T) {
	// The toy: two sides that are wired in, who may do everything.
	sides := map[party.ID]bool{"northern-compact": true, "eastern-league": true}
	if !sides["northern-compact"] || sides["harbour-relief"] {
		t.Fatal("the toy lets a notifier stop")
	}

	want := map[string]string{ // act: kinds, in the order of Kinds
		"party.enrol":              "signatory member notifier service third unknown witness",
		"party.member":             "signatory member service",
		"agreement.sign":           "signatory service",
		"agreement.suspend":        "signatory service",
		"agreement.terms_received": "signatory member service",
		"intent.declare":           "signatory member notifier service third",
		"intent.acknowledge":       "signatory member notifier service third witness",
		"intent.report":            "signatory member notifier service third unknown witness",
		"zone.declare":             "signatory member service",
		"notice.declare":           "notifier service",
		"notice.step":              "signatory member notifier service third",
		"channel.stop":             "signatory member notifier service third unknown witness",
		"channel.answer":           "signatory member notifier service third unknown witness",
		"channel.send":             "signatory member notifier service third witness",
		"offer.accept":             "signatory member notifier service third",
		"incident.report":          "signatory member notifier service third unknown witness",
		"incident.fact":            "signatory member notifier service third",
		"record.countersign":       "signatory member notifier service third unknown witness",
		"release.set":              "signatory member notifier service third",
		"nothing.of-that":          "",
	}
	for act, kinds := range want {
		var found []string
		for _, k := range Kinds {
			if Allowed(k, act) {
				found = append(found, string(k))
			}
		}
		if strings.Join(found, " ") != kinds {
			t.Errorf("%s: found %q, expected %q", act, found, kinds)
		}
	}

	n := newNode(t)
	n.enrol(small("harbour-relief", KindNotifier), small("aldmar", KindMember), small("sandmere", KindThird), small("varanth-control", KindService))
	n.must(n.say("harbour-relief", "notice.declare", struct{}{}, signed("harbour-relief")))
	n.must(n.say("harbour-relief", "intent.declare", struct{}{}, as("watch", "")))
	n.must(n.say("sandmere", "intent.declare", struct{}{}, as("watch", "")))
	n.refused(event.NotAllowed, "agreement.sign is not for a party of kind notifier", n.say("harbour-relief", "agreement.sign", struct{}{}, signed("harbour-relief")))
	n.refused(event.NotAllowed, "not for a party of kind member", n.say("aldmar", "agreement.sign", struct{}{}, signed("aldmar")))
	n.refused(event.NotAllowed, "not for a party of kind third", n.say("sandmere", "notice.declare", struct{}{}, signed("sandmere")))
	n.refused(event.NotAllowed, "not for a party of kind unknown", n.say("nobody-knows", "intent.declare", struct{}{}))
	n.refused(event.NotAllowed, "not for a party of kind service", n.say("varanth-control", "nothing.of-that", struct{}{}))
	n.must(n.say("nobody-knows", "channel.answer", struct{}{}))
	n.refused(event.NotAllowed, `found the role "boss"`, n.say("nobody-knows", "channel.answer", struct{}{}, as("boss", "")))
	n.refused(event.NotAllowed, "found no role, expected level watch", n.say("nobody-knows", "channel.hold", struct{}{}))
}

// Whatever comes with it, STOP is taken.
func TestP3StopIsEverybodys(t *testing.T) {
	n := newNode(t)
	n.enrol(compact(), small("harbour-relief", KindNotifier))
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SampledFrom([]string{"", "watch", "air", "W-1", "A-1", "\u202e"})
		s := n.say(rapid.SampledFrom([]party.ID{"northern-compact", "harbour-relief", "nobody-knows"}).Draw(t, "party"), Stop, struct{}{},
			signed(rapid.SliceOfN(rapid.SampledFrom([]string{"A-1", "W-1", "harbour-relief", "somebody"}), 0, 3).Draw(t, "keys")...),
			as(words.Draw(t, "role"), words.Draw(t, "person")), token(words.Draw(t, "token role"), words.Draw(t, "token person")))
		s.At += statement.Instant(rapid.Int64Range(-100*dayNS, 100*dayNS).Draw(t, "late"))
		a, err := n.edge(s)
		if err != nil {
			t.Fatal(err)
		}
		by, err := n.st.Authorize(a, kindOf(Stop), n.nowNS)
		if err != nil || len(by.Missing) > 0 || by.Level < party.Watch || by.Party != s.Party {
			t.Fatalf("%+v, %v", by, err)
		}
		p := n.st.Party(s.Party)
		if by.Role != "" && (p == nil || p.Role(by.Role) == nil) {
			t.Fatalf("a role that the party does not have: %+v", by)
		}
		// Only a good key speaks for more than the watch, or a token that says so.
		if by.Level > party.Watch && by.Custody != party.Held && s.TokenRole == "" && s.TokenPerson == "" {
			t.Fatalf("a claim counts as level %s", by.Level)
		}
		if by.Custody == party.Held && len(by.Signers) == 0 {
			t.Fatalf("held by nobody: %+v", by)
		}
	})
}

// What an act takes is found in who acts: a role that was only claimed counts
// as the watch.
func TestP4Levels(t *testing.T) {
	n := newNode(t)
	n.enrol(compact(), small("eastern-league", KindSignatory))
	id := party.ID("northern-compact")

	// The toy: whoever has the party's token may accept.
	loggedIn := func(s *said) bool { return s.Party == id }
	night := n.say(id, "agreement.sign", struct{}{}, as("air", "A-1"))
	if !loggedIn(night) {
		t.Fatal("the toy refuses the night shift")
	}
	n.refused(event.Incomplete, "found no signature", night)

	type try struct {
		by      party.ID
		act     string
		how     []func(*said)
		level   party.Level // when taken
		custody party.Custody
		refusal string
	}
	for name, c := range map[string]try{
		"claimed watch":                  {id, "intent.declare", []func(*said){as("watch", "W-3")}, party.Watch, party.ByNode, ""},
		"claimed high role":              {id, "intent.declare", []func(*said){as("air", "")}, party.Watch, party.ByNode, ""},
		"no role":                        {id, "intent.declare", nil, 0, "", "found no role, expected level watch"},
		"claimed role there is none":     {id, "intent.declare", []func(*said){as("emperor", "")}, 0, "", `found the role "emperor"`},
		"no role where none is needed":   {id, "channel.answer", nil, 0, party.ByNode, ""},
		"token's watch declares":         {id, "intent.declare", []func(*said){token("watch", "W-1")}, party.Watch, party.ByNode, ""},
		"token's director":               {id, "party.roster", []func(*said){token("duty-director", "D-1")}, party.Duty, party.ByNode, ""},
		"token's director, no person":    {id, "party.roster", []func(*said){token("duty-director", "")}, party.Duty, party.ByNode, ""},
		"token's person, claimed role":   {id, "party.roster", []func(*said){token("", "D-1"), as("duty-director", "")}, party.Duty, party.ByNode, ""},
		"token's person in another role": {id, "party.roster", []func(*said){token("", "W-1"), as("duty-director", "")}, 0, "", `"W-1" does not have the role duty-director now`},
		"claimed director":               {id, "party.roster", []func(*said){as("duty-director", "D-1")}, 0, "", "found level watch, expected level duty"},
		"token's watch":                  {id, "party.roster", []func(*said){token("watch", "W-1")}, 0, "", "found level watch, expected level duty or above for party.roster"},
		"token's role, nobody's":         {id, "party.roster", []func(*said){token("planner", "")}, 0, "", "nobody has the role planner now"},
		"token and statement differ":     {id, "intent.declare", []func(*said){token("watch", "W-1"), as("air", "W-1")}, 0, "", `found the role "air", expected "watch" as in the token`},
		"persons differ":                 {id, "intent.declare", []func(*said){token("watch", "W-1"), as("watch", "W-2")}, 0, "", `found the person "W-2", expected "W-1" as in the token`},
		"signed by the watch":            {id, "intent.declare", []func(*said){signed("W-1")}, party.Watch, party.Held, ""},
		"signed by two of one person":    {id, "offer.accept", []func(*said){signed("W-2", "D-1")}, party.Duty, party.Held, ""},
		"signed, naming another":         {id, "intent.declare", []func(*said){signed("W-1"), as("watch", "W-2")}, 0, "", "expected one of those who sign"},
		"signed, naming a higher role":   {id, "intent.declare", []func(*said){signed("W-1"), as("air", "")}, 0, "", "expected one of those who sign"},
		"held, low":                      {"eastern-league", "agreement.sign", []func(*said){signed("eastern-league/watch")}, 0, "", "found level watch, expected level policy"},
		"held, enough":                   {"eastern-league", "agreement.sign", []func(*said){signed("eastern-league")}, party.Policy, party.Held, ""},
		"another's key":                  {"eastern-league", "agreement.sign", []func(*said){signed("A-1")}, 0, "", "expected keys of the party's record"},
	} {
		s := n.say(c.by, c.act, struct{}{}, c.how...)
		if c.act == "party.roster" {
			s = n.say(c.by, c.act, Roster{Position: "watch"}, c.how...)
		}
		by, _, err := n.do(s)
		if c.refusal != "" {
			if err == nil || !strings.Contains(err.Error(), c.refusal) {
				t.Errorf("%s: found %+v, %v, expected %q", name, by, err, c.refusal)
			}
			continue
		}
		if err != nil || by.Level != c.level || by.Custody != c.custody || len(by.Missing) > 0 {
			t.Errorf("%s: found %+v, %v", name, by, err)
		}
	}
	// One person in both roles of a policy is one person.
	if by, _, err := n.do(n.say(id, "offer.accept", struct{}{}, signed("W-2"))); err != nil || len(by.Missing) == 0 {
		t.Errorf("W-2 as watch and director: %+v, %v", by, err)
	}
	if got := n.st.Party(id).Unassigned(n.nowNS); !slices.Equal(got, []string{"planner"}) {
		t.Errorf("unassigned: %q", got)
	}
}

// A policy may ask for many and still name nobody who is competent: then no
// number of signatures helps.
func TestP4PolicyDoesNotLowerTheLevel(t *testing.T) {
	n := newNode(t)
	p := compact()
	p.Policies["agreement.sign"] = Policy{1, []string{"watch", "duty-director"}}
	n.enrol(p)
	n.refused(event.NotAllowed, "names no role of level policy or above", n.say(p.ID, "agreement.sign", struct{}{}, signed("W-1", "D-1")))
	p = small("eastern-league", KindSignatory)
	p.Policies["agreement.sign"] = Policy{1, []string{"watch", "manager"}}
	n.enrol(p)
	by, _, err := n.do(n.say(p.ID, "agreement.sign", struct{}{}, signed("eastern-league/watch")))
	if err != nil || !slices.Equal(by.Missing, []string{"a signature of level policy or above, in the role manager"}) {
		t.Errorf("%+v, %v", by, err)
	}
	for _, act := range []string{"channel.hold", "channel.stop", "channel.answer", "bearer.heartbeat", "intent.contingent", "intent.nonconforming"} {
		p.Policies = map[string]Policy{"party.change": p.Policies["party.change"], act: {1, []string{"watch"}}}
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), "must not wait for a second person") {
			t.Errorf("%s: %v", act, err)
		}
	}
}

// The ends of a holder's time are exact.
func TestHolderTimes(t *testing.T) {
	at := func(ns int64) statement.Instant { return statement.Instant(ns) }
	for _, c := range []struct {
		h      Holder
		nowNS  int64
		valid  bool
		revoke string
	}{
		{Holder{}, 5, true, "always"},
		{Holder{From: at(5)}, 4, false, "before"},
		{Holder{From: at(5)}, 5, true, "from"},
		{Holder{To: at(5)}, 4, true, "until"},
		{Holder{To: at(5)}, 5, false, "after"},
		{Holder{To: at(9), Revoked: at(5)}, 4, true, "before it is revoked"},
		{Holder{To: at(9), Revoked: at(5)}, 5, false, "revoked"},
	} {
		if c.h.Holds(c.nowNS) != c.valid {
			t.Errorf("%s: %+v at %d", c.revoke, c.h, c.nowNS)
		}
	}
}

// How far the date of a statement may be off.
func TestAgeOfStatements(t *testing.T) {
	n := newNode(t)
	n.enrol(small("eastern-league", KindSignatory))
	for _, c := range []struct {
		act     string
		offNS   int64
		refusal string
	}{
		{"agreement.sign", MaxAheadNS, ""},
		{"agreement.sign", MaxAheadNS + 1, "more than 5 min ahead"},
		{"agreement.sign", -MaxAgeNS, ""},
		{"agreement.sign", -MaxAgeNS - 1, "at most 24 h before"},
		{"intent.declare", MaxAgeNS, ""},
		{"intent.declare", MaxAgeNS + 1, "more than 1440 min ahead"},
		{"intent.declare", -MaxAgeNS, ""},
		{"intent.declare", -MaxAgeNS - 1, "at most 24 h before"},
	} {
		s := n.say("eastern-league", c.act, struct{}{}, signed("eastern-league"))
		s.At += statement.Instant(c.offNS)
		_, _, err := n.do(s)
		if (err == nil) != (c.refusal == "") || err != nil && !strings.Contains(err.Error(), c.refusal) {
			t.Errorf("%s, %d ns: %v, expected %q", c.act, c.offNS, err, c.refusal)
		}
	}
}

// No number of signatures makes the node work without bound.
func TestSignaturesAreBounded(t *testing.T) {
	n := newNode(t)
	n.enrol(small("eastern-league", KindSignatory))
	keys := slices.Repeat([]string{"eastern-league"}, maxSignatures)
	n.must(n.say("eastern-league", "agreement.sign", struct{}{}, signed(keys...)))
	n.refused(event.Invalid, fmt.Sprintf("found %d signatures", maxSignatures+1), n.say("eastern-league", "agreement.sign", struct{}{}, signed(append(keys, "eastern-league")...)))
}
