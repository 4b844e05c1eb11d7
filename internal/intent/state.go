package intent

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/index"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// Phase is the state of an intent: see the table in the package comment.
type Phase string

// States of an intent.
const (
	Proposed      Phase = "proposed"
	Accepted      Phase = "accepted"
	Activated     Phase = "activated"
	GivesWay      Phase = "displaced"
	Nonconforming Phase = "nonconforming"
	Contingent    Phase = "contingent"
	Ended         Phase = "ended"
	Withdrawn     Phase = "withdrawn"
)

// offNominal: the craft does not do what was declared.
func (p Phase) offNominal() bool { return p == Nonconforming || p == Contingent }

// over: nobody flies it any more.
func (p Phase) over() bool { return p == Ended || p == Withdrawn }

const (
	// lapseNS after its end an intent that nobody ended is closed: before package
	// airspace sweeps it (airspace.IntentKeptNS).
	lapseNS = airspace.IntentKeptNS / 2
	// keptNS is how long one that is over, or a report, can still be asked for.
	keptNS = 24 * int64(time.Hour)
)

// View is what intents need to know from elsewhere.
type View struct {
	Registry *registry.State
	// Airspace holds the operational intents of F3548-21.
	Airspace *airspace.State
	// BaseURL is where this node serves the details of its intents.
	BaseURL string
	// Rules are those in force between two parties, never nil.
	Rules func(a, b party.ID) *terms.Rules
	// Shown are the groups of an owner's intent that its matrix shows to a party,
	// in a state as package release names them.
	Shown func(owner, to party.ID, state string) []string
	// Silent tells that a party does not answer another.
	Silent func(of, to party.ID) bool
	// Uncovered tells that a member did not confirm its lead's agreements.
	Uncovered func(member party.ID) bool
	// Sites are the protected sites that an intent of a party meets.
	Sites func(e *volume.Entity, of party.ID) []Site
}

// Site is a protected site that an intent meets.
type Site struct {
	ID           string
	Version      int64
	Owner        party.ID // who gave notice
	Acknowledged bool     // by the party whose intent it is
}

// Intent is what is known of one. It is never changed, only replaced.
type Intent struct {
	Decided
	Since     statement.Instant `json:"since"` // of the state
	Index     int64             `json:"index"` // journal index of the version
	By        string            `json:"displaced_by,omitempty"`
	Receipts  []Receipt         `json:"receipts,omitempty"`  // by party
	Marks     []Seen            `json:"marks,omitempty"`     // as they came
	Review    string            `json:"review,omitempty"`    // why it is under review
	Successor string            `json:"successor,omitempty"` // took its place

	entity *volume.Entity // nil when over
	boxes  []index.Box
}

// Receipt is how far an intent got at a party.
type Receipt struct {
	Party    party.ID          `json:"party"`
	Received statement.Instant `json:"received"`
	Read     statement.Instant `json:"read,omitzero"`
	LeadNS   int64             `json:"lead_ns"`
	Class    terms.Class       `json:"class"`
}

// Seen is evidence of an intent.
type Seen struct {
	By      party.ID          `json:"by"`
	Kind    Mark              `json:"kind"`
	At      statement.Instant `json:"at"`
	Service bool              `json:"service,omitempty"`
}

// Doubt is a contradiction that people have not cleared.
type Doubt struct {
	Intent   string            `json:"intent"`
	By       party.ID          `json:"by"`
	At       statement.Instant `json:"at"`
	Reviewed []party.ID        `json:"reviewed,omitempty"`
}

// ZoneRecord is what is known of a zone.
type ZoneRecord struct {
	ZoneDecided
	entity *volume.Entity
}

// State is all that is known of intents and zones.
type State struct {
	intents map[string]*Intent
	zones   map[string]*ZoneRecord
	reports map[string]*report
	doubts  map[party.ID][]Doubt // by owner
	late    map[party.ID]int64   // notices that came late, by owner
	owners  map[party.ID]int     // intents that are not over, by owner
	closed  []string             // over, in the order of their end
	due     calendar

	boxes *index.Index[string] // nil in a Clone, which is not decided against often
}

// New returns a state in which nothing is known.
func New() *State {
	return &State{
		intents: map[string]*Intent{}, zones: map[string]*ZoneRecord{}, reports: map[string]*report{},
		doubts: map[party.ID][]Doubt{}, late: map[party.ID]int64{}, owners: map[party.ID]int{},
		boxes: index.New[string](),
	}
}

// Clone returns a state that stays as it is while this one goes on.
func (st *State) Clone() *State {
	return &State{
		intents: maps.Clone(st.intents), zones: maps.Clone(st.zones), reports: maps.Clone(st.reports),
		doubts: maps.Clone(st.doubts), late: maps.Clone(st.late), owners: maps.Clone(st.owners),
		closed: slices.Clone(st.closed), due: st.due.clone(),
	}
}

// Intent returns the record of an id, nil for none. It must not be changed.
func (st *State) Intent(id string) *Intent { return st.intents[id] }

// Flies reports whether a party has an intent that is not over.
func (st *State) Flies(owner party.ID) bool { return st.owners[owner] > 0 }

// Zone returns the record of a zone, nil for none. It must not be changed.
func (st *State) Zone(id string) *ZoneRecord { return st.zones[id] }

// Entity returns where and when the intent is, nil once it is over.
func (r *Intent) Entity() *volume.Entity { return r.entity }

// Apply changes the state by an event that was decided against it.
func (st *State) Apply(ev event.Event, at event.At) {
	switch e := ev.(type) {
	case *Decided:
		st.applyDecided(e, at)
	case *Displaced:
		st.change(e.ID, func(r *Intent) {
			r.State, r.By, r.Since = GivesWay, e.By, statement.Instant(at.NS)
		})
	case *Closed:
		st.applyClosed(e, at)
	case *Acknowledged:
		st.applyAcknowledged(e, at)
	case *Marked:
		st.applyMarked(e, at)
	case *Unsettled:
		for _, id := range e.IDs {
			st.change(id, func(r *Intent) { r.Review = e.Reason })
		}
	case *Reviewed:
		st.change(e.ID, func(r *Intent) {
			if r.State != e.State {
				r.State, r.Since = e.State, statement.Instant(at.NS)
			}
			r.Verdicts, r.More, r.NoRule, r.Anew, r.By, r.Review = e.Verdicts, e.More, e.NoRule, e.Anew, e.By, ""
		})
	case *Reported:
		st.applyReported(e, at)
	case *Undertaken:
		st.tell(e.ID, e.Party, func(t *Telling) { t.By, t.Until = e.By, e.Until })
	case *Told:
		st.tell(e.ID, e.Party, func(t *Telling) { t.By, t.Told = e.By, statement.Instant(at.NS) })
	case *Overdue:
		st.tell(e.ID, e.Party, func(t *Telling) { t.Overdue = true })
	case *ZoneDecided:
		st.applyZone(e)
	case *ZoneCancelled:
		if z := st.zones[e.ID]; z != nil {
			over := z.ZoneDecided
			over.State = ZoneOver
			st.fileZone(&over)
		}
	}
	st.forget(at.NS)
}

func (st *State) applyDecided(e *Decided, at event.At) {
	old := st.intents[e.ID]
	r := &Intent{Decided: *e, Since: statement.Instant(at.NS), Index: at.Index}
	if old != nil {
		r.Marks = old.Marks
		if old.State == e.State {
			r.Since = old.Since
		}
		if sameWhere(&old.Decided, e) {
			r.Receipts = old.Receipts
		}
	} else {
		st.owners[e.Owner]++
	}
	r.place()
	if e.Supersedes != "" && e.State != Proposed {
		st.change(e.Supersedes, func(s *Intent) {
			if s.Owner == e.Owner && s.ID != e.ID {
				s.Successor = e.ID
			}
		})
	}
	st.put(r)
}

// sameWhere tells that a version says the same of where and when as the one
// before, so that who read that one read this one. A corrected position needs a
// new acknowledgement.
func sameWhere(a, b *Decided) bool {
	return conflict.EntityDigest(a.entity("")) == conflict.EntityDigest(b.entity(""))
}

// entity places what was decided. It was checked then.
func (d *Decided) entity(version string) *volume.Entity {
	shape := d.Shape
	if d.State.offNominal() && d.OffNominal != nil {
		shape = joined(shape, *d.OffNominal)
	}
	e, err := shape.Entity(declared.Label{ID: d.ID, Version: version, Party: string(d.Owner), Name: d.Alias})
	if err != nil {
		return &volume.Entity{ID: d.ID, Party: string(d.Owner)}
	}
	return e
}

func joined(a, b declared.Shape) declared.Shape {
	return declared.Shape{
		Volumes:      slices.Concat(a.Volumes, b.Volumes),
		Trajectories: slices.Concat(a.Trajectories, b.Trajectories),
	}
}

// place makes what follows from the record.
func (r *Intent) place() {
	if r.State.over() {
		r.entity, r.boxes = nil, nil
		return
	}
	r.entity = r.Decided.entity(r.Token)
	r.boxes = boxesOf(r.entity, volume.Need{})
}

// maxBoxes is how many boxes an intent has in the index, or a few more. Of one
// with more parts each box covers several that follow each other.
const maxBoxes = 64

// boxesOf returns index boxes around an entity, grown by half of what is needed.
func boxesOf(e *volume.Entity, need volume.Need) []index.Box {
	n := len(e.Volumes)
	for _, t := range e.Trajectories {
		n += t.Legs()
	}
	g := gathered{each: (n + maxBoxes - 1) / maxBoxes}
	var buf [2]volume.Extent
	for i := range e.Volumes {
		g.add(e.Volumes[i].Extents(buf[:0], need))
	}
	for _, t := range e.Trajectories {
		t = cut(t, maxBoxes/n)
		for leg := range t.Legs() {
			g.add(t.LegExtents(buf[:0], leg, need))
		}
	}
	g.flush()
	return g.all
}

// cut returns a trajectory whose legs are cut into parts, for boxes only: the
// box around a long leg that runs aslant holds much that is nowhere near. The
// parts lie on the legs but for rounding, which the buffers are grown by.
func cut(t *volume.Trajectory, parts int) *volume.Trajectory {
	if parts < 2 {
		return t
	}
	const roundingMM = 10
	var fine []volume.Waypoint
	given := t.Waypoints()
	for i, w := range given[:len(given)-1] {
		lasts := given[i+1].TimeNS - w.TimeNS
		steps := min(int64(parts), max(1, lasts/cutNS))
		for k := range steps {
			ns := w.TimeNS + lasts/steps*k
			at, altMM := t.At(ns)
			fine = append(fine, volume.Waypoint{At: at, AltMM: altMM, TimeNS: ns})
		}
	}
	last := given[len(given)-1]
	fine = append(fine, volume.Waypoint{At: last.At, AltMM: last.AltMM, TimeNS: last.TimeNS})
	b := t.Buffers()
	b.LateralMM = min(b.LateralMM+roundingMM, volume.MaxBufferMM)
	b.VerticalMM = min(b.VerticalMM+t.Datum().ErrorMM+roundingMM, volume.MaxBufferMM)
	out, err := volume.NewTrajectory(fine, b)
	if err != nil {
		return t
	}
	return out
}

// cutNS is the shortest part of a leg that gets a box of its own.
const cutNS = 60e9

// gathered sums up the boxes of parts that follow each other.
type gathered struct {
	all  []index.Box
	sum  []index.Box // one, or one on each side of the antimeridian
	n    int         // parts in sum
	each int
}

func (g *gathered) add(extents []volume.Extent) {
	for i, x := range extents {
		b := conflict.Box(x)
		if i == len(g.sum) {
			g.sum = append(g.sum, b)
			continue
		}
		for axis := range b.Lo {
			g.sum[i].Lo[axis], g.sum[i].Hi[axis] = min(g.sum[i].Lo[axis], b.Lo[axis]), max(g.sum[i].Hi[axis], b.Hi[axis])
		}
	}
	if g.n++; g.n >= g.each {
		g.flush()
	}
}

func (g *gathered) flush() {
	g.all = append(g.all, g.sum...)
	g.sum, g.n = g.sum[:0], 0
}

// put files a record.
func (st *State) put(r *Intent) {
	st.intents[r.ID] = r
	if st.boxes != nil {
		st.boxes.Replace(r.ID, r.boxes...)
	}
	st.due.set(r.ID, r.dueNS())
}

// change files a changed copy of a record that keeps its place.
func (st *State) change(id string, with func(r *Intent)) {
	old := st.intents[id]
	if old == nil {
		return
	}
	r := *old
	with(&r)
	st.intents[id] = &r
	st.due.set(id, r.dueNS())
}

// dueNS is when Due has something to do about the intent.
func (r *Intent) dueNS() int64 {
	if r.State.over() {
		return never
	}
	if r.Review != "" || r.Successor != "" {
		return 0
	}
	ns := int64(r.End) + lapseNS
	for i := range r.Tellings {
		if t := &r.Tellings[i]; t.Told == 0 && !t.Overdue {
			ns = min(ns, int64(t.Until))
		}
	}
	return ns
}

func (st *State) applyClosed(e *Closed, at event.At) {
	old := st.intents[e.ID]
	if old == nil || old.State.over() {
		return
	}
	r := *old
	r.State, r.Since, r.Listed, r.Review = e.State, statement.Instant(at.NS), false, ""
	r.place()
	st.put(&r)
	st.closed = append(st.closed, r.ID)
	if st.owners[r.Owner]--; st.owners[r.Owner] == 0 {
		delete(st.owners, r.Owner)
	}
}

// forget drops what is long over. That it was is in the journal.
func (st *State) forget(nowNS int64) {
	for len(st.closed) > 0 {
		r := st.intents[st.closed[0]]
		if r != nil && int64(r.Since)+keptNS > nowNS {
			return
		}
		delete(st.intents, st.closed[0])
		st.due.set(st.closed[0], never)
		st.closed = st.closed[1:]
	}
}

func (st *State) applyAcknowledged(e *Acknowledged, at event.At) {
	st.change(e.ID, func(r *Intent) {
		r.Receipts = slices.Clone(r.Receipts)
		i := slices.IndexFunc(r.Receipts, func(x Receipt) bool { return x.Party == e.By })
		if i < 0 {
			r.Receipts = append(r.Receipts, Receipt{Party: e.By, Received: statement.Instant(at.NS), LeadNS: e.LeadNS, Class: e.Class})
			slices.SortFunc(r.Receipts, func(a, b Receipt) int { return cmp.Compare(a.Party, b.Party) })
			i = slices.IndexFunc(r.Receipts, func(x Receipt) bool { return x.Party == e.By })
			if e.Class == terms.Late || e.Class == terms.AfterFact {
				st.late[e.Owner]++
			}
		}
		if e.Step == Read && r.Receipts[i].Read == 0 {
			r.Receipts[i].Read = statement.Instant(at.NS)
		}
	})
}

func (st *State) applyMarked(e *Marked, at event.At) {
	if e.Kind != MarkReview {
		st.change(e.ID, func(r *Intent) {
			r.Marks = append(slices.Clip(r.Marks), Seen{e.By, e.Kind, statement.Instant(at.NS), e.Service})
			if len(r.Marks) > maxMarks {
				r.Marks = r.Marks[len(r.Marks)-maxMarks:]
			}
		})
	}
	doubts := slices.Clone(st.doubts[e.Owner])
	switch e.Kind {
	case MarkContradicted:
		if !slices.ContainsFunc(doubts, func(d Doubt) bool { return d.Intent == e.ID && d.By == e.By }) {
			doubts = append(doubts, Doubt{Intent: e.ID, By: e.By, At: statement.Instant(at.NS)})
		}
	case MarkReview:
		for i := range doubts {
			if d := &doubts[i]; d.Intent == e.ID && !slices.Contains(d.Reviewed, e.By) {
				d.Reviewed = append(slices.Clip(d.Reviewed), e.By)
			}
		}
		doubts = slices.DeleteFunc(doubts, func(d Doubt) bool { return d.cleared(e.Owner) })
	}
	st.doubts[e.Owner] = doubts
	if len(doubts) == 0 {
		delete(st.doubts, e.Owner)
	}
}

// cleared: people of both sides looked at it.
func (d *Doubt) cleared(owner party.ID) bool {
	return slices.Contains(d.Reviewed, owner) && (d.By == owner || slices.Contains(d.Reviewed, d.By))
}

// maxMarks is how much evidence of one intent is kept beside the journal.
const maxMarks = 64

// maxDoubts bounds how many contradictions of one owner wait for a review.
const maxDoubts = 256

// report is what was reported, placed.
type report struct {
	Reported
	entity *volume.Entity
}

// applyReported files a report, and drops those whose time is over.
func (st *State) applyReported(e *Reported, at event.At) {
	for id, r := range st.reports {
		if int64(r.Until) <= at.NS {
			delete(st.reports, id)
		}
	}
	st.reports[e.ID] = newReport(e)
}

func newReport(e *Reported) *report {
	placed, err := e.Shape.Entity(declared.Label{ID: e.ID, Party: string(e.By)})
	if err != nil {
		placed = &volume.Entity{ID: e.ID}
	}
	return &report{*e, placed}
}

func (st *State) tell(id string, to party.ID, with func(*Telling)) {
	st.change(id, func(r *Intent) {
		r.Tellings = slices.Clone(r.Tellings)
		for i := range r.Tellings {
			if r.Tellings[i].Party == to {
				with(&r.Tellings[i])
			}
		}
	})
}

// applyZone files a version of a zone, in the place of one of that name that was
// cancelled.
func (st *State) applyZone(e *ZoneDecided) {
	for id, z := range st.zones {
		if id != e.ID && z.Owner == e.Owner && z.Name == e.Name && z.State == ZoneOver {
			delete(st.zones, id)
		}
	}
	st.fileZone(e)
}

// Deadline returns the earliest instant at which Due has something to do.
func (st *State) Deadline() (ns int64, ok bool) { return st.due.first() }
