package intent

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// Limits of what is kept.
const (
	maxIntents = 10_000 // of one owner, not over
	maxZones   = 256    // names of one owner
	maxReports = 256    // of one party
	// maxAheadNS is how far ahead an intent may end, and maxErrorNS the largest
	// error in time: either would make everything meet everything.
	maxAheadNS = 400 * 24 * 3600e9
	maxErrorNS = 3600e9
)

// label is for shapes that are looked at once.
var label = declared.Label{ID: "shape"}

// Decide returns what comes of an act that is authorized. It changes nothing.
// Its error is a *event.Refusal.
func (st *State) Decide(a *party.Act, by registry.Authority, v View, env event.Env) ([]event.Event, error) {
	d := decision{st: st, by: by, v: &v, env: env}
	switch b := a.Content.(type) {
	case *Declare:
		return d.declare(b)
	case *Change:
		return d.change(b.ID, b.Token, b.ReadSet, &b.Plan)
	case *Redeclare:
		return d.change(b.ID, b.Token, b.ReadSet, nil)
	case *Activate:
		return d.activate(b)
	case *Nonconform:
		return d.offNominal(b.ID, Nonconforming, b.OffNominal)
	case *Contingency:
		return d.offNominal(b.ID, Contingent, b.OffNominal)
	case *End:
		return d.end(b.ID, Ended)
	case *Withdraw:
		return d.end(b.ID, Withdrawn)
	case *Acknowledge:
		return d.acknowledge(b)
	case *Evidence:
		return d.evidence(b)
	case *Report:
		return d.report(b)
	case *Undertake:
		return d.undertake(b)
	case *Tell:
		return d.told(b)
	case *ZoneDeclare:
		return d.declareZone(b)
	case *ZoneChange:
		return d.changeZone(b)
	case *ZoneActivate:
		return d.activateZone(b)
	case *ZoneCancel:
		return d.cancelZone(b)
	}
	return nil, event.Refuse(event.Invalid, "%s is not an act of intents or zones", a.Act)
}

// decision is one act being decided.
type decision struct {
	st  *State
	by  registry.Authority
	v   *View
	env event.Env
}

func (d *decision) claim() Claim { return Claim{d.by.Role, d.by.Person, d.by.Custody} }

// own returns the intent of an id when it is the party's own. Another's that it
// is not shown is not told from one that does not exist.
func (d *decision) own(id string) (*Intent, error) {
	r := d.st.intents[id]
	switch {
	case r == nil || r.Owner != d.by.Party && !r.shows(d.by.Party, "id"):
		return nil, event.Refuse(event.NotFound, "found no intent %q", clip(id))
	case r.Owner != d.by.Party:
		return nil, event.Refuse(event.NotAllowed, "the intent is another party's: only its owner changes it")
	case r.State.over():
		return nil, event.Refuse(event.NotNow, "the intent is %s", r.State)
	}
	return r, nil
}

// current is own, for a write that names the version that it was made against.
func (d *decision) current(id, token string) (*Intent, error) {
	r, err := d.own(id)
	if err == nil && token != r.Token {
		return nil, event.Refuse(event.Stale, "token: found one that is not of version %d, which is current", r.Version)
	}
	return r, err
}

func (d *decision) declare(b *Declare) ([]event.Event, error) {
	if d.st.owners[d.by.Party] >= maxIntents {
		return nil, event.Refuse(event.NotNow, "found %d intents that are not over, expected fewer than %d", d.st.owners[d.by.Party], maxIntents)
	}
	if b.Supersedes != "" {
		if _, err := d.own(b.Supersedes); err != nil {
			return nil, err
		}
	}
	own := &Decided{ID: d.env.ID(idIntent), Owner: d.by.Party, Plan: b.Plan, State: Accepted}
	h, outlines, err := d.hear(own, nil)
	if err != nil {
		return nil, err
	}
	if err := h.knows(b.ReadSet); err != nil {
		return nil, err
	}
	if h.blocked {
		own.State = Proposed
	}
	return d.settle(h, nil, outlines, b.ReadSet)
}

// change decides a new plan, or with none the same one declared again.
func (d *decision) change(id, token string, readSet []string, plan *Plan) ([]event.Event, error) {
	old, err := d.current(id, token)
	if err != nil {
		return nil, err
	}
	if old.State.offNominal() {
		return nil, event.Refuse(event.NotNow, "the intent is %s: activate it once the craft conforms, or end it", old.State)
	}
	own := d.next(old)
	if plan != nil {
		own.Plan = *plan
	}
	own.State = Accepted
	if old.Airborne {
		own.State = Activated
	}
	again := plan == nil
	own.Anew = again || own.Anew
	if again || own.Accepted == 0 || !d.sameShape(old, own) {
		own.Accepted = 0
	}
	h, outlines, err := d.hear(own, old)
	if err != nil {
		return nil, err
	}
	if err := h.knows(readSet); err != nil {
		return nil, err
	}
	switch {
	case !h.blocked:
	case old.State == Proposed || again && !old.Airborne:
		own.State, own.Accepted = Proposed, 0
	case again:
		own.State = GivesWay // it is in the air: it cannot become a mere proposal
	default:
		return nil, &event.Refusal{
			Kind: event.Conflict, Message: "the change conflicts with what others were promised; the version before it stands",
			Details: h.verdicts,
		}
	}
	return d.settle(h, old, outlines, readSet)
}

func (d *decision) sameShape(old *Intent, own *Decided) bool {
	return sameWhere(&old.Decided, own) && old.Priority.Rank == own.Priority.Rank
}

// next returns the version after one, the same but for its number and token.
func (d *decision) next(old *Intent) *Decided {
	own := old.Decided
	own.Version++
	own.Verdicts, own.More, own.NoRule, own.Notified, own.Shown = nil, 0, nil, nil, nil
	return &own
}

func (d *decision) activate(b *Activate) ([]event.Event, error) {
	old, err := d.current(b.ID, b.Token)
	if err != nil {
		return nil, err
	}
	switch old.State {
	case Accepted, Activated, Nonconforming:
	case GivesWay:
		return nil, event.Refuse(event.NotNow, "the intent is displaced by %s: change it so that it is clear", old.By)
	default:
		return nil, event.Refuse(event.NotNow, "the intent is %s: only one that was accepted is activated", old.State)
	}
	for _, p := range old.NoRule {
		if old.State == Accepted && !d.v.Rules(old.Owner, p).Suspended {
			return nil, event.Refuse(event.NotNow, "the intent was accepted while the agreement with %s was suspended: declare it again", p)
		}
	}
	own := d.next(old)
	own.State, own.Airborne, own.OffNominal = Activated, true, old.OffNominal
	h, outlines, err := d.hear(own, old)
	if err != nil {
		return nil, err
	}
	if old.State == Accepted {
		if err := h.knows(b.ReadSet); err != nil {
			return nil, err
		}
		if h.blocked {
			return nil, &event.Refusal{Kind: event.Conflict, Message: "the intent conflicts with what others were promised since", Details: h.verdicts}
		}
	}
	return d.settle(h, old, outlines, b.ReadSet)
}

// offNominal is never refused for others' sake.
func (d *decision) offNominal(id string, to Phase, where *declared.Shape) ([]event.Event, error) {
	old, err := d.own(id)
	if err != nil {
		return nil, err
	}
	if old.State == Contingent && to == Nonconforming {
		return nil, event.Refuse(event.NotNow, "the intent is contingent: it stays so until it ends")
	}
	own := d.next(old)
	own.State, own.Airborne = to, true
	if where != nil {
		own.OffNominal = where
	}
	h, outlines, err := d.hear(own, old)
	if err != nil {
		return nil, err
	}
	h.yielding = nil
	return d.settle(h, old, outlines, nil)
}

func (d *decision) end(id string, to Phase) ([]event.Event, error) {
	old, err := d.own(id)
	if err != nil {
		return nil, err
	}
	switch {
	case to == Withdrawn && old.Airborne:
		return nil, event.Refuse(event.NotNow, "the intent is flown: end it")
	case to == Ended && old.State == Proposed:
		return nil, event.Refuse(event.NotNow, "the intent is only proposed: withdraw it")
	}
	return d.close(old, to, false), nil
}

func (d *decision) close(old *Intent, to Phase, lapsed bool) []event.Event {
	ev := &Closed{ID: old.ID, Version: old.Version, Owner: old.Owner, State: to, Lapsed: lapsed, To: old.shownTo()}
	gone, notified := unlist(d.v, old, d.env)
	ev.Notified = notified
	events := []event.Event{ev}
	if gone != nil {
		events = append(events, Airspace{gone})
	}
	return append(events, d.st.unsettle("what was in the way is over", d.st.waitingFor(old))...)
}

// waitingFor returns the intents that one keeps from being accepted, or
// displaces.
func (st *State) waitingFor(r *Intent) []string {
	var ids []string
	for _, o := range st.near(r.entity, widestNeed, func(o *Intent) bool {
		return o.By == r.ID || slices.ContainsFunc(o.Verdicts, func(v Verdict) bool { return v.ID == r.ID })
	}) {
		ids = append(ids, o.ID)
	}
	return ids
}

// widestNeed is further than anything that one intent can do to another.
var widestNeed = volume.Need{LateralMM: volume.MaxBufferMM / 8, VerticalMM: volume.MaxBufferMM / 100, TimeNS: 24 * 3600e9}

// hear judges a version, after what no others decide was checked.
func (d *decision) hear(own *Decided, old *Intent) (*hearing, []outline.Volume, error) {
	start, end := own.Shape.Window()
	own.Start, own.End = start, end
	if own.State.offNominal() && own.OffNominal != nil {
		s, e := own.OffNominal.Window()
		own.Start, own.End = min(start, s), max(end, e)
	}
	own.Token = d.env.ID(idToken)
	own.Version = max(own.Version, 1)
	own.Claim = d.claim()
	h := d.st.hear(d.v, d.env.NowNS, own, old)
	h.again = own.Anew
	if err := d.admit(h); err != nil {
		return nil, nil, err
	}
	outlines, err := outlinesOf(h.entity)
	if err != nil {
		return nil, nil, event.Refuse(event.Invalid, "%v", err)
	}
	h.judge(outlines)
	if len(h.verdicts) == maxVerdicts && h.more > 0 && !own.State.offNominal() {
		return nil, nil, event.Refuse(event.Conflict, "found more than %d things in the way, expected fewer: make it smaller or split it", maxVerdicts)
	}
	return h, outlines, nil
}

// admit checks a version against the clock, the roster and what is agreed about
// coarse shapes.
func (d *decision) admit(h *hearing) error {
	own := h.own
	if int64(own.End) <= d.env.NowNS || int64(own.End) > d.env.NowNS+maxAheadNS {
		return event.Refuse(event.Invalid, "the intent ends at %s, expected within 400 days after the node's time, %s", own.End, statement.Instant(d.env.NowNS))
	}
	for i := range own.Volumes {
		if own.Volumes[i].TErrorNS > maxErrorNS {
			return event.Refuse(event.Invalid, "volumes[%d].t_error_ns: found %d, expected at most %d", i, own.Volumes[i].TErrorNS, int64(maxErrorNS))
		}
	}
	for i := range own.Trajectories {
		if own.Trajectories[i].TErrorNS > maxErrorNS {
			return event.Refuse(event.Invalid, "trajectories[%d].t_error_ns: found %d, expected at most %d", i, own.Trajectories[i].TErrorNS, int64(maxErrorNS))
		}
	}
	if own.State.offNominal() {
		return nil // whatever else is wrong, it has to be known
	}
	if p := d.v.Registry.Party(own.Owner); p != nil && len(p.Positions) > 0 && p.Position(own.Contact.Position) == nil {
		return event.Refuse(event.Invalid, "contact.position: found %q, expected a position of the party's record", own.Contact.Position)
	}
	if own.Coarse {
		return d.admitCoarse(h)
	}
	return nil
}

// admitCoarse holds a coarse shape to what each agreement allows: it takes
// airspace that nobody uses.
func (d *decision) admitCoarse(h *hearing) error {
	var areaM2, lastsNS int64
	outlines, err := outlinesOf(h.entity)
	if err != nil {
		return event.Refuse(event.Invalid, "%v", err)
	}
	for i := range outlines {
		areaM2 += int64(outlines[i].AreaKM2() * 1e6)
		w := outlines[i].Window()
		lastsNS = max(lastsNS, w.EndNS-w.StartNS)
	}
	for _, p := range h.others() {
		if c := h.rulesWith(p).Coarse; c.Source.Agreement != "" && !c.Allows(areaM2, lastsNS) {
			return event.Refuse(event.Conflict, "the coarse shape takes %d m2 for %d s, more than %s allows: %d m2 s", areaM2, lastsNS/1e9, c.Source, c.AreaTimeM2S)
		}
	}
	return nil
}

// knows checks that a write was made knowing all that it meets. Who is not shown
// where an intent is cannot know its token, and need not.
func (h *hearing) knows(readSet []string) error {
	var missing []Missing
	for _, o := range h.over {
		if h.shownWhere(o) && !slices.Contains(readSet, o.Token) {
			missing = append(missing, Missing{Against: AgainstIntent, ID: o.ID, Version: o.Version, Party: o.Owner})
		}
	}
	for _, z := range h.zones {
		if !slices.Contains(readSet, z.Token) {
			missing = append(missing, Missing{Against: AgainstZone, ID: z.ID, Version: z.Version, Party: z.Owner})
		}
	}
	if len(missing) == 0 {
		return nil
	}
	more := max(0, len(missing)-maxVerdicts)
	return &event.Refusal{
		Kind:    event.Stale,
		Message: fmt.Sprintf("the read set lacks the current token of %d intents or zones that this one meets: read them first", len(missing)),
		Details: StaleDetails{Missing: missing[:len(missing)-more], More: more},
	}
}

// settle makes the events of a version that was judged.
func (d *decision) settle(h *hearing, old *Intent, outlines []outline.Volume, readSet []string) ([]event.Event, error) {
	own := h.own
	own.Verdicts, own.More, own.NoRule = h.verdicts, h.more, h.noRule
	own.Flags = d.flags(h)
	var events []event.Event
	if own.State == Proposed {
		own.Listed, own.Accepted = false, 0
		gone, notified := d.unlistOld(old)
		own.Notified = notified
		if gone != nil {
			events = append(events, gone)
		}
	} else {
		if own.Accepted == 0 {
			own.Accepted = statement.Instant(d.env.NowNS)
		}
		ev, notified, err := h.list(outlines, old, readSet, d.env)
		if err != nil {
			return nil, err
		}
		own.Listed, own.Notified = true, notified
		if ev != nil {
			events = append(events, Airspace{ev})
		}
		d.tellings(h, old)
	}
	own.Shown = d.shown(h)
	events = append([]event.Event{own}, events...)
	if own.State == GivesWay {
		events = append(events, displacedBy(own, &h.by))
	}
	events = append(events, d.aftermath(h)...)
	if old != nil {
		events = append(events, d.st.unsettle("what was in the way changed", d.st.waitingFor(old))...)
	}
	return events, nil
}

func (d *decision) unlistOld(old *Intent) (event.Event, []Notified) {
	if old == nil {
		return nil, nil
	}
	gone, notified := unlist(d.v, old, d.env)
	if gone == nil {
		return nil, nil
	}
	return Airspace{gone}, notified
}

// aftermath tells the other sides of conflicts, and displaces who gives way.
func (d *decision) aftermath(h *hearing) []event.Event {
	own := h.own
	var events []event.Event
	accepted := own.State != Proposed && own.State != GivesWay
	if accepted {
		for _, o := range h.yielding {
			if o.State == GivesWay {
				continue
			}
			way := Verdict{ID: own.ID, Party: own.Owner}
			if i := slices.IndexFunc(own.Verdicts, func(v Verdict) bool { return v.ID == o.ID }); i >= 0 {
				way.From, way.To = own.Verdicts[i].From, own.Verdicts[i].To
			}
			events = append(events, displacedBy(&o.Decided, &way))
			events = append(events, o.restated(GivesWay)...)
			events = append(events, d.st.unsettle("what was in the way gives way", d.st.waitingFor(o))...)
		}
	}
	for i := range own.Verdicts {
		v := &own.Verdicts[i]
		if v.Against != AgainstIntent {
			continue
		}
		c := &Conflicting{
			ID: own.ID, Version: own.Version, Owner: own.Owner, With: v.ID, WithVersion: v.Version, Party: v.Party,
			Outcome: v.Outcome, From: v.From, To: v.To, Source: v.Source,
		}
		if own.shows(v.Party, "volumes") {
			c.Measure = v.Measure
		}
		events = append(events, c)
	}
	events = append(events, own.entering(nil, own.Verdicts)...)
	if own.State.offNominal() {
		var ids []string
		for _, o := range h.over {
			ids = append(ids, o.ID)
		}
		events = append(events, d.st.unsettle("another does not conform", ids)...)
	}
	return events
}

// Flags of an intent that all who are shown it see.
const (
	FlagUncovered = "uncovered_member" // did not confirm the terms that its lead agreed to
	FlagDoubted   = "doubted"          // a contradiction of its owner's declarations is not reviewed
	FlagCoarse    = "coarse"
	FlagLate      = "late" // decided later than an agreement has others know it: to be told with higher precedence
)

func (d *decision) flags(h *hearing) []string {
	own := h.own
	var flags []string
	if own.Coarse {
		flags = append(flags, FlagCoarse)
	}
	if len(d.st.doubts[own.Owner]) > 0 {
		flags = append(flags, FlagDoubted)
	}
	if slices.ContainsFunc(h.others(), func(p party.ID) bool {
		n := h.rulesWith(p).Notice
		return n.Source.Agreement != "" && isLate([]Receipt{{Class: n.Class(int64(own.Start) - d.env.NowNS)}}, "")
	}) && !own.Airborne {
		flags = append(flags, FlagLate)
	}
	if own.Member != "" && d.v.Uncovered != nil && d.v.Uncovered(own.Member) {
		flags = append(flags, FlagUncovered)
	}
	return flags
}

// shown says what each party sees of a version: what its owner's matrix opens,
// and whoever it is in conflict with the least that nobody can do without.
func (d *decision) shown(h *hearing) []Shown {
	own, state := h.own, shownState(h.own.State)
	affected := map[party.ID]bool{}
	for i := range own.Verdicts {
		if own.Verdicts[i].Party != "" && own.Verdicts[i].Against == AgainstIntent {
			affected[own.Verdicts[i].Party] = true
		}
	}
	var all []Shown
	for _, p := range h.others() {
		var groups []string
		if d.v.Shown != nil {
			groups = d.v.Shown(own.Owner, p, state)
		}
		if affected[p] {
			groups = append(slices.Clone(groups), release.Minimum(state)...)
		}
		if m := shownMembers(&own.Plan, groups); len(m) > 0 {
			all = append(all, Shown{p, m})
		}
	}
	return all
}

// unsettle puts intents under review, by chunks.
func (st *State) unsettle(reason string, ids []string) []event.Event {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool {
		r := st.intents[id]
		return r == nil || r.State.over()
	})
	var events []event.Event
	for chunk := range slices.Chunk(ids, maxUnsettled) {
		events = append(events, &Unsettled{Reason: reason, IDs: chunk})
	}
	return events
}

const maxUnsettled = 256

// Concern says which intents are concerned: all of them that match every part
// that is given.
type Concern struct {
	Owners []party.ID     // of one of these parties
	IDs    []string       // these
	Near   *volume.Entity // that may come near this
}

// Unsettle puts the intents that something concerns under review: their verdicts
// no longer rest on what holds. Due reviews them.
func (st *State) Unsettle(reason string, c Concern) []event.Event {
	var ids []string
	for id, r := range st.intents {
		if !r.State.over() && (len(c.Owners) == 0 || slices.Contains(c.Owners, r.Owner)) &&
			(len(c.IDs) == 0 || slices.Contains(c.IDs, id)) {
			ids = append(ids, id)
		}
	}
	if c.Near != nil {
		near := st.near(c.Near, widestNeed, func(*Intent) bool { return true })
		ids = slices.DeleteFunc(ids, func(id string) bool {
			return !slices.ContainsFunc(near, func(o *Intent) bool { return o.ID == id })
		})
	}
	return st.unsettle(cmp.Or(reason, "what it rests on changed"), ids)
}
