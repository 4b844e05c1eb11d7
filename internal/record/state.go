package record

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// blockEntries is how many entries one word of a set covers. Those of one party
// are scattered: larger blocks would be mostly empty.
const blockEntries = 64

// blockKey names a block of entries of a party.
type blockKey struct {
	party party.ID
	block int64
}

// Signed is what a party has counter-signed.
type Signed struct {
	Party   party.ID          `json:"party"`
	Count   int64             `json:"count"`
	Last    int64             `json:"last"` // highest index
	LastAt  statement.Instant `json:"last_at"`
	Custody party.Custody     `json:"custody"` // of the latest
}

// VerifiedHead is the head that a party verified last.
type VerifiedHead struct {
	Party     party.ID          `json:"party"`
	Size      int64             `json:"size"`
	Root      string            `json:"root"`
	At        statement.Instant `json:"at"`
	Index     int64             `json:"index"` // where the journal says so
	Custody   party.Custody     `json:"custody"`
	Witnesses []string          `json:"witnesses,omitempty"`
}

// maxForks bounds the claims of a party that count without proof, and half of
// all that count: each is in the journal, and one is enough to stop and look.
const maxForks = 16

// State is all that parties confirmed of the journal.
type State struct {
	blocks map[blockKey]uint64 // a bit an entry
	signed map[party.ID]*Signed
	heads  map[party.ID]*VerifiedHead
	forks  map[party.ID][]*Claim
}

// Claim is a fork that a party claims, and when it did.
type Claim struct {
	Fork
	At    statement.Instant `json:"at"`
	Index int64             `json:"index"` // where the journal says so
}

// New returns a state in which nobody confirmed anything.
func New() *State {
	return &State{map[blockKey]uint64{}, map[party.ID]*Signed{}, map[party.ID]*VerifiedHead{}, map[party.ID][]*Claim{}}
}

// Clone returns a copy that later events do not change.
func (st *State) Clone() *State {
	return &State{maps.Clone(st.blocks), maps.Clone(st.signed), maps.Clone(st.heads), maps.Clone(st.forks)}
}

// View is what deciding needs of the journal.
type View struct {
	// Entry returns the hash of the leaf at an index, in hex, and who caused the
	// entry. False: the journal has none there that the party may see.
	Entry func(index int64, to party.ID) (leaf string, origin party.ID, ok bool)
	// Root returns the root of the journal's first entries, in hex. False: it has
	// fewer.
	Root func(size int64) (root string, ok bool)
	// Checkpoint reads a signed note: the head it states, whether this node
	// signed it, and which known witnesses did. False: it is none.
	Checkpoint func(text string) (Checkpoint, bool)
}

// Checkpoint is what a signed note says.
type Checkpoint struct {
	Size      int64
	Root      string // in hex
	Node      bool   // signed by this node
	Witnesses []string
}

// Decide decides an act. Its error is a *event.Refusal. A claim that contradicts
// the journal is not refused: it is told to everybody.
func (st *State) Decide(a *party.Act, by registry.Authority, v View, _ event.Env) ([]event.Event, error) {
	switch b := a.Content.(type) {
	case *Countersign:
		return st.countersign(a.Party, by, b, v)
	case *Head:
		return st.head(a.Party, by, b, v)
	}
	return nil, event.Refuse(event.Invalid, "found the act %q, expected record.countersign or record.head", a.Act)
}

func (st *State) countersign(by party.ID, as registry.Authority, b *Countersign, v View) ([]event.Event, error) {
	origins := map[party.ID][]Entry{}
	var forks []*Fork
	for _, e := range b.Entries {
		leaf, origin, ok := v.Entry(e.Index, by)
		switch {
		case !ok:
			return nil, event.Refuse(event.NotFound, "found the index %d, expected that of an entry that you were shown", e.Index)
		case leaf != e.Leaf:
			forks = append(forks, &Fork{By: by, Custody: as.Custody, Kind: OtherLeaf, Number: e.Index, Claimed: e.Leaf, Ours: leaf})
		case !st.Has(by, e.Index):
			origins[origin] = append(origins[origin], e)
		}
	}
	if len(forks) > 0 {
		// One is enough, and nothing beside it counts.
		return st.alarm(forks[0])
	}
	if len(origins) == 0 {
		return nil, event.Refuse(event.NotNow, "found only entries that you counter-signed already")
	}
	var out []event.Event
	for _, origin := range slices.Sorted(maps.Keys(origins)) {
		out = append(out, &Countersigned{By: by, Role: as.Role, Custody: as.Custody, Origin: origin, Entries: origins[origin]})
	}
	return out, nil
}

func (st *State) head(by party.ID, as registry.Authority, b *Head, v View) ([]event.Event, error) {
	var note Checkpoint
	if b.Checkpoint != "" {
		var ok bool
		if note, ok = v.Checkpoint(b.Checkpoint); !ok || note.Size != b.Size || note.Root != b.Root {
			return nil, event.Refuse(event.Invalid, "checkpoint: found none, or another head, expected the signed note of size %d with the root stated", b.Size)
		}
	}
	ours, ok := v.Root(b.Size)
	if !ok || ours != b.Root {
		e := &Fork{By: by, Custody: as.Custody, Kind: OtherRoot, Number: b.Size, Claimed: b.Root, Ours: ours, Proven: note.Node}
		if !ok {
			e.Kind = Beyond
		}
		if note.Node {
			e.Checkpoint = b.Checkpoint
		}
		return st.alarm(e)
	}
	if last := st.heads[by]; last != nil && b.Size < last.Size {
		return nil, event.Refuse(event.Stale, "found size %d, expected at least %d, which you verified before", b.Size, last.Size)
	}
	return []event.Event{&Verified{By: by, Custody: as.Custody, Size: b.Size, Root: b.Root, Witnesses: note.Witnesses}}, nil
}

// alarm returns a fork, once. Claims without proof are bounded more tightly, so
// that nobody can cry wolf without end and leave no room for what is proven.
func (st *State) alarm(e *Fork) ([]event.Event, error) {
	standing, most := st.forks[e.By], maxForks
	if e.Proven {
		most *= 2
	}
	if slices.ContainsFunc(standing, func(c *Claim) bool { return e.same(&c.Fork) }) {
		return nil, event.Refuse(event.NotNow, "found a fork that is on record already")
	}
	if len(standing) >= most {
		return nil, event.Refuse(event.NotNow, "found %d claims of forks on record, expected no more: they are told already", len(standing))
	}
	return []event.Event{e}, nil
}

// Apply puts an event into effect. It cannot fail.
func (st *State) Apply(ev event.Event, at event.At) {
	switch e := ev.(type) {
	case *Countersigned:
		s := Signed{Party: e.By}
		if old := st.signed[e.By]; old != nil {
			s = *old
		}
		for _, entry := range e.Entries {
			key := blockKey{e.By, entry.Index / blockEntries}
			st.blocks[key] |= 1 << (entry.Index % blockEntries)
			s.Last = max(s.Last, entry.Index)
		}
		s.Count += int64(len(e.Entries))
		s.LastAt, s.Custody = statement.Instant(at.NS), e.Custody
		st.signed[e.By] = &s
	case *Verified:
		st.heads[e.By] = &VerifiedHead{e.By, e.Size, e.Root, statement.Instant(at.NS), at.Index, e.Custody, e.Witnesses}
	case *Fork:
		st.forks[e.By] = append(slices.Clone(st.forks[e.By]), &Claim{*e, statement.Instant(at.NS), at.Index})
	}
}

// Deadline returns that nothing here is ever due.
func (st *State) Deadline() (ns int64, ok bool) { return 0, false }

// Due returns nothing.
func (st *State) Due(View, event.Env) []event.Event { return nil }

// Has reports whether a party counter-signed an entry.
func (st *State) Has(id party.ID, index int64) bool {
	return index >= 0 && st.blocks[blockKey{id, index / blockEntries}]&(1<<(index%blockEntries)) != 0
}

// Signed returns what a party counter-signed, or nil.
func (st *State) Signed(id party.ID) *Signed { return st.signed[id] }

// Head returns the head that a party verified last, or nil.
func (st *State) Head(id party.ID) *VerifiedHead { return st.heads[id] }

// Comparison is how the heads of two parties stand to each other.
type Comparison struct {
	A, B *VerifiedHead // nil: none verified yet
	// Equal is set when both verified a head of this journal since an instant and
	// nothing speaks against it: no proven fork, and no claim of either that it
	// did not answer itself with a head verified later. Then both have one history
	// up to Size.
	Equal bool
	Size  int64
}

// Compare compares the heads that two parties verified since an instant, in
// nanoseconds since 1970.
func (st *State) Compare(a, b party.ID, sinceNS int64) Comparison {
	c := Comparison{A: st.heads[a], B: st.heads[b]}
	if c.A == nil || c.B == nil {
		return c
	}
	c.Size = min(c.A.Size, c.B.Size)
	c.Equal = int64(c.A.At) >= sinceNS && int64(c.B.At) >= sinceNS && !st.doubted(c.A) && !st.doubted(c.B)
	return c
}

// doubted reports whether a party's claims speak against the head it verified.
func (st *State) doubted(h *VerifiedHead) bool {
	return slices.ContainsFunc(st.forks[h.Party], func(c *Claim) bool { return c.Proven || c.Index > h.Index })
}

// Forks returns all claims of forks, by party and in their order. They must not
// be changed.
func (st *State) Forks() []*Claim {
	var out []*Claim
	for _, id := range slices.Sorted(maps.Keys(st.forks)) {
		out = append(out, st.forks[id]...)
	}
	return out
}

// snapshot is the form of a State.
type snapshot struct {
	Signed []signedForm    `json:"signed"`
	Heads  []*VerifiedHead `json:"heads"`
	Forks  []*Claim        `json:"forks"`
}

type signedForm struct {
	Signed
	Ranges [][2]int64 `json:"ranges"` // of indices, both inclusive
}

// MarshalJSON implements json.Marshaler.
func (st *State) MarshalJSON() ([]byte, error) {
	of := map[party.ID][]int64{}
	for key := range st.blocks {
		of[key.party] = append(of[key.party], key.block)
	}
	s := snapshot{Forks: st.Forks()}
	for _, id := range slices.Sorted(maps.Keys(st.signed)) {
		s.Signed = append(s.Signed, signedForm{*st.signed[id], st.ranges(id, of[id])})
	}
	for _, id := range slices.Sorted(maps.Keys(st.heads)) {
		s.Heads = append(s.Heads, st.heads[id])
	}
	return json.Marshal(s)
}

// ranges returns the entries that a party counter-signed in some blocks.
func (st *State) ranges(id party.ID, blocks []int64) [][2]int64 {
	slices.Sort(blocks)
	var out [][2]int64
	for _, block := range blocks {
		bits := st.blocks[blockKey{id, block}]
		for i := range int64(blockEntries) {
			index := block*blockEntries + i
			switch {
			case bits&(1<<i) == 0:
			case len(out) > 0 && out[len(out)-1][1] == index-1:
				out[len(out)-1][1] = index
			default:
				out = append(out, [2]int64{index, index})
			}
		}
	}
	return out
}

// UnmarshalJSON implements json.Unmarshaler.
func (st *State) UnmarshalJSON(text []byte) error {
	var s snapshot
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	*st = *New()
	for _, form := range s.Signed {
		st.signed[form.Party] = &form.Signed
		for _, r := range form.Ranges {
			for index := r[0]; index <= r[1]; index++ {
				st.blocks[blockKey{form.Party, index / blockEntries}] |= 1 << (index % blockEntries)
			}
		}
	}
	for _, h := range s.Heads {
		st.heads[h.Party] = h
	}
	for _, f := range s.Forks {
		st.forks[f.By] = append(st.forks[f.By], f)
	}
	return nil
}
