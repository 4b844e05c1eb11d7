package airspace

import (
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
)

// Intent returns the intent of an id.
func (st *State) Intent(id ID) (IntentView, bool) {
	record, _ := st.intents.get(id)
	if record == nil {
		return IntentView{}, false
	}
	return st.viewIntent(record), true
}

// Constraint returns the constraint of an id.
func (st *State) Constraint(id ID) (ConstraintView, bool) {
	record, _ := st.constraints.get(id)
	if record == nil {
		return ConstraintView{}, false
	}
	return st.viewConstraint(record), true
}

// Subscription returns the subscription of an id.
func (st *State) Subscription(id ID) (SubscriptionView, bool) {
	record, n := st.subscriptions.get(id)
	if record == nil {
		return SubscriptionView{}, false
	}
	return st.viewSubscription(record, n), true
}

// Intents returns every intent whose outline meets the area, sorted by id.
func (st *State) Intents(area outline.Volume) []IntentView {
	return st.IntentsAfter(area, ID{}, math.MaxInt)
}

// IntentsAfter returns the first of them with ids above the one given, at most so
// many. Only these are copied: an area may hold very many.
func (st *State) IntentsAfter(area outline.Volume, after ID, most int) []IntentView {
	var found []IntentView
	for _, record := range st.meetingIntents([]outline.Volume{area}) {
		if record.id.Compare(after) <= 0 {
			continue
		}
		if len(found) == most {
			break
		}
		found = append(found, st.viewIntent(record))
	}
	return found
}

// Constraints returns every constraint whose outline meets the area, sorted by id.
func (st *State) Constraints(area outline.Volume) []ConstraintView {
	return st.ConstraintsAfter(area, ID{}, math.MaxInt)
}

// ConstraintsAfter returns the first of them with ids above the one given, at most so
// many. Only these are copied: an area may hold very many.
func (st *State) ConstraintsAfter(area outline.Volume, after ID, most int) []ConstraintView {
	var found []ConstraintView
	for _, record := range st.meetingConstraints([]outline.Volume{area}) {
		if record.id.Compare(after) <= 0 {
			continue
		}
		if len(found) == most {
			break
		}
		found = append(found, st.viewConstraint(record))
	}
	return found
}

// Subscriptions returns every subscription of an owner that meets the area and
// has not ended, sorted by id.
func (st *State) Subscriptions(area outline.Volume, owner party.ID, nowNS int64) []SubscriptionView {
	volumes := []outline.Volume{area}
	var found []SubscriptionView
	for _, n := range st.subscriptions.near(volumes) {
		record := st.subscriptions.records.get(n)
		if record.owner.Value() == string(owner) && record.endNS > nowNS && meet(volumes, record.outline) {
			found = append(found, st.viewSubscription(record, n))
		}
	}
	slices.SortFunc(found, func(a, b SubscriptionView) int { return a.ID.Compare(b.ID) })
	return found
}

// Availability returns what is known of a USS.
func (st *State) Availability(uss party.ID) AvailabilityView {
	a := st.availability[uss]
	return AvailabilityView{USS: uss, Availability: a.state, Version: a.version}
}

// Counts says how much is known.
type Counts struct {
	Intents, Constraints, Subscriptions int
}

// Counts returns the number of entities of each kind.
func (st *State) Counts() Counts {
	return Counts{len(st.intents.byID), len(st.constraints.byID), len(st.subscriptions.byID)}
}

// EachIntent visits every intent, in no order, until it is told to stop.
func (st *State) EachIntent(visit func(v IntentView) bool) {
	for _, n := range st.intents.byID {
		if r := st.intents.records.get(n); !visit(st.viewIntent(r)) {
			return
		}
	}
}

// EachConstraint visits every constraint, as EachIntent does.
func (st *State) EachConstraint(visit func(v ConstraintView) bool) {
	for _, n := range st.constraints.byID {
		if r := st.constraints.records.get(n); !visit(st.viewConstraint(r)) {
			return
		}
	}
}

// Outline returns the outline of an intent or constraint, nil for none. It must
// not be changed.
func (st *State) Outline(kind Kind, id ID) []outline.Volume {
	if kind == ConstraintKind {
		if r, _ := st.constraints.get(id); r != nil {
			return r.outline
		}
		return nil
	}
	if r, _ := st.intents.get(id); r != nil {
		return r.outline
	}
	return nil
}

// meetingIntents returns the records whose outlines meet one of the volumes,
// sorted by id.
func (st *State) meetingIntents(volumes []outline.Volume) []*intent {
	var found []*intent
	for _, n := range st.intents.near(volumes) {
		if record := st.intents.records.get(n); meet(volumes, record.outline) {
			found = append(found, record)
		}
	}
	slices.SortFunc(found, func(a, b *intent) int { return a.id.Compare(b.id) })
	return found
}

func (st *State) meetingConstraints(volumes []outline.Volume) []*constraint {
	var found []*constraint
	for _, n := range st.constraints.near(volumes) {
		if record := st.constraints.records.get(n); meet(volumes, record.outline) {
			found = append(found, record)
		}
	}
	slices.SortFunc(found, func(a, b *constraint) int { return a.id.Compare(b.id) })
	return found
}

func (st *State) viewIntent(record *intent) IntentView {
	manager := party.ID(record.manager.Value())
	view := IntentView{
		ID: record.id, Manager: manager, Availability: st.availability[manager].state,
		Version: record.version, State: record.state, OVN: record.ovn,
		StartNS: record.startNS, EndNS: record.endNS, URL: record.url.Value(),
		Subscription: NullID, Modified: record.modified,
	}
	if s := st.subscriptions.records.get(record.subscription); s != nil {
		view.Subscription = s.id
	}
	return view
}

func (st *State) viewConstraint(record *constraint) ConstraintView {
	manager := party.ID(record.manager.Value())
	return ConstraintView{
		ID: record.id, Manager: manager, Availability: st.availability[manager].state,
		Version: record.version, OVN: record.ovn, StartNS: record.startNS, EndNS: record.endNS,
		URL: record.url.Value(), Modified: record.modified,
	}
}

func (st *State) viewSubscription(record *subscription, n int64) SubscriptionView {
	view := SubscriptionView{
		ID: record.id, Owner: party.ID(record.owner.Value()), Version: record.version,
		Index:   st.notices.get(n) - 1,
		StartNS: record.startNS, EndNS: record.endNS, URL: record.url.Value(),
		Intents: record.intents, Constraints: record.constraints, Implicit: record.implicit,
	}
	st.resting.each(n, func(number int64) bool {
		view.Dependents = append(view.Dependents, st.intents.records.get(number).id)
		return true
	})
	slices.SortFunc(view.Dependents, ID.Compare)
	return view
}
