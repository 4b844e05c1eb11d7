package notice

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Whatever is done: what the journal holds makes the same state again, a copy
// stays as it was, nobody without consent learns anything, no version is held
// back beyond its time, and no link of a chain comes before the former.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		consented := map[string][]party.ID{} // ever
		for range rapid.IntRange(1, 40).Draw(rt, "acts") {
			copied := b.st.Clone()
			before := marshal(rt, copied)
			from := len(b.log)
			if rapid.IntRange(0, 5).Draw(rt, "wait") == 0 {
				b.until(b.now + statement.Instant(rapid.Int64Range(0, int64(4*time.Hour)).Draw(rt, "ns")))
			} else {
				_, _ = b.try(rapid.SampledFrom([]party.ID{hr, hr, nc, el, sm}).Draw(rt, "by"), drawBody(rt, b.st))
			}
			for _, e := range b.log[from:] {
				follow(rt, b, e, consented)
			}
			for _, n := range b.st.notices {
				check(rt, b, n)
			}
			if !bytes.Equal(before, marshal(rt, copied)) {
				rt.Fatal("an act changed a copy")
			}
		}
		replayed := New()
		for _, e := range b.log {
			replayed.Apply(reread(rt, e.ev, e.at.NS), e.at)
		}
		want := marshal(rt, b.st)
		if got := marshal(rt, replayed); !bytes.Equal(got, want) {
			rt.Fatalf("replayed:\n%s\nexpected:\n%s", got, want)
		}
		restored := New()
		if err := json.Unmarshal(want, restored); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(b.st, restored, cmp.AllowUnexported(State{}, calendar{}), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(State{}, "sites")); diff != "" {
			rt.Fatalf("restored: %s", diff)
		}
		for id := range b.st.sites {
			if restored.sites[id] == nil || !slices.Equal(restored.sites[id].extents, b.st.sites[id].extents) {
				rt.Fatalf("the site of %s was not restored", id)
			}
		}
		if len(restored.sites) != len(b.st.sites) {
			rt.Fatalf("%d sites restored, expected %d", len(restored.sites), len(b.st.sites))
		}
	})
}

// follow keeps who ever had the notifier's consent, and looks whom an event
// reaches.
func follow(rt *rapid.T, b *bench, e entry, consented map[string][]party.ID) {
	h := head(e.ev.(Event))
	switch ev := e.ev.(type) {
	case *Declared:
		consented[h.Notice] = append(consented[h.Notice], ev.Consent...)
		if until := int64(ev.HeldUntil); until != 0 && until > e.at.NS+HoldNS {
			rt.Fatalf("held back until %v", ev.HeldUntil)
		}
	case *Consented:
		consented[h.Notice] = append(consented[h.Notice], ev.To...)
	}
	for _, to := range []party.ID{nc, el, sm} {
		if to != h.Notifier && e.ev.Release(to) != nil && !slices.Contains(consented[h.Notice], to) {
			rt.Fatalf("%s reached %s, who never had consent", e.ev.Type(), to)
		}
	}
	if e.ev.Release("") != nil {
		rt.Fatalf("%s is released to nobody in particular", e.ev.Type())
	}
}

func check(rt *rapid.T, b *bench, n *Notice) {
	if n.Standing == Held && int64(n.HeldUntil) < int64(b.now) {
		rt.Fatalf("%s is held back still", n.ID)
	}
	for i := range n.Recipients {
		r := &n.Recipients[i]
		for k, done := range r.Steps {
			if done.Step != links[k] || k > 0 && r.Steps[k-1].At > done.At && done.Step != Loaded && done.Step != Passed {
				rt.Fatalf("chain %+v", r.Steps)
			}
		}
		if r.Old != nil && r.Old.Version >= r.Version {
			rt.Fatalf("version %d is old beside %d", r.Old.Version, r.Version)
		}
	}
}

func drawBody(rt *rapid.T, st *State) any {
	var ids []string
	for id := range st.notices {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	ids = append(ids, "none")
	id := rapid.SampledFrom(ids).Draw(rt, "notice")
	version := int64(1)
	if n := st.notices[id]; n != nil {
		version = rapid.Int64Range(max(1, n.Version-1), n.Version).Draw(rt, "version")
	}
	to := rapid.SampledFrom([]party.ID{nc, el, sm}).Draw(rt, "to")
	switch rapid.IntRange(0, 9).Draw(rt, "act") {
	case 0:
		return &Declare{Content: drawContent(rt), Consent: rapid.SampledFrom([][]party.ID{nil, {nc}, {nc, el}}).Draw(rt, "consent")}
	case 1:
		return &Correct{Notice: id, Version: version, Content: drawContent(rt), Confirm: rapid.SampledFrom([]string{"", "it is so"}).Draw(rt, "confirm")}
	case 2:
		return &End{Notice: id, Version: version, Reason: "closed"}
	case 3:
		return &Consent{Notice: id, To: []party.ID{to}}
	case 4:
		return &Revoke{Notice: id, To: to}
	case 5:
		return &Reply{Notice: id, Version: version, Answer: rapid.SampledFrom(answers).Draw(rt, "answer"), Reason: "so"}
	}
	step := rapid.SampledFrom(append(slices.Clone(links), Dropped)).Draw(rt, "step")
	s := &Step{Notice: id, Version: version, Step: step}
	if step == Passed || step == Loaded {
		s.Cells = rapid.Int64Range(1, 3).Draw(rt, "cells")
	}
	return s
}

func drawContent(rt *rapid.T) Content {
	if rapid.IntRange(0, 2).Draw(rt, "moves") == 0 {
		c := flight()
		c.Emergency = rapid.Bool().Draw(rt, "emergency")
		return c
	}
	p := rapid.SampledFrom([]string{"right", "wrong"}).Draw(rt, "position")
	point := map[string]Content{
		"right": hospital(right, source("gnss", right, 10_000), source("map", right, 50_000)),
		"wrong": hospital(wrong, source("gnss", wrong, 10_000)),
	}[p]
	point.Name = rapid.SampledFrom([]string{"S-1", "S-2"}).Draw(rt, "name")
	return point
}

func marshal(t interface{ Fatal(...any) }, st *State) []byte {
	text, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// reread returns an event as it comes back from the journal.
func reread(t interface{ Fatal(...any) }, ev event.Event, ns int64) event.Event {
	members, err := statement.Fields(event.Encode(nil, ev, ns))
	if err != nil {
		t.Fatal(err)
	}
	out, ok, err := Events.Decode(ev.Type(), 1, members)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return out
}

// No body, however made, gets past its check and then breaks a decision or an
// event's form.
func FuzzBodies(f *testing.F) {
	add := func(name string, body any) {
		text, err := statement.Marshal(body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, text)
	}
	good := hospital(right, source("gnss", right, 10_000), source("map", right, 50_000))
	add("notice.declare", &Declare{Content: good, Consent: []party.ID{nc, el}})
	add("notice.declare", &Declare{Content: flight(), Consent: []party.ID{nc}})
	add("notice.correct", &Correct{Notice: "x", Version: 1, Content: good, Confirm: "so"})
	add("notice.end", &End{Notice: "x", Version: 1, Reason: "moved"})
	add("notice.consent", &Consent{Notice: "x", To: []party.ID{sm}})
	add("notice.revoke", &Revoke{Notice: "x", To: nc})
	add("notice.step", &Step{Notice: "x", Version: 1, Step: GotIt})
	add("notice.reply", &Reply{Notice: "x", Version: 1, Answer: Received})
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		kind, ok := Acts[name]
		if !ok || len(text) > 64<<10 {
			return
		}
		b := newBench(t)
		id := b.told(nc)
		text, err := statement.Canonical(bytes.ReplaceAll(text, []byte(`"notice":"x"`), []byte(`"notice":"`+id+`"`)))
		if err != nil {
			return
		}
		body := kind.New()
		if statement.Unmarshal(text, body) != nil {
			return
		}
		by := hr
		if name == "notice.step" || name == "notice.reply" {
			by = nc
		}
		events, err := b.try(by, body)
		if err == nil && len(events) == 0 {
			t.Error("an act without events and without refusal")
		}
		for _, ev := range events {
			reread(t, ev, int64(b.now))
		}
		b.until(b.now + statement.Instant(72*time.Hour))
	})
}
