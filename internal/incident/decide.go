package incident

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// View is what incidents need from elsewhere.
type View struct {
	// Known reports whether a party is enrolled.
	Known func(party.ID) bool
	// Entry returns the hash of the leaf at a journal index, in hex. False: the
	// journal has none there that the party may see.
	Entry func(index int64, to party.ID) (leaf string, ok bool)
	// Rules are what holds between two parties; never nil.
	Rules func(a, b party.ID) *terms.Rules
}

// Trigger is what the machine opens an incident for.
type Trigger struct {
	// Key names the cause, such as a loss of separation between two intents. It
	// stands for one incident, as long as that one is not closed by all.
	Key          string
	Kind         Kind
	Parties      []party.ID // involved
	Around       party.ID   // of them, as in Head
	At           statement.Instant
	Place        *declared.Point
	Altitude     *declared.Altitude
	Subjects     []string
	HorizontalMM *int64 // closest, as computed; nil: not known
	VerticalMM   *int64
	Rules        []Judged
	NonParties   []string
	Text         string // standard words
	Evidence     []Evidence
}

// Open returns the event that opens an incident, or none when the cause has one
// already: it is not opened again, and what it froze stays as it was.
func (st *State) Open(t Trigger, v View, env event.Env) []event.Event {
	if last := st.incidents[st.keys[t.Key]]; last != nil && (!last.Over || t.At <= last.Opening.At) {
		return nil
	}
	e := &Opened{
		Key: t.Key, Kind: t.Kind, Category: categoryOf(t.Kind, t.HorizontalMM, t.VerticalMM, false),
		At: t.At, Place: t.Place, Altitude: t.Altitude, Subjects: t.Subjects, HorizontalMM: t.HorizontalMM,
		VerticalMM: t.VerticalMM, Rules: t.Rules, NonParties: t.NonParties, Text: t.Text, Evidence: frozen(t.Evidence),
	}
	e.Head = Head{Incident: newID(t.Key, env), Parties: sorted(t.Parties), Around: t.Around}
	e.ReplyBy = statement.Instant(env.NowNS + replyNS(&e.Head, v))
	return []event.Event{e}
}

// newID returns the id of an incident of a cause: several may open in one act.
func newID(key string, env event.Env) string {
	h := sha256.Sum256([]byte("incident\n" + key))
	return env.ID(int(binary.BigEndian.Uint32(h[:]) >> 1))
}

// frozen returns evidence by index, each entry once, at most maxEvidence.
func frozen(list []Evidence) []Evidence {
	var in Incident
	in.freeze(list[:min(len(list), maxEvidence)])
	return in.Frozen
}

func sorted(ids []party.ID) []party.ID {
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}

// replyNS returns how long the parties involved have to reply: the shortest time
// that two of them agreed who see each other.
func replyNS(h *Head, v View) int64 {
	shortest := terms.Default(terms.Pair("", "")).Breach.ReplyNS
	agreed := func(a, b party.ID) {
		if ns := v.Rules(a, b).Breach.ReplyNS; ns > 0 {
			shortest = min(shortest, ns)
		}
	}
	for i, a := range h.Parties {
		if h.Around != "" {
			if a != h.Around {
				agreed(h.Around, a)
			}
			continue
		}
		for _, b := range h.Parties[i+1:] {
			agreed(a, b)
		}
	}
	return shortest
}

// Decide decides an act. Its error is a *event.Refusal.
func (st *State) Decide(a *party.Act, _ registry.Authority, v View, env event.Env) ([]event.Event, error) {
	switch b := a.Content.(type) {
	case *Report:
		return st.report(a, b, v, env)
	case *Account:
		return st.give(a.Party, b, v)
	case *Propose:
		return st.propose(a.Party, b, v, env)
	case *Reply:
		return st.reply(a.Party, b)
	case *Undertake:
		return st.undertake(a.Party, b, env)
	case *Close:
		return st.close(a.Party, b)
	}
	return nil, event.Refuse(event.Invalid, "found the act %q, expected one of an incident", a.Act)
}

// MaxReported is how many incidents that one party reported may be open: each
// asks all whom it names for an account.
const MaxReported = 256

func (st *State) report(a *party.Act, b *Report, v View, env event.Env) ([]event.Event, error) {
	if int64(b.At) > env.NowNS {
		return nil, event.Refuse(event.Invalid, "at: found %v, which is still to come", b.At)
	}
	open := 0
	for _, in := range st.incidents {
		if in.Opening.By == a.Party && !in.Over {
			open++
		}
	}
	if open >= MaxReported {
		return nil, event.Refuse(event.NotNow, "found %d incidents that you reported and that are open, expected fewer than %d", open, MaxReported)
	}
	for _, id := range b.Parties {
		if !v.Known(id) {
			return nil, event.Refuse(event.NotFound, "parties: found %q, expected a party that is enrolled here", id)
		}
	}
	evidence, err := entries(b.Evidence, a.Party, v)
	if err != nil {
		return nil, err
	}
	key := "report:" + string(a.Party) + ":" + a.ID
	e := &Opened{
		Head: Head{By: a.Party, Incident: newID(key, env), Parties: sorted(append(slices.Clone(b.Parties), a.Party))},
		Key:  key, Kind: b.Kind, Category: categoryOf(b.Kind, nil, nil, b.CollisionHazard), At: b.At, Place: b.Place,
		Altitude: b.Altitude, Subjects: b.Subjects, NonParties: b.NonParties, Text: b.Text, Sighting: b.Sighting,
		Evidence: evidence, Confidential: b.Confidential,
	}
	e.ReplyBy = statement.Instant(env.NowNS + replyNS(&e.Head, v))
	return []event.Event{e}, nil
}

// entries returns evidence by its indices, which the party must have been shown.
func entries(indices []int64, to party.ID, v View) ([]Evidence, error) {
	var out []Evidence
	for _, index := range indices {
		leaf, ok := v.Entry(index, to)
		if !ok {
			return nil, event.Refuse(event.NotFound, "evidence: found the index %d, expected that of an entry that you were shown", index)
		}
		out = append(out, Evidence{index, leaf})
	}
	return out, nil
}

// of returns an incident that a party is involved in and that is not closed.
func (st *State) of(id string, by party.ID) (*Incident, Head, error) {
	in := st.incidents[id]
	if in == nil || !slices.Contains(in.Opening.Parties, by) {
		return nil, Head{}, event.Refuse(event.NotFound, "found no incident %q that you are involved in", clip(id))
	}
	if in.Over {
		return nil, Head{}, event.Refuse(event.NotNow, "the incident is closed by all involved: report what is new")
	}
	return in, Head{By: by, Incident: id, Parties: in.whoSee(by), Around: in.Opening.Around}, nil
}

// more returns evidence that an act adds, within bounds.
func (in *Incident) more(indices []int64, by party.ID, v View) ([]Evidence, error) {
	if len(in.Frozen)+len(indices) > maxFrozen {
		return nil, event.Refuse(event.NotNow, "evidence: found %d entries beside %d, expected at most %d in all", len(indices), len(in.Frozen), maxFrozen)
	}
	return entries(indices, by, v)
}

// maxVersions bounds how often a party may change its account.
const maxVersions = 64

func (st *State) give(by party.ID, b *Account, v View) ([]event.Event, error) {
	in, head, err := st.of(b.Incident, by)
	if err != nil {
		return nil, err
	}
	evidence, err := in.more(b.Evidence, by, v)
	if err != nil {
		return nil, err
	}
	e := &Accounted{Head: head, Version: 1, Account: *b, Evidence: evidence}
	if old := in.account(by); old != nil {
		e.Version = old.Version + 1
	}
	if e.Version > maxVersions {
		return nil, event.Refuse(event.NotNow, "found %d versions of your account, expected no more", maxVersions)
	}
	e.Category = in.category(by, b)
	return []event.Event{e}, nil
}

// category returns the category with a new account of a party, as far as that
// sees the others: a danger of collision is one as long as one crew says so.
func (in *Incident) category(by party.ID, b *Account) Category {
	o := &in.Opening
	hazard := b.CollisionHazard || o.Category == NearMidair
	for i := range in.Accounts {
		a := &in.Accounts[i]
		hazard = hazard || a.Party != by && in.sees(by, a.Party) && a.Account.CollisionHazard
	}
	return categoryOf(o.Kind, o.HorizontalMM, o.VerticalMM, hazard)
}

func (st *State) propose(by party.ID, b *Propose, v View, env event.Env) ([]event.Event, error) {
	in, head, err := st.of(b.Incident, by)
	if err != nil {
		return nil, err
	}
	if len(in.Sheet) >= maxFacts {
		return nil, event.Refuse(event.NotNow, "found %d points on the joint sheet, expected no more", maxFacts)
	}
	evidence, err := in.more(b.Evidence, by, v)
	if err != nil {
		return nil, err
	}
	return []event.Event{&Proposed{
		Head: head, Number: int64(len(in.Sheet)) + 1, Kind: b.Kind, Text: b.Text, Evidence: evidence,
		ReplyBy: statement.Instant(env.NowNS + replyNS(&in.Opening.Head, v)),
	}}, nil
}

func (st *State) reply(by party.ID, b *Reply) ([]event.Event, error) {
	in, head, err := st.of(b.Incident, by)
	if err != nil {
		return nil, err
	}
	if b.Number < 1 || b.Number > int64(len(in.Sheet)) || !in.sees(by, in.Sheet[b.Number-1].By) {
		return nil, event.Refuse(event.NotFound, "found no point %d on the joint sheet", b.Number)
	}
	it := in.Sheet[b.Number-1]
	if it.stance(by) == b.Stance && b.Stance == Agrees {
		return nil, event.Refuse(event.NotNow, "found that you agree already")
	}
	it.stand(Stood{Party: by, Stance: b.Stance})
	return []event.Event{&Answered{Head: head, Number: b.Number, Stance: b.Stance, Reason: b.Reason, Status: it.status(in.answerers(it.By, by))}}, nil
}

func (st *State) undertake(by party.ID, b *Undertake, env event.Env) ([]event.Event, error) {
	in, head, err := st.of(b.Incident, by)
	if err != nil {
		return nil, err
	}
	if b.Number == 0 {
		if len(in.Actions) >= maxActions {
			return nil, event.Refuse(event.NotNow, "found %d actions, expected no more", maxActions)
		}
		if int64(b.Due) <= env.NowNS {
			return nil, event.Refuse(event.Invalid, "due: found %v, expected a time to come", b.Due)
		}
		return []event.Event{&Undertook{Head: head, Number: int64(len(in.Actions)) + 1, Text: b.Text, Due: b.Due}}, nil
	}
	if b.Number > int64(len(in.Actions)) || in.Actions[b.Number-1].Owner != by {
		return nil, event.Refuse(event.NotFound, "found no action %d of yours", b.Number)
	}
	if in.Actions[b.Number-1].Done != 0 {
		return nil, event.Refuse(event.NotNow, "found the action done already")
	}
	return []event.Event{&Undertook{Head: head, Number: b.Number, Text: b.Text, Done: true}}, nil
}

// close closes an incident for a party that told its account, answered each
// point and did what it took on.
func (st *State) close(by party.ID, b *Close) ([]event.Event, error) {
	in, head, err := st.of(b.Incident, by)
	if err != nil {
		return nil, err
	}
	if in.closedBy(by) {
		return nil, event.Refuse(event.NotNow, "found that you closed it already")
	}
	if left := in.left(by); len(left) > 0 {
		r := event.Refuse(event.Incomplete, "found things left to do, expected an account, an answer to each point and your actions done")
		r.Details = left
		return nil, r
	}
	e := &Closed{Head: head, Publish: b.Publish, Final: len(in.Closings)+1 == len(in.Opening.Parties)}
	e.Published = e.Final && b.Publish && !slices.ContainsFunc(in.Closings, func(c Closing) bool { return !c.Publish })
	return []event.Event{e}, nil
}

// Left is something that a party has still to do.
type Left struct {
	What   string `json:"what"` // account, point or action
	Number int64  `json:"number,omitempty"`
}

// left returns what a party has still to do.
func (in *Incident) left(by party.ID) []Left {
	var out []Left
	if in.account(by) == nil {
		out = append(out, Left{What: lateAccount})
	}
	for i := range in.Sheet {
		if in.Sheet[i].stance(by) == "" && in.sees(by, in.Sheet[i].By) {
			out = append(out, Left{latePoint, in.Sheet[i].Number})
		}
	}
	for _, a := range in.Actions {
		if a.Owner == by && a.Done == 0 {
			out = append(out, Left{lateAction, a.Number})
		}
	}
	return out
}
