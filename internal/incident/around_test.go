package incident

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// aroundSTOP opens the incident of a STOP that hr called to three parties.
func aroundSTOP(b *bench) string {
	return b.open(Trigger{
		Key: "stop 1", Kind: Stop, Parties: []party.ID{nc, el, sm, hr}, Around: hr, At: b.now,
		Subjects: []string{"1"}, Text: "STOP was called: people at risk",
	})
}

// released returns what a party is shown of an event.
func released(t interface{ Fatal(...any) }, ev event.Event, to party.ID) []byte {
	names := ev.Release(to)
	if ev.Actor() == to {
		names = event.Whole
	}
	members, err := statement.Fields(event.Encode(nil, ev, 0))
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, m := range members {
		if slices.Contains(names, m.Name) || slices.Equal(names, event.Whole) {
			out = append(append(out, m.Name...), m.Value...)
		}
	}
	return out
}

// Those around a party see what it and they say to each other, whatever all of
// them do, and neither who the others are nor that they said anything.
func TestAroundShowsNobodyElse(t *testing.T) {
	toy, said := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		id := aroundSTOP(b)
		all := []party.ID{nc, el, sm, hr}
		for range rapid.IntRange(1, 25).Draw(rt, "acts") {
			by := rapid.SampledFrom(all).Draw(rt, "by")
			word := "word of " + string(by)
			number := rapid.Int64Range(1, 6).Draw(rt, "number")
			_, err := b.try(by, rapid.SampledFrom([]interface{ Check() error }{
				&Account{Incident: id, Text: word, CollisionHazard: by == nc, Evidence: []int64{int64(len(by))}},
				&Propose{Incident: id, Kind: Fact, Text: word, Evidence: []int64{int64(len(by)) + 100}},
				&Reply{Incident: id, Number: number, Stance: Agrees},
				&Reply{Incident: id, Number: number, Stance: Disputes, Reason: word},
				&Undertake{Incident: id, Text: word, Due: b.now + statement.Instant(time.Hour)},
				&Close{Incident: id},
			}).Draw(rt, "act"))
			if err == nil {
				said++
			}
			if rapid.IntRange(0, 9).Draw(rt, "later") == 0 {
				b.until(b.now + statement.Instant(30*time.Hour))
			}
		}
		for _, to := range []party.ID{nc, el, sm} {
			var seen []byte
			for _, ev := range b.all {
				seen = append(seen, released(rt, ev, to)...)
			}
			shown, err := b.st.Show(id, to)
			if err != nil {
				rt.Fatal(err)
			}
			text, err := json.Marshal(shown)
			if err != nil {
				rt.Fatal(err)
			}
			whole, err := json.Marshal(b.st.Incident(id))
			if err != nil {
				rt.Fatal(err)
			}
			for _, other := range []party.ID{nc, el, sm} {
				if other == to {
					continue
				}
				if bytes.Contains(seen, []byte(other)) || bytes.Contains(text, []byte(other)) {
					rt.Fatalf("%s is shown %s in\n%s\n%s", to, other, seen, text)
				}
				if bytes.Contains(whole, []byte(other)) {
					toy++
				}
			}
			if shown.Category == NearMidair && to != nc && !slices.ContainsFunc(shown.Accounts, func(a Told) bool { return a.Account.CollisionHazard }) {
				rt.Fatalf("%s learns the category by the account of another", to)
			}
			for _, e := range shown.Frozen {
				if e.Index%100 != int64(len(to)) && e.Index%100 != int64(len(hr)) {
					rt.Fatalf("%s is shown the evidence %d of another", to, e.Index)
				}
			}
		}
	})
	if toy == 0 || said == 0 {
		t.Error("nothing was said, or the whole names nobody: nothing is tested")
	}
}

// Who called the STOP sees all, each of the others what concerns it; the two can
// come to an end about a point, and all can close.
func TestAroundComesToAnEnd(t *testing.T) {
	b := newBench(t)
	id := aroundSTOP(b)
	for _, p := range []party.ID{nc, el, sm, hr} {
		b.do(p, &Account{Incident: id, Text: "account of " + string(p)})
	}
	ours := b.do(hr, &Propose{Incident: id, Kind: Fact, Text: "for all"}).(*Proposed)
	theirs := b.do(nc, &Propose{Incident: id, Kind: Fact, Text: "for hr"}).(*Proposed)
	b.refused(event.NotFound, el, &Reply{Incident: id, Number: theirs.Number, Stance: Agrees})
	b.refused(event.Incomplete, hr, &Close{Incident: id})
	b.refused(event.Incomplete, el, &Close{Incident: id})
	if a := b.do(hr, &Reply{Incident: id, Number: theirs.Number, Stance: Agrees}).(*Answered); a.Status != Agreed {
		t.Errorf("a point of two to which both agree is %s", a.Status)
	}
	for _, p := range []party.ID{nc, el, sm} {
		b.do(p, &Reply{Incident: id, Number: ours.Number, Stance: Agrees})
	}
	for _, c := range []struct {
		to               party.ID
		accounts, points int
	}{{hr, 4, 2}, {nc, 2, 2}, {el, 2, 1}} {
		shown, err := b.st.Show(id, c.to)
		if err != nil {
			t.Fatal(err)
		}
		if len(shown.Accounts) != c.accounts || len(shown.AgreedPoints) != c.points || len(shown.Sheet) != c.points {
			t.Errorf("%s is shown %d accounts and %d points, expected %d and %d", c.to, len(shown.Accounts), len(shown.Sheet), c.accounts, c.points)
		}
	}
	var last event.Event
	for _, p := range []party.ID{nc, el, sm, hr} {
		last = b.do(p, &Close{Incident: id})
	}
	if !last.(*Closed).Final {
		t.Error("all closed the incident, and it is open")
	}
}

// A reader of an old journal meets the first form of an event, and this program
// writes it as long as it says all.
func TestFormOfEvents(t *testing.T) {
	for around, want := range map[party.ID]int64{"": 1, hr: 2} {
		e := &Closed{Head: Head{By: nc, Incident: "i", Parties: []party.ID{hr, nc}, Around: around}}
		own, newest := e.Form()
		text := event.Encode(nil, e, 7)
		if own != want || newest != 2 || !bytes.Contains(text, []byte(map[int64]string{1: `"v":1`, 2: `"v":2`}[want])) {
			t.Errorf("around %q it has the form %d of %d: %s", around, own, newest, text)
		}
		members, err := statement.Fields(text)
		if err != nil {
			t.Fatal(err)
		}
		for v := range int64(4) {
			_, known, err := Events.Decode("incident.closed", v, members)
			if known != (v == 1 || v == 2) || (err == nil) != (v == want) && known {
				t.Errorf("around %q as version %d: known %v, error %v", around, v, known, err)
			}
		}
	}
}
