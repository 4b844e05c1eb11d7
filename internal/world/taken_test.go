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
