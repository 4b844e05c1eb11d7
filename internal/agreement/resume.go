package agreement

import (
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Item is one of the checklist of a resumption.
type Item string

// The checklist. All items hold, and at once, before anything is in force again.
const (
	Signatures Item = "signatures" // of every signatory, given in this procedure
	Demands    Item = "demands"    // of the suspensions: each answered or waived
	Tests      Item = "tests"      // test calls both ways over all bearers since the procedure began
	Heads      Item = "heads"      // heads of the logs compared and equal since
	Intents    Item = "intents"    // open ones declared anew and checked anew since
	Clocks     Item = "clocks"     // within the agreed limit
	Roster     Item = "roster"     // the positions of the ladder are manned
)

// Items is the checklist in order.
var Items = []Item{Signatures, Demands, Tests, Heads, Intents, Clocks, Roster}

// Phase is how far a resumption is: first data flows again, then notices count,
// then the rules.
type Phase string

// Phases of a resumption, in order.
const (
	PhaseBegun   Phase = "begun"   // nothing counts yet
	PhaseData    Phase = "data"    // bearers, logs and clocks hold: intents may be declared anew
	PhaseNotices Phase = "notices" // intents and roster hold too: notices are given by the rules to come
	PhaseRules   Phase = "rules"   // all holds: in force
)

// procedure is a resumption under way. There is one at a time.
type procedure struct {
	ID     string                         `json:"id"`
	Annex  string                         `json:"annex,omitempty"`
	Keep   []string                       `json:"keep,omitempty"`
	By     party.ID                       `json:"by"`
	Opened statement.Instant              `json:"opened"`
	Index  int64                          `json:"evidence"`
	Signed map[party.ID]statement.Instant `json:"signed"`
	Items  map[Item]ItemState             `json:"items"`
	Phase  Phase                          `json:"phase"`
}

// ItemState says whether an item of the checklist holds, since when, and by what.
type ItemState struct {
	OK       bool              `json:"ok"`
	Since    statement.Instant `json:"since"`
	Evidence []string          `json:"evidence"`
	Index    int64             `json:"index"` // journal index
}

// resume opens a procedure, or joins in the open one. Neither brings anything
// into force: the checklist does, once all of it holds.
func (d *deciding) resume(b *Resume) ([]event.Event, error) {
	a, err := d.signatory(b.Agreement)
	if err != nil {
		return nil, err
	}
	if p := a.Procedure; p != nil {
		switch {
		case b.Procedure == "":
			return nil, event.Refuse(event.NotNow, "the resumption %s is open; join it", p.ID)
		case b.Procedure != p.ID:
			return nil, event.Refuse(event.Stale, "found the resumption %q, expected %s, which is open", clip(b.Procedure), p.ID)
		case b.Annex != p.Annex || !slices.Equal(b.Keep, p.Keep):
			return nil, event.Refuse(event.Invalid, "found annex %q and keep %q, expected %q and %q as in the resumption: all sign the same", b.Annex, b.Keep, p.Annex, p.Keep)
		case p.Signed[d.act.Party] != 0:
			return nil, event.Refuse(event.NotNow, "you have signed this resumption already")
		}
		return one(&ResumptionJoined{head: d.all(a), Procedure: p.ID, By: d.act.Party})
	}
	if b.Procedure != "" {
		return nil, event.Refuse(event.NotFound, "found no open resumption %q of %s", clip(b.Procedure), a.ID)
	}
	if !slices.ContainsFunc(a.Notices, func(n *NoticeRecord) bool { return n.lifts(b.Annex) }) {
		return nil, event.Refuse(event.NotNow, "found no suspension in effect of %s; nothing is to resume", scope(a.ID, b.Annex))
	}
	if b.Annex != "" && a.legal() != InForce {
		return nil, event.Refuse(event.NotNow, "%s is %s; resume it first", a.ID, a.legal())
	}
	for _, name := range b.Keep {
		if !hasAnnex(a.current().Text, name) {
			return nil, event.Refuse(event.NotFound, "found no annex %q in version %d of %s", clip(name), a.Current, a.ID)
		}
	}
	return one(&ResumptionOpened{head: d.all(a), Procedure: d.env.ID(0), Annex: b.Annex, Keep: b.Keep, By: d.act.Party})
}

func scope(id, annex string) string {
	if annex == "" {
		return id
	}
	return "the annex " + clip(annex) + " of " + id
}

// lifts reports whether a notice is a suspension in effect that the resumption
// of an annex, or of the whole, ends.
func (n *NoticeRecord) lifts(annex string) bool {
	return n.What == Suspension && n.Effective && !n.Ended && n.Annex == annex
}

// Recheck returns what follows for agreements when other domains moved: a signed
// text whose obstacles are gone enters into force, and resumptions go on. It is
// to be called after each block of events, and costs nothing when none waits.
func (st *State) Recheck(v View, env event.Env) []event.Event {
	var events []event.Event
	for _, id := range slices.Sorted(maps.Keys(st.waiting)) {
		a := st.agreements[id]
		if a.Blocked != nil {
			ver := a.version(a.Blocked.Version)
			switch e := a.enter(ver, statement.Instant(env.NowNS), v, env).(type) {
			case *Entered:
				events = append(events, e)
			case *Blocked:
				if !slices.Equal(e.Reasons, a.Blocked.Reasons) {
					events = append(events, e)
				}
			}
		}
		if a.Procedure != nil {
			events = append(events, a.proceed(v, env)...)
		}
	}
	return events
}

// proceed returns which items of the checklist changed, and what that leads to.
func (a *agreement) proceed(v View, env event.Env) []event.Event {
	p, to := a.Procedure, v.all(a, env.NowNS)
	var events []event.Event
	holds := map[Item]bool{}
	for _, item := range Items {
		ok, evidence := a.check(item, v)
		holds[item] = ok
		if p.Items[item].OK != ok {
			events = append(events, &Checked{head: to, Procedure: p.ID, Item: item, OK: ok, Evidence: evidence})
		}
	}
	phase := PhaseBegun
	if holds[Tests] && holds[Heads] && holds[Clocks] {
		phase = PhaseData
		if holds[Intents] && holds[Roster] {
			phase = PhaseNotices
			if holds[Signatures] && holds[Demands] {
				phase = PhaseRules
			}
		}
	}
	if phase != p.Phase {
		events = append(events, &Phased{head: to, Procedure: p.ID, Phase: phase})
	}
	if phase == PhaseRules {
		events = append(events, &Resumed{
			head: to, Procedure: p.ID, Annex: p.Annex, Keep: p.Keep,
			From: statement.Instant(env.NowNS), Fresh: p.Opened,
		})
	}
	return events
}

// check says whether an item holds now, and by what.
func (a *agreement) check(item Item, v View) (bool, []string) {
	p := a.Procedure
	var evidence []string
	switch item {
	case Signatures:
		for _, id := range a.Parties {
			at := p.Signed[id]
			if at == 0 {
				return false, []string{"not signed by " + string(id)}
			}
			evidence = append(evidence, string(id)+" signed "+at.String())
		}
		return true, evidence
	case Demands:
		for _, n := range a.Notices {
			if !n.lifts(p.Annex) {
				continue
			}
			if slices.ContainsFunc(n.Demands, Demand.open) {
				return false, []string{"notice " + n.ID + " has demands neither answered nor waived"}
			}
			evidence = append(evidence, "notice "+n.ID)
		}
		return true, evidence
	}
	all := true
	for i, x := range a.Parties {
		for _, y := range a.Parties[i+1:] {
			ok, found := v.Checked(item, [2]party.ID{x, y}, int64(p.Opened))
			all = all && ok
			if found != "" {
				evidence = append(evidence, string(x)+", "+string(y)+": "+found)
			}
		}
	}
	return all, evidence
}
