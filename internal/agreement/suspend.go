package agreement

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/statement"
)

// suspend needs nobody's consent. It takes effect when the agreed notice has run
// since it was received here.
func (d *deciding) suspend(b *Suspend) ([]event.Event, error) {
	a, err := d.signatory(b.Agreement)
	if err != nil {
		return nil, err
	}
	if a.Floor {
		return nil, event.Refuse(event.NotAllowed, "%s is a safety floor, which cannot be suspended; only withdrawing from it ends it, with notice", a.ID)
	}
	if err := d.screen(append(slices.Clone(b.Demands), b.Reason)...); err != nil {
		return nil, err
	}
	if b.Conditional && b.From <= d.now() {
		return nil, event.Refuse(event.Invalid, "found from %s, expected a conditional suspension to begin later", b.From)
	}
	if b.ReplyBy != 0 && b.ReplyBy <= d.now() {
		return nil, event.Refuse(event.Invalid, "found reply_by %s, which has passed", b.ReplyBy)
	}
	return d.giveNotice(a, Noticed{
		What: Suspension, Annex: b.Annex, From: b.From, Conditional: b.Conditional,
		Reason: b.Reason, Demands: b.Demands, ReplyBy: b.ReplyBy,
	}, suspensionNotice(a.current()))
}

func (d *deciding) terminate(b *Terminate) ([]event.Event, error) {
	a, err := d.signatory(b.Agreement)
	if err != nil {
		return nil, err
	}
	if a.Floor {
		return nil, event.Refuse(event.NotAllowed, "%s is a safety floor, which is not terminated; withdraw from it, with notice", a.ID)
	}
	if err := d.screen(b.Reason); err != nil {
		return nil, err
	}
	return d.giveNotice(a, Noticed{What: Termination, Annex: b.Annex, From: b.From, Reason: b.Reason}, terminationNotice(a.current()))
}

// giveNotice completes a notice, which takes effect at once when none is agreed.
func (d *deciding) giveNotice(a *agreement, e Noticed, noticeNS int64) ([]event.Event, error) {
	if !a.running() {
		return nil, event.Refuse(event.NotNow, "%s is %s, expected it in force or suspended", a.ID, a.legal())
	}
	if e.Annex != "" && !hasAnnex(a.current().Text, e.Annex) {
		return nil, event.Refuse(event.NotFound, "found no annex %q in version %d of %s", clip(e.Annex), a.Current, a.ID)
	}
	if x := a.annex(e.Annex); x != nil && x.State == HasTerminated {
		return nil, event.Refuse(event.NotNow, "the annex %q is terminated", e.Annex)
	}
	standing := 0
	for _, n := range a.Notices {
		if n.Ended {
			continue
		}
		standing++
		if n.What == e.What && n.Annex == e.Annex && n.By == d.act.Party {
			return nil, event.Refuse(event.NotNow, "your notice %s of the same stands already", n.ID)
		}
	}
	if standing >= maxNotices {
		return nil, event.Refuse(event.NotNow, "found %d notices that stand, expected fewer", standing)
	}
	e.head, e.Notice, e.By = d.all(a), d.env.ID(0), d.act.Party
	e.From = max(e.From, d.now()+statement.Instant(noticeNS))
	events := []event.Event{&e}
	if e.From <= d.now() {
		events = append(events, takeEffect(&NoticeRecord{ID: e.Notice, What: e.What, Annex: e.Annex, By: e.By, From: e.From}, e.head))
	}
	return events, nil
}

// takeEffect returns what a notice comes to at its instant.
func takeEffect(n *NoticeRecord, to head) event.Event {
	switch {
	case n.Conditional && !slices.ContainsFunc(n.Demands, func(d Demand) bool { return !d.Waived }):
		return &Lapsed{head: to, Notice: n.ID}
	case n.What == Suspension:
		return &Suspended{head: to, Notice: n.ID, Annex: n.Annex, By: n.By, From: n.From}
	}
	return &Terminated{head: to, Notice: n.ID, Annex: n.Annex, By: n.By, From: n.From}
}

// standing returns a notice that has not ended.
func (d *deciding) standing(agreementID, id string) (*agreement, *NoticeRecord, error) {
	a, err := d.signatory(agreementID)
	if err != nil {
		return nil, nil, err
	}
	n := a.notice(id)
	if n == nil || n.Ended {
		return nil, nil, event.Refuse(event.NotFound, "found no notice %q of %s that stands", clip(id), a.ID)
	}
	return a, n, nil
}

func (d *deciding) object(b *Object) ([]event.Event, error) {
	a, n, err := d.standing(b.Agreement, b.Notice)
	if err != nil {
		return nil, err
	}
	if n.By == d.act.Party {
		return nil, event.Refuse(event.NotAllowed, "the notice is your own; withdraw it, or resume")
	}
	if len(n.Objections) >= maxObjection {
		return nil, event.Refuse(event.NotNow, "found %d objections to the notice, expected fewer", maxObjection)
	}
	if err := d.screen(b.Text); err != nil {
		return nil, err
	}
	return one(&Objected{head: d.all(a), Notice: n.ID, By: d.act.Party, Text: b.Text})
}

func (d *deciding) answer(b *Answer) ([]event.Event, error) {
	a, n, err := d.standing(b.Agreement, b.Notice)
	if err != nil {
		return nil, err
	}
	if n.By == d.act.Party {
		return nil, event.Refuse(event.NotAllowed, "the demands are your own; waive them")
	}
	if b.Demand > int64(len(n.Demands)) {
		return nil, event.Refuse(event.NotFound, "found the demand %d, expected 1 to %d", b.Demand, len(n.Demands))
	}
	if n.Demands[b.Demand-1].Waived {
		return nil, event.Refuse(event.NotNow, "the demand %d is waived", b.Demand)
	}
	if err := d.screen(b.Text); err != nil {
		return nil, err
	}
	late := n.ReplyBy != 0 && d.now() >= n.ReplyBy
	return one(&Answered{head: d.all(a), Notice: n.ID, Demand: b.Demand, By: d.act.Party, Text: b.Text, Late: late})
}

func (d *deciding) waive(b *Waive) ([]event.Event, error) {
	a, n, err := d.standing(b.Agreement, b.Notice)
	if err != nil {
		return nil, err
	}
	if n.By != d.act.Party {
		return nil, event.Refuse(event.NotAllowed, "the demands are of %s, who alone can waive them", n.By)
	}
	for i, k := range b.Demands {
		switch {
		case k > int64(len(n.Demands)):
			return nil, event.Refuse(event.NotFound, "found the demand %d, expected 1 to %d", k, len(n.Demands))
		case n.Demands[k-1].Waived || slices.Contains(b.Demands[:i], k):
			return nil, event.Refuse(event.NotNow, "the demand %d is waived already", k)
		}
	}
	return one(&Waived{head: d.all(a), Notice: n.ID, Demands: b.Demands, By: d.act.Party})
}
