package airspace

import (
	"slices"
	"sync"
	"time"
	"unique"

	"github.com/deconflict/deconflict/internal/index"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
)

// How long after its end the node removes an entity that nobody ended.
const (
	// IntentKeptNS leaves a flight that overruns its end, or whose operator
	// fell silent, a day to be dealt with.
	IntentKeptNS     = 24 * int64(time.Hour)
	ConstraintKeptNS = 24 * int64(time.Hour)
	// SubscriptionKeptNS: a subscription ends by itself (F3548-21); after its
	// end no search shows it.
	SubscriptionKeptNS = int64(time.Minute)
)

// MaxSubscriptionNS is the longest that a subscription lasts (F3548-21 DSS0015).
const MaxSubscriptionNS = 24 * int64(time.Hour)

// none is the number of no entity.
const none = -1

// State is all that is known at one journal index. It is changed by Apply only,
// one caller at a time; readers must be kept out meanwhile.
type State struct {
	intents       kept[intent]
	constraints   kept[constraint]
	subscriptions kept[subscription]
	notices       table[int32] // notification index of a subscription, plus one
	resting       dependents
	availability  map[party.ID]availability
	calendar      calendar
	asked         asked
}

// kept holds the entities of one kind.
type kept[T any] struct {
	records table[*T]
	byID    map[ID]int64
	boxes   *index.Index[int64]
	next    int64 // number of the next one
}

// intent is a record; it is never changed, only replaced.
type intent struct {
	id             ID
	manager        unique.Handle[string]
	url            unique.Handle[string]
	ovn            string
	outline        []outline.Volume
	startNS, endNS int64
	subscription   int64 // number, or none
	modified       int64
	version        int32
	state          IntentState
}

type constraint struct {
	id             ID
	manager        unique.Handle[string]
	url            unique.Handle[string]
	ovn            string
	outline        []outline.Volume
	startNS, endNS int64
	modified       int64
	version        int32
}

type subscription struct {
	id             ID
	owner          unique.Handle[string]
	url            unique.Handle[string]
	version        string
	outline        []outline.Volume // of an implicit one: those of the intents that rest on it
	startNS, endNS int64
	intents        bool
	constraints    bool
	implicit       bool
}

type availability struct {
	state   Availability
	version string
}

// NewState returns a State in which nothing is known.
func NewState() *State {
	return &State{
		intents:       newKept[intent](),
		constraints:   newKept[constraint](),
		subscriptions: newKept[subscription](),
		availability:  map[party.ID]availability{},
	}
}

func newKept[T any]() kept[T] {
	return kept[T]{byID: map[ID]int64{}, boxes: index.New[int64]()}
}

// HoldIndex stops the upkeep of the indexes by which entities are found, for
// a replay, which looks for nothing. BuildIndex must end it.
func (st *State) HoldIndex() {
	st.intents.boxes, st.constraints.boxes, st.subscriptions.boxes = nil, nil, nil
}

// BuildIndex makes the indexes of what is there, on two processors: a tenth of
// the cost of keeping them up entry by entry.
func (st *State) BuildIndex() {
	var aside sync.WaitGroup
	aside.Go(func() {
		st.subscriptions.build(func(s *subscription) []outline.Volume { return s.outline })
		st.constraints.build(func(r *constraint) []outline.Volume { return r.outline })
	})
	st.intents.build(func(r *intent) []outline.Volume { return r.outline })
	aside.Wait()
}

func (k *kept[T]) build(of func(*T) []outline.Volume) {
	entries := make([]index.Entry[int64], 0, len(k.byID))
	var around []index.Box
	k.records.each(func(n int64, record *T) {
		around = appendBoxes(around[:0], of(record))
		for _, box := range around {
			entries = append(entries, index.Entry[int64]{ID: n, Box: box})
		}
	})
	k.boxes = index.Build(entries)
}

// get returns the record and number of an id.
func (k *kept[T]) get(id ID) (*T, int64) {
	if n, ok := k.byID[id]; ok {
		return k.records.get(n), n
	}
	return nil, none
}

// put gives an entity its record. Its boxes are written anew only if it moved:
// a write to the index costs more than all the rest.
func (k *kept[T]) put(n int64, id ID, record *T, was, volumes []outline.Volume) {
	k.records.set(n, record)
	made := n >= k.next
	if made {
		k.next = n + 1
		k.byID[id] = n
	}
	switch {
	case k.boxes == nil: // held
	case made:
		k.boxes.Insert(n, boxes(volumes)...)
	case !slices.EqualFunc(was, volumes, outline.Volume.Equal):
		k.boxes.Replace(n, boxes(volumes)...)
	}
}

func (k *kept[T]) remove(n int64, id ID) {
	k.records.set(n, nil)
	if k.boxes != nil {
		k.boxes.Delete(n)
	}
	delete(k.byID, id)
}

// near returns the numbers of the entities whose boxes overlap one of the
// volumes', ascending.
func (k *kept[T]) near(volumes []outline.Volume) []int64 {
	var found []int64
	snapshot := k.boxes.Snapshot()
	around := boxes(volumes)
	for _, box := range around {
		found = snapshot.Search(found, box)
	}
	if len(around) > 1 {
		slices.Sort(found)
		found = slices.Compact(found)
	}
	return found
}

// Apply changes the state by an event that was decided against it. It cannot
// fail: what it needs to look up was there when the event was decided.
func (st *State) Apply(ev Event, at At) {
	switch e := ev.(type) {
	case *IntentPut:
		st.applyIntentPut(e, at)
	case *IntentGone:
		st.applyIntentGone(e)
	case *ConstraintPut:
		st.applyConstraintPut(e, at)
	case *ConstraintGone:
		if old := st.constraints.records.get(e.Number); old != nil {
			st.calendar.remove(entry{ConstraintKind, e.Number}, old.endNS+ConstraintKeptNS)
			st.constraints.remove(e.Number, e.ID)
		}
		st.applyNotified(e.Notified)
	case *SubscriptionPut:
		w := e.Outline.Window()
		st.putSubscription(e.Number, &subscription{
			id: e.ID, owner: unique.Make(string(e.Owner)), url: unique.Make(e.URL), version: e.Version,
			outline: []outline.Volume{e.Outline}, startNS: w.StartNS, endNS: w.EndNS,
			intents: e.Intents, constraints: e.Constraints,
		})
	case *SubscriptionGone:
		st.removeSubscription(e.Number)
	case *AvailabilitySet:
		st.availability[e.USS] = availability{e.Availability, e.Version}
	case *ReportFiled: // the journal is where it is kept
	}
}

func (st *State) applyIntentPut(e *IntentPut, at At) {
	old := st.intents.records.get(e.Number)
	var was []outline.Volume
	if old != nil {
		was = old.outline
		st.calendar.remove(entry{IntentKind, e.Number}, old.endNS+IntentKeptNS)
		if old.subscription != none {
			st.resting.detach(old.subscription, e.Number)
		}
	}
	start, end := span(e.Outline)
	record := &intent{
		id: e.ID, manager: unique.Make(string(e.Manager)), url: unique.Make(e.URL), ovn: e.OVN,
		outline: e.Outline, startNS: start, endNS: end, subscription: none, modified: at.Index,
		version: e.Version, state: e.State,
	}
	if e.Subscription != (ID{}) {
		record.subscription = st.numberOf(e.Subscription, e.Implicit)
	}
	st.intents.put(e.Number, e.ID, record, was, e.Outline)
	st.calendar.add(entry{IntentKind, e.Number}, end+IntentKeptNS)
	if record.subscription != none {
		st.resting.attach(record.subscription, e.Number)
	}
	if o, ok := askedFor(e.ID, e.OVN); ok {
		st.asked.add(o, at.NS)
	}
	st.applyImplicit(e.Implicit, e.Manager)
	st.applyNotified(e.Notified)
}

// numberOf returns the number of the subscription that an intent is put on. One
// made by the same event is not known yet.
func (st *State) numberOf(id ID, made []ImplicitChange) int64 {
	for i := range made {
		if made[i].ID == id {
			return made[i].Number
		}
	}
	_, n := st.subscriptions.get(id)
	return n
}

func (st *State) applyIntentGone(e *IntentGone) {
	if old := st.intents.records.get(e.Number); old != nil {
		st.calendar.remove(entry{IntentKind, e.Number}, old.endNS+IntentKeptNS)
		if old.subscription != none {
			st.resting.detach(old.subscription, e.Number)
		}
		st.intents.remove(e.Number, e.ID)
	}
	st.applyImplicit(e.Implicit, e.Manager)
	st.applyNotified(e.Notified)
}

func (st *State) applyConstraintPut(e *ConstraintPut, at At) {
	var was []outline.Volume
	if old := st.constraints.records.get(e.Number); old != nil {
		was = old.outline
		st.calendar.remove(entry{ConstraintKind, e.Number}, old.endNS+ConstraintKeptNS)
	}
	start, end := span(e.Outline)
	st.constraints.put(e.Number, e.ID, &constraint{
		id: e.ID, manager: unique.Make(string(e.Manager)), url: unique.Make(e.URL), ovn: e.OVN,
		outline: e.Outline, startNS: start, endNS: end, modified: at.Index, version: e.Version,
	}, was, e.Outline)
	st.calendar.add(entry{ConstraintKind, e.Number}, end+ConstraintKeptNS)
	st.applyNotified(e.Notified)
}

// applyImplicit makes, stretches, shrinks and drops implicit subscriptions. Each
// covers exactly the intents that rest on it now.
func (st *State) applyImplicit(changes []ImplicitChange, owner party.ID) {
	for i := range changes {
		c := &changes[i]
		if c.Dropped {
			st.removeSubscription(c.Number)
			continue
		}
		union := st.restingOutline(c.Number)
		start, end := span(union)
		st.putSubscription(c.Number, &subscription{
			id: c.ID, owner: unique.Make(string(owner)), url: unique.Make(c.URL), version: c.Version,
			outline: union, startNS: start, endNS: end,
			intents: true, constraints: c.Constraints, implicit: true,
		})
	}
}

// restingOutline returns the outlines of the intents that rest on a
// subscription. That of a single one is shared, not copied.
func (st *State) restingOutline(subscription int64) []outline.Volume {
	var parts [][]outline.Volume
	st.resting.each(subscription, func(n int64) bool {
		parts = append(parts, st.intents.records.get(n).outline)
		return true
	})
	if len(parts) == 1 {
		return parts[0]
	}
	return slices.Concat(parts...)
}

func (st *State) putSubscription(n int64, record *subscription) {
	var was []outline.Volume
	if old := st.subscriptions.records.get(n); old != nil {
		was = old.outline
		st.calendar.remove(entry{subscriptionKind, n}, old.endNS+SubscriptionKeptNS)
	} else {
		st.notices.set(n, 1)
	}
	st.subscriptions.put(n, record.id, record, was, record.outline)
	if !record.implicit { // an implicit one goes with its intents
		st.calendar.add(entry{subscriptionKind, n}, record.endNS+SubscriptionKeptNS)
	}
}

func (st *State) removeSubscription(n int64) {
	old := st.subscriptions.records.get(n)
	if old == nil {
		return
	}
	st.calendar.remove(entry{subscriptionKind, n}, old.endNS+SubscriptionKeptNS)
	for st.resting.any(n) { // one that ended before its intents
		st.resting.each(n, func(number int64) bool {
			bare := *st.intents.records.get(number)
			bare.subscription = none
			st.intents.records.set(number, &bare)
			st.resting.detach(n, number)
			return false
		})
	}
	st.notices.set(n, 0)
	st.subscriptions.remove(n, old.id)
}

func (st *State) applyNotified(notified []Notified) {
	for _, n := range notified {
		if st.subscriptions.records.get(n.Number) != nil {
			st.notices.set(n.Number, n.Index+1)
		}
	}
}
