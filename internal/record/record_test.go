package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

const (
	nc = party.ID("northern-compact")
	el = party.ID("eastern-league")
	sm = party.ID("sandmere")
)

func hash(what string, n int64) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s %d", what, n))
	return hex.EncodeToString(h[:])
}

// fakeLog is a journal of size entries, of which the even ones come from nc and
// go to el, the odd ones the other way. Its checkpoints are "size root signer".
type fakeLog struct{ size int64 }

func (l fakeLog) view() View {
	return View{
		Entry: func(index int64, to party.ID) (string, party.ID, bool) {
			origin := []party.ID{nc, el}[index%2]
			return hash("leaf", index), origin, index < l.size && (to == nc || to == el)
		},
		Root: func(size int64) (string, bool) { return hash("root", size), size <= l.size },
		Checkpoint: func(text string) (Checkpoint, bool) {
			parts := strings.Fields(text)
			if len(parts) != 3 {
				return Checkpoint{}, false
			}
			size, err := strconv.ParseInt(parts[0], 10, 64)
			return Checkpoint{size, parts[1], parts[2] == "node", nil}, err == nil
		},
	}
}

type bench struct {
	t   testing.TB
	st  *State
	log fakeLog
	now int64
	all []event.Event
}

func newBench(t testing.TB) *bench { return &bench{t: t, st: New(), log: fakeLog{1000}, now: 1} }

func (b *bench) try(by party.ID, body interface{ Check() error }) ([]event.Event, error) {
	if err := body.Check(); err != nil {
		return nil, err
	}
	events, err := b.st.Decide(&party.Act{Statement: party.Statement{Party: by}, Content: body},
		registry.Authority{Party: by, Role: "watch", Custody: party.Held}, b.log.view(), event.Env{NowNS: b.now})
	if err != nil {
		return nil, err
	}
	for _, ev := range events {
		b.now++
		b.st.Apply(ev, event.At{NS: b.now, Index: b.now})
		b.all = append(b.all, ev)
	}
	return events, nil
}

func (b *bench) do(by party.ID, body interface{ Check() error }) []event.Event {
	b.t.Helper()
	events, err := b.try(by, body)
	if err != nil {
		b.t.Fatal(err)
	}
	return events
}

func (b *bench) refused(kind event.RefusalKind, by party.ID, body interface{ Check() error }) {
	b.t.Helper()
	_, err := b.try(by, body)
	var r *event.Refusal
	if !errors.As(err, &r) || r.Kind != kind {
		b.t.Fatalf("found %v, expected a refusal of kind %s", err, kind)
	}
}

func sign(indices ...int64) *Countersign {
	b := new(Countersign)
	for _, i := range indices {
		b.Entries = append(b.Entries, Entry{i, hash("leaf", i)})
	}
	return b
}

func TestE1Countersign(t *testing.T) {
	b := newBench(t)
	// Toy: what the node delivered counts as held by the other side.
	toy := func(index int64) bool { return index < b.log.size }
	if !toy(7) || b.st.Has(nc, 7) {
		t.Fatal("the toy must take an entry for confirmed that nobody signed")
	}
	events := b.do(nc, sign(3, 7, 8))
	if len(events) != 2 {
		t.Fatalf("%d events, expected one for each origin", len(events))
	}
	for _, ev := range events {
		e := ev.(*Countersigned)
		for _, to := range []party.ID{nc, el, sm} {
			want := to == nc || to == e.Origin
			if got := e.Release(to) != nil; got != want {
				t.Errorf("entries of %s released to %s: %v", e.Origin, to, got)
			}
		}
		if e.Custody != party.Held {
			t.Errorf("custody %q", e.Custody)
		}
	}
	for i := range int64(12) {
		if want := slices.Contains([]int64{3, 7, 8}, i); b.st.Has(nc, i) != want || b.st.Has(el, i) {
			t.Errorf("entry %d: signed by %s %v, by %s %v", i, nc, b.st.Has(nc, i), el, b.st.Has(el, i))
		}
	}
	if s := b.st.Signed(nc); s.Count != 3 || s.Last != 8 {
		t.Errorf("signed: %+v", s)
	}
	b.refused(event.NotNow, nc, sign(3, 8))
	if events := b.do(nc, sign(3, 5)); len(events) != 1 || len(events[0].(*Countersigned).Entries) != 1 {
		t.Errorf("entries signed before count again: %+v", events)
	}
	b.refused(event.NotFound, sm, sign(3))
	b.refused(event.NotFound, nc, sign(1000))
	if !Acts["record.countersign"].Held {
		t.Error("a node could counter-sign in a party's place")
	}
}

func TestE1Bodies(t *testing.T) {
	for name, body := range map[string]interface{ Check() error }{
		"none":          sign(),
		"twice":         sign(3, 3),
		"order":         sign(4, 3),
		"negative":      sign(-1),
		"short hash":    &Countersign{[]Entry{{1, "ab"}}},
		"upper case":    &Countersign{[]Entry{{1, strings.ToUpper(hash("leaf", 1))}}},
		"no size":       &Head{Root: hash("root", 0)},
		"no root":       &Head{Size: 1},
		"a long letter": &Head{Size: 1, Root: hash("root", 1), Checkpoint: strings.Repeat("x", maxCheckpointBytes+1)},
	} {
		if body.Check() == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func TestE1Heads(t *testing.T) {
	b := newBench(t)
	if b.st.Compare(nc, el, 0).Equal {
		t.Error("heads that nobody verified are equal")
	}
	b.do(nc, &Head{Size: 900, Root: hash("root", 900)})
	before := b.now + 1
	b.do(el, &Head{Size: 950, Root: hash("root", 950), Checkpoint: "950 " + hash("root", 950) + " node"})
	if c := b.st.Compare(nc, el, 0); !c.Equal || c.Size != 900 {
		t.Errorf("compared: %+v", c)
	}
	if b.st.Compare(nc, el, before).Equal {
		t.Error("a head from before counts")
	}
	b.refused(event.Stale, nc, &Head{Size: 899, Root: hash("root", 899)})
	b.refused(event.Invalid, nc, &Head{Size: 950, Root: hash("root", 950), Checkpoint: "951 " + hash("root", 951) + " node"})
	b.refused(event.Invalid, nc, &Head{Size: 950, Root: hash("root", 950), Checkpoint: "no note"})
}

func TestE1Fork(t *testing.T) {
	other := hash("other root", 950)
	for name, c := range map[string]struct {
		body   interface{ Check() error }
		kind   string
		proven bool
	}{
		"another root, claimed": {&Head{Size: 950, Root: other}, OtherRoot, false},
		"another root, proven":  {&Head{Size: 950, Root: other, Checkpoint: "950 " + other + " node"}, OtherRoot, true},
		"signed by another":     {&Head{Size: 950, Root: other, Checkpoint: "950 " + other + " other"}, OtherRoot, false},
		"entries gone":          {&Head{Size: 1001, Root: hash("root", 1001), Checkpoint: "1001 " + hash("root", 1001) + " node"}, Beyond, true},
		"another entry":         {&Countersign{[]Entry{{2, hash("leaf", 2)}, {3, other}}}, OtherLeaf, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.do(nc, &Head{Size: 900, Root: hash("root", 900)})
			b.do(el, &Head{Size: 900, Root: hash("root", 900)})
			events := b.do(nc, c.body)
			// Toy: a table with a time of change, which any head fits.
			if toy := len(events) == 1; !toy {
				t.Fatal("the act must be taken")
			}
			f, ok := events[0].(*Fork)
			if !ok || f.Kind != c.kind || f.Proven != c.proven {
				t.Fatalf("found %+v, expected a fork of kind %s", events[0], c.kind)
			}
			for _, to := range []party.ID{nc, el, sm, "anybody"} {
				if !slices.Equal(f.Release(to), event.Whole) {
					t.Errorf("the alarm does not reach %s", to)
				}
			}
			if b.st.Compare(nc, el, 0).Equal {
				t.Error("heads are equal in spite of the claim")
			}
			b.refused(event.NotNow, nc, c.body)
			// Who verifies a head later takes back a claim, but no proof.
			b.do(nc, &Head{Size: 960, Root: hash("root", 960)})
			if got := b.st.Compare(nc, el, 0).Equal; got == c.proven {
				t.Errorf("equal after a later head: %v", got)
			}
		})
	}
}

// Claims without proof end, and leave room for what is proven.
func TestE1WolfCry(t *testing.T) {
	b := newBench(t)
	for i := range int64(maxForks) {
		b.do(nc, &Head{Size: 10 + i, Root: hash("false", i)})
	}
	b.refused(event.NotNow, nc, &Head{Size: 500, Root: hash("false", 500)})
	root := hash("other", 500)
	b.do(nc, &Head{Size: 500, Root: root, Checkpoint: "500 " + root + " node"})
	b.do(el, &Head{Size: 500, Root: hash("false", 500)})
	if got := len(b.st.Forks()); got != maxForks+2 {
		t.Errorf("%d claims, expected %d", got, maxForks+2)
	}
}

// What the journal holds makes the same state again, and neither a copy nor its
// origin changes the other.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		replayed := New()
		model := map[party.ID]map[int64]bool{nc: {}, el: {}}
		for range rapid.IntRange(1, 30).Draw(rt, "acts") {
			by := rapid.SampledFrom([]party.ID{nc, el}).Draw(rt, "by")
			copied := b.st.Clone()
			before := marshal(rt, copied)
			from := len(b.all)
			if rapid.Bool().Draw(rt, "countersign") {
				indices := rapid.SliceOfNDistinct(rapid.Int64Range(0, 300), 1, 20, rapid.ID).Draw(rt, "indices")
				slices.Sort(indices)
				if _, err := b.try(by, sign(indices...)); err == nil {
					for _, i := range indices {
						model[by][i] = true
					}
				}
			} else {
				size := rapid.Int64Range(1, 1100).Draw(rt, "size")
				what := rapid.SampledFrom([]string{"root", "root", "false"}).Draw(rt, "what")
				_, _ = b.try(by, &Head{Size: size, Root: hash(what, size)})
			}
			if !bytes.Equal(before, marshal(rt, copied)) {
				rt.Fatal("an act changed a copy")
			}
			at := b.now - int64(len(b.all)-from)
			for _, ev := range b.all[from:] {
				at++
				replayed.Apply(reread(rt, ev, at), event.At{NS: at, Index: at})
			}
		}
		for by, set := range model {
			for i := range int64(310) {
				if b.st.Has(by, i) != set[i] {
					rt.Fatalf("%s signed %d: %v, expected %v", by, i, b.st.Has(by, i), set[i])
				}
			}
		}
		want := marshal(rt, b.st)
		if got := marshal(rt, replayed); !bytes.Equal(got, want) {
			rt.Fatalf("replayed:\n%s\nexpected:\n%s", got, want)
		}
		restored := New()
		if err := json.Unmarshal(want, restored); err != nil {
			rt.Fatal(err)
		}
		if got := marshal(rt, restored); !bytes.Equal(got, want) {
			rt.Fatalf("restored:\n%s\nexpected:\n%s", got, want)
		}
	})
}

func marshal(t interface{ Fatal(...any) }, st *State) []byte {
	text, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// reread returns an event as it comes back from the journal.
func reread(t interface{ Fatal(...any) }, ev event.Event, ns int64) event.Event {
	members, err := statement.Fields(event.Encode(nil, ev, ns))
	if err != nil {
		t.Fatal(err)
	}
	out, ok, err := Events.Decode(ev.Type(), 1, members)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return out
}

// No body, however made, gets past its check and then breaks a decision.
func FuzzBodies(f *testing.F) {
	f.Add("record.head", []byte(`{"root":"`+hash("root", 5)+`","size":5}`))
	f.Add("record.countersign", []byte(`{"entries":[{"index":3,"leaf":"`+hash("leaf", 3)+`"}]}`))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		kind, ok := Acts[name]
		if !ok || len(text) > 64<<10 {
			return
		}
		text, err := statement.Canonical(text)
		if err != nil {
			return
		}
		body := kind.New()
		if statement.Unmarshal(text, body) != nil {
			return
		}
		b := newBench(t)
		events, err := b.try(nc, body.(interface{ Check() error }))
		if err == nil && len(events) == 0 {
			t.Error("an act without events and without refusal")
		}
	})
}
