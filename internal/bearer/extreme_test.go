package bearer

import (
	"testing"

	"github.com/deconflict/deconflict/internal/statement"
)

// An answer that comes after the node slept for most of a year is written down
// like any other, although it took longer than a canonical integer can say.
func TestAnAnswerAfterAVeryLongSleep(t *testing.T) {
	n := newTrial(t)
	opened := n.act("compact", &TestCall{To: "league", Bearer: "phone"})[0].(*Opened)
	n.now += 300 * dayNS
	n.settle()
	n.act("league", &Answer{Test: opened.Test, Challenge: opened.Challenge, Readability: 5})
	if a := find[*Answered](n.log); len(a) != 1 || a[0].TookNS != statement.MaxInteger {
		t.Errorf("found %d answers, want one that took the most that can be said", len(a))
	}
	n.check()
}

// A silence for which only the other side announced something has no cause, live
// as after a restart.
func TestAnOutageAnnouncedByTheOtherSide(t *testing.T) {
	n := newTrial(t)
	n.beat("compact", 0)
	n.act("league", &Announce{To: "compact", Bearer: HeartbeatBearer, From: statement.Instant(n.now), Until: statement.Instant(n.now + dayNS), Cause: Technical})
	n.until(n.now + 10*minuteNS)
	silent := find[*Silenced](n.log)
	if len(silent) == 0 {
		t.Fatal("nobody is silent: the test shows nothing")
	}
	for _, s := range silent {
		if s.Causes != nil {
			t.Errorf("found the causes %v, want none", s.Causes)
		}
	}
	n.check()
}
