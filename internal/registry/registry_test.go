package registry

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// drawAct says something at random, most of it sensible.
func (n *node) drawAct(t *rapid.T) *said {
	ids := []party.ID{"northern-compact", "eastern-league", "aldmar", "harbour-relief"}
	kinds := map[party.ID]Kind{"northern-compact": KindSignatory, "eastern-league": KindSignatory, "aldmar": KindMember, "harbour-relief": KindNotifier}
	id := rapid.SampledFrom(ids).Draw(t, "party")
	record := small(id, kinds[id])
	people := []string{string(id), string(id) + "/watch"}
	if id == "northern-compact" {
		record = compact()
		people = []string{"A-1", "F-1", "S-1", "X-1", "W-1"}
	}
	if rapid.Bool().Draw(t, "contact") {
		record.Contact = "inquiries <desk> & co"
	}
	who := signed(rapid.SliceOfNDistinct(rapid.SampledFrom(people), 0, 3, func(s string) string { return s }).Draw(t, "signers")...)
	from := (n.nowNS-noon)/hourNS + rapid.Int64Range(-2, 6).Draw(t, "from")
	to := from + rapid.Int64Range(1, 6).Draw(t, "long")
	switch rapid.IntRange(0, 6).Draw(t, "act") {
	case 0:
		return n.say(id, "party.enrol", Enrol{record}, who)
	case 1:
		var version int64
		if p := n.st.Party(id); p != nil {
			version = p.Version
		}
		i := rapid.IntRange(0, len(record.Roles)-1).Draw(t, "role")
		if h := record.Roles[i].Holders; len(h) > 0 && rapid.Bool().Draw(t, "revoke") {
			h[0].Revoked = statement.Instant(n.nowNS)
		}
		return n.say(id, "party.change", Change{record, version}, who)
	case 2:
		person := rapid.SampledFrom(people).Draw(t, "person")
		return n.say(id, "party.roster", Roster{"watch", []Watch{turn(person, from, to)}}, who)
	case 3:
		return n.say(id, "party.member", Name{"northern-compact", "aldmar", []string{"manned"}, hours(from), hours(to)}, who)
	case 4:
		return n.say(id, "party.member", Name{"eastern-league", "aldmar", []string{"manned", "other"}, hours(from), 0}, who)
	}
	if rapid.Bool().Draw(t, "hook") {
		url := rapid.SampledFrom([]string{"", "https://uss.example/a", "https://uss.example/b"}).Draw(t, "url")
		return n.say(id, "party.hook", Hook{rapid.SampledFrom([]string{"watch", AllPositions, "nobody"}).Draw(t, "position"), url}, who)
	}
	return n.say(id, "agreement.sign", struct{}{}, who)
}

// The journal is the state: replayed it gives the same, restored from a
// snapshot it goes on the same, and a clone is not moved by what comes after.
func TestReplayIsTheState(t *testing.T) {
	taken := 0
	rapid.Check(t, func(rt *rapid.T) {
		n := newNode(t)
		if rapid.Bool().Draw(rt, "enrolled") {
			n.enrol(compact(), small("eastern-league", KindSignatory), small("aldmar", KindMember))
		}
		var clone *State
		var frozen string
		var sent []*said
		for range rapid.IntRange(5, 40).Draw(rt, "steps") {
			if clone == nil && rapid.IntRange(0, 9).Draw(rt, "clone") == 0 {
				clone, frozen = n.st.Clone(), n.snapshot(n.st)
			}
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				restored := New()
				if err := json.Unmarshal([]byte(n.snapshot(n.st)), restored); err != nil {
					rt.Fatal(err)
				}
				n.st = restored
			}
			if rapid.IntRange(0, 3).Draw(rt, "wait") == 0 {
				n.wait(n.nowNS + rapid.Int64Range(1, 100).Draw(rt, "for")*hourNS)
			}
			s := n.drawAct(rt)
			if len(sent) > 0 && rapid.IntRange(0, 3).Draw(rt, "again") == 0 {
				more := s.keys
				s = rapid.SampledFrom(sent).Draw(rt, "which")
				s.keys = more
			}
			sent = append(sent, s)
			if _, events, err := n.do(s); err == nil {
				taken += len(events)
			}
		}
		n.checkReplay()
		if clone != nil && n.snapshot(clone) != frozen {
			rt.Fatalf("a clone moved:\n%s\n%s", n.snapshot(clone), frozen)
		}
	})
	if taken < 100 && !testing.Short() {
		t.Errorf("%d events came of it all, expected enough to prove something", taken)
	}
}

// What is released are members that there are, and what is secret is not among
// them.
func TestReleaseByDefaultNothing(t *testing.T) {
	n := newNode(t)
	n.enrol(compact(), small("aldmar", KindMember))
	id := party.ID("northern-compact")
	n.must(n.say(id, "party.roster", Roster{"watch", []Watch{turn("W-1", 0, 1)}}, director))
	n.wait(noon + 2*hourNS)
	n.do(n.say(id, "agreement.sign", struct{}{}, signed("A-1")))
	n.wait(noon + 20*dayNS)
	n.must(n.say(id, "party.change", Change{compact(), 1}, signed("A-1", "F-1")))
	s := n.say(id, "agreement.sign", struct{}{}, signed("A-1"))
	n.do(s)
	s.keys = []string{"F-1", "S-1"}
	n.must(s)
	name := n.say(id, "party.member", Name{id, "aldmar", []string{"manned"}, hours(0), 0}, signed("A-1"))
	n.must(name)
	n.must(n.say(id, "party.hook", Hook{"watch", "https://nc.example/in?key=1"}, signed("A-1")))
	n.refused(event.NotNow, "so already", n.say(id, "party.hook", Hook{"watch", "https://nc.example/in?key=1"}, signed("A-1")))
	n.refused(event.NotFound, "expected one of the party's record", n.say(id, "party.hook", Hook{"nobody", "https://nc.example/"}, signed("A-1")))
	if hooks := n.st.Hooks(); len(hooks) != 1 || hooks[0].Party != id || hooks[0].Index == 0 {
		t.Errorf("found the hooks %+v", hooks)
	}

	seen := map[string]bool{}
	for _, e := range n.journal {
		ev := decode(t, e)
		seen[ev.Type()] = true
		released := ev.Release("sandmere")
		shown := ""
		members, err := statement.Fields(e.text)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range members {
			if slices.Contains(released, m.Name) || slices.Equal(released, event.Whole) {
				shown += string(m.Value) + "\n"
			}
		}
		for _, secret := range []string{"nc.example", "+881", `"text"`, `signature"`, "linguist"} {
			if strings.Contains(shown, secret) {
				t.Errorf("%s tells a stranger %q", ev.Type(), secret)
			}
		}
	}
	actors := map[string]string{"party.manned": "", "party.unmanned": "", "party.lapsed": ""} // the node's own; else the party's
	for _, e := range n.journal {
		ev := decode(t, e)
		want := string(id)
		if own, ok := actors[ev.Type()]; ok {
			want = own
		} else if enrolled, ok := ev.(*Enrolled); ok {
			want = string(enrolled.ID)
		}
		if string(ev.Actor()) != want {
			t.Errorf("%s: found the actor %q, expected %q", ev.Type(), ev.Actor(), want)
		}
	}
	for kind := range Events {
		if !seen[kind] {
			t.Errorf("%s did not come up", kind)
		}
	}
	// Every name in the list is a member of a record.
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Party]()) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, tag)
	}
	for _, name := range public {
		if !slices.Contains(names, name) {
			t.Errorf("%q is no member of a record", name)
		}
	}
	if !slices.Contains(names, "contact") || slices.Contains(public, "contact") {
		t.Error("the contact is public, or gone")
	}
}

// The directory shows enrolled parties how to reach each other, and nobody who
// stands the watch.
func TestShow(t *testing.T) {
	n := newNode(t)
	n.enrol(compact(), small("eastern-league", KindSignatory))
	id := party.ID("northern-compact")
	w := turn("W-1", 0, 8)
	w.Languages, w.Linguist = []string{"fr", "en"}, true
	n.must(n.say(id, "party.roster", Roster{"watch", []Watch{w, turn("W-2", 0, 8)}}, director))
	if _, ok := n.st.Show("nobody-knows", id, n.nowNS); ok {
		t.Error("shows who is not enrolled")
	}
	enrolled, _ := n.st.Show(id, "eastern-league", n.nowNS)
	stranger, _ := n.st.Show(id, "nobody-knows", n.nowNS)
	if enrolled.Contact == "" || enrolled.Positions[0].Bearers[1].Address != "+881 000 001" {
		t.Errorf("kept from an enrolled party: %+v", enrolled)
	}
	if text, _ := json.Marshal(stranger); strings.Contains(string(text), "+881") || strings.Contains(string(text), "nc.example") {
		t.Errorf("shown to a stranger: %s", text)
	}
	want := []Desk{{"watch", true, party.Watch, []string{"en", "fr"}, true}, {"duty-director", false, 0, nil, false}}
	if !reflect.DeepEqual(enrolled.Desks, want) || !reflect.DeepEqual(stranger.Desks, want) {
		t.Errorf("found %+v, expected %+v", enrolled.Desks, want)
	}
	if !reflect.DeepEqual(n.st.Party(id).Positions, desks()) {
		t.Error("showing changed the record")
	}
}

// What no state could make right is refused with its place.
func TestCheckNamesThePlace(t *testing.T) {
	for want, change := range map[string]func(p *Party){
		"id: found":                                    func(p *Party) { p.ID = "two words" },
		"kind: found \"king\"":                         func(p *Party) { p.Kind = "king" },
		"found version or since":                       func(p *Party) { p.Since = 1 },
		"lead: expected one for a party":               func(p *Party) { p.Lead = "aldmar" },
		"lead: found \"northern-compact\"":             func(p *Party) { p.Kind, p.Lead = KindMember, p.ID },
		"names: found 0":                               func(p *Party) { p.Names = nil },
		"names: found the language \"English\"":        func(p *Party) { p.Names = map[string]string{"English": "x"} },
		"names.en: expected":                           func(p *Party) { p.Names = map[string]string{"en": "cap\u202etain"} },
		"languages: found \"en\"":                      func(p *Party) { p.Languages = []string{"en", "en"} },
		"roles: found 0":                               func(p *Party) { p.Roles = nil },
		"roles[1].name: found \"watch\" twice":         func(p *Party) { p.Roles[1].Name = "watch" },
		"roles[0].name: found \"Watch\"":               func(p *Party) { p.Roles[0].Name = "Watch" },
		"roles[0].level: expected":                     func(p *Party) { p.Roles[0].Level = 9 },
		"roles[0].holders[0]: person":                  func(p *Party) { p.Roles[0].Holders[0].Person = "" },
		"roles[0].holders[1]: key: found \"x":          func(p *Party) { p.Roles[0].Holders[1].Key = "x" },
		"roles[0].holders[2]: found to":                func(p *Party) { p.Roles[0].Holders[2].From, p.Roles[0].Holders[2].To = 5, 5 },
		"policies: found the act \"sign\"":             func(p *Party) { p.Policies["sign"] = Policy{1, []string{"air"}} },
		"policies: found the act \"war.begin\"":        func(p *Party) { p.Policies["war.begin"] = Policy{1, []string{"air"}} },
		"policies.agreement.sign.k: found 4":           func(p *Party) { p.Policies["agreement.sign"] = Policy{4, []string{"air", "foreign", "security"}} },
		"policies.agreement.sign.k: found 0":           func(p *Party) { p.Policies["agreement.sign"] = Policy{0, []string{"air"}} },
		"policies.agreement.sign.roles: found \"sea\"": func(p *Party) { p.Policies["agreement.sign"] = Policy{1, []string{"sea"}} },
		"policies.agreement.sign.roles: found \"air\"": func(p *Party) { p.Policies["agreement.sign"] = Policy{1, []string{"air", "air"}} },
		"positions[1].name: found \"watch\"":           func(p *Party) { p.Positions[1].Name = "watch" },
		"positions[0].level":                           func(p *Party) { p.Positions[0].Level = 0 },
		"positions[0].bearers: found 0":                func(p *Party) { p.Positions[0].Bearers = nil },
		"positions[0].bearers[1].name":                 func(p *Party) { p.Positions[0].Bearers[1].Name = "ground" },
		"positions[0].bearers[0].kind":                 func(p *Party) { p.Positions[0].Bearers[0].Kind = "smoke" },
		"positions[0].bearers[0].address":              func(p *Party) { p.Positions[0].Bearers[0].Address = "\x1b[2J" },
		"area: found 2":                                func(p *Party) { p.Area = p.Area[:2] },
		"area[3]: found lat_e9 90000000001":            func(p *Party) { p.Area[3].LatE9 = 90e9 + 1 },
		"contact: expected":                            func(p *Party) { p.Contact = strings.Repeat("x", maxContactBytes+1) },
	} {
		p := compact()
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		change(&p)
		if err := p.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("found %v, expected %q", err, want)
		}
	}
}

// Bodies are read strictly, and what is read can be written and read again.
func FuzzBodies(f *testing.F) {
	for _, body := range []any{
		Enrol{compact()},
		Change{small("aldmar", KindMember), 3},
		Roster{"watch", []Watch{turn("W-1", 0, 8)}},
		Name{"northern-compact", "aldmar", []string{"manned"}, hours(0), hours(1)},
	} {
		text, err := statement.Marshal(body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(`{"party":{"id":"a","kind":"third","roles":null,"policies":{"party.change":{"k":-1,"roles":[""]}}}}`)
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) > 64<<10 {
			t.Skip()
		}
		for name, k := range Acts {
			content := k.New()
			if statement.Unmarshal([]byte(body), content) != nil {
				continue
			}
			if c, ok := content.(interface{ Check() error }); ok && c.Check() != nil {
				continue
			}
			text, err := statement.Marshal(content)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			again := k.New()
			if err := statement.Unmarshal(text, again); err != nil {
				t.Fatalf("%s: %s: %v", name, text, err)
			}
			if twice, err := statement.Marshal(again); err != nil || string(twice) != string(text) {
				t.Fatalf("%s: %s became %s, %v", name, text, twice, err)
			}
			a := &party.Act{Content: content, Text: []byte(body)}
			a.Statement = party.Statement{Act: name, At: hours(0), Party: "northern-compact"}
			if e, ok := content.(*Enrol); ok {
				a.Party = e.Party.ID
			}
			st := New()
			if _, err := st.Authorize(a, k, noon); err == nil && k.Held {
				t.Fatalf("%s without a signature", name)
			}
			events, err := st.Decide(a, Authority{Party: a.Party}, View{}, event.Env{NowNS: noon})
			for _, ev := range events {
				event.Encode(nil, ev, noon)
				st.Apply(ev, event.At{NS: noon})
			}
			if err == nil && len(events) == 0 {
				t.Fatalf("%s: neither an event nor a refusal", name)
			}
		}
	})
}
