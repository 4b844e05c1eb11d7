package agreement

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Legal is the legal state of an agreement.
type Legal string

// Legal states.
const (
	Draft             Legal = "draft"       // no version has all signatures
	FullySigned       Legal = "signed"      // by all, not yet in force
	InForce           Legal = "in_force"    //
	InSuspension      Legal = "suspended"   // by one party or more
	HasTerminated     Legal = "terminated"  // on notice; of a floor: withdrawn from
	HasExpired        Legal = "expired"     //
	annexTerminated         = HasTerminated // of an annex alone
	annexInSuspension       = InSuspension
)

// NoticeKind is what a notice announces.
type NoticeKind string

// Kinds of notice.
const (
	Suspension  NoticeKind = "suspension"
	Termination NoticeKind = "termination"
	Withdrawal  NoticeKind = "withdrawal" // from a safety floor
)

// State is all that is known of agreements. Records in it are never changed in
// place, so that clones share them.
type State struct {
	agreements map[string]*agreement
	between    map[[2]party.ID][]string // ids of agreements that were ever in force, sorted, by whom they bind or protect
	waiting    map[string]bool          // whose entry or resumption waits for other domains
	rules      *sync.Map                // [2]party.ID to *terms.Rules; replaced when a legal state moves
}

// New returns the state in which nothing was proposed.
func New() *State {
	return &State{
		agreements: map[string]*agreement{},
		between:    map[[2]party.ID][]string{},
		waiting:    map[string]bool{},
		rules:      new(sync.Map),
	}
}

// Clone returns a state that goes its own way from here.
func (st *State) Clone() *State {
	return &State{maps.Clone(st.agreements), maps.Clone(st.between), maps.Clone(st.waiting), st.rules}
}

// agreement is all that is known of one.
type agreement struct {
	ID        string          `json:"id"`
	Floor     bool            `json:"floor,omitempty"`
	Parties   []party.ID      `json:"parties"` // in order; the same in all versions
	Versions  []*version      `json:"versions"`
	Open      int64           `json:"open,omitempty"`    // number of the open proposal
	Pending   []int64         `json:"pending,omitempty"` // signed by all, not yet in force
	Blocked   *blocked        `json:"blocked,omitempty"`
	Current   int64           `json:"current,omitempty"` // that came into force last
	Steps     []Step          `json:"steps"`
	Annexes   []AnnexState    `json:"annexes,omitempty"` // those out of force on their own, by name
	Notices   []*NoticeRecord `json:"notices,omitempty"`
	Procedure *procedure      `json:"procedure,omitempty"`
	// Received is the newest version whose terms a member received.
	Received map[party.ID]int64 `json:"received,omitempty"`
	Warned   map[Warning]int64  `json:"warned,omitempty"` // days of the last warning
	Review   statement.Instant  `json:"review,omitempty"` // when it is due
	Reviews  []ReviewRecord     `json:"reviews,omitempty"`
	Days     []*day             `json:"days,omitempty"` // what was observed, by UTC day, ascending
	Breaches []*Observed        `json:"breaches,omitempty"`
	Seen     int64              `json:"seen,omitempty"` // observations so far
	Queries  []*QueryRecord     `json:"queries,omitempty"`

	due due // derived: what the clock brings next
}

// version is one text and who signed it.
type version struct {
	Number   int64                   `json:"number"`
	Hash     string                  `json:"hash"`
	Text     *terms.Text             `json:"text"`
	By       party.ID                `json:"by"`
	At       statement.Instant       `json:"at"`
	Index    int64                   `json:"index"`
	Signed   map[party.ID]*signature `json:"signed,omitempty"`
	Complete statement.Instant       `json:"complete,omitempty"` // of the last signature
}

type signature struct {
	Roles []string          `json:"roles"`
	At    statement.Instant `json:"at"`
	Index int64             `json:"index"`
}

// blocked says why a signed version does not come into force.
type blocked struct {
	Version int64    `json:"version"`
	Reasons []string `json:"reasons"`
}

// Step is a change of the legal state.
type Step struct {
	State   Legal             `json:"state"`
	From    statement.Instant `json:"from"` // effective
	Version int64             `json:"version,omitempty"`
	Annexes []AnnexState      `json:"annexes,omitempty"` // out of force on their own
	By      party.ID          `json:"by,omitempty"`      // on whose notice
	Cause   string            `json:"cause"`             // type of the event
	At      statement.Instant `json:"at"`                // recorded
	Index   int64             `json:"evidence"`          // journal index of the event
}

// AnnexState is that of an annex that is out of force on its own.
type AnnexState struct {
	Annex string            `json:"annex"`
	State Legal             `json:"state"`
	By    party.ID          `json:"by,omitempty"`
	From  statement.Instant `json:"from"`
	Index int64             `json:"evidence"`
}

// NoticeRecord is one of suspension or termination. An ended one no longer counts.
type NoticeRecord struct {
	ID          string            `json:"id"`
	What        NoticeKind        `json:"what"`
	Annex       string            `json:"annex,omitempty"`
	By          party.ID          `json:"by"`
	Received    statement.Instant `json:"received"`
	From        statement.Instant `json:"from"`
	Conditional bool              `json:"conditional,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Demands     []Demand          `json:"demands,omitempty"`
	ReplyBy     statement.Instant `json:"reply_by,omitempty"`
	Overdue     bool              `json:"overdue,omitempty"`
	Index       int64             `json:"evidence"`
	Effective   bool              `json:"effective"`
	Ended       bool              `json:"ended"`
	Objections  []Objection       `json:"objections,omitempty"`
}

// Demand is what a party asks for before it resumes, and what became of it.
type Demand struct {
	Text       string            `json:"text"`
	Answer     string            `json:"answer,omitempty"`
	AnsweredBy party.ID          `json:"answered_by,omitempty"`
	AnsweredAt statement.Instant `json:"answered_at,omitempty"`
	Late       bool              `json:"late,omitempty"`
	Waived     bool              `json:"waived,omitempty"`
	Index      int64             `json:"evidence,omitempty"` // of the answer or the waiver
}

func (d Demand) open() bool { return d.AnsweredBy == "" && !d.Waived }

// Objection stands beside a notice, which keeps its effect.
type Objection struct {
	By    party.ID          `json:"by"`
	Text  string            `json:"text"`
	At    statement.Instant `json:"at"`
	Index int64             `json:"evidence"`
}

// version returns the one with a number, nil for none.
func (a *agreement) version(number int64) *version {
	if number < 1 || number > int64(len(a.Versions)) {
		return nil
	}
	return a.Versions[number-1]
}

func (a *agreement) current() *version { return a.version(a.Current) }
func (a *agreement) latest() *version  { return a.version(int64(len(a.Versions))) }

func (a *agreement) legal() Legal {
	if len(a.Steps) == 0 {
		return Draft
	}
	return a.Steps[len(a.Steps)-1].State
}

// running reports whether it is in force or suspended, not ended or to come.
func (a *agreement) running() bool {
	state := a.legal()
	return state == InForce || state == InSuspension
}

func (a *agreement) ended() bool {
	state := a.legal()
	return state == HasTerminated || state == HasExpired
}

func (a *agreement) annex(name string) *AnnexState {
	if i := slices.IndexFunc(a.Annexes, func(x AnnexState) bool { return x.Annex == name }); i >= 0 {
		return &a.Annexes[i]
	}
	return nil
}

func (a *agreement) notice(id string) *NoticeRecord {
	if i := slices.IndexFunc(a.Notices, func(n *NoticeRecord) bool { return n.ID == id }); i >= 0 {
		return a.Notices[i]
	}
	return nil
}

// image is the form of a snapshot.
type image struct {
	Agreements []*agreement `json:"agreements"`
}

// MarshalJSON implements json.Marshaler. Equal states have equal forms.
func (st *State) MarshalJSON() ([]byte, error) {
	var m image
	for _, id := range slices.Sorted(maps.Keys(st.agreements)) {
		m.Agreements = append(m.Agreements, st.agreements[id])
	}
	return json.Marshal(m)
}

// UnmarshalJSON implements json.Unmarshaler.
func (st *State) UnmarshalJSON(text []byte) error {
	var m image
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("agreements: %w", err)
	}
	*st = *New()
	for _, a := range m.Agreements {
		st.put(a)
	}
	return nil
}

// edit returns a copy of an agreement, to be changed and put.
func (st *State) edit(id string) *agreement {
	if a := st.agreements[id]; a != nil {
		b := *a
		return &b
	}
	return &agreement{ID: id}
}

// put replaces an agreement and what is derived from it.
func (st *State) put(a *agreement) {
	old := st.agreements[a.ID]
	st.agreements[a.ID] = a
	a.due = a.nextDue()
	if a.waits() {
		st.waiting[a.ID] = true
	} else {
		delete(st.waiting, a.ID)
	}
	if old != nil && len(old.Steps) == len(a.Steps) {
		return
	}
	st.rules = new(sync.Map)
	if a.Current == 0 {
		return
	}
	others := slices.Clone(a.Parties)
	for _, step := range a.Steps {
		if v := a.version(step.Version); v != nil {
			others = append(others, v.Text.Protects...)
		}
	}
	for i, x := range a.Parties {
		for _, y := range others[i+1:] {
			st.add(terms.Pair(x, y), a.ID)
		}
	}
}

// add indexes an agreement that came into force. What one version protects stays
// there when the next does not: the past is asked for too.
func (st *State) add(pair [2]party.ID, id string) {
	if at, found := slices.BinarySearch(st.between[pair], id); !found {
		st.between[pair] = slices.Insert(slices.Clone(st.between[pair]), at, id)
	}
}

// waits reports whether what other domains do may move it.
func (a *agreement) waits() bool { return a.Blocked != nil || a.Procedure != nil }

// with returns the list with one more, leaving the list as it was.
func with[T any](list []T, x T) []T { return append(slices.Clip(list), x) }

// mapWith returns a copy of the map with a key set.
func mapWith[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	c := maps.Clone(m)
	if c == nil {
		c = map[K]V{}
	}
	c[k] = v
	return c
}

// replaced returns a copy of the list in which the one with an id is another.
func replaced(list []*NoticeRecord, n *NoticeRecord) []*NoticeRecord {
	c := slices.Clone(list)
	if i := slices.IndexFunc(c, func(o *NoticeRecord) bool { return o.ID == n.ID }); i >= 0 {
		c[i] = n
	}
	return c
}
