package agreement

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Bounds of what is kept.
const (
	maxVersions  = 64  // of one agreement
	maxDrafts    = 32  // agreements first proposed by one party that are open and that not all signed
	maxUnsigned  = 256 // the same, withdrawn ones as well
	maxNotices   = 32  // of one agreement that have not ended
	maxObjection = 32  // to one notice
	maxQueries   = 64  // of one party in one agreement that wait for a reply
	keptNotices  = 64  // ended ones
	keptQueries  = 256 // replied ones
	keptReviews  = 64
	keptBreaches = 512
	keptDays     = 400 // more than a year, which is how often agreements are reviewed
)

// View is what this package asks of others.
type View struct {
	// Registry says who the parties are. *registry.State is one.
	Registry Registry
	// Checked says whether an item of the checklist of a resumption holds between
	// two parties, by what happened since an instant, and on what evidence: ids
	// or journal indices, in words for people. It is asked for the items Tests,
	// Heads, Intents, Clocks and Roster only.
	Checked func(item Item, pair [2]party.ID, sinceNS int64) (ok bool, evidence string)
	// Screen returns what a text must not say, by the names of the deny-list.
	// Nil screens nothing.
	Screen func(text string) []string
}

// Registry is the part of the registry that this package asks.
type Registry interface {
	Party(id party.ID) *registry.Party
	OnWatch(id party.ID, position string, nowNS int64) []registry.Watch
	Members(lead party.ID, nowNS int64) []registry.Member
	LeadOf(member party.ID, nowNS int64) (party.ID, bool)
}

// deciding is one act to be decided.
type deciding struct {
	*State
	act *party.Act
	by  registry.Authority
	v   View
	env event.Env
}

// Decide returns the events that an act leads to, or a *event.Refusal. The act
// was authorized: who signed it could.
func (st *State) Decide(a *party.Act, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	if kind, known := Acts[a.Act]; !known {
		return nil, event.Refuse(event.Invalid, "found the act %q, expected one about agreements", clip(a.Act))
	} else if len(by.Missing) > 0 || kind.Held && by.Custody != party.Held || by.Level < kind.Level {
		return nil, event.Refuse(event.Incomplete, "%s counts once all its signatures are there, of the level %s", a.Act, kind.Level)
	}
	d := deciding{st, a, by, v, env}
	events, err := d.decide()
	if err != nil {
		return nil, err
	}
	return append(events, d.follow(events)...), nil
}

// follow returns what the act's events mean for a resumption under way.
func (d *deciding) follow(events []event.Event) []event.Event {
	a := d.edit(events[0].(change).id())
	for _, ev := range events {
		ev.(change).apply(a, event.At{NS: d.env.NowNS})
	}
	if a.Procedure == nil {
		return nil
	}
	return a.proceed(d.v, d.env)
}

func (d *deciding) decide() ([]event.Event, error) {
	switch b := d.act.Content.(type) {
	case *Propose:
		return d.propose(b)
	case *Counter:
		return d.counter(b)
	case *Sign:
		return d.sign(b)
	case *Withdraw:
		return d.withdraw(b)
	case *Receive:
		return d.receive(b)
	case *Suspend:
		return d.suspend(b)
	case *Object:
		return d.object(b)
	case *Answer:
		return d.answer(b)
	case *Waive:
		return d.waive(b)
	case *Resume:
		return d.resume(b)
	case *Terminate:
		return d.terminate(b)
	case *Query:
		return d.query(b)
	case *Reply:
		return d.reply(b)
	case *Review:
		return d.review(b)
	}
	return nil, event.Refuse(event.Invalid, "found no body of %s", d.act.Act)
}

func one(ev event.Event) ([]event.Event, error) { return []event.Event{ev}, nil }

// now is the instant of the act.
func (d *deciding) now() statement.Instant { return statement.Instant(d.env.NowNS) }

func notFound(id string) *event.Refusal {
	return event.Refuse(event.NotFound, "found no agreement %q that you are bound by or negotiate", clip(id))
}

// signatory returns an agreement of which the acting party is one of the
// parties. Who may know of it only as a member is told that it may not.
func (d *deciding) signatory(id string) (*agreement, error) {
	a := d.agreements[id]
	if a == nil {
		return nil, notFound(id)
	}
	if slices.Contains(a.Parties, d.act.Party) {
		return a, nil
	}
	if d.v.bound(a, d.act.Party, d.env.NowNS) == "" {
		return nil, notFound(id)
	}
	return nil, event.Refuse(event.NotAllowed, "%s is for the signatories of %s, which act for their members", d.act.Act, a.ID)
}

// bound returns the signatory under which a party is bound by an agreement: the
// party itself, or the lead of a member once all signed a version. Empty: it is
// not bound.
func (v View) bound(a *agreement, id party.ID, nowNS int64) party.ID {
	if slices.Contains(a.Parties, id) {
		return id
	}
	lead, ok := v.Registry.LeadOf(id, nowNS)
	if ok && slices.Contains(a.Parties, lead) && len(a.Steps) > 0 {
		return lead
	}
	return ""
}

// all returns who may know what concerns an agreement now: the signatories, and
// their members once all signed a version.
func (v View) all(a *agreement, nowNS int64) head {
	to := slices.Clone(a.Parties)
	if len(a.Steps) > 0 {
		for _, lead := range a.Parties {
			for _, m := range v.Registry.Members(lead, nowNS) {
				if m.Confirmed != 0 {
					to = append(to, m.Member)
				}
			}
		}
	}
	slices.Sort(to)
	return head{a.ID, slices.Compact(to)}
}

func (d *deciding) all(a *agreement) head { return d.v.all(a, d.env.NowNS) }

// signatories returns who may know what is between the signatories alone.
func signatories(a *agreement) head { return head{a.ID, a.Parties} }

// screen refuses texts that say what the channel is not for.
func (d *deciding) screen(texts ...string) error {
	if d.v.Screen == nil {
		return nil
	}
	for _, text := range texts {
		if found := d.v.Screen(text); len(found) > 0 {
			return event.Refuse(event.Invalid, "the text says what is not exchanged here: %v; leave it out", found)
		}
	}
	return nil
}

func (d *deciding) propose(b *Propose) ([]event.Event, error) {
	a := d.agreements[b.Text.ID]
	if a == nil {
		return d.table(&agreement{ID: b.Text.ID}, b, false)
	}
	if !slices.Contains(a.Parties, d.act.Party) {
		// It says no more than that the id is taken, by whomever.
		return nil, event.Refuse(event.Conflict, "the id %q cannot be used for a new agreement here; choose another", clip(b.Text.ID))
	}
	if a.Open != 0 {
		return nil, event.Refuse(event.NotNow, "version %d of %s is open; counter it, or sign it", a.Open, a.ID)
	}
	return d.table(a, b, false)
}

func (d *deciding) counter(b *Counter) ([]event.Event, error) {
	a, err := d.signatory(b.Text.ID)
	if err != nil {
		return nil, err
	}
	if a.Open == 0 {
		return nil, event.Refuse(event.NotNow, "no version of %s is open; propose one", a.ID)
	}
	return d.table(a, (*Propose)(b), true)
}

// table checks a text against what came before it.
func (d *deciding) table(a *agreement, b *Propose, counter bool) ([]event.Event, error) {
	t := b.Text
	if a.ended() {
		return nil, event.Refuse(event.NotNow, "%s is %s; propose a new agreement", a.ID, a.legal())
	}
	parties := slices.Sorted(slices.Values(t.Parties))
	if !slices.Contains(parties, d.act.Party) {
		return nil, event.Refuse(event.NotAllowed, "found the parties %v, expected %s to be one", t.Parties, d.act.Party)
	}
	if t.TabledBy != d.act.Party {
		return nil, event.Refuse(event.Invalid, "found tabled_by %s, expected %s, which proposes it", t.TabledBy, d.act.Party)
	}
	last := a.latest()
	if last == nil {
		if err := d.first(t, parties); err != nil {
			return nil, err
		}
		a.Parties, a.Floor = parties, isFloor(t)
	} else {
		if err := terms.Follows(last.Text, t); err != nil {
			return nil, event.Refuse(event.Stale, "the text does not follow version %d: %v", last.Number, err)
		}
		if !slices.Equal(parties, a.Parties) {
			return nil, event.Refuse(event.Invalid, "found the parties %v, expected %v as in the version before; propose a new agreement", parties, a.Parties)
		}
	}
	if len(a.Versions) >= maxVersions {
		return nil, event.Refuse(event.NotNow, "%s has %d versions, expected fewer; propose a new agreement", a.ID, maxVersions)
	}
	if err := ran(t, b.Results); err != nil {
		return nil, err
	}
	return one(&Proposed{
		head: signatories(a), Version: t.Version, Hash: t.Hash(), By: d.act.Party,
		Counter: counter, Text: t, Results: b.Results,
	})
}

// first checks the first version of a new agreement.
func (d *deciding) first(t *terms.Text, parties []party.ID) error {
	if t.Version != 1 || t.Parent != "" {
		return event.Refuse(event.Stale, "found version %d after %q, expected version 1 after none of a new agreement", t.Version, clip(t.Parent))
	}
	if len(slices.Compact(slices.Clone(parties))) != len(parties) || len(parties) < 2 {
		return event.Refuse(event.Invalid, "found the parties %v, expected two or more, each once", t.Parties)
	}
	for _, id := range parties {
		p := d.v.Registry.Party(id)
		if p == nil || !registry.Allowed(p.Kind, "agreement.sign") {
			return event.Refuse(event.Invalid, "%s is not a party that can sign agreements here", clip(string(id)))
		}
	}
	drafts, all := 0, 0
	for _, a := range d.agreements {
		if len(a.Steps) > 0 || a.version(1).By != d.act.Party {
			continue // all signed a version
		}
		all++
		if a.Open != 0 {
			drafts++
		}
	}
	switch {
	case drafts >= maxDrafts:
		return event.Refuse(event.NotNow, "found %d agreements that you proposed and that are not signed, expected fewer than %d; withdraw some", drafts, maxDrafts)
	case all >= maxUnsigned:
		return event.Refuse(event.NotNow, "found %d agreements that you proposed and that were never signed, expected fewer than %d; propose under the id of one of them", all, maxUnsigned)
	}
	return nil
}

// ran checks the digest by which a party states that it ran the worked examples
// of a text, and what they came to. Its signature covers it.
func ran(t *terms.Text, stated string) error {
	want, err := results(t)
	if err != nil {
		return event.Refuse(event.Invalid, "worked examples: %v", err)
	}
	if stated != want {
		return event.Refuse(event.Incomplete, "the digest of results is not what the worked examples of this text come to; run them on the text as it stands")
	}
	return nil
}

func (d *deciding) sign(b *Sign) ([]event.Event, error) {
	a, err := d.signatory(b.Agreement)
	if err != nil {
		return nil, err
	}
	ver := a.version(a.Open)
	if ver == nil {
		return nil, event.Refuse(event.NotNow, "no version of %s is open to be signed", a.ID)
	}
	if b.Version != ver.Hash {
		return nil, event.Refuse(event.Stale, "found the version %s, expected %s, which is open", b.Version, ver.Hash)
	}
	if unset := ver.Text.Unset(); len(unset) > 0 {
		r := event.Refuse(event.Incomplete, "version %d cannot enter into force: %s", ver.Number, strings.Join(unset, "; "))
		r.Details = unset
		return nil, r
	}
	if at := expiresAt(ver.Text); at != 0 && at <= d.now() {
		return nil, event.Refuse(event.NotNow, "version %d expires %s, which has passed", ver.Number, at)
	}
	if err := ran(ver.Text, b.Results); err != nil {
		return nil, err
	}
	if ver.Signed[d.act.Party] != nil {
		return nil, event.Refuse(event.NotNow, "you have signed version %d already", ver.Number)
	}
	last := len(ver.Signed)+1 == len(a.Parties)
	events := []event.Event{&Signed{
		head: signatories(a), Version: ver.Number, Hash: ver.Hash, Results: b.Results,
		By: d.act.Party, Roles: roles(d.by), Complete: last,
	}}
	if last && entersAt(ver.Text, d.now()) <= d.now() {
		events = append(events, a.enter(ver, d.now(), d.v, d.env))
	}
	return events, nil
}

// enter returns that a version signed by all comes into force, or what keeps it
// from that.
func (a *agreement) enter(ver *version, from statement.Instant, v View, env event.Env) event.Event {
	// The last signature makes members party to it, whatever is recorded yet.
	signed := *a
	if len(signed.Steps) == 0 {
		signed.Steps = []Step{{State: FullySigned}}
	}
	to := v.all(&signed, env.NowNS)
	if reasons := a.obstacles(ver, v, env.NowNS); len(reasons) > 0 {
		return &Blocked{head: to, Version: ver.Number, Reasons: reasons}
	}
	var uncovered []party.ID
	for _, lead := range a.Parties {
		for _, m := range v.Registry.Members(lead, env.NowNS) {
			if a.Received[m.Member] < ver.Number {
				uncovered = append(uncovered, m.Member)
			}
		}
	}
	slices.Sort(uncovered)
	return &Entered{head: to, Version: ver.Number, Hash: ver.Hash, From: from, Uncovered: slices.Compact(uncovered)}
}

// obstacles returns what keeps a signed version from coming into force: what is
// unset, and roles and positions of the ladder that nobody has.
func (a *agreement) obstacles(ver *version, v View, nowNS int64) []string {
	reasons := ver.Text.Unset()
	if at := expiresAt(ver.Text); at != 0 && int64(at) <= nowNS {
		reasons = append(reasons, hasExpired(at))
	}
	positions := ladder(ver.Text, a.Parties)
	for _, id := range a.Parties {
		p := v.Registry.Party(id)
		if p == nil {
			reasons = append(reasons, string(id)+" is not enrolled")
			continue
		}
		for _, role := range p.Unassigned(nowNS) {
			reasons = append(reasons, "nobody has the role "+role+" of "+string(id))
		}
		reasons = append(reasons, unmanned(p, positions, v, nowNS)...)
	}
	for _, name := range positions {
		if !slices.ContainsFunc(a.Parties, func(id party.ID) bool { p := v.Registry.Party(id); return p != nil && p.Position(name) != nil }) {
			reasons = append(reasons, "no party has the position "+name+", which the ladder names")
		}
	}
	return reasons
}

// unmanned returns what a party lacks of the positions of a ladder. It need not
// have all of them, as some are of one party only. It must have two, so that
// there is somebody to go up to, and the last; and those that it has are manned.
func unmanned(p *registry.Party, positions []string, v View, nowNS int64) (reasons []string) {
	has := 0
	for i, name := range positions {
		switch {
		case p.Position(name) == nil && i == len(positions)-1:
			reasons = append(reasons, string(p.ID)+" has no position "+name+", with which the ladder ends")
		case p.Position(name) == nil:
		case len(v.Registry.OnWatch(p.ID, name, nowNS)) == 0:
			reasons = append(reasons, "nobody stands the position "+name+" of "+string(p.ID)+", which the ladder names")
			has++
		default:
			has++
		}
	}
	if has < min(2, len(positions)) {
		reasons = append(reasons, fmt.Sprintf("%s has %d of the positions of the ladder, expected two: %s", p.ID, has, strings.Join(positions, ", ")))
	}
	return reasons
}

func (d *deciding) receive(b *Receive) ([]event.Event, error) {
	a := d.agreements[b.Agreement]
	if a == nil {
		return nil, notFound(b.Agreement)
	}
	lead := d.v.bound(a, d.act.Party, d.env.NowNS)
	switch {
	case lead == "":
		return nil, notFound(b.Agreement)
	case lead == d.act.Party:
		return nil, event.Refuse(event.NotAllowed, "%s is a signatory, bound by its signature; only members say that they received the terms", lead)
	}
	i := slices.IndexFunc(a.Versions, func(v *version) bool { return v.Hash == b.Version })
	if i < 0 || int64(i+1) != a.Current && !slices.Contains(a.Pending, int64(i+1)) {
		return nil, event.Refuse(event.Stale, "found the version %s, expected one that is in force or signed by all", b.Version)
	}
	number := int64(i + 1)
	if a.Received[d.act.Party] >= number {
		return nil, event.Refuse(event.NotNow, "you said already that you received the terms of version %d", a.Received[d.act.Party])
	}
	return one(&Received{head: d.all(a), Version: number, Hash: b.Version, Member: d.act.Party, Lead: lead})
}

func (d *deciding) withdraw(b *Withdraw) ([]event.Event, error) {
	a, err := d.signatory(b.Agreement)
	if err != nil {
		return nil, err
	}
	switch {
	case b.Version != "":
		ver := a.version(a.Open)
		if ver == nil || ver.Hash != b.Version {
			return nil, event.Refuse(event.Stale, "found the version %s, which is not open", b.Version)
		}
		if ver.By != d.act.Party {
			return nil, event.Refuse(event.NotAllowed, "version %d is a proposal of %s; counter it, or leave it unsigned", ver.Number, ver.By)
		}
		return one(&Withdrawn{head: signatories(a), Version: ver.Number, By: d.act.Party})
	case b.Notice != "":
		return d.takeBack(a, b.Notice)
	case !a.Floor:
		return nil, event.Refuse(event.Invalid, "%s is no safety floor; name the version or the notice that you take back, or terminate", a.ID)
	}
	return d.giveNotice(a, Noticed{What: Withdrawal}, withdrawalNotice(a.current()))
}

// takeBack ends what has no effect yet.
func (d *deciding) takeBack(a *agreement, id string) ([]event.Event, error) {
	if p := a.Procedure; p != nil && p.ID == id {
		if p.Signed[d.act.Party] == 0 {
			return nil, event.Refuse(event.NotNow, "you have not signed the resumption %s", id)
		}
		return one(&Withdrawn{head: d.all(a), Notice: id, By: d.act.Party})
	}
	n := a.notice(id)
	switch {
	case n == nil || n.Ended:
		return nil, event.Refuse(event.NotFound, "found no notice or resumption %q of %s", clip(id), a.ID)
	case n.By != d.act.Party:
		return nil, event.Refuse(event.NotAllowed, "the notice is of %s, who alone can take it back", n.By)
	case n.Effective:
		return nil, event.Refuse(event.NotNow, "the notice took effect %s; to come into force again takes a resumption", n.From)
	}
	return one(&Withdrawn{head: d.all(a), Notice: id, By: d.act.Party})
}

// hasExpired is the obstacle of a version whose time is over.
func hasExpired(at statement.Instant) string { return "it expired " + at.String() }
