package world

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// Taken says that a party's act was taken in: the events behind it are what came
// of it. It keeps the statement with what signs it, so that whoever is shown
// both needs to trust nobody.
type Taken struct {
	Act     string        `json:"act"`
	By      party.ID      `json:"by"`
	Custody party.Custody `json:"custody"`
	Count   int           `json:"count"` // of the events behind this one that the act decided
	// Digest is that of what was asked for: see Asked.
	Digest     string            `json:"digest"`
	ID         string            `json:"id"`
	Signatures []party.Signature `json:"signatures,omitempty"`
	Statement  json.RawMessage   `json:"statement"`
	// To are the parties that may see the statement, sorted: those to whom all
	// that came of it is released whole, and those whom a STOP names alone or as
	// everybody.
	To []party.ID `json:"to,omitempty"`
}

const typeTaken = "act.taken"

// Type implements event.Event.
func (*Taken) Type() string { return typeTaken }

// Actor implements event.Event.
func (e *Taken) Actor() party.ID { return e.By }

// Release implements event.Event. A recipient of a STOP does not see who else is
// one.
func (e *Taken) Release(to party.ID) []string {
	switch {
	case !slices.Contains(e.To, to):
		return nil
	case e.Act == registry.Stop:
		return stopTaken
	}
	return event.Whole
}

// stopTaken are the members of the statement of a STOP that a recipient sees.
var stopTaken = []string{"act", "by", "custody", "digest", "id", "signatures", "statement"}

// ErrRepeated is an act that was taken before; it changes nothing.
type ErrRepeated struct {
	Index int64 // of its act.taken
	Count int   // of the events behind that
}

func (*ErrRepeated) Error() string { return "the act was taken before" }

// Urgent reports whether an act goes before all others that wait: STOP does.
func Urgent(a *party.Act) bool { return a.Act == registry.Stop }

// Act decides an act. Its error is a *event.Refusal or an *ErrRepeated.
func (st *State) Act(a *party.Act, env event.Env) ([]Event, error) {
	d := ofAct[a.Act]
	if d == nil {
		return nil, event.Refuse(event.Invalid, "found the act %q, expected one of docs/ACTS.md", a.Act)
	}
	asked := Asked(&a.Statement)
	if before := st.taken.find(a.Party, a.ID); before != nil {
		if hex.EncodeToString(before.digest[:]) != asked {
			return nil, event.Refuse(event.Reused, "the id %q was used for another act of %s: expected a new one for each act", a.ID, a.Party)
		}
		return nil, &ErrRepeated{before.index, before.count}
	}
	if a.Node != env.Node {
		return nil, event.Refuse(event.Invalid, "the statement is meant for the node %q; this one is %q", a.Node, env.Node)
	}
	// STOP is never refused for its time: one that is sent again after so many acts
	// is another STOP.
	if lost := st.taken.lost(a.Party); lost != 0 && int64(a.At) <= lost && a.Act != registry.Stop && !st.Registry.Waits(a) {
		return nil, event.Refuse(event.Stale, "found the time %s, expected one after %s: earlier acts of %s are not remembered, so that this one might be done twice; say it anew",
			a.At, statement.Instant(lost), a.Party)
	}
	by, err := st.Registry.Authorize(a, d.acts[a.Act], env.NowNS)
	if err != nil {
		return nil, err
	}
	if len(by.Missing) > 0 {
		return []Event{st.Registry.Cosigned(a, by)}, nil
	}
	decided, err := d.decide(st, a, by, env)
	if err != nil {
		return nil, err
	}
	events := list(decided)
	if st.Registry.Waits(a) {
		events = append([]Event{st.Registry.Completed(a)}, events...)
	}
	return append([]Event{&Taken{
		Act: a.Act, By: a.Party, Custody: by.Custody, Count: len(events), Digest: asked, ID: a.ID,
		Signatures: by.Signatures, Statement: a.Text, To: st.sees(a, decided),
	}}, events...), nil
}

// Asked returns the SHA-256, in hexadecimal, of what a statement asks for: not
// when, so that a caller without a clock or a key may send it again.
func Asked(s *party.Statement) string {
	h := sha256.New()
	for _, part := range []string{s.Act, s.Role, s.Person} {
		fmt.Fprintf(h, "%d\n%s\n", len(part), part)
	}
	h.Write(s.Body)
	return hex.EncodeToString(h.Sum(nil))
}

// sees returns the parties that may see the statement of an act: to whom all of
// the events are released whole, or who was told STOP, when its words name no
// other. What else came of a STOP is what others were told.
func (st *State) sees(a *party.Act, decided []event.Event) []party.ID {
	var to []party.ID
	stop, stopped := a.Content.(*channel.CallStop)
	for _, p := range st.Registry.Parties() {
		switch {
		case p.ID == a.Party:
		case stopped && (!stop.Alone(p.ID) || len(decided[0].Release(p.ID)) == 0):
		case stopped || allWhole(decided, p.ID):
			to = append(to, p.ID)
		}
	}
	return to
}

func allWhole(decided []event.Event, to party.ID) bool {
	for _, e := range decided {
		if names := e.Release(to); len(names) != 1 || names[0] != event.Whole[0] {
			return false
		}
	}
	return len(decided) > 0
}
