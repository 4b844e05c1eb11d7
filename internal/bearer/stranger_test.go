package bearer

import (
	"fmt"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// Who shares its heartbeats with another that agreed to nothing learns nothing of
// the other: neither when it lives nor when it falls silent, nor of its clock.
func TestH7StrangersAreNotWatched(t *testing.T) {
	// The toy follows a pair as soon as one of the two says so.
	n := newTrial(t)
	n.view.Partners = func(party.ID) []party.ID { return nil }
	shared := n.act("league", &Heartbeat{To: "compact", State: digest})
	if len(find[*Shared](shared)) != 1 || len(find[*Followed](shared)) != 0 {
		t.Fatalf("found %d events, expected that league shares its heartbeats", len(shared))
	}
	from := len(n.log)
	n.act("compact", &Heartbeat{State: digest, Clock: &Clock{"ntp", dayNS}})
	n.act("compact", &Heartbeat{To: "tarrow-centre", State: digest, Clock: &Clock{"ntp", dayNS}})
	n.until(n.now + 10*minuteNS)
	n.act("compact", &Heartbeat{State: digest, Seen: n.index})
	for _, ev := range n.log[from:] {
		of := party.ID("")
		switch e := ev.(type) {
		case *Silenced:
			of = e.Of
		case *BeatMissed:
			of = e.Of
		}
		if of != "league" && len(ev.Release("league")) > 0 {
			t.Errorf("league is told %T %+v", ev, ev)
		}
	}
	if n.st.Standing("league", "compact") != Silent || n.st.Standing("compact", "league") != NotKnown {
		t.Errorf("league is %s to compact, and compact %s to league", n.st.Standing("league", "compact"), n.st.Standing("compact", "league"))
	}
	n.check()
	n.restore()
	n.act("league", &Heartbeat{State: digest, Seen: n.index}) // heard again, by all who count on it
	if n.st.Standing("league", "compact") != Resync {
		t.Errorf("league is %s to compact", n.st.Standing("league", "compact"))
	}
	n.check()
}

// Nobody is called, or told of outages, by whom it has nothing to do with.
func TestH6StrangersAreNotCalled(t *testing.T) {
	n := newTrial(t)
	n.view.Partners = func(party.ID) []party.ID { return nil }
	outage := func(to party.ID) *Announce {
		return &Announce{To: to, Bearer: "phone", From: statement.Instant(n.now), Until: statement.Instant(n.now + minuteNS), Cause: Technical}
	}
	n.refused(event.NotAllowed, "league", call("compact"))
	n.refused(event.NotAllowed, "league", outage("compact"))
	n.act("league", &Heartbeat{To: "compact", State: digest})
	n.refused(event.NotAllowed, "league", call("compact")) // sharing its own gives it no right
	n.act("league", outage("compact"))
	n.act("compact", call("league"))
	if len(n.st.Follow("league", "compact", n.view)) != 0 || len(find[*Opened](n.until(at(23, 0, 0)))) != 0 {
		t.Error("found tests that nobody agreed on")
	}
	n.check()
}

// When an agreement is over so is the watch that came with it.
func TestH7WatchEndsWithTheAgreement(t *testing.T) {
	n := newTrial(t)
	n.follow("league", "compact")
	n.beat("compact", 0)
	n.beat("league", 0)
	n.view.Partners = func(party.ID) []party.ID { return nil }
	for _, pair := range [][2]party.ID{{"league", "compact"}, {"league", "tarrow-centre"}, {"compact", "tarrow-centre"}} {
		n.follow(pair[0], pair[1])
	}
	n.beat("compact", n.index)
	if n.st.Standing("compact", "league") != NotKnown {
		t.Errorf("compact is %s to league after their agreement", n.st.Standing("compact", "league"))
	}
	if ns, ok := n.st.Deadline(); ok {
		t.Errorf("something is due at %s", statement.Instant(ns))
	}
	n.act("league", call("compact")) // to see whether the line still works is no harm
	n.check()
}

func call(to party.ID) *TestCall { return &TestCall{To: to, Bearer: "phone"} }

// How many may be told is bounded.
func TestSharedHeartbeatsAreBounded(t *testing.T) {
	n := newTrial(t)
	n.view.Partners = func(id party.ID) []party.ID {
		if id == "league" {
			return []party.ID{"tarrow-centre"}
		}
		return nil
	}
	for i := range MaxShared {
		id := party.ID(fmt.Sprintf("firm-%03d", i))
		n.view.Registry.Apply(&registry.Enrolled{Party: registry.Party{ID: id, Kind: registry.KindThird}}, event.At{NS: n.now, Index: int64(100 + i)})
		n.act("league", &Heartbeat{To: id, State: digest})
	}
	n.refused(event.NotNow, "league", &Heartbeat{To: "compact", State: digest})
	n.act("league", &Heartbeat{To: "tarrow-centre", State: digest}) // has an agreement
	n.act("league", &Heartbeat{To: "firm-007", State: digest})      // counts on it already
	if got := n.st.counting("league"); len(got) != MaxShared+1 || !slices.IsSorted(got) {
		t.Errorf("found %d who count on it", len(got))
	}
	n.check()
}
