package offer

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// floor12 is 12,000 ft.
var floor12 = &Altitude{MM: 12_000 * 3048 / 10, Reference: "AMSL"}

func raise() Undertaking {
	return Undertaking{By: "compact", Kind: Level, Intent: "N-204", Floor: floor12, Text: "raise the floor to 12,000 ft"}
}

func shift() Undertaking {
	return Undertaking{By: "compact", Kind: TimeShift, Intent: "N-204", NotBefore: instant(at(9, 21, 4))}
}

// Telling the other side about a conflict settles nothing: nobody is bound, and
// that nobody answers looks the same as that all is well.
func TestC4SilenceIsNotConsent(t *testing.T) {
	// The toy writes to the other side, and takes it as settled unless somebody
	// objects.
	toy := func(objections int) bool { return objections == 0 }
	n := newTrial(t)
	made := n.make("relief", "compact", shift())
	due := n.now + 10*minuteNS
	if int64(made.AnswerBy) != due {
		t.Fatalf("found the answer due %s, expected after the 10 minutes that are agreed", made.AnswerBy)
	}
	if early := n.until(due - 1); len(early) != 0 || n.status(made) != StatusOpen {
		t.Fatal("found the offer closed before its deadline")
	}
	events := n.until(due)
	if !toy(len(find[*Rejected](n.log))) {
		t.Fatal("the toy does not take silence for consent, so it shows nothing")
	}
	if u := one[*Unresolved](t, events); int64(u.Due) != due || n.status(made) != StatusUnresolved {
		t.Fatalf("found %s, expected unresolved at the deadline", n.status(made))
	}
	n.refused(event.NotNow, "compact", &Accept{Offer: made.Offer, Digest: made.Digest})
	if open := n.st.Conflicts("compact"); len(open) != 1 || open[0].Settled != "" {
		t.Errorf("found %+v, expected the conflict open", open)
	}
	n.check()
}

// An answer at the very deadline comes too late, even before the machine noted
// it; one nanosecond earlier it counts.
func TestC4DeadlineToTheNanosecond(t *testing.T) {
	for _, early := range []int64{1, 0, -1} {
		n := newTrial(t)
		made := n.make("relief", "compact", shift())
		n.check()
		n.now = int64(made.AnswerBy) - early
		events, err := n.try("compact", &Accept{Offer: made.Offer, Digest: made.Digest})
		if early > 0 {
			if err != nil || n.status(made) != StatusAccepted {
				t.Fatalf("%d ns early: found %v, expected it accepted", early, err)
			}
			continue
		}
		n.isRefusal(event.NotNow, events, err)
	}
}

// Scenario 3A, 07:10 to 07:12: the floor at 12,000 ft, offered, accepted, done.
func TestC4WhoDoesWhat(t *testing.T) {
	n := newTrial(t)
	asked := n.make("relief", "compact", shift())
	countered := one[*Made](t, n.act("compact", &Counter{Offer: asked.Offer, Undertakings: []Undertaking{raise()}}))
	if n.status(asked) != StatusCountered || countered.Answers != asked.Offer || countered.To != "relief" {
		t.Fatalf("found %s and %+v, expected a counter-offer", n.status(asked), countered)
	}
	n.refused(event.NotNow, "compact", &Accept{Offer: asked.Offer, Digest: asked.Digest})
	accepted := one[*Accepted](t, n.act("relief", &Accept{Offer: countered.Offer, Digest: countered.Digest}))
	if int64(accepted.ComplyBy) != at(8, 45, 0) {
		t.Errorf("found it due %s, expected when the conflict begins, 08:45", accepted.ComplyBy)
	}
	n.refused(event.Incomplete, "compact", &Complied{Offer: countered.Offer})
	n.check()
	events := n.change("N-204", func(f *flight) { f.floorMM = floor12.MM })
	one[*Done](t, events)
	if n.status(countered) != StatusComplied || len(n.st.Conflicts("relief")) != 0 {
		t.Errorf("found %s and conflicts %+v, expected it complied with", n.status(countered), n.st.Conflicts("relief"))
	}
	if late := n.until(at(9, 30, 0)); len(late) != 0 {
		t.Errorf("found %d events behind the end, expected none", len(late))
	}
	n.check()
}

// What was accepted is watched: not done by the start, flown otherwise, changed
// back, or given up, it is failed and the conflict is open again.
func TestC4ComplianceIsWatched(t *testing.T) {
	settled := func() (*trial, *Made) {
		n := newTrial(t)
		made := n.make("compact", "relief", raise())
		n.act("relief", &Accept{Offer: made.Offer, Digest: made.Digest})
		return n, made
	}
	t.Run("not done", func(t *testing.T) {
		n, made := settled()
		if early := n.until(at(8, 45, 0) - 1); len(early) != 0 {
			t.Fatalf("found %d events, expected none before it is due: a settled conflict does not escalate", len(early))
		}
		events := n.until(at(8, 45, 0))
		if f := one[*Failed](t, events); f.Reason != NotDone || f.By != "compact" || n.status(made) != StatusFailed {
			t.Errorf("found %+v", f)
		}
		one[*Escalated](t, events)
		n.check()
	})
	t.Run("flown otherwise", func(t *testing.T) {
		n, _ := settled()
		if f := one[*Failed](t, n.change("N-204", func(f *flight) { f.Activated = true })); f.Reason != Broken {
			t.Errorf("found %+v", f)
		}
	})
	t.Run("changed back", func(t *testing.T) {
		n, _ := settled()
		one[*Done](t, n.change("N-204", func(f *flight) { f.floorMM = floor12.MM + 1 }))
		n.check()
		if f := one[*Failed](t, n.change("N-204", func(f *flight) { f.floorMM = floor12.MM - 1 })); f.Reason != Undone {
			t.Errorf("found %+v", f)
		}
	})
	t.Run("given up", func(t *testing.T) {
		n, made := settled()
		n.refused(event.NotAllowed, "relief", &Fail{Offer: made.Offer, Reason: "x"})
		n.refused(event.NotFound, "league", &Fail{Offer: made.Offer, Reason: "x"})
		n.act("compact", &Fail{Offer: made.Offer, Reason: "the tanker cannot climb"})
		if open := n.st.Conflicts("relief"); n.status(made) != StatusFailed || len(open) != 1 || open[0].Settled != "" {
			t.Errorf("found %s and %+v, expected the conflict open again", n.status(made), open)
		}
		one[*Escalated](t, n.until(at(8, 30, 0)))
		n.check()
	})
	t.Run("nothing left to do", func(t *testing.T) {
		n, made := settled()
		one[*Done](t, n.change("H-17", func(f *flight) { f.Ended = true }))
		if n.status(made) != StatusComplied {
			t.Errorf("found %s", n.status(made))
		}
	})
}

// A conflict that nothing settles goes up the ladder 15 minutes before it
// begins, once, whether or not anybody made an offer.
func TestC4Escalates(t *testing.T) {
	for name, prepare := range map[string]func(n *trial){
		"no offer": func(n *trial) { n.apply(n.st.Meet("N-204", "H-17", n.view)) },
		"rejected": func(n *trial) {
			made := n.make("relief", "compact", shift())
			n.act("compact", &Reject{Offer: made.Offer, Reason: "unable"})
		},
		"unresolved": func(n *trial) { n.make("relief", "compact", shift()) },
		"open": func(n *trial) {
			n.act("relief", &Make{
				To: "compact", Mine: Ref{"H-17", 1}, Theirs: Ref{"N-204", 1},
				Undertakings: []Undertaking{shift()}, AnswerBy: instant(at(9, 0, 0)),
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTrial(t)
			prepare(n)
			n.check()
			if again := n.st.Meet("H-17", "N-204", n.view); len(again) != 0 {
				t.Fatal("found the conflict opened twice")
			}
			if early := find[*Escalated](n.until(at(8, 30, 0) - 1)); len(early) != 0 {
				t.Fatal("found it escalated before 08:30")
			}
			e := one[*Escalated](t, n.until(at(8, 30, 0)))
			if e.Release("league") != nil || e.Release("relief") == nil || e.Release("compact") == nil {
				t.Error("the escalation is not for exactly the two parties")
			}
			if more := find[*Escalated](n.until(at(11, 0, 0))); len(more) != 0 {
				t.Error("found it escalated twice")
			}
			n.check()
		})
	}
	n := newTrial(t)
	late := one[*Made](t, n.act("relief", &Make{
		To: "compact", Mine: Ref{"H-17", 1}, Theirs: Ref{"N-204", 1},
		Undertakings: []Undertaking{shift()}, AnswerBy: instant(at(9, 0, 0)),
	}))
	n.until(at(8, 31, 0))
	n.act("compact", &Accept{Offer: late.Offer, Digest: late.Digest})
	n.act("compact", &Fail{Offer: late.Offer, Reason: "unable"})
	if again := find[*Escalated](n.until(at(8, 31, 0))); len(again) != 1 {
		t.Errorf("found %d escalations of a conflict whose settlement failed, expected 1", len(again))
	}

	n = newTrial(t)
	n.apply(n.st.Meet("N-204", "H-17", n.view))
	made := n.make("relief", "compact", shift())
	n.apply(n.st.Clear("H-17", "N-204"))
	if n.status(made) != StatusVoid || len(find[*Escalated](n.until(at(11, 0, 0)))) != 0 {
		t.Error("found a conflict that is no more still open")
	}
}

// An accept binds exactly the versions that it was about.
func TestC4AcceptBindsVersions(t *testing.T) {
	n := newTrial(t)
	made := n.make("relief", "compact", shift())
	n.refused(event.Stale, "compact", &Accept{Offer: made.Offer, Digest: strings.Repeat("0", 64)})
	// The intent changed, and nobody told the offers yet.
	f := *n.flights["H-17"]
	f.Version = 2
	n.flights["H-17"] = &f
	n.refused(event.Stale, "compact", &Accept{Offer: made.Offer, Digest: made.Digest})
	n.refused(event.Stale, "compact", &Counter{Offer: made.Offer, Undertakings: []Undertaking{raise()}})
	n.refused(event.Stale, "relief", &Make{To: "compact", Mine: Ref{"H-17", 1}, Theirs: Ref{"N-204", 1}, Undertakings: []Undertaking{shift()}})
	n.apply(n.st.Observe("H-17", n.view, n.env()))
	if v := one[*Voided](t, n.log); v.Reason != Changed || n.status(made) != StatusVoid {
		t.Errorf("found %+v, expected the offer void", v)
	}
	n.refused(event.NotNow, "compact", &Accept{Offer: made.Offer, Digest: made.Digest})
	n.check()
}

// Only one's own things can be offered; only who is asked can say yes; nobody
// else learns of it.
func TestC4NoCommand(t *testing.T) {
	n := newTrial(t)
	foreign := shift()
	foreign.By, foreign.Intent = "league", "E-88"
	swapped := shift()
	swapped.By = "relief"
	for _, u := range []Undertaking{foreign, swapped} {
		n.refused(event.Invalid, "relief", &Make{To: "compact", Mine: Ref{"H-17", 1}, Theirs: Ref{"N-204", 1}, Undertakings: []Undertaking{u}})
	}
	// Somebody else's intent, an unknown one and one's own in its place read the same.
	var told []string
	for _, theirs := range []string{"E-88", "X-99"} {
		_, err := n.try("relief", &Make{To: "compact", Mine: Ref{"H-17", 1}, Theirs: Ref{theirs, 1}, Undertakings: []Undertaking{shift()}})
		n.isRefusal(event.NotFound, nil, err)
		told = append(told, strings.ReplaceAll(err.Error(), theirs, "?"))
	}
	if told[0] != told[1] {
		t.Errorf("found %q and %q, expected refusals that do not tell which intents exist", told[0], told[1])
	}
	made := n.make("relief", "compact", shift())
	n.refused(event.NotAllowed, "relief", &Accept{Offer: made.Offer, Digest: made.Digest})
	n.refused(event.NotFound, "league", &Accept{Offer: made.Offer, Digest: made.Digest})
	n.refused(event.NotFound, "league", &Reject{Offer: made.Offer})
	n.refused(event.NotNow, "relief", &Make{To: "compact", Mine: Ref{"H-17", 1}, Theirs: Ref{"N-204", 1}, Undertakings: []Undertaking{shift()}})
	for _, ev := range n.log {
		if ev.Release("league") != nil {
			t.Errorf("%s: shown to a party that it does not concern", ev.Type())
		}
		for _, id := range []party.ID{"relief", "compact"} {
			if !slices.Equal(ev.Release(id), event.Whole) {
				t.Errorf("%s: not shown to %s", ev.Type(), id)
			}
		}
	}
	if n.st.Get(made.Offer, "league") != nil || len(n.st.List("league")) != 0 || len(n.st.List("relief")) != 1 {
		t.Error("found the offer shown to a party that it does not concern")
	}
	// To undertake takes a key of one's own; to ask does not.
	events, err := n.tryBy("compact", party.ByNode, &Counter{Offer: made.Offer, Undertakings: []Undertaking{raise()}})
	n.isRefusal(event.NotAllowed, events, err)
	if !Acts["offer.accept"].Held {
		t.Error("an acceptance needs no key of one's own")
	}
}

// What is accepted leaves no other offer about the conflict to be accepted.
func TestC4OneSettlement(t *testing.T) {
	n := newTrial(t)
	a := n.make("relief", "compact", shift())
	b := n.make("compact", "relief", raise())
	events := n.act("compact", &Accept{Offer: a.Offer, Digest: a.Digest})
	if v := one[*Voided](t, events); v.Offer != b.Offer || v.Reason != Settled {
		t.Errorf("found %+v, expected the other offer void", v)
	}
	n.refused(event.NotNow, "relief", &Accept{Offer: b.Offer, Digest: b.Digest})
	n.refused(event.NotNow, "compact", &Make{To: "relief", Mine: Ref{"N-204", 1}, Theirs: Ref{"H-17", 1}, Undertakings: []Undertaking{raise()}})
	n.check()
}

func TestKindsOfUndertaking(t *testing.T) {
	settle := func(t *testing.T, u Undertaking) (*trial, *Made) {
		t.Helper()
		n := newTrial(t)
		made := n.make("compact", "relief", u)
		n.act("relief", &Accept{Offer: made.Offer, Digest: made.Digest})
		return n, made
	}
	t.Run("hold until an instant", func(t *testing.T) {
		n, made := settle(t, Undertaking{By: "compact", Kind: HoldMine, Intent: "N-204", NotBefore: instant(at(9, 30, 0))})
		if events := n.until(at(9, 30, 0) - 1); len(events) != 0 {
			t.Fatalf("found %d events while it holds", len(events))
		}
		one[*Done](t, n.until(at(9, 30, 0)))
		if n.status(made) != StatusComplied {
			t.Errorf("found %s", n.status(made))
		}
	})
	t.Run("hold as long as the other lasts", func(t *testing.T) {
		n, _ := settle(t, Undertaking{By: "compact", Kind: HoldMine, Intent: "N-204"})
		n.change("H-17", func(f *flight) { f.EndNS += 60 * minuteNS }) // is not the holder's fault
		one[*Done](t, n.until(at(9, 24, 0)))
	})
	t.Run("before an instant", func(t *testing.T) {
		n, _ := settle(t, Undertaking{By: "compact", Kind: TimeShift, Intent: "N-204", NotAfter: instant(at(9, 0, 0))})
		if events := n.change("N-204", func(f *flight) { f.EndNS = at(9, 0, 0) + 1 }); len(find[*Done](events)) != 0 {
			t.Fatal("found an end too late taken for what was offered")
		}
		one[*Done](t, n.change("N-204", func(f *flight) { f.EndNS = at(9, 0, 0) }))
	})
	t.Run("hold broken", func(t *testing.T) {
		n, _ := settle(t, Undertaking{By: "compact", Kind: HoldMine, Intent: "N-204"})
		if f := one[*Failed](t, n.change("N-204", func(f *flight) { f.Activated = true })); f.Reason != Broken {
			t.Errorf("found %+v", f)
		}
	})
	t.Run("hold of what flies", func(t *testing.T) {
		n := newTrial(t)
		n.change("N-204", func(f *flight) { f.Activated = true })
		made := n.make("compact", "relief", Undertaking{By: "compact", Kind: HoldMine, Intent: "N-204"})
		n.refused(event.NotNow, "relief", &Accept{Offer: made.Offer, Digest: made.Digest})
	})
	t.Run("change in flight", func(t *testing.T) {
		n := newTrial(t)
		n.change("N-204", func(f *flight) { f.Activated = true })
		made := n.make("compact", "relief", raise())
		n.act("relief", &Accept{Offer: made.Offer, Digest: made.Digest})
		n.check()
		if events := n.change("H-17", func(*flight) {}); len(find[*Failed](events)) != 0 {
			t.Fatal("found it failed before it could be done")
		}
		one[*Done](t, n.change("N-204", func(f *flight) { f.floorMM = floor12.MM }))
	})
	t.Run("reroute", func(t *testing.T) {
		volumes := json.RawMessage(`[{"b":1,"a":2}]`)
		n, _ := settle(t, Undertaking{By: "compact", Kind: Reroute, Intent: "N-204", Volumes: volumes})
		if events := n.change("N-204", func(f *flight) { f.Volumes = "another" }); len(find[*Done](events)) != 0 {
			t.Fatal("found other volumes taken for those that were offered")
		}
		digest, _ := n.view.Volumes(json.RawMessage(`[{"a":2,"b":1}]`))
		one[*Done](t, n.change("N-204", func(f *flight) { f.Volumes = digest }))
	})
	t.Run("other", func(t *testing.T) {
		n, made := settle(t, Undertaking{By: "compact", Kind: Other, Intent: "N-204", Text: "the crew calls on the common frequency"})
		n.refused(event.Incomplete, "compact", &Complied{Offer: made.Offer}) // its own word is a claim
		n.check()
		one[*Done](t, n.act("relief", &Complied{Offer: made.Offer}))
		m, _ := settle(t, Undertaking{By: "compact", Kind: Other, Intent: "N-204", Text: "x"})
		if f := one[*Failed](t, m.until(at(8, 45, 0))); f.Reason != NotConfirmed {
			t.Errorf("found %+v", f)
		}
	})
}

func TestBodiesAreChecked(t *testing.T) {
	n := newTrial(t)
	ok := shift()
	for name, change := range map[string]func(*Undertaking){
		"no limit":         func(u *Undertaking) { u.NotBefore = nil },
		"foreign limit":    func(u *Undertaking) { u.Floor = floor12 },
		"kind":             func(u *Undertaking) { u.Kind = "order" },
		"window":           func(u *Undertaking) { u.NotAfter = u.NotBefore },
		"reference":        func(u *Undertaking) { *u = raise(); u.Floor = &Altitude{1, "AGL"} },
		"upside down":      func(u *Undertaking) { *u = raise(); u.Ceiling = u.Floor },
		"too high":         func(u *Undertaking) { *u = raise(); u.Floor = &Altitude{maxAltitudeMM + 1, "W84"} },
		"no volumes":       func(u *Undertaking) { u.Kind, u.NotBefore = Reroute, nil },
		"long volumes":     func(u *Undertaking) { u.Kind, u.NotBefore, u.Volumes = Reroute, nil, make([]byte, maxVolumesBytes+1) },
		"no text":          func(u *Undertaking) { u.Kind, u.NotBefore = Other, nil },
		"long text":        func(u *Undertaking) { u.Text = strings.Repeat("x", maxTextBytes+1) },
		"party":            func(u *Undertaking) { u.By = "a b" },
		"intent":           func(u *Undertaking) { u.Intent = "" },
		"volumes no JSON":  func(u *Undertaking) { u.Kind, u.NotBefore, u.Volumes = Split, nil, json.RawMessage(`[`) },
		"volumes a number": func(u *Undertaking) { u.Kind, u.NotBefore, u.Volumes = Split, nil, json.RawMessage(`[0.5]`) },
	} {
		u := ok
		change(&u)
		_, err := n.try("relief", &Make{To: "compact", Mine: Ref{"H-17", 1}, Theirs: Ref{"N-204", 1}, Undertakings: []Undertaking{u}})
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		n.isRefusal(event.Invalid, nil, err)
	}
	for name, by := range map[string]int64{"past": n.now, "far": n.now + maxAnswerNS + 1} {
		_, err := n.try("relief", &Make{To: "compact", Mine: Ref{"H-17", 1}, Theirs: Ref{"N-204", 1}, Undertakings: []Undertaking{ok}, AnswerBy: instant(by)})
		if err == nil {
			t.Errorf("answer in the %s: accepted", name)
		}
	}
}

// An intent that a party is not shown, and has no conflict with, is to it as one
// that is not there.
func TestOffersAboutUnseenIntents(t *testing.T) {
	n := newTrial(t)
	about := func(id string) *Make {
		return &Make{To: "compact", Mine: Ref{"H-17", 1}, Theirs: Ref{id, 1}, Undertakings: []Undertaking{shift()}}
	}
	n.hidden = map[string]bool{"N-204": true}
	var said []string
	for _, id := range []string{"N-204", "N-999"} {
		_, err := n.try("relief", about(id))
		var r *event.Refusal
		if !errors.As(err, &r) || r.Kind != event.NotFound {
			t.Fatalf("%s: found %v, expected that it is not there", id, err)
		}
		said = append(said, strings.ReplaceAll(r.Message, id, "ID"))
	}
	if said[0] != said[1] {
		t.Errorf("told apart by %q", said)
	}
	n.apply(n.st.Meet("N-204", "H-17", n.view)) // a verdict tells of the conflict
	if _, err := n.try("relief", about("N-204")); err != nil {
		t.Errorf("about a conflict that was found: %v", err)
	}
	n.check()
}
