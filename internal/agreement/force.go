package agreement

import (
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Rules returns what holds between two signatories, or between one and whom a
// text protects, from what is recorded so far. They must not be modified. Members
// act under the rules of their lead.
//
// The instant is not needed to know what is in force, as entries, suspensions
// and ends come by events; callers pass it so that all ask alike.
func (st *State) Rules(a, b party.ID, _ int64) *terms.Rules {
	pair := terms.Pair(a, b)
	ids := st.between[pair]
	if len(ids) == 0 {
		return terms.Default(pair)
	}
	if r, ok := st.rules.Load(pair); ok {
		return r.(*terms.Rules)
	}
	var list []terms.InForce
	for _, id := range ids {
		if x := st.agreements[id]; len(x.Steps) > 0 {
			list = x.inForce(list, x.Steps[len(x.Steps)-1])
		}
	}
	r := terms.Compile(list, pair)
	st.rules.Store(pair, r)
	return r
}

// RulesAt returns what held between two signatories at an instant in nanoseconds
// since 1970, as far as is recorded by now: what was superseded since goes on to
// hold for what happened before.
func (st *State) RulesAt(a, b party.ID, ns int64) *terms.Rules {
	pair := terms.Pair(a, b)
	var list []terms.InForce
	for _, id := range st.between[pair] {
		x := st.agreements[id]
		for _, step := range slices.Backward(x.Steps) {
			if int64(step.From) <= ns {
				list = x.inForce(list, step)
				break
			}
		}
	}
	return terms.Compile(list, pair)
}

// inForce adds what a step of an agreement leaves in force.
func (a *agreement) inForce(list []terms.InForce, step Step) []terms.InForce {
	if step.State != InForce && step.State != InSuspension || step.Version == 0 {
		return list
	}
	f := terms.InForce{Suspended: step.State == InSuspension}
	var gone []string
	for _, x := range step.Annexes {
		if x.State == HasTerminated {
			gone = append(gone, x.Annex)
		} else {
			f.Annexes = append(f.Annexes, x.Annex)
		}
	}
	f.Text = without(a.version(step.Version).Text, gone)
	return append(list, f)
}

// Floor is a safety floor in force: what goes on whatever becomes of agreements.
type Floor struct {
	Agreement string            `json:"agreement"`
	Version   int64             `json:"version"`
	Since     statement.Instant `json:"since"`
	Ends      statement.Instant `json:"ends,omitempty"` // when a withdrawal takes effect
	Messages  []string          `json:"messages"`       // types of message that it keeps
	Acts      []string          `json:"acts"`           // acts, or domains of acts, that it keeps
}

// floorMessages and floorActs are the agreed minimum: signs of life, STOP and
// distress, protected sites and movements, facts about incidents, test calls,
// and what takes an agreement out of force and back.
var (
	floorMessages = []string{
		"HEARTBEAT", "HOLDING", "INCIDENT", "MOVE-NOTICE", "RESUME", "RESUMED", "SIGHTING", "SITE-NOTICE", "STOP", "SUSPEND", "TEST", "WARN",
	}
	floorActs = []string{"agreement", "bearer", "channel", "incident", "intent.contingent", "intent.nonconforming", "notice", "record"}
)

// Floor returns the safety floor in force between two signatories, nil for none.
func (st *State) Floor(a, b party.ID) *Floor {
	for _, id := range st.between[terms.Pair(a, b)] {
		x := st.agreements[id]
		if !x.Floor || !x.running() || !x.binds(a, b) {
			continue
		}
		f := &Floor{Agreement: x.ID, Version: x.Current, Messages: floorMessages, Acts: floorActs}
		for _, step := range x.Steps {
			if step.State == InForce {
				f.Since = step.From
				break
			}
		}
		for _, n := range x.Notices {
			if !n.Ended && (f.Ends == 0 || n.From < f.Ends) {
				f.Ends = n.From
			}
		}
		return f
	}
	return nil
}

// binds reports whether both are signatories, not only protected.
func (a *agreement) binds(x, y party.ID) bool {
	return slices.Contains(a.Parties, x) && slices.Contains(a.Parties, y)
}

// Keeps reports whether a floor keeps a type of message, such as STOP, or a kind
// of act, such as channel.stop.
func (f *Floor) Keeps(kind string) bool {
	if f == nil {
		return false
	}
	domain, _, isAct := strings.Cut(kind, ".")
	if isAct {
		return slices.Contains(f.Acts, domain) || slices.Contains(f.Acts, kind)
	}
	return slices.Contains(f.Messages, kind)
}

// Uncovered returns the agreements in force between two signatories whose terms
// a member of the first has not received: what it does is accepted, and flagged.
func (st *State) Uncovered(member, lead, other party.ID) []terms.Source {
	var list []terms.Source
	for _, id := range st.between[terms.Pair(lead, other)] {
		if a := st.agreements[id]; a.running() && a.binds(lead, other) && a.Received[member] < a.Current {
			list = append(list, terms.Source{Agreement: a.ID, Version: a.Current})
		}
	}
	return list
}
