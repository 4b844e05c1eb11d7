package offer

import (
	"bytes"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"pgregory.net/rapid"
)

// ends counts how each offer came to its end, by the journal alone, and asserts
// that each acceptance is an act of the addressee before the deadline.
type ends struct {
	made  map[string]*Made
	count map[string]int
}

func (e *ends) add(rt *rapid.T, ev event.Event, by party.ID, nowNS int64) {
	end := func(id string) { e.count[id]++ }
	switch ev := ev.(type) {
	case *Made:
		e.made[ev.Offer] = ev
		if ev.Answers != "" {
			end(ev.Answers)
			if by != e.made[ev.Answers].To {
				rt.Fatalf("found a counter-offer by %q to an offer to %s", by, e.made[ev.Answers].To)
			}
		}
	case *Accepted:
		end(ev.Offer)
		made := e.made[ev.Offer]
		if by != made.To || ev.Actor() != made.To || nowNS >= int64(made.AnswerBy) || ev.Digest != made.Digest {
			rt.Fatalf("found %s accepted by %q at %s, expected %s before %s", ev.Offer, by, statement.Instant(nowNS), made.To, made.AnswerBy)
		}
	case *Rejected:
		end(ev.Offer)
	case *Unresolved:
		end(ev.Offer)
	case *Voided:
		end(ev.Offer)
	}
}

// Whatever parties do or leave undone: nothing is accepted but by its addressee
// in time; every offer ends in exactly one way; replay, snapshots and clones
// hold.
func TestC4EveryOfferEndsOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := newTrial(t)
		e := &ends{map[string]*Made{}, map[string]int{}}
		var clone *State
		var cloned []byte
		from := 0
		note := func(by party.ID) {
			for _, ev := range n.log[from:] {
				e.add(rt, ev, by, n.now)
			}
			from = len(n.log)
		}
		who := rapid.SampledFrom([]party.ID{"compact", "relief", "league"})
		for range rapid.IntRange(1, 50).Draw(rt, "steps") {
			by := who.Draw(rt, "by")
			body := n.randomAct(rt, by)
			if _, err := n.try(by, body); err == nil {
				note(by)
			}
			switch rapid.IntRange(0, 7).Draw(rt, "then") {
			case 0:
				n.until(n.now + rapid.SampledFrom([]int64{1, minuteNS, 10*minuteNS - 1, 10 * minuteNS, 60 * minuteNS}).Draw(rt, "wait"))
			case 1:
				n.change(rapid.SampledFrom([]string{"N-204", "H-17"}).Draw(rt, "intent"), func(f *flight) {
					f.floorMM = rapid.SampledFrom([]int64{0, floor12.MM}).Draw(rt, "floor")
					f.Activated = f.Activated || rapid.IntRange(0, 9).Draw(rt, "activate") == 0
				})
			case 2:
				n.now += rapid.Int64Range(0, 20*minuteNS).Draw(rt, "machine late") // deadlines pass before anything is noted
			case 3:
				clone = n.st.Clone()
				cloned = snapshot(t, clone)
			case 4:
				n.apply(n.st.Meet("N-204", "H-17", n.view))
			}
			note("")
		}
		n.until(n.now + maxAnswerNS)
		note("")
		for id := range e.made {
			if e.count[id] != 1 {
				rt.Fatalf("found the offer %s ended %d times, expected once", id, e.count[id])
			}
		}
		n.check()
		if clone != nil && !bytes.Equal(cloned, snapshot(t, clone)) {
			rt.Fatal("found the clone changed")
		}
	})
}

func (n *trial) randomAct(rt *rapid.T, by party.ID) any {
	ids := []string{"none"}
	for _, o := range n.st.sorted() {
		ids = append(ids, o.Offer)
	}
	id := rapid.SampledFrom(ids).Draw(rt, "offer")
	digest := "0000000000000000000000000000000000000000000000000000000000000000"
	if o := n.st.offers[id]; o != nil && rapid.IntRange(0, 4).Draw(rt, "digest") > 0 {
		digest = o.Digest
	}
	list := []Undertaking{rapid.SampledFrom([]Undertaking{raise(), shift(), {By: "relief", Kind: HoldMine, Intent: "H-17"}}).Draw(rt, "undertaking")}
	switch rapid.IntRange(0, 6).Draw(rt, "act") {
	case 0, 1:
		to, mine, theirs := party.ID("compact"), "H-17", "N-204"
		if by == "compact" {
			to, mine, theirs = "relief", theirs, mine
		}
		return &Make{To: to, Mine: Ref{mine, n.flights[mine].Version}, Theirs: Ref{theirs, n.flights[theirs].Version}, Undertakings: list}
	case 2:
		return &Counter{Offer: id, Undertakings: list}
	case 3:
		return &Accept{Offer: id, Digest: digest}
	case 4:
		return &Reject{Offer: id}
	case 5:
		return &Fail{Offer: id, Reason: "unable"}
	}
	return &Complied{Offer: id}
}

// No body, however made, stops the program.
func FuzzBodies(f *testing.F) {
	f.Add("offer.make", []byte(`{"mine":{"intent":"H-17","version":1},"theirs":{"intent":"N-204","version":1},"to":"compact","undertakings":[{"by":"compact","intent":"N-204","kind":"split","volumes":[1]}]}`))
	f.Add("offer.make", []byte(`{"mine":{"intent":"H-17","version":1},"theirs":{"intent":"N-204","version":1},"to":"compact","undertakings":[{"by":"compact","intent":"N-204","kind":"time_shift","not_before":"2026-03-01T09:21:04.000000000Z"}]}`))
	f.Add("offer.accept", []byte(`{"digest":"","offer":"x"}`))
	f.Fuzz(func(t *testing.T, act string, text []byte) {
		kind, ok := Acts[act]
		if !ok || len(text) > 64<<10 {
			return
		}
		body := kind.New()
		if statement.Unmarshal(text, body) != nil {
			return
		}
		if body.(interface{ Check() error }).Check() != nil {
			return
		}
		n := newTrial(t)
		n.make("compact", "relief", raise())
		a := &party.Act{Statement: party.Statement{Party: "relief", At: statement.Instant(n.now)}, Content: body}
		events, err := n.st.Decide(a, registry.Authority{Party: "relief", Custody: party.Held}, n.view, n.env())
		if err != nil {
			return
		}
		n.apply(events)
		n.check()
	})
}
