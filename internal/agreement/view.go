package agreement

import (
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Axis is the legal state of an agreement with its evidence. Whether anybody
// answers is another axis, which says nothing about this one.
type Axis struct {
	State    Legal             `json:"state"`
	Since    statement.Instant `json:"since,omitempty"`
	By       party.ID          `json:"by,omitempty"`       // on whose notice
	Version  int64             `json:"version,omitempty"`  // in force, or last in force
	Evidence int64             `json:"evidence,omitempty"` // journal index
	// Contested are objections to notices that stand. They undo nothing.
	Contested []Contest `json:"contested,omitempty"`
	// Coming are notices that take effect later.
	Coming  []Coming     `json:"coming,omitempty"`
	Annexes []AnnexState `json:"annexes,omitempty"` // out of force on their own
	Blocked []string     `json:"blocked,omitempty"` // what keeps a signed version out of force
	// Resuming is the phase of a resumption under way.
	Resuming Phase `json:"resuming,omitempty"`
}

// Contest is an objection to a notice.
type Contest struct {
	Notice string `json:"notice"`
	Objection
}

// Coming is a notice that takes effect later.
type Coming struct {
	Notice string            `json:"notice"`
	What   NoticeKind        `json:"what"`
	Annex  string            `json:"annex,omitempty"`
	By     party.ID          `json:"by"`
	From   statement.Instant `json:"from"`
}

// Axis returns the legal state of an agreement. It is for the node: what a party
// may see comes by Get.
func (st *State) Axis(id string) (Axis, bool) {
	a := st.agreements[id]
	if a == nil {
		return Axis{}, false
	}
	return a.axis(), true
}

func (a *agreement) axis() Axis {
	x := Axis{State: a.legal(), Version: a.Current, Annexes: a.Annexes}
	// Since when and by whom is of the step that brought this state.
	for _, s := range slices.Backward(a.Steps) {
		if s.State != x.State {
			break
		}
		x.Since, x.By, x.Evidence = s.From, s.By, s.Index
	}
	for _, n := range a.Notices {
		if n.Ended {
			continue
		}
		if !n.Effective {
			x.Coming = append(x.Coming, Coming{n.ID, n.What, n.Annex, n.By, n.From})
		}
		for _, o := range n.Objections {
			x.Contested = append(x.Contested, Contest{n.ID, o})
		}
	}
	if a.Blocked != nil {
		x.Blocked = a.Blocked.Reasons
	}
	if a.Procedure != nil {
		x.Resuming = a.Procedure.Phase
	}
	return x
}

// Summary is an agreement in a list.
type Summary struct {
	ID      string            `json:"id"`
	Kind    terms.Kind        `json:"kind"`
	Title   map[string]string `json:"title"`
	Parties []party.ID        `json:"parties"`
	Legal   Axis              `json:"legal"`
	Open    int64             `json:"open,omitempty"` // number of the open proposal
}

// Detail is an agreement as who is bound by it sees it.
type Detail struct {
	Summary
	Text     *terms.Text    `json:"text"`               // in force, or signed, or the open proposal
	Proposal *terms.Text    `json:"proposal,omitempty"` // open, beside what is in force
	Versions []VersionView  `json:"versions,omitempty"`
	History  []Step         `json:"history"`
	Notices  []NoticeRecord `json:"notices,omitempty"`
	Resuming *Procedure     `json:"resumption,omitempty"`
	Members  []Coverage     `json:"members,omitempty"`
	Queries  []QueryRecord  `json:"queries,omitempty"`
}

// VersionView says who tabled and who signed a version.
type VersionView struct {
	Version int64             `json:"version"`
	Hash    string            `json:"hash"`
	Parent  string            `json:"parent,omitempty"`
	By      party.ID          `json:"by"`
	At      statement.Instant `json:"at"`
	Index   int64             `json:"evidence"`
	Signed  []SignedView      `json:"signed,omitempty"`
}

// SignedView is the signature of one party.
type SignedView struct {
	Party party.ID          `json:"party"`
	Roles []string          `json:"roles"`
	At    statement.Instant `json:"at"`
	Index int64             `json:"evidence"`
}

// Procedure is a resumption under way.
type Procedure struct {
	ID     string            `json:"id"`
	Annex  string            `json:"annex,omitempty"`
	Keep   []string          `json:"keep,omitempty"`
	By     party.ID          `json:"by"`
	Opened statement.Instant `json:"opened"`
	Phase  Phase             `json:"phase"`
	Items  []ItemView        `json:"items"`
}

// ItemView is an item of the checklist.
type ItemView struct {
	Item Item `json:"item"`
	ItemState
}

// Coverage says whether a member of a signatory received the terms in force.
type Coverage struct {
	Member   party.ID `json:"member"`
	Lead     party.ID `json:"lead"`
	Received bool     `json:"received"`
}

// visible returns an agreement that a party may see, and whether it is one of
// the signatories.
func (st *State) visible(v View, id string, to party.ID, nowNS int64) (a *agreement, signs bool) {
	a = st.agreements[id]
	if a == nil || v.bound(a, to, nowNS) == "" {
		return nil, false
	}
	return a, slices.Contains(a.Parties, to)
}

// List returns the agreements that a party is bound by or negotiates, by id. To
// others they do not exist: who agreed with whom is theirs to say.
func (st *State) List(v View, to party.ID, nowNS int64) []Summary {
	list := []Summary{}
	for _, id := range slices.Sorted(maps.Keys(st.agreements)) {
		if a, signs := st.visible(v, id, to, nowNS); a != nil {
			list = append(list, a.summary(signs))
		}
	}
	return list
}

func (a *agreement) summary(signs bool) Summary {
	t := a.text(signs)
	s := Summary{ID: a.ID, Kind: t.Kind, Title: t.Title, Parties: a.Parties, Legal: a.axis()}
	if signs {
		s.Open = a.Open
	}
	return s
}

// text returns the text in force, else the one that all signed, else, to
// signatories, the last one tabled. Members see none but what binds their lead.
func (a *agreement) text(signs bool) *terms.Text {
	switch {
	case a.Current != 0:
		return a.current().Text
	case len(a.Pending) > 0:
		return a.version(a.Pending[0]).Text
	case !signs:
		return &terms.Text{ID: a.ID}
	}
	return a.latest().Text
}

// Get returns an agreement as a party may see it; false when there is none for
// it. Members of a signatory see what binds them, not what is negotiated.
func (st *State) Get(v View, id string, to party.ID, nowNS int64) (Detail, bool) {
	a, signs := st.visible(v, id, to, nowNS)
	if a == nil {
		return Detail{}, false
	}
	d := Detail{Summary: a.summary(signs), Text: a.text(signs), History: a.Steps, Notices: viewOf(a.Notices)}
	d.Resuming = a.Procedure.view()
	for _, lead := range a.Parties {
		for _, m := range v.Registry.Members(lead, nowNS) {
			d.Members = append(d.Members, Coverage{m.Member, lead, a.Current != 0 && a.Received[m.Member] >= a.Current})
		}
	}
	for _, q := range a.Queries {
		if signs || q.By == to {
			d.Queries = append(d.Queries, *q)
		}
	}
	if !signs {
		return d, true
	}
	if open := a.version(a.Open); open != nil && open.Text != d.Text {
		d.Proposal = open.Text
	}
	for _, ver := range a.Versions {
		w := VersionView{ver.Number, ver.Hash, ver.Text.Parent, ver.By, ver.At, ver.Index, nil}
		for _, id := range slices.Sorted(maps.Keys(ver.Signed)) {
			s := ver.Signed[id]
			w.Signed = append(w.Signed, SignedView{id, s.Roles, s.At, s.Index})
		}
		d.Versions = append(d.Versions, w)
	}
	return d, true
}

// viewOf copies records, so that who reads them cannot reach the state's own.
func viewOf[T any](list []*T) []T {
	var c []T
	for _, x := range list {
		c = append(c, *x)
	}
	return c
}

func (p *procedure) view() *Procedure {
	if p == nil {
		return nil
	}
	w := &Procedure{ID: p.ID, Annex: p.Annex, Keep: p.Keep, By: p.By, Opened: p.Opened, Phase: p.Phase}
	for _, item := range Items {
		w.Items = append(w.Items, ItemView{item, p.Items[item]})
	}
	return w
}

// Differences returns what changed from one version to another, for a signatory;
// false when there is none such for it.
func (st *State) Differences(id string, from, to int64, reader party.ID) ([]terms.Change, bool) {
	a := st.signed(id, reader)
	if a == nil || a.version(from) == nil || a.version(to) == nil {
		return nil, false
	}
	return terms.Difference(a.version(from).Text, a.version(to).Text), true
}

// signed returns an agreement of which a party is a signatory, nil for none.
func (st *State) signed(id string, reader party.ID) *agreement {
	if a := st.agreements[id]; a != nil && slices.Contains(a.Parties, reader) {
		return a
	}
	return nil
}

// OpenPoints returns what the last version leaves open, for a signatory.
func (st *State) OpenPoints(id string, reader party.ID) ([]terms.OpenPoint, bool) {
	a := st.signed(id, reader)
	if a == nil {
		return nil, false
	}
	return append([]terms.OpenPoint{}, a.latest().Text.Open()...), true
}

// ClauseEntry is one clause in the register of clauses.
type ClauseEntry struct {
	Clause  string            `json:"clause"`
	Status  terms.Status      `json:"status"` // in the last version that has it
	Version int64             `json:"version"`
	Since   statement.Instant `json:"since"` // of that status: when the version was tabled
	Dropped bool              `json:"dropped,omitempty"`
	History []ClauseStatus    `json:"history"`
}

// ClauseStatus is a status that a clause got.
type ClauseStatus struct {
	Version int64             `json:"version"`
	Status  terms.Status      `json:"status"`
	By      party.ID          `json:"by"`
	At      statement.Instant `json:"at"`
}

// Register returns the status of every clause that any version had, and when it
// changed, for a signatory.
func (st *State) Register(id string, reader party.ID) ([]ClauseEntry, bool) {
	a := st.signed(id, reader)
	if a == nil {
		return nil, false
	}
	entries := []ClauseEntry{}
	for _, v := range a.Versions {
		for _, c := range v.Text.Clauses {
			i := slices.IndexFunc(entries, func(e ClauseEntry) bool { return e.Clause == c.ID })
			if i < 0 {
				i = len(entries)
				entries = append(entries, ClauseEntry{Clause: c.ID})
			}
			e := &entries[i]
			if e.Status != c.Status {
				e.Status, e.Version, e.Since = c.Status, v.Number, v.At
				e.History = append(e.History, ClauseStatus{v.Number, c.Status, v.By, v.At})
			}
		}
	}
	for i := range entries {
		entries[i].Dropped = !hasClause(a.latest().Text, entries[i].Clause)
	}
	return entries, true
}
