package bearer

import (
	"bytes"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/party"
	"pgregory.net/rapid"
)

// heard is what a model keeps of a party's heartbeats: when they came, and the
// index up to which the party had to read after a silence.
type heard struct {
	lastNS int64
	resync bool
	until  int64
}

// standing says by the model how a party stands, from its last heartbeat alone.
func (h *heard) standing(nowNS int64) Condition {
	switch {
	case h == nil:
		return NotKnown
	case nowNS-h.lastNS >= 3*minuteNS:
		return Silent
	case h.resync:
		return Resync
	}
	return Up
}

// Whatever parties do, and whenever: silence is as a model that knows only the
// last heartbeat says; a line is UP only by a good test; replay, snapshots and
// clones hold.
func TestRandomWorlds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := newTrial(t)
		model := map[Direction]*heard{}
		good := map[Line]bool{}
		var clone *State
		var cloned []byte
		anyParty := rapid.SampledFrom(enrolled)
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0, 1, 2:
				by := anyParty.Draw(rt, "beats")
				n.modelBeat(rt, by, model)
			case 3, 4:
				n.until(n.now + rapid.Int64Range(0, 4*minuteNS).Draw(rt, "wait"))
			case 5:
				n.until(n.now + rapid.SampledFrom([]int64{1, minuteNS - 1, minuteNS, 3*minuteNS - 1, 3 * minuteNS}).Draw(rt, "edge"))
			case 6:
				n.follow("league", "compact")
				n.until(at(6, 0, 0) + (n.now-dayD)/dayNS*dayNS + dayNS)
			case 7:
				n.randomAnswer(rt)
			case 8:
				from, to := anyParty.Draw(rt, "from"), anyParty.Draw(rt, "to")
				_, _ = n.try(from, &TestCall{To: to, Bearer: rapid.SampledFrom([]string{"data", "phone"}).Draw(rt, "bearer")})
				_, _ = n.try(from, &StateCause{From: from, To: to, Bearer: rapid.SampledFrom([]string{"phone", HeartbeatBearer}).Draw(rt, "failed"), Cause: Technical})
			case 9:
				clone = n.st.Clone()
				cloned = snapshot(t, clone)
			}
			for _, ev := range n.log {
				switch e := ev.(type) {
				case *Answered:
					good[e.Line] = e.Outcome == Good
				case *Missed:
					good[e.Line] = false
				}
			}
			for l, s := range n.st.lines {
				if s.Condition == Up && !good[l] {
					rt.Fatalf("found %v UP, whose last test was not good", l)
				}
			}
			for _, of := range enrolled {
				for _, to := range enrolled {
					if want := model[Direction{of, to}].standing(n.now); of != to && n.st.Standing(of, to) != want {
						rt.Fatalf("found %s towards %s %s, expected %s", of, to, n.st.Standing(of, to), want)
					}
				}
			}
		}
		n.check()
		if clone != nil && !bytes.Equal(cloned, snapshot(t, clone)) {
			rt.Fatal("found the clone changed")
		}
	})
}

// modelBeat sends a heartbeat, and tells the model.
func (n *trial) modelBeat(rt *rapid.T, by party.ID, model map[Direction]*heard) {
	seen := rapid.Int64Range(0, n.index).Draw(rt, "seen")
	for _, to := range enrolled {
		d := Direction{by, to}
		h := model[d]
		if h != nil && h.resync && rapid.Bool().Draw(rt, "all") {
			seen = h.until - rapid.Int64Range(0, 1).Draw(rt, "but one")
		}
	}
	before := n.index
	returns := map[party.ID]int64{}
	for i, ev := range n.beat(by, seen) {
		if e, ok := ev.(*Returned); ok {
			returns[e.To] = before + int64(i) + 1
		}
	}
	for _, to := range enrolled {
		if to == by {
			continue
		}
		d := Direction{by, to}
		h := model[d]
		was := h.standing(n.now)
		if h == nil {
			h = &heard{}
			model[d] = h
		}
		if (was == Silent) != (returns[to] != 0) {
			rt.Fatalf("found the return at %d of who was %s", returns[to], was)
		}
		switch {
		case was == Silent:
			h.resync, h.until = true, returns[to]
		case was == Resync && seen >= h.until:
			h.resync = false
		}
		h.lastNS = n.now
	}
}

// randomAnswer answers some open test, well or badly.
func (n *trial) randomAnswer(rt *rapid.T) {
	for _, id := range enrolled {
		open := n.st.OpenTests(id)
		open = slices.DeleteFunc(open, func(o OpenTest) bool { return o.To != id })
		if len(open) == 0 {
			continue
		}
		o := rapid.SampledFrom(open).Draw(rt, "open")
		challenge := n.st.tests[o.Test].Opened.Challenge
		if rapid.IntRange(0, 3).Draw(rt, "misheard") == 0 {
			challenge = "0000 " + challenge[5:]
		}
		_, _ = n.try(id, &Answer{Test: o.Test, Challenge: challenge, Readability: rapid.Int64Range(1, 5).Draw(rt, "readability"), Position: "watch"})
		return
	}
}
