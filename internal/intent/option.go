package intent

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// Obstacle is something that an intent has to keep clear of, as its owner may
// search for a way round it.
type Obstacle struct {
	Against string // AgainstIntent or AgainstZone
	ID      string
	Version int64
	Party   party.ID
	// Entity is where it is, under an id of its own. Of an intent that the owner
	// is not shown it is all places within reach, for as long as that intent
	// lasts.
	Entity   *volume.Entity
	Minima   conflict.Minima
	Enter    bool // allowed, if on a condition
	Withheld bool // the owner is not shown where it is
}

// Ground is what a search for options of an intent goes by.
type Ground struct {
	Intent    *Intent
	Entity    *volume.Entity
	Verdicts  []Verdict // of the intent as it stands, against others and zones
	Obstacles []Obstacle
}

// Ground returns what an intent of a party has to keep clear of, within a reach.
// Others that the party is not shown are among it only if the intent as it stands
// is in conflict with them, which its owner is told anyway: a search must not
// find out what verdicts do not say. Its error is a *event.Refusal.
func (st *State) Ground(id string, by party.ID, reach volume.Need, v View, nowNS int64) (*Ground, error) {
	r := st.intents[id]
	switch {
	case r == nil || r.Owner != by:
		return nil, event.Refuse(event.NotFound, "found no intent %q of the party", clip(id))
	case r.State.over() || r.State.offNominal():
		return nil, event.Refuse(event.NotNow, "the intent is %s: options are for what is still to be flown as declared", r.State)
	}
	h := st.rehearsal(r, &r.Plan, v, nowNS)
	h.hidden = nil // what it is in conflict with as it stands is known
	return st.ground(r, h, reach), nil
}

// ground returns what an intent, heard as h, has to keep clear of.
func (st *State) ground(r *Intent, h *hearing, reach volume.Need) *Ground {
	by := r.Owner
	for _, o := range h.near() {
		h.againstIntent(o)
	}
	h.againstZones()
	g := &Ground{Intent: r, Entity: r.Decided.entity(r.Token), Verdicts: h.verdicts}
	reach.LateralMM, reach.VerticalMM, reach.TimeNS = reach.LateralMM+widestNeed.LateralMM/100, reach.VerticalMM+widestNeed.VerticalMM/100, reach.TimeNS+3600e9
	for _, o := range st.near(h.entity, reach, func(o *Intent) bool { return o.Owner != by && o.State != Proposed }) {
		if o.State == GivesWay && !o.Airborne {
			continue // it has to go elsewhere before it may fly
		}
		x := Obstacle{Against: AgainstIntent, ID: o.ID, Version: o.Version, Party: o.Owner, Entity: o.entity, Minima: h.strictest(o)}
		if !h.shownWhere(o) {
			if !slices.ContainsFunc(h.verdicts, func(v Verdict) bool { return v.Against == AgainstIntent && v.ID == o.ID }) {
				continue
			}
			x.Withheld, x.Entity = true, throughout(h.entity, o)
			x.Minima = conflict.Minima{TimeNS: x.Minima.TimeNS, Source: x.Minima.Source}
		}
		if x.Entity != nil {
			g.Obstacles = append(g.Obstacles, x)
		}
	}
	for _, a := range h.areas4D() {
		outcome := h.zoneOutcome(&a, int64(r.Start))
		if a.draft {
			continue
		}
		e := *a.entity
		e.ID = "zone " + string(a.owner) + " " + a.name + " " + a.id
		g.Obstacles = append(g.Obstacles, Obstacle{
			Against: AgainstZone, ID: cmp.Or(a.id, a.name), Version: a.version, Party: a.owner, Entity: &e, Enter: outcome != EntryBarred,
		})
	}
	return g
}

// rehearsal is a hearing of a plan that is not decided: of what the owner is
// shown alone.
func (st *State) rehearsal(r *Intent, plan *Plan, v View, nowNS int64) *hearing {
	own := r.Decided
	own.Plan, own.Verdicts = *plan, nil
	own.Start, own.End = own.Shape.Window()
	h := st.hear(&v, nowNS, &own, r)
	h.again = own.Anew
	h.hidden = func(o *Intent) bool { return !h.shownWhere(o) }
	return h
}

// Rehearse judges an intent as it would be with another plan, against what its
// owner is shown, and returns the tokens that the change has to name. Blocked, it
// would be refused. Against what the owner is not shown only the change itself
// is judged. Its error is a *event.Refusal.
func (st *State) Rehearse(id string, by party.ID, plan *Plan, v View, nowNS int64) (verdicts []Verdict, readSet []string, blocked bool, err error) {
	r := st.intents[id]
	if r == nil || r.Owner != by || r.State.over() {
		return nil, nil, false, event.Refuse(event.NotFound, "found no intent %q of the party", clip(id))
	}
	h := st.rehearsal(r, plan, v, nowNS)
	outlines, err := outlinesOf(h.entity)
	if err != nil {
		return nil, nil, false, event.Refuse(event.Invalid, "%v", err)
	}
	h.judge(outlines)
	return h.verdicts, h.tokens(), h.blocked, nil
}

// strictest returns what holds towards another intent: of all that is agreed,
// and in force, for the two kinds of craft, the most in each dimension.
func (h *hearing) strictest(o *Intent) conflict.Minima {
	r := h.rulesWith(o.Owner)
	percent := h.percent(r, o)
	strictest, agreed := conflict.Minima{}, false
	for i := range r.Minima {
		m := &r.Minima[i]
		if m.Suspended || !m.Covers(h.own.AircraftKind, o.AircraftKind) || m.Area != nil && !h.inside(m.Area, h.entity) && !h.inside(m.Area, o.entity) {
			continue
		}
		w := m.Widened(percent)
		if !agreed {
			strictest, agreed = w, true
			continue
		}
		strictest.LateralMM, strictest.VerticalMM = max(strictest.LateralMM, w.LateralMM), max(strictest.VerticalMM, w.VerticalMM)
		strictest.TimeNS = max(strictest.TimeNS, w.TimeNS)
	}
	if !agreed {
		return noRuleMinima(h.entity, o.entity)
	}
	return strictest
}

// everywhereMM is the radius of all places within reach of a plan.
const everywhereMM = 1_000_000_000

// throughout is all places within reach of a plan, for as long as an intent
// lasts: what a party knows of one that it is not shown. It is told the window
// with the reference, see release.Minimum.
func throughout(own *volume.Entity, o *Intent) *volume.Entity {
	var f *volume.Footprint
	var err error
	switch {
	case len(own.Volumes) > 0:
		f, err = volume.NewCircle(own.Volumes[0].Footprint.Vertices()[0], everywhereMM)
	case len(own.Trajectories) > 0:
		f, err = volume.NewCircle(own.Trajectories[0].Waypoints()[0].At, everywhereMM)
	}
	if f == nil || err != nil {
		return nil
	}
	return &volume.Entity{
		ID: o.ID, Version: statement.Instant(o.Start).String(), Party: string(o.Owner), Kind: volume.Intent,
		Volumes: []volume.Volume4D{{
			Footprint: f, Band: volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM},
			Window: volume.Window{StartNS: int64(o.Start), EndNS: int64(o.End)},
		}},
	}
}
