package intent

import (
	"cmp"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// ZoneState is how a zone stands.
type ZoneState string

// States of a zone.
const (
	ZoneDraft ZoneState = "draft" // known, binds nobody yet
	ZoneLive  ZoneState = "active"
	ZoneOver  ZoneState = "cancelled"
)

// entity places a zone.
func (z *Zone) entity(id string, owner party.ID) *volume.Entity {
	shape := declared.Shape{Volumes: z.Volumes}
	e, err := shape.Entity(declared.Label{ID: id, Party: string(owner), Name: z.Name, Kind: volume.Constraint, Type: z.Kind})
	if err != nil {
		return &volume.Entity{ID: id, Party: string(owner), Kind: volume.Constraint, Type: z.Kind}
	}
	return e
}

// coverageVolume returns an area between two altitudes at all times, nil when
// it cannot be placed.
func coverageVolume(c *terms.Coverage) *volume.Volume4D {
	return always(declared.Footprint{Polygon: c.Polygon}, c.Lower, c.Upper)
}

// always returns a footprint between two altitudes at all times.
func always(f declared.Footprint, lower, upper *declared.Altitude) *volume.Volume4D {
	shape := declared.Shape{Volumes: []declared.Volume{{Footprint: f, Lower: lower, Upper: upper, Start: 0, End: 1}}}
	e, err := shape.Entity(declared.Label{ID: "area", Kind: volume.Constraint, Type: Advisory})
	if err != nil {
		return nil
	}
	v := &e.Volumes[0]
	v.Window = volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	return v
}

// area is a zone as it holds for the owner of an intent.
type area struct {
	id, name string
	version  int64
	kind     string
	owner    party.ID
	source   terms.Source
	leadNS   int64
	exempt   []string
	agreed   bool // both sides agreed that it binds
	draft    bool
	entity   *volume.Entity
	record   *ZoneRecord // nil for one that stands in the agreement
}

// againstZones judges the intent against the zones of others. A zone that an
// agreement names binds. When its owner declares a zone of that name, the
// declared one says where and when it holds. What is declared and not agreed is
// shown as its owner's claim, and binds nobody: no party makes law for another.
func (h *hearing) againstZones() {
	for _, a := range h.areas4D() {
		if h.work += pairs(h.entity, a.entity); h.work > maxWork {
			h.add(Verdict{Against: AgainstZone, ID: cmp.Or(a.id, a.name), Party: a.owner, Outcome: TooMuch})
			return
		}
		meets, err := conflict.Decide(h.entity, a.entity, conflict.Minima{})
		if err != nil || !meets {
			continue
		}
		found, err := conflict.Judge(h.entity, a.entity, conflict.Minima{})
		if err != nil {
			continue
		}
		v := Verdict{Against: AgainstZone, ID: cmp.Or(a.id, a.name), Version: a.version, Party: a.owner, Source: a.source}
		v.Measure, v.From, v.To = measureOf(&found)
		if v.Outcome = h.zoneOutcome(&a, int64(v.From)); v.Outcome == EntryBarred && h.leaves(&v) {
			v.Outcome = Leaving
		}
		if a.record != nil {
			h.zones = append(h.zones, a.record)
		}
		h.add(v)
	}
}

// leaves tells whether a craft in the air leaves a zone that bars its entry
// sooner than by the version before. It is inside: a way out that is refused
// would keep it there.
func (h *hearing) leaves(v *Verdict) bool {
	i := slices.IndexFunc(h.before, func(b Verdict) bool { return b.Against == AgainstZone && b.ID == v.ID })
	if i < 0 || !h.own.Airborne {
		return false
	}
	b := &h.before[i]
	inside := int64(v.From) <= h.nowNS
	return b.Outcome == Leaving && v.To <= b.To || b.Outcome == EntryBarred && h.leads && inside && v.To < b.To
}

func (h *hearing) zoneOutcome(a *area, fromNS int64) Outcome {
	switch {
	case a.draft:
		return AdvisoryOnly
	case !a.agreed:
		return Unilateral
	}
	switch a.kind {
	case NoEntry:
		if slices.Contains(a.exempt, h.own.Priority.Rank) {
			return ContactNeeded
		}
		return EntryBarred
	case EntryWithContact:
		return ContactNeeded
	case CallFirst:
		if h.nowNS > fromNS-a.leadNS {
			return CallLate
		}
		return CallNeeded
	}
	return AdvisoryOnly
}

// areas4D returns the zones of others that hold for the owner, by owner and name.
func (h *hearing) areas4D() []area {
	type key struct {
		owner party.ID
		name  string
	}
	agreed := map[key]terms.Zone{}
	for _, p := range h.others() {
		for _, z := range h.rulesWith(p).Zones {
			if z.Owner != h.own.Owner {
				agreed[key{z.Owner, z.Name}] = z
			}
		}
	}
	var all []area
	for _, id := range slices.Sorted(maps.Keys(h.st.zones)) {
		r := h.st.zones[id]
		if r.State == ZoneOver {
			delete(agreed, key{r.Owner, r.Name})
			continue
		}
		if r.Owner == h.own.Owner || r.entity == nil {
			continue
		}
		a := area{
			id: r.ID, name: r.Name, version: r.Version, kind: r.Kind, owner: r.Owner, leadNS: r.LeadNS,
			draft: r.State == ZoneDraft, entity: r.entity, record: r,
		}
		if z, ok := agreed[key{r.Owner, r.Name}]; ok && z.Type == r.Kind {
			a.agreed, a.source, a.exempt, a.leadNS = true, z.Source, z.Exempt, max(z.LeadNS, r.LeadNS)
		}
		all = append(all, a)
	}
	for _, a := range all {
		delete(agreed, key{a.owner, a.name})
	}
	for k, z := range agreed {
		v := h.agreedVolume(&z)
		if v == nil {
			continue
		}
		all = append(all, area{
			name: z.Name, kind: z.Type, owner: k.owner, source: z.Source, leadNS: z.LeadNS, exempt: z.Exempt, agreed: true,
			entity: &volume.Entity{ID: "zone " + z.Name, Party: string(z.Owner), Name: z.Name, Kind: volume.Constraint, Type: z.Type, Volumes: []volume.Volume4D{*v}},
		})
	}
	slices.SortFunc(all, func(a, b area) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
	})
	return all
}

// agreedVolume places a zone of an agreement that the intent is over or under;
// nil for any other. To place heights above the sea takes longer than that.
func (h *hearing) agreedVolume(z *terms.Zone) *volume.Volume4D {
	ground := always(z.Footprint, nil, nil)
	if ground == nil {
		return nil
	}
	meets, err := conflict.Decide(h.entity, &volume.Entity{ID: "ground", Kind: volume.Constraint, Volumes: []volume.Volume4D{*ground}}, conflict.Minima{})
	if err == nil && !meets {
		return nil
	}
	return always(z.Footprint, z.Lower, z.Upper)
}

// others returns the parties that there may be rules with, by id.
func (h *hearing) others() []party.ID {
	seen := map[party.ID]bool{}
	for p := range h.st.owners {
		seen[p] = true
	}
	for _, z := range h.st.zones {
		seen[z.Owner] = true
	}
	if h.v.Registry != nil {
		for _, p := range h.v.Registry.Parties() {
			seen[p.ID] = true
		}
	}
	delete(seen, h.own.Owner)
	return slices.Sorted(maps.Keys(seen))
}

// againstLines judges the intent against the dividing lines of its owner.
func (h *hearing) againstLines() {
	type key struct {
		source terms.Source
		name   string
	}
	seen := map[key]bool{}
	for _, p := range h.others() {
		for _, l := range h.rulesWith(p).Lines {
			k := key{l.Source, l.Name}
			if seen[k] || l.Left != h.own.Owner && l.Right != h.own.Owner {
				continue
			}
			seen[k] = true
			h.againstLine(&l)
		}
	}
}

// againstLine tells a crossing that was declared in time from a breach to be.
// Neither keeps an intent from being accepted: a line is a promise, and what
// breaks it is to be known beforehand, not hidden.
func (h *hearing) againstLine(l *terms.Line) {
	verdict := Verdict{Against: AgainstLine, ID: l.Name, Party: l.Right, Source: l.Source}
	if l.Right == h.own.Owner {
		verdict.Party = l.Left
	}
	told := slices.ContainsFunc(h.own.Crossings, func(c Crossing) bool { return c.Line == l.Name })
	worst, nearestMM := terms.OwnSide, int64(-1)
	reach := func(f *volume.Footprint, bufferMM int64) {
		standing, distanceMM := l.Reach(h.own.Owner, f)
		if distanceMM = max(0, distanceMM-bufferMM); standing == terms.OwnSide && distanceMM < l.BufferMM {
			standing = terms.InBuffer
		}
		if standing == terms.OtherSide || worst == terms.OwnSide {
			worst = standing
		}
		if nearestMM < 0 || distanceMM < nearestMM {
			nearestMM = distanceMM
		}
	}
	for i := range h.entity.Volumes {
		reach(h.entity.Volumes[i].Footprint, h.entity.Volumes[i].Buffers.LateralMM)
	}
	crossed := false
	for _, t := range h.entity.Trajectories {
		crossings := l.Crossings(t)
		for _, c := range crossings[:min(len(crossings), maxCrossings)] {
			crossed = true
			v := verdict
			v.From, v.To = statement.Instant(c.TimeNS), statement.Instant(c.TimeNS)
			p := declared.PointOf(c.At)
			v.Measure = &Measure{At: v.From, Place: &p}
			v.Outcome = h.crossing(l, &c)
			h.add(v)
		}
		if len(crossings) == 0 {
			if f := track(t); f != nil {
				reach(f, 0)
			}
		}
	}
	zero := nearestMM
	verdict.Measure = &Measure{}
	if nearestMM >= 0 {
		tenths := zero * 10
		verdict.Measure.HorizontalTenthMM = known(tenths)
	}
	switch {
	case worst == terms.OtherSide && !(crossed || told):
		verdict.Outcome = BeyondLine
		h.add(verdict)
	case worst == terms.InBuffer:
		verdict.Outcome = InsideBuffer
		h.add(verdict)
	}
}

// crossing compares a crossing that will be flown with those declared.
func (h *hearing) crossing(l *terms.Line, c *terms.Crossing) Outcome {
	same := h.rulesWith(cmp.Or(other(l, h.own.Owner), h.own.Owner)).ReadBack
	declaredSome := false
	for i := range h.own.Crossings {
		d := &h.own.Crossings[i]
		if d.Line != l.Name {
			continue
		}
		declaredSome = true
		at, err := d.At.LatLng()
		if err != nil || !closeBy(at, c.At, max(same.PositionMM, leastCrossingMM)) || apart(int64(d.Time), c.TimeNS) > max(same.TimeNS, leastCrossingNS) {
			continue
		}
		if c.TimeNS-h.nowNS < l.NoticeNS {
			return CrossLate
		}
		return CrossDeclared
	}
	if declaredSome {
		return CrossElsewhere
	}
	return CrossUnsaid
}

// A declared crossing is given in whole minutes and tenths of a minute of arc;
// closer than that nobody can be held to it.
const (
	leastCrossingMM = 1_852_000
	leastCrossingNS = 60e9
)

func other(l *terms.Line, p party.ID) party.ID {
	if l.Left == p {
		return l.Right
	}
	return l.Left
}

func apart(a, b int64) int64 { return max(a-b, b-a) }
