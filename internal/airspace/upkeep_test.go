package airspace

import (
	"math"
	"testing"
)

// A sweep fits the journal however many subscriptions it meets: one that does
// not would be tried for ever.
func TestCurbed(t *testing.T) {
	crowd := make([]Notified, 1_000_000)
	for i := range crowd {
		crowd[i] = Notified{Number: 1_000_000_000 + int64(i), Index: math.MaxInt32}
	}
	ev := &IntentGone{Number: 1, ID: newID(1), Manager: "uss1", Swept: true, Notified: curbed(crowd)}
	if n := len(Encode(nil, ev, nowNS)); n > 4<<20 {
		t.Errorf("the event takes %d bytes", n)
	}
	if few := curbed(crowd[:3]); len(few) != 3 {
		t.Errorf("found %d of 3", len(few))
	}
}
