package channel

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// history drives a desk by random acts and remembers, apart from the state, what
// people really did.
type history struct {
	*desk
	*rapid.T
	readBack  map[string]bool // read back right, by the receiver
	wilco     map[string]bool // undertaken by a person of the receiver whose level can
	touched   map[string]bool // any answer of the receiver
	lifted    map[string]bool // STOPs
	numbers   map[direction]int64
	ids       []string // messages, STOPs, calls, undertakings
	copied    *State
	copiedAs  []byte
	journaled int
}

var everybody = []party.ID{north, east, harbour}

func (h *history) anyone() who {
	return who{
		party: rapid.SampledFrom(everybody).Draw(h.T, "party"), level: rapid.SampledFrom([]party.Level{0, party.Watch, party.Duty, party.Policy}).Draw(h.T, "level"),
		person: rapid.SampledFrom([]string{"", "w1", "d1"}).Draw(h.T, "person"), held: rapid.Bool().Draw(h.T, "held"),
	}
}

func (h *history) id() string {
	if len(h.ids) == 0 {
		return "none"
	}
	return rapid.SampledFrom(h.ids[max(0, len(h.ids)-12):]).Draw(h.T, "id")
}

func (h *history) body() any {
	switch rapid.IntRange(0, 13).Draw(h.T, "act") {
	case 0, 1, 2:
		s := &Send{
			To:         Address{rapid.SampledFrom(everybody).Draw(h.T, "to"), rapid.SampledFrom([]string{"watch", "duty-director"}).Draw(h.T, "position")},
			Type:       rapid.SampledFrom([]Type{TypeWarn, TypeCancel, TypePropose, TypeQuery, TypeSuspend, TypeCrossingNotice, TypeAdmin}).Draw(h.T, "type"),
			Precedence: rapid.SampledFrom([]Precedence{Routine, Priority, Immediate, Flash}).Draw(h.T, "precedence"),
			Fields:     []Field{cancels("gone"), position("where", 12_000_000_000, -30_000_000_000), at("when", h.now)},
		}
		if rapid.Bool().Draw(h.T, "read back") {
			s.Response = ReadBack
		}
		if rapid.Bool().Draw(h.T, "short-lived") {
			s.ValidUntil = statement.Instant(h.now + 400*second)
		}
		return s
	case 3:
		return &Open{Message: h.id(), Step: rapid.SampledFrom([]string{StepPresented, StepOpened}).Draw(h.T, "step")}
	case 4, 5, 6:
		return &Respond{Message: h.id(), Answer: rapid.SampledFrom(words).Draw(h.T, "answer"), Fields: []Field{text("note", "seen")}}
	case 7, 8:
		s := &SayBack{Message: h.id(), Method: Entered}
		if m := h.st.messages[s.Message]; m != nil {
			s.Values = slices.DeleteFunc(slices.Clone(m.Fields), func(f Field) bool { return !f.Critical() })
		}
		if len(s.Values) > 0 && rapid.Bool().Draw(h.T, "wrong") {
			s.Values = s.Values[1:]
		}
		return s
	case 9:
		t := &Try{
			Message: h.id(), Position: rapid.SampledFrom([]string{"watch", "duty-director"}).Draw(h.T, "called"), Bearer: rapid.SampledFrom([]string{"data", "voice"}).Draw(h.T, "bearer"),
			Outcome: rapid.SampledFrom(outcomes).Draw(h.T, "outcome"), Started: statement.Instant(h.now),
		}
		if t.Outcome != Calling {
			t.Ended = t.Started
		}
		return t
	case 10:
		return &CallStop{Where: Place{Text: "strip"}, AtRisk: "people", Callback: "3"}
	case 11:
		return &Hold{Stop: h.id(), Outcome: rapid.SampledFrom([]string{Held, NotMine, Unable}).Draw(h.T, "held")}
	case 12:
		if rapid.Bool().Draw(h.T, "review") {
			return &Review{Of: h.id(), Finding: Misused}
		}
		return &Resume{Stop: h.id(), Reason: "clear"}
	}
	if rapid.Bool().Draw(h.T, "kept") {
		return &Kept{Undertaking: h.id(), Outcome: "done"}
	}
	return &Call{
		With: rapid.SampledFrom(everybody).Draw(h.T, "with"), Purpose: "daily", Bearer: "voice", Outcome: "taken", Initiated: statement.Instant(h.now), Ended: statement.Instant(h.now),
		Undertakings: []Promise{{north, "call back", statement.Instant(h.now + 500*second)}},
	}
}

// step does one act, or lets time pass.
func (h *history) step() {
	if rapid.IntRange(0, 3).Draw(h.T, "time") == 0 {
		h.until(h.now + rapid.SampledFrom([]int64{1, second, 30 * second, 200 * second, 4000 * second, KeepNS, MaxValidNS}).Draw(h.T, "passes"))
		return
	}
	by, body := h.anyone(), h.body()
	var m *Message // as it was
	switch b := body.(type) {
	case *Respond:
		m = h.st.messages[b.Message]
	case *SayBack:
		m = h.st.messages[b.Message]
	}
	evs, err := h.try(by, body)
	if err != nil {
		return
	}
	for _, ev := range evs {
		switch e := ev.(type) {
		case *Sent:
			h.ids = append(h.ids, e.ID)
		case *StopSent:
			h.ids = append(h.ids, e.Stop)
		case *Called:
			h.ids = append(append(h.ids, e.ID), e.Undertakings...)
		}
	}
	switch b := body.(type) {
	case *Respond:
		if m == nil || by.party != m.To || by.person == "" {
			h.Fatalf("%+v answered for another", by)
		}
		h.touched[m.ID] = true
		h.wilco[m.ID] = h.wilco[m.ID] || b.Answer == SayWilco && by.level >= m.MinLevel
	case *SayBack:
		critical := 0
		for _, f := range m.Fields {
			if f.Critical() {
				critical++
			}
		}
		h.touched[m.ID] = true
		h.readBack[m.ID] = h.readBack[m.ID] || by.party == m.To && len(b.Values) == critical
	case *Hold:
		if s := h.st.stops[b.Stop]; s != nil {
			h.touched[s.To[s.recipient(by.party)].Message] = true
		}
	case *Resume:
		h.lifted[b.Stop] = true
	case *Open:
		h.touched[b.Message] = true
	}
}

// check holds the claims of the channel against what people really did.
func (h *history) check() {
	for _, w := range h.journal[h.journaled:] {
		if e, ok := w.ev.(*Sent); ok {
			d := direction{e.From, e.To}
			if h.numbers[d]++; e.Number != h.numbers[d] {
				h.Fatalf("found number %d from %s to %s, expected %d", e.Number, e.From, e.To, h.numbers[d])
			}
		}
	}
	h.journaled = len(h.journal)
	earliest, any := int64(0), false
	consider := func(ns int64) {
		if !any || ns < earliest {
			earliest, any = ns, true
		}
	}
	open := map[party.ID]int{}
	for id, m := range h.st.messages {
		if m.Ended == 0 {
			open[m.To]++
			ns, _ := m.nextNS()
			if m.ValidUntil != 0 || m.Overdue < m.Due || m.Climb != nil && m.FellBack == 0 {
				consider(ns)
			}
			continue
		}
		switch m.Ending {
		case AsReadBack:
			if !h.readBack[id] {
				h.Fatalf("message %s is closed as read back, and nobody did", id)
			}
		case AsWilco:
			if !h.wilco[id] {
				h.Fatalf("message %s counts as consented to, and nobody who can did", id)
			}
		case AsAnswered, AsOpened:
			if !h.touched[id] || m.Response == ReadBack {
				h.Fatalf("message %s, which asks for %s, is closed as %s; answered %v", id, m.Response, m.Ending, h.touched[id])
			}
		case AsSuperseded:
			if !h.lifted[m.Stop] {
				h.Fatalf("message %s of a STOP that nobody lifted is closed", id)
			}
		case AsExpired:
			if m.Precedence == Stop || int64(m.Ended) < int64(m.ValidUntil) {
				h.Fatalf("message %s expired before its time", id)
			}
		}
	}
	for _, u := range h.st.undertakings {
		if u.Late == 0 {
			consider(int64(u.Until))
		}
	}
	if ns, ok := h.st.Deadline(); ok != any || ok && ns != earliest {
		h.Fatalf("found the deadline %d %v, expected %d %v", ns, ok, earliest, any)
	}
	for id, s := range h.st.stops {
		if (s.Resumed != 0) != h.lifted[id] {
			h.Fatalf("STOP %s: resumed %s, lifted by a person %v", id, s.Resumed, h.lifted[id])
		}
	}
	for _, id := range everybody {
		in := h.st.Inbox(id, "")
		if len(in) != open[id] {
			h.Fatalf("found %d in the inbox of %s, expected %d", len(in), id, open[id])
		}
		for i := 1; i < len(in); i++ {
			a, b := in[i-1], in[i]
			if a.Precedence < b.Precedence || a.From == b.From && a.Precedence == b.Precedence && a.Number > b.Number {
				h.Fatalf("found %s %d before %s %d", a.Precedence, a.Number, b.Precedence, b.Number)
			}
		}
	}
}

// TestHistories: no sequence of acts and times closes what must be read back
// without matching fields, takes silence for consent, lifts a STOP by itself, or
// leaves a gap in the numbers; journal and snapshots give the same state; a
// clone stands apart.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{
			desk: newDesk(t, "2026-03-01T09:00:00Z"), T: rt, readBack: map[string]bool{}, wilco: map[string]bool{},
			touched: map[string]bool{}, lifted: map[string]bool{}, numbers: map[direction]int64{},
		}
		for range rapid.IntRange(5, 60).Draw(rt, "steps") {
			if rapid.IntRange(0, 9).Draw(rt, "copy") == 0 {
				h.copied = h.st.Clone()
				h.copiedAs, _ = json.Marshal(h.copied)
			}
			h.step()
			h.check()
		}
		h.restart()
		if h.copied == nil {
			return
		}
		if now, _ := json.Marshal(h.copied); !bytes.Equal(now, h.copiedAs) {
			rt.Fatal("a clone changed with the state that it was made of")
		}
		before := h.snapshot()
		for i, w := range h.journal {
			h.copied.Apply(w.ev, event.At{NS: h.now + 1, Index: int64(i)})
		}
		if !bytes.Equal(before, h.snapshot()) {
			rt.Fatal("a state changed with its clone")
		}
		h.check()
	})
}

// Methods of both embedded types: those of the rapid test are meant.

func (h *history) Fatalf(format string, args ...any) { h.T.Fatalf(format, args...) }

// TestRelease: nobody but the two sides sees anything of an event.
func TestRelease(t *testing.T) {
	for name, empty := range Events {
		ev := empty()
		fill(reflect.ValueOf(ev).Elem())
		if ev.Type() != name {
			t.Errorf("%s calls itself %s", name, ev.Type())
		}
		if got := ev.Release("bystander"); got != nil {
			t.Errorf("%s: a bystander sees %q", name, got)
		}
		if got := ev.Release(""); got != nil {
			t.Errorf("%s: the node's own name opens %q", name, got)
		}
		if _, ok := ev.(Event); !ok {
			t.Errorf("%s is no event of the channel", name)
		}
	}
	for hidden, names := range map[string][]string{"recipients": stoppedShown, "messages": stoppedShown, "remarks": calledShown, "interpreters": calledShown} {
		if len(names) < 5 || slices.Contains(names, hidden) || slices.Contains(names, "") {
			t.Errorf("found %q shown, expected all but %s", names, hidden)
		}
	}
	d := newDesk(t, "2026-03-01T09:00:00Z")
	m := sent(t, d.do(watchOf(north), warn(east, Flash)))
	if name, addressed := m.Position(east); name != "watch" || !addressed {
		t.Errorf("found the position %q %v", name, addressed)
	}
}

// fill sets every party of an event to some name, so that empty ones do not
// stand for the node.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		if !f.CanSet() && f.Kind() != reflect.Struct {
			continue
		}
		switch {
		case f.Type() == reflect.TypeFor[party.ID]():
			f.SetString("somebody")
		case f.Kind() == reflect.Struct:
			fill(f)
		}
	}
}

// TestNotify: the node itself tells a party, in its own series of numbers, and
// only that party sees it.
func TestNotify(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:00:00Z")
	for n := range 2 {
		evs := d.st.Notify(Note{To: Address{Party: east}, Type: TypeConflict, Precedence: Immediate, Text: "Conflict found.", Ref: "c1"}, d.view(), d.env(), n)
		m := sent(t, evs)
		if m.Number != int64(n+1) || m.Actor() != "" || m.Release(north) != nil || m.Release(east) == nil {
			t.Errorf("found %+v", m)
		}
		d.write(evs)
	}
	in := d.st.Inbox(east, "watch")
	if len(in) != 2 || len(d.st.Outbox("")) != 0 {
		t.Fatalf("found %d in the inbox", len(in))
	}
	d.do(watchOf(east), &Respond{Message: in[0].ID, Answer: SayRoger})
	d.refused(event.NotFound, dutyOf(east), &Review{Of: in[1].ID, Finding: Misused})
	d.until(d.now + 3600*second)
	d.restart()
}

// TestForgetting: what ended is forgotten after a day, or when there is too much
// of it, and nothing that is open ever is.
func TestForgetting(t *testing.T) {
	st, at := New(), event.At{NS: 1}
	say := func(number int64, id string) {
		st.Apply(&Sent{Dispatch{ID: id, From: north, To: east, Number: number, Type: TypeWarn, Precedence: Routine, RespondBy: 1 << 60}}, at)
	}
	end := func(id string) {
		st.Apply(&Responded{Between: Between{id, north, east}, Hand: Hand{By: east}, Ending: AsAnswered}, at)
	}
	id := func(n int) string {
		return "m" + string(rune('a'+n%26)) + string(rune('0'+n/26%10)) + string(rune('A'+n/260))
	}
	say(1, "open")
	const n = KeepMost + 50
	ids := make([]string, n)
	for i := range n {
		ids[i] = id(i)
		say(int64(i+2), ids[i])
		end(ids[i])
	}
	if st.messages[ids[49]] != nil || st.messages[ids[50]] == nil || len(st.messages) != KeepMost+1 {
		t.Errorf("found %d messages, expected the last %d that ended, and the open one", len(st.messages), KeepMost)
	}
	if cap := len(st.ended); cap > 2*KeepMost+64 {
		t.Errorf("found %d entries of what ended for %d", cap, KeepMost)
	}
	at.NS += KeepNS
	for i := 0; i <= KeepMost/pruneMost+1; i++ {
		st.Apply(&Progressed{Between: Between{Message: "none"}}, at)
	}
	if len(st.messages) != 1 || st.messages["open"] == nil || st.kept != 0 {
		t.Errorf("found %d messages a day later, expected the open one", len(st.messages))
	}
	if st.numbered(north, east).last != n+1 {
		t.Errorf("found the number %d, expected %d still", st.numbered(north, east).last, n+1)
	}
}

// TestCalendar: entries come out in order and each once, whatever was added,
// left behind or added twice.
func TestCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c calendar
		live := map[string]int64{}
		holds := func(e entry) bool { ns, ok := live[e.id]; return ok && ns == e.ns }
		for range rapid.IntRange(0, 200).Draw(t, "n") {
			id, ns := rapid.StringMatching("[a-d]").Draw(t, "id"), rapid.Int64Range(0, 20).Draw(t, "ns")
			if rapid.IntRange(0, 3).Draw(t, "end") == 0 {
				delete(live, id)
			} else {
				live[id] = ns
				c.add(ns, id)
			}
			c.tidy(len(live), holds)
		}
		if len(c.entries) > 2*len(live)+64 {
			t.Fatalf("found %d entries for %d that hold", len(c.entries), len(live))
		}
		now := rapid.Int64Range(0, 20).Draw(t, "now")
		var want []entry
		for id, ns := range live {
			if ns <= now {
				want = append(want, entry{ns, id})
			}
		}
		slices.SortFunc(want, entry.compare)
		most := rapid.IntRange(1, 5).Draw(t, "most")
		if got := c.until(now, most, holds); !slices.Equal(got, want[:min(most, len(want))]) {
			t.Fatalf("found %v, expected the first %d of %v", got, most, want)
		}
	})
}

// BenchmarkMessage sends a message and answers it: deciding, applying and
// encoding of both.
func BenchmarkMessage(b *testing.B) {
	d := newDesk(b, "2026-03-01T09:00:00Z")
	view, body := d.view(), warn(east, Immediate)
	body.Text, body.Language = "Our aircraft left its volume to the west and turns back.", "en"
	by := registry.Authority{Party: north, Level: party.Watch, Person: "w1", Role: "watch"}
	a := &party.Act{Statement: party.Statement{Party: north}, Content: body}
	var buf []byte
	for range b.N {
		d.now++
		evs, err := d.st.Decide(a, by, view, d.env())
		if err != nil {
			b.Fatal(err)
		}
		id := evs[0].(*Sent).ID
		answer := &party.Act{Statement: party.Statement{Party: east}, Content: &Respond{Message: id, Answer: SayRoger}}
		for i := range 2 {
			for _, ev := range evs {
				buf = event.Encode(buf[:0], ev, d.now)
				d.st.Apply(ev, event.At{NS: d.now})
			}
			if i == 0 {
				evs, err = d.st.Decide(answer, registry.Authority{Party: east, Level: party.Watch, Person: "w1"}, view, d.env())
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}

// TestCloneDeadlines: what ends in a clone is still due in the state.
func TestCloneDeadlines(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:00:00Z")
	for _, p := range []Precedence{Priority, Immediate, Flash, Immediate, Routine} {
		d.do(watchOf(north), warn(east, p))
		d.now++
	}
	want, ok := d.st.Deadline()
	c := d.st.Clone()
	for _, m := range c.Inbox(east, "") {
		c.Apply(&Responded{Between: between(m), Hand: Hand{By: east}, Ending: AsAnswered}, event.At{NS: d.now})
	}
	if _, due := c.Deadline(); due {
		t.Error("the clone waits for what ended")
	}
	if ns, still := d.st.Deadline(); ns != want || still != ok {
		t.Errorf("found the deadline %d, expected %d as before", ns, want)
	}
	if evs := d.until(d.now + KeepNS); len(evs) < 5 {
		t.Errorf("found %q, expected each message overdue", typesOf(evs))
	}
}
