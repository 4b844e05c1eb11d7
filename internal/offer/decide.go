package offer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// Decide returns what an act brings about, or a *event.Refusal.
func (st *State) Decide(a *party.Act, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	switch body := a.Content.(type) {
	case *Make:
		return st.decideMake(body, a.Party, by, v, env)
	case *Counter:
		return st.decideCounter(body, a.Party, by, v, env)
	case *Accept:
		return st.decideAccept(body, a.Party, v, env)
	case *Reject:
		o, err := st.answered(body.Offer, a.Party, env)
		if err != nil {
			return nil, err
		}
		return []event.Event{&Rejected{Between: o.Between, Offer: o.Offer, Reason: body.Reason}}, nil
	case *Fail:
		return st.decideFail(body, a.Party)
	case *Complied:
		return st.decideComplied(body, a.Party, v, env)
	}
	return nil, event.Refuse(event.Invalid, "found the act %q, which is none about offers", a.Act)
}

func (st *State) decideMake(b *Make, from party.ID, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	if b.To == from {
		return nil, event.Refuse(event.Invalid, "to: found the party itself, expected another")
	}
	c, err := st.conflictOf(b.Mine, b.Theirs, from, b.To, v, env)
	if err != nil {
		return nil, err
	}
	open := 0
	for _, o := range st.offers {
		if o.Status != StatusOpen || o.From != from {
			continue
		}
		if o.Conflict.Sides == c.Sides {
			return nil, event.Refuse(event.NotNow, "found the party's own offer %s about this conflict open until %s, expected one at a time", o.Offer, o.AnswerBy)
		}
		open++
	}
	if open >= maxOpen {
		return nil, event.Refuse(event.NotNow, "found %d open offers of the party, expected fewer than %d", open, maxOpen)
	}
	if d := st.disputes[c.key()]; d != nil && d.Conflict.Sides == c.Sides && d.Settled != "" {
		return nil, event.Refuse(event.NotNow, "found this conflict settled by the offer %s", d.Settled)
	}
	made := &Made{Between: Between{from, b.To}, Conflict: c, Undertakings: b.Undertakings, Text: b.Text}
	return st.make(made, b.AnswerBy, by, v, env)
}

func (st *State) decideCounter(b *Counter, from party.ID, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	o, err := st.answered(b.Offer, from, env)
	if err != nil {
		return nil, err
	}
	mine, theirs := o.Conflict.Sides[0], o.Conflict.Sides[1]
	if mine.Owner != from {
		mine, theirs = theirs, mine
	}
	c, err := st.conflictOf(Ref{mine.Intent, mine.Version}, Ref{theirs.Intent, theirs.Version}, from, o.From, v, env)
	if err != nil {
		return nil, err
	}
	made := &Made{Between: Between{from, o.From}, Answers: o.Offer, Conflict: c, Undertakings: b.Undertakings, Text: b.Text}
	return st.make(made, b.AnswerBy, by, v, env)
}

// conflictOf returns the conflict of two current versions of intents. Who names
// an intent that is not the other party's, or that it is neither shown nor in
// conflict with, learns no more than that.
func (st *State) conflictOf(mine, theirs Ref, from, to party.ID, v View, env event.Env) (Conflict, error) {
	var c Conflict
	own, other := v.Intent(mine.Intent), v.Intent(theirs.Intent)
	if own == nil || own.Owner != from || own.Ended {
		return c, event.Refuse(event.NotFound, "mine: found no intent %q of %s that has not ended", short(mine.Intent), from)
	}
	known := st.disputes[[2]string{min(mine.Intent, theirs.Intent), max(mine.Intent, theirs.Intent)}] != nil || v.Shown(theirs.Intent, from)
	if other == nil || other.Owner != to || other.Ended || !known {
		return c, event.Refuse(event.NotFound, "theirs: found no intent %q of %s that has not ended", short(theirs.Intent), short(string(to)))
	}
	if own.Version != mine.Version {
		return c, event.Refuse(event.Stale, "mine: found version %d of %s, expected the current one, %d", mine.Version, mine.Intent, own.Version)
	}
	if other.Version != theirs.Version {
		return c, event.Refuse(event.Stale, "theirs: found version %d of %s, which is not the current one", theirs.Version, theirs.Intent)
	}
	c = newConflict(mine.Intent, own, theirs.Intent, other, v)
	if min(own.EndNS, other.EndNS) <= env.NowNS {
		return c, event.Refuse(event.NotNow, "found that an intent of the two ended at %s", statement.Instant(min(own.EndNS, other.EndNS)))
	}
	return c, nil
}

func newConflict(idA string, a *Intent, idB string, b *Intent, v View) Conflict {
	c := Conflict{
		Sides: [2]Side{{a.Owner, idA, a.Version, a.Digest}, {b.Owner, idB, b.Version, b.Digest}},
		Start: statement.Instant(min(a.StartNS, b.StartNS)),
	}
	slices.SortFunc(c.Sides[:], func(x, y Side) int { return cmp.Compare(x.Intent, y.Intent) })
	c.EscalateAt = c.Start - statement.Instant(max(v.Rules(a.Owner, b.Owner).Offers.UnresolvedNS, 0))
	return c
}

// make completes an offer, and opens its conflict unless it is.
func (st *State) make(made *Made, answerBy *statement.Instant, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	for i := range made.Undertakings {
		u := &made.Undertakings[i]
		if !slices.ContainsFunc(made.Conflict.Sides[:], func(s Side) bool { return s.Owner == u.By && s.Intent == u.Intent }) {
			return nil, event.Refuse(event.Invalid, "undertakings[%d]: found %s doing something about the intent %q, expected an owner of one of the two in conflict, about that", i, short(string(u.By)), short(u.Intent))
		}
		if u.By == made.From && by.Custody != party.Held {
			return nil, event.Refuse(event.NotAllowed, "undertakings[%d]: found no signature of a role's own key, expected one: the party undertakes something", i)
		}
		if len(u.Volumes) > 0 {
			if _, err := v.Volumes(u.Volumes); err != nil {
				return nil, event.Refuse(event.Invalid, "undertakings[%d].volumes: %v", i, err)
			}
		}
	}
	wait := max(v.Rules(made.From, made.To).Offers.AnswerNS, 1)
	made.AnswerBy = statement.Instant(env.NowNS + min(wait, maxAnswerNS))
	if answerBy != nil {
		if int64(*answerBy) <= env.NowNS || int64(*answerBy)-env.NowNS > maxAnswerNS {
			return nil, event.Refuse(event.Invalid, "answer_by: found %s, expected an instant within the next 7 days", answerBy)
		}
		made.AnswerBy = *answerBy
	}
	made.Offer = env.ID(0)
	made.Digest = ""
	text, err := statement.Marshal(made)
	if err != nil {
		return nil, event.Refuse(event.Invalid, "found an offer that has no canonical form: %v", err)
	}
	sum := sha256.Sum256(text)
	made.Digest = hex.EncodeToString(sum[:])
	return append(st.meet(made.Conflict), made), nil
}

// meet returns the event that opens a conflict, unless it is open.
func (st *State) meet(c Conflict) []event.Event {
	if d := st.disputes[c.key()]; d != nil && d.Conflict.Sides == c.Sides {
		return nil
	}
	return []event.Event{&Conflicted{Conflict: c}}
}

// find returns an offer that a party is in.
func (st *State) find(id string, by party.ID) (*Offer, error) {
	o := st.offers[id]
	if o == nil || by != o.From && by != o.To {
		return nil, event.Refuse(event.NotFound, "offer: found no offer %q from or to %s", short(id), by)
	}
	return o, nil
}

// answered returns an offer that a party may answer now.
func (st *State) answered(id string, by party.ID, env event.Env) (*Offer, error) {
	o, err := st.find(id, by)
	if err != nil {
		return nil, err
	}
	switch {
	case by != o.To:
		return nil, event.Refuse(event.NotAllowed, "offer: found an answer by %s, who made it, expected one by %s", by, o.To)
	case o.Status != StatusOpen:
		return nil, event.Refuse(event.NotNow, "offer: found it %s, expected it open", o.Status)
	case int64(o.AnswerBy) <= env.NowNS:
		return nil, event.Refuse(event.NotNow, "offer: found the answer after %s, by when it was due", o.AnswerBy)
	}
	return o, nil
}

func (st *State) decideAccept(b *Accept, by party.ID, v View, env event.Env) ([]event.Event, error) {
	o, err := st.answered(b.Offer, by, env)
	if err != nil {
		return nil, err
	}
	if b.Digest != o.Digest {
		return nil, event.Refuse(event.Stale, "digest: found %q, expected that of the offer, %s", short(b.Digest), o.Digest)
	}
	accepted := &Accepted{Between: o.Between, Offer: o.Offer, Digest: o.Digest, ComplyBy: complyBy(o, v, env), Active: []string{}}
	for _, s := range o.Conflict.Sides {
		in := v.Intent(s.Intent)
		if in == nil || in.Ended || in.Version != s.Version || in.Digest != s.Digest {
			return nil, event.Refuse(event.Stale, "offer: found the intent %s changed since version %d, which it is about", s.Intent, s.Version)
		}
		if in.Activated {
			accepted.Active = append(accepted.Active, s.Intent)
		}
	}
	for i := range o.Undertakings {
		if u := &o.Undertakings[i]; u.Kind == HoldMine && slices.Contains(accepted.Active, u.Intent) {
			return nil, event.Refuse(event.NotNow, "undertakings[%d]: found the intent %s activated, which can no longer be held", i, u.Intent)
		}
	}
	events := []event.Event{accepted}
	for _, other := range st.sorted() {
		if other.Status == StatusOpen && other.Offer != o.Offer && other.Conflict.key() == o.Conflict.key() {
			events = append(events, &Voided{Between: other.Between, Offer: other.Offer, Reason: Settled})
		}
	}
	return events, nil
}

// complyBy returns when all that an offer has is to be done: when the conflict
// begins, or when the last hold of it ends; as long as an answer may take when
// the conflict has begun.
func complyBy(o *Offer, v View, env event.Env) statement.Instant {
	by := int64(o.Conflict.Start)
	if by <= env.NowNS {
		by = env.NowNS + max(v.Rules(o.From, o.To).Offers.AnswerNS, 1)
	}
	for i := range o.Undertakings {
		if u := &o.Undertakings[i]; u.Kind == HoldMine {
			by = max(by, o.holdUntilNS(u, v))
		}
	}
	return statement.Instant(by)
}

// holdUntilNS returns until when a hold lasts: as it says, or as long as the
// other intent.
func (o *Offer) holdUntilNS(u *Undertaking, v View) int64 {
	if u.NotBefore != nil {
		return int64(*u.NotBefore)
	}
	for _, s := range o.Conflict.Sides {
		if in := v.Intent(s.Intent); s.Intent != u.Intent && in != nil && !in.Ended {
			return in.EndNS
		}
	}
	return 0
}

func (st *State) decideFail(b *Fail, by party.ID) ([]event.Event, error) {
	o, err := st.find(b.Offer, by)
	if err != nil {
		return nil, err
	}
	if o.Status != StatusAccepted {
		return nil, event.Refuse(event.NotNow, "offer: found it %s, expected it accepted", o.Status)
	}
	if !slices.ContainsFunc(o.Undertakings, func(u Undertaking) bool { return u.By == by }) {
		return nil, event.Refuse(event.NotAllowed, "offer: found nothing that %s undertook in it", by)
	}
	return []event.Event{&Failed{Between: o.Between, Offer: o.Offer, By: by, Reason: Declared, Text: b.Reason}}, nil
}

func (st *State) decideComplied(b *Complied, by party.ID, v View, env event.Env) ([]event.Event, error) {
	o, err := st.find(b.Offer, by)
	if err != nil {
		return nil, err
	}
	if o.Status != StatusAccepted {
		return nil, event.Refuse(event.NotNow, "offer: found it %s, expected it accepted", o.Status)
	}
	var events []event.Event
	owed := slices.ContainsFunc(o.Undertakings, func(u Undertaking) bool { return u.Kind == Other && u.By != by })
	if owed && !slices.Contains(o.Confirmed, by) {
		events = append(events, &Confirmed{Between: o.Between, Offer: o.Offer, By: by})
		with := *o
		with.Confirmed = append(slices.Clone(o.Confirmed), by)
		o = &with
	}
	for i := range o.Undertakings {
		if u := &o.Undertakings[i]; o.progress(u, v, env) != kept && len(events) == 0 {
			return nil, event.Refuse(event.Incomplete, "undertakings[%d]: found that what %s undertook about the intent %s is not done, or not confirmed by the other party", i, u.By, u.Intent)
		}
	}
	return append(events, o.watch(v, env)...), nil
}

// sorted returns the offers by id.
func (st *State) sorted() []*Offer {
	list := make([]*Offer, 0, len(st.offers))
	for _, o := range st.offers {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b *Offer) int { return cmp.Compare(a.Offer, b.Offer) })
	return list
}
