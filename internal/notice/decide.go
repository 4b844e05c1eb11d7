package notice

import (
	"bytes"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// View is what deciding about notices needs from elsewhere.
type View struct {
	// Known reports whether a party is enrolled.
	Known func(party.ID) bool
	// Sites are the rules on protected sites that bind a recipient of the
	// notifier's notices; where nothing is agreed, terms.Default's.
	Sites func(notifier, recipient party.ID) terms.Sites
}

// Decide decides an act. Its error is a *event.Refusal. Nothing in it approves
// or denies a notice: what is refused is malformed, another's, or out of date.
func (st *State) Decide(a *party.Act, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	switch b := a.Content.(type) {
	case *Declare:
		return st.declare(a.Party, b, v, env)
	case *Correct:
		return st.correct(a.Party, b, v, env)
	case *End:
		return st.end(a.Party, b)
	case *Consent:
		return st.consent(a.Party, b, v, env)
	case *Revoke:
		return st.revoke(a.Party, b)
	case *Step:
		return st.step(a.Party, by, b)
	case *Reply:
		return st.reply(a.Party, b)
	}
	return nil, event.Refuse(event.Invalid, "found the act %q, expected one of a notice", a.Act)
}

// head returns what events about a notice begin with.
func (n *Notice) head(by party.ID) Head {
	return Head{By: by, Notice: n.ID, Notifier: n.Notifier, Version: n.Version, Wording: Wording}
}

// own returns a notice of its notifier's that is not over.
func (st *State) own(id string, by party.ID) (*Notice, error) {
	n := st.notices[id]
	if n == nil || n.Notifier != by {
		return nil, noNotice(id)
	}
	if n.Standing == Over {
		return nil, event.Refuse(event.NotNow, "the notice has ended (%s): declare a new one", n.EndReason)
	}
	return n, nil
}

func noNotice(id string) *event.Refusal {
	return event.Refuse(event.NotFound, "found no notice %q of yours or sent to you", clip(id))
}

func (n *Notice) current(version int64) error {
	if version != n.Version {
		return event.Refuse(event.Stale, "found version %d, expected the present one, %d", version, n.Version)
	}
	return nil
}

// recipients refuses parties that cannot be told.
func recipients(by party.ID, to []party.ID, v View) error {
	for _, id := range to {
		if id == by {
			return event.Refuse(event.Invalid, "found yourself among the recipients, expected other parties")
		}
		if !v.Known(id) {
			return event.Refuse(event.NotFound, "found the recipient %q, expected a party that is enrolled here", id)
		}
	}
	return nil
}

func (st *State) declare(by party.ID, b *Declare, v View, env event.Env) ([]event.Event, error) {
	if err := recipients(by, b.Consent, v); err != nil {
		return nil, err
	}
	if n := st.standing(by); n >= MaxStanding {
		return nil, event.Refuse(event.NotNow, "found %d notices of yours that have not ended, expected fewer than %d: end those that are over", n, MaxStanding)
	}
	n := &Notice{ID: env.ID(0), Notifier: by, Version: 1, Content: &b.Content, Consent: slices.Sorted(slices.Values(b.Consent))}
	return n.version("", v, env)
}

// MaxStanding is how many notices of one notifier may not have ended: every
// flight is held against all of their sites.
const MaxStanding = 5_000

// Notifies reports whether a party has a notice that has not ended.
func (st *State) Notifies(by party.ID) bool { return st.standing(by) > 0 }

// standing returns how many notices of a notifier have not ended.
func (st *State) standing(by party.ID) (n int) {
	for _, o := range st.notices {
		if o.Notifier == by && o.Standing != Over {
			n++
		}
	}
	return n
}

func (st *State) correct(by party.ID, b *Correct, v View, env event.Env) ([]event.Event, error) {
	old, err := st.own(b.Notice, by)
	if err != nil {
		return nil, err
	}
	if err := old.current(b.Version); err != nil {
		return nil, err
	}
	if b.Content.Kind != old.Content.Kind {
		return nil, event.Refuse(event.Invalid, "found the kind %s, expected %s: end the notice and declare another", b.Content.Kind, old.Content.Kind)
	}
	if same(&b.Content, old.Content) && (b.Confirm == "" || old.Standing != Held) {
		return nil, event.Refuse(event.NotNow, "found nothing corrected and no query that is confirmed")
	}
	n := *old
	n.Version, n.Content = old.Version+1, &b.Content
	return n.version(b.Confirm, v, env)
}

// same reports whether two contents have one canonical form.
func same(a, b *Content) bool {
	x, err := statement.Marshal(a)
	if err != nil {
		return false
	}
	y, err := statement.Marshal(b)
	return err == nil && bytes.Equal(x, y)
}

// version returns the events of a new version: queried and held back when it is
// doubtful, otherwise told at once. The notifier's reason for standing by it
// counts for doubts that it was told of, not for new ones.
func (n *Notice) version(confirm string, v View, env event.Env) ([]event.Event, error) {
	c := n.Content
	if c.ValidTo != 0 && int64(c.ValidTo) <= env.NowNS {
		return nil, event.Refuse(event.NotNow, "found valid_to %v, which is past: nothing is left to give notice of", c.ValidTo)
	}
	if c.ReviewBy != 0 && int64(c.ReviewBy) <= env.NowNS {
		return nil, event.Refuse(event.NotNow, "found review_by %v, expected a time to come", c.ReviewBy)
	}
	known, doubts := n.Doubts, c.doubts()
	n.Doubts, n.Confirm = doubts, ""
	e := &Declared{Head: n.head(n.Notifier), Content: *c, Consent: n.Consent, Doubts: doubts}
	open := slices.ContainsFunc(doubts, func(d Doubt) bool {
		told := slices.ContainsFunc(known, func(k Doubt) bool { return k.Kind == d.Kind && k.Text == d.Text })
		return confirm == "" || !told
	})
	if len(doubts) > 0 && !open {
		e.Confirm = confirm
	}
	if until := n.holdUntil(env.NowNS); open && int64(until) > env.NowNS {
		e.HeldUntil, e.Holders = until, n.holders()
		return []event.Event{e}, nil
	}
	e.Recipients = n.Consent
	return append([]event.Event{e}, n.send(n.Notifier, n.Consent, v, env)...), nil
}

// holdUntil returns until when a doubtful version may be held back.
func (n *Notice) holdUntil(nowNS int64) statement.Instant {
	until := statement.Instant(nowNS + HoldNS)
	if n.Content.Kind.Moves() {
		until = min(until, n.Content.ValidFrom)
	}
	return until
}

// send returns the terms on which the present version goes to parties.
func (n *Notice) send(by party.ID, to []party.ID, v View, env event.Env) []event.Event {
	var out []event.Event
	for _, id := range to {
		rule := v.Sites(n.Notifier, id)
		e := &Sent{
			Head: n.head(by), To: id,
			ReadBy:   n.by(env.NowNS, rule.ReadNS),
			LoadedBy: n.by(env.NowNS, rule.LoadedNS),
		}
		if n.Content.Kind.Moves() {
			e.lead(n.Content, rule, env.NowNS)
		}
		out = append(out, e)
	}
	return out
}

// by returns when a link is due that may take so long: before the start of what
// is still to come.
func (n *Notice) by(nowNS, takesNS int64) statement.Instant {
	due := statement.Instant(nowNS + takesNS)
	if start := n.Content.ValidFrom; int64(start) > nowNS {
		due = min(due, start)
	}
	return due
}

// lead classes how long before the start a movement is told.
func (e *Sent) lead(c *Content, rule terms.Sites, nowNS int64) {
	target := rule.MoveNS
	if c.Emergency {
		target = rule.UrgentNS
	}
	lead := int64(c.ValidFrom) - nowNS
	e.LeadS, e.TargetS, e.Lead = lead/1e9, target/1e9, rule.MoveClass(lead, c.Emergency)
}

func (st *State) end(by party.ID, b *End) ([]event.Event, error) {
	n, err := st.own(b.Notice, by)
	if err != nil {
		return nil, err
	}
	if err := n.current(b.Version); err != nil {
		return nil, err
	}
	if b.MovedTo != "" {
		if to := st.notices[b.MovedTo]; b.MovedTo == b.Notice || to == nil || to.Notifier != by {
			return nil, noNotice(b.MovedTo)
		}
	}
	return []event.Event{&Ended{Head: n.head(by), Reason: b.Reason, MovedTo: b.MovedTo, Recipients: n.holders()}}, nil
}

func (st *State) consent(by party.ID, b *Consent, v View, env event.Env) ([]event.Event, error) {
	n, err := st.own(b.Notice, by)
	if err != nil {
		return nil, err
	}
	if err := recipients(by, b.To, v); err != nil {
		return nil, err
	}
	var added []party.ID
	for _, id := range slices.Sorted(slices.Values(b.To)) {
		if !slices.Contains(n.Consent, id) {
			added = append(added, id)
		}
	}
	if len(added) == 0 {
		return nil, event.Refuse(event.NotNow, "found only parties that the notice goes to already")
	}
	if len(n.Consent)+len(added) > maxRecipients || len(n.Recipients)+len(added) > 4*maxRecipients {
		return nil, event.Refuse(event.Invalid, "found too many recipients, expected at most %d at a time", maxRecipients)
	}
	events := []event.Event{&Consented{Head: n.head(by), To: added}}
	if n.Standing == Held {
		return events, nil // they are told when the others are
	}
	events = append(events, &Distributed{Head: n.head(by), Content: *n.Content, Doubts: n.Doubts, Confirm: n.Confirm, Recipients: added})
	return append(events, n.send(by, added, v, env)...), nil
}

func (st *State) revoke(by party.ID, b *Revoke) ([]event.Event, error) {
	n, err := st.own(b.Notice, by)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(n.Consent, b.To) {
		return nil, event.Refuse(event.NotFound, "found no consent that %q is told", b.To)
	}
	e := &Revoked{Head: n.head(by), To: b.To, Reason: b.Reason}
	if r := n.recipient(b.To); r != nil && r.active() {
		e.Had = r.Version
	}
	return []event.Event{e}, nil
}

// received returns a notice and the chain of a recipient of it.
func (st *State) received(id string, by party.ID, version int64) (*Notice, *Recipient, error) {
	n := st.notices[id]
	if n == nil {
		return nil, nil, noNotice(id)
	}
	r := n.recipient(by)
	if r == nil {
		return nil, nil, noNotice(id)
	}
	if version != r.Version {
		return nil, nil, event.Refuse(event.Stale, "found version %d, expected the one that you were sent last, %d", version, r.Version)
	}
	return n, r, nil
}

func (st *State) step(by party.ID, as registry.Authority, b *Step) ([]event.Event, error) {
	n, r, err := st.received(b.Notice, by, b.Version)
	if err != nil {
		return nil, err
	}
	over := n.Standing == Over || !r.active()
	next := "no more"
	if i := r.Reached(); i < len(links) {
		next = string(links[i])
	}
	at := slices.Index(links, b.Step)
	switch {
	case b.Step == Dropped && over && r.DroppedAt == 0:
	case b.Step == Dropped:
		return nil, event.Refuse(event.NotNow, "found the step dropped, expected it once, after the end of a notice or of the consent")
	case over:
		return nil, event.Refuse(event.NotNow, "found the step %s, expected dropped: the notice or the consent has ended", b.Step)
	case at < 0:
		return nil, event.Refuse(event.Invalid, "found the step %q, expected received, read, checked, passed, loaded, in_force or dropped", clip(string(b.Step)))
	case !r.may(b):
		return nil, event.Refuse(event.NotNow, "found the step %s, expected %s: each needs the former, and counts of cells grow up to how many it was passed to", b.Step, next)
	case b.Step != GotIt && (as.Role == "" || as.Level < party.Watch):
		return nil, event.Refuse(event.NotAllowed, "found no role, expected one of at least level watch: %s is what a person did", b.Step)
	}
	h := n.head(by)
	h.Version = r.Version
	return []event.Event{&Stepped{Head: h, Step: b.Step, Cells: b.Cells}}, nil
}

// may reports whether a step comes next, or again with more cells.
func (r *Recipient) may(b *Step) bool {
	i := slices.Index(links, b.Step)
	switch {
	case i < len(r.Steps):
		if len(r.Steps) == len(links) || b.Cells <= r.Steps[i].Cells {
			return false
		}
	case i != r.Reached():
		return false
	}
	return b.Step != Loaded || b.Cells <= r.Steps[slices.Index(links, Passed)].Cells
}

func (st *State) reply(by party.ID, b *Reply) ([]event.Event, error) {
	n, r, err := st.received(b.Notice, by, b.Version)
	if err != nil {
		return nil, err
	}
	if n.Standing == Over || !r.active() {
		return nil, event.Refuse(event.NotNow, "found an answer, expected none: the notice or the consent has ended")
	}
	h := n.head(by)
	h.Version = r.Version
	var out []event.Event
	if len(r.Steps) == 0 { // who answers has it
		out = append(out, &Stepped{Head: h, Step: GotIt})
	}
	return append(out, &Replied{Head: h, Answer: b.Answer, Reason: b.Reason}), nil
}
