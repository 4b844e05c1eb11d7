package notice

import (
	"cmp"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Link is a step of a notice in its recipient's house. Each needs the former.
type Link string

// Links of the chain, in order, and what ends it.
const (
	GotIt   Link = "received" // by the recipient's programs
	Read    Link = "read"     // by a person
	Checked Link = "checked"  // against what the recipient knows
	Passed  Link = "passed"   // to its cells; how many, not which
	Loaded  Link = "loaded"   // in planning, in so many cells
	InForce Link = "in_force" // known to the shift
	Dropped Link = "dropped"  // after the end or a revocation
	arrived Link = "arrived"  // of a movement; no step of a recipient
)

// links are the links of the chain, in order.
var links = []Link{GotIt, Read, Checked, Passed, Loaded, InForce}

// Standing is where a notice stands.
type Standing string

// Standings of a notice.
const (
	Held Standing = "held" // its present version is queried, nobody has it
	Told Standing = "told" // its recipients have been sent the present version
	Over Standing = "ended"
)

// Notice is a notice with all that is known of it. It is immutable.
type Notice struct {
	ID       string   `json:"id"`
	Notifier party.ID `json:"notifier"`
	Version  int64    `json:"version"`
	Content  *Content `json:"content"`
	Doubts   []Doubt  `json:"doubts,omitempty"`
	Confirm  string   `json:"confirm,omitempty"`
	Standing Standing `json:"standing"`
	// Prior is what recipients have when the present version was held back from
	// them.
	Prior     *Prior            `json:"prior,omitempty"`
	HeldUntil statement.Instant `json:"held_until,omitempty"`
	Consent   []party.ID        `json:"consent,omitempty"` // sorted
	// Recipients are all who ever were sent a version, by party.
	Recipients []Recipient       `json:"recipients,omitempty"`
	History    []Past            `json:"history"` // of versions, oldest first, at most maxHistory
	EndReason  string            `json:"end_reason,omitempty"`
	MovedTo    string            `json:"moved_to,omitempty"`
	EndedAt    statement.Instant `json:"ended_at,omitempty"`
	// What the node has told already.
	ReviewTold  bool `json:"review_told,omitempty"`
	RiskTold    bool `json:"risk_told,omitempty"`
	ArrivalTold bool `json:"arrival_told,omitempty"`
}

// Prior is a version that recipients have.
type Prior struct {
	Version int64    `json:"version"`
	Content *Content `json:"content"`
	Doubts  []Doubt  `json:"doubts,omitempty"`
	Confirm string   `json:"confirm,omitempty"`
}

// Past is where a version stands in the journal.
type Past struct {
	Version int64             `json:"version"`
	Index   int64             `json:"index"`
	At      statement.Instant `json:"at"`
	Held    bool              `json:"held,omitempty"` // queried at first
}

// maxHistory bounds the versions that are listed; older ones are in the journal.
const maxHistory = 64

// Recipient is how far a notice got at one party.
type Recipient struct {
	Party      party.ID          `json:"party"`
	Version    int64             `json:"version"` // newest that it was sent
	SentAt     statement.Instant `json:"sent_at"`
	LeadS      int64             `json:"lead_s,omitempty"`
	Lead       terms.Class       `json:"lead,omitempty"`
	ReadBy     statement.Instant `json:"read_by"`
	LoadedBy   statement.Instant `json:"loaded_by"`
	Steps      []Done            `json:"steps,omitempty"` // of that version
	ReadTold   bool              `json:"read_told,omitempty"`
	LoadedTold bool              `json:"loaded_told,omitempty"`
	// Old is an earlier version that got further in the recipient's house than
	// the newest has so far: what its people still go by.
	Old        *Old              `json:"old,omitempty"`
	RevokedAt  statement.Instant `json:"revoked_at,omitempty"`
	DroppedAt  statement.Instant `json:"dropped_at,omitempty"`
	Answer     Answer            `json:"answer,omitempty"` // latest, to the newest version
	Reason     string            `json:"reason,omitempty"`
	AnsweredAt statement.Instant `json:"answered_at,omitempty"`
}

// Done is a step that was taken.
type Done struct {
	Step  Link              `json:"step"`
	Cells int64             `json:"cells,omitempty"`
	At    statement.Instant `json:"at"`
	Index int64             `json:"index"` // of its entry in the journal
}

// Old is a version in hand and how far it got.
type Old struct {
	Version int64 `json:"version"`
	Step    Link  `json:"step,omitempty"` // empty: sent, no word of it
}

// Reached returns how many links of the chain are complete. Loaded is, when as
// many cells have it loaded as it was passed to.
func (r *Recipient) Reached() int {
	n := len(r.Steps)
	if n == slices.Index(links, Loaded)+1 && r.Steps[n-1].Cells < r.Steps[n-2].Cells {
		n--
	}
	return n
}

// Has reports whether a link of the chain is complete.
func (r *Recipient) Has(l Link) bool { return r.Reached() > slices.Index(links, l) }

// active reports whether the recipient is still to be told.
func (r *Recipient) active() bool { return r.RevokedAt == 0 }

// old returns what a newer version will have to replace in the recipient's
// house: of what is there, what got furthest.
func (r *Recipient) old() *Old {
	n := r.Reached()
	if r.Old != nil && slices.Index(links, r.Old.Step)+1 > n {
		return r.Old
	}
	o := &Old{Version: r.Version}
	if n > 0 {
		o.Step = links[n-1]
	}
	return o
}

// recipient returns that of a party, or nil.
func (n *Notice) recipient(id party.ID) *Recipient {
	if i, ok := n.find(id); ok {
		return &n.Recipients[i]
	}
	return nil
}

func (n *Notice) find(id party.ID) (int, bool) {
	return slices.BinarySearchFunc(n.Recipients, id, func(r Recipient, id party.ID) int { return cmp.Compare(r.Party, id) })
}

// holders returns the parties that were sent a version and were not told to
// drop it.
func (n *Notice) holders() []party.ID {
	var out []party.ID
	for i := range n.Recipients {
		if n.Recipients[i].active() {
			out = append(out, n.Recipients[i].Party)
		}
	}
	return out
}

// State is all that is known of notices.
type State struct {
	notices map[string]*Notice
	// The rest follows from the notices.
	due   calendar
	sites map[string]*site
}

// New returns a state without notices.
func New() *State {
	return &State{notices: map[string]*Notice{}, due: calendar{at: map[string]int64{}}, sites: map[string]*site{}}
}

// Clone returns a copy that later events do not change.
func (st *State) Clone() *State {
	return &State{notices: maps.Clone(st.notices), due: st.due.clone(), sites: maps.Clone(st.sites)}
}

// Notice returns a notice, or nil. It is the whole record: what others may see
// of it is in its view.
func (st *State) Notice(id string) *Notice { return st.notices[id] }

// put replaces a notice and what follows from it.
func (st *State) put(n *Notice) {
	old := st.notices[n.ID]
	st.notices[n.ID] = n
	st.due.set(n.ID, n.nextNS())
	if n.Standing == Over {
		delete(st.sites, n.ID)
	} else if old == nil || old.told() != n.told() {
		st.lay(n)
	}
}

// lay keeps the shape of what recipients were told of a notice.
func (st *State) lay(n *Notice) {
	delete(st.sites, n.ID)
	if s := newSite(n.told()); s != nil {
		st.sites[n.ID] = s
	}
}

// told returns the content that recipients have, or nil.
func (n *Notice) told() *Content {
	switch {
	case n.Prior != nil:
		return n.Prior.Content
	case n.Standing == Held:
		return nil
	}
	return n.Content
}

// Apply puts an event into effect. It cannot fail.
func (st *State) Apply(ev event.Event, at event.At) {
	e, ok := ev.(Event)
	if !ok {
		return
	}
	if d, ok := e.(*Declared); ok {
		st.declared(d, at)
		return
	}
	n := *st.notices[head(e).Notice]
	now := statement.Instant(at.NS)
	switch e := e.(type) {
	case *Distributed:
		n.Standing, n.HeldUntil, n.Prior = Told, 0, nil
	case *Sent:
		n.sent(e, at)
	case *Consented:
		n.Consent = append(slices.Clone(n.Consent), e.To...)
		slices.Sort(n.Consent)
	case *Revoked:
		n.Consent = slices.DeleteFunc(slices.Clone(n.Consent), func(id party.ID) bool { return id == e.To })
		n.change(e.To, func(r *Recipient) { r.RevokedAt = now })
	case *Stepped:
		n.change(e.By, func(r *Recipient) { r.step(e, at) })
	case *Replied:
		n.change(e.By, func(r *Recipient) { r.Answer, r.Reason, r.AnsweredAt = e.Answer, e.Reason, now })
	case *Ended:
		n.Standing, n.HeldUntil = Over, 0
		n.EndReason, n.MovedTo, n.EndedAt = e.Reason, e.MovedTo, now
	case *Overdue:
		n.overdue(e)
	case *ReviewDue:
		n.ReviewTold = true
	case *Risk:
		n.RiskTold = true
	}
	st.put(&n)
}

// head returns what an event has in common with the others.
func head(e Event) *Head {
	switch e := e.(type) {
	case *Declared:
		return &e.Head
	case *Distributed:
		return &e.Head
	case *Sent:
		return &e.Head
	case *Consented:
		return &e.Head
	case *Revoked:
		return &e.Head
	case *Stepped:
		return &e.Head
	case *Replied:
		return &e.Head
	case *Ended:
		return &e.Head
	case *Overdue:
		return &e.Head
	case *ReviewDue:
		return &e.Head
	}
	return &e.(*Risk).Head
}

func (st *State) declared(e *Declared, at event.At) {
	n := Notice{ID: e.Notice, Notifier: e.Notifier}
	if old := st.notices[e.Notice]; old != nil {
		n = *old
	}
	if n.Standing == Told {
		n.Prior = &Prior{n.Version, n.Content, n.Doubts, n.Confirm}
	}
	n.Version, n.Content, n.Doubts, n.Confirm = e.Version, &e.Content, e.Doubts, e.Confirm
	n.Consent = slices.Sorted(slices.Values(e.Consent))
	n.Standing, n.HeldUntil = Told, e.HeldUntil
	if n.HeldUntil != 0 {
		n.Standing = Held
	} else {
		n.Prior = nil
	}
	n.History = append(slices.Clone(n.History), Past{e.Version, at.Index, statement.Instant(at.NS), n.Standing == Held})
	if extra := len(n.History) - maxHistory; extra > 0 {
		n.History = n.History[extra:]
	}
	n.ReviewTold, n.RiskTold, n.ArrivalTold = false, false, false
	st.put(&n)
}

// sent opens a chain for a version at its recipient.
func (n *Notice) sent(e *Sent, at event.At) {
	r := Recipient{
		Party: e.To, Version: e.Version, SentAt: statement.Instant(at.NS), LeadS: e.LeadS, Lead: e.Lead,
		ReadBy: e.ReadBy, LoadedBy: e.LoadedBy,
	}
	i, found := n.find(e.To)
	n.Recipients = slices.Clone(n.Recipients)
	if found {
		if before := &n.Recipients[i]; before.active() {
			r.Old = before.old()
		}
		n.Recipients[i] = r
		return
	}
	n.Recipients = slices.Insert(n.Recipients, i, r)
}

// change replaces the record of one recipient.
func (n *Notice) change(id party.ID, how func(*Recipient)) {
	i, found := n.find(id)
	if !found {
		return
	}
	n.Recipients = slices.Clone(n.Recipients)
	how(&n.Recipients[i])
}

func (r *Recipient) step(e *Stepped, at event.At) {
	if e.Step == Dropped {
		r.DroppedAt, r.Old = statement.Instant(at.NS), nil
		return
	}
	done := Done{e.Step, e.Cells, statement.Instant(at.NS), at.Index}
	r.Steps = slices.Clone(r.Steps)
	if i := slices.Index(links, e.Step); i < len(r.Steps) {
		r.Steps[i] = done // the same step, with more cells
	} else {
		r.Steps = append(r.Steps, done)
	}
	if r.Old != nil && r.Reached() > max(slices.Index(links, r.Old.Step), 0) {
		r.Old = nil
	}
}

func (n *Notice) overdue(e *Overdue) {
	switch e.Link {
	case arrived:
		n.ArrivalTold = true
	case Read:
		n.change(e.To, func(r *Recipient) { r.ReadTold = true })
	default:
		n.change(e.To, func(r *Recipient) { r.LoadedTold = true })
	}
}
