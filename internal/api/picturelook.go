package api

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/airspace"
	domain "github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
	"github.com/deconflict/deconflict/internal/world"
)

// Kinds of items.
const (
	itemIntent     = "intent"
	itemZone       = "zone"
	itemConstraint = "constraint"
	itemSite       = "site"
	itemReport     = "report"
)

// How much of where an item is, is shown.
const (
	shownExact    = "exact"
	shownCoarse   = "coarse"
	shownOutline  = "outline"
	shownWithheld = "withheld"
)

// item is a thing to draw, without what is drawn of it.
type item struct {
	ID           string            `json:"id"`
	Kind         string            `json:"kind"`
	Party        string            `json:"party"`
	Own          bool              `json:"own"`
	Native       bool              `json:"native"`
	State        string            `json:"state"`
	Name         string            `json:"name,omitempty"`
	Version      int64             `json:"version"`
	Token        string            `json:"token,omitempty"`
	Type         string            `json:"type,omitempty"`
	Rank         string            `json:"rank,omitempty"`
	AircraftKind string            `json:"aircraft_kind,omitempty"`
	Start        string            `json:"start"`
	End          string            `json:"end"`
	Since        statement.Instant `json:"since,omitzero"`
	Shown        string            `json:"shown"`
	Grade        string            `json:"grade,omitempty"`
	UnderReview  bool              `json:"under_review,omitempty"`
	Notice       terms.Class       `json:"notice,omitempty"`
	Verdicts     []domain.Verdict  `json:"verdicts,omitempty"`
	MoreVerdicts int64             `json:"more_verdicts,omitempty"`
	Enters       []domain.Entry    `json:"enters,omitempty"`
	EntersPartly bool              `json:"enters_partly,omitempty"`
}

// exhibit is an item with what it takes to draw it.
type exhibit struct {
	item
	startNS, endNS int64
	lasts          bool // until somebody ends it

	key                      string // of the drawing; empty: not kept
	where                    *volume.Entity
	offVolume, offTrajectory int
	outline                  []outline.Volume
}

// look is a picture being taken: what the state has of it, and what is made of
// that when the state may go on. Records of the state are never changed.
type look struct {
	*pictureQuery
	c     *call
	nowNS int64

	sights      []domain.Sight
	zones       []*domain.ZoneRecord
	reports     []domain.Rumour
	sites       []*notice.Notice
	intents     []seenIntent
	constraints []seenConstraint

	found []exhibit
}

// seenIntent and seenConstraint are of the airspace, with the outline of what is
// the caller's own.
type seenIntent struct {
	airspace.IntentView
	outline []outline.Volume
}

type seenConstraint struct {
	airspace.ConstraintView
	outline []outline.Volume
}

// gather takes what the caller may see out of the state.
func (l *look) gather(st *world.State) error {
	who := l.c.who.Party
	l.zones, l.reports, l.sites = st.Intent.Zones(), st.Intent.Reports(who, l.nowNS), st.Notice.Own(who)
	if l.ids == nil {
		l.sights = st.Intent.Sights(who, l.extents)
		return l.airspace(st)
	}
	for _, id := range l.ids {
		if s, ok := st.Intent.Sight(id, who); ok {
			l.sights = append(l.sights, s)
		}
	}
	l.airspaceByID(st)
	return nil
}

// form makes exhibits of it, by id.
func (l *look) form() {
	l.found = make([]exhibit, 0, len(l.sights)+len(l.zones)+len(l.intents)+len(l.constraints))
	for i := range l.sights {
		if s := &l.sights[i]; l.ids == nil || s.Where == nil || l.near(s.Where) {
			l.intent(s)
		}
	}
	for _, z := range l.zones {
		l.zone(z)
	}
	for _, r := range l.reports {
		l.report(r)
	}
	for _, n := range l.sites {
		l.site(n)
	}
	for i := range l.intents {
		l.airspaceIntent(&l.intents[i])
	}
	for i := range l.constraints {
		l.airspaceConstraint(&l.constraints[i])
	}
	slices.SortFunc(l.found, func(a, b exhibit) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind)) })
}

// wants tells whether an id is asked for.
func (l *look) wants(id string) bool {
	if l.ids == nil {
		return true
	}
	_, ok := slices.BinarySearch(l.ids, id)
	return ok
}

// add takes an exhibit in, unless it is not asked for.
func (l *look) add(e *exhibit) {
	if l.shows(e) {
		e.Start, e.End = instant(e.startNS), instant(e.endNS)
		l.found = append(l.found, *e)
	}
}

// intentStates are the states of intents as F3548-21 spells those that it has.
var intentStates = map[domain.Phase]string{
	domain.Proposed: "Proposed", domain.Accepted: "Accepted", domain.Activated: "Activated", domain.GivesWay: "Displaced",
	domain.Nonconforming: "Nonconforming", domain.Contingent: "Contingent",
}

func (l *look) intent(s *domain.Sight) {
	e := &exhibit{
		item: item{
			ID: s.ID, Kind: itemIntent, Party: string(s.Owner), Own: s.Own, Native: true, State: intentStates[s.State], Name: s.Alias, Version: s.Version,
			Rank: s.Rank, AircraftKind: s.AircraftKind, Since: s.Since, Shown: shownExact, Grade: string(s.Grade), UnderReview: s.UnderReview,
			Notice: s.Notice, Verdicts: s.Verdicts, MoreVerdicts: s.MoreVerdicts,
			Enters: s.Enters, EntersPartly: s.EntersPartly,
		},
		startNS: int64(s.Start), endNS: int64(s.End), lasts: s.Lasts,
		where: s.Where, offVolume: s.OffVolume, offTrajectory: s.OffTrajectory,
	}
	switch {
	case s.Where == nil:
		e.Shown = shownWithheld
	case s.Coarse:
		e.Shown = shownCoarse
	}
	if s.Own {
		e.Token = s.Token
	}
	if s.Where != nil {
		e.key = s.Token
		if s.OffVolume < len(s.Where.Volumes) || s.OffTrajectory < len(s.Where.Trajectories) || s.State == domain.Nonconforming || s.State == domain.Contingent {
			e.key = fmt.Sprint(s.Token, len(s.Where.Volumes), len(s.Where.Trajectories), s.OffVolume, s.OffTrajectory)
		}
	}
	l.add(e)
}

func (l *look) zone(z *domain.ZoneRecord) {
	if z.State == domain.ZoneOver || !l.wants(z.ID) || !l.near(z.Entity()) {
		return
	}
	e := &exhibit{
		item: item{
			ID: z.ID, Kind: itemZone, Party: string(z.Owner), Own: z.Owner == l.c.who.Party, Native: true, State: string(z.State), Name: z.Name,
			Version: z.Version, Type: z.Kind, Shown: shownExact,
		},
		key: z.Token,
	}
	if e.Own {
		e.Token = z.Token
	}
	e.in(z.Entity())
	l.add(e)
}

// in places an exhibit where an entity is, for as long as that is there.
func (e *exhibit) in(where *volume.Entity) {
	e.where, e.offVolume, e.offTrajectory = where, len(where.Volumes), len(where.Trajectories)
	e.startNS, e.endNS = volume.ForeverNS, volume.AlwaysNS
	for i := range where.Volumes {
		w := where.Volumes[i].Window
		e.startNS, e.endNS = min(e.startNS, w.StartNS), max(e.endNS, w.EndNS)
	}
	for _, t := range where.Trajectories {
		w := t.Window()
		e.startNS, e.endNS = min(e.startNS, w.StartNS), max(e.endNS, w.EndNS)
	}
}

func (l *look) report(r domain.Rumour) {
	if !l.wants(r.ID) || !l.near(r.Where) {
		return
	}
	e := &exhibit{
		item: item{
			ID: r.ID, Kind: itemReport, Party: string(r.By), Own: r.By == l.c.who.Party, Native: true, State: "reported", Name: r.About,
			Version: 1, Shown: shownExact, Grade: r.Grade,
		},
		key: r.ID,
	}
	e.in(r.Where)
	e.endNS = int64(r.Until)
	l.add(e)
}

// site adds a protected site of the caller's own. Of others' there is no list.
func (l *look) site(n *notice.Notice) {
	if !l.wants(n.ID) || n.Content == nil {
		return
	}
	where := n.Site()
	if where == nil || !l.near(where) {
		return
	}
	e := &exhibit{item: item{
		ID: n.ID, Kind: itemSite, Party: string(n.Notifier), Own: true, Native: true, State: string(n.Standing), Name: n.Content.Name,
		Version: n.Version, Type: string(n.Content.Kind), Shown: shownExact,
	}}
	e.in(where)
	l.add(e)
}

func (l *look) airspaceIntent(v *seenIntent) {
	e := &exhibit{
		item:    item{ID: v.ID.String(), Kind: itemIntent, Party: string(v.Manager), State: v.State.String(), Version: int64(v.Version)},
		startNS: v.StartNS, endNS: v.EndNS, lasts: v.State != airspace.Accepted,
	}
	e.outlined(v.Manager == l.c.who.Party, v.OVN, v.outline)
	l.add(e)
}

func (l *look) airspaceConstraint(v *seenConstraint) {
	e := &exhibit{
		item:    item{ID: v.ID.String(), Kind: itemConstraint, Party: string(v.Manager), Version: int64(v.Version)},
		startNS: v.StartNS, endNS: v.EndNS,
	}
	e.outlined(v.Manager == l.c.who.Party, v.OVN, v.outline)
	l.add(e)
}

// outlined shows what is of the airspace: the caller's own as the coarse outline
// that is kept of it, others' as a reference.
func (e *exhibit) outlined(own bool, ovn string, o []outline.Volume) {
	e.Own, e.Shown = own, shownWithheld
	if own {
		e.Token, e.Shown, e.outline, e.key = ovn, shownOutline, o, "airspace "+ovn
	}
}

// seeIntent takes an intent of the airspace in, if the caller may see that it is
// there, unless it is a native one that is shown as such.
func (l *look) seeIntent(st *world.State, v airspace.IntentView) {
	who := &l.c.who
	own := v.Manager == who.Party
	if !own && !who.HasAny(intentScopes...) || st.Intent.Visible(v.ID.String(), who.Party) {
		return
	}
	seen := seenIntent{IntentView: v}
	if own {
		seen.outline = st.Airspace.Outline(airspace.IntentKind, v.ID)
	}
	l.intents = append(l.intents, seen)
}

func (l *look) seeConstraint(st *world.State, v airspace.ConstraintView) {
	who := &l.c.who
	own := v.Manager == who.Party
	if !own && !who.HasAny(constraintScopes...) {
		return
	}
	seen := seenConstraint{ConstraintView: v}
	if own {
		seen.outline = st.Airspace.Outline(airspace.ConstraintKind, v.ID)
	}
	l.constraints = append(l.constraints, seen)
}

// airspaceByID looks the ids up in the airspace.
func (l *look) airspaceByID(st *world.State) {
	for _, text := range l.ids {
		id, err := airspace.ParseID(text)
		if err != nil {
			continue // an id of another kind
		}
		if v, ok := st.Airspace.Intent(id); ok {
			l.seeIntent(st, v)
		}
		if v, ok := st.Airspace.Constraint(id); ok {
			l.seeConstraint(st, v)
		}
	}
}

// airspace looks at all of the airspace, or at what is in the box.
func (l *look) airspace(st *world.State) error {
	air := st.Airspace
	if l.box != nil {
		for _, v := range air.IntentsAfter(l.area, airspace.ID{}, MaxPictureItems+1) {
			l.seeIntent(st, v)
		}
		for _, v := range air.ConstraintsAfter(l.area, airspace.ID{}, MaxPictureItems+1) {
			l.seeConstraint(st, v)
		}
		return nil
	}
	if n := air.Counts(); n.Intents+n.Constraints > maxPictureScan {
		return TooLarge.With(fmt.Sprintf("found %d intents and constraints in the airspace, expected at most %d for a picture of everywhere: ask for a bbox",
			n.Intents+n.Constraints, maxPictureScan))
	}
	air.EachIntent(func(v airspace.IntentView) bool {
		l.seeIntent(st, v)
		return len(l.intents) <= MaxPictureItems
	})
	air.EachConstraint(func(v airspace.ConstraintView) bool {
		l.seeConstraint(st, v)
		return len(l.constraints) <= MaxPictureItems
	})
	return nil
}
