package agreement

import (
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Apply takes in what was decided. It cannot fail.
func (st *State) Apply(ev event.Event, at event.At) {
	if e, ok := ev.(change); ok {
		a := st.edit(e.id())
		e.apply(a, at)
		st.put(a)
	}
}

// change is what every event of this package does: it changes one agreement, of
// which it is given a copy. What the copy shares with others stays as it is.
type change interface {
	Event
	id() string
	apply(*agreement, event.At)
}

func (h *head) id() string { return h.Agreement }

// step records that the legal state moved.
func (a *agreement) step(state Legal, from statement.Instant, by party.ID, cause event.Event, at event.At) {
	if n := len(a.Steps); n > 0 {
		from = max(from, a.Steps[n-1].From) // history runs one way
	}
	a.Steps = with(a.Steps, Step{
		State: state, From: from, Version: a.Current, Annexes: a.Annexes,
		By: by, Cause: cause.Type(), At: statement.Instant(at.NS), Index: at.Index,
	})
}

// setVersion replaces a version.
func (a *agreement) setVersion(v *version) {
	a.Versions = slices.Clone(a.Versions)
	a.Versions[v.Number-1] = v
}

// setAnnex puts an annex out of force, or back when state is empty.
func (a *agreement) setAnnex(name string, state Legal, by party.ID, from statement.Instant, index int64) {
	list := slices.DeleteFunc(slices.Clone(a.Annexes), func(x AnnexState) bool { return x.Annex == name })
	if state != "" {
		list = append(list, AnnexState{Annex: name, State: state, By: by, From: from, Index: index})
		slices.SortFunc(list, func(x, y AnnexState) int {
			if x.Annex < y.Annex {
				return -1
			}
			return 1
		})
	}
	a.Annexes = list
}

// changeNotice replaces a notice by a changed copy.
func (a *agreement) changeNotice(id string, change func(*NoticeRecord)) {
	old := a.notice(id)
	if old == nil {
		return
	}
	n := *old
	change(&n)
	a.Notices = replaced(a.Notices, &n)
	a.dropNotices()
}

// dropNotices forgets the oldest of the ended ones beyond those kept.
func (a *agreement) dropNotices() {
	ended := 0
	for _, n := range slices.Backward(a.Notices) {
		if n.Ended {
			ended++
		}
	}
	if ended <= keptNotices {
		return
	}
	i := slices.IndexFunc(a.Notices, func(n *NoticeRecord) bool { return n.Ended })
	a.Notices = slices.Delete(slices.Clone(a.Notices), i, i+1)
}

// stop ends all that hangs on an agreement that has ended.
func (a *agreement) stop() {
	a.Open, a.Pending, a.Blocked, a.Procedure = 0, nil, nil, nil
	for _, n := range a.Notices {
		if !n.Ended {
			a.changeNotice(n.ID, func(n *NoticeRecord) { n.Ended = true })
		}
	}
}

func (e *Proposed) apply(a *agreement, at event.At) {
	if len(a.Versions) == 0 {
		a.Parties = slices.Sorted(slices.Values(e.Text.Parties))
		a.Floor = isFloor(e.Text)
	}
	a.Versions = with(a.Versions, &version{
		Number: e.Version, Hash: e.Hash, Text: e.Text, By: e.By,
		At: statement.Instant(at.NS), Index: at.Index,
	})
	a.Open = e.Version
}

func (e *Signed) apply(a *agreement, at event.At) {
	v := *a.version(e.Version)
	v.Signed = mapWith(v.Signed, e.By, &signature{e.Roles, statement.Instant(at.NS), at.Index})
	if e.Complete {
		v.Complete = statement.Instant(at.NS)
		a.Open = 0
		a.Pending = with(a.Pending, e.Version)
	}
	a.setVersion(&v)
	if e.Complete && a.legal() == Draft {
		a.step(FullySigned, statement.Instant(at.NS), "", e, at)
	}
}

func (e *Blocked) apply(a *agreement, _ event.At) { a.Blocked = &blocked{e.Version, e.Reasons} }

func (e *Entered) apply(a *agreement, at event.At) {
	if a.Current >= e.Version {
		return
	}
	a.Current = e.Version
	a.Pending = slices.DeleteFunc(slices.Clone(a.Pending), func(n int64) bool { return n <= e.Version })
	if a.Blocked != nil && a.Blocked.Version <= e.Version {
		a.Blocked = nil
	}
	// A new text restores annexes that were terminated, if it has them; what is
	// suspended stays so.
	text := a.current().Text
	a.Annexes = slices.DeleteFunc(slices.Clone(a.Annexes), func(x AnnexState) bool {
		return x.State == HasTerminated || !hasAnnex(text, x.Annex)
	})
	a.Warned, a.Review = nil, reviewAt(text)
	state := InForce
	if a.legal() == InSuspension {
		state = InSuspension
	}
	a.step(state, e.From, "", e, at)
}

func (e *Withdrawn) apply(a *agreement, _ event.At) {
	switch {
	case e.Version != 0:
		a.Open = 0
	case a.Procedure != nil && a.Procedure.ID == e.Notice:
		a.Procedure = nil
	default:
		a.changeNotice(e.Notice, func(n *NoticeRecord) { n.Ended = true })
	}
}

func (e *Received) apply(a *agreement, _ event.At) {
	a.Received = mapWith(a.Received, e.Member, max(e.Version, a.Received[e.Member]))
}

func (e *Noticed) apply(a *agreement, at event.At) {
	n := &NoticeRecord{
		ID: e.Notice, What: e.What, Annex: e.Annex, By: e.By, Received: statement.Instant(at.NS), From: e.From,
		Conditional: e.Conditional, Reason: e.Reason, ReplyBy: e.ReplyBy, Index: at.Index,
	}
	for _, d := range e.Demands {
		n.Demands = append(n.Demands, Demand{Text: d})
	}
	a.Notices = with(a.Notices, n)
	// Who suspends anew no longer stands by its signature to resume.
	if p := a.Procedure; p != nil && e.What == Suspension && p.Signed[e.By] != 0 {
		q := *p
		q.Signed = maps.Clone(p.Signed)
		delete(q.Signed, e.By)
		a.Procedure = &q
	}
}

func (e *Suspended) apply(a *agreement, at event.At) {
	a.changeNotice(e.Notice, func(n *NoticeRecord) { n.Effective = true })
	if e.Annex == "" {
		a.step(InSuspension, e.From, e.By, e, at)
		return
	}
	if x := a.annex(e.Annex); x == nil {
		a.setAnnex(e.Annex, InSuspension, e.By, e.From, at.Index)
	}
	a.step(a.legal(), e.From, e.By, e, at)
}

func (e *Lapsed) apply(a *agreement, _ event.At) {
	a.changeNotice(e.Notice, func(n *NoticeRecord) { n.Ended = true })
}

func (e *Terminated) apply(a *agreement, at event.At) {
	a.changeNotice(e.Notice, func(n *NoticeRecord) { n.Effective, n.Ended = true, true })
	if e.Annex == "" {
		a.step(HasTerminated, e.From, e.By, e, at)
		a.stop()
		return
	}
	a.setAnnex(e.Annex, HasTerminated, e.By, e.From, at.Index)
	for _, n := range a.Notices {
		if n.Annex == e.Annex && !n.Ended {
			a.changeNotice(n.ID, func(n *NoticeRecord) { n.Ended = true })
		}
	}
	if a.Procedure != nil && a.Procedure.Annex == e.Annex {
		a.Procedure = nil
	}
	a.step(a.legal(), e.From, e.By, e, at)
}

func (e *Expired) apply(a *agreement, at event.At) {
	a.step(HasExpired, e.From, "", e, at)
	a.stop()
}

func (e *Objected) apply(a *agreement, at event.At) {
	a.changeNotice(e.Notice, func(n *NoticeRecord) {
		n.Objections = with(n.Objections, Objection{e.By, e.Text, statement.Instant(at.NS), at.Index})
	})
}

func (e *Answered) apply(a *agreement, at event.At) {
	a.changeNotice(e.Notice, func(n *NoticeRecord) {
		n.Demands = slices.Clone(n.Demands)
		d := &n.Demands[e.Demand-1]
		d.Answer, d.AnsweredBy, d.AnsweredAt, d.Late, d.Index = e.Text, e.By, statement.Instant(at.NS), e.Late, at.Index
	})
}

func (e *Waived) apply(a *agreement, at event.At) {
	a.changeNotice(e.Notice, func(n *NoticeRecord) {
		n.Demands = slices.Clone(n.Demands)
		for _, k := range e.Demands {
			n.Demands[k-1].Waived, n.Demands[k-1].Index = true, at.Index
		}
	})
}

func (e *ResumptionOpened) apply(a *agreement, at event.At) {
	now := statement.Instant(at.NS)
	a.Procedure = &procedure{
		ID: e.Procedure, Annex: e.Annex, Keep: e.Keep, By: e.By, Opened: now, Index: at.Index,
		Signed: map[party.ID]statement.Instant{e.By: now}, Items: map[Item]ItemState{}, Phase: PhaseBegun,
	}
}

func (e *ResumptionJoined) apply(a *agreement, at event.At) {
	if p := a.Procedure; p != nil && p.ID == e.Procedure {
		q := *p
		q.Signed = mapWith(p.Signed, e.By, statement.Instant(at.NS))
		a.Procedure = &q
	}
}

func (e *Checked) apply(a *agreement, at event.At) {
	if p := a.Procedure; p != nil && p.ID == e.Procedure {
		q := *p
		q.Items = mapWith(p.Items, e.Item, ItemState{e.OK, statement.Instant(at.NS), e.Evidence, at.Index})
		a.Procedure = &q
	}
}

func (e *Phased) apply(a *agreement, _ event.At) {
	if p := a.Procedure; p != nil && p.ID == e.Procedure {
		q := *p
		q.Phase = e.Phase
		a.Procedure = &q
	}
}

func (e *Resumed) apply(a *agreement, at event.At) {
	if a.Procedure == nil || a.Procedure.ID != e.Procedure {
		return
	}
	for _, n := range a.Notices {
		if n.lifts(e.Annex) {
			a.changeNotice(n.ID, func(n *NoticeRecord) { n.Ended = true })
		}
	}
	a.Procedure = nil
	if e.Annex != "" {
		a.setAnnex(e.Annex, "", "", 0, 0)
		a.step(a.legal(), e.From, "", e, at)
		return
	}
	for _, name := range e.Keep {
		if a.annex(name) != nil {
			continue // suspended or terminated on its own before
		}
		a.setAnnex(name, InSuspension, "", e.From, at.Index)
		a.Notices = with(a.Notices, &NoticeRecord{
			ID: e.Procedure + "/" + name, What: Suspension, Annex: name, Received: e.From, From: e.From,
			Reason: "kept suspended when the rest resumed", Index: at.Index, Effective: true,
		})
	}
	a.step(InForce, e.From, "", e, at)
}

func (e *Overdue) apply(a *agreement, _ event.At) {
	if e.Notice != "" {
		a.changeNotice(e.Notice, func(n *NoticeRecord) { n.Overdue = true })
		return
	}
	a.changeQuery(e.Query, func(q *QueryRecord) { q.Overdue = true })
}

func (e *Warned) apply(a *agreement, _ event.At) { a.Warned = mapWith(a.Warned, e.What, e.Days) }
