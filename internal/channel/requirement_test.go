package channel

import (
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// TestH1Position: a message reaches whoever stands the watch. The toy reaches a
// named person's telephone: when the person is away, nobody hears of it.
func TestH1Position(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:00:00Z")
	shift := instant(t, "2026-03-01T10:00:00Z")
	d.roster.watch[Address{east, "watch"}] = []registry.Watch{
		{Person: "day", To: statement.Instant(shift)},
		{Person: "night", From: statement.Instant(shift), To: statement.Instant(shift + 3600*second)},
	}
	present := func(person string, ns int64) bool {
		return slices.ContainsFunc(d.roster.OnWatch(east, "watch", ns), func(w registry.Watch) bool { return w.Person == person })
	}
	toy := func(phoneOf string, ns int64) (heard bool) { return present(phoneOf, ns) }
	if toy("day", shift+1) {
		t.Fatal("the toy reached a person who had gone; it should fail")
	}

	d.now = shift + 1
	m := sent(t, d.do(watchOf(north), warn(east, Immediate)))
	if m.Unmanned || len(d.st.Inbox(east, "watch")) != 1 {
		t.Errorf("found unmanned %v and %d in the inbox, expected a manned watch with the message", m.Unmanned, len(d.st.Inbox(east, "watch")))
	}
	d.do(who{party: east, level: party.Watch, person: "night"}, &Respond{Message: m.ID, Answer: SayRoger})

	// After the night nobody stands the watch: that is said at once, and the
	// ladder begins, though the message is a routine one.
	d.now = shift + 3600*second
	evs := d.do(watchOf(north), warn(east, Routine))
	expectTypes(t, evs, "channel.sent", "channel.escalated", "channel.attempt")
	if e := sent(t, evs); !e.Unmanned || e.Actor() != north {
		t.Error("expected that the sender is told that nobody stands the position")
	}
	if e := evs[1].(*Escalated); e.Reason != ForUnmanned {
		t.Errorf("found the reason %q, expected %q", e.Reason, ForUnmanned)
	}
	d.refused(event.NotFound, watchOf(north), &Send{To: Address{east, "colonel"}, Type: TypeWarn, Precedence: Routine, Phrases: []string{"converging"}})
	d.refused(event.NotFound, watchOf(north), &Send{To: Address{"nobody", "watch"}, Type: TypeWarn, Precedence: Routine, Phrases: []string{"converging"}})

	// Whoever answers a call about safety takes down what it is about: to call
	// back later is no outcome without it.
	c := &Call{With: east, Purpose: "safety", Bearer: "voice", Initiated: statement.Instant(d.now - 60*second), Ended: statement.Instant(d.now), Outcome: "call_back"}
	d.refused(event.Invalid, watchOf(north), c)
	c.Messages = []string{sent(t, evs).ID}
	d.do(watchOf(north), c)
	d.restart()
}

// TestH2Precedence: each precedence has its handling time, to the nanosecond,
// and goes before lower ones. The toy colours labels and keeps the order in
// which messages came.
func TestH2Precedence(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:00:00Z")
	order := []Precedence{Routine, Priority, Flash, Immediate}
	toy := slices.Clone(order)
	if toy[0] == Flash {
		t.Fatal("the toy put FLASH first; it should fail")
	}
	for _, p := range order {
		d.do(watchOf(north), warn(east, p))
		d.now++
	}
	d.do(watchOf(harbour), &CallStop{Where: Place{Text: "Weir Strip"}, AtRisk: "people", Callback: "channel 7", To: []party.ID{east}})
	var got []Precedence
	for _, m := range d.st.Inbox(east, "watch") {
		got = append(got, m.Precedence)
	}
	if want := []Precedence{Stop, Flash, Immediate, Priority, Routine}; !slices.Equal(got, want) {
		t.Errorf("found the order %v, expected %v", got, want)
	}

	for p, after := range map[Precedence]int64{
		Flash: 180 * second, Immediate: 600 * second, Priority: 3600 * second,
		Routine: 9 * 3600 * second, // from 09:00 to the test call at 18:00
	} {
		d := newDesk(t, "2026-03-01T09:00:00Z")
		start := d.now
		m := sent(t, d.do(watchOf(north), warn(east, p)))
		overdue := func() bool { return d.message(m.ID).Overdue != 0 }
		if d.until(start + after - 1); overdue() {
			t.Errorf("%s: overdue before its time", p)
		}
		d.restart()
		if d.until(start + after); !overdue() {
			t.Errorf("%s: not overdue at its time, %d s", p, after/second)
		}
		if d.st.Statistics(east).Overdue != 1 {
			t.Errorf("%s: found %+v, expected it to be counted", p, d.st.Statistics(east))
		}
		d.restart()

		// Dealt with one nanosecond before: never overdue.
		d = newDesk(t, "2026-03-01T09:00:00Z")
		m = sent(t, d.do(watchOf(north), warn(east, p)))
		d.until(start + after - 1)
		d.do(watchOf(east), &Respond{Message: m.ID, Answer: SayRoger})
		if evs := d.until(start + after + 3600*second); len(evs) != 0 || overdue() {
			t.Errorf("%s: found %q after the answer, expected nothing", p, typesOf(evs))
		}
	}

	d = newDesk(t, "2026-03-01T09:00:00Z")
	long := warn(east, Flash)
	long.Text, long.Language = strings.Repeat("a", int(d.rules.Precedence.FlashBytes)), "en"
	m := sent(t, d.do(watchOf(north), long))
	long.Text += "a"
	d.refused(event.Invalid, watchOf(north), long)
	d.refused(event.Invalid, watchOf(north), &Send{To: Address{east, "watch"}, Type: TypeAdmin, Precedence: Flash, Text: "review", Language: "en"})
	d.do(dutyOf(east), &Review{Of: m.ID, Finding: Misused})
	d.refused(event.NotNow, dutyOf(east), &Review{Of: m.ID, Finding: Misused})
	if s := d.st.Statistics(north); s.Flash != 1 || s.Misused != 1 {
		t.Errorf("found %+v, expected one FLASH, found misused", s)
	}
	d.restart()
}

// TestH3ReadBack: only matching fields close what has to be read back. The toy
// counts a receipt as understanding.
func TestH3ReadBack(t *testing.T) {
	d := newDesk(t, "2026-03-01T07:30:00Z")
	m := sent(t, d.do(watchOf(east), crossing(d)))
	toy := func(m *Message) (understood bool) { return m.Sent != 0 } // delivered
	if !toy(d.message(m.ID)) {
		t.Fatal("the toy should take the crossing for understood before anybody read it")
	}
	open := func(after string) {
		t.Helper()
		if d.message(m.ID).Ended != 0 {
			t.Fatalf("closed after %s", after)
		}
	}
	open("delivery")
	d.do(watchOf(north), &Open{Message: m.ID, Step: StepPresented})
	d.do(watchOf(north), &Open{Message: m.ID, Step: StepOpened})
	open("opening")
	d.do(watchOf(north), &Respond{Message: m.ID, Answer: SayRoger})
	open("ROGER")
	d.do(watchOf(north), &Respond{Message: m.ID, Answer: SayWilco})
	open("WILCO")

	// 07:33: 09:36 instead of 09:26.
	d.now = instant(t, "2026-03-01T07:33:00Z")
	back := slices.Clone(m.Fields)
	back[2] = at("cross_time", instant(t, "2026-03-01T09:36:00Z"))
	back = back[1:]
	evs := d.do(watchOf(north), &SayBack{Message: m.ID, Values: back, Method: Blind})
	expectTypes(t, evs, "channel.mismatch")
	if e := evs[0].(*Mismatched); !slices.Equal(e.Fields, []string{"cross_time"}) {
		t.Errorf("found the mismatches %q, expected cross_time", e.Fields)
	}
	open("a mismatch")
	if got, want := d.message(m.ID).Due, m.RespondBy; got != want {
		t.Errorf("found the limit %s after a mismatch, expected %s as before", got, want)
	}
	d.restart()

	// 07:35: right, within the tolerances of the rules.
	d.now = instant(t, "2026-03-01T07:35:00Z")
	back[1] = at("cross_time", instant(t, "2026-03-01T09:26:00Z")+d.rules.ReadBack.TimeNS)
	expectTypes(t, d.do(watchOf(north), &SayBack{Message: m.ID, Values: back, Method: Blind}), "channel.readback")
	if got := d.message(m.ID); got.Ending != AsReadBack || got.State() != "closed" || int64(got.Ended) != d.now {
		t.Errorf("found %q %s at %s, expected it closed by the read-back", got.Ending, got.State(), got.Ended)
	}

	// Who is to enter the fields blind gets the message without them.
	for _, f := range d.message(m.ID).Blinded().Fields {
		if f.Name != "flight" && f.Kind() != "" {
			t.Errorf("found a value of %s in the blinded message", f.Name)
		}
	}
	if d.message(m.ID).Fields[1].Position == nil {
		t.Error("blinding changed the message itself")
	}
}

func TestReadBackFields(t *testing.T) {
	d := newDesk(t, "2026-03-01T07:30:00Z")
	send := crossing(d)
	good := send.Fields[1:]
	replace := func(i int, f Field) []Field {
		values := slices.Clone(good)
		values[i] = f
		return values
	}
	for what, c := range map[string]struct {
		values []Field
		wrong  []string
	}{
		"same":               {good, nil},
		"another order":      {[]Field{good[2], good[0], good[1]}, nil},
		"position 1 NM away": {replace(0, position("cross_point", 12_189_000_000, -30_000_000_000)), []string{"cross_point"}},
		"level above W84":    {replace(2, Field{Name: "cross_level", Value: terms.Value{Level: &declared.Altitude{MM: 6_096_000, Reference: "W84"}}}), []string{"cross_level"}},
		"level 1,000 ft off": {replace(2, level("cross_level", 6_096_000+304_800)), []string{"cross_level"}},
		"one lacks":          {good[:2], []string{"cross_level"}},
		"none":               {nil, []string{"cross_point", "cross_time", "cross_level"}},
		"one too many":       {append(slices.Clone(good), level("floor", 1)), []string{"floor"}},
		"another kind":       {replace(1, text("cross_time", "09:26")), []string{"cross_time"}},
		"a time a year off":  {replace(1, at("cross_time", instant(t, "2027-03-01T09:26:00Z"))), []string{"cross_time"}},
	} {
		if got := mismatches(d.rules.ReadBack, send.Fields, c.values); !slices.Equal(got, c.wrong) {
			t.Errorf("%s: found the mismatches %q, expected %q", what, got, c.wrong)
		}
	}
}

// STANDBY adds its limit once, and not to what is overdue.
func TestH3Standby(t *testing.T) {
	d := newDesk(t, "2026-03-01T07:30:00Z")
	start, standby := d.now, d.rules.Precedence.StandbyNS
	m := sent(t, d.do(watchOf(east), crossing(d)))
	d.now += second
	d.do(watchOf(north), &Respond{Message: m.ID, Answer: SayStandby})
	d.now += second
	d.do(watchOf(north), &Respond{Message: m.ID, Answer: SayStandby})
	limit := start + d.rules.Precedence.PriorityNS + standby
	if evs := d.until(limit - 1); len(evs) != 0 {
		t.Errorf("found %q before the limit", typesOf(evs))
	}
	d.restart()
	expectTypes(t, d.until(limit), "channel.overdue", "channel.escalated", "channel.attempt")
	d.do(watchOf(north), &Respond{Message: m.ID, Answer: SayStandby})
	if got := d.message(m.ID).Due; int64(got) != limit {
		t.Errorf("found the limit %s, expected that STANDBY adds nothing to what is overdue", got)
	}
}

// TestH3HeldKey: where the agreement asks for it, a read-back needs the role's
// own key.
func TestH3HeldKey(t *testing.T) {
	d := newDesk(t, "2026-03-01T07:30:00Z")
	d.rules.ReadBack.HeldKey = true
	m := sent(t, d.do(watchOf(east), crossing(d)))
	back := &SayBack{Message: m.ID, Values: m.Fields[1:], Method: Entered}
	d.refused(event.NotAllowed, watchOf(north), back)
	signed := watchOf(north)
	signed.held = true
	d.do(signed, back)
}

// TestH8Languages: the original is kept beside the translation, and no read-back
// rests on a machine's translation alone. The toy takes any translation.
func TestH8Languages(t *testing.T) {
	french := func(d *desk, machine bool, by string) *Send {
		s := crossing(d)
		s.Language, s.Text = "fr", "Traversée de la ligne comme indiqué."
		if by != "" {
			s.Translated = Translation{Language: "en", Text: "Crossing of the line as given.", By: by, Machine: machine}
		}
		return s
	}
	d := newDesk(t, "2026-03-01T07:30:00Z")
	toy := func(m *Message) bool { return m.Translated.Text != "" }
	m := sent(t, d.do(watchOf(east), french(d, true, "translator 2")))
	if !toy(d.message(m.ID)) {
		t.Fatal("the toy should take a machine's translation")
	}
	if m.Text == "" || !m.Translated.Machine || m.Translated.By == "" {
		t.Errorf("found %+v, expected the original and the marked translation", m)
	}
	back := func(m *Sent) *SayBack { return &SayBack{Message: m.ID, Values: m.Fields[1:], Method: Entered} }
	d.refused(event.Incomplete, watchOf(north), back(m))

	basis := func(evs []event.Event) string { return evs[0].(*Confirmed).Basis }
	if got := basis(d.do(watchOf(north), back(sent(t, d.do(watchOf(east), french(d, false, "l7")))))); got != "translation" {
		t.Errorf("found the basis %q, expected translation", got)
	}
	none := sent(t, d.do(watchOf(east), french(d, false, "")))
	d.refused(event.Incomplete, watchOf(north), back(none))

	linguist := registry.Watch{Person: "l1", Level: party.Watch, Languages: []string{"en", "fr-CA"}, Linguist: true}
	at := Address{north, "watch"}
	d.roster.watch[at] = append(d.roster.watch[at], linguist)
	if got := basis(d.do(watchOf(north), back(m))); got != "linguist" {
		t.Errorf("found the basis %q, expected linguist", got)
	}
	if got := basis(d.do(who{party: north, level: party.Watch, person: "l1"}, back(none))); got != "original" {
		t.Errorf("found the basis %q, expected original", got)
	}

	for _, id := range PhraseIDs() {
		p, _ := PhraseOf(id)
		for _, language := range []string{"en", "fr"} {
			if p.Texts[language] == "" || strings.ContainsAny(p.Texts[language], "0123456789") {
				t.Errorf("phrase %s: found %q in %s, expected a text without numbers", id, p.Texts[language], language)
			}
		}
	}
	for _, id := range d.rules.Ladder.Fallback {
		if _, ok := PhraseOf(id); !ok {
			t.Errorf("the fallback %s is no standard phrase", id)
		}
	}
}

// TestP4CompetentLevel: a watch cannot accept for its party what takes a higher
// level; it passes it up, which is timed. The toy lets anyone click "accept".
func TestP4CompetentLevel(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:00:00Z")
	propose := &Send{To: Address{east, "watch"}, Type: TypePropose, Precedence: Immediate, Text: "We start later if you stay above.", Language: "en"}
	m := sent(t, d.do(watchOf(north), propose))
	toy := func(answer string) (accepted bool) { return answer == SayWilco }
	if !toy(SayWilco) {
		t.Fatal("the toy should take anybody's WILCO")
	}
	d.now += 60 * second
	evs := d.do(watchOf(east), &Respond{Message: m.ID, Answer: SayWilco})
	limit := d.now + d.rules.Precedence.ImmediateNS
	if e := evs[0].(*Responded); !e.PassedUp || e.Ending != StillOpen || int64(e.Due) != limit {
		t.Errorf("found %+v, expected it passed up with a limit of its own", e)
	}
	if got := d.message(m.ID); got.Consented() || got.Ended != 0 {
		t.Error("a watch accepted for its party")
	}
	d.now += 60 * second // once more gives no more time
	d.do(watchOf(east), &Respond{Message: m.ID, Answer: SayWilco})
	if evs := d.until(limit - 1); len(evs) != 0 {
		t.Errorf("found %q before the limit", typesOf(evs))
	}
	evs = d.until(limit)
	expectTypes(t, evs, "channel.overdue", "channel.escalated", "channel.attempt")
	if e := evs[2].(*Attempted); e.Position != "duty-director" {
		t.Errorf("found the position %q called, expected that the ladder leaves out who passed it up", e.Position)
	}
	d.restart()
	d.do(dutyOf(east), &Respond{Message: m.ID, Answer: SayWilco})
	if !d.message(m.ID).Consented() {
		t.Error("expected the duty director's WILCO to be consent")
	}
	if d.st.Statistics(east).PassedUp != 2 {
		t.Errorf("found %+v, expected two passed up", d.st.Statistics(east))
	}

	d.refused(event.NotAllowed, watchOf(north), &Send{To: Address{east, "watch"}, Type: TypeAccept, Precedence: Immediate, Text: "Agreed.", Language: "en"})
	d.refused(event.NotAllowed, dutyOf(north), &Send{To: Address{east, "watch"}, Type: TypeSuspend, Precedence: Immediate, Text: "Suspended.", Language: "en"})
	d.refused(event.Incomplete, who{party: east, level: party.Watch}, &Respond{Message: sent(t, d.do(watchOf(north), propose)).ID, Answer: SayRoger})
}

// TestC5NoCommand: nothing that can be sent orders anybody. The toy has a type
// that does.
func TestC5NoCommand(t *testing.T) {
	allowed := map[Force]bool{Inform: true, Advise: true, Request: true, Warn: true, Undertake: true, HoldOwn: true}
	toy := map[string]Force{"APPROVE": "order", "DENY": "order"}
	for _, f := range toy {
		if allowed[f] {
			t.Fatal("the toy's types should not be allowed")
		}
	}
	for name, k := range kinds {
		if !allowed[k.force] && !(name == TypeStop && k.force == AskToHold) {
			t.Errorf("%s has the force %q", name, k.force)
		}
		if k.receiver < party.Watch || k.highest == 0 || !slices.Contains(responses, k.response) {
			t.Errorf("%s is incomplete: %+v", name, k)
		}
	}
	if len(kinds) != 26 {
		t.Errorf("found %d types, expected the 26 of the closed list", len(kinds))
	}
	for id, p := range phrases {
		if !allowed[p.Force] {
			t.Errorf("phrase %s has the force %q", id, p.Force)
		}
	}
	for _, text := range []string{`{"name":"x","order":"turn back"}`, `{"name":"x","clear_to":"FL100"}`, `{"name":"x","heading":270}`} {
		var f Field
		if err := statement.Unmarshal([]byte(text), &f); err == nil && f.check() == nil {
			t.Errorf("%s was taken", text)
		}
	}
	var s Send
	if err := statement.Unmarshal([]byte(`{"precedence":"FLASH","to":{"party":"p","position":"watch"},"type":"ORDER"}`), &s); err == nil {
		t.Error("a type outside the list was taken")
	}
	// A STOP that nobody answers changes nothing of the receiver's: it only asks.
	d := newDesk(t, "2026-03-01T09:00:00Z")
	evs := d.do(watchOf(north), &CallStop{Where: Place{Text: "the strip"}, AtRisk: "people", Callback: "line 2"})
	for _, ev := range append(evs, d.until(d.now+24*3600*second)...) {
		if _, ok := ev.(Event); !ok {
			t.Errorf("found %s, expected events of the channel only", ev.Type())
		}
	}
}
