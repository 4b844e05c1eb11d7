package api

import (
	"encoding/json"
	"runtime"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	domain "github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/world"
)

// What a check says of a draft as a whole.
const (
	checkConflict     = nativeConflict      // too close to an intent, or kept out by a zone or a site
	checkNoneKnown    = nativeClear         // things are declared near, and none is in conflict
	checkNoneDeclared = domain.NoneDeclared // nothing that the caller is shown is declared there
)

const meansCheck = "The draft as its declaration would be judged now, against what the caller is shown. Nothing was taken or kept. " +
	"What the caller is not shown is judged only when the intent is declared; what nobody declared is not known."

// checked is the answer to a check.
type checked struct {
	State    string           `json:"state"`
	Blocked  bool             `json:"blocked"` // declared, it would only be proposed
	Why      string           `json:"why,omitempty"`
	Verdicts []domain.Verdict `json:"verdicts"`
	ReadSet  []string         `json:"read_set"`
	Basis    basis            `json:"basis"`
}

// check judges a draft and keeps nothing of it.
func (h *handler) check(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	body, err := c.body(MaxActBytes)
	if err != nil {
		return err
	}
	d := domain.Draft{By: c.who.Party}
	err = members(body, "", map[string]func(json.RawMessage) error{
		"plan":     func(raw json.RawMessage) (err error) { d.Plan, err = readPlan(raw); return err },
		"replaces": func(raw json.RawMessage) error { return readReplaces(raw, &d.Replaces) },
	})
	if err != nil {
		return err
	}
	if d.Plan == nil {
		return badBody("plan", "nothing", "what an act intent.declare has")
	}
	leave, err := h.checks.enter(c)
	if err != nil {
		return err
	}
	defer leave()
	head := h.Engine.Head()
	b := basis{Node: h.Origin, JournalSize: head.Size, JournalRoot: base64Of(head.Root), Means: meansCheck}
	var t *domain.Trial
	var refused error
	err = h.Engine.ReadWorld(c.r.Context(), func(st *world.State, nowNS int64) {
		b.NodeTime = instant(nowNS)
		t, refused = st.Try(d, nowNS)
	})
	switch {
	case err != nil:
		return err
	case refused != nil:
		return asProblem(refused)
	}
	return c.answer(checkedOf(t, b))
}

func checkedOf(t *domain.Trial, b basis) *checked {
	a := &checked{State: checkNoneDeclared, Blocked: t.Blocked, Why: t.Why, Verdicts: t.Verdicts, ReadSet: t.ReadSet, Basis: b}
	if t.Known {
		a.State = checkNoneKnown
	}
	if t.Blocked || slices.ContainsFunc(t.Verdicts, func(v domain.Verdict) bool { return v.Against == domain.AgainstIntent }) {
		a.State = checkConflict
	}
	if a.Verdicts == nil {
		a.Verdicts = []domain.Verdict{}
	}
	slices.Sort(a.ReadSet)
	if a.ReadSet = slices.Compact(a.ReadSet); a.ReadSet == nil {
		a.ReadSet = []string{}
	}
	return a
}

// readPlan reads a plan as the body of an act intent.declare is read.
func readPlan(raw json.RawMessage) (*domain.Plan, error) {
	text, err := statement.Canonical(raw)
	if err != nil {
		return nil, BadBody.With("plan: " + err.Error())
	}
	var p domain.Plan
	if err := statement.Unmarshal(text, &p); err != nil {
		return nil, BadBody.With("plan: " + err.Error())
	}
	if err := (&domain.Declare{Plan: p}).Check(); err != nil {
		return nil, BadBody.With("plan: " + err.Error())
	}
	return &p, nil
}

func readReplaces(raw json.RawMessage, into *string) error {
	var id airspace.ID
	if err := decodeID(raw, &id); err != nil {
		return err
	}
	*into = id.String()
	return nil
}

// places lets so many things run at the same time that each keep a processor
// busy for a moment.
type places chan struct{}

// newPlaces leaves half of the processors to everything else.
func newPlaces() places { return make(places, max(1, runtime.GOMAXPROCS(0)/2)) }

// enter waits for a place. Whoever gets one calls leave.
func (p places) enter(c *call) (leave func(), err error) {
	timer := time.NewTimer(searchWait)
	defer timer.Stop()
	select {
	case p <- struct{}{}:
		return func() { <-p }, nil
	case <-timer.C:
	case <-c.r.Context().Done():
	}
	busy := Overloaded.With("others take all the room there is for checks and files")
	busy.RetryAfter = time.Second
	return nil, busy
}
