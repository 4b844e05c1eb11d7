package intent

import (
	"errors"
	"fmt"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/volume"
)

// Draft is a plan of a party that is not declared.
type Draft struct {
	By       party.ID
	Plan     *Plan
	Replaces string // id of the intent that it is to change; empty: it is to be a new one
}

// draftID is the id of a draft that is to be a new intent. No intent has it.
const draftID = "draft"

// Trial is what a draft would come to, against what its party is shown.
type Trial struct {
	Verdicts []Verdict
	ReadSet  []string // tokens that the declaration has to name
	// Blocked: it would not be accepted. Why says so in words where no verdict
	// does.
	Blocked bool
	Why     string
	// Known: something that the party is shown is declared where the draft is.
	Known bool
}

// draft returns a draft as the intent that it would be. Its error is a
// *event.Refusal.
func (st *State) draft(d Draft) (*Intent, error) {
	if err := d.Plan.check(); err != nil {
		return nil, event.Refuse(event.Invalid, "plan: %v", err)
	}
	r := &Intent{Decided: Decided{ID: draftID, Version: 1, Owner: d.By, State: Accepted}}
	if d.Replaces != "" {
		old := st.intents[d.Replaces]
		switch {
		case old == nil || old.Owner != d.By:
			return nil, event.Refuse(event.NotFound, "replaces: found no intent %q of the party", clip(d.Replaces))
		case old.State.over() || old.State.offNominal():
			return nil, event.Refuse(event.NotNow, "replaces: the intent is %s: what is still to be flown as declared can be changed", old.State)
		}
		same := *old
		r = &same
	}
	r.Plan = *d.Plan
	r.Start, r.End = r.Shape.Window()
	return r, nil
}

// Try judges a draft as its declaration, or the change, would be: against what
// the party is shown. Against what it is not shown only the act itself is
// judged. Its error is a *event.Refusal.
func (st *State) Try(d Draft, v View, nowNS int64) (*Trial, error) {
	r, err := st.draft(d)
	if err != nil {
		return nil, err
	}
	h := st.rehearsal(r, d.Plan, v, nowNS)
	t := &Trial{}
	act := decision{st: st, by: registry.Authority{Party: d.By}, v: &v, env: event.Env{NowNS: nowNS}}
	var refusal *event.Refusal
	switch err := act.admit(h); {
	case errors.As(err, &refusal) && refusal.Kind == event.Conflict:
		t.Blocked, t.Why = true, refusal.Message
	case err != nil:
		return nil, err
	}
	outlines, err := outlinesOf(h.entity)
	if err != nil {
		return nil, event.Refuse(event.Invalid, "plan: %v", err)
	}
	h.judge(outlines)
	if h.more > 0 {
		t.Blocked, t.Why = true, fmt.Sprintf("found more than %d things in the way, expected fewer: make it smaller or split it", maxVerdicts)
	}
	t.Verdicts, t.ReadSet, t.Blocked = h.verdicts, h.tokens(), t.Blocked || h.blocked
	t.Known = len(t.Verdicts) > 0 || len(st.near(h.entity, volume.Need{}, func(o *Intent) bool { return h.shownWhere(o) })) > 0
	return t, nil
}

// tokens are those that the act has to name.
func (h *hearing) tokens() []string {
	var all []string
	for _, o := range h.over {
		all = append(all, o.Token)
	}
	for _, z := range h.zones {
		all = append(all, z.Token)
	}
	return all
}

// DraftGround returns what a draft has to keep clear of, within a reach, of what
// its party is shown. Its error is a *event.Refusal.
func (st *State) DraftGround(d Draft, reach volume.Need, v View, nowNS int64) (*Ground, error) {
	r, err := st.draft(d)
	if err != nil {
		return nil, err
	}
	return st.ground(r, st.rehearsal(r, d.Plan, v, nowNS), reach), nil
}
