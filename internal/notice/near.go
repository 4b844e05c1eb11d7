package notice

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// site is where the people of a notice are: its footprint, and the roads of a
// movement on the ground or on water, grown by the errors of its positions.
// What flies is an intent, not a site.
type site struct {
	all     *volume.Entity // without floor and ceiling
	asked   *volume.Entity // between those that the notifier asked for; nil: none
	askedMM int64          // radius asked for
	reachMM int64          // that the extents allow for
	extents []volume.Extent
}

// siteReachMM is the radius that the extents of a site allow for at least.
const siteReachMM = 10_000_000

// newSite returns the site of a content, or nil when it has none.
func newSite(c *Content) *site {
	if c == nil {
		return nil
	}
	until := c.ValidTo
	if until == 0 {
		until = volume.ForeverNS
	}
	var shape declared.Shape
	if c.Footprint != nil {
		shape.Volumes = append(shape.Volumes, declared.Volume{Footprint: *c.Footprint, Start: c.ValidFrom, End: until, HErrorMM: c.ErrorMM})
	}
	if c.Way != nil && c.Way.Means != "air" {
		for i := range c.Way.Routes {
			shape.Volumes = append(shape.Volumes, road(&c.Way.Routes[i]))
		}
	}
	if len(shape.Volumes) == 0 {
		return nil
	}
	s := &site{reachMM: siteReachMM}
	var err error
	if s.all, err = shape.Entity(siteLabel); err != nil {
		return nil // a check has refused it
	}
	if p := c.Protect; p != nil {
		s.askedMM = p.RadiusMM
		s.reachMM = max(s.reachMM, p.RadiusMM)
		for i := range shape.Volumes {
			shape.Volumes[i].Lower, shape.Volumes[i].Upper = p.Floor, p.Ceiling
		}
		if asked, err := shape.Entity(siteLabel); err == nil {
			s.asked = asked
		}
	}
	for i := range s.all.Volumes {
		// Each extent takes half of a margin that the other side does not.
		s.extents = s.all.Volumes[i].Extents(s.extents, volume.Need{LateralMM: 2 * s.reachMM})
	}
	return s
}

var siteLabel = declared.Label{ID: "protected site", Kind: volume.Constraint, Type: "advisory"}

// road returns where something that keeps to a way may be, at any time of it.
func road(t *declared.Trajectory) declared.Volume {
	line := make([]declared.Point, len(t.Points))
	for i, p := range t.Points {
		line[i] = declared.Point{LatE9: p.LatE9, LngE9: p.LngE9}
	}
	return declared.Volume{
		Footprint: declared.Footprint{Corridor: &declared.Corridor{Line: line, HalfWidthMM: max(t.HalfWidthMM, minExtentMM)}},
		Start:     t.Points[0].At, End: t.Points[len(t.Points)-1].At, TErrorNS: t.TErrorNS,
	}
}

// Met is a site that an intent comes too near to.
type Met struct {
	Notice   string   `json:"notice"`
	Notifier party.ID `json:"notifier"`
	Name     string   `json:"name"`
	Version  int64    `json:"version"` // that the party was sent last
	// Acknowledged is set when a person of the party has read that version.
	Acknowledged bool `json:"acknowledged"`
	// Loaded is set when all of the party's cells have it in planning.
	Loaded bool `json:"loaded"`
	// Rule is set when the site itself, or the distance that a rule keeps, is
	// entered; otherwise only the distance that the notifier asked for is.
	Rule bool `json:"rule"`
	// InQuestion is set when a newer version is being checked.
	InQuestion bool `json:"in_question,omitempty"`
}

// SitesNear returns the sites known to a party that an entity comes too near to,
// by notice. What cannot be compared counts as too near.
func (st *State) SitesNear(to party.ID, e *volume.Entity, rule terms.Sites) []Met {
	var near []volume.Extent
	for i := range e.Volumes {
		near = e.Volumes[i].Extents(near, volume.Need{})
	}
	for _, t := range e.Trajectories {
		for i := range t.Legs() {
			near = t.LegExtents(near, i, volume.Need{})
		}
	}
	var out []Met
	for id, s := range st.sites {
		n := st.notices[id]
		r := n.recipient(to)
		if r == nil || !r.active() || rule.RadiusMM <= s.reachMM && !meet(s.extents, near) {
			continue
		}
		ruled := tooNear(s.under(rule), e, rule.RadiusMM)
		if !ruled && (s.asked == nil || !tooNear(s.asked, e, s.askedMM)) {
			continue
		}
		out = append(out, Met{
			Notice: id, Notifier: n.Notifier, Name: n.told().Name, Version: r.Version,
			Acknowledged: r.Has(Read), Loaded: r.Has(Loaded), Rule: ruled, InQuestion: n.Standing == Held,
		})
	}
	slices.SortFunc(out, func(a, b Met) int { return cmp.Compare(a.Notice, b.Notice) })
	return out
}

// under returns the site below the ceiling of a rule.
func (s *site) under(rule terms.Sites) *volume.Entity {
	if rule.Ceiling == nil {
		return s.all
	}
	ceiling, err := rule.Ceiling.Convert()
	if err != nil {
		return s.all
	}
	e := *s.all
	e.Volumes = slices.Clone(e.Volumes)
	for i := range e.Volumes {
		v := &e.Volumes[i]
		top, err := ceiling.ToW84(v.Footprint.Vertices()[0], geodesy.Datum{})
		if err != nil {
			return s.all
		}
		v.Band.UpperMM = top.MM + top.ErrorMM
	}
	return &e
}

func tooNear(s, e *volume.Entity, radiusMM int64) bool {
	near, err := conflict.Decide(s, e, conflict.Minima{LateralMM: radiusMM})
	return err != nil || near
}

func meet(a, b []volume.Extent) bool {
	for i := range a {
		box := conflict.Box(a[i])
		for k := range b {
			if box.Overlaps(conflict.Box(b[k])) {
				return true
			}
		}
	}
	return false
}

// Bounds of a question for sites near a point: there is no way to list them in
// bulk.
const (
	MaxNearMM = 50 * 1_852_000 // radius: 50 NM
	MaxNear   = 16             // sites in an answer
)

// Near returns what a party may see of the sites within a radius of a point,
// nearest first. It refuses to answer about more than MaxNear sites or a radius
// above MaxNearMM: who plans a flight needs few, who wants all of them is not
// planning a flight. Its error is a *event.Refusal.
func (st *State) Near(to party.ID, centre declared.Point, radiusMM int64) ([]*Shown, error) {
	if _, err := centre.LatLng(); err != nil {
		return nil, event.Refuse(event.Invalid, "centre: %v", err)
	}
	if radiusMM < 1 || radiusMM > MaxNearMM {
		return nil, event.Refuse(event.Invalid, "radius_mm: found %d, expected 1 to %d", radiusMM, int64(MaxNearMM))
	}
	circle := declared.Shape{Volumes: []declared.Volume{{
		Footprint: declared.Footprint{Circle: &declared.Circle{Centre: centre, RadiusMM: radiusMM}},
		Start:     volume.AlwaysNS, End: volume.ForeverNS,
	}}}
	area, err := circle.Entity(declared.Label{ID: "area"})
	if err != nil {
		return nil, event.Refuse(event.Invalid, "area: %v", err)
	}
	type found struct {
		id string
		mm int64
	}
	var all []found
	for id, s := range st.sites {
		n := st.notices[id]
		if r := n.recipient(to); n.Notifier != to && (r == nil || !r.active()) || !tooNear(s.all, area, 0) {
			continue
		}
		at := s.all.Volumes[0].Footprint.Vertices()[0]
		all = append(all, found{id, distanceMM(centre, declared.PointOf(at))})
	}
	if len(all) > MaxNear {
		return nil, event.Refuse(event.Invalid, "found more than %d sites, expected an area with fewer", MaxNear)
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Or(cmp.Compare(a.mm, b.mm), cmp.Compare(a.id, b.id)) })
	out := make([]*Shown, 0, len(all))
	for _, f := range all {
		s, err := st.Show(f.id, to)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// Own returns a party's own notices that are not over, by id. They must not be
// changed.
func (st *State) Own(by party.ID) []*Notice {
	var all []*Notice
	for _, n := range st.notices {
		if n.Notifier == by && n.Standing != Over {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b *Notice) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Site returns where the people of a notice are, as its newest version says it;
// nil when it does not say.
func (n *Notice) Site() *volume.Entity {
	if s := newSite(n.Content); s != nil {
		return s.all
	}
	return nil
}

// Flight returns what conflicts are computed with for a movement by air that was
// told: its trajectories, as an intent of the notifier. False: it has none.
func (n *Notice) Flight() (declared.Shape, bool) {
	c := n.told()
	if n.Standing == Over || c == nil || c.Way == nil || c.Way.Means != "air" {
		return declared.Shape{}, false
	}
	return declared.Shape{Trajectories: c.Way.Routes}, true
}
