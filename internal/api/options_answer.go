package api

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/volume"
)

// optionsMean is what an answer about options says and does not say.
const optionsMean = "Others are known to this node as coarse outlines of about 2 m only: a conflict is a possible one, and that none is known is not that the way is clear. " +
	"An option holds as long as nothing that was considered changes and nothing is added. A PUT with its key decides."

// States of a plan as declared.
const (
	conflictPossible = "conflict possible"
	noneKnown        = "none known"
)

// optionsAnswer is the form of a resolve.Answer.
type optionsAnswer struct {
	State      string         `json:"state"`
	Coarse     bool           `json:"coarse"`
	Conflicts  []possible     `json:"conflicts"`
	Withheld   bool           `json:"withheld,omitempty"`
	Options    []option       `json:"options"`
	Start      string         `json:"start"`
	FreeStarts []window       `json:"free_starts"`
	Blocked    []blocked      `json:"blocked"`
	Least      *leastViolated `json:"least_violation,omitempty"`
	Considered []entityRef    `json:"considered"`
	Digest     string         `json:"digest"`
	Means      string         `json:"means"`
	Basis      basis          `json:"basis"`
}

// entityRef names a version of an intent or constraint.
type entityRef struct {
	Kind    string `json:"kind"`
	ID      string `json:"id"`
	Manager string `json:"manager"`
	Version int32  `json:"version"`
}

// possible is a possible conflict of the plan as declared.
type possible struct {
	entityRef
	// OutlinesMeet says that a PUT needs the OVN in its key; else the plan is
	// within the minima only.
	OutlinesMeet bool    `json:"outlines_meet"`
	From         string  `json:"from"`
	To           string  `json:"to"`
	Where        []place `json:"where,omitempty"`
}

// place is a box in which coarse outlines meet, clipped to a volume of the plan.
// Its names are those of the parameters of a listing.
type place struct {
	Extent int        `json:"extent"` // position in the plan's extents
	Bbox   [4]float64 `json:"bbox"`
	LowerM *float64   `json:"lower_m,omitempty"`
	UpperM *float64   `json:"upper_m,omitempty"`
	From   string     `json:"from"`
	To     string     `json:"to"`
}

// option is an offer.
type option struct {
	Kind    string               `json:"kind"`
	Words   string               `json:"words"`
	CostS   float64              `json:"cost_s"`
	Change  change               `json:"change"`
	Extents []f3548wire.Volume4D `json:"extents"`
	Clears  []entityRef          `json:"clears"`
	Closest *closest             `json:"closest,omitempty"`
	Digest  string               `json:"digest"`
}

// change is the form of a volume.Change.
type change struct {
	DelayS        float64 `json:"delay_s,omitempty"` // negative: earlier
	LiftM         float64 `json:"lift_m,omitempty"`  // negative: lower
	SidewaysM     float64 `json:"sideways_m,omitempty"`
	BearingDeg    *int    `json:"bearing_deg,omitempty"` // with SidewaysM
	LaterStartS   float64 `json:"later_start_s,omitempty"`
	EarlierEndS   float64 `json:"earlier_end_s,omitempty"`
	RaiseFloorM   float64 `json:"raise_floor_m,omitempty"`
	LowerCeilingM float64 `json:"lower_ceiling_m,omitempty"`
}

// closest is what a changed plan comes closest to. A distance is the least while
// the other separation is lost; absent when it never is.
type closest struct {
	entityRef
	LateralM  *float64 `json:"lateral_m,omitempty"`
	VerticalM *float64 `json:"vertical_m,omitempty"`
}

// window is a closed range of instants.
type window struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// blocked is a kind of change that does not clear the plan.
type blocked struct {
	Kind     string      `json:"kind"`
	By       []entityRef `json:"by"`
	Withheld bool        `json:"withheld,omitempty"`
	Why      string      `json:"why,omitempty"`
}

// leastViolated is the change that leaves the least of the separation missing.
type leastViolated struct {
	Words    string      `json:"words"`
	Change   change      `json:"change"`
	Share    float64     `json:"share"` // of the required separation, 0 to 1
	By       []entityRef `json:"by"`
	Withheld bool        `json:"withheld,omitempty"`
}

// form says what was found, as far as the caller may see it. A constraint is
// avoided in any case, but named only to those who may read constraints.
func (s *search) form(c *call, b basis) *optionsAnswer {
	a := s.answer
	v := viewer{s, c.who.HasAny(constraintScopes...)}
	out := &optionsAnswer{
		State: noneKnown, Coarse: true, Conflicts: []possible{}, Options: []option{}, Start: instant(a.StartNS),
		FreeStarts: []window{}, Blocked: []blocked{}, Digest: hex.EncodeToString(a.Digest[:]), Means: optionsMean, Basis: b,
	}
	for i := range a.Conflicts {
		verdict := &a.Conflicts[i]
		n := s.byID[otherID(verdict)]
		meets := n.Meets(s.q.outlines)
		if !meets && !s.withinMinima(otherID(verdict)) {
			continue // apart, if by less than is kept to be safe from a PUT's refusal
		}
		out.State = conflictPossible
		if !v.sees(n) {
			out.Withheld = true
			continue
		}
		p := possible{entityRef: refOf(n), OutlinesMeet: meets, From: instant(verdict.FromNS), To: instant(verdict.ToNS)}
		for _, met := range n.Where(s.q.outlines, maxPlaces) {
			p.Where = append(p.Where, placeOf(&met))
		}
		out.Conflicts = append(out.Conflicts, p)
	}
	for _, w := range a.Windows {
		out.FreeStarts = append(out.FreeStarts, window{instant(w.FromNS), instant(w.ToNS)})
	}
	out.Considered, _ = v.refs(a.Considered)
	if out.State == noneKnown {
		return out
	}
	for _, o := range s.options {
		out.Options = append(out.Options, v.option(&o))
	}
	for _, k := range a.Blocked {
		f := blocked{Kind: string(k.Kind)}
		f.By, f.Withheld = v.refs(k.By)
		if k.Why != nil {
			f.Why = k.Why.Error()
		}
		out.Blocked = append(out.Blocked, f)
	}
	if l := a.Least; l != nil {
		out.Least = &leastViolated{Words: words(&l.Change), Change: changeOf(&l.Change), Share: l.Share}
		out.Least.By, out.Least.Withheld = v.refs(others(l.Conflicts))
	}
	return out
}

// maxPlaces is how many places of a conflict are named.
const maxPlaces = 16

// withinMinima tells whether the plan as declared is within the minima asked for
// of an entity.
func (s *search) withinMinima(id string) bool {
	for _, e := range s.others {
		if e.ID == id {
			hit, err := conflict.Decide(s.q.plan, e, s.q.minima)
			return hit || err != nil
		}
	}
	return false
}

// viewer is who reads an answer.
type viewer struct {
	s           *search
	constraints bool // may read them
}

func (v viewer) sees(n *airspace.Neighbour) bool {
	return n.Kind == airspace.IntentKind || v.constraints
}

func refOf(n *airspace.Neighbour) entityRef {
	return entityRef{entityKinds[n.Kind], n.ID.String(), string(n.Manager), n.Version}
}

// refs names what the viewer may see, and tells whether there is more.
func (v viewer) refs(list []conflict.Ref) (out []entityRef, withheld bool) {
	out = []entityRef{}
	for i := range list {
		if n := v.s.byID[list[i].ID]; v.sees(n) {
			out = append(out, refOf(n))
		} else {
			withheld = true
		}
	}
	return out, withheld
}

// otherID returns the id of the side of a verdict that is not the plan.
func otherID(v *conflict.Verdict) string {
	if v.A.ID == planID {
		return v.B.ID
	}
	return v.A.ID
}

func others(verdicts []conflict.Verdict) []conflict.Ref {
	list := make([]conflict.Ref, len(verdicts))
	for i := range verdicts {
		list[i] = conflict.Ref{ID: otherID(&verdicts[i])}
	}
	return list
}

func (v viewer) option(o *offer) option {
	out := option{
		Kind: string(o.Kind), Words: words(&o.Change), CostS: float64(o.CostMS) / 1000, Change: changeOf(&o.Change),
		Extents: o.extents, Digest: hex.EncodeToString(o.Digest[:]),
	}
	out.Clears, _ = v.refs(o.Clears)
	if o.Closest == nil {
		return out
	}
	verdict := &o.Closest.Verdict
	n := v.s.byID[otherID(verdict)]
	if !v.sees(n) {
		return out
	}
	out.Closest = &closest{entityRef: refOf(n)}
	if a := verdict.MinHorizontal; a != nil {
		out.Closest.LateralM = decimetres(a.HorizontalTenthMM / 10)
	}
	if a := verdict.MinVertical; a != nil {
		out.Closest.VerticalM = decimetres(a.VerticalMM)
	}
	return out
}

// decimetres returns millimetres in metres, rounded down to tenths: others are
// known no better.
func decimetres(mm int64) *float64 {
	m := math.Floor(float64(mm)/100) / 10
	return &m
}

func placeOf(met *airspace.Met) place {
	degrees := func(e9 int64) float64 { return float64(e9) / 1e9 }
	p := place{
		Extent: met.Volume, From: instant(met.Window.StartNS), To: instant(met.Window.EndNS),
		Bbox: [4]float64{degrees(met.LngE9Lo), degrees(met.LatE9Lo), degrees(met.LngE9Hi), degrees(met.LatE9Hi)},
	}
	if met.Band.LowerMM > volume.NoFloorMM {
		m := metres(met.Band.LowerMM)
		p.LowerM = &m
	}
	if met.Band.UpperMM < volume.NoCeilingMM {
		m := metres(met.Band.UpperMM)
		p.UpperM = &m
	}
	return p
}

func metres(mm int64) float64 { return float64(mm) / mmPerM }

func seconds(ns int64) float64 { return float64(ns) / nsPerS }

func changeOf(c *volume.Change) change {
	out := change{
		DelayS: seconds(c.DelayNS), LiftM: metres(c.LiftMM), SidewaysM: metres(c.Shift.DistanceMM),
		LaterStartS: seconds(c.Trim.LaterStartNS), EarlierEndS: seconds(c.Trim.EarlierEndNS),
		RaiseFloorM: metres(c.Trim.RaiseFloorMM), LowerCeilingM: metres(c.Trim.LowerCeilingMM),
	}
	if c.Shift.DistanceMM != 0 {
		out.BearingDeg = &c.Shift.BearingDeg
	}
	return out
}

// words says a change in words.
func words(c *volume.Change) string {
	var parts []string
	add := func(n int64, text func(int64) string, after, against string) {
		if n < 0 {
			n, after = -n, against
		}
		if n != 0 {
			parts = append(parts, text(n)+after)
		}
	}
	add(c.DelayNS, duration, " later", " earlier")
	add(c.LiftMM, length, " higher", " lower")
	add(c.Shift.DistanceMM, length, fmt.Sprintf(" towards %03d°", c.Shift.BearingDeg), "")
	add(c.Trim.LaterStartNS, duration, " less at the start", "")
	add(c.Trim.EarlierEndNS, duration, " less at the end", "")
	add(c.Trim.RaiseFloorMM, length, " less at the floor", "")
	add(c.Trim.LowerCeilingMM, length, " less at the ceiling", "")
	if len(parts) == 0 {
		return "as declared"
	}
	return strings.Join(parts, ", ")
}

func length(mm int64) string { return strconv.FormatFloat(metres(mm), 'f', -1, 64) + " m" }

// duration writes hours, minutes and seconds, as far as there are any.
func duration(ns int64) string {
	const minute, hour = 60e9, 3600e9
	var parts []string
	if h := ns / hour; h > 0 {
		parts = append(parts, fmt.Sprintf("%d h", h))
	}
	if m := ns % hour / minute; m > 0 {
		parts = append(parts, fmt.Sprintf("%d min", m))
	}
	if s := ns % minute; s > 0 || len(parts) == 0 {
		parts = append(parts, strconv.FormatFloat(seconds(s), 'f', -1, 64)+" s")
	}
	return strings.Join(parts, " ")
}
