package world

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// takenMost is how many acts are remembered of all parties together: at some 250
// bytes each, 50 MB. A thousand acts a second fill it in three minutes.
const takenMost = 200_000

// taken remembers acts, so that one that is sent again is known and not done
// twice. An act is remembered for registry.MaxAgeNS after it was said and taken;
// then its time refuses it. When there are too many, the party that has most
// forgets some of its oldest, and what it says that is not dated later than those
// is refused from then on: nobody's acts make the node forget those of a party
// that sends less.
type taken struct {
	most int // takenMost, fewer in tests
	of   map[party.ID]*memory
	n    int // acts in all of them
}

// memory is what is remembered of a party.
type memory struct {
	acts  map[string]*takenAct // by id
	order []*takenAct          // by untilNS, then index
	// forgottenNS is the latest time of an act that was forgotten while its time
	// did not refuse it yet; 0: none.
	forgottenNS int64
}

// takenAct is an act that was taken.
type takenAct struct {
	id     string
	digest [32]byte // see Asked
	index  int64    // of its act.taken
	count  int      // of the events behind that
	// laterNS is the later of when it was said and when it was taken. One that is
	// dated ahead is remembered the longer, by registry.MaxAgeNS at most.
	laterNS int64
}

func (a *takenAct) compare(b *takenAct) int {
	return cmp.Or(cmp.Compare(a.laterNS, b.laterNS), cmp.Compare(a.index, b.index))
}

func newTaken() taken { return taken{most: takenMost, of: map[party.ID]*memory{}} }

func (t *taken) find(by party.ID, id string) *takenAct {
	if m := t.of[by]; m != nil {
		return m.acts[id]
	}
	return nil
}

// lost returns the time of the party's newest act that was forgotten too soon,
// in nanoseconds since 1970; 0: there is none.
func (t *taken) lost(by party.ID) int64 {
	if m := t.of[by]; m != nil {
		return m.forgottenNS
	}
	return 0
}

func (t *taken) add(e *Taken, at event.At) {
	// Only a STOP may say a time further ahead, and none is refused for its time:
	// it need not be remembered for as long as it says.
	laterNS := min(max(at.NS, said(e.Statement)), at.NS+registry.MaxAgeNS)
	a := &takenAct{id: e.ID, index: at.Index, count: e.Count, laterNS: laterNS}
	// What Asked gave has this form.
	_, _ = hex.Decode(a.digest[:], []byte(e.Digest))
	m := t.put(e.By, a)
	for len(m.order) > 0 && m.order[0].laterNS < at.NS-registry.MaxAgeNS {
		t.forget(m)
	}
	for t.n > t.most {
		t.trim(at.NS)
	}
}

// said returns the time of a statement.
func said(text []byte) int64 {
	members, err := statement.Fields(text)
	if err != nil {
		return 0
	}
	var at statement.Instant
	for _, m := range members {
		if m.Name == "at" {
			// A statement that was taken has a time.
			_ = at.UnmarshalText([]byte(statement.NewReader(m.Value).String()))
		}
	}
	return int64(at)
}

func (t *taken) put(by party.ID, a *takenAct) *memory {
	m := t.of[by]
	if m == nil {
		m = &memory{acts: map[string]*takenAct{}}
		t.of[by] = m
	}
	i, _ := slices.BinarySearchFunc(m.order, a, (*takenAct).compare)
	m.order = slices.Insert(m.order, i, a)
	m.acts[a.id] = a
	t.n++
	return m
}

// forget removes the oldest act of a party.
func (t *taken) forget(m *memory) {
	delete(m.acts, m.order[0].id)
	m.order = m.order[1:]
	t.n--
}

// trimShare is the share of its acts that a party forgets at once, so that the
// one that has most need not be looked for at each act.
const trimShare = 16

// trim has the party that has most forget some.
func (t *taken) trim(nowNS int64) {
	var most *memory
	var whose party.ID
	for id, m := range t.of {
		if most == nil || len(m.order) > len(most.order) || len(m.order) == len(most.order) && id < whose {
			most, whose = m, id
		}
	}
	for range 1 + len(most.order)/trimShare {
		if old := most.order[0].laterNS; old >= nowNS-registry.MaxAgeNS {
			most.forgottenNS = max(most.forgottenNS, old)
		}
		t.forget(most)
	}
}

// takenImage is what is remembered of a party in a snapshot.
type takenImage struct {
	Party     party.ID          `json:"party"`
	Forgotten statement.Instant `json:"forgotten,omitempty"`
	Acts      []takenActImage   `json:"acts"`
}

type takenActImage struct {
	Count  int               `json:"count"`
	Digest string            `json:"digest"`
	ID     string            `json:"id"`
	Index  int64             `json:"index"`
	Later  statement.Instant `json:"later"`
}

func (t *taken) image() []takenImage {
	list := make([]takenImage, 0, len(t.of))
	for _, id := range slices.Sorted(maps.Keys(t.of)) {
		m := t.of[id]
		i := takenImage{Party: id, Forgotten: statement.Instant(m.forgottenNS), Acts: make([]takenActImage, len(m.order))}
		for j, a := range m.order {
			i.Acts[j] = takenActImage{a.count, hex.EncodeToString(a.digest[:]), a.id, a.index, statement.Instant(a.laterNS)}
		}
		list = append(list, i)
	}
	return list
}

func (t *taken) restore(list []takenImage) error {
	*t = newTaken()
	for _, i := range list {
		t.of[i.Party] = &memory{acts: make(map[string]*takenAct, len(i.Acts)), forgottenNS: int64(i.Forgotten)}
		for _, a := range i.Acts {
			act := &takenAct{id: a.ID, index: a.Index, count: a.Count, laterNS: int64(a.Later)}
			if n, err := hex.Decode(act.digest[:], []byte(a.Digest)); err != nil || n != len(act.digest) {
				return fmt.Errorf("act %s of %s: found the digest %.80q, expected 64 hexadecimal digits", a.ID, i.Party, a.Digest)
			}
			t.put(i.Party, act)
		}
	}
	return nil
}

// clone returns a copy that shares no more than acts.
func (t *taken) clone() taken {
	c := taken{most: t.most, of: make(map[party.ID]*memory, len(t.of)), n: t.n}
	for id, m := range t.of {
		// A snapshot reads the list alone; a state that goes on from it is restored.
		c.of[id] = &memory{order: slices.Clone(m.order), forgottenNS: m.forgottenNS}
	}
	return c
}
