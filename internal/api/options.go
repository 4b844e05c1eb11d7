package api

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// Bounds of what a search takes in. Where there is more it is refused: options
// that leave some of it out would be none.
const (
	// MaxOptionsNear is how many intents and constraints may be within reach of
	// a plan.
	MaxOptionsNear = 1000
	// maxNearVolumes is how many volumes they may have, and maxNearParts how many
	// may be made of those within reach.
	maxNearVolumes = 50_000
	maxNearParts   = 2000
	// maxPairs is how many pairs there may be of a volume of the plan and one
	// near, and maxEdgePairs how many of their edges where both share altitude
	// and time, unless the plan stays where it is: what to look for sideways
	// takes about 15 µs each, most of the time of a search.
	maxPairs     = 10_000
	maxEdgePairs = 100_000
)

// searches lets so many searches run at the same time, one of them for a party:
// each keeps a processor busy.
type searches struct {
	places  chan struct{}
	mu      sync.Mutex
	running map[party.ID]bool
}

// searchWait is how long a search waits for a place.
const searchWait = 2 * time.Second

// newSearches leaves half of the processors to everything else.
func newSearches() *searches {
	return &searches{places: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), running: map[party.ID]bool{}}
}

// enter waits for a place. Whoever gets one calls leave.
func (s *searches) enter(c *call) (leave func(), err error) {
	who := c.who.Party
	s.mu.Lock()
	busy := s.running[who]
	s.running[who] = true
	s.mu.Unlock()
	if busy {
		p := TooMany.With("found a search of this party under way, expected one at a time")
		p.RetryAfter = time.Second
		return nil, p
	}
	release := func() {
		s.mu.Lock()
		delete(s.running, who)
		s.mu.Unlock()
	}
	timer := time.NewTimer(searchWait)
	defer timer.Stop()
	select {
	case s.places <- struct{}{}:
		return func() { <-s.places; release() }, nil
	case <-timer.C:
	case <-c.r.Context().Done():
	}
	release()
	p := Overloaded.With("other searches take all the room there is for them")
	p.RetryAfter = time.Second
	return nil, p
}

// options answers with what a caller can do to clear a plan of its own.
func (h *handler) options(c *call) error {
	q, err := c.optionsQuery()
	if err != nil {
		return err
	}
	leave, err := h.searches.enter(c)
	if err != nil {
		return err
	}
	defer leave()
	if q.native != "" || q.draft != nil {
		return h.nativeOptions(c, q)
	}
	if !c.who.HasAny(planScopes...) {
		return Forbidden.With("extents: expected the scope " + planScopes[0])
	}
	s := search{q: q}
	b, err := h.look(c, func(st *airspace.State, nowNS int64) { s.take(st, nowNS, c.who.Party) })
	if err == nil {
		err = s.refused
	}
	if err == nil {
		err = s.run()
	}
	if err != nil {
		return err
	}
	return c.answer(s.form(c, b))
}

// search is the work on one request.
type search struct {
	q       *optionsQuery
	extents []volume.Extent // all that a change may reach
	near    []airspace.Neighbour
	nowNS   int64
	refused error

	others  []*volume.Entity // of near, as coarse outlines
	byID    map[string]*airspace.Neighbour
	answer  *resolve.Answer
	options []offer
}

// offer is an option with its plan as a PUT takes it.
type offer struct {
	*resolve.Option
	extents []f3548wire.Volume4D
}

// take copies out what may be near. A plan may not be moved to before now.
func (s *search) take(st *airspace.State, nowNS int64, who party.ID) {
	l := &s.q.query.Limits
	startNS := s.q.plan.Volumes[0].Window.StartNS
	for i := range s.q.plan.Volumes {
		startNS = min(startNS, s.q.plan.Volumes[i].Window.StartNS)
	}
	s.nowNS = nowNS
	l.EarlierNS = max(0, min(l.EarlierNS, startNS-nowNS))
	if end := endNS(s.q.plan); end <= nowNS {
		s.refused = badBody("extents", "a plan that ends at "+instant(end), "an end after the node's time, "+instant(nowNS))
		return
	}
	if s.q.replaces != (airspace.ID{}) {
		if v, ok := st.Intent(s.q.replaces); !ok || v.Manager != who {
			s.refused = badBody("replaces", s.q.replaces.String(), "an operational intent of the caller's")
			return
		}
	}
	s.extents = s.reach()
	found, complete := st.Near(s.extents, MaxOptionsNear)
	if !complete {
		s.refused = TooMuch.With(fmt.Sprintf("found more than %d intents and constraints within reach of the limits, expected fewer: narrow the limits", MaxOptionsNear))
		return
	}
	for i := range found {
		if n := &found[i]; n.Kind != airspace.IntentKind || n.ID != s.q.replaces {
			s.near = append(s.near, *n)
		}
	}
}

// endNS returns when the last volume of a plan ends.
func endNS(e *volume.Entity) int64 {
	end := e.Volumes[0].Window.EndNS
	for i := range e.Volumes {
		end = max(end, e.Volumes[i].Window.EndNS)
	}
	return end
}

// reach returns boxes that hold all that a changed plan may come near to, within
// twice the minima.
func (s *search) reach() (all []volume.Extent) {
	l, m := &s.q.query.Limits, s.minima()
	need := volume.Need{LateralMM: 2*l.SidewaysMM + 4*m.LateralMM, VerticalMM: 4 * m.VerticalMM, TimeNS: 2 * m.TimeNS}
	for i := range s.q.plan.Volumes {
		n := len(all)
		all = s.q.plan.Volumes[i].Extents(all, need)
		for k := n; k < len(all); k++ {
			x := &all[k]
			x.Band.LowerMM, x.Band.UpperMM = x.Band.LowerMM-l.DownMM, x.Band.UpperMM+l.UpMM
			x.Window.StartNS, x.Window.EndNS = x.Window.StartNS-l.EarlierNS, x.Window.EndNS+l.LaterNS
		}
	}
	return all
}

// minima are those asked for, and at least what keeps the plan's coarse outline
// from meeting another: as far as its own may reach beyond its shape, or a metre
// of altitude.
func (s *search) minima() conflict.Minima {
	m := s.q.minima
	for i := range s.q.outlines {
		m.LateralMM = max(m.LateralMM, s.q.outlines[i].ReachMM())
	}
	m.VerticalMM = max(m.VerticalMM, 1000)
	return m
}

// run finds the options.
func (s *search) run() error {
	if err := s.takeIn(); err != nil {
		return err
	}
	around, err := resolve.NewSurroundings(s.others, resolve.Rules{
		Minima: s.minima(),
		// What kind a constraint is, a reference does not say.
		Conditional: func(*volume.Entity) bool { return false },
	})
	if err == nil {
		s.answer, err = around.Options(resolve.Plan{Entity: s.q.plan, Remake: s.remake}, s.q.query)
	}
	if err != nil {
		return err
	}
	return s.accept()
}

// takeIn makes entities of the coarse outlines near.
func (s *search) takeIn() error {
	volumes, parts := 0, 0
	s.byID = make(map[string]*airspace.Neighbour, len(s.near))
	for i := range s.near {
		n := &s.near[i]
		if volumes += len(n.Outline); volumes > maxNearVolumes {
			return TooMuch.With(fmt.Sprintf("found more than %d volumes declared near, expected fewer: narrow the limits", maxNearVolumes))
		}
		e := &volume.Entity{ID: entityKinds[n.Kind] + " " + n.ID.String(), Version: fmt.Sprint(n.Version), Party: string(n.Manager)}
		if n.Kind == airspace.ConstraintKind {
			e.Kind = volume.Constraint
		}
		// What a changed plan can meet is within the extents.
		n.Outline = n.Within(s.extents)
		for _, o := range n.Outline {
			var err error
			if e.Volumes, err = o.Volumes4D(e.Volumes); err != nil {
				return TooMuch.With("something near reaches too far for a search: " + err.Error())
			}
			if parts+len(e.Volumes) > maxNearParts {
				return TooMuch.With(fmt.Sprintf("found more than %d coarse volumes within reach of the limits, expected fewer: narrow the limits", maxNearParts))
			}
		}
		if len(e.Volumes) == 0 {
			continue // it has boxes that cover more than its volumes
		}
		parts += len(e.Volumes)
		s.others, s.byID[e.ID] = append(s.others, e), n
	}
	return s.affordable(parts)
}

// affordable refuses what would take too long.
func (s *search) affordable(parts int) error {
	own := s.q.plan.Volumes
	if pairs := parts * len(own); pairs > maxPairs {
		return TooMuch.With(fmt.Sprintf("found %d volumes of the plan and %d coarse volumes within reach of the limits, expected at most %d pairs: narrow the limits, or ask for parts of the plan",
			len(own), parts, maxPairs))
	}
	if s.q.query.Limits.SidewaysMM == 0 {
		return nil
	}
	m := s.minima()
	edges := 0
	for _, e := range s.others {
		for i := range e.Volumes {
			for k := range own {
				if v, o := &own[k], &e.Volumes[i]; near(v.Band.LowerMM, v.Band.UpperMM, o.Band.LowerMM, o.Band.UpperMM, m.VerticalMM) &&
					near(v.Window.StartNS, v.Window.EndNS, o.Window.StartNS, o.Window.EndNS, m.TimeNS) {
					edges += len(v.Footprint.Vertices()) * len(o.Footprint.Vertices())
				}
			}
		}
	}
	if edges > maxEdgePairs {
		return TooMuch.With(fmt.Sprintf("found %d pairs of edges of the plan and of what may be beside it, expected at most %d: narrow limits.sideways_m, 0 leaves it out, or ask for parts of the plan",
			edges, maxEdgePairs))
	}
	return nil
}

// near tells whether two ranges are nearer to each other than a distance, or
// touch.
func near(aLo, aHi, bLo, bHi, distance int64) bool {
	return aLo-distance <= bHi && bLo-distance <= aHi
}

// entityKinds are the words for kinds, as members have them.
var entityKinds = map[airspace.Kind]string{
	airspace.IntentKind:     f3548wire.KindOperationalIntent,
	airspace.ConstraintKind: f3548wire.KindConstraint,
}

// remake returns the plan as changed, as a PUT of it would be read.
func (s *search) remake(c *volume.Change) (*volume.Entity, error) {
	e, err := c.Apply(s.q.plan)
	if err != nil {
		return nil, err
	}
	for i := range e.Volumes {
		wire, err := f3548wire.FromVolume(&e.Volumes[i])
		if err != nil {
			return nil, err
		}
		if e.Volumes[i], err = wire.ToVolume(); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// accept keeps the options that a PUT without a key would be accepted with: whose
// coarse outlines, made as a PUT makes them, meet no other. The search sees to
// that, unless a plan gets larger cells where it is moved to, which is one in
// thousands.
func (s *search) accept() error {
	for i := range s.answer.Options {
		o := offer{Option: &s.answer.Options[i]}
		if endNS(o.Entity) <= s.nowNS {
			continue // what is left of it is over
		}
		outlines := make([]outline.Volume, len(o.Entity.Volumes))
		for k := range o.Entity.Volumes {
			wire, err := f3548wire.FromVolume(&o.Entity.Volumes[k])
			if err != nil {
				return err
			}
			if outlines[k], err = outline.Of(&o.Entity.Volumes[k]); err != nil {
				return err
			}
			o.extents = append(o.extents, wire)
		}
		if !s.meets(outlines) {
			s.options = append(s.options, o)
		}
	}
	return nil
}

// meets tells whether outlines meet one of those near.
func (s *search) meets(outlines []outline.Volume) bool {
	for i := range s.near {
		if s.near[i].Meets(outlines) {
			return true
		}
	}
	return false
}

// Kinds of problems that only searches report.
var (
	BadBody = Problem{Kind: "bad-body", Title: "The body cannot be used", Status: http.StatusBadRequest}
	TooMuch = Problem{Kind: "too-much", Title: "More than is taken at once", Status: http.StatusRequestEntityTooLarge}
)
