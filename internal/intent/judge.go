package intent

import (
	"cmp"
	"errors"
	"slices"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/index"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// maxVerdicts is how many verdicts an intent lists, and how many others it may
// conflict with and still be proposed.
const maxVerdicts = 256

// maxWork bounds how many pairs of parts one act has compared, and maxLegPairs
// how many legs of two trajectories.
const (
	maxWork     = 500_000
	maxLegPairs = 200_000
)

// hearing judges one version of an intent against all that it comes near.
type hearing struct {
	st    *State
	v     *View
	nowNS int64

	own    *Decided
	entity *volume.Entity
	marks  []Seen
	got    []Receipt
	order  int64 // journal index of the version; 0: new
	again  bool  // declared to resume what is suspended: judged as if it were in force

	before []Verdict // of the version that this one changes, or of this one's last review
	leads  bool      // this version may lead it out of what it was displaced by

	hidden func(o *Intent) bool // what a rehearsal leaves out; nil: nothing

	rules map[party.ID]*terms.Rules
	areas map[*terms.Coverage]*volume.Volume4D
	work  int

	verdicts []Verdict
	more     int64
	noRule   []party.ID
	yielding []*Intent // to be displaced
	over     []*Intent // in conflict, whose tokens must be known
	zones    []*ZoneRecord
	blocked  bool
	by       Verdict // the first that blocks
}

func (st *State) hear(v *View, nowNS int64, own *Decided, old *Intent) *hearing {
	h := &hearing{
		st: st, v: v, nowNS: nowNS, own: own, entity: own.entity(own.Token),
		rules: map[party.ID]*terms.Rules{}, areas: map[*terms.Coverage]*volume.Volume4D{},
	}
	if old != nil {
		h.marks, h.before, h.leads = old.Marks, old.Verdicts, old.State == GivesWay
	}
	return h
}

// judge looks at everything.
func (h *hearing) judge(outlines []outline.Volume) {
	for _, o := range h.near() {
		h.againstIntent(o)
	}
	h.againstZones()
	h.againstLines()
	h.againstSites()
	h.againstReports()
	h.againstForeign(outlines)
	slices.SortStableFunc(h.verdicts, func(a, b Verdict) int {
		return cmp.Or(cmp.Compare(against(a), against(b)), cmp.Compare(a.ID, b.ID), cmp.Compare(a.From, b.From))
	})
	if i := slices.IndexFunc(h.verdicts, func(v Verdict) bool { return v.Outcome.blocks() }); i >= 0 {
		h.by = h.verdicts[i]
	}
	h.shorten()
	for _, p := range h.others() {
		if h.rulesWith(p).Suspended && !h.again {
			h.noRule = append(h.noRule, p)
		}
	}
}

// shorten leaves out what is too much to list: intents first, which come first,
// as the owners of zones are told by what is listed.
func (h *hearing) shorten() {
	surplus := len(h.verdicts) - maxVerdicts
	if surplus <= 0 {
		return
	}
	h.more += int64(surplus)
	intents := slices.IndexFunc(h.verdicts, func(v Verdict) bool { return v.Against != AgainstIntent })
	if intents < 0 {
		intents = len(h.verdicts)
	}
	kept := max(0, intents-surplus)
	h.verdicts = slices.Delete(h.verdicts, kept, intents)
	h.verdicts = h.verdicts[:maxVerdicts]
}

func against(v Verdict) int {
	return slices.Index([]string{AgainstIntent, AgainstZone, AgainstLine, AgainstSite, AgainstReport, AgainstForeign}, v.Against)
}

func (h *hearing) add(v Verdict) {
	if h.own.State.offNominal() && (v.Outcome.blocks() || v.Outcome == Yields) {
		v.Outcome = OffNominalOwn
	}
	h.blocked = h.blocked || v.Outcome.blocks()
	h.verdicts = append(h.verdicts, v)
}

// rulesWith returns the rules with another party.
func (h *hearing) rulesWith(p party.ID) *terms.Rules {
	r := h.rules[p]
	if r == nil {
		r = h.v.Rules(h.own.Owner, p)
		h.rules[p] = r
	}
	return r
}

// near returns the intents of others that may be too close, by id.
func (h *hearing) near() []*Intent {
	var need volume.Need
	for p := range h.st.owners {
		if p == h.own.Owner {
			continue
		}
		r := h.rulesWith(p)
		widest := max(100, r.Margins.Declared, r.Margins.Acknowledged, r.Margins.Tracked, r.Margins.Contradicted,
			r.Margins.Late, r.Margins.NoRule, r.Margins.Silent)
		for _, m := range r.Minima {
			w := m.Widened(widest)
			need.LateralMM, need.VerticalMM, need.TimeNS = max(need.LateralMM, w.LateralMM), max(need.VerticalMM, w.VerticalMM), max(need.TimeNS, w.TimeNS)
		}
	}
	return h.st.near(h.entity, need, func(o *Intent) bool {
		return o.Owner != h.own.Owner && o.State != Proposed && (h.hidden == nil || !h.hidden(o))
	})
}

// near returns the intents within the need of an entity, by id. Boxes of the
// index are not grown, so those searched for are grown by the whole need.
func (st *State) near(e *volume.Entity, need volume.Need, wanted func(*Intent) bool) []*Intent {
	whole := volume.Need{
		LateralMM: min(2*need.LateralMM+2*bareMM, volume.MaxBufferMM), VerticalMM: min(2*need.VerticalMM+2*bareMM, volume.MaxBufferMM),
		TimeNS: min(2*need.TimeNS, volume.MaxBufferNS),
	}
	boxes := boxesOf(e, whole)
	var ids []string
	if st.boxes != nil {
		snapshot := st.boxes.Snapshot()
		for _, b := range boxes {
			ids = snapshot.Search(ids, b)
		}
	} else {
		for id, o := range st.intents {
			if slices.ContainsFunc(o.boxes, func(b index.Box) bool { return slices.ContainsFunc(boxes, b.Overlaps) }) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	var found []*Intent
	for _, id := range slices.Compact(ids) {
		if o := st.intents[id]; o != nil && o.entity != nil && id != e.ID && wanted(o) {
			found = append(found, o)
		}
	}
	return found
}

// againstIntent judges another party's intent under every separation that is
// agreed, or under none.
func (h *hearing) againstIntent(o *Intent) {
	r := h.rulesWith(o.Owner)
	percent := h.percent(r, o)
	if h.work += pairs(h.entity, o.entity); h.work > maxWork {
		h.add(Verdict{Against: AgainstIntent, ID: o.ID, Version: o.Version, Party: o.Owner, Outcome: TooMuch})
		return
	}
	agreed := false
	var warned *Verdict
	for i := range r.Minima {
		m := &r.Minima[i]
		if !m.Covers(h.own.AircraftKind, o.AircraftKind) || m.Area != nil && !h.inside(m.Area, h.entity) && !h.inside(m.Area, o.entity) {
			continue
		}
		warns := m.Suspended && !h.again
		agreed = agreed || !warns
		if warns && warned != nil {
			continue
		}
		verdict, lost := h.pair(o, m.Widened(percent), m.Source, percent)
		if !lost {
			continue
		}
		if warns {
			warned = &verdict
			continue
		}
		if percent > 100 && h.order != 0 {
			// What was accepted stays protected when margins widen later.
			if _, lost := h.pair(o, m.Widened(100), m.Source, 100); !lost {
				verdict.Outcome = MarginLost
				h.add(verdict)
				return
			}
		}
		h.conflicts(o, r, verdict)
		return
	}
	if !agreed {
		if verdict, lost := h.pair(o, noRuleMinima(h.entity, o.entity), terms.Source{}, 100); lost {
			h.conflicts(o, r, verdict)
			return
		}
	}
	if warned != nil {
		warned.Outcome = NoRule
		h.add(*warned)
	}
}

// pairs is how much work a pair is.
func pairs(a, b *volume.Entity) int {
	parts := func(e *volume.Entity) int {
		n := len(e.Volumes)
		for _, t := range e.Trajectories {
			n += t.Legs()
		}
		return n
	}
	return parts(a)*len(b.Volumes) + parts(b)*len(a.Volumes) + len(a.Trajectories)*len(b.Trajectories)
}

// pair judges one pair under one separation.
func (h *hearing) pair(o *Intent, need conflict.Minima, source terms.Source, percent int64) (Verdict, bool) {
	verdict := Verdict{
		Against: AgainstIntent, ID: o.ID, Version: o.Version, Party: o.Owner, Source: source,
		Required: requiredOf(need, percent), Outcome: TooMuch,
	}
	for _, t := range h.entity.Trajectories {
		for _, u := range o.entity.Trajectories {
			n := volume.LegPairs(t, u, volume.Need{LateralMM: need.LateralMM, VerticalMM: need.VerticalMM, TimeNS: need.TimeNS})
			if h.work += n; n > maxLegPairs || h.work > maxWork {
				return verdict, true
			}
		}
	}
	lost, err := conflict.Decide(h.entity, o.entity, need)
	var bare *conflict.InputError
	if errors.As(err, &bare) && errors.Is(err, conflict.ErrBare) {
		need.LateralMM, need.VerticalMM = max(need.LateralMM, bareMM), max(need.VerticalMM, bareMM)
		verdict.Required = requiredOf(need, percent)
		lost, err = conflict.Decide(h.entity, o.entity, need)
	}
	if err != nil {
		return verdict, true
	}
	if !lost {
		return verdict, false
	}
	found, err := conflict.Judge(h.entity, o.entity, need)
	if err != nil {
		return verdict, true
	}
	verdict.Outcome = Stands
	verdict.Measure, verdict.From, verdict.To = measureOf(&found)
	if !h.shownWhere(o) {
		verdict.Measure = nil
	}
	return verdict, true
}

// shownWhere tells whether the owner is shown where the other intent is.
func (h *hearing) shownWhere(o *Intent) bool {
	return o.shows(h.own.Owner, "volumes")
}

// shows tells whether a party is shown a member.
func (d *Decided) shows(to party.ID, member string) bool {
	if to == d.Owner {
		return true
	}
	i := slices.IndexFunc(d.Shown, func(s Shown) bool { return s.To == to })
	return i >= 0 && slices.Contains(d.Shown[i].Members, member)
}

// shownTo are the parties that are shown the intent.
func (d *Decided) shownTo() []party.ID {
	var all []party.ID
	for _, s := range d.Shown {
		all = append(all, s.To)
	}
	return all
}

// conflicts decides who gives way in a conflict.
func (h *hearing) conflicts(o *Intent, r *terms.Rules, verdict Verdict) {
	if verdict.Outcome != TooMuch {
		verdict.Outcome = h.precedence(o, r)
	}
	if len(h.over) < maxVerdicts {
		h.over = append(h.over, o)
	}
	if verdict.Outcome == Yields {
		h.yielding = append(h.yielding, o)
	}
	h.add(verdict)
}

// precedence is the ladder: what does not conform cannot give way; a higher rank
// goes before a lower one; between equals who was accepted earlier.
func (h *hearing) precedence(o *Intent, r *terms.Rules) Outcome {
	airborne := o.Airborne || o.State.offNominal()
	switch {
	case o.State.offNominal() && h.order != 0:
		return OtherOffNominal
	case o.State.offNominal():
		return Stands
	}
	if slices.Contains(o.NoRule, h.own.Owner) && (h.again || !r.Suspended) && !airborne {
		return Lapsed
	}
	switch ladder(r).Compare(h.own.Priority.Rank, o.Priority.Rank) {
	case 1:
		return Yields
	case 0:
		if h.own.Accepted != 0 && h.order != 0 && earlier(h.own.Accepted, h.order, h.own.ID, o) {
			return Yields
		}
	}
	if o.State == GivesWay && !airborne {
		return WasDisplaced
	}
	return Stands
}

// earlier tells whether an intent was accepted before another.
func earlier(accepted statement.Instant, order int64, id string, o *Intent) bool {
	return cmp.Or(cmp.Compare(accepted, o.Accepted), cmp.Compare(order, o.Index), cmp.Compare(id, o.ID)) < 0
}

// ladder returns the agreed ladder, or this program's own.
func ladder(r *terms.Rules) terms.Priority {
	if len(r.Priority.Ranks) > 0 {
		return r.Priority
	}
	return terms.Default(r.Pair).Priority
}

// inside tells whether an entity meets the area in which minima hold. Its shape
// is supposed to be valid as the agreement was checked; what is not is
// everywhere.
func (h *hearing) inside(c *terms.Coverage, e *volume.Entity) bool {
	area, known := h.areas[c]
	if !known {
		area = coverageVolume(c)
		h.areas[c] = area
	}
	if area == nil {
		return true
	}
	meets, err := conflict.Decide(e, &volume.Entity{ID: "area", Kind: volume.Constraint, Volumes: []volume.Volume4D{*area}}, conflict.Minima{})
	return meets || err != nil
}

// againstSites asks which protected sites are met.
func (h *hearing) againstSites() {
	if h.v.Sites == nil {
		return
	}
	for _, s := range h.v.Sites(h.entity, h.own.Owner) {
		outcome := SiteKnown
		if !s.Acknowledged {
			outcome = SiteUnread
		}
		h.add(Verdict{Against: AgainstSite, ID: s.ID, Version: s.Version, Party: s.Owner, Outcome: outcome})
	}
}

// againstReports warns of what is known by hearsay.
func (h *hearing) againstReports() {
	for _, r := range h.st.reports {
		if found, err := conflict.Judge(h.entity, r.entity, noRuleMinima(h.entity, r.entity)); err == nil && found.Conflict {
			v := Verdict{Against: AgainstReport, ID: r.ID, Party: r.By, Outcome: Hearsay}
			v.Measure, v.From, v.To = measureOf(&found)
			h.add(v)
		}
	}
}

// maxForeign is how many foreign entities one act looks at.
const maxForeign = 1024

// againstForeign warns of what other USSs put into the airspace: only coarse
// outlines are known of it, so nothing is said to be exact, or clear.
func (h *hearing) againstForeign(outlines []outline.Volume) {
	if h.v.Airspace == nil {
		return
	}
	var extents []volume.Extent
	for i := range outlines {
		extents = outlines[i].Extents(extents)
	}
	found, ok := h.v.Airspace.Near(extents, maxForeign)
	if !ok {
		h.add(Verdict{Against: AgainstForeign, Outcome: Possible})
		return
	}
	for i := range found {
		n := &found[i]
		if n.Kind != airspace.IntentKind || n.Manager == h.own.Owner || h.st.intents[n.ID.String()] != nil || !n.Meets(outlines) {
			continue
		}
		h.add(Verdict{Against: AgainstForeign, ID: n.ID.String(), Version: int64(n.Version), Party: n.Manager, Outcome: Possible})
	}
}

// shownStates are the names that package release has for phases.
func shownState(p Phase) string {
	switch p {
	case Proposed:
		return release.StateProposed
	case Accepted, GivesWay:
		return release.StateAccepted
	case Activated:
		return release.StateActivated
	case Nonconforming, Contingent:
		return release.StateOffNominal
	}
	return release.StateEnded
}
