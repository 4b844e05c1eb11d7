package airspace

import (
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// transitions are the states that may follow each other; docs/STATES.md shows
// them. Zero is the state of an intent that does not exist.
var transitions = map[IntentState][]IntentState{
	0:             {Accepted, Activated, Nonconforming, Contingent},
	Accepted:      {Accepted, Activated, Nonconforming, Contingent},
	Activated:     {Activated, Nonconforming, Contingent},
	Nonconforming: {Nonconforming, Activated, Contingent},
	Contingent:    {Contingent},
}

// Decide implements Command.
func (c PutIntent) Decide(st *State, env Env) (Event, IntentChange, error) {
	old, number := st.intents.get(c.ID)
	if err := c.allowed(st, env, old); err != nil {
		return nil, IntentChange{}, err
	}
	ev := &IntentPut{
		Number: number, ID: c.ID, Manager: c.By, Version: 1, OVN: c.NewOVN,
		State: c.State, URL: c.URL, Outline: c.Outline,
	}
	touched := c.Outline
	if old != nil {
		ev.Version = old.version + 1
		touched = moves(old.outline, c.Outline)
	} else {
		ev.Number = st.intents.next
	}
	constraints, err := c.rest(st, ev, old)
	if err != nil {
		return nil, IntentChange{}, err
	}
	if !c.State.offNominal() {
		if err := c.knowsOthers(st, constraints); err != nil {
			return nil, IntentChange{}, err
		}
	}
	told := notify{st: st, nowNS: env.NowNS, of: IntentKind}
	told.meeting(touched)
	told.changed(ev.Implicit)
	ev.Notified = told.notified
	return ev, IntentChange{Intent: c.view(st, ev), Subscribers: told.subscribers()}, nil
}

// allowed checks all but subscriptions and the key.
func (c *PutIntent) allowed(st *State, env Env, old *intent) error {
	if !c.MayPlan && !c.State.offNominal() {
		return refuse(NotAllowed, "state %s needs scope utm.strategic_coordination", c.State)
	}
	if !c.MayOffNominal && c.State.offNominal() {
		return refuse(NotAllowed, "state %s needs scope utm.conformance_monitoring_sa", c.State)
	}
	if err := endsLater(c.Outline, env.NowNS, "the intent"); err != nil {
		return err
	}
	if err := current(thisIntent, c.By, c.OVN, old != nil, managerOf(old), ovnOf(old)); err != nil {
		return err
	}
	if st.asked.used(c.NewOVN) {
		return refuse(Invalid, "requested_ovn_suffix was used for this intent before: expected a new one")
	}
	if !c.State.offNominal() && st.availability[c.By].state == Down {
		return refuse(MarkedDown, "%s is marked Down and may not make or change an intent that is Accepted or Activated", c.By)
	}
	var from IntentState
	if old != nil {
		from = old.state
	}
	if !slices.Contains(transitions[from], c.State) {
		return refuse(Invalid, "an intent cannot go from %s to %s", from, c.State)
	}
	return nil
}

func managerOf(old *intent) party.ID {
	if old == nil {
		return ""
	}
	return party.ID(old.manager.Value())
}

func ovnOf(old *intent) string {
	if old == nil {
		return ""
	}
	return old.ovn
}

// current checks that who changes an entity manages it and knows its version.
func current(kind string, by party.ID, ovn string, exists bool, manager party.ID, have string) error {
	switch {
	case ovn == "" && exists:
		return refuse(Exists, "%s already exists: a change names the OVN of the version it changes", kind)
	case ovn == "" && !exists:
		return nil
	case !exists:
		return refuse(StaleVersion, "%s does not exist", kind)
	case manager != by:
		return refuse(NotOwner, "%s is managed by another USS", kind)
	case ovn != have:
		return refuse(StaleVersion, "the OVN is not that of the current version of %s", kind)
	}
	return nil
}

const (
	thisIntent       = "this operational intent"
	thisConstraint   = "this constraint"
	thisSubscription = "this subscription"
)

func endsLater(volumes []outline.Volume, nowNS int64, what string) error {
	if len(volumes) == 0 {
		return refuse(Invalid, "%s has no volume", what)
	}
	if _, end := span(volumes); end <= nowNS {
		return inThePast(what, end, nowNS)
	}
	return nil
}

// inThePast names both times: clocks that differ are the commonest cause.
func inThePast(what string, endNS, nowNS int64) error {
	return refuse(Invalid, "%s ends in the past: found its end at %s, expected one after the node's time, %s",
		what, statement.AppendTime(nil, endNS), statement.AppendTime(nil, nowNS))
}

// knowsOthers checks that the key holds the OVN of every other intent that meets
// this one, but for those that yield, and, for who processes constraints, of every
// constraint.
func (c *PutIntent) knowsOthers(st *State, constraints bool) error {
	known := make(map[string]bool, len(c.Key))
	for _, ovn := range c.Key {
		known[ovn] = true
	}
	var refusal Refusal
	left := maxMetAll
	place := func(other []outline.Volume) []Met {
		met := where(c.Outline, other, min(maxMet, left))
		left -= len(met)
		return met
	}
	for _, other := range st.meetingIntents(c.Outline) {
		if other.id == c.ID || known[other.ovn] || st.yields(other) {
			continue
		}
		refusal.MissingIntents = append(refusal.MissingIntents,
			Missing[IntentView]{st.viewIntent(other), place(other.outline)})
	}
	if constraints {
		for _, other := range st.meetingConstraints(c.Outline) {
			if !known[other.ovn] {
				refusal.MissingConstraints = append(refusal.MissingConstraints,
					Missing[ConstraintView]{st.viewConstraint(other), place(other.outline)})
			}
		}
	}
	if len(refusal.MissingIntents)+len(refusal.MissingConstraints) == 0 {
		return nil
	}
	refusal.Kind = MissingKeys
	refusal.Message = "the key lacks the current OVN of " + lacking(len(refusal.MissingIntents), len(refusal.MissingConstraints))
	return &refusal
}

// lacking counts what a key lacks, in words.
func lacking(intents, constraints int) string {
	count := func(n int, what string) string {
		if n != 1 {
			what += "s"
		}
		return fmt.Sprintf("%d %s", n, what)
	}
	switch {
	case constraints == 0:
		return count(intents, "operational intent") + " in the way"
	case intents == 0:
		return count(constraints, "constraint") + " in the way"
	}
	return count(intents, "operational intent") + " and " + count(constraints, "constraint") + " in the way"
}

// A refusal names at most maxMet places for one entity and maxMetAll for all of
// them, the first by id: each takes 600 bytes of an answer. The entities
// themselves are always all named.
const (
	maxMet    = 16
	maxMetAll = 4096
)

// where returns the boxes in which the caller's own volumes meet another's, at
// most so many.
func where(own, other []outline.Volume, most int) []Met {
	if most == 0 {
		return nil
	}
	var met []Met
	meetings(own, other, func(i, j int) bool {
		if x, ok := own[i].ClipTo(other[j]); ok {
			met = append(met, Met{i, x})
		}
		return len(met) < most
	})
	return met
}

// view is the intent as it will be.
func (c *PutIntent) view(st *State, ev *IntentPut) IntentView {
	start, end := span(ev.Outline)
	view := IntentView{
		ID: c.ID, Manager: c.By, Availability: st.availability[c.By].state, Version: ev.Version,
		State: c.State, OVN: c.NewOVN, StartNS: start, EndNS: end, URL: c.URL, Subscription: NullID,
	}
	if ev.Subscription != (ID{}) {
		view.Subscription = ev.Subscription
	}
	return view
}

// Decide implements Command.
func (c DeleteIntent) Decide(st *State, env Env) (Event, IntentChange, error) {
	old, number := st.intents.get(c.ID)
	if old == nil {
		return nil, IntentChange{}, refuse(NotFound, "%s does not exist", thisIntent)
	}
	if err := current(thisIntent, c.By, c.OVN, true, managerOf(old), old.ovn); err != nil {
		return nil, IntentChange{}, err
	}
	if st.availability[c.By].state == Down {
		return nil, IntentChange{}, refuse(MarkedDown, "%s is marked Down and may not end an intent", c.By)
	}
	ev, told := endIntent(st, env, number, old, c.NewVersion)
	return ev, IntentChange{Intent: st.viewIntent(old), Subscribers: told.subscribers()}, nil
}

// endIntent returns the event that ends an intent, and who has to be told.
func endIntent(st *State, env Env, number int64, old *intent, newVersion string) (*IntentGone, notify) {
	ev := &IntentGone{
		Number: number, ID: old.id, Manager: managerOf(old),
		Implicit: leave(st, number, old, newVersion),
	}
	told := notify{st: st, nowNS: env.NowNS, of: IntentKind}
	told.meeting(old.outline)
	ev.Notified = told.notified
	return ev, told
}
