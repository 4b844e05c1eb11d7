package airspace

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
)

// model is the airspace in the simplest form that can be right: lists, searched
// from end to end.
type model struct {
	intents     map[ID]modelIntent
	constraints map[ID]modelConstraint
	subs        map[ID]*modelSubscription
}

type modelIntent struct {
	by      party.ID
	ovn     string
	outline []outline.Volume
	sub     ID
	state   IntentState
}

type modelConstraint struct {
	by      party.ID
	ovn     string
	outline []outline.Volume
}

type modelSubscription struct {
	by       party.ID
	outline  outline.Volume
	implicit bool
	index    int32
	version  string
}

func (m *model) covers(id ID) []outline.Volume {
	s := m.subs[id]
	if !s.implicit {
		return []outline.Volume{s.outline}
	}
	var all []outline.Volume
	for _, i := range m.intents {
		if i.sub == id {
			all = append(all, i.outline...)
		}
	}
	return all
}

// told raises the index of whoever meets the volumes before or after, and
// returns what the answer should say.
func (m *model) told(before map[ID]bool, volumes []outline.Volume) map[ID]int32 {
	want := map[ID]int32{}
	for id, s := range m.subs {
		if before[id] || meet(volumes, m.covers(id)) {
			s.index++
			want[id] = s.index
		}
	}
	return want
}

func (m *model) meeting(volumes []outline.Volume) map[ID]bool {
	found := map[ID]bool{}
	for id := range m.subs {
		if meet(volumes, m.covers(id)) {
			found[id] = true
		}
	}
	return found
}

func (m *model) dropUnused() {
	for id, s := range m.subs {
		if s.implicit && len(m.covers(id)) == 0 {
			delete(m.subs, id)
		}
	}
}

// TestAgainstModel runs random commands against the State and the model, and at
// the end compares what is known, what a replay gives and what a snapshot gives.
func TestAgainstModel(t *testing.T) {
	spots := make([]outline.Volume, 0, 24)
	for east := range 6 {
		for _, minutes := range [][2]int{{0, 30}, {20, 50}, {60, 90}, {0, 90}} {
			spots = append(spots, box(t, float64(east)*60, minutes[0], minutes[1]))
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		n := newNode(r)
		m := &model{map[ID]modelIntent{}, map[ID]modelConstraint{}, map[ID]*modelSubscription{}}
		var image *Image
		var imageBytes []byte
		steps := rapid.IntRange(1, 40).Draw(r, "steps")
		for step := range steps {
			m.step(n, r, spots)
			if step == steps/2 {
				image = n.st.Freeze()
				imageBytes = written(t, image)
			}
		}
		m.compare(n, r, spots)
		if image != nil && !bytes.Equal(written(t, image), imageBytes) {
			r.Fatal("a frozen state changed")
		}
		checkRecovery(t, n)
	})
}

func (m *model) step(n *node, r *rapid.T, spots []outline.Volume) {
	by := party.ID(rapid.SampledFrom([]string{"uss1", "uss2"}).Draw(r, "by"))
	id := rapid.IntRange(1, 8).Draw(r, "id")
	switch rapid.IntRange(0, 9).Draw(r, "kind") {
	case 0, 1, 2, 3:
		m.putIntent(n, r, by, id, spots)
	case 4, 5:
		m.deleteIntent(n, r, id)
	case 6:
		m.putSubscription(n, r, by, 20+id, spots)
	case 7:
		if s := m.subs[newID(20+id)]; s != nil {
			if _, refusal := do(n, DeleteSubscription{By: s.by, ID: newID(20 + id), Version: s.version}); refusal == nil {
				delete(m.subs, newID(20+id))
			} else if refusal.Kind != HasDependents {
				r.Fatal(refusal)
			}
		}
	default:
		m.putConstraint(n, r, by, 40+id, spots)
	}
}

func (m *model) putIntent(n *node, r *rapid.T, by party.ID, id int, spots []outline.Volume) {
	c := n.intent(by, id)
	for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(spots)-1), 1, 3, rapid.ID).Draw(r, "volumes") {
		c.Outline = append(c.Outline, spots[i])
	}
	old, exists := m.intents[c.ID]
	if exists {
		c.OVN, c.By = old.ovn, old.by
	}
	for _, other := range m.intents { // all OVNs but sometimes one
		if rapid.IntRange(0, 20).Draw(r, "know") > 0 {
			c.Key = append(c.Key, other.ovn)
		}
	}
	switch rapid.IntRange(0, 3).Draw(r, "subscription") {
	case 0:
		c.Implicit = n.implicit(1000 + n.serial)
	case 1, 2:
		if ids := m.subsOf(c.By); len(ids) > 0 {
			c.Subscription = rapid.SampledFrom(ids).Draw(r, "rest on")
		}
	}
	touched := append(slices.Clone(c.Outline), old.outline...)
	before := m.meeting(touched)
	answer, refusal := do(n, c)
	if refusal != nil {
		m.explain(r, c, refusal)
		return
	}
	if c.Implicit != nil {
		m.subs[c.Implicit.ID] = &modelSubscription{by: c.By, implicit: true}
		c.Subscription = c.Implicit.ID
	}
	m.intents[c.ID] = modelIntent{c.By, c.NewOVN, c.Outline, c.Subscription, c.State}
	m.sameTold(r, m.told(before, touched), answer.Subscribers)
	m.dropUnused()
}

// explain checks that a refusal has its reason in the model.
func (m *model) explain(r *rapid.T, c PutIntent, refusal *Refusal) {
	var missing []ID
	for id, other := range m.intents {
		if id != c.ID && meet(c.Outline, other.outline) && !slices.Contains(c.Key, other.ovn) {
			missing = append(missing, id)
		}
	}
	slices.SortFunc(missing, ID.Compare)
	switch refusal.Kind {
	case MissingKeys:
		var got []ID
		for _, lacking := range refusal.MissingIntents {
			got = append(got, lacking.View.ID)
		}
		if !slices.Equal(got, missing) {
			r.Fatalf("missing %v, want %v", got, missing)
		}
	case Invalid: // an explicit subscription that does not cover
		s := m.subs[c.Subscription]
		if s == nil || s.implicit || contains(s.outline, c.Outline) {
			r.Fatalf("refused without reason: %s", refusal.Message)
		}
	default:
		r.Fatalf("refused as %s: %s", refusal.Kind, refusal.Message)
	}
}

func (m *model) subsOf(by party.ID) []ID {
	var ids []ID
	for id, s := range m.subs {
		if s.by == by {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, ID.Compare)
	return ids
}

func (m *model) deleteIntent(n *node, r *rapid.T, id int) {
	old, ok := m.intents[newID(id)]
	if !ok {
		return
	}
	before := m.meeting(old.outline)
	answer := must(n, DeleteIntent{By: old.by, ID: newID(id), OVN: old.ovn, NewVersion: n.opaque()})
	m.sameTold(r, m.told(before, nil), answer.Subscribers)
	delete(m.intents, newID(id))
	m.dropUnused()
}

func (m *model) putSubscription(n *node, r *rapid.T, by party.ID, id int, spots []outline.Volume) {
	c := n.subscription(by, id, rapid.SampledFrom(spots).Draw(r, "area"))
	if old := m.subs[c.ID]; old != nil {
		c.By, c.Version = old.by, old.version
	}
	answer, refusal := do(n, c)
	if refusal != nil {
		if refusal.Kind != Invalid { // intents rest on it that it would not cover
			r.Fatal(refusal)
		}
		return
	}
	var index int32
	if old := m.subs[c.ID]; old != nil {
		index = old.index
	}
	m.subs[c.ID] = &modelSubscription{by: c.By, outline: c.Outline, index: index, version: c.NewVersion}
	if answer.Subscription.Index != index || len(answer.Intents) != len(m.intentsIn(c.Outline)) {
		r.Fatalf("subscription made: %+v", answer)
	}
}

func (m *model) putConstraint(n *node, r *rapid.T, by party.ID, id int, spots []outline.Volume) {
	volumes := []outline.Volume{rapid.SampledFrom(spots).Draw(r, "constraint")}
	if old, ok := m.constraints[newID(id)]; ok {
		must(n, DeleteConstraint{By: old.by, ID: newID(id), OVN: old.ovn})
		delete(m.constraints, newID(id))
		return
	}
	c := PutConstraint{By: by, ID: newID(id), NewOVN: n.opaque(), Outline: volumes, URL: "https://c.example"}
	if answer := must(n, c); len(answer.Subscribers) != 0 {
		r.Fatalf("nobody asked for constraints, told %+v", answer.Subscribers)
	}
	m.constraints[c.ID] = modelConstraint{by, c.NewOVN, volumes}
}

func (m *model) sameTold(r *rapid.T, want map[ID]int32, got []Subscriber) {
	have := map[ID]int32{}
	for _, s := range got {
		for _, notice := range s.Notices {
			have[notice.Subscription] = notice.Index
		}
	}
	if len(have) != len(want) {
		r.Fatalf("told %v, want %v", have, want)
	}
	for id, index := range want {
		if have[id] != index {
			r.Fatalf("told %v, want %v", have, want)
		}
	}
}

func (m *model) intentsIn(area outline.Volume) []ID {
	var ids []ID
	for id, i := range m.intents {
		if meet([]outline.Volume{area}, i.outline) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, ID.Compare)
	return ids
}

func (m *model) compare(n *node, r *rapid.T, spots []outline.Volume) {
	for _, area := range spots {
		var got []ID
		for _, view := range n.st.Intents(area) {
			got = append(got, view.ID)
			if i := m.intents[view.ID]; i.ovn != view.OVN || i.by != view.Manager || (i.sub == ID{}) != (view.Subscription == NullID) {
				r.Fatalf("%+v, want %+v", view, i)
			}
		}
		if want := m.intentsIn(area); !slices.Equal(got, want) {
			r.Fatalf("found %v, want %v", got, want)
		}
		constraints := 0
		for _, c := range m.constraints {
			if meet([]outline.Volume{area}, c.outline) {
				constraints++
			}
		}
		if got := n.st.Constraints(area); len(got) != constraints {
			r.Fatalf("found %d constraints, want %d", len(got), constraints)
		}
		for _, by := range []party.ID{"uss1", "uss2"} {
			var want []ID
			for _, id := range m.subsOf(by) {
				if meet([]outline.Volume{area}, m.covers(id)) {
					want = append(want, id)
				}
			}
			var got []ID
			for _, view := range n.st.Subscriptions(area, by, n.now) {
				got = append(got, view.ID)
				if view.Index != m.subs[view.ID].index {
					r.Fatalf("index of %v is %d, want %d", view.ID, view.Index, m.subs[view.ID].index)
				}
			}
			if !slices.Equal(got, want) {
				r.Fatalf("subscriptions of %s: %v, want %v", by, got, want)
			}
		}
	}
}

func written(t rapid.TB, m *Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if n, err := m.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, b.Len(), err)
	}
	return b.Bytes()
}

// checkRecovery compares the state with what a replay and a snapshot give, and
// lets each of them go on.
func checkRecovery(t *testing.T, n *node) {
	t.Helper()
	want := written(t, n.st.Freeze())
	replayed := NewState()
	replayed.HoldIndex()
	for i, event := range n.events {
		ev, at, err := Decode(event)
		if err != nil {
			t.Fatal(err)
		}
		replayed.Apply(ev, At{NS: at, Index: int64(i)})
	}
	replayed.BuildIndex()
	for _, record := range []*node{n, {st: replayed}} { // the same is found
		for i := range 8 {
			if view, ok := record.st.Intent(newID(i)); ok && len(record.st.Intents(mustIntent(t, n.st, i).outline[0])) == 0 {
				t.Fatalf("intent %v is not found where it is", view.ID)
			}
		}
	}
	if !bytes.Equal(written(t, replayed.Freeze()), want) {
		t.Fatal("a replay gives another state")
	}
	restored, err := ReadState(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written(t, restored.Freeze()), want) {
		t.Fatal("a snapshot gives another state")
	}
	for i := range 4 {
		next := node{t: t, st: restored, now: n.now, serial: 1_000_000 + i}
		c := next.intent("uss9", 900+i, box(t, 5000, 0, 30))
		c.Implicit = next.implicit(950 + i)
		for j := range i {
			c.Key = append(c.Key, restored.viewIntent(mustIntent(t, restored, 900+j)).OVN)
		}
		must(&next, c)
	}
}

func mustIntent(t rapid.TB, st *State, id int) *intent {
	t.Helper()
	record, _ := st.intents.get(newID(id))
	if record == nil {
		t.Fatalf("no intent %d", id)
	}
	return record
}
