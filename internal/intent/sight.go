package intent

import (
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/index"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// Sight is what of an intent can be drawn for a party: what the party is not
// shown is not in it.
type Sight struct {
	ID         string
	Version    int64
	Owner      party.ID
	Own        bool
	State      Phase
	Start, End statement.Instant
	Since      statement.Instant
	Lasts      bool // until somebody ends it, whatever its declared end
	Coarse     bool // declared larger than it is

	Alias, AircraftKind, Rank string // empty: none, or not shown

	// Where is where and when it is, nil when the party is not shown that. It
	// must not be changed. From the volume OffVolume and the trajectory
	// OffTrajectory on, it is where a craft that does not conform is or may be.
	Where         *volume.Entity
	OffVolume     int
	OffTrajectory int
	Token         string // of the version: it stands for what is drawn too
	Grade         terms.Grade
	Notice        terms.Class
	UnderReview   bool
	Verdicts      []Verdict // for the owner alone
	MoreVerdicts  int64     // beyond these
	Enters        []Entry   // zones of the party, when it is another's intent
	EntersPartly  bool      // and more, for all that is known: not all could be judged
}

// Sight returns what of an intent can be drawn for a party, false when it sees
// nothing of it, or it is over.
func (st *State) Sight(id string, to party.ID) (Sight, bool) {
	r := st.intents[id]
	if r == nil || r.State.over() || !r.shows(to, "id") {
		return Sight{}, false
	}
	return st.sight(r, to), true
}

// Visible tells whether a party sees anything of an intent, over or not.
func (st *State) Visible(id string, to party.ID) bool {
	r := st.intents[id]
	return r != nil && r.shows(to, "id")
}

// ShownWhere tells whether a party is shown where an intent is that is not over.
func (st *State) ShownWhere(id string, to party.ID) bool {
	r := st.intents[id]
	return r != nil && !r.State.over() && r.shows(to, "volumes")
}

// Sights returns what can be drawn for a party, in no order. With extents, only
// what may be within one of them; of what the party is not shown where it is,
// that must not tell, so all of that is there.
func (st *State) Sights(to party.ID, within []volume.Extent) []Sight {
	boxes := make([]index.Box, len(within))
	for i, x := range within {
		boxes[i] = conflict.Box(x)
	}
	all := make([]Sight, 0, len(st.intents))
	for _, r := range st.intents {
		if r.State.over() || !r.shows(to, "id") {
			continue
		}
		s := st.sight(r, to)
		met := func(b index.Box) bool { return slices.ContainsFunc(boxes, b.Overlaps) }
		if len(boxes) == 0 || s.Where == nil || slices.ContainsFunc(r.boxes, met) {
			all = append(all, s)
		}
	}
	return all
}

func (st *State) sight(r *Intent, to party.ID) Sight {
	s := Sight{
		ID: r.ID, Version: r.Version, Owner: r.Owner, Own: r.Owner == to, State: r.State, Start: r.Start, End: r.End, Since: r.Since,
		Lasts: r.Airborne || r.State.offNominal(), Coarse: r.Coarse, Token: r.Token, UnderReview: r.Review != "",
	}
	s.Grade, _ = st.Grade(r, to)
	for _, x := range r.Receipts {
		if x.Party == to {
			s.Notice = x.Class
		}
	}
	if s.Own {
		s.Verdicts, s.MoreVerdicts = r.Verdicts, r.More
	}
	s.Enters, s.EntersPartly = r.entries(to)
	if r.shows(to, "alias") {
		s.Alias = r.Alias
	}
	if r.shows(to, "aircraft_kind") {
		s.AircraftKind = r.AircraftKind
	}
	if r.shows(to, "priority") {
		s.Rank = r.Priority.Rank
	}
	s.Where, s.OffVolume, s.OffTrajectory = r.where(r.shows(to, "volumes"), r.shows(to, "off_nominal"))
	return s
}

// where returns what a party is shown of where the intent is, and the numbers of
// the volume and the trajectory from which on it is off nominal.
func (r *Intent) where(declared, aside bool) (e *volume.Entity, volumes, trajectories int) {
	e, volumes, trajectories = r.entity, min(len(r.Volumes), len(r.entity.Volumes)), min(len(r.Trajectories), len(r.entity.Trajectories))
	off := r.State.offNominal() && r.OffNominal != nil
	switch {
	case declared && (aside || !off):
		return e, volumes, trajectories
	case declared:
		return &volume.Entity{ID: e.ID, Volumes: e.Volumes[:volumes], Trajectories: e.Trajectories[:trajectories]}, volumes, trajectories
	case off && aside:
		return &volume.Entity{ID: e.ID, Volumes: e.Volumes[volumes:], Trajectories: e.Trajectories[trajectories:]}, 0, 0
	}
	return nil, 0, 0
}

// Rumour is a report with where and when it says that somebody is.
type Rumour struct {
	*Reported
	Where *volume.Entity
}

// Reports are those that a party made or is told of, and that still hold, by id.
// They must not be changed.
func (st *State) Reports(to party.ID, nowNS int64) []Rumour {
	var all []Rumour
	for _, id := range slices.Sorted(maps.Keys(st.reports)) {
		if r := st.reports[id]; int64(r.Until) > nowNS && (r.By == to || slices.Contains(r.To, to)) {
			all = append(all, Rumour{&r.Reported, r.entity})
		}
	}
	return all
}

// Entity returns where and when the zone is. It must not be changed.
func (r *ZoneRecord) Entity() *volume.Entity { return r.entity }
