package api

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	domain "github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
	"github.com/deconflict/deconflict/internal/world"
)

// nativeMean is what an answer about an intent's options says and does not say.
const nativeMean = "Others are considered as they are shown to the caller. One that is not shown and in conflict is taken to be everywhere near for as long as it lasts; " +
	"one that is not shown and not in conflict is not considered. The body of an option is that of an act intent.change, or intent.declare of a draft, which is judged anew against everything when it is done."

// nativeAnswer is the form of the options of a native intent.
type nativeAnswer struct {
	Intent     string         `json:"intent,omitempty"` // none of a draft of a new one
	Version    int64          `json:"version"`
	State      string         `json:"state"` // conflict, or none known
	Conflicts  []obstacle     `json:"conflicts"`
	Options    []nativeOption `json:"options"`
	Start      string         `json:"start"`
	FreeStarts []window       `json:"free_starts"`
	Blocked    []nativeBlock  `json:"blocked"`
	Considered []obstacle     `json:"considered"`
	Digest     string         `json:"digest"`
	Means      string         `json:"means"`
	Basis      basis          `json:"basis"`
}

// obstacle names what an intent has to keep clear of.
type obstacle struct {
	Against  string `json:"against"`
	ID       string `json:"id"`
	Version  int64  `json:"version,omitempty"`
	Party    string `json:"party"`
	Withheld bool   `json:"withheld,omitempty"` // where it is, is not shown to the caller
	Enter    bool   `json:"may_be_entered,omitempty"`
}

// nativeOption is an option with what takes it.
type nativeOption struct {
	Kind   string     `json:"kind"`
	Words  string     `json:"words"`
	CostS  float64    `json:"cost_s"`
	Change change     `json:"change"`
	Clears []obstacle `json:"clears"`
	// Verdicts are what remains to be known of the intent as changed.
	Verdicts []domain.Verdict `json:"verdicts"`
	Body     any              `json:"body"` // of an act intent.change, or intent.declare
	Digest   string           `json:"digest"`
}

// nativeBlock is a kind of change that does not clear the intent.
type nativeBlock struct {
	Kind string     `json:"kind"`
	By   []obstacle `json:"by"`
	Why  string     `json:"why,omitempty"`
}

const (
	nativeConflict = "conflict"
	nativeClear    = "none known"
)

// nativeSearch is the work on one request.
type nativeSearch struct {
	q      *optionsQuery
	draft  *domain.Draft // nil: of an intent
	ground *domain.Ground
	byID   map[string]*domain.Obstacle
	answer *resolve.Answer
	out    *nativeAnswer
}

// nativeOptions answers with what the owner of an intent can do to clear it.
func (h *handler) nativeOptions(c *call, q *optionsQuery) error {
	if !c.who.HasAny(auth.ScopeAct) {
		return Forbidden.With("intent, plan: expected the scope " + auth.ScopeAct)
	}
	s := nativeSearch{q: q, byID: map[string]*domain.Obstacle{}}
	if q.draft != nil {
		s.draft = &domain.Draft{By: c.who.Party, Plan: q.draft}
		if q.replaces != (airspace.ID{}) {
			s.draft.Replaces = q.replaces.String()
		}
	}
	head := h.Engine.Head()
	b := basis{Node: h.Origin, JournalSize: head.Size, JournalRoot: base64Of(head.Root), Means: meansParties}
	l := &q.query.Limits
	reach := volume.Need{LateralMM: 2 * l.SidewaysMM, VerticalMM: 2 * max(l.UpMM, l.DownMM), TimeNS: 2 * max(l.LaterNS, l.EarlierNS)}
	var refused error
	err := h.Engine.ReadWorld(c.r.Context(), func(st *world.State, nowNS int64) {
		b.NodeTime = instant(nowNS)
		if s.draft != nil {
			s.ground, refused = st.DraftGround(*s.draft, reach, nowNS)
		} else {
			s.ground, refused = st.Ground(q.native, c.who.Party, reach, nowNS)
		}
		if s.ground != nil {
			l.EarlierNS = max(0, min(l.EarlierNS, int64(s.ground.Intent.Start)-nowNS))
		}
	})
	switch {
	case err != nil:
		return err
	case refused != nil:
		return asProblem(refused)
	}
	if err := s.run(); err != nil {
		return err
	}
	s.form(b)
	err = h.Engine.ReadWorld(c.r.Context(), func(st *world.State, nowNS int64) {
		for i := range s.answer.Options {
			s.offer(st, c, &s.answer.Options[i], nowNS)
		}
	})
	if err != nil {
		return err
	}
	return c.answer(s.out)
}

// run finds the options.
func (s *nativeSearch) run() error {
	var others []*volume.Entity
	widest := conflict.Minima{}
	parts := 0
	for i := range s.ground.Obstacles {
		o := &s.ground.Obstacles[i]
		s.byID[o.Entity.ID] = o
		others = append(others, o.Entity)
		parts += partsOf(o.Entity)
		widest.LateralMM, widest.VerticalMM = max(widest.LateralMM, o.Minima.LateralMM), max(widest.VerticalMM, o.Minima.VerticalMM)
		widest.TimeNS = max(widest.TimeNS, o.Minima.TimeNS)
	}
	if pairs := parts * partsOf(s.ground.Entity); len(others) > MaxOptionsNear || pairs > maxPairs {
		return TooMuch.With(fmt.Sprintf("found %d intents and zones within reach of the limits and %d pairs of their parts and the intent's, expected at most %d and %d: narrow the limits",
			len(others), pairs, MaxOptionsNear, maxPairs))
	}
	around, err := resolve.NewSurroundings(others, resolve.Rules{
		Minima: widest, Constraints: &conflict.Minima{},
		MinimaFor:   func(e *volume.Entity) conflict.Minima { return s.byID[e.ID].Minima },
		Conditional: func(e *volume.Entity) bool { return s.byID[e.ID].Enter },
	})
	if err == nil {
		s.answer, err = around.Options(resolve.Plan{Entity: s.ground.Entity, Remake: s.remake}, s.q.query)
	}
	return err
}

func partsOf(e *volume.Entity) int {
	n := len(e.Volumes)
	for _, t := range e.Trajectories {
		n += t.Legs()
	}
	return n
}

// remake returns the intent as changed, as the node would read its declaration.
func (s *nativeSearch) remake(c *volume.Change) (*volume.Entity, error) {
	e, err := c.Apply(s.ground.Entity)
	if err != nil {
		return nil, err
	}
	shape, err := declared.Of(e)
	if err != nil {
		return nil, err
	}
	return shape.Entity(declared.Label{ID: e.ID, Version: e.Version, Party: e.Party, Name: e.Name})
}

// form says what was found.
func (s *nativeSearch) form(b basis) {
	a, r := s.answer, s.ground.Intent
	b.Means = nativeMean
	s.out = &nativeAnswer{
		Intent: s.id(), Version: r.Version, State: nativeClear, Conflicts: []obstacle{}, Options: []nativeOption{}, Start: instant(a.StartNS),
		FreeStarts: []window{}, Blocked: []nativeBlock{}, Digest: hex.EncodeToString(a.Digest[:]), Means: nativeMean, Basis: b,
	}
	for i := range a.Conflicts {
		other := a.Conflicts[i].A.ID
		if other == r.ID {
			other = a.Conflicts[i].B.ID
		}
		s.out.Conflicts = append(s.out.Conflicts, s.named(other))
	}
	if len(a.Conflicts) > 0 {
		s.out.State = nativeConflict
	}
	for _, w := range a.Windows {
		s.out.FreeStarts = append(s.out.FreeStarts, window{instant(w.FromNS), instant(w.ToNS)})
	}
	for _, k := range a.Blocked {
		block := nativeBlock{Kind: string(k.Kind), By: s.all(k.By)}
		if k.Why != nil {
			block.Why = k.Why.Error()
		}
		s.out.Blocked = append(s.out.Blocked, block)
	}
	s.out.Considered = s.all(a.Considered)
}

func (s *nativeSearch) named(id string) obstacle {
	o := s.byID[id]
	return obstacle{o.Against, o.ID, o.Version, string(o.Party), o.Withheld, o.Enter}
}

func (s *nativeSearch) all(refs []conflict.Ref) []obstacle {
	list := make([]obstacle, len(refs))
	for i := range refs {
		list[i] = s.named(refs[i].ID)
	}
	return list
}

// offer adds an option with the act that takes it, unless that would be refused
// by what the caller is shown: a site that it has not acknowledged, or an area
// in which more is agreed than where the intent is now.
func (s *nativeSearch) offer(st *world.State, c *call, o *resolve.Option, nowNS int64) {
	shape, err := declared.Of(o.Entity)
	if err != nil {
		return
	}
	r := s.ground.Intent
	plan := r.Plan
	plan.Shape = shape
	verdicts, tokens, blocked, err := s.rehearse(st, c, &plan, nowNS)
	if err != nil || blocked {
		return
	}
	if verdicts == nil {
		verdicts = []domain.Verdict{}
	}
	slices.Sort(tokens)
	tokens = slices.Compact(tokens)
	var body any = &domain.Change{ID: r.ID, Token: r.Token, Plan: plan, ReadSet: tokens}
	if s.id() == "" {
		body = &domain.Declare{Plan: plan, ReadSet: tokens}
	}
	s.out.Options = append(s.out.Options, nativeOption{
		Kind: string(o.Kind), Words: words(&o.Change), CostS: float64(o.CostMS) / 1000, Change: changeOf(&o.Change), Clears: s.all(o.Clears),
		Verdicts: verdicts, Body: body, Digest: hex.EncodeToString(o.Digest[:]),
	})
}

// id is that of the intent that options change; empty for a draft of a new one.
func (s *nativeSearch) id() string {
	if s.draft != nil {
		return s.draft.Replaces
	}
	return s.ground.Intent.ID
}

// rehearse judges what an option comes to.
func (s *nativeSearch) rehearse(st *world.State, c *call, plan *domain.Plan, nowNS int64) ([]domain.Verdict, []string, bool, error) {
	if s.draft == nil {
		return st.Rehearse(s.ground.Intent.ID, c.who.Party, plan, nowNS)
	}
	changed := *s.draft
	changed.Plan = plan
	t, err := st.Try(changed, nowNS)
	if err != nil {
		return nil, nil, false, err
	}
	return t.Verdicts, t.ReadSet, t.Blocked, nil
}

// readNative reads a request about a native intent: it has no extents of its own.
func (q *optionsQuery) readNative(raw json.RawMessage) error {
	if err := json.Unmarshal(raw, &q.native); err != nil || q.native == "" || len(q.native) > 128 {
		return badBody("intent", clip(string(raw)), "the id of an intent of the caller's")
	}
	return nil
}

// nativeQuery is what is looked for unless a request says otherwise: up to two
// hours later, 3,000 m up and 20 km to the side.
func nativeQuery(count int) resolve.Query {
	q := resolve.DefaultQuery(resolve.Rules{})
	q.Limits.LaterNS, q.Limits.UpMM, q.Limits.SidewaysMM = 7200*nsPerS, 3000*mmPerM, MaxOptionsMetres*mmPerM
	q.Count, q.NoReroute = count, true
	return q
}
