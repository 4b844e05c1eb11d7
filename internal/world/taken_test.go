package world

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"pgregory.net/rapid"
)

// dated is an act of a party as it was said at an instant.
func dated(t testing.TB, by party.ID, id string, at int64) *party.Act {
	a := saying(t, by, "party.roster", id, registry.Roster{Position: "watch", Watches: []registry.Watch{}})
	a.At = statement.Instant(at)
	var err error
	if a.Text, err = statement.Marshal(a.Statement); err != nil {
		t.Fatal(err)
	}
	s, err := party.Sign(keyOf(string(by)+"-a"), a.Text)
	if err != nil {
		t.Fatal(err)
	}
	a.Signatures = []party.Signature{s}
	return a
}

// Whatever is forgotten, in whatever order acts come and however their clocks are
// set, no act is done twice, no more are remembered than there is room for, and
// the journal and a snapshot remember the same.
//
// The toy forgets the oldest and says nothing: it does an act twice.
func TestNoActIsDoneTwice(t *testing.T) {
	ids := []party.ID{"east", "north", "west"}
	toyFailed := false
	rapid.Check(t, func(r *rapid.T) {
		n := newNode(t)
		n.st.taken.most = rapid.IntRange(4, 12).Draw(r, "most")
		for _, id := range ids {
			n.mustAct(saying(t, id, "party.enrol", "enrol", registry.Enrol{Party: recordOf(id)}, string(id)+"-a"))
		}
		type key struct {
			by party.ID
			id string
		}
		said, done := map[key]*party.Act{}, map[key]int{}
		var order []key
		for i := range rapid.IntRange(10, 60).Draw(r, "acts") {
			n.nowNS += int64(rapid.SampledFrom([]time.Duration{0, 1, time.Second, time.Hour, 13 * time.Hour}).Draw(r, "later"))
			var k key
			if len(order) > 0 && rapid.Bool().Draw(r, "again") {
				k = rapid.SampledFrom(order).Draw(r, "which")
			} else {
				k = key{rapid.SampledFrom(ids).Draw(r, "by"), fmt.Sprint("act-", i)}
				off := rapid.SampledFrom([]time.Duration{0, -time.Minute, -23 * time.Hour, time.Minute, 23 * time.Hour}).Draw(r, "clock")
				said[k] = dated(t, k.by, k.id, n.nowNS+int64(off))
				order = append(order, k)
			}
			before := len(n.entries)
			_, err := n.act(said[k])
			var repeated *ErrRepeated
			var refusal *event.Refusal
			switch {
			case err == nil:
				done[k]++
			case errors.As(err, &repeated):
				if done[k] == 0 {
					t.Fatalf("%v is taken for repeated and was never done", k)
				}
			case !errors.As(err, &refusal) || refusal.Kind != event.Stale:
				t.Fatalf("%v: %v", k, err)
			}
			if err == nil && done[k] > 1 {
				t.Fatalf("%v was done %d times", k, done[k])
			}
			if err != nil && len(n.entries) != before {
				t.Fatalf("%v left entries and an error", k)
			}
			toyFailed = toyFailed || err != nil && refusal != nil && done[k] > 0 && int64(said[k].At) >= n.nowNS-registry.MaxAgeNS
			if n.st.taken.n > n.st.taken.most {
				t.Fatalf("%d acts are remembered, of at most %d", n.st.taken.n, n.st.taken.most)
			}
		}
		text := image(t, n.st)
		if st, err := ReadState(text); err != nil || !bytes.Equal(image(t, st), text) {
			t.Fatalf("the snapshot is not the state: %v", err)
		}
	})
	if !toyFailed {
		t.Error("nothing was forgotten that could still have been done twice")
	}
}

// A party that sends very much makes the node forget its own acts, and no other
// party's; a STOP is taken whatever its date.
func TestManyActsOfOneForgetNobodyElses(t *testing.T) {
	n := newNode(t)
	n.st.taken.most = 40
	for _, id := range []party.ID{"loud", "quiet"} {
		n.mustAct(saying(t, id, "party.enrol", "enrol", registry.Enrol{Party: recordOf(id)}, string(id)+"-a"))
	}
	quiet := dated(t, "quiet", "once", n.nowNS)
	n.mustAct(quiet)
	for i := range 200 {
		n.nowNS++
		n.mustAct(dated(t, "loud", fmt.Sprint("act-", i), n.nowNS))
	}
	var before *ErrRepeated
	if _, err := n.act(quiet); !errors.As(err, &before) {
		t.Errorf("the quiet party's act again: %v", err)
	}
	var refusal *event.Refusal
	if _, err := n.act(dated(t, "loud", "another", n.nowNS-150)); !errors.As(err, &refusal) || refusal.Kind != event.Stale {
		t.Errorf("an act from the time that was forgotten: %v", err)
	}
	n.mustAct(dated(t, "loud", "new", n.nowNS))
	stop := saying(t, "loud", "channel.stop", "stop", stopBody(), "loud-a")
	if stop.At != statement.Instant(noonNS) {
		t.Fatal("the STOP is not dated before what was forgotten")
	}
	n.mustAct(stop)
}

// A date ahead has an act remembered for longer, and not for ever: acts are refused
// more than a day ahead, and of a STOP, which never is, a day counts.
func TestNoDateKeepsAnActForEver(t *testing.T) {
	n := newNode(t)
	n.mustAct(saying(t, "ahead", "party.enrol", "enrol", registry.Enrol{Party: recordOf("ahead")}, "ahead-a"))
	stop := saying(t, "ahead", "channel.stop", "stop", stopBody(), "ahead-a")
	stop.At = statement.Instant(n.nowNS + int64(100*365*24*time.Hour))
	var err error
	if stop.Text, err = statement.Marshal(stop.Statement); err != nil {
		t.Fatal(err)
	}
	stop.Signatures = nil
	n.mustAct(stop)
	n.mustAct(dated(t, "ahead", "tomorrow", n.nowNS+registry.MaxAgeNS))
	var refusal *event.Refusal
	if _, err := n.act(dated(t, "ahead", "later", n.nowNS+registry.MaxAgeNS+1)); !errors.As(err, &refusal) || refusal.Kind != event.Invalid {
		t.Errorf("an act that is dated more than a day ahead: %v", err)
	}
	was := n.nowNS
	for _, c := range []struct {
		afterNS int64
		left    bool // both are still remembered
	}{{2 * registry.MaxAgeNS, true}, {2*registry.MaxAgeNS + 1, false}} {
		n.nowNS = was + c.afterNS
		n.mustAct(dated(t, "ahead", fmt.Sprint("after-", c.afterNS), n.nowNS))
		for _, id := range []string{"stop", "tomorrow"} {
			if found := n.st.taken.find("ahead", id) != nil; found != c.left {
				t.Errorf("%d ns after it was taken, %q is remembered: %v, expected %v", c.afterNS, id, found, c.left)
			}
		}
		if text := image(t, n.st); !bytes.Equal(image(t, n.replayed()), text) {
			t.Error("the journal remembers something else")
		}
	}
}
